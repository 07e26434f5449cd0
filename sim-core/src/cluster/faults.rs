//! Faults: what a user can break. One `Fault` enum for scenarios, the shell and the playground.

use super::event::Event;
use super::{Cluster, boot};
use crate::api::node::Heartbeat;
use crate::api::object::{Kind, Object, ObjectId};
use crate::apiserver::request::Write;
use crate::cluster::event::Process;
use crate::controllers::{self, node_lifecycle};
use crate::kernel::time::SimDuration;
use std::fmt;

/// Something that breaks, or is mended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A node loses power: its containers are gone and it says nothing any more.
    KillNode(String),
    /// The node comes back, with the same disk.
    RestartNode(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::KillNode(node) => write!(f, "kill node {node}"),
            Fault::RestartNode(node) => write!(f, "restart node {node}"),
        }
    }
}

impl Fault {
    /// Parses `kill node NAME` or `restart node NAME`.
    ///
    /// # Errors
    /// Says which faults there are.
    pub fn parse(text: &str) -> Result<Fault, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["kill", "node", name] => Ok(Fault::KillNode((*name).to_owned())),
            ["restart", "node", name] => Ok(Fault::RestartNode((*name).to_owned())),
            _ => Err(format!("unknown fault {text:?}; expected `kill node NAME` or `restart node NAME`")),
        }
    }
}

impl Cluster {
    /// Breaks or mends something at this moment.
    ///
    /// # Errors
    /// If there is no such node, or it is in that state already.
    pub fn fault(&mut self, fault: &Fault) -> Result<(), String> {
        let (Fault::KillNode(name) | Fault::RestartNode(name)) = fault;
        let Some(node) = self.store.find(Kind::Node, "", name) else {
            let known: Vec<&str> = self.store.list(Kind::Node, None).map(|(_, o)| o.meta().name.as_str()).take(8).collect();
            return Err(format!("there is no node {name:?}; nodes: {}", known.join(", ")));
        };
        let up = self.nodes.is_up(node.number);
        match fault {
            Fault::KillNode(_) if !up => return Err(format!("node {name} is down already")),
            Fault::RestartNode(_) if up => return Err(format!("node {name} is up already; kill it first")),
            _ => {}
        }
        let event = self.begin_input(fault.to_string());
        match fault {
            Fault::KillNode(_) => self.kill_node(node, event),
            Fault::RestartNode(_) => self.restart_node(node, event),
        }
        self.end_input(event);
        Ok(())
    }

    fn set_heartbeat(&mut self, node: ObjectId, heartbeat: Heartbeat) {
        let name = self.store.get(node).map(|object| object.meta().name.clone()).unwrap_or_default();
        if let Some(lease) = self.store.find(Kind::Lease, "kube-node-lease", &name) {
            self.store.set_heartbeat(lease, heartbeat);
            self.controllers.set_heartbeat(lease, heartbeat);
        }
    }

    fn kill_node(&mut self, node: ObjectId, event: crate::kernel::queue::EventId) {
        let name = self.store.get(node).map(|object| object.meta().name.clone()).unwrap_or_default();
        let lease = self.store.find_object(Kind::Lease, "kube-node-lease", &name).and_then(Object::as_lease);
        let Some(heartbeat) = lease.map(|lease| lease.heartbeat) else { return };
        let stopped = Heartbeat { stopped: Some(self.now), ..heartbeat };
        self.nodes.kill(node.number, self.now);
        self.set_heartbeat(node, stopped);
        // The controller's ticks are derived: it looks when it would find the lease too old.
        let found = node_lifecycle::found_silent(stopped.last(self.now));
        self.controllers(event, |controllers, now, out| controllers.look_at(controllers::NODE_LIFECYCLE, node, found.max(now), out));
    }

    fn restart_node(&mut self, node: ObjectId, event: crate::kernel::queue::EventId) {
        self.set_heartbeat(node, Heartbeat { first: self.now, stopped: None });
        let name = self.store.get(node).map(|object| object.meta().name.clone()).unwrap_or_default();
        let pods: Vec<_> = self
            .store
            .list(Kind::Pod, None)
            .filter_map(|(id, object)| object.as_pod().filter(|pod| pod.node_name == name).map(|pod| (id, pod.clone())))
            .collect();
        self.node(event, |nodes, now, out| nodes.restart(node.number, now, pods.iter().map(|(id, pod)| (*id, pod)), out));
        let write = Write::NodeConditions(node, boot::ready_conditions(self.now));
        let at = self.now + SimDuration::from_millis(500);
        self.queue.push(at, event, Event::Request { from: Process::Kubelet, token: crate::client::NO_ANSWER, write: Box::new(write) });
    }
}
