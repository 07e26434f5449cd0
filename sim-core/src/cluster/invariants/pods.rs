//! What must hold of every pod: its restarts only count up, and a volume for one pod only has one writer.

use super::{Checker, Invariant, Violation};
use crate::api::object::{Kind, Object};
use crate::api::pod::{ContainerState, Pod, PodStatus};
use crate::api::storage::{Claim, claims_of};
use crate::cluster::Cluster;
use crate::store::{Change, Verb};

impl Checker {
    /// A restart count that falls would make a crash loop look healed.
    pub(super) fn check_restarts(&mut self, cluster: &Cluster, change: &Change, pod: &Pod) {
        let Some(Object::Pod(old)) = change.old.as_ref().filter(|_| change.verb == Verb::Modified) else { return };
        let counts = |status: &PodStatus| -> Vec<u32> {
            status.init_containers.iter().chain(&status.containers).map(|container| container.restart_count).collect()
        };
        let (before, after) = (counts(&old.status), counts(&pod.status));
        if before.iter().zip(&after).any(|(before, after)| before > after) {
            let text = format!("the restarts of pod {}/{} went from {before:?} to {after:?}", pod.meta.namespace, pod.meta.name);
            self.violations.push(Violation { invariant: Invariant::Restarts, at: cluster.now(), text });
        }
    }

    /// Of the pods that use a claim with ReadWriteOncePod, one at most has a container that runs.
    pub(super) fn check_writers(&mut self, cluster: &Cluster, pod: &Pod) {
        if !runs(pod) {
            return;
        }
        let namespace = &pod.meta.namespace;
        for (_, name, _) in claims_of(pod) {
            let claim = cluster.store().find_object(Kind::PersistentVolumeClaim, namespace, &name).and_then(Claim::of);
            if !claim.is_some_and(|claim| claim.access_modes().contains(&"ReadWriteOncePod")) {
                continue;
            }
            let others = cluster.store().list(Kind::Pod, Some(namespace)).filter_map(|(_, object)| object.as_pod());
            let writers: Vec<&str> = others
                .filter(|other| runs(other) && claims_of(other).iter().any(|(_, used, _)| *used == name))
                .map(|other| other.meta.name.as_str())
                .collect();
            if writers.len() > 1 {
                let text = format!("claim {namespace}/{name} is for one pod only, and these write to it: {}", writers.join(", "));
                self.violations.push(Violation { invariant: Invariant::OneWriter, at: cluster.now(), text });
            }
        }
    }
}

/// Whether one of its containers runs, as far as the API knows.
fn runs(pod: &Pod) -> bool {
    pod.status.containers.iter().any(|container| matches!(container.state, ContainerState::Running { .. }))
}
