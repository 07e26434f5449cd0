//! NetworkPolicies: who may talk to which pod, and to whom a pod may talk.
//!
//! Meaning: `staging/src/k8s.io/api/networking/v1/types.go`, v1.36. A pod that no policy selects takes and sends everything. One that is
//! selected for a direction is isolated in it: only what some rule of some of these policies allows gets through, and answers to that. flannel
//! enforces nothing; an agent beside it does, as kube-router does in k3s (`pkg/controllers/netpol` there): by chains of each node's filter
//! table, which know pods by their addresses, reject what isn't allowed, and let a node reach its own pods always.
//! Left out: `SCTP` where a node's kernel lacks it, IPv6. [`decide`](Policies::decide) has the rules.

mod decide;

pub use decide::{Decision, Denial, Party, Talk, Way};

use crate::api::meta::{Str, StrMap};
use crate::api::object::{Kind, Object};
use crate::api::selector::Selector;
use crate::client::view::View;
use crate::kernel::table::Index;
use crate::net::packet::{Cidr, Protocol};
use crate::store::{Change, Verb};
use serde_json::Value;
use std::sync::Arc;

/// A NetworkPolicy, compiled.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    /// Its namespace: the policy is about pods there.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// The pods that it is about.
    selects: Selector,
    /// What may come in; `None`: it doesn't say.
    ingress: Option<Vec<Allow>>,
    /// What may go out; `None`: it doesn't say.
    egress: Option<Vec<Allow>>,
}

/// A rule: all of these may talk on all of these ports.
#[derive(Clone, PartialEq, Debug)]
struct Allow {
    /// Empty: everybody.
    peers: Vec<Peer>,
    /// Empty: all ports, and what has no ports.
    ports: Vec<Port>,
}

/// Whom a rule is about.
#[derive(Clone, PartialEq, Debug)]
enum Peer {
    /// Pods.
    Pods {
        /// In which namespaces; `None`: in the policy's own.
        namespaces: Option<Selector>,
        /// Which of them.
        pods: Selector,
    },
    /// Addresses.
    Block {
        /// These.
        cidr: Cidr,
        /// But not those.
        except: Vec<Cidr>,
    },
    /// Addresses of another family, or a selector that can't be read: nobody.
    Nobody,
}

/// Which ports a rule is about.
#[derive(Clone, PartialEq, Debug)]
struct Port {
    protocol: Protocol,
    number: PortNumber,
}

#[derive(Clone, PartialEq, Debug)]
enum PortNumber {
    Any,
    /// From the first to the last.
    Range(u16, u16),
    /// Of the pod that is talked to.
    Named(Str),
}

