//! What the network finds in the cluster: nodes as their machines are, pods as their sandboxes are, processes as they listen.

use super::Cluster;
use crate::api::object::{Kind, Object, ObjectId};
use crate::kernel::time::SimTime;
use crate::net::Network;
use crate::net::packet::{Cidr, Protocol};
use crate::net::world::{Listener, Machine, Sandbox, World};
use crate::node::Nodes;
use crate::node::kubelet::pod_worker::PodWorker;
use crate::store::Store;
use std::net::Ipv4Addr;

/// The world as it is.
#[derive(Clone, Copy)]
pub struct Truth<'a> {
    now: SimTime,
    nodes: &'a Nodes,
    store: &'a Store,
    network: &'a Network,
}

impl Cluster {
    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The world as it is now.
    pub fn truth(&self) -> Truth<'_> {
        Truth { now: self.now, nodes: &self.nodes, store: &self.store, network: &self.network }
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
}

impl World for Truth<'_> {
    fn now(&self) -> SimTime {
        self.now
    }

    fn machine(&self, node: u32) -> Option<Machine> {
        let kubelet = self.nodes.kubelet(node)?;
        let object = self.store.get(ObjectId { kind: Kind::Node, number: node }).and_then(Object::as_node);
        let pod_cidr = object.and_then(|node| Cidr::parse(&node.pod_cidr));
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
        let found = self.nodes.listening(self.now, pod, port)?;
        Some(Listener {
            container: found.container,
            attempt: found.attempt,
            latency: found.latency,
            capacity: found.capacity,
            accepts_until: found.accepts_until,
            ends: found.ends,
            is_killed: found.is_killed,
        })
    }
}
