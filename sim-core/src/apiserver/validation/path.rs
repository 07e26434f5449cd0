//! Where in an object an error is, and how an error's value is written: mirrors
//! `apimachinery/pkg/util/validation/field/{path,errors}.go`, v1.36.
//!
//! A path is a chain of borrowed steps on the stack: it becomes text only when there is an error to report, so that the many
//! valid objects cost nothing.

use crate::api::quote::quote;
use crate::api::status::{FieldError, FieldErrorType};
use serde_json::Value;
use std::fmt;

/// All errors found so far, in the order in which the API server finds them.
pub type Errors = Vec<FieldError>;

#[derive(Clone, Copy)]
enum Step<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

/// A place in an object: `spec.containers[0].resources.limits[cpu]`.
#[derive(Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

impl<'a> Path<'a> {
    /// The object itself, which has no name in a path.
    pub const ROOT: Path<'static> = Path { parent: None, step: Step::Field("") };

    /// A path that starts at the object: `Path::of("spec")`. Dots in the name are taken as they are.
    pub const fn of(name: &'a str) -> Path<'a> {
        Path { parent: None, step: Step::Field(name) }
    }

    /// `self.name`
    pub const fn child(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Field(name) }
    }

    /// `self[index]`
    pub const fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), step: Step::Index(index) }
    }

    /// `self[key]`, for maps.
    pub const fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Key(key) }
    }

    fn is_root(&self) -> bool {
        self.parent.is_none() && matches!(self.step, Step::Field(""))
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            fmt::Display::fmt(parent, f)?;
            if matches!(self.step, Step::Field(_)) && !parent.is_root() {
                f.write_str(".")?;
            }
        }
        match self.step {
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => write!(f, "[{key}]"),
        }
    }
}

fn error(kind: FieldErrorType, path: impl fmt::Display, value: Option<String>, detail: &str) -> FieldError {
    let mut body = kind.words().to_owned();
    if let Some(value) = value {
        body.push_str(": ");
        body.push_str(&value);
    }
    if !detail.is_empty() {
        body.push_str(": ");
        body.push_str(detail);
    }
    FieldError { kind, field: path.to_string(), body }
}

/// Constructors with the words of `field/errors.go`.
impl FieldError {
    /// `Invalid value: …: detail`; a malformed value.
    pub fn invalid(path: impl fmt::Display, value: &Value, detail: &str) -> FieldError {
        error(FieldErrorType::Invalid, path, Some(go_value(value)), detail)
    }

    /// As [`FieldError::invalid`], of a string.
    pub fn invalid_text(path: impl fmt::Display, text: &str, detail: &str) -> FieldError {
        error(FieldErrorType::Invalid, path, Some(quote(text)), detail)
    }

    /// As [`FieldError::invalid`], of a value that is rendered already (a Go struct as JSON).
    pub fn invalid_raw(path: impl fmt::Display, rendered: String, detail: &str) -> FieldError {
        error(FieldErrorType::Invalid, path, Some(rendered), detail)
    }

    /// `Invalid value: detail`, of a value that isn't shown.
    pub fn invalid_unshown(path: impl fmt::Display, detail: &str) -> FieldError {
        error(FieldErrorType::Invalid, path, None, detail)
    }

    /// `Required value`, with a note unless that is empty.
    pub fn required(path: impl fmt::Display, detail: &str) -> FieldError {
        error(FieldErrorType::Required, path, None, detail)
    }

    /// `Forbidden: detail`
    pub fn forbidden(path: impl fmt::Display, detail: &str) -> FieldError {
        error(FieldErrorType::Forbidden, path, None, detail)
    }

    /// `Duplicate value: …`
    pub fn duplicate(path: impl fmt::Display, value: &Value) -> FieldError {
        error(FieldErrorType::Duplicate, path, Some(go_value(value)), "")
    }

    /// As [`FieldError::duplicate`], of a value that is rendered already.
    pub fn duplicate_raw(path: impl fmt::Display, rendered: String, detail: &str) -> FieldError {
        error(FieldErrorType::Duplicate, path, Some(rendered), detail)
    }

    /// `Not found: …`
    pub fn missing(path: impl fmt::Display, text: &str, detail: &str) -> FieldError {
        error(FieldErrorType::NotFound, path, Some(quote(text)), detail)
    }

    /// `Unsupported value: …: supported values: "a", "b"`
    pub fn not_supported(path: impl fmt::Display, value: &Value, supported: &[&str]) -> FieldError {
        Self::not_supported_raw(path, go_value(value), supported)
    }

    /// As [`FieldError::not_supported`], of a value that is rendered already.
    pub fn not_supported_raw(path: impl fmt::Display, rendered: String, supported: &[&str]) -> FieldError {
        let list: Vec<String> = supported.iter().map(|s| quote(s)).collect();
        let detail = if list.is_empty() { String::new() } else { format!("supported values: {}", list.join(", ")) };
        error(FieldErrorType::NotSupported, path, Some(rendered), &detail)
    }

    /// `Too long: may not be more than N bytes`
    pub fn too_long(path: impl fmt::Display, max: usize) -> FieldError {
        let unit = if max == 1 { "byte" } else { "bytes" };
        error(FieldErrorType::TooLong, path, None, &format!("may not be more than {max} {unit}"))
    }

    /// `Too many: N: must have at most M items`
    pub fn too_many(path: impl fmt::Display, actual: usize, max: usize) -> FieldError {
        let unit = if max == 1 { "item" } else { "items" };
        error(FieldErrorType::TooMany, path, Some(actual.to_string()), &format!("must have at most {max} {unit}"))
    }
}

/// A value as `field.Error` writes it: text quoted, numbers and booleans bare, anything else as JSON.
pub fn go_value(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Array(_) | Value::Object(_) => go_json(value),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Go's `json.Marshal` of a versioned object: compact, `<`, `>` and `&` escaped, the keys of maps sorted. Structs keep the order
/// of their fields; of those which are shown in errors only `LabelSelector` isn't alphabetical.
pub fn go_json(value: &Value) -> String {
    let mut out = String::new();
    write_json(value, &mut out);
    out
}

fn write_json(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| (key.as_str() != "matchLabels", key.as_str()));
            out.push('{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&json_text(key));
                out.push(':');
                write_json(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_json(item, out);
            }
            out.push(']');
        }
        Value::String(text) => out.push_str(&json_text(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

/// A JSON string as Go escapes it.
pub fn json_text(text: &str) -> String {
    let plain = Value::from(text).to_string();
    plain
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_and_values() {
        let (spec, limits) = (Path::of("spec"), "limits");
        let containers = spec.child("containers");
        let (first, root) = (containers.index(0), Path::ROOT);
        assert_eq!(first.child(limits).key("cpu").to_string(), "spec.containers[0].limits[cpu]");
        assert_eq!(root.child("data").key("a/b").to_string(), "data[a/b]");
        assert_eq!(
            go_value(&json!({"matchExpressions": [], "matchLabels": {"a": "<b>"}})),
            r#"{"matchLabels":{"a":"\u003cb\u003e"},"matchExpressions":[]}"#
        );
        assert_eq!(
            FieldError::not_supported("spec.type", &json!("X"), &["A", "B"]).body,
            r#"Unsupported value: "X": supported values: "A", "B""#
        );
    }
}
