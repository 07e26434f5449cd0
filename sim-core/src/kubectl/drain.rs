//! `kubectl drain`: cordons nodes and evicts their pods. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/drain/drain.go` and
//! `pkg/drain/{drain,filters}.go`, v1.36.
//!
//! What differs: kubectl evicts from one node after another; here the pods of all nodes are evicted at once, and waited for node by node.

use std::collections::VecDeque;

use serde_json::Value;

use super::api::{Api, DeleteOptions};
use super::cordon;
use super::failure::{Answer, Failure};
use super::field::{at, entry, items, name, namespace, text};
use super::flags::{Flag, optional, refused, short, switch, value};
use super::target::Info;
use super::{Call, DryRun, Next, Progress, Session};
use crate::api::object::Kind;
use crate::api::selector::Selector;
use crate::kernel::time::{SimDuration, SimTime};

/// The flags of `drain`.
pub const FLAGS: &[Flag] = &[
    short("selector", 'l'),
    value("pod-selector"),
    switch("force"),
    switch("ignore-daemonsets"),
    switch("delete-emptydir-data"),
    value("grace-period"),
    value("timeout"),
    value("chunk-size"),
    optional("dry-run", "unchanged"),
    refused("disable-eviction"),
    refused("skip-wait-for-delete-timeout"),
];

