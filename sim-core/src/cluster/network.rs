//! What the network finds in the cluster: nodes as their machines are, pods as their sandboxes are, processes as they listen; and what each
//! node's kernel goes by.

use super::Cluster;
use crate::api::object::{Kind, Object, ObjectId};
use crate::apiserver::own_service::API_SERVER;
use crate::kernel::time::SimTime;
use crate::net::Network;
use crate::net::agents::Agent;
use crate::net::config::NetworkConfig;
use crate::net::interfaces;
use crate::net::netfilter::Affinity;
use crate::net::overlay::{self, Leases};
use crate::net::packet::{Cidr, Protocol};
use crate::net::policy::Policies;
use crate::net::proxy::health;
use crate::net::proxy::ruleset::Ruleset;
use crate::net::proxy::services::Services;
use crate::net::walk::{Fabric, Rules, Written};
use crate::net::world::{Listener, Machine, Sandbox, World};
use crate::node::Nodes;
use crate::node::inside::listening::Listening;
use crate::node::kubelet::pod_worker::PodWorker;
use crate::store::Store;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The world as it is, and what its kernels go by.
#[derive(Clone, Copy)]
pub struct Truth<'a> {
    pub(super) now: SimTime,
    pub(super) nodes: &'a Nodes,
    pub(super) store: &'a Store,
    pub(super) network: &'a Network,
    /// How often something about pods or their machines may have changed.
    pub(super) turns: u64,
}

/// What can be shown of a node's kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// kube-proxy's rules.
    Rules,
    /// Routes.
    Routes,
    /// Interfaces.
    Interfaces,
    /// Neighbours and forwarding entries of the overlay.
    Neighbours,
    /// Policies that are enforced.
    Policies,
}

impl Shown {
    /// All of them, with their words.
    pub const ALL: [(&'static str, Shown); 5] = [
        ("rules", Shown::Rules),
        ("routes", Shown::Routes),
        ("interfaces", Shown::Interfaces),
        ("neighbours", Shown::Neighbours),
        ("policies", Shown::Policies),
    ];
}

impl Cluster {
    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The world as it is now.
    pub fn truth(&self) -> Truth<'_> {
        Truth { now: self.now, nodes: &self.nodes, store: &self.store, network: &self.network, turns: self.turns }
    }

    /// What a node's agents have written into its kernel, as the tools there print it.
    ///
    /// # Errors
    /// If there is no such node, it is off, or the agent hasn't run since its boot.
    pub fn kernel_of(&self, node: &str, shown: Shown) -> Result<String, String> {
        let node = node.strip_prefix("node/").unwrap_or(node);
        let number = self.node_named(node)?.number;
        let truth = self.truth();
        let machine =
            truth.machine(number).filter(|machine| machine.up).ok_or_else(|| format!("node {node} is off: its kernel has nothing"))?;
        let config = self.network.config();
        let leases = self.network.leases(number, self.now);
        let lines = |lines: Vec<String>| lines.into_iter().map(|line| line + "\n").collect::<String>();
        Ok(match shown {
            Shown::Rules => {
                let rules =
                    truth.ruleset(number).ok_or_else(|| format!("kube-proxy hasn't run on {node} since its boot: there are no rules"))?;
                rules.saved()
            }
            Shown::Routes => lines(overlay::routes(&machine, leases, config).iter().map(ToString::to_string).collect()),
            Shown::Interfaces => {
                let pods = truth.sandboxes_on(number);
                let found = interfaces::of_node(&machine, &pods, leases, config, self.seed);
                lines(found.iter().map(ToString::to_string).collect())
            }
            Shown::Neighbours => {
                let mut all: Vec<String> = overlay::neighbours(&machine, leases, config).iter().map(ToString::to_string).collect();
                all.extend(overlay::forwarding(&machine, leases, config).iter().map(ToString::to_string));
                if all.is_empty() { "no entries: only flannel with VXLAN writes some\n".to_owned() } else { lines(all) }
            }
            Shown::Policies => match self.network.policies(number, self.now) {
                None if config.policies => "none\n".to_owned(),
                None => "none, and there is no agent that would enforce any\n".to_owned(),
                Some(policies) => {
                    let names: Vec<String> = policies.iter().map(|policy| policy.full_name()).collect();
                    if names.is_empty() { "none\n".to_owned() } else { lines(names) }
                }
            },
        })
    }
}

impl Truth<'_> {
    fn sandbox(&self, number: u32, worker: &PodWorker) -> Option<Sandbox> {
        let meta = &worker.pod.meta;
        worker.sandbox.then_some(())?;
        Some(Sandbox {
            pod: number,
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            labels: meta.labels.clone(),
            node: worker.node,
            address: worker.address?,
            host_network: worker.pod.spec.host_network,
        })
    }

    /// The rules that a node's proxy has written.
    pub fn ruleset(&self, node: u32) -> Option<Ruleset> {
        let services = self.network.services(node, self.now)?;
        Some(Ruleset::of(services, &self.machine(node)?, &self.network.facts(node), self.network.config()))
    }
}

impl From<Listening> for Listener {
    fn from(found: Listening) -> Self {
        Listener {
            container: found.container,
            attempt: found.attempt,
            latency: found.latency,
            capacity: found.capacity,
            accepts_from: found.accepts_from,
            accepts_until: found.accepts_until,
            ends: found.ends,
            is_killed: found.is_killed,
        }
    }
}

