//! `kubectl apply --server-side`: the server merges, kubectl moves what it applied on the client's side before.
//!
//! Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/apply/apply.go`, v1.36. Left out: `--subresource`.

use serde_json::{Value, json};

use super::api::{PatchKind, WriteOptions, Written};
use super::failure::{Answer, Failure};
use super::field::{at, entry, name, text};
use super::target::Info;
use super::{Call, DryRun};
use crate::api::managed::{LAST_APPLIED, client_side_managers, owns_last_applied, upgraded};
use crate::api::status::ApiError;

/// The field manager, unless another one is given.
pub const MANAGER: &str = "kubectl";
/// Who keeps the annotation of client-side apply alive.
const LAST_APPLIED_MANAGER: &str = "kubectl-last-applied";
/// How often the migration is tried again after a conflict.
const TRIES: usize = 5;

const ADVICE: &str = "Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts";

/// What went wrong while client-side work was migrated. It is tried again the next time.
fn warning(what: &str, error: &ApiError) -> String {
    format!("Warning: {what}. This is non-fatal and will be retried next time you apply. Error: {error}\n")
}

/// Applies one object.
pub fn one(call: &mut Call<'_>, info: &Info, dry_run: DryRun, options: &WriteOptions) -> Answer<()> {
    let force = call.flags.on("force-conflicts");
    let written = send(call, info, &info.object, force, options).map_err(|error| match error.is_conflict() {
        true => Failure::Plain(format!("{error}\n{ADVICE}")),
        false => Failure::from(error),
    })?;
    let mut object = written.object;
    match keep_last_applied(call, info, &mut object, options).map(|()| migrate(call, info, &mut object, options)) {
        Err(error) => {
            let what = "failed to migrate kubectl.kubernetes.io/last-applied-configuration for Server-Side Apply";
            call.err.push_str(&warning(what, &error));
        }
        Ok(Err(error)) => {
            call.err.push_str(&warning("server rejected managed fields migration to Server-Side Apply", &error));
        }
        Ok(Ok(false)) => {}
        // Fields that the manifest has no more go only now that they are the applier's.
        Ok(Ok(true)) => match send(call, info, &info.object, force, options) {
            Ok(again) => object = again.object,
            Err(error) => {
                let what = "failed to re-apply configuration after performing Server-Side Apply migration";
                call.err.push_str(&warning(what, &error));
            }
        },
    }
    if at(&object, "metadata.deletionTimestamp").is_string() {
        let name = name(&object);
        call.err.push_str(&format!("Warning: Detected changes to resource {name} which is currently being deleted.\n"));
    }
    call.say(info.resource, name(&object), &object, "serverside-applied", dry_run)
}

fn send(call: &mut Call<'_>, info: &Info, config: &Value, force: bool, options: &WriteOptions) -> Result<Written, ApiError> {
    let written = call.api.apply(info.resource, &info.ns, &info.name, config, force, options)?;
    call.warn(&written);
    Ok(written)
}

fn managed_fields(object: &Value) -> &[Value] {
    at(object, "metadata.managedFields").as_array().map_or(&[], |entries| entries)
}

/// The annotation of client-side apply would go with the manager that wrote it: another one applies it, as it is.
fn keep_last_applied(call: &mut Call<'_>, info: &Info, object: &mut Value, options: &WriteOptions) -> Result<(), ApiError> {
    let annotation = entry(object, "metadata.annotations", LAST_APPLIED).filter(|_| options.field_manager == MANAGER);
    let Some(annotation) = annotation.filter(|_| !owns_last_applied(managed_fields(object))) else { return Ok(()) };
    let mut config = json!({
        "apiVersion": info.resource.api_version(),
        "kind": info.resource.kind,
        "metadata": {"name": name(object), "annotations": {LAST_APPLIED: annotation}},
    });
    if !text(object, "metadata.namespace").is_empty() {
        config["metadata"]["namespace"] = text(object, "metadata.namespace").into();
    }
    let options = WriteOptions { field_manager: LAST_APPLIED_MANAGER.into(), ..options.clone() };
    *object = send(call, info, &config, false, &options)?.object;
    Ok(())
}

/// Makes what client-side apply owns the applier's. Answers whether there was anything.
fn migrate(call: &mut Call<'_>, info: &Info, object: &mut Value, options: &WriteOptions) -> Result<bool, ApiError> {
    let managers = client_side_managers(managed_fields(object));
    let mut tries = 0;
    loop {
        tries += 1;
        let entries = managed_fields(object);
        let wanted = upgraded(entries, &managers, &options.field_manager);
        if wanted == entries {
            return Ok(false);
        }
        let patch = json!([
            {"op": "replace", "path": "/metadata/managedFields", "value": wanted},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": text(object, "metadata.resourceVersion")},
        ]);
        match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Json, &patch, options) {
            Ok(written) => {
                call.warn(&written);
                *object = written.object;
                return Ok(true);
            }
            Err(error) if !error.is_conflict() || tries == TRIES => return Err(error),
            Err(_) => *object = call.api.get(info.resource, &info.ns, &info.name)?,
        }
    }
}
