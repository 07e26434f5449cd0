//! A table of nftables: chains, maps from addresses and ports to verdicts, and sets.

use crate::api::meta::Str;
use crate::kernel::time::SimDuration;
use crate::net::netfilter::{Context, Hook, Passed, Ruling, State, redirect};
use crate::net::packet::{Cidr, Packet, Protocol};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::net::Ipv4Addr;

/// How many chains deep a packet may be.
const DEPTH_MAX: usize = 64;

/// A condition on packets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Test {
    /// `ip daddr 10.96.3.4`
    To(Ipv4Addr),
    /// `ip daddr != 127.0.0.0/8`
    NotTo(Cidr),
    /// `ip daddr 10.96.0.0/16`, or a set of several
    ToAny(Vec<Cidr>),
    /// `ip daddr @cluster-ips`
    ToSet(&'static str),
    /// `ip saddr 10.244.0.0/16`
    From(Cidr),
    /// `ip saddr != 10.244.0.0/16`
    NotFrom(Cidr),
    /// `ip saddr != { 198.51.100.0/24, 203.0.113.7 }`
    NotFromAny(Vec<Cidr>),
    /// `ip saddr @affinity-…`: a client that was remembered within this time.
    Remembered(Str, SimDuration),
    /// `tcp dport 80`
    Port(Protocol, u16),
    /// `meta l4proto tcp`
    Protocol(Protocol),
    /// `ct state new`
    New,
    /// `fib daddr type local`
    ToLocal,
    /// `fib saddr type local`
    FromLocal,
    /// `meta mark & 0x00004000 == 0x00000000`
    Unmarked(u32),
}

/// What becomes of packets that match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// They go on in this chain, and after it where they were.
    Jump(Str),
    /// They go on in this chain, and after it where the chain that they were in was left for.
    Goto(Str),
    /// They go on where this chain was left for.
    Return,
    /// They are gone.
    Drop,
    /// They are gone, and their sender hears of an unreachable port.
    Reject,
    /// These bits of the mark are set.
    SetMark(u32),
    /// These bits of the mark are turned over.
    XorMark(u32),
    /// They get the address of the interface that they leave by.
    Masquerade,
    /// They go to another destination.
    Dnat(Ipv4Addr, u16),
    /// `update @affinity-… { ip saddr }`
    Remember(Str),
    /// `ip daddr . meta l4proto . th dport vmap @service-ips`
    AddressMap(&'static str),
    /// `meta l4proto . th dport vmap @service-nodeports`
    PortMap(&'static str),
    /// `numgen random mod 3 vmap { 0 : goto …, … }`: any of these chains, each as likely as the others.
    AnyOf(Vec<Str>),
}

/// A rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// All of these must hold.
    pub tests: Vec<Test>,
    /// What then happens.
    pub verdict: Verdict,
    /// What it is for.
    pub comment: Option<&'static str>,
}

impl Rule {
    /// A rule without a comment.
    pub fn new(tests: impl IntoIterator<Item = Test>, verdict: Verdict) -> Self {
        Rule { tests: tests.into_iter().collect(), verdict, comment: None }
    }

    /// The same with a comment.
    pub fn saying(self, comment: &'static str) -> Self {
        Rule { comment: Some(comment), ..self }
    }
}

/// Where a chain begins a packet's way, if it isn't led there by a rule: the chain's type, hook and priority.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Base {
    /// Whether it is of the type `nat`, of which only the first packet of a connection is asked.
    pub is_nat: bool,
    /// The hook.
    pub hook: Hook,
    /// The priority by name: `dstnat - 10`.
    pub priority: &'static str,
    /// The same as a number: lower ones come first.
    pub order: i32,
}

#[derive(Clone, Debug, Default)]
struct Chain {
    base: Option<Base>,
    comment: Option<&'static str>,
    rules: Vec<Rule>,
}

/// What a map or set is looked up by.
type Key = (Option<Ipv4Addr>, Protocol, u16);

#[derive(Clone, Debug)]
struct Map {
    kind: &'static str,
    comment: &'static str,
    elements: BTreeMap<Key, (Verdict, Option<Str>)>,
}

