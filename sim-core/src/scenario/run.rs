//! Plays a scenario: its steps in order, its checks at their times, its invariants after every event.

use super::error::Error;
use super::expect::Condition;
use super::model::{At, Check, Do, Scenario, Step};
use super::report::{Report, Tone, Verdict};
use super::story::Story;
use crate::cluster::event::Happened;
use crate::cluster::invariants::{Checker, Invariant};
use crate::cluster::{Cluster, Config};
use crate::kernel::time::{SimDuration, SimTime};
use crate::kubectl::{self, Invocation, Outcome, Output, Session};
use crate::timeline::{Action, Record, Told};
use std::collections::BTreeMap;

/// How many events pass between two calls of the observer.
const REPORT_EVERY: u64 = 4096;
/// How often an expectation of traffic is looked at.
const LOOK: SimDuration = SimDuration::from_millis(100);
/// How many of the latest events are looked at to say what keeps a cluster busy.
const LATELY: u64 = 2_000;

/// How far a run has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Steps that are done.
    pub steps: usize,
    /// Events so far.
    pub events: u64,
    /// The present moment.
    pub at: SimTime,
}

/// A run that has ended: the cluster as it was left, and the report.
#[derive(Clone, Debug)]
pub struct Run {
    /// The cluster at the end.
    pub cluster: Cluster,
    /// What there is to tell.
    pub report: Report,
    /// What was done and when, to go through the run again.
    pub record: Record,
}

impl Scenario {
    /// Plays the scenario with this seed.
    ///
    /// # Errors
    /// If a fault names what isn't there, a file is missing, or the run exceeds its limits.
    pub fn run(&self, seed: u64) -> Result<Run, Error> {
        self.run_observed(seed, None, &mut |_| {})
    }

    /// Plays the scenario as [`Scenario::run`], and keeps states on the way, so that any moment of it can be reached again at once.
    ///
    /// # Errors
    /// As [`Scenario::run`].
    pub fn run_with_checkpoints(&self, seed: u64) -> Result<Run, Error> {
        self.player(seed, None, true, &mut |_| {})?.play(seed)
    }

    /// Plays the scenario up to a moment (`None`: to its end), and tells the observer now and then how far it has come.
    ///
    /// # Errors
    /// As [`Scenario::run`].
    pub fn run_observed(&self, seed: u64, until: Option<SimTime>, observe: &mut dyn FnMut(Progress)) -> Result<Run, Error> {
        self.player(seed, until, false, observe)?.play(seed)
    }

    /// The cluster at the start, and who leads it through the steps.
    fn player<'a>(
        &'a self,
        seed: u64,
        stop: Option<SimTime>,
        keeps: bool,
        observe: &'a mut dyn FnMut(Progress),
    ) -> Result<Player<'a>, Error> {
        let config = Config { seed, ..self.config.clone() };
        let mut checks: Vec<&Check> = self.checks.iter().collect();
        checks.sort_by_key(|check| match check.at {
            At::Time(at) => (false, at),
            At::End => (true, SimTime::ZERO),
        });
        let mut cluster = Cluster::new(config);
        for (node, manifest) in &self.static_pods {
            let placed = cluster.place_static_pod(node, manifest);
            placed.map_err(|message| Error {
                file: self.file.clone(),
                message: format!("a static pod of {node}: {message}"),
                ..Error::default()
            })?;
        }
        let mut player = Player {
            scenario: self,
            seen: cluster.store().revision(),
            record: Record::new(cluster.clone()),
            keeps,
            cluster,
            story: Story::default(),
            checker: Checker::default(),
            verdicts: Vec::new(),
            checks,
            place: &self.file,
            done: 0,
            stop,
            observe,
        };
        player.checker.observe(&player.cluster);
        Ok(player)
    }
}

