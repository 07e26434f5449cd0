//! The processes' end: a queue of requests each, and what becomes of them when the process ends.

use super::arrivals::exponential;
use super::outcome::Cause;
use super::reach::{Backend, Door, Pace, Reach, Spread};
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::packet::Protocol;
use crate::net::world::Listener;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// How many connections may wait until a process takes them (`net.core.somaxconn`, 4096 since Linux 5.4): further ones aren't answered.
const BACKLOG: u64 = 4_096;

/// What a client finds at a backend's port: one process after another.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Who and where.
    pub(super) backend: Arc<Backend>,
    /// The process, if one listens.
    pub(super) listener: Option<Listener>,
    /// How many there were: connections to an earlier one are dead.
    pub(super) run: u32,
    /// When and how the last one ended.
    pub(super) ended: Option<(SimTime, Cause)>,
    /// Open connections.
    pub(super) open: u32,
    /// Requests that it works on or that wait.
    pub(super) in_flight: u32,
    pace: Pace,
    /// When those who work now will be free.
    busy: BinaryHeap<Reverse<SimTime>>,
    /// As of which epoch this holds.
    epoch: Option<u64>,
    served: Served,
}

/// Requests per second, of the present second and the last one.
#[derive(Clone, Copy, Default, Debug)]
struct Served {
    second: u64,
    count: u64,
    before: u64,
}

/// Whether a process went on as was foreseen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum News {
    /// Yes.
    Same,
    /// Its end is known, or another one than before.
    Foreseen,
    /// It is over.
    Ended,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) all: Vec<Place>,
    numbers: BTreeMap<(Ipv4Addr, u16, Protocol, Option<u32>), u32>,
}

impl Places {
    /// The number of a backend's place: always the same.
    pub(super) fn number(&mut self, backend: &Backend) -> u32 {
        let next = self.all.len() as u32;
        let number = *self.numbers.entry((backend.address, backend.port, backend.protocol, backend.pod)).or_insert(next);
        if number == next {
            let mut backend = backend.clone();
            // Nobody has the address any more: it is told of as that of the last one who had.
            if let Some(last) = self.all.iter().rev().map(|place| &place.backend).find(|last| last.address == backend.address)
                && backend.name.is_empty()
            {
                (backend.name, backend.node_name) = (last.name.clone(), last.node_name.clone());
            }
            self.all.push(Place {
                backend: Arc::new(backend),
                listener: None,
                run: 0,
                ended: None,
                open: 0,
                in_flight: 0,
                pace: Pace::default(),
                busy: BinaryHeap::new(),
                epoch: None,
                served: Served::default(),
            });
        }
        number
    }

    pub(super) fn get(&self, number: u32) -> &Place {
        &self.all[number as usize]
    }

    pub(super) fn get_mut(&mut self, number: u32) -> &mut Place {
        &mut self.all[number as usize]
    }

    /// Requests per second that a pod was asked lately.
    pub(super) fn rate(&self, pod: u32, container: u8, now: SimTime) -> u64 {
        let of = |place: &&Place| place.backend.pod == Some(pod) && place.listener.is_some_and(|listener| listener.container == container);
        self.all.iter().filter(of).map(|place| place.served.rate(now)).sum()
    }
}

impl Served {
    fn count(&mut self, at: SimTime) {
        let second = at.as_secs();
        if second > self.second {
            self.before = if second == self.second + 1 { self.count } else { 0 };
            (self.second, self.count) = (second, 0);
        }
        self.count += 1;
    }

    /// Of the last whole second.
    fn rate(self, now: SimTime) -> u64 {
        match now.as_secs().checked_sub(self.second) {
            Some(0) | None => self.before,
            Some(1) => self.count,
            Some(_) => 0,
        }
    }
}

/// How a process ends that is to end at `ends`: what is known of it beforehand.
fn foreseen_end(listener: &Listener) -> Cause {
    if listener.is_killed {
        Cause::Killed
    } else if listener.accepts_until < listener.ends {
        Cause::Terminated
    } else {
        Cause::Crashed
    }
}

