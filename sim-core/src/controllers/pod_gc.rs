//! The pod garbage collector: takes away pods that nobody else will. Those of nodes that are gone, those that were deleted before they had a
//! node, those that are ending on a node that was declared out of service, and the oldest of too many that have ended.
//!
//! Mirrors `pkg/controller/podgc/gc_controller.go`, v1.36. It looks every 20 s; here the ticks are derived: a pod that may have to go is looked
//! at with the first tick at which upstream would take it, and there is no tick without one. A node that is gone is in quarantine for 40 s
//! from the tick that finds it missing. Differs: after a relist, missing nodes have no quarantine.

use crate::api::meta::{Condition, ConditionStatus};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Keys, Plan, Step};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};
use std::sync::Arc;

/// `gcCheckPeriod`
const PERIOD: SimDuration = SimDuration::from_secs(20);
/// `quarantineTime`
const QUARANTINE: SimDuration = SimDuration::from_secs(40);
/// `--terminated-pod-gc-threshold`
const TERMINATED_MAX: usize = 12_500;
/// The taint by which an administrator says that a node won't come back.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
/// The namespace that stands for the pass over all pods that have ended: it is always there.
const ALL: &str = "kube-system";

/// The controller. Its keys are pods, and one namespace for what concerns all of them.
pub struct PodGarbageCollector;

impl Controller for PodGarbageCollector {
    const NAME: &'static str = "pod-garbage-collector-controller";
    const WORKERS: usize = 1;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        let tick = until_tick(change.at);
        match &change.object {
            Object::Node(node) if change.verb == Verb::Deleted => {
                view.pods_on(&node.meta.name).for_each(|(id, _)| keys.add_after(id, tick + QUARANTINE));
            }
            Object::Node(node) if is_out_of_service(node) => {
                let leaving = view.pods_on(&node.meta.name).filter(|(_, pod)| pod.meta.deletion.is_some());
                leaving.for_each(|(id, _)| keys.add_after(id, tick));
            }
            Object::Pod(pod) if change.verb != Verb::Deleted => {
                let old = change.old.as_ref().and_then(Object::as_pod);
                let newly_bound = !pod.node_name.is_empty() && old.is_none_or(|old| old.node_name.is_empty());
                let leaving = pod.meta.deletion.is_some();
                let node = if newly_bound || leaving { view.node_named(&pod.node_name) } else { None };
                if newly_bound && node.is_none() {
                    keys.add_after(change.id, tick + QUARANTINE);
                } else if leaving && (pod.node_name.is_empty() || node.is_some_and(|(_, node)| is_out_of_service(node))) {
                    keys.add_after(change.id, tick);
                }
                if pod.status.phase.is_final()
                    && view.count(Kind::Pod) > TERMINATED_MAX
                    && let Some(all) = view.find(Kind::Namespace, "", ALL)
                {
                    keys.add_after(all, tick);
                }
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, _settled: bool) -> Plan {
        match view.get(key) {
            Some(Object::Pod(pod)) => collect(view, key, pod, now),
            Some(Object::Namespace(namespace)) if namespace.meta.name == ALL => collect_terminated(view, TERMINATED_MAX),
            _ => Plan::nothing(),
        }
    }
}

/// From a moment to the next tick.
fn until_tick(now: SimTime) -> SimDuration {
    let next = (now.as_nanos() / PERIOD.as_nanos() + 1) * PERIOD.as_nanos();
    SimTime::from_nanos(next).since(now)
}

/// Not ready, and declared so for good.
fn is_out_of_service(node: &crate::api::node::Node) -> bool {
    !node.is_ready() && node.taints.iter().any(|taint| taint.key == OUT_OF_SERVICE)
}

/// `gcTerminating`, `gcOrphaned` and `gcUnscheduledTerminating`, for one pod.
fn collect(view: &View, key: ObjectId, pod: &Arc<Pod>, now: SimTime) -> Plan {
    let mut plan = Plan::nothing();
    let leaving = pod.meta.deletion.is_some();
    if pod.node_name.is_empty() {
        if leaving {
            plan.why = format!("pod {} is to go and has no node", pod.meta.name).into();
            fail_and_delete(&mut plan, key, pod, None);
        }
        return plan;
    }
    match view.node_named(&pod.node_name) {
        None => {
            plan.why = format!("node {} of pod {} no longer exists", pod.node_name, pod.meta.name).into();
            fail_and_delete(&mut plan, key, pod, Some(orphaned(pod, now)));
        }
        Some((_, node)) if leaving && is_out_of_service(node) => {
            plan.why = format!("pod {} is to go, and its node is out of service", pod.meta.name).into();
            fail_and_delete(&mut plan, key, pod, None);
        }
        Some(_) => {}
    }
    plan
}

fn orphaned(pod: &Pod, now: SimTime) -> Condition {
    let at = now.truncated_to_secs();
    Condition {
        kind: "DisruptionTarget".into(),
        status: ConditionStatus::True,
        reason: "DeletionByPodGC".into(),
        message: "PodGC: node no longer exists".into(),
        last_transition: at,
        last_update: at,
        observed_generation: pod.meta.generation,
    }
}

/// A pod that hasn't ended has failed: nobody is there to end it. Then it goes at once.
fn fail_and_delete(plan: &mut Plan, key: ObjectId, pod: &Pod, condition: Option<Condition>) {
    if !pod.status.phase.is_final() {
        plan.then(Write::PodFailed(key, condition));
    }
    plan.then(delete(key));
}

fn delete(key: ObjectId) -> Write {
    Write::Delete(key, DeleteOptions { grace_period: Some(0), ..DeleteOptions::default() })
}

/// The oldest of the pods that have ended go, if they are more than `most`; of those, evicted ones first.
fn collect_terminated(view: &View, most: usize) -> Plan {
    let mut plan = Plan::nothing();
    let pods = view.list(Kind::Pod, None).filter_map(|(id, object)| Some((id, object.as_pod()?)));
    let mut ended: Vec<_> = pods.filter(|(_, pod)| pod.status.phase.is_final()).collect();
    let too_many = ended.len().saturating_sub(most);
    if too_many == 0 {
        return plan;
    }
    let is_evicted = |pod: &Pod| pod.status.phase == crate::api::pod::Phase::Failed && pod.status.reason == "Evicted";
    ended.sort_by_cached_key(|(_, pod)| (!is_evicted(pod), pod.meta.created, pod.meta.name.clone()));
    plan.why = format!("{} pods have ended, and {most} are kept", ended.len()).into();
    plan.steps.push(Step::Together(ended[..too_many].iter().map(|(id, _)| delete(*id)).collect(), None));
    plan
}
