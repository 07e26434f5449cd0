//! Finding a node: filter until enough are feasible, score those, pick one of the best.
//! Mirrors `pkg/scheduler/schedule_one.go` (`findNodesThatFitPod`, `prioritizeNodes`, `selectHost`), v1.36.
//!
//! Replicas ask the same of a node, and placing one changes one node. So what the plugins say of each node is kept per kind of pod
//! (a `Profile`) and brought up to date node by node, instead of being worked out anew for each pod.

use super::cache::Cache;
use super::plugins::node_resources_fit::{self, PodRequests};
use super::plugins::topology_spread::{self, Constraint, Constraints, HOSTNAME, Hard, NO_DOMAIN, Siblings, Soft};
use super::plugins::{
    Rejection, add_normalized, balanced_allocation, default_selector, node_affinity, node_name, node_unschedulable, node_volume_limits,
    taint_toleration, volume_binding, volume_restrictions, volume_zone, weight,
};
use super::pod_counts::PodCounts;
use super::refusals::Refusals;
use super::volumes::PodVolumes;
use crate::api::meta::{Str, StrMap, Uid};
use crate::api::node::Node;
use crate::api::node_affinity::NodeAffinity;
use crate::api::object::ObjectId;
use crate::api::pod::{Pod, PodSpec};
use crate::api::selector::Selector;
use crate::api::service::Service;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::table::{Index, Table};
use std::sync::Arc;

/// How many profiles are kept. More Deployments than this that take turns cost a full evaluation per pod.
const PROFILES: usize = 64;
/// In clusters smaller than this all nodes are looked at (`minFeasibleNodesToFind`).
const FEASIBLE_MIN: usize = 100;
/// Of large clusters at least this part, in percent (`minFeasibleNodesPercentageToFind`).
const FEASIBLE_PERCENT_MIN: usize = 5;

/// Where a pod takes up room.
#[derive(Clone, Debug)]
struct Placed {
    slot: u32,
    /// Its labels, as they are counted; none once it is being deleted.
    set: Option<u32>,
    requests: Arc<PodRequests>,
}

/// What all replicas of a template have in common, and what each node is worth to them.
#[derive(Clone, Debug)]
struct Profile {
    spec: Arc<PodSpec>,
    namespace: Str,
    labels: StrMap,
    owner: u128,
    /// Services that the spreading of this profile was made from.
    siblings_epoch: u64,
    set: u32,
    requests: Arc<PodRequests>,
    affinity: Arc<NodeAffinity>,
    constraints: Arc<Constraints>,
    /// The groups that the hard constraints count, then those of the soft ones.
    groups: Arc<Vec<u32>>,
    /// By position: the node's score by the plugins that need no normalizing, or its rejection.
    cells: Arc<Vec<i32>>,
    /// The state of the cache that the cells are of.
    epoch: u64,
    changes: u64,
}

/// The nodes, the pods on them, and what the plugins make of both.
#[derive(Clone, Debug, Default)]
pub struct Framework {
    cache: Cache,
    counts: PodCounts,
    placed: Table<Placed>,
    /// The most recently used last.
    profiles: Vec<Profile>,
    services: Index<(Str, u32), StrMap>,
    /// The selectors of ReplicaSets and StatefulSets by their UIDs.
    owners: Index<u128, Arc<Selector>>,
    /// Changes when a Service or a ReplicaSet does.
    siblings_epoch: u64,
    /// Where the next search begins, so that all nodes get their turn.
    next_start: usize,
}

impl Framework {
    /// A node is new or has changed. Returns whether a pod might fit now that didn't before.
    pub fn set_node(&mut self, node: &Arc<Node>) -> bool {
        let Some(old) = self.cache.set_node(node) else { return true };
        old.meta.labels != node.meta.labels
            || old.taints != node.taints
            || old.unschedulable != node.unschedulable
            || old.status.allocatable != node.status.allocatable
    }

    /// A node is gone.
    pub fn remove_node(&mut self, name: &str) {
        self.cache.remove_node(name);
    }

