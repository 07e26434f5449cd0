//! A packet's way, hop by hop.

use serde::Serialize;
use ts_rs::TS;

/// A packet's way from who sends it to who answers it, and the answer's way back.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Packet {
    /// In words: `pod/client → svc/web:80`.
    pub question: String,
    /// Whether what was sent is answered.
    pub arrives: bool,
    /// Why it isn't; what the sender sees first.
    pub failure: Option<String>,
    /// What was asked of DNS before, if a name was given.
    pub dns: Option<Dns>,
    /// The ways: one, or with a proxy in between two.
    pub walks: Vec<Walk>,
    /// What the proxy in between decides.
    pub routing: Option<Routing>,
    /// The same as text, as `trace` prints it.
    pub story: String,
}

/// How a name became an address.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Dns {
    /// The name that was asked for.
    pub name: String,
    /// The questions, in order.
    pub steps: Vec<DnsStep>,
    /// What came of it.
    pub addresses: Vec<String>,
}

/// A question to a name server.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DnsStep {
    /// The whole name.
    pub name: String,
    /// `A`, `SRV`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The name server.
    pub server: String,
    /// `NOERROR`, `NXDOMAIN`, …; `null` if there was no answer.
    pub answer: Option<String>,
    /// The records in the answer.
    pub records: Vec<String>,
}

/// What a proxy decides about a request.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Routing {
    /// Who decides.
    pub by: String,
    /// By which rule, or why there is none.
    pub why: String,
    /// The Service that is asked.
    pub service: Option<String>,
    /// The status, if it answers itself.
    pub status: Option<u16>,
}

/// A packet's way.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Walk {
    /// Who sends.
    pub from: String,
    /// `10.96.0.10:80/TCP`.
    pub target: String,
    /// What the sender sees: `answered`, `timed out`, `connection refused`, …
    pub seen: String,
    /// Who answered, if anybody did.
    pub reached: Option<String>,
    /// Why it failed, if it did.
    pub cause: Option<String>,
    /// The way there.
    pub hops: Vec<Hop>,
    /// The answer's way back.
    pub answer: Vec<Hop>,
    /// The connections that nodes now know of: the node, the entry.
    pub conntrack: Vec<(String, String)>,
}

/// Where something happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum PlaceKind {
    /// In a pod.
    Pod,
    /// On a node.
    Node,
    /// On the link between the nodes.
    Underlay,
    /// In the world outside.
    Outside,
}

/// What happens to a packet at an interface.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Hop {
    /// Where.
    pub place: PlaceKind,
    /// The pod's or node's name, with its namespace if that isn't `default`; else empty.
    pub name: String,
    /// The interface: `eth0`, `cni0`, `flannel.1`.
    pub interface: String,
    /// As tcpdump prints it: `In`, `Out`, `P`.
    pub direction: String,
    /// The headers as the packet comes, outermost first.
    pub before: Vec<String>,
    /// The headers as it goes on.
    pub after: Vec<String>,
    /// The rules that it met.
    pub rules: Vec<Rule>,
    /// The route that it takes.
    pub route: Option<String>,
    /// `pass`, `arrived`, `drop`, `reject`.
    pub verdict: String,
    /// Why, in words; may be empty.
    pub why: String,
}

/// A rule that a packet met.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The hook or chain where it stands.
    pub chain: String,
    /// The rule as it is written.
    pub rule: String,
    /// What it did; may be empty.
    pub effect: String,
}
