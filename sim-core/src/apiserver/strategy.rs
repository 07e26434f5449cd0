//! What single kinds need before a new object is validated: `PrepareForCreate` of `pkg/registry/*/*/strategy.go`, and the admission
//! plugins that only look at the object itself, v1.36.

use crate::api::defaults;
use crate::api::meta::Uid;
use crate::api::object::Kind;
use serde_json::{Value, json};

/// Completes a defaulted tree. `uid` is the one that the object will get.
pub(super) fn prepare(kind: Kind, tree: &mut Value, uid: Uid) {
    match kind {
        Kind::Service => defaults::normalize_cluster_ips(tree),
        Kind::Job => {
            tree["metadata"]["uid"] = uid.to_string().into();
            defaults::generate_job_selector(tree);
        }
        // `plugin/pkg/admission/storage/storageobjectinuseprotection`: nobody loses a volume that is in use.
        Kind::PersistentVolumeClaim => hold(tree, "kubernetes.io/pvc-protection"),
        Kind::PersistentVolume => hold(tree, "kubernetes.io/pv-protection"),
        _ => {}
    }
}

/// Adds a finalizer, unless it is there.
fn hold(tree: &mut Value, finalizer: &str) {
    if !tree["metadata"]["finalizers"].is_array() {
        tree["metadata"]["finalizers"] = json!([]);
    }
    if let Value::Array(finalizers) = &mut tree["metadata"]["finalizers"]
        && !finalizers.iter().any(|own| own == finalizer)
    {
        finalizers.push(finalizer.into());
    }
}