struct Player<'a> {
    scenario: &'a Scenario,
    cluster: Cluster,
    record: Record,
    /// Whether states on the way are kept in the record: in a large cluster that takes memory.
    keeps: bool,
    story: Story,
    checker: Checker,
    verdicts: Vec<Verdict>,
    /// Those that are still to be made: by time, those at the end last.
    checks: Vec<&'a Check>,
    /// The store's revision up to which the story was told.
    seen: u64,
    /// Where the present step stands.
    place: &'a str,
    /// Steps that are done.
    done: usize,
    /// Nothing happens after this moment.
    stop: Option<SimTime>,
    observe: &'a mut dyn FnMut(Progress),
}

/// How a wait went on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tick {
    /// An event was handled.
    Event,
    /// The horizon was reached, without an event.
    Horizon,
    /// The run is to end here.
    Stop,
}

impl<'a> Player<'a> {
    fn play(mut self, seed: u64) -> Result<Run, Error> {
        for step in &self.scenario.steps {
            self.place = &step.place;
            if !self.step(step)? {
                break;
            }
            self.done += 1;
        }
        if self.stop.is_none() {
            self.place = &self.scenario.file;
            while let Some(At::Time(at)) = self.checks.first().map(|check| check.at) {
                self.wait_until(at)?;
            }
            for check in std::mem::take(&mut self.checks) {
                self.check(&check.that, &check.place);
            }
        }
        self.judge_invariants();
        let holds = self.verdicts.iter().all(|verdict| verdict.holds);
        let report = Report {
            name: self.scenario.name.clone(),
            description: self.scenario.description.clone(),
            seed,
            end: self.cluster.now(),
            events: self.cluster.handled(),
            fingerprint: self.cluster.fingerprint().to_string(),
            holds,
            story: self.story.lines,
            left_out: self.story.left_out,
            verdicts: self.verdicts,
            lanes: self.story.lanes,
            sizes: self.story.sizes,
            traffic: self.cluster.traffic().reports(),
        };
        Ok(Run { cluster: self.cluster, report, record: self.record })
    }

    /// Does a step. Returns whether the run goes on.
    fn step(&mut self, step: &'a Step) -> Result<bool, Error> {
        let now = self.cluster.now();
        match &step.what {
            Do::Kubectl { line, stdin, .. } => {
                let covered = kubectl::split(line).ok().and_then(|args| kubectl::told::covered(&args));
                let line = covered.as_ref().unwrap_or(line);
                let manifest = if stdin.is_some() { "   # a manifest of the scenario" } else { "" };
                self.story.tell(now, Tone::Command, format!("$ kubectl {line}{manifest}"));
                return self.commands(&step.what);
            }
            Do::Wait(span) => {
                self.story.tell(now, Tone::Note, format!("wait {span}"));
                return self.wait_until(now + *span);
            }
            Do::Until(condition, patience) => {
                self.story.tell(now, Tone::Note, format!("until {condition}"));
                return self.until(condition, *patience);
            }
            Do::UntilQuiet(patience) => {
                self.story.tell(now, Tone::Note, "until nothing happens any more");
                return self.until_quiet(*patience);
            }
            Do::Fault(fault) => {
                self.story.tell(now, Tone::Fault, fault.to_string());
                self.act(Action::Fault(fault.clone())).map_err(|message| self.error(message))?;
                self.look();
            }
            Do::Traffic(change) => {
                self.story.tell(now, Tone::Note, change.to_string());
                self.act(Action::Traffic(change.clone())).map_err(|message| self.error(message))?;
            }
            Do::Trace(ask) => {
                self.story.tell(now, Tone::Command, ask.to_string());
                let trace = self.cluster.trace_packet(&ask.namespace, &ask.from, &ask.to).map_err(|message| self.error(message))?;
                self.story.tell(now, Tone::Output, trace.way().trim_end());
            }
            Do::Check(condition) => self.check(condition, &step.place),
        }
        Ok(true)
    }

    /// Does something to the cluster, and notes it.
    fn act(&mut self, action: Action) -> Result<Told, String> {
        self.record.note(&self.cluster, action.clone());
        action.perform(&mut self.cluster)
    }

    fn kubectl(&mut self, invocation: Invocation) -> Outcome {
        self.record.note(&self.cluster, Action::Kubectl(invocation.clone()));
        self.cluster.kubectl(&invocation)
    }

