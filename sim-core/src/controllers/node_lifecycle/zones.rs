//! Which nodes get the NoExecute taints that make their pods leave, and when: one at a time in each zone, more slowly or not at all if most
//! of a zone is down, and none if no zone has a ready node, for then it is more likely the control plane that is cut off.
//!
//! Mirrors `processTaintBaseEviction`, `doNoExecuteTaintingPass`, `handleDisruption` and `ComputeZoneState` of
//! `pkg/controller/nodelifecycle/node_lifecycle_controller.go` and `scheduler/rate_limited_queue.go`, v1.36. Upstream remembers the states of
//! the zones and keeps a token bucket for each; here both follow from the nodes: a zone's bucket was emptied when its last taint was added,
//! or when the first node came back after an outage of all. Differs: what is known in whole seconds only can be early by less than one.

use super::{NOT_READY, PERIOD, UNREACHABLE, ready};
use crate::api::meta::{ConditionStatus, Str};
use crate::api::node::Node;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::{Taint, TaintEffect};
use crate::apiserver::request::Write;
use crate::client::plan::{Plan, Step};
use crate::client::view::View;
use crate::kernel::time::{SimDuration, SimTime};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `--node-eviction-rate` 0.1
const INTERVAL: SimDuration = SimDuration::from_secs(10);
/// `--secondary-node-eviction-rate` 0.01
const SECONDARY_INTERVAL: SimDuration = SimDuration::from_secs(100);
/// `--large-cluster-size-threshold`: zones up to this size aren't touched while most of them is down.
const LARGE_ZONE: usize = 50;
/// `--unhealthy-zone-threshold` 0.55, in percent.
const UNHEALTHY_PERCENT: usize = 55;
/// Nodes with this label don't count for the state of their zone.
const EXCLUDED: &str = "node.kubernetes.io/exclude-disruption";

/// What is the matter with a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Normal,
    /// At least 55 % of it are down, and more than two nodes.
    PartialDisruption,
    /// All of it is down.
    FullDisruption,
}

/// The nodes of a zone that count.
#[derive(Clone, Copy, Default, Debug)]
struct Zone {
    ready: usize,
    not_ready: usize,
}

impl Zone {
    fn size(self) -> usize {
        self.ready + self.not_ready
    }

    /// `ComputeZoneState`. 3 of 5 down are 60 %: partial; 2 of 2 are all, but 2 of 3 are few.
    fn state(self) -> State {
        match self {
            Zone { ready: 0, not_ready: 1.. } => State::FullDisruption,
            Zone { not_ready: 3.., .. } if self.not_ready * 100 >= UNHEALTHY_PERCENT * self.size() => State::PartialDisruption,
            _ => State::Normal,
        }
    }

    /// How much time lies between two taints; `None`: there are none. A zone that is down altogether is treated as usual, while others aren't.
    fn interval(self) -> Option<SimDuration> {
        match self.state() {
            State::Normal | State::FullDisruption => Some(INTERVAL),
            State::PartialDisruption => (self.size() > LARGE_ZONE).then_some(SECONDARY_INTERVAL),
        }
    }
}

/// Region and zone: `GetZoneKey`.
type ZoneKey = (Str, Str);

fn zone_of(node: &Node) -> ZoneKey {
    let label = |key: &str, older: &str| node.meta.labels.get(key).or_else(|| node.meta.labels.get(older)).cloned().unwrap_or_default();
    (
        label("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"),
        label("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"),
    )
}

/// Whether it is one of the taints that are given out here.
pub(super) fn is_ours(taint: &Taint) -> bool {
    taint.effect == TaintEffect::NoExecute && (taint.key == UNREACHABLE || taint.key == NOT_READY)
}

/// The pass over all nodes.
pub(super) fn sync(view: &View, now: SimTime) -> Plan {
    let nodes = view.list(Kind::Node, None).filter_map(|(id, object): (ObjectId, &Object)| Some((id, object.as_node()?)));
    plan(&nodes.collect::<Vec<_>>(), now)
}

