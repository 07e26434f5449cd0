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

/// What kind of cause it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CauseKind {
    /// The user did something.
    Input,
    /// Somebody asked the API server for something.
    Request,
    /// A controller decided.
    Decision,
    /// A kubelet heard of its pod.
    Heard,
    /// A kubelet's runtime got on with its work.
    Runtime,
    /// A step on the way: an answer, a watch, another timer.
    Step,
}

/// One link of the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// When.
    pub at: SimTime,
    /// The event.
    pub event: EventId,
    /// What kind of cause it is.
    pub kind: CauseKind,
    /// Who asked, decided or was woken; empty for the user.
    pub who: &'static str,
    /// What was asked for: `create`; else empty.
    pub verb: &'static str,
    /// About which object, if about one.
    pub object: Option<ObjectId>,
    /// Whether the API server agreed.
    pub ok: bool,
    /// What was typed, or why it was decided; else empty.
    pub text: String,
    /// All of it in a sentence.
    pub sentence: String,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10}  {}", self.at.to_string(), self.sentence)
    }
}

impl Cause {
    /// What an event was, a small step too.
    fn of(cluster: &Cluster, record: &Record<Happened>) -> Cause {
        let blank = Cause {
            at: record.at,
            event: record.id,
            kind: CauseKind::Step,
            who: "",
            verb: "",
            object: None,
            ok: true,
            text: String::new(),
            sentence: String::new(),
        };
        match record.what {
            Happened::Input(number) => {
                let text = cluster.inputs().get(u64::from(number)).map_or_else(String::new, |input| input.text.clone());
                Cause { kind: CauseKind::Input, sentence: format!("you: {text}"), text, ..blank }
            }
            Happened::Request { from, verb, resource, object, ok } => {
                let name = object.map_or_else(|| resource.to_owned(), |id| name_of(cluster, id));
                let outcome = if ok { "" } else { " (refused)" };
                let sentence = format!("{from} asked the API server to {verb} {name}{outcome}");
                Cause { kind: CauseKind::Request, who: from, verb, object, ok, sentence, ..blank }
            }
            Happened::Deliver(pod) => {
                let sentence = format!("the kubelet heard of {}", name_of(cluster, pod));
                Cause { kind: CauseKind::Heard, who: Process::Kubelet.as_str(), object: Some(pod), sentence, ..blank }
            }
            Happened::Timer { of: Process::Kubelet, about } => {
                let sentence = "the kubelet's runtime got on with its work".to_owned();
                Cause { kind: CauseKind::Runtime, who: Process::Kubelet.as_str(), object: about, sentence, ..blank }
            }
            Happened::Timer { of, about } => Cause { who: of.as_str(), object: about, sentence: "a timer went off".to_owned(), ..blank },
            Happened::Answer(to) => Cause { who: to.as_str(), sentence: format!("{} had an answer", to.as_str()), ..blank },
            Happened::Watch(to) => Cause { who: to.as_str(), sentence: format!("{}'s watch delivered changes", to.as_str()), ..blank },
        }
    }

    /// What a controller decided in the handling of an event.
    fn decided(cluster: &Cluster, record: &Record<Happened>, who: &'static str, about: ObjectId, why: &str) -> Cause {
        Cause {
            at: record.at,
            event: record.id,
            kind: CauseKind::Decision,
            who,
            verb: "",
            object: Some(about),
            ok: true,
            text: why.to_owned(),
            sentence: format!("{who} decided about {}: {why}", name_of(cluster, about)),
        }
    }
}

/// The causes of an object's last change, the latest first. Empty if history no longer has the change.
pub fn why(cluster: &Cluster, id: ObjectId) -> Vec<Cause> {
    cluster.last_change(id).map_or_else(Vec::new, |change| why_event(cluster, change.event))
}

/// An event and what led to it, the latest first. Empty if the trace no longer has it.
///
/// Of the events on the way, only those that decide or change something are told; the one that is asked about in any case.
pub fn why_event(cluster: &Cluster, event: EventId) -> Vec<Cause> {
    let mut chain: Vec<Cause> = Vec::new();
    // Who sent the request that came of the record at hand: only what that controller decided is a cause.
    let mut sender = "";
    for record in cluster.trace().chain_of(event) {
        let decisions = cluster.decisions_at(record.id).filter(|decision| decision.controller == sender);
        chain.extend(decisions.map(|decision| Cause::decided(cluster, &record, decision.controller, decision.key, &decision.why)));
        if let Happened::Request { from, .. } = record.what {
            sender = from;
        }
        let cause = Cause::of(cluster, &record);
        if cause.kind != CauseKind::Step || record.id == event {
            chain.push(cause);
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
    chain.dedup_by(|later, earlier| later.sentence == earlier.sentence);
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

/// What was handled from a place in the trace on: every event, the small steps too.
pub fn since(cluster: &Cluster, place: u64) -> Vec<Cause> {
    cluster.trace().from(place).map(|record| Cause::of(cluster, record)).collect()
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
