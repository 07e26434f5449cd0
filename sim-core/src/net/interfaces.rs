//! Interfaces of nodes and pods: their names, addresses, and how much they carry, printed like `ip addr`.
//!
//! Mirrors what flannel's CNI plugin has the bridge plugin do (`plugins/main/bridge/bridge.go` of containernetworking/plugins): a bridge
//! `cni0` with the first address of the node's pods, and for each pod a veth pair, `eth0` inside and `veth` with eight hexadecimal digits
//! outside, as a port of the bridge.

use crate::kernel::chance::{Stream, draw};
use crate::net::config::{Backend, NetworkConfig};
use crate::net::overlay::{Lease, Leases, drawn_mac, vtep_mac, vtep_name};
use crate::net::packet::Mac;
use crate::net::world::{Machine, Sandbox};
use std::fmt;
use std::net::Ipv4Addr;

/// Of which kind of interface an address on the link is drawn.
#[derive(Clone, Copy)]
enum Kind {
    Uplink = 2,
    Bridge = 3,
    Inside = 4,
    Outside = 5,
    Router = 6,
}

fn mac(seed: u64, kind: Kind, number: u32) -> Mac {
    drawn_mac(seed, (kind as u128) << 64 | u128::from(number))
}

/// The address of a node's `eth0` on the underlay.
pub fn uplink_mac(seed: u64, node: u32) -> Mac {
    mac(seed, Kind::Uplink, node)
}

/// The address of a node's bridge on its link.
pub fn bridge_mac(seed: u64, node: u32) -> Mac {
    mac(seed, Kind::Bridge, node)
}

/// The address of a pod's `eth0` on its link.
pub fn pod_mac(seed: u64, pod: u32) -> Mac {
    mac(seed, Kind::Inside, pod)
}

/// The address of the router to the world outside.
pub fn router_mac(seed: u64) -> Mac {
    mac(seed, Kind::Router, 0)
}

/// The name of the node's end of a pod's veth pair: `veth1f3a90bc`.
pub fn veth_name(seed: u64, pod: u32) -> String {
    format!("veth{:08x}", draw(seed, Stream::Mac, 7 << 64 | u128::from(pod)).bits() as u32)
}

/// An interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// The number of the other end of a veth pair, which is in another network namespace.
    pub peer: Option<u32>,
    /// How many bytes it carries at once.
    pub mtu: u16,
    /// The bridge that it is a port of.
    pub master: Option<String>,
    /// Its address on the link; `None` for `lo`.
    pub mac: Option<Mac>,
    /// Its address, and how many bits of it the link's others share.
    pub address: Option<(Ipv4Addr, u8)>,
}

impl Interface {
    fn loopback() -> Self {
        let address = Some((Ipv4Addr::LOCALHOST, 8));
        Interface { index: 1, name: "lo".to_owned(), peer: None, mtu: u16::MAX, master: None, mac: None, address }
    }
}

/// As `ip addr` prints it, without what never differs.
impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.index, self.name)?;
        if let Some(peer) = self.peer {
            write!(f, "@if{peer}")?;
        }
        let (flags, mtu) = match self.mac {
            Some(_) => ("BROADCAST,MULTICAST,UP,LOWER_UP", u32::from(self.mtu)),
            None => ("LOOPBACK,UP,LOWER_UP", 65_536),
        };
        write!(f, ": <{flags}> mtu {mtu}")?;
        if let Some(master) = &self.master {
            write!(f, " master {master}")?;
        }
        match self.mac {
            Some(mac) => write!(f, "\n    link/ether {mac} brd ff:ff:ff:ff:ff:ff")?,
            None => f.write_str("\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00")?,
        }
        if let Some((address, bits)) = self.address {
            write!(f, "\n    inet {address}/{bits} scope {} {}", if self.mac.is_some() { "global" } else { "host" }, self.name)?;
        }
        Ok(())
    }
}

/// The first number that is free for a pod's veth: after `lo`, `eth0`, `flannel.1` and the bridge.
const FIRST_PORT: u32 = 5;

