//! `kubectl drain`: cordons nodes, and evicts or deletes their pods, node by node. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/drain/drain.go` and `pkg/drain/{drain,filters}.go`, v1.36.
//!
//! A budget may stand in the way of an eviction: then it is tried again every five seconds, so this is a waiting command that also writes
//! ([`Waiting::acts_at`]). Whether a pod is gone is looked at every second, as kubectl does.

use std::collections::VecDeque;

use serde_json::Value;

use super::api::{Api, DeleteOptions, Eviction};
use super::cordon;
use super::failure::{Answer, Failure};
use super::field::{at, entry, items, name, namespace, text};
use super::flags::{Flag, optional, short, switch, value};
use super::{Call, DryRun, Next, Progress, Session};
use crate::api::object::Kind;
use crate::api::selector::Selector;
use crate::api::status::{ApiError, FieldErrorType};
use crate::kernel::time::{SimDuration, SimTime};

/// The flags of `drain`.
pub const FLAGS: &[Flag] = &[
    short("selector", 'l'),
    value("pod-selector"),
    switch("force"),
    switch("ignore-daemonsets"),
    switch("delete-emptydir-data"),
    switch("disable-eviction"),
    value("skip-wait-for-delete-timeout"),
    value("grace-period"),
    value("timeout"),
    value("chunk-size"),
    optional("dry-run", "unchanged"),
];

/// Between two attempts to evict a pod: `EvictErrorRetryDelay`.
const RETRY: SimDuration = SimDuration::from_secs(5);
/// Between two looks whether a pod is gone.
const LOOK: SimDuration = SimDuration::from_secs(1);
/// So often client-go asks again by itself when the server says when to: `maxRetries` of `rest/with_retry.go`.
const QUIET_TRIES: u8 = 10;

/// What stands in the way of a pod's eviction, or is worth saying.
#[derive(Clone, PartialEq, Eq)]
enum Verdict {
    Evict,
    Warn(String),
    Skip(String),
    Leave,
    Refuse(String),
}

/// Which pods of a node are to go, and what is to be said of the others.
#[derive(Clone, Debug, PartialEq)]
struct Filters {
    selector: Selector,
    force: bool,
    ignore_daemon_sets: bool,
    delete_empty_dir_data: bool,
    /// Seconds; 0: none is skipped.
    skip_wait_after: i64,
}

/// How pods are made to go.
#[derive(Clone, Debug, PartialEq)]
struct Options {
    delete: DeleteOptions,
    disable_eviction: bool,
    timeout: Option<SimDuration>,
    dry_run: DryRun,
}

/// Nodes that are being drained.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// The nodes that come next: title, name.
    nodes: VecDeque<(String, String)>,
    now: Option<Draining>,
    filters: Filters,
    options: Options,
    failed: Failed,
}

/// The node whose pods are going.
#[derive(Clone, Debug, PartialEq)]
struct Draining {
    title: String,
    name: String,
    deadline: Option<SimTime>,
    tasks: Vec<Task>,
    errors: Vec<String>,
}

/// A pod that is to go.
#[derive(Clone, Debug, PartialEq)]
struct Task {
    ns: String,
    name: String,
    uid: String,
    /// Whether it was being deleted when it was looked at last.
    leaving: bool,
    next: Step,
}

/// What is done about a pod next, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// It is evicted. `quiet`: how often the client has asked again without a word.
    Evict { at: SimTime, quiet: u8 },
    /// It is looked whether it is gone.
    Look { at: SimTime },
}

impl Step {
    const fn at(self) -> SimTime {
        match self {
            Step::Evict { at, .. } | Step::Look { at } => at,
        }
    }
}

/// Several errors as one, as `utilerrors.Aggregate` prints them.
fn aggregated(errors: &[String]) -> String {
    let mut different: Vec<&str> = Vec::new();
    for error in errors {
        if !different.contains(&error.as_str()) {
            different.push(error);
        }
    }
    match different.as_slice() {
        [one] => (*one).to_owned(),
        many => format!("[{}]", many.join(", ")),
    }
}

