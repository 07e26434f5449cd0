//! The walk: a packet's way from its sender to who answers it, and the answer's way back, hop by hop, each hop with the rule or route that
//! moved it.
//!
//! Nothing is sent: the way is worked out from what is physically there ([`crate::net::world`]) and from what each node's kernel goes by, as
//! [`Fabric`] tells. It follows the order in which a Linux kernel does things (`net/ipv4`, `net/bridge/br_netfilter_hooks.c`,
//! `net/netfilter/nf_nat_core.c`): bridge or route, look up the connection, translate, filter, translate back. A list of hops is what
//! `tcpdump -i any` would show on all interfaces at once, with the reasons added.

mod cause;
mod graph;
mod hop;
mod journey;
mod kernel;
mod node;
mod story;
mod written;

pub use crate::net::netfilter::{Hook, Passed};
pub use cause::{Cause, Seen};
pub use graph::{Edge, Station, dot, graph};
pub use hop::{Direction, Hop, Place, Verdict};
pub use story::{headers, story, tree};
pub use written::Written;

use crate::api::meta::Str;
use crate::net::config::NetworkConfig;
use crate::net::conntrack::Tracked;
use crate::net::overlay::Leases;
use crate::net::packet::{Packet, Protocol};
use crate::net::policy::Policies;
use crate::net::world::World;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What rules see of a packet besides its headers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct At<'a> {
    /// Where.
    pub hook: Hook,
    /// The interface that it came in by; empty if it is the node's own.
    pub input: &'a str,
    /// The interface that it goes out by; empty if that isn't known yet, or it is for the node itself.
    pub output: &'a str,
    /// Whether it is the first of its connection (`ctstate NEW`): only these are translated by rules, and all others as their first was.
    pub new: bool,
    /// Whether its connection's destination was translated.
    pub redirected: bool,
    /// The address that the interface going out sends from: what `MASQUERADE` would put in. The node's own, where that isn't known.
    pub masquerade: Ipv4Addr,
    /// The node's own addresses (`addrtype LOCAL`).
    pub local: &'a [Ipv4Addr],
    /// What a choice among backends is drawn by: the same for all packets of a connection.
    pub key: u128,
}

/// What the rules of a hook did to a packet, apart from what they changed in it.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Ruling {
    /// The rules that it met, in order.
    pub passed: Vec<Passed>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why it was stopped, if the rules know better than that a rule stopped it.
    pub cause: Option<Cause>,
}

/// The rules that somebody wrote into a node's kernel, by which its packets go: kube-proxy's.
pub trait Rules {
    /// Takes a packet through the rules of a hook: `nat` (for the first packet of a connection) and `filter`. Rules translate by changing
    /// the packet: its destination at [`Hook::Prerouting`] and [`Hook::Output`], its source at [`Hook::Postrouting`]; marks stay in it
    /// from hook to hook.
    fn evaluate(&self, at: &At<'_>, packet: &mut Packet) -> Ruling;

    /// The addresses that the node holds for Services (`kube-ipvs0`): their packets go to [`Hook::Input`] and are translated there.
    fn bound(&self) -> &[Ipv4Addr] {
        &[]
    }
}

/// What a walk asks for: who is there, how the network is set up, and what each node's kernel goes by at this moment.
pub trait Fabric {
    /// Who is there.
    fn world(&self) -> &dyn World;
    /// How the network is set up.
    fn config(&self) -> &NetworkConfig;
    /// The run's seed.
    fn seed(&self) -> u64;
    /// What a node's flanneld has written; `None` if it hasn't run since the node's boot.
    fn leases(&self, node: u32) -> Option<Leases>;
    /// What a node's kube-proxy has written; `None` if it hasn't run since the node's boot.
    fn rules(&self, node: u32) -> Option<Arc<dyn Rules + '_>>;
    /// The policies that a node's agent enforces; `None` if there is no agent.
    fn policies(&self, node: u32) -> Option<Policies>;
    /// The number of a port that a pod's containers name.
    fn port_named(&self, _pod: u32, _protocol: Protocol, _name: &str) -> Option<u16> {
        None
    }
    /// Whether a pod is ready, as the API has it.
    fn is_ready(&self, _pod: u32) -> bool {
        true
    }
    /// Whether something on the node itself, which is no pod, listens: its kubelet, kube-proxy's health checks.
    fn node_listens(&self, _node: u32, _protocol: Protocol, _port: u16) -> bool {
        false
    }
    /// The nodes to which the world outside brings packets for an address that no machine has: a load balancer's, an external IP.
    fn entrances(&self, _address: Ipv4Addr, _protocol: Protocol, _port: u16) -> Vec<u32> {
        Vec::new()
    }
    /// Whether a host that is no node has this address on the nodes' link: a machine of the control plane.
    fn is_host(&self, _address: Ipv4Addr) -> bool {
        false
    }
    /// Whether a host of the world outside answers.
    fn outside_answers(&self, _address: Ipv4Addr, _protocol: Protocol, _port: u16) -> bool {
        true
    }
}

/// Who sends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum End {
    /// A process in a pod, by the pod's number.
    Pod(u32),
    /// A process on a node itself, by the node's number.
    Node(u32),
    /// A host of the world outside.
    Outside(Ipv4Addr),
}

