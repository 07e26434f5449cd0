//! From the external tree to the typed object, once a user's write has been defaulted and validated. What the server keeps — UID,
//! revision, creation time, status — comes from the stored object.

use crate::api::controller_revision::ControllerRevision;
use crate::api::daemon_set::{DaemonSet, DaemonSetSpec, DaemonSetStatus};
use crate::api::event::{Event, EventType, ObjectReference};
use crate::api::meta::{Meta, Str, Uid, text};
use crate::api::node::{Capacity, Heartbeat, Lease, Namespace, Node, NodeStatus};
use crate::api::object::{Kind, Object};
use crate::api::pod::{Pod, PodSpec, PodStatus, Resources};
use crate::api::policy::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use crate::api::quantity::Quantity;
use crate::api::record::Record;
use crate::api::service::{EndpointSlice, Service};
use crate::api::stateful_set::{StatefulSet, StatefulSetSpec, StatefulSetStatus};
use crate::api::workloads::{Deployment, DeploymentSpec, DeploymentStatus, ReplicaSet, ReplicaSetSpec, ReplicaSetStatus};
use crate::kernel::time::{Epoch, SimTime};
use serde_json::Value;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Makes the typed object of a complete tree. `previous` is the stored object that it replaces, if any.
pub(crate) fn object(kind: Kind, tree: &Value, previous: Option<&Object>, epoch: Epoch, now: SimTime) -> Object {
    let meta = meta(tree, previous);
    let spec = &tree["spec"];
    match kind {
        Kind::Deployment => {
            let previous = previous.and_then(Object::as_deployment);
            let kept = previous.filter(|p| p.spec.tree == *spec).map(|p| p.spec.clone());
            let status = previous.map_or_else(DeploymentStatus::default, |p| p.status.clone());
            Deployment { meta, spec: kept.unwrap_or_else(|| Arc::new(DeploymentSpec::from_tree(spec))), status }.into()
        }
        Kind::ReplicaSet => {
            let previous = previous.and_then(Object::as_replica_set);
            let mut body = spec.clone();
            body["replicas"] = Value::Null;
            let kept = previous.filter(|p| p.spec.tree == body).map(|p| p.spec.clone());
            let status = previous.map_or_else(ReplicaSetStatus::default, |p| p.status.clone());
            let replicas = spec["replicas"].as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(1);
            ReplicaSet { meta, replicas, spec: kept.unwrap_or_else(|| Arc::new(ReplicaSetSpec::from_tree(&body))), status }.into()
        }
        Kind::StatefulSet => {
            let previous = previous.and_then(Object::as_stateful_set);
            let kept = previous.filter(|p| p.spec.tree == *spec).map(|p| p.spec.clone());
            let status = previous.map_or_else(StatefulSetStatus::default, |p| p.status.clone());
            StatefulSet { meta, spec: kept.unwrap_or_else(|| Arc::new(StatefulSetSpec::from_tree(spec))), status }.into()
        }
        Kind::DaemonSet => {
            let previous = previous.and_then(Object::as_daemon_set);
            let kept = previous.filter(|p| p.spec.tree == *spec).map(|p| p.spec.clone());
            let status = previous.map_or_else(DaemonSetStatus::default, |p| p.status.clone());
            DaemonSet { meta, spec: kept.unwrap_or_else(|| Arc::new(DaemonSetSpec::from_tree(spec))), status }.into()
        }
        Kind::ControllerRevision => {
            let data = previous.and_then(Object::as_controller_revision).map(|p| p.data.clone()).filter(|data| **data == tree["data"]);
            let data = data.unwrap_or_else(|| Arc::new(tree["data"].clone()));
            ControllerRevision { meta, data, revision: tree["revision"].as_i64().unwrap_or(0) }.into()
        }
        Kind::Pod => pod(meta, spec, previous.and_then(Object::as_pod)).into(),
        Kind::Node => node(meta, tree, previous.and_then(Object::as_node), epoch).into(),
        Kind::Namespace => Namespace { meta, terminating: previous.and_then(Object::as_namespace).is_some_and(|p| p.terminating) }.into(),
        Kind::Service => {
            let ingress = previous.and_then(Object::as_service).map(|p| p.ingress.clone()).unwrap_or_default();
            let mut service = Service { meta, ingress, ..Service::default() };
            service.set_spec(spec);
            service.into()
        }
        Kind::EndpointSlice => EndpointSlice::from_tree(meta, tree, previous.and_then(Object::as_endpoint_slice).map(|p| &**p)).into(),
        Kind::Lease => {
            let stopped = Heartbeat { first: now, stopped: Some(now) };
            let heartbeat = previous.and_then(Object::as_lease).map_or(stopped, |p| p.heartbeat);
            Lease { meta, holder: text(spec, "holderIdentity"), heartbeat }.into()
        }
        Kind::Event => event(meta, tree, epoch, now).into(),
        Kind::PodDisruptionBudget => {
            let previous = previous.and_then(Object::as_pod_disruption_budget);
            let kept = previous.filter(|p| p.spec.tree == *spec).map(|p| p.spec.clone());
            let status = previous.map(|p| p.status.clone()).unwrap_or_default();
            PodDisruptionBudget { meta, spec: kept.unwrap_or_else(|| Arc::new(PodDisruptionBudgetSpec::from_tree(spec))), status }.into()
        }
        _ => Record { kind, meta, body: Record::body_of(tree, previous.and_then(Object::as_record).map(|p| &p.body)) }.into(),
    }
}

