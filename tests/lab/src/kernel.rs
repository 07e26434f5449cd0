//! What this machine's kernel and programs can do: found out by trying, never taken for granted.

use crate::Outcome;
use crate::links::Links;
use crate::place::Place;
use crate::tools::Engine;
use sim_core::net::packet::Mac;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Mutex;

/// What a case cannot do without.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Need {
    /// A program.
    Tool(&'static str),
    /// veth pairs and bridges.
    Bridges,
    /// Bridged packets pass through the rules where a namespace says so.
    BridgeNetfilter,
    /// VXLAN interfaces.
    Vxlan,
    /// iptables with all that kube-proxy's rules use, by way of nftables.
    IptablesNft,
    /// The same by iptables' own tables.
    IptablesLegacy,
    /// nftables with all that kube-proxy's rules use.
    Nft,
    /// Interfaces that lead nowhere.
    Dummy,
    /// The kernel's load balancer.
    Ipvs,
    /// Sets of addresses and ports, as the ipvs mode uses them.
    IpSet,
}

impl Need {
    /// What an engine takes.
    pub const fn of(engine: Engine) -> Need {
        match engine {
            Engine::IptablesNft => Need::IptablesNft,
            Engine::IptablesLegacy => Need::IptablesLegacy,
            Engine::Nft => Need::Nft,
        }
    }
}

/// What is missing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lack {
    /// A program, that can be installed.
    Tool(String),
    /// Something of the kernel, which is as it is.
    Kernel(String),
}

/// What was found out.
static KNOWN: Mutex<BTreeMap<Need, Option<Lack>>> = Mutex::new(BTreeMap::new());

/// What is missing of something; `None`: it can be used.
pub fn lack(need: Need) -> Option<Lack> {
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    known.entry(need).or_insert_with(|| probe(need)).clone()
}

fn probe(need: Need) -> Option<Lack> {
    let (what, programs): (&str, &[&'static str]) = match need {
        Need::Tool(program) => return (!is_installed(program)).then(|| Lack::Tool(program.to_owned())),
        Need::Bridges => ("veth pairs and bridges", &[]),
        Need::BridgeNetfilter => ("bridge netfilter in namespaces", &[]),
        Need::Vxlan => ("VXLAN", &[]),
        Need::IptablesNft => ("iptables over nftables", &["iptables-nft-restore"]),
        Need::IptablesLegacy => ("iptables' own tables", &["iptables-legacy-restore"]),
        Need::Nft => ("nftables", &["nft"]),
        Need::Dummy => ("dummy interfaces", &["ip"]),
        Need::Ipvs => ("IPVS", &["ipvsadm"]),
        Need::IpSet => ("IP sets", &["ipset"]),
    };
    if let Some(missing) = programs.iter().find(|program| !is_installed(program)) {
        return Some(Lack::Tool((*missing).to_owned()));
    }
    let tried = Place::new("probe").and_then(|place| match need {
        Need::IptablesNft => iptables(&place, Engine::IptablesNft),
        Need::IptablesLegacy => iptables(&place, Engine::IptablesLegacy),
        Need::Nft => Engine::Nft.load(&place, NFT),
        Need::Dummy => place.run("ip", &["link", "add", "probe", "type", "dummy"], "").map(drop),
        Need::Ipvs => place.run("ipvsadm", &["-L", "-n"], "").map(drop),
        Need::IpSet => place.run("ipset", &["create", "probe", "hash:ip,port,ip"], "").map(drop),
        Need::Bridges => bridge(&place),
        Need::BridgeNetfilter => bridge(&place).and_then(|()| place.sysctl("net.bridge.bridge-nf-call-iptables", "0")),
        Need::Vxlan => bridge(&place).and_then(|()| {
            let over = ("br0", Ipv4Addr::LOCALHOST);
            Links::of(&place, |links| links.vxlan("vxlan0", Mac([2, 0, 0, 0, 0, 2]), 1450, over, 1, 8472))
        }),
        Need::Tool(_) => Ok(()),
    });
    tried.err().map(|error| Lack::Kernel(format!("{what} ({})", error.to_string().lines().next().unwrap_or_default())))
}

/// Whether a program is where programs are looked for, or where an administrator's are.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin", "/sbin"]).any(|folder| Path::new(folder).join(program).is_file())
}

fn bridge(place: &Place) -> Outcome {
    Links::of(place, |links| links.bridge("br0", Mac([2, 0, 0, 0, 0, 1]), 1500))
}

/// Each extension that kube-proxy's rules use, in a rule.
const EXTENSIONS: &[(&str, &str)] = &[
    ("comment", "-m comment --comment \"x\" -j RETURN"),
    ("statistic", "-m statistic --mode random --probability 0.50000000000 -j RETURN"),
    ("recent", "-m recent --name X --rcheck --seconds 10800 --reap -j RETURN"),
    ("addrtype", "-m addrtype --dst-type LOCAL -j RETURN"),
    ("conntrack", "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"),
    ("mark", "-m mark ! --mark 0x4000/0x4000 -j RETURN"),
    ("MARK", "-j MARK --or-mark 0x4000"),
    ("DNAT", "-p tcp -m tcp -j DNAT --to-destination 10.0.0.1:80"),
    ("MASQUERADE", "-j MASQUERADE --random-fully"),
];

fn iptables(place: &Place, engine: Engine) -> Outcome {
    for (extension, rule) in EXTENSIONS {
        let chain = if *extension == "MASQUERADE" { "POSTROUTING" } else { "PREROUTING" };
        let rules = format!("*nat\n-A {chain} {rule}\nCOMMIT\n");
        engine.load(place, &rules).map_err(|error| format!("{extension}: {error}"))?;
    }
    engine.load(place, "*filter\n-A FORWARD -p tcp -j REJECT\nCOMMIT\n").map_err(|error| format!("REJECT: {error}").into())
}

/// Each kind of expression that kube-proxy's rules use.
const NFT: &str = "table ip probe {
  map m { type ipv4_addr . inet_proto . inet_service : verdict; }
  set recent { type ipv4_addr; flags dynamic,timeout; timeout 10800s; }
  chain reject-it { reject; }
  chain mark-it { mark set mark or 0x4000; }
  chain choose { numgen random mod 2 vmap { 0 : goto mark-it, 1 : goto reject-it }; }
  chain before { type nat hook prerouting priority -100; policy accept;
    ip daddr . meta l4proto . th dport vmap @m
    fib daddr type local meta l4proto tcp update @recent { ip saddr } dnat to 10.0.0.1:80
  }
  chain after { type nat hook postrouting priority 100; policy accept; mark & 0x4000 != 0 masquerade fully-random; }
}
";
