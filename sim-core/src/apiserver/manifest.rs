//! Whole objects as controllers of add-ons write them: they go the way of a user's, so that the server fills in what it fills in.

use super::{ApiServer, Moment};
use crate::api::object::{Kind, Object};
use crate::api::status::ApiError;
use crate::apiserver::front::Front;
use crate::apiserver::request::{PatchKind, WriteOptions};
use crate::store::Store;
use serde_json::Value;

impl ApiServer {
    /// Creates an object, or patches the one of its name: the controller-runtime's CreateOrUpdate.
    pub(super) fn make(&mut self, store: &mut Store, at: Moment, kind: Kind, tree: &Value) -> Result<Object, ApiError> {
        let text = |field: &str| tree["metadata"][field].as_str().unwrap_or_default();
        let (namespace, name, resource) = (text("namespace"), text("name"), kind.resource());
        let options = WriteOptions { field_manager: "gateway".into(), ..WriteOptions::default() };
        let is_there = store.find(kind, namespace, name).is_some();
        let mut front = Front { server: self, store, at };
        if is_there {
            front.patch(resource, namespace, name, PatchKind::Merge, tree, &options)?;
        } else {
            front.create(resource, namespace, tree.clone(), &options)?;
        }
        store.find_object(kind, namespace, name).cloned().ok_or_else(|| ApiError::not_found(resource.group, resource.plural, name))
    }
}
