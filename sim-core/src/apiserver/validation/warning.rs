//! What the API server warns of: mirrors `pkg/api/pod/warnings.go`, `pkg/api/service/warnings.go`, `pkg/api/node/util.go`,
//! `pkg/api/{persistentvolume,persistentvolumeclaim,storage}/util.go` and the `WarningsOnCreate` of the strategies, v1.36.
//!
//! Left out: overlapping paths inside volumes, non-canonical IPv6 addresses, AppArmor annotations.

use super::container;
use super::meta::same;
use super::names;
use super::path::Path;
use super::resources;
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

const INGRESS_CLASS: &str = "kubernetes.io/ingress.class";
const STORAGE_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
const ENFORCE_SECRETS: &str = "kubernetes.io/enforce-mountable-secrets";

/// Warnings about a new object.
pub fn on_create(kind: &str, tree: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let what = match kind {
        "Pod" => "this is used in the Pod's hostname",
        "Deployment" | "ReplicaSet" | "ReplicationController" => "this is used in Pod names and hostnames",
        _ => "",
    };
    if !what.is_empty() {
        let wrong = names::dns_label(text(&tree["metadata"]["name"]));
        if !wrong.is_empty() {
            let wrong = wrong.join(" ");
            warnings.push(format!("metadata.name: {what}, which can result in surprising behavior; a DNS label is recommended: [{wrong}]"));
        }
    }
    if kind == "Ingress" && !tree["metadata"]["annotations"][INGRESS_CLASS].is_null() && tree["spec"]["ingressClassName"].is_null() {
        warnings.push(format!("annotation {} is deprecated, please use 'spec.ingressClassName' instead", quote(INGRESS_CLASS)));
    }
    of_kind(kind, tree, &mut warnings);
    warnings
}

/// Warnings about a change. Workloads warn if their spec changed, Pods and Ingresses never, the others always.
pub fn on_update(kind: &str, new: &Value, old: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let wants = match kind {
        "Pod" => false,
        "ServiceAccount" => enforced_secrets(new) != enforced_secrets(old),
        "Service" | "Endpoints" | "PersistentVolume" | "PersistentVolumeClaim" | "StorageClass" | "RuntimeClass" => true,
        _ => !same(&new["spec"], &old["spec"]),
    };
    if wants {
        of_kind(kind, new, &mut warnings);
    }
    warnings
}

fn of_kind(kind: &str, tree: &Value, warnings: &mut Vec<String>) {
    match kind {
        "Pod" => pod(&Path::ROOT, tree, warnings),
        "PodTemplate" => pod(&Path::of("template"), &tree["template"], warnings),
        "Deployment" | "ReplicaSet" | "ReplicationController" | "StatefulSet" | "DaemonSet" | "Job" => {
            pod(&Path::of("spec.template"), &tree["spec"]["template"], warnings);
            if kind == "StatefulSet" {
                stateful_set(&Path::of("spec"), &tree["spec"], warnings);
            }
        }
        "CronJob" => {
            pod(&Path::of("spec.jobTemplate.spec.template"), &tree["spec"]["jobTemplate"]["spec"]["template"], warnings);
        }
        "Service" => service(tree, warnings),
        "PersistentVolume" => persistent_volume(tree, warnings),
        "PersistentVolumeClaim" => claim(tree, warnings),
        "StorageClass" => storage_class(tree, warnings),
        "RuntimeClass" => {
            for message in entries(&tree["scheduling"]["nodeSelector"]).filter_map(|(label, _)| deprecated(label)) {
                warnings.push(format!("scheduling.nodeSelector: {message}"));
            }
        }
        "ServiceAccount" if !enforced_secrets(tree).is_null() => {
            let path = Path::of("metadata.annotations");
            let why = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets";
            warnings.push(format!("{}: {why}", path.key(ENFORCE_SECRETS)));
        }
        // The whole API is deprecated.
        "Endpoints" => warnings.push("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".to_owned()),
        _ => {}
    }
}

fn stateful_set(path: &Path<'_>, spec: &Value, warnings: &mut Vec<String>) {
    let claims = path.child("volumeClaimTemplates");
    for (i, claim) in items(&spec["volumeClaimTemplates"]).iter().enumerate() {
        claim_spec(&claims.index(i), &claim["spec"], warnings);
    }
    if number(&spec["revisionHistoryLimit"]) < 0 {
        let why = "a negative value retains all historical revisions; a value >= 0 is recommended";
        warnings.push(format!("{}: {why}", path.child("revisionHistoryLimit")));
    }
}

