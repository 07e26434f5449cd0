//! What a client asks of the network, and what it is told. `cluster/` answers, from the rules of the proxies, the walks of packets and the
//! kubelets.
//!
//! Answers are about a moment and say until when they hold: what a node's proxy goes by changes with time, even while nothing happens. Between
//! two changes of [`Reach::epoch`] and until `valid_until` they are kept and not asked for again.

use super::client::{Source, Target};
use crate::api::meta::Str;
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::dns::resolver::Answer;
use crate::net::packet::Protocol;
use crate::net::world::Listener;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Where a client sits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seat {
    /// The node whose rules see its packets first; `None`: it is outside, and its packets come in where its target says.
    pub node: Option<u32>,
    /// The node's name; `outside`.
    pub place: Str,
    /// Its pod, if it is in one.
    pub pod: Option<u32>,
    /// Its address.
    pub address: Ipv4Addr,
}

/// A process's address, as a rule names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backend {
    /// The pod's number; `None`: nothing that the cluster knows, such as an address in a slice that a user wrote.
    pub pod: Option<u32>,
    /// The pod's name.
    pub name: Str,
    /// Its node's number.
    pub node: Option<u32>,
    /// Its node's name.
    pub node_name: Str,
    /// Its address.
    pub address: Ipv4Addr,
    /// The port that it is asked on: the target port.
    pub port: u16,
    /// How it is asked.
    pub protocol: Protocol,
    /// Its share among the others: 1, except behind a route with weights.
    pub weight: u32,
}

impl Backend {
    /// A share for which a proxy has nobody to ask: it answers itself, with this status.
    pub fn nobody(status: u16) -> Backend {
        Backend {
            pod: None,
            name: Str::EMPTY,
            node: None,
            node_name: Str::EMPTY,
            address: Ipv4Addr::UNSPECIFIED,
            port: status,
            protocol: Protocol::Tcp,
            weight: 1,
        }
    }

    /// The status that a proxy answers with, if there is nobody.
    pub fn answered_by_proxy(&self) -> Option<u16> {
        self.address.is_unspecified().then_some(self.port)
    }
}

/// How one of several backends is chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scheduler {
    /// By chance, in proportion to the weights: iptables' `statistic`, nftables' `numgen random`, an ingress controller.
    #[default]
    Random,
    /// One after another: IPVS' `rr`, and `wrr` with equal weights.
    RoundRobin,
    /// The one with the fewest open connections: IPVS' `lc`. A node's kernel counts its own; here those of all clients count, which is the same
    /// as long as they sit on one node.
    LeastConnection,
    /// By the client's address: IPVS' `sh`.
    SourceHashing,
}

/// What the rules say about packets to a target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verdict {
    /// One of the backends gets them. If there is none, they are sent to an address that nobody has.
    #[default]
    Forward,
    /// They are answered by `icmp-port-unreachable`: the Service has no endpoints.
    Reject,
    /// They are dropped without an answer: an external policy `Local` on a node without endpoints, a node port on a node that is off.
    Drop,
    /// There is nothing to send them to: the node has no route.
    Unreachable,
    /// A name server says that there is no such name.
    UnknownName,
    /// No name server answers.
    SilentNames,
    /// A proxy answers by itself that nobody can serve this: HTTP 503.
    Unavailable,
    /// A proxy answers by itself that it knows no such host or path: HTTP 404.
    NotFound,
    /// A proxy answers by itself that its rules can't be used: HTTP 500.
    ServerError,
    /// A proxy answers by itself where the client is to come again: HTTP 301, 302, 308.
    Redirected,
}

/// What a client's requests can come to, by the rules that they meet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choices {
    /// What the rules say.
    pub verdict: Verdict,
    /// Whom they name, in their order.
    pub backends: Vec<Backend>,
    /// How one is chosen.
    pub scheduler: Scheduler,
    /// The address that the rules see the client by, if it isn't its own.
    pub seen_as: Option<Ipv4Addr>,
    /// For how long a client stays with its backend after its last connection (`sessionAffinityConfig.clientIP.timeoutSeconds`).
    pub affinity: Option<SimDuration>,
    /// Whose rules these are, for explanations: a node, or a proxy's pod.
    pub rules_of: Str,
    /// How long the name server takes before anything is sent; zero where no name is asked for.
    pub lookup: SimDuration,
    /// What comes behind: the backends are those of a proxy (an ingress controller), and this is among whom it chooses for each request.
    pub behind: Option<Arc<Choices>>,
    /// Since when it is so.
    pub since: SimTime,
    /// From when on it has to be asked again although nothing has happened.
    pub valid_until: SimTime,
}

