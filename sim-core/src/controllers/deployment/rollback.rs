//! Rolling back by annotation, as clients of the old `extensions/v1beta1` API asked for it.
//!
//! Mirrors `pkg/controller/deployment/rollback.go`, v1.36. `kubectl rollout undo` doesn't come here: it writes the old template into the
//! Deployment itself, which is all that a rollback is. The template's ReplicaSet still exists, so it becomes the current one again.

use crate::api::event::EventType;
use crate::api::meta::StrMap;
use crate::api::workloads::{Deployment, DeploymentSpec};
use crate::apiserver::request::Write;
use crate::client::view::View;
use crate::controllers::deployment::{Flow, Owned, Rollout, revisions};
use std::sync::Arc;

/// The revision to go back to; 0 is the one before the current.
pub const ROLLBACK_TO: &str = "deprecated.deployment.rollback.to";

/// The revision that the annotation asks for. What isn't a number is ignored.
pub fn revision_asked(deployment: &Deployment) -> Option<i64> {
    deployment.meta.annotations.get(ROLLBACK_TO)?.parse().ok()
}

/// Copies the template of a revision back into the Deployment, and removes the annotation in any case.
pub(super) fn roll_back(rollout: &mut Rollout, view: &View, asked: i64) {
    if rollout.new.is_none() && rollout.create_new(view) == Flow::Stop {
        return;
    }
    let wanted = if asked == 0 { revisions::last_revision(rollout.all()) } else { asked };
    if wanted == 0 {
        rollout.report(EventType::Warning, "DeploymentRollbackRevisionNotFound", "Unable to find last revision.".into());
        return finish(rollout);
    }
    let found = rollout.all().find(|owned| revisions::revision(&owned.set.meta) == Some(wanted)).cloned();
    let Some(Owned { set, .. }) = found else {
        let message = "Unable to find the revision to rollback to.".into();
        rollout.report(EventType::Warning, "DeploymentRollbackRevisionNotFound", message);
        return finish(rollout);
    };
    let name = rollout.deployment.meta.name.clone();
    if revisions::same_template(&set.spec.template, &rollout.deployment.spec.template) {
        let message = format!("The rollback revision contains the same template as current deployment \"{name}\"");
        rollout.report(EventType::Warning, "DeploymentRollbackTemplateUnchanged", message);
        return finish(rollout);
    }
    let mut tree = rollout.deployment.spec.tree.clone();
    tree["template"] = (*set.spec.template.tree).clone();
    if let Some(labels) = tree["template"]["metadata"]["labels"].as_object_mut() {
        labels.remove(revisions::POD_TEMPLATE_HASH);
    }
    rollout.deployment.spec = Arc::new(DeploymentSpec::from_tree(&tree));
    rollout.deployment.meta.annotations = annotations_of(&rollout.deployment.meta.annotations, &set.meta.annotations);
    rollout.explain(|| format!("the annotation asks to go back to revision {wanted}"));
    finish(rollout);
    rollout.report(EventType::Normal, "DeploymentRollback", format!("Rolled back deployment \"{name}\" to revision {wanted}"));
}

/// The Deployment's own annotations, and all others from the ReplicaSet: else a change-cause of today would end up on the old revision.
fn annotations_of(deployment: &StrMap, set: &StrMap) -> StrMap {
    let own = deployment.iter().filter(|(key, _)| revisions::is_own(key));
    let others = set.iter().filter(|(key, _)| !revisions::is_own(key));
    own.chain(others).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn finish(rollout: &mut Rollout) {
    rollout.deployment.meta.annotations.remove(ROLLBACK_TO);
    rollout.plan.then(Write::Update(rollout.id, rollout.deployment.clone().into()));
    rollout.explain(|| "the rollback that the annotation asks for can't be done".to_owned());
}
