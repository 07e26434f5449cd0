//! NodeName: a pod that names its node goes there. Mirrors `plugins/nodename/node_name.go`, v1.36.

use super::Rejection;
use crate::api::node::Node;

/// What the plugin says of the other nodes.
pub const REASON: &str = "node(s) didn't match the requested node name";

/// Rejects all nodes but the one that the pod names. Such a pod is bound from the start, so this rarely speaks.
pub fn filter(wanted: &str, node: &Node) -> Rejection {
    if wanted.is_empty() || node.meta.name == wanted { Rejection::NONE } else { Rejection::NODE_NAME }
}
