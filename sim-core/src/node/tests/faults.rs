//! Kubelets that don't run, runtimes that don't answer, networks that are cut, nodes that are shut down.

use super::*;
use runtime::program::Failing;

fn probed() -> Value {
    json!({"containers": [{"name": "app", "image": "app", "livenessProbe": {"httpGet": {"port": 80}, "periodSeconds": 10, "failureThreshold": 1}}],
        "terminationGracePeriodSeconds": 5})
}

#[test]
fn containers_run_on_without_their_kubelet() {
    let failing = Program { fails: vec![Failing { probe: None, from: seconds(100), to: seconds(400) }], ..Program::default() };
    let short = Program { runs_for: Some(seconds(60)), ..Program::default() };
    let mut world = World::new(&[("app", failing), ("short", short)]);
    world.bind(0, &probed());
    world.bind(1, &spec("short", "Always"));
    world.run(10);
    world.nodes.stop_kubelet(0, world.now);
    let before = world.statuses.len();
    world.delete(1, 5);
    world.bind(2, &spec("late", "Always"));
    world.run(200);
    assert_eq!(world.statuses.len(), before, "nobody tells anything");
    assert!(world.nodes.pod(0).is_some_and(|worker| worker.containers[0].is_running()), "nobody asks it");
    assert!(world.nodes.pod(2).is_none());
    let listed = world.listed();
    world.act(|nodes, now, out| nodes.start_kubelet(0, now, &listed, out));
    world.run(15);
    let told = world.told();
    for reason in [
        "Starting x1: Starting kubelet.",
        "NodeHasSufficientMemory x1",
        "NodeHasNoDiskPressure x1",
        "NodeHasSufficientPID x1",
        "NodeAllocatableEnforced x1",
    ] {
        assert!(told.iter().any(|line| line.starts_with(reason)), "{reason}: {told:?}");
    }
    assert!(told.contains(&"Killing x1: Container app failed liveness probe, will be restarted".to_owned()), "{told:?}");
    assert!(!world.pods.contains_key(&1), "it was deleted meanwhile");
    assert_eq!(world.status(2).phase, Phase::Running);
}

#[test]
fn a_runtime_that_hangs_makes_its_node_unready_after_three_minutes() {
    let mut world = World::new(&[]);
    world.bind(0, &spec("a", "Always"));
    world.run(10);
    world.act(|nodes, now, out| nodes.hang_runtime(0, now, out));
    world.bind(1, &spec("a", "Always"));
    world.delete(0, 5);
    world.run(170);
    assert!(world.conditions.is_empty() && world.pods.contains_key(&0));
    world.run(20);
    let ready = world.conditions.last().and_then(|(_, all)| all.last()).expect("a condition");
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "KubeletNotReady"));
    assert_eq!(ready.message, "PLEG is not healthy: pleg was last seen active 3m5s ago; threshold is 3m0s");
    world.act(|nodes, now, out| nodes.mend_runtime(0, now, out));
    world.run(10);
    assert!(!world.pods.contains_key(&0), "it ends at last");
    assert_eq!(world.status(1).phase, Phase::Running);
}

#[test]
fn who_is_cut_off_runs_on_and_hears_everything_at_once() {
    let crash = Program { crash_after: Some(seconds(30)), ..Program::default() };
    let mut world = World::new(&[("crash", crash)]);
    world.bind(0, &spec("a", "Always"));
    world.bind(1, &spec("crash", "Always"));
    world.bind(2, &spec("a", "Always"));
    world.run(10);
    world.nodes.cut(0, world.now);
    let (statuses, events) = (world.statuses.len(), world.events.len());
    world.delete(0, 5);
    // The third is removed from the API without waiting.
    let gone = (*world.pods[&2]).clone();
    world.store(2, gone, Verb::Deleted);
    world.run(100);
    assert_eq!((world.statuses.len(), world.events.len()), (statuses, events));
    assert!((0..3).all(|number| world.nodes.pod(number).is_some()), "they run on");
    let listed = world.listed();
    world.act(|nodes, now, out| nodes.mend(0, now, &listed, out));
    world.run(10);
    assert!(world.nodes.pod(2).is_none() && !world.pods.contains_key(&0));
    assert!(world.status(1).containers[0].restart_count >= 1, "its restart is told");
    assert!(world.told().iter().any(|line| line.starts_with("BackOff")), "and so are events that aren't old: {:?}", world.told());
}

#[test]
fn a_shutdown_ends_ordinary_pods_first() {
    let slow = Program { stop: seconds(60), ..Program::default() };
    let mut world = World::new(&[("slow", slow)]);
    let critical =
        json!({"containers": [{"name": "app", "image": "slow"}], "priority": 2_000_001_000, "terminationGracePeriodSeconds": 30});
    world.bind(0, &spec("slow", "Always"));
    world.bind(1, &critical);
    world.run(10);
    world.act(|nodes, now, out| nodes.shut_down(0, now, out));
    world.bind(2, &spec("a", "Always"));
    world.run(15);
    assert!(world.nodes.pod(1).is_some_and(|worker| worker.stage == Stage::Working), "its turn comes later");
    assert_eq!(world.status(2).message, "Pod was rejected: Pod was rejected as the node is shutting down.");
    let ready = world.conditions.last().and_then(|(_, all)| all.last()).expect("a condition");
    assert_eq!((ready.status.as_str(), ready.message.as_str()), ("False", "node is shutting down"));
    world.run(20);
    for number in 0..2 {
        let status = world.status(number);
        assert_eq!((status.phase, status.reason.as_str()), (Phase::Failed, "Terminated"), "{number}");
        assert_eq!(status.message, "Pod was terminated in response to imminent node shutdown.");
        assert_eq!(status.condition("DisruptionTarget").map(|c| c.reason.as_str()), Some("TerminationByKubelet"));
    }
}

#[test]
fn leaks_and_crashes() {
    let mut world = World::new(&[]);
    let container = json!({"name": "app", "image": "a", "resources": {"limits": {"memory": "100Mi"}}});
    world.bind(0, &json!({"containers": [container]}));
    world.run(10);
    world.act(|nodes, now, out| nodes.leak(0, 0, 10 << 20, now, out));
    world.run(7);
    assert_eq!(world.status(0).containers[0].restart_count, 0);
    world.run(5);
    let ended = |world: &World| match &world.status(0).containers[0].last_state {
        Some(ContainerState::Terminated { exit_code, reason, .. }) => (*exit_code, reason.to_string()),
        other => panic!("{other:?}"),
    };
    assert_eq!((ended(&world), world.status(0).containers[0].restart_count), ((137, "OOMKilled".to_owned()), 1));
    world.run(60);
    assert_eq!(world.status(0).containers[0].restart_count, 1, "the new process doesn't leak");
    world.act(|nodes, now, out| nodes.crash(0, 0, now, out));
    world.run(30);
    assert_eq!((ended(&world), world.status(0).containers[0].restart_count), ((1, "Error".to_owned()), 2));
    assert!(world.nodes.running(0, Some("nope")).is_err_and(|said| said.contains("containers: app")));
}
