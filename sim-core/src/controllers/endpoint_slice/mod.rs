//! The EndpointSlice controller: for each Service the addresses of the pods that its selector matches, at most 100 to a slice.
//!
//! Mirrors `pkg/controller/endpointslice/endpointslice_controller.go` and `staging/src/k8s.io/endpointslice/{reconciler,utils}.go`, v1.36.
//! `packing` puts endpoints into slices, `topology` and `traffic` say who should use which, `ports` are what a slice's endpoints share.
//! Left out: dual stack, the limit of 15 retries. `--endpoint-updates-batch-period` is 0, as by default. Seen in
//! `scenarios/rolling-update.yaml`.

mod packing;
pub(super) mod ports;
#[cfg(test)]
mod tests;
mod topology;
mod traffic;

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::{Str, Uid};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::service::{Endpoint, EndpointPort, EndpointSlice, Hints, Service};
use crate::api::status::ApiError;
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The label that names a slice's Service.
pub(super) const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// The label that names the controller that keeps a slice.
pub(super) const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
/// The label of slices and Endpoints of a Service without an address of its own.
const HEADLESS: &str = "service.kubernetes.io/headless";
/// The annotation that tells when the change happened that a slice shows.
pub(super) const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// `endpointSliceChangeMinSyncDelay`: others may be about to change more than one slice.
const SLICE_CHANGE_DELAY: SimDuration = SimDuration::from_secs(1);
/// How long a sync waits for the cache to show what the last one wrote. Upstream it fails and comes again after a second; but there the
/// cache has mostly seen a write before the answer to it comes, which here it never has.
pub(super) const STALE: (SimDuration, SimDuration) = (SimDuration::from_millis(5), SimDuration::from_secs(1));

