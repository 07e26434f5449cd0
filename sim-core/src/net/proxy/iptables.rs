//! kube-proxy's rules in iptables: a chain for each port of a Service, and one for each endpoint.
//!
//! Mirrors syncProxyRules of `pkg/proxy/iptables/proxier.go`, v1.36, with what kubeadm configures: pods are known by `--cluster-cidr`, node
//! ports work on all of a node's addresses. The kubelet's own chains (`pkg/kubelet/kubelet_network_linux.go`) are here too, since the two
//! share them. Left out: nfacct counters, which most kernels lack; `nf_conntrack_tcp_be_liberal`, which is off unless somebody sets it.

use crate::api::meta::Str;
use crate::net::config::NetworkConfig;
use crate::net::netfilter::State;
use crate::net::netfilter::rule::{Match, Rule, Target};
use crate::net::netfilter::tables::{TableName, Tables};
use crate::net::packet::{Cidr, Protocol};
use crate::net::proxy::names::{ChainNames, endpoint_chain};
use crate::net::proxy::services::{Backend, ServicePort, Services};
use crate::net::proxy::topology::{NodeFacts, Reachable};
use crate::net::world::Machine;
use std::net::Ipv4Addr;

/// The mark of packets whose source is to be replaced (`--iptables-masquerade-bit 14`).
pub const MASQUERADE: u32 = 1 << 14;
/// From how many endpoints on rules go without comments, to save memory (largeClusterEndpointsThreshold).
const LARGE_CLUSTER: usize = 1000;

const NEW: &[State] = &[State::New];
const FOLLOWING: &[State] = &[State::Related, State::Established];

/// The rules that lead from built-in chains to kube-proxy's: each is put before those that are there.
const JUMPS: &[(TableName, &str, &str, &str, bool)] = &[
    (TableName::Filter, "KUBE-EXTERNAL-SERVICES", "INPUT", "kubernetes externally-visible service portals", true),
    (TableName::Filter, "KUBE-EXTERNAL-SERVICES", "FORWARD", "kubernetes externally-visible service portals", true),
    (TableName::Filter, "KUBE-NODEPORTS", "INPUT", "kubernetes health check service ports", false),
    (TableName::Filter, "KUBE-SERVICES", "FORWARD", "kubernetes service portals", true),
    (TableName::Filter, "KUBE-SERVICES", "OUTPUT", "kubernetes service portals", true),
    (TableName::Filter, "KUBE-FORWARD", "FORWARD", "kubernetes forwarding rules", false),
    (TableName::Filter, "KUBE-PROXY-FIREWALL", "INPUT", "kubernetes load balancer firewall", true),
    (TableName::Filter, "KUBE-PROXY-FIREWALL", "OUTPUT", "kubernetes load balancer firewall", true),
    (TableName::Filter, "KUBE-PROXY-FIREWALL", "FORWARD", "kubernetes load balancer firewall", true),
    (TableName::Nat, "KUBE-SERVICES", "OUTPUT", "kubernetes service portals", false),
    (TableName::Nat, "KUBE-SERVICES", "PREROUTING", "kubernetes service portals", false),
    (TableName::Nat, "KUBE-POSTROUTING", "POSTROUTING", "kubernetes postrouting rules", false),
];

/// The rules of one node.
pub fn rules(services: &Services, machine: &Machine, node: &NodeFacts, config: &NetworkConfig) -> Tables {
    let mut tables = Tables::default();
    foundation(&mut tables);
    masquerading(&mut tables);
    let endpoints: usize = services.iter().map(|port| port.endpoints().len()).sum();
    let mut writer = Writer { tables, node_address: machine.address, config, is_large: endpoints > LARGE_CLUSTER };
    for port in services.iter() {
        writer.port(port, &port.reachable(node));
    }
    let mut tables = writer.tables;
    let last = Match::Comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain".into());
    tables.add(TableName::Nat, "KUBE-SERVICES", Rule::new([last, Match::ToLocal], Target::Jump("KUBE-NODEPORTS".into())));
    forwarding(&mut tables);
    tables
}