impl Policy {
    /// Reads the tree of a NetworkPolicy's `spec`.
    fn compile(namespace: &Str, name: &Str, spec: &Value) -> Policy {
        let types: Vec<&str> = spec["policyTypes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        // As the API server fills it in: always what comes in, and what goes out if there are rules for it.
        let is_of = |kind: &str, field: &str| {
            if types.is_empty() {
                kind == "Ingress" || spec[field].as_array().is_some_and(|rules| !rules.is_empty())
            } else {
                types.contains(&kind)
            }
        };
        let rules = |kind: &str, field: &str, peers: &str| {
            let all = || spec[field].as_array().into_iter().flatten();
            is_of(kind, field).then(|| all().map(|rule| Allow::compile(rule, peers)).collect())
        };
        Policy {
            namespace: namespace.clone(),
            name: name.clone(),
            selects: selector(&spec["podSelector"]).unwrap_or_default(),
            ingress: rules("Ingress", "ingress", "from"),
            egress: rules("Egress", "egress", "to"),
        }
    }

    /// `default/deny-all`
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// `None` if there is none. One that can't be read selects nothing.
fn selector(tree: &Value) -> Option<Selector> {
    (!tree.is_null()).then(|| Selector::from_label_selector(tree).unwrap_or_else(|_| Selector::nothing()))
}

impl Allow {
    fn compile(rule: &Value, peers: &str) -> Allow {
        let list = |field: &str| rule[field].as_array().into_iter().flatten();
        Allow { peers: list(peers).map(Peer::compile).collect(), ports: list("ports").filter_map(Port::compile).collect() }
    }
}

impl Peer {
    fn compile(tree: &Value) -> Peer {
        let block = &tree["ipBlock"];
        if block.is_null() {
            let (pods, namespaces) = (selector(&tree["podSelector"]), selector(&tree["namespaceSelector"]));
            return Peer::Pods { namespaces, pods: pods.unwrap_or_default() };
        }
        let cidr = |tree: &Value| tree.as_str().and_then(Cidr::parse);
        let except = block["except"].as_array().into_iter().flatten().filter_map(cidr).collect();
        cidr(&block["cidr"]).map_or(Peer::Nobody, |cidr| Peer::Block { cidr, except })
    }
}

impl Port {
    fn compile(tree: &Value) -> Option<Port> {
        let number = |field: &str| tree[field].as_u64().and_then(|number| u16::try_from(number).ok());
        let protocol = Protocol::of_port(tree["protocol"].as_str().unwrap_or("TCP"))?;
        let number = match &tree["port"] {
            Value::Null => PortNumber::Any,
            Value::String(name) => PortNumber::Named(Str::from(name.clone())),
            _ => {
                let first = number("port")?;
                PortNumber::Range(first, number("endPort").unwrap_or(first))
            }
        };
        Some(Port { protocol, number })
    }
}

/// All policies, and the labels of namespaces, as one version of what the API told.
#[derive(Clone, Default, Debug)]
pub struct Policies {
    /// By namespace and name.
    by_name: Index<(Str, Str), Arc<Policy>>,
    namespaces: Index<Str, StrMap>,
}

impl Policies {
    /// Takes in a change; `true` if it may decide something.
    pub fn learn(&mut self, _view: &View, change: &Change) -> bool {
        let gone = change.verb == Verb::Deleted;
        match &change.object {
            Object::Namespace(namespace) => {
                let name = namespace.meta.name.clone();
                let labels = (!gone).then(|| namespace.meta.labels.clone());
                if self.namespaces.get(&name) == labels.as_ref() {
                    return false;
                }
                match labels {
                    Some(labels) => self.namespaces.insert(name, labels),
                    None => self.namespaces.remove(&name),
                };
                // Before there are policies, nobody's labels decide anything.
                !self.by_name.is_empty()
            }
            Object::Record(record) if record.kind == Kind::NetworkPolicy => {
                let key = (record.meta.namespace.clone(), record.meta.name.clone());
                if gone {
                    return self.by_name.remove(&key).is_some();
                }
                let policy = Policy::compile(&key.0, &key.1, &record.body["spec"]);
                if self.by_name.get(&key).is_some_and(|old| **old == policy) {
                    return false;
                }
                self.by_name.insert(key, Arc::new(policy));
                true
            }
            _ => false,
        }
    }

    /// Whether there are none, so that everybody may talk to everybody.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// All policies, by namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.by_name.iter().map(|(_, policy)| &**policy)
    }

    /// The policies of a namespace, in order of their names.
    pub fn in_namespace(&self, namespace: &Str) -> impl Iterator<Item = &Policy> {
        let namespace = namespace.clone();
        let rows = self.by_name.from(&(namespace.clone(), Str::EMPTY)).take_while(move |((of, _), _)| *of == namespace);
        rows.map(|(_, policy)| &**policy)
    }
}

/// A single policy.
#[cfg(test)]
pub(crate) fn of_one(namespace: &'static str, name: &'static str, spec: &Value) -> Policies {
    let mut policies = Policies::default();
    let key = (Str::from(namespace), Str::from(name));
    policies.by_name.insert(key.clone(), Arc::new(Policy::compile(&key.0, &key.1, spec)));
    policies
}

#[cfg(test)]
mod tests;
