//! The EndpointSlice mirroring controller: what a user writes into the Endpoints of a Service without a selector becomes slices, for slices
//! are what proxies read.
//!
//! Mirrors `pkg/controller/endpointslicemirroring/{endpointslicemirroring_controller,reconciler,utils}.go` and `pkg/api/v1/endpoints/util.go`
//! (RepackSubsets), v1.36. Left out: the limit of 15 retries.

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::{Meta, OwnerReference, StrMap};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::record::Record;
use crate::api::service::{EndpointPort, EndpointSlice, Service};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::controllers::endpoint_slice::{MANAGED_BY, SERVICE_NAME, STALE, Slice, TRIGGER_TIME, ports, route_slice, slices_of};
use crate::kernel::time::{Epoch, SimDuration, SimTime};
use crate::store::{Change, Verb};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
/// Endpoints with this label aren't mirrored.
const SKIP_MIRROR: &str = "endpointslice.kubernetes.io/skip-mirror";
/// Nor are those that serve to elect a leader.
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
/// An annotation that is the user's tool's own.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// `--mirroring-max-endpoints-per-subset`
const MAX_PER_SUBSET: usize = 1000;

/// The controller. Its keys are Services, and slices of Services that are gone.
pub struct EndpointSliceMirroringController;

impl Controller for EndpointSliceMirroringController {
    const NAME: &'static str = "endpointslice-mirroring-controller";
    const SIGNS_AS: &'static str = "endpoint-slice-mirroring-controller";
    const WORKERS: usize = 5;
    const BACKOFF: (SimDuration, SimDuration) = (SimDuration::from_secs(1), SimDuration::from_secs(100));

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match &change.object {
            Object::Service(service) => {
                let old = change.old.as_ref().and_then(Object::as_service).filter(|_| change.verb == Verb::Modified);
                let same = |old: &Service| old.selector.is_empty() == service.selector.is_empty();
                match change.verb {
                    Verb::Deleted => keys.extend(slices_of(view, service, MANAGER).into_iter().map(|(id, _)| id)),
                    _ if old.is_some_and(|old| same(old)) || (old.is_none() && !service.selector.is_empty()) => {}
                    _ => keys.add(change.id),
                }
            }
            Object::Record(endpoints) if change.id.kind == Kind::Endpoints => {
                let old = change.old.as_ref().and_then(Object::as_record);
                let concerns = is_mirrored(endpoints) || old.is_some_and(|old| is_mirrored(old));
                keys.extend(view.find(Kind::Service, &endpoints.meta.namespace, &endpoints.meta.name).filter(|_| concerns));
            }
            Object::EndpointSlice(_) => route_slice(change, view, MANAGER, |service| keys.add(service)),
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        let Some(service) = view.service(key) else {
            if view.endpoint_slice(key).is_some_and(|slice| slice.meta.labels.get(MANAGED_BY).is_some_and(|by| *by == MANAGER)) {
                plan.then(Write::Delete(key, DeleteOptions::default()));
            }
            return plan;
        };
        let endpoints = view.find(Kind::Endpoints, &service.meta.namespace, &service.meta.name).and_then(|id| view.get(id)?.as_record());
        let existing = slices_of(view, service, MANAGER);
        let Some(endpoints) = endpoints.filter(|endpoints| is_mirrored(endpoints) && service.selector.is_empty()) else {
            existing.into_iter().for_each(|(id, _)| plan.then(Write::Delete(id, DeleteOptions::default())));
            return plan;
        };
        if !settled {
            plan.retry = Some(STALE);
            return plan;
        }
        mirror(&mut plan, endpoints, existing);
        if !plan.is_empty() {
            plan.why = format!("somebody wrote the Endpoints of service {}, which has no selector", service.meta.name).into();
        }
        plan
    }
}

/// `endpointslicemirroring_controller.go`, shouldMirror.
fn is_mirrored(endpoints: &Record) -> bool {
    endpoints.meta.labels.get(SKIP_MIRROR).is_none_or(|skip| *skip != "true") && endpoints.meta.annotations.get(LEADER).is_none()
}

