//! Every object that is served decodes into the official Go types' Rust image and encodes back equal: no field is misspelled, of the wrong type or made up.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{Terminal, deployment};
use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Event, Namespace, Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use sim_core::Config;
use sim_core::api::object::Kind;
use sim_core::cluster::faults::Fault;
use sim_core::kernel::time::SimDuration;

/// Decodes, encodes, and compares. Answers how many objects of the kind there are.
fn check<T: serde::de::DeserializeOwned + serde::Serialize>(terminal: &Terminal, kind: Kind) -> usize {
    let objects: Vec<serde_json::Value> =
        terminal.cluster.store().list(kind, None).map(|(_, object)| terminal.cluster.served(object)).collect();
    for tree in &objects {
        let typed: T = serde_json::from_value(tree.clone()).unwrap_or_else(|error| panic!("{error} in {tree:#}"));
        let mut back = serde_json::to_value(&typed).unwrap();
        // The types drop what is empty; the server serves it.
        let mut served = tree.clone();
        prune(&mut served);
        prune(&mut back);
        assert_eq!(served, back, "{kind:?}");
    }
    objects.len()
}

fn prune(tree: &mut serde_json::Value) {
    match tree {
        serde_json::Value::Object(map) => {
            map.values_mut().for_each(prune);
            map.retain(|_, value| {
                !value.is_null() && value.as_object().is_none_or(|m| !m.is_empty()) && value.as_array().is_none_or(|l| !l.is_empty())
            });
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(prune),
        _ => {}
    }
}

const SETS: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: db}]}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: c, image: agent}]}}
";

#[test]
fn what_is_served_is_kubernetes() {
    let mut terminal = Terminal::new(Config::default());
    terminal.kubectl_with("apply -f m.yaml", &deployment("web", 5, "nginx:1.17.1", "  minReadySeconds: 1\n"));
    terminal.ok("expose deployment web --port=80");
    terminal.ok("create poddisruptionbudget web --selector=app=web --min-available=50%");
    terminal.kubectl_with("apply -f m.yaml", SETS);
    terminal.ok("rollout status deployment/web");
    terminal.ok("set image deployment/web c=nginx:1.17.2");
    terminal.wait(SimDuration::from_secs(3));
    terminal.cluster.fault(&Fault::KillNode("node-2".to_owned())).unwrap();
    terminal.wait(SimDuration::from_secs(120));
    let counts = [
        check::<Namespace>(&terminal, Kind::Namespace),
        check::<Node>(&terminal, Kind::Node),
        check::<Pod>(&terminal, Kind::Pod),
        check::<ReplicaSet>(&terminal, Kind::ReplicaSet),
        check::<Deployment>(&terminal, Kind::Deployment),
        check::<Service>(&terminal, Kind::Service),
        check::<EndpointSlice>(&terminal, Kind::EndpointSlice),
        check::<Event>(&terminal, Kind::Event),
        check::<Lease>(&terminal, Kind::Lease),
        check::<PodDisruptionBudget>(&terminal, Kind::PodDisruptionBudget),
        check::<StatefulSet>(&terminal, Kind::StatefulSet),
        check::<DaemonSet>(&terminal, Kind::DaemonSet),
        check::<ControllerRevision>(&terminal, Kind::ControllerRevision),
    ];
    assert_eq!(counts.len(), Kind::ALL.iter().filter(|kind| !kind.is_record()).count(), "every kind with a struct is looked at");
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}
