//! Probes: when a container is asked, what it answers, and what follows. Mirrors `pkg/kubelet/prober/{worker,prober,prober_manager}.go`,
//! v1.36.
//!
//! A probe's ticks count from when the kubelet began with the pod, every `periodSeconds`; when the container starts, it asks once at once, and
//! so does a readiness probe when the startup probe has passed. What is in its initial delay doesn't count, whole seconds as the real one
//! counts them. After the kubelet started, the first tick comes at a random part of the period.
//!
//! A container that answers well isn't asked: the answer is known until its program changes it, so a timer waits for that moment alone. Five
//! thousand healthy probes cost nothing.

use crate::api::event::EventType;
use crate::api::meta::Str;
use crate::api::probe::{Handler, Probe, ProbeKind};
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::kubelet::Turn;
use crate::node::kubelet::pod_worker::{Busy, PodWorker, Step, number};
use crate::node::runtime::container::Container;

/// What a probe knows of the container's present run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Prober {
    /// The last answer; none before the first.
    last: Option<bool>,
    /// How often it was given in a row.
    run: u32,
    /// What counts: after so many equal answers as the thresholds say.
    pub result: Option<bool>,
    /// When it asks next, if it does: another timer isn't its own.
    next: Option<SimTime>,
}

/// An answer to a probe.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What went wrong; none: it is a good one.
    pub failure: Option<String>,
    /// When the answer may be another one, as far as is known; none: it stays so.
    pub until: Option<SimTime>,
}

impl PodWorker {
    /// A container runs, and its hook is done: its probes begin. Without a startup probe it counts as started, without a readiness probe as
    /// ready.
    pub fn watch(&mut self, turn: &mut Turn<'_>, index: usize) {
        let spec = self.spec_of(index);
        let asks = !turn.images.stand_in;
        let has = |kind| asks && spec.probe(kind).is_some();
        let (startup, readiness) = (has(ProbeKind::Startup), has(ProbeKind::Readiness));
        let probed = asks && spec.probes.is_some();
        let stays = index >= self.inits() && index < self.mains().end || self.is_sidecar(index);
        let ready_after = self.course(turn, index).ready_after;
        let container = &mut self.containers[index];
        container.started = !startup;
        container.ready = stays && !startup && !readiness && ready_after.is_zero();
        container.probers = probed.then(Box::default);
        if stays && !startup && !readiness && !ready_after.is_zero() && ready_after != SimDuration::MAX {
            self.wake(turn, ready_after, index, Step::Ready);
        }
        if !probed {
            return;
        }
        for kind in if startup { &[ProbeKind::Startup][..] } else { &[ProbeKind::Readiness, ProbeKind::Liveness] } {
            self.ask_first(turn, index, *kind);
        }
    }

    /// A new kubelet asks a container that has been running: what the old one knew is gone, but what counted stays until it says otherwise.
    pub fn watch_again(&mut self, turn: &mut Turn<'_>, index: usize) {
        let (startup, probed) = (!self.containers[index].started, self.spec_of(index).probes.is_some());
        self.containers[index].probers = probed.then(Box::default);
        if !probed {
            return;
        }
        for kind in if startup { &[ProbeKind::Startup][..] } else { &[ProbeKind::Readiness, ProbeKind::Liveness] } {
            if self.spec_of(index).probe(*kind).is_some() {
                let first = self.tick_after(turn, index, *kind, turn.now);
                self.ask_at(turn, index, *kind, first);
            }
        }
    }

    /// Something was done in the container from outside: a probe that runs commands there asks at its next tick.
    pub fn ask_again(&mut self, turn: &mut Turn<'_>, index: usize) {
        for kind in ProbeKind::ALL {
            let runs_commands = self.spec_of(index).probe(kind).is_some_and(|probe| matches!(probe.handler, Handler::Exec(_)));
            let settled = self.containers[index].passes(kind) == Some(true);
            if runs_commands && settled && kind != ProbeKind::Startup {
                let next = self.tick_after(turn, index, kind, turn.now);
                self.ask_at(turn, index, kind, next);
            }
        }
    }

    /// The prober asks next at this moment, whatever was planned before.
    fn ask_at(&mut self, turn: &mut Turn<'_>, index: usize, kind: ProbeKind, at: SimTime) {
        if let Some(probers) = self.containers[index].probers.as_mut() {
            probers[kind as usize].next = Some(at);
            self.wake_at(turn, at, number(index), Step::Probe(kind));
        }
    }

