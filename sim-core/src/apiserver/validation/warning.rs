//! What the API server warns of: mirrors `pkg/api/pod/warnings.go`, `pkg/api/service/warnings.go`, `pkg/api/node/util.go` and the
//! `WarningsOnCreate` of the strategies, v1.36.
//!
//! Left out: overlapping paths inside volumes, non-canonical IPv6 addresses, AppArmor annotations.

use super::container;
use super::meta::same;
use super::names;
use super::path::Path;
use super::rules::{entries, items, number, text};
use crate::api::quote::quote;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

static DEPRECATED_LABELS: &[(&str, &str)] = &[
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    ("failure-domain.beta.kubernetes.io/region", "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"),
    ("failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"),
    ("beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"),
    ("app.kubernetes.io/created-by", "deprecated since v1.9"),
    ("scheduler.alpha.kubernetes.io/preferAvoidPods", "deprecated since v1.22; use Taints and Tolerations instead"),
    ("node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"),
];

static DEPRECATED_ANNOTATIONS: &[(&str, &str)] = &[
    ("scheduler.alpha.kubernetes.io/critical-pod", "non-functional in v1.16+; use the \"priorityClassName\" field instead"),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
];

/// Volume sources that do nothing any more: field, name in the path, message.
static DEPRECATED_VOLUMES: &[(&str, &str, &str)] = &[
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

/// Warnings about a new object.
pub fn on_create(kind: &str, tree: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let what = match kind {
        "Pod" => "this is used in the Pod's hostname",
        "Deployment" | "ReplicaSet" => "this is used in Pod names and hostnames",
        _ => "",
    };
    if !what.is_empty() {
        let wrong = names::dns_label(text(&tree["metadata"]["name"]));
        if !wrong.is_empty() {
            let wrong = wrong.join(" ");
            warnings.push(format!("metadata.name: {what}, which can result in surprising behavior; a DNS label is recommended: [{wrong}]"));
        }
    }
    of_kind(kind, tree, &mut warnings);
    warnings
}

/// Warnings about a change.
pub fn on_update(kind: &str, new: &Value, old: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    if kind != "Pod" && (kind == "Service" || !same(&new["spec"], &old["spec"])) {
        of_kind(kind, new, &mut warnings);
    }
    warnings
}

fn of_kind(kind: &str, tree: &Value, warnings: &mut Vec<String>) {
    match kind {
        "Pod" => pod(&Path::ROOT, tree, warnings),
        "PodTemplate" => pod(&Path::of("template"), &tree["template"], warnings),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => {
            pod(&Path::of("spec.template"), &tree["spec"]["template"], warnings);
        }
        "CronJob" => {
            pod(&Path::of("spec.jobTemplate.spec.template"), &tree["spec"]["jobTemplate"]["spec"]["template"], warnings);
        }
        "Service" => service(tree, warnings),
        _ => {}
    }
}

fn deprecated(label: &str) -> Option<&'static str> {
    DEPRECATED_LABELS.iter().find(|(name, _)| *name == label).map(|(_, message)| *message)
}

fn pod(path: &Path<'_>, pod: &Value, warnings: &mut Vec<String>) {
    let (metadata, spec_at, spec) = (path.child("metadata"), path.child("spec"), &pod["spec"]);
    node_labels(&spec_at, spec, warnings);
    let annotations = &pod["metadata"]["annotations"];
    let at = metadata.child("annotations");
    for (key, message) in DEPRECATED_ANNOTATIONS.iter().filter(|(key, _)| !annotations[*key].is_null()) {
        warnings.push(format!("{}: {message}", at.key(key)));
    }
    let volumes = spec_at.child("volumes");
    for (i, volume) in items(&spec["volumes"]).iter().enumerate() {
        for (_, name, message) in DEPRECATED_VOLUMES.iter().filter(|(field, ..)| !volume[*field].is_null()) {
            warnings.push(format!("{}: {message}", volumes.index(i).child(name)));
        }
    }
    duplicates(&spec_at, spec, warnings);
    for (name, amount) in container::fractional_bytes(&spec["overhead"]) {
        let amount = quote(&amount);
        warnings.push(format!("{}: fractional byte value {amount} is invalid, must be an integer", spec_at.child("overhead").key(name)));
    }
    let seccomp = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    let key = "seccomp.security.alpha.kubernetes.io/pod";
    if spec["securityContext"]["seccompProfile"].is_null() && !annotations[key].is_null() {
        warnings.push(format!("{}: {seccomp}", at.key(key)));
    }
    each_container(&spec_at, spec, |place, container| {
        let key = format!("container.seccomp.security.alpha.kubernetes.io/{}", text(&container["name"]));
        if container["securityContext"]["seccompProfile"].is_null() && !annotations[&key].is_null() {
            warnings.push(format!("{}: {seccomp}", at.key(&key)));
        }
        quantities_and_variables(place, container, warnings);
    });
    ports(&spec_at, spec, warnings);
    null_selectors(&spec_at, spec, warnings);
}

