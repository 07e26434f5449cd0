//! What a write makes of an object and of its managers: an ordinary one (POST, PUT, PATCH), and server-side apply.
//!
//! Mirrors `staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal/{structuredmerge,stripmeta,managedfieldsupdater,
//! buildmanagerinfo,skipnonapplied,lastappliedmanager,lastappliedupdater,versioncheck}.go` and
//! `vendor/sigs.k8s.io/structured-merge-diff/v6/merge/update.go`, v1.36. Left out: conversion between versions (a manager that names
//! fields in another version of the kind keeps them) and what a changed schema does to old entries.

use super::LAST_APPLIED;
use super::compare::{Comparison, fields_of, same};
use super::conflict::Conflict;
use super::element::Element;
use super::managers::{Manager, Managers, Operation};
use super::merge::{merge, remove};
use super::reset::reset_fields;
use super::set::FieldSet;
use super::shape::View;
use super::validate;
use super::zeros::with_zeros;
use crate::api::meta::Str;
use crate::api::resources::Resource;
use crate::api::schema::{self, Type};
use crate::api::status::{ApiError, Reason};
use crate::kernel::time::SimTime;
use serde_json::{Value, json};

/// kubectl's name when it applies on the server's side. The server treats it like no other.
const KUBECTL: &str = "kubectl";
/// Who owns what an object had before anybody applied.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// The metadata that nobody owns.
const UNTRACKED: &[&[&str]] = &[
    &["apiVersion"],
    &["kind"],
    &["metadata"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "creationTimestamp"],
    &["metadata", "selfLink"],
    &["metadata", "uid"],
    &["metadata", "clusterName"],
    &["metadata", "generation"],
    &["metadata", "managedFields"],
    &["metadata", "resourceVersion"],
];

/// Who writes what, and when.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// What is written.
    pub resource: &'static Resource,
    /// `fieldManager`.
    pub name: &'a str,
    /// `status`, `scale`; empty for the object itself.
    pub subresource: &'a str,
    /// When.
    pub now: SimTime,
}

/// What applying a configuration gives.
#[derive(Clone, PartialEq, Debug)]
pub struct Applied {
    /// The object, before defaulting; without managedFields.
    pub object: Value,
    /// Its managers.
    pub managers: Managers,
}

impl Writer<'_> {
    fn object_type(&self) -> Option<&'static Type> {
        schema::for_kind(&self.resource.api_version(), self.resource.kind)
    }

    fn manager(&self, name: &str, operation: Operation) -> Manager {
        let name = if name.is_empty() { "unknown" } else { name };
        Manager {
            name: Str::from(name.to_owned()),
            operation,
            api_version: Str::from(self.resource.api_version()),
            subresource: Str::from(self.subresource.to_owned()),
        }
    }

    fn time(&self) -> Option<SimTime> {
        Some(self.now.truncated_to_secs())
    }
}

/// The managers after an ordinary write. `live` is what was there, if anything; `new` is what was sent, with defaults, before admission
/// and before what the server sets itself. Nobody is tracked on an object whose managers were taken away.
pub fn update(live: Option<&Value>, new: &Value, managers: &Managers, writer: &Writer<'_>) -> Managers {
    let Some(object) = writer.object_type().filter(|_| live.is_none() || !managers.is_empty()) else { return managers.clone() };
    let live = with_zeros(object, live.unwrap_or(&json!({})));
    let mut managers = updated(object, &live, &with_zeros(object, new), managers, writer, writer.name);
    managers.cap();
    managers.sort();
    managers
}

/// The writer takes what changed from everybody, itself included, and gets it with the time.
fn updated(object: &'static Type, live: &Value, new: &Value, managers: &Managers, writer: &Writer<'_>, name: &str) -> Managers {
    let reset = reset_fields(object, writer.subresource);
    let changes = Comparison::of(View::Object(object), live, new).without(&reset);
    let mut managers = managers.clone();
    managers.retain_versions(|version| schema::for_kind(version, writer.resource.kind).is_some());
    let written = changes.modified.union(&changes.added);
    let version = writer.resource.api_version();
    managers.each(|manager, fields| (manager.api_version == *version).then(|| fields.difference(&written).difference(&changes.removed)));
    let written = written.recursive_difference(&reset).difference(&FieldSet::of(UNTRACKED.iter().copied()));
    if !written.is_empty() {
        let manager = writer.manager(name, Operation::Update);
        let before = managers.get(&manager).map_or_else(FieldSet::default, |entry| (*entry.fields).clone());
        managers.set(&manager, written.union(&before), writer.time());
    }
    managers
}

