//! The cluster at a moment, and what of it is new: a cursor over the store's history.
//!
//! An update costs what has changed, not what there is. What faults do to machines makes no revision, so a few facts of each node are compared
//! every time. Above [`CROWD`] pods none is shown by itself: then only sums are kept.

use super::node::{MachineFacts, Tally};
use super::pod::PodFacts;
use super::service::SERVICE_NAME;
use super::{id, node, owner, pod, service};
use crate::frame::cluster::{Counts, Frame, IngressFrame, NodeFrame, OwnerFrame, PodFrame, ServiceFrame, Totals};
use sim_core::Cluster;
use sim_core::api::meta::Str;
use sim_core::api::object::{Kind, Object, ObjectId};
use sim_core::kernel::queue::EventId;
use sim_core::kernel::table::Table;
use sim_core::kernel::time::SimTime;
use sim_core::store::{Store, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// With more pods than this, none is shown by itself.
pub const CROWD: usize = 3_000;

/// What of a moment the cluster itself doesn't know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around {
    /// How far the run was ever played.
    pub horizon: SimTime,
    /// When the next thing happens by itself, if anything does.
    pub next: Option<SimTime>,
}

/// Something that is drawn.
#[derive(Clone, PartialEq, Debug)]
enum Drawn {
    Node(NodeFrame),
    Pod(PodFrame),
    Owner(OwnerFrame),
    Service(ServiceFrame),
    Ingress(IngressFrame),
}

/// What was shown last. Cloning it costs a pointer for each thing that is shown: a branch of time takes its own.
#[derive(Clone, Default, Debug)]
pub struct View {
    /// The last change that was seen: history must still have it, else another history is looked at.
    seen: Option<(u64, SimTime, EventId)>,
    crowd: bool,
    drawn: BTreeMap<ObjectId, Arc<Drawn>>,
    pods: Table<PodFacts>,
    counts: Counts,
    /// By the names of nodes; pods without a node are under the empty name.
    tallies: BTreeMap<Str, Tally>,
    machines: BTreeMap<u32, MachineFacts>,
    nodes_ready: u32,
    /// The slices of each Service, by its namespace and name.
    slices: BTreeMap<(Str, Str), BTreeSet<u32>>,
}

impl View {
    /// The whole cluster; what was shown before is forgotten. For another branch of time, or another page.
    pub fn whole(&mut self, cluster: &Cluster, around: Around) -> Frame {
        let store = cluster.store();
        *self = View { crowd: store.count(Kind::Pod) > CROWD, ..View::default() };
        let mut dirty = BTreeSet::new();
        for kind in Kind::ALL.iter().copied().filter(|kind| is_followed(*kind)) {
            for (object_id, object) in store.list(kind, None) {
                self.take(store, object_id, None, Some(object), &mut dirty);
            }
        }
        self.finish(cluster, around, dirty, true)
    }

    /// What is new since the frame before: the whole if the moment lies before that, or if history doesn't reach back so far.
    pub fn update(&mut self, cluster: &Cluster, around: Around) -> Frame {
        let store = cluster.store();
        let is_same_history =
            |(revision, at, event): (u64, SimTime, EventId)| store.change(revision).is_some_and(|c| (c.at, c.event) == (at, event));
        let seen = self.seen.filter(|seen| is_same_history(*seen) && self.crowd == (store.count(Kind::Pod) > CROWD));
        let changes = seen.and_then(|(revision, ..)| store.changes_since(revision).ok());
        let Some(changes) = changes else { return self.whole(cluster, around) };
        let mut dirty = BTreeSet::new();
        for change in changes.filter(|change| is_followed(change.id.kind)) {
            let now = (change.verb != Verb::Deleted).then_some(&change.object);
            self.take(store, change.id, change.old.as_ref(), now, &mut dirty);
        }
        self.finish(cluster, around, dirty, false)
    }

