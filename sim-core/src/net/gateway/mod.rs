//! The Gateway API: which Service a request goes to that comes in by a Gateway, and shares of traffic by weight. Mirrors the rules of
//! `apis/v1/{gateway,httproute}_types.go` of gateway-api 1.4.
//!
//! The implementation is NGINX Gateway Fabric: each Gateway has its own pods behind a Service of their own, which reload their rules as the
//! ingress controller does. A request is taken by the listener of its port whose host name fits it most closely, and by the
//! one of that listener's routes whose match is the most specific (`Rank`). Left out: regular expressions, filters other than redirects,
//! references to other namespaces (nobody can grant them here), TLS, which is named but not ciphered.

pub mod routes;

use crate::kernel::chance::{Stream, draw};
use routes::{Match, Route, Weighted};
use std::cmp::Reverse;

/// A request, as far as routes look at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request<'a> {
    /// `GET`, …
    pub method: &'a str,
    /// `Host`, with or without a port.
    pub host: &'a str,
    /// The path, with what is asked for behind `?`.
    pub path: &'a str,
    /// Names, in small letters, and values.
    pub headers: &'a [(String, String)],
}

/// Where a request goes.
#[derive(Clone, PartialEq, Debug)]
pub enum Routed<'r> {
    /// To a Service.
    Backend {
        /// The route that decided.
        route: &'r Route,
        /// The Service's port, and its share.
        backend: &'r Weighted,
        /// In words.
        why: String,
    },
    /// The client is to come again elsewhere.
    Redirect {
        /// The route that decided.
        route: &'r Route,
        /// The status: 302 if nobody says otherwise.
        status: u16,
        /// The address.
        to: String,
    },
    /// The gateway answers itself: 404 if no route fits, 500 if what a route refers to can't be used.
    Answer {
        /// The status.
        status: u16,
        /// In words.
        why: String,
    },
}

/// How specific a match is, in the order in which it counts: an exact path, a longer prefix, a method, more headers, more parameters. Of equals,
/// the older route has it, then that whose name comes first, then the first of its rules.
type Rank = (bool, usize, bool, usize, usize);

/// A host as rules compare it: without its port and its last dot, in small letters.
fn bare(host: &str) -> String {
    host.rsplit_once(':').map_or(host, |(host, _)| host).trim_end_matches('.').to_ascii_lowercase()
}

/// The route and the rule that a request falls under; else why there is none. `routes` are in order of their age and names.
pub fn rule<'r>(gateway: &'r routes::Gateway, port: u16, request: &Request<'_>) -> Result<(&'r Route, &'r routes::Rule), String> {
    let host = bare(request.host);
    let listener = gateway
        .listener(port, &host)
        .ok_or_else(|| format!("no listener of Gateway {} is for host {host:?} at port {port}", gateway.name))?;
    let fitting = listener.routes.iter().enumerate().flat_map(|(at, route)| {
        let close = route.host(&listener.hostname, &host);
        close.into_iter().flat_map(move |close| route.rules.iter().map(move |rule| (at, close, route, rule)))
    });
    let ranked = fitting.flat_map(|(at, close, route, rule)| {
        let fits = rule.matches.iter().filter_map(|one| rank(one, request));
        fits.map(move |(exact, length, method, headers, query)| {
            ((close, (exact, length, method, headers, query, Reverse(at))), route, rule)
        })
    });
    // Of equals, the first is taken: the rules of a route count in their order.
    let best = ranked.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, route, rule)| (route, rule))
        .ok_or_else(|| format!("no HTTPRoute of Gateway {} fits {host}{}", gateway.name, request.path))
}

/// Where a request goes that comes in at a port. `chance`: the run's seed and a key, for shares.
pub fn route<'r>(gateway: &'r routes::Gateway, port: u16, request: &Request<'_>, chance: (u64, u128)) -> Routed<'r> {
    let (route, rule) = match rule(gateway, port, request) {
        Ok(found) => found,
        Err(why) => return Routed::Answer { status: 404, why },
    };
    if let Some(redirect) = &rule.redirect {
        let scheme = redirect.scheme.as_deref().unwrap_or("http");
        let host = bare(request.host);
        let to = redirect.hostname.as_deref().unwrap_or(&host);
        return Routed::Redirect { route, status: redirect.status, to: format!("{scheme}://{to}{}", request.path) };
    }
    let total: u64 = rule.backends.iter().map(|backend| backend.weight).sum();
    let mut drawn = draw(chance.0, Stream::Ingress, chance.1).below(total);
    for backend in &rule.backends {
        if drawn < backend.weight {
            if backend.refused {
                return Routed::Answer { status: 500, why: format!("a backendRef of HTTPRoute {} can't be used", route.name) };
            }
            let why = if rule.backends.len() > 1 { format!(", weight {} of {total}", backend.weight) } else { String::new() };
            return Routed::Backend { route, backend, why: format!("HTTPRoute {}, {}{why}", route.name, rule.told()) };
        }
        drawn -= backend.weight;
    }
    Routed::Answer { status: 500, why: format!("HTTPRoute {} sends it nowhere: all weights are 0, or there are no backends", route.name) }
}

/// How specific a match is that fits a request.
fn rank(one: &Match, request: &Request<'_>) -> Option<Rank> {
    let (path, query) = request.path.split_once('?').unwrap_or((request.path, ""));
    let bare = one.path.trim_end_matches('/');
    let fits =
        if one.exact { path == one.path } else { path.strip_prefix(bare).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) };
    let has = |list: &[(String, String)], name: &str, value: &str| list.iter().any(|(known, is)| known == name && is == value);
    let asked: Vec<(String, String)> =
        query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let fits = fits
        && one.method.as_ref().is_none_or(|method| method == request.method)
        && one.headers.iter().all(|(name, value)| has(request.headers, name, value))
        && one.query.iter().all(|(name, value)| has(&asked, name, value));
    fits.then(|| (one.exact, one.path.len(), one.method.is_some(), one.headers.len(), one.query.len()))
}

#[cfg(test)]
mod tests;
