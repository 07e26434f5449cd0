//! The network as simulated clients meet it: the rules of a node at a moment, the way to a backend, who answers there. It says in short what a
//! walk says hop by hop; a test holds the two together.

use super::network::Truth;
use crate::api::meta::Str;
use crate::api::object::{Kind, Object};
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::config::{Backend as Overlay, IpvsScheduler, ProxyMode};
use crate::net::dns::resolver::{Answer, Failure};
use crate::net::packet::Protocol;
use crate::net::policy::{Decision, Party, Policies, Talk, Way as Direction};
use crate::net::proxy::services::ServicePort;
use crate::net::proxy::topology::{Fate, Origin};
use crate::net::traffic::client::{Source, Target};
use crate::net::traffic::reach::{Backend, Choices, Door, Pace, Path, Reach, Scheduler, Seat, Verdict, Way};
use crate::net::walk::Fabric;
use crate::net::world::{Listener, World};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Where clients outside send from: TEST-NET-2, RFC 5737.
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
/// What a backend's shares among those of all entrances are counted in.
pub(super) const SHARES: u32 = 27_720;
/// How long a node's own processes take for an answer.
const OF_NODE: SimDuration = SimDuration::from_millis(1);
/// Whoever answers in the world outside.
const OUTSIDE_HOST: Listener = Listener {
    container: 0,
    attempt: 0,
    latency: SimDuration::from_millis(20),
    capacity: 0,
    accepts_from: SimTime::ZERO,
    accepts_until: SimTime::MAX,
    ends: SimTime::MAX,
    is_killed: false,
};

/// Where packets to a Service come in, if not at its own address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entrance {
    /// The node; `None`: one of several.
    node: Option<u32>,
    /// Whether its rules put its own address in place of the sender's.
    masks: bool,
}

/// What a way leads through.
#[derive(Clone, Copy, Debug)]
pub(super) enum Through {
    /// Straight to the backend.
    Nothing,
    /// A Service's rules.
    Service(Option<Entrance>),
}

/// What packets are sent to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aim {
    pub(super) address: Ipv4Addr,
    pub(super) port: u16,
    /// By what protocol first.
    pub(super) protocol: Protocol,
}

impl Aim {
    /// A connection.
    pub(super) fn tcp(address: Ipv4Addr, port: u16) -> Aim {
        Aim { address, port, protocol: Protocol::Tcp }
    }
}

