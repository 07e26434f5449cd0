//! StatefulSets. Mirrors `k8s.io/api/apps/v1/types.go`, v1.36.

use crate::api::meta::{Meta, Str, text};
use crate::api::pod::PodTemplate;
use crate::api::selector::Selector;
use crate::api::workloads::{int32, put, seconds};
use crate::kernel::time::{Epoch, SimDuration};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// When a StatefulSet's pods are replaced by those of a new template.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatefulUpdate {
    /// When somebody deletes them.
    OnDelete,
    /// One by one, from the highest ordinal down.
    RollingUpdate {
        /// The pods before this one keep the old template; `None`: the strategy doesn't say, as in objects older than the field.
        partition: Option<i32>,
    },
}

/// A template of a claim that each pod gets its own of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimTemplate {
    /// Its name, and that of the pod's volume.
    pub name: Str,
    /// The external form.
    pub tree: Value,
}

/// What becomes of the claims, `persistentVolumeClaimRetentionPolicy`: whether they go too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ClaimsGo {
    /// When the set is deleted.
    pub when_deleted: bool,
    /// When a scaling takes their pod away.
    pub when_scaled: bool,
}

/// `spec` of a StatefulSet, decoded.
#[derive(PartialEq, Eq, Debug)]
pub struct StatefulSetSpec {
    /// The external form with defaults filled in.
    pub tree: Value,
    /// How many pods are wanted.
    pub replicas: i32,
    /// Which pods are its own.
    pub selector: Selector,
    /// What pods are made from.
    pub template: PodTemplate,
    /// The Service that names its pods.
    pub service_name: Str,
    /// Whether pods come and go all at once, not one after another: `podManagementPolicy`.
    pub parallel: bool,
    /// When pods are replaced.
    pub update: StatefulUpdate,
    /// The first ordinal.
    pub start: i32,
    /// How long a pod must have been ready to count as available.
    pub min_ready: SimDuration,
    /// How many old revisions are kept; fewer than none: all.
    pub revision_history_limit: i32,
    /// The claims of each pod.
    pub claims: Vec<ClaimTemplate>,
    /// What becomes of them.
    pub claims_go: ClaimsGo,
}

impl StatefulSetSpec {
    /// Decodes a defaulted `spec`.
    pub fn from_tree(tree: &Value) -> Self {
        let strategy = &tree["updateStrategy"];
        let policy = &tree["persistentVolumeClaimRetentionPolicy"];
        let claim = |claim: &Value| ClaimTemplate { name: text(&claim["metadata"], "name"), tree: claim.clone() };
        StatefulSetSpec {
            replicas: int32(tree, "replicas").unwrap_or(1),
            selector: Selector::from_label_selector(&tree["selector"]).unwrap_or_default(),
            template: PodTemplate::from_tree(&tree["template"]),
            service_name: text(tree, "serviceName"),
            parallel: tree["podManagementPolicy"] == "Parallel",
            update: match strategy["type"].as_str() {
                Some("OnDelete") => StatefulUpdate::OnDelete,
                _ => StatefulUpdate::RollingUpdate { partition: int32(&strategy["rollingUpdate"], "partition") },
            },
            start: int32(&tree["ordinals"], "start").unwrap_or(0),
            min_ready: seconds(tree, "minReadySeconds").unwrap_or_default(),
            revision_history_limit: int32(tree, "revisionHistoryLimit").unwrap_or(10),
            claims: tree["volumeClaimTemplates"].as_array().into_iter().flatten().map(claim).collect(),
            claims_go: ClaimsGo { when_deleted: policy["whenDeleted"] == "Delete", when_scaled: policy["whenScaled"] == "Delete" },
            tree: tree.clone(),
        }
    }

    /// Whether an ordinal is one of those that are wanted. With start 3 and 2 replicas: 3 and 4.
    pub fn wants(&self, ordinal: i32) -> bool {
        ordinal >= self.start && i64::from(ordinal) < i64::from(self.start) + i64::from(self.replicas)
    }
}

/// `status` of a StatefulSet.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StatefulSetStatus {
    /// The generation that the controller has seen.
    pub observed_generation: i64,
    /// Pods that exist, terminating ones too.
    pub replicas: i32,
    /// Pods that are ready.
    pub ready_replicas: i32,
    /// Pods of the current revision.
    pub current_replicas: i32,
    /// Pods of the update revision.
    pub updated_replicas: i32,
    /// Pods that have been ready for long enough.
    pub available_replicas: i32,
    /// The revision that the pods before the update were made from.
    pub current_revision: Str,
    /// The revision that new pods are made from.
    pub update_revision: Str,
    /// How often the name of a new revision was taken already; `None` before the controller has looked.
    pub collision_count: Option<i32>,
}

impl StatefulSetStatus {
    fn to_tree(&self) -> Value {
        let mut tree = Map::new();
        put(&mut tree, "observedGeneration", self.observed_generation);
        tree.insert("replicas".into(), self.replicas.into());
        put(&mut tree, "readyReplicas", self.ready_replicas.into());
        put(&mut tree, "currentReplicas", self.current_replicas.into());
        put(&mut tree, "updatedReplicas", self.updated_replicas.into());
        for (field, revision) in [("currentRevision", &self.current_revision), ("updateRevision", &self.update_revision)] {
            if !revision.is_empty() {
                tree.insert(field.into(), revision.as_str().into());
            }
        }
        if let Some(count) = self.collision_count {
            tree.insert("collisionCount".into(), count.into());
        }
        tree.insert("availableReplicas".into(), self.available_replicas.into());
        Value::Object(tree)
    }
}

/// A StatefulSet.
#[derive(Clone, PartialEq, Debug)]
pub struct StatefulSet {
    /// Metadata.
    pub meta: Meta,
    /// What is wanted.
    pub spec: Arc<StatefulSetSpec>,
    /// What there is.
    pub status: StatefulSetStatus,
}

impl StatefulSet {
    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": self.meta.to_tree(epoch), "spec": self.spec.tree, "status": self.status.to_tree(),
        })
    }
}
