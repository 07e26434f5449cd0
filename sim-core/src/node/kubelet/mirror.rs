//! Static pods: a kubelet runs them from files of its node, and shows each in the API as a mirror pod. Mirrors
//! `pkg/kubelet/pod/mirror_client.go` and `pkg/kubelet/kubelet.go` (tryReconcileMirrorPods), v1.36.
//!
//! Who deletes a mirror pod deletes a picture: the containers run on, and the kubelet makes a new mirror. Here the worker takes the mirror's
//! number, so for the moment between two mirrors it is kept aside.

use crate::api::meta::{Meta, Str};
use crate::api::object::{Object, ObjectId};
use crate::api::pod::{Pod, PodStatus};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::node::kubelet::Turn;
use crate::node::kubelet::pod_worker::PodWorker;
use serde_json::{Value, json};
use std::sync::Arc;

/// The annotation that makes a mirror pod of a pod: the hash of what it mirrors.
pub const MIRROR: &str = "kubernetes.io/config.mirror";

/// Whether this is the mirror of a static pod.
pub fn is_mirror(meta: &Meta) -> bool {
    meta.annotations.get(MIRROR).is_some()
}

/// The mirror of a static pod: its manifest with the node's name behind its own, marked as the kubelet marks it.
///
/// # Errors
/// If it isn't the manifest of a pod.
pub fn mirror(manifest: &Value, node: &Meta, seen: &str) -> Result<Value, String> {
    if manifest["kind"] != "Pod" || !manifest["metadata"]["name"].is_string() {
        return Err("a static pod is a manifest of kind Pod with a name".to_owned());
    }
    let mut tree = manifest.clone();
    let text = manifest.to_string();
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = format!("{hash:016x}{:016x}", hash.rotate_left(29) ^ text.len() as u64);
    let name = format!("{}-{}", manifest["metadata"]["name"].as_str().unwrap_or_default(), node.name);
    tree["metadata"]["name"] = name.into();
    let marks = [("config.hash", hash.as_str()), ("config.mirror", hash.as_str()), ("config.seen", seen), ("config.source", "file")];
    if !tree["metadata"]["annotations"].is_object() {
        tree["metadata"]["annotations"] = json!({});
    }
    for (mark, value) in marks {
        tree["metadata"]["annotations"][format!("kubernetes.io/{mark}")] = value.into();
    }
    tree["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "Node", "name": node.name.as_str(), "uid": node.uid.to_string(), "controller": true}]);
    tree["spec"]["nodeName"] = node.name.as_str().into();
    // It stays whatever happens to its node (`pkg/kubelet/config/common.go`, applyDefaults).
    let stays = json!({"effect": "NoExecute", "operator": "Exists"});
    match tree["spec"]["tolerations"].as_array_mut() {
        Some(tolerations) => tolerations.push(stays),
        None => tree["spec"]["tolerations"] = json!([stays]),
    }
    // Who is there before the API server can't use what only it can give.
    tree["spec"]["automountServiceAccountToken"] = false.into();
    Ok(tree)
}

impl PodWorker {
    /// The mirror is being deleted: the kubelet lets it go at once.
    pub fn drop_mirror(&mut self, turn: &mut Turn<'_>) {
        turn.send(Write::Delete(self.id, DeleteOptions { grace_period: Some(0), ..DeleteOptions::default() }));
    }

    /// The mirror is gone: the kubelet makes another.
    pub fn mirror_again(&mut self, turn: &mut Turn<'_>) {
        let old = &self.pod.meta;
        let meta = Meta {
            name: old.name.clone(),
            namespace: old.namespace.clone(),
            labels: old.labels.clone(),
            annotations: old.annotations.clone(),
            owners: old.owners.clone(),
            ..Meta::default()
        };
        let pod = Pod {
            meta,
            spec: self.pod.spec.clone(),
            node_name: self.pod.node_name.clone(),
            status: PodStatus::default(),
            target: Str::EMPTY,
        };
        turn.send(Write::Create(Object::from(pod)));
    }

    /// The worker goes on under the number of the new mirror.
    pub fn adopt_mirror(&mut self, turn: &mut Turn<'_>, id: ObjectId, pod: &Arc<Pod>) {
        (self.id, self.pod) = (id, pod.clone());
        self.tell(turn);
    }
}
