//! Packets as `tcpdump -i any -w -` writes them: a capture file of Linux's "cooked" link type, version 2.
//!
//! That has the interface's number, the direction and the sender's address on the link; the receiver's is not in it.

use sim_core::net::packet::{Mac, Protocol};
use std::fmt;
use std::net::Ipv4Addr;

/// Which way a packet went over an interface.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Direction {
    /// It came in, for us.
    In,
    /// It came in, for somebody else on the link: what a port of a bridge sees.
    Other,
    /// It went out.
    Out,
    /// To everybody.
    Broadcast,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::In => "In",
            Direction::Other => "P",
            Direction::Out => "Out",
            Direction::Broadcast => "B",
        })
    }
}

/// The IPv4 header and what of the next one tells packets apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// From where.
    pub source: Ipv4Addr,
    /// To where.
    pub destination: Ipv4Addr,
    /// The time to live.
    pub ttl: u8,
    /// The length with this header.
    pub length: u16,
    /// Whether routers may not cut it up.
    pub dont_fragment: bool,
    /// The number that the sender gave it; routers and address translation leave it alone.
    pub id: u16,
    /// What it carries; `None`: something else.
    pub protocol: Option<Protocol>,
    /// The ports; for ICMP 0 and the echo's identifier.
    pub ports: (u16, u16),
    /// What no router changes: for TCP sequence number and flags, for ICMP type, code and echo's sequence number.
    pub nature: (u32, u16),
    /// What TCP acknowledges.
    pub acknowledged: u32,
    /// The largest segment that a SYN asks for.
    pub segment_max: Option<u16>,
}

/// What a packet is wrapped in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrapping {
    /// The outer header.
    pub header: Header,
    /// The VXLAN network identifier.
    pub vni: u32,
    /// Sender and receiver of the frame inside.
    pub macs: (Mac, Mac),
}

/// A packet that was seen at an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// When, in nanoseconds of the machine's clock.
    pub at: u64,
    /// The namespace's name.
    pub place: String,
    /// The interface's name.
    pub interface: String,
    /// Which way it went.
    pub direction: Direction,
    /// Who sent it on this link.
    pub source_mac: Mac,
    /// The packet; the inner one, if it is wrapped.
    pub header: Header,
    /// What it is wrapped in.
    pub outer: Option<Wrapping>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:8} {:10} {:3} {}", self.place, self.interface, self.direction.to_string(), self.source_mac)?;
        if let Some(outer) = &self.outer {
            write!(f, " [{}] VNI {} {} > {}", outer.header, outer.vni, outer.macs.0, outer.macs.1)?;
        }
        write!(f, " [{}]", self.header)
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = self.protocol.map_or("?", Protocol::as_str);
        let (from, to) = (format!("{}.{}", self.source, self.ports.0), format!("{}.{}", self.destination, self.ports.1));
        let fragment = if self.dont_fragment { " DF" } else { "" };
        write!(f, "{from} > {to} {protocol} ttl={} len={}{fragment}", self.ttl, self.length)?;
        if self.protocol == Some(Protocol::Tcp) { write!(f, " {}", flags(self.nature.1)) } else { Ok(()) }
    }
}

/// TCP's SYN.
pub const SYN: u16 = 2;
/// TCP's RST.
pub const RST: u16 = 4;
/// TCP's ACK.
pub const ACK: u16 = 16;

fn flags(bits: u16) -> String {
    ["FIN", "SYN", "RST", "PSH", "ACK"]
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 == 1)
        .map(|(_, name)| *name)
        .collect::<Vec<_>>()
        .join("+")
}

/// ICMP's echo request, as type and code are written.
pub const ECHO_REQUEST: u16 = 0x0800;

/// What a packet of a sender's was on its way, and the first packet of the answer: wherever either was seen, in order of time.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// The way there.
    pub there: Vec<Seen>,
    /// The way back. What routers say by ICMP isn't in it.
    pub back: Vec<Seen>,
}

