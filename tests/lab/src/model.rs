//! The model's side: two nodes and their pods for the packet walk to go through, with Services that went through the model's API server.
//!
//! The kernel's side is built from the same ([`crate::topology`]): interfaces, addresses, routes and rules are what the model says they are.

use crate::Outcome;
use sim_core::api::meta::{Str, StrMap};
use sim_core::api::object::Kind;
use sim_core::client::view::View;
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::kubectl::{self, Invocation};
use sim_core::net::config::{Backend, NetworkConfig};
use sim_core::net::netfilter::{Affinity, Context, Hook, State};
use sim_core::net::overlay::{Lease, Leases, backend_name, firewall, vtep_mac};
use sim_core::net::packet::{Cidr, Packet, Protocol};
use sim_core::net::policy::Policies;
use sim_core::net::proxy::ruleset::Ruleset;
use sim_core::net::proxy::services::Services;
use sim_core::net::proxy::topology::NodeFacts;
use sim_core::net::walk::{End, Fabric, Rules, Target, Walk, Written, walk};
use sim_core::net::world::{Listener, Machine, Sandbox, World};
use sim_core::{Cluster, Config};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// How many nodes there are: `node1`, `node2`.
pub const NODES: u32 = 2;
/// How many pods are on each: `pod-1-1` to `pod-2-3`.
pub const PODS: u32 = 3;
/// The port that every pod listens on.
pub const PORT: u16 = 8080;
/// A host of the world outside.
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);
/// What addresses on links and names of interfaces are drawn from.
pub const SEED: u64 = 1;

/// A pod's number.
pub const fn pod(node: u32, pod: u32) -> u32 {
    node * 10 + pod
}

/// A pod's address: its node's bridge has the first.
pub const fn pod_address(node: u32, pod: u32) -> Ipv4Addr {
    Ipv4Addr::new(10, 244, node as u8, pod as u8 + 1)
}

/// A node's address on the underlay.
pub const fn node_address(node: u32) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 50, 10 + node as u8)
}

/// How the nodes' network is set up, but for what a case makes different.
pub fn config() -> NetworkConfig {
    NetworkConfig { underlay: Cidr { base: Ipv4Addr::new(192, 168, 50, 0), bits: 24 }, policies: false, ..NetworkConfig::default() }
}

/// The nodes, their pods, and what is known of Services.
pub struct Model {
    config: NetworkConfig,
    leases: Leases,
    rules: Vec<Arc<Ruleset>>,
}

impl Model {
    /// Of a cluster in which somebody applied these manifests.
    ///
    /// # Errors
    /// The API server refuses them.
    pub fn new(config: &NetworkConfig, manifests: &str) -> Outcome<Model> {
        let services = services(manifests)?;
        let mut leases = Leases::new(SEED);
        for machine in (1..=NODES).map(machine) {
            leases.set(machine.number, lease(&machine, config.backend));
        }
        let rules = (1..=NODES).map(|node| Arc::new(Ruleset::of(&services, &machine(node), &node_facts(node), config)));
        Ok(Model { rules: rules.collect(), leases, config: config.clone() })
    }

    /// The way of a packet.
    pub fn walk(&self, from: End, target: &Target) -> Walk {
        walk(self, from, target)
    }

    /// The rules of a node.
    pub fn rules_of(&self, node: u32) -> &Ruleset {
        &self.rules[node as usize - 1]
    }

    /// Where the first packet of a connection may go that comes to a node, or is sent by it, with the chance of each.
    pub fn chances(&self, node: u32, hook: Hook, packet: &Packet) -> BTreeMap<Ipv4Addr, f64> {
        let mut found = BTreeMap::new();
        // Every sequence of choices is tried: each is a way, and where it is left the others are open.
        let mut open: Vec<Vec<u32>> = vec![Vec::new()];
        while let Some(mut choices) = open.pop() {
            let (mut at, mut chance) = (0, 1.0);
            let mut choose = |many: u32| {
                if at == choices.len() {
                    open.extend((1..many).map(|other| choices.iter().copied().chain([other]).collect::<Vec<_>>()));
                    choices.push(0);
                }
                at += 1;
                chance /= f64::from(many);
                choices[at - 1]
            };
            let (mut packet, mut affinity) = (packet.clone(), Affinity::default());
            let (state, now) = (State::New, SimTime::ZERO);
            let mut context = Context { local: &[], state, redirected: false, now, choose: &mut choose, affinity: &mut affinity };
            self.rules_of(node).evaluate(hook, &mut packet, &mut context);
            *found.entry(packet.destination).or_insert(0.0) += chance;
        }
        found
    }

