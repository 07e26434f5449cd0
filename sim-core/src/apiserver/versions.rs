//! The second faces of two kinds: what is stored in one version is also served in another.
//!
//! `autoscaling/v1` shows a HorizontalPodAutoscaler of `autoscaling/v2`; what it has no fields for travels in annotations
//! (`pkg/apis/autoscaling/v1/conversion.go`, v1.36). `events.k8s.io/v1` shows an Event of `v1` under other names
//! (`pkg/apis/events/v1/conversion.go`).

use crate::api::decode;
use crate::api::object::Kind;
use crate::api::resources::Resource;
use serde_json::{Map, Value, json};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";

/// The fields of an event: in `v1`, in `events.k8s.io/v1`.
const EVENT_FIELDS: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// Whether a resource is a second face of its kind.
fn is_second(kind: Kind, resource: &Resource) -> bool {
    !std::ptr::eq(kind.resource(), resource)
}

/// A tree that came in through a resource, as it is stored.
pub(super) fn to_stored(kind: Kind, resource: &Resource, tree: &mut Value) {
    if !is_second(kind, resource) {
        return;
    }
    match kind {
        Kind::Event => rename(tree, EVENT_FIELDS.iter().map(|(old, new)| (*new, *old))),
        Kind::HorizontalPodAutoscaler => autoscaler_to_v2(tree),
        _ => {}
    }
    tree["apiVersion"] = kind.api_version().into();
}

/// A tree that goes out through a resource.
pub(super) fn to_served(kind: Kind, resource: &Resource, mut tree: Value) -> Value {
    if !is_second(kind, resource) {
        return tree;
    }
    match kind {
        Kind::Event => rename(&mut tree, EVENT_FIELDS.iter().copied()),
        Kind::HorizontalPodAutoscaler => autoscaler_to_v1(&mut tree),
        _ => {}
    }
    tree["apiVersion"] = resource.api_version().into();
    tree
}

fn rename<'a>(tree: &mut Value, fields: impl Iterator<Item = (&'a str, &'a str)>) {
    let Value::Object(tree) = tree else { return };
    for (from, to) in fields {
        if let Some(value) = tree.remove(from) {
            tree.insert(to.to_owned(), value);
        }
    }
}

fn is_cpu_utilization(metric: &Value) -> bool {
    metric["type"] == "Resource" && metric["resource"]["name"] == "cpu" && metric["resource"]["target"]["type"] == "Utilization"
}

/// What an annotation carries counts only if it is what `autoscaling/v2` takes.
fn autoscaler_to_v2(tree: &mut Value) {
    let mut carried = Map::new();
    if let Some(Value::Object(annotations)) = tree["metadata"].get_mut("annotations") {
        for key in [METRICS, BEHAVIOR, CONDITIONS, CURRENT_METRICS] {
            let text = annotations.remove(key);
            if let Some(value) = text.as_ref().and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok()) {
                carried.insert(key.to_owned(), value);
            }
        }
    }
    let plain = with_carried(tree, &Map::new());
    let whole = with_carried(tree, &carried);
    let fits = decode::strict(Kind::HorizontalPodAutoscaler.resource(), &mut whole.clone()).is_ok();
    *tree = if fits { whole } else { plain };
}

fn with_carried(tree: &Value, carried: &Map<String, Value>) -> Value {
    let mut tree = tree.clone();
    let Value::Object(spec) = &mut tree["spec"] else { return tree };
    let mut metrics = carried.get(METRICS).and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(target) = spec.remove("targetCPUUtilizationPercentage").filter(|target| !target.is_null()) {
        metrics.push(
            json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}}),
        );
    }
    if !metrics.is_empty() {
        spec.insert("metrics".into(), Value::Array(metrics));
    }
    if let Some(behavior) = carried.get(BEHAVIOR) {
        spec.insert("behavior".into(), behavior.clone());
    }
    tree
}

fn autoscaler_to_v1(tree: &mut Value) {
    let mut annotations = Map::new();
    let carry = |annotations: &mut Map<String, Value>, key: &str, value: Value| {
        let is_empty = value.as_array().is_some_and(Vec::is_empty);
        if !value.is_null() && !is_empty {
            annotations.insert(key.to_owned(), value.to_string().into());
        }
    };
    if let Some(Value::Object(spec)) = tree.get_mut("spec") {
        let mut metrics = match spec.remove("metrics") {
            Some(Value::Array(metrics)) => metrics,
            _ => Vec::new(),
        };
        if let Some(place) = metrics.iter().position(is_cpu_utilization) {
            let metric = metrics.remove(place);
            spec.insert("targetCPUUtilizationPercentage".into(), metric["resource"]["target"]["averageUtilization"].clone());
        }
        carry(&mut annotations, METRICS, Value::Array(metrics));
        carry(&mut annotations, BEHAVIOR, spec.remove("behavior").unwrap_or_default());
    }
    if let Some(Value::Object(status)) = tree.get_mut("status") {
        carry(&mut annotations, CONDITIONS, status.remove("conditions").unwrap_or_default());
        let current = status.remove("currentMetrics").unwrap_or_default();
        let cpu = current.as_array().into_iter().flatten().find(|m| m["resource"]["name"] == "cpu");
        if let Some(percent) = cpu.map(|m| m["resource"]["current"]["averageUtilization"].clone()).filter(|percent| !percent.is_null()) {
            status.insert("currentCPUUtilizationPercentage".into(), percent);
        }
        carry(&mut annotations, CURRENT_METRICS, current);
    }
    if !annotations.is_empty()
        && let Value::Object(meta) = &mut tree["metadata"]
        && let Value::Object(own) = meta.entry("annotations").or_insert_with(|| json!({}))
    {
        own.extend(annotations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::resources;

    #[test]
    fn an_autoscaler_goes_to_v2_and_back() {
        let v1 = resources::by_path("autoscaling", "v1", "horizontalpodautoscalers").expect("in the table");
        let tree = json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
            "spec": {"maxReplicas": 5, "targetCPUUtilizationPercentage": 80}});
        let mut stored = tree.clone();
        to_stored(Kind::HorizontalPodAutoscaler, v1, &mut stored);
        assert_eq!(stored["apiVersion"], "autoscaling/v2");
        assert_eq!(stored["spec"]["metrics"][0]["resource"]["target"], json!({"type": "Utilization", "averageUtilization": 80}));
        assert_eq!(to_served(Kind::HorizontalPodAutoscaler, v1, stored.clone()), tree);
        stored["spec"]["behavior"] = json!({"scaleDown": {"stabilizationWindowSeconds": 10}});
        let mut again = to_served(Kind::HorizontalPodAutoscaler, v1, stored.clone());
        assert_eq!(again["metadata"]["annotations"][BEHAVIOR], r#"{"scaleDown":{"stabilizationWindowSeconds":10}}"#);
        to_stored(Kind::HorizontalPodAutoscaler, v1, &mut again);
        assert_eq!(again["spec"], stored["spec"]);
        let mut odd = to_served(Kind::HorizontalPodAutoscaler, v1, stored);
        odd["metadata"]["annotations"][BEHAVIOR] = r#"{"scaleDown":{"stabilizationWindowSeconds":"x"}}"#.into();
        to_stored(Kind::HorizontalPodAutoscaler, v1, &mut odd);
        assert_eq!(odd["spec"].get("behavior"), None, "what can't be read doesn't count");
    }
}
