//! A pod's status as its kubelet tells it. Mirrors `pkg/kubelet/kubelet_pods.go` (generateAPIPodStatus, getPhase,
//! convertToAPIContainerStatuses) and `pkg/kubelet/status/generate.go`, v1.36.
//!
//! Left out so far: readiness gates, statuses of ephemeral containers, resizing.

use crate::api::meta::{Condition, ConditionStatus, Str};
use crate::api::pod::{self, ContainerState, ContainerStatus, Phase, PodStatus, RestartPolicy};
use crate::kernel::time::SimTime;
use crate::node::kubelet::Words;
use crate::node::kubelet::pod_worker::{PodWorker, Stage};
use crate::node::runtime::{Container, Exit, State, Waiting};
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

/// When the conditions changed last: PodReadyToStartContainers, Initialized, Ready (ContainersReady always changes with it).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Transitions {
    /// PodReadyToStartContainers
    pub sandbox: Since,
    /// Initialized
    pub initialized: Since,
    /// Ready and ContainersReady
    pub ready: Since,
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
    let inits = worker.inits();
    let statuses = |specs: &[pod::Container], containers: &[Container], init: bool| -> Vec<ContainerStatus> {
        specs.iter().zip(containers).map(|(spec, container)| container_status(worker, spec, container, init)).collect()
    };
    PodStatus {
        phase,
        conditions,
        host_ip: Some(host),
        pod_ip: worker.address.filter(|_| worker.had_sandbox),
        start_time: Some(worker.start_time),
        containers: statuses(&worker.pod.spec.containers, &worker.containers[inits..], false),
        init_containers: statuses(&worker.pod.spec.init_containers, &worker.containers[..inits], true),
        reason: Str::EMPTY,
        message: Str::EMPTY,
        observed_generation: worker.pod.meta.generation,
    }
}

/// `getPhase`: from the containers' states and the restart policy.
pub fn phase(worker: &PodWorker) -> Phase {
    let policy = worker.pod.spec.restart_policy;
    let inits = worker.inits();
    let over = worker.stage == Stage::Ended;
    let init_failed = |c: &Container| matches!(c.state, State::Exited(exit) if exit.code != 0);
    if !over && policy == RestartPolicy::Never && worker.containers[..inits].iter().any(init_failed) {
        return Phase::Failed;
    }
    if !over && !worker.is_initialized() {
        return Phase::Pending;
    }
    let (mut waiting, mut running, mut stopped, mut succeeded) = (0, 0, 0, 0);
    for container in &worker.containers[inits..] {
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
            if stopped == succeeded && waiting == 0 && !worker.containers[..inits].iter().any(init_failed) {
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
    let inits = worker.inits();
    // What was initialized stays so when it ends.
    let was = worker.stage != Stage::Working && worker.transitions.initialized.holds;
    let initialized = was || worker.is_initialized() || phase == Phase::Succeeded;
    let ready = !phase.is_final() && initialized && worker.containers[inits..].iter().all(|c| c.ready);
    worker.transitions.sandbox.update(worker.sandbox, now);
    worker.transitions.initialized.update(initialized, now);
    worker.transitions.ready.update(ready, now);
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
    let (ready_reason, ready_message) = match phase {
        Phase::Succeeded => ("PodCompleted", Str::EMPTY),
        Phase::Failed => ("PodFailed", Str::EMPTY),
        _ if ready => ("", Str::EMPTY),
        _ if worker.containers[inits..].iter().all(|c| !c.ready) => ("ContainersNotReady", words.all_unready(&worker.pod.spec)),
        _ => {
            let specs = worker.pod.spec.containers.iter().zip(&worker.containers[inits..]);
            ("ContainersNotReady", unready_message("unready", specs.filter(|(_, c)| !c.ready).map(|(spec, _)| spec.name.as_str())))
        }
    };
    let mut conditions = Vec::with_capacity(6);
    conditions.push(condition("PodReadyToStartContainers", transitions.sandbox, "", Str::EMPTY));
    conditions.push(condition("Initialized", transitions.initialized, init_reason, init_message));
    conditions.push(condition("Ready", transitions.ready, ready_reason, ready_message.clone()));
    conditions.push(condition("ContainersReady", transitions.ready, ready_reason, ready_message));
    // Conditions of others are kept as they are; the generation of the scheduler's one is brought up to date.
    for kind in ["PodScheduled", "DisruptionTarget"] {
        if let Some(kept) = worker.pod.status.condition(kind) {
            let mut kept = kept.clone();
            if kind == "PodScheduled" {
                kept.observed_generation = generation;
            }
            conditions.push(kept);
        }
    }
    conditions
}

fn container_status(worker: &PodWorker, spec: &pod::Container, container: &Container, init: bool) -> ContainerStatus {
    let state = match container.state {
        State::Running { started } => ContainerState::Running { started: started.truncated_to_secs() },
        State::Exited(exit) => terminated(exit),
        State::Waiting(waiting) => waiting_state(worker, spec, waiting),
    };
    let done_init = init && matches!(container.state, State::Exited(exit) if exit.code == 0);
    ContainerStatus {
        name: spec.name.clone(),
        image: spec.image.clone(),
        last_state: container.last.map(terminated),
        ready: container.ready || done_init,
        started: container.is_running(),
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

fn waiting_state(worker: &PodWorker, spec: &pod::Container, waiting: Waiting) -> ContainerState {
    let (reason, message) = match waiting {
        Waiting::Creating if worker.inits() > 0 => ("PodInitializing", Str::EMPTY),
        Waiting::Creating => ("ContainerCreating", Str::EMPTY),
        Waiting::PullFailed => ("ErrImagePull", Str::from(not_found(&spec.image))),
        Waiting::PullBackOff => {
            ("ImagePullBackOff", Str::from(format!("Back-off pulling image \"{}\": ErrImagePull: {}", spec.image, not_found(&spec.image))))
        }
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

/// What containerd says of an image that its registry doesn't have.
pub fn not_found(image: &str) -> String {
    let full = full_name(image);
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {full}: not found"
    )
}

/// An image's name with registry and tag: `docker.io/library/nginx:latest`.
fn full_name(image: &str) -> String {
    let (registry, path) = match image.split_once('/') {
        Some((registry, path)) if registry.contains(['.', ':']) || registry == "localhost" => (registry, path.to_owned()),
        Some(_) => ("docker.io", image.to_owned()),
        None => ("docker.io", format!("library/{image}")),
    };
    let tag = if path.contains([':', '@']) { "" } else { ":latest" };
    format!("{registry}/{path}{tag}")
}
