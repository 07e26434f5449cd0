//! Reading manifests: files into documents, documents into objects with a resource and a namespace.
//!
//! Mirrors `staging/src/k8s.io/cli-runtime/pkg/resource/{visitor,mapper}.go`, v1.36. What is wrong with an object's fields is the
//! server's business; here it only has to be an object of a known kind.

use serde_json::Value;

use super::Call;
use super::failure::{Answer, Failure};
use super::field::{at, map_mut, name, namespace, text};
use super::target::Info;
use crate::api::resources;
use crate::api::yaml;

/// The objects of all files named with `-f`, in order, and what was wrong with the others.
///
/// # Errors
/// A file that isn't there, or flags that aren't simulated; nothing has been read then.
pub fn read(call: &Call<'_>) -> Answer<(Vec<Info>, Vec<Failure>)> {
    let mut infos = Vec::new();
    let mut failures = Vec::new();
    if call.flags.has("kustomize") {
        return Err(Failure::not_simulated(&format!("kubectl {} --kustomize", call.flags.command)));
    }
    let mut contents = Vec::new();
    for path in call.flags.list("filename") {
        contents.extend(files_at(call, &path)?);
    }
    for (path, content) in contents {
        for document in split_documents(content) {
            match one_document(call, &path, &document) {
                Ok(more) => infos.extend(more),
                // A document that can't be parsed ends its file; one of an unknown kind doesn't.
                Err((failure, goes_on)) => {
                    failures.push(failure);
                    if !goes_on {
                        break;
                    }
                }
            }
        }
    }
    Ok((infos, failures))
}

/// The file at a path, or the manifests in a folder.
fn files_at<'c>(call: &Call<'c>, path: &str) -> Answer<Vec<(String, &'c str)>> {
    if path.starts_with("http://") || path.starts_with("https://") {
        return Err(Failure::not_simulated("a manifest from a URL"));
    }
    if let Some(content) = call.files.get(path) {
        let shown = if path == "-" { "STDIN".to_owned() } else { path.to_owned() };
        return Ok(vec![(shown, content)]);
    }
    let folder = format!("{}/", path.trim_end_matches('/'));
    let manifests = call.files.iter().filter(|(file, _)| {
        let inside = file.strip_prefix(&folder);
        inside.is_some_and(|rest| call.flags.on("recursive") || !rest.contains('/'))
            && [".yaml", ".yml", ".json"].iter().any(|end| file.ends_with(end))
    });
    let found: Vec<_> = manifests.map(|(file, content)| (file.clone(), content.as_str())).collect();
    if found.is_empty() { Err(Failure::Plain(format!("the path {path:?} does not exist"))) } else { Ok(found) }
}

/// Splits at lines that begin with `---`, so that line numbers in messages count from the document's start as kubectl's do.
fn split_documents(content: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in content.split_inclusive('\n') {
        if line.starts_with("---") {
            documents.push(String::new());
        } else {
            documents.last_mut().expect("starts with one").push_str(line);
        }
    }
    let blank = |document: &String| document.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    documents.retain(|document| !blank(document));
    documents
}

/// The failure, and whether the documents after it are still read.
type Stop = (Failure, bool);

fn one_document(call: &Call<'_>, path: &str, document: &str) -> Result<Vec<Info>, Stop> {
    let is_json = document.trim_start().starts_with('{');
    let trees = match yaml::documents(document) {
        Ok(documents) => documents.into_iter().map(|d| d.tree).filter(|t| !t.is_null()),
        Err(_) if is_json && serde_json::from_str::<Value>(document).is_err_and(|e| e.is_eof()) => {
            return Err((Failure::Plain(format!("error parsing {path}: unexpected EOF")), false));
        }
        Err(error) => {
            return Err((Failure::Plain(format!("error parsing {path}: {}", error.kubectl_message())), false));
        }
    };
    let mut infos = Vec::new();
    for tree in trees {
        well_formed(path, &tree)?;
        if text(&tree, "kind").ends_with("List")
            && at(&tree, "items").is_array()
            && resources::by_kind(text(&tree, "apiVersion"), text(&tree, "kind")).is_none()
        {
            for item in at(&tree, "items").as_array().into_iter().flatten() {
                well_formed(path, item)?;
                infos.push(mapped(call, path, item.clone())?);
            }
        } else {
            infos.push(mapped(call, path, tree)?);
        }
    }
    Ok(infos)
}

