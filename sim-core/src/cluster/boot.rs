//! Booting: the namespaces that every cluster has, and the nodes that register.

use super::{Cluster, Config, Drivers, NodeConfig, addons};
use crate::api::meta::{Meta, Str, StrMap, Uid};
use crate::api::node::{Capacity, Heartbeat, LEASE_RENEWAL, Namespace, Node, NodeStatus};
use crate::api::object::{Kind, Object};
use crate::api::pod::Resources;
use crate::api::resources;
use crate::apiserver::front::Front;
use crate::apiserver::request::WriteOptions;
use crate::apiserver::{ApiServer, Moment};
use crate::client::pace::{Pace, System};
use crate::client::view::Flags;
use crate::controllers::ControllerManager;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::queue::{EventId, Queue};
use crate::kernel::table::Log;
use crate::kernel::time::{SimDuration, SimTime};
use crate::kernel::trace::Trace;
use crate::kubectl;
use crate::net::Network;
use crate::net::config::Backend;
use crate::net::packet::Cidr;
use crate::net::traffic::Traffic;
use crate::node::Nodes;
use crate::node::flannel::Flannel;
use crate::node::kubelet::config::Machine;
use crate::node::kubelet::mirror;
use crate::node::kubelet::node_status::conditions;
use crate::scheduler::Scheduler;
use crate::store::Store;
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// The namespaces of a fresh cluster (`pkg/controlplane/controller/systemnamespaces`, v1.36).
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

impl Cluster {
    /// Boots a cluster: at time zero its namespaces exist and its nodes are ready.
    pub fn new(config: Config) -> Cluster {
        let network = config.network.clone().with_room_for(config.nodes.len());
        let pace = Pace::new(config.seed);
        let pace = pace.having(System::Storage, config.drivers == Drivers::Simulated).having(System::Cloud, network.cloud);
        let has_overlay = network.backend != Backend::None;
        let cluster_cidr = has_overlay.then_some((network.cluster_cidr.base, network.cluster_cidr.bits));
        let flags = Flags { epoch: config.epoch, cluster_cidr };
        let backend = if network.backend == Backend::HostGw { "host-gw" } else { "vxlan" };
        let flannel = has_overlay.then_some(Flannel { backend, vni: network.vni });
        let mut cluster = Cluster {
            seed: config.seed,
            now: SimTime::ZERO,
            api_latency: config.api_latency,
            watch_latency: config.watch_latency,
            queue: Queue::new(config.tie_break),
            store: Store::new(config.history_limit),
            server: ApiServer::new(config.seed, config.epoch),
            controllers: ControllerManager::new(config.controller_qps, config.controller_burst, flags, pace),
            scheduler: Scheduler::new(config.seed, config.scheduler_qps, config.scheduler_burst),
            nodes: Nodes::new(config.seed, config.images.clone()).with_epoch(config.epoch).with_flannel(flannel),
            network: Network::new(config.seed, network.clone()),
            traffic: Traffic::new(config.seed),
            turns: 0,
            kubelets: config.kubelets,
            trace: Trace::new(config.trace_capacity),
            inputs: Log::default(),
            decisions: Log::default(),
            announced: 0,
            context: kubectl::Context::default(),
            metrics: config.metrics,
        };
        let boot = cluster.begin_input("the cluster boots".to_owned());
        for name in NAMESPACES {
            let namespace = Namespace {
                meta: Meta {
                    name: name.into(),
                    labels: [(Str::from("kubernetes.io/metadata.name"), Str::from(name))].into_iter().collect(),
                    ..Meta::default()
                },
                terminating: false,
            };
            let moment = Moment { now: cluster.now, event: boot };
            cluster.server.create(&mut cluster.store, moment, namespace.into()).expect("a fresh store has room for its namespaces");
        }
        cluster.create_system_objects(boot);
        for (number, node) in config.nodes.iter().enumerate() {
            cluster.add_node(number as u32, node, network.pod_cidr(number as u32), flannel, boot);
        }
        let addons = [
            (config.network.dns, addons::coredns as fn() -> Vec<Value>),
            (config.network.ingress, addons::ingress_nginx),
            (config.network.gateway, addons::nginx_gateway),
        ];
        for (_, manifests) in addons.iter().filter(|(wanted, _)| *wanted) {
            manifests().into_iter().for_each(|manifest| cluster.install(manifest, boot));
        }
        cluster.announce(boot);
        cluster
    }

