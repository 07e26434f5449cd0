//! What must hold at every moment of a run, checked change by change: of every Deployment, and of every disruption budget (budgets.rs).
//!
//! - **maxPods**: never more than `replicas + maxSurge` pods, terminating ones aside, and those that their ReplicaSet is about to delete:
//!   its size is the Deployment's decision, and a controller whose client is rate-limited carries it out a little later, as in reality.
//! - **minAvailable**: never fewer than `replicas − maxUnavailable` available ones, while nothing fails.
//! - **commitments**: the pods that a kubelet has taken never ask for more than its node offers.
//! - **noStrays**: no container runs for longer than a moment after its pod is gone, where the kubelet can hear of it.
//!
//! The first two are promises about a rollout, so they begin to bind when the controllers have caught up with what the user asked last: until
//! then the loosest of the bounds since the last such moment holds. A pod that fails, or that somebody else than its ReplicaSet takes
//! away, lifts minAvailable until as many pods as promised are available again.

mod budgets;
mod pods;

use super::Cluster;
use super::event::Happened;
use crate::api::meta::{Str, Uid};
use crate::api::object::{Kind, Object};
use crate::api::pod::Pod;
use crate::api::workloads::{Deployment, DeploymentSpec, Strategy};
use crate::controllers::deployment::rolling;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long a kubelet may take to hear that a pod is gone.
const STRAY_AFTER: SimDuration = SimDuration::from_secs(1);

/// Which promise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Invariant {
    /// Never more than replicas + maxSurge pods of a Deployment, terminating ones aside.
    MaxPods,
    /// Never fewer than replicas − maxUnavailable of them available, while nothing fails.
    MinAvailable,
    /// No eviction leaves fewer pods ready than a disruption budget wants.
    DisruptionBudgets,
    /// The pods of a node never ask for more than it offers.
    Commitments,
    /// No container runs after its pod is gone, where the kubelet can hear of it.
    NoStrays,
    /// A pod's restart counts never fall.
    Restarts,
    /// A volume for one pod only never has two writers.
    OneWriter,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Invariant; 7] = [
        Invariant::MaxPods,
        Invariant::MinAvailable,
        Invariant::DisruptionBudgets,
        Invariant::Commitments,
        Invariant::NoStrays,
        Invariant::Restarts,
        Invariant::OneWriter,
    ];

    /// As scenario files spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Invariant::MaxPods => "maxPods",
            Invariant::MinAvailable => "minAvailable",
            Invariant::DisruptionBudgets => "disruptionBudgets",
            Invariant::Commitments => "commitments",
            Invariant::NoStrays => "noStrays",
            Invariant::Restarts => "restarts",
            Invariant::OneWriter => "oneWriter",
        }
    }
}

/// A promise that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// When.
    pub at: SimTime,
    /// Of whom, and the numbers.
    pub text: String,
}

/// What is known of a Deployment.
#[derive(Clone, Debug)]
struct Watched {
    name: String,
    spec: Arc<DeploymentSpec>,
    generation: i64,
    observed: i64,
    /// Pods that aren't terminating, with their ReplicaSet and the time since when they have been ready.
    pods: BTreeMap<u32, (Uid, Option<SimTime>)>,
    /// How many pods each ReplicaSet is to have.
    sizes: BTreeMap<Uid, i32>,
    /// The ReplicaSets whose controller hasn't seen their last change.
    behind: BTreeSet<Uid>,
    /// The loosest bound since everybody had caught up.
    most: i32,
    /// The same; `None` while fewer are available because something failed, or because they never were.
    least: Option<i32>,
}

fn upper_bound(spec: &DeploymentSpec) -> i32 {
    spec.replicas.saturating_add(rolling::max_surge(spec))
}

fn lower_bound(spec: &DeploymentSpec) -> i32 {
    match spec.strategy {
        Strategy::Recreate => 0,
        Strategy::RollingUpdate { .. } => spec.replicas - rolling::max_unavailable(spec),
    }
}