    /// Takes a change in: sums, and what belongs to what. Everything that may look different now goes to `dirty`.
    fn take(&mut self, store: &Store, object_id: ObjectId, old: Option<&Object>, now: Option<&Object>, dirty: &mut BTreeSet<ObjectId>) {
        match object_id.kind {
            Kind::Pod => {
                let facts = now.and_then(Object::as_pod).map(|pod| PodFacts::of(pod));
                self.count(object_id.number, facts, dirty);
                if self.crowd {
                    return;
                }
                // Endpoints name their pod as long as there is one.
                if let (Some(old), None) = (old, now) {
                    let of_namespace = (old.meta().namespace.clone(), Str::EMPTY);
                    let services = self.slices.range(of_namespace..).take_while(|((namespace, _), _)| *namespace == old.meta().namespace);
                    dirty.extend(services.filter_map(|((namespace, name), _)| store.find(Kind::Service, namespace, name)));
                }
            }
            Kind::EndpointSlice => {
                for (object, is_there) in [(old, false), (now, true)] {
                    let Some(service) = object.and_then(service_of) else { continue };
                    dirty.extend(store.find(Kind::Service, &service.0, &service.1));
                    let slices = self.slices.entry(service).or_default();
                    if is_there {
                        slices.insert(object_id.number)
                    } else {
                        slices.remove(&object_id.number)
                    };
                }
                return;
            }
            Kind::Node => {
                if let Some(object) = now.or(old) {
                    let tally = self.tallies.entry(object.meta().name.clone()).or_default();
                    tally.node = now.map(|_| object_id.number);
                }
            }
            kind if owner::is_owner(kind) && now.is_none() => {
                let gone = id(object_id);
                let is_of_it = |drawn: &Drawn| matches!(drawn, Drawn::Pod(PodFrame { owner, .. }) | Drawn::Owner(OwnerFrame { owner, .. }) if *owner == gone);
                dirty.extend(self.drawn.iter().filter(|(_, drawn)| is_of_it(drawn)).map(|(dependent, _)| *dependent));
            }
            _ => {}
        }
        dirty.insert(object_id);
    }

    /// Counts a pod as it is now instead of as it was.
    fn count(&mut self, number: u32, now: Option<PodFacts>, dirty: &mut BTreeSet<ObjectId>) {
        let old = match &now {
            Some(facts) => self.pods.insert(number, facts.clone()),
            None => self.pods.remove(number),
        };
        if old == now {
            return;
        }
        for (facts, sign) in [(old, -1), (now, 1)] {
            let Some(facts) = facts else { continue };
            let tally = self.tallies.entry(facts.node.clone()).or_default();
            for counts in [&mut self.counts, &mut tally.counts] {
                let count = counts.of(facts.state);
                *count = count.saturating_add_signed(sign);
            }
            let (sum, part, sign) = (&mut tally.requested, facts.requested, i64::from(sign));
            sum.milli_cpu += sign * part.milli_cpu;
            sum.memory += sign * part.memory;
            sum.pods += sign * part.pods;
            dirty.extend(tally.node.map(|number| ObjectId { kind: Kind::Node, number }));
        }
    }

