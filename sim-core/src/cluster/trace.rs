//! One packet's way, asked for in words: `pod/client` to `svc/web:80`.

use super::Cluster;
use super::network::Truth;
use super::reach::OUTSIDE;
use crate::api::object::{Kind, Object};
use crate::api::pod::Pod;
use crate::api::resources;
use crate::net::dns::resolver::Answer;
use crate::net::packet::Protocol;
use crate::net::traffic::client::Source;
use crate::net::traffic::reach::{Reach, Seat};
use crate::net::walk::{self, End, Outcome, Walk};
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
    /// The ways: one, or with an ingress in between two.
    pub walks: Vec<Walk>,
}

/// What may be asked.
const FROM: &str = "expected pod/NAME, deployment/NAME (one of its pods), node/NAME, outside or an address outside";
const TO: &str = "expected svc/NAME:PORT, pod/NAME:PORT, deployment/NAME:PORT, node/NAME:PORT, lb/NAME:PORT, ADDRESS:PORT or a DNS name with its port; \
                  without a port it is a ping";

impl Trace {
    /// Whether what was sent is answered.
    pub fn arrives(&self) -> bool {
        !self.walks.is_empty() && self.walks.iter().all(|walk| walk.outcome == Outcome::Answered)
    }

    /// Why it isn't, in a sentence; what the sender sees first.
    pub fn failure(&self) -> Option<String> {
        let failed = self.walks.iter().find(|walk| walk.outcome != Outcome::Answered)?;
        failed.cause().map(|cause| format!("{}: {cause}", failed.seen()))
    }

    /// Who answers in the end.
    pub fn reached(&self) -> Option<String> {
        self.walks.last().filter(|_| self.arrives())?.reached.as_ref().map(ToString::to_string)
    }

    /// For a terminal: a line for each hop, with the rules that matched below it.
    pub fn story(&self) -> String {
        let mut text = format!("{}\n", self.question);
        if let Some((name, answer)) = &self.name {
            let _ = writeln!(text, "DNS: {}", answer.story(name));
        }
        for walk in &self.walks {
            text.push_str(&walk::story(walk));
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
        json!({"question": self.question, "arrives": self.arrives(), "failure": self.failure(), "dns": name, "walks": walks})
    }

    /// As a graph in the DOT language.
    pub fn to_dot(&self) -> String {
        self.walks.iter().map(walk::dot).collect()
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
        let asked = truth.target(namespace, &seat, to)?;
        let question = format!("{from} → {to}");
        let target = walk::Target::of(asked.protocol, asked.address.unwrap_or(Ipv4Addr::UNSPECIFIED), asked.port);
        let walk = match asked.address {
            Some(_) => walk::walk(&truth, end, &target),
            None => Walk::unresolved(&truth, end, to, target),
        };
        Ok(Trace { question, name: asked.name, walks: vec![walk] })
    }
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
    /// Who sends.
    fn end(&self, namespace: &str, text: &str) -> Result<(End, Seat), String> {
        if let Ok(address) = text.parse() {
            let seat = Seat { address, ..self.seat(&Source::Outside).expect("the world outside is always there") };
            return Ok((End::Outside(address), seat));
        }
        match text.split_once('/') {
            None if text == "outside" => self.end(namespace, &OUTSIDE.to_string()),
            Some(("node" | "nodes" | "no", name)) => {
                let id = self.store.find(Kind::Node, "", name).ok_or_else(|| format!("there is no node {name:?}"))?;
                let seat = self
                    .seat(&Source::Node(name.to_owned().into()))
                    .ok_or_else(|| format!("node {name} is off: nothing is sent from it"))?;
                Ok((End::Node(id.number), seat))
            }
            Some((kind, name)) => {
                let (number, pod) = self.pod_of(namespace, kind, name)?;
                let source = Source::Pod { namespace: pod.meta.namespace.clone(), name: pod.meta.name.clone() };
                let seat = self.seat(&source).ok_or_else(|| format!("pod {} has no sandbox: nothing is sent from it", pod.meta.name))?;
                Ok((End::Pod(number), seat))
            }
            None => Err(format!("{text:?} is nobody who could send something; {FROM}")),
        }
    }

    /// The pod that is meant: by its own name, or one of those that belong to something; one with a sandbox before others.
    fn pod_of(&self, namespace: &str, kind: &str, name: &str) -> Result<(u32, &Pod), String> {
        let (name, namespace) = name.split_once('.').filter(|_| kind != "pod").unwrap_or((name, namespace));
        let kind = resources::lookup(kind).and_then(Kind::of).ok_or_else(|| format!("there is no resource type {kind:?}; {FROM}"))?;
        let id = self.store.find(kind, namespace, name).ok_or_else(|| {
            let known: Vec<&str> = self.store.list(kind, Some(namespace)).map(|(_, object)| object.meta().name.as_str()).take(8).collect();
            let known = if known.is_empty() { String::new() } else { format!("; there are {}", known.join(", ")) };
            format!("there is no {} {name:?} in namespace {namespace}{known}", kind.resource().singular)
        })?;
        if kind == Kind::Pod {
            return self.store.get(id).and_then(Object::as_pod).map(|pod| (id.number, &**pod)).ok_or_else(|| format!("{name} is no pod"));
        }
        let pods = self.store.list(Kind::Pod, Some(namespace)).filter_map(|(id, object)| Some((id.number, object.as_pod()?)));
        let owned: Vec<(u32, &Pod)> = pods.filter(|(_, pod)| self.belongs(pod, id)).map(|(number, pod)| (number, &**pod)).collect();
        let there = owned.iter().find(|(number, _)| self.sandbox_of(*number).is_some());
        there.or(owned.first()).copied().ok_or_else(|| format!("{} {name} has no pods", kind.resource().singular))
    }

    /// Whether a pod belongs to something, itself or through its own owners.
    fn belongs(&self, pod: &Pod, to: crate::api::object::ObjectId) -> bool {
        let uid = self.store.get(to).map(|object| object.meta().uid);
        let mut owner = pod.meta.controller().cloned();
        while let Some(known) = owner {
            if Some(known.uid) == uid {
                return true;
            }
            let above = Kind::ALL.iter().find(|kind| kind.as_str() == &*known.kind);
            let object = above.and_then(|kind| self.store.find_object(*kind, &pod.meta.namespace, &known.name));
            owner = object.and_then(|object| object.meta().controller().cloned());
        }
        false
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
                let service = found.ok_or_else(|| format!("there is no service {name:?} in namespace {namespace}"))?;
                let named = service.ports.iter().find(|known| port == Some(known.name.as_str()));
                let port = named.map_or_else(|| number(port), |known| Ok(known.port as u16))?;
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
                let id = self.store.find(Kind::Node, "", name).ok_or_else(|| format!("there is no node {name:?}"))?;
                let kubelet = self.nodes.kubelet(id.number).ok_or_else(|| format!("there is no machine for node {name:?}"))?;
                at(kubelet.address, number(port)?)
            }
            Some((kind, name)) => {
                let (_, pod) = self.pod_of(namespace, kind, name)?;
                let address = pod.status.pod_ip.ok_or_else(|| format!("pod {} has no address yet", pod.meta.name))?;
                at(address, number(port)?)
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
