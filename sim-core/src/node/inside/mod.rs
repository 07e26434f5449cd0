//! What kubectl may ask a kubelet about the inside of containers: their logs, commands run beside them, their files. Mirrors
//! `pkg/kubelet/server/server.go` and `validateContainerLogStatus` of `pkg/kubelet/kubelet_pods.go`, v1.36.
//!
//! Everything is derived from the runs of the containers when somebody asks. All that is kept is what commands of users wrote: per
//! container until it ends, per volume until its pod goes.

pub mod listening;
mod sandboxes;
pub mod surroundings;

use crate::api::meta::{Str, Uid};
use crate::api::object::Kind;
use crate::api::pod::ContainerState;
use crate::api::storage::claims_of;
use crate::client::view::View;
use crate::kernel::time::{Epoch, SimDuration, SimTime};
use crate::node::Nodes;
use crate::node::kubelet::configured::Configured;
use crate::node::kubelet::environment::{self, NodeFacts};
use crate::node::kubelet::past::{Known, Past};
use crate::node::kubelet::pod_worker::PodWorker;
use crate::node::kubelet::resync;
use crate::node::runtime::container::{Exit, State};
use crate::node::runtime::log::{self, LogLine};
use crate::node::runtime::program::Says;
use crate::node::runtime::shell::network::{Heard, Journal};
use crate::node::runtime::shell::overlay::FileChange;
use crate::node::runtime::shell::{Network, NoNetwork, Script, Setting, Stream, Window, trace};
use std::collections::BTreeMap;
use surroundings::{container_named, surroundings};

/// How far a command of `kubectl exec` is played: one that takes longer never ends.
const EXEC_MAX: SimDuration = SimDuration::from_secs(3_600);

/// What was written and can't be worked out any more.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// What commands of users wrote: by pod, and there by where it lies.
    pods: BTreeMap<u32, BTreeMap<Place, Vec<Change>>>,
    /// What pods that are gone left on claims.
    claims: BTreeMap<Uid, Vec<Change>>,
}

/// A change of a file at a moment; the path counts from the place's root.
type Change = (SimTime, String, FileChange);

/// What holds files.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Place {
    /// A run of a container: its number at the runtime.
    Container(String, u64),
    /// A volume of the pod.
    Volume(String),
}

impl Written {
    /// The pod is gone, and all that was in it.
    pub fn forget(&mut self, pod: u32) {
        self.pods.remove(&pod);
    }

    fn of(&self, pod: u32, place: &Place) -> &[Change] {
        self.pods.get(&pod).and_then(|places| places.get(place)).map_or(&[], Vec::as_slice)
    }
}

/// A run of a container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Run {
    started: SimTime,
    ended: Option<SimTime>,
    id: u64,
}

impl Run {
    fn over(exit: Exit) -> Option<Run> {
        (exit.id != 0).then_some(Run { started: exit.started, ended: Some(exit.finished), id: exit.id })
    }
}

/// What a log is asked for.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// The run before this one.
    pub previous: bool,
    /// Lines from this moment on.
    pub since: Option<SimTime>,
}

/// A log as far as it goes.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Its lines.
    pub lines: Vec<LogLine>,
    /// Whether no more will come: the run is over.
    pub over: bool,
    /// When the next line comes, if one is known to.
    pub next: Option<SimTime>,
}

/// Why a command can't be run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotRun {
    /// The connection is refused: `container not found ("x")`.
    Refused(String),
    /// The runtime can't start it.
    Failed(String),
}

/// A command that was run in a container.
#[derive(Clone, Debug)]
pub struct Executed {
    /// What it prints and when.
    pub lines: Vec<LogLine>,
    /// When it ends and with which code, if it does.
    pub ended: Option<(SimTime, i32)>,
}

