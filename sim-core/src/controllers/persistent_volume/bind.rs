//! The four writes of a binding, and what each status becomes. Mirrors `bind`, `unbindVolume`, `updateClaimStatus` and `updateVolumePhase` in
//! `pkg/controller/volume/persistentvolume/pv_controller.go`, v1.36.

use crate::api::object::ObjectId;
use crate::api::storage::{BIND_COMPLETED, BOUND_BY_CONTROLLER, Claim, Volume, changed};
use crate::apiserver::request::Write;
use crate::client::plan::Plan;
use serde_json::{Value, json};

/// Binds: the volume, its phase, the claim, its status. What is so already isn't written again.
pub(super) fn bind(plan: &mut Plan, (volume_id, volume): (ObjectId, Volume<'_>), (claim_id, claim): (ObjectId, Claim<'_>)) {
    plan.why = format!("claim {}/{} gets volume {}", claim.meta().namespace, claim.meta().name, volume.meta().name).into();
    if let Some(object) = volume_for_claim(volume, claim) {
        plan.then(Write::Update(volume_id, object));
    }
    set_phase(plan, volume_id, volume, "Bound", "");
    let points_here = volume.meta().name == claim.volume_name();
    if !points_here || !claim.has(BIND_COMPLETED) {
        let object = changed(claim.record, |meta, body| {
            if !points_here {
                body["spec"]["volumeName"] = volume.meta().name.as_str().into();
                meta.annotations.set(BOUND_BY_CONTROLLER, "yes");
            }
            meta.annotations.set(BIND_COMPLETED, "yes");
        });
        plan.then(Write::Update(claim_id, object));
    }
    set_status(plan, claim_id, claim, "Bound", Some(volume));
}

/// The volume with a reference to the claim; `None` if it has it. `GetBindVolumeToClaim`.
pub(super) fn volume_for_claim(volume: Volume<'_>, claim: Claim<'_>) -> Option<crate::api::object::Object> {
    let by_controller = !volume.is_bound_to(claim) && !volume.has(BOUND_BY_CONTROLLER);
    let own = claim.meta();
    let is_set = volume.claim().is_some_and(|(namespace, name, uid)| own.namespace == namespace && own.name == name && uid == own.uid);
    (by_controller || !is_set).then(|| {
        changed(volume.record, |meta, body| {
            if !is_set {
                body["spec"]["claimRef"] = claim.reference();
            }
            if by_controller {
                meta.annotations.set(BOUND_BY_CONTROLLER, "yes");
            }
        })
    })
}

/// Takes the reference away; of one that the user gave, only the UID.
pub(super) fn unbind(plan: &mut Plan, id: ObjectId, volume: Volume<'_>) {
    let object = changed(volume.record, |meta, body| {
        let by_controller = meta.annotations.get(BOUND_BY_CONTROLLER).is_some();
        meta.annotations.remove(BOUND_BY_CONTROLLER);
        let reference = if by_controller { body["spec"].as_object_mut() } else { body["spec"]["claimRef"].as_object_mut() };
        reference.and_then(|reference| reference.remove(if by_controller { "claimRef" } else { "uid" }));
    });
    plan.then(Write::Update(id, object));
    set_phase(plan, id, volume, "Available", "");
}

/// Sets a volume's phase; whether that changes it.
pub(super) fn set_phase(plan: &mut Plan, id: ObjectId, volume: Volume<'_>, phase: &str, message: &str) -> bool {
    if volume.phase() == phase {
        return false;
    }
    let object = changed(volume.record, |meta, body| {
        // Other writes of the same plan may come before.
        meta.resource_version = 0;
        body["status"]["phase"] = phase.into();
        set_or_remove(&mut body["status"], "message", (!message.is_empty()).then(|| message.into()));
    });
    plan.then(Write::UpdateStatus(id, object));
    true
}

/// Sets a claim's phase with what it has of its volume; whether that changes anything. The capacity only follows when the claim becomes bound:
/// later it may lag behind the volume's, until a file system has grown.
pub(super) fn set_status(plan: &mut Plan, id: ObjectId, claim: Claim<'_>, phase: &str, volume: Option<Volume<'_>>) -> bool {
    let old = &claim.record.body["status"];
    let mut status = old.clone();
    let becomes = claim.phase() != phase;
    status["phase"] = phase.into();
    match volume {
        None => ["accessModes", "capacity"].into_iter().for_each(|field| set_or_remove(&mut status, field, None)),
        Some(volume) => {
            status["accessModes"] = volume.spec()["accessModes"].clone();
            if becomes {
                status["capacity"] = json!({"storage": volume.spec()["capacity"]["storage"]});
                let attributes = volume.spec().get("volumeAttributesClassName").filter(|name| !name.is_null());
                if let Some(attributes) = attributes {
                    status["currentVolumeAttributesClassName"] = attributes.clone();
                }
            }
        }
    }
    if status == *old {
        return false;
    }
    let object = changed(claim.record, |meta, body| {
        meta.resource_version = 0;
        body["status"] = status;
    });
    plan.then(Write::UpdateStatus(id, object));
    true
}

fn set_or_remove(tree: &mut Value, field: &str, value: Option<Value>) {
    match value {
        Some(value) => tree[field] = value,
        None => drop(tree.as_object_mut().and_then(|tree| tree.remove(field))),
    }
}
