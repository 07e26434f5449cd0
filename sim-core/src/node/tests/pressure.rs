//! Too little of something: who is refused, who goes, what the node says.

use super::*;
use crate::api::container::Resources;
use crate::api::node::Capacity;
use kubelet::config::{Amount, KubeletConfig, Machine, Signal, Threshold};
use runtime::program::Writes;
use runtime::usage::Usage;

const MIB: u64 = 1 << 20;

/// A node of 1 CPU, 1 GiB (32 MiB of it the system's) and 10 GiB of disk (0.5 GiB of it the system's).
fn machine(config: KubeletConfig) -> Machine {
    let resources = Resources { milli_cpu: 1_000, memory: 1 << 30, ephemeral_storage: 10 << 30 };
    Machine::new(Capacity { resources, pods: 4 }, config)
}

fn uses(memory: Usage) -> Program {
    Program { memory, size: MIB, ..Program::default() }
}

fn ramp(to: u64, secs: u64) -> Usage {
    Usage::Ramp { from: 0, to, over: seconds(secs) }
}

fn asks(image: &str, memory: &str) -> Value {
    json!({"containers": [{"name": "app", "image": image, "resources": {"requests": {"memory": memory}}}], "terminationGracePeriodSeconds": 30})
}

#[test]
fn the_pod_goes_that_exceeds_its_request() {
    let rules = [("leak", uses(ramp(900 * MIB, 90))), ("steady", uses(Usage::Constant(100 * MIB)))];
    let mut world = World::with_machine(&rules, machine(KubeletConfig::default()));
    world.bind(0, &asks("steady", "200Mi"));
    world.bind(1, &asks("leak", "100Mi"));
    world.run(200);
    let status = world.status(1).clone();
    assert_eq!((status.phase, status.reason.as_str()), (Phase::Failed, "Evicted"));
    let message = status.message.as_str();
    assert!(message.starts_with("The node was low on resource: memory. Threshold quantity: 100Mi, available: "), "{message}");
    assert!(
        message.contains("Container app was using ") && message.ends_with(", request is 100Mi, has larger consumption of memory. "),
        "{message}"
    );
    let target = status.condition("DisruptionTarget").expect("it says who ended it");
    assert_eq!((target.reason.as_str(), target.message.as_str()), ("TerminationByKubelet", message));
    assert_eq!(world.status(0).phase, Phase::Running);
    let told = world.told();
    for line in [
        "EvictionThresholdMet x1: Attempting to reclaim memory",
        "NodeHasInsufficientMemory x1: Node node-0 status is now: NodeHasInsufficientMemory",
    ] {
        assert!(told.contains(&line.to_owned()), "{told:?}");
    }
    assert!(told.contains(&format!("Evicted x1: {message}")), "{told:?}");
    // BestEffort pods must stay away; others may come.
    world.bind(2, &spec("steady", "Always"));
    world.bind(3, &asks("steady", "1Mi"));
    world.run(20);
    assert_eq!(world.status(2).message, "Pod was rejected: The node had condition: [MemoryPressure]. ");
    assert_eq!((world.status(2).reason.as_str(), world.status(3).phase), ("Evicted", Phase::Running));
    assert!(world.status(2).containers.is_empty());
    // The condition outlives its cause by five minutes; then nothing waits any more.
    world.run(400);
    let held = world.held("MemoryPressure");
    assert_eq!(held.iter().map(|(_, holds)| *holds).collect::<Vec<_>>(), [true, false]);
    assert!((300..=330).contains(&(held[1].0 - held[0].0)), "{held:?}");
    assert!(world.queue.is_empty(), "{}", world.queue.len());
}

#[test]
fn a_node_with_room_for_all_peaks_costs_nothing() {
    let rules = [("leak", uses(ramp(700 * MIB, 5000))), ("wave", uses(Usage::Sine { low: 0, high: 50 * MIB, period: seconds(60) }))];
    let mut world = World::with_machine(&rules, machine(KubeletConfig::default()));
    world.bind(0, &asks("leak", "100Mi"));
    world.bind(1, &asks("wave", "100Mi"));
    world.run(20);
    assert!(world.queue.is_empty());
}

