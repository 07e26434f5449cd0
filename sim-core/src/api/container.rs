//! Containers and what they ask of a node. Mirrors Container and ResourceRequirements of `k8s.io/api/core/v1/types.go`, v1.36.

use crate::api::meta::{Str, text};
use crate::api::pod::RestartPolicy;
use crate::api::probe::{Hooks, Probe, ProbeKind, Probes};
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
    /// Whether it runs something else than its image says: a command or arguments.
    pub has_command: bool,
    /// Whether its environment or its mounts need what may not be there: sources of variables, parts of volumes.
    pub reads_configuration: bool,
    /// What the kubelet asks it.
    pub probes: Option<Box<Probes>>,
    /// What is called at its start and its end.
    pub hooks: Option<Box<Hooks>>,
    /// When it is started again; the pod's policy if unset. `Always` makes a sidecar of an init container.
    pub restart_policy: Option<RestartPolicy>,
    /// Exit codes for which the policy doesn't count: the container is started again.
    pub restart_rules: Vec<RestartRule>,
}

/// `restartPolicyRules` of a container: an action for some exit codes. There is one action so far, `Restart`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RestartRule {
    /// Whether the rule is about the codes that aren't listed.
    pub not_in: bool,
    /// Exit codes.
    pub codes: Vec<i32>,
}

impl RestartRule {
    fn from_tree(tree: &Value) -> RestartRule {
        let codes = &tree["exitCodes"];
        let values = codes["values"].as_array().into_iter().flatten();
        RestartRule {
            not_in: codes["operator"] == "NotIn",
            codes: values.filter_map(|code| code.as_i64().and_then(|code| i32::try_from(code).ok())).collect(),
        }
    }

    /// Whether the rule is about this exit code.
    pub fn matches(&self, code: i32) -> bool {
        self.codes.contains(&code) != self.not_in
    }
}

impl Container {
    /// The probe of this kind.
    pub fn probe(&self, kind: ProbeKind) -> Option<&Probe> {
        self.probes.as_ref()?.get(kind)
    }

    /// Whether it is an init container that runs beside the containers.
    pub fn is_sidecar(&self) -> bool {
        self.restart_policy == Some(RestartPolicy::Always)
    }

    /// Decodes a defaulted container.
    pub fn from_tree(tree: &Value) -> Self {
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
            has_command: ["command", "args"].iter().any(|field| tree[*field].as_array().is_some_and(|words| !words.is_empty())),
            reads_configuration: reads_configuration(tree),
            probes: Probes::from_tree(tree),
            hooks: Hooks::from_tree(tree),
            restart_policy: tree["restartPolicy"].as_str().map(RestartPolicy::parse),
            restart_rules: tree["restartPolicyRules"].as_array().into_iter().flatten().map(RestartRule::from_tree).collect(),
        }
    }
}

fn reads_configuration(container: &Value) -> bool {
    let any = |field: &str, of: fn(&Value) -> bool| container[field].as_array().into_iter().flatten().any(of);
    any("envFrom", |_| true)
        || any("env", |variable| variable["valueFrom"].is_object())
        || any("volumeMounts", |mount| mount["subPath"].is_string() || mount["subPathExpr"].is_string())
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