/// The run that a log is asked of, and what the kubelet says if there is none.
fn run_of(worker: &PodWorker, index: usize, previous: bool) -> Result<Run, String> {
    let container = &worker.containers[index];
    let (name, pod) = (&worker.spec_of(index).name, &worker.pod.meta.name);
    if previous {
        return container
            .last
            .and_then(Run::over)
            .ok_or_else(|| format!("previous terminated container {name:?} in pod {pod:?} not found"));
    }
    match container.state {
        State::Running { started } => Ok(Run { started, ended: None, id: container.id }),
        State::Exited(exit) => {
            Run::over(exit).or(container.last.and_then(Run::over)).ok_or_else(|| format!("container {name:?} in pod {pod:?} is terminated"))
        }
        State::Waiting(_) => match container.last {
            Some(exit) => Run::over(exit).ok_or_else(|| format!("container {name:?} in pod {pod:?} is terminated")),
            None => Err(format!("container {name:?} in pod {pod:?} is waiting to start: {}", waiting_for(worker, name))),
        },
    }
}

fn waiting_for(worker: &PodWorker, name: &str) -> String {
    let status = &worker.pod.status;
    let known = status.init_containers.iter().chain(&status.containers).find(|status| status.name == *name);
    match known.map(|status| &status.state) {
        Some(ContainerState::Waiting { reason, .. }) => match reason.as_str() {
            "ErrImagePull" => "image can't be pulled".to_owned(),
            "ImagePullBackOff" => "trying and failing to pull image".to_owned(),
            reason => reason.to_owned(),
        },
        _ if worker.inits() > 0 => "PodInitializing".to_owned(),
        _ => "ContainerCreating".to_owned(),
    }
}

/// The index of the container of this name among a pod's, init containers first.
fn index_of(worker: &PodWorker, name: &str) -> Option<usize> {
    (0..worker.containers.len()).find(|index| worker.spec_of(*index).name == *name)
}

/// What a run heard from the network.
fn journal<'w>(worker: &'w PodWorker, container: &str, run: Run) -> &'w Journal {
    let index = index_of(worker, container).unwrap_or(0);
    let container = &worker.containers[index];
    if run.id == container.id { &container.heard } else { &container.heard_before }
}

/// The volumes that a container mounts: name and path.
fn mounts(worker: &PodWorker, container: &str) -> Vec<(String, String)> {
    let tree = container_named(&worker.pod, container);
    let mounts = tree.and_then(|tree| tree["volumeMounts"].as_array()).map_or(&[][..], Vec::as_slice).iter();
    let whole = mounts.filter(|mount| mount.get("subPath").is_none());
    whole
        .filter_map(|mount| Some((mount["name"].as_str()?.to_owned(), mount["mountPath"].as_str()?.trim_end_matches('/').to_owned())))
        .collect()
}

/// What is needed to look into the containers of a node's pods.
#[derive(Clone, Copy)]
pub struct Inside<'a> {
    /// The run's seed.
    pub seed: u64,
    /// The calendar.
    pub epoch: Epoch,
    /// What the kubelets read.
    pub cache: &'a View,
    /// What they read before.
    pub past: &'a Past,
    /// What commands wrote.
    pub written: &'a Written,
    /// The pods' node.
    pub node: &'a NodeFacts,
}

