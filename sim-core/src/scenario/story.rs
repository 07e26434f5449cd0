//! The story of a run: what changed in the cluster, in lines that a person can follow.

use super::report::{Lane, LaneState, Line, Sizes, Span, Step, Tone};
use crate::api::event::EventType;
use crate::api::meta::ConditionStatus;
use crate::api::object::Object;
use crate::api::pod::{Phase, Pod};
use crate::api::pod_state::{PodState, trouble};
use crate::api::workloads::ReplicaSet;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};

/// More lines than this nobody reads; what comes after is counted.
const LINES_MAX: usize = 20_000;

/// Collects lines.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The lines so far.
    pub lines: Vec<Line>,
    /// How many were left out.
    pub left_out: u64,
    /// The pods' lives, in the order of their creation.
    pub lanes: Vec<Lane>,
    /// The sizes of ReplicaSets.
    pub sizes: Vec<Sizes>,
}

/// More pods than this nobody can see at a glance.
const LANES_MAX: usize = 1_000;

impl Story {
    /// Adds a line.
    pub fn tell(&mut self, at: SimTime, tone: Tone, text: impl Into<String>) {
        // Commands, faults and verdicts are few, and always told.
        let crowd = matches!(tone, Tone::Pod | Tone::Ready | Tone::Leaving | Tone::Event | Tone::Warning | Tone::Workload);
        if crowd && self.lines.len() >= LINES_MAX {
            self.left_out += 1;
            return;
        }
        self.lines.push(Line { at, tone, text: text.into() });
    }

    /// Tells of a change, if it is worth a line.
    pub fn observe(&mut self, change: &Change) {
        let at = change.at;
        match (&change.object, &change.old) {
            (Object::Pod(pod), old) => self.pod(change, pod, old.as_ref().and_then(Object::as_pod).map(AsRef::as_ref)),
            (Object::ReplicaSet(set), old) => {
                let before = old.as_ref().and_then(Object::as_replica_set).map_or(0, |set| set.replicas);
                let name = &set.meta.name;
                self.size(change.id.number, at, set, change.verb == Verb::Deleted);
                match change.verb {
                    Verb::Deleted => self.tell(at, Tone::Workload, format!("ReplicaSet {name} is gone")),
                    Verb::Added => self.tell(at, Tone::Workload, format!("ReplicaSet {name}  new → {}", set.replicas)),
                    Verb::Modified if before != set.replicas => {
                        self.tell(at, Tone::Workload, format!("ReplicaSet {name}  {before} → {}", set.replicas))
                    }
                    Verb::Modified => {}
                }
            }
            (Object::Deployment(deployment), old) => {
                let old = old.as_ref().and_then(Object::as_deployment);
                let name = &deployment.meta.name;
                if change.verb == Verb::Deleted {
                    return self.tell(at, Tone::Workload, format!("Deployment {name} is gone"));
                }
                for condition in &deployment.status.conditions {
                    let before = old.and_then(|old| old.status.condition(&condition.kind));
                    if before.is_none_or(|before| before.status != condition.status || before.reason != condition.reason)
                        && !matches!(condition.reason.as_str(), "ReplicaSetUpdated" | "NewReplicaSetCreated" | "FoundNewReplicaSet")
                    {
                        let (kind, status, reason) = (&condition.kind, condition.status.as_str(), &condition.reason);
                        self.tell(at, Tone::Workload, format!("Deployment {name}  {kind}={status} ({reason})"));
                    }
                }
            }
            (Object::Node(node), Some(Object::Node(old))) if change.verb == Verb::Modified => {
                let name = &node.meta.name;
                if node.is_ready() != old.is_ready() {
                    let now = if node.is_ready() { "Ready" } else { "NotReady" };
                    self.tell(at, Tone::Node, format!("Node {name}  {now}"));
                }
                for pressure in ["MemoryPressure", "DiskPressure", "PIDPressure"] {
                    let holds = |node: &crate::api::node::Node| {
                        node.status.conditions.iter().any(|c| c.kind == pressure && c.status == ConditionStatus::True)
                    };
                    if holds(node) != holds(old) {
                        let now = if holds(node) { pressure.to_owned() } else { format!("no {pressure} any more") };
                        self.tell(at, Tone::Node, format!("Node {name}  {now}"));
                    }
                }
                if node.unschedulable != old.unschedulable {
                    let now = if node.unschedulable { "cordoned" } else { "uncordoned" };
                    self.tell(at, Tone::Node, format!("Node {name}  {now}"));
                }
            }
            (Object::Event(event), old) if change.verb != Verb::Deleted => {
                let warning = event.event_type == EventType::Warning;
                // A warning that comes again and again is told once.
                if old.is_none() && (warning || event.about.kind == "Deployment") {
                    let tone = if warning { Tone::Warning } else { Tone::Event };
                    let about = &event.about;
                    self.tell(at, tone, format!("{} {}  {}: {}", about.kind, about.name, event.reason, event.message.trim()));
                }
            }
            _ => {}
        }
    }

