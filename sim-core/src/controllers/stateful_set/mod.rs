//! The StatefulSet controller: pods with names that last, made in order, deleted in the opposite order, updated one at a time.
//!
//! Mirrors `pkg/controller/statefulset/{stateful_set,stateful_set_control}.go`, v1.36. One file per question: [`identity`] (who a pod is,
//! and how a new one is made), [`claims`] (the volumes that are a pod's own, and what becomes of them), [`revisions`] (which template is
//! the current one), [`replicas`] (what is to be done about each pod). The feature gate MaxUnavailableStatefulSet is off, as by default.
//!
//! A name can be taken once. So a pod that is terminating keeps its successor waiting, however long that takes: on a node that is dead
//! there is nobody to say that its containers have stopped, and two pods with one name, perhaps writing to one volume, would be worse
//! than none. Seen in scenarios/statefulset-rolling.yaml.
//!
//! What differs: the sync is a pure function that goes on as if its requests succeeded; if one doesn't, the rest is dropped, and the status
//! is written as the sync would have left it. A Parallel set's claims are made before the pods of the same batch, not each beside its pod.
//! Left out: repairing the volumes of an adopted pod, which the API server refuses anyway.

pub mod claims;
pub mod identity;
pub mod replicas;
pub mod revisions;

use crate::api::event::EventType;
use crate::api::meta::{Meta, Str, StrMap, Uid};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::stateful_set::{StatefulSet, StatefulSetStatus, StatefulUpdate};
use crate::api::status::ApiError;
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::controllers::deployment::{controller_reference, reference};
use crate::controllers::history::{self, Known};
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};
use std::sync::Arc;

/// How long until the cache is looked at again that hasn't seen all of the set's own writes: those of claims wake nobody.
const STALE: SimDuration = SimDuration::from_millis(10);

/// The controller.
pub struct StatefulSetController;

impl Controller for StatefulSetController {
    const NAME: &'static str = "statefulset-controller";
    /// `--concurrent-statefulset-syncs`
    const WORKERS: usize = 5;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        let selects = |owner: &Object, labels: &StrMap| {
            owner.as_stateful_set().is_some_and(|set| !set.spec.selector.is_empty() && set.spec.selector.matches(labels))
        };
        match &change.object {
            Object::StatefulSet(_) if change.verb != Verb::Deleted => keys.add(change.id),
            Object::Pod(_) => history::route_pod(Kind::StatefulSet, change, view, selects, |id| keys.add(id)),
            // Only so that no set waits for the news of its own revision; upstream reads them when it happens to look.
            Object::ControllerRevision(_) => history::route(Kind::StatefulSet, change, view, |_, _| false, |id| keys.add(id)),
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, settled: bool) -> Plan {
        let Some(set) = view.stateful_set(key).filter(|set| !set.spec.selector.is_empty()) else { return Plan::nothing() };
        if !settled {
            return Plan { requeue_after: Some(STALE), ..Plan::nothing() };
        }
        let mut plan = Plan::nothing();
        let mut known = history::claim(Kind::StatefulSet, view, &set.meta, &set.spec.selector, false, &mut plan);
        let pods = claim_pods(view, set, &mut plan);
        let revisions = revisions::of(view, set, &mut known, &mut plan);
        let mut update = Update { view, set, now, revisions, status: StatefulSetStatus::default(), plan };
        update.run(&pods);
        update.write_status(key);
        let Update { revisions, mut plan, .. } = update;
        revisions::truncate(set, &known, &revisions, &pods, &mut plan);
        plan.requeue_after = [next_available(set, &pods, now), plan.requeue_after].into_iter().flatten().min();
        plan
    }

