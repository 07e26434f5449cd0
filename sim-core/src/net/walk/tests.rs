//! The lab of two nodes with three pods each, walked: as recorded with tcpdump, and each fact of a real kernel's data path.

use super::*;
use crate::api::meta::StrMap;
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::config::{Backend, IpvsScheduler, ProxyMode};
use crate::net::interfaces::{bridge_mac, pod_mac, uplink_mac, veth_name};
use crate::net::netfilter::Affinity;
use crate::net::overlay::Lease;
use crate::net::packet::{Cidr, Mac};
use crate::net::proxy::ruleset::Ruleset;
use crate::net::proxy::services::Front;
use crate::net::proxy::testing::{backend, front, services};
use crate::net::proxy::topology::NodeFacts;
use crate::net::world::{Listener, Machine, Sandbox};
use std::collections::{BTreeMap, BTreeSet};

const SEED: u64 = 7;
const VIP: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 50);
const NODE_PORT: u16 = 30_080;
const MODES: [ProxyMode; 3] = [ProxyMode::Iptables, ProxyMode::Nftables, ProxyMode::Ipvs(IpvsScheduler::RoundRobin)];
const CLIENT: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);

/// The lab: two nodes with three pods each.
struct Lab {
    config: NetworkConfig,
    machines: Vec<Machine>,
    pods: Vec<Sandbox>,
    listening: BTreeSet<(u32, u16)>,
    leases: BTreeMap<u32, Leases>,
    /// Whom each node's kube-proxy knows behind `default/web:http`, at 10.96.0.50:80 and node port 30080.
    proxies: BTreeMap<u32, Vec<(Ipv4Addr, u16)>>,
    front: Front,
    policies: Option<Policies>,
    entrances: Vec<u32>,
}

fn pod(node: u32, place: u32) -> u32 {
    node * 10 + place
}

fn address(node: u32, place: u32) -> Ipv4Addr {
    Ipv4Addr::new(10, 244, node as u8, place as u8 + 1)
}

fn node_address(node: u32) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 50, 10 + node as u8)
}

impl Lab {
    fn new(backend: Backend) -> Lab {
        let underlay = Cidr::new(Ipv4Addr::new(192, 168, 50, 0), 24);
        let config = NetworkConfig { backend, underlay, ..NetworkConfig::default() };
        let subnet = |node: u32| Cidr::new(Ipv4Addr::new(10, 244, node as u8, 0), 24);
        let machine = |number: u32| Machine {
            number,
            name: format!("node{number}").into(),
            address: node_address(number),
            pod_cidr: Some(subnet(number)),
            up: true,
        };
        let sandbox = |(node, place): (u32, u32)| Sandbox {
            pod: pod(node, place),
            namespace: "default".into(),
            name: format!("pod-{node}-{place}").into(),
            labels: StrMap::default(),
            node,
            address: address(node, place),
            host_network: false,
        };
        let mut leases = Leases::new(SEED);
        for node in [1, 2] {
            let (name, vtep_mac) = (format!("node{node}").into(), crate::net::overlay::vtep_mac(SEED, node));
            let lease = Lease { node, name, subnet: subnet(node), public_ip: node_address(node), backend: Str::EMPTY, vtep_mac };
            leases.set(node, Some(lease));
        }
        let places = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)];
        let proxy = vec![(address(2, 1), 8080)];
        Lab {
            config,
            machines: [1, 2].map(machine).to_vec(),
            pods: places.map(sandbox).to_vec(),
            listening: places.map(|(node, place)| (pod(node, place), 8080)).into_iter().collect(),
            leases: [1, 2].map(|node| (node, leases.clone())).into_iter().collect(),
            proxies: [1, 2].map(|node| (node, proxy.clone())).into_iter().collect(),
            front: Front { cluster_ip: VIP, node_port: NODE_PORT, ..front() },
            policies: None,
            entrances: Vec::new(),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Lab)) -> Lab {
        change(&mut self);
        self
    }

    /// All goes to this pod.
    fn to(self, node: u32, place: u32) -> Lab {
        self.with(|lab| lab.proxies.values_mut().for_each(|proxy| *proxy = vec![(address(node, place), 8080)]))
    }

    fn walk(&self, from: End, target: Target) -> Walk {
        super::walk(self, from, &target)
    }
}

