//! The taint eviction controller: deletes pods from nodes whose NoExecute taints they don't tolerate, or no longer.
//!
//! Mirrors `pkg/controller/tainteviction/taint_eviction.go`, v1.36.

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::{Condition, ConditionStatus, Str};
use crate::api::object::{Object, ObjectId};
use crate::api::pod::{Pod, Taint, TaintEffect};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};

/// The controller.
pub struct TaintEvictionController;

impl Controller for TaintEvictionController {
    const NAME: &'static str = "taint-eviction-controller";
    const WORKERS: usize = 8;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match &change.object {
            Object::Node(node) if change.verb != Verb::Deleted => {
                let old = change.old.as_ref().and_then(Object::as_node);
                if old.is_some_and(|old| old.taints == node.taints) || (old.is_none() && node.taints.is_empty()) {
                    return;
                }
                view.pods_on(&node.meta.name).for_each(|(id, _)| keys.add(id));
            }
            Object::Pod(pod) if change.verb != Verb::Deleted && !pod.node_name.is_empty() => {
                let was_bound = change.old.as_ref().and_then(Object::as_pod).is_some_and(|old| !old.node_name.is_empty());
                if !was_bound && view.node_named(&pod.node_name).is_some_and(|(_, node)| !node.taints.is_empty()) {
                    keys.add(change.id);
                }
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, _settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        let Some(pod) = view.pod(key).filter(|pod| pod.meta.deletion.is_none()) else { return plan };
        let Some((_, node)) = view.node_named(&pod.node_name) else { return plan };
        match patience(pod, &node.taints) {
            Patience::Forever => return plan,
            Patience::Until(until) if until > now => {
                plan.requeue_after = Some(until.since(now));
                return plan;
            }
            Patience::Until(_) | Patience::None => {}
        }
        plan.why = format!("pod {} doesn't tolerate a NoExecute taint of node {} any longer", pod.meta.name, node.meta.name).into();
        let about = ObjectReference {
            kind: "Pod",
            api_version: "v1",
            namespace: pod.meta.namespace.clone(),
            name: pod.meta.name.clone(),
            uid: pod.meta.uid,
            resource_version: 0,
            field_path: Str::EMPTY,
        };
        plan.report(
            about,
            EventType::Normal,
            "TaintManagerEviction",
            format!("Marking for deletion Pod {}/{}", pod.meta.namespace, pod.meta.name),
        );
        let at = now.truncated_to_secs();
        plan.then(Write::PodCondition(
            key,
            Condition {
                kind: "DisruptionTarget".into(),
                status: ConditionStatus::True,
                reason: "DeletionByTaintManager".into(),
                message: "Taint manager: deleting due to NoExecute taint".into(),
                last_transition: at,
                last_update: at,
                observed_generation: pod.meta.generation,
            },
        ));
        plan.then(Write::Delete(key, DeleteOptions::default()));
        plan
    }
}

enum Patience {
    None,
    Until(SimTime),
    Forever,
}

/// How long the pod may stay: until the first of its tolerations runs out, counted from when the taint was added.
fn patience(pod: &Pod, taints: &[Taint]) -> Patience {
    let mut until: Option<SimTime> = None;
    for taint in taints.iter().filter(|t| t.effect == TaintEffect::NoExecute) {
        let mut matching = pod.spec.tolerations.iter().filter(|t| t.tolerates(taint)).peekable();
        if matching.peek().is_none() {
            return Patience::None;
        }
        // Of several tolerations of one taint the shortest counts; one without seconds is for ever.
        let shortest = matching.filter_map(|t| t.seconds).min();
        if let Some(seconds) = shortest {
            let end = taint.added.unwrap_or_default() + SimDuration::from_secs(u64::try_from(seconds).unwrap_or(0));
            until = Some(until.map_or(end, |u| u.min(end)));
        }
    }
    until.map_or(Patience::Forever, Patience::Until)
}
