//! Rules for PersistentVolumes: mirrors `ValidatePersistentVolume` and `ValidatePersistentVolumeUpdate` of
//! `pkg/apis/core/validation/validation.go`, and `pkg/volume/validation/pv_validation.go`, v1.36.
//!
//! Left out: names of iSCSI targets and initiators (only that they are there), the formats of Azure's disks.

use super::claim::{self, VOLUME_MODES};
use super::diff::unified_diff;
use super::internal;
use super::meta::{self, same};
use super::names;
use super::path::{Errors, Path};
use super::pod::Scope;
use super::resources::quantity;
use super::rules::{Row, Rule, complain, entries, is_empty, is_true, number, text, walk};
use super::scheduling;
use super::volume::{self, Source};
use crate::api::status::FieldError;
use serde_json::{Value, json};

const RECLAIM_POLICIES: &[&str] = &["Delete", "Recycle", "Retain"];
const MOUNT_OPTIONS: &str = "volume.beta.kubernetes.io/mount-options";

/// The sources that take mount options, also in the form of the old annotation.
const TAKES_MOUNT_OPTIONS: &[&str] = &[
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "nfs",
    "rbd",
    "quobyte",
    "iscsi",
    "cinder",
    "cephfs",
    "azureFile",
    "vsphereVolume",
    "azureDisk",
    "photonPersistentDisk",
    "csi",
];

/// In upstream's order: the first that is set counts, each further one is forbidden. The names are upstream's, slips included.
static SOURCES: &[Source] = &[
    Source("hostPath", "hostPath", "hostPath", &[Row("", Rule::Check(volume::host_path))]),
    Source(
        "gcePersistentDisk",
        "gcePersistentDisk",
        "persistentDisk",
        &[Row("pdName", Rule::Required("")), Row("partition", Rule::Between(0, 255))],
    ),
    Source(
        "awsElasticBlockStore",
        "awsElasticBlockStore",
        "awsElasticBlockStore",
        &[Row("volumeID", Rule::Required("")), Row("partition", Rule::Between(0, 255))],
    ),
    Source(
        "glusterfs",
        "glusterfs",
        "glusterfs",
        &[
            Row("endpoints", Rule::Required("")),
            Row("path", Rule::Required("")),
            Row("endpointsNamespace", Rule::IfSet(endpoints_namespace)),
        ],
    ),
    Source("flocker", "flocker", "flocker", &[Row("", Rule::Check(flocker))]),
    Source(
        "nfs",
        "nfs",
        "nfs",
        &[Row("server", Rule::Required("")), Row("path", Rule::Required("")), Row("path", Rule::Check(volume::absolute))],
    ),
    Source("rbd", "rbd", "rbd", &[Row("monitors", Rule::Required("")), Row("image", Rule::Required(""))]),
    Source(
        "quobyte",
        "quobyte",
        "quobyte",
        &[
            Row("registry", Rule::Required("must be a host:port pair or multiple pairs separated by commas")),
            Row("volume", Rule::Required("")),
        ],
    ),
    Source("cephfs", "cephFS", "cephfs", &[Row("monitors", Rule::Required(""))]),
    Source(
        "iscsi",
        "iscsi",
        "iscsi",
        &[Row("targetPortal", Rule::Required("")), Row("iqn", Rule::Required("")), Row("", Rule::Check(iscsi))],
    ),
    Source("cinder", "cinder", "cinder", &[Row("volumeID", Rule::Required("")), Row("secretRef", Rule::Object(SECRET))]),
    Source("fc", "fc", "fc", &[Row("", Rule::Check(fibre_channel))]),
    Source("flexVolume", "flexVolume", "flexVolume", &[Row("driver", Rule::Required("")), Row("options", Rule::Check(flex_options))]),
    Source(
        "azureFile",
        "azureFile",
        "azureFile",
        &[
            Row("secretName", Rule::Required("")),
            Row("shareName", Rule::Required("")),
            Row(
                "secretNamespace",
                Rule::IfSet(|path, value, _, errors| {
                    if text(value).is_empty() {
                        errors.push(FieldError::required(path, ""));
                    }
                }),
            ),
        ],
    ),
    Source("vsphereVolume", "vsphereVolume", "vsphereVolume", &[Row("volumePath", Rule::Required(""))]),
    Source("photonPersistentDisk", "photonPersistentDisk", "photonPersistentDisk", &[Row("pdID", Rule::Required(""))]),
    Source("portworxVolume", "portworxVolume", "portworxVolume", &[Row("volumeID", Rule::Required(""))]),
    Source(
        "azureDisk",
        "azureDisk",
        "azureDisk",
        &[
            Row("diskName", Rule::Required("")),
            Row("diskURI", Rule::Required("")),
            Row("cachingMode", Rule::OneOf(&["None", "ReadOnly", "ReadWrite"])),
            Row("kind", Rule::OneOf(&["Dedicated", "Managed", "Shared"])),
        ],
    ),
    Source(
        "scaleIO",
        "scaleIO",
        "scaleIO",
        &[Row("gateway", Rule::Required("")), Row("system", Rule::Required("")), Row("volumeName", Rule::Required(""))],
    ),
    Source("local", "local", "local", &[Row("path", Rule::Required("")), Row("path", Rule::Check(no_backsteps))]),
    Source(
        "storageos",
        "storageos",
        "storageos",
        &[
            Row("volumeName", Rule::RequiredText(names::dns_label)),
            Row("volumeNamespace", Rule::Text(names::dns_label)),
            Row("secretRef", Rule::Object(SECRET)),
        ],
    ),
    Source("csi", "csi", "csi", CSI),
];

