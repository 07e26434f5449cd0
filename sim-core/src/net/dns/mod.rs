//! Names: what CoreDNS answers, how a pod's library comes to its questions, and what clients keep.
//!
//! Nothing is stored here. What a name stands for follows from Services and their EndpointSlices ([`names::Names`], a view of them) at the
//! moment somebody asks.
//!
//! - [`zone`]: what the plugins of kubeadm's Corefile answer. [`outside`]: the names of the rest of the world.
//! - [`resolver`]: a stub resolver: `/etc/resolv.conf`, search lists, and the words of glibc and musl when nothing is found.
//! - [`kept`]: what clients of simulated traffic keep until its time is over.
//!
//! Whether a name server can be reached is the network's affair: see [`resolver::Reach`].

pub mod kept;
pub mod names;
pub mod outside;
pub mod resolver;
pub mod zone;

use std::fmt;
use std::net::Ipv4Addr;

/// The cluster's domain: `--cluster-domain`, kubeadm's default.
pub const CLUSTER_DOMAIN: &str = "cluster.local";

/// The address of the Service `kube-dns`: the tenth of the Services' addresses, as kubeadm takes it.
pub const CLUSTER_DNS: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);

/// For how many seconds an answer may be kept: `ttl 30` and `cache 30` of kubeadm's Corefile.
pub const TTL: u32 = 30;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// Addresses.
    A,
    /// Addresses of IPv6: there are none here.
    Aaaa,
    /// The name that this one stands for.
    Cname,
    /// Where a service is to be found, with its port.
    Srv,
    /// The name of an address.
    Ptr,
    /// A text.
    Txt,
}

impl Kind {
    /// As in zone files: `AAAA`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::A => "A",
            Kind::Aaaa => "AAAA",
            Kind::Cname => "CNAME",
            Kind::Srv => "SRV",
            Kind::Ptr => "PTR",
            Kind::Txt => "TXT",
        }
    }

    /// The kind of this name, in any case.
    pub fn of(name: &str) -> Option<Kind> {
        const ALL: [Kind; 6] = [Kind::A, Kind::Aaaa, Kind::Cname, Kind::Srv, Kind::Ptr, Kind::Txt];
        ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }
}

/// How a question went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    /// The name exists. Without records: not with what was asked for ("NODATA").
    NoError,
    /// There is no such name.
    NxDomain,
    /// The server couldn't find out.
    ServFail,
}

impl Code {
    /// As `dig` and `nslookup` print it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::NoError => "NOERROR",
            Code::NxDomain => "NXDOMAIN",
            Code::ServFail => "SERVFAIL",
        }
    }
}

/// What a record says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Data {
    /// An address.
    A(Ipv4Addr),
    /// Another name, without the dot at its end.
    Cname(String),
    /// A port of a target, with the weight among others of the same priority 0.
    Srv {
        /// The weight.
        weight: u16,
        /// The port.
        port: u16,
        /// A name.
        target: String,
    },
    /// The name of an address.
    Ptr(String),
    /// A text.
    Txt(String),
}

impl Data {
    /// Which kind of record it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Data::A(_) => Kind::A,
            Data::Cname(_) => Kind::Cname,
            Data::Srv { .. } => Kind::Srv,
            Data::Ptr(_) => Kind::Ptr,
            Data::Txt(_) => Kind::Txt,
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Data::A(address) => write!(f, "{address}"),
            Data::Cname(name) | Data::Ptr(name) => write!(f, "{name}."),
            Data::Srv { weight, port, target } => write!(f, "0 {weight} {port} {target}."),
            Data::Txt(text) => write!(f, "{text:?}"),
        }
    }
}

/// A record of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Whose it is, without the dot at its end.
    pub name: String,
    /// For how many seconds it may be kept.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

impl fmt::Display for Record {
    /// As `dig` prints it: `web.default.svc.cluster.local. 30 IN A 10.96.12.3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.\t{}\tIN\t{}\t{}", self.name, self.ttl, self.data.kind().as_str(), self.data)
    }
}

/// A name server's answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// How it went.
    pub code: Code,
    /// Whether the server is the one who decides about this name.
    pub authoritative: bool,
    /// What was asked for.
    pub records: Vec<Record>,
    /// The addresses of targets, sent along.
    pub additional: Vec<Record>,
    /// For how many seconds it may be kept that there is nothing: the SOA's minimum.
    pub negative_ttl: u32,
}

impl Reply {
    fn new(code: Code, authoritative: bool, records: Vec<Record>) -> Self {
        Reply { code, authoritative, records, additional: Vec::new(), negative_ttl: TTL }
    }

    /// The addresses in it.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.records.iter().filter_map(|record| match record.data {
            Data::A(address) => Some(address),
            _ => None,
        })
    }
}

/// A name as it is compared: in small letters, without the dot at its end.
pub fn normal(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// The name under which an address's name is asked for: `10.0.96.10.in-addr.arpa` for 10.96.0.10.
pub fn reverse_name(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa")
}

/// The address that a reverse name is about.
pub fn reversed(name: &str) -> Option<Ipv4Addr> {
    let digits: Vec<&str> = name.strip_suffix(".in-addr.arpa")?.split('.').collect();
    let [d, c, b, a] = digits.try_into().ok()?;
    format!("{a}.{b}.{c}.{d}").parse().ok()
}
