//! The row of a pod: how many containers are ready, and one word for what it is doing. Mirrors `printPod` of
//! `pkg/printers/internalversion/printers.go`, v1.36.

use serde_json::Value;

use super::{Cell, or_none};
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, condition, flag, int, items, name, text};

/// Columns of pods; the last four are wide.
pub const COLUMNS: &str = "NAME READY STATUS RESTARTS AGE IP* NODE* NOMINATED_NODE* READINESS_GATES*";

/// What the STATUS column, the READY column and the RESTARTS column say.
struct Summary<'a> {
    reason: String,
    ready: i64,
    total: usize,
    restarts: i64,
    last_restart: &'a str,
}

/// What the column STATUS says of a pod.
pub fn status(pod: &Value) -> String {
    summarize(pod).reason
}

/// The cells of a pod.
pub fn row(pod: &Value, clock: &Clock) -> Vec<Cell> {
    let summary = summarize(pod);
    let restarts = match (summary.restarts, summary.last_restart) {
        (0, _) | (_, "") => summary.restarts.to_string(),
        (count, last) => format!("{count} ({} ago)", clock.since(last)),
    };
    let mut cells = vec![name(pod).to_owned(), format!("{}/{}", summary.ready, summary.total), summary.reason, restarts];
    cells.push(clock.since(text(pod, "metadata.creationTimestamp")));
    cells.push(or_none(items(pod, "status.podIPs").first().map_or("", |ip| text(ip, "ip"))));
    cells.push(or_none(text(pod, "spec.nodeName")));
    cells.push(or_none(text(pod, "status.nominatedNodeName")));
    cells.push(readiness_gates(pod));
    cells
}

fn readiness_gates(pod: &Value) -> String {
    let gates = items(pod, "spec.readinessGates");
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let passed = gates.iter().filter(|gate| condition(pod, text(gate, "conditionType")).is_some_and(is_true)).count();
    format!("{passed}/{}", gates.len())
}

fn is_true(condition: &Value) -> bool {
    text(condition, "status") == "True"
}

fn restartable(container: Option<&Value>) -> bool {
    container.is_some_and(|c| text(c, "restartPolicy") == "Always")
}

fn summarize(pod: &Value) -> Summary<'_> {
    let inits = items(pod, "spec.initContainers");
    let reason = match text(pod, "status.reason") {
        "" => text(pod, "status.phase"),
        reason => reason,
    };
    let gated = condition(pod, "PodScheduled").is_some_and(|c| text(c, "reason") == "SchedulingGated");
    let sidecars = inits.iter().filter(|c| restartable(Some(c))).count();
    let mut summary = Summary {
        reason: if gated { "SchedulingGated" } else { reason }.to_owned(),
        ready: 0,
        total: items(pod, "spec.containers").len() + sidecars,
        restarts: 0,
        last_restart: "",
    };
    let (initializing, of_sidecars) = initialize(pod, inits, &mut summary);
    if !initializing || condition(pod, "Initialized").is_some_and(is_true) {
        (summary.restarts, summary.last_restart) = of_sidecars;
        run(pod, &mut summary);
    }
    let phase = text(pod, "status.phase");
    if at(pod, "metadata.deletionTimestamp").is_string() {
        if text(pod, "status.reason") == "NodeLost" {
            summary.reason = "Unknown".to_owned();
        } else if !matches!(phase, "Succeeded" | "Failed") {
            summary.reason = "Terminating".to_owned();
        }
    }
    summary
}

/// Goes through the init containers up to the first that isn't done. Answers whether there is one, and the restarts of sidecars alone.
fn initialize<'a>(pod: &'a Value, inits: &[Value], summary: &mut Summary<'a>) -> (bool, (i64, &'a str)) {
    let mut of_sidecars = (0, "");
    for (i, status) in items(pod, "status.initContainerStatuses").iter().enumerate() {
        let sidecar = restartable(inits.iter().find(|c| text(c, "name") == text(status, "name")));
        let finished = text(status, "lastState.terminated.finishedAt");
        summary.restarts += int(status, "restartCount");
        summary.last_restart = summary.last_restart.max(finished);
        if sidecar {
            of_sidecars = (of_sidecars.0 + int(status, "restartCount"), of_sidecars.1.max(finished));
        }
        let terminated = at(status, "state.terminated");
        let waiting = text(status, "state.waiting.reason");
        if terminated.is_object() && int(terminated, "exitCode") == 0 {
            continue;
        }
        if sidecar && flag(status, "started") {
            summary.ready += i64::from(flag(status, "ready"));
            continue;
        }
        summary.reason = if terminated.is_object() {
            format!("Init:{}", how_it_ended(terminated))
        } else if !matches!(waiting, "" | "PodInitializing") {
            format!("Init:{waiting}")
        } else {
            format!("Init:{i}/{}", inits.len())
        };
        return (true, of_sidecars);
    }
    (false, of_sidecars)
}

/// Goes through the containers, last to first: the first one that has something to say wins.
fn run<'a>(pod: &'a Value, summary: &mut Summary<'a>) {
    let mut running = false;
    let mut failed = String::new();
    for status in items(pod, "status.containerStatuses").iter().rev() {
        summary.restarts += int(status, "restartCount");
        summary.last_restart = summary.last_restart.max(text(status, "lastState.terminated.finishedAt"));
        let terminated = at(status, "state.terminated");
        let waiting = text(status, "state.waiting.reason");
        if !waiting.is_empty() {
            summary.reason = waiting.to_owned();
        } else if terminated.is_object() {
            summary.reason = how_it_ended(terminated);
            if int(terminated, "exitCode") != 0 {
                failed.clone_from(&summary.reason);
            }
        } else if flag(status, "ready") && at(status, "state.running").is_object() {
            running = true;
            summary.ready += 1;
        }
    }
    if summary.reason == "Completed" {
        if running && condition(pod, "Ready").is_some_and(is_true) {
            summary.reason = "Running".to_owned();
        } else if !failed.is_empty() {
            summary.reason = failed;
        } else if running {
            summary.reason = "NotReady".to_owned();
        }
    }
}

fn how_it_ended(terminated: &Value) -> String {
    match (text(terminated, "reason"), int(terminated, "signal")) {
        ("", 0) => format!("ExitCode:{}", int(terminated, "exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::{Epoch, SimTime};
    use serde_json::json;

    fn check(status: Value, deleted: bool, expected: &str) {
        let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}], "initContainers": [{"name": "i"}]}});
        pod["status"] = status;
        if deleted {
            pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        let clock = Clock { now: SimTime::from_secs(60), epoch: Epoch::default() };
        assert_eq!(row(&pod, &clock)[1..4].join(" "), expected);
    }

    #[test]
    fn words() {
        check(json!({"phase": "Pending"}), false, "0/1 Pending 0");
        let creating = json!({"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]});
        check(creating.clone(), false, "0/1 ContainerCreating 0");
        check(creating, true, "0/1 Terminating 0");
        check(json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"running": {}}}]}), false, "0/1 Init:0/1 0");
        let ended = json!({"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T00:00:55Z"}});
        let status = json!({"restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ended});
        let crash = json!({"phase": "Running", "containerStatuses": [status]});
        check(crash, false, "0/1 CrashLoopBackOff 2 (5s ago)");
        let done = json!({"phase": "Succeeded", "containerStatuses": [{"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]});
        check(done, true, "0/1 Completed 0");
        check(json!({"phase": "Running", "containerStatuses": [{"ready": true, "state": {"running": {}}}]}), false, "1/1 Running 0");
    }
}
