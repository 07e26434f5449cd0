//! `kubectl cordon` and `uncordon`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/drain/drain.go`, v1.36.

use serde_json::json;

use super::api::PatchKind;
use super::failure::{Answer, Failure};
use super::field::flag;
use super::flags::{Flag, optional, short, value};
use super::target::{self, Info};
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
    check_named(call)?;
    for node in named(call)? {
        mark(call, &node, unschedulable, dry_run)?;
    }
    Ok(Next::Done)
}

/// Nodes are named, or chosen by a selector; not both. Also for `drain`.
pub fn check_named(call: &Call<'_>) -> Answer<()> {
    let chosen = call.flags.has("selector");
    if call.flags.args.is_empty() && !chosen {
        return Err(call.flags.usage(format!("USAGE: {} NODE [flags]", call.flags.command)));
    }
    if !call.flags.args.is_empty() && chosen {
        return Err(Failure::plain("cannot specify both a node name and a --selector option"));
    }
    Ok(())
}

/// The nodes that are meant.
pub fn named(call: &Call<'_>) -> Answer<Vec<Info>> {
    let mut args = vec!["nodes".to_owned()];
    args.extend(call.flags.args.iter().map(|arg| arg.trim_start_matches("node/").trim_start_matches("nodes/").to_owned()));
    let mut targets = target::find(call, &args, target::Rules::default())?;
    Failure::all(std::mem::take(&mut targets.failures)).map_or_else(|| Ok(targets.infos()), Err)
}

/// Makes a node unschedulable or schedulable, and says so.
pub fn mark(call: &mut Call<'_>, node: &Info, unschedulable: bool, dry_run: DryRun) -> Answer<()> {
    let did = if unschedulable { "cordoned" } else { "uncordoned" };
    if flag(&node.object, "spec.unschedulable") == unschedulable {
        return call.say(node.resource, &node.name, &node.object, &format!("already {did}"), DryRun::No);
    }
    if dry_run != DryRun::Client {
        let value = if unschedulable { json!(true) } else { json!(null) };
        let options = call.write_options(dry_run, &format!("kubectl-{}", call.flags.command));
        let patch = json!({"spec": {"unschedulable": value}});
        let written = call.api.patch(node.resource, "", &node.name, PatchKind::Strategic, &patch, &options)?;
        call.warn(&written);
    }
    call.say(node.resource, &node.name, &node.object, did, dry_run)
}
