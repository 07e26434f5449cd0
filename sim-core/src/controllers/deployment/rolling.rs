//! The rolling update: the new ReplicaSet grows as far as `maxSurge` lets it, the old ones shrink as far as `maxUnavailable` lets them,
//! and one sync does one or the other.
//!
//! Mirrors `pkg/controller/deployment/rolling.go` and the arithmetic of `util/deployment_util.go`, v1.36. A worked example, 10 pods with
//! `maxSurge: 3` and `maxUnavailable: 2`, so between 8 available and 13 in all:
//!
//! | sync | new | old | why |
//! |---|---|---|---|
//! | 1 | created at 3 | 10 | room for 3: 10 + 3 surge − 10 existing |
//! | 1 | 3 | 10 → 8 | 13 existing − 8 that must be available − 3 new ones that are not: 2 may go (the same sync: creating isn't scaling) |
//! | 2 | 3 → 5 | 8 | room for 2: 10 + 3 surge − 11 existing |
//! | 3 | 5 | 8 | nothing: 13 existing − 8 − 5 unavailable new ones = 0 |
//! | … | 5, 2 of them available | 8 → 6 | 13 − 8 − 3 = 2 |
//!
//! Pods that are terminating don't count in `replicas`, so their replacements start while they still end.

use crate::api::intstr::IntOrString;
use crate::api::workloads::{DeploymentSpec, Strategy};
use crate::client::view::View;
use crate::controllers::deployment::{Flow, Owned, Rollout, by_creation, progress, scaling, sum};

/// `maxSurge` and `maxUnavailable` as numbers of pods.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fenceposts {
    /// How many pods more than wanted there may be.
    pub surge: i32,
    /// How many pods fewer than wanted may be available.
    pub unavailable: i32,
}

/// Resolves percentages of `desired`: the surge is rounded up, the unavailable down. If both come to zero nothing could ever move, so one
/// pod may then be unavailable. `util/deployment_util.go`, ResolveFenceposts.
///
/// 25% and 25% of 10: 3 and 2. 25% and 25% of 1: 1 and 0. 0 and 25% of 2: 0 and 0, hence 0 and 1.
///
/// # Errors
/// Go's message, if a text is not a percentage.
pub fn resolve_fenceposts(max_surge: &IntOrString, max_unavailable: &IntOrString, desired: i32) -> Result<Fenceposts, String> {
    // Go converts by cutting off the upper half, too. Validation keeps the values small.
    let surge = max_surge.scaled(desired.into(), true)? as i32;
    let unavailable = max_unavailable.scaled(desired.into(), false)? as i32;
    if surge == 0 && unavailable == 0 {
        return Ok(Fenceposts { surge: 0, unavailable: 1 });
    }
    Ok(Fenceposts { surge, unavailable })
}

/// The Deployment's fenceposts; both 0 when it doesn't roll, or if they make no sense (validation has refused them).
fn fenceposts(spec: &DeploymentSpec) -> Fenceposts {
    match &spec.strategy {
        Strategy::Recreate => Fenceposts::default(),
        Strategy::RollingUpdate { max_surge, max_unavailable } => {
            resolve_fenceposts(max_surge, max_unavailable, spec.replicas).unwrap_or_default()
        }
    }
}

/// How many pods more than wanted there may be; 0 for Recreate.
pub fn max_surge(spec: &DeploymentSpec) -> i32 {
    fenceposts(spec).surge
}

/// How many pods fewer than wanted may be available: never more than are wanted; 0 for Recreate.
pub fn max_unavailable(spec: &DeploymentSpec) -> i32 {
    if spec.replicas == 0 { 0 } else { fenceposts(spec).unavailable.min(spec.replicas) }
}

/// How many pods must be available during an update; 0 for Recreate.
pub fn min_available(spec: &DeploymentSpec) -> i32 {
    if spec.strategy == Strategy::Recreate { 0 } else { spec.replicas.saturating_sub(max_unavailable(spec)) }
}

/// The size of the new ReplicaSet, which is now `new`, when all ReplicaSets together have `total`. `util/deployment_util.go`,
/// NewRSNewReplicas.
///
/// 10 wanted, surge 3, old 10 and new 0: 13 − 10 = 3. Later, old 8 and new 3: 3 + (13 − 11) = 5. Old 2 and new 9: 9 + min(2, 1) = 10.
///
/// # Errors
/// Go's message, if `maxSurge` is not a percentage.
pub fn new_replicas(spec: &DeploymentSpec, total: i32, new: i32) -> Result<i32, String> {
    let Strategy::RollingUpdate { max_surge, .. } = &spec.strategy else { return Ok(spec.replicas) };
    let surge = max_surge.scaled(spec.replicas.into(), true)? as i32;
    let room = spec.replicas.saturating_add(surge).saturating_sub(total);
    if room <= 0 {
        return Ok(new);
    }
    Ok(new.saturating_add(room.min(spec.replicas.saturating_sub(new))))
}

