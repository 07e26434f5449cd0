//! A node's kubelet: what it knows besides its pods, and how it reports events. Mirrors `pkg/kubelet/kubelet.go` and
//! `pkg/kubelet/events/event.go`, v1.36.
//!
//! A pod's life is in `pod_worker`, its containers' starts in `start`, their probes in `probes` and hooks in `hooks`, its end in `termination`,
//! what the API is told about it in `status`. Whether it is taken at all is decided in `admission`, whether it must go in `eviction`; what the
//! kubelet says of its node is in `node_status`.

pub mod admission;
pub mod config;
pub mod configured;
pub mod environment;
pub mod eviction;
pub mod files;
pub mod heartbeat;
pub mod hooks;
pub mod life;
pub mod mirror;
pub mod mounting;
pub mod node_status;
pub mod past;
pub mod pod_worker;
pub mod probes;
pub mod restart;
pub mod resume;
pub mod resync;
pub mod start;
pub mod stats;
pub mod status;
pub mod termination;
pub mod volumes;

use crate::api::container::Resources;
use crate::api::meta::{Str, Uid};
use crate::api::node::Heartbeat;
use crate::api::node::Node;
use crate::api::pod::PodSpec;
use crate::apiserver::request::Write;
use crate::client::events::{Memory, Source};
use crate::client::view::View;
use crate::client::{Call, NO_ANSWER};
use crate::kernel::outbox::Outbox;
use crate::kernel::table::Index;
use crate::kernel::time::{Epoch, SimDuration, SimTime};
use crate::node::Input;
use crate::node::inside::{Inside, Written};
use crate::node::runtime::addresses::AddressPool;
use crate::node::runtime::image::{ImageStore, Images};
use config::{Amounts, Machine};
use environment::NodeFacts;
use eviction::Eviction;
use past::Past;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Something that is due for a node as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeStep {
    /// The eviction manager looks.
    Housekeeping,
    /// The node's status is posted.
    Status,
    /// A shutdown goes on.
    ShutDown {
        /// Whether it is the critical pods' turn.
        critical: bool,
        /// Until when their end is waited for.
        until: SimTime,
    },
}

/// What the pods of a node ask of it and may come to use: sums that follow every change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// What they request.
    pub requests: Resources,
    /// How many they are.
    pub pods: i64,
    /// The most that their running containers may come to use.
    pub peak: Amounts,
    /// How many of them might exceed limits of their own on disk.
    pub limited: u32,
}

impl Load {
    /// The same with one part exchanged.
    pub fn exchange(&mut self, old: Load, new: Load) {
        let amount = |all: u64, old: u64, new: u64| all.saturating_sub(old).saturating_add(new);
        self.requests = self.requests.minus(old.requests).plus(new.requests);
        self.pods += new.pods - old.pods;
        self.peak = Amounts {
            memory: amount(self.peak.memory, old.peak.memory, new.peak.memory),
            disk: amount(self.peak.disk, old.peak.disk, new.peak.disk),
            pids: amount(self.peak.pids, old.peak.pids, new.peak.pids),
        };
        self.limited = self.limited + new.limited - old.limited;
    }
}

/// More requests than this aren't kept while the network is cut: `maxQueuedEvents`.
const HELD: usize = 1000;

/// A kubelet and its node's runtime, without the pods.
#[derive(Clone, Debug)]
pub struct Kubelet {
    /// What it registers as if the API has no such node when it starts; `None`: it doesn't.
    pub registers: Option<Arc<Node>>,
    /// The node's name.
    pub name: Str,
    /// The node's address.
    pub address: Ipv4Addr,
    /// Its pods' addresses.
    pub addresses: AddressPool,
    /// Its images.
    pub images: ImageStore,
    /// Whether the node is on.
    pub up: bool,
    /// How often it was switched on.
    pub boots: u32,
    /// When the kubelet was started again, if it was.
    pub started: Option<SimTime>,
    /// Its lease's renewals.
    pub heartbeat: Heartbeat,
    /// The node's UID.
    pub uid: Uid,
    /// What it has, and how the kubelet is configured.
    pub machine: Arc<Machine>,
    /// Whether the kubelet's process runs.
    pub attended: bool,
    /// Since when the runtime doesn't answer, if it doesn't.
    pub hung: Option<SimTime>,
    /// Whether nothing goes between it and the API server.
    pub cut: bool,
    /// Whether the operating system is shutting down.
    pub shutting_down: bool,
    /// Bytes on its disk that belong to no pod and no image.
    pub ballast: u64,
    /// What its pods ask for and may use.
    pub load: Load,
    /// Ports of the node that pods took: number, protocol, pod.
    pub host_ports: Vec<(i32, Str, u32)>,
    /// The eviction manager.
    pub eviction: Eviction,
    /// Whether the last collection of images didn't free enough.
    pub collects_badly: bool,
    /// Its events about the node.
    pub memory: Memory,
    /// What it couldn't send, and since when.
    pub held: Vec<(SimTime, Write)>,
}

impl Kubelet {
    /// Whether it acts on its pods: their containers may run on without it.
    pub fn tends(&self) -> bool {
        self.up && self.attended && self.hung.is_none()
    }

