//! The API server: the one way to the store. A request passes, in order: namespace check, admission, defaulting, validation,
//! conflict check, store. Mirrors `staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go` and
//! `pkg/registry/{core,apps}/*/strategy.go`, v1.36.
//!
//! Two doors lead in. Users come with JSON trees ([`front`]); the cluster's own processes come with typed objects ([`Write`]),
//! which were decoded and validated before. Both end in the same rules of storage.
//!
//! Left out so far: authentication and authorization, webhooks.

pub mod addresses;
pub mod admission;
pub mod convert;
mod endpoints;
pub mod eviction;
pub mod front;
mod manifest;
pub mod own_service;
pub mod ownership;
pub mod request;
mod service_addresses;
mod strategy;
pub mod validation;
mod versions;
mod volumes;

use crate::api::meta::{Condition, Deletion, Meta, OwnerReference, Str, Uid};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::{Phase, Pod, Taint};
use crate::api::status::ApiError;
use crate::api::{names, node};
use crate::kernel::chance::{Stream, draw};
use crate::kernel::queue::EventId;
use crate::kernel::time::{Epoch, SimTime};
use crate::store::{Key, Store};
use addresses::Addresses;
use request::{DeleteOptions, Propagation, Write};
use std::sync::Arc;

/// The finalizer of a foreground deletion.
pub const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of an orphaning deletion.
pub const ORPHAN: &str = "orphan";

/// The server's own state: very little, all else is in the store.
#[derive(Clone, Debug)]
pub struct ApiServer {
    seed: u64,
    epoch: Epoch,
    addresses: Addresses,
    /// How many objects were refused after they had got their generated name.
    refused: u64,
}

/// When a request is handled, and as which event.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time.
    pub now: SimTime,
    /// The event: what it writes is caused by it.
    pub event: EventId,
}

impl ApiServer {
    /// A server whose names, UIDs and addresses come from `seed`.
    pub fn new(seed: u64, epoch: Epoch) -> Self {
        ApiServer { seed, epoch, addresses: Addresses::default(), refused: 0 }
    }

