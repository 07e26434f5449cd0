//! The programs that load rules into a kernel, and what connection tracking tells.

use crate::Outcome;
use crate::place::Place;
use sim_core::net::packet::Protocol;
use std::net::Ipv4Addr;

/// Who evaluates rules, and by which program they are loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// iptables' rules, translated for nftables' machine.
    IptablesNft,
    /// iptables' own tables.
    IptablesLegacy,
    /// nftables' own rules.
    Nft,
}

impl Engine {
    /// All of them.
    pub const ALL: [Engine; 3] = [Engine::IptablesNft, Engine::IptablesLegacy, Engine::Nft];

    /// What it is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Engine::IptablesNft => "iptables-nft",
            Engine::IptablesLegacy => "iptables-legacy",
            Engine::Nft => "nft",
        }
    }

    /// The program that loads rules.
    pub const fn program(self) -> &'static str {
        match self {
            Engine::IptablesNft => "iptables-nft-restore",
            Engine::IptablesLegacy => "iptables-legacy-restore",
            Engine::Nft => "nft",
        }
    }

    /// Loads rules into a namespace.
    ///
    /// # Errors
    /// What the program says against them.
    pub fn load(self, place: &Place, rules: &str) -> Outcome {
        let arguments: &[&str] = match self {
            Engine::IptablesNft => &["--noflush"],
            Engine::IptablesLegacy => &["--noflush", "-w", "5"],
            Engine::Nft => &["-f", "-"],
        };
        place.run(self.program(), arguments, rules).map(drop)
    }

    /// Lets the program look at rules as if it loaded them.
    ///
    /// # Errors
    /// What it says against them.
    pub fn check(self, place: &Place, rules: &str) -> Outcome {
        let arguments: &[&str] = match self {
            Engine::IptablesNft => &["--test"],
            Engine::IptablesLegacy => &["--test", "-w", "5"],
            Engine::Nft => &["-c", "-f", "-"],
        };
        place.run(self.program(), arguments, rules).map(drop)
    }
}

/// One way of a flow: addresses and ports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Way {
    /// From where.
    pub source: (Ipv4Addr, u16),
    /// To where.
    pub destination: (Ipv4Addr, u16),
}

/// What connection tracking knows of a flow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flow {
    /// What it carries.
    pub protocol: Protocol,
    /// Its first packet.
    pub original: Way,
    /// What an answer is expected to look like when it comes in.
    pub reply: Way,
    /// Whether no answer has come.
    pub unreplied: bool,
}

/// The flows of a namespace (`conntrack -L`), those of ICMP left out.
///
/// # Errors
/// `conntrack` can't be run.
pub fn flows(place: &Place) -> Outcome<Vec<Flow>> {
    Ok(place.run("conntrack", &["-L"], "")?.lines().filter_map(flow).collect())
}

/// `tcp 6 119 TIME_WAIT src=10.244.1.2 dst=10.96.0.50 sport=40000 dport=80 src=10.244.2.2 dst=10.244.1.2 sport=8080 dport=40000 [ASSURED] …`.
fn flow(line: &str) -> Option<Flow> {
    let protocol = match line.split_whitespace().next()? {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    };
    let all = |name: &'static str| line.split_whitespace().filter_map(move |word| word.strip_prefix(name));
    let (sources, destinations): (Vec<_>, Vec<_>) = (all("src=").collect(), all("dst=").collect());
    let (from, to): (Vec<_>, Vec<_>) = (all("sport=").collect(), all("dport=").collect());
    let way = |at: usize| {
        Some(Way {
            source: (sources.get(at)?.parse().ok()?, from.get(at)?.parse().ok()?),
            destination: (destinations.get(at)?.parse().ok()?, to.get(at)?.parse().ok()?),
        })
    };
    Some(Flow { protocol, original: way(0)?, reply: way(1)?, unreplied: line.contains("[UNREPLIED]") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_are_read() {
        let line = "tcp      6 119 TIME_WAIT src=10.244.1.2 dst=10.96.0.50 sport=40000 dport=80 src=10.244.2.2 dst=10.244.1.0 sport=8080 dport=1234 [ASSURED] mark=0 use=1";
        let way = |source: ([u8; 4], u16), destination: ([u8; 4], u16)| Way {
            source: (source.0.into(), source.1),
            destination: (destination.0.into(), destination.1),
        };
        let expected = Flow {
            protocol: Protocol::Tcp,
            original: way(([10, 244, 1, 2], 40000), ([10, 96, 0, 50], 80)),
            reply: way(([10, 244, 2, 2], 8080), ([10, 244, 1, 0], 1234)),
            unreplied: false,
        };
        assert_eq!(flow(line), Some(expected));
        let line = "udp 17 29 src=192.168.50.11 dst=192.168.50.12 sport=52362 dport=8472 [UNREPLIED] src=192.168.50.12 dst=192.168.50.11 sport=8472 dport=52362 mark=0 use=1";
        assert_eq!(flow(line).map(|flow| flow.unreplied), Some(true));
        assert_eq!(
            flow("icmp 1 29 src=10.244.1.2 dst=10.244.2.2 type=8 code=0 id=1 src=10.244.2.2 dst=10.244.1.2 type=0 code=0 id=1"),
            None
        );
    }
}
