//! The ReplicaSet controller: makes and deletes pods until there are as many as wanted.
//!
//! Mirrors `pkg/controller/replicaset/{replica_set,replica_set_utils}.go` and the pod functions of `pkg/controller/controller_utils.go`,
//! v1.36. Which pods go first is in [`ranking`].
//!
//! What differs: instead of counting expected creations and deletions, the runner says whether the cache has seen everything that was
//! written for this ReplicaSet; until then no pod is made or deleted, or the same ones would be made twice.

pub mod ranking;

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::{Condition, ConditionStatus, Meta, OwnerReference, Str, StrMap, Uid};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::{Pod, PodStatus};
use crate::api::status::ApiError;
use crate::api::workloads::{ReplicaSet, ReplicaSetStatus};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Keys, Plan, Step, Tell};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
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
        let acts = settled && set.meta.deletion.is_none();
        let counted = count_cohorts(view, set).filter(|count| !acts || count.active <= wanted(set));
        let count = counted.unwrap_or_else(|| {
            let claimed = claim(view, set, &mut plan);
            let count = Count::of(set, &claimed, now);
            if acts && count.active > wanted(set) {
                remove_excess(view, set, &claimed.active, now, &mut plan);
            }
            count
        });
        if acts && count.active < wanted(set) {
            add_missing(set, count.active, &mut plan);
        }
        let status = status(set, &count);
        plan.requeue_after = count.next_available.map(|due| due.since(now));
        if !plan.is_empty() {
            // If a creation or deletion fails, the failure joins the status that goes by the pods that there are now.
            let conditions = set.status.conditions.clone();
            plan.seen = Some(ReplicaSet { status: ReplicaSetStatus { conditions, ..status.clone() }, ..(**set).clone() }.into());
        }
        write_status(key, set, status, &mut plan);
        plan
    }

    fn on_error(view: &View, key: ObjectId, seen: Option<&Object>, failed: &Write, error: &ApiError, now: SimTime) -> Plan {
        let mut plan = Plan::nothing();
        let (Some(seen), Some(set)) = (seen.and_then(Object::as_replica_set), view.replica_set(key)) else { return plan };
        let (reason, did) = match failed {
            Write::Create(_) => ("FailedCreate", "creating"),
            Write::Delete(..) => ("FailedDelete", "deleting"),
            _ => return plan,
        };
        plan.report(reference(&set.meta), EventType::Warning, reason, format!("Error {did}: {error}"));
        let status = with_failure(seen.status.clone(), reason, &error.to_string(), now);
        write_status(key, set, status, &mut plan);
        plan
    }
}

