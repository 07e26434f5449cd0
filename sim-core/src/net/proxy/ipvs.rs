//! kube-proxy's rules with IPVS: a virtual server for every address and port of a Service, whose addresses are on `kube-ipvs0` so that the
//! kernel takes packets for them in; sets of all these; and a few chains of iptables that say whose source is to be replaced.
//!
//! Mirrors syncProxyRules and writeIptablesRules of `pkg/proxy/ipvs/proxier.go`, v1.36 (deprecated there since v1.35), configured as kubeadm
//! does. Left out: servers that are kept with weight 0 while connections to them last, since connections keep their server anyway.

use crate::api::meta::Str;
use crate::net::config::{Backend as Overlay, IpvsScheduler, NetworkConfig};
use crate::net::netfilter::ipset::{Dimension, Entry, SetType, Sets};
use crate::net::netfilter::rule::{Match, Rule, Target};
use crate::net::netfilter::tables::{TableName, Tables};
use crate::net::netfilter::virtual_server::{Server, Service, VirtualServer};
use crate::net::netfilter::{Context, Hook, Passed, Ruling, State, redirect};
use crate::net::packet::{Cidr, Packet, Protocol};
use crate::net::proxy::iptables::{MASQUERADE, localnet, masquerading};
use crate::net::proxy::ruleset::Part;
use crate::net::proxy::services::{ServicePort, Services};
use crate::net::proxy::topology::{Fate, NodeFacts, Origin};
use crate::net::world::Machine;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::Ipv4Addr;

const TO: &[Dimension] = &[Dimension::Destination];
const TO_PORT: &[Dimension] = &[Dimension::Destination, Dimension::Destination];
const TO_PORT_FROM: &[Dimension] = &[Dimension::Destination, Dimension::Destination, Dimension::Source];

const LOOP_BACK: &str = "KUBE-LOOP-BACK";
const CLUSTER_IP: &str = "KUBE-CLUSTER-IP";
const EXTERNAL_IP: &str = "KUBE-EXTERNAL-IP";
const EXTERNAL_IP_LOCAL: &str = "KUBE-EXTERNAL-IP-LOCAL";
const LOAD_BALANCER: &str = "KUBE-LOAD-BALANCER";
const LOAD_BALANCER_FW: &str = "KUBE-LOAD-BALANCER-FW";
const LOAD_BALANCER_LOCAL: &str = "KUBE-LOAD-BALANCER-LOCAL";
const SOURCE_IP: &str = "KUBE-LOAD-BALANCER-SOURCE-IP";
const SOURCE_CIDR: &str = "KUBE-LOAD-BALANCER-SOURCE-CIDR";
const HEALTH_CHECK: &str = "KUBE-HEALTH-CHECK-NODE-PORT";
const BOUND: &str = "KUBE-IPVS-IPS";
/// The set of node ports of a protocol, and of those under the policy Local.
const NODE_PORTS: [(Protocol, &str, &str, SetType); 3] = [
    (Protocol::Tcp, "KUBE-NODE-PORT-TCP", "KUBE-NODE-PORT-LOCAL-TCP", SetType::Ports),
    (Protocol::Udp, "KUBE-NODE-PORT-UDP", "KUBE-NODE-PORT-LOCAL-UDP", SetType::Ports),
    (Protocol::Sctp, "KUBE-NODE-PORT-SCTP-HASH", "KUBE-NODE-PORT-LOCAL-SCTP-HASH", SetType::AddressPort),
];

