//! `kubectl patch`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/patch/patch.go`, v1.36.

use serde_json::{Map, Value, json};

use super::api::{FieldValidation, PatchKind, WriteOptions};
use super::failure::{Answer, Failure};
use super::field::{at, int, text};
use super::flags::{Flag, optional, refused, short, short_switch, switch, value};
use super::output::Output as Format;
use super::target::{self, Info, Rules};
use super::{Call, DryRun, Next, history};
use crate::api::patch::{json_patch, merge, strategic};
use crate::api::resources::{self, Resource};
use crate::api::selector::Selector;
use crate::api::status::{ApiError, Reason};
use crate::api::yaml;

/// The flags of `patch`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short("patch", 'p'),
    short_switch("recursive", 'R'),
    switch("record"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("field-manager"),
    value("patch-file"),
    value("type"),
    value("subresource"),
    refused("local"),
];

/// Runs `kubectl patch`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let (inline, file) = (call.flags.text("patch").to_owned(), call.flags.text("patch-file").to_owned());
    let source = match (inline.is_empty(), file.is_empty()) {
        (false, false) => return Err(Failure::plain("cannot specify --patch and --patch-file together")),
        (true, true) => return Err(Failure::plain("must specify --patch or --patch-file containing the contents of the patch")),
        (false, true) => Ok(inline.clone()),
        (true, false) => call
            .files
            .get(&file)
            .cloned()
            .ok_or_else(|| Failure::Plain(format!("unable to read patch file: open {file}: no such file or directory"))),
    };
    let kind = match call.flags.get("type").map(str::to_lowercase).as_deref() {
        None | Some("strategic" | "") => PatchKind::Strategic,
        Some("merge") => PatchKind::Merge,
        Some("json") => PatchKind::Json,
        Some(_) => {
            let given = call.flags.text("type");
            return Err(Failure::Plain(format!("--type must be one of [json merge strategic], not {given:?}")));
        }
    };
    let patch = read(&source?)?;
    let args = call.flags.args.clone();
    if target::nothing_named(call, &args) {
        return Err(Failure::plain(target::NOTHING));
    }
    let mut targets = target::find(call, &args, Rules::default())?;
    let mut failures = std::mem::take(&mut targets.failures);
    let infos = targets.infos();
    if infos.is_empty() && failures.is_empty() {
        return Err(Failure::plain("no objects passed to patch"));
    }
    for info in infos {
        failures.extend(one(call, &info, kind, &patch, dry_run).err());
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

fn one(call: &mut Call<'_>, info: &Info, kind: PatchKind, patch: &Result<Value, String>, dry_run: DryRun) -> Answer<()> {
    match call.flags.text("subresource") {
        "" => {}
        "scale" if super::scale::scalable(info) => return scale(call, info, kind, patch, dry_run),
        known if resources::subresources(info.resource).any(|sub| sub.plural.ends_with(&format!("/{known}"))) => {
            return Err(Failure::not_simulated(&format!("kubectl patch --subresource={known}")));
        }
        _ => return Err(ApiError::new(Reason::NotFound, "the server could not find the requested resource").into()),
    }
    let patch = patch.as_ref().map_err(|why| Failure::from(ApiError::new(Reason::BadRequest, why.as_str())))?;
    if dry_run == DryRun::Client {
        let patched = patched(info.resource, &info.object, kind, patch)?;
        let did = operation(patched != info.object);
        return call.say(info.resource, &info.name, &patched, did, dry_run);
    }
    // kubectl leaves it to the server what to do about unknown fields, and the server warns.
    let options = WriteOptions { field_validation: FieldValidation::Warn, ..call.write_options(dry_run, "kubectl-patch") };
    let mut written = call.api.patch(info.resource, &info.ns, &info.name, kind, patch, &options)?;
    call.warn(&written);
    let version = |object: &Value| text(object, "metadata.resourceVersion").to_owned();
    let same = at(&info.object, "metadata.resourceVersion").is_string() && version(&info.object) == version(&written.object);
    if call.flags.on("record") {
        let cause = json!({"metadata": {"annotations": {history::CHANGE_CAUSE: call.flags.recorded()}}});
        written = call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Merge, &cause, &options)?;
    }
    let did = operation(!same || (dry_run != DryRun::No && written.object != info.object));
    call.say(info.resource, &info.name, &written.object, did, dry_run)
}

