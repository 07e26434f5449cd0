//! The DaemonSet controller: one pod on each node that should have one.
//!
//! Mirrors `pkg/controller/daemon/{daemon_controller,update}.go`, v1.36. One file per question: [`placement`] (where pods are missing or too
//! many), [`rolling`] (which are replaced by newer ones), [`revisions`] (which template is the current one). The pods go through the
//! scheduler, with an affinity for their node; they tolerate what befalls a node, so a dead node's pod stays until the node is deleted.
//! Seen in scenarios/daemonset-rolling.yaml.
//!
//! What differs: a sync doesn't look at each node. Those where all is well are counted ([`crate::client::roster`]), the others are looked
//! at. When it makes or deletes pods it leaves the status to the next sync, which their changes ask for: upstream writes it in the same
//! sync, by what its cache has seen until then. How long a failed pod must stay is derived from when the last one went.
//! Left out: `SelectingAll`, which validation rules out.

pub mod placement;
pub mod revisions;
pub mod rolling;

use crate::api::daemon_set::{DaemonSet, DaemonSetStatus, DaemonUpdate, TEMPLATE_GENERATION, Wanted};
use crate::api::event::EventType;
use crate::api::meta::{Meta, Str, StrMap, Uid};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::{Pod, PodStatus};
use crate::api::status::ApiError;
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Keys, Plan, Step, Tell};
use crate::client::roster::{HASH, Roster, Seat};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::controllers::deployment::{controller_reference, reference};
use crate::controllers::history::{self, owners_without};
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};
use std::sync::Arc;

/// How many pods one sync makes, and how many it deletes: `BurstReplicas`.
const BURST: usize = 250;
/// The label of old clients with the number of the template's changes.
const GENERATION: &str = "pod-template-generation";

/// The controller.
pub struct DaemonSetController;

impl Controller for DaemonSetController {
    const NAME: &'static str = "daemonset-controller";
    /// `--concurrent-daemonset-syncs`
    const WORKERS: usize = 2;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        let selects = |owner: &Object, labels: &StrMap| {
            owner.as_daemon_set().is_some_and(|set| !set.spec.selector.is_empty() && set.spec.selector.matches(labels))
        };
        match &change.object {
            Object::DaemonSet(_) if change.verb != Verb::Deleted => keys.add(change.id),
            Object::Pod(_) => history::route_pod(Kind::DaemonSet, change, view, selects, |id| keys.add(id)),
            Object::ControllerRevision(_) => history::route(Kind::DaemonSet, change, view, selects, |id| keys.add(id)),
            Object::Node(_) if change.verb != Verb::Deleted && view.has(Kind::DaemonSet) => route_node(change, view, keys),
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, settled: bool) -> Plan {
        let Some(set) = view.daemon_set(key).filter(|set| set.meta.deletion.is_none() && !set.spec.selector.is_empty()) else {
            return Plan::nothing();
        };
        let mut sync = Sync { view, set, now, hash: Str::EMPTY, plan: Plan::nothing() };
        let mut known = history::claim(Kind::DaemonSet, view, &set.meta, &set.spec.selector, true, &mut sync.plan);
        let Some(current) = sync.current_revision(&mut known) else { return sync.plan };
        sync.hash = revisions::hash(&current).clone();
        if !settled {
            // Nothing is decided before the cache has seen what was; so the generation isn't observed either.
            sync.write_status(key, set.status.observed_generation);
            return sync.plan;
        }
        if sync.claim_pods() {
            return sync.plan;
        }
        let mut acts = placement::place(&mut sync);
        if !acts && matches!(set.spec.update, DaemonUpdate::RollingUpdate { .. }) {
            acts = rolling::update(&mut sync);
        }
        sync.clean_up(&known, &current);
        if !acts {
            sync.write_status(key, set.meta.generation);
        }
        sync.plan
    }

    fn on_error(view: &View, key: ObjectId, _seen: Option<&Object>, failed: &Write, error: &ApiError, now: SimTime) -> Plan {
        let Some(set) = view.daemon_set(key) else { return Plan::nothing() };
        let mut sync = Sync { view, set, now, hash: Str::EMPTY, plan: Plan::nothing() };
        match failed {
            Write::Create(Object::Pod(_)) => sync.report(EventType::Warning, "FailedCreate", format!("Error creating: {error}")),
            Write::Delete(id, _) if id.kind == Kind::Pod => {
                sync.report(EventType::Warning, "FailedDelete", format!("Error deleting: {error}"));
            }
            // The name is taken by a revision that the cache may not have seen yet: tried again when it has.
            _ => return sync.plan,
        }
        sync.hash = revisions::known_hash(view, set);
        sync.write_status(key, set.meta.generation);
        sync.plan.requeue_after = None;
        sync.plan
    }
}

