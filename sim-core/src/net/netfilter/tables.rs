//! Tables of chains of rules, and how a packet goes through them.

use crate::api::meta::Str;
use crate::net::netfilter::ipset::Sets;
use crate::net::netfilter::rule::{Rule, Target};
use crate::net::netfilter::{Context, Hook, Passed, Ruling, State, redirect};
use crate::net::packet::Packet;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How many chains deep a packet may be.
const DEPTH_MAX: usize = 64;

/// A table: what its rules are for, and when they are asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TableName {
    /// Changes packets.
    Mangle,
    /// Lets packets through or not.
    Filter,
    /// Replaces addresses; only the first packet of a connection is asked about, the rest follow.
    Nat,
}

impl TableName {
    /// All of them, in the order in which they are printed.
    pub const ALL: [TableName; 3] = [TableName::Mangle, TableName::Filter, TableName::Nat];

    /// `nat`
    pub const fn as_str(self) -> &'static str {
        match self {
            TableName::Mangle => "mangle",
            TableName::Filter => "filter",
            TableName::Nat => "nat",
        }
    }

    /// The hooks at which it has built-in chains, in the order in which these are printed.
    const fn hooks(self) -> &'static [Hook] {
        match self {
            TableName::Mangle => &[Hook::Prerouting, Hook::Input, Hook::Forward, Hook::Output, Hook::Postrouting],
            TableName::Filter => &[Hook::Input, Hook::Forward, Hook::Output],
            TableName::Nat => &[Hook::Prerouting, Hook::Input, Hook::Output, Hook::Postrouting],
        }
    }
}

/// A table.
#[derive(Clone, Debug, Default)]
struct Chains {
    /// The rules of each chain, by their numbers.
    chains: BTreeMap<Str, Vec<usize>>,
    /// The chains other than built-in ones, in the order in which they were made.
    made: Vec<Str>,
    /// The rules in the order in which they were written.
    rules: Vec<(Str, Rule)>,
}

/// The tables of iptables on a node.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    tables: BTreeMap<TableName, Chains>,
    /// The sets that rules refer to.
    pub sets: Sets,
}

impl Tables {
    /// Makes a chain, if there is none of this name.
    pub fn chain(&mut self, table: TableName, name: impl Into<Str>) {
        let (table, name) = (self.tables.entry(table).or_default(), name.into());
        if !table.chains.contains_key(&name) {
            table.chains.insert(name.clone(), Vec::new());
            table.made.push(name);
        }
    }

    /// Puts a rule at the end of a chain.
    pub fn add(&mut self, table: TableName, chain: impl Into<Str>, rule: Rule) {
        let (table, chain) = (self.tables.entry(table).or_default(), chain.into());
        table.chains.entry(chain.clone()).or_default().push(table.rules.len());
        table.rules.push((chain, rule));
    }

    /// The rules of a chain, in order.
    pub fn rules(&self, table: TableName, chain: &str) -> impl Iterator<Item = &Rule> {
        let table = self.tables.get(&table);
        let numbers = table.and_then(|table| table.chains.get(chain)).map_or(&[][..], |numbers| numbers);
        numbers.iter().filter_map(move |number| Some(&table?.rules[*number].1))
    }

    /// The text for `iptables-restore --noflush`, as programs write it.
    pub fn written(&self) -> String {
        let mut out = String::new();
        for (name, table) in &self.tables {
            open(&mut out, *name, &table.made);
            for (chain, rule) in &table.rules {
                writeln!(out, "-A {chain}{}", rule.written()).expect("a String takes everything");
            }
            out.push_str("COMMIT\n");
        }
        out
    }

