//! The cluster: owns the processes, routes inputs, never decides.
//!
//! A run is `(seed, configuration, inputs)`. The state is plain data: cloning a [`Cluster`] is a checkpoint, and two clones given the
//! same inputs go the same way.

pub mod addons;
mod answers;
pub mod boot;
pub mod dispatch;
pub mod event;
pub mod faults;
mod http;
pub mod invariants;
mod names;
pub mod network;
pub mod reach;
mod streams;
pub mod trace;
mod traffic;
pub mod trial;

use crate::api::object::{Kind, Object, ObjectId};
use crate::api::status::ApiError;
use crate::apiserver::front::{Front, served};
use crate::apiserver::request::{DeleteOptions, Eviction, PatchKind, Write, WriteOptions, Written};
use crate::apiserver::{ApiServer, Moment};
use crate::controllers::{ControllerManager, Decision};
use crate::kernel::queue::{EventId, Queue, TieBreak};
use crate::kernel::table::Log;
use crate::kernel::time::{Epoch, SimDuration, SimTime};
use crate::kernel::trace::{Fingerprint, Record, Trace};
use crate::kubectl::api::{Executed, LogOptions, Measured, Unstreamed, WatchEvent, WatchKind};
use crate::kubectl::{self, Invocation, Outcome, Progress, Session};
use crate::net::Network;
use crate::net::config::NetworkConfig;
use crate::net::traffic::Traffic;
pub use crate::net::traffic::client::Change as TrafficChange;
use crate::node::Nodes;
use crate::node::kubelet::config::KubeletConfig;
use crate::node::runtime::image::Images;
use crate::scheduler::Scheduler;
use crate::store::{Change, Store, Verb};
use event::{Event, Happened};
use serde_json::Value;

/// A node to begin with.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeConfig {
    /// Its name.
    pub name: String,
    /// Thousandths of a CPU.
    pub milli_cpu: i64,
    /// Bytes.
    pub memory: i64,
    /// How many pods fit; the kubelet's default is 110.
    pub pods: i64,
    /// Labels besides the usual ones.
    pub labels: Vec<(String, String)>,
    /// Taints: key, value, effect.
    pub taints: Vec<crate::api::pod::Taint>,
    /// Bytes of disk, for images, containers and emptyDirs.
    pub disk: i64,
    /// What is reserved, when pods are evicted, and so on.
    pub kubelet: KubeletConfig,
}

impl NodeConfig {
    /// A node with 4 CPUs, 16 GiB, 100 GiB of disk and room for 110 pods.
    pub fn named(name: impl Into<String>) -> Self {
        NodeConfig {
            name: name.into(),
            milli_cpu: 4_000,
            memory: 16 << 30,
            pods: 110,
            labels: Vec::new(),
            taints: Vec::new(),
            disk: 100 << 30,
            kubelet: KubeletConfig::default(),
        }
    }
}

/// Who plays the kubelets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Kubelets {
    /// The model's own, with simulated containers.
    #[default]
    Simulated,
    /// Somebody outside, through [`Cluster::act`]: a real container runtime, or a recording.
    Outside,
}

/// Whether there are storage drivers, beside the controllers that every cluster has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Drivers {
    /// One for each name that a StorageClass gives.
    #[default]
    Simulated,
    /// None: nobody makes or attaches volumes.
    None,
}

/// What a run starts from.
#[derive(Clone, Debug)]
pub struct Config {
    /// Names, UIDs, latencies, choices among equals: all come from it.
    pub seed: u64,
    /// The calendar moment of the start.
    pub epoch: Epoch,
    /// The nodes.
    pub nodes: Vec<NodeConfig>,
    /// How long a request takes to the server, and an answer back.
    pub api_latency: SimDuration,
    /// How long a watch takes to deliver.
    pub watch_latency: SimDuration,
    /// Requests a second of each controller, its events included (`--kube-api-qps`, default 20); 0: no limit.
    pub controller_qps: u64,
    /// Its burst (`--kube-api-burst`, default 30).
    pub controller_burst: u64,
    /// Requests a second of the scheduler (default 50); 0: no limit.
    pub scheduler_qps: u64,
    /// Its burst (default 100).
    pub scheduler_burst: u64,
    /// How images behave.
    pub images: Images,
    /// Who plays the kubelets.
    pub kubelets: Kubelets,
    /// Whether there are storage drivers.
    pub drivers: Drivers,
    /// How the network is set up.
    pub network: NetworkConfig,
    /// Whether there is a metrics-server: `kubectl top` asks it.
    pub metrics: bool,
    /// What decides between events at the same nanosecond.
    pub tie_break: TieBreak,
    /// How many trace records are kept.
    pub trace_capacity: u64,
    /// How many changes the store keeps for watchers.
    pub history_limit: u64,
}

