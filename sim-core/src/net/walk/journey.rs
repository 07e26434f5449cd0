//! The journey: who sends, who answers, and what the sender makes of it.

use crate::kernel::chance::{Stream, draw};
use crate::net::conntrack::Conntrack;
use crate::net::interfaces::{bridge_mac, pod_mac, router_mac};
use crate::net::overlay::{pod_routes, route_to};
use crate::net::packet::{Cidr, Packet, Protocol};
use crate::net::walk::kernel::{Kernel, Transit};
use crate::net::walk::{Cause, Direction, End, Fabric, Hook, Hop, Outcome, Place, Seen, Target, Verdict, Walk};
use crate::net::world::{Machine, Sandbox};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Why a packet didn't arrive.
pub(super) struct Stop {
    pub(super) cause: Cause,
    pub(super) seen: Seen,
}

/// A part of the way.
pub(super) type Leg<T> = Result<T, Box<Stop>>;

/// Who got a packet, and how it looked then.
pub(super) struct Arrived {
    pub(super) whom: Whom,
    pub(super) packet: Packet,
}

/// Who got it.
pub(super) enum Whom {
    Pod(Sandbox),
    Node(Machine),
    Outside(Ipv4Addr),
}

impl Whom {
    fn place(&self) -> Place {
        match self {
            Whom::Pod(pod) => Place::Pod { namespace: pod.namespace.clone(), name: pod.name.clone() },
            Whom::Node(machine) => Place::Node(machine.name.clone()),
            Whom::Outside(_) => Place::Outside,
        }
    }
}

/// A packet under way, and what it leaves behind.
pub(super) struct Journey<'a> {
    pub(super) net: &'a dyn Fabric,
    pub(super) hops: Vec<Hop>,
    /// By node.
    pub(super) conntrack: BTreeMap<u32, Conntrack>,
    /// By what everything opaque is drawn.
    pub(super) key: u128,
    /// The host of the world outside that began, if one did.
    pub(super) outsider: Option<Ipv4Addr>,
    /// Whether the packet at hand comes from outside.
    pub(super) from_outside: bool,
    /// Whether the packet at hand begins a connection.
    pub(super) is_first: bool,
    /// Whether the sender would rather send nothing than pieces.
    pub(super) insists: bool,
}

/// The place of who sends.
pub(super) fn place_of(net: &dyn Fabric, end: End) -> Place {
    let world = net.world();
    match end {
        End::Pod(pod) => {
            world.sandbox_of(pod).map_or(Place::Outside, |pod| Place::Pod { namespace: pod.namespace.clone(), name: pod.name.clone() })
        }
        End::Node(node) => world.machine(node).map_or(Place::Outside, |machine| Place::Node(machine.name)),
        End::Outside(_) => Place::Outside,
    }
}

/// Everything opaque about a packet is drawn by who sends what to whom, and by which attempt it is.
fn key_of(from: End, target: &Target) -> u128 {
    let (kind, number) = match from {
        End::Pod(pod) => (0u128, pod),
        End::Node(node) => (1, node),
        End::Outside(address) => (2, u32::from(address)),
    };
    kind << 126
        ^ u128::from(number) << 94
        ^ u128::from(u32::from(target.address)) << 62
        ^ u128::from(target.port) << 46
        ^ u128::from(target.attempt) << 3
        ^ target.protocol as u128
}

/// The length of a packet with its headers: a TCP SYN has 40 bytes of headers and 20 of options, a later segment 12 of options, an SCTP INIT
/// 68 in all.
fn length(target: &Target) -> u16 {
    match target.protocol {
        Protocol::Tcp if target.payload > 0 => target.payload.saturating_add(52),
        Protocol::Tcp => 60,
        Protocol::Sctp => 68,
        Protocol::Udp | Protocol::Icmp => target.payload.saturating_add(28),
    }
}

