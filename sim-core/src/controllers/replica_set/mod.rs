//! The ReplicaSet controller: makes and deletes pods until there are as many as wanted.
//!
//! Mirrors `pkg/controller/replicaset/{replica_set,replica_set_utils}.go` and the pod functions of `pkg/controller/controller_utils.go`,
//! v1.36. Which pods go first is in [`ranking`].
//!
//! What differs: instead of counting expected creations and deletions, the runner says whether the cache has seen everything that was
//! written for this ReplicaSet; until then no pod is made or deleted, or the same ones would be made twice. A write that fails drops the
//! rest of the plan, the status included; upstream writes the status even so, with a ReplicaFailure condition ([`with_failure`]).

pub mod ranking;

use crate::api::event::ObjectReference;
use crate::api::meta::{Condition, ConditionStatus, Meta, OwnerReference, Str, Uid};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::{Pod, PodStatus};
use crate::api::workloads::{ReplicaSet, ReplicaSetStatus};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Keys, Plan, Step, Tell};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};
use std::sync::Arc;

/// How many pods one sync makes or deletes at most: `BurstReplicas`.
const BURST: usize = 500;
/// The condition that tells of failed creations and deletions.
const REPLICA_FAILURE: &str = "ReplicaFailure";
/// The longest name, which a pod's prefix may not exceed: `validation.DNS1123SubdomainMaxLength`.
const MAX_NAME: usize = 253;

/// The controller.
pub struct ReplicaSetController;

impl Controller for ReplicaSetController {
    const NAME: &'static str = "replicaset-controller";
    /// `--concurrent-replicaset-syncs`
    const WORKERS: usize = 5;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match &change.object {
            Object::ReplicaSet(_) if change.verb != Verb::Deleted => keys.add(change.id),
            Object::Pod(pod) => route_pod(change, pod, view, keys),
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, settled: bool) -> Plan {
        let Some(set) = view.replica_set(key) else { return Plan::nothing() };
        let mut plan = Plan::nothing();
        let pods = claim(view, set, &mut plan);
        if settled && set.meta.deletion.is_none() {
            manage(view, set, &pods.active, now, &mut plan);
        }
        let status = status(set, &pods, now);
        plan.requeue_after = next_availability(set, &status, &pods.active, now);
        if status != set.status {
            // Upstream tries a conflicting status once more with the current revision: that is no check at all.
            let mut next = (**set).clone();
            next.meta.resource_version = 0;
            next.status = status;
            plan.then(Write::UpdateStatus(key, next.into()));
            if plan.why.is_empty() {
                plan.why = "the status follows the pods".into();
            }
        }
        plan
    }
}

/// The owning ReplicaSet; for an orphan that is new or was relabelled, all that might adopt it.
///
/// A pod that became ready needs no second look after minReadySeconds from here: the sync plans that itself.
fn route_pod(change: &Change, pod: &Pod, view: &View, keys: &mut Keys) {
    let old = change.old.as_ref().filter(|_| change.verb == Verb::Modified).map(Object::meta);
    let owner = pod.meta.controller();
    let owner_changed = old.is_some_and(|old| old.controller() != owner);
    if let Some(id) = old.filter(|_| owner_changed).and_then(|old| owner_of(old, view)) {
        keys.add(id);
    }
    if owner.is_some() {
        owner_of(&pod.meta, view).into_iter().for_each(|id| keys.add(id));
        return;
    }
    let news = change.verb == Verb::Added || owner_changed || old.is_some_and(|old| old.labels != pod.meta.labels);
    if !news || pod.meta.deletion.is_some() || pod.meta.labels.is_empty() {
        return;
    }
    for (id, object) in view.list(Kind::ReplicaSet, Some(&pod.meta.namespace)) {
        let selects = |set: &Arc<ReplicaSet>| !set.spec.selector.is_empty() && set.spec.selector.matches(&pod.meta.labels);
        if object.as_replica_set().is_some_and(selects) {
            keys.add(id);
        }
    }
}

/// The ReplicaSet that is the object's controller, if the cache has it.
fn owner_of(meta: &Meta, view: &View) -> Option<ObjectId> {
    let owner = meta.controller().filter(|owner| owner.kind == "ReplicaSet")?;
    view.find_uid(owner.uid).filter(|id| id.kind == Kind::ReplicaSet)
}

