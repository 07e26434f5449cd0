//! `kubectl create`: from files, and one module for each group of kinds that a command line can describe. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/create`, v1.36.

pub mod config;
pub mod deployment;
mod hash;
pub mod ingress;
pub mod job;
pub mod policy;
pub mod rbac;
pub mod secret;
pub mod service;
mod sources;
pub mod token;

use serde_json::{Value, json};

use super::apply::annotated;
use super::failure::{Answer, Failure};
use super::field::{map_mut, name};
use super::flags::{Flag, optional, refused, short, switch, value};
use super::manifest;
use super::target::{self, Info};
use super::{Call, DryRun, Next};
use crate::api::resources::Resource;

/// The flags of `create -f`.
pub const FLAGS: &[Flag] = &[
    switch("record"),
    switch("save-config"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager"),
    refused("edit"),
    value("raw"),
];

/// The flags of commands that create an object by name.
pub const BY_NAME: &[Flag] = &[
    short("output", 'o'),
    switch("save-config"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager"),
];

/// `--validate`.
pub fn field_validation(call: &Call<'_>) -> Answer<super::api::FieldValidation> {
    use super::api::FieldValidation;
    match call.flags.get("validate") {
        None | Some("true" | "strict") => Ok(FieldValidation::Strict),
        Some("warn") => Ok(FieldValidation::Warn),
        Some("false" | "ignore") => Ok(FieldValidation::Ignore),
        Some(other) => {
            Err(Failure::Plain(format!("invalid - validate option {other:?}; must be one of: strict (or true), warn, ignore (or false)")))
        }
    }
}

/// Runs `kubectl create -f`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    if call.flags.has("raw") && call.flags.has("filename") {
        return super::raw::post(call);
    }
    if !call.flags.has("filename") && !call.flags.has("kustomize") {
        if call.flags.args.is_empty() {
            return Err(Failure::plain("must specify one of -f and -k"));
        }
        return Err(call.flags.usage(format!("Unexpected args: [{}]", call.flags.args.join(" "))));
    }
    if !call.flags.args.is_empty() {
        return Err(call.flags.usage(format!("Unexpected args: [{}]", call.flags.args.join(" "))));
    }
    let dry_run = call.dry_run()?;
    let mut options = call.write_options(dry_run, "kubectl-create");
    options.field_validation = field_validation(call)?;
    let (infos, mut failures) = manifest::read(call)?;
    if infos.is_empty() && failures.is_empty() {
        return Err(Failure::plain("no objects passed to create"));
    }
    let selector = super::target::selector(call, target::resource("pods")?)?;
    for info in infos {
        if !selector.matches(super::field::at(&info.object, "metadata.labels")) {
            continue;
        }
        let mut object = info.object.clone();
        if call.flags.on("save-config") {
            object = annotated(object);
        }
        call.note_cause(&mut object);
        if let Err(failure) = write(call, &info, object, dry_run, &options) {
            failures.push(failure);
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// Creates the object of a manifest.
pub fn write(call: &mut Call<'_>, info: &Info, object: Value, dry_run: DryRun, options: &super::api::WriteOptions) -> Answer<()> {
    if dry_run == DryRun::Client {
        return call.say(info.resource, &info.name, &object, "created", dry_run);
    }
    match call.api.create(info.resource, &info.ns, object, options) {
        Ok(written) => {
            call.warn(&written);
            call.say(info.resource, name(&written.object), &written.object, "created", dry_run)
        }
        Err(error) => Err(Failure::from(error).about("creating", info.source.as_deref())),
    }
}

/// Creates an object that the command line describes. `failed` are the words before the server's when it says no.
///
/// The object names its namespace only when the command line does, as `--dry-run=client -o yaml` shows; the request's path has it in any case.
pub fn object(call: &mut Call<'_>, resource: &'static Resource, object: Value, failed: Option<&str>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let mut options = call.write_options(dry_run, "kubectl-create");
    options.field_validation = field_validation(call)?;
    let mut object = object;
    let ns = if resource.namespaced { call.namespace().to_owned() } else { String::new() };
    if resource.namespaced && call.explicit_namespace() {
        map_mut(&mut object, "metadata").insert("namespace".into(), Value::from(ns.as_str()));
    }
    if call.flags.on("save-config") {
        object = annotated(object);
    }
    if dry_run == DryRun::Client {
        let title = name(&object).to_owned();
        call.say(resource, &title, &object, "created", dry_run)?;
        return Ok(Next::Done);
    }
    match (call.api.create(resource, &ns, object, &options), failed) {
        (Ok(written), _) => {
            call.warn(&written);
            call.say(resource, name(&written.object), &written.object, "created", dry_run)?;
            Ok(Next::Done)
        }
        (Err(error), Some(failed)) => Err(Failure::Plain(format!("{failed} {error}"))),
        (Err(error), None) => Err(error.into()),
    }
}

/// The one NAME of a command line.
pub fn one_name(call: &Call<'_>) -> Answer<String> {
    let args = &call.flags.args[..call.flags.dash.unwrap_or(call.flags.args.len())];
    match args {
        [one] => Ok(one.clone()),
        args => Err(call.flags.usage(format!("exactly one NAME is required, got {}", args.len()))),
    }
}

/// The one NAME of a command line, which may not be empty.
pub fn non_empty_name(call: &Call<'_>) -> Answer<String> {
    match one_name(call)? {
        name if name.is_empty() => Err(Failure::plain("name must be specified")),
        name => Ok(name),
    }
}

/// What follows `--`, or whatever else follows the name.
pub fn command_after_name(call: &Call<'_>) -> Vec<String> {
    call.flags.args.iter().skip(1).cloned().collect()
}

/// cobra's check of the flags that a command can't do without: before anything else, and all that are missing at once.
pub fn required(call: &Call<'_>, flags: &[&str]) -> Answer<()> {
    let missing: Vec<String> = flags.iter().filter(|flag| !call.flags.has(flag)).map(|flag| format!("{flag:?}")).collect();
    if missing.is_empty() { Ok(()) } else { Err(Failure::Plain(format!("required flag(s) {} not set", missing.join(", ")))) }
}

/// `kubectl create namespace`.
pub fn namespace(call: &mut Call<'_>) -> Answer<Next> {
    let name = non_empty_name(call)?;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {}, "status": {}});
    object(call, target::resource("namespaces")?, namespace, None)
}

/// `kubectl create serviceaccount`.
pub fn service_account(call: &mut Call<'_>) -> Answer<Next> {
    let name = non_empty_name(call)?;
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
    object(call, target::resource("serviceaccounts")?, account, Some("failed to create serviceaccount:"))
}
