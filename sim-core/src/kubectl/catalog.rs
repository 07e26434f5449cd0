//! `kubectl api-resources`, `api-versions`, `version` and `config`: what kubectl knows without asking for objects. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/{apiresources,version,config}`, v1.36.

use super::failure::{Answer, Failure};
use super::flags::{Flag, short, switch, value};
use super::table::Table;
use super::{Call, Next};
use crate::api::resources::{self, Resource};

/// The version that is simulated.
const VERSION: &str = "v1.36.2";

/// The flags of `api-resources`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    switch("cached"),
    switch("namespaced"),
    switch("no-headers"),
    value("api-group"),
    value("categories"),
    value("sort-by"),
    value("verbs"),
];

/// The flags of `version`.
pub const VERSION_FLAGS: &[Flag] = &[switch("client"), short("output", 'o')];

/// The flags of `config …`.
pub const CONTEXT_FLAGS: &[Flag] = &[switch("current"), switch("no-headers"), short("output", 'o')];

/// Runs `kubectl version`.
pub fn version(call: &mut Call<'_>) -> Answer<Next> {
    if call.flags.has("output") {
        return Err(Failure::not_simulated("kubectl version --output"));
    }
    call.out.push_str(&format!("Client Version: {VERSION}\nKustomize Version: v5.8.1\n"));
    if !call.flags.on("client") {
        call.out.push_str(&format!("Server Version: {VERSION}\n"));
    }
    Ok(Next::Done)
}

/// Runs `kubectl api-resources`.
pub fn api_resources(call: &mut Call<'_>) -> Answer<Next> {
    let format = call.flags.text("output");
    if !matches!(format, "" | "wide" | "name") {
        if matches!(format, "json" | "yaml" | "kyaml") {
            return Err(Failure::not_simulated(&format!("kubectl api-resources -o {format}")));
        }
        let formats = "json,kyaml,name,wide,yaml";
        return Err(Failure::Plain(format!(
            "unable to match a printer suitable for the output format {format:?}, allowed formats are: {formats}"
        )));
    }
    let verbs = call.flags.list("verbs");
    let categories = call.flags.list("categories");
    let wanted = |r: &&Resource| {
        let served_alone = resources::lookup(&r.qualified()).is_some_and(|preferred| std::ptr::eq(preferred, *r)) || !r.group.is_empty();
        served_alone
            && call.flags.get("namespaced").is_none_or(|n| (n == "true") == r.namespaced)
            && call.flags.get("api-group").is_none_or(|group| group == r.group)
            && verbs.iter().all(|verb| r.allows(verb))
            && categories.iter().all(|c| r.categories.contains(&c.as_str()))
    };
    let mut found: Vec<&Resource> = preferred().into_iter().filter(wanted).collect();
    match call.flags.get("sort-by") {
        None => found.sort_by_key(|r| (r.group, r.plural)),
        Some("name") => found.sort_by_key(|r| (r.plural, r.group)),
        Some("kind") => found.sort_by_key(|r| (r.kind, r.group)),
        Some(_) => return Err(Failure::plain("--sort-by accepts only name or kind")),
    }
    if format == "name" {
        found.iter().for_each(|r| call.out.push_str(&format!("{}\n", r.qualified())));
        return Ok(Next::Done);
    }
    let mut rows = Vec::new();
    if !call.flags.on("no-headers") {
        let mut header: Vec<String> = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"].map(str::to_owned).into();
        if format == "wide" {
            header.extend(["VERBS", "CATEGORIES"].map(str::to_owned));
        }
        rows.push(header);
    }
    for r in found {
        let mut row = vec![r.plural.to_owned(), r.short_names.join(","), r.api_version(), r.namespaced.to_string(), r.kind.to_owned()];
        if format == "wide" {
            row.extend([r.verbs.join(","), r.categories.join(",")]);
        }
        rows.push(row);
    }
    call.out.push_str(&Table::default().lay_out(&rows));
    Ok(Next::Done)
}

/// One version of each resource: the first in discovery's order.
fn preferred() -> Vec<&'static Resource> {
    let mut found: Vec<&'static Resource> = Vec::new();
    for resource in resources::all() {
        if !found.iter().any(|f| f.group == resource.group && f.plural == resource.plural) {
            found.push(resource);
        }
    }
    found
}

/// The name of the only context.
const CONTEXT: &str = "podarium";

/// Runs `kubectl config set-context --current --namespace=x`.
pub fn set_context(call: &mut Call<'_>) -> Answer<Next> {
    let named = call.flags.args.first().is_some_and(|name| name == CONTEXT);
    if !call.flags.on("current") && !named {
        return Err(Failure::not_simulated("a second context"));
    }
    if let Some(namespace) = call.flags.get("namespace") {
        call.context.namespace = if namespace.is_empty() { "default".to_owned() } else { namespace.to_owned() };
    }
    call.out.push_str(&format!("Context {CONTEXT:?} modified.\n"));
    Ok(Next::Done)
}

/// Runs `kubectl config current-context`.
pub fn current_context(call: &mut Call<'_>) -> Answer<Next> {
    call.out.push_str(&format!("{CONTEXT}\n"));
    Ok(Next::Done)
}

/// Runs `kubectl config get-contexts`.
pub fn get_contexts(call: &mut Call<'_>) -> Answer<Next> {
    let namespace = if call.context.namespace == "default" { String::new() } else { call.context.namespace.clone() };
    let header = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"].map(str::to_owned).to_vec();
    let row = vec!["*".to_owned(), CONTEXT.to_owned(), CONTEXT.to_owned(), CONTEXT.to_owned(), namespace];
    call.out.push_str(&Table::default().lay_out(&[header, row]));
    Ok(Next::Done)
}

/// Runs `kubectl config use-context`.
pub fn use_context(call: &mut Call<'_>) -> Answer<Next> {
    match call.flags.args.first().map(String::as_str) {
        Some(CONTEXT) => {
            call.out.push_str(&format!("Switched to context {CONTEXT:?}.\n"));
            Ok(Next::Done)
        }
        name => Err(Failure::Plain(format!("no context exists with the name: {:?}", name.unwrap_or("")))),
    }
}

/// Runs `kubectl api-versions`.
pub fn api_versions(call: &mut Call<'_>) -> Answer<Next> {
    if !call.flags.args.is_empty() {
        return Err(call.flags.usage(format!("unexpected arguments: [{}]", call.flags.args.join(" "))));
    }
    let versions: std::collections::BTreeSet<String> = resources::all().iter().map(Resource::api_version).collect();
    versions.iter().for_each(|version| call.out.push_str(&format!("{version}\n")));
    Ok(Next::Done)
}
