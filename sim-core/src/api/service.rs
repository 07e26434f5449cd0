//! Services and EndpointSlices. Mirrors `k8s.io/api/core/v1/types.go` and `discovery/v1/types.go`, v1.36.

use crate::api::intstr::IntOrString;
use crate::api::meta::{Meta, Str, StrMap, Uid, text};
use crate::api::pod::ContainerPort;
use crate::kernel::time::{Epoch, SimTime};
use serde_json::{Map, Value, json};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// One port of a Service.
#[derive(Clone, PartialEq, Debug)]
pub struct ServicePort {
    /// Empty if it is the only one.
    pub name: Str,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Str,
    /// The port that clients use.
    pub port: i32,
    /// The pods' port, by number or name.
    pub target_port: IntOrString,
    /// What is spoken there, if somebody said so.
    pub app_protocol: Str,
}

impl ServicePort {
    /// The number of the target port in a pod with these ports.
    pub fn target_in<'a>(&self, mut ports: impl Iterator<Item = &'a ContainerPort>) -> Option<i32> {
        match &self.target_port {
            IntOrString::Int(number) => Some(*number),
            IntOrString::Str(name) => ports.find(|p| p.name == name.as_str() && p.protocol == self.protocol).map(|p| p.port),
        }
    }
}

/// A Service.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Service {
    /// Metadata.
    pub meta: Meta,
    /// The external `spec` with defaults and addresses filled in.
    pub spec: Arc<Value>,
    /// Which pods serve it; empty for services without a selector.
    pub selector: StrMap,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Whether pods count as endpoints before they are ready.
    pub publish_not_ready: bool,
    /// The addresses of its load balancer in the world outside: `status.loadBalancer.ingress`.
    pub ingress: Vec<Ipv4Addr>,
}

/// The finalizer of a Service for which a cloud has something that must be taken down first.
pub const LOAD_BALANCER_CLEANUP: &str = "service.kubernetes.io/load-balancer-cleanup";

impl Service {
    /// Takes over a defaulted `spec`.
    pub fn set_spec(&mut self, spec: &Value) {
        let port = |tree: &Value| ServicePort {
            name: text(tree, "name"),
            protocol: text(tree, "protocol"),
            port: tree["port"].as_i64().unwrap_or(0) as i32,
            target_port: IntOrString::from_value(&tree["targetPort"]).unwrap_or(IntOrString::Int(0)),
            app_protocol: text(tree, "appProtocol"),
        };
        self.selector = StrMap::from_tree(spec.get("selector"));
        self.ports = spec["ports"].as_array().map_or_else(Vec::new, |ports| ports.iter().map(port).collect());
        self.publish_not_ready = spec["publishNotReadyAddresses"] == true;
        self.spec = Arc::new(spec.clone());
    }

    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub fn service_type(&self) -> &str {
        self.spec["type"].as_str().unwrap_or("ClusterIP")
    }

    /// Whether it has no cluster IP on purpose.
    pub fn is_headless(&self) -> bool {
        self.spec["clusterIP"] == "None"
    }

    /// Whether the cloud is to give it a load balancer: not if another implementation is named.
    /// `staging/src/k8s.io/cloud-provider/controllers/service/controller.go`, wantsLoadBalancer.
    pub fn wants_load_balancer(&self) -> bool {
        self.service_type() == "LoadBalancer" && self.spec["loadBalancerClass"].is_null()
    }

    /// Whether the cloud has, or may have, a load balancer for it that must go.
    pub fn needs_cleanup(&self) -> bool {
        self.meta.finalizers().iter().any(|finalizer| *finalizer == LOAD_BALANCER_CLEANUP)
            && (self.meta.deletion.is_some() || self.service_type() != "LoadBalancer")
    }

    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        let mut tree = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": self.meta.to_tree(epoch), "spec": *self.spec, "status": {"loadBalancer": {}},
        });
        if !self.ingress.is_empty() {
            let entry = |ip: &Ipv4Addr| json!({"ip": ip.to_string(), "ipMode": "VIP"});
            tree["status"]["loadBalancer"]["ingress"] = self.ingress.iter().map(entry).collect();
        }
        tree
    }
}

/// Who should use an endpoint rather than others.
#[derive(Clone, Default, Debug)]
pub struct Hints {
    /// Clients in this zone; empty: nothing is said of zones.
    pub zone: Str,
    /// Clients on this node; empty: nothing is said of nodes.
    pub node: Str,
    /// Whether endpoints were shared out over the zones (`service.kubernetes.io/topology-mode: Auto`). The EndpointSlice controller's own
    /// memory (`topologycache.go`, hintsPopulatedByService): it isn't served.
    pub is_allotted: bool,
}

