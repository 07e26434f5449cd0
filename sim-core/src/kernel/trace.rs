//! The trace: what happened, because of what; and the fingerprint of a run.
//!
//! Every handled event leaves a small record with the event that caused it. A run is a forest rooted in what the user
//! did, so `why` is a walk from a leaf to its root. The ring is bounded: for more, replay from a checkpoint.

use crate::kernel::queue::{EventId, mix};
use crate::kernel::table::{Log, Table};
use crate::kernel::time::SimTime;
use std::fmt;

/// One thing that happened. `T` says what, and should be small and `Copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<T> {
    /// The event's number.
    pub id: EventId,
    /// When it was handled.
    pub at: SimTime,
    /// What caused it; [`EventId::NONE`] for what the user did.
    pub cause: EventId,
    /// What it was.
    pub what: T,
}

/// A running hash of a run. Equal fingerprints mean: the same events at the same times with the same effects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Adds a number to the hash. The order matters.
    pub fn absorb(&mut self, word: u64) {
        self.0 = mix(self.0.rotate_left(5) ^ word);
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// How many events lie between two entries of the fingerprint chain.
pub const CHAIN_STEP: u64 = 1024;

/// The newest `capacity` records, and the fingerprint of all.
#[derive(Clone, Debug)]
pub struct Trace<T: Copy> {
    /// By event number. Events aren't handled in the order of their numbers.
    records: Table<Record<T>>,
    /// The numbers in the order of handling.
    order: Log<EventId>,
    capacity: u64,
    fingerprint: Fingerprint,
    handled: u64,
    chain: Log<Fingerprint>,
}

/// Where the record of an event stands. A run of four thousand million events would take an hour.
fn place(id: EventId) -> u32 {
    u32::try_from(id.0).expect("event numbers fit into 32 bits")
}

impl<T: Copy> Trace<T> {
    /// An empty trace that keeps this many records.
    pub fn new(capacity: u64) -> Self {
        Trace {
            records: Table::default(),
            order: Log::default(),
            capacity,
            fingerprint: Fingerprint::default(),
            handled: 0,
            chain: Log::default(),
        }
    }

    /// Notes an event that is being handled.
    pub fn record(&mut self, record: Record<T>) {
        self.handled += 1;
        self.fingerprint.absorb(record.at.as_nanos());
        self.fingerprint.absorb(record.id.0);
        if self.handled.is_multiple_of(CHAIN_STEP) {
            self.chain.push(self.fingerprint);
        }
        if self.capacity == 0 {
            return;
        }
        let number = self.order.push(record.id);
        self.records.insert(place(record.id), record);
        if let Some(oldest) = number.checked_sub(self.capacity) {
            if let Some(id) = self.order.get(oldest) {
                self.records.remove(place(*id));
            }
            self.order.forget_before(oldest + 1);
        }
    }

    /// Mixes an effect into the fingerprint: what an event did, besides having happened.
    pub fn absorb(&mut self, word: u64) {
        self.fingerprint.absorb(word);
    }

    /// The record of an event, if it is still held.
    pub fn get(&self, id: EventId) -> Option<&Record<T>> {
        self.records.get(place(id))
    }

    /// The records still held, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Record<T>> {
        self.order.from(0).filter_map(|(_, id)| self.get(*id))
    }

    /// How many events were noted so far: the place of the next in the order of handling.
    pub fn noted(&self) -> u64 {
        self.order.next()
    }

    /// The records from a place in the order of handling on.
    pub fn from(&self, place: u64) -> impl Iterator<Item = &Record<T>> {
        self.order.from(place).filter_map(|(_, id)| self.get(*id))
    }

    /// The chain from this event back to its root, starting with the event itself.
    pub fn chain_of(&self, id: EventId) -> Vec<Record<T>> {
        let mut chain = Vec::new();
        let mut at = id;
        while let Some(record) = self.get(at) {
            chain.push(*record);
            at = record.cause;
        }
        chain
    }

    /// How many events were handled since the start of the run.
    pub fn handled(&self) -> u64 {
        self.handled
    }

    /// The fingerprint of everything so far.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The fingerprints after every [`CHAIN_STEP`] events: two runs that differ can be bisected by them.
    pub fn fingerprint_chain(&self) -> impl Iterator<Item = Fingerprint> {
        self.chain.from(0).map(|(_, fingerprint)| *fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(capacity: u64, events: u64) -> Trace<u8> {
        let mut trace = Trace::new(capacity);
        for n in 1..=events {
            trace.record(Record { id: EventId(n), at: SimTime::from_nanos(n * 3), cause: EventId(n / 2), what: (n % 7) as u8 });
        }
        trace
    }

    #[test]
    fn causes_lead_to_the_root() {
        let ids: Vec<u64> = run(10_000, 100).chain_of(EventId(100)).iter().map(|r| r.id.0).collect();
        assert_eq!(ids, [100, 50, 25, 12, 6, 3, 1]);
    }

    #[test]
    fn the_ring_is_bounded_and_the_fingerprint_is_not_touched_by_it() {
        let (small, large) = (run(2_000, 9_000), run(20_000, 9_000));
        assert_eq!(small.fingerprint(), large.fingerprint());
        assert!(small.iter().count() <= 2_000 + 1024, "{}", small.iter().count());
        assert!(small.get(EventId(1)).is_none());
        assert_eq!(small.get(EventId(9_000)).map(|r| r.cause), Some(EventId(4_500)));
        assert_eq!(small.fingerprint_chain().count(), 8);
        assert_ne!(run(0, 10).fingerprint(), run(0, 11).fingerprint());
    }
}
