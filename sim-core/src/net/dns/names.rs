//! What CoreDNS watches: namespaces, Services and their EndpointSlices. Mirrors `plugin/kubernetes/object` of CoreDNS.

use crate::api::meta::Str;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::service::{EndpointSlice, Service};
use crate::client::view::View;
use crate::store::Store;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The label that says which Service a slice belongs to.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// An endpoint as names have it: those that aren't ready have none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedEndpoint {
    /// Its address.
    pub address: Ipv4Addr,
    /// `hostname`, if it has one.
    pub hostname: Str,
    /// Name, protocol and number; a slice without ports has one that is none.
    pub ports: Arc<[NamedPort]>,
}

impl NamedEndpoint {
    /// What it is called within its Service: its host name, or else its address with dashes.
    pub fn label(&self) -> String {
        if self.hostname.is_empty() { self.address.to_string().replace('.', "-") } else { self.hostname.to_ascii_lowercase() }
    }
}

/// A port that can be asked for by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedPort {
    /// Its name.
    pub name: Str,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Str,
    /// Its number; `None` if there are no ports at all.
    pub number: Option<u16>,
}

impl NamedPort {
    const NONE: NamedPort = NamedPort { name: Str::EMPTY, protocol: Str::EMPTY, number: None };
}

/// What names are made from.
pub trait Names {
    /// Whether there is such a namespace.
    fn has_namespace(&self, namespace: &str) -> bool;
    /// The Service of this name.
    fn service(&self, namespace: &str, name: &str) -> Option<Arc<Service>>;
    /// The ready endpoints of a Service, in order of their slices.
    fn endpoints(&self, namespace: &str, service: &str) -> Vec<NamedEndpoint>;
    /// The Service that has this cluster IP: its name and namespace.
    fn service_at(&self, address: Ipv4Addr) -> Option<(Str, Str)>;
    /// The endpoints with this address: name and namespace of the Service, and what they are called there.
    fn endpoints_at(&self, address: Ipv4Addr) -> Vec<(Str, Str, String)>;
}

/// Where objects are looked up: in what a process has seen of them, or in the store itself.
pub trait Shelf {
    /// The object of this name.
    fn named(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Object>;
    /// The objects of a kind in a namespace (`None`: in all), in order of their keys.
    fn all<'s>(&'s self, kind: Kind, namespace: Option<&'s str>) -> Box<dyn Iterator<Item = &'s Object> + 's>;
}

impl Shelf for View {
    fn named(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Object> {
        self.get(self.find(kind, namespace, name)?)
    }
    fn all<'s>(&'s self, kind: Kind, namespace: Option<&'s str>) -> Box<dyn Iterator<Item = &'s Object> + 's> {
        Box::new(self.list(kind, namespace).map(|(_, object)| object))
    }
}

impl Shelf for Store {
    fn named(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Object> {
        self.get(self.find(kind, namespace, name)?)
    }
    fn all<'s>(&'s self, kind: Kind, namespace: Option<&'s str>) -> Box<dyn Iterator<Item = &'s Object> + 's> {
        Box::new(self.list(kind, namespace).map(|(_, object): (ObjectId, &Object)| object))
    }
}

impl<S: Shelf> Names for S {
    fn has_namespace(&self, namespace: &str) -> bool {
        self.named(Kind::Namespace, "", namespace).is_some()
    }

    fn service(&self, namespace: &str, name: &str) -> Option<Arc<Service>> {
        self.named(Kind::Service, namespace, name)?.as_service().cloned()
    }

    fn endpoints(&self, namespace: &str, service: &str) -> Vec<NamedEndpoint> {
        let slices = self.all(Kind::EndpointSlice, Some(namespace)).filter_map(Object::as_endpoint_slice);
        let own = slices.filter(|slice| service_of(slice).is_some_and(|name| name == service));
        own.flat_map(|slice| ready(self, slice)).collect()
    }

    fn service_at(&self, address: Ipv4Addr) -> Option<(Str, Str)> {
        let text = address.to_string();
        let mut services = self.all(Kind::Service, None).filter_map(Object::as_service);
        let found = services.find(|service| cluster_ips(service).any(|ip| ip == text))?;
        Some((found.meta.name.clone(), found.meta.namespace.clone()))
    }

