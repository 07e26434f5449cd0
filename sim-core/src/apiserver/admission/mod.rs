//! Admission: what a plain cluster adds to new objects, and what it refuses. Mirrors the plugins that are on by default and that look at
//! other objects too: `plugin/pkg/admission/{serviceaccount,priority,limitranger,resourcequota,storage}`, v1.36.
//!
//! A pod from a user passes as a tree, before validation (`complete_pod`); one from a controller as a struct (`admit`), where the
//! result is computed once per template and shared by all its pods.

pub mod amounts;
pub mod limits;
pub mod quota;
pub mod storage;

use crate::api::defaults;
use crate::api::meta::Str;
use crate::api::object::{Kind, Object};
use crate::api::pod::{Pod, PodSpec, TOKEN_VOLUME};
use crate::api::record::Record;
use crate::api::status::ApiError;
use crate::apiserver::validation;
use crate::store::Store;
use serde_json::{Value, json};
use std::sync::Arc;

/// The annotation that tells what the limit ranger filled in.
const LIMIT_RANGER: &str = "kubernetes.io/limit-ranger";

/// Completes and checks the tree of a new pod.
///
/// # Errors
/// Forbidden, with the plugin's words.
pub(super) fn complete_pod(store: &Store, namespace: &str, tree: &mut Value) -> Result<(), ApiError> {
    let refuse = |tree: &Value, why: &str| ApiError::forbidden("", "pods", tree["metadata"]["name"].as_str().unwrap_or_default(), why);
    let (spec, limited) = complete_spec(store, namespace, tree["spec"].clone()).map_err(|why| refuse(tree, &why))?;
    tree["spec"] = spec;
    if let Some(set) = limited {
        if !tree["metadata"]["annotations"].is_object() {
            tree["metadata"]["annotations"] = json!({});
        }
        tree["metadata"]["annotations"][LIMIT_RANGER] = set.into();
    }
    defaults::admit_pod(tree, TOKEN_VOLUME);
    Ok(())
}

/// What depends on other objects: the service account, the priority, defaults of limit ranges. Answers with what the limit ranger set.
fn complete_spec(store: &Store, namespace: &str, mut spec: Value) -> Result<(Value, Option<String>), String> {
    check_service_account(store, namespace, &spec)?;
    let mut limited = None;
    for range in limits::ranges(store, namespace) {
        limited = limits::fill_in(range, &mut spec).or(limited);
    }
    let class = priority_class(store, &spec)?;
    check_priority(&spec, class)?;
    if let Some(class) = class {
        prioritize(&mut spec, class);
    }
    Ok((spec, limited))
}

/// A user may give a class, not what comes of it. `plugin/pkg/admission/priority/admission.go`, admitPod.
fn check_priority(spec: &Value, class: Option<&Arc<Record>>) -> Result<(), String> {
    let of_class = |field: &str| class.and_then(|class| class.body.get(field));
    let priority = of_class("value").and_then(Value::as_i64).unwrap_or(0);
    let policy = of_class("preemptionPolicy").and_then(Value::as_str).unwrap_or("PreemptLowerPriority");
    if let Some(given) = spec["priority"].as_i64().filter(|given| *given != priority) {
        return Err(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {priority} \
             from the given PriorityClass name"
        ));
    }
    match spec["preemptionPolicy"].as_str().filter(|given| *given != policy) {
        None => Ok(()),
        Some(given) => Err(format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission controller computed \
             {policy} from the given PriorityClass name"
        )),
    }
}

fn prioritize(spec: &mut Value, class: &Record) {
    spec["priority"] = class.body["value"].clone();
    spec["preemptionPolicy"] = class.body.get("preemptionPolicy").cloned().unwrap_or_else(|| "PreemptLowerPriority".into());
    spec["priorityClassName"] = class.meta.name.as_str().into();
}

