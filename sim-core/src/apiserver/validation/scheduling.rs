//! Rules for where a pod may run: affinity, tolerations, taints, topology spread, gates. Mirrors the functions of those names in
//! `pkg/apis/core/validation/validation.go`, v1.36.

use super::internal;
use super::meta;
use super::names;
use super::path::{Errors, Path};
use super::pod::Scope;
use super::rules::{Row, Rule, complain, entries, items, number, text, walk};
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::BTreeSet;

/// `spec.affinity`
pub static AFFINITY: &[Row] = &[
    Row("nodeAffinity", Rule::Object(NODE_AFFINITY)),
    Row("podAffinity", Rule::Object(POD_AFFINITY)),
    Row("podAntiAffinity", Rule::Object(POD_AFFINITY)),
];

static NODE_AFFINITY: &[Row] = &[
    Row("requiredDuringSchedulingIgnoredDuringExecution", Rule::IfSet(node_selector)),
    Row("preferredDuringSchedulingIgnoredDuringExecution", Rule::Each(PREFERRED_NODES)),
];

static PREFERRED_NODES: &[Row] = &[Row("weight", Rule::Check(weight)), Row("preference", Rule::Check(preference))];

static POD_AFFINITY: &[Row] = &[
    Row("requiredDuringSchedulingIgnoredDuringExecution", Rule::Each(POD_TERM)),
    Row("preferredDuringSchedulingIgnoredDuringExecution", Rule::Each(WEIGHTED_POD_TERM)),
];

static WEIGHTED_POD_TERM: &[Row] = &[Row("weight", Rule::Check(weight)), Row("podAffinityTerm", Rule::Object(POD_TERM))];

static POD_TERM: &[Row] = &[
    Row("labelSelector", Rule::LabelSelector),
    Row("namespaceSelector", Rule::LabelSelector),
    Row("", Rule::Check(namespaces)),
    Row("", Rule::Check(label_keys)),
    Row("topologyKey", Rule::Required("can not be empty")),
    Row("topologyKey", Rule::Check(|path, key, _, errors| complain(path, text(key), names::qualified_name(text(key)), errors))),
];

static SPREAD: &[Row] = &[
    Row("maxSkew", Rule::Positive),
    Row("topologyKey", Rule::Required("can not be empty")),
    Row("whenUnsatisfiable", Rule::ExactlyOneOf(&["DoNotSchedule", "ScheduleAnyway"])),
];

static SPREAD_REST: &[Row] = &[
    Row("nodeAffinityPolicy", Rule::OneOf(&["Honor", "Ignore"])),
    Row("nodeTaintsPolicy", Rule::OneOf(&["Honor", "Ignore"])),
    Row("", Rule::Check(label_keys)),
    Row("labelSelector", Rule::LabelSelector),
];

static EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

fn weight(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if !(1..=100).contains(&number(value)) {
        errors.push(FieldError::invalid(path, &Value::from(number(value)), "must be in the range 1-100"));
    }
}

/// A `NodeSelector`: at least one term.
pub fn node_selector(path: &Path<'_>, selector: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (path, terms) = (path.child("nodeSelectorTerms"), items(&selector["nodeSelectorTerms"]));
    if terms.is_empty() {
        errors.push(FieldError::required(path, "must have at least one node selector term"));
    }
    for (i, term) in terms.iter().enumerate() {
        node_selector_term(&path.index(i), term, true, errors);
    }
}

/// A preference is judged more kindly: its values may be anything.
fn preference(path: &Path<'_>, term: &Value, _: &Scope<'_>, errors: &mut Errors) {
    node_selector_term(path, term, false, errors);
}

fn node_selector_term(path: &Path<'_>, term: &Value, check_values: bool, errors: &mut Errors) {
    let expressions = path.child("matchExpressions");
    for (i, expression) in items(&term["matchExpressions"]).iter().enumerate() {
        node_expression(&expressions.index(i), expression, check_values, errors);
    }
    let fields = path.child("matchFields");
    for (i, field) in items(&term["matchFields"]).iter().enumerate() {
        node_field(&fields.index(i), field, errors);
    }
}

