//! How the API server writes structs into its errors. It validates internal types, which have no JSON names: a value that is shown
//! carries Go's field names, all fields, in Go's order. `internal_types.txt` lists the fields (facts read off
//! `pkg/apis/{core,apps,batch}/types.go`, v1.36): one struct a line, `GoName:type` or `GoName=jsonName:type`; `^Type` is embedded.
//!
//! Types: `s` text, `b` boolean, `n` number, `q` quantity, `i` IntOrString, `map`, `quantities`, `?` a versioned object, `*T`, `[]T`.

use super::path::{go_json, json_text};
use super::resources::quantity;
use super::rules::{entries, is_empty};
use serde_json::{Value, json};

static TYPES: &str = include_str!("internal_types.txt");

enum Node {
    Plain(String),
    List(Vec<Node>),
    Struct(Vec<(String, Node)>),
}

/// A versioned object as compact JSON of its internal type.
pub fn render(type_name: &str, value: &Value) -> String {
    let mut out = String::new();
    write(&node(type_name, value), None, 0, &mut out);
    out
}

/// As [`render`], over several lines, indented by one blank per level.
pub fn render_pretty(type_name: &str, value: &Value) -> String {
    let mut out = String::new();
    write(&node(type_name, value), Some(" "), 0, &mut out);
    out
}

fn node(kind: &str, value: &Value) -> Node {
    if let Some(inner) = kind.strip_prefix('*') {
        return if value.is_null() { Node::Plain("null".into()) } else { node(inner, value) };
    }
    if let Some(inner) = kind.strip_prefix("[]") {
        return match value {
            Value::Array(items) => Node::List(items.iter().map(|item| node(inner, item)).collect()),
            _ => Node::Plain("null".into()),
        };
    }
    let or = |default: &str| if value.is_null() { default.to_owned() } else { go_json(value) };
    match kind {
        "s" => Node::Plain(or("\"\"")),
        "b" => Node::Plain(or("false")),
        "n" | "i" => Node::Plain(or("0")),
        "q" => Node::Plain(json_text(&quantity(value).map_or("0".to_owned(), |q| q.to_string()))),
        "map" | "quantities" => map_node(kind, value),
        "?" => Node::Plain(or("null")),
        _ => {
            let mut fields = Vec::new();
            add_fields(kind, value, &mut fields);
            Node::Struct(fields)
        }
    }
}

fn map_node(kind: &str, value: &Value) -> Node {
    if value.is_null() {
        return Node::Plain("null".into());
    }
    let entry = |(key, value): (&str, &Value)| {
        let value = if kind == "quantities" { node("q", value) } else { Node::Plain(go_json(value)) };
        (key.to_owned(), value)
    };
    Node::Struct(entries(value).map(entry).collect())
}

fn add_fields(kind: &str, value: &Value, fields: &mut Vec<(String, Node)>) {
    let line = TYPES.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
    for field in line.unwrap_or("").split_whitespace() {
        if let Some(embedded) = field.strip_prefix('^') {
            add_fields(embedded, value, fields);
        } else if let Some((names, of)) = field.split_once(':') {
            if of == "meta" {
                add_meta(&value["metadata"], fields);
                continue;
            }
            let (go, json) = names.split_once('=').map_or_else(|| (names, lower_first(names)), |(go, json)| (go, json.to_owned()));
            // Inside, what a pod shares with its host is part of its security context.
            let shown = match (kind, go) {
                ("PodSpec", "SecurityContext") => node(of, &pod_security_context(value)),
                _ => node(of, &value[&json]),
            };
            fields.push((go.to_owned(), shown));
        }
    }
}

/// Metadata has JSON names inside too, and leaves out what is empty.
fn add_meta(meta: &Value, fields: &mut Vec<(String, Node)>) {
    let order = ["name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp"];
    let rest = ["deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers"];
    for field in order.into_iter().chain(rest).filter(|f| !is_empty(&meta[*f])) {
        fields.push((field.to_owned(), Node::Plain(go_json(&meta[field]))));
    }
}

fn pod_security_context(spec: &Value) -> Value {
    let mut context = if spec["securityContext"].is_object() { spec["securityContext"].clone() } else { json!({}) };
    for field in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"] {
        if !spec[field].is_null() {
            context[field] = spec[field].clone();
        }
    }
    context
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + chars.as_str())
}

fn write(node: &Node, indent: Option<&str>, depth: usize, out: &mut String) {
    let new_line = |depth: usize, out: &mut String| {
        if let Some(indent) = indent {
            out.push('\n');
            out.push_str(&indent.repeat(depth));
        }
    };
    match node {
        Node::Plain(text) => out.push_str(text),
        Node::List(list) if list.is_empty() => out.push_str("[]"),
        Node::Struct(fields) if fields.is_empty() => out.push_str("{}"),
        Node::List(list) => {
            out.push('[');
            for (i, item) in list.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                new_line(depth + 1, out);
                write(item, indent, depth + 1, out);
            }
            new_line(depth, out);
            out.push(']');
        }
        Node::Struct(fields) => {
            out.push('{');
            for (i, (name, value)) in fields.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                new_line(depth + 1, out);
                out.push_str(&json_text(name));
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write(value, indent, depth + 1, out);
            }
            new_line(depth, out);
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs() {
        let port = json!({"port": 80, "protocol": "TCP"});
        let want = r#"{"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}"#;
        assert_eq!(render("ServicePort", &port), want);
        assert_eq!(render("DaemonSetUpdateStrategy", &json!({"type": "Rolling"})), r#"{"Type":"Rolling","RollingUpdate":null}"#);
        assert_eq!(render_pretty("Sysctl", &json!({"name": "a"})), "{\n \"Name\": \"a\",\n \"Value\": \"\"\n}");
    }
}
