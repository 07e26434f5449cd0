//! Gateways with their listeners and routes, as an implementation reads them from the API.

use crate::api::meta::Str;
use crate::api::object::{Kind, Object};
use crate::api::record::Record;
use crate::api::routing::{self, GATEWAY_CONTROLLER, data_plane};
use crate::net::dns::names::Shelf;
use crate::net::ingress::rules::{Backend, PortRef};
use serde_json::Value;
use std::sync::Arc;

/// A Gateway.
#[derive(Clone, PartialEq, Debug)]
pub struct Gateway {
    /// `default/web`
    pub name: Str,
    /// Its namespace.
    pub namespace: Str,
    /// The Service of its pods.
    pub service: Str,
    /// Its listeners.
    pub listeners: Vec<Listener>,
}

/// A listener of a Gateway, with the routes that are attached to it, the oldest first.
#[derive(Clone, PartialEq, Debug)]
pub struct Listener {
    /// Its name.
    pub name: Str,
    /// The port.
    pub port: u16,
    /// `HTTP`, `HTTPS`, …
    pub protocol: Str,
    /// The hosts that it is for: a name, `*.` and the end of names, or empty for all.
    pub hostname: String,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// An HTTPRoute.
#[derive(Clone, PartialEq, Debug)]
pub struct Route {
    /// `default/web`
    pub name: Str,
    /// The hosts that it is for; none: all of its listener's.
    pub hostnames: Vec<String>,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// A rule of a route.
#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    /// What a request must be like: one of these.
    pub matches: Vec<Match>,
    /// Where it goes, by weight.
    pub backends: Vec<Weighted>,
    /// Where the client is sent instead.
    pub redirect: Option<Redirect>,
}

/// What a request must be like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Match {
    /// The path.
    pub path: String,
    /// As a whole, rather than its first elements.
    pub exact: bool,
    /// The method.
    pub method: Option<String>,
    /// Headers that it must have; names in small letters.
    pub headers: Vec<(String, String)>,
    /// Parameters that it must have.
    pub query: Vec<(String, String)>,
}

/// A Service's port with a share of the requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Weighted {
    /// The Service's port.
    pub backend: Backend,
    /// Its share among its rule's others.
    pub weight: u64,
    /// Whether it can't be used: it isn't a Service, has no port, or is in another namespace. Its share of the requests gets 500.
    pub refused: bool,
}

/// `RequestRedirect`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redirect {
    /// Another scheme.
    pub scheme: Option<String>,
    /// Another host.
    pub hostname: Option<String>,
    /// 302, or 301.
    pub status: u16,
}

impl Rule {
    /// What it is about, in words: `path /api (Prefix)`.
    pub fn told(&self) -> String {
        let paths = self.matches.iter().map(|one| format!("path {} ({})", one.path, if one.exact { "Exact" } else { "PathPrefix" }));
        paths.collect::<Vec<_>>().join(" or ")
    }
}

/// How closely a pattern fits a host: 0 for all hosts; the longer the closer, and a name is closer than an end of names.
fn fit(pattern: &str, host: &str) -> Option<(bool, usize)> {
    if pattern.is_empty() {
        return Some((false, 0));
    }
    match pattern.strip_prefix('*') {
        Some(end) => (host.len() > end.len() && host.ends_with(end)).then_some((false, pattern.len())),
        None => (pattern == host).then_some((true, pattern.len())),
    }
}

impl Gateway {
    /// How closely it knows a host at a port: by the listener, and by the closest of its routes. `None`: no route is for the host.
    pub fn knows(&self, port: u16, host: &str) -> Option<(bool, usize)> {
        let host = host.to_ascii_lowercase();
        let listener = self.listener(port, &host)?;
        listener.routes.iter().filter_map(|route| route.host(&listener.hostname, &host)).max()
    }

    /// The listener of a port that fits a host most closely.
    pub fn listener(&self, port: u16, host: &str) -> Option<&Listener> {
        let of_port =
            self.listeners.iter().filter(|listener| listener.port == port && matches!(listener.protocol.as_str(), "HTTP" | "HTTPS"));
        of_port
            .filter_map(|listener| Some((fit(&listener.hostname, host)?, listener)))
            .max_by_key(|(close, _)| *close)
            .map(|(_, listener)| listener)
    }
}

impl Route {
    /// How closely it fits a host, for a listener with this host name.
    pub fn host(&self, listener: &str, host: &str) -> Option<(bool, usize)> {
        if self.hostnames.is_empty() { fit(listener, host) } else { self.hostnames.iter().filter_map(|own| fit(own, host)).max() }
    }

    fn of(record: &Record) -> Route {
        let spec = &record.body["spec"];
        Route {
            name: Str::from(format!("{}/{}", record.meta.namespace, record.meta.name)),
            hostnames: list(&spec["hostnames"]).iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect(),
            rules: list(&spec["rules"]).iter().map(|rule| rule_of(rule, &record.meta.namespace)).collect(),
        }
    }
}

