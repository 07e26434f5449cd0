//! Storage classes at the door: a claim that names none gets the default one, and only what a class allows may grow.
//! Mirrors `plugin/pkg/admission/storage/storageclass/setdefault` and `plugin/pkg/admission/storage/persistentvolume/resize`, v1.36.

use crate::api::object::{Kind, Object};
use crate::api::status::ApiError;
use crate::api::storage::{Claim, Class, default_class};
use crate::store::Store;
use std::sync::Arc;

/// Gives a new claim the default class, unless it says that it wants another, or none.
pub(super) fn set_default_class(store: &Store, object: &mut Object) {
    if Claim::of(object).is_none_or(Claim::has_class) {
        return;
    }
    let class = default_class(store.list(Kind::StorageClass, None).map(|(_, class)| class));
    if let (Some(class), Object::Record(claim)) = (class, object) {
        Arc::make_mut(&mut Arc::make_mut(claim).body)["spec"]["storageClassName"] = class.record.meta.name.as_str().into();
    }
}

/// Checks that a claim that is to grow may.
///
/// # Errors
/// Forbidden.
pub(in crate::apiserver) fn check_resize(store: &Store, new: &Object, old: &Object) -> Result<(), ApiError> {
    let (Some(new), Some(old)) = (Claim::of(new), Claim::of(old)) else { return Ok(()) };
    if new.requested() <= old.requested() {
        return Ok(());
    }
    let refuse = |why: &str| Err(ApiError::forbidden("", "persistentvolumeclaims", &new.meta().name, why));
    if old.phase() != "Bound" {
        return refuse("Only bound persistent volume claims can be expanded");
    }
    let class = store.find_object(Kind::StorageClass, "", new.class()).and_then(Class::of);
    if new.class().is_empty() || new.class() != old.class() || !class.is_some_and(Class::allows_expansion) {
        return refuse("only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
    }
    Ok(())
}
