//! How long the systems behind the API take for what they are asked: a storage system that makes, attaches or enlarges a volume.
//! The controllers that ask (a CSI sidecar, say) wait for the answer with one of their workers, as the real ones do in a gRPC call.

use crate::api::meta::Uid;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::SimDuration;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Work {
    /// CreateVolume.
    Provision,
    /// DeleteVolume.
    Delete,
    /// ControllerPublishVolume.
    Attach,
    /// ControllerUnpublishVolume.
    Detach,
    /// ControllerExpandVolume.
    Expand,
    /// A recycler's pod that empties a volume.
    Recycle,
}

/// The least and the most that each takes, and the seed of the draws between.
#[derive(Clone, PartialEq, Debug)]
pub struct Pace {
    seed: u64,
    spans: [(SimDuration, SimDuration); 6],
}

/// About what a block storage of a cloud takes.
const USUAL: [(SimDuration, SimDuration); 6] = [
    (SimDuration::from_millis(1_500), SimDuration::from_millis(3_500)),
    (SimDuration::from_millis(500), SimDuration::from_millis(1_500)),
    (SimDuration::from_millis(1_000), SimDuration::from_millis(3_000)),
    (SimDuration::from_millis(1_000), SimDuration::from_millis(2_500)),
    (SimDuration::from_millis(1_500), SimDuration::from_millis(3_000)),
    (SimDuration::from_millis(4_000), SimDuration::from_millis(6_000)),
];

impl Pace {
    /// The usual pace, drawn from this seed.
    pub fn new(seed: u64) -> Self {
        Pace { seed, spans: USUAL }
    }

    /// The same, with one kind of work taking between `least` and `most`.
    #[must_use]
    pub fn with(mut self, work: Work, least: SimDuration, most: SimDuration) -> Self {
        self.spans[work as usize] = (least, most.max(least));
        self
    }

    /// How long a piece of work takes for an object: the same each time.
    pub fn of(&self, work: Work, uid: Uid) -> SimDuration {
        let (least, most) = self.spans[work as usize];
        draw(self.seed, Stream::Storage, uid.0 ^ (work as u128) << 64).between(least, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_has_its_own_time_for_each_kind_of_work() {
        let pace = Pace::new(7).with(Work::Attach, SimDuration::from_secs(2), SimDuration::from_secs(2));
        let (a, b) = (Uid::from_bits(1), Uid::from_bits(2));
        assert_eq!(pace.of(Work::Provision, a), pace.of(Work::Provision, a));
        assert_ne!(pace.of(Work::Provision, a), pace.of(Work::Provision, b));
        assert_ne!(pace.of(Work::Attach, a), pace.of(Work::Detach, a));
        assert_eq!(pace.of(Work::Attach, b), SimDuration::from_secs(2));
        let (least, most) = USUAL[Work::Delete as usize];
        assert!((least..=most).contains(&pace.of(Work::Delete, a)));
    }
}
