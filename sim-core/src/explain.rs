//! Why: the chain of causes from an object's last change back to what the user did, in words.

use crate::api::object::{Kind, Object, ObjectId};
use crate::cluster::Cluster;
use crate::cluster::event::{Happened, Process};
use crate::kernel::queue::EventId;
use crate::kernel::time::SimTime;
use crate::kernel::trace::Record;
use crate::store::Verb;
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
    // Who sent the request that came of the record at hand: only what that controller decided is a cause.
    let mut sender = "";
    for record in cluster.trace().chain_of(change.event) {
        for decision in cluster.decisions_at(record.id).filter(|decision| decision.controller == sender) {
            let text = format!("{sender} decided about {}: {}", name_of(cluster, decision.key), decision.why);
            chain.push(Cause { at: record.at, event: record.id, text });
        }
        if let Happened::Request { from, .. } = record.what {
            sender = from;
        }
        if let Some(text) = sentence(cluster, &record) {
            chain.push(Cause { at: record.at, event: record.id, text });
        }
    }
    chain
}

/// How many causes are told from each end of a long chain.
const NEAR: usize = 10;
const FAR: usize = 6;

/// The chain of causes in words, the latest first; the middle of a long chain only if `all` is asked for.
pub fn told(cluster: &Cluster, id: ObjectId, all: bool) -> String {
    let mut chain = why(cluster, id);
    let name = name_of(cluster, id);
    let Some(change) = cluster.last_change(id) else {
        return format!("The last change of {name} is older than the history that is kept.\n");
    };
    let did = match change.verb {
        Verb::Added => "was created",
        Verb::Modified => "changed last",
        Verb::Deleted => "was deleted",
    };
    chain.dedup_by(|later, earlier| later.text == earlier.text);
    let mut text = format!("{name} {did} at {}, because:\n", change.at);
    let hidden = if all || chain.len() <= NEAR + FAR + 1 { 0 } else { chain.len() - NEAR - FAR };
    for (number, cause) in chain.iter().enumerate() {
        if hidden > 0 && number == NEAR {
            text.push_str(&format!("{:>10}  … {hidden} more causes between (--all tells them)\n", ""));
        }
        if hidden == 0 || !(NEAR..NEAR + hidden).contains(&number) {
            text.push_str(&format!("{cause}\n"));
        }
    }
    text
}

/// What was handled from a place in the trace on, in words: every event, the small steps too.
pub fn since(cluster: &Cluster, place: u64) -> Vec<Cause> {
    let tell = |record: &Record<Happened>| {
        let text = sentence(cluster, record).unwrap_or_else(|| match record.what {
            Happened::Answer(to) => format!("{} had an answer", to.as_str()),
            Happened::Watch(to) => format!("{}'s watch delivered changes", to.as_str()),
            _ => "a timer went off".to_owned(),
        });
        Cause { at: record.at, event: record.id, text }
    };
    cluster.trace().from(place).map(tell).collect()
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
        Happened::Input(number) => cluster.inputs().get(u64::from(number)).map(|input| format!("you: {}", input.text)),
        Happened::Request { from, verb, resource, object, ok } => {
            let object = object.map_or_else(|| resource.to_owned(), |id| name_of(cluster, id));
            let outcome = if ok { "" } else { " (refused)" };
            Some(format!("{from} asked the API server to {verb} {object}{outcome}"))
        }
        Happened::Deliver(pod) => Some(format!("the kubelet heard of {}", name_of(cluster, pod))),
        Happened::Timer(Process::Kubelet) => Some("the kubelet's runtime got on with its work".to_owned()),
        Happened::Timer(_) | Happened::Answer(_) | Happened::Watch(_) => None,
    }
}

/// `pod/web-777dbfcf45-x2x4z`, also for objects that are gone while history remembers them.
fn name_of(cluster: &Cluster, id: ObjectId) -> String {
    let kind = id.kind.resource().singular;
    let name = match cluster.store().get(id) {
        Some(object) => Some(object.meta().name.clone()),
        None => cluster.last_change(id).map(|change| change.object.meta().name.clone()),
    };
    name.map_or_else(|| format!("a {kind} that is long gone"), |name| format!("{kind}/{name}"))
}

/// Finds the object that a user means by `pod/x`, among those that exist and those that history remembers.
///
/// # Errors
/// Says what is wrong with the name, or that there is no such object.
pub fn target(cluster: &Cluster, namespace: &str, text: &str) -> Result<ObjectId, String> {
    let (kind, name) =
        text.split_once('/').ok_or_else(|| format!("{text:?} names no object; expected something like pod/web-0 or deployment/web"))?;
    let resource = crate::api::resources::lookup(kind).ok_or_else(|| format!("there is no resource type {kind:?}"))?;
    let kind = Kind::of(resource).ok_or_else(|| format!("podarium doesn't simulate {} yet", resource.plural))?;
    let namespace = if kind.is_namespaced() { namespace } else { "" };
    let is_it = |object: &Object| object.meta().namespace == namespace && object.meta().name == name;
    let gone = || cluster.store().changes_back().find(|change| change.id.kind == kind && is_it(&change.object)).map(|change| change.id);
    let found = cluster.store().find(kind, namespace, name).or_else(gone);
    found.ok_or_else(|| {
        let within = Some(namespace).filter(|namespace| !namespace.is_empty());
        let known: Vec<&str> = cluster.store().list(kind, within).map(|(_, object)| object.meta().name.as_str()).take(8).collect();
        let known = if known.is_empty() { "there are none".to_owned() } else { format!("there are {}", known.join(", ")) };
        format!("there is no {}/{name} in namespace {namespace:?}; {known}", resource.singular)
    })
}
