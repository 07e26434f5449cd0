//! NodeAffinity: `nodeSelector` and `affinity.nodeAffinity`. Mirrors `plugins/nodeaffinity/node_affinity.go`, v1.36.

use super::Rejection;
use crate::api::node::Node;
use crate::api::node_affinity::NodeAffinity;

/// What the plugin says of a node that the pod doesn't want.
pub const REASON: &str = "node(s) didn't match Pod's node affinity/selector";

/// Rejects nodes that lack what is required.
pub fn filter(affinity: &NodeAffinity, node: &Node) -> Rejection {
    if affinity.matches(node) { Rejection::NONE } else { Rejection::AFFINITY }
}
