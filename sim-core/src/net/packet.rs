//! Packets: the headers that routers, bridges and rules look at.

use std::fmt;
use std::net::Ipv4Addr;

/// What is carried over IP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Protocol {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
    /// Streams of messages.
    Sctp,
    /// `ping`, and what routers say.
    Icmp,
}

impl Protocol {
    /// The protocol of a Service's or a container's port: `TCP`, `UDP`, `SCTP`.
    pub fn of_port(name: &str) -> Option<Protocol> {
        match name {
            "TCP" => Some(Protocol::Tcp),
            "UDP" => Some(Protocol::Udp),
            "SCTP" => Some(Protocol::Sctp),
            _ => None,
        }
    }

    /// As rules spell it: `tcp`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
            Protocol::Icmp => "icmp",
        }
    }

    /// As the API spells it: `TCP`.
    pub const fn in_api(self) -> &'static str {
        match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
            Protocol::Sctp => "SCTP",
            Protocol::Icmp => "ICMP",
        }
    }
}

/// The address of an interface on its link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Addresses that share a prefix: `10.244.3.0/24`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cidr {
    /// The first of them.
    pub base: Ipv4Addr,
    /// How many bits they share, 32 at most.
    pub bits: u8,
}

impl Cidr {
    /// The addresses that share the first `bits` bits with `address`.
    pub fn new(address: Ipv4Addr, bits: u8) -> Self {
        Cidr { base: Ipv4Addr::from(u32::from(address) & mask(bits)), bits }
    }

    /// Reads `10.244.3.0/24`; a bare address stands for itself alone.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
        let bits: u8 = bits.parse().ok().filter(|bits| *bits <= 32)?;
        Some(Cidr::new(address.parse().ok()?, bits))
    }

    /// Whether the address is one of them.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.bits) == u32::from(self.base)
    }
}

fn mask(bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0)
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

/// The outer headers of a packet that travels inside another: VXLAN over UDP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outer {
    /// The sending node's address.
    pub source: Ipv4Addr,
    /// The receiving node's address.
    pub destination: Ipv4Addr,
    /// The UDP source port: the kernel makes it from the inner flow.
    pub source_port: u16,
    /// The UDP destination port: flannel's is 8472.
    pub destination_port: u16,
    /// The outer time to live.
    pub ttl: u8,
    /// The VXLAN network identifier: flannel's is 1.
    pub vni: u32,
    /// The sending node's interface on the underlay.
    pub source_mac: Mac,
    /// The next interface on the underlay.
    pub destination_mac: Mac,
}

/// How many bytes VXLAN puts around a packet: 20 of IP, 8 of UDP, 8 of VXLAN, 14 of the inner Ethernet header.
pub const VXLAN_OVERHEAD: u16 = 50;

/// A packet at a place on its way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    /// What it carries.
    pub protocol: Protocol,
    /// From where.
    pub source: Ipv4Addr,
    /// The port; 0 for ICMP.
    pub source_port: u16,
    /// To where.
    pub destination: Ipv4Addr,
    /// The port; 0 for ICMP.
    pub destination_port: u16,
    /// How many routers it may still pass.
    pub ttl: u8,
    /// Its length in bytes with the IP header, and without anything around it.
    pub length: u16,
    /// Whether routers may not cut it up.
    pub dont_fragment: bool,
    /// The kernel's mark: it doesn't leave the node.
    pub mark: u32,
    /// The interface that sent it on this link.
    pub source_mac: Mac,
    /// The interface that is to take it on this link.
    pub destination_mac: Mac,
    /// What it is wrapped in.
    pub outer: Option<Box<Outer>>,
}

impl Packet {
    /// A packet as its sender's kernel makes it: TTL 64, not to be cut up, 60 bytes (a TCP SYN with its usual options).
    pub fn new(protocol: Protocol, source: (Ipv4Addr, u16), destination: (Ipv4Addr, u16)) -> Self {
        Packet {
            protocol,
            source: source.0,
            source_port: source.1,
            destination: destination.0,
            destination_port: destination.1,
            ttl: 64,
            length: 60,
            dont_fragment: true,
            mark: 0,
            source_mac: Mac::default(),
            destination_mac: Mac::default(),
            outer: None,
        }
    }

    /// The first packet of the answer.
    pub fn answer(&self) -> Self {
        Packet::new(self.protocol, (self.destination, self.destination_port), (self.source, self.source_port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        let contains = |cidr: &str, address: &str| Cidr::parse(cidr).expect("a prefix").contains(address.parse().expect("an address"));
        assert!(contains("10.244.3.0/24", "10.244.3.255"));
        assert!(!contains("10.244.3.0/24", "10.244.4.0"));
        assert!(contains("0.0.0.0/0", "255.255.255.255"));
        assert!(contains("10.0.0.1", "10.0.0.1"));
        assert!(!contains("10.0.0.1", "10.0.0.2"));
        assert_eq!(Cidr::parse("10.0.0.7/24").map(|cidr| cidr.to_string()), Some("10.0.0.0/24".to_owned()));
        assert_eq!(Cidr::parse("10.0.0.7/33"), None);
    }
}