impl Truth<'_> {
    /// What the rules of a node make of packets to a port of a Service.
    fn behind(&self, node: u32, service: &ServicePort, origin: Origin) -> (Verdict, Vec<Backend>) {
        let facts = self.network.facts(node);
        let fate = match self.network.config().proxy {
            ProxyMode::Ipvs(_) => service.fate_by_ipvs(&facts, origin),
            ProxyMode::Iptables | ProxyMode::Nftables => service.fate(&facts, origin),
        };
        match fate {
            Fate::Reject => (Verdict::Reject, Vec::new()),
            Fate::Drop => (Verdict::Drop, Vec::new()),
            Fate::Choose(among) => {
                let endpoints = service.endpoints();
                let backends =
                    among.into_iter().map(|index| self.backend(endpoints[index].address, endpoints[index].port, service.protocol));
                (Verdict::Forward, backends.collect())
            }
        }
    }

    /// Who is at an address of the pod network, or of a node.
    pub(super) fn backend(&self, address: Ipv4Addr, port: u16, protocol: Protocol) -> Backend {
        let (pod, node, name) = match self.nodes.holder(address) {
            Some((pod, worker)) => (Some(pod), Some(worker.node), worker.pod.meta.name.clone()),
            None => (None, self.network.host(address), Str::EMPTY),
        };
        let node_name = node.and_then(|node| self.nodes.kubelet(node)).map_or(Str::EMPTY, |kubelet| kubelet.name.clone());
        Backend { pod, name, node, node_name, address, port, protocol, weight: 1 }
    }

    fn scheduler(&self) -> Scheduler {
        match self.network.config().proxy {
            ProxyMode::Iptables | ProxyMode::Nftables => Scheduler::Random,
            ProxyMode::Ipvs(IpvsScheduler::RoundRobin | IpvsScheduler::WeightedRoundRobin) => Scheduler::RoundRobin,
            ProxyMode::Ipvs(IpvsScheduler::LeastConnection) => Scheduler::LeastConnection,
            ProxyMode::Ipvs(IpvsScheduler::SourceHashing) => Scheduler::SourceHashing,
        }
    }

    /// What the rules of one node say about an address. `None`: no rule is about it.
    fn by_rules(&self, node: u32, from: &Seat, to: Aim, origin: Origin) -> Option<Choices> {
        let services = self.network.services(node, self.now)?;
        let Aim { address, port, protocol } = to;
        let is_node = self.network.host(address).is_some();
        let at_node = |protocol| services.find_node_port(protocol, port).filter(|_| is_node);
        let find = |protocol| services.find(address, protocol, port).or_else(|| at_node(protocol));
        // Clients don't say by what protocol they ask a port, so that of a Service which has only another is meant.
        let others = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];
        let service = find(protocol).or_else(|| others.into_iter().find_map(find))?;
        let is_balanced = service.load_balancer_ips.contains(&address) && !service.source_ranges.is_empty();
        if is_balanced && !service.source_ranges.iter().any(|range| range.contains(from.address)) {
            return Some(Choices { verdict: Verdict::Drop, valid_until: self.network.next_change(node, self.now), ..Choices::default() });
        }
        let origin = if address == service.cluster_ip { Origin::Internal } else { origin };
        let (verdict, backends) = self.behind(node, service, origin);
        Some(Choices {
            verdict,
            backends,
            scheduler: self.scheduler(),
            affinity: service.affinity,
            rules_of: self.network.facts(node).name,
            since: self.network.services_since(node, self.now).unwrap_or(SimTime::ZERO),
            valid_until: self.network.next_change(node, self.now),
            ..Choices::default()
        })
    }

    /// What becomes of packets to an address.
    pub(super) fn by_address(&self, from: &Seat, to: Aim) -> Choices {
        let Aim { address, port, protocol } = to;
        let config = self.network.config();
        if let Some(node) = self.network.host(address) {
            return self.through_nodes(from, &[node], to);
        }
        let Some(node) = from.node else {
            let entrances = self.entrances(address, protocol, port);
            let known = self.network.newest_services().has_address(address) && !config.service_cidr.contains(address);
            return match known {
                true if entrances.is_empty() => Choices { verdict: Verdict::Drop, ..Choices::default() },
                true => self.through_nodes(from, &entrances, to),
                // Nobody outside has a route to the cluster's own addresses, and nobody there says so.
                false if config.cluster_cidr.contains(address) || config.service_cidr.contains(address) => {
                    Choices { verdict: Verdict::Drop, ..Choices::default() }
                }
                false => Choices { backends: vec![self.backend(address, port, protocol)], ..Choices::default() },
            };
        };
        let is_host = self.network.host(from.address).is_some();
        let is_bound = matches!(config.proxy, ProxyMode::Ipvs(_));
        let is_lost = !config.default_route && !config.underlay.contains(address) && !config.cluster_cidr.contains(address);
        let valid_until = self.network.next_change(node, self.now);
        let unreachable = Choices { verdict: Verdict::Unreachable, valid_until, ..Choices::default() };
        match self.by_rules(node, from, to, Origin::ShortCircuit) {
            // A node looks for the way before it asks the rules, and what these don't translate must find one, too.
            Some(choices) if is_lost && !is_bound && (is_host || choices.verdict != Verdict::Forward) => return unreachable,
            // With IPVS the address is one of the node's own (`kube-ipvs0`), and what a node sends to itself it sends from there.
            Some(choices) => return Choices { seen_as: (is_host && is_bound).then_some(address), ..choices },
            None if is_lost => return unreachable,
            // A port that the Service hasn't got. nftables and IPVS know the address by itself, and reject; with iptables nobody is there.
            None if config.proxy != ProxyMode::Iptables
                && self.network.services(node, self.now).is_some_and(|services| services.has_address(address)) =>
            {
                return Choices { verdict: Verdict::Reject, ..unreachable };
            }
            None if config.service_cidr.contains(address) => return Choices { verdict: Verdict::Drop, ..unreachable },
            None => {}
        }
        Choices { backends: vec![self.backend(address, port, protocol)], valid_until, ..Choices::default() }
    }

    /// What becomes of packets that come in at these nodes, each as often as the others.
    fn through_nodes(&self, from: &Seat, nodes: &[u32], to: Aim) -> Choices {
        let Aim { address, port, protocol } = to;
        if from.node.is_none() && !self.network.config().default_route {
            // No answer finds its way out.
            return Choices { verdict: Verdict::Drop, ..Choices::default() };
        }
        let mut all = Choices { scheduler: self.scheduler(), valid_until: SimTime::MAX, ..Choices::default() };
        let mut verdicts = Vec::new();
        for node in nodes {
            let Some(machine) = self.machine(*node) else { continue };
            let origin = if from.node == Some(*node) { Origin::ShortCircuit } else { Origin::External };
            all.valid_until = all.valid_until.min(self.network.next_change(*node, self.now));
            if !machine.up {
                let weight = SHARES;
                all.backends.push(Backend { weight, ..self.backend(machine.address, port, protocol) });
                continue;
            }
            let at = if self.network.host(address).is_some() { machine.address } else { address };
            let Some(found) = self.by_rules(*node, from, Aim { address: at, ..to }, origin) else {
                all.backends.push(Backend { weight: SHARES, ..self.backend(machine.address, port, protocol) });
                continue;
            };
            let count = found.backends.len().max(1) as u32;
            all.backends.extend(found.backends.into_iter().map(|backend| Backend { weight: SHARES / count, ..backend }));
            all.affinity = found.affinity;
            all.since = all.since.max(found.since);
            all.rules_of = found.rules_of;
            verdicts.push(found.verdict);
        }
        // One node alone says what its rules say; of several, those that have nobody lose their share only if none has anybody.
        if all.backends.is_empty() {
            all.verdict = verdicts.first().copied().unwrap_or(Verdict::Drop);
        } else if all.backends.iter().all(|backend| backend.weight == all.backends[0].weight) {
            all.backends.iter_mut().for_each(|backend| backend.weight = 1);
        }
        all
    }

    /// Where rules put a node's address in place of the sender's, and which node's that is as far as it is one: at what isn't the Service's own
    /// address, unless the external policy is Local.
    fn entrance_of(&self, from: &Seat, to: &Target) -> Option<Entrance> {
        let newest = self.network.newest_services();
        let (node, is_local) = match to {
            Target::Node { name, port } => {
                let node = name.as_ref().and_then(|name| self.store.find(Kind::Node, "", name)).map(|id| id.number);
                (node, newest.find_node_port(Protocol::Tcp, *port)?.external_local)
            }
            Target::LoadBalancer { namespace, name, .. } => (from.node, newest.of_service(namespace, name).next()?.external_local),
            Target::Address { address, port } => match self.network.host(*address) {
                Some(node) => (Some(node), newest.find_node_port(Protocol::Tcp, *port)?.external_local),
                None => {
                    let service = newest.find(*address, Protocol::Tcp, *port).filter(|service| service.cluster_ip != *address)?;
                    (from.node, service.external_local)
                }
            },
            Target::Service { .. } | Target::Pod { .. } | Target::Http { .. } | Target::Name { .. } => return None,
        };
        Some(Entrance { node, masks: !is_local })
    }

    /// Whether policies of the sender's and the receiver's node let packets through; else the way they don't, and which policy it was.
    fn forbidden(&self, from: &Seat, entrance: Option<Entrance>, backend: &Backend) -> Option<Str> {
        let pods = (from.pod.and_then(|pod| self.sandbox_of(pod)), backend.pod.and_then(|pod| self.sandbox_of(pod)));
        let port_named = |pod: u32, protocol: Protocol, name: &str| Fabric::port_named(self, pod, protocol, name);
        let pod = pods.0.as_ref().filter(|pod| !pod.host_network);
        let address_of = |node: Option<u32>| node.and_then(|node| self.nodes.kubelet(node)).map_or(from.address, |kubelet| kubelet.address);
        let masked = |node| Party { address: address_of(node), pod: None };
        // Rules of a node put its address in only when a packet leaves it, and flannel's do so when a pod asks another node.
        let (seen, is_own) = match entrance {
            Some(at) if at.masks && at.node != backend.node => (masked(at.node), false),
            Some(at) if at.node.is_some() && at.node != from.node && pod.is_some() => (masked(from.node), false),
            _ => (Party { address: from.address, pod }, pod.is_none() && from.node == backend.node),
        };
        let denied = |policies: Option<&Policies>, way: Direction, from: Party<'_>| {
            let to = Party { address: backend.address, pod: pods.1.as_ref().filter(|pod| !pod.host_network) };
            let talk = Talk { from, to, protocol: backend.protocol, port: backend.port, port_named: &port_named };
            match policies?.decide(way, &talk) {
                Decision::Denied(denial) => Some(Str::from(denial.to_string())),
                Decision::NotIsolated | Decision::Allowed { .. } => None,
            }
        };
        let of = |node: Option<u32>| node.and_then(|node| self.network.policies(node, self.now));
        let sending = denied(of(from.node).filter(|_| pod.is_some()), Direction::Egress, Party { address: from.address, pod });
        sending.or_else(|| denied(of(backend.node).filter(|_| !is_own), Direction::Ingress, seen))
    }

    pub(super) fn way(&self, from: &Seat, backend: &Backend, through: Through) -> Path {
        let config = self.network.config();
        let (through_service, entrance) = match through {
            Through::Nothing => (false, None),
            Through::Service(entrance) => (true, entrance),
        };
        // The node whose routes lead to the backend.
        let via = entrance.and_then(|at| at.node).or(from.node);
        let valid_until = |nodes: [Option<u32>; 2]| {
            nodes.into_iter().flatten().map(|node| self.network.next_change(node, self.now)).min().unwrap_or(SimTime::MAX)
        };
        let found = |way: Way, round_trip: SimDuration| Path {
            way,
            round_trip,
            by: Str::EMPTY,
            valid_until: valid_until([from.node, backend.node]).min(valid_until([via, None])),
        };
        let same = via.is_some() && via == backend.node;
        let overlay = if config.backend == Overlay::Vxlan { Path::VXLAN } else { SimDuration::ZERO };
        let round_trip = if same { Path::SAME_NODE } else { Path::ACROSS + overlay };
        let Some(node) = backend.node else {
            // Nobody has the address. If it is a pod's, the node that its block belongs to says so, if it is there to say anything.
            if !config.cluster_cidr.contains(backend.address) {
                return found(Way::Open, Path::ACROSS);
            }
            let machines = self.nodes.numbers().filter_map(|node| self.machine(node));
            let owner = { machines }.find(|machine| machine.pod_cidr.is_some_and(|cidr| cidr.contains(backend.address)));
            return match owner {
                Some(machine) if !self.knows(via, machine.number) => found(self.unrouted(), Path::ACROSS),
                Some(machine) if !machine.up => found(self.off(from.node, config.backend == Overlay::Vxlan), Path::ACROSS),
                Some(_) => found(Way::AddressGone, Path::ACROSS),
                None => found(self.unrouted(), Path::ACROSS),
            };
        };
        let on_overlay = backend.pod.is_some() && self.network.host(backend.address).is_none();
        if on_overlay && !same && !self.knows(via, node) {
            return found(self.unrouted(), round_trip);
        }
        if !self.nodes.is_up(node) {
            return found(self.off(from.node, on_overlay && config.backend == Overlay::Vxlan), Path::ACROSS);
        }
        let is_host = self.network.host(from.address).is_some();
        let is_masked = entrance.is_some_and(|at| at.masks);
        // To nodes' own addresses there is always a way, but what leaves by VXLAN has one of the overlay.
        let is_from_pods = (from.pod.is_some() && !is_host && !is_masked) || config.backend == Overlay::Vxlan;
        if on_overlay && !same && via.is_some_and(|via| is_from_pods && !self.knows(Some(node), via)) {
            return found(Way::BlackHole, round_trip);
        }
        let itself = from.pod.is_some() && from.pod == backend.pod;
        let is_bound = matches!(config.proxy, ProxyMode::Ipvs(_));
        // Bridged past the rules, answers aren't translated back; what a node's rules masquerade comes back to the node.
        let is_bridged = through_service && on_overlay && same && from.pod.is_some() && !is_host && from.node == via;
        let by_hairpin = itself && !config.hairpin && config.bridge_netfilter && !is_bound;
        if is_bridged && by_hairpin {
            return found(Way::BlackHole, round_trip);
        }
        if let Some(by) = self.forbidden(from, entrance, backend) {
            return Path { by, ..found(Way::Refused, round_trip) };
        }
        if is_bridged && !itself && !config.bridge_netfilter && !is_masked {
            return found(Way::BlackHole, round_trip);
        }
        found(Way::Open, round_trip)
    }

    /// What becomes of packets to pods that a node has no route to: the default route takes them to a router that drops them.
    fn unrouted(&self) -> Way {
        if self.network.config().default_route { Way::BlackHole } else { Way::NoRoute }
    }

    /// What becomes of packets to a node that is off: its neighbours on the link notice, but nobody says it of what is wrapped, or outside.
    fn off(&self, from: Option<u32>, is_wrapped: bool) -> Way {
        if is_wrapped || from.is_none() { Way::BlackHole } else { Way::AddressGone }
    }

    /// Whether a node has a route to the pods of another. Who is outside comes in at a node that has.
    fn knows(&self, node: Option<u32>, other: u32) -> bool {
        let Some(node) = node.filter(|node| *node != other) else { return true };
        self.network.leases(node, self.now).is_some_and(|leases| leases.get(other).is_some())
    }

    /// What becomes of packets to whatever a name stands for.
    fn by_name(&self, from: &Seat, name: &str, port: u16) -> Choices {
        let answer = self.resolve(from, name);
        // Whether a name server answers follows from the rules, too.
        let next = from.node.map_or(SimTime::MAX, |node| self.network.next_change(node, self.now));
        let as_found = |choices: Choices| Choices { lookup: answer.takes, valid_until: choices.valid_until.min(next), ..choices };
        let failed = |verdict| as_found(Choices { verdict, ..Choices::default() });
        match (answer.failure, answer.addresses.as_slice()) {
            (Some(Failure::Again), _) => failed(Verdict::SilentNames),
            (Some(_), _) | (None, []) => failed(Verdict::UnknownName),
            (None, [address]) => as_found(self.by_address(from, Aim::tcp(*address, port))),
            // A headless Service: the client takes one of the pods' addresses itself.
            (None, addresses) => {
                let backends = addresses.iter().map(|address| self.backend(*address, port, Protocol::Tcp)).collect();
                as_found(Choices { backends, ..Choices::default() })
            }
        }
    }

    fn service(&self, namespace: &str, name: &str) -> Option<&Arc<crate::api::service::Service>> {
        self.store.find_object(Kind::Service, namespace, name).and_then(Object::as_service)
    }
}

