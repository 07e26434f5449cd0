//! DaemonSets, and which nodes they want a pod on. Mirrors `k8s.io/api/apps/v1/types.go`, the tolerations of
//! `pkg/controller/daemon/util/daemonset_util.go` and NodeShouldRunDaemonPod of `pkg/controller/daemon/daemon_controller.go`, v1.36.

use crate::api::intstr::IntOrString;
use crate::api::meta::Meta;
use crate::api::node::Node;
use crate::api::node_affinity::NodeAffinity;
use crate::api::pod::{PodTemplate, Taint, TaintEffect};
use crate::api::selector::Selector;
use crate::api::workloads::{int32, put, seconds};
use crate::kernel::time::{Epoch, SimDuration};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The annotation that counts the changes of the template. The API server keeps it.
pub const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// The taints that every daemon can live with: a daemon is what a node needs to get well.
const TOLERATED: &[(&str, &str)] = &[
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];
/// The same of those in their node's network: they may be what brings the network up.
const TOLERATED_BY_HOST_NETWORK: (&str, &str) = ("node.kubernetes.io/network-unavailable", "NoSchedule");

/// Whether a DaemonSet wants a pod on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Wanted {
    /// A pod that is there has to go.
    #[default]
    No,
    /// No new pod, but one that is there may stay: the node got a NoSchedule taint.
    Stay,
    /// A pod is to run there.
    Yes,
}

/// When a DaemonSet's pods are replaced by those of a new template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DaemonUpdate {
    /// When somebody deletes them.
    OnDelete,
    /// Node after node.
    RollingUpdate {
        /// How many nodes may be without an available pod.
        max_unavailable: IntOrString,
        /// On how many nodes a new pod may come before the old one goes.
        max_surge: IntOrString,
    },
}

/// `spec` of a DaemonSet, decoded.
#[derive(PartialEq, Eq, Debug)]
pub struct DaemonSetSpec {
    /// The external form with defaults filled in.
    pub tree: Value,
    /// Which pods are its own.
    pub selector: Selector,
    /// What the user wrote: what revisions remember.
    pub template: PodTemplate,
    /// What pods are made from: with the tolerations of all daemons.
    pub daemon: PodTemplate,
    /// Which nodes the template asks for.
    pub affinity: NodeAffinity,
    /// When pods are replaced.
    pub update: DaemonUpdate,
    /// How long a pod must have been ready to count as available.
    pub min_ready: SimDuration,
    /// How many old revisions are kept.
    pub revision_history_limit: i32,
}

impl DaemonSetSpec {
    /// Decodes a defaulted `spec`.
    pub fn from_tree(tree: &Value) -> Self {
        let strategy = &tree["updateStrategy"];
        let bound = |field: &str, usual: i32| IntOrString::from_value(&strategy["rollingUpdate"][field]).unwrap_or(IntOrString::Int(usual));
        let template = PodTemplate::from_tree(&tree["template"]);
        DaemonSetSpec {
            selector: Selector::from_label_selector(&tree["selector"]).unwrap_or_default(),
            daemon: daemon_template(&template),
            affinity: NodeAffinity::of(&template.spec),
            update: match strategy["type"].as_str() {
                Some("OnDelete") => DaemonUpdate::OnDelete,
                _ => DaemonUpdate::RollingUpdate { max_unavailable: bound("maxUnavailable", 1), max_surge: bound("maxSurge", 0) },
            },
            min_ready: seconds(tree, "minReadySeconds").unwrap_or_default(),
            revision_history_limit: int32(tree, "revisionHistoryLimit").unwrap_or(10),
            template,
            tree: tree.clone(),
        }
    }

    /// Whether a pod is wanted on a node.
    pub fn wants(&self, node: &Node) -> Wanted {
        let spec = &self.daemon.spec;
        let named = spec.node_name.is_empty() || spec.node_name == node.meta.name;
        if !named || !self.affinity.matches(node) {
            return Wanted::No;
        }
        let untolerated = |taint: &&Taint| !spec.tolerations.iter().any(|toleration| toleration.tolerates(taint));
        let mut wanted = Wanted::Yes;
        for taint in node.taints.iter().filter(untolerated) {
            match taint.effect {
                TaintEffect::NoExecute => return Wanted::No,
                TaintEffect::NoSchedule => wanted = Wanted::Stay,
                TaintEffect::PreferNoSchedule => {}
            }
        }
        wanted
    }