/// The table `ip kube-proxy`, or another of the kind.
#[derive(Clone, Debug)]
pub struct Table {
    name: &'static str,
    comment: &'static str,
    /// The chains in the order in which they were made.
    made: Vec<Str>,
    chains: BTreeMap<Str, Chain>,
    maps: Vec<(&'static str, Map)>,
    sets: Vec<(&'static str, &'static str, BTreeSet<Ipv4Addr>)>,
    /// Sets of clients, with the time for which they are remembered.
    memories: BTreeMap<Str, SimDuration>,
}

impl Table {
    /// An empty table.
    pub fn new(name: &'static str, comment: &'static str) -> Self {
        let (made, chains, maps) = (Vec::new(), BTreeMap::new(), Vec::new());
        Table { name, comment, made, chains, maps, sets: Vec::new(), memories: BTreeMap::new() }
    }

    /// Makes a chain, if there is none of this name.
    pub fn chain(&mut self, name: impl Into<Str>, base: Option<Base>, comment: Option<&'static str>) {
        let name = name.into();
        if !self.chains.contains_key(&name) {
            self.chains.insert(name.clone(), Chain { base, comment, rules: Vec::new() });
            self.made.push(name);
        }
    }

    /// Puts a rule at the end of a chain that was made.
    pub fn add(&mut self, chain: &str, rule: Rule) {
        self.chains.get_mut(chain).expect("chains are made before they are filled").rules.push(rule);
    }

    /// Makes a map from addresses, protocols and ports (or the latter two) to verdicts.
    pub fn map(&mut self, name: &'static str, with_address: bool, comment: &'static str) {
        let kind = if with_address { "ipv4_addr . inet_proto . inet_service : verdict" } else { "inet_proto . inet_service : verdict" };
        self.maps.push((name, Map { kind, comment, elements: BTreeMap::new() }));
    }

    /// Puts an element into a map that was made, unless the key is taken.
    pub fn element(&mut self, map: &str, key: Key, verdict: Verdict, comment: Option<Str>) {
        let found = self.maps.iter_mut().find(|(name, _)| *name == map);
        found.expect("maps are made before they are filled").1.elements.entry(key).or_insert((verdict, comment));
    }

    /// Makes a set of addresses.
    pub fn set(&mut self, name: &'static str, comment: &'static str) {
        self.sets.push((name, comment, BTreeSet::new()));
    }

    /// Puts an address into a set that was made.
    pub fn member(&mut self, set: &str, address: Ipv4Addr) {
        self.sets.iter_mut().find(|(name, ..)| *name == set).expect("sets are made before they are filled").2.insert(address);
    }

    /// Makes a set of clients.
    pub fn memory(&mut self, name: Str, within: SimDuration) {
        self.memories.insert(name, within);
    }

    /// What `nft list table` prints, which `nft -f` takes.
    pub fn text(&self) -> String {
        let mut out = format!("table ip {} {{\n\tcomment \"{}\"\n", self.name, self.comment);
        self.write_sets(&mut out);
        for name in &self.made {
            let chain = &self.chains[name];
            out.push_str(if out.ends_with("\"\n") { "\n" } else { "" });
            writeln!(out, "\tchain {name} {{").expect("a String takes everything");
            if let Some(comment) = chain.comment {
                writeln!(out, "\t\tcomment \"{comment}\"").expect("a String takes everything");
            }
            if let Some(base) = chain.base {
                let (kind, hook) = (if base.is_nat { "nat" } else { "filter" }, base.hook.chain().to_ascii_lowercase());
                writeln!(out, "\t\ttype {kind} hook {hook} priority {}; policy accept;", base.priority).expect("a String takes everything");
            }
            for rule in &chain.rules {
                writeln!(out, "\t\t{rule}").expect("a String takes everything");
            }
            out.push_str("\t}\n\n");
        }
        out.truncate(out.trim_end().len());
        out.push_str("\n}\n");
        out
    }

