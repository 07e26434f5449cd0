//! What a container's process does, as far as its kubelet needs to know: whether it can be started, when it ends by itself, what it does about
//! TERM, what a command in it answers.
//!
//! A scenario's rule for an image says it; else a command in the manifest is read as a script, and the image's own entry point by what is
//! known of the image. A server that needs nothing is the common case and costs no look inside.

use crate::api::event::EventType;
use crate::api::meta::Str;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::Input;
use crate::node::inside::surroundings::container_named;
use crate::node::kubelet::Turn;
use crate::node::kubelet::configured::Configured;
use crate::node::kubelet::pod_worker::{PodWorker, Step, Verdict, number};
use crate::node::kubelet::restart::{is_init_restarted, is_restarted};
use crate::node::runtime::container::Ended;
use crate::node::runtime::image::Images;
use crate::node::runtime::images::lookup;
use crate::node::runtime::shell::End;
use crate::node::runtime::shell::network::{Heard, Query, Reply};
use serde_json::Value;
use std::sync::Arc;

/// A question to the network, and how long after the process's start it is asked.
type Question = (SimDuration, Query);

impl PodWorker {
    /// Whether what the container does depends on what is inside it.
    pub fn is_scripted(&self, images: &Images, index: usize) -> bool {
        let spec = self.spec_of(index);
        if images.stand_in {
            return false;
        }
        if spec.has_command { true } else { !images.has_rule(&spec.image) && !lookup(&spec.image).is_plain_server() }
    }

