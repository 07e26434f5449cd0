//! The discovery table: every resource of the API with its names, verbs and categories, as `kubectl api-resources` shows them.
//!
//! Mirrors what a v1.36 API server answers at `/api` and `/apis`, and the look-up rules of
//! `k8s.io/apimachinery/pkg/api/meta/restmapper.go` and `k8s.io/client-go/restmapper/{discovery,shortcut}.go`.

use crate::api::object::Kind;
use crate::api::record;
use crate::api::status::qualified_resource;
use serde::Deserialize;
use std::sync::OnceLock;

const TABLE: &str = include_str!("resources.json");
/// Resources that come from CustomResourceDefinitions in a real cluster: the Gateway API's. Here every cluster has them, although discovery
/// doesn't show them.
const CUSTOM: &str = include_str!("resources_custom.json");

/// One resource, or one subresource, of the API.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// The API group, empty for core: `apps`.
    pub group: &'static str,
    /// The version in the group: `v1`.
    pub version: &'static str,
    /// The name in URLs: `deployments`; for a subresource `deployments/scale`.
    #[serde(rename = "name")]
    pub plural: &'static str,
    /// The singular name: `deployment`; empty for a subresource.
    #[serde(rename = "singularName")]
    pub singular: &'static str,
    /// The kind in manifests: `Deployment`.
    pub kind: &'static str,
    /// Names such as `deploy`.
    #[serde(default)]
    pub short_names: Vec<&'static str>,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// What may be done with it: `create`, `deletecollection`, ….
    pub verbs: Vec<&'static str>,
    /// The groups of resources that it belongs to: `all` in `kubectl get all`.
    #[serde(default)]
    pub categories: Vec<&'static str>,
}

impl Resource {
    /// The `apiVersion` of its objects: `apps/v1`, or `v1` in the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The name with its group, as messages have it: `deployments.apps`, or `pods`.
    pub fn qualified(&self) -> String {
        qualified_resource(self.group, self.plural)
    }

    /// The kind with its group: `Deployment.apps`, or `Pod`.
    pub fn qualified_kind(&self) -> String {
        qualified_resource(self.group, self.kind)
    }

    /// The singular name with its group, as kubectl prints it before an object's name: `deployment.apps`, or `pod`.
    pub fn qualified_singular(&self) -> String {
        qualified_resource(self.group, self.singular)
    }

    /// Whether its objects can be stored. What can't are requests in the form of objects, such as reviews and bindings.
    pub fn is_served(&self) -> bool {
        Kind::of(self).is_some()
    }

    /// Whether the model acts on its objects, rather than only keeping them.
    pub fn is_simulated(&self) -> bool {
        Kind::of(self).is_some_and(|kind| record::inert(kind).is_none())
    }

    /// Whether the verb is among its verbs.
    pub fn allows(&self, verb: &str) -> bool {
        self.verbs.contains(&verb)
    }

    fn is_subresource(&self) -> bool {
        self.plural.contains('/')
    }

    fn answers_to(&self, name: &str) -> bool {
        self.plural == name || self.singular == name
    }
}

struct Table {
    resources: Vec<Resource>,
    subresources: Vec<Resource>,
    custom: Vec<Resource>,
}

fn table() -> &'static Table {
    static PARSED: OnceLock<Table> = OnceLock::new();
    PARSED.get_or_init(|| {
        let rows: Vec<Resource> = serde_json::from_str(TABLE).expect("resources.json is part of the program and well formed");
        let (subresources, resources) = rows.into_iter().partition(Resource::is_subresource);
        let custom = serde_json::from_str(CUSTOM).expect("resources_custom.json is part of the program and well formed");
        Table { resources, subresources, custom }
    })
}

/// Every resource (without subresources), in discovery's order: the core group first, preferred versions before others.
pub fn all() -> &'static [Resource] {
    &table().resources
}

/// All of them, and those that custom resource definitions bring.
pub fn known() -> impl Iterator<Item = &'static Resource> {
    table().resources.iter().chain(&table().custom)
}

/// The subresources of a resource: `status` and `scale` of deployments, with full names such as `deployments/scale`.
pub fn subresources(of: &Resource) -> impl Iterator<Item = &'static Resource> {
    let (group, version, prefix) = (of.group, of.version, of.plural);
    table().subresources.iter().filter(move |sub| {
        sub.group == group && sub.version == version && sub.plural.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
    })
}

/// The resource whose objects carry this `apiVersion` and `kind`.
pub fn by_kind(api_version: &str, kind: &str) -> Option<&'static Resource> {
    let (group, version) = split_api_version(api_version)?;
    known().find(|r| r.group == group && r.version == version && r.kind == kind)
}

/// The resource of a URL: group (empty for core), version and plural.
pub fn by_path(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    known().find(|r| r.group == group && r.version == version && r.plural == plural)
}

