//! What kubectl needs of an API server: the whole of its world is this trait. Mirrors the REST verbs of Kubernetes v1.36.
//!
//! The simulated cluster implements it over its store; tests implement it over a recorded state. Objects are the JSON trees that
//! the server serves, with `apiVersion` and `kind` filled in.

use serde_json::Value;

use crate::api::resources::Resource;
use crate::api::selector::Selector;
use crate::api::status::ApiError;
pub use crate::apiserver::request::{DeleteOptions, Eviction, FieldValidation, PatchKind, Propagation, WriteOptions, Written};
use crate::kernel::time::{Epoch, SimTime};

/// The API server as seen by one client.
///
/// Every method answers at once: virtual time doesn't pass inside a call. Commands that take virtual time (`rollout status`, `get -w`)
/// return a [`Session`](crate::kubectl::Session) and are polled instead.
pub trait Api {
    /// The present moment of virtual time, from which ages are counted.
    fn now(&self) -> SimTime;

    /// The calendar moment of [`SimTime::ZERO`].
    fn epoch(&self) -> Epoch;

    /// One object. `ns` is empty for resources without namespaces.
    ///
    /// # Errors
    /// `NotFound`.
    fn get(&self, r: &'static Resource, ns: &str, name: &str) -> Result<Value, ApiError>;

    /// All objects whose labels match, sorted by namespace, then name. `None` means all namespaces.
    ///
    /// # Errors
    /// Whatever the server has against it; a resource without objects is an empty list.
    fn list(&self, r: &'static Resource, ns: Option<&str>, labels: &Selector) -> Result<Vec<Value>, ApiError>;

    /// What a metrics-server has measured: objects of `metrics.k8s.io/v1beta1`. None: there is none.
    fn metrics(&self, _of: Measured) -> Option<Vec<Value>> {
        None
    }

    /// The newest revision of the store: where a watch that starts now begins.
    fn revision(&self) -> u64;

    /// The changes to one resource after revision `since`, oldest first. `None` means all namespaces.
    fn changes(&self, r: &'static Resource, ns: Option<&str>, since: u64) -> Vec<WatchEvent>;

    /// Creates an object (POST).
    ///
    /// # Errors
    /// `AlreadyExists`, `Invalid`, `BadRequest` (strict decoding), `Forbidden` (admission).
    fn create(&mut self, r: &'static Resource, ns: &str, object: Value, opts: &WriteOptions) -> Result<Written, ApiError>;

    /// Replaces an object (PUT); a `metadata.resourceVersion` that isn't the current one is a conflict.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`, `Invalid`.
    fn update(&mut self, r: &'static Resource, ns: &str, object: Value, opts: &WriteOptions) -> Result<Written, ApiError>;

    /// Changes parts of an object (PATCH).
    ///
    /// # Errors
    /// `NotFound`, `Conflict`, `Invalid`, `BadRequest`.
    fn patch(
        &mut self,
        r: &'static Resource,
        ns: &str,
        name: &str,
        kind: PatchKind,
        patch: &Value,
        opts: &WriteOptions,
    ) -> Result<Written, ApiError>;

    /// Applies a configuration on the server's side (PATCH with `application/apply-patch+yaml`). Creates what isn't there.
    ///
    /// # Errors
    /// `Conflict` with other field managers unless `force`; `Invalid`, `BadRequest`, or an unclassified error for a configuration that
    /// isn't an object of its kind.
    fn apply(
        &mut self,
        r: &'static Resource,
        ns: &str,
        name: &str,
        config: &Value,
        force: bool,
        opts: &WriteOptions,
    ) -> Result<Written, ApiError>;

    /// Deletes an object, or marks it for deletion when finalizers or a grace period hold it. Answers with its last state.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`.
    fn delete(&mut self, r: &'static Resource, ns: &str, name: &str, opts: &DeleteOptions) -> Result<Value, ApiError>;

    /// Evicts a pod through the eviction subresource.
    ///
    /// # Errors
    /// `NotFound`, `TooManyRequests` if its disruption budget has none to give, `Conflict`, `Forbidden`.
    fn evict(&mut self, ns: &str, name: &str, eviction: &Eviction) -> Result<(), ApiError>;

    /// Sets `spec.replicas` through the scale subresource. Answers with the object as it is afterwards.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`; `NotFound` with the server's words when the resource has no such subresource.
    fn scale(&mut self, r: &'static Resource, ns: &str, name: &str, replicas: i32) -> Result<Value, ApiError>;

    /// Adds a container to look into a running pod (PATCH of pods/ephemeralcontainers). Answers with the pod.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    fn add_ephemeral_container(&mut self, ns: &str, pod: &str, container: Value) -> Result<Value, ApiError>;

    /// A container's log (GET of pods/log).
    ///
    /// # Errors
    /// `NotFound`, `BadRequest` while there is none, and what the kubelet's node says if it is off.
    fn logs(&self, ns: &str, pod: &str, opts: &LogOptions) -> Result<Log, ApiError>;

    /// Runs a command in a container (pods/exec). `input` is what it reads from standard input.
    ///
    /// # Errors
    /// See [`Unstreamed`].
    fn exec(&mut self, ns: &str, pod: &str, container: &str, argv: &[String], input: Option<&str>) -> Result<Executed, Unstreamed>;
}

/// What of a container's log is asked for: `PodLogOptions`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LogOptions {
    /// The container; empty if the pod has only one.
    pub container: String,
    /// The run before the present one.
    pub previous: bool,
    /// Only lines from this moment on.
    pub since: Option<SimTime>,
    /// Only lines after this moment: what a stream that is followed hasn't sent yet.
    pub after: Option<SimTime>,
    /// Only so many lines at the end.
    pub tail: Option<u64>,
    /// Each line after its moment.
    pub timestamps: bool,
    /// No more bytes than this.
    pub limit_bytes: Option<u64>,
}

/// A container's log so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Log {
    /// What was asked for.
    pub text: String,
    /// Whether nothing more will come.
    pub over: bool,
    /// When the next line comes, if that is known.
    pub next: Option<SimTime>,
}

/// A line that a command prints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Printed {
    /// When.
    pub at: SimTime,
    /// Whether to standard error.
    pub to_stderr: bool,
    /// The line, with its end if it has one.
    pub text: String,
}

/// A command that was run in a container.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Executed {
    /// What it prints, in order.
    pub lines: Vec<Printed>,
    /// When it ends and with which code, if it ever does.
    pub ended: Option<(SimTime, i32)>,
}

/// Why a stream to a container can't be had.
#[derive(Clone, PartialEq, Debug)]
pub enum Unstreamed {
    /// The API server says no.
    Server(ApiError),
    /// The kubelet doesn't take the connection up: `container not found ("x")`.
    Upgrade(String),
    /// The runtime can't run the command.
    Failed(String),
}

/// What a metrics-server measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measured {
    /// `nodes.metrics.k8s.io`
    Nodes,
    /// `pods.metrics.k8s.io`
    Pods,
}

/// What happened to an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WatchKind {
    /// It came into being.
    Added,
    /// It changed.
    Modified,
    /// It is gone; the object is its last state.
    Deleted,
}

impl WatchKind {
    /// The word on the wire: `ADDED`, `MODIFIED`, `DELETED`.
    pub const fn as_str(self) -> &'static str {
        match self {
            WatchKind::Added => "ADDED",
            WatchKind::Modified => "MODIFIED",
            WatchKind::Deleted => "DELETED",
        }
    }
}

/// One line of a watch.
#[derive(Clone, PartialEq, Debug)]
pub struct WatchEvent {
    /// What happened.
    pub kind: WatchKind,
    /// The object after it (before it, for deletions).
    pub object: Value,
    /// The store revision that it happened at.
    pub revision: u64,
}
