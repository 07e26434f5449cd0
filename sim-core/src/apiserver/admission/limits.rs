//! Limit ranges: defaults for the requests and limits of containers, and bounds for containers, pods and claims.
//! Mirrors `plugin/pkg/admission/limitranger/admission.go`, v1.36.

use super::amounts::{self, Amounts};
use crate::api::object::{Kind, Object};
use crate::api::quantity::Quantity;
use crate::api::record::Record;
use crate::store::Store;
use serde_json::{Value, json};
use std::sync::Arc;

/// The limit ranges of a namespace.
pub fn ranges<'a>(store: &'a Store, namespace: &str) -> impl Iterator<Item = &'a Arc<Record>> {
    // Most clusters have none: then nothing is looked up.
    let some = store.count(Kind::LimitRange) > 0;
    let found = some.then(|| store.list(Kind::LimitRange, Some(namespace)));
    found.into_iter().flatten().filter_map(|(_, object)| object.as_record())
}

fn items<'a>(range: &'a Record, kind: &'static str) -> impl Iterator<Item = &'a Value> {
    range.body["spec"]["limits"].as_array().into_iter().flatten().filter(move |item| item["type"] == kind)
}

/// Gives the containers of a pod the requests and limits that they lack. Answers with what was set, in the words of the annotation.
pub fn fill_in(range: &Record, spec: &mut Value) -> Option<String> {
    let mut told = Vec::new();
    for (list, what) in [("containers", "container"), ("initContainers", "init container")] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let name = super::named(container);
            for (field, source, word) in [("requests", "defaultRequest", "request"), ("limits", "default", "limit")] {
                let set = items(range, "Container").flat_map(|item| item[source].as_object().into_iter().flatten());
                let mut names = Vec::new();
                for (resource, amount) in set {
                    if container["resources"][field][resource].is_null() {
                        if !container["resources"][field].is_object() {
                            container["resources"][field] = json!({});
                        }
                        container["resources"][field][resource] = amount.clone();
                        names.push(resource.as_str());
                    }
                }
                if !names.is_empty() {
                    names.sort_unstable();
                    told.push(format!("{} {word} for {what} {name}", names.join(", ")));
                }
            }
        }
    }
    (!told.is_empty()).then(|| format!("LimitRanger plugin set: {}", told.join("; ")))
}

/// What of an object is out of bounds, each in a sentence.
pub fn violations(range: &Record, object: &Object) -> Vec<String> {
    match object {
        Object::Pod(pod) => pod_violations(range, &pod.spec.tree),
        Object::Record(claim) if claim.kind == Kind::PersistentVolumeClaim => claim_violations(range, &claim.body["spec"]),
        _ => Vec::new(),
    }
}

fn pod_violations(range: &Record, spec: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for item in range.body["spec"]["limits"].as_array().into_iter().flatten() {
        if item["type"] == "Container" {
            let list = |field: &str| spec[field].as_array().map_or(&[][..], Vec::as_slice).iter();
            for container in list("containers").chain(list("initContainers")) {
                let of = |field: &str| Amounts::from_tree(&container["resources"][field]);
                check(item, "Container", &of("requests"), &of("limits"), &mut wrong);
            }
        } else if item["type"] == "Pod" {
            check(item, "Pod", &amounts::of_pod(spec, "requests"), &amounts::of_pod(spec, "limits"), &mut wrong);
        }
    }
    wrong
}

fn check(item: &Value, kind: &str, requests: &Amounts, limits: &Amounts, wrong: &mut Vec<String>) {
    for (resource, least) in &Amounts::from_tree(&item["min"]).0 {
        wrong.extend(too_little(kind, resource, least, requests.get(resource), limits.get(resource)));
    }
    for (resource, most) in &Amounts::from_tree(&item["max"]).0 {
        wrong.extend(too_much(kind, resource, most, requests.get(resource), limits.get(resource)));
    }
    for (resource, most) in &Amounts::from_tree(&item["maxLimitRequestRatio"]).0 {
        wrong.extend(too_far_apart(kind, resource, most, requests.get(resource), limits.get(resource)));
    }
}

fn too_little(kind: &str, resource: &str, least: &Quantity, request: Option<&Quantity>, limit: Option<&Quantity>) -> Option<String> {
    let bound = format!("minimum {resource} usage per {kind} is {least}");
    match (request, limit) {
        (None, _) => Some(format!("{bound}.  No request is specified")),
        (Some(request), _) if request < least => Some(format!("{bound}, but request is {request}")),
        (_, Some(limit)) if limit < least => Some(format!("{bound}, but limit is {limit}")),
        _ => None,
    }
}

