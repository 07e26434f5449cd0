//! Defaults of pods and pod templates, and what plain admission adds to a new Pod. Mirrors `SetDefaults_Pod`, `SetDefaults_PodSpec` and
//! what they lead to in `pkg/apis/core/v1`, and `plugin/pkg/admission/{serviceaccount,defaulttolerationseconds,priority}`, v1.36.

use super::{Field, Fill, text};
use crate::api::qos;
use crate::api::quantity::Quantity;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A Pod.
pub(super) static POD: &[Field] = &[Field("spec", Fill::Make(POD_ONLY)), Field("spec", Fill::In(POD_SPEC)), Field("status", Fill::Object)];

/// A `PodTemplateSpec`.
pub(super) static TEMPLATE: &[Field] = &[Field("metadata", Fill::Object), Field("spec", Fill::Make(POD_SPEC))];

/// What only Pods get, so that templates made before a default came don't change.
static POD_ONLY: &[Field] = &[Field("", Fill::Code(requests_from_limits)), Field("", Fill::Code(host_ports))];

static POD_SPEC: &[Field] = &[
    Field("dnsPolicy", Fill::Text("ClusterFirst")),
    Field("restartPolicy", Fill::Text("Always")),
    Field("securityContext", Fill::Object),
    Field("terminationGracePeriodSeconds", Fill::Int(30)),
    Field("", Fill::Code(no_negative_grace)),
    Field("schedulerName", Fill::Text("default-scheduler")),
    Field("", Fill::Code(service_account_alias)),
    Field("volumes", Fill::Each(VOLUME)),
    Field("initContainers", Fill::Each(CONTAINER)),
    Field("containers", Fill::Each(CONTAINER)),
    Field("ephemeralContainers", Fill::Each(CONTAINER)),
];

static VOLUME: &[Field] = &[
    Field("", Fill::Code(volume_type)),
    Field("hostPath", Fill::In(&[Field("type", Fill::Text(""))])),
    Field("secret", Fill::In(MODE)),
    Field("configMap", Fill::In(MODE)),
    Field("downwardAPI", Fill::In(DOWNWARD)),
    Field("projected", Fill::In(PROJECTED)),
    Field("iscsi", Fill::In(&[Field("iscsiInterface", Fill::Text("default"))])),
    Field("rbd", Fill::In(super::volumes::RBD)),
    Field("azureDisk", Fill::In(super::volumes::AZURE_DISK)),
    Field("scaleIO", Fill::In(super::volumes::SCALE_IO)),
    Field("ephemeral", Fill::In(&[Field("volumeClaimTemplate", Fill::In(&[Field("spec", Fill::In(super::workloads::CLAIM_SPEC))]))])),
    Field("image", Fill::In(&[Field("", Fill::Code(|image| pull_policy(image, "reference", "pullPolicy")))])),
];

const FILE_MODE: Fill = Fill::Int(0o644);

static MODE: &[Field] = &[Field("defaultMode", FILE_MODE)];

static DOWNWARD: &[Field] = &[Field("defaultMode", FILE_MODE), Field("items", Fill::Each(DOWNWARD_FILE))];

static DOWNWARD_FILE: &[Field] = &[Field("fieldRef", Fill::In(FIELD_REF)), Field("resourceFieldRef", Fill::In(RESOURCE_REF))];

static FIELD_REF: &[Field] = &[Field("apiVersion", Fill::Text("v1"))];

static RESOURCE_REF: &[Field] = &[Field("divisor", Fill::Text("0"))];

static PROJECTED: &[Field] = &[
    Field("defaultMode", FILE_MODE),
    Field(
        "sources",
        Fill::Each(&[
            Field("downwardAPI", Fill::In(&[Field("items", Fill::Each(DOWNWARD_FILE))])),
            Field("serviceAccountToken", Fill::In(&[Field("expirationSeconds", Fill::Int(3600))])),
        ]),
    ),
];

