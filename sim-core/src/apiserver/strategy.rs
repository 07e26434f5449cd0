//! What single kinds need before a new object is validated: `PrepareForCreate` of `pkg/registry/*/*/strategy.go`, and the admission
//! plugins that only look at the object itself, v1.36.

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