/// The chains that are always there, and the ways to them. The kubelet was first, so its jumps come after kube-proxy's.
fn foundation(tables: &mut Tables) {
    for chain in ["KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY", "KUBE-PROXY-CANARY"] {
        tables.chain(TableName::Mangle, chain);
    }
    for table in [TableName::Filter, TableName::Nat] {
        tables.chain(table, "KUBE-KUBELET-CANARY");
        tables.chain(table, "KUBE-PROXY-CANARY");
    }
    for chain in ["KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL", "KUBE-FIREWALL"] {
        tables.chain(TableName::Filter, chain);
    }
    for chain in ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"] {
        tables.chain(TableName::Nat, chain);
    }
    for (table, to, from, comment, new) in JUMPS.iter().rev() {
        let state = new.then_some(Match::State(NEW));
        let matches = state.into_iter().chain([Match::Comment((*comment).into())]);
        tables.add(*table, *from, Rule::new(matches, Target::Jump((*to).into())));
    }
    localnet(tables);
}

/// Node ports work on loopback, for which the kernel must route addresses of loopback; so these mustn't come in from outside. The kubelet
/// writes the same rule.
pub(super) fn localnet(tables: &mut Tables) {
    tables.chain(TableName::Filter, "KUBE-FIREWALL");
    for from in ["INPUT", "OUTPUT"] {
        tables.add(TableName::Filter, from, Rule::new([], Target::Jump("KUBE-FIREWALL".into())));
    }
    let loopback = Cidr { base: Ipv4Addr::new(127, 0, 0, 0), bits: 8 };
    let comment = Match::Comment("block incoming localnet connections".into());
    let matches = [comment, Match::Destination(loopback), Match::NotSource(loopback), Match::Unsolicited];
    tables.add(TableName::Filter, "KUBE-FIREWALL", Rule::new(matches, Target::Drop));
}

/// How marked packets get another source when they leave, and lose their mark so that they don't get one twice.
pub(super) fn masquerading(tables: &mut Tables) {
    let nat = TableName::Nat;
    tables.add(nat, "KUBE-POSTROUTING", Rule::new([Match::NotMarked(MASQUERADE)], Target::Return));
    tables.add(nat, "KUBE-POSTROUTING", Rule::new([], Target::XorMark(MASQUERADE)));
    let comment = Match::Comment("kubernetes service traffic requiring SNAT".into());
    tables.add(nat, "KUBE-POSTROUTING", Rule::new([comment], Target::Masquerade));
    tables.add(nat, "KUBE-MARK-MASQ", Rule::new([], Target::SetMark(MASQUERADE)));
}

/// What is let through even if the node otherwise forwards nothing. Packets that belong to no connection would make the receiver reset one:
/// <https://github.com/kubernetes/kubernetes/issues/74839>.
fn forwarding(tables: &mut Tables) {
    let (filter, chain) = (TableName::Filter, "KUBE-FORWARD");
    tables.add(filter, chain, Rule::new([Match::State(&[State::Invalid])], Target::Drop));
    let comment = Match::Comment("kubernetes forwarding rules".into());
    tables.add(filter, chain, Rule::new([comment, Match::Marked(MASQUERADE)], Target::Accept));
    let comment = Match::Comment("kubernetes forwarding conntrack rule".into());
    tables.add(filter, chain, Rule::new([comment, Match::State(FOLLOWING)], Target::Accept));
}

/// Writes the rules of one port after another.
struct Writer<'a> {
    tables: Tables,
    node_address: Ipv4Addr,
    config: &'a NetworkConfig,
    is_large: bool,
}

