//! What the rules say of the kinds around workloads: a whole object and a change to it, one line per case.

use super::tests::{kind, merge};
use super::{create, lines, update, update_warnings, warnings};
use crate::api::defaults;
use serde_json::{Value, json};

fn object(api_version: &str, kind: &str, rest: Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "default"}});
    merge(&mut object, rest);
    let cluster_scoped = ["Cluster", "CSI", "IngressClass", "PersistentVolume", "PriorityClass", "RuntimeClass", "StorageClass"];
    if kind != "PersistentVolumeClaim" && cluster_scoped.iter().any(|start| kind.starts_with(start)) {
        merge(&mut object, json!({"metadata": {"namespace": null}}));
    }
    object
}

fn complete(mut tree: Value) -> Value {
    let kind = kind(&tree).to_owned();
    defaults::prepare_create(&kind, &mut tree);
    defaults::apply(&kind, &mut tree);
    tree
}

/// The complaints about a new object: `base` with `patch`.
#[track_caller]
fn check(base: &Value, patch: Value, want: &[&str]) {
    let mut tree = base.clone();
    merge(&mut tree, patch);
    let tree = complete(tree);
    assert_eq!(lines(&create(kind(&tree), &tree)), want);
}

/// The complaints about changing `base` by `patch`.
#[track_caller]
fn change(base: &Value, patch: Value, want: &[&str]) {
    let mut old = complete(base.clone());
    merge(&mut old, json!({"metadata": {"uid": "u", "resourceVersion": "1"}}));
    let mut new = old.clone();
    merge(&mut new, patch);
    defaults::apply(kind(base), &mut new);
    assert_eq!(lines(&update(kind(&new), &new, &old)), want);
}

