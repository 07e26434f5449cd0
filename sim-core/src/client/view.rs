//! A shared informer's cache: what a process believes the cluster is. It lags behind the store by the time a watch takes.
//!
//! Controllers read this and nothing else. Staleness is real, and a lesson. Mirrors `client-go/tools/cache`, with the indexes that
//! `pkg/controller` builds on it, v1.36.

use crate::api::daemon_set::DaemonSet;
use crate::api::meta::{Str, StrMap, Uid};
use crate::api::node::Node;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::service::{EndpointSlice, Service};
use crate::api::stateful_set::StatefulSet;
use crate::api::workloads::{Deployment, ReplicaSet};
use crate::client::cohort::{Cohort, Cohorts};
use crate::client::roster::{Roster, Rosters, Shelves};
use crate::kernel::table::{Index, Table};
use crate::kernel::time::{Epoch, SimTime};
use crate::store::{self, Change, Key, Verb};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What its process was started with.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Flags {
    /// The calendar moment of the start: its clock.
    pub epoch: Epoch,
    /// Of whose addresses nodes get ranges for their pods (`--cluster-cidr`): the first one, and how many bits they share; `None`:
    /// nobody gives them any (`--allocate-node-cidrs`).
    pub cluster_cidr: Option<(Ipv4Addr, u8)>,
}

/// The cache. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct View {
    flags: Flags,
    shelves: Vec<Table<Object>>,
    names: Vec<Index<Key, u32>>,
    /// UID → object, for owners.
    uids: Index<Uid, ObjectId>,
    cohorts: Cohorts,
    rosters: Rosters,
    /// (controller's UID, or none for orphans; number).
    replica_sets_by_owner: Index<(Uid, u32), ()>,
    pods_by_node: Index<(Str, u32), ()>,
    /// (any owner's UID, dependent).
    dependents: Index<(Uid, ObjectId), ()>,
    /// The addresses that a node got last for its pods.
    newest_pod_cidr: Str,
    revision: u64,
}

impl Default for View {
    fn default() -> Self {
        View {
            flags: Flags::default(),
            shelves: vec![Table::default(); Kind::ALL.len()],
            names: vec![Index::default(); Kind::ALL.len()],
            uids: Index::default(),
            cohorts: Cohorts::default(),
            rosters: Rosters::default(),
            replica_sets_by_owner: Index::default(),
            pods_by_node: Index::default(),
            dependents: Index::default(),
            newest_pod_cidr: Str::EMPTY,
            revision: 0,
        }
    }
}

/// The UID of the object's controller; [`Uid::NONE`] for an orphan.
pub fn controller_uid(object: &Object) -> Uid {
    object.meta().controller().map_or(Uid::NONE, |owner| owner.uid)
}

impl View {
    /// The same of a process with other flags.
    #[must_use]
    pub fn with_flags(self, flags: Flags) -> View {
        View { flags, ..self }
    }

    /// What its process was started with.
    pub fn flags(&self) -> &Flags {
        &self.flags
    }

    /// The addresses that a node got last for its pods, as far as the cache has seen it; empty if none has any.
    pub fn newest_pod_cidr(&self) -> &str {
        &self.newest_pod_cidr
    }

    /// Takes in the next change of the watch. Events aren't cached: no controller reads them.
    pub fn apply(&mut self, change: &Change) {
        self.revision = change.revision;
        if change.id.kind == Kind::Event {
            return;
        }
        let old = self.shelves[change.id.kind as usize].get(change.id.number).cloned();
        if let Some(old) = &old {
            self.unindex(change.id, old, (change.verb != Verb::Deleted).then_some(&change.object));
        }
        if change.verb == Verb::Deleted {
            self.shelves[change.id.kind as usize].remove(change.id.number);
        } else {
            self.index(change.id, &change.object, old.as_ref());
            self.shelves[change.id.kind as usize].insert(change.id.number, change.object.clone());
        }
        let new = (change.verb != Verb::Deleted).then_some(&change.object);
        Shelves { all: &self.shelves }.follow(&mut self.rosters, change.id.number, old.as_ref(), new, change.at);
    }

    /// Forgets everything and takes in a list, as after a 410.
    pub fn relist(&mut self, store: &store::Store) {
        self.relist_kinds(store, |kind| kind != Kind::Event);
    }

    /// The same for a cache that is only about some kinds.
    pub fn relist_kinds(&mut self, store: &store::Store, wanted: impl Fn(Kind) -> bool) {
        *self = View::default().with_flags(self.flags);
        for kind in Kind::ALL.iter().copied().filter(|kind| wanted(*kind)) {
            for (id, object) in store.list(kind, None) {
                self.index(id, object, None);
                self.shelves[kind as usize].insert(id.number, object.clone());
            }
        }
        for kind in [Kind::DaemonSet, Kind::Pod] {
            for (id, object) in store.list(kind, None) {
                Shelves { all: &self.shelves }.follow(&mut self.rosters, id.number, None, Some(object), SimTime::ZERO);
            }
        }
        self.revision = store.revision();
    }

