//! Resource quotas: what objects use of them, and the refusal of what would be too much.
//!
//! Mirrors `staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go` and `pkg/quota/v1/evaluator/core`, v1.36. A
//! request that is let in is charged to the quota's status at once; the controller gives back what objects no longer use.

use super::amounts::{self, Amounts};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::record::Record;
use crate::api::selector::Selector;
use crate::api::status::ApiError;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::Store;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Quotas of these make it a duty of every container to say how much it asks for or may use. A mistake that upstream keeps.
const REQUIRED: [&str; 6] = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/// The kinds whose objects a quota counts, and the names under which it does so besides `count/…`.
const PLAIN_COUNTS: [(Kind, &str); 4] = [
    (Kind::ReplicationController, "replicationcontrollers"),
    (Kind::Secret, "secrets"),
    (Kind::ConfigMap, "configmaps"),
    (Kind::ResourceQuota, "resourcequotas"),
];

/// `count/deployments.apps`
fn count_name(kind: Kind) -> String {
    format!("count/{}", kind.resource().qualified())
}

/// What an object uses.
pub fn usage(object: &Object, now: SimTime) -> Amounts {
    let mut used = Amounts::default();
    used.count(count_name(object.kind()), 1);
    match object {
        Object::Pod(pod) if is_charged(pod, now) => {
            used.add(&compute(&amounts::of_pod(&pod.spec.tree, "requests"), &amounts::of_pod(&pod.spec.tree, "limits")));
        }
        Object::Service(service) => {
            let ports = service.spec["ports"].as_array().map_or(&[][..], Vec::as_slice);
            let (balancers, node_ports) = match service.spec["type"].as_str() {
                Some("NodePort") => (0, ports.len()),
                Some("LoadBalancer") if service.spec["allocateLoadBalancerNodePorts"] == false => {
                    (1, ports.iter().filter(|port| port["nodePort"].as_i64().unwrap_or(0) > 0).count())
                }
                Some("LoadBalancer") => (1, ports.len()),
                _ => (0, 0),
            };
            used.count("services", 1);
            used.count("services.loadbalancers", balancers);
            used.count("services.nodeports", node_ports as i64);
        }
        Object::Record(claim) if claim.kind == Kind::PersistentVolumeClaim => add_claim(&claim.body["spec"], &mut used),
        other => {
            let plain = PLAIN_COUNTS.iter().find(|(kind, _)| *kind == other.kind());
            plain.into_iter().for_each(|(_, name)| used.count(*name, 1));
        }
    }
    used
}

/// `pkg/quota/v1/evaluator/core/pods.go`, QuotaV1Pod: a pod is charged until it has ended, or its grace period is over.
pub fn is_charged(pod: &Pod, now: SimTime) -> bool {
    let overdue = pod.meta.deletion.is_some_and(|deletion| {
        let grace = SimDuration::from_secs(u64::try_from(deletion.grace).unwrap_or(0));
        now > deletion.at + grace
    });
    !pod.status.phase.is_final() && !overdue
}

/// What a pod or a container counts as.
fn compute(requests: &Amounts, limits: &Amounts) -> Amounts {
    let mut used = Amounts::default();
    used.count("pods", 1);
    for (name, amount) in &requests.0 {
        let basic = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
        if basic {
            used.0.insert(name.clone(), amount.clone());
        }
        if basic || name.contains('/') {
            used.0.insert(format!("requests.{name}"), amount.clone());
        }
    }
    for (name, amount) in limits.0.iter().filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage")) {
        used.0.insert(format!("limits.{name}"), amount.clone());
    }
    used
}

