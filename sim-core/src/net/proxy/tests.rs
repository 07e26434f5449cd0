//! The rules in each mode against what topology decides: the same backends, with the same probability.

use super::services::{Backend, Front, Services};
use super::testing::{backend, front, going, ip, machine, node, outcomes, services};
use super::topology::{Fate, Origin};
use crate::kernel::time::SimDuration;
use crate::net::config::{NetworkConfig, ProxyMode};
use crate::net::packet::{Cidr, Packet, Protocol};
use crate::net::proxy::ruleset::Ruleset;

/// The modes that choose by chance alone.
const BY_CHANCE: [ProxyMode; 2] = [ProxyMode::Iptables, ProxyMode::Nftables];

fn ruleset(services: &Services, mode: ProxyMode) -> Ruleset {
    Ruleset::of(services, &machine(), &node(), &NetworkConfig { proxy: mode, ..NetworkConfig::default() })
}

/// What becomes of a connection: on the way in, then on to whoever it was redirected to.
fn way(rules: &Ruleset, source: &str, destination: &str, port: u16) -> Vec<(String, String)> {
    let local = [ip("192.168.0.11"), ip("10.244.1.0"), ip("10.244.1.1")];
    let packet = Packet::new(Protocol::Tcp, (ip(source), 40_000), (ip(destination), port));
    outcomes(rules, &packet, &local).into_iter().map(|(what, chance)| (what, format!("{chance:.6}"))).collect()
}

/// What the fast path says of the same.
fn fate(services: &Services, origin: Origin, masquerade: &str) -> Vec<(String, String)> {
    let port = services.iter().next().expect("a port");
    match port.fate(&node(), origin) {
        Fate::Reject => vec![("reject".into(), "1.000000".into())],
        Fate::Drop => vec![("drop".into(), "1.000000".into())],
        Fate::Choose(among) => {
            let chance = format!("{:.6}", 1.0 / among.len() as f64);
            let mut all: Vec<_> = among.iter().map(|at| (format!("{}{masquerade}", port.endpoints()[*at]), chance.clone())).collect();
            all.sort();
            all
        }
    }
}

fn pods() -> Vec<Backend> {
    vec![backend("10.244.1.5", 8080, "node-1"), backend("10.244.2.5", 8080, "node-2"), backend("10.244.3.5", 8080, "node-3")]
}

#[track_caller]
fn check(front: Front, endpoints: Vec<Backend>) {
    let front = Front { node_port: 30_080, load_balancer_ips: vec![ip("203.0.113.7")], ..front };
    let known = services([(front.clone(), endpoints)]);
    let masqueraded = " masqueraded";
    // Whoever comes to an external address under the policy Cluster is masqueraded; under Local only the node itself.
    let (kept, own) = if front.external_local { ("", masqueraded) } else { (masqueraded, masqueraded) };
    for mode in BY_CHANCE {
        let rules = ruleset(&known, mode);
        let internal = way(&rules, "10.244.1.9", "10.96.3.4", 80);
        assert_eq!(internal, fate(&known, Origin::Internal, ""), "a pod to the cluster IP, {mode:?}");
        let outside = way(&rules, "198.51.100.1", "10.96.3.4", 80);
        assert_eq!(outside, fate(&known, Origin::Internal, masqueraded), "somebody outside to the cluster IP, {mode:?}");
        for (address, port) in [("192.168.0.11", 30_080), ("203.0.113.7", 80)] {
            let outside = way(&rules, "198.51.100.1", address, port);
            assert_eq!(outside, fate(&known, Origin::External, kept), "somebody outside to {address}, {mode:?}");
            let node = way(&rules, "192.168.0.11", address, port);
            let short = fate(&known, Origin::ShortCircuit, own);
            // OUTPUT doesn't lead to KUBE-EXTERNAL-SERVICES: what a node itself sends to an address outside just goes there.
            let leaves = mode == ProxyMode::Iptables && port == 80 && short[0].0 == "reject";
            let short = if leaves { vec![("203.0.113.7:80".into(), "1.000000".into())] } else { short };
            assert_eq!(node, short, "the node to {address}, {mode:?}");
            let pod = way(&rules, "10.244.1.9", address, port);
            assert_eq!(pod, fate(&known, Origin::ShortCircuit, kept), "a pod to {address}, {mode:?}");
        }
    }
}

