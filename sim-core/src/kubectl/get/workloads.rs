//! The rows of Deployments, ReplicaSets and their like. Mirrors `pkg/printers/internalversion/printers.go`, v1.36.

use serde_json::Value;

use super::{Cell, format_selector, labels_or_none, title_case_bool};
use crate::api::human_duration;
use crate::api::selector::Selector;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, condition, int, items, name, text};

/// Columns of Deployments.
pub const DEPLOYMENT: &str = "NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS* IMAGES* SELECTOR*";
/// Columns of ReplicaSets and ReplicationControllers.
pub const REPLICA_SET: &str = "NAME DESIRED CURRENT READY AGE CONTAINERS* IMAGES* SELECTOR*";
/// Columns of StatefulSets.
pub const STATEFUL_SET: &str = "NAME READY AGE CONTAINERS* IMAGES*";
/// Columns of DaemonSets.
pub const DAEMON_SET: &str = "NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE_SELECTOR AGE CONTAINERS* IMAGES* SELECTOR*";
/// Columns of Jobs.
pub const JOB: &str = "NAME STATUS COMPLETIONS DURATION AGE CONTAINERS* IMAGES* SELECTOR*";
/// Columns of CronJobs.
pub const CRON_JOB: &str = "NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST_SCHEDULE AGE CONTAINERS* IMAGES* SELECTOR*";

/// Columns of a `Scale`, the subresource.
pub const SCALE: &str = "NAME DESIRED AVAILABLE AGE";

/// The replicas that a spec asks for: 1 unless it says.
fn desired(object: &Value) -> i64 {
    at(object, "spec.replicas").as_i64().unwrap_or(1)
}

fn age(object: &Value, clock: &Clock) -> Cell {
    clock.since(text(object, "metadata.creationTimestamp"))
}

/// `CONTAINERS` and `IMAGES` of a pod template at a path.
pub fn containers(object: &Value, path: &str) -> [Cell; 2] {
    ["name", "image"].map(|key| items(object, path).iter().map(|c| text(c, key)).collect::<Vec<_>>().join(","))
}

const TEMPLATE: &str = "spec.template.spec.containers";

/// The cells of a Deployment.
pub fn deployment(object: &Value, clock: &Clock) -> Vec<Cell> {
    let [names, images] = containers(object, TEMPLATE);
    let selector = Selector::from_label_selector(at(object, "spec.selector"));
    vec![
        name(object).to_owned(),
        format!("{}/{}", int(object, "status.readyReplicas"), desired(object)),
        int(object, "status.updatedReplicas").to_string(),
        int(object, "status.availableReplicas").to_string(),
        age(object, clock),
        names,
        images,
        selector.map_or_else(|_| "<invalid>".to_owned(), |s| s.to_string()),
    ]
}

/// The cells of a ReplicaSet.
pub fn replica_set(object: &Value, clock: &Clock) -> Vec<Cell> {
    let selector = format_selector(at(object, "spec.selector"));
    replicas(object, clock, selector)
}

/// The cells of a ReplicationController, whose selector is a plain map.
pub fn replication_controller(object: &Value, clock: &Clock) -> Vec<Cell> {
    replicas(object, clock, labels_or_none(object, "spec.selector"))
}

fn replicas(object: &Value, clock: &Clock, selector: String) -> Vec<Cell> {
    let [names, images] = containers(object, TEMPLATE);
    vec![
        name(object).to_owned(),
        desired(object).to_string(),
        int(object, "status.replicas").to_string(),
        int(object, "status.readyReplicas").to_string(),
        age(object, clock),
        names,
        images,
        selector,
    ]
}

/// The cells of a `Scale`.
pub fn scale(object: &Value, clock: &Clock) -> Vec<Cell> {
    let [wanted, current] = ["spec.replicas", "status.replicas"].map(|path| int(object, path).to_string());
    vec![name(object).to_owned(), wanted, current, age(object, clock)]
}

/// The cells of a StatefulSet.
pub fn stateful_set(object: &Value, clock: &Clock) -> Vec<Cell> {
    let [names, images] = containers(object, TEMPLATE);
    let ready = format!("{}/{}", int(object, "status.readyReplicas"), desired(object));
    vec![name(object).to_owned(), ready, age(object, clock), names, images]
}

/// The cells of a DaemonSet.
pub fn daemon_set(object: &Value, clock: &Clock) -> Vec<Cell> {
    let [names, images] = containers(object, TEMPLATE);
    let counts = ["desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable"];
    let mut cells = vec![name(object).to_owned()];
    cells.extend(counts.map(|count| int(object, &format!("status.{count}")).to_string()));
    cells.push(labels_or_none(object, "spec.template.spec.nodeSelector"));
    cells.push(age(object, clock));
    cells.extend([names, images, format_selector(at(object, "spec.selector"))]);
    cells
}

/// The cells of a Job.
pub fn job(object: &Value, clock: &Clock) -> Vec<Cell> {
    let succeeded = int(object, "status.succeeded");
    let completions = match (at(object, "spec.completions").as_i64(), int(object, "spec.parallelism")) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{succeeded}/1 of {parallel}"),
        _ => format!("{succeeded}/1"),
    };
    let started = clock.epoch.parse(text(object, "status.startTime"));
    let ended = clock.epoch.parse(text(object, "status.completionTime")).unwrap_or(clock.now);
    let duration = started.map_or_else(String::new, |started| human_duration::human(ended.since(started)));
    let is = |kind: &str| condition(object, kind).is_some_and(|c| text(c, "status") == "True");
    let status = if is("Complete") {
        "Complete"
    } else if is("Failed") {
        "Failed"
    } else if at(object, "metadata.deletionTimestamp").is_string() {
        "Terminating"
    } else {
        ["Suspended", "FailureTarget", "SuccessCriteriaMet"].into_iter().find(|kind| is(kind)).unwrap_or("Running")
    };
    let [names, images] = containers(object, TEMPLATE);
    let selector = format_selector(at(object, "spec.selector"));
    vec![name(object).to_owned(), status.to_owned(), completions, duration, age(object, clock), names, images, selector]
}

/// The cells of a CronJob.
pub fn cron_job(object: &Value, clock: &Clock) -> Vec<Cell> {
    let [names, images] = containers(object, "spec.jobTemplate.spec.template.spec.containers");
    let last = match text(object, "status.lastScheduleTime") {
        "" => "<none>".to_owned(),
        at => clock.since(at),
    };
    vec![
        name(object).to_owned(),
        text(object, "spec.schedule").to_owned(),
        super::or_none(text(object, "spec.timeZone")),
        title_case_bool(at(object, "spec.suspend")),
        items(object, "status.active").len().to_string(),
        last,
        age(object, clock),
        names,
        images,
        format_selector(at(object, "spec.jobTemplate.spec.selector")),
    ]
}