/// What tells the slices of one Endpoints object apart: the kind of address, and the ports.
type Group = (&'static str, Vec<EndpointPort>);
/// Ports, and addresses with whether they are ready.
type Subset = (Vec<EndpointPort>, Vec<(bool, Value)>);
/// The same addresses by IP and the UID of their target.
type ByAddress = BTreeMap<(String, String), (bool, Value)>;
/// Endpoints by what tells them apart: address, hostname, target.
type Trees = BTreeMap<String, Value>;

/// Writes what isn't as it should be: one slice for each group.
fn mirror(plan: &mut Plan, endpoints: &Arc<Record>, existing: Vec<Slice>) {
    let (desired, invalid, skipped) = desired(endpoints);
    let about = || ObjectReference::seen(Kind::Endpoints, &endpoints.meta);
    if invalid > 0 {
        let message = format!("Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices");
        plan.report(about(), EventType::Warning, "InvalidIPAddress", message);
    }
    if skipped > invalid {
        let message = format!(
            "A max of {MAX_PER_SUBSET} addresses can be mirrored to EndpointSlices per Endpoints subset. {skipped} addresses were skipped"
        );
        plan.report(about(), EventType::Warning, "TooManyAddressesToMirror", message);
    }
    let mut groups: BTreeMap<Group, Vec<Slice>> = BTreeMap::new();
    existing.into_iter().for_each(|(id, slice)| groups.entry(group_of(&slice)).or_default().push((id, slice)));
    let (mut create, mut update, mut delete) = (Vec::new(), Vec::new(), Vec::new());
    for (group, trees) in desired.into_iter().filter(|(_, trees)| !trees.is_empty()) {
        let mut slices = groups.remove(&group).unwrap_or_default().into_iter();
        match slices.next() {
            None => create.push(new_slice(endpoints, &group, trees)),
            Some((_, first)) if is_same(endpoints, &first, &trees) => {}
            Some((id, first)) => update.push((id, renamed(new_slice(endpoints, &group, trees), &first))),
        }
        delete.extend(slices);
    }
    delete.extend(groups.into_values().flatten());
    // What would be created takes the place of what would be deleted, if it has the same kind of address.
    create.retain(|new: &EndpointSlice| {
        let fits = |(_, old): &Slice| address_type(old) == address_type(new);
        let Some(place) = delete.iter().position(fits) else { return true };
        let (id, old) = delete.remove(place);
        update.push((id, renamed(new.clone(), &old)));
        false
    });
    if endpoints.meta.deletion.is_none() {
        create.into_iter().for_each(|slice| plan.then(Write::Create(slice.into())));
    }
    update.into_iter().for_each(|(id, slice)| plan.then(Write::Update(id, slice.into())));
    delete.into_iter().for_each(|(id, _)| plan.then(Write::Delete(id, DeleteOptions::default())));
}

/// The endpoints that there should be, how many addresses are none, and how many in all were left out.
fn desired(endpoints: &Record) -> (BTreeMap<Group, Trees>, usize, usize) {
    let (mut desired, mut invalid, mut skipped) = (BTreeMap::<Group, Trees>::new(), 0, 0);
    for (ports, addresses) in repacked(&endpoints.body["subsets"]) {
        let (total, mut added) = (addresses.len(), 0);
        for (ready, address) in addresses {
            if added == MAX_PER_SUBSET {
                break;
            }
            let Some((kind, tree)) = endpoint(&address, ready) else {
                invalid += 1;
                continue;
            };
            added += 1;
            desired.entry((kind, ports.clone())).or_default().insert(identity(&tree), tree);
        }
        skipped += total - added;
    }
    (desired, invalid, skipped)
}

/// Subsets as they should be written: ports that are offered by the same addresses stand together. Each address with whether it is ready,
/// ready ones first; one that is said to be both isn't.
fn repacked(subsets: &Value) -> Vec<Subset> {
    let list = |tree: &Value, field: &str| tree[field].as_array().cloned().unwrap_or_default();
    let mut by_port: BTreeMap<Option<EndpointPort>, ByAddress> = BTreeMap::new();
    for subset in subsets.as_array().into_iter().flatten() {
        let mut ports: Vec<Option<EndpointPort>> = list(subset, "ports").iter().map(|port| Some(EndpointPort::from_tree(port))).collect();
        if ports.is_empty() {
            ports.push(None);
        }
        for (field, ready) in [("addresses", true), ("notReadyAddresses", false)] {
            for address in list(subset, field) {
                let key = (text(&address, "ip"), text(&address["targetRef"], "uid"));
                for port in &ports {
                    let known = by_port.entry(port.clone()).or_default().entry(key.clone()).or_insert((ready, address.clone()));
                    known.0 &= ready;
                }
            }
        }
    }
    let mut groups: Vec<Subset> = Vec::new();
    for (port, addresses) in by_port {
        let mut addresses: Vec<(bool, Value)> = addresses.into_values().collect();
        addresses.sort_by_key(|(ready, _)| !ready);
        match groups.iter_mut().find(|(_, others)| *others == addresses) {
            Some((ports, _)) => ports.extend(port),
            None => groups.push((port.into_iter().collect(), addresses)),
        }
    }
    groups.into_iter().map(|(ports, addresses)| (ports::sorted(ports), addresses)).collect()
}

fn text(tree: &Value, field: &str) -> String {
    tree[field].as_str().unwrap_or_default().to_owned()
}

/// `utils.go`, addressToEndpoint: with the kind of address; `None` if it is none.
fn endpoint(address: &Value, ready: bool) -> Option<(&'static str, Value)> {
    let ip: IpAddr = address["ip"].as_str()?.parse().ok()?;
    let mut tree = Map::new();
    tree.insert("addresses".into(), json!([ip.to_string()]));
    tree.insert("conditions".into(), json!({"ready": ready}));
    for field in ["targetRef", "nodeName", "hostname"] {
        if let Some(value) = address.get(field).filter(|value| !value.is_null() && *value != "") {
            tree.insert(field.into(), value.clone());
        }
    }
    Some((if ip.is_ipv4() { "IPv4" } else { "IPv6" }, Value::Object(tree)))
}

fn identity(endpoint: &Value) -> String {
    let target = &endpoint["targetRef"];
    [&endpoint["addresses"], &endpoint["hostname"], &target["namespace"], &target["name"]].map(Value::to_string).join(" ")
}

fn address_type(slice: &EndpointSlice) -> &'static str {
    if slice.manual["addressType"] == "IPv6" { "IPv6" } else { "IPv4" }
}

