//! What one sync does to a Service's slices.

use super::*;
use crate::client::plan::Step;
use crate::client::view::tests::view_of;
use crate::kernel::time::Epoch;
use serde_json::{Value, json};

const ZONES: [&str; 3] = ["a", "b", "c"];

fn service(spec: Value, annotations: Value) -> Value {
    let mut tree = json!({
        "kind": "Service", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "default", "labels": {"team": "red"}, "annotations": annotations},
        "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.9", "selector": {"app": "web"}, "ports": [{"port": 80, "protocol": "TCP"}]},
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        tree["spec"][field] = value.clone();
    }
    tree
}

fn node(number: usize) -> Value {
    json!({"kind": "Node", "apiVersion": "v1", "metadata": {"name": format!("node-{number}"), "labels": {topology::ZONE: ZONES[number]}},
        "status": {"capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"}}})
}

fn ready(is_ready: bool, since: u64) -> crate::api::meta::Condition {
    crate::api::meta::Condition {
        kind: "Ready".into(),
        status: crate::api::meta::ConditionStatus::from_bool(is_ready),
        reason: Str::EMPTY,
        message: Str::EMPTY,
        last_transition: SimTime::from_secs(since),
        last_update: SimTime::ZERO,
        observed_generation: 0,
    }
}

/// A pod on a node, ready or not.
fn pod(number: usize, node: usize, is_ready: bool) -> Object {
    let tree = json!({
        "kind": "Pod", "apiVersion": "v1", "metadata": {"name": format!("web-{number}"), "namespace": "default", "labels": {"app": "web"}},
        "spec": {"nodeName": format!("node-{node}"), "hostname": format!("web-{number}"), "subdomain": "web", "containers": [{"name": "c", "image": "i"}]},
    });
    let mut object = crate::apiserver::convert::object(Kind::Pod, &tree, None, Epoch::default(), SimTime::ZERO);
    if let Object::Pod(pod) = &mut object {
        let pod = Arc::make_mut(pod);
        pod.meta.uid = Uid::from_bits(50 + number as u128);
        pod.status.pod_ip = Some(Ipv4Addr::new(10, 244, node as u8, number as u8 + 2));
        pod.status.phase = crate::api::pod::Phase::Running;
        pod.status.conditions = vec![ready(is_ready, 100 + number as u64)];
    }
    object
}

/// A world of trees and pods, ready nodes in it, that a sync looks at; and what it writes comes to be.
struct World {
    store: crate::store::Store,
}

impl World {
    fn new(service: &Value, nodes: usize, pods: Vec<Object>) -> Self {
        let mut store = crate::store::Store::new(1_000);
        let trees: Vec<Value> = std::iter::once(service.clone()).chain((0..nodes).map(node)).collect();
        let view = view_of(&trees);
        for kind in [Kind::Service, Kind::Node] {
            for (_, object) in view.list(kind, None) {
                let mut object = object.clone();
                if let Object::Node(node) = &mut object {
                    Arc::make_mut(node).status.conditions = vec![ready(true, 0)];
                }
                store.add(object, SimTime::ZERO, crate::kernel::queue::EventId::NONE);
            }
        }
        let mut world = World { store };
        world.add(pods);
        world
    }

    fn add(&mut self, objects: Vec<Object>) {
        for object in objects {
            self.store.add(object, SimTime::ZERO, crate::kernel::queue::EventId::NONE);
        }
    }

    /// Syncs the Service and carries out what it wants: the verbs in order, and the reasons of events.
    fn sync(&mut self) -> Vec<String> {
        let mut view = View::default();
        view.relist(&self.store);
        let plan = EndpointSliceController::sync(&view, ObjectId { kind: Kind::Service, number: 0 }, SimTime::ZERO, true);
        let (at, event) = (SimTime::ZERO, crate::kernel::queue::EventId::NONE);
        let mut done = Vec::new();
        for step in plan.steps {
            match step {
                Step::One(Write::Create(mut slice)) => {
                    slice.meta_mut().name = format!("web-{}", self.store.next_number(Kind::EndpointSlice)).into();
                    self.store.add(slice, at, event);
                    done.push("create".to_owned());
                }
                Step::One(Write::Update(id, slice)) => {
                    self.store.replace(id, slice, at, event);
                    done.push("update".to_owned());
                }
                Step::One(Write::Delete(id, _)) => {
                    self.store.remove(id, at, event);
                    done.push("delete".to_owned());
                }
                Step::Report(report) => done.push(report.reason.to_string()),
                other => panic!("{other:?}"),
            }
        }
        done
    }

    fn slices(&self) -> Vec<Arc<EndpointSlice>> {
        self.store.list(Kind::EndpointSlice, None).filter_map(|(_, object)| object.as_endpoint_slice().cloned()).collect()
    }

    fn sizes(&self) -> Vec<usize> {
        self.slices().iter().map(|slice| slice.endpoints.len()).collect()
    }

    fn hints(&self) -> Vec<String> {
        let of = |endpoint: &Endpoint| format!("{}{}", endpoint.hints.zone, endpoint.hints.node);
        self.slices().iter().flat_map(|slice| slice.endpoints.iter().map(of).collect::<Vec<_>>()).collect()
    }

    fn change(&mut self, tree: &Value) {
        let id = ObjectId { kind: Kind::Service, number: 0 };
        let old = self.store.get(id).cloned();
        let changed = crate::apiserver::convert::object(Kind::Service, tree, old.as_ref(), Epoch::default(), SimTime::ZERO);
        self.store.replace(id, changed, SimTime::ZERO, crate::kernel::queue::EventId::NONE);
    }
}

