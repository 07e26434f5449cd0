//! The scheduler's plugins, one file each, and what they say of a node. Mirrors `pkg/scheduler/framework/plugins`, v1.36.
//!
//! Left out so far: NodePorts, InterPodAffinity, DynamicResources, ImageLocality (no model of images' sizes: it
//! scores 0 everywhere), GangScheduling. The order of the filters is that of `apis/config/v1/default_plugins.go`: a node is
//! rejected by the first that objects, and only its reasons are counted.

pub mod balanced_allocation;
pub mod default_selector;
pub mod node_affinity;
pub mod node_name;
pub mod node_resources_fit;
pub mod node_unschedulable;
pub mod node_volume_limits;
pub mod taint_toleration;
pub mod topology_spread;
pub mod volume_binding;
pub mod volume_restrictions;
pub mod volume_zone;

/// The highest score of a plugin for a node, after normalizing (`MaxNodeScore`).
pub const MAX_NODE_SCORE: u32 = 100;

/// How much a plugin's score counts (`default_plugins.go`); those not named count once.
pub mod weight {
    /// TaintToleration.
    pub const TAINT_TOLERATION: u32 = 3;
    /// NodeAffinity.
    pub const NODE_AFFINITY: u32 = 2;
    /// PodTopologySpread.
    pub const TOPOLOGY_SPREAD: u32 = 2;
}

/// Why a node won't do: a set of reasons, all of one plugin. The empty set: it will.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Rejection(u32);

impl Rejection {
    /// The node will do.
    pub const NONE: Rejection = Rejection(0);
    /// NodeUnschedulable: it is cordoned.
    pub const UNSCHEDULABLE: Rejection = Rejection(1 | Self::UNRESOLVABLE);
    /// NodeName: it isn't the one that the pod names.
    pub const NODE_NAME: Rejection = Rejection(1 << 1 | Self::UNRESOLVABLE);
    /// TaintToleration.
    pub const TAINTS: Rejection = Rejection(1 << 2 | Self::UNRESOLVABLE);
    /// NodeAffinity.
    pub const AFFINITY: Rejection = Rejection(1 << 3 | Self::UNRESOLVABLE);
    /// NodeResourcesFit: it holds as many pods as it may.
    pub const PODS: Rejection = Rejection(1 << 4);
    /// NodeResourcesFit.
    pub const CPU: Rejection = Rejection(1 << 5);
    /// NodeResourcesFit.
    pub const MEMORY: Rejection = Rejection(1 << 6);
    /// NodeResourcesFit.
    pub const EPHEMERAL_STORAGE: Rejection = Rejection(1 << 7);
    /// PodTopologySpread: too many pods are there already.
    pub const SPREAD: Rejection = Rejection(1 << 8);
    /// PodTopologySpread: it lacks the label that tells where it is.
    pub const SPREAD_LABEL: Rejection = Rejection(1 << 9 | Self::UNRESOLVABLE);

    /// VolumeRestrictions: another pod has a claim that is for one only.
    pub const ONE_POD_ONLY: Rejection = Rejection(1 << 10);
    /// NodeVolumeLimits.
    pub const VOLUME_LIMIT: Rejection = Rejection(1 << 11);
    /// VolumeBinding: a bound volume can't be used there.
    pub const VOLUME_AFFINITY: Rejection = Rejection(1 << 12 | Self::UNRESOLVABLE);
    /// VolumeBinding: there is no volume for a claim.
    pub const NO_VOLUME: Rejection = Rejection(1 << 13 | Self::UNRESOLVABLE);
    /// VolumeBinding: a claim's volume is gone.
    pub const VOLUME_MISSING: Rejection = Rejection(1 << 14 | Self::UNRESOLVABLE);
    /// VolumeZone.
    pub const VOLUME_ZONE: Rejection = Rejection(1 << 15 | Self::UNRESOLVABLE);
    /// VolumeBinding, before any node was looked at: its words are those of the pod's claims.
    pub const CLAIMS: Rejection = Rejection(1 << 16 | Self::UNRESOLVABLE);

