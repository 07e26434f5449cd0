//! The network: what carries packets between pods, nodes and the world outside, and what is asked of it.
//!
//! Nothing here ticks. What a node's proxy, overlay and policy agent know at a moment follows from what the API server told (kept in
//! [`versions`] for as long as a node may still be behind) and from how far the node's agents are ([`agents`]). Rules, routes, names and walks
//! are worked out when somebody asks. So five thousand proxies cost nothing while nobody looks, and a change of a Service is worked out once
//! for all of them.
//!
//! - [`packet`], [`world`]: what is sent, and who is there. The physical truth comes from outside, through [`world::World`].
//! - [`versions`], [`agents`]: who knows what, and since when.
//! - [`overlay`], [`policy`]: what flannel and the enforcer of NetworkPolicies put into a node's kernel.
//! - [`interfaces`], [`conntrack`], [`walk`]: a packet's way, hop by hop.

pub mod agents;
pub mod config;
pub mod netfilter;
pub mod dns;
pub mod packet;
pub mod proxy;
pub mod conntrack;
pub mod interfaces;
pub mod overlay;
pub mod packet;
pub mod policy;
pub mod traffic;
pub mod versions;
pub mod walk;
pub mod world;

use crate::api::object::Kind;
use crate::client::view::View;
use crate::kernel::table::Index;
use crate::kernel::time::SimTime;
use crate::store::Change;
use agents::Agents;
use config::NetworkConfig;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The network of a cluster: how it is set up, what its agents were told, and how far each of them is.
#[derive(Clone, Debug)]
pub struct Network {
    seed: u64,
    config: Arc<NetworkConfig>,
    /// What the API server has told: the newest.
    view: View,
    agents: Agents,
    /// Nodes by their addresses.
    hosts: Index<Ipv4Addr, u32>,
    /// Whether name servers answer, as far as they are there.
    dns_answers: bool,
}

/// Whether the network follows objects of this kind.
pub fn follows(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Service | Kind::EndpointSlice | Kind::Node | Kind::Namespace | Kind::NetworkPolicy | Kind::Ingress | Kind::IngressClass
    )
}

impl Network {
    /// A network without nodes.
    pub fn new(seed: u64, config: NetworkConfig) -> Self {
        Network {
            seed,
            config: Arc::new(config),
            view: View::default(),
            agents: Agents::new(seed),
            hosts: Index::default(),
            dns_answers: true,
        }
    }

    /// How it is set up.
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// A node that is on, with its agents.
    pub fn add_node(&mut self, node: u32, address: Ipv4Addr, now: SimTime) {
        self.agents.add(node, now);
        self.hosts.insert(address, node);
    }

    /// The node that has an address on the underlay.
    pub fn host(&self, address: Ipv4Addr) -> Option<u32> {
        self.hosts.get(&address).copied()
    }

    /// How far the agents on each node are.
    pub fn agents(&self) -> &Agents {
        &self.agents
    }

    /// The same, to stop and start them.
    pub fn agents_mut(&mut self) -> &mut Agents {
        &mut self.agents
    }

    /// Whether name servers answer, as far as they are there.
    pub fn dns_answers(&self) -> bool {
        self.dns_answers
    }

    /// Breaks or mends the name servers.
    pub fn set_dns(&mut self, answers: bool) {
        self.dns_answers = answers;
    }

    /// A change that watchers hear of at `due`.
    pub fn learn(&mut self, change: &Change, due: SimTime) {
        let _ = due;
        if !follows(change.id.kind) {
            return;
        }
        self.view.apply(change);
    }
}
