//! `kubectl delete`, which waits until the objects are gone. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/delete/delete.go`, v1.36.

use std::collections::VecDeque;

use serde_json::Value;

use super::api::{Api, DeleteOptions, Propagation};
use super::failure::{Answer, Failure};
use super::field::text;
use super::flags::{Flag, Parsed, optional, refused, short_switch, switch, value};
use super::target::{self, Info, Rules};
use super::{Call, DryRun, Next, Progress, Session};
use crate::kernel::time::{SimDuration, SimTime};

/// The flags of `delete`.
pub const FLAGS: &[Flag] = &[
    short_switch("all-namespaces", 'A'),
    switch("all"),
    switch("force"),
    switch("ignore-not-found"),
    switch("now"),
    switch("wait"),
    optional("cascade", "background"),
    optional("dry-run", "unchanged"),
    value("field-selector"),
    value("grace-period"),
    value("timeout"),
    refused("interactive"),
    refused("raw"),
];

/// Without `--timeout` kubectl waits a week.
const A_WEEK: SimDuration = SimDuration::from_secs(168 * 3600);

/// Objects that were deleted and aren't gone yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    objects: VecDeque<(Info, String)>,
    deadline: SimTime,
    failures: Vec<Failure>,
}

/// Runs `kubectl delete`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let propagation = cascade(call)?;
    let grace_period = grace_period(&call.flags)?;
    let dry_run = call.dry_run()?;
    let chosen = call.flags.on("all") || call.flags.has("selector") || call.flags.has("field-selector");
    let ignore_not_found = if call.flags.has("ignore-not-found") { call.flags.on("ignore-not-found") } else { chosen };
    let timeout = call.flags.duration("timeout")?.filter(|t| !t.is_zero()).unwrap_or(A_WEEK);
    let args = call.flags.args.clone();
    if target::nothing_named(call, &args) {
        return Err(Failure::plain(target::NOTHING));
    }
    let mut targets = target::find(call, &args, Rules { unfetched: true, ..Rules::default() })?;
    check(call, grace_period)?;
    let mut failures = std::mem::take(&mut targets.failures);
    let infos = targets.infos();
    if infos.is_empty() && failures.is_empty() {
        call.out.push_str("No resources found\n");
        return Ok(Next::Done);
    }
    if call.explicit_namespace() && !call.flags.on("all-namespaces") && infos.iter().any(|info| !info.resource.namespaced) {
        call.err.push_str("Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n");
    }
    let options = DeleteOptions { propagation, grace_period };
    let mut deleted = VecDeque::new();
    let mut found = false;
    for info in infos {
        match one(call, &info, &options, dry_run) {
            Ok(uid) => {
                found = true;
                deleted.push_back((info, uid));
            }
            Err(failure) if ignore_not_found && failure.is_not_found() => {
                // Deleting by name looks no further; lists can lose an object in between.
                found = true;
            }
            Err(failure) => failures.push(failure),
        }
    }
    if !found && failures.is_empty() {
        call.out.push_str("No resources found\n");
    }
    if dry_run != DryRun::No || !call.flags.on_unless_off("wait") || !failures.is_empty() {
        return Failure::all(failures).map_or(Ok(Next::Done), Err);
    }
    let deadline = call.api.now() + timeout;
    Ok(Next::Wait(Session::Delete(Box::new(Waiting { objects: deleted, deadline, failures: Vec::new() }))))
}

