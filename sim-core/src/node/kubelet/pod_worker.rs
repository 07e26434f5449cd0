//! One pod on its node: sandbox, init containers one by one, containers in order, restarts. Mirrors `pkg/kubelet/pod_workers.go` and
//! `pkg/kubelet/kuberuntime/kuberuntime_manager.go` (SyncPod), v1.36.
//!
//! What takes time is a timer; what the API is told goes through [`PodWorker::tell`]. Timers carry the attempt they belong to, so those
//! of a container that was stopped meanwhile do nothing. Left out so far: probes other than the time of the first readiness, lifecycle
//! hooks, ephemeral containers, resizing, evictions.

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::Str;
use crate::api::object::ObjectId;
use crate::api::pod::{self, ContainerState, Pod, RestartPolicy};
use crate::apiserver::request::Write;
use crate::client::events::Memory;
use crate::client::plan::Report;
use crate::client::{Call, NO_ANSWER};
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::Input;
use crate::node::kubelet::restart::{is_init_restarted, is_restarted};
use crate::node::kubelet::status::{Transitions, generate, not_found};
use crate::node::kubelet::{Sentence, Turn};
use crate::node::runtime::image::Need;
use crate::node::runtime::program::{Course, vary};
use crate::node::runtime::{Container, Ended, Exit, SANDBOX, State, Waiting};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Stands for the pod as a whole where a container is meant.
pub const POD: u8 = u8::MAX;

/// How soon the kubelet notices that a container ended: the period of `GenericPLEG` is 1 s.
const RELIST: SimDuration = SimDuration::from_millis(500);

/// When a sandbox that couldn't be made is tried again.
const RETRY_SANDBOX: SimDuration = SimDuration::from_secs(15);

/// What a timer is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The sandbox is there.
    Sandbox,
    /// The sandbox couldn't be made: try again.
    PlaceAgain,
    /// A pull is over.
    Pulled,
    /// A container runs.
    Started,
    /// A container serves.
    Ready,
    /// A container ended by itself.
    Exit,
    /// A container that crashed must wait.
    BackOff,
    /// A container's wait is over.
    Restart,
    /// A pull that failed must wait.
    PullBackOff,
    /// A pull's wait is over.
    PullAgain,
    /// All containers of a pod that is deleted have ended.
    Stopped,
    /// A status that the API didn't take is sent again.
    TellAgain,
}

/// Where a pod is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// It starts or runs.
    Working,
    /// Its containers were told to stop.
    Stopping,
    /// No container will run again.
    Ended,
}

/// A pod and its containers.
#[derive(Clone, Debug)]
pub struct PodWorker {
    /// Which pod.
    pub id: ObjectId,
    /// The newest version that the kubelet has seen.
    pub pod: Arc<Pod>,
    /// The node's number.
    pub node: u32,
    /// Where it is in its life.
    pub stage: Stage,
    /// Counts what the pod as a whole waits for: a timer with another number is stale.
    pub attempt: u32,
    /// The container whose first start is under way. Those after it wait for it.
    pub starting: Option<u8>,
    /// Its address.
    pub address: Option<Ipv4Addr>,
    /// Whether the address is taken from the node's pool.
    pub holds_address: bool,
    /// Whether its sandbox is there.
    pub sandbox: bool,
    /// Whether its sandbox ever was.
    pub had_sandbox: bool,
    /// When the kubelet saw it first.
    pub start_time: SimTime,
    /// Init containers, then containers.
    pub containers: Vec<Container>,
    /// When its conditions changed.
    pub transitions: Transitions,
    /// The request whose answer it waits for.
    pub awaiting: Option<u64>,
    /// Its events.
    pub memory: Memory,
    /// When the last status was sent.
    told_at: SimTime,
}

impl PodWorker {
    /// A pod that the kubelet sees for the first time since the node's boot.
    pub fn new(id: ObjectId, pod: &Arc<Pod>, node: u32, boots: u32, now: SimTime) -> Self {
        // Attempts of different boots differ, so that timers from before a power failure are stale.
        let attempt = boots << 20;
        let count = pod.spec.init_containers.len() + pod.spec.containers.len();
        PodWorker {
            id,
            pod: pod.clone(),
            node,
            stage: Stage::Working,
            attempt,
            starting: None,
            address: None,
            holds_address: false,
            sandbox: false,
            had_sandbox: false,
            start_time: pod.status.start_time.unwrap_or(now.truncated_to_secs()),
            containers: vec![Container::new(attempt); count],
            transitions: Transitions::default(),
            awaiting: None,
            memory: Memory::default(),
            told_at: SimTime::ZERO,
        }
    }

