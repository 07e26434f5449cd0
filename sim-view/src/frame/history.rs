//! What happened over time: the lives of pods and nodes, the sizes of ReplicaSets, what the user did, metrics.

use super::cluster::PodState;
use super::{Id, Ref};
use serde::Serialize;
use ts_rs::TS;

/// All that the timeline shows, as far as the run was ever played.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// How far the run was played.
    #[ts(type = "number")]
    pub horizon: u64,
    /// The pods' lives, in the order of their creation.
    pub pods: Vec<PodLane>,
    /// How many pods are left out because there are too many.
    pub pods_left_out: u32,
    /// The nodes' lives.
    pub nodes: Vec<NodeLane>,
    /// The sizes of ReplicaSets, StatefulSets and DaemonSets.
    pub sizes: Vec<SizeLane>,
    /// What the user did, what was broken, and warnings.
    pub marks: Vec<Mark>,
}

/// The life of a pod.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PodLane {
    /// Which pod.
    pub pod: Ref,
    /// The identity of what made it; empty if nobody did.
    pub owner: Id,
    /// That one's name; empty if nobody did.
    pub owner_name: String,
    /// Its node; empty if it never had one.
    pub node: String,
    /// Its states in order.
    pub spans: Vec<PodSpan>,
    /// When it was gone; `null` if it is there.
    #[ts(type = "number | null")]
    pub gone: Option<u64>,
}

/// From when on a pod was in a state, until its next span begins.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PodSpan {
    /// Since when.
    #[ts(type = "number")]
    pub from: u64,
    /// The state.
    pub state: PodState,
    /// As in kubectl's column STATUS.
    pub status: String,
}

/// The life of a node.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeLane {
    /// Which node.
    pub node: Ref,
    /// From when on it was ready, or not.
    pub spans: Vec<NodeSpan>,
}

/// From when on a node was in a state, until its next span begins.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeSpan {
    /// Since when.
    #[ts(type = "number")]
    pub from: u64,
    /// Whether it was ready.
    pub ready: bool,
    /// Whether it took new pods.
    pub schedulable: bool,
}

/// The sizes that something was given.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SizeLane {
    /// What.
    pub owner: Ref,
    /// The identity of its own controller, such as a ReplicaSet's Deployment; empty if it has none.
    pub parent: Id,
    /// Its sizes in order.
    pub steps: Vec<SizeStep>,
}

/// From when on something wanted and had so many pods.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SizeStep {
    /// Since when.
    #[ts(type = "number")]
    pub from: u64,
    /// How many it should have; `null` once it is gone.
    pub desired: Option<u32>,
    /// How many of its pods are ready.
    pub ready: u32,
}

/// What a mark on the timeline is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum MarkKind {
    /// The user did something.
    Input,
    /// The user broke or mended something.
    Fault,
    /// An event of type Warning.
    Warning,
    /// A rollout was completed.
    Rollout,
}

/// Something at a moment.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// When.
    #[ts(type = "number")]
    pub at: u64,
    /// What it is about.
    pub kind: MarkKind,
    /// In words.
    pub text: String,
    /// The object that it is about, if it is about one.
    pub object: Option<Ref>,
}

/// Figures over time, as far as the run was ever played. All columns are as long as `times`.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// The moments, in seconds since the start.
    pub times: Vec<f64>,
    /// Pods that should be there: the sum over ReplicaSets, StatefulSets and DaemonSets.
    pub desired: Vec<u32>,
    /// Ready pods.
    pub ready: Vec<u32>,
    /// Pods on their way: pending, creating, running but not ready.
    pub starting: Vec<u32>,
    /// Failing pods.
    pub failing: Vec<u32>,
    /// Terminating pods.
    pub terminating: Vec<u32>,
    /// Writes to the API server so far.
    pub writes: Vec<u32>,
    /// How the requests of simulated clients fared.
    pub traffic: Vec<TrafficSeries>,
}

/// How the requests of a simulated client fared.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TrafficSeries {
    /// The client's name.
    pub name: String,
    /// Where it sits.
    pub from: String,
    /// Whom it asks.
    pub to: String,
    /// Seconds since the start.
    pub times: Vec<f64>,
    /// Requests a second that were answered.
    pub ok: Vec<f64>,
    /// Requests a second that were lost.
    pub failed: Vec<f64>,
    /// The mean latency, in milliseconds.
    pub latency: Vec<f64>,
    /// All that were sent.
    #[ts(type = "number")]
    pub sent: u64,
    /// All that were lost.
    #[ts(type = "number")]
    pub lost: u64,
    /// The share of those answered, in words: `99.97%`.
    pub success: String,
}

/// An Event object, as `kubectl get events` lists it.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EventRow {
    /// The Event's identity.
    pub id: Id,
    /// When it was seen last.
    #[ts(type = "number")]
    pub last: u64,
    /// When it was seen first.
    #[ts(type = "number")]
    pub first: u64,
    /// How often.
    pub count: u32,
    /// Whether it is a warning.
    pub warning: bool,
    /// `Scheduled`, `Killing`, …
    pub reason: String,
    /// Who says so: `kubelet`.
    pub source: String,
    /// What it is about.
    pub about: Ref,
    /// In words.
    pub message: String,
}
