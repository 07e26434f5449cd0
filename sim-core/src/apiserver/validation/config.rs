//! Rules for ConfigMaps, Secrets and ServiceAccounts: mirrors `ValidateConfigMap`, `ValidateSecret` and `ValidateServiceAccount` of
//! `pkg/apis/core/validation/validation.go`, v1.36.

use super::meta;
use super::names;
use super::path::{Errors, Path};
use super::rules::{complain, entries, is_true, text};
use crate::api::status::FieldError;
use serde_json::Value;

const MAX_SIZE: usize = 1 << 20;
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";

/// A new ConfigMap.
pub fn config_map(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    let mut size = 0;
    for field in ["data", "binaryData"] {
        let path = Path::of(field);
        for (key, value) in entries(&object[field]) {
            complain(&path.key(key), key, names::config_key(key), errors);
            if field == "data" && !object["binaryData"][key].is_null() {
                errors.push(FieldError::invalid_text(path.key(key), key, "duplicate of key present in binaryData"));
            }
            size += if field == "data" { text(value).len() } else { decoded_length(text(value)) };
        }
    }
    if size > MAX_SIZE {
        errors.push(FieldError::too_long("[]", MAX_SIZE));
    }
}

/// A changed ConfigMap.
pub fn config_map_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    frozen(new, old, &["data", "binaryData"], errors);
    config_map(new, errors);
}

/// A new Secret.
pub fn secret(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    let (path, data) = (Path::of("data"), &object["data"]);
    let mut size = 0;
    for (key, value) in entries(data) {
        complain(&path.key(key), key, names::config_key(key), errors);
        size += decoded_length(text(value));
    }
    if size > MAX_SIZE {
        errors.push(FieldError::too_long(path, MAX_SIZE));
    }
    let mut require = |keys: &[&str]| {
        for key in keys.iter().filter(|key| data[**key].is_null()) {
            errors.push(FieldError::required(path.key(key), ""));
        }
    };
    match text(&object["type"]) {
        "kubernetes.io/dockercfg" => require(&[".dockercfg"]),
        "kubernetes.io/dockerconfigjson" => require(&[".dockerconfigjson"]),
        "kubernetes.io/tls" => require(&["tls.crt", "tls.key"]),
        "kubernetes.io/ssh-auth" if text(&data["ssh-privatekey"]).is_empty() => {
            errors.push(FieldError::required(path.key("ssh-privatekey"), ""));
        }
        "kubernetes.io/basic-auth" if data["username"].is_null() && data["password"].is_null() => require(&["username", "password"]),
        "kubernetes.io/service-account-token" if text(&object["metadata"]["annotations"][ACCOUNT_NAME]).is_empty() => {
            errors.push(FieldError::required(Path::of("metadata.annotations").key(ACCOUNT_NAME), ""));
        }
        _ => {}
    }
    for (kind, key) in [("kubernetes.io/dockercfg", ".dockercfg"), ("kubernetes.io/dockerconfigjson", ".dockerconfigjson")] {
        if text(&object["type"]) == kind
            && let Some(encoded) = data[key].as_str()
            && let Some(problem) = not_json(encoded)
        {
            errors.push(FieldError::invalid_text(path.key(key), "<secret contents redacted>", &problem));
        }
    }
}

/// A changed Secret.
pub fn secret_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    if text(&new["type"]) != text(&old["type"]) {
        errors.push(FieldError::invalid_text("type", text(&new["type"]), "field is immutable"));
    }
    frozen(new, old, &["data"], errors);
    secret(new, errors);
}

/// A new ServiceAccount.
pub fn service_account(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
}

/// A changed ServiceAccount.
pub fn service_account_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    service_account(new, errors);
}

fn frozen(new: &Value, old: &Value, fields: &[&'static str], errors: &mut Errors) {
    if !is_true(&old["immutable"]) {
        return;
    }
    const WHY: &str = "field is immutable when `immutable` is set";
    if !is_true(&new["immutable"]) {
        errors.push(FieldError::forbidden("immutable", WHY));
    }
    for field in fields.iter().filter(|f| !meta::same(&new[**f], &old[**f])) {
        errors.push(FieldError::forbidden(field, WHY));
    }
}

fn decoded_length(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

/// What Go's JSON decoder says of the first character, if that can't begin an object.
fn not_json(base64: &str) -> Option<String> {
    let bytes = crate::api::defaults::base64_decode(base64)?;
    let first = bytes.iter().copied().find(|b| !b.is_ascii_whitespace());
    match first {
        None => Some("unexpected end of JSON input".to_owned()),
        Some(b'{' | b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => None,
        Some(b) => Some(format!("invalid character '{}' looking for beginning of value", char::from(b))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const WHY: &str = "Forbidden: field is immutable when `immutable` is set";

    fn object(rest: Value) -> Value {
        let mut object = json!({"metadata": {"name": "x", "namespace": "default", "uid": "u", "resourceVersion": "1"}});
        object.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        object
    }

    #[track_caller]
    fn check(rule: impl FnOnce(&mut Errors), expected: &[&str]) {
        let mut errors = Errors::new();
        rule(&mut errors);
        let told: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.field, error.body)).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_immutable_stays() {
        let old = object(json!({"immutable": true, "data": {"a": "1"}, "binaryData": {"b": "AA=="}}));
        let change = |new: Value, expected: &[&str]| check(|errors| config_map_update(&object(new), &old, errors), expected);
        change(json!({"immutable": true, "data": {"a": "1"}, "binaryData": {"b": "AA=="}}), &[]);
        change(json!({"data": {"a": "2"}}), &[&format!("immutable: {WHY}"), &format!("data: {WHY}"), &format!("binaryData: {WHY}")]);
        change(json!({"immutable": false, "data": {"a": "1"}, "binaryData": {"b": "AA=="}}), &[&format!("immutable: {WHY}")]);
        let mutable = object(json!({"data": {"a": "1"}}));
        check(|errors| config_map_update(&object(json!({"immutable": true, "data": {"a": "2"}})), &mutable, errors), &[]);
        let secret = object(json!({"immutable": true, "type": "Opaque", "data": {"a": "MQ=="}}));
        let changed = object(json!({"immutable": true, "type": "other", "data": {"a": "Mg=="}}));
        check(
            |errors| secret_update(&changed, &secret, errors),
            &["type: Invalid value: \"other\": field is immutable", &format!("data: {WHY}")],
        );
    }

    #[test]
    fn sizes() {
        let with = |length: usize| object(json!({"data": {"a": "x".repeat(length)}, "binaryData": {"b": "AAAA"}}));
        check(|errors| config_map(&with(MAX_SIZE - 3), errors), &[]);
        check(|errors| config_map(&with(MAX_SIZE - 2), errors), &["[]: Too long: may not be more than 1048576 bytes"]);
        let secret_of = |length: usize| {
            let bytes = vec![b'x'; length];
            object(json!({"type": "Opaque", "data": {"a": crate::api::defaults::base64_encode(&bytes)}}))
        };
        check(|errors| secret(&secret_of(MAX_SIZE), errors), &[]);
        check(|errors| secret(&secret_of(MAX_SIZE + 1), errors), &["data: Too long: may not be more than 1048576 bytes"]);
    }
}
