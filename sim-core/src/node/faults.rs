//! What can happen to a node besides its pods: power, the kubelet's process, the runtime, the network, the disk; and a graceful shutdown.
//! Mirrors `pkg/kubelet/kubelet.go` (what a start does) and `pkg/kubelet/nodeshutdown/nodeshutdown_manager_linux.go`, v1.36.

use super::kubelet::admission::is_critical;
use super::kubelet::config::Machine;
use super::kubelet::node_status::{PLEG_THRESHOLD, STATUS_LAG};
use super::kubelet::pod_worker::{PodWorker, Stage, Verdict};
use super::kubelet::{Load, NodeStep, heartbeat, mirror};
use super::runtime::container::{Ended, Leak};
use super::{Input, Nodes};
use crate::api::event::EventType;
use crate::api::meta::{Str, Uid};
use crate::api::node::Node;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::apiserver::request::Write;
use crate::client::events::Memory;
use crate::client::{Call, NO_ANSWER};
use crate::kernel::outbox::Outbox;
use crate::kernel::time::{SimDuration, SimTime};
use std::sync::Arc;

/// How long a kubelet takes from its start until it first posts its node's status.
const FIRST_STATUS: SimDuration = SimDuration::from_millis(500);
/// How long a node takes to boot.
pub const BOOT: SimDuration = SimDuration::from_secs(20);
/// How long an event is tried to be sent: `maxTriesPerEvent` × `defaultSleepDuration`, `client-go/tools/record/event.go`.
const EVENT_PATIENCE: SimDuration = SimDuration::from_secs(120);
/// How often the end of a group of pods is asked for in a shutdown.
const POLL: SimDuration = SimDuration::from_secs(1);

impl Nodes {
    /// What a node has, and how its kubelet is configured.
    pub fn set_up(&mut self, node: u32, uid: Uid, machine: Machine) {
        if let Some(kubelet) = self.kubelets.get_mut(node) {
            (kubelet.uid, kubelet.machine) = (uid, Arc::new(machine));
        }
    }

    /// What a node's kubelet registers as, when the API has forgotten it.
    pub fn set_registration(&mut self, node: u32, registers: Node) {
        if let Some(kubelet) = self.kubelets.get_mut(node) {
            kubelet.registers = Some(Arc::new(registers));
        }
    }

    /// The number of the machine of this name, also when the API has no node for it.
    pub fn number_of(&self, name: &str) -> Option<u32> {
        self.names.get(&Str::from(name.to_owned())).copied()
    }

    /// The API knows a node as another object now: its kubelet goes on under that number.
    pub fn renumber(&mut self, old: u32, new: u32, uid: Uid) {
        let Some(mut kubelet) = self.kubelets.remove(old) else { return };
        kubelet.uid = uid;
        self.names.insert(kubelet.name.clone(), new);
        self.kubelets.insert(new, kubelet);
        let numbers: Vec<u32> = self.workers(old).map(|(number, _)| number).collect();
        for number in numbers {
            if let Some(worker) = self.pods.get_mut(number) {
                worker.node = new;
            }
        }
    }

    /// Whether the node's kubelet hears of changes, and is heard.
    pub fn hears(&self, node: u32) -> bool {
        self.kubelets.get(node).is_some_and(super::kubelet::Kubelet::hears)
    }

    /// How often the node was switched on.
    pub fn boots(&self, node: u32) -> u32 {
        self.kubelets.get(node).map_or(0, |kubelet| kubelet.boots)
    }

    /// The node loses power: its containers die, and nobody is told.
    pub fn kill(&mut self, node: u32, now: SimTime) {
        let Some(kubelet) = self.kubelets.get_mut(node).filter(|kubelet| kubelet.up) else { return };
        kubelet.up = false;
        kubelet.heartbeat.stopped = Some(now);
        kubelet.images.power_off(now);
        kubelet.addresses.clear();
        (kubelet.load, kubelet.memory) = (Load::default(), Memory::default());
        (kubelet.hung, kubelet.shutting_down) = (None, false);
        kubelet.host_ports.clear();
        kubelet.held.clear();
        kubelet.eviction.forget();
        let gone: Vec<u32> = self.workers(node).map(|(number, _)| number).collect();
        for number in gone {
            if let Some(address) = self.pods.remove(number).and_then(|worker| worker.pod_address()) {
                self.addresses.remove(&address);
            }
            self.written.forget(number);
        }
    }