impl World for Lab {
    fn now(&self) -> SimTime {
        SimTime::from_secs(100)
    }
    fn machine(&self, node: u32) -> Option<Machine> {
        self.machines.iter().find(|machine| machine.number == node).cloned()
    }
    fn machines(&self) -> Vec<Machine> {
        self.machines.clone()
    }
    fn machine_at(&self, address: Ipv4Addr) -> Option<u32> {
        self.machines.iter().find(|machine| machine.address == address).map(|machine| machine.number)
    }
    fn sandbox_at(&self, address: Ipv4Addr) -> Option<Sandbox> {
        self.pods.iter().find(|pod| pod.address == address && !pod.host_network).cloned()
    }
    fn sandbox_of(&self, pod: u32) -> Option<Sandbox> {
        self.pods.iter().find(|sandbox| sandbox.pod == pod).cloned()
    }
    fn sandboxes_on(&self, node: u32) -> Vec<Sandbox> {
        self.pods.iter().filter(|pod| pod.node == node).cloned().collect()
    }
    fn listener(&self, pod: u32, _protocol: Protocol, port: u16) -> Option<Listener> {
        let later = SimTime::from_secs(1_000_000);
        let listener = Listener {
            container: 0,
            attempt: 0,
            latency: SimDuration::ZERO,
            capacity: 0,
            accepts_from: SimTime::ZERO,
            accepts_until: later,
            ends: later,
            is_killed: false,
        };
        self.listening.contains(&(pod, port)).then_some(listener)
    }
}

impl Fabric for Lab {
    fn world(&self) -> &dyn World {
        self
    }
    fn config(&self) -> &NetworkConfig {
        &self.config
    }
    fn seed(&self) -> u64 {
        SEED
    }
    fn leases(&self, node: u32) -> Option<Leases> {
        self.leases.get(&node).cloned()
    }
    fn rules(&self, node: u32) -> Option<Arc<dyn Rules + '_>> {
        let backends = self.proxies.get(&node)?;
        let on = |address: Ipv4Addr| {
            self.pods.iter().find(|pod| pod.address == address).map_or("", |pod| if pod.node == 1 { "node1" } else { "node2" })
        };
        let backends = backends.iter().map(|(address, port)| backend(&address.to_string(), *port, on(*address))).collect();
        let services = services([(self.front.clone(), backends)]);
        let machine = self.machine(node)?;
        let facts = NodeFacts { name: machine.name.clone(), zone: Str::EMPTY };
        let rules = Arc::new(Ruleset::of(&services, &machine, &facts, &self.config));
        Some(Arc::new(Written { rules, affinity: Affinity::default(), now: self.now(), seed: SEED }))
    }
    fn policies(&self, _node: u32) -> Option<Policies> {
        self.policies.clone()
    }
    fn entrances(&self, address: Ipv4Addr, _protocol: Protocol, _port: u16) -> Vec<u32> {
        if self.front.load_balancer_ips.contains(&address) { self.entrances.clone() } else { Vec::new() }
    }
}

/// An address on the link as the lab's script gives it out.
fn lab_mac(mac: Mac) -> String {
    for node in [1u32, 2] {
        let of_node = [(bridge_mac(SEED, node), "c0"), (uplink_mac(SEED, node), "e0"), (crate::net::overlay::vtep_mac(SEED, node), "f1")];
        if let Some((_, what)) = of_node.iter().find(|(known, _)| *known == mac) {
            return format!("02:00:00:00:0{node}:{what}");
        }
        if let Some(place) = (1..4).find(|place| pod_mac(SEED, pod(node, *place)) == mac) {
            return format!("02:42:0a:f4:0{node}:0{place}");
        }
    }
    mac.to_string()
}

/// A hop as the recordings have it.
fn recorded(hop: &Hop) -> String {
    let (place, interface) = match &hop.place {
        Place::Pod { name, .. } => (format!("ksim-{name}"), hop.interface.clone()),
        Place::Node(name) => {
            let port = (1..3).flat_map(|node| (1..4).map(move |place| (node, place)));
            let port = port.into_iter().find(|(node, place)| veth_name(SEED, pod(*node, *place)) == hop.interface);
            (format!("ksim-{name}"), port.map_or(hop.interface.clone(), |(_, place)| format!("veth{place}")))
        }
        Place::Underlay => ("ksim-fabric".to_owned(), hop.interface.replace("node", "n")),
        Place::Outside => ("outside".to_owned(), hop.interface.clone()),
    };
    let packet = hop.seen();
    let flags = if packet.dont_fragment { "DF" } else { "none" };
    let (from, to, length) = (packet.source, packet.destination, packet.length);
    let inner = format!("[{from} > {to} ttl={} ICMP len={length} {flags}]", packet.ttl);
    let (mac, headers) = match &packet.outer {
        None => (packet.source_mac, inner),
        Some(outer) => {
            let ends = format!("[{}.PORT > {}.{} ttl={}", outer.source, outer.destination, outer.destination_port, outer.ttl);
            let vni = format!("VNI={} in-eth {}>{}", outer.vni, lab_mac(packet.source_mac), lab_mac(packet.destination_mac));
            (outer.source_mac, format!("{ends} UDP len={} none] {inner} {vni}", length + 50))
        }
    };
    format!("{place:<15} {interface:<10} {:<3} smac={} {headers}", hop.direction.as_str(), lab_mac(mac))
}

