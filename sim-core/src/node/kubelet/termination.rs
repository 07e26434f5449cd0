//! How containers and pods end: the preStop hook, TERM, KILL when the grace period is over, the last status, the removal from the API.
//! Mirrors `pkg/kubelet/kuberuntime/{kuberuntime_container,kuberuntime_termination_order}.go` (killContainer, terminationOrdering) and
//! `pkg/kubelet/status/status_manager.go` (the final delete), v1.36.

use crate::api::event::EventType;
use crate::api::meta::Str;
use crate::api::status::Reason;
use crate::apiserver::request::{DeleteOptions, Write};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::kubelet::pod_worker::{Busy, POD, PodWorker, Stage, Step, Verdict, number};
use crate::node::kubelet::{Sentence, Turn};
use crate::node::runtime::container::{Ended, Exit, State, Stop};

/// How long the runtime takes to remove a sandbox in which nothing runs.
const TEARDOWN: SimDuration = SimDuration::from_millis(100);

/// When a status that the API didn't take is sent again: `syncPeriod` of the status manager.
const TELL_AGAIN: SimDuration = SimDuration::from_secs(10);

/// The exit code of a process that was killed: 128 + 9.
const KILLED: i32 = 137;

/// What a container gets between TERM and KILL even if its hook took all of the grace period: `minimumGracePeriodInSeconds`.
const LEAST: SimDuration = SimDuration::from_secs(2);

impl PodWorker {
    /// The pod ends: its containers are told to stop. Called again when the grace period became shorter.
    pub fn terminate(&mut self, turn: &mut Turn<'_>, grace: i64) {
        let grace = SimDuration::from_secs(u64::try_from(grace).unwrap_or(0));
        let first = self.stage != Stage::Stopping;
        (self.stage, self.busy) = (Stage::Stopping, Busy::No);
        for index in 0..self.containers.len() {
            if !self.containers[index].is_running() {
                // A start or a restart that was planned doesn't happen.
                self.containers[index].attempt += 1;
            } else if first {
                let message = turn.words.about(Sentence::Stopping, &self.spec_of(index).name);
                self.report(turn, index, EventType::Normal, "Killing", message);
                // From now on it neither ends by itself nor is asked.
                self.containers[index].attempt += 1;
            }
        }
        let mut over = turn.now + TEARDOWN;
        let (mut mains_over, mut after) = (turn.now, turn.now);
        // Containers stop together. Sidecars wait for them, and for the sidecars after them: the last one that started stops first.
        for index in self.mains().chain(self.mains().end..self.containers.len()).chain((0..self.inits()).rev()) {
            if !self.containers[index].is_running() {
                continue;
            }
            let turn_comes = if self.is_sidecar(index) { after } else { turn.now };
            let stop = self.stop_of(turn, index, grace, turn_comes);
            self.containers[index].stops = Some(stop);
            over = over.max(stop.at);
            if self.is_sidecar(index) {
                after = after.max(stop.at);
            } else {
                mains_over = mains_over.max(stop.at);
                after = mains_over;
            }
        }
        if first && self.verdict.is_some() {
            self.tell(turn);
        }
        self.attempt += 1;
        self.wake_at(turn, over, POD, Step::Over);
    }

    /// When and how a running container ends that is told to stop now. `turn_comes`: TERM waits until then, at the cost of the grace period.
    fn stop_of(&self, turn: &Turn<'_>, index: usize, grace: SimDuration, turn_comes: SimTime) -> Stop {
        let known = self.containers[index].stops;
        let hook = self.spec_of(index).hooks.as_ref().and_then(|hooks| hooks.pre_stop.as_ref());
        // A hook that runs already isn't called again: what is left of it counts.
        let hook = match (known, hook) {
            (Some(stop), _) => stop.term.since(turn.now),
            (None, Some(handler)) if !grace.is_zero() => self.call(turn, index, handler).takes,
            (None, _) => SimDuration::ZERO,
        };
        let waits = hook.max(turn_comes.since(turn.now)).min(grace);
        let term = turn.now + waits;
        let kill = term + if grace.is_zero() { grace } else { grace.saturating_sub(waits).max(LEAST) };
        let (at, code) = match known {
            Some(stop) if stop.term <= turn.now => (stop.at, stop.code),
            _ => self.heeds_term(turn, index, term),
        };
        if at > kill { Stop { term, at: kill, code: KILLED } } else { Stop { term, at, code } }
    }

