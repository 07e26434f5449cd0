//! A packet's way through nodes and the link between them: bridge, routes, overlay.

use crate::kernel::chance::{Stream, draw};
use crate::net::interfaces::{bridge_mac, pod_mac, router_mac, uplink_mac, veth_name};
use crate::net::overlay::Route;
use crate::net::packet::{Outer, Packet, Protocol, VXLAN_OVERHEAD};
use crate::net::walk::journey::{Arrived, Journey, Leg, Whom};
use crate::net::walk::kernel::{Kernel, Transit};
use crate::net::walk::{Cause, Direction, Hook, Place, Seen, Verdict};
use crate::net::world::Sandbox;
use std::net::Ipv4Addr;

/// What the sender sees if a neighbour doesn't answer: its own kernel, or a router, says so; but nobody says it of what is wrapped.
fn unanswered(packet: &Packet) -> Seen {
    if packet.outer.is_some() { Seen::TimedOut } else { Seen::NoRouteToHost }
}

/// The outer packet by itself, as connection tracking sees it.
fn outer_of(outer: &Outer, length: u16) -> Packet {
    let mut packet = Packet::new(Protocol::Udp, (outer.source, outer.source_port), (outer.destination, outer.destination_port));
    packet.length = length.saturating_add(VXLAN_OVERHEAD);
    packet.dont_fragment = false;
    packet
}

impl<'a> Journey<'a> {
    fn node_place(kernel: &Kernel<'a>) -> Place {
        Place::Node(kernel.machine.name.clone())
    }

    /// A frame comes in by a pod's port of the bridge. `br_handle_frame` and, if bridged packets pass the rules, `br_nf_pre_routing`.
    pub(super) fn bridge_in(&mut self, kernel: &Kernel<'a>, from: &Sandbox, packet: Packet) -> Leg<Arrived> {
        let (config, seed) = (self.net.config(), self.net.seed());
        let hop = self.push(Self::node_place(kernel), veth_name(seed, from.pod), Direction::Through, &packet);
        let own_mac = bridge_mac(seed, kernel.machine.number);
        let asked = packet.destination;
        let mut transit = Transit::new(packet, config.bridge);
        if config.bridge_netfilter {
            self.hook(kernel, Hook::Prerouting, &mut transit, "", hop)?;
        }
        let destination = transit.packet.destination;
        // The kernel looks for a way once the rules have changed the destination: on the same bridge, the frame is bridged after all.
        let is_bridged = if destination == asked {
            transit.packet.destination_mac != own_mac
        } else {
            !kernel.is_local(destination) && kernel.route(destination).is_some_and(|route| route.device == config.bridge)
        };
        if !is_bridged {
            transit.packet.destination_mac = own_mac;
            let prerouted = config.bridge_netfilter;
            let hop = self.push(Self::node_place(kernel), config.bridge, Direction::In, &transit.packet);
            return self.node_in(kernel, transit, prerouted, hop);
        }
        let Some(to) = self.pod_on(kernel, destination) else {
            let cause = self.nobody(kernel, destination, config.bridge);
            return Err(self.stop(hop, Verdict::Reject, cause, Seen::NoRouteToHost));
        };
        if destination != asked {
            // As long as the node has never sent anything to the pod itself, the kernel has no prepared header for it and takes the frame
            // through the bridge's own queue: tcpdump then shows it at the bridge too, this once (br_nf_pre_routing_finish_bridge).
            self.hops[hop].because(format!("{destination} is on the same bridge: bridged, not routed, so TTL and source MAC stay"));
        }
        transit.packet.destination_mac = pod_mac(seed, to.pod);
        self.hops[hop].after = transit.packet.clone();
        if to.pod == from.pod && !config.hairpin {
            let cause = Cause::Hairpin { node: kernel.machine.name.clone(), bridge: config.bridge.into() };
            return Err(self.stop(hop, Verdict::Drop, cause, Seen::TimedOut));
        }
        if config.bridge_netfilter {
            self.hook(kernel, Hook::Forward, &mut transit, config.bridge, hop)?;
        } else if self.policies_missed(kernel) {
            self.hops[hop].because("bridged past all rules (bridge-nf-call-iptables is 0), so no NetworkPolicy is asked");
        }
        let hop = self.push(Self::node_place(kernel), veth_name(seed, to.pod), Direction::Out, &transit.packet);
        if config.bridge_netfilter {
            self.hook(kernel, Hook::Postrouting, &mut transit, config.bridge, hop)?;
        }
        Ok(self.pod_in(to, transit.packet))
    }

