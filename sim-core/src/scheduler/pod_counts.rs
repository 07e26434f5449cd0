//! How many pods with certain labels are on each node, kept up to date for spreading.
//!
//! The real scheduler counts the pods of every node for every pod that it places. Here pods with equal labels are counted together
//! (a *label set*: the replicas of a ReplicaSet), and each selector that was ever asked for (a *group*) knows its label sets.

use super::cache::{Cache, NOWHERE};
use super::plugins::topology_spread::NO_DOMAIN;
use crate::api::meta::{Str, StrMap};
use crate::api::selector::{Operator, Selector};
use crate::kernel::table::Index;
use std::sync::Arc;

/// Pods of one namespace with the same labels.
#[derive(Clone, Debug)]
struct LabelSet {
    namespace: Str,
    labels: StrMap,
    /// (slot of a node, how many are there), by slot.
    on_node: Arc<Vec<(u32, u32)>>,
    groups: Arc<Vec<u32>>,
}

/// What a selector selects in a namespace.
#[derive(Clone, Debug)]
struct Group {
    namespace: Str,
    selector: Selector,
    sets: Arc<Vec<u32>>,
    counts: Option<Arc<Counts>>,
}

/// A group's pods by position and by domain.
#[derive(Clone, Debug)]
pub struct Counts {
    epoch: u64,
    /// By position.
    pub on_node: Arc<Vec<u32>>,
    /// By number of the topology and by domain; empty for those that nobody asked for.
    in_domain: Vec<Vec<u32>>,
}

impl Counts {
    /// How many pods are in each domain of a topology that [`PodCounts::counts`] was asked for.
    pub fn in_domain(&self, topology: usize) -> &[u32] {
        &self.in_domain[topology]
    }
}

/// A label that all of a group's pods have, so that few label sets must be looked at.
type Anchor = (Str, Str, Str);

/// All label sets and groups.
#[derive(Clone, Debug, Default)]
pub struct PodCounts {
    sets: Vec<LabelSet>,
    set_names: Index<Str, u32>,
    sets_by_label: Index<Anchor, Arc<Vec<u32>>>,
    groups: Vec<Group>,
    group_names: Index<Str, u32>,
    groups_by_label: Index<Anchor, Arc<Vec<u32>>>,
    /// Groups whose selector asks for no label's value.
    loose_groups: Vec<u32>,
}

fn push(index: &mut Index<Anchor, Arc<Vec<u32>>>, key: Anchor, number: u32) {
    let mut list = index.remove(&key).unwrap_or_default();
    Arc::make_mut(&mut list).push(number);
    index.insert(key, list);
}

impl PodCounts {
    /// The label set of pods with these labels.
    pub fn set(&mut self, namespace: &Str, labels: &StrMap) -> u32 {
        let mut name = namespace.to_string();
        for (key, value) in labels.iter() {
            name.extend(["\n", key, "=", value]);
        }
        if let Some(set) = self.set_names.get(name.as_str()) {
            return *set;
        }
        let number = self.sets.len() as u32;
        self.set_names.insert(name.into(), number);
        let mut candidates = self.loose_groups.clone();
        for (key, value) in labels.iter() {
            let anchor = (namespace.clone(), key.clone(), value.clone());
            candidates.extend(self.groups_by_label.get(&anchor).iter().flat_map(|groups| groups.iter()));
            push(&mut self.sets_by_label, anchor, number);
        }
        candidates.retain(|group| {
            let group = &self.groups[*group as usize];
            group.namespace == *namespace && group.selector.matches(labels)
        });
        for group in &candidates {
            Arc::make_mut(&mut self.groups[*group as usize].sets).push(number);
        }
        let set = LabelSet { namespace: namespace.clone(), labels: labels.clone(), on_node: Arc::default(), groups: Arc::new(candidates) };
        self.sets.push(set);
        number
    }

