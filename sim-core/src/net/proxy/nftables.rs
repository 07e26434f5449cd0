//! kube-proxy's rules in nftables: maps from addresses and ports to a chain for each port of a Service, and from there by number to one for
//! each endpoint. However many Services there are, a packet passes few rules.
//!
//! Mirrors setupNFTables and syncProxyRules of `pkg/proxy/nftables/proxier.go`, v1.36, configured as kubeadm does. Unlike with iptables, a
//! packet to a cluster IP's port that no Service has is refused, and one to an address of the Services' range that nobody has is dropped.

use crate::api::meta::Str;
use crate::net::config::NetworkConfig;
use crate::net::netfilter::Hook;
use crate::net::netfilter::nft::{Base, Rule, Table, Test, Verdict};
use crate::net::packet::{Cidr, Protocol};
use crate::net::proxy::iptables::MASQUERADE;
use crate::net::proxy::names::{ChainNames, nft_endpoint};
use crate::net::proxy::services::{Backend, ServicePort, Services};
use crate::net::proxy::topology::{NodeFacts, Reachable};
use crate::net::world::Machine;
use std::net::Ipv4Addr;

const MARK_MASQUERADE: Str = Str::Static("mark-for-masquerade");
const REJECT: Str = Str::Static("reject-chain");

/// The chains that packets meet first: nftablesBaseChains.
const BASES: &[(&str, bool, Hook, &str, i32)] = &[
    ("filter-prerouting-pre-dnat", false, Hook::Prerouting, "dstnat - 10", -110),
    ("filter-output-pre-dnat", false, Hook::Output, "-110", -110),
    ("filter-input", false, Hook::Input, "filter", 0),
    ("filter-forward", false, Hook::Forward, "filter", 0),
    ("filter-output", false, Hook::Output, "filter", 0),
    ("nat-prerouting", true, Hook::Prerouting, "dstnat", -100),
    ("nat-output", true, Hook::Output, "-100", -100),
    ("nat-postrouting", true, Hook::Postrouting, "srcnat", 100),
];

/// The ways from these to the others, and whether only new connections take them: nftablesJumpChains.
const JUMPS: &[(&str, &str, bool)] = &[
    ("nodeport-endpoints-check", "filter-input", true),
    ("service-endpoints-check", "filter-input", true),
    ("service-endpoints-check", "filter-forward", true),
    ("service-endpoints-check", "filter-output", true),
    ("firewall-check", "filter-prerouting-pre-dnat", true),
    ("firewall-check", "filter-output-pre-dnat", true),
    ("services", "nat-output", false),
    ("services", "nat-prerouting", false),
    ("masquerading", "nat-postrouting", false),
    ("cluster-ips-check", "filter-forward", true),
    ("cluster-ips-check", "filter-output", true),
];

/// The rules of one node.
pub fn rules(services: &Services, machine: &Machine, node: &NodeFacts, config: &NetworkConfig) -> Table {
    let mut table = Table::new("kube-proxy", "rules for kube-proxy");
    chains(&mut table);
    masquerading(&mut table);
    checks(&mut table, config);
    dispatch(&mut table);
    let mut writer = Writer { table, node_address: machine.address, config };
    for port in services.iter() {
        writer.port(port, &port.reachable(node));
    }
    writer.table
}

fn chains(table: &mut Table) {
    for (name, is_nat, hook, priority, order) in BASES {
        table.chain(*name, Some(Base { is_nat: *is_nat, hook: *hook, priority, order: *order }), None);
    }
    for (to, from, new) in JUMPS {
        table.chain(*to, None, None);
        table.add(from, Rule::new(new.then_some(Test::New), Verdict::Jump(Str::Static(to))));
    }
    table.chain(MARK_MASQUERADE, None, None);
    table.chain(REJECT, None, Some("helper for @no-endpoint-services / @no-endpoint-nodeports"));
}

fn masquerading(table: &mut Table) {
    table.add(&MARK_MASQUERADE, Rule::new([], Verdict::SetMark(MASQUERADE)));
    table.add("masquerading", Rule::new([Test::Unmarked(MASQUERADE)], Verdict::Return));
    table.add("masquerading", Rule::new([], Verdict::XorMark(MASQUERADE)));
    table.add("masquerading", Rule::new([], Verdict::Masquerade));
}

