//! Which revision of a DaemonSet is the current one, and how many old ones are kept. Mirrors constructHistory, snapshot and cleanupHistory of
//! `pkg/controller/daemon/update.go`, v1.36.
//!
//! Unlike a StatefulSet's, the revision is named by the hash of the template, as a ReplicaSet is.

use super::Sync;
use crate::api::daemon_set::DaemonSet;
use crate::api::meta::Str;
use crate::api::object::{Kind, ObjectId};
use crate::api::template_hash::pod_template_hash;
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::Plan;
use crate::client::roster::HASH;
use crate::client::view::View;
use crate::controllers::history::{self, Known};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The hash of a revision; its name, if somebody took the label away.
pub fn hash(revision: &Known) -> &Str {
    revision.revision.meta.labels.get(HASH).unwrap_or(revision.name())
}

/// The hash of the current template, as far as the cache knows it.
pub fn known_hash(view: &View, set: &DaemonSet) -> Str {
    let known = history::claim(Kind::DaemonSet, view, &set.meta, &set.spec.selector, false, &mut Plan::nothing());
    known.iter().rfind(|known| known.is_of(&set.spec.template)).map(|known| hash(known).clone()).unwrap_or_default()
}

impl Sync<'_> {
    /// The revision of the current template; it has the highest number. `None`: its name is taken, and the next one is tried once that is
    /// counted.
    pub(super) fn current_revision(&mut self, known: &mut [Known]) -> Option<Known> {
        for known in known.iter_mut().filter(|known| known.revision.meta.labels.get(HASH).is_none()) {
            let mut revision = (*known.revision).clone();
            revision.meta.labels.set(HASH, revision.meta.name.clone());
            if let Some(id) = known.id {
                self.plan.then(Write::Update(id, revision.clone().into()));
            }
            known.revision = Arc::new(revision);
        }
        let template = &self.set.spec.template;
        let highest = known.iter().filter(|known| !known.is_of(template)).map(|known| known.revision.revision).max();
        let number = highest.unwrap_or(0).max(0) + 1;
        let mut equal: Vec<Known> = known.iter().filter(|known| known.is_of(template)).cloned().collect();
        // The list is in order of their numbers.
        let Some(mut current) = equal.pop() else { return self.create_revision(number) };
        if !equal.is_empty() {
            self.merge(&current, &equal);
        }
        if current.revision.revision < number {
            current.renumber(number, &mut self.plan);
            self.explain(|| format!("the template is that of {} again: it becomes revision {number}", current.name()));
        }
        Some(current)
    }

    /// Several revisions remember the same template: the newest stays, and the pods of the others become its own. `dedupCurHistories`.
    fn merge(&mut self, kept: &Known, others: &[Known]) {
        let (meta, label) = (&self.set.meta, hash(kept));
        let labels: crate::api::meta::StrMap = [(Str::from(HASH), label.clone())].into_iter().collect();
        for (id, _) in self.view.pods_of(meta.uid, &meta.namespace).filter(|(_, pod)| pod.meta.labels.get(HASH) != Some(label)) {
            self.plan.then(Write::Labels(id, labels.clone()));
        }
        for id in others.iter().filter_map(|other| other.id) {
            self.plan.then(Write::Delete(id, DeleteOptions::default()));
        }
        self.explain(|| format!("several revisions remember this template: {} stays", kept.name()));
    }

    /// `snapshot`. A name that is taken by a revision with other data is a collision of hashes: the DaemonSet counts it, and the count goes
    /// into the next hash.
    fn create_revision(&mut self, number: i64) -> Option<Known> {
        let (meta, template) = (&self.set.meta, &self.set.spec.template);
        let hash = Str::from(pod_template_hash(&template.tree, self.set.status.collision_count));
        let name = Str::from(format!("{}-{hash}", meta.name));
        let data = history::patch(template);
        if let Some(id) = self.view.find(Kind::ControllerRevision, &meta.namespace, &name)
            && let Some(taken) = self.view.get(id).and_then(|object| object.as_controller_revision())
        {
            if *taken.data == data {
                return Some(Known { id: Some(id), revision: taken.clone() });
            }
            let count = self.set.status.collision_count.unwrap_or(0).saturating_add(1);
            let mut next = self.set.clone();
            next.status.collision_count = Some(count);
            if let Some(id) = self.view.find_uid(meta.uid) {
                self.plan.then(Write::UpdateStatus(id, next.into()));
            }
            self.explain(|| format!("another revision has the name {name}: collision {count} goes into the next hash"));
            return None;
        }
        let mut labels = template.labels.clone();
        labels.set(HASH, hash);
        let revision = history::new_revision(Kind::DaemonSet, meta, name, labels, data, number);
        self.plan.then(Write::Create(revision.clone().into()));
        self.explain(|| format!("the pod template is new: it is remembered as revision {number}"));
        Some(Known { id: None, revision: Arc::new(revision) })
    }

    /// Deletes the oldest revisions beyond `revisionHistoryLimit` that have no pods. `cleanupHistory`.
    pub(super) fn clean_up(&mut self, known: &[Known], current: &Known) {
        let old: Vec<&Known> =
            known.iter().filter(|known| known.name() != current.name() && !known.is_of(&self.set.spec.template)).collect();
        let limit = usize::try_from(self.set.spec.revision_history_limit).unwrap_or(0);
        let excess = old.len().saturating_sub(limit);
        if excess == 0 {
            return;
        }
        let view = self.view;
        let of_pod = |number: &u32| view.pod(ObjectId { kind: Kind::Pod, number: *number })?.meta.labels.get(HASH).cloned();
        let restless = self.roster().restless().flat_map(|(_, seat)| seat.pods.iter().filter_map(of_pod));
        let live: BTreeSet<Str> = self.roster().resting().map(|(hash, _)| hash.clone()).chain(restless).collect();
        let idle = old.into_iter().filter(|known| !live.contains(hash(known)));
        for id in idle.take(excess).filter_map(|known| known.id) {
            self.plan.then(Write::Delete(id, DeleteOptions::default()));
            self.explain(|| format!("{excess} old revisions are beyond the {limit} that are kept"));
        }
    }
}
