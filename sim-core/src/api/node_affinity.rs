//! Which nodes a pod wants: `nodeSelector` and `affinity.nodeAffinity`, compiled. Mirrors `component-helpers/scheduling/corev1/nodeaffinity`,
//! v1.36. The scheduler asks it, and so does the DaemonSet controller.

use crate::api::meta::StrMap;
use crate::api::node::Node;
use crate::api::node_selector::Term;
use crate::api::pod::PodSpec;
use serde_json::Value;

/// Which nodes a pod wants, compiled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NodeAffinity {
    selector: StrMap,
    /// One of these must match; `None`: none is asked for.
    required: Option<Vec<Term>>,
    preferred: Vec<(u32, Term)>,
}

impl NodeAffinity {
    /// Compiles what the specification says.
    pub fn of(spec: &PodSpec) -> Self {
        let affinity = &spec.tree["affinity"]["nodeAffinity"];
        let required = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"].as_array();
        let preferred = affinity["preferredDuringSchedulingIgnoredDuringExecution"].as_array();
        let weighted = |tree: &Value| (tree["weight"].as_u64().unwrap_or(0).min(100) as u32, Term::from_tree(&tree["preference"]));
        NodeAffinity {
            selector: spec.node_selector.clone(),
            required: required.map(|terms| terms.iter().map(Term::from_tree).collect()),
            preferred: preferred.map_or_else(Vec::new, |terms| terms.iter().map(weighted).collect()),
        }
    }

    /// The same for a pod that a DaemonSet made for one node: what was required is replaced by that node's name, so only the selector and
    /// the preferences remain. `pkg/controller/daemon/util/daemonset_util.go`, ReplaceDaemonSetPodNodeNameNodeAffinity, v1.36.
    #[must_use]
    pub fn for_one_node(mut self) -> Self {
        self.required = None;
        self
    }

    /// Whether any node is refused.
    pub fn is_restrictive(&self) -> bool {
        !self.selector.is_empty() || self.required.is_some()
    }

    /// Whether some nodes are preferred.
    pub fn has_preferences(&self) -> bool {
        !self.preferred.is_empty()
    }

    /// Whether the node has what is required.
    pub fn matches(&self, node: &Node) -> bool {
        node.meta.labels.contains_all(&self.selector)
            && self.required.as_ref().is_none_or(|terms| terms.iter().any(|t| t.matches(&node.meta.name, &node.meta.labels)))
    }

    /// The names of the only nodes that can match, if every term names some, as those of a DaemonSet's pods do.
    pub fn names(&self) -> Option<Vec<&str>> {
        let terms = self.required.as_ref().filter(|terms| !terms.is_empty())?;
        let mut all = Vec::new();
        for term in terms {
            let (_, names) = term.names().iter().find(|(within, _)| *within)?;
            all.extend(names.iter().map(String::as_str));
        }
        Some(all)
    }

    /// The sum of the weights of the preferences that the node meets: the more the better.
    pub fn score(&self, node: &Node) -> u32 {
        self.preferred.iter().filter(|(_, term)| term.matches(&node.meta.name, &node.meta.labels)).map(|(weight, _)| weight).sum()
    }
}
