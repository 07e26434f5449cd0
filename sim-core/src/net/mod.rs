//! The network: what carries packets between pods, nodes and the world outside, and what is asked of it.
//!
//! Nothing here ticks. What a node's proxy, overlay and policy agent know at a moment follows from what the API server told (kept in
//! [`versions`] for as long as a node may still be behind) and from how far the node's agents are ([`agents`]). Rules, routes, names and walks
//! are worked out when somebody asks. So five thousand proxies cost nothing while nobody looks, and a change of a Service is worked out once
//! for all of them.
//!
//! - [`packet`], [`world`]: what is sent, and who is there. The physical truth comes from outside, through [`world::World`].
//! - [`versions`], [`agents`]: who knows what, and since when.
//! - [`proxy`], [`netfilter`]: kube-proxy, and the rules that it writes.
//! - [`overlay`], [`policy`]: what flannel and the enforcer of NetworkPolicies put into a node's kernel.
//! - [`interfaces`], [`conntrack`], [`walk`]: a packet's way, hop by hop.
//! - [`dns`]: what names stand for. [`traffic`]: simulated clients, and what becomes of their requests.

pub mod agents;
pub mod config;
pub mod conntrack;
pub mod dns;
pub mod gateway;
pub mod ingress;
pub mod interfaces;
pub mod netfilter;
pub mod overlay;
pub mod packet;
pub mod policy;
pub mod proxy;
pub mod traffic;
pub mod versions;
pub mod walk;
pub mod world;

use crate::api::meta::Str;
use crate::api::object::{Kind, ObjectId};
use crate::client::view::View;
use crate::kernel::table::Index;
use crate::kernel::time::SimTime;
use crate::store::Change;
use agents::{Agent, Agents};
use config::{Backend, NetworkConfig};
use gateway::routes::Gateway;
use ingress::RELOAD;
use ingress::rules::Rules;
use overlay::Leases;
use policy::Policies;
use proxy::services::Services;
use proxy::topology::NodeFacts;
use std::net::Ipv4Addr;
use std::sync::Arc;
use versions::Versions;

/// The label that names a node's zone.
const ZONE: &str = "topology.kubernetes.io/zone";

/// The network of a cluster: how it is set up, what its agents were told, and how far each of them is.
#[derive(Clone, Debug)]
pub struct Network {
    seed: u64,
    config: Arc<NetworkConfig>,
    /// What the API server has told: the newest.
    view: View,
    services: Services,
    /// What proxies write, from each sync on.
    synced: Versions<Services>,
    leases: Leases,
    leased: Versions<Leases>,
    policies: Policies,
    enforced: Versions<Policies>,
    /// What becomes of requests by their hosts and paths, by what the API server has told.
    routing: Arc<Routing>,
    /// What the ingress controller and the Gateways' pods go by, from each reload on.
    reloaded: Versions<Arc<Routing>>,
    agents: Agents,
    /// Nodes by their addresses.
    hosts: Index<Ipv4Addr, u32>,
    /// Whether name servers answer, as far as they are there.
    dns_answers: bool,
    /// Counts what was learnt: a new number, and nothing that was worked out before holds.
    epoch: u64,
}

/// What becomes of requests by their hosts and paths.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Routing {
    /// What the ingress controller makes of Ingresses.
    pub ingress: Rules,
    /// What the pods of each Gateway make of its routes.
    pub gateways: Vec<Gateway>,
}

/// Whether the network follows objects of this kind.
pub fn follows(kind: Kind) -> bool {
    let is_known = matches!(kind, Kind::Service | Kind::EndpointSlice | Kind::Node | Kind::Namespace | Kind::NetworkPolicy);
    is_known || routes(kind)
}

/// Whether objects of this kind say where requests go.
fn routes(kind: Kind) -> bool {
    matches!(kind, Kind::Ingress | Kind::IngressClass | Kind::GatewayClass | Kind::Gateway | Kind::HTTPRoute)
}

