//! `kubectl create role`, `clusterrole`, `rolebinding` and `clusterrolebinding`. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/create/create_{role,clusterrole,rolebinding,clusterrolebinding}.go`, v1.36.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{non_empty_name, one_name, required};
use crate::api::quote::quote;
use crate::api::resources;
use crate::kubectl::failure::{Answer, Failure};
use crate::kubectl::flags::{Flag, value};
use crate::kubectl::{Call, Next, target};

/// The flags of `create role`.
pub const ROLE_FLAGS: &[Flag] = &[value("verb"), value("resource"), value("resource-name")];

/// The flags of `create clusterrole`.
pub const CLUSTER_ROLE_FLAGS: &[Flag] =
    &[value("verb"), value("resource"), value("resource-name"), value("non-resource-url"), value("aggregation-rule")];

/// The flags of `create rolebinding`.
pub const BINDING_FLAGS: &[Flag] = &[value("clusterrole"), value("role"), value("user"), value("group"), value("serviceaccount")];

/// The flags of `create clusterrolebinding`.
pub const CLUSTER_BINDING_FLAGS: &[Flag] = &[value("clusterrole"), value("user"), value("group"), value("serviceaccount")];

const GROUP: &str = "rbac.authorization.k8s.io";

/// The verbs that resources are known to have.
const RESOURCE_VERBS: &[&str] = &[
    "*",
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
];

/// The verbs of URLs that aren't resources.
const URL_VERBS: &[&str] = &["*", "get", "post", "put", "delete", "patch", "head", "options"];

/// Verbs that only certain resources have, each as group and resource.
const SPECIAL_VERBS: &[(&str, &[(&str, &str)])] = &[
    ("use", &[("policy", "podsecuritypolicies"), ("extensions", "podsecuritypolicies")]),
    ("bind", &[(GROUP, "roles"), (GROUP, "clusterroles")]),
    ("escalate", &[(GROUP, "roles"), (GROUP, "clusterroles")]),
    ("impersonate", &[("", "users"), ("", "serviceaccounts"), ("", "groups"), ("authentication.k8s.io", "userextras")]),
];

/// `deployments.apps/scale`: a resource, its group and its subresource.
#[derive(Clone, PartialEq)]
struct Subject {
    resource: String,
    group: String,
    subresource: String,
}

impl Subject {
    fn parse(text: &str) -> Subject {
        let (whole, subresource) = text.split_once('/').unwrap_or((text, ""));
        let (resource, group) = whole.split_once('.').unwrap_or((whole, ""));
        Subject { resource: resource.to_owned(), group: group.to_owned(), subresource: subresource.to_owned() }
    }

    /// The resource that discovery knows by this name, as group and plural.
    fn known(&self) -> Option<(String, String)> {
        let name = if self.group.is_empty() { self.resource.clone() } else { format!("{}.{}", self.resource, self.group) };
        resources::lookup(&name).map(|r| (r.group.to_owned(), r.plural.to_owned()))
    }

    fn group_resource(&self) -> (String, String) {
        self.known().unwrap_or_else(|| (self.group.clone(), self.resource.clone()))
    }

    /// Whether these verbs may be asked for on it, and whether it exists.
    fn check(&self, verbs: &[String]) -> Answer<()> {
        let (group, resource) = self.group_resource();
        let mut exists = self.known().is_some();
        for verb in verbs {
            let Some((_, places)) = SPECIAL_VERBS.iter().find(|(special, _)| special == verb) else { continue };
            if !places.contains(&(group.as_str(), resource.as_str())) {
                return Err(Failure::Plain(format!("can not perform '{verb}' on '{resource}' in group '{group}'")));
            }
            exists = true;
        }
        if exists {
            return Ok(());
        }
        let in_group = if group.is_empty() { String::new() } else { format!(" in group {}", quote(&group)) };
        Err(Failure::Bare(format!("the server doesn't have a resource type {}{in_group}", quote(&resource))))
    }
}

