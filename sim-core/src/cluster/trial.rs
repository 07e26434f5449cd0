//! What the API server would say: objects tried out on a copy of a cluster, one after another.

use super::Cluster;
use crate::api::resources::Resource;
use crate::api::status::ApiError;
use crate::apiserver::request::{WriteOptions, Written};
use crate::kernel::queue::EventId;
use crate::kubectl::Api;
use serde_json::Value;

/// A copy of a cluster in which objects are written that nobody hears of: no controller acts on them, and no run remembers them.
#[derive(Clone, Debug)]
pub struct Trial {
    copy: Cluster,
}

impl Trial {
    /// On a cluster as it is now.
    pub fn of(cluster: &Cluster) -> Self {
        Trial { copy: cluster.clone() }
    }

    /// Applies an object. What comes later finds it: a namespace, for those who live in it.
    ///
    /// # Errors
    /// The server's.
    pub fn apply(&mut self, resource: &'static Resource, namespace: &str, object: &Value) -> Result<Written, ApiError> {
        let mut client = self.copy.client(EventId::NONE);
        let options = WriteOptions::default();
        match object["metadata"]["name"].as_str().filter(|name| client.get(resource, namespace, name).is_ok()) {
            Some(name) => client.apply(resource, namespace, name, object, true, &options),
            None => client.create(resource, namespace, object.clone(), &options),
        }
    }
}