    /// A Service is new, has changed, or (`None`) is gone.
    pub fn set_service(&mut self, id: ObjectId, namespace: &Str, service: Option<&Service>) {
        let key = (namespace.clone(), id.number);
        let old = match service {
            Some(service) => self.services.insert(key, service.selector.clone()),
            None => self.services.remove(&key),
        };
        if old.as_ref() != service.map(|service| &service.selector) {
            self.siblings_epoch += 1;
        }
    }

    /// A ReplicaSet or StatefulSet is new, or is gone. Its selector can't change.
    pub fn set_owner(&mut self, Uid(uid): Uid, selector: &Selector, exists: bool) {
        if !exists {
            self.owners.remove(&uid);
        } else if self.owners.get(&uid).is_none() {
            self.owners.insert(uid, Arc::new(selector.clone()));
            self.siblings_epoch += 1;
        }
    }

    /// A pod takes up room on a node: it is bound there, or is about to be.
    pub fn place(&mut self, number: u32, pod: &Pod, node: &Str) {
        let slot = self.cache.slot(node);
        match self.placed.get(number) {
            Some(Placed { slot: at, set: Some(set), .. }) if *at == slot && self.counts.labels(*set).same(&pod.meta.labels) => return,
            Some(_) => drop(self.displace(number)),
            None => {}
        }
        let profile = self.profiles.iter().rev().find(|profile| profile.is_of(pod));
        let (set, requests) = match profile {
            Some(profile) => (profile.set, profile.requests.clone()),
            None => (self.counts.set(&pod.meta.namespace, &pod.meta.labels), Arc::new(PodRequests::of(&pod.spec))),
        };
        self.cache.add_pod(slot, &requests);
        self.counts.add(set, slot, &self.cache);
        self.placed.insert(number, Placed { slot, set: Some(set), requests });
    }

    /// A pod gives its room back. Returns whether it had any.
    pub fn displace(&mut self, number: u32) -> bool {
        let Some(Placed { slot, set, requests }) = self.placed.remove(number) else { return false };
        self.cache.remove_pod(slot, &requests);
        set.into_iter().for_each(|set| self.counts.remove(set, slot, &self.cache));
        true
    }

    /// A pod is being deleted: it keeps its room until it is gone, but counts no longer where replicas are spread
    /// (`plugins/podtopologyspread/common.go`, countPodsMatchSelector).
    pub fn retire(&mut self, number: u32) {
        if let Some(placed) = self.placed.get_mut(number)
            && let Some(set) = placed.set.take()
        {
            self.counts.remove(set, placed.slot, &self.cache);
        }
    }

