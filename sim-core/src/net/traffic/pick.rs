//! Which backend a connection goes to.

use super::reach::{Backend, Scheduler};
use std::net::Ipv4Addr;

/// How many buckets IPVS' source hashing has (`IP_VS_SH_TAB_SIZE`).
const BUCKETS: usize = 256;

/// What a choice may depend on besides the backends.
pub(super) struct Chooser<'a> {
    pub(super) scheduler: Scheduler,
    /// Uniform bits.
    pub(super) bits: u64,
    /// How many were chosen before by the same rules.
    pub(super) turn: u64,
    /// The client's address.
    pub(super) address: Ipv4Addr,
    /// How many connections a backend has.
    pub(super) open: &'a dyn Fn(usize) -> u32,
}

impl Chooser<'_> {
    /// The number of the chosen one; `None`: there is none to choose.
    pub(super) fn pick(&self, backends: &[Backend]) -> Option<usize> {
        let count = backends.len();
        if count == 0 {
            return None;
        }
        Some(match self.scheduler {
            Scheduler::Random => return by_weight(backends, self.bits),
            Scheduler::RoundRobin => (self.turn % count as u64) as usize,
            // The first of those with the fewest, as `ip_vs_lc_schedule` finds it.
            Scheduler::LeastConnection => (0..count).min_by_key(|number| (self.open)(*number))?,
            Scheduler::SourceHashing => source_hash(self.address) % count,
        })
    }
}

/// In proportion to the weights; those of weight 0 get nothing.
fn by_weight(backends: &[Backend], bits: u64) -> Option<usize> {
    let below = |bound: u64| ((u128::from(bits) * u128::from(bound)) >> 64) as u64;
    if backends.iter().all(|backend| backend.weight == 1) {
        return Some(below(backends.len() as u64) as usize);
    }
    let total: u64 = backends.iter().map(|backend| u64::from(backend.weight)).sum();
    let mut rest = below(total);
    for (number, backend) in backends.iter().enumerate() {
        match rest.checked_sub(u64::from(backend.weight)) {
            None => return Some(number),
            Some(less) => rest = less,
        }
    }
    None
}

/// The bucket of an address: the kernel's `hash_32`, the upper bits of a product. Buckets are dealt out to the backends in turn
/// (`ip_vs_sh_reassign`).
fn source_hash(address: Ipv4Addr) -> usize {
    (u32::from(address).wrapping_mul(0x61C8_8647) >> 24) as usize % BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::Str;
    use crate::kernel::chance::{Stream, draw};
    use crate::net::packet::Protocol;

    fn backends(weights: &[u32]) -> Vec<Backend> {
        let backend = |(number, weight): (usize, &u32)| Backend {
            pod: Some(number as u32),
            name: Str::from("a"),
            node: None,
            node_name: Str::from("n"),
            address: Ipv4Addr::new(10, 244, 0, number as u8),
            port: 80,
            protocol: Protocol::Tcp,
            weight: *weight,
        };
        weights.iter().enumerate().map(backend).collect()
    }

    fn counts(scheduler: Scheduler, weights: &[u32], times: u64) -> Vec<u64> {
        let backends = backends(weights);
        let mut counts = vec![0; weights.len()];
        for turn in 0..times {
            let open = |number: usize| counts[number] as u32;
            let bits = draw(3, Stream::Backend, u128::from(turn)).bits();
            let address = Ipv4Addr::from(0x0AF4_0000 + turn as u32);
            let picked = Chooser { scheduler, bits, turn, address, open: &open }.pick(&backends).expect("there are some");
            counts[picked] += 1;
        }
        counts
    }

    #[test]
    fn schedulers() {
        assert_eq!(counts(Scheduler::RoundRobin, &[1, 1, 1], 9), [3, 3, 3]);
        assert_eq!(counts(Scheduler::LeastConnection, &[1, 1, 1], 10), [4, 3, 3]);
        let hashed = counts(Scheduler::SourceHashing, &[1, 1, 1, 1], 4_000);
        assert!(hashed.iter().all(|count| (800..1_200).contains(count)), "{hashed:?}");
        let weighted = counts(Scheduler::Random, &[90, 10, 0], 10_000);
        assert!((8_850..9_150).contains(&weighted[0]) && weighted[2] == 0, "{weighted:?}");
        assert_eq!(Chooser { scheduler: Scheduler::Random, bits: 0, turn: 0, address: Ipv4Addr::LOCALHOST, open: &|_| 0 }.pick(&[]), None);
    }
}