    fn poll(&mut self, session: &mut Session) -> kubectl::Progress {
        if session.acts_at(self.cluster.now()) {
            self.record.note(&self.cluster, Action::Resume(Box::new(session.clone())));
        }
        self.cluster.poll(session)
    }

    /// Runs the commands of a line until one fails.
    fn commands(&mut self, what: &'a Do) -> Result<bool, Error> {
        let Do::Kubectl { line, commands, stdin, expect, timeout } = what else { unreachable!("only called for command lines") };
        let mut total = Output::default();
        for words in commands {
            let files = self.files(words, stdin.as_deref())?;
            let read = files.clone();
            let outcome = self.kubectl(Invocation { args: words.clone(), files });
            self.look();
            let (output, session) = match outcome {
                Outcome::Done(output) => (output, None),
                Outcome::Waiting(output, session) => (output, Some(session)),
            };
            self.tell(&output);
            total.stdout.push_str(&output.stdout);
            total.stderr.push_str(&output.stderr);
            total.code = output.code;
            if output.bad_input && expect.exit.is_none() {
                return Err(self
                    .error(format!("kubectl {line}\n{}", output.stderr.trim_end()))
                    .help(kubectl::hints(&read).replace("hint: ", "").trim_end()));
            }
            if let Some(session) = session
                && !self.wait_for(session, *timeout, &mut total)?
            {
                return Ok(false);
            }
            if total.code != 0 {
                break;
            }
        }
        let wanted = expect.exit.unwrap_or(0);
        let found =
            if total.code == 0 { "it succeeds".to_owned() } else { format!("exit code {}: {}", total.code, total.stderr.trim_end()) };
        if expect.exit.is_some() || total.code != wanted {
            let that =
                if wanted == 0 { format!("`kubectl {line}` succeeds") } else { format!("`kubectl {line}` fails with exit code {wanted}") };
            self.verdict(that, total.code == wanted, found);
        }
        for text in &expect.output {
            let holds = total.stdout.contains(text.as_str()) || total.stderr.contains(text.as_str());
            let found = if holds { "it does".to_owned() } else { format!("it printed {:?}", format!("{}{}", total.stdout, total.stderr)) };
            self.verdict(format!("`kubectl {line}` prints {text:?}"), holds, found);
        }
        Ok(true)
    }

    /// The files that a command reads.
    fn files(&self, words: &[String], stdin: Option<&str>) -> Result<BTreeMap<String, String>, Error> {
        let mut files = BTreeMap::new();
        for path in crate::kubectl::files_needed(words) {
            if path == "-" {
                files.insert(path, stdin.unwrap_or_default().to_owned());
                continue;
            }
            let folder = format!("{}/", path.trim_end_matches('/'));
            let mut known = self.scenario.files.iter().filter(|(name, _)| **name == path || name.starts_with(&folder)).peekable();
            if known.peek().is_none() {
                return Err(self
                    .error(format!("the file {path:?} is missing"))
                    .help("give it under `files:`, or put it beside the scenario"));
            }
            files.extend(known.map(|(name, text)| (name.clone(), text.clone())));
        }
        Ok(files)
    }

    /// Lets a waiting command wait. Returns whether the run goes on.
    fn wait_for(&mut self, mut session: Session, timeout: Option<SimDuration>, total: &mut Output) -> Result<bool, Error> {
        let patience = self.cluster.now() + timeout.unwrap_or(super::model::PATIENCE);
        // It is asked at once, for it may wait for a moment rather than for a change.
        let mut deadline: Option<SimTime> = Some(self.cluster.now());
        loop {
            let horizon = deadline.map_or(patience, |deadline| deadline.min(patience));
            let before = self.cluster.store().revision();
            if horizon > self.cluster.now() {
                let tick = self.tick(horizon)?;
                if tick == Tick::Stop {
                    return Ok(false);
                }
                if tick == Tick::Event && self.cluster.store().revision() == before {
                    continue;
                }
            }
            let progress = self.poll(&mut session);
            self.look();
            self.tell(&progress.output);
            total.stdout.push_str(&progress.output.stdout);
            total.stderr.push_str(&progress.output.stderr);
            if progress.done {
                total.code = progress.output.code;
                return match progress.then.map(|then| self.kubectl(then)) {
                    None => Ok(true),
                    Some(Outcome::Done(output)) => Ok(self.ended(&output, total)),
                    Some(Outcome::Waiting(output, session)) => {
                        self.ended(&output, total);
                        self.wait_for(session, timeout, total)
                    }
                };
            }
            if self.cluster.now() >= patience {
                // As if somebody had pressed Ctrl-C: what was asked for, if a timeout was given.
                if timeout.is_none() {
                    total.code = 130;
                    total.stderr.push_str("the command was still waiting and was interrupted");
                }
                return Ok(true);
            }
            deadline = progress.deadline.filter(|deadline| *deadline > self.cluster.now());
        }
    }

