//! How load is spread: as by chance, or as the virtual servers' schedulers have it.

use super::*;

/// How far counts are from even ones.
fn chi_square(counts: &[u64]) -> f64 {
    let even = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    counts.iter().map(|count| (*count as f64 - even).powi(2) / even).sum()
}

/// Of 24 degrees of freedom: less is too even to be chance, and more too uneven, once in ten thousand times each.
const CHANCE: std::ops::Range<f64> = 6.4..57.0;

#[test]
fn load_is_spread_as_by_chance() {
    for mode in [ProxyMode::Iptables, ProxyMode::Nftables] {
        let (mut by_walks, mut by_traffic) = (0.0, 0.0);
        for seed in 0..6 {
            let mut terminal = calm(seed, mode, 5);
            let address = cluster_ip(&terminal.cluster, "web");
            let truth = terminal.cluster.truth();
            let from = End::Node(node(&terminal.cluster, "node-2"));
            let mut counts: BTreeMap<Place, u64> = BTreeMap::new();
            for attempt in 0..150 {
                let walk = walk::walk(&truth, from, &nth(address, 80, attempt));
                *counts.entry(walk.reached.unwrap()).or_default() += 1;
            }
            assert_eq!(counts.len(), 5);
            by_walks += chi_square(&counts.into_values().collect::<Vec<_>>());
            terminal.cluster.change_traffic(&TrafficChange::Start(Box::new(client("shop", "svc/web:80", "node-1", 200, true)))).unwrap();
            terminal.wait(secs(10));
            let report = terminal.cluster.traffic().report("shop").unwrap();
            assert_eq!((report.lost, report.backends.len()), (0, 5));
            by_traffic += chi_square(&report.backends.iter().map(|backend| backend.connections).collect::<Vec<_>>());
        }
        assert!(CHANCE.contains(&by_walks) && CHANCE.contains(&by_traffic), "{mode:?}: {by_walks} and {by_traffic}");
    }
}

#[test]
fn virtual_servers_spread_load_by_their_schedulers() {
    let counts = |scheduler: IpvsScheduler| {
        let mut terminal = calm(7, ProxyMode::Ipvs(scheduler), 4);
        terminal.cluster.change_traffic(&TrafficChange::Start(Box::new(client("a", "svc/web:80", "node-1", 100, false)))).unwrap();
        terminal.cluster.change_traffic(&TrafficChange::Start(Box::new(client("b", "svc/web:80", "node-1", 60, true)))).unwrap();
        terminal.wait(secs(10));
        let mut all: BTreeMap<String, u64> = BTreeMap::new();
        for report in terminal.cluster.traffic().reports() {
            report.backends.iter().for_each(|backend| *all.entry(backend.pod.clone()).or_default() += backend.connections);
        }
        all.into_values().collect::<Vec<u64>>()
    };
    for scheduler in [IpvsScheduler::RoundRobin, IpvsScheduler::WeightedRoundRobin] {
        let turns = counts(scheduler);
        assert!(turns.len() == 4 && turns.iter().max().unwrap() - turns.iter().min().unwrap() <= 1, "{turns:?}");
    }
    let hashed = counts(IpvsScheduler::SourceHashing);
    assert_eq!(hashed.iter().filter(|count| **count > 0).count(), 1, "one address, one backend: {hashed:?}");
    let mut terminal = calm(7, ProxyMode::Ipvs(IpvsScheduler::SourceHashing), 4);
    let (address, from) = (cluster_ip(&terminal.cluster, "web"), node(&terminal.cluster, "node-1"));
    let truth = terminal.cluster.truth();
    let reached: BTreeSet<Place> =
        (0..50).filter_map(|attempt| walk::walk(&truth, End::Node(from), &nth(address, 80, attempt)).reached).collect();
    assert_eq!(reached.len(), 1);
    // And both ways of telling name the same backend.
    terminal.cluster.change_traffic(&TrafficChange::Start(Box::new(client("a", "svc/web:80", "node-1", 100, false)))).unwrap();
    terminal.wait(secs(1));
    let report = terminal.cluster.traffic().report("a").unwrap();
    let told: BTreeSet<String> =
        report.backends.iter().filter(|backend| backend.ok > 0).map(|backend| format!("pod/{}", backend.pod)).collect();
    assert_eq!(told, reached.iter().map(ToString::to_string).collect());
}