    /// The calendar moment of [`SimTime::ZERO`].
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Handles a write of one of the cluster's own processes, and answers with the object as stored (or as it was last).
    ///
    /// # Errors
    /// NotFound, AlreadyExists, Conflict or Forbidden, in the server's words.
    pub fn write(&mut self, store: &mut Store, at: Moment, write: &Write) -> Result<Object, ApiError> {
        match write {
            Write::Create(object) => {
                let id = self.create(store, at, object.clone())?;
                Ok(store.get(id).expect("it was just created").clone())
            }
            Write::Update(id, object) => self.update(store, at, *id, object),
            Write::UpdateStatus(id, object) => self.update_status(store, at, *id, object),
            Write::PodStatus(id, status) => self.change_pod(store, at, *id, |pod| {
                let others = std::mem::take(&mut pod.status.conditions);
                pod.status = (**status).clone();
                // A kubelet patches the conditions that are its own; what it says of others' may be older than what is stored.
                for condition in others.into_iter().filter(|condition| !OF_KUBELETS.contains(&condition.kind.as_str())) {
                    let shared = SHARED_WITH_KUBELETS.contains(&condition.kind.as_str());
                    if !shared || !pod.status.conditions.iter().any(|own| own.kind == condition.kind) {
                        set_condition(&mut pod.status.conditions, condition);
                    }
                }
            }),
            Write::PodCondition(id, condition) => {
                self.change_pod(store, at, *id, |pod| set_condition(&mut pod.status.conditions, condition.clone()))
            }
            Write::PodFailed(id, condition) => self.change_pod(store, at, *id, |pod| {
                pod.status.phase = Phase::Failed;
                if let Some(condition) = condition {
                    set_condition(&mut pod.status.conditions, condition.clone());
                }
            }),
            Write::Bind(id, node) => self.bind(store, at, *id, node),
            Write::SwapTaints(id, add, remove) => change(store, at, *id, |object| {
                if let Object::Node(node) = object {
                    let taints = &mut Arc::make_mut(node).taints;
                    let is = |taint: &Taint, other: &Taint| taint.key == other.key && taint.effect == other.effect;
                    taints.retain(|taint| !remove.iter().any(|gone| is(taint, gone)));
                    let missing: Vec<Taint> = add.iter().filter(|new| !taints.iter().any(|taint| is(taint, new))).cloned().collect();
                    taints.extend(missing);
                }
            }),
            Write::NodeConditions(id, conditions) => change(store, at, *id, |object| {
                if let Object::Node(node) = object {
                    // New ones stand before the others, as in every strategic merge.
                    let own = &mut Arc::make_mut(node).status.conditions;
                    let is_new = |condition: &&Condition| own.iter().all(|old| old.kind != condition.kind);
                    let mut all: Vec<Condition> = conditions.iter().filter(is_new).cloned().collect();
                    all.append(own);
                    conditions.iter().for_each(|condition| set_condition(&mut all, condition.clone()));
                    *own = all;
                }
            }),
            Write::NodeVolumes(id, volumes) => change(store, at, *id, |object| {
                if let Object::Node(node) = object {
                    Arc::make_mut(node).status.volumes = volumes.clone();
                }
            }),
            Write::NodePodCidr(id, cidr) => change(store, at, *id, |object| {
                if let Object::Node(node) = object {
                    Arc::make_mut(node).pod_cidr = cidr.clone();
                }
            }),
            Write::Nominate(id, node) => self.change_pod(store, at, *id, |pod| pod.status.nominated_node = node.clone()),
            Write::Labels(id, labels) => change(store, at, *id, |object| {
                let mut all = object.meta().labels.clone();
                labels.iter().for_each(|(key, value)| all.set(key.clone(), value.clone()));
                object.meta_mut().labels = all;
            }),
            Write::Annotations(id, annotations) => change(store, at, *id, |object| {
                let mut all = object.meta().annotations.clone();
                annotations.iter().for_each(|(key, value)| all.set(key.clone(), value.clone()));
                object.meta_mut().annotations = all;
            }),
            Write::Owners(id, owners) => change(store, at, *id, |object| {
                object.meta_mut().owners = (!owners.is_empty()).then(|| Arc::new(owners.clone()));
            }),
            Write::AddFinalizer(id, finalizer) => change(store, at, *id, |object| object.meta_mut().add_finalizer(finalizer)),
            Write::RemoveFinalizer(id, finalizer) => {
                let object = change(store, at, *id, |object| object.meta_mut().remove_finalizer(finalizer))?;
                self.remove_if_released(store, at, *id);
                Ok(object)
            }
            Write::Delete(id, options) => self.delete(store, at, *id, options),
            Write::FinalizeNamespace(id) => {
                let object = existing(store, *id)?.clone();
                self.remove(store, at, *id);
                Ok(object)
            }
            Write::Report(event) => self.report(store, at, event),
            Write::OwnService => self.create_own_service(store, at),
            Write::Manifest(kind, tree) => self.make(store, at, *kind, tree),
        }
    }

    /// Stores a new object: gives it a name if it asks for one, a UID and a creation time.
    pub(crate) fn create(&mut self, store: &mut Store, at: Moment, mut object: Object) -> Result<ObjectId, ApiError> {
        let kind = object.kind();
        if let Some(namespace) = self.check_namespace(store, kind, object.meta())? {
            // One text for all of its objects: names are then compared without a look at their namespaces.
            object.meta_mut().namespace = namespace;
        }
        let uid = self.next_uid(store, kind);
        let meta = object.meta_mut();
        meta.uid = uid;
        meta.created = at.now.truncated_to_secs();
        meta.deletion = None;
        if kind.counts_generations() {
            meta.generation = 1;
        }
        if meta.name.is_empty() && !meta.generate_name.is_empty() {
            meta.name = self.generated_name(&meta.generate_name, u128::from(self.refused) << 96 | next_number(store, kind));
        }
        if let Object::Record(record) = &mut object {
            volumes::prepare(record, &self.epoch.rfc3339(at.now));
        }
        let resource = kind.resource();
        if store.find_key(kind, &Key::of(object.meta())).is_some() {
            return Err(ApiError::already_exists(resource.group, resource.plural, &object.meta().name));
        }
        let admitted = admission::admit(store, &mut object).and_then(|()| self.charge(store, at, &object, None));
        if let Err(refused) = admitted {
            // The next attempt draws another name.
            self.refused += u64::from(!object.meta().generate_name.is_empty());
            return Err(refused);
        }
        Ok(store.add(object, at.now, at.event))
    }

