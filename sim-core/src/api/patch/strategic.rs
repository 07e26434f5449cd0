//! Applying a strategic merge patch.

use super::{ListMerge, Shape, list_merge};
use crate::api::quote::shown_by_go;
use crate::api::resources::Resource;
use crate::api::status::{ApiError, Reason};
use serde_json::{Map, Value};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const SET_ORDER: &str = "$setElementOrder/";

/// Applies a patch to an object of a resource.
///
/// # Errors
/// BadRequest when the patch isn't an object; an error without a reason when it has a directive that doesn't exist, an item without its
/// merge key, or items in an order that contradicts itself.
pub fn strategic(resource: &'static Resource, current: &Value, patch: &Value) -> Result<Value, ApiError> {
    let (Value::Object(current), Value::Object(patch)) = (current, patch) else {
        let found = crate::api::decode::json_kind(patch);
        return Err(ApiError::new(
            Reason::BadRequest,
            format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"),
        ));
    };
    let shape = Shape::of_kind(&resource.api_version(), resource.kind);
    merge_object(shape, current.clone(), patch).map(Value::Object)
}

/// The server doesn't classify what the merge itself complains of.
fn bad(why: &str) -> ApiError {
    ApiError::new(Reason::Unknown, why)
}

fn merge_object(shape: Shape, mut current: Map<String, Value>, patch: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    match patch.get(PATCH).and_then(Value::as_str) {
        None | Some("merge") => {}
        Some("replace") => {
            return Ok(patch.iter().filter(|(name, _)| *name != PATCH).map(|(name, value)| (name.clone(), value.clone())).collect());
        }
        Some("delete") => return Ok(Map::new()),
        Some(other) => {
            let map = shown_by_go(&Value::Object(patch.clone()));
            return Err(bad(&format!("unknown patch type: {other} in map: {map}")));
        }
    }
    if let Some(Value::Array(keep)) = patch.get(RETAIN_KEYS) {
        current.retain(|name, _| keep.iter().any(|k| k == name));
    }
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix(DELETE_FROM) {
            if let (Some(Value::Array(items)), Value::Array(gone)) = (current.get_mut(list), value) {
                items.retain(|item| !gone.contains(item));
            }
        } else if let Some(list) = name.strip_prefix(SET_ORDER) {
            // An order without items of its own only reorders what is there.
            if !patch.contains_key(list)
                && let (Some(Value::Array(items)), Value::Array(order)) = (current.get(list), value)
            {
                let ordered = order_items(list_merge(shape, list), items.clone(), order, items);
                current.insert(list.to_owned(), Value::Array(ordered));
            }
        } else if name != PATCH && name != RETAIN_KEYS {
            let old = current.remove(name);
            let order = patch.get(&format!("{SET_ORDER}{name}")).and_then(Value::as_array);
            if let Some(new) = merge_field(shape, name, old, value, order)? {
                current.insert(name.clone(), new);
            }
        }
    }
    Ok(current)
}

/// The field's new value; `None` if it goes.
fn merge_field(shape: Shape, name: &str, old: Option<Value>, patch: &Value, order: Option<&Vec<Value>>) -> Result<Option<Value>, ApiError> {
    match (old, patch) {
        (_, Value::Null) => Ok(None),
        (Some(Value::Object(old)), Value::Object(patch)) => {
            if shape.field(name).is_some_and(|field| field.replaces()) {
                return Ok(Some(Value::Object(patch.clone())));
            }
            merge_object(shape.child(name), old, patch).map(|merged| Some(Value::Object(merged)))
        }
        (_, Value::Object(patch)) => merge_object(shape.child(name), Map::new(), patch).map(|merged| Some(Value::Object(merged))),
        (old, Value::Array(items)) => {
            let old = match old {
                Some(Value::Array(old)) => old,
                _ => Vec::new(),
            };
            merge_list(list_merge(shape, name), old, items, order).map(|list| Some(Value::Array(list)))
        }
        (_, scalar) => Ok(Some(scalar.clone())),
    }
}

