//! Objects of kinds that nothing in the model reads field by field: stored and served as the tree that the user wrote, with its defaults.
//!
//! A kind starts here, and becomes a struct of its own once a controller works with it.

use crate::api::meta::Meta;
use crate::api::object::Kind;
use crate::kernel::time::Epoch;
use serde_json::{Map, Value};
use std::sync::Arc;

/// An object as a tree.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Its kind: one of [`Kind::is_record`].
    pub kind: Kind,
    /// Metadata.
    pub meta: Meta,
    /// All but `apiVersion`, `kind` and `metadata`.
    pub body: Arc<Value>,
}

impl Record {
    /// The body of a whole tree. `previous` is shared if it says the same.
    pub fn body_of(tree: &Value, previous: Option<&Arc<Value>>) -> Arc<Value> {
        let fields =
            tree.as_object().into_iter().flatten().filter(|(field, _)| !matches!(field.as_str(), "apiVersion" | "kind" | "metadata"));
        let body = Value::Object(fields.map(|(field, value)| (field.clone(), value.clone())).collect());
        match previous {
            Some(previous) if **previous == body => previous.clone(),
            _ => Arc::new(body),
        }
    }

    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        let mut tree = Map::new();
        tree.insert("kind".into(), self.kind.as_str().into());
        tree.insert("apiVersion".into(), self.kind.api_version().into());
        tree.insert("metadata".into(), self.meta.to_tree(epoch));
        tree.extend(self.body.as_object().cloned().unwrap_or_default());
        Value::Object(tree)
    }

    /// Whether both say the same, apart from metadata and status: else the generation counts up.
    pub fn same_spec(&self, other: &Record) -> bool {
        fn without_status(record: &Record) -> impl Iterator<Item = (&String, &Value)> {
            record.body.as_object().into_iter().flatten().filter(|(field, _)| *field != "status")
        }
        Arc::ptr_eq(&self.body, &other.body) || without_status(self).eq(without_status(other))
    }
}

/// What a user should know who creates an object of this kind: it is kept, but nothing comes of it yet.
pub fn inert(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Job | Kind::CronJob | Kind::ReplicationController => "no pods will come of it",
        Kind::HorizontalPodAutoscaler => "it will not scale anything",
        Kind::Role | Kind::RoleBinding | Kind::ClusterRole | Kind::ClusterRoleBinding => "everybody may do everything",
        Kind::CustomResourceDefinition | Kind::APIService => "it adds no resources",
        Kind::MutatingWebhookConfiguration
        | Kind::ValidatingWebhookConfiguration
        | Kind::MutatingAdmissionPolicy
        | Kind::MutatingAdmissionPolicyBinding
        | Kind::ValidatingAdmissionPolicy
        | Kind::ValidatingAdmissionPolicyBinding => "requests don't pass through it",
        Kind::ResourceClaim | Kind::ResourceClaimTemplate | Kind::ResourceSlice | Kind::DeviceClass => "no devices are allocated",
        Kind::CertificateSigningRequest => "nobody signs it",
        _ => return None,
    })
}
