//! `kubectl patch`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/patch/patch.go`, v1.36.

use serde_json::Value;

use super::api::{FieldValidation, PatchKind, WriteOptions};
use super::failure::{Answer, Failure};
use super::field::{at, text};
use super::flags::{Flag, optional, refused, short, short_switch, switch, value};
use super::target::{self, Rules};
use super::{Call, DryRun, Next};
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
    refused("local"),
    refused("subresource"),
];

/// Runs `kubectl patch`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let kind = match call.flags.get("type").map(str::to_lowercase).as_deref() {
        None | Some("strategic") => PatchKind::Strategic,
        Some("merge") => PatchKind::Merge,
        Some("json") => PatchKind::Json,
        Some(_) => {
            let given = call.flags.text("type");
            return Err(Failure::Plain(format!("--type must be one of [json merge strategic], not {given:?}")));
        }
    };
    let source = match (call.flags.get("patch"), call.flags.get("patch-file")) {
        (Some(_), Some(_)) => return Err(Failure::plain("cannot specify --patch and --patch-file together")),
        (Some(patch), None) => patch.to_owned(),
        (None, Some(path)) => match call.files.get(path) {
            Some(content) => content.clone(),
            None => return Err(Failure::Plain(format!("unable to read patch file: open {path}: no such file or directory"))),
        },
        (None, None) => return Err(Failure::plain("must specify --patch or --patch-file containing the contents of the patch")),
    };
    let patch = read(&source)?;
    let args = call.flags.args.clone();
    if target::nothing_named(call, &args) {
        return Err(Failure::plain(target::NOTHING));
    }
    let mut targets = target::find(call, &args, Rules::default())?;
    let mut failures = std::mem::take(&mut targets.failures);
    // kubectl leaves it to the server what to do about unknown fields, and the server warns.
    let options = WriteOptions { field_validation: FieldValidation::Warn, ..call.write_options(dry_run, "kubectl-patch") };
    for info in targets.infos() {
        if dry_run == DryRun::Client {
            return Err(Failure::not_simulated("kubectl patch --dry-run=client"));
        }
        let patch = match &patch {
            Ok(patch) => patch,
            Err(why) => {
                failures.push(ApiError::new(Reason::BadRequest, why.as_str()).into());
                continue;
            }
        };
        match call.api.patch(info.resource, &info.ns, &info.name, kind, patch, &options) {
            Ok(written) => {
                call.warn(&written);
                let version = |object: &Value| text(object, "metadata.resourceVersion").to_owned();
                let same = at(&info.object, "metadata.resourceVersion").is_string() && version(&info.object) == version(&written.object);
                let did = if same && dry_run == DryRun::No { "patched (no change)" } else { "patched" };
                call.say(info.resource, &info.name, &written.object, did, dry_run)?;
            }
            Err(error) => failures.push(error.into()),
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
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
