//! Which of a port's endpoints a node sends to: ready ones, or failing these such as still serve while they go; all, those near by, or only
//! the node's own. Mirrors `pkg/proxy/topology.go`, v1.36.

use crate::api::meta::Str;
use crate::net::proxy::services::{Backend, ServicePort};

/// What a node's proxy knows of its own node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NodeFacts {
    /// Its name.
    pub name: Str,
    /// Its zone (`topology.kubernetes.io/zone`); empty if it has none.
    pub zone: Str,
}

/// Whose traffic it is, and by which of a Service's addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// To the cluster IP.
    Internal,
    /// From outside to an external address: a node port, a load balancer's, an external IP.
    External,
    /// To an external address, but by a pod or by the node itself. No policy applies: it is as if it had gone out and come in again at a
    /// node that has endpoints.
    ShortCircuit,
}

/// A port's endpoints as one node sees them, by their places in [`ServicePort::endpoints`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reachable {
    /// For traffic under the policy Cluster.
    pub cluster: Vec<usize>,
    /// For traffic under the policy Local.
    pub local: Vec<usize>,
    /// Whether anything can be reached from anywhere.
    pub any: bool,
}

impl Reachable {
    /// Those of either list, in order.
    pub fn all(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self.cluster.iter().chain(&self.local).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What becomes of a connection to a Service's port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It goes to one of these, each as likely as the others.
    Choose(Vec<usize>),
    /// It is refused: there are no endpoints anywhere.
    Reject,
    /// It goes nowhere: there are endpoints, but the policy Local allows none of them here.
    Drop,
}

/// Nearness: what hints ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Nearness {
    Anywhere,
    SameZone,
    SameNode,
}

impl ServicePort {
    /// Whether anything is ever sent by the policy Cluster: traffic from inside, or short circuits.
    pub fn uses_cluster_endpoints(&self) -> bool {
        !self.internal_local || self.is_external()
    }

    /// Whether anything is ever sent by the policy Local.
    pub fn uses_local_endpoints(&self) -> bool {
        self.internal_local || (self.external_local && self.is_external())
    }

    /// Its endpoints as a node sees them. Upstream's CategorizeEndpoints.
    pub fn reachable(&self, node: &NodeFacts) -> Reachable {
        let endpoints = self.endpoints();
        let mut found = Reachable::default();
        if self.uses_cluster_endpoints() {
            let nearness = nearness(endpoints, node);
            found.cluster = filter(endpoints, |backend| backend.ready && near(backend, nearness, node));
            if found.cluster.is_empty() {
                found.cluster = filter(endpoints, going);
            }
            found.any = !found.cluster.is_empty();
        }
        if self.uses_local_endpoints() {
            let local = |backend: &Backend| !node.name.is_empty() && backend.node == node.name;
            found.any |= endpoints.iter().any(|backend| backend.ready || going(backend));
            found.local = filter(endpoints, |backend| local(backend) && backend.ready);
            if found.local.is_empty() {
                found.local = filter(endpoints, |backend| local(backend) && going(backend));
            }
        }
        found
    }

    /// What becomes of a connection on a node.
    pub fn fate(&self, node: &NodeFacts, origin: Origin) -> Fate {
        let found = self.reachable(node);
        let local = match origin {
            Origin::Internal => self.internal_local,
            Origin::External => self.external_local,
            Origin::ShortCircuit => false,
        };
        match if local { found.local } else { found.cluster } {
            _ if !found.any => Fate::Reject,
            none if none.is_empty() => Fate::Drop,
            some => Fate::Choose(some),
        }
    }

    /// The same where the proxy uses IPVS: a virtual server knows no short circuits, and one without endpoints on the node takes those of
    /// other nodes rather than none (`pkg/proxy/ipvs/proxier.go`, syncEndpoint).
    pub fn fate_by_ipvs(&self, node: &NodeFacts, origin: Origin) -> Fate {
        let found = self.reachable(node);
        let local = match origin {
            Origin::Internal => self.internal_local,
            Origin::External | Origin::ShortCircuit => self.external_local,
        };
        let some = if local && !found.local.is_empty() { found.local } else { found.cluster };
        if some.is_empty() { Fate::Reject } else { Fate::Choose(some) }
    }

    /// The backends of which one is chosen, each as likely as the others; none if the connection is refused or dropped.
    pub fn choices(&self, node: &NodeFacts, origin: Origin) -> Vec<usize> {
        match self.fate(node, origin) {
            Fate::Choose(among) => among,
            Fate::Reject | Fate::Drop => Vec::new(),
        }
    }
}

fn filter(endpoints: &[Backend], keep: impl Fn(&Backend) -> bool) -> Vec<usize> {
    endpoints.iter().enumerate().filter(|(_, backend)| keep(backend)).map(|(at, _)| at).collect()
}

/// Still serving, though on its way out: it gets traffic when nobody else can take it.
fn going(backend: &Backend) -> bool {
    !backend.ready && backend.serving && backend.terminating
}

/// Hints count only if every ready endpoint has some, and one is for this node, or else for its zone. Upstream's topologyModeFromHints.
fn nearness(endpoints: &[Backend], node: &NodeFacts) -> Nearness {
    let usable = |hints: fn(&Backend) -> &[Str], here: &Str| {
        let mut ready = endpoints.iter().filter(|backend| backend.ready).map(hints).peekable();
        ready.peek().is_some() && ready.clone().all(|hints| !hints.is_empty()) && ready.any(|hints| hints.contains(here))
    };
    if usable(|backend| &backend.node_hints, &node.name) {
        Nearness::SameNode
    } else if usable(|backend| &backend.zone_hints, &node.zone) {
        Nearness::SameZone
    } else {
        Nearness::Anywhere
    }
}

fn near(backend: &Backend, nearness: Nearness, node: &NodeFacts) -> bool {
    match nearness {
        Nearness::Anywhere => true,
        Nearness::SameZone => backend.zone_hints.contains(&node.zone),
        Nearness::SameNode => backend.node_hints.contains(&node.name),
    }
}