impl Inside<'_> {
    /// What a container runs and finds, without what came to it from outside.
    fn plain_setting(&self, worker: &PodWorker, container: &str, run: Run, now: SimTime) -> Option<(Script, Setting)> {
        let uid = worker.pod.meta.uid;
        let synced = resync::last_sync(self.seed, uid, worker.last_caused_sync(), now);
        let known = |at| environment::Setting {
            pod: &worker.pod,
            node: self.node,
            address: worker.address,
            known: Known::at(self.cache, self.past, at),
            disk: &|_| None,
        };
        let configured = Configured { started: known(run.started), synced: known(synced.max(run.started)) };
        let (script, mut setting) = surroundings(&configured, container)?;
        (setting.epoch, setting.started) = (self.epoch, run.started);
        Some((script, setting))
    }

    /// What commands wrote into a container and its volumes, as changes of its files.
    fn commands_wrote(&self, worker: &PodWorker, container: &str, run: Run) -> Vec<(SimTime, String, FileChange)> {
        let own = Place::Container(container.to_owned(), run.id);
        let mut changes: Vec<Change> = self.written.of(worker.id.number, &own).to_vec();
        for (volume, root) in mounts(worker, container) {
            let left = self.claim_of(worker, &volume).and_then(|claim| self.written.claims.get(&claim));
            let written = self.written.of(worker.id.number, &Place::Volume(volume)).iter();
            let all = left.into_iter().flatten().chain(written);
            changes.extend(all.map(|(at, path, change)| (*at, format!("{root}{path}"), change.clone())));
        }
        changes
    }

    /// The claim that is behind a pod's volume, if one is.
    fn claim_of(&self, worker: &PodWorker, volume: &str) -> Option<Uid> {
        let (_, name, _) = claims_of(&worker.pod).into_iter().find(|(named, ..)| *named == volume)?;
        let id = self.cache.find(Kind::PersistentVolumeClaim, &worker.pod.meta.namespace, &name)?;
        self.cache.get(id).map(|object| object.meta().uid)
    }

    /// What a pod's containers, and commands in them, wrote on its claims.
    fn on_claims(&self, worker: &PodWorker, now: SimTime) -> Vec<(Uid, Change)> {
        let mut all = Vec::new();
        for index in 0..worker.containers.len() {
            let container = worker.spec_of(index).name.clone();
            let claims: Vec<(Uid, String)> =
                mounts(worker, &container).into_iter().filter_map(|(volume, root)| Some((self.claim_of(worker, &volume)?, root))).collect();
            if claims.is_empty() {
                continue;
            }
            for run in [worker.containers[index].last.and_then(Run::over), run_of(worker, index, false).ok()].into_iter().flatten() {
                let Some((script, setting)) = self.plain_setting(worker, &container, run, now) else { continue };
                let until = run.ended.unwrap_or(now).since(run.started);
                let heard = Heard::so_far(journal(worker, &container, run));
                for (at, path, change) in trace(&script, &setting, &heard, Window { from: until, until }).changes {
                    let place = claims.iter().find_map(|(claim, root)| Some((*claim, path.strip_prefix(root.as_str())?.to_owned())));
                    all.extend(
                        place.filter(|(_, path)| path.starts_with('/')).map(|(claim, path)| (claim, (run.started + at, path, change))),
                    );
                }
            }
        }
        let volumes = self.written.pods.get(&worker.id.number).into_iter().flatten();
        for (place, changes) in volumes {
            if let Place::Volume(volume) = place
                && let Some(claim) = self.claim_of(worker, volume)
            {
                all.extend(changes.iter().map(|change| (claim, change.clone())));
            }
        }
        all.sort_by_key(|(_, (at, ..))| *at);
        all
    }

    /// What the pod's other containers wrote into volumes that this one mounts too.
    fn others_wrote(&self, worker: &PodWorker, container: &str, now: SimTime) -> Vec<Change> {
        let mine = mounts(worker, container);
        let mut changes = Vec::new();
        for index in 0..worker.containers.len() {
            let other = worker.spec_of(index).name.clone();
            let shared: Vec<(String, String)> = mounts(worker, &other)
                .into_iter()
                .filter_map(|(volume, root)| Some((root, mine.iter().find(|(name, _)| *name == volume)?.1.clone())))
                .collect();
            if shared.is_empty() {
                continue;
            }
            // Of the container itself, what the run before this one left in its volumes.
            let this = run_of(worker, index, false).ok().filter(|_| *other != *container);
            let before = worker.containers[index].last.and_then(Run::over);
            for run in [before, this].into_iter().flatten() {
                let Some((script, mut setting)) = self.plain_setting(worker, &other, run, now) else { continue };
                setting.outside = since(run.started, self.commands_wrote(worker, &other, run));
                let until = run.ended.unwrap_or(now).since(run.started);
                let heard = Heard::so_far(journal(worker, &other, run));
                for (at, path, change) in trace(&script, &setting, &heard, Window { from: until, until }).changes {
                    let place =
                        shared.iter().find_map(|(theirs, mine)| Some(format!("{mine}/{}", path.strip_prefix(theirs)?.strip_prefix('/')?)));
                    changes.extend(place.map(|path| (run.started + at, path, change)));
                }
            }
        }
        changes
    }

    /// What a run of a container finds, with all that comes to it from outside until now.
    fn setting(&self, worker: &PodWorker, container: &str, run: Run, now: SimTime) -> Option<(Script, Setting)> {
        let (script, mut setting) = self.plain_setting(worker, container, run, now)?;
        let mut changes = self.commands_wrote(worker, container, run);
        changes.extend(self.others_wrote(worker, container, now));
        setting.outside = since(run.started, changes);
        Some((script, setting))
    }

    /// What a container that starts now runs, and what it finds.
    pub fn at_start(&self, worker: &PodWorker, index: usize, id: u64, now: SimTime) -> Option<(Script, Setting)> {
        self.setting(worker, &worker.spec_of(index).name, Run { started: now, ended: None, id }, now)
    }

    /// What a container that runs was started with, and what came to it until now.
    pub fn of_running(&self, worker: &PodWorker, index: usize, now: SimTime) -> Option<(Script, Setting)> {
        let container = &worker.containers[index];
        let run = Run { started: container.running_since()?, ended: None, id: container.id };
        self.setting(worker, &worker.spec_of(index).name, run, now)
    }

    /// What a command answers that a probe runs in a running container now: what it printed, and its exit code. And when that may be another
    /// answer, as far as the container's own doing goes. `None`: the image hasn't such a command.
    pub fn ask(&self, worker: &PodWorker, index: usize, command: &[Str], now: SimTime) -> Option<Asked> {
        let (script, setting) = self.of_running(worker, index, now)?;
        let elapsed = now.since(setting.started);
        let ahead = elapsed + AHEAD;
        let heard = Heard::so_far(&worker.containers[index].heard);
        let course = trace(&script, &setting, &heard, Window { from: elapsed, until: ahead });
        let own = course.changes.iter().map(|(at, ..)| *at);
        let next = own.chain(setting.outside.iter().map(|(at, ..)| *at)).filter(|at| *at > elapsed).min();
        let scripted = !course.changes.is_empty() || course.ended().is_some();
        let present = trace(&script, &setting, &heard, Window { from: elapsed, until: elapsed });
        let started = setting.started;
        let command = Script::new(command.iter().map(Str::to_string).collect());
        let setting = Setting { files: present.files.into(), outside: Vec::new(), started: now, pid_one: false, beside: true, ..setting };
        command.check(&setting).ok()?;
        let done = trace(&command, &setting, &NoNetwork, Window { from: SimDuration::ZERO, until: EXEC_MAX });
        let (takes, code) = done.ended().unwrap_or((SimDuration::MAX, 0));
        if code != 0 && done.met_unknown {
            return None;
        }
        let text: Vec<&str> = done.lines.iter().map(|line| line.text.as_str()).collect();
        let until = next.or(scripted.then_some(ahead)).map(|at| started + at);
        Some(Asked { text: text.join("\n"), code, takes, until })
    }
}