impl Default for Choices {
    fn default() -> Self {
        Choices {
            verdict: Verdict::Forward,
            backends: Vec::new(),
            scheduler: Scheduler::Random,
            seen_as: None,
            affinity: None,
            rules_of: Str::default(),
            lookup: SimDuration::ZERO,
            behind: None,
            since: SimTime::ZERO,
            valid_until: SimTime::MAX,
        }
    }
}

/// What becomes of packets on their way to a backend and back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// They arrive.
    Open,
    /// They vanish: a node on the way is off, or the underlay is cut.
    BlackHole,
    /// The sender's node, or a router, says at once that it knows no route.
    NoRoute,
    /// Nobody has the address any more: the last router asks by ARP, in vain, and says so after [`ARP_GIVES_UP`].
    AddressGone,
    /// A NetworkPolicy doesn't let them through, and they vanish.
    Denied,
    /// A NetworkPolicy doesn't let them through, and the enforcing agent says so (kube-router rejects).
    Refused,
}

/// How long a Linux router asks for a neighbour that doesn't answer: `mcast_solicit` 3 times `retrans_time_ms` 1 s.
pub const ARP_GIVES_UP: SimDuration = SimDuration::from_secs(3);

/// The way to a backend.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path {
    /// Whether packets arrive.
    pub way: Way,
    /// There and back without the server's time.
    pub round_trip: SimDuration,
    /// The policy that decided, for explanations; mostly empty.
    pub by: Str,
    /// From when on it has to be asked again although nothing has happened.
    pub valid_until: SimTime,
}

impl Path {
    /// There and back on the same node: two veth pairs and a bridge.
    pub const SAME_NODE: SimDuration = SimDuration::from_micros(60);
    /// There and back between two nodes of a data centre.
    pub const ACROSS: SimDuration = SimDuration::from_micros(250);
    /// What wrapping and unwrapping adds, both ways.
    pub const VXLAN: SimDuration = SimDuration::from_micros(20);

    /// A way on which packets arrive.
    pub fn open(round_trip: SimDuration) -> Path {
        Path { way: Way::Open, round_trip, by: Str::default(), valid_until: SimTime::MAX }
    }

    /// A way on which they don't.
    pub fn closed(way: Way) -> Path {
        Path { way, ..Path::open(Path::ACROSS) }
    }
}

/// Who answers at a backend's port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    /// A process; also one that only will listen, for nothing else happens when it begins to.
    Open(Listener),
    /// Nobody.
    Closed {
        /// Since when; `None`: nobody ever has, or it isn't known.
        since: Option<SimTime>,
        /// Whether the last one was killed: by its kubelet, for want of memory, with its node.
        is_killed: bool,
    },
}

/// How long answers of a process take, compared with what its program says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// How its times vary.
    pub spread: Spread,
    /// How much slower it is for want of CPU, in thousandths: 1000 is as fast as it can.
    pub slowdown: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { spread: Spread::Jitter(20), slowdown: 1_000 }
    }
}

/// How the time for an answer varies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spread {
    /// Not at all.
    Constant,
    /// Evenly, by so many percent up and down.
    Jitter(u8),
    /// Exponentially, with the latency as mean.
    Exponential,
}

/// The network and the machines, as clients meet them. Answers are about the world as it is now, and rules as they are at `now`: a moment
/// not before the last event and not after the next.
pub trait Reach {
    /// A number that changes whenever something in the network or about pods and their processes does.
    fn epoch(&self) -> u64;
    /// Where a client sits; `None`: its pod or node isn't there, so it sends nothing.
    fn seat(&self, from: &Source) -> Option<Seat>;
    /// Whom a target stands for, by the rules that a packet from there meets. Cheap, if they were worked out before.
    fn choices(&self, from: &Seat, to: &Target, now: SimTime) -> Arc<Choices>;
    /// What a name server says about a name, for clients that keep its answers; `None`: there is no name server to ask.
    fn resolve(&self, _from: &Seat, _name: &str, _now: SimTime) -> Option<Answer> {
        None
    }
    /// The way from a client to a backend.
    fn path(&self, from: &Seat, to: &Target, backend: &Backend, now: SimTime) -> Path;
    /// The way from a proxy's pod to a backend of its own choice.
    fn path_behind(&self, proxy: &Backend, backend: &Backend, now: SimTime) -> Path;
    /// Who listens at a backend.
    fn door(&self, backend: &Backend) -> Door;
    /// How fast the process at a backend works.
    fn pace(&self, backend: &Backend, container: u8) -> Pace {
        let _ = (backend, container);
        Pace::default()
    }
}
