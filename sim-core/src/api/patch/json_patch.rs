//! JSON patch, RFC 6902.

use crate::api::status::{ApiError, Reason};
use serde_json::Value;

/// Applies the operations in order; all or none.
///
/// # Errors
/// If an operation doesn't fit. The server says the same sentence whatever was wrong.
pub fn json_patch(current: &Value, patch: &Value) -> Result<Value, ApiError> {
    let refused = || ApiError::new(Reason::Invalid, "the server rejected our request due to an error in our request");
    let Some(operations) = patch.as_array() else {
        let found = crate::api::decode::json_kind(patch);
        let why = format!("error decoding patch: json: cannot unmarshal {found} into Go value of type []handlers.jsonPatchOp");
        return Err(ApiError::new(Reason::BadRequest, why));
    };
    let mut result = current.clone();
    for operation in operations {
        apply(&mut result, operation).ok_or_else(refused)?;
    }
    Ok(result)
}

fn apply(tree: &mut Value, operation: &Value) -> Option<()> {
    let path = pointer(operation["path"].as_str()?)?;
    match operation["op"].as_str()? {
        "add" => add(tree, &path, operation["value"].clone()),
        "remove" => remove(tree, &path).map(drop),
        "replace" => replace(tree, &path, operation["value"].clone()),
        "move" => {
            let from = pointer(operation["from"].as_str()?)?;
            let value = remove(tree, &from)?;
            add(tree, &path, value)
        }
        "copy" => {
            let from = pointer(operation["from"].as_str()?)?;
            let value = find(tree, &from)?.clone();
            add(tree, &path, value)
        }
        "test" => (*find(tree, &path)? == operation["value"]).then_some(()),
        _ => None,
    }
}

/// The parts of a path. What comes before the first slash is dropped, as the library that the server uses does (evanphx/json-patch v4);
/// one without a slash leads nowhere.
fn pointer(text: &str) -> Option<Vec<String>> {
    (text.is_empty() || text.contains('/'))
        .then(|| text.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

/// A field that isn't there is added; an item must be there.
fn replace(tree: &mut Value, path: &[String], value: Value) -> Option<()> {
    match path.split_last() {
        Some((last, parents)) if find(tree, parents)?.is_object() => {
            find(tree, parents)?[last.as_str()] = value;
        }
        _ => *find(tree, path)? = value,
    }
    Some(())
}

fn find<'a>(tree: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(tree, |at, part| match at {
        Value::Object(map) => map.get_mut(part),
        Value::Array(list) => list.get_mut(part.parse::<usize>().ok()?),
        _ => None,
    })
}

fn add(tree: &mut Value, path: &[String], value: Value) -> Option<()> {
    let Some((last, parents)) = path.split_last() else {
        *tree = value;
        return Some(());
    };
    match find(tree, parents)? {
        Value::Object(map) => drop(map.insert(last.clone(), value)),
        Value::Array(list) => {
            let place = if last == "-" { list.len() } else { last.parse().ok()? };
            if place > list.len() {
                return None;
            }
            list.insert(place, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(tree: &mut Value, path: &[String]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    match find(tree, parents)? {
        Value::Object(map) => map.remove(last),
        Value::Array(list) => {
            let place: usize = last.parse().ok()?;
            (place < list.len()).then(|| list.remove(place))
        }
        _ => None,
    }
}
