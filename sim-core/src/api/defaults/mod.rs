//! Defaulting: what the API server writes into an object for fields that the user left out. Mirrors
//! `pkg/apis/*/{v1,v2}/{defaults,zz_generated.defaults}.go`, v1.36, with the feature gates at their defaults.
//!
//! Each type has a table of `Field`s, and one walker fills them in. Before that, the object is brought into the form in which Go writes
//! its type (`encoding`): what it always writes is there, what it leaves out when empty is not. [`prepare_create`], [`admit_pod`] and the
//! other functions do what comes around defaulting: plain admission and the preparations of single kinds.

mod autoscaling;
mod create;
mod encoding;
mod gateway;
mod pod;
mod rest;
mod service;
mod volumes;
mod workloads;

use crate::api::schema;
use serde_json::{Map, Value};

pub use create::prepare_create;
pub use encoding::{base64_decode, base64_encode};
pub use pod::{admit_pod, aggregate};
pub use service::{normalize_cluster_ips, prepare_service_update, service_families};
pub use workloads::generate_job_selector;

/// What to do with one field.
enum Fill {
    /// This text, if there is none.
    Text(&'static str),
    /// This number, if there is none. 0 stays.
    Int(i64),
    /// This number, if there is none or 0: the field is no pointer in Go.
    NonZero(i64),
    /// This, if absent.
    Bool(bool),
    /// An empty object, if absent.
    Object,
    /// If it is an object: its fields.
    In(&'static [Field]),
    /// Its fields; the object is made if absent.
    Make(&'static [Field]),
    /// The fields of each item of a list.
    Each(&'static [Field]),
    /// Code, given the object that holds the field.
    Code(fn(&mut Map<String, Value>)),
}

/// A field and its default.
struct Field(&'static str, Fill);

static KINDS: &[(&str, &[Field])] = &[
    ("ClusterRoleBinding", rest::BINDING),
    ("ConfigMap", &[]),
    ("CSIDriver", volumes::CSI_DRIVER),
    ("CronJob", workloads::CRON_JOB),
    ("DaemonSet", workloads::DAEMON_SET),
    ("Deployment", workloads::DEPLOYMENT),
    ("Endpoints", service::ENDPOINTS),
    ("EndpointSlice", service::ENDPOINT_SLICE),
    ("Event", EVENT),
    ("Gateway", gateway::GATEWAY),
    ("HTTPRoute", gateway::HTTP_ROUTE),
    ("HorizontalPodAutoscaler", autoscaling::AUTOSCALER),
    ("IngressClass", rest::INGRESS_CLASS),
    ("Job", workloads::JOB),
    ("Lease", &[]),
    ("LimitRange", rest::LIMIT_RANGE),
    ("Namespace", NAMESPACE),
    ("NetworkPolicy", rest::NETWORK_POLICY),
    ("Node", NODE),
    ("PersistentVolume", volumes::VOLUME),
    ("PersistentVolumeClaim", workloads::CLAIM),
    ("Pod", pod::POD),
    ("PodTemplate", &[Field("template", Fill::Make(pod::TEMPLATE))]),
    ("PriorityClass", &[Field("preemptionPolicy", Fill::Text("PreemptLowerPriority"))]),
    ("ReplicaSet", workloads::REPLICA_SET),
    ("ReplicationController", workloads::REPLICATION_CONTROLLER),
    ("RoleBinding", rest::BINDING),
    ("Secret", &[Field("", Fill::Code(encoding::secret)), Field("type", Fill::Text("Opaque"))]),
    ("Service", service::SERVICE),
    ("StatefulSet", workloads::STATEFUL_SET),
    ("StorageClass", volumes::CLASS),
];

static NAMESPACE: &[Field] =
    &[Field("", Fill::Code(namespace)), Field("spec", Fill::Object), Field("status", Fill::Make(&[Field("phase", Fill::Text("Active"))]))];

static NODE: &[Field] = &[Field("spec", Fill::Object), Field("status", Fill::Make(&[Field("", Fill::Code(allocatable))]))];

static EVENT: &[Field] = &[
    Field("involvedObject", Fill::Object),
    Field("source", Fill::Object),
    Field(
        "",
        Fill::Code(|event| {
            for field in ["firstTimestamp", "lastTimestamp", "eventTime"] {
                event.entry(field).or_insert(Value::Null);
            }
            for field in ["reportingComponent", "reportingInstance"] {
                event.entry(field).or_insert_with(|| Value::from(""));
            }
        }),
    ),
];

/// Writes the defaults of this kind (`"Deployment"`) into an object, and brings it into the form in which the server answers: no nulls,
/// no empty lists, quantities in their canonical spelling, and what is always written. Kinds without a table only get the latter.
pub fn apply(kind: &str, tree: &mut Value) {
    // The status is the system's: it comes as it should be written.
    let status = tree.as_object_mut().and_then(|object| object.remove("status"));
    if let Some(object) = schema::of_kind(tree["apiVersion"].as_str(), kind) {
        encoding::canonicalize(object, tree);
    }
    if let (Some(object), Some(status)) = (tree.as_object_mut(), status) {
        object.insert("status".into(), status);
    }
    if let Some((_, fields)) = KINDS.iter().find(|(name, _)| *name == kind) {
        fill(fields, tree);
    }
}

fn fill(fields: &[Field], tree: &mut Value) {
    if let Value::Object(object) = tree {
        fill_object(fields, object);
    }
}

fn fill_object(fields: &[Field], object: &mut Map<String, Value>) {
    for Field(name, how) in fields {
        match how {
            Fill::Code(code) => code(object),
            // A table may be split: the empty name is the object itself.
            Fill::In(fields) if name.is_empty() => fill_object(fields, object),
            Fill::Text(text) => {
                if object.get(*name).is_none_or(|v| v.as_str() == Some("")) {
                    object.insert((*name).into(), Value::from(*text));
                }
            }
            Fill::NonZero(number) => {
                if object.get(*name).is_none_or(|v| v.as_i64() == Some(0)) {
                    object.insert((*name).into(), Value::from(*number));
                }
            }
            Fill::Int(number) => {
                object.entry(*name).or_insert_with(|| Value::from(*number));
            }
            Fill::Bool(value) => {
                object.entry(*name).or_insert(Value::Bool(*value));
            }
            Fill::Object => {
                object.entry(*name).or_insert_with(|| Value::Object(Map::new()));
            }
            Fill::Make(fields) => fill(fields, object.entry(*name).or_insert_with(|| Value::Object(Map::new()))),
            Fill::In(fields) => {
                if let Some(value) = object.get_mut(*name) {
                    fill(fields, value);
                }
            }
            Fill::Each(fields) => {
                for item in object.get_mut(*name).and_then(Value::as_array_mut).into_iter().flatten() {
                    fill(fields, item);
                }
            }
        }
    }
}

/// The text of a field; empty if there is none.
fn text<'a>(object: &'a Map<String, Value>, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or("")
}

/// Every namespace carries its name as a label, and the finalizer of the namespace controller.
fn namespace(object: &mut Map<String, Value>) {
    let name = object.get("metadata").and_then(|m| m.get("name")).and_then(Value::as_str).unwrap_or("").to_owned();
    if !name.is_empty()
        && let Some(Value::Object(meta)) = object.get_mut("metadata")
        && let Value::Object(labels) = meta.entry("labels").or_insert_with(|| Value::Object(Map::new()))
    {
        labels.insert("kubernetes.io/metadata.name".into(), Value::from(name));
    }
    let spec = object.entry("spec").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(spec) = spec {
        let finalizers = spec.entry("finalizers").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = finalizers
            && !list.iter().any(|f| f == "kubernetes")
        {
            list.push(Value::from("kubernetes"));
        }
    }
}

fn allocatable(status: &mut Map<String, Value>) {
    if let (Some(capacity), None) = (status.get("capacity").cloned(), status.get("allocatable")) {
        status.insert("allocatable".into(), capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(kind: &str, mut tree: Value, path: &str, want: Value) {
        apply(kind, &mut tree);
        assert_eq!(tree.pointer(path), Some(&want), "{path} of {tree}");
    }

    #[test]
    fn tables() {
        let template = json!({"spec": {"containers": [{"name": "c", "image": "nginx", "livenessProbe": {"httpGet": {"port": 80}}}]}});
        let deployment = json!({"metadata": {"name": "web"}, "spec": {"template": template, "selector": {}}});
        let at = |rest: &str| format!("/spec/template/spec{rest}");
        check("Deployment", deployment.clone(), "/spec/replicas", json!(1));
        check("Deployment", deployment.clone(), "/spec/strategy/rollingUpdate/maxSurge", json!("25%"));
        check("Deployment", deployment.clone(), &at("/containers/0/imagePullPolicy"), json!("Always"));
        check("Deployment", deployment.clone(), &at("/containers/0/livenessProbe/periodSeconds"), json!(10));
        check("Deployment", deployment.clone(), &at("/containers/0/livenessProbe/httpGet/path"), json!("/"));
        check("Deployment", deployment, &at("/restartPolicy"), json!("Always"));
        check("Service", json!({"spec": {"ports": [{"port": 80}]}}), "/spec/ports/0/targetPort", json!(80));
        check("Namespace", json!({"metadata": {"name": "a"}}), "/metadata/labels/kubernetes.io~1metadata.name", json!("a"));
        let limits = json!({"resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}}});
        let pod = json!({"spec": {"containers": [limits], "volumes": [{"name": "v"}]}});
        check("Pod", pod.clone(), "/spec/containers/0/resources/requests", json!({"cpu": "500m", "memory": "1Gi"}));
        check("Pod", pod, "/spec/volumes/0/emptyDir", json!({}));
    }

    #[test]
    fn admission() {
        let mut pod = json!({"spec": {"containers": [{"name": "c"}], "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}]}});
        admit_pod(&mut pod, "kube-api-access-abcde");
        assert_eq!(pod["spec"]["serviceAccountName"], "default");
        assert_eq!(pod["spec"]["volumes"][0]["name"], "kube-api-access-abcde");
        assert_eq!(pod["spec"]["containers"][0]["volumeMounts"][0]["mountPath"], "/var/run/secrets/kubernetes.io/serviceaccount");
        assert_eq!(pod["spec"]["tolerations"].as_array().map(Vec::len), Some(2));
        assert_eq!(pod["status"]["qosClass"], "BestEffort");
    }
}
