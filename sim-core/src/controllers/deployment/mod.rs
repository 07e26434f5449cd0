//! The Deployment controller: keeps one ReplicaSet per revision of the pod template, and sizes them so that the newest takes over.
//!
//! Mirrors `pkg/controller/deployment/{deployment_controller,sync}.go`, v1.36. One file per question: [`rolling`] and [`recreate`] (how
//! pods are replaced), [`scaling`] (what a changed `replicas` does), [`revisions`] (which ReplicaSet is the current one, and what is kept
//! of the others), [`progress`] (conditions and the deadline), [`rollback`] (the annotation of old clients).
//!
//! What differs: the real sync talks to the API server as it goes. Here it is a pure function, so it writes down what it would send, and
//! goes on as if each request succeeded; if one doesn't, the runner drops the rest and calls again. Writes carry the revision of the
//! cached object, so a stale cache gets its conflict as in reality. Most visibly after a new ReplicaSet was created: the Deployment's
//! revision and condition are written first, so the full status that follows in the same sync conflicts, and lands a sync later.
//! Left out: what a failed creation of a ReplicaSet leaves in the status (`ReplicaSetCreateError`): a plan can't see answers.

pub mod progress;
pub mod recreate;
pub mod revisions;
pub mod rollback;
pub mod rolling;
pub mod scaling;

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::{ConditionStatus, Meta, OwnerReference, Uid};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::status::ApiError;
use crate::api::workloads::{Deployment, DeploymentStatus, ReplicaSet, Strategy};
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use std::sync::Arc;

/// The controller.
pub struct DeploymentController;

