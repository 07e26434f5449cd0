//! Packets' ways: every hop that the model tells, with interface, direction, addresses, TTL and length, is what tcpdump sees, and nothing else.

use super::Case;
use super::lab::{EMPTY, Lab, NEAR, NEAR_NODE_PORT, SERVICES, STICKY, WEB, WEB_NODE_PORT};
use podarium_lab::Outcome;
use podarium_lab::kernel::Need;
use podarium_lab::model::{OUTSIDE, PORT, config, node_address, pod, pod_address};
use podarium_lab::tools::Engine;
use sim_core::net::config::{Backend, NetworkConfig, ProxyMode};
use sim_core::net::netfilter::Hook;
use sim_core::net::packet::{Packet, Protocol};
use sim_core::net::walk::{End, Fabric, Target};
use sim_core::net::world::World;
use std::net::Ipv4Addr;

/// Connections to a Service with three backends, so many that each backend is as good as certain to be among them: 3·(2/3)^40 < 0.000001.
const ENOUGH: usize = 40;
/// Connections of which some may time out.
const FEW: usize = 12;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (backend, name) in [(Backend::Vxlan, "vxlan"), (Backend::HostGw, "host-gw")] {
        let config = NetworkConfig { backend, ..config() };
        cases.push(case(format!("pods::{name}"), &config, Engine::IptablesNft, pods));
        cases.push(case(format!("mtu::{name}"), &config, Engine::IptablesNft, sizes));
        for engine in Engine::ALL {
            let proxy = if engine == Engine::Nft { ProxyMode::Nftables } else { ProxyMode::Iptables };
            let config = NetworkConfig { proxy, ..config.clone() };
            cases.push(case(format!("cluster_ip::{}::{name}", engine.as_str()), &config, engine, cluster_ip));
            cases.push(case(format!("node_port::{}::{name}", engine.as_str()), &config, engine, node_port));
            if backend == Backend::Vxlan {
                cases.push(case(format!("policies::{}", engine.as_str()), &config, engine, policies));
                cases.push(case(format!("affinity::{}", engine.as_str()), &config, engine, affinity));
                cases.push(case(format!("distribution::{}", engine.as_str()), &config, engine, distribution));
            }
        }
    }
    for engine in Engine::ALL {
        let proxy = if engine == Engine::Nft { ProxyMode::Nftables } else { ProxyMode::Iptables };
        let config = NetworkConfig { proxy, ..config() };
        let shapes = [
            ("bridge_netfilter_off", NetworkConfig { bridge_netfilter: false, ..config.clone() }),
            ("hairpin_off", NetworkConfig { hairpin: false, ..config.clone() }),
            ("no_default_route", NetworkConfig { default_route: false, ..config.clone() }),
            ("docker0", NetworkConfig { bridge: "docker0", ..config }),
        ];
        cases.extend(shapes.map(|(name, config)| case(format!("{name}::{}", engine.as_str()), &config, engine, shape)));
    }
    for engine in [Engine::IptablesNft, Engine::Nft] {
        let proxy = if engine == Engine::Nft { ProxyMode::Nftables } else { ProxyMode::Iptables };
        cases.push(case(format!("rules::{}", engine.as_str()), &NetworkConfig { proxy, ..config() }, engine, rules));
    }
    cases
}

fn case(name: String, config: &NetworkConfig, engine: Engine, check: fn(&Lab) -> Outcome) -> Case {
    let mut needs = vec![Need::Tool("tcpdump"), Need::Tool("conntrack"), Need::Tool("ping"), Need::Bridges, Need::BridgeNetfilter];
    needs.extend((config.backend == Backend::Vxlan).then_some(Need::Vxlan));
    // flannel's rules are iptables' in every case.
    needs.extend([Need::of(engine), Need::IptablesNft]);
    let config = config.clone();
    Case::new(name, &needs, move || check(&Lab::new(&config, engine, SERVICES)?))
}

/// From pod to pod, and between pods, nodes and the world outside.
fn pods(lab: &Lab) -> Outcome {
    let (here, there) = (End::Pod(pod(1, 1)), Target::tcp(pod_address(2, 1), PORT));
    for (from, to) in [
        (here, pod_address(1, 2)),
        (here, pod_address(2, 1)),
        (here, node_address(1)),
        (here, node_address(2)),
        (here, OUTSIDE),
        (End::Node(1), pod_address(1, 1)),
        (End::Node(1), pod_address(2, 1)),
        (End::Node(1), node_address(2)),
        (End::Outside(OUTSIDE), node_address(1)),
    ] {
        lab.ping(from, Target::ping(to, 56))?;
    }
    for (from, to) in
        [(here, there), (End::Node(1), there), (here, Target::tcp(pod_address(1, 2), PORT)), (here, Target::tcp(OUTSIDE, PORT))]
    {
        lab.connect(from, to, 1)?;
    }
    // Nobody listens.
    lab.connect(here, Target::tcp(pod_address(2, 1), PORT + 1), 1).map(drop)
}

