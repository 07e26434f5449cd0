//! One packet's way, asked for in words: `pod/client` to `svc/web:80`.

use super::Cluster;
use super::http::{Asked as Request, Decision, Entrance, Proxy};
use super::network::Truth;
use super::reach::OUTSIDE;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::resources;
use crate::net::dns::resolver::{Answer, Failure};
use crate::net::ingress::rules::PortRef;
use crate::net::packet::Protocol;
use crate::net::traffic::client::Source;
use crate::net::traffic::reach::{Reach, Seat};
use crate::net::walk::{self, End, Outcome, Place, Walk};
use crate::net::world::World;
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::Ipv4Addr;

/// What a packet meets, and what was asked before it was sent.
#[derive(Clone, Debug)]
pub struct Trace {
    /// In words: `pod/client → svc/web:80`.
    pub question: String,
    /// The name that was asked for, and what came of it.
    pub name: Option<(String, Answer)>,
    /// The ways: one, or with a proxy in between two.
    pub walks: Vec<Walk>,
    /// What the proxy in between decides.
    pub routing: Option<Routing>,
}

/// What a proxy decides about a request: an ingress controller, a Gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Routing {
    /// Who decides: `the ingress controller`.
    pub by: String,
    /// The rule, or why there is none.
    pub why: String,
    /// The Service that is asked: `default/web:80`.
    pub service: Option<String>,
    /// The status, if it answers itself: 404, 503, 308.
    pub status: Option<u16>,
}

impl Routing {
    fn story(&self) -> String {
        let then = match (&self.service, self.status) {
            (Some(service), None) => format!("asks Service {service}"),
            (Some(service), Some(status)) => format!("answers {status}: Service {service} has no endpoints"),
            (None, status) => format!("answers {}", status.unwrap_or(404)),
        };
        format!("{}: {}; {then}", self.by, self.why)
    }
}

/// What may be asked.
const FROM: &str = "expected pod/NAME, deployment/NAME (one of its pods), node/NAME, outside or an address outside";
const TO: &str = "expected svc/NAME:PORT, pod/NAME:PORT, deployment/NAME:PORT, node/NAME:PORT, lb/NAME:PORT, ADDRESS:PORT or a DNS name with its port; \
                  http://HOST/PATH; without a port it is a ping";

impl Trace {
    /// Whether what was sent is answered.
    pub fn arrives(&self) -> bool {
        let refused = self.routing.as_ref().is_some_and(|routing| routing.status.is_some_and(|status| status >= 400));
        !refused && !self.walks.is_empty() && self.walks.iter().all(|walk| walk.outcome == Outcome::Answered)
    }

    /// Why it isn't, in a sentence; what the sender sees first.
    pub fn failure(&self) -> Option<String> {
        let Some(failed) = self.walks.iter().find(|walk| walk.outcome != Outcome::Answered) else {
            let routing = self.routing.as_ref().filter(|_| !self.arrives())?;
            return Some(format!("HTTP {}: {}", routing.status.unwrap_or(404), routing.story()));
        };
        failed.cause().map(|cause| format!("{}: {cause}", failed.seen()))
    }

    /// Who answers in the end.
    pub fn reached(&self) -> Option<String> {
        self.walks.last().filter(|_| self.arrives())?.reached.as_ref().map(ToString::to_string)
    }

    /// For a terminal: a line for each hop, with the rules that matched below it.
    pub fn story(&self) -> String {
        format!("{}\n{}", self.question, self.way())
    }

    /// The same, where the question stands above it already.
    pub fn way(&self) -> String {
        let mut text = String::new();
        if let Some((name, answer)) = &self.name {
            let _ = writeln!(text, "DNS: {}", answer.story(name));
        }
        for (number, walk) in self.walks.iter().enumerate() {
            text.push_str(&walk::story(walk));
            if let Some(routing) = self.routing.as_ref().filter(|_| number == 0) {
                let _ = writeln!(text, "{}", routing.story());
            }
        }
        text
    }

    /// As data.
    pub fn to_json(&self) -> Value {
        let name = self.name.as_ref().map(|(name, answer)| {
            let steps = answer.steps.iter().map(|step| {
                let code = step.reply.as_ref().map(|reply| reply.code.as_str());
                let records: Vec<String> = step.reply.iter().flat_map(|reply| &reply.records).map(ToString::to_string).collect();
                json!({"name": step.name, "type": step.kind.as_str(), "server": step.server.to_string(), "answer": code, "records": records})
            });
            json!({"name": name, "steps": steps.collect::<Vec<_>>(), "addresses": answer.addresses})
        });
        let walks: Vec<Value> = self.walks.iter().map(walk::tree).collect();
        let routing = self
            .routing
            .as_ref()
            .map(|routing| json!({"by": routing.by, "why": routing.why, "service": routing.service, "status": routing.status}));
        json!({
            "question": self.question, "arrives": self.arrives(), "failure": self.failure(), "dns": name, "routing": routing, "walks": walks,
        })
    }