static SECRET: &[Row] = &[Row("name", Rule::Required("")), Row("namespace", Rule::Required(""))];

static CSI: &[Row] = &[
    Row("driver", Rule::Check(driver_name)),
    Row("volumeHandle", Rule::Required("")),
    Row("controllerPublishSecretRef", Rule::Object(CSI_SECRET)),
    Row("controllerExpandSecretRef", Rule::Object(CSI_SECRET)),
    Row("nodePublishSecretRef", Rule::Object(CSI_SECRET)),
    Row("nodeExpandSecretRef", Rule::Object(CSI_SECRET)),
];

static CSI_SECRET: &[Row] =
    &[Row("name", Rule::RequiredText(names::dns_subdomain)), Row("namespace", Rule::RequiredText(names::dns_label))];

static SPEC: &[Row] = &[
    Row("accessModes", Rule::Required("")),
    Row("accessModes", Rule::Check(|path, modes, _, errors| claim::access_modes(path, modes, errors))),
    Row("capacity", Rule::Required("")),
    Row("capacity", Rule::Check(capacity)),
    Row("persistentVolumeReclaimPolicy", Rule::OneOf(RECLAIM_POLICIES)),
    Row("nodeAffinity", Rule::IfSet(node_affinity)),
    Row("", Rule::Check(source)),
    Row("storageClassName", Rule::Text(names::dns_subdomain)),
    Row("volumeMode", Rule::OneOf(VOLUME_MODES)),
    Row("", Rule::Check(attributes_class)),
];

/// A new PersistentVolume.
pub fn volume(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], false, names::dns_subdomain, errors);
    let spec = &object["spec"];
    walk(SPEC, spec, &Path::of("spec"), &Scope::none(), errors);
    let takes_options = TAKES_MOUNT_OPTIONS.iter().any(|source| !spec[*source].is_null());
    if !takes_options && !object["metadata"]["annotations"][MOUNT_OPTIONS].is_null() {
        let path = Path::of("metadata.annotations");
        errors.push(FieldError::forbidden(path.child(MOUNT_OPTIONS), "may not specify mount options for this volume type"));
    }
}

