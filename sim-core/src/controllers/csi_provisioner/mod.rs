//! A simulated CSI driver's provisioner: makes a volume for each claim that asks for one, and deletes what is released.
//!
//! It answers for every driver that a StorageClass names, as if its pod ran beside each. Mirrors `sig-storage-lib-external-provisioner`,
//! `controller/controller.go` (v13), and `external-provisioner`, `pkg/controller/{controller,topology}.go` (v6). Left out: snapshots and clones,
//! secrets, capacity tracking; a storage system that runs out of room.
//!
//! Volumes are those of a block storage: in a zone, if nodes have zones, where alone they can be used; and for one node at a time, unless they are
//! used as raw devices. A class with the parameter `zonal: "false"` makes those of a file storage: they can be used everywhere, by many.

mod topology;

use crate::api::event::EventType;
use crate::api::meta::{Meta, Str};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::record::Record;
use crate::api::storage::{Claim, Class, PROVISIONED_BY, PROVISIONER, PROVISIONER_BETA, Volume, migrated, reference};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::pace::{System, Work};
use crate::client::plan::{Keys, Plan, Step};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};
use serde_json::{Value, json};
use std::sync::Arc;

/// Keeps a volume until its storage is deleted.
const FINALIZER: &str = "external-provisioner.volume.kubernetes.io/finalizer";

/// `--retry-interval-start`, `--retry-interval-max`
const RETRY: (SimDuration, SimDuration) = (SimDuration::from_secs(1), SimDuration::from_secs(300));

/// The controller.
pub struct CsiProvisioner;

impl Controller for CsiProvisioner {
    const NAME: &'static str = "csi-provisioner";
    /// `--worker-threads`
    const WORKERS: usize = 100;
    const PART_OF: Option<System> = Some(System::Storage);

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        let exists = change.verb != Verb::Deleted;
        if exists && Claim::of(&change.object).is_some_and(|claim| is_asked(claim).is_some() && claim.volume_name().is_empty()) {
            keys.add(change.id);
        }
        if exists && Volume::of(&change.object).is_some_and(is_to_be_deleted) {
            keys.add(change.id);
        }
        // A volume that is attached can't be deleted: its last attachment's end is the moment.
        if let Object::Record(attachment) = &change.object
            && attachment.kind == Kind::VolumeAttachment
            && !exists
        {
            let name = attachment.body["spec"]["source"]["persistentVolumeName"].as_str().unwrap_or_default();
            keys.extend(view.find(Kind::PersistentVolume, "", name));
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        let Some(object) = view.get(key) else { return Plan::nothing() };
        if let Some(claim) = Claim::of(object) {
            return provision(view, claim).unwrap_or_default();
        }
        match Volume::of(object).filter(|volume| is_to_be_deleted(*volume)) {
            Some(volume) => delete(view, key, volume),
            None => Plan::nothing(),
        }
    }
}

/// The driver that a claim asks; none of those that are built in.
fn is_asked<'a>(claim: Claim<'a>) -> Option<&'a str> {
    let annotations = &claim.meta().annotations;
    let asked = annotations.get(PROVISIONER).or_else(|| annotations.get(PROVISIONER_BETA))?;
    (!asked.starts_with("kubernetes.io/")).then_some(asked.as_str())
}

/// `shouldProvision` and `provisionClaimOperation`.
fn provision(view: &View, claim: Claim<'_>) -> Option<Plan> {
    let driver = is_asked(claim).filter(|_| claim.volume_name().is_empty())?;
    let class = view.get(view.find(Kind::StorageClass, "", claim.class())?).and_then(Class::of)?;
    if migrated(class.provisioner()).unwrap_or(class.provisioner()) != driver
        || class.waits_for_consumer() && claim.selected_node().is_none()
    {
        return None;
    }
    let name = format!("pvc-{}", claim.meta().uid);
    if view.find(Kind::PersistentVolume, "", &name).is_some() {
        return None;
    }
    let mut plan = Plan::nothing();
    let (namespace, own) = (&claim.meta().namespace, &claim.meta().name);
    plan.why = format!("claim {namespace}/{own} asks {driver} for a volume").into();
    let provisioning = format!("External provisioner is provisioning volume for claim \"{namespace}/{own}\"");
    plan.report(reference(claim.record), EventType::Normal, "Provisioning", provisioning);
    plan.steps.push(Step::Work(Work::Provision, claim.meta().uid));
    if let Some(why) = refusal(claim, class) {
        let message = format!("failed to provision volume with StorageClass {:?}: {why}", claim.class());
        plan.report(reference(claim.record), EventType::Warning, "ProvisioningFailed", message);
        plan.retry = Some(RETRY);
        return Some(plan);
    }
    let topology = topology::of_new_volume(view, claim, class);
    plan.then(Write::Create(volume(&name, driver, claim, class, topology)));
    let succeeded = format!("Successfully provisioned volume {name}");
    plan.report(reference(claim.record), EventType::Normal, "ProvisioningSucceeded", succeeded);
    Some(plan)
}