/// Splits `apps/v1` into group and version; the core group is empty. `None` when there is more than one slash.
pub fn split_api_version(api_version: &str) -> Option<(&str, &str)> {
    match api_version.split_once('/') {
        None => Some(("", api_version)),
        Some((group, version)) if !version.contains('/') => Some((group, version)),
        Some(_) => None,
    }
}

/// What a user means by `deploy`, `deployments`, `Deployment`, `deployments.apps`, `deploy.v1.apps` or `ing.networking`.
///
/// A name is a plural, a singular or (in any case) a kind, or exactly a short name. A group may be cut short if nothing bears it in full.
pub fn lookup(arg: &str) -> Option<&'static Resource> {
    let (name, rest) = match arg.split_once('.') {
        None => (arg, None),
        Some((name, rest)) => (name, Some(rest)),
    };
    // A short name wins over a plural elsewhere in the table, and stands for a resource of a certain group.
    let expanded = known().find(|r| r.short_names.contains(&name));
    let lower = name.to_lowercase();
    let named: Vec<&'static Resource> =
        known().filter(|r| r.answers_to(&lower) || expanded.is_some_and(|e| e.plural == r.plural)).collect();
    let Some(rest) = rest else { return named.first().copied() };
    let versioned =
        rest.split_once('.').and_then(|(version, group)| named.iter().find(|r| r.version == version && r.group == group).copied());
    // `pods.v1.` has an empty group; `pods.v1` isn't a thing, as kubectl would look for a group "v1".
    versioned
        .or_else(|| named.iter().find(|r| r.group == rest).copied())
        .or_else(|| named.iter().find(|r| !rest.is_empty() && r.group.starts_with(rest)).copied())
}

/// The resources of a category, such as `all`, in discovery's order, one version of each.
pub fn in_category(category: &str) -> Vec<&'static Resource> {
    let mut found: Vec<&'static Resource> = Vec::new();
    for resource in all() {
        let known = found.iter().any(|f| f.group == resource.group && f.plural == resource.plural);
        if resource.categories.contains(&category) && !known {
            found.push(resource);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arg: &str, expected: Option<&str>) {
        let found = lookup(arg).map(|r| format!("{}/{}", r.qualified(), r.version));
        assert_eq!(found.as_deref(), expected, "{arg}");
    }

    #[test]
    fn names() {
        check("po", Some("pods/v1"));
        check("PO", None);
        check("Pod", Some("pods/v1"));
        check("PODS", Some("pods/v1"));
        check("deploy", Some("deployments.apps/v1"));
        check("Deployment.apps", Some("deployments.apps/v1"));
        check("deploy.v1.apps", Some("deployments.apps/v1"));
        check("deployments.v2.apps", None);
        check("ing.networking", Some("ingresses.networking.k8s.io/v1"));
        check("events", Some("events/v1"));
        check("events.events.k8s.io", Some("events.events.k8s.io/v1"));
        check("events.v1.events.k8s.io", Some("events.events.k8s.io/v1"));
        check("hpa", Some("horizontalpodautoscalers.autoscaling/v2"));
        check("hpa.v1.autoscaling", Some("horizontalpodautoscalers.autoscaling/v1"));
        check("pods.v1.", Some("pods/v1"));
        check("pods.v1", None);
        check("pods/status", None);
        check("", None);
        check(".", None);
        check("widgets", None);
    }

    #[test]
    fn kinds() {
        assert_eq!(by_kind("apps/v1", "Deployment").map(Resource::qualified).as_deref(), Some("deployments.apps"));
        assert_eq!(by_kind("v1", "Pod").map(Resource::api_version).as_deref(), Some("v1"));
        assert!(by_kind("apps/v1beta1", "Deployment").is_none());
        assert!(by_kind("v1", "Scale").is_none());
    }

    #[test]
    fn served() {
        let apart: Vec<String> = all().iter().filter(|r| !r.is_served()).map(Resource::qualified).collect();
        assert_eq!(
            apart,
            [
                "bindings",
                "componentstatuses",
                "selfsubjectreviews.authentication.k8s.io",
                "tokenreviews.authentication.k8s.io",
                "localsubjectaccessreviews.authorization.k8s.io",
                "selfsubjectaccessreviews.authorization.k8s.io",
                "selfsubjectrulesreviews.authorization.k8s.io",
                "subjectaccessreviews.authorization.k8s.io",
            ]
        );
        assert!(lookup("deploy").is_some_and(Resource::is_simulated) && !lookup("job").is_some_and(Resource::is_simulated));
        let deployments = lookup("deployments").expect("in the table");
        let subs: Vec<&str> = subresources(deployments).map(|s| s.plural).collect();
        assert_eq!(subs, ["deployments/scale", "deployments/status"]);
        assert_eq!(in_category("all").len(), 10);
    }
}
