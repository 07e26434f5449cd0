//! The store: what etcd is to a cluster. One revision counter for all kinds, one history that watches read with cursors.
//!
//! Keys are `namespace/name`, so lists come in etcd's order. History is compacted from the old end; who asks for more gets
//! [`Compacted`] and must list again. Mirrors the contract of `staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go`, v1.36.

use crate::api::meta::{Meta, Str};
use crate::api::object::{Kind, Object, ObjectId};
use crate::kernel::queue::EventId;
use crate::kernel::table::{Index, Log, Table};
use crate::kernel::time::SimTime;
use std::cmp::Ordering;

/// What a change did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// The object is new.
    Added,
    /// It was replaced by a newer version.
    Modified,
    /// It is gone.
    Deleted,
}

/// One committed write.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision that it made.
    pub revision: u64,
    /// When.
    pub at: SimTime,
    /// The event that wrote it: where `why` starts.
    pub event: EventId,
    /// What was done.
    pub verb: Verb,
    /// Which object.
    pub id: ObjectId,
    /// The object after the change; for a deletion as it was last, with the revision of its deletion.
    pub object: Object,
    /// The object before.
    pub old: Option<Object>,
}

/// The history before this revision is gone: the 410 of the API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Compacted {
    /// The oldest revision that can still be read.
    pub oldest: u64,
}

#[derive(Clone, Default, Debug)]
struct Shelf {
    objects: Table<Object>,
    names: Index<Key, u32>,
    next: u32,
}

/// All objects and their recent history. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Store {
    shelves: Vec<Shelf>,
    history: Log<Change>,
    history_limit: u64,
}

/// The key of an object. Ordered as etcd orders the text `namespace/name`: `a-b/x` comes before `a/x`, since `-` is less than `/`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Empty for cluster-scoped kinds.
    pub namespace: Str,
    /// The name; empty for the place before all names of the namespace.
    pub name: Str,
}

impl Key {
    /// The key of the object that has this metadata.
    pub fn of(meta: &Meta) -> Key {
        Key { namespace: meta.namespace.clone(), name: meta.name.clone() }
    }

    /// The key of a name that somebody asks for.
    pub fn new(namespace: &str, name: &str) -> Key {
        Key { namespace: Str::from(namespace.to_owned()), name: Str::from(name.to_owned()) }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.namespace == other.namespace {
            return self.name.as_str().cmp(other.name.as_str());
        }
        self.namespace.bytes().chain([b'/']).cmp(other.namespace.bytes().chain([b'/']))
    }
}
impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The numbers of a kind's objects in a namespace (`None`: in all), in order of their keys.
pub fn in_namespace(names: &Index<Key, u32>, kind: Kind, namespace: Option<&str>) -> impl Iterator<Item = u32> {
    let start = Key::new(namespace.filter(|_| kind.is_namespaced()).unwrap_or_default(), "");
    let within = start.namespace.clone();
    names.from(&start).take_while(move |(key, _)| within.is_empty() || key.namespace == within).map(|(_, number)| *number)
}

impl Store {
    /// An empty store that keeps about `history_limit` changes for watchers.
    pub fn new(history_limit: u64) -> Self {
        Store { shelves: vec![Shelf::default(); Kind::ALL.len()], history: Log::default(), history_limit }
    }

    /// About how many changes are kept.
    pub fn history_limit(&self) -> u64 {
        self.history_limit
    }

    fn shelf(&self, kind: Kind) -> &Shelf {
        &self.shelves[kind as usize]
    }

    /// The revision of the last write; 0 if there was none.
    pub fn revision(&self) -> u64 {
        self.history.next()
    }

    /// The object, if it exists.
    pub fn get(&self, id: ObjectId) -> Option<&Object> {
        self.shelf(id.kind).objects.get(id.number)
    }

    /// The number of the object of this name.
    pub fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<ObjectId> {
        self.find_key(kind, &Key::new(namespace, name))
    }

    /// The number of the object of this key.
    pub fn find_key(&self, kind: Kind, key: &Key) -> Option<ObjectId> {
        self.shelf(kind).names.get(key).map(|number| ObjectId { kind, number: *number })
    }

    /// The object of this name.
    pub fn find_object(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Object> {
        self.get(self.find(kind, namespace, name)?)
    }

    /// The objects of a kind in a namespace (`None`: in all), in order of their keys.
    pub fn list(&self, kind: Kind, namespace: Option<&str>) -> impl Iterator<Item = (ObjectId, &Object)> {
        let shelf = self.shelf(kind);
        in_namespace(&shelf.names, kind, namespace).filter_map(move |number| {
            let id = ObjectId { kind, number };
            shelf.objects.get(number).map(|object| (id, object))
        })
    }

    /// How many objects of a kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.shelf(kind).objects.len()
    }

    /// The number that the next new object of a kind will get.
    pub fn next_number(&self, kind: Kind) -> u32 {
        self.shelf(kind).next
    }

