//! How a container is started: its image, its configuration, its process, its postStart hook. Mirrors
//! `pkg/kubelet/kuberuntime/kuberuntime_container.go` (startContainer) and `pkg/kubelet/images/image_manager.go`, v1.36.

use crate::api::event::EventType;
use crate::api::meta::Str;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::kubelet::hooks::Hook;
use crate::node::kubelet::pod_worker::{Busy, POD, PodWorker, RELIST, RETRY, Step, number};
use crate::node::kubelet::{Sentence, Turn};
use crate::node::runtime::container::{Ended, Exit, State, Waiting};
use crate::node::runtime::image::{Need, is_valid_name};
use crate::node::runtime::program::vary;

/// How long an image takes to come in at so many bytes a second.
fn pull_time(size: u64, rate: u64) -> SimDuration {
    SimDuration::from_millis(size.saturating_mul(1000) / rate.max(1))
}

impl PodWorker {
    /// Whether nothing but the image stands between the sandbox and the container's process.
    pub fn is_plain(&self, index: usize) -> bool {
        !self.spec_of(index).reads_configuration
    }

    /// Makes a container: its image first.
    pub fn start(&mut self, turn: &mut Turn<'_>, index: usize) {
        self.busy = Busy::Container(number(index));
        let (image, policy) = (self.spec_of(index).image.clone(), self.spec_of(index).pull_policy);
        let container = &mut self.containers[index];
        container.pulled = false;
        // A start after an end is one more of those that come too often.
        // If it was killed for failing a probe, the kubelet goes by the end before that, for it looked before it killed.
        let before = if std::mem::take(&mut container.was_killed) { container.last } else { container.exit() };
        if let Some(exit) = before {
            container.crashes.next(exit.finished, turn.now);
        }
        if !is_valid_name(&image) {
            let message =
                format!("Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format");
            self.report(turn, index, EventType::Warning, "InspectFailed", message.into());
            self.report(turn, index, EventType::Warning, "Failed", "Error: InvalidImageName".into());
            return self.hold(turn, index, Waiting::InvalidImageName, RETRY);
        }
        match turn.kubelet.images.need(turn.now, &image, policy) {
            Need::Present => self.create(turn, index),
            Need::Pull => {
                let message = turn.words.about(Sentence::Pulling, &image);
                self.report(turn, index, EventType::Normal, "Pulling", message);
                let program = turn.images.program(&image);
                let mut chance = draw(turn.seed, Stream::ImagePull, self.key(index));
                let usual = turn.kubelet.machine.config.pull_rate.map_or(program.pull, |rate| pull_time(program.size, rate));
                let takes = turn.images.slowed(vary(&mut chance, usual, turn.images.jitter_percent));
                let refused = turn.images.refusal(&image).is_some();
                let pull = turn.kubelet.images.pull(turn.now, &image, takes, refused);
                let container = &mut self.containers[index];
                (container.asked, container.begun) = (turn.now, pull.begins);
                self.wake(turn, pull.ends.since(turn.now), index, Step::Pulled);
            }
            Need::Refused => {
                let message = format!("Container image \"{image}\" is not present with pull policy of Never");
                self.report(turn, index, EventType::Warning, "ErrImageNeverPull", message.into());
                self.report(turn, index, EventType::Warning, "Failed", "Error: ErrImageNeverPull".into());
                let period = RETRY;
                self.hold(turn, index, Waiting::NeverPulled, period);
            }
        }
    }

    /// The container can't be started now: it waits, is tried again after `delay`, and meanwhile it's the next one's turn.
    fn hold(&mut self, turn: &mut Turn<'_>, index: usize, waiting: Waiting, delay: SimDuration) {
        self.busy = Busy::No;
        let container = &mut self.containers[index];
        container.wait(waiting);
        container.not_before = turn.now + delay;
        self.wake_at(turn, turn.now + delay, POD, Step::Sync);
        self.sync(turn);
        self.tell(turn);
    }

    /// A pull is over, well or not.
    pub fn pulled(&mut self, turn: &mut Turn<'_>, index: usize) {
        let image = self.spec_of(index).image.clone();
        let program = turn.images.program(&image);
        if let Some(said) = turn.images.refusal(&image) {
            let message = format!("Failed to pull image \"{image}\": {said}");
            self.report(turn, index, EventType::Warning, "Failed", message.into());
            self.report(turn, index, EventType::Warning, "Failed", "Error: ErrImagePull".into());
            let period = self.containers[index].pulls.next(turn.now, turn.now);
            self.wake(turn, RELIST * 2, index, Step::PullBackOff);
            return self.hold(turn, index, Waiting::PullFailed(said), period);
        }
        let container = &mut self.containers[index];
        container.pulled = true;
        let millis = |since: SimTime| SimDuration::from_millis(turn.now.since(since).as_millis());
        let (alone, total) = (millis(container.begun), millis(container.asked));
        let message =
            format!("Successfully pulled image \"{image}\" in {alone} ({total} including waiting). Image size: {} bytes.", program.size);
        self.report(turn, index, EventType::Normal, "Pulled", message.into());
        self.create(turn, index);
    }

