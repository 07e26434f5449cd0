//! What flanneld writes about its node: annotations by which the others find it, and that the network is there.
//!
//! Mirrors flannel's `pkg/subnet/kube/kube.go`, AcquireLease and setNodeNetworkUnavailableFalse (v0.27).

use super::{Input, Nodes};
use crate::api::meta::{Condition, ConditionStatus, Str, StrMap};
use crate::api::object::{Kind, ObjectId};
use crate::apiserver::request::Write;
use crate::client::{Call, NO_ANSWER};
use crate::kernel::chance::{Stream, draw};
use crate::kernel::outbox::Outbox;
use crate::kernel::time::{SimDuration, SimTime};
use serde_json::json;
use std::net::Ipv4Addr;

/// How long it takes from hearing of the addresses of the node's pods until it has written everything.
const START: SimDuration = SimDuration::from_millis(400);

/// How flannel carries packets between nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flannel {
    /// `vxlan` or `host-gw`.
    pub backend: &'static str,
    /// The network identifier of VXLAN.
    pub vni: u32,
}

impl Flannel {
    /// The annotations of a node.
    pub fn annotations(self, seed: u64, node: u32, address: Ipv4Addr) -> StrMap {
        let data = match self.backend {
            "vxlan" => json!({"VNI": self.vni, "VtepMAC": vtep_mac(seed, node)}).to_string(),
            _ => "null".to_owned(),
        };
        let own = [
            ("backend-data", data),
            ("backend-type", self.backend.to_owned()),
            ("kube-subnet-manager", "true".to_owned()),
            ("public-ip", address.to_string()),
        ];
        own.into_iter().map(|(key, value)| (Str::from(format!("flannel.alpha.coreos.com/{key}")), Str::from(value))).collect()
    }

    /// The condition that it sets once.
    pub fn is_up(now: SimTime) -> Condition {
        let at = now.truncated_to_secs();
        Condition {
            kind: "NetworkUnavailable".into(),
            status: ConditionStatus::False,
            reason: "FlannelIsUp".into(),
            message: "Flannel is running on this node".into(),
            last_transition: at,
            last_update: at,
            observed_generation: 0,
        }
    }
}

/// The address of a node's VXLAN interface: drawn, locally administered, of a single station.
fn vtep_mac(seed: u64, node: u32) -> String {
    let [first, b, c, d, e, f] = draw(seed, Stream::Mac, 1 << 64 | u128::from(node)).mac();
    format!("{first:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

impl Nodes {
    /// The same, with flannel on each node.
    #[must_use]
    pub fn with_flannel(self, flannel: Option<Flannel>) -> Self {
        Nodes { flannel, ..self }
    }

    /// A node's pods have got their addresses: those that start from now on have theirs from these, and flannel tells the others.
    pub(super) fn take_pod_cidr(&mut self, now: SimTime, node: u32, range: &str, out: &mut Outbox<Call, Input>) {
        let Some(base) = range.split_once('/').and_then(|(base, _)| base.parse().ok()) else { return };
        let (seed, flannel) = (self.seed, self.flannel);
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        kubelet.addresses.move_to(base);
        let Some(flannel) = flannel.filter(|_| kubelet.up && !kubelet.cut) else { return };
        let id = ObjectId { kind: Kind::Node, number: node };
        let at = now + START;
        for write in
            [Write::Annotations(id, flannel.annotations(seed, node, kubelet.address)), Write::NodeConditions(id, vec![Flannel::is_up(at)])]
        {
            out.send_at(at, Call { token: NO_ANSWER, write });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_find() {
        let of = |backend| Flannel { backend, vni: 1 }.annotations(1, 3, Ipv4Addr::new(192, 168, 0, 13));
        let data = |map: &StrMap| map.get("flannel.alpha.coreos.com/backend-data").map(ToString::to_string).unwrap_or_default();
        let vxlan = data(&of("vxlan"));
        assert!(vxlan.starts_with(r#"{"VNI":1,"VtepMAC":""#), "{vxlan}");
        assert_eq!(data(&of("host-gw")), "null");
        assert_eq!(of("vxlan").get("flannel.alpha.coreos.com/public-ip").map(|ip| *ip == "192.168.0.13"), Some(true));
    }
}
