//! What was known when. Agents on different nodes are not equally quick, so what some have forgotten others still go by.

use crate::kernel::table::Log;
use crate::kernel::time::SimTime;

/// The states of something, each with the moment from which it holds. Cloning is cheap if the states' is.
#[derive(Clone, Debug)]
pub struct Versions<S>(Log<(SimTime, S)>);

impl<S> Default for Versions<S> {
    fn default() -> Self {
        Versions(Log::default())
    }
}

impl<S: Clone> Versions<S> {
    /// From `at` on, it is so. Moments don't go back; of several at the same moment the last holds.
    pub fn push(&mut self, at: SimTime, state: S) {
        self.0.push((at, state));
    }

    /// What held at a moment: the oldest that is kept, if that is younger. `None`: nothing ever.
    pub fn at(&self, at: SimTime) -> Option<&S> {
        self.0.get(self.index(at)).map(|(_, state)| state)
    }

    /// The number of the version that held at a moment.
    fn index(&self, at: SimTime) -> u64 {
        let (first, next) = (self.0.first(), self.0.next());
        let (mut low, mut high) = (first, next);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.0.get(middle).is_some_and(|(since, _)| *since <= at) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.saturating_sub(1).max(first)
    }

    /// Since when that held.
    pub fn since(&self, at: SimTime) -> Option<SimTime> {
        self.0.get(self.index(at)).map(|(since, _)| *since)
    }

    /// When something changed next, after a moment.
    pub fn next_after(&self, at: SimTime) -> Option<SimTime> {
        let held = self.index(at);
        let next = if self.0.get(held).is_some_and(|(since, _)| *since > at) { held } else { held + 1 };
        self.0.get(next).map(|(since, _)| *since)
    }

    /// How many are kept.
    pub fn len(&self) -> u64 {
        self.0.next() - self.0.first()
    }

    /// Whether nothing ever held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Since when the newest holds.
    pub fn last_at(&self) -> Option<SimTime> {
        self.0.get(self.0.next().checked_sub(1)?).map(|(at, _)| *at)
    }

    /// Lets go of what nobody can ask for who is not further behind than `oldest`: all but the newest that held then.
    pub fn forget_before(&mut self, oldest: SimTime) {
        let mut first = self.0.first();
        while self.0.get(first + 1).is_some_and(|(at, _)| *at <= oldest) {
            first += 1;
        }
        self.0.forget_before(first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_held_when() {
        let at = |secs: u64| SimTime::ZERO + crate::kernel::time::SimDuration::from_secs(secs);
        let mut versions = Versions::default();
        assert_eq!(versions.at(at(1)), None);
        for (secs, state) in [(1, 'a'), (3, 'b'), (3, 'c'), (7, 'd')] {
            versions.push(at(secs), state);
        }
        let seen: String = (0..9).filter_map(|secs| versions.at(at(secs))).collect();
        assert_eq!(seen, "aaaccccdd");
        assert_eq!([0, 1, 3, 6, 7].map(|secs| versions.next_after(at(secs))), [Some(at(1)), Some(at(3)), Some(at(7)), Some(at(7)), None]);
        assert_eq!(versions.since(at(5)), Some(at(3)));
        for secs in 8..2_000 {
            versions.push(at(secs), 'e');
        }
        versions.forget_before(at(1_500));
        assert_eq!(versions.at(at(1_500)), Some(&'e'));
        assert_eq!(versions.at(at(1)), Some(&'e'), "the oldest that is kept stands for what was before");
    }
}