    fn index(&mut self, id: ObjectId, object: &Object, old: Option<&Object>) {
        let meta = object.meta();
        if old.is_none() {
            self.names[id.kind as usize].insert(Key::of(meta), id.number);
            self.uids.insert(meta.uid, id);
        }
        if old.is_none_or(|old| !same_owners(old, object)) {
            for owner in meta.owners() {
                self.dependents.insert((owner.uid, id), ());
            }
            if id.kind == Kind::ReplicaSet {
                self.replica_sets_by_owner.insert((controller_uid(object), id.number), ());
            }
        }
        if let Object::Node(node) = object
            && !node.pod_cidr.is_empty()
            && old.and_then(Object::as_node).is_none_or(|old| old.pod_cidr != node.pod_cidr)
        {
            self.newest_pod_cidr = node.pod_cidr.clone();
        }
        if let Object::Pod(pod) = object {
            self.cohorts.follow(id.number, old.and_then(Object::as_pod).map(|pod| &**pod), Some(pod));
        }
        if let Object::Pod(pod) = object
            && !pod.node_name.is_empty()
            && old.and_then(Object::as_pod).is_none_or(|old| old.node_name != pod.node_name)
        {
            self.pods_by_node.insert((pod.node_name.clone(), id.number), ());
        }
    }

    fn unindex(&mut self, id: ObjectId, old: &Object, new: Option<&Object>) {
        let meta = old.meta();
        if new.is_none() {
            self.names[id.kind as usize].remove(&Key::of(meta));
            self.uids.remove(&meta.uid);
            if let Object::Pod(pod) = old {
                self.cohorts.follow(id.number, Some(pod), None);
                self.pods_by_node.remove(&(pod.node_name.clone(), id.number));
            }
        }
        if new.is_none_or(|new| !same_owners(old, new)) {
            for owner in meta.owners() {
                self.dependents.remove(&(owner.uid, id));
            }
            if id.kind == Kind::ReplicaSet {
                self.replica_sets_by_owner.remove(&(controller_uid(old), id.number));
            }
        }
    }

    /// A node's renewals stopped or began again: derived, so no watch tells.
    pub fn set_heartbeat(&mut self, lease: ObjectId, heartbeat: crate::api::node::Heartbeat) {
        if let Some(Object::Lease(lease)) = self.shelves[lease.kind as usize].get_mut(lease.number) {
            Arc::make_mut(lease).heartbeat = heartbeat;
        }
    }

    /// Everything up to this revision was looked at, also what the cache isn't about.
    pub fn seen(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
    }

    /// The revision up to which the cache has seen everything.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The object, if the cache has it.
    pub fn get(&self, id: ObjectId) -> Option<&Object> {
        self.shelves[id.kind as usize].get(id.number)
    }

    /// The object of this name.
    pub fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<ObjectId> {
        self.names[kind as usize].get(&Key::new(namespace, name)).map(|number| ObjectId { kind, number: *number })
    }

    /// Whether there is any object of a kind.
    pub fn has(&self, kind: Kind) -> bool {
        !self.shelves[kind as usize].is_empty()
    }

