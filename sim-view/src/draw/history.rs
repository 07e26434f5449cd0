//! What happened over time: a recorder that follows the store's history as far as the run is ever played.
//!
//! Going back in time changes nothing of what is recorded; acting in the past does, from that moment on. All of it is bounded: the lives of the
//! first [`LANES`] pods, so many steps, marks and points.

use super::document::about;
use super::{controller_id, count, reference_to};
use crate::frame::cluster::{Counts, PodState};
use crate::frame::history::{History, Mark, MarkKind, Metrics, NodeLane, NodeSpan, PodLane, PodSpan, SizeLane, SizeStep, TrafficSeries};
use crate::frame::{Id, Ref};
use sim_core::Cluster;
use sim_core::api::event::EventType;
use sim_core::api::meta::Meta;
use sim_core::api::node::Node;
use sim_core::api::object::{Kind, Object, ObjectId};
use sim_core::api::pod::Pod;
use sim_core::api::pod_state;
use sim_core::api::workloads::Deployment;
use sim_core::cluster::faults::Fault;
use sim_core::kernel::queue::EventId;
use sim_core::kernel::table::Table;
use sim_core::kernel::time::SimTime;
use sim_core::kubectl::{
    self,
    pod_summary::{Seen, Summary},
};
use sim_core::net::traffic::Report;
use sim_core::store::{Change, Store, Verb};
use std::collections::{BTreeMap, BTreeSet};

/// More pods than this nobody can see at a glance; nor more owners.
pub const LANES: usize = 1_000;
/// The most marks; warnings stop before, so that what the user does always finds room.
const MARKS: usize = 2_000;
const WARNINGS: usize = 1_000;
/// The most steps of a lane of sizes that are told.
const STEPS: usize = 500;
/// The most points of the metrics that are told; twice as many are kept.
const POINTS: usize = 2_000;

/// Something that began with a revision and lasts until the next.
#[derive(Clone, Debug)]
struct Step<T> {
    revision: u64,
    at: SimTime,
    what: T,
}

/// Steps of one kind, in order.
type Steps<T> = Vec<Step<T>>;

fn push<T: PartialEq>(steps: &mut Steps<T>, change: &At, what: T) {
    if steps.last().is_none_or(|last| last.what != what) {
        steps.push(Step { revision: change.revision, at: change.at, what });
    }
}

fn cut<T>(steps: &mut Steps<T>, revision: u64) {
    let kept = steps.partition_point(|step| step.revision <= revision);
    steps.truncate(kept);
}

/// When a change was.
struct At {
    revision: u64,
    at: SimTime,
}

#[derive(Clone, Debug)]
struct PodLife {
    pod: Ref,
    owner: Id,
    owner_name: String,
    nodes: Steps<String>,
    /// `None`: it is gone.
    states: Steps<Option<(PodState, String)>>,
}

#[derive(Clone, Debug)]
struct NodeLife {
    node: Ref,
    /// Whether it is ready, and takes new pods.
    states: Steps<(bool, bool)>,
}

#[derive(Clone, Debug)]
struct SizeLife {
    owner: Ref,
    parent: Id,
    /// How many pods it wants (`None`: it is gone), and how many are ready.
    sizes: Steps<(Option<u32>, u32)>,
}

/// A mark, and how to tell whether a fork comes before it.
#[derive(Clone, Debug)]
struct Marked {
    since: Since,
    mark: Mark,
}

#[derive(Clone, Copy, Debug)]
enum Since {
    Revision(u64),
    /// The number of what the user did: that need not write anything.
    Input(u64),
}

/// Sums at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Sums {
    counts: Counts,
    desired: u32,
}

/// Follows a run and keeps what its timeline shows.
#[derive(Clone, Default, Debug)]
pub struct Recorder {
    revision: u64,
    /// The number of the next input.
    input: u64,
    horizon: SimTime,
    pods: BTreeMap<u32, PodLife>,
    nodes: BTreeMap<u32, NodeLife>,
    sizes: BTreeMap<ObjectId, SizeLife>,
    /// In order of their times.
    marks: Vec<Marked>,
    warnings: usize,
    /// The states of all pods that there are, and what each owner wants.
    states: Table<PodState>,
    wanted: BTreeMap<ObjectId, u32>,
    sums: Sums,
    points: Steps<Sums>,
    traffic: Vec<Report>,
    /// How many pods there ever were.
    created: u32,
}