/// The sets and what rules that use them say of them: ipsetInfo.
const SETS: &[(&str, SetType, &str)] = &[
    (LOOP_BACK, SetType::AddressPortAddress, "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose"),
    (CLUSTER_IP, SetType::AddressPort, "Kubernetes service cluster ip + port for masquerade purpose"),
    (EXTERNAL_IP, SetType::AddressPort, "Kubernetes service external ip + port for masquerade and filter purpose"),
    (EXTERNAL_IP_LOCAL, SetType::AddressPort, "Kubernetes service external ip + port with externalTrafficPolicy=local"),
    (LOAD_BALANCER, SetType::AddressPort, "Kubernetes service lb portal"),
    (LOAD_BALANCER_FW, SetType::AddressPort, "Kubernetes service load balancer ip + port for load balancer with sourceRange"),
    (LOAD_BALANCER_LOCAL, SetType::AddressPort, "Kubernetes service load balancer ip + port with externalTrafficPolicy=local"),
    (SOURCE_IP, SetType::AddressPortAddress, "Kubernetes service load balancer ip + port + source IP for packet filter purpose"),
    (SOURCE_CIDR, SetType::AddressPortPrefix, "Kubernetes service load balancer ip + port + source cidr for packet filter purpose"),
    ("KUBE-NODE-PORT-TCP", SetType::Ports, "Kubernetes nodeport TCP port for masquerade purpose"),
    ("KUBE-NODE-PORT-LOCAL-TCP", SetType::Ports, "Kubernetes nodeport TCP port with externalTrafficPolicy=local"),
    ("KUBE-NODE-PORT-UDP", SetType::Ports, "Kubernetes nodeport UDP port for masquerade purpose"),
    ("KUBE-NODE-PORT-LOCAL-UDP", SetType::Ports, "Kubernetes nodeport UDP port with externalTrafficPolicy=local"),
    ("KUBE-NODE-PORT-SCTP-HASH", SetType::AddressPort, "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'"),
    (
        "KUBE-NODE-PORT-LOCAL-SCTP-HASH",
        SetType::AddressPort,
        "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'",
    ),
    (HEALTH_CHECK, SetType::Ports, "Kubernetes health check node port"),
    (BOUND, SetType::Addresses, "Addresses on the ipvs interface"),
];

const CHAINS: &[(TableName, &str)] = &[
    (TableName::Nat, "KUBE-SERVICES"),
    (TableName::Nat, "KUBE-POSTROUTING"),
    (TableName::Nat, "KUBE-NODE-PORT"),
    (TableName::Nat, "KUBE-LOAD-BALANCER"),
    (TableName::Nat, "KUBE-MARK-MASQ"),
    (TableName::Filter, "KUBE-FORWARD"),
    (TableName::Filter, "KUBE-NODE-PORT"),
    (TableName::Filter, "KUBE-PROXY-FIREWALL"),
    (TableName::Filter, "KUBE-SOURCE-RANGES-FIREWALL"),
    (TableName::Filter, "KUBE-IPVS-FILTER"),
    (TableName::Filter, "KUBE-IPVS-OUT-FILTER"),
];

/// The rules that lead to these: each is put before those that are there.
const JUMPS: &[(TableName, &str, &str, &str)] = &[
    (TableName::Nat, "OUTPUT", "KUBE-SERVICES", "kubernetes service portals"),
    (TableName::Nat, "PREROUTING", "KUBE-SERVICES", "kubernetes service portals"),
    (TableName::Nat, "POSTROUTING", "KUBE-POSTROUTING", "kubernetes postrouting rules"),
    (TableName::Filter, "FORWARD", "KUBE-FORWARD", "kubernetes forwarding rules"),
    (TableName::Filter, "INPUT", "KUBE-NODE-PORT", "kubernetes health check rules"),
    (TableName::Filter, "INPUT", "KUBE-PROXY-FIREWALL", "kube-proxy firewall rules"),
    (TableName::Filter, "FORWARD", "KUBE-PROXY-FIREWALL", "kube-proxy firewall rules"),
    (TableName::Filter, "INPUT", "KUBE-IPVS-FILTER", "kubernetes ipvs access filter"),
    (TableName::Filter, "OUTPUT", "KUBE-IPVS-OUT-FILTER", "kubernetes ipvs access filter"),
];

/// The rules of one node.
#[derive(Clone, Debug)]
pub struct Ipvs {
    tables: Tables,
    servers: BTreeMap<Service, VirtualServer>,
    bound: Vec<Ipv4Addr>,
}

