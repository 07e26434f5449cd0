//! `kubectl rollout undo`: puts an old template back, from a ReplicaSet or a ControllerRevision. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollback.go`, v1.36.

use serde_json::{Map, Value, json};

use super::api::PatchKind;
use super::failure::{Answer, Failure};
use super::field::{at, entry, flag, int, map_mut, name};
use super::flags::{Flag, optional, switch, value};
use super::rollout::{replica_sets_of, revision_of};
use super::target::{self, Info, Rules, nothing_named};
use super::{Call, DryRun, Next, describe, history};

/// The annotation in which `kubectl apply` keeps what it applied.
pub use crate::api::managed::LAST_APPLIED;

/// The flags of `rollout undo`.
pub const FLAGS: &[Flag] = &[switch("show-managed-fields"), optional("dry-run", "unchanged"), value("to-revision")];

/// Annotations that stay the Deployment's own.
const KEPT: &[&str] = &[
    LAST_APPLIED,
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

/// Runs `kubectl rollout undo`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let args = call.flags.args.clone();
    if nothing_named(call, &args) {
        return Err(Failure::plain("required resource not specified"));
    }
    let revision = call.flags.int("to-revision")?.unwrap_or(0);
    let dry_run = call.dry_run()?;
    let mut targets = target::find(call, &args, Rules { type_alone: true, ..Rules::default() })?;
    let mut failures = std::mem::take(&mut targets.failures);
    for info in targets.infos() {
        if let Err(failure) = one(call, &info, revision, dry_run) {
            failures.push(failure);
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

fn one(call: &mut Call<'_>, info: &Info, to: i64, dry_run: DryRun) -> Answer<()> {
    if entry(&info.object, "metadata.annotations", LAST_APPLIED).is_some() {
        call.err.push_str(&format!(
            "Warning: resource {} was previously managed with 'kubectl apply'. Rolling back will not update the {LAST_APPLIED} annotation, \
             which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous \
             configuration file instead.\n",
            info.plural_title()
        ));
    }
    let result = match (info.resource.group, info.resource.plural) {
        ("apps", "deployments") => deployment(call, &info.object, info, to, dry_run)?,
        ("apps", "daemonsets" | "statefulsets") => controller(call, info, to, dry_run)?,
        _ => return Err(history::not_for(info.resource, "rollbacker", "rollbacker")),
    };
    call.say(info.resource, &info.name, &info.object, &result, dry_run)
}

fn deployment(call: &mut Call<'_>, deployment: &Value, info: &Info, to: i64, dry_run: DryRun) -> Answer<String> {
    let replica_set = revision(call, deployment, to)?;
    let mut template = at(&replica_set, "spec.template").clone();
    if dry_run == DryRun::Client {
        return Ok(describe::template_text(&template, &call.clock()));
    }
    if flag(deployment, "spec.paused") {
        let why = "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again";
        return Err(Failure::plain(why));
    }
    without_hash(&mut template);
    let mut current = at(deployment, "spec.template").clone();
    without_hash(&mut current);
    if template == current {
        return Ok(skipped(to));
    }
    let mut annotations = Map::new();
    let entries = |object: &Value| at(object, "metadata.annotations").as_object().cloned().unwrap_or_default();
    annotations.extend(entries(deployment).into_iter().filter(|(key, _)| KEPT.contains(&key.as_str())));
    annotations.extend(entries(&replica_set).into_iter().filter(|(key, _)| !KEPT.contains(&key.as_str())));
    let patch = json!([
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": annotations},
    ]);
    let options = call.write_options(dry_run, "kubectl-rollout");
    match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Json, &patch, &options) {
        Ok(written) => call.warn(&written),
        Err(error) => return Err(Failure::Plain(format!("failed restoring revision {to}: {error}"))),
    }
    Ok("rolled back".to_owned())
}

/// Rolls a DaemonSet or StatefulSet back: a revision's data is the patch that does it.
fn controller(call: &mut Call<'_>, info: &Info, to: i64, dry_run: DryRun) -> Answer<String> {
    let kept = chosen(history::revisions_of(call, &info.object)?, to).map_err(Failure::Plain)?;
    if dry_run == DryRun::Client {
        let then = history::applied(info.resource, &info.object, &kept)?;
        return Ok(format!("will roll back to {}", describe::template_text(at(&then, "spec.template"), &call.clock())));
    }
    if remembers(&kept, &info.object) {
        return Ok(skipped(to));
    }
    let options = call.write_options(dry_run, "kubectl-rollout");
    match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Strategic, at(&kept, "data"), &options) {
        Ok(written) => call.warn(&written),
        Err(error) => return Err(Failure::Plain(format!("failed restoring revision {to}: {error}"))),
    }
    Ok("rolled back".to_owned())
}

/// The revision to go back to; the one before the last for 0.
fn chosen(mut revisions: Vec<Value>, to: i64) -> Result<Value, String> {
    if to == 0 {
        revisions.sort_by_key(|revision| int(revision, "revision"));
        revisions.pop();
        return revisions.pop().ok_or_else(|| "no last revision to roll back to".to_owned());
    }
    let found = revisions.into_iter().find(|revision| to > 0 && int(revision, "revision") == to);
    found.ok_or_else(|| format!("unable to find specified revision {to} in history"))
}

/// Whether a revision is what its owner is now.
fn remembers(revision: &Value, owner: &Value) -> bool {
    let mut template = at(owner, "spec.template").clone();
    if let Some(fields) = template.as_object_mut() {
        fields.insert("$patch".to_owned(), Value::from("replace"));
    }
    *at(revision, "data") == json!({"spec": {"template": template}})
}

fn skipped(to: i64) -> String {
    format!("skipped rollback (current template already matches revision {to})")
}

fn without_hash(template: &mut Value) {
    if at(template, "metadata.labels").is_object() {
        map_mut(template, "metadata.labels").remove("pod-template-hash");
    }
}

/// The ReplicaSet of a revision; the one before the last for 0.
fn revision(call: &Call<'_>, deployment: &Value, to: i64) -> Answer<Value> {
    let mut numbered: Vec<(i64, Value)> =
        replica_sets_of(call, deployment)?.into_iter().filter_map(|rs| revision_of(&rs).map(|number| (number, rs))).collect();
    if to != 0 {
        let found = numbered.into_iter().find(|(number, _)| *number == to && to > 0);
        return found.map(|(_, rs)| rs).ok_or_else(|| Failure::Plain(format!("unable to find specified revision {to} in history")));
    }
    numbered.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let second = numbered.into_iter().nth(1).map(|(_, rs)| rs);
    second.ok_or_else(|| Failure::Plain(format!("no rollout history found for deployment {:?}", name(deployment))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_to_go_back_to() {
        let kept = |numbers: &[i64]| numbers.iter().map(|number| json!({"revision": number})).collect::<Vec<_>>();
        let check = |numbers: &[i64], to: i64, expected: Result<i64, &str>| {
            assert_eq!(chosen(kept(numbers), to).map(|revision| int(&revision, "revision")), expected.map_err(str::to_owned));
        };
        check(&[3, 10, 2], 0, Ok(3));
        check(&[1], 0, Err("no last revision to roll back to"));
        check(&[1, 2], 1, Ok(1));
        check(&[1, 2], 9, Err("unable to find specified revision 9 in history"));
        check(&[1, 2], -1, Err("unable to find specified revision -1 in history"));
    }

    #[test]
    fn the_present_template_needs_no_rollback() {
        let owner = |image: &str| json!({"spec": {"replicas": 2, "template": {"spec": {"containers": [{"image": image}]}}}});
        let template = json!({"$patch": "replace", "spec": {"containers": [{"image": "a:1"}]}});
        let revision = json!({"data": {"spec": {"template": template}}});
        assert!(remembers(&revision, &owner("a:1")));
        assert!(!remembers(&revision, &owner("a:2")));
    }
}