impl Exchange {
    /// The exchanges that somebody at a place began, in order of time: one for each SYN or ping that went out there.
    pub fn all(seen: &[Seen], sender: &str) -> Vec<Exchange> {
        let mut begun: Vec<&Header> = Vec::new();
        for first in seen.iter().filter(|seen| seen.place == sender && seen.direction == Direction::Out) {
            if first.header.begins() && !begun.iter().any(|header| header.is_same(&first.header)) {
                begun.push(&first.header);
            }
        }
        let on_way = |picked: &dyn Fn(&Header) -> bool| seen.iter().filter(|seen| picked(&seen.header)).cloned().collect();
        begun
            .iter()
            .map(|first| Exchange { there: on_way(&|header| header.is_same(first)), back: on_way(&|header| header.answers(first)) })
            .collect()
    }
}

impl Header {
    fn begins(&self) -> bool {
        match self.protocol {
            Some(Protocol::Tcp) => self.nature.1 == SYN,
            Some(Protocol::Icmp) => self.nature.1 == ECHO_REQUEST,
            _ => false,
        }
    }

    /// Whether it is the same packet, perhaps somewhere else and with other addresses and ports. A ping's identifier is such a port.
    fn is_same(&self, other: &Header) -> bool {
        (self.protocol, self.nature, self.length) == (other.protocol, other.nature, other.length)
    }

    /// Whether it is the first answer to a packet.
    fn answers(&self, first: &Header) -> bool {
        match (self.protocol, first.protocol) {
            (Some(Protocol::Tcp), Some(Protocol::Tcp)) => {
                self.nature.1 & ACK != 0 && self.nature.1 & (SYN | RST) != 0 && self.acknowledged == first.nature.0.wrapping_add(1)
            }
            (Some(Protocol::Icmp), Some(Protocol::Icmp)) => self.nature == (first.nature.0, 0),
            _ => false,
        }
    }
}

/// A record of a capture file: when, the interface's number, the direction, the sender, the packet from its IP header on.
struct Record<'a> {
    at: u64,
    interface: u32,
    direction: Direction,
    source_mac: Mac,
    packet: &'a [u8],
}

/// The packets of a capture file, with the interface's number in place of its name, from what was `read` of it on. What isn't IPv4 is left
/// out; a last record that isn't complete is left for the next time.
///
/// # Errors
/// It is no such file.
pub fn parse(file: &[u8], read: &mut usize, place: &str, vxlan_port: u16) -> Result<Vec<(u32, Seen)>, String> {
    const HEADER: usize = 24;
    /// "Nanosecond pcap" in this machine's byte order, and the link type LINUX_SLL2.
    const KIND: (u32, u32) = (0xa1b2_3c4d, 276);
    let kind = native(file, 0).zip(native(file, 20));
    if kind != Some(KIND) {
        return Err(format!("{place}: not a capture file of the kind that was asked for: {kind:x?}"));
    }
    let mut seen = Vec::new();
    let mut rest = file.get((*read).max(HEADER)..).unwrap_or_default();
    while let Some((record, after)) = record(rest) {
        rest = after;
        let Some(record) = record else { continue };
        let Some(header) = header(record.packet) else { continue };
        let inner = unwrapped(record.packet, &header, vxlan_port);
        let (header, outer) = match inner {
            Some((inner, vni, macs)) => (inner, Some(Wrapping { header, vni, macs })),
            None => (header, None),
        };
        let (at, direction, source_mac) = (record.at, record.direction, record.source_mac);
        seen.push((record.interface, Seen { at, place: place.to_owned(), interface: String::new(), direction, source_mac, header, outer }));
    }
    *read = file.len() - rest.len();
    Ok(seen)
}