impl PartialEq for Hints {
    /// What is served is the same.
    fn eq(&self, other: &Self) -> bool {
        (&self.zone, &self.node) == (&other.zone, &other.node)
    }
}

impl Hints {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.zone.is_empty() && self.node.is_empty()
    }

    fn to_tree(&self) -> Value {
        let mut tree = Map::new();
        for (field, name) in [("forZones", &self.zone), ("forNodes", &self.node)] {
            if !name.is_empty() {
                tree.insert(field.into(), json!([{"name": name.as_str()}]));
            }
        }
        Value::Object(tree)
    }
}

/// One address behind a Service.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The pod's address.
    pub address: Ipv4Addr,
    /// Whether it gets traffic.
    pub ready: bool,
    /// Whether it could serve, terminating or not.
    pub serving: bool,
    /// Whether it is going.
    pub terminating: bool,
    /// The name below the Service's that stands for it alone; mostly empty.
    pub hostname: Str,
    /// The node.
    pub node_name: Str,
    /// The zone, if the node has one.
    pub zone: Str,
    /// Who should use it.
    pub hints: Hints,
    /// The pod's name; empty if no pod is behind it.
    pub pod_name: Str,
    /// The pod's UID.
    pub pod_uid: Uid,
    /// Since when the pod is ready, or not. The EndpointSlice controller's own memory (`trigger_time_tracker.go`): it isn't served.
    pub triggered: SimTime,
}

impl PartialEq for Endpoint {
    /// What is served is the same.
    fn eq(&self, other: &Self) -> bool {
        self.same_but_for_hints(other) && self.hints == other.hints
    }
}

/// A port of a slice: name, protocol, number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EndpointPort {
    /// The Service port's name.
    pub name: Str,
    /// The protocol.
    pub protocol: Str,
    /// The number in the pods; `None` if no pod resolves it.
    pub port: Option<i32>,
    /// What is spoken there, if somebody said so.
    pub app_protocol: Str,
}

/// A part of a Service's endpoints: at most 100.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct EndpointSlice {
    /// Metadata; labelled with `kubernetes.io/service-name`.
    pub meta: Meta,
    /// The ports that all endpoints share.
    pub ports: Vec<EndpointPort>,
    /// The endpoints.
    pub endpoints: Arc<Vec<Endpoint>>,
    /// What a user wrote, without metadata, if that doesn't fit into the fields above; else null.
    pub manual: Arc<Value>,
}

impl EndpointSlice {
    /// Makes a slice of what was written: the fields take it if they can give it back as it was. What says the same as `previous` is that.
    pub fn from_tree(meta: Meta, tree: &Value, previous: Option<&EndpointSlice>) -> Self {
        let Value::Object(mut written) = tree.clone() else { return EndpointSlice { meta, ..EndpointSlice::default() } };
        written.remove("metadata");
        if let Some(previous) = previous.filter(|previous| previous.content() == written) {
            return EndpointSlice { meta, ..previous.clone() };
        }
        let list = |field: &str| tree[field].as_array().map_or(&[][..], |list| list);
        let endpoints: Option<Vec<Endpoint>> = list("endpoints").iter().map(Endpoint::from_tree).collect();
        let ports = list("ports").iter().map(EndpointPort::from_tree).collect();
        let slice = EndpointSlice { meta, ports, endpoints: Arc::new(endpoints.unwrap_or_default()), manual: Arc::default() };
        if slice.content() == written {
            return slice;
        }
        EndpointSlice { meta: slice.meta, manual: Arc::new(Value::Object(written)), ..EndpointSlice::default() }
    }

    /// What is served of it besides its metadata.
    fn content(&self) -> Map<String, Value> {
        let Value::Object(mut tree) = self.to_tree(Epoch::default()) else { return Map::new() };
        tree.remove("metadata");
        tree
    }

    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        if let Value::Object(manual) = &*self.manual {
            let mut tree = manual.clone();
            tree.insert("metadata".into(), self.meta.to_tree(epoch));
            return Value::Object(tree);
        }
        let mut tree = json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": self.meta.to_tree(epoch), "addressType": "IPv4",
            "endpoints": null, "ports": null,
        });
        // The controller's lists are nil when empty, and the type has no omitempty: so they are null.
        if !self.endpoints.is_empty() {
            let endpoints = self.endpoints.iter().map(|endpoint| endpoint.to_tree(&self.meta.namespace));
            tree["endpoints"] = endpoints.collect();
        }
        if !self.ports.is_empty() {
            tree["ports"] = self.ports.iter().map(EndpointPort::to_tree).collect();
        }
        tree
    }
}