fn add_claim(spec: &Value, used: &mut Amounts) {
    used.count("persistentvolumeclaims", 1);
    let storage = Amounts::from_tree(&spec["resources"]["requests"]).get("storage").cloned();
    let class = spec["storageClassName"].as_str().filter(|class| !class.is_empty());
    let by_class = |what: &str| class.map(|class| format!("{class}.storageclass.storage.k8s.io/{what}"));
    by_class("persistentvolumeclaims").into_iter().for_each(|name| used.count(name, 1));
    if let Some(storage) = storage {
        by_class("requests.storage").into_iter().for_each(|name| drop(used.0.insert(name, storage.clone())));
        used.0.insert("requests.storage".into(), storage);
    }
}

/// The resources of a kind that a quota may name.
pub fn concerns(kind: Kind, resource: &str) -> bool {
    if resource == count_name(kind) {
        return true;
    }
    match kind {
        Kind::Pod => {
            let bare = resource.strip_prefix("requests.").or_else(|| resource.strip_prefix("limits.")).unwrap_or(resource);
            let basic = matches!(bare, "cpu" | "memory" | "ephemeral-storage");
            let huge = !resource.starts_with("limits.") && bare.starts_with("hugepages-");
            let extended = resource.starts_with("requests.") && bare.contains('/') && !bare.contains("kubernetes.io/");
            resource == "pods" || basic || huge || extended
        }
        Kind::Service => matches!(resource, "services" | "services.loadbalancers" | "services.nodeports"),
        Kind::PersistentVolumeClaim => {
            matches!(resource, "persistentvolumeclaims" | "requests.storage") || resource.contains(".storageclass.storage.k8s.io/")
        }
        kind => PLAIN_COUNTS.contains(&(kind, resource)),
    }
}

/// Whether an object falls under all scopes of a quota. Only pods fall under any.
pub fn in_scope(quota: &Record, object: &Object) -> bool {
    let spec = &quota.body["spec"];
    let plain = spec["scopes"].as_array().into_iter().flatten().map(|scope| (scope.as_str().unwrap_or_default(), None));
    let selected = spec["scopeSelector"]["matchExpressions"].as_array().into_iter().flatten();
    let selected = selected.map(|requirement| (requirement["scopeName"].as_str().unwrap_or_default(), Some(requirement)));
    plain.chain(selected).all(|(scope, requirement)| match object {
        Object::Pod(pod) => pod_in_scope(pod, scope, requirement),
        _ => false,
    })
}

fn pod_in_scope(pod: &Pod, scope: &str, requirement: Option<&Value>) -> bool {
    let spec = &pod.spec.tree;
    match scope {
        "Terminating" => spec["activeDeadlineSeconds"].as_i64().is_some_and(|secs| secs >= 0),
        "NotTerminating" => !pod_in_scope(pod, "Terminating", None),
        "BestEffort" => pod.spec.qos_class == "BestEffort",
        "NotBestEffort" => pod.spec.qos_class != "BestEffort",
        "PriorityClass" => {
            let class = spec["priorityClassName"].as_str().unwrap_or_default();
            match requirement.filter(|requirement| requirement["operator"] != "Exists") {
                None => !class.is_empty(),
                Some(requirement) => {
                    let expression = serde_json::json!({"matchExpressions": [
                        {"key": scope, "operator": requirement["operator"], "values": requirement["values"]},
                    ]});
                    let own: BTreeMap<&str, &str> = [(scope, class)].into_iter().filter(|(_, class)| !class.is_empty()).collect();
                    Selector::from_label_selector(&expression).is_ok_and(|selector| selector.matches(&serde_json::json!(own)))
                }
            }
        }
        "CrossNamespacePodAffinity" => crosses_namespaces(&spec["affinity"]),
        _ => false,
    }
}

fn crosses_namespaces(affinity: &Value) -> bool {
    let crosses =
        |term: &Value| term["namespaces"].as_array().is_some_and(|list| !list.is_empty()) || term["namespaceSelector"].is_object();
    ["podAffinity", "podAntiAffinity"].iter().any(|kind| {
        let list = |field: &str| affinity[*kind][field].as_array().map_or(&[][..], Vec::as_slice).iter();
        list("requiredDuringSchedulingIgnoredDuringExecution").any(crosses)
            || list("preferredDuringSchedulingIgnoredDuringExecution").any(|weighted| crosses(&weighted["podAffinityTerm"]))
    })
}

