//! Who is there: nodes, pods with their sandboxes, processes that listen. This is the truth of the machines, not what the API says of them:
//! a pod that is gone from the API may still answer, and one that the API calls ready may not.

use crate::api::meta::{Str, StrMap};
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::packet::{Cidr, Protocol};
use std::net::Ipv4Addr;

/// A node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// Its number, as object and in all tables.
    pub number: u32,
    /// Its name.
    pub name: Str,
    /// Its address on the underlay (`InternalIP`).
    pub address: Ipv4Addr,
    /// The addresses of its pods; `None` until somebody allocated them.
    pub pod_cidr: Option<Cidr>,
    /// Whether it is on.
    pub up: bool,
}

impl Machine {
    /// The address of its bridge `cni0`: the first of its pods' addresses.
    pub fn bridge(&self) -> Option<Ipv4Addr> {
        self.pod_cidr.map(|cidr| Ipv4Addr::from(u32::from(cidr.base) + 1))
    }

    /// The address of its `flannel.1`: the one before.
    pub fn vtep(&self) -> Option<Ipv4Addr> {
        self.pod_cidr.map(|cidr| cidr.base)
    }
}

/// A pod's sandbox: what holds its network, as long as it is there.
#[derive(Clone, PartialEq, Debug)]
pub struct Sandbox {
    /// The pod's number.
    pub pod: u32,
    /// The pod's namespace.
    pub namespace: Str,
    /// The pod's name.
    pub name: Str,
    /// The pod's labels, as its kubelet knows them.
    pub labels: StrMap,
    /// The node's number.
    pub node: u32,
    /// The pod's address; the node's, if it shares that one's network.
    pub address: Ipv4Addr,
    /// Whether it uses the node's own network.
    pub host_network: bool,
}

/// A process that listens on a port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listener {
    /// Which container of the pod.
    pub container: u8,
    /// Which run of that container: another process answers nothing that this one was asked.
    pub attempt: u32,
    /// How long it takes for an answer.
    pub latency: SimDuration,
    /// How many requests it works on at a time; 0: any number.
    pub capacity: u64,
    /// Since when it takes connections; of one that is only starting, from when on.
    pub accepts_from: SimTime,
    /// Until when it takes connections, as far as is known: TERM, or its end.
    pub accepts_until: SimTime,
    /// When its process is over, as far as is known: what it hasn't answered by then, it never will.
    pub ends: SimTime,
    /// Whether it ends by KILL then.
    pub is_killed: bool,
}

/// What is asked about machines and pods. Answers are for the present moment.
pub trait World {
    /// The present moment.
    fn now(&self) -> SimTime;
    /// The node of this number.
    fn machine(&self, node: u32) -> Option<Machine>;
    /// All nodes, in order of their numbers.
    fn machines(&self) -> Vec<Machine>;
    /// The number of the node that has this address on the underlay.
    fn machine_at(&self, address: Ipv4Addr) -> Option<u32>;
    /// The sandbox that holds an address of the pod network.
    fn sandbox_at(&self, address: Ipv4Addr) -> Option<Sandbox>;
    /// The sandbox of a pod.
    fn sandbox_of(&self, pod: u32) -> Option<Sandbox>;
    /// The pods on a node that have a sandbox, in order of their numbers.
    fn sandboxes_on(&self, node: u32) -> Vec<Sandbox>;
    /// Who listens on a port in the network of this pod's sandbox.
    fn listener(&self, pod: u32, protocol: Protocol, port: u16) -> Option<Listener>;
}
