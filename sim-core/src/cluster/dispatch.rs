//! The only place that matches on [`Event`]: hands each input to its process, and what the process asked for to the queue.

use super::answers::Answers;
use super::event::{Event, Happened, Process};
use super::{Cluster, Kubelets};
use crate::api::object::{Kind, Object, ObjectId};
use crate::apiserver::Moment;
use crate::apiserver::request::Write;
use crate::client::{Call, NO_ANSWER};
use crate::kernel::outbox::Outbox;
use crate::kernel::queue::{EventId, Scheduled};
use crate::kernel::trace::Record;
use crate::store::Verb;
use crate::{controllers, net, node, scheduler};

/// How many decisions are kept for `why`.
const DECISIONS: u64 = 1 << 16;

impl Cluster {
    pub(super) fn dispatch(&mut self, scheduled: Scheduled<Event>) {
        let Scheduled { id, cause, event, at, .. } = scheduled;
        let what = match event {
            Event::Request { from, token, write } => self.request(id, from, token, &write),
            Event::Answer { to, token, result } => {
                self.answer(id, to, token, *result);
                Happened::Answer(to)
            }
            Event::Watch { to, upto } => {
                self.watch(id, to, upto);
                Happened::Watch(to)
            }
            Event::Deliver { pod, revision } => {
                self.deliver(id, pod, revision);
                Happened::Deliver(ObjectId { kind: Kind::Pod, number: pod })
            }
            Event::Controllers(input) => {
                self.controllers(id, |controllers, now, out| controllers.on(now, *input, out));
                Happened::Timer { of: Process::ControllerManager, about: None }
            }
            Event::Scheduler(input) => {
                self.scheduler(id, *input);
                Happened::Timer { of: Process::Scheduler, about: None }
            }
            Event::Node(input) => {
                let about = input.about();
                match *input {
                    node::Input::Power { node, on, boots } => self.power(node, on, boots, id),
                    node::Input::Ask { pod, container, attempt, query } => {
                        let reply = Answers::of(self.truth()).answer(pod, &query);
                        self.node(id, |nodes, now, out| nodes.answered(now, (pod, container, attempt), &query, reply, out));
                    }
                    input => self.node(id, |nodes, now, out| nodes.on(now, input, out)),
                }
                Happened::Timer { of: Process::Kubelet, about }
            }
        };
        self.trace.record(Record { id, at, cause, what });
        self.announce(id);
    }

    /// The API server handles a request; the answer goes back unless nobody waits for it.
    fn request(&mut self, id: EventId, from: Process, token: u64, write: &Write) -> Happened {
        let result = self.server.write(&mut self.store, Moment { now: self.now, event: id }, write);
        let (verb, resource) = write.words();
        let object = write.target().or_else(|| {
            let made = result.as_ref().ok()?;
            self.store.change(made.meta().resource_version).map(|change| change.id)
        });
        let ok = result.is_ok();
        if token != NO_ANSWER {
            self.queue.push(self.now + self.api_latency, id, Event::Answer { to: from, token, result: Box::new(result) });
        }
        let sender = if from == Process::ControllerManager { controllers::ControllerManager::sender(token) } else { None };
        Happened::Request { from: sender.unwrap_or(from.as_str()), verb, resource, object, ok }
    }

    fn answer(&mut self, id: EventId, to: Process, token: u64, result: Result<Object, crate::api::status::ApiError>) {
        match to {
            Process::ControllerManager => self.controllers(id, |c, now, out| c.on(now, controllers::Input::Answer { token, result }, out)),
            Process::Scheduler => self.scheduler(id, scheduler::Input::Answer { token, result }),
            Process::Kubelet => self.node(id, |nodes, now, out| nodes.on(now, node::Input::Answer { token, result }, out)),
        }
    }

    fn watch(&mut self, id: EventId, to: Process, upto: u64) {
        match to {
            Process::ControllerManager => {
                let mut out = Outbox::new(self.now);
                self.controllers.watch(self.now, &self.store, upto, &mut out);
                self.after_controllers(id, out);
            }
            Process::Scheduler => {
                self.scheduler.watch(self.now, &self.store, upto);
                self.scheduler(id, scheduler::Input::Run);
            }
            Process::Kubelet => {
                let store = self.store.clone();
                self.node(id, |nodes, now, out| nodes.watch(now, &store, upto, out));
            }
        }
    }

