//! flannel with the API server as its store: each node's lease is its Node object, and what a node knows of the others becomes routes,
//! neighbours and forwarding entries in its kernel.
//!
//! Mirrors flannel's `pkg/subnet/kube/kube.go` (leases), `pkg/backend/vxlan` and `pkg/backend/hostgw` (what is written for each), and
//! `pkg/trafficmngr/iptables` (its rules, in [`firewall`]). Left out: WireGuard and the other backends, IPv6, `DirectRouting`.

pub mod firewall;
pub mod kernel;

pub use kernel::{Forwarding, Neighbour, Route, forwarding, neighbours, pod_routes, route_to, routes};

use crate::api::meta::Str;
use crate::api::node::Node;
use crate::api::object::{Kind, Object, ObjectId};
use crate::client::view::View;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::table::Table;
use crate::net::config::Backend;
use crate::net::packet::{Cidr, Mac};
use crate::store::{Change, Verb};
use serde_json::Value;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Where flannel keeps what others have to know of a node: its annotations (`pkg/subnet/kube/annotations.go`).
pub const BACKEND_DATA: &str = "flannel.alpha.coreos.com/backend-data";
/// `vxlan` or `host-gw`.
pub const BACKEND_TYPE: &str = "flannel.alpha.coreos.com/backend-type";
/// `true`: the node is flannel's.
pub const MANAGED: &str = "flannel.alpha.coreos.com/kube-subnet-manager";
/// The address by which other nodes reach it.
pub const PUBLIC_IP: &str = "flannel.alpha.coreos.com/public-ip";

/// The interface that wraps packets: `flannel.` and the VNI.
pub fn vtep_name(vni: u32) -> String {
    format!("flannel.{vni}")
}

/// An address for an interface: drawn, locally administered, of a single station (`mac.NewHardwareAddr`, flannel's `pkg/mac/mac.go`).
pub(crate) fn drawn_mac(seed: u64, key: u128) -> Mac {
    Mac(draw(seed, Stream::Mac, key).mac())
}

/// The address of a node's VXLAN interface. flannel draws it once and writes it into the node's annotations.
pub fn vtep_mac(seed: u64, node: u32) -> Mac {
    drawn_mac(seed, 1 << 64 | u128::from(node))
}

/// How the backend is called in annotations and in net-conf.json.
pub const fn backend_name(backend: Backend) -> &'static str {
    match backend {
        Backend::Vxlan => "vxlan",
        Backend::HostGw => "host-gw",
        Backend::None => "",
    }
}

/// What other nodes know of a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The node's number.
    pub node: u32,
    /// Its name.
    pub name: Str,
    /// The addresses of its pods.
    pub subnet: Cidr,
    /// The address by which it is reached.
    pub public_ip: Ipv4Addr,
    /// `vxlan` or `host-gw`; empty if nobody has written it yet.
    pub backend: Str,
    /// The address of its VXLAN interface.
    pub vtep_mac: Mac,
}

impl Lease {
    /// Whether a node with this backend takes notice of it: others are ignored with a warning.
    pub fn is_for(&self, backend: Backend) -> bool {
        self.backend.is_empty() || self.backend == *backend_name(backend)
    }
}

/// The leases of all nodes, as one version of what the API told.
#[derive(Clone, Default, Debug)]
pub struct Leases {
    seed: u64,
    by_node: Table<Arc<Lease>>,
}