impl EndpointPort {
    /// Of one that was written.
    pub fn from_tree(tree: &Value) -> Self {
        EndpointPort {
            name: text(tree, "name"),
            protocol: text(tree, "protocol"),
            port: tree["port"].as_i64().and_then(|port| i32::try_from(port).ok()),
            app_protocol: text(tree, "appProtocol"),
        }
    }

    /// As the API server serves it.
    pub fn to_tree(&self) -> Value {
        let mut tree = json!({"name": self.name.as_str(), "protocol": self.protocol.as_str()});
        if let Some(port) = self.port {
            tree["port"] = port.into();
        }
        if !self.app_protocol.is_empty() {
            tree["appProtocol"] = self.app_protocol.as_str().into();
        }
        tree
    }
}

impl Endpoint {
    /// Whether both say the same, whoever is to use them.
    pub fn same_but_for_hints(&self, other: &Endpoint) -> bool {
        (self.address, self.ready, self.serving, self.terminating) == (other.address, other.ready, other.serving, other.terminating)
            && (&self.hostname, &self.node_name, &self.zone) == (&other.hostname, &other.node_name, &other.zone)
            && (&self.pod_name, self.pod_uid) == (&other.pod_name, other.pod_uid)
    }

    /// Of a written one, what the fields have room for; `None` without an IPv4 address.
    fn from_tree(tree: &Value) -> Option<Self> {
        let condition = |name: &str| tree["conditions"][name] == true;
        let hint = |field: &str| text(&tree["hints"][field][0], "name");
        Some(Endpoint {
            address: tree["addresses"][0].as_str()?.parse().ok()?,
            ready: condition("ready"),
            serving: condition("serving"),
            terminating: condition("terminating"),
            hostname: text(tree, "hostname"),
            node_name: text(tree, "nodeName"),
            zone: text(tree, "zone"),
            hints: Hints { zone: hint("forZones"), node: hint("forNodes"), is_allotted: false },
            pod_name: text(&tree["targetRef"], "name"),
            pod_uid: Uid::parse(&text(&tree["targetRef"], "uid")),
            triggered: SimTime::ZERO,
        })
    }

    fn to_tree(&self, namespace: &str) -> Value {
        let mut tree = Map::new();
        tree.insert("addresses".into(), json!([self.address.to_string()]));
        tree.insert("conditions".into(), json!({"ready": self.ready, "serving": self.serving, "terminating": self.terminating}));
        if !self.pod_name.is_empty() {
            let pod = json!({"kind": "Pod", "namespace": namespace, "name": self.pod_name.as_str(), "uid": self.pod_uid.to_string()});
            tree.insert("targetRef".into(), pod);
        }
        for (field, text) in [("hostname", &self.hostname), ("nodeName", &self.node_name), ("zone", &self.zone)] {
            if !text.is_empty() {
                tree.insert(field.into(), text.as_str().into());
            }
        }
        if !self.hints.is_empty() {
            tree.insert("hints".into(), self.hints.to_tree());
        }
        Value::Object(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(endpoints: &Value, fits: bool) {
        let tree = json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "web-1", "namespace": "default"},
            "addressType": "IPv4", "endpoints": endpoints, "ports": [{"name": "http", "protocol": "TCP", "port": 80, "appProtocol": "http"}],
        });
        let slice = EndpointSlice::from_tree(Meta::from_tree(&tree), &tree, None);
        assert_eq!(slice.manual.is_null(), fits);
        let served = slice.to_tree(Epoch::default());
        assert_eq!((&served["endpoints"], &served["ports"]), (&tree["endpoints"], &tree["ports"]));
    }

    #[test]
    fn a_slice_gives_back_what_was_written() {
        let conditions = json!({"ready": true, "serving": true, "terminating": false});
        let pod = json!({"kind": "Pod", "namespace": "default", "name": "web-0", "uid": "00000000-0000-0000-0000-000000000007"});
        check(&Value::Null, true);
        check(&json!([{"addresses": ["10.0.0.1"], "conditions": conditions}]), true);
        check(
            &json!([{"addresses": ["10.0.0.1"], "conditions": conditions, "targetRef": pod, "hostname": "web-0", "zone": "a",
            "hints": {"forZones": [{"name": "a"}], "forNodes": [{"name": "n"}]}}]),
            true,
        );
        check(&json!([{"addresses": ["10.0.0.1"], "conditions": {"ready": true}}]), false);
        check(&json!([{"addresses": ["10.0.0.1", "10.0.0.2"], "conditions": conditions}]), false);
        check(
            &json!([{"addresses": ["10.0.0.1"], "conditions": conditions, "hints": {"forZones": [{"name": "a"}, {"name": "b"}]}}]),
            false,
        );
        check(&json!([{"addresses": ["fd00::1"], "conditions": conditions}]), false);
    }
}