    /// The kubelet says that a failed pull waits.
    pub fn pull_back_off(&mut self, turn: &mut Turn<'_>, index: usize) {
        let State::Waiting(Waiting::PullFailed(said)) = self.containers[index].state.clone() else { return };
        let image = self.spec_of(index).image.clone();
        let message = turn.words.about(Sentence::BackOffPulling, &image);
        self.report(turn, index, EventType::Normal, "BackOff", message);
        self.report(turn, index, EventType::Warning, "Failed", "Error: ImagePullBackOff".into());
        self.containers[index].wait(Waiting::PullBackOff(said));
        self.tell(turn);
    }

    /// The image is there: the container is made.
    fn create(&mut self, turn: &mut Turn<'_>, index: usize) {
        if let Err(missing) = self.configure(turn, index) {
            return self.hold(turn, index, Waiting::Unconfigured(missing), RETRY);
        }
        let start = self.course(turn, index).start;
        self.wake(turn, start, index, Step::Started);
    }

    /// The runtime has started the process, or couldn't.
    pub fn started(&mut self, turn: &mut Turn<'_>, index: usize) {
        (self.sandbox, self.had_sandbox) = (true, true);
        if !self.containers[index].pulled {
            let image = self.spec_of(index).image.clone();
            let message = turn.words.about(Sentence::Present, &image);
            self.report(turn, index, EventType::Normal, "Pulled", message);
        }
        self.report(turn, index, EventType::Normal, "Created", "Container created".into());
        let course = self.course(turn, index);
        if let Some(said) = self.start_error(turn, index, course.id) {
            return self.not_started(turn, index, said, course.id);
        }
        self.report(turn, index, EventType::Normal, "Started", "Container started".into());
        self.count_start(index, course.id);
        self.containers[index].state = State::Running { started: turn.now };
        self.prepare(turn, index);
        self.foresee(turn, index);
        match self.spec_of(index).hooks.as_ref().and_then(|hooks| hooks.post_start.clone()) {
            None => self.hooked(turn, index),
            Some(handler) => {
                let takes = self.call(turn, index, &handler).takes;
                self.wake(turn, takes, index, Step::Hooked);
            }
        }
    }

    /// One start more: what was before is the last state.
    fn count_start(&mut self, index: usize, id: u64) {
        let container = &mut self.containers[index];
        if let Some(exit) = container.exit() {
            container.last = Some(exit);
            container.restarts += 1;
        }
        container.heard_before = std::mem::take(&mut container.heard);
        container.id = id;
        container.attempt += 1;
    }

    /// The runtime refuses to start the process: `StartError`, exit code 128.
    fn not_started(&mut self, turn: &mut Turn<'_>, index: usize, said: Str, id: u64) {
        self.report(turn, index, EventType::Warning, "Failed", format!("Error: {said}").into());
        self.count_start(index, id);
        let exit = Exit { code: 128, reason: Ended::NotStarted, started: SimTime::ZERO, finished: turn.now, id };
        let container = &mut self.containers[index];
        container.state = State::Exited(exit);
        if self.is_started_again(index, exit.code) {
            self.containers[index].wait(Waiting::NotStarted(said));
        }
        self.busy = Busy::No;
        self.after_exit(turn, index, turn.now);
    }

    /// The container's postStart hook is done, or it has none: the next thing's turn.
    pub fn hooked(&mut self, turn: &mut Turn<'_>, index: usize) {
        self.busy = Busy::No;
        if !self.containers[index].is_running() {
            return self.sync(turn);
        }
        let handler = self.spec_of(index).hooks.as_ref().and_then(|hooks| hooks.post_start.clone());
        if let Some(handler) = handler
            && let Hook { failure: Some(_), .. } = self.call(turn, index, &handler)
        {
            self.report(turn, index, EventType::Warning, "FailedPostStartHook", "PostStartHook failed".into());
            return self.kill(turn, index, self.pod.spec.grace_seconds, Str::Static("FailedPostStartHook"));
        }
        self.watch(turn, index);
        self.sync(turn);
        // The status of containers that start in a row is told once, when the last one runs.
        if index < self.inits() || !matches!(self.busy, Busy::Container(_)) {
            self.tell(turn);
        }
    }
}
