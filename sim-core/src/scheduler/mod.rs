//! The scheduler: binds pods to nodes, one at a time. Mirrors `pkg/scheduler/schedule_one.go` and `scheduler.go`, v1.36.
//!
//! A scheduling cycle takes a pod from the queue, filters nodes until enough are feasible, scores those, picks the best (a draw among
//! equals) and sends the binding. The cycle is serial; bindings go out in parallel, at the client's rate.
//!
//! Left out so far: preemption, pod affinity, volumes, explicit topology spread constraints, image locality.

pub mod cache;
pub mod plugins;
pub mod queue;

use crate::api::event::{Event, EventType, ObjectReference};
use crate::api::meta::{Condition, ConditionStatus, Meta, Str};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::status::ApiError;
use crate::apiserver::request::Write;
use crate::client::rate_limit::RateLimit;
use crate::client::{Call, NO_ANSWER};
use crate::kernel::chance::{Stream, draw};
use crate::kernel::outbox::Outbox;
use crate::kernel::queue::mix;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Store, Verb};
use cache::Cache;
use plugins::Refusals;
use queue::PodQueue;
use std::sync::Arc;

/// How long a scheduling cycle takes: the real one schedules some thousand pods a second.
const CYCLE: SimDuration = SimDuration::from_micros(300);
/// The scheduler's name, in `spec.schedulerName` and on its events.
const NAME: &str = "default-scheduler";

/// What wakes the scheduler, besides its watch.
#[derive(Clone, Debug)]
pub enum Input {
    /// Schedule the next pod, if one is due.
    Run,
    /// The answer to a binding.
    Answer {
        /// The pod's number.
        token: u64,
        /// What the server said.
        result: Result<Object, ApiError>,
    },
}

/// The scheduler process.
#[derive(Clone, Debug)]
pub struct Scheduler {
    seed: u64,
    limit: RateLimit,
    event_limit: RateLimit,
    cache: Cache,
    queue: PodQueue,
    /// The revision up to which the watch was taken in.
    revision: u64,
    /// When the current cycle is over: the next pod waits until then.
    busy_until: SimTime,
    /// When the next Run is due that was asked for; none if none was.
    alarm: Option<SimTime>,
}

impl Scheduler {
    /// A scheduler whose client may send `qps` requests a second, `burst` at once; no limit if `qps` is 0.
    pub fn new(seed: u64, qps: u64, burst: u64) -> Self {
        Scheduler {
            seed,
            limit: RateLimit::new(qps, burst),
            event_limit: RateLimit::new(qps, burst),
            cache: Cache::default(),
            queue: PodQueue::default(),
            revision: 0,
            busy_until: SimTime::ZERO,
            alarm: None,
        }
    }

    /// Takes in the changes up to revision `upto`. If they were compacted, lists anew.
    pub fn watch(&mut self, now: SimTime, store: &Store, upto: u64) {
        match store.changes_since(self.revision) {
            Ok(changes) => {
                for change in changes.take_while(|change| change.revision <= upto) {
                    self.revision = change.revision;
                    self.observe(now, change);
                }
            }
            Err(_) => {
                self.cache = Cache::default();
                self.queue = PodQueue::default();
                for kind in [Kind::Node, Kind::Pod] {
                    for (id, object) in store.list(kind, None) {
                        self.take_in(now, id, Some(object), None);
                    }
                }
                self.revision = store.revision();
            }
        }
    }

    fn observe(&mut self, now: SimTime, change: &Change) {
        let object = (change.verb != Verb::Deleted).then_some(&change.object);
        self.take_in(now, change.id, object, change.old.as_ref());
    }

    fn take_in(&mut self, now: SimTime, id: ObjectId, object: Option<&Object>, old: Option<&Object>) {
        match id.kind {
            Kind::Node => {
                match object.and_then(Object::as_node) {
                    Some(node) => self.cache.set_node(id.number, node),
                    None => self.cache.remove_node(id.number),
                }
                // A node that came or changed may have room for what didn't fit.
                self.queue.retry_all(now);
            }
            Kind::Pod => self.take_in_pod(now, id, object.and_then(Object::as_pod), old.and_then(Object::as_pod)),
            _ => {}
        }
    }

    fn take_in_pod(&mut self, now: SimTime, id: ObjectId, pod: Option<&Arc<Pod>>, old: Option<&Arc<Pod>>) {
        let Some(pod) = pod.filter(|pod| !pod.status.phase.is_final()) else {
            self.queue.remove(id.number);
            if self.cache.remove_pod(id.number) {
                self.queue.retry_all(now);
            }
            return;
        };
        if !pod.node_name.is_empty() {
            self.queue.remove(id.number);
            self.cache.add_pod(id.number, pod, None);
        } else if pod.meta.deletion.is_some() {
            self.queue.remove(id.number);
        } else if old.is_none() && pod.spec.scheduler_name == NAME {
            self.queue.add(id.number, pod.clone());
        } else {
            self.queue.update(id.number, pod);
        }
    }

