//! Pods and their containers.

use super::{controller_id, count, id};
use crate::frame::cluster::{Amounts, ContainerFrame, ContainerKind, ContainerPhase, Counts, PodFrame, PodState};
use sim_core::api::container::Container;
use sim_core::api::meta::{ConditionStatus, Str};
use sim_core::api::object::ObjectId;
use sim_core::api::pod::{ContainerState, ContainerStatus, Pod};
use sim_core::api::pod_state::PodState as State;
use sim_core::kubectl::pod_summary::{Seen, Summary};
use sim_core::store::Store;

impl From<State> for PodState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => PodState::Pending,
            State::Creating => PodState::Creating,
            State::Running => PodState::Running,
            State::Ready => PodState::Ready,
            State::Failing => PodState::Failing,
            State::Terminating => PodState::Terminating,
            State::Succeeded => PodState::Succeeded,
        }
    }
}

impl Counts {
    /// The count of a state.
    pub fn of(&mut self, state: PodState) -> &mut u32 {
        match state {
            PodState::Pending => &mut self.pending,
            PodState::Creating => &mut self.creating,
            PodState::Running => &mut self.running,
            PodState::Ready => &mut self.ready,
            PodState::Failing => &mut self.failing,
            PodState::Terminating => &mut self.terminating,
            PodState::Succeeded => &mut self.succeeded,
        }
    }
}

/// What sums are made of: all that is kept of a pod when there are too many to show each.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct PodFacts {
    /// Its node's name; empty before it has one.
    pub(super) node: Str,
    pub(super) state: PodState,
    /// What it keeps others from having: nothing once it has ended.
    pub(super) requested: Amounts,
}

impl PodFacts {
    pub(super) fn of(pod: &Pod) -> PodFacts {
        let requested = if pod.status.phase.is_final() { Amounts::default() } else { requests(pod) };
        PodFacts { node: pod.node_name.clone(), state: State::of(pod).into(), requested }
    }
}

fn requests(pod: &Pod) -> Amounts {
    Amounts { milli_cpu: pod.spec.requests.milli_cpu, memory: pod.spec.requests.memory, pods: 1 }
}

/// A pod as the API has it.
pub(super) fn frame(store: &Store, object: ObjectId, pod: &Pod) -> PodFrame {
    let seen = Seen::of(pod);
    let summary = Summary::of(&seen);
    let (spec, status) = (&pod.spec, &pod.status);
    let init = |container: &Container| if container.is_sidecar() { ContainerKind::Sidecar } else { ContainerKind::Init };
    let mut containers: Vec<ContainerFrame> = Vec::new();
    let mut add = |list: &[Container], statuses: &[ContainerStatus], kind: &dyn Fn(&Container) -> ContainerKind| {
        containers.extend(list.iter().map(|container| {
            let status = statuses.iter().find(|status| status.name == container.name);
            container_frame(container, status, kind(container))
        }));
    };
    add(&spec.init_containers, &status.init_containers, &init);
    add(&spec.containers, &status.containers, &|_| ContainerKind::Main);
    add(&spec.ephemeral_containers, &status.ephemeral_containers, &|_| ContainerKind::Ephemeral);
    PodFrame {
        id: id(object),
        namespace: pod.meta.namespace.to_string(),
        name: pod.meta.name.to_string(),
        node: pod.node_name.to_string(),
        owner: controller_id(store, &pod.meta),
        state: State::of(pod).into(),
        ready: summary.ready_of_total(),
        restarts: count(summary.restarts),
        sandbox: status.condition("PodReadyToStartContainers").is_some_and(|c| c.status == ConditionStatus::True),
        ip: status.pod_ip.map_or_else(String::new, |ip| ip.to_string()),
        containers,
        requests: requests(pod),
        created: pod.meta.created.as_nanos(),
        status: summary.reason,
    }
}

fn container_frame(container: &Container, status: Option<&ContainerStatus>, kind: ContainerKind) -> ContainerFrame {
    let (phase, reason) = match status.map(|status| &status.state) {
        None => (ContainerPhase::Waiting, ""),
        Some(ContainerState::Waiting { reason, .. }) => (ContainerPhase::Waiting, reason.as_str()),
        Some(ContainerState::Running { .. }) => (ContainerPhase::Running, ""),
        Some(ContainerState::Terminated { exit_code: 0, reason, .. }) => (ContainerPhase::Ended, reason.as_str()),
        Some(ContainerState::Terminated { reason, .. }) => (ContainerPhase::Failed, reason.as_str()),
    };
    ContainerFrame {
        name: container.name.to_string(),
        image: container.image.to_string(),
        kind,
        phase,
        reason: reason.to_owned(),
        ready: status.is_some_and(|status| status.ready),
        restarts: status.map_or(0, |status| status.restart_count),
    }
}