    /// Charges the namespace's quotas for an object; for a changed one, for what it uses more than before.
    fn charge(&self, store: &mut Store, at: Moment, object: &Object, old: Option<&Object>) -> Result<(), ApiError> {
        for (id, quota) in admission::quota::charge(store, object, old, at.now)? {
            store.replace(id, quota.into(), at.now, at.event);
        }
        Ok(())
    }

    /// The UID that the next new object of a kind will get.
    pub(crate) fn next_uid(&self, store: &Store, kind: Kind) -> Uid {
        Uid::from_bits(draw(self.seed, Stream::Uid, next_number(store, kind)).wide())
    }

    fn generated_name(&self, base: &str, number: u128) -> Str {
        let alphabet = names::SUFFIX_ALPHABET.as_bytes();
        let mut dice = draw(self.seed, Stream::NameSuffix, number);
        let suffix: String = (0..5).map(|_| alphabet[dice.below(alphabet.len() as u64) as usize] as char).collect();
        Str::from(names::generate_name(base, &suffix))
    }

    /// `plugin/pkg/admission/namespace/lifecycle`: nothing new in a namespace that is missing or going. Answers with the namespace's name.
    pub(crate) fn check_namespace(&self, store: &Store, kind: Kind, meta: &Meta) -> Result<Option<Str>, ApiError> {
        if !kind.is_namespaced() {
            return Ok(None);
        }
        let key = Key { namespace: Str::EMPTY, name: meta.namespace.clone() };
        match store.find_key(Kind::Namespace, &key).and_then(|id| store.get(id)) {
            Some(Object::Namespace(namespace)) if namespace.terminating && kind != Kind::Event => {
                let resource = kind.resource();
                Err(ApiError::namespace_terminating(resource.group, resource.plural, &meta.name, &meta.namespace))
            }
            Some(namespace) => Ok(Some(namespace.meta().name.clone())),
            None => Err(ApiError::not_found("", "namespaces", &meta.namespace)),
        }
    }

    /// Replaces metadata and spec. The caller's object is based on the stored one; only its revision is checked.
    pub(crate) fn update(&mut self, store: &mut Store, at: Moment, id: ObjectId, object: &Object) -> Result<Object, ApiError> {
        let stored = existing(store, id)?;
        check_revision(stored, object, id.kind)?;
        let mut next = object.clone();
        keep_status(&mut next, stored);
        let spec_changed = spec_differs(&next, stored);
        let (old, meta) = (stored.meta(), next.meta_mut());
        (meta.uid, meta.created, meta.deletion) = (old.uid, old.created, old.deletion);
        meta.generation = old.generation + i64::from(spec_changed && id.kind.counts_generations());
        meta.resource_version = old.resource_version;
        if next == *stored {
            return Ok(next);
        }
        if matches!(id.kind, Kind::Service | Kind::PersistentVolumeClaim) {
            let stored = stored.clone();
            self.charge(store, at, &next, Some(&stored))?;
        }
        store.replace(id, next, at.now, at.event);
        self.remove_if_released(store, at, id);
        Ok(store.get(id).cloned().unwrap_or_else(|| object.clone()))
    }

