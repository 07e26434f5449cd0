//! Nodes, their leases, and namespaces. Mirrors `k8s.io/api/core/v1/types.go` and `coordination/v1/types.go`, v1.36.

use crate::api::meta::{Condition, ConditionStatus, Meta, Str, Uid, text};
use crate::api::pod::{Resources, Taint, TaintEffect};
use crate::kernel::time::{Epoch, SimDuration, SimTime};
use serde_json::{Map, Value, json};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What a node has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capacity {
    /// CPU, memory and disk.
    pub resources: Resources,
    /// How many pods fit.
    pub pods: i64,
}

/// A volume that is attached to a node. Drivers give no device path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AttachedVolume {
    /// `kubernetes.io/csi/DRIVER^HANDLE`
    pub name: Str,
    /// Whether the kubelet says that it uses it (`volumesInUse`).
    pub in_use: bool,
    /// Since when no pod wants it here. The attach/detach controller's own memory (`actual_state_of_world.go`, detachRequestedTime): it isn't
    /// served.
    pub unwanted_since: Option<SimTime>,
}

/// `status` of a node.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeStatus {
    /// All that it has.
    pub capacity: Capacity,
    /// What pods may use.
    pub allocatable: Capacity,
    /// MemoryPressure, DiskPressure, PIDPressure, Ready.
    pub conditions: Vec<Condition>,
    /// Its address.
    pub address: Ipv4Addr,
    /// What is attached to it.
    pub volumes: Arc<Vec<AttachedVolume>>,
    /// How often it was booted since the cluster was: its boot id follows from it.
    pub boots: u32,
}

/// A node.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Metadata.
    pub meta: Meta,
    /// Whether it is cordoned.
    pub unschedulable: bool,
    /// What keeps pods away.
    pub taints: Vec<Taint>,
    /// The addresses of its pods, as `10.244.3.0/24`.
    pub pod_cidr: Str,
    /// What its kubelet says.
    pub status: NodeStatus,
}

impl Node {
    /// Whether the Ready condition is true.
    pub fn is_ready(&self) -> bool {
        self.status.conditions.iter().any(|c| c.kind == "Ready" && c.status == ConditionStatus::True)
    }

    /// Whether load balancers outside may send to it, as far as its label says. `cloud-provider/controllers/service/controller.go`,
    /// nodeIncludedPredicate: a value that can be read as false counts as such.
    pub fn is_included_in_load_balancing(&self) -> bool {
        let label = self.meta.labels.get("node.kubernetes.io/exclude-from-external-load-balancers");
        label.is_none_or(|value| matches!(value.as_str(), "0" | "f" | "F" | "false" | "False" | "FALSE"))
    }

    /// Whether load balancers outside send to it if it answers their health checks: whether it is ready doesn't count (stableNodeSetPredicates).
    pub fn is_behind_load_balancers(&self) -> bool {
        let leaves = self.taints.iter().any(|taint| taint.key == "ToBeDeletedByClusterAutoscaler");
        self.is_included_in_load_balancing() && !leaves && self.meta.deletion.is_none()
    }

    /// `status.nodeInfo.bootID` after so many boots: another one each time.
    pub fn boot_id(uid: Uid, boots: u32) -> Uid {
        let bits = crate::kernel::queue::mix(u64::from(boots));
        if boots == 0 { uid } else { Uid::from_bits(uid.0 ^ (u128::from(bits) << 64 | u128::from(bits))) }
    }

    /// Takes over what a user may write of the `spec`.
    pub fn set_spec(&mut self, spec: &Value, epoch: Epoch) {
        self.unschedulable = spec["unschedulable"] == true;
        let taint = |tree: &Value| {
            Some(Taint {
                key: text(tree, "key"),
                value: text(tree, "value"),
                effect: TaintEffect::parse(tree["effect"].as_str()?)?,
                added: tree["timeAdded"].as_str().and_then(|at| epoch.parse(at)),
            })
        };
        self.taints = spec["taints"].as_array().map_or_else(Vec::new, |taints| taints.iter().filter_map(taint).collect());
    }

