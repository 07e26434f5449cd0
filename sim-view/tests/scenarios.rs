//! Run = replay = seek, for every scenario: whoever opens one and looks around in it sees the run that the command line plays.

use sim_core::scenario::Scenario;
use sim_view::frame::session::Link;
use sim_view::sandbox::Sandbox;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

fn link(path: &Path) -> Link {
    let scenario = std::fs::read_to_string(path).expect("it is a file");
    let parsed = Scenario::parse(&scenario, "scenario.yaml").expect("it is a scenario");
    let beside = |name: String| std::fs::read_to_string(folder().join(&name)).ok().map(|text| (name, text));
    let files: BTreeMap<String, String> = parsed.files_needed().into_iter().filter_map(beside).collect();
    Link { version: 1, scenario, files, ..Link::default() }
}

fn open(link: &Link) -> Sandbox {
    Sandbox::open(link, None).unwrap_or_else(|problem| panic!("{problem:?}"))
}

#[test]
fn run_replay_and_seek_agree() {
    // Between them: commands that wait and that act while they wait, steps in the midst of a nanosecond, faults, traffic.
    for name in ["canary", "drain-with-budget", "node-reboot", "recreate", "rollback", "rollout-loses-none"] {
        agree(&folder().join(format!("{name}.yaml")));
    }
}

/// Looks at moments in some order, and sees the same in every order.
fn agree(path: &Path) {
    let link = link(path);
    let mut scenario = Scenario::parse(&link.scenario, "scenario.yaml").expect("it is a scenario");
    scenario.files.extend(link.files.clone());
    let mut cluster = scenario.run(scenario.seed).expect("it ends").cluster;
    // A run ends with its last step, perhaps in the midst of a nanosecond; a moment that is looked at has all that happens in it.
    cluster.run_until(cluster.now());
    let (end, fingerprint) = (cluster.now().as_nanos(), cluster.fingerprint().to_string());
    let mut sandbox = open(&link);
    assert_eq!(sandbox.opened().update.frame.horizon, end, "{}", path.display());
    let mut seen = BTreeMap::new();
    for part in [1, 13, 29, 50, 61, 87, 100] {
        let at = end / 100 * part + part * 7;
        sandbox.tick(at.min(end).saturating_sub(sandbox.cluster().now().as_nanos()));
        seen.insert(sandbox.cluster().now().as_nanos(), sandbox.fingerprint());
    }
    sandbox.tick(end - sandbox.cluster().now().as_nanos());
    assert_eq!(sandbox.fingerprint(), fingerprint, "{}: played", path.display());
    for part in [3, 5, 1, 6, 2, 0, 4, 5] {
        let (at, there) = seen.iter().nth(part % seen.len()).expect("it was seen");
        sandbox.seek(*at);
        assert_eq!(sandbox.fingerprint(), *there, "{}: at {at}", path.display());
    }
    sandbox.seek(end);
    assert_eq!(sandbox.fingerprint(), fingerprint, "{}: sought", path.display());
    // Somebody acts in the midst of it, and passes it on.
    sandbox.seek(end / 2);
    sandbox.line(0, "fault kill node node-1", &BTreeMap::new()).unwrap_or_else(|problem| panic!("{problem:?}"));
    sandbox.tick(end / 2);
    assert_eq!(open(&sandbox.link()).fingerprint(), sandbox.fingerprint(), "{}: passed on", path.display());
}