/// Nodes that couldn't be drained, and why.
#[derive(Clone, Debug, Default, PartialEq)]
struct Failed {
    nodes: Vec<String>,
    reasons: Vec<Failure>,
}

impl Failed {
    /// Notes a node, and says so.
    fn node(&mut self, node: &str, why: Vec<String>, err: &mut String) {
        err.push_str(&format!("error: unable to drain node {node:?} due to error: {}, continuing command...\n", aggregated(&why)));
        self.nodes.push(node.to_owned());
        self.reasons.extend(why.into_iter().map(Failure::Bare));
    }

    /// Says which nodes are left. What the command ends with.
    fn end(&mut self, err: &mut String) -> Option<Failure> {
        if !self.nodes.is_empty() {
            err.push_str("There are pending nodes to be drained:\n");
            self.nodes.iter().for_each(|node| err.push_str(&format!(" {node}\n")));
        }
        Failure::all(std::mem::take(&mut self.reasons))
    }
}

/// Runs `kubectl drain`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    cordon::check_named(call)?;
    let selector = match call.flags.get("pod-selector").filter(|selector| !selector.is_empty()) {
        Some(selector) => {
            Selector::parse(selector).map_err(|_| Failure::plain("--pod-selector=<pod_selector> must be a valid label selector"))?
        }
        None => Selector::default(),
    };
    let grace_period = call.flags.int("grace-period")?.filter(|seconds| *seconds >= 0);
    let filters = Filters {
        selector,
        force: call.flags.on("force"),
        ignore_daemon_sets: call.flags.on("ignore-daemonsets"),
        delete_empty_dir_data: call.flags.on("delete-emptydir-data"),
        skip_wait_after: call.flags.int("skip-wait-for-delete-timeout")?.unwrap_or(0),
    };
    let options = Options {
        delete: DeleteOptions { grace_period, ..DeleteOptions::default() },
        disable_eviction: call.flags.on("disable-eviction"),
        timeout: call.flags.duration("timeout")?.filter(|timeout| !timeout.is_zero()),
        dry_run,
    };
    let nodes = cordon::named(call)?;
    for node in &nodes {
        cordon::mark(call, node, true, dry_run)?;
    }
    let nodes = nodes.iter().map(|node| (node.title(), node.name.clone())).collect();
    Ok(Next::Wait(Session::Drain(Box::new(Waiting { nodes, now: None, filters, options, failed: Failed::default() }))))
}

/// The pods of a node that are to go, with what is to be said of others; and the reasons for which none may.
struct Chosen {
    pods: Vec<Value>,
    warnings: Vec<String>,
    refusals: Vec<String>,
}