impl Watched {
    fn available(&self, now: SimTime) -> i32 {
        let long_enough = |(_, since): &&(Uid, Option<SimTime>)| since.is_some_and(|since| since + self.spec.min_ready <= now);
        self.pods.values().filter(long_enough).count() as i32
    }

    /// The pods of all ReplicaSets, of each no more than it is to have.
    fn kept(&self) -> i32 {
        let mut counts: BTreeMap<Uid, i32> = BTreeMap::new();
        for (set, _) in self.pods.values() {
            *counts.entry(*set).or_default() += 1;
        }
        counts.into_iter().map(|(set, count)| self.sizes.get(&set).map_or(count, |size| count.min(*size))).sum()
    }

    fn is_settled(&self) -> bool {
        self.observed >= self.generation && self.behind.is_empty()
    }

    /// Compares with the bounds, and tightens them once everybody has caught up.
    fn check(&mut self, now: SimTime, violations: &mut Vec<Violation>) {
        let (bound, pods) = (upper_bound(&self.spec), self.kept());
        self.most = self.most.max(bound);
        if pods > self.most {
            let text = format!("Deployment {} has {pods} pods, and promised at most {}", self.name, self.most);
            violations.push(Violation { invariant: Invariant::MaxPods, at: now, text });
            // Told once per step up, not with every change.
            self.most = pods;
        } else if self.is_settled() && pods <= bound {
            self.most = bound;
        }
        let (bound, available) = (lower_bound(&self.spec), self.available(now));
        match self.least.map(|least| least.min(bound)) {
            Some(least) if available < least => {
                let text = format!("Deployment {} has {available} pods available, and promised at least {least}", self.name);
                violations.push(Violation { invariant: Invariant::MinAvailable, at: now, text });
                self.least = None;
            }
            _ if available >= bound => self.least = Some(bound),
            least => self.least = least,
        }
    }
}

/// Watches all Deployments of a run.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    deployments: BTreeMap<Uid, Watched>,
    /// ReplicaSet → Deployment.
    owners: BTreeMap<Uid, Uid>,
    budgets: budgets::Budgets,
    revision: u64,
    violations: Vec<Violation>,
    /// Pods that are gone, since when, and where they were.
    gone: Vec<(u32, SimTime, Str)>,
}

impl Checker {
    /// Looks at everything that has changed since the last call. To be called after every event.
    pub fn observe(&mut self, cluster: &Cluster) {
        let Ok(changes) = cluster.store().changes_since(self.revision) else {
            unreachable!("history is kept for longer than one event takes");
        };
        let mut touched: BTreeSet<Uid> = BTreeSet::new();
        for change in changes {
            if let Object::Pod(pod) = &change.object {
                self.pod_on_node(cluster, change, pod);
                self.check_restarts(cluster, change, pod);
                self.check_writers(cluster, pod);
            }
            touched.extend(self.take_in(cluster, change));
            self.budgets.take_in(change, cluster.now(), &mut self.violations);
        }
        self.revision = cluster.store().revision();
        self.check_strays(cluster);
        for deployment in touched {
            if let Some(watched) = self.deployments.get_mut(&deployment) {
                watched.check(cluster.now(), &mut self.violations);
            }
        }
    }

    /// A pod's change may be a new commitment of its node, or the end of one.
    fn pod_on_node(&mut self, cluster: &Cluster, change: &Change, pod: &Pod) {
        let Some(node) = cluster.store().find(Kind::Node, "", &pod.node_name) else { return };
        if change.verb == Verb::Deleted {
            self.gone.push((change.id.number, cluster.now(), pod.node_name.clone()));
            return;
        }
        let Some(kubelet) = cluster.nodes().kubelet(node.number) else { return };
        let (asked, offered) = (kubelet.load.requests, kubelet.machine.allocatable);
        if asked.max(offered.resources) != offered.resources || kubelet.load.pods > offered.pods {
            let text = format!("the {} pods of node {} ask for {asked:?}, and it offers {offered:?}", kubelet.load.pods, pod.node_name);
            self.violations.push(Violation { invariant: Invariant::Commitments, at: cluster.now(), text });
        }
    }

