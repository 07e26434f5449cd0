//! A pod's status as its kubelet tells it. Mirrors `pkg/kubelet/kubelet_pods.go` (generateAPIPodStatus, getPhase,
//! convertToAPIContainerStatuses) and `pkg/kubelet/status/generate.go`, v1.36.
//!
//! Left out so far: resizing.

use crate::api::meta::{Condition, ConditionStatus, Str};
use crate::api::pod::{self, ContainerState, ContainerStatus, Phase, PodStatus, RestartPolicy};
use crate::kernel::time::SimTime;
use crate::node::kubelet::Words;
use crate::node::kubelet::mirror::is_mirror;
use crate::node::kubelet::pod_worker::{PodWorker, Stage};
use crate::node::runtime::container::{Container, Exit, State, Waiting};
use std::net::Ipv4Addr;

/// What the last written status said, and since when.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Since {
    /// Whether the condition held.
    pub holds: bool,
    /// When that changed last.
    pub at: SimTime,
}

impl Since {
    fn update(&mut self, holds: bool, now: SimTime) {
        if self.holds != holds || self.at == SimTime::ZERO {
            *self = Since { holds, at: now.truncated_to_secs() };
        }
    }
}

/// When the conditions that kubelets write changed last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Transitions {
    /// PodReadyToStartContainers
    pub sandbox: Since,
    /// Initialized
    pub initialized: Since,
    /// Ready
    pub ready: Since,
    /// ContainersReady: differs from Ready where there are readiness gates.
    pub containers_ready: Since,
}

/// `containers with unready status: [a b]`
pub fn unready_message<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Str {
    let names: Vec<&str> = names.collect();
    Str::from(format!("containers with {what} status: [{}]", names.join(" ")))
}

/// The whole status. Notes in `worker` when conditions changed.
pub fn generate(worker: &mut PodWorker, host: Ipv4Addr, words: &mut Words, now: SimTime) -> PodStatus {
    let phase = phase(worker);
    let conditions = conditions(worker, phase, words, now);
    let mains = worker.mains();
    let statuses = |specs: &[pod::Container], containers: &[Container], init: bool| -> Vec<ContainerStatus> {
        specs.iter().zip(containers).map(|(spec, container)| container_status(worker, spec, container, init)).collect()
    };
    let spec = &worker.pod.spec;
    PodStatus {
        phase,
        conditions,
        host_ip: Some(host),
        pod_ip: worker.address.filter(|_| worker.had_sandbox),
        start_time: Some(worker.start_time),
        containers: statuses(&spec.containers, &worker.containers[mains.clone()], false),
        init_containers: statuses(&spec.init_containers, &worker.containers[..mains.start], true),
        ephemeral_containers: statuses(&spec.ephemeral_containers, &worker.containers[mains.end..], false),
        reason: worker.verdict.as_ref().map_or(Str::EMPTY, |verdict| verdict.reason.into()),
        message: worker.verdict.as_ref().map_or(Str::EMPTY, |verdict| verdict.message.clone()),
        observed_generation: worker.pod.meta.generation,
        nominated_node: Str::EMPTY,
    }
}

/// `getPhase`: from the containers' states and the restart policy.
pub fn phase(worker: &PodWorker) -> Phase {
    let policy = worker.pod.spec.restart_policy;
    let inits = worker.inits();
    let over = worker.stage == Stage::Ended;
    if over && worker.verdict.is_some() {
        return Phase::Failed;
    }
    let init_failed = |c: &Container| c.exited().is_some_and(|exit| exit.code != 0);
    if !over && policy == RestartPolicy::Never && (0..inits).any(|i| !worker.is_sidecar(i) && init_failed(&worker.containers[i])) {
        return Phase::Failed;
    }
    if !over && !worker.is_initialized() {
        return Phase::Pending;
    }
    let (mut waiting, mut running, mut stopped, mut succeeded) = (0, 0, 0, 0);
    for container in &worker.containers[worker.mains()] {
        match (container.is_running(), container.exit()) {
            (true, _) => running += 1,
            (false, Some(exit)) => {
                stopped += 1;
                succeeded += usize::from(exit.code == 0);
            }
            (false, None) => waiting += 1,
        }
    }
    match () {
        () if over => {
            if stopped == succeeded && waiting == 0 && !(0..inits).any(|i| !worker.is_sidecar(i) && init_failed(&worker.containers[i])) {
                Phase::Succeeded
            } else {
                Phase::Failed
            }
        }
        () if waiting > 0 => Phase::Pending,
        () if running > 0 || policy == RestartPolicy::Always => Phase::Running,
        () if stopped == succeeded => Phase::Succeeded,
        () if policy == RestartPolicy::Never => Phase::Failed,
        () => Phase::Running,
    }
}

