//! What an object has, and how two objects differ, as sets of paths.
//!
//! Mirrors `vendor/sigs.k8s.io/structured-merge-diff/v6/typed/{tofieldset,compare}.go`, v1.36.

use super::element::{Element, Plain};
use super::set::FieldSet;
use super::shape::{By, Fields, List, Scalar, Shape, View};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The paths that an applied configuration speaks of: its leaves, and the items of its lists. Fields around them aren't among these,
/// unless they are empty.
pub fn fields_of(view: View, value: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    gather(view, value, &mut Vec::new(), &mut set);
    set
}

fn gather(view: View, value: &Value, path: &mut Vec<Element>, set: &mut FieldSet) {
    match (view.shape(Some(value)), value) {
        (Shape::Scalar(_), _) => set.insert(path),
        (Shape::List(list), _) if list.by == By::Atomic => set.insert(path),
        (Shape::Map(fields), _) if fields.atomic => set.insert(path),
        (Shape::List(list), Value::Array(items)) => gather_items(&list, items, path, set),
        (Shape::Map(fields), Value::Object(map)) => {
            for (name, value) in map {
                let Some(view) = fields.member(name) else { continue };
                path.push(fields.step(name));
                gather(view, value, path, set);
                if value.is_null() || value.as_object().is_some_and(Map::is_empty) || !fields.has_field(name) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        _ => {}
    }
}

/// Items that can't be told apart are owned as one, without what is in them.
fn gather_items(list: &List, items: &[Value], path: &mut Vec<Element>, set: &mut FieldSet) {
    let steps: Vec<Option<Element>> = items.iter().map(|item| list.step(item).ok()).collect();
    let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
    for step in steps.iter().flatten() {
        if !seen.insert(step) {
            twice.insert(step);
        }
    }
    for (step, item) in steps.iter().zip(items) {
        let Some(step) = step else { continue };
        path.push(step.clone());
        if !twice.contains(step) {
            gather(list.item, item, path, set);
        }
        set.insert(path);
        path.pop();
    }
}

/// How one object differs from another.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Comparison {
    /// Only in the new one.
    pub added: FieldSet,
    /// In both, with different values.
    pub modified: FieldSet,
    /// Only in the old one.
    pub removed: FieldSet,
}

impl Comparison {
    /// Compares `old` with `new`.
    pub fn of(view: View, old: &Value, new: &Value) -> Comparison {
        let mut walk = Walk::default();
        walk.values(view, Some(old), Some(new));
        walk.found
    }

    /// Without some fields and all that lies below them.
    #[must_use]
    pub fn without(self, fields: &FieldSet) -> Comparison {
        Comparison {
            added: self.added.recursive_difference(fields),
            modified: self.modified.recursive_difference(fields),
            removed: self.removed.recursive_difference(fields),
        }
    }
}

/// Whether two values are the same JSON, numbers by their value.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => Plain(a.clone()) == Plain(b.clone()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

#[derive(Default)]
struct Walk {
    path: Vec<Element>,
    found: Comparison,
}

impl Walk {
    /// Only free-form JSON can be of two shapes: then what was is taken out and what is comes in.
    fn values(&mut self, view: View, old: Option<&Value>, new: Option<&Value>) {
        let (was, is) = (view.shape(old), view.shape(new));
        let same_shape = std::mem::discriminant(&was) == std::mem::discriminant(&is);
        let leaf = match (old, new) {
            (Some(_), None) => self.shaped(was, old, new),
            (Some(_), Some(_)) if !same_shape => {
                self.shaped(was, old, new);
                self.shaped(is, old, new)
            }
            _ => self.shaped(is, old, new),
        };
        match (old, new) {
            (None, _) if !leaf => self.found.added.insert(&self.path),
            (_, None) if !leaf => self.found.removed.insert(&self.path),
            _ => {}
        }
    }

    /// Whether the value counts as one leaf.
    fn shaped(&mut self, shape: Shape, old: Option<&Value>, new: Option<&Value>) -> bool {
        match shape {
            Shape::Scalar(scalar) => {
                let fits = |value: Option<&Value>| value.is_none_or(|value| is_scalar(scalar, value));
                if !fits(old) && !fits(new) {
                    return false;
                }
                self.leaf(old, new);
                true
            }
            Shape::List(list) => {
                let (was, is) = (items(old), items(new));
                if list.by == By::Atomic || was.is_empty() && is.is_empty() {
                    self.leaf(old, new);
                    return true;
                }
                self.items(&list, was, is);
                false
            }
            Shape::Map(fields) => {
                let none = Map::new();
                let (was, is) = (map(old).unwrap_or(&none), map(new).unwrap_or(&none));
                if fields.atomic || was.is_empty() && is.is_empty() {
                    self.leaf(old, new);
                    return true;
                }
                self.fields(&fields, was, is);
                false
            }
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            (Some(old), Some(new)) if !same(old, new) => self.found.modified.insert(&self.path),
            _ => {}
        }
    }

    fn fields(&mut self, fields: &Fields, old: &Map<String, Value>, new: &Map<String, Value>) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let Some(view) = fields.member(name) else { continue };
            self.path.push(fields.step(name));
            self.values(view, old.get(name), new.get(name));
            self.path.pop();
        }
    }

    fn items(&mut self, list: &List, old: &[Value], new: &[Value]) {
        let mut pairs: BTreeMap<Element, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
        for item in old {
            if let Ok(step) = list.step(item) {
                pairs.entry(step).or_default().0.push(item);
            }
        }
        for item in new {
            if let Ok(step) = list.step(item) {
                pairs.entry(step).or_default().1.push(item);
            }
        }
        for (step, (old, new)) in pairs {
            self.path.push(step);
            self.twins(list.item, &old, &new);
            self.path.pop();
        }
    }

    /// Items that can't be told apart are compared as one: two of them are something else than one of them.
    fn twins(&mut self, item: View, old: &[&Value], new: &[&Value]) {
        match (old, new) {
            ([_, _, ..], [_, _, ..]) => {
                if old.len() != new.len() || old.iter().zip(new).any(|(old, new)| !same(old, new)) {
                    self.found.modified.insert(&self.path);
                }
            }
            ([_, _, ..], _) => {
                if let [only] = new {
                    self.values(item, None, Some(only));
                }
                self.found.removed.insert(&self.path);
            }
            (_, [_, _, ..]) => {
                if let [only] = old {
                    self.values(item, Some(only), None);
                }
                self.found.added.insert(&self.path);
            }
            _ => self.values(item, old.first().copied(), new.first().copied()),
        }
    }
}