/// Why the driver makes no such volume, in the words of the EBS driver: many nodes can't mount the file system of a disk at once.
fn refusal(claim: Claim<'_>, class: Class<'_>) -> Option<String> {
    let mode = claim.access_modes().into_iter().find_map(|mode| match mode {
        "ReadWriteMany" => Some("MULTI_NODE_MULTI_WRITER"),
        "ReadOnlyMany" => Some("MULTI_NODE_READER_ONLY"),
        _ => None,
    })?;
    let is_disk = class.record.body["parameters"]["zonal"] != "false" && claim.mode() == "Filesystem";
    is_disk.then(|| {
        format!(
            "rpc error: code = InvalidArgument desc = Volume capabilities {mode} not supported. Only AccessModes[ReadWriteOnce] supported."
        )
    })
}

/// The new volume, which points at its claim already.
fn volume(name: &str, driver: &str, claim: Claim<'_>, class: Class<'_>, topology: Option<Value>) -> Object {
    let spec = &claim.record.body["spec"];
    let class_body = &class.record.body;
    let policy = class_body["reclaimPolicy"].as_str().unwrap_or("Delete");
    let mut csi = json!({
        "driver": driver, "volumeHandle": name,
        "volumeAttributes": {"storage.kubernetes.io/csiProvisionerIdentity": format!("podarium-{driver}")},
    });
    if claim.mode() == "Filesystem" {
        csi["fsType"] = class_body["parameters"]["csi.storage.k8s.io/fstype"].as_str().unwrap_or("ext4").into();
    }
    let mut body = json!({
        "accessModes": spec["accessModes"], "capacity": {"storage": spec["resources"]["requests"]["storage"]},
        "claimRef": claim.reference(), "csi": csi, "persistentVolumeReclaimPolicy": policy, "storageClassName": claim.class(),
        "volumeMode": claim.mode(),
    });
    for (field, value) in [
        ("mountOptions", class_body.get("mountOptions")),
        ("volumeAttributesClassName", spec.get("volumeAttributesClassName")),
        ("nodeAffinity", topology.as_ref()),
    ] {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            body[field] = value.clone();
        }
    }
    let annotations = [
        (PROVISIONED_BY, driver),
        ("volume.kubernetes.io/provisioner-deletion-secret-name", ""),
        ("volume.kubernetes.io/provisioner-deletion-secret-namespace", ""),
    ];
    let mut meta = Meta {
        name: name.to_owned().into(),
        annotations: annotations.into_iter().map(|(key, value)| (Str::from(key), Str::from(value.to_owned()))).collect(),
        ..Meta::default()
    };
    if policy == "Delete" {
        meta.add_finalizer(FINALIZER);
    }
    Record { kind: Kind::PersistentVolume, meta, body: Arc::new(json!({"spec": body})) }.into()
}

/// `shouldDelete`: a driver's volume whose claim is gone. One that is being deleted already still has storage while the finalizer is there.
fn is_to_be_deleted(volume: Volume<'_>) -> bool {
    let driver = volume.provisioned_by();
    let meta = volume.meta();
    let has_storage = meta.deletion.is_none() || meta.finalizers().iter().any(|own| *own == FINALIZER);
    has_storage
        && volume.phase() == "Released"
        && volume.reclaim_policy() == "Delete"
        && !driver.is_empty()
        && (!driver.starts_with("kubernetes.io/") || migrated(driver).is_some())
}

/// `deleteVolumeOperation`. The driver refuses while the volume is attached anywhere.
fn delete(view: &View, key: ObjectId, volume: Volume<'_>) -> Plan {
    let mut plan = Plan::nothing();
    let name = &volume.meta().name;
    let attachments = view.list(Kind::VolumeAttachment, None).filter_map(|(_, object)| object.as_record());
    let mut attached = attachments.filter(|own| own.body["spec"]["source"]["persistentVolumeName"] == name.as_str());
    if let Some(node) = attached.next().and_then(|attachment| attachment.body["spec"]["nodeName"].as_str()) {
        let why = format!("persistentvolume {name} is still attached to node {node}");
        plan.report(reference(volume.record), EventType::Warning, "VolumeFailedDelete", why);
        return plan;
    }
    plan.why = format!("volume {name} is released, and to be deleted").into();
    plan.steps.push(Step::Work(Work::Delete, volume.meta().uid));
    if volume.meta().deletion.is_none() {
        plan.then(Write::Delete(key, DeleteOptions::default()));
    }
    if volume.meta().finalizers().iter().any(|own| *own == FINALIZER) {
        plan.then(Write::RemoveFinalizer(key, FINALIZER));
    }
    plan
}
