//! Carries out what the eviction manager decides, and works out when it must look: at the ticks at which it would see something. Mirrors
//! `pkg/kubelet/eviction/eviction_manager.go` (synchronize), `pkg/kubelet/images/image_gc_manager.go` and `pkg/kubelet/oom/`, v1.36.
//!
//! A node whose pods can't come to use more than it has costs nothing: their peaks are summed as containers start and end.

use super::kubelet::admission::is_node_critical;
use super::kubelet::config::Amounts;
use super::kubelet::eviction::{self, AT_ONCE, CLEANUP, Candidate, PERIOD};
use super::kubelet::node_status::STATUS_LAG;
use super::kubelet::pod_worker::{PodWorker, Stage, Verdict};
use super::kubelet::{NodeStep, stats};
use super::runtime::cgroup::{oom_score, oom_score_adjust};
use super::runtime::container::Ended;
use super::runtime::usage::Usage;
use super::{Input, Nodes};
use crate::api::event::EventType;
use crate::api::meta::Str;
use crate::client::Call;
use crate::kernel::outbox::Outbox;
use crate::kernel::time::{SimDuration, SimTime};

/// How far ahead is looked for a moment at which something runs short; then again.
const HORIZON: u64 = 360;
/// How often images are collected: `ImageGCPeriod`.
const IMAGE_GC_PERIOD: SimDuration = SimDuration::from_secs(300);
/// How often the end of an evicted pod is asked for: `podCleanupPollFreq`.
const POLL: SimDuration = SimDuration::from_secs(1);
/// The exit code of a process that was killed.
const KILLED: i32 = 137;

impl Nodes {
    /// The workers of a node, with their numbers.
    pub fn workers(&self, node: u32) -> impl Iterator<Item = (u32, &PodWorker)> {
        self.pods.iter().filter(move |(_, worker)| worker.node == node)
    }

    /// What is used on a node at a moment.
    pub(super) fn used(&self, node: u32, at: SimTime) -> Amounts {
        let Some(kubelet) = self.kubelets.get(node) else { return Amounts::default() };
        stats::of_node(&self.images, kubelet, self.workers(node).map(|(_, worker)| worker), at)
    }

    /// Something on the node has changed that may lead to too little of something: the manager is told when to look next.
    pub(super) fn consider(&mut self, now: SimTime, node: u32, out: &mut Outbox<Call, Input>) {
        let Some(kubelet) = self.kubelets.get(node).filter(|kubelet| kubelet.up && kubelet.attended) else { return };
        let mut most = kubelet.load.peak;
        most.disk = most.disk.saturating_add(kubelet.images.size(&self.images, SimTime::MAX)).saturating_add(kubelet.ballast);
        let carefree = !most.exceeds(kubelet.machine.carefree()) && kubelet.load.limited == 0;
        let manager = &kubelet.eviction;
        if carefree && manager.due.is_none() && !manager.is_watchful() && manager.conditions == [false; 3] {
            return;
        }
        let next = self.next_look(now, node, carefree);
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        if kubelet.eviction.due != next {
            kubelet.eviction.attempt += 1;
            kubelet.eviction.due = next;
            if let Some(at) = next {
                let attempt = kubelet.eviction.attempt;
                out.wake_at(at, Input::Node { node, step: NodeStep::Housekeeping, attempt });
            }
        }
    }

    /// When the manager must look next; none: as long as nothing changes, it would see nothing.
    fn next_look(&self, now: SimTime, node: u32, carefree: bool) -> Option<SimTime> {
        let kubelet = self.kubelets.get(node)?;
        let tick = |after: SimTime| kubelet.tick_after(after, PERIOD);
        if kubelet.eviction.victim.is_some() {
            return Some(now + POLL);
        }
        if kubelet.eviction.is_watchful() {
            return Some(tick(now));
        }
        let before = |at: SimTime| at.max(now + SimDuration::from_nanos(1)) - SimDuration::from_nanos(1);
        let relaxes = kubelet.eviction.relaxes_at(&kubelet.machine).map(|at| tick(before(at)));
        let shortage = if carefree { None } else { self.shortage(now, node) };
        [relaxes, shortage].into_iter().flatten().min()
    }

    /// The first moment at which something will be short, pods exceed a limit of their own, or images must go, if nothing changes.
    fn shortage(&self, now: SimTime, node: u32) -> Option<SimTime> {
        let kubelet = self.kubelets.get(node)?;
        let machine = &kubelet.machine;
        let workers: Vec<&PodWorker> = self.workers(node).map(|(_, worker)| worker).collect();
        let used = |at: SimTime| stats::of_node(&self.images, kubelet, workers.iter().copied(), at);
        let capacity = machine.amounts();
        let steady = workers.iter().try_fold(SimTime::ZERO, |latest, worker| Some(latest.max(self.steady_from(worker)?)));
        let mut tick = now;
        for _ in 0..HORIZON {
            let last = tick;
            tick = kubelet.tick_after(last, PERIOD);
            let then = used(tick);
            if then.memory > capacity.memory {
                return Some(first_over(last, tick, |at| used(at).memory > capacity.memory));
            }
            let collects = kubelet.is_tick(tick, IMAGE_GC_PERIOD) && kubelet.is_full(then.disk);
            let exceeds =
                || workers.iter().any(|w| w.stage == Stage::Working && w.limited && eviction::excess(&self.images, w, tick).is_some());
            if eviction::is_short(machine, then) || collects || exceeds() {
                return Some(tick);
            }
            if steady.is_some_and(|steady| steady < last) && !kubelet.is_full(then.disk) {
                return None;
            }
        }
        Some(tick)
    }