impl Recorder {
    /// Takes in what a cluster went through since; nothing if its moment was recorded already.
    ///
    /// To be called at least once for every 50,000 changes: of what history has let go, only the present state can be recorded.
    pub fn follow(&mut self, cluster: &Cluster) {
        self.horizon = self.horizon.max(cluster.now());
        let store = cluster.store();
        if store.revision() < self.revision || cluster.now() < self.horizon {
            return;
        }
        let mut acted: BTreeSet<EventId> = BTreeSet::new();
        match store.changes_since(self.revision) {
            Ok(changes) => {
                for change in changes {
                    acted.insert(change.event);
                    self.change(cluster, change);
                }
            }
            Err(_) => self.resume(cluster),
        }
        self.revision = store.revision();
        self.created = store.next_number(Kind::Pod);
        self.inputs(cluster, &acted);
        self.traffic = cluster.traffic().reports();
    }

    /// Forgets what lay after a cluster's moment: another future begins there.
    pub fn fork(&mut self, cluster: &Cluster) {
        let (store, revision) = (cluster.store(), cluster.store().revision());
        if revision > self.revision {
            return self.follow(cluster);
        }
        for life in self.pods.values_mut() {
            cut(&mut life.nodes, revision);
            cut(&mut life.states, revision);
        }
        self.pods.retain(|_, life| !life.states.is_empty());
        self.nodes.values_mut().for_each(|life| cut(&mut life.states, revision));
        self.nodes.retain(|_, life| !life.states.is_empty());
        self.sizes.values_mut().for_each(|life| cut(&mut life.sizes, revision));
        self.sizes.retain(|_, life| !life.sizes.is_empty());
        let inputs = cluster.inputs().next();
        self.marks.retain(|marked| match marked.since {
            Since::Revision(of) => of <= revision,
            Since::Input(number) => number < inputs,
        });
        self.warnings = self.marks.iter().filter(|marked| marked.mark.kind == MarkKind::Warning).count();
        cut(&mut self.points, revision);
        self.recount(store);
        push(&mut self.points, &At { revision, at: cluster.now() }, self.sums);
        (self.revision, self.horizon) = (revision, cluster.now());
        (self.input, self.created) = (inputs, store.next_number(Kind::Pod));
        self.traffic = cluster.traffic().reports();
    }

    /// All that the timeline shows.
    pub fn history(&self) -> History {
        History {
            horizon: self.horizon.as_nanos(),
            pods: self.pods.values().map(PodLife::lane).collect(),
            pods_left_out: self.created.saturating_sub(count(self.pods.len() as i64)),
            nodes: self.nodes.values().map(NodeLife::lane).collect(),
            sizes: self.sizes.values().map(SizeLife::lane).collect(),
            marks: self.marks.iter().map(|marked| marked.mark.clone()).collect(),
        }
    }

    /// Figures over time: step functions with a point for each moment at which one of them changed, thinned when there are too many.
    pub fn metrics(&self) -> Metrics {
        let every = self.points.len().div_ceil(POINTS).max(1);
        let last = self.points.len().saturating_sub(1);
        let shown = self.points.iter().enumerate().filter(|(place, _)| place % every == 0 || *place == last).map(|(_, point)| point);
        let mut metrics = Metrics {
            times: Vec::new(),
            desired: Vec::new(),
            ready: Vec::new(),
            starting: Vec::new(),
            failing: Vec::new(),
            terminating: Vec::new(),
            writes: Vec::new(),
            traffic: self.traffic.iter().map(series).collect(),
        };
        for point in shown {
            let counts = point.what.counts;
            metrics.times.push(seconds(point.at.as_nanos()));
            metrics.desired.push(point.what.desired);
            metrics.ready.push(counts.ready);
            metrics.starting.push(counts.pending + counts.creating + counts.running);
            metrics.failing.push(counts.failing);
            metrics.terminating.push(counts.terminating);
            metrics.writes.push(u32::try_from(point.revision).unwrap_or(u32::MAX));
        }
        metrics
    }

    fn change(&mut self, cluster: &Cluster, change: &Change) {
        let at = At { revision: change.revision, at: change.at };
        let now = (change.verb != Verb::Deleted).then_some(&change.object);
        self.take(cluster.store(), &at, change.id, &change.object, now);
        match (&change.object, &change.old) {
            (Object::Event(event), None) if event.event_type == EventType::Warning && self.warnings < WARNINGS => {
                self.warnings += 1;
                let text = format!("{}: {}", event.reason, event.message.trim());
                self.mark(&at, Since::Revision(at.revision), MarkKind::Warning, text, Some(about(cluster, event)));
            }
            (Object::Deployment(new), Some(Object::Deployment(old)))
                if change.verb == Verb::Modified && rolled_out(new) && !rolled_out(old) =>
            {
                let object = Some(reference_to(change.id, &new.meta));
                self.mark(&at, Since::Revision(at.revision), MarkKind::Rollout, format!("deployment/{}", new.meta.name), object);
            }
            _ => {}
        }
    }