/// Without repetitions, in order.
fn distinct(all: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// What the flags say a role allows.
struct Asked {
    verbs: Vec<String>,
    subjects: Vec<Subject>,
    names: Vec<String>,
    urls: Vec<String>,
}

impl Asked {
    fn of(call: &Call<'_>) -> Asked {
        let verbs = call.flags.list("verb");
        let verbs = if verbs.iter().any(|verb| verb == "*") { vec!["*".to_owned()] } else { distinct(verbs) };
        let mut subjects = Vec::new();
        for text in call.flags.list("resource") {
            if text == "*" {
                subjects = vec![Subject::parse("*")];
                break;
            }
            subjects.push(Subject::parse(&text));
        }
        let names = distinct(call.flags.all("resource-name").iter().cloned());
        Asked { verbs, subjects, names, urls: distinct(call.flags.list("non-resource-url")) }
    }

    /// Warns of verbs that nobody knows, and refuses resources that don't exist.
    fn check_resources(&self, call: &mut Call<'_>) -> Answer<()> {
        for verb in self.verbs.iter().filter(|verb| !RESOURCE_VERBS.contains(&verb.as_str())) {
            call.err.push_str(&format!("Warning: '{verb}' is not a standard resource verb\n"));
        }
        if self.subjects.is_empty() {
            return Err(Failure::plain("at least one resource must be specified"));
        }
        for subject in &self.subjects {
            match subject.resource.as_str() {
                "" => return Err(Failure::plain("resource must be specified if apiGroup/subresource specified")),
                "*" => return Ok(()),
                _ => subject.check(&self.verbs)?,
            }
        }
        Ok(())
    }

    fn check_urls(&self) -> Answer<()> {
        if let Some(verb) = self.verbs.iter().find(|verb| !URL_VERBS.contains(&verb.as_str())).filter(|_| !self.urls.is_empty()) {
            return Err(Failure::Plain(format!("invalid verb: '{verb}' for nonResourceURL")));
        }
        for url in self.urls.iter().filter(|url| *url != "*") {
            if !url.starts_with('/') {
                return Err(Failure::plain("nonResourceURL should start with /"));
            }
            if url.strip_suffix('*').unwrap_or(url).contains('*') {
                return Err(Failure::plain("nonResourceURL only supports wildcard matches when '*' is at the end"));
            }
        }
        Ok(())
    }

    /// One rule for each group, and one for all URLs.
    fn rules(&self) -> Vec<Value> {
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for subject in &self.subjects {
            let (group, mut resource) = subject.group_resource();
            if !subject.subresource.is_empty() {
                resource = format!("{resource}/{}", subject.subresource);
            }
            let listed = groups.entry(group).or_default();
            if !listed.contains(&resource) {
                listed.push(resource);
            }
        }
        let of_group = |(group, resources): (String, Vec<String>)| {
            let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": self.verbs});
            if !self.names.is_empty() {
                rule["resourceNames"] = json!(self.names);
            }
            rule
        };
        let mut rules: Vec<Value> = groups.into_iter().map(of_group).collect();
        if !self.urls.is_empty() {
            rules.push(json!({"nonResourceURLs": self.urls, "verbs": self.verbs}));
        }
        rules
    }
}

/// Runs `kubectl create role`.
pub fn role(call: &mut Call<'_>) -> Answer<Next> {
    let name = non_empty_name(call)?;
    let asked = Asked::of(call);
    if asked.verbs.is_empty() {
        return Err(Failure::plain("at least one verb must be specified"));
    }
    asked.check_resources(call)?;
    let role = json!({"apiVersion": format!("{GROUP}/v1"), "kind": "Role", "metadata": {"name": name}, "rules": asked.rules()});
    super::object(call, target::resource("roles.rbac.authorization.k8s.io")?, role, None)
}

/// Runs `kubectl create clusterrole`.
pub fn cluster_role(call: &mut Call<'_>) -> Answer<Next> {
    let aggregation = aggregation(call)?;
    let name = non_empty_name(call)?;
    let asked = Asked::of(call);
    let mut role = json!({"apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRole", "metadata": {"name": name}, "rules": null});
    if aggregation.is_empty() {
        if asked.verbs.is_empty() {
            return Err(Failure::plain("at least one verb must be specified"));
        }
        if asked.subjects.is_empty() && asked.urls.is_empty() {
            return Err(Failure::plain("one of resource or nonResourceURL must be specified"));
        }
        if !asked.subjects.is_empty() {
            asked.check_resources(call)?;
        }
        asked.check_urls()?;
        role["rules"] = Value::Array(asked.rules());
    } else {
        if !(asked.urls.is_empty() && asked.verbs.is_empty() && asked.subjects.is_empty() && asked.names.is_empty()) {
            let why = "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames";
            return Err(Failure::plain(why));
        }
        role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": aggregation}]});
    }
    super::object(call, target::resource("clusterroles.rbac.authorization.k8s.io")?, role, None)
}

/// `--aggregation-rule=k=v,k2=v2`.
fn aggregation(call: &Call<'_>) -> Answer<Map<String, Value>> {
    let mut labels = Map::new();
    for text in call.flags.all("aggregation-rule") {
        for pair in text.split(',').filter(|pair| !pair.is_empty()) {
            let Some((key, value)) = pair.split_once('=') else {
                return Err(call.flags.invalid_value("aggregation-rule", text, "malformed pair, expect string=string"));
            };
            labels.insert(key.trim().to_owned(), Value::from(value.trim()));
        }
    }
    Ok(labels)
}

/// Runs `kubectl create rolebinding`.
pub fn role_binding(call: &mut Call<'_>) -> Answer<Next> {
    let name = non_empty_name(call)?;
    let (cluster_role, role) = (call.flags.text("clusterrole"), call.flags.text("role"));
    if cluster_role.is_empty() == role.is_empty() {
        return Err(Failure::plain("exactly one of clusterrole or role must be specified"));
    }
    let role = if role.is_empty() { ("ClusterRole", cluster_role) } else { ("Role", role) };
    let binding = binding("RoleBinding", &name, role, subjects(call)?);
    super::object(call, target::resource("rolebindings.rbac.authorization.k8s.io")?, binding, Some("failed to create rolebinding:"))
}

/// Runs `kubectl create clusterrolebinding`.
pub fn cluster_role_binding(call: &mut Call<'_>) -> Answer<Next> {
    required(call, &["clusterrole"])?;
    let name = one_name(call)?;
    let binding = binding("ClusterRoleBinding", &name, ("ClusterRole", call.flags.text("clusterrole")), subjects(call)?);
    let resource = target::resource("clusterrolebindings.rbac.authorization.k8s.io")?;
    super::object(call, resource, binding, Some("failed to create clusterrolebinding:"))
}

fn binding(kind: &str, name: &str, (role_kind, role): (&str, &str), subjects: Vec<Value>) -> Value {
    let mut binding = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role},
    });
    if !subjects.is_empty() {
        binding["subjects"] = Value::Array(subjects);
    }
    binding
}

