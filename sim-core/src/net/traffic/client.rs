//! What a simulated client does: from where it asks, whom, how often, and how patient it is.

use super::outcome::Cause;
use crate::api::meta::Str;
use crate::kernel::time::SimDuration;
use crate::net::packet::Protocol;
use std::fmt;
use std::net::Ipv4Addr;

/// Where a client sits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Source {
    /// In a pod.
    Pod {
        /// The pod's namespace.
        namespace: Str,
        /// The pod's name.
        name: Str,
    },
    /// On a node, in its own network.
    Node(Str),
    /// Beyond the cluster's nodes.
    Outside,
}

/// Whom a client asks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    /// A Service by its cluster IP: `svc/web:80`, `svc/web.shop:80`.
    Service {
        /// Its namespace.
        namespace: Str,
        /// Its name.
        name: Str,
        /// Its port.
        port: u16,
    },
    /// A Service by the address that a cloud gave it: `lb/web:80`.
    LoadBalancer {
        /// Its namespace.
        namespace: Str,
        /// Its name.
        name: Str,
        /// Its port.
        port: u16,
    },
    /// A port of a node: `node/node-1:30080`; `node/*:30080` is another node for each connection.
    Node {
        /// The node's name; `None`: any.
        name: Option<Str>,
        /// The port.
        port: u16,
    },
    /// A pod: `pod/web-0:80`.
    Pod {
        /// Its namespace.
        namespace: Str,
        /// Its name.
        name: Str,
        /// The port.
        port: u16,
    },
    /// Through an ingress or a gateway: `http://shop.example/cart`.
    Http {
        /// What the request's `Host` says.
        host: Str,
        /// 80, or 443 for `https`, if nothing else is said.
        port: u16,
        /// From its slash on.
        path: Str,
    },
    /// A name that a name server has to know: `web.shop:80`.
    Name {
        /// The name.
        host: Str,
        /// The port.
        port: u16,
    },
    /// An address: `10.96.0.10:53`.
    Address {
        /// The address.
        address: Ipv4Addr,
        /// The port.
        port: u16,
    },
}

/// What a target may look like.
pub const TARGETS: &str = "expected something like svc/web:80, svc/web.shop:80, lb/web:80, node/node-1:30080, node/*:30080, \
     pod/web-0:80, http://shop.example/cart, web.shop:80 or 10.96.0.10:80";

/// What a source may look like.
pub const SOURCES: &str = "expected a node's name, pod/NAME, or outside";

impl Source {
    /// Reads `node-1`, `node/node-1`, `pod/NAME` (of this namespace), `outside`.
    ///
    /// # Errors
    /// Says what was expected.
    pub fn parse(text: &str, namespace: &str) -> Result<Source, String> {
        let name = |name: &str| if name.is_empty() { Err(format!("{text:?} names nobody; {SOURCES}")) } else { Ok(text_of(name)) };
        match text.split_once('/') {
            None if text == "outside" => Ok(Source::Outside),
            None => Ok(Source::Node(name(text)?)),
            Some(("node", rest)) => Ok(Source::Node(name(rest)?)),
            Some(("pod", rest)) => Ok(Source::Pod { namespace: text_of(namespace), name: name(rest)? }),
            Some(_) => Err(format!("{text:?} is no place for a client; {SOURCES}")),
        }
    }
}

impl Target {
    /// Reads a target. `namespace` is that of Services and pods which don't say theirs.
    ///
    /// # Errors
    /// Says what was expected.
    pub fn parse(text: &str, namespace: &str) -> Result<Target, String> {
        if let Some((scheme, rest)) = text.split_once("://") {
            let port = match scheme {
                "http" => 80,
                "https" => 443,
                _ => return Err(format!("{scheme:?} is not spoken here; {TARGETS}")),
            };
            let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
            let (host, port) = if host.contains(':') { with_port(host)? } else { (host, port) };
            if host.is_empty() {
                return Err(format!("{text:?} names no host; {TARGETS}"));
            }
            return Ok(Target::Http { host: text_of(host), port, path: text_of(path) });
        }
        let (name, port) = with_port(text)?;
        let service = |name: &str| {
            let (name, namespace) = name.split_once('.').unwrap_or((name, namespace));
            (text_of(name), text_of(namespace))
        };
        match name.split_once('/') {
            Some(("svc" | "service" | "services", rest)) if !rest.is_empty() => {
                let (name, namespace) = service(rest);
                Ok(Target::Service { namespace, name, port })
            }
            Some(("lb" | "loadbalancer", rest)) if !rest.is_empty() => {
                let (name, namespace) = service(rest);
                Ok(Target::LoadBalancer { namespace, name, port })
            }
            Some(("node" | "nodes", "*" | "any")) => Ok(Target::Node { name: None, port }),
            Some(("node" | "nodes", rest)) if !rest.is_empty() => Ok(Target::Node { name: Some(text_of(rest)), port }),
            Some(("pod" | "pods", rest)) if !rest.is_empty() => {
                Ok(Target::Pod { namespace: text_of(namespace), name: text_of(rest), port })
            }
            None if !name.is_empty() => Ok(match name.parse() {
                Ok(address) => Target::Address { address, port },
                Err(_) => Target::Name { host: text_of(name), port },
            }),
            _ => Err(format!("{text:?} is no target; {TARGETS}")),
        }
    }
}

