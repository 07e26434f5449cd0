//! One rule of iptables: what a packet must be like, and what then becomes of it.

use crate::api::meta::Str;
use crate::kernel::time::SimDuration;
use crate::net::netfilter::ipset::{Dimension, Sets};
use crate::net::netfilter::{Context, State};
use crate::net::packet::{Cidr, Packet, Protocol};
use std::fmt::{self, Write};
use std::net::Ipv4Addr;

/// A condition on packets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Match {
    /// `-s 10.244.0.0/16`
    Source(Cidr),
    /// `! -s 10.244.0.0/16`
    NotSource(Cidr),
    /// `-d 10.96.0.1/32`
    Destination(Cidr),
    /// `! -d 10.244.0.0/16`
    NotDestination(Cidr),
    /// `-m tcp -p tcp`
    Protocol(Protocol),
    /// `-p tcp`, without a module of its own
    Carries(Protocol),
    /// `-m tcp -p tcp --dport 443`
    Port(Protocol, u16),
    /// `-m addrtype --dst-type LOCAL`
    ToLocal,
    /// `-m addrtype --src-type LOCAL`
    FromLocal,
    /// `-m addrtype ! --src-type LOCAL`
    NotFromLocal,
    /// `-m physdev ! --physdev-is-in`: it didn't come in by a port of the bridge, as what these pods send does.
    NotBridged(Option<Cidr>),
    /// `-m ipvs --vaddr 203.0.113.7 --vproto tcp --vport 80`: it was on its way to this virtual server.
    Virtual(Ipv4Addr, Protocol, u16),
    /// `-m mark --mark 0x4000/0x4000`
    Marked(u32),
    /// `-m mark ! --mark 0x4000/0x4000`
    NotMarked(u32),
    /// `-m conntrack --ctstate NEW`
    State(&'static [State]),
    /// `-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT`: the packet of no connection that is known, or that was redirected.
    Unsolicited,
    /// `-m statistic --mode random --probability 0.3333333333`: one of so many.
    OneIn(u32),
    /// `-m recent --name KUBE-SEP-… --rcheck --seconds 10800 --reap`
    Recent(Str, SimDuration),
    /// `-m recent --name KUBE-SEP-… --set`: matches always, and remembers the client.
    Remember(Str),
    /// `-m set --match-set KUBE-CLUSTER-IP dst,dst`
    InSet(&'static str, &'static [Dimension]),
    /// `-m set ! --match-set …`
    NotInSet(&'static str, &'static [Dimension]),
    /// `-m comment --comment "…"`: matches always.
    Comment(Str),
}

/// What becomes of packets that match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// They go on in this chain.
    Jump(Str),
    /// They go on after the rule that led here.
    Return,
    /// They may go on.
    Accept,
    /// They are gone.
    Drop,
    /// They are gone, and their sender hears of an unreachable port.
    Reject,
    /// These bits of the mark are set.
    SetMark(u32),
    /// These bits of the mark are turned over.
    XorMark(u32),
    /// They get the address of the interface that they leave by, and any free port.
    Masquerade,
    /// The same, but with the port that they have, if it is free.
    MasqueradeKeepingPort,
    /// They go to another destination.
    Dnat(Ipv4Addr, u16),
}

/// A rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// All of these must hold.
    pub matches: Vec<Match>,
    /// What then happens; `None`: nothing, the rule is there to be read.
    pub target: Option<Target>,
}

impl Rule {
    /// A rule that does something.
    pub fn new(matches: impl IntoIterator<Item = Match>, target: Target) -> Self {
        Rule { matches: matches.into_iter().collect(), target: Some(target) }
    }

    /// A rule that only says something.
    pub fn note(comment: String) -> Self {
        Rule { matches: vec![Match::Comment(comment.into())], target: None }
    }

    /// Whether a packet matches. What it matches up to there has its effect, as in the kernel: rules remember clients before they end.
    pub fn matches(&self, packet: &Packet, sets: &Sets, context: &mut Context<'_>) -> bool {
        self.matches.iter().all(|condition| condition.holds(packet, sets, context))
    }

    /// As a program writes it for `iptables-restore`, without `-A` and the chain: its arguments in any order.
    pub fn written(&self) -> String {
        let mut out = String::new();
        let mut matches = &self.matches[..];
        loop {
            match matches {
                [] => break,
                // kube-proxy names the protocol before the address, and the port after it.
                [Match::Destination(cidr), Match::Port(protocol, port), rest @ ..] => {
                    let (name, cidr) = (protocol.as_str(), Plain(*cidr));
                    write!(out, " -m {name} -p {name} -d {cidr} --dport {port}").expect("a String takes everything");
                    matches = rest;
                }
                [condition, rest @ ..] => {
                    condition.write(&mut out);
                    matches = rest;
                }
            }
        }
        self.write_target(&mut out, false);
        out
    }

