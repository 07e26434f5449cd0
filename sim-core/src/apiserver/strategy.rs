//! What single kinds need before a new object is validated: `PrepareForCreate` of `pkg/registry/*/*/strategy.go`, and the admission
//! plugins that only look at the object itself, v1.36.

use crate::api::defaults;
use crate::api::meta::Uid;
use crate::api::object::Kind;
use serde_json::Value;

/// Completes a defaulted tree. `uid` is the one that the object will get.
pub(super) fn prepare(kind: Kind, tree: &mut Value, uid: Uid) {
    match kind {
        Kind::Service => defaults::normalize_cluster_ips(tree),
        Kind::Job => {
            tree["metadata"]["uid"] = uid.to_string().into();
            defaults::generate_job_selector(tree);
        }
        _ => {}
    }
}