/// The DaemonSets for which a new or changed node makes a difference. `syncNodeUpdate`.
fn route_node(change: &Change, view: &View, keys: &mut Keys) {
    let (Object::Node(node), old) = (&change.object, change.old.as_ref().and_then(Object::as_node)) else { return };
    if old.is_some_and(|old| change.verb == Verb::Modified && old.meta.labels == node.meta.labels && old.taints == node.taints) {
        return;
    }
    for (id, object) in view.list(Kind::DaemonSet, None) {
        let Some(set) = object.as_daemon_set() else { continue };
        let seat = view.roster_of(set.meta.uid).seat(&node.meta.name);
        let wanted = seat.map_or(Wanted::No, |seat| seat.wanted);
        let bound = |number: &u32| view.pod(ObjectId { kind: Kind::Pod, number: *number }).is_some_and(|pod| !pod.node_name.is_empty());
        let there = seat.is_some_and(|seat| seat.pods.iter().any(bound));
        if (wanted == Wanted::Yes && !there) || (there && (wanted == Wanted::No || set.status.misscheduled > 0)) {
            keys.add(id);
        }
    }
}

/// One sync of a DaemonSet.
pub struct Sync<'a> {
    view: &'a View,
    set: &'a DaemonSet,
    now: SimTime,
    /// The hash of the current template.
    hash: Str,
    plan: Plan,
}

/// A pod of the set.
type Daemon<'a> = (ObjectId, &'a Arc<Pod>);

