//! What clients ask of the API server: the typed writes of the cluster's own processes, and the options of a user's request.

use crate::api::event::Event;
use crate::api::meta::{Condition, OwnerReference, Str, StrMap};
use crate::api::node::AttachedVolume;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::{PodStatus, Taint};
use serde_json::Value;
use std::sync::Arc;

/// What becomes of an object's dependents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Propagation {
    /// The object goes at once, the garbage collector takes the dependents: kubectl's default.
    #[default]
    Background,
    /// The dependents go first.
    Foreground,
    /// The dependents stay, without an owner.
    Orphan,
}

/// The body of a DELETE.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeleteOptions {
    /// What becomes of dependents.
    pub propagation: Propagation,
    /// Seconds that a pod has to end; the object's own when unset.
    pub grace_period: Option<i64>,
}

/// What must hold of an object so that a request goes through.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Preconditions {
    /// It is this very object.
    pub uid: Option<String>,
    /// Nobody has changed it.
    pub resource_version: Option<String>,
}

/// The body of a POST to the eviction subresource.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Eviction {
    /// How the pod is deleted.
    pub delete: DeleteOptions,
    /// When it is.
    pub preconditions: Preconditions,
    /// Ask the budget, and leave everything as it is.
    pub dry_run: bool,
}

/// What the server does about unknown and duplicate fields (`--validate`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FieldValidation {
    /// Refuse: kubectl's default.
    #[default]
    Strict,
    /// Write, and warn.
    Warn,
    /// Write, and say nothing.
    Ignore,
}

/// Query parameters of a write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WriteOptions {
    /// Go through everything but the store.
    pub dry_run: bool,
    /// What to do about unknown fields.
    pub field_validation: FieldValidation,
    /// Who writes, as in `managedFields`: `kubectl-client-side-apply`, `kubectl-create`, `kubectl-set`, …
    pub field_manager: String,
}

impl Default for WriteOptions {
    fn default() -> Self {
        WriteOptions { dry_run: false, field_validation: FieldValidation::Strict, field_manager: "kubectl".into() }
    }
}

/// The answer to a user's write.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Written {
    /// The object as stored.
    pub object: Value,
    /// `Warning` headers, without the prefix.
    pub warnings: Vec<String>,
}

/// The content type of a patch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PatchKind {
    /// `application/strategic-merge-patch+json`: lists merge by key.
    Strategic,
    /// `application/merge-patch+json`: RFC 7386.
    Merge,
    /// `application/json-patch+json`: RFC 6902.
    Json,
}

/// A write of one of the cluster's own processes. Objects in it are valid by construction: they come from templates that were
/// validated when a user wrote them.
#[derive(Clone, PartialEq, Debug)]
pub enum Write {
    /// POST. An empty name with a `generateName` gets a suffix.
    Create(Object),
    /// PUT: metadata and spec, not the status. A resource version that isn't the current one is a conflict.
    Update(ObjectId, Object),
    /// PUT of the status subresource, with the same check.
    UpdateStatus(ObjectId, Object),
    /// The kubelet's patch of a pod's status.
    PodStatus(ObjectId, Box<PodStatus>),
    /// A patch of one condition of a pod: by the scheduler, the node controller, the taint manager.
    PodCondition(ObjectId, Condition),
    /// The pod garbage collector's patch of a pod that nobody else will end: its phase, and why.
    PodFailed(ObjectId, Option<Condition>),
    /// The pods/binding subresource.
    Bind(ObjectId, Str),
    /// A patch of a node's taints: those that come, unless they are there, and those that go. Key and effect tell them apart.
    SwapTaints(ObjectId, Vec<Taint>, Vec<Taint>),
    /// A patch of a node's conditions: those given replace those of the same type.
    NodeConditions(ObjectId, Vec<Condition>),
    /// A patch of what is attached to a node.
    NodeVolumes(ObjectId, Arc<Vec<AttachedVolume>>),
    /// A patch of the addresses of a node's pods.
    NodePodCidr(ObjectId, Str),
    /// A patch of the node that a pod is expected to get (`status.nominatedNodeName`).
    Nominate(ObjectId, Str),
    /// A patch of labels: `None` removes.
    Labels(ObjectId, StrMap),
    /// A patch of annotations: these are set.
    Annotations(ObjectId, StrMap),
    /// A patch of the owners: adoption, release, orphaning.
    Owners(ObjectId, Vec<OwnerReference>),
    /// Adds a finalizer.
    AddFinalizer(ObjectId, &'static str),
    /// Removes a finalizer.
    RemoveFinalizer(ObjectId, &'static str),
    /// DELETE.
    Delete(ObjectId, DeleteOptions),
    /// The namespace controller's finalize call: the namespace is empty, let it go.
    FinalizeNamespace(ObjectId),
    /// A new event, or one that was counted up.
    Report(Arc<Event>),
    /// What is missing of the API server's own Service and its endpoints.
    OwnService,
    /// A whole object as a user would write it, which is made if it isn't there, and else patched to say the same.
    Manifest(Kind, Box<Value>),
}

impl Write {
    /// The verb and the resource, for the trace: `create pods`.
    pub fn words(&self) -> (&'static str, &'static str) {
        let plural = |kind: Kind| kind.resource().plural;
        match self {
            Write::Create(object) => ("create", plural(object.kind())),
            Write::Update(id, _) => ("update", plural(id.kind)),
            Write::UpdateStatus(id, _) => ("update status of", plural(id.kind)),
            Write::PodStatus(..) | Write::PodCondition(..) | Write::PodFailed(..) | Write::Nominate(..) => ("patch status of", "pods"),
            Write::Bind(..) => ("bind", "pods"),
            Write::SwapTaints(..) | Write::NodePodCidr(..) => ("patch", "nodes"),
            Write::NodeConditions(..) | Write::NodeVolumes(..) => ("patch status of", "nodes"),
            Write::Labels(id, _)
            | Write::Annotations(id, _)
            | Write::Owners(id, _)
            | Write::AddFinalizer(id, _)
            | Write::RemoveFinalizer(id, _) => ("patch", plural(id.kind)),
            Write::Delete(id, _) => ("delete", plural(id.kind)),
            Write::FinalizeNamespace(_) => ("finalize", "namespaces"),
            Write::Report(_) => ("create", "events"),
            Write::OwnService => ("create", "services"),
            Write::Manifest(kind, _) => ("apply", plural(*kind)),
        }
    }

    /// The object that is written, if it exists already.
    pub fn target(&self) -> Option<ObjectId> {
        match self {
            Write::Create(_) | Write::Report(_) | Write::OwnService | Write::Manifest(..) => None,
            Write::Update(id, _)
            | Write::UpdateStatus(id, _)
            | Write::PodStatus(id, _)
            | Write::PodCondition(id, _)
            | Write::PodFailed(id, _)
            | Write::Bind(id, _)
            | Write::SwapTaints(id, ..)
            | Write::NodeConditions(id, _)
            | Write::NodeVolumes(id, _)
            | Write::NodePodCidr(id, _)
            | Write::Nominate(id, _)
            | Write::Labels(id, _)
            | Write::Annotations(id, _)
            | Write::Owners(id, _)
            | Write::AddFinalizer(id, _)
            | Write::RemoveFinalizer(id, _)
            | Write::Delete(id, _)
            | Write::FinalizeNamespace(id) => Some(*id),
        }
    }
}
