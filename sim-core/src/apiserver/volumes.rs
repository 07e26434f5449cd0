//! What the strategies of volumes, claims and attachments do besides storing them. Mirrors `pkg/registry/core/{persistentvolume,
//! persistentvolumeclaim}/strategy.go`, `pkg/registry/storage/volumeattachment/strategy.go`, and
//! `plugin/pkg/admission/storage/storageobjectinuseprotection`, v1.36.

use crate::api::object::Kind;
use crate::api::record::Record;
use serde_json::{Value, json};
use std::sync::Arc;

/// When the phase of a volume changed last.
const TRANSITION: &str = "lastPhaseTransitionTime";

/// A new object's status is the server's: a volume or a claim begins as Pending, protected from being deleted while it is in use. `time` is the
/// present.
pub(super) fn prepare(record: &mut Arc<Record>, time: &str) {
    let (status, finalizer) = match record.kind {
        Kind::PersistentVolume => (json!({"phase": "Pending", TRANSITION: time}), Some("kubernetes.io/pv-protection")),
        Kind::PersistentVolumeClaim => (json!({"phase": "Pending"}), Some("kubernetes.io/pvc-protection")),
        Kind::VolumeAttachment => (json!({"attached": false}), None),
        _ => return,
    };
    let record = Arc::make_mut(record);
    Arc::make_mut(&mut record.body)["status"] = status;
    if let Some(finalizer) = finalizer {
        record.meta.add_finalizer(finalizer);
    }
}

/// The time of what has changed in a status that a process writes: it gives none itself.
pub(super) fn stamp(kind: Kind, status: &mut Value, old: &Value, time: &str) {
    match kind {
        Kind::PersistentVolume if status["phase"] != old["phase"] => status[TRANSITION] = time.into(),
        Kind::PersistentVolumeClaim => {
            for condition in status.get_mut("conditions").and_then(Value::as_array_mut).into_iter().flatten() {
                if condition.get("lastTransitionTime").is_none() {
                    condition["lastTransitionTime"] = time.into();
                }
            }
        }
        _ => {}
    }
}

/// A write of the whole object leaves the status as it is stored.
pub(super) fn keep_status(to: &mut Arc<Record>, from: &Record) {
    let has_own = matches!(
        from.kind,
        Kind::PersistentVolume
            | Kind::PersistentVolumeClaim
            | Kind::VolumeAttachment
            | Kind::Ingress
            | Kind::GatewayClass
            | Kind::Gateway
            | Kind::HTTPRoute
    );
    if has_own && to.body.get("status") != from.body.get("status") {
        let body = Arc::make_mut(&mut Arc::make_mut(to).body);
        match (from.body.get("status"), body.as_object_mut()) {
            (Some(status), _) => body["status"] = status.clone(),
            (None, Some(fields)) => _ = fields.remove("status"),
            (None, None) => {}
        }
    }
}