    /// As `iptables-save` prints it, without `-A` and the chain: what belongs to the IP header first, everything else in the order written.
    pub fn saved(&self) -> String {
        let mut out = String::new();
        let mut header: Vec<(u8, String)> = self.matches.iter().filter_map(Match::header).collect();
        header.sort_by_key(|(place, _)| *place);
        header.iter().for_each(|(_, text)| out.push_str(text));
        self.matches.iter().for_each(|condition| condition.save(&mut out));
        self.write_target(&mut out, true);
        out
    }

    fn write_target(&self, out: &mut String, saved: bool) {
        let written = match &self.target {
            None => Ok(()),
            Some(Target::Jump(chain)) => write!(out, " -j {chain}"),
            Some(Target::Return) => write!(out, " -j RETURN"),
            Some(Target::Accept) => write!(out, " -j ACCEPT"),
            Some(Target::Drop) => write!(out, " -j DROP"),
            Some(Target::Reject) if saved => write!(out, " -j REJECT --reject-with icmp-port-unreachable"),
            Some(Target::Reject) => write!(out, " -j REJECT"),
            Some(Target::SetMark(bits)) if saved => write!(out, " -j MARK --set-xmark {bits:#x}/{bits:#x}"),
            Some(Target::SetMark(bits)) => write!(out, " -j MARK --or-mark {bits:#010x}"),
            Some(Target::XorMark(bits)) if saved => write!(out, " -j MARK --set-xmark {bits:#x}/0x0"),
            Some(Target::XorMark(bits)) => write!(out, " -j MARK --xor-mark {bits:#010x}"),
            Some(Target::Masquerade) => write!(out, " -j MASQUERADE --random-fully"),
            Some(Target::MasqueradeKeepingPort) => write!(out, " -j MASQUERADE"),
            Some(Target::Dnat(address, port)) => write!(out, " -j DNAT --to-destination {address}:{port}"),
        };
        written.expect("a String takes everything");
    }

    /// Why it matched, and what it does.
    pub fn why(&self) -> String {
        let comment = self.matches.iter().find_map(|condition| match condition {
            Match::Comment(text) => Some(format!("{text}: ")),
            _ => None,
        });
        let conditions: Vec<String> = self.matches.iter().filter_map(Match::words).collect();
        let because = if conditions.is_empty() { "any packet".to_owned() } else { conditions.join(", ") };
        format!("{}{because}; {}", comment.unwrap_or_default(), self.effect())
    }

    fn effect(&self) -> String {
        match &self.target {
            None => "nothing happens".to_owned(),
            Some(Target::Jump(chain)) => format!("goes on in {chain}"),
            Some(Target::Return) => "goes back to the chain before".to_owned(),
            Some(Target::Accept) => "is let through".to_owned(),
            Some(Target::Drop) => "is dropped, and nobody is told".to_owned(),
            Some(Target::Reject) => "is refused: its sender hears of an unreachable port".to_owned(),
            Some(Target::SetMark(bits)) => format!("is marked with {bits:#x}: its source is to be replaced when it leaves"),
            Some(Target::XorMark(bits)) => format!("loses its mark {bits:#x}"),
            Some(Target::Masquerade | Target::MasqueradeKeepingPort) => {
                "gets the address of the interface that it leaves by, so that the answer comes back here".to_owned()
            }
            Some(Target::Dnat(address, port)) => format!("is redirected to {address}:{port}"),
        }
    }
}