fn group_of(slice: &EndpointSlice) -> Group {
    let written = slice.manual["ports"].as_array().map(|ports| ports.iter().map(EndpointPort::from_tree).collect());
    (address_type(slice), ports::sorted(written.unwrap_or_else(|| slice.ports.clone())))
}

/// Whether a slice says what it should: its endpoints in any order, and labels and annotations as the Endpoints have them.
fn is_same(endpoints: &Record, slice: &EndpointSlice, trees: &Trees) -> bool {
    let tree = slice.to_tree(Epoch::default());
    let own: Trees = tree["endpoints"].as_array().into_iter().flatten().map(|endpoint| (identity(endpoint), endpoint.clone())).collect();
    own == *trees && slice.meta.labels == labels(&endpoints.meta) && slice.meta.annotations == annotations(&endpoints.meta)
}

fn labels(endpoints: &Meta) -> StrMap {
    let mut labels = endpoints.labels.clone();
    labels.set(SERVICE_NAME, endpoints.name.clone());
    labels.set(MANAGED_BY, MANAGER);
    labels
}

fn annotations(endpoints: &Meta) -> StrMap {
    let mut annotations = endpoints.annotations.clone();
    [TRIGGER_TIME, LAST_APPLIED].into_iter().for_each(|key| annotations.remove(key));
    annotations
}