/// What stands in the way of a pod's eviction, or is worth saying.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Evict,
    Warn(&'static str),
    Skip(&'static str),
    Leave,
    Refuse(&'static str),
}

/// Pods that were evicted and aren't gone yet, by node.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    nodes: VecDeque<Node>,
    deadline: Option<SimTime>,
    timeout: SimDuration,
    failed: Failed,
}

/// Several errors as one, as `utilerrors.Aggregate` prints them.
fn aggregated(errors: &[String]) -> String {
    match errors {
        [one] => one.clone(),
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

#[derive(Clone, Debug, PartialEq)]
struct Node {
    title: String,
    name: String,
    /// Namespace, name, UID.
    pods: VecDeque<(String, String, String)>,
}

/// Runs `kubectl drain`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    cordon::check_named(call)?;
    let pod_selector = match call.flags.get("pod-selector") {
        Some(selector) => Selector::parse(selector).map_err(|error| Failure::Plain(error.to_string()))?,
        None => Selector::default(),
    };
    let grace_period = call.flags.int("grace-period")?.filter(|seconds| *seconds >= 0);
    let timeout = call.flags.duration("timeout")?.filter(|timeout| !timeout.is_zero());
    let nodes = cordon::named(call)?;
    for node in &nodes {
        cordon::mark(call, node, true, dry_run)?;
    }
    drain(call, &nodes, &pod_selector, grace_period, timeout, dry_run)
}

fn drain(
    call: &mut Call<'_>,
    nodes: &[Info],
    selector: &Selector,
    grace_period: Option<i64>,
    timeout: Option<SimDuration>,
    dry_run: DryRun,
) -> Answer<Next> {
    let deadline = timeout.map(|timeout| call.api.now() + timeout);
    let mut waiting = Waiting { nodes: VecDeque::new(), deadline, timeout: timeout.unwrap_or_default(), failed: Failed::default() };
    let suffix = match dry_run {
        DryRun::No => "",
        DryRun::Client => " (dry run)",
        DryRun::Server => " (server dry run)",
    };
    for node in nodes {
        let pods = match pods_to_evict(call, &node.name, selector)? {
            Ok(pods) => pods,
            Err(why) => {
                waiting.failed.node(&node.name, why, &mut call.err);
                continue;
            }
        };
        for (ns, name, _) in &pods {
            call.out.push_str(&format!("evicting pod {ns}/{name}{suffix}\n"));
            if dry_run == DryRun::No {
                let options = DeleteOptions { grace_period, ..DeleteOptions::default() };
                call.api.evict(ns, name, &options)?;
            }
        }
        if dry_run == DryRun::No {
            waiting.nodes.push_back(Node { title: node.title(), name: node.name.clone(), pods: pods.into() });
        } else {
            call.say(node.resource, &node.name, &node.object, "drained", dry_run)?;
        }
    }
    if waiting.nodes.is_empty() {
        return waiting.failed.end(&mut call.err).map_or(Ok(Next::Done), Err);
    }
    Ok(Next::Wait(Session::Drain(Box::new(waiting))))
}

type Pods = Vec<(String, String, String)>;

/// The pods of a node that are to go; or which pods forbid that, a sentence for each reason. Warnings are said.
fn pods_to_evict(call: &mut Call<'_>, node: &str, selector: &Selector) -> Answer<Result<Pods, Vec<String>>> {
    let all = call.api.list(Kind::Pod.resource(), None, selector)?;
    let (mut pods, mut warnings, mut refusals) = (Pods::new(), Vec::new(), Vec::new());
    for pod in all.iter().filter(|pod| text(pod, "spec.nodeName") == node) {
        let title = format!("{}/{}", namespace(pod), name(pod));
        let verdict = verdict(call, pod);
        match verdict {
            Verdict::Refuse(why) => note(&mut refusals, why, title),
            Verdict::Warn(why) | Verdict::Skip(why) => note(&mut warnings, why, title),
            Verdict::Evict | Verdict::Leave => {}
        }
        if matches!(verdict, Verdict::Evict | Verdict::Warn(_)) {
            pods.push((namespace(pod).to_owned(), name(pod).to_owned(), text(pod, "metadata.uid").to_owned()));
        }
    }
    let told = |notes: Vec<(&str, Vec<String>)>| -> Vec<String> {
        notes.into_iter().map(|(why, pods)| format!("{why}: {}", pods.join(", "))).collect()
    };
    if !refusals.is_empty() {
        return Ok(Err(told(refusals)));
    }
    if !warnings.is_empty() {
        call.err.push_str(&format!("Warning: {}\n", told(warnings).join("; ")));
    }
    Ok(Ok(pods))
}

/// Puts a pod beside others of which the same is to be said.
fn note(notes: &mut Vec<(&'static str, Vec<String>)>, why: &'static str, pod: String) {
    match notes.iter_mut().find(|(known, _)| *known == why) {
        Some((_, pods)) => pods.push(pod),
        None => notes.push((why, vec![pod])),
    }
}

/// The filters of `pkg/drain/filters.go`, in their order.
fn verdict(call: &Call<'_>, pod: &Value) -> Verdict {
    let controller = items(pod, "metadata.ownerReferences").iter().find(|owner| owner["controller"] == true);
    let ended = matches!(text(pod, "status.phase"), "Succeeded" | "Failed");
    if controller.is_some_and(|owner| owner["kind"] == "DaemonSet") && !ended {
        return match call.flags.on("ignore-daemonsets") {
            true => Verdict::Skip("ignoring DaemonSet-managed Pods"),
            false => Verdict::Refuse("cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"),
        };
    }
    if entry(pod, "metadata.annotations", "kubernetes.io/config.mirror").is_some() {
        return Verdict::Leave;
    }
    let mut verdict = Verdict::Evict;
    if items(pod, "spec.volumes").iter().any(|volume| volume["emptyDir"].is_object()) && !ended {
        if !call.flags.on("delete-emptydir-data") {
            return Verdict::Refuse("cannot delete Pods with local storage (use --delete-emptydir-data to override)");
        }
        verdict = Verdict::Warn("deleting Pods with local storage");
    }
    // The last filter has the last word: a pod with a controller goes without a warning.
    match controller {
        Some(_) => Verdict::Evict,
        None if ended => verdict,
        None if call.flags.on("force") => Verdict::Warn("deleting Pods that declare no controller"),
        None => Verdict::Refuse("cannot delete Pods that declare no controller (use --force to override)"),
    }
}

impl Waiting {
    /// Says which pods are gone, and which nodes are drained.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        let mut progress = Progress::waiting(self.deadline);
        while let Some(node) = self.nodes.front_mut() {
            let is_there = |(ns, name, uid): &(String, String, String)| {
                api.get(Kind::Pod.resource(), ns, name).is_ok_and(|pod| at(&pod, "metadata.uid").as_str() == Some(uid))
            };
            let (there, gone): (Vec<_>, Vec<_>) = node.pods.drain(..).partition(is_there);
            for (_, name, _) in gone {
                progress.output.stdout.push_str(&format!("pod/{name} evicted\n"));
            }
            if there.is_empty() {
                progress.output.stdout.push_str(&format!("{} drained\n", node.title));
                self.nodes.pop_front();
                continue;
            }
            if self.deadline.is_none_or(|deadline| deadline > api.now()) {
                node.pods = there.into();
                return progress;
            }
            let err = &mut progress.output.stderr;
            let limit = self.timeout;
            let why: Vec<String> = there
                .iter()
                .map(|(ns, name, _)| {
                    format!("error when waiting for pod {name:?} in namespace {ns:?} to terminate: global timeout reached: {limit}")
                })
                .collect();
            err.push_str(&format!("There are pending pods in node {:?} when an error occurred: {}\n", node.name, aggregated(&why)));
            there.iter().for_each(|(_, name, _)| err.push_str(&format!("pod/{name}\n")));
            self.failed.node(&node.name.clone(), why, err);
            self.nodes.pop_front();
        }
        let failure = self.failed.end(&mut progress.output.stderr);
        progress.end(failure);
        progress
    }
}
