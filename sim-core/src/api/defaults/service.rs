//! Defaults of Services and EndpointSlices: mirrors `SetDefaults_Service` of `pkg/apis/core/v1/defaults.go`, the preparations of
//! `pkg/registry/core/service/storage/{storage,alloc}.go` on a cluster with IPv4 only, and `pkg/apis/discovery/v1/defaults.go`, v1.36.

use super::{Field, Fill, text};
use serde_json::{Map, Value, json};

/// A Service.
pub(super) static SERVICE: &[Field] =
    &[Field("spec", Fill::Make(SPEC)), Field("status", Fill::Make(&[Field("loadBalancer", Fill::Object)]))];

static SPEC: &[Field] = &[
    Field("sessionAffinity", Fill::Text("None")),
    Field("", Fill::Code(session_affinity)),
    Field("type", Fill::Text("ClusterIP")),
    Field("ports", Fill::Each(&[Field("protocol", Fill::Text("TCP")), Field("", Fill::Code(target_port))])),
    Field("", Fill::Code(traffic)),
];

/// An EndpointSlice.
pub(super) static ENDPOINT_SLICE: &[Field] = &[
    Field("ports", Fill::Each(&[Field("name", Fill::Text("")), Field("protocol", Fill::Text("TCP"))])),
    Field("endpoints", Fill::Each(&[Field("conditions", Fill::Object)])),
    Field(
        "",
        Fill::Code(|slice| {
            for field in ["endpoints", "ports"] {
                slice.entry(field).or_insert(Value::Null);
            }
        }),
    ),
];

/// An Endpoints object.
pub(super) static ENDPOINTS: &[Field] =
    &[Field("subsets", Fill::Each(&[Field("ports", Fill::Each(&[Field("protocol", Fill::Text("TCP"))]))]))];

fn session_affinity(spec: &mut Map<String, Value>) {
    match text(spec, "sessionAffinity") {
        "None" => {
            spec.remove("sessionAffinityConfig");
        }
        "ClientIP" => {
            let config = spec.get("sessionAffinityConfig").cloned().unwrap_or(Value::Null);
            if config["clientIP"]["timeoutSeconds"].is_null() {
                // Three hours.
                spec.insert("sessionAffinityConfig".into(), json!({"clientIP": {"timeoutSeconds": 10800}}));
            }
        }
        _ => {}
    }
}

fn target_port(port: &mut Map<String, Value>) {
    let unset = port.get("targetPort").is_none_or(|p| p.as_i64() == Some(0) || p.as_str() == Some(""));
    if unset && let Some(own) = port.get("port").cloned() {
        port.insert("targetPort".into(), own);
    }
}

fn traffic(spec: &mut Map<String, Value>) {
    let kind = text(spec, "type").to_owned();
    let has_external = spec.get("externalIPs").and_then(Value::as_array).is_some_and(|ips| !ips.is_empty());
    let reachable = matches!(kind.as_str(), "LoadBalancer" | "NodePort") || (kind == "ClusterIP" && has_external);
    if reachable && text(spec, "externalTrafficPolicy").is_empty() {
        spec.insert("externalTrafficPolicy".into(), Value::from("Cluster"));
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        spec.entry("internalTrafficPolicy").or_insert_with(|| Value::from("Cluster"));
    }
    if kind == "LoadBalancer" {
        spec.entry("allocateLoadBalancerNodePorts").or_insert(Value::Bool(true));
    }
}

/// `clusterIP` alone means `clusterIPs` with that one address. Before validation of a new Service.
pub fn normalize_cluster_ips(tree: &mut Value) {
    if let Some(Value::Object(spec)) = tree.get_mut("spec") {
        let ip = text(spec, "clusterIP").to_owned();
        let has_list = spec.get("clusterIPs").and_then(Value::as_array).is_some_and(|ips| !ips.is_empty());
        if !ip.is_empty() && !has_list {
            spec.insert("clusterIPs".into(), json!([ip]));
        }
    }
}

