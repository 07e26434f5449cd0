//! Repeated events of the `events.k8s.io` form: the second of a kind makes a series of the first, later ones are only counted, and the count
//! is written now and then.
//!
//! Mirrors `staging/src/k8s.io/client-go/tools/events/event_broadcaster.go`, v1.36. Two events are of a kind if they differ in nothing but
//! their note and time; the reference to the object includes its revision, so a pod whose condition has just been written begins anew. Only
//! failures are remembered: a pod is scheduled once.

use crate::api::event::Event;
use crate::api::meta::Uid;
use crate::kernel::table::Index;
use crate::kernel::time::{SimDuration, SimTime};
use std::sync::Arc;

/// What wasn't repeated for this long has ended; looked at as often (`finishTime`).
const FINISH: SimDuration = SimDuration::from_secs(6 * 60);
/// How often the counts of series that go on are written (`refreshTime`).
const REFRESH: SimDuration = SimDuration::from_secs(30 * 60);

/// The events that may be repeated, by their pod and its revision.
#[derive(Clone, Debug, Default)]
pub struct Series {
    known: Index<(Uid, u64), Arc<Event>>,
    /// When the series were looked at last.
    looked: SimTime,
}

impl Series {
    /// Takes in an event. Answers with what is to be written, if anything.
    pub fn record(&mut self, event: Event) -> Option<Arc<Event>> {
        let key = (event.about.uid, event.about.resource_version);
        let told = match self.known.get(&key) {
            None => Arc::new(event),
            Some(first) => Arc::new(Event { count: first.count + 1, last: event.last, ..(**first).clone() }),
        };
        self.known.insert(key, told.clone());
        (told.count <= 2).then_some(told)
    }

    /// When the series are to be looked at next; never, if there are none.
    pub fn next_look(&self) -> Option<SimTime> {
        let turn = self.looked.as_nanos() / FINISH.as_nanos() + 1;
        (!self.known.is_empty()).then(|| SimTime::ZERO + FINISH * turn)
    }

    /// Forgets what has ended. Answers with the counts that are to be written.
    pub fn look(&mut self, now: SimTime) -> Vec<Arc<Event>> {
        if self.next_look().is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.looked = now;
        let refreshes = now.as_nanos().is_multiple_of(REFRESH.as_nanos());
        let all: Vec<((Uid, u64), Arc<Event>)> = self.known.iter().map(|(key, event)| (*key, event.clone())).collect();
        let mut written = Vec::new();
        for (key, event) in all {
            let over = event.last + FINISH < now;
            if event.count > 1 && (over || refreshes) {
                written.push(event);
            }
            if over {
                self.known.remove(&key);
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::event::{EventType, ObjectReference};
    use crate::api::meta::{Meta, Str};

    fn refused(revision: u64, at: u64) -> Event {
        let now = SimTime::from_secs(at);
        let about = ObjectReference {
            kind: "Pod",
            api_version: "v1",
            namespace: "default".into(),
            name: "web".into(),
            uid: Uid::from_bits(7),
            resource_version: revision,
            field_path: Str::EMPTY,
        };
        Event {
            meta: Meta { name: Str::from(format!("web.{at}")), ..Meta::default() },
            about,
            reason: "FailedScheduling".into(),
            message: Str::from(format!("at {at}")),
            event_type: EventType::Warning,
            component: "default-scheduler",
            host: Str::EMPTY,
            first: now,
            last: now,
            count: 1,
            action: "Scheduling",
        }
    }

    #[test]
    fn the_second_makes_a_series_and_the_count_is_written_at_its_end() {
        let mut series = Series::default();
        let told: Vec<Option<u32>> = [(1, 10), (2, 11), (2, 20), (2, 40), (2, 80)]
            .map(|(revision, at)| series.record(refused(revision, at)).map(|e| e.count))
            .into();
        assert_eq!(told, [Some(1), Some(1), Some(2), None, None], "a new revision begins anew");
        assert_eq!(series.next_look(), Some(SimTime::from_secs(360)));
        assert!(series.look(SimTime::from_secs(360)).is_empty(), "nothing has been quiet for long enough");
        let last = series.look(SimTime::from_secs(720));
        assert_eq!(last.iter().map(|e| (e.count, e.message.as_str(), e.last)).collect::<Vec<_>>(), [(4, "at 11", SimTime::from_secs(80))]);
        assert_eq!(series.next_look(), None);
    }
}
