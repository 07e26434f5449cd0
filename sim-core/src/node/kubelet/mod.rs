//! A node's kubelet: what it knows besides its pods, and how it reports events. Mirrors `pkg/kubelet/kubelet.go` and
//! `pkg/kubelet/events/event.go`, v1.36.
//!
//! A pod's life is in `pod_worker`, its containers' starts in `start`, their probes in `probes` and hooks in `hooks`, its end in `termination`,
//! what the API is told about it in `status`.

pub mod configured;
pub mod environment;
pub mod files;
pub mod heartbeat;
pub mod hooks;
pub mod mirror;
pub mod past;
pub mod pod_worker;
pub mod probes;
pub mod restart;
pub mod start;
pub mod resync;
pub mod status;
pub mod termination;
pub mod volumes;

use crate::api::meta::Str;
use crate::api::node::Heartbeat;
use crate::api::pod::PodSpec;
use crate::apiserver::request::Write;
use crate::client::events::Source;
use crate::client::{Call, NO_ANSWER};
use crate::kernel::outbox::Outbox;
use crate::kernel::table::Index;
use crate::kernel::time::SimTime;
use crate::node::Input;
use crate::node::runtime::addresses::AddressPool;
use crate::node::runtime::image::{ImageStore, Images};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A kubelet and its node's runtime, without the pods.
#[derive(Clone, Debug)]
pub struct Kubelet {
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
}

impl Kubelet {
    /// Whether it acts on its pods: their containers may run on without it.
    pub fn tends(&self) -> bool {
        self.up
    }
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
    /// Sends a request whose answer doesn't matter.
    pub fn send(&mut self, write: Write) {
        self.out.send(Call { token: NO_ANSWER, write });
    }
}

#[cfg(test)]
mod tests;