    /// A packet is handed to a pod's `eth0`.
    fn pod_in(&mut self, to: Sandbox, packet: Packet) -> Arrived {
        let place = Place::Pod { namespace: to.namespace.clone(), name: to.name.clone() };
        let hop = self.push(place, "eth0", Direction::In, &packet);
        self.hops[hop].verdict = Verdict::Arrived;
        Arrived { whom: Whom::Pod(to), packet }
    }

    /// The pod on this node that has an address.
    pub(super) fn pod_on(&self, kernel: &Kernel<'a>, address: Ipv4Addr) -> Option<Sandbox> {
        self.net.world().sandbox_at(address).filter(|pod| pod.node == kernel.machine.number && !pod.host_network)
    }

    pub(super) fn nobody(&self, kernel: &Kernel<'a>, address: Ipv4Addr, device: &str) -> Cause {
        Cause::NobodyThere { address, asked: format!("{} on {device}", kernel.machine.name) }
    }

    /// A packet comes to the node's IP stack. `prerouted`: it has met the rules on the bridge already.
    pub(super) fn node_in(&mut self, kernel: &Kernel<'a>, mut transit: Transit, prerouted: bool, hop: usize) -> Leg<Arrived> {
        if !prerouted {
            self.hook(kernel, Hook::Prerouting, &mut transit, "", hop)?;
        }
        let destination = transit.packet.destination;
        if kernel.is_local(destination) {
            self.hook(kernel, Hook::Input, &mut transit, "", hop)?;
            let destination = transit.packet.destination;
            if kernel.is_local(destination) {
                self.hops[hop].route = Some(format!("local {destination}"));
                self.hops[hop].verdict = Verdict::Arrived;
                self.tell_listener(kernel.machine.number, &transit.packet, hop);
                return Ok(Arrived { whom: Whom::Node(kernel.machine.clone()), packet: transit.packet });
            }
            // IPVS has taken it and sends it on.
            let route = self.forward(kernel, &mut transit, hop)?;
            return self.route_out(kernel, &route, transit, None);
        }
        let route = self.forward(kernel, &mut transit, hop)?;
        self.hook(kernel, Hook::Forward, &mut transit, &route.device, hop)?;
        self.route_out(kernel, &route, transit, None)
    }

    /// Which pod it is that listens on a port of the node.
    pub(super) fn tell_listener(&mut self, node: u32, packet: &Packet, hop: usize) {
        let world = self.net.world();
        let (protocol, port) = (packet.protocol, packet.destination_port);
        let listens = |pod: &Sandbox| pod.host_network && world.listener(pod.pod, protocol, port).is_some();
        if let Some(pod) = world.sandboxes_on(node).into_iter().find(listens) {
            let place = Place::Pod { namespace: pod.namespace, name: pod.name };
            self.hops[hop].because(format!("{place}, which uses the node's own network, listens there"));
        }
    }

    /// Looks for the way on: `ip_forward`.
    fn forward(&mut self, kernel: &Kernel<'a>, transit: &mut Transit, hop: usize) -> Leg<Route> {
        let config = self.net.config();
        let Some(route) = kernel.route(transit.packet.destination).cloned() else {
            let cause = kernel.no_way(&transit.packet, config, false);
            return Err(self.stop(hop, Verdict::Reject, cause, Seen::NetworkUnreachable));
        };
        self.hops[hop].route = Some(route.to_string());
        if transit.packet.ttl <= 1 {
            let cause = Cause::TimeToLive { node: kernel.machine.name.clone() };
            return Err(self.stop(hop, Verdict::Reject, cause, Seen::TimedOut));
        }
        self.fits(kernel, &route.device, transit, hop, false)?;
        transit.packet.ttl -= 1;
        self.hops[hop].after = transit.packet.clone();
        Ok(route)
    }

    /// Whether the packet fits through an interface, perhaps in pieces.
    pub(super) fn fits(&mut self, kernel: &Kernel<'a>, device: &str, transit: &mut Transit, hop: usize, own: bool) -> Leg<()> {
        let mtu = kernel.mtu_of(device, self.net.config());
        self.fits_into(&mut transit.packet, &kernel.machine.name.clone(), device, mtu, hop, own)
    }