/// [`super::walk`].
pub(super) fn walk(net: &dyn Fabric, from: End, target: &Target) -> Walk {
    let outsider = if let End::Outside(address) = from { Some(address) } else { None };
    let key = key_of(from, target);
    let mut journey = Journey {
        net,
        hops: Vec::new(),
        conntrack: BTreeMap::new(),
        key,
        outsider,
        from_outside: outsider.is_some(),
        is_first: target.payload == 0,
        insists: target.dont_fragment && target.protocol == Protocol::Icmp,
    };
    let port = if target.protocol == Protocol::Icmp { 0 } else { 32_768 + draw(net.seed(), Stream::Packet, key).below(28_232) as u16 };
    let mut packet = Packet::new(target.protocol, (Ipv4Addr::UNSPECIFIED, port), (target.address, target.port));
    packet.length = length(target);
    let sent = journey.send(from, packet);
    let mut walk = Walk {
        from: place_of(net, from),
        target: *target,
        hops: std::mem::take(&mut journey.hops),
        outcome: Outcome::Answered,
        answer: Vec::new(),
        reached: None,
        tracked: Vec::new(),
    };
    match sent {
        Err(stop) => walk.outcome = Outcome::Failed { cause: stop.cause, seen: stop.seen, in_answer: false },
        Ok(arrived) => {
            walk.reached = Some(arrived.whom.place());
            walk.outcome = journey.answer(from, target, port, &arrived);
            walk.answer = journey.hops;
            let refused = matches!(walk.outcome, Outcome::Failed { in_answer: false, .. });
            if let (true, Some(hop), Some(cause)) = (refused, walk.hops.last_mut(), cause_in(&walk.outcome)) {
                hop.verdict = Verdict::Reject;
                hop.because(cause.to_string());
            }
        }
    }
    let is_reset = walk.reached.is_some() && walk.seen() == Seen::ConnectionRefused;
    for (node, conntrack) in journey.conntrack {
        let name = net.world().machine(node).map(|machine| machine.name).unwrap_or_default();
        walk.tracked.extend(conntrack.kept(is_reset).map(|connection| (name.clone(), *connection)));
    }
    walk
}

fn cause_in(outcome: &Outcome) -> Option<&Cause> {
    if let Outcome::Failed { cause, .. } = outcome { Some(cause) } else { None }
}

impl<'a> Journey<'a> {
    pub(super) fn push(&mut self, place: Place, interface: impl Into<String>, direction: Direction, packet: &Packet) -> usize {
        self.hops.push(Hop::new(place, interface, direction, packet));
        self.hops.len() - 1
    }

    fn send(&mut self, from: End, packet: Packet) -> Leg<Arrived> {
        let world = self.net.world();
        match from {
            End::Pod(pod) => match world.sandbox_of(pod) {
                Some(pod) => self.send_from_pod(&pod, packet),
                None => self.no_sender(format!("the pod with number {pod}"), &packet),
            },
            End::Node(node) => match world.machine(node) {
                Some(machine) => self.send_from_node(machine, packet),
                None => self.no_sender(format!("the node with number {node}"), &packet),
            },
            End::Outside(address) => self.send_from_outside(address, packet),
        }
    }

    fn no_sender(&mut self, sender: String, packet: &Packet) -> Leg<Arrived> {
        let hop = self.push(Place::Outside, "-", Direction::Out, packet);
        Err(self.stop(hop, Verdict::Drop, Cause::NoSender { sender }, Seen::NetworkUnreachable))
    }

    /// What a SYN asks of the other side: segments that fit its own interface, 1450 − 40 = 1410 bytes.
    fn tell_mss(&mut self, packet: &Packet, mtu: u16, hop: usize) {
        if packet.protocol == Protocol::Tcp && self.is_first {
            let most = mtu.saturating_sub(40);
            self.hops[hop].because(format!("asks for segments of at most {most} bytes (MSS), {mtu} with their headers"));
        }
    }

