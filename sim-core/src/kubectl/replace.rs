//! `kubectl replace`, and with `--force` a deletion before it. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/replace/replace.go`, v1.36.

use std::collections::VecDeque;

use serde_json::Value;

use super::api::{Api, DeleteOptions, WriteOptions};
use super::apply::annotated;
use super::create::field_validation;
use super::delete;
use super::failure::{Answer, Failure};
use super::field::name;
use super::flags::{Flag, optional, refused, short, short_switch, switch, value};
use super::target::Info;
use super::{Call, DryRun, Invocation, Next, Progress, Session, manifest};
use crate::kernel::time::{SimDuration, SimTime};

/// The flags of `replace`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short_switch("recursive", 'R'),
    switch("force"),
    switch("record"),
    switch("save-config"),
    switch("show-managed-fields"),
    switch("wait"),
    optional("cascade", "background"),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager"),
    value("grace-period"),
    value("timeout"),
    refused("raw"),
    refused("subresource"),
];

/// How long `--force` waits until what it deleted is gone.
const PATIENCE: SimDuration = SimDuration::from_secs(5 * 60);

/// Runs `kubectl replace`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let cascade = delete::cascade(call)?;
    let grace_period = call.flags.int("grace-period")?.unwrap_or(-1);
    let timeout = call.flags.duration("timeout")?.filter(|timeout| !timeout.is_zero());
    let dry_run = call.dry_run()?;
    let mut options = call.write_options(dry_run, "kubectl-replace");
    options.field_validation = field_validation(call)?;
    if !call.flags.has("filename") && !call.flags.has("kustomize") {
        return Err(Failure::plain("must specify one of -f and -k"));
    }
    let force = call.flags.on("force");
    let wrong = match force {
        false if grace_period >= 0 => Some("--grace-period must have --force specified"),
        false if timeout.is_some() => Some("--timeout must have --force specified"),
        true if dry_run != DryRun::No => Some("--dry-run can not be used when --force is set"),
        _ => None,
    };
    if let Some(why) = wrong {
        return Err(Failure::plain(why));
    }
    let (infos, mut failures) = manifest::read(call)?;
    if force {
        // 0 would lose data by accident.
        let grace_period = Some(if grace_period == 0 { 1 } else { grace_period }).filter(|seconds| *seconds >= 0);
        let gone = DeleteOptions { propagation: cascade, grace_period };
        return replace_by_force(call, infos, failures, &gone, timeout.unwrap_or(PATIENCE), &options);
    }
    if infos.is_empty() && failures.is_empty() {
        return Err(Failure::plain("no objects passed to replace"));
    }
    for info in infos {
        let object = prepared(call, &info);
        if dry_run == DryRun::Client {
            call.say(info.resource, &info.name, &object, "replaced", dry_run)?;
            continue;
        }
        match call.api.update(info.resource, &info.ns, object, &options) {
            Ok(written) => {
                call.warn(&written);
                call.say(info.resource, &info.name, &written.object, "replaced", dry_run)?;
            }
            Err(error) => failures.push(Failure::from(error).about("replacing", info.source.as_deref())),
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// The object of a manifest with the annotations that kubectl adds. What was applied before stays so.
fn prepared(call: &Call<'_>, info: &Info) -> Value {
    let mut object = info.object.clone();
    call.note_cause(&mut object);
    let applied = super::field::entry(&object, "metadata.annotations", super::rollback::LAST_APPLIED).is_some();
    if call.flags.on("save-config") || applied { annotated(object) } else { object }
}

/// Deletes what is there, and creates once it is gone.
fn replace_by_force(
    call: &mut Call<'_>,
    infos: Vec<Info>,
    mut failures: Vec<Failure>,
    gone: &DeleteOptions,
    timeout: SimDuration,
    options: &WriteOptions,
) -> Answer<Next> {
    if infos.is_empty() && failures.is_empty() {
        call.out.push_str("No resources found\n");
        return Err(Failure::plain("no objects passed to replace"));
    }
    for info in &infos {
        match delete::one(call, info, gone, DryRun::No) {
            Err(failure) if !failure.is_not_found() => failures.push(failure),
            _ => {}
        }
    }
    if let Some(failure) = Failure::all(failures) {
        return Err(failure);
    }
    let lingers = |info: &&Info| call.api.get(info.resource, &info.ns, &info.name).is_ok();
    let lingering: VecDeque<Info> = infos.iter().filter(lingers).cloned().collect();
    if !lingering.is_empty() {
        let again = Invocation { args: call.words.to_vec(), files: call.files.clone() };
        let deadline = call.api.now() + timeout;
        return Ok(Next::Wait(Session::Replace(Box::new(Waiting { lingering, deadline, again }))));
    }
    let mut failures = Vec::new();
    for info in &infos {
        let object = prepared(call, info);
        match call.api.create(info.resource, &info.ns, object, options) {
            Ok(written) => {
                call.warn(&written);
                call.say(info.resource, name(&written.object), &written.object, "replaced", DryRun::No)?;
            }
            Err(error) => failures.push(error.into()),
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// Objects that were deleted and aren't gone yet. Then the same command line runs once more: it finds nothing to delete, and creates.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    lingering: VecDeque<Info>,
    deadline: SimTime,
    again: Invocation,
}

impl Waiting {
    /// Ends when all objects are gone.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        let mut progress = Progress::waiting(Some(self.deadline));
        while let Some(info) = self.lingering.front() {
            if api.get(info.resource, &info.ns, &info.name).is_ok() {
                if self.deadline <= api.now() {
                    progress.end(Some(Failure::plain("timed out waiting for the condition")));
                }
                return progress;
            }
            self.lingering.pop_front();
        }
        progress.end(None);
        progress.then = Some(Invocation { args: self.again.args.clone(), files: std::mem::take(&mut self.again.files) });
        progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Cluster, Config};
    use crate::kubectl::{self, Outcome};
    use std::collections::BTreeMap;

    #[test]
    fn waits_until_the_old_object_is_gone() {
        let mut cluster = Cluster::new(Config::default());
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: nginx}]}}";
        let invocation = |line: &str| Invocation {
            args: kubectl::split(line).expect("a line"),
            files: BTreeMap::from([("p.yaml".to_owned(), pod.to_owned())]),
        };
        let Outcome::Done(created) = cluster.kubectl(&invocation("create -f p.yaml")) else { panic!("creates at once") };
        assert_eq!(created.stdout, "pod/p created\n");
        cluster.run_until(cluster.now() + SimDuration::from_secs(60));
        let Outcome::Waiting(output, mut session) = cluster.kubectl(&invocation("replace --force -f p.yaml")) else {
            panic!("a pod has a grace period")
        };
        assert_eq!(output.stdout, "pod \"p\" deleted from default namespace\n");
        let then = loop {
            let next = cluster.next_at().expect("the pod ends");
            cluster.run_until(next);
            let progress = cluster.poll(&mut session);
            if progress.done {
                break progress.then.expect("the second half");
            }
        };
        let Outcome::Done(replaced) = cluster.kubectl(&then) else { panic!("creates at once") };
        assert_eq!((replaced.stdout.as_str(), replaced.code), ("pod/p replaced\n", 0));
    }
}