/// Writes the status of a sync, if it differs.
fn write_status(key: ObjectId, set: &ReplicaSet, status: ReplicaSetStatus, plan: &mut Plan) {
    if status == set.status {
        return;
    }
    // Upstream tries a conflicting status once more with the current revision: that is no check at all.
    let mut next = set.clone();
    next.meta.resource_version = 0;
    next.status = status;
    plan.then(Write::UpdateStatus(key, next.into()));
    if plan.why.is_empty() {
        plan.why = "the status follows the pods".into();
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
    for (id, pod) in view.pods_of(meta.uid, &meta.namespace) {
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
    for (id, pod) in view.pods_of(Uid::NONE, &meta.namespace).filter(|_| !deleting) {
        if pod.is_active() && matches(pod) {
            let mut owners = pod.meta.owners().to_vec();
            owners.push(controller_reference(meta));
            plan.then(Write::Owners(id, owners));
            plan.why = format!("the selector matches the orphan pod {}: it is adopted", pod.meta.name).into();
            claimed.active.push((id, pod));
        }
    }
    claimed
}

/// A ReplicaSet's pods, counted. `replica_set_utils.go`, calculateStatus.
#[derive(Default)]
struct Count {
    active: usize,
    terminating: usize,
    fully_labeled: usize,
    ready: usize,
    available: usize,
    /// When the next pod will have been ready for long enough, if one is waiting for that.
    next_available: Option<SimTime>,
}

impl Count {
    /// Example: minReadySeconds 10, pods ready since 3 s and 5 s, now it is 8.5 s: the next is available at 13 s.
    fn of(set: &ReplicaSet, pods: &Claimed<'_>, now: SimTime) -> Count {
        let mut count = Count { active: pods.active.len(), terminating: pods.terminating, ..Count::default() };
        let min_ready = set.spec.min_ready;
        for (_, pod) in &pods.active {
            count.fully_labeled += usize::from(pod.meta.labels.contains_all(&set.spec.template.labels));
            let Some(since) = pod.ready_since() else { continue };
            count.ready += 1;
            let due = since + min_ready;
            if min_ready.is_zero() || due <= now {
                count.available += 1;
            } else {
                count.next_available = Some(count.next_available.map_or(due, |earliest| earliest.min(due)));
            }
        }
        count
    }
}

fn wanted(set: &ReplicaSet) -> usize {
    usize::try_from(set.replicas).unwrap_or(0)
}

/// The count without a look at each pod: possible where availability needs no times, and no pod is to be adopted or released.
fn count_cohorts(view: &View, set: &ReplicaSet) -> Option<Count> {
    if !set.spec.min_ready.is_zero() {
        return None;
    }
    let (meta, template) = (&set.meta, &set.spec.template.labels);
    let matches = |labels: &StrMap| labels.same(template) || set.spec.selector.matches(labels);
    if meta.deletion.is_none() && view.cohorts_of(Uid::NONE, &meta.namespace).any(|orphans| orphans.active > 0 && matches(orphans.labels()))
    {
        return None;
    }
    let mut count = Count::default();
    for cohort in view.cohorts_of(meta.uid, &meta.namespace) {
        if !matches(cohort.labels()) {
            return None;
        }
        let active = cohort.active as usize;
        count.active += active;
        count.terminating += cohort.terminating as usize;
        count.ready += cohort.ready as usize;
        count.fully_labeled += if cohort.labels().contains_all(template) { active } else { 0 };
    }
    count.available = count.ready;
    Some(count)
}

/// Makes the pods that are missing. `replica_set.go`, manageReplicas.
fn add_missing(set: &ReplicaSet, have: usize, plan: &mut Plan) {
    let wanted = wanted(set);
    let missing = (wanted - have).min(BURST);
    // One pod for all requests: they differ in nothing before the server names them.
    let pod = Object::from(pod_from_template(set));
    let creations = vec![Write::Create(pod); missing];
    let told = Tell(|pod| ("SuccessfulCreate", format!("Created pod: {}", pod.meta().name)));
    plan.steps.push(Step::SlowStart(creations, Some((reference(&set.meta), told))));
    plan.why = format!("{wanted} pods are wanted, {have} exist: {missing} more").into();
}

/// Deletes the pods that are too many. `replica_set.go`, manageReplicas.
fn remove_excess(view: &View, set: &ReplicaSet, active: &[(ObjectId, &Arc<Pod>)], now: SimTime, plan: &mut Plan) {
    let (wanted, have) = (wanted(set), active.len());
    let excess = (have - wanted).min(BURST);
    let victims = victims(view, set, active, excess, now);
    let deletions = victims.into_iter().map(|id| Write::Delete(id, DeleteOptions::default())).collect();
    let told = Tell(|pod| ("SuccessfulDelete", format!("Deleted pod: {}", pod.meta().name)));
    plan.steps.push(Step::Together(deletions, Some((reference(&set.meta), told))));
    plan.why = format!("{wanted} pods are wanted, {have} exist: {excess} go").into();
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
        target: Str::EMPTY,
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
        let related = siblings.flat_map(|(_, sibling)| view.pods_of(sibling.meta.uid, &sibling.meta.namespace));
        let crowd = ranking::Crowd::of(related.map(|(_, pod)| &**pod));
        let candidates = active.iter().map(|(_, pod)| ranking::Candidate::new(pod, crowd.on(&pod.node_name))).collect();
        ids = ranking::sorted(candidates, now).into_iter().map(|place| active[place].0).collect();
    }
    ids.truncate(excess);
    ids
}

/// The status, from the pods that there were before this sync made or deleted any. `replica_set_utils.go`, calculateStatus.
fn status(set: &ReplicaSet, count: &Count) -> ReplicaSetStatus {
    let number = |pods: usize| i32::try_from(pods).unwrap_or(i32::MAX);
    ReplicaSetStatus {
        replicas: number(count.active),
        terminating_replicas: Some(number(count.terminating)),
        fully_labeled_replicas: number(count.fully_labeled),
        ready_replicas: number(count.ready),
        available_replicas: number(count.available),
        observed_generation: set.meta.generation,
        // What follows a creation or deletion in a plan is only sent if it succeeded.
        conditions: set.status.conditions.iter().filter(|c| c.kind != REPLICA_FAILURE).cloned().collect(),
    }
}

/// The status after a creation or deletion failed: it gets a ReplicaFailure condition, which lasts until a sync succeeds.
/// `replica_set_utils.go`, calculateStatus.
fn with_failure(mut status: ReplicaSetStatus, reason: &'static str, message: &str, now: SimTime) -> ReplicaSetStatus {
    if !status.conditions.iter().any(|c| c.kind == REPLICA_FAILURE) {
        let at = now.truncated_to_secs();
        status.conditions.push(Condition {
            kind: REPLICA_FAILURE.into(),
            status: ConditionStatus::True,
            reason: reason.into(),
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
    ObjectReference::seen(Kind::ReplicaSet, meta)
}
