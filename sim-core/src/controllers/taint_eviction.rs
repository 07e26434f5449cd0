//! The taint eviction controller: deletes pods from nodes whose NoExecute taints they don't tolerate, or no longer.
//!
//! Mirrors `pkg/controller/tainteviction/taint_eviction.go`, v1.36. A pod that tolerates its node's taints for a while is looked at when that
//! is over, counted from when the controller heard of the taint or of the pod. What upstream keeps in a queue of timed work follows here
//! from the taints as they were and are, so also the word that a deletion is cancelled. Differs: a taint that replaces another, or joins
//! it, begins a count of its own.

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::{Condition, ConditionStatus};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::{Pod, Taint, TaintEffect};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};

/// Why a pod goes, in its condition.
const REASON: &str = "DeletionByTaintManager";

/// The controller.
pub struct TaintEvictionController;

impl Controller for TaintEvictionController {
    const NAME: &'static str = "taint-eviction-controller";
    const WORKERS: usize = 8;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match &change.object {
            Object::Node(node) if change.verb != Verb::Deleted => {
                let old = change.old.as_ref().and_then(Object::as_node).map_or(&[][..], |old| &old.taints);
                if !no_execute(old).eq(no_execute(&node.taints)) {
                    for (id, pod) in view.pods_on(&node.meta.name) {
                        weigh(id, pod, patience(pod, old), &node.taints, keys);
                    }
                }
            }
            Object::Pod(pod) if !pod.node_name.is_empty() => {
                let Some((_, node)) = view.node_named(&pod.node_name).filter(|(_, node)| no_execute(&node.taints).next().is_some()) else {
                    return;
                };
                let old = change.old.as_ref().and_then(Object::as_pod).filter(|old| !old.node_name.is_empty());
                let before = old.map_or(Patience::Forever, |old| patience(old, &node.taints));
                if change.verb == Verb::Deleted {
                    if matches!(before, Patience::For(_)) && !is_marked(pod) {
                        cancelled(pod, keys);
                    }
                } else if old.is_none_or(|old| old.spec.tolerations != pod.spec.tolerations) {
                    weigh(change.id, pod, before, &node.taints, keys);
                }
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, _settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        let Some(pod) = view.pod(key) else { return plan };
        let Some((_, node)) = view.node_named(&pod.node_name) else { return plan };
        match leaves_at(pod, &node.taints) {
            None => return plan,
            Some(at) if at > now => {
                plan.requeue_after = Some(at.since(now));
                return plan;
            }
            Some(_) => {}
        }
        plan.why = format!("pod {} doesn't tolerate a NoExecute taint of node {} any longer", pod.meta.name, node.meta.name).into();
        let message = format!("Marking for deletion Pod {}/{}", pod.meta.namespace, pod.meta.name);
        plan.report(ObjectReference::to(Kind::Pod, &pod.meta).by_name(), EventType::Normal, "TaintManagerEviction", message);
        let at = now.truncated_to_secs();
        if !is_marked(pod) {
            plan.then(Write::PodCondition(
                key,
                Condition {
                    kind: "DisruptionTarget".into(),
                    status: ConditionStatus::True,
                    reason: REASON.into(),
                    message: "Taint manager: deleting due to NoExecute taint".into(),
                    last_transition: at,
                    last_update: at,
                    observed_generation: pod.meta.generation,
                },
            ));
        }
        plan.then(Write::Delete(key, DeleteOptions::default()));
        plan
    }
}

/// Whether this controller has given the pod up already.
fn is_marked(pod: &Pod) -> bool {
    pod.status.condition("DisruptionTarget").is_some_and(|c| c.status == ConditionStatus::True && c.reason == REASON)
}

fn no_execute(taints: &[Taint]) -> impl Iterator<Item = &Taint> {
    taints.iter().filter(|taint| taint.effect == TaintEffect::NoExecute)
}

/// How long a pod may stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Patience {
    /// There is a taint that it doesn't tolerate.
    None,
    /// It tolerates all for so long.
    For(SimDuration),
    /// There are no taints, or it tolerates them without a limit.
    Forever,
}

/// The shortest of the tolerations that are made use of: `GetMatchingTolerations` and `getMinTolerationTime`.
fn patience(pod: &Pod, taints: &[Taint]) -> Patience {
    let mut shortest: Option<i64> = None;
    for taint in no_execute(taints) {
        // The first toleration that fits is the one that is made use of.
        let Some(used) = pod.spec.tolerations.iter().find(|toleration| toleration.tolerates(taint)) else { return Patience::None };
        shortest = match (shortest, used.seconds) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    shortest.map_or(Patience::Forever, |seconds| Patience::For(SimDuration::from_secs(u64::try_from(seconds).unwrap_or(0))))
}

/// What a change of the taints means for a pod that had so much patience with them before: `processPodOnNode`.
fn weigh(key: ObjectId, pod: &Pod, before: Patience, taints: &[Taint], keys: &mut Keys) {
    let after = patience(pod, taints);
    match after {
        Patience::None => keys.add(key),
        Patience::For(span) => keys.add_after(key, span),
        Patience::Forever => {}
    }
    if matches!(before, Patience::For(_)) && !matches!(after, Patience::For(_)) && !is_marked(pod) {
        cancelled(pod, keys);
    }
}

fn cancelled(pod: &Pod, keys: &mut Keys) {
    let message = format!("Cancelling deletion of Pod {}/{}", pod.meta.namespace, pod.meta.name);
    keys.report(ObjectReference::to(Kind::Pod, &pod.meta).by_name(), EventType::Normal, "TaintManagerEviction", message);
}

/// When the pod's patience ends: counted from the last of the taints, or from when the pod came to the node.
fn leaves_at(pod: &Pod, taints: &[Taint]) -> Option<SimTime> {
    match patience(pod, taints) {
        Patience::None => Some(SimTime::ZERO),
        Patience::Forever => None,
        Patience::For(span) => {
            let bound = pod.status.condition("PodScheduled").map(|condition| condition.last_transition);
            let from = no_execute(taints).filter_map(|taint| taint.added).chain(bound).max();
            Some(from.unwrap_or_default() + span)
        }
    }
}
