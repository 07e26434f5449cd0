//! Revisions: which ReplicaSet belongs to the current template, how a new one is made, and how many old ones are kept for `rollout undo`.
//!
//! Mirrors the revision functions of `pkg/controller/deployment/sync.go` and `util/deployment_util.go`, v1.36. The history of a Deployment
//! is its ReplicaSets: each carries its number as an annotation, and the number of the current one is copied to the Deployment. Going
//! back to an old template makes its ReplicaSet the current one again, with a new number; the old number is kept in another annotation.

use crate::api::event::EventType;
use crate::api::meta::{ConditionStatus, Meta, Str, StrMap};
use crate::api::object::Kind;
use crate::api::pod::PodTemplate;
use crate::api::selector::Selector;
use crate::api::template_hash::pod_template_hash;
use crate::api::workloads::{Deployment, ReplicaSet, ReplicaSetSpec, ReplicaSetStatus};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::view::View;
use crate::controllers::deployment::{Flow, Owned, Rollout, controller_reference, progress, rollback, rolling, scaling};
use crate::kernel::time::SimDuration;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The number of a revision, on ReplicaSets and on the Deployment.
pub const REVISION: &str = "deployment.kubernetes.io/revision";
/// The numbers that a ReplicaSet had before, with commas.
pub const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// The label that keeps the pods of different revisions apart.
pub const POD_TEMPLATE_HASH: &str = "pod-template-hash";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How long [`REVISION_HISTORY`] may grow, in bytes: `maxRevHistoryLengthInChars`.
const MAX_HISTORY: usize = 2000;
/// `validation.DNS1123SubdomainMaxLength`
const MAX_NAME: usize = 253;

/// The annotations that aren't copied from the Deployment to its ReplicaSet.
const NOT_COPIED: &[&str] =
    &[LAST_APPLIED, REVISION, REVISION_HISTORY, scaling::DESIRED_REPLICAS, scaling::MAX_REPLICAS, rollback::ROLLBACK_TO];

/// Whether this annotation is the ReplicaSet's or the Deployment's own.
pub(super) fn is_own(key: &str) -> bool {
    NOT_COPIED.contains(&key)
}

/// The revision of an object: 0 if it has none, `None` if it isn't a number.
pub fn revision(meta: &Meta) -> Option<i64> {
    meta.annotations.get(REVISION).map_or(Some(0), |text| text.parse().ok())
}

/// The highest revision; 0 if there is none. Revisions that aren't numbers are skipped.
pub fn max_revision<'a>(sets: impl IntoIterator<Item = &'a Owned>) -> i64 {
    sets.into_iter().filter_map(|owned| revision(&owned.set.meta)).max().unwrap_or(0).max(0)
}

/// The second highest revision: the one before the current.
pub fn last_revision<'a>(sets: impl IntoIterator<Item = &'a Owned>) -> i64 {
    let (_, second) = sets
        .into_iter()
        .filter_map(|owned| revision(&owned.set.meta))
        .fold((0, 0), |(first, second), revision| if revision >= first { (revision, first) } else { (first, second.max(revision)) });
    second
}

/// Whether two pod templates are equal, the hash label aside. `util/deployment_util.go`, EqualIgnoreHash.
pub fn same_template(a: &PodTemplate, b: &PodTemplate) -> bool {
    if Arc::ptr_eq(&a.tree, &b.tree) {
        return true;
    }
    let labels = |template: &PodTemplate| -> Vec<(Str, Str)> {
        let pairs = template.labels.iter().filter(|(key, _)| **key != POD_TEMPLATE_HASH);
        pairs.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    a.annotations == b.annotations && labels(a) == labels(b) && (Arc::ptr_eq(&a.spec, &b.spec) || a.spec == b.spec) && rest(a) == rest(b)
}

/// What else a template's metadata says: hardly ever anything.
fn rest(template: &PodTemplate) -> Vec<(&String, &Value)> {
    let known = |key: &str| matches!(key, "labels" | "annotations" | "creationTimestamp");
    let fields = template.tree["metadata"].as_object().into_iter().flat_map(Map::iter);
    fields.filter(|(key, value)| !known(key) && !value.is_null()).collect()
}

/// Copies the Deployment's annotations to the ReplicaSet of its template, and gives it a new revision if its own is lower. Returns whether
/// anything changed. `util/deployment_util.go`, SetNewReplicaSetAnnotations.
///
/// Example: revisions 1 and 2, the template of 1 comes back: its ReplicaSet gets revision 3 and history `1`.
pub fn annotate(annotations: &mut StrMap, deployment: &Deployment, new_revision: i64) -> bool {
    let before = annotations.get(REVISION).cloned();
    let Ok(number) = before.as_ref().filter(|text| !text.is_empty()).map_or(Ok(0), |text| text.parse::<i64>()) else { return false };
    let mut changed = false;
    for (key, value) in deployment.meta.annotations.iter().filter(|(key, _)| !is_own(key)) {
        if annotations.get(key) != Some(value) {
            annotations.set(key.clone(), value.clone());
            changed = true;
        }
    }
    if number < new_revision {
        annotations.set(REVISION, new_revision.to_string());
        if let Some(before) = before {
            remember(annotations, &before);
        }
        changed = true;
    }
    changed
}

/// Adds a number to the history, and drops the oldest ones if that gets too long.
fn remember(annotations: &mut StrMap, revision: &str) {
    let history = annotations.get(REVISION_HISTORY).cloned().unwrap_or_default();
    // As upstream: what begins with a comma is no history.
    if history.is_empty() || history.starts_with(',') {
        annotations.set(REVISION_HISTORY, revision.to_owned());
        return;
    }
    let mut numbers: Vec<&str> = history.split(',').collect();
    let mut length = history.len() + revision.len() + 1;
    while length > MAX_HISTORY && !numbers.is_empty() {
        length -= (numbers.remove(0).len() + 1).min(length);
    }
    if length <= MAX_HISTORY {
        numbers.push(revision);
        annotations.set(REVISION_HISTORY, numbers.join(","));
    }
}

/// `<deployment>-<hash>`, cut so that the name isn't too long. `sync.go`, generateReplicaSetName.
pub fn replica_set_name(deployment: &str, hash: &str) -> String {
    let mut room = MAX_NAME.saturating_sub(1 + hash.len()).min(deployment.len());
    while !deployment.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}-{hash}", &deployment[..room])
}

