//! ControllerRevisions: what a StatefulSet or DaemonSet once was. Mirrors `k8s.io/api/apps/v1/types.go`, v1.36.

use crate::api::meta::Meta;
use crate::kernel::time::Epoch;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A ControllerRevision: an immutable patch and its place in a history.
#[derive(Clone, PartialEq, Debug)]
pub struct ControllerRevision {
    /// Metadata.
    pub meta: Meta,
    /// The patch that makes its owner what it was; null if a user gave none.
    pub data: Arc<Value>,
    /// Its number: the highest is the current one.
    pub revision: i64,
}

impl ControllerRevision {
    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        let mut tree = Map::new();
        tree.insert("apiVersion".into(), "apps/v1".into());
        tree.insert("kind".into(), "ControllerRevision".into());
        tree.insert("metadata".into(), self.meta.to_tree(epoch));
        if !self.data.is_null() {
            tree.insert("data".into(), (*self.data).clone());
        }
        tree.insert("revision".into(), self.revision.into());
        Value::Object(tree)
    }
}