impl Ipvs {
    /// The addresses on `kube-ipvs0`.
    pub(super) fn bound(&self) -> &[Ipv4Addr] {
        &self.bound
    }

    /// The virtual servers.
    pub fn servers(&self) -> &BTreeMap<Service, VirtualServer> {
        &self.servers
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts = vec![Part { tool: "ipset restore", text: self.tables.sets.saved() }];
        parts.push(Part { tool: "iptables-restore --noflush", text: self.tables.written() });
        parts.extend(self.kernel_parts("ip -batch -", "ipvsadm --restore"));
        parts
    }

    pub(super) fn saved(&self) -> Vec<Part> {
        let mut parts: Vec<Part> = self.kernel_parts("kube-ipvs0", "ipvsadm -Sn").into();
        parts.push(Part { tool: "ipset save", text: self.tables.sets.saved() });
        parts.push(Part { tool: "iptables-save", text: self.tables.saved() });
        parts
    }

    fn kernel_parts(&self, interface: &'static str, servers: &'static str) -> [Part; 2] {
        let mut addresses = "link add kube-ipvs0 type dummy\n".to_owned();
        for address in &self.bound {
            writeln!(addresses, "address add {address}/32 dev kube-ipvs0").expect("a String takes everything");
        }
        let mut table = String::new();
        for (service, server) in &self.servers {
            let persistent = server.persistent.map_or_else(String::new, |within| format!(" -p {}", within.as_secs()));
            writeln!(table, "-A {service} -s {}{persistent}", server.scheduler_name()).expect("a String takes everything");
            for real in &server.servers {
                writeln!(table, "{}", real_server(*service, *real)).expect("a String takes everything");
            }
        }
        [Part { tool: interface, text: addresses }, Part { tool: servers, text: table }]
    }

    /// Leads a packet through the rules at a hook. IPVS itself takes what is for one of its virtual servers after the filter of INPUT, and before
    /// that of OUTPUT.
    pub(super) fn evaluate(&self, hook: Hook, packet: &mut Packet, context: &mut Context<'_>) -> (Ruling, Vec<Passed>) {
        let mut passed = Vec::new();
        let (before, after): (&[TableName], &[TableName]) = match hook {
            Hook::Output => (&[TableName::Mangle, TableName::Nat], &[TableName::Filter]),
            _ => (&[TableName::Mangle, TableName::Nat, TableName::Filter], &[]),
        };
        let mut ruling = self.tables.evaluate_in(before, hook, packet, context, &mut passed);
        if ruling.goes_on()
            && matches!(hook, Hook::Input | Hook::Output)
            && let Some(said) = self.balance(packet, context, &mut passed)
        {
            ruling = said;
        }
        if ruling.goes_on() && !after.is_empty() {
            let filtered = self.tables.evaluate_in(after, hook, packet, context, &mut passed);
            ruling = if filtered.goes_on() { ruling } else { filtered };
        }
        (ruling, passed)
    }

    /// What a virtual server does with a packet for it. One without servers refuses, with an ICMP message, as ip_vs_leave does.
    fn balance(&self, packet: &mut Packet, context: &mut Context<'_>, passed: &mut Vec<Passed>) -> Option<Ruling> {
        let service = Service { address: packet.destination, protocol: packet.protocol, port: packet.destination_port };
        let server = self.servers.get(&service).filter(|_| context.state == State::New)?;
        let chosen = server.schedule(service, packet.source, context.now, &mut context.affinity.servers);
        let (rule, why) = match chosen {
            Some(real) => (
                real_server(service, real),
                format!(
                    "{service} is a virtual server with {} servers, scheduled by {}; is redirected to {}:{}",
                    server.servers.len(),
                    server.scheduler_name(),
                    real.0,
                    real.1
                ),
            ),
            None => (
                format!("-A {service} -s {}", server.scheduler_name()),
                format!("{service} is a virtual server without servers; is refused: its sender hears of an unreachable port"),
            ),
        };
        passed.push(Passed { table: "ipvs", chain: Str::from(service.to_string()), rule, why });
        let Some((address, port)) = chosen else { return Some(Ruling::Reject) };
        context.redirected = true;
        Some(redirect(packet, address, port))
    }
}

