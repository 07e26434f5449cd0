//! Routes of the Gateway API and what they make of requests.

use super::routes::gateways;
use super::*;
use crate::api::meta::{Meta, Str};
use crate::api::object::{Kind, Object};
use crate::api::record::Record;
use crate::api::routing::GATEWAY_CONTROLLER;
use crate::kernel::time::SimTime;
use crate::net::dns::names::Shelf;
use serde_json::{Value, json};
use std::sync::Arc;

struct Objects(Vec<Object>);

impl Shelf for Objects {
    fn named(&self, kind: Kind, _namespace: &str, name: &str) -> Option<&Object> {
        self.all(kind, None).find(|object| object.meta().name == name)
    }
    fn all<'s>(&'s self, kind: Kind, _namespace: Option<&'s str>) -> Box<dyn Iterator<Item = &'s Object> + 's> {
        Box::new(self.0.iter().filter(move |object| object.kind() == kind))
    }
}

fn objects() -> Objects {
    let mut age = 0;
    let mut object = |kind, namespace: &'static str, name: &'static str, spec: Value| {
        age += 1;
        let meta = Meta { namespace: Str::Static(namespace), name: Str::Static(name), created: SimTime::from_secs(age), ..Meta::default() };
        Object::Record(Arc::new(Record { kind, meta, body: Arc::new(json!({"spec": spec})) }))
    };
    let to = |service: &str| json!({"name": service, "port": 80});
    let parent = json!([{"name": "web"}]);
    Objects(vec![
        object(Kind::GatewayClass, "", "nginx", json!({"controllerName": GATEWAY_CONTROLLER})),
        object(
            Kind::Gateway,
            "default",
            "web",
            json!({"gatewayClassName": "nginx", "listeners": [
            {"name": "http", "port": 80, "protocol": "HTTP"},
            {"name": "shop", "port": 80, "protocol": "HTTP", "hostname": "*.shop.example", "allowedRoutes": {"namespaces": {"from": "All"}}}]}),
        ),
        object(
            Kind::HTTPRoute,
            "default",
            "app",
            json!({"parentRefs": parent, "hostnames": ["app.example"], "rules": [
            {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": [to("web")]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/api"}}], "backendRefs": [to("api")]},
            {"matches": [{"path": {"type": "Exact", "value": "/api/v1"}}], "backendRefs": [to("v1")]},
            {"matches": [{"path": {"value": "/api"}, "method": "POST"}], "backendRefs": [to("writer")]},
            {"matches": [{"path": {"value": "/api"}, "headers": [{"name": "X-Beta", "value": "1"}]}], "backendRefs": [to("beta")]},
            {"matches": [{"path": {"value": "/old"}}], "filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]},
            {"matches": [{"path": {"value": "/none"}}]},
            {"matches": [{"path": {"value": "/far"}}], "backendRefs": [{"name": "x", "namespace": "other", "port": 80}]}]}),
        ),
        object(
            Kind::HTTPRoute,
            "default",
            "young",
            json!({"parentRefs": parent, "hostnames": ["app.example"], "rules": [{"backendRefs": [to("thief")]}]}),
        ),
        object(
            Kind::HTTPRoute,
            "default",
            "wide",
            json!({"parentRefs": parent, "hostnames": ["*.example"], "rules": [{"backendRefs": [to("wide")]}]}),
        ),
        object(
            Kind::HTTPRoute,
            "other",
            "shop",
            json!({"parentRefs": [{"name": "web", "namespace": "default"}], "rules": [
            {"backendRefs": [{"name": "stable", "port": 80, "weight": 90}, {"name": "canary", "port": 80, "weight": 10}]}]}),
        ),
    ])
}

#[track_caller]
fn check(method: &str, host: &str, path: &str, headers: &[(&str, &str)], expected: &str) {
    let all = gateways(&objects());
    let headers: Vec<(String, String)> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let seen = match route(&all[0], 80, &Request { method, host, path, headers: &headers }, (1, 1)) {
        Routed::Backend { backend, .. } => backend.backend.service.to_string(),
        Routed::Redirect { status, to, .. } => format!("{status} {to}"),
        Routed::Answer { status, .. } => status.to_string(),
    };
    assert_eq!(seen, expected, "{method} {host}{path}");
}

#[test]
fn the_most_specific_match_decides() {
    check("GET", "app.example", "/", &[], "web");
    check("GET", "app.example:80", "/apis", &[], "web");
    check("GET", "app.example", "/api/x?y", &[], "api");
    check("GET", "app.example", "/api/v1", &[], "v1");
    check("POST", "app.example", "/api/v1", &[], "v1");
    check("POST", "app.example", "/api", &[("x-beta", "1")], "writer");
    check("GET", "app.example", "/api", &[("x-beta", "1")], "beta");
    check("GET", "app.example", "/old", &[], "301 https://app.example/old");
    check("GET", "app.example", "/none", &[], "500");
    check("GET", "app.example", "/far", &[], "500");
    check("GET", "a.b.example", "/", &[], "wide");
    check("GET", "other.test", "/", &[], "404");
    check("GET", "a.shop.example", "/", &[], "stable");
}

#[test]
fn weights_are_shares() {
    let all = gateways(&objects());
    let request = Request { method: "GET", host: "a.shop.example", path: "/", headers: &[] };
    let canary = (0..2_000).filter(|key| match route(&all[0], 80, &request, (3, *key)) {
        Routed::Backend { backend, .. } => backend.backend.service == "canary",
        _ => false,
    });
    let times = canary.count();
    assert!((150..250).contains(&times), "{times}");
}
