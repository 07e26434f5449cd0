//! Which node has which pods of each DaemonSet, and which nodes need a look.
//!
//! Nearly all nodes are at rest: one pod is wanted, and one is there, ready or starting. Those are counted, by the hash of their pod's
//! template; the others stand in a list of their own. So a sync of a DaemonSet costs what is going on, not the size of the cluster: a
//! rolling update over 5,000 nodes looks at a handful of them at a time. Upstream looks at every node and every pod of the set
//! (`pkg/controller/daemon/daemon_controller.go`, v1.36); what it finds is the same.

use crate::api::daemon_set::{DaemonSet, Wanted};
use crate::api::meta::{Str, Uid};
use crate::api::object::{Kind, Object};
use crate::api::pod::{Phase, Pod};
use crate::kernel::table::{Index, Table};
use crate::kernel::time::SimTime;
use std::collections::BTreeMap;

/// The label that says which template a DaemonSet's pod was made from.
pub const HASH: &str = "controller-revision-hash";

/// Pods of a node that had failed and were taken away: how often in a row, and when last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failures {
    /// The generation of the DaemonSet that had been observed: another one starts anew.
    pub generation: i64,
    /// How many.
    pub count: u32,
    /// When the last one went.
    pub last: SimTime,
}

/// What a DaemonSet has on a node.
#[derive(Clone, Default, Debug)]
pub struct Seat {
    /// Whether a pod is wanted there. Of a node that doesn't exist: no.
    pub wanted: Wanted,
    /// Whether the node exists.
    pub exists: bool,
    /// The numbers of its pods, in order of their creation.
    pub pods: Vec<u32>,
    /// The failed pods that were there.
    pub failures: Option<Failures>,
    /// If the node is at rest.
    rest: Option<Rest>,
}

/// What is known of a node at rest: the hash of its pod, and since when that is ready; `None`: it is starting.
type Rest = (Str, Option<SimTime>);

/// How many nodes with pods of a template are at rest.
#[derive(Clone, Copy, Default, Debug)]
pub struct Calm {
    /// Those whose pod is ready.
    pub ready: u32,
    /// Those whose pod isn't, or not yet.
    pub starting: u32,
}

/// How many nodes a DaemonSet wants pods on, and how many are at rest.
#[derive(Clone, Default, Debug)]
struct Tally {
    wanted: u32,
    resting: BTreeMap<Str, Calm>,
}

/// A node's place among those at rest: DaemonSet, hash, since when, name.
type Resting = (Uid, Str, Option<SimTime>, Str);

/// The rosters of all DaemonSets of a cache.
#[derive(Clone, Default, Debug)]
pub struct Rosters {
    seats: Index<(Uid, Str), Seat>,
    /// Copies of the seats that need a look.
    restless: Index<(Uid, Str), Seat>,
    resting: Index<Resting, u32>,
    tallies: Index<Uid, Tally>,
}

/// The DaemonSet that controls a pod.
fn daemon_set_of(pod: &Pod) -> Option<Uid> {
    pod.meta.controller().filter(|owner| owner.kind == *"DaemonSet").map(|owner| owner.uid)
}