fn real_server(service: Service, (address, port): Server) -> String {
    format!("-a {service} -r {address}:{port} -m -w 1")
}

/// The rules of one node.
pub fn rules(services: &Services, machine: &Machine, node: &NodeFacts, config: &NetworkConfig, scheduler: IpvsScheduler) -> Ipvs {
    let vtep = machine.vtep().filter(|_| config.backend == Overlay::Vxlan);
    let own: Vec<Ipv4Addr> = [Some(machine.address), vtep, machine.bridge()].into_iter().flatten().collect();
    let mut tables = Tables::default();
    for (name, kind, _) in SETS {
        tables.sets.make(name, *kind);
    }
    let mut writer =
        Writer { sets: tables.sets, servers: BTreeMap::new(), bound: BTreeSet::new(), closed: Vec::new(), own, machine, node, scheduler };
    for port in services.iter() {
        writer.port(port);
    }
    let Writer { mut sets, servers, bound, closed, .. } = writer;
    for address in &bound {
        sets.add(BOUND, Entry::new(*address, Protocol::Tcp, 0));
    }
    tables.sets = sets;
    chains(&mut tables);
    nat_rules(&mut tables, machine, config);
    filter_rules(&mut tables, &closed);
    Ipvs { tables, servers, bound: bound.into_iter().collect() }
}

/// Collects sets and virtual servers of one port after another.
struct Writer<'a> {
    sets: Sets,
    servers: BTreeMap<Service, VirtualServer>,
    bound: BTreeSet<Ipv4Addr>,
    /// Load balancers' addresses that the node itself may not use.
    closed: Vec<Service>,
    /// The node's addresses, but for those on `kube-ipvs0`.
    own: Vec<Ipv4Addr>,
    machine: &'a Machine,
    node: &'a NodeFacts,
    scheduler: IpvsScheduler,
}

impl Writer<'_> {
    fn port(&mut self, port: &ServicePort) {
        for backend in port.endpoints().iter().filter(|backend| backend.node == self.node.name) {
            let entry = Entry::new(backend.address, port.protocol, backend.port);
            self.sets.add(LOOP_BACK, entry.and(Cidr::new(backend.address, 32)));
        }
        self.sets.add(CLUSTER_IP, Entry::new(port.cluster_ip, port.protocol, port.port));
        self.bound.insert(port.cluster_ip);
        self.serve(port, port.cluster_ip, port.port, Origin::Internal);
        for address in &port.external_ips {
            let set = if port.external_local { EXTERNAL_IP_LOCAL } else { EXTERNAL_IP };
            self.sets.add(set, Entry::new(*address, port.protocol, port.port));
            self.bind_external(port, *address);
        }
        for address in &port.load_balancer_ips {
            self.load_balancer(port, *address);
            self.bind_external(port, *address);
        }
        if port.node_port != 0 {
            self.node_port(port);
        }
        if port.health_check_node_port != 0 {
            self.sets.add(HEALTH_CHECK, Entry::port(Protocol::Tcp, port.health_check_node_port));
        }
    }

    /// An address from outside is put on `kube-ipvs0` unless the node has it anyway.
    fn bind_external(&mut self, port: &ServicePort, address: Ipv4Addr) {
        if !self.own.contains(&address) {
            self.bound.insert(address);
        }
        self.serve(port, address, port.port, Origin::External);
    }

    fn serve(&mut self, port: &ServicePort, address: Ipv4Addr, number: u16, origin: Origin) {
        let among = match port.fate_by_ipvs(self.node, origin) {
            Fate::Choose(among) => among,
            Fate::Reject | Fate::Drop => Vec::new(),
        };
        let servers = among.iter().map(|at| &port.endpoints()[*at]).map(|backend| (backend.address, backend.port)).collect();
        let server = VirtualServer { scheduler: self.scheduler, persistent: port.affinity, servers };
        self.servers.entry(Service { address, protocol: port.protocol, port: number }).or_insert(server);
    }

    fn load_balancer(&mut self, port: &ServicePort, address: Ipv4Addr) {
        let entry = Entry::new(address, port.protocol, port.port);
        self.sets.add(LOAD_BALANCER, entry);
        if port.external_local {
            self.sets.add(LOAD_BALANCER_LOCAL, entry);
        }
        if port.source_ranges.is_empty() {
            return;
        }
        self.sets.add(LOAD_BALANCER_FW, entry);
        for range in &port.source_ranges {
            self.sets.add(SOURCE_CIDR, entry.and(*range));
        }
        if port.source_ranges.iter().any(|range| range.contains(self.machine.address)) {
            self.sets.add(SOURCE_IP, entry.and(Cidr::new(address, 32)));
        } else {
            self.closed.push(Service { address, protocol: port.protocol, port: port.port });
        }
    }

    fn node_port(&mut self, port: &ServicePort) {
        let (_, all, local, kind) =
            NODE_PORTS.into_iter().find(|(protocol, ..)| *protocol == port.protocol).expect("Services have no other protocols");
        for address in self.own.clone() {
            let entry = match kind {
                SetType::Ports => Entry::port(port.protocol, port.node_port),
                _ => Entry::new(address, port.protocol, port.node_port),
            };
            self.sets.add(all, entry);
            if port.external_local {
                self.sets.add(local, entry);
            }
            self.serve(port, address, port.node_port, Origin::External);
        }
    }
}

