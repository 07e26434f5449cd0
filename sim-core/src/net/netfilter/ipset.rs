//! Sets of addresses and ports that rules refer to (`ipset`): one look-up instead of a rule for each.

use crate::net::packet::{Cidr, Packet, Protocol};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::net::Ipv4Addr;

/// What of a packet is looked for: its source or its destination, by turns address and port as the set's type says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dimension {
    /// `src`
    Source,
    /// `dst`
    Destination,
}

impl Dimension {
    /// `dst,dst,src`
    pub(super) fn list(dimensions: &[Dimension]) -> String {
        let names = dimensions.iter().map(|dimension| match dimension {
            Dimension::Source => "src",
            Dimension::Destination => "dst",
        });
        names.collect::<Vec<_>>().join(",")
    }

    fn address(self, packet: &Packet) -> Ipv4Addr {
        match self {
            Dimension::Source => packet.source,
            Dimension::Destination => packet.destination,
        }
    }

    fn port(self, packet: &Packet) -> u16 {
        match self {
            Dimension::Source => packet.source_port,
            Dimension::Destination => packet.destination_port,
        }
    }
}

/// What a set is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetType {
    /// Addresses with ports.
    AddressPort,
    /// Addresses with ports, and another address.
    AddressPortAddress,
    /// Addresses with ports, and prefixes of another address.
    AddressPortPrefix,
    /// Ports of one protocol.
    Ports,
    /// Addresses.
    Addresses,
}

/// An entry of a set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// The address; unspecified in sets of ports.
    pub address: Ipv4Addr,
    /// The protocol.
    pub protocol: Protocol,
    /// The port; 0 in sets of addresses.
    pub port: u16,
    /// The other address, or a prefix of it; everything in sets that have none.
    pub other: Cidr,
}

impl Entry {
    /// An address with a port.
    pub fn new(address: Ipv4Addr, protocol: Protocol, port: u16) -> Self {
        Entry { address, protocol, port, other: Cidr { base: Ipv4Addr::UNSPECIFIED, bits: 0 } }
    }

    /// A port alone.
    pub fn port(protocol: Protocol, port: u16) -> Self {
        Entry::new(Ipv4Addr::UNSPECIFIED, protocol, port)
    }

    /// The same with another address.
    pub fn and(self, other: Cidr) -> Self {
        Entry { other, ..self }
    }
}

/// A set.
#[derive(Clone, Debug)]
pub struct Set {
    kind: SetType,
    entries: BTreeSet<Entry>,
}

/// The sets of a node, by name.
#[derive(Clone, Debug, Default)]
pub struct Sets(BTreeMap<&'static str, Set>);

impl Sets {
    /// Makes a set, if there is none of this name.
    pub fn make(&mut self, name: &'static str, kind: SetType) {
        self.0.entry(name).or_insert_with(|| Set { kind, entries: BTreeSet::new() });
    }

    /// Puts an entry into a set that was made.
    pub fn add(&mut self, name: &'static str, entry: Entry) {
        self.0.get_mut(name).expect("sets are made before they are filled").entries.insert(entry);
    }

    /// Whether a set has no entries, or there is none of this name.
    pub fn is_empty(&self, name: &str) -> bool {
        self.0.get(name).is_none_or(|set| set.entries.is_empty())
    }

    /// Whether a set has an entry for a packet.
    pub fn contains(&self, name: &str, dimensions: &[Dimension], packet: &Packet) -> bool {
        let Some(set) = self.0.get(name) else { return false };
        let dimension = |at: usize| dimensions.get(at).copied().unwrap_or(Dimension::Destination);
        let (address, port) = (dimension(0).address(packet), dimension(1).port(packet));
        match set.kind {
            SetType::Ports => set.entries.contains(&Entry::port(packet.protocol, dimension(0).port(packet))),
            SetType::Addresses => set.entries.iter().any(|entry| entry.address == address),
            SetType::AddressPort => set.entries.contains(&Entry::new(address, packet.protocol, port)),
            SetType::AddressPortAddress | SetType::AddressPortPrefix => {
                let from = Entry::new(address, packet.protocol, port);
                let same = set
                    .entries
                    .range(from..)
                    .take_while(|entry| (entry.address, entry.protocol, entry.port) == (address, packet.protocol, port));
                let other = dimension(2).address(packet);
                same.into_iter().any(|entry| entry.other.contains(other))
            }
        }
    }

    /// What `ipset save` prints, which `ipset restore` takes.
    pub fn saved(&self) -> String {
        let mut out = String::new();
        for (name, set) in &self.0 {
            let kind = match set.kind {
                SetType::AddressPort => "hash:ip,port family inet hashsize 1024 maxelem 65536",
                SetType::AddressPortAddress => "hash:ip,port,ip family inet hashsize 1024 maxelem 65536",
                SetType::AddressPortPrefix => "hash:ip,port,net family inet hashsize 1024 maxelem 65536",
                SetType::Ports => "bitmap:port range 0-65535",
                SetType::Addresses => "hash:ip family inet hashsize 1024 maxelem 65536",
            };
            writeln!(out, "create {name} {kind}").expect("a String takes everything");
            for entry in &set.entries {
                writeln!(out, "add {name} {}", Shown(set.kind, entry)).expect("a String takes everything");
            }
        }
        out
    }
}

/// An entry as `ipset` prints it.
struct Shown<'a>(SetType, &'a Entry);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown(kind, entry) = self;
        let (address, protocol, port) = (entry.address, entry.protocol.as_str(), entry.port);
        match kind {
            SetType::Ports => write!(f, "{port}"),
            SetType::Addresses => write!(f, "{address}"),
            SetType::AddressPort => write!(f, "{address},{protocol}:{port}"),
            SetType::AddressPortAddress => write!(f, "{address},{protocol}:{port},{}", entry.other.base),
            SetType::AddressPortPrefix => write!(f, "{address},{protocol}:{port},{}", entry.other),
        }
    }
}
