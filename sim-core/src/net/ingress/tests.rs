//! Ingresses and what they make of requests.

use super::rules::Rules;
use super::*;
use crate::api::meta::{Meta, StrMap};
use crate::api::object::{Kind, Object};
use crate::api::record::Record;
use crate::api::routing::INGRESS_CONTROLLER as CONTROLLER;
use crate::kernel::time::SimTime;
use crate::net::dns::names::Shelf;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Default)]
struct Objects(Vec<Object>);

impl Objects {
    fn add(&mut self, kind: Kind, name: &'static str, annotations: &Value, spec: &Value) {
        let annotations = StrMap::from_tree(Some(annotations));
        let created = SimTime::from_secs(self.0.len() as u64);
        let meta = Meta { namespace: Str::Static("default"), name: Str::Static(name), annotations, created, ..Meta::default() };
        self.0.push(Object::Record(Arc::new(Record { kind, meta, body: Arc::new(json!({"spec": spec})) })));
    }
}

impl Shelf for Objects {
    fn named(&self, kind: Kind, _namespace: &str, name: &str) -> Option<&Object> {
        self.all(kind, None).find(|object| object.meta().name == name)
    }
    fn all<'s>(&'s self, kind: Kind, _namespace: Option<&'s str>) -> Box<dyn Iterator<Item = &'s Object> + 's> {
        Box::new(self.0.iter().filter(move |object| object.kind() == kind))
    }
}

fn path(path: &str, path_type: &str, service: &str) -> Value {
    json!({"path": path, "pathType": path_type, "backend": {"service": {"name": service, "port": {"number": 80}}}})
}

fn objects() -> Objects {
    let mut objects = Objects::default();
    let none = json!({});
    objects.add(Kind::IngressClass, "nginx", &none, &json!({"controller": CONTROLLER}));
    objects.add(Kind::IngressClass, "other", &none, &json!({"controller": "example.com/other"}));
    let paths = [
        path("/", "Prefix", "web"),
        path("/cart", "Prefix", "cart"),
        path("/cart/pay", "Exact", "pay"),
        path("/api/", "Prefix", "api"),
        path("/img", "ImplementationSpecific", "img"),
    ];
    let shop = json!({"ingressClassName": "nginx", "rules": [{"host": "shop.example", "http": {"paths": paths}}]});
    objects.add(Kind::Ingress, "shop", &none, &shop);
    let late =
        json!({"ingressClassName": "nginx", "rules": [{"host": "shop.example", "http": {"paths": [path("/cart", "Prefix", "thief")]}}]});
    objects.add(Kind::Ingress, "late", &none, &late);
    let wild = json!({"ingressClassName": "nginx", "rules": [{"host": "*.example", "http": {"paths": [path("/a", "Prefix", "wild")]}}]});
    objects.add(Kind::Ingress, "wild", &none, &wild);
    let any = json!({"rules": [{"http": {"paths": [path("/any", "Prefix", "any")]}}]});
    objects.add(Kind::Ingress, "any", &json!({CLASS_ANNOTATION: "nginx"}), &any);
    objects.add(
        Kind::Ingress,
        "else",
        &none,
        &json!({"ingressClassName": "other", "defaultBackend": path("/", "Prefix", "no")["backend"]}),
    );
    objects.add(Kind::Ingress, "classless", &none, &json!({"defaultBackend": path("/", "Prefix", "no")["backend"]}));
    let tls = json!({"ingressClassName": "nginx", "defaultBackend": path("", "", "fallback")["backend"],
        "tls": [{"hosts": ["safe.example"], "secretName": "cert"}], "rules": [{"host": "safe.example", "http": {"paths": [path("/x", "Exact", "x")]}}]});
    objects.add(Kind::Ingress, "safe", &none, &tls);
    let canary = json!({"nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-weight": "20",
        "nginx.ingress.kubernetes.io/canary-by-header": "X-Canary"});
    let rules =
        json!({"ingressClassName": "nginx", "rules": [{"host": "shop.example", "http": {"paths": [path("/cart", "Prefix", "cart-v2")]}}]});
    objects.add(Kind::Ingress, "cart-canary", &canary, &rules);
    objects
}

const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

#[track_caller]
fn check(host: &str, path: &str, tls: bool, expected: &str) {
    let rules = Rules::of(&objects());
    let headers = [("x-canary".to_owned(), "never".to_owned())];
    let seen = match rules.route(&Request { host, path, tls, headers: &headers }, (1, 1)) {
        Routed::Backend { backend, .. } => backend.service.to_string(),
        Routed::Redirect { to, .. } => format!("308 {to}"),
        Routed::NotFound { .. } => "404".to_owned(),
    };
    assert_eq!(seen, expected, "{host}{path}");
}

#[test]
fn a_request_finds_its_service() {
    check("shop.example", "/", false, "web");
    check("Shop.Example:8080", "/other?cart", false, "web");
    check("shop.example", "/cart", false, "cart");
    check("shop.example", "/cart/", false, "cart");
    check("shop.example", "/cart/1", false, "cart");
    check("shop.example", "/cartoon", false, "web");
    check("shop.example", "/cart/pay", false, "pay");
    check("shop.example", "/cart/pay/", false, "cart");
    check("shop.example", "/api", false, "web");
    check("shop.example", "/api/v1", false, "api");
    check("shop.example", "/images", false, "web");
    check("shop.example", "/imgur", false, "img");
    check("a.example", "/a/b", false, "wild");
    check("a.example", "/b", false, "404");
    check("b.a.example", "/any", false, "any");
    check("nobody.test", "/any/thing", false, "any");
    check("nobody.test", "/", false, "404");
    check("safe.example", "/x", false, "308 https://safe.example/x");
    check("safe.example", "/x", true, "x");
    check("safe.example", "/y", true, "fallback");
}

#[test]
fn a_canary_takes_its_share() {
    let rules = Rules::of(&objects());
    let goes = |headers: &[(String, String)], key| match rules
        .route(&Request { host: "shop.example", path: "/cart", tls: false, headers }, (1, key))
    {
        Routed::Backend { backend, .. } => backend.service == "cart-v2",
        _ => panic!("there is a rule"),
    };
    let times = (0..1_000).filter(|key| goes(&[], *key)).count();
    assert!((160..240).contains(&times), "{times}");
    let header = |value: &str| [("x-canary".to_owned(), value.to_owned())];
    assert!((0..50).all(|key| goes(&header("always"), key) && !goes(&header("never"), key)));
}
