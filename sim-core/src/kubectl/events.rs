//! `kubectl events`: what happened, the latest last, or as it happens. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/events`, v1.36.

use serde_json::{Value, json};

use super::age::Clock;
use super::api::{Api, WatchKind};
use super::describe::events::age;
use super::failure::{Answer, Failure};
use super::field::{namespace, text};
use super::flags::{Flag, short, short_switch, switch, value};
use super::output::Output;
use super::sorting::go_sort;
use super::table::Table;
use super::target;
use super::{Call, Next, Progress, Session};
use crate::api::resources::Resource;
use crate::api::selector::Selector;
use crate::kernel::time::SimTime;

/// The flags of `events`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short_switch("all-namespaces", 'A'),
    short_switch("watch", 'w'),
    switch("no-headers"),
    switch("show-managed-fields"),
    value("for"),
    value("types"),
    value("chunk-size"),
];

/// Which events are wanted.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    types: Vec<String>,
    about: Option<(&'static Resource, String)>,
}

impl Wanted {
    fn matches(&self, event: &Value) -> bool {
        let of_type = self.types.is_empty() || self.types.iter().any(|wanted| wanted.eq_ignore_ascii_case(text(event, "type")));
        let of_object = self.about.as_ref().is_none_or(|(resource, name)| {
            text(event, "involvedObject.kind") == resource.kind
                && text(event, "involvedObject.apiVersion") == resource.api_version()
                && text(event, "involvedObject.name") == name
        });
        of_type && of_object
    }
}

/// The table of events.
#[derive(Clone, Debug, PartialEq)]
struct Printer {
    output: Output,
    namespaces: bool,
    headed: bool,
    table: Table,
    printed: bool,
}

impl Printer {
    fn print(&mut self, events: &[&Value], clock: &Clock) -> String {
        let mut rows: Vec<Vec<String>> = Vec::new();
        if !std::mem::replace(&mut self.headed, true) {
            let header = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"].map(str::to_owned);
            rows.push(self.namespaces.then(|| "NAMESPACE".to_owned()).into_iter().chain(header).collect());
        }
        for event in events {
            let object = format!("{}/{}", text(event, "involvedObject.kind"), text(event, "involvedObject.name"));
            let cells = [
                age(event, clock),
                text(event, "type").to_owned(),
                text(event, "reason").to_owned(),
                object,
                text(event, "message").trim().to_owned(),
            ];
            rows.push(self.namespaces.then(|| namespace(event).to_owned()).into_iter().chain(cells).collect());
        }
        self.table.lay_out(&rows)
    }

    /// One event of a watch.
    fn one(&mut self, event: &Value, clock: &Clock) -> String {
        let Some(object) = self.output.object(event) else { return self.print(&[event], clock) };
        let line = if self.output == Output::Yaml && self.printed { "---\n" } else { "" };
        self.printed = true;
        format!("{line}{object}")
    }
}

/// Runs `kubectl events`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let about = match call.flags.get("for").filter(|object| !object.is_empty()) {
        Some(object) => Some(subject(object)?),
        None => None,
    };
    let output = Output::of(&call.flags, false)?;
    let wanted = Wanted { types: call.flags.list("types"), about };
    if wanted.types.iter().any(|wanted| !["normal", "warning"].contains(&wanted.to_lowercase().as_str())) {
        return Err(Failure::plain("valid --types are Normal or Warning"));
    }
    let everywhere = call.flags.on("all-namespaces");
    let ns = call.namespace().to_owned();
    let scope = (!everywhere).then(|| ns.clone());
    let headed = call.flags.on("no-headers");
    let mut printer = Printer { output, namespaces: everywhere, headed, table: Table::default(), printed: false };
    let since = call.api.revision();
    let mut events = call.api.list(target::resource("events")?, scope.as_deref(), &Selector::default())?;
    events.retain(|event| wanted.matches(event));
    let clock = call.clock();
    if call.flags.on("watch") {
        // A watch without a starting point begins with what is there.
        events.iter().for_each(|event| call.out.push_str(&printer.one(event, &clock)));
        let deadline = call.request_deadline()?;
        return Ok(Next::Wait(Session::Events(Box::new(Watch { wanted, printer, ns: scope, since, deadline }))));
    }
    if events.is_empty() {
        call.err.push_str(&if everywhere { "No events found.\n".to_owned() } else { format!("No events found in {ns} namespace.\n") });
        return Ok(Next::Done);
    }
    let when = |i: usize| clock.epoch.parse(latest(&events[i]));
    let sorted: Vec<&Value> = go_sort(events.len(), &|a, b| when(a) < when(b)).into_iter().map(|i| &events[i]).collect();
    let list = json!({"apiVersion": "v1", "items": sorted, "kind": "EventList", "metadata": {}});
    let text = printer.output.object(&list).unwrap_or_else(|| printer.print(&sorted, &clock));
    call.out.push_str(&text);
    Ok(Next::Done)
}

/// `events -w` under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    wanted: Wanted,
    printer: Printer,
    ns: Option<String>,
    since: u64,
    deadline: Option<SimTime>,
}

impl Watch {
    /// Prints what has happened since the last look. That old events go is not worth a line.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        let clock = Clock { now: api.now(), epoch: api.epoch() };
        let mut progress = Progress::waiting(self.deadline);
        let Ok(resource) = target::resource("events") else { return progress };
        for change in api.changes(resource, self.ns.as_deref(), self.since) {
            self.since = self.since.max(change.revision);
            if change.kind != WatchKind::Deleted && self.wanted.matches(&change.object) {
                progress.output.stdout.push_str(&self.printer.one(&change.object, &clock));
            }
        }
        progress.done = self.deadline.is_some_and(|deadline| deadline <= clock.now);
        progress
    }
}

/// When an event was seen last.
fn latest(event: &Value) -> &str {
    let times = ["series.lastObservedTime", "lastTimestamp", "eventTime"].map(|field| text(event, field));
    times.into_iter().find(|time| !time.is_empty()).unwrap_or_default()
}

/// `pod/web-1`: a kind and a name.
fn subject(object: &str) -> Answer<(&'static Resource, String)> {
    let parts: Vec<&str> = object.split('/').collect();
    match parts[..] {
        [_] => Err(Failure::plain("--for must be in resource/name form")),
        [kind, name] => Ok((target::resource(kind)?, name.to_owned())),
        _ => Err(Failure::plain("arguments in resource/name form may not have more than one slash")),
    }
}