    /// A kubelet has a moment to hear that a pod is gone.
    fn check_strays(&mut self, cluster: &Cluster) {
        let now = cluster.now();
        let violations = &mut self.violations;
        self.gone.retain_mut(|(pod, since, name)| {
            let node = cluster.store().find(Kind::Node, "", name);
            if cluster.nodes().pod(*pod).is_none() {
                return false;
            }
            // Who can't hear now begins to hear later.
            if !node.is_some_and(|node| cluster.nodes().hears(node.number)) {
                *since = now;
            }
            let stray = now.since(*since) > STRAY_AFTER;
            if stray {
                let text = format!("a pod of node {name} is gone since {since}, and the kubelet still has it");
                violations.push(Violation { invariant: Invariant::NoStrays, at: now, text });
            }
            !stray
        });
    }

    /// What was broken so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Takes in a change. Returns the Deployment that it touches.
    fn take_in(&mut self, cluster: &Cluster, change: &Change) -> Option<Uid> {
        let exists = change.verb != Verb::Deleted;
        match &change.object {
            Object::Deployment(deployment) => self.deployment(deployment, exists),
            Object::ReplicaSet(set) => {
                let owner = set.meta.controller()?.uid;
                let watched = self.deployments.get_mut(&owner)?;
                if exists {
                    self.owners.insert(set.meta.uid, owner);
                    watched.sizes.insert(set.meta.uid, set.replicas);
                } else {
                    self.owners.remove(&set.meta.uid);
                    watched.sizes.remove(&set.meta.uid);
                }
                if exists && set.status.observed_generation < set.meta.generation {
                    watched.behind.insert(set.meta.uid);
                } else {
                    watched.behind.remove(&set.meta.uid);
                }
                Some(owner)
            }
            Object::Pod(pod) => {
                let set = pod.meta.controller()?.uid;
                let owner = *self.owners.get(&set)?;
                let watched = self.deployments.get_mut(&owner)?;
                let number = change.id.number;
                if exists && pod.is_active() {
                    let before = watched.pods.insert(number, (set, pod.ready_since()));
                    if before.is_some_and(|(_, since)| since.is_some()) && !pod.is_ready() {
                        watched.least = None;
                    }
                } else if watched.pods.remove(&number).is_some() && !is_planned(cluster, change, pod) {
                    watched.least = None;
                }
                Some(owner)
            }
            _ => None,
        }
    }

    fn deployment(&mut self, deployment: &Deployment, exists: bool) -> Option<Uid> {
        let uid = deployment.meta.uid;
        if !exists || deployment.meta.deletion.is_some() {
            self.deployments.remove(&uid);
            return None;
        }
        let watched = self.deployments.entry(uid).or_insert_with(|| Watched {
            name: deployment.meta.name.to_string(),
            spec: deployment.spec.clone(),
            generation: 0,
            observed: 0,
            pods: BTreeMap::new(),
            sizes: BTreeMap::new(),
            behind: BTreeSet::new(),
            most: 0,
            least: None,
        });
        watched.spec = deployment.spec.clone();
        watched.generation = deployment.meta.generation;
        watched.observed = deployment.status.observed_generation;
        Some(uid)
    }
}

/// Whether a pod leaves because its ReplicaSet wants fewer: not by the user, not evicted, not failed.
fn is_planned(cluster: &Cluster, change: &Change, pod: &Pod) -> bool {
    let by_user = cluster.trace().get(change.event).is_none_or(|record| matches!(record.what, Happened::Input(_)));
    !by_user && pod.meta.deletion.is_some() && pod.status.condition("DisruptionTarget").is_none()
}