/// A changed PersistentVolume: where its data lies stays.
pub fn volume_update(new: &Value, old: &Value, errors: &mut Errors) {
    volume(new, errors);
    let (is, was) = (sources_of(&new["spec"]), sources_of(&old["spec"]));
    let mut allowed = is.clone();
    if !was["csi"].is_null() && was["csi"]["controllerExpandSecretRef"].is_null() && !is["csi"].is_null() {
        allowed["csi"]["controllerExpandSecretRef"] = Value::Null;
    }
    if !same(&allowed, &was) {
        let shown = |spec: &Value| internal::render_pretty("PersistentVolumeSource", spec);
        let diff = unified_diff(&shown(&was), &shown(&allowed));
        let why = format!("spec.persistentvolumesource is immutable after creation\n{diff}");
        errors.push(FieldError::forbidden("spec.persistentvolumesource", &why));
    }
    let (is, was) = (&new["spec"], &old["spec"]);
    meta::immutable(&Path::of("volumeMode"), &is["volumeMode"], &was["volumeMode"], errors);
    if !was["nodeAffinity"].is_null() && !same(&is["nodeAffinity"], &was["nodeAffinity"]) {
        let shown = internal::render("*VolumeNodeAffinity", &is["nodeAffinity"]);
        errors.push(FieldError::invalid_raw("nodeAffinity", shown, "field is immutable"));
    }
    if !was["volumeAttributesClassName"].is_null() && is["volumeAttributesClassName"].is_null() {
        errors.push(FieldError::forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden"));
    }
    // What all kinds have in common comes last here, and only if nothing else is wrong.
    if errors.is_empty() {
        meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    }
}

fn sources_of(spec: &Value) -> Value {
    let set = SOURCES.iter().filter(|source| !spec[source.0].is_null());
    Value::Object(set.map(|source| (source.0.to_owned(), spec[source.0].clone())).collect())
}

fn capacity(path: &Path<'_>, capacity: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if capacity["storage"].is_null() || entries(capacity).count() > 1 {
        errors.push(FieldError::not_supported(path, capacity, &["storage"]));
    }
    for (name, value) in entries(capacity) {
        let (at, Some(amount)) = (path.key(name), quantity(value)) else { continue };
        if amount.value() < 0 {
            errors.push(FieldError::invalid(at, &json!(amount.value()), "must be a valid resource quantity"));
        }
        if amount.sign() <= 0 {
            errors.push(FieldError::invalid_text(at, &amount.to_string(), "must be greater than zero"));
        }
    }
}

fn node_affinity(path: &Path<'_>, affinity: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let at = path.child("required");
    if affinity["required"].is_null() {
        errors.push(FieldError::required(at, "must specify required node constraints"));
    } else {
        scheduling::node_selector(&at, &affinity["required"], scope, errors);
    }
}

fn source(path: &Path<'_>, spec: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let mut count = 0;
    for Source(field, forbidden, shown, rows) in SOURCES.iter().filter(|source| !spec[source.0].is_null()) {
        count += 1;
        // Upstream forgets to count what came before this one.
        if count > 1 && *field != "flexVolume" {
            errors.push(FieldError::forbidden(path.child(forbidden), "may not specify more than 1 volume type"));
            continue;
        }
        walk(rows, &spec[*field], &path.child(shown), scope, errors);
        if *field == "local" && spec["nodeAffinity"].is_null() {
            errors.push(FieldError::required(path.child("nodeAffinity"), "Local volume requires node affinity"));
        }
    }
    if count == 0 {
        errors.push(FieldError::required(path, "must specify a volume type"));
    }
    let place = &spec["hostPath"]["path"];
    let is_root = place.as_str().is_some_and(|place| place.starts_with('/') && place.split('/').all(|part| matches!(part, "" | ".")));
    if is_root && text(&spec["persistentVolumeReclaimPolicy"]) == "Recycle" {
        let why = "may not be 'recycle' for a hostPath mount of '/'";
        errors.push(FieldError::forbidden(path.child("persistentVolumeReclaimPolicy"), why));
    }
}

