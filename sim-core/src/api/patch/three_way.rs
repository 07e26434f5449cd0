//! kubectl apply's patch: what was applied before and no longer is goes, what is wanted differently changes, the rest is left to others.

use super::{ListMerge, Shape, list_merge};
use crate::api::resources::Resource;
use serde_json::{Map, Value, json};

/// The strategic merge patch that brings `current` to `modified`, and takes away what only `original` had.
///
/// # Errors
/// If one of them isn't an object.
pub fn three_way(resource: &'static Resource, original: Option<&Value>, modified: &Value, current: &Value) -> Result<Value, String> {
    let shape = Shape::of_kind(&resource.api_version(), resource.kind);
    let object = |tree: &'_ Value| tree.as_object().cloned().ok_or_else(|| "expected an object".to_owned());
    let (modified, current) = (object(modified)?, object(current)?);
    let original = original.map_or_else(|| Ok(Map::new()), object)?;
    let delta = diff(shape, &current, &modified, Want::Changes);
    let deletions = diff(shape, &original, &modified, Want::Deletions);
    Ok(Value::Object(combine(shape, deletions, delta)))
}

/// Which half of a difference is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    /// Additions and changes.
    Changes,
    /// Deletions.
    Deletions,
}

fn diff(shape: Shape, from: &Map<String, Value>, to: &Map<String, Value>, want: Want) -> Map<String, Value> {
    let mut patch = Map::new();
    for (name, old) in from {
        match to.get(name) {
            None if want == Want::Deletions => drop(patch.insert(name.clone(), Value::Null)),
            None => {}
            Some(new) => diff_field(shape, name, old, new, want, &mut patch),
        }
    }
    if want == Want::Changes {
        let added = to.iter().filter(|(name, _)| !from.contains_key(*name));
        patch.extend(added.map(|(name, value)| (name.clone(), value.clone())));
    }
    patch
}

fn diff_field(shape: Shape, name: &str, old: &Value, new: &Value, want: Want, patch: &mut Map<String, Value>) {
    match (old, new) {
        (Value::Object(from), Value::Object(to)) => {
            let field = shape.field(name);
            if field.is_some_and(|field| field.replaces()) {
                if want == Want::Changes && from != to {
                    patch.insert(name.to_owned(), new.clone());
                }
                return;
            }
            let mut child = diff(shape.child(name), from, to, want);
            let stale = from.keys().any(|key| !to.contains_key(key));
            if field.is_some_and(|field| field.retains_keys())
                && want == Want::Changes
                && (!child.is_empty() || stale && to.keys().any(|k| !from.contains_key(k)))
            {
                child.insert("$retainKeys".into(), to.keys().map(|key| Value::from(key.as_str())).collect());
            }
            if !child.is_empty() {
                patch.insert(name.to_owned(), Value::Object(child));
            }
        }
        (Value::Array(from), Value::Array(to)) => diff_list(list_merge(shape, name), name, from, to, want, patch),
        _ if want == Want::Changes && old != new => drop(patch.insert(name.to_owned(), new.clone())),
        _ => {}
    }
}

fn diff_list(how: ListMerge, name: &str, from: &[Value], to: &[Value], want: Want, patch: &mut Map<String, Value>) {
    let mut items: Vec<Value> = Vec::new();
    match how {
        ListMerge::Replace => {
            if want == Want::Changes && from != to {
                patch.insert(name.to_owned(), Value::Array(to.to_vec()));
            }
            return;
        }
        ListMerge::Scalars if want == Want::Changes => items.extend(to.iter().filter(|item| !from.contains(item)).cloned()),
        ListMerge::Scalars => {
            let gone: Vec<Value> = from.iter().filter(|item| !to.contains(item)).cloned().collect();
            if !gone.is_empty() {
                patch.insert(format!("$deleteFromPrimitiveList/{name}"), Value::Array(gone));
            }
        }
        ListMerge::ByKey(key, shape) => diff_items(key, shape, from, to, want, &mut items),
    }
    if want == Want::Changes && (!items.is_empty() || reordered(how, from, to)) {
        let order = to.iter().map(|item| match how {
            ListMerge::ByKey(key, _) => json!({key: item.get(key).cloned().unwrap_or(Value::Null)}),
            _ => item.clone(),
        });
        patch.insert(format!("$setElementOrder/{name}"), order.collect());
    }
    if !items.is_empty() {
        patch.insert(name.to_owned(), Value::Array(items));
    }
}

fn diff_items(key: &'static str, shape: Shape, from: &[Value], to: &[Value], want: Want, items: &mut Vec<Value>) {
    for new in to {
        let old = from.iter().find(|old| old.get(key) == new.get(key));
        match (old, new) {
            (Some(Value::Object(old)), Value::Object(fields)) => {
                let mut child = diff(shape, old, fields, want);
                if !child.is_empty() {
                    child.insert(key.to_owned(), fields.get(key).cloned().unwrap_or(Value::Null));
                    items.push(Value::Object(child));
                }
            }
            (None, _) if want == Want::Changes => items.push(new.clone()),
            _ => {}
        }
    }
    if want == Want::Deletions {
        let gone = from.iter().filter(|old| !to.iter().any(|new| new.get(key) == old.get(key)));
        items.extend(gone.map(|old| json!({"$patch": "delete", key: old.get(key).cloned().unwrap_or(Value::Null)})));
    }
}

/// Whether what both lists have comes in another order.
fn reordered(how: ListMerge, from: &[Value], to: &[Value]) -> bool {
    let id = |item: &Value| match how {
        ListMerge::ByKey(key, _) => item.get(key).cloned().unwrap_or(Value::Null),
        _ => item.clone(),
    };
    let (old, new): (Vec<Value>, Vec<Value>) = (from.iter().map(id).collect(), to.iter().map(id).collect());
    let kept = |list: &[Value], other: &[Value]| list.iter().filter(|item| other.contains(item)).cloned().collect::<Vec<_>>();
    kept(&old, &new) != kept(&new, &old)
}

/// Puts the two halves together. Where both speak of the same object or the same list item, they are joined.
fn combine(shape: Shape, mut first: Map<String, Value>, second: Map<String, Value>) -> Map<String, Value> {
    for (name, value) in second {
        let joined = match (first.remove(&name), value) {
            (Some(Value::Object(a)), Value::Object(b)) => Value::Object(combine(shape.child(&name), a, b)),
            (Some(Value::Array(a)), Value::Array(b)) => Value::Array(combine_items(list_merge(shape, &name), a, b)),
            (_, value) => value,
        };
        first.insert(name, joined);
    }
    first
}

fn combine_items(how: ListMerge, first: Vec<Value>, second: Vec<Value>) -> Vec<Value> {
    let ListMerge::ByKey(key, shape) = how else { return second };
    let mut joined = second;
    for item in first {
        match joined.iter_mut().find(|other| other.get(key) == item.get(key)) {
            Some(other) => {
                if let (Value::Object(a), Value::Object(b)) = (item, other.take()) {
                    *other = Value::Object(combine(shape, a, b));
                }
            }
            None => joined.push(item),
        }
    }
    joined
}
