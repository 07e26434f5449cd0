//! The scheduling queue: pods that can be tried, pods that wait a while, and pods that wait for the cluster to change.
//! Mirrors `pkg/scheduler/backend/queue/{scheduling_queue,active_queue,backoff_queue}.go`, v1.36.

use super::plugins::Rejection;
use crate::kernel::table::{Index, Table};
use crate::kernel::time::{SimDuration, SimTime};
use std::cmp::Reverse;

/// The first wait after a failure (`podInitialBackoffSeconds`, 1); it doubles with each.
pub const BACKOFF_INITIAL: SimDuration = SimDuration::from_secs(1);
/// The longest wait (`podMaxBackoffSeconds`, 10).
pub const BACKOFF_MAX: SimDuration = SimDuration::from_secs(10);
/// After this long a pod is tried again even if nothing changed (`podMaxInUnschedulablePodsDuration`).
pub const UNSCHEDULABLE_MAX: SimDuration = SimDuration::from_secs(300);
/// How often the queue looks for such pods.
const UNSCHEDULABLE_FLUSH: SimDuration = SimDuration::from_secs(30);

/// Where a pod is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Active,
    /// Nothing is wrong with it any more, but it failed not long ago.
    Backoff(SimTime),
    /// A request failed: it isn't tried before its time, however idle the scheduler is.
    ErrorBackoff(SimTime),
    Unschedulable,
    /// It was taken out and is being bound.
    InFlight,
}

#[derive(Clone, Copy, Debug)]
struct Queued {
    priority: i32,
    /// When it came into the queue last.
    since: SimTime,
    place: Place,
    /// How often no node was found, or an error happened, in a row.
    failures: u32,
    /// Why no node was found the last time.
    why: Rejection,
}

impl Queued {
    /// When it may be tried again: 1, 2, 4, 8, 10, 10, … seconds after its last failure.
    fn backoff_end(&self) -> SimTime {
        if self.failures == 0 {
            return self.since;
        }
        let doubled = BACKOFF_INITIAL * (1 << (self.failures - 1).min(8));
        self.since + doubled.min(BACKOFF_MAX)
    }
}

/// The queue. Pods are known by their number.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    pods: Table<Queued>,
    /// Higher priority first, then who came earlier.
    active: Index<(Reverse<i32>, SimTime, u32), ()>,
    backoff: Index<(SimTime, u32), ()>,
    error_backoff: Index<(SimTime, u32), ()>,
    /// Who has waited longest first.
    unschedulable: Index<(SimTime, u32), ()>,
}

impl Queue {
    /// A new pod, to be tried. One that is queued already stays where it is.
    pub fn add(&mut self, pod: u32, priority: i32, now: SimTime) {
        if self.pods.get(pod).is_none() {
            self.put(pod, Queued { priority, since: now, place: Place::Active, failures: 0, why: Rejection::NONE });
        }
    }

    fn put(&mut self, pod: u32, queued: Queued) {
        match queued.place {
            Place::Active => drop(self.active.insert((Reverse(queued.priority), queued.since, pod), ())),
            Place::Backoff(until) => drop(self.backoff.insert((until, pod), ())),
            Place::ErrorBackoff(until) => drop(self.error_backoff.insert((until, pod), ())),
            Place::Unschedulable => drop(self.unschedulable.insert((queued.since, pod), ())),
            Place::InFlight => {}
        }
        self.pods.insert(pod, queued);
    }

    /// Forgets a pod: it is bound, or gone.
    pub fn remove(&mut self, pod: u32) {
        if let Some(queued) = self.take(pod) {
            debug_assert!(self.pods.get(pod).is_none(), "{queued:?} was taken out");
        }
    }

    fn take(&mut self, pod: u32) -> Option<Queued> {
        let queued = self.pods.remove(pod)?;
        match queued.place {
            Place::Active => self.active.remove(&(Reverse(queued.priority), queued.since, pod)),
            Place::Backoff(until) => self.backoff.remove(&(until, pod)),
            Place::ErrorBackoff(until) => self.error_backoff.remove(&(until, pod)),
            Place::Unschedulable => self.unschedulable.remove(&(queued.since, pod)),
            Place::InFlight => None,
        };
        Some(queued)
    }

    /// Takes out the next pod to try. An idle scheduler doesn't wait for backoffs to end (SchedulerPopFromBackoffQ, on since v1.33).
    pub fn pop(&mut self) -> Option<u32> {
        let pod = self.next()?;
        let mut queued = self.take(pod)?;
        queued.place = Place::InFlight;
        self.pods.insert(pod, queued);
        Some(pod)
    }

    fn next(&self) -> Option<u32> {
        let active = self.active.iter().next().map(|((_, _, pod), ())| *pod);
        active.or_else(|| self.backoff.iter().next().map(|((_, pod), ())| *pod))
    }

    /// Whether a pod could be tried now.
    pub fn is_ready(&self) -> bool {
        !self.active.is_empty() || !self.backoff.is_empty()
    }

