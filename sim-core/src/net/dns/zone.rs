//! What CoreDNS answers with kubeadm's Corefile: the plugin `kubernetes` for `cluster.local`, and for the rest the plugin `forward`.
//! Mirrors `plugin/kubernetes/{handler,kubernetes,parse,reverse,ns}.go` and `plugin/backend_lookup.go` of CoreDNS 1.14.
//!
//! A name is `[endpoint.|_port._protocol.]service.namespace.svc.cluster.local`, or `1-2-3-4.namespace.pod.cluster.local`. That there is such
//! a name but nothing of the kind that was asked for (`NODATA`) differs from there being no such name (`NXDOMAIN`): a resolver that walks its
//! search list goes on after the latter. Left out: records of IPv6, zones of a topology, several clusters.

use super::names::{NamedPort, Names, cluster_ips};
use super::outside::Outside;
use super::{CLUSTER_DNS, CLUSTER_DOMAIN, Code, Data, Kind, Record, Reply, TTL, normal, reversed};
use crate::kernel::chance::{Stream, draw};
use std::net::Ipv4Addr;

/// The version of the schema of names, which `dns-version.cluster.local` tells, and for how long.
const SCHEMA: (&str, u32) = ("1.1.0", 28_800);
/// So many names that stand for others are followed.
const CHAIN_MAX: usize = 8;

/// A name server of the cluster.
#[derive(Clone, Copy)]
pub struct Zone<'a> {
    /// What its names are made from.
    pub names: &'a dyn Names,
    /// The world's other names.
    pub outside: &'a Outside,
}

/// Something behind a name: `msg.Service`.
struct Found {
    /// Its own name.
    key: String,
    to: Target,
    port: Option<u16>,
}

#[derive(Clone, PartialEq)]
enum Target {
    Address(Ipv4Addr),
    Name(String),
}

/// Why nothing is found: there is no such name.
struct NoName;

/// The parts of a name below the cluster's domain.
#[derive(Default)]
struct Parts<'n> {
    is_pod: bool,
    namespace: &'n str,
    service: &'n str,
    endpoint: &'n str,
    port: &'n str,
    protocol: &'n str,
}

