//! Pods and pod templates. Mirrors `k8s.io/api/core/v1/types.go` (Pod, PodSpec, PodStatus), v1.36.
//!
//! What replicas share — spec, labels, the external tree — sits behind `Arc`s made once per template; a pod of its own
//! has its name, its node and its status.

use crate::api::container::int;
pub use crate::api::container::{Container, ContainerPort, PullPolicy, Resources};
use crate::api::meta::{Condition, ConditionStatus, Meta, Str, StrMap, text};
use crate::api::qos;
use crate::api::references::{self, Reference};
pub use crate::api::taint::{Taint, TaintEffect, Toleration};
use crate::kernel::time::{Epoch, SimTime};
use serde_json::{Map, Value, json};
use std::net::Ipv4Addr;
use std::sync::{Arc, OnceLock};

/// When containers are started again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RestartPolicy {
    /// Whenever they end.
    #[default]
    Always,
    /// When they fail.
    OnFailure,
    /// Never.
    Never,
}

impl RestartPolicy {
    /// The policy of this name; `Always` if there is none.
    pub fn parse(text: &str) -> RestartPolicy {
        match text {
            "OnFailure" => RestartPolicy::OnFailure,
            "Never" => RestartPolicy::Never,
            _ => RestartPolicy::Always,
        }
    }
}

/// A pod's specification, decoded once and shared by all that were made from the same template.
#[derive(Debug)]
pub struct PodSpec {
    /// The external form with defaults filled in.
    pub tree: Value,
    /// Containers.
    pub containers: Vec<Container>,
    /// Containers that run before them, one by one.
    pub init_containers: Vec<Container>,
    /// Containers that were added to look into a running pod.
    pub ephemeral_containers: Vec<Container>,
    /// Labels that the node must have.
    pub node_selector: StrMap,
    /// Taints that the pod can live with.
    pub tolerations: Vec<Toleration>,
    /// When containers are started again.
    pub restart_policy: RestartPolicy,
    /// `terminationGracePeriodSeconds`
    pub grace_seconds: i64,
    /// Whether the pod lives in the node's network namespace.
    pub host_network: bool,
    /// Higher goes first.
    pub priority: i32,
    /// Who is to schedule it.
    pub scheduler_name: Str,
    /// The node that the author named, if any.
    pub node_name: Str,
    /// What it asks of a node.
    pub requests: Resources,
    /// Whether it has a volume that isn't there by itself: any but `emptyDir` and the service account's token.
    has_volumes: bool,
    /// `Guaranteed`, `Burstable` or `BestEffort`.
    pub qos_class: &'static str,
    /// What the admission of pods makes of this spec. Computed once for all replicas.
    admitted: OnceLock<Arc<PodSpec>>,
    /// The ConfigMaps and Secrets that it names. Found once, when somebody asks first.
    references: OnceLock<Vec<Reference>>,
}

impl PartialEq for PodSpec {
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
    }
}

// With this, two `Arc`s of the same memory compare equal without a look inside: replicas share their specification.
impl Eq for PodSpec {}

impl PodSpec {
    /// Decodes a defaulted `spec`.
    pub fn from_tree(tree: &Value) -> Self {
        let list = |field: &str| tree[field].as_array().map_or(&[][..], |list| list);
        let containers: Vec<Container> = list("containers").iter().map(Container::from_tree).collect();
        let init_containers: Vec<Container> = list("initContainers").iter().map(Container::from_tree).collect();
        PodSpec {
            node_selector: StrMap::from_tree(tree.get("nodeSelector")),
            tolerations: list("tolerations").iter().map(Toleration::from_tree).collect(),
            restart_policy: RestartPolicy::parse(tree["restartPolicy"].as_str().unwrap_or_default()),
            grace_seconds: tree["terminationGracePeriodSeconds"].as_i64().unwrap_or(30),
            host_network: tree["hostNetwork"] == true,
            priority: int(tree, "priority"),
            scheduler_name: text(tree, "schedulerName"),
            node_name: text(tree, "nodeName"),
            requests: effective_requests(&containers, &init_containers, tree),
            qos_class: qos::class(tree),
            has_volumes: list("volumes").iter().any(|volume| !volume["emptyDir"].is_object() && volume["name"] != TOKEN_VOLUME),
            containers,
            init_containers,
            ephemeral_containers: list("ephemeralContainers").iter().map(Container::from_tree).collect(),
            tree: tree.clone(),
            admitted: OnceLock::new(),
            references: OnceLock::new(),
        }
    }