impl World for Truth<'_> {
    fn now(&self) -> SimTime {
        self.now
    }

    fn machine(&self, node: u32) -> Option<Machine> {
        let kubelet = self.nodes.kubelet(node)?;
        let pod_cidr = Some(Cidr::new(kubelet.addresses.base(), 24));
        Some(Machine { number: node, name: kubelet.name.clone(), address: kubelet.address, pod_cidr, up: kubelet.up })
    }

    fn machines(&self) -> Vec<Machine> {
        self.nodes.numbers().filter_map(|node| self.machine(node)).collect()
    }

    fn machine_at(&self, address: Ipv4Addr) -> Option<u32> {
        self.network.host(address)
    }

    fn sandbox_at(&self, address: Ipv4Addr) -> Option<Sandbox> {
        let (number, worker) = self.nodes.holder(address)?;
        self.sandbox(number, worker)
    }

    fn sandbox_of(&self, pod: u32) -> Option<Sandbox> {
        self.sandbox(pod, self.nodes.pod(pod)?)
    }

    fn sandboxes_on(&self, node: u32) -> Vec<Sandbox> {
        self.nodes.workers(node).filter_map(|(number, worker)| self.sandbox(number, worker)).collect()
    }

    fn listener(&self, pod: u32, _protocol: Protocol, port: u16) -> Option<Listener> {
        self.nodes.listening(self.now, pod, port).map(Listener::from)
    }
}

impl Fabric for Truth<'_> {
    fn world(&self) -> &dyn World {
        self
    }

    fn config(&self) -> &NetworkConfig {
        self.network.config()
    }

    fn seed(&self) -> u64 {
        self.network.seed()
    }

    fn leases(&self, node: u32) -> Option<Leases> {
        self.network.leases(node, self.now).cloned()
    }

    fn rules(&self, node: u32) -> Option<Arc<dyn Rules + '_>> {
        let rules = Arc::new(self.ruleset(node)?);
        Some(Arc::new(Written { rules, affinity: Affinity::default(), now: self.now, seed: self.network.seed() }))
    }

    fn policies(&self, node: u32) -> Option<Policies> {
        self.network.policies(node, self.now).cloned()
    }

    fn port_named(&self, pod: u32, protocol: Protocol, name: &str) -> Option<u16> {
        let worker = self.nodes.pod(pod)?;
        let mut ports = worker.pod.spec.containers.iter().flat_map(|container| &container.ports);
        let found = ports.find(|port| port.name == *name && port.protocol == *protocol.in_api())?;
        u16::try_from(found.port).ok()
    }

    fn is_ready(&self, pod: u32) -> bool {
        let object = self.store.get(ObjectId { kind: Kind::Pod, number: pod });
        object.and_then(Object::as_pod).is_some_and(|pod| pod.is_ready())
    }

    fn node_listens(&self, node: u32, protocol: Protocol, port: u16) -> bool {
        let Some(kubelet) = self.nodes.kubelet(node).filter(|kubelet| kubelet.up && protocol == Protocol::Tcp) else { return false };
        match port {
            KUBELET => kubelet.attended,
            PROXY_HEALTH => self.network.agents().runs(node, Agent::Proxy),
            SSH => true,
            _ => {
                let checked = |services: &Services| services.find_health_check(port).is_some();
                self.network.agents().runs(node, Agent::Proxy) && self.network.services(node, self.now).is_some_and(checked)
            }
        }
    }

    fn is_host(&self, address: Ipv4Addr) -> bool {
        address == API_SERVER.0
    }

    fn outside_answers(&self, address: Ipv4Addr, _protocol: Protocol, port: u16) -> bool {
        address != API_SERVER.0 || port == API_SERVER.1
    }

    fn entrances(&self, address: Ipv4Addr, protocol: Protocol, port: u16) -> Vec<u32> {
        // Whoever routes outside has heard of balancers' and external addresses; cluster IPs mean something only on nodes.
        let found = self.network.newest_services().find(address, protocol, port).filter(|service| service.cluster_ip != address);
        let Some(service) = found else { return Vec::new() };
        // The nodes that the cloud was told of and whose health checks pass: those of kube-proxy, or with the external policy Local, of the
        // Service itself. A check is a matter of seconds, which are left out.
        let serves = |machine: &Machine| {
            let object = self.store.get(ObjectId { kind: Kind::Node, number: machine.number }).and_then(Object::as_node);
            let included = object.is_some_and(|node| node.is_behind_load_balancers());
            let runs = self.network.agents().runs(machine.number, Agent::Proxy);
            let has_endpoints = || {
                let services = self.network.services(machine.number, self.now);
                let count = |services| {
                    health::local_endpoints(services, &service.name.namespace, &service.name.service, &self.network.facts(machine.number))
                };
                services.is_some_and(|services| count(services) > 0)
            };
            machine.up && included && runs && (!service.external_local || has_endpoints())
        };
        self.machines().iter().filter(|machine| serves(machine)).map(|machine| machine.number).collect()
    }
}

/// The kubelet's port.
const KUBELET: u16 = 10_250;
/// Where kube-proxy tells whether it is well (`--healthz-bind-address`).
const PROXY_HEALTH: u16 = 10_256;
/// A node has a shell.
const SSH: u16 = 22;