fn conditions(worker: &mut PodWorker, phase: Phase, words: &mut Words, now: SimTime) -> Vec<Condition> {
    let mains = worker.mains();
    // What was initialized stays so when it ends.
    let was = worker.stage != Stage::Working && worker.transitions.initialized.holds;
    let initialized = was || worker.is_initialized() || phase == Phase::Succeeded;
    // Sidecars count as containers.
    let counts = |index: &usize| mains.contains(index) || worker.is_sidecar(*index);
    let unready: Vec<usize> = (0..mains.end).filter(counts).filter(|index| !worker.containers[*index].ready).collect();
    let containers_ready = !phase.is_final() && initialized && unready.is_empty();
    let gates = missing_gates(worker);
    let ready = containers_ready && gates.is_empty();
    worker.transitions.sandbox.update(worker.sandbox, now);
    worker.transitions.initialized.update(initialized, now);
    worker.transitions.ready.update(ready, now);
    worker.transitions.containers_ready.update(containers_ready, now);
    let transitions = worker.transitions;
    let generation = worker.pod.meta.generation;
    let condition = |kind: &'static str, since: Since, reason: &'static str, message: Str| Condition {
        kind: kind.into(),
        status: ConditionStatus::from_bool(since.holds),
        reason: reason.into(),
        message,
        last_transition: since.at,
        last_update: since.at,
        observed_generation: generation,
    };
    let (init_reason, init_message) = match (phase, initialized) {
        (Phase::Succeeded, _) => ("PodCompleted", Str::EMPTY),
        (_, true) => ("", Str::EMPTY),
        (_, false) => {
            let specs = worker.pod.spec.init_containers.iter().enumerate();
            let left = specs.filter(|(i, _)| !worker.is_init_done(*i)).map(|(_, spec)| spec.name.as_str());
            ("ContainersNotInitialized", unready_message("incomplete", left))
        }
    };
    let (reason, message) = match phase {
        Phase::Succeeded => ("PodCompleted", Str::EMPTY),
        Phase::Failed => ("PodFailed", Str::EMPTY),
        _ if containers_ready => ("", Str::EMPTY),
        _ if mains.start == 0 && unready.len() == mains.end => ("ContainersNotReady", words.all_unready(&worker.pod.spec)),
        _ => {
            let names = unready.iter().map(|index| worker.spec_of(*index).name.as_str());
            ("ContainersNotReady", unready_message("unready", names))
        }
    };
    let (ready_reason, ready_message) =
        if containers_ready && !ready { ("ReadinessGatesNotReady", Str::from(gates.join(", "))) } else { (reason, message.clone()) };
    let mut conditions = Vec::with_capacity(6);
    conditions.push(condition("PodReadyToStartContainers", transitions.sandbox, "", Str::EMPTY));
    conditions.push(condition("Initialized", transitions.initialized, init_reason, init_message));
    conditions.push(condition("Ready", transitions.ready, ready_reason, ready_message));
    conditions.push(condition("ContainersReady", transitions.containers_ready, reason, message));
    if let Some(verdict) = worker.verdict.as_ref().filter(|verdict| !verdict.disruption.is_empty()) {
        let kept = worker.pod.status.condition("DisruptionTarget").filter(|kept| kept.reason == verdict.disruption);
        let since = Since { holds: true, at: kept.map_or(now.truncated_to_secs(), |kept| kept.last_transition) };
        conditions.push(condition("DisruptionTarget", since, verdict.disruption, verdict.message.clone()));
    }
    // Conditions of others are kept as they are; the generation of the scheduler's one is brought up to date.
    for kept in &worker.pod.status.conditions {
        if conditions.iter().all(|own| own.kind != kept.kind) {
            let mut kept = kept.clone();
            if kept.kind == "PodScheduled" {
                kept.observed_generation = generation;
            }
            conditions.push(kept);
        }
    }
    // Nobody schedules a static pod: its kubelet says so itself.
    if is_mirror(&worker.pod.meta) && conditions.iter().all(|own| own.kind != "PodScheduled") {
        let since = Since { holds: true, at: worker.start_time };
        conditions.push(condition("PodScheduled", since, "", Str::EMPTY));
    }
    conditions
}