/// `rolling.go`, rolloutRolling.
pub(super) fn roll_out(rollout: &mut Rollout, view: &View) {
    if rollout.new.is_none() && rollout.create_new(view) == Flow::Stop {
        return;
    }
    let scaled = reconcile_new(rollout) || reconcile_old(rollout);
    if !scaled && progress::is_complete(&rollout.deployment, &rollout.deployment.status) {
        rollout.clean_up();
    }
    progress::sync_rollout_status(rollout);
}

/// Sizes the new ReplicaSet. Returns whether its size changed.
pub fn reconcile_new(rollout: &mut Rollout) -> bool {
    let Some(mut new) = rollout.new.clone() else { return false };
    let (desired, now) = (rollout.desired(), new.set.replicas);
    let size = if now >= desired { Ok(desired) } else { new_replicas(&rollout.deployment.spec, rollout.total(), now) };
    let Ok(size) = size else { return false };
    let total = rollout.total();
    let scaled = scaling::resize(rollout, &mut new, size, scaling::Annotate::WithSize);
    if scaled && size > now {
        let surge = max_surge(&rollout.deployment.spec);
        rollout.explain(|| format!("room for {}: {desired} + {surge} surge − {total} existing", size - now));
    } else if scaled {
        rollout.explain(|| format!("the current ReplicaSet has {now}, {desired} are wanted"));
    }
    scaled
}

/// Shrinks the old ReplicaSets: pods that are not available first, since nobody misses them, then available ones as far as enough remain.
/// Returns whether a size changed. `rolling.go`, reconcileOldReplicaSets.
pub fn reconcile_old(rollout: &mut Rollout) -> bool {
    let Some(new) = rollout.new.as_ref().map(|new| new.set.clone()) else { return false };
    let mut old: Vec<Owned> = rollout.old.iter().filter(|owned| owned.set.replicas > 0).cloned().collect();
    old.sort_by(|a, b| by_creation(&a.set, &b.set));
    if old.is_empty() {
        return false;
    }
    // New pods that aren't available yet count as missing, or a broken template would slowly eat the old ones.
    let total = rollout.total();
    let needed = rollout.desired().saturating_sub(max_unavailable(&rollout.deployment.spec));
    let new_unavailable = new.replicas.saturating_sub(new.status.available_replicas);
    let may_go = total.saturating_sub(needed).saturating_sub(new_unavailable);
    if may_go <= 0 {
        return false;
    }
    let Some(unhealthy) = clean_up_unhealthy(rollout, &mut old, may_go) else { return false };
    let available = sum(&old, |set| set.status.available_replicas).saturating_add(new.status.available_replicas);
    let healthy = scale_down_old(rollout, &mut old, available.saturating_sub(needed));
    if unhealthy > 0 {
        rollout.explain(|| format!("{unhealthy} old pods aren't available: nobody misses them"));
    } else if healthy > 0 {
        rollout.explain(|| format!("{healthy} old pods can go: {available} available, {needed} needed"));
    }
    unhealthy > 0 || healthy > 0
}

/// Takes up to `limit` pods that aren't available from the old ReplicaSets, oldest first. Returns how many; `None` if a ReplicaSet still
/// reports more available pods than it should have: its status lags behind an earlier scale-down, and what can go isn't known yet.
///
/// A ReplicaSet removes its unready pods first, so asking for as many fewer as are unavailable removes just those.
/// `rolling.go`, cleanupUnhealthyReplicas.
fn clean_up_unhealthy(rollout: &mut Rollout, old: &mut [Owned], limit: i32) -> Option<i32> {
    let mut gone = 0;
    for owned in old {
        let unavailable = owned.set.replicas.saturating_sub(owned.set.status.available_replicas);
        if gone >= limit {
            break;
        }
        if unavailable == 0 {
            continue;
        }
        if unavailable < 0 {
            return None;
        }
        let less = unavailable.min(limit - gone);
        let size = owned.set.replicas - less;
        scaling::resize(rollout, owned, size, scaling::Annotate::WithSize);
        gone += less;
    }
    Some(gone)
}

/// Takes up to `limit` pods from the old ReplicaSets, oldest first. Returns how many.
/// `rolling.go`, scaleDownOldReplicaSetsForRollingUpdate.
fn scale_down_old(rollout: &mut Rollout, old: &mut [Owned], limit: i32) -> i32 {
    let mut gone = 0;
    for owned in old {
        if gone >= limit {
            break;
        }
        let less = owned.set.replicas.min(limit - gone);
        if less <= 0 {
            continue;
        }
        let size = owned.set.replicas - less;
        scaling::resize(rollout, owned, size, scaling::Annotate::WithSize);
        gone += less;
    }
    gone
}