    /// The node comes back. `pods` are those that the API still has for it: they start again, or end if they are being deleted.
    pub fn restart<'a>(
        &mut self,
        node: u32,
        now: SimTime,
        pods: impl Iterator<Item = (ObjectId, &'a Arc<Pod>)>,
        out: &mut Outbox<Call, Input>,
    ) {
        let Some(kubelet) = self.kubelets.get_mut(node).filter(|kubelet| !kubelet.up) else { return };
        (kubelet.up, kubelet.attended) = (true, true);
        kubelet.boots += 1;
        let boots = kubelet.boots;
        self.kubelet_starts(now, node, out);
        if let Some(known) = self.node_object(node) {
            let message = format!("Node {} has been rebooted, boot id: {}", known.meta.name, Node::boot_id(known.meta.uid, boots));
            self.tell_of_node(now, node, EventType::Warning, "Rebooted", message, out);
            let mut rebooted = (*known).clone();
            rebooted.status.boots = boots;
            rebooted.meta.resource_version = 0;
            let write = Write::UpdateStatus(ObjectId { kind: Kind::Node, number: node }, Object::Node(Arc::new(rebooted)));
            self.send(now, node, write, out);
        }
        // Who is cut off has nobody to ask for its pods.
        let hears = self.hears(node);
        for (id, pod) in pods.filter(|(_, pod)| hears && !pod.status.phase.is_final()) {
            self.enter(id.number, PodWorker::new(id, pod, node, boots, now));
            self.with(now, id.number, out, |worker, turn| {
                worker.recall(turn);
                worker.begin(turn);
            });
        }
        self.consider(now, node, out);
    }

    /// What every start of a kubelet does: it says so, registers, and posts its node's status.
    fn kubelet_starts(&mut self, now: SimTime, node: u32, out: &mut Outbox<Call, Input>) {
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        kubelet.started = Some(now);
        kubelet.heartbeat = heartbeat::from_start(now);
        kubelet.memory = Memory::default();
        kubelet.eviction.forget();
        self.tell_of_node(now, node, EventType::Normal, "Starting", "Starting kubelet.".to_owned(), out);
        self.post(now, node, true, FIRST_STATUS, out);
        let enforced = "Updated Node Allocatable limit across pods".to_owned();
        self.tell_of_node(now, node, EventType::Normal, "NodeAllocatableEnforced", enforced, out);
    }

    /// The kubelet's process ends. Containers run on; nobody looks after them.
    pub fn stop_kubelet(&mut self, node: u32, now: SimTime) {
        if let Some(kubelet) = self.kubelets.get_mut(node) {
            kubelet.attended = false;
            kubelet.heartbeat.stopped = Some(now);
            kubelet.held.clear();
            kubelet.eviction.forget();
        }
    }

    /// The kubelet's process starts again: it looks at everything.
    pub fn start_kubelet(&mut self, node: u32, now: SimTime, pods: &[(ObjectId, Arc<Pod>)], out: &mut Outbox<Call, Input>) {
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        kubelet.attended = true;
        self.kubelet_starts(now, node, out);
        self.resume(now, node, true, out);
        if self.hears(node) {
            self.relist(now, node, pods, out);
        }
    }

    /// The runtime stops answering: what runs, runs; nothing starts or stops.
    pub fn hang_runtime(&mut self, node: u32, now: SimTime, out: &mut Outbox<Call, Input>) {
        if let Some(kubelet) = self.kubelets.get_mut(node) {
            kubelet.hung = Some(now);
            let attempt = kubelet.boots;
            out.wake_at(now + PLEG_THRESHOLD + STATUS_LAG, Input::Node { node, step: NodeStep::Status, attempt });
        }
    }

    /// The runtime answers again.
    pub fn mend_runtime(&mut self, node: u32, now: SimTime, out: &mut Outbox<Call, Input>) {
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        kubelet.hung = None;
        let attempt = kubelet.boots;
        out.wake_at(now + STATUS_LAG, Input::Node { node, step: NodeStep::Status, attempt });
        self.resume(now, node, false, out);
    }

    /// Nothing goes between the node and the API server any more.
    pub fn cut(&mut self, node: u32, now: SimTime) {
        if let Some(kubelet) = self.kubelets.get_mut(node) {
            kubelet.cut = true;
            kubelet.heartbeat.stopped = Some(now);
        }
    }

    /// It goes again: the kubelet tells what it couldn't, and hears what it hasn't.
    pub fn mend(&mut self, node: u32, now: SimTime, pods: &[(ObjectId, Arc<Pod>)], out: &mut Outbox<Call, Input>) {
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        kubelet.cut = false;
        if !kubelet.attended || !kubelet.up {
            return;
        }
        kubelet.heartbeat = heartbeat::from_start(now);
        let held = std::mem::take(&mut kubelet.held);
        for (_, write) in held.into_iter().filter(|(since, _)| now.since(*since) <= EVENT_PATIENCE) {
            self.send(now, node, write, out);
        }
        self.post(now, node, false, FIRST_STATUS, out);
        self.relist(now, node, pods, out);
        let untold: Vec<u32> = self.workers(node).filter(|(_, worker)| worker.untold).map(|(number, _)| number).collect();
        for number in untold {
            self.with(now, number, out, |worker, turn| worker.tell(turn));
        }
    }