    /// From when on a pod uses always the same; none: it never does.
    fn steady_from(&self, worker: &PodWorker) -> Option<SimTime> {
        let mut latest = SimTime::ZERO;
        for (index, container) in worker.containers.iter().enumerate() {
            let Some(started) = container.running_since() else { continue };
            if container.leak.is_some() {
                return None;
            }
            let program = self.images.program(&worker.spec_of(index).image);
            latest = latest.max(started + settles(program.memory)?);
            for writes in &program.writes {
                latest = latest.max(started + writes.after + settles(writes.size)?);
            }
        }
        Some(latest)
    }

    /// The manager looks: `synchronize`.
    pub(super) fn housekeep(&mut self, now: SimTime, node: u32, attempt: u32, out: &mut Outbox<Call, Input>) {
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        if kubelet.eviction.attempt != attempt || !kubelet.tends() {
            return;
        }
        kubelet.eviction.due = None;
        if let Some((victim, until)) = kubelet.eviction.victim {
            let ends = self.pods.get(victim).is_some_and(|worker| worker.stage == Stage::Stopping);
            if ends && now < until {
                return self.consider(now, node, out);
            }
            kubelet.eviction.victim = None;
        }
        self.out_of_memory(now, node, out);
        let used = self.used(node, now);
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        let machine = kubelet.machine.clone();
        let before = kubelet.eviction.conditions;
        let urgent = kubelet.eviction.observe(&machine, used, now);
        if kubelet.eviction.conditions != before {
            out.wake_after(STATUS_LAG, Input::Node { node, step: NodeStep::Status, attempt: kubelet.boots });
        }
        if !self.evict_for_limits(now, node, out) {
            if self.kubelets.get(node).is_some_and(|kubelet| kubelet.is_tick(now, IMAGE_GC_PERIOD)) {
                self.collect_images(now, node, out);
            }
            if let Some(first) = urgent.first() {
                self.reclaim(now, node, *first, out);
            }
        }
        self.consider(now, node, out);
    }

    /// Pods go that use more than their own limits allow.
    fn evict_for_limits(&mut self, now: SimTime, node: u32, out: &mut Outbox<Call, Input>) -> bool {
        let working = self.workers(node).filter(|(_, worker)| worker.limited && worker.stage == Stage::Working);
        let excess: Vec<(u32, String)> =
            working.filter_map(|(number, worker)| Some((number, eviction::excess(&self.images, worker, now)?))).collect();
        let mut evicted = false;
        for (number, message) in excess {
            evicted |= self.evict(now, node, number, message, "", AT_ONCE, out);
        }
        evicted
    }

    /// Makes room: images that nobody uses first, then one pod.
    fn reclaim(&mut self, now: SimTime, node: u32, threshold: usize, out: &mut Outbox<Call, Input>) {
        let Some(machine) = self.kubelets.get(node).map(|kubelet| kubelet.machine.clone()) else { return };
        let threshold = machine.thresholds[threshold];
        let resource = threshold.signal.resource();
        self.tell_of_node(now, node, EventType::Warning, "EvictionThresholdMet", format!("Attempting to reclaim {resource}"), out);
        if resource == "ephemeral-storage" {
            let in_use = self.images_in_use(node);
            if let Some(kubelet) = self.kubelets.get_mut(node) {
                kubelet.images.collect(&self.images, &in_use, now, u64::MAX);
            }
            if !eviction::is_short(&machine, self.used(node, now)) {
                return;
            }
        }
        let used = self.used(node, now);
        let working = self.workers(node).filter(|(_, worker)| worker.stage == Stage::Working);
        let mut candidates: Vec<Candidate<'_>> = working
            .map(|(number, worker)| Candidate { number, worker, used: stats::of_pod(&self.images, worker, now) })
            .filter(eviction::may_be_evicted)
            .collect();
        eviction::rank(&mut candidates, threshold.signal);
        let Some(first) = candidates.first() else { return };
        let message = eviction::message(&self.images, &machine, used, &threshold, first.worker, now);
        let grace = if threshold.grace.is_zero() { AT_ONCE } else { first.worker.pod.spec.grace_seconds.min(machine.config.pod_grace_max) };
        let number = first.number;
        self.evict(now, node, number, message, "TerminationByKubelet", grace, out);
    }

