//! Rules for StorageClasses and for what CSI drivers say about themselves: mirrors `pkg/apis/storage/validation/validation.go`, v1.36.
//!
//! Left out: the inline volume of a VolumeAttachment (only that there is one).

use super::internal;
use super::meta::{self, same};
use super::names;
use super::path::{Errors, Path};
use super::persistent_volume::driver_name;
use super::pod::Scope;
use super::rules::{Row, Rule, complain, entries, is_empty, items, number, text, walk};
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const PARAMETERS_MAX: usize = 512;
const PARAMETERS_SIZE_MAX: usize = 256 << 10;

static CLASS: &[Row] = &[
    Row("provisioner", Rule::Required("")),
    Row("provisioner", Rule::Check(provisioner)),
    Row("parameters", Rule::Check(parameters)),
    Row("reclaimPolicy", Rule::OneOf(&["Delete", "Retain"])),
    Row("volumeBindingMode", Rule::OneOf(&["Immediate", "WaitForFirstConsumer"])),
    Row("allowedTopologies", Rule::Check(topologies)),
];

/// The first is misspelled upstream too.
static DRIVER: &[Row] = &[
    Row(
        "",
        Rule::Check(|path, spec, _, errors| {
            for (field, shown) in
                [("attachRequired", "attachedRequired"), ("podInfoOnMount", "podInfoOnMount"), ("storageCapacity", "storageCapacity")]
            {
                if spec[field].is_null() {
                    errors.push(FieldError::required(path.child(shown), ""));
                }
            }
        }),
    ),
    Row("fsGroupPolicy", Rule::OneOf(&["File", "None", "ReadWriteOnceWithFSType"])),
    Row("tokenRequests", Rule::Check(token_requests)),
    Row("volumeLifecycleModes", Rule::Check(lifecycle_modes)),
];

/// A new StorageClass.
pub fn class(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], false, names::dns_subdomain, errors);
    walk(CLASS, object, &Path::ROOT, &Scope::none(), errors);
}

/// A changed StorageClass: only whether volumes may grow, and where they may be, can change.
pub fn class_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    for field in ["parameters", "provisioner", "reclaimPolicy"].into_iter().filter(|field| !same(&new[*field], &old[*field])) {
        errors.push(FieldError::forbidden(field, &format!("updates to {field} are forbidden.")));
    }
    meta::immutable(&Path::of("volumeBindingMode"), &new["volumeBindingMode"], &old["volumeBindingMode"], errors);
}

fn provisioner(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let name = text(value).to_lowercase();
    if !name.is_empty() {
        complain(path, &name, names::qualified_name(&name), errors);
    }
}

fn parameters(path: &Path<'_>, map: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if entries(map).count() > PARAMETERS_MAX {
        return errors.push(FieldError::too_long(path, PARAMETERS_MAX));
    }
    for (key, _) in entries(map).filter(|(key, _)| key.is_empty()) {
        errors.push(FieldError::invalid_text(path, key, "field can not be empty."));
    }
    if entries(map).map(|(key, value)| key.len() + text(value).len()).sum::<usize>() > PARAMETERS_SIZE_MAX {
        errors.push(FieldError::too_long(path, PARAMETERS_SIZE_MAX));
    }
}

fn topologies(path: &Path<'_>, list: &Value, _: &Scope<'_>, errors: &mut Errors) {
    // An empty term counts as seen: upstream compares with terms that it hasn't read yet.
    let mut seen = vec![BTreeMap::new()];
    for (i, term) in items(list).iter().enumerate() {
        let at = path.index(i);
        let at = at.child("matchLabelExpressions");
        let mut values = BTreeMap::new();
        for (j, expression) in items(&term["matchLabelExpressions"]).iter().enumerate() {
            let (at, key) = (at.index(j), text(&expression["key"]));
            let set = topology_values(&at, expression, errors);
            if values.insert(key, set).is_some() {
                errors.push(FieldError::duplicate(at.child("key"), &Value::from(key)));
            }
        }
        if seen.contains(&values) {
            errors.push(FieldError::duplicate(at, &Value::from("")));
        }
        seen.push(values);
    }
}

fn topology_values<'a>(path: &Path<'_>, expression: &'a Value, errors: &mut Errors) -> BTreeSet<&'a str> {
    let (at, values) = (path.child("values"), items(&expression["values"]));
    if values.is_empty() {
        errors.push(FieldError::required(at, ""));
    }
    let mut set = BTreeSet::new();
    for (i, value) in values.iter().enumerate() {
        if !set.insert(text(value)) {
            errors.push(FieldError::duplicate(at.index(i), value));
        }
    }
    let key = text(&expression["key"]);
    complain(&path.child("key"), key, names::qualified_name(key), errors);
    set
}

/// A new CSIDriver.
pub fn csi_driver(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], false, names::dns_subdomain, errors);
    walk(DRIVER, &object["spec"], &Path::of("spec"), &Scope::none(), errors);
}

/// A changed CSIDriver.
pub fn csi_driver_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    let path = Path::of("spec");
    walk(DRIVER, &new["spec"], &path, &Scope::none(), errors);
    for (field, shown) in [("attachRequired", "attachedRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")] {
        meta::immutable(&path.child(shown), &new["spec"][field], &old["spec"][field], errors);
    }
}