    /// All workers of a node look at what is.
    fn resume(&mut self, now: SimTime, node: u32, restarted: bool, out: &mut Outbox<Call, Input>) {
        if !self.kubelets.get(node).is_some_and(super::kubelet::Kubelet::tends) {
            return;
        }
        let numbers: Vec<u32> = self.workers(node).map(|(number, _)| number).collect();
        for number in numbers {
            self.with(now, number, out, |worker, turn| worker.resume(turn, restarted));
        }
        self.consider(now, node, out);
    }

    /// The kubelet lists its pods: some are new, some have changed, some are gone.
    fn relist(&mut self, now: SimTime, node: u32, pods: &[(ObjectId, Arc<Pod>)], out: &mut Outbox<Call, Input>) {
        let listed = |number: u32| pods.iter().any(|(id, _)| id.number == number);
        let gone: Vec<u32> = self.workers(node).map(|(number, _)| number).filter(|number| !listed(*number)).collect();
        for number in gone {
            match self.pods.get(number).map(|worker| worker.pod.clone()) {
                Some(pod) if mirror::is_mirror(&pod.meta) => {
                    self.mirrors.insert((pod.meta.namespace.clone(), pod.meta.name.clone()), number);
                    self.with(now, number, out, PodWorker::mirror_again);
                }
                _ => {
                    self.with(now, number, out, PodWorker::removed);
                    self.leave(number);
                }
            }
        }
        for (id, pod) in pods {
            self.pod_changed(now, *id, pod, crate::store::Verb::Modified, out);
        }
    }

    /// The operating system is told to shut down, and lets the kubelet end the pods first: ordinary ones, then critical ones.
    pub fn shut_down(&mut self, node: u32, now: SimTime, out: &mut Outbox<Call, Input>) {
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        kubelet.shutting_down = true;
        self.tell_of_node(now, node, EventType::Normal, "Shutdown", "Shutdown manager detected shutdown event".to_owned(), out);
        self.post(now, node, false, SimDuration::ZERO, out);
        self.shut_down_pods(now, node, false, out);
    }

    fn shut_down_pods(&mut self, now: SimTime, node: u32, critical: bool, out: &mut Outbox<Call, Input>) {
        let Some(kubelet) = self.kubelets.get(node) else { return };
        let config = &kubelet.machine.config;
        let last = config.shutdown_grace_critical;
        let span = if critical { last } else { config.shutdown_grace.saturating_sub(last) };
        let attempt = kubelet.boots;
        let group = self.workers(node).filter(|(_, worker)| worker.stage == Stage::Working && is_critical(&worker.pod.spec) == critical);
        let group: Vec<u32> = group.map(|(number, _)| number).collect();
        for number in group {
            let message = Str::Static("Pod was terminated in response to imminent node shutdown.");
            let verdict = Verdict { reason: "Terminated", message, disruption: "TerminationByKubelet" };
            self.with(now, number, out, |worker, turn| {
                let grace = worker.pod.spec.grace_seconds.min(i64::try_from(span.as_secs()).unwrap_or(i64::MAX));
                worker.condemn(turn, verdict, grace);
            });
        }
        out.wake_at(now + POLL.min(span), Input::Node { node, step: NodeStep::ShutDown { critical, until: now + span }, attempt });
    }

    /// A group of pods has had its time, or not yet.
    fn shutdown_goes_on(&mut self, now: SimTime, node: u32, critical: bool, until: SimTime, out: &mut Outbox<Call, Input>) {
        let ends = |worker: &PodWorker| is_critical(&worker.pod.spec) == critical && worker.stage == Stage::Stopping;
        let ending = self.workers(node).any(|(_, worker)| ends(worker));
        let boots = self.boots(node);
        match (ending && now < until, critical) {
            (true, _) => {
                let at = (now + POLL).min(until);
                out.wake_at(at, Input::Node { node, step: NodeStep::ShutDown { critical, until }, attempt: boots });
            }
            (false, false) => self.shut_down_pods(now, node, true, out),
            (false, true) => out.wake_at(now, Input::Power { node, on: false, boots }),
        }
    }

