//! The scheduler: binds pods to nodes, one at a time. Mirrors `pkg/scheduler/schedule_one.go` and `scheduler.go`, v1.36.
//!
//! A scheduling cycle takes a pod from the queue, filters nodes until enough are feasible, scores those, picks the best (a draw among
//! equals) and sends the binding. The cycle is serial; bindings go out in parallel, at the client's rate. A pod whose volumes aren't bound yet
//! is bound after them (`binding_cycle`).
//!
//! Left out so far: preemption, pod affinity, host ports, image locality, other profiles than the default scheduler's.

mod binding_cycle;
pub mod cache;
pub mod framework;
pub mod plugins;
pub mod pod_counts;
pub mod queue;
pub mod refusals;
pub mod series;
pub mod volumes;

use crate::api::event::{Event, EventType, ObjectReference};
use crate::api::meta::{Condition, ConditionStatus, Meta, Str};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::status::ApiError;
use crate::api::storage::{Claim, Class, claims_of};
use crate::apiserver::request::Write;
use crate::client::rate_limit::RateLimit;
use crate::client::{Call, NO_ANSWER};
use crate::kernel::outbox::Outbox;
use crate::kernel::queue::mix;
use crate::kernel::table::Table;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Store, Verb};
use binding_cycle::Waiting;
use framework::Framework;
use plugins::Rejection;
use queue::Queue;
use refusals::Refusals;
use series::Series;
use std::sync::Arc;
use volumes::Volumes;

/// How long a scheduling cycle takes: the real one schedules some thousand pods a second.
const CYCLE: SimDuration = SimDuration::from_micros(300);
/// Tokens of requests for a pod's volumes: with the pod's number.
const PRE_BIND: u64 = 1 << 32;
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

/// Whether a change can matter to the scheduler: what its informers' filters and handlers would let pass
/// (`pkg/scheduler/eventhandlers.go`, v1.36). Most changes are those of the status of a pod that has its node: they can't, until it is
/// deleted or ends.
pub fn is_concerned_by(change: &Change) -> bool {
    match (&change.object, &change.old) {
        (Object::Pod(pod), Some(Object::Pod(old))) if change.verb == Verb::Modified => {
            let deleted = pod.meta.deletion.is_some() != old.meta.deletion.is_some();
            old.node_name.is_empty() || pod.status.phase.is_final() || deleted || !old.meta.labels.same(&pod.meta.labels)
        }
        (Object::StatefulSet(_), _) => change.verb != Verb::Modified,
        (Object::Pod(_) | Object::Node(_) | Object::ReplicaSet(_) | Object::Service(_), _) => true,
        (Object::Record(_), _) => Volumes::keeps(change.id.kind),
        _ => false,
    }
}

