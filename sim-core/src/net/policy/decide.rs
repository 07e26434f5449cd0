//! Whether policies let a packet through.

use crate::net::packet::Protocol;
use crate::net::policy::{Allow, Peer, Policies, Policy, Port, PortNumber};
use crate::net::world::Sandbox;
use std::fmt;
use std::net::Ipv4Addr;

/// A direction of traffic, as the isolated pod sees it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Way {
    /// To it.
    Ingress,
    /// From it.
    Egress,
}

impl Way {
    /// As policies spell it, small.
    pub const fn as_str(self) -> &'static str {
        match self {
            Way::Ingress => "ingress",
            Way::Egress => "egress",
        }
    }
}

/// Somebody who talks.
#[derive(Clone, Copy, Debug)]
pub struct Party<'a> {
    /// The address that the packet shows.
    pub address: Ipv4Addr,
    /// The pod that has it. Pods in their node's network have no address of their own: to policies they are just addresses.
    pub pod: Option<&'a Sandbox>,
}

/// A conversation's first packet.
#[derive(Clone, Copy)]
pub struct Talk<'a> {
    /// Who begins.
    pub from: Party<'a>,
    /// With whom.
    pub to: Party<'a>,
    /// By what protocol.
    pub protocol: Protocol,
    /// On which port.
    pub port: u16,
    /// The number of a port that a pod's containers name.
    pub port_named: &'a dyn Fn(u32, Protocol, &str) -> Option<u16>,
}

/// What policies say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// No policy is about the pod in this direction.
    NotIsolated,
    /// A rule allows it.
    Allowed {
        /// The policy: `default/web`.
        policy: String,
        /// Which of its rules for this direction, from 1.
        rule: usize,
    },
    /// Policies isolate the pod, and no rule of theirs allows it.
    Denied(Denial),
}

/// That policies forbid something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Denial {
    /// The pod that they isolate: `pod/db-0`.
    pub pod: String,
    /// In which direction.
    pub way: Way,
    /// The policies, in order of their names.
    pub policies: Vec<String>,
    /// Who talks to it, or whom it talks to.
    pub peer: String,
    /// By what protocol.
    pub protocol: Protocol,
    /// On which port.
    pub port: u16,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subject, verb, whose) = match self.policies.len() {
            1 => ("NetworkPolicy", "isolates", "no rule of it"),
            _ => ("NetworkPolicies", "isolate", "no rule of theirs"),
        };
        write!(f, "{subject} {} {verb} {} for {}, and {whose} allows ", self.policies.join(" and "), self.pod, self.way.as_str())?;
        match self.way {
            Way::Ingress => write!(f, "{} to reach ", self.peer)?,
            Way::Egress => write!(f, "it to reach {} on ", self.peer)?,
        }
        if self.protocol == Protocol::Icmp { f.write_str("it by ICMP") } else { write!(f, "{}/{}", self.port, self.protocol.in_api()) }
    }
}

/// `pod/db-0`, or the bare address of who is no pod.
fn name_of(party: Party<'_>) -> String {
    match party.pod {
        Some(pod) if *pod.namespace == *"default" => format!("pod/{}", pod.name),
        Some(pod) => format!("pod/{}/{}", pod.namespace, pod.name),
        None => party.address.to_string(),
    }
}

impl Policies {
    /// Whether a conversation may begin, as far as one direction of one of the two goes: `Ingress` is about whom it is with, `Egress` about who
    /// begins it. Answers need no decision.
    pub fn decide(&self, way: Way, talk: &Talk<'_>) -> Decision {
        let (own, peer) = match way {
            Way::Ingress => (talk.to, talk.from),
            Way::Egress => (talk.from, talk.to),
        };
        let Some(pod) = own.pod.filter(|pod| !pod.host_network) else { return Decision::NotIsolated };
        let mut isolating = Vec::new();
        for policy in self.in_namespace(&pod.namespace).filter(|policy| policy.selects.matches(&pod.labels)) {
            let rules = match way {
                Way::Ingress => &policy.ingress,
                Way::Egress => &policy.egress,
            };
            let Some(rules) = rules else { continue };
            if let Some(rule) = rules.iter().position(|rule| self.allows(policy, rule, peer, talk)) {
                return Decision::Allowed { policy: policy.full_name(), rule: rule + 1 };
            }
            isolating.push(policy.full_name());
        }
        if isolating.is_empty() {
            return Decision::NotIsolated;
        }
        let (protocol, port) = (talk.protocol, talk.port);
        Decision::Denied(Denial { pod: name_of(own), way, policies: isolating, peer: name_of(peer), protocol, port })
    }

    fn allows(&self, policy: &Policy, rule: &Allow, peer: Party<'_>, talk: &Talk<'_>) -> bool {
        let of_peer = rule.peers.is_empty() || rule.peers.iter().any(|wanted| self.is_peer(policy, wanted, peer));
        of_peer && (rule.ports.is_empty() || rule.ports.iter().any(|port| port.matches(talk)))
    }

    fn is_peer(&self, policy: &Policy, wanted: &Peer, peer: Party<'_>) -> bool {
        match wanted {
            Peer::Nobody => false,
            Peer::Block { cidr, except } => cidr.contains(peer.address) && !except.iter().any(|part| part.contains(peer.address)),
            Peer::Pods { namespaces, pods } => {
                let Some(pod) = peer.pod.filter(|pod| !pod.host_network) else { return false };
                let in_namespace = match namespaces {
                    None => pod.namespace == policy.namespace,
                    Some(selector) => self.namespaces.get(&pod.namespace).is_some_and(|labels| selector.matches(labels)),
                };
                in_namespace && pods.matches(&pod.labels)
            }
        }
    }
}

impl Port {
    /// A port's name is looked up in the pod that is talked to.
    fn matches(&self, talk: &Talk<'_>) -> bool {
        self.protocol == talk.protocol
            && match &self.number {
                PortNumber::Any => true,
                PortNumber::Range(first, last) => (*first..=*last).contains(&talk.port),
                PortNumber::Named(name) => {
                    talk.to.pod.and_then(|pod| (talk.port_named)(pod.pod, talk.protocol, name)).is_some_and(|number| number == talk.port)
                }
            }
    }
}
