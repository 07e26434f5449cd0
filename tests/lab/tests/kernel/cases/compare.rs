//! What the model and the kernel say, side by side. What is opaque is left out: ports that a kernel picks, IP ids, VXLAN's source port.

use podarium_lab::Outcome;
use podarium_lab::talk::Ending;
use podarium_lab::tools::{Flow, Way};
use podarium_lab::wire::{Direction, Exchange, Header, Seen};
use sim_core::net::conntrack::{Tracked, Tuple};
use sim_core::net::packet::{Mac, Packet, Protocol, VXLAN_OVERHEAD};
use sim_core::net::walk::{self, Hop, Verdict, Walk};
use std::net::Ipv4Addr;

/// What the model and the kernel say of something, line by line.
pub(super) struct Compared {
    model: Vec<String>,
    kernel: Vec<String>,
}

impl Compared {
    pub(super) fn new(model: impl IntoIterator<Item = String>, kernel: impl IntoIterator<Item = String>) -> Compared {
        Compared { model: model.into_iter().collect(), kernel: kernel.into_iter().collect() }
    }

    /// A walk, and an exchange, each with how it ended.
    pub(super) fn of(walk: &Walk, exchange: &Exchange, ending: (String, String)) -> Compared {
        let there = walk.hops.iter().filter(is_sent).map(|hop| model_line(false, hop));
        let back = walk.answer.iter().filter(is_sent).map(|hop| model_line(true, hop));
        let model = there.chain(back).chain(model_segments(walk)).chain([ending.0]);
        // What goes to the router is told where it comes from the node.
        let is_told = |seen: &&Seen| (&*seen.place, &*seen.interface, seen.direction) != ("switch", "router", Direction::Out);
        let there = exchange.there.iter().filter(is_told).map(|seen| kernel_line(false, seen));
        let back = exchange.back.iter().filter(is_told).map(|seen| kernel_line(true, seen));
        Compared::new(model, there.chain(back).chain(kernel_segments(exchange)).chain([ending.1]))
    }

    /// Whether they say the same.
    pub(super) fn check(self, what: &str) -> Outcome {
        let Compared { model, kernel } = self;
        if model == kernel {
            return Ok(());
        }
        let mark = |line: &String, others: &[String]| format!("{} {line}\n", if others.contains(line) { ' ' } else { '!' });
        let model_says: String = model.iter().map(|line| mark(line, &kernel)).collect();
        let kernel_does: String = kernel.iter().map(|line| mark(line, &model)).collect();
        Err(format!("{what}\nthe model says\n{model_says}the kernel does\n{kernel_does}").into())
    }
}

/// Whether a packet is seen at an interface: one that is stopped on its way out never is.
fn is_sent(hop: &&Hop) -> bool {
    hop.direction != walk::Direction::Out || matches!(hop.verdict, Verdict::Pass | Verdict::Arrived)
}

/// How long segments may be that the sender of a SYN takes; of hosts outside, the model doesn't say that.
fn model_segments(walk: &Walk) -> Option<String> {
    let said = walk.hops.iter().filter(is_sent).find_map(|hop| hop.why.split("segments of at most ").nth(1))?;
    Some(format!("  segments of {} bytes", said.split(' ').next()?))
}

fn kernel_segments(exchange: &Exchange) -> Option<String> {
    let first = exchange.there.first().filter(|first| first.place != "outside")?;
    Some(format!("  segments of {} bytes", first.header.segment_max?))
}

/// How the model says that it ends, and how it ended.
pub(super) fn told(walk: &Walk, ending: &Ending) -> (String, String) {
    let seen = match ending {
        Ending::Answered { by, saw, .. } => {
            let source = walk.hops.last().map(|hop| hop.seen().source.to_string()).unwrap_or_default();
            let by_model = walk.reached.as_ref().map(name).unwrap_or_default();
            return (
                format!("{} of {by_model}, which saw {source}", walk.seen()),
                format!("{} of {by}, which saw {}", walk::Seen::Answer, saw.ip()),
            );
        }
        Ending::TimedOut => walk::Seen::TimedOut,
        Ending::Refused => walk::Seen::ConnectionRefused,
        Ending::NetworkUnreachable => walk::Seen::NetworkUnreachable,
        Ending::HostUnreachable => walk::Seen::NoRouteToHost,
    };
    (walk.seen().to_string(), seen.to_string())
}

pub(super) fn name(place: &walk::Place) -> String {
    match place {
        walk::Place::Pod { name, .. } | walk::Place::Node(name) => name.to_string(),
        walk::Place::Underlay => "switch".to_owned(),
        walk::Place::Outside => "outside".to_owned(),
    }
}

