//! Merging an applied configuration into an object, and taking items out of one.
//!
//! Mirrors `vendor/sigs.k8s.io/structured-merge-diff/v6/typed/{merge,remove}.go`, v1.36.

use super::element::Element;
use super::set::FieldSet;
use super::shape::{By, Fields, List, Shape, View};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// `live` with what `config` says. Nothing is removed.
pub fn merge(view: View, live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    // Free-form JSON that changes its shape becomes what is applied.
    let shape = if config.is_some() { view.shape(config) } else { view.shape(live) };
    let leaf = || config.or(live).cloned();
    match shape {
        Shape::Scalar(_) => leaf(),
        Shape::List(list) => {
            let (was, is) = (items(live), items(config));
            if list.by == By::Atomic || was.is_empty() && is.is_empty() {
                return leaf();
            }
            let merged = merge_items(&list, was, is);
            (!merged.is_empty()).then_some(Value::Array(merged))
        }
        Shape::Map(fields) => {
            let none = Map::new();
            let (was, is) = (live.and_then(Value::as_object).unwrap_or(&none), config.and_then(Value::as_object).unwrap_or(&none));
            if fields.atomic || was.is_empty() && is.is_empty() {
                return leaf();
            }
            let merged = merge_fields(&fields, was, is);
            (!merged.is_empty()).then_some(Value::Object(merged))
        }
    }
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], |items| items)
}

fn merge_fields(fields: &Fields, live: &Map<String, Value>, config: &Map<String, Value>) -> Map<String, Value> {
    let names: BTreeSet<&String> = live.keys().chain(config.keys()).collect();
    let member = |name: &String| {
        let view = fields.member(name)?;
        Some((name.clone(), merge(view, live.get(name), config.get(name))?))
    };
    names.into_iter().filter_map(member).collect()
}

/// The items with the steps to them.
fn steps<'a>(list: &List, items: &'a [Value]) -> Vec<(Element, &'a Value)> {
    items.iter().filter_map(|item| Some((list.step(item).ok()?, item))).collect()
}

/// By step; nothing for items that can't be told apart.
fn by_step<'a>(items: &'a [(Element, &'a Value)]) -> BTreeMap<&'a Element, Option<&'a Value>> {
    let mut found = BTreeMap::new();
    for (step, item) in items {
        found.entry(step).and_modify(|twin| *twin = None).or_insert(Some(*item));
    }
    found
}

/// The items of both lists. Those of the configuration keep their order; the others stay behind the item that they came after, as
/// far as the orders don't contradict each other: `a b c` with `c x a` applied becomes `b c x a`.
fn merge_items(list: &List, live: &[Value], config: &[Value]) -> Vec<Value> {
    let (ours, theirs) = (steps(list, live), steps(list, config));
    let (our, their) = (by_step(&ours), by_step(&theirs));
    let both = |step: &Element| merge(list.item, our.get(step).copied().flatten(), their.get(step).copied().flatten());
    let mut shared = theirs.iter().map(|(step, _)| step).filter(|step| our.contains_key(step));
    let mut next = shared.next();
    let mut merged: BTreeSet<&Element> = BTreeSet::new();
    let mut out = Vec::new();
    let (mut l, mut r) = (0, 0);
    while l < ours.len() || r < theirs.len() {
        if let (Some((step, _)), Some((other, _))) = (ours.get(l), theirs.get(r)) {
            if step == other {
                merged.insert(step);
                out.extend(both(step));
                (l, r) = (l + 1, r + 1);
                next = shared.next();
                continue;
            }
            // Shared, but not the next one in the configuration's order: its turn comes later.
            if their.contains_key(step) && next.is_some_and(|next| next != step) {
                l += 1;
                continue;
            }
        }
        if let Some((step, item)) = ours.get(l) {
            if !their.contains_key(step) {
                out.extend(merge(list.item, Some(item), None));
                l += 1;
                continue;
            }
            if merged.contains(step) {
                l += 1;
            }
        }
        if let Some((step, _)) = theirs.get(r) {
            merged.insert(step);
            out.extend(both(step));
            r += 1;
            if next == Some(step) {
                next = shared.next();
            }
        }
    }
    out
}

/// `value` without the fields and items of `gone`. What becomes empty on the way becomes null, which counts as absent.
pub fn remove(view: View, value: &Value, gone: &FieldSet) -> Value {
    let left = match (view.shape(Some(value)), value) {
        (Shape::Scalar(_), _) => return value.clone(),
        (Shape::List(list), Value::Array(items)) if list.by != By::Atomic => {
            let keep = |item: &Value| {
                let Ok(step) = list.step(item) else { return Some(item.clone()) };
                (!gone.has_element(&step)).then(|| gone.below(&step).map_or_else(|| item.clone(), |gone| remove(list.item, item, gone)))
            };
            items.iter().filter_map(keep).collect()
        }
        (Shape::Map(fields), Value::Object(map)) if !fields.atomic => {
            let keep = |(name, value): (&String, &Value)| {
                let step = fields.step(name);
                if gone.has_element(&step) {
                    return None;
                }
                let left = gone.below(&step).zip(fields.member(name)).map(|(gone, view)| remove(view, value, gone));
                Some((name.clone(), left.unwrap_or_else(|| value.clone())))
            };
            Value::Object(map.iter().filter_map(keep).collect())
        }
        _ => Value::Null,
    };
    let empty = left.as_array().is_some_and(Vec::is_empty) || left.as_object().is_some_and(Map::is_empty);
    if empty { Value::Null } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::schema;
    use serde_json::json;

    fn pod() -> View {
        View::Object(schema::for_kind("v1", "Pod").expect("a kind of the table"))
    }

    fn containers(names: &str) -> Value {
        let items: Vec<Value> = names.split(' ').filter(|name| !name.is_empty()).map(|name| json!({"name": name})).collect();
        json!({"spec": {"containers": items}})
    }

    #[track_caller]
    fn check(live: &str, config: &str, wanted: &str) {
        let merged = merge(pod(), Some(&containers(live)), Some(&containers(config)));
        assert_eq!(merged, Some(containers(wanted)), "{live} with {config}");
    }

    #[test]
    fn orders_of_items() {
        check("a b c", "b", "a b c");
        check("a b c", "c a", "b c a");
        check("a b c", "c x a", "b c x a");
        check("a b", "x", "a b x");
        check("a b c d", "x c y", "a b x c d y");
        check("", "b a", "b a");
        check("a", "", "a");
    }

    #[test]
    fn what_is_replaced_whole() {
        let live = json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"nodeSelector": {"a": "1"}, "hostname": "h"}});
        let config = json!({"metadata": {"labels": {"a": "9"}}, "spec": {"nodeSelector": {"z": "1"}}});
        let want = json!({"metadata": {"labels": {"a": "9", "b": "2"}}, "spec": {"nodeSelector": {"z": "1"}, "hostname": "h"}});
        assert_eq!(merge(pod(), Some(&live), Some(&config)), Some(want));
    }

    #[test]
    fn removing() {
        let tree = json!({"metadata": {"labels": {"a": "1"}}, "spec": {"hostname": "h", "containers": [{"name": "a"}, {"name": "b", "image": "i"}]}});
        let gone = json!({
            "f:metadata": {"f:labels": {"f:a": {}}},
            "f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {}, "k:{\"name\":\"b\"}": {"f:image": {}}}},
        });
        let left = remove(pod(), &tree, &FieldSet::from_json(&gone).expect("a set"));
        assert_eq!(left, json!({"metadata": {"labels": null}, "spec": {"hostname": "h", "containers": [{"name": "b"}]}}));
    }
}
