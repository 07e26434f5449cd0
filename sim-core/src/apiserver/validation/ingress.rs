//! Rules for Ingresses and IngressClasses: mirrors `pkg/apis/networking/validation/validation.go`, v1.36.

use super::meta;
use super::names::{self, TextRule};
use super::network;
use super::path::{Errors, Path};
use super::pod::Scope;
use super::rules::{Row, Rule, complain, is_empty, items, number, text, walk};
use crate::api::status::FieldError;
use serde_json::Value;

const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const PATH_TYPES: &[&str] = &["Exact", "ImplementationSpecific", "Prefix"];
const SCOPES: &[&str] = &["Cluster", "Namespace"];

static INGRESS_SPEC: &[Row] = &[
    Row("", Rule::Check(has_backend)),
    Row("defaultBackend", Rule::IfSet(backend)),
    Row("rules", Rule::Each(&[Row("host", Rule::Check(rule_host)), Row("http", Rule::Object(HTTP))])),
    Row("tls", Rule::Each(&[Row("hosts", Rule::Check(hosts)), Row("secretName", Rule::Text(names::dns_subdomain))])),
    Row("ingressClassName", Rule::IfSet(|path, value, _, errors| complain(path, text(value), names::dns_subdomain(text(value)), errors))),
];

static HTTP: &[Row] = &[Row("paths", Rule::Required("")), Row("paths", Rule::Each(&[Row("", Rule::Check(http_path))]))];

/// A reference to something that isn't a Service: `backend.resource`, and the parameters of a class.
static REFERENCE: &[Row] = &[
    Row("apiGroup", Rule::IfSet(|path, value, _, errors| complain(path, text(value), names::dns_subdomain(text(value)), errors))),
    Row("kind", Rule::RequiredText(names::path_segment)),
    Row("name", Rule::RequiredText(names::path_segment)),
];

static CLASS_SPEC: &[Row] = &[Row("controller", Rule::Check(controller)), Row("parameters", Rule::IfSet(parameters))];

/// A new Ingress.
pub fn ingress(object: &Value, errors: &mut Errors) {
    metadata_and_spec(object, errors);
    let (annotation, class) = (&object["metadata"]["annotations"][CLASS_ANNOTATION], &object["spec"]["ingressClassName"]);
    if !annotation.is_null() && !class.is_null() && annotation != class {
        let (annotations, why) = (Path::of("annotations"), "must match `ingressClassName` when both are specified");
        errors.push(FieldError::invalid_text(annotations.child(CLASS_ANNOTATION), text(annotation), why));
    }
}

/// A changed Ingress.
pub fn ingress_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    metadata_and_spec(new, errors);
}

/// A new IngressClass.
pub fn class(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], false, names::dns_subdomain, errors);
    walk(CLASS_SPEC, &object["spec"], &Path::of("spec"), &Scope::none(), errors);
}

/// A changed IngressClass.
pub fn class_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    meta::immutable(&Path::of("spec.controller"), &new["spec"]["controller"], &old["spec"]["controller"], errors);
    class(new, errors);
}

fn metadata_and_spec(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    walk(INGRESS_SPEC, &object["spec"], &Path::of("spec"), &Scope::none(), errors);
}

fn has_backend(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if is_empty(&spec["rules"]) && spec["defaultBackend"].is_null() {
        errors.push(FieldError::invalid(path, &spec["rules"], "either `defaultBackend` or `rules` must be specified"));
    }
}

fn host(path: &Path<'_>, host: &str, errors: &mut Errors) {
    let rule: TextRule = if host.contains('*') { names::wildcard_dns_subdomain } else { names::dns_subdomain };
    complain(path, host, rule(host), errors);
}

fn rule_host(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let name = text(value);
    if name.is_empty() {
        return;
    }
    if network::parse_ip(name).is_some() {
        errors.push(FieldError::invalid_text(path, name, "must be a DNS name, not an IP address"));
    }
    host(path, name, errors);
}

fn hosts(path: &Path<'_>, list: &Value, _: &Scope<'_>, errors: &mut Errors) {
    for (i, name) in items(list).iter().enumerate() {
        host(&path.index(i), text(name), errors);
    }
}