/// What doesn't get through: cluster IPs' other ports, addresses that nobody has, Services without endpoints.
fn checks(table: &mut Table, config: &NetworkConfig) {
    table.set("cluster-ips", "Active ClusterIPs");
    let active = Rule::new([Test::ToSet("cluster-ips")], Verdict::Reject);
    table.add("cluster-ips-check", active.saying("Reject traffic to invalid ports of ClusterIPs"));
    let unallocated = Rule::new([Test::ToAny(vec![config.service_cidr])], Verdict::Drop);
    table.add("cluster-ips-check", unallocated.saying("Drop traffic to unallocated ClusterIPs"));
    table.map("no-endpoint-services", true, "vmap to drop or reject packets to services with no endpoints");
    table.map("no-endpoint-nodeports", false, "vmap to drop or reject packets to service nodeports with no endpoints");
    table.add(&REJECT, Rule::new([], Verdict::Reject));
    table.add("service-endpoints-check", Rule::new([], Verdict::AddressMap("no-endpoint-services")));
    table.add("nodeport-endpoints-check", Rule::new([not_loopback()], Verdict::PortMap("no-endpoint-nodeports")));
    table.map("firewall-ips", true, "destinations that are subject to LoadBalancerSourceRanges");
    table.add("firewall-check", Rule::new([], Verdict::AddressMap("firewall-ips")));
}

fn dispatch(table: &mut Table) {
    table.map("service-ips", true, "ClusterIP, ExternalIP and LoadBalancer IP traffic");
    table.map("service-nodeports", false, "NodePort traffic");
    table.add("services", Rule::new([], Verdict::AddressMap("service-ips")));
    table.add("services", Rule::new([Test::ToLocal, not_loopback()], Verdict::PortMap("service-nodeports")));
}

fn not_loopback() -> Test {
    Test::NotTo(Cidr { base: Ipv4Addr::new(127, 0, 0, 0), bits: 8 })
}

/// Writes the rules of one port after another.
struct Writer<'a> {
    table: Table,
    node_address: Ipv4Addr,
    config: &'a NetworkConfig,
}

