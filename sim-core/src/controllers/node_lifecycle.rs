//! The node lifecycle controller: a node whose lease isn't renewed for 50 s is marked, tainted, and its pods are marked not ready.
//!
//! Mirrors `pkg/controller/nodelifecycle/node_lifecycle_controller.go`, v1.36: monitorNodeHealth every 5 s
//! (`--node-monitor-period`), `--node-monitor-grace-period` 50 s. The ticks are derived: the controller is woken when a lease that
//! stopped would be found too old. Left out so far: the rate limits of eviction by zone.

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::{Condition, ConditionStatus, Str};
use crate::api::node::Node;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::{Taint, TaintEffect};
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};

/// `--node-monitor-grace-period`
pub const GRACE: SimDuration = SimDuration::from_secs(50);
/// `--node-monitor-period`
pub const PERIOD: SimDuration = SimDuration::from_secs(5);
/// The taint of a node that isn't heard of.
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// The taint of a node that says it isn't ready.
pub const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// The taint of a cordoned node.
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// When the controller finds that a node fell silent, whose last renewal was at `last`: at the first tick after the grace period.
pub fn found_silent(last: SimTime) -> SimTime {
    let due = (last + GRACE).as_nanos();
    SimTime::from_nanos((due / PERIOD.as_nanos() + 1) * PERIOD.as_nanos())
}

/// The controller.
pub struct NodeLifecycleController;

impl Controller for NodeLifecycleController {
    const NAME: &'static str = "node-controller";
    const WORKERS: usize = 8;

    fn route(change: &Change, _view: &View, keys: &mut Keys) {
        if let Object::Node(node) = &change.object
            && change.verb != Verb::Deleted
        {
            let old = change.old.as_ref().and_then(Object::as_node);
            if old.is_none_or(|old| {
                old.status.conditions != node.status.conditions || old.unschedulable != node.unschedulable || old.taints != node.taints
            }) {
                keys.add(change.id);
            }
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, _settled: bool) -> Plan {
        let Some(node) = view.get(key).and_then(Object::as_node) else { return Plan::nothing() };
        let heartbeat =
            view.find(Kind::Lease, "kube-node-lease", &node.meta.name).and_then(|id| view.get(id)?.as_lease().map(|l| l.heartbeat));
        let silent = heartbeat.is_some_and(|heartbeat| now.since(heartbeat.last(now)) > GRACE);
        let ready = node.status.conditions.iter().find(|c| c.kind == "Ready").map_or(ConditionStatus::Unknown, |c| c.status);
        let mut plan = Plan::nothing();
        if silent && ready != ConditionStatus::Unknown {
            mark_silent(view, key, node, now, &mut plan);
            return plan;
        }
        // The controller's ticks are derived: if renewals have stopped, it looks again when it would find the lease too old.
        if let Some(heartbeat) = heartbeat.filter(|heartbeat| heartbeat.stopped.is_some() && !silent) {
            plan.requeue_after = Some(found_silent(heartbeat.last(now)).since(now));
        }
        let taints = wanted_taints(node, ready, now);
        if taints != node.taints {
            // NoSchedule is a pass of its own, before NoExecute: two writes, as in the real controller.
            let first: Vec<Taint> =
                taints.iter().filter(|t| t.effect != TaintEffect::NoExecute || node.taints.contains(t)).cloned().collect();
            let first_differs = first != node.taints && first != taints;
            plan.why = format!("node {} is {}", node.meta.name, if ready == ConditionStatus::True { "ready" } else { "not ready" }).into();
            if first_differs {
                plan.then(Write::Taints(key, first));
            }
            plan.then(Write::Taints(key, taints));
        }
        plan
    }
}

/// All conditions become Unknown; the node's pods become not ready, for they can't be asked.
fn mark_silent(view: &View, key: ObjectId, node: &Node, now: SimTime, plan: &mut Plan) {
    let at = now.truncated_to_secs();
    let unknown = node.status.conditions.iter().map(|c| Condition {
        status: ConditionStatus::Unknown,
        reason: "NodeStatusUnknown".into(),
        message: "Kubelet stopped posting node status.".into(),
        last_transition: at,
        last_update: at,
        ..c.clone()
    });
    plan.why = format!("no lease of node {} was renewed for more than {GRACE}", node.meta.name).into();
    plan.then(Write::NodeConditions(key, unknown.collect()));
    let about = reference(node);
    plan.report(about, EventType::Normal, "NodeNotReady", format!("Node {} status is now: NodeNotReady", node.meta.name));
    for (id, pod) in view.pods_on(&node.meta.name) {
        let Some(ready) = pod.status.condition("Ready").filter(|c| c.status == ConditionStatus::True) else { continue };
        plan.then(Write::PodCondition(id, Condition { status: ConditionStatus::False, last_transition: at, ..ready.clone() }));
        let about = ObjectReference {
            kind: "Pod",
            api_version: "v1",
            namespace: pod.meta.namespace.clone(),
            name: pod.meta.name.clone(),
            uid: pod.meta.uid,
            resource_version: 0,
            field_path: Str::EMPTY,
        };
        plan.report(about, EventType::Warning, "NodeNotReady", "Node is not ready".into());
    }
}

fn reference(node: &Node) -> ObjectReference {
    ObjectReference {
        kind: "Node",
        api_version: "v1",
        namespace: Str::EMPTY,
        name: node.meta.name.clone(),
        uid: node.meta.uid,
        resource_version: 0,
        field_path: Str::EMPTY,
    }
}

/// The taints that the node's condition and its cordon call for, besides those that others put there.
fn wanted_taints(node: &Node, ready: ConditionStatus, now: SimTime) -> Vec<Taint> {
    let ours =
        |t: &Taint| (t.key == UNREACHABLE || t.key == NOT_READY) && t.effect != TaintEffect::PreferNoSchedule || t.key == UNSCHEDULABLE;
    let mut wanted: Vec<(&'static str, TaintEffect)> = Vec::new();
    match ready {
        ConditionStatus::True => {}
        ConditionStatus::Unknown => wanted.extend([(UNREACHABLE, TaintEffect::NoSchedule), (UNREACHABLE, TaintEffect::NoExecute)]),
        ConditionStatus::False => wanted.extend([(NOT_READY, TaintEffect::NoSchedule), (NOT_READY, TaintEffect::NoExecute)]),
    }
    if node.unschedulable {
        wanted.insert(0, (UNSCHEDULABLE, TaintEffect::NoSchedule));
    }
    let mut taints: Vec<Taint> = node
        .taints
        .iter()
        .filter(|t| !ours(t) || wanted.iter().any(|(key, effect)| t.key == *key && t.effect == *effect))
        .cloned()
        .collect();
    for (key, effect) in wanted {
        if !taints.iter().any(|t| t.key == key && t.effect == effect) {
            taints.push(Taint { key: key.into(), value: Str::EMPTY, effect, added: Some(now.truncated_to_secs()) });
        }
    }
    taints
}