/// Recorded with `tcpdump -i any` in each namespace of the lab, one ping each; times and what is opaque left out.
const VXLAN: &str = "\
ksim-pod-1-1    eth0       Out smac=02:42:0a:f4:01:01 [10.244.1.2 > 10.244.2.2 ttl=64 ICMP len=84 DF]
ksim-node1      veth1      P   smac=02:42:0a:f4:01:01 [10.244.1.2 > 10.244.2.2 ttl=64 ICMP len=84 DF]
ksim-node1      cni0       In  smac=02:42:0a:f4:01:01 [10.244.1.2 > 10.244.2.2 ttl=64 ICMP len=84 DF]
ksim-node1      flannel.1  Out smac=02:00:00:00:01:f1 [10.244.1.2 > 10.244.2.2 ttl=63 ICMP len=84 DF]
ksim-node1      eth0       Out smac=02:00:00:00:01:e0 [192.168.50.11.PORT > 192.168.50.12.8472 ttl=64 UDP len=134 none] [10.244.1.2 > 10.244.2.2 ttl=63 ICMP len=84 DF] VNI=1 in-eth 02:00:00:00:01:f1>02:00:00:00:02:f1
ksim-fabric     n1         P   smac=02:00:00:00:01:e0 [192.168.50.11.PORT > 192.168.50.12.8472 ttl=64 UDP len=134 none] [10.244.1.2 > 10.244.2.2 ttl=63 ICMP len=84 DF] VNI=1 in-eth 02:00:00:00:01:f1>02:00:00:00:02:f1
ksim-fabric     n2         Out smac=02:00:00:00:01:e0 [192.168.50.11.PORT > 192.168.50.12.8472 ttl=64 UDP len=134 none] [10.244.1.2 > 10.244.2.2 ttl=63 ICMP len=84 DF] VNI=1 in-eth 02:00:00:00:01:f1>02:00:00:00:02:f1
ksim-node2      eth0       In  smac=02:00:00:00:01:e0 [192.168.50.11.PORT > 192.168.50.12.8472 ttl=64 UDP len=134 none] [10.244.1.2 > 10.244.2.2 ttl=63 ICMP len=84 DF] VNI=1 in-eth 02:00:00:00:01:f1>02:00:00:00:02:f1
ksim-node2      flannel.1  In  smac=02:00:00:00:01:f1 [10.244.1.2 > 10.244.2.2 ttl=63 ICMP len=84 DF]
ksim-node2      cni0       Out smac=02:00:00:00:02:c0 [10.244.1.2 > 10.244.2.2 ttl=62 ICMP len=84 DF]
ksim-node2      veth1      Out smac=02:00:00:00:02:c0 [10.244.1.2 > 10.244.2.2 ttl=62 ICMP len=84 DF]
ksim-pod-2-1    eth0       In  smac=02:00:00:00:02:c0 [10.244.1.2 > 10.244.2.2 ttl=62 ICMP len=84 DF]";

/// The same by routes; the recording has no headers.
const HOST_GW: [&str; 2] = [
    "\
ksim-pod-1-1    eth0       Out smac=02:42:0a:f4:01:01
ksim-node1      veth1      P   smac=02:42:0a:f4:01:01
ksim-node1      cni0       In  smac=02:42:0a:f4:01:01
ksim-node1      eth0       Out smac=02:00:00:00:01:e0
ksim-fabric     n1         P   smac=02:00:00:00:01:e0
ksim-fabric     n2         Out smac=02:00:00:00:01:e0
ksim-node2      eth0       In  smac=02:00:00:00:01:e0
ksim-node2      cni0       Out smac=02:00:00:00:02:c0
ksim-node2      veth1      Out smac=02:00:00:00:02:c0
ksim-pod-2-1    eth0       In  smac=02:00:00:00:02:c0",
    "\
ksim-pod-2-1    eth0       Out smac=02:42:0a:f4:02:01
ksim-node2      veth1      P   smac=02:42:0a:f4:02:01
ksim-node2      cni0       In  smac=02:42:0a:f4:02:01
ksim-node2      eth0       Out smac=02:00:00:00:02:e0
ksim-fabric     n2         P   smac=02:00:00:00:02:e0
ksim-fabric     n1         Out smac=02:00:00:00:02:e0
ksim-node1      eth0       In  smac=02:00:00:00:02:e0
ksim-node1      cni0       Out smac=02:00:00:00:01:c0
ksim-node1      veth1      Out smac=02:00:00:00:01:c0
ksim-pod-1-1    eth0       In  smac=02:00:00:00:01:c0",
];