fn text_of(text: &str) -> Str {
    Str::from(text.to_owned())
}

fn with_port(text: &str) -> Result<(&str, u16), String> {
    let (name, port) = text.rsplit_once(':').ok_or_else(|| format!("{text:?} says no port; {TARGETS}"))?;
    let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(|| format!("{port:?} is no port from 1 to 65535"))?;
    Ok((name, port))
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Pod { namespace, name } => write!(f, "pod {namespace}/{name}"),
            Source::Node(name) => write!(f, "{name}"),
            Source::Outside => f.write_str("outside"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Service { namespace, name, port } => write!(f, "svc/{name}.{namespace}:{port}"),
            Target::LoadBalancer { namespace, name, port } => write!(f, "lb/{name}.{namespace}:{port}"),
            Target::Node { name: Some(name), port } => write!(f, "node/{name}:{port}"),
            Target::Node { name: None, port } => write!(f, "node/*:{port}"),
            Target::Pod { namespace, name, port } => write!(f, "pod/{name}:{port} in {namespace}"),
            Target::Http { host, port: 80, path } => write!(f, "http://{host}{path}"),
            Target::Http { host, port: 443, path } => write!(f, "https://{host}{path}"),
            Target::Http { host, port, path } => write!(f, "http://{host}:{port}{path}"),
            Target::Name { host, port } => write!(f, "{host}:{port}"),
            Target::Address { address, port } => write!(f, "{address}:{port}"),
        }
    }
}

/// How many requests come: a rate over time, in thousandths of a request per second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rate {
    /// Always the same.
    Constant(u64),
    /// In a straight line; then it stays.
    Ramp {
        /// At the start.
        from: u64,
        /// At the end.
        to: u64,
        /// How long it takes to get there.
        over: SimDuration,
    },
    /// Up and down, beginning in the middle: a day.
    Sine {
        /// The least.
        low: u64,
        /// The most.
        high: u64,
        /// From one middle on the way up to the next.
        period: SimDuration,
    },
}

/// What makes a client send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Load {
    /// Requests come whether earlier ones were answered or not.
    Open {
        /// How many.
        rate: Rate,
        /// Whether they come by chance, one independent of the other, rather than evenly.
        poisson: bool,
    },
    /// So many users, each of whom waits for an answer and then thinks.
    Closed {
        /// How many.
        users: u32,
        /// How long each thinks between an answer and the next request.
        think: SimDuration,
        /// Whether that varies exponentially.
        varies: bool,
    },
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |thousandths: u64| {
            let fraction = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
            format!("{}/s", fraction.trim_end_matches('0').trim_end_matches('.'))
        };
        match self {
            Rate::Constant(always) => f.write_str(&rate(*always)),
            Rate::Ramp { from, to, over } => write!(f, "{} to {} over {over}", rate(*from), rate(*to)),
            Rate::Sine { low, high, period } => write!(f, "{} to {} and back in {period}", rate(*low), rate(*high)),
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Load::Open { rate, poisson } => write!(f, "{rate}{}", if *poisson { " by chance" } else { "" }),
            Load::Closed { users, think, varies } => {
                write!(f, "{users} users who think for {}{think}", if *varies { "about " } else { "" })
            }
        }
    }
}

/// Whether connections are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeepAlive {
    /// How many idle connections are kept; what is more is closed after its answer.
    pub idle: u32,
    /// How many requests a connection carries; 0: any number.
    pub requests: u32,
    /// How long a connection may be idle before the client closes it.
    pub idle_timeout: SimDuration,
}

impl Default for KeepAlive {
    /// As Go's `http.Transport` would with `MaxIdleConnsPerHost` raised to 100.
    fn default() -> Self {
        KeepAlive { idle: 100, requests: 0, idle_timeout: SimDuration::from_secs(90) }
    }
}

