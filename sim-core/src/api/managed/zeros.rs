//! An object as the server compares it: with the fields that Go writes even when nobody set them.
//!
//! A new object is compared with an empty one of its kind, and that has `spec`, `status` and the like already: so nobody owns `spec`
//! itself, although somebody brought all that is in it (`apimachinery/pkg/util/managedfields/internal/skipnonapplied.go`, v1.36).

use crate::api::schema::{Field, FieldType, Omit, Type};
use serde_json::{Map, Value};

/// The tree with its zeros, and without the managed fields themselves.
pub fn with_zeros(object: &'static Type, tree: &Value) -> Value {
    let mut tree = tree.clone();
    if let Some(meta) = tree.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
    }
    fill(object, &mut tree);
    tree
}

fn fill(object: &'static Type, tree: &mut Value) {
    let (Some(fields), Value::Object(map)) = (object.fields(), tree) else { return };
    for (name, field) in fields {
        match map.get_mut(*name) {
            Some(value) => fill_below(&field.field_type, value),
            None if field.omit() == Omit::Never => drop(map.insert((*name).to_owned(), zero(field))),
            None => {}
        }
    }
}

fn fill_below(field_type: &'static FieldType, value: &mut Value) {
    match (field_type, value) {
        (FieldType::Object(object), value) => fill(object.resolve(), value),
        (FieldType::List(item), Value::Array(items)) => items.iter_mut().for_each(|value| fill_below(item, value)),
        (FieldType::Map(entry), Value::Object(map)) => map.values_mut().for_each(|value| fill_below(entry, value)),
        _ => {}
    }
}

/// What Go writes for a field that nobody set. Structs by value are written whole; slices, maps and times as null.
fn zero(field: &'static Field) -> Value {
    match &field.field_type {
        FieldType::String | FieldType::Bytes => Value::from(""),
        FieldType::Int32 | FieldType::Int64 | FieldType::IntOrString => Value::from(0),
        FieldType::Quantity => Value::from("0"),
        FieldType::Double => Value::from(0.0),
        FieldType::Boolean => Value::from(false),
        FieldType::Object(object) => {
            let mut tree = Value::Object(Map::new());
            fill(object.resolve(), &mut tree);
            tree
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::schema;
    use serde_json::json;

    #[test]
    fn an_empty_deployment_has_a_template() {
        let object = schema::for_kind("apps/v1", "Deployment").expect("a kind of the table");
        let empty = with_zeros(object, &json!({"metadata": {"name": "web", "managedFields": []}}));
        assert_eq!(empty["spec"]["template"]["spec"]["containers"], Value::Null);
        assert_eq!(empty["metadata"], json!({"name": "web"}));
        assert!(empty["status"].is_object());
        assert!(empty["spec"]["strategy"].is_object());
    }

    #[test]
    fn every_kind_has_an_empty_object() {
        for object in schema::all() {
            assert!(with_zeros(object, &json!({})).is_object(), "{}", object.name);
        }
    }
}
