//! Rules for what components write down about themselves: Events and Leases. Mirrors `pkg/apis/core/validation/events.go` (as `v1`) and
//! `pkg/apis/coordination/validation/validation.go`, v1.36.

use super::meta;
use super::names;
use super::path::{Errors, Path};
use super::rules::{complain, number, text};
use crate::api::status::FieldError;
use serde_json::Value;

/// An Event, new or changed.
pub fn event(object: &Value, errors: &mut Errors) {
    let namespace = text(&object["metadata"]["namespace"]);
    let about = text(&object["involvedObject"]["namespace"]);
    let elsewhere = |allowed: &[&str]| if about.is_empty() { !allowed.contains(&namespace) } else { about != namespace };
    let mismatch = || FieldError::invalid_text("involvedObject.namespace", about, "does not match event.namespace");
    if object["eventTime"].is_null() {
        if elsewhere(&["", "default"]) {
            errors.push(mismatch());
        }
    } else {
        if about.is_empty() && elsewhere(&["default", "kube-system"]) {
            errors.push(mismatch());
        }
        let controller = text(&object["reportingComponent"]);
        if controller.is_empty() {
            errors.push(FieldError::required("reportingComponent", ""));
        }
        complain(&Path::of("reportingComponent"), controller, names::qualified_name(controller), errors);
        for (field, max) in [("reportingInstance", 128), ("action", 128), ("reason", 128), ("message", 1024)] {
            let length = text(&object[field]).len();
            if length == 0 && field != "message" {
                errors.push(FieldError::required(field, ""));
            }
            if length > max {
                errors.push(FieldError::invalid_text(field, "", &format!("can have at most {max} characters")));
            }
        }
    }
    complain(&Path::of("namespace"), namespace, names::dns_subdomain(namespace), errors);
}

/// A new Lease.
pub fn lease(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    lease_spec(&object["spec"], errors);
}

/// A changed Lease.
pub fn lease_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    lease_spec(&new["spec"], errors);
}

fn lease_spec(spec: &Value, errors: &mut Errors) {
    let (seconds, transitions, strategy) = (&spec["leaseDurationSeconds"], &spec["leaseTransitions"], &spec["strategy"]);
    if !seconds.is_null() && number(seconds) <= 0 {
        errors.push(FieldError::invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"));
    }
    if number(transitions) < 0 {
        errors.push(FieldError::invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0"));
    }
    if !strategy.is_null() {
        let path = Path::of("spec.strategy.strategy");
        if text(strategy).contains('/') {
            complain(&path, text(strategy), names::qualified_name(text(strategy)), errors);
        } else if text(strategy) != "OldestEmulationVersion" {
            errors.push(FieldError::not_supported(path, strategy, &["OldestEmulationVersion"]));
        }
    }
    if !text(&spec["preferredHolder"]).is_empty() && text(strategy).is_empty() {
        errors.push(FieldError::forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined"));
    }
}