    /// How many init containers there are: they come first.
    pub fn inits(&self) -> usize {
        self.pod.spec.init_containers.len()
    }

    /// The specification of a container.
    pub fn spec_of(&self, index: usize) -> &pod::Container {
        let inits = self.inits();
        if index < inits { &self.pod.spec.init_containers[index] } else { &self.pod.spec.containers[index - inits] }
    }

    /// Whether this is an init container with `restartPolicy: Always`: it starts before the containers and runs beside them.
    pub fn is_sidecar(&self, index: usize) -> bool {
        index < self.inits() && self.pod.spec.tree["initContainers"][index]["restartPolicy"] == "Always"
    }

    /// Whether the containers after this init container may start.
    pub fn is_init_done(&self, index: usize) -> bool {
        let container = &self.containers[index];
        if self.is_sidecar(index) { container.is_running() } else { matches!(container.state, State::Exited(exit) if exit.code == 0) }
    }

    /// Whether all init containers are done.
    pub fn is_initialized(&self) -> bool {
        (0..self.inits()).all(|index| self.is_init_done(index))
    }

    /// The times of a container's present run, or of its next one.
    pub fn course(&self, turn: &Turn<'_>, index: usize) -> Course {
        let program = turn.images.program(&self.spec_of(index).image);
        program.course(turn.seed, self.key(index), turn.images.jitter_percent, index < self.inits() && !self.is_sidecar(index))
    }

    /// Stands for one run of one container in draws.
    fn key(&self, index: usize) -> u128 {
        let container = &self.containers[index];
        let run = u128::from(container.restarts) + u128::from(container.exit().is_some());
        self.pod.meta.uid.0.wrapping_add(run << 8 | index as u128)
    }

    /// Asks for a timer at `at`.
    pub fn wake_at(&self, turn: &mut Turn<'_>, at: SimTime, container: u8, step: Step) {
        let attempt = self.containers.get(usize::from(container)).map_or(self.attempt, |c| c.attempt);
        turn.out.wake_at(at, Input::Timer { pod: self.id.number, container, step, attempt });
    }

    fn wake(&self, turn: &mut Turn<'_>, delay: SimDuration, index: usize, step: Step) {
        let container = u8::try_from(index).expect("a pod has few containers");
        self.wake_at(turn, turn.now + delay, container, step);
    }

    /// Reports an event about a container.
    pub fn report(&mut self, turn: &mut Turn<'_>, index: usize, kind: EventType, reason: &'static str, message: Str) {
        let field = if index < self.inits() { Sentence::InitContainerField } else { Sentence::ContainerField };
        let name = self.spec_of(index).name.clone();
        let part = turn.words.about(field, &name);
        self.report_part(turn, part, kind, reason, message);
    }

    fn report_part(&mut self, turn: &mut Turn<'_>, part: Str, kind: EventType, reason: &'static str, message: Str) {
        let meta = &self.pod.meta;
        let about = ObjectReference {
            kind: "Pod",
            api_version: "v1",
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            uid: meta.uid,
            resource_version: meta.resource_version,
            field_path: part,
        };
        let report = Report { about, event_type: kind, reason: Str::Static(reason), message };
        if let Some(event) = self.memory.event(&turn.source, report, turn.now) {
            turn.send(Write::Report(event));
        }
    }

    /// Sends the status. The last one is waited for: only then may the pod go.
    pub fn tell(&mut self, turn: &mut Turn<'_>) {
        let status = generate(self, turn.kubelet.address, turn.words, turn.now);
        let token = if self.stage == Stage::Ended { u64::from(self.attempt) << 32 | u64::from(self.id.number) } else { NO_ANSWER };
        self.awaiting = (token != NO_ANSWER).then_some(token);
        // Requests of one pod go one after another: no two at the same moment, so that no tie-break turns them round.
        let at = if self.told_at >= turn.now { self.told_at + SimDuration::from_micros(1) } else { turn.now };
        self.told_at = at;
        turn.out.send_at(at, Call { token, write: Write::PodStatus(self.id, Box::new(status)) });
    }

    /// The pod's first sync: its first status, its address, its sandbox.
    pub fn begin(&mut self, turn: &mut Turn<'_>) {
        self.tell(turn);
        if let Some(deletion) = self.pod.meta.deletion {
            return self.terminate(turn, deletion.grace);
        }
        self.place(turn);
    }

