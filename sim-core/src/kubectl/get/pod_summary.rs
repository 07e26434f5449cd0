//! What the columns READY, STATUS and RESTARTS say of a pod. Mirrors `printPod` of `pkg/printers/internalversion/printers.go`, v1.36.
//!
//! kubectl has a tree to look at; who draws a thousand pods sixty times a second has the pod itself. Both are seen the same way.

use serde_json::Value;

use crate::api::meta::ConditionStatus;
use crate::api::pod::{ContainerState, ContainerStatus, Pod};
use crate::kubectl::field::{at, condition, flag, int, items, text};

/// What of a pod its columns are made from.
#[derive(Debug)]
pub struct Seen<'a> {
    deleted: bool,
    phase: &'a str,
    reason: &'a str,
    /// Whether something keeps the scheduler from looking at it.
    gated: bool,
    initialized: bool,
    ready: bool,
    containers: usize,
    inits: usize,
    /// The names of the init containers that run on.
    sidecars: Vec<&'a str>,
    init_statuses: Vec<SeenContainer<'a>>,
    statuses: Vec<SeenContainer<'a>>,
}

#[derive(Debug)]
struct SeenContainer<'a> {
    name: &'a str,
    ready: bool,
    started: bool,
    restarts: i64,
    running: bool,
    /// Why it waits; empty if it doesn't.
    waiting: &'a str,
    ended: Option<Ended<'a>>,
    /// When it ended before its last restart, as the API spells it; empty if that isn't known, or if nobody shows it.
    finished: &'a str,
}

#[derive(Debug)]
struct Ended<'a> {
    code: i64,
    signal: i64,
    reason: &'a str,
}