    /// The labels of a label set.
    pub fn labels(&self, set: u32) -> &StrMap {
        &self.sets[set as usize].labels
    }

    /// The group of pods that a selector selects in a namespace.
    pub fn group(&mut self, namespace: &Str, selector: &Selector) -> u32 {
        // A selector that selects nothing prints as one that selects everything does.
        let nothing = !selector.is_empty() && selector.requirements().is_empty();
        let name = if nothing { format!("{namespace}\n!") } else { format!("{namespace}\n{selector}") };
        if let Some(group) = self.group_names.get(name.as_str()) {
            return *group;
        }
        let number = self.groups.len() as u32;
        self.group_names.insert(name.into(), number);
        let mut sets = match self.anchor(namespace, selector) {
            Some(anchor) => {
                let sets = self.sets_by_label.get(&anchor).map_or_else(Vec::new, |sets| sets.to_vec());
                push(&mut self.groups_by_label, anchor, number);
                sets
            }
            None => {
                self.loose_groups.push(number);
                (0..self.sets.len() as u32).collect()
            }
        };
        sets.retain(|set| {
            let set = &self.sets[*set as usize];
            set.namespace == *namespace && selector.matches(&set.labels)
        });
        for set in &sets {
            Arc::make_mut(&mut self.sets[*set as usize].groups).push(number);
        }
        self.groups.push(Group { namespace: namespace.clone(), selector: selector.clone(), sets: Arc::new(sets), counts: None });
        number
    }

    /// Of the labels that the selector asks for, the one that the fewest label sets have.
    fn anchor(&self, namespace: &Str, selector: &Selector) -> Option<Anchor> {
        let single = selector.requirements().iter().filter_map(|r| match (r.operator(), r.values()) {
            (Operator::Equals | Operator::DoubleEquals | Operator::In, [value]) => {
                Some((namespace.clone(), Str::from(r.key().to_owned()), Str::from(value.clone())))
            }
            _ => None,
        });
        single.min_by_key(|anchor| self.sets_by_label.get(anchor).map_or(0, |sets| sets.len()))
    }

    /// Whether a pod of this label set is in the group.
    pub fn contains(&self, group: u32, set: u32) -> bool {
        self.sets[set as usize].groups.contains(&group)
    }

    /// A pod of this label set is on a node now.
    pub fn add(&mut self, set: u32, slot: u32, cache: &Cache) {
        let on_node = Arc::make_mut(&mut self.sets[set as usize].on_node);
        match on_node.binary_search_by_key(&slot, |(slot, _)| *slot) {
            Ok(place) => on_node[place].1 += 1,
            Err(place) => on_node.insert(place, (slot, 1)),
        }
        self.change(set, slot, cache, |n| *n += 1);
    }

    /// A pod of this label set isn't on a node any more.
    pub fn remove(&mut self, set: u32, slot: u32, cache: &Cache) {
        let on_node = Arc::make_mut(&mut self.sets[set as usize].on_node);
        let place = on_node.binary_search_by_key(&slot, |(slot, _)| *slot).expect("only a pod that was counted is taken off");
        on_node[place].1 -= 1;
        if on_node[place].1 == 0 {
            on_node.remove(place);
        }
        self.change(set, slot, cache, |n| *n -= 1);
    }

    fn change(&mut self, set: u32, slot: u32, cache: &Cache, change: impl Fn(&mut u32)) {
        let position = cache.position(slot);
        for group in self.sets[set as usize].groups.iter() {
            let counts = &mut self.groups[*group as usize].counts;
            let Some(current) = counts.as_mut().filter(|counts| counts.epoch == cache.epoch()) else { continue };
            if position == NOWHERE {
                continue;
            }
            let current = Arc::make_mut(current);
            change(&mut Arc::make_mut(&mut current.on_node)[position as usize]);
            for (topology, in_domain) in cache.topologies().iter().zip(&mut current.in_domain).filter(|(_, n)| !n.is_empty()) {
                let domain = topology.domains[position as usize];
                if domain != NO_DOMAIN {
                    change(&mut in_domain[domain as usize]);
                }
            }
        }
    }

