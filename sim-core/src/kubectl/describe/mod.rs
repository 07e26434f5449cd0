//! `kubectl describe`. Mirrors `staging/src/k8s.io/kubectl/pkg/{cmd/describe,describe}`, v1.36.

mod access;
mod autoscaler;
mod certificates;
mod config;
pub mod events;
mod generic;
mod jobs;
mod limits;
mod namespace;
mod network;
mod node;
mod page;
mod pod;
mod service;
mod storage;
mod template;
mod volumes;
mod workloads;

use serde_json::Value;

pub use self::page::Page;

use super::age::Clock;
use super::api::Api;
use super::failure::{Answer, Failure};
use super::field::{at, entry, name, pairs, text};
use super::flags::{Flag, short, short_switch, switch, value};
use super::get::warn_of_endpoints;
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
    warn_of_endpoints(call, &targets);
    let mut failures = std::mem::take(&mut targets.failures);
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
    let mut first = true;
    for info in &infos {
        match one(call, info, show_events) {
            Ok(text) => {
                if !std::mem::take(&mut first) {
                    call.out.push_str("\n\n");
                }
                call.out.push_str(&text);
            }
            // Of several that fail for the same reason, it is told once.
            Err(failure) if failures.contains(&failure) => {}
            Err(failure) => failures.push(failure),
        }
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

/// A describer that needs no other objects.
type Describer = fn(&mut Page, &Value, &Clock);

/// The describer of a kind that can be described by itself, and whether it shows events. Kinds that kubectl has no describer for are shown
/// field by field.
fn describer(resource: &Resource) -> (Describer, bool) {
    match (resource.group, resource.plural) {
        ("", "configmaps") => (config::config_map, true),
        ("", "endpoints") => (network::endpoints, true),
        ("", "limitranges") => (limits::limit_range, false),
        ("", "persistentvolumes") => (storage::volume, true),
        ("", "resourcequotas") => (limits::quota, false),
        ("", "secrets") => (config::secret, false),
        ("", "serviceaccounts") => (config::service_account, true),
        ("batch", "cronjobs") => (jobs::cron_job, true),
        ("batch", "jobs") => (jobs::job, true),
        ("discovery.k8s.io", "endpointslices") => (network::endpoint_slice, true),
        ("networking.k8s.io", "ingressclasses") => (network::ingress_class, true),
        ("networking.k8s.io", "ipaddresses") => (network::ip_address, true),
        ("networking.k8s.io", "networkpolicies") => (network::policy, false),
        ("networking.k8s.io", "servicecidrs") => (network::service_cidr, true),
        ("policy", "poddisruptionbudgets") => (limits::disruption_budget, true),
        ("rbac.authorization.k8s.io", "clusterrolebindings" | "rolebindings") => (access::binding, false),
        ("rbac.authorization.k8s.io", "clusterroles" | "roles") => (access::role, false),
        ("scheduling.k8s.io", "priorityclasses") => (limits::priority_class, true),
        ("storage.k8s.io", "csinodes") => (storage::csi_node, true),
        ("storage.k8s.io", "storageclasses") => (storage::storage_class, true),
        ("storage.k8s.io", "volumeattributesclasses") => (storage::attributes_class, true),
        _ => (generic::describe, true),
    }
}

/// Describes one object.
fn one(call: &Call<'_>, info: &Info, show_events: bool) -> Answer<String> {
    let clock = call.clock();
    let api: &dyn Api = &*call.api;
    let object = &info.object;
    let uid = text(object, "metadata.uid");
    let about = |uids: &[&str], with_kind: bool| show_events.then(|| events::about(api, object, uids, with_kind));
    let selected = || {
        let selector = Selector::from_label_selector(at(object, "spec.selector")).map_err(Failure::Plain)?;
        list(api, "pods", Some(&info.ns), &selector)
    };
    // Pages of kinds that need other objects than their events, and end with these.
    let with_events = |write: &dyn Fn(&mut Page)| {
        let mut page = Page::default();
        write(&mut page);
        if let Some(found) = about(&[uid], true) {
            events::describe(&mut page, &found, &clock);
        }
        page.finish()
    };
    Ok(match (info.resource.group, info.resource.plural) {
        ("", "pods") => {
            // A static pod's events are about what the kubelet read, not about the mirror of it in the API.
            let uid = entry(object, "metadata.annotations", "kubernetes.io/config.mirror").unwrap_or(uid);
            pod::describe(object, about(&[uid], false).as_deref(), &clock)
        }
        ("apps", "deployments") => workloads::deployment(object, replica_sets_of(call, object)?, about(&[uid], true).as_deref(), &clock),
        ("apps", "replicasets") => workloads::replica_set(object, &selected()?, about(&[uid], true).as_deref(), &clock),
        ("apps", "statefulsets") => workloads::stateful_set(object, &selected()?, about(&[uid], true).as_deref(), &clock),
        ("apps", "daemonsets") => workloads::daemon_set(object, &selected()?, about(&[uid], true).as_deref(), &clock),
        ("", "replicationcontrollers") => {
            let selector = Selector::from_map(pairs(object, "spec.selector"));
            let pods = list(api, "pods", Some(&info.ns), &selector)?;
            workloads::replication_controller(object, &pods, about(&[uid], true).as_deref(), &clock)
        }
        ("", "services") => {
            let own = Selector::from_map([("kubernetes.io/service-name", name(object))]);
            let slices = list(api, "endpointslices", Some(&info.ns), &own)?;
            service::describe(object, &slices, about(&[uid], true).as_deref(), &clock)
        }
        ("", "nodes") => {
            let lease = target::resource("leases.coordination.k8s.io").and_then(|r| Ok(api.get(r, "kube-node-lease", name(object))?));
            let on_node =
                |pod: &Value| text(pod, "spec.nodeName") == name(object) && !matches!(text(pod, "status.phase"), "Succeeded" | "Failed");
            let pods: Vec<Value> = list(api, "pods", None, &Selector::default())?.into_iter().filter(on_node).collect();
            let slices = list(api, "resourceslices", None, &Selector::default()).unwrap_or_default();
            let around = node::Around { lease: lease.map_err(|why| why.message()), pods, slices };
            // Controllers use the node's UID in events, kubelets its name.
            node::describe(object, &around, about(&[uid, name(object)], true).as_deref(), &clock)
        }
        ("", "namespaces") => {
            let inside = |kind: &str| list(api, kind, Some(name(object)), &Selector::default()).unwrap_or_default();
            namespace::describe(object, &inside("resourcequotas"), &inside("limitranges"), &clock)
        }
        ("", "persistentvolumeclaims") => {
            let pods = list(api, "pods", Some(&info.ns), &Selector::default())?;
            with_events(&|page| storage::claim(page, object, &pods, &clock))
        }
        ("certificates.k8s.io", "certificatesigningrequests") => {
            let request = certificates::request_of(object).map_err(Failure::Plain)?;
            with_events(&|page| certificates::describe(page, object, &request, &clock))
        }
        ("networking.k8s.io", "ingresses") => with_events(&|page| network::ingress(page, object, api)),
        ("autoscaling", "horizontalpodautoscalers") => {
            // kubectl asks for version 2, whatever version was named.
            let newest = target::resource("horizontalpodautoscalers.v2.autoscaling")?;
            match api.get(newest, &info.ns, &info.name) {
                Ok(object) => with_events(&|page| autoscaler::v2(page, &object, &clock)),
                Err(_) => with_events(&|page| autoscaler::v1(page, object, &clock)),
            }
        }
        _ => match describer(info.resource) {
            (write, true) => with_events(&|page| write(page, object, &clock)),
            (write, false) => {
                let mut page = Page::default();
                write(&mut page, object, &clock);
                page.finish()
            }
        },
    })
}

fn list(api: &dyn Api, kind: &str, ns: Option<&str>, selector: &Selector) -> Answer<Vec<Value>> {
    let resource: &'static Resource = target::resource(kind)?;
    Ok(api.list(resource, ns, selector)?)
}
