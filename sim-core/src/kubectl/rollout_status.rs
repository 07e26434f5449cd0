//! `kubectl rollout status`: a line for every change of the object until it is rolled out. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/rollout/rollout_status.go` and `pkg/polymorphichelpers/rollout_status.go`, v1.36.
//!
//! kubectl says the same sentence again when the object changed in something else; so does this.

use std::collections::VecDeque;

use serde_json::Value;

use super::api::{Api, WatchKind};
use super::failure::{Answer, Failure};
use super::field::{at, condition, entry, int, name, text};
use super::flags::{Flag, short, short_switch, value};
use super::target::{self, Rules, nothing_named};
use super::{Call, Next, Progress, Session};
use crate::api::resources::Resource;
use crate::kernel::time::{SimDuration, SimTime};

/// The flags of `rollout status`.
pub const FLAGS: &[Flag] = &[
    short_switch("watch", 'w'),
    short_switch("recursive", 'R'),
    short("selector", 'l'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    value("revision"),
    value("timeout"),
];

/// A rollout being watched, and those to be watched after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    queue: VecDeque<(&'static Resource, String, String)>,
    /// The revision up to which changes of the first in the queue were seen; `None` before its first look.
    since: Option<u64>,
    started: SimTime,
    timeout: Option<SimDuration>,
    watch: bool,
    revision: i64,
    failure: Option<Failure>,
}

/// Runs `kubectl rollout status`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let args = call.flags.args.clone();
    if nothing_named(call, &args) {
        return Err(Failure::plain("required resource not specified"));
    }
    let revision = call.flags.int("revision")?.unwrap_or(0);
    if revision < 0 {
        return Err(Failure::Plain(format!("revision must be a positive integer: {revision}")));
    }
    let timeout = call.flags.duration("timeout")?.filter(|t| !t.is_zero());
    let mut targets = target::find(call, &args, Rules { type_alone: true, ..Rules::default() })?;
    let failure = Failure::all(std::mem::take(&mut targets.failures));
    let infos = targets.infos();
    if infos.is_empty() && failure.is_none() {
        call.err.push_str(&format!("No resources found in {} namespace.\n", call.namespace()));
        return Ok(Next::Done);
    }
    let queue: VecDeque<_> = infos.into_iter().map(|info| (info.resource, info.ns, info.name)).collect();
    let watch = call.flags.on_unless_off("watch");
    let started = call.api.now();
    Ok(Next::Wait(Session::RolloutStatus(Box::new(Watch { queue, since: None, started, timeout, watch, revision, failure }))))
}

