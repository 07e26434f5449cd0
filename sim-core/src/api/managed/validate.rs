//! Is an applied configuration an object of its type? Says no in the server's words.
//!
//! Mirrors `vendor/sigs.k8s.io/structured-merge-diff/v6/typed/{validate,helpers}.go`, v1.36. There, the fields of an object come in
//! any order and an unknown one ends the walk of its object; here they come by name, the first unknown one last.

use super::element::Element;
use super::shape::{By, Fields, List, Scalar, Shape, View};
use crate::api::quote::{quote, shown_by_go};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// All that is wrong with a value: `.spec.foo: field not declared in schema`.
pub fn problems(view: View, value: &Value) -> Vec<String> {
    match view.shape(Some(value)) {
        Shape::Scalar(scalar) => of_scalar(scalar, value).into_iter().collect(),
        Shape::List(list) => match value {
            Value::Null => Vec::new(),
            Value::Array(items) => of_items(&list, items),
            other => vec![format!("expected list, got &{{{}}}", shown_by_go(other))],
        },
        Shape::Map(fields) => match value {
            Value::Null => Vec::new(),
            Value::Object(map) => of_fields(&fields, map),
            other => vec![format!("expected map, got &{{{}}}", shown_by_go(other))],
        },
    }
}

/// Several problems as one message.
pub fn message(problems: &[String]) -> String {
    match problems {
        [one] => one.clone(),
        many => many.iter().fold("errors:".to_owned(), |text, problem| text + "\n  " + problem),
    }
}

/// Puts the step to a value before what is wrong with it.
fn at(step: &Element, problems: Vec<String>) -> impl Iterator<Item = String> {
    problems.into_iter().map(move |problem| match problem.chars().next() {
        Some('.' | '[') => format!("{step}{problem}"),
        _ => format!("{step}: {problem}"),
    })
}

fn of_scalar(scalar: Scalar, value: &Value) -> Option<String> {
    let fits = match scalar {
        Scalar::Numeric => value.is_number(),
        Scalar::String => value.is_string(),
        Scalar::Boolean => value.is_boolean(),
        Scalar::Untyped => !value.is_array() && !value.is_object(),
    };
    (!fits && !value.is_null()).then(|| match scalar {
        Scalar::Numeric => format!("expected numeric (int or float), got {}", go_type(value)),
        Scalar::String => format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(value)),
        Scalar::Boolean => format!("expected boolean, got &{{{}}}", shown_by_go(value)),
        Scalar::Untyped => format!("expected any scalar, got &{{{}}}", shown_by_go(value)),
    })
}

fn of_items(list: &List, items: &[Value]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let step = match list.by {
            By::Atomic => Element::Index(i64::try_from(index).unwrap_or(i64::MAX)),
            By::Value | By::Keys(_) => match list.step(item) {
                Ok(step) if seen.contains(&step) => {
                    all.push(format!("duplicate entries for key {step}"));
                    step
                }
                Ok(step) => step,
                Err(why) => {
                    all.push(format!("element {index}: {why}"));
                    return all;
                }
            },
        };
        all.extend(at(&step, problems(list.item, item)));
        seen.insert(step);
    }
    all
}

fn of_fields(fields: &Fields, map: &Map<String, Value>) -> Vec<String> {
    let mut all = Vec::new();
    for (name, value) in map {
        if let Some(view) = fields.member(name) {
            all.extend(at(&fields.step(name), problems(view, value)));
        }
    }
    let unknown = map.keys().find(|name| fields.member(name).is_none());
    all.extend(unknown.map(|name| format!(".{name}: field not declared in schema")));
    all
}

/// A value's Go type in unstructured JSON, as `%T` prints it.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A value in Go's syntax, as `%#v` prints it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => quote(text),
        Value::Array(items) => format!("[]interface {{}}{{{}}}", items.iter().map(go_syntax).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let fields: Vec<String> = map.iter().map(|(name, value)| format!("{}:{}", quote(name), go_syntax(value))).collect();
            format!("map[string]interface {{}}{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{schema, yaml};

    #[track_caller]
    fn check(kind: &str, text: &str, wanted: &str) {
        let version = if kind == "Deployment" { "apps/v1" } else { "v1" };
        let object = schema::for_kind(version, kind).expect("a kind of the table");
        let tree = yaml::documents(text).expect("it is YAML").remove(0).tree;
        let problems = problems(View::Object(object), &tree);
        assert_eq!(if problems.is_empty() { String::new() } else { message(&problems) }, wanted, "{text}");
    }

    #[test]
    fn unknown_fields() {
        check("Deployment", "spec: {replicas: 1, foo: 1}", ".spec.foo: field not declared in schema");
        check(
            "Deployment",
            "spec: {replica: 3, template: {spec: {nodeselector: {a: b}, containers: [{name: web, img: x}]}}}",
            "errors:\n  .spec.template.spec.containers[name=\"web\"].img: field not declared in schema\n  \
             .spec.template.spec.nodeselector: field not declared in schema\n  .spec.replica: field not declared in schema",
        );
        check("ConfigMap", "{data: {a: b}, metadata: {labels: {any: x}, annotations: null}}", "");
    }

    #[test]
    fn wrong_types() {
        check("ConfigMap", "data: {key: 1}", ".data.key: expected string, got &value.valueUnstructured{Value:1}");
        check(
            "ConfigMap",
            "data: {key: {a: [true]}}",
            ".data.key: expected string, got &value.valueUnstructured{Value:map[string]interface {}{\"a\":[]interface {}{true}}}",
        );
        check("ConfigMap", "data: x", ".data: expected map, got &{x}");
        check("ConfigMap", "immutable: 'no'", ".immutable: expected boolean, got &{no}");
        check("Deployment", "spec: {replicas: '2'}", ".spec.replicas: expected numeric (int or float), got string");
        check(
            "Deployment",
            "spec: {template: {spec: {containers: {a: b}}}}",
            ".spec.template.spec.containers: expected list, got &{map[a:b]}",
        );
        check("Pod", "spec: {containers: [{name: a, resources: {limits: {cpu: [1]}}}]}", {
            ".spec.containers[name=\"a\"].resources.limits.cpu: expected any scalar, got &{[1]}"
        });
        check("Pod", "spec: {containers: [{name: a, command: [a, 1]}]}", {
            ".spec.containers[name=\"a\"].command[1]: expected string, got &value.valueUnstructured{Value:1}"
        });
    }

    #[test]
    fn items_that_cannot_be_told_apart() {
        let ports =
            "spec: {template: {spec: {containers: [{name: web, ports: [{containerPort: 80}, {containerPort: 80, protocol: TCP}]}]}}}";
        check(
            "Deployment",
            ports,
            ".spec.template.spec.containers[name=\"web\"].ports: duplicate entries for key [containerPort=80,protocol=\"TCP\"]",
        );
        check("Pod", "spec: {containers: [web]}", {
            ".spec.containers: element 0: associative list with keys may not have non-map elements"
        });
        check("Pod", "spec: {imagePullSecrets: [{}, {}]}", ".spec.imagePullSecrets: duplicate entries for key [name=\"\"]");
        check("Pod", "metadata: {finalizers: [a, a]}", ".metadata.finalizers: duplicate entries for key [=\"a\"]");
        check("Pod", "metadata: {finalizers: [{}]}", {
            ".metadata.finalizers: element 0: associative list without keys has an element that's a map type"
        });
        check("ServiceAccount", "secrets: [{}]", {
            ".secrets: element 0: associative list with keys has an element that omits all key fields [\"name\"] (and doesn't have default \
             values for any key fields)"
        });
    }
}
