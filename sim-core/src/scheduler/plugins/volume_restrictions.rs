//! VolumeRestrictions: a claim that only one pod at a time may use. Mirrors `plugins/volumerestrictions/volume_restrictions.go`, v1.36.
//!
//! Left out: disks that pods name without a claim (GCE, EBS, iSCSI, RBD), which two pods on a node can't share.

use super::Rejection;
use crate::scheduler::volumes::PodVolumes;

/// What the plugin says while another pod has the claim.
pub const REASON: &str = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";

/// Rejects all nodes as long as a pod that has a node uses a claim of this pod that is for one pod only.
pub fn filter(volumes: &PodVolumes<'_>) -> Rejection {
    let namespace = &volumes.pod().meta.namespace;
    let mut exclusive = volumes.claims().filter(|claim| claim.access_modes().contains(&"ReadWriteOncePod"));
    if exclusive.any(|claim| volumes.cache().is_used(namespace, &claim.meta().name)) { Rejection::ONE_POD_ONLY } else { Rejection::NONE }
}
