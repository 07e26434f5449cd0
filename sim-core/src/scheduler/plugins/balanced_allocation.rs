//! NodeResourcesBalancedAllocation: rather a node whose CPU and memory are used alike.
//! Mirrors `plugins/noderesources/balanced_allocation.go`, v1.36.
//!
//! Since v1.36 the score says how much the pod changes the balance: 75 is neutral, more is better than before, and it lies
//! between 50 and 100. Pods that request neither CPU nor memory are not scored.

/// Scores a node. `requested` is what its pods request, without and `with` the pod; CPU in thousandths and memory in bytes.
/// Resources that the node doesn't have are left out.
///
/// Worked example: 8 CPUs and 8 GiB, 2 CPUs and 4 GiB requested: fractions 0.25 and 0.5, standard deviation 0.125, balance 87.
/// A pod of 1 CPU makes 0.375 and 0.5: 0.0625, balance 93. Score: 50 + (50 + 93 − 87) / 2 = 78.
pub fn score(with: [i64; 2], requested: [i64; 2], allocatable: [i64; 2]) -> u32 {
    let change = 50 + balance(with, allocatable) - balance(requested, allocatable);
    // Both balances lie between 50 and 100, so the change is positive.
    (50 + change / 2).clamp(0, 100) as u32
}

/// 100 less the standard deviation of the used fractions, in percent.
fn balance(requested: [i64; 2], allocatable: [i64; 2]) -> i64 {
    if allocatable[0] == 0 || allocatable[1] == 0 {
        return 100;
    }
    let fraction = |i: usize| (requested[i] as f64 / allocatable[i] as f64).min(1.0);
    let deviation = ((fraction(0) - fraction(1)) / 2.0).abs();
    ((1.0 - deviation) * 100.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(with: [i64; 2], requested: [i64; 2], allocatable: [i64; 2], expected: u32) {
        assert_eq!(score(with, requested, allocatable), expected, "{requested:?} → {with:?} of {allocatable:?}");
    }

    #[test]
    fn a_pod_that_restores_balance_scores_above_75() {
        check([3000, 4 << 30], [2000, 4 << 30], [8000, 8 << 30], 78);
        check([1000, 1 << 30], [0, 0], [8000, 8 << 30], 75);
        check([8000, 0], [0, 0], [8000, 8 << 30], 50);
        check([8000, 8 << 30], [8000, 0], [8000, 8 << 30], 100);
        check([1000, 1], [0, 0], [8000, 0], 75);
    }
}
