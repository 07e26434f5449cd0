//! One container of a pod, over all its restarts, as the runtime and the kubelet know it.

use crate::api::meta::Str;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::kubelet::config::Amounts;
use crate::node::kubelet::probes::Prober;
use crate::node::kubelet::restart::BackOff;
use crate::node::runtime::shell::network::{Journal, Query};
use std::sync::Arc;

/// Why a container isn't running.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// Its turn hasn't come, or it is being made.
    Creating,
    /// The last pull failed: what the registry said.
    PullFailed(Str),
    /// The next pull waits.
    PullBackOff(Str),
    /// Its image isn't there, and may not be pulled.
    NeverPulled,
    /// Its image's name is none.
    InvalidImageName,
    /// Its environment can't be made: what is missing.
    Unconfigured(Str),
    /// The runtime couldn't start it: what it said.
    NotStarted(Str),
    /// It crashed, and the next start waits for this long.
    CrashLoop(SimDuration),
}

/// Why a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// With code 0.
    Completed,
    /// With another code.
    Error,
    /// It used more memory than it may.
    OutOfMemory,
    /// It never ran: the runtime couldn't start it.
    NotStarted,
    /// Nobody saw it: its node lost power.
    Unknown,
    /// It was never there: its pod was deleted before.
    NeverStarted,
}

impl Ended {
    /// As the kubelet spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ended::Completed => "Completed",
            Ended::Error => "Error",
            Ended::OutOfMemory => "OOMKilled",
            Ended::NotStarted => "StartError",
            Ended::Unknown => "Unknown",
            Ended::NeverStarted => "ContainerStatusUnknown",
        }
    }

    /// What an exit code alone says.
    pub const fn of(code: i32) -> Ended {
        if code == 0 { Ended::Completed } else { Ended::Error }
    }
}

/// A run of a container that is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exit {
    /// The process's code; 128 + signal if killed.
    pub code: i32,
    /// Why.
    pub reason: Ended,
    /// When it started.
    pub started: SimTime,
    /// When it ended.
    pub finished: SimTime,
    /// The runtime's number for the container.
    pub id: u64,
}

/// What a container is doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Not running yet, or not now.
    Waiting(Waiting),
    /// Running.
    Running {
        /// Since when.
        started: SimTime,
    },
    /// Over.
    Exited(Exit),
}

/// How a process that was told to stop will end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stop {
    /// When TERM comes: after the preStop hook and its turn.
    pub term: SimTime,
    /// When it is over.
    pub at: SimTime,
    /// The exit code.
    pub code: i32,
}

/// Memory that a process doesn't give back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leak {
    /// Since when.
    pub since: SimTime,
    /// How fast.
    pub bytes_per_second: u64,
}

/// A container of a pod, over all its restarts.
#[derive(Clone, Debug)]
pub struct Container {
    /// What it is doing.
    pub state: State,
    /// The run before this one.
    pub last: Option<Exit>,
    /// How often it was started again.
    pub restarts: u32,
    /// Whether it passes its readiness probe.
    pub ready: bool,
    /// Whether it counts as started: its hook is done and its startup probe passed.
    pub started: bool,
    /// Whether the event about its image was sent for this start.
    pub pulled: bool,
    /// The runtime's number for the container; 0 before there is one.
    pub id: u64,
    /// Counts starts and ends: a timer with another number is stale.
    pub attempt: u32,
    /// When it ends by itself, with which code and why, as far as is known.
    pub ends: Option<(SimTime, i32, Ended)>,
    /// When it was told to stop: how it ends.
    pub stops: Option<Stop>,
    /// Whether the kubelet killed it, and looks at what was before.
    pub was_killed: bool,
    /// When something in it told its first process to end.
    pub told_to_end: Option<SimTime>,
    /// It isn't started before this moment.
    pub not_before: SimTime,
    /// When the pull of its image was asked for.
    pub asked: SimTime,
    /// When the pulls before it were done.
    pub begun: SimTime,
    /// Between crashes.
    pub crashes: BackOff,
    /// Between failed pulls.
    pub pulls: BackOff,
    /// Its probes, if it has any and runs.
    pub probers: Option<Box<[Prober; 3]>>,
    /// The most that its present run may come to use.
    pub peak: Amounts,
    /// Whether its memory grows.
    pub leak: Option<Leak>,
    /// What its process has heard from the network.
    pub heard: Journal,
    /// What the process before this one heard.
    pub heard_before: Journal,
    /// What its process asks the network next, and when.
    pub asks: Option<(SimTime, Arc<Query>)>,
}

impl Container {
    /// A container that was never started.
    pub fn new(attempt: u32) -> Self {
        Container {
            state: State::Waiting(Waiting::Creating),
            last: None,
            restarts: 0,
            ready: false,
            started: false,
            pulled: false,
            id: 0,
            attempt,
            ends: None,
            stops: None,
            was_killed: false,
            told_to_end: None,
            not_before: SimTime::ZERO,
            asked: SimTime::ZERO,
            begun: SimTime::ZERO,
            crashes: BackOff::default(),
            pulls: BackOff::default(),
            probers: None,
            peak: Amounts::default(),
            leak: None,
            heard: Journal::default(),
            heard_before: Journal::default(),
            asks: None,
        }
    }

    /// Whether its process runs.
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// Since when its process runs.
    pub fn running_since(&self) -> Option<SimTime> {
        match self.state {
            State::Running { started } => Some(started),
            _ => None,
        }
    }

    /// How it ended, if it isn't running and has run: now or before it began to wait.
    pub fn exit(&self) -> Option<Exit> {
        match self.state {
            State::Exited(exit) => Some(exit),
            State::Waiting(_) => self.last,
            State::Running { .. } => None,
        }
    }

    /// How it ended, if that is its present state.
    pub fn exited(&self) -> Option<Exit> {
        match self.state {
            State::Exited(exit) => Some(exit),
            _ => None,
        }
    }

    /// Waits; what the container did before is remembered as its last state.
    pub fn wait(&mut self, waiting: Waiting) {
        if let State::Exited(exit) = self.state {
            self.last = Some(exit);
        }
        self.state = State::Waiting(waiting);
    }

    /// The process ends. Timers of this run become stale.
    pub fn end(&mut self, now: SimTime, code: i32, reason: Ended) {
        if let State::Running { started } = self.state {
            self.state = State::Exited(Exit { code, reason, started, finished: now, id: self.id });
        }
        (self.ready, self.started) = (false, false);
        (self.ends, self.stops, self.told_to_end) = (None, None, None);
        self.asks = None;
        self.probers = None;
        self.leak = None;
        self.attempt += 1;
    }

    /// What a leak has come to by `now`, in bytes.
    pub fn leaked(&self, now: SimTime) -> u64 {
        let leak = |leak: Leak| u128::from(now.since(leak.since).as_millis()) * u128::from(leak.bytes_per_second) / 1000;
        self.leak.map_or(0, |known| u64::try_from(leak(known)).unwrap_or(u64::MAX))
    }
}
