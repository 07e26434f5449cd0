//! What the scheduler believes of nodes: their room, and the order in which it looks at them.
//! Mirrors `pkg/scheduler/backend/cache/{cache,node_tree,snapshot}.go`, v1.36.
//!
//! Plugins see a node as its position in the list. Positions change when nodes come, go or change their labels: then the epoch
//! changes, and everything that was computed by position is computed anew. Other changes are logged, so that tables of scores
//! can catch up with a few nodes instead of all.

use super::plugins::topology_spread::{NO_DOMAIN, ZONE};
use crate::api::meta::Str;
use crate::api::node::Node;
use crate::api::pod::{Resources, TaintEffect};
use crate::kernel::table::{Index, Table};
use crate::scheduler::plugins::node_resources_fit::PodRequests;
use std::collections::VecDeque;
use std::sync::Arc;

/// The position of a node that isn't in the list.
pub const NOWHERE: u32 = u32::MAX;

/// A node with what is requested of it. A deleted node stays as long as pods are on it.
#[derive(Clone, Debug, Default)]
pub struct NodeInfo {
    /// The node, unless it is gone or not known yet.
    pub node: Option<Arc<Node>>,
    /// What its pods need, assumed ones among them.
    pub requested: Resources,
    /// What they count for scoring.
    pub counted: Resources,
    /// How many they are.
    pub pods: i64,
}

/// The domains of one topology label.
#[derive(Clone, Debug)]
pub struct Topology {
    key: Str,
    epoch: u64,
    /// The domain of each position; [`NO_DOMAIN`] without the label.
    pub domains: Arc<Vec<u32>>,
    /// How many there are.
    pub size: u32,
}

/// All nodes. Cloning it is cheap.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    nodes: Table<NodeInfo>,
    slots: Index<Str, u32>,
    next_slot: u32,
    /// Slots in the order in which nodes were added.
    added: Arc<Vec<u32>>,
    /// Slots by position.
    order: Arc<Vec<u32>>,
    /// Positions by slot.
    positions: Arc<Vec<u32>>,
    stale: bool,
    epoch: u64,
    /// Positions that changed lately, and the number of the change after the last.
    changed: VecDeque<u32>,
    changes: u64,
    topologies: Vec<Topology>,
    /// How many nodes have a taint that pods rather avoid.
    softly_tainted: u32,
}

fn is_softly_tainted(node: &Node) -> bool {
    node.taints.iter().any(|taint| taint.effect == TaintEffect::PreferNoSchedule)
}

impl Cache {
    /// The slot of a node of this name: made up if it isn't known.
    pub fn slot(&mut self, name: &Str) -> u32 {
        if let Some(slot) = self.slots.get(name.as_str()) {
            return *slot;
        }
        let slot = self.next_slot;
        self.next_slot += 1;
        self.slots.insert(name.clone(), slot);
        self.nodes.insert(slot, NodeInfo::default());
        slot
    }

    /// A node is new or has changed. Returns what it was before.
    pub fn set_node(&mut self, node: &Arc<Node>) -> Option<Arc<Node>> {
        let slot = self.slot(&node.meta.name);
        let info = self.nodes.get_mut(slot).expect("a slot has a row");
        let old = info.node.replace(node.clone());
        self.softly_tainted += u32::from(is_softly_tainted(node));
        self.softly_tainted -= u32::from(old.as_deref().is_some_and(is_softly_tainted));
        match &old {
            None => {
                Arc::make_mut(&mut self.added).push(slot);
                self.stale = true;
            }
            Some(old) if old.meta.labels != node.meta.labels => self.stale = true,
            // Most changes are of conditions, which the scheduler doesn't read.
            Some(old)
                if old.taints == node.taints
                    && old.unschedulable == node.unschedulable
                    && old.status.allocatable == node.status.allocatable => {}
            Some(_) => self.log(slot),
        }
        old
    }