/// Who is bound: users, groups, service accounts.
fn subjects(call: &Call<'_>) -> Answer<Vec<Value>> {
    let people = [("User", "user"), ("Group", "group")];
    let named = people.iter().flat_map(|(kind, flag)| call.flags.all(flag).iter().map(move |name| subject(kind, name)));
    let mut found: Vec<Value> = named.collect();
    for account in call.flags.all("serviceaccount") {
        match account.split(':').collect::<Vec<_>>().as_slice() {
            [ns, name] if !ns.is_empty() && !name.is_empty() => found.push(service_account(ns, name)),
            _ => return Err(Failure::plain("serviceaccount must be <namespace>:<name>")),
        }
    }
    Ok(found)
}

/// A user or a group as the subject of a binding.
pub fn subject(kind: &str, name: &str) -> Value {
    json!({"apiGroup": GROUP, "kind": kind, "name": name})
}

/// A service account as the subject of a binding.
pub fn service_account(ns: &str, name: &str) -> Value {
    json!({"kind": "ServiceAccount", "name": name, "namespace": ns})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(verb: &str, resource: &str, expected: Option<&str>) {
        let found = Subject::parse(resource).check(&[verb.to_owned()]).err().map(|failure| failure.render());
        assert_eq!(found.as_deref().map(str::trim_end), expected, "{verb} {resource}");
    }

    #[test]
    fn resources_and_verbs() {
        check("get", "deploy.apps/scale", None);
        check("get", "foos", Some("the server doesn't have a resource type \"foos\""));
        check("get", "foos.x.io", Some("the server doesn't have a resource type \"foos\" in group \"x.io\""));
        check("impersonate", "users", None);
        check("impersonate", "pods", Some("error: can not perform 'impersonate' on 'pods' in group ''"));
    }

    #[test]
    fn one_rule_for_each_group() {
        let subjects = ["pods", "deploy", "pods/log", "po"].map(Subject::parse).to_vec();
        let asked = Asked { verbs: vec!["get".into()], subjects, names: Vec::new(), urls: vec!["/x".into()] };
        let expected = json!([
            {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get"]},
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
            {"nonResourceURLs": ["/x"], "verbs": ["get"]},
        ]);
        assert_eq!(Value::Array(asked.rules()), expected);
    }
}