#[test]
fn a_leak_beside_others_is_seen() {
    let mut world = World::with_machine(&[("steady", uses(Usage::Constant(100 * MIB)))], machine(KubeletConfig::default()));
    for number in 0..3 {
        world.bind(number, &asks("steady", "100Mi"));
    }
    world.run(10);
    world.act(|nodes, now, out| nodes.leak(1, 0, 5 << 20, now, out));
    world.run(200);
    assert_eq!(world.status(1).reason, "Evicted");
    assert!([0, 2].iter().all(|number| world.status(*number).phase == Phase::Running));
}

#[test]
fn soft_thresholds_have_patience() {
    let soft = Threshold { grace: seconds(60), ..Threshold::hard(Signal::Memory, Amount::Absolute(500 * MIB)) };
    let config = KubeletConfig { eviction_soft: vec![soft], pod_grace_max: 5, ..KubeletConfig::default() };
    let rules = [("fat", uses(Usage::Constant(600 * MIB)))];
    let mut world = World::with_machine(&rules, machine(config));
    world.bind(0, &asks("fat", "600Mi"));
    world.run(60);
    assert_eq!(world.status(0).phase, Phase::Running);
    assert_eq!(world.held("MemoryPressure").len(), 1, "the condition is there at once");
    world.run(30);
    let status = world.status(0);
    assert_eq!((status.phase, status.reason.as_str()), (Phase::Failed, "Evicted"));
    assert!(!status.message.contains("Container app"), "it kept to its request: {}", status.message);
}

#[test]
fn when_memory_is_gone_before_anybody_looks_the_kernel_kills() {
    let rules = [("burst", uses(ramp(3000 * MIB, 6))), ("steady", uses(Usage::Constant(100 * MIB)))];
    let mut world = World::with_machine(&rules, machine(KubeletConfig::default()));
    world.bind(0, &asks("steady", "200Mi"));
    world.run(5);
    world.bind(1, &asks("burst", "100Mi"));
    world.run(9);
    let told = world.told();
    assert!(told.iter().any(|line| line.starts_with("SystemOOM x1: System OOM encountered, victim process: app, pid: ")), "{told:?}");
    let killed = world.statuses.iter().filter(|(_, number, _)| *number == 1).any(|(_, _, status)| {
        let states = [Some(&status.containers[0].state), status.containers[0].last_state.as_ref()];
        states.into_iter().flatten().any(|state| matches!(state, ContainerState::Terminated { reason, .. } if *reason == "OOMKilled"))
    });
    assert!(killed && world.status(0).containers[0].restart_count == 0);
}

#[test]
fn who_writes_too_much_goes() {
    let writes = |path: &str, to: u64| Program {
        writes: vec![Writes { path: Str::from(path.to_owned()), size: ramp(to, 60), after: SimDuration::ZERO }],
        ..Program::default()
    };
    let rules = [("cache", writes("/cache/data", 20 * MIB)), ("layer", writes("/tmp/x", 50 * MIB)), ("small", writes("/tmp/x", 5 * MIB))];
    let mut world = World::with_machine(&rules, machine(KubeletConfig::default()));
    let limit = json!({"limits": {"ephemeral-storage": "10Mi"}});
    world.bind(
        0,
        &json!({"containers": [{"name": "app", "image": "cache", "volumeMounts": [{"name": "data", "mountPath": "/cache"}]}],
            "volumes": [{"name": "data", "emptyDir": {"sizeLimit": "10Mi"}}]}),
    );
    world.bind(1, &json!({"containers": [{"name": "app", "image": "layer", "resources": limit}]}));
    world.bind(
        2,
        &json!({"containers": [{"name": "app", "image": "layer", "resources": limit},
        {"name": "roomy", "image": "small", "resources": {"limits": {"ephemeral-storage": "100Mi"}}}]}),
    );
    world.bind(3, &json!({"containers": [{"name": "app", "image": "small", "resources": limit}]}));
    world.run(120);
    let said: Vec<&str> = (0..4).map(|number| world.status(number).message.as_str()).collect();
    assert_eq!(
        said,
        [
            "Usage of EmptyDir volume \"data\" exceeds the limit \"10Mi\". ",
            "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ",
            "Container app exceeded its local ephemeral storage limit \"10Mi\". ",
            "",
        ]
    );
    assert!(world.status(0).condition("DisruptionTarget").is_none() && world.status(3).phase == Phase::Running);
    assert!(world.conditions.is_empty(), "the node has room");
}

