//! The EndpointSlice controller: for each Service the addresses of the pods that its selector matches, at most 100 to a slice.
//!
//! Mirrors `pkg/controller/endpointslice/endpointslice_controller.go` and `staging/src/k8s.io/endpointslice/reconciler.go`, v1.36.
//! Left out: dual stack, topology hints, node-by-node zones of terminating endpoints. Seen in `scenarios/rolling-update.yaml`.

use crate::api::meta::{Meta, OwnerReference, Str, StrMap};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::service::{Endpoint, EndpointPort, EndpointSlice, Service};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many endpoints a slice holds: `--max-endpoints-per-slice`.
const MAX_ENDPOINTS: usize = 100;
/// The label that names a slice's Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";

/// The controller.
pub struct EndpointSliceController;

impl Controller for EndpointSliceController {
    const NAME: &'static str = "endpointslice-controller";
    const WORKERS: usize = 5;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match &change.object {
            Object::Service(_) => keys.add(change.id),
            Object::Pod(pod) => route_pod(change, pod, view, keys),
            Object::EndpointSlice(slice) if change.verb == Verb::Deleted => {
                if let Some(name) = slice.meta.labels.get(SERVICE_NAME)
                    && let Some(id) = view.find(Kind::Service, &slice.meta.namespace, name)
                {
                    keys.add(id);
                }
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, settled: bool) -> Plan {
        let Some(service) = view.service(key) else { return Plan::nothing() };
        if service.selector.is_empty() || service.service_type() == "ExternalName" || !settled {
            return Plan::nothing();
        }
        let mut desired: BTreeMap<Vec<EndpointPort>, BTreeMap<u128, Endpoint>> = BTreeMap::new();
        for (_, pod) in view.pods_matching(&service.meta.namespace, |labels| labels.contains_all(&service.selector)) {
            if let Some(endpoint) = endpoint(view, service, pod) {
                desired.entry(ports(service, pod)).or_default().insert(pod.meta.uid.0, endpoint);
            }
        }
        reconcile(view, service, desired)
    }
}

/// The Services that select a pod, or did before it changed.
fn route_pod(change: &Change, pod: &Pod, view: &View, keys: &mut Keys) {
    let old = change.old.as_ref().and_then(Object::as_pod);
    if change.verb == Verb::Modified && old.is_some_and(|old| same_endpoint(old, pod)) {
        return;
    }
    for (id, object) in view.list(Kind::Service, Some(&pod.meta.namespace)) {
        let Some(service) = object.as_service() else { continue };
        if selects(service, pod) || old.is_some_and(|old| selects(service, old)) {
            keys.add(id);
        }
    }
}

fn selects(service: &Service, pod: &Pod) -> bool {
    !service.selector.is_empty() && pod.meta.labels.contains_all(&service.selector)
}

/// Whether nothing changed that an endpoint shows.
fn same_endpoint(old: &Pod, new: &Pod) -> bool {
    old.status.pod_ip == new.status.pod_ip
        && old.is_ready() == new.is_ready()
        && old.meta.deletion.is_some() == new.meta.deletion.is_some()
        && old.status.phase.is_final() == new.status.phase.is_final()
        && old.node_name == new.node_name
        && old.meta.labels == new.meta.labels
}

/// `staging/src/k8s.io/endpointslice/utils.go`, podToEndpoint. A pod without an address, or one that has ended, is no endpoint.
fn endpoint(view: &View, service: &Service, pod: &Pod) -> Option<Endpoint> {
    if pod.status.phase.is_final() {
        return None;
    }
    let serving = pod.is_ready();
    let terminating = pod.meta.deletion.is_some();
    let zone = view.node_named(&pod.node_name).and_then(|(_, node)| node.meta.labels.get("topology.kubernetes.io/zone").cloned());
    Some(Endpoint {
        address: pod.status.pod_ip?,
        ready: (serving && !terminating) || service.publish_not_ready,
        serving,
        terminating,
        node_name: pod.node_name.clone(),
        zone: zone.unwrap_or_default(),
        pod_name: pod.meta.name.clone(),
        pod_uid: pod.meta.uid,
    })
}

/// The ports that a pod offers of those that a Service has.
fn ports(service: &Service, pod: &Pod) -> Vec<EndpointPort> {
    let containers = || pod.spec.containers.iter().flat_map(|c| &c.ports);
    let resolved = service.ports.iter().filter_map(|port| {
        let number = port.target_in(containers())?;
        Some(EndpointPort { name: port.name.clone(), protocol: port.protocol.clone(), port: Some(number) })
    });
    resolved.collect()
}

/// Per port mapping: update the slices that there are, fill those that change anyway, then one with room, then new ones.
fn reconcile(view: &View, service: &Service, mut desired: BTreeMap<Vec<EndpointPort>, BTreeMap<u128, Endpoint>>) -> Plan {
    let mut plan = Plan::nothing();
    let mut slices: Vec<(ObjectId, Arc<EndpointSlice>)> = view
        .list(Kind::EndpointSlice, Some(&service.meta.namespace))
        .filter_map(|(id, object)| Some((id, object.as_endpoint_slice()?.clone())))
        .filter(|(_, s)| {
            s.meta.labels.get(SERVICE_NAME) == Some(&service.meta.name) && s.meta.labels.get(MANAGED_BY).is_some_and(|m| *m == MANAGER)
        })
        .collect();
    if desired.is_empty() {
        // A Service without endpoints keeps one empty slice.
        match slices.split_first() {
            None => plan.then(Write::Create(new_slice(service, Vec::new(), Vec::new()).into())),
            Some(((id, first), others)) => {
                if !first.endpoints.is_empty() || !first.ports.is_empty() {
                    let next = EndpointSlice { ports: Vec::new(), endpoints: Arc::default(), ..(**first).clone() };
                    plan.then(Write::Update(*id, next.into()));
                }
                others.iter().for_each(|(id, _)| plan.then(Write::Delete(*id, DeleteOptions::default())));
            }
        }
        return explain(plan, service, 0);
    }
    let total = desired.values().map(BTreeMap::len).sum();
    // The empty slice that stood for no endpoints is taken for the first port mapping that has no slice yet.
    let homeless: Vec<Vec<EndpointPort>> =
        desired.keys().filter(|ports| !slices.iter().any(|(_, s)| s.ports == **ports)).cloned().collect();
    let placeholder = slices.iter().position(|(_, s)| s.endpoints.is_empty() && s.ports.is_empty());
    if let (Some(place), Some(ports)) = (placeholder, homeless.into_iter().next()) {
        let (id, slice) = &slices[place];
        slices[place] = (*id, Arc::new(EndpointSlice { ports, ..(**slice).clone() }));
    }
    for (id, slice) in &slices {
        let Some(wanted) = desired.get_mut(&slice.ports) else {
            plan.then(Write::Delete(*id, DeleteOptions::default()));
            continue;
        };
        let mut kept: Vec<Endpoint> = slice.endpoints.iter().filter_map(|e| wanted.remove(&e.pod_uid.0)).collect();
        let changed = kept != *slice.endpoints;
        let room = MAX_ENDPOINTS - kept.len().min(MAX_ENDPOINTS);
        let fill = changed || wanted.len() <= room;
        if fill {
            while kept.len() < MAX_ENDPOINTS
                && let Some((_, endpoint)) = wanted.pop_first()
            {
                kept.push(endpoint);
            }
        }
        if kept.is_empty() {
            plan.then(Write::Delete(*id, DeleteOptions::default()));
        } else if kept != *slice.endpoints {
            plan.then(Write::Update(*id, EndpointSlice { endpoints: Arc::new(kept), ..(**slice).clone() }.into()));
        }
    }
    for (ports, mut left) in desired {
        while !left.is_empty() {
            let mut endpoints = Vec::new();
            while endpoints.len() < MAX_ENDPOINTS
                && let Some((_, endpoint)) = left.pop_first()
            {
                endpoints.push(endpoint);
            }
            plan.then(Write::Create(new_slice(service, ports.clone(), endpoints).into()));
        }
    }
    explain(plan, service, total)
}

fn explain(mut plan: Plan, service: &Service, endpoints: usize) -> Plan {
    if !plan.is_empty() {
        plan.why = format!("{endpoints} pods with addresses match the selector of service {}", service.meta.name).into();
    }
    plan
}

fn new_slice(service: &Service, ports: Vec<EndpointPort>, endpoints: Vec<Endpoint>) -> EndpointSlice {
    let owner = OwnerReference {
        api_version: "v1".into(),
        kind: "Service".into(),
        name: service.meta.name.clone(),
        uid: service.meta.uid,
        controller: true,
        block_owner_deletion: true,
    };
    let mut labels: StrMap = service.meta.labels.clone();
    labels.set(SERVICE_NAME, service.meta.name.clone());
    labels.set(MANAGED_BY, MANAGER);
    if service.is_headless() {
        labels.set("service.kubernetes.io/headless", "");
    }
    let meta = Meta {
        generate_name: Str::from(format!("{}-", service.meta.name)),
        namespace: service.meta.namespace.clone(),
        labels,
        owners: Some(Arc::new(vec![owner])),
        ..Meta::default()
    };
    EndpointSlice { meta, ports, endpoints: Arc::new(endpoints), manual: Arc::new(Value::Null) }
}
