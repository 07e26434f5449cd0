//! What the parts of the control plane say to each other, from the trace: the picture of what happens when you create a Deployment.
//!
//! Most messages are events of the run. Those to kube-proxies are derived: the network has no events of its own, and a proxy hears of a Service
//! when its watch would deliver it.

use super::reference_to;
use crate::frame::Ref;
use crate::frame::messages::{Message, MessageKind, Party, Role};
use sim_core::Cluster;
use sim_core::api::object::{Kind, Object, ObjectId};
use sim_core::cluster::event::{Happened, Process};
use sim_core::kernel::queue::EventId;
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::kernel::trace::Record;
use sim_core::net::agents::Agent;
use sim_core::store::{Change, Verb};
use std::collections::{BTreeMap, VecDeque};

/// The latest messages that are told.
const MESSAGES: usize = 500;
/// The latest events that are looked at: few say nothing.
const RECORDS: u64 = 2_000;
/// So many of the latest changes are looked at in any case, for the names of what is gone.
const CHANGES: usize = 1_000;
/// With more nodes than this, what all proxies hear is told once.
const PROXIES: usize = 12;

/// What was said since a moment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Said {
    /// The latest messages, in the order of their arrival.
    pub messages: Vec<Message>,
    /// How many messages, or events that weren't looked at, are left out before them.
    pub left_out: u32,
}

/// Listens to what is said: a cursor over the trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Listener {
    /// The place in the trace of what comes next.
    place: u64,
    /// Until when proxies were listened to.
    until: SimTime,
}

impl Listener {
    /// Listens from a cluster's moment on. To be taken anew after every jump.
    pub fn from(cluster: &Cluster) -> Listener {
        Listener { place: cluster.trace().noted(), until: cluster.now() }
    }

    /// What was said since it was last asked.
    pub fn hear(&mut self, cluster: &Cluster) -> Said {
        let Listener { place, until } = *self;
        *self = Listener::from(cluster);
        let from = place.max(self.place.saturating_sub(RECORDS));
        let records: Vec<&Record<Happened>> = cluster.trace().from(from).collect();
        let mut talk = Talk {
            cluster,
            commits: BTreeMap::new(),
            changed: BTreeMap::new(),
            messages: VecDeque::new(),
            left_out: from.saturating_sub(place),
        };
        let first = records.first().map_or(cluster.now(), |record| record.at);
        let earliest = SimTime::from_nanos(first.min(until).as_nanos().saturating_sub(cluster.watch_latency().as_nanos()));
        let back = cluster.store().changes_back().enumerate();
        let changes: Vec<&Change> = back.take_while(|(count, c)| *count < CHANGES || c.at >= earliest).map(|(_, change)| change).collect();
        for change in changes.iter().rev() {
            talk.commits.entry(change.event).or_default().push(change);
            talk.changed.insert(change.id, &change.object);
        }
        let mut to_proxies = talk.to_proxies(changes.into_iter().rev(), until).into_iter().peekable();
        for record in records {
            while let Some(message) = to_proxies.next_if(|message| message.at < record.at.as_nanos()) {
                talk.say(message);
            }
            talk.record(record);
        }
        to_proxies.for_each(|message| talk.say(message));
        Said { messages: talk.messages.into(), left_out: u32::try_from(talk.left_out).unwrap_or(u32::MAX) }
    }
}

struct Talk<'a> {
    cluster: &'a Cluster,
    /// What each event wrote.
    commits: BTreeMap<EventId, Vec<&'a Change>>,
    /// What changed lately, as it was last: also what is gone.
    changed: BTreeMap<ObjectId, &'a Object>,
    messages: VecDeque<Message>,
    left_out: u64,
}

fn party(role: Role, name: &str) -> Party {
    Party { role, name: name.to_owned() }
}

fn api_server() -> Party {
    party(Role::ApiServer, "")
}

/// Who goes by this name in the trace.
fn named(name: &str) -> Party {
    match name {
        "kube-scheduler" => party(Role::Scheduler, ""),
        "kube-controller-manager" => party(Role::Controller, ""),
        controller => party(Role::Controller, controller),
    }
}

fn before(at: SimTime, latency: SimDuration) -> u64 {
    at.as_nanos().saturating_sub(latency.as_nanos())
}