    /// A group's counts, with those of these topologies. The cache's list must be up to date.
    pub fn counts(&mut self, group: u32, topologies: &[usize], cache: &Cache) -> Arc<Counts> {
        let group = &mut self.groups[group as usize];
        let counts = match &mut group.counts {
            Some(counts) if counts.epoch == cache.epoch() => counts,
            stale => {
                let mut on_node = vec![0; cache.len()];
                for (slot, n) in group.sets.iter().flat_map(|set| self.sets[*set as usize].on_node.iter()) {
                    let position = cache.position(*slot);
                    if position != NOWHERE {
                        on_node[position as usize] += n;
                    }
                }
                stale.insert(Arc::new(Counts { epoch: cache.epoch(), on_node: Arc::new(on_node), in_domain: Vec::new() }))
            }
        };
        for topology in topologies {
            let all = &cache.topologies()[*topology];
            let missing = counts.in_domain.get(*topology).is_none_or(|n| n.is_empty() && all.size > 0);
            if missing {
                let mut in_domain = vec![0; all.size as usize];
                for (domain, n) in all.domains.iter().zip(counts.on_node.iter()).filter(|(domain, _)| **domain != NO_DOMAIN) {
                    in_domain[*domain as usize] += n;
                }
                let counts = Arc::make_mut(counts);
                let size = counts.in_domain.len().max(topology + 1);
                counts.in_domain.resize(size, Vec::new());
                counts.in_domain[*topology] = in_domain;
            }
        }
        counts.clone()
    }

    /// Gives back the memory of counts by position. They are computed again when asked for.
    pub fn shrink(&mut self) {
        self.groups.iter_mut().for_each(|group| group.counts = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::tests::node;

    #[test]
    fn groups_count_what_they_select_whichever_came_first() {
        let mut cache = Cache::default();
        for name in ["a", "b"] {
            cache.set_node(&Arc::new(node(name, &[("zone", name)])));
        }
        cache.refresh();
        let zone = cache.topology(&"zone".into());
        let labels =
            |pairs: &[(&'static str, &'static str)]| -> StrMap { pairs.iter().map(|(k, v)| (Str::from(*k), Str::from(*v))).collect() };
        let selector = |text| Selector::parse(text).expect(text);
        let mut pods = PodCounts::default();
        let ns = Str::from("default");
        let (web, other) = (pods.set(&ns, &labels(&[("app", "web"), ("v", "1")])), pods.set(&ns, &labels(&[("app", "db")])));
        pods.add(web, 0, &cache);
        let group = pods.group(&ns, &selector("app=web"));
        let newer = pods.set(&ns, &labels(&[("app", "web"), ("v", "2")]));
        let elsewhere = pods.set(&"kube-system".into(), &labels(&[("app", "web")]));
        let check = |pods: &mut PodCounts, group, expected: [u32; 2]| {
            let counts = pods.counts(group, &[zone], &cache);
            assert_eq!((counts.on_node.as_slice(), counts.in_domain(zone)), (&expected[..], &expected[..]));
        };
        check(&mut pods, group, [1, 0]);
        for (set, slot) in [(newer, 1), (newer, 1), (other, 1), (elsewhere, 1)] {
            pods.add(set, slot, &cache);
        }
        check(&mut pods, group, [1, 2]);
        pods.remove(newer, 1, &cache);
        check(&mut pods, group, [1, 1]);
        let all = pods.group(&ns, &Selector::everything());
        let none = pods.group(&ns, &Selector::nothing());
        check(&mut pods, all, [1, 2]);
        check(&mut pods, none, [0, 0]);
        assert!(pods.contains(group, newer) && !pods.contains(group, other));
    }
}
