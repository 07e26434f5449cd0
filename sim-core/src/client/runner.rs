//! The runner: one per controller. It keeps the work queue, calls `sync` with up to WORKERS keys at a time, sends what the plan says
//! one request after another, and tries again with backoff when one fails.
//!
//! Reconciles are level-triggered: a failure drops the rest of the plan, and the next sync looks at the world anew.

use crate::api::object::{Object, ObjectId};
use crate::api::status::ApiError;
use crate::apiserver::request::Write;
use crate::client::events::Recorder;
use crate::client::pace::Pace;
use crate::client::plan::{Plan, Report, Step, Tell};
use crate::client::rate_limit::RateLimit;
use crate::client::work_queue::{BACKOFF, WorkQueue};
use crate::client::{Call, NO_ANSWER};
use crate::kernel::table::Index;
use crate::kernel::time::{Epoch, SimDuration, SimTime};
use std::collections::VecDeque;

/// A plan on its way.
#[derive(Clone, Debug)]
struct Flight {
    key: ObjectId,
    steps: VecDeque<Step>,
    /// Requests of a slow start that wait for the batch before them.
    held: VecDeque<Write>,
    /// The size of the next batch.
    batch: usize,
    tell: Option<(crate::api::event::ObjectReference, Tell)>,
    /// The requests that wait for their answers, which come in the same order.
    sent: VecDeque<Write>,
    /// What the plan saw.
    seen: Option<Object>,
    /// Answers that are still to come.
    outstanding: usize,
    failed: Option<ApiError>,
    requeue_after: Option<SimDuration>,
    retry: Option<(SimDuration, SimDuration)>,
    /// When the work outside is over that the next step waits for.
    working_until: Option<SimTime>,
}

/// What a runner shares with the others of its process.
pub struct Shared<'a> {
    /// The revision up to which the process has seen everything.
    pub revision: u64,
    /// The moment.
    pub now: SimTime,
    /// Requests to be sent, with their times.
    pub calls: &'a mut Vec<(SimTime, Call)>,
    /// Keys to look at again, with their times.
    pub wakes: &'a mut Vec<(SimTime, ObjectId)>,
    /// How long work outside of the API takes.
    pub pace: &'a Pace,
}

/// A controller's queue and its plans on their way.
#[derive(Clone, Debug)]
pub struct Runner {
    /// Each controller has a client of its own, with its own rate limit; its events go through it too
    /// (`cmd/kube-controller-manager/app/controllermanager.go`, ClientBuilder, v1.36).
    limit: RateLimit,
    recorder: Recorder,
    workers: usize,
    queue: WorkQueue,
    flights: Vec<Option<Flight>>,
    /// Key → the revision of its last write: until the cache has seen it, the key isn't settled.
    written: Index<ObjectId, u64>,
    /// Whether nothing begins before the cache has seen all that was written.
    reads_its_writes: bool,
    /// How long a key waits after its first failure, and at most.
    backoff: (SimDuration, SimDuration),
    last_written: u64,
}

impl Runner {
    /// An idle runner that signs its events as `component`.
    pub fn new(component: &'static str, workers: usize, limit: RateLimit, epoch: Epoch) -> Self {
        Runner {
            limit,
            recorder: Recorder::new(component, epoch),
            workers,
            queue: WorkQueue::default(),
            flights: Vec::new(),
            written: Index::default(),
            reads_its_writes: false,
            backoff: BACKOFF,
            last_written: 0,
        }
    }

    /// The same, if so asked for a controller that keeps what it writes in a cache of its own: it never decides by what it has changed itself.
    #[must_use]
    pub fn reading_its_writes(self, reads_its_writes: bool) -> Self {
        Runner { reads_its_writes, ..self }
    }

    /// The same with another backoff.
    #[must_use]
    pub fn with_backoff(self, backoff: (SimDuration, SimDuration)) -> Self {
        Runner { backoff, ..self }
    }

    /// This key needs a sync.
    pub fn add(&mut self, key: ObjectId) {
        self.queue.add(key);
    }

    /// This key needs a sync at `at`. Whether a timer has to be set for that.
    pub fn add_at(&mut self, key: ObjectId, at: SimTime) -> bool {
        self.queue.add_at(key, at)
    }

    /// Sends an event that no sync decided on.
    pub fn tell(&mut self, report: Report, shared: &mut Shared<'_>) {
        report_to(&mut self.recorder, &mut self.limit, report, shared);
    }

    /// A timer of this key went off.
    pub fn on_due(&mut self, key: ObjectId, now: SimTime) {
        self.queue.on_due(key, now);
    }

