//! The eviction manager: which thresholds are met, what the node says of itself, whom it costs. Mirrors
//! `pkg/kubelet/eviction/{eviction_manager,helpers}.go`, v1.36.
//!
//! The real one looks every ten seconds. Here it looks at the ticks at which it would see something: `node/pressure.rs` works out when. What
//! it decides from what it sees is in this file, without effects. Left out: inodes, a disk of its own for images, swap.

use crate::api::meta::Str;
use crate::api::pod::PodSpec;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::kubelet::admission::is_critical;
use crate::node::kubelet::config::{Amounts, Machine, Signal, Threshold};
use crate::node::kubelet::pod_worker::PodWorker;
use crate::node::kubelet::stats::{self, ContainerUse};
use crate::node::runtime::image::Images;
use std::cmp::Reverse;

/// How often the manager looks: `evictionMonitoringPeriod`.
pub const PERIOD: SimDuration = SimDuration::from_secs(10);
/// What a pod gets that is evicted at once, in seconds: `immediateEvictionGracePeriodSeconds`.
pub const AT_ONCE: i64 = 1;
/// How long the manager waits for an evicted pod's end before it looks again: `podCleanupTimeout`.
pub const CLEANUP: SimDuration = SimDuration::from_secs(30);

/// What the manager remembers.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Eviction {
    /// Numbers its timers: one with another number is stale.
    pub attempt: u32,
    /// When it looks next, if it has a reason to.
    pub due: Option<SimTime>,
    /// Since when each threshold is met, by its place among the machine's.
    first_seen: Vec<(usize, SimTime)>,
    /// Those that drove evictions and whose minimum reclaim isn't reached.
    met: Vec<usize>,
    /// When something called for a condition last.
    last_seen: [Option<SimTime>; 3],
    /// MemoryPressure, DiskPressure, PIDPressure.
    pub conditions: [bool; 3],
    /// The pod that was evicted last, and until when its end is waited for.
    pub victim: Option<(u32, SimTime)>,
}

/// What is left of a signal's resource.
pub fn available(machine: &Machine, used: Amounts, signal: Signal) -> u64 {
    machine.amounts().of(signal).saturating_sub(used.of(signal))
}

fn is_met(machine: &Machine, used: Amounts, threshold: &Threshold, with_reclaim: bool) -> bool {
    let all = machine.amounts().of(threshold.signal);
    let reclaim = if with_reclaim { threshold.reclaim.of(all) } else { 0 };
    available(machine, used, threshold.signal) < threshold.value.of(all) + reclaim
}

/// Whether any threshold is met, whatever its grace period.
pub fn is_short(machine: &Machine, used: Amounts) -> bool {
    machine.thresholds.iter().any(|threshold| is_met(machine, used, threshold, false))
}

impl Eviction {
    /// Takes in what is used now. Answers with the thresholds that call for action, the most urgent first.
    pub fn observe(&mut self, machine: &Machine, used: Amounts, now: SimTime) -> Vec<usize> {
        let was_met = |index: usize| self.met.contains(&index);
        let met: Vec<usize> = (0..machine.thresholds.len())
            .filter(|index| {
                let threshold = &machine.thresholds[*index];
                is_met(machine, used, threshold, false) || was_met(*index) && is_met(machine, used, threshold, true)
            })
            .collect();
        let since = |index: usize| self.first_seen.iter().find(|(known, _)| *known == index).map_or(now, |(_, since)| *since);
        self.first_seen = met.iter().map(|index| (*index, since(*index))).collect();
        for index in &met {
            self.last_seen[machine.thresholds[*index].signal.condition()] = Some(now);
        }
        self.settle(machine, now);
        let ripe = self.first_seen.iter().filter(|(index, since)| now.since(*since) >= machine.thresholds[*index].grace);
        self.met = ripe.map(|(index, _)| *index).collect();
        let mut urgent = self.met.clone();
        urgent.sort_by_key(|index| machine.thresholds[*index].signal);
        urgent
    }

    /// A condition outlives its cause by the transition period.
    fn settle(&mut self, machine: &Machine, now: SimTime) {
        for (holds, seen) in self.conditions.iter_mut().zip(self.last_seen) {
            *holds = seen.is_some_and(|seen| now.since(seen) < machine.config.transition);
        }
    }

