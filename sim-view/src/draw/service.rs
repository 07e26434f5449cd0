//! Services with who is behind them, and Ingresses.

use super::id;
use crate::frame::cluster::{EndpointFrame, IngressFrame, IngressRule, ServiceFrame};
use serde_json::Value;
use sim_core::api::object::{Kind, Object, ObjectId};
use sim_core::api::record::Record;
use sim_core::api::service::{Endpoint, EndpointSlice, Service};
use sim_core::store::Store;

/// The label by which a slice says whose it is.
pub(super) const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// A Service. `slices`: the numbers of the slices that are its own.
pub(super) fn frame(store: &Store, object: ObjectId, service: &Service, slices: impl Iterator<Item = u32>) -> ServiceFrame {
    let slice = |number| store.get(ObjectId { kind: Kind::EndpointSlice, number }).and_then(Object::as_endpoint_slice);
    let mut endpoints: Vec<EndpointFrame> = Vec::new();
    for slice in slices.filter_map(slice) {
        endpoints.extend(slice.endpoints.iter().map(|endpoint| endpoint_frame(store, slice, endpoint)));
    }
    endpoints.sort_by(|a, b| a.address.cmp(&b.address));
    // A Service with several target ports has a slice for each.
    endpoints.dedup();
    ServiceFrame {
        id: id(object),
        namespace: service.meta.namespace.to_string(),
        name: service.meta.name.to_string(),
        kind: service.service_type().to_owned(),
        cluster_ip: service.spec["clusterIP"].as_str().unwrap_or_default().to_owned(),
        ports: service.spec["ports"].as_array().into_iter().flatten().map(port).collect(),
        external: external(service),
        endpoints,
    }
}

/// The address of its load balancer, or what an ExternalName stands for.
fn external(service: &Service) -> String {
    let balancer = service.ingress.first().map(ToString::to_string);
    balancer.or_else(|| service.spec["externalName"].as_str().map(str::to_owned)).unwrap_or_default()
}

fn port(port: &Value) -> String {
    let node_port = port["nodePort"].as_i64().filter(|number| *number != 0).map_or_else(String::new, |number| format!(":{number}"));
    format!("{}{node_port}/{}", port["port"], port["protocol"].as_str().unwrap_or("TCP"))
}

fn endpoint_frame(store: &Store, slice: &EndpointSlice, endpoint: &Endpoint) -> EndpointFrame {
    let pod = store.find(Kind::Pod, &slice.meta.namespace, &endpoint.pod_name);
    let pod = pod.filter(|pod| store.get(*pod).is_some_and(|object| object.meta().uid == endpoint.pod_uid));
    EndpointFrame { pod: pod.map_or_else(String::new, id), address: endpoint.address.to_string(), ready: endpoint.ready }
}

/// An Ingress.
pub(super) fn ingress(object: ObjectId, ingress: &Record) -> IngressFrame {
    let spec = &ingress.body["spec"];
    let service = |backend: &Value| backend["service"]["name"].as_str().unwrap_or_default().to_owned();
    let mut rules: Vec<IngressRule> = Vec::new();
    for rule in spec["rules"].as_array().into_iter().flatten() {
        for path in rule["http"]["paths"].as_array().into_iter().flatten() {
            rules.push(IngressRule {
                host: rule["host"].as_str().unwrap_or("*").to_owned(),
                path: path["path"].as_str().unwrap_or("/").to_owned(),
                service: service(&path["backend"]),
            });
        }
    }
    if spec["defaultBackend"].is_object() {
        rules.push(IngressRule { host: "*".to_owned(), path: "/".to_owned(), service: service(&spec["defaultBackend"]) });
    }
    IngressFrame { id: id(object), namespace: ingress.meta.namespace.to_string(), name: ingress.meta.name.to_string(), rules }
}
