//! The nodes: all kubelets and their simulated container runtimes.
//!
//! [`Nodes`] is one process for the event queue, but no kubelet looks at another's pods: each sees only the changes of the pods bound to
//! its node and acts through requests and timers. Idle pods and idle nodes cost nothing; heartbeats are derived from a phase.
//!
//! - `kubelet/`: a pod's life (`pod_worker`), its end (`termination`), restarts (`restart`), what the API is told (`status`).
//! - `inside/`: what kubectl may ask about containers: logs, commands.
//! - `runtime/`: what stands behind the CRI: sandboxes and addresses, images, programs, shares of CPU and memory.
//! - `pressure`: what happens when something runs short. `faults`: power, processes, networks. `metrics`: what a metrics-server would show.

pub mod faults;
pub mod flannel;
pub mod inside;
pub mod kubelet;
pub mod metrics;
pub mod pressure;
pub mod runtime;
pub mod serving;

use crate::api::meta::{Str, Uid};
use crate::api::node::Heartbeat;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::status::ApiError;
use crate::client::Call;
use crate::client::events::{Memory, Source};
use crate::client::view::View;
use crate::kernel::outbox::Outbox;
use crate::kernel::table::{Index, Table};
use crate::kernel::time::{Epoch, SimTime};
use crate::store::{Change, Store, Verb};
use flannel::Flannel;
use kubelet::eviction::Eviction;
use kubelet::past::{self, Past};
use kubelet::pod_worker::{PodWorker, Stage, Step};
use kubelet::{Kubelet, Load, NodeStep, Reading, Turn, Words, admission, heartbeat, mirror};
use runtime::addresses::AddressPool;
use runtime::image::{ImageStore, Images};
use runtime::shell::network::{Query, Reply};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What wakes the kubelets, besides changes of their pods.
#[derive(Clone, Debug)]
pub enum Input {
    /// Something in a pod is due.
    Timer {
        /// The pod's number.
        pod: u32,
        /// Which of its containers, init containers first; 255: the pod as a whole.
        container: u8,
        /// What is due.
        step: Step,
        /// The attempt that it belongs to: if that is over, nothing happens.
        attempt: u32,
    },
    /// Something about a node as a whole is due.
    Node {
        /// The node's number.
        node: u32,
        /// What.
        step: NodeStep,
        /// What it belongs to: a look of the eviction manager, or else the node's boot.
        attempt: u32,
    },
    /// A node goes off or on by itself: the cluster sees to it.
    Power {
        /// The node's number.
        node: u32,
        /// Whether it goes on.
        on: bool,
        /// How often it had been switched on: if that is different now, nothing happens.
        boots: u32,
    },
    /// A process asks the network: the cluster finds the answer, and brings it with [`Nodes::answered`].
    Ask {
        /// The pod's number.
        pod: u32,
        /// Which of its containers.
        container: u8,
        /// The attempt that it belongs to.
        attempt: u32,
        /// What it asks.
        query: Arc<Query>,
    },
    /// The API server's answer to a status.
    Answer {
        /// What the request was sent with.
        token: u64,
        /// What the server said.
        result: Result<Object, ApiError>,
    },
}

impl Input {
    /// The pod or node that it is about, if it is about one.
    pub fn about(&self) -> Option<ObjectId> {
        match *self {
            Input::Timer { pod, .. } | Input::Ask { pod, .. } => Some(ObjectId { kind: Kind::Pod, number: pod }),
            Input::Node { node, .. } | Input::Power { node, .. } => Some(ObjectId { kind: Kind::Node, number: node }),
            Input::Answer { .. } => None,
        }
    }
}

/// All kubelets, their runtimes and their pods.
#[derive(Clone, Debug)]
pub struct Nodes {
    seed: u64,
    epoch: Epoch,
    images: Images,
    kubelets: Table<Kubelet>,
    names: Index<Str, u32>,
    pods: Table<PodWorker>,
    /// Static pods whose mirror is gone and whose next mirror isn't there yet, by namespace and name.
    mirrors: Index<(Str, Str), u32>,
    /// The number under which a static pod goes on whose mirror was made again: its timers carry the old one.
    renumbered: Index<u32, u32>,
    /// What pods are made from besides themselves. Each kubelet watches only what its own pods refer to; they share what they saw.
    cache: View,
    /// Earlier versions of some of it.
    past: Past,
    words: Words,
    /// What commands of users wrote into containers and volumes.
    written: inside::Written,
    /// The pods in which a command just wrote: what was known of their containers is looked at again. And the containers whose first process
    /// a command told to end.
    touched: Vec<(u32, Option<(usize, SimTime)>)>,
    /// The pods that wait for volumes.
    unmounted: Index<u32, ()>,
    /// Which pod holds which address of the pod network.
    addresses: Index<Ipv4Addr, u32>,
    /// How the nodes' pods reach one another, if they do.
    flannel: Option<Flannel>,
}

