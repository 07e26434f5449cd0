//! The users' door: requests with JSON trees, as kubectl sends them. Each passes strict decoding, defaulting, admission, validation
//! and the conflict check, then meets the same storage rules as everybody's.

use crate::api::managed::Managers;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::quote::shown_by_go;
use crate::api::record::inert;
use crate::api::resources::{self, Resource};
use crate::api::selector::Selector;
use crate::api::service::Service;
use crate::api::status::{ApiError, FieldError, Reason};
use crate::api::{decode, defaults, names, patch};
use crate::apiserver::request::{DeleteOptions, FieldValidation, PatchKind, WriteOptions, Written};
use crate::apiserver::service_addresses::held_addresses;
use crate::apiserver::{ApiServer, Moment, admission, convert, endpoints, ownership, strategy, validation, versions};
use crate::kernel::time::Epoch;
use crate::store::{Key, Store, Verb};
use serde_json::{Value, json};
use std::sync::Arc;

/// One user's request: the server and the store, at one moment.
pub struct Front<'a> {
    /// The server.
    pub server: &'a mut ApiServer,
    /// Its store.
    pub store: &'a mut Store,
    /// When, and as which event.
    pub at: Moment,
}

/// An object as it is served at a moment.
pub fn served(object: &Object, store: &Store, at: Moment, epoch: Epoch) -> Value {
    let mut tree = tree(object, store, at, epoch);
    ownership::show(object, &mut tree, epoch);
    tree
}

fn tree(object: &Object, store: &Store, at: Moment, epoch: Epoch) -> Value {
    match object {
        Object::Namespace(o) => o.to_tree(epoch),
        Object::Node(o) => {
            let lease = store.find_object(Kind::Lease, "kube-node-lease", &o.meta.name).and_then(Object::as_lease);
            // The kubelet posts its status every 5 minutes when nothing changes (`nodeStatusReportFrequency`), in step with its lease.
            let heartbeat = lease.map_or(o.meta.created, |lease| {
                let last = lease.heartbeat.last(at.now);
                let since = last.since(lease.heartbeat.first).as_secs();
                lease.heartbeat.first + crate::kernel::time::SimDuration::from_secs(since - since % 300)
            });
            o.to_tree(epoch, heartbeat)
        }
        Object::Pod(o) => o.to_tree(epoch),
        Object::ReplicaSet(o) => o.to_tree(epoch),
        Object::Deployment(o) => o.to_tree(epoch),
        Object::Service(o) => o.to_tree(epoch),
        Object::EndpointSlice(o) => o.to_tree(epoch),
        Object::Event(o) => o.to_tree(epoch),
        Object::Lease(o) => o.to_tree(epoch, at.now),
        Object::PodDisruptionBudget(o) => o.to_tree(epoch),
        Object::ControllerRevision(o) => o.to_tree(epoch),
        Object::DaemonSet(o) => o.to_tree(epoch),
        Object::StatefulSet(o) => o.to_tree(epoch),
        Object::Record(o) => o.to_tree(epoch),
    }
}

