//! Defaults of the Gateway API: what its CustomResourceDefinitions declare (gateway-api 1.4, `apis/v1`).

use super::{Field, Fill};
use serde_json::{Map, Value, json};

const GROUP: &str = "gateway.networking.k8s.io";

/// A Gateway.
pub(super) static GATEWAY: &[Field] = &[Field("spec", Fill::In(&[Field("listeners", Fill::Each(&[Field("", Fill::Code(listener))]))]))];

/// An HTTPRoute.
pub(super) static HTTP_ROUTE: &[Field] = &[Field(
    "spec",
    Fill::In(&[
        Field("parentRefs", Fill::Each(&[Field("group", Fill::Text(GROUP)), Field("kind", Fill::Text("Gateway"))])),
        Field("", Fill::Code(rules)),
        Field(
            "rules",
            Fill::Each(&[
                Field("", Fill::Code(matches)),
                Field("backendRefs", Fill::Each(&[Field("", Fill::Code(backend))])),
                Field(
                    "matches",
                    Fill::Each(&[
                        Field("path", Fill::Make(&[Field("type", Fill::Text("PathPrefix")), Field("value", Fill::Text("/"))])),
                        Field("headers", Fill::Each(&[Field("type", Fill::Text("Exact"))])),
                        Field("queryParams", Fill::Each(&[Field("type", Fill::Text("Exact"))])),
                    ]),
                ),
            ]),
        ),
    ]),
)];

fn listener(listener: &mut Map<String, Value>) {
    let routes = listener.entry("allowedRoutes").or_insert_with(|| json!({}));
    if let Some(routes) = routes.as_object_mut() {
        let namespaces = routes.entry("namespaces").or_insert_with(|| json!({}));
        if let Some(namespaces) = namespaces.as_object_mut() {
            namespaces.entry("from").or_insert_with(|| json!("Same"));
        }
    }
}

/// Without rules, there is one for everything.
fn rules(spec: &mut Map<String, Value>) {
    spec.entry("rules").or_insert_with(|| json!([{}]));
}

/// Without matches, a rule fits everything.
fn matches(rule: &mut Map<String, Value>) {
    rule.entry("matches").or_insert_with(|| json!([{}]));
}

fn backend(backend: &mut Map<String, Value>) {
    backend.entry("group").or_insert_with(|| json!(""));
    backend.entry("kind").or_insert_with(|| json!("Service"));
    backend.entry("weight").or_insert_with(|| json!(1));
}
