//! The rows of kinds with few columns: configuration, storage, policies. Mirrors `pkg/printers/internalversion/printers.go`, v1.36.

use serde_json::Value;

use super::{Cell, format_selector, or_none};
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, flag, int, items, name, plain, text};

/// A printer of this file: columns, and the cells of an object.
pub type Printer = (&'static str, fn(&Value, &Clock) -> Vec<Cell>);

/// The printer of a resource of this file; `NAME` and `AGE` for those that have none of their own.
pub fn printer(group: &str, plural: &str) -> Printer {
    match (group, plural) {
        ("", "configmaps") => ("NAME DATA AGE", |o, c| vec![len(o, &["data", "binaryData"]), age(o, c)]),
        ("", "secrets") => ("NAME TYPE DATA AGE", |o, c| vec![text(o, "type").to_owned(), len(o, &["data"]), age(o, c)]),
        ("", "persistentvolumeclaims") => {
            ("NAME STATUS VOLUME CAPACITY ACCESS_MODES STORAGECLASS VOLUMEATTRIBUTESCLASS AGE VOLUMEMODE*", volume_claim)
        }
        ("", "persistentvolumes") => {
            ("NAME CAPACITY ACCESS_MODES RECLAIM_POLICY STATUS CLAIM STORAGECLASS VOLUMEATTRIBUTESCLASS REASON AGE VOLUMEMODE*", volume)
        }
        ("", "resourcequotas") => ("NAME REQUEST LIMIT AGE", quota),
        ("", "limitranges") | ("rbac.authorization.k8s.io", "roles" | "clusterroles") => {
            ("NAME CREATED_AT", |o, _| vec![text(o, "metadata.creationTimestamp").to_owned()])
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            ("NAME ROLE AGE USERS* GROUPS* SERVICEACCOUNTS*", role_binding)
        }
        ("storage.k8s.io", "storageclasses") => {
            ("NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE", storage_class)
        }
        ("networking.k8s.io", "ingressclasses") => ("NAME CONTROLLER PARAMETERS AGE", |o, c| {
            let parameters = at(o, "spec.parameters");
            let mut target = text(parameters, "kind").to_owned();
            if !text(parameters, "apiGroup").is_empty() {
                target.push_str(&format!(".{}", text(parameters, "apiGroup")));
            }
            let shown = if parameters.is_null() { "<none>".to_owned() } else { format!("{target}/{}", text(parameters, "name")) };
            vec![text(o, "spec.controller").to_owned(), shown, age(o, c)]
        }),
        ("networking.k8s.io", "networkpolicies") => {
            ("NAME POD-SELECTOR AGE", |o, c| vec![format_selector(at(o, "spec.podSelector")), age(o, c)])
        }
        ("policy", "poddisruptionbudgets") => ("NAME MIN_AVAILABLE MAX_UNAVAILABLE ALLOWED_DISRUPTIONS AGE", |o, c| {
            let or_na = |path: &str| if at(o, path).is_null() { "N/A".to_owned() } else { plain(at(o, path)) };
            vec![or_na("spec.minAvailable"), or_na("spec.maxUnavailable"), int(o, "status.disruptionsAllowed").to_string(), age(o, c)]
        }),
        ("scheduling.k8s.io", "priorityclasses") => ("NAME VALUE GLOBAL-DEFAULT AGE PREEMPTIONPOLICY*", |o, c| {
            vec![int(o, "value").to_string(), flag(o, "globalDefault").to_string(), age(o, c), text(o, "preemptionPolicy").to_owned()]
        }),
        ("apps", "controllerrevisions") => ("NAME CONTROLLER REVISION AGE", controller_revision),
        ("autoscaling", "horizontalpodautoscalers") => ("NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE", autoscaler),
        _ => ("NAME AGE", |o, c| vec![age(o, c)]),
    }
}

/// The cells of an object: its name, then what the printer says.
pub fn row(printer: Printer, object: &Value, clock: &Clock) -> Vec<Cell> {
    let mut cells = vec![name(object).to_owned()];
    cells.extend((printer.1)(object, clock));
    cells
}

fn age(object: &Value, clock: &Clock) -> Cell {
    clock.since(text(object, "metadata.creationTimestamp"))
}

fn len(object: &Value, paths: &[&str]) -> Cell {
    paths.iter().map(|path| at(object, path).as_object().map_or(0, serde_json::Map::len)).sum::<usize>().to_string()
}

/// `RWO,ROX`.
pub fn access_modes(object: &Value, path: &str) -> String {
    let has = |mode: &str| items(object, path).iter().any(|m| m.as_str() == Some(mode));
    let modes = [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    modes.iter().filter(|(long, _)| has(long)).map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

fn or_unset(text: &str) -> String {
    if text.is_empty() { "<unset>".to_owned() } else { text.to_owned() }
}

fn volume_claim(o: &Value, clock: &Clock) -> Vec<Cell> {
    let deleted = at(o, "metadata.deletionTimestamp").is_string();
    let bound = !text(o, "spec.volumeName").is_empty();
    vec![
        if deleted { "Terminating".to_owned() } else { text(o, "status.phase").to_owned() },
        text(o, "spec.volumeName").to_owned(),
        if bound { plain(at(o, "status.capacity.storage")) } else { String::new() },
        if bound { access_modes(o, "status.accessModes") } else { String::new() },
        text(o, "spec.storageClassName").to_owned(),
        or_unset(text(o, "spec.volumeAttributesClassName")),
        age(o, clock),
        or_unset(text(o, "spec.volumeMode")),
    ]
}

fn volume(o: &Value, clock: &Clock) -> Vec<Cell> {
    let claim = at(o, "spec.claimRef");
    let claim = if claim.is_null() { String::new() } else { format!("{}/{}", text(claim, "namespace"), text(claim, "name")) };
    let deleted = at(o, "metadata.deletionTimestamp").is_string();
    vec![
        plain(at(o, "spec.capacity.storage")),
        access_modes(o, "spec.accessModes"),
        text(o, "spec.persistentVolumeReclaimPolicy").to_owned(),
        if deleted { "Terminating".to_owned() } else { text(o, "status.phase").to_owned() },
        claim,
        text(o, "spec.storageClassName").to_owned(),
        or_unset(text(o, "spec.volumeAttributesClassName")),
        text(o, "status.reason").to_owned(),
        age(o, clock),
        or_unset(text(o, "spec.volumeMode")),
    ]
}

fn quota(o: &Value, clock: &Clock) -> Vec<Cell> {
    let entries = |limits: bool| {
        let hard = at(o, "status.hard").as_object().into_iter().flatten().filter(|(key, _)| key.starts_with("limits.") == limits);
        let used = at(o, "status.used");
        let shown = hard.map(|(key, hard)| format!("{key}: {}/{}", used.get(key).map_or("0".to_owned(), plain), plain(hard)));
        shown.collect::<Vec<_>>().join(", ")
    };
    vec![entries(false), entries(true), age(o, clock)]
}

fn role_binding(o: &Value, clock: &Clock) -> Vec<Cell> {
    let subjects = |kind: &str| {
        let of_kind = items(o, "subjects").iter().filter(|s| text(s, "kind") == kind);
        let shown = of_kind.map(|s| match text(s, "namespace") {
            "" => text(s, "name").to_owned(),
            ns => format!("{ns}/{}", text(s, "name")),
        });
        shown.collect::<Vec<_>>().join(", ")
    };
    let role = format!("{}/{}", text(o, "roleRef.kind"), text(o, "roleRef.name"));
    vec![role, age(o, clock), subjects("User"), subjects("Group"), subjects("ServiceAccount")]
}

fn storage_class(o: &Value, clock: &Clock) -> Vec<Cell> {
    vec![
        text(o, "provisioner").to_owned(),
        text(o, "reclaimPolicy").to_owned(),
        text(o, "volumeBindingMode").to_owned(),
        flag(o, "allowVolumeExpansion").to_string(),
        age(o, clock),
    ]
}

fn controller_revision(o: &Value, clock: &Clock) -> Vec<Cell> {
    let owner = crate::kubectl::field::controller(o).map_or_else(String::new, |owner| {
        let group = text(owner, "apiVersion").split_once('/').map_or("", |(group, _)| group);
        let kind = text(owner, "kind").to_lowercase();
        let kind = if group.is_empty() { kind } else { format!("{kind}.{group}") };
        format!("{kind}/{}", text(owner, "name"))
    });
    vec![or_none(&owner), int(o, "revision").to_string(), age(o, clock)]
}

fn autoscaler(o: &Value, clock: &Clock) -> Vec<Cell> {
    let reference = format!("{}/{}", text(o, "spec.scaleTargetRef.kind"), text(o, "spec.scaleTargetRef.name"));
    let current = items(o, "status.currentMetrics");
    let mut metrics: Vec<String> = items(o, "spec.metrics").iter().enumerate().map(|(i, m)| metric(m, current.get(i))).collect();
    let more = metrics.len().saturating_sub(2);
    metrics.truncate(2);
    let targets = match (metrics.is_empty(), more) {
        (true, _) => "<none>".to_owned(),
        (false, 0) => metrics.join(", "),
        (false, more) => format!("{} + {more} more...", metrics.join(", ")),
    };
    let minimum = at(o, "spec.minReplicas").as_i64().map_or_else(|| "<unset>".to_owned(), |n| n.to_string());
    vec![reference, targets, minimum, int(o, "spec.maxReplicas").to_string(), int(o, "status.currentReplicas").to_string(), age(o, clock)]
}

/// `cpu: 45%/60%`, `memory: 30Mi/100Mi`, `5/10 (avg)`.
fn metric(metric: &Value, current: Option<&Value>) -> String {
    let source = match text(metric, "type") {
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        "Pods" => "pods",
        "Object" => "object",
        "External" => "external",
        _ => return "<unknown type>".to_owned(),
    };
    let target = at(metric, &format!("{source}.target"));
    let now = current.map_or(&Value::Null, |c| at(c, &format!("{source}.current")));
    let or_unknown = |key: &str, unit: &str| match at(now, key) {
        Value::Null => "<unknown>".to_owned(),
        value => format!("{}{unit}", plain(value)),
    };
    let name = match source {
        "resource" | "containerResource" => format!("{}: ", text(metric, &format!("{source}.name"))),
        _ => String::new(),
    };
    if !at(target, "averageUtilization").is_null() {
        return format!("{name}{}/{}%", or_unknown("averageUtilization", "%"), int(target, "averageUtilization"));
    }
    let average = !at(target, "averageValue").is_null();
    let key = if average { "averageValue" } else { "value" };
    let suffix = if average && matches!(source, "object" | "external") { " (avg)" } else { "" };
    format!("{name}{}/{}{suffix}", or_unknown(key, ""), plain(at(target, key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metrics() {
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 60}}});
        assert_eq!(metric(&cpu, None), "cpu: <unknown>/60%");
        let now = json!({"resource": {"current": {"averageUtilization": 45}}});
        assert_eq!(metric(&cpu, Some(&now)), "cpu: 45%/60%");
    }
}
