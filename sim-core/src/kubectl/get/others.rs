//! The rows of kinds with few columns: configuration, access, policies. Mirrors `pkg/printers/internalversion/printers.go`, v1.36.

use serde_json::Value;

use super::workloads::containers;
use super::{Cell, extension, format_selector, labels_or_none, or_none, storage};
use crate::api::status::qualified_resource;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, flag, int, items, name, plain, text};

/// Columns, and a function that makes an object's cells.
pub type Printer = (&'static str, fn(&Value, &Clock) -> Vec<Cell>);

fn elsewhere(group: &str, plural: &str) -> Option<Printer> {
    storage::printer(group, plural).or_else(|| extension::printer(group, plural))
}

/// The columns of a resource without a function of its own in `get`; `NAME` and `AGE` for those that have no printer at all.
pub fn columns(group: &str, plural: &str) -> &'static str {
    elsewhere(group, plural).unwrap_or_else(|| own(group, plural)).0
}

/// The cells of an object of such a resource.
pub fn row(group: &str, plural: &str, object: &Value, clock: &Clock) -> Vec<Cell> {
    if let Some((_, cells)) = elsewhere(group, plural) {
        return cells(object, clock);
    }
    let mut cells = vec![name(object).to_owned()];
    cells.extend((own(group, plural).1)(object, clock));
    cells
}

/// The printers of this file: columns, and the cells after the name.
fn own(group: &str, plural: &str) -> Printer {
    match (group, plural) {
        ("", "configmaps") => ("NAME DATA AGE", |o, c| vec![len(o, &["data", "binaryData"]), age(o, c)]),
        ("", "secrets") => ("NAME TYPE DATA AGE", |o, c| vec![text(o, "type").to_owned(), len(o, &["data"]), age(o, c)]),
        ("", "resourcequotas") => ("NAME REQUEST LIMIT AGE", quota),
        ("", "limitranges") | ("rbac.authorization.k8s.io", "roles" | "clusterroles") => {
            ("NAME CREATED_AT", |o, _| vec![text(o, "metadata.creationTimestamp").to_owned()])
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            ("NAME ROLE AGE USERS* GROUPS* SERVICEACCOUNTS*", role_binding)
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
        ("", "podtemplates") => ("NAME CONTAINERS IMAGES POD_LABELS", |o, _| {
            let [names, images] = containers(o, "template.spec.containers");
            vec![names, images, labels_or_none(o, "template.metadata.labels")]
        }),
        ("", "componentstatuses") => ("NAME STATUS MESSAGE ERROR", component_status),
        ("networking.k8s.io", "servicecidrs") => {
            ("NAME CIDRS AGE", |o, c| vec![items(o, "spec.cidrs").iter().map(plain).collect::<Vec<_>>().join(","), age(o, c)])
        }
        ("networking.k8s.io", "ipaddresses") => ("NAME PARENTREF", |o, _| vec![parent(at(o, "spec.parentRef"))]),
        ("node.k8s.io", "runtimeclasses") => ("NAME HANDLER AGE", |o, c| vec![text(o, "handler").to_owned(), age(o, c)]),
        _ => ("NAME AGE", |o, c| vec![age(o, c)]),
    }
}

fn component_status(o: &Value, _: &Clock) -> Vec<Cell> {
    let healthy = items(o, "conditions").iter().find(|c| text(c, "type") == "Healthy");
    let word = |c: &Value| if text(c, "status") == "True" { "Healthy" } else { "Unhealthy" };
    let [message, error] = ["message", "error"].map(|key| healthy.map_or("", |c| text(c, key)).to_owned());
    vec![healthy.map_or("Unknown", word).to_owned(), message, error]
}

/// `services/default/kubernetes`: what an address belongs to.
fn parent(reference: &Value) -> Cell {
    if reference.is_null() {
        return "<none>".to_owned();
    }
    let [group, resource, namespace, name] = ["group", "resource", "namespace", "name"].map(|key| text(reference, key));
    let namespace = if namespace.is_empty() { String::new() } else { format!("/{namespace}") };
    format!("{}{namespace}/{name}", qualified_resource(group, resource).to_lowercase())
}

/// How old an object is.
pub fn age(object: &Value, clock: &Clock) -> Cell {
    clock.since(text(object, "metadata.creationTimestamp"))
}

fn len(object: &Value, paths: &[&str]) -> Cell {
    paths.iter().map(|path| at(object, path).as_object().map_or(0, serde_json::Map::len)).sum::<usize>().to_string()
}

/// A string, or `<unset>`; any value as it is printed.
pub fn or_unset(value: &Value) -> Cell {
    if value.is_null() { "<unset>".to_owned() } else { plain(value) }
}

/// `true` or `false`, or what its absence means.
pub fn yes(object: &Value, path: &str, absent: bool) -> Cell {
    at(object, path).as_bool().unwrap_or(absent).to_string()
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
    let name = match source {
        "resource" | "containerResource" => format!("{}: ", text(metric, &format!("{source}.name"))),
        _ => String::new(),
    };
    let average = !at(target, "averageValue").is_null();
    if matches!(source, "resource" | "containerResource") && !average {
        let share = |from: &Value, absent: &str| match at(from, "averageUtilization").as_i64() {
            Some(share) => format!("{share}%"),
            None => absent.to_owned(),
        };
        return format!("{name}{}/{}", share(now, "<unknown>"), share(target, "<auto>"));
    }
    let key = if average || source == "pods" { "averageValue" } else { "value" };
    let suffix = if average && matches!(source, "object" | "external") { " (avg)" } else { "" };
    // A metric that the status has, but not in this form, prints as Go prints a nil quantity; but a missing average is looked for.
    let current = match (now.is_null(), at(now, key)) {
        (true, _) => "<unknown>".to_owned(),
        (false, Value::Null) if !suffix.is_empty() => "<unknown>".to_owned(),
        (false, Value::Null) => "<nil>".to_owned(),
        (false, value) => plain(value),
    };
    format!("{name}{current}/{}{suffix}", plain(at(target, key)))
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
        let check = |spec: Value, now: Value, expected: &str| assert_eq!(metric(&spec, Some(&now)), expected);
        check(json!({"type": "Resource", "resource": {"name": "cpu", "target": {}}}), json!({"type": ""}), "cpu: <unknown>/<auto>");
        let memory = json!({"type": "ContainerResource", "containerResource": {"name": "memory", "target": {"averageValue": "1Gi"}}});
        check(memory, json!({"containerResource": {"current": {"averageValue": "30Mi"}}}), "memory: 30Mi/1Gi");
        let external = |target: Value| json!({"type": "External", "external": {"target": target}});
        check(external(json!({"averageValue": "5"})), json!({"external": {"current": {"value": "3"}}}), "<unknown>/5 (avg)");
        check(external(json!({"value": "5"})), json!({"external": {"current": {"value": "3"}}}), "3/5");
        check(json!({"type": "Pods", "pods": {"target": {"averageValue": "5"}}}), json!({"pods": {"current": {}}}), "<nil>/5");
        check(json!({"type": "New"}), Value::Null, "<unknown type>");
    }
}