impl Rollout {
    /// Brings annotations, revision and minReadySeconds of the current ReplicaSet up to date, and notes its revision in the Deployment.
    /// The first half of `sync.go`, getNewReplicaSet.
    pub(super) fn sync_revision(&mut self) -> Flow {
        let Some(Owned { id: Some(id), set: cached }) = self.new.clone() else { return Flow::GoOn };
        let mut set = (*cached).clone();
        let annotated = annotate(&mut set.meta.annotations, &self.deployment, max_revision(&self.old) + 1);
        let min_ready = self.deployment.spec.min_ready;
        if annotated || set.spec.min_ready != min_ready {
            if set.spec.min_ready != min_ready {
                set.spec = Arc::new(with_min_ready(&set.spec, min_ready));
            }
            // Upstream reads its cache once more after this write, and conflicts. The write wakes this key anyway.
            let name = set.meta.name.clone();
            self.plan.then(Write::Update(id, set.into()));
            self.explain(|| format!("ReplicaSet {name} is the current one: its annotations follow the Deployment's"));
            return Flow::Stop;
        }
        let number = cached.meta.annotations.get(REVISION).cloned().unwrap_or_default();
        let mut news = self.note_revision(number);
        if self.deployment.spec.progress_deadline.is_some() && self.deployment.status.condition(progress::PROGRESSING).is_none() {
            let message = format!("Found new replica set \"{}\"", cached.meta.name);
            self.set_progressing("FoundNewReplicaSet", message);
            news = true;
        }
        if news {
            self.write_status();
            self.explain(|| format!("ReplicaSet {} is the current one", cached.meta.name));
        }
        Flow::GoOn
    }

    /// Makes the ReplicaSet of the current template, at its first size. The second half of `sync.go`, getNewReplicaSet.
    ///
    /// Its name is determined by the template, so making it twice is impossible. If the name is taken by one with another template, two
    /// hashes collide: the Deployment counts that, and the count goes into the next hash.
    pub(super) fn create_new(&mut self, view: &View) -> Flow {
        let spec = self.deployment.spec.clone();
        let hash = Str::from(pod_template_hash(&spec.template.tree, self.deployment.status.collision_count));
        let name = Str::from(replica_set_name(&self.deployment.meta.name, &hash));
        if let Some(id) = view.find(Kind::ReplicaSet, &self.deployment.meta.namespace, &name)
            && let Some(set) = view.replica_set(id)
        {
            return self.meet(Owned { id: Some(id), set: set.clone() });
        }
        let Ok(size) = rolling::new_replicas(&spec, self.total(), 0) else { return Flow::Stop };
        let number = max_revision(&self.old) + 1;
        let set = self.new_replica_set(name.clone(), &hash, size, number);
        self.plan.then(Write::Create(set.clone().into()));
        if size > 0 {
            self.report(EventType::Normal, "ScalingReplicaSet", format!("Scaled up replica set {name} from 0 to {size}"));
        }
        let mut news = self.note_revision(Str::from(number.to_string()));
        if spec.progress_deadline.is_some() {
            self.set_progressing("NewReplicaSetCreated", format!("Created new replica set \"{name}\""));
            news = true;
        }
        if news {
            self.write_status();
        }
        let (desired, total) = (spec.replicas, self.total());
        let surge = rolling::max_surge(&spec);
        self.explain(|| {
            format!("the pod template is new: revision {number} starts with {size}, {desired} + {surge} surge − {total} existing")
        });
        self.new = Some(Owned { id: None, set: Arc::new(set) });
        Flow::GoOn
    }