/// The longest packet that passes, and the shortest that doesn't.
fn sizes(lab: &Lab) -> Outcome {
    let most = lab.model.config().pods_mtu() - 28;
    for to in [pod_address(1, 2), pod_address(2, 1), node_address(1), OUTSIDE] {
        lab.ping(End::Pod(pod(1, 1)), Target::ping(to, most))?;
        lab.ping(End::Pod(pod(1, 1)), Target::ping(to, most + 1))?;
    }
    for most in [most, most + 1, 1472, 1473] {
        lab.ping(End::Node(1), Target::ping(pod_address(2, 1), most))?;
        lab.ping(End::Node(1), Target::ping(node_address(2), most))?;
    }
    Ok(())
}

/// From a pod that is itself a backend, from one that isn't, from a node; without endpoints.
fn cluster_ip(lab: &Lab) -> Outcome {
    for from in [End::Pod(pod(1, 1)), End::Pod(pod(1, 3)), End::Node(1), End::Node(2)] {
        let reached = lab.connect(from, WEB, ENOUGH)?;
        if reached.len() != 3 {
            return Err(format!("of three backends {from:?} reached {reached:?}").into());
        }
    }
    lab.refused()
}

/// From outside, from a node to itself and to another one, and from a pod.
fn node_port(lab: &Lab) -> Outcome {
    for from in [End::Outside(OUTSIDE), End::Node(1), End::Node(2), End::Pod(pod(1, 1)), End::Pod(pod(2, 3))] {
        lab.connect(from, Target::tcp(node_address(1), WEB_NODE_PORT), FEW)?;
    }
    Ok(())
}

/// Traffic that has to stay on the node: it keeps its source, and where nobody is, it vanishes.
fn policies(lab: &Lab) -> Outcome {
    for from in [End::Pod(pod(1, 1)), End::Pod(pod(2, 1)), End::Node(1), End::Node(2)] {
        lab.connect(from, NEAR, 1)?;
    }
    for from in [End::Outside(OUTSIDE), End::Pod(pod(1, 1)), End::Pod(pod(2, 1)), End::Node(1)] {
        for node in [1, 2] {
            lab.connect(from, Target::tcp(node_address(node), NEAR_NODE_PORT), 1)?;
        }
    }
    Ok(())
}

/// A client stays with its backend; others choose for themselves.
fn affinity(lab: &Lab) -> Outcome {
    for from in [End::Pod(pod(1, 1)), End::Pod(pod(2, 3)), End::Node(1)] {
        let reached = lab.connect(from, STICKY, FEW)?;
        if reached.len() != 1 {
            return Err(format!("{from:?} was to stay with one backend and reached {reached:?}").into());
        }
    }
    Ok(())
}

/// Backends are chosen as often as the model says: Pearson's chi-square stays below what it exceeds once in a million runs.
fn distribution(lab: &Lab) -> Outcome {
    const TIMES: usize = 900;
    /// By degrees of freedom, from 1.
    const ONCE_IN_A_MILLION: [f64; 5] = [23.93, 27.63, 30.66, 33.38, 35.89];
    let packet = Packet::new(Protocol::Tcp, (pod_address(1, 3), 40_000), (WEB.address, WEB.port));
    let chances = lab.model.chances(1, Hook::Prerouting, &packet);
    let counts = lab.count(End::Pod(pod(1, 3)), WEB, TIMES)?;
    let count = |address: &Ipv4Addr| {
        let name = lab.model.sandbox_at(*address).map(|sandbox| sandbox.name.to_string());
        name.and_then(|name| counts.get(&name)).copied().unwrap_or(0)
    };
    let answered: usize = chances.keys().map(count).sum();
    let square = |(address, chance): (&Ipv4Addr, &f64)| {
        let expected = chance * TIMES as f64;
        (count(address) as f64 - expected) * (count(address) as f64 - expected) / expected
    };
    let statistic: f64 = chances.iter().map(square).sum();
    let limit = chances.len().checked_sub(2).and_then(|freedom| ONCE_IN_A_MILLION.get(freedom));
    if answered == TIMES && limit.is_some_and(|limit| statistic < *limit) {
        return Ok(());
    }
    Err(format!("of {TIMES} connections, {counts:?}: the model says {chances:?}; chi-square is {statistic}").into())
}

/// Rule by rule.
fn rules(lab: &Lab) -> Outcome {
    for from in [End::Pod(pod(1, 1)), End::Node(1)] {
        for to in [WEB, EMPTY, Target::tcp(pod_address(2, 1), PORT), Target::tcp(node_address(1), WEB_NODE_PORT)] {
            lab.trace(from, to, 1, if to == EMPTY { 1 } else { FEW })?;
        }
    }
    lab.trace(End::Outside(OUTSIDE), Target::tcp(node_address(1), WEB_NODE_PORT), 1, FEW)
}

/// What is seldom set differently.
fn shape(lab: &Lab) -> Outcome {
    for from in [End::Pod(pod(1, 1)), End::Node(1)] {
        lab.connect(from, WEB, FEW)?;
        lab.connect(from, Target::tcp(pod_address(2, 2), PORT), 1)?;
    }
    Ok(())
}
