//! How a cluster's network is set up.

use crate::kernel::time::SimDuration;
use crate::net::packet::{Cidr, VXLAN_OVERHEAD};
use std::net::Ipv4Addr;

/// How flannel carries packets between nodes (`Backend.Type` of its net-conf.json).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Backend {
    /// In UDP packets from node to node: `flannel.1`, VNI 1, port 8472.
    #[default]
    Vxlan,
    /// By routes to the other nodes: these must share a link.
    HostGw,
    /// There is no flannel: pods reach those on their own node.
    None,
}

/// How kube-proxy writes its rules (`--proxy-mode`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ProxyMode {
    /// Chains of iptables.
    #[default]
    Iptables,
    /// A table of nftables with verdict maps.
    Nftables,
    /// Virtual servers of the kernel's load balancer, and a few chains.
    Ipvs(IpvsScheduler),
}

/// How IPVS chooses (`--ipvs-scheduler`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum IpvsScheduler {
    /// One after another.
    #[default]
    RoundRobin,
    /// One after another, by weight: kube-proxy gives all the weight 1.
    WeightedRoundRobin,
    /// The one with the fewest connections.
    LeastConnection,
    /// By the client's address.
    SourceHashing,
}

/// How a cluster's network is set up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetworkConfig {
    /// Between nodes.
    pub backend: Backend,
    /// The network identifier of VXLAN.
    pub vni: u32,
    /// The UDP port of VXLAN.
    pub vxlan_port: u16,
    /// The link that the nodes share. Its first address is the router's to the world outside.
    pub underlay: Cidr,
    /// How many bytes the underlay carries at once.
    pub underlay_mtu: u16,
    /// How many bytes the interfaces of pods and their bridge carry at once, if somebody set that by hand: else what flannel's backend leaves.
    pub pod_mtu: Option<u16>,
    /// What the bridge on each node is called: `cni0`, or `docker0` as before CNI.
    pub bridge: &'static str,
    /// Whether the bridge sends a packet back out of the port that it came in by (`hairpinMode`).
    pub hairpin: bool,
    /// Whether packets that are bridged pass through the rules (`net.bridge.bridge-nf-call-iptables`).
    pub bridge_netfilter: bool,
    /// Whether nodes have a default route.
    pub default_route: bool,
    /// All pods' addresses (`--cluster-cidr`).
    pub cluster_cidr: Cidr,
    /// All Services' addresses (`--service-cluster-ip-range`).
    pub service_cidr: Cidr,
    /// How kube-proxy writes its rules.
    pub proxy: ProxyMode,
    /// The least time between two syncs of a proxy (`--iptables-min-sync-period`, default 1 s).
    pub min_sync_period: SimDuration,
    /// Whether everything that goes to a Service is masqueraded (`--masquerade-all`).
    pub masquerade_all: bool,
    /// Whether an agent enforces NetworkPolicies. flannel itself has none; k3s, for one, runs kube-router's beside it.
    pub policies: bool,
    /// Whether there is a CoreDNS.
    pub dns: bool,
    /// Whether there is a cloud that gives addresses to Services of type LoadBalancer.
    pub cloud: bool,
    /// Whether there is an ingress controller.
    pub ingress: bool,
    /// Whether there is a controller of the Gateway API.
    pub gateway: bool,
}

/// Where nodes' ranges begin that are there from the beginning.
const FIRST_RANGE: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 0);
/// A range for pods that has room for more nodes than a /16: 10.128.0.0 to 10.255.255.255.
const WIDE: Cidr = Cidr { base: Ipv4Addr::new(10, 128, 0, 0), bits: 9 };

impl NetworkConfig {
    /// The router to the world outside.
    pub fn router(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.underlay.base) + 1)
    }

    /// How many bytes go at once from node to node as pods see it: 1500 − 50 = 1450 with VXLAN, 1500 by routes.
    pub fn overlay_mtu(&self) -> u16 {
        match self.backend {
            Backend::Vxlan => self.underlay_mtu.saturating_sub(VXLAN_OVERHEAD),
            Backend::HostGw | Backend::None => self.underlay_mtu,
        }
    }

    /// How many bytes the interfaces of pods and their bridge carry at once.
    pub fn pods_mtu(&self) -> u16 {
        self.pod_mtu.unwrap_or_else(|| self.overlay_mtu())
    }

    /// The same with addresses for the pods of so many nodes, each a /24: if the range hasn't got them, a wider one takes its place.
    #[must_use]
    pub fn with_room_for(self, nodes: usize) -> Self {
        let has_room = u32::try_from(nodes).is_ok_and(|nodes| nodes <= self.ranges());
        if has_room { self } else { NetworkConfig { cluster_cidr: WIDE, ..self } }
    }

    fn ranges(&self) -> u32 {
        1 << 24_u8.saturating_sub(self.cluster_cidr.bits)
    }

    /// The addresses of the pods of a node that is there from the beginning: one /24 after another, 10.244.0.0/24 first if that is in the
    /// range, and around.
    pub fn pod_cidr(&self, node: u32) -> Cidr {
        let first = if self.cluster_cidr.contains(FIRST_RANGE) { FIRST_RANGE } else { self.cluster_cidr.base };
        let base = u32::from(self.cluster_cidr.base);
        let index = (((u32::from(first) - base) >> 8) + node) % self.ranges();
        Cidr::new(Ipv4Addr::from(base + (index << 8)), 24)
    }
}

impl Default for NetworkConfig {
    /// flannel with VXLAN and kube-proxy with iptables, as `kubeadm` and flannel's manifest set them up; no addons that run as pods.
    fn default() -> Self {
        NetworkConfig {
            backend: Backend::Vxlan,
            vni: 1,
            vxlan_port: 8472,
            underlay: Cidr { base: Ipv4Addr::new(192, 168, 0, 0), bits: 16 },
            underlay_mtu: 1500,
            pod_mtu: None,
            bridge: "cni0",
            hairpin: true,
            bridge_netfilter: true,
            default_route: true,
            cluster_cidr: Cidr { base: Ipv4Addr::new(10, 244, 0, 0), bits: 16 },
            service_cidr: Cidr { base: Ipv4Addr::new(10, 96, 0, 0), bits: 16 },
            proxy: ProxyMode::Iptables,
            min_sync_period: SimDuration::from_secs(1),
            masquerade_all: false,
            policies: true,
            dns: false,
            cloud: true,
            ingress: false,
            gateway: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_nodes() {
        let check = |nodes: usize, node: u32, expected: &str| {
            let config = NetworkConfig::default().with_room_for(nodes);
            assert_eq!(config.pod_cidr(node).to_string(), expected);
        };
        check(3, 0, "10.244.0.0/24");
        check(256, 255, "10.244.255.0/24");
        check(5_000, 0, "10.244.0.0/24");
        check(5_000, 256, "10.245.0.0/24");
        check(5_000, 3_071, "10.255.255.0/24");
        check(5_000, 3_072, "10.128.0.0/24");
    }
}
