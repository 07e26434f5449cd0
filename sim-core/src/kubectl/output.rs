//! The `-o` flag: which printer, and the printers that work on any object. Mirrors
//! `staging/src/k8s.io/cli-runtime/pkg/genericclioptions`, v1.36.

use serde_json::{Value, json};

use super::emit;
use super::failure::{Answer, Failure};
use super::field::{at, name, text};
use super::flags::Parsed;
use super::jsonpath::{Template, printed};
use crate::api::resources;

/// A way to print objects.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A table, or a sentence such as `pod/x created`; wide tables have more columns.
    Human {
        /// `-o wide`.
        wide: bool,
    },
    /// `-o yaml`.
    Yaml,
    /// `-o json`.
    Json,
    /// `-o name`.
    Name,
    /// `-o jsonpath=…`.
    JsonPath(Template),
    /// `-o custom-columns=HEADER:path,…`.
    CustomColumns(Vec<(String, Template)>),
}

const FORMATS: &str = "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile";
const NOT_SIMULATED: &[&str] =
    &["go-template", "go-template-file", "jsonpath-as-json", "jsonpath-file", "kyaml", "template", "templatefile", "custom-columns-file"];

impl Output {
    /// Reads `-o`. `tables` says whether the command prints tables, and so has `wide` and custom columns.
    ///
    /// # Errors
    /// Unknown formats, and those that aren't simulated.
    pub fn of(flags: &Parsed, tables: bool) -> Answer<Output> {
        let Some(given) = flags.get("output") else { return Ok(Output::Human { wide: false }) };
        let (format, argument) = match given.split_once('=') {
            Some((format, argument)) => (format, Some(argument)),
            None => (given, None),
        };
        match (format, argument) {
            ("", None) => Ok(Output::Human { wide: false }),
            ("wide", None) if tables => Ok(Output::Human { wide: true }),
            ("yaml", None) => Ok(Output::Yaml),
            ("json", None) => Ok(Output::Json),
            ("name", None) => Ok(Output::Name),
            ("jsonpath", None | Some("")) => Err(Failure::plain("template format specified but no template given")),
            ("jsonpath", Some(text)) => {
                Template::parse(text).map(Output::JsonPath).map_err(|why| Failure::Plain(format!("error parsing jsonpath {text}, {why}")))
            }
            ("custom-columns", None | Some("")) if tables => {
                Err(Failure::plain("custom-columns format specified but no custom columns given"))
            }
            ("custom-columns", Some(spec)) if tables => custom_columns(spec).map(Output::CustomColumns),
            (known, _) if NOT_SIMULATED.contains(&known) => Err(Failure::not_simulated(&format!("kubectl {} -o {known}", flags.command))),
            _ => {
                let formats =
                    if tables { format!("custom-columns,custom-columns-file,{FORMATS},wide,yaml") } else { format!("{FORMATS},yaml") };
                Err(Failure::Plain(format!(
                    "unable to match a printer suitable for the output format {given:?}, allowed formats are: {formats}"
                )))
            }
        }
    }

    /// Prints one object in a format that isn't for humans; `None` for those that are.
    pub fn object(&self, object: &Value) -> Option<String> {
        match self {
            Output::Human { .. } => None,
            Output::Yaml => Some(emit::yaml(object)),
            Output::Json => Some(emit::json(object)),
            Output::Name => Some(names(object)),
            Output::JsonPath(template) => Some(template.execute(object)),
            Output::CustomColumns(columns) => Some(custom_table(columns, &[object])),
        }
    }
}

/// An object without what `kubectl get` hides.
pub fn shown(mut object: Value, managed_fields: bool) -> Value {
    if !managed_fields && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}

/// Several objects as one `List`.
pub fn list(items: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}

/// `pod/x`, one line for each object of a list.
fn names(object: &Value) -> String {
    if let Some(items) = object.get("items").and_then(Value::as_array) {
        return items.iter().map(names).collect();
    }
    let (api_version, kind) = (text(object, "apiVersion"), text(object, "kind"));
    let title = match resources::by_kind(api_version, kind) {
        Some(resource) => resource.qualified_singular(),
        None => kind.to_lowercase(),
    };
    format!("{title}/{}\n", name(object))
}

fn custom_columns(spec: &str) -> Answer<Vec<(String, Template)>> {
    let column = |part: &str| {
        let Some((header, path)) = part.split_once(':') else {
            return Err(Failure::Plain(format!("unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")));
        };
        Template::relaxed(path).map(|template| (header.to_owned(), template)).map_err(Failure::Plain)
    };
    spec.split(',').map(column).collect()
}

/// The table of custom columns.
pub fn custom_table(columns: &[(String, Template)], objects: &[&Value]) -> String {
    let items = objects.iter().flat_map(|object| match object.get("items").and_then(Value::as_array) {
        Some(items) if at(object, "kind").as_str().is_some_and(|k| k.ends_with("List")) => items.iter().collect::<Vec<_>>(),
        _ => vec![*object],
    });
    let cell = |object: &Value, template: &Template| {
        let found: Vec<String> = template.find(object).into_iter().map(printed).collect();
        if found.is_empty() { "<none>".to_owned() } else { found.join(",") }
    };
    let mut rows = vec![columns.iter().map(|(header, _)| header.clone()).collect::<Vec<_>>()];
    rows.extend(items.map(|object| columns.iter().map(|(_, template)| cell(object, template)).collect()));
    super::table::Table::default().lay_out(&rows)
}
