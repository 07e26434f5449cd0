//! Policies in a table: who may talk to whom.

use super::*;
use crate::api::meta::Meta;
use crate::api::object::ObjectId;
use crate::api::record::Record;
use crate::kernel::queue::EventId;
use crate::kernel::time::SimTime;
use crate::net::world::Sandbox;
use serde_json::json;
use std::net::Ipv4Addr;

fn change(object: Object, verb: Verb) -> Change {
    let id = ObjectId { kind: object.kind(), number: 0 };
    Change { revision: 1, at: SimTime::ZERO, event: EventId::NONE, verb, id, object, old: None }
}

fn policy(namespace: &'static str, name: &'static str, spec: Value) -> Object {
    let meta = Meta { name: name.into(), namespace: namespace.into(), ..Meta::default() };
    Object::from(Record { kind: Kind::NetworkPolicy, meta, body: Arc::new(json!({ "spec": spec })) })
}

fn pod(namespace: &'static str, name: &'static str, last: u8) -> Sandbox {
    Sandbox {
        pod: last.into(),
        namespace: namespace.into(),
        name: name.into(),
        labels: [("app".into(), name.into())].into_iter().collect(),
        node: 1,
        address: Ipv4Addr::new(10, 244, 1, last),
        host_network: false,
    }
}

/// Policies, and whether `web` in `default` may talk to `db` there, and `other` in `elsewhere`.
struct Case {
    policies: Policies,
}

impl Case {
    fn new(specs: &[(&'static str, Value)]) -> Case {
        let mut policies = Policies::default();
        for (name, labels) in [("default", "a"), ("elsewhere", "b")] {
            let labels = [("team".into(), labels.into())].into_iter().collect();
            let namespace = crate::api::node::Namespace { meta: Meta { name: name.into(), labels, ..Meta::default() }, terminating: false };
            assert!(!policies.learn(&View::default(), &change(namespace.into(), Verb::Added)), "no policies yet");
        }
        for (name, spec) in specs {
            assert!(policies.learn(&View::default(), &change(policy("default", name, spec.clone()), Verb::Added)));
            assert!(!policies.learn(&View::default(), &change(policy("default", name, spec.clone()), Verb::Modified)));
        }
        Case { policies }
    }

    fn decide(&self, way: Way, from: &Sandbox, to: &Sandbox, port: u16) -> Decision {
        let party = |pod: &'static Sandbox| Party { address: pod.address, pod: Some(pod) };
        let leak = |pod: &Sandbox| -> &'static Sandbox { Box::leak(Box::new(pod.clone())) };
        let named = |pod: u32, _: Protocol, name: &str| (pod == 3 && name == "http").then_some(8080);
        let talk = Talk { from: party(leak(from)), to: party(leak(to)), protocol: Protocol::Tcp, port, port_named: &named };
        self.policies.decide(way, &talk)
    }

    #[track_caller]
    fn check(&self, way: Way, from: &Sandbox, to: &Sandbox, port: u16, expected: &str) {
        let told = match self.decide(way, from, to, port) {
            Decision::NotIsolated => "free".to_owned(),
            Decision::Allowed { policy, rule } => format!("{policy} {rule}"),
            Decision::Denied(denial) => denial.policies.join(","),
        };
        assert_eq!(told, expected);
    }
}

#[test]
fn who_may_talk_to_whom() {
    let (web, db, other) = (pod("default", "web", 2), pod("default", "db", 3), pod("elsewhere", "other", 4));
    let select = json!({"matchLabels": {"app": "db"}});
    let case = |spec: Value| Case::new(&[("p", spec)]);
    let (into, out) = (Way::Ingress, Way::Egress);

    let none = Case::new(&[]);
    none.check(into, &web, &db, 80, "free");
    let deny = case(json!({"podSelector": {}}));
    deny.check(into, &web, &db, 80, "default/p");
    deny.check(into, &db, &other, 80, "free");
    deny.check(out, &db, &web, 80, "free");
    let deny_all = case(json!({"policyTypes": ["Ingress", "Egress"]}));
    deny_all.check(out, &db, &web, 80, "default/p");

    let web_only = case(json!({"podSelector": select, "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]}));
    web_only.check(into, &web, &db, 80, "default/p 1");
    web_only.check(into, &other, &db, 80, "default/p");
    web_only.check(into, &db, &web, 80, "free");

    let team = json!({"namespaceSelector": {"matchLabels": {"team": "b"}}});
    let by_namespace = case(json!({"podSelector": select, "ingress": [{"from": [team]}]}));
    by_namespace.check(into, &other, &db, 80, "default/p 1");
    by_namespace.check(into, &web, &db, 80, "default/p");
    let both = json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "nobody"}}});
    case(json!({"podSelector": select, "ingress": [{"from": [both]}]})).check(into, &other, &db, 80, "default/p");

    let block = json!({"ipBlock": {"cidr": "10.244.0.0/16", "except": ["10.244.1.2/32"]}});
    let by_address = case(json!({"podSelector": select, "ingress": [{"from": [block]}]}));
    by_address.check(into, &other, &db, 80, "default/p 1");
    by_address.check(into, &web, &db, 80, "default/p");

    let ports = json!([{"port": 80}, {"port": "http"}, {"port": 9000, "endPort": 9010}, {"protocol": "UDP"}]);
    let by_port = case(json!({"podSelector": select, "ingress": [{"ports": ports}], "egress": [{}]}));
    for (port, expected) in [(80, true), (8080, true), (9005, true), (9011, false), (53, false)] {
        by_port.check(into, &web, &db, port, if expected { "default/p 1" } else { "default/p" });
    }
    by_port.check(out, &db, &other, 53, "default/p 1");
}

#[test]
fn policies_add_up() {
    let (web, db) = (pod("default", "web", 2), pod("default", "db", 3));
    let mut case = Case::new(&[("deny", json!({"podSelector": {}})), ("open", json!({"podSelector": {}, "ingress": [{}]}))]);
    case.check(Way::Ingress, &web, &db, 80, "default/open 1");
    assert!(case.policies.learn(&View::default(), &change(policy("default", "open", json!({})), Verb::Deleted)));
    let Decision::Denied(denial) = case.decide(Way::Ingress, &web, &db, 80) else { panic!("it is isolated") };
    assert_eq!(
        denial.to_string(),
        "NetworkPolicy default/deny isolates pod/db for ingress, and no rule of it allows pod/web to reach 80/TCP"
    );
    let mut host = db.clone();
    host.host_network = true;
    case.check(Way::Ingress, &web, &host, 80, "free");
}
