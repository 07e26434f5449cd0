//! What the network answers to containers: names by CoreDNS, connections by who listens at the other end.
//!
//! A simple network: everybody reaches everybody on nodes that are on, and a Service leads to one of its ready endpoints, as the API has them
//! now.

use crate::api::meta::Str;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::dns::names::{NamedPort, Names};
use crate::net::dns::outside::Outside;
use crate::net::dns::resolver::{Answer, Failure, Library, Lookup, Reach, ResolvConf};
use crate::net::dns::zone::Zone;
use crate::net::dns::{CLUSTER_DNS, Kind};
use crate::node::Nodes;
use crate::node::runtime::shell::Network;
use crate::node::runtime::shell::network::{Found, Query, Reply, Response, Target, Trouble, What};
use crate::node::serving::{Listening, Request};
use crate::store::Store;
use std::net::Ipv4Addr;

/// Where the API server listens, behind its Service.
const API_SERVER: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 168, 0, 2), 6443);
/// How long the kernel tries to connect before it gives up: the SYN and six more (`net.ipv4.tcp_syn_retries`), 1 + 2 + 4 + … + 64 s.
const CONNECT_TIMEOUT: SimDuration = SimDuration::from_secs(127);
/// How long a node asks for the hardware address of a neighbour that isn't there, before it says so: three times, a second each.
const NO_NEIGHBOUR: SimDuration = SimDuration::from_millis(3_060);
/// There and back on one node, from node to node, and to the world outside.
const ROUND_TRIPS: [SimDuration; 3] = [SimDuration::from_micros(60), SimDuration::from_micros(300), SimDuration::from_millis(12)];
/// How long CoreDNS takes.
const DNS_TAKES: SimDuration = SimDuration::from_micros(500);

/// Who answers, at a moment.
pub(super) struct Answers<'a> {
    nodes: &'a Nodes,
    store: &'a Store,
    now: SimTime,
    outside: Outside,
}

/// The other end of a connection.
enum Peer {
    /// A process in a pod.
    Process(Listening, u16),
    /// The API server.
    ApiServer,
    /// Somebody in the world outside.
    Outside,
}

/// A way to an address, or why there is none.
struct Way {
    takes: SimDuration,
    result: Result<Peer, Trouble>,
}

impl Way {
    fn fails(takes: SimDuration, trouble: Trouble) -> Way {
        Way { takes, result: Err(trouble) }
    }
}

/// Who asks: a pod's number, its node, its address.
#[derive(Clone, Copy)]
struct Asker {
    pod: u32,
    node: u32,
    address: Ipv4Addr,
}

impl<'a> Answers<'a> {
    /// Those of a cluster as it is now.
    pub(super) fn of(nodes: &'a Nodes, store: &'a Store, now: SimTime) -> Self {
        Answers { nodes, store, now, outside: Outside::new(nodes.seed()) }
    }

    /// The answer to a question that a container of a pod asks now.
    pub(super) fn answer(&self, pod: u32, query: &Query) -> Reply {
        let Some(worker) = self.nodes.pod(pod) else {
            return Reply { takes: SimDuration::ZERO, address: None, result: Err(Trouble::NoRoute) };
        };
        let asker = Asker { pod, node: worker.node, address: worker.address.unwrap_or(Ipv4Addr::LOCALHOST) };
        if let What::Lookup { questions, server } = &query.what {
            return self.look_up(asker, query, questions, server.as_deref());
        }
        let Some(host) = query.what.host() else {
            return Reply { takes: SimDuration::ZERO, address: None, result: Ok(Response::default()) };
        };
        let resolved = match query.in_hosts {
            Some(address) => Ok((vec![address], host.to_owned(), SimDuration::ZERO)),
            None => self.resolve(asker, query, host),
        };
        match resolved {
            Err((takes, trouble)) => Reply { takes, address: None, result: Err(trouble) },
            Ok((addresses, canonical, takes)) => self.ask_at(asker, query, addresses, (canonical, takes)),
        }
    }