    /// Adds an object. Its resource version is set here.
    ///
    /// # Panics
    /// If the name is taken: the API server checks before.
    pub fn add(&mut self, mut object: Object, at: SimTime, event: EventId) -> ObjectId {
        let revision = self.revision() + 1;
        object.meta_mut().resource_version = revision;
        let kind = object.kind();
        let shelf = &mut self.shelves[kind as usize];
        let number = shelf.next;
        shelf.next += 1;
        let taken = shelf.names.insert(Key::of(object.meta()), number);
        assert!(taken.is_none(), "the name of a new object is free");
        shelf.objects.insert(number, object.clone());
        let id = ObjectId { kind, number };
        self.commit(Change { revision, at, event, verb: Verb::Added, id, object, old: None });
        id
    }

    /// Replaces an object. Its resource version is set here.
    ///
    /// # Panics
    /// If it doesn't exist.
    pub fn replace(&mut self, id: ObjectId, mut object: Object, at: SimTime, event: EventId) {
        let revision = self.revision() + 1;
        object.meta_mut().resource_version = revision;
        let old = self.shelves[id.kind as usize].objects.insert(id.number, object.clone());
        assert!(old.is_some(), "only an object that exists is replaced");
        self.commit(Change { revision, at, event, verb: Verb::Modified, id, object, old });
    }

    /// Removes an object.
    ///
    /// # Panics
    /// If it doesn't exist.
    pub fn remove(&mut self, id: ObjectId, at: SimTime, event: EventId) {
        let revision = self.revision() + 1;
        let shelf = &mut self.shelves[id.kind as usize];
        let old = shelf.objects.remove(id.number).expect("only an object that exists is removed");
        shelf.names.remove(&Key::of(old.meta()));
        let mut object = old.clone();
        object.meta_mut().resource_version = revision;
        self.commit(Change { revision, at, event, verb: Verb::Deleted, id, object, old: Some(old) });
    }

    /// Notes in a node's lease when its renewals stop or begin again. They are derived, so this is no write and makes no revision.
    pub fn set_heartbeat(&mut self, lease: ObjectId, heartbeat: crate::api::node::Heartbeat) {
        if let Some(Object::Lease(lease)) = self.shelves[lease.kind as usize].objects.get_mut(lease.number) {
            std::sync::Arc::make_mut(lease).heartbeat = heartbeat;
        }
    }

    fn commit(&mut self, change: Change) {
        let revision = change.revision;
        let place = self.history.push(change);
        assert_eq!(place + 1, revision, "revisions number the history");
        self.history.forget_before(revision.saturating_sub(self.history_limit));
    }

    /// The change that made this revision, if it is still in the history.
    pub fn change(&self, revision: u64) -> Option<&Change> {
        self.history.get(revision.checked_sub(1)?)
    }

    /// The changes after revision `since`, oldest first.
    ///
    /// # Errors
    /// If some of them were compacted.
    pub fn changes_since(&self, since: u64) -> Result<impl Iterator<Item = &Change>, Compacted> {
        if since < self.history.first() {
            return Err(Compacted { oldest: self.history.first() + 1 });
        }
        Ok(self.history.from(since).map(|(_, change)| change))
    }

    /// The changes that are still in the history, the latest first.
    pub fn changes_back(&self) -> impl Iterator<Item = &Change> {
        (self.history.first()..self.history.next()).rev().filter_map(|place| self.history.get(place))
    }

    /// Lets go of the history up to a revision, as the API server's compaction does every five minutes.
    pub fn compact(&mut self, revision: u64) {
        self.history.forget_before(revision);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::Meta;
    use crate::api::node::Namespace;

    fn namespace(name: &str) -> Object {
        Namespace { meta: Meta { name: Str::from(name.to_owned()), ..Meta::default() }, terminating: false }.into()
    }

    #[test]
    fn revisions_count_every_write_of_every_kind_and_numbers_are_not_reused() {
        let mut store = Store::new(1 << 20);
        let a = store.add(namespace("a"), SimTime::ZERO, EventId::NONE);
        let b = store.add(namespace("b"), SimTime::ZERO, EventId::NONE);
        store.remove(a, SimTime::ZERO, EventId::NONE);
        let again = store.add(namespace("a"), SimTime::ZERO, EventId::NONE);
        store.replace(b, namespace("b"), SimTime::ZERO, EventId::NONE);
        assert_eq!(store.revision(), 5);
        assert_ne!(a, again);
        let verbs: Vec<Verb> = store.changes_since(2).expect("nothing is compacted").map(|c| c.verb).collect();
        assert_eq!(verbs, [Verb::Deleted, Verb::Added, Verb::Modified]);
        assert_eq!(store.list(Kind::Namespace, None).map(|(_, o)| o.meta().name.to_string()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn compacted_history_says_so() {
        let mut store = Store::new(1000);
        let id = store.add(namespace("a"), SimTime::ZERO, EventId::NONE);
        for _ in 0..5000 {
            store.replace(id, namespace("a"), SimTime::ZERO, EventId::NONE);
        }
        let oldest = match store.changes_since(1) {
            Ok(_) => panic!("revision 1 is long gone"),
            Err(Compacted { oldest }) => oldest,
        };
        assert!(store.change(oldest).is_some() && store.change(oldest - 1).is_none());
        assert_eq!(store.changes_since(5000).map(Iterator::count), Ok(1));
    }
}