fn operation(changed: bool) -> &'static str {
    if changed { "patched" } else { "patched (no change)" }
}

/// The object with a patch, without the server.
fn patched(resource: &'static Resource, object: &Value, kind: PatchKind, patch: &Value) -> Answer<Value> {
    match kind {
        PatchKind::Strategic => Ok(strategic(resource, object, patch)?),
        PatchKind::Merge => Ok(merge(object, patch)),
        PatchKind::Json => Ok(json_patch(object, patch)?),
    }
}

/// `--subresource=scale`: the number of replicas as an object of its own.
fn scale(call: &mut Call<'_>, info: &Info, kind: PatchKind, patch: &Result<Value, String>, dry_run: DryRun) -> Answer<()> {
    let patch = patch.as_ref().map_err(|why| Failure::from(ApiError::new(Reason::BadRequest, why.as_str())))?;
    let before = scale_of(&info.object);
    let after = patched(info.resource, &before, kind, patch)?;
    let replicas = i32::try_from(int(&after, "spec.replicas")).unwrap_or(i32::MAX);
    let now = match dry_run {
        DryRun::No if replicas != i32::try_from(int(&before, "spec.replicas")).unwrap_or(i32::MAX) => {
            scale_of(&call.api.scale(info.resource, &info.ns, &info.name, replicas)?)
        }
        _ => after,
    };
    if let Some(text) = Format::of(&call.flags, false)?.object(&now) {
        call.out.push_str(&text);
        return Ok(());
    }
    let suffix = match dry_run {
        DryRun::No => "",
        DryRun::Client => " (dry run)",
        DryRun::Server => " (server dry run)",
    };
    call.out.push_str(&format!("scale.autoscaling/{} {}{suffix}\n", info.name, operation(now != before)));
    Ok(())
}

/// The scale of an object, as its subresource shows it.
fn scale_of(object: &Value) -> Value {
    let mut metadata = Map::new();
    for field in ["creationTimestamp", "name", "namespace", "resourceVersion", "uid"] {
        let value = at(object, &format!("metadata.{field}"));
        if !value.is_null() {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let mut status = json!({"replicas": int(object, "status.replicas")});
    if let Ok(selector) = Selector::from_label_selector(at(object, "spec.selector")) {
        let requirements: Vec<String> = selector.requirements().iter().map(ToString::to_string).collect();
        status["selector"] = Value::from(requirements.join(","));
    }
    json!({
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": metadata,
        "spec": {"replicas": at(object, "spec.replicas").as_i64().unwrap_or(1)},
        "status": status,
    })
}

/// A patch is JSON or YAML. Half a JSON text goes to the server as it is, and comes back with its words.
fn read(source: &str) -> Answer<Result<Value, String>> {
    if source.trim_start().starts_with(['{', '[']) {
        return Ok(match serde_json::from_str(source) {
            Ok(patch) => Ok(patch),
            Err(error) if error.is_eof() => Err("unexpected end of JSON input".to_owned()),
            Err(_) => match yaml_value(source) {
                Some(patch) => Ok(patch),
                None => Err(format!("error decoding patch: invalid character in {source:?}")),
            },
        });
    }
    yaml_value(source).map(Ok).ok_or_else(|| Failure::Plain(format!("unable to parse {source:?}: yaml: not a patch")))
}

fn yaml_value(source: &str) -> Option<Value> {
    yaml::documents(source).ok()?.into_iter().next().map(|document| document.tree)
}