    fn write_sets(&self, out: &mut String) {
        let mut open = |kind: &str, name: &str, of: &str, lines: &[String], elements: &[String]| {
            write!(out, "\t{kind} {name} {{\n\t\ttype {of}\n").expect("a String takes everything");
            lines.iter().for_each(|line| {
                out.push_str("\t\t");
                out.push_str(line);
                out.push('\n');
            });
            if !elements.is_empty() {
                writeln!(out, "\t\telements = {{ {} }}", elements.join(",\n\t\t\t     ")).expect("a String takes everything");
            }
            out.push_str("\t}\n\n");
        };
        for (name, comment, members) in &self.sets {
            let members: Vec<String> = members.iter().map(Ipv4Addr::to_string).collect();
            let members: Vec<String> = members.chunks(2).map(|pair| pair.join(", ")).collect();
            open("set", name, "ipv4_addr", &[format!("comment \"{comment}\"")], &members);
        }
        for (name, map) in &self.maps {
            let elements: Vec<String> = map.elements.iter().map(|(key, element)| Element(key, element).to_string()).collect();
            open("map", name, map.kind, &[format!("comment \"{}\"", map.comment)], &elements);
        }
        for (name, within) in &self.memories {
            let lines = ["size 65535".to_owned(), "flags dynamic,timeout".to_owned(), format!("timeout {}", Timeout(*within))];
            open("set", name, "ipv4_addr", &lines, &[]);
        }
    }

    /// Leads a packet through the chains of a hook. The packet has afterwards what rules gave it.
    pub fn evaluate(&self, hook: Hook, packet: &mut Packet, context: &mut Context<'_>) -> (Ruling, Vec<Passed>) {
        let based = |name: &'_ Str| self.chains[name].base.filter(|base| base.hook == hook);
        let mut bases: Vec<(Base, &Str)> = self.made.iter().filter_map(|name| Some((based(name)?, name))).collect();
        bases.sort_by_key(|(base, _)| base.order);
        let mut walk = Walk { table: self, passed: Vec::new() };
        let mut ruling = Ruling::Accept;
        for (base, name) in bases {
            if base.is_nat && context.state != State::New {
                continue;
            }
            if let Some(said) = walk.chain(name, packet, context, 0) {
                ruling = said;
                context.redirected |= matches!(said, Ruling::Dnat { .. });
                if !said.goes_on() {
                    break;
                }
            }
        }
        (ruling, walk.passed)
    }
}

/// A packet on its way through the table.
struct Walk<'a> {
    table: &'a Table,
    passed: Vec<Passed>,
}

impl Walk<'_> {
    /// Leads the packet through a chain; `None`: it came to its end, or was led back.
    fn chain(&mut self, name: &Str, packet: &mut Packet, context: &mut Context<'_>, depth: usize) -> Option<Ruling> {
        assert!(depth < DEPTH_MAX, "chains of rules lead in a circle");
        let table = self.table;
        for rule in &table.chains.get(name)?.rules {
            if !rule.tests.iter().all(|test| test.holds(table, packet, context)) {
                continue;
            }
            let found;
            let (verdict, element) = match &rule.verdict {
                Verdict::AddressMap(map) => {
                    let Some(element) = table.look_up(map, (Some(packet.destination), packet.protocol, packet.destination_port)) else {
                        continue;
                    };
                    element
                }
                Verdict::PortMap(map) => {
                    let Some(element) = table.look_up(map, (None, packet.protocol, packet.destination_port)) else { continue };
                    element
                }
                Verdict::AnyOf(chains) => {
                    let at = (context.choose)(chains.len() as u32) as usize;
                    found = Verdict::Goto(chains[at].clone());
                    (&found, format!("number {at} of {} came up: ", chains.len()))
                }
                other => (other, String::new()),
            };
            let why = rule.why(verdict, &element);
            self.passed.push(Passed { table: table.name, chain: name.clone(), rule: rule.to_string(), why });
            match verdict {
                Verdict::Jump(next) => {
                    if let Some(ruling) = self.chain(next, packet, context, depth + 1) {
                        return Some(ruling);
                    }
                }
                Verdict::Goto(next) => return self.chain(next, packet, context, depth + 1),
                Verdict::Return => return None,
                Verdict::Drop => return Some(Ruling::Drop),
                Verdict::Reject => return Some(Ruling::Reject),
                Verdict::SetMark(bits) => packet.mark |= bits,
                Verdict::XorMark(bits) => packet.mark ^= bits,
                Verdict::Masquerade => return Some(Ruling::Masquerade),
                Verdict::Dnat(address, port) => return Some(redirect(packet, *address, *port)),
                Verdict::Remember(set) => context.affinity.remember(set, packet.source, context.now),
                Verdict::AddressMap(_) | Verdict::PortMap(_) | Verdict::AnyOf(_) => {}
            }
        }
        None
    }
}

