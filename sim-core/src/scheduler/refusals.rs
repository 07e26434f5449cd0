//! Why no node will do, in the scheduler's words. Mirrors `pkg/scheduler/framework/types.go` (`FitError`) and
//! `framework/preemption/preemption.go`, v1.36.

use super::plugins::Rejection;
use std::collections::BTreeMap;

/// The nodes' rejections, counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusals {
    nodes: usize,
    counts: BTreeMap<Rejection, u32>,
    /// What a plugin said before any node was looked at: then it goes for all of them.
    beforehand: Option<String>,
}

impl Refusals {
    /// No rejections yet, of this many nodes.
    pub fn new(nodes: usize) -> Self {
        Refusals { nodes, counts: BTreeMap::new(), beforehand: None }
    }

    /// The pod's claims rule all nodes out, for this reason.
    pub fn by_claims(nodes: usize, why: String) -> Self {
        Refusals { nodes, counts: [(Rejection::CLAIMS, nodes as u32)].into(), beforehand: Some(why) }
    }

    /// One node more.
    pub fn add(&mut self, rejection: Rejection) {
        *self.counts.entry(rejection).or_default() += 1;
    }

    /// All that was said of any node.
    pub fn all(&self) -> Rejection {
        self.counts.keys().fold(Rejection::NONE, |all, rejection| all.and(*rejection))
    }

    /// The message of the FailedScheduling event and the PodScheduled condition.
    ///
    /// Preemption isn't simulated yet: nodes where it might help are said to have no victims.
    pub fn message(&self) -> String {
        if self.nodes == 0 {
            return "no nodes available to schedule pods".to_owned();
        }
        let nodes = self.nodes;
        if let Some(why) = &self.beforehand {
            // The last words are those of a plugin that looks for its own notes of this cycle and finds none (`framework/cycle_state.go`).
            return format!("0/{nodes} nodes are available: {why}. not found");
        }
        let mut reasons: BTreeMap<&str, u32> = BTreeMap::new();
        let mut helpless: BTreeMap<&str, u32> = BTreeMap::new();
        for (rejection, count) in &self.counts {
            for reason in rejection.reasons() {
                *reasons.entry(reason).or_default() += count;
            }
            let preemption = if rejection.is_resolvable() {
                "No preemption victims found for incoming pod"
            } else {
                "Preemption is not helpful for scheduling"
            };
            *helpless.entry(preemption).or_default() += count;
        }
        format!(
            "0/{nodes} nodes are available: {}. no new claims to deallocate, preemption: 0/{nodes} nodes are available: {}.",
            listed(&reasons),
            listed(&helpless)
        )
    }
}

/// Sorted as texts, the number in front: `1 Insufficient memory, 9 Insufficient cpu`.
fn listed(reasons: &BTreeMap<&str, u32>) -> String {
    let mut lines: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    lines.sort();
    lines.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_count_reasons_and_sort_them() {
        let mut refusals = Refusals::new(10);
        refusals.add(Rejection::TAINTS);
        (0..2).for_each(|_| refusals.add(Rejection::SPREAD));
        refusals.add(Rejection::PODS);
        (0..6).for_each(|_| refusals.add(Rejection::CPU.unresolvable()));
        assert_eq!(
            refusals.message(),
            "0/10 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint(s), 2 node(s) didn't match pod topology spread \
             constraints, 6 Insufficient cpu. no new claims to deallocate, preemption: 0/10 nodes are available: 3 No preemption victims \
             found for incoming pod, 7 Preemption is not helpful for scheduling."
        );
        assert_eq!(Refusals::new(0).message(), "no nodes available to schedule pods");
        let claims = Refusals::by_claims(3, "persistentvolumeclaim \"x\" not found".to_owned());
        assert_eq!(claims.message(), "0/3 nodes are available: persistentvolumeclaim \"x\" not found. not found");
        assert!(claims.all().meets(Rejection::VOLUMES));
    }
}
