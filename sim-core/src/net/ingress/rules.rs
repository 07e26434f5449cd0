//! nginx's configuration, as the controller makes it from Ingresses.

use super::{Request, key};
use crate::api::meta::{Meta, Str};
use crate::api::object::{Kind, Object};
use crate::api::record::Record;
use crate::api::routing::{INGRESS_CONTROLLER, is_served};
use crate::api::service::ServicePort;
use crate::net::dns::names::Shelf;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of the server for all hosts that have none of their own.
const CATCH_ALL: &str = "_";

/// A Service's port by number or name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PortRef {
    /// `number`
    Number(i64),
    /// `name`
    Name(Str),
}

impl PortRef {
    fn of(tree: &Value) -> PortRef {
        match tree["number"].as_i64().filter(|number| *number != 0) {
            Some(number) => PortRef::Number(number),
            None => PortRef::Name(Str::from(tree["name"].as_str().unwrap_or_default().to_owned())),
        }
    }

    /// Whether it means this port: by its number, its target's number, or a name of either.
    pub fn means(&self, port: &ServicePort) -> bool {
        use crate::api::intstr::IntOrString;
        match (self, &port.target_port) {
            (PortRef::Number(number), target) => {
                i64::from(port.port) == *number || matches!(target, IntOrString::Int(own) if i64::from(*own) == *number)
            }
            (PortRef::Name(name), target) => port.name == *name || matches!(target, IntOrString::Str(own) if own.as_str() == name.as_str()),
        }
    }
}

/// A Service's port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backend {
    /// The Service's namespace.
    pub namespace: Str,
    /// Its name.
    pub service: Str,
    /// Its port.
    pub port: PortRef,
}

impl Backend {
    /// The Service of `backend.service`; backends that are other objects have none.
    fn of(namespace: &Str, tree: &Value) -> Option<Backend> {
        let service = tree["service"]["name"].as_str()?;
        Some(Backend { namespace: namespace.clone(), service: Str::from(service.to_owned()), port: PortRef::of(&tree["service"]["port"]) })
    }
}

/// How a path is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathType {
    /// As a whole.
    Exact,
    /// Element by element: `/a` stands for `/a` and `/a/b`, not for `/ab`.
    Prefix,
    /// As nginx compares by itself: letter by letter.
    ImplementationSpecific,
}

impl PathType {
    fn of(tree: &Value) -> PathType {
        match tree.as_str() {
            Some("Exact") => PathType::Exact,
            Some("Prefix") => PathType::Prefix,
            _ => PathType::ImplementationSpecific,
        }
    }
}

/// What takes a part of a rule's requests: an Ingress with the annotation `canary`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Canary {
    /// The Ingress: `default/web-canary`.
    pub ingress: Str,
    /// Where they go.
    pub backend: Backend,
    /// So many of `total`.
    pub weight: u64,
    /// 100 if nobody says otherwise.
    pub total: u64,
    /// All with this header, if its value is the other, or `always`; none if it is `never`.
    pub header: Option<(String, String)>,
}

impl Canary {
    /// Whether it takes a request, by its header or else by chance.
    pub fn takes(&self, request: &Request<'_>, drawn: u64) -> bool {
        if let Some((name, wanted)) = &self.header
            && let Some((_, value)) = request.headers.iter().find(|(known, _)| known == name)
        {
            match (wanted.as_str(), value.as_str()) {
                ("", "always") => return true,
                ("", "never") => return false,
                ("", _) => {}
                (wanted, value) if wanted == value => return true,
                _ => {}
            }
        }
        drawn < self.weight
    }
}

/// A path of a host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Location {
    /// The Ingress: `default/web`; empty: the controller's own.
    pub ingress: Str,
    /// The rule's host; `_`: any.
    pub host: Str,
    /// The path.
    pub path: Str,
    /// How it is compared.
    pub path_type: PathType,
    /// Where requests go; `None`: nowhere, 404.
    pub backend: Option<Backend>,
    /// Whether requests without TLS are sent to come again, where the host has TLS (`ssl-redirect`).
    pub ssl_redirect: bool,
    /// What takes a part of them.
    pub canaries: Vec<Canary>,
}