impl Watch {
    /// Says what has changed since the last look.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        let mut progress = Progress::default();
        while let Some((resource, ns, name)) = self.queue.front().cloned() {
            match self.look(api, resource, &ns, &name, &mut progress.output.stdout) {
                Ok(true) => {
                    self.queue.pop_front();
                    self.since = None;
                    self.started = api.now();
                }
                Ok(false) => {
                    let deadline = self.timeout.map(|timeout| self.started + timeout);
                    if deadline.is_some_and(|deadline| deadline <= api.now()) {
                        progress.end(Some(Failure::plain("timed out waiting for the condition")));
                    }
                    progress.deadline = deadline;
                    return progress;
                }
                Err(failure) => {
                    progress.end(Some(failure));
                    return progress;
                }
            }
        }
        progress.end(self.failure.take());
        progress
    }

    /// Whether the rollout of one object needs no more watching.
    fn look(&mut self, api: &mut dyn Api, resource: &'static Resource, ns: &str, wanted: &str, out: &mut String) -> Answer<bool> {
        if !matches!((resource.group, resource.plural), ("apps", "deployments" | "daemonsets" | "statefulsets")) {
            let why = "no status viewer has been implemented for";
            return Err(Failure::Plain(format!("{why} {}", resource.qualified_kind())));
        }
        let Some(since) = self.since else {
            self.since = Some(api.revision());
            return match api.get(resource, ns, wanted) {
                Ok(object) => self.say(&object, out),
                // Gone between the look-up and the watch: an informer would wait for it to appear.
                Err(error) if error.is_not_found() => Ok(false),
                Err(error) => Err(error.into()),
            };
        };
        for change in api.changes(resource, Some(ns), since) {
            self.since = Some(change.revision.max(self.since.unwrap_or(0)));
            if name(&change.object) != wanted {
                continue;
            }
            if change.kind == WatchKind::Deleted {
                return Err(Failure::plain("object has been deleted"));
            }
            if self.say(&change.object, out)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn say(&self, object: &Value, out: &mut String) -> Answer<bool> {
        let (sentence, done) = status(object, self.revision)?;
        out.push_str(&sentence);
        out.push('\n');
        Ok(done || !self.watch)
    }
}

/// Where a rollout stands, in a sentence, and whether it is done.
///
/// # Errors
/// The deadline is exceeded, the revision isn't the one asked for, or the kind of update can't be watched.
pub fn status(object: &Value, revision: i64) -> Answer<(String, bool)> {
    match text(object, "kind") {
        "DaemonSet" => daemon_set(object),
        "StatefulSet" => stateful_set(object),
        _ => deployment(object, revision),
    }
}

fn observed(object: &Value) -> bool {
    int(object, "metadata.generation") <= int(object, "status.observedGeneration")
}

fn deployment(object: &Value, revision: i64) -> Answer<(String, bool)> {
    let name = name(object);
    if revision > 0 {
        let running = entry(object, "metadata.annotations", "deployment.kubernetes.io/revision").unwrap_or("0");
        if running.parse() != Ok(revision) {
            return Err(Failure::Plain(format!("desired revision ({revision}) is different from the running revision ({running})")));
        }
    }
    if !observed(object) {
        return Ok(("Waiting for deployment spec update to be observed...".to_owned(), false));
    }
    if condition(object, "Progressing").is_some_and(|c| text(c, "reason") == "ProgressDeadlineExceeded") {
        return Err(Failure::Plain(format!("deployment {name:?} exceeded its progress deadline")));
    }
    let [replicas, updated, available] = ["replicas", "updatedReplicas", "availableReplicas"].map(|c| int(object, &format!("status.{c}")));
    let waiting = |what: String| Ok((format!("Waiting for deployment {name:?} rollout to finish: {what}..."), false));
    match at(object, "spec.replicas").as_i64() {
        Some(desired) if updated < desired => waiting(format!("{updated} out of {desired} new replicas have been updated")),
        _ if replicas > updated => waiting(format!("{} old replicas are pending termination", replicas - updated)),
        _ if available < updated => waiting(format!("{available} of {updated} updated replicas are available")),
        _ => Ok((format!("deployment {name:?} successfully rolled out"), true)),
    }
}

fn daemon_set(object: &Value) -> Answer<(String, bool)> {
    let name = name(object);
    if text(object, "spec.updateStrategy.type") != "RollingUpdate" {
        return Err(Failure::plain("rollout status is only available for RollingUpdate strategy type"));
    }
    if !observed(object) {
        return Ok(("Waiting for daemon set spec update to be observed...".to_owned(), false));
    }
    let [desired, updated, available] =
        ["desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable"].map(|c| int(object, &format!("status.{c}")));
    let waiting = |what: String| Ok((format!("Waiting for daemon set {name:?} rollout to finish: {what}..."), false));
    if updated < desired {
        waiting(format!("{updated} out of {desired} new pods have been updated"))
    } else if available < desired {
        waiting(format!("{available} of {desired} updated pods are available"))
    } else {
        Ok((format!("daemon set {name:?} successfully rolled out"), true))
    }
}

fn stateful_set(object: &Value) -> Answer<(String, bool)> {
    if text(object, "spec.updateStrategy.type") != "RollingUpdate" {
        return Err(Failure::plain("rollout status is only available for RollingUpdate strategy type"));
    }
    if int(object, "status.observedGeneration") == 0 || !observed(object) {
        return Ok(("Waiting for statefulset spec update to be observed...".to_owned(), false));
    }
    let [ready, updated] = ["readyReplicas", "updatedReplicas"].map(|c| int(object, &format!("status.{c}")));
    let desired = at(object, "spec.replicas").as_i64();
    if let Some(desired) = desired.filter(|desired| ready < *desired) {
        return Ok((format!("Waiting for {} pods to be ready...", desired - ready), false));
    }
    if at(object, "spec.updateStrategy.rollingUpdate").is_object() {
        if let (Some(desired), Some(partition)) = (desired, at(object, "spec.updateStrategy.rollingUpdate.partition").as_i64())
            && updated < desired - partition
        {
            let what = format!("{updated} out of {} new pods have been updated", desired - partition);
            return Ok((format!("Waiting for partitioned roll out to finish: {what}..."), false));
        }
        return Ok((format!("partitioned roll out complete: {updated} new pods have been updated..."), true));
    }
    let (current, update) = (text(object, "status.currentRevision"), text(object, "status.updateRevision"));
    if update != current {
        return Ok((format!("waiting for statefulset rolling update to complete {updated} pods at revision {update}..."), false));
    }
    let count = int(object, "status.currentReplicas");
    Ok((format!("statefulset rolling update complete {count} pods at revision {current}..."), true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(generation: i64, counts: [i64; 4], expected: &str) {
        let [desired, replicas, updated, available] = counts;
        let object = json!({"metadata": {"name": "web", "generation": generation}, "spec": {"replicas": desired}, "status": {
            "observedGeneration": 1, "replicas": replicas, "updatedReplicas": updated, "availableReplicas": available}});
        assert_eq!(status(&object, 0).map(|(s, _)| s), Ok(expected.to_owned()));
    }

    #[test]
    fn sentences() {
        check(2, [3, 3, 3, 3], "Waiting for deployment spec update to be observed...");
        check(1, [3, 3, 1, 3], "Waiting for deployment \"web\" rollout to finish: 1 out of 3 new replicas have been updated...");
        check(1, [3, 4, 3, 3], "Waiting for deployment \"web\" rollout to finish: 1 old replicas are pending termination...");
        check(1, [3, 3, 3, 2], "Waiting for deployment \"web\" rollout to finish: 2 of 3 updated replicas are available...");
        check(1, [3, 3, 3, 3], "deployment \"web\" successfully rolled out");
    }
}
