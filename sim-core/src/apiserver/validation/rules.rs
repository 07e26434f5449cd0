//! Rules as tables: one row per field, in the order in which the API server looks at them, and one walker for all.
//!
//! A row names a field of the object at hand and what must hold of it. What concerns several fields at once is a [`Rule::Check`]: a
//! named function, in the same table at the place where upstream calls it.

use super::meta;
use super::names::{self, TextRule};
use super::path::{Errors, Path};
use super::pod::Scope;
use crate::api::status::FieldError;
use serde_json::Value;

/// A rule on more than one field. It gets the place and value that the row names.
pub type Check = fn(&Path<'_>, &Value, &Scope<'_>, &mut Errors);

/// What must hold of one field.
pub enum Rule {
    /// Absent, empty text and empty list are `Required value`, with a note.
    Required(&'static str),
    /// If there is text, it keeps the rule: each complaint is an `Invalid value`.
    Text(TextRule),
    /// Text must be there (else `Required value`) and keep the rule.
    RequiredText(TextRule),
    /// A number of at least 0.
    NonNegative,
    /// A number above 0; absent counts as 0.
    Positive,
    /// A number within bounds, both inclusive. Absent is fine.
    Between(i64, i64),
    /// The permission bits of a file. Absent is fine.
    FileMode,
    /// One of these, in the order of the message; absent is fine.
    OneOf(&'static [&'static str]),
    /// As `OneOf`; absent or empty text is a `Required value`.
    RequiredOneOf(&'static [&'static str]),
    /// As `OneOf`; absent or empty text is an `Unsupported value` as any other.
    ExactlyOneOf(&'static [&'static str]),
    /// A map of label keys and values.
    Labels,
    /// A `LabelSelector`.
    LabelSelector,
    /// A port's number or name.
    PortNumberOrName,
    /// If the field is set, these rows hold of its fields.
    Object(&'static [Row]),
    /// These rows hold of each item of a list.
    Each(&'static [Row]),
    /// A rule in code.
    Check(Check),
    /// As `Check`, and only if the field is set.
    IfSet(Check),
}

/// A field (empty: the object itself) and what must hold of it.
pub struct Row(pub &'static str, pub Rule);

/// The text of a value; empty for anything else.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// The number of a value; 0 for anything else.
pub fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

/// The items of a list; none for anything else.
pub fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The entries of a map, sorted by key; none for anything else.
pub fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// Whether a Go field would be its zero value: absent, empty, 0 or false.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(_) => number(value) == 0,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(o) => o.is_empty(),
    }
}

/// Whether a boolean is there and true.
pub fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true)
}

/// Sets a field somewhere below; objects on the way are made if absent. Does nothing where there is something else in the way.
pub fn put(tree: &mut Value, path: &[&str], value: Value) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut at = tree;
    for parent in parents {
        let Value::Object(map) = at else { return };
        at = map.entry(*parent).or_insert(Value::Null);
        if at.is_null() {
            *at = Value::Object(serde_json::Map::new());
        }
    }
    if let Value::Object(map) = at {
        map.insert((*last).into(), value);
    }
}

/// The items of a list below an object, to change them; none for anything else.
pub fn items_mut<'a>(object: &'a mut Value, field: &str) -> impl Iterator<Item = &'a mut Value> {
    object.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Adds an `Invalid value` for each complaint.
pub fn complain(path: &Path<'_>, text: &str, complaints: Vec<String>, errors: &mut Errors) {
    errors.extend(complaints.iter().map(|c| FieldError::invalid_text(path, text, c)));
}

/// Goes through a table at one object.
pub fn walk(rows: &[Row], object: &Value, path: &Path<'_>, scope: &Scope<'_>, errors: &mut Errors) {
    for Row(name, rule) in rows {
        if name.is_empty() {
            apply(rule, object, path, scope, errors);
        } else {
            apply(rule, &object[*name], &path.child(name), scope, errors);
        }
    }
}

fn one_of(value: &Value, path: &Path<'_>, supported: &[&str], errors: &mut Errors) {
    if !supported.contains(&text(value)) {
        let value = if value.is_null() { &Value::String(String::new()) } else { value };
        errors.push(FieldError::not_supported(path, value, supported));
    }
}

fn apply(rule: &Rule, value: &Value, path: &Path<'_>, scope: &Scope<'_>, errors: &mut Errors) {
    match rule {
        Rule::Required(note) => {
            if is_empty(value) {
                errors.push(FieldError::required(path, note));
            }
        }
        Rule::Text(rule) => {
            if !text(value).is_empty() {
                complain(path, text(value), rule(text(value)), errors);
            }
        }
        Rule::RequiredText(rule) => {
            if text(value).is_empty() {
                errors.push(FieldError::required(path, ""));
            } else {
                complain(path, text(value), rule(text(value)), errors);
            }
        }
        Rule::NonNegative => {
            if number(value) < 0 {
                errors.push(FieldError::invalid(path, value, "must be greater than or equal to 0"));
            }
        }
        Rule::Positive => {
            if number(value) <= 0 {
                errors.push(FieldError::invalid(path, &Value::from(number(value)), "must be greater than zero"));
            }
        }
        Rule::Between(low, high) => {
            if !value.is_null() && !(*low..=*high).contains(&number(value)) {
                errors.push(FieldError::invalid(path, value, &names::range_error(*low, *high)));
            }
        }
        Rule::FileMode => {
            if !value.is_null() && !(0..=0o777).contains(&number(value)) {
                errors.push(FieldError::invalid(path, value, "must be a number between 0 and 0777 (octal), both inclusive"));
            }
        }
        Rule::OneOf(supported) => {
            if !value.is_null() {
                one_of(value, path, supported, errors);
            }
        }
        Rule::RequiredOneOf(supported) => {
            if text(value).is_empty() {
                errors.push(FieldError::required(path, ""));
            } else {
                one_of(value, path, supported, errors);
            }
        }
        Rule::ExactlyOneOf(supported) => one_of(value, path, supported, errors),
        Rule::Labels => meta::labels(path, value, errors),
        Rule::LabelSelector => meta::label_selector(path, value, errors),
        Rule::PortNumberOrName => port_number_or_name(path, value, errors),
        Rule::Object(rows) => {
            if !value.is_null() {
                walk(rows, value, path, scope, errors);
            }
        }
        Rule::Each(rows) => {
            for (i, item) in items(value).iter().enumerate() {
                walk(rows, item, &path.index(i), scope, errors);
            }
        }
        Rule::Check(check) => check(path, value, scope, errors),
        Rule::IfSet(check) => {
            if !value.is_null() {
                check(path, value, scope, errors);
            }
        }
    }
}

/// `intstr.IntOrString` as a port: a number in range, or a port's name. Absent counts as 0.
pub fn port_number_or_name(path: &Path<'_>, value: &Value, errors: &mut Errors) {
    match value {
        Value::String(name) => complain(path, name, names::port_name(name), errors),
        _ => {
            let port = number(value);
            if !(1..=65535).contains(&port) {
                errors.push(FieldError::invalid(path, &Value::from(port), &names::range_error(1, 65535)));
            }
        }
    }
}
