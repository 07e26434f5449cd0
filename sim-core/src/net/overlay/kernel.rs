//! What flannel, the bridge plugin and the node's own set-up leave in its kernel: routes, neighbours, forwarding entries, each printed as
//! iproute2 prints it.

use crate::net::config::{Backend, NetworkConfig};
use crate::net::overlay::{Lease, Leases, vtep_name};
use crate::net::packet::{Cidr, Mac};
use crate::net::world::{Machine, Sandbox};
use std::fmt;
use std::net::Ipv4Addr;

/// A line of `ip route`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// Whose way it is.
    pub destination: Cidr,
    /// The next router; `None`: they are on this link.
    pub via: Option<Ipv4Addr>,
    /// Out of which interface.
    pub device: String,
    /// Which of its addresses the node sends from; `None`: the interface's own.
    pub source: Option<Ipv4Addr>,
    /// Whether `via` counts as on the link, whatever the interface's address says.
    pub onlink: bool,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.destination.bits {
            0 => f.write_str("default")?,
            32 => write!(f, "{}", self.destination.base)?,
            _ => write!(f, "{}", self.destination)?,
        }
        if let Some(via) = self.via {
            write!(f, " via {via}")?;
        }
        write!(f, " dev {}", self.device)?;
        if let (None, Some(source)) = (self.via, self.source) {
            write!(f, " proto kernel scope link src {source}")?;
        }
        if self.onlink {
            f.write_str(" onlink")?;
        }
        Ok(())
    }
}

/// The leases of other nodes that this one has entries for.
fn others<'a>(machine: &Machine, leases: Option<&'a Leases>, backend: Backend) -> impl Iterator<Item = &'a Lease> {
    let own = machine.number;
    leases.into_iter().flat_map(Leases::iter).filter(move |lease| lease.node != own && lease.is_for(backend))
}

/// A node's routes, in the order of `ip route`. `leases`: what its flanneld knows; `None` if it hasn't run since the node's boot.
pub fn routes(machine: &Machine, leases: Option<&Leases>, config: &NetworkConfig) -> Vec<Route> {
    let direct = |destination, device: &str, source| Route { destination, via: None, device: device.to_owned(), source, onlink: false };
    let mut routes = vec![direct(config.underlay, "eth0", Some(machine.address))];
    if let (Some(cidr), bridge @ Some(_)) = (machine.pod_cidr, machine.bridge()) {
        routes.push(direct(cidr, config.bridge, bridge));
    }
    for lease in others(machine, leases, config.backend) {
        routes.push(match config.backend {
            Backend::Vxlan => {
                let via = Some(lease.subnet.base);
                Route { destination: lease.subnet, via, device: vtep_name(config.vni), source: None, onlink: true }
            }
            Backend::HostGw => {
                Route { destination: lease.subnet, via: Some(lease.public_ip), device: "eth0".to_owned(), source: None, onlink: false }
            }
            Backend::None => continue,
        });
    }
    if config.default_route {
        let everything = Cidr { base: Ipv4Addr::UNSPECIFIED, bits: 0 };
        routes.push(Route { destination: everything, via: Some(config.router()), device: "eth0".to_owned(), source: None, onlink: false });
    }
    routes.sort_by_key(|route| route.destination);
    routes
}

/// A pod's routes, in the order of `ip route`; none if it uses its node's. flannel's plugin adds one for the whole cluster, so that pods stay
/// reachable when the default goes another way.
pub fn pod_routes(pod: &Sandbox, machine: &Machine, config: &NetworkConfig) -> Vec<Route> {
    if pod.host_network {
        return Vec::new();
    }
    let link = machine.pod_cidr.unwrap_or(Cidr::new(pod.address, 24));
    let bridge = Ipv4Addr::from(u32::from(link.base) + 1);
    let via = |destination| Route { destination, via: Some(bridge), device: "eth0".to_owned(), source: None, onlink: false };
    let own = Route { destination: link, via: None, device: "eth0".to_owned(), source: Some(pod.address), onlink: false };
    vec![via(Cidr::new(Ipv4Addr::UNSPECIFIED, 0)), via(config.cluster_cidr), own]
}

/// The route to an address: of those that have it, the one with the longest prefix.
pub fn route_to(routes: &[Route], address: Ipv4Addr) -> Option<&Route> {
    routes.iter().filter(|route| route.destination.contains(address)).max_by_key(|route| route.destination.bits)
}

/// A line of `ip neigh`: whose address on the link belongs to an IP address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Neighbour {
    /// The IP address.
    pub address: Ipv4Addr,
    /// On which interface.
    pub device: String,
    /// The address on the link.
    pub mac: Mac,
}

impl fmt::Display for Neighbour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} dev {} lladdr {} PERMANENT", self.address, self.device, self.mac)
    }
}

