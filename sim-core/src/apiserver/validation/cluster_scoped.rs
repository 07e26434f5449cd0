//! Rules for Namespaces and Nodes: mirrors `ValidateNamespace` and `ValidateNode` of `pkg/apis/core/validation/validation.go`, v1.36.

use super::meta;
use super::names;
use super::network;
use super::path::{Errors, Path};
use super::resources;
use super::rules::{complain, entries, items, text};
use super::scheduling;
use crate::api::status::FieldError;
use serde_json::Value;

/// A new Namespace.
pub fn namespace(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], false, names::dns_label, errors);
    let path = Path::of("spec.finalizers");
    for finalizer in items(&object["spec"]["finalizers"]) {
        complain(&path, text(finalizer), names::qualified_name(text(finalizer)), errors);
        meta::standard_finalizer(&path, text(finalizer), errors);
    }
}

/// A changed Namespace.
pub fn namespace_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
}

/// A new Node.
pub fn node(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], false, names::dns_subdomain, errors);
    scheduling::taints(&Path::of("metadata.taints"), &object["spec"]["taints"], errors);
    capacity(&object["status"], errors);
    let path = Path::of("spec.podCIDRs");
    let ranges = items(&object["spec"]["podCIDRs"]);
    for (i, range) in ranges.iter().enumerate() {
        network::cidr(&path.index(i), text(range), errors);
    }
    let sixes = ranges.iter().filter(|r| text(r).contains(':')).count();
    if ranges.len() > 2 || (ranges.len() == 2 && sixes != 1) {
        let why = "may specify no more than one CIDR for each IP family";
        errors.push(FieldError::invalid(path, &object["spec"]["podCIDRs"], why));
    }
}

/// A changed Node.
pub fn node_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    capacity(&new["status"], errors);
    let (is, was) = (&new["spec"], &old["spec"]);
    let ranges = items(&was["podCIDRs"]);
    if !ranges.is_empty() && items(&is["podCIDRs"]) != ranges {
        let why = "node updates may not change podCIDR except from \"\" to valid";
        errors.push(FieldError::forbidden("spec.podCIDRs", why));
    }
    let provider = text(&was["providerID"]);
    if !provider.is_empty() && provider != text(&is["providerID"]) {
        let why = "node updates may not change providerID except from \"\" to valid";
        errors.push(FieldError::forbidden("spec.providerID", why));
    }
    scheduling::taints(&Path::of("metadata.taints"), &is["taints"], errors);
}

fn capacity(status: &Value, errors: &mut Errors) {
    for list in ["capacity", "allocatable"] {
        for (name, value) in entries(&status[list]) {
            if let Some(amount) = resources::quantity(value) {
                let path = Path::of("status");
                resources::resource_quantity(&path.child(list).child(name), name, &amount, errors);
            }
        }
    }
}