impl Location {
    /// In words: `Ingress default/web, host shop.example, path /cart (Prefix)`.
    pub fn told(&self) -> String {
        if self.ingress.is_empty() {
            return "no Ingress: the controller's default".to_owned();
        }
        let host = if self.host == CATCH_ALL { "any host".to_owned() } else { format!("host {}", self.host) };
        format!("Ingress {}, {host}, path {} ({:?})", self.ingress, self.path, self.path_type)
    }

    /// How far a path is covered; `None`: not at all.
    fn covers(&self, path: &str) -> Option<usize> {
        let own = self.path.as_str();
        let fits = match self.path_type {
            PathType::Exact => path == own,
            PathType::ImplementationSpecific => path.starts_with(own),
            PathType::Prefix => {
                let bare = own.trim_end_matches('/');
                path.strip_prefix(bare).is_some_and(|rest| rest.is_empty() && (own == bare || bare.is_empty()) || rest.starts_with('/'))
            }
        };
        fits.then_some(own.len())
    }
}

/// All that is known of a host.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Server {
    /// The Secret with its certificate, if it has TLS; empty: the controller's own certificate.
    pub tls: Option<Str>,
    locations: Vec<Location>,
}

impl Server {
    /// The location of a path: an exact one, or else the longest.
    pub fn location(&self, path: &str) -> Option<&Location> {
        let exact = self.locations.iter().find(|location| location.path_type == PathType::Exact && location.path == path);
        let fitting = self.locations.iter().filter_map(|location| Some((location.covers(path)?, location)));
        // Of two that are equally long, the first has been there for longer.
        exact.or_else(|| fitting.rev().max_by_key(|(length, _)| *length).map(|(_, location)| location))
    }
}

/// nginx's configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    servers: BTreeMap<Str, Server>,
}

impl Rules {
    /// What the controller makes of the Ingresses and their classes.
    pub fn of(objects: &dyn Shelf) -> Rules {
        let records = |kind| objects.all(kind, None).filter_map(Object::as_record);
        let classes: Vec<&Arc<Record>> =
            records(Kind::IngressClass).filter(|class| class.body["spec"]["controller"] == INGRESS_CONTROLLER).collect();
        let mut ingresses: Vec<&Arc<Record>> = records(Kind::Ingress).filter(|ingress| is_served(ingress, &classes)).collect();
        // Of two that want the same, the older has it.
        ingresses.sort_by_key(|ingress| (ingress.meta.created, ingress.meta.resource_version));
        let (canaries, ingresses): (Vec<_>, Vec<_>) =
            ingresses.into_iter().partition(|ingress| annotation(&ingress.meta, "canary") == Some("true"));
        let mut rules = Rules::default();
        for ingress in ingresses {
            rules.add(ingress);
        }
        for canary in canaries {
            rules.add_canary(canary);
        }
        rules
    }

    /// The hosts that have rules; `_` stands for all others.
    pub fn hosts(&self) -> impl Iterator<Item = (&Str, &Server)> {
        self.servers.iter()
    }

    /// The server of a host: its own, the one with a wildcard for its first part, or that for all.
    pub(super) fn server(&self, host: &str) -> Option<(&str, &Server)> {
        let own = self.servers.get_key_value(host).filter(|_| host != CATCH_ALL);
        let wild = || {
            let (first, rest) = host.split_once('.')?;
            if first.is_empty() { None } else { self.servers.get_key_value(format!("*.{rest}").as_str()) }
        };
        own.or_else(wild).or_else(|| self.servers.get_key_value(CATCH_ALL)).map(|(name, server)| (name.as_str(), server))
    }

    /// Whether an Ingress names a host, or the end of its name: not only all of them.
    pub fn name_host(&self, host: &str) -> bool {
        self.server(&host.to_ascii_lowercase()).is_some_and(|(name, _)| name != CATCH_ALL)
    }

