//! The work queue: each key at most once, in order of arrival; a key that is being worked on waits until that is done.
//! Failures come back with exponential backoff. Mirrors `client-go/util/workqueue`, v1.36.

use crate::api::object::ObjectId;
use crate::kernel::table::Index;
use crate::kernel::time::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How long a key waits that failed once, and at most: `DefaultTypedControllerRateLimiter`, 5 ms and 1000 s.
pub const BACKOFF: (SimDuration, SimDuration) = (SimDuration::from_millis(5), SimDuration::from_secs(1000));

/// Keys that wait, keys that are in work, and how often keys failed.
#[derive(Clone, Debug, Default)]
pub struct WorkQueue {
    queue: VecDeque<ObjectId>,
    /// All keys that need work, queued or held back because they are in work.
    dirty: BTreeSet<ObjectId>,
    in_work: BTreeSet<ObjectId>,
    failures: BTreeMap<ObjectId, u32>,
    /// When keys that were held back come due.
    due: Index<ObjectId, SimTime>,
}

impl WorkQueue {
    /// This key needs work. Says so once, however often it is called.
    pub fn add(&mut self, key: ObjectId) {
        if self.dirty.insert(key) && !self.in_work.contains(&key) {
            self.queue.push_back(key);
        }
    }

    /// Takes the next key into work.
    pub fn take(&mut self) -> Option<ObjectId> {
        let key = self.queue.pop_front()?;
        self.dirty.remove(&key);
        self.in_work.insert(key);
        Some(key)
    }

    /// The work on this key is over; if it was added meanwhile, it queues again.
    pub fn done(&mut self, key: ObjectId) {
        self.in_work.remove(&key);
        if self.dirty.contains(&key) {
            self.queue.push_back(key);
        }
    }

    /// How long to hold a key back after another failure: at first so long, then twice as long each time, up to the longest.
    pub fn failed_within(&mut self, key: ObjectId, first: SimDuration, longest: SimDuration) -> SimDuration {
        let failures = self.failures.entry(key).or_default();
        let backoff = first * (1u64 << (*failures).min(20));
        *failures += 1;
        backoff.min(longest)
    }

    /// The key succeeded: its failures are forgotten.
    pub fn forget(&mut self, key: ObjectId) {
        self.failures.remove(&key);
    }

    /// Holds the key back until `at`. Whether a timer is needed: not if the key comes due by then anyway, for a key waits once, for its
    /// earliest time (`delaying_queue.go`, insert).
    pub fn add_at(&mut self, key: ObjectId, at: SimTime) -> bool {
        let needed = self.due.get(&key).is_none_or(|due| at < *due);
        if needed {
            self.due.insert(key, at);
        }
        needed
    }

    /// A timer went off. If the key had come due earlier, nothing waits for it any more.
    pub fn on_due(&mut self, key: ObjectId, now: SimTime) {
        if self.due.get(&key) == Some(&now) {
            self.due.remove(&key);
            self.add(key);
        }
    }

    /// How many keys wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no key waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::object::Kind;

    fn key(number: u32) -> ObjectId {
        ObjectId { kind: Kind::Pod, number }
    }

    #[test]
    fn a_key_is_queued_once_and_not_worked_on_twice_at_a_time() {
        let mut queue = WorkQueue::default();
        queue.add(key(1));
        queue.add(key(1));
        queue.add(key(2));
        assert_eq!((queue.take(), queue.len()), (Some(key(1)), 1));
        queue.add(key(1));
        assert_eq!(queue.len(), 1, "in work: held back");
        queue.done(key(1));
        assert_eq!((queue.take(), queue.take(), queue.take()), (Some(key(2)), Some(key(1)), None));
    }

    #[test]
    fn a_held_back_key_waits_once_for_its_earliest_time() {
        let mut queue = WorkQueue::default();
        let at = SimTime::from_secs;
        assert_eq!([10, 20, 5, 7].map(|secs| queue.add_at(key(1), at(secs))), [true, false, true, false]);
        queue.on_due(key(1), at(5));
        assert_eq!((queue.take(), queue.add_at(key(1), at(30))), (Some(key(1)), true));
        queue.on_due(key(1), at(10));
        assert_eq!(queue.len(), 0, "the timer for 10 s was overtaken");
    }

    #[test]
    fn backoff_doubles_and_is_forgotten() {
        let mut queue = WorkQueue::default();
        let failed = |queue: &mut WorkQueue, number: u32| queue.failed_within(key(number), BACKOFF.0, BACKOFF.1);
        let waits: Vec<u64> = (0..4).map(|_| failed(&mut queue, 1).as_millis()).collect();
        assert_eq!(waits, [5, 10, 20, 40]);
        queue.forget(key(1));
        assert_eq!(failed(&mut queue, 1).as_millis(), 5);
        assert_eq!((0..40).map(|_| failed(&mut queue, 2)).last(), Some(BACKOFF.1));
    }
}
