//! The rules that the model writes are taken by the programs that load rules, for every shape of a Service.

use super::Case;
use podarium_lab::Outcome;
use podarium_lab::kernel::{Need, lack};
use podarium_lab::model::{NODES, config, machine, node_facts, services};
use podarium_lab::place::Place;
use podarium_lab::tools::Engine;
use sim_core::net::config::{IpvsScheduler, NetworkConfig, ProxyMode};
use sim_core::net::proxy::ruleset::Ruleset;

/// Services of many shapes, with endpoints written by hand.
const SHAPES: &str = include_str!("shapes.yaml");

pub(super) fn cases() -> Vec<Case> {
    let by_engine = Engine::ALL.map(|engine| Case::new(format!("load::{}", engine.as_str()), &[Need::of(engine)], move || load(engine)));
    let by_part = [
        ("load::ipvs_sets", &[Need::IpSet][..], "ipset"),
        ("load::ipvs_rules", &[Need::IpSet, Need::IptablesNft], "iptables-restore"),
        ("load::ipvs_addresses", &[Need::Tool("ip"), Need::Dummy], "ip"),
        ("load::ipvs_servers", &[Need::Ipvs], "ipvsadm"),
    ];
    let by_part = by_part.map(|(name, needs, tool)| Case::new(name, needs, move || ipvs(tool)));
    by_engine.into_iter().chain(by_part).collect()
}

/// Each node's rules are looked at, and loaded.
fn load(engine: Engine) -> Outcome {
    let proxy = if engine == Engine::Nft { ProxyMode::Nftables } else { ProxyMode::Iptables };
    for masquerade_all in [false, true] {
        for (number, rules) in rules(&NetworkConfig { proxy, masquerade_all, ..config() })? {
            let place = Place::new(format!("node{number}"))?;
            let told = |error| format!("{error}\n{rules}");
            engine.check(&place, &rules).map_err(told)?;
            engine.load(&place, &rules).map_err(told)?;
        }
    }
    Ok(())
}

/// The mode that has several programs write: each part up to one program's is loaded, as far as this kernel has what they write to.
fn ipvs(tool: &str) -> Outcome {
    for scheduler in
        [IpvsScheduler::RoundRobin, IpvsScheduler::WeightedRoundRobin, IpvsScheduler::LeastConnection, IpvsScheduler::SourceHashing]
    {
        for (number, rules) in rulesets(&NetworkConfig { proxy: ProxyMode::Ipvs(scheduler), ..config() })? {
            let place = Place::new(format!("node{number}"))?;
            // Rules name sets: those have to be there first.
            for part in rules.parts().iter().filter(|part| [tool, "ipset"].contains(&part.tool.split(' ').next().unwrap_or_default())) {
                let mut words =
                    part.tool.split(' ').map(|word| if word == "iptables-restore" { Engine::IptablesNft.program() } else { word });
                let program = words.next().unwrap_or_default();
                if program == "ipset" && lack(Need::IpSet).is_some() {
                    continue;
                }
                let arguments: Vec<_> = words.collect();
                place.run(program, &arguments, &part.text).map_err(|error| format!("{error}\n{}", part.text))?;
            }
        }
    }
    Ok(())
}

fn rules(config: &NetworkConfig) -> Outcome<Vec<(u32, String)>> {
    Ok(rulesets(config)?.into_iter().map(|(node, rules)| (node, rules.text())).collect())
}

fn rulesets(config: &NetworkConfig) -> Outcome<Vec<(u32, Ruleset)>> {
    let services = services(SHAPES)?;
    Ok((1..=NODES).map(|node| (node, Ruleset::of(&services, &machine(node), &node_facts(node), config))).collect())
}
