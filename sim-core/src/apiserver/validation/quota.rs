//! Rules for ResourceQuotas and LimitRanges: mirrors `ValidateResourceQuota` and `ValidateLimitRange` of
//! `pkg/apis/core/validation/validation.go`, v1.36. Whether an object keeps within them is admission's question.

use super::internal;
use super::meta;
use super::names;
use super::path::{Errors, Path};
use super::resources::{self, quantity};
use super::rules::{complain, entries, is_empty, items, text};
use crate::api::quantity::Quantity;
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::BTreeSet;

const SCOPES: [&str; 6] = ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"];

/// A new ResourceQuota.
pub fn resource_quota(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    quota_spec(&object["spec"], errors);
}

/// A changed ResourceQuota: its scopes stay.
pub fn resource_quota_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    quota_spec(&new["spec"], errors);
    let scopes = |quota: &Value| items(&quota["spec"]["scopes"]).iter().map(|s| text(s).to_owned()).collect::<BTreeSet<String>>();
    if scopes(new) != scopes(old) {
        errors.push(FieldError::invalid("spec.scopes", &new["spec"]["scopes"], "field is immutable"));
    }
}

fn quota_spec(spec: &Value, errors: &mut Errors) {
    let path = Path::of("spec");
    let at = path.child("hard");
    for (name, value) in entries(&spec["hard"]) {
        resources::quota_resource_name(&at.key(name), name, errors);
        if let Some(amount) = quantity(value) {
            resources::resource_quantity(&at.key(name), name, &amount, errors);
        }
    }
    scopes(&path.child("scopes"), spec, errors);
    if !spec["scopeSelector"].is_null() {
        scope_selector(&path.child("scopeSelector"), spec, errors);
    }
}

fn scopes(path: &Path<'_>, spec: &Value, errors: &mut Errors) {
    let list: Vec<&str> = items(&spec["scopes"]).iter().map(text).collect();
    for scope in &list {
        if !SCOPES.contains(scope) {
            errors.push(FieldError::invalid(path, &spec["scopes"], "unsupported scope"));
        }
        for _ in entries(&spec["hard"]).filter(|(name, _)| !resources::fits_quota_scope(scope, name)) {
            errors.push(FieldError::invalid(path, &spec["scopes"], "unsupported scope applied to resource"));
        }
    }
    conflicting_scopes(path, &list, spec, errors);
}

fn conflicting_scopes(path: &Path<'_>, list: &[&str], spec: &Value, errors: &mut Errors) {
    for pair in [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]] {
        if pair.iter().all(|scope| list.contains(scope)) {
            errors.push(FieldError::invalid(path, &spec["scopes"], "conflicting scopes"));
        }
    }
}