impl Network {
    /// A network without nodes.
    pub fn new(seed: u64, config: NetworkConfig) -> Self {
        // In the beginning nobody had heard of anything: who stopped hearing then goes by that.
        let mut enforced = Versions::default();
        enforced.push(SimTime::ZERO, Policies::default());
        Network {
            seed,
            config: Arc::new(config),
            view: View::default(),
            services: Services::default(),
            synced: Versions::default(),
            leases: Leases::new(seed),
            leased: Versions::default(),
            policies: Policies::default(),
            enforced,
            routing: Arc::default(),
            reloaded: Versions::default(),
            agents: Agents::new(seed),
            hosts: Index::default(),
            dns_answers: true,
            epoch: 0,
        }
    }

    /// The run's seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How it is set up.
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// What the API server has told.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// A node that is on, with its agents.
    pub fn add_node(&mut self, node: u32, address: Ipv4Addr, now: SimTime) {
        self.agents.add(node, now);
        self.hosts.insert(address, node);
    }

    /// A node registers anew, under another number. What its agents have written stays; how quick they are is another matter now.
    pub fn renumber(&mut self, old: u32, new: u32) {
        self.epoch += 1;
        self.agents.renumber(old, new);
        let addresses: Vec<Ipv4Addr> = self.hosts.iter().filter(|(_, node)| **node == old).map(|(address, _)| *address).collect();
        for address in addresses {
            self.hosts.insert(address, new);
        }
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
        self.epoch += 1;
        &mut self.agents
    }

    /// Whether name servers answer, as far as they are there.
    pub fn dns_answers(&self) -> bool {
        self.dns_answers
    }

    /// Breaks or mends the name servers.
    pub fn set_dns(&mut self, answers: bool) {
        self.dns_answers = answers;
        self.epoch += 1;
    }

    /// A change that watchers hear of at `due`. The cache and everything made of it are ahead by the time that a watch takes; what agents
    /// go by is not.
    pub fn learn(&mut self, change: &Change, due: SimTime) {
        if !follows(change.id.kind) {
            return;
        }
        self.epoch += 1;
        self.view.apply(change);
        if self.services.learn(&self.view, change) {
            let sync = next_sync(self.synced.last_at(), due, self.config.min_sync_period);
            self.synced.push(sync, self.services.clone());
        }
        if self.leases.learn(&self.view, change) {
            self.leased.push(due, self.leases.clone());
        }
        self.learn_routing(change, due);
        if self.policies.learn(&self.view, change) {
            self.enforced.push(due, self.policies.clone());
        }
        if self.synced.len() + self.leased.len() + self.enforced.len() + self.reloaded.len() > KEPT {
            let oldest = self.agents.oldest(change.at);
            self.synced.forget_before(oldest);
            self.leased.forget_before(oldest);
            self.enforced.forget_before(oldest);
            self.reloaded.forget_before(oldest);
        }
    }

    /// A change of what says where requests go is in force with the next reload; of a status, nobody need know.
    fn learn_routing(&mut self, change: &Change, due: SimTime) {
        // Listeners may choose routes by the labels of their namespaces.
        let may_admit = change.id.kind == Kind::Namespace && self.view.has(Kind::Gateway);
        if !routes(change.id.kind) && !may_admit {
            return;
        }
        let routing = Routing { ingress: Rules::of(&self.view), gateways: gateway::routes::gateways(&self.view) };
        if self.reloaded.is_empty() || routing != *self.routing {
            self.routing = Arc::new(routing);
            self.reloaded.push(due + RELOAD, self.routing.clone());
        }
    }

    /// The Services that a node's proxy has written into its kernel; `None` if it hasn't run since the node's boot.
    pub fn services(&self, node: u32, now: SimTime) -> Option<&Services> {
        self.synced.at(self.agents.horizon(node, Agent::Proxy, now)?)
    }

    /// Since when a node's kernel goes by the Services that it goes by.
    pub fn services_since(&self, node: u32, now: SimTime) -> Option<SimTime> {
        let horizon = self.agents.horizon(node, Agent::Proxy, now)?;
        self.synced.since(horizon).map(|at| at + self.agents.lag(node, Agent::Proxy))
    }

    /// The Services as a proxy would write them that has heard everything.
    pub fn newest_services(&self) -> &Services {
        &self.services
    }