fn merge_list(how: ListMerge, old: Vec<Value>, patch: &[Value], order: Option<&Vec<Value>>) -> Result<Vec<Value>, ApiError> {
    let (key, shape) = match how {
        ListMerge::Replace => return Ok(patch.to_vec()),
        ListMerge::Scalars => {
            let mut merged = old.clone();
            patch.iter().for_each(|item| {
                if !merged.contains(item) {
                    merged.push(item.clone())
                }
            });
            return Ok(order_items(how, merged, order.map_or(patch, Vec::as_slice), &old));
        }
        ListMerge::ByKey(key, shape) => (key, shape),
    };
    if patch.iter().any(|item| item[PATCH] == "replace") {
        return Ok(patch.iter().filter(|item| item.get(PATCH).is_none()).cloned().collect());
    }
    if let Some(order) = order {
        check_order(key, patch, order)?;
    }
    let mut merged = old.clone();
    for item in patch {
        let Value::Object(fields) = item else { return Err(bad("a list that merges by key takes objects")) };
        let place = merged.iter().position(|m| m.get(key) == fields.get(key) && fields.contains_key(key));
        if item[PATCH] == "delete" {
            merged.retain(|m| m.get(key) != fields.get(key));
        } else if let Some(place) = place {
            let Value::Object(old) = std::mem::take(&mut merged[place]) else { continue };
            merged[place] = Value::Object(merge_object(shape, old, fields)?);
        } else {
            if !fields.contains_key(key) {
                return Err(bad(&format!("map: {} does not contain declared merge key: {key}", shown_by_go(item))));
            }
            merged.push(Value::Object(merge_object(shape, Map::new(), fields)?));
        }
    }
    let of_patch: Vec<Value> = patch.iter().filter(|item| item.get(PATCH).is_none()).cloned().collect();
    Ok(order_items(how, merged, order.unwrap_or(&of_patch), &old))
}

/// `validatePatchWithSetOrderList`: the items of a patch must come in the order that it sets, none of them left out.
fn check_order(key: &str, patch: &[Value], order: &[Value]) -> Result<(), ApiError> {
    let mut kept = patch.iter().filter(|item| item[PATCH] != "delete");
    let mut places = order.iter();
    if order.is_empty() || kept.all(|item| places.any(|place| place.get(key) == item.get(key))) {
        return Ok(());
    }
    let (items, list) = (shown_by_go(&Value::Array(patch.to_vec())), shown_by_go(&Value::Array(order.to_vec())));
    Err(bad(&format!("The order in patch list:\n{items}\n doesn't match $setElementOrder list:\n{list}\n")))
}

/// `normalizeElementOrder`: the items that the order names come in its order, the others in the server's; where the two lists meet, what
/// stood first on the server stays first, and what the server didn't have comes before what it had.
fn order_items(how: ListMerge, items: Vec<Value>, order: &[Value], server: &[Value]) -> Vec<Value> {
    let same = |a: &Value, b: &Value| match how {
        ListMerge::ByKey(key, _) => a.get(key).is_some() && a.get(key) == b.get(key),
        _ => a == b,
    };
    let place = |list: &[Value], item: &Value| list.iter().position(|other| same(other, item));
    let (mut named, mut others): (Vec<Value>, Vec<Value>) = items.into_iter().partition(|item| place(order, item).is_some());
    named.sort_by_key(|item| place(order, item));
    others.sort_by_key(|item| place(server, item));
    let mut merged = Vec::with_capacity(named.len() + others.len());
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    while let (Some(left), Some(right)) = (named.peek(), others.peek()) {
        let right_first = match (place(server, left), place(server, right)) {
            (Some(l), Some(r)) => l >= r,
            _ => false,
        };
        merged.extend(if right_first { others.next() } else { named.next() });
    }
    merged.extend(named);
    merged.extend(others);
    merged
}
