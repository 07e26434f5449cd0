//! Branches of time: leaving one, going to another, holding two side by side.

use super::Sandbox;
use super::branch::Branch;
use super::scene::Deed;
use crate::draw::cluster::{Around, View};
use crate::frame::Ref;
use crate::frame::cluster::Frame;
use crate::frame::session::{Comparison, Difference, Problem, Update};
use std::collections::{BTreeMap, BTreeSet};

impl Sandbox {
    /// Begins a branch of this name here, and goes there. What lies ahead stays in the branch that is left.
    pub fn fork(&mut self, name: &str) -> Update {
        let name = name.trim().trim_start_matches('#').trim().to_owned();
        self.advance(self.now());
        self.branch_off(name.clone());
        if self.present_mut().act(Deed::Branch(name)).is_err() {
            unreachable!("nothing is done that could fail");
        }
        self.update()
    }

    /// Looks at another branch, at the same moment or as far as it was played.
    ///
    /// # Errors
    /// There is none of this number.
    pub fn switch_branch(&mut self, id: u32) -> Result<Update, Problem> {
        self.known(id)?;
        let now = self.now();
        self.branch = id;
        let to = now.min(self.present().horizon);
        self.present_mut().go(to, true);
        self.arrive_elsewhere();
        Ok(self.whole())
    }

    /// Forgets a branch. Those that came from it count as its parent's.
    ///
    /// # Errors
    /// There is none of this number, or it is looked at.
    pub fn drop_branch(&mut self, id: u32) -> Result<Update, Problem> {
        self.known(id)?;
        if id == self.branch {
            return Err(Problem {
                message: "this branch is looked at".to_owned(),
                help: "go to another one before it is dropped".to_owned(),
                ..Problem::default()
            });
        }
        let parent = self.branches.remove(&id).map_or(0, |dropped| dropped.parent);
        for (own, branch) in &mut self.branches {
            if branch.parent == id {
                branch.parent = if parent == id { *own } else { parent };
            }
        }
        Ok(self.update())
    }

    /// Two branches at this moment, or as far as they were played.
    ///
    /// # Errors
    /// There is none of this number.
    pub fn compare(&mut self, left: u32, right: u32) -> Result<Comparison, Problem> {
        let now = self.now();
        let look = |branch: &Branch| {
            let mut scene = branch.timeline.glimpse(now.min(branch.horizon));
            let next = scene.cluster.next_at();
            View::default().whole(&scene.cluster, Around { horizon: branch.horizon, next })
        };
        let (left, right) = (look(self.known(left)?), look(self.known(right)?));
        let differences = differences(&left, &right);
        Ok(Comparison { at: now.as_nanos(), left, right, differences })
    }

    /// Goes to a new branch that leaves the present one here.
    pub(super) fn branch_off(&mut self, name: String) {
        let id = self.branches.keys().next_back().map_or(0, |last| last + 1);
        let branch = self.present().fork(self.branch, name);
        self.branches.insert(id, branch);
        self.branch = id;
    }

    fn known(&self, id: u32) -> Result<&Branch, Problem> {
        self.branches.get(&id).ok_or_else(|| Problem { message: format!("there is no branch {id}"), ..Problem::default() })
    }
}

/// What is to be seen of an object: which, and how it is.
type Looks = BTreeMap<(String, String, String), (Ref, String)>;

fn differences(left: &Frame, right: &Frame) -> Vec<Difference> {
    let (left, right) = (looks(left), looks(right));
    let keys: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let differ = keys.into_iter().filter_map(|key| {
        let (left, right) = (left.get(key), right.get(key));
        let said = |look: Option<&(Ref, String)>| look.map_or_else(String::new, |(_, says)| says.clone());
        let (object, _) = left.or(right)?;
        (said(left) != said(right)).then(|| Difference { object: object.clone(), left: said(left), right: said(right) })
    });
    differ.collect()
}

fn looks(frame: &Frame) -> Looks {
    let mut looks = Looks::new();
    let mut add = |id: &str, kind: &str, namespace: &str, name: &str, says: String| {
        let object = Ref { id: id.to_owned(), kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() };
        looks.insert((kind.to_owned(), namespace.to_owned(), name.to_owned()), (object, says));
    };
    for node in &frame.nodes {
        let mut says = if node.ready { "Ready" } else { "NotReady" }.to_owned();
        if !node.schedulable {
            says.push_str(", cordoned");
        }
        for condition in &node.conditions {
            says.push_str(&format!(", {condition}"));
        }
        add(&node.id, "Node", "", &node.name, says);
    }
    for pod in &frame.pods {
        let place = if pod.node.is_empty() { String::new() } else { format!(" on {}", pod.node) };
        add(&pod.id, "Pod", &pod.namespace, &pod.name, format!("{} {}{place}", pod.status, pod.ready));
    }
    for owner in &frame.owners {
        let says = format!("{}/{} ready, {}", owner.ready, owner.desired, owner.images.join(", "));
        add(&owner.id, &owner.kind, &owner.namespace, &owner.name, says);
    }
    for service in &frame.services {
        let ready = service.endpoints.iter().filter(|endpoint| endpoint.ready).count();
        let says = format!("{} {}, {ready} endpoints", service.kind, service.ports.join(", "));
        add(&service.id, "Service", &service.namespace, &service.name, says);
    }
    looks
}
