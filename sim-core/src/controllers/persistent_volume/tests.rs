//! What the controller does about single claims and volumes: tables of plans.

use super::*;
use crate::apiserver::request::Write;
use crate::client::plan::Step;
use crate::client::view::tests::view_of;
use serde_json::{Value, json};

const UID: &str = "00000000-0000-4000-8000-000000000002";

fn volume(more: Value) -> Value {
    let tree = json!({"kind": "PersistentVolume", "metadata": {"name": "pv"}, "status": {"phase": "Available"}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "st", "persistentVolumeReclaimPolicy": "Retain"}});
    crate::api::patch::merge(&tree, &more)
}

fn claim(more: Value) -> Value {
    let tree = json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default", "uid": UID}, "status": {"phase": "Pending"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "st", "resources": {"requests": {"storage": "1Gi"}}}});
    crate::api::patch::merge(&tree, &more)
}

fn class(more: Value) -> Value {
    let tree = json!({"kind": "StorageClass", "metadata": {"name": "st"}, "provisioner": "x.io/csi", "volumeBindingMode": "Immediate"});
    crate::api::patch::merge(&tree, &more)
}

/// The steps of a plan, in short.
fn told(plan: &Plan) -> Vec<String> {
    let shown = |step: &Step| match step {
        Step::One(Write::Update(id, _)) => format!("update {}", id.kind.as_str()),
        Step::One(Write::UpdateStatus(_, object)) => {
            let status = object.as_record().map(|record| record.body["status"]["phase"].as_str().unwrap_or_default().to_owned());
            format!("{} is {}", object.kind().as_str(), status.unwrap_or_default())
        }
        Step::One(write) => format!("{} {}", write.words().0, write.words().1),
        Step::Report(report) => format!("{}: {}", report.reason, report.message),
        step => format!("{step:?}").split('(').next().unwrap_or_default().to_owned(),
    };
    plan.steps.iter().map(shown).collect()
}

/// What a look at the claim (or, without one, the volume) leads to; and whether it looks again with the resync.
#[track_caller]
fn check(objects: &[Value], expected: &[&str], again: bool) {
    let view = view_of(objects);
    let id = view.find(Kind::PersistentVolumeClaim, "default", "data").or_else(|| view.find(Kind::PersistentVolume, "", "pv"));
    let plan = PersistentVolumeController::sync(&view, id.expect("there is one"), SimTime::from_secs(20), true);
    assert_eq!(told(&plan), expected);
    assert_eq!(plan.requeue_after, again.then(|| SimDuration::from_secs(10)));
}

#[test]
fn a_binding_is_four_writes() {
    let bound = ["update PersistentVolume", "PersistentVolume is Bound", "update PersistentVolumeClaim", "PersistentVolumeClaim is Bound"];
    check(&[volume(json!({})), claim(json!({}))], &bound, false);
    check(&[volume(json!({})), claim(json!({"spec": {"volumeName": "pv"}}))], &bound, false);
    // Kept for the claim, and half done.
    check(&[volume(json!({"spec": {"claimRef": {"namespace": "default", "name": "data"}}})), claim(json!({}))], &bound, false);
    let half = volume(json!({"spec": {"claimRef": {"namespace": "default", "name": "data", "uid": UID}}, "status": {"phase": "Bound"}}));
    check(&[half, claim(json!({}))], &bound[2..], false);
}

#[test]
fn what_a_claim_waits_for() {
    let none = "FailedBinding: no persistent volumes available for this claim and no storage class is set";
    check(&[claim(json!({"spec": {"storageClassName": ""}}))], &[none], true);
    check(&[claim(json!({}))], &["ProvisioningFailed: storageclass.storage.k8s.io \"st\" not found"], true);
    let nobody = class(json!({"provisioner": "kubernetes.io/no-provisioner"}));
    check(&[nobody, claim(json!({}))], &["ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner"], true);
    let waiting = "Waiting for a volume to be created either by the external provisioner 'x.io/csi' or manually by the system administrator. If \
        volume creation is delayed, please verify that the provisioner is running and correctly registered.";
    check(&[class(json!({})), claim(json!({}))], &["update PersistentVolumeClaim", &format!("ExternalProvisioning: {waiting}")], true);
    let later = class(json!({"volumeBindingMode": "WaitForFirstConsumer"}));
    let first = "WaitForFirstConsumer: waiting for first consumer to be created before binding";
    check(&[later.clone(), volume(json!({})), claim(json!({}))], &[first], true);
    let pod = |name: &str| {
        let volumes = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]);
        json!({"kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [{"name": "c", "image": "i"}], "volumes": volumes}})
    };
    check(&[later.clone(), pod("a"), claim(json!({}))], &["WaitForPodScheduled: waiting for pod a to be scheduled"], true);
    check(&[later, pod("a"), pod("b"), claim(json!({}))], &["WaitForPodScheduled: waiting for pods a,b to be scheduled"], true);
}

