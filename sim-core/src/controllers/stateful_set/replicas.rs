//! What is to be done about each pod of a StatefulSet. Mirrors processReplica, processCondemned and the end of updateStatefulSet of
//! `pkg/controller/statefulset/stateful_set_control.go`, v1.36.
//!
//! In order (`OrderedReady`), everything waits for the first pod that isn't as it should be: pods are made from the lowest ordinal up, each
//! when all before it are available; they are deleted from the highest down, one at a time; and updates come last. `Parallel` sets make
//! and delete without waiting, in batches of 1, 2, 4, …; updates go one by one in both.

use super::identity::{self, ordinal};
use super::{Member, Update, claims};
use crate::api::event::EventType;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::{Phase, Pod};
use crate::api::stateful_set::StatefulSetSpec;
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Step, Tell};
use crate::controllers::deployment::reference;

/// The largest batch of a Parallel set: `MaxBatchSize`.
const MAX_BATCH: usize = 500;

/// A pod that is wanted.
#[derive(Clone, Copy)]
pub struct Replica<'a> {
    ordinal: i32,
    /// `None`: it doesn't exist.
    pub pod: Option<Member<'a>>,
}

/// Tells the pods that are wanted from those that are too many, which come with the highest ordinal first.
pub fn divide<'a>(spec: &StatefulSetSpec, pods: &[Member<'a>]) -> (Vec<Replica<'a>>, Vec<Member<'a>>) {
    let mut condemned: Vec<(i32, Member<'a>)> = Vec::new();
    let end = i64::from(spec.start) + i64::from(spec.replicas.max(0));
    let ordinals = (i64::from(spec.start)..end).filter_map(|ordinal| i32::try_from(ordinal).ok());
    let mut replicas: Vec<Replica<'a>> = ordinals.map(|ordinal| Replica { ordinal, pod: None }).collect();
    for (id, pod) in pods {
        match ordinal(pod) {
            Some(ordinal) if spec.wants(ordinal) => replicas[(ordinal - spec.start) as usize].pod = Some((*id, pod)),
            Some(ordinal) => condemned.push((ordinal, (*id, pod))),
            None => {}
        }
    }
    condemned.sort_by_key(|(ordinal, _)| std::cmp::Reverse(*ordinal));
    (replicas, condemned.into_iter().map(|(_, member)| member).collect())
}

/// Whether a pod is running and ready.
pub fn is_running_and_ready(pod: &Pod) -> bool {
    pod.status.phase == Phase::Running && pod.is_ready()
}

/// Whether a pod has been ready for long enough.
pub fn is_available(update: &Update<'_>, pod: &Pod) -> bool {
    pod.ready_since().is_some_and(|since| update.set.spec.min_ready.is_zero() || since + update.set.spec.min_ready <= update.now)
}

fn is_unavailable(update: &Update<'_>, pod: &Pod) -> bool {
    pod.meta.deletion.is_some() || !is_available(update, pod)
}

/// The pod that holds everybody up: the lowest ordinal that isn't available, those that are wanted first. `None` also if that one doesn't
/// exist.
pub fn first_unavailable(update: &Update<'_>, replicas: &[Replica<'_>], condemned: &[Member<'_>]) -> Option<ObjectId> {
    let wanted = replicas.iter().map(|replica| replica.pod).find(|pod| pod.is_none_or(|(_, pod)| is_unavailable(update, pod)));
    let condemned = || condemned.iter().rev().copied().find(|(_, pod)| is_unavailable(update, pod));
    wanted.unwrap_or_else(condemned).map(|(id, _)| id)
}

/// Makes the pods that are missing and replaces those that ended. Returns whether there is nothing to wait for.
pub fn keep(update: &mut Update<'_>, replicas: &[Replica<'_>]) -> bool {
    if !update.set.spec.parallel {
        return replicas.iter().all(|replica| match process(update, *replica) {
            Outcome::Fine => true,
            Outcome::Wait => false,
            Outcome::Send(write) => {
                send(update, vec![write]);
                if replica.pod.is_none() {
                    claims::settle(update, replica.ordinal, None);
                }
                false
            }
        });
    }
    let (mut rest, mut size) = (replicas, 1);
    while !rest.is_empty() {
        let (batch, others) = rest.split_at(size.min(rest.len()));
        let writes = batch.iter().filter_map(|replica| match process(update, *replica) {
            Outcome::Send(write) => Some(write),
            _ => None,
        });
        let writes = writes.collect();
        send(update, writes);
        for replica in batch.iter().filter(|replica| replica.pod.is_none()) {
            claims::settle(update, replica.ordinal, None);
        }
        (rest, size) = (others, (size * 2).min(MAX_BATCH));
    }
    true
}

/// What one pod needs.
enum Outcome {
    /// Nothing.
    Fine,
    /// Time.
    Wait,
    /// A request: its creation or its deletion.
    Send(Write),
}