/// The managers as they are shown, with who reports the object's status: that isn't kept, but told from the status itself. An annotation
/// may be written together with it.
pub fn with_status(managers: &Managers, tree: &Value, annotation: &str, writer: &Writer<'_>) -> Managers {
    let manager = writer.manager(writer.name, Operation::Update);
    let told = tree["status"].is_object() && managers.get(&manager).is_none();
    let Some(object) = writer.object_type().filter(|_| told) else { return managers.clone() };
    let mut reported = json!({"status": tree["status"]});
    if let Some(value) = tree["metadata"]["annotations"].get(annotation) {
        reported["metadata"] = json!({"annotations": {annotation: value}});
    }
    let empty = with_zeros(object, &json!({}));
    let fields = updated(object, &empty, &with_zeros(object, &reported), &Managers::default(), writer, writer.name);
    let mut shown = managers.clone();
    if let Some(entry) = fields.get(&manager) {
        // Who brought the first annotation owns that there are any.
        let all = [Element::field("metadata"), Element::field("annotations")];
        let theirs = managers.owned(&manager.api_version);
        let mut taken = FieldSet::default();
        if theirs.has(&all) {
            taken.insert(&all);
        }
        shown.set(&manager, entry.fields.difference(&taken), entry.time);
        shown.sort();
    }
    shown
}

/// Applies a configuration to what is there, if anything.
///
/// # Errors
/// BadRequest for another kind or a configuration with managedFields; an unclassified error for one that isn't an object of its kind;
/// Conflict for fields of others, unless forced.
pub fn apply(live: Option<&Value>, config: &Value, managers: &Managers, force: bool, writer: &Writer<'_>) -> Result<Applied, ApiError> {
    let kind = group_version_kind(config);
    if kind != group_version_kind(&json!({"apiVersion": writer.resource.api_version(), "kind": writer.resource.kind})) {
        return Err(ApiError::new(Reason::BadRequest, format!("invalid object type: {kind}")));
    }
    let Some(object) = writer.object_type() else {
        return Err(ApiError::new(Reason::Unknown, format!("no corresponding type for {kind}")));
    };
    if config["metadata"]["managedFields"].is_array() {
        return Err(ApiError::new(Reason::BadRequest, "metadata.managedFields must be nil"));
    }
    let problems = validate::problems(View::Object(object), config);
    if !problems.is_empty() {
        let meta = |field: &str| config["metadata"][field].as_str().unwrap_or_default();
        let what = format!("failed to create typed patch object ({}/{}; {kind})", meta("namespace"), meta("name"));
        return Err(ApiError::new(Reason::Unknown, format!("{what}: {}", validate::message(&problems))));
    }
    let mut live = live.cloned().unwrap_or_else(|| json!({}));
    if let Some(meta) = live.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
    }
    let managers = if managers.is_empty() {
        let empty = with_zeros(object, &json!({}));
        updated(object, &empty, &with_zeros(object, &live), managers, writer, BEFORE_FIRST_APPLY)
    } else {
        managers.clone()
    };
    let applying = Applying { object, live: &live, config, managers: &managers, writer };
    let applied = applying.run(force).or_else(|conflicts| {
        let left = applying.not_of_last_applied(conflicts);
        if left.is_empty() { applying.run(true) } else { Err(left) }
    });
    let mut applied = applied.map_err(|conflicts| super::conflict::to_api_error(&conflicts))?;
    if writer.name == KUBECTL {
        keep_last_applied(&mut applied.object, config);
    }
    applied.managers.sort();
    Ok(applied)
}

/// `apps/v1, Kind=Deployment`; `/v1, Kind=Pod`.
fn group_version_kind(tree: &Value) -> String {
    let version = tree["apiVersion"].as_str().unwrap_or_default();
    let group = if version.contains('/') { "" } else { "/" };
    format!("{group}{version}, Kind={}", tree["kind"].as_str().unwrap_or_default())
}

struct Applying<'a> {
    object: &'static Type,
    live: &'a Value,
    config: &'a Value,
    managers: &'a Managers,
    writer: &'a Writer<'a>,
}