/// Charges a new object, or a changed one for what it uses more than `old`. Answers with the quotas as they are to be written.
///
/// # Errors
/// Forbidden, if a quota would be exceeded, or can't be judged.
pub(in crate::apiserver) fn charge(
    store: &Store,
    object: &Object,
    old: Option<&Object>,
    now: SimTime,
) -> Result<Vec<(ObjectId, Record)>, ApiError> {
    let kind = object.kind();
    if store.count(Kind::ResourceQuota) == 0 || !kind.is_namespaced() || kind == Kind::Event {
        return Ok(Vec::new());
    }
    let resource = kind.resource();
    let refuse = |why: String| ApiError::forbidden(resource.group, resource.plural, &object.meta().name, &why);
    let mut delta = usage(object, now);
    if let Some(old) = old {
        delta.subtract(&usage(old, now));
    }
    let delta = Amounts(delta.0.into_iter().filter(|(_, amount)| !amount.is_zero()).collect());
    let mut charged = Vec::new();
    for (id, quota) in store.list(Kind::ResourceQuota, Some(&object.meta().namespace)) {
        let Some(quota) = quota.as_record() else { continue };
        let hard = Amounts::from_tree(&quota.body["status"]["hard"]);
        let restricted: BTreeSet<&str> = hard.0.keys().map(String::as_str).filter(|name| concerns(kind, name)).collect();
        if restricted.is_empty() || !in_scope(quota, object) {
            continue;
        }
        let name = &quota.meta.name;
        if let Object::Pod(pod) = object
            && let Some(missing) = unspecified(&pod.spec.tree, &restricted)
        {
            return Err(refuse(format!("failed quota: {name}: must specify {missing}")));
        }
        let used = Amounts::from_tree(&quota.body["status"]["used"]);
        if restricted.iter().any(|name| used.get(name).is_none()) {
            let names: Vec<&str> = restricted.into_iter().collect();
            return Err(refuse(format!("status unknown for quota: {name}, resources: {}", names.join(","))));
        }
        let requested = delta.only(|name| hard.get(name).is_some());
        if requested.0.is_empty() {
            continue;
        }
        let mut next = used.clone();
        next.add(&requested);
        let too_much = |name: &str| requested.get(name).is_some() && next.get(name) > hard.get(name);
        if requested.0.keys().any(|name| too_much(name)) {
            let [requested, used, limited] = [&requested, &used, &hard].map(|amounts| amounts.only(too_much).pretty());
            return Err(refuse(format!("exceeded quota: {name}, requested: {requested}, used: {used}, limited: {limited}")));
        }
        let mut body = (*quota.body).clone();
        body["status"]["used"] = next.to_tree();
        charged.push((id, Record { body: Arc::new(body), ..(**quota).clone() }));
    }
    Ok(charged)
}

/// Which containers don't say what a quota counts: `limits.cpu for: a,b; requests.cpu for: b`.
fn unspecified(spec: &Value, restricted: &BTreeSet<&str>) -> Option<String> {
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let list = |field: &str| spec[field].as_array().map_or(&[][..], Vec::as_slice).iter();
    for container in list("containers").chain(list("initContainers")) {
        let of = |field: &str| Amounts::from_tree(&container["resources"][field]);
        let said = compute(&of("requests"), &of("limits"));
        for name in REQUIRED.iter().filter(|name| restricted.contains(**name) && said.get(name).is_none()) {
            missing.entry(name).or_default().insert(container["name"].as_str().unwrap_or_default());
        }
    }
    let lines =
        missing.iter().map(|(name, containers)| format!("{name} for: {}", containers.iter().copied().collect::<Vec<_>>().join(",")));
    let text = lines.collect::<Vec<_>>().join("; ");
    (!text.is_empty()).then_some(text)
}
