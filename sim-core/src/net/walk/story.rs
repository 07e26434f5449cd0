//! A walk told: for people, a line per hop as tcpdump would print it with the reasons below; for programs, as a tree.

use crate::net::packet::{Outer, Packet, Protocol, VXLAN_OVERHEAD};
use crate::net::walk::{Hop, Outcome, Passed, Seen, Target, Verdict, Walk};
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::Ipv4Addr;

/// `10.244.1.2.40000`, as tcpdump puts a port behind an address.
fn dotted(protocol: Protocol, address: Ipv4Addr, port: u16) -> String {
    if protocol == Protocol::Icmp { address.to_string() } else { format!("{address}.{port}") }
}

/// A packet's headers on a line, the outer ones first.
pub fn headers(packet: &Packet) -> String {
    let protocol = packet.protocol;
    let source = dotted(protocol, packet.source, packet.source_port);
    let destination = dotted(protocol, packet.destination, packet.destination_port);
    let flags = if packet.dont_fragment { " DF" } else { "" };
    let inner = format!("{source} > {destination} ttl {} {} {}{flags}", packet.ttl, protocol.in_api(), packet.length);
    match &packet.outer {
        None => inner,
        Some(outer) => format!("{} VNI {} [{inner}]", outer_headers(outer, packet.length), outer.vni),
    }
}

fn outer_headers(outer: &Outer, length: u16) -> String {
    let source = dotted(Protocol::Udp, outer.source, outer.source_port);
    let destination = dotted(Protocol::Udp, outer.destination, outer.destination_port);
    format!("{source} > {destination} ttl {} UDP {}", outer.ttl, length.saturating_add(VXLAN_OVERHEAD))
}

/// `tcp 10.96.0.50:80`
fn aim(target: &Target) -> String {
    match target.protocol {
        Protocol::Icmp => format!("ping {} with {} bytes", target.address, target.payload),
        protocol => format!("{} {}:{}", protocol.as_str(), target.address, target.port),
    }
}

/// Whether a rule led to a chain in which nothing was about the packet: so many do that they would hide the others.
fn is_in_vain(rule: &Passed, next: Option<&Passed>) -> bool {
    let jump = ["-j ", "jump ", "goto "].iter().find_map(|word| rule.rule.rsplit_once(word));
    let Some((_, chain)) = jump else { return false };
    const ENDS: [&str; 9] = ["ACCEPT", "DROP", "REJECT", "RETURN", "DNAT", "MASQUERADE", "MARK", "SNAT", "LOG"];
    let chain = chain.split_whitespace().next().unwrap_or_default();
    let is_target = ENDS.contains(&chain) || chain.contains('}');
    !is_target && next.is_none_or(|next| *next.chain != *chain)
}

/// What tcpdump says of a packet after its headers.
fn label(walk: &Walk, is_answer: bool) -> &'static str {
    let refused = walk.seen() == Seen::ConnectionRefused;
    match (walk.target.protocol, is_answer) {
        (Protocol::Tcp, false) if walk.target.payload > 0 => " Flags [P.]",
        (Protocol::Tcp, false) => " Flags [S]",
        (Protocol::Tcp, true) if refused => " Flags [R.]",
        (Protocol::Tcp, true) if walk.target.payload > 0 => " Flags [.]",
        (Protocol::Tcp, true) => " Flags [S.]",
        (Protocol::Icmp, false) => " echo request",
        (Protocol::Icmp, true) => " echo reply",
        (Protocol::Udp | Protocol::Sctp, _) => "",
    }
}

fn tell(text: &mut String, hops: &[Hop], label: &str) {
    let place_width = hops.iter().map(|hop| hop.place.to_string().chars().count()).max().unwrap_or(0);
    let interface_width = hops.iter().map(|hop| hop.interface.chars().count()).max().unwrap_or(0);
    for (number, hop) in hops.iter().enumerate() {
        let (place, interface, direction) = (&hop.place, &hop.interface, hop.direction.as_str());
        let line = format!(
            "{:>3}  {place:<place_width$}  {interface:<interface_width$}  {direction:<3}  {}{label}",
            number + 1,
            headers(hop.seen())
        );
        writeln!(text, "{line}").expect("a String takes everything");
        let mut note = |what: &str, words: &str| writeln!(text, "       {what:<7} {words}").expect("a String takes everything");
        let told = hop.rules.iter().enumerate().filter(|(at, rule)| !is_in_vain(rule, hop.rules.get(at + 1)));
        for (_, rule) in told {
            note(rule.table, &rule.rule);
            if !rule.why.is_empty() {
                note("", &format!("  {}", rule.why));
            }
        }
        if let Some(route) = &hop.route {
            note("route", route);
        }
        if !hop.why.is_empty() {
            note("", &hop.why);
        }
        match hop.verdict {
            Verdict::Drop => note("", "dropped"),
            Verdict::Reject => note("", "rejected: the sender is told"),
            Verdict::Pass | Verdict::Arrived => {}
        }
    }
}