    /// Nobody sends anything on a node that is off.
    fn is_off(&mut self, machine: Machine, packet: &Packet) -> Leg<Arrived> {
        let hop = self.push(Place::Node(machine.name.clone()), "-", Direction::Out, packet);
        Err(self.stop(hop, Verdict::Drop, Cause::NodeDown { node: machine.name }, Seen::TimedOut))
    }

    /// A process in a pod sends.
    fn send_from_pod(&mut self, pod: &Sandbox, mut packet: Packet) -> Leg<Arrived> {
        let (net, config, seed) = (self.net, self.net.config(), self.net.seed());
        let machine = net.world().machine(pod.node).expect("a sandbox is on a node");
        if !machine.up {
            return self.is_off(machine, &packet);
        }
        if pod.host_network {
            return self.send_from_node(machine, packet);
        }
        let place = Place::Pod { namespace: pod.namespace.clone(), name: pod.name.clone() };
        let name = place.to_string();
        packet.source = pod.address;
        if packet.destination == pod.address || packet.destination.is_loopback() {
            let hop = self.push(place, "lo", Direction::Out, &packet);
            self.hops[hop].verdict = Verdict::Arrived;
            self.hops[hop].because("its own address: it doesn't leave the pod");
            return Ok(Arrived { whom: Whom::Pod(pod.clone()), packet });
        }
        packet.source_mac = pod_mac(seed, pod.pod);
        let kernel = Kernel::of(net, machine);
        let link = kernel.machine.pod_cidr.unwrap_or(Cidr::new(pod.address, 24));
        let bridge = Ipv4Addr::from(u32::from(link.base) + 1);
        let is_near = link.contains(packet.destination);
        let neighbour = if is_near { self.pod_on(&kernel, packet.destination) } else { None };
        packet.destination_mac = match &neighbour {
            Some(neighbour) => pod_mac(seed, neighbour.pod),
            None => bridge_mac(seed, kernel.machine.number),
        };
        let hop = self.push(place, "eth0", Direction::Out, &packet);
        let routes = pod_routes(pod, &kernel.machine, config);
        self.hops[hop].route = route_to(&routes, packet.destination).map(ToString::to_string);
        self.tell_mss(&packet, config.pods_mtu(), hop);
        self.fits_into(&mut packet, &name, "eth0", config.pods_mtu(), hop, true)?;
        self.hops[hop].after = packet.clone();
        // The bridge itself answers for its own address only.
        if is_near && neighbour.is_none() && packet.destination != bridge {
            let cause = Cause::NobodyThere { address: packet.destination, asked: format!("{name} on eth0") };
            return Err(self.stop(hop, Verdict::Drop, cause, Seen::NoRouteToHost));
        }
        self.bridge_in(&kernel, pod, packet)
    }

