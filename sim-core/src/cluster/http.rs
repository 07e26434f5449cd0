//! Requests by host and path: who takes them (the ingress controller, or a Gateway's pods), and whom that asks by its rules. As simulated
//! clients meet it, and one by one for containers and for walks.

use super::network::Truth;
use super::reach::{Aim, SHARES};
use crate::api::meta::Str;
use crate::api::routing::{GATEWAY_NAME, INGRESS_CONTROLLER_POD};
use crate::net::gateway::{self, routes::Gateway, routes::Rule};
use crate::net::ingress;
use crate::net::ingress::rules::{Backend as Routed, Location};
use crate::net::packet::Protocol;
use crate::net::traffic::reach::{Backend, Choices, Scheduler, Seat, Verdict};
use crate::node::inside::listening::Listening;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What a share of so many is of [`SHARES`].
fn part(share: u64, of: u64) -> u32 {
    (u128::from(SHARES) * u128::from(share.min(of)) / u128::from(of.max(1))) as u32
}
/// The images of those whose rules are known here: the ingress controller's, and that of Gateways' pods.
const IMAGES: [&str; 2] = ["ingress-nginx/controller", "nginx-gateway-fabric/nginx"];

/// Who takes requests for hosts and paths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Proxy {
    /// The ingress controller.
    Ingress,
    /// A Gateway's pods: `default/web`.
    Gateway(Str),
}

impl Proxy {
    /// In words.
    pub(super) fn told(&self) -> Str {
        match self {
            Proxy::Ingress => Str::Static("the ingress controller"),
            Proxy::Gateway(name) => Str::from(format!("Gateway {name}")),
        }
    }
}

/// Where a host is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Entrance {
    /// At who takes its requests.
    Proxy(Proxy, Ipv4Addr),
    /// At an address, without anybody in between.
    Address(Ipv4Addr),
    /// Nowhere.
    Unknown,
}

/// A request as a proxy gets it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// `GET`, …
    pub(super) method: &'a str,
    /// `Host`
    pub(super) host: &'a str,
    /// The port that it came in at.
    pub(super) port: u16,
    /// From its slash on.
    pub(super) path: &'a str,
    /// Names, in small letters, and values.
    pub(super) headers: &'a [(String, String)],
}

/// What a proxy decides.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Decision {
    /// It asks a Service's pods.
    Ask {
        /// The Service's port.
        backend: Routed,
        /// By which rule.
        why: String,
    },
    /// It answers itself.
    Answer {
        /// With this status.
        status: u16,
        /// Where the client is sent to instead.
        location: Option<String>,
        /// In words.
        why: String,
    },
}