    /// A kubelet hears of a change of its pod. If history has moved on, it hears of the pod as it is now.
    fn deliver(&mut self, id: EventId, number: u32, revision: u64) {
        let pod_id = ObjectId { kind: Kind::Pod, number };
        let (object, verb) = match self.store.change(revision) {
            Some(change) => (change.object.clone(), change.verb),
            None => match self.store.get(pod_id) {
                Some(object) => (object.clone(), Verb::Modified),
                None => return,
            },
        };
        if let Object::Pod(pod) = object {
            self.node(id, |nodes, now, out| nodes.pod_changed(now, pod_id, &pod, verb, out));
        }
    }

    pub(super) fn controllers(
        &mut self,
        id: EventId,
        act: impl FnOnce(&mut controllers::ControllerManager, crate::kernel::time::SimTime, &mut Outbox<Call, controllers::Input>),
    ) {
        let mut out = Outbox::new(self.now);
        act(&mut self.controllers, self.now, &mut out);
        self.after_controllers(id, out);
    }

    fn after_controllers(&mut self, id: EventId, mut out: Outbox<Call, controllers::Input>) {
        for decision in self.controllers.take_decisions() {
            let number = self.decisions.push((self.now, id, decision));
            self.decisions.forget_before(number.saturating_sub(DECISIONS));
        }
        let (calls, alarms) = out.drain();
        self.send(id, Process::ControllerManager, calls);
        for (at, input) in alarms {
            self.queue.push(at, id, Event::Controllers(Box::new(input)));
        }
    }

    pub(super) fn scheduler(&mut self, id: EventId, input: scheduler::Input) {
        let mut out = Outbox::new(self.now);
        self.scheduler.on(self.now, input, &mut out);
        let (calls, alarms) = out.drain();
        self.send(id, Process::Scheduler, calls);
        for (at, input) in alarms {
            self.queue.push(at, id, Event::Scheduler(Box::new(input)));
        }
    }

    pub(super) fn node(
        &mut self,
        id: EventId,
        act: impl FnOnce(&mut node::Nodes, crate::kernel::time::SimTime, &mut Outbox<Call, node::Input>),
    ) {
        let mut out = Outbox::new(self.now);
        self.turns += 1;
        act(&mut self.nodes, self.now, &mut out);
        let (calls, alarms) = out.drain();
        self.send(id, Process::Kubelet, calls);
        for (at, input) in alarms {
            self.queue.push(at, id, Event::Node(Box::new(input)));
        }
    }

    fn send(&mut self, id: EventId, from: Process, calls: Vec<(crate::kernel::time::SimTime, Call)>) {
        for (at, Call { token, write }) in calls {
            self.queue.push(at + self.api_latency, id, Event::Request { from, token, write: Box::new(write) });
        }
    }

    /// Tells the watchers of what was committed since the last announcement: the shared caches by revision, a kubelet by its pod.
    pub(super) fn announce(&mut self, id: EventId) {
        let revision = self.store.revision();
        if revision == self.announced {
            return;
        }
        let due = self.now + self.watch_latency;
        let (mut to_controllers, mut to_scheduler, mut to_kubelets) = (false, false, false);
        for number in self.announced + 1..=revision {
            let Some(change) = self.store.change(number) else { continue };
            for word in
                [number, change.id.kind as u64 | (change.verb as u64) << 8, u64::from(change.id.number), change.object.meta().uid.0 as u64]
            {
                self.trace.absorb(word);
            }
            match change.id.kind {
                Kind::Event => continue,
                // No event of its own: what the network's agents know follows from when they hear of it.
                _ if net::follows(change.id.kind) => {
                    self.network.learn(change, due);
                    to_scheduler |= scheduler::is_concerned_by(change);
                }
                _ => to_scheduler |= scheduler::is_concerned_by(change),
            }
            to_controllers = true;
            to_kubelets |= node::reads(change.id.kind);
            self.turns += u64::from(change.id.kind == Kind::Pod);
            if let Object::Pod(pod) = &change.object
                && !pod.node_name.is_empty()
                && self.kubelets == Kubelets::Simulated
            {
                self.queue.push(due, id, Event::Deliver { pod: change.id.number, revision: number });
            }
        }
        // A watcher whom nothing concerned for long is told how far things are (a bookmark), before history forgets where it stands.
        let page = (self.store.history_limit() / 4).max(1);
        if self.announced / page != revision / page {
            (to_controllers, to_scheduler, to_kubelets) = (true, true, true);
        }
        self.announced = revision;
        if to_controllers {
            self.queue.push(due, id, Event::Watch { to: Process::ControllerManager, upto: revision });
        }
        if to_scheduler {
            self.queue.push(due, id, Event::Watch { to: Process::Scheduler, upto: revision });
        }
        if to_kubelets && self.kubelets == Kubelets::Simulated {
            self.queue.push(due, id, Event::Watch { to: Process::Kubelet, upto: revision });
        }
    }
}
