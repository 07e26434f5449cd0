//! An object as YAML, at any moment that history remembers; the difference between two; Events as a table.

use super::{count, id, object_id, owner_of, reference_to};
use crate::frame::Ref;
use crate::frame::code::{Change, DiffLine, Document, LineKind};
use crate::frame::history::EventRow;
use sim_core::Cluster;
use sim_core::api::event::{Event, EventType};
use sim_core::api::meta::{OwnerReference, Str};
use sim_core::api::object::{Kind, ObjectId};
use sim_core::kernel::time::SimTime;
use sim_core::kubectl;
use sim_core::store::{self, Verb};
use std::cmp::Ordering;

/// The latest events that are listed.
const EVENTS: usize = 500;

/// An object as it was at a moment (`None`: now), with its changes; `None` if neither the store nor its history has it.
pub fn document(cluster: &Cluster, id: &str, at: Option<SimTime>) -> Option<Document> {
    let object_id = object_id(id)?;
    let changes = changes_of(cluster, object_id);
    let meta = match (changes.last(), cluster.store().get(object_id)) {
        (Some(change), _) => change.object.meta(),
        (None, Some(object)) => object.meta(),
        (None, None) => return None,
    };
    let object = reference_to(object_id, meta);
    let at = at.unwrap_or(cluster.now());
    let text = text_at(cluster, object_id, &changes, at);
    let change = |change: &&store::Change| Change {
        revision: change.revision,
        at: change.at.as_nanos(),
        event: change.event.0,
        verb: match change.verb {
            Verb::Added => "added",
            Verb::Modified => "modified",
            Verb::Deleted => "deleted",
        }
        .to_owned(),
    };
    Some(Document {
        object,
        at: at.as_nanos(),
        exists: text.is_some(),
        yaml: text.unwrap_or_default(),
        changes: changes.iter().map(change).collect(),
    })
}

/// What changed of an object between two moments, line by line. Before it was created and after it was deleted it has no lines.
pub fn diff(cluster: &Cluster, id: &str, from: SimTime, to: SimTime) -> Option<Vec<DiffLine>> {
    let object_id = object_id(id)?;
    let changes = changes_of(cluster, object_id);
    if changes.is_empty() && cluster.store().get(object_id).is_none() {
        return None;
    }
    let [from, to] = [from, to].map(|at| text_at(cluster, object_id, &changes, at).unwrap_or_default());
    let line = |(side, text): (Ordering, &str)| DiffLine {
        kind: match side {
            Ordering::Less => LineKind::Removed,
            Ordering::Equal => LineKind::Same,
            Ordering::Greater => LineKind::Added,
        },
        text: text.to_owned(),
    };
    Some(kubectl::line_diff::lines(&from, &to).into_iter().map(line).collect())
}

/// An object's changes as far as history has them, the earliest first.
fn changes_of(cluster: &Cluster, id: ObjectId) -> Vec<&store::Change> {
    let mut changes: Vec<&store::Change> = cluster.store().changes_back().filter(|change| change.id == id).collect();
    changes.reverse();
    changes
}

/// As it looked after everything that happened up to a moment.
fn text_at(cluster: &Cluster, id: ObjectId, changes: &[&store::Change], at: SimTime) -> Option<String> {
    let object = match changes.iter().rev().find(|change| change.at <= at) {
        Some(change) if change.verb == Verb::Deleted => return None,
        Some(change) => &change.object,
        None => match changes.first() {
            // What came before the first change that history has is known if that change remembers it.
            Some(first) => first.old.as_ref()?,
            None => cluster.store().get(id)?,
        },
    };
    Some(kubectl::shown_as_yaml(cluster.served(object)))
}

/// The latest Events of a namespace (empty: of all), the latest last.
pub fn events(cluster: &Cluster, namespace: &str) -> Vec<EventRow> {
    let within = Some(namespace).filter(|namespace| !namespace.is_empty());
    let all = cluster.store().list(Kind::Event, within).filter_map(|(id, object)| Some((id, object.as_event()?)));
    let mut events: Vec<(ObjectId, &Event)> = all.map(|(id, event)| (id, &**event)).collect();
    events.sort_by_key(|(id, event)| (event.last, id.number));
    let latest = events.len().saturating_sub(EVENTS);
    events[latest..].iter().map(|(id, event)| row(cluster, *id, event)).collect()
}

fn row(cluster: &Cluster, object_id: ObjectId, event: &Event) -> EventRow {
    EventRow {
        id: id(object_id),
        last: event.last.as_nanos(),
        first: event.first.as_nanos(),
        count: count(event.count.into()).max(1),
        warning: event.event_type == EventType::Warning,
        reason: event.reason.to_string(),
        source: event.component.to_owned(),
        about: about(cluster, event),
        message: event.message.trim().to_owned(),
    }
}

/// What an Event is about; without an identity if that is gone.
pub(super) fn about(cluster: &Cluster, event: &Event) -> Ref {
    let about = &event.about;
    let meant = OwnerReference {
        api_version: Str::Static(about.api_version),
        kind: Str::Static(about.kind),
        name: about.name.clone(),
        uid: about.uid,
        controller: false,
        block_owner_deletion: false,
    };
    Ref {
        id: owner_of(cluster.store(), &about.namespace, &meant).map_or_else(String::new, id),
        kind: about.kind.to_owned(),
        namespace: about.namespace.to_string(),
        name: about.name.to_string(),
    }
}
