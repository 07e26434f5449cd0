//! Rules for PodDisruptionBudgets, PriorityClasses and RuntimeClasses: mirrors `pkg/apis/{policy,scheduling,node}/validation/validation.go`,
//! v1.36.

use super::internal;
use super::meta;
use super::names;
use super::path::{Errors, Path};
use super::pod::{self, Scope};
use super::resources;
use super::rules::{Row, Rule, complain, is_true, number, text, walk};
use super::scheduling;
use super::workloads;
use crate::api::status::FieldError;
use serde_json::Value;

const HIGHEST_USER_PRIORITY: i64 = 1_000_000_000;

/// The priority classes that every cluster has.
const SYSTEM_CLASSES: [(&str, i64); 2] = [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

static BUDGET: &[Row] = &[
    Row("minAvailable", Rule::IfSet(share)),
    Row("maxUnavailable", Rule::IfSet(share)),
    Row("selector", Rule::LabelSelector),
    Row("unhealthyPodEvictionPolicy", Rule::OneOf(&["AlwaysAllow", "IfHealthyBudget"])),
];

static RUNTIME_CLASS: &[Row] = &[
    Row("handler", Rule::Check(|path, value, _, errors| complain(path, text(value), names::dns_label(text(value)), errors))),
    Row("overhead", Rule::IfSet(|path, value, scope, errors| resources::overhead(path, &value["podFixed"], scope, errors))),
    Row("scheduling", Rule::Object(&[Row("nodeSelector", Rule::Labels), Row("tolerations", Rule::Check(scheduling::tolerations))])),
];

/// A new PodDisruptionBudget. Its name is looked at last, and may be anything that fits into a URL.
pub fn disruption_budget(object: &Value, errors: &mut Errors) {
    budget_spec(&object["spec"], errors);
    if errors.is_empty() {
        meta::object_meta(&object["metadata"], true, names::path_segment, errors);
    }
}

/// A changed PodDisruptionBudget.
pub fn disruption_budget_update(new: &Value, old: &Value, errors: &mut Errors) {
    budget_spec(&new["spec"], errors);
    if errors.is_empty() {
        meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    }
}

fn budget_spec(spec: &Value, errors: &mut Errors) {
    let path = Path::of("spec");
    if !spec["minAvailable"].is_null() && !spec["maxUnavailable"].is_null() {
        let shown = internal::render("PodDisruptionBudgetSpec", spec);
        errors.push(FieldError::invalid_raw(path, shown, "minAvailable and maxUnavailable cannot be both set"));
    }
    walk(BUDGET, spec, &path, &Scope::none(), errors);
}

fn share(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    workloads::count_or_percent(path, value, errors);
    workloads::at_most_all(path, value, errors);
}

/// A new PriorityClass.
pub fn priority_class(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], false, names::dns_subdomain, errors);
    let (name, value) = (text(&object["metadata"]["name"]), number(&object["value"]));
    if name.starts_with("system-") {
        if let Some(problem) = system_class_problem(name, value, is_true(&object["globalDefault"])) {
            let why = format!("priority class names with 'system-' prefix are reserved for system use only. error: {problem}");
            errors.push(FieldError::forbidden("metadata.name", &why));
        }
    } else if value > HIGHEST_USER_PRIORITY {
        let why = format!("maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}");
        errors.push(FieldError::forbidden("value", &why));
    }
    if !object["preemptionPolicy"].is_null() {
        pod::preemption_policy(&Path::of("preemptionPolicy"), &object["preemptionPolicy"], &Scope::none(), errors);
    }
}

fn system_class_problem(name: &str, value: i64, is_default: bool) -> Option<String> {
    let Some((_, known)) = SYSTEM_CLASSES.iter().find(|(known, _)| *known == name) else {
        return Some(format!("{name} is not a known system priority class"));
    };
    if value != *known {
        Some(format!("value of {name} PriorityClass must be {known}"))
    } else if is_default {
        Some(format!("globalDefault of {name} PriorityClass must be false"))
    } else {
        None
    }
}

/// A changed PriorityClass: its value and preemption policy stay.
pub fn priority_class_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    if number(&new["value"]) != number(&old["value"]) {
        errors.push(FieldError::forbidden("value", "may not be changed in an update."));
    }
    meta::immutable(&Path::of("preemptionPolicy"), &new["preemptionPolicy"], &old["preemptionPolicy"], errors);
}

/// A new RuntimeClass.
pub fn runtime_class(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], false, names::dns_subdomain, errors);
    walk(RUNTIME_CLASS, object, &Path::ROOT, &Scope::none(), errors);
}

/// A changed RuntimeClass: its handler stays.
pub fn runtime_class_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    meta::immutable(&Path::of("handler"), &new["handler"], &old["handler"], errors);
}
