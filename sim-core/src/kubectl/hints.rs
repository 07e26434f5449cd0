//! What kubectl doesn't say: where in a manifest a mistake stands, and what was probably meant.
//!
//! kubectl names the field; people want the line. These hints follow kubectl's own words, they never replace them.

use crate::api::resources::{self, Resource};
use crate::api::{decode, yaml};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Hints for all manifests that a failed command read; empty if there is nothing to add.
pub fn hints(files: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, content) in files.iter().filter(|(name, _)| is_manifest(name)) {
        let shown = if name == "-" { "standard input" } else { name };
        match yaml::documents(content) {
            Err(error) => {
                let _ = writeln!(text, "hint: {shown}:{}:{}: {}", error.line, error.column, error.message);
            }
            Ok(documents) => documents.iter().for_each(|document| of_document(shown, document, &mut text)),
        }
    }
    text
}

/// Files of other kinds are content: of a ConfigMap, say.
fn is_manifest(name: &str) -> bool {
    name == "-" || name == super::EDITED || [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}

fn of_document(file: &str, document: &yaml::Document, text: &mut String) {
    let (Some(version), Some(kind)) = (document.tree["apiVersion"].as_str(), document.tree["kind"].as_str()) else {
        let _ = writeln!(text, "hint: {file}:{}:1: a manifest begins with `apiVersion:` and `kind:`", document.line);
        return;
    };
    let Some(resource) = resources::by_kind(version, kind) else {
        let (line, column) = document.spans.locate("kind").unwrap_or((document.line, 1));
        if let Some(meant) = meant(version, kind) {
            let _ =
                writeln!(text, "hint: {file}:{line}:{column}: did you mean kind `{}` of apiVersion `{}`?", meant.kind, meant.api_version());
        }
        return;
    };
    for problem in decode::problems(resource, document) {
        let help = problem.help.map_or_else(String::new, |help| format!("; {help}"));
        let _ = writeln!(text, "hint: {file}:{}:{}: {}{help}", problem.line, problem.column, problem.message);
    }
}

/// The kind that is spelled most like this one: of another version if the name is right, else of any.
fn meant(version: &str, kind: &str) -> Option<&'static Resource> {
    let distance = |resource: &&Resource| {
        let name = decode::edit_distance(&resource.kind.to_lowercase(), &kind.to_lowercase());
        (name, decode::edit_distance(&resource.api_version(), version))
    };
    let kinds = resources::all().iter().filter(|resource| !resource.plural.contains('/'));
    kinds.min_by_key(distance).filter(|resource| distance(resource).0 <= 1 + kind.len() / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(manifest: &str, expected: &[&str]) {
        let found = hints(&BTreeMap::from([("m.yaml".to_owned(), manifest.to_owned())]));
        assert_eq!(found.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn mistakes_have_a_place() {
        check("apiVersion: v1\nkind: Pod\nspec:\n  containers: []\n", &[]);
        check(
            "apiVersion: apps/v1\nkind: Deployment\nspec:\n  strategy:\n    rollingUpdate:\n      maxUnavaliable: 1\n",
            &["hint: m.yaml:6:7: unknown field `maxUnavaliable` in RollingUpdateDeployment; did you mean `maxUnavailable`?"],
        );
        check("apiVersion: v1\nkind: Deploymint\n", &["hint: m.yaml:2:1: did you mean kind `Deployment` of apiVersion `apps/v1`?"]);
        check(
            "apiVersion: extensions/v1beta1\nkind: Deployment\n",
            &["hint: m.yaml:2:1: did you mean kind `Deployment` of apiVersion `apps/v1`?"],
        );
        check("a: 1\n", &["hint: m.yaml:1:1: a manifest begins with `apiVersion:` and `kind:`"]);
        let broken = hints(&BTreeMap::from([("m.yaml".to_owned(), "a: [b".to_owned())]));
        assert!(broken.starts_with("hint: m.yaml:1:"), "{broken}");
    }
}
