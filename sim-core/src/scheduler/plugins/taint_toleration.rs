//! TaintToleration: taints keep pods away, or nearly. Mirrors `plugins/tainttoleration/taint_toleration.go`, v1.36.

use super::Rejection;
use crate::api::pod::{Taint, TaintEffect, Toleration};

/// What the plugin says of a node with a taint that the pod doesn't tolerate.
pub const REASON: &str = "node(s) had untolerated taint(s)";

/// Rejects nodes with a NoSchedule or NoExecute taint that the pod doesn't tolerate.
pub fn filter(tolerations: &[Toleration], taints: &[Taint]) -> Rejection {
    let hard = |taint: &&Taint| taint.effect != TaintEffect::PreferNoSchedule;
    let tolerated = |taint: &Taint| tolerations.iter().any(|t| t.tolerates(taint));
    if taints.iter().filter(hard).all(tolerated) { Rejection::NONE } else { Rejection::TAINTS }
}

/// How many PreferNoSchedule taints the pod doesn't tolerate: the fewer the better.
pub fn score(tolerations: &[Toleration], taints: &[Taint]) -> u32 {
    let soft = |taint: &&Taint| taint.effect == TaintEffect::PreferNoSchedule;
    taints.iter().filter(soft).filter(|taint| !tolerations.iter().any(|t| t.tolerates(taint))).count() as u32
}