static CONTAINER: &[Field] = &[
    Field("", Fill::Code(|container| pull_policy(container, "image", "imagePullPolicy"))),
    Field("terminationMessagePath", Fill::Text("/dev/termination-log")),
    Field("terminationMessagePolicy", Fill::Text("File")),
    Field("resources", Fill::Object),
    Field("ports", Fill::Each(&[Field("protocol", Fill::Text("TCP"))])),
    Field("env", Fill::Each(&[Field("", Fill::Code(no_empty_value)), Field("valueFrom", Fill::In(VALUE_FROM))])),
    Field("livenessProbe", Fill::In(PROBE)),
    Field("readinessProbe", Fill::In(PROBE)),
    Field("startupProbe", Fill::In(PROBE)),
    Field("lifecycle", Fill::In(&[Field("postStart", Fill::In(HOOK)), Field("preStop", Fill::In(HOOK))])),
];

static VALUE_FROM: &[Field] = &[
    Field("fieldRef", Fill::In(FIELD_REF)),
    Field("resourceFieldRef", Fill::In(RESOURCE_REF)),
    Field("fileKeyRef", Fill::In(&[Field("optional", Fill::Bool(false))])),
];

static PROBE: &[Field] = &[
    Field("timeoutSeconds", Fill::NonZero(1)),
    Field("periodSeconds", Fill::NonZero(10)),
    Field("successThreshold", Fill::NonZero(1)),
    Field("failureThreshold", Fill::NonZero(3)),
    Field("httpGet", Fill::In(HTTP_GET)),
    Field("grpc", Fill::In(&[Field("service", Fill::Text(""))])),
];

static HOOK: &[Field] = &[Field("httpGet", Fill::In(HTTP_GET))];

static HTTP_GET: &[Field] = &[Field("path", Fill::Text("/")), Field("scheme", Fill::Text("HTTP"))];

/// `latest` may change under its name and is always pulled; so is an image without tag, which means `latest`.
fn pull_policy(object: &mut Map<String, Value>, image: &str, policy: &str) {
    if text(object, policy).is_empty() {
        let default = if is_latest(text(object, image)) { "Always" } else { "IfNotPresent" };
        object.insert(policy.into(), Value::from(default));
    }
}

fn is_latest(image: &str) -> bool {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let (repository, tag) = match name[start..].rfind(':') {
        Some(colon) => (&name[start..start + colon], Some(&name[start + colon + 1..])),
        None => (&name[start..], None),
    };
    // What is no image reference has no tag, not even the implied one.
    let in_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    if repository.is_empty() || !repository.bytes().all(in_name) || name.contains(char::is_whitespace) {
        return false;
    }
    match tag {
        Some(tag) => tag == "latest",
        None => digest.is_none(),
    }
}

fn volume_type(volume: &mut Map<String, Value>) {
    if volume.keys().all(|key| key == "name") {
        volume.insert("emptyDir".into(), json!({}));
    }
}

fn no_empty_value(variable: &mut Map<String, Value>) {
    if variable.get("value").and_then(Value::as_str) == Some("") {
        variable.remove("value");
    }
}

/// Conversion to the internal type reads a negative grace period as one second.
fn no_negative_grace(spec: &mut Map<String, Value>) {
    if spec.get("terminationGracePeriodSeconds").and_then(Value::as_i64).is_some_and(|seconds| seconds < 0) {
        spec.insert("terminationGracePeriodSeconds".into(), json!(1));
    }
}

/// The field's old name lives on; both are always the same.
fn service_account_alias(spec: &mut Map<String, Value>) {
    let name = if text(spec, "serviceAccountName").is_empty() { text(spec, "serviceAccount") } else { text(spec, "serviceAccountName") };
    let name = name.to_owned();
    for field in ["serviceAccountName", "serviceAccount"] {
        if name.is_empty() {
            spec.remove(field);
        } else {
            spec.insert(field.into(), Value::from(name.as_str()));
        }
    }
}

fn containers<'a>(spec: &'a mut Map<String, Value>, list: &str) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Who limits a resource and asks for none asks for the limit.
fn requests_from_limits(spec: &mut Map<String, Value>) {
    for list in ["containers", "initContainers"] {
        for container in containers(spec, list) {
            if let Some(Value::Object(resources)) = container.get_mut("resources")
                && let Some(Value::Object(limits)) = resources.get("limits").cloned()
                && let Value::Object(requests) = resources.entry("requests").or_insert_with(|| json!({}))
            {
                for (name, limit) in limits {
                    requests.entry(name).or_insert(limit);
                }
            }
        }
    }
    pod_requests(spec);
}

