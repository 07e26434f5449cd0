//! NodeVolumeLimits: how many volumes of a driver a node takes, as its CSINode says. Mirrors `plugins/nodevolumelimits/csi.go`, v1.36.

use super::Rejection;
use crate::api::node::Node;
use crate::api::storage::Volume;
use crate::scheduler::volumes::PodVolumes;
use std::collections::BTreeMap;

/// What the plugin says of a node that is full.
pub const REASON: &str = "node(s) exceed max volume count";

/// Rejects nodes that would have more volumes of a driver than they take. Those that the node has already don't count twice.
pub fn filter(volumes: &PodVolumes<'_>, node: &Node) -> Rejection {
    let cache = volumes.cache();
    if !cache.has_limits() {
        return Rejection::NONE;
    }
    let there = cache.drivers_on(&node.meta.name);
    let mut new: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (driver, handle) in volumes.bound_volumes().filter_map(Volume::csi) {
        let handles = new.entry(driver).or_default();
        if !handles.contains(&handle) && !there.get(driver).is_some_and(|known| known.contains(&handle)) {
            handles.push(handle);
        }
    }
    let count = |handles: Option<&Vec<&str>>| handles.map_or(0, Vec::len) as i64;
    let is_full = |(driver, handles): (&&str, &Vec<&str>)| {
        let limit = cache.limit(&node.meta.name, driver);
        !handles.is_empty() && limit.is_some_and(|limit| count(there.get(*driver)) + handles.len() as i64 > limit)
    };
    if new.iter().any(is_full) { Rejection::VOLUME_LIMIT } else { Rejection::NONE }
}
