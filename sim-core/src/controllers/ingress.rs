//! ingress-nginx as the API sees it: it tells which Ingresses it took up, and writes where it is reached into their status. What it makes of
//! requests is the network's (`net/ingress`).
//!
//! Mirrors `internal/ingress/controller/store/store.go` (its event handlers) and `internal/ingress/status/status.go`, as started with
//! `--publish-service`. The real one writes every 60 seconds; here it does whenever there is something to write. It is there as long as a pod
//! of its Deployment is ready. Left out: addresses of nodes instead of a Service's, clearing the status when the last replica ends, one
//! event from each of several replicas.

use crate::api::event::{EventType, ObjectReference};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::record::Record;
use crate::api::routing::{INGRESS_CONTROLLER, INGRESS_CONTROLLER_POD, SYNC, is_served};
use crate::api::service::Service;
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::{Controller, has_come, is_about, is_running};
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use serde_json::{Value, json};
use std::sync::Arc;

/// The controller.
pub struct IngressController;

impl Controller for IngressController {
    const NAME: &'static str = "nginx-ingress-controller";
    const WORKERS: usize = 1;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match change.id.kind {
            Kind::Ingress if change.verb != Verb::Deleted && is_running(view, INGRESS_CONTROLLER_POD) => {
                if let Some(ingress) = change.object.as_record().filter(|ingress| is_ours(view, ingress)) {
                    tell(ingress, keys);
                    keys.add(change.id);
                }
            }
            // Once it is there, it takes up what is there.
            Kind::Deployment if is_about(change, INGRESS_CONTROLLER_POD) && has_come(change) => {
                ours(view).for_each(|(id, ingress)| {
                    tell(ingress, keys);
                    keys.add(id);
                });
            }
            Kind::Service if is_about(change, INGRESS_CONTROLLER_POD) => keys.extend(ours(view).map(|(id, _)| id)),
            Kind::IngressClass => keys.extend(ours(view).map(|(id, _)| id)),
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        let Some(ingress) = view.get(key).and_then(Object::as_record).filter(|ingress| is_ours(view, ingress)) else { return plan };
        let (namespace, name) = INGRESS_CONTROLLER_POD;
        let service = view.find(Kind::Service, namespace, name).and_then(|id| view.service(id));
        let Some(service) = service.filter(|_| is_running(view, INGRESS_CONTROLLER_POD)) else { return plan };
        let reached = reached_at(service);
        let written = &ingress.body["status"]["loadBalancer"]["ingress"];
        if written.as_array().map_or(&[][..], Vec::as_slice) == reached.as_slice() {
            return plan;
        }
        plan.why = format!("ingress {} is reached at its controller's address", ingress.meta.name).into();
        let mut body = (*ingress.body).clone();
        body["status"] = if reached.is_empty() { json!({"loadBalancer": {}}) } else { json!({"loadBalancer": {"ingress": reached}}) };
        plan.then(Write::UpdateStatus(key, Record { body: Arc::new(body), ..(**ingress).clone() }.into()));
        plan
    }
}

fn tell(ingress: &Record, keys: &mut Keys) {
    keys.report(ObjectReference::seen(Kind::Ingress, &ingress.meta), EventType::Normal, SYNC.0, SYNC.1.to_owned());
}

fn is_ours(view: &View, ingress: &Record) -> bool {
    is_served(ingress, &classes(view))
}

fn classes(view: &View) -> Vec<&Arc<Record>> {
    let all = view.list(Kind::IngressClass, None).filter_map(|(_, object)| object.as_record());
    all.filter(|class| class.body["spec"]["controller"] == INGRESS_CONTROLLER).collect()
}

fn ours(view: &View) -> impl Iterator<Item = (ObjectId, &Arc<Record>)> {
    let classes = classes(view);
    let all = view.list(Kind::Ingress, None).filter_map(|(id, object)| Some((id, object.as_record()?)));
    all.filter(move |(_, ingress)| is_served(ingress, &classes))
}

/// Where a Service's pods are reached: `statusAddressFromService`.
fn reached_at(service: &Service) -> Vec<Value> {
    let external = || service.spec["externalIPs"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let cluster_ip = || service.spec["clusterIP"].as_str().map(str::to_owned);
    let mut addresses: Vec<String> = match service.service_type() {
        "ExternalName" => return service.spec["externalName"].as_str().map(|name| json!({"hostname": name})).into_iter().collect(),
        "LoadBalancer" => service.ingress.iter().map(ToString::to_string).chain(external()).collect(),
        "NodePort" if external().next().is_some() => external().collect(),
        _ => cluster_ip().into_iter().collect(),
    };
    addresses.sort();
    addresses.dedup();
    addresses.into_iter().map(|ip| json!({"ip": ip})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::view::tests::view_of;

    fn trees(class: &str, ready: u64, service: &Value) -> Vec<Value> {
        let (namespace, name) = INGRESS_CONTROLLER_POD;
        let meta = json!({"name": name, "namespace": namespace});
        vec![
            json!({"kind": "IngressClass", "metadata": {"name": "nginx"}, "spec": {"controller": INGRESS_CONTROLLER}}),
            json!({"kind": "Ingress", "metadata": {"name": "web", "namespace": "default"}, "spec": {"ingressClassName": class}}),
            json!({"kind": "Deployment", "metadata": meta, "spec": {"selector": {}, "template": {}}, "status": {"readyReplicas": ready}}),
            json!({"kind": "Service", "metadata": meta, "spec": service}),
        ]
    }

    fn status(trees: &[Value], ready: i32) -> Option<Value> {
        let mut view = view_of(trees);
        let id = view.find(Kind::Deployment, INGRESS_CONTROLLER_POD.0, INGRESS_CONTROLLER_POD.1).expect("it is there");
        let mut deployment = (**view.deployment(id).expect("it is one")).clone();
        deployment.status.ready_replicas = ready;
        let change = Change {
            id,
            verb: Verb::Modified,
            object: deployment.into(),
            old: view.get(id).cloned(),
            revision: view.revision() + 1,
            at: SimTime::ZERO,
            event: crate::kernel::queue::EventId::NONE,
        };
        view.apply(&change);
        let plan = IngressController::sync(&view, ObjectId { kind: Kind::Ingress, number: 0 }, SimTime::ZERO, true);
        plan.steps.into_iter().find_map(|step| match step {
            crate::client::plan::Step::One(Write::UpdateStatus(_, Object::Record(record))) => Some(record.body["status"].clone()),
            _ => None,
        })
    }

    #[test]
    fn addresses_are_those_of_the_service() {
        let port = json!([{"port": 80}]);
        let cluster = json!({"clusterIP": "10.96.0.9", "ports": port});
        assert_eq!(status(&trees("nginx", 1, &cluster), 1), Some(json!({"loadBalancer": {"ingress": [{"ip": "10.96.0.9"}]}})));
        assert_eq!(status(&trees("other", 1, &cluster), 1), None);
        assert_eq!(status(&trees("nginx", 0, &cluster), 0), None);
        let balanced = json!({"type": "LoadBalancer", "clusterIP": "10.96.0.9", "ports": port, "externalIPs": ["192.0.2.7"]});
        assert_eq!(status(&trees("nginx", 1, &balanced), 1), Some(json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}})));
    }
}
