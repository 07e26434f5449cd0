//! VolumeBinding: a pod goes where its volumes are, or can be. Mirrors `plugins/volumebinding/{volume_binding,binder}.go`, v1.36; what the plugin
//! knows and decides is in [`crate::scheduler::volumes`], how it is carried out in `binding_cycle`.
//!
//! Left out: the storage capacity that drivers report (CSIStorageCapacity), and scores, which are behind a feature gate that is off.

use super::Rejection;
use crate::api::node::Node;
use crate::scheduler::volumes::{Conflict, PodVolumes};

/// What the plugin says of a node where a bound volume can't be used.
pub const REASON_AFFINITY: &str = "node(s) didn't match PersistentVolume's node affinity";
/// What it says where there is no volume for a claim.
pub const REASON_NO_VOLUME: &str = "node(s) didn't find available persistent volumes to bind";
/// What it says of a claim whose volume is gone.
pub const REASON_MISSING: &str = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

/// Rejects nodes where the pod can't have its volumes.
pub fn filter(volumes: &PodVolumes<'_>, node: &Node) -> Rejection {
    let word = |conflict: &Conflict| match conflict {
        Conflict::Affinity => Rejection::VOLUME_AFFINITY,
        Conflict::NoVolume => Rejection::NO_VOLUME,
        Conflict::Missing => Rejection::VOLUME_MISSING,
    };
    volumes.decide(node).err().map_or(Rejection::NONE, |conflicts| conflicts.iter().map(word).fold(Rejection::NONE, Rejection::and))
}
