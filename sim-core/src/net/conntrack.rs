//! Connection tracking: what a node's kernel remembers of a connection, so that all its packets are translated as the first was, and the
//! answers back. Mirrors `net/netfilter/nf_conntrack_core.c` and `nf_nat_core.c` of Linux, as far as single packets and their answers need.

use crate::net::packet::{Packet, Protocol};
use std::fmt;
use std::net::Ipv4Addr;

/// Who talks to whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Tuple {
    /// By what protocol.
    pub protocol: Protocol,
    /// From where.
    pub source: (Ipv4Addr, u16),
    /// To where.
    pub destination: (Ipv4Addr, u16),
}

impl Tuple {
    /// Of a packet; `None` for what comes from nowhere.
    pub fn of(packet: &Packet) -> Self {
        Tuple {
            protocol: packet.protocol,
            source: (packet.source, packet.source_port),
            destination: (packet.destination, packet.destination_port),
        }
    }

    /// The other way round.
    pub fn inverse(self) -> Self {
        Tuple { source: self.destination, destination: self.source, ..self }
    }
}

/// A connection: how its first packet came, and how an answer to what became of that will come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tracked {
    /// As the first packet came in.
    pub original: Tuple,
    /// As answers come in.
    pub reply: Tuple,
    /// Whether an answer was seen.
    pub replied: bool,
    /// Whether its first packet got through to the node itself or out of it: else it is forgotten with the packet (`nf_confirm`).
    pub confirmed: bool,
}

impl Tracked {
    fn new(original: Tuple) -> Self {
        Tracked { original, reply: original.inverse(), replied: false, confirmed: false }
    }

    /// Whether its destination was translated.
    pub fn is_dnat(&self) -> bool {
        self.reply.source != self.original.destination
    }
}

/// As `conntrack -L` prints it, without times and numbers.
impl fmt::Display for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |f: &mut fmt::Formatter<'_>, tuple: &Tuple| {
            write!(f, "src={} dst={}", tuple.source.0, tuple.destination.0)?;
            if tuple.protocol == Protocol::Icmp { Ok(()) } else { write!(f, " sport={} dport={}", tuple.source.1, tuple.destination.1) }
        };
        write!(f, "{:<8} ", self.original.protocol.as_str())?;
        side(f, &self.original)?;
        f.write_str(if self.replied { " " } else { " [UNREPLIED] " })?;
        side(f, &self.reply)
    }
}

/// Which connection a packet belongs to, and which way it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Belongs {
    /// The connection's number.
    pub number: usize,
    /// Whether it is an answer.
    pub is_reply: bool,
    /// Whether it is the very first packet.
    pub is_new: bool,
}

/// What a node's kernel remembers.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Conntrack {
    connections: Vec<Tracked>,
}

impl Conntrack {
    /// Finds the connection of a packet as it comes in, or begins one.
    pub fn enter(&mut self, packet: &Packet) -> Belongs {
        let tuple = Tuple::of(packet);
        // The newest first: a connection that was translated may have the same tuple as one that wasn't.
        for (number, connection) in self.connections.iter_mut().enumerate().rev() {
            if connection.original == tuple {
                return Belongs { number, is_reply: false, is_new: false };
            }
            if connection.reply == tuple {
                connection.replied = true;
                return Belongs { number, is_reply: true, is_new: false };
            }
        }
        self.connections.push(Tracked::new(tuple));
        Belongs { number: self.connections.len() - 1, is_reply: false, is_new: true }
    }

    /// The rules translated the first packet: answers to what it is now belong to the connection.
    pub fn translated(&mut self, belongs: Belongs, packet: &Packet) {
        if let Some(connection) = self.connections.get_mut(belongs.number) {
            connection.reply = Tuple::of(packet).inverse();
        }
    }

    /// A packet got through to the node itself, or out of it.
    pub fn confirm(&mut self, belongs: Belongs) {
        if let Some(connection) = self.connections.get_mut(belongs.number) {
            connection.confirmed = true;
        }
    }

    /// What the node remembers afterwards. A TCP connection whose only answer is a RST is forgotten at once (`nf_conntrack_tcp_packet`).
    pub fn kept(&self, is_reset: bool) -> impl Iterator<Item = &Tracked> {
        let forgotten = move |connection: &Tracked| is_reset && connection.original.protocol == Protocol::Tcp && connection.replied;
        self.connections.iter().filter(move |connection| connection.confirmed && !forgotten(connection))
    }

    /// Translates the destination of a packet that isn't the first: an answer goes to who asked. `true` if that changed it.
    pub fn translate_destination(&self, belongs: Belongs, packet: &mut Packet) -> bool {
        let Some(connection) = self.connections.get(belongs.number) else { return false };
        let destination = if belongs.is_reply { connection.original.source } else { connection.reply.source };
        let changed = (packet.destination, packet.destination_port) != destination;
        (packet.destination, packet.destination_port) = destination;
        changed
    }

    /// Translates the source of a packet that isn't the first: an answer comes from who was asked. `true` if that changed it.
    pub fn translate_source(&self, belongs: Belongs, packet: &mut Packet) -> bool {
        let Some(connection) = self.connections.get(belongs.number) else { return false };
        let source = if belongs.is_reply { connection.original.destination } else { connection.reply.destination };
        let changed = (packet.source, packet.source_port) != source;
        (packet.source, packet.source_port) = source;
        changed
    }

    /// All connections, the oldest first.
    pub fn connections(&self) -> &[Tracked] {
        &self.connections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_translated_back() {
        let at = |last: u8, port: u16| (Ipv4Addr::new(10, 0, 0, last), port);
        let mut conntrack = Conntrack::default();
        let mut packet = Packet::new(Protocol::Tcp, at(1, 40_000), at(50, 80));
        let first = conntrack.enter(&packet);
        assert!(first.is_new);
        (packet.destination, packet.destination_port) = at(2, 8080);
        conntrack.translated(first, &packet);
        (packet.source, packet.source_port) = at(9, 50_000);
        conntrack.translated(first, &packet);
        let again = conntrack.enter(&Packet::new(Protocol::Tcp, at(1, 40_000), at(50, 80)));
        assert!(!again.is_new && !again.is_reply);
        assert!(conntrack.connections()[0].to_string().contains("[UNREPLIED]"));
        let mut answer = packet.answer();
        let belongs = conntrack.enter(&answer);
        assert!(belongs.is_reply);
        assert!(conntrack.translate_destination(belongs, &mut answer));
        assert!(conntrack.translate_source(belongs, &mut answer));
        assert_eq!(((answer.source, answer.source_port), (answer.destination, answer.destination_port)), (at(50, 80), at(1, 40_000)));
        assert_eq!(
            conntrack.connections()[0].to_string(),
            "tcp      src=10.0.0.1 dst=10.0.0.50 sport=40000 dport=80 src=10.0.0.2 dst=10.0.0.9 sport=8080 dport=50000"
        );
    }
}