impl Zone<'_> {
    /// The answer to a question. `shuffle`: which of several addresses comes first (the plugin `loadbalance`).
    pub fn answer(&self, name: &str, kind: Kind, shuffle: (u64, u128)) -> Reply {
        let name = normal(name);
        let mut reply = match below(&name, CLUSTER_DOMAIN) {
            Some(base) => self.in_zone(&name, base, kind),
            None if kind == Kind::Ptr => self.reverse(&name),
            None => self.outside.answer(&name, kind),
        };
        turn_round(&mut reply.records, shuffle);
        reply
    }

    fn in_zone(&self, name: &str, base: &str, kind: Kind) -> Reply {
        let (found, extra) = match kind {
            Kind::Txt => (Ok(version(name, base)), Vec::new()),
            Kind::A | Kind::Aaaa => (self.addresses(name, kind, &mut Vec::new()), Vec::new()),
            Kind::Cname => (self.alias(name, base), Vec::new()),
            Kind::Srv => match self.found(base) {
                Ok(found) => {
                    let (records, extra) = servers(name, found);
                    (Ok(records), extra)
                }
                Err(none) => (Err(none), Vec::new()),
            },
            // Asked for the name of a name: only whether there is one.
            Kind::Ptr => (self.found(base).map(|_| Vec::new()), Vec::new()),
        };
        match found {
            Ok(records) => Reply { additional: extra, ..Reply::new(Code::NoError, true, records) },
            Err(NoName) => Reply::new(Code::NxDomain, true, Vec::new()),
        }
    }

    /// Addresses, and the names that stand between.
    fn addresses(&self, name: &str, kind: Kind, before: &mut Vec<String>) -> Result<Vec<Record>, NoName> {
        let base = below(name, CLUSTER_DOMAIN).unwrap_or_default();
        let mut records: Vec<Record> = Vec::new();
        for found in self.found(base)? {
            match found.to {
                Target::Address(address) => {
                    let record = Record { name: name.to_owned(), ttl: TTL, data: Data::A(address) };
                    if kind == Kind::A && !records.contains(&record) {
                        records.push(record);
                    }
                }
                Target::Name(target) => {
                    if target == name || before.contains(&target) || before.len() >= CHAIN_MAX {
                        continue;
                    }
                    before.push(target.clone());
                    let alias = Record { name: name.to_owned(), ttl: TTL, data: Data::Cname(target.clone()) };
                    let next = match below(&target, CLUSTER_DOMAIN) {
                        // Within the cluster, a name that leads nowhere isn't told.
                        Some(_) => match self.addresses(&target, kind, before) {
                            Ok(next) if !next.is_empty() => next,
                            _ => continue,
                        },
                        None => self.outside.answer(&target, kind).records,
                    };
                    records.push(alias);
                    records.extend(next);
                }
            }
        }
        Ok(records)
    }

    /// The name that a name stands for.
    fn alias(&self, name: &str, base: &str) -> Result<Vec<Record>, NoName> {
        let first = self.found(base)?.into_iter().next();
        Ok(match first {
            Some(Found { to: Target::Name(target), .. }) => vec![Record { name: name.to_owned(), ttl: TTL, data: Data::Cname(target) }],
            _ => Vec::new(),
        })
    }

    /// What is behind a name below the cluster's domain.
    fn found(&self, base: &str) -> Result<Vec<Found>, NoName> {
        if base == "ns.dns" {
            let address = self.names.service("kube-system", "kube-dns");
            let own = address.iter().flat_map(|service| cluster_ips(service)).filter_map(|ip| ip.parse().ok());
            return Ok(own.map(|ip| Found { key: format!("{base}.{CLUSTER_DOMAIN}"), to: Target::Address(ip), port: None }).collect());
        }
        let Some(parts) = parse(base)? else { return Ok(Vec::new()) };
        if !self.names.has_namespace(parts.namespace) {
            return Err(NoName);
        }
        match (parts.service, parts.is_pod) {
            ("", _) => Ok(Vec::new()),
            (name, true) => pod(name, parts.namespace),
            (_, false) => self.service(&parts),
        }
    }

    /// A Service, one of its ports, or one of its endpoints.
    fn service(&self, parts: &Parts<'_>) -> Result<Vec<Found>, NoName> {
        let service = self.names.service(parts.namespace, parts.service).ok_or(NoName)?;
        let own = format!("{}.{}.svc.{CLUSTER_DOMAIN}", parts.service, parts.namespace);
        if service.service_type() == "ExternalName" {
            let target = normal(service.spec["externalName"].as_str().unwrap_or_default());
            // An address isn't a name; kubectl's warning says so too.
            if !parts.endpoint.is_empty() || target.parse::<Ipv4Addr>().is_ok() {
                return Err(NoName);
            }
            return Ok(vec![Found { key: own, to: Target::Name(target), port: None }]);
        }
        let mut found = Vec::new();
        if service.is_headless() || !parts.endpoint.is_empty() {
            for endpoint in self.names.endpoints(parts.namespace, parts.service) {
                let label = endpoint.label();
                if !parts.endpoint.is_empty() && parts.endpoint != label {
                    continue;
                }
                let ports = endpoint.ports.iter().filter(|port| parts.asks_for(port));
                found.extend(ports.map(|port| Found {
                    key: format!("{label}.{own}"),
                    to: Target::Address(endpoint.address),
                    port: port.number,
                }));
            }
            // A headless Service without ready endpoints has no name.
            return if found.is_empty() { Err(NoName) } else { Ok(found) };
        }
        let mut known = false;
        for port in &service.ports {
            let port = NamedPort { name: port.name.clone(), protocol: port.protocol.clone(), number: u16::try_from(port.port).ok() };
            if parts.asks_for(&port) {
                known = true;
                let addresses = cluster_ips(&service).filter_map(|ip| ip.parse().ok());
                found.extend(addresses.map(|ip| Found { key: own.clone(), to: Target::Address(ip), port: port.number }));
            }
        }
        if known { Ok(found) } else { Err(NoName) }
    }

    /// The names of an address; those that the cluster doesn't know, the world outside may.
    fn reverse(&self, name: &str) -> Reply {
        let Some(address) = reversed(name) else { return self.outside.answer(name, Kind::Ptr) };
        let names: Vec<String> = match self.names.service_at(address) {
            Some((service, namespace)) => vec![format!("{service}.{namespace}.svc.{CLUSTER_DOMAIN}")],
            // Where nobody has deployed a CoreDNS, names are answered all the same: from this address.
            None if address == CLUSTER_DNS => vec![format!("kube-dns.kube-system.svc.{CLUSTER_DOMAIN}")],
            None => {
                let found = self.names.endpoints_at(address).into_iter();
                found.map(|(service, namespace, label)| format!("{label}.{service}.{namespace}.svc.{CLUSTER_DOMAIN}")).collect()
            }
        };
        if names.is_empty() {
            return self.outside.answer(name, Kind::Ptr);
        }
        let mut records: Vec<Record> = Vec::new();
        for target in names {
            let record = Record { name: name.to_owned(), ttl: TTL, data: Data::Ptr(target) };
            if !records.contains(&record) {
                records.push(record);
            }
        }
        Reply::new(Code::NoError, true, records)
    }
}