    fn update_status(&mut self, store: &mut Store, at: Moment, id: ObjectId, object: &Object) -> Result<Object, ApiError> {
        check_revision(existing(store, id)?, object, id.kind)?;
        let time = self.epoch.rfc3339(at.now);
        change(store, at, id, |stored| match (stored, object) {
            (Object::Deployment(to), Object::Deployment(from)) => {
                // Its strategy protects spec and labels only: the controller notes the revision this way.
                let to = Arc::make_mut(to);
                to.status = from.status.clone();
                to.meta.annotations = from.meta.annotations.clone();
            }
            (Object::ReplicaSet(to), Object::ReplicaSet(from)) => Arc::make_mut(to).status = from.status.clone(),
            (Object::StatefulSet(to), Object::StatefulSet(from)) => Arc::make_mut(to).status = from.status.clone(),
            (Object::DaemonSet(to), Object::DaemonSet(from)) => Arc::make_mut(to).status = from.status.clone(),
            (Object::Pod(to), Object::Pod(from)) => Arc::make_mut(to).status = from.status.clone(),
            (Object::Node(to), Object::Node(from)) => Arc::make_mut(to).status = from.status.clone(),
            (Object::PodDisruptionBudget(to), Object::PodDisruptionBudget(from)) => Arc::make_mut(to).status = from.status.clone(),
            (Object::Service(to), Object::Service(from)) => Arc::make_mut(to).ingress = from.ingress.clone(),
            (Object::Record(to), Object::Record(from)) => {
                let mut status = from.body["status"].clone();
                volumes::stamp(from.kind, &mut status, &to.body["status"], &time);
                Arc::make_mut(&mut Arc::make_mut(to).body)["status"] = status;
            }
            _ => {}
        })
    }

    fn change_pod(&mut self, store: &mut Store, at: Moment, id: ObjectId, edit: impl FnOnce(&mut Pod)) -> Result<Object, ApiError> {
        change(store, at, id, |object| {
            if let Object::Pod(pod) = object {
                edit(Arc::make_mut(pod));
            }
        })
    }

    /// Gives a pod another specification: a container more, for whoever looks into it.
    pub(super) fn set_pod_spec(
        &mut self,
        store: &mut Store,
        at: Moment,
        id: ObjectId,
        spec: &serde_json::Value,
    ) -> Result<Object, ApiError> {
        self.change_pod(store, at, id, |pod| {
            pod.spec = Arc::new(crate::api::pod::PodSpec::from_tree(spec));
            pod.meta.generation += 1;
        })
    }

