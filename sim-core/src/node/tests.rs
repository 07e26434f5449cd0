//! Drives the kubelets with a small API server: a queue of timers, requests and watch deliveries.

use super::*;
use crate::api::event::Event;
use crate::api::meta::{ConditionStatus, Deletion, Meta, Str, Uid};
use crate::api::object::Kind;
use crate::api::pod::{ContainerState, Phase, PodSpec, PodStatus};
use crate::apiserver::request::Write;
use crate::client::NO_ANSWER;
use crate::kernel::time::SimDuration;
use runtime::image::Pattern;
use runtime::program::Program;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const LATENCY: SimDuration = SimDuration::from_millis(2);

enum Due {
    Input(Input),
    Request(Call),
    Watch(Arc<Pod>, Verb),
}

struct World {
    nodes: Nodes,
    now: SimTime,
    serial: u64,
    queue: BTreeMap<(SimTime, u64), Due>,
    pods: BTreeMap<u32, Arc<Pod>>,
    statuses: Vec<(SimTime, u32, PodStatus)>,
    events: Vec<Arc<Event>>,
    times: Vec<(SimTime, Arc<Event>)>,
    handled: usize,
    /// What the kubelets said of their nodes.
    conditions: Vec<(SimTime, Vec<crate::api::meta::Condition>)>,
}

impl World {
    fn new(rules: &[(&str, Program)]) -> World {
        let rules = rules.iter().map(|(pattern, program)| (Pattern::parse(pattern), program.clone())).collect();
        let mut nodes = Nodes::new(1, Images { rules, ..Images::default() });
        for n in 0..2u8 {
            nodes.add_node(n.into(), Str::from(format!("node-{n}")), Ipv4Addr::new(10, 0, 0, n + 1), Ipv4Addr::new(10, 244, n, 0));
        }
        World {
            nodes,
            now: SimTime::ZERO,
            serial: 0,
            queue: BTreeMap::new(),
            pods: BTreeMap::new(),
            statuses: Vec::new(),
            events: Vec::new(),
            times: Vec::new(),
            handled: 0,
            conditions: Vec::new(),
        }
    }

    /// The same, with this machine as node-0.
    fn with_machine(rules: &[(&str, Program)], machine: kubelet::config::Machine) -> World {
        let mut world = World::new(rules);
        world.nodes.set_up(0, Uid(1), machine);
        world
    }

    /// The pods as a list of the API server's.
    fn listed(&self) -> Vec<(ObjectId, Arc<Pod>)> {
        self.pods.iter().map(|(number, pod)| (ObjectId { kind: Kind::Pod, number: *number }, pod.clone())).collect()
    }

    /// When a condition of a node was true, in the statuses that were posted.
    fn held(&self, kind: &str) -> Vec<(u64, bool)> {
        let posted = self.conditions.iter();
        let holds = |all: &[crate::api::meta::Condition]| all.iter().any(|c| c.kind == *kind && c.status == ConditionStatus::True);
        posted.map(|(at, all)| (at.as_secs(), holds(all))).collect()
    }

    fn push(&mut self, at: SimTime, due: Due) {
        self.serial += 1;
        self.queue.insert((at, self.serial), due);
    }

    fn act(&mut self, act: impl FnOnce(&mut Nodes, SimTime, &mut Outbox<Call, Input>)) {
        let mut out = Outbox::new(self.now);
        act(&mut self.nodes, self.now, &mut out);
        let (calls, alarms) = out.drain();
        for (at, call) in calls {
            self.push(at + LATENCY, Due::Request(call));
        }
        for (at, input) in alarms {
            self.push(at, Due::Input(input));
        }
    }

    fn bind(&mut self, number: u32, spec: &Value) {
        let meta = Meta {
            name: Str::from(format!("web-{number}")),
            namespace: "dev".into(),
            uid: Uid(u128::from(number) + 1000),
            resource_version: 1,
            generation: 1,
            ..Meta::default()
        };
        let pod = Pod {
            meta,
            spec: Arc::new(PodSpec::from_tree(spec)),
            target: Str::EMPTY,
            node_name: "node-0".into(),
            status: PodStatus::default(),
        };
        self.store(number, pod, Verb::Added);
    }

