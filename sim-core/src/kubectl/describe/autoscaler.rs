//! `kubectl describe hpa`. Mirrors `describeHorizontalPodAutoscalerV2` and `…V1` of
//! `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::Page;
use super::page::{number_or, quantity_or_nil};
use crate::api::quote::quote;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, int, items, plain, text};

const UNKNOWN: &str = "<unknown>";

/// Writes a HorizontalPodAutoscaler of `autoscaling/v2`.
pub fn v2(page: &mut Page, object: &Value, clock: &Clock) {
    head(page, object, clock);
    page.field("Metrics", "( current / target )");
    let current = items(object, "status.currentMetrics");
    for (i, metric) in items(object, "spec.metrics").iter().enumerate() {
        page.line(1, metric_line(metric, current.get(i).unwrap_or(&Value::Null)));
    }
    bounds(page, object);
    let behavior = at(object, "spec.behavior");
    if behavior.is_object() {
        page.line(0, "Behavior:");
        direction(page, "Scale Up", at(behavior, "scaleUp"));
        direction(page, "Scale Down", at(behavior, "scaleDown"));
    }
    pods(page, object);
    let conditions = items(object, "status.conditions");
    if !conditions.is_empty() {
        let row = |c: &Value| ["type", "status", "reason", "message"].map(|key| text(c, key)).join("\t");
        page.table("Conditions", "Type\tStatus\tReason\tMessage", "----\t------\t------\t-------", conditions.iter().map(row));
    }
}

/// Writes one of `autoscaling/v1`, as a server without v2 would serve it.
pub fn v1(page: &mut Page, object: &Value, clock: &Clock) {
    head(page, object, clock);
    if !at(object, "spec.targetCPUUtilizationPercentage").is_null() {
        page.line(0, format!("Target CPU utilization:\t{}%", int(object, "spec.targetCPUUtilizationPercentage")));
        page.line(0, format!("Current CPU utilization:\t{}%", number_or(object, "status.currentCPUUtilizationPercentage", UNKNOWN)));
    }
    bounds(page, object);
    pods(page, object);
}

fn head(page: &mut Page, object: &Value, clock: &Clock) {
    page.head_in_namespace(object);
    page.field("CreationTimestamp", clock.rfc1123(text(object, "metadata.creationTimestamp")));
    page.line(0, format!("Reference:\t{}/{}", text(object, "spec.scaleTargetRef.kind"), text(object, "spec.scaleTargetRef.name")));
}

fn bounds(page: &mut Page, object: &Value) {
    page.field("Min replicas", number_or(object, "spec.minReplicas", "<unset>"));
    page.field("Max replicas", int(object, "spec.maxReplicas"));
}

fn pods(page: &mut Page, object: &Value) {
    let [current, desired] = ["currentReplicas", "desiredReplicas"].map(|key| int(at(object, "status"), key));
    page.line(0, format!("{} pods:\t{current} current / {desired} desired", text(object, "spec.scaleTargetRef.kind")));
}

/// One metric: what it is, its current value, its target. `current` is the entry of the status at the same place.
fn metric_line(metric: &Value, current: &Value) -> String {
    match text(metric, "type") {
        "External" => {
            let (source, now) = (at(metric, "external"), at(current, "external"));
            let name = quote(text(source, "metric.name"));
            if !at(source, "target.averageValue").is_null() {
                let now = if at(now, "current.averageValue").is_null() { UNKNOWN.to_owned() } else { value(now, "averageValue") };
                format!("{name} (target average value):\t{now} / {}", plain(at(source, "target.averageValue")))
            } else {
                format!("{name} (target value):\t{} / {}", value(now, "value"), quantity_or_nil(source, "target.value"))
            }
        }
        "Pods" => {
            let (source, now) = (at(metric, "pods"), at(current, "pods"));
            let name = quote(text(source, "metric.name"));
            format!("{name} on pods:\t{} / {}", value(now, "averageValue"), quantity_or_nil(source, "target.averageValue"))
        }
        "Object" => {
            let (source, now) = (at(metric, "object"), at(current, "object"));
            let described = format!("{}/{}", text(source, "describedObject.kind"), text(source, "describedObject.name"));
            let (words, key) =
                if text(source, "target.type") == "AverageValue" { ("average value", "averageValue") } else { ("value", "value") };
            let target = quantity_or_nil(source, &format!("target.{key}"));
            format!("\"{}\" on {described} (target {words}):\t{} / {target}", text(source, "metric.name"), value(now, key))
        }
        "Resource" => {
            let source = at(metric, "resource");
            format!("resource {} on pods{}", text(source, "name"), usage(source, at(current, "resource")))
        }
        "ContainerResource" => {
            let source = at(metric, "containerResource");
            let what = format!("resource {} of container \"{}\" on pods", text(source, "name"), text(source, "container"));
            what + &usage(source, at(current, "containerResource"))
        }
        other => format!("<unknown metric type {}>", quote(other)),
    }
}

