//! Rules for `metadata`, labels, annotations and label selectors: mirrors `apimachinery/pkg/api/validation/objectmeta.go` and
//! `pkg/apis/meta/v1/validation/validation.go`, v1.36.

use super::internal;
use super::names::{self, TextRule};
use super::path::{Errors, Path};
use super::rules::{self, complain, entries, is_empty, is_true, items, number, text};
use crate::api::quantity::Quantity;
use crate::api::status::FieldError;
use serde_json::Value;

const TOTAL_ANNOTATION_SIZE: usize = 256 << 10;

/// Keys and values of labels.
pub fn labels(path: &Path<'_>, map: &Value, errors: &mut Errors) {
    for (key, value) in entries(map) {
        complain(path, key, names::qualified_name(key), errors);
        complain(path, text(value), names::label_value(text(value)), errors);
    }
}

/// Keys of annotations, in any case, and their size in all.
pub fn annotations(path: &Path<'_>, map: &Value, errors: &mut Errors) {
    let mut size = 0;
    for (key, value) in entries(map) {
        complain(path, key, names::qualified_name(&key.to_lowercase()), errors);
        size += key.len() + text(value).len();
    }
    if size > TOTAL_ANNOTATION_SIZE {
        errors.push(FieldError::too_long(path, TOTAL_ANNOTATION_SIZE));
    }
}

