//! Nodes: what the API says of them, and how their machines really are.

use super::id;
use crate::frame::cluster::{Amounts, Counts, NodeFrame};
use sim_core::Cluster;
use sim_core::api::meta::ConditionStatus;
use sim_core::api::node::Node;
use sim_core::api::object::ObjectId;
use sim_core::api::taint::Taint;
use sim_core::net::agents::Agent;
use sim_core::net::config::Backend;

/// What can change about a machine without a write to the API: faults do that.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct MachineFacts {
    powered: bool,
    kubelet: bool,
    connected: bool,
    runtime: bool,
    proxy: bool,
    flannel: bool,
}

impl MachineFacts {
    pub(super) fn of(cluster: &Cluster, node: u32) -> MachineFacts {
        let Some(kubelet) = cluster.nodes().kubelet(node) else { return MachineFacts::default() };
        let network = cluster.network();
        let runs = |agent| kubelet.up && network.agents().runs(node, agent);
        MachineFacts {
            powered: kubelet.up,
            kubelet: kubelet.up && kubelet.attended,
            connected: kubelet.up && !kubelet.cut,
            runtime: kubelet.up && kubelet.hung.is_none(),
            proxy: runs(Agent::Proxy),
            flannel: network.config().backend != Backend::None && runs(Agent::Flannel),
        }
    }
}

/// What the pods on a node come to.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Tally {
    /// The number of the node; `None`: there is none of this name.
    pub(super) node: Option<u32>,
    pub(super) counts: Counts,
    pub(super) requested: Amounts,
}

/// A node with its machine and its pods' sums.
pub(super) fn frame(object: ObjectId, node: &Node, machine: MachineFacts, tally: &Tally) -> NodeFrame {
    let holds = |kind: &&str| node.status.conditions.iter().any(|c| c.kind == **kind && c.status == ConditionStatus::True);
    let others = node.status.conditions.iter().map(|c| c.kind.as_str()).filter(|kind| *kind != "Ready" && holds(kind));
    let allocatable = node.status.allocatable;
    NodeFrame {
        id: id(object),
        name: node.meta.name.to_string(),
        ready: node.is_ready(),
        schedulable: !node.unschedulable,
        conditions: others.map(str::to_owned).collect(),
        taints: node.taints.iter().map(taint).collect(),
        address: node.status.address.to_string(),
        pod_cidr: node.pod_cidr.to_string(),
        powered: machine.powered,
        kubelet: machine.kubelet,
        connected: machine.connected,
        runtime: machine.runtime,
        proxy: machine.proxy,
        flannel: machine.flannel,
        allocatable: Amounts { milli_cpu: allocatable.resources.milli_cpu, memory: allocatable.resources.memory, pods: allocatable.pods },
        requested: tally.requested,
        counts: tally.counts,
    }
}

fn taint(taint: &Taint) -> String {
    let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
    format!("{}{value}:{}", taint.key, taint.effect.as_str())
}