fn well_formed(path: &str, tree: &Value) -> Result<(), Stop> {
    let refuse = |what: &str| {
        let hint = "if you choose to ignore these errors, turn validation off with --validate=false";
        Err((Failure::Plain(format!("error validating {path:?}: error validating data: {what}; {hint}")), true))
    };
    if !tree.is_object() {
        return refuse("invalid object to validate");
    }
    let mut wrong = Vec::new();
    for key in ["apiVersion", "kind"] {
        match tree.get(key) {
            None | Some(Value::Null) => wrong.push(format!("{key} not set")),
            Some(Value::String(s)) if s.is_empty() => wrong.push(format!("{key} not set")),
            Some(Value::String(_)) => {}
            Some(_) => wrong.push(format!("{key} isn't string type")),
        }
    }
    match wrong.as_slice() {
        [] => {}
        [one] => return refuse(one),
        many => return refuse(&format!("[{}]", many.join(", "))),
    }
    let api_version = text(tree, "apiVersion");
    if resources::split_api_version(api_version).is_none() {
        return refuse(&format!("unexpected GroupVersion string: {api_version}"));
    }
    metadata_of_strings(path, tree)
}

/// kubectl itself reads the metadata, so it is the one to refuse wrong types there.
fn metadata_of_strings(path: &str, tree: &Value) -> Result<(), Stop> {
    let go_type = |value: &Value| match value {
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Array(_) => "array",
        _ => "object",
    };
    let refuse = |field: &str, value: &Value| {
        let what = format!("cannot unmarshal {} into Go struct field ObjectMeta.metadata.{field} of type string", go_type(value));
        Err((Failure::Plain(format!("unable to decode {path:?}: json: {what}")), true))
    };
    for field in ["name", "namespace", "generateName"] {
        let value = at(tree, "metadata").get(field).unwrap_or(&Value::Null);
        if !value.is_null() && !value.is_string() {
            return refuse(field, value);
        }
    }
    for field in ["labels", "annotations"] {
        let entries = at(tree, "metadata").get(field).and_then(Value::as_object);
        if let Some(value) = entries.into_iter().flatten().map(|(_, v)| v).find(|v| !v.is_null() && !v.is_string()) {
            return refuse(field, value);
        }
    }
    Ok(())
}

/// Finds the resource of an object and puts it into its namespace.
fn mapped(call: &Call<'_>, path: &str, mut tree: Value) -> Result<Info, Stop> {
    let (api_version, kind) = (text(&tree, "apiVersion").to_owned(), text(&tree, "kind").to_owned());
    let Some(resource) = resources::by_kind(&api_version, &kind) else {
        let about = format!("name: {:?} namespace: {:?} from {path:?}", name(&tree), namespace(&tree));
        let why = format!("no matches for kind {kind:?} in version {api_version:?}\nensure CRDs are installed first");
        return Err((Failure::Plain(format!("resource mapping not found for {about}: {why}")), true));
    };
    let mut ns = String::new();
    if resource.namespaced {
        let own = namespace(&tree).to_owned();
        if call.explicit_namespace() && !own.is_empty() && own != call.namespace() {
            let wanted = call.namespace();
            let why = format!("the namespace from the provided object {own:?} does not match the namespace {wanted:?}");
            return Err((Failure::Plain(format!("{why}. You must pass '--namespace={own}' to perform this operation.")), true));
        }
        ns = if own.is_empty() { call.namespace().to_owned() } else { own };
        map_mut(&mut tree, "metadata").insert("namespace".into(), Value::from(ns.as_str()));
    }
    let name = name(&tree).to_owned();
    Ok(Info { resource, ns, name, object: tree, source: Some(path.to_owned()) })
}
