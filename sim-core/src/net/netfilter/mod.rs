//! Rules of netfilter: what they say, how they are written, and what they do with a packet.
//!
//! - [`rule`]: one rule of iptables, in the three forms that it has: as a program writes it, as `iptables-save` prints it, and in words.
//! - [`tables`]: tables of chains of rules, and how a packet goes through them.
//! - [`ipset`]: sets of addresses and ports that rules refer to.
//! - [`nft`]: the same for nftables, where one map takes the place of thousands of rules.
//! - [`virtual_server`]: the kernel's own load balancer, IPVS.
//!
//! Only what kube-proxy, flannel and their like use is here. That rules do in the kernel what they do here, `tests/lab` checks.

pub mod ipset;
pub mod nft;
pub mod rule;
pub mod tables;
pub mod virtual_server;

use crate::api::meta::Str;
use crate::kernel::table::Index;
use crate::kernel::time::{SimDuration, SimTime};
use std::fmt;
use std::net::Ipv4Addr;

/// Where on its way through a node's kernel a packet meets rules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Hook {
    /// It came in, and nobody has looked where it is to go.
    Prerouting,
    /// It is for the node itself.
    Input,
    /// It is for somebody else.
    Forward,
    /// The node itself sends it, and has looked where it is to go.
    Output,
    /// It is about to leave.
    Postrouting,
}

impl Hook {
    /// The built-in chain of iptables: `PREROUTING`.
    pub const fn chain(self) -> &'static str {
        match self {
            Hook::Prerouting => "PREROUTING",
            Hook::Input => "INPUT",
            Hook::Forward => "FORWARD",
            Hook::Output => "OUTPUT",
            Hook::Postrouting => "POSTROUTING",
        }
    }
}

/// What connection tracking says of a packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    /// It begins a connection.
    New,
    /// It belongs to one that has been answered.
    Established,
    /// It is about a connection: an ICMP error.
    Related,
    /// It belongs to nothing.
    Invalid,
}

/// What a packet meets besides rules: the node, its connections, its memory, and chance.
pub struct Context<'a> {
    /// The addresses of the node's interfaces; loopback is understood.
    pub local: &'a [Ipv4Addr],
    /// What connection tracking says of the packet.
    pub state: State,
    /// Whether its connection was redirected.
    pub redirected: bool,
    /// The present moment.
    pub now: SimTime,
    /// Chance: `choose(n)` is one of 0..n.
    pub choose: &'a mut dyn FnMut(u32) -> u32,
    /// Which clients were here, for rules that remember.
    pub affinity: &'a mut Affinity,
}

impl Context<'_> {
    /// Whether an address is one of the node's own.
    pub fn is_local(&self, address: Ipv4Addr) -> bool {
        address.is_loopback() || self.local.contains(&address)
    }
}

/// What a node's kernel remembers for its rules: when which client was last sent where, and what its virtual servers did. `xt_recent` keeps
/// the former by list, nftables by set, IPVS as templates of connections.
#[derive(Clone, Debug, Default)]
pub struct Affinity {
    clients: Index<(Str, Ipv4Addr), SimTime>,
    pub(in crate::net) servers: virtual_server::Memory,
}

impl Affinity {
    /// The client comes again.
    pub fn remember(&mut self, list: &Str, client: Ipv4Addr, now: SimTime) {
        self.clients.insert((list.clone(), client), now);
    }

    /// Whether the client was here within this time.
    pub fn knows(&self, list: &Str, client: Ipv4Addr, within: SimDuration, now: SimTime) -> bool {
        self.clients.get(&(list.clone(), client)).is_some_and(|last| now.since(*last) <= within)
    }
}

/// What rules make of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ruling {
    /// It goes on.
    Accept,
    /// It is gone, and nobody is told.
    Drop,
    /// It is gone, and its sender is told so.
    Reject,
    /// It goes on to another destination: the packet has it already.
    Dnat {
        /// The new destination.
        address: Ipv4Addr,
        /// The new port.
        port: u16,
    },
    /// It goes on with the address of the interface that it leaves by.
    Masquerade,
}

impl Ruling {
    /// Whether the packet goes on.
    pub fn goes_on(self) -> bool {
        !matches!(self, Ruling::Drop | Ruling::Reject)
    }
}

/// A rule that a packet matched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passed {
    /// The table: `nat`.
    pub table: &'static str,
    /// The chain: `KUBE-SERVICES`.
    pub chain: Str,
    /// The rule as the kernel's tools print it.
    pub rule: String,
    /// Why it matched and what it did, in plain words.
    pub why: String,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.table, self.chain, self.why)
    }
}

/// The address that a rule of a node's own puts in place of a packet's destination, applied to the packet.
pub(in crate::net) fn redirect(packet: &mut crate::net::packet::Packet, address: Ipv4Addr, port: u16) -> Ruling {
    packet.destination = address;
    packet.destination_port = port;
    Ruling::Dnat { address, port }
}
