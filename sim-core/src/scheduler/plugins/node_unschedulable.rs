//! NodeUnschedulable: no pods for cordoned nodes. Mirrors `plugins/nodeunschedulable/node_unschedulable.go`, v1.36.

use super::Rejection;
use crate::api::meta::Str;
use crate::api::node::Node;
use crate::api::pod::{Taint, TaintEffect, Toleration};

/// What the plugin says of a cordoned node.
pub const REASON: &str = "node(s) were unschedulable";

/// Rejects a cordoned node, unless the pod tolerates the taint that a cordoned node has.
pub fn filter(tolerations: &[Toleration], node: &Node) -> Rejection {
    if !node.unschedulable {
        return Rejection::NONE;
    }
    let taint = Taint { key: "node.kubernetes.io/unschedulable".into(), value: Str::EMPTY, effect: TaintEffect::NoSchedule, added: None };
    if tolerations.iter().any(|t| t.tolerates(&taint)) { Rejection::NONE } else { Rejection::UNSCHEDULABLE }
}