    /// One pod goes. Critical ones don't.
    #[allow(clippy::too_many_arguments)]
    fn evict(
        &mut self,
        now: SimTime,
        node: u32,
        pod: u32,
        message: String,
        disruption: &'static str,
        grace: i64,
        out: &mut Outbox<Call, Input>,
    ) -> bool {
        let critical = self.pods.get(pod).is_none_or(|worker| super::kubelet::admission::is_critical(&worker.pod.spec));
        if critical {
            return false;
        }
        let message = Str::from(message);
        self.with(now, pod, out, |worker, turn| {
            worker.report_part(turn, Str::EMPTY, EventType::Warning, "Evicted", message.clone());
            worker.condemn(turn, Verdict { reason: "Evicted", message, disruption }, grace);
        });
        if let Some(kubelet) = self.kubelets.get_mut(node) {
            kubelet.eviction.victim = Some((pod, now + CLEANUP));
        }
        true
    }

    /// The node's memory is exhausted: the kernel kills the process that deserves it most, until it isn't.
    fn out_of_memory(&mut self, now: SimTime, node: u32, out: &mut Outbox<Call, Input>) {
        let Some(capacity) = self.kubelets.get(node).map(|kubelet| kubelet.machine.amounts().memory) else { return };
        while self.used(node, now).memory > capacity {
            let score = |worker: &PodWorker, index: usize| {
                let request = u64::try_from(worker.spec_of(index).requests.memory).unwrap_or(0);
                let adjust = oom_score_adjust(worker.pod.spec.qos_class, is_node_critical(&worker.pod.spec), request, capacity);
                oom_score(stats::of_container(&self.images, worker, index, now).memory, capacity, adjust)
            };
            let running = self.workers(node).filter(|(_, worker)| worker.stage == Stage::Working).flat_map(|(number, worker)| {
                let indices = (0..worker.containers.len()).filter(|index| worker.containers[*index].is_running());
                indices.map(move |index| (number, index, worker))
            });
            let worst = running.max_by_key(|(number, index, worker)| (score(worker, *index), std::cmp::Reverse((*number, *index))));
            let Some((number, index, worker)) = worst else { return };
            let (name, pid) = (worker.spec_of(index).name.clone(), worker.containers[index].id % 30_000 + 2_000);
            let message = format!("System OOM encountered, victim process: {name}, pid: {pid}");
            self.tell_of_node(now, node, EventType::Warning, "SystemOOM", message, out);
            self.with(now, number, out, |worker, turn| worker.die(turn, index, KILLED, Ended::OutOfMemory));
        }
    }

    /// The images that a node's pods are made from.
    fn images_in_use(&self, node: u32) -> Vec<Str> {
        let working = self.workers(node).filter(|(_, worker)| worker.stage != Stage::Ended);
        working.flat_map(|(_, worker)| (0..worker.containers.len()).map(|index| worker.spec_of(index).image.clone())).collect()
    }

    /// The disk is fuller than `imageGCHighThresholdPercent`: unused images go until it is at the low one.
    fn collect_images(&mut self, now: SimTime, node: u32, out: &mut Outbox<Call, Input>) {
        let (used, in_use) = (self.used(node, now).disk, self.images_in_use(node));
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        let capacity = kubelet.machine.amounts().disk;
        let low = kubelet.machine.config.image_gc_percent.1;
        if !kubelet.is_full(used) {
            kubelet.collects_badly = false;
            return;
        }
        let wanted = used.saturating_sub(capacity / 100 * low);
        let freed = kubelet.images.collect(&self.images, &in_use, now, wanted);
        // A failure is told as ImageGCFailed only when it comes again.
        let again = std::mem::replace(&mut kubelet.collects_badly, freed < wanted);
        if freed < wanted {
            let message = format!(
                "Failed to garbage collect required amount of images. Attempted to free {wanted} bytes, but only found {freed} bytes eligible to free."
            );
            self.tell_of_node(now, node, EventType::Warning, "FreeDiskSpaceFailed", message.clone(), out);
            if again {
                self.tell_of_node(now, node, EventType::Warning, "ImageGCFailed", message, out);
            }
        }
    }
}

/// When an amount stops changing; none: never.
fn settles(usage: Usage) -> Option<SimDuration> {
    match usage {
        Usage::Constant(_) | Usage::PerRequest { .. } => Some(SimDuration::ZERO),
        Usage::Ramp { over, .. } => Some(over),
        Usage::Sine { .. } => None,
    }
}

/// The first millisecond after `low` up to `high` at which something holds that holds at `high`.
fn first_over(low: SimTime, high: SimTime, holds: impl Fn(SimTime) -> bool) -> SimTime {
    let (mut from, mut to) = (0, high.since(low).as_millis());
    while from < to {
        let middle = (from + to) / 2;
        if holds(low + SimDuration::from_millis(middle)) { to = middle } else { from = middle + 1 }
    }
    (low + SimDuration::from_millis(from)).min(high)
}