    /// As the API server serves it. `heartbeat` is when its kubelet last posted its status.
    pub fn to_tree(&self, epoch: Epoch, heartbeat: SimTime) -> Value {
        let mut spec = Map::new();
        if !self.pod_cidr.is_empty() {
            spec.insert("podCIDR".into(), self.pod_cidr.as_str().into());
            spec.insert("podCIDRs".into(), json!([self.pod_cidr.as_str()]));
        }
        if !self.taints.is_empty() {
            let taint = |t: &Taint| {
                let mut tree = json!({"key": t.key.as_str(), "effect": t.effect.as_str()});
                if !t.value.is_empty() {
                    tree["value"] = t.value.as_str().into();
                }
                if let Some(added) = t.added {
                    tree["timeAdded"] = epoch.rfc3339(added).into();
                }
                tree
            };
            spec.insert("taints".into(), self.taints.iter().map(taint).collect());
        }
        if self.unschedulable {
            spec.insert("unschedulable".into(), true.into());
        }
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": self.meta.to_tree(epoch), "spec": spec, "status": self.status_tree(epoch, heartbeat),
        })
    }

    fn status_tree(&self, epoch: Epoch, heartbeat: SimTime) -> Value {
        let condition = |c: &Condition| {
            // The node controller leaves the time of the last sign of life as it was.
            let heard = if c.kind == "NetworkUnavailable" {
                // flannel's, which says so once.
                c.last_update
            } else if c.status == ConditionStatus::Unknown {
                heartbeat
            } else {
                c.last_update.max(heartbeat)
            };
            json!({
                "type": c.kind.as_str(), "status": c.status.as_str(), "reason": c.reason.as_str(), "message": c.message.as_str(),
                "lastHeartbeatTime": epoch.rfc3339(heard), "lastTransitionTime": epoch.rfc3339(c.last_transition),
            })
        };
        let mut tree = json!({
            "capacity": self.status.capacity.to_tree(), "allocatable": self.status.allocatable.to_tree(),
            "conditions": self.status.conditions.iter().map(condition).collect::<Vec<_>>(),
            "addresses": [{"type": "InternalIP", "address": self.status.address.to_string()}, {"type": "Hostname", "address": self.meta.name.as_str()}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": "v1.36.2", "kubeProxyVersion": "",
                "osImage": "Podarium Linux", "kernelVersion": "6.12.0-podarium", "containerRuntimeVersion": "containerd://2.1.0",
                "machineID": self.meta.uid.to_string().replace('-', ""), "systemUUID": self.meta.uid.to_string(), "bootID": Node::boot_id(self.meta.uid, self.status.boots).to_string(),
            },
        });
        let volumes = &self.status.volumes;
        if !volumes.is_empty() {
            let attached = |v: &AttachedVolume| json!({"name": v.name.as_str(), "devicePath": ""});
            tree["volumesAttached"] = volumes.iter().map(attached).collect();
        }
        let in_use: Vec<&str> = volumes.iter().filter(|volume| volume.in_use).map(|volume| volume.name.as_str()).collect();
        if !in_use.is_empty() {
            tree["volumesInUse"] = json!(in_use);
        }
        tree
    }
}

impl Capacity {
    fn to_tree(self) -> Value {
        let cpu = if self.resources.milli_cpu % 1000 == 0 {
            (self.resources.milli_cpu / 1000).to_string()
        } else {
            format!("{}m", self.resources.milli_cpu)
        };
        json!({
            "cpu": cpu, "memory": format!("{}Ki", self.resources.memory / 1024),
            "ephemeral-storage": format!("{}Ki", self.resources.ephemeral_storage / 1024), "pods": self.pods.to_string(),
        })
    }
}

/// A namespace.
#[derive(Clone, PartialEq, Debug)]
pub struct Namespace {
    /// Metadata.
    pub meta: Meta,
    /// Whether it is being emptied.
    pub terminating: bool,
}

impl Namespace {
    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        let phase = if self.terminating { "Terminating" } else { "Active" };
        json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": self.meta.to_tree(epoch),
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": phase},
        })
    }
}

/// A node's heartbeats: derived from when they began and when they stopped, not ticked.
///
/// A kubelet renews its lease every 10 s (`--node-lease-duration` / 4, `pkg/kubelet/kubelet.go`, v1.36) from a phase of its
/// own. Five thousand idle nodes so cost nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heartbeat {
    /// The first renewal.
    pub first: SimTime,
    /// Until when they go on; `None`: they go on.
    pub stopped: Option<SimTime>,
}

/// How often a kubelet renews its lease.
pub const LEASE_RENEWAL: SimDuration = SimDuration::from_secs(10);

impl Heartbeat {
    /// The last renewal at or before `now`; the first one if there was none yet.
    pub fn last(&self, now: SimTime) -> SimTime {
        let until = self.stopped.map_or(now, |stopped| stopped.min(now));
        let periods = until.since(self.first).as_nanos() / LEASE_RENEWAL.as_nanos();
        self.first + LEASE_RENEWAL * periods
    }
}

/// A lease: here only those of nodes, in `kube-node-lease`.
#[derive(Clone, PartialEq, Debug)]
pub struct Lease {
    /// Metadata.
    pub meta: Meta,
    /// Who holds it: the node's name.
    pub holder: Str,
    /// Its renewals.
    pub heartbeat: Heartbeat,
}

impl Lease {
    /// As the API server serves it at `now`.
    pub fn to_tree(&self, epoch: Epoch, now: SimTime) -> Value {
        json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": self.meta.to_tree(epoch),
            "spec": {"holderIdentity": self.holder.as_str(), "leaseDurationSeconds": 40, "renewTime": epoch.rfc3339_micros(self.heartbeat.last(now))},
        })
    }
}