    /// Applies a manifest of an addon.
    fn install(&mut self, manifest: Value, boot: EventId) {
        let text = |field: &str| manifest[field].as_str().unwrap_or_default().to_owned();
        let resource = resources::by_kind(&text("apiVersion"), &text("kind")).expect("addons are of kinds that are served");
        let namespace = manifest["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        let at = Moment { now: self.now, event: boot };
        let mut front = Front { server: &mut self.server, store: &mut self.store, at };
        front.create(resource, &namespace, manifest, &WriteOptions::default()).expect("addons are valid, and nobody has their names yet");
    }

    /// What the API server itself makes when it starts: the priority classes of the system and the Service by which pods reach it
    /// (`pkg/controlplane/controller/kubernetesservice`, `pkg/registry/scheduling/rest/storage_scheduling.go`, v1.36).
    fn create_system_objects(&mut self, boot: EventId) {
        let class =
            |name: &str, value: i64, description: &str| json!({"metadata": {"name": name}, "value": value, "description": description});
        let objects = [
            (
                Kind::PriorityClass,
                class(
                    "system-node-critical",
                    2_000_001_000,
                    "Used for system critical pods that must not be moved from their current node.",
                ),
            ),
            (
                Kind::PriorityClass,
                class(
                    "system-cluster-critical",
                    2_000_000_000,
                    "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
                ),
            ),
        ];
        let at = Moment { now: self.now, event: boot };
        for (kind, mut tree) in objects {
            tree["apiVersion"] = kind.api_version().into();
            tree["kind"] = kind.as_str().into();
            let mut front = Front { server: &mut self.server, store: &mut self.store, at };
            front.create(kind.resource(), "", tree, &WriteOptions::default()).expect("the objects of the system are valid");
        }
        self.server.create_own_service(&mut self.store, at).expect("the objects of the system are valid");
    }

    fn add_node(&mut self, number: u32, config: &NodeConfig, pod_cidr: Cidr, flannel: Option<Flannel>, event: EventId) {
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(192, 168, 0, 0)) + 10 + number);
        let name = Str::from(config.name.clone());
        let phase = draw(self.seed, Stream::Heartbeat, u128::from(number)).between(SimDuration::ZERO, LEASE_RENEWAL);
        let heartbeat = Heartbeat { first: self.now + phase, stopped: None };
        let machine = machine(config);
        let node = Node {
            meta: Meta { name: name.clone(), labels: node_labels(config), ..Meta::default() },
            unschedulable: false,
            taints: config.taints.clone(),
            pod_cidr: Str::EMPTY,
            status: NodeStatus {
                capacity: machine.capacity,
                allocatable: machine.allocatable,
                conditions: conditions([false; 3], None, self.now),
                address,
                volumes: Default::default(),
                boots: 0,
            },
        };
        // What others would have written by now is there already: the run begins with nodes that are ready.
        let mut ready = Node { pod_cidr: Str::from(pod_cidr.to_string()), ..node.clone() };
        if let Some(flannel) = flannel {
            ready.meta.annotations = flannel.annotations(self.seed, number, address);
            ready.status.conditions.insert(0, Flannel::is_up(self.now));
        }
        let moment = Moment { now: self.now, event };
        let registered = self.server.register_node(&mut self.store, moment, ready, heartbeat);
        let id = registered.expect("node names differ: the configuration was checked");
        self.nodes.add_node(id.number, name, address, pod_cidr.base);
        self.nodes.set_registration(id.number, node);
        self.network.add_node(id.number, address, self.now);
        let uid = self.store.get(id).map_or(Uid::NONE, |node| node.meta().uid);
        self.nodes.set_up(id.number, uid, machine);
    }
}

impl Cluster {
    /// Puts the manifest of a static pod on a node's disk: its kubelet runs it, and shows it in the API as a mirror pod.
    ///
    /// # Errors
    /// If there is no such node, or the manifest isn't a pod's.
    pub fn place_static_pod(&mut self, node: &str, manifest: &Value) -> Result<(), String> {
        let Some((_, Object::Node(found))) = self.find(Kind::Node, "", node) else { return Err(format!("there is no node {node:?}")) };
        let tree = mirror::mirror(manifest, &found.meta, &self.epoch().rfc3339(self.now))?;
        let namespace = tree["metadata"]["namespace"].as_str().unwrap_or("default").to_owned();
        let event = self.begin_input(format!("a static pod for {node}"));
        let at = Moment { now: self.now, event };
        let mut front = Front { server: &mut self.server, store: &mut self.store, at };
        let result = front.create(Kind::Pod.resource(), &namespace, tree, &WriteOptions::default());
        self.end_input(event);
        result.map(|_| ()).map_err(|error| error.message)
    }
}

fn machine(config: &NodeConfig) -> Machine {
    let resources = Resources { milli_cpu: config.milli_cpu, memory: config.memory, ephemeral_storage: config.disk };
    Machine::new(Capacity { resources, pods: config.pods }, config.kubelet.clone())
}

fn node_labels(config: &NodeConfig) -> StrMap {
    let usual = [
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/os", "linux"),
    ];
    let mut labels: StrMap = usual.into_iter().map(|(k, v)| (Str::from(k), Str::from(v))).collect();
    labels.set("kubernetes.io/hostname", config.name.clone());
    for (key, value) in &config.labels {
        labels.set(key.clone(), value.clone());
    }
    labels
}
