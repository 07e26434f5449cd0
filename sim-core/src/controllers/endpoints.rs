//! The Endpoints controller: the older form of EndpointSlices, one object for each Service, which `kubectl get ep` shows.
//!
//! Mirrors `pkg/controller/endpoint/endpoints_controller.go` and `pkg/api/v1/endpoints/util.go`, RepackSubsets, v1.36. Left out: the
//! annotation with the time of the last trigger.

use crate::api::meta::{Meta, Str, StrMap};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::record::Record;
use crate::api::service::Service;
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::controllers::endpoint_slice::{ports, route_pod};
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// More addresses than this aren't listed: who has so many pods reads slices.
const MAX_ADDRESSES: usize = 1000;
const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const MANAGER: &str = "endpoint-controller";
const HEADLESS: &str = "service.kubernetes.io/headless";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";

/// The controller.
pub struct EndpointsController;

impl Controller for EndpointsController {
    const NAME: &'static str = "endpoints-controller";
    const WORKERS: usize = 5;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match &change.object {
            Object::Service(service) if change.verb == Verb::Deleted => {
                view.find(Kind::Endpoints, &service.meta.namespace, &service.meta.name).into_iter().for_each(|id| keys.add(id));
            }
            Object::Service(_) => keys.add(change.id),
            Object::Pod(pod) => route_pod(change, pod, view, keys),
            Object::Record(record) if record.kind == Kind::Endpoints && change.verb == Verb::Deleted => {
                view.find(Kind::Service, &record.meta.namespace, &record.meta.name).into_iter().for_each(|id| keys.add(id));
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, settled: bool) -> Plan {
        if key.kind == Kind::Endpoints {
            return collect(view, key);
        }
        let Some(service) = view.service(key) else { return Plan::nothing() };
        if service.selector.is_empty() || service.service_type() == "ExternalName" || !settled {
            return Plan::nothing();
        }
        let mut plan = Plan::nothing();
        let (body, over_capacity) = body(view, service);
        let meta = meta(service, over_capacity);
        match view.find(Kind::Endpoints, &service.meta.namespace, &service.meta.name).and_then(|id| Some((id, view.get(id)?.as_record()?)))
        {
            None => plan.then(Write::Create(Record { kind: Kind::Endpoints, meta, body: Arc::new(body) }.into())),
            Some((id, current)) => {
                if *current.body != body || current.meta.labels != meta.labels || current.meta.annotations != meta.annotations {
                    let mut next = (**current).clone();
                    (next.meta.labels, next.meta.annotations, next.body) = (meta.labels, meta.annotations, Arc::new(body));
                    plan.then(Write::Update(id, next.into()));
                }
            }
        }
        if !plan.is_empty() {
            plan.why = format!("the pods with addresses that match the selector of service {} have changed", service.meta.name).into();
        }
        plan
    }
}

/// The endpoints of a Service that is gone go too. Upstream's say no owner.
fn collect(view: &View, key: ObjectId) -> Plan {
    let mut plan = Plan::nothing();
    if let Some(meta) = view.get(key).map(Object::meta)
        && view.find(Kind::Service, &meta.namespace, &meta.name).is_none()
    {
        plan.then(Write::Delete(key, DeleteOptions::default()));
        plan.why = "its Service is gone".into();
    }
    plan
}

fn meta(service: &Service, over_capacity: bool) -> Meta {
    let mut labels: StrMap = service.meta.labels.clone();
    labels.set(MANAGED_BY, MANAGER);
    if service.is_headless() {
        labels.set(HEADLESS, "");
    }
    let mut annotations = StrMap::default();
    if over_capacity {
        annotations.set(OVER_CAPACITY, "truncated");
    }
    Meta { name: service.meta.name.clone(), namespace: service.meta.namespace.clone(), labels, annotations, ..Meta::default() }
}

/// The addresses of a group of ports: ready, not ready.
type Addresses<'a> = [Vec<(String, &'a Pod)>; 2];

/// The subsets: pods that offer the same ports together, in order of their addresses. And whether some had to be left out.
fn body(view: &View, service: &Service) -> (Value, bool) {
    let mut subsets: BTreeMap<Vec<(Str, i32, Str)>, Addresses<'_>> = BTreeMap::new();
    let mut count = 0;
    for (_, pod) in view.pods_matching(&service.meta.namespace, |labels| labels.contains_all(&service.selector)) {
        let leaving = pod.meta.deletion.is_some() && !service.publish_not_ready;
        let Some(ip) = pod.status.pod_ip.filter(|_| !leaving && !pod.status.phase.is_final()) else { continue };
        let offered = ports(service, pod).into_iter().filter_map(|port| Some((port.name, port.port?, port.protocol)));
        let offered: Vec<_> = offered.collect();
        if offered.is_empty() && !(service.ports.is_empty() && service.is_headless()) {
            continue;
        }
        let ready = pod.is_ready() || service.publish_not_ready;
        subsets.entry(offered).or_default()[usize::from(!ready)].push((ip.to_string(), pod));
        count += 1;
    }
    let mut room = MAX_ADDRESSES;
    let mut list = Vec::new();
    for (ports, mut addresses) in subsets {
        let mut subset = Map::new();
        for (field, pods) in ["addresses", "notReadyAddresses"].into_iter().zip(&mut addresses) {
            pods.sort_by(|a, b| a.0.cmp(&b.0));
            pods.truncate(room);
            room -= pods.len();
            if !pods.is_empty() {
                subset.insert(field.into(), pods.iter().map(|(ip, pod)| address(ip, pod)).collect());
            }
        }
        if !ports.is_empty() {
            subset.insert("ports".into(), ports.iter().map(|(name, port, protocol)| port_tree(name, *port, protocol)).collect());
        }
        list.push(Value::Object(subset));
    }
    (if list.is_empty() { json!({}) } else { json!({"subsets": list}) }, count > MAX_ADDRESSES)
}

fn address(ip: &str, pod: &Pod) -> Value {
    json!({
        "ip": ip,
        "nodeName": pod.node_name.as_str(),
        "targetRef": {
            "kind": "Pod", "namespace": pod.meta.namespace.as_str(), "name": pod.meta.name.as_str(), "uid": pod.meta.uid.to_string(),
        },
    })
}

fn port_tree(name: &str, port: i32, protocol: &str) -> Value {
    let mut tree = json!({"port": port, "protocol": protocol});
    if !name.is_empty() {
        tree["name"] = name.into();
    }
    tree
}
