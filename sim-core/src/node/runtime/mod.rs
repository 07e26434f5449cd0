//! The simulated container runtime: sandboxes with their addresses, containers, images. Takes the place of containerd behind the
//! CRI; the address pool mirrors the `host-local` plugin of CNI (`plugins/ipam/host-local/backend/allocator`).

pub mod disk;
pub mod image;
pub mod program;

use crate::kernel::time::{SimDuration, SimTime};
use std::net::Ipv4Addr;

/// From the request for a sandbox until its pause container runs and its network is set up.
pub const SANDBOX: SimDuration = SimDuration::from_millis(200);

/// Why a container isn't running.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// Its turn hasn't come, or it is being made.
    Creating,
    /// The last pull failed.
    PullFailed,
    /// The next pull waits.
    PullBackOff,
    /// Its image isn't there, and may not be pulled.
    NeverPulled,
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
            Ended::Unknown => "Unknown",
            Ended::NeverStarted => "ContainerStatusUnknown",
        }
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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    /// Whether the event about its image was sent for this start.
    pub pulled: bool,
    /// The runtime's number for the container; 0 before there is one.
    pub id: u64,
    /// Counts starts and ends: a timer with another number is stale.
    pub attempt: u32,
    /// When it was told to stop: when it ends, and with which code.
    pub stops: Option<(SimTime, i32)>,
    /// When the pull of its image was asked for.
    pub asked: SimTime,
    /// When the pulls before it were done.
    pub begun: SimTime,
    /// Between crashes.
    pub crashes: crate::node::kubelet::restart::BackOff,
    /// Between failed pulls.
    pub pulls: crate::node::kubelet::restart::BackOff,
}

impl Container {
    /// A container that was never started.
    pub fn new(attempt: u32) -> Self {
        let back_off = crate::node::kubelet::restart::BackOff::default();
        Container {
            state: State::Waiting(Waiting::Creating),
            last: None,
            restarts: 0,
            ready: false,
            pulled: false,
            id: 0,
            attempt,
            stops: None,
            asked: SimTime::ZERO,
            begun: SimTime::ZERO,
            crashes: back_off,
            pulls: back_off,
        }
    }

    /// Whether its process runs.
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// How it ended, if it isn't running and has run: now or before it began to wait.
    pub fn exit(&self) -> Option<Exit> {
        match self.state {
            State::Exited(exit) => Some(exit),
            State::Waiting(_) => self.last,
            State::Running { .. } => None,
        }
    }

    /// The process ends. Timers of this run become stale.
    pub fn end(&mut self, now: SimTime, code: i32, reason: Ended) {
        if let State::Running { started } = self.state {
            self.state = State::Exited(Exit { code, reason, started, finished: now, id: self.id });
        }
        self.ready = false;
        self.stops = None;
        self.attempt += 1;
    }
}

/// The addresses of a node's pods: the 253 of a /24 after the gateway's. The next free one after the last that was given out.
#[derive(Clone, Debug)]
pub struct AddressPool {
    base: u32,
    taken: [u64; 4],
    last: u8,
}

impl AddressPool {
    /// A pool for the /24 that contains `base`.
    pub fn new(base: Ipv4Addr) -> Self {
        AddressPool { base: u32::from(base) & !0xff, taken: [0; 4], last: 1 }
    }

    /// Gives out an address; `None` if all are taken.
    pub fn reserve(&mut self) -> Option<Ipv4Addr> {
        // 2 to 254 in a circle; `last` is 1 before the first.
        let after = u32::from(self.last) + 251;
        let next = (1..=253).map(|step| (after + step) % 253 + 2).find(|n| !self.is_taken(*n))?;
        self.taken[next as usize / 64] |= 1 << (next % 64);
        self.last = next as u8;
        Some(Ipv4Addr::from(self.base + next))
    }

    fn is_taken(&self, n: u32) -> bool {
        self.taken[n as usize / 64] & 1 << (n % 64) != 0
    }

    /// Takes an address back.
    pub fn release(&mut self, address: Ipv4Addr) {
        let n = u32::from(address) & 0xff;
        self.taken[n as usize / 64] &= !(1 << (n % 64));
    }

    /// Takes all addresses back.
    pub fn clear(&mut self) {
        self.taken = [0; 4];
    }

    /// The first and the last address that may be given out, for messages.
    pub fn range(&self) -> (Ipv4Addr, Ipv4Addr) {
        (Ipv4Addr::from(self.base + 1), Ipv4Addr::from(self.base + 254))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_round() {
        let mut pool = AddressPool::new(Ipv4Addr::new(10, 244, 3, 0));
        let first = pool.reserve().expect("free");
        assert_eq!(first, Ipv4Addr::new(10, 244, 3, 2));
        pool.release(first);
        assert_eq!(pool.reserve(), Some(Ipv4Addr::new(10, 244, 3, 3)), "the next one, though the first is free");
        let rest: Vec<_> = std::iter::from_fn(|| pool.reserve()).collect();
        assert_eq!(rest.len(), 252);
        assert_eq!(rest.last(), Some(&first));
        pool.release(Ipv4Addr::new(10, 244, 3, 77));
        assert_eq!(pool.reserve(), Some(Ipv4Addr::new(10, 244, 3, 77)));
        assert_eq!(pool.reserve(), None);
    }
}