fn chains(tables: &mut Tables) {
    for chain in ["KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY"] {
        tables.chain(TableName::Mangle, chain);
    }
    for (table, chain) in CHAINS {
        tables.chain(*table, *chain);
    }
    for (table, from, to, comment) in JUMPS.iter().rev() {
        tables.add(*table, *from, Rule::new([Match::Comment(Str::Static(comment))], Target::Jump(Str::Static(to))));
    }
    localnet(tables);
}

fn comment(set: &str) -> Match {
    let (_, _, says) = SETS.iter().find(|(name, ..)| *name == set).expect("all sets are in the table");
    Match::Comment(Str::Static(says))
}

/// A rule for what is in a set, if there is anything.
fn of_set(tables: &mut Tables, table: TableName, chain: &'static str, set: &'static str, by: &'static [Dimension], target: Target) {
    if !tables.sets.is_empty(set) {
        tables.add(table, chain, Rule::new([comment(set), Match::InSet(set, by)], target));
    }
}

fn nat_rules(tables: &mut Tables, machine: &Machine, config: &NetworkConfig) {
    let (nat, services) = (TableName::Nat, "KUBE-SERVICES");
    let mark = || Target::Jump(Str::Static("KUBE-MARK-MASQ"));
    let loopback = Cidr { base: Ipv4Addr::new(127, 0, 0, 0), bits: 8 };
    tables.add(nat, services, Rule::new([Match::Source(loopback)], Target::Return));
    of_set(tables, nat, "KUBE-POSTROUTING", LOOP_BACK, TO_PORT_FROM, Target::MasqueradeKeepingPort);
    of_set(tables, nat, services, LOAD_BALANCER, TO_PORT, Target::Jump(Str::Static("KUBE-LOAD-BALANCER")));
    of_set(tables, nat, "KUBE-LOAD-BALANCER", LOAD_BALANCER_LOCAL, TO_PORT, Target::Return);
    for (protocol, all, local, kind) in NODE_PORTS {
        let by = if kind == SetType::Ports { TO } else { TO_PORT };
        for (set, target) in [(local, Target::Return), (all, mark())] {
            if !tables.sets.is_empty(set) {
                tables.add(nat, "KUBE-NODE-PORT", Rule::new([Match::Carries(protocol), comment(set), Match::InSet(set, by)], target));
            }
        }
    }
    if !tables.sets.is_empty(CLUSTER_IP) {
        let mut matches = vec![comment(CLUSTER_IP), Match::InSet(CLUSTER_IP, TO_PORT)];
        if !config.masquerade_all {
            matches.push(Match::NotSource(config.cluster_cidr));
        }
        tables.add(nat, services, Rule::new(matches, mark()));
    }
    of_set(tables, nat, services, EXTERNAL_IP, TO_PORT, mark());
    for set in [EXTERNAL_IP, EXTERNAL_IP_LOCAL] {
        if tables.sets.is_empty(set) {
            continue;
        }
        let said = || [comment(set), Match::InSet(set, TO_PORT)];
        let outside = [Match::NotBridged(machine.pod_cidr), Match::NotFromLocal];
        tables.add(nat, services, Rule::new(said().into_iter().chain(outside), Target::Accept));
        tables.add(nat, services, Rule::new(said().into_iter().chain([Match::ToLocal]), Target::Accept));
    }
    tables.add(nat, services, Rule::new([Match::ToLocal], Target::Jump(Str::Static("KUBE-NODE-PORT"))));
    tables.add(nat, "KUBE-LOAD-BALANCER", Rule::new([], mark()));
    for set in [CLUSTER_IP, LOAD_BALANCER] {
        if !tables.sets.is_empty(set) {
            tables.add(nat, services, Rule::new([Match::InSet(set, TO_PORT)], Target::Accept));
        }
    }
    masquerading(tables);
}