    /// Whether the plugins that look at one node only would let the pod onto this node.
    pub fn admits(&mut self, pod: &Pod, node: &str) -> bool {
        if !pod.target.is_empty() && pod.target != node {
            return false;
        }
        self.cache.refresh();
        let Some(position) = self.cache.position_of(node) else { return false };
        let profile = self.profile(pod);
        self.profiles[profile].evaluate(&self.cache, position) >= 0
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Option<&Arc<Node>> {
        self.cache.node(name)
    }

    /// How many nodes there are.
    pub fn nodes(&mut self) -> usize {
        self.cache.refresh();
        self.cache.len()
    }

    /// The best node for a pod, by name. `volumes` are those that it needs, if any.
    ///
    /// # Errors
    /// Why no node will do.
    pub fn find(&mut self, seed: u64, pod: &Pod, volumes: Option<&PodVolumes<'_>>) -> Result<Str, Refusals> {
        self.cache.refresh();
        let number = self.profile(pod);
        self.catch_up(number);
        let hard = self.hard(number);
        let profile = &self.profiles[number];
        let nodes = self.cache.len();
        let has_volumes = |position: u32| volumes.is_none_or(|volumes| filter_volumes(volumes, self.cache.at(position).1).is_none());
        let fits =
            |position: u32| profile.cells[position as usize] >= 0 && has_volumes(position) && hard.filter(position as usize).is_none();
        let named = profile.only_nodes(pod);
        let mut feasible: Vec<u32> = Vec::new();
        match &named {
            Some(names) => {
                let mut positions: Vec<u32> = names.iter().filter_map(|name| self.cache.position_of(name)).collect();
                positions.sort_unstable();
                positions.dedup();
                feasible.extend(positions.into_iter().filter(|position| fits(*position)));
            }
            None => {
                let wanted = feasible_to_find(nodes);
                feasible.reserve(wanted);
                let mut looked_at = nodes;
                for turn in 0..nodes {
                    let position = (self.next_start + turn) % nodes;
                    if fits(position as u32) {
                        feasible.push(position as u32);
                        if feasible.len() == wanted {
                            looked_at = turn + 1;
                            break;
                        }
                    }
                }
                self.next_start = if nodes == 0 { 0 } else { (self.next_start + looked_at) % nodes };
            }
        }
        let place = match feasible.as_slice() {
            [] => return Err(self.refusals(number, pod, &hard, volumes)),
            [only] => *only,
            _ => self.best(seed, pod, number, &feasible),
        };
        Ok(self.cache.at(place).1.meta.name.clone())
    }

    /// Scores the feasible nodes and picks one of the best by a draw that belongs to the pod.
    fn best(&mut self, seed: u64, pod: &Pod, number: usize, feasible: &[u32]) -> u32 {
        let soft = self.soft(number);
        let profile = &self.profiles[number];
        let mut totals: Vec<u32> = feasible.iter().map(|position| profile.cells[*position as usize] as u32).collect();
        if self.cache.softly_tainted() > 0 {
            let raw = feasible.iter().map(|p| taint_toleration::score(&profile.spec.tolerations, &self.cache.at(*p).1.taints));
            add_normalized(raw, &mut totals, weight::TAINT_TOLERATION, true);
        }
        if profile.affinity.has_preferences() {
            let raw = feasible.iter().map(|p| profile.affinity.score(self.cache.at(*p).1));
            add_normalized(raw, &mut totals, weight::NODE_AFFINITY, false);
        }
        if !soft.is_empty() {
            let mut raw = Vec::with_capacity(feasible.len());
            soft.raw(feasible, &mut raw);
            topology_spread::add_scores(&raw, &mut totals, weight::TOPOLOGY_SPREAD);
        }
        let highest = totals.iter().copied().max().unwrap_or(0);
        let ties = totals.iter().filter(|total| **total == highest).count() as u64;
        let chosen = draw(seed, Stream::NodeChoice, pod.meta.uid.0).below(ties) as usize;
        let mut best = feasible.iter().zip(&totals).filter(|(_, total)| **total == highest).map(|(position, _)| *position);
        best.nth(chosen).expect("one of the totals is the highest")
    }

    /// Why each node won't do.
    fn refusals(&self, number: usize, pod: &Pod, hard: &Hard, volumes: Option<&PodVolumes<'_>>) -> Refusals {
        let profile = &self.profiles[number];
        let mut refusals = Refusals::new(self.cache.len());
        let positions = profile.only_nodes(pod).map(|names| names.iter().filter_map(|n| self.cache.position_of(n)).collect::<Vec<_>>());
        for position in 0..self.cache.len() as u32 {
            if positions.as_ref().is_some_and(|some| !some.contains(&position)) {
                // Nodes that a plugin ruled out in advance are counted under its name by the real scheduler when others were looked
                // at; NodeAffinity's own words say the same.
                refusals.add(Rejection::AFFINITY);
                continue;
            }
            let rejection = [
                Rejection::from_cell(profile.cells[position as usize]),
                volumes.map_or(Rejection::NONE, |volumes| filter_volumes(volumes, self.cache.at(position).1)),
            ];
            let first = rejection.into_iter().find(|rejection| !rejection.is_none());
            refusals.add(first.unwrap_or_else(|| hard.filter(position as usize)));
        }
        refusals
    }

    /// The number of the pod's profile, made if there is none. It stays valid until the next call.
    fn profile(&mut self, pod: &Pod) -> usize {
        if let Some(found) = self.profiles.iter().rposition(|profile| profile.is_of(pod)) {
            let last = self.profiles.len() - 1;
            self.profiles[found..].rotate_left(1);
            if self.profiles[last].siblings_epoch != self.siblings_epoch {
                self.spread(last);
            }
            return last;
        }
        if self.profiles.len() >= PROFILES {
            self.profiles.remove(0);
        }
        let of_spec = NodeAffinity::of(&pod.spec);
        self.profiles.push(Profile {
            spec: pod.spec.clone(),
            namespace: pod.meta.namespace.clone(),
            labels: pod.meta.labels.clone(),
            owner: pod.meta.controller().map_or(0, |owner| owner.uid.0),
            siblings_epoch: self.siblings_epoch,
            set: self.counts.set(&pod.meta.namespace, &pod.meta.labels),
            requests: Arc::new(PodRequests::of(&pod.spec)),
            affinity: Arc::new(if pod.target.is_empty() { of_spec } else { of_spec.for_one_node() }),
            constraints: Arc::default(),
            groups: Arc::default(),
            cells: Arc::default(),
            epoch: u64::MAX,
            changes: 0,
        });
        let last = self.profiles.len() - 1;
        self.spread(last);
        last
    }

    /// Works out how the pods of a profile are to be spread: by their own constraints, or by the cluster's defaults.
    fn spread(&mut self, number: usize) {
        let profile = &self.profiles[number];
        let constraints = Constraints::of(&profile.spec.tree, &profile.labels).unwrap_or_else(|| {
            let from = (profile.namespace.clone(), 0);
            let services = self.services.from(&from).take_while(|((namespace, _), _)| *namespace == profile.namespace).map(|(_, s)| s);
            let owner = self.owners.get(&profile.owner).map(|selector| &**selector);
            match default_selector::default_selector(&profile.labels, services, owner) {
                Some(selector) => Constraints::system_default(&selector),
                None => Constraints::default(),
            }
        });
        let all = constraints.hard.iter().chain(&constraints.soft);
        let groups: Vec<u32> = all.map(|constraint| self.counts.group(&profile.namespace, &constraint.selector)).collect();
        let profile = &mut self.profiles[number];
        profile.constraints = Arc::new(constraints);
        profile.groups = Arc::new(groups);
        profile.siblings_epoch = self.siblings_epoch;
    }

    /// Brings a profile's cells up to date: those of the nodes that changed since the last time, or all.
    fn catch_up(&mut self, number: usize) {
        let (epoch, changes) = (self.cache.epoch(), self.cache.changes());
        let profile = &mut self.profiles[number];
        let changed = if profile.epoch == epoch { self.cache.changed_since(profile.changes) } else { None };
        match changed {
            Some(positions) => {
                for position in positions {
                    let cell = profile.evaluate(&self.cache, position);
                    if profile.cells[position as usize] != cell {
                        Arc::make_mut(&mut profile.cells)[position as usize] = cell;
                    }
                }
            }
            None => profile.cells = Arc::new((0..self.cache.len() as u32).map(|p| profile.evaluate(&self.cache, p)).collect()),
        }
        (profile.epoch, profile.changes) = (epoch, changes);
    }

    fn hard(&mut self, number: usize) -> Hard {
        let constraints = self.profiles[number].constraints.clone();
        let mut hard = Hard::default();
        for (at, constraint) in constraints.hard.iter().enumerate() {
            let profile = &self.profiles[number];
            let (group, set) = (profile.groups[at], profile.set);
            let own = self.counts.contains(group, set);
            let counting = self.counting(number, constraint, &constraints.hard, true);
            let siblings = self.siblings(constraint, group, counting.as_deref(), false);
            hard.add(constraint, siblings, |position| counting.as_ref().is_none_or(|counting| counting[position]), own);
        }
        hard
    }

    fn soft(&mut self, number: usize) -> Soft {
        let constraints = self.profiles[number].constraints.clone();
        let mut soft = Soft::new(constraints.require_all);
        for (at, constraint) in constraints.soft.iter().enumerate() {
            let group = self.profiles[number].groups[constraints.hard.len() + at];
            let counting = self.counting(number, constraint, &constraints.soft, constraints.require_all);
            let siblings = self.siblings(constraint, group, counting.as_deref(), true);
            soft.add(constraint, siblings);
        }
        soft
    }

    /// Which nodes' pods count for a constraint; `None`: all nodes'.
    fn counting(&mut self, number: usize, constraint: &Constraint, all: &[Constraint], require_all: bool) -> Option<Vec<bool>> {
        let topologies: Vec<usize> = all.iter().map(|constraint| self.cache.topology(&constraint.key)).collect();
        let profile = &self.profiles[number];
        let by_affinity = constraint.honor_affinity && profile.affinity.is_restrictive();
        let by_label = require_all && topologies.iter().any(|t| self.cache.topologies()[*t].domains.contains(&NO_DOMAIN));
        if !by_affinity && !constraint.honor_taints && !by_label {
            return None;
        }
        let counts = |position: u32| {
            let node = self.cache.at(position).1;
            (!by_affinity || profile.affinity.matches(node))
                && (!constraint.honor_taints || taint_toleration::filter(&profile.spec.tolerations, &node.taints).is_none())
                && (!by_label || topologies.iter().all(|t| self.cache.topologies()[*t].domains[position as usize] != NO_DOMAIN))
        };
        Some((0..self.cache.len() as u32).map(counts).collect())
    }

    /// How many siblings there are. Scores by host name read the nodes' own counts: they can do without those of the domains.
    fn siblings(&mut self, constraint: &Constraint, group: u32, counting: Option<&[bool]>, scoring: bool) -> Siblings {
        let topology = self.cache.topology(&constraint.key);
        let by_node = scoring && constraint.key == HOSTNAME;
        let counts = self.counts.counts(group, if by_node { &[] } else { std::slice::from_ref(&topology) }, &self.cache);
        let row = &self.cache.topologies()[topology];
        let in_domain = match counting {
            _ if by_node => Vec::new(),
            None => counts.in_domain(topology).to_vec(),
            Some(counting) => {
                let mut in_domain = vec![0; row.size as usize];
                let rows = row.domains.iter().zip(counts.on_node.iter()).zip(counting);
                for ((domain, n), _) in rows.filter(|((domain, _), counts)| **counts && **domain != NO_DOMAIN) {
                    in_domain[*domain as usize] += n;
                }
                in_domain
            }
        };
        Siblings { domains: row.domains.clone(), on_node: counts.on_node.clone(), in_domain }
    }
}

impl Profile {
    /// The names of the only nodes that a pod can go to, if there are such: it was made for one, or its affinity names some.
    fn only_nodes<'a>(&'a self, pod: &'a Pod) -> Option<Vec<&'a str>> {
        if pod.target.is_empty() { self.affinity.names() } else { Some(vec![pod.target.as_str()]) }
    }