impl Reach for Truth<'_> {
    fn epoch(&self) -> u64 {
        self.network.epoch() + self.turns
    }

    fn seat(&self, from: &Source) -> Option<Seat> {
        match from {
            Source::Outside => Some(Seat { node: None, place: Str::Static("outside"), pod: None, address: OUTSIDE }),
            Source::Node(name) => {
                let number = self.store.find(Kind::Node, "", name)?.number;
                let machine = self.machine(number).filter(|machine| machine.up)?;
                Some(Seat { node: Some(number), place: machine.name, pod: None, address: machine.address })
            }
            Source::Pod { namespace, name } => {
                let number = self.store.find(Kind::Pod, namespace, name)?.number;
                let sandbox = self.sandbox_of(number)?;
                let place = self.machine(sandbox.node).map(|machine| machine.name)?;
                Some(Seat { node: Some(sandbox.node), place, pod: Some(number), address: sandbox.address })
            }
        }
    }

    fn choices(&self, from: &Seat, to: &Target, now: SimTime) -> Arc<Choices> {
        let then = Truth { now, ..*self };
        let unknown = || Choices { verdict: Verdict::UnknownName, ..Choices::default() };
        Arc::new(match to {
            Target::Address { address, port } => then.by_address(from, Aim::tcp(*address, *port)),
            Target::Service { namespace, name, port } => {
                let service = then.service(namespace, name);
                match service.and_then(|service| service.spec["clusterIP"].as_str()?.parse().ok()) {
                    Some(address) => then.by_address(from, Aim::tcp(address, *port)),
                    None if service.is_some() => then.by_name(from, &format!("{name}.{namespace}.svc.cluster.local"), *port),
                    None => unknown(),
                }
            }
            Target::LoadBalancer { namespace, name, port } => {
                let mut ports = then.network.newest_services().of_service(namespace, name);
                let given = ports.find_map(|service| service.load_balancer_ips.first().copied());
                given.map_or_else(unknown, |address| then.by_address(from, Aim::tcp(address, *port)))
            }
            Target::Node { name: Some(name), port } => match then.store.find(Kind::Node, "", name) {
                Some(id) => {
                    let address = then.nodes.kubelet(id.number).map_or(Ipv4Addr::UNSPECIFIED, |kubelet| kubelet.address);
                    then.through_nodes(from, &[id.number], Aim::tcp(address, *port))
                }
                None => unknown(),
            },
            Target::Node { name: None, port } => {
                let nodes: Vec<u32> = then.nodes.numbers().collect();
                let any = nodes.first().and_then(|node| then.nodes.kubelet(*node)).map_or(Ipv4Addr::UNSPECIFIED, |kubelet| kubelet.address);
                then.through_nodes(from, &nodes, Aim::tcp(any, *port))
            }
            Target::Pod { namespace, name, port } => {
                let pod = then.store.find_object(Kind::Pod, namespace, name).and_then(Object::as_pod);
                match pod.and_then(|pod| pod.status.pod_ip) {
                    Some(_) if from.node.is_none() && pod.is_some_and(|pod| !pod.spec.host_network) => {
                        Choices { verdict: Verdict::Drop, ..Choices::default() }
                    }
                    Some(address) => Choices { backends: vec![then.backend(address, *port, Protocol::Tcp)], ..Choices::default() },
                    None => unknown(),
                }
            }
            Target::Name { host, port } => then.by_name(from, host, *port),
            Target::Http { host, port, path } => then.by_host(from, host, *port, path),
        })
    }

    fn resolve(&self, from: &Seat, name: &str, now: SimTime) -> Option<Answer> {
        Some(Truth::resolve(&Truth { now, ..*self }, from, name))
    }

    fn path(&self, from: &Seat, to: &Target, backend: &Backend, now: SimTime) -> Path {
        let then = Truth { now, ..*self };
        let through = if matches!(to, Target::Pod { .. }) { Through::Nothing } else { Through::Service(then.entrance_of(from, to)) };
        then.way(from, backend, through)
    }

    fn path_behind(&self, proxy: &Backend, backend: &Backend, now: SimTime) -> Path {
        let then = Truth { now, ..*self };
        let seat = Seat { node: proxy.node, place: proxy.node_name.clone(), pod: proxy.pod, address: proxy.address };
        then.way(&seat, backend, Through::Nothing)
    }

    fn door(&self, backend: &Backend) -> Door {
        let closed = Door::Closed { since: None, is_killed: false };
        // Who was there when the rules were written may be gone, and another pod may have the address now.
        let Some((pod, worker)) = self.nodes.holder(backend.address) else {
            let Some(node) = self.network.host(backend.address) else {
                return if backend.node.is_none() && backend.pod.is_none() { Door::Open(OUTSIDE_HOST) } else { closed };
            };
            return match self.nodes.listening_on_node(self.now, node, backend.port) {
                Some(found) => Door::Open(found.into()),
                None if self.node_listens(node, backend.protocol, backend.port) => {
                    Door::Open(Listener { latency: OF_NODE, ..OUTSIDE_HOST })
                }
                None => closed,
            };
        };
        match self.nodes.listening_soon(self.now, pod, backend.port) {
            Some(found) => Door::Open(found.into()),
            None => {
                let last = worker.containers.iter().filter_map(|container| container.exit()).max_by_key(|exit| exit.finished);
                let stopped = worker
                    .containers
                    .iter()
                    .filter_map(|container| container.stops)
                    .filter(|stop| stop.at <= self.now)
                    .max_by_key(|stop| stop.at);
                match (stopped, last) {
                    (Some(stop), _) => Door::Closed { since: Some(stop.at), is_killed: stop.code == 137 },
                    (None, Some(exit)) => Door::Closed { since: Some(exit.finished), is_killed: exit.code == 137 },
                    (None, None) => closed,
                }
            }
        }
    }

    fn pace(&self, _backend: &Backend, _container: u8) -> Pace {
        Pace::default()
    }
}