    /// A process on a node itself sends, or one of a pod that uses the node's network: `ip_queue_xmit`. The way is looked up before the rules
    /// are asked, and once more if they change the destination.
    fn send_from_node(&mut self, machine: Machine, mut packet: Packet) -> Leg<Arrived> {
        if !machine.up {
            return self.is_off(machine, &packet);
        }
        let config = self.net.config();
        let place = Place::Node(machine.name.clone());
        let kernel = Kernel::of(self.net, machine);
        let is_own = |address: Ipv4Addr| kernel.is_local(address);
        let mut route = kernel.route(packet.destination).cloned();
        let device = match &route {
            _ if is_own(packet.destination) => "lo".to_owned(),
            Some(route) => route.device.clone(),
            None => {
                let hop = self.push(place, "-", Direction::Out, &packet);
                self.hops[hop].because("looked up before the rules of OUTPUT are asked");
                let cause = kernel.no_way(&packet, config, false);
                return Err(self.stop(hop, Verdict::Drop, cause, Seen::NetworkUnreachable));
            }
        };
        if packet.source.is_unspecified() {
            let source = route.as_ref().and_then(|route| route.source).unwrap_or_else(|| kernel.address_on(&device, config));
            packet.source = if device == "lo" { packet.destination } else { source };
        }
        let asked = packet.destination;
        let hop = self.push(place, device.clone(), Direction::Out, &packet);
        let mut transit = Transit::new(packet, "");
        self.hook(&kernel, Hook::Output, &mut transit, &device, hop)?;
        let destination = transit.packet.destination;
        if destination != asked {
            route = kernel.route(destination).cloned();
            if let (false, Some(route)) = (is_own(destination), &route) {
                self.hops[hop].because(format!("routed anew, now that it goes to {destination}"));
                self.hops[hop].interface = route.device.clone();
            }
        }
        if is_own(destination) {
            self.hops[hop].interface = "lo".to_owned();
            self.hook(&kernel, Hook::Postrouting, &mut transit, "lo", hop)?;
            self.hook(&kernel, Hook::Input, &mut transit, "", hop)?;
            self.hops[hop].route = Some(format!("local {destination}"));
            self.hops[hop].verdict = Verdict::Arrived;
            self.tell_listener(kernel.machine.number, &transit.packet, hop);
            return Ok(Arrived { whom: Whom::Node(kernel.machine), packet: transit.packet });
        }
        let Some(route) = route else {
            let cause = kernel.no_way(&transit.packet, config, false);
            return Err(self.stop(hop, Verdict::Drop, cause, Seen::NetworkUnreachable));
        };
        self.hops[hop].route = Some(route.to_string());
        // Made before the rules of OUTPUT changed its way: by the first route.
        self.tell_mss(&transit.packet, kernel.mtu_of(&device, config), hop);
        self.fits(&kernel, &route.device, &mut transit, hop, true)?;
        self.route_out(&kernel, &route, transit, Some(hop))
    }

    /// A host of the world outside sends.
    fn send_from_outside(&mut self, address: Ipv4Addr, mut packet: Packet) -> Leg<Arrived> {
        let (net, config) = (self.net, self.net.config());
        packet.source = address;
        packet.destination_mac = router_mac(net.seed());
        let hop = self.push(Place::Outside, address.to_string(), Direction::Out, &packet);
        let is_on_link = config.underlay.contains(address);
        if !is_on_link {
            packet.ttl = packet.ttl.saturating_sub(1);
        }
        let destination = packet.destination;
        let node = net.world().machine_at(destination).or_else(|| self.entrance(&packet));
        let Some(node) = node else {
            let is_inside = config.cluster_cidr.contains(destination) || config.service_cidr.contains(destination);
            let (cause, seen) = if is_inside {
                (Cause::OnlyInside { address: destination }, Seen::TimedOut)
            } else if config.underlay.contains(destination) {
                (Cause::NobodyThere { address: destination, asked: "the router on the nodes' link".to_owned() }, Seen::NoRouteToHost)
            } else {
                (Cause::Silent { address: destination }, Seen::TimedOut)
            };
            return Err(self.stop(hop, Verdict::Drop, cause, seen));
        };
        packet.source_mac = router_mac(net.seed());
        packet.destination_mac = crate::net::interfaces::uplink_mac(net.seed(), node);
        self.push(Place::Underlay, if is_on_link { "outside" } else { "router" }, Direction::Through, &packet);
        self.enter(node, packet)
    }

