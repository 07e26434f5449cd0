//! `kubectl describe configmap`, `secret` and `serviceaccount`. Mirrors `describeSecret` and its siblings in
//! `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::Page;
use crate::api::defaults::base64_decode;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{items, pairs, text};

fn decoded(base64: &str) -> Vec<u8> {
    base64_decode(base64).unwrap_or_default()
}

/// Writes a ConfigMap with all that is in it.
pub fn config_map(page: &mut Page, object: &Value, _: &Clock) {
    page.head_in_namespace(object);
    page.line(0, "\nData\n====");
    for (key, value) in pairs(object, "data") {
        page.line(0, format!("{key}:\n----\n{value}\n"));
    }
    page.line(0, "\nBinaryData\n====");
    for (key, value) in pairs(object, "binaryData") {
        page.line(0, format!("{key}: {} bytes", decoded(value).len()));
    }
    page.line(0, "");
}

/// Writes a Secret. Of what is in it only the sizes are told, but for the token of a service account.
pub fn secret(page: &mut Page, object: &Value, _: &Clock) {
    page.head_in_namespace(object);
    page.line(0, format!("\nType:\t{}", text(object, "type")));
    page.line(0, "\nData\n====");
    let of_account = text(object, "type") == "kubernetes.io/service-account-token";
    for (key, value) in pairs(object, "data") {
        let value = decoded(value);
        if of_account && key == "token" {
            page.line(0, format!("{key}:\t{}", String::from_utf8_lossy(&value)));
        } else {
            page.line(0, format!("{key}:\t{} bytes", value.len()));
        }
    }
}

/// Writes a ServiceAccount.
pub fn service_account(page: &mut Page, object: &Value, _: &Clock) {
    const TITLE: &str = "Image pull secrets:";
    page.head_in_namespace(object);
    let secrets = items(object, "imagePullSecrets");
    if secrets.is_empty() {
        page.line(0, format!("{TITLE}\t<none>"));
    }
    for (i, secret) in secrets.iter().enumerate() {
        let title = if i == 0 { TITLE.to_owned() } else { " ".repeat(TITLE.len()) };
        page.line(0, format!("{title}\t{}", text(secret, "name")));
    }
}