    fn endpoints_at(&self, address: Ipv4Addr) -> Vec<(Str, Str, String)> {
        let slices = self.all(Kind::EndpointSlice, None).filter_map(Object::as_endpoint_slice);
        let named = slices.filter_map(|slice| Some((slice, service_of(slice)?)));
        let found = named.flat_map(|(slice, service)| {
            let here = ready(self, slice).into_iter().filter(|endpoint| endpoint.address == address);
            here.map(move |endpoint| (Str::from(service.to_owned()), slice.meta.namespace.clone(), endpoint.label()))
        });
        found.collect()
    }
}

/// The Service that a slice belongs to.
fn service_of(slice: &EndpointSlice) -> Option<&str> {
    slice.meta.labels.get(SERVICE_NAME).map(|name| &**name)
}

/// The addresses of a Service within the cluster.
pub fn cluster_ips(service: &Service) -> impl Iterator<Item = &str> {
    let list = service.spec["clusterIPs"].as_array().into_iter().flatten().filter_map(Value::as_str);
    list.filter(|ip| !ip.is_empty() && *ip != "None")
}

/// The endpoints of a slice that have names: those that are ready. Of addresses that aren't IPv4's there are none here.
fn ready(shelf: &impl Shelf, slice: &EndpointSlice) -> Vec<NamedEndpoint> {
    if slice.manual.is_object() {
        return written(&slice.manual);
    }
    let ports = slice.ports.iter().map(|port| NamedPort {
        name: port.name.clone(),
        protocol: port.protocol.clone(),
        number: port.port.and_then(|port| u16::try_from(port).ok()),
    });
    let ports = some(ports.collect());
    let service = service_of(slice).unwrap_or_default();
    let ready = slice.endpoints.iter().filter(|endpoint| endpoint.ready);
    let named = ready.map(|endpoint| NamedEndpoint {
        address: endpoint.address,
        hostname: hostname(shelf, &slice.meta.namespace, &endpoint.pod_name, service),
        ports: ports.clone(),
    });
    named.collect()
}

/// The host name that an endpoint has in a Service: that of a pod whose subdomain is the Service's name. `shouldSetHostname` of
/// `staging/src/k8s.io/endpointslice/utils.go`, v1.36.
fn hostname(shelf: &impl Shelf, namespace: &str, pod: &str, service: &str) -> Str {
    let pod = shelf.named(Kind::Pod, namespace, pod).and_then(Object::as_pod);
    let Some(pod) = pod.filter(|pod| pod.spec.tree["subdomain"] == service) else { return Str::EMPTY };
    pod.spec.tree["hostname"].as_str().map_or(Str::EMPTY, |name| Str::from(name.to_owned()))
}

/// The ready endpoints of a slice that a user wrote. One that doesn't say counts as ready.
fn written(tree: &Value) -> Vec<NamedEndpoint> {
    let list = |field: &str| tree[field].as_array().map_or(&[][..], Vec::as_slice);
    let text = |tree: &Value, field: &str, otherwise: &'static str| -> Str {
        tree[field].as_str().map_or(Str::Static(otherwise), |text| Str::from(text.to_owned()))
    };
    let ports = list("ports").iter().map(|port| NamedPort {
        name: text(port, "name", ""),
        protocol: text(port, "protocol", "TCP"),
        number: port["port"].as_u64().and_then(|port| u16::try_from(port).ok()),
    });
    let ports = some(ports.collect());
    let ready = list("endpoints").iter().filter(|endpoint| endpoint["conditions"]["ready"] != false);
    let addresses = ready.flat_map(|endpoint| {
        let addresses = endpoint["addresses"].as_array().into_iter().flatten().filter_map(Value::as_str);
        addresses.filter_map(|address| address.parse().ok()).map(move |address| (address, text(endpoint, "hostname", "")))
    });
    addresses.map(|(address, hostname)| NamedEndpoint { address, hostname, ports: ports.clone() }).collect()
}

fn some(ports: Vec<NamedPort>) -> Arc<[NamedPort]> {
    if ports.is_empty() { Arc::from([NamedPort::NONE]) } else { Arc::from(ports) }
}
