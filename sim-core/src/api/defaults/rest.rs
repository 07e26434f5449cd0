//! Defaults of kinds that need few: mirrors `pkg/apis/{networking,rbac}/v1/defaults.go` and `SetDefaults_LimitRangeItem` of
//! `pkg/apis/core/v1/defaults.go`, v1.36.

use super::{Field, Fill, text};
use serde_json::{Map, Value, json};

const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// An IngressClass.
pub(super) static INGRESS_CLASS: &[Field] =
    &[Field("spec", Fill::In(&[Field("parameters", Fill::In(&[Field("scope", Fill::Text("Cluster"))]))]))];

/// A NetworkPolicy.
pub(super) static NETWORK_POLICY: &[Field] = &[Field(
    "spec",
    Fill::Make(&[
        Field("ingress", Fill::Each(&[Field("ports", Fill::Each(POLICY_PORT))])),
        Field("egress", Fill::Each(&[Field("ports", Fill::Each(POLICY_PORT))])),
        Field("", Fill::Code(policy_types)),
    ]),
)];

static POLICY_PORT: &[Field] = &[Field("protocol", Fill::Text("TCP"))];

/// A RoleBinding or ClusterRoleBinding.
pub(super) static BINDING: &[Field] = &[
    Field("roleRef", Fill::In(&[Field("apiGroup", Fill::Text(RBAC_GROUP))])),
    Field("subjects", Fill::Each(&[Field("", Fill::Code(subject_group))])),
];

/// A LimitRange.
pub(super) static LIMIT_RANGE: &[Field] = &[Field("spec", Fill::In(&[Field("limits", Fill::Each(&[Field("", Fill::Code(limits))]))]))];

/// A policy is about what comes in, and about what goes out if it says something of it.
fn policy_types(spec: &mut Map<String, Value>) {
    let types = if spec.contains_key("egress") { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    spec.entry("policyTypes").or_insert(types);
}

fn subject_group(subject: &mut Map<String, Value>) {
    if matches!(text(subject, "kind"), "User" | "Group") && text(subject, "apiGroup").is_empty() {
        subject.insert("apiGroup".into(), Value::from(RBAC_GROUP));
    }
}

/// For containers: no limit means the highest one, no request means the limit, and else the lowest one.
fn limits(limit: &mut Map<String, Value>) {
    if text(limit, "type") != "Container" {
        return;
    }
    for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
        let Some(Value::Object(source)) = limit.get(from).cloned() else { continue };
        if let Value::Object(own) = limit.entry(to).or_insert_with(|| json!({})) {
            for (name, amount) in source {
                own.entry(name).or_insert(amount);
            }
        }
    }
}