fn filter_rules(tables: &mut Tables, closed: &[Service]) {
    let filter = TableName::Filter;
    of_set(tables, filter, "KUBE-PROXY-FIREWALL", LOAD_BALANCER_FW, TO_PORT, Target::Jump(Str::Static("KUBE-SOURCE-RANGES-FIREWALL")));
    of_set(tables, filter, "KUBE-SOURCE-RANGES-FIREWALL", SOURCE_CIDR, TO_PORT_FROM, Target::Return);
    of_set(tables, filter, "KUBE-SOURCE-RANGES-FIREWALL", SOURCE_IP, TO_PORT_FROM, Target::Return);
    tables.add(filter, "KUBE-SOURCE-RANGES-FIREWALL", Rule::new([], Target::Drop));
    for service in closed {
        let from = Match::Source(Cidr::new(service.address, 32));
        let to = Match::Virtual(service.address, service.protocol, service.port);
        tables.add(filter, "KUBE-IPVS-OUT-FILTER", Rule::new([from, to], Target::Drop));
    }
    let said = |text: &'static str| Match::Comment(Str::Static(text));
    let marked = [said("kubernetes forwarding rules"), Match::Marked(MASQUERADE)];
    tables.add(filter, "KUBE-FORWARD", Rule::new(marked, Target::Accept));
    let following = [said("kubernetes forwarding conntrack rule"), Match::State(&[State::Related, State::Established])];
    tables.add(filter, "KUBE-FORWARD", Rule::new(following, Target::Accept));
    let health = [comment(HEALTH_CHECK), Match::InSet(HEALTH_CHECK, TO)];
    tables.add(filter, "KUBE-NODE-PORT", Rule::new(health, Target::Accept));
    // Ports of the node itself aren't to be reached by way of virtual servers' addresses.
    for (set, by) in
        [(LOAD_BALANCER, TO_PORT), (CLUSTER_IP, TO_PORT), (EXTERNAL_IP, TO_PORT), (EXTERNAL_IP_LOCAL, TO_PORT), (HEALTH_CHECK, TO)]
    {
        tables.add(filter, "KUBE-IPVS-FILTER", Rule::new([Match::InSet(set, by)], Target::Return));
    }
    let other = [Match::State(&[State::New]), Match::InSet(BOUND, TO)];
    tables.add(filter, "KUBE-IPVS-FILTER", Rule::new(other, Target::Reject));
}