    /// Whether the process listens on a port once it serves: the image's own program, or what the manifest puts in its place.
    pub fn listens_on(&self, images: &Images, index: usize, port: i32) -> bool {
        let spec = self.spec_of(index);
        if !spec.has_command || images.has_rule(&spec.image) {
            return images.program(&spec.image).listens_on(port);
        }
        let Some(tree) = container_named(&self.pod, &spec.name) else { return false };
        let facts = lookup(&spec.image);
        let words = |field: &str| -> Vec<&str> { tree[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect() };
        let command = words("command");
        let head = if command.is_empty() { facts.entrypoint.iter().map(String::as_str).collect() } else { command };
        let argv: Vec<&str> = head.into_iter().chain(words("args")).collect();
        facts.command_listens_on(&argv, port)
    }

    /// Whether a container that ended with this code is started again.
    pub fn is_started_again(&self, index: usize, code: i32) -> bool {
        let (policy, spec) = (self.pod.spec.restart_policy, self.spec_of(index));
        match () {
            () if self.is_sidecar(index) => true,
            () if index < self.inits() => is_init_restarted(spec, policy, code),
            () => self.mains().contains(&index) && is_restarted(spec, policy, code),
        }
    }

    /// Makes sure that the container's environment can be made.
    ///
    /// # Errors
    /// What is missing, as the waiting state tells it.
    pub fn configure(&mut self, turn: &mut Turn<'_>, index: usize) -> Result<(), Str> {
        let spec = self.spec_of(index);
        if !spec.reads_configuration || turn.images.stand_in {
            return Ok(());
        }
        let facts = turn.kubelet.facts();
        let configured = Configured::now(self.known_now(turn, &facts));
        let made = container_named(&self.pod, &spec.name).map(|tree| configured.mounts(tree));
        match made {
            None | Some(Ok(_)) => Ok(()),
            Some(Err(error)) => {
                self.report(turn, index, EventType::Warning, "Failed", error.event_message().into());
                Err(Str::from(error.to_string()))
            }
        }
    }

    /// Why the runtime can't start the process; none: it can.
    pub fn start_error(&self, turn: &Turn<'_>, index: usize, id: u64) -> Option<Str> {
        let program = self.program(turn, index);
        if program.start_error.is_some() || !self.is_scripted(turn.images, index) {
            return program.start_error.clone();
        }
        let facts = turn.kubelet.facts();
        let (script, setting) = turn.inside(&facts).at_start(self, index, id, turn.now)?;
        let why = script.check(&setting).err()?.why;
        Some(Str::from(format!(
            "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: \
             unable to start container process: error during container init: {why}: unknown"
        )))
    }

    /// Works out when the process ends by itself, as far as that can be known, and what it asks the network before: when it starts, and
    /// whenever it has heard something new.
    pub fn foresee(&mut self, turn: &mut Turn<'_>, index: usize) {
        let Some(started) = self.containers[index].running_since() else { return };
        let (own, asks) = match self.course(turn, index).ends {
            None if self.is_scripted(turn.images, index) => self.script_ends(turn, index, None),
            ends => (ends, None),
        };
        let ends = self.ends_at(turn, index, started, own);
        let asks = asks.map(|(after, query)| (started + after, query));
        let asks = asks.filter(|(at, _)| ends.is_none_or(|(end, ..)| *at < end));
        self.containers[index].ends = ends;
        if let Some((at, ..)) = ends {
            self.wake_at(turn, at.max(turn.now), number(index), Step::Exit);
        }
        let known = self.containers[index].asks.as_ref().map(|(at, query)| (*at, &**query));
        if known != asks.as_ref().map(|(at, query)| (*at, query)) {
            self.containers[index].asks = asks.map(|(at, query)| (at, Arc::new(query)));
            self.ask_in_time(turn, index);
        }
    }

    /// When the process's next question has come, the network answers it.
    pub fn ask_in_time(&self, turn: &mut Turn<'_>, index: usize) {
        let container = &self.containers[index];
        let Some((at, query)) = &container.asks else { return };
        let (pod, attempt) = (self.id.number, container.attempt);
        turn.out.wake_at((*at).max(turn.now), Input::Ask { pod, container: number(index), attempt, query: query.clone() });
    }

    /// The network has answered the process's question: it goes on.
    pub fn answered(&mut self, turn: &mut Turn<'_>, index: usize, attempt: u32, query: &Query, reply: Reply) {
        let Some(container) = self.containers.get_mut(index).filter(|container| container.attempt == attempt) else { return };
        let Some(started) = container.running_since() else { return };
        let due = container.asks.as_ref().filter(|(at, asked)| *at <= turn.now && **asked == *query).map(|(at, _)| *at);
        let Some(asked) = due else { return };
        container.asks = None;
        container.heard.note(asked.since(started), query.clone(), reply);
        if container.stops.is_none() {
            self.foresee(turn, index);
        }
    }

    /// When the process ends, with which code and why, if it ends by itself as it is said.
    fn ends_at(&self, turn: &Turn<'_>, index: usize, started: SimTime, own: Option<(SimDuration, i32)>) -> Option<(SimTime, i32, Ended)> {
        let mut own = own.map(|(after, code)| (started + after, code, Ended::of(code)));
        if let Some(told) = self.containers[index].told_to_end {
            let (at, code) = self.heeds_term(turn, index, told);
            own = own.into_iter().chain((at != SimTime::MAX).then_some((at, code, Ended::of(code)))).min_by_key(|(at, ..)| *at);
        }
        let limit = u64::try_from(self.spec_of(index).limits.memory).ok().filter(|limit| *limit > 0);
        let killed = limit.and_then(|limit| self.program(turn, index).memory.exceeds(limit));
        let killed = killed.map(|after| (started + after, 137, Ended::OutOfMemory));
        match (own, killed) {
            (Some(own), Some(killed)) => Some(if own.0 <= killed.0 { own } else { killed }),
            (own, killed) => own.or(killed),
        }
    }

    /// When a script ends, counted from its start, and what it asks the network before that and hasn't heard yet; `term`: it gets TERM then.
    fn script_ends(&self, turn: &Turn<'_>, index: usize, term: Option<SimDuration>) -> (Option<(SimDuration, i32)>, Option<Question>) {
        let facts = turn.kubelet.facts();
        let Some((script, mut setting)) = turn.inside(&facts).of_running(self, index, turn.now) else { return (None, None) };
        setting.term = term;
        let journal = &self.containers[index].heard;
        let network = if term.is_some() { Heard::and_no_more(journal) } else { Heard::so_far(journal) };
        let ends = match script.end(&setting, &network) {
            End::Exited(after, code) => Some((after, code)),
            End::Running | End::Busy(_) | End::Unknown(_) => None,
        };
        (ends, network.pending())
    }

    /// What TERM at `term` does to the process: when it ends and with which code. [`SimTime::MAX`]: it doesn't heed it.
    pub fn heeds_term(&self, turn: &Turn<'_>, index: usize, term: SimTime) -> (SimTime, i32) {
        let program = self.program(turn, index);
        let Some(started) = self.containers[index].running_since().filter(|_| self.is_scripted(turn.images, index)) else {
            let stop = self.course(turn, index).stop;
            return (if stop == SimDuration::MAX { SimTime::MAX } else { term + stop }, program.stop_code);
        };
        self.script_ends(turn, index, Some(term.since(started))).0.map_or((SimTime::MAX, 0), |(after, code)| (started + after, code))
    }

    /// A command of a user wrote something in the pod: what was known of its containers is worked out again.
    pub fn disturbed(&mut self, turn: &mut Turn<'_>) {
        for index in 0..self.containers.len() {
            if !self.containers[index].is_running() || self.containers[index].stops.is_some() {
                continue;
            }
            if self.is_scripted(turn.images, index) {
                self.foresee(turn, index);
            }
            self.ask_again(turn, index);
        }
    }

    /// A command in the container told its first process to end. Nobody else knows: it counts as having ended by itself.
    pub fn told_to_end(&mut self, turn: &mut Turn<'_>, index: usize, told: SimTime) {
        self.containers[index].told_to_end = Some(told);
        self.foresee(turn, index);
    }

    /// The pod has been active for longer than `activeDeadlineSeconds`. `pkg/kubelet/active_deadline.go`.
    pub fn exceed_deadline(&mut self, turn: &mut Turn<'_>) {
        let message = Str::Static("Pod was active on the node longer than the specified deadline");
        self.report_part(turn, Str::EMPTY, EventType::Normal, "DeadlineExceeded", message.clone());
        let grace = self.pod.spec.grace_seconds;
        self.condemn(turn, Verdict { reason: "DeadlineExceeded", message, disruption: "" }, grace);
    }

    /// When the pod's time is over, if it has a deadline.
    pub fn deadline(&self) -> Option<SimTime> {
        let seconds = self.pod.spec.tree["activeDeadlineSeconds"].as_u64()?;
        Some(self.start_time + SimDuration::from_secs(seconds))
    }
}
