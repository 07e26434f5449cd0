//! Which pods a ReplicaSet deletes first.
//!
//! Mirrors ActivePods and ActivePodsWithRanks of `pkg/controller/controller_utils.go`, v1.36, with the features that are on by default
//! (PodDeletionCost, LogarithmicScaleDown). The first of these rules that tells two pods apart decides; first goes
//!
//! 1. the one without a node,
//! 2. Pending before Unknown before Running,
//! 3. the one that isn't ready,
//! 4. the one with the lower `controller.kubernetes.io/pod-deletion-cost`,
//! 5. the one on the node with more pods of the same owner,
//! 6. of two ready ones the one that became ready later,
//! 7. the one that restarted more often,
//! 8. the younger one.
//!
//! In 6 and 8 ages count by their binary logarithm: ready for 20 s and for 30 s is the same age (both in 2³⁴ … 2³⁵ ns), and then the UID
//! decides. That makes it a matter of chance which of two pods of about the same age goes, as it would be with no rule at all.

use crate::api::meta::Str;
use crate::api::pod::{Phase, Pod};
use crate::kernel::time::SimTime;
use std::collections::BTreeMap;

/// What a user may set on a pod to keep it: the higher, the later it goes.
pub const POD_DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Up to this many pods Go's sort is an insertion sort.
const INSERTION: usize = 12;

/// How many active pods of the same owner each node has.
#[derive(Debug, Default)]
pub struct Crowd<'a>(BTreeMap<&'a Str, u32>);

impl<'a> Crowd<'a> {
    /// Counts the active ones of these pods.
    pub fn of(related: impl Iterator<Item = &'a Pod>) -> Self {
        let mut nodes = BTreeMap::new();
        for pod in related.filter(|pod| pod.is_active()) {
            *nodes.entry(&pod.node_name).or_default() += 1;
        }
        Crowd(nodes)
    }

    /// How many are on this node.
    pub fn on(&self, node: &Str) -> u32 {
        self.0.get(node).copied().unwrap_or(0)
    }
}

/// A pod with what the rules look at.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    pod: &'a Pod,
    rank: u32,
    phase: u8,
    ready: Option<SimTime>,
    cost: i32,
    restarts: (u32, u32),
}

impl<'a> Candidate<'a> {
    /// A pod on a node with `rank` pods of the same owner.
    pub fn new(pod: &'a Pod, rank: u32) -> Self {
        let phase = match pod.status.phase {
            Phase::Pending => 0,
            Phase::Unknown => 1,
            Phase::Running => 2,
            // They have ended, and aren't candidates.
            Phase::Succeeded | Phase::Failed => 0,
        };
        Candidate { pod, rank, phase, ready: pod.ready_since(), cost: deletion_cost(pod), restarts: restarts(pod) }
    }
}

/// The cost from the annotation; 0 if there is none, or it isn't a plain 32-bit number: `+3` and `05` don't count.
/// `pkg/apis/core/v1/helper/helpers.go`, GetDeletionCostFromPodAnnotations.
fn deletion_cost(pod: &Pod) -> i32 {
    let Some(text) = pod.meta.annotations.get(POD_DELETION_COST) else { return 0 };
    let plain = matches!(text.as_bytes(), [b'0'] | [b'-' | b'1'..=b'9', ..]);
    if plain { text.parse().unwrap_or(0) } else { 0 }
}

/// The most restarts of a container, and of a sidecar: an init container that restarts always.
fn restarts(pod: &Pod) -> (u32, u32) {
    let regular = pod.status.containers.iter().map(|c| c.restart_count).max().unwrap_or(0);
    let restarted = pod.status.init_containers.iter().filter(|status| status.restart_count > 0);
    let sidecar = restarted.filter(|status| is_sidecar(pod, &status.name)).map(|status| status.restart_count).max();
    (regular, sidecar.unwrap_or(0))
}

fn is_sidecar(pod: &Pod, name: &str) -> bool {
    let init_containers = pod.spec.tree["initContainers"].as_array().map_or(&[][..], |list| list);
    init_containers.iter().any(|container| container["name"] == *name && container["restartPolicy"] == "Always")
}

