//! `service.kubernetes.io/topology-mode: Auto`: endpoints are shared out over the zones in proportion to the CPUs there.
//!
//! Mirrors `staging/src/k8s.io/endpointslice/topologycache/{topologycache,sliceinfo,utils}.go`, v1.36. What upstream's cache remembers (which
//! Services have such hints, how many endpoints are for which zone) stands in the slices' own endpoints here. Differs: where a Go map has no
//! order, zones go by their names.

use super::packing::Packed;
use super::{Said, Slice, slices_of};
use crate::api::event::EventType;
use crate::api::meta::Str;
use crate::api::node::Node;
use crate::api::object::{Kind, Object};
use crate::api::service::{Endpoint, EndpointSlice, Hints, Service};
use crate::client::plan::Keys;
use crate::client::view::View;
use crate::store::{Change, Verb};
use std::collections::BTreeMap;

/// The label that names a node's zone.
pub(super) const ZONE: &str = "topology.kubernetes.io/zone";
/// How much more than its share a zone's endpoints may have to bear, at most: `overloadThreshold`. What follows is 1 / (1 + 0.2).
const LEAST_SHARE: f64 = 5.0 / 6.0;
/// Nodes with these don't count.
const EXCLUDED: [&str; 2] = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// How many endpoints are for each zone.
type Counts = BTreeMap<Str, usize>;

/// Whether a Service wants that. The older annotation goes first.
pub(super) fn is_wanted(service: &Service) -> bool {
    let annotations = &service.meta.annotations;
    let mode =
        annotations.get("service.kubernetes.io/topology-aware-hints").or_else(|| annotations.get("service.kubernetes.io/topology-mode"));
    mode.is_some_and(|mode| matches!(mode.as_str(), "Auto" | "auto"))
}

/// Whether its endpoints were shared out.
pub(super) fn is_allotted(existing: &[Slice]) -> bool {
    existing.iter().flat_map(|(_, slice)| slice.endpoints.iter()).any(|endpoint| endpoint.hints.is_allotted)
}

/// What is said when they aren't, or no longer.
pub(super) fn disabled(why: &str) -> Said {
    (EventType::Warning, "TopologyAwareHintsDisabled", format!("{why}, addressType: IPv4"))
}

/// When a node comes, goes, or changes its zone or readiness, the Services are looked at that now have too few endpoints for some zone.
pub(super) fn route_node(change: &Change, view: &View, keys: &mut Keys) {
    let Object::Node(node) = &change.object else { return };
    let same = |old: &Node| old.is_ready() == node.is_ready() && old.meta.labels.get(ZONE) == node.meta.labels.get(ZONE);
    let old = change.old.as_ref().and_then(Object::as_node);
    if change.verb == Verb::Modified && old.is_some_and(|old| same(old)) {
        return;
    }
    let mut shares = None;
    for (id, object) in view.list(Kind::Service, None) {
        let Some(service) = object.as_service().filter(|service| is_wanted(service)) else { continue };
        let mut counts = Counts::new();
        for (_, slice) in slices_of(view, service, super::MANAGER) {
            let zones = slice.endpoints.iter().filter(|endpoint| endpoint.hints.is_allotted).map(|endpoint| endpoint.hints.zone.clone());
            zones.for_each(|zone| *counts.entry(zone).or_default() += 1);
        }
        let shares = shares.get_or_insert_with(|| shares_of_zones(view));
        if is_overloaded(&counts, shares.as_ref()) {
            keys.add(id);
        }
    }
}

fn is_overloaded(counts: &Counts, shares: Option<&BTreeMap<Str, f64>>) -> bool {
    if counts.is_empty() {
        return false;
    }
    let Some(shares) = shares else { return true };
    let total = counts.values().sum::<usize>() as f64;
    shares.iter().any(|(zone, share)| counts.get(zone).is_none_or(|count| *count < (total * share * LEAST_SHARE).ceil() as usize))
}

/// Each zone's share of the CPUs of ready nodes; `None` if some node has no zone or no CPU, or if there is one zone only.
fn shares_of_zones(view: &View) -> Option<BTreeMap<Str, f64>> {
    let nodes = view.list(Kind::Node, None).filter_map(|(_, object)| object.as_node());
    let mut cpus: BTreeMap<Str, i64> = BTreeMap::new();
    for node in nodes.filter(|node| node.is_ready() && EXCLUDED.iter().all(|label| node.meta.labels.get(label).is_none())) {
        let zone = node.meta.labels.get(ZONE).filter(|zone| !zone.is_empty())?;
        let cpu = Some(node.status.allocatable.resources.milli_cpu).filter(|cpu| *cpu != 0)?;
        *cpus.entry(zone.clone()).or_default() += cpu;
    }
    let total: i64 = cpus.values().sum();
    (total != 0 && cpus.len() > 1).then(|| cpus.into_iter().map(|(zone, cpu)| (zone, cpu as f64 / total as f64)).collect())
}