    fn add(&mut self, ingress: &Record) {
        let (meta, spec) = (&ingress.meta, &ingress.body["spec"]);
        let name = key(&meta.namespace, &meta.name);
        let ssl_redirect = annotation(meta, "ssl-redirect") != Some("false");
        let default = Backend::of(&meta.namespace, &spec["defaultBackend"]);
        let list = |tree: &'_ Value| tree.as_array().cloned().unwrap_or_default();
        let location = |host: &Str, path: &str, path_type, backend| Location {
            ingress: name.clone(),
            host: host.clone(),
            path: Str::from(path.to_owned()),
            path_type,
            backend,
            ssl_redirect,
            canaries: Vec::new(),
        };
        let rules = list(&spec["rules"]);
        if rules.is_empty() && default.is_some() {
            let host = Str::Static(CATCH_ALL);
            self.put(location(&host, "/", PathType::Prefix, default.clone()));
        }
        for rule in &rules {
            let host = host_of(rule);
            let paths = list(&rule["http"]["paths"]);
            for path in &paths {
                // An object that isn't a Service can't be reached: the path gets nothing of its own.
                let Some(backend) = Backend::of(&meta.namespace, &path["backend"]) else { continue };
                let own = path["path"].as_str().filter(|path| !path.is_empty()).unwrap_or("/");
                self.put(location(&host, own, PathType::of(&path["pathType"]), Some(backend)));
            }
            // The Ingress's default stands behind all its hosts.
            if default.is_some() {
                self.put(location(&host, "/", PathType::Prefix, default.clone()));
            } else {
                self.servers.entry(host.clone()).or_default();
            }
        }
        for tls in list(&spec["tls"]) {
            let secret = Str::from(tls["secretName"].as_str().unwrap_or_default().to_owned());
            for host in list(&tls["hosts"]) {
                let host = Str::from(host.as_str().unwrap_or_default().to_ascii_lowercase());
                if let Some(server) = self.servers.get_mut(&host) {
                    server.tls.get_or_insert_with(|| secret.clone());
                }
            }
        }
    }

    /// Whoever comes first has a path.
    fn put(&mut self, location: Location) {
        let server = self.servers.entry(location.host.clone()).or_default();
        let same = |known: &Location| known.path == location.path && (known.path_type == location.path_type || known.path == "/");
        if !server.locations.iter().any(same) {
            server.locations.push(location);
        }
    }

    /// A canary takes part of the requests of the same hosts and paths.
    fn add_canary(&mut self, ingress: &Record) {
        let meta = &ingress.meta;
        let number = |name, otherwise| annotation(meta, name).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
        let header = annotation(meta, "canary-by-header").map(|name| {
            let value = annotation(meta, "canary-by-header-value").unwrap_or_default();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        for rule in ingress.body["spec"]["rules"].as_array().into_iter().flatten() {
            for path in rule["http"]["paths"].as_array().into_iter().flatten() {
                let Some(backend) = Backend::of(&meta.namespace, &path["backend"]) else { continue };
                let own = path["path"].as_str().filter(|path| !path.is_empty()).unwrap_or("/");
                let canary = Canary {
                    ingress: key(&meta.namespace, &meta.name),
                    backend,
                    weight: number("canary-weight", 0),
                    total: number("canary-weight-total", 100).max(1),
                    header: header.clone(),
                };
                let server = self.servers.get_mut(&host_of(rule));
                let location = server.and_then(|server| server.locations.iter_mut().find(|location| location.path == own));
                if let Some(location) = location {
                    location.canaries.push(canary);
                }
            }
        }
    }
}

fn host_of(rule: &Value) -> Str {
    match rule["host"].as_str() {
        Some(host) if !host.is_empty() => Str::from(host.to_ascii_lowercase()),
        _ => Str::Static(CATCH_ALL),
    }
}

/// An annotation of ingress-nginx's own.
fn annotation<'m>(meta: &'m Meta, name: &str) -> Option<&'m str> {
    meta.annotations.get(&format!("nginx.ingress.kubernetes.io/{name}")).map(|value| &**value)
}
