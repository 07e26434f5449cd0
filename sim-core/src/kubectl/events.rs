//! `kubectl events`: what happened, the latest last. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/events`, v1.36.

use serde_json::Value;

use super::age::Clock;
use super::describe::events::age;
use super::failure::{Answer, Failure};
use super::field::{namespace, text};
use super::flags::{Flag, refused, short, short_switch, switch, value};
use super::sorting::go_sort;
use super::table::Table;
use super::target;
use super::{Call, Next};
use crate::api::selector::Selector;

/// The flags of `events`.
pub const FLAGS: &[Flag] = &[
    short_switch("all-namespaces", 'A'),
    switch("no-headers"),
    value("for"),
    value("types"),
    value("chunk-size"),
    refused("watch"),
    short("output", 'o'),
];

/// Runs `kubectl events`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    if call.flags.has("output") {
        return Err(Failure::not_simulated("kubectl events --output"));
    }
    let types = call.flags.list("types");
    if types.iter().any(|wanted| !["normal", "warning"].contains(&wanted.to_lowercase().as_str())) {
        return Err(Failure::plain("valid --types are Normal or Warning"));
    }
    let about = match call.flags.get("for") {
        Some(object) => Some(subject(object)?),
        None => None,
    };
    let everywhere = call.flags.on("all-namespaces");
    let ns = call.namespace().to_owned();
    let mut events = call.api.list(target::resource("events")?, (!everywhere).then_some(ns.as_str()), &Selector::default())?;
    events.retain(|event| {
        let of_type = types.is_empty() || types.iter().any(|wanted| wanted.eq_ignore_ascii_case(text(event, "type")));
        let of_object = about.as_ref().is_none_or(|(kind, name)| {
            text(event, "involvedObject.kind").eq_ignore_ascii_case(kind) && text(event, "involvedObject.name") == name
        });
        of_type && of_object
    });
    if events.is_empty() {
        call.err.push_str(&if everywhere { "No events found.\n".to_owned() } else { format!("No events found in {ns} namespace.\n") });
        return Ok(Next::Done);
    }
    let clock = Clock { now: call.api.now(), epoch: call.api.epoch() };
    let when = |i: usize| clock.epoch.parse(latest(&events[i]));
    let order = go_sort(events.len(), &|a, b| when(a) < when(b));
    let header = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"].map(str::to_owned);
    let mut rows: Vec<Vec<String>> = Vec::new();
    if !call.flags.on("no-headers") {
        rows.push(everywhere.then(|| "NAMESPACE".to_owned()).into_iter().chain(header).collect());
    }
    for event in order.into_iter().map(|i| &events[i]) {
        let object = format!("{}/{}", text(event, "involvedObject.kind"), text(event, "involvedObject.name"));
        let cells = [
            age(event, &clock),
            text(event, "type").to_owned(),
            text(event, "reason").to_owned(),
            object,
            text(event, "message").trim().to_owned(),
        ];
        rows.push(everywhere.then(|| namespace(event).to_owned()).into_iter().chain(cells).collect());
    }
    call.out.push_str(&Table::default().lay_out(&rows));
    Ok(Next::Done)
}

/// When an event was seen last.
fn latest(event: &Value) -> &str {
    let times = ["series.lastObservedTime", "lastTimestamp", "eventTime"].map(|field| text(event, field));
    times.into_iter().find(|time| !time.is_empty()).unwrap_or_default()
}

/// `pod/web-1`: a kind and a name.
fn subject(object: &str) -> Answer<(&'static str, String)> {
    let (word, name) =
        object.split_once('/').filter(|(_, name)| !name.is_empty()).ok_or_else(|| Failure::plain("--for must be in resource/name form"))?;
    Ok((target::resource(word)?.kind, name.to_owned()))
}
