//! Rules for PersistentVolumeClaims: mirrors `ValidatePersistentVolumeClaim` and `ValidatePersistentVolumeClaimUpdate` of
//! `pkg/apis/core/validation/validation.go`, v1.36.

use super::diff::unified_diff;
use super::internal;
use super::meta::{self, same};
use super::names;
use super::path::{Errors, Path};
use super::pod::Scope;
use super::resources::quantity;
use super::rules::{Row, Rule, complain, items, put, text, walk};
use crate::api::status::FieldError;
use serde_json::Value;

/// How a volume can be mounted.
pub const ACCESS_MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
/// What a volume offers.
pub const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];

const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

static REST: &[Row] = &[
    Row("storageClassName", Rule::Text(names::dns_subdomain)),
    Row("volumeMode", Rule::OneOf(VOLUME_MODES)),
    Row("dataSource", Rule::IfSet(data_source)),
    Row("dataSourceRef", Rule::IfSet(data_source_reference)),
    Row("", Rule::Check(same_data_source)),
    Row("volumeAttributesClassName", Rule::Text(names::dns_subdomain)),
];

/// A new PersistentVolumeClaim.
pub fn claim(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    spec(&Path::of("spec"), &object["spec"], errors);
}

/// A changed PersistentVolumeClaim. What was asked for stays; a bound claim may ask for more.
pub fn claim_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    claim(new, errors);
    let (mut is, mut was) = (new["spec"].clone(), old["spec"].clone());
    if text(&was["volumeName"]).is_empty() {
        was["volumeName"] = is["volumeName"].clone();
    }
    class_change(&mut is, new, old, errors);
    if text(&old["status"]["phase"]) == "Bound" {
        if is["resources"]["requests"].is_object() {
            put(&mut is, &["resources", "requests", "storage"], was["resources"]["requests"]["storage"].clone());
        }
        is["volumeAttributesClassName"] = was["volumeAttributesClassName"].clone();
    }
    if !same(&is, &was) {
        let shown = |spec: &Value| internal::render_pretty("PersistentVolumeClaimSpec", spec);
        let diff = unified_diff(&shown(&was), &shown(&is));
        let why = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        errors.push(FieldError::forbidden("spec", &format!("{why}\n{diff}")));
    }
    let size = |claim: &Value| quantity(&claim["spec"]["resources"]["requests"]["storage"]);
    let capacity = quantity(&old["status"]["capacity"]["storage"]);
    if let (Some(is), Some(was), Some(capacity)) = (size(new), size(old), capacity)
        && is < was
        && is <= capacity
    {
        errors.push(FieldError::forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"));
    }
    meta::immutable(&Path::of("volumeMode"), &new["spec"]["volumeMode"], &old["spec"]["volumeMode"], errors);
    attributes_class_change(new, old, errors);
}

/// The class may move from the old annotation to its field, and be set where there was none.
fn class_change(is: &mut Value, new: &Value, old: &Value, errors: &mut Errors) {
    let annotation = |claim: &Value| claim["metadata"]["annotations"][CLASS_ANNOTATION].clone();
    let (now, before) = (annotation(new), annotation(old));
    let (class, old_class) = (&new["spec"]["storageClassName"], &old["spec"]["storageClassName"]);
    let moves = !before.is_null() && old_class.is_null() && *class == before && (now.is_null() || now == before);
    if moves {
        is["storageClassName"] = Value::Null;
        return;
    }
    if text(&now) != text(&before) {
        let annotations = Path::of("metadata");
        let at = annotations.child("annotations");
        errors.push(FieldError::invalid_text(at.child(CLASS_ANNOTATION), text(&now), "field is immutable"));
    }
    if text(&before).is_empty() && old_class.is_null() && !class.is_null() {
        is["storageClassName"] = Value::Null;
    }
}

fn attributes_class_change(new: &Value, old: &Value, errors: &mut Errors) {
    let (class, at) = (&new["spec"]["volumeAttributesClassName"], "spec.volumeAttributesClassName");
    if *class == old["spec"]["volumeAttributesClassName"] || old["status"]["currentVolumeAttributesClassName"].is_null() {
        return;
    }
    let rest = "is forbidden when status.currentVolumeAttributesClassName is not nil";
    match class.as_str() {
        None => errors.push(FieldError::forbidden(at, &format!("update to nil {rest}"))),
        Some("") => errors.push(FieldError::forbidden(at, &format!("update to empty string {rest}"))),
        Some(_) => {}
    }
}

/// Each mode must be one of the four, and the exclusive one stands alone.
pub fn access_modes(path: &Path<'_>, modes: &Value, errors: &mut Errors) {
    let modes = items(modes);
    for mode in modes.iter().filter(|mode| !ACCESS_MODES.contains(&text(mode))) {
        errors.push(FieldError::not_supported(path, mode, ACCESS_MODES));
    }
    let is_single = |mode: &Value| text(mode) == "ReadWriteOncePod";
    if modes.iter().any(is_single) && modes.iter().any(|mode| ACCESS_MODES.contains(&text(mode)) && !is_single(mode)) {
        errors.push(FieldError::forbidden(path, "may not use ReadWriteOncePod with other access modes"));
    }
}

/// A `PersistentVolumeClaimSpec`, also in a template.
pub fn spec(path: &Path<'_>, spec: &Value, errors: &mut Errors) {
    let at = path.child("accessModes");
    if items(&spec["accessModes"]).is_empty() {
        errors.push(FieldError::required(at, "at least 1 access mode is required"));
    }
    meta::label_selector(&path.child("selector"), &spec["selector"], errors);
    access_modes(&at, &spec["accessModes"], errors);
    let at = path.child("resources");
    match quantity(&spec["resources"]["requests"]["storage"]) {
        None => errors.push(FieldError::required(at.key("storage"), "")),
        Some(size) if size.sign() <= 0 => {
            errors.push(FieldError::invalid_text(at.key("storage"), &size.to_string(), "must be greater than zero"));
        }
        Some(_) => {}
    }
    walk(REST, spec, path, &Scope::none(), errors);
}

fn data_source(path: &Path<'_>, source: &Value, _: &Scope<'_>, errors: &mut Errors) {
    for field in ["name", "kind"].into_iter().filter(|field| text(&source[*field]).is_empty()) {
        errors.push(FieldError::required(path.child(field), ""));
    }
    let (group, kind) = (text(&source["apiGroup"]), text(&source["kind"]));
    if !group.is_empty() {
        complain(&path.child("apiGroup"), group, names::dns_subdomain(group), errors);
    } else if kind != "PersistentVolumeClaim" {
        errors.push(FieldError::invalid_text(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
    }
}

fn data_source_reference(path: &Path<'_>, source: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    data_source(path, source, scope, errors);
    let namespace = text(&source["namespace"]);
    if !namespace.is_empty() {
        complain(&path.child("namespace"), namespace, names::dns_label(namespace), errors);
    }
}

/// The old field and the new one must say the same. Upstream shows a path where the value should be, which prints as nothing.
fn same_data_source(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (old, new) = (&spec["dataSource"], &spec["dataSourceRef"]);
    if old.is_null() || new.is_null() {
        return;
    }
    let why = if !text(&new["namespace"]).is_empty() {
        "may not be specified when dataSourceRef.namespace is specified"
    } else if ["apiGroup", "kind", "name"].iter().any(|field| old[*field] != new[*field]) {
        "must match dataSourceRef"
    } else {
        return;
    };
    errors.push(FieldError::invalid_raw(path, "{}".to_owned(), why));
}
