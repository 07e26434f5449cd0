//! Why requests fail: each cause with what the client sees and what is behind it.

use serde::{Serialize, Serializer};
use std::fmt;

/// Why a request got no answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Cause {
    /// Nobody listens on the port: RST.
    Refused,
    /// A rule rejects: the Service has no endpoints.
    Rejected,
    /// Packets vanish.
    BlackHole,
    /// Packets are dropped by a rule.
    Dropped,
    /// The pod's address is gone.
    AddressGone,
    /// There is no route.
    NoRoute,
    /// The process was killed while it worked on the request.
    Killed,
    /// The process ended by itself while it worked on the request.
    Crashed,
    /// The process ended after TERM before it had answered.
    Terminated,
    /// The server was too slow: too much waits before this request.
    TimedOut,
    /// A NetworkPolicy is against it.
    Policy,
    /// There is no such name.
    UnknownName,
    /// No name server answers.
    SilentNames,
    /// HTTP 503 from an ingress: it has nobody to ask.
    Unavailable,
    /// HTTP 502 from an ingress: those whom it asked refused, or broke off.
    BadGateway,
    /// HTTP 504 from an ingress: those whom it asked are silent.
    GatewayTimeout,
    /// HTTP 404 from an ingress: no rule for this host and path.
    NotFound,
    /// HTTP 500 from a Gateway: what its route refers to can't be used.
    ServerError,
    /// HTTP 301, 302 or 308 from an ingress: the client is to come again elsewhere, and here it doesn't.
    Redirected,
    /// The client has no port left for another connection.
    NoPorts,
}

impl Cause {
    /// All of them, in the order of tables.
    pub const ALL: [Cause; 20] = [
        Cause::Refused,
        Cause::Rejected,
        Cause::BlackHole,
        Cause::Dropped,
        Cause::AddressGone,
        Cause::NoRoute,
        Cause::Killed,
        Cause::Crashed,
        Cause::Terminated,
        Cause::TimedOut,
        Cause::Policy,
        Cause::UnknownName,
        Cause::SilentNames,
        Cause::Unavailable,
        Cause::BadGateway,
        Cause::GatewayTimeout,
        Cause::NotFound,
        Cause::ServerError,
        Cause::Redirected,
        Cause::NoPorts,
    ];

    /// Its name, as scenarios and tables spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Refused => "connection refused",
            Cause::Rejected => "rejected",
            Cause::BlackHole => "black hole",
            Cause::Dropped => "dropped",
            Cause::AddressGone => "no route to host",
            Cause::NoRoute => "network unreachable",
            Cause::Killed => "reset by KILL",
            Cause::Crashed => "reset by a crash",
            Cause::Terminated => "closed after TERM",
            Cause::TimedOut => "timeout",
            Cause::Policy => "policy",
            Cause::UnknownName => "NXDOMAIN",
            Cause::SilentNames => "no answer from DNS",
            Cause::Unavailable => "503",
            Cause::BadGateway => "502",
            Cause::GatewayTimeout => "504",
            Cause::NotFound => "404",
            Cause::ServerError => "500",
            Cause::Redirected => "redirected",
            Cause::NoPorts => "out of ports",
        }
    }

    /// What is behind it.
    pub const fn why(self) -> &'static str {
        match self {
            Cause::Refused => "the pod is there, but no process takes connections on the port: it ends or has ended, or doesn't listen yet",
            Cause::Rejected => "the Service has no endpoints, so the proxy's rules answer with REJECT",
            Cause::BlackHole => {
                "the packets vanish: the node is off or cut off, or no route leads there, and nobody is left to refuse them"
            }
            Cause::Dropped => "a rule drops the packets without a word: no endpoint on this node, and the policy wants a local one",
            Cause::AddressGone => {
                "nobody has the address any more, for the pod is gone or its node is off; the rules that the client met still name it"
            }
            Cause::NoRoute => "the node has no route there",
            Cause::Killed => "the process was killed while it worked on the request",
            Cause::Crashed => "the process ended by itself while it worked on the request",
            Cause::Terminated => "the process got TERM and ended before it had answered",
            Cause::TimedOut => "the server was too slow: more requests came than it can work on",
            Cause::Policy => "a NetworkPolicy doesn't let the packets through",
            Cause::UnknownName => "the name server knows no such name",
            Cause::SilentNames => "no name server answers",
            Cause::Unavailable => "the ingress has no endpoints to ask",
            Cause::BadGateway => "the ingress asked pods that refused the connection or broke it off",
            Cause::GatewayTimeout => "the ingress asked pods that are silent",
            Cause::NotFound => "no rule of the ingress is about this host and path",
            Cause::ServerError => "the route refers to something that can't be used",
            Cause::Redirected => "the ingress wants the client to come again elsewhere, such as by TLS",
            Cause::NoPorts => "the client waits for so many answers that no port is left for another connection",
        }
    }

    /// Whether the request surely did nothing: it can be repeated without harm, whatever it asked for.
    pub const fn is_before_the_request(self) -> bool {
        !matches!(
            self,
            Cause::Killed
                | Cause::Crashed
                | Cause::Terminated
                | Cause::TimedOut
                | Cause::BadGateway
                | Cause::GatewayTimeout
                | Cause::Unavailable
                | Cause::NotFound
                | Cause::ServerError
                | Cause::Redirected
        )
    }

    /// The cause of this name.
    pub fn parse(text: &str) -> Option<Cause> {
        let text = text.trim().to_lowercase();
        Cause::ALL.into_iter().find(|cause| cause.as_str().to_lowercase() == text)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.as_str(), self.why())
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}
