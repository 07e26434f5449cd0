//! `kubectl scale`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/scale/scale.go`, v1.36.

use serde_json::{Value, json};

use super::api::PatchKind;
use super::failure::{Answer, Failure};
use super::field::{at, map_mut, text};
use super::flags::{Flag, optional, refused, switch, value};
use super::target::{self, Info, Rules};
use super::{Call, DryRun, Next, history};
use crate::api::status::ApiError;

/// The flags of `scale`.
pub const FLAGS: &[Flag] = &[
    switch("all"),
    switch("record"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("replicas"),
    value("current-replicas"),
    value("resource-version"),
    refused("timeout"),
];

/// Runs `kubectl scale`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let Some(replicas) = call.flags.int("replicas")? else {
        return Err(Failure::plain("required flag(s) \"replicas\" not set"));
    };
    let dry_run = call.dry_run()?;
    let wanted = i32::try_from(replicas).ok().filter(|n| *n >= 0);
    let Some(wanted) = wanted else {
        return Err(Failure::plain("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0"));
    };
    let current = call.flags.int("current-replicas")?.unwrap_or(-1);
    if current < -1 {
        return Err(Failure::plain("The --current-replicas must specify an integer of -1 or greater"));
    }
    let args = call.flags.args.clone();
    let mut targets = target::find(call, &args, Rules::default())?;
    let failure = Failure::all(std::mem::take(&mut targets.failures));
    let infos = targets.infos();
    if infos.is_empty() {
        return Err(failure.unwrap_or_else(|| Failure::plain("no objects passed to scale")));
    }
    if call.flags.has("resource-version") && infos.len() > 1 {
        return Err(Failure::plain("cannot use --resource-version with multiple resources"));
    }
    for info in infos {
        let object = one(call, &info, wanted, current, dry_run)?;
        call.say(info.resource, &info.name, &object, "scaled", dry_run)?;
    }
    failure.map_or(Ok(Next::Done), Err)
}

fn one(call: &mut Call<'_>, info: &Info, wanted: i32, current: i64, dry_run: DryRun) -> Answer<Value> {
    if dry_run != DryRun::Client && !scalable(info) {
        let message = "the server could not find the requested resource";
        return Err(ApiError::new(crate::api::status::Reason::NotFound, message).into());
    }
    let now = at(&info.object, "spec.replicas").as_i64().unwrap_or(1);
    if current != -1 && now != current {
        return Err(Failure::Plain(format!("Expected replicas to be {current}, was {now}")));
    }
    let version = call.flags.text("resource-version").to_owned();
    let actual = text(&info.object, "metadata.resourceVersion");
    if !version.is_empty() && version != actual {
        return Err(Failure::Plain(format!("Expected resource version to be {version}, was {actual}")));
    }
    if dry_run == DryRun::No {
        call.api.scale(info.resource, &info.ns, &info.name, wanted)?;
    }
    // kubectl shows the object as it was, with the new number in it.
    let mut object = info.object.clone();
    map_mut(&mut object, "spec").insert("replicas".into(), Value::from(wanted));
    if call.flags.on("record") && dry_run == DryRun::No {
        let patch = json!({"metadata": {"annotations": {history::CHANGE_CAUSE: call.flags.recorded()}}});
        let options = call.write_options(dry_run, "kubectl-scale");
        call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Merge, &patch, &options)?;
    }
    Ok(object)
}

/// Whether the resource has a scale subresource.
pub fn scalable(info: &Info) -> bool {
    crate::api::resources::subresources(info.resource).any(|sub| sub.plural.ends_with("/scale"))
}