impl Table {
    fn look_up(&self, map: &str, key: Key) -> Option<(&Verdict, String)> {
        let (_, map) = self.maps.iter().find(|(name, _)| *name == map)?;
        let element = map.elements.get(&key)?;
        Some((&element.0, format!("the map has {}: ", Element(&key, element))))
    }
}

impl Test {
    fn holds(&self, table: &Table, packet: &Packet, context: &Context<'_>) -> bool {
        match self {
            Test::To(address) => packet.destination == *address,
            Test::NotTo(cidr) => !cidr.contains(packet.destination),
            Test::ToAny(cidrs) => cidrs.iter().any(|cidr| cidr.contains(packet.destination)),
            Test::ToSet(set) => table.sets.iter().any(|(name, _, members)| name == set && members.contains(&packet.destination)),
            Test::From(cidr) => cidr.contains(packet.source),
            Test::NotFrom(cidr) => !cidr.contains(packet.source),
            Test::NotFromAny(cidrs) => !cidrs.iter().any(|cidr| cidr.contains(packet.source)),
            Test::Remembered(set, within) => context.affinity.knows(set, packet.source, *within, context.now),
            Test::Port(protocol, port) => packet.protocol == *protocol && packet.destination_port == *port,
            Test::Protocol(protocol) => packet.protocol == *protocol,
            Test::New => context.state == State::New,
            Test::ToLocal => context.is_local(packet.destination),
            Test::FromLocal => context.is_local(packet.source),
            Test::Unmarked(bits) => packet.mark & bits == 0,
        }
    }

    fn words(&self) -> String {
        match self {
            Test::To(address) => format!("to {address}"),
            Test::NotTo(cidr) => format!("not to {cidr}"),
            Test::ToAny(cidrs) => format!("to {}", Prefixes(cidrs)),
            Test::ToSet(set) => format!("to an address in the set {set}"),
            Test::From(cidr) => format!("from {cidr}"),
            Test::NotFrom(cidr) => format!("not from {cidr}"),
            Test::NotFromAny(cidrs) => format!("not from {}", Prefixes(cidrs)),
            Test::Remembered(_, within) => format!("this client was sent there within the last {} s", within.as_secs()),
            Test::Port(protocol, port) => format!("{} port {port}", protocol.as_str()),
            Test::Protocol(protocol) => protocol.as_str().to_owned(),
            Test::New => "of a new connection".to_owned(),
            Test::ToLocal => "to an address of this node".to_owned(),
            Test::FromLocal => "from an address of this node".to_owned(),
            Test::Unmarked(bits) => format!("not marked with {bits:#x}"),
        }
    }
}