/// A ReplicaSet's pods.
struct Claimed<'a> {
    /// Those that count.
    active: Vec<(ObjectId, &'a Arc<Pod>)>,
    /// How many were deleted and are still ending.
    terminating: usize,
}

/// Finds the ReplicaSet's pods: its own that the selector matches, and orphans that it matches, which are adopted. Its own that no longer
/// match are released. `pkg/controller/controller_ref_manager.go`, ClaimPods.
fn claim<'a>(view: &'a View, set: &ReplicaSet, plan: &mut Plan) -> Claimed<'a> {
    let (meta, selector) = (&set.meta, &set.spec.selector);
    let deleting = meta.deletion.is_some();
    let mut claimed = Claimed { active: Vec::new(), terminating: 0 };
    // Most pods share the template's labels, which match by validation.
    let matches = |pod: &Pod| pod.meta.labels.same(&set.spec.template.labels) || selector.matches(&pod.meta.labels);
    for (id, pod) in view.pods_of(meta.uid) {
        if pod.is_active() && matches(pod) {
            claimed.active.push((id, pod));
        } else if pod.is_active() && !deleting {
            let left = pod.meta.owners().iter().filter(|owner| owner.uid != meta.uid).cloned().collect();
            plan.then(Write::Owners(id, left));
            plan.why = format!("the selector doesn't match pod {} any longer: it is released", pod.meta.name).into();
        } else if pod.is_terminating() && matches(pod) {
            claimed.terminating += 1;
        }
    }
    for (id, pod) in view.pods_of(Uid::NONE).filter(|_| !deleting) {
        if pod.meta.namespace == meta.namespace && pod.is_active() && matches(pod) {
            let mut owners = pod.meta.owners().to_vec();
            owners.push(controller_reference(meta));
            plan.then(Write::Owners(id, owners));
            plan.why = format!("the selector matches the orphan pod {}: it is adopted", pod.meta.name).into();
            claimed.active.push((id, pod));
        }
    }
    claimed
}

/// Makes what is missing, or deletes what is too much. `replica_set.go`, manageReplicas.
fn manage(view: &View, set: &ReplicaSet, active: &[(ObjectId, &Arc<Pod>)], now: SimTime, plan: &mut Plan) {
    let wanted = usize::try_from(set.replicas).unwrap_or(0);
    let have = active.len();
    let about = reference(&set.meta);
    if have < wanted {
        let missing = (wanted - have).min(BURST);
        // One pod for all requests: they differ in nothing before the server names them.
        let pod = Object::from(pod_from_template(set));
        let creations = vec![Write::Create(pod); missing];
        let told = Tell(|pod| ("SuccessfulCreate", format!("Created pod: {}", pod.meta().name)));
        plan.steps.push(Step::SlowStart(creations, Some((about, told))));
        plan.why = format!("{wanted} pods are wanted, {have} exist: {missing} more").into();
    } else if have > wanted {
        let excess = (have - wanted).min(BURST);
        let victims = victims(view, set, active, excess, now);
        let deletions = victims.into_iter().map(|id| Write::Delete(id, DeleteOptions::default())).collect();
        let told = Tell(|pod| ("SuccessfulDelete", format!("Deleted pod: {}", pod.meta().name)));
        plan.steps.push(Step::Together(deletions, Some((about, told))));
        plan.why = format!("{wanted} pods are wanted, {have} exist: {excess} go").into();
    }
}

/// A pod as the template says. Specification, labels and annotations are the template's own, shared by all replicas.
/// `pkg/controller/controller_utils.go`, GetPodFromTemplate.
fn pod_from_template(set: &ReplicaSet) -> Pod {
    let template = &set.spec.template;
    let name = &set.meta.name;
    let prefix = if name.len() < MAX_NAME { Str::from(format!("{name}-")) } else { name.clone() };
    Pod {
        meta: Meta {
            generate_name: prefix,
            namespace: set.meta.namespace.clone(),
            labels: template.labels.clone(),
            annotations: template.annotations.clone(),
            owners: Some(Arc::new(vec![controller_reference(&set.meta)])),
            ..Meta::default()
        },
        spec: template.spec.clone(),
        node_name: template.spec.node_name.clone(),
        status: PodStatus::default(),
    }
}

