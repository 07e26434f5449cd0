//! `kubectl describe`. Mirrors `staging/src/k8s.io/kubectl/pkg/{cmd/describe,describe}`, v1.36.

pub mod events;
mod namespace;
mod node;
mod page;
mod pod;
mod service;
mod template;
mod workloads;

use serde_json::Value;

pub use self::page::Page;

use super::age::Clock;
use super::api::Api;
use super::failure::{Answer, Failure};
use super::field::{at, name, namespace as namespace_of, plain, text};
use super::flags::{Flag, short, short_switch, switch, value};
use super::rollout::replica_sets_of;
use super::target::{self, Info, Rules, nothing_named};
use super::{Call, Next};
use crate::api::resources::Resource;
use crate::api::selector::Selector;

/// The flags of `describe`.
pub const FLAGS: &[Flag] = &[
    short("selector", 'l'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short_switch("all-namespaces", 'A'),
    short_switch("recursive", 'R'),
    switch("show-events"),
    value("chunk-size"),
];

/// A pod template as `rollout history --revision` shows it, tabs and all.
pub fn template_text(pod_template: &Value, clock: &Clock) -> String {
    let mut page = Page::default();
    template::describe(&mut page, pod_template, clock);
    page.raw()
}

/// Runs `kubectl describe`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let args = call.flags.args.clone();
    if nothing_named(call, &args) {
        let hint = "Use \"kubectl api-resources\" for a complete list of supported resources.";
        return Err(Failure::Plain(format!("You must specify the type of resource to describe. {hint}")));
    }
    let mut targets = target::find(call, &args, Rules { type_alone: true, ..Rules::default() })?;
    let failures = std::mem::take(&mut targets.failures);
    let infos = targets.infos();
    // Of several objects, and when some are missing, kubectl shows no events unless told to.
    let show_events = if call.flags.has("show-events") { call.flags.on("show-events") } else { infos.len() < 2 && failures.is_empty() };
    if infos.is_empty() && !failures.is_empty() {
        return by_prefix(call, &args, failures, show_events);
    }
    if infos.is_empty() {
        let whole = call.flags.on("all-namespaces");
        let text =
            if whole { "No resources found\n".to_owned() } else { format!("No resources found in {} namespace.\n", call.namespace()) };
        call.err.push_str(&text);
    }
    for (i, info) in infos.iter().enumerate() {
        let text = one(call, info, show_events)?;
        if i > 0 {
            call.out.push_str("\n\n");
        }
        call.out.push_str(&text);
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// A name that isn't there may be the beginning of one that is.
fn by_prefix(call: &mut Call<'_>, args: &[String], failures: Vec<Failure>, show_events: bool) -> Answer<Next> {
    let original = Failure::all(failures).expect("there was at least one");
    let [kind, prefix] = args else { return Err(original) };
    if !original.is_not_found() || kind.contains('/') {
        return Err(original);
    }
    let resource = target::resource(kind)?;
    let ns = resource.namespaced.then(|| call.namespace().to_owned());
    let all = call.api.list(resource, ns.as_deref(), &Selector::default())?;
    let mut found = false;
    for object in all.into_iter().filter(|object| name(object).starts_with(prefix.as_str())) {
        found = true;
        let text = one(call, &Info::of(resource, object), show_events)?;
        call.out.push_str(&text);
        call.out.push('\n');
    }
    if found { Ok(Next::Done) } else { Err(original) }
}

/// Describes one object.
fn one(call: &Call<'_>, info: &Info, show_events: bool) -> Answer<String> {
    let clock = call.clock();
    let api: &dyn Api = &*call.api;
    let object = &info.object;
    let uid = text(object, "metadata.uid");
    let events = |uids: &[&str], with_kind: bool| show_events.then(|| events::about(api, object, uids, with_kind));
    Ok(match (info.resource.group, info.resource.plural) {
        ("", "pods") => pod::describe(object, events(&[uid], false).as_deref(), &clock),
        ("apps", "deployments") => workloads::deployment(object, replica_sets_of(call, object)?, events(&[uid], true).as_deref(), &clock),
        ("apps", "replicasets") => {
            let selector = Selector::from_label_selector(at(object, "spec.selector")).map_err(Failure::Plain)?;
            let pods = list(api, "pods", Some(&info.ns), &selector)?;
            workloads::replica_set(object, &pods, events(&[uid], true).as_deref(), &clock)
        }
        ("", "services") => {
            let own = Selector::from_map([("kubernetes.io/service-name", name(object))]);
            let slices = list(api, "endpointslices", Some(&info.ns), &own)?;
            service::describe(object, &slices, events(&[uid], true).as_deref(), &clock)
        }
        ("", "nodes") => {
            let lease = target::resource("leases.coordination.k8s.io").and_then(|r| Ok(api.get(r, "kube-node-lease", name(object))?));
            let on_node =
                |pod: &Value| text(pod, "spec.nodeName") == name(object) && !matches!(text(pod, "status.phase"), "Succeeded" | "Failed");
            let pods: Vec<Value> = list(api, "pods", None, &Selector::default())?.into_iter().filter(on_node).collect();
            // Controllers use the node's UID in events, kubelets its name.
            let events = events(&[uid, name(object)], true);
            node::describe(object, lease.map_err(|why| why.message()), &pods, events.as_deref(), &clock)
        }
        ("", "namespaces") => {
            let inside = |kind: &str| list(api, kind, Some(name(object)), &Selector::default()).unwrap_or_default();
            namespace::describe(object, &inside("resourcequotas"), &inside("limitranges"), &clock)
        }
        ("coordination.k8s.io", "leases") | ("" | "events.k8s.io", "events") | ("apps", "controllerrevisions") => {
            generic(object, events(&[uid], true).as_deref(), &clock)
        }
        ("discovery.k8s.io", "endpointslices") => endpoint_slice(object, events(&[uid], true).as_deref(), &clock),
        _ => return Err(Failure::not_simulated(&format!("kubectl describe {}", info.resource.plural))),
    })
}

fn list(api: &dyn Api, kind: &str, ns: Option<&str>, selector: &Selector) -> Answer<Vec<Value>> {
    let resource: &'static Resource = target::resource(kind)?;
    Ok(api.list(resource, ns, selector)?)
}

fn endpoint_slice(slice: &Value, events: Option<&[Value]>, clock: &Clock) -> String {
    let mut page = Page::default();
    page.line(0, format!("Name:\t{}", name(slice)));
    page.line(0, format!("Namespace:\t{}", namespace_of(slice)));
    page.labels("Labels", slice, "metadata.labels");
    page.annotations("Annotations", slice, "metadata.annotations");
    page.line(0, format!("AddressType:\t{}", text(slice, "addressType")));
    let ports = super::field::items(slice, "ports");
    if ports.is_empty() {
        page.line(0, "Ports: <unset>");
    } else {
        page.line(0, "Ports:");
        page.line(1, "Name\tPort\tProtocol");
        page.line(1, "----\t----\t--------");
        for port in ports {
            let shown = if text(port, "name").is_empty() { "<unset>" } else { text(port, "name") };
            page.line(1, format!("{shown}\t{}\t{}", page::number_or(port, "port", "<unset>"), text(port, "protocol")));
        }
    }
    let endpoints = super::field::items(slice, "endpoints");
    if endpoints.is_empty() {
        page.line(0, "Endpoints: <none>");
    } else {
        page.line(0, "Endpoints:");
        endpoints.iter().for_each(|endpoint| endpoint_lines(&mut page, endpoint));
    }
    if let Some(events) = events {
        events::describe(&mut page, events, clock);
    }
    page.finish()
}

fn endpoint_lines(page: &mut Page, endpoint: &Value) {
    let or = |value: String, absent: &str| if value.is_empty() { absent.to_owned() } else { value };
    let addresses: Vec<String> = super::field::items(endpoint, "addresses").iter().map(plain).collect();
    page.line(1, format!("- Addresses:\t{}", or(addresses.join(","), "<none>")));
    page.line(2, "Conditions:");
    page.line(3, format!("Ready:\t{}", or(plain(at(endpoint, "conditions.ready")), "<unset>")));
    page.line(2, format!("Hostname:\t{}", or(text(endpoint, "hostname").to_owned(), "<unset>")));
    let target = at(endpoint, "targetRef");
    if target.is_object() {
        page.line(2, format!("TargetRef:\t{}/{}", text(target, "kind"), text(target, "name")));
    }
    page.line(2, format!("NodeName:\t{}", or(text(endpoint, "nodeName").to_owned(), "<unset>")));
    page.line(2, format!("Zone:\t{}", or(text(endpoint, "zone").to_owned(), "<unset>")));
}

/// Kinds without a describer of their own: every field by its name.
fn generic(object: &Value, events: Option<&[Value]>, clock: &Clock) -> String {
    let mut page = Page::default();
    page.line(0, format!("Name:\t{}", name(object)));
    page.line(0, format!("Namespace:\t{}", namespace_of(object)));
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    content(&mut page, 0, object, "");
    if let Some(events) = events {
        events::describe(&mut page, events, clock);
    }
    page.finish()
}

fn content(page: &mut Page, level: usize, object: &Value, path: &str) {
    const SKIPPED: &[&str] =
        &[".metadata.managedFields", ".metadata.name", ".metadata.namespace", ".metadata.labels", ".metadata.annotations"];
    for (field, value) in object.as_object().into_iter().flatten() {
        let here = format!("{path}.{field}");
        if SKIPPED.contains(&here.as_str()) {
            continue;
        }
        let label = label_for(field);
        match value {
            Value::Object(_) => {
                page.line(level, format!("{label}:"));
                content(page, level + 1, value, &here);
            }
            Value::Array(items) => {
                page.line(level, format!("{label}:"));
                for item in items {
                    if item.is_object() {
                        content(page, level + 1, item, &here);
                    } else {
                        page.line(level + 1, plain(item));
                    }
                }
            }
            Value::Null => page.line(level, format!("{label}:\t<nil>")),
            scalar => page.line(level, format!("{label}:\t{}", plain(scalar))),
        }
    }
}

/// `blockOwnerDeletion` becomes `Block Owner Deletion`.
fn label_for(field: &str) -> String {
    if field.chars().any(|c| !c.is_alphabetic() && c != '-') {
        return field.to_owned();
    }
    let chars: Vec<char> = field.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|j| chars[j]);
        let next_lower = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        let starts = before.is_none_or(|b| (c.is_uppercase() && (!b.is_uppercase() || next_lower)) || (*c == '-') != (b == '-'));
        if starts || words.is_empty() {
            words.push(String::new());
        }
        words.last_mut().expect("just made sure").push(*c);
    }
    let titled = words.iter().map(|word| {
        let upper = word.to_uppercase();
        if ["API", "URL", "UID", "OSB", "GUID"].contains(&upper.as_str()) {
            return upper;
        }
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    titled.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        assert_eq!(label_for("blockOwnerDeletion"), "Block Owner Deletion");
        assert_eq!(label_for("apiVersion"), "API Version");
        assert_eq!(label_for("uid"), "UID");
        assert_eq!(label_for("f:x"), "f:x");
    }
}