fn plan(nodes: &[(ObjectId, &Arc<Node>)], now: SimTime) -> Plan {
    let mut zones: BTreeMap<ZoneKey, Zone> = BTreeMap::new();
    for (_, node) in nodes.iter().filter(|(_, node)| node.meta.labels.get(EXCLUDED).is_none()) {
        let zone = zones.entry(zone_of(node)).or_default();
        *(if node.is_ready() { &mut zone.ready } else { &mut zone.not_ready }) += 1;
    }
    let all_down = !zones.is_empty() && zones.values().all(|zone| zone.state() == State::FullDisruption);
    let mut writes = Vec::new();
    let mut queues: BTreeMap<ZoneKey, Vec<(SimTime, ObjectId, &Node)>> = BTreeMap::new();
    for (id, node) in nodes {
        let ours: Vec<Taint> = node.taints.iter().filter(|taint| is_ours(taint)).cloned().collect();
        let wanted = wanted(node).filter(|_| !all_down);
        match wanted {
            None if !ours.is_empty() && (node.is_ready() || all_down) => writes.push(Write::SwapTaints(*id, Vec::new(), ours)),
            None => {}
            Some(key) if ours.iter().any(|taint| taint.key == key) => {}
            // Its pods are leaving already: that it is for another reason now needs no waiting.
            Some(key) if !ours.is_empty() => writes.push(Write::SwapTaints(*id, vec![taint(key, now)], ours)),
            Some(_) => {
                let since = ready(node).map_or(now, |condition| condition.last_transition);
                queues.entry(zone_of(node)).or_default().push((since, *id, node));
            }
        }
    }
    let mut plan = Plan::nothing();
    for (key, mut queue) in queues {
        let Some(interval) = zones.get(&key).copied().unwrap_or_default().interval() else { continue };
        queue.sort_by(|a, b| (a.0, &a.2.meta.name).cmp(&(b.0, &b.2.meta.name)));
        let next = emptied_at(nodes, &key).map_or(now, |at| (at + interval).max(now));
        let mut waits = next.since(now);
        if next == now
            && let Some((_, id, node)) = queue.first()
            && let Some(key) = wanted(node)
        {
            plan.why = format!("node {} isn't ready: its pods are to leave", node.meta.name).into();
            writes.push(Write::SwapTaints(*id, vec![taint(key, now)], Vec::new()));
            waits = interval;
        }
        if queue.len() > usize::from(next == now) {
            plan.requeue_after = Some(plan.requeue_after.map_or(waits, |earlier| earlier.min(waits)));
        }
    }
    if !writes.is_empty() {
        plan.steps.push(Step::Together(writes, None));
    }
    plan
}

/// The taint that a node's condition calls for. A node that was never heard of has no condition, and gets none.
fn wanted(node: &Node) -> Option<&'static str> {
    match ready(node)?.status {
        ConditionStatus::True => None,
        ConditionStatus::False => Some(NOT_READY),
        ConditionStatus::Unknown => Some(UNREACHABLE),
    }
}

fn taint(key: &'static str, now: SimTime) -> Taint {
    Taint { key: key.into(), value: Str::EMPTY, effect: TaintEffect::NoExecute, added: Some(now.truncated_to_secs()) }
}

