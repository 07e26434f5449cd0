//! What the controller says of classes, Gateways and routes. Mirrors `internal/controller/status/prepare_requests.go` and
//! `internal/controller/state/{conditions/conditions,graph/gateway_listener,graph/backend_refs,graph/route_common}.go`.

use super::{admits, gateways, is_ours, list, parents, routes};
use crate::api::object::Kind;
use crate::api::record::Record;
use crate::api::routing::{GATEWAY_CLASS, GATEWAY_CONTROLLER, data_plane, has_hosts_for, means_listener, names_gateway};
use crate::client::view::View;
use serde_json::{Value, json};

/// Type, status, reason, message.
type Said = (&'static str, bool, &'static str, String);

/// A condition that holds.
fn holds(kind: &'static str, message: &str) -> Said {
    (kind, true, kind, message.to_owned())
}

/// One of each type, the last that was said of it, in the order of the last (`DeduplicateConditions`).
fn conditions(said: Vec<Said>, generation: i64, time: &str) -> Value {
    let mut kept: Vec<Said> = Vec::new();
    for one in said.into_iter().rev() {
        if !kept.iter().any(|known| known.0 == one.0) {
            kept.push(one);
        }
    }
    let tree = |(kind, status, reason, message): Said| {
        json!({"type": kind, "status": if status { "True" } else { "False" }, "observedGeneration": generation,
            "lastTransitionTime": time, "reason": reason, "message": message})
    };
    kept.into_iter().rev().map(tree).collect()
}