fn meta(tree: &Value, previous: Option<&Object>) -> Meta {
    let mut meta = Meta::from_tree(tree);
    if let Some(previous) = previous.map(Object::meta) {
        (meta.uid, meta.created, meta.deletion) = (previous.uid, previous.created, previous.deletion);
        (meta.generation, meta.resource_version) = (previous.generation, previous.resource_version);
        meta.generate_name = previous.generate_name.clone();
    }
    meta
}

fn pod(meta: Meta, spec: &Value, previous: Option<&Arc<Pod>>) -> Pod {
    // What is served has the node's name and the token volume's own name in it; what is stored and shared has not.
    if let Some(previous) = previous {
        let served = previous.to_tree(Epoch::default());
        if served["spec"] == *spec {
            return Pod { meta, ..(**previous).clone() };
        }
    }
    let mut body = spec.clone();
    let node_name = text(spec, "nodeName");
    if let Some(body) = body.as_object_mut() {
        body.remove("nodeName");
    }
    let status = previous.map_or_else(PodStatus::default, |p| p.status.clone());
    let target = previous.map_or(Str::EMPTY, |p| p.target.clone());
    Pod { meta, spec: Arc::new(PodSpec::from_tree(&body)), target, node_name, status }
}

fn node(meta: Meta, tree: &Value, previous: Option<&Arc<Node>>, epoch: Epoch) -> Node {
    let mut node = match previous {
        Some(previous) => Node { meta, ..(**previous).clone() },
        None => {
            let capacity = capacity(&tree["status"]["capacity"]);
            Node {
                meta,
                unschedulable: false,
                taints: Vec::new(),
                pod_cidr: text(&tree["spec"], "podCIDR"),
                status: NodeStatus {
                    capacity,
                    allocatable: capacity,
                    conditions: Vec::new(),
                    address: Ipv4Addr::UNSPECIFIED,
                    volumes: Arc::default(),
                    boots: 0,
                },
            }
        }
    };
    node.set_spec(&tree["spec"], epoch);
    node
}

fn capacity(tree: &Value) -> Capacity {
    let amount = |name: &str| tree.get(name).and_then(Quantity::from_value).and_then(Result::ok);
    Capacity {
        resources: Resources {
            milli_cpu: amount("cpu").map_or(0, |q| q.milli_value()),
            memory: amount("memory").map_or(0, |q| q.value()),
            ephemeral_storage: amount("ephemeral-storage").map_or(0, |q| q.value()),
        },
        pods: amount("pods").map_or(0, |q| q.value()),
    }
}

/// An event that a user wrote. Rare; what the model doesn't keep of it is its own formatting.
fn event(meta: Meta, tree: &Value, epoch: Epoch, now: SimTime) -> Event {
    let about = &tree["involvedObject"];
    let time = |field: &str| tree[field].as_str().and_then(|t| epoch.parse(t)).unwrap_or(now);
    let kind = Kind::ALL.iter().find(|kind| about["kind"] == kind.as_str());
    Event {
        meta,
        about: ObjectReference {
            kind: kind.map_or("", |k| k.as_str()),
            api_version: kind.map_or("", |k| k.api_version()),
            namespace: text(about, "namespace"),
            name: text(about, "name"),
            uid: Uid::parse(&text(about, "uid")),
            resource_version: 0,
            field_path: text(about, "fieldPath"),
        },
        reason: text(tree, "reason"),
        message: text(tree, "message"),
        event_type: if tree["type"] == "Warning" { EventType::Warning } else { EventType::Normal },
        component: "",
        host: Str::EMPTY,
        first: time("firstTimestamp"),
        last: time("lastTimestamp"),
        count: tree["count"].as_u64().map_or(1, |n| n as u32),
        action: "",
    }
}
