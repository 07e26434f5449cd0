//! `kubectl explain`: the fields of a resource, from the schema table. Mirrors `staging/src/k8s.io/kubectl/pkg/explain/v2`, v1.36.
//!
//! The table has names, types, defaults and allowed values, but no prose: where kubectl prints descriptions, this prints those facts.

use super::failure::{Answer, Failure};
use super::flags::{Flag, switch, value};
use super::{Call, Next};
use crate::api::resources::{self, Resource};
use crate::api::schema::{self, Field, FieldType, Type};

/// The flags of `explain`.
pub const FLAGS: &[Flag] = &[switch("recursive"), value("api-version"), value("output")];

/// Runs `kubectl explain`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    if let Some(format) = call.flags.get("output").filter(|format| !matches!(*format, "" | "plaintext")) {
        return Err(Failure::not_simulated(&format!("kubectl explain --output {format}")));
    }
    let [path] = call.flags.args.as_slice() else {
        return Err(Failure::plain(if call.flags.args.is_empty() {
            "You must specify the type of resource to explain. Use \"kubectl api-resources\" for a complete list of supported resources."
        } else {
            "We accept only this format: explain RESOURCE"
        }));
    };
    let mut steps = path.split('.');
    let word = steps.next().unwrap_or_default();
    let resource = resource(word, call.flags.get("api-version"))?;
    let top = schema::for_kind(&resource.api_version(), resource.kind);
    let top = top.ok_or_else(|| Failure::not_simulated(&format!("kubectl explain {word}")))?;
    let text = explain(resource, top, steps.filter(|step| !step.is_empty()), call.flags.on("recursive"))?;
    call.out.push_str(&text);
    Ok(Next::Done)
}

fn resource(word: &str, version: Option<&str>) -> Answer<&'static Resource> {
    let found = resources::lookup(word).ok_or_else(|| Failure::Plain(format!("the server doesn't have a resource type {word:?}")))?;
    match version {
        None => Ok(found),
        Some(version) => resources::by_kind(version, found.kind)
            .ok_or_else(|| Failure::Plain(format!("couldn't find resource for \"{version}, Resource={}\"", found.plural))),
    }
}

fn explain<'a>(resource: &Resource, top: &'static Type, steps: impl Iterator<Item = &'a str>, recursive: bool) -> Answer<String> {
    let mut out = String::new();
    if !resource.group.is_empty() {
        out.push_str(&format!("GROUP:      {}\n", resource.group));
    }
    out.push_str(&format!("KIND:       {}\nVERSION:    {}\n\n", resource.kind, resource.version));
    let (mut at, mut last) = (Some(top), None);
    for step in steps {
        let missing = || Failure::Plain(format!("field {step:?} does not exist"));
        let field = at.and_then(|object| object.field(step)).ok_or_else(missing)?;
        at = object_of(&field.field_type);
        last = Some((step, field));
    }
    if let Some((name, field)) = last {
        out.push_str(&format!("FIELD: {name} <{}>{}\n", shown(&field.field_type), required(field)));
        if !field.enumeration.is_empty() {
            out.push_str("ENUM:\n");
            field.enumeration.iter().for_each(|value| out.push_str(&format!("    {value}\n")));
        }
        if let Some(default) = &field.default {
            out.push_str(&format!("DEFAULT: {default}\n"));
        }
        if let Some(key) = field.merge_key.filter(|_| field.merges()) {
            out.push_str(&format!("MERGES BY: {key}\n"));
        }
        out.push('\n');
    }
    if let Some(object) = at.filter(|object| object.fields().is_some()) {
        out.push_str("FIELDS:\n");
        list(object, recursive, &mut vec![object.name], &mut out);
        out.push('\n');
    }
    Ok(out)
}

/// Lists the fields of the innermost of `within`, the types on the way here: one that contains itself (`JSONSchemaProps`) isn't entered again.
fn list(object: &'static Type, recursive: bool, within: &mut Vec<&'static str>, out: &mut String) {
    let depth = within.len();
    for (name, field) in object.fields().into_iter().flatten() {
        out.push_str(&format!("{}{name}\t<{}>{}\n", "  ".repeat(depth), shown(&field.field_type), required(field)));
        if !field.enumeration.is_empty() {
            out.push_str(&format!("{}enum: {}\n", "  ".repeat(depth), field.enumeration.join(", ")));
        }
        if let Some(inner) = object_of(&field.field_type).filter(|inner| recursive && !within.contains(&inner.name)) {
            within.push(inner.name);
            list(inner, recursive, within, out);
            within.pop();
        }
    }
}

fn required(field: &Field) -> &'static str {
    if field.required { " -required-" } else { "" }
}

/// The object type that a field leads to, through lists and maps.
fn object_of(field_type: &FieldType) -> Option<&'static Type> {
    match field_type.element() {
        Some(element) => object_of(element),
        None => field_type.object(),
    }
}

/// The type as explain names it.
fn shown(field_type: &FieldType) -> String {
    match field_type {
        FieldType::String | FieldType::Bytes | FieldType::Time | FieldType::MicroTime => "string".to_owned(),
        FieldType::Int32 | FieldType::Int64 => "integer".to_owned(),
        FieldType::Double => "number".to_owned(),
        FieldType::Boolean => "boolean".to_owned(),
        FieldType::Quantity => "Quantity".to_owned(),
        FieldType::IntOrString => "IntOrString".to_owned(),
        FieldType::FreeObject | FieldType::Any => "Object".to_owned(),
        FieldType::List(item) => format!("[]{}", shown(item)),
        FieldType::Map(value) => format!("map[string]{}", shown(value)),
        FieldType::Object(object) => object.resolve().struct_name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        let mut steps = path.split('.');
        let found = resource(steps.next().unwrap_or_default(), None).expect("the resource is known");
        let top = schema::for_kind(&found.api_version(), found.kind).expect("it has a schema");
        let text = explain(found, top, steps, false).unwrap_or_else(|failure| failure.message());
        assert!(text.contains(expected), "{path}: {text}");
    }

    #[test]
    fn fields_are_found_through_lists_and_maps() {
        check("deploy", "GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\nFIELDS:\n  apiVersion\t<string>\n");
        check("deployment.spec", "FIELD: spec <DeploymentSpec>\n\nFIELDS:\n");
        check("deployment.spec", "  selector\t<LabelSelector> -required-\n");
        check("deployment.spec.strategy.type", "FIELD: type <string>\nENUM:\n    Recreate\n    RollingUpdate\n");
        check("pod.spec.containers.ports", "FIELD: ports <[]ContainerPort>\nMERGES BY: containerPort\n");
        check("pod.spec.containers.ports.protocol", "DEFAULT: \"TCP\"\n");
        check("pod.spec.container", "field \"container\" does not exist");
    }

    #[test]
    fn types_that_contain_themselves_come_to_an_end() {
        let found = resource("crd", None).expect("the resource is known");
        let top = schema::for_kind(&found.api_version(), found.kind).expect("it has a schema");
        let text = explain(found, top, std::iter::empty(), true).expect("it can be explained");
        assert!(text.contains("patternProperties") && text.lines().count() < 1_000, "{}", text.lines().count());
    }
}
