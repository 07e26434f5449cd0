//! `kubectl set env`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/set/set_env.go` and `set/env/`, v1.36.
//!
//! Left out: variables from standard input (`-`), and `--local`.

use serde_json::{Value, json};

use super::api::PatchKind;
use super::emit::compact_json;
use super::failure::{Answer, Failure};
use super::field::{at, items, text};
use super::flags::{Flag, optional, refused, short, short_switch, switch, value};
use super::set::{containers_wanted, is_wanted, pod_spec, targets};
use super::target::{self, Info, Rules};
use super::{Call, DryRun, Next, environment};
use crate::api::defaults::base64_decode;
use crate::api::downward::{self, Subject};
use crate::api::patch::three_way;
use crate::api::quote::quote;
use std::collections::BTreeMap;

/// The flags of `set env`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("selector", 'l'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short("containers", 'c'),
    short("env", 'e'),
    short_switch("recursive", 'R'),
    switch("all"),
    switch("list"),
    switch("overwrite"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("field-manager"),
    value("from"),
    value("keys"),
    value("prefix"),
    switch("resolve"),
    refused("local"),
];

/// What is to be done to the variables of each container.
struct Changes {
    /// Variables as the API has them, in order.
    set: Vec<Value>,
    remove: Vec<String>,
}

/// Runs `kubectl set env`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    if call.flags.on("all") && !call.flags.text("selector").is_empty() {
        return Err(Failure::plain("cannot set --all and --selector at the same time"));
    }
    let (resources, given) = split(&call.flags.args)?;
    let dry_run = call.dry_run()?;
    let wrong = if resources.is_empty() && !call.flags.has("filename") {
        Some("one or more resources must be specified as <resource> <name> or <resource>/<name>")
    } else if call.flags.on("list") && call.flags.has("output") {
        Some("--list and --output may not be specified together")
    } else if call.flags.has("keys") && call.flags.text("from").is_empty() {
        Some("when specifying --keys, a configmap or secret must be provided with --from")
    } else {
        None
    };
    if let Some(why) = wrong {
        return Err(Failure::plain(why));
    }
    let mut changes = changes(call.flags.all("env").iter().chain(&given))?;
    let from = call.flags.text("from").to_owned();
    if !from.is_empty() {
        changes.set.extend(references(call, &from)?);
    }
    let prefix = call.flags.text("prefix").to_owned();
    for variable in &mut changes.set {
        variable["name"] = Value::from(format!("{prefix}{}", text(variable, "name")));
    }
    let mut failures = Vec::new();
    for info in targets(call, &resources)? {
        failures.extend(one(call, &info, &changes, dry_run).err());
    }
    // A list is a list, whatever else there was.
    if call.flags.on("list") { Ok(Next::Done) } else { Failure::all(failures).map_or(Ok(Next::Done), Err) }
}

/// Resources come first; `NAME=value` and `NAME-` follow.
fn split(args: &[String]) -> Answer<(Vec<String>, Vec<String>)> {
    let is_change = |arg: &String| arg.split_once('=').is_some_and(|(name, _)| !name.is_empty()) || arg.ends_with('-');
    let (resources, changes) = args.split_at(args.iter().position(is_change).unwrap_or(args.len()));
    if !changes.iter().all(is_change) {
        return Err(Failure::Plain(format!("all resources must be specified before environment changes: {}", args.join(" "))));
    }
    Ok((resources.to_vec(), changes.to_vec()))
}

fn changes<'a>(given: impl Iterator<Item = &'a String>) -> Answer<Changes> {
    let mut changes = Changes { set: Vec::new(), remove: Vec::new() };
    for change in given {
        match (change.split_once('='), change.strip_suffix('-')) {
            (_, Some("")) => return Err(Failure::not_simulated("kubectl set env from standard input")),
            (Some((name, value)), _) => {
                environment::check_name(name)?;
                changes.set.push(if value.is_empty() { json!({"name": name}) } else { json!({"name": name, "value": value}) });
            }
            (None, Some(name)) => changes.remove.push(name.to_owned()),
            (None, None) => return Err(Failure::Plain(format!("unknown environment variable: {change}"))),
        }
    }
    if changes.set.iter().any(|variable| changes.remove.iter().any(|name| name == text(variable, "name"))) {
        return Err(Failure::plain("can not both modify and remove the same environment variable in the same command"));
    }
    Ok(changes)
}