/// The walk for a terminal: a line per hop, the rules and reasons below it, and what the sender sees in the end.
pub fn story(walk: &Walk) -> String {
    let mut text = String::new();
    if !walk.target.address.is_unspecified() {
        let _ = writeln!(text, "{}: {}", walk.from, aim(&walk.target));
    }
    tell(&mut text, &walk.hops, label(walk, false));
    if !walk.answer.is_empty() {
        text.push_str("The answer:\n");
        tell(&mut text, &walk.answer, label(walk, true));
    }
    match &walk.outcome {
        Outcome::Answered => match &walk.reached {
            Some(place) => writeln!(text, "{place} answers."),
            None => writeln!(text, "Answered."),
        },
        Outcome::Failed { cause, seen, in_answer } => {
            let what = if *in_answer { "The answer is lost" } else { "Failed" };
            writeln!(text, "{what}: {cause}.\n{} sees: {seen}.", walk.from)
        }
    }
    .expect("a String takes everything");
    text
}

fn packet_tree(packet: &Packet) -> Value {
    let mut tree = json!({
        "protocol": packet.protocol.in_api(), "source": packet.source.to_string(), "destination": packet.destination.to_string(),
        "ttl": packet.ttl, "length": packet.length, "dontFragment": packet.dont_fragment,
        "sourceMAC": packet.source_mac.to_string(), "destinationMAC": packet.destination_mac.to_string(),
    });
    if packet.protocol != Protocol::Icmp {
        tree["sourcePort"] = packet.source_port.into();
        tree["destinationPort"] = packet.destination_port.into();
    }
    if packet.mark != 0 {
        tree["mark"] = format!("{:#x}", packet.mark).into();
    }
    if let Some(outer) = &packet.outer {
        tree["outer"] = json!({
            "source": outer.source.to_string(), "destination": outer.destination.to_string(), "sourcePort": outer.source_port,
            "destinationPort": outer.destination_port, "ttl": outer.ttl, "vni": outer.vni,
            "length": packet.length.saturating_add(VXLAN_OVERHEAD), "dontFragment": false,
            "sourceMAC": outer.source_mac.to_string(), "destinationMAC": outer.destination_mac.to_string(),
        });
    }
    tree
}

fn hop_tree(hop: &Hop) -> Value {
    let rules: Vec<Value> = hop
        .rules
        .iter()
        .map(|rule| json!({"table": rule.table, "chain": rule.chain.as_str(), "rule": rule.rule, "why": rule.why}))
        .collect();
    json!({
        "place": hop.place.to_string(), "interface": hop.interface, "direction": hop.direction.as_str(),
        "before": packet_tree(&hop.before), "after": packet_tree(&hop.after), "rules": rules, "route": hop.route,
        "verdict": hop.verdict.as_str(), "why": hop.why,
    })
}

/// The walk as a tree, for JSON.
pub fn tree(walk: &Walk) -> Value {
    let hops = |hops: &[Hop]| hops.iter().map(hop_tree).collect::<Vec<_>>();
    let mut tree = json!({
        "from": walk.from.to_string(),
        "target": {
            "address": walk.target.address.to_string(), "port": walk.target.port, "protocol": walk.target.protocol.in_api(),
        },
        "hops": hops(&walk.hops), "answer": hops(&walk.answer), "seen": walk.seen().as_str(),
        "reached": walk.reached.as_ref().map(ToString::to_string),
        "conntrack": walk.tracked.iter().map(|(node, tracked)| json!({"node": node.as_str(), "entry": tracked.to_string()})).collect::<Vec<_>>(),
    });
    if let Outcome::Failed { cause, in_answer, .. } = &walk.outcome {
        tree["cause"] = json!({"kind": cause.as_str(), "text": cause.to_string(), "inAnswer": in_answer});
    }
    tree
}