    /// Tells what failed, and writes the status in any case.
    fn on_error(view: &View, key: ObjectId, seen: Option<&Object>, failed: &Write, error: &ApiError, _now: SimTime) -> Plan {
        let mut plan = Plan::nothing();
        let Some(set) = seen.and_then(Object::as_stateful_set) else { return plan };
        let about = reference(Kind::StatefulSet, &set.meta);
        let mut tell = |verb: &str, pod: &str, why: &str| {
            let reason = if verb == "Create" { "FailedCreate" } else { "FailedDelete" };
            let message = format!("{verb} Pod {pod} in StatefulSet {} failed error: {why}", set.meta.name);
            plan.report(about.clone(), EventType::Warning, reason, message);
        };
        match failed {
            Write::Create(Object::Pod(pod)) if !error.is_already_exists() => tell("Create", &pod.meta.name, &error.to_string()),
            Write::Create(claim) if claim.kind() == Kind::PersistentVolumeClaim => {
                let claim = &claim.meta().name;
                if let Some(pod) = claims::pod_of(set, claim) {
                    let why = format!("failed to create PVC {claim}: {error}");
                    tell("Create", &pod, &why);
                    if !error.is_already_exists() {
                        let name = &set.meta.name;
                        let message = format!("Create Claim {claim} for Pod {pod} in StatefulSet {name} failed error: {error}");
                        plan.report(about, EventType::Warning, "FailedCreate", message);
                    }
                }
            }
            Write::Delete(id, _) => {
                let pod = view.pod(*id).map(|pod| pod.meta.name.clone()).unwrap_or_default();
                tell("Delete", &pod, &error.to_string());
            }
            _ => return plan,
        }
        plan.then(Write::UpdateStatus(key, set.clone().into()));
        plan
    }
}

/// A pod of the set that exists.
pub type Member<'a> = (ObjectId, &'a Arc<Pod>);

/// Finds the set's pods: its own that the selector matches and that are called like one, and orphans of which both hold, which are adopted.
/// Its own that don't fit any longer are released. `getPodsForStatefulSet`, and `pkg/controller/controller_ref_manager.go`, ClaimPods.
fn claim_pods<'a>(view: &'a View, set: &StatefulSet, plan: &mut Plan) -> Vec<Member<'a>> {
    let (meta, deleting) = (&set.meta, set.meta.deletion.is_some());
    let fits = |pod: &Meta| set.spec.selector.matches(&pod.labels) && identity::is_member(&meta.name, &pod.name);
    let mut members = Vec::new();
    for (id, pod) in view.pods_of(meta.uid, &meta.namespace) {
        if fits(&pod.meta) {
            members.push((id, pod));
        } else if !deleting {
            plan.then(Write::Owners(id, history::owners_without(&pod.meta, meta.uid)));
            plan.why = format!("pod {} isn't one of the set's any longer: it is released", pod.meta.name).into();
        }
    }
    for (id, pod) in view.pods_of(Uid::NONE, &meta.namespace).filter(|_| !deleting) {
        if pod.meta.deletion.is_none() && fits(&pod.meta) {
            let mut owners = pod.meta.owners().to_vec();
            owners.push(controller_reference(Kind::StatefulSet, meta));
            plan.then(Write::Owners(id, owners));
            plan.why = format!("the orphan pod {} has a name of the set's, and its labels: it is adopted", pod.meta.name).into();
            members.push((id, pod));
        }
    }
    members
}

/// How long until the next pod will have been ready for long enough.
fn next_available(set: &StatefulSet, pods: &[Member<'_>], now: SimTime) -> Option<SimDuration> {
    let due = |pod: &Pod| pod.ready_since().map(|since| since + set.spec.min_ready).filter(|due| *due > now);
    pods.iter().filter_map(|(_, pod)| due(pod)).min().map(|due| due.since(now))
}

/// The two revisions that count.
#[derive(Clone, Debug)]
pub struct Revisions {
    /// That of the pods from before the update.
    pub current: Known,
    /// That of the set's template.
    pub update: Known,
    /// How often a revision's name was taken.
    pub collision_count: i32,
}

/// One sync of a StatefulSet. `updateStatefulSet`.
pub struct Update<'a> {
    view: &'a View,
    set: &'a StatefulSet,
    now: SimTime,
    revisions: Revisions,
    status: StatefulSetStatus,
    plan: Plan,
}