/// The pods to delete. Only if some remain does it matter which: `replica_set.go`, getPodsToDelete.
fn victims(view: &View, set: &ReplicaSet, active: &[(ObjectId, &Arc<Pod>)], excess: usize, now: SimTime) -> Vec<ObjectId> {
    let mut ids: Vec<ObjectId> = active.iter().map(|(id, _)| *id).collect();
    if excess < active.len() {
        let owner = set.meta.controller().map(|owner| owner.uid);
        let siblings = owner.into_iter().flat_map(|owner| view.replica_sets_of(owner));
        let related = siblings.flat_map(|(_, sibling)| view.pods_of(sibling.meta.uid));
        let crowd = ranking::Crowd::of(related.map(|(_, pod)| &**pod));
        let candidates = active.iter().map(|(_, pod)| ranking::Candidate::new(pod, crowd.on(&pod.node_name))).collect();
        ids = ranking::sorted(candidates, now).into_iter().map(|place| active[place].0).collect();
    }
    ids.truncate(excess);
    ids
}

/// The status, from the pods that there were before this sync made or deleted any. `replica_set_utils.go`, calculateStatus.
fn status(set: &ReplicaSet, pods: &Claimed<'_>, now: SimTime) -> ReplicaSetStatus {
    let mut status = ReplicaSetStatus {
        replicas: count(pods.active.len()),
        terminating_replicas: Some(count(pods.terminating)),
        observed_generation: set.meta.generation,
        // What follows a creation or deletion in a plan is only sent if it succeeded.
        conditions: set.status.conditions.iter().filter(|c| c.kind != REPLICA_FAILURE).cloned().collect(),
        ..ReplicaSetStatus::default()
    };
    for (_, pod) in &pods.active {
        status.fully_labeled_replicas += i32::from(pod.meta.labels.contains_all(&set.spec.template.labels));
        if let Some(since) = pod.ready_since() {
            status.ready_replicas += 1;
            status.available_replicas += i32::from(set.spec.min_ready.is_zero() || since + set.spec.min_ready <= now);
        }
    }
    status
}

fn count(pods: usize) -> i32 {
    i32::try_from(pods).unwrap_or(i32::MAX)
}

/// When the next pod will have been ready for long enough, if one is waiting for that.
///
/// Example: minReadySeconds 10, pods ready since 3 s and 5 s, now it is 8.5 s: look again in 4.5 s.
fn next_availability(set: &ReplicaSet, status: &ReplicaSetStatus, active: &[(ObjectId, &Arc<Pod>)], now: SimTime) -> Option<SimDuration> {
    let min_ready = set.spec.min_ready;
    if min_ready.is_zero() || status.ready_replicas == status.available_replicas {
        return None;
    }
    let due = active.iter().filter_map(|(_, pod)| pod.ready_since()).map(|since| since + min_ready);
    due.filter(|due| *due > now).min().map(|due| due.since(now))
}

/// The status after a creation or deletion failed: unless it tells of a failure already, it gets a ReplicaFailure condition, which lasts
/// until a sync succeeds. `active` pods were there. For whoever sees the answers; a plan doesn't.
pub fn with_failure(set: &ReplicaSet, active: usize, message: &str, now: SimTime) -> ReplicaSetStatus {
    let mut status = set.status.clone();
    if !status.conditions.iter().any(|c| c.kind == REPLICA_FAILURE) {
        let at = now.truncated_to_secs();
        status.conditions.push(Condition {
            kind: REPLICA_FAILURE.into(),
            status: ConditionStatus::True,
            reason: if count(active) < set.replicas { "FailedCreate" } else { "FailedDelete" }.into(),
            message: message.to_owned().into(),
            last_transition: at,
            last_update: at,
            observed_generation: 0,
        });
    }
    status
}

/// The reference by which a ReplicaSet owns its pods. `metav1.NewControllerRef`.
fn controller_reference(meta: &Meta) -> OwnerReference {
    OwnerReference {
        api_version: Kind::ReplicaSet.api_version().into(),
        kind: Kind::ReplicaSet.as_str().into(),
        name: meta.name.clone(),
        uid: meta.uid,
        controller: true,
        block_owner_deletion: true,
    }
}

/// What the controller's events are about.
fn reference(meta: &Meta) -> ObjectReference {
    ObjectReference {
        kind: Kind::ReplicaSet.as_str(),
        api_version: Kind::ReplicaSet.api_version(),
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        uid: meta.uid,
        resource_version: meta.resource_version,
        field_path: Str::EMPTY,
    }
}