impl Filters {
    /// `GetPodsForDeletion`.
    fn choose(&self, api: &dyn Api, node: &str) -> Result<Chosen, ApiError> {
        let all = api.list(Kind::Pod.resource(), None, &self.selector)?;
        let (mut pods, mut warnings, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
        for pod in all.into_iter().filter(|pod| text(pod, "spec.nodeName") == node) {
            let title = format!("{}/{}", namespace(&pod), name(&pod));
            let verdict = self.verdict(api, &pod);
            let goes = matches!(verdict, Verdict::Evict | Verdict::Warn(_));
            match verdict {
                Verdict::Refuse(why) => note(&mut refusals, format!("cannot delete {why}"), title),
                Verdict::Warn(why) | Verdict::Skip(why) => note(&mut warnings, why, title),
                Verdict::Evict | Verdict::Leave => {}
            }
            if goes {
                pods.push(pod);
            }
        }
        let told = |notes: Vec<(String, Vec<String>)>| notes.into_iter().map(|(why, pods)| format!("{why}: {}", pods.join(", "))).collect();
        Ok(Chosen { pods, warnings: told(warnings), refusals: told(refusals) })
    }

    /// The filters of `pkg/drain/filters.go`, in their order.
    fn verdict(&self, api: &dyn Api, pod: &Value) -> Verdict {
        let ended = matches!(text(pod, "status.phase"), "Succeeded" | "Failed");
        let controller = items(pod, "metadata.ownerReferences").iter().find(|owner| owner["controller"] == true);
        if self.is_long_gone(api, pod) {
            return Verdict::Leave;
        }
        if let Some(owner) = controller.filter(|owner| owner["kind"] == "DaemonSet" && owner["apiVersion"] == "apps/v1" && !ended) {
            match api.get(Kind::DaemonSet.resource(), namespace(pod), text(owner, "name")) {
                // That it is an orphan would be worth a word, but the last filter has no objection, and only its word counts.
                Err(error) if error.is_not_found() && self.force => {}
                Err(error) => return Verdict::Refuse(error.message),
                Ok(_) if self.ignore_daemon_sets => return Verdict::Skip("ignoring DaemonSet-managed Pods".into()),
                Ok(_) => return Verdict::Refuse("DaemonSet-managed Pods (use --ignore-daemonsets to ignore)".into()),
            }
        }
        if entry(pod, "metadata.annotations", "kubernetes.io/config.mirror").is_some() {
            return Verdict::Leave;
        }
        if ended {
            return Verdict::Evict;
        }
        if items(pod, "spec.volumes").iter().any(|volume| volume["emptyDir"].is_object()) && !self.delete_empty_dir_data {
            return Verdict::Refuse("Pods with local storage (use --delete-emptydir-data to override)".into());
        }
        match controller {
            Some(_) => Verdict::Evict,
            None if self.force => Verdict::Warn("deleting Pods that declare no controller".into()),
            None => Verdict::Refuse("Pods that declare no controller (use --force to override)".into()),
        }
    }

    /// Whether a pod has been ending for so long that nobody waits for it (`shouldSkipPod`).
    fn is_long_gone(&self, api: &dyn Api, pod: &Value) -> bool {
        let deleted = at(pod, "metadata.deletionTimestamp").as_str().and_then(|at| api.epoch().parse(at));
        let limit = u64::try_from(self.skip_wait_after).unwrap_or(0);
        limit > 0 && deleted.is_some_and(|deleted| api.now() > deleted && api.now().since(deleted).as_secs() > limit)
    }
}

/// Puts a pod beside others of which the same is to be said.
fn note(notes: &mut Vec<(String, Vec<String>)>, why: String, pod: String) {
    match notes.iter_mut().find(|(known, _)| *known == why) {
        Some((_, pods)) => pods.push(pod),
        None => notes.push((why, vec![pod])),
    }
}

impl Waiting {
    /// Whether a poll at this moment writes: something is evicted, or the next node's turn may come.
    pub fn acts_at(&self, now: SimTime) -> bool {
        let due = |task: &&Task| task.next.at() <= now;
        let Some(draining) = &self.now else { return true };
        let evicts = draining.tasks.iter().filter(due).any(|task| matches!(task.next, Step::Evict { .. }));
        evicts || (!self.nodes.is_empty() && (draining.tasks.iter().any(|task| due(&task)) || draining.is_over(now)))
    }

    /// Evicts what is due, and says which pods are gone and which nodes are drained.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        let mut progress = Progress::waiting(None);
        loop {
            if self.now.is_none() {
                let Some((title, name)) = self.nodes.pop_front() else { break };
                self.begin(api, title, name, &mut progress);
            }
            let Some(draining) = &mut self.now else { continue };
            draining.work(api, &self.options, &self.filters, &mut progress);
            if !draining.tasks.is_empty() {
                progress.deadline = draining.next_at();
                return progress;
            }
            if let Some(draining) = self.now.take() {
                self.end_node(api, draining, &mut progress);
            }
        }
        let failure = self.failed.end(&mut progress.output.stderr);
        progress.end(failure);
        progress
    }

