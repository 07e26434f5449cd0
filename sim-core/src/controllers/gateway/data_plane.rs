//! The pods of a Gateway: a ServiceAccount, a Service and a Deployment in the Gateway's namespace, all of one name. Mirrors
//! `internal/controller/provisioner/objects.go`.
//!
//! Left out: the init container and the volumes by which nginx's agent comes to its configuration; the rules come to the pods by themselves.

use crate::api::meta::Meta;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::record::Record;
use crate::api::routing::{GATEWAY_NAME, data_plane};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::Plan;
use crate::client::view::View;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The image of a Gateway's pods.
const IMAGE: &str = "ghcr.io/nginx/nginx-gateway-fabric/nginx:2.2.1";
/// What is made for a Gateway, in order.
const MADE: [Kind; 3] = [Kind::ServiceAccount, Kind::Service, Kind::Deployment];
/// Who made it.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "nginx-gateway-nginx");

/// Makes what a Gateway lacks, or makes it as the Gateway's listeners want it now.
pub(super) fn ensure(view: &View, gateway: &Record, plan: &mut Plan) {
    let name = data_plane(&gateway.meta);
    let wanted = ports(gateway);
    for kind in MADE {
        let known = view.find(kind, &gateway.meta.namespace, &name).and_then(|id| view.get(id));
        let is_right = match known {
            None => false,
            Some(Object::Service(service)) => wanted.iter().copied().eq(service.ports.iter().map(|port| i64::from(port.port))),
            Some(Object::Deployment(deployment)) => {
                let containers = &deployment.spec.template.spec.containers;
                let known = containers.iter().flat_map(|container| &container.ports).filter(|port| port.name != "metrics");
                wanted.iter().copied().eq(known.map(|port| i64::from(port.port)))
            }
            Some(_) => true,
        };
        if !is_right {
            plan.why = format!("gateway {} has pods of its own", gateway.meta.name).into();
            plan.then(Write::Manifest(kind, Box::new(manifest(kind, gateway, &name, &wanted))));
        }
    }
}

/// The ports of a Gateway's listeners, each once.
fn ports(gateway: &Record) -> BTreeSet<i64> {
    super::list(&gateway.body["spec"]["listeners"]).iter().filter_map(|listener| listener["port"].as_i64()).collect()
}

fn manifest(kind: Kind, gateway: &Record, name: &str, ports: &BTreeSet<i64>) -> Value {
    let selector = json!({
        "app.kubernetes.io/instance": "nginx-gateway", MANAGED_BY.0: MANAGED_BY.1,
        "app.kubernetes.io/name": name, GATEWAY_NAME: &*gateway.meta.name,
    });
    // What a user asks for in `infrastructure` comes on top.
    let mut labels = selector.clone();
    for (key, value) in gateway.body["spec"]["infrastructure"]["labels"].as_object().into_iter().flatten() {
        labels[key] = value.clone();
    }
    let annotations = gateway.body["spec"]["infrastructure"]["annotations"].as_object().cloned().unwrap_or_default();
    let mut meta = json!({"name": name, "namespace": &*gateway.meta.namespace, "labels": labels});
    if !annotations.is_empty() {
        meta["annotations"] = annotations.into();
    }
    let mut tree = json!({"apiVersion": kind.api_version(), "kind": kind.as_str(), "metadata": meta});
    match kind {
        Kind::Service => {
            let port = |port: &i64| json!({"name": format!("port-{port}"), "port": port, "targetPort": port, "protocol": "TCP"});
            tree["spec"] = json!({
                "type": "LoadBalancer", "externalTrafficPolicy": "Local", "selector": selector,
                "ports": ports.iter().map(port).collect::<Vec<_>>(),
            });
        }
        Kind::Deployment => {
            tree["spec"] = json!({
                "replicas": 1, "selector": {"matchLabels": selector},
                "template": {"metadata": {"labels": labels, "annotations": {"prometheus.io/port": "9113", "prometheus.io/scrape": "true"}},
                    "spec": pod(name, ports)},
            });
        }
        _ => {}
    }
    tree
}

fn pod(account: &str, ports: &BTreeSet<i64>) -> Value {
    let port = |(name, port): (String, i64)| json!({"name": name, "containerPort": port, "protocol": "TCP"});
    let named = ports.iter().map(|port| (format!("port-{port}"), *port));
    let mut named: Vec<(String, i64)> = named.chain([("metrics".to_owned(), 9113)]).collect();
    named.sort_by_key(|(_, port)| *port);
    json!({
        "automountServiceAccountToken": true,
        "serviceAccountName": account,
        "securityContext": {
            "fsGroup": 1001, "runAsNonRoot": true, "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
        },
        "containers": [{
            "name": "nginx", "image": IMAGE, "imagePullPolicy": "IfNotPresent",
            "ports": named.into_iter().map(port).collect::<Vec<_>>(),
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8081}, "initialDelaySeconds": 3},
            "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": true,
                "runAsGroup": 1001, "runAsUser": 101, "seccompProfile": {"type": "RuntimeDefault"},
            },
        }],
    })
}

/// What there still is of what was made for a Gateway.
pub(super) fn made_for(view: &View, gateway: &Meta) -> Vec<ObjectId> {
    let name = data_plane(gateway);
    // Pods go first, and then what they use.
    MADE.iter().rev().filter_map(|kind| view.find(*kind, &gateway.namespace, &name)).collect()
}

/// Deletes what was made for a Gateway that is gone.
pub(super) fn forget(view: &View, key: ObjectId) -> Plan {
    let mut plan = Plan::nothing();
    let Some(meta) = view.get(key).map(Object::meta) else { return plan };
    let is_made_here = meta.labels.get(MANAGED_BY.0).is_some_and(|by| *by == *MANAGED_BY.1);
    let Some(gateway) = meta.labels.get(GATEWAY_NAME).filter(|_| is_made_here && meta.deletion.is_none()) else { return plan };
    if view.find(Kind::Gateway, &meta.namespace, gateway).is_none() {
        plan.why = format!("gateway {gateway} is gone").into();
        plan.then(Write::Delete(key, DeleteOptions::default()));
    }
    plan
}