    /// Draws what may look different, and tells of what does.
    fn finish(&mut self, cluster: &Cluster, around: Around, mut dirty: BTreeSet<ObjectId>, whole: bool) -> Frame {
        let store = cluster.store();
        for (number, known) in &mut self.machines {
            let facts = MachineFacts::of(cluster, *number);
            if facts != *known {
                *known = facts;
                dirty.insert(ObjectId { kind: Kind::Node, number: *number });
            }
        }
        let revision = store.revision();
        self.seen = store.change(revision).map(|change| (revision, change.at, change.event));
        let mut frame = Frame {
            at: cluster.now().as_nanos(),
            epoch: u64::try_from(cluster.epoch().unix_secs).unwrap_or(0),
            horizon: around.horizon.max(cluster.now()).as_nanos(),
            next: around.next.map(SimTime::as_nanos),
            revision,
            handled: cluster.handled(),
            whole,
            crowd: self.crowd,
            nodes: Vec::new(),
            pods: Vec::new(),
            owners: Vec::new(),
            services: Vec::new(),
            ingresses: Vec::new(),
            gone: Vec::new(),
            totals: Totals::default(),
        };
        for object_id in dirty {
            match self.draw(cluster, object_id) {
                Some(drawn) => {
                    if self.drawn.get(&object_id).is_some_and(|known| **known == drawn) {
                        continue;
                    }
                    self.note_node(object_id, Some(&drawn));
                    self.drawn.insert(object_id, Arc::new(drawn.clone()));
                    match drawn {
                        Drawn::Node(node) => frame.nodes.push(node),
                        Drawn::Pod(pod) => frame.pods.push(pod),
                        Drawn::Owner(owner) => frame.owners.push(owner),
                        Drawn::Service(service) => frame.services.push(service),
                        Drawn::Ingress(ingress) => frame.ingresses.push(ingress),
                    }
                }
                None if self.drawn.contains_key(&object_id) => {
                    self.note_node(object_id, None);
                    self.drawn.remove(&object_id);
                    frame.gone.push(id(object_id));
                }
                None => {}
            }
        }
        frame.totals = Totals {
            nodes: super::count(store.count(Kind::Node) as i64),
            nodes_ready: self.nodes_ready,
            pods: super::count(store.count(Kind::Pod) as i64),
            counts: self.counts,
            namespaces: store.list(Kind::Namespace, None).map(|(_, namespace)| namespace.meta().name.to_string()).collect(),
        };
        frame
    }

    /// An object as it looks now; `None` if it is gone, or isn't shown.
    fn draw(&mut self, cluster: &Cluster, object_id: ObjectId) -> Option<Drawn> {
        let store = cluster.store();
        let object = store.get(object_id)?;
        Some(match object {
            Object::Node(node) => {
                let machine = *self.machines.entry(object_id.number).or_insert_with(|| MachineFacts::of(cluster, object_id.number));
                let tally = self.tallies.get(&node.meta.name).cloned().unwrap_or_default();
                Drawn::Node(node::frame(object_id, node, machine, &tally))
            }
            Object::Pod(pod) => Drawn::Pod(pod::frame(store, object_id, pod)),
            Object::Service(service) => {
                let name = (service.meta.namespace.clone(), service.meta.name.clone());
                let slices = self.slices.get(&name).filter(|_| !self.crowd).into_iter().flatten().copied();
                Drawn::Service(service::frame(store, object_id, service, slices))
            }
            Object::Record(record) if record.kind == Kind::Ingress => Drawn::Ingress(service::ingress(object_id, record)),
            _ => Drawn::Owner(owner::frame(store, object_id, object)?),
        })
    }

    /// Keeps count of the nodes that are ready.
    fn note_node(&mut self, object_id: ObjectId, now: Option<&Drawn>) {
        let is_ready = |drawn: Option<&Drawn>| u32::from(matches!(drawn, Some(Drawn::Node(node)) if node.ready));
        self.nodes_ready = self.nodes_ready + is_ready(now) - is_ready(self.drawn.get(&object_id).map(Arc::as_ref));
        if object_id.kind == Kind::Node && now.is_none() {
            self.machines.remove(&object_id.number);
        }
    }
}

/// Whether something is drawn of objects of this kind.
pub(crate) fn is_followed(kind: Kind) -> bool {
    matches!(kind, Kind::Node | Kind::Pod | Kind::Service | Kind::EndpointSlice | Kind::Ingress) || owner::is_owner(kind)
}

/// The Service that a slice belongs to.
fn service_of(slice: &Object) -> Option<(Str, Str)> {
    let meta = slice.meta();
    Some((meta.namespace.clone(), meta.labels.get(SERVICE_NAME)?.clone()))
}
