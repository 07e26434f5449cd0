//! `kubectl set subject` and `kubectl set selector`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/set/set_{subject,selector}.go`, v1.36.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::api::PatchKind;
use super::create::rbac;
use super::failure::{Answer, Failure};
use super::field::{at, items, map_mut};
use super::flags::{Flag, optional, refused, short, short_switch, switch, value};
use super::set::targets;
use super::target::Info;
use super::{Call, DryRun, Next, label_selector};
use crate::api::patch::three_way;

/// The flags of `set subject`.
pub const FLAGS: &[Flag] = &[
    switch("all"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("field-manager"),
    value("group"),
    value("serviceaccount"),
    value("user"),
    refused("local"),
];

/// The flags of `set selector`.
pub const SELECTOR_FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("filename", 'f'),
    short_switch("recursive", 'R'),
    switch("all"),
    switch("record"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("field-manager"),
    value("resource-version"),
    refused("local"),
];

/// Runs `kubectl set subject`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let args = call.flags.args.clone();
    let infos = targets(call, &args)?;
    if call.flags.on("all") && !call.flags.text("selector").is_empty() {
        return Err(Failure::plain("cannot set --all and --selector at the same time"));
    }
    let subjects = subjects(call, &infos)?;
    let mut failures = Vec::new();
    for info in infos {
        failures.extend(add(call, &info, &subjects, dry_run).err());
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// Who is to be added: users, groups and service accounts, each in order of their names.
fn subjects(call: &Call<'_>, infos: &[Info]) -> Answer<Vec<Value>> {
    let sorted = |flag: &str| call.flags.all(flag).iter().collect::<BTreeSet<_>>();
    let (users, groups, accounts) = (sorted("user"), sorted("group"), sorted("serviceaccount"));
    if users.is_empty() && groups.is_empty() && accounts.is_empty() {
        return Err(Failure::plain("you must specify at least one value of user, group or serviceaccount"));
    }
    let mut found: Vec<Value> = users.iter().map(|name| rbac::subject("User", name)).collect();
    found.extend(groups.iter().map(|name| rbac::subject("Group", name)));
    for account in accounts {
        let parts: Vec<&str> = account.split(':').collect();
        let [ns, name] = parts[..] else { return Err(Failure::plain("serviceaccount must be <namespace>:<name>")) };
        if name.is_empty() {
            return Err(Failure::plain("serviceaccount must be <namespace>:<name>"));
        }
        if ns.is_empty() && infos.iter().any(|info| info.resource.kind == "ClusterRoleBinding") {
            return Err(Failure::plain("serviceaccount must be <namespace>:<name>, namespace must be specified"));
        }
        found.push(rbac::service_account(if ns.is_empty() { call.namespace() } else { ns }, name));
    }
    Ok(found)
}

fn add(call: &mut Call<'_>, info: &Info, subjects: &[Value], dry_run: DryRun) -> Answer<()> {
    if !matches!(info.resource.kind, "RoleBinding" | "ClusterRoleBinding") {
        let why = "setting subjects is only supported for RoleBinding/ClusterRoleBinding";
        return Err(Failure::Plain(format!("error: {} {why}\n", info.plural_title())));
    }
    let known = items(&info.object, "subjects");
    let new: Vec<Value> = subjects.iter().filter(|subject| !known.contains(subject)).cloned().collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut changed = info.object.clone();
    changed["subjects"] = Value::Array([known, &new].concat());
    if dry_run == DryRun::Client {
        return call.say(info.resource, &info.name, &changed, "subjects updated", dry_run);
    }
    let patch = json!({"subjects": changed["subjects"]});
    let options = call.write_options(dry_run, "kubectl-set");
    match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Strategic, &patch, &options) {
        Ok(written) => {
            call.warn(&written);
            call.say(info.resource, &info.name, &written.object, "subjects updated", dry_run)
        }
        Err(error) => Err(Failure::Plain(format!("failed to patch subjects to rolebinding: {error}"))),
    }
}

/// Runs `kubectl set selector`.
pub fn selector(call: &mut Call<'_>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let Some((selector, resources)) = call.flags.args.split_last().map(|(last, rest)| (last.clone(), rest.to_vec())) else {
        return Err(Failure::plain("one selector is required"));
    };
    let selector = label_selector::parsed(&selector)?;
    for info in targets(call, &resources)? {
        select(call, &info, &selector, dry_run)?;
    }
    Ok(Next::Done)
}

fn select(call: &mut Call<'_>, info: &Info, selector: &Value, dry_run: DryRun) -> Answer<()> {
    if (info.resource.group, info.resource.plural) != ("", "services") {
        return Err(Failure::plain("setting a selector is only supported for Services"));
    }
    let expressions = items(selector, "matchExpressions");
    if !expressions.is_empty() {
        let shown: Vec<String> = expressions.iter().map(shown).collect();
        return Err(Failure::Plain(format!("match expression [{}] not supported on this object", shown.join(" "))));
    }
    let mut changed = info.object.clone();
    map_mut(&mut changed, "spec").insert("selector".into(), at(selector, "matchLabels").clone());
    call.note_cause(&mut changed);
    if dry_run == DryRun::Client {
        return call.say(info.resource, &info.name, &changed, "selector updated", dry_run);
    }
    let mut patch = three_way(info.resource, Some(&info.object), &changed, &info.object).map_err(Failure::Plain)?;
    let version = call.flags.text("resource-version");
    if !version.is_empty() {
        map_mut(&mut patch, "metadata").insert("resourceVersion".into(), Value::from(version));
    }
    let options = call.write_options(dry_run, "kubectl-set");
    let written = call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Strategic, &patch, &options)?;
    call.warn(&written);
    call.say(info.resource, &info.name, &written.object, "selector updated", dry_run)
}

/// A requirement as Go's `%v` prints the struct: `{key In [a b]}`.
fn shown(expression: &Value) -> String {
    let values: Vec<&str> = items(expression, "values").iter().filter_map(Value::as_str).collect();
    let word = |field: &str| super::field::text(expression, field).to_owned();
    format!("{{{} {} [{}]}}", word("key"), word("operator"), values.join(" "))
}