fn http_path(path: &Path<'_>, value: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let (at, place) = (path.child("path"), text(&value["path"]));
    let kind = &value["pathType"];
    match text(kind) {
        _ if kind.is_null() => return errors.push(FieldError::required(path.child("pathType"), "pathType must be specified")),
        "Exact" | "Prefix" => exact_path(&at, place, errors),
        "ImplementationSpecific" if !place.is_empty() => absolute(&at, place, errors),
        "ImplementationSpecific" => {}
        _ => errors.push(FieldError::not_supported(path.child("pathType"), kind, PATH_TYPES)),
    }
    backend(&path.child("backend"), &value["backend"], scope, errors);
}

fn absolute(path: &Path<'_>, place: &str, errors: &mut Errors) {
    if !place.starts_with('/') {
        errors.push(FieldError::invalid_text(path, place, "must be an absolute path"));
    }
}

fn exact_path(path: &Path<'_>, place: &str, errors: &mut Errors) {
    absolute(path, place, errors);
    for part in ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|part| place.contains(part)) {
        errors.push(FieldError::invalid_text(path, place, &format!("must not contain '{part}'")));
    }
    for end in ["/..", "/."].into_iter().filter(|end| place.ends_with(end)) {
        errors.push(FieldError::invalid_text(path, place, &format!("cannot end with '{end}'")));
    }
}

fn backend(path: &Path<'_>, backend: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let (resource, service) = (&backend["resource"], &backend["service"]);
    match (resource.is_null(), service.is_null()) {
        (false, false) => errors.push(FieldError::invalid_text(path, "", "cannot set both resource and service backends")),
        (false, true) => walk(REFERENCE, resource, &path.child("resource"), scope, errors),
        (true, false) => service_backend(path, service, errors),
        (true, true) => errors.push(FieldError::invalid_text(path, "", "resource or service backend is required")),
    }
}

fn service_backend(path: &Path<'_>, service: &Value, errors: &mut Errors) {
    let at = path.child("service");
    let name = text(&service["name"]);
    if name.is_empty() {
        errors.push(FieldError::required(at.child("name"), ""));
    } else {
        complain(&at.child("name"), name, names::dns_label(name), errors);
    }
    let (port_at, port) = (at.child("port"), &service["port"]);
    match (text(&port["name"]), number(&port["number"])) {
        ("", 0) => errors.push(FieldError::required(path, "port name or number is required")),
        ("", n) if (1..=65535).contains(&n) => {}
        ("", n) => errors.push(FieldError::invalid(port_at.child("number"), &Value::from(n), &names::range_error(1, 65535))),
        (name, 0) => complain(&port_at.child("name"), name, names::port_name(name), errors),
        _ => errors.push(FieldError::invalid_text(path, "", "cannot set both port name & port number")),
    }
}

/// `acme.io/foo`
fn controller(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let name = text(value);
    if name.is_empty() {
        return errors.push(FieldError::required(path, ""));
    }
    if name.len() > 250 {
        errors.push(FieldError::too_long(path, 250));
    }
    match name.split_once('/') {
        Some((domain, rest)) if !domain.is_empty() && !rest.is_empty() => {
            complain(path, domain, names::dns_subdomain(domain), errors);
            complain(path, rest, names::http_path(rest), errors);
        }
        _ => errors.push(FieldError::invalid_text(path, name, "must be a domain-prefixed path (such as \"acme.io/foo\")")),
    }
}

fn parameters(path: &Path<'_>, parameters: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    walk(REFERENCE, parameters, path, scope, errors);
    let (at, namespace) = (path.child("namespace"), &parameters["namespace"]);
    match text(&parameters["scope"]) {
        _ if parameters["scope"].is_null() => errors.push(FieldError::required(path.child("scope"), "")),
        "Namespace" if namespace.is_null() => errors.push(FieldError::required(at, "`parameters.scope` is set to 'Namespace'")),
        "Namespace" => complain(&at, text(namespace), names::dns_label(text(namespace)), errors),
        "Cluster" if !namespace.is_null() => errors.push(FieldError::forbidden(at, "`parameters.scope` is set to 'Cluster'")),
        "Cluster" => {}
        _ => errors.push(FieldError::not_supported(path.child("scope"), &parameters["scope"], SCOPES)),
    }
}
