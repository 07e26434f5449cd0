//! What happens to a new object before it is defaulted: mirrors `PrepareForCreate` of the strategies in `pkg/registry/*`, and
//! `plugin/pkg/admission/storage/storageobjectinuseprotection`, v1.36. (The phase of a new volume or claim is in their tables.)

use serde_json::{Map, Value, json};

/// Takes away what a user can't set when creating (the status, which is the system's, and what a kind ignores), and adds what plain
/// admission adds. Before [`super::apply`]. (A Node comes with its status.)
pub fn prepare_create(kind: &str, tree: &mut Value) {
    let Value::Object(object) = tree else { return };
    if kind != "Node" {
        object.remove("status");
    }
    match kind {
        "PersistentVolume" => finalizer(object, "kubernetes.io/pv-protection"),
        "PersistentVolumeClaim" => {
            finalizer(object, "kubernetes.io/pvc-protection");
            if let Some(Value::Object(spec)) = object.get_mut("spec") {
                data_sources(spec);
            }
        }
        "ServiceAccount" => secret_names(object),
        _ => {}
    }
}

/// Volumes and claims stay as long as they are in use.
fn finalizer(object: &mut Map<String, Value>, name: &str) {
    if let Value::Object(meta) = object.entry("metadata").or_insert_with(|| json!({}))
        && let Value::Array(finalizers) = meta.entry("finalizers").or_insert_with(|| json!([]))
        && !finalizers.iter().any(|own| own == name)
    {
        finalizers.push(Value::from(name));
    }
}

/// `dataSource` and `dataSourceRef` say the same: whichever is set fills the other. The old field only ever knew claims and snapshots;
/// anything else in it is ignored. Data from other namespaces is behind a feature gate that is off.
fn data_sources(spec: &mut Map<String, Value>) {
    let is_set = |spec: &Map<String, Value>, field: &str| spec.get(field).is_some_and(|source| !source.is_null());
    if spec.get("dataSourceRef").is_some_and(|source| source["namespace"].as_str().is_some_and(|namespace| !namespace.is_empty())) {
        spec.remove("dataSourceRef");
    }
    let known = |source: &Value| {
        let (group, kind) = (source["apiGroup"].as_str().unwrap_or_default(), source["kind"].as_str().unwrap_or_default());
        (group, kind) == ("", "PersistentVolumeClaim") || (group, kind) == ("snapshot.storage.k8s.io", "VolumeSnapshot")
    };
    if !is_set(spec, "dataSourceRef") && !spec.get("dataSource").is_some_and(known) {
        spec.remove("dataSource");
    }
    for (from, to) in [("dataSource", "dataSourceRef"), ("dataSourceRef", "dataSource")] {
        if is_set(spec, from) && !is_set(spec, to) {
            let mut source = spec[from].clone();
            if let Some(source) = source.as_object_mut() {
                source.remove("namespace");
            }
            spec.insert(to.into(), source);
        }
    }
}

/// Of a secret's reference only the name counts.
fn secret_names(account: &mut Map<String, Value>) {
    for secret in account.get_mut("secrets").and_then(Value::as_array_mut).into_iter().flatten() {
        *secret = json!({"name": secret["name"]});
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, mut tree: Value, want: Value) {
        prepare_create(kind, &mut tree);
        assert_eq!(tree, want);
    }

    #[test]
    fn preparations() {
        check("Pod", json!({"status": {"phase": "Running"}}), json!({}));
        check("Node", json!({"status": {"a": 1}}), json!({"status": {"a": 1}}));
        let protected = json!({"finalizers": ["kubernetes.io/pvc-protection"]});
        let unknown = json!({"metadata": {}, "spec": {"dataSource": {"kind": "Foo", "name": "x"}}});
        check("PersistentVolumeClaim", unknown, json!({"metadata": protected, "spec": {}}));
        let source = json!({"kind": "PersistentVolumeClaim", "name": "x"});
        let both = json!({"metadata": protected, "spec": {"dataSource": source, "dataSourceRef": source}});
        check("PersistentVolumeClaim", json!({"metadata": protected, "spec": {"dataSource": source}}), both.clone());
        check("PersistentVolumeClaim", json!({"metadata": protected, "spec": {"dataSourceRef": source}}), both);
        check("ServiceAccount", json!({"secrets": [{"name": "a", "kind": "Secret"}]}), json!({"secrets": [{"name": "a"}]}));
    }
}