    /// Gives the pod its address and starts its sandbox. If the first container's image is there, one timer covers both.
    fn place(&mut self, turn: &mut Turn<'_>) {
        if self.pod.spec.host_network {
            self.address = Some(turn.kubelet.address);
        } else {
            self.address = turn.kubelet.addresses.reserve();
            self.holds_address = self.address.is_some();
        }
        if self.address.is_none() {
            let (first, last) = turn.kubelet.addresses.range();
            let message = format!(
                "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type=\"bridge\" failed (add): \
                 failed to allocate for range 0: no IP addresses available in range set: {first}-{last}"
            );
            self.report_part(turn, Str::EMPTY, EventType::Warning, "FailedCreatePodSandBox", message.into());
            return self.wake_at(turn, turn.now + RETRY_SANDBOX, POD, Step::PlaceAgain);
        }
        if self.containers.is_empty() {
            return;
        }
        self.starting = Some(0);
        let spec = self.spec_of(0);
        if turn.kubelet.images.need(turn.now, &spec.image, spec.pull_policy) == Need::Present {
            let start = self.course(turn, 0).start;
            self.wake(turn, SANDBOX + start, 0, Step::Started);
        } else {
            self.wake(turn, SANDBOX, 0, Step::Sandbox);
        }
    }

    /// Gives the address back.
    pub fn release_address(&mut self, turn: &mut Turn<'_>) {
        if let Some(address) = self.address
            && std::mem::take(&mut self.holds_address)
        {
            turn.kubelet.addresses.release(address);
        }
    }

    /// A timer is due.
    pub fn timer(&mut self, turn: &mut Turn<'_>, container: u8, step: Step, attempt: u32) {
        let index = usize::from(container);
        if self.containers.get(index).map_or(self.attempt, |c| c.attempt) != attempt {
            return;
        }
        match step {
            Step::PlaceAgain => self.place(turn),
            Step::Stopped => self.stopped(turn),
            Step::TellAgain => self.tell(turn),
            _ if index >= self.containers.len() || self.stage != Stage::Working => {}
            Step::Sandbox => {
                (self.sandbox, self.had_sandbox) = (true, true);
                self.start(turn, index);
            }
            Step::Pulled => self.pulled(turn, index),
            Step::Started => self.started(turn, index),
            Step::Ready => {
                self.containers[index].ready = true;
                self.tell(turn);
            }
            Step::Exit => self.exited(turn, index),
            Step::BackOff => self.back_off(turn, index),
            Step::Restart => {
                self.containers[index].crashes.next(turn.now);
                self.start(turn, index);
            }
            Step::PullBackOff => self.pull_back_off(turn, index),
            Step::PullAgain => self.start(turn, index),
        }
    }

    /// Makes a container: its image first.
    fn start(&mut self, turn: &mut Turn<'_>, index: usize) {
        let (image, policy) = (self.spec_of(index).image.clone(), self.spec_of(index).pull_policy);
        self.containers[index].pulled = false;
        match turn.kubelet.images.need(turn.now, &image, policy) {
            Need::Present => {
                let start = self.course(turn, index).start;
                self.wake(turn, start, index, Step::Started);
            }
            Need::Pull => {
                let message = turn.words.about(Sentence::Pulling, &image);
                self.report(turn, index, EventType::Normal, "Pulling", message);
                let program = turn.images.program(&image);
                let mut chance = draw(turn.seed, Stream::ImagePull, self.key(index));
                let takes = vary(&mut chance, program.pull, turn.images.jitter_percent);
                let pull = turn.kubelet.images.pull(turn.now, &image, takes, program.missing);
                let container = &mut self.containers[index];
                (container.asked, container.begun) = (turn.now, pull.begins);
                self.wake(turn, pull.ends.since(turn.now), index, Step::Pulled);
            }
            Need::Refused => {
                let message = format!("Container image \"{image}\" is not present with pull policy of Never");
                self.report(turn, index, EventType::Warning, "ErrImageNeverPull", message.into());
                self.report(turn, index, EventType::Warning, "Failed", "Error: ErrImageNeverPull".into());
                self.wait(index, Waiting::NeverPulled);
                let period = self.containers[index].pulls.next(turn.now);
                self.wake(turn, period, index, Step::PullAgain);
                self.advance(turn, index);
                self.tell(turn);
            }
        }
    }

    /// Waits; what the container did before is remembered as its last state.
    fn wait(&mut self, index: usize, waiting: Waiting) {
        let container = &mut self.containers[index];
        if let State::Exited(exit) = container.state {
            container.last = Some(exit);
        }
        container.state = State::Waiting(waiting);
    }

