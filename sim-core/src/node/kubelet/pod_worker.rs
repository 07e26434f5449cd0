//! One pod on its node. Mirrors `pkg/kubelet/pod_workers.go` and `pkg/kubelet/kuberuntime/kuberuntime_manager.go` (SyncPod,
//! computePodActions), v1.36.
//!
//! [`PodWorker::sync`] looks at what is and does the next thing: volumes, sandbox, init containers one by one, sidecars, containers in order,
//! restarts. A worker does one thing at a time: while a container is being started (`start`) or stopped (`termination`), it is busy. What
//! takes time is a timer; what the API is told goes through [`PodWorker::tell`]. Timers carry the attempt they belong to, so those of a
//! container that was stopped meanwhile do nothing. Left out so far: resizing in place.

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::Str;
use crate::api::object::ObjectId;
use crate::api::pod::{self, Pod};
use crate::api::probe::ProbeKind;
use crate::apiserver::request::Write;
use crate::client::events::Memory;
use crate::client::plan::Report;
use crate::client::{Call, NO_ANSWER};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::Input;
use crate::node::kubelet::mounting::Mounting;
use crate::node::kubelet::restart::{is_init_restarted, is_restarted};
use crate::node::kubelet::status::{Transitions, generate};
use crate::node::kubelet::{Sentence, Turn};
use crate::node::runtime::SANDBOX;
use crate::node::runtime::container::{Container, Ended, State, Waiting};
use crate::node::runtime::image::Need;
use crate::node::runtime::program::{Course, Program};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Stands for the pod as a whole where a container is meant.
pub const POD: u8 = u8::MAX;

/// How soon the kubelet notices that a container ended: the period of `GenericPLEG` is 1 s.
pub const RELIST: SimDuration = SimDuration::from_millis(500);

/// When what couldn't be done is tried again: `backOffPeriod` of the pod workers is 10 s, with up to half of it more.
pub const RETRY: SimDuration = SimDuration::from_millis(12_500);

/// What a timer is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The sandbox is there.
    Sandbox,
    /// What kept the pod from going on may be over: look again.
    Sync,
    /// A pull is over.
    Pulled,
    /// A container runs.
    Started,
    /// A container's postStart hook is done.
    Hooked,
    /// A container serves that has no readiness probe, but a program that takes its time.
    Ready,
    /// A container is asked.
    Probe(ProbeKind),
    /// A container ended by itself.
    Exit,
    /// A container that was told to stop has ended.
    Stopped,
    /// A container that crashed must wait.
    BackOff,
    /// A pull that failed must wait.
    PullBackOff,
    /// All containers of a pod that ends have ended.
    Over,
    /// A status that the API didn't take is sent again.
    TellAgain,
    /// The pod has been active for as long as it may.
    Deadline,
    /// A container that leaks exceeds its memory limit.
    OutOfMemory,
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

/// Why the kubelet itself ends a pod: eviction, or the node's shutdown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// `Evicted`, `Terminated`, …: the status's reason.
    pub reason: &'static str,
    /// One sentence.
    pub message: Str,
    /// The reason of the condition DisruptionTarget; empty: none.
    pub disruption: &'static str,
}

/// What a worker is doing that must be done before the next thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Busy {
    /// Nothing.
    No,
    /// Its sandbox is being made.
    Sandbox,
    /// This container is being started or stopped.
    Container(u8),
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
    /// What it is doing.
    pub busy: Busy,
    /// Its address.
    pub address: Option<Ipv4Addr>,
    /// Whether the address is taken from the node's pool.
    pub holds_address: bool,
    /// Whether its sandbox is there: the pause container runs.
    pub sandbox: bool,
    /// Whether its sandbox ever was.
    pub had_sandbox: bool,
    /// When the kubelet saw it first.
    pub start_time: SimTime,
    /// When its sync began since the kubelet knows it: its probes tick from here.
    pub begun: SimTime,
    /// Init containers, then containers, then ephemeral containers.
    pub containers: Vec<Container>,
    /// When its conditions changed.
    pub transitions: Transitions,
    /// The request whose answer it waits for.
    pub awaiting: Option<u64>,
    /// Its events.
    pub memory: Memory,
    /// Why the kubelet ends it, if it does.
    pub verdict: Option<Box<Verdict>>,
    /// What its volumes wait for, if they do.
    pub mounting: Option<Mounting>,
    /// When the last status was sent.
    told_at: SimTime,
    /// Whether the network kept a status from being told.
    pub untold: bool,
    /// Whether it might exceed limits of its own on disk.
    pub limited: bool,
}

