//! Reading fields out of object trees by dotted path: absent, null and wrongly typed all read as empty.

use serde_json::{Map, Value};

static NULL: Value = Value::Null;

/// The value at a dotted path such as `spec.template.metadata`; `Null` when any step is missing.
pub fn at<'a>(tree: &'a Value, path: &str) -> &'a Value {
    path.split('.').try_fold(tree, |here, key| here.get(key)).unwrap_or(&NULL)
}

/// The string at a path; empty when absent.
pub fn text<'a>(tree: &'a Value, path: &str) -> &'a str {
    at(tree, path).as_str().unwrap_or("")
}

/// The integer at a path; 0 when absent.
pub fn int(tree: &Value, path: &str) -> i64 {
    at(tree, path).as_i64().unwrap_or(0)
}

/// The boolean at a path; false when absent.
pub fn flag(tree: &Value, path: &str) -> bool {
    at(tree, path).as_bool().unwrap_or(false)
}

/// The list at a path; empty when absent.
pub fn items<'a>(tree: &'a Value, path: &str) -> &'a [Value] {
    at(tree, path).as_array().map_or(&[], Vec::as_slice)
}

/// The map at a path; `None` when absent or empty.
pub fn map<'a>(tree: &'a Value, path: &str) -> Option<&'a Map<String, Value>> {
    at(tree, path).as_object().filter(|m| !m.is_empty())
}

/// The entries of a map of strings at a path, sorted by key.
pub fn pairs<'a>(tree: &'a Value, path: &str) -> Vec<(&'a str, &'a str)> {
    let entries = at(tree, path).as_object().into_iter().flatten();
    entries.map(|(k, v)| (k.as_str(), v.as_str().unwrap_or(""))).collect()
}

/// A scalar as Go's `%v` prints it: strings bare, null as nothing.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

/// `metadata.name`.
pub fn name(object: &Value) -> &str {
    text(object, "metadata.name")
}

/// `metadata.namespace`; empty for cluster-scoped objects.
pub fn namespace(object: &Value) -> &str {
    text(object, "metadata.namespace")
}

/// The annotation or label `key` of the map at `path`.
pub fn entry<'a>(object: &'a Value, path: &str, key: &str) -> Option<&'a str> {
    at(object, path).get(key).and_then(Value::as_str)
}

/// The owner reference with `controller: true`, if there is one.
pub fn controller(object: &Value) -> Option<&Value> {
    items(object, "metadata.ownerReferences").iter().find(|o| flag(o, "controller"))
}

/// The condition of a type in `status.conditions`.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    items(object, "status.conditions").iter().find(|c| text(c, "type") == kind)
}

/// Makes sure there is a map at a dotted path and gives it.
pub fn map_mut<'a>(tree: &'a mut Value, path: &str) -> &'a mut Map<String, Value> {
    let mut here = tree;
    for key in path.split('.') {
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        here = here.as_object_mut().expect("made an object just above").entry(key).or_insert(Value::Null);
    }
    if !here.is_object() {
        *here = Value::Object(Map::new());
    }
    here.as_object_mut().expect("made an object just above")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn absent_reads_as_empty() {
        let tree = json!({"a": {"b": 1, "c": "x", "d": [true]}});
        assert_eq!((int(&tree, "a.b"), text(&tree, "a.c"), items(&tree, "a.d").len()), (1, "x", 1));
        assert_eq!((int(&tree, "a.x.y"), text(&tree, "a.b"), items(&tree, "z").len()), (0, "", 0));
        let mut tree = Value::Null;
        map_mut(&mut tree, "a.b").insert("c".into(), json!(1));
        assert_eq!(tree, json!({"a": {"b": {"c": 1}}}));
    }
}