    fn pulled(&mut self, turn: &mut Turn<'_>, index: usize) {
        let image = self.spec_of(index).image.clone();
        let program = turn.images.program(&image);
        if program.missing {
            let message = format!("Failed to pull image \"{image}\": {}", not_found(&image));
            self.report(turn, index, EventType::Warning, "Failed", message.into());
            self.report(turn, index, EventType::Warning, "Failed", "Error: ErrImagePull".into());
            self.wait(index, Waiting::PullFailed);
            let period = self.containers[index].pulls.next(turn.now);
            self.wake(turn, RELIST * 2, index, Step::PullBackOff);
            self.wake(turn, period, index, Step::PullAgain);
            self.advance(turn, index);
            return self.tell(turn);
        }
        let container = &mut self.containers[index];
        container.pulled = true;
        let millis = |since: SimTime| SimDuration::from_millis(turn.now.since(since).as_millis());
        let (alone, total) = (millis(container.begun), millis(container.asked));
        let message =
            format!("Successfully pulled image \"{image}\" in {alone} ({total} including waiting). Image size: {} bytes.", program.size);
        self.report(turn, index, EventType::Normal, "Pulled", message.into());
        let start = self.course(turn, index).start;
        self.wake(turn, start, index, Step::Started);
    }

    fn pull_back_off(&mut self, turn: &mut Turn<'_>, index: usize) {
        let image = self.spec_of(index).image.clone();
        let message = turn.words.about(Sentence::BackOffPulling, &image);
        self.report(turn, index, EventType::Normal, "BackOff", message);
        self.report(turn, index, EventType::Warning, "Failed", "Error: ImagePullBackOff".into());
        self.wait(index, Waiting::PullBackOff);
        self.tell(turn);
    }

    fn started(&mut self, turn: &mut Turn<'_>, index: usize) {
        (self.sandbox, self.had_sandbox) = (true, true);
        if !self.containers[index].pulled {
            let image = self.spec_of(index).image.clone();
            let message = turn.words.about(Sentence::Present, &image);
            self.report(turn, index, EventType::Normal, "Pulled", message);
        }
        self.report(turn, index, EventType::Normal, "Created", "Container created".into());
        self.report(turn, index, EventType::Normal, "Started", "Container started".into());
        let course = self.course(turn, index);
        let ready_after = self.ready_after(index, course.ready_after);
        let container = &mut self.containers[index];
        if let Some(exit) = container.exit() {
            container.last = Some(exit);
            container.restarts += 1;
        }
        container.state = State::Running { started: turn.now };
        container.id = course.id;
        container.attempt += 1;
        container.ready = ready_after == Some(SimDuration::ZERO);
        if let Some(after) = ready_after.filter(|after| !after.is_zero()) {
            self.wake(turn, after, index, Step::Ready);
        }
        if let Some((after, _)) = course.ends {
            self.wake(turn, after, index, Step::Exit);
        }
        self.advance(turn, index);
        // The status of containers that start in a row is told once, when the last one runs.
        if index < self.inits() || self.starting.is_none() {
            self.tell(turn);
        }
    }

    /// When a container that starts now counts as ready; `None`: never, or it is an init container, of which nobody asks.
    fn ready_after(&self, index: usize, serves_after: SimDuration) -> Option<SimDuration> {
        if serves_after == SimDuration::MAX || index < self.inits() && !self.is_sidecar(index) {
            return None;
        }
        if !self.spec_of(index).readiness_probe {
            return Some(serves_after);
        }
        let tree = &self.pod.spec.tree;
        let inits = self.inits();
        let container = if index < inits { &tree["initContainers"][index] } else { &tree["containers"][index - inits] };
        let probe = &container["readinessProbe"];
        let seconds = |field: &str, least: u64| SimDuration::from_secs(probe[field].as_u64().unwrap_or(0).max(least));
        let (delay, period) = (seconds("initialDelaySeconds", 0), probe["periodSeconds"].as_u64().filter(|p| *p > 0).unwrap_or(10));
        let period = SimDuration::from_secs(period);
        let successes = probe["successThreshold"].as_u64().unwrap_or(1).max(1);
        let late = serves_after.saturating_sub(delay).as_nanos().div_ceil(period.as_nanos());
        Some(delay + period * (late + successes - 1))
    }