fn scope_selector(path: &Path<'_>, spec: &Value, errors: &mut Errors) {
    const EXISTS: &str = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, \
                          ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    let (path, selector) = (path.child("matchExpressions"), &spec["scopeSelector"]);
    let (operator_at, values_at) = (path.child("operator"), path.child("values"));
    let expressions = items(&selector["matchExpressions"]);
    for expression in expressions {
        let (scope, operator, values) = (text(&expression["scopeName"]), text(&expression["operator"]), &expression["values"]);
        if !SCOPES.contains(&scope) {
            errors.push(FieldError::invalid_text(path.child("scopeName"), scope, "unsupported scope"));
        }
        for _ in entries(&spec["hard"]).filter(|(name, _)| !resources::fits_quota_scope(scope, name)) {
            let shown = internal::render("ScopeSelector", selector);
            errors.push(FieldError::invalid_raw(path, shown, "unsupported scope applied to resource"));
        }
        if SCOPES.contains(&scope) && scope != "PriorityClass" && operator != "Exists" {
            errors.push(FieldError::invalid_text(operator_at, operator, EXISTS));
        }
        match operator {
            "In" | "NotIn" if is_empty(values) => {
                let why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
                errors.push(FieldError::required(values_at, why));
            }
            "Exists" | "DoesNotExist" if !is_empty(values) => {
                let why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
                errors.push(FieldError::invalid(values_at, values, why));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => errors.push(FieldError::invalid_text(operator_at, operator, "not a valid selector operator")),
        }
    }
    let list: Vec<&str> = expressions.iter().map(|e| text(&e["scopeName"])).collect();
    conflicting_scopes(&path, &list, spec, errors);
}

/// A LimitRange, new or changed.
pub fn limit_range(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    let path = Path::of("spec");
    let path = path.child("limits");
    let mut seen = BTreeSet::new();
    for (i, limit) in items(&object["spec"]["limits"]).iter().enumerate() {
        let (at, kind) = (path.index(i), text(&limit["type"]));
        limit_type(&at.child("type"), kind, errors);
        if !seen.insert(kind) {
            errors.push(FieldError::duplicate(at.child("type"), &Value::from(kind)));
        }
        let named = limit_names(&at, limit, kind, errors);
        for name in named {
            limit_values(&at, limit, kind, name, errors);
        }
    }
}

fn limit_type(path: &Path<'_>, kind: &str, errors: &mut Errors) {
    let wrong = names::qualified_name(kind);
    if !wrong.is_empty() {
        complain(path, kind, wrong, errors);
    } else if !kind.contains('/') && !matches!(kind, "Pod" | "Container" | "PersistentVolumeClaim") {
        errors.push(FieldError::invalid_text(path, kind, "must be a standard limit type or fully qualified"));
    }
}

/// Checks the names of the resources in all lists of a limit; returns them.
fn limit_names<'a>(path: &Path<'_>, limit: &'a Value, kind: &str, errors: &mut Errors) -> BTreeSet<&'a str> {
    let mut all = BTreeSet::new();
    for list in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        let at = path.child(list);
        if kind == "Pod" && matches!(list, "default" | "defaultRequest") {
            if !is_empty(&limit[list]) {
                errors.push(FieldError::forbidden(at, "may not be specified when `type` is 'Pod'"));
            }
            continue;
        }
        if list == "maxLimitRequestRatio"
            && kind == "PersistentVolumeClaim"
            && ["min", "max"].iter().all(|l| limit[*l]["storage"].is_null())
        {
            let why = "either minimum or maximum storage value is required, but neither was provided";
            errors.push(FieldError::required(path.child("limits"), why));
        }
        for (name, _) in entries(&limit[list]) {
            if matches!(kind, "Pod" | "Container") {
                resources::container_resource_name(&at.key(name), name, errors);
            } else {
                resources::resource_name(&at.key(name), name, errors);
            }
            all.insert(name);
        }
    }
    all
}

/// How the values for one resource must compare. The value that is shown is upstream's choice, odd as it sometimes is.
fn limit_values(path: &Path<'_>, limit: &Value, kind: &str, name: &str, errors: &mut Errors) {
    let is_pod = kind == "Pod";
    let of = |list: &str| quantity(&limit[list][name]);
    let (min, max, ratio) = (of("min"), of("max"), of("maxLimitRequestRatio"));
    let (default, request) = (of("default").filter(|_| !is_pod), of("defaultRequest").filter(|_| !is_pod));
    let mut complain = |list: &str, shown: &Quantity, why: String| {
        errors.push(FieldError::invalid_text(path.child(list).key(name), &shown.to_string(), &why));
    };
    // A pair of values, and where, which and how to complain if the first is greater.
    let mut greater = |low: &Option<Quantity>, high: &Option<Quantity>, list: &str, show_high: bool, words: [&str; 2]| {
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            complain(
                list,
                if show_high { high } else { low },
                format!("{} value {low} is greater than {} value {high}", words[0], words[1]),
            );
        }
    };
    greater(&min, &max, "min", false, ["min", "max"]);
    greater(&min, &request, "defaultRequest", true, ["min", "default request"]);
    greater(&request, &max, "defaultRequest", false, ["default request", "max"]);
    greater(&request, &default, "defaultRequest", false, ["default request", "default limit"]);
    greater(&min, &default, "default", false, ["min", "default"]);
    greater(&default, &max, "default", true, ["default", "max"]);
    if let Some(ratio) = &ratio {
        if ratio.milli_value() < 1000 {
            complain("maxLimitRequestRatio", ratio, format!("ratio {ratio} is less than 1"));
        }
        if let (Some(min), Some(max)) = (&min, &max) {
            let highest = max.milli_value() as f64 / min.milli_value() as f64;
            if ratio.milli_value() as f64 / 1000.0 > highest {
                complain("maxLimitRequestRatio", ratio, format!("ratio {ratio} is greater than max/min = {highest:.6}"));
            }
        }
    }
    if let (Some(default), Some(request)) = (&default, &request)
        && default != request
        && !resources::may_overcommit(name)
    {
        complain("defaultRequest", request, format!("default value {default} must equal to defaultRequest value {request} in {name}"));
    }
}