/// What is sent, and to whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    /// To which address.
    pub address: Ipv4Addr,
    /// To which port; 0 for a ping.
    pub port: u16,
    /// By what protocol.
    pub protocol: Protocol,
    /// How many bytes it carries, beyond its headers; of TCP, the first packet of a connection carries none.
    pub payload: u16,
    /// Whether routers may not cut it up.
    pub dont_fragment: bool,
    /// Which of several attempts: each has ports of its own, and may get to another backend.
    pub attempt: u64,
}

impl Target {
    /// A connection.
    pub const fn tcp(address: Ipv4Addr, port: u16) -> Self {
        Target { address, port, protocol: Protocol::Tcp, payload: 0, dont_fragment: true, attempt: 0 }
    }

    /// A datagram of 32 bytes, as a question to a name server has.
    pub const fn udp(address: Ipv4Addr, port: u16) -> Self {
        Target { address, port, protocol: Protocol::Udp, payload: 32, dont_fragment: false, attempt: 0 }
    }

    /// `ping -M do -s`: with 56 bytes, 84 with their headers.
    pub const fn ping(address: Ipv4Addr, payload: u16) -> Self {
        Target { address, port: 0, protocol: Protocol::Icmp, payload, dont_fragment: true, attempt: 0 }
    }

    /// A target by its port's protocol.
    pub const fn of(protocol: Protocol, address: Ipv4Addr, port: u16) -> Self {
        match protocol {
            Protocol::Icmp => Target::ping(address, 56),
            Protocol::Udp => Target::udp(address, port),
            Protocol::Tcp | Protocol::Sctp => Target { protocol, ..Target::tcp(address, port) },
        }
    }
}

/// How a walk ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// There was an answer.
    Answered,
    /// There was none, or a refusal.
    Failed {
        /// Why.
        cause: Cause,
        /// What the sender sees of that.
        seen: Seen,
        /// Whether it was the answer that failed.
        in_answer: bool,
    },
}

/// A packet's way and its answer's.
#[derive(Clone, PartialEq, Debug)]
pub struct Walk {
    /// Who sends.
    pub from: Place,
    /// What is sent, and to whom.
    pub target: Target,
    /// The way there.
    pub hops: Vec<Hop>,
    /// How it ended.
    pub outcome: Outcome,
    /// The way back; empty if nothing is sent back, and without what routers say by ICMP.
    pub answer: Vec<Hop>,
    /// Who got it in the end.
    pub reached: Option<Place>,
    /// The connections that nodes remember of it (`conntrack -L`).
    pub tracked: Vec<(Str, Tracked)>,
}

impl Walk {
    /// What the sender sees.
    pub fn seen(&self) -> Seen {
        match &self.outcome {
            Outcome::Answered => Seen::Answer,
            Outcome::Failed { seen, .. } => *seen,
        }
    }

    /// Why it failed, if it did.
    pub fn cause(&self) -> Option<&Cause> {
        match &self.outcome {
            Outcome::Answered => None,
            Outcome::Failed { cause, .. } => Some(cause),
        }
    }

    /// A walk that came to nothing because a name stands for no address, or because no name server answered (`silent`).
    pub fn unresolved(net: &dyn Fabric, from: End, name: &str, silent: bool, target: Target) -> Walk {
        let cause = Cause::Unresolved { name: name.to_owned(), silent };
        let seen = if silent { Seen::NoNameServer } else { Seen::NameNotKnown };
        let outcome = Outcome::Failed { cause, seen, in_answer: false };
        let from = journey::place_of(net, from);
        Walk { from, target, hops: Vec::new(), outcome, answer: Vec::new(), reached: None, tracked: Vec::new() }
    }
}

/// Walks a packet from `from` to `target`, and its answer back.
pub fn walk(net: &dyn Fabric, from: End, target: &Target) -> Walk {
    journey::walk(net, from, target)
}

#[cfg(test)]
mod tests;