#[test]
fn a_service_without_pods_has_one_empty_slice() {
    let mut world = World::new(&service(json!({}), json!({})), 1, Vec::new());
    assert_eq!(world.sync(), ["create"]);
    assert_eq!(world.sync(), Vec::<String>::new());
    let slice = &world.slices()[0];
    assert_eq!(slice.meta.labels.get("team").map(ToString::to_string), Some("red".to_owned()));
    assert!(slice.meta.annotations.get(TRIGGER_TIME).is_some());
    world.add(vec![pod(0, 0, true)]);
    assert_eq!(world.sync(), ["update"], "it takes the first endpoint");
    assert_eq!(world.slices()[0].endpoints[0].hostname, "web-0");
}

#[test]
fn a_hundred_to_a_slice_and_few_writes() {
    let pods = (0..150).map(|number| pod(number, 0, true)).collect();
    let mut world = World::new(&service(json!({}), json!({})), 1, pods);
    assert_eq!(world.sync(), ["create", "create"]);
    assert_eq!(world.sizes(), [100, 50]);
    world.add((150..160).map(|number| pod(number, 0, true)).collect());
    assert_eq!(world.sync(), ["update"], "the one with room");
    assert_eq!(world.sizes(), [100, 60]);
    for number in 0..90 {
        world.store.remove(ObjectId { kind: Kind::Pod, number }, SimTime::ZERO, crate::kernel::queue::EventId::NONE);
    }
    assert_eq!(world.sync(), ["update"], "slices aren't merged");
    assert_eq!(world.sizes(), [10, 60]);
}

#[test]
fn labels_follow_the_service() {
    let mut world = World::new(&service(json!({}), json!({})), 1, vec![pod(0, 0, true)]);
    world.sync();
    let mut changed = service(json!({}), json!({}));
    changed["metadata"]["labels"] = json!({"team": "blue"});
    world.change(&changed);
    assert_eq!(world.sync(), ["update"]);
    assert_eq!(world.slices()[0].meta.labels.get("team").map(ToString::to_string), Some("blue".to_owned()));
    assert!(world.slices()[0].meta.annotations.get(TRIGGER_TIME).is_none(), "no pod triggered that");
}

#[test]
fn a_pod_on_a_node_that_is_gone_is_left_out_and_told() {
    let mut world = World::new(&service(json!({}), json!({})), 1, vec![pod(0, 0, true), pod(1, 2, true)]);
    assert_eq!(world.sync(), ["create", "FailedToUpdateEndpointSlices"]);
    assert_eq!(world.sizes(), [1]);
    world.change(&service(json!({"publishNotReadyAddresses": true}), json!({})));
    assert_eq!(world.sync(), ["update"]);
    assert_eq!(world.sizes(), [2]);
}

#[test]
fn traffic_distribution_is_hinted_at() {
    let pods = || vec![pod(0, 0, true), pod(1, 1, false)];
    let mut world = World::new(&service(json!({"trafficDistribution": "PreferClose"}), json!({})), 2, pods());
    world.sync();
    assert_eq!(world.hints(), ["a", ""]);
    world.change(&service(json!({"trafficDistribution": "PreferSameNode"}), json!({})));
    assert_eq!(world.sync(), ["update"]);
    assert_eq!(world.hints(), ["anode-0", ""]);
    world.change(&service(json!({}), json!({})));
    assert_eq!(world.sync(), ["update"]);
    assert_eq!(world.hints(), ["", ""]);
}

#[test]
fn topology_mode_auto_shares_out() {
    let auto = service(json!({}), json!({"service.kubernetes.io/topology-mode": "Auto"}));
    let mut world = World::new(&auto, 3, vec![pod(0, 0, true), pod(1, 1, true)]);
    assert_eq!(world.sync(), ["create", "TopologyAwareHintsDisabled"]);
    world.add(vec![pod(2, 2, true)]);
    assert_eq!(world.sync(), ["update", "TopologyAwareHintsEnabled"]);
    assert_eq!(world.hints(), ["a", "b", "c"]);
    assert_eq!(world.sync(), Vec::<String>::new());
    world.change(&service(json!({}), json!({})));
    assert_eq!(world.sync(), ["update", "TopologyAwareHintsDisabled"]);
    assert_eq!(world.hints(), ["", "", ""]);
}

#[test]
fn ports_that_pods_offer_differently_are_in_slices_of_their_own() {
    let named = json!({"ports": [{"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"}]});
    let with_port = |number: usize, port: Value| {
        let mut object = pod(number, 0, true);
        if let Object::Pod(pod) = &mut object {
            let mut tree = pod.spec.tree.clone();
            tree["containers"][0]["ports"] = json!([{"name": "web", "containerPort": port, "protocol": "TCP"}]);
            Arc::make_mut(pod).spec = Arc::new(crate::api::pod::PodSpec::from_tree(&tree));
        }
        object
    };
    let mut world = World::new(&service(named, json!({})), 1, vec![with_port(0, json!(8080)), with_port(1, json!(9090)), pod(2, 0, true)]);
    assert_eq!(world.sync(), ["create", "create", "create"]);
    let ports: Vec<Vec<Option<i32>>> = world.slices().iter().map(|slice| slice.ports.iter().map(|port| port.port).collect()).collect();
    assert!(ports.contains(&vec![Some(8080)]) && ports.contains(&vec![Some(9090)]) && ports.contains(&Vec::new()));
}