impl Leases {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Leases { seed, ..Leases::default() }
    }

    /// Takes in a change; `true` if a lease changed with it.
    pub fn learn(&mut self, _view: &View, change: &Change) -> bool {
        if change.id.kind != Kind::Node {
            return false;
        }
        let Object::Node(node) = &change.object else { return false };
        let lease = if change.verb == Verb::Deleted { None } else { self.lease_of(change.id, node) };
        self.set(change.id.number, lease)
    }

    /// Sets a node's lease; `true` if it was another.
    pub fn set(&mut self, node: u32, lease: Option<Lease>) -> bool {
        if self.by_node.get(node).map(|old| &**old) == lease.as_ref() {
            return false;
        }
        match lease {
            Some(lease) => self.by_node.insert(node, Arc::new(lease)),
            None => self.by_node.remove(node),
        };
        true
    }

    /// A node's lease.
    pub fn get(&self, node: u32) -> Option<&Lease> {
        self.by_node.get(node).map(|lease| &**lease)
    }

    /// All leases, in order of the nodes' numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Lease> {
        self.by_node.iter().map(|(_, lease)| &**lease)
    }

    /// A node without addresses for pods has none, and one that isn't flannel's neither.
    fn lease_of(&self, id: ObjectId, node: &Node) -> Option<Lease> {
        let subnet = Cidr::parse(&node.pod_cidr)?;
        let annotation = |name: &str| node.meta.annotations.get(name);
        if annotation(MANAGED).is_some_and(|managed| *managed != "true") {
            return None;
        }
        let written = annotation(BACKEND_DATA).and_then(|data| vtep_in(data));
        Some(Lease {
            node: id.number,
            name: node.meta.name.clone(),
            subnet,
            public_ip: annotation(PUBLIC_IP).and_then(|address| address.parse().ok()).unwrap_or(node.status.address),
            backend: annotation(BACKEND_TYPE).cloned().unwrap_or_default(),
            vtep_mac: written.unwrap_or_else(|| vtep_mac(self.seed, id.number)),
        })
    }
}

/// The address in `{"VNI":1,"VtepMAC":"c2:a5:91:3b:7d:08"}`.
fn vtep_in(data: &str) -> Option<Mac> {
    let tree: Value = serde_json::from_str(data).ok()?;
    let mut bytes = [0; 6];
    let mut parts = tree["VtepMAC"].as_str()?.split(':');
    for byte in &mut bytes {
        *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    parts.next().is_none().then_some(Mac(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_follow_the_nodes() {
        let node = |cidr: &str, annotations: Value| {
            let tree = serde_json::json!({
                "kind": "Node", "metadata": {"name": "node-3", "annotations": annotations}, "spec": {"podCIDR": cidr},
                "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.13"}]},
            });
            let object = crate::apiserver::convert::object(Kind::Node, &tree, None, Default::default(), Default::default());
            let id = ObjectId { kind: Kind::Node, number: 3 };
            let (at, event) = (crate::kernel::time::SimTime::ZERO, crate::kernel::queue::EventId::NONE);
            Change { revision: 1, at, event, verb: Verb::Modified, id, object, old: None }
        };
        let (view, mut leases) = (View::default(), Leases::new(7));
        assert!(!leases.learn(&view, &node("", Value::Null)), "nobody has allocated addresses yet");
        assert!(leases.learn(&view, &node("10.244.3.0/24", Value::Null)));
        assert!(!leases.learn(&view, &node("10.244.3.0/24", Value::Null)), "nothing new");
        assert_eq!(leases.get(3).map(|lease| lease.vtep_mac), Some(vtep_mac(7, 3)));
        let data = r#"{"VNI":1,"VtepMAC":"02:00:00:00:03:f1"}"#;
        let written = serde_json::json!({BACKEND_DATA: data, BACKEND_TYPE: "vxlan", MANAGED: "true", PUBLIC_IP: "203.0.113.3"});
        assert!(leases.learn(&view, &node("10.244.3.0/24", written)));
        let lease = leases.get(3).expect("it has one");
        assert_eq!((lease.vtep_mac.0[5], lease.public_ip), (0xf1, Ipv4Addr::new(203, 0, 113, 3)));
        assert!(lease.is_for(Backend::Vxlan) && !lease.is_for(Backend::HostGw));
        assert!(leases.learn(&view, &node("10.244.3.0/24", serde_json::json!({MANAGED: "false"}))));
        assert!(leases.get(3).is_none());
    }

    #[test]
    fn addresses_in_annotations() {
        assert_eq!(vtep_in(r#"{"VNI":1,"VtepMAC":"02:00:00:00:01:f1"}"#).map(|mac| mac.to_string()).as_deref(), Some("02:00:00:00:01:f1"));
        for bad in ["null", "{}", r#"{"VtepMAC":"02:00"}"#, r#"{"VtepMAC":"02:00:00:00:00:00:00"}"#, "no"] {
            assert_eq!(vtep_in(bad), None, "{bad}");
        }
        let mac = vtep_mac(7, 3);
        assert_eq!(mac.0[0] & 3, 2, "locally administered, of a single station");
        assert_ne!(mac, vtep_mac(7, 4));
    }
}
