//! VolumeZone: volumes that carry their zone as a label, as those of clouds once did. Mirrors `plugins/volumezone/volume_zone.go`, v1.36.

use super::Rejection;
use crate::api::meta::Str;
use crate::api::node::Node;
use crate::scheduler::volumes::PodVolumes;

/// What the plugin says of a node in another zone.
pub const REASON: &str = "node(s) had no available volume zone";

/// The labels, with those that said the same before.
const LABELS: [(&str, &str); 4] = [
    ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"),
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
];

/// Rejects nodes outside of the zones and regions of the pod's bound volumes. A volume of several zones joins their names by `__`. A node
/// without any such label has no zone to be wrong.
pub fn filter(volumes: &PodVolumes<'_>, node: &Node) -> Rejection {
    let has_place = LABELS.iter().any(|(label, _)| node.meta.labels.get(label).is_some());
    let is_elsewhere = |labels: &crate::api::meta::StrMap| {
        LABELS.iter().any(|(label, other)| {
            let Some(wanted) = labels.get(label) else { return false };
            let own = node.meta.labels.get(label).or_else(|| node.meta.labels.get(other)).map_or("", Str::as_str);
            !wanted.split("__").any(|zone| zone == own)
        })
    };
    if has_place && volumes.bound_volumes().any(|volume| is_elsewhere(&volume.meta().labels)) {
        return Rejection::VOLUME_ZONE;
    }
    Rejection::NONE
}
