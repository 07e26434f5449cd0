//! The node lifecycle controller: a node that isn't heard of is marked, its condition becomes taints, and its pods count as not ready.
//!
//! Mirrors `pkg/controller/nodelifecycle/node_lifecycle_controller.go`, v1.36: monitorNodeHealth every 5 s (`--node-monitor-period`), with
//! `--node-monitor-grace-period` 50 s. The ticks are derived: the controller is woken when a lease that stopped would be found too old. The
//! NoExecute taints, which make pods leave, are given out zone by zone and one at a time: zones.rs.
//!
//! Differs: RegisteredNode and RemovingNode are told at once, not with the next tick; and nothing is told of the nodes with which the cluster
//! boots, for they are there before the controller is.

mod zones;

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::{Condition, ConditionStatus, Str, StrMap};
use crate::api::node::{Heartbeat, Node};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::{Pod, Taint, TaintEffect};
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};

/// `--node-monitor-grace-period`
pub const GRACE: SimDuration = SimDuration::from_secs(50);
/// `--node-startup-grace-period`: of a node that never posted its status.
const STARTUP_GRACE: SimDuration = SimDuration::from_secs(60);
/// `--node-monitor-period`
pub const PERIOD: SimDuration = SimDuration::from_secs(5);
/// The taint of a node that isn't heard of.
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// The taint of a node that says it isn't ready.
pub const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// The taint of a cordoned node.
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// The namespace that stands for the pass over all nodes: that of their leases.
const ALL: &str = "kube-node-lease";

/// Which condition with which status is which taint: `nodeConditionToTaintKeyStatusMap`.
const TAINTS: &[(&str, ConditionStatus, &str)] = &[
    ("Ready", ConditionStatus::False, NOT_READY),
    ("Ready", ConditionStatus::Unknown, UNREACHABLE),
    ("MemoryPressure", ConditionStatus::True, "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", ConditionStatus::True, "node.kubernetes.io/disk-pressure"),
    ("NetworkUnavailable", ConditionStatus::True, "node.kubernetes.io/network-unavailable"),
    ("PIDPressure", ConditionStatus::True, "node.kubernetes.io/pid-pressure"),
];

/// The conditions that a kubelet posts, and that nobody knows if it is silent. NetworkUnavailable is the control plane's own.
const POSTED: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// Labels that older components read, and those whose values they have: `labelReconcileInfo`.
const LABELS: [(&str, &str); 2] = [("kubernetes.io/os", "beta.kubernetes.io/os"), ("kubernetes.io/arch", "beta.kubernetes.io/arch")];

/// When the controller finds that a node fell silent, whose last renewal was at `last`: at the first tick after the grace period.
pub fn found_silent(last: SimTime) -> SimTime {
    tick_after(last + GRACE)
}

fn tick_after(due: SimTime) -> SimTime {
    SimTime::from_nanos((due.as_nanos() / PERIOD.as_nanos() + 1) * PERIOD.as_nanos())
}

/// The controller. Its keys are nodes, pods that come to a node, and one namespace for what concerns all nodes.
pub struct NodeLifecycleController;

