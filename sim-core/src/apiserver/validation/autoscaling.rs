//! Rules for HorizontalPodAutoscalers: mirrors `pkg/apis/autoscaling/validation/validation.go`, v1.36, without `HPAScaleToZero`.
//!
//! The server validates its internal type, which is v2's. What a v1 object says becomes the same metric as in
//! `pkg/apis/autoscaling/v1/conversion.go` (without the annotations in which v1 carries what it has no fields for).

use super::meta;
use super::names;
use super::path::{Errors, Path};
use super::pod::Scope;
use super::resources;
use super::rules::{Row, Rule, complain, items, number, text, walk};
use crate::api::status::FieldError;
use serde_json::{Value, json};

/// What a reference to an object of any group may look like.
#[derive(Clone, Copy)]
struct Reference {
    /// An API version may lack a group: there are objects of the core group to measure, but only one of its kinds scales.
    group_may_be_empty: bool,
    /// It was there before and isn't judged again.
    is_old: bool,
}

const SOURCES: &[&str] = &["ContainerResource", "External", "Object", "Pods", "Resource"];
/// The fields of the sources, in the order in which they are looked at.
const SOURCE_FIELDS: [&str; 5] = ["object", "external", "pods", "resource", "containerResource"];

static METRIC: &[Row] = &[Row("name", Rule::Required("must specify a metric name")), Row("name", Rule::Text(names::path_segment))];

static TARGET: &[Row] = &[
    Row("type", Rule::Required("must specify a metric target type")),
    Row("type", Rule::Check(target_type)),
    Row("value", Rule::IfSet(positive_quantity)),
    Row("averageValue", Rule::IfSet(positive_quantity)),
    Row("averageUtilization", Rule::IfSet(positive)),
];

static RULES: &[Row] = &[
    Row("stabilizationWindowSeconds", Rule::IfSet(stabilization_window)),
    Row("selectPolicy", Rule::OneOf(&["Disabled", "Max", "Min"])),
    Row("policies", Rule::Required("must specify at least one Policy")),
    Row("policies", Rule::Each(POLICY)),
    Row("tolerance", Rule::IfSet(tolerance)),
];

static POLICY: &[Row] = &[
    Row("type", Rule::ExactlyOneOf(&["Percent", "Pods"])),
    Row("value", Rule::Positive),
    Row("periodSeconds", Rule::Positive),
    Row("periodSeconds", Rule::Check(|path, value, _, errors| at_most(path, value, 1800, errors))),
];

/// A new autoscaler.
pub fn autoscaler(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    spec(object, &Value::Null, errors);
}

/// A changed autoscaler.
pub fn autoscaler_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    spec(new, old, errors);
}

