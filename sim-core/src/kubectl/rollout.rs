//! `kubectl rollout pause`, `resume` and `restart`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/rollout/rollout_{pause,resume,restart}.go`
//! and `pkg/polymorphichelpers/object{pauser,resumer,restarter}.go`, v1.36.

use serde_json::{Value, json};

use super::api::PatchKind;
use super::failure::{Answer, Failure};
use super::field::{flag, text};
use super::flags::{Flag, switch, value};
use super::target::{self, Info, Rules, nothing_named};
use super::{Call, DryRun, Next};

/// The flags of the three.
pub const FLAGS: &[Flag] = &[switch("show-managed-fields"), value("field-manager")];

/// `kubectl rollout pause`.
pub fn pause(call: &mut Call<'_>) -> Answer<Next> {
    each(call, "paused", |_, info| {
        if !deployment(info) {
            return Err("pausing is not supported".to_owned());
        }
        if flag(&info.object, "spec.paused") {
            return Err("is already paused".to_owned());
        }
        Ok(json!({"spec": {"paused": true}}))
    })
}

/// `kubectl rollout resume`.
pub fn resume(call: &mut Call<'_>) -> Answer<Next> {
    each(call, "resumed", |_, info| {
        if !deployment(info) {
            return Err("resuming is not supported".to_owned());
        }
        if !flag(&info.object, "spec.paused") {
            return Err("is not paused".to_owned());
        }
        Ok(json!({"spec": {"paused": null}}))
    })
}

/// `kubectl rollout restart`: a new annotation in the template makes a new revision.
pub fn restart(call: &mut Call<'_>) -> Answer<Next> {
    const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
    each(call, "restarted", |now, info| {
        if !matches!((info.resource.group, info.resource.plural), ("apps", "deployments" | "daemonsets" | "statefulsets")) {
            return Err("restarting is not supported".to_owned());
        }
        if deployment(info) && flag(&info.object, "spec.paused") {
            return Err("can't restart paused deployment (run rollout resume first)".to_owned());
        }
        let annotations = super::field::at(&info.object, "spec.template.metadata.annotations");
        if annotations.get(RESTARTED_AT).and_then(Value::as_str) == Some(now) {
            return Ok(Value::Null);
        }
        Ok(json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: now}}}}}))
    })
}

fn deployment(info: &Info) -> bool {
    (info.resource.group, info.resource.plural) == ("apps", "deployments")
}

/// Patches every object named; `Null` means that there is nothing to change.
fn each(call: &mut Call<'_>, did: &str, patch: impl Fn(&str, &Info) -> Result<Value, String>) -> Answer<Next> {
    let args = call.flags.args.clone();
    if nothing_named(call, &args) {
        return Err(Failure::plain("required resource not specified"));
    }
    let mut targets = target::find(call, &args, Rules { type_alone: true, ..Rules::default() })?;
    let mut failures = std::mem::take(&mut targets.failures);
    let infos = targets.infos();
    if infos.is_empty() && failures.is_empty() {
        call.err.push_str(&format!("No resources found in {} namespace.\n", call.namespace()));
    }
    let now = call.api.epoch().rfc3339(call.api.now());
    let options = call.write_options(DryRun::No, "kubectl-rollout");
    for info in infos {
        let patch = match patch(&now, &info) {
            Ok(Value::Null) => {
                let why = "if restart has already been triggered within the past second, please wait before attempting to trigger another";
                failures.push(Failure::Plain(format!("failed to create patch for {}: {why}", info.name)));
                continue;
            }
            Ok(patch) => patch,
            Err(why) => {
                failures.push(Failure::Plain(format!("error: {} {:?} {why}", info.resource.qualified(), info.name)));
                continue;
            }
        };
        match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Strategic, &patch, &options) {
            Ok(written) => {
                call.warn(&written);
                call.say(info.resource, &info.name, &written.object, did, DryRun::No)?;
            }
            Err(error) => failures.push(Failure::Plain(format!("failed to patch: {error}"))),
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// The names of the ReplicaSets' owner as kubectl looks for them: by selector, then by controller.
pub fn replica_sets_of(call: &Call<'_>, deployment: &Value) -> Answer<Vec<Value>> {
    let resource = target::resource("replicasets.apps")?;
    let selector =
        crate::api::selector::Selector::from_label_selector(super::field::at(deployment, "spec.selector")).map_err(Failure::Plain)?;
    let all = call.api.list(resource, Some(super::field::namespace(deployment)), &selector)?;
    let uid = text(deployment, "metadata.uid");
    Ok(all.into_iter().filter(|rs| super::field::controller(rs).is_some_and(|owner| text(owner, "uid") == uid)).collect())
}

/// The revision that a ReplicaSet carries.
pub fn revision_of(replica_set: &Value) -> Option<i64> {
    let annotation = super::field::entry(replica_set, "metadata.annotations", "deployment.kubernetes.io/revision");
    annotation.map_or(Some(0), |text| text.parse().ok())
}
