//! flannel's own rules: what leaves the cluster gets the node's address, and what is forwarded to or from pods is let through.
//!
//! Mirrors `masqRules` and `forwardRules` of flannel's `pkg/trafficmngr/iptables/iptables.go`. kube-proxy puts its jumps in front of those of
//! others, so its POSTROUTING comes first; what it has translated isn't translated again.

use crate::net::config::NetworkConfig;
use crate::net::packet::{Cidr, Packet};
use crate::net::walk::{At, Hook, Passed, Ruling, Verdict};
use crate::net::world::Machine;
use std::fmt;
use std::net::Ipv4Addr;

/// The mark that kube-proxy sets on what it will masquerade.
const PROXY_MARK: u32 = 0x4000;

/// A condition: these addresses, or (`not`) all others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Among {
    not: bool,
    cidr: Cidr,
}

impl Among {
    fn holds(self, address: Ipv4Addr) -> bool {
        self.cidr.contains(address) != self.not
    }
}

/// What a rule does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target {
    Return,
    Accept,
    Masquerade,
    /// Goes on in another chain.
    Jump(&'static str),
}

/// A rule of flannel's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    table: &'static str,
    chain: &'static str,
    source: Option<Among>,
    destination: Option<Among>,
    /// Only what kube-proxy has marked.
    marked: bool,
    target: Target,
    why: &'static str,
}

impl Rule {
    fn holds(&self, packet: &Packet) -> bool {
        self.source.is_none_or(|among| among.holds(packet.source))
            && self.destination.is_none_or(|among| among.holds(packet.destination))
            && (!self.marked || packet.mark & PROXY_MARK != 0)
    }
}

/// As `iptables-save` prints it.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "-A {}", self.chain)?;
        for (flag, among) in [("-s", self.source), ("-d", self.destination)] {
            if let Some(among) = among {
                write!(f, "{} {flag} {}", if among.not { " !" } else { "" }, among.cidr)?;
            }
        }
        if self.marked {
            write!(f, " -m mark --mark {PROXY_MARK:#x}/{PROXY_MARK:#x}")?;
        }
        let comment = if self.table == "nat" { "flanneld masq" } else { "flanneld forward" };
        write!(f, " -m comment --comment \"{comment}\" -j ")?;
        match self.target {
            Target::Return => f.write_str("RETURN"),
            Target::Accept => f.write_str("ACCEPT"),
            Target::Masquerade => f.write_str("MASQUERADE --random-fully"),
            Target::Jump(chain) => f.write_str(chain),
        }
    }
}

/// The rules that flanneld writes on a node: in the order in which they are asked, those of table `nat` first.
pub fn rules(machine: &Machine, config: &NetworkConfig) -> Vec<Rule> {
    let Some(own) = machine.pod_cidr else { return Vec::new() };
    let of = |cidr| Some(Among { not: false, cidr });
    let not = |cidr| Some(Among { not: true, cidr });
    let cluster = config.cluster_cidr;
    let multicast = Cidr { base: Ipv4Addr::new(224, 0, 0, 0), bits: 4 };
    let nat =
        |source, destination, target, why| Rule { table: "nat", chain: "FLANNEL-POSTRTG", source, destination, marked: false, target, why };
    let forward = |source, destination, why| Rule {
        table: "filter",
        chain: "FLANNEL-FWD",
        source,
        destination,
        marked: false,
        target: Target::Accept,
        why,
    };
    vec![
        Rule { chain: "POSTROUTING", ..nat(None, None, Target::Jump("FLANNEL-POSTRTG"), "") },
        Rule { marked: true, ..nat(None, None, Target::Return, "kube-proxy masquerades it") },
        nat(of(own), of(cluster), Target::Return, "from a pod here to a pod: both know each other's address"),
        nat(of(cluster), of(own), Target::Return, "from a pod to a pod here: both know each other's address"),
        nat(not(cluster), of(own), Target::Return, "from outside the cluster to a pod here: the answer comes this way anyway"),
        nat(
            of(cluster),
            not(multicast),
            Target::Masquerade,
            "from a pod to the world outside, which knows no pods: the node's address goes in",
        ),
        nat(not(cluster), of(cluster), Target::Masquerade, "from the node to a pod elsewhere: so that the answer comes by the overlay"),
        Rule { chain: "FORWARD", target: Target::Jump("FLANNEL-FWD"), ..forward(None, None, "") },
        forward(of(cluster), None, "from a pod"),
        forward(None, of(cluster), "to a pod"),
    ]
}