    /// The first question: at once, or at the first tick after the initial delay.
    fn ask_first(&mut self, turn: &mut Turn<'_>, index: usize, kind: ProbeKind) {
        let Some(probe) = self.spec_of(index).probe(kind) else { return };
        // A status that a container has started makes the prober ask at once, but for liveness.
        let at_once = probe.initial_delay.is_zero() && kind != ProbeKind::Liveness;
        let first = if at_once { turn.now } else { self.tick_after(turn, index, kind, turn.now) };
        self.ask_at(turn, index, kind, first);
    }

    /// The first tick after `after` at which the probe may ask.
    fn tick_after(&self, turn: &Turn<'_>, index: usize, kind: ProbeKind, after: SimTime) -> SimTime {
        let probe = self.spec_of(index).probe(kind).expect("only probes tick");
        let period = probe.period.as_nanos();
        let origin = self.begun + self.jitter(turn, index, kind, probe.period);
        // Whole seconds since the start, which itself is told in whole seconds.
        let since = self.containers[index].running_since().unwrap_or(after).truncated_to_secs();
        let earliest = after.max(SimTime::from_nanos((since + probe.initial_delay).as_nanos().saturating_sub(1)));
        if earliest < origin {
            return origin;
        }
        origin + SimDuration::from_nanos((earliest.since(origin).as_nanos() / period + 1) * period)
    }

    /// A kubelet that has just started asks its pods at different moments.
    fn jitter(&self, turn: &Turn<'_>, index: usize, kind: ProbeKind, period: SimDuration) -> SimDuration {
        if turn.kubelet.started.is_none_or(|started| self.begun.since(started) >= period) {
            return SimDuration::ZERO;
        }
        let key = self.pod.meta.uid.0.wrapping_add((index as u128) << 8 | kind as u128);
        draw(turn.seed, Stream::Jitter, key).between(SimDuration::ZERO, period)
    }

    /// It is time to ask.
    pub fn probe(&mut self, turn: &mut Turn<'_>, index: usize, kind: ProbeKind) {
        if !self.containers[index].is_running() || self.containers[index].stops.is_some() || !turn.kubelet.tends() {
            return;
        }
        let planned = self.containers[index].probers.as_ref().and_then(|probers| probers[kind as usize].next);
        if planned != Some(turn.now) {
            return;
        }
        let Some(probe) = self.spec_of(index).probe(kind).cloned() else { return };
        // A worker that is busy with another container kills this one afterwards.
        if kind != ProbeKind::Readiness && self.busy != Busy::No {
            let next = self.tick_after(turn, index, kind, turn.now);
            return self.ask_at(turn, index, kind, next);
        }
        let answer = self.answer(turn, index, kind, &probe);
        let good = answer.failure.is_none();
        if let Some(failure) = &answer.failure {
            let message = format!("{} probe failed: {failure}", kind.as_str());
            self.report(turn, index, EventType::Warning, "Unhealthy", message.into());
        }
        let prober = self.containers[index].probers.as_mut().map(|probers| &mut probers[kind as usize]);
        let Some(prober) = prober else { return };
        prober.run = if prober.last == Some(good) { prober.run.saturating_add(1) } else { 1 };
        prober.last = Some(good);
        let settled = prober.run >= if good { probe.successes } else { probe.failures };
        let changes = settled && prober.result != Some(good);
        if settled {
            prober.result = Some(good);
        }
        // While the answer is known to stay good, nobody needs to ask.
        let next = match (good && settled, answer.until) {
            (true, None) => None,
            (true, Some(until)) => Some(self.tick_after(turn, index, kind, (until - SimDuration::from_nanos(1)).max(turn.now))),
            (false, _) => Some(self.tick_after(turn, index, kind, turn.now)),
        };
        if changes && self.conclude(turn, index, kind, good, &probe) {
            return;
        }
        if let Some(next) = next {
            self.ask_at(turn, index, kind, next);
        }
    }

