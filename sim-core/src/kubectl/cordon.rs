//! `kubectl cordon` and `uncordon`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/drain/drain.go`, v1.36.

use serde_json::json;

use super::api::PatchKind;
use super::failure::{Answer, Failure};
use super::field::flag;
use super::flags::{Flag, optional, short, value};
use super::target::{self, Group};
use super::{Call, DryRun, Next};

/// The flags of both.
pub const FLAGS: &[Flag] = &[short("selector", 'l'), optional("dry-run", "unchanged"), value("chunk-size")];

/// Runs `kubectl cordon`.
pub fn cordon(call: &mut Call<'_>) -> Answer<Next> {
    run(call, true)
}

/// Runs `kubectl uncordon`.
pub fn uncordon(call: &mut Call<'_>) -> Answer<Next> {
    run(call, false)
}

fn run(call: &mut Call<'_>, unschedulable: bool) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let chosen = call.flags.has("selector");
    if call.flags.args.is_empty() && !chosen {
        return Err(call.flags.usage(format!("USAGE: {} NODE [flags]", call.flags.command)));
    }
    if !call.flags.args.is_empty() && chosen {
        return Err(Failure::plain("cannot specify both a node name and a --selector option"));
    }
    let mut args = vec!["nodes".to_owned()];
    args.extend(call.flags.args.iter().map(|arg| arg.trim_start_matches("node/").trim_start_matches("nodes/").to_owned()));
    let targets = target::find(call, &args, target::Rules::default())?;
    if let Some(failure) = Failure::all(targets.failures.clone()) {
        return Err(failure);
    }
    let did = if unschedulable { "cordoned" } else { "uncordoned" };
    for info in targets.groups.into_iter().flat_map(|group: Group| group.infos) {
        if flag(&info.object, "spec.unschedulable") == unschedulable {
            call.say(info.resource, &info.name, &info.object, &format!("already {did}"), DryRun::No)?;
            continue;
        }
        if dry_run != DryRun::Client {
            let value = if unschedulable { json!(true) } else { json!(null) };
            let options = call.write_options(dry_run, &format!("kubectl-{}", call.flags.command));
            let patch = json!({"spec": {"unschedulable": value}});
            let written = call.api.patch(info.resource, "", &info.name, PatchKind::Strategic, &patch, &options)?;
            call.warn(&written);
        }
        call.say(info.resource, &info.name, &info.object, did, dry_run)?;
    }
    Ok(Next::Done)
}
