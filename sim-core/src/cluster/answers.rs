//! What the network answers to containers: names by CoreDNS, connections and pings by the way that their packets take.

use super::http::{Asked, Decision, Proxy};
use super::names::{ACROSS, BEYOND};
use super::network::Truth;
use crate::api::meta::Str;
use crate::api::object::Kind as ObjectKind;
use crate::apiserver::own_service::API_SERVER;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::SimDuration;
use crate::net::agents::Agent;
use crate::net::dns::Kind;
use crate::net::dns::resolver::{Answer, Failure, Library, Reach, ResolvConf};
use crate::net::ingress;
use crate::net::packet::Protocol;
use crate::net::proxy::health;
use crate::net::traffic::reach::{Path, Seat};
use crate::net::walk::{self, End, Outcome, Place, Seen, Walk};
use crate::net::world::World;
use crate::node::inside::listening::Listening;
use crate::node::runtime::shell::Network;
use crate::node::runtime::shell::network::{Found, Query, Reply, Response, Target, Trouble, What};
use crate::node::serving::Request;
use std::net::Ipv4Addr;

/// How long the kernel tries to connect before it gives up: the SYN and six more (`net.ipv4.tcp_syn_retries`), 1 + 2 + 4 + … + 64 s.
const CONNECT_TIMEOUT: SimDuration = SimDuration::from_secs(127);
/// How long a node asks for the hardware address of a neighbour that isn't there, before it says so: three times, a second each.
const NO_NEIGHBOUR: SimDuration = SimDuration::from_millis(3_060);
/// There and back on one node, from node to node, and to the world outside.
const ROUND_TRIPS: [SimDuration; 3] = [Path::SAME_NODE, ACROSS, BEYOND];

/// Who answers, at a moment.
pub(super) struct Answers<'a> {
    truth: Truth<'a>,
}

/// The other end of a connection.
enum Peer {
    /// A process in a pod.
    Process(Listening, u16),
    /// The API server.
    ApiServer,
    /// A process of a node itself, at this port.
    Node(u32, u16),
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

impl<'a> Answers<'a> {
    /// Those of a cluster as it is now.
    pub(super) fn of(truth: Truth<'a>) -> Self {
        Answers { truth }
    }

