//! The model's nodes and pods as network namespaces: interfaces, addresses and routes are those that the model says are there.
//!
//! ```text
//! outside ── router ── switch ──┬── node1: eth0, cni0, flannel.1 ── pod-1-1 … pod-1-3
//!                               └── node2: eth0, cni0, flannel.1 ── pod-2-1 … pod-2-3
//! ```

use crate::Outcome;
use crate::links::{Links, Peer};
use crate::model::{Model, NODES, OUTSIDE, PODS, SEED, machine, pod, sandbox};
use crate::place::Place;
use sim_core::net::config::NetworkConfig;
use sim_core::net::interfaces::{self, Interface};
use sim_core::net::overlay::{forwarding, neighbours, routes, vtep_name};
use sim_core::net::packet::{Cidr, Mac};
use sim_core::net::walk::Fabric;
use sim_core::net::world::World;
use std::net::Ipv4Addr;

/// The two nodes and what belongs to them.
#[derive(Debug)]
pub struct Topology {
    /// The link between the nodes.
    pub switch: Place,
    /// The router to the world outside.
    pub router: Place,
    /// A host of the world outside.
    pub outside: Place,
    nodes: Vec<(u32, Place)>,
    pods: Vec<(u32, Place)>,
}

impl Topology {
    /// Builds them.
    ///
    /// # Errors
    /// What the kernel doesn't do.
    pub fn new(model: &Model) -> Outcome<Topology> {
        let config = model.config();
        let (switch, router, outside) = (Place::new("switch")?, Place::new("router")?, Place::new("outside")?);
        Links::of(&switch, |links| links.bridge("sw0", Mac([2, 0, 0, 0, 0, 1]), config.underlay_mtu))?;
        let mut topology = Topology { switch, router, outside, nodes: Vec::new(), pods: Vec::new() };
        topology.beyond(config)?;
        for node in 1..=NODES {
            let place = Place::new(&*machine(node).name)?;
            topology.node(model, node, &place)?;
            topology.nodes.push((node, place));
        }
        Ok(topology)
    }

    /// All nodes, with their numbers.
    pub fn nodes(&self) -> impl Iterator<Item = (u32, &Place)> {
        self.nodes.iter().map(|(number, place)| (*number, place))
    }

    /// All pods, with their numbers.
    pub fn pods(&self) -> impl Iterator<Item = (u32, &Place)> {
        self.pods.iter().map(|(number, place)| (*number, place))
    }

