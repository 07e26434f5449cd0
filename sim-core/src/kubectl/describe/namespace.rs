//! `kubectl describe namespace`. Mirrors `describeNamespace` of `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::Page;
use super::limits::{limit_rows, scopes};
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, items, name, plain, text};

/// Describes a Namespace with its quotas and limit ranges.
pub fn describe(namespace: &Value, quotas: &[Value], limits: &[Value], clock: &Clock) -> String {
    let mut page = Page::default();
    page.line(0, format!("Name:\t{}", name(namespace)));
    page.labels("Labels", namespace, "metadata.labels");
    page.annotations("Annotations", namespace, "metadata.annotations");
    page.line(0, format!("Status:\t{}", text(namespace, "status.phase")));
    let conditions = items(namespace, "status.conditions");
    if !conditions.is_empty() {
        page.line(0, "Conditions:");
        page.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
        page.line(1, "----\t------\t------------------\t------\t-------");
        for c in conditions {
            let when = clock.rfc1123(text(c, "lastTransitionTime"));
            page.line(1, format!("{}\t{}\t{when}\t{}\t{}", text(c, "type"), text(c, "status"), text(c, "reason"), text(c, "message")));
        }
    }
    page.line(0, "");
    quota_lines(&mut page, quotas);
    page.line(0, "");
    limit_lines(&mut page, limits);
    page.finish()
}

fn quota_lines(page: &mut Page, quotas: &[Value]) {
    if quotas.is_empty() {
        page.line(0, "No resource quota.");
        return;
    }
    page.line(0, "Resource Quotas");
    for quota in quotas {
        page.line(1, format!("Name:\t{}", name(quota)));
        scopes(page, quota, 1, "* ");
        page.line(1, "Resource\tUsed\tHard");
        page.line(1, "--------\t---\t---");
        for (resource, hard) in at(quota, "status.hard").as_object().into_iter().flatten() {
            let used = at(quota, "status.used").get(resource).map_or_else(|| "0".to_owned(), plain);
            page.line(1, format!("{resource}\t{used}\t{}", plain(hard)));
        }
    }
}

fn limit_lines(page: &mut Page, ranges: &[Value]) {
    if ranges.is_empty() {
        page.line(0, "No LimitRange resource.");
        return;
    }
    page.line(0, "Resource Limits\n Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio");
    page.line(0, " ----\t--------\t---\t---\t---------------\t-------------\t-----------------------");
    ranges.iter().for_each(|range| limit_rows(page, range, " "));
}
