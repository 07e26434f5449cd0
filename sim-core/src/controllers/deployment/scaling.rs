//! Scaling: what a changed `replicas` does to the ReplicaSets, in particular in the middle of a rollout or while it is paused.
//!
//! Mirrors the scale functions of `pkg/controller/deployment/sync.go` and `util/deployment_util.go`, v1.36. If one ReplicaSet has pods, it
//! gets them all. If several have, each grows or shrinks in proportion to its size: were only the new one to grow, a broken template
//! would make up more of the Deployment than the update's bounds allow.
//!
//! How does the controller know that it was `replicas` that changed? Each ReplicaSet carries, as annotations, the numbers for which it was
//! sized last.

use crate::api::event::EventType;
use crate::api::meta::StrMap;
use crate::api::workloads::{Deployment, ReplicaSet, Strategy};
use crate::apiserver::request::Write;
use crate::controllers::deployment::{Owned, Rollout, by_creation, rolling, sum};
use std::sync::Arc;

/// For how many replicas of the Deployment a ReplicaSet was sized last.
pub const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
/// The same with the surge.
pub const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";

/// When [`resize`] writes the two annotations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Annotate {
    /// Only along with a new size.
    WithSize,
    /// Whenever they are out of date.
    Always,
}

/// Writes a ReplicaSet's new size and tells of it. Returns whether the size changed. `sync.go`, scaleReplicaSet.
pub fn resize(rollout: &mut Rollout, owned: &mut Owned, size: i32, annotate: Annotate) -> bool {
    let was = owned.set.replicas;
    let scaled = was != size;
    if !scaled && annotate == Annotate::WithSize {
        return false;
    }
    let Some(id) = owned.id else { return false };
    let mut set = (*owned.set).clone();
    let noted = note_sizes(&mut set.meta.annotations, &rollout.deployment);
    if !scaled && !noted {
        return false;
    }
    set.replicas = size;
    rollout.plan.then(Write::Update(id, set.clone().into()));
    // Should this sync write the ReplicaSet once more, it builds on its own write, whose revision only the server knows.
    set.meta.resource_version = 0;
    if scaled {
        let way = if was < size { "up" } else { "down" };
        let message = format!("Scaled {way} replica set {} from {was} to {size}", set.meta.name);
        rollout.report(EventType::Normal, "ScalingReplicaSet", message);
    }
    owned.set = Arc::new(set);
    scaled
}

/// Notes for which numbers a ReplicaSet is sized. Returns whether that is news. `util/deployment_util.go`, SetReplicasAnnotations.
pub(super) fn note_sizes(annotations: &mut StrMap, deployment: &Deployment) -> bool {
    let desired = deployment.spec.replicas;
    let max = desired.saturating_add(rolling::max_surge(&deployment.spec));
    let mut news = false;
    for (key, number) in [(DESIRED_REPLICAS, desired), (MAX_REPLICAS, max)] {
        let text = number.to_string();
        if annotations.get(key).is_none_or(|noted| *noted != *text) {
            annotations.set(key, text);
            news = true;
        }
    }
    news
}