    /// Notes how many pods a ReplicaSet wants, if that is new.
    fn size(&mut self, number: u32, at: SimTime, set: &ReplicaSet, gone: bool) {
        let place = self.sizes.iter().position(|row| row.number == number).unwrap_or_else(|| {
            self.sizes.push(Sizes { number, name: set.meta.name.to_string(), steps: Vec::new() });
            self.sizes.len() - 1
        });
        let size = if gone { None } else { Some(set.replicas) };
        let steps = &mut self.sizes[place].steps;
        if steps.last().is_none_or(|step| step.size != size) {
            steps.push(Step { at, size });
        }
    }

    /// Notes a pod's state, if that is new.
    fn lane(&mut self, change: &Change, pod: &Pod) {
        let state = match PodState::of(pod) {
            _ if change.verb == Verb::Deleted => LaneState::Gone,
            PodState::Pending => LaneState::Pending,
            PodState::Creating | PodState::Running => LaneState::Starting,
            PodState::Ready => LaneState::Ready,
            PodState::Failing => LaneState::Failing,
            PodState::Terminating => LaneState::Terminating,
            PodState::Succeeded => LaneState::Ended,
        };
        let found = self.lanes.iter().rposition(|lane| lane.number == change.id.number);
        let place = match found {
            Some(place) => place,
            None if self.lanes.len() >= LANES_MAX || change.verb != Verb::Added => return,
            None => {
                let owner = pod.meta.controller().map_or_else(String::new, |owner| owner.name.to_string());
                self.lanes.push(Lane {
                    number: change.id.number,
                    name: pod.meta.name.to_string(),
                    owner,
                    node: String::new(),
                    spans: Vec::new(),
                });
                self.lanes.len() - 1
            }
        };
        let lane = &mut self.lanes[place];
        if lane.node.is_empty() && !pod.node_name.is_empty() {
            lane.node = pod.node_name.to_string();
        }
        if lane.spans.last().is_none_or(|span| span.state != state) {
            lane.spans.push(Span { from: change.at, state });
        }
    }

    fn pod(&mut self, change: &Change, pod: &Pod, old: Option<&Pod>) {
        self.lane(change, pod);
        let name = &pod.meta.name;
        let at = change.at;
        if change.verb == Verb::Deleted {
            return self.tell(at, Tone::Leaving, format!("Pod {name}  gone"));
        }
        if change.verb == Verb::Added {
            return self.tell(at, Tone::Pod, format!("Pod {name}  Pending"));
        }
        let Some(old) = old else { return };
        if old.node_name.is_empty() && !pod.node_name.is_empty() {
            self.tell(at, Tone::Pod, format!("Pod {name}  → {}", pod.node_name));
        }
        let (before, now) = (state(old), state(pod));
        if before == now {
            return;
        }
        let tone = match now {
            "Ready" => Tone::Ready,
            "Terminating" => Tone::Leaving,
            "CrashLoopBackOff" | "Error" | "ErrImagePull" | "ImagePullBackOff" | "Failed" | "NotReady" => Tone::Warning,
            _ => Tone::Pod,
        };
        let place = if now == "Ready" { format!(" on {}", pod.node_name) } else { String::new() };
        self.tell(at, tone, format!("Pod {name}  {now}{place}"));
    }
}

/// A pod's state in a word.
fn state(pod: &Pod) -> &str {
    if pod.meta.deletion.is_some() {
        return "Terminating";
    }
    match pod.status.phase {
        Phase::Succeeded => return "Completed",
        Phase::Failed => return "Failed",
        Phase::Unknown => return "Unknown",
        Phase::Pending | Phase::Running => {}
    }
    if let Some(trouble) = trouble(pod) {
        return trouble;
    }
    if pod.is_ready() {
        return "Ready";
    }
    match pod.status.phase {
        Phase::Running if pod.status.containers.iter().all(|c| c.ready) && !pod.status.containers.is_empty() => "NotReady",
        Phase::Running => "Running",
        _ => "Pending",
    }
}
