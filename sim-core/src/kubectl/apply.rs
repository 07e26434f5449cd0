//! `kubectl apply -f`: creates what isn't there, and merges three ways into what is. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/apply/{apply,patcher}.go`, v1.36.
//!
//! Left out: `--prune`, `--overwrite=false`; `--force` for objects that take time to go. `--server-side` is in `server_side.rs`.

use serde_json::{Map, Value};

use super::api::{DeleteOptions, PatchKind, WriteOptions};
use super::create::{self, field_validation};
use super::emit::compact_json;
use super::failure::{Answer, Failure};
use super::field::{at, entry, map_mut};
use super::flags::{Flag, optional, refused, switch, value};
use super::manifest;
use super::rollback::LAST_APPLIED;
use super::target::{self, Info};
use super::{Call, DryRun, Next, server_side};
use crate::api::patch::three_way;
use crate::api::status::Reason;

/// The flags of `apply`.
pub const FLAGS: &[Flag] = &[
    switch("record"),
    switch("all"),
    switch("force"),
    switch("force-conflicts"),
    switch("overwrite"),
    switch("prune"),
    switch("server-side"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager"),
    refused("prune-allowlist"),
    refused("applyset"),
    refused("cascade"),
    refused("grace-period"),
    refused("openapi-patch"),
    refused("subresource"),
    refused("timeout"),
    refused("wait"),
];

/// How often a patch is tried again after a conflict.
const TRIES: usize = 5;

/// Runs `kubectl apply`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    if !call.flags.args.is_empty() {
        return Err(call.flags.usage(format!("Unexpected args: [{}]", call.flags.args.join(" "))));
    }
    let dry_run = call.dry_run()?;
    if !call.flags.has("filename") && !call.flags.has("kustomize") {
        return Err(Failure::plain("must specify one of -f and -k"));
    }
    check(call, dry_run)?;
    let server_side = call.flags.on("server-side");
    let mut options = call.write_options(dry_run, if server_side { server_side::MANAGER } else { "kubectl-client-side-apply" });
    options.field_validation = field_validation(call)?;
    let (infos, mut failures) = manifest::read(call)?;
    if infos.is_empty() && failures.is_empty() {
        return Err(Failure::plain("no objects passed to apply"));
    }
    let selector = target::selector(call, target::resource("pods")?)?;
    for mut info in infos {
        if !selector.matches(at(&info.object, "metadata.labels")) {
            continue;
        }
        call.note_cause(&mut info.object);
        let apply = if server_side { applied_by_server } else { one };
        if let Err(failure) = apply(call, &info, dry_run, &options) {
            failures.push(failure);
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// What kubectl has against flags together, and what isn't simulated of what is left.
fn check(call: &Call<'_>, dry_run: DryRun) -> Answer<()> {
    let on = |flag: &str| call.flags.on(flag);
    let chosen = !call.flags.text("selector").is_empty();
    let wrong = match dry_run {
        _ if on("force-conflicts") && !on("server-side") => "--force-conflicts only works with --server-side",
        DryRun::Client if on("server-side") => "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
        _ if on("server-side") && on("force") => "--force cannot be used with --server-side",
        DryRun::Server if on("force") => "--dry-run=server cannot be used with --force",
        _ if on("all") && chosen => "cannot set --all and --selector at the same time",
        _ if on("prune") && on("force") => "--force cannot be used with --prune",
        _ if on("prune") && !on("all") && !chosen => {
            "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. \
             If you did not mean to prune all resources, specify a label selector"
        }
        _ if on("prune") && on("server-side") => "--prune is in alpha and doesn't currently work on objects created by server-side apply",
        _ if on("prune") => return Err(Failure::not_simulated("kubectl apply --prune")),
        _ if call.flags.has("overwrite") && !on("overwrite") => return Err(Failure::not_simulated("kubectl apply --overwrite=false")),
        _ => return Ok(()),
    };
    Err(Failure::plain(wrong))
}

/// The object with the annotation in which `apply` keeps what was applied.
pub fn annotated(mut object: Value) -> Value {
    let annotations = map_mut(&mut object, "metadata.annotations");
    annotations.remove(LAST_APPLIED);
    let text = compact_json(&object) + "\n";
    map_mut(&mut object, "metadata.annotations").insert(LAST_APPLIED.into(), Value::from(text));
    object
}

/// Null in a manifest means "not there".
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, v| !v.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// An object must have its name: what is generated can't be applied twice.
fn check_name(info: &Info) -> Answer<()> {
    let generated = super::field::text(&info.object, "metadata.generateName");
    match (info.name.is_empty(), generated.is_empty()) {
        (false, _) => Ok(()),
        (true, false) => Err(Failure::Plain(format!("from {generated}: cannot use generate name with apply"))),
        (true, true) => Err(Failure::plain("resource name may not be empty")),
    }
}

fn applied_by_server(call: &mut Call<'_>, info: &Info, dry_run: DryRun, options: &WriteOptions) -> Answer<()> {
    check_name(info)?;
    server_side::one(call, info, dry_run, options)
}

fn one(call: &mut Call<'_>, info: &Info, dry_run: DryRun, options: &WriteOptions) -> Answer<()> {
    check_name(info).map_err(|failure| match failure.message().starts_with("from ") {
        true => failure,
        false => failure.about("retrieving current configuration of", info.source.as_deref()),
    })?;
    let mut modified = annotated(info.object.clone());
    match call.api.get(info.resource, &info.ns, &info.name) {
        Err(error) if error.is_not_found() => {
            without_nulls(&mut modified);
            create::write(call, info, modified, dry_run, options)
        }
        Err(error) => {
            let verb = format!("retrieving current configuration of:\n{}\nfrom server for:", described(info));
            Err(Failure::from(error).about(&verb, info.source.as_deref()))
        }
        Ok(current) => update(call, info, &modified, current, dry_run, options),
    }
}

/// `--force`: what can't be patched is made anew. `patcher.go`, deleteAndCreate. An object that takes time to go isn't waited for.
fn delete_and_create(call: &mut Call<'_>, info: &Info, modified: &Value, options: &WriteOptions) -> Answer<Value> {
    let current = call.api.get(info.resource, &info.ns, &info.name)?;
    let held = at(&current, "metadata.finalizers").as_array().is_some_and(|finalizers| !finalizers.is_empty());
    if held || matches!(info.resource.plural, "pods" | "namespaces") {
        let what = format!("kubectl apply --force of {}, which takes time to go,", info.plural_title());
        return Err(Failure::not_simulated(&what));
    }
    call.api.delete(info.resource, &info.ns, &info.name, &DeleteOptions::default())?;
    let mut object = modified.clone();
    without_nulls(&mut object);
    let written = call.api.create(info.resource, &info.ns, object, options)?;
    call.warn(&written);
    Ok(written.object)
}

fn update(call: &mut Call<'_>, info: &Info, modified: &Value, mut current: Value, dry_run: DryRun, options: &WriteOptions) -> Answer<()> {
    if entry(&current, "metadata.annotations", LAST_APPLIED).is_none() {
        call.err.push_str(&format!(
            "Warning: resource {} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. \
             kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. \
             The missing annotation will be patched automatically.\n",
            info.plural_title()
        ));
    }
    let mut tries = 1;
    let (patch, written) = loop {
        let patch = patch_for(info, modified, &current)?;
        if patch.as_object().is_some_and(Map::is_empty) {
            break (patch, current);
        }
        if dry_run == DryRun::Client {
            break (patch, current);
        }
        match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Strategic, &patch, options) {
            Ok(written) => {
                call.warn(&written);
                break (patch, written.object);
            }
            Err(error) if error.is_conflict() && tries < TRIES && patch.pointer("/metadata/resourceVersion").is_none() => {
                tries += 1;
                current = call.api.get(info.resource, &info.ns, &info.name)?;
            }
            Err(error) if call.flags.on("force") && matches!(error.reason, Reason::Conflict | Reason::Invalid) => {
                break (patch, delete_and_create(call, info, modified, options)?);
            }
            Err(error) => {
                let failure = Failure::from(error).about("patching", info.source.as_deref());
                let verb = format!("applying patch:\n{}\nto:\n{}\nfor:", compact_json(&patch), described(info));
                return Err(failure.about(&verb, info.source.as_deref()));
            }
        }
    };
    if at(&written, "metadata.deletionTimestamp").is_string() {
        let name = &info.name;
        call.err.push_str(&format!("Warning: Detected changes to resource {name} which is currently being deleted.\n"));
    }
    let unchanged = patch.as_object().is_some_and(Map::is_empty);
    call.say(info.resource, &info.name, &written, if unchanged { "unchanged" } else { "configured" }, dry_run)
}

/// The difference between what was applied before, what is to be applied, and what is there.
pub fn patch_for(info: &Info, modified: &Value, current: &Value) -> Answer<Value> {
    let original: Value = match entry(current, "metadata.annotations", LAST_APPLIED) {
        None => Value::Null,
        Some(text) => serde_json::from_str(text).map_err(|error| {
            let failure = Failure::Plain(format!("retrieving original configuration from the {LAST_APPLIED} annotation: {error}"));
            failure.about("applying", info.source.as_deref())
        })?,
    };
    let original = Some(&original).filter(|o| !o.is_null());
    three_way(info.resource, original, modified, current).map_err(|why| {
        let verb = format!("applying patch:\n\nto:\n{}\nfor:", described(info));
        Failure::Plain(format!("creating patch: {why}")).about(&verb, info.source.as_deref())
    })
}

/// How kubectl names an object in long messages.
fn described(info: &Info) -> String {
    let resource = info.resource;
    let group_version = if resource.group.is_empty() { format!("/{}", resource.version) } else { resource.api_version() };
    let what = format!("{group_version}, Resource={}", resource.plural);
    let kind = format!("{group_version}, Kind={}", resource.kind);
    format!("Resource: {what:?}, GroupVersionKind: {kind:?}\nName: {:?}, Namespace: {:?}", info.name, info.ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_annotation_holds_the_manifest() {
        let object = annotated(json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "cm"}, "data": {"a": "<"}}));
        let text = object["metadata"]["annotations"][LAST_APPLIED].as_str().expect("annotated");
        assert_eq!(
            text,
            concat!(r#"{"apiVersion":"v1","data":{"a":"\u003c"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"cm"}}"#, "\n")
        );
    }
}
