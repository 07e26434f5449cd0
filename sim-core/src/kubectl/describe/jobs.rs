//! `kubectl describe job` and `cronjob`. Mirrors `describeJob` and `describeCronJob` of
//! `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::Page;
use super::page::{number_or, title_case};
use super::template::{self, selector_text};
use super::workloads::controlled_by;
use crate::api::human_duration;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, int, items, name, namespace, plain, text};

/// After how many characters the list of completed indexes is cut, at the next comma.
const INDEXES_SHOWN: usize = 50;

/// Writes a Job.
pub fn job(page: &mut Page, object: &Value, clock: &Clock) {
    page.field("Name", name(object));
    page.field("Namespace", namespace(object));
    page.field("Selector", selector(at(object, "spec.selector")));
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    controlled_by(page, object);
    let spec = at(object, "spec");
    let if_set = |page: &mut Page, label: &str, key: &str| {
        if !at(spec, key).is_null() {
            page.field(label, plain(at(spec, key)));
        }
    };
    if_set(page, "Parallelism", "parallelism");
    page.field("Completions", number_or(spec, "completions", "<unset>"));
    if_set(page, "Completion Mode", "completionMode");
    if_set(page, "Suspend", "suspend");
    if_set(page, "Backoff Limit", "backoffLimit");
    if_set(page, "TTL Seconds After Finished", "ttlSecondsAfterFinished");
    times(page, object, clock);
    deadline(page, spec);
    page.field("Pods Statuses", statuses(at(object, "status")));
    if text(spec, "completionMode") == "Indexed" {
        page.field("Completed Indexes", capped(text(object, "status.completedIndexes"), INDEXES_SHOWN));
    }
    template::describe(page, at(spec, "template"), clock);
}

fn times(page: &mut Page, object: &Value, clock: &Clock) {
    let (started, completed) = (text(object, "status.startTime"), text(object, "status.completionTime"));
    for (label, time) in [("Start Time", started), ("Completed At", completed)] {
        if !time.is_empty() {
            page.field(label, clock.rfc1123(time));
        }
    }
    if let (Some(from), Some(to)) = (clock.epoch.parse(started), clock.epoch.parse(completed)) {
        page.field("Duration", human_duration::human(to.since(from)));
    }
}

fn deadline(page: &mut Page, spec: &Value) {
    if !at(spec, "activeDeadlineSeconds").is_null() {
        page.line(0, format!("Active Deadline Seconds:\t{}s", int(spec, "activeDeadlineSeconds")));
    }
}

/// `1 Active (1 Ready) / 0 Succeeded / 0 Failed`.
fn statuses(status: &Value) -> String {
    let [active, succeeded, failed] = ["active", "succeeded", "failed"].map(|key| int(status, key));
    let ready = if at(status, "ready").is_null() { String::new() } else { format!(" ({} Ready)", int(status, "ready")) };
    format!("{active} Active{ready} / {succeeded} Succeeded / {failed} Failed")
}

/// `0-4,7,…`, cut at the first comma after `limit` characters: the rest of a long list is `...`.
fn capped(indexes: &str, limit: usize) -> String {
    if indexes.is_empty() {
        return "<none>".to_owned();
    }
    match indexes.get(limit..).and_then(|rest| rest.find(',')) {
        Some(comma) => format!("{}...", &indexes[..=limit + comma]),
        None => indexes.to_owned(),
    }
}

fn selector(selector: &Value) -> String {
    match crate::api::selector::Selector::from_label_selector(selector) {
        Ok(_) => selector_text(selector),
        Err(why) => format!("Failed to get selector: {why}"),
    }
}

/// Writes a CronJob.
pub fn cron_job(page: &mut Page, object: &Value, clock: &Clock) {
    page.head_in_namespace(object);
    let spec = at(object, "spec");
    page.field("Schedule", text(spec, "schedule"));
    page.field("Concurrency Policy", text(spec, "concurrencyPolicy"));
    page.field("Suspend", at(spec, "suspend").as_bool().map_or("<unset>", title_case));
    page.field("Time Zone", at(spec, "timeZone").as_str().unwrap_or("<unset>"));
    page.field("Successful Job History Limit", number_or(spec, "successfulJobsHistoryLimit", "<unset>"));
    page.field("Failed Job History Limit", number_or(spec, "failedJobsHistoryLimit", "<unset>"));
    let starting = at(spec, "startingDeadlineSeconds").as_i64();
    page.field("Starting Deadline Seconds", starting.map_or_else(|| "<unset>".to_owned(), |seconds| format!("{seconds}s")));
    job_template(page, at(spec, "jobTemplate.spec"), clock);
    let last = text(object, "status.lastScheduleTime");
    page.field("Last Schedule Time", if last.is_empty() { "<unset>".to_owned() } else { clock.rfc1123(last) });
    let active: Vec<&str> = items(object, "status.active").iter().map(|job| text(job, "name")).collect();
    page.field("Active Jobs", if active.is_empty() { "<none>".to_owned() } else { active.join(", ") });
}

fn job_template(page: &mut Page, spec: &Value, clock: &Clock) {
    page.field("Selector", if at(spec, "selector").is_null() { "<unset>".to_owned() } else { selector(at(spec, "selector")) });
    page.field("Parallelism", number_or(spec, "parallelism", "<unset>"));
    page.field("Completions", number_or(spec, "completions", "<unset>"));
    deadline(page, spec);
    template::describe(page, at(spec, "template"), clock);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn indexes_are_cut_at_a_comma() {
        assert_eq!(capped("", 5), "<none>");
        assert_eq!(capped("0-4", 5), "0-4");
        assert_eq!(capped("0,1,2,3,4", 5), "0,1,2,...");
        assert_eq!(capped("0,1,23456", 5), "0,1,23456");
    }

    #[test]
    fn ready_pods_are_told_when_known() {
        assert_eq!(statuses(&json!({"active": 2})), "2 Active / 0 Succeeded / 0 Failed");
        assert_eq!(statuses(&json!({"active": 2, "ready": 0, "failed": 1})), "2 Active (0 Ready) / 0 Succeeded / 1 Failed");
    }
}