    /// How many objects of a kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.shelves[kind as usize].len()
    }

    /// The object of this UID.
    pub fn find_uid(&self, uid: Uid) -> Option<ObjectId> {
        self.uids.get(&uid).copied()
    }

    /// The objects of a kind in a namespace (`None`: in all), in order of their keys.
    pub fn list(&self, kind: Kind, namespace: Option<&str>) -> impl Iterator<Item = (ObjectId, &Object)> {
        let shelf = &self.shelves[kind as usize];
        store::in_namespace(&self.names[kind as usize], kind, namespace)
            .filter_map(move |number| shelf.get(number).map(|object| (ObjectId { kind, number }, object)))
    }

    /// The pod, if the cache has it.
    pub fn pod(&self, id: ObjectId) -> Option<&Arc<Pod>> {
        self.get(id)?.as_pod()
    }
    /// The ReplicaSet, if the cache has it.
    pub fn replica_set(&self, id: ObjectId) -> Option<&Arc<ReplicaSet>> {
        self.get(id)?.as_replica_set()
    }
    /// The Deployment, if the cache has it.
    pub fn deployment(&self, id: ObjectId) -> Option<&Arc<Deployment>> {
        self.get(id)?.as_deployment()
    }
    /// The Service, if the cache has it.
    pub fn service(&self, id: ObjectId) -> Option<&Arc<Service>> {
        self.get(id)?.as_service()
    }
    /// The EndpointSlice, if the cache has it.
    pub fn endpoint_slice(&self, id: ObjectId) -> Option<&Arc<EndpointSlice>> {
        self.get(id)?.as_endpoint_slice()
    }
    /// The DaemonSet, if the cache has it.
    pub fn daemon_set(&self, id: ObjectId) -> Option<&Arc<DaemonSet>> {
        self.get(id)?.as_daemon_set()
    }
    /// The StatefulSet, if the cache has it.
    pub fn stateful_set(&self, id: ObjectId) -> Option<&Arc<StatefulSet>> {
        self.get(id)?.as_stateful_set()
    }
    /// Which node has which pods of a DaemonSet.
    pub fn roster_of(&self, set: Uid) -> Roster<'_> {
        self.rosters.of(set)
    }
    /// The node of this name.
    pub fn node_named(&self, name: &str) -> Option<(ObjectId, &Arc<Node>)> {
        let id = self.find(Kind::Node, "", name)?;
        Some((id, self.get(id)?.as_node()?))
    }

    /// The pods of a controller, in order of their creation; of [`Uid::NONE`], the namespace's orphans.
    pub fn pods_of(&self, owner: Uid, namespace: &Str) -> impl Iterator<Item = (ObjectId, &Arc<Pod>)> {
        self.pods_numbered(self.cohorts.pods_of(owner, namespace))
    }

    /// The pods of a controller as they are counted; of [`Uid::NONE`], the namespace's orphans.
    pub fn cohorts_of(&self, owner: Uid, namespace: &Str) -> impl Iterator<Item = &Cohort> {
        self.cohorts.of(owner, namespace)
    }

    /// The pods of a namespace whose labels satisfy `matches`, in order of their creation. Asked once for all pods with the same labels.
    pub fn pods_matching(&self, namespace: &Str, matches: impl Fn(&StrMap) -> bool) -> impl Iterator<Item = (ObjectId, &Arc<Pod>)> {
        self.pods_numbered(self.cohorts.pods_matching(namespace, matches))
    }

    /// The pods of a namespace whose labels satisfy `matches` as they are counted, each cohort with its oldest pod.
    pub fn cohorts_matching(&self, namespace: &Str, matches: impl Fn(&StrMap) -> bool) -> impl Iterator<Item = (&Cohort, &Arc<Pod>)> {
        let all = self.cohorts.matching(namespace, matches);
        all.filter_map(|(cohort, number)| Some((cohort, self.pod(ObjectId { kind: Kind::Pod, number })?)))
    }

    fn pods_numbered(&self, numbers: Vec<u32>) -> impl Iterator<Item = (ObjectId, &Arc<Pod>)> {
        numbers.into_iter().filter_map(|number| {
            let id = ObjectId { kind: Kind::Pod, number };
            self.pod(id).map(|pod| (id, pod))
        })
    }

    /// The ReplicaSets whose controller has this UID ([`Uid::NONE`]: orphans), in order of their creation.
    pub fn replica_sets_of(&self, owner: Uid) -> impl Iterator<Item = (ObjectId, &Arc<ReplicaSet>)> {
        let rows = self.replica_sets_by_owner.from(&(owner, 0)).take_while(move |((uid, _), ())| *uid == owner);
        rows.filter_map(|((_, number), ())| {
            let id = ObjectId { kind: Kind::ReplicaSet, number: *number };
            self.replica_set(id).map(|set| (id, set))
        })
    }

    /// The pods that are bound to a node, in order of their creation.
    pub fn pods_on(&self, node: &Str) -> impl Iterator<Item = (ObjectId, &Arc<Pod>)> {
        let node = node.clone();
        let rows = self.pods_by_node.from(&(node.clone(), 0)).take_while(move |((name, _), ())| *name == node);
        rows.filter_map(|((_, number), ())| {
            let id = ObjectId { kind: Kind::Pod, number: *number };
            self.pod(id).map(|pod| (id, pod))
        })
    }

    /// The objects that name this UID among their owners.
    pub fn dependents_of(&self, owner: Uid) -> impl Iterator<Item = (ObjectId, &Object)> {
        let first = ObjectId { kind: Kind::Namespace, number: 0 };
        let rows = self.dependents.from(&(owner, first)).take_while(move |((uid, _), ())| *uid == owner);
        rows.filter_map(|((_, id), ())| self.get(*id).map(|object| (*id, object)))
    }
}

fn same_owners(a: &Object, b: &Object) -> bool {
    match (&a.meta().owners, &b.meta().owners) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::kernel::queue::EventId;
    use crate::kernel::time::SimTime;
    use serde_json::Value;

    /// A view of these objects, in the order given. UIDs are those of the trees, else counted.
    pub(crate) fn view_of(trees: &[Value]) -> View {
        let mut store = store::Store::new(1_000);
        for (number, tree) in trees.iter().enumerate() {
            let kind = Kind::ALL.iter().copied().find(|kind| tree["kind"] == kind.as_str()).expect("the tree names a kind");
            let mut object = crate::apiserver::convert::object(kind, tree, None, Default::default(), SimTime::ZERO);
            let uid = tree["metadata"]["uid"].as_str().map_or_else(|| Uid::from_bits(1_000 + number as u128), Uid::parse);
            object.meta_mut().uid = uid;
            store.add(object, SimTime::ZERO, EventId::NONE);
        }
        let mut view = View::default();
        view.relist(&store);
        view
    }
}