/// The rules as `iptables-restore` reads them.
pub fn text(rules: &[Rule]) -> String {
    let mut text = String::new();
    for (table, chain) in [("nat", "FLANNEL-POSTRTG"), ("filter", "FLANNEL-FWD")] {
        text.push_str(&format!("*{table}\n:{chain} - [0:0]\n"));
        for rule in rules.iter().filter(|rule| rule.table == table) {
            text.push_str(&format!("{rule}\n"));
        }
        text.push_str("COMMIT\n");
    }
    text
}

/// Takes a packet through them.
pub fn evaluate(rules: &[Rule], at: &At<'_>, packet: &mut Packet) -> Ruling {
    let mut ruling = Ruling::default();
    let table = match at.hook {
        Hook::Forward => "filter",
        Hook::Postrouting if at.new => "nat",
        _ => return ruling,
    };
    for rule in rules.iter().filter(|rule| rule.table == table && rule.holds(packet)) {
        let why = rule.why.to_owned();
        ruling.passed.push(Passed { table: table.into(), chain: rule.chain.into(), text: rule.to_string(), why });
        match rule.target {
            Target::Jump(_) => continue,
            Target::Return => {}
            Target::Accept => ruling.verdict = Verdict::Pass,
            Target::Masquerade => packet.source = at.masquerade,
        }
        break;
    }
    ruling
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::Str;
    use crate::net::packet::Protocol;

    fn node() -> Machine {
        let pod_cidr = Cidr::parse("10.244.1.0/24");
        Machine { number: 1, name: Str::from("node-1"), address: Ipv4Addr::new(192, 168, 0, 11), pod_cidr, up: true }
    }

    #[test]
    fn as_iptables_save_prints_them() {
        let rules = rules(&node(), &NetworkConfig::default());
        let text = text(&rules);
        let line = |number: usize| text.lines().nth(number).unwrap_or_default().to_owned();
        assert_eq!(line(2), "-A POSTROUTING -m comment --comment \"flanneld masq\" -j FLANNEL-POSTRTG");
        assert_eq!(line(3), "-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment \"flanneld masq\" -j RETURN");
        assert_eq!(line(6), "-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment \"flanneld masq\" -j RETURN");
        assert_eq!(
            line(7),
            "-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment \"flanneld masq\" -j MASQUERADE --random-fully"
        );
        assert_eq!(line(11), ":FLANNEL-FWD - [0:0]");
        assert_eq!(text.lines().count(), 16);
    }

    #[test]
    fn who_gets_the_nodes_address() {
        let rules = rules(&node(), &NetworkConfig::default());
        let check = |from: [u8; 4], to: [u8; 4], mark: u32, masqueraded: bool| {
            let mut packet = Packet::new(Protocol::Tcp, (from.into(), 1), (to.into(), 2));
            packet.mark = mark;
            let masquerade = Ipv4Addr::new(192, 168, 0, 11);
            let at =
                At { hook: Hook::Postrouting, input: "", output: "eth0", new: true, redirected: false, masquerade, local: &[], key: 0 };
            evaluate(&rules, &at, &mut packet);
            assert_eq!(packet.source == masquerade, masqueraded, "{from:?} to {to:?}");
        };
        check([10, 244, 1, 2], [10, 244, 2, 2], 0, false);
        check([10, 244, 1, 2], [1, 1, 1, 1], 0, true);
        check([10, 244, 1, 2], [1, 1, 1, 1], 0x4000, false);
        check([10, 244, 1, 2], [224, 0, 0, 1], 0, false);
        check([9, 9, 9, 9], [10, 244, 1, 2], 0, false);
        check([9, 9, 9, 9], [10, 244, 2, 2], 0, true);
    }
}