impl<'a> Sync<'a> {
    fn roster(&self) -> Roster<'a> {
        self.view.roster_of(self.set.meta.uid)
    }

    /// A node's pods that the set deals with: those that ended and are being deleted need nothing any more.
    fn pods(&self, seat: &Seat) -> Vec<Daemon<'a>> {
        let pod = |number: &u32| {
            let id = ObjectId { kind: Kind::Pod, number: *number };
            self.view.pod(id).map(|pod| (id, pod))
        };
        seat.pods.iter().filter_map(pod).filter(|(_, pod)| !pod.status.phase.is_final() || pod.meta.deletion.is_none()).collect()
    }

    fn is_updated(&self, pod: &Pod) -> bool {
        !self.hash.is_empty() && pod.meta.labels.get(HASH) == Some(&self.hash)
    }

    /// The moment after which a pod must not have become ready to be available. `None`: none is that young.
    fn young_from(&self) -> Option<SimTime> {
        let min_ready = self.set.spec.min_ready;
        (!min_ready.is_zero()).then(|| SimTime::ZERO + SimDuration::from_nanos(self.now.as_nanos().saturating_sub(min_ready.as_nanos())))
    }

    /// Whether a pod has been ready for long enough.
    fn is_available(&self, pod: &Pod) -> bool {
        pod.ready_since().is_some_and(|since| since + self.set.spec.min_ready <= self.now || self.set.spec.min_ready.is_zero())
    }

    /// The nodes at rest of a hash whose pod isn't available yet.
    fn young(&self, hash: &Str) -> impl Iterator<Item = (&'a Str, SimTime, u32)> {
        let (min_ready, now) = (self.set.spec.min_ready, self.now);
        let rows = self.young_from().map(|from| self.roster().ready_since(hash, from));
        rows.into_iter().flatten().filter(move |(_, since, _)| *since + min_ready > now)
    }

    /// Adopts orphans that the selector matches, and releases own pods that it doesn't match any longer. Returns whether there were any:
    /// their changes bring this set back. `pkg/controller/controller_ref_manager.go`, ClaimPods.
    fn claim_pods(&mut self) -> bool {
        let (meta, selector) = (&self.set.meta, &self.set.spec.selector);
        let before = self.plan.steps.len();
        let own_fit = self.view.cohorts_of(meta.uid, &meta.namespace).all(|cohort| selector.matches(cohort.labels()));
        if !own_fit {
            for (id, pod) in self.view.pods_of(meta.uid, &meta.namespace).filter(|(_, pod)| !selector.matches(&pod.meta.labels)) {
                self.plan.then(Write::Owners(id, owners_without(&pod.meta, meta.uid)));
                self.plan.why = format!("the selector doesn't match pod {} any longer: it is released", pod.meta.name).into();
            }
        }
        let orphans = self.view.cohorts_of(Uid::NONE, &meta.namespace).any(|cohort| selector.matches(cohort.labels()));
        if orphans {
            let all = self.view.pods_of(Uid::NONE, &meta.namespace);
            for (id, pod) in all.filter(|(_, pod)| pod.meta.deletion.is_none() && selector.matches(&pod.meta.labels)) {
                let mut owners = pod.meta.owners().to_vec();
                owners.push(controller_reference(Kind::DaemonSet, meta));
                self.plan.then(Write::Owners(id, owners));
                self.plan.why = format!("the selector matches the orphan pod {}: it is adopted", pod.meta.name).into();
            }
        }
        self.plan.steps.len() > before
    }

    /// Makes pods for nodes and deletes pods, as many as a sync may. `syncNodes`. Returns whether there were any.
    fn send(&mut self, nodes: Vec<Str>, doomed: Vec<ObjectId>) -> bool {
        let about = reference(Kind::DaemonSet, &self.set.meta);
        let acts = !nodes.is_empty() || !doomed.is_empty();
        if !nodes.is_empty() {
            let template = self.pod();
            let create = |node: Str| Write::Create(Pod { target: node, ..template.clone() }.into());
            let told = Tell(|pod| ("SuccessfulCreate", format!("Created pod: {}", pod.meta().name)));
            self.plan.steps.push(Step::SlowStart(nodes.into_iter().take(BURST).map(create).collect(), Some((about.clone(), told))));
        }
        if !doomed.is_empty() {
            let delete = |id: ObjectId| Write::Delete(id, DeleteOptions::default());
            let told = Tell(|pod| ("SuccessfulDelete", format!("Deleted pod: {}", pod.meta().name)));
            self.plan.steps.push(Step::Together(doomed.into_iter().take(BURST).map(delete).collect(), Some((about, told))));
        }
        acts
    }

    /// A pod as the template says, for no node yet. All pods share its specification and its labels. `CreatePodTemplate`.
    fn pod(&self) -> Pod {
        let (meta, template) = (&self.set.meta, &self.set.spec.daemon);
        let mut labels = template.labels.clone();
        if let Some(generation) = meta.annotations.get(TEMPLATE_GENERATION).filter(|text| text.parse::<i64>().is_ok()) {
            labels.set(GENERATION, generation.clone());
        }
        labels.set(HASH, self.hash.clone());
        Pod {
            meta: Meta {
                generate_name: Str::from(format!("{}-", meta.name)),
                namespace: meta.namespace.clone(),
                labels,
                annotations: template.annotations.clone(),
                owners: Some(Arc::new(vec![controller_reference(Kind::DaemonSet, meta)])),
                ..Meta::default()
            },
            spec: template.spec.clone(),
            target: Str::EMPTY,
            node_name: template.spec.node_name.clone(),
            status: PodStatus::default(),
        }
    }

    /// Counts the nodes. `updateDaemonSetStatus`. On a node with several pods the oldest speaks for them, a bound one before others.
    fn count(&self, observed_generation: i64) -> DaemonSetStatus {
        let roster = self.roster();
        let mut status =
            DaemonSetStatus { observed_generation, collision_count: self.set.status.collision_count, ..DaemonSetStatus::default() };
        status.desired = roster.wanted() as i32;
        for (hash, calm) in roster.resting() {
            let (ready, nodes) = (calm.ready as i32, (calm.ready + calm.starting) as i32);
            status.current += nodes;
            status.ready += ready;
            status.available += ready - self.young(hash).count() as i32;
            status.updated += if *hash == self.hash { nodes } else { 0 };
        }
        for (_, seat) in roster.restless().filter(|(_, seat)| seat.exists && !seat.pods.is_empty()) {
            let mut pods = self.pods(seat);
            placement::sort(&mut pods);
            let Some((_, pod)) = pods.first() else { continue };
            if seat.wanted != Wanted::Yes {
                status.misscheduled += 1;
                continue;
            }
            status.current += 1;
            status.ready += i32::from(pod.is_ready());
            status.available += i32::from(self.is_available(pod));
            status.updated += i32::from(self.is_updated(pod));
        }
        status.unavailable = status.desired - status.available;
        status
    }

    /// Writes the status, if it differs, and comes back when the next pod will have been ready for long enough. `storeDaemonSetStatus`.
    fn write_status(&mut self, key: ObjectId, observed_generation: i64) {
        let (status, old) = (self.count(observed_generation), &self.set.status);
        let alike = DaemonSetStatus { observed_generation: old.observed_generation, ..status.clone() } == *old;
        if !alike || old.observed_generation < self.set.meta.generation && old.observed_generation < observed_generation {
            // Upstream tries a conflicting status once more with the current revision: that is no check at all.
            let mut next = self.set.clone();
            next.meta.resource_version = 0;
            next.status = DaemonSetStatus { observed_generation: observed_generation.max(old.observed_generation), ..status };
            self.plan.then(Write::UpdateStatus(key, next.into()));
            self.explain(|| "the status follows the pods".to_owned());
        }
        self.plan.requeue_after = [self.plan.requeue_after, self.next_available()].into_iter().flatten().min();
    }

    /// How long until the next pod will have been ready for long enough.
    fn next_available(&self) -> Option<SimDuration> {
        let min_ready = self.set.spec.min_ready;
        if min_ready.is_zero() {
            return None;
        }
        let resting = self.roster().resting().filter_map(|(hash, _)| self.young(hash).next()).map(|(_, since, _)| since);
        let others = self.roster().restless().flat_map(|(_, seat)| self.pods(seat)).filter_map(|(_, pod)| pod.ready_since());
        let due = resting.chain(others).map(|since| since + min_ready);
        due.filter(|due| *due > self.now).min().map(|due| due.since(self.now))
    }

    /// Records an event about the set.
    fn report(&mut self, event_type: EventType, reason: &'static str, message: String) {
        self.plan.report(reference(Kind::DaemonSet, &self.set.meta), event_type, reason, message);
    }

    /// Sets the reason for people, unless a weightier one is there.
    fn explain(&mut self, why: impl FnOnce() -> String) {
        if self.plan.why.is_empty() {
            self.plan.why = Str::from(why());
        }
    }
}