#[test]
fn the_default_class_comes_late() {
    let default = class(json!({"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}));
    check(&[default, claim(json!({"spec": {"storageClassName": null}}))], &["update PersistentVolumeClaim"], false);
}

#[test]
fn a_volume_that_is_asked_for_by_name_must_do() {
    let named = |more: Value| claim(crate::api::patch::merge(&json!({"spec": {"volumeName": "pv"}}), &more));
    let wrong = |why: &str| format!("VolumeMismatch: Cannot bind to requested volume \"pv\": {why}");
    let large = named(json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}}));
    check(&[volume(json!({})), large], &[&wrong("requested PV is too small")], true);
    check(&[volume(json!({})), named(json!({"spec": {"storageClassName": "x"}}))], &[&wrong("storageClassName does not match")], true);
    check(&[volume(json!({})), named(json!({"spec": {"accessModes": ["ReadWriteMany"]}}))], &[&wrong("incompatible accessMode")], true);
    check(&[named(json!({}))], &[], false);
    let taken = volume(json!({"spec": {"claimRef": {"namespace": "default", "name": "other", "uid": UID.replace('2', "3")}}}));
    check(&[taken, named(json!({}))], &["FailedBinding: volume \"pv\" already bound to a different claim."], true);
}

#[test]
fn a_bound_claim_can_be_lost() {
    let bound = json!({"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}, "status": {"phase": "Bound"}, "spec": {"volumeName": "pv"}});
    let lost = ["PersistentVolumeClaim is Lost", "ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!"];
    check(&[claim(bound.clone())], &lost, false);
    let other = volume(json!({"spec": {"claimRef": {"namespace": "default", "name": "other", "uid": UID.replace('2', "3")}}}));
    let misbound = "ClaimMisbound: Two claims are bound to the same volume, this one is bound incorrectly";
    check(&[other, claim(bound)], &["PersistentVolumeClaim is Lost", misbound], false);
}

#[test]
fn a_released_volume_is_kept_deleted_or_emptied() {
    let of_gone = |more: Value| {
        let reference = json!({"spec": {"claimRef": {"namespace": "default", "name": "gone", "uid": UID}}, "status": {"phase": "Bound"}});
        volume(crate::api::patch::merge(&reference, &more))
    };
    check(&[volume(json!({"status": {"phase": "Pending"}}))], &["PersistentVolume is Available"], false);
    check(&[of_gone(json!({}))], &["PersistentVolume is Released"], false);
    let delete =
        |source: Value| of_gone(json!({"spec": crate::api::patch::merge(&source, &json!({"persistentVolumeReclaimPolicy": "Delete"}))}));
    let failed = |why: &str| format!("VolumeFailedDelete: {why}");
    let why = failed("host_path deleter only supports /tmp/.+ but received provided /mnt/x");
    check(&[delete(json!({"hostPath": {"path": "/mnt/x"}}))], &["PersistentVolume is Released", "PersistentVolume is Failed", &why], false);
    check(&[delete(json!({"hostPath": {"path": "/tmp/x"}}))], &["PersistentVolume is Released", "delete persistentvolumes"], false);
    let why = failed("error getting deleter volume plugin for volume \"pv\": no deletable volume plugin matched");
    check(&[delete(json!({"local": {"path": "/mnt/x"}}))], &["PersistentVolume is Released", "PersistentVolume is Failed", &why], false);
    check(&[delete(json!({"csi": {"driver": "x.io/csi", "volumeHandle": "h"}}))], &["PersistentVolume is Released"], false);
    let recycle =
        json!({"spec": {"persistentVolumeReclaimPolicy": "Recycle", "hostPath": {"path": "/mnt/x"}}, "status": {"phase": "Released"}});
    let emptied = ["Work", "VolumeRecycled: Volume recycled", "update PersistentVolume", "PersistentVolume is Available"];
    check(&[of_gone(recycle)], &emptied, false);
}