impl Controller for DeploymentController {
    const NAME: &'static str = "deployment-controller";
    /// `--concurrent-deployment-syncs`
    const WORKERS: usize = 5;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match &change.object {
            Object::Deployment(_) if change.verb != Verb::Deleted => keys.add(change.id),
            Object::ReplicaSet(set) => route_replica_set(change, set, view, keys),
            // A Recreate rollout goes on when its last pod is gone.
            Object::Pod(pod) if change.verb == Verb::Deleted => {
                let Some(set) = owner_of(&pod.meta, Kind::ReplicaSet, view).and_then(|id| view.replica_set(id)) else { return };
                let Some(id) = owner_of(&set.meta, Kind::Deployment, view) else { return };
                let recreate = view.deployment(id).is_some_and(|deployment| deployment.spec.strategy == Strategy::Recreate);
                let owner = set.meta.controller().map_or(Uid::NONE, |owner| owner.uid);
                if recreate && view.replica_sets_of(owner).all(|(_, set)| view.pods_of(set.meta.uid, &set.meta.namespace).next().is_none())
                {
                    keys.add(id);
                }
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, _settled: bool) -> Plan {
        let Some(cached) = view.deployment(key) else { return Plan::nothing() };
        // Validation refuses a selector that matches everything; the controller won't act on one either.
        if cached.spec.selector.is_empty() {
            return Plan::nothing();
        }
        let mut rollout = Rollout::new(key, cached, now);
        rollout.claim(view);
        rollout.run(view);
        rollout.plan
    }

    /// A ReplicaSet that can't be made stops the rollout's progress. `sync.go`, getNewReplicaSet.
    fn on_error(view: &View, key: ObjectId, _seen: Option<&Object>, failed: &Write, error: &ApiError, now: SimTime) -> Plan {
        let (Some(cached), Write::Create(Object::ReplicaSet(set))) = (view.deployment(key), failed) else { return Plan::nothing() };
        let mut rollout = Rollout::new(key, cached, now);
        let message = format!("Failed to create new replica set {:?}: {error}", set.meta.name.as_str());
        if rollout.deployment.spec.progress_deadline.is_some() {
            let stopped = progress::condition(progress::PROGRESSING, ConditionStatus::False, CREATE_ERROR, message.clone(), now);
            progress::set_condition(&mut rollout.deployment.status, stopped);
            rollout.write_status();
        }
        rollout.report(EventType::Warning, CREATE_ERROR, message);
        rollout.plan
    }
}

/// Why a rollout doesn't progress whose ReplicaSet is refused.
const CREATE_ERROR: &str = "ReplicaSetCreateError";

/// The owning Deployment; for an orphan that is new or was relabelled, all that might adopt it.
fn route_replica_set(change: &Change, set: &ReplicaSet, view: &View, keys: &mut Keys) {
    let old = change.old.as_ref().filter(|_| change.verb == Verb::Modified).map(Object::meta);
    let owner = set.meta.controller();
    let owner_changed = old.is_some_and(|old| old.controller() != owner);
    if let Some(id) = old.filter(|_| owner_changed).and_then(|old| owner_of(old, Kind::Deployment, view)) {
        keys.add(id);
    }
    if owner.is_some() {
        owner_of(&set.meta, Kind::Deployment, view).into_iter().for_each(|id| keys.add(id));
        return;
    }
    let news = change.verb == Verb::Added || owner_changed || old.is_some_and(|old| old.labels != set.meta.labels);
    if !news || set.meta.labels.is_empty() {
        return;
    }
    for (id, object) in view.list(Kind::Deployment, Some(&set.meta.namespace)) {
        let selects = |d: &Arc<Deployment>| !d.spec.selector.is_empty() && d.spec.selector.matches(&set.meta.labels);
        if object.as_deployment().is_some_and(selects) {
            keys.add(id);
        }
    }
}

/// The object's controller, if the cache has it and it is of this kind.
pub(crate) fn owner_of(meta: &Meta, kind: Kind, view: &View) -> Option<ObjectId> {
    let owner = meta.controller().filter(|owner| owner.kind == *kind.as_str())?;
    view.find_uid(owner.uid).filter(|id| id.kind == kind)
}

/// The reference by which a controller owns what it makes. `metav1.NewControllerRef`.
pub(crate) fn controller_reference(kind: Kind, meta: &Meta) -> OwnerReference {
    OwnerReference {
        api_version: kind.api_version().into(),
        kind: kind.as_str().into(),
        name: meta.name.clone(),
        uid: meta.uid,
        controller: true,
        block_owner_deletion: true,
    }
}

/// What events of a controller are about.
pub(crate) fn reference(kind: Kind, meta: &Meta) -> ObjectReference {
    ObjectReference::seen(kind, meta)
}

/// One of the Deployment's ReplicaSets.
#[derive(Clone, Debug)]
pub struct Owned {
    /// `None` if this sync creates it.
    pub id: Option<ObjectId>,
    /// As it is in the cache, or as this sync leaves it.
    pub set: Arc<ReplicaSet>,
}

/// One sync of a Deployment.
#[derive(Clone, Debug)]
pub struct Rollout {
    /// Which Deployment.
    pub id: ObjectId,
    /// The moment.
    pub now: SimTime,
    /// The Deployment: the cached one, with what this sync changes of its annotations and its status.
    pub deployment: Deployment,
    /// The ReplicaSet of the current template, if there is one.
    pub new: Option<Owned>,
    /// The others, oldest first. Like `new` as the cache has them: the status is computed from what was, not from what was asked for.
    pub old: Vec<Owned>,
    /// What is to be sent.
    pub plan: Plan,
}

/// Whether a sync goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// It does.
    GoOn,
    /// What was written wakes this key again; more can't be said before.
    Stop,
}

impl Rollout {
    /// A sync that knows no ReplicaSets yet.
    pub fn new(id: ObjectId, deployment: &Deployment, now: SimTime) -> Self {
        Rollout { id, now, deployment: deployment.clone(), new: None, old: Vec::new(), plan: Plan::nothing() }
    }

    /// How many pods are wanted.
    pub fn desired(&self) -> i32 {
        self.deployment.spec.replicas
    }

    /// All ReplicaSets, the new one last.
    pub fn all(&self) -> impl Iterator<Item = &Owned> {
        self.old.iter().chain(&self.new)
    }