#[test]
fn rules_choose_as_the_fast_path_does() {
    let local = Front { external_local: true, internal_local: true, ..front() };
    for front in [front(), Front { external_local: true, ..front() }, Front { internal_local: true, ..front() }, local] {
        check(front.clone(), pods());
        check(front.clone(), pods()[1..].to_vec());
        check(front.clone(), Vec::new());
        // Nobody is ready here, but somebody still serves.
        check(front.clone(), vec![going("10.244.1.5", 8080, "node-1"), going("10.244.1.6", 8080, "node-1")]);
        check(front.clone(), vec![going("10.244.1.5", 8080, "node-1"), backend("10.244.2.5", 8080, "node-2")]);
        check(front, vec![Backend { ready: false, serving: false, ..backend("10.244.1.5", 8080, "node-1") }]);
    }
}

#[test]
fn hints_keep_traffic_near() {
    let hinted = |zones: [&'static str; 3]| -> Vec<Backend> {
        pods().into_iter().zip(zones).map(|(pod, zone)| Backend { zone_hints: vec![zone.into()], ..pod }).collect()
    };
    check(front(), hinted(["a", "b", "a"]));
    check(front(), hinted(["b", "b", "c"]));
    check(Front { external_local: true, ..front() }, hinted(["b", "a", "a"]));
    let mut some = hinted(["a", "b", "b"]);
    some[2].zone_hints.clear();
    check(front(), some);
    let near = services([(front(), hinted(["a", "b", "a"]))]);
    assert_eq!(near.iter().next().map(|port| port.choices(&node(), Origin::Internal)), Some(vec![0, 2]));
    let to_nodes = pods().into_iter().map(|pod| Backend { node_hints: vec![pod.node.clone()], zone_hints: vec!["a".into()], ..pod });
    let same_node = services([(front(), to_nodes.collect())]);
    assert_eq!(same_node.iter().next().map(|port| port.choices(&node(), Origin::Internal)), Some(vec![0]));
}

#[test]
fn a_pod_that_reaches_itself_gets_another_source() {
    for mode in BY_CHANCE {
        let rules = ruleset(&services([(front(), pods()[..1].to_vec())]), mode);
        assert_eq!(way(&rules, "10.244.1.5", "10.96.3.4", 80)[0].0, "10.244.1.5:8080 masqueraded");
        assert_eq!(way(&rules, "10.244.1.6", "10.96.3.4", 80)[0].0, "10.244.1.5:8080");
    }
}

#[test]
fn a_load_balancer_lets_in_whom_it_is_told_to() {
    let ranges = vec![Cidr::parse("198.51.100.0/24").expect("a prefix")];
    let guarded = Front { load_balancer_ips: vec![ip("203.0.113.7")], source_ranges: ranges, ..front() };
    for mode in BY_CHANCE {
        let rules = ruleset(&services([(guarded.clone(), pods()[..1].to_vec())]), mode);
        assert_eq!(way(&rules, "198.51.100.9", "203.0.113.7", 80)[0].0, "10.244.1.5:8080 masqueraded");
        assert_eq!(way(&rules, "198.51.101.9", "203.0.113.7", 80)[0].0, "drop");
    }
}

/// Everything that a Service can have, for text.
pub(super) fn everything() -> Services {
    let lb = Front {
        node_port: 30_443,
        external_ips: vec![ip("192.0.2.9")],
        load_balancer_ips: vec![ip("203.0.113.7")],
        source_ranges: vec![Cidr::parse("198.51.100.0/24").expect("a prefix"), Cidr::parse("192.168.0.0/16").expect("a prefix")],
        affinity: Some(SimDuration::from_secs(10_800)),
        internal_local: false,
        external_local: true,
        health_check_node_port: 31_000,
        ..front()
    };
    let named = |service: &'static str, last: u8, front: Front| Front {
        name: super::services::PortName { service: service.into(), ..front.name },
        cluster_ip: std::net::Ipv4Addr::new(10, 96, 3, last),
        ..front
    };
    services([
        (front(), pods()),
        (named("all", 5, lb), pods()),
        (named("none", 6, Front { node_port: 30_081, ..front() }), Vec::new()),
        (named("dns", 7, Front { protocol: Protocol::Udp, port: 53, ..front() }), pods()[..2].to_vec()),
        (named("far", 8, Front { internal_local: true, ..front() }), pods()[1..].to_vec()),
    ])
}

#[test]
fn print_for_tools() {
    for mode in BY_CHANCE {
        let rules = ruleset(&everything(), mode);
        println!("#### {mode:?} text\n{}#### {mode:?} saved\n{}#### end", rules.text(), rules.saved());
    }
}