impl<'a> Seen<'a> {
    /// A pod as the API server serves it.
    pub fn of_tree(pod: &'a Value) -> Seen<'a> {
        let holds = |kind: &str| condition(pod, kind).is_some_and(|c| text(c, "status") == "True");
        let inits = items(pod, "spec.initContainers");
        let sidecars = inits.iter().filter(|c| text(c, "restartPolicy") == "Always").map(|c| text(c, "name"));
        Seen {
            deleted: at(pod, "metadata.deletionTimestamp").is_string(),
            phase: text(pod, "status.phase"),
            reason: text(pod, "status.reason"),
            gated: condition(pod, "PodScheduled").is_some_and(|c| text(c, "reason") == "SchedulingGated"),
            initialized: holds("Initialized"),
            ready: holds("Ready"),
            containers: items(pod, "spec.containers").len(),
            inits: inits.len(),
            sidecars: sidecars.collect(),
            init_statuses: items(pod, "status.initContainerStatuses").iter().map(SeenContainer::of_tree).collect(),
            statuses: items(pod, "status.containerStatuses").iter().map(SeenContainer::of_tree).collect(),
        }
    }

    /// The pod itself.
    pub fn of(pod: &'a Pod) -> Seen<'a> {
        let status = &pod.status;
        let holds = |kind: &str| status.condition(kind).is_some_and(|c| c.status == ConditionStatus::True);
        let inits = &pod.spec.init_containers;
        Seen {
            deleted: pod.meta.deletion.is_some(),
            phase: status.phase.as_str(),
            reason: &status.reason,
            gated: status.condition("PodScheduled").is_some_and(|c| c.reason == "SchedulingGated"),
            initialized: holds("Initialized"),
            ready: holds("Ready"),
            containers: pod.spec.containers.len(),
            inits: inits.len(),
            sidecars: inits.iter().filter(|c| c.is_sidecar()).map(|c| c.name.as_str()).collect(),
            init_statuses: status.init_containers.iter().map(SeenContainer::of).collect(),
            statuses: status.containers.iter().map(SeenContainer::of).collect(),
        }
    }

    fn is_sidecar(&self, name: &str) -> bool {
        self.sidecars.contains(&name)
    }
}

impl<'a> SeenContainer<'a> {
    fn of_tree(status: &'a Value) -> SeenContainer<'a> {
        let terminated = at(status, "state.terminated");
        SeenContainer {
            name: text(status, "name"),
            ready: flag(status, "ready"),
            started: flag(status, "started"),
            restarts: int(status, "restartCount"),
            running: at(status, "state.running").is_object(),
            waiting: text(status, "state.waiting.reason"),
            ended: terminated.is_object().then(|| Ended {
                code: int(terminated, "exitCode"),
                signal: int(terminated, "signal"),
                reason: text(terminated, "reason"),
            }),
            finished: text(status, "lastState.terminated.finishedAt"),
        }
    }

    fn of(status: &'a ContainerStatus) -> SeenContainer<'a> {
        let (waiting, ended) = match &status.state {
            ContainerState::Waiting { reason, .. } => (reason.as_str(), None),
            ContainerState::Running { .. } => ("", None),
            ContainerState::Terminated { exit_code, reason, .. } => ("", Some(Ended { code: i64::from(*exit_code), signal: 0, reason })),
        };
        SeenContainer {
            name: &status.name,
            ready: status.ready,
            started: status.started,
            restarts: i64::from(status.restart_count),
            running: matches!(status.state, ContainerState::Running { .. }),
            waiting,
            ended,
            finished: "",
        }
    }
}

impl Ended<'_> {
    fn told(&self) -> String {
        match (self.reason, self.signal) {
            ("", 0) => format!("ExitCode:{}", self.code),
            ("", signal) => format!("Signal:{signal}"),
            (reason, _) => reason.to_owned(),
        }
    }
}

/// What the columns say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary<'a> {
    /// STATUS: one word for what the pod is doing.
    pub reason: String,
    /// How many containers are ready, sidecars included.
    pub ready: i64,
    /// Of how many.
    pub total: usize,
    /// RESTARTS.
    pub restarts: i64,
    /// When a container ended last before a restart, as the API spells it; may be empty.
    pub last_restart: &'a str,
}

impl<'a> Summary<'a> {
    /// What is to be said of a pod.
    pub fn of(pod: &Seen<'a>) -> Summary<'a> {
        let reason = match pod.reason {
            "" => pod.phase,
            reason => reason,
        };
        let mut summary = Summary {
            reason: if pod.gated { "SchedulingGated" } else { reason }.to_owned(),
            ready: 0,
            total: pod.containers + pod.sidecars.len(),
            restarts: 0,
            last_restart: "",
        };
        let (initializing, of_sidecars) = summary.initialize(pod);
        if !initializing || pod.initialized {
            (summary.restarts, summary.last_restart) = of_sidecars;
            summary.run(pod);
        }
        if pod.deleted {
            if pod.reason == "NodeLost" {
                summary.reason = "Unknown".to_owned();
            } else if !matches!(pod.phase, "Succeeded" | "Failed") {
                summary.reason = "Terminating".to_owned();
            }
        }
        summary
    }

    /// READY, as `1/2`.
    pub fn ready_of_total(&self) -> String {
        format!("{}/{}", self.ready, self.total)
    }

    /// Goes through the init containers up to the first that isn't done. Answers whether there is one, and the restarts of sidecars alone.
    fn initialize(&mut self, pod: &Seen<'a>) -> (bool, (i64, &'a str)) {
        let mut of_sidecars = (0, "");
        for (i, status) in pod.init_statuses.iter().enumerate() {
            let sidecar = pod.is_sidecar(status.name);
            self.restarts += status.restarts;
            self.last_restart = self.last_restart.max(status.finished);
            if sidecar {
                of_sidecars = (of_sidecars.0 + status.restarts, of_sidecars.1.max(status.finished));
            }
            if status.ended.as_ref().is_some_and(|ended| ended.code == 0) {
                continue;
            }
            if sidecar && status.started {
                self.ready += i64::from(status.ready);
                continue;
            }
            self.reason = match &status.ended {
                Some(ended) => format!("Init:{}", ended.told()),
                None if !matches!(status.waiting, "" | "PodInitializing") => format!("Init:{}", status.waiting),
                None => format!("Init:{i}/{}", pod.inits),
            };
            return (true, of_sidecars);
        }
        (false, of_sidecars)
    }

    /// Goes through the containers, last to first: the first one that has something to say wins.
    fn run(&mut self, pod: &Seen<'a>) {
        let mut running = false;
        let mut failed = String::new();
        for status in pod.statuses.iter().rev() {
            self.restarts += status.restarts;
            self.last_restart = self.last_restart.max(status.finished);
            if !status.waiting.is_empty() {
                self.reason = status.waiting.to_owned();
            } else if let Some(ended) = &status.ended {
                self.reason = ended.told();
                if ended.code != 0 {
                    failed.clone_from(&self.reason);
                }
            } else if status.ready && status.running {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" {
            if running && pod.ready {
                self.reason = "Running".to_owned();
            } else if !failed.is_empty() {
                self.reason = failed;
            } else if running {
                self.reason = "NotReady".to_owned();
            }
        }
    }
}