impl Parts<'_> {
    fn asks_for(&self, port: &NamedPort) -> bool {
        let fits = |asked: &str, is: &str| asked.is_empty() || asked.eq_ignore_ascii_case(is);
        fits(self.port, &port.name) && fits(self.protocol, &port.protocol)
    }
}

/// What is left of a name below a domain; nothing if it is the domain itself.
fn below<'n>(name: &'n str, domain: &str) -> Option<&'n str> {
    let rest = name.strip_suffix(domain)?;
    if rest.is_empty() { Some("") } else { rest.strip_suffix('.') }
}

/// The parts of a name; `None`: it is one of those that only others are below of.
fn parse(base: &str) -> Result<Option<Parts<'_>>, NoName> {
    if matches!(base, "" | "svc" | "pod") {
        return Ok(None);
    }
    let mut labels: Vec<&str> = base.split('.').collect();
    let is_pod = match labels.pop() {
        Some("pod") => true,
        Some("svc") => false,
        _ => return Err(NoName),
    };
    let mut parts = Parts { is_pod, ..Parts::default() };
    parts.namespace = labels.pop().unwrap_or_default();
    parts.service = labels.pop().unwrap_or_default();
    let bare = |label: &'_ str| label.strip_prefix('_').map_or(label.len(), |_| label.len() - 1);
    match labels[..] {
        [] => {}
        [endpoint] => parts.endpoint = endpoint,
        [port, protocol] => {
            parts.port = &port[port.len() - bare(port)..];
            parts.protocol = &protocol[protocol.len() - bare(protocol)..];
        }
        _ => return Err(NoName),
    }
    Ok(Some(parts))
}

/// A pod by its address, whether there is one or not: `pods insecure`.
fn pod(name: &str, namespace: &str) -> Result<Vec<Found>, NoName> {
    let address = name.replace('-', ".").parse().map_err(|_| NoName)?;
    Ok(vec![Found { key: format!("{name}.{namespace}.pod.{CLUSTER_DOMAIN}"), to: Target::Address(address), port: None }])
}

fn version(name: &str, base: &str) -> Vec<Record> {
    if base != "dns-version" {
        return Vec::new();
    }
    vec![Record { name: name.to_owned(), ttl: SCHEMA.1, data: Data::Txt(SCHEMA.0.to_owned()) }]
}

/// SRV records, and the addresses of their targets. All weigh the same, and together about a hundred: three of them 33 each.
fn servers(name: &str, found: Vec<Found>) -> (Vec<Record>, Vec<Record>) {
    let found: Vec<Found> = found.into_iter().filter(|found| matches!(found.to, Target::Address(_))).collect();
    let weight = u16::try_from((100 / found.len().max(1)).max(1)).unwrap_or(1);
    let (mut records, mut extra): (Vec<Record>, Vec<Record>) = (Vec::new(), Vec::new());
    for Found { key, to, port } in found {
        let (Target::Address(address), Some(port)) = (to, port) else { continue };
        let record = Record { name: name.to_owned(), ttl: TTL, data: Data::Srv { weight, port, target: key.clone() } };
        if !records.contains(&record) {
            records.push(record);
        }
        let record = Record { name: key, ttl: TTL, data: Data::A(address) };
        if !extra.contains(&record) {
            extra.push(record);
        }
    }
    (records, extra)
}

/// Mixes the addresses of an answer; names that stand for others stay in front (`plugin/loadbalance/loadbalance.go`).
fn turn_round(records: &mut [Record], (seed, key): (u64, u128)) {
    let first = records.iter().position(|record| matches!(record.data, Data::A(_))).unwrap_or(records.len());
    let mixed = &mut records[first..];
    if mixed.len() < 2 {
        return;
    }
    let mut chance = draw(seed, Stream::Dns, key);
    for at in (1..mixed.len()).rev() {
        mixed.swap(at, chance.below(at as u64 + 1) as usize);
    }
}