impl Rule {
    /// Why it matched, and what it does.
    fn why(&self, verdict: &Verdict, element: &str) -> String {
        let tests: Vec<String> = self.tests.iter().map(Test::words).collect();
        let because = if tests.is_empty() { "any packet".to_owned() } else { tests.join(", ") };
        let effect = match verdict {
            Verdict::Jump(chain) | Verdict::Goto(chain) => format!("goes on in {chain}"),
            Verdict::Return => "goes back to the chain before".to_owned(),
            Verdict::Drop => "is dropped, and nobody is told".to_owned(),
            Verdict::Reject => "is refused: its sender hears of an unreachable port".to_owned(),
            Verdict::SetMark(bits) => format!("is marked with {bits:#x}: its source is to be replaced when it leaves"),
            Verdict::XorMark(bits) => format!("loses its mark {bits:#x}"),
            Verdict::Masquerade => "gets the address of the interface that it leaves by, so that the answer comes back here".to_owned(),
            Verdict::Dnat(address, port) => format!("is redirected to {address}:{port}"),
            Verdict::Remember(_) => "its source is remembered".to_owned(),
            Verdict::AddressMap(_) | Verdict::PortMap(_) | Verdict::AnyOf(_) => "is looked up".to_owned(),
        };
        let comment = self.comment.map(|comment| format!("{comment}: ")).unwrap_or_default();
        format!("{comment}{element}{because}; {effect}")
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for test in &self.tests {
            write!(f, "{test} ")?;
        }
        write!(f, "{}", self.verdict)?;
        self.comment.map_or(Ok(()), |comment| write!(f, " comment \"{comment}\""))
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::To(address) => write!(f, "ip daddr {address}"),
            Test::NotTo(cidr) => write!(f, "ip daddr != {cidr}"),
            Test::ToAny(cidrs) => write!(f, "ip daddr {}", Prefixes(cidrs)),
            Test::ToSet(set) => write!(f, "ip daddr @{set}"),
            Test::From(cidr) => write!(f, "ip saddr {}", Prefix(*cidr)),
            Test::NotFrom(cidr) => write!(f, "ip saddr != {}", Prefix(*cidr)),
            Test::NotFromAny(cidrs) => write!(f, "ip saddr != {}", Prefixes(cidrs)),
            Test::Remembered(set, _) => write!(f, "ip saddr @{set}"),
            Test::Port(protocol, port) => write!(f, "{} dport {port}", protocol.as_str()),
            Test::Protocol(protocol) => write!(f, "meta l4proto {}", protocol.as_str()),
            Test::New => write!(f, "ct state new"),
            Test::ToLocal => write!(f, "fib daddr type local"),
            Test::FromLocal => write!(f, "fib saddr type local"),
            Test::Unmarked(bits) => write!(f, "meta mark & {bits:#010x} == 0x00000000"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Jump(chain) => write!(f, "jump {chain}"),
            Verdict::Goto(chain) => write!(f, "goto {chain}"),
            Verdict::Return => write!(f, "return"),
            Verdict::Drop => write!(f, "drop"),
            Verdict::Reject => write!(f, "reject"),
            Verdict::SetMark(bits) => write!(f, "meta mark set meta mark | {bits:#010x}"),
            Verdict::XorMark(bits) => write!(f, "meta mark set meta mark ^ {bits:#010x}"),
            Verdict::Masquerade => write!(f, "masquerade fully-random"),
            Verdict::Dnat(address, port) => write!(f, "dnat to {address}:{port}"),
            Verdict::Remember(set) => write!(f, "update @{set} {{ ip saddr }}"),
            Verdict::AddressMap(map) => write!(f, "ip daddr . meta l4proto . th dport vmap @{map}"),
            Verdict::PortMap(map) => write!(f, "meta l4proto . th dport vmap @{map}"),
            Verdict::AnyOf(chains) => {
                write!(f, "numgen random mod {} vmap {{ ", chains.len())?;
                for (at, chain) in chains.iter().enumerate() {
                    write!(f, "{}{at} : goto {chain}", if at == 0 { "" } else { ", " })?;
                }
                write!(f, " }}")
            }
        }
    }
}

/// An element of a map as it is printed.
struct Element<'a>(&'a Key, &'a (Verdict, Option<Str>));

impl fmt::Display for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Element((address, protocol, port), (verdict, comment)) = self;
        if let Some(address) = address {
            write!(f, "{address} . ")?;
        }
        write!(f, "{} . {port}", protocol.as_str())?;
        if let Some(comment) = comment {
            write!(f, " comment \"{comment}\"")?;
        }
        write!(f, " : {verdict}")
    }
}

/// A prefix; an address without `/32`.
struct Prefix(Cidr);

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.bits == 32 { self.0.base.fmt(f) } else { self.0.fmt(f) }
    }
}

/// Prefixes as a set without a name, in order; one alone needs no set.
struct Prefixes<'a>(&'a [Cidr]);

impl fmt::Display for Prefixes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = self.0.to_vec();
        all.sort();
        let all: Vec<String> = all.into_iter().map(|cidr| Prefix(cidr).to_string()).collect();
        if all.len() == 1 { f.write_str(&all[0]) } else { write!(f, "{{ {} }}", all.join(", ")) }
    }
}

/// A time as nft prints it: `3h`, `1m40s`.
struct Timeout(SimDuration);

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0.as_secs();
        for (amount, unit) in [(secs / 86_400, "d"), (secs / 3_600 % 24, "h"), (secs / 60 % 60, "m"), (secs % 60, "s")] {
            if amount != 0 {
                write!(f, "{amount}{unit}")?;
            }
        }
        Ok(())
    }
}
