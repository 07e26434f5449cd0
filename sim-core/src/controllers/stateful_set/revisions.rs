//! Which revision of a StatefulSet is the current one, which one it is being updated to, and how many old ones are kept.
//! Mirrors getStatefulSetRevisions and truncateHistory of `pkg/controller/statefulset/stateful_set_control.go`, v1.36.

use super::{Member, Revisions, identity};
use crate::api::object::Kind;
use crate::api::stateful_set::StatefulSet;
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::Plan;
use crate::client::view::View;
use crate::controllers::history::{self, Known};
use std::sync::Arc;

/// The label with a revision's hash.
const HASH: &str = "controller.kubernetes.io/hash";

/// The revisions of the set. One that remembers the template already gets the highest number; if none does, it is made.
///
/// Example: revisions 1 (image a) and 2 (image b), the template goes back to a: the first one becomes revision 3.
pub fn of(view: &View, set: &StatefulSet, known: &mut [Known], plan: &mut Plan) -> Revisions {
    let next = known.last().map_or(1, |last| last.revision.revision + 1);
    let mut collision_count = set.status.collision_count.unwrap_or(0);
    let equal = known.iter().rposition(|known| known.is_of(&set.spec.template));
    let update = match equal {
        Some(place) if place + 1 == known.len() => known[place].clone(),
        Some(place) => {
            known[place].renumber(next, plan);
            plan.why = format!("the template is that of {} again: it becomes revision {next}", known[place].name()).into();
            known[place].clone()
        }
        None => create(view, set, next, &mut collision_count, plan),
    };
    let current = known.iter().find(|known| *known.name() == set.status.current_revision).cloned();
    Revisions { current: current.unwrap_or_else(|| update.clone()), update, collision_count }
}

/// A name that is taken by a revision with other data is a collision of hashes: it is counted, and the count goes into the next one.
/// `realHistory.CreateControllerRevision`.
fn create(view: &View, set: &StatefulSet, number: i64, collision_count: &mut i32, plan: &mut Plan) -> Known {
    let data = history::patch(&set.spec.template);
    let first = history::hash(&data, *collision_count);
    loop {
        let name = history::revision_name(&set.meta.name, &history::hash(&data, *collision_count));
        let taken = view.find(Kind::ControllerRevision, &set.meta.namespace, &name);
        if let Some(id) = taken
            && let Some(revision) = view.get(id).and_then(|object| object.as_controller_revision())
        {
            if *revision.data == data {
                return Known { id: Some(id), revision: revision.clone() };
            }
            *collision_count = collision_count.saturating_add(1);
            continue;
        }
        let mut labels = set.spec.template.labels.clone();
        labels.set(HASH, first);
        let revision = history::new_revision(Kind::StatefulSet, &set.meta, name, labels, data, number);
        plan.then(Write::Create(revision.clone().into()));
        if plan.why.is_empty() {
            plan.why = format!("the pod template is new: it is remembered as revision {number}").into();
        }
        return Known { id: None, revision: Arc::new(revision) };
    }
}

/// Deletes the oldest revisions beyond `revisionHistoryLimit` that neither count nor have pods.
pub fn truncate(set: &StatefulSet, known: &[Known], revisions: &Revisions, pods: &[Member<'_>], plan: &mut Plan) {
    let live = |known: &&Known| {
        let name = known.name();
        name == revisions.current.name()
            || name == revisions.update.name()
            || pods.iter().any(|(_, pod)| identity::revision(pod) == Some(name))
    };
    let Ok(limit) = usize::try_from(set.spec.revision_history_limit) else { return };
    let old: Vec<&Known> = known.iter().filter(|known| !live(known)).collect();
    let excess = old.len().saturating_sub(limit);
    for id in old.into_iter().take(excess).filter_map(|known| known.id) {
        plan.then(Write::Delete(id, DeleteOptions::default()));
        if plan.why.is_empty() {
            plan.why = format!("{excess} old revisions are beyond the {limit} that are kept").into();
        }
    }
}
