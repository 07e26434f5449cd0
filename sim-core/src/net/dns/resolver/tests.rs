//! Questions to CoreDNS and their answers; names and how they are looked for.

use super::super::names::{NamedEndpoint, NamedPort, Names};
use super::super::outside::Outside;
use super::*;
use crate::api::meta::{Meta, Str};
use crate::api::service::Service;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A cluster's names, by hand.
#[derive(Default)]
struct Book {
    services: BTreeMap<(String, String), Arc<Service>>,
    endpoints: BTreeMap<(String, String), Vec<NamedEndpoint>>,
}

impl Book {
    fn add(&mut self, namespace: &str, name: &str, spec: Value) {
        let mut service = Service {
            meta: Meta { namespace: Str::from(namespace.to_owned()), name: Str::from(name.to_owned()), ..Meta::default() },
            spec: Arc::default(),
            selector: Default::default(),
            ports: Vec::new(),
            publish_not_ready: false,
            ingress: Vec::new(),
        };
        service.set_spec(&spec);
        self.services.insert((namespace.to_owned(), name.to_owned()), Arc::new(service));
    }

    fn endpoint(&mut self, service: &str, address: [u8; 4], hostname: &'static str, ports: &[(&'static str, u16)]) {
        let port = |(name, number): &(&'static str, u16)| NamedPort {
            name: Str::Static(name),
            protocol: Str::Static("TCP"),
            number: Some(*number),
        };
        let endpoint = NamedEndpoint {
            address: address.into(),
            hostname: Str::Static(hostname),
            ports: ports.iter().map(port).collect::<Vec<_>>().into(),
        };
        self.endpoints.entry(("default".to_owned(), service.to_owned())).or_default().push(endpoint);
    }
}

impl Names for Book {
    fn has_namespace(&self, namespace: &str) -> bool {
        matches!(namespace, "default" | "kube-system")
    }
    fn service(&self, namespace: &str, name: &str) -> Option<Arc<Service>> {
        self.services.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }
    fn endpoints(&self, namespace: &str, service: &str) -> Vec<NamedEndpoint> {
        self.endpoints.get(&(namespace.to_owned(), service.to_owned())).cloned().unwrap_or_default()
    }
    fn service_at(&self, address: Ipv4Addr) -> Option<(Str, Str)> {
        let found = self.services.values().find(|service| service.spec["clusterIPs"][0] == address.to_string())?;
        Some((found.meta.name.clone(), found.meta.namespace.clone()))
    }
    fn endpoints_at(&self, address: Ipv4Addr) -> Vec<(Str, Str, String)> {
        let all = self.endpoints.iter().flat_map(|((namespace, name), list)| list.iter().map(move |endpoint| (namespace, name, endpoint)));
        let here = all.filter(|(_, _, endpoint)| endpoint.address == address);
        here.map(|(namespace, name, endpoint)| (Str::from(name.clone()), Str::from(namespace.clone()), endpoint.label())).collect()
    }
}

