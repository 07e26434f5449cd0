//! The event queue: ordered by (time, id), in two levels.
//!
//! Nearly all events of a cluster are due within a few milliseconds; some (a lease, a deadline) much later. The near
//! level is a small binary heap; the far level keeps whole buckets of time unsorted until they come due. Pushing and
//! popping cost what the near level costs, however many timers wait far away.

use crate::kernel::time::SimTime;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

/// Which event this is: its number in the order of scheduling, from 1. [`EventId::NONE`] stands for "nothing".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct EventId(pub u64);

impl EventId {
    /// No event: the cause of what the user did.
    pub const NONE: EventId = EventId(0);
}

/// An event in the queue.
#[derive(Clone, Debug)]
pub struct Scheduled<E> {
    /// When it is due.
    pub at: SimTime,
    /// Breaks ties of time before `id` does; zero unless ties are shuffled.
    tie: u64,
    /// Its number.
    pub id: EventId,
    /// The event that was being handled when this one was scheduled.
    pub cause: EventId,
    /// What is to happen.
    pub event: E,
}

impl<E> Scheduled<E> {
    fn order(&self) -> (SimTime, u64, EventId) {
        (self.at, self.tie, self.id)
    }
}
impl<E> PartialEq for Scheduled<E> {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}
impl<E> Eq for Scheduled<E> {}
impl<E> PartialOrd for Scheduled<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Scheduled<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

/// What decides between events that are due at the same nanosecond.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TieBreak {
    /// First scheduled, first handled.
    #[default]
    Fifo,
    /// An order drawn from this seed. What holds must hold in every order.
    Shuffled(u64),
}

/// One bucket of the far level spans 2^24 ns, about 16.8 ms.
const BUCKET_BITS: u32 = 24;

/// The queue. `E` should be small; it is moved about.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    near: BinaryHeap<Reverse<Scheduled<E>>>,
    /// Events of buckets up to and including this one are in `near`.
    near_bucket: u64,
    far: BTreeMap<u64, Vec<Scheduled<E>>>,
    far_len: usize,
    next_id: u64,
    tie_break: TieBreak,
}

impl<E> Queue<E> {
    /// An empty queue.
    pub fn new(tie_break: TieBreak) -> Self {
        Queue { near: BinaryHeap::new(), near_bucket: 0, far: BTreeMap::new(), far_len: 0, next_id: 1, tie_break }
    }

    /// Adds an event and returns its number.
    pub fn push(&mut self, at: SimTime, cause: EventId, event: E) -> EventId {
        let id = EventId(self.next_id);
        self.next_id += 1;
        let tie = match self.tie_break {
            TieBreak::Fifo => 0,
            TieBreak::Shuffled(seed) => mix(seed ^ id.0),
        };
        let scheduled = Scheduled { at, tie, id, cause, event };
        let bucket = at.as_nanos() >> BUCKET_BITS;
        if bucket <= self.near_bucket {
            self.near.push(Reverse(scheduled));
        } else {
            self.far.entry(bucket).or_default().push(scheduled);
            self.far_len += 1;
        }
        id
    }

    /// Takes the number that the next event would have had, for something that happens without waiting in the queue.
    pub fn take_id(&mut self) -> EventId {
        let id = EventId(self.next_id);
        self.next_id += 1;
        id
    }

    /// Takes the earliest event.
    pub fn pop(&mut self) -> Option<Scheduled<E>> {
        self.refill();
        self.near.pop().map(|Reverse(scheduled)| scheduled)
    }

    /// When the earliest event is due.
    pub fn next_at(&mut self) -> Option<SimTime> {
        self.refill();
        self.near.peek().map(|Reverse(scheduled)| scheduled.at)
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.near.len() + self.far_len
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All waiting events, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Scheduled<E>> {
        self.near.iter().map(|Reverse(s)| s).chain(self.far.values().flatten())
    }

    fn refill(&mut self) {
        if self.near.is_empty()
            && let Some((bucket, events)) = self.far.pop_first()
        {
            self.near_bucket = bucket;
            self.far_len -= events.len();
            self.near.extend(events.into_iter().map(Reverse));
        }
    }
}

/// SplitMix64's finalizer: spreads the bits of a counter.
pub(crate) const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_times_keep_their_order_and_far_events_wait() {
        let mut queue = Queue::new(TieBreak::Fifo);
        for (at, name) in [(5, 'c'), (1, 'a'), (5, 'd'), (900_000_000_000, 'z'), (2, 'b')] {
            queue.push(SimTime::from_nanos(at), EventId::NONE, name);
        }
        let order: String = std::iter::from_fn(|| queue.pop()).map(|s| s.event).collect();
        assert_eq!(order, "abcdz");
        assert!(queue.is_empty());
    }

    #[test]
    fn shuffled_ties_differ_by_seed_but_not_by_run() {
        let order = |seed| {
            let mut queue = Queue::new(TieBreak::Shuffled(seed));
            for n in 0..20 {
                queue.push(SimTime::ZERO, EventId::NONE, n);
            }
            std::iter::from_fn(move || queue.pop()).map(|s| s.event).collect::<Vec<i32>>()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    proptest! {
        #[test]
        fn pops_in_order_whatever_is_pushed_between(ops in prop::collection::vec((0u64..200_000_000, any::<bool>()), 1..200)) {
            let mut queue = Queue::new(TieBreak::Fifo);
            let mut now = SimTime::ZERO;
            for (delay, pop) in ops {
                queue.push(now + crate::kernel::time::SimDuration::from_nanos(delay), EventId::NONE, ());
                if pop {
                    let popped = queue.pop().expect("just pushed");
                    prop_assert!(popped.at >= now);
                    now = popped.at;
                }
            }
            while let Some(popped) = queue.pop() {
                prop_assert!(popped.at >= now);
                now = popped.at;
            }
        }
    }
}
