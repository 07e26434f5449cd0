//! The Recreate strategy: the old ReplicaSets go to zero, their pods end, and only then the new ReplicaSet is made, at full size.
//!
//! Mirrors `pkg/controller/deployment/recreate.go`, v1.36.

use crate::client::view::View;
use crate::controllers::deployment::{Flow, Owned, Rollout, progress, scaling, sum};

/// `recreate.go`, rolloutRecreate.
pub(super) fn roll_out(rollout: &mut Rollout, view: &View) {
    if scale_down_old(rollout) {
        rollout.explain(|| "all old pods go before any new one comes".to_owned());
        return progress::sync_rollout_status(rollout);
    }
    if old_pods_running(rollout, view) {
        rollout.explain(|| "waiting for the last old pod to end".to_owned());
        return progress::sync_rollout_status(rollout);
    }
    if rollout.new.is_none() && rollout.create_new(view) == Flow::Stop {
        return;
    }
    if let Some(mut new) = rollout.new.clone() {
        let desired = rollout.desired();
        if scaling::resize(rollout, &mut new, desired, scaling::Annotate::WithSize) {
            rollout.explain(|| format!("no old pod is left: the new ReplicaSet gets all {desired}"));
        }
    }
    if progress::is_complete(&rollout.deployment, &rollout.deployment.status) {
        rollout.clean_up();
    }
    progress::sync_rollout_status(rollout);
}

/// Returns whether there was anything to shrink.
fn scale_down_old(rollout: &mut Rollout) -> bool {
    let mut active: Vec<Owned> = rollout.old.iter().filter(|owned| owned.set.replicas > 0).cloned().collect();
    active.iter_mut().for_each(|owned| {
        scaling::resize(rollout, owned, 0, scaling::Annotate::WithSize);
    });
    !active.is_empty()
}

/// Whether an old ReplicaSet says it has pods, or a pod of one hasn't ended. Terminating pods count: they still hold ports and volumes.
fn old_pods_running(rollout: &Rollout, view: &View) -> bool {
    let running = |owned: &Owned| view.pods_of(owned.set.meta.uid, &owned.set.meta.namespace).any(|(_, pod)| !pod.status.phase.is_final());
    sum(&rollout.old, |set| set.status.replicas) > 0 || rollout.old.iter().any(running)
}
