//! Moving from client-side to server-side apply: what client-side apply owns becomes what kubectl applies, so that fields can be given up.
//!
//! Mirrors `staging/src/k8s.io/client-go/util/csaupgrade/upgrade.go`, v1.36. Works on `managedFields` as they are served: this is a
//! client's work.

use super::LAST_APPLIED;
use super::set::FieldSet;
use serde_json::Value;

fn owner<'a>(entries: &'a [Value], operation: &str) -> impl Iterator<Item = &'a str> {
    let annotation = FieldSet::of([&["metadata", "annotations", LAST_APPLIED][..]]);
    let owns =
        move |entry: &&Value| FieldSet::from_json(&entry["fieldsV1"]).is_some_and(|fields| annotation.difference(&fields).is_empty());
    let of_operation: Vec<&Value> = entries.iter().filter(|entry| entry["operation"] == *operation).filter(owns).collect();
    of_operation.into_iter().map(|entry| entry["manager"].as_str().unwrap_or_default())
}

/// Whether somebody applies the annotation of client-side apply on the server's side.
pub fn owns_last_applied(entries: &[Value]) -> bool {
    owner(entries, "Apply").next().is_some()
}

/// The names of those who updated the annotation of client-side apply last.
pub fn client_side_managers(entries: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = owner(entries, "Update").map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// The entries with what these managers updated counted as what `applier` applied.
pub fn upgraded(entries: &[Value], managers: &[String], applier: &str) -> Vec<Value> {
    managers.iter().fold(entries.to_vec(), |entries, manager| with_one_upgraded(entries, manager, applier))
}

fn with_one_upgraded(mut entries: Vec<Value>, manager: &str, applier: &str) -> Vec<Value> {
    let is = |entry: &Value, name: &str, operation: &str| {
        entry["manager"] == *name && entry["operation"] == *operation && entry["subresource"].as_str().unwrap_or_default().is_empty()
    };
    let updates = |entry: &Value| is(entry, manager, "Update");
    let target = match entries.iter().position(|entry| is(entry, applier, "Apply")) {
        Some(target) => target,
        None => {
            let Some(target) = entries.iter().position(updates) else { return entries };
            entries[target]["operation"] = "Apply".into();
            entries[target]["manager"] = applier.into();
            target
        }
    };
    let same_version = |entry: &&Value| updates(entry) && entry["apiVersion"] == entries[target]["apiVersion"];
    if let Some(from) = entries.iter().find(same_version) {
        let set = |entry: &Value| FieldSet::from_json(&entry["fieldsV1"]).unwrap_or_default();
        entries[target]["fieldsV1"] = set(&entries[target]).union(&set(from)).to_json();
    }
    entries.retain(|entry| !updates(entry));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    #[test]
    fn client_side_work_becomes_what_is_applied() {
        let annotation = json!({"f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {}}}});
        let csa = entry("kubectl-client-side-apply", "Update", &annotation);
        let ssa = entry("kubectl", "Apply", &json!({"f:data": {}}));
        let other = entry("kubectl-patch", "Update", &json!({"f:data": {}}));
        let entries = [ssa, csa.clone(), other.clone()];
        let managers = client_side_managers(&entries);
        assert_eq!((managers.as_slice(), owns_last_applied(&entries)), (&["kubectl-client-side-apply".to_owned()][..], false));
        let mut both = annotation.clone();
        both["f:data"] = json!({});
        assert_eq!(upgraded(&entries, &managers, "kubectl"), [entry("kubectl", "Apply", &both), other.clone()]);
        assert_eq!(upgraded(&[csa, other.clone()], &managers, "kubectl"), [entry("kubectl", "Apply", &annotation), other]);
    }
}