    /// The pods that all ReplicaSets should have together.
    pub fn total(&self) -> i32 {
        sum(self.all(), |set| set.replicas)
    }

    /// Records an event about the Deployment.
    pub fn report(&mut self, event_type: EventType, reason: &'static str, message: String) {
        self.plan.report(reference(Kind::Deployment, &self.deployment.meta), event_type, reason, message);
    }

    /// Writes the status, and the annotations with it: the status subresource takes both
    /// (`pkg/registry/apps/deployment/strategy.go`, deploymentStatusStrategy).
    pub(crate) fn write_status(&mut self) {
        self.plan.then(Write::UpdateStatus(self.id, self.deployment.clone().into()));
    }

    /// Sets the reason for people, unless a weightier one is there.
    pub(crate) fn explain(&mut self, why: impl FnOnce() -> String) {
        if self.plan.why.is_empty() {
            self.plan.why = why().into();
        }
    }

    /// Finds the Deployment's ReplicaSets: its own that the selector matches, and orphans that it matches, which are adopted. Its own that
    /// no longer match are released. `pkg/controller/controller_ref_manager.go`, ClaimReplicaSets.
    fn claim(&mut self, view: &View) {
        let (meta, selector) = (self.deployment.meta.clone(), self.deployment.spec.selector.clone());
        let deleting = meta.deletion.is_some();
        let mut sets = Vec::new();
        for (id, set) in view.replica_sets_of(meta.uid) {
            if selector.matches(&set.meta.labels) {
                sets.push(Owned { id: Some(id), set: set.clone() });
            } else if !deleting {
                let left = set.meta.owners().iter().filter(|owner| owner.uid != meta.uid).cloned().collect();
                self.plan.then(Write::Owners(id, left));
                self.explain(|| format!("the selector doesn't match ReplicaSet {} any longer: it is released", set.meta.name));
            }
        }
        for (id, set) in view.replica_sets_of(Uid::NONE).filter(|_| !deleting) {
            let mine = set.meta.namespace == meta.namespace && set.meta.deletion.is_none() && selector.matches(&set.meta.labels);
            if mine {
                let mut owners = set.meta.owners().to_vec();
                owners.push(controller_reference(Kind::Deployment, &meta));
                self.plan.then(Write::Owners(id, owners));
                self.explain(|| format!("the selector matches the orphan ReplicaSet {}: it is adopted", set.meta.name));
                sets.push(Owned { id: Some(id), set: set.clone() });
            }
        }
        self.divide(sets);
    }

    /// Tells the ReplicaSet of the current template from the others: the oldest whose template is equal but for the hash label.
    /// `util/deployment_util.go`, FindNewReplicaSet and FindOldReplicaSets.
    pub fn divide(&mut self, mut sets: Vec<Owned>) {
        sets.sort_by(|a, b| by_creation(&a.set, &b.set));
        let template = &self.deployment.spec.template;
        let new = sets.iter().position(|owned| revisions::same_template(&owned.set.spec.template, template));
        self.new = new.map(|place| sets.remove(place));
        self.old = sets;
    }

    /// The order of things: `deployment_controller.go`, syncDeployment.
    fn run(&mut self, view: &View) {
        if self.deployment.meta.deletion.is_some() {
            if self.sync_revision() == Flow::GoOn {
                self.sync_status();
            }
            return;
        }
        self.check_paused();
        if self.sync_revision() == Flow::Stop {
            return;
        }
        if self.deployment.spec.paused {
            scaling::scale(self);
            if rollback::revision_asked(&self.deployment).is_none() {
                self.clean_up();
            }
            return self.sync_status();
        }
        if let Some(revision) = rollback::revision_asked(&self.deployment) {
            return rollback::roll_back(self, view, revision);
        }
        if scaling::is_scaling_event(self) {
            scaling::scale(self);
            return self.sync_status();
        }
        match self.deployment.spec.strategy {
            Strategy::Recreate => recreate::roll_out(self, view),
            Strategy::RollingUpdate { .. } => rolling::roll_out(self, view),
        }
    }

