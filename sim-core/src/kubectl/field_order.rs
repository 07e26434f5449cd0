//! The order of fields in `-o json` of commands that work with Go's types: that of the structs, where commands that work with trees sort by
//! name. Mirrors the structs of `staging/src/k8s.io/api` and `staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go`, v1.36, as far as
//! these commands print them; fields that aren't listed come last, by name.

use serde_json::Value;

use super::emit;

/// Whether a command decodes what it prints into Go's types.
pub fn is_typed(command: &str) -> bool {
    command.starts_with("create ") || command.starts_with("set ") || matches!(command, "run" | "autoscale")
}

/// An object in the order of Go's struct.
pub fn json(object: &Value) -> String {
    emit::json_in_order(object, place)
}

/// The fields under each field in order. Where objects of several types stand under the same name, the lists are merged: no two disagree.
const ORDER: &[(&[&str], &[&str])] = &[
    (
        &[""],
        &[
            "kind",
            "apiVersion",
            "metadata",
            "immutable",
            "data",
            "binaryData",
            "stringData",
            "type",
            "subjects",
            "roleRef",
            "rules",
            "aggregationRule",
            "value",
            "globalDefault",
            "description",
            "preemptionPolicy",
            "spec",
            "status",
        ],
    ),
    (
        &["metadata"],
        &[
            "name",
            "generateName",
            "namespace",
            "uid",
            "resourceVersion",
            "generation",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "labels",
            "annotations",
            "ownerReferences",
            "finalizers",
            "managedFields",
        ],
    ),
    (&["ownerReferences"], &["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"]),
    (
        &["spec"],
        &[
            "minAvailable",
            "ports",
            "hard",
            "scopes",
            "ingressClassName",
            "defaultBackend",
            "tls",
            "rules",
            "scaleTargetRef",
            "minReplicas",
            "maxReplicas",
            "metrics",
            "behavior",
            "schedule",
            "timeZone",
            "startingDeadlineSeconds",
            "concurrencyPolicy",
            "parallelism",
            "completions",
            "volumes",
            "initContainers",
            "containers",
            "ephemeralContainers",
            "restartPolicy",
            "terminationGracePeriodSeconds",
            "activeDeadlineSeconds",
            "dnsPolicy",
            "nodeSelector",
            "serviceAccountName",
            "serviceAccount",
            "automountServiceAccountToken",
            "nodeName",
            "hostNetwork",
            "hostPID",
            "hostIPC",
            "shareProcessNamespace",
            "securityContext",
            "imagePullSecrets",
            "hostname",
            "subdomain",
            "affinity",
            "schedulerName",
            "tolerations",
            "hostAliases",
            "priorityClassName",
            "priority",
            "dnsConfig",
            "readinessGates",
            "runtimeClassName",
            "enableServiceLinks",
            "preemptionPolicy",
            "overhead",
            "topologySpreadConstraints",
            "podFailurePolicy",
            "successPolicy",
            "backoffLimit",
            "backoffLimitPerIndex",
            "maxFailedIndexes",
            "replicas",
            "selector",
            "manualSelector",
            "template",
            "strategy",
            "minReadySeconds",
            "revisionHistoryLimit",
            "paused",
            "progressDeadlineSeconds",
            "ttlSecondsAfterFinished",
            "completionMode",
            "suspend",
            "podReplacementPolicy",
            "jobTemplate",
            "successfulJobsHistoryLimit",
            "failedJobsHistoryLimit",
            "maxUnavailable",
            "clusterIP",
            "clusterIPs",
            "type",
            "externalIPs",
            "sessionAffinity",
            "loadBalancerIP",
            "externalName",
            "externalTrafficPolicy",
            "ipFamilies",
            "ipFamilyPolicy",
            "allocateLoadBalancerNodePorts",
            "internalTrafficPolicy",
        ],
    ),
    (
        &["containers", "initContainers"],
        &[
            "name",
            "image",
            "command",
            "args",
            "workingDir",
            "ports",
            "envFrom",
            "env",
            "resources",
            "restartPolicy",
            "volumeMounts",
            "livenessProbe",
            "readinessProbe",
            "startupProbe",
            "lifecycle",
            "terminationMessagePath",
            "terminationMessagePolicy",
            "imagePullPolicy",
            "securityContext",
            "stdin",
            "stdinOnce",
            "tty",
        ],
    ),
    (&["ports"], &["name", "hostPort", "containerPort", "protocol", "appProtocol", "port", "targetPort", "nodePort", "hostIP"]),
    (&["env"], &["name", "value", "valueFrom"]),
    (&["configMapKeyRef", "secretKeyRef"], &["name", "key", "optional"]),
    (&["resources"], &["limits", "requests", "claims"]),
    (&["selector"], &["matchLabels", "matchExpressions"]),
    (&["matchExpressions"], &["key", "operator", "values"]),
    (&["subjects"], &["kind", "apiGroup", "name", "namespace"]),
    (&["roleRef"], &["apiGroup", "kind", "name"]),
    (&["rules"], &["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs", "host", "http"]),
    (&["tls"], &["hosts", "secretName"]),
    (&["paths"], &["path", "pathType", "backend"]),
    (&["service"], &["name", "port"]),
    (&["scaleTargetRef"], &["kind", "name", "apiVersion"]),
    (&["metrics"], &["type", "object", "pods", "resource"]),
    (&["resource"], &["name", "target"]),
    (&["target"], &["type", "value", "averageValue", "averageUtilization"]),
    (&["strategy"], &["type", "rollingUpdate"]),
    (&["rollingUpdate"], &["maxUnavailable", "maxSurge"]),
    (
        &["status"],
        &[
            "hard",
            "used",
            "observedGeneration",
            "lastScaleTime",
            "currentReplicas",
            "desiredReplicas",
            "currentMetrics",
            "phase",
            "disruptedPods",
            "disruptionsAllowed",
            "currentHealthy",
            "desiredHealthy",
            "expectedPods",
            "loadBalancer",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
            "conditions",
            "message",
            "reason",
            "hostIP",
            "hostIPs",
            "podIP",
            "podIPs",
            "startTime",
            "initContainerStatuses",
            "containerStatuses",
            "qosClass",
            "collisionCount",
        ],
    ),
    (
        &["conditions"],
        &["type", "observedGeneration", "status", "lastProbeTime", "lastUpdateTime", "lastTransitionTime", "reason", "message"],
    ),
];

fn place(within: &str, field: &str) -> usize {
    let known = ORDER.iter().find(|(under, _)| under.contains(&within)).map_or(&[][..], |(_, fields)| fields);
    known.iter().position(|known| *known == field).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_stand_as_in_the_struct() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"b": "<", "a": ""}, "name": "x"}, "spec": {"z": [], "containers": [{"image": "i", "name": "c"}]}});
        let expected = r#"{
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {
        "name": "x",
        "labels": {
            "a": "",
            "b": "\u003c"
        }
    },
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "i"
            }
        ],
        "z": []
    }
}
"#;
        assert_eq!(json(&pod), expected);
    }
}