    /// The rules that flanneld writes on a node, for `iptables-restore`.
    pub fn firewall_of(&self, node: u32) -> String {
        firewall::tables(&machine(node), &self.config).written()
    }

    /// The UDP port of VXLAN.
    pub fn vxlan_port(&self) -> u16 {
        self.config.vxlan_port
    }
}

/// What kube-proxy knows of Services when these manifests were applied.
///
/// # Errors
/// The API server refuses them.
pub fn services(manifests: &str) -> Outcome<Services> {
    let mut cluster = Cluster::new(Config { nodes: Vec::new(), ..Config::default() });
    let args = kubectl::split("kubectl apply -f m.yaml").map_err(|error| format!("{error:?}"))?;
    let files = [("m.yaml".to_owned(), manifests.to_owned())].into_iter().collect();
    if !manifests.is_empty() {
        match cluster.kubectl(&Invocation { args, files }) {
            kubectl::Outcome::Done(output) if output.code == 0 => {}
            kubectl::Outcome::Done(output) | kubectl::Outcome::Waiting(output, _) => return Err(output.stderr.into()),
        }
    }
    let mut view = View::default();
    view.relist_kinds(cluster.store(), |kind| matches!(kind, Kind::Service | Kind::EndpointSlice));
    Ok(Services::of(&view))
}

/// A node.
pub fn machine(number: u32) -> Machine {
    let pod_cidr = Some(Cidr { base: Ipv4Addr::new(10, 244, number as u8, 0), bits: 24 });
    Machine { number, name: Str::from(format!("node{number}")), address: node_address(number), pod_cidr, up: true }
}

/// What a node's proxy knows of its node.
pub fn node_facts(number: u32) -> NodeFacts {
    NodeFacts { name: machine(number).name, zone: Str::EMPTY }
}

/// A pod's sandbox.
pub fn sandbox(node: u32, number: u32) -> Sandbox {
    Sandbox {
        pod: pod(node, number),
        namespace: "default".into(),
        name: Str::from(format!("pod-{node}-{number}")),
        labels: StrMap::default(),
        node,
        address: pod_address(node, number),
        host_network: false,
    }
}

fn lease(machine: &Machine, backend: Backend) -> Option<Lease> {
    Some(Lease {
        node: machine.number,
        name: machine.name.clone(),
        subnet: machine.pod_cidr?,
        public_ip: machine.address,
        backend: backend_name(backend).into(),
        vtep_mac: vtep_mac(SEED, machine.number),
    })
}

impl World for Model {
    fn now(&self) -> SimTime {
        SimTime::ZERO
    }

    fn machine(&self, node: u32) -> Option<Machine> {
        (1..=NODES).contains(&node).then(|| machine(node))
    }

    fn machines(&self) -> Vec<Machine> {
        (1..=NODES).map(machine).collect()
    }

    fn machine_at(&self, address: Ipv4Addr) -> Option<u32> {
        (1..=NODES).find(|node| node_address(*node) == address)
    }

    fn sandbox_at(&self, address: Ipv4Addr) -> Option<Sandbox> {
        (1..=NODES).flat_map(|node| self.sandboxes_on(node)).find(|sandbox| sandbox.address == address)
    }

    fn sandbox_of(&self, pod: u32) -> Option<Sandbox> {
        (1..=NODES).flat_map(|node| self.sandboxes_on(node)).find(|sandbox| sandbox.pod == pod)
    }

    fn sandboxes_on(&self, node: u32) -> Vec<Sandbox> {
        (1..=PODS).map(|pod| sandbox(node, pod)).collect()
    }

    fn listener(&self, _pod: u32, _protocol: Protocol, port: u16) -> Option<Listener> {
        let never = SimTime::ZERO + SimDuration::from_secs(1_000_000);
        let latency = SimDuration::ZERO;
        let listener = Listener {
            container: 0,
            attempt: 0,
            latency,
            capacity: 0,
            accepts_from: SimTime::ZERO,
            accepts_until: never,
            ends: never,
            is_killed: false,
        };
        (port == PORT).then_some(listener)
    }
}

impl Fabric for Model {
    fn world(&self) -> &dyn World {
        self
    }

    fn config(&self) -> &NetworkConfig {
        &self.config
    }

    fn seed(&self) -> u64 {
        SEED
    }

    fn leases(&self, _node: u32) -> Option<Leases> {
        (self.config.backend != Backend::None).then(|| self.leases.clone())
    }

    fn rules(&self, node: u32) -> Option<Arc<dyn Rules + '_>> {
        let rules = self.rules.get(node as usize - 1)?.clone();
        Some(Arc::new(Written { rules, affinity: Affinity::default(), now: self.now(), seed: SEED }))
    }

    fn policies(&self, _node: u32) -> Option<Policies> {
        None
    }
}