fn book() -> Book {
    let mut book = Book::default();
    let http = json!({"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080});
    let admin = json!({"name": "admin", "port": 9000, "protocol": "TCP", "targetPort": 9000});
    book.add("default", "web", json!({"clusterIP": "10.96.7.1", "clusterIPs": ["10.96.7.1"], "ports": [http, admin]}));
    book.endpoint("web", [10, 244, 1, 9], "", &[("http", 8080), ("admin", 9000)]);
    book.add("default", "db", json!({"clusterIP": "None", "clusterIPs": ["None"], "ports": [{"name": "sql", "port": 5432}]}));
    book.endpoint("db", [10, 244, 1, 3], "db-0", &[("sql", 5432)]);
    book.endpoint("db", [10, 244, 2, 4], "", &[("sql", 5432)]);
    book.endpoint("db", [10, 244, 3, 5], "db-2", &[("sql", 5432)]);
    book.add("default", "empty", json!({"clusterIP": "None", "ports": [{"port": 80}]}));
    book.add("default", "far", json!({"type": "ExternalName", "externalName": "Example.com."}));
    book.add("default", "near", json!({"type": "ExternalName", "externalName": "web.default.svc.cluster.local"}));
    book.add("default", "lost", json!({"type": "ExternalName", "externalName": "gone.default.svc.cluster.local"}));
    book.add("default", "number", json!({"type": "ExternalName", "externalName": "192.0.2.1"}));
    book.add("kube-system", "kube-dns", json!({"clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10"], "ports": [{"port": 53}]}));
    book
}

fn outside() -> Outside {
    let mut outside = Outside::new(1);
    outside.set("example.com", vec![Ipv4Addr::new(203, 0, 113, 80)]);
    outside
}

/// A question to CoreDNS, and its answer in a line.
#[track_caller]
fn check(name: &str, kind: Kind, expected: &str) {
    let (book, outside) = (book(), outside());
    let reply = Zone { names: &book, outside: &outside }.answer(name, kind, (1, 1));
    let mut lines: Vec<String> = reply.records.iter().map(|record| format!("{} {}", record.data.kind().as_str(), record.data)).collect();
    if kind != Kind::A || !lines.iter().any(|line| line.starts_with("CNAME")) {
        lines.sort();
    }
    let text = if lines.is_empty() && reply.code == Code::NoError { "NODATA".to_owned() } else { lines.join(", ") };
    assert_eq!(if reply.code == Code::NoError { text } else { reply.code.as_str().to_owned() }, expected, "{name}");
}

#[test]
fn what_coredns_answers() {
    check("web.default.svc.cluster.local.", Kind::A, "A 10.96.7.1");
    check("WEB.default.svc.Cluster.local", Kind::A, "A 10.96.7.1");
    check("web.default.svc.cluster.local", Kind::Aaaa, "NODATA");
    check("web.default.svc.cluster.local", Kind::Cname, "NODATA");
    check("wbe.default.svc.cluster.local", Kind::A, "NXDOMAIN");
    check("wbe.default.svc.cluster.local", Kind::Aaaa, "NXDOMAIN");
    check("web.nowhere.svc.cluster.local", Kind::A, "NXDOMAIN");
    check("default.svc.cluster.local", Kind::A, "NODATA");
    check("svc.cluster.local", Kind::A, "NODATA");
    check("cluster.local", Kind::A, "NODATA");
    check("web.cluster.local", Kind::A, "NXDOMAIN");
    check("a.b.c.web.default.svc.cluster.local", Kind::A, "NXDOMAIN");
    check("dns-version.cluster.local", Kind::Txt, "TXT \"1.1.0\"");
    check("web.default.svc.cluster.local", Kind::Txt, "NODATA");
    check("ns.dns.cluster.local", Kind::A, "A 10.96.0.10");
    // Headless: the pods themselves; those with a host name have a name of their own.
    check("db.default.svc.cluster.local", Kind::A, "A 10.244.1.3, A 10.244.2.4, A 10.244.3.5");
    check("db-0.db.default.svc.cluster.local", Kind::A, "A 10.244.1.3");
    check("10-244-2-4.db.default.svc.cluster.local", Kind::A, "A 10.244.2.4");
    check("10-244-1-3.db.default.svc.cluster.local", Kind::A, "NXDOMAIN");
    check("empty.default.svc.cluster.local", Kind::A, "NXDOMAIN");
    check("10-244-1-9.web.default.svc.cluster.local", Kind::A, "A 10.244.1.9");
    // Ports.
    check("_http._tcp.web.default.svc.cluster.local", Kind::Srv, "SRV 0 100 80 web.default.svc.cluster.local.");
    check("_http._udp.web.default.svc.cluster.local", Kind::Srv, "NXDOMAIN");
    check(
        "web.default.svc.cluster.local",
        Kind::Srv,
        "SRV 0 50 80 web.default.svc.cluster.local., SRV 0 50 9000 web.default.svc.cluster.local.",
    );
    check(
        "_sql._tcp.db.default.svc.cluster.local",
        Kind::Srv,
        "SRV 0 33 5432 10-244-2-4.db.default.svc.cluster.local., SRV 0 33 5432 db-0.db.default.svc.cluster.local., \
         SRV 0 33 5432 db-2.db.default.svc.cluster.local.",
    );
    check("far.default.svc.cluster.local", Kind::Srv, "NODATA");
    // Addresses back.
    check(&reverse(10, 96, 7, 1), Kind::Ptr, "PTR web.default.svc.cluster.local.");
    check(&reverse(10, 244, 1, 3), Kind::Ptr, "PTR db-0.db.default.svc.cluster.local.");
    check(&reverse(10, 244, 1, 9), Kind::Ptr, "PTR 10-244-1-9.web.default.svc.cluster.local.");
    check(&reverse(10, 244, 9, 9), Kind::Ptr, "NXDOMAIN");
    // Pods by their addresses, whether they are there or not.
    check("10-1-2-3.default.pod.cluster.local", Kind::A, "A 10.1.2.3");
    check("10-1-2-3.nowhere.pod.cluster.local", Kind::A, "NXDOMAIN");
    check("web-0.default.pod.cluster.local", Kind::A, "NXDOMAIN");
    // Other names.
    check("far.default.svc.cluster.local", Kind::A, "CNAME example.com., A 203.0.113.80");
    check("far.default.svc.cluster.local", Kind::Cname, "CNAME example.com.");
    check("near.default.svc.cluster.local", Kind::A, "CNAME web.default.svc.cluster.local., A 10.96.7.1");
    check("lost.default.svc.cluster.local", Kind::A, "NODATA");
    check("number.default.svc.cluster.local", Kind::A, "NXDOMAIN");
    check("example.com", Kind::A, "A 203.0.113.80");
    check("example.com", Kind::Aaaa, "NODATA");
    check("web", Kind::A, "NXDOMAIN");
    check("web.default", Kind::A, "NXDOMAIN");
    check("nope.invalid", Kind::A, "NXDOMAIN");
}

fn reverse(a: u8, b: u8, c: u8, d: u8) -> String {
    super::super::reverse_name(Ipv4Addr::new(a, b, c, d))
}

/// What a library makes of a name, as a story with its end.
#[track_caller]
fn walks(name: &str, library: Library, reach: Reach, expected: &str, takes: SimDuration) {
    let (book, outside) = (book(), outside());
    let lookup = Lookup { zone: Zone { names: &book, outside: &outside }, reach: &|_| reach, shuffle: (1, 1) };
    let answer = lookup.resolve(&ResolvConf::of_cluster("default"), library, name, Kind::A);
    let end = answer.failure.map_or_else(String::new, |failure| format!(": {}", failure.words(library)));
    assert_eq!(format!("{}{end}", answer.story(name)), expected);
    assert_eq!(answer.takes, takes);
}

#[test]
fn search_lists_are_walked() {
    let millis = SimDuration::from_millis;
    let answers = Reach::Answers(millis(1));
    walks("web", Library::Glibc, answers, "web → web.default.svc.cluster.local 10.96.7.1", millis(1));
    walks(
        "web.default",
        Library::Musl,
        answers,
        "web.default → web.default.default.svc.cluster.local NXDOMAIN → web.default.svc.cluster.local 10.96.7.1",
        millis(2),
    );
    walks(
        "web.default.svc.cluster.local.",
        Library::Glibc,
        answers,
        "web.default.svc.cluster.local. → web.default.svc.cluster.local 10.96.7.1",
        millis(1),
    );
    walks(
        "example.com",
        Library::Glibc,
        answers,
        "example.com → example.com.default.svc.cluster.local NXDOMAIN → example.com.svc.cluster.local NXDOMAIN → \
         example.com.cluster.local NXDOMAIN → example.com 203.0.113.80",
        millis(4),
    );
    walks(
        "wbe",
        Library::Glibc,
        answers,
        "wbe → wbe.default.svc.cluster.local NXDOMAIN → wbe.svc.cluster.local NXDOMAIN → wbe.cluster.local NXDOMAIN → wbe NXDOMAIN: \
         Name or service not known",
        millis(4),
    );
    // "default" is a namespace, found below svc.cluster.local: a name without addresses.
    walks(
        "default",
        Library::Musl,
        answers,
        "default → default.default.svc.cluster.local NXDOMAIN → default.svc.cluster.local NODATA: Name has no usable address",
        millis(2),
    );
    walks("10.1.2.3", Library::Glibc, Reach::Silent, "10.1.2.3 10.1.2.3", SimDuration::ZERO);
    let tried = "web → web.default.svc.cluster.local (no answer)";
    walks("web", Library::Glibc, Reach::Silent, &format!("{tried}: Temporary failure in name resolution"), millis(10_000));
    walks("web", Library::Musl, Reach::Silent, &format!("{tried}: Try again"), millis(5_000));
    walks("web", Library::Glibc, Reach::Refused, &format!("{tried}: Temporary failure in name resolution"), SimDuration::ZERO);
    walks("web", Library::Musl, Reach::Refused, &format!("{tried}: Try again"), millis(5_000));
}

#[test]
fn files_are_read() {
    let text =
        "# a comment\nsearch a b\nnameserver 10.96.0.10\nsearch default.svc.cluster.local x.example\noptions ndots:5 timeout:2 edns0\n";
    let conf = ResolvConf::parse(text);
    assert_eq!(conf.search, ["default.svc.cluster.local", "x.example"]);
    assert_eq!((conf.nameservers, conf.ndots, conf.timeout, conf.attempts), (vec![CLUSTER_DNS], 5, SimDuration::from_secs(2), 2));
    assert_eq!(ResolvConf::parse("nameserver 1.2.3.4\n").candidates("a.b", Library::Glibc), ["a.b"]);
}

#[test]
fn every_address_comes_first_sometimes() {
    let (book, outside) = (book(), outside());
    let zone = Zone { names: &book, outside: &outside };
    let mut first = std::collections::BTreeMap::new();
    for key in 0..3_000 {
        let reply = zone.answer("db.default.svc.cluster.local", Kind::A, (7, key));
        *first.entry(reply.addresses().next()).or_insert(0) += 1;
    }
    assert!(first.len() == 3 && first.values().all(|times| (900..1_100).contains(times)), "{first:?}");
}
