//! What must hold of every run: the two invariants of a rolling update, over random sizes, strategies, seeds, orders of simultaneous events,
//! client limits and commands that cut in half-way.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{Terminal, deployment};
use proptest::prelude::*;
use sim_core::Config;
use sim_core::api::object::{Kind, Object};
use sim_core::cluster::invariants::{Checker, Invariant};
use sim_core::kernel::queue::TieBreak;
use sim_core::kernel::time::SimDuration;

/// A number or a percentage, as a manifest may have it.
fn bound() -> impl Strategy<Value = String> {
    prop_oneof![(0u32..4).prop_map(|n| n.to_string()), prop_oneof![Just(0u32), Just(25), Just(50), Just(100)].prop_map(|n| format!("{n}%"))]
}

/// Percentages of maxSurge round up, those of maxUnavailable down.
fn resolved(bound: &str, replicas: u32, up: bool) -> u32 {
    match bound.strip_suffix('%') {
        Some(percent) if up => (percent.parse::<u32>().unwrap() * replicas).div_ceil(100),
        Some(percent) => percent.parse::<u32>().unwrap() * replicas / 100,
        None => bound.parse().unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Counted anew after every event: never more than replicas + maxSurge pods (terminating ones aside), never fewer than
    /// replicas − maxUnavailable available; and the rollout ends. A ReplicaSet may have pods for a moment that it was told to give up, for its
    /// controller hears of that later and asks for it later still: of each, no more pods count than it is to have.
    #[test]
    fn a_rolling_update_keeps_its_bounds(
        replicas in 1u32..9, surge in bound(), unavailable in bound(), seed in 0u64..1000, shuffle in any::<bool>(), limited in any::<bool>(),
    ) {
        let zero = |bound: &str| bound == "0" || bound == "0%";
        prop_assume!(!(zero(&surge) && zero(&unavailable)));
        let (most, mut least) = (replicas + resolved(&surge, replicas, true), replicas.saturating_sub(resolved(&unavailable, replicas, false)));
        if most == replicas && least == replicas {
            least -= 1; // Both bounds round to nothing: one pod may be missing, or the rollout could never begin.
        }
        let extra = format!("  strategy:\n    rollingUpdate:\n      maxSurge: {surge}\n      maxUnavailable: {unavailable}\n");
        let tie_break = if shuffle { TieBreak::Shuffled(seed) } else { TieBreak::Fifo };
        let controller_qps = if limited { 20 } else { 0 };
        let mut terminal = Terminal::new(Config { seed, tie_break, controller_qps, ..Config::default() });
        let (_, stderr, code) = terminal.kubectl_with("apply -f m.yaml", &deployment("web", replicas, "nginx:1.17.1", &extra));
        prop_assert_eq!(code, 0, "{}", stderr);
        terminal.ok("rollout status deploy/web");
        terminal.wait(SimDuration::from_secs(u64::from(replicas % 3)));
        terminal.ok("set image deploy/web c=nginx:1.17.2");
        let end = terminal.cluster.now() + SimDuration::from_secs(240);
        while terminal.cluster.next_at().is_some_and(|at| at <= end) {
            terminal.cluster.step();
            let pods = || terminal.cluster.store().list(Kind::Pod, None).filter_map(|(_, o)| match o { Object::Pod(pod) => Some(pod), _ => None });
            let available = pods().filter(|p| p.is_active() && p.is_ready()).count();
            let sets = terminal.cluster.store().list(Kind::ReplicaSet, None).filter_map(|(_, o)| o.as_replica_set());
            let of = |uid| pods().filter(|p| p.is_active() && p.meta.controller().is_some_and(|owner| owner.uid == uid)).count();
            let all: usize = sets.map(|set| of(set.meta.uid).min(set.replicas as usize)).sum();
            prop_assert!(all <= most as usize, "{} pods at {}", all, terminal.cluster.now());
            prop_assert!(available >= least as usize, "{} available at {}", available, terminal.cluster.now());
        }
        let end = terminal.ok("rollout status deploy/web --watch=false");
        prop_assert_eq!(end, "deployment \"web\" successfully rolled out\n");
        prop_assert_eq!(terminal.ok("get deploy web -o jsonpath={.status.updatedReplicas}"), replicas.to_string());
    }

    /// The bound above by the checker of scenario files, while the user changes their mind: updates, scales, pauses, undoes. The bound below
    /// doesn't survive that, here as in reality: with three ReplicaSets, the controller may take a second pod away before it hears that the
    /// first one counts no longer.
    #[test]
    fn a_user_who_changes_their_mind_never_gets_too_many_pods(
        replicas in 1u32..9, surge in 0u32..3, unavailable in 1u32..3, seed in 0u64..1000,
        commands in prop::collection::vec((0usize..7, 1u64..4_000), 1..6),
    ) {
        let lines = [
            "set image deploy/web c=nginx:1.17.2", "set image deploy/web c=nginx:1.17.3", "scale deploy/web --replicas=2",
            "scale deploy/web --replicas=8", "rollout pause deploy/web", "rollout resume deploy/web", "rollout undo deploy/web",
        ];
        let extra = format!("  strategy:\n    rollingUpdate:\n      maxSurge: {surge}\n      maxUnavailable: {unavailable}\n");
        let mut terminal = Terminal::new(Config { seed, ..Config::default() });
        terminal.kubectl_with("apply -f m.yaml", &deployment("web", replicas, "nginx:1.17.1", &extra));
        terminal.ok("rollout status deploy/web");
        let mut checker = Checker::default();
        checker.observe(&terminal.cluster);
        for (line, wait) in commands {
            // Some make no sense where they come: a second pause, an undo without history. Their refusal is part of the game.
            terminal.kubectl_with(lines[line], "");
            checker.observe(&terminal.cluster);
            let end = terminal.cluster.now() + SimDuration::from_millis(wait);
            while terminal.cluster.next_at().is_some_and(|at| at <= end) {
                terminal.cluster.step();
                checker.observe(&terminal.cluster);
            }
        }
        let too_many: Vec<_> = checker.violations().iter().filter(|violation| violation.invariant == Invariant::MaxPods).collect();
        prop_assert!(too_many.is_empty(), "{:?}", too_many);
    }
}