/// The `default` account is taken for granted: the real plugin waits for it, if its namespace is that new.
fn check_service_account(store: &Store, namespace: &str, spec: &Value) -> Result<(), String> {
    let name = spec["serviceAccountName"].as_str().filter(|name| !name.is_empty()).unwrap_or("default");
    if name == "default" || store.find(Kind::ServiceAccount, namespace, name).is_some() {
        return Ok(());
    }
    Err(format!("error looking up service account {namespace}/{name}: serviceaccount {name:?} not found"))
}

/// The class that gives a pod its priority: the one it names, or the global default (of several, the lowest).
fn priority_class<'a>(store: &'a Store, spec: &Value) -> Result<Option<&'a Arc<Record>>, String> {
    match spec["priorityClassName"].as_str().unwrap_or_default() {
        "" => {
            let classes = store.list(Kind::PriorityClass, None).filter_map(|(_, class)| class.as_record());
            Ok(classes.filter(|class| class.body["globalDefault"] == true).min_by_key(|class| class.body["value"].as_i64()))
        }
        name => match store.find_object(Kind::PriorityClass, "", name).and_then(Object::as_record) {
            Some(class) => Ok(Some(class)),
            None => Err(format!("no PriorityClass with name {name} was found")),
        },
    }
}

/// Completes a new object and checks it against the limits of its namespace.
///
/// # Errors
/// Forbidden or Invalid, with the plugin's words.
pub(super) fn admit(store: &Store, object: &mut Object) -> Result<(), ApiError> {
    let limited = limits::ranges(store, &object.meta().namespace).next().is_some();
    storage::set_default_class(store, object);
    if let Object::Pod(pod) = object {
        let admit = if limited { admit_limited } else { admit_shared };
        admit(store, Arc::make_mut(pod))?;
    }
    if limited {
        let wrong: Vec<String> =
            limits::ranges(store, &object.meta().namespace).flat_map(|range| limits::violations(range, object)).collect();
        if !wrong.is_empty() {
            let why = if let [one] = wrong.as_slice() { one.clone() } else { format!("[{}]", wrong.join(", ")) };
            let resource = object.kind().resource();
            return Err(ApiError::forbidden(resource.group, resource.plural, &object.meta().name, &why));
        }
    }
    Ok(())
}

/// A pod as its template says: what becomes of that is worked out once for all of them.
fn admit_shared(store: &Store, pod: &mut Pod) -> Result<(), ApiError> {
    let refuse = |why: String| ApiError::forbidden("", "pods", &pod.meta.name, &why);
    check_service_account(store, &pod.meta.namespace, &pod.spec.tree).map_err(refuse)?;
    let class = priority_class(store, &pod.spec.tree).map_err(refuse)?;
    check_priority(&pod.spec.tree, class).map_err(refuse)?;
    pod.spec = pod.spec.admitted(|spec| {
        let mut tree = json!({"spec": spec});
        if let Some(class) = class {
            prioritize(&mut tree["spec"], class);
        }
        defaults::admit_pod(&mut tree, TOKEN_VOLUME);
        tree["spec"].take()
    });
    Ok(())
}

/// A pod in a namespace with limit ranges: its specification is its own, since these may change between two pods of a template. What a
/// limit range fills in may make a valid template an invalid pod.
fn admit_limited(store: &Store, pod: &mut Pod) -> Result<(), ApiError> {
    let mut tree = pod.to_tree(Default::default());
    complete_pod(store, &pod.meta.namespace, &mut tree)?;
    let causes = validation::create("Pod", &tree);
    if !causes.is_empty() {
        return Err(ApiError::invalid("", "Pod", &pod.meta.name, causes));
    }
    if let Some(set) = tree["metadata"]["annotations"][LIMIT_RANGER].as_str() {
        pod.meta.annotations.set(LIMIT_RANGER, set.to_owned());
    }
    if tree["spec"] != pod.spec.tree {
        pod.spec = Arc::new(PodSpec::from_tree(&tree["spec"]));
    }
    Ok(())
}

/// The text of a pod's field, for plugins that read trees.
fn named(tree: &Value) -> Str {
    Str::from(tree["name"].as_str().unwrap_or_default().to_owned())
}
