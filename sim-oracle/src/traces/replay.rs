//! Plays a recorded trace against the model: its commands at their times, its kubelets' words at theirs.

use super::recorded::{Change, Command, Life, Recorded, identity};
use serde_json::Value;
use sim_core::api::event::{Event, EventType, ObjectReference};
use sim_core::api::meta::{Condition, ConditionStatus, Meta, Str, text};
use sim_core::api::node::Node;
use sim_core::api::object::{Kind, Object, ObjectId};
use sim_core::api::pod::{ContainerState, ContainerStatus, Phase, PodStatus, Taint, TaintEffect};
use sim_core::api::quantity::Quantity;
use sim_core::apiserver::request::{DeleteOptions, Write};
use sim_core::cluster::faults::Fault;
use sim_core::cluster::{Drivers, Kubelets, NodeConfig};
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::kubectl::{self, Invocation, Outcome, Session};
use sim_core::store::Verb;
use sim_core::{Cluster, Config};
use std::collections::BTreeMap;

/// What the model did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replayed {
    pub(crate) changes: Vec<Change>,
    /// Per recorded command; `None` for what can't be replayed.
    pub(crate) outputs: Vec<Option<Command>>,
}

/// How long kubectl takes to start before its first request.
const KUBECTL_START: SimDuration = SimDuration::from_millis(130);
/// What the recorded kubelets did unless told otherwise.
const READY_AFTER: SimDuration = SimDuration::from_millis(1_020);
const GONE_AFTER: SimDuration = SimDuration::from_millis(320);

/// A pod that is bound within this time of the recorded one is that pod.
const SAME_POD: SimDuration = SimDuration::from_millis(700);

enum Action {
    Command(usize, String),
    Status(ObjectId, Box<PodStatus>),
    Gone(ObjectId),
    /// A pod that was made without kubectl: the number of its first change.
    Create(usize),
    /// A kubelet's event: its number among those that were recorded.
    Tell(usize),
    Power(Fault),
}

struct Player<'a> {
    recorded: &'a Recorded,
    cluster: Cluster,
    agenda: BTreeMap<(SimTime, usize), Action>,
    next: usize,
    seen: u64,
    counts: BTreeMap<String, usize>,
    lives: BTreeMap<u32, Life>,
    /// The pods' names here, by identity and number.
    names: BTreeMap<(String, usize), String>,
    waiting: Vec<(usize, Session, Option<SimTime>)>,
    replayed: Replayed,
}

/// Plays the trace.
pub(crate) fn replay(recorded: &Recorded) -> Replayed {
    // The machine's speed is the recording's, not the model's: two thirds of a reaction are the request's way.
    let reaction =
        recorded.reaction().unwrap_or(SimDuration::from_millis(12)).clamp(SimDuration::from_millis(6), SimDuration::from_millis(120));
    let watch_latency = SimDuration::from_nanos(reaction.as_nanos() / 3);
    let config = Config {
        epoch: recorded.epoch,
        nodes: nodes(recorded),
        api_latency: watch_latency * 2,
        watch_latency,
        kubelets: Kubelets::Outside,
        drivers: Drivers::None,
        network: crate::no_network(),
        ..Config::default()
    };
    let mut player = Player {
        recorded,
        cluster: Cluster::new(config),
        agenda: BTreeMap::new(),
        next: 0,
        seen: 0,
        counts: BTreeMap::new(),
        lives: BTreeMap::new(),
        names: BTreeMap::new(),
        waiting: Vec::new(),
        replayed: Replayed { outputs: vec![None; recorded.commands.len()], ..Replayed::default() },
    };
    player.play();
    player.replayed
}

