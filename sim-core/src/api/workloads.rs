//! Deployments and ReplicaSets. Mirrors `k8s.io/api/apps/v1/types.go`, v1.36.

use crate::api::intstr::IntOrString;
use crate::api::meta::{Condition, Meta};
use crate::api::pod::PodTemplate;
use crate::api::selector::Selector;
use crate::kernel::time::{Epoch, SimDuration};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// How a Deployment replaces its pods.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// All old ones go before any new one comes.
    Recreate,
    /// Old ones go as new ones become available.
    RollingUpdate {
        /// How many pods more than `replicas` there may be.
        max_surge: IntOrString,
        /// How many pods fewer than `replicas` may be available.
        max_unavailable: IntOrString,
    },
}

/// `spec` of a Deployment, decoded.
#[derive(PartialEq, Eq, Debug)]
pub struct DeploymentSpec {
    /// The external form with defaults filled in.
    pub tree: Value,
    /// How many pods are wanted.
    pub replicas: i32,
    /// Which pods are its own.
    pub selector: Selector,
    /// What pods are made from.
    pub template: PodTemplate,
    /// How pods are replaced.
    pub strategy: Strategy,
    /// How long a pod must have been ready to count as available.
    pub min_ready: SimDuration,
    /// How many old ReplicaSets are kept; `None`: all.
    pub revision_history_limit: Option<i32>,
    /// Whether rollouts are held.
    pub paused: bool,
    /// After how long without progress a rollout counts as failed; `None`: never.
    pub progress_deadline: Option<SimDuration>,
}

impl DeploymentSpec {
    /// Decodes a defaulted `spec`.
    pub fn from_tree(tree: &Value) -> Self {
        let strategy = &tree["strategy"];
        let rolling = &strategy["rollingUpdate"];
        let bound = |field: &str| IntOrString::from_value(&rolling[field]).unwrap_or(IntOrString::Str("25%".into()));
        DeploymentSpec {
            replicas: int32(tree, "replicas").unwrap_or(1),
            selector: Selector::from_label_selector(&tree["selector"]).unwrap_or_default(),
            template: PodTemplate::from_tree(&tree["template"]),
            strategy: match strategy["type"].as_str() {
                Some("Recreate") => Strategy::Recreate,
                _ => Strategy::RollingUpdate { max_surge: bound("maxSurge"), max_unavailable: bound("maxUnavailable") },
            },
            min_ready: seconds(tree, "minReadySeconds").unwrap_or_default(),
            revision_history_limit: int32(tree, "revisionHistoryLimit").filter(|limit| *limit != i32::MAX),
            paused: tree["paused"] == true,
            progress_deadline: int32(tree, "progressDeadlineSeconds")
                .filter(|secs| *secs != i32::MAX)
                .map(|secs| SimDuration::from_secs(u64::try_from(secs).unwrap_or(0))),
            tree: tree.clone(),
        }
    }
}

pub(super) fn int32(tree: &Value, field: &str) -> Option<i32> {
    tree[field].as_i64().and_then(|n| i32::try_from(n).ok())
}

pub(super) fn seconds(tree: &Value, field: &str) -> Option<SimDuration> {
    tree[field].as_u64().map(SimDuration::from_secs)
}

/// `status` of a Deployment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeploymentStatus {
    /// The generation that the controller has seen.
    pub observed_generation: i64,
    /// Pods, terminating ones aside.
    pub replicas: i32,
    /// Pods of the current template.
    pub updated_replicas: i32,
    /// Pods that are ready.
    pub ready_replicas: i32,
    /// Pods that have been ready for long enough.
    pub available_replicas: i32,
    /// Pods that are missing.
    pub unavailable_replicas: i32,
    /// Pods that are going; `None` before the controller has looked.
    pub terminating_replicas: Option<i32>,
    /// In the order in which they were last changed.
    pub conditions: Vec<Condition>,
    /// How often the name of a new ReplicaSet was taken already.
    pub collision_count: Option<i32>,
}

