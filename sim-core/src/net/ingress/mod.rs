//! The ingress controller: which Service a request from outside goes to. Mirrors ingress-nginx
//! (`internal/ingress/controller/{controller,location}.go`, `store/store.go`) and nginx's own choice among `server` and `location` blocks.
//!
//! Rules become one server for each host, with its locations. A host's own server answers for it, even if none of its paths fit: then the
//! request gets 404, and the rules without a host aren't asked. Endpoints reach nginx at once; rules only with its next reload ([`RELOAD`]).
//! Left out: regular expressions, snippets, sessions. TLS is named but not ciphered.

pub mod rules;

use crate::api::meta::Str;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::SimDuration;
use crate::net::dns::names::{NamedEndpoint, Names};
use rules::{Backend, Location, Rules};
use std::net::Ipv4Addr;

/// From a change of the rules until nginx goes by it: the controller writes its configuration and nginx reloads.
pub const RELOAD: SimDuration = SimDuration::from_millis(1_000);

/// A request, as far as rules look at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request<'a> {
    /// `Host`, with or without a port.
    pub host: &'a str,
    /// The path; what is behind `?` doesn't count.
    pub path: &'a str,
    /// Whether it came over TLS.
    pub tls: bool,
    /// Names, in small letters, and values.
    pub headers: &'a [(String, String)],
}

/// Where a request goes.
#[derive(Clone, PartialEq, Debug)]
pub enum Routed<'r> {
    /// To a Service.
    Backend {
        /// The rule that decided.
        location: &'r Location,
        /// The Service's port.
        backend: &'r Backend,
        /// In words.
        why: String,
    },
    /// The client is to come again, over TLS: status 308.
    Redirect {
        /// The address.
        to: String,
        /// The rule that decided.
        location: &'r Location,
    },
    /// No rule fits: 404.
    NotFound {
        /// In words.
        why: String,
    },
}

impl Rules {
    /// Where a request goes. `chance`: the run's seed and a key, for canaries by weight.
    pub fn route<'r>(&'r self, request: &Request<'_>, chance: (u64, u128)) -> Routed<'r> {
        let host = request.host.rsplit_once(':').map_or(request.host, |(host, _)| host).trim_end_matches('.').to_ascii_lowercase();
        let path = request.path.split('?').next().unwrap_or("/");
        let Some((name, server)) = self.server(&host) else {
            return Routed::NotFound { why: format!("no Ingress has a rule for host {host:?}, nor one without a host") };
        };
        let Some(location) = server.location(path) else {
            return Routed::NotFound { why: format!("none of the paths of host {name:?} fits {path:?}") };
        };
        if !request.tls && server.tls.is_some() && location.ssl_redirect {
            return Routed::Redirect { to: format!("https://{host}{}", request.path), location };
        }
        let Some(backend) = &location.backend else {
            return Routed::NotFound { why: format!("the rule of {} has no Service behind it", location.told()) };
        };
        let canary =
            location.canaries.iter().find(|canary| canary.takes(request, draw(chance.0, Stream::Ingress, chance.1).below(canary.total)));
        match canary {
            Some(canary) => Routed::Backend {
                location,
                backend: &canary.backend,
                why: format!("{}, by its canary {}", location.told(), canary.ingress),
            },
            None => Routed::Backend { location, backend, why: location.told() },
        }
    }
}

/// The addresses behind a rule's Service, to which nginx connects by itself, past the Service's own address. None: 503.
pub fn upstream(names: &dyn Names, backend: &Backend) -> Vec<(Ipv4Addr, u16)> {
    let Some(service) = names.service(&backend.namespace, &backend.service) else { return Vec::new() };
    let port = service.ports.iter().find(|port| port.protocol == "TCP" && backend.port.means(port));
    let Some(port) = port else { return Vec::new() };
    let number =
        |endpoint: &NamedEndpoint| endpoint.ports.iter().find(|known| known.name == port.name && known.protocol == port.protocol)?.number;
    names
        .endpoints(&backend.namespace, &backend.service)
        .iter()
        .filter_map(|endpoint| Some((endpoint.address, number(endpoint)?)))
        .collect()
}

/// One of them: they take turns, and each worker process of nginx counts for itself, so that it is as good as chance.
pub fn pick(ends: &[(Ipv4Addr, u16)], (seed, key): (u64, u128)) -> Option<(Ipv4Addr, u16)> {
    ends.get(draw(seed, Stream::Ingress, key | 1 << 127).below(ends.len() as u64) as usize).copied()
}

/// The page that nginx makes for a status of its own.
pub fn page(status: u16) -> String {
    let words = match status {
        301 => "301 Moved Permanently",
        302 => "302 Found",
        308 => "308 Permanent Redirect",
        500 => "500 Internal Server Error",
        502 => "502 Bad Gateway",
        503 => "503 Service Temporarily Unavailable",
        504 => "504 Gateway Time-out",
        _ => "404 Not Found",
    };
    format!(
        "<html>\r\n<head><title>{words}</title></head>\r\n<body>\r\n<center><h1>{words}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
}

/// `default/web`
fn key(namespace: &Str, name: &Str) -> Str {
    Str::from(format!("{namespace}/{name}"))
}

#[cfg(test)]
mod tests;
