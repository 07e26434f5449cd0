//! How long the systems behind the API take for what they are asked: a storage system that makes, attaches or enlarges a volume, a cloud that
//! makes a load balancer. A cluster has them or not.
//! The controllers that ask (a CSI sidecar, say) wait for the answer with one of their workers, as the real ones do in a gRPC call.

use crate::api::meta::Uid;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::SimDuration;

/// A system outside of the API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum System {
    /// What the drivers of volumes talk to.
    Storage,
    /// What gives Services load balancers.
    Cloud,
}

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
    /// A new load balancer.
    Balance,
    /// A load balancer as it should be now.
    Rebalance,
    /// One load balancer less.
    Unbalance,
}

impl Work {
    /// Who does it, and the stream of its draws.
    const fn by(self) -> (System, Stream) {
        match self {
            Work::Balance | Work::Rebalance | Work::Unbalance => (System::Cloud, Stream::Cloud),
            _ => (System::Storage, Stream::Storage),
        }
    }
}

/// The least and the most that each takes, the seed of the draws between, and what there isn't.
#[derive(Clone, PartialEq, Debug)]
pub struct Pace {
    seed: u64,
    spans: [(SimDuration, SimDuration); 9],
    missing: Vec<System>,
}

/// About what a cloud takes.
const USUAL: [(SimDuration, SimDuration); 9] = [
    (SimDuration::from_millis(1_500), SimDuration::from_millis(3_500)),
    (SimDuration::from_millis(500), SimDuration::from_millis(1_500)),
    (SimDuration::from_millis(1_000), SimDuration::from_millis(3_000)),
    (SimDuration::from_millis(1_000), SimDuration::from_millis(2_500)),
    (SimDuration::from_millis(1_500), SimDuration::from_millis(3_000)),
    (SimDuration::from_millis(4_000), SimDuration::from_millis(6_000)),
    (SimDuration::from_millis(2_000), SimDuration::from_millis(20_000)),
    (SimDuration::from_millis(1_000), SimDuration::from_millis(3_000)),
    (SimDuration::from_millis(1_000), SimDuration::from_millis(5_000)),
];

impl Pace {
    /// The usual pace, drawn from this seed.
    pub fn new(seed: u64) -> Self {
        Pace { seed, spans: USUAL, missing: Vec::new() }
    }

    /// The same, of a cluster that has this system only if so said.
    #[must_use]
    pub fn having(mut self, system: System, has: bool) -> Self {
        self.missing.retain(|missing| *missing != system || !has);
        if !has && self.has(system) {
            self.missing.push(system);
        }
        self
    }

    /// Whether the cluster has this system.
    pub fn has(&self, system: System) -> bool {
        !self.missing.contains(&system)
    }

    /// The same, with one kind of work taking between `least` and `most`.
    #[must_use]
    pub fn with(mut self, work: Work, least: SimDuration, most: SimDuration) -> Self {
        self.spans[work as usize] = (least, most.max(least));
        self
    }

    /// How long a piece of work takes for an object: the same each time; no time if nobody is there to do it.
    pub fn of(&self, work: Work, uid: Uid) -> SimDuration {
        let (least, most) = self.spans[work as usize];
        let (system, stream) = work.by();
        if self.has(system) { draw(self.seed, stream, uid.0 ^ (work as u128) << 64).between(least, most) } else { SimDuration::ZERO }
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
        assert_eq!(pace.clone().having(System::Storage, false).of(Work::Provision, a), SimDuration::ZERO);
        let (least, most) = USUAL[Work::Delete as usize];
        assert!((least..=most).contains(&pace.of(Work::Delete, a)));
    }
}
