//! The cloud's service controller: Services of type LoadBalancer get a load balancer in the world outside, with an address of its own.
//!
//! Mirrors `staging/src/k8s.io/cloud-provider/controllers/service/controller.go`, v1.36. It is the cloud's, not the controller-manager's: where
//! there is no cloud, such Services wait. The cloud itself is simple: it takes its time, and has the addresses 203.0.113.1 to .254. Which
//! nodes a load balancer sends to is what [`Node::is_behind_load_balancers`] says. Left out: failures of the cloud, mixed results of updates.

use crate::api::event::{EventType, ObjectReference};
use crate::api::node::Node;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::service::{LOAD_BALANCER_CLEANUP, Service};
use crate::apiserver::request::Write;
use crate::client::pace::{System, Work};
use crate::client::plan::{Keys, Plan, Step};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The key that stands for the nodes behind all load balancers: no node has this number.
const HOSTS: ObjectId = ObjectId { kind: Kind::Node, number: u32::MAX };
/// The cloud's addresses: those for documentation (RFC 5737).
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 0);
/// How many of them can be given: not the first, and not the last.
const ADDRESSES: u32 = 254;
/// `minRetryDelay`, `maxRetryDelay`
const RETRY: (SimDuration, SimDuration) = (SimDuration::from_secs(5), SimDuration::from_secs(300));

/// The controller.
pub struct ServiceLbController;

impl Controller for ServiceLbController {
    const NAME: &'static str = "service-lb-controller";
    const SIGNS_AS: &'static str = "service-controller";
    const WORKERS: usize = 1;
    // Two load balancers must not get the same address.
    const READS_ITS_WRITES: bool = true;
    const BACKOFF: (SimDuration, SimDuration) = RETRY;
    const PART_OF: Option<System> = Some(System::Cloud);