impl Default for Config {
    /// Three nodes, the real components' default rates, latencies of an idle cluster on one machine.
    fn default() -> Self {
        Config {
            seed: 1,
            epoch: Epoch::default(),
            nodes: (1..=3).map(|n| NodeConfig::named(format!("node-{n}"))).collect(),
            api_latency: SimDuration::from_millis(1),
            watch_latency: SimDuration::from_millis(2),
            controller_qps: 20,
            controller_burst: 30,
            scheduler_qps: 50,
            scheduler_burst: 100,
            images: Images::default(),
            kubelets: Kubelets::Simulated,
            drivers: Drivers::Simulated,
            network: NetworkConfig::default(),
            metrics: true,
            tie_break: TieBreak::Fifo,
            trace_capacity: 1 << 18,
            history_limit: 1 << 16,
        }
    }
}

/// Something that the user did, as the trace remembers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// When.
    pub at: SimTime,
    /// The event.
    pub event: EventId,
    /// In words: the command line, or the fault.
    pub text: String,
}

/// A whole cluster at a moment of virtual time.
#[derive(Clone, Debug)]
pub struct Cluster {
    seed: u64,
    now: SimTime,
    api_latency: SimDuration,
    watch_latency: SimDuration,
    queue: Queue<Event>,
    store: Store,
    server: ApiServer,
    controllers: ControllerManager,
    scheduler: Scheduler,
    nodes: Nodes,
    network: Network,
    /// Simulated clients.
    traffic: Traffic,
    /// How often something about pods or their machines may have changed: what clients know of them is looked up again then.
    turns: u64,
    kubelets: Kubelets,
    trace: Trace<Happened>,
    inputs: Log<Input>,
    /// In the order in which they were made: when, in the handling of which event.
    decisions: Log<(SimTime, EventId, Decision)>,
    /// The last revision whose change was announced to the watchers.
    announced: u64,
    context: kubectl::Context,
    /// Whether there is a metrics-server.
    metrics: bool,
}

