//! The rules that a node's kube-proxy has written, whichever way it writes them.

use crate::net::config::{NetworkConfig, ProxyMode};
use crate::net::netfilter::nft::Table;
use crate::net::netfilter::tables::Tables;
use crate::net::netfilter::{Context, Hook, Passed, Ruling};
use crate::net::packet::Packet;
use crate::net::proxy::services::Services;
use crate::net::proxy::topology::NodeFacts;
use crate::net::proxy::{iptables, nftables};
use crate::net::world::Machine;

/// The rules of one node.
#[derive(Clone, Debug)]
pub enum Ruleset {
    /// Chains of iptables.
    Iptables(Tables),
    /// A table of nftables.
    Nftables(Table),
}

impl Ruleset {
    /// What the proxy of a node writes that knows these Services.
    pub fn of(services: &Services, machine: &Machine, node: &NodeFacts, config: &NetworkConfig) -> Self {
        match config.proxy {
            ProxyMode::Iptables | ProxyMode::Ipvs(_) => Ruleset::Iptables(iptables::rules(services, machine, node, config)),
            ProxyMode::Nftables => Ruleset::Nftables(nftables::rules(services, machine, node, config)),
        }
    }

    /// The rules as the proxy hands them to `iptables-restore`.
    pub fn text(&self) -> String {
        match self {
            Ruleset::Iptables(tables) => tables.written(),
            Ruleset::Nftables(table) => table.text(),
        }
    }

    /// The rules as the kernel's tools show them: `iptables-save`.
    pub fn saved(&self) -> String {
        match self {
            Ruleset::Iptables(tables) => tables.saved(),
            Ruleset::Nftables(table) => table.text(),
        }
    }

    /// Leads a packet through the rules at a hook. The packet has afterwards what they gave it: destination, mark.
    pub fn evaluate(&self, hook: Hook, packet: &mut Packet, context: &mut Context<'_>) -> (Ruling, Vec<Passed>) {
        match self {
            Ruleset::Iptables(tables) => tables.evaluate(hook, packet, context),
            Ruleset::Nftables(table) => table.evaluate(hook, packet, context),
        }
    }
}