fn node_expression(path: &Path<'_>, expression: &Value, check_values: bool, errors: &mut Errors) {
    let (values, at) = (items(&expression["values"]), path.child("values"));
    match text(&expression["operator"]) {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(FieldError::required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.push(FieldError::forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        "Gt" | "Lt" if values.len() != 1 => {
            errors.push(FieldError::required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.push(FieldError::invalid_text(path.child("operator"), other, "not a valid selector operator")),
    }
    let key = text(&expression["key"]);
    complain(&path.child("key"), key, names::qualified_name(key), errors);
    for (i, value) in values.iter().enumerate().filter(|_| check_values) {
        complain(&at.index(i), text(value), names::label_value(text(value)), errors);
    }
}

fn node_field(path: &Path<'_>, field: &Value, errors: &mut Errors) {
    let (values, at) = (items(&field["values"]), path.child("values"));
    match text(&field["operator"]) {
        "In" | "NotIn" if values.len() != 1 => {
            errors.push(FieldError::required(at, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
        }
        "In" | "NotIn" => {}
        other => errors.push(FieldError::invalid_text(path.child("operator"), other, "not a valid selector operator")),
    }
    if text(&field["key"]) != "metadata.name" {
        return errors.push(FieldError::invalid_text(path.child("key"), text(&field["key"]), "not a valid field selector key"));
    }
    for (i, value) in values.iter().enumerate() {
        complain(&at.index(i), text(value), names::dns_subdomain(text(value)), errors);
    }
}

fn namespaces(path: &Path<'_>, term: &Value, _: &Scope<'_>, errors: &mut Errors) {
    for name in items(&term["namespaces"]) {
        complain(&path.child("namespace"), text(name), names::dns_label(text(name)), errors);
    }
}

/// `matchLabelKeys` and `mismatchLabelKeys` need a selector, and may not repeat it or one another.
fn label_keys(path: &Path<'_>, term: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let selector = &term["labelSelector"];
    let (own, other) = (items(&term["matchLabelKeys"]), items(&term["mismatchLabelKeys"]));
    for (field, keys) in [("matchLabelKeys", own), ("mismatchLabelKeys", other)] {
        let at = path.child(field);
        if !keys.is_empty() && selector.is_null() {
            errors.push(FieldError::forbidden(at, "must not be specified when labelSelector is not set"));
            continue;
        }
        for (i, key) in keys.iter().enumerate() {
            complain(&at.index(i), text(key), names::qualified_name(text(key)), errors);
        }
    }
    // The server merges the keys into the selector before it comes here; so a key counts only if it is there twice.
    let mut seen: BTreeSet<&str> = entries(&selector["matchLabels"]).map(|(key, _)| key).collect();
    for expression in items(&selector["matchExpressions"]) {
        let key = text(&expression["key"]);
        if let Some(i) = own.iter().position(|k| text(k) == key)
            && seen.contains(key)
        {
            errors.push(FieldError::invalid_text(path.index(i), key, "exists in both matchLabelKeys and labelSelector"));
        }
        seen.insert(key);
    }
    let at = path.child("matchLabelKeys");
    for (i, key) in own.iter().enumerate().filter(|(_, key)| other.contains(key)) {
        errors.push(FieldError::invalid_text(at.index(i), text(key), "exists in both matchLabelKeys and mismatchLabelKeys"));
    }
}

/// `spec.topologySpreadConstraints`
pub fn topology_spread(path: &Path<'_>, list: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let constraints = items(list);
    for (i, constraint) in constraints.iter().enumerate() {
        let at = path.index(i);
        walk(SPREAD, constraint, &at, scope, errors);
        let (key, action) = (text(&constraint["topologyKey"]), text(&constraint["whenUnsatisfiable"]));
        let repeats = |c: &Value| text(&c["topologyKey"]) == key && text(&c["whenUnsatisfiable"]) == action;
        if constraints.iter().skip(i + 1).any(repeats) {
            let shown = Value::from(format!("{{{key}, {action}}}"));
            errors.push(FieldError::duplicate(at.child("{topologyKey, whenUnsatisfiable}"), &shown));
        }
        let domains = &constraint["minDomains"];
        if !domains.is_null() {
            let at = at.child("minDomains");
            if number(domains) <= 0 {
                errors.push(FieldError::invalid(at, domains, "must be greater than zero"));
            }
            if action != "DoNotSchedule" {
                let why = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
                errors.push(FieldError::invalid(at, domains, &why));
            }
        }
        walk(SPREAD_REST, constraint, &at, scope, errors);
    }
}

/// `spec.schedulingGates`
pub fn gates(path: &Path<'_>, list: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (i, gate) in items(list).iter().enumerate() {
        let name = text(&gate["name"]);
        complain(&path.index(i), name, names::qualified_name(name), errors);
        if !seen.insert(name) {
            errors.push(FieldError::duplicate(path.index(i), &Value::from(name)));
        }
    }
}

/// `spec.tolerations`
pub fn tolerations(path: &Path<'_>, list: &Value, _: &Scope<'_>, errors: &mut Errors) {
    for (i, toleration) in items(list).iter().enumerate() {
        let at = path.index(i);
        let field = |name: &str| text(&toleration[name]);
        let (key, operator, value, effect) = (field("key"), field("operator"), field("value"), field("effect"));
        if key.is_empty() {
            if operator != "Exists" {
                let why = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
                errors.push(FieldError::invalid_text(at.child("operator"), operator, why));
            }
        } else {
            complain(&at.child("key"), key, names::qualified_name(key), errors);
        }
        if !toleration["tolerationSeconds"].is_null() && effect != "NoExecute" {
            let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(FieldError::invalid_text(at.child("effect"), effect, why));
        }
        let operator_at = at.child("operator");
        match operator {
            "Equal" | "" => {
                let wrong = names::label_value(value);
                if !wrong.is_empty() {
                    errors.push(FieldError::invalid_text(operator_at, value, &wrong.join(";")));
                }
            }
            "Exists" if value.is_empty() => {}
            "Exists" => errors.push(FieldError::invalid_text(operator_at, value, "value must be empty when `operator` is 'Exists'")),
            "Lt" | "Gt" => {
                errors.push(FieldError::not_supported(operator_at, &toleration["operator"], &["Equal", "Exists", "Lt", "Gt"]));
            }
            _ => errors.push(FieldError::not_supported(operator_at, &toleration["operator"], &["Equal", "Exists"])),
        }
        if !effect.is_empty() && !EFFECTS.contains(&effect) {
            errors.push(FieldError::not_supported(at.child("effect"), &toleration["effect"], EFFECTS));
        }
    }
}

/// The taints of a node.
pub fn taints(path: &Path<'_>, list: &Value, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (i, taint) in items(list).iter().enumerate() {
        let at = path.index(i);
        let (key, value, effect) = (text(&taint["key"]), text(&taint["value"]), text(&taint["effect"]));
        complain(&at.child("key"), key, names::qualified_name(key), errors);
        let wrong = names::label_value(value);
        if !wrong.is_empty() {
            errors.push(FieldError::invalid_text(at.child("value"), value, &wrong.join(";")));
        }
        if effect.is_empty() {
            errors.push(FieldError::required(at.child("effect"), ""));
        } else if !EFFECTS.contains(&effect) {
            errors.push(FieldError::not_supported(at.child("effect"), &taint["effect"], EFFECTS));
        }
        if !seen.insert((effect, key)) {
            let shown = internal::render("Taint", taint);
            errors.push(FieldError::duplicate_raw(at, shown, "taints must be unique by key and effect pair"));
        }
    }
}

/// Tolerations may only be added, and their seconds changed.
pub fn only_added_tolerations(path: &Path<'_>, new: &Value, old: &Value, errors: &mut Errors) {
    let without_seconds = |t: &Value| {
        let mut t = t.clone();
        t.as_object_mut().map(|map| map.remove("tolerationSeconds"));
        t
    };
    let kept = |old: &Value| items(new).iter().any(|new| meta::same(&without_seconds(new), &without_seconds(old)));
    if items(old).iter().all(kept) {
        tolerations(path, new, &Scope::none(), errors);
    } else {
        errors.push(FieldError::forbidden(path, "existing toleration can not be modified except its tolerationSeconds"));
    }
}

/// Gates may only be taken away.
pub fn only_deleted_gates(path: &Path<'_>, new: &Value, old: &Value, errors: &mut Errors) {
    let known = |name: &str| items(old).iter().any(|gate| text(&gate["name"]) == name);
    for (i, gate) in items(new).iter().enumerate().filter(|(_, gate)| !known(text(&gate["name"]))) {
        let why = format!("only deletion is allowed, but found new scheduling gate '{}'", text(&gate["name"]));
        errors.push(FieldError::forbidden(path.index(i).child("name"), &why));
    }
}
