//! Equal runs are equal, bit for bit; `cargo xtask test` compares them with WASM as well.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use sim_core::kernel::queue::TieBreak;
use sim_core::scenario::Scenario;
use std::path::Path;

fn scenarios() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    let parse = |path: &std::path::PathBuf| Scenario::parse(&std::fs::read_to_string(path).unwrap(), &path.display().to_string()).unwrap();
    paths.iter().map(parse).collect()
}

#[test]
fn a_scenario_runs_the_same_way_twice_and_another_way_with_another_seed() {
    for scenario in scenarios() {
        let run = |seed| scenario.run(seed).unwrap().report;
        let (once, again, other) = (run(1), run(1), run(2));
        assert_eq!(once, again, "{}", scenario.name);
        assert_ne!(once.fingerprint, other.fingerprint, "{}", scenario.name);
    }
}

#[test]
fn what_a_scenario_expects_holds_for_other_seeds_and_other_orders_of_what_happens_at_once() {
    for mut scenario in scenarios() {
        for seed in 2..8 {
            scenario.config.tie_break = if seed % 2 == 0 { TieBreak::Fifo } else { TieBreak::Shuffled(seed) };
            let report = scenario.run(seed).unwrap().report;
            assert!(report.holds, "{} with seed {seed}:\n{}", scenario.name, report.plain());
        }
    }
}