    /// Takes in what the second half of a command said.
    fn ended(&mut self, output: &Output, total: &mut Output) -> bool {
        self.look();
        self.tell(output);
        total.stdout.push_str(&output.stdout);
        total.stderr.push_str(&output.stderr);
        total.code = output.code;
        true
    }

    fn wait_until(&mut self, horizon: SimTime) -> Result<bool, Error> {
        loop {
            match self.tick(horizon)? {
                Tick::Event => {}
                Tick::Horizon => return Ok(true),
                Tick::Stop => return Ok(false),
            }
        }
    }

    fn until(&mut self, condition: &Condition, patience: SimDuration) -> Result<bool, Error> {
        let deadline = self.cluster.now() + patience;
        let mut revision = None;
        loop {
            // Most conditions are about objects, so they change only with them. Those about the network and traffic are looked at now and then.
            if condition.moves_by_itself() || revision != Some(self.cluster.store().revision()) {
                revision = Some(self.cluster.store().revision());
                if condition.holds(&self.cluster).holds {
                    return Ok(true);
                }
            }
            let soon = self.cluster.now() + LOOK;
            let horizon = if condition.moves_by_itself() { deadline.min(soon) } else { deadline };
            match self.tick(horizon)? {
                Tick::Event => {}
                Tick::Stop => return Ok(false),
                Tick::Horizon if horizon < deadline => {}
                Tick::Horizon => {
                    let found = condition.holds(&self.cluster).found;
                    self.verdict(format!("{condition} within {patience}"), false, found);
                    return Ok(true);
                }
            }
        }
    }

