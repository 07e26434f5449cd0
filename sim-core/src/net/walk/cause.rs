//! Why a packet doesn't arrive, and what its sender sees of that.

use crate::api::meta::Str;
use crate::net::packet::Protocol;
use crate::net::policy::Denial;
use std::fmt;
use std::net::Ipv4Addr;

/// Why a packet, or the answer to it, doesn't arrive. Its `Display` is a sentence that teaches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The name stands for no address.
    Unresolved {
        /// The name.
        name: String,
        /// Whether nobody says so either: no name server answers.
        silent: bool,
    },
    /// The sender isn't there.
    NoSender {
        /// Who it would be.
        sender: String,
    },
    /// A node has no route to an address.
    NoRoute {
        /// The node.
        node: Str,
        /// The address.
        address: Ipv4Addr,
        /// Whether flanneld has run on the node since its boot.
        flannel: bool,
        /// Whether the packet went to the router outside then, which doesn't know the address either.
        by_default: bool,
    },
    /// A packet came wrapped to a node that has no VXLAN interface, or another one than the sender believes.
    NoOverlay {
        /// The node.
        node: Str,
    },
    /// A Service's address, and no rule on the node that knows it.
    NotTranslated {
        /// The node whose rules were asked.
        node: Str,
        /// The address.
        address: Ipv4Addr,
        /// The port.
        port: u16,
        /// Whether kube-proxy has written any rules there.
        proxy: bool,
    },
    /// A Service has nobody to send to.
    NoEndpoints {
        /// The Service's port: `default/web:http`.
        service: Str,
    },
    /// A Service whose traffic must stay on the node has nobody there.
    NoLocalEndpoints {
        /// The Service's port.
        service: Str,
        /// The node.
        node: Str,
    },
    /// NetworkPolicies forbid it.
    Policy(Denial),
    /// Some other rule forbids it.
    Rule {
        /// The node.
        node: Str,
        /// The rule.
        rule: String,
    },
    /// The packet is longer than an interface takes, and may not be cut up.
    Mtu {
        /// The place of the interface.
        place: String,
        /// The interface.
        interface: String,
        /// The packet's length.
        length: u16,
        /// What the interface takes.
        mtu: u16,
        /// Whether it is the sender's own interface.
        own: bool,
    },
    /// The bridge doesn't send a packet back out of the port that it came in by.
    Hairpin {
        /// The node.
        node: Str,
        /// The bridge.
        bridge: Str,
    },
    /// The answer took a way on which nobody translated it back.
    BridgeNetfilter {
        /// The node.
        node: Str,
        /// From whom the client expects an answer.
        expected: (Ipv4Addr, u16),
        /// Who answers.
        got: (Ipv4Addr, u16),
    },
    /// The answer took a way on which nobody translated it back, though rules are asked everywhere.
    Stranger {
        /// From whom the client expects an answer.
        expected: (Ipv4Addr, u16),
        /// Who answers.
        got: (Ipv4Addr, u16),
    },
    /// The node is off.
    NodeDown {
        /// The node.
        node: Str,
    },
    /// Nobody on a link has the address.
    NobodyThere {
        /// The address.
        address: Ipv4Addr,
        /// Who asked for it: `node-1 on cni0`.
        asked: String,
    },
    /// The world outside knows no way to addresses of pods and Services.
    OnlyInside {
        /// The address.
        address: Ipv4Addr,
    },
    /// Nobody listens on the port.
    Refused {
        /// Whose port.
        place: String,
        /// The protocol.
        protocol: Protocol,
        /// The port.
        port: u16,
        /// Whether somebody did, who is about to end.
        ending: bool,
    },
    /// Nobody listens on the port, and the pod isn't ready.
    NotReady {
        /// The pod.
        pod: String,
        /// The port.
        port: u16,
    },
    /// A host of the world outside doesn't answer.
    Silent {
        /// The host.
        address: Ipv4Addr,
    },
    /// It went round in circles.
    TimeToLive {
        /// Where it ended.
        node: Str,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Unresolved { name, silent: false } => {
                write!(f, "the name {name} stands for no address (NXDOMAIN, or no A record), so nothing was sent")
            }
            Cause::Unresolved { name, silent: true } => write!(f, "no name server answers who {name} is, so nothing was sent"),
            Cause::NoSender { sender } => {
                write!(f, "nothing runs on {sender} that could send: it has no network of its own (yet, or any more)")
            }
            Cause::NoRoute { node, address, flannel, by_default } => {
                write!(f, "{node} has no route to {address}")?;
                f.write_str(if *flannel { ": flannel knows no node with these addresses" } else { ": flannel hasn't run there" })?;
                f.write_str(if *by_default { "; the default route takes it to a router that doesn't know them either" } else { "" })
            }
            Cause::NoOverlay { node } => {
                write!(f, "{node} has no VXLAN interface that takes the wrapped packet: flannel hasn't run there, or anew since")
            }
            Cause::NotTranslated { address, port: 0, proxy: true, .. } => {
                write!(
                    f,
                    "{address} is a Service's address: no interface has it, and rules are about its ports only, so nobody answers pings"
                )
            }
            Cause::NotTranslated { node, address, port, proxy: true } => {
                write!(f, "no rule of kube-proxy on {node} is about {address}:{port}, and a Service's address is nowhere but in rules")
            }
            Cause::NotTranslated { node, address, proxy: false, .. } => {
                write!(f, "kube-proxy has written no rules on {node}, and a Service's address ({address}) is nowhere but in rules")
            }
            Cause::NoEndpoints { service } => {
                write!(f, "Service {service} has no ready endpoints, so kube-proxy's rule rejects the packet")
            }
            Cause::NoLocalEndpoints { service, node } => {
                write!(f, "Service {service} keeps its traffic on the node, and none of its endpoints is on {node}")
            }
            Cause::Policy(denial) => denial.fmt(f),
            Cause::Rule { node, rule } => write!(f, "a rule on {node} stops it: {rule}"),
            Cause::Mtu { place, interface, length, mtu, own: true } => {
                write!(f, "{length} bytes are more than {interface} of {place} takes at once ({mtu}), and the packet may not be cut up")
            }
            Cause::Mtu { place, interface, length, mtu, own: false } => write!(
                f,
                "{length} bytes are more than {interface} of {place} takes at once ({mtu}); it says so by ICMP (fragmentation needed) and \
                 drops the packet"
            ),
            Cause::Hairpin { node, bridge } => {
                write!(f, "{bridge} on {node} would have to send it back out of the port that it came in by, and hairpin mode is off")
            }
            Cause::BridgeNetfilter { node, expected, got } => write!(
                f,
                "the client asked {}:{} and hears from {}:{}, whom it doesn't know: the answer was bridged on {node} past the rules that \
                 would have translated it back, because net.bridge.bridge-nf-call-iptables is 0",
                expected.0, expected.1, got.0, got.1
            ),
            Cause::Stranger { expected, got } => write!(
                f,
                "the client asked {}:{} and hears from {}:{}, whom it doesn't know: the answer didn't come by the node that translated the \
                 question",
                expected.0, expected.1, got.0, got.1
            ),
            Cause::NodeDown { node } => write!(f, "{node} is off: what is sent to it vanishes"),
            Cause::NobodyThere { address, asked } => write!(f, "nobody has the address {address}: {asked} asked by ARP in vain"),
            Cause::OnlyInside { address } => {
                write!(f, "{address} has a meaning only inside the cluster: the world outside has no route to it")
            }
            Cause::Refused { place, protocol, port, ending: false } => {
                write!(f, "nobody on {place} listens on {port}/{}", protocol.in_api())
            }
            Cause::Refused { place, protocol, port, ending: true } => {
                write!(f, "the process on {place} that listened on {port}/{} is ending and takes no more connections", protocol.in_api())
            }
            Cause::NotReady { pod, port } => write!(f, "{pod} isn't ready: nothing in it listens on {port} yet"),
            Cause::Silent { address } => write!(f, "{address} doesn't answer"),
            Cause::TimeToLive { node } => write!(f, "its time to live ran out on {node}: it went round in circles"),
        }
    }
}