impl Front<'_> {
    fn kind(&self, resource: &Resource) -> Result<Kind, ApiError> {
        Kind::of(resource).ok_or_else(|| {
            let message = format!("podarium doesn't simulate {}", resource.qualified());
            ApiError::new(Reason::MethodNotAllowed, message)
        })
    }

    pub(super) fn serve(&self, resource: &Resource, object: &Object) -> Value {
        versions::to_served(object.kind(), resource, served(object, self.store, self.at, self.server.epoch))
    }

    pub(super) fn find(&self, resource: &Resource, namespace: &str, name: &str) -> Result<ObjectId, ApiError> {
        let kind = self.kind(resource)?;
        let namespace = if kind.is_namespaced() { namespace } else { "" };
        self.store.find(kind, namespace, name).ok_or_else(|| ApiError::not_found(resource.group, resource.plural, name))
    }

    /// GET.
    ///
    /// # Errors
    /// NotFound.
    pub fn get(&self, resource: &Resource, namespace: &str, name: &str) -> Result<Value, ApiError> {
        let missing = match self.find(resource, namespace, name) {
            Ok(id) => return Ok(self.serve(resource, self.store.get(id).expect("what was found exists"))),
            Err(missing) => missing,
        };
        let service = (Kind::of(resource) == Some(Kind::Endpoints)).then(|| self.store.find_object(Kind::Service, namespace, name));
        service.flatten().and_then(Object::as_service).and_then(|service| self.derived(service)).ok_or(missing)
    }

    /// The Endpoints of a Service that nobody stores.
    fn derived(&self, service: &Service) -> Option<Value> {
        endpoints::has_derived(service).then(|| endpoints::of(self.store, service, self.server.seed, self.server.epoch)).flatten()
    }

    /// LIST, in order of namespace and name. Of what is never stored there is nothing.
    ///
    /// # Errors
    /// None so far; users' clients get a list or an error.
    pub fn list(&self, resource: &Resource, namespace: Option<&str>, labels: &Selector) -> Result<Vec<Value>, ApiError> {
        let Some(kind) = Kind::of(resource) else { return Ok(Vec::new()) };
        let matching = self.store.list(kind, namespace).filter(|(_, object)| labels.matches(&object.meta().labels));
        let mut list: Vec<Value> = matching.map(|(_, object)| self.serve(resource, object)).collect();
        if kind == Kind::Endpoints {
            let services = self.store.list(Kind::Service, namespace).filter_map(|(_, object)| object.as_service());
            let unstored = services.filter(|service| self.store.find_key(kind, &Key::of(&service.meta)).is_none());
            list.extend(unstored.filter_map(|service| self.derived(service)).filter(|tree| labels.matches(&tree["metadata"]["labels"])));
            list.sort_by_cached_key(|tree| {
                ["namespace", "name"].map(|field| tree["metadata"][field].as_str().unwrap_or_default().to_owned())
            });
        }
        Ok(list)
    }

    /// The changes of a resource after a revision: verb, object, revision. Empty if they were compacted.
    pub fn changes(&self, resource: &Resource, namespace: Option<&str>, since: u64) -> Vec<(Verb, Value, u64)> {
        let (Ok(kind), Ok(changes)) = (self.kind(resource), self.store.changes_since(since)) else { return Vec::new() };
        let wanted =
            changes.filter(|c| c.id.kind == kind && namespace.is_none_or(|ns| c.object.meta().namespace == *ns || !kind.is_namespaced()));
        let stored = wanted.map(|c| (c.verb, self.serve(resource, &c.object), c.revision));
        if kind != Kind::Endpoints {
            return stored.collect();
        }
        // Derived ones change with their slices; a watcher sees them as they are when it looks.
        let slices = self.store.changes_since(since).into_iter().flatten().filter(|c| c.id.kind == Kind::EndpointSlice);
        let within = slices.filter(|c| namespace.is_none_or(|ns| c.object.meta().namespace == *ns));
        let derived =
            within.filter_map(|c| Some((Verb::Modified, self.derived(endpoints::service_of(self.store, &c.object)?)?, c.revision)));
        stored.chain(derived).collect()
    }

    /// POST.
    ///
    /// # Errors
    /// BadRequest, Invalid, AlreadyExists, Forbidden, or NotFound for the namespace.
    pub fn create(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        tree: Value,
        options: &WriteOptions,
    ) -> Result<Written, ApiError> {
        self.create_owned(resource, namespace, tree, options, None)
    }

    /// Creates an object. `applied` has its managers if they are known already: by server-side apply.
    pub(super) fn create_owned(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        tree: Value,
        options: &WriteOptions,
        applied: Option<Managers>,
    ) -> Result<Written, ApiError> {
        self.with_addresses(resource, options, |front| front.create_at_once(resource, namespace, tree, options, applied))
    }

    fn create_at_once(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        mut tree: Value,
        options: &WriteOptions,
        applied: Option<Managers>,
    ) -> Result<Written, ApiError> {
        let kind = self.kind(resource)?;
        let mut warnings = strict(resource, &mut tree, options)?;
        versions::to_stored(kind, resource, &mut tree);
        let sent = ownership::take(&mut tree);
        set_namespace(kind, namespace, &mut tree)?;
        defaults::prepare_create(kind.as_str(), &mut tree);
        let meta = &tree["metadata"];
        let (name, base) = (meta["name"].as_str().unwrap_or(""), meta["generateName"].as_str().unwrap_or(""));
        if name.is_empty() && base.is_empty() {
            let message = "name or generateName is required".to_owned();
            let cause = crate::api::status::FieldError {
                kind: crate::api::status::FieldErrorType::Required,
                field: "metadata.name".into(),
                body: format!("Required value: {message}"),
            };
            return Err(ApiError::invalid(resource.group, resource.kind, "", vec![cause]));
        }
        self.server.check_namespace(self.store, kind, &crate::api::meta::Meta::from_tree(&tree))?;
        let placeholder = name.is_empty().then(|| names::generate_name(base, "xxxxx"));
        if let Some(placeholder) = &placeholder {
            tree["metadata"]["name"] = placeholder.as_str().into();
        }
        defaults::apply(kind.as_str(), &mut tree);
        // What admission and the server itself add, nobody owns.
        let managers = applied.unwrap_or_else(|| self.managers_of_new(kind.resource(), &tree, sent.as_ref(), &options.field_manager));
        if kind == Kind::Pod {
            admission::complete_pod(self.store, namespace, &mut tree)?;
        }
        strategy::prepare(kind, &mut tree, self.server.next_uid(self.store, kind));
        let causes = validation::create(kind.as_str(), &tree);
        if !causes.is_empty() {
            let name = tree["metadata"]["name"].as_str().unwrap_or("");
            return Err(ApiError::invalid(resource.group, resource.kind, name, causes));
        }
        warnings.extend(validation::warnings(kind.as_str(), &tree));
        warnings.extend(inert(kind).map(|what| format!("podarium keeps {} but doesn't simulate them yet: {what}", resource.plural)));
        if placeholder.is_some() {
            tree["metadata"]["name"] = Value::from("");
        }
        if kind == Kind::Job {
            // What is stored is defaulted when it is read: by then the template has labels, which a Job without its own takes.
            defaults::apply(kind.as_str(), &mut tree);
        }
        if kind == Kind::Service {
            defaults::service_families(&mut tree);
            self.allocate_addresses(&mut tree)?;
        }
        let mut object = convert::object(kind, &tree, None, self.server.epoch, self.at.now);
        object.meta_mut().managers = Some(Arc::new(managers));
        if options.dry_run {
            return self.dry_run(resource, object, warnings);
        }
        let id = self.server.create(self.store, self.at, object)?;
        Ok(Written { object: self.serve(resource, self.store.get(id).expect("it was just created")), warnings })
    }

    /// Goes the whole way on copies that are thrown away.
    fn dry_run(&self, resource: &Resource, object: Object, warnings: Vec<String>) -> Result<Written, ApiError> {
        let (mut server, mut store) = (self.server.clone(), self.store.clone());
        let id = server.create(&mut store, self.at, object)?;
        let object = served(store.get(id).expect("it was just created"), &store, self.at, server.epoch);
        Ok(Written { object: versions::to_served(id.kind, resource, object), warnings })
    }

    /// PUT.
    ///
    /// # Errors
    /// NotFound, Conflict, BadRequest, Invalid.
    pub fn update(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        mut tree: Value,
        options: &WriteOptions,
    ) -> Result<Written, ApiError> {
        let kind = self.kind(resource)?;
        let warnings = strict(resource, &mut tree, options)?;
        set_namespace(kind, namespace, &mut tree)?;
        let name = tree["metadata"]["name"].as_str().unwrap_or("").to_owned();
        let id = self.find(resource, namespace, &name)?;
        self.replace(id, resource, tree, options, warnings, None)
    }

    /// PATCH.
    ///
    /// # Errors
    /// NotFound, Conflict, BadRequest, Invalid.
    pub fn patch(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
        kind: PatchKind,
        patch: &Value,
        options: &WriteOptions,
    ) -> Result<Written, ApiError> {
        let id = self.find(resource, namespace, name)?;
        let current = self.serve(resource, self.store.get(id).expect("what was found exists"));
        let patched = || match kind {
            PatchKind::Strategic => patch::strategic(resource, &current, patch),
            PatchKind::Merge => Ok(patch::merge(&current, patch)),
            PatchKind::Json => patch::json_patch(&current, patch),
        };
        let mut tree = patched()?;
        check_name(&tree, name)?;
        let decoded = decode::strict(resource, &mut tree);
        if let Err(error) = &decoded
            && !error.is_only_unknown_fields()
        {
            let (shown, why) = match kind {
                PatchKind::Strategic => (shown_by_go(patch), error.conversion()),
                PatchKind::Merge | PatchKind::Json => (patched()?.to_string(), error.wrong_type().map(str::to_owned)),
            };
            return Err(invalid_patch(&shown, &why.unwrap_or_default()));
        }
        let warnings = tolerated(decoded, options)?;
        // A patch has no precondition on the UID: a changed one is a change of a field that can't be changed.
        let uid = self.store.get(id).map(|object| object.meta().uid.to_string()).unwrap_or_default();
        if let Some(other) = tree["metadata"]["uid"].as_str().filter(|other| !other.is_empty() && *other != uid) {
            let cause = FieldError::invalid("metadata.uid", &Value::from(other), "field is immutable");
            return Err(ApiError::invalid(resource.group, resource.kind, name, vec![cause]));
        }
        self.replace(id, resource, tree, options, warnings, None)
    }

    /// Replaces an object. `applied` has its managers if they are known already.
    pub(super) fn replace(
        &mut self,
        id: ObjectId,
        resource: &'static Resource,
        tree: Value,
        options: &WriteOptions,
        warnings: Vec<String>,
        applied: Option<Managers>,
    ) -> Result<Written, ApiError> {
        self.with_addresses(resource, options, |front| front.replace_at_once(id, resource, tree, options, warnings, applied))
    }

    fn replace_at_once(
        &mut self,
        id: ObjectId,
        resource: &'static Resource,
        mut tree: Value,
        options: &WriteOptions,
        mut warnings: Vec<String>,
        applied: Option<Managers>,
    ) -> Result<Written, ApiError> {
        versions::to_stored(id.kind, resource, &mut tree);
        let sent = ownership::take(&mut tree);
        let stored = self.store.get(id).expect("what was found exists").clone();
        let old = self.serve(id.kind.resource(), &stored);
        let name = stored.meta().name.to_string();
        let version = tree["metadata"]["resourceVersion"].as_str().filter(|v| !v.is_empty()).map(|v| v.parse::<u64>().unwrap_or(u64::MAX));
        if version.is_some_and(|version| version != stored.meta().resource_version) {
            return Err(ApiError::modified(resource.group, resource.plural, &name));
        }
        let uid = tree["metadata"]["uid"].as_str().filter(|uid| !uid.is_empty()).map(str::to_owned);
        if let Some(uid) = uid
            && uid != stored.meta().uid.to_string()
        {
            let namespace = if id.kind.is_namespaced() { format!("{}/", stored.meta().namespace) } else { String::new() };
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: /registry/{}/{namespace}{name}, ResourceVersion: 0, AdditionalErrorMsg: \
                 Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                registry_folder(id.kind),
                stored.meta().uid
            );
            return Err(ApiError::conflict(resource.group, resource.plural, &name, &why));
        }
        keep_server_fields(&mut tree, &old);
        defaults::apply(id.kind.as_str(), &mut tree);
        let managers = applied.unwrap_or_else(|| self.managers_of_changed(&stored, &old, &tree, sent.as_ref(), &options.field_manager, ""));
        strategy::prepare_update(id.kind, &mut tree, &old);
        if id.kind == Kind::Service {
            defaults::prepare_service_update(&mut tree, &old);
            defaults::service_families(&mut tree);
        }
        let causes = validation::update(id.kind.as_str(), &tree, &old);
        if !causes.is_empty() {
            return Err(ApiError::invalid(resource.group, resource.kind, &name, causes));
        }
        warnings.extend(validation::update_warnings(id.kind.as_str(), &tree, &old));
        if id.kind == Kind::Service {
            self.allocate_addresses(&mut tree)?;
        }
        let mut object = convert::object(id.kind, &tree, Some(&stored), self.server.epoch, self.at.now);
        ownership::settle(&mut object, &stored, managers);
        admission::storage::check_resize(self.store, &object, &stored)?;
        if options.dry_run {
            // The generation counts on, the revision doesn't.
            let (mut server, mut store) = (self.server.clone(), self.store.clone());
            let written = server.update(&mut store, self.at, id, &object)?;
            let mut object = served(&written, &store, self.at, server.epoch);
            object["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
            return Ok(Written { object: versions::to_served(id.kind, resource, object), warnings });
        }
        let written = self.server.update(self.store, self.at, id, &object)?;
        if let (Object::Service(old), Object::Service(new)) = (&stored, &written) {
            let ((old_ip, old_ports), (new_ip, new_ports)) = (held_addresses(&old.spec), held_addresses(&new.spec));
            let left = old_ports.into_iter().filter(|port| !new_ports.contains(port));
            self.server.addresses.release(old_ip.filter(|_| old_ip != new_ip), left);
        }
        Ok(Written { object: self.serve(resource, &written), warnings })
    }

    /// DELETE.
    ///
    /// # Errors
    /// NotFound, Conflict, Forbidden.
    pub fn delete(&mut self, resource: &Resource, namespace: &str, name: &str, options: &DeleteOptions) -> Result<Value, ApiError> {
        let id = self.find(resource, namespace, name)?;
        if id.kind == Kind::Namespace && matches!(name, "default" | "kube-system" | "kube-public") {
            return Err(ApiError::forbidden("", "namespaces", name, "this namespace may not be deleted"));
        }
        if id.kind == Kind::PriorityClass && name.starts_with("system-") {
            return Err(ApiError::forbidden(
                resource.group,
                resource.plural,
                name,
                "this is a system priority class and cannot be deleted",
            ));
        }
        let object = self.server.delete(self.store, self.at, id, options)?;
        Ok(self.serve(resource, &object))
    }

    /// PUT of the scale subresource.
    ///
    /// # Errors
    /// NotFound, Invalid.
    pub fn scale(&mut self, resource: &'static Resource, namespace: &str, name: &str, replicas: i32) -> Result<Value, ApiError> {
        let id = self.find(resource, namespace, name)?;
        if !resources::subresources(resource).any(|sub| sub.kind == "Scale") {
            return Err(ApiError::new(Reason::NotFound, "the server could not find the requested resource"));
        }
        if replicas < 0 {
            let cause = crate::api::status::FieldError {
                kind: crate::api::status::FieldErrorType::Invalid,
                field: "spec.replicas".into(),
                body: format!("Invalid value: {replicas}: must be greater than or equal to 0"),
            };
            return Err(ApiError::invalid("autoscaling", "Scale", name, vec![cause]));
        }
        let stored = self.store.get(id).expect("what was found exists").clone();
        let live = self.serve(resource, &stored);
        let mut tree = live.clone();
        tree["spec"]["replicas"] = replicas.into();
        let options = WriteOptions::default();
        let managers = self.managers_of_changed(&stored, &live, &tree, None, &options.field_manager, "scale");
        Ok(self.replace(id, resource, tree, &options, Vec::new(), Some(managers))?.object)
    }

    /// Adds a container to look into a running pod (the ephemeralcontainers subresource). `pkg/registry/core/pod/strategy.go`,
    /// podEphemeralContainersStrategy, v1.36.
    ///
    /// # Errors
    /// NotFound, Invalid.
    pub fn add_ephemeral_container(&mut self, namespace: &str, name: &str, container: Value) -> Result<Value, ApiError> {
        let resource = Kind::Pod.resource();
        let id = self.find(resource, namespace, name)?;
        let stored = self.store.get(id).expect("what was found exists").clone();
        let mut tree = self.serve(resource, &stored);
        let own = container["name"].clone();
        let lists = ["initContainers", "containers", "ephemeralContainers"].iter().filter_map(|field| tree["spec"][*field].as_array());
        if lists.flatten().any(|other| other["name"] == own) {
            let cause = crate::api::status::FieldError {
                kind: crate::api::status::FieldErrorType::Duplicate,
                field: "spec.ephemeralContainers[0].name".into(),
                body: format!("Duplicate value: {own}"),
            };
            return Err(ApiError::invalid("", "Pod", name, vec![cause]));
        }
        match tree["spec"]["ephemeralContainers"].as_array_mut() {
            Some(list) => list.push(container),
            None => tree["spec"]["ephemeralContainers"] = Value::Array(vec![container]),
        }
        defaults::apply(Kind::Pod.as_str(), &mut tree);
        let stored = self.server.set_pod_spec(self.store, self.at, id, &tree["spec"])?;
        Ok(self.serve(resource, &stored))
    }
}