    /// As a graph in the DOT language.
    pub fn to_dot(&self) -> String {
        let mut text: String = self.walks.iter().map(walk::dot).collect();
        if let Some(routing) = &self.routing {
            // A comment, so that the text stays a list of graphs.
            let _ = writeln!(text, "// {}", routing.story());
        }
        text
    }
}

impl Cluster {
    /// Follows a packet from one end to the other. Nothing is sent: it is worked out from what is there at this moment.
    ///
    /// # Errors
    /// If the words name nobody, or somebody who isn't there.
    pub fn trace_packet(&self, namespace: &str, from: &str, to: &str) -> Result<Trace, String> {
        let truth = self.truth();
        let (end, seat) = truth.end(namespace, from)?;
        if let Some((host, port, path)) = url(to)? {
            return Ok(truth.trace_request(end, &seat, format!("{from} → {to}"), (host, port, path)));
        }
        let asked = truth.target(namespace, &seat, to)?;
        let question = format!("{from} → {to}");
        let target = walk::Target::of(asked.protocol, asked.address.unwrap_or(Ipv4Addr::UNSPECIFIED), asked.port);
        let walk = match asked.address {
            Some(_) => walk::walk(&truth, end, &target),
            None => {
                let (name, failure) = asked.name.as_ref().map_or((to, None), |(name, answer)| (name.as_str(), answer.failure));
                Walk::unresolved(&truth, end, name, failure == Some(Failure::Again), target)
            }
        };
        Ok(Trace { question, name: asked.name, walks: vec![walk], routing: None })
    }
}

/// What `http://` or `https://` says: host, port and path. `None`: it isn't that.
fn url(text: &str) -> Result<Option<(&str, u16, &str)>, String> {
    let (rest, usual) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
        (Some(rest), _) => (rest, 80),
        (_, Some(rest)) => (rest, 443),
        _ => return Ok(None),
    };
    let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| format!("{port:?} is no port from 1 to 65535; {TO}"))?),
        None => (authority, usual),
    };
    if host.is_empty() { Err(format!("{text:?} names no host; {TO}")) } else { Ok(Some((host, port, path))) }
}

/// Where something is sent.
struct Asked {
    /// `None`: the name stands for nothing.
    address: Option<Ipv4Addr>,
    port: u16,
    protocol: Protocol,
    name: Option<(String, Answer)>,
}