    /// What follows a result that counts. True: this probe doesn't ask any more.
    fn conclude(&mut self, turn: &mut Turn<'_>, index: usize, kind: ProbeKind, good: bool, probe: &Probe) -> bool {
        match (kind, good) {
            (ProbeKind::Readiness, _) => {
                if std::mem::replace(&mut self.containers[index].ready, good) != good {
                    self.tell(turn);
                }
            }
            (ProbeKind::Startup, true) => {
                let readiness = self.spec_of(index).probe(ProbeKind::Readiness).is_some();
                let container = &mut self.containers[index];
                (container.started, container.ready) = (true, !readiness);
                for kind in [ProbeKind::Readiness, ProbeKind::Liveness] {
                    self.ask_first(turn, index, kind);
                }
                self.sync(turn);
                self.tell(turn);
                return true;
            }
            (ProbeKind::Liveness, true) => {}
            (ProbeKind::Startup | ProbeKind::Liveness, false) => {
                let what = if kind == ProbeKind::Startup { "startup" } else { "liveness" };
                let name = &self.spec_of(index).name;
                let again = if self.is_started_again(index, 137) { ", will be restarted" } else { "" };
                let message = Str::from(format!("Container {name} failed {what} probe{again}"));
                self.kill(turn, index, probe.grace.unwrap_or(self.pod.spec.grace_seconds), message);
                return true;
            }
        }
        false
    }

    /// What the container answers now.
    fn answer(&self, turn: &Turn<'_>, index: usize, kind: ProbeKind, probe: &Probe) -> Answer {
        let container = &self.containers[index];
        let started = container.running_since().unwrap_or(turn.now);
        let elapsed = turn.now.since(started);
        let serves_after = self.course(turn, index).serves_after;
        let program = self.program(turn, index);
        let (failing, change) = program.is_failing(kind, elapsed);
        let serving = elapsed >= serves_after;
        let until = match (serving || serves_after == SimDuration::MAX, change) {
            (true, change) => change,
            (false, change) => Some(change.map_or(serves_after, |change| change.min(serves_after))),
        };
        let mut until = until.map(|after| started + after);
        let failure = match &probe.handler {
            Handler::Exec(_) if failing || !serving => Some(String::new()),
            Handler::Exec(command) => {
                let facts = turn.kubelet.facts();
                // A command that nothing is known about finds everything well once the process serves.
                turn.inside(&facts).ask(self, index, command, turn.now).and_then(|asked| {
                    until = [until, asked.until].into_iter().flatten().min();
                    match asked {
                        asked if asked.takes > probe.timeout => {
                            Some(format!("command timed out: {:?} timed out after {}", command_line(command), probe.timeout))
                        }
                        asked if asked.code != 0 => Some(asked.text),
                        _ => None,
                    }
                })
            }
            Handler::Http { tls, host, port, path } => {
                let scheme = if *tls { "https" } else { "http" };
                match self.endpoint(index, host, port.number(&self.spec_of(index).ports)) {
                    Err(said) => Some(said),
                    Ok((address, port)) if !serving || !self.listens_on(turn.images, index, port) => {
                        Some(format!("Get \"{scheme}://{address}{path}\": dial tcp {address}: connect: connection refused"))
                    }
                    Ok((address, port)) if program.latency(port) > probe.timeout => Some(format!(
                        "Get \"{scheme}://{address}{path}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                    )),
                    Ok(_) => failing.then(|| "HTTP probe failed with statuscode: 500".to_owned()),
                }
            }
            Handler::Tcp { host, port } => match self.endpoint(index, host, port.number(&self.spec_of(index).ports)) {
                Err(said) => Some(said),
                Ok((address, port)) => (failing || !serving || !self.listens_on(turn.images, index, port))
                    .then(|| format!("dial tcp {address}: connect: connection refused")),
            },
            Handler::Grpc { port, .. } => match self.endpoint(index, "", Some(*port)) {
                Err(said) => Some(said),
                Ok((address, port)) if !serving || !self.listens_on(turn.images, index, port) => {
                    Some(format!("timeout: failed to connect service \"{address}\" within {}: context deadline exceeded", probe.timeout))
                }
                Ok(_) => failing.then(|| "service unhealthy (responded with \"NOT_SERVING\")".to_owned()),
            },
            Handler::Sleep(_) => None,
        };
        Answer { failure, until }
    }

    /// Where a network probe goes: `10.244.1.2:80` and the port.
    fn endpoint(&self, index: usize, host: &str, port: Option<i32>) -> Result<(String, i32), String> {
        let Some(port) = port else {
            return Err(format!("couldn't find the port that the probe of container {:?} names", self.spec_of(index).name.as_str()));
        };
        let host = if host.is_empty() { self.address.map(|address| address.to_string()).unwrap_or_default() } else { host.to_owned() };
        Ok((format!("{host}:{port}"), port))
    }
}

/// A command as messages show it.
fn command_line(command: &[Str]) -> String {
    command.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(" ")
}

impl Container {
    /// Whether it passes this probe, as far as it was asked.
    pub fn passes(&self, kind: ProbeKind) -> Option<bool> {
        self.probers.as_ref()?[kind as usize].result
    }
}
