//! `kubectl describe` of storage: claims, volumes, storage classes and what CSI drivers a node has. Mirrors `describePersistentVolume`,
//! `describePersistentVolumeClaim` and their siblings in `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::page::{go_list, title_case};
use super::{Page, volumes};
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, int, items, name, namespace, plain, text};
use crate::kubectl::get::labels_or_none;
use crate::kubectl::get::storage::{access_modes, is_default_class, storage_class_of};

/// The pods that use a claim, one for each of their volumes that does; and the pod that the claim was made for.
pub fn users(claim: &Value, pods: &[Value]) -> Vec<String> {
    let mut users = Vec::new();
    for pod in pods {
        let uses = |volume: &&Value| text(volume, "persistentVolumeClaim.claimName") == name(claim);
        users.extend(items(pod, "spec.volumes").iter().filter(uses).map(|_| name(pod).to_owned()));
    }
    for owner in items(claim, "metadata.ownerReferences").iter().filter(|owner| text(owner, "kind") == "Pod") {
        let owning = pods.iter().find(|pod| text(pod, "metadata.uid") == text(owner, "uid"));
        users.extend(owning.map(|pod| name(pod).to_owned()).filter(|name| !users.contains(name)));
    }
    users.sort_unstable();
    users
}

/// Writes a PersistentVolumeClaim; `pods` are those of its namespace.
pub fn claim(page: &mut Page, object: &Value, pods: &[Value], clock: &Clock) {
    page.field("Name", name(object));
    page.field("Namespace", namespace(object));
    page.field("StorageClass", storage_class_of(object));
    page.field("Status", status(object, clock));
    page.field("Volume", text(object, "spec.volumeName"));
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    page.field("Finalizers", go_list(items(object, "metadata.finalizers")));
    let bound = !text(object, "spec.volumeName").is_empty();
    page.field("Capacity", if bound { storage(object, "status.capacity.storage") } else { String::new() });
    page.field("Access Modes", if bound { access_modes(object, "status.accessModes") } else { String::new() });
    volumes::claim_end(page, object, 0);
    page.multiline("Used By", &users(object, pods));
    let conditions = items(object, "status.conditions");
    if !conditions.is_empty() {
        let row = |c: &Value| {
            let [probe, transition] = ["lastProbeTime", "lastTransitionTime"].map(|key| clock.rfc1123(text(c, key)));
            let [kind, status, reason, message] = ["type", "status", "reason", "message"].map(|key| text(c, key));
            format!("{kind} \t{status} \t{probe} \t{transition} \t{reason} \t{message}")
        };
        let header = "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage";
        let rule = "----\t------\t-----------------\t------------------\t------\t-------";
        page.table("Conditions", header, rule, conditions.iter().map(row));
    }
}

fn status(object: &Value, clock: &Clock) -> String {
    match text(object, "metadata.deletionTimestamp") {
        "" => text(object, "status.phase").to_owned(),
        deleted => format!("Terminating (lasts {})", clock.since(deleted)),
    }
}

/// An amount of storage; 0 when it isn't told.
fn storage(object: &Value, path: &str) -> String {
    if at(object, path).is_null() { "0".to_owned() } else { plain(at(object, path)) }
}

/// Writes a PersistentVolume.
pub fn volume(page: &mut Page, object: &Value, clock: &Clock) {
    page.head(object);
    page.field("Finalizers", go_list(items(object, "metadata.finalizers")));
    page.field("StorageClass", storage_class_of(object));
    page.field("Status", status(object, clock));
    let claim = at(object, "spec.claimRef");
    page.field("Claim", if claim.is_null() { String::new() } else { format!("{}/{}", text(claim, "namespace"), text(claim, "name")) });
    page.field("Reclaim Policy", text(object, "spec.persistentVolumeReclaimPolicy"));
    page.field("Access Modes", access_modes(object, "spec.accessModes"));
    if !at(object, "spec.volumeMode").is_null() {
        page.field("VolumeMode", text(object, "spec.volumeMode"));
    }
    page.field("Capacity", storage(object, "spec.capacity.storage"));
    node_affinity(page, at(object, "spec.nodeAffinity.required"));
    page.field("Message", text(object, "status.message"));
    page.line(0, "Source:");
    volumes::of_persistent_volume(page, at(object, "spec"));
}

fn node_affinity(page: &mut Page, required: &Value) {
    if required.is_null() {
        page.field("Node Affinity", "<none>");
        return;
    }
    page.field("Node Affinity", "");
    let terms = items(required, "nodeSelectorTerms");
    page.line(1, if terms.is_empty() { "Required Terms:\t<none>" } else { "Required Terms:\t" });
    let expression = |e: &Value| expression(text(e, "key"), &text(e, "operator").to_lowercase(), items(e, "values"));
    page.terms(2, terms.iter().map(|term| items(term, "matchExpressions").iter().map(expression).collect()));
}

