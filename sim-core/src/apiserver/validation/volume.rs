//! Rules for volumes: mirrors `ValidateVolumes` and the sources that it knows in `pkg/apis/core/validation/validation.go`, v1.36.
//!
//! Left out: the inner rules of sources that need a vendor's disk (only their required fields are checked), certificates of pods and
//! trust bundles.

use super::claim;
use super::container;
use super::names;
use super::path::{Errors, Path};
use super::pod::Scope;
use super::resources;
use super::rules::{Row, Rule, complain, items, number, text, walk};
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A type of volume: its field, the field's name when it is one too many, the name in the paths of its own errors, and its rules.
pub struct Source(pub &'static str, pub &'static str, pub &'static str, pub &'static [Row]);

/// In upstream's order: the first that is set counts, each further one is forbidden. The names are upstream's, slips included.
static SOURCES: &[Source] = &[
    Source("emptyDir", "emptyDir", "emptyDir", &[Row("sizeLimit", Rule::Check(size_limit))]),
    Source("hostPath", "hostPath", "hostPath", &[Row("", Rule::Check(host_path))]),
    Source("gitRepo", "gitRepo", "gitRepo", &[Row("repository", Rule::Required(""))]),
    Source("gcePersistentDisk", "gcePersistentDisk", "persistentDisk", &[Row("pdName", Rule::Required(""))]),
    Source("awsElasticBlockStore", "awsElasticBlockStore", "awsElasticBlockStore", &[Row("volumeID", Rule::Required(""))]),
    Source(
        "secret",
        "secret",
        "secret",
        &[Row("secretName", Rule::Required("")), Row("defaultMode", Rule::FileMode), Row("items", Rule::Each(KEY_TO_PATH))],
    ),
    Source("nfs", "nfs", "nfs", &[Row("server", Rule::Required("")), Row("path", Rule::Required("")), Row("path", Rule::Check(absolute))]),
    Source("iscsi", "iscsi", "iscsi", &[Row("targetPortal", Rule::Required("")), Row("iqn", Rule::Required(""))]),
    Source("glusterfs", "glusterfs", "glusterfs", &[Row("endpoints", Rule::Required("")), Row("path", Rule::Required(""))]),
    Source("flocker", "flocker", "flocker", &[]),
    Source("persistentVolumeClaim", "persistentVolumeClaim", "persistentVolumeClaim", &[Row("claimName", Rule::Required(""))]),
    Source("rbd", "rbd", "rbd", &[Row("monitors", Rule::Required("")), Row("image", Rule::Required(""))]),
    Source("cinder", "cinder", "cinder", &[Row("volumeID", Rule::Required(""))]),
    Source("cephfs", "cephFS", "cephfs", &[Row("monitors", Rule::Required(""))]),
    Source(
        "quobyte",
        "quobyte",
        "quobyte",
        &[Row("registry", Rule::Required("must be a host:port pair or multiple pairs separated by commas"))],
    ),
    Source(
        "downwardAPI",
        "downwarAPI",
        "downwardAPI",
        &[Row("defaultMode", Rule::FileMode), Row("items", Rule::Check(|path, list, _, errors| downward_files(path, list, errors)))],
    ),
    Source("fc", "fc", "fc", &[]),
    Source("flexVolume", "flexVolume", "flexVolume", &[Row("driver", Rule::Required(""))]),
    Source(
        "configMap",
        "configMap",
        "configMap",
        &[Row("name", Rule::Required("")), Row("defaultMode", Rule::FileMode), Row("items", Rule::Each(KEY_TO_PATH))],
    ),
    Source("azureFile", "azureFile", "azureFile", &[Row("secretName", Rule::Required("")), Row("shareName", Rule::Required(""))]),
    Source("vsphereVolume", "vsphereVolume", "vsphereVolume", &[Row("volumePath", Rule::Required(""))]),
    Source("photonPersistentDisk", "photonPersistentDisk", "photonPersistentDisk", &[Row("pdID", Rule::Required(""))]),
    Source("portworxVolume", "portworxVolume", "portworxVolume", &[Row("volumeID", Rule::Required(""))]),
    Source("azureDisk", "azureDisk", "azureDisk", &[Row("diskName", Rule::Required("")), Row("diskURI", Rule::Required(""))]),
    Source("storageos", "storageos", "storageos", &[Row("volumeName", Rule::Required(""))]),
    Source("projected", "projected", "projected", &[Row("defaultMode", Rule::FileMode), Row("", Rule::Check(projections))]),
    Source("scaleIO", "scaleIO", "scaleIO", &[Row("gateway", Rule::Required("")), Row("system", Rule::Required(""))]),
    Source("csi", "csi", "csi", &[Row("driver", Rule::Required(""))]),
    Source("ephemeral", "ephemeral", "ephemeral", &[Row("volumeClaimTemplate", Rule::Check(claim_template))]),
    Source("image", "image", "image", &[Row("", Rule::Check(image))]),
];