impl Place {
    /// Looks who is there since `since`, the moment of the last change.
    pub(super) fn look(&mut self, net: &dyn Reach, epoch: u64, since: SimTime) -> News {
        if self.epoch == Some(epoch) {
            return News::Same;
        }
        self.epoch = Some(epoch);
        let door = net.door(&self.backend);
        let before = self.listener;
        let (listener, closed) = match door {
            Door::Open(listener) => (Some(listener), None),
            Door::Closed { since, is_killed } => (None, Some((since, is_killed))),
        };
        self.listener = listener;
        if let Some(listener) = listener {
            self.pace = net.pace(&self.backend, listener.container);
        }
        let Some(before) = before else {
            if listener.is_some() {
                self.run += 1;
            } else if let Some((Some(at), _)) = closed {
                self.ended = Some((at, Cause::Refused));
            }
            return News::Same;
        };
        if listener.is_some_and(|now| (now.container, now.attempt) == (before.container, before.attempt)) {
            let foreseen = |listener: &Listener| (listener.accepts_until, listener.ends, listener.is_killed);
            let same = listener.is_some_and(|now| foreseen(&now) == foreseen(&before));
            return if same { News::Same } else { News::Foreseen };
        }
        let is_killed = closed.is_some_and(|(_, is_killed)| is_killed);
        let how = if is_killed {
            Cause::Killed
        } else if before.accepts_until <= since && before.accepts_until < before.ends && !before.is_killed {
            Cause::Terminated
        } else if before.ends <= since {
            foreseen_end(&before)
        } else {
            Cause::Crashed
        };
        let at = closed.and_then(|(at, _)| at).unwrap_or(since).min(before.ends);
        self.ended = Some((at, how));
        self.run += 1;
        self.busy.clear();
        News::Ended
    }

    /// Whether a connection can be made at a moment.
    pub(super) fn accepts(&self, at: SimTime) -> bool {
        self.listener.is_some_and(|listener| at >= listener.accepts_from && at < listener.accepts_until && at < listener.ends)
    }

    /// Whether at a moment no process has ever listened there.
    pub(super) fn is_new(&self, at: SimTime) -> bool {
        self.ended.is_none() && self.listener.is_none_or(|listener| self.run == 1 && at < listener.accepts_from)
    }

    /// When the present process will be over, and how.
    pub(super) fn end(&self) -> Option<(SimTime, Cause)> {
        self.listener.filter(|listener| listener.ends < SimTime::MAX).map(|listener| (listener.ends, foreseen_end(&listener)))
    }

    /// Since when nobody takes connections, if it is so at a moment.
    pub(super) fn closed_since(&self, at: SimTime) -> Option<SimTime> {
        match self.listener {
            Some(listener) => Some(listener.accepts_until.min(listener.ends)).filter(|until| *until <= at),
            None => self.ended.map(|(at, _)| at),
        }
    }

    /// Whether so many wait that another connection isn't even answered.
    pub(super) fn is_full(&self, at: SimTime) -> bool {
        let Some(listener) = self.listener.filter(|listener| listener.capacity > 0) else { return false };
        let Some(Reverse(free)) = self.busy.peek().filter(|_| self.busy.len() as u64 >= listener.capacity) else { return false };
        let each = u128::from(listener.latency.as_nanos().max(1)) * u128::from(self.pace.slowdown) / 1_000;
        u128::from(free.since(at).as_nanos()) / each.max(1) * u128::from(listener.capacity) > u128::from(BACKLOG)
    }

    /// Takes a request that comes at `at`: when its answer will be ready. `bits` are uniform.
    pub(super) fn admit(&mut self, at: SimTime, bits: u64) -> SimTime {
        self.served.count(at);
        let Some(listener) = self.listener else { return SimTime::MAX };
        let work = self.work(listener.latency, bits);
        if listener.capacity == 0 {
            return at + work;
        }
        while self.busy.peek().is_some_and(|Reverse(free)| *free <= at) {
            self.busy.pop();
        }
        let mut begins = at;
        if self.busy.len() as u64 >= listener.capacity
            && let Some(Reverse(free)) = self.busy.pop()
        {
            begins = free;
        }
        self.busy.push(Reverse(begins + work));
        begins + work
    }

    fn work(&self, latency: SimDuration, bits: u64) -> SimDuration {
        let mean = (u128::from(latency.as_nanos()) * u128::from(self.pace.slowdown) / 1_000) as u64;
        SimDuration::from_nanos(match self.pace.spread {
            Spread::Constant => mean,
            Spread::Exponential => exponential(bits, mean),
            Spread::Jitter(percent) => {
                let width = mean / 100 * u64::from(percent.min(100));
                mean - width + ((u128::from(bits) * u128::from(2 * width + 1)) >> 64) as u64
            }
        })
    }
}
