//! Strict decoding: is this tree an object of its kind? Says no in the server's words, or with line, column and a hint for people.
//!
//! Mirrors `staging/src/k8s.io/apimachinery/pkg/runtime/serializer/json` with `DisallowUnknownFields`, v1.36: the first wrong type ends
//! the decoding, unknown fields are gathered.

use crate::api::go_time;
use crate::api::quantity::Quantity;
use crate::api::quote::quote;
use crate::api::resources::Resource;
use crate::api::schema::{self, Field, FieldType, Type};
use crate::api::status::{ApiError, Reason};
use crate::api::yaml::Document;
use serde_json::Value;

/// Why a tree isn't an object of its kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeError {
    kind: &'static str,
    version: &'static str,
    wrong_type: Option<String>,
    /// What the type's own reader says, where it has one.
    own_words: Option<String>,
    unknown: Vec<String>,
}

impl DecodeError {
    /// Whether every field that is known has the right type.
    pub fn is_only_unknown_fields(&self) -> bool {
        self.wrong_type.is_none()
    }

    /// The unknown fields as warnings: `unknown field "spec.foo"`.
    pub fn unknown_fields(&self) -> Vec<String> {
        self.unknown.iter().map(|path| format!("unknown field {}", quote(path))).collect()
    }

    /// What the converter of patched objects says of the first field that has the wrong type: `unrecognized type: int32`
    /// (`k8s.io/apimachinery/pkg/runtime/converter.go`, fromUnstructured). `None` if all types are right.
    pub fn conversion(&self) -> Option<String> {
        if let Some(own) = &self.own_words {
            return Some(own.clone());
        }
        let message = self.wrong_type.as_deref()?;
        let Some((head, wanted)) = message.rsplit_once(" of type ") else {
            // Bytes are read by the converter itself, which says so.
            let prefix = if message.starts_with("illegal base64") { "error decoding from json: " } else { "" };
            return Some(format!("{prefix}{message}"));
        };
        let found = head.trim_start_matches("json: cannot unmarshal ").split(' ').next().unwrap_or_default();
        let found = match found {
            "array" => "slice",
            "object" => "map",
            "number" => "int64",
            other => other,
        };
        Some(match wanted {
            map if map.starts_with("map[") => format!("cannot restore map from {found}"),
            list if list.starts_with("[]") => format!("cannot restore slice from {found}"),
            object if object.contains('.') => format!("cannot restore struct from: {found}"),
            simple => format!("unrecognized type: {simple}"),
        })
    }

    /// The type error alone, in the JSON decoder's words.
    pub fn wrong_type(&self) -> Option<&str> {
        self.wrong_type.as_deref()
    }

    /// The server's answer.
    pub fn to_api_error(&self) -> ApiError {
        let what = match &self.wrong_type {
            Some(message) => message.clone(),
            None => format!("strict decoding error: {}", self.unknown_fields().join(", ")),
        };
        let message = format!("{} in version {} cannot be handled as a {}: {what}", self.kind, quote(self.version), self.kind);
        ApiError::new(Reason::BadRequest, message)
    }
}

/// Something wrong with a user's manifest, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The field: `spec.strategy.rollingUpdate.maxUnavaliable`.
    pub path: String,
    /// Its line, from 1.
    pub line: usize,
    /// Its column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Decodes a tree strictly. Fields that are null count as absent, and are taken out; so are unknown ones, for who only warns of them.