    /// Looks at a node's pods, and begins to make them go.
    fn begin(&mut self, api: &mut dyn Api, title: String, name: String, progress: &mut Progress) {
        let (out, err) = (&mut progress.output.stdout, &mut progress.output.stderr);
        let chosen = match self.filters.choose(api, &name) {
            Ok(chosen) if chosen.refusals.is_empty() => chosen,
            Ok(chosen) => return self.failed.node(&name, chosen.refusals, err),
            Err(error) => return self.failed.node(&name, vec![error.message], err),
        };
        if !chosen.warnings.is_empty() {
            err.push_str(&format!("Warning: {}\n", chosen.warnings.join("; ")));
        }
        if self.options.dry_run == DryRun::Client {
            chosen
                .pods
                .iter()
                .for_each(|pod| out.push_str(&format!("evicting pod {}/{} (dry run)\n", namespace(pod), super::field::name(pod))));
            out.push_str(&format!("{title} drained (dry run)\n"));
            return;
        }
        let now = api.now();
        let mut draining = Draining {
            title,
            name,
            deadline: self.options.timeout.map(|timeout| now + timeout),
            tasks: chosen.pods.iter().map(|pod| Task::of(pod, now, self.options.disable_eviction)).collect(),
            errors: Vec::new(),
        };
        if self.options.disable_eviction {
            draining.delete(api, &self.options);
        }
        self.now = Some(draining);
    }

    /// A node is done with: it is drained, or it isn't.
    fn end_node(&mut self, api: &dyn Api, draining: Draining, progress: &mut Progress) {
        let Draining { title, name, errors, .. } = draining;
        if errors.is_empty() {
            let suffix = if self.options.dry_run == DryRun::Server { " (server dry run)" } else { "" };
            progress.output.stdout.push_str(&format!("{title} drained{suffix}\n"));
            return;
        }
        let err = &mut progress.output.stderr;
        if let Ok(left) = self.filters.choose(api, &name) {
            if !left.pods.is_empty() {
                err.push_str(&format!("There are pending pods in node {name:?} when an error occurred: {}\n", aggregated(&errors)));
                left.pods.iter().for_each(|pod| err.push_str(&format!("pod/{}\n", super::field::name(pod))));
            }
            if !left.refusals.is_empty() {
                let why = aggregated(&left.refusals);
                err.push_str(&format!("Following errors occurred while getting the list of pods to delete:\n{why}"));
            }
        }
        self.failed.node(&name, errors, err);
    }
}

impl Task {
    fn of(pod: &Value, now: SimTime, delete: bool) -> Task {
        Task {
            ns: namespace(pod).to_owned(),
            name: name(pod).to_owned(),
            uid: text(pod, "metadata.uid").to_owned(),
            leaving: at(pod, "metadata.deletionTimestamp").is_string(),
            next: if delete { Step::Look { at: now } } else { Step::Evict { at: now, quiet: 0 } },
        }
    }

    /// The pod as it is, unless it is gone or another one has its name.
    fn current(&self, api: &dyn Api) -> Option<Value> {
        api.get(Kind::Pod.resource(), &self.ns, &self.name).ok().filter(|pod| text(pod, "metadata.uid") == self.uid)
    }
}

/// What has become of a pod.
enum After {
    /// There is more to do.
    Next(Step),
    /// Nothing more.
    Done,
    /// It can't be made to go.
    Failed(String),
}

impl Draining {
    /// When there is something to do.
    fn next_at(&self) -> Option<SimTime> {
        let waits = self.tasks.iter().any(|task| matches!(task.next, Step::Look { .. }));
        self.tasks.iter().map(|task| task.next.at()).chain(self.deadline.filter(|_| waits)).min()
    }

    /// Whether the time for it is over.
    fn is_over(&self, now: SimTime) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// `--disable-eviction`: all pods are deleted, and whoever refuses ends it.
    fn delete(&mut self, api: &mut dyn Api, options: &Options) {
        let real = options.dry_run == DryRun::No;
        for task in &self.tasks {
            let answer = match real {
                true => api.delete(Kind::Pod.resource(), &task.ns, &task.name, &options.delete),
                false => api.get(Kind::Pod.resource(), &task.ns, &task.name),
            };
            if let Err(error) = answer
                && !error.is_not_found()
            {
                self.errors.push(error.message);
                break;
            }
        }
        if !real || !self.errors.is_empty() {
            self.tasks.clear();
        }
    }