/// What a sync finds to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    /// Start this container.
    Start(usize),
    /// Something must happen first, or everything runs.
    Wait,
    /// No container will run again.
    Over,
}

impl PodWorker {
    /// A pod that the kubelet sees for the first time since the node's boot.
    pub fn new(id: ObjectId, pod: &Arc<Pod>, node: u32, boots: u32, now: SimTime) -> Self {
        // Attempts of different boots differ, so that timers from before a power failure are stale.
        let attempt = boots << 20;
        let spec = &pod.spec;
        let count = spec.init_containers.len() + spec.containers.len() + spec.ephemeral_containers.len();
        PodWorker {
            id,
            pod: pod.clone(),
            node,
            stage: Stage::Working,
            attempt,
            busy: Busy::No,
            address: None,
            holds_address: false,
            sandbox: false,
            had_sandbox: false,
            start_time: pod.status.start_time.unwrap_or(now.truncated_to_secs()),
            begun: now,
            containers: vec![Container::new(attempt); count],
            transitions: Transitions::default(),
            awaiting: None,
            memory: Memory::default(),
            verdict: None,
            mounting: None,
            told_at: SimTime::ZERO,
            untold: false,
            limited: false,
        }
    }

    /// How many init containers there are: they come first.
    pub fn inits(&self) -> usize {
        self.pod.spec.init_containers.len()
    }

    /// The places of the containers proper: after the init containers, before the ephemeral ones.
    pub fn mains(&self) -> std::ops::Range<usize> {
        self.inits()..self.inits() + self.pod.spec.containers.len()
    }

    /// The specification of a container.
    pub fn spec_of(&self, index: usize) -> &pod::Container {
        let spec = &self.pod.spec;
        let mains = self.mains();
        match index {
            _ if index < mains.start => &spec.init_containers[index],
            _ if index < mains.end => &spec.containers[index - mains.start],
            _ => &spec.ephemeral_containers[index - mains.end],
        }
    }

    /// Whether this is an init container that runs beside the containers.
    pub fn is_sidecar(&self, index: usize) -> bool {
        index < self.inits() && self.spec_of(index).is_sidecar()
    }

    /// Whether the containers after this init container may start.
    pub fn is_init_done(&self, index: usize) -> bool {
        let container = &self.containers[index];
        if self.is_sidecar(index) { container.started } else { container.exited().is_some_and(|exit| exit.code == 0) }
    }

    /// Whether all init containers are done. Once they were, a sidecar that is started again doesn't change that.
    pub fn is_initialized(&self) -> bool {
        self.mains().any(|index| self.containers[index].id != 0) || (0..self.inits()).all(|index| self.is_init_done(index))
    }

