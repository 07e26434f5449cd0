//! `kubectl describe` of what keeps pods running: `deployment`, `replicaset`, `replicationcontroller`, `statefulset`, `daemonset`.
//! Mirrors `describeDeployment` and its siblings in `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::page::{equations, go_list};
use super::template::{self, selector_text};
use super::{Page, events};
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, controller, int, items, map_mut, name, namespace, plain, text};
use crate::kubectl::get::storage::storage_class_of;
use crate::kubectl::get::{format_selector, labels_or_none};

/// Describes a Deployment; `replica_sets` are all of its own.
pub fn deployment(object: &Value, replica_sets: Vec<Value>, events: Option<&[Value]>, clock: &Clock) -> String {
    let mut page = Page::default();
    page.line(0, format!("Name:\t{}", name(object)));
    page.line(0, format!("Namespace:\t{}", namespace(object)));
    page.line(0, format!("CreationTimestamp:\t{}", clock.rfc1123(text(object, "metadata.creationTimestamp"))));
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    page.line(0, format!("Selector:\t{}", selector_text(at(object, "spec.selector"))));
    let counts = ["updatedReplicas", "replicas", "availableReplicas", "unavailableReplicas"];
    let [updated, total, available, unavailable] = counts.map(|count| int(object, &format!("status.{count}")));
    let desired = int(object, "spec.replicas");
    page.line(
        0,
        format!("Replicas:\t{desired} desired | {updated} updated | {total} total | {available} available | {unavailable} unavailable"),
    );
    page.line(0, format!("StrategyType:\t{}", text(object, "spec.strategy.type")));
    page.line(0, format!("MinReadySeconds:\t{}", int(object, "spec.minReadySeconds")));
    let rolling = at(object, "spec.strategy.rollingUpdate");
    if rolling.is_object() {
        let [unavailable, surge] = ["maxUnavailable", "maxSurge"].map(|key| plain(at(rolling, key)));
        page.line(0, format!("RollingUpdateStrategy:\t{unavailable} max unavailable, {surge} max surge"));
    }
    template::describe(&mut page, at(object, "spec.template"), clock);
    conditions(&mut page, object);
    let (old, new) = old_and_new(object, replica_sets);
    if !old.is_empty() || new.is_some() {
        page.line(0, format!("OldReplicaSets:\t{}", created(&old)));
        page.line(0, format!("NewReplicaSet:\t{}", created(new.as_slice())));
    }
    if let Some(events) = events {
        events::describe(&mut page, events, clock);
    }
    page.finish()
}

fn conditions(page: &mut Page, object: &Value) {
    let conditions = items(object, "status.conditions");
    if !conditions.is_empty() {
        page.line(0, "Conditions:\n  Type\tStatus\tReason");
        page.line(1, "----\t------\t------");
        conditions.iter().for_each(|c| page.line(1, format!("{} \t{}\t{}", text(c, "type"), text(c, "status"), text(c, "reason"))));
    }
}

/// Old ReplicaSets by age, and the oldest one whose template is the Deployment's.
fn old_and_new(deployment: &Value, mut replica_sets: Vec<Value>) -> (Vec<Value>, Option<Value>) {
    let by_age = |rs: &Value| (text(rs, "metadata.creationTimestamp").to_owned(), name(rs).to_owned());
    replica_sets.sort_by_cached_key(by_age);
    let wanted = at(deployment, "spec.template");
    let matches = |rs: &Value| {
        let mut template = at(rs, "spec.template").clone();
        map_mut(&mut template, "metadata.labels").remove("pod-template-hash");
        let mut wanted = wanted.clone();
        map_mut(&mut wanted, "metadata.labels").remove("pod-template-hash");
        template == wanted
    };
    let new = replica_sets.iter().position(matches).map(|at| replica_sets.remove(at));
    (replica_sets, new)
}

fn created(replica_sets: &[Value]) -> String {
    let one = |rs: &Value| format!("{} ({}/{} replicas created)", name(rs), int(rs, "status.replicas"), int(rs, "spec.replicas"));
    if replica_sets.is_empty() { "<none>".to_owned() } else { replica_sets.iter().map(one).collect::<Vec<_>>().join(", ") }
}

/// Describes a ReplicaSet; `pods` are those that its selector chooses.
pub fn replica_set(object: &Value, pods: &[Value], events: Option<&[Value]>, clock: &Clock) -> String {
    let mut page = Page::default();
    page.line(0, format!("Name:\t{}", name(object)));
    page.line(0, format!("Namespace:\t{}", namespace(object)));
    page.line(0, format!("Selector:\t{}", format_selector(at(object, "spec.selector"))));
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    controlled_by(&mut page, object);
    replicas(&mut page, object, pods, clock);
    if let Some(events) = events {
        events::describe(&mut page, events, clock);
    }
    page.finish()
}