fn each_container<'a>(path: &Path<'_>, spec: &'a Value, mut visit: impl FnMut(&Path<'_>, &'a Value)) {
    for list in ["initContainers", "containers"] {
        for (i, container) in items(&spec[list]).iter().enumerate() {
            visit(&path.child(list).index(i), container);
        }
    }
}

fn node_labels(path: &Path<'_>, spec: &Value, warnings: &mut Vec<String>) {
    for (label, _) in entries(&spec["nodeSelector"]) {
        if let Some(message) = deprecated(label) {
            warnings.push(format!("{}: {message}", path.child("nodeSelector").key(label)));
        }
    }
    let node_affinity = &spec["affinity"]["nodeAffinity"];
    let at = path.child("affinity.nodeAffinity");
    let mut term = |at: &Path<'_>, term: &Value| {
        let expressions = at.child("matchExpressions");
        for (i, expression) in items(&term["matchExpressions"]).iter().enumerate() {
            let key = text(&expression["key"]);
            if let Some(message) = deprecated(key) {
                warnings.push(format!("{}: {key} is {message}", expressions.index(i).child("key")));
            }
        }
    };
    let required = at.child("requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
    for (i, t) in items(&node_affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]).iter().enumerate() {
        term(&required.index(i), t);
    }
    let preferred = at.child("preferredDuringSchedulingIgnoredDuringExecution");
    for (i, t) in items(&node_affinity["preferredDuringSchedulingIgnoredDuringExecution"]).iter().enumerate() {
        term(&preferred.index(i).child("preference"), &t["preference"]);
    }
    let spread = path.child("topologySpreadConstraints");
    for (i, constraint) in items(&spec["topologySpreadConstraints"]).iter().enumerate() {
        let key = text(&constraint["topologyKey"]);
        if let Some(message) = deprecated(key) {
            warnings.push(format!("{}: {key} is {message}", spread.index(i).child("topologyKey")));
        }
        if constraint["labelSelector"].is_null() {
            let at = spread.index(i);
            warnings.push(format!("{}: a null labelSelector results in matching no pod", at.child("labelSelector")));
        }
    }
}

fn duplicates(path: &Path<'_>, spec: &Value, warnings: &mut Vec<String>) {
    for (list, field) in [("hostAliases", "ip"), ("imagePullSecrets", "name")] {
        let mut seen = BTreeSet::new();
        for (i, item) in items(&spec[list]).iter().enumerate() {
            let value = text(&item[field]);
            if !seen.insert(value) {
                warnings.push(format!("{}: duplicate {field} {}", path.child(list).index(i).child(field), quote(value)));
            }
        }
    }
    for (i, _) in items(&spec["imagePullSecrets"]).iter().enumerate().filter(|(_, s)| text(&s["name"]).is_empty()) {
        warnings.push(format!("{}: invalid empty name \"\"", path.child("imagePullSecrets").index(i).child("name")));
    }
}

fn quantities_and_variables(path: &Path<'_>, container: &Value, warnings: &mut Vec<String>) {
    // Memory before storage, and limits before requests.
    for resource in ["memory", "ephemeral-storage"] {
        for list in ["limits", "requests"] {
            for (name, amount) in container::fractional_bytes(&container["resources"][list]).iter().filter(|(n, _)| *n == resource) {
                let (at, amount) = (path.child("resources"), quote(amount));
                let at = at.child(list);
                warnings.push(format!("{}: fractional byte value {amount} is invalid, must be an integer", at.key(name)));
            }
        }
    }
    for (i, name) in container::hidden_variables(container) {
        let at = path.child("env");
        let name = quote(name);
        warnings.push(format!("{}: hides previous definition of {name}, which may be dropped when using apply", at.index(i)));
    }
}