/// The spec as v2 has it.
fn internal_spec(object: &Value) -> Value {
    let mut spec = object["spec"].clone();
    if text(&object["apiVersion"]) == "autoscaling/v1"
        && let Some(fields) = spec.as_object_mut()
        && let Some(percent) = fields.remove("targetCPUUtilizationPercentage")
    {
        let target = json!({"type": "Utilization", "averageUtilization": percent});
        fields.insert("metrics".into(), json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
    }
    spec
}

fn spec(object: &Value, old: &Value, errors: &mut Errors) {
    let (path, spec) = (Path::of("spec"), &internal_spec(object));
    let old = &internal_spec(old);
    let lower_bound = if old["minReplicas"].as_i64() == Some(0) { 0 } else { 1 };
    let (min, max) = (spec["minReplicas"].as_i64(), number(&spec["maxReplicas"]));
    if let Some(min) = min.filter(|min| *min < lower_bound) {
        let why = format!("must be greater than or equal to {lower_bound}");
        errors.push(FieldError::invalid(path.child("minReplicas"), &Value::from(min), &why));
    }
    let max_at = path.child("maxReplicas");
    if max < 1 {
        errors.push(FieldError::invalid(max_at, &Value::from(max), "must be greater than 0"));
    }
    if min.is_some_and(|min| max < min) {
        errors.push(FieldError::invalid(max_at, &Value::from(max), "must be greater than or equal to `minReplicas`"));
    }
    let (target, was) = (&spec["scaleTargetRef"], &old["scaleTargetRef"]);
    let unchanged = ["apiVersion", "kind"].iter().all(|field| text(&target[*field]) == text(&was[*field]));
    let rule = Reference { group_may_be_empty: text(&target["kind"]) == "ReplicationController", is_old: was.is_object() && unchanged };
    reference(&path.child("scaleTargetRef"), target, rule, errors);
    let described =
        |metric: &Value| (text(&metric["type"]) == "Object").then(|| api_version_problem(&metric["object"]["describedObject"], true));
    let rule = Reference { group_may_be_empty: true, is_old: items(&old["metrics"]).iter().filter_map(described).any(|p| p.is_some()) };
    metrics(&path.child("metrics"), spec, rule, errors);
    let behavior = path.child("behavior");
    for direction in ["scaleUp", "scaleDown"] {
        let rules = &spec["behavior"][direction];
        if !rules.is_null() {
            walk(RULES, rules, &behavior.child(direction), &Scope::none(), errors);
        }
    }
}

/// What is wrong with the `apiVersion` of a reference, if anything.
fn api_version_problem(reference: &Value, group_may_be_empty: bool) -> Option<String> {
    let version = text(&reference["apiVersion"]);
    match version.matches('/').count() {
        0 if !group_may_be_empty => Some("apiVersion must specify API group".to_owned()),
        1 if !group_may_be_empty && version.starts_with('/') => Some("apiVersion must specify API group".to_owned()),
        0 | 1 => None,
        _ => Some(format!("unexpected GroupVersion string: {version}")),
    }
}

fn reference(path: &Path<'_>, reference: &Value, rule: Reference, errors: &mut Errors) {
    static ROWS: &[Row] = &[Row("kind", Rule::RequiredText(names::path_segment)), Row("name", Rule::RequiredText(names::path_segment))];
    walk(ROWS, reference, path, &Scope::none(), errors);
    if let Some(why) = api_version_problem(reference, rule.group_may_be_empty).filter(|_| !rule.is_old) {
        errors.push(FieldError::invalid_text(path.child("apiVersion"), text(&reference["apiVersion"]), &why));
    }
}

fn metrics(path: &Path<'_>, spec: &Value, rule: Reference, errors: &mut Errors) {
    let list = items(&spec["metrics"]);
    for (i, value) in list.iter().enumerate() {
        metric(&path.index(i), value, rule, errors);
    }
    let counts_without_pods = |metric: &Value| matches!(text(&metric["type"]), "Object" | "External");
    if spec["minReplicas"].as_i64() == Some(0) && !list.iter().any(counts_without_pods) {
        let why = "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.push(FieldError::forbidden(path, why));
    }
}

fn metric(path: &Path<'_>, metric: &Value, rule: Reference, errors: &mut Errors) {
    let (at, kind) = (path.child("type"), text(&metric["type"]));
    if kind.is_empty() {
        errors.push(FieldError::required(at, "must specify a metric source type"));
    }
    if !SOURCES.contains(&kind) {
        errors.push(FieldError::not_supported(at, &Value::from(kind), SOURCES));
    }
    let present: Vec<&str> = SOURCE_FIELDS.into_iter().filter(|field| !metric[*field].is_null()).collect();
    if let Some(first) = present.first() {
        source(&path.child(first), first, &metric[*first], rule, errors);
    }
    let expected = SOURCE_FIELDS.into_iter().find(|field| field.eq_ignore_ascii_case(kind)).unwrap_or_default();
    if expected.is_empty() {
        errors.push(FieldError::not_supported(at, &Value::from(kind), SOURCES));
    } else if metric[expected].is_null() {
        errors.push(FieldError::required(path.child(expected), "must populate information for the given metric source"));
    }
    if present.len() != 1 {
        for field in present.iter().filter(|field| **field != expected) {
            errors.push(FieldError::forbidden(path.child(field), "must populate the given metric source only"));
        }
    }
}

fn source(path: &Path<'_>, field: &str, source: &Value, rule: Reference, errors: &mut Errors) {
    let target_at = path.child("target");
    let target = &source["target"];
    let has = |field: &str| !target[field].is_null();
    if field == "object" {
        reference(&path.child("describedObject"), &source["describedObject"], rule, errors);
    }
    match field {
        "resource" | "containerResource" => named_resource(path, field, source, errors),
        _ => walk(METRIC, &source["metric"], &path.child("metric"), &Scope::none(), errors),
    }
    walk(TARGET, target, &target_at, &Scope::none(), errors);
    let average_at = target_at.child("averageValue");
    match field {
        "object" if !has("value") && !has("averageValue") => {
            errors.push(FieldError::required(average_at, "must set either a target value or averageValue"));
        }
        "external" if !has("value") && !has("averageValue") => {
            errors.push(FieldError::required(average_at, "must set either a target value for metric or a per-pod target"));
        }
        "external" if has("value") && has("averageValue") => {
            let why = "may not set both a target value for metric and a per-pod target";
            errors.push(FieldError::forbidden(target_at.child("value"), why));
        }
        "pods" if !has("averageValue") => {
            errors.push(FieldError::required(average_at, "must specify a positive target averageValue"));
        }
        "resource" | "containerResource" => match (has("averageUtilization"), has("averageValue")) {
            (false, false) => {
                let why = "must set either a target raw value or a target utilization";
                errors.push(FieldError::required(target_at.child("averageUtilization"), why));
            }
            (true, true) => {
                errors.push(FieldError::forbidden(average_at, "may not set both a target raw value and a target utilization"));
            }
            _ => {}
        },
        _ => {}
    }
}

fn named_resource(path: &Path<'_>, field: &str, source: &Value, errors: &mut Errors) {
    let (name_at, name) = (path.child("name"), text(&source["name"]));
    if name.is_empty() {
        errors.push(FieldError::required(name_at, "must specify a resource name"));
    } else if field == "containerResource" {
        resources::container_resource_name(&name_at, name, errors);
    }
    if field == "containerResource" {
        let (at, container) = (path.child("container"), text(&source["container"]));
        if container.is_empty() {
            errors.push(FieldError::required(at, "must specify a container"));
        } else {
            complain(&at, container, names::dns_label(container), errors);
        }
    }
}

fn target_type(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if !matches!(text(value), "Utilization" | "Value" | "AverageValue") {
        errors.push(FieldError::invalid_text(path, text(value), "must be either Utilization, Value, or AverageValue"));
    }
}

fn positive_quantity(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if let Some(amount) = resources::quantity(value).filter(|amount| amount.sign() <= 0) {
        errors.push(FieldError::invalid_text(path, &amount.to_string(), "must be positive"));
    }
}

fn positive(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if number(value) < 1 {
        errors.push(FieldError::invalid(path, value, "must be greater than 0"));
    }
}

fn at_most(path: &Path<'_>, value: &Value, max: i64, errors: &mut Errors) {
    if number(value) > max {
        errors.push(FieldError::invalid(path, value, &format!("must be less than or equal to {max}")));
    }
}

fn stabilization_window(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if number(value) < 0 {
        errors.push(FieldError::invalid(path, value, "must be greater than or equal to zero"));
    }
    at_most(path, value, 3600, errors);
}

fn tolerance(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if let Some(amount) = resources::quantity(value).filter(|amount| amount.sign() < 0) {
        errors.push(FieldError::invalid_text(path, &amount.to_string(), "must be greater than or equal to 0"));
    }
}