fn nodes(recorded: &Recorded) -> Vec<NodeConfig> {
    if recorded.nodes.is_empty() {
        let named = |n: usize| {
            let name = format!("node-{n}");
            // A node that no pod tells of is like the others: three zones in turn.
            let usual =
                || vec![("topology.kubernetes.io/region", "r1"), ("topology.kubernetes.io/zone", ["zone-a", "zone-b", "zone-c"][n % 3])];
            let usual = || usual().into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            let labels =
                recorded.topology.get(&name).cloned().unwrap_or_else(|| if recorded.topology.is_empty() { Vec::new() } else { usual() });
            NodeConfig { milli_cpu: 32_000, memory: 256 << 30, labels, ..NodeConfig::named(name) }
        };
        return (0..10).map(named).collect();
    }
    let config = |tree: &Value| {
        let labels = tree["metadata"]["labels"].as_object().into_iter().flatten();
        let amount = |name: &str| Quantity::from_value(&tree["status"]["allocatable"][name]).and_then(Result::ok);
        let taint = |tree: &Value| {
            let effect = TaintEffect::parse(tree["effect"].as_str().unwrap_or_default())?;
            Some(Taint { key: text(tree, "key"), value: text(tree, "value"), effect, added: None })
        };
        NodeConfig {
            milli_cpu: amount("cpu").map_or(32_000, |cpu| cpu.milli_value()),
            memory: amount("memory").map_or(256 << 30, |memory| memory.value()),
            pods: amount("pods").map_or(110, |pods| pods.value()),
            taints: tree["spec"]["taints"].as_array().into_iter().flatten().filter_map(taint).collect(),
            labels: labels.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect(),
            ..NodeConfig::named(tree["metadata"]["name"].as_str().unwrap_or_default())
        }
    };
    recorded.nodes.iter().map(config).collect()
}