/// The scheduler process.
#[derive(Clone, Debug)]
pub struct Scheduler {
    seed: u64,
    limit: RateLimit,
    event_limit: RateLimit,
    series: Series,
    framework: Framework,
    volumes: Volumes,
    queue: Queue,
    /// The pods that have a node, but wait for their volumes.
    waiting: Table<Waiting>,
    /// The pods in the queue, as they were last seen.
    pending: Table<Arc<Pod>>,
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
            series: Series::default(),
            framework: Framework::default(),
            volumes: Volumes::default(),
            queue: Queue::default(),
            waiting: Table::default(),
            pending: Table::default(),
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
                (self.framework, self.volumes, self.queue, self.waiting, self.pending) = Default::default();
                let volumes = [Kind::PersistentVolume, Kind::PersistentVolumeClaim, Kind::StorageClass, Kind::CSINode];
                for kind in volumes.into_iter().chain([Kind::Node, Kind::Service, Kind::ReplicaSet, Kind::StatefulSet, Kind::Pod]) {
                    for (id, object) in store.list(kind, None) {
                        self.take_in(now, id, object, true, None);
                    }
                }
                self.revision = store.revision();
            }
        }
    }

    fn observe(&mut self, now: SimTime, change: &Change) {
        self.take_in(now, change.id, &change.object, change.verb != Verb::Deleted, change.old.as_ref());
    }

    fn take_in(&mut self, now: SimTime, id: ObjectId, object: &Object, exists: bool, old: Option<&Object>) {
        match object {
            Object::Record(_) if Volumes::keeps(id.kind) => {
                self.volumes.take_in(id, object, exists);
                self.volumes_changed(now);
                self.hint_of_volumes(now, object, exists, old);
            }
            Object::Node(node) if !exists => {
                self.framework.remove_node(&node.meta.name);
                self.volumes_changed(now);
            }
            Object::Node(node) => {
                let helps = self.framework.set_node(node);
                self.node_changed(now, &node.meta.name, helps);
            }
            Object::Service(service) => self.framework.set_service(id, &service.meta.namespace, exists.then_some(service)),
            Object::ReplicaSet(set) => self.framework.set_owner(set.meta.uid, &set.spec.selector, exists),
            Object::StatefulSet(set) => self.framework.set_owner(set.meta.uid, &set.spec.selector, exists),
            Object::Pod(pod) if exists && !pod.status.phase.is_final() => {
                self.take_in_pod(now, id.number, pod, old.and_then(Object::as_pod))
            }
            Object::Pod(_) => {
                self.forget(id.number);
                if self.displace(id.number) {
                    // There is room on its node, and one sibling fewer; a claim may be free.
                    let helped = Rejection::FIT.and(Rejection::SPREAD).and(Rejection::ONE_POD_ONLY).and(Rejection::VOLUME_LIMIT);
                    self.queue.cluster_changed(now, |_, why| why.meets(helped));
                }
            }
            _ => {}
        }
    }

    /// A pod takes up room, and uses its claims.
    fn place(&mut self, number: u32, pod: &Pod, node: &Str) {
        self.framework.place(number, pod, node);
        self.volumes.place(number, pod, node);
    }

    /// A pod gives its room back. Whether it had any.
    fn displace(&mut self, number: u32) -> bool {
        self.volumes.displace(number);
        self.framework.displace(number)
    }

    /// Of the pods whose volumes were in the way, those that a change may help are tried again: for a claim, the pods that use it; a class, if it
    /// is new or allows other places. `plugins/volumebinding/volume_binding.go`, EventsToRegister.
    fn hint_of_volumes(&mut self, now: SimTime, object: &Object, exists: bool, old: Option<&Object>) {
        if !exists {
            return;
        }
        if let Some(claim) = Claim::of(object) {
            let pending = &self.pending;
            let uses = |pod: &Arc<Pod>| {
                let meta = claim.meta();
                pod.meta.namespace == meta.namespace && claims_of(pod).iter().any(|(_, name, _)| meta.name == name.as_str())
            };
            self.queue.cluster_changed(now, |number, why| why.meets(Rejection::VOLUMES) && pending.get(number).is_some_and(uses));
            return;
        }
        let same_places =
            |class: Class<'_>| old.and_then(Class::of).is_some_and(|old| old.allowed_topologies() == class.allowed_topologies());
        if !Class::of(object).is_some_and(same_places) {
            self.queue.cluster_changed(now, |_, why| why.meets(Rejection::VOLUMES));
        }
    }

    /// Of the pods without a node, those that fit onto this one are tried again.
    fn node_changed(&mut self, now: SimTime, node: &str, helps: bool) {
        if !helps {
            return;
        }
        let (framework, pending) = (&mut self.framework, &self.pending);
        self.queue.cluster_changed(now, |number, _| pending.get(number).is_some_and(|pod| framework.admits(pod, node)));
    }

    fn take_in_pod(&mut self, now: SimTime, number: u32, pod: &Arc<Pod>, old: Option<&Arc<Pod>>) {
        if !pod.node_name.is_empty() {
            self.forget(number);
            if pod.meta.deletion.is_some() {
                if old.is_none() {
                    self.place(number, pod, &pod.node_name);
                }
                return self.framework.retire(number);
            }
            // Of the many other changes of a bound pod only those of its labels matter.
            if old.is_none_or(|old| old.node_name.is_empty() || !old.meta.labels.same(&pod.meta.labels)) {
                self.place(number, pod, &pod.node_name);
            }
            return;
        }
        if pod.meta.deletion.is_some() || pod.spec.scheduler_name != NAME || is_gated(pod) {
            return self.forget(number);
        }
        let known = self.pending.insert(number, pod.clone());
        match known {
            None => self.queue.add(number, pod.spec.priority, now),
            Some(known) if known.meta.labels != pod.meta.labels || known.spec != pod.spec => self.queue.pod_changed(number, now),
            Some(_) => {}
        }
    }

    /// The pod needs no node any more.
    fn forget(&mut self, number: u32) {
        self.give_volumes_up(number);
        if self.pending.remove(number).is_some() {
            self.queue.remove(number);
        }
    }

    /// Handles an input.
    pub fn on(&mut self, now: SimTime, input: Input, out: &mut Outbox<Call, Input>) {
        match input {
            Input::Run => {
                self.alarm = self.alarm.filter(|at| *at > now);
                for event in self.series.look(now) {
                    self.tell(now, event, out);
                }
            }
            Input::Answer { token, result } if token & PRE_BIND != 0 => self.asked(now, token as u32, result, out),
            Input::Answer { token, result } => {
                let number = token as u32;
                // A binding that failed: the room is free again, and the pod is tried anew if it still is there.
                if result.is_err() && self.pending.get(number).is_some() {
                    self.displace(number);
                    self.queue.failed(number, now);
                }
            }
        }
        self.schedule(now, out);
    }

    /// Schedules one pod if the scheduler is free, and asks to be woken for the next.
    fn schedule(&mut self, now: SimTime, out: &mut Outbox<Call, Input>) {
        self.look_at_volumes(now, out);
        self.queue.flush(now);
        if now >= self.busy_until
            && let Some(number) = self.queue.pop()
        {
            let pod = self.pending.get(number).expect("every pod in the queue is pending").clone();
            self.schedule_one(now, number, &pod, out);
            self.busy_until = now + CYCLE;
        }
        let next = if self.queue.is_ready() { Some(self.busy_until) } else { self.queue.next_flush() };
        let next = [next, self.series.next_look(), self.next_look_at_volumes()].into_iter().flatten().min();
        if let Some(at) = next.map(|at| at.max(now))
            && self.alarm.is_none_or(|alarm| at < alarm)
        {
            self.alarm = Some(at);
            out.wake_at(at, Input::Run);
        }
    }

    fn schedule_one(&mut self, now: SimTime, number: u32, pod: &Pod, out: &mut Outbox<Call, Input>) {
        let found = match self.volumes.of_pod(pod) {
            Err(why) => Err(Refusals::by_claims(self.framework.nodes(), why)),
            Ok(volumes) => self.framework.find(self.seed, pod, volumes.as_ref()).map(|node| {
                let decision = volumes.zip(self.framework.node(&node)).and_then(|(volumes, node)| volumes.decide(node).ok());
                (node, decision.unwrap_or_default())
            }),
        };
        match found {
            Ok((node, decision)) => {
                self.place(number, pod, &node);
                if decision.bindings.is_empty() && decision.provisions.is_empty() {
                    self.bind(now, number, pod, node, out);
                } else {
                    self.bind_volumes(now, number, pod, node, decision, out);
                }
            }
            Err(refusals) => self.refuse(now, number, pod, &refusals, out),
        }
    }

    /// Sends the binding.
    fn bind(&mut self, now: SimTime, number: u32, pod: &Pod, node: Str, out: &mut Outbox<Call, Input>) {
        let message = format!("Successfully assigned {}/{} to {node}", pod.meta.namespace, pod.meta.name);
        self.report(now, pod, EventType::Normal, "Scheduled", message, "Binding", out);
        let id = ObjectId { kind: Kind::Pod, number };
        out.send_at(self.limit.reserve(now), Call { token: u64::from(number), write: Write::Bind(id, node) });
    }

    /// `handleSchedulingFailure`: the PodScheduled condition and an event say why; the pod waits until something changes.
    fn refuse(&mut self, now: SimTime, number: u32, pod: &Pod, refusals: &Refusals, out: &mut Outbox<Call, Input>) {
        let message = refusals.message();
        self.report(now, pod, EventType::Warning, "FailedScheduling", message.clone(), "Scheduling", out);
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
        self.queue.unschedulable(number, refusals.all(), now);
    }

    #[expect(clippy::too_many_arguments, reason = "an event has that many parts")]
    fn report(
        &mut self,
        now: SimTime,
        pod: &Pod,
        event_type: EventType,
        reason: &'static str,
        message: String,
        action: &'static str,
        out: &mut Outbox<Call, Input>,
    ) {
        let serial = mix(now.as_nanos() ^ pod.meta.uid.0 as u64);
        let event = Event {
            meta: Meta {
                name: Str::from(format!("{}.{serial:016x}", pod.meta.name)),
                namespace: pod.meta.namespace.clone(),
                ..Meta::default()
            },
            about: ObjectReference::seen(Kind::Pod, &pod.meta),
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
        let told = if event_type == EventType::Warning { self.series.record(event) } else { Some(Arc::new(event)) };
        if let Some(event) = told {
            self.tell(now, event, out);
        }
    }

    fn tell(&mut self, now: SimTime, event: Arc<Event>, out: &mut Outbox<Call, Input>) {
        out.send_at(self.event_limit.reserve(now), Call { token: NO_ANSWER, write: Write::Report(event) });
    }
}