/// A number from an annotation: decimal digits, at most 2³¹ − 1.
fn noted(set: &ReplicaSet, key: &str) -> Option<i32> {
    let text = set.meta.annotations.get(key)?;
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Whether `replicas` changed since the ReplicaSets were sized. `sync.go`, isScalingEvent.
pub(super) fn is_scaling_event(rollout: &Rollout) -> bool {
    let stale = |set: &ReplicaSet| set.replicas > 0 && noted(set, DESIRED_REPLICAS).is_some_and(|desired| desired != rollout.desired());
    rollout.all().any(|owned| stale(&owned.set))
}

/// Brings the ReplicaSets to the wanted total. `sync.go`, scale.
pub fn scale(rollout: &mut Rollout) {
    let desired = rollout.desired();
    if let Some(mut only) = active_or_latest(rollout) {
        if resize(rollout, &mut only, desired, Annotate::WithSize) {
            rollout.explain(|| format!("{desired} are wanted, and one ReplicaSet has all pods"));
        }
        return;
    }
    let old: Vec<Owned> = rollout.old.iter().rev().filter(|owned| owned.set.replicas > 0).cloned().collect();
    if rollout.new.as_ref().is_some_and(|new| is_saturated(&rollout.deployment, &new.set)) {
        for mut owned in old {
            resize(rollout, &mut owned, 0, Annotate::WithSize);
        }
        rollout.explain(|| "the current ReplicaSet has all that is wanted: the old ones can go".to_owned());
        return;
    }
    if rollout.deployment.spec.strategy == Strategy::Recreate {
        return;
    }
    let active = old.into_iter().chain(rollout.new.clone().filter(|new| new.set.replicas > 0)).collect();
    for (mut owned, size) in proportional(&rollout.deployment, active) {
        if resize(rollout, &mut owned, size, Annotate::Always) {
            rollout.explain(|| format!("{desired} are wanted in the middle of a rollout: each ReplicaSet gets its share"));
        }
    }
}

/// The only ReplicaSet with pods; if none has, the current one or else the youngest. None if several have pods.
/// `util/deployment_util.go`, FindActiveOrLatest.
fn active_or_latest(rollout: &Rollout) -> Option<Owned> {
    let mut active = rollout.all().filter(|owned| owned.set.replicas > 0);
    match (active.next(), active.next()) {
        (None, _) => rollout.new.clone().or_else(|| rollout.old.last().cloned()),
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}

/// Whether both the Deployment and the ReplicaSet believe that it has all pods, and all are available. `util/deployment_util.go`,
/// IsSaturated.
fn is_saturated(deployment: &Deployment, set: &ReplicaSet) -> bool {
    let wanted = deployment.spec.replicas;
    let noted = set.meta.annotations.get(DESIRED_REPLICAS).and_then(|text| text.parse::<i64>().ok());
    set.replicas == wanted && noted == Some(i64::from(wanted)) && set.status.available_replicas == wanted
}

/// Distributes the wanted total, surge included, over ReplicaSets in proportion to their sizes. Returns all of them with their new sizes,
/// in the order in which they are written.
///
/// Example: 10 wanted with surge 3, old 8 and new 5; then 15 are wanted, so 19 in all: 6 more. The larger one goes first. Old:
/// 8 × 19 / 13 = 11.7, rounded 12, so 4 more; new: 5 × 19 / 13 = 7.3, rounded 7, so 2 more. What rounding leaves over goes to the largest.
/// Of two equally large ones the younger grows first, and the older shrinks first.
pub fn proportional(deployment: &Deployment, mut sets: Vec<Owned>) -> Vec<(Owned, i32)> {
    let desired = deployment.spec.replicas;
    let allowed = if desired > 0 { desired.saturating_add(rolling::max_surge(&deployment.spec)) } else { 0 };
    let to_add = allowed.saturating_sub(sum(&sets, |set| set.replicas));
    let larger = |a: &Owned, b: &Owned| b.set.replicas.cmp(&a.set.replicas);
    match to_add.signum() {
        1 => sets.sort_by(|a, b| larger(a, b).then_with(|| by_creation(&b.set, &a.set))),
        -1 => sets.sort_by(|a, b| larger(a, b).then_with(|| by_creation(&a.set, &b.set))),
        _ => {}
    }
    let mut added = 0i32;
    let mut sizes: Vec<i32> = Vec::with_capacity(sets.len());
    for owned in &sets {
        let more = proportion(deployment, &owned.set, to_add, added);
        sizes.push(owned.set.replicas.saturating_add(more));
        added = added.saturating_add(more);
    }
    if let Some(largest) = sizes.first_mut().filter(|_| to_add != 0) {
        *largest = largest.saturating_add(to_add.saturating_sub(added)).max(0);
    }
    sets.into_iter().zip(sizes).collect()
}

/// By how much a ReplicaSet grows (shrinks, if negative) when `to_add` pods are to be distributed and `added` of them are already: its
/// share, but never more than what is left. `util/deployment_util.go`, GetReplicaSetProportion.
pub fn proportion(deployment: &Deployment, set: &ReplicaSet, to_add: i32, added: i32) -> i32 {
    if set.replicas == 0 || to_add == 0 || to_add == added {
        return 0;
    }
    let (share, left) = (share(deployment, set), to_add.saturating_sub(added));
    if to_add > 0 { share.min(left) } else { share.max(left) }
}

/// The change that keeps a ReplicaSet's part of the whole: its size × new maximum / maximum for which it was sized, rounded to the nearest,
/// halves away from zero. Without a usable annotation the Deployment's present size stands in for the old maximum.
/// `util/deployment_util.go`, getReplicaSetFraction.
fn share(deployment: &Deployment, set: &ReplicaSet) -> i32 {
    let desired = deployment.spec.replicas;
    if desired == 0 {
        return set.replicas.saturating_neg();
    }
    let max = desired.saturating_add(rolling::max_surge(&deployment.spec));
    let max_before = noted(set, MAX_REPLICAS).filter(|max| *max != 0).unwrap_or(deployment.status.replicas);
    if max_before == 0 {
        return 0;
    }
    // The product wraps around at 32 bits as upstream's does: at about 46,000 replicas.
    let exact = f64::from(set.replicas.wrapping_mul(max)) / f64::from(max_before);
    let rounded = if exact < 0.0 { exact - 0.5 } else { exact + 0.5 } as i32;
    rounded.saturating_sub(set.replicas)
}