impl Writer<'_> {
    fn nat(&mut self, chain: &Str, matches: impl IntoIterator<Item = Match>, target: Target) {
        self.tables.add(TableName::Nat, chain.clone(), Rule::new(matches, target));
    }

    fn filter(&mut self, chain: &'static str, matches: impl IntoIterator<Item = Match>, target: Target) {
        self.tables.add(TableName::Filter, chain, Rule::new(matches, target));
    }

    fn port(&mut self, port: &ServicePort, found: &Reachable) {
        let chains = ChainNames::in_iptables(port);
        self.capture_internal(port, found, &chains);
        self.capture_external(port, found, &chains);
        if port.health_check_node_port != 0 {
            let comment = comment(format!("{} health check node port", port.name));
            self.filter("KUBE-NODEPORTS", [comment, Match::Port(Protocol::Tcp, port.health_check_node_port)], Target::Accept);
        }
        self.mark_internal(port, found, &chains);
        if found.any && port.is_external() {
            self.external_chain(port, found, &chains);
        }
        if uses_firewall(port, found) {
            self.firewall_chain(port, &chains);
        }
        if !found.cluster.is_empty() {
            self.balance(port, &chains.cluster, &found.cluster);
        }
        if !found.local.is_empty() {
            self.balance(port, &chains.local, &found.local);
        }
        for at in found.all() {
            self.endpoint(port, &port.endpoints()[at]);
        }
    }

    /// The way from the cluster IP; if nothing is there, what happens instead.
    fn capture_internal(&mut self, port: &ServicePort, found: &Reachable, chains: &ChainNames) {
        match refusal(port.internal_local, found) {
            None => {
                let chain = if port.internal_local { &chains.local } else { &chains.cluster };
                let matches = front(port, "cluster IP", port.cluster_ip);
                self.nat(&"KUBE-SERVICES".into(), matches, Target::Jump(chain.clone()));
            }
            Some((why, target)) => {
                let comment = vec![comment(format!("{} {why}", port.name))];
                let matches = [comment, to(port.protocol, port.cluster_ip, port.port)].concat();
                self.filter("KUBE-SERVICES", matches, target);
            }
        }
    }

    /// The ways from external IPs, a load balancer's addresses and the node port.
    fn capture_external(&mut self, port: &ServicePort, found: &Reachable, chains: &ChainNames) {
        let services: Str = "KUBE-SERVICES".into();
        let refusal = refusal(port.external_local, found);
        let refused = |writer: &mut Self, matches: Vec<Match>| {
            if let Some((why, target)) = &refusal {
                let comment = vec![comment(format!("{} {why}", port.name))];
                writer.filter("KUBE-EXTERNAL-SERVICES", [comment, matches].concat(), target.clone());
            }
        };
        for address in &port.external_ips {
            if found.any {
                self.nat(&services, front(port, "external IP", *address), Target::Jump(chains.external.clone()));
            }
            refused(self, to(port.protocol, *address, port.port));
        }
        let guarded = uses_firewall(port, found);
        let balanced = if guarded { &chains.firewall } else { &chains.external };
        for address in &port.load_balancer_ips {
            if found.any {
                self.nat(&services, front(port, "loadbalancer IP", *address), Target::Jump(balanced.clone()));
            }
            if guarded {
                let comment = vec![comment(format!("{} traffic not accepted by {}", port.name, chains.firewall))];
                self.filter("KUBE-PROXY-FIREWALL", [comment, to(port.protocol, *address, port.port)].concat(), Target::Drop);
            }
        }
        for address in &port.load_balancer_ips {
            refused(self, to(port.protocol, *address, port.port));
        }
        if port.node_port != 0 {
            if found.any {
                let matches = [comment(port.name.to_string()), Match::Port(port.protocol, port.node_port)];
                self.nat(&"KUBE-NODEPORTS".into(), matches, Target::Jump(chains.external.clone()));
            }
            refused(self, vec![Match::ToLocal, Match::Port(port.protocol, port.node_port)]);
        }
    }

    /// Whose source is replaced on the way to the cluster IP: somebody's who isn't a pod, since the answer might go another way.
    fn mark_internal(&mut self, port: &ServicePort, found: &Reachable, chains: &ChainNames) {
        if refusal(port.internal_local, found).is_some() {
            return;
        }
        let chain = if port.internal_local { &chains.local } else { &chains.cluster };
        let mut matches = front(port, "cluster IP", port.cluster_ip);
        if !self.config.masquerade_all {
            matches.push(Match::NotSource(self.config.cluster_cidr));
        }
        self.tables.chain(TableName::Nat, chain.clone());
        self.nat(chain, matches, Target::Jump("KUBE-MARK-MASQ".into()));
    }

    /// What comes in by external addresses. Under the policy Local, sources are kept, except those of the node itself; and who is inside
    /// anyway gets any endpoint.
    fn external_chain(&mut self, port: &ServicePort, found: &Reachable, chains: &ChainNames) {
        let (chain, name) = (&chains.external, &port.name);
        self.tables.chain(TableName::Nat, chain.clone());
        let says = |text: &str| comment(format!("{text} for {name} external destinations"));
        if !port.external_local {
            self.nat(chain, [says("masquerade traffic")], Target::Jump("KUBE-MARK-MASQ".into()));
        } else {
            let pods = Match::Source(self.config.cluster_cidr);
            self.nat(chain, [says("pod traffic"), pods], Target::Jump(chains.cluster.clone()));
            self.nat(chain, [says("masquerade LOCAL traffic"), Match::FromLocal], Target::Jump("KUBE-MARK-MASQ".into()));
            self.nat(chain, [says("route LOCAL traffic"), Match::FromLocal], Target::Jump(chains.cluster.clone()));
        }
        if refusal(port.external_local, found).is_none() {
            let policy = if port.external_local { &chains.local } else { &chains.cluster };
            self.nat(chain, [], Target::Jump(policy.clone()));
        }
    }

    /// Who may use the load balancer's addresses. Who gets to the end isn't redirected, and is dropped by KUBE-PROXY-FIREWALL.
    fn firewall_chain(&mut self, port: &ServicePort, chains: &ChainNames) {
        let chain = &chains.firewall;
        self.tables.chain(TableName::Nat, chain.clone());
        let balanced = || comment(format!("{} loadbalancer IP", port.name));
        for range in &port.source_ranges {
            self.nat(chain, [balanced(), Match::Source(*range)], Target::Jump(chains.external.clone()));
        }
        // Where the address is one of the node's own, the node's requests come from that very address.
        if port.source_ranges.iter().any(|range| range.contains(self.node_address)) {
            for address in &port.load_balancer_ips {
                self.nat(chain, [balanced(), Match::Source(one(*address))], Target::Jump(chains.external.clone()));
            }
        }
        let note = format!("other traffic to {} will be dropped by KUBE-PROXY-FIREWALL", port.name);
        self.tables.add(TableName::Nat, chain.clone(), Rule::note(note));
    }

    /// Clients go where they were before, if they are to; others to each endpoint with the same probability: to the first of three with 1/3,
    /// to the second with 1/2 of the rest, to the third with what is left.
    fn balance(&mut self, port: &ServicePort, chain: &Str, among: &[usize]) {
        self.tables.chain(TableName::Nat, chain.clone());
        let endpoints = port.endpoints().clone();
        let named = |writer: &Self, at: usize| {
            let backend = &endpoints[at];
            let comment = (!writer.is_large).then(|| comment(format!("{} -> {backend}", port.name)));
            (comment, endpoint_chain(&port.name, port.protocol, backend))
        };
        if let Some(within) = port.affinity {
            for at in among {
                let (comment, to) = named(self, *at);
                let matches = comment.into_iter().chain([Match::Recent(to.clone(), within)]);
                self.nat(chain, matches, Target::Jump(to));
            }
        }
        for (before, at) in among.iter().enumerate() {
            let (comment, to) = named(self, *at);
            let left = (among.len() - before) as u32;
            let chance = (left > 1).then_some(Match::OneIn(left));
            self.nat(chain, comment.into_iter().chain(chance), Target::Jump(to));
        }
    }

    /// What becomes of a packet for an endpoint. If it comes from there, its source must be replaced, or the answer wouldn't come back here.
    fn endpoint(&mut self, port: &ServicePort, backend: &Backend) {
        let chain = endpoint_chain(&port.name, port.protocol, backend);
        self.tables.chain(TableName::Nat, chain.clone());
        let comment = (!self.is_large).then(|| comment(port.name.to_string()));
        let hairpin = comment.clone().into_iter().chain([Match::Source(one(backend.address))]);
        self.nat(&chain, hairpin, Target::Jump("KUBE-MARK-MASQ".into()));
        let remember = port.affinity.map(|_| Match::Remember(chain.clone()));
        let matches = comment.into_iter().chain(remember).chain([Match::Protocol(port.protocol)]);
        self.nat(&chain, matches, Target::Dnat(backend.address, backend.port));
    }
}

fn uses_firewall(port: &ServicePort, found: &Reachable) -> bool {
    found.any && !port.load_balancer_ips.is_empty() && !port.source_ranges.is_empty()
}

/// Why traffic under a policy is refused, and how: nothing anywhere, or nothing here.
fn refusal(is_local: bool, found: &Reachable) -> Option<(&'static str, Target)> {
    if !found.any {
        Some(("has no endpoints", Target::Reject))
    } else if is_local && found.local.is_empty() {
        Some(("has no local endpoints", Target::Drop))
    } else {
        None
    }
}

fn comment(text: String) -> Match {
    Match::Comment(text.into())
}

fn one(address: Ipv4Addr) -> Cidr {
    Cidr::new(address, 32)
}

fn to(protocol: Protocol, address: Ipv4Addr, port: u16) -> Vec<Match> {
    vec![Match::Destination(one(address)), Match::Port(protocol, port)]
}

fn front(port: &ServicePort, what: &str, address: Ipv4Addr) -> Vec<Match> {
    let mut matches = vec![comment(format!("{} {what}", port.name))];
    matches.extend(to(port.protocol, address, port.port));
    matches
}
