//! How the kernel shares a node's CPU among containers, and whom it kills when memory runs out. Pure: asked for when somebody looks.
//!
//! Mirrors `pkg/kubelet/cm/helpers_linux.go` (MilliCPUToShares, MilliCPUToQuota) and `pkg/kubelet/qos/policy.go`, v1.36, and what cgroups
//! make of those numbers. Left out: the groups per quality of service above the pods' own. Without them all BestEffort pods together may
//! get a little more than the weight of two shares.

use crate::kernel::time::SimDuration;

/// The least weight in shares: `MinShares`. BestEffort containers have it.
const SHARES_MIN: u64 = 2;
/// The weight of one CPU: `SharesPerCPU`.
const SHARES_PER_CPU: u64 = 1024;

/// What a container wants of a node's CPU and what it may have, in thousandths of a CPU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// What its process would use if it were alone.
    pub demand: u64,
    /// What was requested: the weight when there isn't enough for all.
    pub request: u64,
    /// The quota: never more than this; 0: no limit.
    pub limit: u64,
}

impl Claim {
    /// The weight among others: `MilliCPUToShares`. 500m are 512 shares.
    pub fn shares(self) -> u64 {
        (self.request * SHARES_PER_CPU / 1000).max(SHARES_MIN)
    }

    /// What it wants within its quota.
    fn wanted(self) -> u64 {
        if self.limit == 0 { self.demand } else { self.demand.min(self.limit) }
    }
}

/// What each container gets of `capacity`: what it wants, or its part by weight of what those leave that want less than theirs.
///
/// A node of 1000m: A requests 100m and wants 900m, B requests 300m and wants 900m. They get 250m and 750m.
pub fn cpu_shares(claims: &[Claim], capacity: u64) -> Vec<u64> {
    let mut granted: Vec<Option<u64>> = vec![None; claims.len()];
    let mut left = capacity;
    loop {
        let open = || claims.iter().zip(&granted).filter(|(_, granted)| granted.is_none());
        let weights: u64 = open().map(|(claim, _)| claim.shares()).sum();
        let part = |claim: &Claim| (u128::from(left) * u128::from(claim.shares()) / u128::from(weights.max(1))) as u64;
        let content: Vec<bool> = claims.iter().zip(&granted).map(|(c, g)| g.is_none() && c.wanted() <= part(c)).collect();
        if !content.contains(&true) {
            // Nobody is content: the rest is shared by weight.
            return claims.iter().zip(&granted).map(|(claim, granted)| granted.unwrap_or_else(|| part(claim))).collect();
        }
        for (index, _) in content.iter().enumerate().filter(|(_, content)| **content) {
            granted[index] = Some(claims[index].wanted());
            left = left.saturating_sub(claims[index].wanted());
        }
    }
}

/// How much longer work takes that wants `demand` and gets `granted`. Half of what it wants: twice as long.
pub fn slowed(work: SimDuration, demand: u64, granted: u64) -> SimDuration {
    if demand <= granted {
        return work;
    }
    let nanos = u128::from(work.as_nanos()) * u128::from(demand) / u128::from(granted.max(1));
    SimDuration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// How willingly a container is killed when the node has no memory left: `GetContainerOOMScoreAdjust`. The more of the node's memory was
/// requested, the less willingly: of 16 GiB, 4 GiB make 1000 − 250 = 750.
pub fn oom_score_adjust(qos_class: &str, node_critical: bool, request: u64, capacity: u64) -> i64 {
    const GUARANTEED: i64 = -997;
    match qos_class {
        _ if node_critical => GUARANTEED,
        "Guaranteed" => GUARANTEED,
        "BestEffort" => 1000,
        _ => (1000 - (1000 * u128::from(request) / u128::from(capacity.max(1))) as i64).clamp(1000 + GUARANTEED, 999),
    }
}

/// The kernel's badness of a process: the thousandths of the node's memory that it uses, and the adjustment.
pub fn oom_score(memory: u64, capacity: u64, adjust: i64) -> i64 {
    (u128::from(memory) * 1000 / u128::from(capacity.max(1))) as i64 + adjust
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(claims: &[(u64, u64, u64)], capacity: u64, expected: &[u64]) {
        let claims: Vec<Claim> =
            claims.iter().map(|(demand, request, limit)| Claim { demand: *demand, request: *request, limit: *limit }).collect();
        assert_eq!(cpu_shares(&claims, capacity), expected);
    }

    #[test]
    fn cpu_is_shared_by_weight_and_never_wasted() {
        check(&[(900, 125, 0), (900, 375, 0)], 1000, &[250, 750]);
        // The second wants less than its part: the first gets what is left.
        check(&[(900, 125, 0), (100, 375, 0)], 1000, &[900, 100]);
        check(&[(900, 100, 200), (900, 100, 0)], 1000, &[200, 800]);
        check(&[(2000, 0, 0)], 1000, &[1000]);
        check(&[(5, 0, 0), (5, 0, 0)], 1000, &[5, 5]);
        check(&[], 1000, &[]);
        let second = SimDuration::from_secs(1);
        assert_eq!(slowed(second, 1000, 250), SimDuration::from_secs(4));
        assert_eq!(slowed(second, 100, 250), second);
    }

    #[test]
    fn whom_the_kernel_kills() {
        let gib = 1u64 << 30;
        assert_eq!(oom_score_adjust("Burstable", false, 4 * gib, 16 * gib), 750);
        assert_eq!(oom_score_adjust("Burstable", false, 0, 16 * gib), 999);
        assert_eq!(oom_score_adjust("Burstable", false, 16 * gib, 16 * gib), 3);
        assert_eq!(oom_score_adjust("BestEffort", false, 0, gib), 1000);
        assert_eq!(oom_score_adjust("Guaranteed", false, gib, gib), -997);
        assert_eq!(oom_score_adjust("BestEffort", true, 0, gib), -997);
        assert_eq!(oom_score(gib / 2, gib, 750), 1250);
    }
}