/// The node that a pod is on, or is meant for. `pkg/controller/daemon/util/daemonset_util.go`, GetTargetNodeName, v1.36.
fn node_of(pod: &Pod) -> Option<Str> {
    if !pod.node_name.is_empty() {
        return Some(pod.node_name.clone());
    }
    if !pod.target.is_empty() {
        return Some(pod.target.clone());
    }
    let required = &pod.spec.tree["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let terms = required["nodeSelectorTerms"].as_array().into_iter().flatten();
    let fields = terms.flat_map(|term| term["matchFields"].as_array().into_iter().flatten());
    let named = fields.into_iter().find(|field| field["key"] == "metadata.name" && field["operator"] == "In")?;
    match named["values"].as_array()?.as_slice() {
        [name] => name.as_str().map(|name| Str::from(name.to_owned())),
        _ => None,
    }
}

impl Rosters {
    /// A pod came, changed or went. `pods` are all pods as they are now.
    pub(super) fn pod_changed(&mut self, number: u32, old: Option<&Pod>, new: Option<&Pod>, pods: &Table<Object>) {
        let seat = |pod: &Pod| Some((daemon_set_of(pod)?, node_of(pod)?));
        let (from, to) = (old.and_then(seat), new.and_then(seat));
        if from != to {
            if let Some(key) = from {
                self.change(key, pods, |seat| seat.pods.retain(|pod| *pod != number));
            }
            if let Some(key) = to {
                self.change(key, pods, |seat| {
                    let place = seat.pods.partition_point(|pod| *pod < number);
                    seat.pods.insert(place, number);
                });
            }
        } else if let Some(key) = to {
            self.change(key, pods, |_| {});
        }
    }

    /// A DaemonSet's failed pod is gone.
    pub(super) fn failed_pod_gone(&mut self, pod: &Pod, set: &DaemonSet, at: SimTime, pods: &Table<Object>) {
        let Some(node) = node_of(pod) else { return };
        let generation = set.status.observed_generation;
        self.change((set.meta.uid, node), pods, |seat| {
            let before = seat.failures.filter(|failures| failures.generation == generation).map_or(0, |failures| failures.count);
            seat.failures = Some(Failures { generation, count: before + 1, last: at });
        });
    }

    /// Whether a DaemonSet wants a pod on a node is known anew.
    pub(super) fn node_changed(&mut self, set: Uid, node: &Str, exists: bool, wanted: Wanted, pods: &Table<Object>) {
        let key = (set, node.clone());
        if self.seats.get(&key).map_or((Wanted::No, false), |seat| (seat.wanted, seat.exists)) != (wanted, exists) {
            self.change(key, pods, |seat| (seat.wanted, seat.exists) = (wanted, exists));
        }
    }

    /// A DaemonSet is gone: it wants pods nowhere.
    pub(super) fn set_gone(&mut self, set: Uid, pods: &Table<Object>) {
        let nodes: Vec<Str> = self.seats_of(set).map(|(node, _)| node.clone()).collect();
        for node in nodes {
            self.change((set, node), pods, |seat| (seat.wanted, seat.exists, seat.failures) = (Wanted::No, false, None));
        }
        self.tallies.remove(&set);
    }

    fn seats_of(&self, set: Uid) -> impl Iterator<Item = (&Str, &Seat)> {
        self.seats.from(&(set, Str::EMPTY)).take_while(move |((uid, _), _)| *uid == set).map(|((_, node), seat)| (node, seat))
    }

    /// Changes a seat, and what is counted of it.
    fn change(&mut self, key: (Uid, Str), pods: &Table<Object>, edit: impl FnOnce(&mut Seat)) {
        let mut seat = self.seats.get(&key).cloned().unwrap_or_default();
        let (wanted_before, rest_before) = (seat.wanted == Wanted::Yes, seat.rest.take());
        edit(&mut seat);
        seat.rest = rest(&seat, pods);
        let wanted = seat.wanted == Wanted::Yes;
        if wanted != wanted_before || seat.rest != rest_before {
            self.count(&key, wanted_before, rest_before.as_ref(), -1);
            self.count(&key, wanted, seat.rest.as_ref(), 1);
        }
        let (set, node) = key.clone();
        if let Some((hash, since)) = rest_before.filter(|before| Some(before) != seat.rest.as_ref()) {
            self.resting.remove(&(set, hash, since, node.clone()));
        }
        if let Some((hash, since)) = &seat.rest {
            self.resting.insert((set, hash.clone(), *since, node), seat.pods[0]);
        }
        let idle = seat.rest.is_some() || (seat.pods.is_empty() && seat.wanted != Wanted::Yes);
        if idle {
            self.restless.remove(&key);
        } else {
            self.restless.insert(key.clone(), seat.clone());
        }
        if seat.pods.is_empty() && !seat.exists && seat.failures.is_none() {
            self.seats.remove(&key);
        } else {
            self.seats.insert(key, seat);
        }
    }

    fn count(&mut self, (set, _): &(Uid, Str), wanted: bool, rest: Option<&Rest>, by: i32) {
        if !wanted && rest.is_none() {
            return;
        }
        if self.tallies.get(set).is_none() {
            self.tallies.insert(*set, Tally::default());
        }
        let tally = self.tallies.get_mut(set).expect("it was just made sure of");
        tally.wanted = tally.wanted.saturating_add_signed(if wanted { by } else { 0 });
        if let Some((hash, since)) = rest {
            let calm = tally.resting.entry(hash.clone()).or_default();
            let count = if since.is_some() { &mut calm.ready } else { &mut calm.starting };
            *count = count.saturating_add_signed(by);
            if calm.ready + calm.starting == 0 {
                tally.resting.remove(hash);
            }
        }
    }

    /// The roster of one DaemonSet.
    pub(super) fn of(&self, set: Uid) -> Roster<'_> {
        Roster { rosters: self, set }
    }
}

/// Whether a node is at rest: a pod is wanted, and one is there that hasn't ended and isn't going.
fn rest(seat: &Seat, pods: &Table<Object>) -> Option<Rest> {
    let [number] = seat.pods[..] else { return None };
    let pod = pods.get(number)?.as_pod().filter(|_| seat.wanted == Wanted::Yes)?;
    let stays = pod.meta.deletion.is_none() && !pod.status.phase.is_final();
    stays.then(|| (pod.meta.labels.get(HASH).cloned().unwrap_or_default(), pod.ready_since()))
}

/// What a DaemonSet has where.
#[derive(Clone, Copy, Debug)]
pub struct Roster<'a> {
    rosters: &'a Rosters,
    set: Uid,
}