    /// Whether nothing is queued or on its way.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.flights.iter().all(Option::is_none)
    }

    /// Starts as many syncs as there are idle workers. `slot` numbers go into the tokens of requests.
    pub fn start(&mut self, shared: &mut Shared<'_>, token: impl Fn(usize) -> u64, mut sync: impl FnMut(ObjectId, bool) -> Plan) {
        self.resume(shared, &token);
        while self.flights.iter().flatten().count() < self.workers {
            if self.reads_its_writes && self.last_written > shared.revision {
                return;
            }
            let Some(key) = self.queue.take() else { return };
            let settled = self.written.get(&key).is_none_or(|revision| *revision <= shared.revision);
            if settled {
                self.written.remove(&key);
            }
            let plan = sync(key, settled);
            let flight = Flight {
                key,
                steps: plan.steps.into(),
                held: VecDeque::new(),
                batch: 1,
                tell: None,
                sent: VecDeque::new(),
                seen: plan.seen,
                outstanding: 0,
                failed: None,
                requeue_after: plan.requeue_after,
                retry: plan.retry,
                working_until: None,
            };
            let slot = self.flights.iter().position(Option::is_none).unwrap_or_else(|| {
                self.flights.push(None);
                self.flights.len() - 1
            });
            self.flights[slot] = Some(flight);
            self.advance(slot, shared, &token);
        }
    }

    /// Takes the answer to one of the requests of the plan in `slot`. A failure drops the rest of the plan; `on_error` says what is done
    /// about it before the key is tried again.
    pub fn answer(
        &mut self,
        slot: usize,
        result: &Result<Object, ApiError>,
        shared: &mut Shared<'_>,
        token: impl Fn(usize) -> u64,
        on_error: impl FnOnce(ObjectId, Option<&Object>, &Write, &ApiError) -> Plan,
    ) {
        let Some(flight) = self.flights.get_mut(slot).and_then(Option::as_mut) else { return };
        flight.outstanding -= 1;
        let sent = flight.sent.pop_front().expect("what is answered was sent");
        let mut reports = Vec::new();
        match result {
            Ok(object) => {
                let earlier = self.written.get(&flight.key).copied().unwrap_or(0);
                let revision = object.meta().resource_version;
                self.written.insert(flight.key, earlier.max(revision));
                self.last_written = self.last_written.max(revision);
                if let Some((about, Tell(tell))) = &flight.tell {
                    let (reason, message) = tell(object);
                    let event_type = crate::api::event::EventType::Normal;
                    reports.push(Report { about: about.clone(), event_type, reason: reason.into(), message: message.into() });
                }
            }
            // What is gone already need not be deleted or changed.
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                // Of several failures of a batch, the first says what is to be done; all are told.
                let first = flight.failed.is_none();
                if first {
                    flight.failed = Some(error.clone());
                    flight.held.clear();
                    flight.steps.clear();
                }
                for step in on_error(flight.key, flight.seen.as_ref(), &sent, error).steps {
                    match step {
                        Step::Report(report) => reports.push(report),
                        step if first => flight.steps.push_back(step),
                        _ => {}
                    }
                }
            }
        }
        reports.into_iter().for_each(|report| report_to(&mut self.recorder, &mut self.limit, report, shared));
        self.advance(slot, shared, &token);
    }

    /// Goes on with the plans whose work outside is over.
    fn resume(&mut self, shared: &mut Shared<'_>, token: &impl Fn(usize) -> u64) {
        for slot in 0..self.flights.len() {
            if let Some(flight) = self.flights[slot].as_mut()
                && flight.working_until.is_some_and(|until| until <= shared.now)
            {
                flight.working_until = None;
                self.advance(slot, shared, token);
            }
        }
    }

    /// Sends what can be sent; ends the flight when nothing is left.
    fn advance(&mut self, slot: usize, shared: &mut Shared<'_>, token: &impl Fn(usize) -> u64) {
        let Some(flight) = self.flights.get_mut(slot).and_then(Option::as_mut) else { return };
        while flight.outstanding == 0 && flight.working_until.is_none() {
            if !flight.held.is_empty() {
                let batch = flight.batch.min(flight.held.len());
                flight.batch *= 2;
                flight.outstanding = batch;
                for write in flight.held.drain(..batch) {
                    flight.sent.push_back(write.clone());
                    shared.calls.push((self.limit.reserve(shared.now), Call { token: token(slot), write }));
                }
                continue;
            }
            flight.tell = None;
            match flight.steps.pop_front() {
                None => break,
                Some(Step::Report(report)) => report_to(&mut self.recorder, &mut self.limit, report, shared),
                Some(Step::Work(work, uid)) => {
                    let until = shared.now + shared.pace.of(work, uid);
                    flight.working_until = Some(until);
                    shared.wakes.push((until, flight.key));
                }
                Some(Step::One(write)) => {
                    flight.held.push_back(write);
                    flight.batch = 1;
                }
                Some(Step::Together(writes, tell)) => {
                    flight.batch = writes.len().max(1);
                    flight.held = writes.into();
                    flight.tell = tell;
                }
                Some(Step::SlowStart(writes, tell)) => {
                    flight.batch = 1;
                    flight.held = writes.into();
                    flight.tell = tell;
                }
            }
        }
        if flight.outstanding == 0 && flight.working_until.is_none() {
            self.end(slot, shared);
        }
    }

    fn end(&mut self, slot: usize, shared: &mut Shared<'_>) {
        let Some(flight) = self.flights.get_mut(slot).and_then(Option::take) else { return };
        self.queue.done(flight.key);
        match (flight.failed, flight.retry) {
            (Some(_), _) => {
                let backoff = self.queue.failed_within(flight.key, self.backoff.0, self.backoff.1);
                self.wake(shared, flight.key, backoff);
            }
            (None, Some((first, longest))) => {
                let backoff = self.queue.failed_within(flight.key, first, longest);
                self.wake(shared, flight.key, backoff);
            }
            (None, None) => {
                self.queue.forget(flight.key);
                if let Some(after) = flight.requeue_after {
                    self.wake(shared, flight.key, after);
                }
            }
        }
    }

    fn wake(&mut self, shared: &mut Shared<'_>, key: ObjectId, after: SimDuration) {
        let at = shared.now + after;
        if self.queue.add_at(key, at) {
            shared.wakes.push((at, key));
        }
    }
}

/// Sends an event, unless too much was said about its object.
fn report_to(recorder: &mut Recorder, limit: &mut RateLimit, report: Report, shared: &mut Shared<'_>) {
    if let Some(event) = recorder.record(report, shared.now) {
        shared.calls.push((limit.reserve(shared.now), Call { token: NO_ANSWER, write: Write::Report(event) }));
    }
}