    /// One container is stopped, to be started again if its policy says so. The worker is busy until it has ended.
    pub fn kill(&mut self, turn: &mut Turn<'_>, index: usize, grace: i64, message: Str) {
        self.report(turn, index, EventType::Normal, "Killing", message);
        let grace = SimDuration::from_secs(u64::try_from(grace).unwrap_or(0));
        let stop = self.stop_of(turn, index, grace, turn.now);
        self.busy = Busy::Container(number(index));
        let container = &mut self.containers[index];
        container.attempt += 1;
        container.stops = Some(stop);
        self.wake(turn, stop.at.since(turn.now), index, Step::Stopped);
    }

    /// A container that was told to stop has ended, and its pod goes on.
    pub fn stopped(&mut self, turn: &mut Turn<'_>, index: usize) {
        self.busy = Busy::No;
        let container = &self.containers[index];
        // One whose hook failed crashed now. One that failed a probe is started at once, unless the crash before wasn't long ago: when the
        // kubelet decides, it looks at how containers were before it stopped this one.
        let hooked = container.started || container.probers.is_some();
        let before = if hooked { container.last.map_or(SimTime::ZERO, |exit| exit.finished) } else { turn.now };
        let code = self.containers[index].stops.map_or(0, |stop| stop.code);
        self.containers[index].was_killed = hooked;
        self.containers[index].end(turn.now, code, Ended::of(code));
        self.after_exit(turn, index, before);
    }

    /// The kubelet itself ends the pod.
    pub fn condemn(&mut self, turn: &mut Turn<'_>, verdict: Verdict, grace: i64) {
        if self.stage == Stage::Working {
            self.verdict = Some(Box::new(verdict));
            self.terminate(turn, grace);
        }
    }

    /// All processes have ended: the last status, and the end of the sandbox.
    pub fn over(&mut self, turn: &mut Turn<'_>) {
        for container in &mut self.containers {
            match (container.stops, container.exit()) {
                (Some(stop), _) => container.end(stop.at, stop.code, Ended::of(stop.code)),
                (None, Some(exit)) => container.state = State::Exited(exit),
                // What never ran counts as failed: nobody can say that its work was done.
                (None, None) => container.state = State::Exited(never_started(turn.now)),
            }
        }
        self.close(turn);
    }

    /// The pod will not run again: its sandbox goes, and the API hears it.
    pub fn close(&mut self, turn: &mut Turn<'_>) {
        self.stage = Stage::Ended;
        self.attempt += 1;
        self.sandbox = false;
        self.release_address(turn);
        self.tell(turn);
    }

    /// The final status is in the API: the pod may go.
    pub fn settled(&mut self, turn: &mut Turn<'_>, token: u64, result: Result<(), Reason>) {
        if self.awaiting != Some(token) {
            return;
        }
        self.awaiting = None;
        match result {
            Ok(()) if self.pod.meta.deletion.is_some() => {
                let options = DeleteOptions { grace_period: Some(0), ..DeleteOptions::default() };
                turn.send(Write::Delete(self.id, options));
            }
            // It stays until somebody deletes it, or it is gone and its watch says so soon.
            Ok(()) | Err(Reason::NotFound) => {}
            Err(_) => self.wake_at(turn, turn.now + TELL_AGAIN, POD, Step::TellAgain),
        }
    }

    /// The pod was removed from the API while something of it still ran: it is killed, and nobody is told but the events.
    pub fn removed(&mut self, turn: &mut Turn<'_>) {
        if self.stage == Stage::Working {
            for index in (0..self.containers.len()).filter(|i| self.containers[*i].is_running()).collect::<Vec<_>>() {
                let message = turn.words.about(Sentence::Stopping, &self.spec_of(index).name);
                self.report(turn, index, EventType::Normal, "Killing", message);
            }
        }
        self.release_address(turn);
    }
}

fn never_started(now: SimTime) -> Exit {
    Exit { code: KILLED, reason: Ended::NeverStarted, started: now, finished: now, id: 0 }
}
