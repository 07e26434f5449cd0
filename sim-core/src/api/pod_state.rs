//! What a pod is doing, in one of seven words: what charts and counts are made of. kubectl's own word is in `kubectl::get::pod_summary`.

use crate::api::pod::{ContainerState, Phase, Pod};

/// What a pod is doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PodState {
    /// It has no node yet.
    Pending,
    /// On its node, its containers are being made.
    Creating,
    /// Its containers run, but it isn't ready.
    Running,
    /// It gets traffic.
    Ready,
    /// Something is wrong with it: a crash, an image that can't be pulled, a node that can't be asked.
    Failing,
    /// It is being deleted.
    Terminating,
    /// Its containers have ended well.
    Succeeded,
}

impl PodState {
    /// What a pod is doing.
    pub fn of(pod: &Pod) -> PodState {
        if pod.meta.deletion.is_some() {
            return PodState::Terminating;
        }
        match pod.status.phase {
            Phase::Succeeded => return PodState::Succeeded,
            Phase::Failed | Phase::Unknown => return PodState::Failing,
            Phase::Pending | Phase::Running => {}
        }
        if trouble(pod).is_some() {
            PodState::Failing
        } else if pod.is_ready() {
            PodState::Ready
        } else if pod.status.phase == Phase::Running {
            PodState::Running
        } else if pod.node_name.is_empty() {
            PodState::Pending
        } else {
            PodState::Creating
        }
    }
}

/// What the first container says that is in trouble: `CrashLoopBackOff`, `Error`.
pub fn trouble(pod: &Pod) -> Option<&str> {
    pod.status.init_containers.iter().chain(&pod.status.containers).find_map(|container| match &container.state {
        ContainerState::Waiting { reason, .. } if !matches!(reason.as_str(), "ContainerCreating" | "PodInitializing" | "") => {
            Some(reason.as_str())
        }
        ContainerState::Terminated { reason, exit_code, .. } if *exit_code != 0 => {
            Some(if reason.is_empty() { "Error" } else { reason.as_str() })
        }
        _ => None,
    })
}
