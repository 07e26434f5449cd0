//! The cluster at a moment: nodes, pods, those who own them, Services.

use super::Id;
use serde::Serialize;
use ts_rs::TS;

/// The cluster at a moment, or what of it is new since the frame before.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    /// The moment.
    #[ts(type = "number")]
    pub at: u64,
    /// The calendar moment of the start, in seconds since 1970.
    #[ts(type = "number")]
    pub epoch: u64,
    /// How far the run was ever played: there is a future to go to if this is later than `at`.
    #[ts(type = "number")]
    pub horizon: u64,
    /// When the next thing happens by itself; `null`: nothing waits.
    #[ts(type = "number | null")]
    pub next: Option<u64>,
    /// The store's revision.
    #[ts(type = "number")]
    pub revision: u64,
    /// How many events were handled.
    #[ts(type = "number")]
    pub handled: u64,
    /// Whether this is the whole: then what was known before is forgotten. Else the lists hold what is new or has changed.
    pub whole: bool,
    /// Whether there are too many pods to show each: then `pods` stays empty and the nodes' counts tell.
    pub crowd: bool,
    /// New or changed nodes.
    pub nodes: Vec<NodeFrame>,
    /// New or changed pods.
    pub pods: Vec<PodFrame>,
    /// New or changed owners of pods.
    pub owners: Vec<OwnerFrame>,
    /// New or changed Services.
    pub services: Vec<ServiceFrame>,
    /// New or changed Ingresses.
    pub ingresses: Vec<IngressFrame>,
    /// What is gone.
    pub gone: Vec<Id>,
    /// Sums over all.
    pub totals: Totals,
}

/// Sums over the whole cluster.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Nodes.
    pub nodes: u32,
    /// Those of them that are ready.
    pub nodes_ready: u32,
    /// Pods.
    pub pods: u32,
    /// The pods by what they are doing.
    pub counts: Counts,
    /// The namespaces' names, sorted.
    pub namespaces: Vec<String>,
}

/// What a pod is doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum PodState {
    /// It has no node yet.
    Pending,
    /// On its node, its containers are being made.
    Creating,
    /// Its containers run, but it isn't ready.
    Running,
    /// It gets traffic.
    Ready,
    /// Something is wrong with it: a crash, an image that can't be pulled.
    Failing,
    /// It is being deleted.
    Terminating,
    /// Its containers have ended well.
    Succeeded,
}

/// How many pods are in each state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "as PodState's")]
pub struct Counts {
    pub pending: u32,
    pub creating: u32,
    pub running: u32,
    pub ready: u32,
    pub failing: u32,
    pub terminating: u32,
    pub succeeded: u32,
}

/// An amount of what nodes have and pods ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Amounts {
    /// Thousandths of a CPU.
    #[ts(type = "number")]
    pub milli_cpu: i64,
    /// Bytes.
    #[ts(type = "number")]
    pub memory: i64,
    /// Pods.
    #[ts(type = "number")]
    pub pods: i64,
}

/// A node.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeFrame {
    /// Its identity.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// What the API says of it.
    pub ready: bool,
    /// Whether it takes new pods: it isn't cordoned.
    pub schedulable: bool,
    /// The pressures and other conditions that are true besides Ready: `MemoryPressure`.
    pub conditions: Vec<String>,
    /// `key=value:Effect`.
    pub taints: Vec<String>,
    /// Its own address.
    pub address: String,
    /// Its pods' subnet; empty before it has one.
    pub pod_cidr: String,
    /// Whether the machine has power.
    pub powered: bool,
    /// Whether its kubelet runs.
    pub kubelet: bool,
    /// Whether it reaches the API server.
    pub connected: bool,
    /// Whether its container runtime answers.
    pub runtime: bool,
    /// Whether its kube-proxy runs.
    pub proxy: bool,
    /// Whether its flanneld runs.
    pub flannel: bool,
    /// What pods may have.
    pub allocatable: Amounts,
    /// What its pods ask for.
    pub requested: Amounts,
    /// Its pods by what they are doing.
    pub counts: Counts,
}