    /// The program of a container.
    pub fn program<'a>(&self, turn: &Turn<'a>, index: usize) -> &'a Program {
        turn.images.program(&self.spec_of(index).image)
    }

    /// The times of a container's present run, or of its next one.
    pub fn course(&self, turn: &Turn<'_>, index: usize) -> Course {
        self.course_of(turn.images, turn.seed, index)
    }

    /// Stands for one run of one container in draws.
    pub fn key(&self, index: usize) -> u128 {
        let container = &self.containers[index];
        let run = u128::from(container.restarts) + u128::from(container.exit().is_some());
        self.pod.meta.uid.0.wrapping_add(run << 8 | index as u128)
    }

    /// When its kubelet synced it last because something had happened: a container's start or end, or its own beginning.
    pub fn last_caused_sync(&self) -> SimTime {
        let moments = self.containers.iter().filter_map(|container| match container.state {
            State::Running { started } => Some(started),
            State::Exited(exit) => Some(exit.finished),
            State::Waiting(_) => None,
        });
        moments.fold(self.begun, SimTime::max)
    }

    /// Asks for a timer at `at`.
    pub fn wake_at(&self, turn: &mut Turn<'_>, at: SimTime, container: u8, step: Step) {
        let attempt = self.containers.get(usize::from(container)).map_or(self.attempt, |c| c.attempt);
        turn.out.wake_at(at, Input::Timer { pod: self.id.number, container, step, attempt });
    }

    /// Asks for a timer about a container after `delay`.
    pub fn wake(&self, turn: &mut Turn<'_>, delay: SimDuration, index: usize, step: Step) {
        self.wake_at(turn, turn.now + delay, number(index), step);
    }

    /// Reports an event about a container.
    pub fn report(&mut self, turn: &mut Turn<'_>, index: usize, kind: EventType, reason: &'static str, message: Str) {
        let field = match index {
            _ if index < self.inits() => Sentence::InitContainerField,
            _ if index < self.mains().end => Sentence::ContainerField,
            _ => Sentence::EphemeralContainerField,
        };
        let name = self.spec_of(index).name.clone();
        let part = turn.words.about(field, &name);
        self.report_part(turn, part, kind, reason, message);
    }

    /// Reports an event about the pod, or a part of it.
    pub fn report_part(&mut self, turn: &mut Turn<'_>, part: Str, kind: EventType, reason: &'static str, message: Str) {
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
        self.untold = turn.kubelet.cut || !turn.kubelet.attended;
        if self.untold {
            return;
        }
        let status = generate(self, turn.kubelet.address, turn.words, turn.now);
        let token = if self.stage == Stage::Ended { u64::from(self.attempt) << 32 | u64::from(self.id.number) } else { NO_ANSWER };
        self.awaiting = (token != NO_ANSWER).then_some(token);
        // Requests of one pod go one after another: no two at the same moment, so that no tie-break turns them round.
        let at = if self.told_at >= turn.now { self.told_at + SimDuration::from_micros(1) } else { turn.now };
        self.told_at = at;
        turn.out.send_at(at, Call { token, write: Write::PodStatus(self.id, Box::new(status)) });
    }

    /// The kubelet begins to care for the pod.
    pub fn begin(&mut self, turn: &mut Turn<'_>) {
        self.begun = turn.now;
        self.tell(turn);
        if let Some(deletion) = self.pod.meta.deletion {
            return self.terminate(turn, deletion.grace);
        }
        if let Some(at) = self.deadline() {
            self.wake_at(turn, at.max(turn.now), POD, Step::Deadline);
        }
        self.sync(turn);
    }

    /// Looks at what is, and does the next thing.
    pub fn sync(&mut self, turn: &mut Turn<'_>) {
        if self.stage != Stage::Working || self.busy != Busy::No || !turn.kubelet.tends() {
            return;
        }
        if !self.sandbox {
            if self.mount(turn) {
                self.place(turn);
            }
            return;
        }
        match self.next(turn.now) {
            Next::Start(index) => self.start(turn, index),
            Next::Wait => {}
            Next::Over => self.finish(turn),
        }
    }

    /// What is to be done next: computePodActions.
    fn next(&self, now: SimTime) -> Next {
        let policy = self.pod.spec.restart_policy;
        let may_start = |index: usize| {
            let container = &self.containers[index];
            !container.is_running() && container.not_before <= now
        };
        // What was added to look into the pod runs once, whatever else goes on.
        let fresh = (self.mains().end..self.containers.len()).find(|index| self.containers[*index].id == 0 && may_start(*index));
        if let Some(index) = fresh {
            return Next::Start(index);
        }
        let initialized = self.is_initialized();
        for index in 0..self.inits() {
            let container = &self.containers[index];
            if self.is_sidecar(index) {
                if may_start(index) {
                    return Next::Start(index);
                }
            } else if let Some(exit) = container.exited().filter(|_| !initialized) {
                if exit.code != 0 && !is_init_restarted(self.spec_of(index), policy, exit.code) {
                    return Next::Over;
                }
                if exit.code != 0 && may_start(index) {
                    return Next::Start(index);
                }
            } else if !initialized && may_start(index) {
                return Next::Start(index);
            }
            if !initialized && !self.is_init_done(index) {
                return Next::Wait;
            }
        }
        let mut over = true;
        for index in self.mains() {
            let container = &self.containers[index];
            let ended = container.exited().is_some_and(|exit| !is_restarted(self.spec_of(index), policy, exit.code));
            over &= ended;
            if !ended && may_start(index) {
                return Next::Start(index);
            }
        }
        if over {
            return Next::Over;
        }
        Next::Wait
    }

    /// Gives the pod its address and makes its sandbox. If the first container's image is there, one timer covers both.
    fn place(&mut self, turn: &mut Turn<'_>) {
        if !self.holds_address {
            if self.pod.spec.host_network {
                self.address = Some(turn.kubelet.address);
            } else {
                self.address = turn.kubelet.addresses.reserve();
                self.holds_address = self.address.is_some();
            }
        }
        if self.address.is_none() {
            let (first, last) = turn.kubelet.addresses.range();
            let message = format!(
                "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type=\"bridge\" failed (add): \
                 failed to allocate for range 0: no IP addresses available in range set: {first}-{last}"
            );
            self.report_part(turn, Str::EMPTY, EventType::Warning, "FailedCreatePodSandBox", message.into());
            return self.wake_at(turn, turn.now + RETRY, POD, Step::Sync);
        }
        if self.containers.is_empty() {
            return;
        }
        let spec = self.spec_of(0);
        if self.is_plain(0) && turn.kubelet.images.need(turn.now, &spec.image, spec.pull_policy) == Need::Present {
            self.busy = Busy::Container(0);
            let start = self.course(turn, 0).start;
            self.wake(turn, SANDBOX + start, 0, Step::Started);
        } else {
            self.busy = Busy::Sandbox;
            self.wake_at(turn, turn.now + SANDBOX, POD, Step::Sandbox);
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
        if !turn.kubelet.tends() {
            return self.unattended(turn, index, step);
        }
        match step {
            Step::Over => self.over(turn),
            Step::TellAgain => self.tell(turn),
            _ if self.stage != Stage::Working => {}
            Step::Deadline => self.exceed_deadline(turn),
            Step::Sync => self.sync(turn),
            Step::Sandbox => {
                (self.sandbox, self.had_sandbox, self.busy) = (true, true, Busy::No);
                self.sync(turn);
            }
            Step::Pulled => self.pulled(turn, index),
            Step::Started => self.started(turn, index),
            Step::Hooked => self.hooked(turn, index),
            Step::Ready => {
                self.containers[index].ready = true;
                self.tell(turn);
            }
            Step::Probe(kind) => self.probe(turn, index, kind),
            Step::Exit => self.exited(turn, index),
            Step::Stopped => self.stopped(turn, index),
            Step::BackOff => self.back_off(turn, index),
            Step::PullBackOff => self.pull_back_off(turn, index),
            Step::OutOfMemory => self.die(turn, index, 137, Ended::OutOfMemory),
        }
    }

    /// What happens while nobody looks: processes end, and are asked no more.
    fn unattended(&mut self, turn: &Turn<'_>, index: usize, step: Step) {
        let (code, reason) = match step {
            Step::Exit => match self.containers[index].ends {
                Some((at, code, reason)) if at <= turn.now => (code, reason),
                _ => return,
            },
            Step::OutOfMemory => (137, Ended::OutOfMemory),
            _ => return,
        };
        if self.stage == Stage::Working {
            self.containers[index].end(turn.now, code, reason);
        }
    }

    /// A process ended by itself.
    fn exited(&mut self, turn: &mut Turn<'_>, index: usize) {
        // If it ends at another time than it was thought to, another timer waits.
        if let Some((_, code, reason)) = self.containers[index].ends.filter(|(at, ..)| *at <= turn.now) {
            self.die(turn, index, code, reason);
        }
    }

    /// What follows the end of a container: when it may start again, or what else comes now. `failed`: the crash from which it must wait.
    pub fn after_exit(&mut self, turn: &mut Turn<'_>, index: usize, failed: SimTime) {
        if !turn.kubelet.tends() {
            return;
        }
        let Some(exit) = self.containers[index].exit() else { return };
        if !self.is_started_again(index, exit.code) {
            self.sync(turn);
            if self.stage == Stage::Working {
                self.tell(turn);
            }
            return;
        }
        // Those that are killed for failing a probe are started at once, unless they did badly before.
        let wait = self.containers[index].crashes.wait(failed).filter(|wait| failed + *wait > turn.now);
        let notice = if failed == turn.now { RELIST } else { SimDuration::ZERO };
        let container = &mut self.containers[index];
        container.not_before = wait.map_or(turn.now + notice, |wait| failed + wait);
        let due = container.not_before;
        if wait.is_some() {
            self.wake(turn, notice, index, Step::BackOff);
        }
        if due > turn.now {
            self.wake_at(turn, due, number(index), Step::Sync);
        } else {
            self.sync(turn);
        }
        self.tell(turn);
    }

    /// The pod's work is over: sidecars stop, and the sandbox goes.
    fn finish(&mut self, turn: &mut Turn<'_>) {
        if self.containers.iter().any(Container::is_running) {
            return self.terminate(turn, self.pod.spec.grace_seconds);
        }
        self.close(turn);
    }

    fn back_off(&mut self, turn: &mut Turn<'_>, index: usize) {
        let container = &self.containers[index];
        let wait = container.exit().and_then(|exit| container.crashes.wait(exit.finished)).unwrap_or_default();
        let (name, pod) = (&self.spec_of(index).name, &self.pod.meta);
        let message = format!("Back-off restarting failed container {name} in pod {}_{}({})", pod.name, pod.namespace, pod.uid);
        self.report(turn, index, EventType::Warning, "BackOff", message.into());
        self.containers[index].wait(Waiting::CrashLoop(wait));
        self.tell(turn);
    }

    /// A newer version of the pod: a deletion, a shorter grace period, another image, a container to look into it.
    pub fn changed(&mut self, turn: &mut Turn<'_>, pod: &Arc<Pod>) {
        let old = std::mem::replace(&mut self.pod, pod.clone());
        let count = self.mains().end + pod.spec.ephemeral_containers.len();
        if count > self.containers.len() {
            let attempt = self.attempt;
            self.containers.resize_with(count, || Container::new(attempt));
            self.sync(turn);
        }
        match (old.meta.deletion, pod.meta.deletion) {
            (None, Some(deletion)) if self.stage == Stage::Working => self.terminate(turn, deletion.grace),
            (None, Some(_)) if self.stage == Stage::Ended => self.tell(turn),
            (_, Some(new)) if self.stage == Stage::Stopping && old.meta.deletion.is_none_or(|old| new.grace < old.grace) => {
                self.terminate(turn, new.grace);
            }
            (None, None) if self.stage == Stage::Working && old.meta.generation != pod.meta.generation => self.replace_images(turn, &old),
            (None, None) if self.stage == Stage::Working && self.gates_changed(&old) => self.tell(turn),
            _ => {}
        }
    }

    /// Whether a condition that is one of the pod's readiness gates was changed by somebody else.
    fn gates_changed(&self, old: &Pod) -> bool {
        let gates = self.pod.spec.tree["readinessGates"].as_array().into_iter().flatten().filter_map(|gate| gate["conditionType"].as_str());
        let status = |pod: &Pod, gate: &str| pod.status.condition(gate).map(|condition| condition.status);
        gates.into_iter().any(|gate| status(old, gate) != status(&self.pod, gate))
    }

    /// Containers whose image was changed in place are stopped and made anew.
    fn replace_images(&mut self, turn: &mut Turn<'_>, old: &Pod) {
        for index in self.mains() {
            let at = index - self.inits();
            let Some(before) = old.spec.containers.get(at) else { break };
            let (after, name) = (&self.pod.spec.containers[at].image, &self.pod.spec.containers[at].name);
            if before.image != *after && self.containers[index].is_running() && self.busy == Busy::No {
                let message = format!("Container {name} definition changed, will be restarted");
                self.kill(turn, index, self.pod.spec.grace_seconds, message.into());
            }
        }
        self.tell(turn);
    }
}

/// A container's place as timers carry it.
pub fn number(index: usize) -> u8 {
    u8::try_from(index).expect("a pod has few containers")
}
