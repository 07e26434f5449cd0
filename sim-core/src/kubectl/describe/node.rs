//! `kubectl describe node`. Mirrors `describeNode` and `describeNodeResource` of `staging/src/k8s.io/kubectl/pkg/describe/describe.go` and
//! the sums of `staging/src/k8s.io/component-helpers/resource/helpers.go`, v1.36.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Page, events};
use crate::api::quantity::Quantity;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, flag, items, map, name, namespace, plain, text};
use crate::kubectl::get::cluster::roles;

/// Resources that containers commonly have; others get a line of their own in the sums.
const STANDARD: &[&str] = &["cpu", "memory", "ephemeral-storage", "pods", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/// How many pools of devices are shown.
const POOLS_SHOWN: usize = 10;

/// What else there is to tell of a node.
pub struct Around {
    /// Its lease, or why that couldn't be read.
    pub lease: Result<Value, String>,
    /// Its pods that haven't ended.
    pub pods: Vec<Value>,
    /// All ResourceSlices.
    pub slices: Vec<Value>,
}

/// Describes a Node.
pub fn describe(node: &Value, around: &Around, events: Option<&[Value]>, clock: &Clock) -> String {
    let mut page = Page::default();
    page.line(0, format!("Name:\t{}", name(node)));
    let roles = roles(node).join(",");
    page.line(0, format!("Roles:\t{}", if roles.is_empty() { "<none>" } else { &roles }));
    page.labels("Labels", node, "metadata.labels");
    page.annotations("Annotations", node, "metadata.annotations");
    page.line(0, format!("CreationTimestamp:\t{}", clock.rfc1123(text(node, "metadata.creationTimestamp"))));
    page.taints("Taints", node);
    page.line(0, format!("Unschedulable:\t{}", flag(node, "spec.unschedulable")));
    match &around.lease {
        Ok(lease) => lease_lines(&mut page, lease, clock),
        Err(why) => page.line(0, format!("Lease:\tFailed to get lease: {why}")),
    }
    conditions(&mut page, node, clock);
    page.line(0, "Addresses:");
    items(node, "status.addresses").iter().for_each(|a| page.line(1, format!("{}:\t{}", text(a, "type"), text(a, "address"))));
    for (title, path) in [("Capacity", "status.capacity"), ("Allocatable", "status.allocatable")] {
        if let Some(list) = map(node, path) {
            page.line(0, format!("{title}:"));
            list.iter().for_each(|(resource, quantity)| page.line(1, format!("{resource}:\t{}", plain(quantity))));
        }
    }
    device_pools(&mut page, node, &around.slices);
    system_info(&mut page, node);
    pods_table(&mut page, node, &around.pods, clock);
    if let Some(events) = events {
        events::describe(&mut page, events, clock);
    }
    page.finish()
}

fn lease_lines(page: &mut Page, lease: &Value, clock: &Clock) {
    page.line(0, "Lease:");
    let or_unset = |value: String| if value.is_empty() { "<unset>".to_owned() } else { value };
    let time = |path: &str| match text(lease, path) {
        "" => String::new(),
        at => clock.rfc1123(at),
    };
    page.line(1, format!("HolderIdentity:\t{}", or_unset(text(lease, "spec.holderIdentity").to_owned())));
    page.line(1, format!("AcquireTime:\t{}", or_unset(time("spec.acquireTime"))));
    page.line(1, format!("RenewTime:\t{}", or_unset(time("spec.renewTime"))));
}

fn conditions(page: &mut Page, node: &Value, clock: &Clock) {
    let conditions = items(node, "status.conditions");
    if conditions.is_empty() {
        return;
    }
    page.line(0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    page.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for c in conditions {
        let [heartbeat, transition] = ["lastHeartbeatTime", "lastTransitionTime"].map(|key| clock.rfc1123(text(c, key)));
        let (kind, status) = (text(c, "type"), text(c, "status"));
        page.line(1, format!("{kind} \t{status} \t{heartbeat} \t{transition} \t{} \t{}", text(c, "reason"), text(c, "message")));
    }
}

/// The pools of devices that this node alone has, with their slices and devices counted.
fn device_pools(page: &mut Page, node: &Value, slices: &[Value]) {
    let mut pools: BTreeMap<String, (&Value, usize, usize)> = BTreeMap::new();
    for slice in slices.iter().filter(|slice| text(slice, "spec.nodeName") == name(node)) {
        let key = format!("{}/{}", text(slice, "spec.driver"), text(slice, "spec.pool.name"));
        let (_, count, devices) = pools.entry(key).or_insert((slice, 0, 0));
        *count += 1;
        *devices += items(slice, "spec.devices").len();
    }
    if pools.is_empty() {
        return;
    }
    let row = |(slice, count, devices): &(&Value, usize, usize)| {
        format!("{}\t{}\t{count}\t{devices}", text(slice, "spec.driver"), text(slice, "spec.pool.name"))
    };
    let rows = pools.values().take(POOLS_SHOWN).map(row);
    let more = (pools.len() > POOLS_SHOWN).then(|| format!("...and {} more pools", pools.len() - POOLS_SHOWN));
    page.table("Node-Local ResourceSlices", "Driver\tPool\tSlices\tDevices", "------\t----\t------\t-------", rows.chain(more));
}

fn system_info(page: &mut Page, node: &Value) {
    page.line(0, "System Info:");
    let lines = [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ];
    lines.iter().for_each(|(label, key)| page.line(1, format!("{label}:\t{}", text(node, &format!("status.nodeInfo.{key}")))));
    if !text(node, "spec.podCIDR").is_empty() {
        page.line(0, format!("PodCIDR:\t{}", text(node, "spec.podCIDR")));
    }
    let ranges = items(node, "spec.podCIDRs");
    if !ranges.is_empty() {
        page.line(0, format!("PodCIDRs:\t{}", ranges.iter().map(plain).collect::<Vec<_>>().join(",")));
    }
    if !text(node, "spec.providerID").is_empty() {
        page.line(0, format!("ProviderID:\t{}", text(node, "spec.providerID")));
    }
}

/// Quantities by resource name.
type Sums = BTreeMap<String, Quantity>;

fn add(sums: &mut Sums, more: &Sums) {
    for (name, quantity) in more {
        let sum = sums.get(name).map_or_else(|| quantity.clone(), |sum| sum.add(quantity));
        sums.insert(name.clone(), sum);
    }
}

fn raise(sums: &mut Sums, floor: &Sums) {
    for (name, quantity) in floor {
        if sums.get(name).is_none_or(|sum| sum < quantity) {
            sums.insert(name.clone(), quantity.clone());
        }
    }
}

fn quantities(list: &Value) -> Sums {
    let entries = list.as_object().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), Quantity::from_value(value)?.ok()?))).collect()
}

