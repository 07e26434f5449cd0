//! flannel's own rules: what leaves the cluster gets the node's address, and what is forwarded to or from pods is let through.
//!
//! Mirrors `masqRules` and `forwardRules` of flannel's `pkg/trafficmngr/iptables/iptables.go`. kube-proxy puts its jumps in front of those of
//! others, so its POSTROUTING comes first; what it has translated isn't translated again.

use crate::api::meta::Str;
use crate::net::config::NetworkConfig;
use crate::net::netfilter::rule::{Match, Rule, Target};
use crate::net::netfilter::tables::{TableName, Tables};
use crate::net::packet::Cidr;
use crate::net::world::Machine;
use std::net::Ipv4Addr;

const POSTROUTING: Str = Str::Static("FLANNEL-POSTRTG");
const FORWARD: Str = Str::Static("FLANNEL-FWD");

/// The mark that kube-proxy sets on what it will masquerade.
const PROXY_MARK: u32 = 0x4000;

/// Not for one: many get these packets, and none could answer.
const MULTICAST: Cidr = Cidr { base: Ipv4Addr::new(224, 0, 0, 0), bits: 4 };

/// The rules that flanneld writes on a node; none until the node has addresses for its pods.
pub fn tables(machine: &Machine, config: &NetworkConfig) -> Tables {
    let mut tables = Tables::default();
    let Some(own) = machine.pod_cidr else { return tables };
    let cluster = config.cluster_cidr;
    let add = |tables: &mut Tables, table, chain: Str, matches: Vec<Match>, target| {
        let comment = if table == TableName::Nat { "flanneld masq" } else { "flanneld forward" };
        tables.add(table, chain, Rule::new(matches.into_iter().chain([Match::Comment(comment.into())]), target));
    };
    let nat = [
        (vec![Match::Marked(PROXY_MARK)], Target::Return),
        (vec![Match::Source(own), Match::Destination(cluster)], Target::Return),
        (vec![Match::Source(cluster), Match::Destination(own)], Target::Return),
        // From outside to a pod of this node: the answer comes this way anyway.
        (vec![Match::NotSource(cluster), Match::Destination(own)], Target::Return),
        (vec![Match::Source(cluster), Match::NotDestination(MULTICAST)], Target::Masquerade),
        // From this node, or through it, to a pod elsewhere: so that the answer comes by the overlay.
        (vec![Match::NotSource(cluster), Match::Destination(cluster)], Target::Masquerade),
    ];
    tables.chain(TableName::Nat, POSTROUTING);
    add(&mut tables, TableName::Nat, "POSTROUTING".into(), Vec::new(), Target::Jump(POSTROUTING));
    for (matches, target) in nat {
        add(&mut tables, TableName::Nat, POSTROUTING, matches, target);
    }
    tables.chain(TableName::Filter, FORWARD);
    add(&mut tables, TableName::Filter, "FORWARD".into(), Vec::new(), Target::Jump(FORWARD));
    for matches in [vec![Match::Source(cluster)], vec![Match::Destination(cluster)]] {
        add(&mut tables, TableName::Filter, FORWARD, matches, Target::Accept);
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SimTime;
    use crate::net::netfilter::{Affinity, Context, Hook, Ruling, State};
    use crate::net::packet::{Packet, Protocol};

    fn node() -> Machine {
        let pod_cidr = Cidr::parse("10.244.1.0/24");
        Machine { number: 1, name: Str::from("node-1"), address: Ipv4Addr::new(192, 168, 0, 11), pod_cidr, up: true }
    }

    #[test]
    fn as_iptables_save_prints_them() {
        let text = tables(&node(), &NetworkConfig::default()).saved();
        let expected = "\
-A FORWARD -m comment --comment \"flanneld forward\" -j FLANNEL-FWD
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment \"flanneld forward\" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment \"flanneld forward\" -j ACCEPT
-A POSTROUTING -m comment --comment \"flanneld masq\" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment \"flanneld masq\" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.1.0/24 -d 10.244.0.0/16 -m comment --comment \"flanneld masq\" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment \"flanneld masq\" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment \"flanneld masq\" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment \"flanneld masq\" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment \"flanneld masq\" -j MASQUERADE --random-fully";
        let rules: Vec<&str> = text.lines().filter(|line| line.starts_with("-A")).collect();
        assert_eq!(rules.join("\n"), expected);
    }

    #[test]
    fn who_gets_the_nodes_address() {
        let tables = tables(&node(), &NetworkConfig::default());
        let check = |from: [u8; 4], to: [u8; 4], mark: u32, masqueraded: bool| {
            let mut packet = Packet::new(Protocol::Tcp, (from.into(), 1), (to.into(), 2));
            packet.mark = mark;
            let mut affinity = Affinity::default();
            let mut context = Context {
                local: &[],
                state: State::New,
                redirected: false,
                now: SimTime::ZERO,
                choose: &mut |_| 0,
                affinity: &mut affinity,
            };
            let (ruling, _) = tables.evaluate(Hook::Postrouting, &mut packet, &mut context);
            assert_eq!(ruling == Ruling::Masquerade, masqueraded, "{from:?} to {to:?}");
        };
        check([10, 244, 1, 2], [10, 244, 2, 2], 0, false);
        check([10, 244, 1, 2], [1, 1, 1, 1], 0, true);
        check([10, 244, 1, 2], [1, 1, 1, 1], 0x4000, false);
        check([10, 244, 1, 2], [224, 0, 0, 1], 0, false);
        check([9, 9, 9, 9], [10, 244, 1, 2], 0, false);
        check([9, 9, 9, 9], [10, 244, 2, 2], 0, true);
    }
}