    /// What the admission of pods makes of this spec, computed once by `admit`.
    pub fn admitted(self: &Arc<Self>, admit: impl FnOnce(&Value) -> Value) -> Arc<PodSpec> {
        self.admitted.get_or_init(|| Arc::new(PodSpec::from_tree(&admit(&self.tree)))).clone()
    }

    /// The ConfigMaps and Secrets that it names, sorted.
    pub fn references(&self) -> &[Reference] {
        self.references.get_or_init(|| references::of_spec(&self.tree))
    }

    /// Whether a volume must be looked for before the pod can start.
    pub fn mounts_anything(&self) -> bool {
        self.has_volumes
    }

    /// The ports of this name, over all containers.
    pub fn port_named(&self, name: &str) -> Option<&ContainerPort> {
        self.containers.iter().flat_map(|c| &c.ports).find(|p| p.name == *name)
    }
}

/// What all containers and sidecars ask for together, or the largest init container beside the sidecars before it, if that is more; what
/// the pod itself asks for instead; plus overhead. `staging/src/k8s.io/component-helpers/resource/helpers.go`, PodRequests.
///
/// A sidecar of 100m, an init container of 500m and a container of 200m ask for max(100 + 200, 100 + 500) = 600m.
fn effective_requests(containers: &[Container], init_containers: &[Container], tree: &Value) -> Resources {
    let sum = containers.iter().fold(Resources::default(), |sum, c| sum.plus(c.requests));
    let (mut sidecars, mut starting) = (Resources::default(), Resources::default());
    for container in init_containers {
        let beside = sidecars.plus(container.requests);
        starting = starting.max(beside);
        if container.is_sidecar() {
            sidecars = beside;
        }
    }
    let mut total = sum.plus(sidecars).max(starting);
    let own = &tree["resources"]["requests"];
    let pod = Resources::from_tree(own);
    for (name, of_pod, amount) in [("cpu", pod.milli_cpu, &mut total.milli_cpu), ("memory", pod.memory, &mut total.memory)] {
        if own.get(name).is_some() {
            *amount = of_pod;
        }
    }
    total.plus(Resources::from_tree(&tree["overhead"]))
}

/// What a workload makes pods from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PodTemplate {
    /// Labels of the pods.
    pub labels: StrMap,
    /// Annotations of the pods.
    pub annotations: StrMap,
    /// Their specification.
    pub spec: Arc<PodSpec>,
    /// The external form.
    pub tree: Arc<Value>,
}

impl PodTemplate {
    /// Decodes a defaulted `template`.
    pub fn from_tree(tree: &Value) -> Self {
        PodTemplate {
            labels: StrMap::from_tree(tree["metadata"].get("labels")),
            annotations: StrMap::from_tree(tree["metadata"].get("annotations")),
            spec: Arc::new(PodSpec::from_tree(&tree["spec"])),
            tree: Arc::new(tree.clone()),
        }
    }

    /// The same template with one label more. Shares the specification.
    pub fn with_label(&self, key: &'static str, value: &Str) -> PodTemplate {
        let mut template = self.clone();
        template.labels.set(key, value.clone());
        let mut tree = (*self.tree).clone();
        tree["metadata"]["labels"][key] = Value::from(value.as_str());
        template.tree = Arc::new(tree);
        template
    }
}

/// `status.phase`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Phase {
    /// Not all containers have started.
    #[default]
    Pending,
    /// On its node.
    Running,
    /// All containers ended well.
    Succeeded,
    /// All containers ended, one badly.
    Failed,
    /// Its node can't be asked.
    Unknown,
}

