//! The rules in each mode against what topology decides: the same backends, with the same probability.

use super::services::{Backend, Front, Services};
use super::testing::{backend, front, going, ip, machine, node, outcomes, services};
use super::topology::{Fate, Origin};
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::config::{IpvsScheduler, NetworkConfig, ProxyMode};
use crate::net::netfilter::{Affinity, Context, Hook, Ruling, State};
use crate::net::packet::{Cidr, Packet, Protocol};
use crate::net::proxy::ruleset::Ruleset;

/// The modes that choose by chance alone.
const BY_CHANCE: [ProxyMode; 2] = [ProxyMode::Iptables, ProxyMode::Nftables];

fn ruleset(services: &Services, mode: ProxyMode) -> Ruleset {
    Ruleset::of(services, &machine(), &node(), &NetworkConfig { proxy: mode, ..NetworkConfig::default() })
}

/// What becomes of a connection: on the way in, then on to whoever it was redirected to.
fn way(rules: &Ruleset, source: &str, destination: &str, port: u16) -> Vec<(String, String)> {
    let mut local = vec![ip("192.168.0.11"), ip("10.244.1.0"), ip("10.244.1.1")];
    local.extend(rules.bound());
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
fn virtual_servers_take_turns() {
    let local = Front { external_local: true, node_port: 30_080, load_balancer_ips: vec![ip("203.0.113.7")], ..front() };
    let rules = ruleset(&services([(local.clone(), pods())]), ProxyMode::Ipvs(IpvsScheduler::RoundRobin));
    assert_eq!(way(&rules, "10.244.1.9", "10.96.3.4", 80)[0].0, "10.244.1.5:8080");
    assert_eq!(way(&rules, "198.51.100.1", "10.96.3.4", 80)[0].0, "10.244.1.5:8080 masqueraded");
    for (address, port) in [("192.168.0.11", 30_080), ("203.0.113.7", 80)] {
        assert_eq!(way(&rules, "198.51.100.1", address, port)[0].0, "10.244.1.5:8080");
        assert_eq!(way(&rules, "192.168.0.11", address, port)[0].0, "10.244.1.5:8080");
    }
    assert_eq!(way(&rules, "198.51.100.1", "10.96.3.4", 22)[0].0, "reject", "ports of the node aren't reached by a cluster IP");
    let cluster = Front { external_local: false, ..local.clone() };
    let rules = ruleset(&services([(cluster, pods())]), ProxyMode::Ipvs(IpvsScheduler::RoundRobin));
    assert_eq!(way(&rules, "198.51.100.1", "203.0.113.7", 80)[0].0, "10.244.1.5:8080 masqueraded");
    assert_eq!(way(&rules, "198.51.100.1", "192.168.0.11", 30_080)[0].0, "10.244.1.5:8080 masqueraded");
    let none = ruleset(&services([(local.clone(), Vec::new())]), ProxyMode::Ipvs(IpvsScheduler::RoundRobin));
    assert_eq!(way(&none, "10.244.1.9", "10.96.3.4", 80)[0].0, "reject");
    let far = ruleset(&services([(local, pods()[1..].to_vec())]), ProxyMode::Ipvs(IpvsScheduler::RoundRobin));
    assert_eq!(way(&far, "198.51.100.1", "203.0.113.7", 80)[0].0, "10.244.2.5:8080", "rather another node's than none");
}

#[track_caller]
fn shows(text: &str, lines: &str) {
    let missing: Vec<&str> =
        lines.lines().map(str::trim).filter(|line| !line.is_empty() && !text.lines().any(|l| l.trim() == *line)).collect();
    assert!(missing.is_empty(), "missing: {missing:#?}\nin:\n{text}");
}

// What iptables-save (both variants) and `nft list table` print after these rules were loaded was compared with what is here once, in whole.

#[test]
fn text_of_iptables() {
    let rules = ruleset(&everything(), ProxyMode::Iptables);
    shows(
        &rules.text(),
        r#"
        :KUBE-SVC-CDGGSHYLG3RE2FKL - [0:0]
        -A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
        -A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
        -A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
        -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
        -A KUBE-SERVICES -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.3.4 --dport 80 -j KUBE-SVC-CDGGSHYLG3RE2FKL
        -A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.3.4 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
        -A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.1.5:8080" -m statistic --mode random --probability 0.3333333333 -j KUBE-SEP-AFGSLHOD2HFNCBX4
        -A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.2.5:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-OAIGUPJHOE4YU7HS
        -A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.3.5:8080" -j KUBE-SEP-HQQLGVWC5OFWA4VC
        -A KUBE-SEP-AFGSLHOD2HFNCBX4 -m comment --comment default/web:http -s 10.244.1.5 -j KUBE-MARK-MASQ
        -A KUBE-SEP-AFGSLHOD2HFNCBX4 -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.1.5:8080
        -A KUBE-SERVICES -m comment --comment "default/none:http has no endpoints" -m tcp -p tcp -d 10.96.3.6 --dport 80 -j REJECT
        -A KUBE-SERVICES -m comment --comment "default/far:http has no local endpoints" -m tcp -p tcp -d 10.96.3.8 --dport 80 -j DROP
        -A KUBE-EXTERNAL-SERVICES -m comment --comment "default/none:http has no endpoints" -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30081 -j REJECT
        -A KUBE-NODEPORTS -m comment --comment default/all:http -m tcp -p tcp --dport 30443 -j KUBE-EXT-4ZI3GEQLXIJGVYB4
        -A KUBE-NODEPORTS -m comment --comment "default/all:http health check node port" -m tcp -p tcp --dport 31000 -j ACCEPT
        -A KUBE-SVL-4ZI3GEQLXIJGVYB4 -m comment --comment "default/all:http -> 10.244.1.5:8080" -m recent --name KUBE-SEP-LE5QNQYROAFXLGEL --rcheck --seconds 10800 --reap -j KUBE-SEP-LE5QNQYROAFXLGEL
        -A KUBE-SEP-LE5QNQYROAFXLGEL -m comment --comment default/all:http -m recent --name KUBE-SEP-LE5QNQYROAFXLGEL --set -m tcp -p tcp -j DNAT --to-destination 10.244.1.5:8080
        -A KUBE-FW-4ZI3GEQLXIJGVYB4 -m comment --comment "default/all:http loadbalancer IP" -s 198.51.100.0/24 -j KUBE-EXT-4ZI3GEQLXIJGVYB4
        -A KUBE-FW-4ZI3GEQLXIJGVYB4 -m comment --comment "other traffic to default/all:http will be dropped by KUBE-PROXY-FIREWALL"
        -A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
        -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
        "#,
    );
    shows(
        &rules.saved(),
        r#"
        -A KUBE-SERVICES -d 10.96.3.4/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-CDGGSHYLG3RE2FKL
        -A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.1.5:8080" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-AFGSLHOD2HFNCBX4
        -A KUBE-SEP-AFGSLHOD2HFNCBX4 -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.1.5:8080
        -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
        -A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
        "#,
    );
}

#[test]
fn a_thousand_endpoints_go_without_comments() {
    let many = (0..1_001u32).map(|n| backend(&std::net::Ipv4Addr::from(0x0af4_0000 + n).to_string(), 80, "node-1")).collect();
    let text = ruleset(&services([(front(), many)]), ProxyMode::Iptables).text();
    assert!(!text.contains("->") && text.contains("--probability 0.0009990010"), "{text}");
}

#[test]
fn text_of_nftables() {
    shows(
        &ruleset(&everything(), ProxyMode::Nftables).text(),
        r#"
        table ip kube-proxy {
        elements = { 10.96.3.4 . tcp . 80 : goto service-SUSTUHLJ-default/web/tcp/http,
        203.0.113.7 . tcp . 80 : goto external-IQGKZ5QH-default/all/tcp/http }
        elements = { 10.96.3.6 . tcp . 80 comment "default/none:http" : goto reject-chain,
        10.96.3.8 . tcp . 80 comment "default/far:http" : drop }
        elements = { tcp . 30081 comment "default/none:http" : goto reject-chain }
        ip daddr 10.96.3.4 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
        ip saddr != { 192.168.0.0/16, 198.51.100.0/24, 203.0.113.7 } drop
        update @affinity-XBGSKHG6-default/all/tcp/http__10.244.1.5/8080 { ip saddr }
        timeout 3h
        numgen random mod 1 vmap { 0 : goto endpoint-XBGSKHG6-default/all/tcp/http__10.244.1.5/8080 }
        "#,
    );
}

#[test]
fn text_of_ipvs() {
    shows(
        &ruleset(&everything(), ProxyMode::Ipvs(IpvsScheduler::LeastConnection)).saved(),
        r#"
        address add 10.96.3.4/32 dev kube-ipvs0
        -A -t 10.96.3.5:80 -s lc -p 10800
        -a -u 10.96.3.7:53 -r 10.244.1.5:8080 -m -w 1
        -A -t 10.96.3.6:80 -s lc
        -A -t 192.168.0.11:30443 -s lc -p 10800
        add KUBE-CLUSTER-IP 10.96.3.4,tcp:80
        add KUBE-LOOP-BACK 10.244.1.5,tcp:8080,10.244.1.5
        add KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.7,tcp:80,198.51.100.0/24
        -A KUBE-SERVICES ! -s 10.244.0.0/16 -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
        -A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE
        "#,
    );
}

/// Where clients of a port with affinity come to, each at a time; chance always says the number that follows.
fn sticky(mode: ProxyMode, clients: &[(u64, &str, u32)]) -> Vec<String> {
    let rules = ruleset(&services([(Front { affinity: Some(SimDuration::from_secs(60)), ..front() }, pods())]), mode);
    let mut affinity = Affinity::default();
    let visits = clients.iter().map(|(secs, client, lot)| {
        let mut packet = Packet::new(Protocol::Tcp, (ip(client), 40_000), (ip("10.96.3.4"), 80));
        // Of three rules, the one of this number hits: its chance is one in what is left.
        let mut choose = |left: u32| if mode == ProxyMode::Nftables { *lot } else { u32::from(3 - left != *lot) };
        let (now, local) = (SimTime::from_secs(*secs), &[ip("192.168.0.11")]);
        let mut context = Context { local, state: State::New, redirected: false, now, choose: &mut choose, affinity: &mut affinity };
        rules.evaluate(Hook::Prerouting, &mut packet, &mut context);
        packet.destination.to_string()
    });
    visits.collect()
}

#[test]
fn clients_stay_with_their_backend() {
    let visits = [(0, "10.244.1.9", 1), (50, "10.244.1.9", 0), (100, "10.244.1.9", 2), (101, "10.244.1.8", 2), (200, "10.244.1.9", 0)];
    for mode in BY_CHANCE {
        assert_eq!(sticky(mode, &visits), ["10.244.2.5", "10.244.2.5", "10.244.2.5", "10.244.3.5", "10.244.1.5"], "{mode:?}");
    }
}

#[test]
fn every_rule_says_why() {
    let rules = ruleset(&services([(front(), pods()[..1].to_vec())]), ProxyMode::Iptables);
    let mut packet = Packet::new(Protocol::Tcp, (ip("10.244.1.5"), 40_000), (ip("10.96.3.4"), 80));
    let (mut affinity, mut choose) = (Affinity::default(), |_: u32| 0);
    let now = SimTime::ZERO;
    let mut context = Context { local: &[], state: State::New, redirected: false, now, choose: &mut choose, affinity: &mut affinity };
    let (ruling, passed) = rules.evaluate(Hook::Prerouting, &mut packet, &mut context);
    assert_eq!(ruling, Ruling::Dnat { address: ip("10.244.1.5"), port: 8080 });
    let story: Vec<String> = passed.iter().map(ToString::to_string).collect();
    assert_eq!(
        story,
        [
            "nat PREROUTING: kubernetes service portals: any packet; goes on in KUBE-SERVICES",
            "nat KUBE-SERVICES: default/web:http cluster IP: to 10.96.3.4, tcp port 80; goes on in KUBE-SVC-CDGGSHYLG3RE2FKL",
            "nat KUBE-SVC-CDGGSHYLG3RE2FKL: default/web:http -> 10.244.1.5:8080: any packet; goes on in KUBE-SEP-AFGSLHOD2HFNCBX4",
            "nat KUBE-SEP-AFGSLHOD2HFNCBX4: default/web:http: from 10.244.1.5; goes on in KUBE-MARK-MASQ",
            "nat KUBE-MARK-MASQ: any packet; is marked with 0x4000: its source is to be replaced when it leaves",
            "nat KUBE-SEP-AFGSLHOD2HFNCBX4: default/web:http: tcp; is redirected to 10.244.1.5:8080",
        ]
    );
    let (ruling, passed) = rules.evaluate(Hook::Postrouting, &mut packet, &mut context);
    assert_eq!((ruling, packet.mark, passed.len()), (Ruling::Masquerade, 0, 3));
}