fn ports(path: &Path<'_>, spec: &Value, warnings: &mut Vec<String>) {
    let mut by_number: BTreeMap<(i64, String), Vec<(String, &Value)>> = BTreeMap::new();
    each_container(path, spec, |place, container| {
        for (i, port) in items(&container["ports"]).iter().enumerate() {
            let at = place.child("ports").index(i).to_string();
            let others = by_number.entry((number(&port["containerPort"]), text(&port["protocol"]).to_owned())).or_default();
            for (other_at, other) in others.iter() {
                let (ip, other_ip) = (text(&port["hostIP"]), text(&other["hostIP"]));
                let (host, other_host) = (number(&port["hostPort"]), number(&other["hostPort"]));
                let how = if ip == other_ip && host == other_host {
                    "duplicate"
                } else if host == 0 || other_host == 0 {
                    "overlapping"
                } else if host == other_host && ip.is_empty() != other_ip.is_empty() {
                    "dangerously ambiguous"
                } else {
                    continue;
                };
                warnings.push(format!("{at}: {how} port definition with {other_at}"));
            }
            others.push((at, port));
        }
    });
    let mut by_name: BTreeMap<&str, String> = BTreeMap::new();
    each_container(path, spec, |place, container| {
        for (i, port) in items(&container["ports"]).iter().enumerate().filter(|(_, p)| !text(&p["name"]).is_empty()) {
            let (at, name) = (place.child("ports").index(i).to_string(), text(&port["name"]));
            if let Some(first) = by_name.get(name) {
                let name = quote(name);
                warnings.push(format!(
                    "{at}: duplicate port name {name} with {first}, services and probes that select ports by name will use {first}"
                ));
            } else {
                by_name.insert(name, at);
            }
        }
    });
}

fn null_selectors(path: &Path<'_>, spec: &Value, warnings: &mut Vec<String>) {
    for kind in ["podAffinity", "podAntiAffinity"] {
        let (at, affinity) = (path.child("affinity"), &spec["affinity"][kind]);
        let at = at.child(kind);
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        for (i, _) in items(&affinity[required]).iter().enumerate().filter(|(_, t)| t["labelSelector"].is_null()) {
            let at = at.child(required);
            warnings.push(format!("{}: a null labelSelector results in matching no pod", at.index(i).child("labelSelector")));
        }
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        let no_selector = |t: &Value| t["podAffinityTerm"]["labelSelector"].is_null();
        for (i, _) in items(&affinity[preferred]).iter().enumerate().filter(|(_, t)| no_selector(t)) {
            let at = at.child(preferred);
            warnings
                .push(format!("{}: a null labelSelector results in matching no pod", at.index(i).child("podAffinityTerm.labelSelector")));
        }
    }
}

fn service(tree: &Value, warnings: &mut Vec<String>) {
    let (spec, annotations) = (&tree["spec"], &tree["metadata"]["annotations"]);
    let hints = "service.kubernetes.io/topology-aware-hints";
    if !annotations[hints].is_null() {
        warnings.push(format!("annotation {hints} is deprecated, please use service.kubernetes.io/topology-mode instead"));
    }
    let (kind, external) = (text(&spec["type"]), items(&spec["externalIPs"]));
    let headless = kind == "ClusterIP" && text(&spec["clusterIP"]) == "None";
    let mut warn = |message: &str| warnings.push(message.to_owned());
    if headless {
        if !text(&spec["loadBalancerIP"]).is_empty() {
            warn("spec.loadBalancerIP is ignored for headless services");
        }
        if !external.is_empty() {
            warn("spec.externalIPs is ignored for headless services");
        }
        if text(&spec["sessionAffinity"]) != "None" {
            warn("spec.SessionAffinity is ignored for headless services");
        }
    }
    if !external.is_empty() && !headless && kind != "ExternalName" {
        warn("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
    }
    if kind == "ExternalName" && !external.is_empty() {
        warn("spec.externalIPs is ignored when spec.type is \"ExternalName\"");
    }
    if kind != "ExternalName" && !text(&spec["externalName"]).is_empty() {
        warn("spec.externalName is ignored when spec.type is not \"ExternalName\"");
    }
    if text(&spec["trafficDistribution"]) == "PreferClose" {
        warn("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"");
    }
}