impl Match {
    fn holds(&self, packet: &Packet, sets: &Sets, context: &mut Context<'_>) -> bool {
        match self {
            Match::Source(cidr) => cidr.contains(packet.source),
            Match::NotSource(cidr) => !cidr.contains(packet.source),
            Match::Destination(cidr) => cidr.contains(packet.destination),
            Match::NotDestination(cidr) => !cidr.contains(packet.destination),
            Match::Protocol(protocol) | Match::Carries(protocol) => packet.protocol == *protocol,
            Match::Port(protocol, port) => packet.protocol == *protocol && packet.destination_port == *port,
            Match::ToLocal => context.is_local(packet.destination),
            Match::FromLocal => context.is_local(packet.source),
            Match::NotFromLocal => !context.is_local(packet.source),
            Match::NotBridged(pods) => !pods.is_some_and(|pods| pods.contains(packet.source)),
            Match::Virtual(_, protocol, _) => context.redirected && packet.protocol == *protocol,
            Match::Marked(bits) => packet.mark & bits == *bits,
            Match::NotMarked(bits) => packet.mark & bits != *bits,
            Match::State(states) => states.contains(&context.state),
            Match::Unsolicited => !matches!(context.state, State::Related | State::Established) && !context.redirected,
            Match::OneIn(many) => (context.choose)(*many) == 0,
            Match::Recent(list, within) => context.affinity.knows(list, packet.source, *within, context.now),
            Match::Remember(list) => {
                context.affinity.remember(list, packet.source, context.now);
                true
            }
            Match::InSet(set, dimensions) => sets.contains(set, dimensions, packet),
            Match::NotInSet(set, dimensions) => !sets.contains(set, dimensions, packet),
            Match::Comment(_) => true,
        }
    }

    /// What `iptables-save` prints before everything else, and in which place.
    fn header(&self) -> Option<(u8, String)> {
        Some(match self {
            Match::Source(cidr) => (0, format!(" -s {cidr}")),
            Match::NotSource(cidr) => (0, format!(" ! -s {cidr}")),
            Match::Destination(cidr) => (1, format!(" -d {cidr}")),
            Match::NotDestination(cidr) => (1, format!(" ! -d {cidr}")),
            Match::Protocol(protocol) | Match::Carries(protocol) | Match::Port(protocol, _) => (2, format!(" -p {}", protocol.as_str())),
            _ => return None,
        })
    }

    fn write(&self, out: &mut String) {
        let written = match self {
            Match::Source(cidr) => write!(out, " -s {}", Plain(*cidr)),
            Match::NotSource(cidr) => write!(out, " ! -s {}", Plain(*cidr)),
            Match::Destination(cidr) => write!(out, " -d {}", Plain(*cidr)),
            Match::NotDestination(cidr) => write!(out, " ! -d {}", Plain(*cidr)),
            Match::Protocol(protocol) => write!(out, " -m {0} -p {0}", protocol.as_str()),
            Match::Carries(protocol) => write!(out, " -p {}", protocol.as_str()),
            Match::Port(protocol, port) => write!(out, " -m {0} -p {0} --dport {port}", protocol.as_str()),
            Match::Virtual(address, protocol, port) => {
                write!(out, " -m ipvs --vaddr {address} --vproto {} --vport {port}", protocol.as_str())
            }
            Match::Marked(bits) => write!(out, " -m mark --mark {bits:#010x}/{bits:#010x}"),
            Match::NotMarked(bits) => write!(out, " -m mark ! --mark {bits:#010x}/{bits:#010x}"),
            Match::OneIn(many) => write!(out, " -m statistic --mode random --probability {}", Share(*many, 10)),
            Match::Recent(list, within) => {
                write!(out, " -m recent --name {list} --rcheck --seconds {} --reap", within.as_secs())
            }
            Match::Remember(list) => write!(out, " -m recent --name {list} --set"),
            Match::Comment(text) if text.contains(' ') => write!(out, " -m comment --comment \"{text}\""),
            Match::Comment(text) => write!(out, " -m comment --comment {text}"),
            same => {
                same.save(out);
                Ok(())
            }
        };
        written.expect("a String takes everything");
    }

    fn save(&self, out: &mut String) {
        let written = match self {
            Match::Source(_) | Match::NotSource(_) | Match::Destination(_) | Match::NotDestination(_) | Match::Carries(_) => Ok(()),
            Match::Protocol(protocol) => write!(out, " -m {}", protocol.as_str()),
            Match::Port(protocol, port) => write!(out, " -m {} --dport {port}", protocol.as_str()),
            Match::ToLocal => write!(out, " -m addrtype --dst-type LOCAL"),
            Match::FromLocal => write!(out, " -m addrtype --src-type LOCAL"),
            Match::NotFromLocal => write!(out, " -m addrtype ! --src-type LOCAL"),
            Match::NotBridged(_) => write!(out, " -m physdev ! --physdev-is-in"),
            Match::Virtual(address, protocol, port) => {
                write!(out, " -m ipvs --vproto {} --vaddr {address}/32 --vport {port}", protocol.as_str())
            }
            Match::Marked(bits) => write!(out, " -m mark --mark {bits:#x}/{bits:#x}"),
            Match::NotMarked(bits) => write!(out, " -m mark ! --mark {bits:#x}/{bits:#x}"),
            Match::State(states) => write!(out, " -m conntrack --ctstate {}", States(states)),
            Match::Unsolicited => write!(out, " -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT"),
            Match::OneIn(many) => write!(out, " -m statistic --mode random --probability {}", Kept(*many)),
            Match::Recent(list, within) => {
                let seconds = within.as_secs();
                write!(out, " -m recent --rcheck --seconds {seconds} --reap --name {list} --mask 255.255.255.255 --rsource")
            }
            Match::Remember(list) => write!(out, " -m recent --set --name {list} --mask 255.255.255.255 --rsource"),
            Match::InSet(set, dimensions) => write!(out, " -m set --match-set {set} {}", Dimension::list(dimensions)),
            Match::NotInSet(set, dimensions) => write!(out, " -m set ! --match-set {set} {}", Dimension::list(dimensions)),
            Match::Comment(text) => write!(out, " -m comment --comment {}", Quoted(text)),
        };
        written.expect("a String takes everything");
    }

