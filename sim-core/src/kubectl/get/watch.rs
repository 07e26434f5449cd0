//! `kubectl get -w`: a table, then a row for each change, until time or the user ends it. Mirrors `(*GetOptions).watch` of
//! `staging/src/k8s.io/kubectl/pkg/cmd/get/get.go`, v1.36.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Style;
use crate::api::resources::Resource;
use crate::api::selector::Selector;
use crate::kernel::time::SimTime;
use crate::kubectl::age::Clock;
use crate::kubectl::api::{Api, WatchEvent, WatchKind};
use crate::kubectl::failure::{Answer, Failure};
use crate::kubectl::field::{at, name, namespace};
use crate::kubectl::field_selector::{self, FieldSelector};
use crate::kubectl::output::{Output, shown};
use crate::kubectl::table::Table;
use crate::kubectl::target::{self, Named, Rules};
use crate::kubectl::{Call, Next, Progress, Session};

/// A watch under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    resource: &'static Resource,
    ns: Option<String>,
    name: Option<String>,
    labels: Selector,
    fields: FieldSelector,
    since: u64,
    deadline: Option<SimTime>,
    output: Output,
    style: Style,
    events: bool,
    managed_fields: bool,
    table: Table,
    headed: bool,
    printed: bool,
    /// Objects that matched the selectors: when one ceases to, the server says DELETED.
    known: BTreeSet<(String, String)>,
}

/// Prints what is there and begins to watch.
pub fn start(call: &mut Call<'_>, output: Output) -> Answer<Next> {
    let args = call.flags.args.clone();
    let (resource, name) = match target::parse(&args)? {
        Named::Types(types) => match types.as_slice() {
            [one] => (*one, None),
            _ => return Err(Failure::plain("you may only specify a single resource type")),
        },
        Named::Objects(mut names) => match (names.pop(), names.is_empty()) {
            (Some((resource, name)), true) => (resource, Some(name)),
            (Some((resource, _)), false) if names.iter().all(|(r, _)| *r == resource) => {
                return Err(Failure::plain(
                    "watch is only supported on individual resources and resource collections - more than 1 resource was found",
                ));
            }
            _ => return Err(Failure::plain("you may only specify a single resource type")),
        },
        Named::Nothing => return Err(Failure::not_simulated("kubectl get --watch with --filename")),
    };
    let targets = target::find(call, &args, Rules { type_alone: true, ..Rules::default() })?;
    if let Some(failure) = Failure::all(targets.failures.clone()) {
        return if failure.is_not_found() && call.flags.on("ignore-not-found") { Ok(Next::Done) } else { Err(failure) };
    }
    let wide = matches!(output, Output::Human { wide: true });
    let all = !resource.namespaced || call.flags.on("all-namespaces");
    let mut watch = Watch {
        resource,
        ns: (!all).then(|| call.namespace().to_owned()),
        name,
        labels: target::selector(call, resource)?,
        fields: field_selector::parse(resource, call.flags.text("selector"), call.flags.text("field-selector"))?,
        since: call.api.revision(),
        deadline: call.request_deadline()?,
        style: Style::of(&call.flags, wide),
        output,
        events: call.flags.on("output-watch-events"),
        managed_fields: call.flags.on("show-managed-fields"),
        table: Table::default(),
        headed: call.flags.on("no-headers"),
        printed: false,
        known: BTreeSet::new(),
    };
    let clock = call.clock();
    let objects: Vec<Value> = targets.infos().into_iter().map(|info| info.object).collect();
    watch.known.extend(objects.iter().map(key));
    if !call.flags.on("watch-only") {
        let shown: Vec<(WatchKind, &Value)> = objects.iter().map(|o| (WatchKind::Added, o)).collect();
        let text = watch.print(&shown, &clock);
        call.out.push_str(&text);
    }
    Ok(Next::Wait(Session::Get(Box::new(watch))))
}

fn key(object: &Value) -> (String, String) {
    (namespace(object).to_owned(), name(object).to_owned())
}

impl Watch {
    /// Prints what has changed since the last look.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        let clock = Clock { now: api.now(), epoch: api.epoch() };
        let changes = api.changes(self.resource, self.ns.as_deref(), self.since);
        let mut progress = Progress::waiting(self.deadline);
        for change in &changes {
            self.since = self.since.max(change.revision);
            if let Some(kind) = self.seen_as(change) {
                let text = self.print(&[(kind, &change.object)], &clock);
                progress.output.stdout.push_str(&text);
            }
        }
        if self.deadline.is_some_and(|deadline| deadline <= clock.now) {
            progress.done = true;
        }
        progress
    }

    /// The event as a watch with these selectors gets it; `None` if it isn't for this watch.
    fn seen_as(&mut self, change: &WatchEvent) -> Option<WatchKind> {
        let object = &change.object;
        if self.name.as_deref().is_some_and(|wanted| wanted != name(object)) {
            return None;
        }
        let matches = self.labels.matches(at(object, "metadata.labels")) && self.fields.matches(object);
        let known = self.known.contains(&key(object));
        if change.kind == WatchKind::Deleted || !matches {
            self.known.remove(&key(object));
            return (known || (matches && change.kind == WatchKind::Deleted)).then_some(WatchKind::Deleted);
        }
        self.known.insert(key(object));
        Some(if known { WatchKind::Modified } else { WatchKind::Added })
    }

    fn print(&mut self, objects: &[(WatchKind, &Value)], clock: &Clock) -> String {
        if objects.is_empty() {
            return String::new();
        }
        if !matches!(self.output, Output::Human { .. }) {
            let mut text = String::new();
            for (_, object) in objects {
                if self.printed && self.output == Output::Yaml {
                    text.push_str("---\n");
                }
                self.printed = true;
                text.push_str(&self.output.object(&shown((*object).clone(), self.managed_fields)).unwrap_or_default());
            }
            return text;
        }
        let mut rows = Vec::new();
        if !self.headed {
            self.headed = true;
            let mut header = self.style.header(self.resource);
            if self.events {
                header.insert(0, "EVENT".to_owned());
            }
            rows.push(header);
        }
        for (kind, object) in objects {
            let mut row = self.style.row(self.resource, object, clock);
            if self.events {
                row.insert(0, kind.as_str().to_owned());
            }
            rows.push(row);
        }
        self.table.lay_out(&rows)
    }
}
