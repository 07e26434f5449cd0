//! Progress: what the conditions say of a rollout, and when it counts as stuck.
//!
//! Mirrors `pkg/controller/deployment/progress.go` and the condition functions of `util/deployment_util.go`, v1.36. The Progressing
//! condition goes NewReplicaSetCreated (or FoundNewReplicaSet) → ReplicaSetUpdated, renewed with every step forward →
//! NewReplicaSetAvailable; if no step comes for `progressDeadlineSeconds`, it becomes ProgressDeadlineExceeded. That is all: nothing is
//! rolled back, and later steps make it progress again.

use crate::api::meta::{Condition, ConditionStatus};
use crate::api::workloads::{Deployment, DeploymentStatus};
use crate::controllers::deployment::Rollout;
use crate::kernel::time::{SimDuration, SimTime};

/// The condition's type.
pub const PROGRESSING: &str = "Progressing";
/// Its reason once the deadline has passed.
pub const TIMED_OUT: &str = "ProgressDeadlineExceeded";
/// Its reason when the rollout is over.
pub const AVAILABLE: &str = "NewReplicaSetAvailable";
const REPLICA_FAILURE: &str = "ReplicaFailure";

/// How long the real controller waits before it looks again in the last second before the deadline: the queue's first backoff.
const LAST_SECOND_POLL: SimDuration = SimDuration::from_millis(5);

/// A condition that is written now. Times are stored as whole seconds.
pub fn condition(kind: &'static str, status: ConditionStatus, reason: &'static str, message: String, now: SimTime) -> Condition {
    let at = now.truncated_to_secs();
    Condition {
        kind: kind.into(),
        status,
        reason: reason.into(),
        message: message.into(),
        last_transition: at,
        last_update: at,
        observed_generation: 0,
    }
}

/// Sets a condition, unless one of the same type has the same status and reason already. A condition that changes moves to the end; its
/// transition time changes only with its status. `util/deployment_util.go`, SetDeploymentCondition.
pub fn set_condition(status: &mut DeploymentStatus, mut condition: Condition) {
    if let Some(current) = status.conditions.iter().find(|c| c.kind == condition.kind) {
        if current.status == condition.status && current.reason == condition.reason {
            return;
        }
        if current.status == condition.status {
            condition.last_transition = current.last_transition;
        }
    }
    remove_condition(status, &condition.kind);
    status.conditions.push(condition);
}

/// Removes the condition of this type.
pub fn remove_condition(status: &mut DeploymentStatus, kind: &str) {
    status.conditions.retain(|c| c.kind != *kind);
}

/// Whether all pods that are wanted are new and available, and no old one runs. `util/deployment_util.go`, DeploymentComplete.
pub fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = deployment.spec.replicas;
    status.updated_replicas == wanted
        && status.replicas == wanted
        && status.available_replicas == wanted
        && status.observed_generation >= deployment.meta.generation
}

/// Whether a status is a step forward from another: more new pods, fewer old ones, more ready or available ones.
/// `util/deployment_util.go`, DeploymentProgressing.
pub fn is_progressing(before: &DeploymentStatus, now: &DeploymentStatus) -> bool {
    let old = |status: &DeploymentStatus| status.replicas.saturating_sub(status.updated_replicas);
    now.updated_replicas > before.updated_replicas
        || old(now) < old(before)
        || now.ready_replicas > before.ready_replicas
        || now.available_replicas > before.available_replicas
}

/// Whether the last step forward is longer ago than the deadline allows. A rollout that is over can't be late.
/// `util/deployment_util.go`, DeploymentTimedOut.
pub fn is_timed_out(deployment: &Deployment, status: &DeploymentStatus, now: SimTime) -> bool {
    let (Some(deadline), Some(condition)) = (deployment.spec.progress_deadline, status.condition(PROGRESSING)) else { return false };
    condition.reason != AVAILABLE && (condition.reason == TIMED_OUT || condition.last_update + deadline < now)
}