impl Player<'_> {
    fn play(&mut self) {
        self.run(&["create", "namespace", &self.recorded.namespace.clone()]);
        for (number, command) in self.recorded.commands.iter().enumerate() {
            let parts: Vec<&str> = command.line.split("&&").map(str::trim).collect();
            for (part, line) in parts.iter().enumerate() {
                // Each of several commands takes its share of the time; what it asks for it asks at the end of it.
                let share = command.took * (part as u64 + 1);
                let end = command.at
                    + SimDuration::from_nanos(share.as_nanos() / parts.len() as u64).saturating_sub(SimDuration::from_millis(10));
                let at = if waits(line) { command.at + KUBECTL_START } else { end };
                self.plan(at, Action::Command(number, (*line).to_owned()));
            }
        }
        for power in &self.recorded.powers {
            let fault = if power.on { Fault::RestartNode(power.node.clone()) } else { Fault::KillNode(power.node.clone()) };
            self.plan(power.at, Action::Power(fault));
        }
        for (number, change) in self.recorded.changes.iter().enumerate().filter(|(_, change)| self.recorded.is_made_by_hand(change)) {
            self.plan(change.at, Action::Create(number));
        }
        loop {
            let due = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let deadline = self.waiting.iter().filter_map(|(_, _, deadline)| *deadline).filter(|at| *at > self.cluster.now()).min();
            let event = self.cluster.next_at();
            let Some(next) = [due, deadline, event].into_iter().flatten().min().filter(|at| *at <= self.recorded.end) else { break };
            if event == Some(next) && due.is_none_or(|due| due >= next) {
                self.cluster.step();
            } else {
                self.cluster.run_until(next);
                if due == Some(next)
                    && let Some((_, action)) = self.agenda.pop_first()
                {
                    self.act(action);
                }
            }
            self.look();
            self.poll();
        }
    }

    fn plan(&mut self, at: SimTime, action: Action) {
        self.next += 1;
        self.agenda.insert((at, self.next), action);
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Command(number, line) => self.command(number, &line),
            // What the recorded kubelet said of its pod may not fit any more: then it said it to nobody.
            Action::Status(pod, status) => drop(self.cluster.act("kubelet", &Write::PodStatus(pod, status))),
            Action::Gone(pod) => {
                let now = DeleteOptions { grace_period: Some(0), ..DeleteOptions::default() };
                drop(self.cluster.act("kubelet", &Write::Delete(pod, now)));
            }
            Action::Create(number) => self.create(number),
            Action::Tell(number) => self.tell(number),
            Action::Power(fault) => drop(self.cluster.fault(&fault)),
        }
    }

    /// A recorded pod as it was when it was made.
    fn create(&mut self, number: usize) {
        let mut pod = self.recorded.changes[number].object.clone();
        pod["status"] = Value::Null;
        pod["apiVersion"] = "v1".into();
        pod["kind"] = "Pod".into();
        for field in ["uid", "resourceVersion", "creationTimestamp", "generation"] {
            pod["metadata"][field] = Value::Null;
        }
        let args = ["create", "-f", "pod.json"].map(str::to_owned).to_vec();
        let files = [("pod.json".to_owned(), pod.to_string())].into_iter().collect();
        self.cluster.kubectl(&Invocation { args, files });
    }

    /// A recorded kubelet's event, about the pod that stands for the recorded one.
    fn tell(&mut self, number: usize) {
        let (at, key, tree) = &self.recorded.told[number];
        let Some(name) = self.names.get(key) else { return };
        let Some((_, pod)) = self.cluster.find(Kind::Pod, &self.recorded.namespace, name) else { return };
        let pod = pod.meta().clone();
        let suffix = tree["metadata"]["name"].as_str().and_then(|name| name.rsplit_once('.')).unwrap_or_default().1;
        self.report(&pod, suffix, *at, tree);
    }

    /// What a kubelet says when it stops a pod's containers.
    fn tell_killing(&mut self, pod: &sim_core::api::pod::Pod, at: SimTime) {
        for (number, container) in pod.spec.containers.iter().enumerate() {
            let tree = serde_json::json!({
                "involvedObject": {"fieldPath": format!("spec.containers{{{}}}", container.name)}, "reason": "Killing", "type": "Normal",
                "message": format!("Stopping container {}", container.name), "source": {"host": pod.node_name.as_str()}, "count": 1,
            });
            self.report(&pod.meta, &format!("killing{number}.{:x}", pod.meta.uid.0 as u64), at, &tree);
        }
    }

    fn report(&mut self, pod: &Meta, suffix: &str, at: SimTime, tree: &Value) {
        let event = Event {
            meta: Meta { name: format!("{}.{suffix}", pod.name).into(), namespace: pod.namespace.clone(), ..Meta::default() },
            about: ObjectReference {
                kind: "Pod",
                api_version: "v1",
                namespace: pod.namespace.clone(),
                name: pod.name.clone(),
                uid: pod.uid,
                resource_version: pod.resource_version,
                field_path: text(&tree["involvedObject"], "fieldPath"),
            },
            reason: text(tree, "reason"),
            message: text(tree, "message"),
            event_type: if tree["type"] == "Warning" { EventType::Warning } else { EventType::Normal },
            component: "kubelet",
            host: text(&tree["source"], "host"),
            first: at,
            last: at,
            count: tree["count"].as_u64().unwrap_or(1) as u32,
            action: "",
        };
        drop(self.cluster.act("kubelet", &Write::Report(std::sync::Arc::new(event))));
    }

    fn run(&mut self, words: &[&str]) {
        let args = words.iter().map(|word| (*word).to_owned()).collect();
        self.cluster.kubectl(&Invocation { args, files: BTreeMap::new() });
    }

    fn command(&mut self, number: usize, line: &str) {
        let line = self.translated(number, line);
        let mut files = self.recorded.files.clone();
        let line = match here_document(&line) {
            Some((line, text)) => {
                files.insert("-".to_owned(), text);
                line
            }
            None => line,
        };
        let shell = line.contains("$(") || line.contains('|') || !line.starts_with("kubectl ");
        let Some(args) = kubectl::split(&line).ok().filter(|_| !shell) else { return };
        let outcome = self.cluster.kubectl(&Invocation { args, files });
        let output = self.replayed.outputs[number].get_or_insert_default();
        let (Outcome::Done(printed) | Outcome::Waiting(printed, _)) = &outcome;
        output.stdout.push_str(&printed.stdout);
        output.stderr.push_str(&printed.stderr);
        output.code = i64::from(printed.code);
        if let Outcome::Waiting(_, session) = outcome {
            self.waiting.push((number, session, None));
        }
    }

    /// The command with the names that its pods have here. What a shell would have put for `$(…)` stands in the recorded output.
    fn translated(&self, number: usize, line: &str) -> String {
        let mut line = line.to_owned();
        if let Some((before, rest)) = line.split_once("$(")
            && let Some((_, after)) = rest.split_once(')')
        {
            let printed = &self.recorded.commands[number].stdout;
            if let Some(pod) = self.recorded.pods.keys().find(|name| printed.contains(name.as_str())) {
                line = format!("{before}pod/{pod}{after}");
            }
        }
        for (theirs, key) in &self.recorded.pods {
            if let Some(ours) = self.names.get(key).filter(|_| line.contains(theirs.as_str())) {
                line = line.replace(theirs.as_str(), ours);
            }
        }
        line
    }

    fn poll(&mut self) {
        let mut still = Vec::new();
        for (number, mut session, _) in std::mem::take(&mut self.waiting) {
            let progress = self.cluster.poll(&mut session);
            let output = self.replayed.outputs[number].get_or_insert_default();
            output.stdout.push_str(&progress.output.stdout);
            output.stderr.push_str(&progress.output.stderr);
            if progress.done {
                output.code = i64::from(progress.output.code);
            } else {
                still.push((number, session, progress.deadline));
            }
        }
        self.waiting = still;
    }

    /// Notes what has changed, and plans what the kubelets do about it.
    fn look(&mut self) {
        let Ok(changes) = self.cluster.store().changes_since(self.seen) else { return };
        let changes: Vec<_> = changes.cloned().collect();
        self.seen = self.cluster.store().revision();
        for change in changes {
            let verb = match change.verb {
                Verb::Added => "ADDED",
                Verb::Modified => "MODIFIED",
                Verb::Deleted => "DELETED",
            };
            let object = self.cluster.served(&change.object);
            let is_volume = change.id.kind == Kind::PersistentVolume;
            if change.object.meta().namespace == self.recorded.namespace.as_str() || is_volume {
                let resource = change.id.kind.resource().plural.to_owned();
                self.replayed.changes.push(Change { resource, verb, object: object.clone(), at: change.at });
            }
            if let Object::Pod(pod) = &change.object {
                let before = change.old.as_ref().and_then(Object::as_pod);
                let number = change.id.number;
                if verb == "ADDED" {
                    let identity = identity(&object);
                    let count = self.counts.entry(identity.clone()).or_default();
                    let key = (identity, *count);
                    let life = self.recorded.lives.get(&key).cloned().unwrap_or_default();
                    *count += 1;
                    self.names.insert(key, pod.meta.name.to_string());
                    self.lives.insert(number, life);
                }
                let life = self.lives.get(&number).cloned().unwrap_or_default();
                if !pod.node_name.is_empty() && before.is_none_or(|before| before.node_name.is_empty()) {
                    self.bound(change.id, change.at, &life, &object);
                }
                if verb == "MODIFIED" && pod.meta.deletion.is_some() && before.is_some_and(|before| before.meta.deletion.is_none()) {
                    self.plan(change.at + life.gone.unwrap_or(GONE_AFTER), Action::Gone(change.id));
                    if self.recorded.tells_killing && !pod.node_name.is_empty() {
                        self.tell_killing(pod, change.at);
                    }
                }
            }
        }
    }

    fn bound(&mut self, pod: ObjectId, at: SimTime, life: &Life, object: &Value) {
        let up = self.cluster.store().find_object(
            sim_core::api::object::Kind::Node,
            "",
            object["spec"]["nodeName"].as_str().unwrap_or_default(),
        );
        if up.and_then(Object::as_node).is_none_or(|node: &std::sync::Arc<Node>| !node.is_ready()) {
            return;
        }
        // At the recorded moments, so that pods become ready together where they did; unless this one is another pod's namesake.
        let apart = if at > life.bound { at.since(life.bound) } else { life.bound.since(at) };
        let from = if apart < SAME_POD { life.bound } else { at };
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let told = self.recorded.told.iter().enumerate();
        let of_pod = told.filter(|(_, (at, key, _))| *at >= life.bound && self.names.get(key).is_some_and(|known| known == name));
        let words: Vec<(usize, SimTime)> = of_pod.map(|(number, (at, _, _))| (number, from + at.since(life.bound))).collect();
        words.into_iter().for_each(|(number, at)| self.plan(at, Action::Tell(number)));
        if life.statuses.is_empty() {
            let running = status(&usual(object), self.recorded);
            return self.plan(at + READY_AFTER, Action::Status(pod, Box::new(running)));
        }
        for (after, tree) in &life.statuses {
            self.plan((from + *after).max(at + SimDuration::from_millis(1)), Action::Status(pod, Box::new(status(tree, self.recorded))));
        }
    }
}