/// `--cascade`, which was a switch once.
pub fn cascade(call: &mut Call<'_>) -> Answer<Propagation> {
    let given = call.flags.get("cascade").unwrap_or("background").to_owned();
    let (propagation, word) = match given.as_str() {
        "background" => return Ok(Propagation::Background),
        "foreground" => return Ok(Propagation::Foreground),
        "orphan" => return Ok(Propagation::Orphan),
        "1" | "t" | "T" | "true" | "True" | "TRUE" => (Propagation::Background, "background"),
        "0" | "f" | "F" | "false" | "False" | "FALSE" => (Propagation::Orphan, "orphan"),
        other => {
            let known = "Must be \"background\", \"foreground\", or \"orphan\"";
            return Err(Failure::Plain(format!("invalid cascade value ({other}). {known}")));
        }
    };
    let replaced = format!("is deprecated (boolean value) and can be replaced with --cascade={word}");
    call.err.push_str(&format!("warning: --cascade={given} {replaced}.\n"));
    Ok(propagation)
}

fn grace_period(flags: &Parsed) -> Answer<Option<i64>> {
    let given = flags.int("grace-period")?.unwrap_or(-1);
    let force = flags.on("force");
    let seconds = match given {
        _ if flags.on("now") && given != -1 => return Err(Failure::plain("--now and --grace-period cannot be specified together")),
        _ if flags.on("now") => 1,
        // 0 without --force would lose data by accident.
        0 if !force => 1,
        negative if negative < 0 && force => 0,
        seconds => seconds,
    };
    Ok((seconds >= 0).then_some(seconds))
}

fn check(call: &mut Call<'_>, grace_period: Option<i64>) -> Answer<()> {
    let output = call.flags.text("output");
    if !matches!(output, "" | "name") {
        return Err(Failure::Plain(format!("unexpected -o output mode: {output}. We only support '-o name'")));
    }
    for selector in ["selector", "field-selector"] {
        if call.flags.on("all") && call.flags.has(selector) {
            return Err(Failure::Plain(format!("cannot set --all and --{selector} at the same time")));
        }
    }
    if call.flags.on("force") {
        if grace_period != Some(0) {
            return Err(Failure::plain("--force and --grace-period greater than 0 cannot be specified together"));
        }
        call.err.push_str(
            "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. \
             The resource may continue to run on the cluster indefinitely.\n",
        );
    }
    Ok(())
}

/// Deletes one object and says so. Answers with its UID.
pub fn one(call: &mut Call<'_>, info: &Info, options: &DeleteOptions, dry_run: DryRun) -> Answer<String> {
    let answer = match dry_run {
        DryRun::No => call.api.delete(info.resource, &info.ns, &info.name, options),
        DryRun::Server => call.api.get(info.resource, &info.ns, &info.name),
        // Nobody is asked, so that nobody says that it isn't there.
        DryRun::Client => Ok(Value::Null),
    };
    let object: Value = answer.map_err(|error| Failure::from(error).about("deleting", info.source.as_deref()))?;
    let kind = crate::api::status::qualified_resource(info.resource.group, &info.resource.kind.to_lowercase());
    if call.flags.text("output") == "name" {
        call.out.push_str(&format!("{kind}/{}\n", info.name));
    } else {
        let forced = if options.grace_period == Some(0) { "force " } else { "" };
        let from = if info.ns.is_empty() { String::new() } else { format!(" from {} namespace", info.ns) };
        let suffix = match dry_run {
            DryRun::No => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        };
        call.out.push_str(&format!("{kind} \"{}\" {forced}deleted{from}{suffix}\n", info.name));
    }
    Ok(text(&object, "metadata.uid").to_owned())
}

impl Waiting {
    /// Ends when all objects are gone, or others have their names.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        let mut progress = Progress::waiting(Some(self.deadline));
        while let Some((info, uid)) = self.objects.front() {
            let there = api.get(info.resource, &info.ns, &info.name).is_ok_and(|object| text(&object, "metadata.uid") == *uid);
            if there {
                if self.deadline > api.now() {
                    return progress;
                }
                let what = format!("{}/{}", info.resource.plural, info.name);
                self.failures.push(Failure::Plain(format!("timed out waiting for the condition on {what}")));
            }
            self.objects.pop_front();
        }
        progress.end(Failure::all(std::mem::take(&mut self.failures)));
        progress
    }
}