/// All Gateways, with what is attached to them.
pub fn gateways(objects: &dyn Shelf) -> Vec<Gateway> {
    let records = |kind| objects.all(kind, None).filter_map(Object::as_record);
    let mut routes: Vec<&Arc<Record>> = records(Kind::HTTPRoute).collect();
    routes.sort_by_key(|route| route.meta.created);
    let of_known_class = |gateway: &&Arc<Record>| {
        let class = gateway.body["spec"]["gatewayClassName"].as_str().unwrap_or_default();
        let class = objects.named(Kind::GatewayClass, "", class).and_then(Object::as_record);
        routing::is_of_class(gateway) && class.is_some_and(|class| class.body["spec"]["controllerName"] == GATEWAY_CONTROLLER)
    };
    records(Kind::Gateway).filter(of_known_class).map(|gateway| gateway_of(gateway, &routes, objects)).collect()
}

fn gateway_of(gateway: &Record, routes: &[&Arc<Record>], objects: &dyn Shelf) -> Gateway {
    let listeners = list(&gateway.body["spec"]["listeners"]).iter().map(|tree| {
        let attached = routes.iter().filter(|route| is_attached(route, gateway, tree, objects));
        Listener {
            name: text(tree, "name"),
            port: tree["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(0),
            protocol: text(tree, "protocol"),
            hostname: tree["hostname"].as_str().unwrap_or_default().to_ascii_lowercase(),
            routes: attached.map(|route| Route::of(route)).collect(),
        }
    });
    Gateway {
        name: Str::from(format!("{}/{}", gateway.meta.namespace, gateway.meta.name)),
        namespace: gateway.meta.namespace.clone(),
        service: Str::from(data_plane(&gateway.meta)),
        listeners: listeners.collect(),
    }
}

/// Whether a route names the listener as its parent, and the listener takes routes from its namespace.
fn is_attached(route: &Record, gateway: &Record, listener: &Value, objects: &dyn Shelf) -> bool {
    let labels = objects.named(Kind::Namespace, "", &route.meta.namespace).map(|namespace| &namespace.meta().labels);
    list(&route.body["spec"]["parentRefs"])
        .iter()
        .any(|parent| routing::names_gateway(parent, &route.meta, &gateway.meta) && routing::means_listener(parent, listener))
        && routing::admits(listener, &gateway.meta, &route.meta, labels)
}

fn rule_of(rule: &Value, namespace: &Str) -> Rule {
    let matches: Vec<Match> = list(&rule["matches"]).iter().map(match_of).collect();
    let whole = Match { path: "/".to_owned(), exact: false, method: None, headers: Vec::new(), query: Vec::new() };
    let redirect = list(&rule["filters"]).iter().find(|filter| filter["type"] == "RequestRedirect").map(|filter| {
        let tree = &filter["requestRedirect"];
        let word = |field: &str| tree[field].as_str().map(str::to_owned);
        let status = tree["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(302);
        Redirect { scheme: word("scheme"), hostname: word("hostname"), status }
    });
    Rule {
        matches: if matches.is_empty() { vec![whole] } else { matches },
        backends: list(&rule["backendRefs"]).iter().map(|tree| weighted(tree, namespace)).collect(),
        redirect,
    }
}

fn match_of(tree: &Value) -> Match {
    let pairs = |field: &str| -> Vec<(String, String)> {
        let pairs = list(&tree[field]).iter();
        pairs
            .map(|pair| (pair["name"].as_str().unwrap_or_default().to_owned(), pair["value"].as_str().unwrap_or_default().to_owned()))
            .collect()
    };
    Match {
        path: tree["path"]["value"].as_str().unwrap_or("/").to_owned(),
        exact: tree["path"]["type"] == "Exact",
        method: tree["method"].as_str().map(str::to_owned),
        headers: pairs("headers").into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
        query: pairs("queryParams"),
    }
}

fn weighted(tree: &Value, namespace: &Str) -> Weighted {
    let port = tree["port"].as_i64();
    let elsewhere = tree["namespace"].as_str().is_some_and(|other| *namespace != *other);
    let kind = tree["kind"].as_str().unwrap_or("Service");
    Weighted {
        backend: Backend { namespace: namespace.clone(), service: text(tree, "name"), port: PortRef::Number(port.unwrap_or(0)) },
        weight: tree["weight"].as_u64().unwrap_or(1),
        refused: port.is_none() || elsewhere || kind != "Service",
    }
}

fn list(tree: &Value) -> &[Value] {
    tree.as_array().map_or(&[], Vec::as_slice)
}

fn text(tree: &Value, field: &str) -> Str {
    Str::from(tree[field].as_str().unwrap_or_default().to_owned())
}