///
/// # Errors
/// The first field of a wrong type, or else all unknown fields.
pub fn strict(resource: &'static Resource, tree: &mut Value) -> Result<(), DecodeError> {
    let Some(object) = schema::for_kind(&resource.api_version(), resource.kind) else { return Ok(()) };
    let mut walk = Walk::default();
    walk.object(object, tree, "", "");
    if walk.wrong.is_empty() && walk.unknown.is_empty() {
        return Ok(());
    }
    // A type's own reader ends the decoding; other wrong types are remembered, and the first is told at the end.
    let ended = walk.wrong.iter().position(|wrong| wrong.own_words.is_some()).unwrap_or(0);
    let wrong = walk.wrong.into_iter().nth(ended);
    let (wrong_type, own_words) = wrong.map(|wrong| (wrong.message, wrong.own_words)).unzip();
    let unknown = walk.unknown.into_iter().map(|(path, _)| path).collect();
    Err(DecodeError { kind: resource.kind, version: resource.version, wrong_type, own_words: own_words.flatten(), unknown })
}

/// All that is wrong with a document, with places and hints.
pub fn problems(resource: &'static Resource, document: &Document) -> Vec<Problem> {
    let Some(object) = schema::for_kind(&resource.api_version(), resource.kind) else { return Vec::new() };
    let mut walk = Walk::default();
    walk.object(object, &mut document.tree.clone(), "", "");
    let problem = |path: String, message: String, help: Option<String>| {
        let (line, column) = document.spans.locate(&path).unwrap_or((document.line, 1));
        Problem { path, line, column, message, help }
    };
    let wrong = walk.wrong.into_iter().map(|wrong| problem(wrong.path, wrong.message, None));
    let mut all: Vec<Problem> = wrong.collect();
    for (path, object) in walk.unknown {
        let name = path.rsplit('.').next().unwrap_or(&path).to_owned();
        let help = nearest(&name, object).map_or_else(
            || {
                object
                    .fields()
                    .map(|fields| format!("{} has: {}", object.struct_name(), fields.keys().copied().collect::<Vec<_>>().join(", ")))
            },
            |near| Some(format!("did you mean `{near}`?")),
        );
        all.push(problem(path.clone(), format!("unknown field `{name}` in {}", object.struct_name()), help));
    }
    all.sort_by_key(|p| (p.line, p.column));
    all
}

/// A value of a wrong type.
struct Wrong {
    path: String,
    message: String,
    own_words: Option<String>,
}

#[derive(Default)]
struct Walk {
    wrong: Vec<Wrong>,
    unknown: Vec<(String, &'static Type)>,
}

impl Walk {
    /// `path` has indexes, for people and the list of unknown fields; `go` has none, as Go's messages have it.
    fn object(&mut self, object: &'static Type, tree: &mut Value, path: &str, go: &str) {
        let (Some(fields), Value::Object(map)) = (object.fields(), tree) else { return };
        map.retain(|name, value| {
            let (at, known) = (join(path, name), fields.get(name.as_str()));
            match known {
                Some(_) if value.is_null() => return false,
                Some(field) => self.field(object, field, value, &at, &join(go, name)),
                None if !value.is_null() => self.unknown.push((at, object)),
                None => {}
            }
            known.is_some()
        });
    }

    fn field(&mut self, object: &'static Type, field: &'static Field, value: &mut Value, path: &str, go: &str) {
        let go_type = field.go_type();
        // A field that is promoted from an embedded struct shows that struct's name on the way.
        let shown = match (field.via, go.rsplit_once('.')) {
            (Some(via), Some((head, name))) => format!("{head}.{via}.{name}"),
            (Some(via), None) => format!("{via}.{go}"),
            _ => go.to_owned(),
        };
        self.typed(object, &field.field_type, &go_type, value, path, &shown);
    }