#[test]
fn hop_by_hop_as_recorded() {
    let told = |hops: &[Hop]| hops.iter().map(recorded).collect::<Vec<_>>();
    let walk = Lab::new(Backend::Vxlan).walk(End::Pod(11), Target::ping(address(2, 1), 56));
    assert_eq!(told(&walk.hops).join("\n"), VXLAN);
    assert_eq!(walk.outcome, Outcome::Answered);
    assert_eq!(walk.answer.len(), walk.hops.len());
    let walk = Lab::new(Backend::HostGw).walk(End::Pod(11), Target::ping(address(2, 1), 56));
    for (hops, expected) in [(&walk.hops, HOST_GW[0]), (&walk.answer, HOST_GW[1])] {
        let lines: Vec<String> = told(hops).iter().map(|line| line.split(" [").next().unwrap_or_default().to_owned()).collect();
        assert_eq!(lines.join("\n"), expected);
    }
    let ttls: Vec<u8> = walk.answer.iter().map(|hop| hop.seen().ttl).collect();
    assert_eq!(ttls, [64, 64, 64, 63, 63, 63, 63, 62, 62, 62]);
}

/// A walk in short: the interfaces with the time to live that is seen there, and how it ended.
fn short(walk: &Walk) -> String {
    let mut last = String::new();
    for hop in &walk.hops {
        let interface = if hop.interface.starts_with("veth") { "veth" } else { &hop.interface };
        last.push_str(&format!("{interface}:{} ", hop.seen().ttl));
    }
    match &walk.outcome {
        Outcome::Answered => format!("{last}answered"),
        Outcome::Failed { cause, seen, in_answer } => {
            format!("{last}{}{}: {seen}", if *in_answer { "answer " } else { "" }, cause.as_str())
        }
    }
}

#[track_caller]
fn check(lab: &Lab, from: End, target: Target, expected: &str) -> Walk {
    let walk = lab.walk(from, target);
    assert_eq!(short(&walk), expected, "\n{}", story(&walk));
    walk
}

/// As who the one that answers sees the client.
fn seen_from(walk: &Walk) -> Ipv4Addr {
    walk.hops.last().map_or(Ipv4Addr::UNSPECIFIED, |hop| hop.after.source)
}

#[test]
fn on_the_same_node_it_is_bridged() {
    let service = Target::tcp(VIP, 80);
    let bridged = Lab::new(Backend::Vxlan).to(1, 2);
    check(&bridged, End::Pod(11), Target::ping(address(1, 2), 56), "eth0:64 veth:64 veth:64 eth0:64 answered");
    let walk = check(&bridged, End::Pod(11), service, "eth0:64 veth:64 veth:64 eth0:64 answered");
    assert_eq!(walk.hops.last().map(|hop| hop.after.source_mac), Some(pod_mac(SEED, 11)), "the client's");
    assert_eq!(walk.answer.last().map(|hop| hop.after.source), Some(VIP), "translated back on the bridge");
    let past = Lab::new(Backend::Vxlan).to(1, 2).with(|lab| lab.config.bridge_netfilter = false);
    check(&past, End::Pod(11), Target::ping(address(1, 2), 56), "eth0:64 veth:64 veth:64 eth0:64 answered");
    let expected = "eth0:64 veth:64 cni0:64 cni0:63 veth:63 eth0:63 answer BridgeNetfilter: connection timed out";
    check(&past, End::Pod(11), service, expected);
    let remote = Lab::new(Backend::Vxlan).with(|lab| lab.config.bridge_netfilter = false);
    assert_eq!(remote.walk(End::Pod(11), service).outcome, Outcome::Answered, "the answer is routed, past no rule");
}

#[test]
fn to_itself_by_a_service() {
    let service = Target::tcp(VIP, 80);
    let hairpin = Lab::new(Backend::Vxlan).to(1, 1);
    let walk = check(&hairpin, End::Pod(11), service, "eth0:64 veth:64 veth:64 eth0:64 answered");
    assert_eq!(seen_from(&walk), Ipv4Addr::new(10, 244, 1, 1), "cni0's");
    let off = Lab::new(Backend::Vxlan).to(1, 1).with(|lab| lab.config.hairpin = false);
    check(&off, End::Pod(11), service, "eth0:64 veth:64 Hairpin: connection timed out");
    // Routed, it comes from the bridge itself, which may send it anywhere.
    let routed = off.with(|lab| lab.config.bridge_netfilter = false);
    check(&routed, End::Pod(11), service, "eth0:64 veth:64 cni0:64 cni0:63 veth:63 eth0:63 answered");
}

#[test]
fn who_the_pod_sees() {
    for mode in MODES {
        who_the_pod_sees_by(mode);
    }
}