    /// An object as it is now; `None`: it is gone, and was `last`.
    fn take(&mut self, store: &Store, at: &At, id: ObjectId, last: &Object, now: Option<&Object>) {
        match last {
            Object::Pod(pod) => self.pod(store, at, id, pod, now.is_some()),
            Object::Node(node) => self.node(at, id, node, now.is_some()),
            _ => match size(last) {
                Some(size) => self.size(store, at, id, last.meta(), now.map(|_| size)),
                None => return,
            },
        }
        // Of several changes at a moment, the last is what charts show.
        match self.points.last_mut().filter(|point| point.at == at.at) {
            Some(point) => (point.revision, point.what) = (at.revision, self.sums),
            None => push(&mut self.points, at, self.sums),
        }
        if self.points.len() > 2 * POINTS {
            let mut place = 0;
            self.points.retain(|_| {
                place += 1;
                place % 2 == 1
            });
        }
    }

    fn pod(&mut self, store: &Store, at: &At, id: ObjectId, pod: &Pod, exists: bool) {
        let state = PodState::from(pod_state::PodState::of(pod));
        let old = if exists { self.states.insert(id.number, state) } else { self.states.remove(id.number) };
        if let Some(old) = old {
            *self.sums.counts.of(old) -= 1;
        }
        if exists {
            *self.sums.counts.of(state) += 1;
        }
        if !self.pods.contains_key(&id.number) && (self.pods.len() >= LANES || !exists) {
            return;
        }
        let life = self.pods.entry(id.number).or_insert_with(|| PodLife {
            pod: reference_to(id, &pod.meta),
            owner: controller_id(store, &pod.meta),
            owner_name: pod.meta.controller().map_or_else(String::new, |owner| owner.name.to_string()),
            nodes: Vec::new(),
            states: Vec::new(),
        });
        push(&mut life.nodes, at, pod.node_name.to_string());
        let told = exists.then(|| (state, Summary::of(&Seen::of(pod)).reason));
        push(&mut life.states, at, told);
    }

    fn node(&mut self, at: &At, id: ObjectId, node: &Node, exists: bool) {
        let state = (exists && node.is_ready(), exists && !node.unschedulable);
        let life = self.nodes.entry(id.number).or_insert_with(|| NodeLife { node: reference_to(id, &node.meta), states: Vec::new() });
        push(&mut life.states, at, state);
    }

    fn size(&mut self, store: &Store, at: &At, id: ObjectId, meta: &Meta, size: Option<(u32, u32)>) {
        let (desired, ready) = size.map_or((None, 0), |(desired, ready)| (Some(desired), ready));
        let old = match desired {
            Some(desired) => self.wanted.insert(id, desired),
            None => self.wanted.remove(&id),
        };
        self.sums.desired = self.sums.desired + desired.unwrap_or(0) - old.unwrap_or(0);
        if !self.sizes.contains_key(&id) && self.sizes.len() >= LANES {
            return;
        }
        let life = self.sizes.entry(id).or_insert_with(|| SizeLife {
            owner: reference_to(id, meta),
            parent: controller_id(store, meta),
            sizes: Vec::new(),
        });
        push(&mut life.sizes, at, (desired, ready));
    }

    /// What history has let go can't be told any more: goes on with what there is.
    fn resume(&mut self, cluster: &Cluster) {
        let store = cluster.store();
        let at = At { revision: store.revision(), at: cluster.now() };
        for life in self.pods.iter_mut().filter(|(number, _)| store.get(ObjectId { kind: Kind::Pod, number: **number }).is_none()) {
            push(&mut life.1.states, &at, None);
        }
        for (id, life) in self.sizes.iter_mut().filter(|(id, _)| store.get(**id).is_none()) {
            push(&mut life.sizes, &at, (None, 0));
            self.wanted.remove(id);
        }
        self.recount(store);
        for kind in [Kind::Pod, Kind::Node, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::ReplicationController] {
            for (id, object) in store.list(kind, None) {
                self.take(store, &at, id, object, Some(object));
            }
        }
    }

    /// Counts anew what there is.
    fn recount(&mut self, store: &Store) {
        (self.states, self.wanted, self.sums) = (Table::default(), BTreeMap::new(), Sums::default());
        for (id, pod) in store.list(Kind::Pod, None).filter_map(|(id, object)| Some((id, object.as_pod()?))) {
            let state = PodState::from(pod_state::PodState::of(pod));
            self.states.insert(id.number, state);
            *self.sums.counts.of(state) += 1;
        }
        for kind in [Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::ReplicationController] {
            for (id, (desired, _)) in store.list(kind, None).filter_map(|(id, object)| Some((id, size(object)?))) {
                self.wanted.insert(id, desired);
                self.sums.desired += desired;
            }
        }
    }