    /// Why who got the packet doesn't take it, if so.
    fn refusal(&self, arrived: &Arrived) -> Option<Cause> {
        let (net, world) = (self.net, self.net.world());
        let (protocol, port) = (arrived.packet.protocol, arrived.packet.destination_port);
        let place = arrived.whom.place().to_string();
        if let Whom::Outside(address) = arrived.whom {
            return (!net.outside_answers(address, protocol, port)).then_some(Cause::Silent { address });
        }
        if protocol == Protocol::Icmp {
            return None;
        }
        let listeners: Vec<u32> = match &arrived.whom {
            Whom::Pod(pod) => vec![pod.pod],
            Whom::Node(machine) if net.node_listens(machine.number, protocol, port) => return None,
            Whom::Node(machine) => {
                world.sandboxes_on(machine.number).into_iter().filter(|pod| pod.host_network).map(|pod| pod.pod).collect()
            }
            Whom::Outside(_) => Vec::new(),
        };
        let found: Vec<_> = listeners.iter().filter_map(|pod| world.listener(*pod, protocol, port)).collect();
        if found.iter().any(|listener| listener.accepts_until > world.now()) {
            return None;
        }
        Some(match &arrived.whom {
            Whom::Pod(pod) if found.is_empty() && !net.is_ready(pod.pod) => Cause::NotReady { pod: place, port },
            _ => Cause::Refused { place, protocol, port, ending: !found.is_empty() },
        })
    }

    /// The answer, or the refusal, goes back; what the sender makes of it.
    fn answer(&mut self, from: End, target: &Target, port: u16, arrived: &Arrived) -> Outcome {
        let refusal = self.refusal(arrived);
        let failed = |cause, seen, in_answer| Outcome::Failed { cause, seen, in_answer };
        if let Some(cause @ Cause::Silent { .. }) = refusal {
            return failed(cause, Seen::TimedOut, false);
        }
        let mut answer = arrived.packet.answer();
        answer.length = match (target.protocol, &refusal) {
            // Nothing but the headers: RST.
            (Protocol::Tcp, Some(_)) => 40,
            _ => arrived.packet.length,
        };
        // Linux lets routers cut up what it answers to pings.
        answer.dont_fragment = target.protocol != Protocol::Icmp;
        self.from_outside = matches!(arrived.whom, Whom::Outside(_));
        self.insists = false;
        self.is_first = false;
        // What a kernel says of a datagram's closed port comes by ICMP, about the connection: it isn't told hop by hop.
        if let (true, Some(cause)) = (target.protocol != Protocol::Tcp, &refusal) {
            return failed(cause.clone(), Seen::ConnectionRefused, false);
        }
        let back = match &arrived.whom {
            Whom::Pod(pod) if matches!(from, End::Pod(number) if number == pod.pod) && self.is_inside_pod(arrived) => {
                return refusal.map_or(Outcome::Answered, |cause| failed(cause, Seen::ConnectionRefused, false));
            }
            Whom::Pod(pod) => self.send_from_pod(pod, answer),
            Whom::Node(machine) => self.send_from_node(machine.clone(), answer),
            Whom::Outside(address) => self.send_from_outside(*address, answer),
        };
        let arrived = match back {
            Err(stop) => return failed(stop.cause, Seen::TimedOut, true),
            Ok(arrived) => arrived,
        };
        let got = (arrived.packet.source, arrived.packet.source_port);
        if got != (target.address, target.port) || arrived.packet.destination_port != port {
            let expected = (target.address, target.port);
            let cause = match &arrived.whom {
                Whom::Pod(pod) if !self.net.config().bridge_netfilter => {
                    let node = self.net.world().machine(pod.node).map(|machine| machine.name).unwrap_or_default();
                    Cause::BridgeNetfilter { node, expected, got }
                }
                _ => Cause::Stranger { expected, got },
            };
            if let Some(hop) = self.hops.len().checked_sub(1) {
                self.stop(hop, Verdict::Drop, cause.clone(), Seen::TimedOut);
            }
            return failed(cause, Seen::TimedOut, true);
        }
        refusal.map_or(Outcome::Answered, |cause| failed(cause, Seen::ConnectionRefused, false))
    }

    /// Whether a packet came to its own sender without leaving the pod.
    fn is_inside_pod(&self, arrived: &Arrived) -> bool {
        arrived.packet.source == arrived.packet.destination || arrived.packet.destination.is_loopback()
    }
}