/// Writes the status during a rollout, or plans when to look at the deadline. `progress.go`, syncRolloutStatus.
pub(super) fn sync_rollout_status(rollout: &mut Rollout) {
    let mut status = rollout.calculate_status();
    let current = rollout.deployment.status.condition(PROGRESSING).cloned();
    if rollout.deployment.spec.progress_deadline.is_none() {
        remove_condition(&mut status, PROGRESSING);
    } else {
        let over = current.as_ref().is_some_and(|c| c.reason == AVAILABLE) && status.replicas == status.updated_replicas;
        if !over {
            estimate(rollout, &mut status, current);
        }
    }
    match replica_failure(rollout) {
        Some(failure) => set_condition(&mut status, failure),
        None => remove_condition(&mut status, REPLICA_FAILURE),
    }
    if status == rollout.deployment.status {
        rollout.plan.requeue_after = look_again(&rollout.deployment, &status, rollout.now);
        return;
    }
    rollout.deployment.status = status;
    rollout.write_status();
    rollout.explain(|| "the status follows the ReplicaSets".to_owned());
}

/// Judges whether the rollout is over, moves or is late.
fn estimate(rollout: &Rollout, status: &mut DeploymentStatus, current: Option<Condition>) {
    let deployment = &rollout.deployment;
    let about = |what: &str| match &rollout.new {
        Some(new) => format!("ReplicaSet \"{}\" {what} progress", new.set.meta.name),
        None => format!("Deployment \"{}\" {what} progress", deployment.meta.name),
    };
    if is_complete(deployment, status) {
        let message = about("has successfully") + "ed.";
        set_condition(status, condition(PROGRESSING, ConditionStatus::True, AVAILABLE, message, rollout.now));
    } else if is_progressing(&deployment.status, status) {
        // The same status and reason as before would change nothing; but each step forward has to renew the update time, so the old
        // condition goes first.
        let mut step = condition(PROGRESSING, ConditionStatus::True, "ReplicaSetUpdated", about("is") + "ing.", rollout.now);
        if let Some(current) = current.filter(|c| c.status == ConditionStatus::True) {
            step.last_transition = current.last_transition;
        }
        remove_condition(status, PROGRESSING);
        set_condition(status, step);
    } else if is_timed_out(deployment, status, rollout.now) {
        let message = about("has timed out") + "ing.";
        set_condition(status, condition(PROGRESSING, ConditionStatus::False, TIMED_OUT, message, rollout.now));
    }
}

/// That a ReplicaSet can't make or delete pods, the current one's word first. `progress.go`, getReplicaFailures.
fn replica_failure(rollout: &Rollout) -> Option<Condition> {
    let mut sets = rollout.new.iter().chain(&rollout.old);
    let failure = sets.find_map(|owned| owned.set.status.conditions.iter().find(|c| c.kind == REPLICA_FAILURE).cloned())?;
    Some(Condition { last_update: failure.last_transition, ..failure })
}

/// When to look whether the deadline has passed, if nothing happens before. `progress.go`, requeueStuckDeployment.
///
/// Example: the last step was stored as 10 s, the deadline is 30 s, now it is 10.4 s: 29.6 s are left, and one second is added, so
/// that rounding can't make it too early: the condition comes at 41 s. In the last second the real controller polls every 5 ms; of these
/// looks only the one that finds the deadline passed is made here.
fn look_again(deployment: &Deployment, status: &DeploymentStatus, now: SimTime) -> Option<SimDuration> {
    let deadline = deployment.spec.progress_deadline?;
    let current = deployment.status.condition(PROGRESSING)?;
    // A rollout that was over once can't time out, whatever became of its pods since: looking again would find nothing.
    if is_complete(deployment, status) || current.reason == TIMED_OUT || current.reason == AVAILABLE {
        return None;
    }
    let left = (current.last_update + deadline).since(now);
    if left < SimDuration::from_secs(1) {
        return Some(LAST_SECOND_POLL * (left.as_nanos() / LAST_SECOND_POLL.as_nanos() + 1));
    }
    Some(left + SimDuration::from_secs(1))
}
