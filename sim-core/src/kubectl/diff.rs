//! `kubectl diff`: what `apply` would change, as `diff -u -N` shows it of two folders. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/diff/diff.go`, v1.36.
//!
//! Left out: `--prune`, and programs other than diff.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::api::{FieldValidation, PatchKind, WriteOptions, Written};
use super::apply::patch_for;
use super::failure::{Answer, Failure};
use super::field::{at, map_mut};
use super::flags::{Flag, refused, short, short_switch, switch, value};
use super::rollback::LAST_APPLIED;
use super::target::{self, Info};
use super::{Call, Next, emit, line_diff, manifest, output, server_side};

/// The flags of `diff`.
pub const FLAGS: &[Flag] = &[
    short("selector", 'l'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short_switch("recursive", 'R'),
    switch("force-conflicts"),
    switch("server-side"),
    switch("show-managed-fields"),
    switch("show-secrets"),
    value("concurrency"),
    value("field-manager"),
    refused("prune"),
    refused("prune-allowlist"),
];

/// Folders as `os.MkdirTemp` could have named them.
const FOLDERS: (&str, &str) = ("/tmp/LIVE-1", "/tmp/MERGED-2");

/// Runs `kubectl diff`. 1 means that there are differences, 2 that something went wrong.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    call.failure_code = 2;
    if !call.flags.args.is_empty() {
        return Err(call.flags.usage(format!("Unexpected args: [{}]", call.flags.args.join(" "))));
    }
    if !call.flags.has("filename") && !call.flags.has("kustomize") {
        return Err(Failure::plain("must specify one of -f and -k"));
    }
    if call.flags.on("force-conflicts") && !call.flags.on("server-side") {
        return Err(Failure::plain("--force-conflicts only works with --server-side"));
    }
    let (infos, failures) = manifest::read(call)?;
    if let Some(failure) = failures.into_iter().next() {
        return Err(failure);
    }
    let selector = target::selector(call, target::resource("pods")?)?;
    // diff goes through the folders in order of the files' names.
    let mut files = BTreeMap::new();
    for info in infos.iter().filter(|info| selector.matches(at(&info.object, "metadata.labels"))) {
        let (mut live, mut merged) = versions(call, info)?;
        if info.resource.kind == "Secret" && !call.flags.on("show-secrets") {
            mask(live.as_mut(), &mut merged);
        }
        let text = |object: &Value| emit::yaml(&output::shown(object.clone(), call.flags.on("show-managed-fields")));
        files.insert(file_name(info), (live.as_ref().map(text).unwrap_or_default(), text(&merged)));
    }
    let written = call.clock().epoch.rfc3339_micros(call.api.now()).replace('T', " ").replace('Z', "000 +0000");
    for (name, (live, merged)) in files {
        let [from, to] = [FOLDERS.0, FOLDERS.1].map(|folder| format!("{folder}/{name}"));
        let changes = line_diff::unified(&live, &merged);
        if !changes.is_empty() {
            call.out.push_str(&format!("diff -u -N {from} {to}\n--- {from}\t{written}\n+++ {to}\t{written}\n{changes}"));
            call.code = 1;
        }
    }
    Ok(Next::Done)
}

/// `apps.v1.Deployment.default.web`.
fn file_name(info: &Info) -> String {
    let group = if info.resource.group.is_empty() { String::new() } else { format!("{}.", info.resource.group) };
    format!("{group}{}.{}.{}.{}", info.resource.version, info.resource.kind, info.ns, info.name)
}

/// The object as it is, and as it would be: both as the server says, which is asked without writing.
fn versions(call: &mut Call<'_>, info: &Info) -> Answer<(Option<Value>, Value)> {
    let server_side = call.flags.on("server-side");
    let manager = if server_side { server_side::MANAGER } else { "kubectl-client-side-apply" };
    let manager = call.flags.get("field-manager").unwrap_or(manager).to_owned();
    // kubectl leaves it to the server what to do about unknown fields: to warn.
    let field_validation = FieldValidation::Warn;
    let options = WriteOptions { dry_run: true, field_manager: manager, field_validation };
    let live = match call.api.get(info.resource, &info.ns, &info.name) {
        Ok(live) => Some(live),
        Err(error) if error.is_not_found() => None,
        Err(error) => return Err(error.into()),
    };
    if server_side {
        let force = call.flags.on("force-conflicts");
        let applied = call.api.apply(info.resource, &info.ns, &info.name, &info.object, force, &options)?;
        return Ok((live, warned(call, applied)));
    }
    let Some(live) = live else {
        let created = call.api.create(info.resource, &info.ns, info.object.clone(), &options)?;
        return Ok((None, warned(call, created)));
    };
    let mut modified = info.object.clone();
    // Annotations are there even if there are none: that the manifest has none must not take away those that are.
    map_mut(&mut modified, "metadata.annotations").remove(LAST_APPLIED);
    let patch = patch_for(info, &modified, &live)?;
    let merged = if patch.as_object().is_some_and(Map::is_empty) {
        live.clone()
    } else {
        let patched = call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Strategic, &patch, &options);
        let patched = patched.map_err(|error| Failure::from(error).about("patching", info.source.as_deref()))?;
        warned(call, patched)
    };
    if at(&live, "metadata.deletionTimestamp").is_string() {
        let name = &info.name;
        call.err.push_str(&format!("Warning: Detected changes to resource {name} which is currently being deleted.\n"));
    }
    Ok((Some(live), merged))
}

/// Passes on the server's warnings.
fn warned(call: &mut Call<'_>, written: Written) -> Value {
    call.warn(&written);
    written.object
}

/// Stars instead of what a Secret holds; whether it changes can still be seen.
fn mask(live: Option<&mut Value>, merged: &mut Value) {
    let data = |object: &Value| at(object, "data").as_object().cloned().unwrap_or_default();
    let (from, to) = (live.as_ref().map(|live| data(live)).unwrap_or_default(), data(merged));
    let masked = |own: &Map<String, Value>, other: &Map<String, Value>, changed: &str| -> Map<String, Value> {
        let stars = |key: &String, value: &Value| match other.get(key) {
            Some(other) if other != value => Value::from(changed),
            _ => Value::from("***"),
        };
        own.iter().map(|(key, value)| (key.clone(), stars(key, value))).collect()
    };
    if let Some(live) = live.filter(|_| !from.is_empty()) {
        live["data"] = Value::Object(masked(&from, &to, "*** (before)"));
    }
    if !to.is_empty() {
        merged["data"] = Value::Object(masked(&to, &from, "*** (after)"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_masked() {
        let mut live = json!({"data": {"a": "1", "b": "2", "c": "3"}});
        let mut merged = json!({"data": {"a": "1", "b": "5", "d": "4"}});
        mask(Some(&mut live), &mut merged);
        assert_eq!(live, json!({"data": {"a": "***", "b": "*** (before)", "c": "***"}}));
        assert_eq!(merged, json!({"data": {"a": "***", "b": "*** (after)", "d": "***"}}));
    }
}