    /// The first start of a container is over, well or not: the next one's turn.
    fn advance(&mut self, turn: &mut Turn<'_>, index: usize) {
        if self.starting.map(usize::from) != Some(index) || index < self.inits() && !self.is_init_done(index) {
            return;
        }
        let next = index + 1;
        self.starting = u8::try_from(next).ok().filter(|_| next < self.containers.len());
        if self.starting.is_some() {
            self.start(turn, next);
        }
    }

    fn exited(&mut self, turn: &mut Turn<'_>, index: usize) {
        let code = self.course(turn, index).ends.map_or(0, |(_, code)| code);
        self.containers[index].end(turn.now, code, if code == 0 { Ended::Completed } else { Ended::Error });
        let policy = self.pod.spec.restart_policy;
        let again = match () {
            () if self.is_sidecar(index) => true,
            () if index < self.inits() => is_init_restarted(policy, code),
            () => is_restarted(policy, code),
        };
        if again {
            match self.containers[index].crashes.wait(turn.now) {
                None => self.wake(turn, RELIST, index, Step::Restart),
                Some(wait) => {
                    self.wake(turn, RELIST, index, Step::BackOff);
                    self.wake(turn, wait, index, Step::Restart);
                }
            }
        } else if index < self.inits() {
            if code == 0 {
                self.advance(turn, index);
            } else {
                return self.finish(turn);
            }
        } else if self.is_over(policy) {
            return self.finish(turn);
        }
        self.tell(turn);
    }

    /// Whether all containers have ended for good.
    fn is_over(&self, policy: RestartPolicy) -> bool {
        self.containers[self.inits()..].iter().all(|c| matches!(c.state, State::Exited(exit) if !is_restarted(policy, exit.code)))
    }

    /// The pod's work is over: sidecars stop, and the sandbox goes.
    fn finish(&mut self, turn: &mut Turn<'_>) {
        for container in self.containers.iter_mut().filter(|c| c.is_running()) {
            container.end(turn.now, 0, Ended::Completed);
        }
        self.close(turn);
    }

    fn back_off(&mut self, turn: &mut Turn<'_>, index: usize) {
        let container = &self.containers[index];
        let wait = container.exit().and_then(|exit| container.crashes.wait(exit.finished)).unwrap_or_default();
        let (name, pod) = (&self.spec_of(index).name, &self.pod.meta);
        let message = format!("Back-off restarting failed container {name} in pod {}_{}({})", pod.name, pod.namespace, pod.uid);
        self.report(turn, index, EventType::Warning, "BackOff", message.into());
        self.wait(index, Waiting::CrashLoop(wait));
        self.tell(turn);
    }

    /// A newer version of the pod: a deletion, a shorter grace period, another image.
    pub fn changed(&mut self, turn: &mut Turn<'_>, pod: &Arc<Pod>) {
        let old = std::mem::replace(&mut self.pod, pod.clone());
        match (old.meta.deletion, pod.meta.deletion) {
            (None, Some(deletion)) if self.stage == Stage::Working => self.terminate(turn, deletion.grace),
            (None, Some(_)) if self.stage == Stage::Ended => self.tell(turn),
            (Some(old), Some(new)) if self.stage == Stage::Stopping && new.grace < old.grace => self.terminate(turn, new.grace),
            (None, None) if self.stage == Stage::Working && old.meta.generation != pod.meta.generation => self.replace_images(turn, &old),
            _ => {}
        }
    }

    /// Containers whose image was changed in place are made anew.
    fn replace_images(&mut self, turn: &mut Turn<'_>, old: &Pod) {
        for (at, before) in old.spec.containers.iter().enumerate() {
            let index = self.inits() + at;
            let Some(container) = self.containers.get_mut(index) else { break };
            let Some(after) = self.pod.spec.containers.get(at) else { break };
            if before.image != after.image && container.is_running() {
                container.end(turn.now, 0, Ended::Completed);
                let message = format!("Container {} definition changed, will be restarted", after.name);
                self.report(turn, index, EventType::Normal, "Killing", message.into());
                self.start(turn, index);
            }
        }
        self.tell(turn);
    }

    /// The node comes back after a power failure: what the API remembers of the containers is all that is left of them.
    pub fn recall(&mut self, turn: &mut Turn<'_>) {
        let lost = |state: &ContainerState| match *state {
            ContainerState::Running { started } => Some(Exit { code: 255, reason: Ended::Unknown, started, finished: turn.now, id: 0 }),
            ContainerState::Terminated { exit_code, started, finished, container_id, .. } => {
                let reason = if exit_code == 0 { Ended::Completed } else { Ended::Error };
                Some(Exit { code: exit_code, reason, started, finished, id: container_id })
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
            container.id = status.container_id;
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
}