static KEY_TO_PATH: &[Row] = &[
    Row("key", Rule::Required("")),
    Row("path", Rule::Required("")),
    Row("path", Rule::Check(|path, value, _, errors| local_non_reserved(path, text(value), errors))),
    Row("mode", Rule::FileMode),
];

static HOST_PATH_TYPES: &[&str] = &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

static DOWNWARD_FIELDS: &[&str] = &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// Checks the volumes of a pod; returns the valid ones by name, for the mounts.
pub fn volumes<'a>(path: &Path<'_>, scope: &Scope<'a>, errors: &mut Errors) -> BTreeMap<&'a str, &'a Value> {
    let spec: &'a Value = scope.spec;
    let pod_name = text(&scope.meta["name"]);
    let list = items(&spec["volumes"]);
    let created: BTreeSet<String> = list
        .iter()
        .filter(|v| !pod_name.is_empty() && !v["ephemeral"].is_null())
        .map(|v| format!("{pod_name}-{}", text(&v["name"])))
        .collect();
    let mut valid = BTreeMap::new();
    for (i, volume) in list.iter().enumerate() {
        let at = path.index(i);
        let name = text(&volume["name"]);
        let before = errors.len();
        source(&at, volume, scope, errors);
        if name.is_empty() {
            errors.push(FieldError::required(at.child("name"), ""));
        } else {
            complain(&at.child("name"), name, names::dns_label(name), errors);
        }
        if valid.contains_key(name) {
            errors.push(FieldError::duplicate(at.child("name"), &volume["name"]));
        }
        if errors.len() == before {
            valid.insert(name, volume);
        }
        let claim = text(&volume["persistentVolumeClaim"]["claimName"]);
        if created.contains(claim) {
            let why = "must not reference a PVC that gets created for an ephemeral volume";
            errors.push(FieldError::invalid_text(at.child("persistentVolumeClaim.claimName"), claim, why));
        }
    }
    valid
}

fn source(path: &Path<'_>, volume: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let mut count = 0;
    for Source(field, forbidden, shown, rows) in SOURCES.iter().filter(|s| !volume[s.0].is_null()) {
        count += 1;
        if count > 1 {
            errors.push(FieldError::forbidden(path.child(forbidden), "may not specify more than 1 volume type"));
            continue;
        }
        walk(rows, &volume[*field], &path.child(shown), scope, errors);
        let (pod, name) = (text(&scope.meta["name"]), text(&volume["name"]));
        if *field == "ephemeral" && !pod.is_empty() && !name.is_empty() {
            let claim = format!("{pod}-{name}");
            for wrong in names::dns_subdomain(&claim) {
                errors.push(FieldError::invalid_text(path.child("name"), name, &format!("PVC name {claim:?}: {wrong}")));
            }
        }
    }
    if count == 0 {
        errors.push(FieldError::required(path, "must specify a volume type"));
    }
}

fn size_limit(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if resources::quantity(value).is_some_and(|q| q.sign() < 0) {
        errors.push(FieldError::forbidden(path, "SizeLimit field must be a valid resource quantity"));
    }
}

/// A directory or file of the node.
pub fn host_path(path: &Path<'_>, source: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let place = text(&source["path"]);
    if place.is_empty() {
        return errors.push(FieldError::required(path.child("path"), ""));
    }
    no_backsteps(&path.child("path"), place, errors);
    let kind = &source["type"];
    if !kind.is_null() && !HOST_PATH_TYPES.contains(&text(kind)) {
        errors.push(FieldError::not_supported(path.child("type"), kind, HOST_PATH_TYPES));
    }
}

/// A path from the root.
pub fn absolute(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if !text(value).starts_with('/') {
        errors.push(FieldError::invalid_text(path, text(value), "must be an absolute path"));
    }
}

fn image(path: &Path<'_>, source: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    static PULL_POLICY: &[Row] = &[Row("pullPolicy", Rule::RequiredOneOf(&["Always", "IfNotPresent", "Never"]))];
    if scope.is_pod && text(&source["reference"]).is_empty() {
        errors.push(FieldError::required(path.child("reference"), ""));
    }
    walk(PULL_POLICY, source, path, scope, errors);
}

fn claim_template(path: &Path<'_>, template: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if template.is_null() {
        errors.push(FieldError::required(path, ""));
    } else {
        claim::spec(&path.child("spec"), &template["spec"], errors);
    }
}