/// Describes a ReplicationController, whose selector is a plain map.
pub fn replication_controller(object: &Value, pods: &[Value], events: Option<&[Value]>, clock: &Clock) -> String {
    let mut page = Page::default();
    page.field("Name", name(object));
    page.field("Namespace", namespace(object));
    page.field("Selector", labels_or_none(object, "spec.selector"));
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    replicas(&mut page, object, pods, clock);
    if let Some(events) = events {
        events::describe(&mut page, events, clock);
    }
    page.finish()
}

fn replicas(page: &mut Page, object: &Value, pods: &[Value], clock: &Clock) {
    page.line(0, format!("Replicas:\t{} current / {} desired", int(object, "status.replicas"), int(object, "spec.replicas")));
    page.field("Pods Status", pods_status(object, pods));
    template::describe(page, at(object, "spec.template"), clock);
    conditions(page, object);
}

/// The line about an object's controller, if it has one.
pub fn controlled_by(page: &mut Page, object: &Value) {
    if let Some(owner) = controller(object) {
        page.line(0, format!("Controlled By:\t{}/{}", text(owner, "kind"), text(owner, "name")));
    }
}

/// Describes a StatefulSet; `pods` are those that its selector chooses.
pub fn stateful_set(object: &Value, pods: &[Value], events: Option<&[Value]>, clock: &Clock) -> String {
    let mut page = Page::default();
    page.field("Name", name(object));
    page.field("Namespace", namespace(object));
    page.field("CreationTimestamp", clock.rfc1123(text(object, "metadata.creationTimestamp")));
    page.field("Selector", selector_text(at(object, "spec.selector")));
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    page.line(0, format!("Replicas:\t{} desired | {} total", int(object, "spec.replicas"), int(object, "status.replicas")));
    page.field("Update Strategy", text(object, "spec.updateStrategy.type"));
    let rolling = at(object, "spec.updateStrategy.rollingUpdate");
    if !at(rolling, "partition").is_null() {
        page.line(1, format!("Partition:\t{}", int(rolling, "partition")));
        // Only below a partition, as upstream.
        if !at(rolling, "maxUnavailable").is_null() {
            page.line(1, format!("MaxUnavailable:\t{}", plain(at(rolling, "maxUnavailable"))));
        }
    }
    page.field("Pods Status", pods_status(object, pods));
    template::describe(&mut page, at(object, "spec.template"), clock);
    claim_templates(&mut page, items(object, "spec.volumeClaimTemplates"));
    if let Some(events) = events {
        events::describe(&mut page, events, clock);
    }
    page.finish()
}

fn claim_templates(page: &mut Page, templates: &[Value]) {
    page.line(0, if templates.is_empty() { "Volume Claims:\t<none>" } else { "Volume Claims:" });
    for claim in templates {
        page.line(1, format!("Name:\t{}", name(claim)));
        page.line(1, format!("StorageClass:\t{}", storage_class_of(claim)));
        for (title, path) in [("Labels", "metadata.labels"), ("Annotations", "metadata.annotations")] {
            match equations(claim, path).split_first() {
                None => page.line(1, format!("{title}:\t<none>")),
                Some((first, rest)) => {
                    page.line(1, format!("{title}:\t{first}"));
                    rest.iter().for_each(|entry| page.line(1, format!("\t{entry}")));
                }
            }
        }
        let capacity = at(claim, "spec.resources.requests.storage");
        page.line(1, format!("Capacity:\t{}", if capacity.is_null() { "<default>".to_owned() } else { plain(capacity) }));
        page.line(1, format!("Access Modes:\t{}", go_list(items(claim, "spec.accessModes"))));
    }
}

/// Describes a DaemonSet; `pods` are those that its selector chooses.
pub fn daemon_set(object: &Value, pods: &[Value], events: Option<&[Value]>, clock: &Clock) -> String {
    const COUNTS: &[(&str, &str)] = &[
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ];
    let mut page = Page::default();
    page.field("Name", name(object));
    page.field("Namespace", namespace(object));
    page.field("Selector", selector_text(at(object, "spec.selector")));
    page.field("Node-Selector", labels_or_none(object, "spec.template.spec.nodeSelector"));
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    COUNTS.iter().for_each(|(label, count)| page.line(0, format!("{label}: {}", int(at(object, "status"), count))));
    page.field("Pods Status", pods_status(object, pods));
    template::describe(&mut page, at(object, "spec.template"), clock);
    if let Some(events) = events {
        events::describe(&mut page, events, clock);
    }
    page.finish()
}

/// How many of an owner's pods are in which phase.
fn pods_status(owner: &Value, pods: &[Value]) -> String {
    let uid = text(owner, "metadata.uid");
    let own: Vec<&Value> = pods.iter().filter(|pod| controller(pod).is_some_and(|o| text(o, "uid") == uid)).collect();
    let count = |phase: &str| own.iter().filter(|pod| text(pod, "status.phase") == phase).count();
    let [running, waiting, succeeded, failed] = ["Running", "Pending", "Succeeded", "Failed"].map(count);
    format!("{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed")
}
