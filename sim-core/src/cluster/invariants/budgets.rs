//! Whether evictions keep disruption budgets: after an eviction, as many pods are ready as the budget wants.
//!
//! An eviction goes by what the disruption controller knew. So a budget doesn't bind while the controller hasn't counted anew after a pod was
//! lost in another way: deleted, failed, not ready any more. Until then, an eviction may come on top of it, here as in reality.

use super::{Invariant, Violation};
use crate::api::meta::{Str, StrMap, Uid};
use crate::api::object::Object;
use crate::api::pod::Pod;
use crate::api::policy::PodDisruptionBudget;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A pod that is counted on.
#[derive(Clone, Debug)]
struct Healthy {
    namespace: Str,
    labels: StrMap,
}

#[derive(Clone, Debug)]
struct Watched {
    budget: Arc<PodDisruptionBudget>,
    /// Whether a pod was lost that the controller hasn't counted out yet.
    is_behind: bool,
}

impl Watched {
    fn covers(&self, pod: &Healthy) -> bool {
        self.budget.meta.namespace == pod.namespace && self.budget.covers(&pod.labels)
    }
}

/// All budgets of a run, and the pods that are ready.
#[derive(Clone, Debug, Default)]
pub(super) struct Budgets {
    budgets: BTreeMap<Uid, Watched>,
    healthy: BTreeMap<u32, Healthy>,
}

impl Budgets {
    /// Takes in a change, and tells what it breaks.
    pub(super) fn take_in(&mut self, change: &Change, now: SimTime, violations: &mut Vec<Violation>) {
        match &change.object {
            Object::PodDisruptionBudget(budget) => self.budget(budget, change.verb != Verb::Deleted),
            Object::Pod(pod) => self.pod(change, pod, now, violations),
            _ => {}
        }
    }

    fn budget(&mut self, budget: &Arc<PodDisruptionBudget>, exists: bool) {
        if !exists {
            self.budgets.remove(&budget.meta.uid);
            return;
        }
        let known = self.budgets.get(&budget.meta.uid).is_some_and(|known| known.is_behind);
        let watched = Watched { budget: budget.clone(), is_behind: known };
        // Those whose eviction was granted are going; the controller counts them out, and so does this as soon as they go.
        let counted = self.healthy.values().filter(|pod| watched.covers(pod)).count() as i32;
        let is_behind = known && counted < budget.status.current_healthy;
        self.budgets.insert(budget.meta.uid, Watched { is_behind, ..watched });
    }

    fn pod(&mut self, change: &Change, pod: &Pod, now: SimTime, violations: &mut Vec<Violation>) {
        let number = change.id.number;
        let is_healthy = change.verb != Verb::Deleted && pod.is_active() && pod.is_ready();
        if is_healthy {
            self.healthy.insert(number, Healthy { namespace: pod.meta.namespace.clone(), labels: pod.meta.labels.clone() });
            return;
        }
        let Some(lost) = self.healthy.remove(&number) else { return };
        let evicted =
            pod.meta.deletion.is_some() && pod.status.condition("DisruptionTarget").is_some_and(|c| c.reason == "EvictionByEvictionAPI");
        let healthy = &self.healthy;
        for watched in self.budgets.values_mut().filter(|watched| watched.covers(&lost)) {
            if !evicted {
                watched.is_behind = true;
                continue;
            }
            let left = healthy.values().filter(|pod| watched.covers(pod)).count() as i32;
            let wanted = watched.budget.status.desired_healthy;
            if left < wanted && !watched.is_behind {
                let (name, pod) = (&watched.budget.meta.name, &pod.meta.name);
                let text = format!("the eviction of {pod} left {left} pods ready, and budget {name} wants {wanted}");
                violations.push(Violation { invariant: Invariant::DisruptionBudgets, at: now, text });
            }
        }
    }
}
