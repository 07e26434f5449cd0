//! Field ownership at the users' door: `metadata.managedFields` of what users write, and server-side apply.
//!
//! Mirrors `staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{create,update,patch}.go` and `handlers/fieldmanager/equality.go`, v1.36.
//! The cluster's own processes keep no managers: an object that only they have written has none until a user changes it, and what they
//! write into the status of a user's object is worked out when it is served.

use crate::api::decode;
use crate::api::managed::{self, Managers, Writer};
use crate::api::object::{Kind, Object};
use crate::api::resources::Resource;
use crate::api::status::{ApiError, FieldError, FieldErrorType, Reason};
use crate::apiserver::front::{Front, check_name};
use crate::apiserver::request::{WriteOptions, Written};
use crate::kernel::time::Epoch;
use serde_json::Value;
use std::sync::Arc;

/// The annotation that the deployment controller writes together with the status.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Which process writes objects of a kind that no user wrote.
fn creator(kind: Kind) -> &'static str {
    match kind {
        Kind::Node | Kind::Lease => "kubelet",
        Kind::Namespace => "kube-apiserver",
        _ => "kube-controller-manager",
    }
}

/// Which process writes the status of a user's objects of a kind.
fn reporter(kind: &str) -> Option<&'static str> {
    match kind {
        "Pod" | "Node" => Some("kubelet"),
        "Namespace" | "Service" | "Ingress" => None,
        _ => Some("kube-controller-manager"),
    }
}

/// Adds `managedFields` to an object that is served.
pub(crate) fn show(object: &Object, tree: &mut Value, epoch: Epoch) {
    let Some(managers) = object.meta().managers.as_deref().filter(|managers| !managers.is_empty()) else { return };
    let resource = object.kind().resource();
    let reported = reporter(resource.kind).map(|name| with_status(managers, resource, name, tree, epoch));
    tree["metadata"]["managedFields"] = reported.as_ref().unwrap_or(managers).to_json(epoch);
}

fn with_status(managers: &Managers, resource: &'static Resource, name: &str, tree: &Value, epoch: Epoch) -> Managers {
    let conditions = tree["status"]["conditions"].as_array().map_or(&[][..], |conditions| conditions);
    let times = conditions.iter().flat_map(|condition| [&condition["lastUpdateTime"], &condition["lastTransitionTime"]]);
    let last = times.chain([&tree["metadata"]["creationTimestamp"]]).filter_map(Value::as_str).max();
    let now = last.and_then(|last| epoch.parse(last)).unwrap_or_default();
    managed::with_status(managers, tree, REVISION, &Writer { resource, name, subresource: "status", now })
}

/// Takes `managedFields` out of what a user sends: it isn't a field of the stored object.
pub(crate) fn take(tree: &mut Value) -> Option<Value> {
    tree.get_mut("metadata")?.as_object_mut()?.remove("managedFields")
}

/// Gives an object that is about to be stored its managers. A write that changes nothing but times isn't one.
pub(crate) fn settle(object: &mut Object, stored: &Object, managers: Managers) {
    let known = stored.meta().managers.clone();
    object.meta_mut().managers.clone_from(&known);
    if object != stored || known.is_some_and(|known| !known.same_but_for_times(&managers)) {
        object.meta_mut().managers = Some(Arc::new(managers));
    }
}

impl Front<'_> {
    fn writer<'a>(&self, resource: &'static Resource, name: &'a str, subresource: &'a str) -> Writer<'a> {
        Writer { resource, name, subresource, now: self.at.now }
    }

    /// The managers of a new object, as it was sent and defaulted.
    pub(crate) fn managers_of_new(&self, resource: &'static Resource, tree: &Value, sent: Option<&Value>, manager: &str) -> Managers {
        let sent = Managers::of_request(&Managers::default(), sent, self.server.epoch());
        managed::update(None, tree, &sent, &self.writer(resource, manager, ""))
    }

    /// The managers of an object that is served as `live` and changed to `tree`, through the object itself or a subresource.
    pub(crate) fn managers_of_changed(
        &self,
        stored: &Object,
        live: &Value,
        tree: &Value,
        sent: Option<&Value>,
        manager: &str,
        subresource: &str,
    ) -> Managers {
        let resource = stored.kind().resource();
        let known = Managers::of_request(&self.known(stored, live), sent, self.server.epoch());
        let known = known.without_status_of(reporter(resource.kind).unwrap_or_default());
        managed::update(Some(live), tree, &known, &self.writer(resource, manager, subresource))
    }

    /// The managers of a stored object. Of one that only processes have written, the process that made it owns all.
    fn known(&self, stored: &Object, live: &Value) -> Managers {
        if let Some(known) = &stored.meta().managers {
            return (**known).clone();
        }
        let writer = Writer { now: stored.meta().created, ..self.writer(stored.kind().resource(), creator(stored.kind()), "") };
        managed::update(None, live, &Managers::default(), &writer)
    }

    /// Server-side apply: PATCH with `application/apply-patch+yaml`. Creates what isn't there.
    ///
    /// # Errors
    /// Conflict with other managers, unless forced; BadRequest, Invalid, Forbidden; an unclassified error for a configuration that isn't
    /// an object of its kind.
    pub fn apply(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
        config: &Value,
        force: bool,
        options: &WriteOptions,
    ) -> Result<Written, ApiError> {
        if options.field_manager.is_empty() {
            let body = "Required value: is required for apply patch".to_owned();
            let cause = FieldError { kind: FieldErrorType::Required, field: "fieldManager".into(), body };
            return Err(ApiError::invalid("meta.k8s.io", "PatchOptions", "", vec![cause]));
        }
        let writer = self.writer(resource, &options.field_manager, "");
        let id = match self.find(resource, namespace, name) {
            Ok(id) => Some(id),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        let stored = id.and_then(|id| self.store.get(id)).cloned();
        let live = stored.as_ref().map(|stored| self.serve(resource, stored));
        let known = stored.as_ref().zip(live.as_ref()).map_or_else(Managers::default, |(stored, live)| self.known(stored, live));
        let applied = managed::apply(live.as_ref(), config, &known, force, &writer)?;
        let mut tree = applied.object;
        check_name(&tree, name)?;
        converted(resource, &mut tree)?;
        match id {
            Some(id) => self.replace(id, resource, tree, options, Vec::new(), Some(applied.managers)),
            None => self.create_owned(resource, namespace, tree, options, Some(applied.managers)),
        }
    }
}

/// Makes sure that a merged tree is an object of its kind: the schema of server-side apply knows numbers and strings only, not which.
fn converted(resource: &'static Resource, tree: &mut Value) -> Result<(), ApiError> {
    let Some(why) = decode::strict(resource, tree).err().and_then(|error| error.conversion()) else { return Ok(()) };
    let group = if resource.group.is_empty() { "/" } else { "" };
    let kind = format!("{group}{}, Kind={}", resource.api_version(), resource.kind);
    let meta = |field: &str| tree["metadata"][field].as_str().unwrap_or_default();
    let what = format!("failed to convert new object ({}/{}; {kind}) to proper version", meta("namespace"), meta("name"));
    Err(ApiError::new(Reason::Unknown, format!("{what}: unable to convert unstructured object to {kind}: {why}")))
}