    fn is_of(&self, pod: &Pod) -> bool {
        Arc::ptr_eq(&self.spec, &pod.spec)
            && self.namespace == pod.meta.namespace
            && self.owner == pod.meta.controller().map_or(0, |owner| owner.uid.0)
            && (self.labels.same(&pod.meta.labels) || self.labels == pod.meta.labels)
    }

    /// The filters in their order; if all pass, the scores that don't depend on other nodes.
    fn evaluate(&self, cache: &Cache, position: u32) -> i32 {
        let (info, node) = cache.at(position);
        let spec = &self.spec;
        let allocatable = &node.status.allocatable;
        let rejection = [
            node_unschedulable::filter(&spec.tolerations, node),
            node_name::filter(&spec.node_name, node),
            taint_toleration::filter(&spec.tolerations, &node.taints),
            node_affinity::filter(&self.affinity, node),
            node_resources_fit::filter(self.requests.needed, info.requested, info.pods, allocatable),
        ]
        .into_iter()
        .find(|rejection| !rejection.is_none());
        if let Some(rejection) = rejection {
            return rejection.to_cell();
        }
        let pair = |r: crate::api::pod::Resources| [r.milli_cpu, r.memory];
        let room = pair(allocatable.resources);
        let counted = info.counted.plus(self.requests.counted);
        let mut score = node_resources_fit::least_allocated(pair(counted), room);
        if self.requests.needed.milli_cpu > 0 || self.requests.needed.memory > 0 {
            let with = info.requested.plus(self.requests.needed);
            score += balanced_allocation::score(pair(with), pair(info.requested), room);
        }
        score as i32
    }
}

/// The filters that look at a pod's volumes, in their order.
fn filter_volumes(volumes: &PodVolumes<'_>, node: &Node) -> Rejection {
    let filters = [
        |volumes: &PodVolumes<'_>, _: &Node| volume_restrictions::filter(volumes),
        node_volume_limits::filter,
        volume_binding::filter,
        volume_zone::filter,
    ];
    filters.into_iter().map(|filter| filter(volumes, node)).find(|rejection| !rejection.is_none()).unwrap_or(Rejection::NONE)
}

/// How many feasible nodes are enough (`numFeasibleNodesToFind`): all of a small cluster, a shrinking part of a large one.
///
/// Worked example: of 1,000 nodes, 50 − 1,000 / 125 = 42 percent.
fn feasible_to_find(nodes: usize) -> usize {
    if nodes < FEASIBLE_MIN {
        return nodes;
    }
    let percent = 50usize.saturating_sub(nodes / 125).max(FEASIBLE_PERCENT_MIN);
    (nodes * percent / 100).max(FEASIBLE_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::tests::{node, pod};

    #[test]
    fn large_clusters_are_sampled() {
        for (nodes, enough) in [(0, 0), (99, 99), (100, 100), (250, 120), (1_000, 420), (5_000, 500), (6_000, 300)] {
            assert_eq!(feasible_to_find(nodes), enough, "{nodes}");
        }
    }

    #[test]
    fn replicas_spread_over_nodes_and_zones() {
        let mut framework = Framework::default();
        for (name, zone) in [("a", "1"), ("b", "1"), ("c", "2")] {
            framework.set_node(&Arc::new(node(name, &[("topology.kubernetes.io/zone", zone), (HOSTNAME, name)])));
        }
        framework.set_service(
            ObjectId { kind: crate::api::object::Kind::Service, number: 0 },
            &"default".into(),
            Some(&crate::scheduler::tests::service("app", "web")),
        );
        let mut nodes = Vec::new();
        let template = pod("web", 0);
        for number in 0..6 {
            let pod = Pod { meta: crate::scheduler::tests::named(&template, number), ..template.clone() };
            let name = framework.find(1, &pod, None).expect("there is room");
            framework.place(number, &pod, &name);
            nodes.push(name.to_string());
        }
        let first: Vec<&str> = nodes[..2].iter().map(String::as_str).collect();
        assert!(first.contains(&"c"), "the first two pods go to different zones: {nodes:?}");
        nodes.sort();
        assert_eq!(nodes, ["a", "a", "b", "b", "c", "c"], "no node gets three while another has one");
    }

    #[test]
    fn kept_scores_follow_the_nodes() {
        let mut framework = Framework::default();
        framework.set_node(&Arc::new(node("a", &[])));
        framework.set_node(&Arc::new(node("b", &[])));
        let template = pod("web", 1_000);
        let full = |number| Pod { meta: crate::scheduler::tests::named(&template, number), ..template.clone() };
        // Nodes have 4 CPUs: eight pods of one CPU fill both, evenly.
        for number in 0..8 {
            let pod = full(number);
            let name = framework.find(7, &pod, None).expect("there is room");
            framework.place(number, &pod, &name);
        }
        let message = framework.find(7, &full(8), None).expect_err("all is full").message();
        assert!(message.starts_with("0/2 nodes are available: 2 Insufficient cpu. "), "{message}");
        assert!(framework.displace(3) && !framework.displace(3));
        assert!(framework.find(7, &full(8), None).is_ok());
    }
}
