//! Whether a kubelet takes a pod that was bound to its node: the scheduler may have been wrong, or wasn't asked. Mirrors
//! `pkg/kubelet/lifecycle/predicate.go`, `pkg/scheduler/eventhandlers.go` (AdmissionCheck), `pkg/kubelet/eviction/eviction_manager.go` (Admit)
//! and `pkg/kubelet/nodeshutdown/nodeshutdown_manager_linux.go` (Admit), v1.36.
//!
//! Left out: `affinity.nodeAffinity` (the selector is looked at), preemption for critical pods, UnexpectedAdmissionError.

use crate::api::node::Node;
use crate::api::pod::{Pod, PodSpec, TaintEffect};
use crate::node::kubelet::Kubelet;

/// From this priority on a pod is critical: `SystemCriticalPriority`.
const CRITICAL: i32 = 2_000_000_000;
/// The priority of `system-node-critical`.
const NODE_CRITICAL: i32 = 2_000_001_000;

/// What a memory pressure's taint is called; BestEffort pods that tolerate it are let in.
const MEMORY_PRESSURE: &str = "node.kubernetes.io/memory-pressure";

/// Why a pod isn't taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The status's reason: `OutOfcpu`, `Evicted`, …
    pub reason: &'static str,
    /// One sentence.
    pub message: String,
}

/// Whether evictions and shutdowns treat a pod with care: `IsCriticalPod`.
pub fn is_critical(spec: &PodSpec) -> bool {
    spec.priority >= CRITICAL
}

/// Whether the kernel does: `IsNodeCriticalPod`.
pub fn is_node_critical(spec: &PodSpec) -> bool {
    spec.priority >= NODE_CRITICAL
}

/// The host ports of a pod: number and protocol.
pub fn host_ports(spec: &PodSpec) -> impl Iterator<Item = (i32, &str)> {
    let containers = spec.containers.iter().chain(spec.init_containers.iter().filter(|c| c.is_sidecar()));
    let ports = containers.flat_map(|container| &container.ports);
    ports
        .map(|port| (if spec.host_network && port.host_port == 0 { port.port } else { port.host_port }, port.protocol.as_str()))
        .filter(|(port, _)| *port > 0)
}

/// Asks everybody in order; the first objection counts. `node` is what the kubelet has seen of its own node.
pub fn refusal(kubelet: &Kubelet, node: Option<&Node>, pod: &Pod) -> Option<Refusal> {
    let spec = &pod.spec;
    under_pressure(kubelet, spec)
        .or_else(|| operating_system(spec))
        .or_else(|| insufficient(kubelet, spec))
        .or_else(|| predicates(kubelet, node, spec))
        .or_else(|| kubelet.shutting_down.then(|| refuse("NodeShutdown", "Pod was rejected as the node is shutting down.")))
}

fn refuse(reason: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { reason, message: message.into() }
}

/// Under memory pressure BestEffort pods must stay away, under any other pressure all but critical ones.
fn under_pressure(kubelet: &Kubelet, spec: &PodSpec) -> Option<Refusal> {
    let names = ["MemoryPressure", "DiskPressure", "PIDPressure"];
    let held: Vec<&str> = names.iter().zip(kubelet.eviction.conditions).filter(|(_, holds)| *holds).map(|(name, _)| *name).collect();
    if held.is_empty() || is_critical(spec) {
        return None;
    }
    if held == ["MemoryPressure"] {
        let tolerates = |toleration: &crate::api::pod::Toleration| {
            let taint = crate::api::pod::Taint {
                key: MEMORY_PRESSURE.into(),
                value: crate::api::meta::Str::EMPTY,
                effect: TaintEffect::NoSchedule,
                added: None,
            };
            toleration.tolerates(&taint)
        };
        if spec.qos_class != "BestEffort" || spec.tolerations.iter().any(tolerates) {
            return None;
        }
    }
    Some(refuse("Evicted", format!("The node had condition: [{}]. ", held.join(" "))))
}

fn operating_system(spec: &PodSpec) -> Option<Refusal> {
    let os = spec.tree["os"]["name"].as_str()?;
    (os != "linux").then(|| refuse("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"))
}

/// What the pod asks for must be left of what the node offers: `fitsRequest`.
fn insufficient(kubelet: &Kubelet, spec: &PodSpec) -> Option<Refusal> {
    let (offered, used, asked) = (kubelet.machine.allocatable, kubelet.load.requests, spec.requests);
    let rows = [
        ("OutOfpods", "pods", 1, kubelet.load.pods, offered.pods),
        ("OutOfcpu", "cpu", asked.milli_cpu, used.milli_cpu, offered.resources.milli_cpu),
        ("OutOfmemory", "memory", asked.memory, used.memory, offered.resources.memory),
        (
            "OutOfephemeral-storage",
            "ephemeral-storage",
            asked.ephemeral_storage,
            used.ephemeral_storage,
            offered.resources.ephemeral_storage,
        ),
    ];
    let (reason, name, asked, used, offered) =
        rows.into_iter().find(|(_, _, asked, used, offered)| *asked > 0 && *asked > offered - used)?;
    Some(refuse(reason, format!("Node didn't have enough resource: {name}, requested: {asked}, used: {used}, capacity: {offered}")))
}

fn predicates(kubelet: &Kubelet, node: Option<&Node>, spec: &PodSpec) -> Option<Refusal> {
    let failed = |name: &'static str, why: &str| Some(refuse(name, format!("Predicate {name} failed: {why}")));
    if node.is_some_and(|node| spec.node_selector.iter().any(|(key, value)| node.meta.labels.get(key) != Some(value))) {
        return failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
    }
    if host_ports(spec).any(|(port, protocol)| kubelet.host_ports.iter().any(|(taken, by, _)| *taken == port && *by == *protocol)) {
        return failed("NodePorts", "node(s) didn't have free ports for the requested pod ports");
    }
    let untolerated = |taint: &crate::api::pod::Taint| {
        taint.effect == TaintEffect::NoExecute && !spec.tolerations.iter().any(|toleration| toleration.tolerates(taint))
    };
    if node.is_some_and(|node| node.taints.iter().any(untolerated)) {
        return failed("TaintToleration", "node(s) had taints that the pod didn't tolerate");
    }
    None
}