/// A status apart from when it was written.
pub(super) fn without_times(status: &Value) -> Value {
    match status {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(field, _)| *field != "lastTransitionTime");
            Value::Object(fields.map(|(field, value)| (field.clone(), without_times(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_times).collect(),
        other => other.clone(),
    }
}

/// Of a class that names the controller: only one is taken up.
pub(super) fn of_class(class: &Record, time: &str) -> Value {
    let said = if class.meta.name == GATEWAY_CLASS {
        vec![holds("Accepted", "The GatewayClass is accepted"), holds("SupportedVersion", "The Gateway API CRD versions are supported")]
    } else {
        let message = "The resource is ignored due to a conflicting GatewayClass resource".to_owned();
        vec![("Accepted", false, "GatewayClassConflict", message)]
    };
    json!({"conditions": conditions(said, class.meta.generation, time)})
}

/// Of a Gateway and its listeners.
pub(super) fn of_gateway(view: &View, gateway: &Record, time: &str) -> Value {
    let listeners = list(&gateway.body["spec"]["listeners"]);
    let generation = gateway.meta.generation;
    let told = listeners.iter().map(|listener| {
        let wrong = wrong_with(view, gateway, listener);
        let attached = routes(view).filter(|(_, route)| {
            let meant =
                parents(route).iter().any(|parent| names_gateway(parent, &route.meta, &gateway.meta) && means_listener(parent, listener));
            meant && wrong.is_empty() && admits(view, listener, gateway, route) && has_hosts_for(route, listener)
        });
        let said = if wrong.is_empty() { listener_is_fine() } else { wrong.clone() };
        json!({
            "name": listener["name"], "attachedRoutes": attached.count(), "conditions": conditions(said, generation, time),
            "supportedKinds": supported_kinds(listener),
        })
    });
    let told: Vec<Value> = told.collect();
    let valid = listeners.iter().filter(|listener| wrong_with(view, gateway, listener).is_empty()).count();
    let mut said = vec![holds("Accepted", "The Gateway is accepted"), holds("Programmed", "The Gateway is programmed")];
    if valid == 0 && !listeners.is_empty() {
        let message = "The Gateway has no valid listeners";
        said.push(("Accepted", false, "ListenersNotValid", message.to_owned()));
        said.push(("Programmed", false, "Invalid", message.to_owned()));
    } else if valid < listeners.len() {
        said.push(("Accepted", true, "ListenersNotValid", "The Gateway has at least one valid listener".to_owned()));
    }
    for address in list(&gateway.body["spec"]["addresses"]) {
        match address["value"].as_str().unwrap_or_default() {
            "" => {
                let message = "Dynamically assigned addresses for the Gateway addresses field are not supported, value must be specified";
                said.push(("Programmed", false, "AddressNotAssigned", message.to_owned()));
            }
            value if value.parse::<std::net::IpAddr>().is_err() => {
                said.push(("Programmed", false, "AddressNotUsable", "Invalid IP address".to_owned()));
            }
            _ => {}
        }
    }
    let mut status = json!({"conditions": conditions(said, generation, time), "listeners": told});
    let addresses = addresses(view, gateway);
    if !addresses.is_empty() {
        status["addresses"] = addresses.into();
    }
    status
}

/// Where a Gateway's Service is reached: by its load balancer, or else inside (`getGatewayAddresses`).
fn addresses(view: &View, gateway: &Record) -> Vec<Value> {
    let service = view.find(Kind::Service, &gateway.meta.namespace, &data_plane(&gateway.meta)).and_then(|id| view.service(id));
    let Some(service) = service else { return Vec::new() };
    let all: Vec<String> = match service.service_type() {
        "LoadBalancer" => service.ingress.iter().map(ToString::to_string).collect(),
        _ => service.spec["clusterIP"].as_str().filter(|ip| *ip != "None").map(str::to_owned).into_iter().collect(),
    };
    all.into_iter().map(|value| json!({"type": "IPAddress", "value": value})).collect()
}

fn listener_is_fine() -> Vec<Said> {
    vec![
        holds("Accepted", "The Listener is accepted"),
        holds("Programmed", "The Listener is programmed"),
        holds("ResolvedRefs", "All references are resolved"),
        ("Conflicted", false, "NoConflicts", "No conflicts".to_owned()),
    ]
}

/// The kinds of routes that a listener takes, of those that its protocol can have.
fn supported_kinds(listener: &Value) -> Value {
    let known = |kind: &str| matches!(kind, "HTTPRoute" | "GRPCRoute");
    let asked: Vec<&str> = list(&listener["allowedRoutes"]["kinds"]).iter().filter_map(|kind| kind["kind"].as_str()).collect();
    let kinds = if asked.is_empty() { vec!["HTTPRoute", "GRPCRoute"] } else { asked };
    kinds.into_iter().filter(|kind| known(kind)).map(|kind| json!({"group": "gateway.networking.k8s.io", "kind": kind})).collect()
}

/// What is wrong with a listener; nothing: it is valid.
fn wrong_with(view: &View, gateway: &Record, listener: &Value) -> Vec<Said> {
    let refused = |reason: &'static str, message: String, refs: bool| {
        let mut said = vec![("Accepted", false, reason, message.clone())];
        if refs {
            said.push(("ResolvedRefs", false, reason, message.clone()));
        }
        said.push(("Programmed", false, "Invalid", message));
        said
    };
    let protocol = listener["protocol"].as_str().unwrap_or_default();
    if !matches!(protocol, "HTTP" | "HTTPS") {
        let message = format!("protocol: Unsupported value: {protocol:?}: supported values: \"HTTP\", \"HTTPS\"");
        return refused("UnsupportedProtocol", message, false);
    }
    let mut others = list(&gateway.body["spec"]["listeners"]).iter();
    if others.any(|other| other["port"] == listener["port"] && other["protocol"] != protocol) {
        let port = &listener["port"];
        let message =
            format!("Multiple listeners for the same port {port} specify incompatible protocols; ensure only one protocol per port");
        let mut said = refused("ProtocolConflict", message.clone(), false);
        said.push(("Conflicted", true, "ProtocolConflict", message));
        return said;
    }
    if let Some(kind) = list(&listener["allowedRoutes"]["kinds"])
        .iter()
        .filter_map(|kind| kind["kind"].as_str())
        .find(|kind| !matches!(*kind, "HTTPRoute" | "GRPCRoute"))
    {
        let message = format!("Unsupported route kind \"gateway.networking.k8s.io/{kind}\"");
        return vec![("ResolvedRefs", false, "InvalidRouteKinds", message.clone()), ("Programmed", false, "Invalid", message)];
    }
    if protocol == "HTTPS" {
        let Some(first) = list(&listener["tls"]["certificateRefs"]).first() else {
            let message = "tls.certificateRefs: Required value: certificateRefs must be defined for TLS mode terminate".to_owned();
            return refused("InvalidCertificateRef", message, true);
        };
        let name = first["name"].as_str().unwrap_or_default();
        if first["namespace"].as_str().is_some_and(|namespace| *gateway.meta.namespace != *namespace) {
            let message = format!(
                "Certificate ref to secret {}/{name} not permitted by any ReferenceGrant",
                first["namespace"].as_str().unwrap_or("")
            );
            return refused("RefNotPermitted", message, true);
        }
        if view.find(Kind::Secret, &gateway.meta.namespace, name).is_none() {
            let at = format!("{}/{name}", gateway.meta.namespace);
            return refused("InvalidCertificateRef", format!("tls.certificateRefs[0]: Invalid value: {at:?}: secret does not exist"), true);
        }
    }
    Vec::new()
}

/// Of a route: what each of its parents here makes of it. What other controllers say stays. `None`: nothing is to be said.
pub(super) fn of_route(view: &View, route: &Record, time: &str) -> Option<Value> {
    let written = list(&route.body["status"]["parents"]);
    let others = written.iter().filter(|parent| parent["controllerName"] != GATEWAY_CONTROLLER).cloned();
    let refs = wrong_references(view, route);
    let own = parents(route).iter().filter_map(|parent| {
        let (_, gateway) = gateways(view).find(|(_, gateway)| names_gateway(parent, &route.meta, &gateway.meta))?;
        if !is_ours(view, gateway) {
            return None;
        }
        let mut said = vec![holds("Accepted", "The Route is accepted"), holds("ResolvedRefs", "All references are resolved")];
        said.extend(refs.clone());
        said.extend(not_accepted(view, route, parent, gateway).map(|(reason, message)| ("Accepted", false, reason, message.to_owned())));
        let mut about = json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": &*gateway.meta.namespace,
            "name": &*gateway.meta.name});
        for field in ["sectionName", "port"] {
            if !parent[field].is_null() {
                about[field] = parent[field].clone();
            }
        }
        Some(json!({"parentRef": about, "controllerName": GATEWAY_CONTROLLER, "conditions": conditions(said, route.meta.generation, time)}))
    });
    let all: Vec<Value> = others.chain(own).collect();
    (!all.is_empty() || !written.is_empty()).then(|| json!({"parents": all}))
}