impl Controller for NodeLifecycleController {
    const NAME: &'static str = "node-controller";
    const WORKERS: usize = 8;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match &change.object {
            Object::Node(node) => node_changed(change, node, view, keys),
            Object::Pod(pod) if change.verb != Verb::Deleted && !pod.node_name.is_empty() => {
                let was_bound = change.old.as_ref().and_then(Object::as_pod).is_some_and(|old| !old.node_name.is_empty());
                if !was_bound && view.node_named(&pod.node_name).is_some_and(|(_, node)| ready(node).is_some() && !node.is_ready()) {
                    keys.add(change.id);
                }
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, _settled: bool) -> Plan {
        match view.get(key) {
            Some(Object::Node(node)) => sync_node(view, key, node, now),
            Some(Object::Pod(pod)) => sync_pod(view, key, pod, now),
            Some(Object::Namespace(namespace)) if namespace.meta.name == ALL => zones::sync(view, now),
            _ => Plan::nothing(),
        }
    }
}

fn node_changed(change: &Change, node: &Node, view: &View, keys: &mut Keys) {
    let about = || ObjectReference::to(Kind::Node, &node.meta);
    let old = change.old.as_ref().and_then(Object::as_node);
    if change.verb == Verb::Deleted {
        keys.report(about(), EventType::Normal, "RemovingNode", format!("Removing Node {} from Controller", node.meta.name));
    } else if old.is_none_or(|old| {
        old.status.conditions != node.status.conditions
            || old.unschedulable != node.unschedulable
            || old.taints != node.taints
            || old.meta.labels != node.meta.labels
    }) {
        keys.add(change.id);
    }
    if change.verb == Verb::Added && change.at > SimTime::ZERO {
        keys.report(about(), EventType::Normal, "RegisteredNode", format!("Registered Node {} in Controller", node.meta.name));
    }
    // Whoever is ready and stays so changes nothing for the others.
    let healthy = |node: &Node| node.is_ready() && !node.taints.iter().any(zones::is_ours);
    if change.verb == Verb::Modified && old.is_some_and(|old| healthy(old)) && healthy(node) || change.at == SimTime::ZERO {
        return;
    }
    if let Some(all) = view.find(Kind::Namespace, "", ALL) {
        match node.is_ready() {
            // Taints are given at once, and taken away by the next look at all nodes.
            true => keys.add_after(all, tick_after(change.at).since(change.at)),
            false => keys.add(all),
        }
    }
}

/// The Ready condition; a node that was never heard of has none.
fn ready(node: &Node) -> Option<&Condition> {
    node.status.conditions.iter().find(|condition| condition.kind == "Ready")
}

/// `tryUpdateNodeHealth`, `doNoScheduleTaintingPass` and `reconcileNodeLabels`.
fn sync_node(view: &View, key: ObjectId, node: &Node, now: SimTime) -> Plan {
    let mut plan = Plan::nothing();
    let lease = view.find(Kind::Lease, ALL, &node.meta.name).and_then(|id| view.get(id)?.as_lease().map(|lease| lease.heartbeat));
    match silent_at(node, lease, now) {
        Some(found) if found <= now => {
            mark_silent(view, key, node, now, &mut plan);
            return plan;
        }
        Some(found) => plan.requeue_after = Some(found.since(now)),
        None => {}
    }
    let (add, remove) = no_schedule_taints(node, now);
    if !add.is_empty() || !remove.is_empty() {
        plan.why = format!("node {} is {}", node.meta.name, if node.is_ready() { "ready" } else { "not ready" }).into();
        plan.then(Write::SwapTaints(key, add, remove));
    }
    let labels = old_labels(node);
    if !labels.is_empty() {
        plan.then(Write::Labels(key, labels));
    }
    plan
}

/// When it is found that a node is silent, if it is or will be and hasn't been marked yet.
fn silent_at(node: &Node, lease: Option<Heartbeat>, now: SimTime) -> Option<SimTime> {
    match (ready(node), lease) {
        (Some(condition), _) if condition.status == ConditionStatus::Unknown => None,
        (Some(_), Some(lease)) if lease.stopped.is_some() => Some(found_silent(lease.last(now))),
        (None, lease) if lease.is_none_or(|lease| lease.stopped.is_some()) => Some(tick_after(node.meta.created + STARTUP_GRACE)),
        _ => None,
    }
}

/// What the kubelet posts becomes Unknown; the node's pods become not ready, for they can't be asked.
fn mark_silent(view: &View, key: ObjectId, node: &Node, now: SimTime, plan: &mut Plan) {
    let at = now.truncated_to_secs();
    let was_ready = node.is_ready();
    let unknown = POSTED.into_iter().filter_map(|kind| {
        let known = node.status.conditions.iter().find(|condition| condition.kind == kind);
        let (reason, message) = match known {
            Some(condition) if condition.status == ConditionStatus::Unknown => return None,
            Some(_) => ("NodeStatusUnknown", "Kubelet stopped posting node status."),
            None => ("NodeStatusNeverUpdated", "Kubelet never posted node status."),
        };
        Some(Condition {
            kind: kind.into(),
            status: ConditionStatus::Unknown,
            reason: reason.into(),
            message: message.into(),
            last_transition: at,
            last_update: at,
            observed_generation: 0,
        })
    });
    plan.why = format!("node {} wasn't heard of for too long", node.meta.name).into();
    plan.then(Write::NodeConditions(key, unknown.collect()));
    if !was_ready {
        return;
    }
    let about = ObjectReference::to(Kind::Node, &node.meta);
    plan.report(about, EventType::Normal, "NodeNotReady", format!("Node {} status is now: NodeNotReady", node.meta.name));
    view.pods_on(&node.meta.name).for_each(|(id, pod)| mark_pod(id, pod, now, plan));
}

/// `MarkPodsNotReady`, for one pod.
fn mark_pod(key: ObjectId, pod: &Pod, now: SimTime, plan: &mut Plan) {
    let Some(ready) = pod.status.condition("Ready").filter(|condition| condition.status != ConditionStatus::False) else { return };
    let at = now.truncated_to_secs();
    plan.then(Write::PodCondition(key, Condition { status: ConditionStatus::False, last_transition: at, ..ready.clone() }));
    plan.report(ObjectReference::to(Kind::Pod, &pod.meta), EventType::Warning, "NodeNotReady", "Node is not ready".into());
}

/// A pod that was bound to a node which isn't ready isn't ready either: `processPod`.
fn sync_pod(view: &View, key: ObjectId, pod: &Pod, now: SimTime) -> Plan {
    let mut plan = Plan::nothing();
    if view.node_named(&pod.node_name).is_some_and(|(_, node)| ready(node).is_some() && !node.is_ready()) {
        plan.why = format!("node {} of pod {} isn't ready", pod.node_name, pod.meta.name).into();
        mark_pod(key, pod, now, &mut plan);
    }
    plan
}

/// The NoSchedule taints that a node's conditions and its cordon call for and that it lacks; and those that it has for nothing.
fn no_schedule_taints(node: &Node, now: SimTime) -> (Vec<Taint>, Vec<Taint>) {
    let called_for = |condition: &Condition| {
        TAINTS.iter().find(|(kind, status, _)| condition.kind == *kind && condition.status == *status).map(|(_, _, taint)| *taint)
    };
    let mut wanted: Vec<&'static str> = node.status.conditions.iter().filter_map(called_for).collect();
    if node.unschedulable {
        wanted.push(UNSCHEDULABLE);
    }
    let of_this_pass = |taint: &&Taint| {
        let ours = taint.key == UNSCHEDULABLE || TAINTS.iter().any(|(_, _, key)| taint.key == *key);
        taint.effect == TaintEffect::NoSchedule && ours
    };
    let there: Vec<&Taint> = node.taints.iter().filter(of_this_pass).collect();
    let missing = wanted.iter().filter(|key| !there.iter().any(|taint| taint.key == **key));
    let added = Some(now.truncated_to_secs());
    let add = missing.map(|key| Taint { key: (*key).into(), value: Str::EMPTY, effect: TaintEffect::NoSchedule, added });
    let remove = there.iter().filter(|taint| !wanted.iter().any(|key| taint.key == *key));
    (add.collect(), remove.map(|taint| (*taint).clone()).collect())
}

/// The labels in their older spelling that are missing or wrong.
fn old_labels(node: &Node) -> StrMap {
    let wrong = LABELS.iter().filter_map(|(label, old)| {
        let value = node.meta.labels.get(label)?;
        (node.meta.labels.get(old) != Some(value)).then(|| (Str::Static(old), value.clone()))
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(conditions: &[(&'static str, ConditionStatus)], unschedulable: bool, taints: &[&'static str]) -> Node {
        let condition = |(kind, status): &(&'static str, ConditionStatus)| Condition {
            kind: (*kind).into(),
            status: *status,
            reason: Str::EMPTY,
            message: Str::EMPTY,
            last_transition: SimTime::ZERO,
            last_update: SimTime::ZERO,
            observed_generation: 0,
        };
        let taint = |key: &&'static str| Taint { key: (*key).into(), value: Str::EMPTY, effect: TaintEffect::NoSchedule, added: None };
        let mut node = zones::tests::node("n", "", true);
        node.status.conditions = conditions.iter().map(condition).collect();
        node.unschedulable = unschedulable;
        node.taints = taints.iter().map(taint).collect();
        node
    }

    #[track_caller]
    fn check(node: &Node, add: &[&str], remove: &[&str]) {
        let (added, removed) = no_schedule_taints(node, SimTime::ZERO);
        let keys = |taints: &[Taint]| {
            taints.iter().map(|taint| taint.key.trim_start_matches("node.kubernetes.io/").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            (keys(&added), keys(&removed)),
            (add.iter().map(|k| (*k).to_owned()).collect(), remove.iter().map(|k| (*k).to_owned()).collect())
        );
    }

    #[test]
    fn conditions_become_taints() {
        use ConditionStatus::{False, True, Unknown};
        check(&node(&[("Ready", True)], false, &[]), &[], &[]);
        check(&node(&[("Ready", Unknown)], true, &[]), &["unreachable", "unschedulable"], &[]);
        check(&node(&[("Ready", False)], false, &[UNREACHABLE]), &["not-ready"], &["unreachable"]);
        check(&node(&[("DiskPressure", True), ("PIDPressure", Unknown), ("Ready", True)], false, &[]), &["disk-pressure"], &[]);
        check(
            &node(&[("NetworkUnavailable", True), ("MemoryPressure", True)], false, &["mine"]),
            &["network-unavailable", "memory-pressure"],
            &[],
        );
        check(&node(&[], false, &[NOT_READY, UNSCHEDULABLE]), &[], &["not-ready", "unschedulable"]);
    }

    #[test]
    fn silence_is_found_with_the_first_tick_after_the_grace_period() {
        let (mut known, mut unheard) = (node(&[("Ready", ConditionStatus::True)], false, &[]), node(&[], false, &[]));
        let stopped = Some(Heartbeat { first: SimTime::from_secs(3), stopped: Some(SimTime::from_secs(17)) });
        assert_eq!(silent_at(&known, stopped, SimTime::from_secs(20)), Some(SimTime::from_secs(65)), "renewed at 13 s, too old after 63 s");
        known.status.conditions[0].status = ConditionStatus::Unknown;
        assert_eq!(silent_at(&known, stopped, SimTime::from_secs(20)), None);
        unheard.meta.created = SimTime::from_secs(7);
        assert_eq!(silent_at(&unheard, None, SimTime::from_secs(20)), Some(SimTime::from_secs(70)));
    }

    #[test]
    fn old_labels_follow_the_new_ones() {
        let mut node = node(&[], false, &[]);
        node.meta.labels = [("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "arm64"), ("beta.kubernetes.io/arch", "amd64")]
            .into_iter()
            .map(|(key, value)| (Str::from(key), Str::from(value)))
            .collect();
        let labels: Vec<String> = old_labels(&node).iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(labels, ["beta.kubernetes.io/arch=arm64", "beta.kubernetes.io/os=linux"]);
    }
}