impl Phase {
    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Pending => "Pending",
            Phase::Running => "Running",
            Phase::Succeeded => "Succeeded",
            Phase::Failed => "Failed",
            Phase::Unknown => "Unknown",
        }
    }

    /// Whether no container will run again.
    pub const fn is_final(self) -> bool {
        matches!(self, Phase::Succeeded | Phase::Failed)
    }
}

/// Where a container is in its life.
#[derive(Clone, PartialEq, Debug)]
pub enum ContainerState {
    /// Not running yet, or not now.
    Waiting {
        /// `ContainerCreating`, `CrashLoopBackOff`, …
        reason: Str,
        /// One sentence; may be empty.
        message: Str,
    },
    /// Running.
    Running {
        /// Since when; whole seconds.
        started: SimTime,
    },
    /// Ended.
    Terminated {
        /// The process's exit code; 128 + signal if killed.
        exit_code: i32,
        /// `Completed`, `Error`, `OOMKilled`, …
        reason: Str,
        /// When it started.
        started: SimTime,
        /// When it ended.
        finished: SimTime,
        /// Which container it was.
        container_id: u64,
    },
}

/// One container's status.
#[derive(Clone, PartialEq, Debug)]
pub struct ContainerStatus {
    /// The container's name.
    pub name: Str,
    /// Its image.
    pub image: Str,
    /// What it is doing.
    pub state: ContainerState,
    /// What it did before the last restart.
    pub last_state: Option<ContainerState>,
    /// Whether it passes its readiness probe.
    pub ready: bool,
    /// Whether it passed its startup probe.
    pub started: bool,
    /// How often it was started again.
    pub restart_count: u32,
    /// A number for the runtime's container id; 0 before there is one.
    pub container_id: u64,
}

/// `status` of a pod.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PodStatus {
    /// The sum of it all.
    pub phase: Phase,
    /// In the order of the API.
    pub conditions: Vec<Condition>,
    /// The node's address.
    pub host_ip: Option<Ipv4Addr>,
    /// The pod's address.
    pub pod_ip: Option<Ipv4Addr>,
    /// When the kubelet first saw it; whole seconds.
    pub start_time: Option<SimTime>,
    /// Per container.
    pub containers: Vec<ContainerStatus>,
    /// Per init container.
    pub init_containers: Vec<ContainerStatus>,
    /// Per ephemeral container.
    pub ephemeral_containers: Vec<ContainerStatus>,
    /// `Evicted`, `NodeLost`, …; mostly empty.
    pub reason: Str,
    /// One sentence; mostly empty.
    pub message: Str,
    /// The generation that the kubelet has seen.
    pub observed_generation: i64,
    /// The node that the scheduler expects it to get, while it waits for volumes there; mostly empty.
    pub nominated_node: Str,
}

impl PodStatus {
    /// The condition of this type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|c| c.kind == *kind)
    }
}

/// A pod.
#[derive(Clone, PartialEq, Debug)]
pub struct Pod {
    /// Metadata.
    pub meta: Meta,
    /// Shared with its siblings.
    pub spec: Arc<PodSpec>,
    /// The node that a DaemonSet made it for, which takes the place of the node affinity that its specification requires; else empty. It
    /// isn't part of the specification, so that all pods of a DaemonSet share theirs.
    pub target: Str,
    /// The node it is bound to; empty before.
    pub node_name: Str,
    /// What the kubelet says.
    pub status: PodStatus,
}

impl Pod {
    /// Whether the Ready condition is true. `pkg/api/v1/pod/util.go`, IsPodReady.
    pub fn is_ready(&self) -> bool {
        self.status.condition("Ready").is_some_and(|c| c.status == ConditionStatus::True)
    }

    /// When the Ready condition became true.
    pub fn ready_since(&self) -> Option<SimTime> {
        self.status.condition("Ready").filter(|c| c.status == ConditionStatus::True).map(|c| c.last_transition)
    }

