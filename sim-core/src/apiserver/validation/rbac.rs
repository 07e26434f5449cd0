//! Rules for roles and their bindings: mirrors `pkg/apis/rbac/validation/validation.go`, v1.36.
//!
//! Left out: whether somebody may grant what they don't have; that is the authorizer's question.

use super::internal;
use super::meta::{self, same};
use super::names;
use super::path::{Errors, Path};
use super::rules::{complain, is_empty, items, text};
use crate::api::status::FieldError;
use serde_json::Value;

const GROUP: &str = "rbac.authorization.k8s.io";

/// A new Role.
pub fn role(object: &Value, errors: &mut Errors) {
    rules(object, true, errors);
}

/// A changed Role.
pub fn role_update(new: &Value, old: &Value, errors: &mut Errors) {
    role(new, errors);
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
}

/// A new ClusterRole.
pub fn cluster_role(object: &Value, errors: &mut Errors) {
    rules(object, false, errors);
    let path = Path::of("aggregationRule");
    let (at, rule) = (path.child("clusterRoleSelectors"), &object["aggregationRule"]);
    if rule.is_null() {
        return;
    }
    if is_empty(&rule["clusterRoleSelectors"]) {
        errors.push(FieldError::required(at, "at least one clusterRoleSelector required if aggregationRule is non-nil"));
    }
    for (i, selector) in items(&rule["clusterRoleSelectors"]).iter().enumerate() {
        let path = path.child("clusterRoleSelectors");
        meta::label_selector(&path.index(i), selector, errors);
    }
}

/// A changed ClusterRole.
pub fn cluster_role_update(new: &Value, old: &Value, errors: &mut Errors) {
    cluster_role(new, errors);
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
}

/// A new RoleBinding.
pub fn role_binding(object: &Value, errors: &mut Errors) {
    binding(object, true, errors);
}

/// A changed RoleBinding.
pub fn role_binding_update(new: &Value, old: &Value, errors: &mut Errors) {
    role_binding(new, errors);
    binding_update(new, old, errors);
}

/// A new ClusterRoleBinding.
pub fn cluster_role_binding(object: &Value, errors: &mut Errors) {
    binding(object, false, errors);
}

/// A changed ClusterRoleBinding.
pub fn cluster_role_binding_update(new: &Value, old: &Value, errors: &mut Errors) {
    cluster_role_binding(new, errors);
    binding_update(new, old, errors);
}

fn rules(object: &Value, namespaced: bool, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], namespaced, names::path_segment, errors);
    let path = Path::of("rules");
    for (i, rule) in items(&object["rules"]).iter().enumerate() {
        policy_rule(&path.index(i), rule, namespaced, errors);
    }
}

fn policy_rule(path: &Path<'_>, rule: &Value, namespaced: bool, errors: &mut Errors) {
    let (at, urls) = (path.child("nonResourceURLs"), &rule["nonResourceURLs"]);
    let mut require = |field: &str, why: &str| {
        if is_empty(&rule[field]) {
            errors.push(FieldError::required(path.child(field), why));
        }
    };
    require("verbs", "verbs must contain at least one value");
    if is_empty(urls) {
        require("apiGroups", "resource rules must supply at least one api group");
        require("resources", "resource rules must supply at least one resource");
        return;
    }
    if namespaced {
        errors.push(FieldError::invalid(at, urls, "namespaced rules cannot apply to non-resource URLs"));
    }
    if ["apiGroups", "resources", "resourceNames"].iter().any(|field| !is_empty(&rule[*field])) {
        errors.push(FieldError::invalid(at, urls, "rules cannot apply to both regular resources and non-resource URLs"));
    }
}

fn binding(object: &Value, namespaced: bool, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], namespaced, names::path_segment, errors);
    let (path, role) = (Path::of("roleRef"), &object["roleRef"]);
    let shown = |value: &Value| Value::from(text(value));
    if text(&role["apiGroup"]) != GROUP {
        errors.push(FieldError::not_supported(path.child("apiGroup"), &shown(&role["apiGroup"]), &[GROUP]));
    }
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&text(&role["kind"])) {
        errors.push(FieldError::not_supported(path.child("kind"), &shown(&role["kind"]), kinds));
    }
    let name = text(&role["name"]);
    if name.is_empty() {
        errors.push(FieldError::required(path.child("name"), ""));
    } else {
        complain(&path.child("name"), name, names::path_segment(name), errors);
    }
    let path = Path::of("subjects");
    for (i, value) in items(&object["subjects"]).iter().enumerate() {
        subject(&path.index(i), value, namespaced, errors);
    }
}

fn subject(path: &Path<'_>, subject: &Value, namespaced: bool, errors: &mut Errors) {
    let (name_at, name) = (path.child("name"), text(&subject["name"]));
    let (group_at, group) = (path.child("apiGroup"), text(&subject["apiGroup"]));
    if name.is_empty() {
        errors.push(FieldError::required(name_at, ""));
    }
    match text(&subject["kind"]) {
        "ServiceAccount" => {
            if !name.is_empty() {
                complain(&name_at, name, names::dns_subdomain(name), errors);
            }
            if !group.is_empty() {
                errors.push(FieldError::not_supported(group_at, &subject["apiGroup"], &[""]));
            }
            if !namespaced && text(&subject["namespace"]).is_empty() {
                errors.push(FieldError::required(path.child("namespace"), ""));
            }
        }
        kind @ ("User" | "Group") => {
            if name.is_empty() {
                errors.push(FieldError::invalid_text(name_at, "", &format!("{} name cannot be empty", kind.to_lowercase())));
            }
            if group != GROUP {
                errors.push(FieldError::not_supported(group_at, &Value::from(group), &[GROUP]));
            }
        }
        kind => errors.push(FieldError::not_supported(path.child("kind"), &Value::from(kind), &["ServiceAccount", "User", "Group"])),
    }
}

fn binding_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    if !same(&new["roleRef"], &old["roleRef"]) {
        errors.push(FieldError::invalid_raw("roleRef", internal::render("RoleRef", &new["roleRef"]), "cannot change roleRef"));
    }
}