fn enforced_secrets(account: &Value) -> &Value {
    &account["metadata"]["annotations"][ENFORCE_SECRETS]
}

/// The annotation that named the class of volumes and claims.
fn class_annotation(tree: &Value, warnings: &mut Vec<String>) {
    if !tree["metadata"]["annotations"][STORAGE_CLASS].is_null() {
        let path = Path::of("metadata.annotations");
        warnings.push(format!("{}: deprecated since v1.8; use \"storageClassName\" attribute instead", path.key(STORAGE_CLASS)));
    }
}

fn persistent_volume(tree: &Value, warnings: &mut Vec<String>) {
    let (path, spec) = (Path::of("spec"), &tree["spec"]);
    class_annotation(tree, warnings);
    if text(&spec["persistentVolumeReclaimPolicy"]) == "Recycle" {
        let why = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.";
        warnings.push(format!("{}: {why}", path.child("persistentVolumeReclaimPolicy")));
    }
    let at = path.child("nodeAffinity.required.nodeSelectorTerms");
    for (i, term) in items(&spec["nodeAffinity"]["required"]["nodeSelectorTerms"]).iter().enumerate() {
        node_selector_term(&at.index(i), term, warnings);
    }
    let of_volumes = ["cephfs", "photonPersistentDisk", "scaleIO", "storageos", "glusterfs", "rbd"];
    let used = |volume: &&(&str, &str, &str)| of_volumes.contains(&volume.0) && !spec[volume.0].is_null();
    if let Some((_, name, message)) = DEPRECATED_VOLUMES.iter().find(used) {
        warnings.push(format!("{}: {message}", path.child(name)));
    }
}

fn claim(tree: &Value, warnings: &mut Vec<String>) {
    class_annotation(tree, warnings);
    claim_spec(&Path::of("spec"), &tree["spec"], warnings);
}

fn claim_spec(path: &Path<'_>, spec: &Value, warnings: &mut Vec<String>) {
    let resources = path.child("resources");
    for list in ["requests", "limits"] {
        if let Some(amount) = resources::quantity(&spec["resources"][list]["storage"]).filter(|q| q.milli_value() % 1000 != 0) {
            let (at, amount) = (resources.child(list), quote(&amount.to_string()));
            warnings.push(format!("{}: fractional byte value {amount} is invalid, must be an integer", at.key("storage")));
        }
    }
}

fn storage_class(tree: &Value, warnings: &mut Vec<String>) {
    let path = Path::of("allowedTopologies");
    for (i, term) in items(&tree["allowedTopologies"]).iter().enumerate() {
        let at = path.index(i);
        let at = at.child("matchLabelExpressions");
        for (j, expression) in items(&term["matchLabelExpressions"]).iter().enumerate() {
            if let Some(message) = deprecated(text(&expression["key"])) {
                warnings.push(format!("{}: {message}", at.index(j).child("key")));
            }
        }
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
        let at = volumes.index(i);
        claim_spec(&at.child("ephemeral.volumeClaimTemplate.spec"), &volume["ephemeral"]["volumeClaimTemplate"]["spec"], warnings);
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
    let required = at.child("requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
    for (i, t) in items(&node_affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]).iter().enumerate() {
        node_selector_term(&required.index(i), t, warnings);
    }
    let preferred = at.child("preferredDuringSchedulingIgnoredDuringExecution");
    for (i, t) in items(&node_affinity["preferredDuringSchedulingIgnoredDuringExecution"]).iter().enumerate() {
        node_selector_term(&preferred.index(i).child("preference"), &t["preference"], warnings);
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

/// Labels of nodes that have another name now.
fn node_selector_term(path: &Path<'_>, term: &Value, warnings: &mut Vec<String>) {
    let expressions = path.child("matchExpressions");
    for (i, expression) in items(&term["matchExpressions"]).iter().enumerate() {
        let key = text(&expression["key"]);
        if let Some(message) = deprecated(key) {
            warnings.push(format!("{}: {key} is {message}", expressions.index(i).child("key")));
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
