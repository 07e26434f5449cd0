//! What a kubelet says of its node: the conditions of its status, and the events that go with their changes. Mirrors
//! `pkg/kubelet/nodestatus/setters.go`, `pkg/kubelet/kubelet_node_status.go` and `pkg/kubelet/events/event.go`, v1.36.
//!
//! At time zero nothing is told: a cluster boots with nodes that have been there for long.

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::{Condition, ConditionStatus, Str};
use crate::api::node::Node;
use crate::apiserver::request::Write;
use crate::client::events::Source;
use crate::client::plan::Report;
use crate::kernel::time::{Epoch, SimDuration, SimTime};
use crate::node::kubelet::Kubelet;

/// From when on a runtime that doesn't answer makes a node not ready: `genericPlegRelistThreshold`.
pub const PLEG_THRESHOLD: SimDuration = SimDuration::from_secs(180);

/// How soon the node's status follows what it is about: it is looked at every 10 s (`nodeStatusUpdateFrequency`), so in the middle of that.
pub const STATUS_LAG: SimDuration = SimDuration::from_secs(5);

/// A condition about something that may run short: its name, and reason, message and event while it does and while it doesn't.
struct Pressure {
    kind: &'static str,
    short: (&'static str, &'static str, &'static str),
    enough: (&'static str, &'static str, &'static str),
}

/// In the order of the API.
const PRESSURES: [Pressure; 3] = [
    Pressure {
        kind: "MemoryPressure",
        short: ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available", "NodeHasInsufficientMemory"),
        enough: ("KubeletHasSufficientMemory", "kubelet has sufficient memory available", "NodeHasSufficientMemory"),
    },
    Pressure {
        kind: "DiskPressure",
        short: ("KubeletHasDiskPressure", "kubelet has disk pressure", "NodeHasDiskPressure"),
        enough: ("KubeletHasNoDiskPressure", "kubelet has no disk pressure", "NodeHasNoDiskPressure"),
    },
    Pressure {
        kind: "PIDPressure",
        short: ("KubeletHasInsufficientPID", "kubelet has insufficient PID available", "NodeHasInsufficientPID"),
        enough: ("KubeletHasSufficientPID", "kubelet has sufficient PID available", "NodeHasSufficientPID"),
    },
];

/// The conditions that a kubelet posts. `trouble`: why the node isn't ready.
pub fn conditions(pressures: [bool; 3], trouble: Option<String>, now: SimTime) -> Vec<Condition> {
    let at = now.truncated_to_secs();
    let condition = |kind: &'static str, holds: bool, reason: &'static str, message: Str| Condition {
        kind: kind.into(),
        status: ConditionStatus::from_bool(holds),
        reason: reason.into(),
        message,
        last_transition: at,
        last_update: at,
        observed_generation: 0,
    };
    let mut conditions = Vec::with_capacity(4);
    for (pressure, holds) in PRESSURES.iter().zip(pressures) {
        let (reason, message, _) = if holds { pressure.short } else { pressure.enough };
        conditions.push(condition(pressure.kind, holds, reason, message.into()));
    }
    conditions.push(match trouble {
        None => condition("Ready", true, "KubeletReady", "kubelet is posting ready status".into()),
        Some(trouble) => condition("Ready", false, "KubeletNotReady", trouble.into()),
    });
    conditions
}

/// The reason of the event that goes with a condition's change.
fn event_of(condition: &Condition) -> &'static str {
    let holds = condition.status == ConditionStatus::True;
    match PRESSURES.iter().find(|pressure| condition.kind == pressure.kind) {
        Some(pressure) => {
            if holds {
                pressure.short.2
            } else {
                pressure.enough.2
            }
        }
        None => {
            if holds {
                "NodeReady"
            } else {
                "NodeNotReady"
            }
        }
    }
}

impl Kubelet {
    /// Why the node isn't ready, if it isn't.
    pub fn trouble(&self, now: SimTime) -> Option<String> {
        let silent = self.hung.map(|since| now.since(since)).filter(|silent| *silent > PLEG_THRESHOLD);
        let pleg = silent.map(|silent| {
            let millis = SimDuration::from_millis(silent.as_millis());
            format!("PLEG is not healthy: pleg was last seen active {millis} ago; threshold is 3m0s")
        });
        let shutdown = self.shutting_down.then(|| "node is shutting down".to_owned());
        // Several at once are an aggregate: `[a, b]`.
        match (pleg, shutdown) {
            (Some(pleg), Some(shutdown)) => Some(format!("[{pleg}, {shutdown}]")),
            (pleg, shutdown) => pleg.or(shutdown),
        }
    }

    /// The event to be written about the node, if any.
    pub fn event(&mut self, epoch: Epoch, now: SimTime, event_type: EventType, reason: &'static str, message: String) -> Option<Write> {
        let about = ObjectReference {
            kind: "Node",
            api_version: "v1",
            namespace: Str::EMPTY,
            name: self.name.clone(),
            uid: self.uid,
            resource_version: 0,
            field_path: Str::EMPTY,
        };
        let source = Source { component: "kubelet", host: self.name.clone(), epoch };
        let report = Report { about, event_type, reason: Str::Static(reason), message: message.into() };
        self.memory.event(&source, report, now).map(Write::Report)
    }

    /// The node's conditions as they are now, and the events about those that differ from what the API server has. `all`: about every
    /// pressure, as a kubelet that registers does.
    pub fn status(&mut self, epoch: Epoch, now: SimTime, known: Option<&Node>, all: bool) -> (Vec<Condition>, Vec<Write>) {
        let conditions = conditions(self.eviction.conditions, self.trouble(now), now);
        let mut events = Vec::new();
        for condition in &conditions {
            let of_api = known.and_then(|node| node.status.conditions.iter().find(|known| known.kind == condition.kind));
            // Who has seen nothing of its node yet takes it for a healthy one.
            let before = of_api.map_or(ConditionStatus::from_bool(condition.kind == "Ready"), |known| known.status);
            if before != condition.status || all && condition.kind != "Ready" {
                let reason = event_of(condition);
                let message = format!("Node {} status is now: {reason}", self.name);
                events.extend(self.event(epoch, now, EventType::Normal, reason, message));
            }
        }
        (conditions, events)
    }
}
