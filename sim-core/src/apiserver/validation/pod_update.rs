//! What may change in a Pod: mirrors `ValidatePodUpdate` of `pkg/apis/core/validation/validation.go`, v1.36.
//!
//! Left out: what a gated pod may narrow down (node selector and affinity) is accepted whole, resizing and ephemeral containers go
//! through their own subresources.

use super::diff::unified_diff;
use super::internal;
use super::meta::{self, same};
use super::names;
use super::path::{Errors, Path};
use super::pod;
use super::rules::{entries, items, items_mut, number, put, text};
use super::scheduling;
use crate::api::status::FieldError;
use serde_json::Value;

const MUTABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only \
                       additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously \
                       negative)";
const MIRROR: &str = "kubernetes.io/config.mirror";

/// A changed Pod against the stored one.
pub fn update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    pod::metadata_and_spec(new, errors);
    mirror_annotation(&new["metadata"]["annotations"], &old["metadata"]["annotations"], errors);
    let path = Path::of("spec");
    let (new, old) = (&new["spec"], &old["spec"]);
    for list in ["containers", "initContainers"] {
        if items(&new[list]).len() != items(&old[list]).len() {
            errors.push(FieldError::forbidden(path.child(list), "pod updates may not add or remove containers"));
            return;
        }
        images(&path.child(list), &new[list], errors);
    }
    if !deadline(&path.child("activeDeadlineSeconds"), &new["activeDeadlineSeconds"], &old["activeDeadlineSeconds"], errors) {
        return;
    }
    scheduling::only_added_tolerations(&path.child("tolerations"), &new["tolerations"], &old["tolerations"], errors);
    scheduling::only_deleted_gates(&path.child("schedulingGates"), &new["schedulingGates"], &old["schedulingGates"], errors);
    if same(new, old) {
        return;
    }
    let rest = without_mutable(new, old);
    if !same(&rest, old) {
        let diff = unified_diff(&internal::render_pretty("PodSpec", old), &internal::render_pretty("PodSpec", &rest));
        errors.push(FieldError::forbidden(path, &format!("pod updates may not change fields other than {MUTABLE}\n{diff}")));
    }
}

fn mirror_annotation(new: &Value, old: &Value, errors: &mut Errors) {
    let (metadata, key) = (Path::of("metadata"), MIRROR);
    let at = metadata.child("annotations");
    let value = |map: &Value| entries(map).find(|(k, _)| *k == key).map(|(_, v)| v.clone());
    match (value(new), value(old)) {
        (new, Some(old)) if new.as_ref() != Some(&old) => {
            errors.push(FieldError::forbidden(at.key(key), "may not remove or update mirror pod annotation"));
        }
        (Some(_), None) => errors.push(FieldError::forbidden(at.key(key), "may not add mirror pod annotation")),
        _ => {}
    }
}

fn images(path: &Path<'_>, list: &Value, errors: &mut Errors) {
    for (i, container) in items(list).iter().enumerate() {
        let (at, image) = (path.index(i), text(&container["image"]));
        if image.is_empty() {
            errors.push(FieldError::required(at.child("image"), ""));
        }
        if image.trim().len() != image.len() {
            errors.push(FieldError::invalid_text(at.child("image"), image, "must not have leading or trailing whitespace"));
        }
    }
}

/// A deadline may be set and shortened. Returns false where upstream stops looking.
fn deadline(path: &Path<'_>, new: &Value, old: &Value, errors: &mut Errors) -> bool {
    if new.is_null() {
        if !old.is_null() {
            errors.push(FieldError::invalid(path, new, "must not update from a positive integer to nil value"));
        }
        return true;
    }
    if !(0..=i64::from(i32::MAX)).contains(&number(new)) {
        errors.push(FieldError::invalid(path, new, &names::range_error(0, i64::from(i32::MAX))));
        return false;
    }
    if !old.is_null() && number(old) < number(new) {
        errors.push(FieldError::invalid(path, new, "must be less than or equal to previous value"));
        return false;
    }
    true
}

/// The new spec with the old values of all that may change.
fn without_mutable(new: &Value, old: &Value) -> Value {
    let mut rest = new.clone();
    for list in ["containers", "initContainers"] {
        for (container, old) in items_mut(&mut rest, list).zip(items(&old[list])) {
            put(container, &["image"], old["image"].clone());
        }
    }
    let mut mutable = vec!["activeDeadlineSeconds", "tolerations", "schedulingGates"];
    if number(&old["terminationGracePeriodSeconds"]) < 0 && number(&new["terminationGracePeriodSeconds"]) == 1 {
        mutable.push("terminationGracePeriodSeconds");
    }
    if !items(&old["schedulingGates"]).is_empty() {
        mutable.push("nodeSelector");
        if rest["affinity"].is_object() || old["affinity"].is_object() {
            put(&mut rest, &["affinity", "nodeAffinity"], old["affinity"]["nodeAffinity"].clone());
        }
    }
    for field in mutable {
        put(&mut rest, &[field], old[field].clone());
    }
    rest
}
