//! What is on its way: requests in flight, idle connections, and the queue of what comes next.

use super::outcome::Cause;
use crate::kernel::time::{SimDuration, SimTime};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What happens next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum What {
    /// A client's next request comes.
    Arrival(u32),
    /// A user has thought.
    User(u32, u32),
    /// What was planned for a request in flight comes about, if the plan is still of this number.
    Planned(u32, u32),
}

/// When it happens. Of two at the same moment the one that was foreseen first comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Due {
    pub(super) at: SimTime,
    number: u64,
    pub(super) what: What,
}

/// What comes next.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    queue: BinaryHeap<Reverse<Due>>,
    pushed: u64,
}

impl Agenda {
    pub(super) fn push(&mut self, at: SimTime, what: What) {
        self.pushed += 1;
        self.queue.push(Reverse(Due { at, number: self.pushed, what }));
    }

    /// The next, if it comes before `until`.
    pub(super) fn pop_before(&mut self, until: SimTime) -> Option<Due> {
        self.queue.peek().filter(|Reverse(due)| due.at < until)?;
        self.queue.pop().map(|Reverse(due)| due)
    }

    pub(super) fn next_at(&self) -> Option<SimTime> {
        self.queue.peek().map(|Reverse(due)| due.at)
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Plan {
    /// It is sent once more.
    Again,
    /// It is answered.
    Answer,
    /// It isn't.
    Fail(Cause),
}

/// A process that a request or a connection depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hold {
    /// The number of its place.
    pub(super) place: u32,
    /// Which of the processes there, one after another.
    pub(super) run: u32,
}

/// A connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Connection {
    /// The process at its other end.
    pub(super) with: Hold,
    /// How many requests it has carried.
    pub(super) carried: u32,
    /// When its last one was answered.
    pub(super) idle_since: SimTime,
}

/// A request in flight.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) client: u32,
    /// Whose it is, if the client's users take turns.
    pub(super) user: Option<u32>,
    /// Counted by client.
    pub(super) number: u64,
    /// When it was sent first.
    pub(super) started: SimTime,
    /// How often it was sent again.
    pub(super) repeated: u8,
    /// When it was sent last.
    pub(super) began: SimTime,
    /// When the client gives up this attempt.
    pub(super) deadline: SimTime,
    /// The connection that carries it.
    pub(super) connection: Option<Connection>,
    /// Whether the connection was made for it.
    pub(super) is_first: bool,
    /// Who works on it: behind a proxy somebody else than the connection's end.
    pub(super) worker: Option<Hold>,
    /// Whom it came to, for reports: the worker, or the one that refused.
    pub(super) met: Option<u32>,
    /// When the worker is done.
    pub(super) done: SimTime,
    /// From then until the client has it.
    pub(super) back: SimDuration,
    /// What becomes of it.
    pub(super) plan: Plan,
    /// Whether nothing can change that any more.
    pub(super) is_settled: bool,
    /// Whether the rules of the moment led it there, rather than a connection from before.
    pub(super) by_rules: bool,
    /// Whether it failed behind a proxy.
    pub(super) is_behind: bool,
    /// The epoch in which it was sent.
    pub(super) epoch: u64,
}

/// All requests in flight, in slots that are used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Flights {
    slots: Vec<Option<Request>>,
    /// How often each slot was planned for: an entry of the agenda that is older than this is void.
    planned: Vec<u32>,
    free: Vec<u32>,
}

impl Flights {
    pub(super) fn insert(&mut self, request: Request) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(request);
                slot
            }
            None => {
                self.slots.push(Some(request));
                self.planned.push(0);
                self.slots.len() as u32 - 1
            }
        }
    }

    /// The request of this plan.
    pub(super) fn planned(&mut self, slot: u32, planned: u32) -> Option<&mut Request> {
        if self.planned[slot as usize] != planned {
            return None;
        }
        self.slots[slot as usize].as_mut()
    }

    /// Makes a plan: the number under which it stands in the agenda.
    pub(super) fn plan(&mut self, slot: u32, plan: Plan) -> u32 {
        self.planned[slot as usize] += 1;
        if let Some(request) = &mut self.slots[slot as usize] {
            request.plan = plan;
        }
        self.planned[slot as usize]
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Request> {
        self.slots[slot as usize].as_mut()
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Request> {
        let request = self.slots[slot as usize].take()?;
        self.planned[slot as usize] += 1;
        self.free.push(slot);
        Some(request)
    }

    /// All that are in flight, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Request)> {
        self.slots.iter().enumerate().filter_map(|(slot, request)| Some((slot as u32, request.as_ref()?)))
    }
}