/// How far ahead a probe looks for the next change of a container's files.
const AHEAD: SimDuration = SimDuration::from_secs(60);

/// What a command in a container answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// What it printed.
    pub text: String,
    /// Its exit code.
    pub code: i32,
    /// How long it took.
    pub takes: SimDuration,
    /// Until when it is known to answer the same; none: for good, unless somebody interferes.
    pub until: Option<SimTime>,
}

impl Nodes {
    /// The address of a node.
    pub fn address(&self, node: u32) -> Option<std::net::Ipv4Addr> {
        self.kubelets.get(node).map(|kubelet| kubelet.address)
    }

    /// A pod as the kubelet of its node knows it.
    fn worker(&self, pod: u32) -> Option<&PodWorker> {
        self.pods.get(pod)
    }

    /// A pod goes: what it wrote on claims stays.
    pub(super) fn keep_claims(&mut self, now: SimTime, pod: u32) {
        let Some(worker) = self.pods.get(pod).filter(|worker| !claims_of(&worker.pod).is_empty()) else { return };
        let facts = self.facts(worker);
        for (claim, change) in self.inside(&facts).on_claims(worker, now) {
            self.written.claims.entry(claim).or_default().push(change);
        }
    }

    /// Looks into the containers of a node.
    fn inside<'a>(&'a self, node: &'a NodeFacts) -> Inside<'a> {
        Inside { seed: self.seed, epoch: self.epoch, cache: &self.cache, past: &self.past, written: &self.written, node }
    }