    fn store(&mut self, number: u32, mut pod: Pod, verb: Verb) {
        self.serial += 1;
        pod.meta.resource_version = self.serial + 1;
        let pod = Arc::new(pod);
        match verb {
            Verb::Deleted => drop(self.pods.remove(&number)),
            _ => drop(self.pods.insert(number, pod.clone())),
        }
        self.push(self.now + LATENCY, Due::Watch(pod, verb));
    }

    fn delete(&mut self, number: u32, grace: i64) {
        let mut pod = (*self.pods[&number]).clone();
        pod.meta.generation += i64::from(pod.meta.deletion.is_none());
        pod.meta.deletion = Some(Deletion { at: self.now + SimDuration::from_secs(grace as u64), grace });
        self.store(number, pod, Verb::Modified);
    }

    fn request(&mut self, call: Call) {
        let mut result = Err(ApiError::not_found("", "pods", "x"));
        match call.write {
            Write::PodStatus(id, status) => {
                if let Some(pod) = self.pods.get(&id.number) {
                    self.statuses.push((self.now, id.number, (*status).clone()));
                    let pod = Pod { status: *status, ..(**pod).clone() };
                    result = Ok(Object::from(pod.clone()));
                    self.store(id.number, pod, Verb::Modified);
                }
            }
            Write::Delete(id, options) => {
                assert_eq!(options.grace_period, Some(0));
                if let Some(pod) = self.pods.get(&id.number) {
                    let pod = (**pod).clone();
                    self.store(id.number, pod, Verb::Deleted);
                }
            }
            Write::Report(event) => {
                self.times.push((self.now, event.clone()));
                self.events.push(event);
            }
            Write::NodeConditions(_, conditions) => self.conditions.push((self.now, conditions)),
            other => panic!("a kubelet doesn't ask for {other:?}"),
        }
        if call.token != NO_ANSWER {
            self.push(self.now + LATENCY, Due::Input(Input::Answer { token: call.token, result }));
        }
    }

    fn run(&mut self, secs: u64) {
        let until = self.now + SimDuration::from_secs(secs);
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > until {
                break;
            }
            let ((at, _), due) = entry.remove_entry();
            self.now = at;
            if !matches!(&due, Due::Request(Call { write: Write::Report(_), .. })) {
                self.handled += 1;
            }
            match due {
                Due::Input(input) => self.act(|nodes, now, out| nodes.on(now, input, out)),
                Due::Request(call) => self.request(call),
                Due::Watch(pod, verb) => {
                    let id = ObjectId { kind: Kind::Pod, number: pod.meta.uid.0 as u32 - 1000 };
                    self.act(|nodes, now, out| nodes.pod_changed(now, id, &pod, verb, out));
                }
            }
        }
        self.now = until;
    }

    fn status(&self, number: u32) -> &PodStatus {
        &self.pods[&number].status
    }

    /// `reason xcount: message`, in order, each once.
    fn told(&self) -> Vec<String> {
        let mut newest: BTreeMap<&str, usize> = BTreeMap::new();
        let mut lines: Vec<String> = Vec::new();
        for event in &self.events {
            let line = format!("{} x{}: {}", event.reason, event.count, event.message);
            match newest.get(event.meta.name.as_str()) {
                Some(at) => lines[*at] = line,
                None => {
                    newest.insert(&event.meta.name, lines.len());
                    lines.push(line);
                }
            }
        }
        lines
    }
}

fn spec(image: &str, policy: &str) -> Value {
    json!({"containers": [{"name": "nginx", "image": image}], "restartPolicy": policy, "terminationGracePeriodSeconds": 30})
}

/// Phase and, per condition, its first letter if true, `-` if false.
fn shape(status: &PodStatus) -> String {
    let letters = status.conditions.iter().map(|c| if c.status.as_str() == "True" { c.kind.chars().next().unwrap_or('?') } else { '-' });
    format!("{} {}", status.phase.as_str(), letters.collect::<String>())
}

