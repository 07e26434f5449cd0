//! What a controller wants done: an ordered list of writes. The runner sends them; the controller never does.

use crate::api::event::{EventType, ObjectReference};
use crate::api::meta::{Str, Uid};
use crate::api::object::{Object, ObjectId};
use crate::apiserver::request::Write;
use crate::client::pace::Work;
use crate::kernel::time::SimDuration;

/// An event to be recorded about an object.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// The object.
    pub about: ObjectReference,
    /// Normal or Warning.
    pub event_type: EventType,
    /// One word.
    pub reason: Str,
    /// One sentence.
    pub message: Str,
}

/// What to record when a write succeeded: made from the object as it was answered.
#[derive(Clone, Copy)]
pub struct Tell(pub fn(&Object) -> (&'static str, String));

impl std::fmt::Debug for Tell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tell")
    }
}

/// One step of a plan.
#[derive(Clone, Debug)]
pub enum Step {
    /// One request; the next step waits for its answer.
    One(Write),
    /// Requests sent at once; the next step waits for all answers.
    Together(Vec<Write>, Option<(ObjectReference, Tell)>),
    /// Requests in batches of 1, 2, 4, …: a batch is sent when all of the one before succeeded.
    /// `pkg/controller/replicaset/replica_set.go`, slowStartBatch, v1.36.
    SlowStart(Vec<Write>, Option<(ObjectReference, Tell)>),
    /// Record an event. Never waits.
    Report(Report),
    /// Work outside of the API, for this object: a driver's call takes its time, and the next step waits for its end.
    Work(Work, Uid),
}

/// What one sync decided.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In order. After a failure the rest is dropped, and the key is tried again.
    pub steps: Vec<Step>,
    /// Look again after this long, whatever happens.
    pub requeue_after: Option<SimDuration>,
    /// Look again after a while, longer each time in a row: from the first span, doubling, to the second. For what failed outside of the API.
    pub retry: Option<(SimDuration, SimDuration)>,
    /// The object as this sync saw it and would leave it: what a controller goes by when a request fails.
    pub seen: Option<Object>,
    /// Why, for people: "room for 2: 10 + 2 surge − 10 existing".
    pub why: Str,
}

impl Plan {
    /// Nothing to do.
    pub fn nothing() -> Plan {
        Plan::default()
    }

    /// Adds a request.
    pub fn then(&mut self, write: Write) {
        self.steps.push(Step::One(write));
    }

    /// Adds an event.
    pub fn report(&mut self, about: ObjectReference, event_type: EventType, reason: &'static str, message: String) {
        self.steps.push(Step::Report(Report { about, event_type, reason: reason.into(), message: message.into() }));
    }

    /// Whether there is nothing to send or to record.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// The keys that a change concerns.
#[derive(Debug, Default)]
pub struct Keys {
    now: Vec<ObjectId>,
    later: Vec<(ObjectId, SimDuration)>,
    reports: Vec<Report>,
}

impl Keys {
    /// This object needs a sync.
    pub fn add(&mut self, key: ObjectId) {
        if self.now.last() != Some(&key) {
            self.now.push(key);
        }
    }

    /// These objects need a sync.
    pub fn extend(&mut self, keys: impl IntoIterator<Item = ObjectId>) {
        keys.into_iter().for_each(|key| self.add(key));
    }

    /// This object needs a sync after `delay`.
    pub fn add_after(&mut self, key: ObjectId, delay: SimDuration) {
        self.later.push((key, delay));
    }

    /// The change itself is to be told: of what is gone, no sync can tell any more.
    pub fn report(&mut self, about: ObjectReference, event_type: EventType, reason: &'static str, message: String) {
        self.reports.push(Report { about, event_type, reason: reason.into(), message: message.into() });
    }

    /// Takes out what is to be told.
    pub fn take_reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }

    /// Takes out what was added.
    pub fn drain(&mut self) -> (std::vec::Drain<'_, ObjectId>, std::vec::Drain<'_, (ObjectId, SimDuration)>) {
        (self.now.drain(..), self.later.drain(..))
    }
}