fn who_the_pod_sees_by(mode: ProxyMode) {
    let (vtep, bridge) = (Ipv4Addr::new(10, 244, 1, 0), Ipv4Addr::new(10, 244, 1, 1));
    let by = |lab: &mut Lab| lab.config.proxy = mode;
    let (remote, local) = (Lab::new(Backend::Vxlan).with(by), Lab::new(Backend::Vxlan).to(1, 2).with(by));
    let node_port = Target::tcp(node_address(1), NODE_PORT);
    let cases = [
        (&remote, End::Node(1), Target::tcp(VIP, 80), vtep),
        (&local, End::Node(1), Target::tcp(VIP, 80), bridge),
        (&remote, End::Node(1), Target::tcp(address(2, 1), 8080), vtep),
        (&local, End::Node(1), Target::tcp(address(1, 2), 8080), bridge),
        (&remote, End::Outside(CLIENT), node_port, vtep),
        (&local, End::Outside(CLIENT), node_port, bridge),
        (&remote, End::Pod(11), Target::tcp(VIP, 80), address(1, 1)),
        (&remote, End::Pod(11), node_port, vtep),
        (&remote, End::Node(1), node_port, vtep),
        (&local, End::Node(2), Target::tcp(VIP, 80), Ipv4Addr::new(10, 244, 2, 0)),
    ];
    for (lab, from, target, expected) in cases {
        let walk = lab.walk(from, target);
        assert_eq!(walk.outcome, Outcome::Answered, "{}", story(&walk));
        assert_eq!(seen_from(&walk), expected, "{}", story(&walk));
        let answer = walk.answer.last().map(|hop| (hop.after.source, hop.after.source_port));
        assert_eq!(answer, Some((target.address, target.port)));
    }
    let unproxied = Lab::new(Backend::HostGw).walk(End::Node(1), Target::tcp(address(2, 1), 8080));
    assert_eq!((seen_from(&unproxied), &unproxied.outcome), (node_address(1), &Outcome::Answered));
    // To the world outside a pod looks like its node.
    let walk = remote.walk(End::Pod(11), Target::tcp(CLIENT, 443));
    assert_eq!((seen_from(&walk), &walk.outcome), (node_address(1), &Outcome::Answered), "{}", story(&walk));
    let walk = remote.walk(End::Pod(11), Target::ping(node_address(2), 56));
    assert_eq!((seen_from(&walk), &walk.outcome), (node_address(1), &Outcome::Answered), "{}", story(&walk));
    let walk = remote.walk(End::Pod(11), Target::ping(node_address(1), 56));
    assert_eq!((seen_from(&walk), &walk.outcome), (address(1, 1), &Outcome::Answered), "{}", story(&walk));
}

#[test]
fn routes_before_rules() {
    let without = |lab: &mut Lab| lab.config.default_route = false;
    let lab = Lab::new(Backend::Vxlan).with(without);
    check(&lab, End::Node(1), Target::tcp(VIP, 80), "-:64 NotTranslated: network is unreachable");
    assert_eq!(lab.walk(End::Pod(11), Target::tcp(VIP, 80)).outcome, Outcome::Answered, "a pod's is translated before");
    check(&lab, End::Pod(11), Target::tcp(CLIENT, 443), "eth0:64 veth:64 cni0:64 NoRoute: network is unreachable");
}

#[test]
fn what_fits() {
    let (vxlan, host_gw) = (Lab::new(Backend::Vxlan), Lab::new(Backend::HostGw));
    for (lab, most) in [(&vxlan, 1422), (&host_gw, 1472)] {
        let ping = |payload| lab.walk(End::Pod(11), Target::ping(address(2, 1), payload));
        assert_eq!(ping(most).outcome, Outcome::Answered);
        let walk = ping(most + 1);
        assert_eq!(short(&walk), "eth0:64 Mtu: message too long");
        let pieces = Target { dont_fragment: false, ..Target::ping(address(2, 1), most + 1) };
        assert_eq!(lab.walk(End::Pod(11), pieces).outcome, Outcome::Answered);
    }
    assert_eq!(vxlan.config.pods_mtu() - 40, 1410, "what a TCP segment carries");
    check(&vxlan, End::Node(1), Target::ping(address(2, 1), 1423), "flannel.1:64 Mtu: message too long");
    let data = |lab: &Lab| lab.walk(End::Pod(11), Target { payload: 4_000, ..Target::tcp(address(2, 1), 8080) });
    assert_eq!((data(&vxlan).outcome, data(&vxlan).hops[0].after.length), (Outcome::Answered, 1450));
    assert!(story(&vxlan.walk(End::Pod(11), Target::tcp(address(2, 1), 8080))).contains("at most 1410 bytes (MSS)"));
    // Pods whose interfaces carry more than the overlay: the classic.
    let wide = Lab::new(Backend::Vxlan).with(|lab| lab.config.pod_mtu = Some(1500));
    check(&wide, End::Pod(11), Target::ping(address(2, 1), 1472), "eth0:64 veth:64 cni0:64 Mtu: message too long");
    assert_eq!(wide.walk(End::Pod(11), Target::ping(address(1, 2), 1472)).outcome, Outcome::Answered);
    let walk = data(&wide);
    assert_eq!((&walk.outcome, walk.hops[0].after.length, walk.hops[3].after.length), (&Outcome::Answered, 1500, 1450), "TCP learns");
    assert!(story(&walk).contains("fragmentation needed"));
}