/// The pod's own requests, where it has limits: the sum of its containers', else the limit.
fn pod_requests(spec: &mut Map<String, Value>) {
    let Some(limits) = spec.get("resources").and_then(|r| r.get("limits")).and_then(Value::as_object).cloned() else { return };
    if limits.is_empty() {
        return;
    }
    let sum = aggregate(&Value::Object(spec.clone()), "requests");
    if let Some(Value::Object(resources)) = spec.get_mut("resources")
        && let Value::Object(requests) = resources.entry("requests").or_insert_with(|| json!({}))
    {
        for (name, amount) in sum.iter().filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory")) {
            requests.entry(name.as_str()).or_insert_with(|| Value::from(amount.to_string()));
        }
        for (name, limit) in
            limits.into_iter().filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-"))
        {
            requests.entry(name).or_insert(limit);
        }
    }
}

/// What all containers of a pod ask for together (`list` is `requests` or `limits`): containers and sidecars at once, or the largest init
/// container with the sidecars before it, if that is more.
pub fn aggregate(spec: &Value, list: &str) -> BTreeMap<String, Quantity> {
    let add = |to: &mut BTreeMap<String, Quantity>, container: &Value| {
        for (name, value) in container["resources"][list].as_object().into_iter().flatten() {
            if let Some(Ok(amount)) = Quantity::from_value(value) {
                to.entry(name.clone()).and_modify(|q| *q = q.add(&amount)).or_insert(amount);
            }
        }
    };
    let raise = |to: &mut BTreeMap<String, Quantity>, other: BTreeMap<String, Quantity>| {
        for (name, amount) in other {
            if to.get(&name).is_none_or(|own| *own < amount) {
                to.insert(name, amount);
            }
        }
    };
    let (mut sum, mut sidecars, mut largest) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for container in spec["containers"].as_array().into_iter().flatten() {
        add(&mut sum, container);
    }
    for container in spec["initContainers"].as_array().into_iter().flatten() {
        let mut now = sidecars.clone();
        add(&mut now, container);
        if container["restartPolicy"] == "Always" {
            add(&mut sum, container);
            sidecars = now.clone();
        }
        raise(&mut largest, now);
    }
    raise(&mut sum, largest);
    sum
}

/// On the host's network every port is the host's.
fn host_ports(spec: &mut Map<String, Value>) {
    if spec.get("hostNetwork") != Some(&Value::Bool(true)) {
        return;
    }
    for list in ["containers", "initContainers"] {
        for container in containers(spec, list) {
            for port in containers(container, "ports") {
                if let (Some(own), None) = (port.get("containerPort").cloned(), port.get("hostPort")) {
                    port.insert("hostPort".into(), own);
                }
            }
        }
    }
}