    /// A question to whoever is behind a name.
    fn ask_at(&self, asker: Asker, query: &Query, addresses: Vec<Ipv4Addr>, (canonical, takes): (String, SimDuration)) -> Reply {
        let first = addresses.first().copied().unwrap_or(Ipv4Addr::UNSPECIFIED);
        let reply = |more: SimDuration, result| Reply { takes: takes + more, address: Some(first), result };
        match &query.what {
            What::Ping { .. } => match self.echo(asker, first) {
                Ok(after) => reply(after, Ok(Response { addresses, ..Response::default() })),
                Err(way) => reply(way.0, Err(way.1)),
            },
            What::Connect { port, udp, .. } => {
                let way = self.connect(asker, first, *port, if *udp { "UDP" } else { "TCP" });
                reply(way.takes, way.result.map(|_| Response { addresses, ..Response::default() }))
            }
            What::Fetch { method, url, headers } => {
                let target = Target::of(url);
                let way = self.connect(asker, first, target.port, "TCP");
                let request = Request {
                    method,
                    path: target.path,
                    host: target.host,
                    headers,
                    from: (asker.address, self.source_port(asker, first, target.port)),
                };
                match way.result {
                    Err(trouble) => reply(way.takes, Err(trouble)),
                    Ok(peer) => {
                        let (after, response) = self.fetch(&peer, &request);
                        reply(way.takes + way.takes + after, Ok(response))
                    }
                }
            }
            What::Resolve { .. } | What::Lookup { .. } => {
                reply(SimDuration::ZERO, Ok(Response { addresses, canonical, ..Response::default() }))
            }
        }
    }

    /// What the other end answers to an HTTP request, and how long it takes for that.
    fn fetch(&self, peer: &Peer, request: &Request<'_>) -> (SimDuration, Response) {
        match peer {
            Peer::Process(listening, port) => (listening.latency, self.nodes.page(self.now, *listening, *port, request)),
            Peer::ApiServer => {
                let path = request.path;
                let body = format!(
                    "{{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {{}},\n  \"status\": \"Failure\",\n  \"message\": \"forbidden: \
                     User \\\"system:anonymous\\\" cannot get path \\\"{path}\\\"\",\n  \"reason\": \"Forbidden\",\n  \"details\": {{}},\n  \"code\": 403\n}}"
                );
                (SimDuration::from_millis(2), Response { status: 403, body, ..Response::default() })
            }
            Peer::Outside => {
                let host = request.host;
                let body =
                    format!("<!doctype html>\n<html>\n<head><title>{host}</title></head>\n<body>\n<h1>{host}</h1>\n</body>\n</html>\n");
                (SimDuration::from_millis(20), Response { status: 200, body, ..Response::default() })
            }
        }
    }

    /// The source port of a connection: drawn, and the same for the same question, so that equal answers are equal.
    fn source_port(&self, asker: Asker, to: Ipv4Addr, port: u16) -> u16 {
        let key = u128::from(asker.pod) << 64 | u128::from(u32::from(to)) << 16 | u128::from(port);
        32_768 + draw(self.nodes.seed(), Stream::Packet, key).below(28_232) as u16
    }

    fn round_trip(&self, asker: Asker, node: u32) -> SimDuration {
        ROUND_TRIPS[usize::from(asker.node != node)]
    }

    /// The other end of a connection to an address.
    fn connect(&self, asker: Asker, to: Ipv4Addr, port: u16, protocol: &str) -> Way {
        if to.is_loopback() || to == asker.address {
            return self.arrive(ROUND_TRIPS[0], self.nodes.listening(self.now, asker.pod, port), port);
        }
        if let Some((name, namespace)) = self.store.service_at(to) {
            return self.through_service(asker, (&namespace, &name), (port, protocol), true);
        }
        if (to, port) == API_SERVER {
            return Way { takes: ROUND_TRIPS[1], result: Ok(Peer::ApiServer) };
        }
        if let Some(pod) = self.nodes.pod_at(to) {
            let node = self.nodes.pod(pod).map_or(asker.node, |worker| worker.node);
            if !self.nodes.is_up(node) {
                return Way::fails(CONNECT_TIMEOUT, Trouble::TimedOut);
            }
            return self.arrive(self.round_trip(asker, node), self.nodes.listening(self.now, pod, port), port);
        }
        if let Some(node) = self.nodes.node_at(to) {
            if !self.nodes.is_up(node) {
                return Way::fails(NO_NEIGHBOUR, Trouble::NoRoute);
            }
            if let Some((namespace, name, port)) = self.node_port(port, protocol) {
                return self.through_service(asker, (&namespace, &name), (port, protocol), false);
            }
            return self.arrive(self.round_trip(asker, node), self.nodes.listening_on_node(self.now, node, port), port);
        }
        match to.octets() {
            // Addresses of pods that there are none of, and of Services.
            [10, 244, ..] | [192, 168, ..] => Way::fails(NO_NEIGHBOUR, Trouble::NoRoute),
            [10, 96, ..] => Way::fails(CONNECT_TIMEOUT, Trouble::TimedOut),
            _ if matches!(port, 80 | 443 | 53) => Way { takes: ROUND_TRIPS[2], result: Ok(Peer::Outside) },
            _ => Way::fails(CONNECT_TIMEOUT, Trouble::TimedOut),
        }
    }

