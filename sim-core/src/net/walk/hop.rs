//! A hop: what happens to a packet at an interface.

use crate::api::meta::Str;
use crate::net::netfilter::Passed;
use crate::net::packet::Packet;
use std::fmt;

/// Where something happens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// In a pod.
    Pod {
        /// Its namespace.
        namespace: Str,
        /// Its name.
        name: Str,
    },
    /// On a node.
    Node(Str),
    /// On the link between the nodes.
    Underlay,
    /// In the world outside.
    Outside,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Pod { namespace, name } if *namespace == "default" => f.pad(&format!("pod/{name}")),
            Place::Pod { namespace, name } => f.pad(&format!("pod/{namespace}/{name}")),
            Place::Node(name) => f.pad(&format!("node/{name}")),
            Place::Underlay => f.pad("underlay"),
            Place::Outside => f.pad("outside"),
        }
    }
}

/// Which way a packet passes an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// In, and to those who have the interface.
    In,
    /// In by a port of a bridge, for somebody behind it: what tcpdump calls `P`, since the port isn't who it is sent to.
    Through,
    /// Out.
    Out,
}

impl Direction {
    /// As tcpdump prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::In => "In",
            Direction::Through => "P",
            Direction::Out => "Out",
        }
    }
}

/// What becomes of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verdict {
    /// It goes on.
    #[default]
    Pass,
    /// It has arrived.
    Arrived,
    /// It vanishes.
    Drop,
    /// It vanishes, and its sender is told.
    Reject,
}

impl Verdict {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Arrived => "arrived",
            Verdict::Drop => "drop",
            Verdict::Reject => "reject",
        }
    }
}

/// What happens to a packet at an interface.
#[derive(Clone, PartialEq, Debug)]
pub struct Hop {
    /// Where.
    pub place: Place,
    /// At which interface.
    pub interface: String,
    /// Which way.
    pub direction: Direction,
    /// Before anything is done to it here.
    pub before: Packet,
    /// After all that is done to it here.
    pub after: Packet,
    /// The rules that it met here.
    pub rules: Vec<Passed>,
    /// The route that it takes, if one is looked up here.
    pub route: Option<String>,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why, in words; may be empty.
    pub why: String,
}

impl Hop {
    /// A packet at an interface, untouched so far.
    pub(super) fn new(place: Place, interface: impl Into<String>, direction: Direction, packet: &Packet) -> Self {
        Hop {
            place,
            interface: interface.into(),
            direction,
            before: packet.clone(),
            after: packet.clone(),
            rules: Vec::new(),
            route: None,
            verdict: Verdict::Pass,
            why: String::new(),
        }
    }

    /// The packet as tcpdump shows it at this interface: what comes in before anything is done to it, what goes out after.
    pub fn seen(&self) -> &Packet {
        if self.direction == Direction::Out { &self.after } else { &self.before }
    }

    /// Adds a reason.
    pub(super) fn because(&mut self, why: impl AsRef<str>) {
        if !self.why.is_empty() {
            self.why.push_str("; ");
        }
        self.why.push_str(why.as_ref());
    }
}