const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What the API server adds to a new Pod on a plain cluster, after its defaults: links to services, the service account and its token's
/// volume (named `token_volume`, as in `kube-api-access-x7k2p`), five minutes of patience with a broken node, priority and quality class.
pub fn admit_pod(tree: &mut Value, token_volume: &str) {
    if !tree.is_object() {
        return;
    }
    let labels = tree["metadata"]["labels"].clone();
    let mut gated = false;
    if let Some(Value::Object(spec)) = tree.get_mut("spec") {
        spec.entry("enableServiceLinks").or_insert(Value::Bool(true));
        if text(spec, "serviceAccountName").is_empty() {
            spec.insert("serviceAccountName".into(), Value::from("default"));
        }
        service_account_alias(spec);
        if spec.get("automountServiceAccountToken") != Some(&Value::Bool(false)) {
            mount_token(spec, token_volume);
        }
        tolerate_broken_nodes(spec);
        let priority = match text(spec, "priorityClassName") {
            "system-node-critical" => 2_000_001_000,
            "system-cluster-critical" => 2_000_000_000,
            _ => 0,
        };
        spec.entry("priority").or_insert(Value::from(priority));
        spec.entry("preemptionPolicy").or_insert_with(|| Value::from("PreemptLowerPriority"));
        merge_label_keys(spec, &labels);
        gated = spec.get("schedulingGates").and_then(Value::as_array).is_some_and(|gates| !gates.is_empty());
    }
    let mut status = json!({"phase": "Pending", "qosClass": qos::class(&tree["spec"])});
    if gated {
        status["conditions"] = json!([{
            "type": "PodScheduled", "status": "False", "lastProbeTime": null, "lastTransitionTime": null, "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        }]);
    }
    tree["status"] = status;
}

fn mount_token(spec: &mut Map<String, Value>, volume: &str) {
    let mut mounted = false;
    for list in ["initContainers", "containers"] {
        for container in containers(spec, list) {
            let mounts = container.entry("volumeMounts").or_insert_with(|| json!([]));
            if let Value::Array(mounts) = mounts
                && !mounts.iter().any(|m| m["mountPath"] == TOKEN_PATH)
            {
                mounts.push(json!({"name": volume, "readOnly": true, "mountPath": TOKEN_PATH}));
                mounted = true;
            }
        }
    }
    if mounted && let Value::Array(volumes) = spec.entry("volumes").or_insert_with(|| json!([])) {
        // A token for an hour and seven seconds: a mark by which the server knows these tokens.
        volumes.push(json!({"name": volume, "projected": {"defaultMode": 0o644, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
        ]}}));
    }
}

fn tolerate_broken_nodes(spec: &mut Map<String, Value>) {
    let Value::Array(tolerations) = spec.entry("tolerations").or_insert_with(|| json!([])) else { return };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let field = |t: &Value, name: &str| t[name].as_str().unwrap_or("").to_owned();
        let covers = |t: &Value| {
            let (own, effect) = (field(t, "key"), field(t, "effect"));
            (own == key || own.is_empty()) && (effect == "NoExecute" || effect.is_empty())
        };
        if !tolerations.iter().any(covers) {
            tolerations.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
}

/// `matchLabelKeys`: the pod's own values for these labels become part of the selectors beside them.
fn merge_label_keys(spec: &mut Map<String, Value>, labels: &Value) {
    for constraint in containers(spec, "topologySpreadConstraints") {
        merge_into_selector(constraint, labels);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(Value::Object(affinity)) = spec.get_mut("affinity").and_then(|a| a.get_mut(kind)) else { continue };
        for term in containers(affinity, "requiredDuringSchedulingIgnoredDuringExecution") {
            merge_into_selector(term, labels);
        }
        for weighted in containers(affinity, "preferredDuringSchedulingIgnoredDuringExecution") {
            if let Some(Value::Object(term)) = weighted.get_mut("podAffinityTerm") {
                merge_into_selector(term, labels);
            }
        }
    }
}

fn merge_into_selector(term: &mut Map<String, Value>, labels: &Value) {
    let keys = |field: &str| term.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let own = [("In", keys("matchLabelKeys")), ("NotIn", keys("mismatchLabelKeys"))];
    let Some(Value::Object(selector)) = term.get_mut("labelSelector") else { return };
    for (operator, keys) in own {
        for key in keys {
            let Some(value) = key.as_str().and_then(|k| labels[k].as_str()) else { continue };
            if let Value::Array(expressions) = selector.entry("matchExpressions").or_insert_with(|| json!([])) {
                expressions.push(json!({"key": key, "operator": operator, "values": [value]}));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latest() {
        for (image, want) in [
            ("nginx", true),
            ("nginx:latest", true),
            ("nginx:1.27", false),
            ("localhost:5000/nginx", true),
            ("localhost:5000/nginx:1", false),
            ("nginx@sha256:abc", false),
            ("nginx:latest@sha256:abc", true),
            ("", false),
            ("Nginx", false),
            ("my image", false),
        ] {
            assert_eq!(is_latest(image), want, "{image}");
        }
    }

    #[test]
    fn sums() {
        let cpu = |n: &str| json!({"resources": {"requests": {"cpu": n}}});
        let mut sidecar = cpu("1");
        sidecar["restartPolicy"] = json!("Always");
        let spec = json!({"containers": [cpu("1"), cpu("500m")], "initContainers": [sidecar, cpu("3")]});
        assert_eq!(aggregate(&spec, "requests")["cpu"].to_string(), "4");
    }
}
