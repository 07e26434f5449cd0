//! Which pod and which of its containers a command is about. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/util/podcmd/podcmd.go`,
//! `pkg/polymorphichelpers/{helpers,attachablepodforobject}.go` and `pkg/util/podutils/podutils.go`, v1.36.

use std::cmp::Reverse;

use serde_json::Value;

use super::Call;
use super::failure::{Answer, Failure};
use super::field::{at, condition, entry, items, name, namespace, text};
use super::target;
use crate::api::resources::Resource;
use crate::api::selector::Selector;

/// The annotation that names the container that is meant when none is named.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// The fields of a pod's spec that hold containers, with what is said of those in them.
pub const LISTS: [(&str, &str); 3] = [("containers", ""), ("initContainers", " (init)"), ("ephemeralContainers", " (ephem)")];

/// `app, log, wait (init)`
pub fn all_names(pod: &Value) -> String {
    let of = |(field, note): (&str, &str)| -> Vec<String> {
        items(pod, &format!("spec.{field}")).iter().map(|container| format!("{}{note}", text(container, "name"))).collect()
    };
    LISTS.into_iter().flat_map(of).collect::<Vec<_>>().join(", ")
}

/// Whether a pod has a container of this name.
pub fn has(pod: &Value, wanted: &str) -> bool {
    LISTS.iter().any(|(field, _)| items(pod, &format!("spec.{field}")).iter().any(|container| text(container, "name") == wanted))
}

/// The container that is meant when none is named: the annotated one, or the first, which is said if there are others.
pub fn default_container(pod: &Value, quiet: bool, err: &mut String) -> Answer<String> {
    if let Some(annotated) = entry(pod, "metadata.annotations", DEFAULT_CONTAINER).filter(|name| !name.is_empty()) {
        if has(pod, annotated) {
            return Ok(annotated.to_owned());
        }
        err.push_str(&format!("Default container name {annotated:?} not found in pod {}\n", name(pod)));
    }
    let containers = items(pod, "spec.containers");
    let Some(first) = containers.first() else { return Err(Failure::Plain(format!("no containers in pod {}", name(pod)))) };
    let first = text(first, "name").to_owned();
    let others = containers.len() > 1 || LISTS[1..].iter().any(|(field, _)| !items(pod, &format!("spec.{field}")).is_empty());
    if others && !quiet {
        err.push_str(&format!("Defaulted container {first:?} out of: {}\n", all_names(pod)));
    }
    Ok(first)
}

/// The pods that an object stands for: namespace and selector.
fn selector_for(resource: &Resource, object: &Value) -> Result<Selector, String> {
    let go_type = |group: &str| format!("*{group}.{}", resource.kind);
    match resource.kind {
        "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => Selector::from_label_selector(at(object, "spec.selector")),
        "ReplicationController" => Ok(pairs(at(object, "spec.selector"))),
        "Service" => match at(object, "spec.selector").as_object() {
            Some(map) if !map.is_empty() => Ok(pairs(at(object, "spec.selector"))),
            _ => Err(format!("invalid service '{}': Service is defined without a selector", name(object))),
        },
        _ => {
            let group = if resource.group.is_empty() { "v1".to_owned() } else { resource.version.to_owned() };
            Err(format!("selector for {} not implemented", go_type(&group)))
        }
    }
}

fn pairs(tree: &Value) -> Selector {
    let map = tree.as_object().into_iter().flatten();
    Selector::from_map(map.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())))
}

/// What a command's argument names: a pod, or pods that something stands for.
pub enum Named {
    /// This pod.
    Pod(Value),
    /// These pods, the best first.
    Pods(Vec<Value>),
}

/// Finds the pod or the pods of `POD` or `TYPE/NAME`. `doing` is what can't be done with things that have no pods.
///
/// # Errors
/// What isn't there, or has no pods.
pub fn find(call: &Call<'_>, argument: &str, doing: &str) -> Answer<Named> {
    let (resource, object_name) = match argument.split_once('/') {
        Some((kind, object_name)) => (target::resource(kind)?, object_name),
        None => (target::resource("pods")?, argument),
    };
    let ns = if resource.namespaced { call.namespace() } else { "" };
    let object = call.api.get(resource, ns, object_name)?;
    if resource.kind == "Pod" {
        return Ok(Named::Pod(object));
    }
    let selector = selector_for(resource, &object)
        .map_err(|why| Failure::Plain(format!("cannot {doing} *{}.{}: {why}", go_package(resource), resource.kind)))?;
    let mut pods = call.api.list(target::resource("pods")?, Some(namespace(&object)), &selector)?;
    if pods.is_empty() {
        return Err(Failure::plain("timed out waiting for the condition"));
    }
    pods.sort_by_key(rank);
    Ok(Named::Pods(pods))
}

fn go_package(resource: &Resource) -> &str {
    resource.version
}

/// The order in which pods are preferred: on a node, running, ready, ready for longer, older. `podutils.ByLogging`, `ActivePods`.
fn rank(pod: &Value) -> (bool, u8, bool, String, Reverse<i64>, String) {
    let phase = match text(pod, "status.phase") {
        "Running" => 0,
        "Unknown" => 1,
        "Pending" => 2,
        _ => 0,
    };
    let ready = condition(pod, "Ready").filter(|ready| text(ready, "status") == "True");
    let restarts = items(pod, "status.containerStatuses").iter().map(|status| super::field::int(status, "restartCount")).max().unwrap_or(0);
    let since = ready.map_or("", |ready| text(ready, "lastTransitionTime")).to_owned();
    (
        text(pod, "spec.nodeName").is_empty(),
        phase,
        ready.is_none(),
        since,
        Reverse(restarts),
        text(pod, "metadata.creationTimestamp").to_owned(),
    )
}