/// Decodes strictly, or with warnings instead of refusals, as `--validate` asks.
fn strict(resource: &'static Resource, tree: &mut Value, options: &WriteOptions) -> Result<Vec<String>, ApiError> {
    tolerated(decode::strict(resource, tree), options)
}

/// The warnings about unknown fields, if they aren't refused.
fn tolerated(decoded: Result<(), decode::DecodeError>, options: &WriteOptions) -> Result<Vec<String>, ApiError> {
    match decoded {
        Ok(()) => Ok(Vec::new()),
        Err(error) if error.is_only_unknown_fields() && options.field_validation != FieldValidation::Strict => {
            Ok(if options.field_validation == FieldValidation::Warn { error.unknown_fields() } else { Vec::new() })
        }
        Err(error) => Err(error.to_api_error()),
    }
}

/// A patched object must still be the one that the URL names.
pub(super) fn check_name(tree: &Value, name: &str) -> Result<(), ApiError> {
    let why = match tree["metadata"]["name"].as_str().unwrap_or_default() {
        same if same == name => return Ok(()),
        "" => format!("the name of the object ({name} based on URL) was undeterminable: name must be provided"),
        other => format!("the name of the object ({other}) does not match the name on the URL ({name})"),
    };
    Err(ApiError::new(Reason::BadRequest, why))
}