fn process(update: &mut Update<'_>, replica: Replica<'_>) -> Outcome {
    let Some((id, pod)) = replica.pod else { return make(update, replica.ordinal) };
    let (ordered, name) = (!update.set.spec.parallel, &pod.meta.name);
    if pod.status.phase.is_final() {
        if pod.meta.deletion.is_some() {
            return Outcome::Wait;
        }
        update.explain(|| format!("pod {name} has ended: it is deleted, and made anew when its name is free"));
        return Outcome::Send(Write::Delete(id, DeleteOptions::default()));
    }
    if pod.status.phase == Phase::Pending {
        if claims::make(update, name, replica.ordinal) {
            claims::settle(update, replica.ordinal, Some(&pod.meta));
        }
        return Outcome::Wait;
    }
    if ordered && (is_unavailable(update, pod) || !is_running_and_ready(pod)) {
        return Outcome::Wait;
    }
    repair(update, (id, pod), replica.ordinal);
    Outcome::Fine
}

/// A new pod, after its claims.
fn make(update: &mut Update<'_>, ordinal: i32) -> Outcome {
    let pod = update.new_pod(ordinal);
    let name = pod.meta.name.clone();
    if claims::are_stale(update, &name, ordinal) || !claims::make(update, &name, ordinal) {
        return Outcome::Wait;
    }
    let ordered = !update.set.spec.parallel;
    update.explain(|| {
        let order = if ordered { ", and all before it are available" } else { "" };
        format!("{name} is missing{order}: it is made")
    });
    Outcome::Send(Write::Create(pod.into()))
}

/// Brings the labels of a pod's identity and the owners of its claims in order. `UpdateStatefulPod`.
fn repair(update: &mut Update<'_>, (id, pod): Member<'_>, ordinal: i32) {
    let known = identity::matches(update.set, pod);
    let settled = !claims::settle(update, ordinal, Some(&pod.meta));
    if !known {
        let next = Pod { meta: identity::labelled(&pod.meta, ordinal), ..(**pod).clone() };
        update.plan.then(Write::Update(id, next.into()));
    }
    if !known || !settled {
        let message = format!("Update Pod {} in StatefulSet {} successful", pod.meta.name, update.set.meta.name);
        update.report(EventType::Normal, "SuccessfulUpdate", message);
        update.explain(|| format!("the labels of {} or the owners of its claims aren't as they should be", pod.meta.name));
    }
}

/// Takes away the pods that are too many. Returns whether there is nothing to wait for.
pub fn condemn(update: &mut Update<'_>, condemned: &[Member<'_>], first_unavailable: Option<ObjectId>) -> bool {
    for (_, pod) in condemned {
        claims::settle(update, ordinal(pod).unwrap_or(0), Some(&pod.meta));
    }
    if update.set.spec.parallel {
        let going = condemned.iter().filter(|(_, pod)| pod.meta.deletion.is_none());
        let going: Vec<Write> = going.map(|(id, _)| Write::Delete(*id, DeleteOptions::default())).collect();
        if !going.is_empty() {
            let (wanted, count) = (update.set.spec.replicas, going.len());
            update.explain(|| format!("{wanted} pods are wanted: {count} are too many and go"));
            let about = reference(Kind::StatefulSet, &update.set.meta);
            update.plan.steps.push(Step::SlowStart(going, Some((about, TOLD))));
        }
        return true;
    }
    let Some((id, pod)) = condemned.first() else { return true };
    let healthy = is_running_and_ready(pod) && is_available(update, pod);
    if pod.meta.deletion.is_none() && (healthy || first_unavailable == Some(*id)) {
        let (name, wanted) = (&pod.meta.name, update.set.spec.replicas);
        update.explain(|| format!("{wanted} pods are wanted: {name} has the highest ordinal and goes first"));
        send(update, vec![Write::Delete(*id, DeleteOptions::default())]);
    }
    false
}

/// Deletes the pod with the highest ordinal that isn't of the update revision, if all above it are available again.
pub fn update(update: &mut Update<'_>, replicas: &[Replica<'_>], partition: i32) {
    let kept = usize::try_from(partition).unwrap_or(0);
    for replica in replicas.iter().skip(kept).rev() {
        let Some((id, pod)) = replica.pod else { return };
        if identity::revision(pod) != Some(update.revisions.update.name()) && pod.meta.deletion.is_none() {
            let (name, revision) = (&pod.meta.name, update.revisions.update.name().clone());
            update.explain(|| format!("{name} isn't of revision {revision}, and all above it are: it goes, and comes back updated"));
            send(update, vec![Write::Delete(id, DeleteOptions::default())]);
            update.status.current_replicas -= 1;
            return;
        }
        if is_unavailable(update, pod) {
            return;
        }
    }
}

/// Sends creations and deletions at once, and tells of each that succeeded.
fn send(update: &mut Update<'_>, writes: Vec<Write>) {
    if !writes.is_empty() {
        let about = reference(Kind::StatefulSet, &update.set.meta);
        update.plan.steps.push(Step::Together(writes, Some((about, TOLD))));
    }
}

/// What is told of a pod that was made or deleted. `recordPodEvent`.
const TOLD: Tell = Tell(|pod: &Object| {
    let meta = pod.meta();
    let (reason, verb) = if meta.deletion.is_some() { ("SuccessfulDelete", "Delete") } else { ("SuccessfulCreate", "Create") };
    let set = meta.controller().map_or("", |owner| owner.name.as_str());
    (reason, format!("{verb} Pod {} in StatefulSet {set} successful", meta.name))
});