/// How many endpoints a zone gets.
#[derive(Debug)]
struct Allocation {
    minimum: usize,
    maximum: usize,
    desired: f64,
}

/// With 4, 3 and 3 nodes in three zones and 10 endpoints: 4, 3 and 3 are desired, 4 × 5⁄6 and 3 × 5⁄6 rounded up are 4, 3 and 3 at least.
fn allocations(shares: Option<&BTreeMap<Str, f64>>, endpoints: usize) -> Result<BTreeMap<Str, Allocation>, String> {
    let Some(shares) = shares else {
        return Err("Insufficient Node information: allocatable CPU or zone not specified on one or more nodes".to_owned());
    };
    let so_many = || format!("({endpoints} endpoints, {} zones)", shares.len());
    if shares.len() > endpoints {
        return Err(format!("Insufficient number of endpoints {}", so_many()));
    }
    let mut left = endpoints;
    let mut all = BTreeMap::new();
    for (zone, share) in shares {
        let desired = share * endpoints as f64;
        let minimum = (desired * LEAST_SHARE).ceil() as usize;
        let Some(rest) = left.checked_sub(minimum) else {
            let why = "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold";
            return Err(format!("{why} {}", so_many()));
        };
        left = rest;
        all.insert(zone.clone(), Allocation { minimum, maximum: 0, desired: desired.max(minimum as f64) });
    }
    all.values_mut().for_each(|allocation| allocation.maximum = allocation.minimum + left);
    Ok(all)
}

/// Shares the endpoints out, and says so if they weren't before; or says why not, and takes all hints away.
pub(super) fn allot(view: &View, existing: &[Slice], packed: &mut Packed) -> Vec<Said> {
    match try_allot(view, packed) {
        Ok(()) if is_allotted(existing) => Vec::new(),
        Ok(()) => {
            vec![(EventType::Normal, "TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled, addressType: IPv4".to_owned())]
        }
        Err(why) => {
            remove(packed);
            vec![disabled(&why)]
        }
    }
}

fn try_allot(view: &View, packed: &mut Packed) -> Result<(), String> {
    let ready = |endpoints: &[Endpoint]| endpoints.iter().filter(|endpoint| endpoint.ready).count();
    let total: usize = packed.unchanged.iter().map(|(_, slice)| ready(&slice.endpoints)).sum();
    let total = total + packed.changing().filter(|endpoint| endpoint.ready).count();
    let allocations = allocations(shares_of_zones(view).as_ref(), total)?;
    let mut counts = Counts::new();
    keep_allotted(packed, &allocations, &mut counts);
    // Step 1: each for its own zone.
    for endpoint in packed.changing().filter(|endpoint| endpoint.ready) {
        if endpoint.zone.is_empty() {
            return Err("One or more endpoints do not have a zone specified".to_owned());
        }
        *counts.entry(endpoint.zone.clone()).or_default() += 1;
        endpoint.hints = Hints { zone: endpoint.zone.clone(), node: Str::EMPTY, is_allotted: true };
    }
    // Steps 2 and 3: zones with more than they need give to those with less.
    let (mut giving, mut receiving) = moves(&allocations, &counts);
    for endpoint in packed.changing().filter(|endpoint| endpoint.ready) {
        let Some((to, _)) = receiving.first_key_value() else { break };
        let to = to.clone();
        if take_one(&mut giving, &endpoint.zone) {
            take_one(&mut receiving, &to);
            *counts.entry(endpoint.zone.clone()).or_default() -= 1;
            *counts.entry(to.clone()).or_default() += 1;
            endpoint.hints.zone = to;
        }
    }
    if counts.is_empty() { Err("No hints allocated for zones".to_owned()) } else { Ok(()) }
}

fn take_one(counts: &mut Counts, zone: &Str) -> bool {
    let Some(count) = counts.get_mut(zone) else { return false };
    *count -= 1;
    if *count == 0 {
        counts.remove(zone);
    }
    true
}

/// Slices that wouldn't be written keep their hints if these can stay; the others are written. `sliceinfo.go`, getAllocatedHintsByZone.
fn keep_allotted(packed: &mut Packed, allocations: &BTreeMap<Str, Allocation>, counts: &mut Counts) {
    packed.touch(|slice| match hints_by_zone(slice, counts, allocations) {
        Some(own) => {
            own.into_iter().for_each(|(zone, more)| *counts.entry(zone).or_default() += more);
            false
        }
        None => true,
    });
}

