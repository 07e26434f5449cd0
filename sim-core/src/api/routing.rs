//! What Ingresses, Gateways and routes say of one another: by this the controllers write what they make of them into their status, and the
//! network carries requests. Mirrors the rules of ingress-nginx (`internal/ingress/controller/store/store.go`) and of gateway-api 1.4
//! (`apis/v1/{gateway,httproute}_types.go`) as NGINX Gateway Fabric 2 reads them (`internal/controller/state/graph`).

use crate::api::meta::{Meta, StrMap};
use crate::api::record::Record;
use serde_json::Value;
use std::sync::Arc;

/// What an IngressClass says whose Ingresses ingress-nginx serves.
pub const INGRESS_CONTROLLER: &str = "k8s.io/ingress-nginx";
/// Its Deployment and its Service, as its manifest names both: namespace and name.
pub const INGRESS_CONTROLLER_POD: (&str, &str) = ("ingress-nginx", "ingress-nginx-controller");
/// What it tells of an Ingress that it took up, as an event of type Normal.
pub const SYNC: (&str, &str) = ("Sync", "Scheduled for sync");

/// What a GatewayClass says whose Gateways NGINX Gateway Fabric serves (`--gateway-ctlr-name`).
pub const GATEWAY_CONTROLLER: &str = "gateway.nginx.org/nginx-gateway-controller";
/// The only class that it takes up (`--gatewayclass`).
pub const GATEWAY_CLASS: &str = "nginx";
/// Its Deployment, as its manifest names it: namespace and name.
pub const GATEWAY_CONTROLLER_POD: (&str, &str) = ("nginx-gateway", "nginx-gateway");
/// The label by which a Gateway's pods and their Service name it.
pub const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// The annotation that named an Ingress's class before there was a field for it. It goes before the field.
const CLASS: &str = "kubernetes.io/ingress.class";
/// The value of it that ingress-nginx answers to (`--ingress-class`).
const CLASS_VALUE: &str = "nginx";
/// An IngressClass with this annotation is that of Ingresses that name none.
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";

/// Whether an Ingress is ingress-nginx's: by the old annotation, its class, or, if it names none, the class that is the default. `classes`:
/// those that name the controller.
pub fn is_served(ingress: &Record, classes: &[&Arc<Record>]) -> bool {
    if let Some(value) = ingress.meta.annotations.get(CLASS).filter(|value| !value.is_empty()) {
        return **value == *CLASS_VALUE;
    }
    match ingress.body["spec"]["ingressClassName"].as_str() {
        Some(name) => classes.iter().any(|class| class.meta.name == name),
        None => classes.iter().any(|class| class.meta.annotations.get(DEFAULT_CLASS).is_some_and(|value| **value == *"true")),
    }
}

/// What a Gateway's Deployment and Service are called (`internal/framework/controller/resource.go`, CreateNginxResourceName).
pub fn data_plane(gateway: &Meta) -> String {
    format!("{}-{GATEWAY_CLASS}", gateway.name)
}

/// Whether a Gateway is of the class that is taken up.
pub fn is_of_class(gateway: &Record) -> bool {
    gateway.body["spec"]["gatewayClassName"] == GATEWAY_CLASS
}

/// Whether one of a route's `parentRefs` names a Gateway.
pub fn names_gateway(parent: &Value, route: &Meta, gateway: &Meta) -> bool {
    let namespace = parent["namespace"].as_str().unwrap_or(&route.namespace);
    let kind = parent["kind"].as_str().unwrap_or("Gateway");
    kind == "Gateway" && parent["name"] == gateway.name.as_str() && *gateway.namespace == *namespace
}

/// Whether it means this listener of the Gateway: all, unless it names one, or a port.
pub fn means_listener(parent: &Value, listener: &Value) -> bool {
    parent["sectionName"].as_str().is_none_or(|section| listener["name"] == section)
        && parent["port"].as_u64().is_none_or(|port| listener["port"] == port)
}

/// Whether a listener of a Gateway takes HTTPRoutes of a route's namespace, which has these labels.
pub fn admits(listener: &Value, gateway: &Meta, route: &Meta, labels: Option<&StrMap>) -> bool {
    let allowed = &listener["allowedRoutes"];
    let kinds = allowed["kinds"].as_array().filter(|kinds| !kinds.is_empty());
    if kinds.is_some_and(|kinds| kinds.iter().all(|kind| kind["kind"] != "HTTPRoute")) {
        return false;
    }
    match allowed["namespaces"]["from"].as_str() {
        Some("All") => true,
        Some("Selector") => {
            let selector = crate::api::selector::Selector::from_label_selector(&allowed["namespaces"]["selector"]);
            selector.is_ok_and(|selector| labels.is_some_and(|labels| selector.matches(labels)))
        }
        Some("None") => false,
        _ => route.namespace == gateway.namespace,
    }
}

/// Whether there are hosts that two patterns both stand for: names, `*.` and the end of names, or nothing for all.
pub fn have_hosts_in_common(one: &str, other: &str) -> bool {
    match (one.strip_prefix('*'), other.strip_prefix('*')) {
        _ if one.is_empty() || other.is_empty() => true,
        (None, None) => one.eq_ignore_ascii_case(other),
        (Some(end), None) => other.len() > end.len() && other.to_ascii_lowercase().ends_with(&end.to_ascii_lowercase()),
        (None, Some(_)) => have_hosts_in_common(other, one),
        (Some(one), Some(other)) => {
            let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
            one.ends_with(&other) || other.ends_with(&one)
        }
    }
}

/// Whether a route with these `hostnames` has any for a listener.
pub fn has_hosts_for(route: &Record, listener: &Value) -> bool {
    let of_listener = listener["hostname"].as_str().unwrap_or_default();
    let own = route.body["spec"]["hostnames"].as_array().map_or(&[][..], Vec::as_slice);
    own.is_empty() || own.iter().filter_map(Value::as_str).any(|own| have_hosts_in_common(own, of_listener))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_hosts_meet() {
        let check = |one: &str, other: &str, expected: bool| {
            assert_eq!((have_hosts_in_common(one, other), have_hosts_in_common(other, one)), (expected, expected), "{one} {other}");
        };
        check("", "a.example", true);
        check("a.example", "A.example", true);
        check("a.example", "b.example", false);
        check("*.example", "a.example", true);
        check("*.example", "example", false);
        check("*.a.example", "*.example", true);
        check("*.a.example", "*.b.example", false);
    }
}
