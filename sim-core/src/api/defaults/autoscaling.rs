//! Defaults of HorizontalPodAutoscalers: mirrors `pkg/apis/autoscaling/{v1,v2}/defaults.go`, and the target that v1's conversion makes
//! up when nothing is to be measured, v1.36.

use super::{Field, Fill, text};
use serde_json::{Map, Value, json};

const METRICS_ANNOTATION: &str = "autoscaling.alpha.kubernetes.io/metrics";

/// A HorizontalPodAutoscaler of either version.
pub(super) static AUTOSCALER: &[Field] =
    &[Field("spec", Fill::Make(&[Field("minReplicas", Fill::Int(1))])), Field("", Fill::Code(by_version))];

static BEHAVIOR: &[Field] = &[Field("scaleUp", Fill::Make(UP)), Field("scaleDown", Fill::Make(DOWN))];

static UP: &[Field] = &[
    Field("stabilizationWindowSeconds", Fill::Int(0)),
    Field("selectPolicy", Fill::Text("Max")),
    Field("", Fill::Code(|rules| policies(rules, &[("Pods", 4), ("Percent", 100)]))),
];

static DOWN: &[Field] = &[Field("selectPolicy", Fill::Text("Max")), Field("", Fill::Code(|rules| policies(rules, &[("Percent", 100)])))];

fn policies(rules: &mut Map<String, Value>, defaults: &[(&str, i64)]) {
    let policy = |(kind, value): &(&str, i64)| json!({"type": kind, "value": value, "periodSeconds": 15});
    rules.entry("policies").or_insert_with(|| defaults.iter().map(policy).collect());
}

/// Without a metric, the pods' CPU is kept at 80 % of what they request.
fn by_version(autoscaler: &mut Map<String, Value>) {
    let is_v1 = text(autoscaler, "apiVersion") == "autoscaling/v1";
    let annotated = autoscaler.get("metadata").is_some_and(|meta| !meta["annotations"][METRICS_ANNOTATION].is_null());
    let Some(Value::Object(spec)) = autoscaler.get_mut("spec") else { return };
    if is_v1 {
        if !annotated {
            spec.entry("targetCPUUtilizationPercentage").or_insert(json!(80));
        }
        return;
    }
    let cpu = || json!([{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]);
    spec.entry("metrics").or_insert_with(cpu);
    if let Some(behavior) = spec.get_mut("behavior") {
        super::fill(BEHAVIOR, behavior);
    }
}
