//! What is wrong with a manifest, at its places: YAML first, then fields and types, then what the API server of this cluster would say.

use crate::frame::code::Diagnostic;
use serde_json::Value;
use sim_core::Cluster;
use sim_core::api::decode;
use sim_core::api::resources::{self, Resource};
use sim_core::api::schema::FieldType;
use sim_core::api::yaml::{self, Document};
use sim_core::cluster::trial::Trial;
use sim_core::scenario::nearest;

/// More than this of one text nobody reads.
const DIAGNOSTICS: usize = 100;

/// All that is wrong with a text of manifests, or that its writer should know, by line: as if it were applied, object after object.
pub fn check(cluster: &Cluster, text: &str) -> Vec<Diagnostic> {
    let (mut trial, mut found) = (Trial::of(cluster), Vec::new());
    for (above, part) in parts(text) {
        let before = found.len();
        match yaml::documents(&part) {
            Err(error) => found.push(diagnostic((error.line, error.column), error.message, String::new())),
            Ok(documents) => documents.iter().for_each(|document| object(&mut trial, document, &mut found)),
        }
        for diagnostic in &mut found[before..] {
            diagnostic.line += above;
        }
    }
    found.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column, diagnostic.warning));
    found.truncate(DIAGNOSTICS);
    found
}

/// The parts between lines that begin with `---`, as kubectl splits them, each with the number of lines above it. So a part that is no YAML
/// doesn't hide what is wrong with the others.
fn parts(text: &str) -> Vec<(u32, String)> {
    let mut parts = vec![(0, String::new())];
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        match parts.last_mut().filter(|_| !line.starts_with("---")) {
            Some((_, part)) => part.push_str(line),
            None => parts.push((number, String::new())),
        }
    }
    parts
}

fn diagnostic((line, column): (usize, usize), message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    let place = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Diagnostic { line: place(line), column: place(column), warning: false, message: message.into(), help: help.into() }
}

fn object(trial: &mut Trial, document: &Document, found: &mut Vec<Diagnostic>) {
    let at = |path: &str| document.spans.locate(path).unwrap_or((document.line, 1));
    let tree = &document.tree;
    if !tree.is_object() {
        return found.push(diagnostic(at(""), "this is no object", "a manifest begins with `apiVersion: v1` and `kind: Pod`, for example"));
    }
    let (Some(api_version), Some(kind)) = (tree["apiVersion"].as_str(), tree["kind"].as_str()) else {
        for field in ["apiVersion", "kind"].into_iter().filter(|field| !tree[*field].is_string()) {
            let what = if tree[field].is_null() { format!("`{field}` isn't set") } else { format!("`{field}` must be a text") };
            found.push(diagnostic(at(field), what, missing(field, tree)));
        }
        return;
    };
    let Some(resource) = resources::by_kind(api_version, kind) else {
        if kind.ends_with("List") && tree["items"].is_array() {
            return document.items().iter().for_each(|item| object(trial, item, found));
        }
        let (field, message, help) = unknown_kind(api_version, kind);
        return found.push(diagnostic(at(field), message, help));
    };
    let problems = decode::problems(resource, document);
    if problems.is_empty() {
        return ask(trial, resource, document, found);
    }
    for problem in problems {
        let (message, help) = reworded(&problem.message);
        found.push(diagnostic((problem.line, problem.column), message, problem.help.unwrap_or(help)));
    }
}

/// What to write where `apiVersion` or `kind` is missing.
fn missing(field: &str, tree: &Value) -> String {
    let of_kind = |kind: &str| kinds().find(|resource| resource.kind == kind);
    match (field, tree["kind"].as_str().and_then(of_kind)) {
        ("apiVersion", Some(resource)) => format!("a {} is of `apiVersion: {}`", resource.kind, resource.api_version()),
        _ => String::new(),
    }
}

/// Where the mistake is, what it is, and what to do about it.
fn unknown_kind(api_version: &str, kind: &str) -> (&'static str, String, String) {
    let versions: Vec<String> = kinds().filter(|resource| resource.kind == kind).map(Resource::api_version).collect();
    if !versions.is_empty() {
        let help = format!("it is of {}", versions.join(" or "));
        return ("apiVersion", format!("there is no {kind} in {api_version}"), help);
    }
    let known: Vec<&str> = kinds().map(|resource| resource.kind).collect();
    let help = nearest(kind, &known).map_or_else(String::new, |near| format!("did you mean `{near}`?"));
    ("kind", format!("there is no kind {kind}"), help)
}