impl Truth<'_> {
    /// What becomes of requests for a host and path.
    pub(super) fn by_host(&self, from: &Seat, host: &str, port: u16, path: &str) -> Choices {
        let reloads = self.network.next_reload(self.now);
        let (proxy, entrance) = match self.entrance(from, host, port) {
            Entrance::Proxy(proxy, address) => (proxy, address),
            Entrance::Address(address) => return self.by_address(from, Aim::tcp(address, port)),
            // Nobody has the name, for nobody serves it.
            Entrance::Unknown => return Choices { verdict: Verdict::UnknownName, ..Choices::default() },
        };
        let front = self.by_address(from, Aim::tcp(entrance, port));
        let behind = match &proxy {
            Proxy::Ingress => self.by_ingress(host, port == 443, path),
            Proxy::Gateway(name) => self.by_gateway(name, host, port, path),
        };
        let behind = Arc::new(Choices { rules_of: proxy.told(), valid_until: reloads, ..behind });
        let valid_until = front.valid_until.min(reloads);
        Choices { behind: Some(behind), valid_until, ..front }
    }

    /// Who has a host's requests, as far as names go by what Ingresses and routes say, and where it is reached: by its cloud's address, or
    /// inside by its Service's own. Whoever names the host goes before the cluster's own names, and these before those that take all hosts.
    pub(super) fn entrance(&self, from: &Seat, host: &str, port: u16) -> Entrance {
        let routing = self.network.newest_routing();
        let ingress = self.address_of(from, INGRESS_CONTROLLER_POD).map(|address| (Proxy::Ingress, address));
        let gateways = || {
            let reached = |gateway: &'_ Gateway| self.address_of(from, (&gateway.namespace, &gateway.service));
            routing.gateways.iter().filter_map(move |gateway| Some((gateway, reached(gateway)?)))
        };
        let found = |known: Option<(Proxy, Ipv4Addr)>| known.map(|(proxy, address)| Entrance::Proxy(proxy, address));
        let named = |(gateway, address): (&Gateway, Ipv4Addr)| (Proxy::Gateway(gateway.name.clone()), address);
        if let Ok(asked) = host.parse::<Ipv4Addr>() {
            let all = ingress.into_iter().chain(gateways().map(named));
            return found({ all }.find(|(_, address)| *address == asked)).unwrap_or(Entrance::Address(asked));
        }
        if ingress.is_some() && routing.ingress.name_host(host) {
            return found(ingress).unwrap_or(Entrance::Unknown);
        }
        let closest = gateways().filter_map(|known| Some((known.0.knows(port, host)?, known)));
        let closest = closest.reduce(|best, next| if next.0 > best.0 { next } else { best });
        if let Some((_, known)) = closest {
            return found(Some(named(known))).unwrap_or(Entrance::Unknown);
        }
        if let Some(address) = self.own_name(from, host) {
            return Entrance::Address(address);
        }
        let any = || gateways().find(|(gateway, _)| gateway.listeners.iter().any(|listener| listener.port == port)).map(named);
        found(ingress.or_else(any)).unwrap_or(Entrance::Unknown)
    }

    /// What a name stands for within the cluster.
    fn own_name(&self, from: &Seat, host: &str) -> Option<Ipv4Addr> {
        from.pod?;
        let config = self.network.config();
        let address = self.resolve(from, host).addresses.first().copied()?;
        (config.service_cidr.contains(address) || config.cluster_cidr.contains(address)).then_some(address)
    }

    fn address_of(&self, from: &Seat, (namespace, name): (&str, &str)) -> Option<Ipv4Addr> {
        let mut ports = self.network.newest_services().of_service(namespace, name);
        let port = ports.next()?;
        let outside = port.load_balancer_ips.first().or(port.external_ips.first()).copied();
        if from.node.is_some() { outside.or(Some(port.cluster_ip)) } else { outside }
    }

    /// Whom the ingress controller asks: the pods of the Service that its rules name, and of those that take a share as canaries.
    fn by_ingress(&self, host: &str, tls: bool, path: &str) -> Choices {
        let not_found = Choices { verdict: Verdict::NotFound, ..Choices::default() };
        let Some(routing) = self.network.routing(self.now) else { return not_found };
        let request = ingress::Request { host, path, tls, headers: &[] };
        let location = match routing.ingress.route(&request, (self.network.seed(), 0)) {
            ingress::Routed::Backend { location, .. } => location,
            ingress::Routed::Redirect { .. } => return Choices { verdict: Verdict::Redirected, ..Choices::default() },
            ingress::Routed::NotFound { .. } => return not_found,
        };
        among(self.shares(location))
    }

    /// Whom a Gateway's pods ask: the pods of the Services that a rule names, by their weights. The share of a Service without endpoints is
    /// lost: nginx answers it itself.
    fn by_gateway(&self, name: &Str, host: &str, port: u16, path: &str) -> Choices {
        let routing = self.network.routing(self.now);
        let loaded = routing.and_then(|routing| routing.gateways.iter().find(|gateway| gateway.name == *name));
        let request = gateway::Request { method: "GET", host, path, headers: &[] };
        match loaded.map(|loaded| gateway::rule(loaded, port, &request)) {
            Some(Ok((_, rule))) if rule.redirect.is_some() => Choices { verdict: Verdict::Redirected, ..Choices::default() },
            Some(Ok((_, rule))) => match self.weighted(rule) {
                none if none.is_empty() => Choices { verdict: Verdict::ServerError, ..Choices::default() },
                some => among(some),
            },
            _ => Choices { verdict: Verdict::NotFound, ..Choices::default() },
        }
    }

    /// The pods behind a route's rule, each with its share.
    fn weighted(&self, rule: &Rule) -> Vec<Backend> {
        let total = rule.backends.iter().map(|backend| backend.weight).sum::<u64>().max(1);
        let share = |weight: u64, count: usize| (part(weight, total) / count.max(1) as u32).max(u32::from(weight > 0));
        let mut all = Vec::new();
        for backend in rule.backends.iter().filter(|backend| backend.weight > 0) {
            let ends = if backend.refused { Vec::new() } else { ingress::upstream(self.network.view(), &backend.backend) };
            let weight = share(backend.weight, ends.len());
            if ends.is_empty() {
                all.push(Backend { weight, ..Backend::nobody(if backend.refused { 500 } else { 503 }) });
            }
            all.extend(ends.into_iter().map(|(address, port)| Backend { weight, ..self.backend(address, port, Protocol::Tcp) }));
        }
        all.retain(|backend| backend.weight > 0);
        all
    }

    /// The pods behind an Ingress's rule, each with its share.
    fn shares(&self, location: &Location) -> Vec<Backend> {
        let total = location.canaries.iter().map(|canary| canary.total).max().unwrap_or(100).max(1);
        let mut left = total;
        let mut all = Vec::new();
        let mut add = |backend: &Routed, share: u64| {
            let ends = ingress::upstream(self.network.view(), backend);
            let weight = (part(share, total) / ends.len().max(1) as u32).max(u32::from(share > 0));
            all.extend(ends.into_iter().map(|(address, port)| Backend { weight, ..self.backend(address, port, Protocol::Tcp) }));
        };
        for canary in &location.canaries {
            let share = canary.weight.min(left);
            left -= share;
            add(&canary.backend, share);
        }
        if let Some(backend) = &location.backend {
            add(backend, left);
        }
        all.retain(|backend| backend.weight > 0);
        all
    }

    /// Whose pod it is that listens, if it is one that goes by rules about hosts and paths.
    pub(super) fn proxy_of(&self, listening: Listening) -> Option<Proxy> {
        let image = self.nodes.image_of(listening);
        if image.contains(IMAGES[0]) {
            return Some(Proxy::Ingress);
        }
        let meta = &self.nodes.pod(listening.pod)?.pod.meta;
        let gateway = meta.labels.get(GATEWAY_NAME).filter(|_| image.contains(IMAGES[1]))?;
        Some(Proxy::Gateway(Str::from(format!("{}/{gateway}", meta.namespace))))
    }

    /// What a proxy decides about one request, by the rules that it has loaded.
    pub(super) fn decide(&self, proxy: &Proxy, asked: &Asked<'_>) -> Decision {
        let answer = |status, why| Decision::Answer { status, location: None, why };
        let Some(routing) = self.network.routing(self.now) else {
            return answer(404, format!("{} has loaded no rules yet", proxy.told()));
        };
        let Asked { method, host, port, path, headers } = *asked;
        let chance = (self.network.seed(), u128::from(self.now.as_nanos()));
        match proxy {
            Proxy::Ingress => {
                let request = ingress::Request { host, path, tls: port == 443, headers };
                match routing.ingress.route(&request, chance) {
                    ingress::Routed::Backend { backend, why, .. } => Decision::Ask { backend: backend.clone(), why },
                    ingress::Routed::Redirect { to, location } => {
                        Decision::Answer { status: 308, location: Some(to), why: format!("{} wants TLS", location.told()) }
                    }
                    ingress::Routed::NotFound { why } => answer(404, why),
                }
            }
            Proxy::Gateway(name) => {
                let Some(loaded) = routing.gateways.iter().find(|gateway| gateway.name == *name) else {
                    return answer(404, format!("{} has loaded no rules yet", proxy.told()));
                };
                match gateway::route(loaded, port, &gateway::Request { method, host, path, headers }, chance) {
                    gateway::Routed::Backend { backend, why, .. } => Decision::Ask { backend: backend.backend.clone(), why },
                    gateway::Routed::Redirect { route, status, to } => {
                        Decision::Answer { status, location: Some(to), why: format!("HTTPRoute {} redirects", route.name) }
                    }
                    gateway::Routed::Answer { status, why } => answer(status, why),
                }
            }
        }
    }

    /// The pod that a proxy asks of those behind a Service; none: it answers 503.
    pub(super) fn upstream(&self, backend: &Routed) -> Option<(Ipv4Addr, u16)> {
        let ends = ingress::upstream(self.store, backend);
        ingress::pick(&ends, (self.network.seed(), u128::from(self.now.as_nanos())))
    }
}

/// A choice among these, each request anew.
fn among(backends: Vec<Backend>) -> Choices {
    let verdict = if backends.is_empty() { Verdict::Unavailable } else { Verdict::Forward };
    Choices { verdict, backends, scheduler: Scheduler::Random, ..Choices::default() }
}

#[cfg(test)]
mod tests;
