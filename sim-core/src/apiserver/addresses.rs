//! Which cluster IPs and node ports are taken. Mirrors `pkg/registry/core/service/{ipallocator,portallocator}`, v1.36.

use crate::kernel::chance::{Stream, draw};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// The service addresses of a cluster: 10.96.0.0/16 and ports 30000–32767 (`--service-cluster-ip-range`, `--service-node-port-range`).
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    cluster_ips: BTreeSet<Ipv4Addr>,
    node_ports: BTreeSet<u16>,
    drawn: u64,
}

const FIRST_NODE_PORT: u16 = 30_000;
const NODE_PORTS: u16 = 2_768;

impl Addresses {
    /// Takes a free cluster IP at random, from the part of the range above the addresses meant for static use.
    /// `None` if the range is used up.
    pub fn take_cluster_ip(&mut self, seed: u64) -> Option<Ipv4Addr> {
        for _ in 0..65_536 {
            self.drawn += 1;
            let offset = 257 + draw(seed, Stream::Address, u128::from(self.drawn)).below(65_278) as u32;
            let ip = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 96, 0, 0)) + offset);
            if self.cluster_ips.insert(ip) {
                return Some(ip);
            }
        }
        None
    }

    /// Takes this cluster IP; false if it is taken or outside the range.
    pub fn claim_cluster_ip(&mut self, ip: Ipv4Addr) -> bool {
        ip.octets()[..2] == [10, 96] && self.cluster_ips.insert(ip)
    }

    /// Takes a free node port at random; `None` if all are taken.
    pub fn take_node_port(&mut self, seed: u64) -> Option<u16> {
        for _ in 0..65_536 {
            self.drawn += 1;
            let offset = draw(seed, Stream::Address, u128::from(self.drawn)).below(NODE_PORTS.into()) as u16;
            if self.node_ports.insert(FIRST_NODE_PORT + offset) {
                return Some(FIRST_NODE_PORT + offset);
            }
        }
        None
    }

    /// Takes this node port; false if it is taken.
    pub fn claim_node_port(&mut self, port: u16) -> bool {
        self.node_ports.insert(port)
    }

    /// Gives back what a deleted Service held.
    pub fn release(&mut self, cluster_ip: Option<Ipv4Addr>, node_ports: impl Iterator<Item = u16>) {
        if let Some(ip) = cluster_ip {
            self.cluster_ips.remove(&ip);
        }
        for port in node_ports {
            self.node_ports.remove(&port);
        }
    }
}