    /// The answer to a question that a container of a pod asks now.
    pub(super) fn answer(&self, pod: u32, query: &Query) -> Reply {
        let Some(worker) = self.truth.nodes.pod(pod) else {
            return Reply { takes: SimDuration::ZERO, address: None, result: Err(Trouble::NoRoute) };
        };
        let seat =
            Seat { node: Some(worker.node), place: Str::EMPTY, pod: Some(pod), address: worker.address.unwrap_or(Ipv4Addr::LOCALHOST) };
        let asker = &seat;
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
    fn ask_at(&self, asker: &Seat, query: &Query, addresses: Vec<Ipv4Addr>, (canonical, takes): (String, SimDuration)) -> Reply {
        let first = addresses.first().copied().unwrap_or(Ipv4Addr::UNSPECIFIED);
        let reply = |more: SimDuration, result| Reply { takes: takes + more, address: Some(first), result };
        match &query.what {
            What::Ping { .. } => match self.echo(asker, first) {
                Ok(after) => reply(after, Ok(Response { addresses, ..Response::default() })),
                Err(way) => reply(way.0, Err(way.1)),
            },
            What::Connect { port, udp, .. } => {
                let way = self.connect(asker, first, *port, if *udp { Protocol::Udp } else { Protocol::Tcp });
                reply(way.takes, way.result.map(|_| Response { addresses, ..Response::default() }))
            }
            What::Fetch { method, url, headers } => {
                let target = Target::of(url);
                let way = self.connect(asker, first, target.port, Protocol::Tcp);
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
            Peer::Process(listening, port) => match self.truth.proxy_of(*listening).filter(|proxy| is_served(proxy, *port)) {
                Some(proxy) => {
                    let (after, response) = self.through(&proxy, *listening, request, *port);
                    (listening.latency + after, response)
                }
                None => (listening.latency, self.truth.nodes.page(self.truth.now, *listening, *port, request)),
            },
            Peer::ApiServer => {
                let path = request.path;
                let body = format!(
                    "{{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {{}},\n  \"status\": \"Failure\",\n  \"message\": \"forbidden: \
                     User \\\"system:anonymous\\\" cannot get path \\\"{path}\\\"\",\n  \"reason\": \"Forbidden\",\n  \"details\": {{}},\n  \"code\": 403\n}}"
                );
                (SimDuration::from_millis(2), Response { status: 403, body, ..Response::default() })
            }
            Peer::Node(node, port) => (SimDuration::from_millis(1), self.of_node(*node, *port)),
            Peer::Outside => {
                let host = request.host;
                let body =
                    format!("<!doctype html>\n<html>\n<head><title>{host}</title></head>\n<body>\n<h1>{host}</h1>\n</body>\n</html>\n");
                (SimDuration::from_millis(20), Response { status: 200, body, ..Response::default() })
            }
        }
    }

    /// What a node's own processes answer: kube-proxy to health checks of load balancers. The others have nothing to say to strangers.
    fn of_node(&self, node: u32, port: u16) -> Response {
        let truth = &self.truth;
        let checked = truth.network.services(node, truth.now).and_then(|services| {
            let runs = truth.network.agents().runs(node, Agent::Proxy);
            health::answer(services, port, &truth.network.facts(node), runs)
        });
        match checked {
            Some(answer) => Response { status: answer.status, body: format!("{:#}\n", answer.body), ..Response::default() },
            None => Response { status: 401, body: "Unauthorized".to_owned(), ..Response::default() },
        }
    }

    /// What a proxy answers: it asks one of the pods behind the Service that its rules name.
    fn through(&self, proxy: &Proxy, at: Listening, request: &Request<'_>, port: u16) -> (SimDuration, Response) {
        let truth = &self.truth;
        let own = |status: u16| Response { status, body: ingress::page(status), ..Response::default() };
        let named = request.headers.iter().find(|(name, _)| name == "host").map(|(_, host)| host.as_str());
        let host = named.unwrap_or(request.host);
        let asked = Asked { method: request.method, host, port, path: request.path, headers: request.headers };
        let backend = match truth.decide(proxy, &asked) {
            Decision::Ask { backend, .. } => backend,
            Decision::Answer { status, location, .. } => {
                let headers = location.into_iter().map(|to| ("Location".to_owned(), to)).collect();
                return (SimDuration::ZERO, Response { headers, ..own(status) });
            }
        };
        let Some((address, port)) = truth.upstream(&backend) else { return (SimDuration::ZERO, own(503)) };
        let Some(pod) = truth.sandbox_of(at.pod) else { return (SimDuration::ZERO, own(502)) };
        let seat = Seat { node: Some(pod.node), place: Str::EMPTY, pod: Some(pod.pod), address: pod.address };
        match self.connect(&seat, address, port, Protocol::Tcp) {
            Way { takes, result: Ok(Peer::Process(listening, port)) } => {
                (takes + listening.latency, truth.nodes.page(truth.now, listening, port, request))
            }
            Way { takes, result: Err(Trouble::TimedOut) } => (takes, own(504)),
            Way { takes, .. } => (takes, own(502)),
        }
    }

    /// The source port of a connection: drawn, and the same for the same question, so that equal answers are equal.
    fn source_port(&self, asker: &Seat, to: Ipv4Addr, port: u16) -> u16 {
        let key = u128::from(asker.pod.unwrap_or(0)) << 64 | u128::from(u32::from(to)) << 16 | u128::from(port);
        32_768 + draw(self.truth.network.seed(), Stream::Packet, key).below(28_232) as u16
    }

    /// The other end of a connection to an address.
    fn connect(&self, asker: &Seat, to: Ipv4Addr, port: u16, protocol: Protocol) -> Way {
        let truth = &self.truth;
        if to.is_loopback() || to == asker.address {
            return self.arrive(ROUND_TRIPS[0], asker.pod.and_then(|pod| truth.nodes.listening(truth.now, pod, port)), port);
        }
        // Each connection may get to another backend; but rules that remember a client lead it to the same one again.
        let services = asker.node.and_then(|node| truth.network.services(node, truth.now));
        let sticks = services.and_then(|services| services.find(to, protocol, port)).is_some_and(|service| service.affinity.is_some());
        let attempt = if sticks { 0 } else { truth.now.as_nanos() };
        let target = walk::Target { attempt, ..walk::Target::of(protocol, to, port) };
        let walk = self.walked(asker, &target);
        let takes = round_trip(&walk);
        let arrived = walk.hops.last().map_or((to, port), |hop| (hop.after.destination, hop.after.destination_port));
        if let Outcome::Failed { seen, .. } = walk.outcome {
            return failed(seen, takes);
        }
        match &walk.reached {
            _ if arrived == API_SERVER => Way { takes: ROUND_TRIPS[1], result: Ok(Peer::ApiServer) },
            Some(Place::Pod { namespace, name }) => {
                let pod = truth.store.find(ObjectKind::Pod, namespace, name).map(|id| id.number);
                self.arrive(takes, pod.and_then(|pod| truth.nodes.listening(truth.now, pod, arrived.1)), arrived.1)
            }
            Some(Place::Node(_)) => {
                let node = truth.machine_at(arrived.0);
                let found = node.and_then(|node| truth.nodes.listening_on_node(truth.now, node, arrived.1));
                match found {
                    Some(listening) => Way { takes, result: Ok(Peer::Process(listening, arrived.1)) },
                    None => Way { takes, result: Ok(Peer::Node(node.unwrap_or(u32::MAX), arrived.1)) },
                }
            }
            _ => Way { takes: ROUND_TRIPS[2], result: Ok(Peer::Outside) },
        }
    }

    fn walked(&self, asker: &Seat, target: &walk::Target) -> Walk {
        walk::walk(&self.truth, End::Pod(asker.pod.unwrap_or(u32::MAX)), target)
    }

    /// A connection comes to where somebody listens, or nobody.
    fn arrive(&self, takes: SimDuration, listening: Option<Listening>, port: u16) -> Way {
        match listening {
            Some(listening) => Way { takes, result: Ok(Peer::Process(listening, port)) },
            None => Way::fails(takes, Trouble::Refused),
        }
    }

    /// How long an echo takes, or why none comes.
    fn echo(&self, asker: &Seat, to: Ipv4Addr) -> Result<SimDuration, (SimDuration, Trouble)> {
        if to.is_loopback() || to == asker.address {
            return Ok(ROUND_TRIPS[0]);
        }
        let walk = self.walked(asker, &walk::Target::ping(to, 56));
        match walk.outcome {
            Outcome::Answered => Ok(round_trip(&walk)),
            Outcome::Failed { seen: Seen::TimedOut, .. } => Err((SimDuration::MAX, Trouble::TimedOut)),
            Outcome::Failed { seen, .. } => {
                let Way { takes, result } = failed(seen, round_trip(&walk));
                Err((takes, result.err().unwrap_or(Trouble::TimedOut)))
            }
        }
    }

    fn library(query: &Query) -> Library {
        if query.musl { Library::Musl } else { Library::Glibc }
    }

    /// What the asker's library makes of a name: addresses, what it stands for, and how long that took.
    fn resolve(&self, asker: &Seat, query: &Query, name: &str) -> Result<(Vec<Ipv4Addr>, String, SimDuration), (SimDuration, Trouble)> {
        let (conf, library) = (ResolvConf::parse(&query.resolv_conf), Self::library(query));
        let answer = self.truth.with_names(asker, |lookup| lookup.resolve(&conf, library, name, Kind::A));
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
    fn look_up(&self, asker: &Seat, query: &Query, questions: &[(String, &'static str)], server: Option<&str>) -> Reply {
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
        let after = match self.truth.name_server(asker, server) {
            Reach::Answers(after) => after,
            Reach::Refused => return reply(takes + conf.timeout, Err(Trouble::Refused)),
            Reach::Silent => return reply(takes + conf.timeout, Err(Trouble::TimedOut)),
        };
        let found = self.truth.with_names(asker, |lookup| {
            let found = questions.iter().map(|(name, kind)| {
                let said = lookup.server_says(server, name, Kind::of(kind).unwrap_or(Kind::A));
                let records = said.records.iter();
                let records = records.map(|record| (record.name.clone(), record.ttl, record.data.kind().as_str(), record.data.to_string()));
                Found { code: said.code.as_str(), authoritative: said.authoritative, records: records.collect() }
            });
            found.collect()
        });
        reply(takes + after, Ok(Response { found, ..Response::default() }))
    }
}

/// Whether a proxy takes requests at a port: the ingress controller's others are its own, and so are those of a Gateway's pods that tell of
/// their health.
fn is_served(proxy: &Proxy, port: u16) -> bool {
    match proxy {
        Proxy::Ingress => matches!(port, 80 | 443),
        Proxy::Gateway(_) => !matches!(port, 8081 | 9113),
    }
}

/// There and back: on one node, from node to node, or to the world outside.
fn round_trip(walk: &Walk) -> SimDuration {
    let far = walk.hops.iter().any(|hop| hop.place == Place::Outside);
    let across = walk.hops.iter().any(|hop| hop.place == Place::Underlay);
    ROUND_TRIPS[if far { 2 } else { usize::from(across) }]
}

/// What a failure looks like to who asked, and after how long.
fn failed(seen: Seen, takes: SimDuration) -> Way {
    match seen {
        Seen::ConnectionRefused => Way::fails(takes, Trouble::Refused),
        Seen::NoRouteToHost => Way::fails(NO_NEIGHBOUR, Trouble::NoRoute),
        Seen::TimedOut | Seen::Answer => Way::fails(CONNECT_TIMEOUT, Trouble::TimedOut),
        Seen::NetworkUnreachable | Seen::MessageTooLong | Seen::NameNotKnown | Seen::NoNameServer => {
            let mut words = seen.as_str().to_owned();
            words[..1].make_ascii_uppercase();
            Way::fails(SimDuration::ZERO, Trouble::Unknown(words))
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
