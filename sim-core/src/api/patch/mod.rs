//! Patches of external trees: strategic merge, JSON merge (RFC 7386), JSON patch (RFC 6902), and apply's three-way diff.
//!
//! Mirrors `staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go`, v1.36. Which lists merge, and by which key, stands in the
//! schema table.

mod json_patch;
mod strategic;
mod three_way;

pub use json_patch::json_patch;
pub use strategic::strategic;
pub use three_way::three_way;

use crate::api::schema::{self, Field, FieldType, Type};
use serde_json::{Map, Value};

/// What is known of the fields of an object: its type, or the type of all its values.
#[derive(Clone, Copy)]
enum Shape {
    Object(&'static Type),
    Map(&'static FieldType),
    Unknown,
}

impl Shape {
    fn of_kind(api_version: &str, kind: &str) -> Shape {
        schema::for_kind(api_version, kind).map_or(Shape::Unknown, Shape::Object)
    }

    fn of(field_type: &'static FieldType) -> Shape {
        match field_type {
            FieldType::Object(object) => Shape::Object(object.resolve()),
            FieldType::Map(value) => Shape::Map(value),
            _ => Shape::Unknown,
        }
    }

    fn field(self, name: &str) -> Option<&'static Field> {
        match self {
            Shape::Object(object) => object.field(name),
            _ => None,
        }
    }

    fn child(self, name: &str) -> Shape {
        match self {
            Shape::Object(object) => object.field(name).map_or(Shape::Unknown, |field| Shape::of(&field.field_type)),
            Shape::Map(value) => Shape::of(value),
            Shape::Unknown => Shape::Unknown,
        }
    }
}

/// How a list merges: item by item under a key, as a set of scalars, or not at all.
#[derive(Clone, Copy)]
enum ListMerge {
    ByKey(&'static str, Shape),
    Scalars,
    Replace,
}

fn list_merge(shape: Shape, name: &str) -> ListMerge {
    let Some(field) = shape.field(name).filter(|field| field.merges()) else { return ListMerge::Replace };
    let items = field.field_type.element().map_or(Shape::Unknown, Shape::of);
    match (field.merge_key, items) {
        (Some(key), Shape::Object(_)) => ListMerge::ByKey(key, items),
        _ => ListMerge::Scalars,
    }
}

/// JSON merge patch: objects merge, null removes, all else replaces.
pub fn merge(current: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut result = match current {
        Value::Object(current) => current.clone(),
        _ => Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            result.remove(name);
        } else {
            let old = result.get(name).cloned().unwrap_or(Value::Null);
            result.insert(name.clone(), merge(&old, value));
        }
    }
    Value::Object(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::resources;
    use serde_json::json;

    fn deployment() -> &'static resources::Resource {
        resources::by_kind("apps/v1", "Deployment").expect("the table has Deployments")
    }

    #[test]
    fn merge_patch_follows_the_rfc() {
        let check = |current: Value, patch: Value, wanted: Value| assert_eq!(merge(&current, &patch), wanted);
        check(json!({"a": "b", "c": 1}), json!({"a": null, "d": {"e": null, "f": 2}}), json!({"c": 1, "d": {"f": 2}}));
        check(json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]}));
        check(json!({"a": 1}), json!(["x"]), json!(["x"]));
    }

    #[test]
    fn containers_merge_by_name() {
        let current = json!({"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}}}});
        let check = |containers: Value, wanted: Value| {
            let patch = json!({"spec": {"template": {"spec": {"containers": containers}}}});
            let result = strategic(deployment(), &current, &patch).expect("the patch fits");
            assert_eq!(result["spec"]["template"]["spec"]["containers"], wanted);
        };
        check(json!([{"name": "b", "image": "z"}]), json!([{"name": "a", "image": "x"}, {"name": "b", "image": "z"}]));
        check(json!([{"name": "a", "$patch": "delete"}]), json!([{"name": "b", "image": "y"}]));
        check(json!([{"name": "c"}]), json!([{"name": "c"}, {"name": "a", "image": "x"}, {"name": "b", "image": "y"}]));
        check(json!([{"$patch": "replace"}, {"name": "n"}]), json!([{"name": "n"}]));
    }

    #[test]
    fn apply_removes_what_was_applied_before_and_keeps_what_others_set() {
        let original = json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"replicas": 2}});
        let modified = json!({"metadata": {"labels": {"a": "9"}}, "spec": {"paused": true}});
        let current = json!({"metadata": {"labels": {"a": "1", "b": "2", "theirs": "x"}}, "spec": {"replicas": 5, "minReadySeconds": 3}});
        let patch = three_way(deployment(), Some(&original), &modified, &current).expect("these are objects");
        assert_eq!(patch, json!({"metadata": {"labels": {"a": "9", "b": null}}, "spec": {"replicas": null, "paused": true}}));
        let result = strategic(deployment(), &current, &patch).expect("the patch fits");
        assert_eq!(result, json!({"metadata": {"labels": {"a": "9", "theirs": "x"}}, "spec": {"minReadySeconds": 3, "paused": true}}));
    }

    #[test]
    fn json_patch_adds_moves_and_tests() {
        let current = json!({"a": [1, 2], "b": {"c/d": 1}});
        let patch = json!([
            {"op": "test", "path": "/a/0", "value": 1}, {"op": "add", "path": "/a/1", "value": 9}, {"op": "remove", "path": "/a/0"},
            {"op": "replace", "path": "/b/c~1d", "value": 2}, {"op": "move", "from": "/b", "path": "/e"}, {"op": "add", "path": "/a/-", "value": 7}
        ]);
        assert_eq!(json_patch(&current, &patch).expect("every step works"), json!({"a": [9, 2, 7], "e": {"c/d": 2}}));
        for bad in [
            json!([{"op": "remove", "path": "/x"}]),
            json!([{"op": "test", "path": "/a/0", "value": 3}]),
            json!({}),
            json!([{"op": "add"}]),
        ] {
            assert!(json_patch(&current, &bad).is_err(), "{bad}");
        }
    }
}