#[test]
fn where_and_why_it_fails() {
    let service = Target::tcp(VIP, 80);
    let lab = || Lab::new(Backend::Vxlan);
    let ping = Target::ping(address(2, 1), 56);
    let refused = "eth0:64 veth:64 cni0:64 flannel.1:63 eth0:63 node1:63 node2:63 eth0:63 flannel.1:63 cni0:62 veth:62 eth0:62 ";

    let none = lab().with(|lab| lab.proxies.values_mut().for_each(|proxy| proxy.clear()));
    let walk = check(&none, End::Pod(11), service, "eth0:64 veth:64 cni0:64 NoEndpoints: connection refused");
    assert!(story(&walk).contains("Service default/web:http has no ready endpoints"));
    check(&none, End::Node(1), service, "eth0:64 NoEndpoints: connection refused");

    let closed = Target::tcp(address(2, 1), 81);
    let walk = check(&lab(), End::Pod(11), closed, &format!("{refused}Refused: connection refused"));
    assert!(!walk.answer.is_empty(), "the refusal comes back");

    let no_flannel = lab().with(|lab| drop(lab.leases.remove(&1)));
    check(&no_flannel, End::Pod(11), ping, "eth0:64 veth:64 cni0:64 eth0:63 node1:63 router:62 NoRoute: connection timed out");
    let walk = no_flannel.with(|lab| lab.config.default_route = false).walk(End::Pod(11), ping);
    assert_eq!(short(&walk), "eth0:64 veth:64 cni0:64 NoRoute: network is unreachable");
    assert_eq!(walk.cause().map(ToString::to_string).as_deref(), Some("node1 has no route to 10.244.2.2: flannel hasn't run there"));
    let theirs = lab().with(|lab| drop(lab.leases.remove(&2)));
    let wrapped = "eth0:64 veth:64 cni0:64 flannel.1:63 eth0:63 node1:63 node2:63 ";
    check(&theirs, End::Pod(11), ping, &format!("{wrapped}eth0:63 NoOverlay: connection timed out"));

    let dead = |lab: &mut Lab| lab.machines[1].up = false;
    check(&lab().with(dead), End::Pod(11), ping, &format!("{wrapped}NodeDown: connection timed out"));
    let by_routes = Lab::new(Backend::HostGw).with(dead);
    check(&by_routes, End::Pod(11), ping, "eth0:64 veth:64 cni0:64 eth0:63 node1:63 node2:63 NodeDown: no route to host");
    let node_port = Target::tcp(node_address(2), NODE_PORT);
    let outside = format!("{CLIENT}:64 router:63 node2:63 NodeDown: connection timed out");
    check(&lab().with(dead), End::Outside(CLIENT), node_port, &outside);

    let nobody = Target::tcp(Ipv4Addr::new(10, 244, 1, 99), 80);
    check(&lab(), End::Pod(11), nobody, "eth0:64 NobodyThere: no route to host");
    let far = Target::tcp(Ipv4Addr::new(10, 244, 2, 99), 80);
    check(&lab(), End::Pod(11), far, &format!("{wrapped}eth0:63 flannel.1:63 cni0:62 NobodyThere: no route to host"));
    check(&lab(), End::Node(1), Target::tcp(Ipv4Addr::new(192, 168, 50, 99), 22), "eth0:64 NobodyThere: no route to host");

    let unproxied = lab().with(|lab| lab.proxies.clear());
    check(&unproxied, End::Pod(11), service, "eth0:64 veth:64 cni0:64 eth0:63 node1:63 router:62 NotTranslated: connection timed out");
    check(&lab(), End::Outside(CLIENT), service, &format!("{CLIENT}:64 OnlyInside: connection timed out"));
    check(
        &lab(),
        End::Pod(11),
        Target::ping(VIP, 56),
        "eth0:64 veth:64 cni0:64 eth0:63 node1:63 router:62 NotTranslated: connection timed out",
    );
    check(&lab().with(dead), End::Pod(21), service, "-:64 NodeDown: connection timed out");
    for (silent, seen) in [(false, Seen::NameNotKnown), (true, Seen::NoNameServer)] {
        assert_eq!(Walk::unresolved(&lab(), End::Pod(11), "web.nowhere", silent, service).seen(), seen);
    }
}