    /// No node was found for a pod that was taken out, for these reasons.
    pub fn unschedulable(&mut self, pod: u32, why: Rejection, now: SimTime) {
        let Some(mut queued) = self.take(pod) else { return };
        queued.failures += 1;
        queued.since = now;
        queued.place = Place::Unschedulable;
        queued.why = why;
        self.put(pod, queued);
    }

    /// A request for a pod that was taken out failed. Returns when it will be tried again.
    pub fn failed(&mut self, pod: u32, now: SimTime) -> Option<SimTime> {
        let mut queued = self.take(pod)?;
        queued.failures += 1;
        queued.since = now;
        // The queue looks at backoffs every second.
        let until = round_up(queued.backoff_end(), SimDuration::from_secs(1));
        queued.place = Place::ErrorBackoff(until);
        self.put(pod, queued);
        Some(until)
    }

    /// Something changed: of the pods without a node, those that `helped` says it might help are tried again, after their backoff.
    pub fn cluster_changed(&mut self, now: SimTime, mut helped: impl FnMut(u32, Rejection) -> bool) {
        if self.unschedulable.is_empty() {
            return;
        }
        let waiting = self.unschedulable.iter().map(|((_, pod), ())| *pod);
        let pods: Vec<u32> = waiting.filter(|pod| self.pods.get(*pod).is_some_and(|queued| helped(*pod, queued.why))).collect();
        pods.into_iter().for_each(|pod| self.requeue(pod, now));
    }

    /// The pod itself changed: if it waits for the cluster to change, it is tried again.
    pub fn pod_changed(&mut self, pod: u32, now: SimTime) {
        if self.pods.get(pod).is_some_and(|queued| queued.place == Place::Unschedulable) {
            self.requeue(pod, now);
        }
    }

    fn requeue(&mut self, pod: u32, now: SimTime) {
        let Some(mut queued) = self.take(pod) else { return };
        let until = queued.backoff_end();
        queued.place = if until > now { Place::Backoff(until) } else { Place::Active };
        self.put(pod, queued);
    }

    /// Lets go of pods whose wait is over.
    pub fn flush(&mut self, now: SimTime) {
        let over: Vec<u32> = self.error_backoff.iter().take_while(|((until, _), ())| *until <= now).map(|((_, pod), ())| *pod).collect();
        for pod in over {
            if let Some(mut queued) = self.take(pod) {
                queued.place = Place::Active;
                self.put(pod, queued);
            }
        }
        let waited = self.unschedulable.iter().take_while(|((since, _), ())| *since + UNSCHEDULABLE_MAX <= now);
        let old: Vec<u32> = waited.map(|((_, pod), ())| *pod).collect();
        old.into_iter().for_each(|pod| self.requeue(pod, now));
    }

    /// When [`Queue::flush`] is worth calling next.
    pub fn next_flush(&self) -> Option<SimTime> {
        let error = self.error_backoff.iter().next().map(|((until, _), ())| *until);
        let oldest = self.unschedulable.iter().next().map(|((since, _), ())| *since);
        // The queue looks for such pods every half minute.
        let leftover = oldest.map(|since| round_up(since + UNSCHEDULABLE_MAX, UNSCHEDULABLE_FLUSH));
        error.into_iter().chain(leftover).min()
    }

    /// How many pods are queued, being bound among them.
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }
}

fn round_up(at: SimTime, step: SimDuration) -> SimTime {
    SimTime::from_nanos(at.as_nanos().div_ceil(step.as_nanos()) * step.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: SimTime = SimTime::from_secs(100);

    fn popped(queue: &mut Queue) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn priority_goes_first_then_age() {
        let mut queue = Queue::default();
        for (pod, priority, at) in [(1, 0, 5), (2, 10, 9), (3, 0, 4), (4, 10, 8), (5, 10, 8)] {
            queue.add(pod, priority, SimTime::from_secs(at));
        }
        queue.remove(5);
        assert_eq!(popped(&mut queue), [4, 2, 3, 1]);
    }

    #[test]
    fn what_has_no_node_waits_for_a_change_that_helps() {
        let mut queue = Queue::default();
        queue.add(1, 0, T);
        queue.add(2, 0, T);
        assert_eq!(popped(&mut queue), [1, 2]);
        queue.unschedulable(1, Rejection::CPU, T);
        queue.unschedulable(2, Rejection::TAINTS, T);
        assert!(!queue.is_ready());
        queue.cluster_changed(T, |_, why| why.meets(Rejection::FIT));
        assert_eq!(popped(&mut queue), [1]);
        queue.flush(T + SimDuration::from_secs(299));
        assert!(!queue.is_ready());
        queue.flush(T + SimDuration::from_secs(300));
        assert_eq!(popped(&mut queue), [2]);
    }

    #[test]
    fn errors_wait_longer_each_time() {
        let mut queue = Queue::default();
        queue.add(1, 0, T);
        let mut waits = Vec::new();
        let mut now = T;
        for _ in 0..6 {
            assert_eq!(queue.pop(), Some(1));
            let until = queue.failed(1, now).expect("it was taken out");
            waits.push(until.since(now).as_secs());
            assert_eq!((queue.pop(), queue.next_flush()), (None, Some(until)));
            now = until;
            queue.flush(now);
        }
        assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
    }
}