    /// Handles an input.
    pub fn on(&mut self, now: SimTime, input: Input, out: &mut Outbox<Call, Input>) {
        match input {
            Input::Run => self.alarm = self.alarm.filter(|at| *at > now),
            Input::Answer { token, result } => {
                if result.is_err() {
                    // The binding failed: the pod's place on the node is free again, and the pod is tried anew if it still is there.
                    let number = token as u32;
                    self.cache.remove_pod(number);
                    self.queue.retry_bound(number, now);
                } else {
                    self.queue.forget_bound(token as u32);
                }
            }
        }
        self.schedule(now, out);
    }

    /// Schedules one pod if the scheduler is free, and asks to be woken for the next.
    fn schedule(&mut self, now: SimTime, out: &mut Outbox<Call, Input>) {
        if now >= self.busy_until
            && let Some((number, pod)) = self.queue.pop(now)
        {
            self.schedule_one(now, number, pod, out);
            self.busy_until = now + CYCLE;
        }
        let Some(next) = self.queue.next_due() else { return };
        let at = next.max(self.busy_until);
        if self.alarm.is_none_or(|alarm| at < alarm) {
            self.alarm = Some(at);
            out.wake_at(at, Input::Run);
        }
    }

    fn schedule_one(&mut self, now: SimTime, number: u32, pod: Arc<Pod>, out: &mut Outbox<Call, Input>) {
        match self.cache.find_node(self.seed, &pod) {
            Ok(node) => {
                let name = self.cache.name(node).clone();
                self.cache.add_pod(number, &pod, Some(node));
                let id = ObjectId { kind: Kind::Pod, number };
                out.send_at(self.limit.reserve(now), Call { token: u64::from(number), write: Write::Bind(id, name.clone()) });
                let message = format!("Successfully assigned {}/{} to {name}", pod.meta.namespace, pod.meta.name);
                self.report(now, &pod, EventType::Normal, "Scheduled", message, "Binding", out);
                self.queue.bound(number, pod);
            }
            Err(refusals) => self.refuse(now, number, pod, &refusals, out),
        }
    }

    /// `handleSchedulingFailure`: the PodScheduled condition and an event say why; the pod waits until something changes.
    fn refuse(&mut self, now: SimTime, number: u32, pod: Arc<Pod>, refusals: &Refusals, out: &mut Outbox<Call, Input>) {
        let message = refusals.message();
        self.report(now, &pod, EventType::Warning, "FailedScheduling", message.clone(), "Scheduling", out);
        let known = pod.status.condition("PodScheduled");
        if known.is_none_or(|c| c.message != message.as_str()) {
            let at = now.truncated_to_secs();
            let condition = Condition {
                kind: "PodScheduled".into(),
                status: ConditionStatus::False,
                reason: "Unschedulable".into(),
                message: message.into(),
                last_transition: at,
                last_update: at,
                observed_generation: pod.meta.generation,
            };
            let write = Write::PodCondition(ObjectId { kind: Kind::Pod, number }, condition);
            out.send_at(self.limit.reserve(now), Call { token: NO_ANSWER, write });
        }
        self.queue.refused(number, pod, now);
    }

    #[expect(clippy::too_many_arguments, reason = "an event has that many parts")]
    fn report(&mut self, now: SimTime, pod: &Pod, event_type: EventType, reason: &'static str, message: String, action: &'static str, out: &mut Outbox<Call, Input>) {
        let serial = mix(now.as_nanos() ^ pod.meta.uid.0 as u64);
        let event = Event {
            meta: Meta { name: Str::from(format!("{}.{serial:016x}", pod.meta.name)), namespace: pod.meta.namespace.clone(), ..Meta::default() },
            about: ObjectReference {
                kind: "Pod",
                api_version: "v1",
                namespace: pod.meta.namespace.clone(),
                name: pod.meta.name.clone(),
                uid: pod.meta.uid,
                resource_version: pod.meta.resource_version,
                field_path: Str::EMPTY,
            },
            reason: reason.into(),
            message: message.into(),
            event_type,
            component: NAME,
            host: Str::EMPTY,
            first: now,
            last: now,
            count: 1,
            action,
        };
        out.send_at(self.event_limit.reserve(now), Call { token: NO_ANSWER, write: Write::Report(Arc::new(event)) });
    }
}

/// A choice among `count` equals, by the pod's UID.
fn choose(seed: u64, uid: u128, count: usize) -> usize {
    draw(seed, Stream::NodeChoice, uid).below(count as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::plugins::{Denial, Refusal, Refusals, deny};

    #[test]
    fn messages_count_reasons_and_sort_them() {
        let mut refusals = Refusals::new(9);
        (0..4).for_each(|_| refusals.add(Denial::NONE.and(Refusal::InsufficientCpu, false)));
        (0..5).for_each(|_| refusals.add(deny(Refusal::Unschedulable)));
        assert_eq!(
            refusals.message(),
            "0/9 nodes are available: 4 Insufficient cpu, 5 node(s) were unschedulable. no new claims to deallocate, \
             preemption: 0/9 nodes are available: 9 Preemption is not helpful for scheduling."
        );
    }
}
