//! The binding cycle of a pod whose volumes come first: the writes that ask for them, the wait until they are bound, then the pod's own binding.
//! Mirrors `bindingCycle` in `pkg/scheduler/schedule_one.go` and `BindPodVolumes` in `plugins/volumebinding/binder.go`, v1.36.
//!
//! The real one looks once a second whether all is bound. Those looks are derived: only one that would end the wait takes place.

use super::volumes::Decision;
use super::{Input, PRE_BIND, Scheduler};
use crate::api::event::EventType;
use crate::api::meta::{Condition, ConditionStatus, Str};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::status::ApiError;
use crate::apiserver::request::Write;
use crate::client::{Call, NO_ANSWER};
use crate::kernel::outbox::Outbox;
use crate::kernel::time::{SimDuration, SimTime};
use std::collections::VecDeque;

/// How often the real one looks.
const LOOK: SimDuration = SimDuration::from_secs(1);
/// How long it waits for volumes: `bindTimeoutSeconds` of the plugin's arguments.
const BIND_TIMEOUT: SimDuration = SimDuration::from_secs(600);

/// A pod that waits for its volumes.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    node: Str,
    namespace: Str,
    decision: Decision,
    /// What is still to be asked for, one after the other.
    writes: VecDeque<Write>,
    /// When everything had been asked for.
    asked: Option<SimTime>,
    /// The next look that is worth it.
    look_at: Option<SimTime>,
}

impl Scheduler {
    /// Begins to carry out what was decided for a pod's volumes. The pod says meanwhile where it expects to go
    /// (NominatedNodeNameForExpectation, on since v1.35).
    pub(super) fn bind_volumes(
        &mut self,
        now: SimTime,
        number: u32,
        pod: &Pod,
        node: Str,
        decision: Decision,
        out: &mut Outbox<Call, Input>,
    ) {
        let nominate = Write::Nominate(ObjectId { kind: Kind::Pod, number }, node.clone());
        out.send_at(self.limit.reserve(now), Call { token: NO_ANSWER, write: nominate });
        let namespace = pod.meta.namespace.clone();
        let writes = self.volumes.assume(&namespace, &decision, &node).into();
        self.waiting.insert(number, Waiting { node, namespace, decision, writes, asked: None, look_at: None });
        self.ask(now, number, out);
    }

    /// Sends the next request; after the last the wait begins.
    fn ask(&mut self, now: SimTime, number: u32, out: &mut Outbox<Call, Input>) {
        let Some(waiting) = self.waiting.get_mut(number) else { return };
        match waiting.writes.pop_front() {
            Some(write) => out.send_at(self.limit.reserve(now), Call { token: PRE_BIND | u64::from(number), write }),
            None => {
                waiting.asked = Some(now);
                waiting.look_at = Some(now + LOOK);
            }
        }
    }

    /// The answer to a request for a volume.
    pub(super) fn asked(&mut self, now: SimTime, number: u32, result: Result<Object, ApiError>, out: &mut Outbox<Call, Input>) {
        match result {
            Ok(_) => self.ask(now, number, out),
            Err(error) => self.volumes_failed(now, number, &format!("binding volumes: {error}"), out),
        }
    }

    /// A volume, a claim or a node changed: the next look may end a wait.
    pub(super) fn volumes_changed(&mut self, now: SimTime) {
        let numbers: Vec<u32> = self.waiting.iter().map(|(number, _)| number).collect();
        for number in numbers {
            let ends = self.outcome(now, number) != Ok(false);
            if let Some(waiting) = self.waiting.get_mut(number)
                && let Some(asked) = waiting.asked.filter(|_| ends)
            {
                let looks = now.since(asked).as_nanos().div_ceil(LOOK.as_nanos()).max(1);
                waiting.look_at = Some(asked + LOOK * looks);
            }
        }
    }

    /// Whether a pod's volumes are bound.
    fn outcome(&self, now: SimTime, number: u32) -> Result<bool, String> {
        let Some(waiting) = self.waiting.get(number) else { return Ok(false) };
        let Some(asked) = waiting.asked else { return Ok(false) };
        let node = self
            .framework
            .node(&waiting.node)
            .ok_or_else(|| format!("failed to get node {:?}: node {:?} not found", waiting.node.as_str(), waiting.node.as_str()))?;
        let done = self.volumes.is_carried_out(&waiting.namespace, &waiting.decision, node)?;
        if !done && asked + BIND_TIMEOUT <= now { Err("context deadline exceeded".to_owned()) } else { Ok(done) }
    }

    /// The looks that are due.
    pub(super) fn look_at_volumes(&mut self, now: SimTime, out: &mut Outbox<Call, Input>) {
        let due =
            |waiting: &Waiting| waiting.look_at.is_some_and(|at| at <= now) || waiting.asked.is_some_and(|at| at + BIND_TIMEOUT <= now);
        let numbers: Vec<u32> = self.waiting.iter().filter(|(_, waiting)| due(waiting)).map(|(number, _)| number).collect();
        for number in numbers {
            match self.outcome(now, number) {
                Ok(true) => {
                    let Some(waiting) = self.waiting.remove(number) else { continue };
                    if let Some(pod) = self.pending.get(number).cloned() {
                        self.bind(now, number, &pod, waiting.node, out);
                    }
                }
                Ok(false) => {
                    if let Some(waiting) = self.waiting.get_mut(number) {
                        waiting.look_at = None;
                    }
                }
                Err(why) => self.volumes_failed(now, number, &format!("binding volumes: {why}"), out),
            }
        }
    }

    /// When the next look is due, or a wait has lasted too long.
    pub(super) fn next_look_at_volumes(&self) -> Option<SimTime> {
        let moments = |(_, waiting): (u32, &Waiting)| [waiting.look_at, waiting.asked.map(|at| at + BIND_TIMEOUT)];
        self.waiting.iter().flat_map(moments).flatten().min()
    }

    /// The pod is gone, or has failed: what was promised to it is free again.
    pub(super) fn give_volumes_up(&mut self, number: u32) -> bool {
        let Some(waiting) = self.waiting.remove(number) else { return false };
        self.volumes.revert(&waiting.namespace, &waiting.decision);
        self.displace(number);
        true
    }

    /// `handleBindingCycleError`: the pod is told why, and tried again after a while.
    fn volumes_failed(&mut self, now: SimTime, number: u32, why: &str, out: &mut Outbox<Call, Input>) {
        if !self.give_volumes_up(number) {
            return;
        }
        let Some(pod) = self.pending.get(number).cloned() else { return };
        let message = format!("running PreBind plugin \"VolumeBinding\": {why}");
        self.report(now, &pod, EventType::Warning, "FailedScheduling", message.clone(), "Scheduling", out);
        let id = ObjectId { kind: Kind::Pod, number };
        let at = now.truncated_to_secs();
        let condition = Condition {
            kind: "PodScheduled".into(),
            status: ConditionStatus::False,
            reason: "SchedulerError".into(),
            message: message.into(),
            last_transition: at,
            last_update: at,
            observed_generation: pod.meta.generation,
        };
        for write in [Write::PodCondition(id, condition), Write::Nominate(id, Str::EMPTY)] {
            out.send_at(self.limit.reserve(now), Call { token: NO_ANSWER, write });
        }
        self.queue.failed(number, now);
    }
}
