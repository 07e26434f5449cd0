//! NodeResourcesFit: pods need room; rather a node with much of it. Mirrors `plugins/noderesources/{fit,least_allocated}.go`, v1.36.
//!
//! Room is counted from requests, not from use. For scoring, a container that requests nothing counts as 100m and 200Mi, so that a
//! node full of such pods doesn't look empty (`util/pod_resources.go`).

use super::Rejection;
use crate::api::node::Capacity;
use crate::api::pod::{PodSpec, Resources};
use serde_json::Value;

/// What a container counts for scoring if it requests no CPU (`DefaultMilliCPURequest`).
pub const DEFAULT_MILLI_CPU: i64 = 100;
/// What a container counts for scoring if it requests no memory, in bytes (`DefaultMemoryRequest`).
pub const DEFAULT_MEMORY: i64 = 200 << 20;

/// What a pod asks of a node.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct PodRequests {
    /// What it needs.
    pub needed: Resources,
    /// What it counts for scoring: with defaults for containers that request nothing.
    pub counted: Resources,
}

impl PodRequests {
    /// What a pod with this specification asks.
    pub fn of(spec: &PodSpec) -> Self {
        let containers = |list: &'static str| spec.tree[list].as_array().into_iter().flatten().map(|c| &c["resources"]["requests"]);
        let counted = |(requests, tree): (Resources, &Value)| Resources {
            milli_cpu: if tree.get("cpu").is_some() { requests.milli_cpu } else { DEFAULT_MILLI_CPU },
            memory: if tree.get("memory").is_some() { requests.memory } else { DEFAULT_MEMORY },
            ephemeral_storage: requests.ephemeral_storage,
        };
        let with_trees = |list: &[crate::api::pod::Container], name: &'static str| -> Vec<Resources> {
            list.iter().map(|c| c.requests).zip(containers(name)).map(counted).collect()
        };
        let sum = with_trees(&spec.containers, "containers").into_iter().fold(Resources::default(), Resources::plus);
        let most = with_trees(&spec.init_containers, "initContainers").into_iter().fold(sum, Resources::max);
        // What the decoded requests have beyond the containers' own is the pod's overhead.
        let own = spec.containers.iter().fold(Resources::default(), |sum, c| sum.plus(c.requests));
        let own = spec.init_containers.iter().fold(own, |most, c| most.max(c.requests));
        PodRequests { needed: spec.requests, counted: most.plus(spec.requests.minus(own)) }
    }
}

/// Rejects nodes without room, naming all that is short. A request larger than the whole node can't be helped by taking pods away.
pub fn filter(needed: Resources, requested: Resources, pods: i64, allocatable: &Capacity) -> Rejection {
    let mut rejection = Rejection::NONE;
    if pods + 1 > allocatable.pods {
        rejection = rejection.and(Rejection::PODS);
    }
    let rows = [
        (needed.milli_cpu, requested.milli_cpu, allocatable.resources.milli_cpu, Rejection::CPU),
        (needed.memory, requested.memory, allocatable.resources.memory, Rejection::MEMORY),
        (needed.ephemeral_storage, requested.ephemeral_storage, allocatable.resources.ephemeral_storage, Rejection::EPHEMERAL_STORAGE),
    ];
    for (needed, requested, allocatable, short) in rows {
        if needed > 0 && needed > allocatable - requested {
            rejection = rejection.and(if needed > allocatable { short.unresolvable() } else { short });
        }
    }
    rejection
}

/// How a node is scored by what is requested of it (`scoringStrategy.type`). The default is [`Strategy::LeastAllocated`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Strategy {
    /// The emptier the better.
    #[default]
    LeastAllocated,
    /// The fuller the better.
    MostAllocated,
    /// By a curve: points of (utilization in percent, score of 0–10), utilization rising.
    RequestedToCapacityRatio(Vec<(i64, i64)>),
}