/// Whether the pod isn't to be scheduled yet. `plugins/schedulinggates/scheduling_gates.go`, v1.36.
fn is_gated(pod: &Pod) -> bool {
    pod.spec.tree["schedulingGates"].as_array().is_some_and(|gates| !gates.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::api::meta::{Meta, Str, StrMap, Uid};
    use crate::api::node::{Capacity, Node, NodeStatus};
    use crate::api::pod::{Pod, PodSpec, PodStatus, Resources};
    use crate::api::service::Service;
    use serde_json::json;
    use std::sync::Arc;

    fn labels(pairs: &[(&str, &str)]) -> StrMap {
        pairs.iter().map(|(key, value)| (Str::from((*key).to_owned()), Str::from((*value).to_owned()))).collect()
    }

    /// A node with 4 CPUs.
    pub(super) fn node(name: &str, with: &[(&str, &str)]) -> Node {
        let room = Capacity { resources: Resources { milli_cpu: 4_000, memory: 8 << 30, ephemeral_storage: 0 }, pods: 110 };
        Node {
            meta: Meta { name: Str::from(name.to_owned()), labels: labels(with), ..Meta::default() },
            unschedulable: false,
            taints: Vec::new(),
            pod_cidr: Str::EMPTY,
            status: NodeStatus {
                capacity: room,
                allocatable: room,
                conditions: Vec::new(),
                address: [192, 168, 0, 1].into(),
                volumes: Arc::default(),
                boots: 0,
            },
        }
    }

    /// A pod labelled `app=APP` that requests this much CPU, in thousandths.
    pub(super) fn pod(app: &str, milli_cpu: i64) -> Pod {
        let requests = if milli_cpu > 0 { json!({"cpu": format!("{milli_cpu}m")}) } else { json!({}) };
        let spec = PodSpec::from_tree(&json!({"containers": [{"name": "c", "resources": {"requests": requests}}]}));
        Pod {
            meta: Meta { namespace: "default".into(), labels: labels(&[("app", app)]), ..Meta::default() },
            spec: Arc::new(spec),
            target: Str::EMPTY,
            node_name: Str::EMPTY,
            status: PodStatus::default(),
        }
    }

    /// The metadata of a replica.
    pub(super) fn named(template: &Pod, number: u32) -> Meta {
        Meta { name: Str::from(format!("pod-{number}")), uid: Uid::from_bits(u128::from(number)), ..template.meta.clone() }
    }

    /// A Service that selects by one label.
    pub(super) fn service(key: &str, value: &str) -> Service {
        let mut service =
            Service { meta: Meta { name: "web".into(), namespace: "default".into(), ..Meta::default() }, ..Service::default() };
        service.set_spec(&json!({"selector": {key: value}, "ports": [{"port": 80}]}));
        service
    }
}
