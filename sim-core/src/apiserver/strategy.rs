//! What single kinds need before an object is validated: `PrepareForCreate` and `PrepareForUpdate` of `pkg/registry/*/*/strategy.go`, and the admission
//! plugins that only look at the object itself, v1.36.

use crate::api::daemon_set::TEMPLATE_GENERATION;
use crate::api::defaults;
use crate::api::meta::Uid;
use crate::api::object::Kind;
use serde_json::{Value, json};

/// Completes a defaulted tree. `uid` is the one that the object will get.
pub(super) fn prepare(kind: Kind, tree: &mut Value, uid: Uid) {
    match kind {
        Kind::Node => taint_not_ready(tree),
        Kind::Service => defaults::normalize_cluster_ips(tree),
        Kind::Job => {
            tree["metadata"]["uid"] = uid.to_string().into();
            defaults::generate_job_selector(tree);
        }
        Kind::DaemonSet => tree["metadata"]["annotations"][TEMPLATE_GENERATION] = "1".into(),
        Kind::StatefulSet => drop_disabled_fields(tree),
        _ => {}
    }
}

/// Nothing is to be scheduled to a node before the node lifecycle controller has looked at it (`plugin/pkg/admission/nodetaint`).
fn taint_not_ready(tree: &mut Value) {
    let taint = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
    let is_there = |taints: &Vec<Value>| taints.iter().any(|own| own["key"] == taint["key"] && own["effect"] == taint["effect"]);
    match tree["spec"]["taints"].as_array_mut() {
        Some(taints) if is_there(taints) => {}
        Some(taints) => taints.push(taint),
        None => tree["spec"]["taints"] = json!([taint]),
    }
}

/// Completes a changed and defaulted tree. `old` is the object that it replaces, as it was served.
pub(super) fn prepare_update(kind: Kind, tree: &mut Value, old: &Value) {
    match kind {
        // Users see the count of the template's changes as an annotation, and can't change it: `pkg/registry/apps/daemonset/strategy.go`.
        Kind::DaemonSet => {
            let count = |tree: &Value| tree["metadata"]["annotations"][TEMPLATE_GENERATION].as_str().and_then(|n| n.parse::<i64>().ok());
            let changed = tree["spec"]["template"] != old["spec"]["template"];
            tree["metadata"]["annotations"][TEMPLATE_GENERATION] = (count(old).unwrap_or(0) + i64::from(changed)).to_string().into();
        }
        Kind::StatefulSet => drop_disabled_fields(tree),
        _ => {}
    }
}

/// The feature gate MaxUnavailableStatefulSet is off: pods are updated one at a time, and the field isn't kept.
/// `pkg/registry/apps/statefulset/strategy.go`, dropStatefulSetDisabledFields.
fn drop_disabled_fields(tree: &mut Value) {
    if let Some(rolling) = tree.pointer_mut("/spec/updateStrategy/rollingUpdate").and_then(Value::as_object_mut) {
        rolling.remove("maxUnavailable");
    }
}
