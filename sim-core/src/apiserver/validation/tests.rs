//! What the rules say, over whole objects: one line per case.

use super::{create, lines, update, warnings};
use crate::api::defaults;
use serde_json::{Value, json};

fn pod(extra: Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]},
    });
    merge(&mut pod["spec"], extra);
    pod
}

fn deployment(extra: Value) -> Value {
    let mut deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]}},
        },
    });
    merge(&mut deployment["spec"], extra);
    deployment
}

fn service(extra: Value) -> Value {
    let mut service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "svc", "namespace": "default"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    });
    merge(&mut service["spec"], extra);
    service
}

/// A JSON merge patch: enough for tests.
pub(super) fn merge(to: &mut Value, patch: Value) {
    match patch {
        Value::Object(patch) => {
            if !to.is_object() {
                *to = json!({});
            }
            for (key, value) in patch {
                if value.is_null() {
                    to.as_object_mut().map(|map| map.remove(&key));
                } else {
                    merge(&mut to[key.as_str()], value);
                }
            }
        }
        other => *to = other,
    }
}

pub(super) fn kind(tree: &Value) -> &str {
    tree["kind"].as_str().unwrap_or("")
}

fn complete(mut tree: Value) -> Value {
    let kind = kind(&tree).to_owned();
    defaults::apply(&kind, &mut tree);
    if kind == "Pod" {
        defaults::admit_pod(&mut tree, "kube-api-access-abcde");
    }
    tree
}

#[track_caller]
fn check(tree: Value, want: &[&str]) {
    let tree = complete(tree);
    assert_eq!(lines(&create(kind(&tree), &tree)), want);
}

#[test]
fn workloads() {
    check(deployment(json!({})), &[]);
    check(deployment(json!({"replicas": -1})), &["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]);
    check(
        deployment(json!({"selector": null})),
        &[
            "spec.selector: Required value",
            "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template `labels`",
        ],
    );
    check(
        deployment(json!({"template": {"spec": {"restartPolicy": "always"}}})),
        &[
            "spec.template.spec.restartPolicy: Unsupported value: \"always\": supported values: \"Always\", \"OnFailure\", \"Never\"",
            "spec.template.spec.restartPolicy: Unsupported value: \"always\": supported values: \"Always\"",
        ],
    );
    check(
        deployment(json!({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}})),
        &["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0"],
    );
    check(
        deployment(json!({"minReadySeconds": 600})),
        &["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
    );
}

#[test]
fn pods() {
    check(pod(json!({})), &[]);
    check(pod(json!({"containers": null})), &["spec.containers: Required value"]);
    let c = |fields: Value| {
        let mut container = json!({"name": "c", "image": "nginx"});
        merge(&mut container, fields);
        pod(json!({"containers": [container]}))
    };
    check(c(json!({"ports": [{"name": "x"}]})), &["spec.containers[0].ports[0].containerPort: Required value"]);
    check(
        c(json!({"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}})),
        &["spec.containers[0].resources.requests: Invalid value: \"2Gi\": must be less than or equal to memory limit of 1Gi"],
    );
    check(
        c(json!({"livenessProbe": {"exec": {"command": ["a"]}, "tcpSocket": {"port": 80}}})),
        &["spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
    );
    check(c(json!({"volumeMounts": [{"name": "v", "mountPath": "/v"}]})), &["spec.containers[0].volumeMounts[0].name: Not found: \"v\""]);
    check(
        pod(json!({"tolerations": [{"key": "a", "operator": "In"}]})),
        &["spec.tolerations[0].operator: Unsupported value: \"In\": supported values: \"Equal\", \"Exists\""],
    );
}

#[test]
fn services() {
    check(service(json!({})), &[]);
    check(
        service(json!({"ports": [{"port": 0}]})),
        &[
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
        ],
    );
    check(
        service(json!({"ports": [{"port": 80}, {"port": 81}]})),
        &["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
    );
    check(
        service(json!({"clusterIP": "10.0.0"})),
        &["spec.clusterIPs[0]: Invalid value: \"10.0.0\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"],
    );
}

#[test]
fn changes() {
    let stored = |tree: Value| {
        let mut tree = complete(tree);
        merge(&mut tree["metadata"], json!({"uid": "u", "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}));
        tree
    };
    let change = |old: Value, new: Value, want: &[&str]| {
        let (old, new) = (stored(old), stored(new));
        assert_eq!(lines(&update(kind(&new), &new, &old)), want);
    };
    change(
        deployment(json!({})),
        deployment(json!({"selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}}})),
        &["spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"x\"}}: field is immutable"],
    );
    change(pod(json!({})), pod(json!({"containers": [{"name": "c", "image": "nginx:2"}]})), &[]);
    let (old, new) = (stored(pod(json!({}))), stored(pod(json!({"hostname": "h"}))));
    let errors = lines(&update("Pod", &new, &old));
    assert!(
        errors[0].starts_with("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"),
        "{errors:?}"
    );
    assert!(
        errors[0].contains("\n-  \"Hostname\": \"\",\n+  \"Hostname\": \"h\",\n")
            || errors[0].contains("- \"Hostname\": \"\",\n+ \"Hostname\": \"h\",\n")
    );
}

#[test]
fn warnings_of_pods() {
    let env = json!([{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]);
    let tree = complete(pod(json!({"containers": [{"name": "c", "image": "nginx", "env": env}]})));
    let want = "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply";
    assert_eq!(warnings("Pod", &tree), [want]);
}