/// Scores a node: per resource the requests of all its pods and the new one, what it has, and the weight.
/// Resources that it doesn't have are left out.
///
/// Worked example, LeastAllocated: 1,000 of 4,000 thousandths of CPU leave 75 %, 4 of 16 GiB leave 75 %: (75 + 75) / 2 = 75.
pub fn score(strategy: &Strategy, resources: &[(i64, i64, i64)]) -> u32 {
    let (mut sum, mut weights) = (0, 0);
    for &(requested, allocatable, weight) in resources.iter().filter(|(_, allocatable, _)| *allocatable > 0) {
        let score = match strategy {
            Strategy::LeastAllocated if requested > allocatable => 0,
            Strategy::LeastAllocated => (allocatable - requested) * 100 / allocatable,
            Strategy::MostAllocated => requested.min(allocatable) * 100 / allocatable,
            Strategy::RequestedToCapacityRatio(points) => {
                let utilization = if requested > allocatable { 100 } else { requested * 100 / allocatable };
                let score = on_curve(points, utilization);
                // A resource that scores nothing doesn't count at all.
                if score == 0 {
                    continue;
                }
                score
            }
        };
        sum += score * weight;
        weights += weight;
    }
    match strategy {
        _ if weights == 0 => 0,
        // Rounded half up; the others cut off.
        Strategy::RequestedToCapacityRatio(_) => ((2 * sum + weights) / (2 * weights)) as u32,
        _ => (sum / weights) as u32,
    }
}

/// The default scoring: LeastAllocated of CPU and memory, both of weight 1.
pub fn least_allocated(with: [i64; 2], allocatable: [i64; 2]) -> u32 {
    score(&Strategy::LeastAllocated, &[(with[0], allocatable[0], 1), (with[1], allocatable[1], 1)])
}

/// The curve's score at a utilization, times ten: from 0–10 to 0–100. `plugins/helper/shape_score.go`.
fn on_curve(points: &[(i64, i64)], utilization: i64) -> i64 {
    let mut last: Option<(i64, i64)> = None;
    for &(at, score) in points {
        let score = score * 10;
        if utilization <= at {
            return last.map_or(score, |(from, base)| base + (score - base) * (utilization - from) / (at - from));
        }
        last = Some((at, score));
    }
    last.map_or(0, |(_, score)| score)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_short_is_named_and_what_never_fits_is_unresolvable() {
        let resources = |milli_cpu, memory| Resources { milli_cpu, memory, ephemeral_storage: 0 };
        let node = Capacity { resources: resources(1000, 1000), pods: 2 };
        let check = |needed, requested, pods, reasons: &[&str], resolvable| {
            let rejection = filter(needed, requested, pods, &node);
            assert_eq!((rejection.reasons().collect::<Vec<_>>().as_slice(), rejection.is_resolvable()), (reasons, resolvable));
        };
        check(resources(1000, 1000), resources(0, 0), 1, &[], true);
        check(resources(0, 0), resources(2000, 2000), 1, &[], true);
        check(resources(0, 0), resources(0, 0), 2, &["Too many pods"], true);
        check(resources(600, 600), resources(500, 500), 2, &["Too many pods", "Insufficient cpu", "Insufficient memory"], true);
        check(resources(1001, 0), resources(0, 0), 0, &["Insufficient cpu"], false);
    }

    #[test]
    fn containers_without_requests_count_for_scoring() {
        let spec = PodSpec::from_tree(&json!({
            "containers": [{"name": "a"}, {"name": "b", "resources": {"requests": {"cpu": "250m", "memory": "0"}}}],
            "initContainers": [{"name": "i", "resources": {"requests": {"cpu": "1"}}}],
            "overhead": {"cpu": "10m"},
        }));
        let requests = PodRequests::of(&spec);
        assert_eq!((requests.needed.milli_cpu, requests.needed.memory), (1010, 0));
        assert_eq!((requests.counted.milli_cpu, requests.counted.memory), (1010, 200 << 20));
    }

    #[test]
    fn curves_are_straight_between_their_points() {
        let points = [(0, 10), (70, 4), (100, 0)];
        for (utilization, score) in [(0, 100), (7, 94), (70, 40), (85, 20), (100, 0)] {
            assert_eq!(on_curve(&points, utilization), score, "{utilization}");
        }
    }
}