    /// What the user did: what was broken or mended, and all commands that changed something.
    fn inputs(&mut self, cluster: &Cluster, acted: &BTreeSet<EventId>) {
        for (number, input) in cluster.inputs().from(self.input) {
            let is_command = input.text.starts_with("kubectl");
            // The first is the boot; and a command that waits goes on by itself.
            if number == 0 || input.text == kubectl::GOES_ON || is_command && !acted.contains(&input.event) {
                continue;
            }
            let kind = if Fault::parse(&input.text).is_ok() { MarkKind::Fault } else { MarkKind::Input };
            let at = At { revision: self.revision, at: input.at };
            self.mark(&at, Since::Input(number), kind, input.text.clone(), None);
        }
        self.input = cluster.inputs().next();
    }

    fn mark(&mut self, at: &At, since: Since, kind: MarkKind, text: String, object: Option<Ref>) {
        if self.marks.len() < MARKS {
            let mark = Mark { at: at.at.as_nanos(), kind, text, object };
            let place = self.marks.partition_point(|known| known.mark.at <= mark.at);
            self.marks.insert(place, Marked { since, mark });
        }
    }
}

/// Whether a Deployment's controller says that its rollout is through.
fn rolled_out(deployment: &Deployment) -> bool {
    deployment.status.condition("Progressing").is_some_and(|condition| condition.reason == "NewReplicaSetAvailable")
}

/// How many pods something wants, and how many of them are ready; `None` for what makes no pods itself.
fn size(object: &Object) -> Option<(u32, u32)> {
    let (desired, ready) = match object {
        Object::ReplicaSet(set) => (set.replicas.into(), set.status.ready_replicas.into()),
        Object::StatefulSet(set) => (set.spec.replicas.into(), set.status.ready_replicas.into()),
        Object::DaemonSet(set) => (set.status.desired.into(), set.status.ready.into()),
        Object::Record(record) if record.kind == Kind::ReplicationController => {
            let number = |part: &str, field: &str| record.body[part][field].as_i64().unwrap_or(0);
            (number("spec", "replicas"), number("status", "readyReplicas"))
        }
        _ => return None,
    };
    Some((count(desired), count(ready)))
}

impl PodLife {
    fn lane(&self) -> PodLane {
        let gone = self.states.last().filter(|step| step.what.is_none()).map(|step| step.at.as_nanos());
        let spans = self.states.iter().filter_map(|step| {
            let (state, status) = step.what.clone()?;
            Some(PodSpan { from: step.at.as_nanos(), state, status })
        });
        PodLane {
            pod: self.pod.clone(),
            owner: self.owner.clone(),
            owner_name: self.owner_name.clone(),
            node: self.nodes.last().map_or_else(String::new, |step| step.what.clone()),
            spans: spans.collect(),
            gone,
        }
    }
}

impl NodeLife {
    fn lane(&self) -> NodeLane {
        let span = |step: &Step<(bool, bool)>| NodeSpan { from: step.at.as_nanos(), ready: step.what.0, schedulable: step.what.1 };
        NodeLane { node: self.node.clone(), spans: self.states.iter().map(span).collect() }
    }
}

impl SizeLife {
    /// Of a long lane, all that it wanted is told, and of what was ready in between some of it.
    fn lane(&self) -> SizeLane {
        let every = self.sizes.len().div_ceil(STEPS).max(1);
        let last = self.sizes.len().saturating_sub(1);
        let mut steps = Vec::new();
        let mut wanted = None;
        for (place, step) in self.sizes.iter().enumerate() {
            let (desired, ready) = step.what;
            if place % every == 0 || place == last || wanted != Some(desired) {
                steps.push(SizeStep { from: step.at.as_nanos(), desired, ready });
            }
            wanted = Some(desired);
        }
        SizeLane { owner: self.owner.clone(), parent: self.parent.clone(), steps }
    }
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

fn series(report: &Report) -> TrafficSeries {
    let points = &report.series.points;
    let width = report.series.width.max(1) as f64;
    TrafficSeries {
        name: report.name.clone(),
        from: report.from.clone(),
        to: report.to.clone(),
        times: points.iter().map(|point| point.second as f64).collect(),
        ok: points.iter().map(|point| point.ok as f64 / width).collect(),
        failed: points.iter().map(|point| point.failed as f64 / width).collect(),
        latency: points.iter().map(|point| point.mean as f64 / 1e6).collect(),
        sent: report.sent,
        lost: report.lost,
        success: report.success.clone(),
    }
}
