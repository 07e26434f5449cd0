//! The Gateway API as NGINX Gateway Fabric 2 implements it: it makes the pods of each Gateway with their Service, and writes into the status of
//! classes, Gateways and routes what it makes of them. What becomes of requests is the network's (`net/gateway`).
//!
//! Mirrors `internal/controller/{handler,status/prepare_requests,provisioner/objects,state/conditions/conditions}.go` of nginx-gateway-fabric.
//! It is there as long as a pod of its Deployment is ready. Left out: routes of other kinds than HTTPRoute, policies, NginxProxy, grants
//! for references to other namespaces (nobody can give them here), `supportedFeatures` of a class.

mod data_plane;
mod status;

use crate::api::object::{Kind, Object, ObjectId};
use crate::api::record::Record;
use crate::api::routing::{self, GATEWAY_CLASS, GATEWAY_CONTROLLER, GATEWAY_CONTROLLER_POD, GATEWAY_NAME, is_of_class, names_gateway};
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::{Controller, has_come, is_about, is_running};
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use serde_json::Value;
use std::sync::Arc;

/// The kinds whose status is written here.
const KINDS: [Kind; 3] = [Kind::GatewayClass, Kind::Gateway, Kind::HTTPRoute];

/// The controller. Its keys are classes, Gateways and routes, and what was made for Gateways that are gone.
pub struct GatewayController;

impl Controller for GatewayController {
    const NAME: &'static str = "nginx-gateway-controller";
    const WORKERS: usize = 1;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        let meta = change.object.meta();
        let comes_or_goes = change.verb != Verb::Modified;
        match change.id.kind {
            Kind::GatewayClass => {
                keys.add(change.id);
                everything(view, keys);
            }
            Kind::Gateway => {
                match change.verb {
                    Verb::Deleted => keys.extend(data_plane::made_for(view, meta)),
                    _ => keys.add(change.id),
                }
                routes(view).filter(|(_, route)| names(route, meta)).for_each(|(id, _)| keys.add(id));
            }
            Kind::HTTPRoute => {
                if change.verb != Verb::Deleted {
                    keys.add(change.id);
                }
                let both = [Some(&change.object), change.old.as_ref()];
                let both: Vec<&Arc<Record>> = both.into_iter().flatten().filter_map(Object::as_record).collect();
                let named = gateways(view).filter(|(_, gateway)| both.iter().any(|route| names(route, &gateway.meta)));
                named.for_each(|(id, _)| keys.add(id));
            }
            Kind::Deployment if is_about(change, GATEWAY_CONTROLLER_POD) && has_come(change) => everything(view, keys),
            Kind::Deployment | Kind::Service | Kind::ServiceAccount if meta.labels.get(GATEWAY_NAME).is_some() => {
                let gateway = meta.labels.get(GATEWAY_NAME).and_then(|name| view.find(Kind::Gateway, &meta.namespace, name));
                keys.extend(gateway);
            }
            Kind::Service if comes_or_goes && view.has(Kind::HTTPRoute) => {
                routes(view).filter(|(_, route)| route.meta.namespace == meta.namespace).for_each(|(id, _)| keys.add(id));
            }
            Kind::Secret if comes_or_goes && view.has(Kind::Gateway) => {
                gateways(view).filter(|(_, gateway)| gateway.meta.namespace == meta.namespace).for_each(|(id, _)| keys.add(id));
            }
            // Listeners may choose routes by the labels of their namespaces.
            Kind::Namespace if view.has(Kind::Gateway) => everything(view, keys),
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, _settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        let Some(object) = view.get(key).filter(|_| is_running(view, GATEWAY_CONTROLLER_POD)) else { return plan };
        let Object::Record(record) = object.clone() else { return data_plane::forget(view, key) };
        let time = view.flags().epoch.rfc3339(now.truncated_to_secs());
        match key.kind {
            Kind::GatewayClass if record.body["spec"]["controllerName"] == GATEWAY_CONTROLLER => {
                write(&mut plan, key, &record, status::of_class(&record, &time));
            }
            Kind::Gateway if is_ours(view, &record) => {
                data_plane::ensure(view, &record, &mut plan);
                write(&mut plan, key, &record, status::of_gateway(view, &record, &time));
            }
            Kind::HTTPRoute => {
                if let Some(status) = status::of_route(view, &record, &time) {
                    write(&mut plan, key, &record, status);
                }
            }
            Kind::ServiceAccount => return data_plane::forget(view, key),
            _ => {}
        }
        plan
    }
}

/// Writes a status, unless it says the same already, whenever that was.
fn write(plan: &mut Plan, key: ObjectId, record: &Arc<Record>, status: Value) {
    if status::without_times(&record.body["status"]) == status::without_times(&status) {
        return;
    }
    if plan.why.is_empty() {
        plan.why = format!("the status of {} {} is out of date", record.kind.as_str(), record.meta.name).into();
    }
    let mut body = (*record.body).clone();
    body["status"] = status;
    let mut changed = Record { body: Arc::new(body), ..(**record).clone() };
    // A patch: whatever else has changed meanwhile.
    changed.meta.resource_version = 0;
    plan.then(Write::UpdateStatus(key, changed.into()));
}

fn everything(view: &View, keys: &mut Keys) {
    for kind in KINDS {
        keys.extend(view.list(kind, None).map(|(id, _)| id));
    }
}

/// Whether a Gateway is of the class that is taken up, and the class is there.
fn is_ours(view: &View, gateway: &Record) -> bool {
    let class = view.find(Kind::GatewayClass, "", GATEWAY_CLASS).and_then(|id| view.get(id)?.as_record());
    is_of_class(gateway) && class.is_some_and(|class| class.body["spec"]["controllerName"] == GATEWAY_CONTROLLER)
}

fn records(view: &View, kind: Kind) -> impl Iterator<Item = (ObjectId, &Arc<Record>)> {
    view.list(kind, None).filter_map(|(id, object)| Some((id, object.as_record()?)))
}

fn gateways(view: &View) -> impl Iterator<Item = (ObjectId, &Arc<Record>)> {
    records(view, Kind::Gateway)
}

fn routes(view: &View) -> impl Iterator<Item = (ObjectId, &Arc<Record>)> {
    records(view, Kind::HTTPRoute)
}

fn list(tree: &Value) -> &[Value] {
    tree.as_array().map_or(&[], Vec::as_slice)
}

fn parents(route: &Record) -> &[Value] {
    list(&route.body["spec"]["parentRefs"])
}

fn names(route: &Record, gateway: &crate::api::meta::Meta) -> bool {
    parents(route).iter().any(|parent| names_gateway(parent, &route.meta, gateway))
}

/// Whether a listener takes a route's namespace.
fn admits(view: &View, listener: &Value, gateway: &Record, route: &Record) -> bool {
    let namespace = view.find(Kind::Namespace, "", &route.meta.namespace).and_then(|id| view.get(id));
    routing::admits(listener, &gateway.meta, &route.meta, namespace.map(|namespace| &namespace.meta().labels))
}

#[cfg(test)]
mod tests;