    fn words(&self) -> Option<String> {
        Some(match self {
            Match::Source(cidr) => format!("from {}", Plain(*cidr)),
            Match::NotSource(cidr) => format!("not from {}", Plain(*cidr)),
            Match::Destination(cidr) => format!("to {}", Plain(*cidr)),
            Match::NotDestination(cidr) => format!("not to {}", Plain(*cidr)),
            Match::Protocol(protocol) | Match::Carries(protocol) => protocol.as_str().to_owned(),
            Match::Port(protocol, port) => format!("{} port {port}", protocol.as_str()),
            Match::ToLocal => "to an address of this node".to_owned(),
            Match::FromLocal => "from an address of this node".to_owned(),
            Match::NotFromLocal => "not from an address of this node".to_owned(),
            Match::NotBridged(_) => "not from a pod on this node".to_owned(),
            Match::Virtual(address, protocol, port) => format!("sent to the virtual server {address}:{port}/{}", protocol.as_str()),
            Match::Marked(bits) => format!("marked with {bits:#x}"),
            Match::NotMarked(bits) => format!("not marked with {bits:#x}"),
            Match::State(states) => format!("of a connection that is {}", States(states)),
            Match::Unsolicited => "of no connection that is known".to_owned(),
            Match::OneIn(many) => format!("the chance of 1 in {many} came up"),
            Match::Recent(_, within) => format!("this client was sent there within the last {} s", within.as_secs()),
            Match::Remember(_) => "the client is remembered".to_owned(),
            Match::InSet(set, _) => format!("in the set {set}"),
            Match::NotInSet(set, _) => format!("not in the set {set}"),
            Match::Comment(_) => return None,
        })
    }
}

/// A prefix without `/32`, as programs write addresses.
struct Plain(Cidr);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.bits == 32 { self.0.base.fmt(f) } else { self.0.fmt(f) }
    }
}

/// 1/n with so many decimals, rounded as C and Go do: half of the last place goes up, which never occurs for n that aren't powers of two.
struct Share(u32, u32);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, many) = (10u64.pow(self.1), u64::from(self.0));
        decimal(f, (one * 2 + many) / (many * 2), one, self.1)
    }
}

/// 1/n as the kernel keeps it, in 2⁻³¹, and `iptables-save` prints it: 1/3 is 715827883 of these, 0.33333333349.
struct Kept(u32);

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = (10u128.pow(10) * 2 + u128::from(self.0)) / (u128::from(self.0) * 2);
        let kept = ((written << 32) / 10u128.pow(10)).div_ceil(2);
        let one = 10u64.pow(11);
        let shown = ((kept * u128::from(one)) >> 30).div_ceil(2);
        decimal(f, shown as u64, one, 11)
    }
}

fn decimal(f: &mut fmt::Formatter<'_>, value: u64, one: u64, places: u32) -> fmt::Result {
    write!(f, "{}.{:0width$}", value / one, value % one, width = places as usize)
}

/// States as conntrack's match spells them.
struct States<'a>(&'a [State]);

impl fmt::Display for States<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, state) in self.0.iter().enumerate() {
            let name = match state {
                State::New => "NEW",
                State::Established => "ESTABLISHED",
                State::Related => "RELATED",
                State::Invalid => "INVALID",
            };
            write!(f, "{}{name}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// Text as `iptables-save` prints it: in quotes unless it is all letters, digits, `-` and `_` (`libxtables`, xtables_save_string).
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if plain && !self.0.is_empty() { f.write_str(self.0) } else { write!(f, "\"{}\"", self.0) }
    }
}
