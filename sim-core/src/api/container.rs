//! Containers and what they ask of a node. Mirrors Container and ResourceRequirements of `k8s.io/api/core/v1/types.go`, v1.36.

use crate::api::meta::{Str, text};
use crate::api::quantity::Quantity;
use serde_json::Value;

/// What a pod asks of a node, summed over its containers as the scheduler counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash, PartialOrd, Ord)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub milli_cpu: i64,
    /// Bytes.
    pub memory: i64,
    /// Bytes.
    pub ephemeral_storage: i64,
}

impl Resources {
    pub(super) fn from_tree(tree: &Value) -> Self {
        let amount = |name: &str| tree.get(name).and_then(Quantity::from_value).and_then(Result::ok);
        Resources {
            milli_cpu: amount("cpu").map_or(0, |q| q.milli_value()),
            memory: amount("memory").map_or(0, |q| q.value()),
            ephemeral_storage: amount("ephemeral-storage").map_or(0, |q| q.value()),
        }
    }

    /// The sum.
    pub fn plus(self, other: Resources) -> Resources {
        Resources {
            milli_cpu: self.milli_cpu.saturating_add(other.milli_cpu),
            memory: self.memory.saturating_add(other.memory),
            ephemeral_storage: self.ephemeral_storage.saturating_add(other.ephemeral_storage),
        }
    }

    /// The larger of each.
    pub fn max(self, other: Resources) -> Resources {
        Resources {
            milli_cpu: self.milli_cpu.max(other.milli_cpu),
            memory: self.memory.max(other.memory),
            ephemeral_storage: self.ephemeral_storage.max(other.ephemeral_storage),
        }
    }

    /// The difference.
    pub fn minus(self, other: Resources) -> Resources {
        Resources {
            milli_cpu: self.milli_cpu - other.milli_cpu,
            memory: self.memory - other.memory,
            ephemeral_storage: self.ephemeral_storage - other.ephemeral_storage,
        }
    }
}

/// When the kubelet pulls an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PullPolicy {
    /// Every time.
    Always,
    /// If the node doesn't have it.
    #[default]
    IfNotPresent,
    /// Never.
    Never,
}

/// A named port of a container.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContainerPort {
    /// Empty if unnamed.
    pub name: Str,
    /// The number.
    pub port: i32,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Str,
    /// On the node; 0 if none.
    pub host_port: i32,
}

/// What is modelled of a container.
#[derive(Clone, PartialEq, Debug)]
pub struct Container {
    /// Unique in the pod.
    pub name: Str,
    /// As written, `nginx:1.17.1`.
    pub image: Str,
    /// When to pull.
    pub pull_policy: PullPolicy,
    /// Ports.
    pub ports: Vec<ContainerPort>,
    /// Guaranteed.
    pub requests: Resources,
    /// Whether anything was requested or limited (quality of service).
    pub limits: Resources,
    /// Whether the container has a readiness probe.
    pub readiness_probe: bool,
}

impl Container {
    pub(super) fn from_tree(tree: &Value) -> Self {
        let ports = tree["ports"].as_array().map_or(&[][..], |p| p);
        let resources = &tree["resources"];
        let limits = Resources::from_tree(&resources["limits"]);
        Container {
            name: text(tree, "name"),
            image: text(tree, "image"),
            pull_policy: match tree["imagePullPolicy"].as_str() {
                Some("Always") => PullPolicy::Always,
                Some("Never") => PullPolicy::Never,
                _ => PullPolicy::IfNotPresent,
            },
            ports: ports.iter().map(ContainerPort::from_tree).collect(),
            requests: Resources::from_tree(&resources["requests"]),
            limits,
            readiness_probe: tree["readinessProbe"].is_object(),
        }
    }
}

impl ContainerPort {
    pub(super) fn from_tree(tree: &Value) -> Self {
        ContainerPort {
            name: text(tree, "name"),
            port: int(tree, "containerPort"),
            protocol: match tree["protocol"].as_str() {
                None | Some("TCP") => Str::Static("TCP"),
                Some(_) => text(tree, "protocol"),
            },
            host_port: int(tree, "hostPort"),
        }
    }
}

pub(super) fn int(tree: &Value, field: &str) -> i32 {
    tree[field].as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(0)
}