/// What a pod asks for (`requests`) or may use (`limits`): its containers together, or its most demanding init container with the
/// sidecars started before it, whichever is more; and the overhead.
fn pod_total(pod: &Value, list: &str) -> Sums {
    let of = |container: &Value| quantities(at(container, &format!("resources.{list}")));
    let mut total = Sums::new();
    items(pod, "spec.containers").iter().for_each(|c| add(&mut total, &of(c)));
    let (mut sidecars, mut starting) = (Sums::new(), Sums::new());
    for container in items(pod, "spec.initContainers") {
        let own = of(container);
        let mut needed = own.clone();
        if text(container, "restartPolicy") == "Always" {
            add(&mut total, &own);
            add(&mut sidecars, &own);
            needed = sidecars.clone();
        } else {
            add(&mut needed, &sidecars);
        }
        raise(&mut starting, &needed);
    }
    raise(&mut total, &starting);
    // Resources of the pod as a whole take the place of the sums.
    total.extend(quantities(at(pod, &format!("spec.resources.{list}"))));
    let overhead = quantities(at(pod, "spec.overhead"));
    let overhead = overhead.into_iter().filter(|(name, _)| list == "requests" || total.contains_key(name)).collect();
    add(&mut total, &overhead);
    total
}

fn pods_table(page: &mut Page, node: &Value, pods: &[Value], clock: &Clock) {
    page.line(0, format!("Non-terminated Pods:\t({} in total)", pods.len()));
    page.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    page.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let allocatable = if map(node, "status.allocatable").is_some() { at(node, "status.allocatable") } else { at(node, "status.capacity") };
    let allocatable = quantities(allocatable);
    let share = |sums: &Sums, resource: &str| share(sums, &allocatable, resource);
    let (mut requests, mut limits) = (Sums::new(), Sums::new());
    for pod in pods {
        let (asks, may) = (pod_total(pod, "requests"), pod_total(pod, "limits"));
        let cells = [share(&asks, "cpu"), share(&may, "cpu"), share(&asks, "memory"), share(&may, "memory")].join("\t");
        let age = clock.since(text(pod, "metadata.creationTimestamp"));
        page.line(1, format!("{}\t{}\t\t{cells}\t{age}", namespace(pod), name(pod)));
        add(&mut requests, &asks);
        add(&mut limits, &may);
    }
    page.line(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)");
    page.line(1, "Resource\tRequests\tLimits");
    page.line(1, "--------\t--------\t------");
    let huge: Vec<&str> = allocatable.keys().map(String::as_str).filter(|name| name.starts_with("hugepages-")).collect();
    for resource in ["cpu", "memory", "ephemeral-storage"].into_iter().chain(huge) {
        page.line(1, format!("{resource}\t{}\t{}", share(&requests, resource), share(&limits, resource)));
    }
    let extended = allocatable.keys().filter(|name| !STANDARD.contains(&name.as_str()) && !name.starts_with("hugepages-"));
    for resource in extended {
        let total = |sums: &Sums| sums.get(resource).map_or_else(|| "0".to_owned(), Quantity::to_string);
        page.line(1, format!("{resource}\t{}\t{}", total(&requests), total(&limits)));
    }
}

/// `10m (0%)`.
fn share(sums: &Sums, allocatable: &Sums, resource: &str) -> String {
    // CPU is compared in thousandths, the rest in whole units.
    let amount = |sums: &Sums| sums.get(resource).map_or(0, |q| if resource == "cpu" { q.milli_value() } else { q.value() });
    let (used, all) = (amount(sums), amount(allocatable));
    let percent = if all == 0 { 0 } else { (used as f64 / all as f64 * 100.0) as i64 };
    format!("{} ({percent}%)", sums.get(resource).map_or_else(|| "0".to_owned(), Quantity::to_string))
}
