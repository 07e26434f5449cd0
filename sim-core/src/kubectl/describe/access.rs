//! `kubectl describe` of roles and their bindings. Mirrors `RoleDescriber` and its siblings in
//! `staging/src/k8s.io/kubectl/pkg/describe/describe.go` and the rules of `pkg/util/rbac/rbac.go` beside it, v1.36.

use serde_json::Value;

use super::Page;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, items, plain, text};

/// A policy rule. The order of the fields is that of Go's `String`, by which rules are sorted.
#[derive(Clone, Debug, PartialEq, Default)]
struct Rule {
    verbs: Vec<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
    urls: Vec<String>,
}

impl Rule {
    /// How Go prints the rule: the key that rules are sorted by.
    fn sort_key(&self) -> String {
        format!(
            "&PolicyRule{{Verbs:{},APIGroups:{},Resources:{},ResourceNames:{},NonResourceURLs:{},}}",
            words(&self.verbs),
            words(&self.groups),
            words(&self.resources),
            words(&self.names),
            words(&self.urls)
        )
    }

    /// `deployments.apps/scale`.
    fn resource(&self) -> String {
        let Some(resource) = self.resources.first() else { return String::new() };
        let (name, sub) = resource.split_once('/').map_or((resource.as_str(), None), |(name, sub)| (name, Some(sub)));
        let group = self.groups.first().filter(|group| !group.is_empty()).map_or_else(String::new, |group| format!(".{group}"));
        format!("{name}{group}{}", sub.map_or_else(String::new, |sub| format!("/{sub}")))
    }
}

fn words(words: &[String]) -> String {
    format!("[{}]", words.join(" "))
}

/// Takes a rule apart: one group, resource, name and verb each, and the URLs by themselves.
fn break_down(rule: &Value) -> Vec<Rule> {
    let list = |key: &str| items(rule, key).iter().map(plain).collect::<Vec<String>>();
    let (verbs, names) = (list("verbs"), list("resourceNames"));
    let names: Vec<Vec<String>> = if names.is_empty() { vec![Vec::new()] } else { names.into_iter().map(|name| vec![name]).collect() };
    let mut rules = Vec::new();
    for group in list("apiGroups") {
        for resource in list("resources") {
            for verb in &verbs {
                rules.extend(names.iter().map(|names| Rule {
                    verbs: vec![verb.clone()],
                    groups: vec![group.clone()],
                    resources: vec![resource.clone()],
                    names: names.clone(),
                    urls: Vec::new(),
                }));
            }
        }
    }
    for url in list("nonResourceURLs") {
        rules.extend(verbs.iter().map(|verb| Rule { verbs: vec![verb.clone()], urls: vec![url.clone()], ..Rule::default() }));
    }
    rules
}

/// Puts rules about the same resource together, and sorts all. Rules about URLs stay apart, one for each verb.
fn compact(rules: Vec<Rule>) -> Vec<Rule> {
    let mut compacted: Vec<Rule> = Vec::new();
    for rule in rules {
        let same = |known: &&mut Rule| {
            known.urls.is_empty() && (&known.groups, &known.resources, &known.names) == (&rule.groups, &rule.resources, &rule.names)
        };
        match compacted.iter_mut().find(same).filter(|_| rule.urls.is_empty()) {
            Some(known) => known.verbs.extend(rule.verbs.into_iter().filter(|verb| !known.verbs.contains(verb)).collect::<Vec<_>>()),
            None => compacted.push(rule),
        }
    }
    compacted.sort_by_cached_key(Rule::sort_key);
    compacted
}

/// Writes a Role or ClusterRole.
pub fn role(page: &mut Page, object: &Value, _: &Clock) {
    page.head(object);
    let rules = compact(items(object, "rules").iter().flat_map(break_down).collect());
    let row = |rule: &Rule| format!("{}\t{}\t{}\t{}", rule.resource(), words(&rule.urls), words(&rule.names), words(&rule.verbs));
    let header = "Resources\tNon-Resource URLs\tResource Names\tVerbs";
    page.table("PolicyRule", header, "---------\t-----------------\t--------------\t-----", rules.iter().map(row));
}

/// Writes a RoleBinding or ClusterRoleBinding.
pub fn binding(page: &mut Page, object: &Value, _: &Clock) {
    page.head(object);
    page.line(0, "Role:");
    page.line(1, format!("Kind:\t{}", text(at(object, "roleRef"), "kind")));
    page.line(1, format!("Name:\t{}", text(at(object, "roleRef"), "name")));
    let row = |subject: &Value| ["kind", "name", "namespace"].map(|key| text(subject, key)).join("\t");
    page.table("Subjects", "Kind\tName\tNamespace", "----\t----\t---------", items(object, "subjects").iter().map(row));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_are_taken_apart_and_put_together() {
        let rules = [
            json!({"apiGroups": ["", "apps"], "resources": ["pods", "deployments/scale"], "verbs": ["get"]}),
            json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "get"]}),
            json!({"apiGroups": [""], "resources": ["pods"], "resourceNames": ["a", "b"], "verbs": ["delete"]}),
            json!({"nonResourceURLs": ["/healthz"], "verbs": ["get", "post"]}),
        ];
        let shown: Vec<String> = compact(rules.iter().flat_map(break_down).collect())
            .iter()
            .map(|rule| format!("{} {} {} {}", rule.resource(), words(&rule.urls), words(&rule.names), words(&rule.verbs)))
            .collect();
        let expected = [
            "pods [] [a] [delete]",
            "pods [] [b] [delete]",
            "pods [] [] [get list]",
            " [/healthz] [] [get]",
            "deployments/scale [] [] [get]",
            "deployments.apps/scale [] [] [get]",
            "pods.apps [] [] [get]",
            " [/healthz] [] [post]",
        ];
        assert_eq!(shown, expected);
    }
}
