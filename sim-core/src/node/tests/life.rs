//! Probes, hooks, sidecars, and other turns that a container's life takes.

use super::*;
use crate::api::probe::ProbeKind;
use runtime::program::{Failing, Serves};
use runtime::usage::Usage;

/// When a reason was told first, in milliseconds.
fn first(world: &World, reason: &str, about: &str) -> u64 {
    let event = world.times.iter().find(|(_, event)| event.reason == reason && event.message.contains(about));
    event.unwrap_or_else(|| panic!("no {reason} about {about}: {:?}", world.told())).0.since(SimTime::ZERO).as_millis()
}

fn failing(probe: ProbeKind, from: u64, to: u64) -> Program {
    Program { fails: vec![Failing { probe: Some(probe), from: seconds(from), to: seconds(to) }], ..Program::default() }
}

fn exit_of(status: &PodStatus, index: usize) -> (i32, String) {
    match (&status.containers[index].state, &status.containers[index].last_state) {
        (ContainerState::Terminated { exit_code, reason, .. }, _) | (_, Some(ContainerState::Terminated { exit_code, reason, .. })) => {
            (*exit_code, reason.to_string())
        }
        other => panic!("it hasn't ended: {other:?}"),
    }
}

#[test]
fn a_container_that_fails_its_liveness_probe_is_started_again() {
    let mut world = World::new(&[("app", failing(ProbeKind::Liveness, 20, 10_000))]);
    let probe = json!({"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5, "failureThreshold": 3});
    world.bind(0, &json!({"containers": [{"name": "app", "image": "app", "livenessProbe": probe}], "terminationGracePeriodSeconds": 30}));
    world.run(50);
    let told = world.told();
    assert!(told.contains(&"Unhealthy x3: Liveness probe failed: HTTP probe failed with statuscode: 500".to_owned()), "{told:?}");
    assert!(told.contains(&"Killing x1: Container app failed liveness probe, will be restarted".to_owned()), "{told:?}");
    let (unhealthy, killing) = (first(&world, "Unhealthy", "Liveness"), first(&world, "Killing", "app"));
    assert_eq!(killing.div_ceil(1000) - unhealthy.div_ceil(1000), 10, "the third failure in a row");
    assert_eq!((world.status(0).containers[0].restart_count, exit_of(world.status(0), 0)), (1, (0, "Completed".to_owned())));
}

#[test]
fn a_container_that_becomes_unready_and_ready_again_ticks_only_while_it_fails() {
    let mut world = World::new(&[("app", failing(ProbeKind::Readiness, 100, 130))]);
    let probe = json!({"tcpSocket": {"port": 80}, "periodSeconds": 10});
    world.bind(0, &json!({"containers": [{"name": "app", "image": "app", "readinessProbe": probe}]}));
    world.run(90);
    let before = world.handled;
    assert_eq!(world.queue.len(), 1, "it waits for the moment at which the answer changes");
    world.run(200);
    let ready: Vec<bool> = world.statuses.iter().map(|(_, _, status)| status.containers[0].ready).collect();
    assert_eq!(ready, [false, false, true, false, true]);
    // Three failures, a success, two statuses with their echoes.
    assert_eq!((world.handled - before, world.queue.len()), (3 + 1 + 2 * 2, 0));
}

#[test]
fn others_wait_for_the_startup_probe() {
    let slow = Program { serves_after: Some(seconds(25)), ..Program::default() };
    let mut world = World::new(&[("app", slow)]);
    let get = json!({"path": "/", "port": "web"});
    world.bind(
        0,
        &json!({"containers": [{"name": "app", "image": "app", "ports": [{"name": "web", "containerPort": 80}],
            "startupProbe": {"httpGet": get, "failureThreshold": 30, "periodSeconds": 10},
            "livenessProbe": {"httpGet": get, "periodSeconds": 1, "failureThreshold": 1},
            "readinessProbe": {"httpGet": get, "periodSeconds": 1}}]}),
    );
    world.run(60);
    let told = world.told();
    let refused = "Startup probe failed: Get \"http://10.244.0.2:80/\": dial tcp 10.244.0.2:80: connect: connection refused";
    assert!(told.contains(&format!("Unhealthy x3: {refused}")), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("Liveness") || line.starts_with("Killing")), "{told:?}");
    let started: Vec<(bool, bool)> = world.statuses.iter().map(|(_, _, s)| (s.containers[0].started, s.containers[0].ready)).collect();
    assert_eq!(started, [(false, false), (false, false), (true, false), (true, true)]);
    let mut world = World::new(&[("app", Program { serves_after: Some(SimDuration::MAX), ..Program::default() })]);
    let probe = json!({"grpc": {"port": 9000}, "failureThreshold": 2, "periodSeconds": 5, "terminationGracePeriodSeconds": 1});
    world.bind(0, &json!({"containers": [{"name": "app", "image": "app", "startupProbe": probe}]}));
    world.run(12);
    let told = world.told();
    assert!(told.iter().any(|line| line.ends_with("Container app failed startup probe, will be restarted")), "{told:?}");
}

#[test]
fn a_port_that_nobody_listens_on_is_refused() {
    let serves = vec![Serves { port: 80, latency: seconds(2), capacity: 0 }];
    let mut world = World::new(&[("nginx", Program { serves: Some(serves), ..Program::default() })]);
    let readiness = |port: i32| json!({"httpGet": {"port": port}, "timeoutSeconds": 1});
    world.bind(0, &json!({"containers": [{"name": "a", "image": "nginx", "readinessProbe": readiness(81)}]}));
    world.bind(1, &json!({"containers": [{"name": "a", "image": "nginx", "readinessProbe": readiness(80)}]}));
    world.run(15);
    let told = world.told();
    assert!(told.iter().any(|line| line.ends_with("dial tcp 10.244.0.2:81: connect: connection refused")), "{told:?}");
    let late = "Get \"http://10.244.0.3:80/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
    assert!(told.iter().any(|line| line.ends_with(late)), "{told:?}");
}

#[test]
fn hooks_take_their_time() {
    let mut world = World::new(&[]);
    let lifecycle = json!({"postStart": {"exec": {"command": ["sh", "-c", "sleep 4"]}}, "preStop": {"sleep": {"seconds": 5}}});
    world.bind(0, &json!({"containers": [{"name": "app", "image": "app", "lifecycle": lifecycle}]}));
    world.run(20);
    let ready = world.statuses.last().expect("a status").0.since(SimTime::ZERO).as_millis();
    assert_eq!(ready / 1000, (first(&world, "Started", "") + 4_050) / 1000, "not before the hook is done");
    world.delete(0, 30);
    world.run(5);
    assert_eq!(world.pods.len(), 1, "the preStop hook sleeps");
    world.run(1);
    assert!(world.pods.is_empty());
    // A hook that takes more than the grace period: TERM comes when it is over, KILL two seconds later.
    let slow = Program { stop: SimDuration::MAX, ..Program::default() };
    let mut world = World::new(&[("app", slow)]);
    world.bind(0, &json!({"containers": [{"name": "app", "image": "app", "lifecycle": {"preStop": {"sleep": {"seconds": 60}}}}]}));
    world.run(10);
    world.delete(0, 10);
    world.run(11);
    assert_eq!(world.pods.len(), 1);
    world.run(2);
    assert!(world.pods.is_empty());
    assert_eq!(exit_of(&world.statuses.last().expect("a last status").2, 0), (137, "Error".to_owned()));
    // A hook that fails.
    let only_80 = Program { serves: Some(vec![Serves { port: 80, latency: SimDuration::ZERO, capacity: 0 }]), ..Program::default() };
    let mut world = World::new(&[("app", only_80)]);
    let lifecycle = json!({"postStart": {"httpGet": {"path": "/hello", "port": 99}}});
    world.bind(0, &json!({"containers": [{"name": "app", "image": "app", "lifecycle": lifecycle}]}));
    world.run(12);
    let told = world.told();
    assert!(told.contains(&"FailedPostStartHook x2: PostStartHook failed".to_owned()), "{told:?}");
    assert!(told.contains(&"Killing x2: FailedPostStartHook".to_owned()), "{told:?}");
}

#[test]
fn sidecars_start_first_and_stop_last() {
    let mut world = World::new(&[("slow", Program { stop: seconds(4), ..Program::default() })]);
    let spec = json!({
        "initContainers": [
            {"name": "proxy", "image": "a", "restartPolicy": "Always"},
            {"name": "setup", "image": "a"},
            {"name": "logs", "image": "a", "restartPolicy": "Always"},
        ],
        "containers": [{"name": "app", "image": "slow"}],
        "terminationGracePeriodSeconds": 30,
    });
    world.bind(0, &spec);
    world.run(30);
    assert_eq!(shape(world.status(0)), "Running PIRC");
    let started: Vec<&str> = world.times.iter().filter(|(_, e)| e.reason == "Started").map(|(_, e)| e.about.field_path.as_str()).collect();
    assert_eq!(started, ["spec.initContainers{proxy}", "spec.initContainers{setup}", "spec.initContainers{logs}", "spec.containers{app}"]);
    world.delete(0, 30);
    world.run(1);
    let worker = world.nodes.pod(0).expect("it is stopping");
    let term: Vec<(u64, u64)> = [3, 2, 0]
        .iter()
        .map(|index| worker.containers[*index].stops.expect("it was told to stop"))
        .map(|stop| (stop.term.since(SimTime::ZERO).as_secs(), stop.at.since(stop.term).as_millis()))
        .collect();
    assert_eq!(term[0].0, 30);
    assert!(term[1].0 >= 33 && term[2].0 >= term[1].0 && term.iter().all(|(_, takes)| *takes > 200), "{term:?}");
    world.run(10);
    assert!(world.pods.is_empty());
    // The work is done: its sidecar goes, and the pod has succeeded.
    let mut world = World::new(&[("job", Program { runs_for: Some(seconds(5)), ..Program::default() })]);
    world.bind(
        0,
        &json!({"initContainers": [{"name": "proxy", "image": "a", "restartPolicy": "Always"}],
            "containers": [{"name": "work", "image": "job"}], "restartPolicy": "Never", "terminationGracePeriodSeconds": 30}),
    );
    world.run(20);
    assert_eq!((world.status(0).phase, shape(world.status(0)).as_str()), (Phase::Succeeded, "Succeeded -I--"));
    assert!(world.told().contains(&"Killing x1: Stopping container proxy".to_owned()));
}

#[test]
fn memory_over_the_limit_is_killed() {
    let leak = Usage::Ramp { from: 0, to: 200 << 20, over: seconds(20) };
    let mut world = World::new(&[("leak", Program { memory: leak, ..Program::default() })]);
    let container = json!({"name": "app", "image": "leak", "resources": {"limits": {"memory": "100Mi"}}});
    world.bind(0, &json!({"containers": [container]}));
    world.run(15);
    let status = world.status(0);
    assert_eq!((exit_of(status, 0), status.containers[0].restart_count), ((137, "OOMKilled".to_owned()), 1));
}

#[test]
fn what_the_runtime_refuses() {
    let error: Str = "failed to create containerd task: exec: \"/app\": no such file or directory".into();
    let mut world = World::new(&[("broken", Program { start_error: Some(error.clone()), ..Program::default() })]);
    world.bind(0, &spec("broken", "Always"));
    world.bind(1, &spec("Nginx:latest", "Always"));
    world.run(4);
    let status = world.status(0);
    let ContainerState::Waiting { reason, message } = &status.containers[0].state else { panic!("{status:?}") };
    assert_eq!((reason.as_str(), message), ("RunContainerError", &error));
    assert_eq!(exit_of(status, 0), (128, "StartError".to_owned()));
    assert!(world.told().contains(&format!("Failed x2: Error: {error}")), "{:?}", world.told());
    let waits = |number: u32| match &world.status(number).containers[0].state {
        ContainerState::Waiting { reason, .. } => reason.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(waits(1), "InvalidImageName");
    world.run(10);
    assert!(matches!(&world.status(0).containers[0].state, ContainerState::Waiting { reason, .. } if *reason == "CrashLoopBackOff"));
}

#[test]
fn readiness_gates_hold_a_pod_back() {
    let mut world = World::new(&[]);
    let gates = json!([{"conditionType": "example.com/balancer"}]);
    world.bind(0, &json!({"containers": [{"name": "app", "image": "a"}], "readinessGates": gates}));
    world.run(10);
    let ready = world.status(0).condition("Ready").expect("a condition").clone();
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "ReadinessGatesNotReady"));
    assert_eq!(ready.message, "corresponding condition of pod readiness gate \"example.com/balancer\" does not exist.");
    assert_eq!(world.status(0).condition("ContainersReady").map(|c| c.status.as_str()), Some("True"));
    let mut pod = (*world.pods[&0]).clone();
    let condition = crate::api::meta::Condition { kind: "example.com/balancer".into(), status: ConditionStatus::True, ..ready };
    pod.status.conditions.push(condition);
    world.store(0, pod, Verb::Modified);
    world.run(2);
    assert_eq!(world.status(0).condition("Ready").map(|c| c.status.as_str()), Some("True"));
    assert!(world.status(0).condition("example.com/balancer").is_some(), "it is kept");
}