    fn typed(&mut self, object: &'static Type, field_type: &'static FieldType, go_type: &str, value: &mut Value, path: &str, go: &str) {
        let fits = match field_type {
            FieldType::Bytes if value.is_string() => return self.bytes(value, path),
            FieldType::Quantity => return self.quantity(value, path),
            FieldType::Time | FieldType::MicroTime if value.is_string() => return self.time(field_type, value, path),
            FieldType::String | FieldType::Bytes | FieldType::Time | FieldType::MicroTime => value.is_string(),
            FieldType::Int32 => is_int32(value),
            FieldType::Int64 => value.as_i64().is_some(),
            FieldType::Double => value.is_number(),
            FieldType::Boolean => value.is_boolean(),
            FieldType::IntOrString => value.is_string() || is_int32(value),
            FieldType::Any => true,
            FieldType::FreeObject | FieldType::Map(_) | FieldType::Object(_) => value.is_object(),
            FieldType::List(_) => value.is_array(),
        };
        if !fits {
            // Types with a reader of their own tell what that reader wanted.
            let own_type = match field_type {
                FieldType::IntOrString => Some("int32"),
                FieldType::Time | FieldType::MicroTime => Some("string"),
                _ => None,
            };
            let found = json_word(value, field_type);
            let what = |place: &str, wanted: &str| format!("json: cannot unmarshal {found} into Go {place} of type {wanted}");
            let place = format!("struct field {}.{go}", object.struct_name());
            self.wrong.push(Wrong {
                path: path.to_owned(),
                message: what(&place, own_type.unwrap_or(go_type)),
                own_words: own_type.map(|own| what("value", own)),
            });
            return;
        }
        match (field_type, value) {
            (FieldType::Object(inner), value) => self.object(inner.resolve(), value, path, go),
            (FieldType::List(item), Value::Array(items)) => {
                let item_type = item.go_type();
                for (index, value) in items.iter_mut().enumerate().filter(|(_, value)| !value.is_null()) {
                    self.typed(object, item, &item_type, value, &format!("{path}[{index}]"), go);
                }
            }
            (FieldType::Map(entry), Value::Object(map)) => {
                let entry_type = entry.go_type();
                map.retain(|_, value| !value.is_null());
                for (key, value) in map {
                    self.typed(object, entry, &entry_type, value, &join(path, key), go);
                }
            }
            _ => {}
        }
    }

    fn bytes(&mut self, value: &Value, path: &str) {
        if let Some(place) = corrupt_base64(value.as_str().unwrap_or_default().as_bytes()) {
            let message = format!("illegal base64 data at input byte {place}");
            self.wrong.push(Wrong { path: path.to_owned(), message, own_words: None });
        }
    }

    fn quantity(&mut self, value: &Value, path: &str) {
        let problem = match Quantity::from_value(value) {
            Some(Ok(_)) => return,
            Some(Err(error)) => error.to_string(),
            None => "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'".to_owned(),
        };
        self.refused(path, problem);
    }

    fn time(&mut self, field_type: &FieldType, value: &Value, path: &str) {
        let layout = if *field_type == FieldType::Time { go_time::RFC3339 } else { go_time::RFC3339_MICRO };
        if let Err(problem) = go_time::check(value.as_str().unwrap_or_default(), layout) {
            self.refused(path, problem);
        }
    }