/// The neighbours that flannel writes, so that nobody has to be asked: the VXLAN interface of each other node.
pub fn neighbours(machine: &Machine, leases: Option<&Leases>, config: &NetworkConfig) -> Vec<Neighbour> {
    if config.backend != Backend::Vxlan {
        return Vec::new();
    }
    let entry = |lease: &Lease| Neighbour { address: lease.subnet.base, device: vtep_name(config.vni), mac: lease.vtep_mac };
    others(machine, leases, config.backend).map(entry).collect()
}

/// A line of `bridge fdb`: to which node a wrapped frame goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Forwarding {
    /// For whom the frame is.
    pub mac: Mac,
    /// On which interface.
    pub device: String,
    /// The node's address on the underlay.
    pub destination: Ipv4Addr,
}

impl fmt::Display for Forwarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} dev {} dst {} self permanent", self.mac, self.device, self.destination)
    }
}

/// The forwarding entries that flannel writes.
pub fn forwarding(machine: &Machine, leases: Option<&Leases>, config: &NetworkConfig) -> Vec<Forwarding> {
    if config.backend != Backend::Vxlan {
        return Vec::new();
    }
    let entry = |lease: &Lease| Forwarding { mac: lease.vtep_mac, device: vtep_name(config.vni), destination: lease.public_ip };
    others(machine, leases, config.backend).map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::Str;

    fn machine() -> Machine {
        let pod_cidr = Cidr::parse("10.244.1.0/24");
        Machine { number: 1, name: Str::from("node-1"), address: Ipv4Addr::new(192, 168, 0, 11), pod_cidr, up: true }
    }

    fn leases() -> Leases {
        let mut leases = Leases::default();
        for node in [1u8, 2] {
            let lease = Lease {
                node: node.into(),
                name: Str::from(format!("node-{node}")),
                subnet: Cidr::new(Ipv4Addr::new(10, 244, node, 0), 24),
                public_ip: Ipv4Addr::new(192, 168, 0, 10 + node),
                backend: Str::EMPTY,
                vtep_mac: Mac([2, 0, 0, 0, node, 0xf1]),
            };
            assert!(leases.set(node.into(), Some(lease.clone())));
            assert!(!leases.set(node.into(), Some(lease)));
        }
        leases
    }

    #[track_caller]
    fn check<T: fmt::Display>(entries: Vec<T>, text: &str) {
        let lines: Vec<String> = entries.iter().map(T::to_string).collect();
        assert_eq!(lines.join("\n"), text);
    }

    #[test]
    fn as_iproute2_prints_it() {
        let (machine, leases) = (machine(), leases());
        let vxlan = NetworkConfig::default();
        let host_gw = NetworkConfig { backend: Backend::HostGw, default_route: false, bridge: "docker0", ..NetworkConfig::default() };
        check(
            routes(&machine, Some(&leases), &vxlan),
            "default via 192.168.0.1 dev eth0\n10.244.1.0/24 dev cni0 proto kernel scope link src 10.244.1.1\n\
             10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink\n192.168.0.0/16 dev eth0 proto kernel scope link src 192.168.0.11",
        );
        check(
            routes(&machine, Some(&leases), &host_gw),
            "10.244.1.0/24 dev docker0 proto kernel scope link src 10.244.1.1\n10.244.2.0/24 via 192.168.0.12 dev eth0\n\
             192.168.0.0/16 dev eth0 proto kernel scope link src 192.168.0.11",
        );
        check(
            routes(&machine, None, &vxlan),
            "default via 192.168.0.1 dev eth0\n10.244.1.0/24 dev cni0 proto kernel scope link src 10.244.1.1\n\
             192.168.0.0/16 dev eth0 proto kernel scope link src 192.168.0.11",
        );
        check(neighbours(&machine, Some(&leases), &vxlan), "10.244.2.0 dev flannel.1 lladdr 02:00:00:00:02:f1 PERMANENT");
        check(forwarding(&machine, Some(&leases), &vxlan), "02:00:00:00:02:f1 dev flannel.1 dst 192.168.0.12 self permanent");
        check(neighbours(&machine, Some(&leases), &host_gw), "");
        let pod = Sandbox {
            pod: 7,
            namespace: "default".into(),
            name: "web".into(),
            labels: Default::default(),
            node: 1,
            address: Ipv4Addr::new(10, 244, 1, 2),
            host_network: false,
        };
        check(
            pod_routes(&pod, &machine, &vxlan),
            "default via 10.244.1.1 dev eth0\n10.244.0.0/16 via 10.244.1.1 dev eth0\n\
             10.244.1.0/24 dev eth0 proto kernel scope link src 10.244.1.2",
        );
    }
}