impl<'a> Talk<'a> {
    fn say(&mut self, message: Message) {
        if self.messages.len() == MESSAGES {
            self.messages.pop_front();
            self.left_out += 1;
        }
        self.messages.push_back(message);
    }

    /// A message of an event, to be filled in.
    fn message(&self, record: &Record<Happened>, kind: MessageKind, from: Party, to: Party) -> Message {
        let latency = match kind {
            MessageKind::Request | MessageKind::Answer => self.cluster.api_latency(),
            MessageKind::Watch => self.cluster.watch_latency(),
            MessageKind::Input | MessageKind::Commit | MessageKind::Work => SimDuration::ZERO,
        };
        Message {
            event: record.id.0,
            cause: record.cause.0,
            sent: before(record.at, latency),
            at: record.at.as_nanos(),
            kind,
            from,
            to,
            verb: String::new(),
            resource: String::new(),
            object: None,
            ok: true,
            text: String::new(),
        }
    }

    fn record(&mut self, record: &Record<Happened>) {
        match record.what {
            Happened::Input(number) => {
                let text = self.cluster.inputs().get(u64::from(number)).map_or_else(String::new, |input| input.text.clone());
                let user = party(Role::User, "");
                // What is done to machines doesn't go through the API server.
                let to = if text.starts_with("kubectl") || self.commits.contains_key(&record.id) { api_server() } else { user.clone() };
                self.say(Message { text, ..self.message(record, MessageKind::Input, user, to) });
                self.commits(record);
            }
            Happened::Request { from, verb, resource, object, ok } => {
                let sender = self.sender(from, object);
                let request = self.message(record, MessageKind::Request, sender, api_server());
                self.say(Message {
                    verb: verb.to_owned(),
                    resource: resource.to_owned(),
                    object: object.and_then(|object| self.reference(object)),
                    ok,
                    ..request
                });
                self.commits(record);
            }
            Happened::Answer(to) => {
                let answer = |to| self.message(record, MessageKind::Answer, api_server(), to);
                let asked = self.cluster.trace().get(record.cause).map(|record| record.what);
                let message = match asked {
                    Some(Happened::Request { from, verb, resource, object, ok }) => Message {
                        verb: verb.to_owned(),
                        resource: resource.to_owned(),
                        object: object.and_then(|object| self.reference(object)),
                        ok,
                        ..answer(self.sender(from, object))
                    },
                    _ => answer(self.process(to)),
                };
                self.say(message);
                self.decisions(record);
            }
            Happened::Watch(to) => {
                let written = self.commits.get(&record.cause).and_then(|changes| changes.first().copied());
                let watch = self.message(record, MessageKind::Watch, api_server(), self.process(to));
                self.say(match written {
                    Some(change) => about_change(watch, change),
                    None => watch,
                });
                self.decisions(record);
            }
            Happened::Deliver(pod) => {
                let kubelet = party(Role::Kubelet, &self.node_of(pod));
                let watch = self.message(record, MessageKind::Watch, api_server(), kubelet);
                let resource = Kind::Pod.resource().plural.to_owned();
                self.say(Message { resource, object: self.reference(pod), ..watch });
            }
            // A controller's timers wake it to look at its queue: what comes of that are decisions.
            Happened::Timer { of: Process::ControllerManager, .. } => self.decisions(record),
            Happened::Timer { of, about } => {
                let who = match (of, about) {
                    (Process::Kubelet, Some(about)) => party(Role::Kubelet, &self.node_of(about)),
                    _ => self.process(of),
                };
                let work = self.message(record, MessageKind::Work, who.clone(), who);
                self.say(Message { object: about.and_then(|about| self.reference(about)), ..work });
            }
        }
    }

    /// What the API server writes into etcd for an event.
    fn commits(&mut self, record: &Record<Happened>) {
        for change in self.commits.get(&record.id).cloned().unwrap_or_default() {
            let commit = self.message(record, MessageKind::Commit, api_server(), party(Role::Etcd, ""));
            self.say(about_change(commit, change));
        }
    }