    /// A connection comes to where somebody listens, or nobody.
    fn arrive(&self, takes: SimDuration, listening: Option<Listening>, port: u16) -> Way {
        match listening {
            Some(listening) => Way { takes, result: Ok(Peer::Process(listening, port)) },
            None => Way::fails(takes, Trouble::Refused),
        }
    }

    /// One of the ready endpoints of a Service takes the connection. Without any, it is rejected.
    fn through_service(&self, asker: Asker, (namespace, name): (&str, &str), (port, protocol): (u16, &str), inside: bool) -> Way {
        let Some(service) = Names::service(self.store, namespace, name) else { return Way::fails(CONNECT_TIMEOUT, Trouble::TimedOut) };
        let asked = service.ports.iter().find(|known| known.port == i32::from(port) && known.protocol == protocol);
        let Some(asked) = asked else {
            // No rule is about this port: the packet goes where the default route leads, and is lost there.
            return if inside { Way::fails(CONNECT_TIMEOUT, Trouble::TimedOut) } else { Way::fails(ROUND_TRIPS[0], Trouble::Refused) };
        };
        let named = |ports: &[NamedPort]| ports.iter().find(|known| known.name == asked.name && known.protocol == asked.protocol)?.number;
        let endpoints = self.store.endpoints(namespace, name);
        let ends: Vec<(Ipv4Addr, u16)> =
            endpoints.iter().filter_map(|endpoint| Some((endpoint.address, named(&endpoint.ports)?))).collect();
        if ends.is_empty() {
            return Way::fails(ROUND_TRIPS[0], Trouble::Refused);
        }
        let key = u128::from(asker.pod) << 64 | u128::from(self.now.as_nanos());
        let (address, port) = ends[draw(self.nodes.seed(), Stream::Backend, key).below(ends.len() as u64) as usize];
        // What a Service leads to is no Service again.
        if self.store.service_at(address).is_some() {
            Way::fails(CONNECT_TIMEOUT, Trouble::TimedOut)
        } else {
            self.connect(asker, address, port, protocol)
        }
    }

    /// The Service that has a port on all nodes, and its own port.
    fn node_port(&self, port: u16, protocol: &str) -> Option<(Str, Str, u16)> {
        let services = self.store.list(crate::api::object::Kind::Service, None).filter_map(|(_, object)| object.as_service());
        services.into_iter().find_map(|service| {
            let ports = service.spec["ports"].as_array()?.iter();
            let found = ports.into_iter().find(|tree| tree["nodePort"] == port && tree["protocol"] == protocol)?;
            let own = u16::try_from(found["port"].as_u64()?).ok()?;
            Some((service.meta.namespace.clone(), service.meta.name.clone(), own))
        })
    }

    /// How long an echo takes, or why none comes. A Service's address is nobody's: nothing answers there.
    fn echo(&self, asker: Asker, to: Ipv4Addr) -> Result<SimDuration, (SimDuration, Trouble)> {
        let silent = Err((SimDuration::MAX, Trouble::TimedOut));
        if to.is_loopback() || to == asker.address {
            return Ok(ROUND_TRIPS[0]);
        }
        let node = self.nodes.pod_at(to).and_then(|pod| self.nodes.pod(pod)).map(|worker| worker.node).or_else(|| self.nodes.node_at(to));
        match (node, to.octets()) {
            (Some(node), _) if self.nodes.is_up(node) => Ok(self.round_trip(asker, node)),
            (None, [10 | 192, ..]) | (Some(_), _) => silent,
            (None, _) => Ok(ROUND_TRIPS[2]),
        }
    }

    fn library(query: &Query) -> Library {
        if query.musl { Library::Musl } else { Library::Glibc }
    }

