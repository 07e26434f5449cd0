//! Keyed randomness: every draw is a pure function of (seed, stream, key).
//!
//! There is no generator whose state is shared, so a new draw in one place never shifts another, and two forks of a run
//! stay comparable: the pod with this UID takes as long to pull its image in both.

use crate::kernel::time::SimDuration;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a draw is for. The numbers are part of every fingerprint: never reuse one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum Stream {
    /// UIDs of new objects.
    Uid = 1,
    /// The five letters after `generateName`.
    NameSuffix = 2,
    /// How long an API call or a watch event takes.
    Latency = 3,
    /// How long an image pull takes.
    ImagePull = 4,
    /// How long a container takes to start, to become ready, to stop.
    Container = 5,
    /// The scheduler's choice among nodes of equal score.
    NodeChoice = 6,
    /// The phase of a node's heartbeat.
    Heartbeat = 7,
    /// Names of events, which carry a time stamp in hexadecimal.
    EventName = 8,
    /// A workqueue's or timer's jitter.
    Jitter = 9,
    /// Suffix of a pod's service account volume.
    TokenVolume = 10,
    /// Which cluster IP or node port the allocator picks.
    Address = 11,
    /// Container ids.
    ContainerId = 12,
    /// How long a storage system takes for what it is asked.
    Storage = 16,
    /// How far a node's network agents are behind.
    Agent = 17,
    /// Which backend a connection goes to.
    Backend = 18,
    /// Source ports, and what else of a packet nobody decides.
    Packet = 19,
    /// When requests of simulated clients come, and what they ask.
    Traffic = 20,
    /// How long a cloud takes, and which address it gives.
    Cloud = 21,
    /// Addresses of interfaces on their links.
    Mac = 22,
    /// What a name server answers first, and how long it takes.
    Dns = 23,
    /// How an ingress controller spreads requests.
    Ingress = 24,
}

/// The random bits of one (seed, stream, key).
#[derive(Clone, Debug)]
pub struct Draw(ChaCha8Rng);

/// Opens the bits that belong to this seed, stream and key.
pub fn draw(seed: u64, stream: Stream, key: u128) -> Draw {
    let mut bytes = [0u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&(stream as u64).to_le_bytes());
    bytes[16..].copy_from_slice(&key.to_le_bytes());
    Draw(ChaCha8Rng::from_seed(bytes))
}

impl Draw {
    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// The address of an interface on its link: locally administered, of a single station.
    pub fn mac(&mut self) -> [u8; 6] {
        let [first, b, c, d, e, f, ..] = self.bits().to_be_bytes();
        [first & 0xfe | 0x02, b, c, d, e, f]
    }

    /// A uniform number below `bound`; 0 if `bound` is 0. The bias is below 2^-32 for bounds below 2^32.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A uniform duration from `low` to `high`, both included; `low` if `high` is shorter.
    pub fn between(&mut self, low: SimDuration, high: SimDuration) -> SimDuration {
        let width = high.saturating_sub(low).as_nanos();
        low + SimDuration::from_nanos(self.below(width.saturating_add(1)))
    }

    /// 128 uniform bits.
    pub fn wide(&mut self) -> u128 {
        u128::from(self.bits()) << 64 | u128::from(self.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_seed_stream_and_key_only() {
        let first = |seed, stream, key| draw(seed, stream, key).bits();
        let base = first(1, Stream::Uid, 7);
        assert_eq!(base, first(1, Stream::Uid, 7));
        assert_ne!(base, first(2, Stream::Uid, 7));
        assert_ne!(base, first(1, Stream::NameSuffix, 7));
        assert_ne!(base, first(1, Stream::Uid, 8));
    }

    #[test]
    fn below_stays_below_and_reaches_all() {
        let mut seen = [false; 5];
        for key in 0..200 {
            seen[draw(0, Stream::Jitter, key).below(5) as usize] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(draw(0, Stream::Jitter, 0).below(0), 0);
    }
}