    /// What controllers decided in the handling of an event.
    fn decisions(&mut self, record: &Record<Happened>) {
        let cluster = self.cluster;
        for decision in cluster.decisions_at(record.id) {
            let who = named(decision.controller);
            let work = self.message(record, MessageKind::Work, who.clone(), who);
            self.say(Message {
                resource: decision.key.kind.resource().plural.to_owned(),
                object: self.reference(decision.key),
                text: decision.why.to_string(),
                ..work
            });
        }
    }

    fn process(&self, process: Process) -> Party {
        match process {
            Process::Kubelet => party(Role::Kubelet, ""),
            other => named(other.as_str()),
        }
    }

    /// Who sent a request. Of kubelets the trace has only what they are: which one it was follows from what it is about.
    fn sender(&self, from: &'static str, object: Option<ObjectId>) -> Party {
        if from != Process::Kubelet.as_str() {
            return named(from);
        }
        party(Role::Kubelet, &object.map_or_else(String::new, |object| self.node_of(object)))
    }

    /// An object, also if it is gone lately.
    fn object(&self, id: ObjectId) -> Option<&'a Object> {
        self.cluster.store().get(id).or_else(|| self.changed.get(&id).copied())
    }

    fn reference(&self, id: ObjectId) -> Option<Ref> {
        self.object(id).map(|object| reference_to(id, object.meta()))
    }

    /// The name of the node whose kubelet sees to an object; empty if that isn't known.
    fn node_of(&self, object: ObjectId) -> String {
        match self.object(object) {
            Some(Object::Pod(pod)) => pod.node_name.to_string(),
            Some(Object::Node(node)) => node.meta.name.to_string(),
            Some(Object::Event(event)) => event.host.to_string(),
            Some(Object::Lease(lease)) => lease.holder.to_string(),
            _ => String::new(),
        }
    }

    /// What proxies hear of after a moment, and when their nodes' kernels go by it: derived, as the network derives it.
    fn to_proxies(&self, changes: impl Iterator<Item = &'a Change>, after: SimTime) -> Vec<Message> {
        let (cluster, latency) = (self.cluster, self.cluster.watch_latency());
        let now = cluster.now();
        let agents = cluster.network().agents();
        let listening = cluster.nodes().numbers().filter(|node| agents.follows(*node, Agent::Proxy, now).is_some());
        let nodes: Vec<u32> = listening.take(PROXIES + 1).collect();
        let name = |node: &u32| cluster.nodes().kubelet(*node).map_or_else(String::new, |kubelet| kubelet.name.to_string());
        let proxies: Vec<Party> = if nodes.len() > PROXIES {
            vec![party(Role::Proxy, "")]
        } else {
            nodes.iter().map(|node| party(Role::Proxy, &name(node))).collect()
        };
        let mut messages = Vec::new();
        let is_heard = |change: &&Change| matches!(change.id.kind, Kind::Service | Kind::EndpointSlice);
        for change in changes.filter(is_heard) {
            let due = change.at + latency;
            if due <= after || due > now {
                continue;
            }
            let record = Record { id: change.event, at: due, cause: change.event, what: Happened::Watch(Process::Kubelet) };
            for proxy in &proxies {
                let watch = self.message(&record, MessageKind::Watch, api_server(), proxy.clone());
                messages.push(about_change(watch, change));
            }
        }
        for node in nodes.iter().take(PROXIES) {
            let written = cluster.network().services_since(*node, now).filter(|since| *since > after && *since <= now);
            if let Some(at) = written.filter(|_| nodes.len() <= PROXIES) {
                let record = Record { id: EventId::NONE, at, cause: EventId::NONE, what: Happened::Watch(Process::Kubelet) };
                let proxy = party(Role::Proxy, &name(node));
                messages.push(self.message(&record, MessageKind::Work, proxy.clone(), proxy));
            }
        }
        messages.sort_by_key(|message| message.at);
        messages
    }
}

/// Adds to a message what was written.
fn about_change(message: Message, change: &Change) -> Message {
    let verb = match change.verb {
        Verb::Added => "create",
        Verb::Modified => "update",
        Verb::Deleted => "delete",
    };
    Message {
        verb: verb.to_owned(),
        resource: change.id.kind.resource().plural.to_owned(),
        object: Some(reference_to(change.id, change.object.meta())),
        ..message
    }
}