impl Writer<'_> {
    fn port(&mut self, port: &ServicePort, found: &Reachable) {
        let chains = ChainNames::in_nftables(port);
        for at in found.all() {
            self.table.chain(endpoint_chain(port, &port.endpoints()[at]), None, None);
        }
        if !found.cluster.is_empty() {
            self.table.chain(chains.cluster.clone(), None, None);
        }
        if !found.local.is_empty() {
            self.table.chain(chains.local.clone(), None, None);
        }
        let is_external = found.any && port.is_external();
        if is_external {
            self.table.chain(chains.external.clone(), None, None);
        }
        self.internal(port, found, &chains);
        self.external_elements(port, found, &chains);
        if is_external {
            self.external_chain(port, found, &chains);
        }
        if let Some(within) = port.affinity {
            for at in found.all() {
                self.table.memory(affinity_set(port, &port.endpoints()[at]), within);
            }
        }
        self.balance(port, &chains.cluster, &found.cluster);
        self.balance(port, &chains.local, &found.local);
        for at in found.all() {
            self.endpoint(port, &port.endpoints()[at]);
        }
    }

    /// The cluster IP: the way from it, or what happens if nothing is there.
    fn internal(&mut self, port: &ServicePort, found: &Reachable, chains: &ChainNames) {
        self.table.member("cluster-ips", port.cluster_ip);
        let key = (Some(port.cluster_ip), port.protocol, port.port);
        if let Some(verdict) = refusal(port.internal_local, found) {
            self.table.element("no-endpoint-services", key, verdict, Some(port.name.to_string().into()));
            return;
        }
        let chain = if port.internal_local { &chains.local } else { &chains.cluster };
        self.table.element("service-ips", key, Verdict::Goto(chain.clone()), None);
        // Whoever isn't a pod gets another source, since the answer might go another way.
        let mut tests = vec![Test::To(port.cluster_ip), Test::Port(port.protocol, port.port)];
        if !self.config.masquerade_all {
            tests.push(Test::NotFrom(self.config.cluster_cidr));
        }
        self.table.add(chain, Rule::new(tests, Verdict::Jump(MARK_MASQUERADE)));
    }

    /// External IPs, a load balancer's addresses and the node port.
    fn external_elements(&mut self, port: &ServicePort, found: &Reachable, chains: &ChainNames) {
        let refusal = refusal(port.external_local, found);
        let said = Some(Str::from(port.name.to_string()));
        let to = Verdict::Goto(chains.external.clone());
        let guarded = !port.load_balancer_ips.is_empty() && !port.source_ranges.is_empty();
        if guarded {
            self.firewall_chain(port, chains);
        }
        for address in port.external_ips.iter().chain(&port.load_balancer_ips) {
            let key = (Some(*address), port.protocol, port.port);
            if found.any {
                self.table.element("service-ips", key, to.clone(), None);
            }
            if let Some(verdict) = &refusal {
                self.table.element("no-endpoint-services", key, verdict.clone(), said.clone());
            }
        }
        for address in port.load_balancer_ips.iter().filter(|_| guarded) {
            let key = (Some(*address), port.protocol, port.port);
            self.table.element("firewall-ips", key, Verdict::Goto(chains.firewall.clone()), None);
        }
        if port.node_port != 0 {
            let key: (Option<Ipv4Addr>, Protocol, u16) = (None, port.protocol, port.node_port);
            if found.any {
                self.table.element("service-nodeports", key, to, None);
            }
            if let Some(verdict) = refusal {
                self.table.element("no-endpoint-nodeports", key, verdict, said);
            }
        }
    }

    /// What comes in by external addresses. Under the policy Local, sources are kept, except those of the node itself; and who is inside
    /// anyway gets any endpoint.
    fn external_chain(&mut self, port: &ServicePort, found: &Reachable, chains: &ChainNames) {
        let cluster = || Verdict::Goto(chains.cluster.clone());
        let rules = if port.external_local {
            vec![
                Rule::new([Test::From(self.config.cluster_cidr)], cluster()).saying("short-circuit pod traffic"),
                Rule::new([Test::FromLocal], Verdict::Jump(MARK_MASQUERADE)).saying("masquerade local traffic"),
                Rule::new([Test::FromLocal], cluster()).saying("short-circuit local traffic"),
            ]
        } else {
            vec![Rule::new([], Verdict::Jump(MARK_MASQUERADE))]
        };
        rules.into_iter().for_each(|rule| self.table.add(&chains.external, rule));
        if refusal(port.external_local, found).is_none() {
            let policy = if port.external_local { &chains.local } else { &chains.cluster };
            self.table.add(&chains.external, Rule::new([], Verdict::Goto(policy.clone())));
        }
    }

    /// Who may use the load balancer's addresses. Where such an address is one of the node's own, the node's requests come from that very one.
    fn firewall_chain(&mut self, port: &ServicePort, chains: &ChainNames) {
        let mut sources = port.source_ranges.clone();
        if sources.iter().any(|range| range.contains(self.node_address)) {
            sources.extend(port.load_balancer_ips.iter().map(|address| Cidr::new(*address, 32)));
        }
        self.table.chain(chains.firewall.clone(), None, None);
        self.table.add(&chains.firewall, Rule::new([Test::NotFromAny(sources)], Verdict::Drop));
    }

    /// Clients go where they were before, if they are to; others to any endpoint.
    fn balance(&mut self, port: &ServicePort, chain: &Str, among: &[usize]) {
        if among.is_empty() {
            return;
        }
        let endpoints = port.endpoints().clone();
        if let Some(within) = port.affinity {
            for backend in among.iter().map(|at| &endpoints[*at]) {
                let test = Test::Remembered(affinity_set(port, backend), within);
                self.table.add(chain, Rule::new([test], Verdict::Goto(endpoint_chain(port, backend))));
            }
        }
        let chains = among.iter().map(|at| endpoint_chain(port, &endpoints[*at])).collect();
        self.table.add(chain, Rule::new([], Verdict::AnyOf(chains)));
    }

    /// What becomes of a packet for an endpoint. If it comes from there, its source must be replaced, or the answer wouldn't come back here.
    fn endpoint(&mut self, port: &ServicePort, backend: &Backend) {
        let chain = endpoint_chain(port, backend);
        let hairpin = Test::From(Cidr::new(backend.address, 32));
        self.table.add(&chain, Rule::new([hairpin], Verdict::Jump(MARK_MASQUERADE)));
        if port.affinity.is_some() {
            self.table.add(&chain, Rule::new([], Verdict::Remember(affinity_set(port, backend))));
        }
        self.table.add(&chain, Rule::new([Test::Protocol(port.protocol)], Verdict::Dnat(backend.address, backend.port)));
    }
}

fn endpoint_chain(port: &ServicePort, backend: &Backend) -> Str {
    Str::from(format!("endpoint-{}", nft_endpoint(&port.name, port.protocol, backend)))
}

fn affinity_set(port: &ServicePort, backend: &Backend) -> Str {
    Str::from(format!("affinity-{}", nft_endpoint(&port.name, port.protocol, backend)))
}

/// How traffic under a policy is refused: nothing anywhere, or nothing here.
fn refusal(is_local: bool, found: &Reachable) -> Option<Verdict> {
    if !found.any {
        Some(Verdict::Goto(REJECT))
    } else if is_local && found.local.is_empty() {
        Some(Verdict::Drop)
    } else {
        None
    }
}