/// The resources that have objects of their own.
fn kinds() -> impl Iterator<Item = &'static Resource> {
    resources::known().filter(|resource| resource.allows("create"))
}

/// Go's words for a wrong type, for people who don't know Go; and what to do about it.
fn reworded(message: &str) -> (String, String) {
    let parts = message.strip_prefix("json: cannot unmarshal ").and_then(|rest| {
        let (found, rest) = rest.split_once(" into Go ")?;
        Some((found, rest.rsplit_once(" of type ")?.1))
    });
    let Some((found, wanted)) = parts else { return (message.to_owned(), String::new()) };
    let found = found.split(' ').next().unwrap_or(found);
    let help = if wanted == "string" && matches!(found, "number" | "bool") { "put it into quotes" } else { "" };
    let found = match found {
        "string" => "a text",
        "number" => "a number",
        "bool" => "true or false",
        "array" => "a list",
        _ => "a mapping",
    };
    let wanted = match wanted {
        "string" => "a text".to_owned(),
        "int32" | "int64" => "a whole number".to_owned(),
        "float64" => "a number".to_owned(),
        "bool" => "true or false".to_owned(),
        list if list.starts_with("[]") => format!("a list ({list})"),
        map if map.starts_with("map[") => "a mapping".to_owned(),
        object => format!("a mapping ({object})"),
    };
    (format!("{wanted} is wanted here, not {found}"), help.to_owned())
}

/// What the API server would say.
fn ask(trial: &mut Trial, resource: &'static Resource, document: &Document, found: &mut Vec<Diagnostic>) {
    let mut tree = document.tree.clone();
    let mut namespace = String::new();
    if resource.namespaced {
        namespace = tree["metadata"]["namespace"].as_str().filter(|own| !own.is_empty()).unwrap_or("default").to_owned();
        if !tree["metadata"].is_object() {
            tree["metadata"] = Value::Object(serde_json::Map::new());
        }
        tree["metadata"]["namespace"] = Value::from(namespace.as_str());
    }
    let at = |path: &str| document.spans.locate(path).unwrap_or((document.line, 1));
    match trial.apply(resource, &namespace, &tree) {
        Ok(written) => {
            for message in written.warnings {
                let place = path_of(&message).map_or_else(|| at("kind"), |path| at(&path));
                found.push(Diagnostic { warning: true, ..diagnostic(place, message, "") });
            }
        }
        Err(error) if error.details.causes.is_empty() => found.push(diagnostic(at("metadata"), error.message, "")),
        Err(error) => {
            for cause in &error.details.causes {
                let path = from_brackets(&cause.field);
                found.push(diagnostic(at(&path), format!("{}: {}", cause.field, cause.body), help_for(resource, &path)));
            }
        }
    }
}

/// The field that a warning begins with: `spec.template.spec.hostPID: …`.
fn path_of(message: &str) -> Option<String> {
    let path = message.split([':', ' ']).next().filter(|path| path.starts_with("spec") || path.starts_with("metadata"))?;
    Some(from_brackets(path))
}

/// `metadata.labels[a/b]` as our spans have it: `metadata.labels.a/b`. Indexes of lists stay.
fn from_brackets(path: &str) -> String {
    let mut plain = String::new();
    for (number, part) in path.split('[').enumerate() {
        match part.split_once(']').filter(|_| number > 0) {
            Some((key, rest)) if key.parse::<usize>().is_err() => plain.push_str(&format!(".{}{rest}", key.trim_matches('"'))),
            Some(_) => plain.push_str(&format!("[{part}")),
            None => plain.push_str(part),
        }
    }
    plain
}

/// The values that a field may have, if they are few.
fn help_for(resource: &Resource, path: &str) -> String {
    let field = super::complete::field_at(&resource.api_version(), resource.kind, path);
    match field {
        Some(field) if !field.enumeration.is_empty() => format!("one of {}", field.enumeration.join(", ")),
        Some(field) if field.field_type == FieldType::Quantity => "an amount such as 500m, 2, 64Mi or 1Gi".to_owned(),
        _ => String::new(),
    }
}
