//! Which cluster IPs and node ports are taken. Mirrors `pkg/registry/core/service/{ipallocator,portallocator}`, v1.36.

use crate::kernel::chance::{Stream, draw};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// A range in which the lower part is meant for those who ask for a place of their own: who takes any gets one of the upper part, as long
/// as there is one (KEP 3070 and 3668).
struct Band {
    first: u32,
    size: u32,
    lower: u32,
}

/// 10.96.0.1 to 10.96.255.254 (`--service-cluster-ip-range`): neither the network's own address nor that for all of it. The lower part has
/// min(max(16, size ÷ 16), 256) of them.
const CLUSTER_IPS: Band = Band { first: 0x0a60_0001, size: 65_534, lower: 256 };
/// 30000 to 32767 (`--service-node-port-range`). The lower part has min(max(16, size ÷ 32), 128) = 86 of them.
const NODE_PORTS: Band = Band { first: 30_000, size: 2_768, lower: 86 };

impl Band {
    fn contains(&self, number: u32) -> bool {
        (self.first..self.first + self.size).contains(&number)
    }

    /// From a drawn place on, the next that is free: in the upper part, else in the lower.
    fn next_free(&self, mut draw: impl FnMut(u32) -> u32, is_taken: impl Fn(u32) -> bool) -> Option<u32> {
        let upper = (self.first + self.lower, self.size - self.lower);
        [upper, (self.first, self.lower)].into_iter().find_map(|(first, size)| {
            let from = draw(size);
            (0..size).map(|step| first + (from + step) % size).find(|number| !is_taken(*number))
        })
    }
}

/// The service addresses of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    cluster_ips: BTreeSet<Ipv4Addr>,
    node_ports: BTreeSet<u16>,
    drawn: u64,
}

impl Addresses {
    /// Takes a free cluster IP at random; `None` if the range is used up.
    pub fn take_cluster_ip(&mut self, seed: u64) -> Option<Ipv4Addr> {
        let (drawn, taken) = (&mut self.drawn, &self.cluster_ips);
        let free = CLUSTER_IPS.next_free(|size| place(seed, drawn, size), |number| taken.contains(&Ipv4Addr::from(number)))?;
        self.cluster_ips.insert(Ipv4Addr::from(free));
        Some(Ipv4Addr::from(free))
    }

    /// Takes this cluster IP; false if it is taken or outside the range.
    pub fn claim_cluster_ip(&mut self, ip: Ipv4Addr) -> bool {
        Addresses::has_cluster_ip(ip) && self.cluster_ips.insert(ip)
    }

    /// Whether it is one of the addresses that can be given.
    pub fn has_cluster_ip(ip: Ipv4Addr) -> bool {
        CLUSTER_IPS.contains(ip.into())
    }

    /// Takes a free node port at random; `None` if all are taken.
    pub fn take_node_port(&mut self, seed: u64) -> Option<u16> {
        let (drawn, taken) = (&mut self.drawn, &self.node_ports);
        let is_taken = |number: u32| u16::try_from(number).is_ok_and(|port| taken.contains(&port));
        let free = NODE_PORTS.next_free(|size| place(seed, drawn, size), is_taken).and_then(|port| u16::try_from(port).ok())?;
        self.node_ports.insert(free);
        Some(free)
    }

    /// Takes this node port; false if it is taken.
    pub fn claim_node_port(&mut self, port: u16) -> bool {
        self.node_ports.insert(port)
    }

    /// Whether it is one of the ports that can be given.
    pub fn has_node_port(port: u16) -> bool {
        NODE_PORTS.contains(port.into())
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

fn place(seed: u64, drawn: &mut u64, size: u32) -> u32 {
    *drawn += 1;
    draw(seed, Stream::Address, u128::from(*drawn)).below(size.into()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_part_goes_last() {
        let mut addresses = Addresses::default();
        let ports: Vec<u16> = (0..2_768).filter_map(|_| addresses.take_node_port(1)).collect();
        assert!(ports[..2_682].iter().all(|port| *port >= 30_086));
        assert!(ports[2_682..].iter().all(|port| *port < 30_086));
        assert_eq!((ports.len(), addresses.take_node_port(1)), (2_768, None));
        addresses.release(None, [30_500].into_iter());
        assert_eq!(addresses.take_node_port(1), Some(30_500));
        let ip = addresses.take_cluster_ip(1).expect("free");
        assert!(ip >= Ipv4Addr::new(10, 96, 1, 1));
        assert!(!addresses.claim_cluster_ip(ip));
        assert!(addresses.claim_cluster_ip(Ipv4Addr::new(10, 96, 0, 10)));
        assert!(!addresses.claim_cluster_ip(Ipv4Addr::new(10, 96, 0, 0)));
        assert!(!addresses.claim_cluster_ip(Ipv4Addr::new(10, 96, 255, 255)));
    }
}