    fn until_quiet(&mut self, patience: Option<SimDuration>) -> Result<bool, Error> {
        let limit = SimTime::ZERO + self.scenario.limits.time;
        let deadline = patience.map_or(limit, |patience| (self.cluster.now() + patience).min(limit));
        while let Some(next) = self.cluster.next_at() {
            if next > deadline {
                let message = format!("the cluster isn't quiet at {deadline}: {} events still wait", self.cluster.pending());
                return Err(self.error(message).help(self.busy()));
            }
            if self.tick(next)? == Tick::Stop {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Handles the next event if it is due by the horizon; if none is, lets the clock come to the horizon.
    fn tick(&mut self, horizon: SimTime) -> Result<Tick, Error> {
        let next = self.cluster.next_at().filter(|at| *at <= horizon);
        let target = next.unwrap_or(horizon);
        // Checks at a time see everything that happened up to it.
        while let Some(At::Time(at)) = self.checks.first().map(|check| check.at)
            && (at < target || (next.is_none() && at == target))
            && self.stop.is_none_or(|stop| at <= stop)
        {
            let check = self.checks.remove(0);
            self.cluster.run_until(at);
            self.check(&check.that, &check.place);
        }
        if let Some(stop) = self.stop.filter(|stop| *stop < target) {
            self.cluster.run_until(stop);
            return Ok(Tick::Stop);
        }
        if next.is_none() {
            self.cluster.run_until(horizon);
            return Ok(Tick::Horizon);
        }
        self.cluster.step();
        self.look();
        if self.keeps {
            self.record.keep(&self.cluster);
        }
        let events = self.cluster.handled();
        if events >= self.scenario.limits.events {
            let message = format!("the run has handled {events} events and comes to no end; it is at {}", self.cluster.now());
            return Err(self.error(message).help(self.busy()));
        }
        if events.is_multiple_of(REPORT_EVERY) {
            (self.observe)(Progress { steps: self.done, events, at: self.cluster.now() });
        }
        Ok(Tick::Event)
    }

    /// Tells what has changed since the last look, and checks the invariants.
    fn look(&mut self) {
        let revision = self.cluster.store().revision();
        if revision == self.seen {
            return;
        }
        if let Ok(changes) = self.cluster.store().changes_since(self.seen) {
            changes.for_each(|change| self.story.observe(change));
        }
        self.seen = revision;
        if !self.scenario.invariants.is_empty() {
            self.checker.observe(&self.cluster);
        }
    }

    fn tell(&mut self, output: &Output) {
        let now = self.cluster.now();
        let (warnings, errors) = output.warnings_and_errors();
        for (text, tone) in [(&warnings, Tone::Trouble), (&output.stdout, Tone::Output), (&errors, Tone::Trouble)] {
            if !text.is_empty() {
                self.story.tell(now, tone, text.trim_end());
            }
        }
    }

    fn check(&mut self, condition: &Condition, place: &str) {
        let answer = condition.holds(&self.cluster);
        let at = self.cluster.now();
        self.verdicts.push(Verdict { at, that: condition.to_string(), holds: answer.holds, found: answer.found, place: place.to_owned() });
    }

    fn verdict(&mut self, that: String, holds: bool, found: String) {
        let at = self.cluster.now();
        self.verdicts.push(Verdict { at, that, holds, found, place: self.place.to_owned() });
    }

    /// One verdict per invariant: that it held all along, or where it was broken first.
    fn judge_invariants(&mut self) {
        for invariant in &self.scenario.invariants {
            let words = match invariant {
                Invariant::MaxPods => "maxPods: never more than replicas + maxSurge pods",
                Invariant::MinAvailable => "minAvailable: never fewer than replicas − maxUnavailable available",
                Invariant::DisruptionBudgets => "disruptionBudgets: no eviction leaves fewer pods ready than a budget wants",
                Invariant::Commitments => "commitments: pods never ask for more than their node offers",
                Invariant::Restarts => "restarts: a pod's restart counts never fall",
                Invariant::OneWriter => "oneWriter: a volume for one pod only never has two writers",
                Invariant::NoStrays => "noStrays: no container runs after its pod is gone",
            };
            let broken: Vec<_> = self.checker.violations().iter().filter(|violation| violation.invariant == *invariant).collect();
            let (at, found) = match broken.first() {
                None => (self.cluster.now(), "after every event".to_owned()),
                Some(first) => (first.at, format!("{}; broken {} times", first.text, broken.len())),
            };
            let place = self.scenario.file.clone();
            self.verdicts.push(Verdict { at, that: words.to_owned(), holds: broken.is_empty(), found, place });
        }
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error { file: self.place.to_owned(), message: message.into(), ..Error::default() }
    }

    /// What happened most often lately.
    fn busy(&self) -> String {
        let mut counts: BTreeMap<String, (u64, Option<String>)> = BTreeMap::new();
        let trace = self.cluster.trace();
        for record in trace.from(trace.noted().saturating_sub(LATELY)) {
            let Happened::Request { from, verb, resource, object, .. } = record.what else { continue };
            let entry = counts.entry(format!("{from} {verb} {resource}")).or_default();
            entry.0 += 1;
            entry.1 = object.and_then(|id| self.cluster.store().get(id)).map(|object| object.meta().name.to_string());
        }
        let mut rows: Vec<_> = counts.into_iter().collect();
        rows.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        let told = rows.into_iter().take(3).map(|(what, (count, last))| {
            let last = last.map_or_else(String::new, |name| format!(" (the last was {name})"));
            format!("{what}: {count} times{last}")
        });
        let told: Vec<String> = told.collect();
        if told.is_empty() {
            "no requests lately: only timers wait".to_owned()
        } else {
            format!("among the latest {LATELY} events: {}", told.join("; "))
        }
    }
}