/// What a shell's `<<'EOF'` gives a command to read, and the command without it.
fn here_document(line: &str) -> Option<(String, String)> {
    let (command, rest) = line.split_once("<<")?;
    let (word, rest) = rest.split_once('\n')?;
    let word = word.trim().trim_matches(['\'', '"']);
    let text: Vec<&str> = rest.lines().take_while(|line| *line != word).collect();
    Some((command.trim().to_owned(), text.join("\n") + "\n"))
}

/// Whether a command waits for something after its first request.
fn waits(line: &str) -> bool {
    [" rollout status", " wait ", " delete ", " drain "].iter().any(|word| line.contains(word))
}

/// The status of a pod that is running and ready.
fn usual(pod: &Value) -> Value {
    let ready = |kind: &str| serde_json::json!({"type": kind, "status": "True"});
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let containers: Vec<Value> = containers
        .map(|c| serde_json::json!({"name": c["name"], "image": c["image"], "ready": true, "started": true, "state": {"running": {}}}))
        .collect();
    serde_json::json!({"phase": "Running", "conditions": [ready("Initialized"), ready("Ready"), ready("ContainersReady")], "containerStatuses": containers})
}

/// A recorded status, typed.
fn status(tree: &Value, recorded: &Recorded) -> PodStatus {
    let time = |tree: &Value| tree.as_str().and_then(|at| recorded.epoch.parse(at)).unwrap_or_default();
    let condition = |tree: &Value| Condition {
        kind: text(tree, "type"),
        status: match tree["status"].as_str() {
            Some("True") => ConditionStatus::True,
            Some("False") => ConditionStatus::False,
            _ => ConditionStatus::Unknown,
        },
        reason: text(tree, "reason"),
        message: text(tree, "message"),
        last_transition: time(&tree["lastTransitionTime"]),
        last_update: time(&tree["lastTransitionTime"]),
        observed_generation: tree["observedGeneration"].as_i64().unwrap_or(0),
    };
    let state = |tree: &Value| {
        if let Some(running) = tree.get("running") {
            return ContainerState::Running { started: time(&running["startedAt"]) };
        }
        if let Some(ended) = tree.get("terminated") {
            return ContainerState::Terminated {
                exit_code: ended["exitCode"].as_i64().unwrap_or(0) as i32,
                reason: text(ended, "reason"),
                started: time(&ended["startedAt"]),
                finished: time(&ended["finishedAt"]),
                container_id: 1,
            };
        }
        ContainerState::Waiting { reason: text(&tree["waiting"], "reason"), message: text(&tree["waiting"], "message") }
    };
    let container = |tree: &Value| ContainerStatus {
        name: text(tree, "name"),
        image: text(tree, "image"),
        state: state(&tree["state"]),
        last_state: tree["lastState"].as_object().filter(|map| !map.is_empty()).map(|_| state(&tree["lastState"])),
        ready: tree["ready"] == true,
        started: tree["started"] == true,
        restart_count: tree["restartCount"].as_u64().unwrap_or(0) as u32,
        container_id: 1,
    };
    let phases = [Phase::Pending, Phase::Running, Phase::Succeeded, Phase::Failed, Phase::Unknown];
    let phase = phases.into_iter().find(|phase| tree["phase"] == phase.as_str()).unwrap_or_default();
    let list = |field: &str| tree[field].as_array().cloned().unwrap_or_default();
    PodStatus {
        phase,
        conditions: list("conditions").iter().map(condition).collect(),
        host_ip: tree["hostIP"].as_str().and_then(|ip| ip.parse().ok()),
        pod_ip: tree["podIP"].as_str().and_then(|ip| ip.parse().ok()),
        start_time: tree["startTime"].as_str().map(|_| time(&tree["startTime"])),
        containers: list("containerStatuses").iter().map(container).collect(),
        init_containers: list("initContainerStatuses").iter().map(container).collect(),
        ephemeral_containers: list("ephemeralContainerStatuses").iter().map(container).collect(),
        reason: Str::EMPTY,
        message: Str::EMPTY,
        observed_generation: tree["observedGeneration"].as_i64().unwrap_or(0),
        nominated_node: Str::EMPTY,
    }
}