/// Rules 1 to 3. `None`: they don't tell the two apart.
fn before_by_state(a: &Candidate<'_>, b: &Candidate<'_>) -> Option<bool> {
    let unassigned = |c: &Candidate<'_>| c.pod.node_name.is_empty();
    if unassigned(a) != unassigned(b) {
        return Some(unassigned(a));
    }
    if a.phase != b.phase {
        return Some(a.phase < b.phase);
    }
    (a.ready.is_some() != b.ready.is_some()).then_some(a.ready.is_none())
}

/// Whether `a` goes before `b` by all eight rules. Both directions may be false, if nothing tells them apart.
pub fn goes_before(a: &Candidate<'_>, b: &Candidate<'_>, now: SimTime) -> bool {
    if let Some(before) = before_by_state(a, b) {
        return before;
    }
    if a.cost != b.cost {
        return a.cost < b.cost;
    }
    if a.rank != b.rank {
        return a.rank > b.rank;
    }
    if let (Some(a_ready), Some(b_ready)) = (a.ready, b.ready)
        && a_ready != b_ready
    {
        return younger(a, a_ready, b, b_ready, now);
    }
    if a.restarts != b.restarts {
        return a.restarts > b.restarts;
    }
    let (a_created, b_created) = (a.pod.meta.created, b.pod.meta.created);
    a_created != b_created && younger(a, a_created, b, b_created, now)
}

/// Whether `a` goes before `b` by the plain rules: no costs, no neighbours, exact ages. Other controllers sort by these (ActivePods).
pub fn goes_before_plainly(a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    if let Some(before) = before_by_state(a, b) {
        return before;
    }
    if a.ready != b.ready {
        return a.ready > b.ready;
    }
    if a.restarts != b.restarts {
        return a.restarts > b.restarts;
    }
    a.pod.meta.created > b.pod.meta.created
}

/// Compares two moments by the binary logarithm of how long ago they were; the UID breaks ties. `controller_utils.go`,
/// logarithmicRankDiff.
fn younger(a: &Candidate<'_>, a_at: SimTime, b: &Candidate<'_>, b_at: SimTime, now: SimTime) -> bool {
    let (a_age, b_age) = (magnitude(a_at, now), magnitude(b_at, now));
    if a_age == b_age { a.pod.meta.uid < b.pod.meta.uid } else { a_age < b_age }
}

/// The binary logarithm of an age in nanoseconds, rounded down; nothing for what isn't past.
fn magnitude(at: SimTime, now: SimTime) -> Option<u32> {
    now.since(at).as_nanos().checked_ilog2()
}

/// The places of the candidates in the order in which they go.
pub fn sorted(candidates: Vec<Candidate<'_>>, now: SimTime) -> Vec<usize> {
    sorted_by(&candidates, |a, b| goes_before(a, b, now))
}

/// The places of the candidates in an order that `before` gives.
///
/// The rules aren't consistent: `a` may go before `b`, `b` before `c` and `c` before `a`, since 6 skips to 7 only for equal times. So the
/// result depends on how one sorts, and a sort that relies on an order may panic. Few candidates are sorted as Go does it, by insertion;
/// more by merging, where Go's pattern-defeating quicksort may find another order among such cycles.
pub fn sorted_by(candidates: &[Candidate<'_>], before: impl Fn(&Candidate<'_>, &Candidate<'_>) -> bool) -> Vec<usize> {
    let mut places: Vec<usize> = (0..candidates.len()).collect();
    let before = |a: usize, b: usize| before(&candidates[a], &candidates[b]);
    let mut width = INSERTION;
    for run in places.chunks_mut(width) {
        for sorted in 1..run.len() {
            let mut place = sorted;
            while place > 0 && before(run[place], run[place - 1]) {
                run.swap(place, place - 1);
                place -= 1;
            }
        }
    }
    while width < places.len() {
        places = places.chunks(2 * width).flat_map(|pair| merge(pair, width.min(pair.len()), &before)).collect();
        width *= 2;
    }
    places
}

/// Merges two sorted runs, of which the first has `middle` elements. Of equals the first run's come first.
fn merge(pair: &[usize], middle: usize, before: &impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let (mut left, mut right) = (pair[..middle].iter().copied().peekable(), pair[middle..].iter().copied().peekable());
    let mut merged = Vec::with_capacity(pair.len());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        merged.extend(if before(*b, *a) { right.next() } else { left.next() });
    }
    merged.extend(left);
    merged.extend(right);
    merged
}