impl Truth<'_> {
    /// A request's way: to whoever takes requests for its host, and from there to the pod that its rules choose. A host that neither an
    /// Ingress nor a route knows is a name like others.
    fn trace_request(&self, end: End, seat: &Seat, question: String, (host, port, path): (&str, u16, &str)) -> Trace {
        let by_name = || {
            let asked = self.named(seat, host, port, Protocol::Tcp);
            (asked.name, asked.address)
        };
        let (name, address) = match self.entrance(seat, host, port) {
            Entrance::Proxy(_, address) => (None, Some(address)),
            Entrance::Address(address) if host.parse() == Ok(address) => (None, Some(address)),
            Entrance::Address(_) | Entrance::Unknown => by_name(),
        };
        let Some(address) = address else {
            let is_silent = name.as_ref().is_some_and(|(_, answer)| answer.failure == Some(Failure::Again));
            let walk = Walk::unresolved(self, end, host, is_silent, walk::Target::tcp(Ipv4Addr::UNSPECIFIED, port));
            return Trace { question, name, walks: vec![walk], routing: None };
        };
        let first = walk::walk(self, end, &walk::Target::tcp(address, port));
        let at = self.listening_at(&first).filter(|_| first.outcome == Outcome::Answered);
        let Some((pod, port, proxy)) = at else { return Trace { question, name, walks: vec![first], routing: None } };
        let (routing, second) = self.give_on(pod, &proxy, &Request { method: "GET", host, port, path, headers: &[] });
        Trace { question, name, walks: std::iter::once(first).chain(second).collect(), routing: Some(routing) }
    }

    /// The proxy's pod that a walk came to, and at which port.
    fn listening_at(&self, walk: &Walk) -> Option<(u32, u16, Proxy)> {
        let Some(Place::Pod { namespace, name }) = &walk.reached else { return None };
        let pod = self.store.find(Kind::Pod, namespace, name)?.number;
        let port = walk.hops.last()?.after.destination_port;
        let listening = self.nodes.listening(self.now, pod, port)?;
        Some((pod, port, self.proxy_of(listening)?))
    }

    /// What a proxy decides, and the way from its pod to the one that it asks.
    fn give_on(&self, pod: u32, proxy: &Proxy, asked: &Request<'_>) -> (Routing, Option<Walk>) {
        let by = proxy.told().to_string();
        match self.decide(proxy, asked) {
            Decision::Answer { status, why, .. } => (Routing { by, why, service: None, status: Some(status) }, None),
            Decision::Ask { backend, why } => {
                let port = match &backend.port {
                    PortRef::Number(number) => number.to_string(),
                    PortRef::Name(name) => name.to_string(),
                };
                let service = Some(format!("{}/{}:{port}", backend.namespace, backend.service));
                match self.upstream(&backend) {
                    None => (Routing { by, why, service, status: Some(503) }, None),
                    Some((address, port)) => {
                        let second = walk::walk(self, End::Pod(pod), &walk::Target::tcp(address, port));
                        (Routing { by, why, service, status: None }, Some(second))
                    }
                }
            }
        }
    }

    /// Who sends.
    fn end(&self, namespace: &str, text: &str) -> Result<(End, Seat), String> {
        if let Ok(address) = text.parse() {
            let seat = Seat { address, ..self.seat(&Source::Outside).expect("the world outside is always there") };
            return Ok((End::Outside(address), seat));
        }
        match text.split_once('/') {
            None if text == "outside" => self.end(namespace, &OUTSIDE.to_string()),
            Some(("node" | "nodes" | "no", name)) => {
                let id = self.node_of(name)?;
                let seat = self
                    .seat(&Source::Node(name.to_owned().into()))
                    .ok_or_else(|| format!("node {name} is off: nothing is sent from it"))?;
                Ok((End::Node(id.number), seat))
            }
            Some(("svc" | "service" | "services" | "lb", _)) => {
                Err(format!("{text:?} sends nothing by itself: a Service is where something is sent to; {FROM}"))
            }
            Some((kind, name)) => {
                let (number, pod) = self.pod_of(namespace, kind, name, FROM)?;
                let source = Source::Pod { namespace: pod.meta.namespace.clone(), name: pod.meta.name.clone() };
                let seat = self.seat(&source).ok_or_else(|| format!("pod {} has no sandbox: nothing is sent from it", pod.meta.name))?;
                Ok((End::Pod(number), seat))
            }
            None => Err(format!("{text:?} is nobody who could send something; {FROM}")),
        }
    }

    /// The pod that is meant: by its own name, or one of those that belong to something; one with a sandbox before others.
    fn pod_of(&self, namespace: &str, kind: &str, name: &str, expected: &str) -> Result<(u32, &Pod), String> {
        let (name, namespace) = name.split_once('.').filter(|_| kind != "pod").unwrap_or((name, namespace));
        let kind = resources::lookup(kind).and_then(Kind::of).ok_or_else(|| format!("there is no resource type {kind:?}; {expected}"))?;
        let id = self.store.find(kind, namespace, name).ok_or_else(|| {
            format!("there is no {} {name:?} in namespace {namespace}{}", kind.resource().singular, self.known(kind, Some(namespace)))
        })?;
        if kind == Kind::Pod {
            return self.store.get(id).and_then(Object::as_pod).map(|pod| (id.number, &**pod)).ok_or_else(|| format!("{name} is no pod"));
        }
        let pods = self.store.list(Kind::Pod, Some(namespace)).filter_map(|(id, object)| Some((id.number, object.as_pod()?)));
        let owned: Vec<(u32, &Pod)> = pods.filter(|(_, pod)| self.belongs(pod, id)).map(|(number, pod)| (number, &**pod)).collect();
        let there = owned.iter().find(|(number, _)| self.sandbox_of(*number).is_some());
        there.or(owned.first()).copied().ok_or_else(|| format!("{} {name} has no pods", kind.resource().singular))
    }

    fn node_of(&self, name: &str) -> Result<ObjectId, String> {
        self.store.find(Kind::Node, "", name).ok_or_else(|| format!("there is no node {name:?}{}", self.known(Kind::Node, None)))
    }

    /// `; there are web-0, web-1`, after what isn't there; nothing if there are none.
    pub(super) fn known(&self, kind: Kind, namespace: Option<&str>) -> String {
        const SHOWN: usize = 8;
        let mut names = self.store.list(kind, namespace).map(|(_, object)| object.meta().name.as_str());
        let shown: Vec<&str> = names.by_ref().take(SHOWN).collect();
        match (shown.as_slice(), names.next()) {
            ([], _) => String::new(),
            ([only], _) => format!("; there is {only}"),
            (shown, None) => format!("; there are {}", shown.join(", ")),
            (shown, Some(_)) => format!("; there are {} and others", shown.join(", ")),
        }
    }

    /// Whether a pod belongs to something, itself or through its owner's owner. Longer chains have no meaning, and users can make rings.
    fn belongs(&self, pod: &Pod, to: ObjectId) -> bool {
        let Some(uid) = self.store.get(to).map(|object| object.meta().uid) else { return false };
        let Some(owner) = pod.meta.controller() else { return false };
        let above = Kind::ALL.iter().find(|kind| kind.as_str() == &*owner.kind);
        let object = above.and_then(|kind| self.store.find_object(*kind, &pod.meta.namespace, &owner.name));
        let owners = object.filter(|object| object.meta().uid == owner.uid).and_then(|object| object.meta().controller());
        owner.uid == uid || owners.is_some_and(|owner| owner.uid == uid)
    }

    /// Where it is sent.
    fn target(&self, namespace: &str, seat: &Seat, text: &str) -> Result<Asked, String> {
        let (text, protocol) = match text.rsplit_once('/') {
            Some((rest, "udp" | "UDP")) => (rest, Protocol::Udp),
            Some((rest, "tcp" | "TCP")) => (rest, Protocol::Tcp),
            Some((rest, "sctp" | "SCTP")) => (rest, Protocol::Sctp),
            _ => (text, Protocol::Tcp),
        };
        let (host, port) = match text.rsplit_once(':') {
            None => (text, None),
            Some((host, port)) => (host, Some(port)),
        };
        let protocol = if port.is_none() { Protocol::Icmp } else { protocol };
        let number = |port: Option<&str>| match port {
            None => Ok(0),
            Some(port) => {
                port.parse().ok().filter(|port: &u16| *port > 0).ok_or_else(|| format!("{port:?} is no port from 1 to 65535; {TO}"))
            }
        };
        let at = |address: Ipv4Addr, port: u16| Ok(Asked { address: Some(address), port, protocol, name: None });
        if let Ok(address) = host.parse() {
            return at(address, number(port)?);
        }
        match host.split_once('/') {
            Some((kind @ ("svc" | "service" | "services" | "lb"), name)) => {
                let (name, namespace) = name.split_once('.').unwrap_or((name, namespace));
                let found = self.store.find_object(Kind::Service, namespace, name).and_then(Object::as_service);
                let service = found.ok_or_else(|| {
                    format!("there is no service {name:?} in namespace {namespace}{}", self.known(Kind::Service, Some(namespace)))
                })?;
                let named = service.ports.iter().find(|known| port == Some(known.name.as_str()));
                let port = named.map_or_else(|| number(port), |known| Ok(known.port as u16)).map_err(|why| {
                    let ports = service.ports.iter().map(|port| match port.name.as_str() {
                        "" => port.port.to_string(),
                        name => format!("{} ({name})", port.port),
                    });
                    let ports: Vec<String> = ports.collect();
                    match port {
                        Some(port) if !ports.is_empty() => format!("{port:?} is no port of service {name}, which has {}", ports.join(", ")),
                        _ => why,
                    }
                })?;
                let address = match kind {
                    "lb" => {
                        let mut ports = self.network.newest_services().of_service(namespace, name);
                        let given = ports.find_map(|service| service.load_balancer_ips.first().copied());
                        Some(given.ok_or_else(|| format!("service {name} has no load balancer's address"))?)
                    }
                    _ => service.spec["clusterIP"].as_str().and_then(|ip| ip.parse().ok()),
                };
                match address {
                    Some(address) => at(address, port),
                    None => Ok(self.named(seat, &format!("{name}.{namespace}.svc.cluster.local"), port, protocol)),
                }
            }
            Some(("node" | "nodes" | "no", name)) => {
                let id = self.node_of(name)?;
                let kubelet = self.nodes.kubelet(id.number).ok_or_else(|| format!("there is no machine for node {name:?}"))?;
                at(kubelet.address, number(port)?)
            }
            Some((kind, name)) => {
                let (_, pod) = self.pod_of(namespace, kind, name, TO)?;
                let address = pod.status.pod_ip.ok_or_else(|| format!("pod {} has no address yet", pod.meta.name))?;
                at(address, number(port)?)
            }
            None if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !host.is_empty() => {
                Err(format!("{host:?} is no IPv4 address; {TO}"))
            }
            None if host.is_empty() => Err(format!("{text:?} is no place to send something to; {TO}")),
            None => Ok(self.named(seat, host, number(port)?, protocol)),
        }
    }

    fn named(&self, seat: &Seat, name: &str, port: u16, protocol: Protocol) -> Asked {
        let answer = self.resolve(seat, name);
        Asked { address: answer.addresses.first().copied(), port, protocol, name: Some((name.to_owned(), answer)) }
    }
}