impl<'a> Update<'a> {
    fn run(&mut self, pods: &[Member<'a>]) {
        let (spec, deleting) = (&self.set.spec, self.set.meta.deletion.is_some());
        self.status.observed_generation = self.set.meta.generation;
        self.status.current_revision = self.revisions.current.name().clone();
        self.status.update_revision = self.revisions.update.name().clone();
        self.status.collision_count = Some(self.revisions.collision_count);
        self.count(pods.iter().map(|(_, pod)| &***pod));
        if deleting {
            return;
        }
        let (replicas, condemned) = replicas::divide(spec, pods);
        let first_unavailable = replicas::first_unavailable(self, &replicas, &condemned);
        let go_on = replicas::keep(self, &replicas) && replicas::condemn(self, &condemned, first_unavailable);
        self.count(replicas.iter().filter_map(|replica| replica.pod).chain(condemned.iter().copied()).map(|(_, pod)| &**pod));
        if let StatefulUpdate::RollingUpdate { partition } = spec.update
            && go_on
        {
            replicas::update(self, &replicas, partition.unwrap_or(0));
        }
    }

    /// Counts the pods that exist. `computeReplicaStatus`: those that are going count too, but not as of a revision.
    fn count<'p>(&mut self, pods: impl Iterator<Item = &'p Pod>) {
        let (mut replicas, mut ready, mut available, mut current, mut updated) = (0, 0, 0, 0, 0);
        for pod in pods {
            let revision = identity::revision(pod);
            let (is_ready, stays) = (replicas::is_running_and_ready(pod), pod.meta.deletion.is_none());
            replicas += 1;
            ready += i32::from(is_ready);
            available += i32::from(is_ready && replicas::is_available(self, pod));
            current += i32::from(stays && revision == Some(self.revisions.current.name()));
            updated += i32::from(stays && revision == Some(self.revisions.update.name()));
        }
        let status = &mut self.status;
        (status.replicas, status.ready_replicas, status.available_replicas) = (replicas, ready, available);
        (status.current_replicas, status.updated_replicas) = (current, updated);
    }

    /// Writes the status, if it differs. Once all pods are ready and of the update revision, that is the current one: the update is
    /// complete. `completeRollingUpdate` and `inconsistentStatus`.
    fn write_status(&mut self, key: ObjectId) {
        let (wanted, status) = (self.set.spec.replicas, &mut self.status);
        let complete = [status.updated_replicas, status.ready_replicas, status.replicas].iter().all(|count| *count == wanted);
        if complete && matches!(self.set.spec.update, StatefulUpdate::RollingUpdate { .. }) {
            status.current_replicas = status.updated_replicas;
            status.current_revision = status.update_revision.clone();
        }
        let old = &self.set.status;
        let kept = StatefulSetStatus {
            observed_generation: status.observed_generation.max(old.observed_generation),
            collision_count: status.collision_count,
            ..old.clone()
        };
        // Upstream tries a conflicting status once more with the current revision: that is no check at all.
        let mut next = self.set.clone();
        next.meta.resource_version = 0;
        next.status = status.clone();
        if kept != *status || status.observed_generation > old.observed_generation {
            self.plan.then(Write::UpdateStatus(key, next.clone().into()));
            self.explain(|| "the status follows the pods".to_owned());
        }
        self.plan.seen = Some(next.into());
    }

    /// Records an event about the set.
    fn report(&mut self, event_type: EventType, reason: &'static str, message: String) {
        self.plan.report(reference(Kind::StatefulSet, &self.set.meta), event_type, reason, message);
    }

    /// Sets the reason for people, unless a weightier one is there.
    fn explain(&mut self, why: impl FnOnce() -> String) {
        if self.plan.why.is_empty() {
            self.plan.why = Str::from(why());
        }
    }
}
