//! `--field-selector`: which fields a resource can be chosen by, and the choosing. The real server does this; so the words are its own.
//!
//! Mirrors `staging/src/k8s.io/apimachinery/pkg/fields` and the field label conversions of `pkg/apis/core/v1/conversion.go`, v1.36.

use serde_json::Value;

use super::field::{at, plain, text};
use crate::api::resources::Resource;
use crate::api::status::{ApiError, Reason};

/// A parsed field selector: all of its terms must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldSelector {
    terms: Vec<(String, bool, String)>,
}

impl FieldSelector {
    /// Whether an object has the fields.
    pub fn matches(&self, object: &Value) -> bool {
        self.terms.iter().all(|(path, equal, value)| (field(object, path) == *value) == *equal)
    }
}

fn field(object: &Value, path: &str) -> String {
    match (text(object, "kind"), path) {
        ("Event", "source") => match text(object, "source.component") {
            "" => text(object, "reportingComponent").to_owned(),
            component => component.to_owned(),
        },
        ("Node", "spec.unschedulable") => at(object, path).as_bool().unwrap_or(false).to_string(),
        _ => plain(at(object, path)),
    }
}

/// Parses `a=b,c!=d` and checks that the resource can be chosen by these fields.
///
/// # Errors
/// The server's BadRequest.
pub fn parse(resource: &Resource, labels: &str, selector: &str) -> Result<FieldSelector, ApiError> {
    let bad = |why: String| ApiError::new(Reason::BadRequest, format!("{}: {why}", unable_to_find(resource, labels, selector)));
    let mut terms = Vec::new();
    for term in selector.split(',').filter(|term| !term.is_empty()) {
        let split = term.split_once("!=").map(|(p, v)| (p, false, v));
        let split = split.or_else(|| term.split_once("==").map(|(p, v)| (p, true, v)));
        let split = split.or_else(|| term.split_once('=').map(|(p, v)| (p, true, v)));
        let Some((path, equal, value)) = split else {
            return Err(bad(format!("invalid selector: '{term}'; can't understand '{term}'")));
        };
        let path = path.trim();
        if !matches!(path, "metadata.name" | "metadata.namespace") {
            match fields_of(resource) {
                [] => {
                    let only = "only \"metadata.name\", \"metadata.namespace\"";
                    return Err(bad(format!("{path:?} is not a known field selector: {only}")));
                }
                known if !known.contains(&path) => return Err(bad(format!("field label not supported: {path}"))),
                _ => {}
            }
        }
        terms.push((path.to_owned(), equal, value.trim().to_owned()));
    }
    Ok(FieldSelector { terms })
}

/// How the server's complaints about selectors begin.
pub fn unable_to_find(resource: &Resource, labels: &str, fields: &str) -> String {
    let group_version = if resource.group.is_empty() { format!("/{}", resource.version) } else { resource.api_version() };
    let what = format!("{group_version}, Resource={}", resource.plural);
    format!("Unable to find {what:?} that match label selector {labels:?}, field selector {fields:?}")
}

fn fields_of(resource: &Resource) -> &'static [&'static str] {
    match (resource.group, resource.plural) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "namespaces") => &["status.phase", "name"],
        ("", "replicationcontrollers") => &["status.replicas"],
        ("", "secrets") => &["type"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("batch", "jobs") => &["status.successful"],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::resources::lookup;
    use serde_json::json;

    #[test]
    fn selects_and_refuses() {
        let pods = lookup("pods").expect("pods");
        let running = json!({"kind": "Pod", "status": {"phase": "Running"}});
        assert!(parse(pods, "", "status.phase=Running").is_ok_and(|s| s.matches(&running)));
        assert!(parse(pods, "", "status.phase!=Running,spec.nodeName=").is_ok_and(|s| !s.matches(&running)));
        let error = parse(pods, "", "spec.foo=1").expect_err("no such field");
        assert!(error.message.ends_with("field selector \"spec.foo=1\": field label not supported: spec.foo"), "{error}");
    }
}