    fn facts(&self, worker: &PodWorker) -> NodeFacts {
        self.kubelets.get(worker.node).expect("a pod that is known is on a node that is known").facts()
    }

    /// A container's process as it is now, with its files as they are.
    pub(super) fn present(&self, now: SimTime, worker: &PodWorker, index: usize) -> Option<Setting> {
        let facts = self.facts(worker);
        let (script, setting) = self.inside(&facts).of_running(worker, index, now)?;
        let until = now.since(setting.started);
        let files = trace(&script, &setting, &Heard::so_far(&worker.containers[index].heard), Window { from: until, until }).files;
        Some(Setting { files: files.into(), ..setting })
    }

    /// A container's log.
    ///
    /// # Errors
    /// The kubelet's words for why there is none.
    pub fn logs(&self, now: SimTime, pod: (u32, &str), container: &str, query: &LogQuery) -> Result<Log, String> {
        let worker = self.worker(pod.0).ok_or_else(|| format!("pod {:?} cannot be found - no logs available", pod.1))?;
        let index = index_of(worker, container).ok_or_else(|| format!("container {container:?} in pod {:?} is not available", pod.1))?;
        let run = run_of(worker, index, query.previous)?;
        // A little more than now, to know when the next line comes.
        let ahead = now + SimDuration::from_secs(600);
        let facts = self.facts(worker);
        let Some((script, setting)) = self.inside(&facts).setting(worker, container, run, now) else { return Ok(Log::default()) };
        let from = query.since.unwrap_or(SimTime::ZERO);
        let heard = Heard::so_far(journal(worker, container, run));
        let mut lines = log::lines(&script, &setting, &heard, run.ended, (from, if run.ended.is_some() { now } else { ahead }));
        let says = &self.images.program(&worker.spec_of(index).image).says;
        if !says.is_empty() {
            lines.extend(said(says, run, ahead.min(run.ended.unwrap_or(ahead))));
            lines.sort_by_key(|line| line.at);
        }
        // Nobody knows what comes after a question that isn't answered yet.
        let asks = worker.containers[index].asks.as_ref().filter(|_| run.ended.is_none()).map(|(at, _)| *at);
        let next = lines.iter().map(|line| line.at).chain(asks).filter(|at| *at > now).min();
        lines.retain(|line| line.at <= now && line.at >= from);
        Ok(Log { lines, over: run.ended.is_some(), next })
    }

