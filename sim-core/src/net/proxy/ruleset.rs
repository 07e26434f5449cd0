//! The rules that a node's kube-proxy has written, whichever way it writes them.

use crate::net::config::{NetworkConfig, ProxyMode};
use crate::net::netfilter::nft::Table;
use crate::net::netfilter::tables::Tables;
use crate::net::netfilter::{Context, Hook, Passed, Ruling};
use crate::net::packet::Packet;
use crate::net::proxy::ipvs::{self, Ipvs};
use crate::net::proxy::services::Services;
use crate::net::proxy::topology::NodeFacts;
use crate::net::proxy::{iptables, nftables};
use crate::net::world::Machine;
use std::net::Ipv4Addr;

/// The rules of one node.
#[derive(Clone, Debug)]
pub enum Ruleset {
    /// Chains of iptables.
    Iptables(Tables),
    /// A table of nftables.
    Nftables(Table),
    /// Virtual servers, and what iptables and sets must do beside them.
    Ipvs(Ipvs),
}

impl Ruleset {
    /// What the proxy of a node writes that knows these Services.
    pub fn of(services: &Services, machine: &Machine, node: &NodeFacts, config: &NetworkConfig) -> Self {
        match config.proxy {
            ProxyMode::Iptables => Ruleset::Iptables(iptables::rules(services, machine, node, config)),
            ProxyMode::Nftables => Ruleset::Nftables(nftables::rules(services, machine, node, config)),
            ProxyMode::Ipvs(scheduler) => Ruleset::Ipvs(ipvs::rules(services, machine, node, config, scheduler)),
        }
    }

    /// The rules as the proxy hands them to the kernel's tools: each tool with its input, in the order in which they must be run.
    pub fn parts(&self) -> Vec<Part> {
        match self {
            Ruleset::Iptables(tables) => vec![Part { tool: "iptables-restore --noflush", text: tables.written() }],
            Ruleset::Nftables(table) => vec![Part { tool: "nft -f -", text: table.text() }],
            Ruleset::Ipvs(ipvs) => ipvs.parts(),
        }
    }

    /// The same as one text, with the tools' names as comments if they are several.
    pub fn text(&self) -> String {
        joined(self.parts())
    }

    /// The rules as the kernel's tools show them: `iptables-save`, `nft list table`, `ipvsadm -Sn`.
    pub fn saved(&self) -> String {
        match self {
            Ruleset::Iptables(tables) => tables.saved(),
            Ruleset::Nftables(table) => table.text(),
            Ruleset::Ipvs(ipvs) => joined(ipvs.saved()),
        }
    }

    /// The addresses that the proxy gave to an interface of the node: these are the node's own, for its routes and its rules. Only IPVS needs
    /// that, `kube-ipvs0`.
    pub fn bound(&self) -> &[Ipv4Addr] {
        match self {
            Ruleset::Iptables(_) | Ruleset::Nftables(_) => &[],
            Ruleset::Ipvs(ipvs) => ipvs.bound(),
        }
    }

    /// Leads a packet through the rules at a hook. The packet has afterwards what they gave it: destination, mark.
    pub fn evaluate(&self, hook: Hook, packet: &mut Packet, context: &mut Context<'_>) -> (Ruling, Vec<Passed>) {
        match self {
            Ruleset::Iptables(tables) => tables.evaluate(hook, packet, context),
            Ruleset::Nftables(table) => table.evaluate(hook, packet, context),
            Ruleset::Ipvs(ipvs) => ipvs.evaluate(hook, packet, context),
        }
    }
}

/// What one tool is given, or prints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// The tool, as it is called.
    pub tool: &'static str,
    /// The text.
    pub text: String,
}

fn joined(parts: Vec<Part>) -> String {
    match &parts[..] {
        [part] => part.text.clone(),
        several => several.iter().map(|part| format!("# {}\n{}", part.tool, part.text)).collect(),
    }
}