/// When a zone's bucket, which holds one token, was emptied last: by its last taint; or when an outage of all nodes ended.
fn emptied_at(nodes: &[(ObjectId, &Arc<Node>)], zone: &ZoneKey) -> Option<SimTime> {
    let of_zone = nodes.iter().filter(|(_, node)| zone_of(node) == *zone);
    let tainted = of_zone.flat_map(|(_, node)| &node.taints).filter(|taint| is_ours(taint)).filter_map(|taint| taint.added).max();
    // Before the first of the nodes that are ready now, none was.
    let back =
        nodes.iter().filter(|(_, node)| node.is_ready()).filter_map(|(_, node)| ready(node)).map(|ready| ready.last_transition).min();
    tainted.max(back.filter(|back| *back > SimTime::ZERO + PERIOD))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::api::meta::{Condition, Meta};
    use crate::api::node::{Capacity, NodeStatus};
    use crate::api::pod::Resources;
    use std::net::Ipv4Addr;

    /// A node of a zone.
    pub(in super::super) fn node(name: &str, zone: &str, ready: bool) -> Node {
        let capacity = Capacity { resources: Resources::default(), pods: 0 };
        let status = if ready { ConditionStatus::True } else { ConditionStatus::Unknown };
        let condition = Condition {
            kind: "Ready".into(),
            status,
            reason: Str::EMPTY,
            message: Str::EMPTY,
            last_transition: SimTime::ZERO,
            last_update: SimTime::ZERO,
            observed_generation: 0,
        };
        let labels = [(Str::from("topology.kubernetes.io/zone"), Str::from(zone.to_owned()))].into_iter().collect();
        Node {
            meta: Meta { name: Str::from(name.to_owned()), labels, ..Meta::default() },
            unschedulable: false,
            taints: Vec::new(),
            pod_cidr: Str::EMPTY,
            status: NodeStatus {
                capacity,
                allocatable: capacity,
                conditions: vec![condition],
                address: Ipv4Addr::UNSPECIFIED,
                volumes: Arc::default(),
                boots: 0,
            },
        }
    }

    /// Zones as `a:2/3`: two of three nodes are ready. Which nodes are tainted first, and after how long it is looked again.
    #[track_caller]
    fn check(zones: &str, now: u64, tainted: &[(&str, u64)], expected: &str) {
        let mut all: Vec<Arc<Node>> = Vec::new();
        for zone in zones.split(' ') {
            let (name, counts) = zone.split_once(':').expect("a name and counts");
            let (ready, of) = counts.split_once('/').expect("two counts");
            let (ready, of): (usize, usize) = (ready.parse().expect("a number"), of.parse().expect("a number"));
            all.extend((0..of).map(|n| Arc::new(node(&format!("{name}{n}"), name, n < ready))));
        }
        for (name, at) in tainted {
            let node = all.iter_mut().find(|node| node.meta.name == **name).expect("a node");
            Arc::make_mut(node).taints.push(taint(UNREACHABLE, SimTime::from_secs(*at)));
        }
        let nodes: Vec<_> = all.iter().enumerate().map(|(n, node)| (ObjectId { kind: Kind::Node, number: n as u32 }, node)).collect();
        let plan = plan(&nodes, SimTime::from_secs(now));
        let mut told = Vec::new();
        for step in &plan.steps {
            let Step::Together(writes, _) = step else { panic!("{step:?}") };
            for write in writes {
                let Write::SwapTaints(id, add, remove) = write else { panic!("{write:?}") };
                let sign = if add.is_empty() && !remove.is_empty() { "-" } else { "+" };
                told.push(format!("{sign}{}", all[id.number as usize].meta.name));
            }
        }
        told.extend(plan.requeue_after.map(|after| after.to_string()));
        assert_eq!(told.join(" "), expected, "{zones}");
    }

    #[test]
    fn taints_are_given_out_one_by_one() {
        check("a:3/3", 100, &[], "");
        check("a:2/3", 100, &[], "+a2");
        check("a:3/5", 100, &[], "+a3 10s");
        check("a:3/5", 104, &[("a3", 100)], "6s");
        check("a:3/5", 110, &[("a3", 100)], "+a4");
        check("a:3/5 b:1/2", 100, &[], "+a3 +b1 10s");
    }

    #[test]
    fn a_zone_that_is_mostly_down_is_left_alone_unless_it_is_large() {
        check("a:1/4 b:4/4", 100, &[], "");
        check("a:2/5 b:4/4", 100, &[], "");
        check("a:3/6 b:4/4", 100, &[], "+a3 10s");
        check("a:20/60 b:1/1", 200, &[("a20", 120)], "20s");
        check("a:20/60 b:1/1", 220, &[("a20", 120)], "+a21 1m40s");
    }

    #[test]
    fn if_all_zones_are_down_no_pod_is_to_leave() {
        check("a:0/3 b:1/3", 100, &[], "+a0 +b1 10s");
        check("a:0/3 b:0/3", 100, &[], "");
        check("a:0/3 b:0/3", 100, &[("a1", 90), ("b0", 95)], "-a1 -b0");
        check("a:1/1", 100, &[("a0", 90)], "-a0");
    }
}
