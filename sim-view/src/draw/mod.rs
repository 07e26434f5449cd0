//! Frames drawn from a cluster. Everything here only reads.
//!
//! Three are cursors over a run that goes on: [`cluster::View`] knows what was shown last and gives what is new, [`messages::Listener`] tells what
//! was said since, and [`history::Recorder`] keeps what happened. The others answer a question about a moment.

pub mod check;
pub mod cluster;
pub mod complete;
pub mod document;
pub mod history;
pub mod messages;
mod node;
mod owner;
pub mod packet;
mod pod;
mod service;
pub mod why;

use crate::frame::{Id, Ref};
use sim_core::Cluster;
use sim_core::api::meta::{Meta, OwnerReference};
use sim_core::api::object::{Kind, ObjectId};
use sim_core::store::Store;

/// An object's identity, as the page knows it.
pub fn id(object: ObjectId) -> Id {
    format!("{}:{}", object.kind.as_str().to_ascii_lowercase(), object.number)
}

/// The object that an identity stands for, if it is one.
pub fn object_id(id: &str) -> Option<ObjectId> {
    let (kind, number) = id.split_once(':')?;
    let kind = Kind::ALL.iter().copied().find(|known| known.as_str().eq_ignore_ascii_case(kind))?;
    Some(ObjectId { kind, number: number.parse().ok()? })
}

/// Enough of an object to show it and to ask about it, also of one that is gone while history remembers it.
pub fn reference(cluster: &Cluster, object: ObjectId) -> Option<Ref> {
    let meta = match cluster.store().get(object) {
        Some(found) => found.meta(),
        None => cluster.last_change(object)?.object.meta(),
    };
    Some(reference_to(object, meta))
}

/// The same, of an object at hand.
pub(crate) fn reference_to(object: ObjectId, meta: &Meta) -> Ref {
    Ref { id: id(object), kind: object.kind.as_str().to_owned(), namespace: meta.namespace.to_string(), name: meta.name.to_string() }
}

/// The object that an owner reference means, if it exists.
pub(crate) fn owner_of(store: &Store, namespace: &str, owner: &OwnerReference) -> Option<ObjectId> {
    let group = |version: &str| version.split_once('/').map_or(String::new(), |(group, _)| group.to_owned());
    let is_kind = |kind: &&Kind| kind.as_str() == owner.kind.as_str() && group(kind.api_version()) == group(&owner.api_version);
    let kind = *Kind::ALL.iter().find(is_kind)?;
    let found = store.find(kind, if kind.is_namespaced() { namespace } else { "" }, &owner.name)?;
    store.get(found).filter(|object| object.meta().uid == owner.uid).map(|_| found)
}

/// The identity of an object's controller; empty if it has none, or if that is gone.
pub(crate) fn controller_id(store: &Store, meta: &Meta) -> Id {
    meta.controller().and_then(|owner| owner_of(store, &meta.namespace, owner)).map_or_else(String::new, id)
}

/// A count of the API, which is never less than nothing.
pub(crate) fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}