/// Addresses and ports of a packet. The client's port is one that its kernel picks, or another kernel in its place.
fn ends(source: (Ipv4Addr, u16), destination: (Ipv4Addr, u16), is_answer: bool) -> String {
    let (client, server) = if is_answer { (destination, source) } else { (source, destination) };
    let (client, server) = (format!("{}:any", client.0), format!("{}:{}", server.0, server.1));
    if is_answer { format!("{server} > {client}") } else { format!("{client} > {server}") }
}

/// An address on a link; outside, links are not the model's.
fn shown_mac(place: &str, mac: Mac) -> String {
    if place == "outside" { "any".to_owned() } else { mac.to_string() }
}

/// A packet somewhere.
struct Line<'a> {
    is_answer: bool,
    place: &'a str,
    interface: &'a str,
    direction: &'a str,
    mac: Mac,
    wrapping: String,
    protocol: Option<Protocol>,
    source: (Ipv4Addr, u16),
    destination: (Ipv4Addr, u16),
    ttl: u8,
    length: u16,
    dont_fragment: bool,
}

impl Line<'_> {
    fn text(&self) -> String {
        format!(
            "  {} {:8} {:12} {:3} {}{} {} {} ttl {} length {}{}",
            if self.is_answer { '<' } else { '>' },
            self.place,
            self.interface,
            self.direction,
            shown_mac(self.place, self.mac),
            self.wrapping,
            self.protocol.map_or("?", Protocol::as_str),
            ends(self.source, self.destination, self.is_answer),
            self.ttl,
            self.length,
            if self.dont_fragment { " DF" } else { "" },
        )
    }
}

fn model_line(is_answer: bool, hop: &Hop) -> String {
    let packet: &Packet = hop.seen();
    let outer = packet.outer.as_ref();
    let wrapping = outer.map_or_else(String::new, |outer| {
        let ends = format!("{} > {}:{}", outer.source, outer.destination, outer.destination_port);
        let inner = format!("{} > {}", packet.source_mac, packet.destination_mac);
        format!(" [{ends} ttl {} VNI {} {VXLAN_OVERHEAD} bytes {inner}]", outer.ttl, outer.vni)
    });
    let line = Line {
        is_answer,
        place: &name(&hop.place),
        interface: if hop.place == walk::Place::Outside { "eth0" } else { &hop.interface },
        direction: hop.direction.as_str(),
        mac: outer.map_or(packet.source_mac, |outer| outer.source_mac),
        wrapping,
        protocol: Some(packet.protocol),
        source: (packet.source, packet.source_port),
        destination: (packet.destination, packet.destination_port),
        ttl: packet.ttl,
        length: packet.length,
        dont_fragment: packet.dont_fragment,
    };
    line.text()
}

fn kernel_line(is_answer: bool, seen: &Seen) -> String {
    let Header { source, destination, ttl, length, dont_fragment, protocol, ports, .. } = seen.header;
    let wrapping = seen.outer.as_ref().map_or_else(String::new, |outer| {
        let header = &outer.header;
        let ends = format!("{} > {}:{}", header.source, header.destination, header.ports.1);
        let (overhead, fragment) = (header.length - length, if header.dont_fragment { " DF" } else { "" });
        let inner = format!("{} > {}", outer.macs.0, outer.macs.1);
        format!(" [{ends} ttl {} VNI {} {overhead} bytes{fragment} {inner}]", header.ttl, outer.vni)
    });
    let ports = if protocol == Some(Protocol::Icmp) { (0, 0) } else { ports };
    let line = Line {
        is_answer,
        place: &seen.place,
        interface: &seen.interface,
        direction: &seen.direction.to_string(),
        mac: seen.source_mac,
        wrapping,
        protocol,
        source: (source, ports.0),
        destination: (destination, ports.1),
        ttl,
        length,
        dont_fragment,
    };
    line.text()
}

/// A flow as the model has it.
pub(super) fn model_flow(flow: &Tracked) -> String {
    let way = |tuple: &Tuple| Way { source: tuple.source, destination: tuple.destination };
    flow_line(flow.original.protocol, &way(&flow.original), &way(&flow.reply), !flow.replied)
}

/// A flow as the kernel has it.
pub(super) fn kernel_flow(flow: &Flow) -> String {
    flow_line(flow.protocol, &flow.original, &flow.reply, flow.unreplied)
}

fn flow_line(protocol: Protocol, original: &Way, reply: &Way, unreplied: bool) -> String {
    let original = ends(original.source, original.destination, false);
    let reply = ends(reply.source, reply.destination, true);
    format!("{} {original} answered by {reply}{}", protocol.as_str(), if unreplied { ", unanswered" } else { "" })
}