fn record(file: &[u8]) -> Option<(Option<Record<'_>>, &[u8])> {
    const HEADER: usize = 16;
    const COOKED: usize = 20;
    let length = native(file, 8)? as usize;
    let data = file.get(HEADER..HEADER + length)?;
    let after = &file[HEADER + length..];
    let at = u64::from(native(file, 0)?) * 1_000_000_000 + u64::from(native(file, 4)?);
    let direction = match data.get(10)? {
        0 => Direction::In,
        3 => Direction::Other,
        4 => Direction::Out,
        _ => Direction::Broadcast,
    };
    let is_ipv4 = network(data, 0)? == 0x0800;
    let source_mac = Mac(data.get(12..18)?.try_into().ok()?);
    let interface = u32::from(network(data, 4)?) << 16 | u32::from(network(data, 6)?);
    let record = Record { at, interface, direction, source_mac, packet: data.get(COOKED..)? };
    Some((is_ipv4.then_some(record), after))
}

fn header(packet: &[u8]) -> Option<Header> {
    let start = usize::from(packet.first()? & 15) * 4;
    let address = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?));
    let next = packet.get(start..)?;
    let protocol = match packet.get(9)? {
        1 => Some(Protocol::Icmp),
        6 => Some(Protocol::Tcp),
        17 => Some(Protocol::Udp),
        132 => Some(Protocol::Sctp),
        _ => None,
    };
    let word = |at: usize| Some(u32::from(network(next, at)?) << 16 | u32::from(network(next, at + 2)?));
    let (ports, nature) = match protocol {
        Some(Protocol::Icmp) => ((0, network(next, 4)?), (u32::from(network(next, 6)?), network(next, 0)?)),
        Some(Protocol::Tcp) => ((network(next, 0)?, network(next, 2)?), (word(4)?, network(next, 12)? & 0x1ff)),
        Some(_) => ((network(next, 0)?, network(next, 2)?), (0, 0)),
        None => ((0, 0), (0, 0)),
    };
    let is_tcp = protocol == Some(Protocol::Tcp);
    let is_syn = is_tcp && nature.1 & SYN != 0;
    Some(Header {
        source: address(12)?,
        destination: address(16)?,
        ttl: *packet.get(8)?,
        length: network(packet, 2)?,
        dont_fragment: network(packet, 6)? & 0x4000 != 0,
        id: network(packet, 4)?,
        protocol,
        ports,
        nature,
        acknowledged: if is_tcp { word(8)? } else { 0 },
        segment_max: is_syn.then(|| segment_max(next)).flatten(),
    })
}

/// The option "maximum segment size" of a TCP header.
fn segment_max(tcp: &[u8]) -> Option<u16> {
    let end = usize::from(tcp.get(12)? >> 4) * 4;
    let mut options = tcp.get(20..end)?;
    while let [kind, after @ ..] = options {
        match kind {
            0 => return None,
            1 => options = after,
            2 => return network(after, 1),
            _ => options = options.get(usize::from(*after.first()?).max(2)..)?,
        }
    }
    None
}

/// What a VXLAN packet carries: the packet, the network identifier, the frame's addresses.
fn unwrapped(packet: &[u8], outer: &Header, vxlan_port: u16) -> Option<(Header, u32, (Mac, Mac))> {
    const UDP: usize = 8;
    const VXLAN: usize = 8;
    const ETHERNET: usize = 14;
    if outer.protocol != Some(Protocol::Udp) || outer.ports.1 != vxlan_port {
        return None;
    }
    let start = usize::from(packet.first()? & 15) * 4 + UDP;
    let vxlan = packet.get(start..)?;
    let vni = u32::from(network(vxlan, 4)?) << 8 | u32::from(*vxlan.get(6)?);
    let mac = |at: usize| Some(Mac(vxlan.get(VXLAN + at..VXLAN + at + 6)?.try_into().ok()?));
    let (to, from) = (mac(0)?, mac(6)?);
    Some((header(vxlan.get(VXLAN + ETHERNET..)?)?, vni, (from, to)))
}

/// A number in this machine's byte order.
fn native(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// A number in the network's byte order.
fn network(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}