    /// Whether a controller counts it: not ended and not being deleted. `pkg/controller/controller_utils.go`, IsPodActive.
    pub fn is_active(&self) -> bool {
        !self.status.phase.is_final() && self.meta.deletion.is_none()
    }

    /// Whether it was deleted but is still ending. `pkg/controller/controller_utils.go`, IsPodTerminating.
    pub fn is_terminating(&self) -> bool {
        !self.status.phase.is_final() && self.meta.deletion.is_some()
    }

    /// The sum of its containers' restarts.
    pub fn restarts(&self) -> u32 {
        self.status.containers.iter().map(|c| c.restart_count).max().unwrap_or(0)
    }

    /// The external `spec`.
    fn spec_tree(&self, token_suffix: &str) -> Value {
        let mut tree = self.spec.tree.clone();
        if !self.target.is_empty() {
            tree["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = json!({
                "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [self.target.as_str()]}]}],
            });
        }
        if !self.node_name.is_empty() {
            tree["nodeName"] = Value::from(self.node_name.as_str());
        }
        name_token_volume(&mut tree, token_suffix);
        tree
    }

    /// The name that the API shows for a volume of its specification.
    pub fn volume_name(&self, name: &str) -> String {
        if name == TOKEN_VOLUME { format!("{name}-{}", token_suffix(self.meta.uid.0)) } else { name.to_owned() }
    }

    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        let suffix = token_suffix(self.meta.uid.0);
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": self.meta.to_tree(epoch), "spec": self.spec_tree(&suffix), "status": self.status.to_tree(epoch, self.spec.qos_class),
        })
    }
}

/// The suffix that admission leaves for the name of the service account's volume, replaced per pod when it is served.
pub const TOKEN_VOLUME: &str = "kube-api-access";

/// The pod's own five letters for [`TOKEN_VOLUME`]. Derived from its UID, so that replicas can share one specification.
fn token_suffix(uid: u128) -> String {
    let alphabet = crate::api::names::SUFFIX_ALPHABET.as_bytes();
    let mut bits = (uid >> 64) as u64 ^ (uid as u64).rotate_left(17);
    (0..5)
        .map(|_| {
            let letter = alphabet[(bits % alphabet.len() as u64) as usize] as char;
            bits /= alphabet.len() as u64;
            letter
        })
        .collect()
}

fn name_token_volume(spec: &mut Value, suffix: &str) {
    let rename = |name: &mut Value| {
        if name == TOKEN_VOLUME {
            *name = Value::from(format!("{TOKEN_VOLUME}-{suffix}"));
        }
    };
    if let Some(volumes) = spec.get_mut("volumes").and_then(Value::as_array_mut) {
        volumes.iter_mut().filter_map(|v| v.get_mut("name")).for_each(rename);
    }
    for field in ["containers", "initContainers"] {
        let Some(containers) = spec.get_mut(field).and_then(Value::as_array_mut) else { continue };
        let mounts = containers.iter_mut().filter_map(|c| c.get_mut("volumeMounts")?.as_array_mut()).flatten();
        mounts.filter_map(|m| m.get_mut("name")).for_each(rename);
    }
}