    /// Whether a threshold is met now: then the manager looks at every tick.
    pub fn is_watchful(&self) -> bool {
        !self.first_seen.is_empty() || self.victim.is_some()
    }

    /// When the last condition that holds without a cause ends.
    pub fn relaxes_at(&self, machine: &Machine) -> Option<SimTime> {
        let held = self.conditions.iter().zip(self.last_seen).filter(|(holds, _)| **holds);
        held.filter_map(|(_, seen)| seen.map(|seen| seen + machine.config.transition)).min()
    }

    /// A kubelet that starts remembers nothing.
    pub fn forget(&mut self) {
        *self = Eviction { attempt: self.attempt + 1, ..Eviction::default() };
    }
}

/// A pod that might be evicted, and what it uses.
pub struct Candidate<'a> {
    /// The pod's number.
    pub number: u32,
    /// The pod.
    pub worker: &'a PodWorker,
    /// What it uses.
    pub used: ContainerUse,
}

impl Candidate<'_> {
    fn used_of(&self, signal: Signal) -> u64 {
        match signal {
            Signal::Memory => self.used.memory,
            Signal::NodeFs | Signal::ImageFs => self.used.layer + self.used.volumes,
            Signal::Pid => self.used.pids,
        }
    }

    fn requested(&self, signal: Signal) -> u64 {
        u64::try_from(requested(&self.worker.pod.spec, signal)).unwrap_or(0)
    }
}

fn requested(spec: &PodSpec, signal: Signal) -> i64 {
    match signal {
        Signal::Memory => spec.requests.memory,
        Signal::NodeFs | Signal::ImageFs => spec.requests.ephemeral_storage,
        Signal::Pid => 0,
    }
}