/// A pod.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PodFrame {
    /// Its identity.
    pub id: Id,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The name of its node; empty before it has one.
    pub node: String,
    /// The identity of its controller; empty if it has none.
    pub owner: Id,
    /// What it is doing.
    pub state: PodState,
    /// As in kubectl's column STATUS: `CrashLoopBackOff`, `Init:0/1`.
    pub status: String,
    /// As in kubectl's column READY: `1/2`.
    pub ready: String,
    /// As in kubectl's column RESTARTS.
    pub restarts: u32,
    /// Whether it has a sandbox: its pause container runs and the pod has a network.
    pub sandbox: bool,
    /// Its address; empty before it has one.
    pub ip: String,
    /// Its containers, init containers first.
    pub containers: Vec<ContainerFrame>,
    /// What it asks for.
    pub requests: Amounts,
    /// When it was created.
    #[ts(type = "number")]
    pub created: u64,
}

/// What a container is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ContainerKind {
    /// It runs before the others, to its end.
    Init,
    /// It starts before the others and runs beside them.
    Sidecar,
    /// One of the pod's containers.
    Main,
    /// Put in later, for debugging.
    Ephemeral,
}

/// What a container is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ContainerPhase {
    /// It doesn't run yet, or not now.
    Waiting,
    /// It runs.
    Running,
    /// It has ended well.
    Ended,
    /// It has failed.
    Failed,
}

/// A container.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ContainerFrame {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// What it is for.
    pub kind: ContainerKind,
    /// What it is doing.
    pub phase: ContainerPhase,
    /// Why, in the API's word: `ContainerCreating`, `OOMKilled`; may be empty.
    pub reason: String,
    /// Whether it counts as ready.
    pub ready: bool,
    /// How often it was started again.
    pub restarts: u32,
}

/// What makes pods: a Deployment, ReplicaSet, StatefulSet, DaemonSet, Job or CronJob.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OwnerFrame {
    /// Its identity.
    pub id: Id,
    /// `Deployment`, `ReplicaSet`, …
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The identity of its own controller; empty if it has none.
    pub owner: Id,
    /// How many pods it should have.
    pub desired: u32,
    /// How many it has.
    pub current: u32,
    /// How many of them are ready.
    pub ready: u32,
    /// How many are available.
    pub available: u32,
    /// How many are of the newest template.
    pub updated: u32,
    /// The revision, of a ReplicaSet or Deployment; 0 if it has none.
    pub revision: u32,
    /// The images of its template, `nginx:1.17.1`.
    pub images: Vec<String>,
    /// `RollingUpdate 25%/25%`, `Recreate`, `OnDelete`; empty for what has none.
    pub strategy: String,
    /// Whether it is paused.
    pub paused: bool,
    /// What is to be said of it: `complete`, `progressing`, `stalled`, `paused`; empty for kinds that say nothing.
    pub status: String,
}

/// A Service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ServiceFrame {
    /// Its identity.
    pub id: Id,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `ClusterIP`, `NodePort`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its address; `None` for a headless one, empty for none at all.
    pub cluster_ip: String,
    /// `80/TCP`, `80:30080/TCP`.
    pub ports: Vec<String>,
    /// The address that a load balancer gave; empty if none did.
    pub external: String,
    /// Whom its EndpointSlices name; nobody in a crowd.
    pub endpoints: Vec<EndpointFrame>,
}

/// An address behind a Service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EndpointFrame {
    /// The pod's identity; empty if it is no pod.
    pub pod: Id,
    /// The address.
    pub address: String,
    /// Whether it gets traffic.
    pub ready: bool,
}

/// An Ingress.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct IngressFrame {
    /// Its identity.
    pub id: Id,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its rules.
    pub rules: Vec<IngressRule>,
}

/// What an Ingress sends where.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct IngressRule {
    /// The host; `*` for any.
    pub host: String,
    /// The path.
    pub path: String,
    /// The Service's name.
    pub service: String,
}
