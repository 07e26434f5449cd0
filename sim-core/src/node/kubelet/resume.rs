//! What a worker does when its kubelet acts again after it couldn't: the node lost power, the kubelet was stopped, or the runtime didn't
//! answer. Meanwhile processes may have run on and ended. Mirrors `pkg/kubelet/kubelet.go` (HandlePodCleanups, the first syncs after a start) and
//! `pkg/kubelet/pleg/generic.go`, v1.36.

use crate::api::event::EventType;
use crate::api::meta::Str;
use crate::api::pod::{ContainerState, Phase, PodStatus};
use crate::api::probe::ProbeKind;
use crate::apiserver::request::Write;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::kubelet::Turn;
use crate::node::kubelet::admission::Refusal;
use crate::node::kubelet::config::Amounts;
use crate::node::kubelet::pod_worker::{Busy, POD, PodWorker, Stage, Step, Verdict, number};
use crate::node::kubelet::{Load, stats};
use crate::node::runtime::container::{Ended, Exit, Leak, State};

/// How far ahead the end of a leak is looked for.
const LEAK_HORIZON: SimDuration = SimDuration::from_secs(30 * 24 * 3600);

impl PodWorker {
    /// Looks at what is, whatever was under way before. `restarted`: the kubelet's process is a new one, and its probes begin anew.
    pub fn resume(&mut self, turn: &mut Turn<'_>, restarted: bool) {
        match self.stage {
            Stage::Working => {}
            Stage::Stopping => {
                let last = self.containers.iter().filter_map(|container| container.stops).map(|stop| stop.at).max();
                self.attempt += 1;
                return self.wake_at(turn, last.map_or(turn.now, |last| last.max(turn.now)), POD, Step::Over);
            }
            Stage::Ended => return self.tell(turn),
        }
        (self.busy, self.attempt) = (Busy::No, self.attempt + 1);
        if restarted {
            self.begun = turn.now;
            // Backoff is in the memory of the kubelet's process.
            self.containers.iter_mut().for_each(|container| (container.crashes, container.pulls) = Default::default());
        }
        for index in 0..self.containers.len() {
            self.resume_container(turn, index);
        }
        if let Some(at) = self.deadline() {
            self.wake_at(turn, at.max(turn.now), POD, Step::Deadline);
        }
        self.sync(turn);
        self.tell(turn);
    }

    /// Timers of this container that were asked for before are stale; that of its end is asked for again.
    fn forget_timers(&mut self, turn: &mut Turn<'_>, index: usize) {
        self.containers[index].attempt += 1;
        if let Some((at, ..)) = self.containers[index].ends {
            self.wake_at(turn, at.max(turn.now), number(index), Step::Exit);
        }
        self.ask_in_time(turn, index);
        if let Some(at) = self.containers[index].leak.and_then(|_| self.runs_out_at(turn, index)) {
            self.wake_at(turn, at, number(index), Step::OutOfMemory);
        }
    }

    /// A container without a readiness probe, whose program takes its time, becomes ready when that is over.
    fn wait_until_ready(&mut self, turn: &mut Turn<'_>, index: usize) {
        let container = &self.containers[index];
        let Some(started) = container.running_since().filter(|_| container.started && !container.ready) else { return };
        let after = self.course(turn, index).ready_after;
        if after != SimDuration::MAX && self.spec_of(index).probe(ProbeKind::Readiness).is_none() {
            self.wake_at(turn, (started + after).max(turn.now), number(index), Step::Ready);
        }
    }

    fn resume_container(&mut self, turn: &mut Turn<'_>, index: usize) {
        let settled = self.is_init_done(index) && index < self.inits();
        let container = &mut self.containers[index];
        match (&container.state, container.stops) {
            (State::Running { .. }, Some(stop)) if stop.at > turn.now => {
                self.busy = Busy::Container(number(index));
                self.wake_at(turn, stop.at, number(index), Step::Stopped);
            }
            (State::Running { .. }, Some(_)) => self.stopped(turn, index),
            // Its hook was called, and nobody waited for it.
            (State::Running { .. }, None) if !container.started && container.probers.is_none() => {
                self.forget_timers(turn, index);
                self.watch(turn, index);
            }
            (State::Running { .. }, None) => {
                self.forget_timers(turn, index);
                self.watch_again(turn, index);
                self.wait_until_ready(turn, index);
            }
            (State::Exited(exit), _) if !settled => {
                let failed = exit.finished;
                self.after_exit(turn, index, failed);
            }
            (State::Exited(_), _) => {}
            (State::Waiting(_), _) => {
                // What was asked of the runtime has come to nothing.
                container.attempt += 1;
                if container.not_before > turn.now {
                    let due = container.not_before;
                    self.wake_at(turn, due, POD, Step::Sync);
                }
            }
        }
    }

