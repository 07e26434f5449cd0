//! YAML and JSON text to trees, as kubectl reads manifests: several documents, YAML 1.1's booleans and octal numbers, the last of two
//! equal keys wins. Every value remembers where it stood. Mirrors `sigs.k8s.io/yaml` and `k8s.io/apimachinery/pkg/util/yaml`, v1.36.

mod tree;
pub mod typed;
mod words;

use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;
use std::fmt;
use tree::{Node, Written};

/// Deeper nesting is refused.
const DEPTH_MAX: usize = 100;
/// More values than this, aliases expanded, are refused: an alias bomb, or no manifest.
const VALUES_MAX: usize = 1 << 20;

/// Where each value of a document stood: by path, as `spec.containers[0].name`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Spans(BTreeMap<String, (usize, usize)>);

impl Spans {
    /// Line and column (from 1) of the value at `path`, or of the nearest value above it.
    pub fn locate(&self, path: &str) -> Option<(usize, usize)> {
        let mut path = path;
        loop {
            if let Some(place) = self.0.get(path) {
                return Some(*place);
            }
            if path.is_empty() {
                return None;
            }
            path = path.rfind(['.', '[']).map_or("", |cut| &path[..cut]);
        }
    }
}

/// One document.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// Its content.
    pub tree: Value,
    /// Where its values stood.
    pub spans: Spans,
    /// The line (from 1) where it begins.
    pub line: usize,
}

impl Document {
    /// What stands in its list `items`, each as a document of its own.
    pub fn items(&self) -> Vec<Document> {
        let items = self.tree["items"].as_array().into_iter().flatten();
        let document = |(index, tree): (usize, &Value)| {
            let above = format!("items[{index}]");
            let inside = self.spans.0.iter().filter_map(|(path, place)| {
                let path = path.strip_prefix(&above)?;
                Some((path.strip_prefix('.').unwrap_or(path).to_owned(), *place))
            });
            let spans = Spans(inside.collect());
            Document { tree: tree.clone(), line: spans.locate("").map_or(self.line, |(line, _)| line), spans }
        };
        items.enumerate().map(document).collect()
    }
}

/// Text that isn't YAML.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct YamlError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The line that kubectl's parser gives, from 1, if it gives one.
    told_line: Option<usize>,
}

impl YamlError {
    /// What kubectl prints after the file's name.
    pub fn kubectl_message(&self) -> String {
        let place = self.told_line.map(|line| format!("line {line}: ")).unwrap_or_default();
        format!("error converting YAML to JSON: yaml: {place}{}", self.message)
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for YamlError {}

/// Reads all documents. Empty ones are skipped.
///
/// # Errors
/// The first place that isn't YAML, is nested too deeply, or expands to too much.
pub fn documents(text: &str) -> Result<Vec<Document>, YamlError> {
    let mut documents = Vec::new();
    for node in tree::read(text)? {
        let (line, mut spans) = (node.place.0, Spans::default());
        let tree = value(node, "", &mut spans);
        if !tree.is_null() {
            documents.push(Document { tree, spans, line });
        }
    }
    Ok(documents)
}

/// What a node means. The last of two equal keys wins.
fn value(node: Node, path: &str, spans: &mut Spans) -> Value {
    spans.0.insert(path.to_owned(), node.place);
    match node.written {
        Written::Scalar { text, plain: true } => plain(&text),
        Written::Scalar { text, plain: false } => Value::String(text),
        Written::Sequence(items) => {
            items.into_iter().enumerate().map(|(index, item)| value(item, &format!("{path}[{index}]"), spans)).collect()
        }
        Written::Mapping(entries) => {
            let mut map = Map::new();
            for (key, child) in entries {
                let name = key_text(&key);
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                map.insert(name, value(child, &path, spans));
                // Messages point at the key: that is what people look for.
                spans.0.insert(path, key.place);
            }
            Value::Object(map)
        }
    }
}

/// A key that is a number or a boolean becomes its text.
fn key_text(key: &Node) -> String {
    match &key.written {
        Written::Scalar { text, plain: true } => match plain(text) {
            Value::Bool(yes) => yes.to_string(),
            Value::Number(number) => number.to_string(),
            _ => text.clone(),
        },
        _ => key.text().to_owned(),
    }
}

/// What a plain scalar means: YAML 1.1 as goyaml resolves it.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    let first = text.as_bytes()[0];
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Value::from(text);
    }
    integer(text).or_else(|| float(text)).map_or_else(|| Value::from(text), Value::Number)
}