/// One variable for each key of the ConfigMap or Secret of `--from`, as far as `--keys` wants it.
fn references(call: &mut Call<'_>, from: &str) -> Answer<Vec<Value>> {
    let found = target::find(call, &[from.to_owned()], Rules::default())?;
    if let Some(failure) = Failure::all(found.failures.clone()) {
        return Err(failure);
    }
    let keys = call.flags.list("keys");
    let mut variables = Vec::new();
    for info in found.infos() {
        let field = match (info.resource.group, info.resource.plural) {
            ("", "configmaps") => "configMapKeyRef",
            ("", "secrets") => "secretKeyRef",
            _ => return Err(Failure::plain("unsupported resource specified in --from")),
        };
        let known = at(&info.object, "data").as_object();
        for key in known.into_iter().flatten().map(|(key, _)| key).filter(|key| keys.is_empty() || keys.contains(key)) {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let name: String = key.chars().map(|c| if fits(c) { c.to_ascii_uppercase() } else { '_' }).collect();
            if name != *key {
                call.err.push_str(&format!("Warning: key {key} transferred to {name}\n"));
            }
            variables.push(json!({"name": name, "valueFrom": {field: {"key": key, "name": info.name}}}));
        }
    }
    Ok(variables)
}

fn one(call: &mut Call<'_>, info: &Info, changes: &Changes, dry_run: DryRun) -> Answer<()> {
    let failed = |why: String| Failure::Plain(format!("error: {} {why}\n", info.plural_title()));
    let Some(path) = pod_spec(info) else {
        return Err(failed(format!("the object is not a pod or does not have a pod template: {}", info.resource.kind)));
    };
    let changed = with_changes(call, info, path, changes).map_err(failed)?;
    if call.flags.on("list") {
        return Ok(());
    }
    let patch = three_way(info.resource, Some(&info.object), &changed, &info.object).map_err(Failure::Plain)?;
    if compact_json(&patch) == "{}" {
        return Ok(());
    }
    if dry_run == DryRun::Client {
        return call.say(info.resource, &info.name, &changed, "env updated", dry_run);
    }
    let options = call.write_options(dry_run, "kubectl-set");
    match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Strategic, &patch, &options) {
        Ok(written) => {
            call.warn(&written);
            call.say(info.resource, &info.name, &written.object, "env updated", dry_run)
        }
        Err(error) => Err(Failure::Plain(format!("failed to patch env update to pod template: {error}"))),
    }
}

/// The object with the variables of the containers that are meant changed, and listed if that is wanted: containers first, then those that
/// come before them.
fn with_changes(call: &mut Call<'_>, info: &Info, path: &str, changes: &Changes) -> Result<Value, String> {
    let mut object = info.object.clone();
    let wanted = containers_wanted(call);
    let (overwrite, listing) = (call.flags.on_unless_off("overwrite"), call.flags.on("list"));
    let mut found = false;
    for list in ["containers", "initContainers"] {
        let pointer = format!("/{}/{list}", path.replace('.', "/"));
        let containers = object.pointer_mut(&pointer).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter(|container| is_wanted(&wanted, text(container, "name"))) {
            found = true;
            if let Some(taken) = changes.set.iter().find_map(|new| overwritten(container, new)).filter(|_| !overwrite) {
                return Err(taken);
            }
            let variables = updated(items(container, "env"), changes);
            if listing {
                call.out.push_str(&format!("# {} {}, container {}\n", info.resource.kind, info.name, text(container, "name")));
                list_variables(call, &info.object, container, &variables);
            }
            if variables.is_empty() {
                container.as_object_mut().and_then(|fields| fields.remove("env"));
            } else {
                container["env"] = Value::Array(variables);
            }
        }
    }
    if !found {
        let (kind, name, wanted) = (info.resource.kind, &info.name, quote(&wanted));
        call.err.push_str(&format!("Warning: {kind}/{name} does not have any containers matching {wanted}\n"));
    }
    Ok(object)
}

/// What `--overwrite=false` has against a variable.
fn overwritten(container: &Value, new: &Value) -> Option<String> {
    let known = items(container, "env").iter().find(|known| known["name"] == new["name"])?;
    let (name, value) = (text(known, "name"), text(known, "value"));
    (value != text(new, "value")).then(|| format!("'{name}' already has a value ({value}), and --overwrite is false"))
}

/// What is there keeps its place, what is new comes last.
fn updated(existing: &[Value], changes: &Changes) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    let named = |list: &[Value], name: &Value| list.iter().any(|known| known["name"] == *name);
    let first = |name: &Value| changes.set.iter().find(|new| new["name"] == *name);
    let removed = |variable: &Value| changes.remove.iter().any(|name| name == text(variable, "name"));
    for variable in existing.iter().filter(|variable| !removed(variable)) {
        match first(&variable["name"]) {
            Some(_) if named(&found, &variable["name"]) => {}
            Some(new) => found.push(new.clone()),
            None => found.push(variable.clone()),
        }
    }
    for new in changes.set.iter().filter(|new| !removed(new)) {
        if !named(&found, &new["name"]) {
            found.push(new.clone());
        }
    }
    found
}