    /// The name of the new ReplicaSet is taken: by itself, if an earlier sync made it, or by a stranger.
    fn meet(&mut self, taken: Owned) -> Flow {
        let owned = taken.set.meta.controller().is_some_and(|owner| owner.uid == self.deployment.meta.uid);
        if owned && same_template(&taken.set.spec.template, &self.deployment.spec.template) {
            let number = max_revision(&self.old) + 1;
            if self.note_revision(Str::from(number.to_string())) {
                self.write_status();
            }
            self.new = Some(taken);
            return Flow::GoOn;
        }
        let count = self.deployment.status.collision_count.unwrap_or(0).saturating_add(1);
        self.deployment.status.collision_count = Some(count);
        self.write_status();
        self.explain(|| format!("another ReplicaSet has the name {}: collision {count} goes into the next hash", taken.set.meta.name));
        Flow::Stop
    }

    fn new_replica_set(&self, name: Str, hash: &Str, size: i32, number: i64) -> ReplicaSet {
        let spec = &self.deployment.spec;
        let template = spec.template.with_label(POD_TEMPLATE_HASH, hash);
        let mut selector = spec.tree.get("selector").filter(|s| s.is_object()).cloned().unwrap_or_else(|| json!({}));
        selector["matchLabels"][POD_TEMPLATE_HASH] = Value::from(hash.as_str());
        let mut annotations = StrMap::default();
        annotate(&mut annotations, &self.deployment, number);
        scaling::note_sizes(&mut annotations, &self.deployment);
        let mut tree = json!({"replicas": null, "selector": selector, "template": *template.tree});
        put_min_ready(&mut tree, spec.min_ready);
        ReplicaSet {
            meta: Meta {
                name,
                namespace: self.deployment.meta.namespace.clone(),
                labels: template.labels.clone(),
                annotations,
                owners: Some(Arc::new(vec![controller_reference(Kind::Deployment, &self.deployment.meta)])),
                ..Meta::default()
            },
            replicas: size,
            spec: Arc::new(ReplicaSetSpec {
                selector: Selector::from_label_selector(&tree["selector"]).unwrap_or_default(),
                template,
                min_ready: spec.min_ready,
                tree,
            }),
            status: ReplicaSetStatus::default(),
        }
    }

    /// Notes the current revision in the Deployment's annotations. Returns whether it is news.
    fn note_revision(&mut self, number: Str) -> bool {
        let annotations = &mut self.deployment.meta.annotations;
        let news = annotations.get(REVISION).cloned().unwrap_or_default() != number;
        if news {
            annotations.set(REVISION, number);
        }
        news
    }

    fn set_progressing(&mut self, reason: &'static str, message: String) {
        let condition = progress::condition(progress::PROGRESSING, ConditionStatus::True, reason, message, self.now);
        progress::set_condition(&mut self.deployment.status, condition);
    }

    /// Deletes the oldest empty ReplicaSets beyond `revisionHistoryLimit`. `sync.go`, cleanupDeployment.
    ///
    /// With a limit of 2 and old revisions 1, 2, 3 and 5, the first two go. One that still has pods is passed over, not replaced.
    pub(super) fn clean_up(&mut self) {
        let Some(limit) = self.deployment.spec.revision_history_limit else { return };
        let mut old: Vec<Owned> = self.old.iter().filter(|owned| owned.set.meta.deletion.is_none()).cloned().collect();
        let excess = old.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        old.sort_by_key(|owned| revision(&owned.set.meta).unwrap_or(0));
        for Owned { id, set } in old.into_iter().take(excess) {
            let idle = set.status.replicas == 0 && set.replicas == 0 && set.meta.generation <= set.status.observed_generation;
            if let Some(id) = id.filter(|_| idle) {
                self.plan.then(Write::Delete(id, DeleteOptions::default()));
                self.explain(|| format!("ReplicaSet {} is beyond the {limit} old revisions that are kept", set.meta.name));
            }
        }
    }
}

fn put_min_ready(tree: &mut Value, min_ready: SimDuration) {
    let Some(fields) = tree.as_object_mut() else { return };
    match min_ready.as_secs() {
        0 => drop(fields.remove("minReadySeconds")),
        secs => drop(fields.insert("minReadySeconds".into(), secs.into())),
    }
}

fn with_min_ready(spec: &ReplicaSetSpec, min_ready: SimDuration) -> ReplicaSetSpec {
    let mut tree = spec.tree.clone();
    put_min_ready(&mut tree, min_ready);
    ReplicaSetSpec { tree, selector: spec.selector.clone(), template: spec.template.clone(), min_ready }
}
