//! How a pod ends: TERM to its containers, KILL when the grace period is over, its last status, its removal from the API. Mirrors
//! `pkg/kubelet/kuberuntime/kuberuntime_container.go` (killContainer) and `pkg/kubelet/status/status_manager.go` (the final delete),
//! v1.36.
//!
//! Left out so far: preStop hooks, the order of sidecars' ends.

use crate::api::event::EventType;
use crate::api::status::Reason;
use crate::apiserver::request::{DeleteOptions, Write};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::kubelet::pod_worker::{POD, PodWorker, Stage, Step};
use crate::node::kubelet::{Sentence, Turn};
use crate::node::runtime::{Ended, Exit, State};

/// How long the runtime takes to remove a sandbox in which nothing runs.
const TEARDOWN: SimDuration = SimDuration::from_millis(100);

/// When a status that the API didn't take is sent again: `syncPeriod` of the status manager.
const TELL_AGAIN: SimDuration = SimDuration::from_secs(10);

/// The exit code of a process that was killed: 128 + 9.
const KILLED: i32 = 137;

impl PodWorker {
    /// The pod is being deleted: stop what runs. Called again when the grace period became shorter.
    pub fn terminate(&mut self, turn: &mut Turn<'_>, grace: i64) {
        let deadline = turn.now + SimDuration::from_secs(u64::try_from(grace).unwrap_or(0));
        let first = self.stage != Stage::Stopping;
        self.stage = Stage::Stopping;
        self.starting = None;
        let mut over = None;
        for index in 0..self.containers.len() {
            if !self.containers[index].is_running() {
                // A start or a restart that was planned doesn't happen.
                self.containers[index].attempt += 1;
                continue;
            }
            if first {
                let message = turn.words.about(Sentence::Stopping, &self.spec_of(index).name);
                self.report(turn, index, EventType::Normal, "Killing", message);
                let stop = self.course(turn, index).stop;
                let container = &mut self.containers[index];
                container.attempt += 1;
                container.stops = Some((turn.now + stop, 0));
            }
            let container = &mut self.containers[index];
            let (at, code) = container.stops.unwrap_or((turn.now, 0));
            let stops = if at > deadline { (deadline, KILLED) } else { (at, code) };
            container.stops = Some(stops);
            over = over.max(Some(stops.0));
        }
        self.attempt += 1;
        self.wake_at(turn, over.unwrap_or(turn.now + TEARDOWN), POD, Step::Stopped);
    }

    /// All processes have ended: the last status, and the end of the sandbox.
    pub fn stopped(&mut self, turn: &mut Turn<'_>) {
        for container in &mut self.containers {
            match (container.stops, container.exit()) {
                (Some((at, code)), _) => {
                    let reason = if code == 0 { Ended::Completed } else { Ended::Error };
                    container.end(at, code, reason);
                }
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