impl Cause {
    /// In a word, for tables and counters.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Cause::Unresolved { .. } => "Unresolved",
            Cause::NoSender { .. } => "NoSender",
            Cause::NoRoute { .. } => "NoRoute",
            Cause::NoOverlay { .. } => "NoOverlay",
            Cause::NotTranslated { .. } => "NotTranslated",
            Cause::NoEndpoints { .. } => "NoEndpoints",
            Cause::NoLocalEndpoints { .. } => "NoLocalEndpoints",
            Cause::Policy(_) => "Policy",
            Cause::Rule { .. } => "Rule",
            Cause::Mtu { .. } => "Mtu",
            Cause::Hairpin { .. } => "Hairpin",
            Cause::BridgeNetfilter { .. } => "BridgeNetfilter",
            Cause::Stranger { .. } => "Stranger",
            Cause::NodeDown { .. } => "NodeDown",
            Cause::NobodyThere { .. } => "NobodyThere",
            Cause::OnlyInside { .. } => "OnlyInside",
            Cause::Refused { .. } => "Refused",
            Cause::NotReady { .. } => "NotReady",
            Cause::Silent { .. } => "Silent",
            Cause::TimeToLive { .. } => "TimeToLive",
        }
    }
}

/// What the sender sees: an answer, or the error of its call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Seen {
    /// An answer.
    Answer,
    /// `ECONNREFUSED`: somebody said that nobody listens.
    ConnectionRefused,
    /// `ETIMEDOUT`, or only silence: nobody said anything.
    TimedOut,
    /// `EHOSTUNREACH`: a router found nobody, after three seconds.
    NoRouteToHost,
    /// `ENETUNREACH`: a router, or the sender itself, has no route.
    NetworkUnreachable,
    /// `EMSGSIZE`: more than fits.
    MessageTooLong,
    /// `EAI_NONAME`: the resolver's error.
    NameNotKnown,
    /// `EAI_AGAIN`: it found nobody to ask.
    NoNameServer,
}

impl Seen {
    /// As programs print it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Seen::Answer => "an answer",
            Seen::ConnectionRefused => "connection refused",
            Seen::TimedOut => "connection timed out",
            Seen::NoRouteToHost => "no route to host",
            Seen::NetworkUnreachable => "network is unreachable",
            Seen::MessageTooLong => "message too long",
            Seen::NameNotKnown => "name or service not known",
            Seen::NoNameServer => "temporary failure in name resolution",
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