/// Whether a listener fits a route in one way.
type Fits<'f> = &'f dyn Fn(&Value) -> bool;

/// Why a parent doesn't accept a route.
fn not_accepted(view: &View, route: &Record, parent: &Value, gateway: &Record) -> Option<(&'static str, &'static str)> {
    let listeners = list(&gateway.body["spec"]["listeners"]);
    let steps: [(Fits<'_>, _); 4] = [
        (&|listener| means_listener(parent, listener), ("NoMatchingParent", "The Listener is not found for this parent ref")),
        (&|listener| wrong_with(view, gateway, listener).is_empty(), ("InvalidListener", "The Listener is invalid for this parent ref")),
        (&|listener| admits(view, listener, gateway, route), ("NotAllowedByListeners", "The Route is not allowed by any listener")),
        (
            &|listener| has_hosts_for(route, listener),
            ("NoMatchingListenerHostname", "The Listener hostname does not match the Route hostnames"),
        ),
    ];
    let mut left: Vec<&Value> = listeners.iter().collect();
    for (fits, why) in steps {
        left.retain(|listener| fits(listener));
        if left.is_empty() {
            return Some(why);
        }
    }
    None
}

/// What is wrong with the Services that a route names: each of its rules' references, in order. The last that is said counts.
fn wrong_references(view: &View, route: &Record) -> Vec<Said> {
    let rules = list(&route.body["spec"]["rules"]).iter().enumerate();
    let all = rules.flat_map(|(rule, tree)| list(&tree["backendRefs"]).iter().enumerate().map(move |(at, tree)| (rule, at, tree)));
    all.filter_map(|(rule, at, tree)| wrong_reference(view, route, &format!("spec.rules[{rule}].backendRefs[{at}]"), tree)).collect()
}

fn wrong_reference(view: &View, route: &Record, path: &str, tree: &Value) -> Option<Said> {
    let wrong = |reason, message| Some(("ResolvedRefs", false, reason, message));
    let name = tree["name"].as_str().unwrap_or_default();
    let group = tree["group"].as_str().unwrap_or_default();
    let kind = tree["kind"].as_str().unwrap_or("Service");
    if !matches!(group, "" | "core") {
        return wrong("InvalidKind", format!("{path}.group: Unsupported value: {group:?}: supported values: \"core\", \"\""));
    }
    if kind != "Service" {
        return wrong("InvalidKind", format!("{path}.kind: Unsupported value: {kind:?}: supported values: \"Service\""));
    }
    if let Some(namespace) = tree["namespace"].as_str().filter(|namespace| *route.meta.namespace != **namespace) {
        let message = format!("{path}.namespace: Forbidden: Backend ref to Service {namespace}/{name} not permitted by any ReferenceGrant");
        return wrong("RefNotPermitted", message);
    }
    let Some(port) = tree["port"].as_i64() else {
        return wrong("UnsupportedValue", format!("{path}.port: Required value: port cannot be nil"));
    };
    let Some(service) = view.find(Kind::Service, &route.meta.namespace, name).and_then(|id| view.service(id)) else {
        return wrong("BackendNotFound", format!("{path}.name: Not found: {name:?}"));
    };
    if service.ports.iter().all(|known| i64::from(known.port) != port) {
        return wrong("BackendNotFound", format!("{path}.port: Not found: {port}"));
    }
    None
}
