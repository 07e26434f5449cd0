//! `kubectl describe pod`. Mirrors `describePod` of `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::template::{Containers, resources, scheduling_group, topology_spread};
use super::{Page, events, volumes};
use crate::api::qos;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, condition, controller, int, items, name, namespace, text};

/// Describes a pod.
pub fn describe(pod: &Value, events: Option<&[Value]>, clock: &Clock) -> String {
    let mut page = Page::default();
    head(&mut page, pod, clock);
    if at(pod, "spec.resources").is_object() {
        page.line(0, "Resources:");
        resources(&mut page, at(pod, "spec.resources"), 1);
    }
    let lists = [
        ("Init Containers", "spec.initContainers", "status.initContainerStatuses"),
        ("Containers", "spec.containers", "status.containerStatuses"),
        ("Ephemeral Containers", "spec.ephemeralContainers", "status.ephemeralContainerStatuses"),
    ];
    for (title, list, statuses) in lists {
        let containers = items(pod, list);
        if !containers.is_empty() || title == "Containers" {
            let writer = Containers { space: "", statuses: items(pod, statuses), pod: Some(pod), clock };
            writer.describe(&mut page, title, containers);
        }
    }
    let gates = items(pod, "spec.readinessGates");
    if !gates.is_empty() {
        page.line(0, "Readiness Gates:\n  Type\tStatus");
        for gate in gates {
            let kind = text(gate, "conditionType");
            page.line(1, format!("{kind} \t{} ", condition(pod, kind).map_or("<none>", |c| text(c, "status"))));
        }
    }
    let conditions = items(pod, "status.conditions");
    if !conditions.is_empty() {
        page.line(0, "Conditions:\n  Type\tStatus");
        conditions.iter().for_each(|c| page.line(1, format!("{} \t{} ", text(c, "type"), text(c, "status"))));
    }
    volumes::describe(&mut page, items(pod, "spec.volumes"), "");
    page.line(0, format!("QoS Class:\t{}", qos(pod)));
    page.labels("Node-Selectors", pod, "spec.nodeSelector");
    page.tolerations("Tolerations", items(pod, "spec.tolerations"));
    topology_spread(&mut page, items(pod, "spec.topologySpreadConstraints"), "");
    scheduling_group(&mut page, at(pod, "spec"), "");
    if let Some(events) = events {
        events::describe(&mut page, events, clock);
    }
    page.finish()
}

fn head(page: &mut Page, pod: &Value, clock: &Clock) {
    page.line(0, format!("Name:\t{}", name(pod)));
    page.line(0, format!("Namespace:\t{}", namespace(pod)));
    if let Some(priority) = at(pod, "spec.priority").as_i64() {
        page.line(0, format!("Priority:\t{priority}"));
    }
    let optional = [
        ("Priority Class Name", "spec.priorityClassName"),
        ("Runtime Class Name", "spec.runtimeClassName"),
        ("Service Account", "spec.serviceAccountName"),
    ];
    for (label, path) in optional {
        if !text(pod, path).is_empty() {
            page.line(0, format!("{label}:\t{}", text(pod, path)));
        }
    }
    match text(pod, "spec.nodeName") {
        "" => page.line(0, "Node:\t<none>"),
        node => page.line(0, format!("Node:\t{node}/{}", text(pod, "status.hostIP"))),
    }
    if !text(pod, "status.startTime").is_empty() {
        page.line(0, format!("Start Time:\t{}", clock.rfc1123(text(pod, "status.startTime"))));
    }
    page.labels("Labels", pod, "metadata.labels");
    page.annotations("Annotations", pod, "metadata.annotations");
    let phase = text(pod, "status.phase");
    let deleted = text(pod, "metadata.deletionTimestamp");
    if deleted.is_empty() || matches!(phase, "Failed" | "Succeeded") {
        page.line(0, format!("Status:\t{phase}"));
    } else {
        page.line(0, format!("Status:\tTerminating (lasts {})", clock.since(deleted)));
        page.line(0, format!("Termination Grace Period:\t{}s", int(pod, "metadata.deletionGracePeriodSeconds")));
    }
    for (label, path) in
        [("Reason", "status.reason"), ("Message", "status.message"), ("SeccompProfile", "spec.securityContext.seccompProfile.type")]
    {
        if !text(pod, path).is_empty() {
            page.line(0, format!("{label}:\t{}", text(pod, path)));
        }
    }
    if text(pod, "spec.securityContext.seccompProfile.type") == "Localhost" {
        page.field("LocalhostProfile", text(pod, "spec.securityContext.seccompProfile.localhostProfile"));
    }
    page.line(0, format!("IP:\t{}", text(pod, "status.podIP")));
    let ips = items(pod, "status.podIPs");
    page.line(0, if ips.is_empty() { "IPs:\t<none>" } else { "IPs:" });
    ips.iter().for_each(|ip| page.line(1, format!("IP:\t{}", text(ip, "ip"))));
    if let Some(owner) = controller(pod) {
        page.line(0, format!("Controlled By:\t{}/{}", text(owner, "kind"), text(owner, "name")));
    }
    if !text(pod, "status.nominatedNodeName").is_empty() {
        page.line(0, format!("NominatedNodeName:\t{}", text(pod, "status.nominatedNodeName")));
    }
}

/// The class in the status, or what the resources make it.
fn qos(pod: &Value) -> &str {
    match text(pod, "status.qosClass") {
        "" => qos::class(at(pod, "spec")),
        class => class,
    }
}