    /// Does what is due.
    fn work(&mut self, api: &mut dyn Api, options: &Options, filters: &Filters, progress: &mut Progress) {
        let now = api.now();
        if options.disable_eviction && self.is_over(now) && !self.tasks.is_empty() {
            self.errors.push(TOO_LATE.to_owned());
            self.tasks.clear();
        }
        let over = self.is_over(now);
        let mut left = Vec::new();
        for mut task in std::mem::take(&mut self.tasks) {
            let after = match task.next {
                Step::Look { .. } if over => {
                    let (ns, name) = (&task.ns, &task.name);
                    After::Failed(format!("error when waiting for pod {name:?} in namespace {ns:?} to terminate: {TOO_LATE}"))
                }
                next if next.at() > now => After::Next(next),
                Step::Evict { quiet, .. } => evict(api, &mut task, quiet, over, options, progress),
                Step::Look { .. } => After::Next(task.next),
            };
            let after = match after {
                After::Next(Step::Look { at }) if at <= now => look(api, &task, options, filters, progress),
                after => after,
            };
            match after {
                After::Next(next) => {
                    task.next = next;
                    left.push(task);
                }
                After::Done => {}
                After::Failed(why) => self.errors.push(why),
            }
        }
        self.tasks = left;
    }
}

/// What Go says when a context's time is over.
const TOO_LATE: &str = "context deadline exceeded";

/// One attempt to evict a pod.
fn evict(api: &mut dyn Api, task: &mut Task, quiet: u8, over: bool, options: &Options, progress: &mut Progress) -> After {
    let (ns, name, now) = (task.ns.clone(), task.name.clone(), api.now());
    let (out, err) = (&mut progress.output.stdout, &mut progress.output.stderr);
    let dry_run = options.dry_run == DryRun::Server;
    if quiet == 0 {
        let suffix = if dry_run { " (server dry run)" } else { "" };
        out.push_str(&format!("evicting pod {ns}/{name}{suffix}\n"));
        if over {
            let timeout = options.timeout.unwrap_or_default();
            return After::Failed(format!("error when evicting pods/{name:?} -n {ns:?}: global timeout reached: {timeout}"));
        }
    }
    let eviction = Eviction { delete: options.delete.clone(), dry_run, ..Eviction::default() };
    let Err(error) = api.evict(&ns, &name, &eviction) else {
        return if dry_run { After::Done } else { After::Next(Step::Look { at: now }) };
    };
    let terminating = error.has_cause(FieldErrorType::NamespaceTerminating);
    if error.is_not_found() {
        return After::Done;
    } else if error.is_too_many_requests() && error.details.retry_after_seconds > 0 && quiet < QUIET_TRIES {
        // The client does as the server says, and kubectl doesn't hear of it.
        let at = now + SimDuration::from_secs(u64::from(error.details.retry_after_seconds));
        return After::Next(Step::Evict { at, quiet: quiet + 1 });
    } else if error.is_too_many_requests() {
        err.push_str(&format!("error when evicting pods/{name:?} -n {ns:?} (will retry after {RETRY}): {error}\n"));
    } else if terminating && task.leaving {
        // It can't be evicted there any more, but it goes all the same.
        return After::Next(Step::Look { at: now });
    } else if terminating {
        err.push_str(&format!("error when evicting pod {name:?} from terminating namespace {ns:?} (will retry after {RETRY}): {error}\n"));
    } else {
        return After::Failed(format!("error when evicting pods/{name:?} -n {ns:?}: {error}"));
    }
    if let Some(pod) = task.current(api) {
        task.leaving = at(&pod, "metadata.deletionTimestamp").is_string();
    }
    After::Next(Step::Evict { at: now + RETRY, quiet: 0 })
}

/// One look whether a pod is gone.
fn look(api: &dyn Api, task: &Task, options: &Options, filters: &Filters, progress: &mut Progress) -> After {
    let out = &mut progress.output.stdout;
    match task.current(api) {
        None => {
            let did = if options.disable_eviction { "deleted" } else { "evicted" };
            out.push_str(&format!("pod/{} {did}\n", task.name));
            After::Done
        }
        Some(pod) if filters.is_long_gone(api, &pod) => {
            let seconds = filters.skip_wait_after;
            out.push_str(&format!("pod {:?} has DeletionTimestamp older than {seconds} seconds, skipping\n", task.name));
            After::Done
        }
        Some(_) => After::Next(Step::Look { at: api.now() + LOOK }),
    }
}