fn is_scalar(scalar: Scalar, value: &Value) -> bool {
    match scalar {
        Scalar::Numeric => value.is_number() || value.is_null(),
        Scalar::String => value.is_string() || value.is_null(),
        Scalar::Boolean => value.is_boolean() || value.is_null(),
        Scalar::Untyped => !value.is_array() && !value.is_object(),
    }
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], |items| items)
}

fn map(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::schema;
    use serde_json::json;

    fn pod() -> View {
        View::Object(schema::for_kind("v1", "Pod").expect("a kind of the table"))
    }

    #[test]
    fn leaves_items_and_empty_objects_are_spoken_of() {
        let tree = json!({"metadata": {"labels": {"a": "b"}, "annotations": {}, "finalizers": ["x"]}, "spec": {
            "containers": [{"name": "c", "env": [{"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "p"}}}], "args": ["1"], "image": null}],
            "nodeSelector": {"a": "b"}, "imagePullSecrets": [{"name": "s"}],
        }});
        let want = json!({
            "f:metadata": {"f:annotations": {}, "f:finalizers": {"v:\"x\"": {}}, "f:labels": {"f:a": {}}},
            "f:spec": {
                "f:containers": {"k:{\"name\":\"c\"}": {".": {}, "f:name": {}, "f:args": {}, "f:image": {}, "f:env": {
                    "k:{\"name\":\"E\"}": {".": {}, "f:name": {}, "f:valueFrom": {"f:fieldRef": {}}},
                }}},
                "f:nodeSelector": {}, "f:imagePullSecrets": {"k:{\"name\":\"s\"}": {}},
            },
        });
        assert_eq!(fields_of(pod(), &tree).to_json(), want);
    }

    #[track_caller]
    fn check(old: Value, new: Value, added: Value, modified: Value, removed: Value) {
        let found = Comparison::of(pod(), &json!({"spec": old}), &json!({"spec": new}));
        let got = [found.added, found.modified, found.removed].map(|set| set.to_json());
        let want = [added, modified, removed].map(|set| if set == json!({}) { set } else { json!({"f:spec": set}) });
        assert_eq!(got, want);
    }

    #[test]
    fn differences() {
        check(json!({"hostname": "a"}), json!({"hostname": "b"}), json!({}), json!({"f:hostname": {}}), json!({}));
        let whole = json!({"f:containers": {".": {}, "k:{\"name\":\"c\"}": {".": {}, "f:name": {}}}});
        check(json!({}), json!({"containers": [{"name": "c"}]}), whole.clone(), json!({}), json!({}));
        check(json!({"containers": [{"name": "c"}]}), json!({}), json!({}), json!({}), whole);
        let item = json!({"f:containers": {"k:{\"name\":\"c\"}": {".": {}, "f:name": {}}}});
        check(json!({"containers": null}), json!({"containers": [{"name": "c"}]}), item, json!({}), json!({}));
        check(
            json!({"nodeSelector": {"a": "b"}}),
            json!({"nodeSelector": {"a": "c"}}),
            json!({}),
            json!({"f:nodeSelector": {}}),
            json!({}),
        );
        check(json!({"priority": 1}), json!({"priority": 1.0}), json!({}), json!({}), json!({}));
    }

    #[test]
    fn twins_are_one() {
        let env = |values: &[&str]| {
            let items: Vec<Value> = values.iter().map(|value| json!({"name": "E", "value": value})).collect();
            json!({"containers": [{"name": "c", "env": items}]})
        };
        let at = |below: Value| json!({"f:containers": {"k:{\"name\":\"c\"}": {"f:env": {"k:{\"name\":\"E\"}": below}}}});
        check(env(&["1", "2"]), env(&["1", "3"]), json!({}), at(json!({})), json!({}));
        check(env(&["1", "2"]), env(&["1"]), at(json!({".": {}, "f:name": {}, "f:value": {}})), json!({}), at(json!({})));
        check(env(&["1"]), env(&["1", "2"]), at(json!({})), json!({}), at(json!({".": {}, "f:name": {}, "f:value": {}})));
    }
}