/// A node's interfaces. `pods`: who has a sandbox there; `leases`: what its flanneld knows.
pub fn of_node(machine: &Machine, pods: &[Sandbox], leases: Option<&Leases>, config: &NetworkConfig, seed: u64) -> Vec<Interface> {
    let interface = |index, name: &str, mtu, mac, address| Interface {
        index,
        name: name.to_owned(),
        peer: None,
        mtu,
        master: None,
        mac: Some(mac),
        address,
    };
    let uplink = Some((machine.address, config.underlay.bits));
    let mut all = vec![Interface::loopback(), interface(2, "eth0", config.underlay_mtu, uplink_mac(seed, machine.number), uplink)];
    if let (Backend::Vxlan, Some(leases)) = (config.backend, leases) {
        let own = own_vtep_mac(leases, machine.number, seed);
        all.push(interface(3, &vtep_name(config.vni), config.overlay_mtu(), own, machine.vtep().map(|address| (address, 32))));
    }
    if let (Some(cidr), Some(address)) = (machine.pod_cidr, machine.bridge()) {
        let mac = bridge_mac(seed, machine.number);
        all.push(interface(4, config.bridge, config.pods_mtu(), mac, Some((address, cidr.bits))));
    }
    for (index, pod) in (FIRST_PORT..).zip(pods.iter().filter(|pod| !pod.host_network)) {
        let port = interface(index, &veth_name(seed, pod.pod), config.pods_mtu(), mac(seed, Kind::Outside, pod.pod), None);
        all.push(Interface { peer: Some(2), master: Some(config.bridge.to_owned()), ..port });
    }
    all
}

/// The interfaces in a pod's own network; none if it uses the node's.
pub fn of_pod(pod: &Sandbox, machine: &Machine, pods: &[Sandbox], config: &NetworkConfig, seed: u64) -> Vec<Interface> {
    if pod.host_network {
        return Vec::new();
    }
    let place = pods.iter().filter(|other| !other.host_network && other.pod < pod.pod).count() as u32;
    let bits = machine.pod_cidr.map_or(24, |cidr| cidr.bits);
    let eth0 = Interface {
        index: 2,
        name: "eth0".to_owned(),
        peer: Some(FIRST_PORT + place),
        mtu: config.pods_mtu(),
        master: None,
        mac: Some(pod_mac(seed, pod.pod)),
        address: Some((pod.address, bits)),
    };
    vec![Interface::loopback(), eth0]
}

/// The address that a node's own `flannel.1` has: the one of its lease.
pub fn own_vtep_mac(leases: &Leases, node: u32, seed: u64) -> Mac {
    leases.get(node).map_or_else(|| vtep_mac(seed, node), |lease: &Lease| lease.vtep_mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::{Str, StrMap};
    use crate::net::packet::Cidr;

    #[test]
    fn as_ip_addr_prints_it() {
        let pod_cidr = Cidr::parse("10.244.1.0/24");
        let machine = Machine { number: 1, name: Str::from("node-1"), address: Ipv4Addr::new(192, 168, 0, 11), pod_cidr, up: true };
        let address = Ipv4Addr::new(10, 244, 1, 2);
        let pod = Sandbox {
            pod: 7,
            namespace: "default".into(),
            name: "web".into(),
            labels: StrMap::default(),
            node: 1,
            address,
            host_network: false,
        };
        let (config, leases) = (NetworkConfig::default(), Leases::new(3));
        let pods = [pod];
        let node = of_node(&machine, &pods, Some(&leases), &config, 3);
        let told: Vec<String> = node.iter().map(|i| format!("{} {} {}", i.index, i.name, i.mtu)).collect();
        let veth = veth_name(3, 7);
        assert_eq!(told, ["1 lo 65535", "2 eth0 1500", "3 flannel.1 1450", "4 cni0 1450", &format!("5 {veth} 1450")]);
        assert_eq!(of_node(&machine, &pods, None, &config, 3).len(), 4, "no flannel.1 without flannel");
        let text = of_pod(&pods[0], &machine, &pods, &config, 3)[1].to_string();
        let mac = pod_mac(3, 7);
        assert_eq!(
            text,
            format!(
                "2: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450\n    link/ether {mac} brd ff:ff:ff:ff:ff:ff\n    \
                 inet 10.244.1.2/24 scope global eth0"
            )
        );
    }
}
