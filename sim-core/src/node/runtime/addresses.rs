//! The addresses of a node's pods. Mirrors the `host-local` plugin of CNI (`plugins/ipam/host-local/backend/allocator`).

use std::net::Ipv4Addr;

/// The addresses of a node's pods: the 253 of a /24 after the gateway's. The next free one after the last that was given out.
#[derive(Clone, Debug)]
pub struct AddressPool {
    base: u32,
    taken: [u64; 4],
    last: u8,
}

impl AddressPool {
    /// A pool for the /24 that contains `base`.
    pub fn new(base: Ipv4Addr) -> Self {
        AddressPool { base: u32::from(base) & !0xff, taken: [0; 4], last: 1 }
    }

    /// The first of the /24, which nobody gets.
    pub fn base(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.base)
    }

    /// Gives out an address; `None` if all are taken.
    pub fn reserve(&mut self) -> Option<Ipv4Addr> {
        // 2 to 254 in a circle; `last` is 1 before the first.
        let after = u32::from(self.last) + 251;
        let next = (1..=253).map(|step| (after + step) % 253 + 2).find(|n| !self.is_taken(*n))?;
        self.taken[next as usize / 64] |= 1 << (next % 64);
        self.last = next as u8;
        Some(Ipv4Addr::from(self.base + next))
    }

    fn is_taken(&self, n: u32) -> bool {
        self.taken[n as usize / 64] & 1 << (n % 64) != 0
    }

    /// Gives out addresses of the /24 that contains `base` from now on. Those of another one that are still in use are forgotten.
    pub fn move_to(&mut self, base: Ipv4Addr) {
        if u32::from(base) & !0xff != self.base {
            *self = AddressPool::new(base);
        }
    }

    /// Takes an address back, if it is one of these.
    pub fn release(&mut self, address: Ipv4Addr) {
        if u32::from(address) & !0xff != self.base {
            return;
        }
        let n = u32::from(address) & 0xff;
        self.taken[n as usize / 64] &= !(1 << (n % 64));
    }

    /// Takes all addresses back.
    pub fn clear(&mut self) {
        self.taken = [0; 4];
    }

    /// The first and the last address that may be given out, for messages.
    pub fn range(&self) -> (Ipv4Addr, Ipv4Addr) {
        (Ipv4Addr::from(self.base + 1), Ipv4Addr::from(self.base + 254))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_round() {
        let mut pool = AddressPool::new(Ipv4Addr::new(10, 244, 3, 0));
        let first = pool.reserve().expect("free");
        assert_eq!(first, Ipv4Addr::new(10, 244, 3, 2));
        pool.release(first);
        assert_eq!(pool.reserve(), Some(Ipv4Addr::new(10, 244, 3, 3)), "the next one, though the first is free");
        let rest: Vec<_> = std::iter::from_fn(|| pool.reserve()).collect();
        assert_eq!(rest.len(), 252);
        assert_eq!(rest.last(), Some(&first));
        pool.release(Ipv4Addr::new(10, 244, 3, 77));
        assert_eq!(pool.reserve(), Some(Ipv4Addr::new(10, 244, 3, 77)));
        assert_eq!(pool.reserve(), None);
    }
}