/// Whether kubelets read objects of this kind besides their pods.
pub fn reads(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ConfigMap
            | Kind::Secret
            | Kind::Service
            | Kind::PersistentVolume
            | Kind::PersistentVolumeClaim
            | Kind::StorageClass
            | Kind::VolumeAttachment
            | Kind::Node
    )
}

/// The node whose pods get addresses by a change, and which.
fn new_pod_cidr(change: &Change) -> Option<(u32, Str)> {
    let node = change.object.as_node().filter(|node| change.verb == Verb::Modified && !node.pod_cidr.is_empty())?;
    let had_none = change.old.as_ref().and_then(Object::as_node).is_some_and(|old| old.pod_cidr.is_empty());
    had_none.then(|| (change.id.number, node.pod_cidr.clone()))
}

impl Nodes {
    /// No nodes yet. `images` says how containers behave.
    pub fn new(seed: u64, images: Images) -> Self {
        Nodes {
            seed,
            epoch: Epoch::default(),
            images,
            kubelets: Table::default(),
            names: Index::default(),
            pods: Table::default(),
            mirrors: Index::default(),
            renumbered: Index::default(),
            cache: View::default(),
            past: Past::default(),
            words: Words::default(),
            written: inside::Written::default(),
            touched: Vec::new(),
            unmounted: Index::default(),
            addresses: Index::default(),
            flannel: None,
        }
    }

    /// The same, with a calendar of its own: the names of events carry the time.
    pub fn with_epoch(mut self, epoch: Epoch) -> Self {
        self.epoch = epoch;
        self
    }

    /// Adds a node that is on. Its pods get addresses of the /24 that contains `pod_cidr`.
    pub fn add_node(&mut self, node_number: u32, name: Str, address: Ipv4Addr, pod_cidr: Ipv4Addr) {
        self.names.insert(name.clone(), node_number);
        let kubelet = Kubelet {
            name,
            address,
            addresses: AddressPool::new(pod_cidr),
            images: ImageStore::default(),
            up: true,
            boots: 0,
            started: None,
            heartbeat: heartbeat::from_boot(self.seed, node_number),
            uid: Uid::NONE,
            machine: Arc::default(),
            attended: true,
            hung: None,
            cut: false,
            shutting_down: false,
            ballast: 0,
            load: Load::default(),
            host_ports: Vec::new(),
            eviction: Eviction::default(),
            collects_badly: false,
            memory: Memory::default(),
            held: Vec::new(),
            registers: None,
        };
        self.kubelets.insert(node_number, kubelet);
    }

    /// The run's seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How images behave.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// How images behave, to be changed: what starts from now on follows.
    pub fn images_mut(&mut self) -> &mut Images {
        &mut self.images
    }