    /// What the downward API tells of its node.
    pub fn facts(&self) -> NodeFacts {
        NodeFacts { name: self.name.clone(), address: self.address, allocatable: self.machine.allocatable.resources }
    }

    /// Whether it hears of changes, and is heard.
    pub fn hears(&self) -> bool {
        self.up && self.attended && !self.cut
    }

    /// Keeps a request for later.
    pub fn hold(&mut self, now: SimTime, write: Write) {
        if self.held.len() < HELD {
            self.held.push((now, write));
        }
    }

    /// The first tick after a moment of something that happens again and again since the kubelet started.
    pub fn tick_after(&self, after: SimTime, period: SimDuration) -> SimTime {
        let (first, period) = (self.heartbeat.first, period.as_nanos());
        if after < first {
            return first;
        }
        first + SimDuration::from_nanos((after.since(first).as_nanos() / period + 1) * period)
    }

    /// Whether a moment is such a tick.
    pub fn is_tick(&self, at: SimTime, period: SimDuration) -> bool {
        at >= self.heartbeat.first && at.since(self.heartbeat.first).as_nanos().is_multiple_of(period.as_nanos())
    }

    /// Whether images will have to be collected with so much of the disk used.
    pub fn is_full(&self, disk: u64) -> bool {
        disk * 100 >= self.machine.amounts().disk * self.machine.config.image_gc_percent.0
    }
}

/// What kubelets read besides their pods.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The calendar.
    pub epoch: Epoch,
    /// What they know now.
    pub cache: &'a View,
    /// What they knew before.
    pub past: &'a Past,
    /// What commands of users wrote into containers and volumes.
    pub written: &'a Written,
}

/// What the kubelets share while one input is handled.
pub struct Turn<'a> {
    /// The moment.
    pub now: SimTime,
    /// The run's seed.
    pub seed: u64,
    /// Who tells the pod's events.
    pub source: Source,
    /// How images behave.
    pub images: &'a Images,
    /// The pod's kubelet.
    pub kubelet: &'a mut Kubelet,
    /// What it reads besides its pods.
    pub reading: Reading<'a>,
    /// Sentences made before.
    pub words: &'a mut Words,
    /// What it asks for.
    pub out: &'a mut Outbox<Call, Input>,
}

/// A sentence about a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sentence {
    /// `Container image "x" already present on machine and can be accessed by the pod`
    Present,
    /// `Pulling image "x"`
    Pulling,
    /// `Back-off pulling image "x"`
    BackOffPulling,
    /// `Stopping container x`
    Stopping,
    /// `spec.containers{x}`
    ContainerField,
    /// `spec.initContainers{x}`
    InitContainerField,
    /// `spec.ephemeralContainers{x}`
    EphemeralContainerField,
}

/// Sentences made before: replicas say the same things, so they share them.
#[derive(Clone, Debug, Default)]
pub struct Words {
    sentences: Index<(Sentence, Str), Str>,
    /// The specification that was asked about last, and what it says of all its containers while none is ready.
    unready: Option<(Arc<PodSpec>, Str)>,
}

/// More sentences than this aren't kept.
const SENTENCES: usize = 4096;

impl Words {
    /// The sentence about `name`.
    pub fn about(&mut self, sentence: Sentence, name: &Str) -> Str {
        let key = (sentence, name.clone());
        if let Some(made) = self.sentences.get(&key) {
            return made.clone();
        }
        let made = Str::from(match sentence {
            Sentence::Present => format!("Container image \"{name}\" already present on machine and can be accessed by the pod"),
            Sentence::Pulling => format!("Pulling image \"{name}\""),
            Sentence::BackOffPulling => format!("Back-off pulling image \"{name}\""),
            Sentence::Stopping => format!("Stopping container {name}"),
            Sentence::ContainerField => format!("spec.containers{{{name}}}"),
            Sentence::InitContainerField => format!("spec.initContainers{{{name}}}"),
            Sentence::EphemeralContainerField => format!("spec.ephemeralContainers{{{name}}}"),
        });
        if self.sentences.len() >= SENTENCES {
            self.sentences = Index::default();
        }
        self.sentences.insert(key, made.clone());
        made
    }

    /// `containers with unready status: [a b]`, for all containers of a specification.
    pub fn all_unready(&mut self, spec: &Arc<PodSpec>) -> Str {
        if let Some((known, made)) = &self.unready
            && Arc::ptr_eq(known, spec)
        {
            return made.clone();
        }
        let names = spec.containers.iter().map(|c| c.name.as_str());
        let made = status::unready_message("unready", names);
        self.unready = Some((spec.clone(), made.clone()));
        made
    }
}

impl Turn<'_> {
    /// Looks into the containers of the node, whose facts are `node`.
    pub fn inside<'s>(&'s self, node: &'s NodeFacts) -> Inside<'s> {
        let Reading { epoch, cache, past, written } = self.reading;
        Inside { seed: self.seed, epoch, cache, past, written, node }
    }

    /// Sends a request whose answer doesn't matter.
    pub fn send(&mut self, write: Write) {
        if self.kubelet.cut {
            return self.kubelet.hold(self.now, write);
        }
        self.out.send(Call { token: NO_ANSWER, write });
    }
}

#[cfg(test)]
mod tests;