fn integer(text: &str) -> Option<Number> {
    let digits = text.replace('_', "");
    let (negative, body) = match digits.as_bytes().first()? {
        b'-' => (true, &digits[1..]),
        b'+' => (false, &digits[1..]),
        _ => (false, digits.as_str()),
    };
    let (radix, body) = match body.get(..2) {
        Some("0x" | "0X") => (16, &body[2..]),
        Some("0b") => (2, &body[2..]),
        Some("0o") => (8, &body[2..]),
        _ if body.len() > 1 && body.starts_with('0') => (8, &body[1..]),
        _ => (10, body),
    };
    if body.is_empty() || !body.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(body, radix).ok()?;
    if negative { i64::try_from(-i128::from(magnitude)).ok().map(Number::from) } else { Some(Number::from(magnitude)) }
}

fn float(text: &str) -> Option<Number> {
    let body = text.replace('_', "");
    let shape = body.trim_start_matches(['+', '-']);
    if !shape.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        || !shape.bytes().any(|b| b.is_ascii_digit())
    {
        return None;
    }
    let number: f64 = body.parse().ok()?;
    // A float without a fraction is an integer in JSON, as Go prints it.
    if number.fract() == 0.0 && number.abs() < 1e15 { Some(Number::from(number as i64)) } else { Number::from_f64(number) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(text: &str, wanted: Value) {
        let documents = documents(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(documents.into_iter().map(|d| d.tree).collect::<Value>(), wanted, "{text}");
    }

    #[test]
    fn manifests_read_as_kubectl_reads_them() {
        check(
            "a: 1\nb: [x, 'y', \"z\"]\n---\n---\nc: {d: 0644, e: yes, f: \"yes\"}\n",
            json!([{"a": 1, "b": ["x", "y", "z"]}, {"c": {"d": 420, "e": true, "f": "yes"}}]),
        );
        check("{\"a\": [1, 2,], \"b\": -3.5}", json!([{"a": [1, 2], "b": -3.5}]));
        check("a: 1\na: 2\n1: x\ntrue: z\n", json!([{"a": 2, "1": "x", "true": "z"}]));
        check("base: &b {p: 1, q: 2}\nuse:\n  <<: *b\n  q: 3\n", json!([{"base": {"p": 1, "q": 2}, "use": {"p": 1, "q": 3}}]));
        check(
            "t: |\n  two\n  lines\nv: 1.5\nw: 1e3\nd: 2024-01-02\nip: 10.0.0.1\nz: ~\n",
            json!([{"t": "two\nlines\n", "v": 1.5, "w": 1000, "d": "2024-01-02", "ip": "10.0.0.1", "z": null}]),
        );
        check("# nothing\n", json!([]));
        check("# first\na: # second\n  - 1 # third\n  # fourth\n  - 2\n--- # fifth\nb: 3\n", json!([{"a": [1, 2]}, {"b": 3}]));
    }

    #[test]
    fn places_are_remembered() {
        let text = "kind: X\nspec:\n  list:\n  - name: a\n  - name: b\n";
        let document = documents(text).expect("it is YAML").remove(0);
        assert_eq!(document.spans.locate("spec.list[1].name"), Some((5, 5)));
        assert_eq!(document.spans.locate("spec.nowhere.deep"), Some((2, 1)));
    }

    #[test]
    fn what_is_not_yaml_says_where() {
        let error = documents("a: b\nc: [1, 2\nd: e: f\n").expect_err("this isn't YAML");
        assert!(error.line >= 2, "{error}");
        assert!(documents(&"[".repeat(500)).is_err());
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n\
                    e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n";
        assert!(documents(bomb).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[ -~\n\t]{0,200}") {
            let _ = documents(&text);
        }

        #[test]
        fn no_nearly_yaml_panics(text in "([a-c]: |- |\\[|\\]|\\{|\\}|&a |\\*a|\n|  |'|\"|#|---\n|1|,|<<: ){0,60}") {
            let _ = documents(&text);
        }
    }
}
