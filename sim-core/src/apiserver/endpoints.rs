//! Endpoints, the older form of EndpointSlices: of a Service with a selector they are worked out from its slices when somebody asks, not
//! stored. So a Service in front of a thousand pods costs nothing more than its slices.
//!
//! Mirrors what `pkg/controller/endpoint/endpoints_controller.go` and `pkg/api/v1/endpoints/util.go`, RepackSubsets, v1.36, would store.
//! What triggered the last change is what triggered that of the slices. Endpoints of a Service without a selector are a user's, and stored.

use crate::api::meta::{Meta, Uid};
use crate::api::object::{Kind, Object};
use crate::api::service::{Endpoint, EndpointPort, EndpointSlice, Service};
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::Epoch;
use crate::store::Store;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// More addresses than this aren't listed, ready ones first: who has so many pods reads slices.
const MAX_ADDRESSES: usize = 1000;
/// The label that names a slice's Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// The annotation that tells when the change happened that they show.
const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The Service whose slices a change of one is about.
pub(super) fn service_of<'a>(store: &'a Store, slice: &Object) -> Option<&'a Arc<Service>> {
    let meta = slice.meta();
    let name = meta.labels.get(SERVICE_NAME)?;
    store.find_object(Kind::Service, &meta.namespace, name).and_then(Object::as_service).filter(|service| has_derived(service))
}

/// Whether a Service's endpoints follow its slices.
pub(super) fn has_derived(service: &Service) -> bool {
    !service.selector.is_empty() && service.service_type() != "ExternalName"
}

/// The Endpoints of a Service that has slices.
pub(super) fn of(store: &Store, service: &Service, seed: u64, epoch: Epoch) -> Option<Value> {
    let all = store.list(Kind::EndpointSlice, Some(&service.meta.namespace)).filter_map(|(_, object)| object.as_endpoint_slice());
    let slices: Vec<&Arc<EndpointSlice>> = all.filter(|slice| slice.meta.labels.get(SERVICE_NAME) == Some(&service.meta.name)).collect();
    let newest = slices.iter().max_by_key(|slice| slice.meta.resource_version)?;
    let mut labels = service.meta.labels.clone();
    labels.set("endpoints.kubernetes.io/managed-by", "endpoint-controller");
    if service.is_headless() {
        labels.set("service.kubernetes.io/headless", "");
    }
    let mut meta = Meta {
        name: service.meta.name.clone(),
        namespace: service.meta.namespace.clone(),
        uid: Uid::from_bits(draw(seed, Stream::Uid, service.meta.uid.0).wide()),
        resource_version: newest.meta.resource_version,
        created: service.meta.created,
        labels,
        ..Meta::default()
    };
    if let Some(at) = newest.meta.annotations.get(TRIGGER_TIME) {
        meta.annotations.set(TRIGGER_TIME, at.clone());
    }
    let (subsets, over_capacity) = subsets(&slices, service.publish_not_ready);
    if over_capacity {
        meta.annotations.set("endpoints.kubernetes.io/over-capacity", "truncated");
    }
    let mut tree = json!({"kind": "Endpoints", "apiVersion": "v1", "metadata": meta.to_tree(epoch)});
    if !subsets.is_empty() {
        tree["subsets"] = subsets.into();
    }
    Some(tree)
}

/// Endpoints with the same ports: ready, not ready; each with its address and its namespace.
type Group<'a> = [Vec<(String, &'a Endpoint, &'a str)>; 2];

/// The endpoints that offer the same ports: ready, not ready; each in order of their addresses. And whether some had to be left out.
fn subsets(slices: &[&Arc<EndpointSlice>], with_leaving: bool) -> (Vec<Value>, bool) {
    let mut groups: BTreeMap<&[EndpointPort], Group<'_>> = BTreeMap::new();
    for slice in slices {
        for endpoint in slice.endpoints.iter().filter(|endpoint| with_leaving || !endpoint.terminating) {
            let group = groups.entry(&slice.ports).or_default();
            group[usize::from(!endpoint.ready)].push((endpoint.address.to_string(), endpoint, slice.meta.namespace.as_str()));
        }
    }
    let count: usize = groups.values().flatten().map(Vec::len).sum();
    let mut room = MAX_ADDRESSES;
    for readiness in 0..2 {
        for group in groups.values_mut() {
            group[readiness].sort_by(|a, b| a.0.cmp(&b.0));
            group[readiness].truncate(room);
            room -= group[readiness].len();
        }
    }
    let mut subsets = Vec::new();
    for (ports, group) in groups.iter().filter(|(_, group)| group.iter().any(|list| !list.is_empty())) {
        let mut subset = Map::new();
        for (field, list) in ["addresses", "notReadyAddresses"].into_iter().zip(group).filter(|(_, list)| !list.is_empty()) {
            subset.insert(field.into(), list.iter().map(|(ip, endpoint, namespace)| address(ip, endpoint, namespace)).collect());
        }
        if !ports.is_empty() {
            subset.insert("ports".into(), ports.iter().map(port).collect());
        }
        subsets.push(Value::Object(subset));
    }
    (subsets, count > MAX_ADDRESSES)
}

fn address(ip: &str, endpoint: &Endpoint, namespace: &str) -> Value {
    let mut tree = json!({
        "ip": ip,
        "nodeName": endpoint.node_name.as_str(),
        "targetRef": {"kind": "Pod", "namespace": namespace, "name": endpoint.pod_name.as_str(), "uid": endpoint.pod_uid.to_string()},
    });
    if !endpoint.hostname.is_empty() {
        tree["hostname"] = endpoint.hostname.as_str().into();
    }
    tree
}

fn port(port: &EndpointPort) -> Value {
    let mut tree = json!({"port": port.port, "protocol": port.protocol.as_str()});
    for (field, text) in [("name", &port.name), ("appProtocol", &port.app_protocol)] {
        if !text.is_empty() {
            tree[field] = text.as_str().into();
        }
    }
    tree
}