/// Lists a container's variables; with `--resolve`, those that come from elsewhere with their values, as far as those can be had.
fn list_variables(call: &mut Call<'_>, object: &Value, container: &Value, variables: &[Value]) {
    let mut failures: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for variable in variables {
        let (name, from) = (text(variable, "name"), at(variable, "valueFrom"));
        let resolved = if from.is_null() || !call.flags.on("resolve") { None } else { Some(resolve(call, object, container, from)) };
        match resolved {
            Some(Ok(value)) => call.out.push_str(&format!("{name}={value}\n")),
            Some(Err(why)) => {
                failures.entry(why).or_default().push(name);
                call.out.push_str(&listed(variable));
            }
            None => call.out.push_str(&listed(variable)),
        }
    }
    let told = failures.into_iter().map(|(why, mut names)| {
        names.sort_unstable();
        format!("error retrieving reference for {}: {why}\n", names.join(", "))
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    told.iter().for_each(|line| call.err.push_str(line));
}

/// The value that a variable's source has now. Of fields only the object's own metadata is known: for a Deployment, the Deployment's.
fn resolve(call: &Call<'_>, object: &Value, container: &Value, from: &Value) -> Result<String, String> {
    for (field, plural, what) in [("secretKeyRef", "secrets", "secret"), ("configMapKeyRef", "configmaps", "config map")] {
        let reference = at(from, field);
        if reference.is_object() {
            let (key, name) = (text(reference, "key"), text(reference, "name"));
            let resource = target::resource(plural).map_err(|failure| failure.message())?;
            let found = call.api.get(resource, call.namespace(), name).map_err(|error| error.to_string())?;
            let value = found["data"][key].as_str().ok_or_else(|| format!("key {key} not found in {what} {name}"))?;
            let decoded = || String::from_utf8_lossy(&base64_decode(value).unwrap_or_default()).into_owned();
            return Ok(if plural == "secrets" { decoded() } else { value.to_owned() });
        }
    }
    if from["fieldRef"].is_object() {
        return Subject::from_tree(object).field(text(from, "fieldRef.fieldPath"));
    }
    if from["resourceFieldRef"].is_object() {
        return downward::resource(&from["resourceFieldRef"], container, &|_| None);
    }
    Err("invalid valueFrom".to_owned())
}

/// A variable as `--list` shows it.
fn listed(variable: &Value) -> String {
    let name = text(variable, "name");
    let from = at(variable, "valueFrom");
    let key =
        |what: &str, field: &str| format!("{what} {}, key {}", text(from, &format!("{field}.name")), text(from, &format!("{field}.key")));
    let source = if from.is_null() {
        return format!("{name}={}\n", text(variable, "value"));
    } else if from["configMapKeyRef"].is_object() {
        key("configmap", "configMapKeyRef")
    } else if from["secretKeyRef"].is_object() {
        key("secret", "secretKeyRef")
    } else if from["fieldRef"].is_object() {
        format!("field path {}", text(from, "fieldRef.fieldPath"))
    } else if from["resourceFieldRef"].is_object() {
        let container = text(from, "resourceFieldRef.containerName");
        let within = if container.is_empty() { String::new() } else { format!("{container}/") };
        format!("resource field {within}{}", text(from, "resourceFieldRef.resource"))
    } else {
        "invalid valueFrom".to_owned()
    };
    format!("# {name} from {source}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(existing: Value, given: &[&str], expected: Value) {
        let given: Vec<String> = given.iter().map(|word| (*word).to_owned()).collect();
        let changes = changes(given.iter()).expect("well formed");
        assert_eq!(Value::Array(updated(existing.as_array().expect("a list"), &changes)), expected);
    }

    #[test]
    fn variables_keep_their_places() {
        let there = json!([{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}, {"name": "C"}]);
        check(there.clone(), &["D=4", "B=2", "A-"], json!([{"name": "B", "value": "2"}, {"name": "C"}, {"name": "D", "value": "4"}]));
        check(
            there,
            &["C=", "C=3"],
            json!([{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}, {"name": "C"}]),
        );
    }

    #[test]
    fn arguments() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(split(&words("deploy/web A=1 B-")).expect("in order"), (words("deploy/web"), words("A=1 B-")));
        assert!(split(&words("A=1 deploy/web")).is_err());
        let both = words("A=1 A-");
        assert!(changes(both.iter()).is_err());
        assert_eq!(listed(&json!({"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}})), "# A from secret s, key k\n");
    }
}