    /// What the asker's library makes of a name: addresses, what it stands for, and how long that took.
    fn resolve(&self, asker: Asker, query: &Query, name: &str) -> Result<(Vec<Ipv4Addr>, String, SimDuration), (SimDuration, Trouble)> {
        let (conf, library) = (ResolvConf::parse(&query.resolv_conf), Self::library(query));
        let reach = |server| self.reach(asker, server);
        let key = u128::from(asker.pod) << 64 | u128::from(self.now.as_nanos());
        let zone = Zone { names: self.store, outside: &self.outside };
        let answer = Lookup { zone, reach: &reach, shuffle: (self.nodes.seed(), key) }.resolve(&conf, library, name, Kind::A);
        let canonical = answer.canonical().unwrap_or(name).to_owned();
        match answer {
            Answer { failure: None, addresses, takes, .. } => Ok((addresses, canonical, takes)),
            Answer { failure: Some(failure), takes, steps, .. } => {
                let code =
                    (failure != Failure::Again).then(|| steps.last().and_then(|step| Some(step.reply.as_ref()?.code.as_str()))).flatten();
                Err((takes, Trouble::Name { words: failure.words(library), code }))
            }
        }
    }

    /// Questions to a name server, as they are.
    fn look_up(&self, asker: Asker, query: &Query, questions: &[(String, &'static str)], server: Option<&str>) -> Reply {
        let conf = ResolvConf::parse(&query.resolv_conf);
        let mut takes = SimDuration::ZERO;
        let server = match server.map(|server| self.resolve(asker, query, server)) {
            Some(Err((takes, trouble))) => return Reply { takes, address: None, result: Err(trouble) },
            Some(Ok((addresses, _, took))) => {
                takes = took;
                addresses.first().copied()
            }
            None => conf.nameservers.first().copied(),
        };
        let server = server.unwrap_or(Ipv4Addr::LOCALHOST);
        let reply = |takes, result| Reply { takes, address: Some(server), result };
        let after = match self.reach(asker, server) {
            Reach::Answers(after) => after,
            Reach::Refused => return reply(takes + conf.timeout, Err(Trouble::Refused)),
            Reach::Silent => return reply(takes + conf.timeout, Err(Trouble::TimedOut)),
        };
        let reach = |server| self.reach(asker, server);
        let key = u128::from(asker.pod) << 64 | u128::from(self.now.as_nanos());
        let lookup = Lookup { zone: Zone { names: self.store, outside: &self.outside }, reach: &reach, shuffle: (self.nodes.seed(), key) };
        let found = questions.iter().map(|(name, kind)| {
            let said = lookup.server_says(server, name, Kind::of(kind).unwrap_or(Kind::A));
            let records = said.records.iter();
            let records = records.map(|record| (record.name.clone(), record.ttl, record.data.kind().as_str(), record.data.to_string()));
            Found { code: said.code.as_str(), authoritative: said.authoritative, records: records.collect() }
        });
        reply(takes + after, Ok(Response { found: found.collect(), ..Response::default() }))
    }

    /// Whether a name server answers.
    fn reach(&self, asker: Asker, server: Ipv4Addr) -> Reach {
        // Where CoreDNS isn't installed as pods, the cluster has a name server all the same.
        if server == CLUSTER_DNS && self.store.service_at(server).is_none() {
            return Reach::Answers(DNS_TAKES + ROUND_TRIPS[1]);
        }
        match self.connect(asker, server, 53, "UDP") {
            Way { result: Ok(Peer::Process(listening, _)), .. } => Reach::Answers(DNS_TAKES.max(listening.latency) + ROUND_TRIPS[1]),
            Way { result: Ok(_), takes } => Reach::Answers(takes),
            // The nodes' router answers for the world outside.
            Way { result: Err(_), .. } if server.octets() == [192, 168, 0, 1] => Reach::Answers(ROUND_TRIPS[2]),
            Way { result: Err(Trouble::Refused), .. } => Reach::Refused,
            Way { result: Err(_), .. } => Reach::Silent,
        }
    }
}

/// The network as a user's command meets it, which runs at one moment.
pub(super) struct Live<'a> {
    /// Who answers.
    pub(super) answers: Answers<'a>,
    /// In which pod it is asked.
    pub(super) pod: u32,
}

impl Network for Live<'_> {
    fn ask(&self, _at: SimDuration, query: &Query) -> Option<Reply> {
        Some(self.answers.answer(self.pod, query))
    }

    fn steady_until(&self, _at: SimDuration) -> SimDuration {
        SimDuration::MAX
    }
}

#[cfg(test)]
mod tests;