    /// The leases that a node's flanneld has written; `None` if it hasn't run since the node's boot.
    pub fn leases(&self, node: u32, now: SimTime) -> Option<&Leases> {
        if self.config.backend == Backend::None {
            return None;
        }
        self.leased.at(self.agents.horizon(node, Agent::Flannel, now)?)
    }

    /// The policies that are enforced on a node; `None` if nobody does.
    pub fn policies(&self, node: u32, now: SimTime) -> Option<&Policies> {
        if !self.config.policies {
            return None;
        }
        self.enforced.at(self.agents.horizon(node, Agent::Policy, now)?)
    }

    /// What becomes of requests by their hosts and paths, by what the API server has told: who is to be asked.
    pub fn newest_routing(&self) -> &Routing {
        &self.routing
    }

    /// The same as the ingress controller and the Gateways' pods go by; `None`: they have loaded no rules yet.
    pub fn routing(&self, now: SimTime) -> Option<&Routing> {
        self.reloaded.at(now).filter(|_| self.reloaded.since(now).is_some_and(|since| since <= now)).map(|routing| &**routing)
    }

    /// When they reload next, by what is known now; [`SimTime::MAX`]: never.
    pub fn next_reload(&self, now: SimTime) -> SimTime {
        self.reloaded.next_after(now).unwrap_or(SimTime::MAX)
    }

    /// When, after `now`, the kernel of a node will next go by something else, by what is known now; [`SimTime::MAX`]: never.
    pub fn next_change(&self, node: u32, now: SimTime) -> SimTime {
        let next = |agent: Agent, after: &dyn Fn(SimTime) -> Option<SimTime>| {
            let follows = self.agents.follows(node, agent, now);
            let change = |horizon| after(horizon).map(|at| at + self.agents.lag(node, agent));
            match follows {
                Some(_) => self.agents.horizon(node, agent, now).and_then(change),
                None => self.agents.begins(node, agent, now),
            }
        };
        let all = [
            next(Agent::Proxy, &|at| self.synced.next_after(at)),
            next(Agent::Flannel, &|at| self.leased.next_after(at)),
            next(Agent::Policy, &|at| self.enforced.next_after(at)),
        ];
        all.into_iter().flatten().min().unwrap_or(SimTime::MAX)
    }

    /// When the last node's kernel goes by everything that was told until now, as far as its agents run.
    pub fn settled_at(&self) -> SimTime {
        let told = [self.synced.last_at(), self.leased.last_at(), self.enforced.last_at()].into_iter().flatten().max();
        told.map_or(SimTime::ZERO, |told| told + Agents::LAG_MAX)
    }

    /// What a node's proxy knows of its own node.
    pub fn facts(&self, node: u32) -> NodeFacts {
        let object = self.view.get(ObjectId { kind: Kind::Node, number: node });
        object.map_or_else(NodeFacts::default, |object| NodeFacts {
            name: object.meta().name.clone(),
            zone: object.meta().labels.get(ZONE).cloned().unwrap_or(Str::EMPTY),
        })
    }

    /// A number that changes whenever something was learnt, or an agent stopped or started.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// How many versions may be kept before those are let go that nobody goes by any more.
const KEPT: u64 = 64;

/// When a proxy writes what it hears of at `due`: at once, or when its least period is over; then together with what it heard meanwhile.
/// `pkg/proxy/runner/bounded_frequency_runner.go`, v1.36.
fn next_sync(last: Option<SimTime>, due: SimTime, period: crate::kernel::time::SimDuration) -> SimTime {
    match last {
        None => due,
        Some(planned) if planned > due => planned,
        Some(last) => due.max(last + period),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SimDuration;

    #[test]
    fn changes_within_a_period_are_written_together() {
        let at = |millis: u64| SimTime::ZERO + SimDuration::from_millis(millis);
        let period = SimDuration::from_secs(1);
        let mut last = None;
        let mut syncs = Vec::new();
        for due in [0, 100, 900, 1_500, 4_000] {
            last = Some(next_sync(last, at(due), period));
            syncs.push(last.map_or(0, |at| at.since(SimTime::ZERO).as_millis()));
        }
        assert_eq!(syncs, [0, 1_000, 1_000, 2_000, 4_000]);
    }
}
