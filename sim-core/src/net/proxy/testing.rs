//! Services and nodes for tests.

use crate::kernel::time::SimTime;
use crate::net::netfilter::{Affinity, Context, Hook, Ruling, State};
use crate::net::packet::{Cidr, Packet, Protocol};
use crate::net::proxy::ruleset::Ruleset;
use crate::net::proxy::services::{Backend, Front, PortName, ServicePort, Services};
use crate::net::proxy::topology::NodeFacts;
use crate::net::world::Machine;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

pub fn ip(text: &str) -> Ipv4Addr {
    text.parse().expect("an address")
}

pub fn backend(address: &str, port: u16, node: &'static str) -> Backend {
    Backend {
        address: ip(address),
        port,
        node: node.into(),
        zone: "".into(),
        ready: true,
        serving: true,
        terminating: false,
        zone_hints: Vec::new(),
        node_hints: Vec::new(),
        pod: crate::api::meta::Uid::NONE,
    }
}

/// One that still serves on its way out.
pub fn going(address: &str, port: u16, node: &'static str) -> Backend {
    Backend { ready: false, terminating: true, ..backend(address, port, node) }
}

/// `default/web:http` at 10.96.3.4:80 over TCP.
pub fn front() -> Front {
    Front {
        name: PortName { namespace: "default".into(), service: "web".into(), port: "http".into() },
        protocol: Protocol::Tcp,
        cluster_ip: ip("10.96.3.4"),
        port: 80,
        node_port: 0,
        external_ips: Vec::new(),
        load_balancer_ips: Vec::new(),
        source_ranges: Vec::new(),
        affinity: None,
        internal_local: false,
        external_local: false,
        health_check_node_port: 0,
    }
}

pub fn services(ports: impl IntoIterator<Item = (Front, Vec<Backend>)>) -> Services {
    Services::with(ports.into_iter().map(|(front, endpoints)| ServicePort::with(front, endpoints)))
}

/// node-1 at 192.168.0.11 with pods 10.244.1.0/24.
pub fn machine() -> Machine {
    Machine { number: 1, name: "node-1".into(), address: ip("192.168.0.11"), pod_cidr: Cidr::parse("10.244.1.0/24"), up: true }
}

pub fn node() -> NodeFacts {
    NodeFacts { name: "node-1".into(), zone: "a".into() }
}

/// What becomes of a connection in each case, with its probability: every choice is tried.
pub fn outcomes(rules: &Ruleset, packet: &Packet, local: &[Ipv4Addr]) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    let mut open = vec![Vec::new()];
    while let Some(script) = open.pop() {
        let (mut at, mut chance, mut more) = (0, 1.0, Vec::new());
        let mut choose = |many: u32| {
            let now = script.get(at).copied().unwrap_or_else(|| {
                more.extend((1..many).map(|other| (at, other)));
                0
            });
            (at, chance) = (at + 1, chance / f64::from(many));
            now
        };
        let (packet, ruling) = send(rules, packet, local, &mut choose);
        let taken = |upto: usize| (0..upto).map(|n| script.get(n).copied().unwrap_or(0));
        for (upto, other) in more {
            open.push(taken(upto).chain([other]).collect());
        }
        let masquerade = if packet.mark & super::iptables::MASQUERADE == 0 { "" } else { " masqueraded" };
        let what = match ruling {
            Ruling::Drop => "drop".to_owned(),
            Ruling::Reject => "reject".to_owned(),
            _ => format!("{}:{}{masquerade}", packet.destination, packet.destination_port),
        };
        *found.entry(what).or_insert(0.0) += chance;
    }
    found
}

/// Leads a packet that begins a connection in, and on to whoever it is for then.
pub fn send(rules: &Ruleset, packet: &Packet, local: &[Ipv4Addr], choose: &mut dyn FnMut(u32) -> u32) -> (Packet, Ruling) {
    let (mut packet, mut affinity) = (packet.clone(), Affinity::default());
    let now = SimTime::from_secs(100);
    let mut context = Context { local, state: State::New, redirected: false, now, choose, affinity: &mut affinity };
    let is_own = context.is_local(packet.source);
    let first = if is_own { Hook::Output } else { Hook::Prerouting };
    let mut ruling = rules.evaluate(first, &mut packet, &mut context).0;
    let next = match (is_own, context.is_local(packet.destination)) {
        (_, true) => Some(Hook::Input),
        (false, false) => Some(Hook::Forward),
        (true, false) => None,
    };
    if let Some(next) = next.filter(|_| ruling.goes_on()) {
        ruling = rules.evaluate(next, &mut packet, &mut context).0;
    }
    (packet, ruling)
}