#[test]
fn a_container_that_cannot_start_and_is_not_to_be_started_again_has_failed() {
    let error: Str = "no such file".into();
    let mut world = World::new(&[("broken", Program { start_error: Some(error), ..Program::default() })]);
    world.bind(0, &spec("broken", "Never"));
    world.bind(1, &json!({"initContainers": [{"name": "setup", "image": "broken"}], "containers": [{"name": "app", "image": "a"}], "restartPolicy": "Never"}));
    world.run(60);
    for number in [0, 1] {
        assert_eq!(world.status(number).phase, Phase::Failed);
    }
    assert_eq!((exit_of(world.status(0), 0), world.status(0).containers[0].restart_count), ((128, "StartError".to_owned()), 0));
}

#[test]
fn a_script_decides_when_an_init_container_ends() {
    let mut world = World::new(&[]);
    let init = |script: &str| json!({"name": "setup", "image": "busybox", "command": ["sh", "-c", script]});
    let spec =
        |script: &str| json!({"initContainers": [init(script)], "containers": [{"name": "app", "image": "a"}], "restartPolicy": "Always"});
    world.bind(0, &spec("sleep 5; exit 0"));
    world.bind(1, &spec("exit 1"));
    world.bind(2, &spec("sleep 3600"));
    world.run(60);
    assert_eq!(world.status(0).phase, Phase::Running);
    assert!(world.status(1).init_containers[0].restart_count >= 3 && world.status(1).phase == Phase::Pending);
    assert_eq!((world.status(2).phase, world.status(2).init_containers[0].restart_count), (Phase::Pending, 0));
}

#[test]
fn time_that_a_pod_may_be_active() {
    let mut world = World::new(&[]);
    world
        .bind(0, &json!({"containers": [{"name": "app", "image": "a"}], "activeDeadlineSeconds": 20, "terminationGracePeriodSeconds": 30}));
    world.run(19);
    assert_eq!(world.status(0).phase, Phase::Running);
    world.run(5);
    let status = world.status(0);
    assert_eq!((status.phase, status.reason.as_str()), (Phase::Failed, "DeadlineExceeded"));
    assert!(world.told().contains(&"DeadlineExceeded x1: Pod was active on the node longer than the specified deadline".to_owned()));
}

#[test]
fn what_nothing_is_known_about_finds_everything_well() {
    let mut world = World::new(&[]);
    let probe = json!({"exec": {"command": ["/bin/health_probe", "-addr=:80"]}, "periodSeconds": 5});
    let lifecycle = json!({"postStart": {"exec": {"command": ["/app/warm"]}}});
    world.bind(0, &json!({"containers": [{"name": "app", "image": "mine", "readinessProbe": probe, "lifecycle": lifecycle}]}));
    world.run(20);
    assert_eq!(shape(world.status(0)), "Running PIRC");
}
