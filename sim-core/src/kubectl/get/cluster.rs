//! The rows of Nodes, Namespaces, Leases and Events. Mirrors `pkg/printers/internalversion/printers.go`, v1.36.

use serde_json::Value;

use super::Cell;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, condition, flag, int, items, name, pairs, text};

/// Columns of Nodes.
pub const NODE: &str = "NAME STATUS ROLES AGE VERSION INTERNAL-IP* EXTERNAL-IP* OS-IMAGE* KERNEL-VERSION* CONTAINER-RUNTIME*";
/// Columns of Namespaces.
pub const NAMESPACE: &str = "NAME STATUS AGE";
/// Columns of Leases.
pub const LEASE: &str = "NAME HOLDER AGE";
/// Columns of Events.
pub const EVENT: &str = "LAST_SEEN TYPE REASON OBJECT SUBOBJECT* SOURCE* MESSAGE FIRST_SEEN* COUNT* NAME*";

/// The roles that a node's labels claim for it, sorted.
pub fn roles(node: &Value) -> Vec<&str> {
    let role = |(key, value): (&'_ str, &'_ str)| match key.strip_prefix("node-role.kubernetes.io/") {
        Some(role) => role.len(),
        None if key == "kubernetes.io/role" => value.len(),
        None => 0,
    };
    let labels = pairs(node, "metadata.labels").into_iter().filter(|pair| role(*pair) > 0);
    let mut roles: Vec<&str> = labels.map(|(key, value)| key.strip_prefix("node-role.kubernetes.io/").unwrap_or(value)).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

fn address<'a>(node: &'a Value, kind: &str) -> &'a str {
    let found = items(node, "status.addresses").iter().find(|a| text(a, "type") == kind);
    found.map_or("<none>", |a| text(a, "address"))
}

/// The cells of a Node.
pub fn node(object: &Value, clock: &Clock) -> Vec<Cell> {
    let mut status = match condition(object, "Ready") {
        None => "Unknown",
        Some(ready) if text(ready, "status") == "True" => "Ready",
        Some(_) => "NotReady",
    }
    .to_owned();
    if flag(object, "spec.unschedulable") {
        status.push_str(",SchedulingDisabled");
    }
    let info = |key: &str| match text(object, &format!("status.nodeInfo.{key}")) {
        "" => "<unknown>".to_owned(),
        known => known.to_owned(),
    };
    let mut kernel = info("kernelVersion");
    let architecture = text(object, "status.nodeInfo.architecture");
    if !architecture.is_empty() {
        kernel.push_str(&format!(" ({architecture})"));
    }
    vec![
        name(object).to_owned(),
        status,
        super::or_none(&roles(object).join(",")),
        clock.since(text(object, "metadata.creationTimestamp")),
        text(object, "status.nodeInfo.kubeletVersion").to_owned(),
        address(object, "InternalIP").to_owned(),
        address(object, "ExternalIP").to_owned(),
        info("osImage"),
        kernel,
        info("containerRuntimeVersion"),
    ]
}

/// The cells of a Namespace.
pub fn namespace(object: &Value, clock: &Clock) -> Vec<Cell> {
    let phase = text(object, "status.phase").to_owned();
    vec![name(object).to_owned(), phase, clock.since(text(object, "metadata.creationTimestamp"))]
}

/// The cells of a Lease.
pub fn lease(object: &Value, clock: &Clock) -> Vec<Cell> {
    let holder = text(object, "spec.holderIdentity").to_owned();
    vec![name(object).to_owned(), holder, clock.since(text(object, "metadata.creationTimestamp"))]
}

/// The cells of an Event.
pub fn event(object: &Value, clock: &Clock) -> Vec<Cell> {
    let first = match text(object, "firstTimestamp") {
        "" => clock.since(text(object, "eventTime")),
        first => clock.since(first),
    };
    let mut last = match text(object, "lastTimestamp") {
        "" => first.clone(),
        last => clock.since(last),
    };
    let mut count = int(object, "count");
    if at(object, "series").is_object() {
        last = clock.since(text(object, "series.lastObservedTime"));
        count = int(object, "series.count");
    }
    let mut target = text(object, "involvedObject.kind").to_lowercase();
    let involved = text(object, "involvedObject.name");
    if !involved.is_empty() {
        target = format!("{target}/{involved}");
    }
    vec![
        last,
        text(object, "type").to_owned(),
        text(object, "reason").to_owned(),
        target,
        text(object, "involvedObject.fieldPath").to_owned(),
        source(object),
        text(object, "message").trim().to_owned(),
        first,
        count.max(1).to_string(),
        name(object).to_owned(),
    ]
}

/// `component, host`, from the old fields or the new ones.
fn source(event: &Value) -> String {
    let either = |old: &str, new: &str| if old.is_empty() { new.to_owned() } else { old.to_owned() };
    let component = either(text(event, "source.component"), text(event, "reportingComponent"));
    let host = either(text(event, "source.host"), text(event, "reportingInstance"));
    if host.is_empty() { component } else { format!("{component}, {host}") }
}