/// What a client repeats.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RetryOn {
    /// What failed before the request can have reached a process: safe for any request.
    #[default]
    Connect,
    /// Everything that failed: safe only for requests that may be done twice.
    Any,
}

impl RetryOn {
    /// Whether a request that failed for this cause is repeated.
    pub fn covers(self, cause: Cause) -> bool {
        match self {
            RetryOn::Connect => cause.is_before_the_request(),
            RetryOn::Any => true,
        }
    }
}

/// How often and when a request is repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Retries {
    /// How many times at most.
    pub times: u8,
    /// After which failures.
    pub on: RetryOn,
    /// How long before the first repetition; twice as long before each further one.
    pub backoff: SimDuration,
}

/// A client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// Its name in reports and expectations.
    pub name: Str,
    /// Where it sits.
    pub from: Source,
    /// Whom it asks.
    pub to: Target,
    /// How it asks: TCP or UDP.
    pub protocol: Protocol,
    /// How often it asks.
    pub load: Load,
    /// For how long; `None`: until it is stopped.
    pub lasts: Option<SimDuration>,
    /// Whether it keeps connections; `None`: one for each request. A client of UDP keeps its source port then.
    pub keep_alive: Option<KeepAlive>,
    /// Whether it keeps what name servers answer for as long as they allow, as Java does; the libraries of C ask for each connection.
    pub keeps_names: bool,
    /// How long it waits for a connection.
    pub connect_timeout: SimDuration,
    /// How long it waits for an answer, the connection included.
    pub timeout: SimDuration,
    /// What it repeats.
    pub retries: Retries,
}

impl Client {
    /// A client that sends a hundred requests a second, evenly, each on a connection of its own, without repeating any; it waits a second for
    /// a connection and two for an answer.
    pub fn new(name: &str, from: Source, to: Target) -> Client {
        Client {
            name: text_of(name),
            from,
            to,
            protocol: Protocol::Tcp,
            load: Load::Open { rate: Rate::Constant(100_000), poisson: false },
            lasts: None,
            keep_alive: None,
            keeps_names: false,
            connect_timeout: SimDuration::from_secs(1),
            timeout: SimDuration::from_secs(2),
            retries: Retries::default(),
        }
    }
}

/// What is done with clients.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// One begins.
    Start(Box<Client>),
    /// The one of this name sends no more.
    Stop(String),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = match self {
            Change::Start(client) => client,
            Change::Stop(name) => return write!(f, "traffic {name} stops"),
        };
        write!(f, "traffic {}: {} → {}, {}", client.name, client.from, client.to, client.load)?;
        if let Some(lasts) = client.lasts {
            write!(f, " for {lasts}")?;
        }
        f.write_str(if client.keep_alive.is_some() { ", connections kept" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_sources() {
        let shown = |text: &str| Target::parse(text, "default").map_or_else(|error| error, |target| target.to_string());
        for (text, expected) in [
            ("svc/web:80", "svc/web.default:80"),
            ("svc/web.shop:80", "svc/web.shop:80"),
            ("lb/web:443", "lb/web.default:443"),
            ("node/node-1:30080", "node/node-1:30080"),
            ("node/*:30080", "node/*:30080"),
            ("pod/web-0:80", "pod/web-0:80 in default"),
            ("http://shop.example/cart?x=1", "http://shop.example/cart?x=1"),
            ("https://shop.example", "https://shop.example/"),
            ("http://shop.example:8080/", "http://shop.example:8080/"),
            ("web.shop:80", "web.shop:80"),
            ("10.96.0.10:53", "10.96.0.10:53"),
        ] {
            assert_eq!(shown(text), expected);
        }
        for (text, problem) in [
            ("svc/web", "says no port"),
            ("svc/:80", "is no target"),
            ("deploy/web:80", "is no target"),
            ("svc/web:0", "is no port"),
            ("svc/web:http", "is no port"),
            ("ftp://x/", "is not spoken"),
            ("http:///x", "names no host"),
        ] {
            assert!(shown(text).contains(problem), "{text}: {}", shown(text));
        }
        assert_eq!(Source::parse("node-1", "default"), Ok(Source::Node(text_of("node-1"))));
        assert_eq!(Source::parse("outside", "default"), Ok(Source::Outside));
        assert_eq!(Source::parse("pod/a", "x"), Ok(Source::Pod { namespace: text_of("x"), name: text_of("a") }));
        assert!(Source::parse("deployment/a", "x").is_err());
        assert!(Source::parse("pod/", "x").is_err());
    }
}
