//! Node IPAM: each node gets a range of the cluster's addresses for its pods, the next that is free.
//!
//! Mirrors `pkg/controller/nodeipam/ipam/range_allocator.go` and `cidrset/cidr_set.go`, v1.36. The set of ranges that are taken is what the
//! nodes have; where upstream remembers a place to go on from, the cache knows which range was given last. Left out: IPv6, more than one
//! range for a node. Nodes that are there from the beginning come with theirs.

use crate::api::event::{EventType, ObjectReference};
use crate::api::object::{Kind, Object, ObjectId};
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::client::work_queue::BACKOFF;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// How many bits the addresses of a node's pods share: `--node-cidr-mask-size`, 24.
const NODE_BITS: u8 = 24;

/// The controller.
pub struct NodeIpamController;

impl Controller for NodeIpamController {
    const NAME: &'static str = "node-ipam-controller";
    const SIGNS_AS: &'static str = "cidrAllocator";
    // Ranges are given one at a time, as under upstream's lock.
    const WORKERS: usize = 1;
    const READS_ITS_WRITES: bool = true;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        if let Object::Node(node) = &change.object
            && view.flags().cluster_cidr.is_some()
            && change.verb != Verb::Deleted
            && node.pod_cidr.is_empty()
        {
            keys.add(change.id);
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        let Some(cluster) = view.flags().cluster_cidr else { return plan };
        let Some(node) = view.get(key).and_then(Object::as_node).filter(|node| node.pod_cidr.is_empty()) else { return plan };
        let nodes = view.list(Kind::Node, None).filter_map(|(_, object)| object.as_node());
        let taken: BTreeSet<u32> = nodes.filter_map(|node| index_of(cluster, &node.pod_cidr)).collect();
        let after = index_of(cluster, view.newest_pod_cidr()).map_or(0, |last| last + 1);
        match next_free(&taken, ranges(cluster), after) {
            Some(index) => {
                let range = format!("{}/{NODE_BITS}", Ipv4Addr::from(u32::from(cluster.0) + (index << (32 - NODE_BITS))));
                plan.why = format!("node {} has no addresses for its pods; {range} is free", node.meta.name).into();
                plan.then(Write::NodePodCidr(key, range.into()));
            }
            None => {
                let message = format!("Node {} status is now: CIDRNotAvailable", node.meta.name);
                plan.report(ObjectReference::to(Kind::Node, &node.meta), EventType::Normal, "CIDRNotAvailable", message);
                plan.retry = Some(BACKOFF);
            }
        }
        plan
    }
}

/// How many ranges there are: a /16 has 256.
fn ranges(cluster: (Ipv4Addr, u8)) -> u32 {
    1 << NODE_BITS.saturating_sub(cluster.1)
}

/// Which of the ranges this is, if it is one.
fn index_of(cluster: (Ipv4Addr, u8), range: &str) -> Option<u32> {
    let address: Ipv4Addr = range.split_once('/')?.0.parse().ok()?;
    let index = u32::from(address).checked_sub(u32::from(cluster.0))? >> (32 - NODE_BITS);
    (index < ranges(cluster)).then_some(index)
}

/// The first free range from a place on, and around. `cidr_set.go`, AllocateNext.
fn next_free(taken: &BTreeSet<u32>, ranges: u32, from: u32) -> Option<u32> {
    (0..ranges).map(|step| (from + step) % ranges).find(|index| !taken.contains(index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::plan::Step;
    use crate::client::view::{Flags, tests::view_of};
    use serde_json::json;

    #[test]
    fn ranges_are_given_in_turn() {
        let check = |taken: &[u32], from: u32, expected: Option<u32>| {
            assert_eq!(next_free(&taken.iter().copied().collect(), 4, from), expected);
        };
        check(&[], 0, Some(0));
        check(&[0, 1], 2, Some(2));
        check(&[0, 2], 2, Some(3));
        check(&[0, 2, 3], 4, Some(1));
        check(&[0, 1, 2, 3], 1, None);
        let cluster = (Ipv4Addr::new(10, 244, 0, 0), 16);
        assert_eq!(index_of(cluster, "10.244.7.0/24"), Some(7));
        assert_eq!(index_of(cluster, "10.245.0.0/24"), None);
        assert_eq!(index_of(cluster, "10.243.0.0/24"), None);
        assert_eq!(index_of(cluster, ""), None);
    }

    fn sync(bits: u8) -> Plan {
        let node = |name: &str, range: &str| json!({"kind": "Node", "metadata": {"name": name}, "spec": {"podCIDR": range}});
        let view = view_of(&[node("a", "10.244.0.0/24"), node("b", "10.244.1.0/24"), node("c", "")]);
        let view = view.with_flags(Flags { cluster_cidr: Some((Ipv4Addr::new(10, 244, 0, 0), bits)), ..Flags::default() });
        NodeIpamController::sync(&view, ObjectId { kind: Kind::Node, number: 2 }, SimTime::ZERO, true)
    }

    #[test]
    fn a_node_gets_a_range_or_an_event() {
        assert!(matches!(&sync(16).steps[..], [Step::One(Write::NodePodCidr(_, range))] if *range == "10.244.2.0/24"));
        assert!(matches!(&sync(23).steps[..], [Step::Report(report)] if report.reason == "CIDRNotAvailable"));
    }
}