    /// Runs a command in a container. `network` answers what it asks.
    ///
    /// # Errors
    /// The container doesn't run, or hasn't the command.
    pub fn exec(
        &mut self,
        now: SimTime,
        (pod, container): (u32, &str),
        (argv, input): (&[String], Option<&str>),
        network: &dyn Network,
    ) -> Result<Executed, NotRun> {
        let not_found = || NotRun::Refused(format!("container not found ({container:?})"));
        let worker = self.worker(pod).ok_or_else(|| NotRun::Refused("pod does not exist".to_owned()))?;
        let index = index_of(worker, container).ok_or_else(not_found)?;
        let State::Running { started } = worker.containers[index].state else { return Err(not_found()) };
        let run = Run { started, ended: None, id: worker.containers[index].id };
        let facts = self.facts(worker);
        let (script, setting) = self.inside(&facts).setting(worker, container, run, now).ok_or_else(not_found)?;
        let until = now.since(started);
        let heard = Heard::so_far(journal(worker, container, run));
        let present = trace(&script, &setting, &heard, Window { from: until, until });
        let command = Script::new(argv.to_vec());
        let setting = Setting {
            files: std::sync::Arc::new(present.files),
            outside: Vec::new(),
            started: now,
            pid_one: false,
            beside: true,
            input: input.map(str::to_owned),
            ..setting
        };
        command.check(&setting).map_err(|why| {
            let id = format!("{:016x}{:016x}{:016x}{:016x}", run.id, now.as_nanos(), run.id.rotate_left(17), run.id.rotate_left(43));
            NotRun::Failed(format!(
                "error executing command in container: failed to exec in container: failed to start exec \"{id}\": OCI runtime exec failed: \
                 exec failed: unable to start container process: {}: unknown",
                why.why
            ))
        })?;
        let done = trace(&command, &setting, network, Window { from: SimDuration::ZERO, until: EXEC_MAX });
        let mounts = mounts(worker, container);
        let places = self.written.pods.entry(pod).or_default();
        for (at, path, change) in done.changes {
            let volume = mounts.iter().filter(|(_, root)| path.starts_with(&format!("{root}/"))).max_by_key(|(_, root)| root.len());
            let (place, path) = match volume {
                Some((volume, root)) => (Place::Volume(volume.clone()), path[root.len()..].to_owned()),
                None => (Place::Container(container.to_owned(), run.id), path),
            };
            places.entry(place).or_default().push((now + at, path, change));
        }
        if places.is_empty() {
            self.written.forget(pod);
        } else {
            self.touched.push((pod, None));
        }
        // What the kernel delivers to the first process of a namespace: TERM and its kin, if it heeds them. KILL it ignores.
        if let Some((at, _)) = done.signals.iter().find(|(_, signal)| matches!(signal, 2 | 3 | 15)) {
            self.touched.push((pod, Some((index, now + *at))));
        }
        let lines =
            done.lines.into_iter().map(|line| LogLine { at: now + line.at, stream: line.stream, text: line.text, whole: line.whole });
        Ok(Executed {
            lines: lines.collect(),
            ended: match done.end {
                crate::node::runtime::shell::End::Exited(at, code) => Some((now + at, code)),
                _ => None,
            },
        })
    }
}

/// The lines that a scenario lets a program say, up to a moment. Of a line that comes again and again, only the latest are looked at.
fn said(says: &[Says], run: Run, until: SimTime) -> Vec<LogLine> {
    const LATEST: u64 = 10_000;
    let mut lines = Vec::new();
    for say in says.iter().filter(|say| run.started + say.after <= until) {
        let first = run.started + say.after;
        let times = if say.every.is_zero() { 0 } else { until.since(first).as_nanos() / say.every.as_nanos() };
        let line = |time| LogLine { at: first + say.every * time, stream: Stream::Out, text: say.text.to_string(), whole: true };
        lines.extend((times.saturating_sub(LATEST)..=times).map(line));
    }
    lines
}

/// Changes as a process that started then sees them: in order, those from before at its start.
fn since(started: SimTime, mut changes: Vec<Change>) -> Vec<(SimDuration, String, FileChange)> {
    changes.sort_by_key(|(at, ..)| *at);
    changes.into_iter().map(|(at, path, change)| (at.since(started), path, change)).collect()
}

impl Stream {
    /// Whether this is standard error.
    pub fn is_err(self) -> bool {
        self == Stream::Err
    }
}
