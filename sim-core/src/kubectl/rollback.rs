//! `kubectl rollout undo`: puts an old ReplicaSet's template back into its Deployment. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollback.go`, v1.36.

use serde_json::{Map, Value, json};

use super::api::PatchKind;
use super::failure::{Answer, Failure};
use super::field::{at, entry, flag, map_mut, name};
use super::flags::{Flag, optional, short, short_switch, switch, value};
use super::rollout::{replica_sets_of, revision_of};
use super::target::{self, Info, Rules, nothing_named};
use super::{Call, DryRun, Next, describe};

/// The annotation in which `kubectl apply` keeps what it applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The flags of `rollout undo`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("selector", 'l'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short_switch("recursive", 'R'),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("to-revision"),
];

/// Annotations that stay the Deployment's own.
const KEPT: &[&str] = &[
    LAST_APPLIED,
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

/// Runs `kubectl rollout undo`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let args = call.flags.args.clone();
    if nothing_named(call, &args) {
        return Err(Failure::plain("required resource not specified"));
    }
    let revision = call.flags.int("to-revision")?.unwrap_or(0);
    let dry_run = call.dry_run()?;
    let mut targets = target::find(call, &args, Rules { type_alone: true, ..Rules::default() })?;
    let mut failures = std::mem::take(&mut targets.failures);
    for info in targets.infos() {
        if let Err(failure) = one(call, &info, revision, dry_run) {
            failures.push(failure);
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

fn one(call: &mut Call<'_>, info: &Info, to: i64, dry_run: DryRun) -> Answer<()> {
    if entry(&info.object, "metadata.annotations", LAST_APPLIED).is_some() {
        call.err.push_str(&format!(
            "Warning: resource {} was previously managed with 'kubectl apply'. Rolling back will not update the {LAST_APPLIED} annotation, \
             which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous \
             configuration file instead.\n",
            info.plural_title()
        ));
    }
    match (info.resource.group, info.resource.plural) {
        ("apps", "deployments") => {}
        ("apps", "daemonsets" | "statefulsets") => return Err(Failure::not_simulated(&format!("rolling back a {}", info.resource.kind))),
        _ => {
            let kind = info.resource.qualified_kind();
            return Err(Failure::Plain(format!("no rollbacker has been implemented for {kind:?}")));
        }
    }
    let result = deployment(call, &info.object, info, to, dry_run)?;
    call.say(info.resource, &info.name, &info.object, &result, dry_run)
}

fn deployment(call: &mut Call<'_>, deployment: &Value, info: &Info, to: i64, dry_run: DryRun) -> Answer<String> {
    let replica_set = revision(call, deployment, to)?;
    let mut template = at(&replica_set, "spec.template").clone();
    if dry_run == DryRun::Client {
        return Ok(describe::template_text(&template, &call.clock()));
    }
    if flag(deployment, "spec.paused") {
        let why = "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again";
        return Err(Failure::plain(why));
    }
    without_hash(&mut template);
    let mut current = at(deployment, "spec.template").clone();
    without_hash(&mut current);
    if template == current {
        return Ok(format!("skipped rollback (current template already matches revision {to})"));
    }
    let mut annotations = Map::new();
    let entries = |object: &Value| at(object, "metadata.annotations").as_object().cloned().unwrap_or_default();
    annotations.extend(entries(deployment).into_iter().filter(|(key, _)| KEPT.contains(&key.as_str())));
    annotations.extend(entries(&replica_set).into_iter().filter(|(key, _)| !KEPT.contains(&key.as_str())));
    let patch = json!([
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": annotations},
    ]);
    let options = call.write_options(dry_run, "kubectl-rollout");
    match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Json, &patch, &options) {
        Ok(written) => call.warn(&written),
        Err(error) => return Err(Failure::Plain(format!("failed restoring revision {to}: {error}"))),
    }
    Ok("rolled back".to_owned())
}

fn without_hash(template: &mut Value) {
    if at(template, "metadata.labels").is_object() {
        map_mut(template, "metadata.labels").remove("pod-template-hash");
    }
}

/// The ReplicaSet of a revision; the one before the last for 0.
fn revision(call: &Call<'_>, deployment: &Value, to: i64) -> Answer<Value> {
    let mut numbered: Vec<(i64, Value)> =
        replica_sets_of(call, deployment)?.into_iter().filter_map(|rs| revision_of(&rs).map(|number| (number, rs))).collect();
    if to != 0 {
        let found = numbered.into_iter().find(|(number, _)| *number == to && to > 0);
        return found.map(|(_, rs)| rs).ok_or_else(|| Failure::Plain(format!("unable to find specified revision {to} in history")));
    }
    numbered.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let second = numbered.into_iter().nth(1).map(|(_, rs)| rs);
    second.ok_or_else(|| Failure::Plain(format!("no rollout history found for deployment {:?}", name(deployment))))
}