    /// A node is gone.
    pub fn remove_node(&mut self, name: &str) {
        let Some(slot) = self.slots.get(name).copied() else { return };
        if let Some(info) = self.nodes.get_mut(slot)
            && let Some(node) = info.node.take()
        {
            self.softly_tainted -= u32::from(is_softly_tainted(&node));
            Arc::make_mut(&mut self.added).retain(|s| *s != slot);
            self.stale = true;
        }
        self.forget_if_unused(slot, name);
    }

    fn forget_if_unused(&mut self, slot: u32, name: &str) {
        if self.nodes.get(slot).is_some_and(|info| info.node.is_none() && info.pods == 0) {
            self.nodes.remove(slot);
            self.slots.remove(name);
        }
    }

    /// A pod takes up room on a node.
    pub fn add_pod(&mut self, slot: u32, requests: &PodRequests) {
        self.count_pod(slot, |info| {
            info.requested = info.requested.plus(requests.needed);
            info.counted = info.counted.plus(requests.counted);
            info.pods += 1;
        });
    }

    /// A pod gives its room back.
    pub fn remove_pod(&mut self, slot: u32, requests: &PodRequests) {
        self.count_pod(slot, |info| {
            info.requested = info.requested.minus(requests.needed);
            info.counted = info.counted.minus(requests.counted);
            info.pods -= 1;
        });
    }

    fn count_pod(&mut self, slot: u32, count: impl FnOnce(&mut NodeInfo)) {
        if let Some(info) = self.nodes.get_mut(slot) {
            count(info);
            assert!(info.pods >= 0, "a node gives back only what was taken");
            self.log(slot);
        }
    }

    fn log(&mut self, slot: u32) {
        let position = self.position(slot);
        // A new epoch is coming if the list is stale.
        if position == NOWHERE || self.stale {
            return;
        }
        self.changed.push_back(position);
        self.changes += 1;
        if self.changed.len() > self.order.len().max(64) {
            self.changed.pop_front();
        }
    }

    /// Brings the list of nodes up to date. To be called before anything is read by position.
    pub fn refresh(&mut self) {
        if !self.stale {
            return;
        }
        self.stale = false;
        self.epoch += 1;
        self.changed.clear();
        self.order = Arc::new(self.zones_in_turn());
        let mut positions = vec![NOWHERE; self.next_slot as usize];
        for (position, slot) in self.order.iter().enumerate() {
            positions[*slot as usize] = position as u32;
        }
        self.positions = Arc::new(positions);
    }