impl PodStatus {
    fn to_tree(&self, epoch: Epoch, qos_class: &str) -> Value {
        let mut tree = Map::new();
        if self.observed_generation != 0 {
            tree.insert("observedGeneration".into(), self.observed_generation.into());
        }
        tree.insert("phase".into(), self.phase.as_str().into());
        if !self.conditions.is_empty() {
            tree.insert("conditions".into(), self.conditions.iter().map(|c| pod_condition(c, epoch)).collect());
        }
        for (field, text) in [("reason", &self.reason), ("message", &self.message), ("nominatedNodeName", &self.nominated_node)] {
            if !text.is_empty() {
                tree.insert(field.into(), text.as_str().into());
            }
        }
        for (one, many, ip) in [("hostIP", "hostIPs", self.host_ip), ("podIP", "podIPs", self.pod_ip)] {
            if let Some(ip) = ip {
                tree.insert(one.into(), ip.to_string().into());
                tree.insert(many.into(), json!([{"ip": ip.to_string()}]));
            }
        }
        if let Some(start) = self.start_time {
            tree.insert("startTime".into(), epoch.rfc3339(start).into());
        }
        for (field, statuses) in [
            ("initContainerStatuses", &self.init_containers),
            ("containerStatuses", &self.containers),
            ("ephemeralContainerStatuses", &self.ephemeral_containers),
        ] {
            if !statuses.is_empty() {
                tree.insert(field.into(), statuses.iter().map(|s| s.to_tree(epoch)).collect());
            }
        }
        tree.insert("qosClass".into(), qos_class.into());
        Value::Object(tree)
    }
}

fn pod_condition(condition: &Condition, epoch: Epoch) -> Value {
    let mut tree = json!({
        "type": condition.kind.as_str(), "status": condition.status.as_str(),
        "lastProbeTime": null, "lastTransitionTime": epoch.rfc3339(condition.last_transition),
    });
    if condition.observed_generation != 0 {
        tree["observedGeneration"] = condition.observed_generation.into();
    }
    for (field, text) in [("reason", &condition.reason), ("message", &condition.message)] {
        if !text.is_empty() {
            tree[field] = text.as_str().into();
        }
    }
    tree
}

impl ContainerStatus {
    fn to_tree(&self, epoch: Epoch) -> Value {
        let state = |state: &ContainerState| match state {
            ContainerState::Waiting { reason, message } if message.is_empty() => json!({"waiting": {"reason": reason.as_str()}}),
            ContainerState::Waiting { reason, message } => json!({"waiting": {"reason": reason.as_str(), "message": message.as_str()}}),
            ContainerState::Running { started } => json!({"running": {"startedAt": epoch.rfc3339(*started)}}),
            ContainerState::Terminated { exit_code, reason, started, finished, container_id } => json!({"terminated": {
                "exitCode": exit_code, "reason": reason.as_str(),
                // What never ran has no start: the runtime's zero is the beginning of Unix time.
                "startedAt": if *reason == "StartError" { "1970-01-01T00:00:00Z".to_owned() } else { epoch.rfc3339(*started) },
                "finishedAt": epoch.rfc3339(*finished), "containerID": format!("containerd://{}", digest(*container_id)),
            }}),
        };
        let mut tree = json!({
            "name": self.name.as_str(), "image": self.image.as_str(), "ready": self.ready, "started": self.started,
            "restartCount": self.restart_count, "state": state(&self.state), "imageID": "",
            "lastState": self.last_state.as_ref().map_or_else(|| json!({}), state),
        });
        if self.container_id != 0 {
            tree["imageID"] = format!("{}@sha256:{}", repository(&self.image), digest(image_digest(&self.image))).into();
            tree["containerID"] = format!("containerd://{}", digest(self.container_id)).into();
        }
        tree
    }
}

/// An image's name as the runtime knows it, without tag and digest: `docker.io/library/nginx`.
fn repository(image: &str) -> String {
    let image = image.split('@').next().unwrap_or(image);
    let bare = match image.rfind(':') {
        Some(colon) if !image[colon..].contains('/') => &image[..colon],
        _ => image,
    };
    match bare.split_once('/') {
        Some((registry, _)) if registry.contains(['.', ':']) || registry == "localhost" => bare.to_owned(),
        Some(_) => format!("docker.io/{bare}"),
        None => format!("docker.io/library/{bare}"),
    }
}

/// 64 hexadecimal digits that look like a SHA-256.
fn digest(seed: u64) -> String {
    let words = std::iter::successors(Some(crate::kernel::queue::mix(seed)), |word| Some(crate::kernel::queue::mix(*word)));
    words.take(4).map(|word| format!("{word:016x}")).collect()
}

fn image_digest(image: &str) -> u64 {
    image.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