    /// `pkg/registry/core/pod/storage/storage.go`, assignPod: sets the node once, and the PodScheduled condition; gives the pod its
    /// node's topology labels (`plugin/pkg/admission/podtopologylabels`).
    fn bind(&mut self, store: &mut Store, at: Moment, id: ObjectId, node: &Str) -> Result<Object, ApiError> {
        let pod = existing(store, id)?.as_pod().expect("only pods are bound").clone();
        if pod.meta.deletion.is_some() {
            return Err(ApiError::conflict(
                "",
                "pods/binding",
                &pod.meta.name,
                &format!("pod {} is being deleted, cannot be assigned to a host", pod.meta.name),
            ));
        }
        if !pod.node_name.is_empty() {
            return Err(ApiError::conflict(
                "",
                "pods/binding",
                &pod.meta.name,
                &format!("pod {} is already assigned to node {:?}", pod.meta.name, pod.node_name.as_str()),
            ));
        }
        let labels = store.find_object(Kind::Node, "", node).map(|node| node.meta().labels.clone()).unwrap_or_default();
        let condition = Condition {
            kind: "PodScheduled".into(),
            status: crate::api::meta::ConditionStatus::True,
            reason: Str::EMPTY,
            message: Str::EMPTY,
            last_transition: at.now.truncated_to_secs(),
            last_update: at.now.truncated_to_secs(),
            observed_generation: pod.status.condition("PodScheduled").map_or(0, |c| c.observed_generation),
        };
        self.change_pod(store, at, id, |pod| {
            pod.node_name = node.clone();
            // It has what it was to get (ClearingNominatedNodeNameAfterBinding, on since v1.35).
            pod.status.nominated_node = Str::EMPTY;
            for key in ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"] {
                if let Some(value) = labels.get(key)
                    && pod.meta.labels.get(key).is_none()
                {
                    pod.meta.labels.set(key, value.clone());
                }
            }
            set_condition(&mut pod.status.conditions, condition);
        })
    }

    /// DELETE. A pod gets its grace period, an object with finalizers waits for them, all else goes at once.
    pub(crate) fn delete(&mut self, store: &mut Store, at: Moment, id: ObjectId, options: &DeleteOptions) -> Result<Object, ApiError> {
        let stored = existing(store, id)?.clone();
        match &stored {
            Object::Pod(pod) => return self.delete_pod(store, at, id, pod, options),
            Object::Namespace(namespace) if !namespace.terminating => {
                return change(store, at, id, |object| {
                    object.meta_mut().deletion = Some(Deletion { at: at.now.truncated_to_secs(), grace: 0 });
                    object.meta_mut().resource_version = 0;
                    if let Object::Namespace(namespace) = object {
                        Arc::make_mut(namespace).terminating = true;
                    }
                });
            }
            Object::Namespace(namespace) => {
                let why = "The system is ensuring all content is removed from this namespace.  Upon completion, this namespace will automatically be purged by the system.";
                return Err(ApiError::conflict("", "namespaces", &namespace.meta.name, why));
            }
            _ => {}
        }
        let held = !stored.meta().finalizers().is_empty() || options.propagation != Propagation::Background;
        if !held {
            self.remove(store, at, id);
            return Ok(stored);
        }
        change(store, at, id, |object| {
            let meta = object.meta_mut();
            match options.propagation {
                Propagation::Background => {}
                Propagation::Foreground => {
                    meta.remove_finalizer(ORPHAN);
                    meta.add_finalizer(FOREGROUND);
                }
                Propagation::Orphan => {
                    meta.remove_finalizer(FOREGROUND);
                    meta.add_finalizer(ORPHAN);
                }
            }
            if meta.deletion.is_none() {
                meta.deletion = Some(Deletion { at: at.now.truncated_to_secs(), grace: 0 });
                meta.generation += i64::from(meta.generation > 0);
            }
        })
    }

    /// `pkg/registry/core/pod/strategy.go`, CheckGracefulDelete, and `rest.BeforeDelete`: only a shorter period replaces an earlier
    /// one; with a period of zero the pod is marked once more, then removed.
    fn delete_pod(&mut self, store: &mut Store, at: Moment, id: ObjectId, pod: &Pod, options: &DeleteOptions) -> Result<Object, ApiError> {
        let mut grace = options.grace_period.unwrap_or(pod.spec.grace_seconds);
        if grace < 0 {
            grace = 1;
        }
        if pod.node_name.is_empty() || pod.status.phase.is_final() {
            grace = 0;
        }
        let ends = match pod.meta.deletion {
            Some(deletion) if grace >= deletion.grace => {
                let released = pod.meta.finalizers().is_empty() && deletion.grace == 0;
                if released {
                    self.remove(store, at, id);
                }
                return Ok(Object::from(pod.clone()));
            }
            Some(deletion) => {
                let asked = deletion.at - seconds(deletion.grace) + seconds(grace);
                asked.max(at.now.truncated_to_secs())
            }
            None => (at.now + seconds(grace)).truncated_to_secs(),
        };
        let first = pod.meta.deletion.is_none();
        let marked = change(store, at, id, |object| {
            let meta = object.meta_mut();
            meta.deletion = Some(Deletion { at: ends, grace });
            meta.generation += i64::from(first && meta.generation > 0);
        })?;
        if grace == 0 {
            self.remove_if_released(store, at, id);
        }
        Ok(marked)
    }

    /// Removes an object that is being deleted and that nothing holds any longer.
    fn remove_if_released(&mut self, store: &mut Store, at: Moment, id: ObjectId) {
        let Some(object) = store.get(id) else { return };
        let meta = object.meta();
        let released = meta.deletion.is_some_and(|deletion| deletion.grace == 0) && meta.finalizers().is_empty();
        if released && id.kind != Kind::Namespace {
            self.remove(store, at, id);
        }
    }

    fn remove(&mut self, store: &mut Store, at: Moment, id: ObjectId) {
        let mut endpoints = None;
        if let Some(Object::Service(service)) = store.get(id) {
            let (ip, ports) = service_addresses::held_addresses(&service.spec);
            self.addresses.release(ip, ports.into_iter());
            endpoints = store.find_key(Kind::Endpoints, &Key::of(&service.meta));
        }
        store.remove(id, at.now, at.event);
        // `pkg/registry/core/service/storage/storage.go`, afterDelete: the Endpoints of its name go with it, whoever wrote them.
        if let Some(endpoints) = endpoints {
            self.remove(store, at, endpoints);
        }
    }

    /// Creates a new event; one that was counted up patches the one that it was, if that is still there.
    fn report(&mut self, store: &mut Store, at: Moment, event: &Arc<crate::api::event::Event>) -> Result<Object, ApiError> {
        if event.count > 1
            && let Some(id) = store.find_key(Kind::Event, &Key::of(&event.meta))
        {
            return change(store, at, id, |object| {
                if let Object::Event(stored) = object {
                    let stored = Arc::make_mut(stored);
                    (stored.count, stored.last, stored.message) = (event.count, event.last, event.message.clone());
                }
            });
        }
        let id = self.create(store, at, Object::Event(event.clone()))?;
        Ok(store.get(id).expect("it was just created").clone())
    }

    /// Registers a node with its lease, as its kubelet does when it starts.
    pub fn register_node(
        &mut self,
        store: &mut Store,
        at: Moment,
        node: node::Node,
        heartbeat: node::Heartbeat,
    ) -> Result<ObjectId, ApiError> {
        let name = node.meta.name.clone();
        let id = self.create(store, at, node.into())?;
        // The lease goes with its node (`pkg/kubelet/util/nodelease.go`, SetNodeOwnerFunc).
        let owner = OwnerReference {
            api_version: "v1".into(),
            kind: "Node".into(),
            name: name.clone(),
            uid: store.get(id).map_or(Uid::NONE, |node| node.meta().uid),
            controller: false,
            block_owner_deletion: false,
        };
        let owners = Some(Arc::new(vec![owner]));
        let lease = node::Lease {
            meta: Meta { name: name.clone(), namespace: "kube-node-lease".into(), owners, ..Meta::default() },
            holder: name,
            heartbeat,
        };
        // The lease of a node that was forgotten a moment ago may still be there: the new one has it then.
        match store.find_key(Kind::Lease, &Key::of(&lease.meta)) {
            Some(old) => drop(self.update(store, at, old, &lease.into())?),
            None => drop(self.create(store, at, lease.into())?),
        }
        Ok(id)
    }
}