    /// One node of each zone in turn, so that looking at a part of the list only is fair to all zones (`node_tree.go`).
    fn zones_in_turn(&self) -> Vec<u32> {
        let mut zones: Vec<((&str, &str), Vec<u32>)> = Vec::new();
        let mut places: Index<(&str, &str), usize> = Index::default();
        for slot in self.added.iter() {
            let Some(node) = self.nodes.get(*slot).and_then(|info| info.node.as_ref()) else { continue };
            let label = |key| node.meta.labels.get(key).map_or("", Str::as_str);
            let zone = (label("topology.kubernetes.io/region"), label(ZONE));
            let place = places.get(&zone).copied().unwrap_or_else(|| {
                zones.push((zone, Vec::new()));
                places.insert(zone, zones.len() - 1);
                zones.len() - 1
            });
            zones[place].1.push(*slot);
        }
        let most = zones.iter().map(|(_, slots)| slots.len()).max().unwrap_or(0);
        (0..most).flat_map(|turn| zones.iter().filter_map(move |(_, slots)| slots.get(turn).copied())).collect()
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Option<&Arc<Node>> {
        self.nodes.get(*self.slots.get(name)?)?.node.as_ref()
    }

    /// How many nodes have a taint of effect PreferNoSchedule.
    pub fn softly_tainted(&self) -> u32 {
        self.softly_tainted
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Changes when positions do.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number of the next change of a node.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The positions that changed since the change of number `since`; `None` if that is too long ago.
    pub fn changed_since(&self, since: u64) -> Option<impl Iterator<Item = u32>> {
        let missed = usize::try_from(self.changes - since).ok()?;
        let skip = self.changed.len().checked_sub(missed)?;
        Some(self.changed.range(skip..).copied())
    }

    /// The slot at a position.
    pub fn slot_at(&self, position: u32) -> u32 {
        self.order[position as usize]
    }

    /// The position of a slot, or [`NOWHERE`].
    pub fn position(&self, slot: u32) -> u32 {
        self.positions.get(slot as usize).copied().unwrap_or(NOWHERE)
    }

    /// The node in a slot.
    pub fn info(&self, slot: u32) -> Option<&NodeInfo> {
        self.nodes.get(slot)
    }

    /// The node at a position, with what is requested of it.
    pub fn at(&self, position: u32) -> (&NodeInfo, &Node) {
        let info = self.nodes.get(self.slot_at(position)).expect("every position has a slot");
        (info, info.node.as_ref().expect("every node in the list exists"))
    }

    /// The position of the node of this name, if it is in the list.
    pub fn position_of(&self, name: &str) -> Option<u32> {
        self.slots.get(name).map(|slot| self.position(*slot)).filter(|position| *position != NOWHERE)
    }

    /// The number of a topology label, under which [`Cache::topologies`] has it, up to date.
    pub fn topology(&mut self, key: &Str) -> usize {
        let place = self.topologies.iter().position(|t| t.key == *key).unwrap_or_else(|| {
            self.topologies.push(Topology { key: key.clone(), epoch: u64::MAX, domains: Arc::default(), size: 0 });
            self.topologies.len() - 1
        });
        if self.topologies[place].epoch != self.epoch {
            let mut values: Index<&str, u32> = Index::default();
            let mut domains = Vec::with_capacity(self.order.len());
            for slot in self.order.iter() {
                let node = self.nodes.get(*slot).and_then(|info| info.node.as_ref());
                domains.push(node.and_then(|node| node.meta.labels.get(key)).map_or(NO_DOMAIN, |value| {
                    values.get(value.as_str()).copied().unwrap_or_else(|| {
                        let domain = values.len() as u32;
                        values.insert(value.as_str(), domain);
                        domain
                    })
                }));
            }
            let size = values.len() as u32;
            self.topologies[place] = Topology { key: key.clone(), epoch: self.epoch, domains: Arc::new(domains), size };
        }
        place
    }

    /// The topology labels that were asked for, by number.
    pub fn topologies(&self) -> &[Topology] {
        &self.topologies
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::tests::node;

    #[test]
    fn zones_take_turns_and_changes_are_logged() {
        let mut cache = Cache::default();
        for (name, zone) in [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("c1", "c"), ("c2", "c")] {
            cache.set_node(&Arc::new(node(name, &[(ZONE, zone)])));
        }
        cache.refresh();
        let names: Vec<&str> = (0..6).map(|p| cache.at(p).1.meta.name.as_str()).collect();
        assert_eq!(names, ["a1", "b1", "c1", "a2", "c2", "a3"]);
        let zone = cache.topology(&ZONE.into());
        assert_eq!(*cache.topologies()[zone].domains, [0, 1, 2, 0, 2, 0]);
        let (epoch, since) = (cache.epoch(), cache.changes());
        let slot = cache.slot(&"c1".into());
        cache.add_pod(slot, &PodRequests::default());
        assert_eq!(cache.changed_since(since).map(Iterator::collect::<Vec<_>>), Some(vec![2]));
        cache.remove_node("c1");
        cache.refresh();
        assert_ne!(cache.epoch(), epoch);
        assert_eq!((cache.len(), cache.info(slot).map(|info| info.pods)), (5, Some(1)));
    }
}