fn attributes_class(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let Some(class) = spec["volumeAttributesClassName"].as_str() else { return };
    let at = path.child("volumeAttributesClassName");
    if class.is_empty() {
        errors.push(FieldError::required(at, "an empty string is disallowed"));
    } else {
        complain(&at, class, names::dns_subdomain(class), errors);
    }
    if spec["csi"].is_null() {
        errors.push(FieldError::required(path.child("csi"), "has to be specified when using volumeAttributesClassName"));
    }
}

fn no_backsteps(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    volume::no_backsteps(path, text(value), errors);
}

/// The name of a CSI driver: a subdomain in any case.
pub fn driver_name(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let name = text(value);
    if name.is_empty() {
        return errors.push(FieldError::required(path, ""));
    }
    if name.len() > 63 {
        errors.push(FieldError::too_long(path, 63));
    }
    complain(path, name, names::dns_subdomain(&name.to_lowercase()), errors);
}

fn endpoints_namespace(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let namespace = text(value);
    if namespace.is_empty() {
        errors.push(FieldError::invalid_text(path, "", "if the endpointnamespace is set, it must be a valid namespace name"));
    } else {
        complain(path, namespace, names::dns_label(namespace), errors);
    }
}

fn flocker(path: &Path<'_>, source: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (name, uuid) = (text(&source["datasetName"]), text(&source["datasetUUID"]));
    match (name.is_empty(), uuid.is_empty()) {
        (true, true) => errors.push(FieldError::required(path, "one of datasetName and datasetUUID is required")),
        (false, false) => {
            let why = "datasetName and datasetUUID can not be specified simultaneously";
            errors.push(FieldError::invalid_text(path, "resource", why));
        }
        _ => {}
    }
    if name.contains('/') {
        errors.push(FieldError::invalid_text(path.child("datasetName"), name, "must not contain '/'"));
    }
}

fn iscsi(path: &Path<'_>, source: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let (iqn, secret) = (text(&source["iqn"]), &source["secretRef"]);
    if !iqn.is_empty() && !["iqn", "eui", "naa"].iter().any(|start| iqn.starts_with(start)) {
        errors.push(FieldError::invalid_text(path.child("iqn"), iqn, "must be valid format starting with iqn, eui, or naa"));
    }
    walk(&[Row("lun", Rule::Between(0, 255))], source, path, scope, errors);
    let authenticates = ["chapAuthDiscovery", "chapAuthSession"].iter().any(|field| is_true(&source[*field]));
    if authenticates && secret.is_null() {
        errors.push(FieldError::required(path.child("secretRef"), ""));
    }
    if !secret.is_null() && text(&secret["name"]).is_empty() {
        errors.push(FieldError::required(path.child("secretRef.name"), ""));
    }
}

fn fibre_channel(path: &Path<'_>, source: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (targets, ids, lun) = (&source["targetWWNs"], &source["wwids"], &source["lun"]);
    let (targets_at, lun_at) = (path.child("targetWWNs"), path.child("lun"));
    match (is_empty(targets), is_empty(ids)) {
        (true, true) => errors.push(FieldError::required(targets_at, "must specify either targetWWNs or wwids, but not both")),
        (false, false) => errors.push(FieldError::invalid(targets_at, targets, "targetWWNs and wwids can not be specified simultaneously")),
        _ => {}
    }
    if is_empty(targets) {
        return;
    }
    if lun.is_null() {
        errors.push(FieldError::required(lun_at, "lun is required if targetWWNs is specified"));
    } else if !(0..=255).contains(&number(lun)) {
        errors.push(FieldError::invalid(lun_at, lun, &names::range_error(0, 255)));
    }
}

fn flex_options(path: &Path<'_>, options: &Value, _: &Scope<'_>, errors: &mut Errors) {
    for (key, _) in entries(options) {
        let domain = format!(".{}", key.split('/').next().unwrap_or(key).to_lowercase());
        if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
            errors.push(FieldError::invalid_text(path.key(key), key, "kubernetes.io and k8s.io namespaces are reserved"));
        }
    }
}