/// Sorts those first that are evicted first: who uses more than requested, then the lower priority, then who exceeds the request most.
/// `rankMemoryPressure`, `rankDiskPressureFunc`, `rankPIDPressure`.
pub fn rank(candidates: &mut [Candidate<'_>], signal: Signal) {
    candidates.sort_by_key(|candidate| {
        let beyond = i128::from(candidate.used_of(signal)) - i128::from(candidate.requested(signal));
        let within = signal != Signal::Pid && beyond <= 0;
        (within, candidate.worker.pod.spec.priority, Reverse(beyond), candidate.number)
    });
}

/// Who may be evicted at all.
pub fn may_be_evicted(candidate: &Candidate<'_>) -> bool {
    !is_critical(&candidate.worker.pod.spec)
}

/// What the pod's status says: `evictionMessage`.
pub fn message(images: &Images, machine: &Machine, used: Amounts, threshold: &Threshold, worker: &PodWorker, now: SimTime) -> String {
    let (signal, resource) = (threshold.signal, threshold.signal.resource());
    let shown = |amount: u64| if signal == Signal::Pid { Str::from(amount.to_string()) } else { stats::bytes(amount) };
    let quantity = threshold.value.of(machine.amounts().of(signal));
    let left = available(machine, used, signal);
    let mut message =
        format!("The node was low on resource: {resource}. Threshold quantity: {}, available: {}. ", shown(quantity), shown(left));
    for index in worker.mains().chain(0..worker.inits()) {
        let used = stats::of_container(images, worker, index, now);
        let requests = worker.spec_of(index).requests;
        let (used, request) = match signal {
            Signal::Memory => (used.memory, requests.memory),
            Signal::NodeFs | Signal::ImageFs => (used.layer, requests.ephemeral_storage),
            Signal::Pid => continue,
        };
        let request = u64::try_from(request).unwrap_or(0);
        if used > request {
            let (name, used, request) = (&worker.spec_of(index).name, stats::bytes(used), stats::bytes(request));
            message.push_str(&format!("Container {name} was using {used}, request is {request}, has larger consumption of {resource}. "));
        }
    }
    message
}

/// What a pod uses more of than it may itself, in the kubelet's words: emptyDirs, the limits of all its containers, one container's.
/// `localStorageEviction`.
pub fn excess(images: &Images, worker: &PodWorker, now: SimTime) -> Option<String> {
    let full = stats::empty_dirs(images, worker, now);
    for volume in worker.pod.spec.tree["volumes"].as_array().into_iter().flatten() {
        let Some(limit) = volume["emptyDir"].get("sizeLimit").and_then(crate::api::quantity::Quantity::from_value).and_then(Result::ok)
        else {
            continue;
        };
        let name = volume["name"].as_str().unwrap_or_default();
        let used = full.iter().find(|(known, _)| known == name).map_or(0, |(_, used)| *used);
        if limit.sign() > 0 && i128::from(used) > i128::from(limit.value()) {
            return Some(format!("Usage of EmptyDir volume \"{name}\" exceeds the limit \"{limit}\". "));
        }
    }
    let limit = |index: usize| u64::try_from(worker.spec_of(index).limits.ephemeral_storage).unwrap_or(0);
    let limits: u64 = worker.mains().map(limit).sum();
    let used = stats::of_pod(images, worker, now);
    if limits > 0 && used.layer + used.volumes > limits {
        return Some(format!("Pod ephemeral local storage usage exceeds the total limit of containers {}. ", stats::bytes(limits)));
    }
    let over = |index: &usize| limit(*index) > 0 && stats::of_container(images, worker, *index, now).layer > limit(*index);
    let index = worker.mains().find(over)?;
    let name = &worker.spec_of(index).name;
    Some(format!("Container {name} exceeded its local ephemeral storage limit \"{}\". ", stats::bytes(limit(index))))
}

/// Whether a pod has limits of its own that its programs might come to exceed.
pub fn may_exceed(worker: &PodWorker, images: &Images) -> bool {
    let writes = (0..worker.containers.len()).any(|index| !images.program(&worker.spec_of(index).image).writes.is_empty());
    let limited = || {
        let volumes = worker.pod.spec.tree["volumes"].as_array().into_iter().flatten();
        worker.mains().any(|index| worker.spec_of(index).limits.ephemeral_storage > 0)
            || volumes.into_iter().any(|volume| volume["emptyDir"].get("sizeLimit").is_some())
    };
    writes && limited()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::container::Resources;
    use crate::api::node::Capacity;
    use crate::node::kubelet::config::{Amount, KubeletConfig};

    const GIB: u64 = 1 << 30;

    fn machine(thresholds: Vec<Threshold>) -> Machine {
        let resources = Resources { milli_cpu: 1_000, memory: GIB as i64, ephemeral_storage: 100 * GIB as i64 };
        Machine::new(Capacity { resources, pods: 10 }, KubeletConfig { eviction_hard: Some(thresholds), ..KubeletConfig::default() })
    }

    fn memory(used: u64) -> Amounts {
        Amounts { memory: used, ..Amounts::default() }
    }

    #[test]
    fn thresholds_have_grace_and_reclaim_and_conditions_linger() {
        let soft = Threshold { grace: SimDuration::from_secs(60), ..Threshold::hard(Signal::Memory, Amount::Thousandths(500)) };
        let hard = Threshold { reclaim: Amount::Thousandths(100), ..Threshold::hard(Signal::Memory, Amount::Thousandths(100)) };
        let machine = machine(vec![soft, hard]);
        let mut manager = Eviction::default();
        let at = SimTime::from_secs;
        assert!(manager.observe(&machine, memory(GIB / 4), at(0)).is_empty() && !manager.conditions[0]);
        assert!(manager.observe(&machine, memory(GIB / 2 + 1), at(10)).is_empty());
        assert!(manager.conditions[0] && manager.is_watchful(), "the condition doesn't wait for the grace period");
        assert!(manager.observe(&machine, memory(GIB / 2 + 1), at(60)).is_empty());
        assert_eq!(manager.observe(&machine, memory(GIB / 2 + 1), at(70)), [0]);
        assert_eq!(manager.observe(&machine, memory(GIB / 100 * 95), at(80)), [0, 1]);
        // A tenth and a tenth more must be free.
        assert_eq!(manager.observe(&machine, memory(GIB / 100 * 85), at(90)), [0, 1]);
        assert_eq!(manager.observe(&machine, memory(GIB / 100 * 75), at(100)), [0]);
        assert!(manager.observe(&machine, memory(0), at(110)).is_empty());
        assert!(manager.conditions[0] && !manager.is_watchful());
        assert_eq!(manager.relaxes_at(&machine), Some(at(400)));
        manager.observe(&machine, memory(0), at(400));
        assert!(!manager.conditions[0]);
    }
}