fn downward_files(path: &Path<'_>, list: &Value, errors: &mut Errors) {
    // Upstream gives the path of the volume for each of its files.
    let text_path = path.to_string();
    let parent = text_path.strip_suffix(".items").unwrap_or(&text_path);
    for file in items(list) {
        downward_file(&Path::of(parent), file, errors);
    }
}

fn downward_file(path: &Path<'_>, file: &Value, errors: &mut Errors) {
    let place = text(&file["path"]);
    if place.is_empty() {
        errors.push(FieldError::required(path.child("path"), ""));
    }
    local_non_reserved(&path.child("path"), place, errors);
    let (field, resource) = (&file["fieldRef"], &file["resourceFieldRef"]);
    if !field.is_null() {
        container::field_selector(&path.child("fieldRef"), field, DOWNWARD_FIELDS, errors);
        if !resource.is_null() {
            errors.push(FieldError::invalid_text(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
        }
    } else if !resource.is_null() {
        resources::field_selector(&path.child("resourceFieldRef"), resource, true, errors);
    } else {
        errors.push(FieldError::required(path, "one of fieldRef and resourceFieldRef is required"));
    }
    let mode = &file["mode"];
    if !mode.is_null() && !(0..=0o777).contains(&number(mode)) {
        errors.push(FieldError::invalid(path.child("mode"), mode, "must be a number between 0 and 0777 (octal), both inclusive"));
    }
}

fn projections(path: &Path<'_>, projected: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let sources = path.child("sources");
    for (i, source) in items(&projected["sources"]).iter().enumerate() {
        let at = sources.index(i);
        let mut count = 0;
        for field in ["secret", "configMap"].into_iter().filter(|f| !source[*f].is_null()) {
            count += 1;
            let (inner, object) = (at.child(field), &source[field]);
            if text(&object["name"]).is_empty() {
                errors.push(FieldError::required(inner.child("name"), ""));
            }
            let list = inner.child("items");
            for (j, item) in items(&object["items"]).iter().enumerate() {
                walk(KEY_TO_PATH, item, &list.index(j), scope, errors);
                let place = text(&item["path"]);
                if !place.is_empty() && !taken.insert(place) {
                    errors.push(FieldError::invalid_text(path, text(&object["name"]), "conflicting duplicate paths"));
                }
            }
        }
        if !source["downwardAPI"].is_null() {
            count += 1;
            for file in items(&source["downwardAPI"]["items"]) {
                downward_file(&at.child("downwardAPI"), file, errors);
                let place = text(&file["path"]);
                if !place.is_empty() && !taken.insert(place) {
                    errors.push(FieldError::invalid_text(path, place, "conflicting duplicate paths"));
                }
            }
        }
        if !source["serviceAccountToken"].is_null() {
            count += 1;
            token(path, &at.child("serviceAccountToken"), &source["serviceAccountToken"], errors);
        }
        count += ["clusterTrustBundle", "podCertificate"].iter().filter(|f| !source[**f].is_null()).count();
        if count > 1 {
            errors.push(FieldError::forbidden(at, "may not specify more than 1 volume type per source"));
        }
    }
}

fn token(volume: &Path<'_>, path: &Path<'_>, token: &Value, errors: &mut Errors) {
    let seconds = number(&token["expirationSeconds"]);
    let at = path.child("expirationSeconds");
    if seconds < 600 {
        errors.push(FieldError::invalid(at, &Value::from(seconds), "may not specify a duration less than 10 minutes"));
    }
    if seconds > 1 << 32 {
        errors.push(FieldError::invalid(at, &Value::from(seconds), "may not specify a duration larger than 2^32 seconds"));
    }
    let (place, at) = (text(&token["path"]), volume.child("path"));
    if place.is_empty() {
        errors.push(FieldError::required(at, ""));
    } else {
        local_non_reserved(&at, place, errors);
    }
}

/// A path that doesn't climb.
pub fn no_backsteps(path: &Path<'_>, place: &str, errors: &mut Errors) {
    if place.split('/').any(|part| part == "..") {
        errors.push(FieldError::invalid_text(path, place, "must not contain '..'"));
    }
}

/// A path below where it starts.
pub fn local_descending(path: &Path<'_>, place: &str, errors: &mut Errors) {
    if place.starts_with('/') {
        errors.push(FieldError::invalid_text(path, place, "must be a relative path"));
    }
    no_backsteps(path, place, errors);
}

/// As [`local_descending`], and not among the names that the volume's writer keeps for itself.
pub fn local_non_reserved(path: &Path<'_>, place: &str, errors: &mut Errors) {
    local_descending(path, place, errors);
    if place.starts_with("..") && !place.starts_with("../") {
        errors.push(FieldError::invalid_text(path, place, "must not start with '..'"));
    }
}