impl DeploymentStatus {
    /// The condition of this type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|c| c.kind == *kind)
    }

    fn to_tree(&self, epoch: Epoch) -> Value {
        let mut tree = Map::new();
        put(&mut tree, "observedGeneration", self.observed_generation);
        put(&mut tree, "replicas", self.replicas.into());
        put(&mut tree, "updatedReplicas", self.updated_replicas.into());
        put(&mut tree, "readyReplicas", self.ready_replicas.into());
        put(&mut tree, "availableReplicas", self.available_replicas.into());
        put(&mut tree, "unavailableReplicas", self.unavailable_replicas.into());
        for (field, value) in [("terminatingReplicas", self.terminating_replicas), ("collisionCount", self.collision_count)] {
            if let Some(value) = value {
                tree.insert(field.into(), value.into());
            }
        }
        if !self.conditions.is_empty() {
            let condition = |c: &Condition| {
                json!({
                    "type": c.kind.as_str(), "status": c.status.as_str(), "reason": c.reason.as_str(), "message": c.message.as_str(),
                    "lastUpdateTime": epoch.rfc3339(c.last_update), "lastTransitionTime": epoch.rfc3339(c.last_transition),
                })
            };
            tree.insert("conditions".into(), self.conditions.iter().map(condition).collect());
        }
        Value::Object(tree)
    }
}

pub(super) fn put(tree: &mut Map<String, Value>, field: &str, number: i64) {
    if number != 0 {
        tree.insert(field.into(), number.into());
    }
}

/// A Deployment.
#[derive(Clone, PartialEq, Debug)]
pub struct Deployment {
    /// Metadata.
    pub meta: Meta,
    /// What is wanted.
    pub spec: Arc<DeploymentSpec>,
    /// What there is.
    pub status: DeploymentStatus,
}

impl Deployment {
    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": self.meta.to_tree(epoch), "spec": self.spec.tree, "status": self.status.to_tree(epoch),
        })
    }
}

/// `spec` of a ReplicaSet without `replicas`, decoded.
#[derive(PartialEq, Eq, Debug)]
pub struct ReplicaSetSpec {
    /// The external form with defaults filled in; `replicas` in it is not kept up to date.
    pub tree: Value,
    /// Which pods are its own.
    pub selector: Selector,
    /// What pods are made from.
    pub template: PodTemplate,
    /// How long a pod must have been ready to count as available.
    pub min_ready: SimDuration,
}

impl ReplicaSetSpec {
    /// Decodes a defaulted `spec`.
    pub fn from_tree(tree: &Value) -> Self {
        ReplicaSetSpec {
            selector: Selector::from_label_selector(&tree["selector"]).unwrap_or_default(),
            template: PodTemplate::from_tree(&tree["template"]),
            min_ready: seconds(tree, "minReadySeconds").unwrap_or_default(),
            tree: tree.clone(),
        }
    }
}

/// `status` of a ReplicaSet.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReplicaSetStatus {
    /// Pods, terminating ones aside.
    pub replicas: i32,
    /// Pods that have all labels of the template.
    pub fully_labeled_replicas: i32,
    /// Pods that are ready.
    pub ready_replicas: i32,
    /// Pods that have been ready for long enough.
    pub available_replicas: i32,
    /// Pods that are going; `None` before the controller has looked.
    pub terminating_replicas: Option<i32>,
    /// The generation that the controller has seen.
    pub observed_generation: i64,
    /// `ReplicaFailure`, or none.
    pub conditions: Vec<Condition>,
}

/// A ReplicaSet.
#[derive(Clone, PartialEq, Debug)]
pub struct ReplicaSet {
    /// Metadata.
    pub meta: Meta,
    /// How many pods are wanted.
    pub replicas: i32,
    /// Which and how.
    pub spec: Arc<ReplicaSetSpec>,
    /// What there is.
    pub status: ReplicaSetStatus,
}

impl ReplicaSet {
    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        let mut spec = self.spec.tree.clone();
        spec["replicas"] = self.replicas.into();
        json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": self.meta.to_tree(epoch), "spec": spec, "status": self.status.to_tree(epoch),
        })
    }
}

impl ReplicaSetStatus {
    fn to_tree(&self, epoch: Epoch) -> Value {
        let mut tree = Map::new();
        tree.insert("replicas".into(), self.replicas.into());
        put(&mut tree, "fullyLabeledReplicas", self.fully_labeled_replicas.into());
        put(&mut tree, "readyReplicas", self.ready_replicas.into());
        put(&mut tree, "availableReplicas", self.available_replicas.into());
        if let Some(terminating) = self.terminating_replicas {
            tree.insert("terminatingReplicas".into(), terminating.into());
        }
        put(&mut tree, "observedGeneration", self.observed_generation);
        if !self.conditions.is_empty() {
            let condition = |c: &Condition| {
                json!({
                    "type": c.kind.as_str(), "status": c.status.as_str(), "reason": c.reason.as_str(), "message": c.message.as_str(),
                    "lastTransitionTime": epoch.rfc3339(c.last_transition),
                })
            };
            tree.insert("conditions".into(), self.conditions.iter().map(condition).collect());
        }
        Value::Object(tree)
    }
}