/// The answer to a patch whose result is no object of its kind.
fn invalid_patch(shown: &str, why: &str) -> ApiError {
    let mut error = ApiError::invalid("", "", "", vec![FieldError::invalid_text("patch", shown, why)]);
    error.message = error.details.causes[0].to_string();
    error
}

/// Where etcd keeps the objects of a kind, below `/registry`: mostly the resource's name.
/// `pkg/kubeapiserver/default_storage_factory_builder.go`, SpecialDefaultResourcePrefixes, v1.36.
fn registry_folder(kind: Kind) -> &'static str {
    match kind {
        Kind::ReplicationController => "controllers",
        Kind::Endpoints => "services/endpoints",
        Kind::Service => "services/specs",
        Kind::Node => "minions",
        Kind::Ingress => "ingress",
        kind => kind.resource().plural,
    }
}

fn set_namespace(kind: Kind, namespace: &str, tree: &mut Value) -> Result<(), ApiError> {
    if !kind.is_namespaced() {
        return Ok(());
    }
    let own = tree["metadata"]["namespace"].as_str().unwrap_or("").to_owned();
    if !own.is_empty() && own != namespace {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(ApiError::new(Reason::BadRequest, message));
    }
    if !tree["metadata"].is_object() {
        tree["metadata"] = json!({});
    }
    tree["metadata"]["namespace"] = namespace.into();
    Ok(())
}

/// What a user can't change: it is as it was, whatever was sent.
fn keep_server_fields(tree: &mut Value, old: &Value) {
    for field in
        ["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName", "resourceVersion"]
    {
        match old["metadata"].get(field) {
            Some(value) => tree["metadata"][field] = value.clone(),
            None => drop(tree["metadata"].as_object_mut().and_then(|meta| meta.remove(field))),
        }
    }
    match old.get("status") {
        Some(status) => tree["status"] = status.clone(),
        None => drop(tree.as_object_mut().and_then(|tree| tree.remove("status"))),
    }
}