/// A `LabelSelector`; absent is fine.
pub fn label_selector(path: &Path<'_>, selector: &Value, errors: &mut Errors) {
    labels(&path.child("matchLabels"), &selector["matchLabels"], errors);
    let expressions = path.child("matchExpressions");
    for (i, expression) in items(&selector["matchExpressions"]).iter().enumerate() {
        let path = expressions.index(i);
        let values = items(&expression["values"]);
        let at = path.child("values");
        match text(&expression["operator"]) {
            "In" | "NotIn" if values.is_empty() => {
                errors.push(FieldError::required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                errors.push(FieldError::forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.push(FieldError::invalid_text(path.child("operator"), other, "not a valid selector operator")),
        }
        complain(&path.child("key"), text(&expression["key"]), names::qualified_name(text(&expression["key"])), errors);
        for (j, value) in values.iter().enumerate() {
            complain(&at.index(j), text(value), names::label_value(text(value)), errors);
        }
    }
}

/// `metadata` of a new object whose name keeps `name_rule`.
pub fn object_meta(meta: &Value, namespaced: bool, name_rule: TextRule, errors: &mut Errors) {
    let path = Path::of("metadata");
    let (name, generate_name, namespace) = (text(&meta["name"]), text(&meta["generateName"]), text(&meta["namespace"]));
    if !generate_name.is_empty() {
        complain(&path.child("generateName"), generate_name, name_rule(&names::mask_trailing_dash(generate_name)), errors);
    }
    if name.is_empty() {
        errors.push(FieldError::required(path.child("name"), "name or generateName is required"));
    } else {
        complain(&path.child("name"), name, name_rule(name), errors);
    }
    match (namespaced, namespace) {
        (true, "") => errors.push(FieldError::required(path.child("namespace"), "")),
        (true, namespace) => complain(&path.child("namespace"), namespace, names::dns_label(namespace), errors),
        (false, "") => {}
        (false, _) => errors.push(FieldError::forbidden(path.child("namespace"), "not allowed on this type")),
    }
    if number(&meta["generation"]) < 0 {
        errors.push(FieldError::invalid(path.child("generation"), &meta["generation"], "must be greater than or equal to 0"));
    }
    labels(&path.child("labels"), &meta["labels"], errors);
    annotations(&path.child("annotations"), &meta["annotations"], errors);
    owner_references(&path.child("ownerReferences"), &meta["ownerReferences"], errors);
    finalizers(&path.child("finalizers"), &meta["finalizers"], errors);
    standard_finalizers(&path.child("finalizers"), &meta["finalizers"], errors);
}

/// `metadata` of a change: what may not change, and the rules for the rest.
pub fn object_meta_update(new: &Value, old: &Value, errors: &mut Errors) {
    let path = Path::of("metadata");
    if !old["deletionTimestamp"].is_null() {
        let added = |f: &&Value| !items(&old["finalizers"]).contains(f);
        let mut added: Vec<String> = items(&new["finalizers"]).iter().filter(added).map(|f| format!("{:?}", text(f))).collect();
        added.sort();
        if !added.is_empty() {
            let list = added.join(", ");
            let why = format!("no new finalizers can be added if the object is being deleted, found new finalizers []string{{{list}}}");
            errors.push(FieldError::forbidden(path.child("finalizers"), &why));
        }
    }
    if text(&new["resourceVersion"]).is_empty() {
        errors.push(FieldError::invalid_text(path.child("resourceVersion"), "", "must be specified for an update"));
    }
    if number(&new["generation"]) < number(&old["generation"]) {
        let generation = Value::from(number(&new["generation"]));
        errors.push(FieldError::invalid(path.child("generation"), &generation, "must not be decremented"));
    }
    for field in ["name", "namespace", "uid"] {
        if text(&new[field]) != text(&old[field]) {
            errors.push(FieldError::invalid_text(path.child(field), text(&new[field]), "field is immutable"));
        }
    }
    for field in ["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        immutable(&path.child(field), &new[field], &old[field], errors);
    }
    labels(&path.child("labels"), &new["labels"], errors);
    annotations(&path.child("annotations"), &new["annotations"], errors);
    owner_references(&path.child("ownerReferences"), &new["ownerReferences"], errors);
    standard_finalizers(&path.child("finalizers"), &new["finalizers"], errors);
}

fn owner_references(path: &Path<'_>, references: &Value, errors: &mut Errors) {
    let mut controller: Option<String> = None;
    for reference in items(references) {
        let api_version = text(&reference["apiVersion"]);
        let version = match api_version.split('/').collect::<Vec<_>>().as_slice() {
            [version] | [_, version] => version.to_owned(),
            _ => "",
        };
        if version.is_empty() {
            errors.push(FieldError::invalid_text(path.child("apiVersion"), api_version, "version must not be empty"));
        }
        for field in ["kind", "name", "uid"] {
            if text(&reference[field]).is_empty() {
                errors.push(FieldError::invalid_text(path.child(field), "", "must not be empty"));
            }
        }
        if api_version == "v1" && text(&reference["kind"]) == "Event" {
            let shown = internal::render("OwnerReference", reference);
            errors.push(FieldError::invalid_raw(path, shown, "/v1, Kind=Event is disallowed from being an owner"));
        }
        if is_true(&reference["controller"]) {
            let this = format!("{}/{}", text(&reference["kind"]), text(&reference["name"]));
            if let Some(first) = &controller {
                let shown = items(references).iter().map(|r| internal::render("OwnerReference", r)).collect::<Vec<_>>().join(",");
                let why =
                    format!("Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}");
                errors.push(FieldError::invalid_raw(path, format!("[{shown}]"), &why));
            } else {
                controller = Some(this);
            }
        }
    }
}

fn finalizers(path: &Path<'_>, list: &Value, errors: &mut Errors) {
    for finalizer in items(list) {
        complain(path, text(finalizer), names::qualified_name(text(finalizer)), errors);
    }
    let has = |name: &str| items(list).iter().any(|f| text(f) == name);
    if has("orphan") && has("foregroundDeletion") {
        errors.push(FieldError::invalid(path, list, "finalizer foregroundDeletion and orphan cannot be both set"));
    }
}

fn standard_finalizers(path: &Path<'_>, list: &Value, errors: &mut Errors) {
    for (i, finalizer) in items(list).iter().enumerate() {
        standard_finalizer(&path.index(i), text(finalizer), errors);
    }
}

/// A finalizer without a domain must be one of Kubernetes' own.
pub fn standard_finalizer(path: &Path<'_>, name: &str, errors: &mut Errors) {
    if !name.contains('/') && !["kubernetes", "orphan", "foregroundDeletion"].contains(&name) {
        errors.push(FieldError::invalid_text(path, name, "name is neither a standard finalizer name nor is it fully qualified"));
    }
}

/// A field that may not change.
pub fn immutable(path: &Path<'_>, new: &Value, old: &Value, errors: &mut Errors) {
    if !same(new, old) {
        errors.push(FieldError::invalid(path, new, "field is immutable"));
    }
}

/// `apiequality.Semantic.DeepEqual` on trees: absent and empty are the same, and so are quantities of one value.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let quantities = |key: &str| matches!(key, "limits" | "requests" | "capacity" | "allocatable" | "overhead");
            let equal = |key: &String| match (x.get(key), y.get(key)) {
                (Some(x), Some(y)) if quantities(key) => same_quantities(x, y),
                (x, y) => same(x.unwrap_or(&Value::Null), y.unwrap_or(&Value::Null)),
            };
            x.keys().all(equal) && y.keys().filter(|key| !x.contains_key(*key)).all(equal)
        }
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Value::Null, other) | (other, Value::Null) => !matches!(other, Value::Number(_)) && is_empty(other),
        (x, y) => x == y,
    }
}

fn same_quantities(a: &Value, b: &Value) -> bool {
    let parse = |v: &Value| Quantity::from_value(v).and_then(Result::ok);
    let keys = entries(a).map(|(key, _)| key).chain(entries(b).map(|(key, _)| key));
    let mut keys = keys;
    keys.all(|key| match (parse(&a[key]), parse(&b[key])) {
        (Some(x), Some(y)) => x == y,
        _ => rules::text(&a[key]) == rules::text(&b[key]) && a[key].is_null() == b[key].is_null(),
    })
}