    pub(super) fn fits_into(&mut self, packet: &mut Packet, place: &str, device: &str, mtu: u16, hop: usize, own: bool) -> Leg<()> {
        let length = packet.length;
        if length <= mtu {
            return Ok(());
        }
        if own && packet.protocol == Protocol::Tcp {
            packet.length = mtu;
            self.hops[hop].because(format!("TCP cuts it into segments that fit {device} ({mtu} bytes)"));
            return Ok(());
        }
        if packet.protocol == Protocol::Tcp && packet.dont_fragment {
            packet.length = mtu;
            let words = "the router says so by ICMP (fragmentation needed), and the sender's TCP goes on with smaller segments";
            self.hops[hop].because(format!("{length} bytes are more than {device} takes at once ({mtu}): {words}"));
            return Ok(());
        }
        // What its own kernel may cut up it does, whatever the header says later.
        let may_be_cut = if own { !self.insists } else { !packet.dont_fragment };
        if may_be_cut {
            packet.dont_fragment = false;
            self.hops[hop].because(format!("{length} bytes are more than {device} takes at once ({mtu}): cut into fragments"));
            return Ok(());
        }
        let cause = Cause::Mtu { place: place.to_owned(), interface: device.to_owned(), length, mtu, own };
        Err(self.stop(hop, if own { Verdict::Drop } else { Verdict::Reject }, cause, Seen::MessageTooLong))
    }

    /// A packet leaves by a route. `hop`: where it is told already that it leaves, if it is the node's own.
    pub(super) fn route_out(&mut self, kernel: &Kernel<'a>, route: &Route, mut transit: Transit, hop: Option<usize>) -> Leg<Arrived> {
        let (config, seed) = (self.net.config(), self.net.seed());
        let device = route.device.as_str();
        let hop = hop.unwrap_or_else(|| self.push(Self::node_place(kernel), device, Direction::Out, &transit.packet));
        self.hook(kernel, Hook::Postrouting, &mut transit, device, hop)?;
        let mut packet = transit.packet;
        if device == config.bridge {
            let Some(to) = self.pod_on(kernel, packet.destination) else {
                let cause = self.nobody(kernel, packet.destination, device);
                return Err(self.stop(hop, Verdict::Reject, cause, Seen::NoRouteToHost));
            };
            packet.source_mac = bridge_mac(seed, kernel.machine.number);
            packet.destination_mac = pod_mac(seed, to.pod);
            self.hops[hop].after = packet.clone();
            self.push(Self::node_place(kernel), veth_name(seed, to.pod), Direction::Out, &packet);
            return Ok(self.pod_in(to, packet));
        }
        let next = route.via.unwrap_or(packet.destination);
        if kernel.vtep.as_deref() == Some(device) {
            return self.overlay_out(kernel, next, packet, hop);
        }
        self.underlay(kernel, next, packet, hop)
    }

    /// The VXLAN interface wraps a packet: to which node follows from the neighbour's address on the overlay, as flannel has written it.
    fn overlay_out(&mut self, kernel: &Kernel<'a>, next: Ipv4Addr, mut packet: Packet, hop: usize) -> Leg<Arrived> {
        let (config, seed) = (self.net.config(), self.net.seed());
        let lease = kernel.leases.as_ref().and_then(|leases| leases.iter().find(|lease| lease.subnet.base == next)).cloned();
        let Some(lease) = lease else {
            let cause = self.nobody(kernel, next, &self.hops[hop].interface.clone());
            return Err(self.stop(hop, Verdict::Drop, cause, Seen::NoRouteToHost));
        };
        packet.source_mac = kernel.vtep_mac(seed);
        packet.destination_mac = lease.vtep_mac;
        self.hops[hop].after = packet.clone();
        self.hops[hop].because(format!("neighbour {next} is {}, which the FDB has behind {}", lease.vtep_mac, lease.public_ip));
        let flow = u128::from(u32::from(packet.source)) << 96
            | u128::from(u32::from(packet.destination)) << 64
            | u128::from(packet.source_port) << 48
            | u128::from(packet.destination_port) << 32
            | packet.protocol as u128;
        packet.outer = Some(Box::new(Outer {
            source: kernel.machine.address,
            destination: lease.public_ip,
            source_port: 32_768 + draw(seed, Stream::Packet, flow).below(28_232) as u16,
            destination_port: config.vxlan_port,
            ttl: 64,
            vni: config.vni,
            source_mac: uplink_mac(seed, kernel.machine.number),
            destination_mac: uplink_mac(seed, lease.node),
        }));
        self.track_outer(kernel, &packet);
        let hop = self.push(Self::node_place(kernel), "eth0", Direction::Out, &packet);
        self.hops[hop].because(format!("wrapped: {} + {VXLAN_OVERHEAD} bytes, in UDP to {}", packet.length, lease.public_ip));
        self.underlay(kernel, lease.public_ip, packet, hop)
    }

    /// The wrapping packets are a connection too, which nobody ever answers: answers have ports of their own.
    fn track_outer(&mut self, kernel: &Kernel<'a>, packet: &Packet) {
        if let Some(outer) = &packet.outer {
            let conntrack = self.conntrack.entry(kernel.machine.number).or_default();
            let belongs = conntrack.enter(&outer_of(outer, packet.length));
            conntrack.confirm(belongs);
        }
    }