    /// How many nodes may have two pods, of this many. 10 % of 25 nodes: 3, rounded up.
    pub fn max_surge(&self, nodes: i64) -> i64 {
        match &self.update {
            DaemonUpdate::OnDelete => 0,
            DaemonUpdate::RollingUpdate { max_surge, .. } => max_surge.scaled(nodes, true).unwrap_or(0),
        }
    }

    /// How many nodes may be without an available pod, of this many.
    pub fn max_unavailable(&self, nodes: i64) -> i64 {
        match &self.update {
            DaemonUpdate::OnDelete => 0,
            DaemonUpdate::RollingUpdate { max_unavailable, .. } => max_unavailable.scaled(nodes, true).unwrap_or(0),
        }
    }

    /// Whether there may ever be two pods on a node.
    pub fn allows_surge(&self) -> bool {
        self.max_surge(1) > 0
    }
}

/// The template with the tolerations that all daemons have. `AddOrUpdateDaemonPodTolerations`: one that is there already stays where it is,
/// and tolerates for ever.
fn daemon_template(template: &PodTemplate) -> PodTemplate {
    let mut tree = (*template.tree).clone();
    let host_network = template.spec.host_network.then_some(&TOLERATED_BY_HOST_NETWORK);
    if !tree["spec"]["tolerations"].is_array() {
        tree["spec"]["tolerations"] = json!([]);
    }
    if let Some(tolerations) = tree["spec"]["tolerations"].as_array_mut() {
        for (key, effect) in TOLERATED.iter().chain(host_network) {
            let wanted = json!({"key": key, "operator": "Exists", "effect": effect});
            let same = |own: &&mut Value| {
                ["key", "operator", "effect"].iter().all(|field| own[*field] == wanted[*field])
                    && own["value"].as_str().is_none_or(str::is_empty)
            };
            match tolerations.iter_mut().find(same) {
                Some(own) => *own = wanted,
                None => tolerations.push(wanted),
            }
        }
    }
    PodTemplate::from_tree(&tree)
}

/// `status` of a DaemonSet: counts of nodes, not of pods.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DaemonSetStatus {
    /// The generation that the controller has seen.
    pub observed_generation: i64,
    /// Nodes that are to run a pod and have one.
    pub current: i32,
    /// Nodes that have a pod and aren't to run one.
    pub misscheduled: i32,
    /// Nodes that are to run a pod.
    pub desired: i32,
    /// Nodes whose pod is ready.
    pub ready: i32,
    /// Nodes whose pod is of the current template.
    pub updated: i32,
    /// Nodes whose pod has been ready for long enough.
    pub available: i32,
    /// Nodes that are to run a pod, and none is available.
    pub unavailable: i32,
    /// How often the name of a new revision was taken already.
    pub collision_count: Option<i32>,
}

impl DaemonSetStatus {
    fn to_tree(&self) -> Value {
        let mut tree = Map::new();
        tree.insert("currentNumberScheduled".into(), self.current.into());
        tree.insert("numberMisscheduled".into(), self.misscheduled.into());
        tree.insert("desiredNumberScheduled".into(), self.desired.into());
        tree.insert("numberReady".into(), self.ready.into());
        put(&mut tree, "observedGeneration", self.observed_generation);
        put(&mut tree, "updatedNumberScheduled", self.updated.into());
        put(&mut tree, "numberAvailable", self.available.into());
        put(&mut tree, "numberUnavailable", self.unavailable.into());
        if let Some(count) = self.collision_count {
            tree.insert("collisionCount".into(), count.into());
        }
        Value::Object(tree)
    }
}

/// A DaemonSet.
#[derive(Clone, PartialEq, Debug)]
pub struct DaemonSet {
    /// Metadata.
    pub meta: Meta,
    /// What is wanted.
    pub spec: Arc<DaemonSetSpec>,
    /// What there is.
    pub status: DaemonSetStatus,
}

impl DaemonSet {
    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet",
            "metadata": self.meta.to_tree(epoch), "spec": self.spec.tree, "status": self.status.to_tree(),
        })
    }
}