/// What a change of a Service means for the values that the server gave it: what the user left out stays, what the new type can't have
/// goes unless the user changed it. Before validation. Mirrors `normalizeClusterIPs`, `patchAllocatedValues` and `dropTypeDependentFields`.
pub fn prepare_service_update(tree: &mut Value, old: &Value) {
    let old = &old["spec"];
    let Some(Value::Object(new)) = tree.get_mut("spec") else { return };
    keep_cluster_ips(new, old);
    let (is, was) = (text(new, "type").to_owned(), old["type"].as_str().unwrap_or("").to_owned());
    let has_node_ports = |kind: &str| matches!(kind, "NodePort" | "LoadBalancer");
    if has_node_ports(&is) && has_node_ports(&was) {
        keep_node_ports(new, old);
    }
    let drop_unchanged = |new: &mut Map<String, Value>, fields: &[&str]| {
        for field in fields {
            if new.get(*field) == old.get(*field) {
                new.remove(*field);
            }
        }
    };
    if was != "ExternalName" && is == "ExternalName" {
        drop_unchanged(new, &["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]);
    }
    if has_node_ports(&was) && !has_node_ports(&is) {
        drop_node_ports(new, old);
    }
    if was == "LoadBalancer" && is != "LoadBalancer" {
        drop_unchanged(new, &["allocateLoadBalancerNodePorts", "loadBalancerClass"]);
    }
    let has_health_check = |kind: &str, policy: Option<&Value>| kind == "LoadBalancer" && policy.is_some_and(|policy| policy == "Local");
    if has_health_check(&was, old.get("externalTrafficPolicy")) {
        if !has_health_check(&is, new.get("externalTrafficPolicy")) {
            drop_unchanged(new, &["healthCheckNodePort"]);
        } else if new.get("healthCheckNodePort").is_none_or(|port| port.as_u64().unwrap_or(0) == 0) && !old["healthCheckNodePort"].is_null()
        {
            new.insert("healthCheckNodePort".into(), old["healthCheckNodePort"].clone());
        }
    }
    let has_external = new.get("externalIPs").and_then(Value::as_array).is_some_and(|ips| !ips.is_empty());
    let reachable = has_node_ports(&is) || (is == "ClusterIP" && has_external);
    if !reachable {
        drop_unchanged(new, &["externalTrafficPolicy"]);
    }
}

fn keep_cluster_ips(new: &mut Map<String, Value>, old: &Value) {
    let (is, was) = (text(new, "clusterIP").to_owned(), old["clusterIP"].as_str().unwrap_or("").to_owned());
    let list = |list: Option<&Value>| list.and_then(Value::as_array).cloned().unwrap_or_default();
    let (new_list, old_list) = (list(new.get("clusterIPs")), list(old.get("clusterIPs")));
    if new_list.is_empty() && is == was && !old_list.is_empty() {
        new.insert("clusterIPs".into(), Value::Array(old_list.clone()));
    }
    if is != was && new_list == old_list {
        if is.is_empty() {
            new.remove("clusterIPs");
        } else {
            new.insert("clusterIPs".into(), json!([is]));
        }
    }
    if text(new, "type") != "ExternalName" && old["type"] != "ExternalName" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            let empty = |v: &Value| v.is_null() || v == "" || v.as_array().is_some_and(Vec::is_empty);
            if new.get(field).is_none_or(empty) && !empty(&old[field]) {
                new.insert(field.into(), old[field].clone());
            }
        }
    }
}

fn node_ports(ports: Option<&Value>) -> Vec<(String, i64)> {
    let ports = ports.and_then(Value::as_array).into_iter().flatten();
    ports.map(|p| (p["name"].as_str().unwrap_or("").to_owned(), p["nodePort"].as_i64().unwrap_or(0))).collect()
}

/// A port without node port gets the one that the port of its name had, unless another has taken it.
fn keep_node_ports(new: &mut Map<String, Value>, old: &Value) {
    let (before, now) = (node_ports(old.get("ports")), node_ports(new.get("ports")));
    let in_use = |port: i64| now.iter().any(|(_, p)| *p == port);
    for port in new.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = port["name"].as_str().unwrap_or("").to_owned();
        let missing = port["nodePort"].as_i64().unwrap_or(0) == 0;
        let known = before.iter().rev().find(|(n, p)| *n == name && *p != 0 && !in_use(*p));
        if let (true, Some((_, known)), Some(port)) = (missing, known, port.as_object_mut()) {
            port.insert("nodePort".into(), Value::from(*known));
        }
    }
}

fn drop_node_ports(new: &mut Map<String, Value>, old: &Value) {
    let before = node_ports(old.get("ports"));
    let known = |port: i64| port == 0 || before.iter().any(|(_, p)| *p == port);
    if node_ports(new.get("ports")).iter().all(|(_, p)| known(*p)) {
        for port in new.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut) {
            port.remove("nodePort");
        }
    }
}

/// Fills in `ipFamilies` and `ipFamilyPolicy`, for Services that have addresses. Before allocation.
pub fn service_families(tree: &mut Value) {
    let Some(Value::Object(spec)) = tree.get_mut("spec") else { return };
    if text(spec, "type") == "ExternalName" {
        return;
    }
    let has_selector = spec.get("selector").and_then(Value::as_object).is_some_and(|s| !s.is_empty());
    let for_others = text(spec, "clusterIP") == "None" && !has_selector;
    spec.entry("ipFamilyPolicy").or_insert_with(|| Value::from(if for_others { "RequireDualStack" } else { "SingleStack" }));
    let single = text(spec, "ipFamilyPolicy") == "SingleStack";
    if let Value::Array(families) = spec.entry("ipFamilies").or_insert_with(|| json!([])) {
        if families.is_empty() {
            families.push(Value::from("IPv4"));
        }
        if for_others && !single && families.len() == 1 {
            let other = if families[0] == "IPv4" { "IPv6" } else { "IPv4" };
            families.push(Value::from(other));
        }
    }
}
