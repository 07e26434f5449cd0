//! The row of a pod. Mirrors `printPod` of `pkg/printers/internalversion/printers.go`, v1.36; what its words are made of is in `pod_summary`.

use serde_json::Value;

use super::pod_summary::{Seen, Summary};
use super::{Cell, or_none};
use crate::kubectl::age::Clock;
use crate::kubectl::field::{condition, items, name, text};

/// Columns of pods; the last four are wide.
pub const COLUMNS: &str = "NAME READY STATUS RESTARTS AGE IP* NODE* NOMINATED_NODE* READINESS_GATES*";

/// What the column STATUS says of a pod.
pub fn status(pod: &Value) -> String {
    Summary::of(&Seen::of_tree(pod)).reason
}

/// The cells of a pod.
pub fn row(pod: &Value, clock: &Clock) -> Vec<Cell> {
    let seen = Seen::of_tree(pod);
    let summary = Summary::of(&seen);
    let restarts = match (summary.restarts, summary.last_restart) {
        (0, _) | (_, "") => summary.restarts.to_string(),
        (count, last) => format!("{count} ({} ago)", clock.since(last)),
    };
    let mut cells = vec![name(pod).to_owned(), summary.ready_of_total(), summary.reason, restarts];
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