/// What tells the next new object of a kind from all others of all kinds.
fn next_number(store: &Store, kind: Kind) -> u128 {
    u128::from(kind as u8) << 64 | u128::from(store.next_number(kind))
}

fn seconds(secs: i64) -> crate::kernel::time::SimDuration {
    crate::kernel::time::SimDuration::from_secs(u64::try_from(secs).unwrap_or(0))
}

fn existing(store: &Store, id: ObjectId) -> Result<&Object, ApiError> {
    let resource = id.kind.resource();
    store.get(id).ok_or_else(|| ApiError::not_found(resource.group, resource.plural, ""))
}

/// Edits an object in place; a no-op writes nothing and makes no revision, as in the real storage.
fn change(store: &mut Store, at: Moment, id: ObjectId, edit: impl FnOnce(&mut Object)) -> Result<Object, ApiError> {
    let stored = existing(store, id)?;
    let mut next = stored.clone();
    edit(&mut next);
    if next == *stored {
        return Ok(next);
    }
    store.replace(id, next, at.now, at.event);
    Ok(existing(store, id)?.clone())
}

fn check_revision(stored: &Object, wanted: &Object, kind: Kind) -> Result<(), ApiError> {
    let asked = wanted.meta().resource_version;
    if asked != 0 && asked != stored.meta().resource_version {
        let resource = kind.resource();
        return Err(ApiError::modified(resource.group, resource.plural, &stored.meta().name));
    }
    Ok(())
}

