//! Whether the API server takes an object: the rules of v1.36, with its words. Mirrors `pkg/apis/*/validation`, and for warnings
//! `pkg/api/{pod,service}/warnings.go`.
//!
//! Objects come as trees, after decoding, defaulting and admission. For each kind there is a table of rules (`rules::Row`), in the
//! order in which upstream looks at the fields, since that is the order of the messages; one walker interprets them all. Where upstream
//! goes through a map in random order, we go by key.
//!
//! Left out: quotas, limit ranges, Pod Security, and all that needs other objects (is the node port free, does the service account
//! exist): they belong to admission and to the store.

mod autoscaling;
mod claim;
mod cluster_scoped;
mod config;
mod container;
mod diff;
mod ingress;
mod internal;
mod jobs;
mod meta;
pub mod names;
mod network;
mod network_policy;
pub mod path;
mod persistent_volume;
mod pod;
mod pod_update;
mod policy;
mod quota;
mod rbac;
mod records;
mod resources;
mod rules;
mod scheduling;
mod security;
mod service;
mod storage;
mod traffic;
mod volume;
mod warning;
mod workloads;

use crate::api::status::FieldError;
use serde_json::Value;

pub use meta::same;

type Create = fn(&Value, &mut Vec<FieldError>);
type Update = fn(&Value, &Value, &mut Vec<FieldError>);

/// The kinds that have rules: for new objects, and for changes. A kind that isn't here is taken as it is.
static KINDS: &[(&str, Create, Update)] = &[
    ("ClusterRole", rbac::cluster_role, rbac::cluster_role_update),
    ("ClusterRoleBinding", rbac::cluster_role_binding, rbac::cluster_role_binding_update),
    ("ConfigMap", config::config_map, config::config_map_update),
    ("ControllerRevision", workloads::controller_revision, workloads::controller_revision_update),
    ("CronJob", jobs::cron_job, jobs::cron_job_update),
    ("CSIDriver", storage::csi_driver, storage::csi_driver_update),
    ("CSINode", storage::csi_node, storage::csi_node_update),
    ("DaemonSet", workloads::daemon_set, workloads::daemon_set_update),
    ("Deployment", workloads::deployment, workloads::deployment_update),
    ("Endpoints", traffic::endpoints_object, traffic::endpoints_object_update),
    ("EndpointSlice", traffic::endpoint_slice, traffic::endpoint_slice_update),
    ("Event", records::event, |new, _, errors| records::event(new, errors)),
    ("HorizontalPodAutoscaler", autoscaling::autoscaler, autoscaling::autoscaler_update),
    ("Ingress", ingress::ingress, ingress::ingress_update),
    ("IngressClass", ingress::class, ingress::class_update),
    ("Job", jobs::job, jobs::job_update),
    ("Lease", records::lease, records::lease_update),
    ("LimitRange", quota::limit_range, |new, _, errors| quota::limit_range(new, errors)),
    ("Namespace", cluster_scoped::namespace, cluster_scoped::namespace_update),
    ("NetworkPolicy", network_policy::network_policy, network_policy::network_policy_update),
    ("Node", cluster_scoped::node, cluster_scoped::node_update),
    ("PersistentVolume", persistent_volume::volume, persistent_volume::volume_update),
    ("PersistentVolumeClaim", claim::claim, claim::claim_update),
    ("Pod", pod::create, pod_update::update),
    ("PodDisruptionBudget", policy::disruption_budget, policy::disruption_budget_update),
    ("PodTemplate", pod::pod_template, |new, _, errors| pod::pod_template(new, errors)),
    ("PriorityClass", policy::priority_class, policy::priority_class_update),
    ("ReplicaSet", workloads::replica_set, workloads::replica_set_update),
    ("ReplicationController", workloads::replication_controller, workloads::replication_controller_update),
    ("ResourceQuota", quota::resource_quota, quota::resource_quota_update),
    ("Role", rbac::role, rbac::role_update),
    ("RoleBinding", rbac::role_binding, rbac::role_binding_update),
    ("RuntimeClass", policy::runtime_class, policy::runtime_class_update),
    ("Secret", config::secret, config::secret_update),
    ("Service", service::create, service::update),
    ("ServiceAccount", config::service_account, config::service_account_update),
    ("StatefulSet", workloads::stateful_set, workloads::stateful_set_update),
    ("StorageClass", storage::class, storage::class_update),
    ("VolumeAttachment", storage::attachment, storage::attachment_update),
];

/// What is wrong with a new object of this kind (`"Deployment"`); nothing, if it can be stored. It has its defaults already, and
/// its namespace.
pub fn create(kind: &str, tree: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some((_, create, _)) = KINDS.iter().find(|k| k.0 == kind) {
        create(tree, &mut errors);
    }
    errors
}

/// What is wrong with a change of a stored object. `new` has its defaults, and the metadata that the server keeps (UID, generation,
/// resource version); its status doesn't matter.
pub fn update(kind: &str, new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some((_, _, update)) = KINDS.iter().find(|k| k.0 == kind) {
        update(new, old, &mut errors);
    }
    errors
}

/// What the server warns of when it takes a new object of this kind.
pub fn warnings(kind: &str, tree: &Value) -> Vec<String> {
    warning::on_create(kind, tree)
}

/// What the server warns of when it takes a change: workloads warn if their spec changed, Pods never.
pub fn update_warnings(kind: &str, new: &Value, old: &Value) -> Vec<String> {
    warning::on_update(kind, new, old)
}

/// All messages, one a line, each once: as kubectl lists them.
pub fn lines(errors: &[FieldError]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for error in errors {
        let line = error.to_string();
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_kinds;