fn token_requests(path: &Path<'_>, list: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let mut audiences = BTreeSet::new();
    for (i, request) in items(list).iter().enumerate() {
        let (at, audience) = (path.index(i), text(&request["audience"]));
        if !audiences.insert(audience) {
            errors.push(FieldError::duplicate(at.child("audience"), &Value::from(audience)));
            continue;
        }
        let seconds = &request["expirationSeconds"];
        let at = at.child("expirationSeconds");
        if !seconds.is_null() && number(seconds) < 600 {
            errors.push(FieldError::invalid(at, seconds, "may not specify a duration less than 10 minutes"));
        }
        if number(seconds) > 1 << 32 {
            errors.push(FieldError::invalid(at, seconds, "may not specify a duration larger than 2^32 seconds"));
        }
    }
}

fn lifecycle_modes(path: &Path<'_>, list: &Value, _: &Scope<'_>, errors: &mut Errors) {
    for mode in items(list).iter().filter(|mode| !matches!(text(mode), "Persistent" | "Ephemeral")) {
        errors.push(FieldError::not_supported(path, mode, &["Persistent", "Ephemeral"]));
    }
}

/// A new CSINode.
pub fn csi_node(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], false, names::dns_subdomain, errors);
    let path = Path::of("spec");
    let path = path.child("drivers");
    let mut seen = BTreeSet::new();
    for (i, driver) in items(&object["spec"]["drivers"]).iter().enumerate() {
        let at = path.index(i);
        node_driver(&at, driver, errors);
        if !seen.insert(text(&driver["name"])) {
            errors.push(FieldError::duplicate(at.child("name"), &driver["name"]));
        }
        let mut keys = BTreeSet::new();
        for key in items(&driver["topologyKeys"]).iter().map(text) {
            if key.is_empty() {
                errors.push(FieldError::required(at, ""));
            }
            if !keys.insert(key) {
                errors.push(FieldError::duplicate(at, &Value::from(key)));
            }
            complain(&at, key, names::qualified_name(key), errors);
        }
    }
}

fn node_driver(path: &Path<'_>, driver: &Value, errors: &mut Errors) {
    driver_name(&path.child("name"), &driver["name"], &Scope::none(), errors);
    let (at, id) = (path.child("nodeID"), text(&driver["nodeID"]));
    if id.is_empty() {
        errors.push(FieldError::required(at, ""));
    }
    if id.len() > 256 {
        errors.push(FieldError::invalid_text(at, id, "must be 256 characters or less"));
    }
    let at = path.child("allocatable");
    walk(&[Row("count", Rule::NonNegative)], &driver["allocatable"], &at, &Scope::none(), errors);
}

/// A changed CSINode: a driver that stays, stays as it is.
pub fn csi_node_update(new: &Value, old: &Value, errors: &mut Errors) {
    csi_node(new, errors);
    let drivers = |node: &Value| items(&node["spec"]["drivers"]).to_vec();
    let new_drivers = drivers(new);
    for was in drivers(old) {
        for is in new_drivers.iter().filter(|is| is["name"] == was["name"] && !same(is, &was)) {
            errors.push(FieldError::invalid_raw("CSINodeDriver", internal::render("CSINodeDriver", is), "field is immutable"));
        }
    }
    if errors.is_empty() {
        meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    }
}

/// A new VolumeAttachment.
pub fn attachment(object: &Value, errors: &mut Errors) {
    attachment_spec(object, errors);
    let (path, spec) = (Path::of("spec"), &object["spec"]);
    driver_name(&path.child("attacher"), &spec["attacher"], &Scope::none(), errors);
    let source_at = path.child("source");
    if let Some(volume) = spec["source"]["persistentVolumeName"].as_str() {
        complain(&source_at.child("persistentVolumeName"), volume, names::dns_subdomain(volume), errors);
    }
}

fn attachment_spec(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], false, names::dns_subdomain, errors);
    let (path, spec) = (Path::of("spec"), &object["spec"]);
    if is_empty(&spec["attacher"]) {
        errors.push(FieldError::required(path.child("attacher"), ""));
    }
    let (at, source) = (path.child("source"), &spec["source"]);
    let volume = &source["persistentVolumeName"];
    const ONE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    match (source["inlineVolumeSpec"].is_null(), volume.is_null()) {
        (true, true) => errors.push(FieldError::required(at, ONE)),
        (false, false) => errors.push(FieldError::forbidden(at, ONE)),
        (true, false) if text(volume).is_empty() => {
            errors.push(FieldError::required(at.child("persistentVolumeName"), "must specify non empty persistentVolumeName"));
        }
        _ => {}
    }
    let node = text(&spec["nodeName"]);
    complain(&path.child("nodeName"), node, names::dns_subdomain(node), errors);
}

/// A changed VolumeAttachment: its spec stays.
pub fn attachment_update(new: &Value, old: &Value, errors: &mut Errors) {
    attachment_spec(new, errors);
    if !same(&new["spec"], &old["spec"]) {
        errors.push(FieldError::invalid_raw("spec", internal::render("VolumeAttachmentSpec", &new["spec"]), "field is immutable"));
    }
    if errors.is_empty() {
        meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    }
}
