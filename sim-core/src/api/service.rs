//! Services and EndpointSlices. Mirrors `k8s.io/api/core/v1/types.go` and `discovery/v1/types.go`, v1.36.

use crate::api::intstr::IntOrString;
use crate::api::meta::{Meta, Str, StrMap, Uid, text};
use crate::api::pod::ContainerPort;
use crate::kernel::time::Epoch;
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
#[derive(Clone, PartialEq, Debug)]
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
}

impl Service {
    /// Takes over a defaulted `spec`.
    pub fn set_spec(&mut self, spec: &Value) {
        let port = |tree: &Value| ServicePort {
            name: text(tree, "name"),
            protocol: text(tree, "protocol"),
            port: tree["port"].as_i64().unwrap_or(0) as i32,
            target_port: IntOrString::from_value(&tree["targetPort"]).unwrap_or(IntOrString::Int(0)),
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

    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": self.meta.to_tree(epoch), "spec": *self.spec, "status": {"loadBalancer": {}},
        })
    }
}

/// One address behind a Service.
#[derive(Clone, PartialEq, Debug)]
pub struct Endpoint {
    /// The pod's address.
    pub address: Ipv4Addr,
    /// Whether it gets traffic.
    pub ready: bool,
    /// Whether it could serve, terminating or not.
    pub serving: bool,
    /// Whether it is going.
    pub terminating: bool,
    /// The node.
    pub node_name: Str,
    /// The zone, if the node has one.
    pub zone: Str,
    /// The pod's name.
    pub pod_name: Str,
    /// The pod's UID.
    pub pod_uid: Uid,
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
}

/// A part of a Service's endpoints: at most 100.
#[derive(Clone, PartialEq, Debug)]
pub struct EndpointSlice {
    /// Metadata; labelled with `kubernetes.io/service-name`.
    pub meta: Meta,
    /// The ports that all endpoints share.
    pub ports: Vec<EndpointPort>,
    /// The endpoints.
    pub endpoints: Arc<Vec<Endpoint>>,
    /// What a user wrote, for slices that no controller manages; else null.
    pub manual: Arc<Value>,
}

impl EndpointSlice {
    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        if let Value::Object(manual) = &*self.manual {
            let mut tree = manual.clone();
            tree.insert("metadata".into(), self.meta.to_tree(epoch));
            return Value::Object(tree);
        }
        let port = |p: &EndpointPort| {
            let mut tree = json!({"name": p.name.as_str(), "protocol": p.protocol.as_str()});
            if let Some(port) = p.port {
                tree["port"] = port.into();
            }
            tree
        };
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
            tree["ports"] = self.ports.iter().map(port).collect();
        }
        tree
    }
}

impl Endpoint {
    fn to_tree(&self, namespace: &str) -> Value {
        let mut tree = Map::new();
        tree.insert("addresses".into(), json!([self.address.to_string()]));
        tree.insert("conditions".into(), json!({"ready": self.ready, "serving": self.serving, "terminating": self.terminating}));
        let pod = json!({"kind": "Pod", "namespace": namespace, "name": self.pod_name.as_str(), "uid": self.pod_uid.to_string()});
        tree.insert("targetRef".into(), pod);
        for (field, text) in [("nodeName", &self.node_name), ("zone", &self.zone)] {
            if !text.is_empty() {
                tree.insert(field.into(), text.as_str().into());
            }
        }
        Value::Object(tree)
    }
}