    /// A type's own reader can't read its text.
    fn refused(&mut self, path: &str, problem: String) {
        self.wrong.push(Wrong { path: path.to_owned(), message: problem.clone(), own_words: Some(problem) });
    }
}

fn is_int32(value: &Value) -> bool {
    value.as_i64().is_some_and(|n| i32::try_from(n).is_ok())
}

/// Where Go's `encoding/base64` stops reading, if it does. Line breaks don't count as text, but as bytes.
fn corrupt_base64(bytes: &[u8]) -> Option<usize> {
    let text: Vec<(usize, u8)> = bytes.iter().copied().enumerate().filter(|(_, b)| !matches!(b, b'\r' | b'\n')).collect();
    let is_digit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let digits = text.iter().take_while(|(_, b)| is_digit(*b)).count();
    let in_last = digits % 4;
    match text.get(digits) {
        None if in_last == 0 => None,
        // The text ends within a group of four: Go names the group's start.
        None => Some(bytes.len() - in_last),
        Some((_, b'=')) if in_last >= 2 => {
            let rest = &text[digits + 1..];
            match (in_last, rest.first()) {
                (2, None) => Some(bytes.len()),
                (2, Some((place, b))) if *b != b'=' => Some(*place),
                (2, _) => rest.get(1).map(|(place, _)| *place),
                (_, None) => None,
                (_, Some((place, _))) => Some(*place),
            }
        }
        Some((place, _)) => Some(*place),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// How Go's decoder names a kind of value.
pub fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// How Go's decoder names what it found; a number that doesn't fit is quoted.
fn json_word(value: &Value, wanted: &FieldType) -> String {
    match value {
        Value::Number(number) if matches!(wanted, FieldType::Int32 | FieldType::Int64 | FieldType::IntOrString) => {
            format!("number {number}")
        }
        other => json_kind(other).to_owned(),
    }
}

/// The field of this type that is spelled most like `name`, if one comes near.
fn nearest(name: &str, object: &'static Type) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let distance = |field: &&'static str| edit_distance(&lower, &field.to_lowercase());
    let best = object.fields()?.keys().copied().min_by_key(distance)?;
    (edit_distance(&lower, &best.to_lowercase()) <= 1 + name.len() / 4).then_some(best)
}

/// Damerau–Levenshtein: insertions, deletions, substitutions, and swaps of neighbours.
pub(crate) fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{resources, yaml};

    fn deployment() -> &'static Resource {
        resources::by_kind("apps/v1", "Deployment").expect("the table has Deployments")
    }

    fn check(text: &str, wanted: &str) {
        let mut tree = yaml::documents(text).expect("it is YAML").remove(0).tree;
        let message = strict(deployment(), &mut tree).err().map(|error| error.to_api_error().message).unwrap_or_default();
        assert_eq!(message.trim_start_matches("Deployment in version \"v1\" cannot be handled as a Deployment: "), wanted, "{text}");
    }

    #[test]
    fn says_no_in_the_servers_words() {
        check("spec: {replicas: 2, paused: null}", "");
        check("spec: {replicas: '2'}", "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32");
        check(
            "spec: {strategy: {rollingUpdate: {maxSurge: true}}}",
            "json: cannot unmarshal bool into Go struct field RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32",
        );
        check(
            "spec: {replicas: x, template: {spec: {containers: [{resources: {limits: {cpu: x}}}]}}}",
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        );
        check("spec: {replicas: 2.5}", "json: cannot unmarshal number 2.5 into Go struct field DeploymentSpec.spec.replicas of type int32");
        check(
            "spec: {strategy: {rollingUpdate: {maxUnavaliable: 1}}, x: 1}",
            "strict decoding error: unknown field \"spec.strategy.rollingUpdate.maxUnavaliable\", unknown field \"spec.x\"",
        );
    }

    #[test]
    fn tells_people_where_and_what_they_meant() {
        let text = "kind: Deployment\nspec:\n  strategy:\n    rollingUpdate:\n      maxUnavaliable: 1\n";
        let document = yaml::documents(text).expect("it is YAML").remove(0);
        let problem = problems(deployment(), &document).remove(0);
        assert_eq!((problem.line, problem.column), (5, 7));
        assert_eq!(problem.help.as_deref(), Some("did you mean `maxUnavailable`?"));
    }

    #[test]
    fn base64() {
        for (text, want) in [
            ("", None),
            ("YWJj", None),
            ("YW\nI=", None),
            ("YQ==\n", None),
            ("not base64!", Some(3)),
            ("YWJ", Some(0)),
            ("YWJjYQ", Some(4)),
            ("YQ=", Some(3)),
            ("YQ=a", Some(3)),
            ("YQ==YQ==", Some(4)),
            ("=", Some(0)),
        ] {
            assert_eq!(corrupt_base64(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn distances() {
        assert_eq!((edit_distance("maxunavaliable", "maxunavailable"), edit_distance("", "abc"), edit_distance("same", "same")), (1, 3, 0));
    }
}