/// A slice that there is.
pub(super) type Slice = (ObjectId, Arc<EndpointSlice>);
/// Endpoints by the UIDs of their pods.
type Endpoints = BTreeMap<u128, Endpoint>;
/// The endpoints that there should be, by their ports.
type Desired = BTreeMap<Vec<EndpointPort>, Endpoints>;
/// An event about the Service.
type Said = (EventType, &'static str, String);

/// The controller.
pub struct EndpointSliceController;

impl Controller for EndpointSliceController {
    const NAME: &'static str = "endpointslice-controller";
    const SIGNS_AS: &'static str = "endpoint-slice-controller";
    const WORKERS: usize = 5;
    const BACKOFF: (SimDuration, SimDuration) = (SimDuration::from_secs(1), SimDuration::from_secs(1000));

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match &change.object {
            Object::Service(_) => keys.add(change.id),
            Object::Pod(pod) => route_pod(change, pod, view, keys),
            Object::EndpointSlice(_) => route_slice(change, view, MANAGER, |service| keys.add_after(service, SLICE_CHANGE_DELAY)),
            Object::Node(_) => topology::route_node(change, view, keys),
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, settled: bool) -> Plan {
        let Some(service) = view.service(key) else { return Plan::nothing() };
        if service.selector.is_empty() || service.service_type() == "ExternalName" {
            return Plan::nothing();
        }
        if !settled {
            return Plan { retry: Some(STALE), ..Plan::nothing() };
        }
        let existing = slices_of(view, service, MANAGER);
        let (desired, lost) = desired(view, service);
        let trigger = trigger(view, service, &existing, &desired);
        let total = desired.values().map(BTreeMap::len).sum();
        let mut packed = packing::pack(service, &existing, desired);
        let said = hint(view, service, &existing, &mut packed);
        let mut plan = packed.into_plan(service, trigger.map(|at| view.flags().epoch.rfc3339(at)));
        explain(&mut plan, service, total);
        let about = || ObjectReference::seen(Kind::Service, &service.meta);
        said.into_iter().for_each(|(event_type, reason, message)| plan.report(about(), event_type, reason, message));
        if !lost.is_empty() {
            plan.report(about(), EventType::Warning, FAILED, failed(service, &lost));
            plan.retry = Some(Self::BACKOFF);
        }
        plan
    }

    fn on_error(view: &View, key: ObjectId, _: Option<&Object>, write: &Write, error: &ApiError, _: SimTime) -> Plan {
        let mut plan = Plan::nothing();
        // Creates in a namespace that is going fail, and nothing is to be said of that.
        let Some(service) = view.service(key).filter(|_| !error.message.contains("because it is being terminated")) else { return plan };
        let of = format!("EndpointSlice for Service {}/{}", service.meta.namespace, service.meta.name);
        let name = || write.target().and_then(|id| view.get(id)).map(|slice| slice.meta().name.clone()).unwrap_or_default();
        let what = match write {
            Write::Create(_) => format!("failed to create {of}"),
            Write::Delete(..) => format!("failed to delete {} {of}", name()),
            _ => format!("failed to update {} {of}", name()),
        };
        let about = ObjectReference::seen(Kind::Service, &service.meta);
        plan.report(about, EventType::Warning, FAILED, failed(service, &[format!("{what}: {}", error.message)]));
        plan
    }
}

/// The reason of what goes wrong.
const FAILED: &str = "FailedToUpdateEndpointSlices";

fn failed(service: &Service, errors: &[String]) -> String {
    let errors = if let [error] = errors { error.clone() } else { format!("[{}]", errors.join(", ")) };
    format!("Error updating Endpoint Slices for Service {}/{}: {errors}", service.meta.namespace, service.meta.name)
}

fn explain(plan: &mut Plan, service: &Service, endpoints: usize) {
    if !plan.is_empty() {
        plan.why = format!("{endpoints} pods with addresses match the selector of service {}", service.meta.name).into();
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

/// The Services of a slice that somebody else has changed: what a controller writes itself carries no other owner of fields than before.
pub(super) fn route_slice(change: &Change, view: &View, manager: &str, mut tell: impl FnMut(ObjectId)) {
    let (new, old) = (change.object.meta(), change.old.as_ref().map(Object::meta));
    let is_ours = [Some(new), old].into_iter().flatten().any(|meta| meta.labels.get(MANAGED_BY).is_some_and(|by| *by == manager));
    let by_others = match change.verb {
        Verb::Added => new.managers.is_some(),
        Verb::Modified => old.is_some_and(|old| old.managers != new.managers),
        Verb::Deleted => true,
    };
    if !is_ours || !by_others {
        return;
    }
    let names = [Some(new), old].into_iter().flatten().filter_map(|meta| meta.labels.get(SERVICE_NAME));
    names.filter_map(|name| view.find(Kind::Service, &new.namespace, name)).for_each(&mut tell);
}

/// A Service's slices that a controller keeps. Those that are being deleted don't count.
pub(super) fn slices_of(view: &View, service: &Service, manager: &str) -> Vec<Slice> {
    let all = view.list(Kind::EndpointSlice, Some(&service.meta.namespace));
    let slices = all.filter_map(|(id, object)| Some((id, object.as_endpoint_slice()?.clone())));
    let ours = slices.filter(|(_, slice)| {
        let labels = &slice.meta.labels;
        labels.get(SERVICE_NAME) == Some(&service.meta.name) && labels.get(MANAGED_BY).is_some_and(|by| *by == manager)
    });
    ours.filter(|(_, slice)| slice.meta.deletion.is_none()).collect()
}

/// The endpoints that there should be, by their ports, and what is wrong with pods whose node isn't there.
fn desired(view: &View, service: &Service) -> (Desired, Vec<String>) {
    let (mut desired, mut lost) = (Desired::new(), Vec::new());
    for (_, pod) in view.pods_matching(&service.meta.namespace, |labels| labels.contains_all(&service.selector)) {
        let Some(address) = pod.status.pod_ip.filter(|_| !pod.status.phase.is_final()) else { continue };
        let group = desired.entry(ports::of(service, pod)).or_default();
        let node = view.node_named(&pod.node_name).map(|(_, node)| node);
        if node.is_none() && !service.publish_not_ready {
            let of = format!("Service {}/{}: Node {} Not Found", service.meta.namespace, service.meta.name, pod.node_name);
            lost.push(format!("skipping Pod {} for {of}", pod.meta.name));
            continue;
        }
        let zone = node.and_then(|node| node.meta.labels.get(topology::ZONE).cloned()).unwrap_or_default();
        group.insert(pod.meta.uid.0, endpoint(service, pod, address, zone));
    }
    (desired, lost)
}

/// `utils.go`, podToEndpoint.
fn endpoint(service: &Service, pod: &Pod, address: Ipv4Addr, zone: Str) -> Endpoint {
    let serving = pod.is_ready();
    let terminating = pod.meta.deletion.is_some();
    let of_spec = |field: &str| pod.spec.tree[field].as_str().unwrap_or_default();
    let hostname = if of_spec("subdomain") == service.meta.name.as_str() { of_spec("hostname") } else { "" };
    Endpoint {
        address,
        ready: (serving && !terminating) || service.publish_not_ready,
        serving,
        terminating,
        hostname: hostname.to_owned().into(),
        node_name: pod.node_name.clone(),
        zone,
        hints: Hints::default(),
        pod_name: pod.meta.name.clone(),
        pod_uid: pod.meta.uid,
        triggered: ready_changed(pod).unwrap_or(SimTime::ZERO),
    }
}

fn ready_changed(pod: &Pod) -> Option<SimTime> {
    pod.status.condition("Ready").map(|condition| condition.last_transition)
}

/// When the first change happened since the slices were written last; of a new Service, when it was made. `trigger_time_tracker.go`, which
/// remembers all pods; here the slices' own endpoints do.
fn trigger(view: &View, service: &Service, existing: &[Slice], desired: &Desired) -> Option<SimTime> {
    if existing.is_empty() {
        return Some(service.meta.created);
    }
    let known: BTreeMap<u128, SimTime> =
        existing.iter().flat_map(|(_, slice)| slice.endpoints.iter()).map(|endpoint| (endpoint.pod_uid.0, endpoint.triggered)).collect();
    let now = desired.values().flatten().map(|(uid, endpoint)| (*uid, endpoint.triggered));
    let ended = known.keys().filter(|uid| !desired.values().any(|group| group.contains_key(uid))).filter_map(|uid| {
        let pod = view.pod(view.find_uid(Uid::from_bits(*uid))?)?;
        selects(service, pod).then(|| ready_changed(pod).map(|at| (*uid, at))).flatten()
    });
    now.chain(ended).filter(|(uid, at)| known.get(uid).is_none_or(|before| at > before)).map(|(_, at)| at).min()
}

/// Says who should use which endpoint, as the Service wants it.
fn hint(view: &View, service: &Service, existing: &[Slice], packed: &mut packing::Packed) -> Vec<Said> {
    if topology::is_wanted(service) {
        return topology::allot(view, existing, packed);
    }
    let mut said = Vec::new();
    if topology::is_allotted(existing) {
        said.push(topology::disabled("Topology Aware Hints has been disabled"));
    }
    match traffic::Distribution::of(service) {
        Some(distribution) => distribution.apply(packed),
        None => topology::remove(packed),
    }
    said
}
