//! `kubectl rollout history`. Mirrors `staging/src/k8s.io/kubectl/pkg/polymorphichelpers/history.go`, v1.36.

use std::collections::BTreeMap;

use serde_json::Value;

use super::failure::{Answer, Failure};
use super::field::{at, controller, entry, int, map_mut, text};
use super::flags::{Flag, switch, value};
use super::rollout::{replica_sets_of, revision_of};
use super::table::elastic;
use super::target::{self, Info, Rules, nothing_named};
use super::{Call, Next, describe};
use crate::api::patch::strategic;
use crate::api::resources::Resource;
use crate::api::selector::Selector;

/// The annotation that says why a revision came to be.
pub const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// The flags of `rollout history`.
pub const FLAGS: &[Flag] = &[switch("show-managed-fields"), value("revision")];

/// What is known of one revision.
struct Revision {
    template: Value,
    cause: String,
    object: Value,
}

/// Runs `kubectl rollout history`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let args = call.flags.args.clone();
    if nothing_named(call, &args) {
        return Err(Failure::plain("required resource not specified"));
    }
    let revision = call.flags.int("revision")?.unwrap_or(0);
    if revision < 0 {
        return Err(Failure::Plain(format!("revision must be a positive integer: {revision}")));
    }
    let mut targets = target::find(call, &args, Rules { type_alone: true, ..Rules::default() })?;
    let mut failures = std::mem::take(&mut targets.failures);
    for info in targets.infos() {
        if let Err(failure) = one(call, &info, revision) {
            failures.push(failure);
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

fn one(call: &mut Call<'_>, info: &Info, wanted: i64) -> Answer<()> {
    let history = match (info.resource.group, info.resource.plural) {
        ("apps", "deployments") => of_deployment(call, &info.object)?,
        ("apps", "daemonsets" | "statefulsets") => of_controller(call, info)?,
        _ => return Err(not_for(info.resource, "history", "history viewer")),
    };
    let missing = || Failure::plain("unable to find the specified revision");
    if call.flags.has("output") {
        let chosen: Vec<&Revision> = if wanted > 0 { vec![history.get(&wanted).ok_or_else(missing)?] } else { history.values().collect() };
        for revision in chosen {
            call.say(info.resource, super::field::name(&revision.object), &revision.object, "", super::DryRun::No)?;
        }
        return Ok(());
    }
    let (title, text) = if wanted > 0 && !history.is_empty() {
        let revision = history.get(&wanted).ok_or_else(missing)?;
        (format!("with revision #{wanted}"), describe::template_text(&revision.template, &call.clock()))
    } else if history.is_empty() {
        (if wanted > 0 { format!("with revision #{wanted}") } else { String::new() }, "No rollout history found.".to_owned())
    } else {
        let mut rows = "REVISION\tCHANGE-CAUSE\n".to_owned();
        for (number, revision) in &history {
            let cause = if revision.cause.is_empty() { "<none>" } else { &revision.cause };
            rows.push_str(&format!("{number}\t{cause}\n"));
        }
        (String::new(), elastic(&rows))
    };
    call.out.push_str(&format!("{} {title}\n{text}\n", info.title()));
    Ok(())
}

/// That a kind has no history, and so no way back. Kinds that kubectl's visitor (`pkg/apps/kind_visitor.go`) has never heard of are
/// refused in other words.
pub fn not_for(resource: &Resource, wanted: &str, missing: &str) -> Failure {
    let visited = [("", "Pod"), ("", "ReplicationController"), ("apps", "ReplicaSet"), ("batch", "CronJob"), ("batch", "Job")];
    let (group, kind, name) = (resource.group, resource.kind, resource.qualified_kind());
    Failure::Plain(if visited.contains(&(group, kind)) {
        format!("no {missing} has been implemented for {name:?}")
    } else {
        format!("error retrieving {wanted} for {name:?}, no visitor method exists for {{{group} {kind}}}")
    })
}

fn of_deployment(call: &Call<'_>, deployment: &Value) -> Answer<BTreeMap<i64, Revision>> {
    let mut history = BTreeMap::new();
    for rs in replica_sets_of(call, deployment)? {
        let Some(number) = revision_of(&rs) else { continue };
        let cause = entry(&rs, "metadata.annotations", CHANGE_CAUSE).unwrap_or("").to_owned();
        let mut template = at(&rs, "spec.template").clone();
        if !cause.is_empty() {
            map_mut(&mut template, "metadata.annotations").insert(CHANGE_CAUSE.into(), Value::from(cause.as_str()));
        }
        history.insert(number, Revision { template, cause, object: rs });
    }
    Ok(history)
}

/// DaemonSets and StatefulSets keep their history in ControllerRevisions: patches that make the owner what it was.
fn of_controller(call: &Call<'_>, info: &Info) -> Answer<BTreeMap<i64, Revision>> {
    let mut history = BTreeMap::new();
    for kept in revisions_of(call, &info.object)? {
        let cause = entry(&kept, "metadata.annotations", CHANGE_CAUSE).unwrap_or("").to_owned();
        let object = applied(info.resource, &info.object, &kept)?;
        history.insert(int(&kept, "revision"), Revision { template: at(&object, "spec.template").clone(), cause, object });
    }
    Ok(history)
}

/// The ControllerRevisions of an owner, as kubectl looks for them: by selector, then by controller.
pub fn revisions_of(call: &Call<'_>, owner: &Value) -> Answer<Vec<Value>> {
    let resource = target::resource("controllerrevisions.apps")?;
    let selector = Selector::from_label_selector(at(owner, "spec.selector")).map_err(Failure::Plain)?;
    let uid = text(owner, "metadata.uid");
    let all = call.api.list(resource, Some(super::field::namespace(owner)), &selector)?;
    Ok(all.into_iter().filter(|revision| controller(revision).is_some_and(|o| text(o, "uid") == uid)).collect())
}

/// The owner as a revision remembers it.
///
/// # Errors
/// The revision's data can't be applied as a patch.
pub fn applied(resource: &'static Resource, owner: &Value, revision: &Value) -> Answer<Value> {
    let unreadable = |_| Failure::Plain(format!("unable to parse history {}", super::field::name(revision)));
    strategic(resource, owner, at(revision, "data")).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::resources::lookup;
    use serde_json::json;

    #[test]
    fn kinds_without_history() {
        let check = |word: &str, expected: &str| {
            let resource = lookup(word).expect("in the table");
            assert_eq!(not_for(resource, "history", "history viewer"), Failure::plain(expected));
        };
        check("jobs", "no history viewer has been implemented for \"Job.batch\"");
        check("cm", "error retrieving history for \"ConfigMap\", no visitor method exists for { ConfigMap}");
    }

    #[test]
    fn a_revision_puts_the_whole_template_back() {
        let set = lookup("statefulsets").expect("in the table");
        let owner = json!({"spec": {"replicas": 3, "template": {"metadata": {"annotations": {"restarted": "now"}},
            "spec": {"containers": [{"name": "db", "image": "db:2"}, {"name": "side", "image": "s:1"}]}}}});
        let template = json!({"$patch": "replace", "spec": {"containers": [{"name": "db", "image": "db:1"}]}});
        let revision = json!({"metadata": {"name": "r"}, "revision": 1, "data": {"spec": {"template": template}}});
        let then = applied(set, &owner, &revision).expect("a patch");
        assert_eq!(then, json!({"spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "db", "image": "db:1"}]}}}}));
    }
}