    fn route(change: &Change, _view: &View, keys: &mut Keys) {
        match &change.object {
            Object::Service(service) if change.verb != Verb::Deleted => {
                let old = change.old.as_ref().and_then(Object::as_service);
                let (is_news, said) = old.map_or((service.wants_load_balancer(), None), |old| needs_update(old, service));
                if let Some((reason, message)) = said {
                    keys.report(about(service), EventType::Normal, reason, message);
                }
                if is_news || service.needs_cleanup() {
                    keys.add(change.id);
                }
            }
            Object::Node(node) => {
                let old = change.old.as_ref().and_then(Object::as_node).filter(|_| change.verb == Verb::Modified);
                let is_behind = node.is_behind_load_balancers();
                // Taints alone are looked at when something else has changed.
                let changed = old.is_none_or(|old| {
                    old.is_included_in_load_balancing() != node.is_included_in_load_balancing()
                        && old.is_behind_load_balancers() != is_behind
                });
                if changed && (is_behind || old.is_some()) {
                    keys.add(HOSTS);
                }
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        if key == HOSTS {
            return update_hosts(view);
        }
        match view.service(key) {
            Some(service) if service.wants_load_balancer() && !service.needs_cleanup() => ensure(view, key, service),
            Some(service) => remove(key, service),
            None => Plan::nothing(),
        }
    }
}

fn about(service: &Service) -> ObjectReference {
    ObjectReference::seen(Kind::Service, &service.meta)
}

fn has_finalizer(service: &Service) -> bool {
    service.meta.finalizers().iter().any(|finalizer| *finalizer == LOAD_BALANCER_CLEANUP)
}

/// Makes the load balancer, or makes it as it should be now.
fn ensure(view: &View, key: ObjectId, service: &Arc<Service>) -> Plan {
    let mut plan = Plan::nothing();
    plan.why = format!("service {} is of type LoadBalancer", service.meta.name).into();
    plan.report(about(service), EventType::Normal, "EnsuringLoadBalancer", "Ensuring load balancer".to_owned());
    if !has_finalizer(service) {
        plan.then(Write::AddFinalizer(key, LOAD_BALANCER_CLEANUP));
    }
    if !nodes(view).any(|node| node.is_behind_load_balancers()) {
        unavailable(&mut plan, service);
    }
    let work = if service.ingress.is_empty() { Work::Balance } else { Work::Rebalance };
    plan.steps.push(Step::Work(work, service.meta.uid));
    let Some(address) = address(view, key, service) else {
        let why = "Error syncing load balancer: failed to ensure load balancer: no address is free".to_owned();
        plan.report(about(service), EventType::Warning, "SyncLoadBalancerFailed", why);
        plan.retry = Some(RETRY);
        return plan;
    };
    plan.report(about(service), EventType::Normal, "EnsuredLoadBalancer", "Ensured load balancer".to_owned());
    set_status(&mut plan, key, service, vec![address]);
    plan
}

/// Takes the load balancer down, and lets go of the Service.
fn remove(key: ObjectId, service: &Arc<Service>) -> Plan {
    let mut plan = Plan::nothing();
    if service.ingress.is_empty() && !has_finalizer(service) {
        return plan;
    }
    plan.why = format!("service {} needs no load balancer any more", service.meta.name).into();
    plan.report(about(service), EventType::Normal, "DeletingLoadBalancer", "Deleting load balancer".to_owned());
    plan.steps.push(Step::Work(Work::Unbalance, service.meta.uid));
    plan.then(Write::RemoveFinalizer(key, LOAD_BALANCER_CLEANUP));
    plan.report(about(service), EventType::Normal, "DeletedLoadBalancer", "Deleted load balancer".to_owned());
    if service.meta.deletion.is_none() {
        set_status(&mut plan, key, service, Vec::new());
    }
    plan
}

fn set_status(plan: &mut Plan, key: ObjectId, service: &Arc<Service>, ingress: Vec<Ipv4Addr>) {
    if service.ingress != ingress {
        let mut changed = Service { ingress, ..(**service).clone() };
        // A patch: whatever else has changed meanwhile.
        changed.meta.resource_version = 0;
        plan.then(Write::UpdateStatus(key, changed.into()));
    }
}

/// The nodes behind all load balancers have changed.
fn update_hosts(view: &View) -> Plan {
    let mut plan = Plan::nothing();
    let is_none = !nodes(view).any(|node| node.is_behind_load_balancers());
    let services = view.list(Kind::Service, None).filter_map(|(_, object)| object.as_service());
    for service in services.filter(|service| service.wants_load_balancer() && !service.needs_cleanup() && !service.ingress.is_empty()) {
        plan.why = "the nodes behind load balancers have changed".into();
        match is_none {
            true => unavailable(&mut plan, service),
            false => {
                let message = "Updated load balancer with new hosts".to_owned();
                plan.report(about(service), EventType::Normal, "UpdatedLoadBalancer", message);
            }
        }
    }
    plan
}

fn unavailable(plan: &mut Plan, service: &Service) {
    let message = "There are no available nodes for LoadBalancer".to_owned();
    plan.report(about(service), EventType::Warning, "UnAvailableLoadBalancer", message);
}

fn nodes(view: &View) -> impl Iterator<Item = &Arc<Node>> {
    view.list(Kind::Node, None).filter_map(|(_, object)| object.as_node())
}

/// The address that a load balancer has, or asks for (`spec.loadBalancerIP`), or gets: from a drawn place on, the next that is free.
fn address(view: &View, key: ObjectId, service: &Service) -> Option<Ipv4Addr> {
    let others = view.list(Kind::Service, None).filter(|(id, _)| *id != key);
    let taken: BTreeSet<Ipv4Addr> =
        others.filter_map(|(_, object)| object.as_service()).flat_map(|service| service.ingress.iter().copied()).collect();
    let asked = service.spec["loadBalancerIP"].as_str().and_then(|address| address.parse().ok());
    if let Some(address) = asked.or_else(|| service.ingress.first().copied()).filter(|address| !taken.contains(address)) {
        return Some(address);
    }
    let from = draw(0, Stream::Cloud, service.meta.uid.0).below(u64::from(ADDRESSES)) as u32;
    let all = (0..ADDRESSES).map(|step| Ipv4Addr::from(u32::from(OUTSIDE) + 1 + (from + step) % ADDRESSES));
    all.into_iter().find(|address| !taken.contains(address))
}

/// Whether a change of a Service concerns its load balancer, and what is said of it.
fn needs_update(old: &Service, new: &Service) -> (bool, Option<(&'static str, String)>) {
    if !old.wants_load_balancer() && !new.wants_load_balancer() {
        return (false, None);
    }
    if old.wants_load_balancer() != new.wants_load_balancer() {
        return (true, Some(("Type", format!("{} -> {}", old.service_type(), new.service_type()))));
    }
    let changed = |field: &str| old.spec[field] != new.spec[field];
    let text = |spec: &Value| spec.as_str().map(str::to_owned).unwrap_or_default();
    let list = |spec: &Value| {
        let items: Vec<String> = spec.as_array().into_iter().flatten().map(text).collect();
        format!("[{}]", items.join(" "))
    };
    let both = |reason: &'static str, show: &dyn Fn(&Value) -> String, field: &str| {
        (true, Some((reason, format!("{} -> {}", show(&old.spec[field]), show(&new.spec[field])))))
    };
    if changed("loadBalancerSourceRanges") {
        return both("LoadBalancerSourceRanges", &list, "loadBalancerSourceRanges");
    }
    if changed("ports") || changed("sessionAffinity") || changed("sessionAffinityConfig") {
        return (true, None);
    }
    if changed("loadBalancerIP") {
        return both("LoadbalancerIP", &text, "loadBalancerIP");
    }
    let ips = |service: &Service| service.spec["externalIPs"].as_array().cloned().unwrap_or_default();
    let (before, after) = (ips(old), ips(new));
    if before.len() != after.len() {
        return (true, Some(("ExternalIP", format!("Count: {} -> {}", before.len(), after.len()))));
    }
    if let Some((_, added)) = before.iter().zip(&after).find(|(before, after)| before != after) {
        return (true, Some(("ExternalIP", format!("Added: {}", text(added)))));
    }
    if old.meta.annotations != new.meta.annotations {
        return (true, None);
    }
    if changed("externalTrafficPolicy") {
        return both("ExternalTrafficPolicy", &text, "externalTrafficPolicy");
    }
    if changed("healthCheckNodePort") {
        let number = |value: &Value| value.as_i64().unwrap_or(0).to_string();
        return both("HealthCheckNodePort", &number, "healthCheckNodePort");
    }
    (false, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::view::tests::view_of;
    use serde_json::json;

    fn service(name: &str, kind: &str, held: bool) -> Value {
        let finalizers = if held { json!([LOAD_BALANCER_CLEANUP]) } else { json!([]) };
        json!({"kind": "Service", "apiVersion": "v1", "metadata": {"name": name, "namespace": "default", "finalizers": finalizers},
            "spec": {"type": kind, "ports": [{"port": 80}]}})
    }

    /// What a sync of the first Service does, in short.
    fn sync(services: &[Value]) -> Vec<String> {
        let node = json!({"kind": "Node", "apiVersion": "v1", "metadata": {"name": "node-1"}});
        let view = view_of(&[services, &[node]].concat());
        let plan = ServiceLbController::sync(&view, ObjectId { kind: Kind::Service, number: 0 }, SimTime::ZERO, true);
        let short = |step: Step| match step {
            Step::Report(report) => report.reason.to_string(),
            Step::Work(work, _) => format!("{work:?}"),
            Step::One(Write::UpdateStatus(_, Object::Service(service))) => format!("{} addresses", service.ingress.len()),
            Step::One(write) => write.words().0.to_owned(),
            other => format!("{other:?}"),
        };
        plan.steps.into_iter().map(short).collect()
    }

    #[test]
    fn a_load_balancer_comes_and_goes() {
        let ensured = ["EnsuringLoadBalancer", "patch", "Balance", "EnsuredLoadBalancer", "1 addresses"];
        assert_eq!(sync(&[service("web", "LoadBalancer", false)]), ensured);
        let removed = ["DeletingLoadBalancer", "Unbalance", "patch", "DeletedLoadBalancer"];
        assert_eq!(sync(&[service("web", "ClusterIP", true)]), removed);
        assert_eq!(sync(&[service("web", "ClusterIP", false)]), Vec::<String>::new());
        let mut others = service("web", "LoadBalancer", false);
        others["spec"]["loadBalancerClass"] = "example.com/other".into();
        assert_eq!(sync(&[others]), Vec::<String>::new());
    }

    #[test]
    fn what_is_said_of_a_change() {
        let of = |change: Value| {
            let mut tree = service("web", "LoadBalancer", false);
            change.as_object().into_iter().flatten().for_each(|(field, value)| tree["spec"][field] = value.clone());
            let mut service = Service::default();
            service.set_spec(&tree["spec"]);
            service
        };
        let check = |change: Value, needed: bool, expected: Option<&str>| {
            let (is_needed, said) = needs_update(&of(json!({})), &of(change));
            assert_eq!((is_needed, said.map(|(reason, message)| format!("{reason}: {message}"))), (needed, expected.map(str::to_owned)));
        };
        check(json!({}), false, None);
        check(json!({"type": "NodePort"}), true, Some("Type: LoadBalancer -> NodePort"));
        check(json!({"ports": [{"port": 81}]}), true, None);
        check(
            json!({"loadBalancerSourceRanges": ["10.0.0.0/8", "1.2.3.4/32"]}),
            true,
            Some("LoadBalancerSourceRanges: [] -> [10.0.0.0/8 1.2.3.4/32]"),
        );
        check(json!({"externalIPs": ["1.2.3.4"]}), true, Some("ExternalIP: Count: 0 -> 1"));
        check(json!({"externalTrafficPolicy": "Local"}), true, Some("ExternalTrafficPolicy:  -> Local"));
        check(json!({"healthCheckNodePort": 30100}), true, Some("HealthCheckNodePort: 0 -> 30100"));
    }

    #[test]
    fn addresses_differ() {
        let view = view_of(&[service("a", "LoadBalancer", true), service("b", "LoadBalancer", true)]);
        let id = |number| ObjectId { kind: Kind::Service, number };
        let of = |number| view.service(id(number)).and_then(|service| address(&view, id(number), service)).expect("one is free");
        assert!((1..=ADDRESSES).contains(&(u32::from(of(0)) - u32::from(OUTSIDE))));
        let mut asks = (**view.service(id(0)).expect("it is there")).clone();
        asks.spec = Arc::new(json!({"type": "LoadBalancer", "loadBalancerIP": "203.0.113.9"}));
        assert_eq!(address(&view, id(0), &asks), Some(Ipv4Addr::new(203, 0, 113, 9)));
    }
}