    /// What `iptables-save` prints: chains by name, built-in ones first.
    pub fn saved(&self) -> String {
        let mut out = String::new();
        for (name, table) in &self.tables {
            let mut made = table.made.clone();
            made.sort();
            open(&mut out, *name, &made);
            let built_in = name.hooks().iter().map(|hook| Str::from(hook.chain()));
            for chain in built_in.chain(made) {
                for rule in self.rules(*name, &chain) {
                    writeln!(out, "-A {chain}{}", rule.saved()).expect("a String takes everything");
                }
            }
            out.push_str("COMMIT\n");
        }
        out
    }

    /// Leads a packet through the chains of a hook. The packet has afterwards what rules gave it.
    pub fn evaluate(&self, hook: Hook, packet: &mut Packet, context: &mut Context<'_>) -> (Ruling, Vec<Passed>) {
        // The kernel asks mangle first, then replaces the destination, then filters; where it replaces the source, it doesn't filter.
        let mut passed = Vec::new();
        let ruling = self.evaluate_in(&[TableName::Mangle, TableName::Nat, TableName::Filter], hook, packet, context, &mut passed);
        (ruling, passed)
    }

    /// The same for some of the tables.
    pub(in crate::net) fn evaluate_in(
        &self,
        names: &[TableName],
        hook: Hook,
        packet: &mut Packet,
        context: &mut Context<'_>,
        passed: &mut Vec<Passed>,
    ) -> Ruling {
        let mut ruling = Ruling::Accept;
        for name in names {
            if !name.hooks().contains(&hook) || (*name == TableName::Nat && context.state != State::New) {
                continue;
            }
            let Some(table) = self.tables.get(name) else { continue };
            let mut walk = Walk { table, name: *name, sets: &self.sets, passed };
            if let Some(said) = walk.chain(&Str::from(hook.chain()), packet, context, 0)
                && said != Ruling::Accept
            {
                ruling = said;
                context.redirected |= matches!(said, Ruling::Dnat { .. });
                if !said.goes_on() {
                    break;
                }
            }
        }
        ruling
    }
}

fn open(out: &mut String, name: TableName, made: &[Str]) {
    writeln!(out, "*{}", name.as_str()).expect("a String takes everything");
    for hook in name.hooks() {
        writeln!(out, ":{} ACCEPT [0:0]", hook.chain()).expect("a String takes everything");
    }
    for chain in made {
        writeln!(out, ":{chain} - [0:0]").expect("a String takes everything");
    }
}

/// A packet on its way through a table.
struct Walk<'a> {
    table: &'a Chains,
    name: TableName,
    sets: &'a Sets,
    passed: &'a mut Vec<Passed>,
}

impl Walk<'_> {
    /// Leads the packet through a chain; `None`: it came to its end.
    fn chain(&mut self, chain: &Str, packet: &mut Packet, context: &mut Context<'_>, depth: usize) -> Option<Ruling> {
        assert!(depth < DEPTH_MAX, "chains of rules lead in a circle");
        let table = self.table;
        for number in table.chains.get(chain)? {
            let rule = &table.rules[*number].1;
            if !rule.matches(packet, self.sets, context) {
                continue;
            }
            let text = format!("-A {chain}{}", rule.saved());
            self.passed.push(Passed { table: self.name.as_str(), chain: chain.clone(), rule: text, why: rule.why() });
            match &rule.target {
                None => {}
                Some(Target::Jump(next)) => {
                    if let Some(ruling) = self.chain(next, packet, context, depth + 1) {
                        return Some(ruling);
                    }
                }
                Some(Target::Return) => return None,
                Some(Target::Accept) => return Some(Ruling::Accept),
                Some(Target::Drop) => return Some(Ruling::Drop),
                Some(Target::Reject) => return Some(Ruling::Reject),
                Some(Target::SetMark(bits)) => packet.mark |= bits,
                Some(Target::XorMark(bits)) => packet.mark ^= bits,
                Some(Target::Masquerade | Target::MasqueradeKeepingPort) => return Some(Ruling::Masquerade),
                Some(Target::Dnat(address, port)) => return Some(redirect(packet, *address, *port)),
            }
        }
        None
    }
}