    /// Everything that packets are followed through; of the router, the model tells only what goes over its links.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        [&self.outside, &self.switch].into_iter().chain(self.nodes.iter().chain(&self.pods).map(|(_, place)| place))
    }

    /// Lets each node send something to each of its pods. A bridge that translates a packet's destination and doesn't know yet who has the new
    /// one sends the first packet by its own interface, which tcpdump shows; from then on it goes straight to the port, for as long as it is
    /// sure of the neighbour.
    ///
    /// # Errors
    /// `ping` can't be run, or nobody answers.
    pub fn acquaint(&self, bridge: &str) -> Outcome {
        for (number, node) in self.nodes() {
            // The kernel offers it to the machine's own root only. For others, the half minute that it takes by default has to do.
            node.sysctl(&format!("net.ipv4.neigh.{bridge}.base_reachable_time_ms"), "600000").ok();
            let pods: Vec<_> = (1..=PODS).map(|pod| sandbox(number, pod).address.to_string()).collect();
            for address in pods {
                node.run("ping", &["-n", "-c", "1", "-W", "1", &address], "")?;
            }
        }
        Ok(())
    }

    /// The router, and the host behind it.
    fn beyond(&self, config: &NetworkConfig) -> Outcome {
        let (mtu, gateway) = (config.underlay_mtu, Ipv4Addr::from(u32::from(OUTSIDE) ^ 1));
        self.plug(&self.router, "router", mtu, interfaces::router_mac(SEED))?;
        quiet(&self.outside)?;
        Links::of(&self.router, |links| {
            links.address("eth0", config.router(), config.underlay.bits)?;
            links.veth("eth1", mtu, None, &Peer { place: &self.outside, name: "eth0", mac: Mac([2, 0, 0, 0, 0, 7]) })?;
            links.address("eth1", gateway, 24)
        })?;
        self.router.sysctl("net.ipv4.ip_forward", "1")?;
        Links::of(&self.outside, |links| {
            links.address("eth0", OUTSIDE, 24)?;
            links.route(Cidr { base: Ipv4Addr::UNSPECIFIED, bits: 0 }, gateway, "eth0", false)
        })
    }

    /// Connects a machine with the switch, by its `eth0`.
    fn plug(&self, place: &Place, port: &str, mtu: u16, mac: Mac) -> Outcome {
        quiet(place)?;
        Links::of(&self.switch, |links| {
            links.veth(port, mtu, None, &Peer { place, name: "eth0", mac })?;
            links.port(port, "sw0", false)
        })
    }

    fn node(&mut self, model: &Model, number: u32, place: &Place) -> Outcome {
        let (config, machine, sandboxes) = (model.config(), machine(number), model.sandboxes_on(number));
        let leases = model.leases(number);
        let all = interfaces::of_node(&machine, &sandboxes, leases.as_ref(), config, SEED);
        for interface in &all {
            self.interface(model, number, place, interface)?;
        }
        place.sysctl("net.ipv4.ip_forward", "1")?;
        // kube-proxy sets this for node ports on loopback.
        place.sysctl("net.ipv4.conf.all.route_localnet", "1")?;
        for which in ["all", "default"] {
            place.sysctl(&format!("net.ipv4.conf.{which}.rp_filter"), "0")?;
        }
        // Only now: in a new namespace the setting is there from its first bridge on.
        place.sysctl("net.bridge.bridge-nf-call-iptables", if config.bridge_netfilter { "1" } else { "0" })?;
        Links::of(place, |links| {
            for entry in neighbours(&machine, leases.as_ref(), config) {
                links.neighbour(&entry.device, entry.address, entry.mac)?;
            }
            for entry in forwarding(&machine, leases.as_ref(), config) {
                links.behind(&entry.device, entry.mac, entry.destination)?;
            }
            for route in routes(&machine, leases.as_ref(), config) {
                // The others are there since the interfaces have addresses.
                if let Some(via) = route.via {
                    links.route(route.destination, via, &route.device, route.onlink)?;
                }
            }
            Ok(())
        })
    }

    fn interface(&mut self, model: &Model, node: u32, place: &Place, interface: &Interface) -> Outcome {
        let (config, name, mtu) = (model.config(), &*interface.name, interface.mtu);
        let Some(mac) = interface.mac else { return Ok(()) };
        if name == "eth0" {
            self.plug(place, &place.name, mtu, mac)?;
        } else if interface.master.is_some() {
            let number = (1..=PODS).find(|number| interfaces::veth_name(SEED, pod(node, *number)) == name).ok_or("a port of no pod")?;
            return self.pod(model, (node, number), place, interface);
        } else if name == config.bridge {
            Links::of(place, |links| links.bridge(name, mac, mtu))?;
        } else if name == vtep_name(config.vni) {
            Links::of(place, |links| links.vxlan(name, mac, mtu, ("eth0", machine(node).address), config.vni, config.vxlan_port))?;
        } else {
            return Err(format!("an interface of a kind that isn't known here: {name}").into());
        }
        let (address, bits) = interface.address.ok_or("an interface without an address")?;
        Links::of(place, |links| links.address(name, address, bits))
    }

    fn pod(&mut self, model: &Model, (node, number): (u32, u32), on: &Place, port: &Interface) -> Outcome {
        let (config, sandbox) = (model.config(), sandbox(node, number));
        let place = Place::new(&*sandbox.name)?;
        quiet(&place)?;
        for inside in interfaces::of_pod(&sandbox, &machine(node), &model.sandboxes_on(node), config, SEED) {
            let (Some(mac), Some((address, bits))) = (inside.mac, inside.address) else { continue };
            Links::of(on, |links| {
                links.veth(&port.name, port.mtu, port.mac, &Peer { place: &place, name: &inside.name, mac })?;
                links.port(&port.name, config.bridge, config.hairpin)
            })?;
            Links::of(&place, |links| {
                links.address(&inside.name, address, bits)?;
                let gateway = machine(node).bridge().ok_or("a node without addresses for pods")?;
                links.route(Cidr { base: Ipv4Addr::UNSPECIFIED, bits: 0 }, gateway, &inside.name, false)
            })?;
        }
        self.pods.push((sandbox.pod, place));
        Ok(())
    }
}

/// Puts `lo` up, and leaves IPv6 out: its own chatter would be in every capture.
fn quiet(place: &Place) -> Outcome {
    Links::of(place, |links| links.up("lo"))?;
    for which in ["all", "default"] {
        // A kernel without IPv6 is as quiet.
        place.sysctl(&format!("net.ipv6.conf.{which}.disable_ipv6"), "1").ok();
    }
    Ok(())
}
