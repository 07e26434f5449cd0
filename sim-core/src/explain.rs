//! Why: the chain of causes from an object's last change back to what the user did, in words.

use crate::api::object::{Kind, Object, ObjectId};
use crate::cluster::Cluster;
use crate::cluster::event::{Happened, Process};
use crate::kernel::queue::EventId;
use crate::kernel::time::SimTime;
use crate::kernel::trace::Record;
use petgraph::graphmap::DiGraphMap;
use std::fmt;

/// One link of the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// When.
    pub at: SimTime,
    /// The event.
    pub event: EventId,
    /// What happened, in a sentence.
    pub text: String,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10}  {}", self.at.to_string(), self.text)
    }
}

/// The causes of an object's last change, the latest first. Empty if history no longer has the change.
pub fn why(cluster: &Cluster, id: ObjectId) -> Vec<Cause> {
    let Some(change) = cluster.last_change(id) else { return Vec::new() };
    let mut chain: Vec<Cause> = Vec::new();
    for record in cluster.trace().chain_of(change.event) {
        let told = cluster.decisions_at(record.id).filter(|d| !d.why.is_empty());
        for decision in told {
            let text = format!("{} decided about {}: {}", decision.controller, name_of(cluster, decision.key), decision.why);
            chain.push(Cause { at: record.at, event: record.id, text });
        }
        if let Some(text) = sentence(cluster, &record) {
            chain.push(Cause { at: record.at, event: record.id, text });
        }
    }
    chain
}

/// The records still held as a graph from cause to effect, for drawing and for walking forward.
pub fn graph(cluster: &Cluster) -> DiGraphMap<u64, ()> {
    let mut graph = DiGraphMap::new();
    for record in cluster.trace().iter() {
        graph.add_node(record.id.0);
        if record.cause != EventId::NONE {
            graph.add_edge(record.cause.0, record.id.0, ());
        }
    }
    graph
}

/// Answers and deliveries are steps on the way; only what decides or changes something is told.
fn sentence(cluster: &Cluster, record: &Record<Happened>) -> Option<String> {
    match record.what {
        Happened::Input(number) => cluster.inputs().get(number as usize).map(|input| format!("you: {}", input.text)),
        Happened::Request { from, verb, resource, object, ok } => {
            let object = object.map_or_else(|| resource.to_owned(), |id| name_of(cluster, id));
            let outcome = if ok { "" } else { " (refused)" };
            Some(format!("{} asked the API server to {verb} {object}{outcome}", from.as_str()))
        }
        Happened::Deliver(pod) => Some(format!("the kubelet heard of {}", name_of(cluster, pod))),
        Happened::Timer(Process::Kubelet) => Some("the kubelet's runtime got on with its work".to_owned()),
        Happened::Timer(_) | Happened::Answer(_) | Happened::Watch(_) => None,
    }
}

/// `pod/web-777dbfcf45-x2x4z`, also for objects that are gone while history remembers them.
fn name_of(cluster: &Cluster, id: ObjectId) -> String {
    let kind = id.kind.resource().singular;
    let live = cluster.store().get(id).map(Object::meta);
    match live {
        Some(meta) => format!("{kind}/{}", meta.name),
        None => {
            let from = cluster.store().revision().saturating_sub(20_000);
            let gone = cluster
                .store()
                .changes_since(from)
                .ok()
                .and_then(|mut changes| changes.find(|c| c.id == id).map(|c| c.object.meta().name.to_string()));
            gone.map_or_else(|| format!("{kind} that is gone"), |name| format!("{kind}/{name}"))
        }
    }
}

/// Finds the object that a user means by `pod/x`.
///
/// # Errors
/// Says what is wrong with the name, or that there is no such object.
pub fn target(cluster: &Cluster, namespace: &str, text: &str) -> Result<ObjectId, String> {
    let (kind, name) =
        text.split_once('/').ok_or_else(|| format!("{text:?} names no object; expected something like pod/web-0 or deployment/web"))?;
    let resource = crate::api::resources::lookup(kind).ok_or_else(|| format!("there is no resource type {kind:?}"))?;
    let kind = Kind::of(resource).ok_or_else(|| format!("podarium doesn't simulate {} yet", resource.plural))?;
    let namespace = if kind.is_namespaced() { namespace } else { "" };
    cluster
        .store()
        .find(kind, namespace, name)
        .ok_or_else(|| format!("there is no {}/{name} in namespace {namespace:?}", resource.singular))
}