#[test]
fn ingresses() {
    let path = |extra: Value| {
        let mut path = json!({"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "svc", "port": {"number": 80}}}});
        merge(&mut path, extra);
        json!({"spec": {"rules": [{"host": "a.example.com", "http": {"paths": [path]}}]}})
    };
    let base = object("networking.k8s.io/v1", "Ingress", path(json!({})));
    let at = "spec.rules[0].http.paths[0]";
    let check = |patch: Value, want: &[&str]| check(&base, patch, want);
    check(json!({}), &[]);
    check(
        path(json!({"path": "a//b"})),
        &[
            &format!("{at}.path: Invalid value: \"a//b\": must be an absolute path"),
            &format!("{at}.path: Invalid value: \"a//b\": must not contain '//'"),
        ],
    );
    check(path(json!({"path": "/a/.."})), &[&format!("{at}.path: Invalid value: \"/a/..\": cannot end with '/..'")]);
    check(path(json!({"path": "", "pathType": "ImplementationSpecific"})), &[]);
    check(path(json!({"pathType": null})), &[&format!("{at}.pathType: Required value: pathType must be specified")]);
    let both = json!({"backend": {"resource": {"kind": "K", "name": "n"}}});
    check(path(both), &[&format!("{at}.backend: Invalid value: \"\": cannot set both resource and service backends")]);
    check(
        path(json!({"backend": {"service": {"name": "", "port": {"number": 70000}}}})),
        &[
            &format!("{at}.backend.service.name: Required value"),
            &format!("{at}.backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive"),
        ],
    );
    let ip = check_lines(&base, json!({"spec": {"rules": [{"host": "10.0.0.1"}]}}));
    assert_eq!(ip, ["spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address"]);
    let annotated = json!({"metadata": {"annotations": {"kubernetes.io/ingress.class": "a"}}, "spec": {"ingressClassName": "b"}});
    let why = "annotations.kubernetes.io/ingress.class: Invalid value: \"a\": must match `ingressClassName` when both are specified";
    check(annotated, &[why]);
    let class = object("networking.k8s.io/v1", "IngressClass", json!({"spec": {"controller": "a.io/b"}}));
    self::check(
        &class,
        json!({"spec": {"controller": "b"}}),
        &["spec.controller: Invalid value: \"b\": must be a domain-prefixed path (such as \"acme.io/foo\")"],
    );
    self::check(
        &class,
        json!({"spec": {"parameters": {"kind": "K", "name": "n", "scope": "Namespace"}}}),
        &["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    );
}

fn check_lines(base: &Value, patch: Value) -> Vec<String> {
    let mut tree = base.clone();
    merge(&mut tree, patch);
    let tree = complete(tree);
    lines(&create(kind(&tree), &tree))
}

#[test]
fn network_policies() {
    let base = object("networking.k8s.io/v1", "NetworkPolicy", json!({"spec": {"podSelector": {}}}));
    let from = |peer: Value| json!({"spec": {"ingress": [{"from": [peer]}]}});
    let at = "spec.ingress[0].from[0]";
    check(&base, from(json!({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}})), &[]);
    check(
        &base,
        from(json!({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}})),
        &[&format!("{at}.ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`")],
    );
    let both = json!({"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}});
    check(&base, from(both), &[&format!("{at}: Forbidden: may not specify both ipBlock and another peer")]);
    check(&base, from(json!({"ipBlock": {"cidr": ""}})), &[&format!("{at}.ipBlock.cidr: Required value")]);
    let port = |port: Value| json!({"spec": {"egress": [{"ports": [port]}]}});
    let at = "spec.egress[0].ports[0]";
    check(
        &base,
        port(json!({"port": 80, "endPort": 70})),
        &[&format!("{at}.endPort: Invalid value: 70: must be greater than or equal to `port`")],
    );
    check(
        &base,
        port(json!({"port": "http", "endPort": 90})),
        &[&format!("{at}.endPort: Invalid value: 90: may not be specified when `port` is non-numeric")],
    );
    check(
        &base,
        port(json!({"protocol": "ICMP"})),
        &[&format!("{at}.protocol: Unsupported value: \"ICMP\": supported values: \"TCP\", \"UDP\", \"SCTP\"")],
    );
}

#[test]
fn volumes() {
    let spec = json!({"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"}});
    let volume = object("v1", "PersistentVolume", json!({"spec": spec}));
    check(&volume, json!({}), &[]);
    check(
        &volume,
        json!({"spec": {"nfs": {"server": "a", "path": "/b"}}}),
        &["spec.nfs: Forbidden: may not specify more than 1 volume type"],
    );
    check(&volume, json!({"spec": {"hostPath": null, "csi": {"driver": "D.io"}}}), &["spec.csi.volumeHandle: Required value"]);
    check(
        &volume,
        json!({"spec": {"hostPath": {"path": "/."}, "persistentVolumeReclaimPolicy": "Recycle"}}),
        &["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
    );
    check(
        &volume,
        json!({"spec": {"capacity": {"cpu": "1"}}}),
        &["spec.capacity: Unsupported value: {\"cpu\":\"1\",\"storage\":\"1Gi\"}: supported values: \"storage\""],
    );
    change(&volume, json!({"spec": {"volumeMode": "Block"}}), &["volumeMode: Invalid value: \"Block\": field is immutable"]);
    change(&volume, json!({"spec": {"capacity": {"storage": "2Gi"}}}), &[]);
    change(
        &volume,
        json!({"spec": {"hostPath": {"path": "/other"}}}),
        &["spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n@@ -2,7 +2,7 @@\n  \
         \"GCEPersistentDisk\": null,\n  \"AWSElasticBlockStore\": null,\n  \"HostPath\": {\n-  \"Path\": \"/data\",\n+  \"Path\": \
         \"/other\",\n   \"Type\": \"\"\n  },\n  \"Glusterfs\": null,\n"],
    );
    let spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
    let claim = object("v1", "PersistentVolumeClaim", json!({"spec": spec}));
    change(&claim, json!({"spec": {"volumeName": "v"}}), &[]);
    change(&claim, json!({"spec": {"storageClassName": "a"}}), &[]);
    let bound = {
        let mut bound = complete(claim);
        merge(&mut bound, json!({"metadata": {"resourceVersion": "1"}, "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}));
        bound
    };
    let resize = |size: &str| {
        let mut new = bound.clone();
        merge(&mut new, json!({"spec": {"resources": {"requests": {"storage": size}}}}));
        lines(&update("PersistentVolumeClaim", &new, &bound))
    };
    assert_eq!(resize("2Gi"), [""; 0]);
    assert_eq!(resize("1Mi"), ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"]);
}

#[test]
fn storage_classes() {
    let class = object("storage.k8s.io/v1", "StorageClass", json!({"provisioner": "a.io/b", "parameters": {"a": "b"}}));
    change(&class, json!({"allowVolumeExpansion": true}), &[]);
    change(
        &class,
        json!({"provisioner": "c", "parameters": {"a": "c"}}),
        &["parameters: Forbidden: updates to parameters are forbidden.", "provisioner: Forbidden: updates to provisioner are forbidden."],
    );
    change(
        &class,
        json!({"volumeBindingMode": "WaitForFirstConsumer"}),
        &["volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable"],
    );
    let zone = json!({"key": "beta.kubernetes.io/os", "values": ["a", "a"]});
    let topologies = json!({"allowedTopologies": [{"matchLabelExpressions": [zone]}]});
    check(&class, topologies.clone(), &["allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: \"a\""]);
    let mut warned = class.clone();
    merge(&mut warned, topologies);
    assert_eq!(
        warnings("StorageClass", &warned),
        ["allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.14; use \"kubernetes.io/os\" instead",]
    );
}

#[test]
fn autoscalers() {
    let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}});
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let spec = json!({"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 5, "metrics": [cpu]});
    let base = object("autoscaling/v2", "HorizontalPodAutoscaler", json!({"spec": spec}));
    check(&base, json!({}), &[]);
    check(
        &base,
        json!({"spec": {"maxReplicas": 1}}),
        &["spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`"],
    );
    check(
        &base,
        json!({"spec": {"scaleTargetRef": {"apiVersion": "v1"}}}),
        &["spec.scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must specify API group"],
    );
    check(&base, json!({"spec": {"scaleTargetRef": {"apiVersion": "v1", "kind": "ReplicationController"}}}), &[]);
    let metric = |metric: Value| json!({"spec": {"metrics": [metric]}});
    check(
        &base,
        metric(json!({"type": "Pods"})),
        &["spec.metrics[0].pods: Required value: must populate information for the given metric source"],
    );
    let two = json!({"type": "Resource", "resource": cpu["resource"], "pods": {"metric": {"name": "m"}, "target": {"type": "Value", "averageValue": "1"}}});
    check(&base, metric(two), &["spec.metrics[0].pods: Forbidden: must populate the given metric source only"]);
    let external = json!({"type": "External", "external": {"metric": {"name": ""}, "target": {"type": "Value", "value": "-1"}}});
    check(
        &base,
        metric(external),
        &[
            "spec.metrics[0].external.metric.name: Required value: must specify a metric name",
            "spec.metrics[0].external.target.value: Invalid value: \"-1\": must be positive",
        ],
    );
    let behavior = json!({"spec": {"behavior": {"scaleUp": {"stabilizationWindowSeconds": 4000, "selectPolicy": "Most"}}}});
    check(
        &base,
        behavior,
        &[
            "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600",
            "spec.behavior.scaleUp.selectPolicy: Unsupported value: \"Most\": supported values: \"Disabled\", \"Max\", \"Min\"",
        ],
    );
    let old = object("autoscaling/v1", "HorizontalPodAutoscaler", json!({"spec": {"scaleTargetRef": target, "maxReplicas": 3}}));
    let old = complete(old);
    assert_eq!(
        (&old["spec"]["targetCPUUtilizationPercentage"], &old["status"]),
        (&json!(80), &json!({"currentReplicas": 0, "desiredReplicas": 0}))
    );
}

#[test]
fn quotas_and_limits() {
    let quota = object("v1", "ResourceQuota", json!({"spec": {"hard": {"pods": "1"}}}));
    check(&quota, json!({"spec": {"hard": {"count/deployments.apps": "3", "requests.nvidia.com/gpu": "1"}}}), &[]);
    check(
        &quota,
        json!({"spec": {"hard": {"cpus": "1"}}}),
        &[
            "spec.hard[cpus]: Invalid value: \"cpus\": must be a standard resource type or fully qualified",
            "spec.hard[cpus]: Invalid value: \"cpus\": must be a standard resource for quota",
        ],
    );
    check(
        &quota,
        json!({"spec": {"scopes": ["Terminating", "NotTerminating"]}}),
        &["spec.scopes: Invalid value: [\"Terminating\",\"NotTerminating\"]: conflicting scopes"],
    );
    let selector = json!({"scopeName": "PriorityClass", "operator": "In"});
    check(
        &quota,
        json!({"spec": {"scopeSelector": {"matchExpressions": [selector]}}}),
        &["spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for \
         scope selector"],
    );
    change(&quota, json!({"spec": {"scopes": ["Terminating"]}}), &["spec.scopes: Invalid value: [\"Terminating\"]: field is immutable"]);
    let range = |limit: Value| object("v1", "LimitRange", json!({"spec": {"limits": [limit]}}));
    check(
        &range(json!({"type": "Container", "max": {"cpu": "1"}, "default": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}})),
        json!({}),
        &["spec.limits[0].default[cpu]: Invalid value: \"1\": default value 2 is greater than max value 1"],
    );
    check(
        &range(json!({"type": "Pod", "min": {"cpu": "1"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "3"}})),
        json!({}),
        &["spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"3\": ratio 3 is greater than max/min = 2.000000"],
    );
    check(
        &range(json!({"type": "Node"})),
        json!({}),
        &["spec.limits[0].type: Invalid value: \"Node\": must be a standard limit type or fully qualified"],
    );
}

#[test]
fn policies_and_classes() {
    let spec = json!({"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}});
    let budget = object("policy/v1", "PodDisruptionBudget", json!({"spec": spec}));
    check(&budget, json!({"metadata": {"name": "Any_Name"}}), &[]);
    check(
        &budget,
        json!({"spec": {"maxUnavailable": "1"}}),
        &[
            "spec: Invalid value: {\"MinAvailable\":1,\"Selector\":{\"matchLabels\":{\"a\":\"b\"}},\"MaxUnavailable\":\"1\",\
         \"UnhealthyPodEvictionPolicy\":null}: minAvailable and maxUnavailable cannot be both set",
            "spec.maxUnavailable: Invalid value: \"1\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  \
         or '93%', regex used for validation is '[0-9]+%')",
        ],
    );
    let class = object("scheduling.k8s.io/v1", "PriorityClass", json!({"value": 1}));
    check(
        &class,
        json!({"metadata": {"name": "system-mine"}}),
        &[
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a \
         known system priority class",
        ],
    );
    change(&class, json!({"preemptionPolicy": "Never"}), &["preemptionPolicy: Invalid value: \"Never\": field is immutable"]);
    let runtime = object("node.k8s.io/v1", "RuntimeClass", json!({"handler": "runc"}));
    change(&runtime, json!({"handler": "kata"}), &["handler: Invalid value: \"kata\": field is immutable"]);
}

#[test]
fn roles() {
    let role = object("rbac.authorization.k8s.io/v1", "Role", json!({"rules": [{"verbs": ["get"], "nonResourceURLs": ["/a"]}]}));
    check(&role, json!({}), &["rules[0].nonResourceURLs: Invalid value: [\"/a\"]: namespaced rules cannot apply to non-resource URLs"]);
    check(
        &role,
        json!({"metadata": {"name": "system:a"}, "rules": [{"verbs": ["get"]}]}),
        &[
            "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
            "rules[0].resources: Required value: resource rules must supply at least one resource",
        ],
    );
    let reference = json!({"kind": "ClusterRole", "name": "view"});
    let binding = object(
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        json!({"roleRef": reference, "subjects": [{"kind": "User", "name": "j"}]}),
    );
    check(&binding, json!({}), &[]);
    check(&binding, json!({"subjects": [{"kind": "ServiceAccount", "name": "a"}]}), &["subjects[0].namespace: Required value"]);
    change(
        &binding,
        json!({"roleRef": {"name": "edit"}}),
        &[
            "roleRef: Invalid value: {\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"ClusterRole\",\"Name\":\"edit\"}: cannot change roleRef",
        ],
    );
}

#[test]
fn older_kinds() {
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let controller = object("v1", "ReplicationController", json!({"spec": {"template": template}}));
    check(&controller, json!({}), &[]);
    check(
        &controller,
        json!({"spec": {"selector": {"a": "c"}}}),
        &["spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`"],
    );
    let empty = object("v1", "ReplicationController", json!({"spec": {}}));
    check(&empty, json!({}), &["spec.selector: Required value", "spec.template: Required value"]);
    let endpoints = object("v1", "Endpoints", json!({"subsets": [{"addresses": [{"ip": "127.0.0.1"}], "ports": [{"port": 80}]}]}));
    check(
        &endpoints,
        json!({}),
        &["subsets[0].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"],
    );
    assert_eq!(
        update_warnings("Endpoints", &endpoints, &endpoints),
        ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",]
    );
    let revision = object("apps/v1", "ControllerRevision", json!({"revision": 1, "data": {"a": 1}}));
    change(&revision, json!({"data": {"a": 2}}), &["data: Invalid value: {\"a\":2}: field is immutable"]);
}