    /// `UnschedulableAndUnresolvable`: taking pods away wouldn't help.
    const UNRESOLVABLE: u32 = 1 << 30;
    /// All that plugins say of volumes.
    pub const VOLUMES: Rejection = Rejection(
        Self::ONE_POD_ONLY.0
            | Self::VOLUME_LIMIT.0
            | Self::VOLUME_AFFINITY.0
            | Self::NO_VOLUME.0
            | Self::VOLUME_MISSING.0
            | Self::VOLUME_ZONE.0
            | Self::CLAIMS.0,
    );
    /// All that NodeResourcesFit may say.
    pub const FIT: Rejection = Rejection(Self::PODS.0 | Self::CPU.0 | Self::MEMORY.0 | Self::EPHEMERAL_STORAGE.0);

    /// In the words and the order of the plugins.
    const WORDS: [(Rejection, &'static str); 16] = [
        (Self::UNSCHEDULABLE, node_unschedulable::REASON),
        (Self::NODE_NAME, node_name::REASON),
        (Self::TAINTS, taint_toleration::REASON),
        (Self::AFFINITY, node_affinity::REASON),
        (Self::PODS, "Too many pods"),
        (Self::CPU, "Insufficient cpu"),
        (Self::MEMORY, "Insufficient memory"),
        (Self::EPHEMERAL_STORAGE, "Insufficient ephemeral-storage"),
        (Self::SPREAD, topology_spread::REASON),
        (Self::SPREAD_LABEL, topology_spread::REASON_LABEL),
        (Self::ONE_POD_ONLY, volume_restrictions::REASON),
        (Self::VOLUME_LIMIT, node_volume_limits::REASON),
        (Self::VOLUME_AFFINITY, volume_binding::REASON_AFFINITY),
        (Self::NO_VOLUME, volume_binding::REASON_NO_VOLUME),
        (Self::VOLUME_MISSING, volume_binding::REASON_MISSING),
        (Self::VOLUME_ZONE, volume_zone::REASON),
    ];

    /// Whether there is no objection.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether the two have a reason in common.
    pub const fn meets(self, other: Rejection) -> bool {
        self.0 & other.0 & !Self::UNRESOLVABLE != 0
    }

    /// Both sets of reasons.
    #[must_use]
    pub const fn and(self, other: Rejection) -> Rejection {
        Rejection(self.0 | other.0)
    }

    /// The same, and taking pods away wouldn't help.
    #[must_use]
    pub const fn unresolvable(self) -> Rejection {
        Rejection(self.0 | Self::UNRESOLVABLE)
    }

    /// Whether the node might do if pods were taken away from it.
    pub const fn is_resolvable(self) -> bool {
        self.0 & Self::UNRESOLVABLE == 0
    }

    /// The reasons, in the scheduler's words.
    pub fn reasons(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().filter(move |(reason, _)| self.meets(*reason)).map(|(_, words)| words)
    }

    /// As a negative number, for tables that hold scores or rejections.
    pub(super) const fn to_cell(self) -> i32 {
        -(self.0 as i32)
    }

    /// The inverse of `to_cell`; a score is no rejection.
    pub(super) const fn from_cell(cell: i32) -> Rejection {
        if cell < 0 { Rejection((-cell) as u32) } else { Rejection::NONE }
    }
}

/// Brings raw scores of 0 and more to 0–100 by the highest of them, and adds them to the totals, weighted.
///
/// With `reverse` the lowest raw score is the best. `plugins/helper/normalize_score.go`, DefaultNormalizeScore.
pub fn add_normalized(raw: impl Iterator<Item = u32> + Clone, totals: &mut [u32], weight: u32, reverse: bool) {
    let highest = u64::from(raw.clone().max().unwrap_or(0));
    for (total, raw) in totals.iter_mut().zip(raw) {
        let score = (u64::from(MAX_NODE_SCORE) * u64::from(raw)).checked_div(highest).unwrap_or(0) as u32;
        *total += weight * if reverse { MAX_NODE_SCORE - score } else { score };
    }
}
