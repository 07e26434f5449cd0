//! The garbage collector: deletes what no owner wants any longer, and carries out foreground and orphaning deletion.
//!
//! Mirrors `pkg/controller/garbagecollector/garbagecollector.go`, attemptToDeleteItem, processDeletingDependentsItem and
//! orphanDependents, v1.36. Left out: virtual nodes and live look-ups: one ordered watch has seen every owner before its dependents.

use crate::api::meta::{OwnerReference, Uid};
use crate::api::object::{Object, ObjectId};
use crate::apiserver::request::{DeleteOptions, Propagation, Write};
use crate::apiserver::{FOREGROUND, ORPHAN};
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};

/// The controller.
pub struct GarbageCollector;

impl Controller for GarbageCollector {
    const NAME: &'static str = "garbage-collector-controller";
    const WORKERS: usize = 20;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        let meta = change.object.meta();
        match change.verb {
            Verb::Deleted => {
                view.dependents_of(meta.uid).for_each(|(id, _)| keys.add(id));
                for owner in meta.owners().iter().filter_map(|owner| view.find_uid(owner.uid)) {
                    if view.get(owner).is_some_and(|owner| has_finalizer(owner, FOREGROUND)) {
                        keys.add(owner);
                    }
                }
            }
            Verb::Added if meta.owners().iter().any(|owner| view.find_uid(owner.uid).is_none()) => keys.add(change.id),
            Verb::Modified
                if meta.deletion.is_some() && (has_finalizer(&change.object, FOREGROUND) || has_finalizer(&change.object, ORPHAN)) =>
            {
                keys.add(change.id);
                if has_finalizer(&change.object, FOREGROUND) {
                    view.dependents_of(meta.uid).for_each(|(id, _)| keys.add(id));
                }
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        let Some(object) = view.get(key) else { return Plan::nothing() };
        if object.meta().deletion.is_some() {
            if has_finalizer(object, ORPHAN) {
                return orphan_dependents(view, key, object);
            }
            if has_finalizer(object, FOREGROUND) {
                return wait_for_dependents(view, key, object);
            }
            return Plan::nothing();
        }
        collect(view, key, object)
    }
}

fn has_finalizer(object: &Object, name: &str) -> bool {
    object.meta().finalizers().iter().any(|f| *f == name)
}

/// Removes the finalizer once nothing that blocks the deletion is left.
fn wait_for_dependents(view: &View, key: ObjectId, object: &Object) -> Plan {
    let uid = object.meta().uid;
    let blocks = |o: &Object| o.meta().owners().iter().any(|owner| owner.uid == uid && owner.block_owner_deletion);
    let left = view.dependents_of(uid).filter(|(_, o)| blocks(o)).count();
    let mut plan = Plan::nothing();
    if left == 0 {
        plan.then(Write::RemoveFinalizer(key, FOREGROUND));
        plan.why = "all dependents are gone: the foreground deletion ends".into();
    }
    plan
}

/// Takes this owner out of its dependents, then lets it go.
fn orphan_dependents(view: &View, key: ObjectId, object: &Object) -> Plan {
    let uid = object.meta().uid;
    let writes = view.dependents_of(uid).map(|(id, dependent)| Write::Owners(id, owners_without(dependent, uid)));
    let writes: Vec<Write> = writes.collect();
    let mut plan = Plan::nothing();
    plan.why = format!("{} dependents are orphaned, as asked", writes.len()).into();
    if !writes.is_empty() {
        plan.steps.push(crate::client::plan::Step::Together(writes, None));
    }
    plan.then(Write::RemoveFinalizer(key, ORPHAN));
    plan
}

fn owners_without(object: &Object, uid: Uid) -> Vec<OwnerReference> {
    object.meta().owners().iter().filter(|owner| owner.uid != uid).cloned().collect()
}

/// Deletes an object when no owner is left that wants it.
fn collect(view: &View, key: ObjectId, object: &Object) -> Plan {
    let meta = object.meta();
    if meta.owners().is_empty() {
        return Plan::nothing();
    }
    let (mut solid, mut waiting) = (0, 0);
    for owner in meta.owners() {
        match view.find_uid(owner.uid).and_then(|id| view.get(id)) {
            Some(owner) if owner.meta().deletion.is_some() && has_finalizer(owner, FOREGROUND) => waiting += 1,
            Some(_) => solid += 1,
            None => {}
        }
    }
    let mut plan = Plan::nothing();
    if solid > 0 {
        return plan;
    }
    let deep = waiting > 0 && view.dependents_of(meta.uid).next().is_some();
    let propagation = if deep { Propagation::Foreground } else { Propagation::Background };
    plan.why = if waiting > 0 { "its owner waits for it to go (foreground deletion)" } else { "its owner is gone" }.into();
    plan.then(Write::Delete(key, DeleteOptions { propagation, grace_period: None }));
    plan
}