fn seconds(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

mod faults;
mod life;
mod pressure;

#[test]
fn a_pod_comes_up_and_goes() {
    let mut world = World::new(&[]);
    world.bind(0, &spec("web:1.17.1", "Always"));
    world.run(10);
    let shapes: Vec<String> = world.statuses.iter().map(|(_, _, status)| shape(status)).collect();
    assert_eq!(shapes, ["Pending -I--", "Running PIRC"]);
    let first = &world.statuses[0].2;
    assert_eq!(
        first.condition("Ready").map(|c| (c.reason.as_str(), c.message.as_str())),
        Some(("ContainersNotReady", "containers with unready status: [nginx]"))
    );
    assert_eq!((first.pod_ip, first.host_ip), (None, Some(Ipv4Addr::new(10, 0, 0, 1))));
    assert_eq!(world.status(0).pod_ip, Some(Ipv4Addr::new(10, 244, 0, 2)));
    let told = world.told();
    assert_eq!(told[0], "Pulling x1: Pulling image \"web:1.17.1\"");
    assert!(
        told[1].starts_with("Pulled x1: Successfully pulled image \"web:1.17.1\" in ") && told[1].ends_with("Image size: 50000000 bytes."),
        "{told:?}"
    );
    assert_eq!(told[2..], ["Created x1: Container created", "Started x1: Container started"]);
    world.delete(0, 30);
    world.run(5);
    let last = &world.statuses.last().expect("a last status").2;
    assert_eq!((shape(last).as_str(), last.observed_generation), ("Succeeded -I--", 2));
    assert_eq!(last.condition("Ready").map(|c| c.reason.as_str()), Some("PodCompleted"));
    assert!(matches!(last.containers[0].state, ContainerState::Terminated { exit_code: 0, .. }));
    assert!(world.pods.is_empty() && world.nodes.pods() == 0 && world.queue.is_empty());
    assert_eq!(world.told().last().map(String::as_str), Some("Killing x1: Stopping container nginx"));
}

#[test]
fn a_pod_whose_image_is_there_costs_few_events() {
    let mut world = World::new(&[]);
    world.bind(0, &spec("nginx", "Always"));
    world.run(10);
    let before = world.handled;
    world.bind(1, &spec("nginx", "Always"));
    world.run(10);
    assert_eq!(shape(world.status(1)), "Running PIRC");
    // The delivery of the binding, one timer, two statuses and their two echoes; events aside.
    assert_eq!(world.handled - before, 6);
    assert_eq!(world.told()[4], "Pulled x1: Container image \"nginx\" already present on machine and can be accessed by the pod");
}

#[test]
fn a_process_that_ignores_term_is_killed() {
    let mut world = World::new(&[("slow", Program { stop: seconds(100), ..Program::default() })]);
    world.bind(0, &spec("slow", "Always"));
    world.run(10);
    world.delete(0, 30);
    world.run(20);
    assert_eq!(world.pods.len(), 1);
    world.run(15);
    assert!(world.pods.is_empty());
    let last = &world.statuses.last().expect("a last status").2;
    assert_eq!(last.phase, Phase::Failed);
    assert!(matches!(last.containers[0].state, ContainerState::Terminated { exit_code: 137, .. }));
    // A shorter grace period replaces the one that runs.
    world.bind(1, &spec("slow", "Always"));
    world.run(10);
    world.delete(1, 30);
    world.run(2);
    world.delete(1, 1);
    world.run(3);
    assert!(world.pods.is_empty());
}

#[test]
fn crashes_back_off() {
    let mut world = World::new(&[("crash", Program { crash_after: Some(seconds(1)), ..Program::default() })]);
    world.bind(0, &spec("crash", "Always"));
    world.run(120);
    let starts: Vec<u64> = {
        let mut seen = Vec::new();
        for (_, _, status) in &world.statuses {
            if let ContainerState::Running { started } = status.containers[0].state {
                seen.push(started.as_secs());
            }
        }
        seen
    };
    let gaps: Vec<u64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(gaps.len(), 4, "{starts:?}");
    for (gap, (low, high)) in gaps.iter().zip([(1, 3), (11, 12), (21, 22), (41, 42)]) {
        assert!((low..=high).contains(gap), "{gaps:?}");
    }
    let status = world.status(0);
    assert_eq!((status.phase, status.containers[0].restart_count), (Phase::Running, 4));
    let ContainerState::Waiting { reason, message } = &status.containers[0].state else { panic!("{status:?}") };
    assert_eq!(*reason, "CrashLoopBackOff");
    assert!(message.starts_with("back-off 1m20s restarting failed container=nginx pod=web-0_dev("), "{message}");
    assert!(matches!(status.containers[0].last_state, Some(ContainerState::Terminated { exit_code: 1, .. })));
    let told = world.told();
    assert!(told.contains(&"Started x5: Container started".to_owned()), "{told:?}");
    assert!(
        told.iter().any(|line| line.starts_with("BackOff x4: Back-off restarting failed container nginx in pod web-0_dev(")),
        "{told:?}"
    );
}

#[test]
fn a_missing_image_is_tried_again_and_again() {
    let mut world = World::new(&[("*bad*", Program { missing: true, ..Program::default() })]);
    world.bind(0, &spec("nginx:bad", "Always"));
    world.run(40);
    let reasons: Vec<String> = {
        let mut reasons = Vec::new();
        for (_, _, status) in &world.statuses {
            if let ContainerState::Waiting { reason, .. } = &status.containers[0].state {
                reasons.push(reason.to_string());
            }
        }
        reasons
    };
    let round = ["ErrImagePull", "ImagePullBackOff"];
    assert_eq!(reasons, [&["ContainerCreating"][..], &round, &round, &round].concat());
    assert_eq!(world.status(0).phase, Phase::Pending);
    let told = world.told();
    assert_eq!(told[0], "Pulling x3: Pulling image \"nginx:bad\"");
    assert!(told[1].starts_with("Failed x3: Failed to pull image \"nginx:bad\": rpc error: code = NotFound"), "{told:?}");
    assert_eq!(
        told[2..],
        ["Failed x3: Error: ErrImagePull", "BackOff x3: Back-off pulling image \"nginx:bad\"", "Failed x3: Error: ImagePullBackOff"]
    );
    world.delete(0, 30);
    world.run(2);
    assert!(world.pods.is_empty() && world.nodes.pods() == 0);
}

#[test]
fn work_that_ends() {
    let check = |policy: &str, code: i32, phase: Phase, restarts: u32| {
        let mut world = World::new(&[("job", Program { runs_for: Some(seconds(3)), exit_code: code, ..Program::default() })]);
        world.bind(0, &spec("job", policy));
        world.run(8);
        let status = world.status(0);
        assert_eq!((status.phase, status.containers[0].restart_count), (phase, restarts), "{policy} {code}");
        assert_eq!(world.nodes.pod(0).map(|worker| worker.holds_address), Some(!phase.is_final()));
    };
    check("Never", 0, Phase::Succeeded, 0);
    check("OnFailure", 0, Phase::Succeeded, 0);
    check("Never", 3, Phase::Failed, 0);
    check("OnFailure", 3, Phase::Running, 1);
    check("Always", 0, Phase::Running, 1);
}

#[test]
fn init_containers_run_one_by_one() {
    let mut world = World::new(&[]);
    let spec = json!({
        "initContainers": [{"name": "one", "image": "a"}, {"name": "two", "image": "a"}],
        "containers": [{"name": "nginx", "image": "a"}, {"name": "log", "image": "b"}],
    });
    world.bind(0, &spec);
    world.run(30);
    let shapes: Vec<String> = world.statuses.iter().map(|(_, _, status)| shape(status)).collect();
    assert_eq!(shapes, ["Pending ----", "Pending P---", "Pending P---", "Pending P---", "Pending PI--", "Running PIRC"]);
    let messages: Vec<&str> =
        world.statuses.iter().filter_map(|(_, _, s)| s.condition("Initialized")).map(|c| c.message.as_str()).collect();
    assert_eq!((messages[0], messages[2]), ("containers with incomplete status: [one two]", "containers with incomplete status: [two]"));
    assert!(matches!(&world.statuses[0].2.containers[0].state, ContainerState::Waiting { reason, .. } if *reason == "PodInitializing"));
    assert!(world.status(0).init_containers.iter().all(|c| c.ready));
}

#[test]
fn readiness_comes_later() {
    // The pod is known from 2 ms on; pulled, it runs after 2.7 s. Probes tick from when the kubelet knew the pod.
    let check = |program: Program, probe: Value, ready: (u64, u64), failures: usize| {
        let mut world = World::new(&[("slow", program)]);
        let container = json!({"name": "nginx", "image": "slow", "readinessProbe": probe});
        world.bind(0, &json!({"containers": [container]}));
        world.run(100);
        let seen: Vec<(SimTime, bool)> = world.statuses.iter().map(|(at, _, s)| (*at, s.containers[0].ready)).collect();
        assert_eq!(seen.len(), 3, "{seen:?}");
        let at = seen[2].0.since(SimTime::ZERO).as_millis();
        assert!(!seen[1].1 && seen[2].1 && (ready.0..=ready.1).contains(&at), "{at}");
        let unhealthy = world.events.iter().filter(|event| event.reason == "Unhealthy").count();
        assert_eq!(unhealthy, failures, "{:?}", world.told());
        assert!(world.queue.is_empty(), "a healthy probe waits for nothing");
    };
    let later = || Program { ready_after: seconds(4), ..Program::default() };
    let port = json!({"port": 80});
    let with = |mut probe: Value| {
        probe["httpGet"] = port.clone();
        probe
    };
    check(later(), Value::Null, (6_000, 7_500), 0);
    check(later(), with(json!({"initialDelaySeconds": 5, "periodSeconds": 10})), (10_000, 10_010), 0);
    check(later(), with(json!({"initialDelaySeconds": 1, "periodSeconds": 5})), (10_000, 10_010), 1);
    check(later(), with(json!({"periodSeconds": 3})), (9_000, 9_010), 3);
    check(Program::default(), with(json!({"initialDelaySeconds": 3})), (10_000, 10_010), 0);
}

#[test]
fn a_node_dies_and_comes_back() {
    let mut world = World::new(&[]);
    world.bind(0, &spec("nginx", "Always"));
    world.bind(1, &spec("nginx", "Always"));
    world.run(10);
    let written = world.statuses.len();
    world.act(|nodes, now, _| nodes.kill(0, now));
    assert!(!world.nodes.is_up(0));
    world.delete(1, 30);
    world.run(60);
    assert_eq!(world.statuses.len(), written, "a dead node says nothing");
    let pods: Vec<(ObjectId, Arc<Pod>)> =
        world.pods.iter().map(|(number, pod)| (ObjectId { kind: Kind::Pod, number: *number }, pod.clone())).collect();
    world.act(|nodes, now, out| nodes.restart(0, now, pods.iter().map(|(id, pod)| (*id, pod)), out));
    world.run(10);
    assert_eq!(world.pods.keys().collect::<Vec<_>>(), [&0]);
    let status = world.status(0);
    assert_eq!((shape(status).as_str(), status.containers[0].restart_count), ("Running PIRC", 1));
    assert!(matches!(status.containers[0].last_state, Some(ContainerState::Terminated { exit_code: 255, .. })));
    assert_eq!(status.pod_ip, Some(Ipv4Addr::new(10, 244, 0, 4)));
    assert!(world.told().iter().any(|line| line.starts_with("SandboxChanged x1")));
}

#[test]
fn a_forced_deletion_and_a_pod_that_is_deleted_before_it_starts() {
    let mut world = World::new(&[]);
    world.bind(0, &spec("nginx", "Always"));
    world.run(10);
    let pod = (*world.pods[&0]).clone();
    world.store(0, pod, Verb::Deleted);
    world.bind(1, &spec("mongo", "Always"));
    world.run(1);
    assert_eq!(world.nodes.pods(), 1);
    assert_eq!(world.nodes.working(0), 1);
    world.delete(1, 30);
    world.run(10);
    assert!(world.pods.is_empty() && world.queue.is_empty());
    assert_eq!(world.statuses.last().map(|(_, _, s)| s.phase), Some(Phase::Failed));
}

#[test]
fn a_late_word_of_a_pod_that_is_gone_is_ignored() {
    let mut world = World::new(&[]);
    world.bind(0, &spec("nginx", "Always"));
    world.run(10);
    let gone = Pod {
        meta: Meta { deletion: Some(Deletion { at: world.now, grace: 0 }), ..world.pods[&0].meta.clone() },
        ..(*world.pods[&0]).clone()
    };
    world.store(0, gone.clone(), Verb::Deleted);
    world.push(world.now + LATENCY, Due::Watch(Arc::new(gone), Verb::Modified));
    world.run(60);
    assert!(world.nodes.pods() == 0 && world.queue.is_empty());
}