impl Cluster {
    /// The present moment.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The calendar moment of the start.
    pub fn epoch(&self) -> Epoch {
        self.server.epoch()
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// All objects and their history.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What happened so far.
    pub fn trace(&self) -> &Trace<Happened> {
        &self.trace
    }

    /// What the user did so far.
    pub fn inputs(&self) -> &Log<Input> {
        &self.inputs
    }

    /// The decisions that were made in the handling of an event, if the trace still has it.
    pub fn decisions_at(&self, event: EventId) -> impl Iterator<Item = &Decision> {
        let at = self.trace.get(event).map_or(SimTime::MAX, |record| record.at);
        let from = self.decisions.partition_point(|(made, ..)| *made < at);
        let of_moment = self.decisions.from(from).take_while(move |(_, (made, ..))| *made == at);
        of_moment.filter(move |(_, (_, of, _))| *of == event).map(|(_, (.., decision))| decision)
    }

    /// How long a request takes to the API server, and an answer back.
    pub fn api_latency(&self) -> SimDuration {
        self.api_latency
    }

    /// How long a watch takes to deliver.
    pub fn watch_latency(&self) -> SimDuration {
        self.watch_latency
    }

    /// How many events were handled.
    pub fn handled(&self) -> u64 {
        self.trace.handled()
    }

    /// The fingerprint of the run so far.
    pub fn fingerprint(&self) -> Fingerprint {
        self.trace.fingerprint()
    }

    /// When the next event is due.
    pub fn next_at(&mut self) -> Option<SimTime> {
        self.queue.next_at()
    }

    /// How many events wait.
    pub fn pending(&self) -> usize {
        self.queue.len()
    }

    /// The nodes' kubelets and runtimes.
    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// An object as the API server serves it now.
    pub fn served(&self, object: &Object) -> Value {
        served(object, &self.store, Moment { now: self.now, event: EventId::NONE }, self.epoch())
    }

    /// Handles the next event; false if none waits.
    pub fn step(&mut self) -> bool {
        let Some(scheduled) = self.queue.pop() else { return false };
        debug_assert!(scheduled.at >= self.now, "time doesn't run backwards");
        self.play_traffic(scheduled.at);
        self.now = scheduled.at;
        self.dispatch(scheduled);
        true
    }

    /// Handles all events due up to `until`, and lets the clock come to it.
    pub fn run_until(&mut self, until: SimTime) {
        while self.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.play_traffic(until);
        self.now = self.now.max(until);
    }

    /// Lets the clock come to `until`, before whatever is due then happens.
    pub fn rest_until(&mut self, until: SimTime) {
        debug_assert!(self.queue.next_at().is_none_or(|at| at >= until), "nothing is passed over");
        self.play_traffic(until);
        self.now = self.now.max(until);
    }

    /// Runs a kubectl command line at this moment.
    pub fn kubectl(&mut self, invocation: &Invocation) -> Outcome {
        let words = invocation.args.strip_prefix(&["kubectl".to_owned()]).unwrap_or(&invocation.args);
        let line = kubectl::told::covered(words).unwrap_or_else(|| words.join(" "));
        let event = self.begin_input(format!("kubectl {line}"));
        let mut context = self.context.clone();
        let outcome = kubectl::run(&mut self.client(event), invocation, &mut context);
        self.context = context;
        self.node(event, |nodes, now, out| nodes.look_again(now, out));
        self.end_input(event);
        outcome
    }

    /// Asks a waiting command what it has to say. When it does more than read, that is an input like the command itself.
    pub fn poll(&mut self, session: &mut Session) -> Progress {
        if !session.acts_at(self.now) {
            return session.poll(&mut self.client(EventId::NONE));
        }
        let event = self.begin_input(kubectl::GOES_ON.to_owned());
        let progress = session.poll(&mut self.client(event));
        self.end_input(event);
        progress
    }

    /// An agent outside of the model asks the API server for something, at this moment.
    ///
    /// # Errors
    /// The server's.
    pub fn act(&mut self, agent: &str, write: &Write) -> Result<Object, ApiError> {
        let (verb, resource) = write.words();
        let event = self.begin_input(format!("{agent} {verb} {resource}"));
        let result = self.server.write(&mut self.store, Moment { now: self.now, event }, write);
        self.end_input(event);
        result
    }

    fn client(&mut self, event: EventId) -> Client<'_> {
        let front = Front { server: &mut self.server, store: &mut self.store, at: Moment { now: self.now, event } };
        Client { front, nodes: &mut self.nodes, network: &self.network, metrics: self.metrics }
    }

    fn begin_input(&mut self, text: String) -> EventId {
        let event = self.queue.take_id();
        text.bytes().for_each(|byte| self.trace.absorb(u64::from(byte)));
        let number = self.inputs.push(Input { at: self.now, event, text });
        self.trace.record(Record { id: event, at: self.now, cause: EventId::NONE, what: Happened::Input(number as u32) });
        event
    }

    fn end_input(&mut self, event: EventId) {
        self.announce(event);
    }

    /// The object of this kind and name.
    pub fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<(ObjectId, &Object)> {
        let id = self.store.find(kind, namespace, name)?;
        Some((id, self.store.get(id)?))
    }

    /// The last change of an object, if history still has it; of one that is gone, its deletion.
    pub fn last_change(&self, id: ObjectId) -> Option<&Change> {
        match self.store.get(id) {
            Some(object) => self.store.change(object.meta().resource_version),
            None => self.store.changes_back().find(|change| change.id == id),
        }
    }
}