    /// The node comes back after a power failure: what the API remembers of the containers is all that is left of them.
    pub fn recall(&mut self, turn: &mut Turn<'_>) {
        let lost = |state: &ContainerState| match *state {
            ContainerState::Running { started } => Some(Exit { code: 255, reason: Ended::Unknown, started, finished: turn.now, id: 0 }),
            ContainerState::Terminated { exit_code, started, finished, container_id, .. } => {
                Some(Exit { code: exit_code, reason: Ended::of(exit_code), started, finished, id: container_id })
            }
            ContainerState::Waiting { .. } => None,
        };
        let inits = self.inits();
        let known = self.pod.status.init_containers.iter().chain(&self.pod.status.containers);
        let mut ran = false;
        for (index, (container, status)) in self.containers.iter_mut().zip(known).enumerate() {
            container.restarts = status.restart_count;
            let exit = lost(&status.state).or_else(|| status.last_state.as_ref().and_then(lost));
            let exit = exit.map(|exit| Exit { id: status.container_id, ..exit });
            ran |= exit.is_some();
            match exit {
                // Init containers run again in the new sandbox.
                Some(exit) if index >= inits => container.state = State::Exited(exit),
                last => container.last = last,
            }
        }
        for (kind, since) in [
            ("PodReadyToStartContainers", &mut self.transitions.sandbox),
            ("Initialized", &mut self.transitions.initialized),
            ("Ready", &mut self.transitions.ready),
        ] {
            if let Some(condition) = self.pod.status.condition(kind) {
                since.holds = condition.status == crate::api::meta::ConditionStatus::True;
                since.at = condition.last_transition;
            }
        }
        if ran && self.pod.meta.deletion.is_none() {
            let message = "Pod sandbox changed, it will be killed and re-created.";
            self.report_part(turn, Str::EMPTY, EventType::Normal, "SandboxChanged", message.into());
        }
    }

    /// The pod isn't taken: `rejectPod`.
    pub fn refuse(&mut self, turn: &mut Turn<'_>, refusal: Refusal) {
        self.report_part(turn, Str::EMPTY, EventType::Warning, refusal.reason, refusal.message.clone().into());
        let message = Str::from(format!("Pod was rejected: {}", refusal.message));
        self.verdict = Some(Box::new(Verdict { reason: refusal.reason, message: message.clone(), disruption: "" }));
        let status = PodStatus {
            phase: Phase::Failed,
            reason: refusal.reason.into(),
            message,
            start_time: Some(self.start_time),
            observed_generation: self.pod.meta.generation,
            ..self.pod.status.clone()
        };
        turn.send(Write::PodStatus(self.id, Box::new(status)));
    }

    /// The process of a container ends now.
    pub fn die(&mut self, turn: &mut Turn<'_>, index: usize, code: i32, reason: Ended) {
        if !self.containers[index].is_running() || self.stage != Stage::Working {
            return;
        }
        self.containers[index].end(turn.now, code, reason);
        if self.busy == Busy::Container(number(index)) {
            self.busy = Busy::No;
        }
        self.after_exit(turn, index, turn.now);
    }

    /// A container's memory begins to grow beyond what its program says.
    pub fn leak(&mut self, turn: &mut Turn<'_>, index: usize, leak: Leak) {
        self.containers[index].leak = Some(leak);
        self.prepare(turn, index);
        if let Some(at) = self.runs_out_at(turn, index) {
            self.wake_at(turn, at, number(index), Step::OutOfMemory);
        }
    }

    /// When a leaking container exceeds its memory limit.
    fn runs_out_at(&self, turn: &Turn<'_>, index: usize) -> Option<SimTime> {
        let limit = u64::try_from(self.spec_of(index).limits.memory).ok().filter(|limit| *limit > 0)?;
        let exceeds = |at: SimTime| stats::of_container(turn.images, self, index, at).memory > limit;
        let (mut low, mut high) = (0, LEAK_HORIZON.as_millis());
        if !exceeds(turn.now + SimDuration::from_millis(high)) {
            return None;
        }
        while low < high {
            let middle = (low + high) / 2;
            if exceeds(turn.now + SimDuration::from_millis(middle)) { high = middle } else { low = middle + 1 }
        }
        Some(turn.now + SimDuration::from_millis(low))
    }

    /// Notes what a container that runs may come to use.
    pub fn prepare(&mut self, turn: &Turn<'_>, index: usize) {
        let mut peak = stats::peak(turn.images, self, index);
        let container = &self.containers[index];
        if container.leak.is_some() {
            peak.memory = u64::MAX / 2;
        }
        let limit = self.spec_of(index).limits.memory;
        if let Ok(limit) = u64::try_from(limit)
            && limit > 0
        {
            peak.memory = peak.memory.min(limit);
        }
        self.containers[index].peak = peak;
        self.limited = super::eviction::may_exceed(self, turn.images);
    }

    /// What the pod asks of its node, and what it may come to use.
    pub fn load(&self) -> Load {
        if self.stage == Stage::Ended {
            return Load::default();
        }
        let running = self.containers.iter().filter(|container| container.is_running());
        Load {
            requests: self.pod.spec.requests,
            pods: 1,
            peak: running.fold(Amounts::default(), |sum, container| sum.plus(container.peak)),
            limited: u32::from(self.limited),
        }
    }
}
