//! `kubectl label` and `kubectl annotate`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/{label,annotate}`, v1.36.

use serde_json::{Map, Value, json};

use super::api::PatchKind;
use super::failure::{Answer, Failure};
use super::field::{entry, map_mut, pairs};
use super::flags::{Flag, optional, refused, short_switch, switch, value};
use super::target::{self, Info, Rules, nothing_named};
use super::{Call, DryRun, Next};
use crate::api::selector::label_value_errors;

/// The flags of `label` and `annotate`.
pub const FLAGS: &[Flag] = &[
    short_switch("all-namespaces", 'A'),
    switch("all"),
    switch("list"),
    switch("overwrite"),
    switch("record"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("field-manager"),
    value("field-selector"),
    value("resource-version"),
    refused("local"),
];

/// What is to be set and what is to be removed.
struct Changes {
    set: Vec<(String, String)>,
    remove: Vec<String>,
}

/// Resources come first; `k=v` and `k-` follow.
fn split_args(args: &[String], labels: bool) -> Answer<(Vec<String>, Changes)> {
    let is_change = |arg: &String| (arg.contains('=') && !arg.starts_with('=')) || (arg.ends_with('-') && arg.len() > 1);
    let first = args.iter().position(is_change).unwrap_or(args.len());
    let (resources, rest) = args.split_at(first);
    let mut changes = Changes { set: Vec::new(), remove: Vec::new() };
    let what = if labels { "label" } else { "annotation" };
    for arg in rest {
        if let Some((key, value)) = arg.split_once('=') {
            if labels && let Some(why) = label_value_errors(value).first() {
                return Err(Failure::Plain(format!("invalid label value: {arg:?}: {why}")));
            }
            changes.set.push((key.to_owned(), value.to_owned()));
        } else if let Some(key) = arg.strip_suffix('-') {
            changes.remove.push(key.to_owned());
        } else if labels {
            return Err(Failure::Plain(format!("unknown label spec: {arg}")));
        } else {
            return Err(Failure::Plain(format!("all resources must be specified before {what} changes: {arg}")));
        }
    }
    if let Some((key, _)) = changes.set.iter().find(|(key, _)| changes.remove.contains(key)) {
        return Err(Failure::Plain(format!(
            "can not both modify and remove {} in the same command",
            if labels { format!("a label {key}") } else { key.clone() }
        )));
    }
    Ok((resources.to_vec(), changes))
}

/// Runs `kubectl label`.
pub fn label(call: &mut Call<'_>) -> Answer<Next> {
    run(call, true)
}

/// Runs `kubectl annotate`.
pub fn annotate(call: &mut Call<'_>) -> Answer<Next> {
    run(call, false)
}

fn run(call: &mut Call<'_>, labels: bool) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let (args, changes) = split_args(&call.flags.args, labels)?;
    let listing = call.flags.on("list");
    if nothing_named(call, &args) {
        return Err(Failure::plain("one or more resources must be specified as <resource> <name> or <resource>/<name>"));
    }
    if changes.set.is_empty() && changes.remove.is_empty() && !listing {
        return Err(Failure::Plain(format!("at least one {} update is required", if labels { "label" } else { "annotation" })));
    }
    let mut targets = target::find(call, &args, Rules::default())?;
    let mut failures = std::mem::take(&mut targets.failures);
    let single = targets.single;
    if call.flags.has("resource-version") && !single {
        return Err(Failure::plain("--resource-version may only be used with a single resource"));
    }
    for info in targets.infos() {
        let path = if labels { "metadata.labels" } else { "metadata.annotations" };
        let answer = if listing { list(call, &info, path, single) } else { one(call, &info, &changes, labels, dry_run) };
        failures.extend(answer.err());
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

fn list(call: &mut Call<'_>, info: &Info, path: &str, single: bool) -> Answer<()> {
    if !single {
        let what = if path.ends_with("labels") { "labels" } else { "annotations" };
        call.out.push_str(&format!("Listing {what} for {}.{}/{}:\n", info.resource.kind, info.resource.group, info.name));
    }
    let indent = if single { "" } else { " " };
    for (key, value) in pairs(&info.object, path) {
        call.out.push_str(&format!("{indent}{key}={value}\n"));
    }
    Ok(())
}

fn one(call: &mut Call<'_>, info: &Info, changes: &Changes, labels: bool, dry_run: DryRun) -> Answer<()> {
    let path = if labels { "metadata.labels" } else { "metadata.annotations" };
    let current = |key: &str| entry(&info.object, path, key);
    let taken: Vec<String> = changes
        .set
        .iter()
        .filter(|(key, value)| current(key).is_some_and(|now| now != value))
        .map(|(key, _)| format!("'{key}' already has a value ({})", current(key).unwrap_or("")))
        .collect();
    if labels && dry_run != DryRun::Client {
        for key in changes.remove.iter().filter(|key| current(key).is_none()) {
            call.out.push_str(&format!("label {key:?} not found.\n"));
        }
    }
    if !taken.is_empty() && !call.flags.on("overwrite") {
        return Err(if labels {
            let all = taken.into_iter().map(|t| Failure::Plain(format!("{t}, and --overwrite is false"))).collect();
            Failure::all(all).expect("there is at least one")
        } else {
            Failure::Plain(format!("--overwrite is false but found the following declared annotation(s): {}", taken.join("; ")))
        });
    }
    let added = changes.set.iter().any(|(key, value)| current(key) != Some(value));
    let removed = changes.remove.iter().any(|key| current(key).is_some());
    let did = match (labels, added, removed) {
        (false, _, _) => "annotated",
        (true, true, true) => "modified",
        (true, true, false) => "labeled",
        (true, false, true) => "unlabeled",
        (true, false, false) => "not labeled",
    };
    let mut entries = Map::new();
    entries.extend(changes.set.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))));
    entries.extend(changes.remove.iter().filter(|key| current(key).is_some()).map(|key| (key.clone(), Value::Null)));
    let mut patch = json!({"metadata": {(if labels { "labels" } else { "annotations" }): entries}});
    call.note_cause(&mut patch);
    let version = call.flags.text("resource-version");
    if !version.is_empty() {
        map_mut(&mut patch, "metadata").insert("resourceVersion".into(), Value::from(version));
    }
    let mut object = info.object.clone();
    if dry_run != DryRun::Client && (added || removed) {
        let options = call.write_options(dry_run, if labels { "kubectl-label" } else { "kubectl-annotate" });
        let written = call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Merge, &patch, &options)?;
        call.warn(&written);
        object = written.object;
    }
    call.say(info.resource, &info.name, &object, did, dry_run)
}