/// The conditions that kubelets write (`pkg/kubelet/types/pod_status.go`, PodConditionsByKubelet, v1.36).
const OF_KUBELETS: [&str; 4] = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"];
/// Conditions of others that kubelets write too: they bring the generation up to date, or end the pod themselves.
const SHARED_WITH_KUBELETS: [&str; 2] = ["PodScheduled", "DisruptionTarget"];

/// Replaces the condition of the same type. It keeps its place, and its transition time unless the status changed.
fn set_condition(conditions: &mut Vec<Condition>, mut condition: Condition) {
    match conditions.iter_mut().find(|c| c.kind == condition.kind) {
        Some(old) => {
            if old.status == condition.status {
                condition.last_transition = old.last_transition;
            }
            *old = condition;
        }
        None => conditions.push(condition),
    }
}

/// A write of the spec leaves the status as it is stored.
fn keep_status(next: &mut Object, stored: &Object) {
    match (next, stored) {
        (Object::Deployment(to), Object::Deployment(from)) if to.status != from.status => Arc::make_mut(to).status = from.status.clone(),
        (Object::ReplicaSet(to), Object::ReplicaSet(from)) if to.status != from.status => Arc::make_mut(to).status = from.status.clone(),
        (Object::StatefulSet(to), Object::StatefulSet(from)) if to.status != from.status => Arc::make_mut(to).status = from.status.clone(),
        (Object::DaemonSet(to), Object::DaemonSet(from)) if to.status != from.status => Arc::make_mut(to).status = from.status.clone(),
        (Object::Pod(to), Object::Pod(from)) if to.status != from.status => Arc::make_mut(to).status = from.status.clone(),
        (Object::Node(to), Object::Node(from)) if to.status != from.status => Arc::make_mut(to).status = from.status.clone(),
        (Object::PodDisruptionBudget(to), Object::PodDisruptionBudget(from)) if to.status != from.status => {
            Arc::make_mut(to).status = from.status.clone();
        }
        (Object::Service(to), Object::Service(from)) if to.ingress != from.ingress => Arc::make_mut(to).ingress = from.ingress.clone(),
        (Object::Record(to), Object::Record(from)) => volumes::keep_status(to, from),
        _ => {}
    }
}

fn spec_differs(next: &Object, stored: &Object) -> bool {
    match (next, stored) {
        // Its annotations count too: they once asked for rollbacks (`pkg/registry/apps/deployment/strategy.go`, PrepareForUpdate).
        (Object::Deployment(a), Object::Deployment(b)) => a.spec != b.spec || a.meta.annotations != b.meta.annotations,
        (Object::ReplicaSet(a), Object::ReplicaSet(b)) => a.replicas != b.replicas || a.spec != b.spec,
        (Object::StatefulSet(a), Object::StatefulSet(b)) => a.spec != b.spec,
        (Object::DaemonSet(a), Object::DaemonSet(b)) => a.spec != b.spec,
        (Object::Pod(a), Object::Pod(b)) => a.spec != b.spec,
        (Object::EndpointSlice(a), Object::EndpointSlice(b)) => (&a.endpoints, &a.ports, &a.manual) != (&b.endpoints, &b.ports, &b.manual),
        (Object::PodDisruptionBudget(a), Object::PodDisruptionBudget(b)) => a.spec != b.spec,
        (Object::Record(a), Object::Record(b)) => !a.same_spec(b),
        _ => false,
    }
}