    /// The nodes' numbers, in order.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.kubelets.iter().map(|(number, _)| number)
    }

    /// Whether the node is on.
    pub fn is_up(&self, node: u32) -> bool {
        self.kubelets.get(node).is_some_and(|kubelet| kubelet.up)
    }

    /// The node's heartbeats.
    pub fn heartbeat(&self, node: u32) -> Option<Heartbeat> {
        self.kubelets.get(node).map(|kubelet| kubelet.heartbeat)
    }

    /// A node's kubelet.
    pub fn kubelet(&self, node: u32) -> Option<&Kubelet> {
        self.kubelets.get(node)
    }

    /// A pod as its kubelet knows it, if one does.
    pub fn pod(&self, number: u32) -> Option<&PodWorker> {
        self.pods.get(number)
    }

    /// How many pods the kubelets know.
    pub fn pods(&self) -> usize {
        self.pods.len()
    }

    /// The pod's kubelet hears that it changed. Versions older than the known one, and pods of nodes that are off, are ignored.
    pub fn pod_changed(&mut self, now: SimTime, id: ObjectId, pod: &Arc<Pod>, verb: Verb, out: &mut Outbox<Call, Input>) {
        if pod.node_name.is_empty() {
            return;
        }
        // What a kubelet can't hear now, it lists later.
        let node = self.pods.get(id.number).map(|worker| worker.node).or_else(|| self.names.get(&pod.node_name).copied());
        if node.is_none_or(|node| !self.hears(node)) {
            return;
        }
        let is_mirror = mirror::is_mirror(&pod.meta);
        if verb == Verb::Deleted {
            if is_mirror && self.pods.get(id.number).is_some_and(|worker| self.is_up(worker.node)) {
                self.mirrors.insert((pod.meta.namespace.clone(), pod.meta.name.clone()), id.number);
                return self.with(now, id.number, out, PodWorker::mirror_again);
            }
            self.with(now, id.number, out, PodWorker::removed);
            self.keep_claims(now, id.number);
            self.written.forget(id.number);
            self.leave(id.number);
            return;
        }
        if let Some(known) = self.pods.get(id.number) {
            if known.pod.meta.resource_version < pod.meta.resource_version {
                let act = |worker: &mut PodWorker, turn: &mut Turn<'_>| match is_mirror && pod.meta.deletion.is_some() {
                    true => worker.drop_mirror(turn),
                    false => worker.changed(turn, pod),
                };
                self.with(now, id.number, out, act);
            }
            return;
        }
        if is_mirror && let Some(old) = self.mirrors.remove(&(pod.meta.namespace.clone(), pod.meta.name.clone())) {
            if let Some(worker) = self.pods.remove(old) {
                if let Some(address) = worker.pod_address() {
                    self.addresses.insert(address, id.number);
                }
                self.pods.insert(id.number, worker);
                self.renumbered.insert(old, id.number);
                self.with(now, id.number, out, |worker, turn| worker.adopt_mirror(turn, id, pod));
            }
            return;
        }
        let Some(node) = self.names.get(&pod.node_name).copied() else { return };
        let Some(kubelet) = self.kubelets.get(node).filter(|kubelet| kubelet.up) else { return };
        // A pod without a grace period is gone already: only a delivery that came out of order still speaks of it.
        let gone = pod.meta.deletion.is_some_and(|deletion| deletion.grace == 0) && pod.meta.finalizers().is_empty();
        if gone || pod.status.phase.is_final() {
            return;
        }
        let mut worker = PodWorker::new(id, pod, node, kubelet.boots, now);
        // A kubelet that starts keeps what it has started before.
        let known = pod.status.start_time.is_some() || pod.meta.deletion.is_some();
        let refusal = if known { None } else { admission::refusal(kubelet, self.node_object(node).as_deref(), pod) };
        match refusal {
            Some(refusal) => {
                worker.stage = Stage::Ended;
                self.enter(id.number, worker);
                self.with(now, id.number, out, |worker, turn| worker.refuse(turn, refusal));
            }
            None => {
                self.enter(id.number, worker);
                self.with(now, id.number, out, |worker, turn| {
                    // It has run here before: the node was off meanwhile.
                    if worker.pod.status.start_time.is_some() {
                        worker.recall(turn);
                    }
                    worker.begin(turn);
                });
            }
        }
    }

    /// The kubelets' watches deliver what they read besides pods, up to revision `upto`.
    pub fn watch(&mut self, now: SimTime, store: &Store, upto: u64, out: &mut Outbox<Call, Input>) {
        let mut of_volumes = false;
        let mut ranges = Vec::new();
        match store.changes_since(self.cache.revision()) {
            Ok(changes) => {
                for change in changes.take_while(|change| change.revision <= upto) {
                    if reads(change.id.kind) {
                        of_volumes |= !past::remembers(change.id.kind);
                        self.past.note(now, change, &self.cache);
                        ranges.extend(new_pod_cidr(change));
                        self.cache.apply(change);
                    }
                }
                self.cache.seen(upto);
            }
            Err(_) => {
                of_volumes = true;
                self.cache.relist_kinds(store, reads);
            }
        }
        for (node, range) in ranges {
            self.take_pod_cidr(now, node, &range, out);
        }
        if !of_volumes {
            return;
        }
        // What they wait for may be there.
        let waiting: Vec<u32> = self.unmounted.iter().map(|(number, ())| *number).collect();
        for number in waiting {
            self.with(now, number, out, PodWorker::attached);
        }
    }

    /// Commands of users have run in containers: what was known of these is looked at again.
    pub fn look_again(&mut self, now: SimTime, out: &mut Outbox<Call, Input>) {
        for (number, told_to_end) in std::mem::take(&mut self.touched) {
            self.with(now, number, out, |worker, turn| match told_to_end {
                None => worker.disturbed(turn),
                Some((index, at)) => worker.told_to_end(turn, index, at),
            });
        }
    }

    /// Handles a timer or an answer.
    pub fn on(&mut self, now: SimTime, input: Input, out: &mut Outbox<Call, Input>) {
        match input {
            Input::Timer { mut pod, container, step, attempt } => {
                while let Some(next) = self.renumbered.get(&pod) {
                    pod = *next;
                }
                self.with(now, pod, out, |worker, turn| worker.timer(turn, container, step, attempt))
            }
            Input::Node { node, step, attempt } => self.node_step(now, node, step, attempt, out),
            // The cluster carries these out: power concerns the lease too, and the network is everybody's.
            Input::Power { .. } | Input::Ask { .. } => {}
            // The lower half of a token is the pod's number.
            Input::Answer { token, result } => {
                let result = result.map(|_| ()).map_err(|error| error.reason);
                self.with(now, token as u32, out, |worker, turn| worker.settled(turn, token, result));
            }
        }
    }

    /// The network has answered a question that was asked in a container ([`Input::Ask`]).
    pub fn answered(&mut self, now: SimTime, asked: (u32, u8, u32), query: &Query, reply: Reply, out: &mut Outbox<Call, Input>) {
        let (mut pod, container, attempt) = asked;
        while let Some(next) = self.renumbered.get(&pod) {
            pod = *next;
        }
        self.with(now, pod, out, |worker, turn| worker.answered(turn, usize::from(container), attempt, query, reply));
    }

    /// How many of a node's pods have containers that are starting or running.
    pub fn working(&self, node: u32) -> usize {
        self.pods.iter().filter(|(_, worker)| worker.node == node && worker.stage == Stage::Working).count()
    }

    /// A pod comes under the care of a kubelet.
    fn enter(&mut self, number: u32, worker: PodWorker) {
        if let Some(kubelet) = self.kubelets.get_mut(worker.node) {
            kubelet.load.exchange(Load::default(), worker.load());
            if worker.stage != Stage::Ended {
                let ports = admission::host_ports(&worker.pod.spec);
                kubelet.host_ports.extend(ports.map(|(port, protocol)| (port, Str::from(protocol.to_owned()), number)));
            }
        }
        self.pods.insert(number, worker);
    }

    /// A pod leaves it.
    fn leave(&mut self, number: u32) {
        let Some(worker) = self.pods.remove(number) else { return };
        self.unmounted.remove(&number);
        if let Some(address) = worker.pod_address() {
            self.addresses.remove(&address);
        }
        if let Some(kubelet) = self.kubelets.get_mut(worker.node) {
            kubelet.load.exchange(worker.load(), Load::default());
            kubelet.host_ports.retain(|(_, _, pod)| *pod != number);
        }
    }

    /// Lets a pod's worker act with what it shares. Nothing happens if the pod isn't known.
    fn with(&mut self, now: SimTime, pod: u32, out: &mut Outbox<Call, Input>, act: impl FnOnce(&mut PodWorker, &mut Turn<'_>)) {
        let Some(worker) = self.pods.get_mut(pod) else { return };
        let node = worker.node;
        let kubelet = self.kubelets.get_mut(node).expect("a pod that is known is on a node that is known");
        let (before, images, waited) = (worker.load(), kubelet.images.len(), worker.mounting.is_some());
        let held = worker.pod_address();
        let source = Source { component: "kubelet", host: kubelet.name.clone(), epoch: self.epoch };
        let reading = Reading { epoch: self.epoch, cache: &self.cache, past: &self.past, written: &self.written };
        let mut turn = Turn { now, seed: self.seed, source, images: &self.images, kubelet, reading, words: &mut self.words, out };
        act(worker, &mut turn);
        let after = worker.load();
        let holds = worker.pod_address();
        if holds != held {
            if let Some(address) = held {
                self.addresses.remove(&address);
            }
            if let Some(address) = holds {
                self.addresses.insert(address, pod);
            }
        }
        if worker.mounting.is_some() != waited {
            match waited {
                true => self.unmounted.remove(&pod),
                false => self.unmounted.insert(pod, ()),
            };
        }
        if before != after {
            kubelet.load.exchange(before, after);
            if after.pods == 0 {
                kubelet.host_ports.retain(|(_, _, owner)| *owner != pod);
            }
        }
        if before.peak != after.peak || before.limited != after.limited || images != kubelet.images.len() {
            self.consider(now, node, out);
        }
    }
}

#[cfg(test)]
mod tests;