#[test]
fn hosts_pods_and_load_balancers() {
    let host = |lab: &mut Lab| {
        let pod = &mut lab.pods[3];
        (pod.host_network, pod.address) = (true, node_address(2));
        lab.proxies.values_mut().for_each(|proxy| *proxy = vec![(node_address(2), 8080)]);
    };
    let lab = Lab::new(Backend::Vxlan).with(host);
    for (from, target) in [
        (End::Pod(11), Target::tcp(VIP, 80)),
        (End::Pod(21), Target::tcp(address(1, 1), 8080)),
        (End::Pod(21), Target::tcp(VIP, 80)),
        (End::Pod(22), Target::tcp(node_address(2), 8080)),
        (End::Node(1), Target::tcp(node_address(2), 8080)),
        (End::Outside(CLIENT), Target::tcp(node_address(1), NODE_PORT)),
    ] {
        let walk = lab.walk(from, target);
        assert_eq!(walk.outcome, Outcome::Answered, "{}", story(&walk));
    }
    let walk = lab.walk(End::Node(1), Target::tcp(node_address(2), 8080));
    assert!(story(&walk).contains("pod/pod-2-1, which uses the node's own network, listens there"));
    let balanced = Ipv4Addr::new(198, 51, 100, 1);
    let walk = lab.walk(End::Outside(CLIENT), Target::tcp(balanced, 80));
    assert_eq!(walk.cause().map(Cause::as_str), Some("Silent"));
}

#[test]
fn policies_stand_in_the_way() {
    let policies = |ways: &[&str], rules: serde_json::Value| {
        let mut spec = serde_json::json!({"podSelector": {"matchLabels": {"app": "guarded"}}, "policyTypes": ways});
        spec[ways[0].to_lowercase()] = rules;
        Some(crate::net::policy::of_one("default", "guard", &spec))
    };
    let guarded = |node: u32, place: u32, policies: Option<Policies>| {
        move |lab: &mut Lab| {
            let pod = lab.pods.iter_mut().find(|other| other.pod == pod(node, place)).expect("it is there");
            pod.labels.set("app", "guarded");
            lab.policies = policies;
        }
    };
    let target = Target::tcp(address(2, 1), 8080);
    let there = "eth0:64 veth:64 cni0:64 flannel.1:63 eth0:63 node1:63 node2:63 eth0:63 flannel.1:63 ";
    let deny = Lab::new(Backend::Vxlan).with(guarded(2, 1, policies(&["Ingress"], serde_json::json!([]))));
    let walk = check(&deny, End::Pod(11), target, &format!("{there}Policy: connection refused"));
    let text = "NetworkPolicy default/guard isolates pod/pod-2-1 for ingress, and no rule of it allows pod/pod-1-1 to reach 8080/TCP";
    assert_eq!(walk.cause().map(ToString::to_string).as_deref(), Some(text));
    // By the Service too, for the policy sees the pod; the pod's own connections and their answers pass, and so does its node.
    assert_eq!(deny.walk(End::Pod(11), Target::tcp(VIP, 80)).cause().map(Cause::as_str), Some("Policy"));
    assert_eq!(deny.walk(End::Pod(21), Target::tcp(address(1, 1), 8080)).outcome, Outcome::Answered);
    assert_eq!(deny.walk(End::Node(2), target).outcome, Outcome::Answered);
    assert_eq!(deny.walk(End::Node(1), target).cause().map(Cause::as_str), Some("Policy"), "another node's VXLAN address is nobody");
    check(&deny, End::Pod(22), target, "eth0:64 veth:64 Policy: connection refused");
    let past = deny.with(|lab| lab.config.bridge_netfilter = false);
    let walk = past.walk(End::Pod(22), target);
    assert_eq!(walk.outcome, Outcome::Answered);
    assert!(story(&walk).contains("no NetworkPolicy is asked"));

    let egress = policies(&["Egress"], serde_json::json!([{"ports": [{"protocol": "UDP", "port": 53}]}]));
    let egress = Lab::new(Backend::Vxlan).with(guarded(1, 1, egress));
    check(&egress, End::Pod(11), target, "eth0:64 veth:64 cni0:64 Policy: connection refused");
    check(&egress, End::Pod(11), Target::tcp(node_address(1), 10_250), "eth0:64 veth:64 cni0:64 Policy: connection refused");
    let open = policies(&["Ingress"], serde_json::json!([{"from": [{"ipBlock": {"cidr": "10.244.1.0/24"}}]}]));
    let open = Lab::new(Backend::Vxlan).with(guarded(2, 1, open));
    let walk = open.walk(End::Pod(11), target);
    assert!(story(&walk).contains("NetworkPolicy default/guard, ingress rule 1"), "{}", story(&walk));
}