    /// A packet goes out of `eth0` to the next address on the link.
    fn underlay(&mut self, kernel: &Kernel<'a>, next: Ipv4Addr, mut packet: Packet, hop: usize) -> Leg<Arrived> {
        let (net, config, seed) = (self.net, self.net.config(), self.net.seed());
        let from = kernel.machine.name.to_string();
        if packet.outer.is_none() {
            packet.source_mac = uplink_mac(seed, kernel.machine.number);
        }
        let is_host = next == packet.destination && net.is_host(next);
        if self.outsider == Some(next) || is_host || (next == config.router() && config.default_route) {
            packet.destination_mac = router_mac(seed);
            self.hops[hop].after = packet.clone();
            self.push(Place::Underlay, from, Direction::Through, &packet);
            return self.router(kernel, next, packet);
        }
        let machine = net.world().machine_at(next).and_then(|node| net.world().machine(node));
        let Some(machine) = machine else {
            let cause = self.nobody(kernel, next, "eth0");
            return Err(self.stop(hop, Verdict::Reject, cause, unanswered(&packet)));
        };
        if packet.outer.is_none() {
            packet.destination_mac = uplink_mac(seed, machine.number);
        }
        self.hops[hop].after = packet.clone();
        self.push(Place::Underlay, from, Direction::Through, &packet);
        self.enter(machine.number, packet)
    }

    /// A packet comes over the link to a node. The switch's port to it is told first.
    pub(super) fn enter(&mut self, node: u32, packet: Packet) -> Leg<Arrived> {
        let machine = self.net.world().machine(node).expect("whoever found the node's number found the node");
        let hop = self.push(Place::Underlay, machine.name.to_string(), Direction::Out, &packet);
        if !machine.up {
            // Its neighbours notice within seconds; routers outside may not tell.
            let seen = if self.from_outside { Seen::TimedOut } else { unanswered(&packet) };
            let cause = Cause::NodeDown { node: machine.name };
            return Err(self.stop(hop, Verdict::Drop, cause, seen));
        }
        let kernel = Kernel::of(self.net, machine);
        let hop = self.push(Self::node_place(&kernel), "eth0", Direction::In, &packet);
        if packet.outer.is_none() {
            return self.node_in(&kernel, Transit::new(packet, "eth0"), false, hop);
        }
        self.track_outer(&kernel, &packet);
        let mut inner = packet;
        let outer = inner.outer.take();
        let is_for_it = inner.destination_mac == kernel.vtep_mac(self.net.seed());
        let vtep = kernel.vtep.clone().filter(|_| is_for_it && outer.is_some_and(|outer| outer.vni == self.net.config().vni));
        let Some(vtep) = vtep else {
            let cause = Cause::NoOverlay { node: kernel.machine.name.clone() };
            return Err(self.stop(hop, Verdict::Drop, cause, Seen::TimedOut));
        };
        self.hops[hop].because(format!("unwrapped by {vtep}"));
        let hop = self.push(Self::node_place(&kernel), vtep.clone(), Direction::In, &inner);
        self.node_in(&kernel, Transit::new(inner, &vtep), false, hop)
    }

    /// The router to the world outside takes a packet, or a host of that world on the same link.
    fn router(&mut self, kernel: &Kernel<'a>, next: Ipv4Addr, mut packet: Packet) -> Leg<Arrived> {
        let config = self.net.config();
        let address = packet.destination;
        if self.outsider != Some(next) && next != address {
            packet.ttl = packet.ttl.saturating_sub(1);
        }
        let is_inside = |address: Ipv4Addr| config.cluster_cidr.contains(address) || config.service_cidr.contains(address);
        if is_inside(address) && self.outsider != Some(address) {
            let hop = self.push(Place::Underlay, "router", Direction::In, &packet);
            let cause = kernel.no_way(&packet, config, true);
            return Err(self.stop(hop, Verdict::Drop, cause, Seen::TimedOut));
        }
        if let Some(node) = self.entrance(&packet).filter(|_| self.outsider != Some(address)) {
            return self.enter(node, packet);
        }
        let hop = self.push(Place::Outside, address.to_string(), Direction::In, &packet);
        self.hops[hop].verdict = Verdict::Arrived;
        Ok(Arrived { whom: Whom::Outside(address), packet })
    }

    /// The node to which the world outside brings a packet for an address that no machine has: one of several, by chance.
    pub(super) fn entrance(&self, packet: &Packet) -> Option<u32> {
        let nodes = self.net.entrances(packet.destination, packet.protocol, packet.destination_port);
        let chosen = draw(self.net.seed(), Stream::Packet, self.key ^ 3 << 120).below(nodes.len() as u64);
        nodes.get(chosen as usize).copied()
    }
}