    /// Something about the node itself is due.
    pub(super) fn node_step(&mut self, now: SimTime, node: u32, step: NodeStep, attempt: u32, out: &mut Outbox<Call, Input>) {
        let current = self.kubelets.get(node).is_some_and(|kubelet| kubelet.up && kubelet.boots == attempt);
        match step {
            NodeStep::Housekeeping => self.housekeep(now, node, attempt, out),
            NodeStep::Status if current => self.post(now, node, false, SimDuration::ZERO, out),
            NodeStep::ShutDown { critical, until } if current => self.shutdown_goes_on(now, node, critical, until, out),
            NodeStep::Status | NodeStep::ShutDown { .. } => {}
        }
    }

    /// The disk is filled with something that belongs to no pod, until so many percent are used; none: it goes again.
    pub fn fill_disk(&mut self, node: u32, percent: Option<u64>, now: SimTime, out: &mut Outbox<Call, Input>) {
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        kubelet.ballast = 0;
        let capacity = kubelet.machine.amounts().disk;
        let used = self.used(node, now).disk;
        if let Some(kubelet) = self.kubelets.get_mut(node) {
            kubelet.ballast = percent.map_or(0, |percent| (capacity / 100 * percent).saturating_sub(used));
        }
        self.consider(now, node, out);
    }

    /// A running container: its name, or the pod's first that runs.
    ///
    /// # Errors
    /// There is none.
    pub fn running(&self, pod: u32, container: Option<&str>) -> Result<usize, String> {
        let worker = self.pods.get(pod).ok_or("no kubelet has it")?;
        let named = |index: &usize| container.is_none_or(|name| worker.spec_of(*index).name == *name);
        let mut found = worker.mains().chain(0..worker.inits()).filter(named).peekable();
        if found.peek().is_none() {
            let names: Vec<&str> = worker.mains().map(|index| worker.spec_of(index).name.as_str()).collect();
            return Err(format!("it has no container {:?}; containers: {}", container.unwrap_or_default(), names.join(", ")));
        }
        found.find(|index| worker.containers[*index].is_running()).ok_or_else(|| "nothing in it runs".to_owned())
    }

    /// A running container's memory begins to grow.
    pub fn leak(&mut self, pod: u32, index: usize, bytes_per_second: u64, now: SimTime, out: &mut Outbox<Call, Input>) {
        self.with(now, pod, out, |worker, turn| worker.leak(turn, index, Leak { since: now, bytes_per_second }));
    }

    /// A running container's process fails.
    pub fn crash(&mut self, pod: u32, index: usize, now: SimTime, out: &mut Outbox<Call, Input>) {
        self.with(now, pod, out, |worker, turn| {
            let code = worker.program(turn, index).exit_code;
            worker.die(turn, index, if code == 0 { 1 } else { code }, Ended::Error);
        });
    }

    /// What the kubelets have seen of a node.
    pub(super) fn node_object(&self, node: u32) -> Option<Arc<Node>> {
        self.cache.get(ObjectId { kind: Kind::Node, number: node }).and_then(Object::as_node).cloned()
    }

    /// Posts the node's conditions after `delay`, and tells of what has changed.
    fn post(&mut self, now: SimTime, node: u32, all: bool, delay: SimDuration, out: &mut Outbox<Call, Input>) {
        let known = self.node_object(node);
        let epoch = self.epoch;
        let Some(kubelet) = self.kubelets.get_mut(node).filter(|kubelet| kubelet.up && kubelet.attended) else { return };
        let (conditions, events) = kubelet.status(epoch, now, known.as_deref(), all);
        if kubelet.cut {
            return;
        }
        let differs = |known: &Arc<Node>| {
            let of = |kind: &Str| known.status.conditions.iter().find(|condition| condition.kind == *kind);
            conditions.iter().any(|new| of(&new.kind).is_none_or(|old| (old.status, &old.message) != (new.status, &new.message)))
        };
        if all || known.is_none_or(|known| differs(&known)) {
            let write = Write::NodeConditions(ObjectId { kind: Kind::Node, number: node }, conditions);
            out.send_at(now + delay, Call { token: NO_ANSWER, write });
        }
        for event in events {
            self.send(now, node, event, out);
        }
    }

    /// Tells an event about the node.
    pub(super) fn tell_of_node(
        &mut self,
        now: SimTime,
        node: u32,
        event_type: EventType,
        reason: &'static str,
        message: String,
        out: &mut Outbox<Call, Input>,
    ) {
        let epoch = self.epoch;
        let event = self.kubelets.get_mut(node).and_then(|kubelet| kubelet.event(epoch, now, event_type, reason, message));
        if let Some(event) = event {
            self.send(now, node, event, out);
        }
    }

    /// Sends a request of the kubelet's; while its network is cut, keeps it.
    fn send(&mut self, now: SimTime, node: u32, write: Write, out: &mut Outbox<Call, Input>) {
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        if kubelet.cut {
            kubelet.hold(now, write);
        } else {
            out.send(Call { token: NO_ANSWER, write });
        }
    }
}
