//! The events at the end of a description. Mirrors `DescribeEvents` of `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::Page;
use crate::api::selector::Selector;
use crate::kubectl::age::Clock;
use crate::kubectl::api::Api;
use crate::kubectl::field::{at, int, name, namespace, text};
use crate::kubectl::sorting::go_sort;
use crate::kubectl::target;

/// The events about an object, in the server's order. `uids` are what `involvedObject.uid` may be; a pod's kind isn't asked for.
pub fn about(api: &dyn Api, object: &Value, uids: &[&str], with_kind: bool) -> Vec<Value> {
    let Ok(resource) = target::resource("events") else { return Vec::new() };
    let ns = namespace(object);
    let all = api.list(resource, (!ns.is_empty()).then_some(ns), &Selector::default()).unwrap_or_default();
    let mut found = Vec::new();
    for uid in uids {
        let concerns = |event: &&Value| {
            let involved = at(event, "involvedObject");
            text(involved, "name") == name(object)
                && text(involved, "namespace") == ns
                && text(involved, "uid") == *uid
                && (!with_kind || text(involved, "kind") == text(object, "kind"))
        };
        found.extend(all.iter().filter(concerns).cloned());
    }
    found
}

/// How long ago an event was seen, and how often since when: `3m (x4 over 7m)`.
pub fn age(event: &Value, clock: &Clock) -> String {
    let first = match text(event, "eventTime") {
        "" => clock.since(text(event, "firstTimestamp")),
        time => clock.since(time),
    };
    if at(event, "series").is_object() {
        let last = clock.since(text(event, "series.lastObservedTime"));
        format!("{last} (x{} over {first})", int(event, "series.count"))
    } else if int(event, "count") > 1 {
        format!("{} (x{} over {first})", clock.since(text(event, "lastTimestamp")), int(event, "count"))
    } else {
        first
    }
}

/// Writes the table of events, oldest first.
pub fn describe(page: &mut Page, events: &[Value], clock: &Clock) {
    if events.is_empty() {
        page.line(0, "Events:\t<none>");
        return;
    }
    page.flush();
    page.line(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage");
    page.line(1, "----\t------\t----\t----\t-------");
    let when = |i: usize| clock.epoch.parse(text(&events[i], "lastTimestamp"));
    for i in go_sort(events.len(), &|a, b| when(a) < when(b)) {
        let event = &events[i];
        let age = age(event, clock);
        let from = match text(event, "source.component") {
            "" => text(event, "reportingComponent"),
            component => component,
        };
        let message = text(event, "message").trim();
        let message = match text(event, "involvedObject.fieldPath") {
            "" => message.to_owned(),
            path => format!("{path}: {message}"),
        };
        page.line(1, format!("{}\t{}\t{age}\t{from}\t{message}", text(event, "type"), text(event, "reason")));
    }
}