fn too_much(kind: &str, resource: &str, most: &Quantity, request: Option<&Quantity>, limit: Option<&Quantity>) -> Option<String> {
    let bound = format!("maximum {resource} usage per {kind} is {most}");
    match (request, limit) {
        (_, None) => Some(format!("{bound}.  No limit is specified")),
        (_, Some(limit)) if limit > most => Some(format!("{bound}, but limit is {limit}")),
        (Some(request), _) if request > most => Some(format!("{bound}, but request is {request}")),
        _ => None,
    }
}

fn too_far_apart(kind: &str, resource: &str, most: &Quantity, request: Option<&Quantity>, limit: Option<&Quantity>) -> Option<String> {
    let bound = format!("{resource} max limit to request ratio per {kind} is {most}");
    let Some(request) = request.filter(|request| !request.is_zero()) else {
        return Some(format!("{bound}, but no request is specified or request is 0"));
    };
    let Some(limit) = limit.filter(|limit| !limit.is_zero()) else {
        return Some(format!("{bound}, but no limit is specified or limit is 0"));
    };
    let ratio = limit.milli_value() as f64 / request.milli_value() as f64;
    (ratio * 1000.0 > most.milli_value() as f64).then(|| format!("{bound}, but provided ratio is {ratio:.6}"))
}

fn claim_violations(range: &Record, spec: &Value) -> Vec<String> {
    let requests = Amounts::from_tree(&spec["resources"]["requests"]);
    let mut wrong = Vec::new();
    for item in items(range, "PersistentVolumeClaim") {
        for (resource, least) in &Amounts::from_tree(&item["min"]).0 {
            wrong.extend(too_little("PersistentVolumeClaim", resource, least, requests.get(resource), None));
        }
        for (resource, most) in &Amounts::from_tree(&item["max"]).0 {
            let bound = format!("maximum {resource} usage per PersistentVolumeClaim is {most}");
            match requests.get(resource) {
                None => wrong.push(format!("{bound}.  No request is specified")),
                Some(request) if request > most => wrong.push(format!("{bound}, but request is {request}")),
                Some(_) => {}
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::Meta;

    fn range(limits: Value) -> Record {
        Record { kind: Kind::LimitRange, meta: Meta::default(), body: Arc::new(json!({"spec": {"limits": limits}})) }
    }

    #[test]
    fn what_is_missing_is_filled_in_and_told() {
        let range = range(json!([{"type": "Container", "default": {"cpu": "1", "memory": "1Gi"}, "defaultRequest": {"cpu": "100m"}}]));
        let mut spec = json!({"containers": [{"name": "a"}, {"name": "b", "resources": {"limits": {"cpu": "2", "memory": "2Gi"}, "requests": {"cpu": "1"}}}]});
        let told = fill_in(&range, &mut spec);
        assert_eq!(told.as_deref(), Some("LimitRanger plugin set: cpu request for container a; cpu, memory limit for container a"));
        assert_eq!(spec["containers"][0]["resources"], json!({"requests": {"cpu": "100m"}, "limits": {"cpu": "1", "memory": "1Gi"}}));
        assert_eq!(fill_in(&range, &mut spec), None, "the second time there is nothing to do");
    }

    #[test]
    fn bounds() {
        let check = |limits: Value, resources: Value, expected: &[&str]| {
            let spec = json!({"containers": [{"name": "a", "resources": resources}]});
            assert_eq!(pod_violations(&range(limits), &spec), expected);
        };
        let of = |kind: &str, bounds: Value| {
            let mut item = bounds;
            item["type"] = kind.into();
            json!([item])
        };
        let asks = json!({"requests": {"cpu": "50m"}, "limits": {"cpu": "900m"}});
        check(of("Container", json!({"max": {"cpu": "1"}, "min": {"cpu": "50m"}})), asks.clone(), &[]);
        check(
            of("Container", json!({"max": {"memory": "1Gi"}})),
            asks.clone(),
            &["maximum memory usage per Container is 1Gi.  No limit is specified"],
        );
        check(of("Pod", json!({"min": {"cpu": "1"}})), asks.clone(), &["minimum cpu usage per Pod is 1, but request is 50m"]);
        check(
            of("Container", json!({"maxLimitRequestRatio": {"cpu": "5"}})),
            asks,
            &["cpu max limit to request ratio per Container is 5, but provided ratio is 18.000000"],
        );
    }
}
