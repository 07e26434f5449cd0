//! One step of a path through an object: a field, an item of a list, or an index.
//!
//! Mirrors `vendor/sigs.k8s.io/structured-merge-diff/v6/fieldpath/{element,serialize-pe}.go` and `value/value.go`, v1.36.

use crate::api::meta::Str;
use crate::api::quote::quote;
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::fmt;

/// A step of a path. The order is that of lists of conflicts: fields, then items by key, items by value, indexes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Element {
    /// A field of an object, or a key of a map.
    Field(Str),
    /// The item of a list whose key fields have these values, in order of their names.
    Key(Vec<(Str, Plain)>),
    /// The item of a set.
    Item(Plain),
    /// The item at an index: only in what users send, never made here.
    Index(i64),
}

/// A value in a path, with the order that the API server gives to JSON: numbers, strings, booleans, lists, objects, null.
#[derive(Clone, Debug)]
pub struct Plain(pub Value);

impl Element {
    /// A field by its name.
    pub fn field(name: &str) -> Element {
        Element::Field(Str::from(name.to_owned()))
    }

    /// Reads the form that `fieldsV1` has: `f:name`, `k:{"name":"web"}`, `v:"x"`, `i:0`. `Ok(None)` for a letter that nobody knows:
    /// such elements are skipped.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Option<Element>, NotAnElement> {
        let (Some(letter), Some(rest)) = (text.get(..1), text.get(1..).and_then(|rest| rest.strip_prefix(':'))) else {
            return Err(NotAnElement);
        };
        Ok(Some(match letter {
            "f" => Element::field(rest),
            "v" => Element::Item(Plain(serde_json::from_str(rest).map_err(|_| NotAnElement)?)),
            "k" => {
                let fields: Map<String, Value> = serde_json::from_str(rest).map_err(|_| NotAnElement)?;
                Element::Key(fields.into_iter().map(|(name, value)| (Str::from(name), Plain(value))).collect())
            }
            "i" => Element::Index(rest.parse().map_err(|_| NotAnElement)?),
            _ => return Ok(None),
        }))
    }

    /// The form that `fieldsV1` has.
    pub fn key(&self) -> String {
        match self {
            Element::Field(name) => format!("f:{name}"),
            Element::Key(fields) => {
                let fields: Map<String, Value> = fields.iter().map(|(name, value)| (name.to_string(), value.0.clone())).collect();
                format!("k:{}", escaped(&Value::Object(fields)))
            }
            Element::Item(value) => format!("v:{}", escaped(&value.0)),
            Element::Index(index) => format!("i:{index}"),
        }
    }
}

/// A key of `fieldsV1` that isn't one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAnElement;

/// JSON as Go writes it, with what HTML would take for its own escaped.
pub(super) fn escaped(value: &Value) -> String {
    let escape = |c: char| match c {
        '&' | '<' | '>' | '\u{2028}' | '\u{2029}' => format!("\\u{:04x}", u32::from(c)),
        other => other.to_string(),
    };
    value.to_string().chars().map(escape).collect()
}

/// As the server's messages have it: `.spec`, `[name="web"]`, `[="x"]`, `[0]`.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Element::Field(name) => write!(f, ".{name}"),
            Element::Key(fields) => {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(f, "[{}]", fields.join(","))
            }
            Element::Item(value) => write!(f, "[={value}]"),
            Element::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A path as the server's messages have it: `.spec.template.spec.containers[name="web"].image`.
pub fn shown(path: &[Element]) -> String {
    path.iter().map(Element::to_string).collect()
}

impl Plain {
    fn rank(&self) -> u8 {
        match &self.0 {
            Value::Number(_) => 0,
            Value::String(_) => 1,
            Value::Bool(_) => 2,
            Value::Array(_) => 3,
            Value::Object(_) => 4,
            Value::Null => 5,
        }
    }
}

impl Ord for Plain {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default()),
            },
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Array(a), Value::Array(b)) => a.iter().cloned().map(Plain).cmp(b.iter().cloned().map(Plain)),
            (Value::Object(a), Value::Object(b)) => {
                let pairs =
                    |map: &Map<String, Value>| map.clone().into_iter().map(|(name, value)| (name, Plain(value))).collect::<Vec<_>>();
                pairs(a).cmp(&pairs(b))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}
impl PartialOrd for Plain {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Plain {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Plain {}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Value::String(text) => f.write_str(&quote(text)),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| Plain(item.clone()).to_string()).collect();
                write!(f, "[{}]", items.join(","))
            }
            Value::Object(map) => map.iter().try_for_each(|(name, value)| write!(f, "{name}={}", Plain(value.clone()))),
            other => write!(f, "{other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: &str, shown: &str) {
        let element = Element::parse(key).expect("an element").expect("of a known kind");
        assert_eq!((element.to_string().as_str(), element.key().as_str()), (shown, key));
    }

    #[test]
    fn both_forms() {
        check("f:example.com/a", ".example.com/a");
        check(r#"k:{"containerPort":80,"protocol":"TCP"}"#, r#"[containerPort=80,protocol="TCP"]"#);
        check(r#"v:"a\u003cb""#, r#"[="a<b"]"#);
        check("v:1", "[=1]");
        check("i:3", "[3]");
    }

    #[test]
    fn what_is_no_element() {
        assert_eq!(Element::parse("x:1"), Ok(None));
        for bad in ["", "f", "name", "k:[]", "v:", "i:x"] {
            assert_eq!(Element::parse(bad), Err(NotAnElement), "{bad}");
        }
    }

    #[test]
    fn numbers_come_in_their_own_order() {
        let mut keys: Vec<Element> = ["v:true", "v:\"1\"", "v:10", "v:9", "i:0", "f:z", "k:{\"a\":1}"]
            .iter()
            .filter_map(|key| Element::parse(key).expect("an element"))
            .collect();
        keys.sort();
        let keys: Vec<String> = keys.iter().map(Element::key).collect();
        assert_eq!(keys, ["f:z", "k:{\"a\":1}", "v:9", "v:10", "v:\"1\"", "v:true", "i:0"]);
    }
}