    /// Says in the Progressing condition that the rollout is held, or goes on. So the deadline doesn't count the pause.
    fn check_paused(&mut self) {
        let (paused, status) = (self.deployment.spec.paused, &mut self.deployment.status);
        let reason = status.condition(progress::PROGRESSING).map(|c| c.reason.clone());
        let noted = reason.as_ref().is_some_and(|r| *r == "DeploymentPaused");
        let timed_out = reason.is_some_and(|r| r == progress::TIMED_OUT);
        if self.deployment.spec.progress_deadline.is_none() || timed_out || paused == noted {
            return;
        }
        let (reason, message) =
            if paused { ("DeploymentPaused", "Deployment is paused") } else { ("DeploymentResumed", "Deployment is resumed") };
        let condition = progress::condition(progress::PROGRESSING, ConditionStatus::Unknown, reason, message.into(), self.now);
        progress::set_condition(status, condition);
        self.write_status();
        self.explain(|| message.to_owned());
    }

    /// Writes the status if it changed. `sync.go`, syncDeploymentStatus.
    fn sync_status(&mut self) {
        let status = self.calculate_status();
        if status != self.deployment.status {
            self.deployment.status = status;
            self.write_status();
            self.explain(|| "the status follows the ReplicaSets".to_owned());
        }
    }

    /// The status, from the ReplicaSets as they are in the cache. `sync.go`, calculateStatus.
    ///
    /// Example: 10 wanted, 25% may be missing. Old: 8 of 8 available, new: 0 of 5. Then 13 − 8 = 5 are unavailable, and with 8 ≥ 10 − 2 the
    /// Deployment is Available.
    pub(crate) fn calculate_status(&self) -> DeploymentStatus {
        let available = sum(self.all(), |set| set.status.available_replicas);
        let mut status = DeploymentStatus {
            observed_generation: self.deployment.meta.generation,
            replicas: sum(self.all(), |set| set.status.replicas),
            updated_replicas: sum(&self.new, |set| set.status.replicas),
            ready_replicas: sum(self.all(), |set| set.status.ready_replicas),
            available_replicas: available,
            unavailable_replicas: self.total().saturating_sub(available).max(0),
            terminating_replicas: self.terminating(),
            conditions: self.deployment.status.conditions.clone(),
            collision_count: self.deployment.status.collision_count,
        };
        let enough = available >= self.desired().saturating_sub(rolling::max_unavailable(&self.deployment.spec));
        let (reason, message) = if enough {
            ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        let condition = progress::condition("Available", ConditionStatus::from_bool(enough), reason, message.into(), self.now);
        progress::set_condition(&mut status, condition);
        status
    }

    /// The pods that are going, over all ReplicaSets; unknown if one of them that was looked at doesn't tell.
    fn terminating(&self) -> Option<i32> {
        self.all().try_fold(0i32, |total, owned| match owned.set.status.terminating_replicas {
            Some(terminating) => Some(total.saturating_add(terminating)),
            None => (owned.set.status.observed_generation == 0).then_some(total),
        })
    }
}

/// The sum of one number of all ReplicaSets.
pub(crate) fn sum<'a>(sets: impl IntoIterator<Item = &'a Owned>, number: impl Fn(&ReplicaSet) -> i32) -> i32 {
    sets.into_iter().fold(0, |total, owned| total.saturating_add(number(&owned.set)))
}

/// Oldest first; creation times are whole seconds, so names decide ties. `pkg/controller/controller_utils.go`,
/// ReplicaSetsByCreationTimestamp.
pub(crate) fn by_creation(a: &ReplicaSet, b: &ReplicaSet) -> std::cmp::Ordering {
    a.meta.created.cmp(&b.meta.created).then_with(|| a.meta.name.cmp(&b.meta.name))
}