#[test]
fn unused_images_go_before_pods() {
    let big = Program { size: 3000 * MIB, runs_for: Some(seconds(30)), ..Program::default() };
    let writer = Program {
        size: 10 * MIB,
        writes: vec![Writes { path: "/data/f".into(), size: ramp(6000 * MIB, 600), after: SimDuration::ZERO }],
        ..Program::default()
    };
    let mut world = World::with_machine(&[("big", big), ("writer", writer)], machine(KubeletConfig::default()));
    world.bind(0, &spec("big", "Never"));
    world.run(200);
    world.bind(1, &spec("writer", "Always"));
    world.run(700);
    let told = world.told();
    assert!(told.contains(&"EvictionThresholdMet x1: Attempting to reclaim ephemeral-storage".to_owned()), "{told:?}");
    assert_eq!(world.status(1).phase, Phase::Running, "the images were enough");
    assert_eq!(world.held("DiskPressure").first().map(|(_, holds)| *holds), Some(true));
    // A disk that something else fills: the pod goes too.
    world.act(|nodes, now, out| nodes.fill_disk(0, Some(95), now, out));
    world.run(30);
    let status = world.status(1);
    assert!(status.message.starts_with("The node was low on resource: ephemeral-storage. Threshold quantity: "), "{}", status.message);
    world.bind(2, &asks("writer", "1Mi"));
    world.run(5);
    assert_eq!(world.status(2).message, "Pod was rejected: The node had condition: [DiskPressure]. ");
}

#[test]
fn what_a_kubelet_refuses() {
    let reserved = Resources { milli_cpu: 200, memory: 100 << 20, ephemeral_storage: 0 };
    let mut world = World::with_machine(&[], machine(KubeletConfig { reserved, ..KubeletConfig::default() }));
    let asks = |cpu: &str, port: i32| {
        json!({"containers": [{"name": "app", "image": "a", "ports": [{"containerPort": 80, "hostPort": port}], "resources": {"requests": {"cpu": cpu}}}],
            "terminationGracePeriodSeconds": 0})
    };
    world.bind(0, &asks("500m", 80));
    world.bind(1, &asks("500m", 81));
    world.bind(2, &asks("100m", 80));
    world.bind(3, &json!({"containers": [{"name": "app", "image": "a"}], "os": {"name": "windows"}}));
    world.run(10);
    let said = |world: &World, number: u32| (world.status(number).reason.to_string(), world.status(number).message.to_string());
    let expect = |reason: &str, message: &str| (reason.to_owned(), message.to_owned());
    assert_eq!(
        said(&world, 1),
        expect("OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu, requested: 500, used: 500, capacity: 800")
    );
    let ports = "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
    assert_eq!(said(&world, 2), expect("NodePorts", ports));
    assert_eq!(said(&world, 3).0, "PodOSNotSupported");
    assert!(world.told().iter().any(|line| line.starts_with("OutOfcpu x1: Node didn't have enough resource: cpu")), "{:?}", world.told());
    // What goes makes room.
    world.delete(0, 0);
    world.run(5);
    world.bind(4, &asks("800m", 80));
    world.run(5);
    assert_eq!(world.status(4).phase, Phase::Running);
    for number in 5..9 {
        world.bind(number, &spec("a", "Always"));
    }
    world.run(5);
    assert_eq!(
        said(&world, 8),
        expect("OutOfpods", "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 4, capacity: 4")
    );
    world.delete(8, 0);
    world.run(2);
    assert!(!world.pods.contains_key(&8), "who was refused can go");
}
