//! `kubectl describe` of what limits pods: `resourcequota`, `limitrange`, `poddisruptionbudget`, `priorityclass`. Mirrors `describeQuota`,
//! `describeLimitRange` and their siblings in `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Page;
use crate::api::quantity::Quantity;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, flag, int, items, name, namespace, plain, text};
use crate::kubectl::get::{format_selector, labels_or_none};

/// Writes a ResourceQuota.
pub fn quota(page: &mut Page, object: &Value, _: &Clock) {
    page.field("Name", name(object));
    page.field("Namespace", namespace(object));
    scopes(page, object, 0, " * ");
    page.line(0, "Resource\tUsed\tHard");
    page.line(0, "--------\t----\t----");
    for (resource, hard) in at(object, "status.hard").as_object().into_iter().flatten() {
        let used = at(object, "status.used").get(resource).unwrap_or(&Value::Null);
        page.line(0, format!("{resource}\t{}\t{}", in_format_of(used, hard), plain(hard)));
    }
}

/// What is used, written in the manner of the limit: 134217728 of 1Gi is 128Mi. The other manner rounds up to whole numbers.
fn in_format_of(used: &Value, hard: &Value) -> String {
    let read = |value: &Value| Quantity::from_value(value).and_then(Result::ok);
    match (read(used), read(hard)) {
        (Some(used), Some(hard)) if used.format() != hard.format() => Quantity::from_i64(used.value(), hard.format()).to_string(),
        (None, _) => "0".to_owned(),
        _ => plain(used),
    }
}

/// The scopes of a quota and what the four of them mean that concern pods alone.
pub fn scopes(page: &mut Page, quota: &Value, level: usize, bullet: &str) {
    const MEANING: &[(&str, &str)] = &[
        (
            "Terminating",
            "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated \
             by the system.",
        ),
        (
            "NotTerminating",
            "Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command \
             is not expected to terminate.",
        ),
        ("BestEffort", "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service."),
        (
            "NotBestEffort",
            "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of \
             service.",
        ),
    ];
    let mut scopes: Vec<String> = items(quota, "spec.scopes").iter().map(plain).collect();
    if scopes.is_empty() {
        return;
    }
    scopes.sort_unstable();
    page.line(level, format!("Scopes:\t{}", scopes.join(", ")));
    for (_, meaning) in scopes.iter().filter_map(|scope| MEANING.iter().find(|(name, _)| name == scope)) {
        page.line(level, format!("{bullet}{meaning}"));
    }
}

/// Writes a LimitRange.
pub fn limit_range(page: &mut Page, object: &Value, _: &Clock) {
    page.field("Name", name(object));
    page.field("Namespace", namespace(object));
    page.line(0, "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio");
    page.line(0, "----\t--------\t---\t---\t---------------\t-------------\t-----------------------");
    limit_rows(page, object, "");
}

/// The rows of a LimitRange, one for each type and resource. Upstream shows the resources of a type in any order; here they are sorted.
pub fn limit_rows(page: &mut Page, range: &Value, prefix: &str) {
    let columns = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];
    for limit in items(range, "spec.limits") {
        let names = columns.iter().flat_map(|column| at(limit, column).as_object().into_iter().flatten().map(|(resource, _)| resource));
        for resource in names.collect::<BTreeSet<_>>() {
            let cell = |column: &str| at(limit, column).get(resource).map_or_else(|| "-".to_owned(), plain);
            page.line(0, format!("{prefix}{}\t{resource}\t{}", text(limit, "type"), columns.map(cell).join("\t")));
        }
    }
}

/// Writes a PodDisruptionBudget.
pub fn disruption_budget(page: &mut Page, object: &Value, _: &Clock) {
    page.field("Name", name(object));
    page.field("Namespace", namespace(object));
    let bound = [("Min available", "spec.minAvailable"), ("Max unavailable", "spec.maxUnavailable")];
    if let Some((label, path)) = bound.into_iter().find(|(_, path)| !at(object, path).is_null()) {
        page.field(label, plain(at(object, path)));
    }
    let selector = at(object, "spec.selector");
    page.field("Selector", if selector.is_null() { "<unset>".to_owned() } else { format_selector(selector) });
    page.line(0, "Status:");
    let counts = [
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ];
    counts.iter().for_each(|(label, key)| page.line(2, format!("{label}:\t{}", int(at(object, "status"), key))));
}

/// Writes a PriorityClass.
pub fn priority_class(page: &mut Page, object: &Value, _: &Clock) {
    page.field("Name", name(object));
    page.field("Value", int(object, "value"));
    page.field("GlobalDefault", flag(object, "globalDefault"));
    page.field("PreemptionPolicy", text(object, "preemptionPolicy"));
    page.field("Description", text(object, "description"));
    page.field("Annotations", labels_or_none(object, "metadata.annotations"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::{Epoch, SimTime};
    use serde_json::json;

    fn clock() -> Clock {
        Clock { now: SimTime::ZERO, epoch: Epoch::default() }
    }

    #[test]
    fn used_takes_the_manner_of_the_limit() {
        let check = |used: Value, hard: &str, expected: &str| assert_eq!(in_format_of(&used, &json!(hard)), expected);
        check(json!("134217728"), "1Gi", "128Mi");
        check(json!("0"), "1Gi", "0");
        check(json!("1500m"), "2", "1500m");
        check(Value::Null, "2", "0");
    }

    #[test]
    fn scopes_are_explained() {
        let object = json!({"metadata": {"name": "q", "namespace": "n"}, "spec": {"scopes": ["NotBestEffort", "CrossNamespacePodAffinity"]},
            "status": {"hard": {"pods": "3"}}});
        let mut page = Page::default();
        quota(&mut page, &object, &clock());
        let text = page.raw();
        assert!(text.contains("Scopes:\tCrossNamespacePodAffinity, NotBestEffort\n * Matches all pods that have at least one"), "{text}");
        assert!(text.ends_with("Resource\tUsed\tHard\n--------\t----\t----\npods\t0\t3\n"), "{text}");
    }

    #[test]
    fn a_budget_has_one_bound() {
        let both = json!({"metadata": {"name": "b", "namespace": "n"}, "spec": {"minAvailable": 2, "maxUnavailable": 1}});
        let mut page = Page::default();
        disruption_budget(&mut page, &both, &clock());
        let text = page.raw();
        assert!(text.contains("Min available:\t2\nSelector:\t<unset>\nStatus:\n    Allowed disruptions:\t0\n"), "{text}");
    }
}