/// `kubernetes.io/hostname in [a, b]`.
fn expression(key: &str, operator: &str, values: &[Value]) -> String {
    let values: Vec<String> = values.iter().map(plain).collect();
    if values.is_empty() { format!("{key} {operator}") } else { format!("{key} {operator} [{}]", values.join(", ")) }
}

/// Writes a StorageClass.
pub fn storage_class(page: &mut Page, object: &Value, _: &Clock) {
    page.field("Name", name(object));
    page.field("IsDefaultClass", if is_default_class(object) { "Yes" } else { "No" });
    page.field("Annotations", labels_or_none(object, "metadata.annotations"));
    page.field("Provisioner", text(object, "provisioner"));
    page.field("Parameters", labels_or_none(object, "parameters"));
    page.field("AllowVolumeExpansion", at(object, "allowVolumeExpansion").as_bool().map_or("<unset>", title_case));
    let options = items(object, "mountOptions");
    page.line(0, if options.is_empty() { "MountOptions:\t<none>" } else { "MountOptions:" });
    options.iter().for_each(|option| page.line(1, plain(option)));
    for (label, key) in [("ReclaimPolicy", "reclaimPolicy"), ("VolumeBindingMode", "volumeBindingMode")] {
        if !at(object, key).is_null() {
            page.field(label, text(object, key));
        }
    }
    if at(object, "allowedTopologies").is_array() {
        let terms = items(object, "allowedTopologies");
        page.field("AllowedTopologies", if terms.is_empty() { "<none>" } else { "" });
        let expression = |e: &Value| expression(text(e, "key"), "in", items(e, "values"));
        page.terms(1, terms.iter().map(|term| items(term, "matchLabelExpressions").iter().map(expression).collect()));
    }
}

/// Writes a VolumeAttributesClass.
pub fn attributes_class(page: &mut Page, object: &Value, _: &Clock) {
    page.field("Name", name(object));
    page.field("Annotations", labels_or_none(object, "metadata.annotations"));
    page.field("DriverName", text(object, "driverName"));
    page.field("Parameters", labels_or_none(object, "parameters"));
}

/// Writes a CSINode.
pub fn csi_node(page: &mut Page, object: &Value, clock: &Clock) {
    page.head(object);
    page.field("CreationTimestamp", clock.rfc1123(text(object, "metadata.creationTimestamp")));
    page.line(0, "Spec:");
    if at(object, "spec.drivers").is_array() {
        page.line(1, "Drivers:");
    }
    for driver in items(object, "spec.drivers") {
        page.line(2, format!("{}:", text(driver, "name")));
        page.line(3, format!("Node ID:\t{}", text(driver, "nodeID")));
        if !at(driver, "allocatable.count").is_null() {
            page.line(3, "Allocatables:");
            page.line(4, format!("Count:\t{}", int(driver, "allocatable.count")));
        }
        if at(driver, "topologyKeys").is_array() {
            page.line(3, format!("Topology Keys:\t{}", go_list(items(driver, "topologyKeys"))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::{Epoch, SimTime};
    use serde_json::json;

    #[track_caller]
    fn check(write: impl Fn(&mut Page), expected: &str) {
        let mut page = Page::default();
        write(&mut page);
        let text = page.raw();
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn terms() {
        let rule = |key: &str, operator: &str, values: Value| json!({"key": key, "operator": operator, "values": values});
        let required = json!({"nodeSelectorTerms": [
            {"matchExpressions": [rule("zone", "In", json!(["a", "b"])), rule("gpu", "Exists", Value::Null)]}, {}]});
        check(
            |page| node_affinity(page, &required),
            "Node Affinity:\t\n  Required Terms:\t\n    Term 0:\tzone in [a, b]\n    \tgpu exists\n    Term 1:\t<none>\n",
        );
        let class = json!({"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, "mountOptions": ["ro"],
            "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}]});
        let clock = Clock { now: SimTime::ZERO, epoch: Epoch::default() };
        check(|page| storage_class(page, &class, &clock), "IsDefaultClass:\tYes\n");
        check(
            |page| storage_class(page, &class, &clock),
            "AllowVolumeExpansion:\t<unset>\nMountOptions:\n  ro\nAllowedTopologies:\t\n  Term 0:\tzone in [a]\n",
        );
    }

    #[test]
    fn users_of_a_claim() {
        let owner = json!([{"kind": "Pod", "uid": "2"}, {"kind": "Pod", "uid": "1"}]);
        let claim = json!({"metadata": {"name": "data", "ownerReferences": owner}});
        let volume = json!({"persistentVolumeClaim": {"claimName": "data"}});
        let pod = |name: &str, uid: &str, volumes: Value| json!({"metadata": {"name": name, "uid": uid}, "spec": {"volumes": volumes}});
        let pods = [pod("b", "1", json!([volume])), pod("a", "2", json!([{"emptyDir": {}}])), pod("c", "3", json!([]))];
        assert_eq!(users(&claim, &pods), ["a", "b"]);
    }
}