/// A current value; unknown while there is no such metric in the status.
fn value(now: &Value, key: &str) -> String {
    if now.is_null() { UNKNOWN.to_owned() } else { quantity_or_nil(now, &format!("current.{key}")) }
}

/// Of a resource: its average use, or that use as a share of what is requested.
fn usage(source: &Value, now: &Value) -> String {
    if !at(source, "target.averageValue").is_null() {
        return format!(":\t{} / {}", value(now, "averageValue"), plain(at(source, "target.averageValue")));
    }
    let current = match at(now, "current.averageUtilization").as_i64() {
        Some(share) => format!("{share}% ({})", quantity_or_nil(now, "current.averageValue")),
        None => UNKNOWN.to_owned(),
    };
    let target = at(source, "target.averageUtilization").as_i64().map_or_else(|| "<auto>".to_owned(), |share| format!("{share}%"));
    // The gap comes from the prefix writer: this piece of the line is written at level 1.
    format!("  (as a percentage of request):\t{current} / {target}")
}

fn direction(page: &mut Page, title: &str, rules: &Value) {
    if rules.is_null() {
        return;
    }
    page.line(1, format!("{title}:"));
    if !at(rules, "stabilizationWindowSeconds").is_null() {
        page.line(2, format!("Stabilization Window: {} seconds", int(rules, "stabilizationWindowSeconds")));
    }
    let policies = items(rules, "policies");
    if !policies.is_empty() {
        page.line(2, format!("Select Policy: {}", at(rules, "selectPolicy").as_str().unwrap_or("Max")));
        page.line(2, "Policies:");
        for policy in policies {
            let [amount, period] = ["value", "periodSeconds"].map(|key| int(policy, key));
            page.line(3, format!("- Type: {}\tValue: {amount}\tPeriod: {period} seconds", text(policy, "type")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(metric: Value, current: Value, expected: &str) {
        assert_eq!(metric_line(&metric, &current), expected);
    }

    #[test]
    fn metrics_of_every_type() {
        let external = |target: Value| json!({"type": "External", "external": {"metric": {"name": "queue"}, "target": target}});
        check(external(json!({"averageValue": "5"})), Value::Null, "\"queue\" (target average value):\t<unknown> / 5");
        let now = json!({"external": {"current": {"value": "7"}}});
        check(external(json!({"value": "5"})), now.clone(), "\"queue\" (target value):\t7 / 5");
        check(external(json!({"averageValue": "5"})), now, "\"queue\" (target average value):\t<unknown> / 5");
        let pods = json!({"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"averageValue": "1k"}}});
        check(pods, json!({"pods": {"current": {"averageValue": "900m"}}}), "\"rps\" on pods:\t900m / 1k");
        let object = |target: Value| {
            let described = json!({"kind": "Ingress", "name": "main"});
            json!({"type": "Object", "object": {"metric": {"name": "rps"}, "describedObject": described, "target": target}})
        };
        check(
            object(json!({"type": "AverageValue", "averageValue": "2"})),
            json!({"object": {"current": {"value": "9"}}}),
            "\"rps\" on Ingress/main (target average value):\t<nil> / 2",
        );
        check(object(json!({"type": "Value", "value": "10k"})), Value::Null, "\"rps\" on Ingress/main (target value):\t<unknown> / 10k");
        let cpu = |target: Value| json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
        let now = json!({"resource": {"current": {"averageUtilization": 40, "averageValue": "20m"}}});
        check(cpu(json!({"averageUtilization": 60})), now.clone(), "resource cpu on pods  (as a percentage of request):\t40% (20m) / 60%");
        check(cpu(json!({})), json!({"type": ""}), "resource cpu on pods  (as a percentage of request):\t<unknown> / <auto>");
        check(cpu(json!({"averageValue": "50m"})), now, "resource cpu on pods:\t20m / 50m");
        let target = json!({"averageUtilization": 60});
        let of_container = json!({"name": "cpu", "container": "app", "target": target});
        check(
            json!({"type": "ContainerResource", "containerResource": of_container}),
            Value::Null,
            "resource cpu of container \"app\" on pods  (as a percentage of request):\t<unknown> / 60%",
        );
        check(json!({"type": "New"}), Value::Null, "<unknown metric type \"New\">");
    }
}