impl Applying<'_> {
    fn run(&self, force: bool) -> Result<Applied, Vec<Conflict>> {
        let view = View::Object(self.object);
        let manager = self.writer.manager(self.writer.name, Operation::Apply);
        let reset = reset_fields(self.object, self.writer.subresource);
        let last = self.managers.get(&manager).cloned();
        let mut managers = self.managers.clone();
        managers.retain_versions(|version| schema::for_kind(version, self.writer.resource.kind).is_some());
        let own = fields_of(view, self.config).recursive_difference(&reset);
        let merged = merge(view, Some(self.live), Some(self.config)).unwrap_or(Value::Null);
        // Set before pruning: what the manager applies again it still owns.
        managers.set(&manager, own.clone(), last.as_ref().and_then(|entry| entry.time));
        let object = match &last {
            Some(last) => self.pruned(merged, &managers, &last.fields),
            None => merged,
        };
        let changes = Comparison::of(view, &with_zeros(self.object, self.live), &with_zeros(self.object, &object)).without(&reset);
        let written = changes.modified.union(&changes.added);
        let version = &manager.api_version;
        let others = || managers.entries().iter().filter(|entry| !entry.manager.is(&manager) && entry.manager.api_version == *version);
        let conflicts: Vec<Conflict> =
            others().flat_map(|entry| Conflict::all(&entry.manager, &entry.fields.intersection(&written))).collect();
        if !force && !conflicts.is_empty() {
            return Err(super::conflict::sorted(conflicts));
        }
        let changed = !same(self.live, &object);
        let time = if changed { self.writer.time() } else { last.and_then(|entry| entry.time) };
        managers.each(|other, fields| {
            let theirs = !other.is(&manager) && other.api_version == *version;
            theirs.then(|| fields.difference(&written).difference(&changes.removed))
        });
        managers.set(&manager, own.difference(&FieldSet::of(UNTRACKED.iter().copied())), time);
        Ok(Applied { object, managers })
    }

    /// Removes what the manager applied last time and doesn't now, unless somebody else owns it.
    fn pruned(&self, merged: Value, managers: &Managers, last: &FieldSet) -> Value {
        let view = View::Object(self.object);
        let named = |set: &FieldSet| set.with_named_fields(view);
        let last = named(last);
        let all = named(&fields_of(view, &merged));
        let pruned = remove(view, &merged, &last);
        let owned = named(&managers.owned(&self.writer.resource.api_version()));
        let pruned = remove(view, &merged, &all.difference(&named(&fields_of(view, &pruned)).union(&owned)));
        // Items that go with something else, although this manager never applied them, come back.
        remove(view, &merged, &all.difference(&named(&fields_of(view, &pruned))).intersection(&last))
    }

    /// The conflicts that kubectl's own earlier work doesn't explain. Who applied on the client's side before and applies the same way on
    /// the server's side now needs no force for what is as the annotation says.
    fn not_of_last_applied(&self, conflicts: Vec<Conflict>) -> Vec<Conflict> {
        match self.allowed_by_last_applied().filter(|_| self.writer.name == KUBECTL) {
            Some(allowed) => conflicts.into_iter().filter(|conflict| !allowed.has(&conflict.path)).collect(),
            None => conflicts,
        }
    }

    fn allowed_by_last_applied(&self) -> Option<FieldSet> {
        let view = View::Object(self.object);
        let text = self.live["metadata"]["annotations"][LAST_APPLIED].as_str()?;
        let last: Value = serde_json::from_str(text).ok()?;
        let fits = last["apiVersion"] == *self.writer.resource.api_version() && validate::problems(view, &last).is_empty();
        fits.then_some(())?;
        let changes = Comparison::of(view, &last, self.live);
        Some(fields_of(view, &last).difference(&changes.modified).difference(&changes.added).difference(&changes.removed))
    }
}

/// Keeps the annotation of client-side apply true, if the object has it.
fn keep_last_applied(object: &mut Value, config: &Value) {
    fn annotations(tree: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
        tree.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
    }
    let kept = annotations(object).and_then(|all| all.get_mut(LAST_APPLIED));
    let Some(annotation) = kept.filter(|text| text.as_str().is_some_and(|text| !text.is_empty())) else { return };
    let mut config = config.clone();
    annotations(&mut config).map(|all| all.remove(LAST_APPLIED));
    *annotation = Value::from(format!("{}\n", super::element::escaped(&config)));
}