/// How many hints for each zone a slice has; `None` if it has to be written anew.
fn hints_by_zone(slice: &EndpointSlice, counts: &Counts, allocations: &BTreeMap<Str, Allocation>) -> Option<Counts> {
    let mut own = Counts::new();
    for endpoint in slice.endpoints.iter().filter(|endpoint| endpoint.ready) {
        allocations.get(&endpoint.hints.zone)?;
        *own.entry(endpoint.hints.zone.clone()).or_default() += 1;
    }
    let fits = |(zone, more): (&Str, &usize)| more + counts.get(zone).unwrap_or(&0) <= allocations[zone].maximum;
    own.iter().all(fits).then_some(own)
}

/// How many endpoints each zone gives to others, and how many each gets: one at a time, from where there are most too many to where most are
/// missing, as long as that is at least one on either side and half of one on both.
fn moves(allocations: &BTreeMap<Str, Allocation>, counts: &Counts) -> (Counts, Counts) {
    let (mut too_many, mut missing) = (BTreeMap::new(), BTreeMap::new());
    for (zone, allocation) in allocations {
        let surplus = *counts.get(zone).unwrap_or(&0) as f64 - allocation.desired;
        if surplus > 0.0 {
            too_many.insert(zone.clone(), surplus);
        } else if surplus < 0.0 {
            missing.insert(zone.clone(), -surplus);
        }
    }
    let (mut giving, mut receiving) = (Counts::new(), Counts::new());
    while let (Some((from, give)), Some((to, take))) = (most(&too_many), most(&missing)) {
        if (give < 1.0 && take < 1.0) || give < 0.5 || take < 0.5 {
            break;
        }
        *giving.entry(from.clone()).or_default() += 1;
        too_many.insert(from, give - 1.0);
        *receiving.entry(to.clone()).or_default() += 1;
        missing.insert(to, take - 1.0);
    }
    (giving, receiving)
}

fn most(zones: &BTreeMap<Str, f64>) -> Option<(Str, f64)> {
    let mut best: Option<(&Str, f64)> = None;
    for (zone, amount) in zones.iter().filter(|(_, amount)| **amount > 0.0) {
        if best.is_none_or(|(_, most)| *amount > most) {
            best = Some((zone, *amount));
        }
    }
    best.map(|(zone, amount)| (zone.clone(), amount))
}

/// Takes all hints away. `utils.go`, RemoveHintsFromSlices.
pub(super) fn remove(packed: &mut Packed) {
    packed.touch(|slice| slice.endpoints.iter().any(|endpoint| !endpoint.hints.is_empty()));
    packed.changing().for_each(|endpoint| endpoint.hints = Hints::default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(cpus: &[(&'static str, i64)]) -> BTreeMap<Str, f64> {
        let total: i64 = cpus.iter().map(|(_, cpu)| cpu).sum();
        cpus.iter().map(|(zone, cpu)| (Str::from(*zone), *cpu as f64 / total as f64)).collect()
    }

    #[track_caller]
    fn check(endpoints: usize, expected: Result<[usize; 3], &str>) {
        let shares = shares(&[("a", 4), ("b", 3), ("c", 3)]);
        let got = allocations(Some(&shares), endpoints).map(|all| all.values().map(|allocation| allocation.minimum).collect::<Vec<_>>());
        match (got, expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected),
            (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
            (got, _) => panic!("{got:?}"),
        }
    }

    /// As a real control plane answered with ten nodes in three zones.
    #[test]
    fn so_many_for_each_zone() {
        check(2, Err("Insufficient number of endpoints (2 endpoints, 3 zones)"));
        check(3, Err("Unable to allocate"));
        check(4, Ok([2, 1, 1]));
        check(5, Err("Unable to allocate"));
        check(6, Err("Unable to allocate"));
        check(7, Ok([3, 2, 2]));
        check(9, Ok([3, 3, 3]));
        check(10, Ok([4, 3, 3]));
    }

    #[test]
    fn zones_give_and_get() {
        let shares = shares(&[("a", 4), ("b", 3), ("c", 3)]);
        let allocations = allocations(Some(&shares), 7).expect("seven are enough");
        let counts = |list: &[(&'static str, usize)]| list.iter().map(|(zone, count)| (Str::from(*zone), *count)).collect::<Counts>();
        let got = moves(&allocations, &counts(&[("a", 2), ("b", 2), ("c", 3)]));
        assert_eq!(got, (counts(&[("c", 1)]), counts(&[("a", 1)])));
        let got = moves(&allocations, &counts(&[("a", 3), ("b", 2), ("c", 2)]));
        assert_eq!(got, (Counts::new(), Counts::new()));
    }
}