#[test]
fn told_in_words_and_drawn() {
    let lab = Lab::new(Backend::Vxlan);
    let walk = lab.walk(End::Pod(11), Target::tcp(VIP, 80));
    let text = story(&walk);
    for part in [
        "pod/pod-1-1: tcp 10.96.0.50:80",
        "KUBE-SEP-",
        "DNAT: 10.96.0.50:80 becomes 10.244.2.2:8080",
        "route   10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink",
        "wrapped: 60 + 50 bytes",
        "TCP 60 DF Flags [S]",
        "TCP 60 DF Flags [S.]",
        "conntrack translates its source back: 10.244.2.2:8080 becomes 10.96.0.50:80",
        "pod/pod-2-1 answers.",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    let tree = tree(&walk);
    assert_eq!(tree["hops"].as_array().map(Vec::len), Some(walk.hops.len()));
    assert_eq!(tree["hops"][4]["after"]["outer"]["vni"], 1);
    let outer = walk.tracked.iter().filter(|(_, tracked)| tracked.original.destination.1 == 8472).collect::<Vec<_>>();
    assert_eq!(outer.len(), 4, "both ways, on both nodes");
    assert!(outer.iter().all(|(_, tracked)| !tracked.replied && tracked.to_string().contains("[UNREPLIED]")));
    let drawn = dot(&walk);
    assert!(drawn.starts_with("digraph walk {") && drawn.contains("style=dashed") && drawn.contains("label=\"flannel.1\""), "{drawn}");
    assert_eq!(graph(&walk).edge_count(), walk.hops.len() + walk.answer.len() - 2);
}

#[test]
fn everybody_reaches_everybody() {
    for backend in [Backend::Vxlan, Backend::HostGw] {
        for bridge in ["cni0", "docker0"] {
            let lab = Lab::new(backend).with(|lab| lab.config.bridge = bridge);
            for from in &lab.pods {
                for to in &lab.pods {
                    for target in [Target::tcp(to.address, 8080), Target::ping(to.address, 56)] {
                        let walk = lab.walk(End::Pod(from.pod), target);
                        assert_eq!(walk.outcome, Outcome::Answered, "{}", story(&walk));
                        assert_eq!(seen_from(&walk), from.address, "no translation between pods");
                    }
                }
                for node in [1, 2] {
                    for (from, address) in [(End::Pod(from.pod), node_address(node)), (End::Node(node), from.address)] {
                        let walk = lab.walk(from, Target::ping(address, 56));
                        assert_eq!(walk.outcome, Outcome::Answered, "{}", story(&walk));
                    }
                }
            }
        }
    }
}

#[test]
fn load_balancers_and_external_traffic() {
    let balanced = Ipv4Addr::new(198, 51, 100, 1);
    let lab = |mode, local: bool, node: u32| {
        Lab::new(Backend::Vxlan).to(2, 1).with(|lab| {
            lab.config.proxy = mode;
            lab.front.load_balancer_ips = vec![balanced];
            lab.front.external_local = local;
            lab.entrances = vec![node];
        })
    };
    for mode in MODES {
        let target = Target::tcp(balanced, 80);
        let walk = lab(mode, false, 1).walk(End::Outside(CLIENT), target);
        assert_eq!((walk.outcome.clone(), seen_from(&walk)), (Outcome::Answered, Ipv4Addr::new(10, 244, 1, 0)), "{}", story(&walk));
        let walk = lab(mode, true, 2).walk(End::Outside(CLIENT), target);
        assert_eq!((walk.outcome.clone(), seen_from(&walk)), (Outcome::Answered, CLIENT), "{}", story(&walk));
        let walk = lab(mode, true, 1).walk(End::Outside(CLIENT), target);
        // IPVS keeps all servers where none is local, so that pods there are served; flannel's rule then brings the answer back.
        let is_ipvs = matches!(mode, ProxyMode::Ipvs(_));
        let expected = if is_ipvs { (Seen::Answer, None) } else { (Seen::TimedOut, Some("NoLocalEndpoints")) };
        assert_eq!((walk.seen(), walk.cause().map(Cause::as_str)), expected, "{}", story(&walk));
        // Pods of the cluster are served wherever they are.
        let walk = lab(mode, true, 1).walk(End::Pod(11), target);
        assert_eq!(walk.outcome, Outcome::Answered, "{}", story(&walk));
        let none = lab(mode, false, 1).with(|lab| lab.proxies.values_mut().for_each(Vec::clear));
        let walk = none.walk(End::Pod(11), Target::tcp(VIP, 80));
        let expected = Cause::NoEndpoints { service: if is_ipvs { "10.96.0.50:80" } else { "default/web:http" }.into() };
        assert_eq!((walk.seen(), walk.cause()), (Seen::ConnectionRefused, Some(&expected)), "{}", story(&walk));
    }
}