impl<'a> Roster<'a> {
    /// How many nodes a pod is wanted on.
    pub fn wanted(self) -> u32 {
        self.rosters.tallies.get(&self.set).map_or(0, |tally| tally.wanted)
    }

    /// How many nodes are at rest, by the hash of their pod's template.
    pub fn resting(self) -> impl Iterator<Item = (&'a Str, Calm)> {
        self.rosters.tallies.get(&self.set).into_iter().flat_map(|tally| &tally.resting).map(|(hash, calm)| (hash, *calm))
    }

    /// The nodes at rest with pods of a template that became ready at `from` or later, those that became ready first in front, each with
    /// that time and the number of its pod.
    pub fn ready_since(self, hash: &Str, from: SimTime) -> impl Iterator<Item = (&'a Str, SimTime, u32)> {
        self.rows(hash, Some(from)).filter_map(|(node, since, pod)| Some((node, since?, pod)))
    }

    /// The nodes at rest with pods of a template that aren't ready, each with the number of its pod.
    pub fn starting(self, hash: &Str) -> impl Iterator<Item = (&'a Str, u32)> {
        self.rows(hash, None).take_while(|(_, since, _)| since.is_none()).map(|(node, _, pod)| (node, pod))
    }

    fn rows(self, hash: &Str, from: Option<SimTime>) -> impl Iterator<Item = (&'a Str, Option<SimTime>, u32)> {
        let (set, hash) = (self.set, hash.clone());
        let rows = self.rosters.resting.from(&(set, hash.clone(), from, Str::EMPTY));
        let rows = rows.take_while(move |((uid, own, _, _), _)| *uid == set && *own == hash);
        rows.map(|((_, _, since, node), pod)| (node, *since, *pod))
    }

    /// The nodes that aren't at rest and have pods, or are to have one; by name.
    pub fn restless(self) -> impl Iterator<Item = (&'a Str, &'a Seat)> {
        let set = self.set;
        let rows = self.rosters.restless.from(&(set, Str::EMPTY)).take_while(move |((uid, _), _)| *uid == set);
        rows.map(|((_, node), seat)| (node, seat))
    }

    /// What there is on a node.
    pub fn seat(self, node: &Str) -> Option<&'a Seat> {
        self.rosters.seats.get(&(self.set, node.clone()))
    }
}

/// What a change of the cache means for the rosters. `sets` and `nodes` are all of their kind as they are now.
pub(super) struct Shelves<'a> {
    pub(super) all: &'a [Table<Object>],
}

impl Shelves<'_> {
    fn of(&self, kind: Kind) -> &Table<Object> {
        &self.all[kind as usize]
    }

    fn daemon_sets(&self) -> impl Iterator<Item = &DaemonSet> {
        self.of(Kind::DaemonSet).iter().filter_map(|(_, object)| object.as_daemon_set().map(|set| &**set))
    }

    /// Brings the rosters up to date with an object that is new, has changed, or (`new` is none) is gone.
    pub(super) fn follow(&self, rosters: &mut Rosters, number: u32, old: Option<&Object>, new: Option<&Object>, at: SimTime) {
        let pods = self.of(Kind::Pod);
        match new.or(old) {
            Some(Object::Pod(pod)) => {
                let old = old.and_then(Object::as_pod).map(|pod| &**pod);
                if daemon_set_of(pod).is_none() && old.and_then(daemon_set_of).is_none() {
                    return;
                }
                rosters.pod_changed(number, old, new.and_then(Object::as_pod).map(|pod| &**pod), pods);
                if new.is_none()
                    && pod.status.phase == Phase::Failed
                    && let Some(set) = self.daemon_sets().find(|set| Some(set.meta.uid) == daemon_set_of(pod))
                {
                    rosters.failed_pod_gone(pod, set, at, pods);
                }
            }
            Some(Object::Node(node)) => {
                let alike = old.and_then(Object::as_node).is_some_and(|old| {
                    new.is_some()
                        && old.taints == node.taints
                        && (old.meta.labels.same(&node.meta.labels) || old.meta.labels == node.meta.labels)
                });
                if !alike {
                    for set in self.daemon_sets() {
                        let wanted = if new.is_some() { set.spec.wants(node) } else { Wanted::No };
                        rosters.node_changed(set.meta.uid, &node.meta.name, new.is_some(), wanted, pods);
                    }
                }
            }
            Some(Object::DaemonSet(set)) if new.is_none() => rosters.set_gone(set.meta.uid, pods),
            Some(Object::DaemonSet(set)) => {
                let known = old.and_then(Object::as_daemon_set);
                if known.is_none_or(|old| !std::sync::Arc::ptr_eq(&old.spec, &set.spec)) {
                    for node in self.of(Kind::Node).iter().filter_map(|(_, object)| object.as_node()) {
                        rosters.node_changed(set.meta.uid, &node.meta.name, true, set.spec.wants(node), pods);
                    }
                }
            }
            _ => {}
        }
    }
}
