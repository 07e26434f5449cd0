//! The rows of storage: claims, volumes, classes, CSI drivers. Mirrors `pkg/printers/internalversion/printers.go`, v1.36.

use serde_json::Value;

use super::others::{Printer, age, or_unset, yes};
use super::{Cell, or_none};
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, entry, items, name, plain, text};

/// The printer of a resource of this file.
pub fn printer(group: &str, plural: &str) -> Option<Printer> {
    Some(match (group, plural) {
        ("", "persistentvolumeclaims") => {
            ("NAME STATUS VOLUME CAPACITY ACCESS_MODES STORAGECLASS VOLUMEATTRIBUTESCLASS AGE VOLUMEMODE*", volume_claim)
        }
        ("", "persistentvolumes") => {
            ("NAME CAPACITY ACCESS_MODES RECLAIM_POLICY STATUS CLAIM STORAGECLASS VOLUMEATTRIBUTESCLASS REASON AGE VOLUMEMODE*", volume)
        }
        ("storage.k8s.io", "storageclasses") => {
            ("NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE", storage_class)
        }
        ("storage.k8s.io", "volumeattributesclasses") => {
            ("NAME DRIVERNAME AGE", |o, c| vec![name(o).to_owned(), text(o, "driverName").to_owned(), age(o, c)])
        }
        ("storage.k8s.io", "volumeattachments") => ("NAME ATTACHER PV NODE ATTACHED AGE", |o, c| {
            let cell = |path: &str| text(o, path).to_owned();
            let volume = cell("spec.source.persistentVolumeName");
            vec![name(o).to_owned(), cell("spec.attacher"), volume, cell("spec.nodeName"), yes(o, "status.attached", false), age(o, c)]
        }),
        ("storage.k8s.io", "csinodes") => {
            ("NAME DRIVERS AGE", |o, c| vec![name(o).to_owned(), items(o, "spec.drivers").len().to_string(), age(o, c)])
        }
        ("storage.k8s.io", "csidrivers") => {
            ("NAME ATTACHREQUIRED PODINFOONMOUNT STORAGECAPACITY TOKENREQUESTS REQUIRESREPUBLISH MODES AGE", csi_driver)
        }
        ("storage.k8s.io", "csistoragecapacities") => ("NAME STORAGECLASSNAME CAPACITY", |o, _| {
            vec![name(o).to_owned(), text(o, "storageClassName").to_owned(), or_unset(at(o, "capacity"))]
        }),
        _ => return None,
    })
}

/// The class of a claim or volume: an old annotation goes before the field.
pub fn storage_class_of(object: &Value) -> &str {
    entry(object, "metadata.annotations", "volume.beta.kubernetes.io/storage-class").unwrap_or(text(object, "spec.storageClassName"))
}

/// Whether claims without a class get this one.
pub fn is_default_class(class: &Value) -> bool {
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
        .iter()
        .any(|key| entry(class, "metadata.annotations", key) == Some("true"))
}

/// `RWO,ROX`.
pub fn access_modes(object: &Value, path: &str) -> String {
    let has = |mode: &str| items(object, path).iter().any(|m| m.as_str() == Some(mode));
    let modes = [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    modes.iter().filter(|(long, _)| has(long)).map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

fn phase(object: &Value) -> Cell {
    let deleted = at(object, "metadata.deletionTimestamp").is_string();
    if deleted { "Terminating".to_owned() } else { text(object, "status.phase").to_owned() }
}

/// An amount of storage; 0 when it isn't told.
fn amount(object: &Value, path: &str) -> Cell {
    if at(object, path).is_null() { "0".to_owned() } else { plain(at(object, path)) }
}

fn volume_claim(o: &Value, clock: &Clock) -> Vec<Cell> {
    let bound = !text(o, "spec.volumeName").is_empty();
    vec![
        name(o).to_owned(),
        phase(o),
        text(o, "spec.volumeName").to_owned(),
        if bound { amount(o, "status.capacity.storage") } else { String::new() },
        if bound { access_modes(o, "status.accessModes") } else { String::new() },
        storage_class_of(o).to_owned(),
        or_unset(at(o, "spec.volumeAttributesClassName")),
        age(o, clock),
        or_unset(at(o, "spec.volumeMode")),
    ]
}

fn volume(o: &Value, clock: &Clock) -> Vec<Cell> {
    let claim = at(o, "spec.claimRef");
    vec![
        name(o).to_owned(),
        amount(o, "spec.capacity.storage"),
        access_modes(o, "spec.accessModes"),
        text(o, "spec.persistentVolumeReclaimPolicy").to_owned(),
        phase(o),
        if claim.is_null() { String::new() } else { format!("{}/{}", text(claim, "namespace"), text(claim, "name")) },
        storage_class_of(o).to_owned(),
        or_unset(at(o, "spec.volumeAttributesClassName")),
        text(o, "status.reason").to_owned(),
        age(o, clock),
        or_unset(at(o, "spec.volumeMode")),
    ]
}

fn storage_class(o: &Value, clock: &Clock) -> Vec<Cell> {
    let default = if is_default_class(o) { " (default)" } else { "" };
    vec![
        format!("{}{default}", name(o)),
        text(o, "provisioner").to_owned(),
        at(o, "reclaimPolicy").as_str().unwrap_or("Delete").to_owned(),
        at(o, "volumeBindingMode").as_str().unwrap_or("Immediate").to_owned(),
        yes(o, "allowVolumeExpansion", false),
        age(o, clock),
    ]
}

fn csi_driver(o: &Value, clock: &Clock) -> Vec<Cell> {
    let audiences: Vec<&str> = items(o, "spec.tokenRequests").iter().map(|request| text(request, "audience")).collect();
    let modes: Vec<String> = items(o, "spec.volumeLifecycleModes").iter().map(plain).collect();
    vec![
        name(o).to_owned(),
        yes(o, "spec.attachRequired", true),
        yes(o, "spec.podInfoOnMount", false),
        yes(o, "spec.storageCapacity", false),
        if at(o, "spec.tokenRequests").is_null() { "<unset>".to_owned() } else { audiences.join(",") },
        yes(o, "spec.requiresRepublish", false),
        or_none(&modes.join(",")),
        age(o, clock),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::{Epoch, SimTime};
    use serde_json::json;

    #[test]
    fn rows() {
        let clock = Clock { now: SimTime::from_secs(5), epoch: Epoch::default() };
        let check = |plural: &str, group: &str, object: Value, expected: &str| {
            let (_, cells) = printer(group, plural).expect("a printer");
            assert_eq!(cells(&object, &clock).join(" | "), expected);
        };
        let metadata = json!({"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true", "volume.beta.kubernetes.io/storage-class": "old"}});
        check(
            "storageclasses",
            "storage.k8s.io",
            json!({"metadata": metadata, "provisioner": "p"}),
            "x (default) | p | Delete | Immediate | false | 5s",
        );
        check(
            "persistentvolumeclaims",
            "",
            json!({"metadata": metadata, "spec": {"volumeName": "v", "storageClassName": "new"}, "status": {"phase": "Bound"}}),
            "x | Bound | v | 0 |  | old | <unset> | 5s | <unset>",
        );
        check("csidrivers", "storage.k8s.io", json!({"metadata": metadata}), "x | true | false | false | <unset> | false | <none> | 5s");
        check("csinodes", "storage.k8s.io", json!({"metadata": metadata, "spec": {"drivers": [{}]}}), "x | 1 | 5s");
    }
}