/// A user's client: kubectl's view of the API server.
struct Client<'a> {
    front: Front<'a>,
    /// The kubelets, to which the API server passes on what is about the inside of containers.
    nodes: &'a mut Nodes,
    /// What the containers meet that commands run in.
    network: &'a Network,
    /// Whether there is a metrics-server that scrapes them.
    metrics: bool,
}

impl kubectl::Api for Client<'_> {
    fn now(&self) -> SimTime {
        self.front.at.now
    }
    fn epoch(&self) -> Epoch {
        self.front.server.epoch()
    }
    fn metrics(&self, of: Measured) -> Option<Vec<Value>> {
        let nodes = self.metrics.then_some(&*self.nodes);
        nodes.map(|nodes| match of {
            Measured::Nodes => nodes.node_metrics(self.front.store, self.epoch(), self.now()),
            Measured::Pods => nodes.pod_metrics(self.epoch(), self.now()),
        })
    }
    fn get(&self, r: &'static crate::api::resources::Resource, ns: &str, name: &str) -> Result<Value, ApiError> {
        self.front.get(r, ns, name)
    }
    fn list(
        &self,
        r: &'static crate::api::resources::Resource,
        ns: Option<&str>,
        labels: &crate::api::selector::Selector,
    ) -> Result<Vec<Value>, ApiError> {
        self.front.list(r, ns, labels)
    }
    fn revision(&self) -> u64 {
        self.front.store.revision()
    }
    fn changes(&self, r: &'static crate::api::resources::Resource, ns: Option<&str>, since: u64) -> Vec<WatchEvent> {
        let kind = |verb| match verb {
            Verb::Added => WatchKind::Added,
            Verb::Modified => WatchKind::Modified,
            Verb::Deleted => WatchKind::Deleted,
        };
        let changes = self.front.changes(r, ns, since).into_iter();
        changes.map(|(verb, object, revision)| WatchEvent { kind: kind(verb), object, revision }).collect()
    }
    fn create(
        &mut self,
        r: &'static crate::api::resources::Resource,
        ns: &str,
        object: Value,
        opts: &WriteOptions,
    ) -> Result<Written, ApiError> {
        self.front.create(r, ns, object, opts)
    }
    fn update(
        &mut self,
        r: &'static crate::api::resources::Resource,
        ns: &str,
        object: Value,
        opts: &WriteOptions,
    ) -> Result<Written, ApiError> {
        self.front.update(r, ns, object, opts)
    }
    fn patch(
        &mut self,
        r: &'static crate::api::resources::Resource,
        ns: &str,
        name: &str,
        kind: PatchKind,
        patch: &Value,
        opts: &WriteOptions,
    ) -> Result<Written, ApiError> {
        self.front.patch(r, ns, name, kind, patch, opts)
    }
    fn apply(
        &mut self,
        r: &'static crate::api::resources::Resource,
        ns: &str,
        name: &str,
        config: &Value,
        force: bool,
        opts: &WriteOptions,
    ) -> Result<Written, ApiError> {
        self.front.apply(r, ns, name, config, force, opts)
    }
    fn delete(
        &mut self,
        r: &'static crate::api::resources::Resource,
        ns: &str,
        name: &str,
        opts: &DeleteOptions,
    ) -> Result<Value, ApiError> {
        self.front.delete(r, ns, name, opts)
    }
    fn evict(&mut self, ns: &str, name: &str, eviction: &Eviction) -> Result<(), ApiError> {
        self.front.evict(ns, name, eviction)
    }
    fn scale(&mut self, r: &'static crate::api::resources::Resource, ns: &str, name: &str, replicas: i32) -> Result<Value, ApiError> {
        self.front.scale(r, ns, name, replicas)
    }
    fn add_ephemeral_container(&mut self, ns: &str, pod: &str, container: Value) -> Result<Value, ApiError> {
        self.front.add_ephemeral_container(ns, pod, container)
    }
    fn logs(&self, ns: &str, pod: &str, opts: &LogOptions) -> Result<kubectl::api::Log, ApiError> {
        self.container_logs(ns, pod, opts)
    }
    fn exec(&mut self, ns: &str, pod: &str, container: &str, argv: &[String], input: Option<&str>) -> Result<Executed, Unstreamed> {
        self.run_in_container(ns, pod, container, argv, input)
    }
}
