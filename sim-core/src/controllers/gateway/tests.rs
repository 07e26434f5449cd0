//! What the controller of the Gateway API makes of what it sees.

use super::*;
use crate::client::plan::Step;
use crate::client::view::tests::view_of;
use serde_json::json;

fn gateway(listeners: &Value) -> Value {
    json!({"kind": "Gateway", "metadata": {"name": "web", "namespace": "default"}, "spec": {"gatewayClassName": "nginx", "listeners": listeners}})
}

fn http() -> Value {
    json!([{"name": "http", "port": 80, "protocol": "HTTP", "hostname": "*.example"}])
}

fn route(namespace: &str, parent: &Value, host: &str, backend: &Value) -> Value {
    json!({"kind": "HTTPRoute", "metadata": {"name": "app", "namespace": namespace},
        "spec": {"parentRefs": [parent], "hostnames": [host], "rules": [{"backendRefs": [backend]}]}})
}

fn view(more: &[Value]) -> View {
    let class = json!({"kind": "GatewayClass", "metadata": {"name": "nginx"}, "spec": {"controllerName": GATEWAY_CONTROLLER}});
    let service = json!({"kind": "Service", "metadata": {"name": "web", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}});
    view_of(&[&[class, service], more].concat())
}

/// Conditions in short.
fn short(conditions: &Value) -> Vec<String> {
    list(conditions)
        .iter()
        .map(|one| {
            let word = |field: &str| one[field].as_str().unwrap_or_default();
            format!("{}={} {}", word("type"), word("status"), word("reason"))
        })
        .collect()
}

#[track_caller]
fn check_route(listeners: &Value, route: Value, expected: &[&str], attached: u64) {
    let view = view(&[gateway(listeners), route]);
    let record = |kind| view.get(ObjectId { kind, number: 0 }).and_then(Object::as_record).expect("it is there");
    let status = status::of_route(&view, record(Kind::HTTPRoute), "now").unwrap_or_default();
    assert_eq!(short(&status["parents"][0]["conditions"]), expected);
    let status = status::of_gateway(&view, record(Kind::Gateway), "now");
    assert_eq!(status["listeners"][0]["attachedRoutes"], attached);
}

#[test]
fn what_is_said_of_routes() {
    let web = json!({"name": "web", "port": 80});
    let own = json!({"name": "web"});
    check_route(&http(), route("default", &own, "a.example", &web), &["Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs"], 1);
    let missing = json!({"name": "none", "port": 80});
    check_route(
        &http(),
        route("default", &own, "a.example", &missing),
        &["Accepted=True Accepted", "ResolvedRefs=False BackendNotFound"],
        1,
    );
    let far = json!({"name": "web", "namespace": "other", "port": 80});
    check_route(&http(), route("default", &own, "a.example", &far), &["Accepted=True Accepted", "ResolvedRefs=False RefNotPermitted"], 1);
    let strange = json!({"name": "web", "kind": "Bucket", "port": 80});
    check_route(&http(), route("default", &own, "a.example", &strange), &["Accepted=True Accepted", "ResolvedRefs=False InvalidKind"], 1);
    let refused = |reason: &str| ["ResolvedRefs=True ResolvedRefs".to_owned(), format!("Accepted=False {reason}")];
    let check = |listeners: &Value, route: Value, reason: &str| {
        let expected = refused(reason);
        check_route(listeners, route, &[&expected[0], &expected[1]], 0);
    };
    check(&http(), route("default", &own, "a.test", &web), "NoMatchingListenerHostname");
    check(&http(), route("default", &json!({"name": "web", "sectionName": "tls"}), "a.example", &web), "NoMatchingParent");
    let from_elsewhere = route("other", &json!({"name": "web", "namespace": "default"}), "a.example", &json!({"name": "x", "port": 1}));
    let said = ["ResolvedRefs=False BackendNotFound", "Accepted=False NotAllowedByListeners"];
    check_route(&http(), from_elsewhere, &said, 0);
    let tcp = json!([{"name": "tcp", "port": 80, "protocol": "TCP"}]);
    check(&tcp, route("default", &own, "a.example", &web), "InvalidListener");
}

#[test]
fn what_is_said_of_gateways() {
    let check = |listeners: &Value, expected: &[&str], of_first: &[&str]| {
        let view = view(&[gateway(listeners)]);
        let record = view.get(ObjectId { kind: Kind::Gateway, number: 0 }).and_then(Object::as_record).expect("it is there");
        let status = status::of_gateway(&view, record, "now");
        assert_eq!(short(&status["conditions"]), expected);
        assert_eq!(short(&status["listeners"][0]["conditions"]), of_first);
    };
    let fine = ["Accepted=True Accepted", "Programmed=True Programmed", "ResolvedRefs=True ResolvedRefs", "Conflicted=False NoConflicts"];
    check(&http(), &["Accepted=True Accepted", "Programmed=True Programmed"], &fine);
    let tls = json!({"name": "tls", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "none"}]}});
    let wrong = ["Accepted=False InvalidCertificateRef", "ResolvedRefs=False InvalidCertificateRef", "Programmed=False Invalid"];
    check(&json!([tls]), &["Accepted=False ListenersNotValid", "Programmed=False Invalid"], &wrong);
    let both = json!([tls, http()[0]]);
    check(&both, &["Programmed=True Programmed", "Accepted=True ListenersNotValid"], &wrong);
}

#[test]
fn a_gateway_gets_pods_until_it_is_gone() {
    let with = view(&[gateway(&http())]);
    let record = with.get(ObjectId { kind: Kind::Gateway, number: 0 }).and_then(Object::as_record).expect("it is there");
    let mut plan = Plan::nothing();
    data_plane::ensure(&with, record, &mut plan);
    let trees: Vec<Value> =
        plan.steps.into_iter().filter_map(|step| if let Step::One(Write::Manifest(_, tree)) = step { Some(*tree) } else { None }).collect();
    let named: Vec<String> = trees.iter().map(|tree| format!("{} {}", tree["kind"], tree["metadata"]["name"])).collect();
    assert_eq!(named, ["\"ServiceAccount\" \"web-nginx\"", "\"Service\" \"web-nginx\"", "\"Deployment\" \"web-nginx\""]);
    // Once it is all there, nothing is left to do; without the Gateway, it goes.
    let all = view(&[&trees[..], &[gateway(&http())]].concat());
    let mut plan = Plan::nothing();
    data_plane::ensure(&all, record, &mut plan);
    assert!(plan.is_empty(), "{:?}", plan.steps);
    let left = view(&trees);
    let made = data_plane::made_for(&left, &record.meta);
    assert_eq!(made.len(), 3);
    assert!(made.iter().all(|id| !data_plane::forget(&left, *id).is_empty() && data_plane::forget(&all, *id).is_empty()));
}