fn new_slice(endpoints: &Record, (kind, ports): &Group, trees: Trees) -> EndpointSlice {
    let owner = OwnerReference {
        api_version: "v1".into(),
        kind: "Endpoints".into(),
        name: endpoints.meta.name.clone(),
        uid: endpoints.meta.uid,
        controller: true,
        block_owner_deletion: true,
    };
    let meta = Meta {
        generate_name: format!("{}-", endpoints.meta.name).into(),
        namespace: endpoints.meta.namespace.clone(),
        labels: labels(&endpoints.meta),
        annotations: annotations(&endpoints.meta),
        owners: Some(Arc::new(vec![owner])),
        ..Meta::default()
    };
    let tree = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": kind,
        "endpoints": trees.into_values().take(MAX_PER_SUBSET).collect::<Vec<_>>(),
        "ports": if ports.is_empty() { Value::Null } else { ports.iter().map(EndpointPort::to_tree).collect() },
    });
    EndpointSlice::from_tree(meta, &tree, None)
}

/// The same in the place of a slice that there is.
fn renamed(mut slice: EndpointSlice, old: &EndpointSlice) -> EndpointSlice {
    slice.meta = Meta {
        labels: slice.meta.labels,
        annotations: slice.meta.annotations,
        owners: slice.meta.owners,
        resource_version: 0,
        ..old.meta.clone()
    };
    slice
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::plan::Step;
    use crate::client::view::tests::view_of;

    fn endpoints(subsets: &Value) -> Value {
        json!({"kind": "Endpoints", "apiVersion": "v1", "metadata": {"name": "db", "namespace": "default", "labels": {"a": "b"}}, "subsets": subsets})
    }

    fn plan(subsets: &Value) -> Plan {
        let service = json!({"kind": "Service", "apiVersion": "v1", "metadata": {"name": "db", "namespace": "default"}, "spec": {}});
        let view = view_of(&[service, endpoints(subsets)]);
        EndpointSliceMirroringController::sync(&view, ObjectId { kind: Kind::Service, number: 0 }, SimTime::ZERO, true)
    }

    fn created(plan: &Plan) -> Vec<Value> {
        let slices = plan.steps.iter().filter_map(|step| match step {
            Step::One(Write::Create(Object::EndpointSlice(slice))) => Some(slice.to_tree(Epoch::default())),
            _ => None,
        });
        slices.collect()
    }

    #[test]
    fn endpoints_become_slices() {
        let port = |name: &str, port: i32| json!({"name": name, "port": port, "protocol": "TCP"});
        let all =
            created(&plan(&json!([{"addresses": [{"ip": "10.1.0.1"}, {"ip": "10.1.0.2", "hostname": "b"}], "ports": [port("pg", 5432)]}])));
        assert_eq!(all.len(), 1);
        assert_eq!(all[0]["ports"], json!([port("pg", 5432)]));
        assert_eq!(all[0]["endpoints"][1], json!({"addresses": ["10.1.0.2"], "conditions": {"ready": true}, "hostname": "b"}));
        assert_eq!(all[0]["metadata"]["labels"], json!({"a": "b", "kubernetes.io/service-name": "db", MANAGED_BY: MANAGER}));
        // The same addresses with two ports are one slice, whoever is ready goes first; other addresses are another.
        let subset = |ip: &str, name: &str, number: i32| json!({"addresses": [{"ip": ip}], "ports": [port(name, number)]});
        assert_eq!(created(&plan(&json!([subset("10.1.0.1", "a", 1), subset("10.1.0.1", "b", 2)]))).len(), 1);
        assert_eq!(created(&plan(&json!([subset("10.1.0.1", "a", 1), subset("10.1.0.2", "b", 2), subset("fd00::1", "a", 1)]))).len(), 3);
        let sick = created(&plan(&json!([{"notReadyAddresses": [{"ip": "10.1.0.1"}]}])));
        assert_eq!(sick[0]["endpoints"][0]["conditions"]["ready"], false);
    }

    #[test]
    fn what_is_no_address_is_left_out() {
        let plan = plan(&json!([{"addresses": [{"ip": "10.1.0.1"}, {"ip": "nonsense"}]}]));
        assert!(
            matches!(&plan.steps[0], Step::Report(report) if report.message == "Skipped 1 invalid IP addresses when mirroring to EndpointSlices")
        );
        assert_eq!(created(&plan)[0]["endpoints"].as_array().map(Vec::len), Some(1));
    }
}