/// What the readiness gates say that don't hold: `GenerateReadinessGates`.
fn missing_gates(worker: &PodWorker) -> Vec<String> {
    let gates = worker.pod.spec.tree["readinessGates"].as_array().into_iter().flatten().filter_map(|gate| gate["conditionType"].as_str());
    let missing = |gate: &str| match worker.pod.status.condition(gate) {
        None => Some(format!("corresponding condition of pod readiness gate \"{gate}\" does not exist.")),
        Some(condition) if condition.status == ConditionStatus::True => None,
        Some(condition) => Some(format!("the status of pod readiness gate \"{gate}\" is not \"True\", but {}", condition.status.as_str())),
    };
    gates.filter_map(missing).collect()
}

fn container_status(worker: &PodWorker, spec: &pod::Container, container: &Container, init: bool) -> ContainerStatus {
    let state = match &container.state {
        State::Running { started } => ContainerState::Running { started: started.truncated_to_secs() },
        State::Exited(exit) => terminated(*exit),
        State::Waiting(waiting) => waiting_state(worker, spec, waiting),
    };
    let done_init = init && container.exited().is_some_and(|exit| exit.code == 0);
    ContainerStatus {
        name: spec.name.clone(),
        image: spec.image.clone(),
        last_state: container.last.map(terminated),
        ready: container.ready || done_init,
        started: container.started,
        restart_count: container.restarts,
        container_id: container.id,
        state,
    }
}

fn terminated(exit: Exit) -> ContainerState {
    ContainerState::Terminated {
        exit_code: exit.code,
        reason: exit.reason.as_str().into(),
        started: exit.started.truncated_to_secs(),
        finished: exit.finished.truncated_to_secs(),
        container_id: exit.id,
    }
}

fn waiting_state(worker: &PodWorker, spec: &pod::Container, waiting: &Waiting) -> ContainerState {
    let (reason, message) = match waiting {
        Waiting::Creating if worker.inits() > 0 => ("PodInitializing", Str::EMPTY),
        Waiting::Creating => ("ContainerCreating", Str::EMPTY),
        Waiting::PullFailed(said) => ("ErrImagePull", said.clone()),
        Waiting::PullBackOff(said) => {
            ("ImagePullBackOff", Str::from(format!("Back-off pulling image \"{}\": ErrImagePull: {said}", spec.image)))
        }
        Waiting::InvalidImageName => {
            let image = &spec.image;
            let message =
                format!("Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format");
            ("InvalidImageName", Str::from(message))
        }
        Waiting::Unconfigured(said) => ("CreateContainerConfigError", said.clone()),
        Waiting::NotStarted(said) => ("RunContainerError", said.clone()),
        Waiting::NeverPulled => {
            ("ErrImageNeverPull", Str::from(format!("Container image \"{}\" is not present with pull policy of Never", spec.image)))
        }
        Waiting::CrashLoop(wait) => {
            let pod = &worker.pod.meta;
            let message =
                format!("back-off {wait} restarting failed container={} pod={}_{}({})", spec.name, pod.name, pod.namespace, pod.uid);
            ("CrashLoopBackOff", Str::from(message))
        }
    };
    ContainerState::Waiting { reason: reason.into(), message }
}
