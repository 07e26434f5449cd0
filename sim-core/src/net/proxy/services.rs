//! The service map: every port of every Service that has an address of its own, with the endpoints behind it.
//!
//! Mirrors `pkg/proxy/serviceport.go`, `servicechangetracker.go` and `endpointslicecache.go`, v1.36. All proxies hear the same, so there is
//! one map for all of them, of which each may know an older version. A change costs as much as the Service has slices: the endpoints themselves
//! are worked out when somebody asks for them, and then kept. Left out: IPv6.

use crate::api::meta::{Meta, Str, Uid, text};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::service::{Endpoint, EndpointSlice, Service};
use crate::client::view::View;
use crate::kernel::table::Index;
use crate::kernel::time::SimDuration;
use crate::net::packet::{Cidr, Protocol};
use crate::store::{Change, Verb};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::{Arc, OnceLock};

/// The label that names a slice's Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Services with this label, whatever it says, are some other proxy's (`pkg/proxy/apis/well_known_labels.go`).
const OTHER_PROXY: &str = "service.kubernetes.io/service-proxy-name";
/// Slices with this label belong to Services without an address of their own.
const HEADLESS: &str = "service.kubernetes.io/headless";

/// Which port of which Service: `default/kubernetes:https`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct PortName {
    /// The Service's namespace.
    pub namespace: Str,
    /// The Service's name.
    pub service: Str,
    /// The port's name; empty if it is the only one.
    pub port: Str,
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.service)?;
        if self.port.is_empty() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// One endpoint of a Service's port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backend {
    /// The pod's address, or whatever a user wrote.
    pub address: Ipv4Addr,
    /// The port there.
    pub port: u16,
    /// The node's name; empty if nobody said.
    pub node: Str,
    /// The zone; empty if nobody said.
    pub zone: Str,
    /// Whether it is to get traffic.
    pub ready: bool,
    /// Whether it could serve, terminating or not.
    pub serving: bool,
    /// Whether it is going.
    pub terminating: bool,
    /// For clients in which zones it is meant (`hints.forZones`).
    pub zone_hints: Vec<Str>,
    /// For clients on which nodes it is meant (`hints.forNodes`).
    pub node_hints: Vec<Str>,
    /// The pod; [`Uid::NONE`] if it isn't one.
    pub pod: Uid,
}

impl fmt::Display for Backend {
    /// `10.244.1.5:80`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.address, self.port)
    }
}

/// What rules say of one port of a Service, but for its endpoints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Front {
    /// Which port of which Service.
    pub name: PortName,
    /// What it carries.
    pub protocol: Protocol,
    /// The Service's own address.
    pub cluster_ip: Ipv4Addr,
    /// The port on that, and on external addresses.
    pub port: u16,
    /// The port on every node; 0: none.
    pub node_port: u16,
    /// Addresses that users route to nodes themselves (`externalIPs`).
    pub external_ips: Vec<Ipv4Addr>,
    /// Addresses of a cloud's load balancer. All deliver packets with the address that they came to (`ipMode: VIP`).
    pub load_balancer_ips: Vec<Ipv4Addr>,
    /// Who may use the load balancer's addresses; empty: everybody.
    pub source_ranges: Vec<Cidr>,
    /// For how long a client stays with a backend (`sessionAffinity: ClientIP`).
    pub affinity: Option<SimDuration>,
    /// Whether clients in the cluster get only endpoints on their own node (`internalTrafficPolicy: Local`).
    pub internal_local: bool,
    /// Whether clients outside get only endpoints on the node that they came to (`externalTrafficPolicy: Local`).
    pub external_local: bool,
    /// Where nodes tell whether they have endpoints; 0: nowhere.
    pub health_check_node_port: u16,
}

/// One port of a Service.
#[derive(Clone, Debug)]
pub struct ServicePort {
    front: Front,
    /// The Service's slices, in order of their numbers.
    slices: Arc<Vec<Arc<EndpointSlice>>>,
    endpoints: OnceLock<Arc<Vec<Backend>>>,
}

impl std::ops::Deref for ServicePort {
    type Target = Front;
    fn deref(&self) -> &Front {
        &self.front
    }
}

impl ServicePort {
    fn new(front: Front, slices: Arc<Vec<Arc<EndpointSlice>>>) -> Self {
        ServicePort { front, slices, endpoints: OnceLock::new() }
    }

    /// A port with these endpoints, for tests of what is made of it.
    #[cfg(test)]
    pub(crate) fn with(front: Front, endpoints: Vec<Backend>) -> Self {
        ServicePort { front, slices: Arc::default(), endpoints: OnceLock::from(Arc::new(endpoints)) }
    }

    /// What is behind it, ordered as text as upstream does: `10.244.1.10:80` comes before `10.244.1.9:80`.
    pub fn endpoints(&self) -> &Arc<Vec<Backend>> {
        self.endpoints.get_or_init(|| {
            let mut found = BTreeMap::new();
            for slice in self.slices.iter() {
                backends(slice, &self.front, &mut |backend| {
                    found.entry(backend.to_string()).or_insert(backend);
                });
            }
            Arc::new(found.into_values().collect())
        })
    }

    /// Whether it can be reached at something other than the cluster IP.
    pub fn is_external(&self) -> bool {
        self.node_port != 0 || !self.load_balancer_ips.is_empty() || !self.external_ips.is_empty()
    }
}

/// All ports of all Services. Cloning is cheap.
#[derive(Clone, Default, Debug)]
pub struct Services {
    ports: Index<PortName, Arc<ServicePort>>,
    /// By every address that a port has.
    fronts: Index<(Ipv4Addr, Protocol, u16, PortName), Arc<ServicePort>>,
    node_ports: Index<(Protocol, u16, PortName), Arc<ServicePort>>,
    health_checks: Index<(u16, PortName), Arc<ServicePort>>,
    /// (namespace, Service's name, slice's number).
    slices: Index<(Str, Str, u32), ()>,
}

impl Services {
    /// What there is of Services in a cache that has just been listed.
    pub fn of(view: &View) -> Self {
        let mut services = Services::default();
        for (id, object) in view.list(Kind::EndpointSlice, None) {
            if let Some((namespace, name)) = object.as_endpoint_slice().and_then(|slice| service_of(slice)) {
                services.slices.insert((namespace, name, id.number), ());
            }
        }
        for (_, object) in view.list(Kind::Service, None) {
            let meta = object.meta();
            services.work_out(view, &meta.namespace, &meta.name);
        }
        services
    }

    /// These ports, for tests of what is made of them.
    #[cfg(test)]
    pub(crate) fn with(ports: impl IntoIterator<Item = ServicePort>) -> Self {
        let mut services = Services::default();
        ports.into_iter().for_each(|port| services.insert(Arc::new(port)));
        services
    }

    /// Takes in a change that the view already contains. True if something changed that rules show.
    pub fn learn(&mut self, view: &View, change: &Change) -> bool {
        match &change.object {
            Object::Service(service) => self.work_out(view, &service.meta.namespace, &service.meta.name),
            Object::EndpointSlice(slice) => {
                let before = change.old.as_ref().and_then(Object::as_endpoint_slice).and_then(|old| service_of(old));
                let now = service_of(slice);
                let after = now.clone().filter(|_| change.verb != Verb::Deleted);
                let before = before.or(now.filter(|_| change.verb == Verb::Deleted));
                if let Some((namespace, name)) = before.clone().filter(|_| before != after) {
                    self.slices.remove(&(namespace, name, change.id.number));
                }
                if let Some((namespace, name)) = after.clone() {
                    self.slices.insert((namespace, name, change.id.number), ());
                }
                let left = before.filter(|before| Some(before) != after.as_ref());
                let mut changed = false;
                for (namespace, name) in left.into_iter().chain(after) {
                    changed |= self.work_out(view, &namespace, &name);
                }
                changed
            }
            _ => false,
        }
    }

    /// The port that is reached at an address: cluster IP, external IP, or a load balancer's.
    pub fn find(&self, address: Ipv4Addr, protocol: Protocol, port: u16) -> Option<&Arc<ServicePort>> {
        let (key, found) = self.fronts.from(&(address, protocol, port, PortName::default())).next()?;
        ((key.0, key.1, key.2) == (address, protocol, port)).then_some(found)
    }

    /// The port that is reached at a port of every node.
    pub fn find_node_port(&self, protocol: Protocol, port: u16) -> Option<&Arc<ServicePort>> {
        let (key, found) = self.node_ports.from(&(protocol, port, PortName::default())).next()?;
        ((key.0, key.1) == (protocol, port)).then_some(found)
    }

    /// A port of the Service of which nodes tell at this port whether they have endpoints.
    pub fn find_health_check(&self, port: u16) -> Option<&Arc<ServicePort>> {
        let (key, found) = self.health_checks.from(&(port, PortName::default())).next()?;
        (key.0 == port).then_some(found)
    }

    /// Whether an address is some Service's cluster IP, external IP or load balancer's, whatever the port.
    pub fn has_address(&self, address: Ipv4Addr) -> bool {
        self.fronts.from(&(address, Protocol::Tcp, 0, PortName::default())).next().is_some_and(|(key, _)| key.0 == address)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ServicePort>> {
        self.ports.iter().map(|(_, port)| port)
    }

    /// The ports of one Service, by name.
    pub fn of_service<'a>(&'a self, namespace: &'a str, name: &'a str) -> impl Iterator<Item = &'a Arc<ServicePort>> {
        let first = PortName { namespace: Str::from(namespace.to_owned()), service: Str::from(name.to_owned()), port: Str::EMPTY };
        let from = self.ports.from(&first);
        from.take_while(move |(key, _)| key.namespace == *namespace && key.service == *name).map(|(_, port)| port)
    }

    /// The port of this name.
    pub fn get(&self, name: &PortName) -> Option<&Arc<ServicePort>> {
        self.ports.get(name)
    }

    /// How many ports there are.
    pub fn len(&self) -> usize {
        self.ports.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ports.is_empty()
    }

    /// Works out one Service's ports again.
    fn work_out(&mut self, view: &View, namespace: &Str, name: &Str) -> bool {
        let service = view.find(Kind::Service, namespace, name).and_then(|id| view.service(id));
        let fronts = service.map_or_else(Vec::new, |service| fronts(service));
        let mut changed = false;
        let gone: Vec<Arc<ServicePort>> = {
            let old = self.of_service(namespace, name);
            old.filter(|old| !fronts.iter().any(|front| front.name == old.name)).cloned().collect()
        };
        for port in gone {
            self.remove(&port);
            changed = true;
        }
        if fronts.is_empty() {
            return changed;
        }
        let keys = self.slices.from(&(namespace.clone(), name.clone(), 0)).take_while(|(key, _)| key.0 == *namespace && key.1 == *name);
        let ids = keys.map(|(key, _)| ObjectId { kind: Kind::EndpointSlice, number: key.2 });
        let slices: Arc<Vec<Arc<EndpointSlice>>> = Arc::new(ids.filter_map(|id| view.endpoint_slice(id).cloned()).collect());
        for front in fronts {
            let old = self.ports.get(&front.name).cloned();
            if let Some(old) = &old {
                if old.front == front && same_endpoints(&old.slices, &slices) {
                    continue;
                }
                self.remove(old);
            }
            self.insert(Arc::new(ServicePort::new(front, slices.clone())));
            changed = true;
        }
        changed
    }

    fn insert(&mut self, port: Arc<ServicePort>) {
        for address in addresses(&port) {
            self.fronts.insert((address, port.protocol, port.port, port.name.clone()), port.clone());
        }
        if port.node_port != 0 {
            self.node_ports.insert((port.protocol, port.node_port, port.name.clone()), port.clone());
        }
        if port.health_check_node_port != 0 {
            self.health_checks.insert((port.health_check_node_port, port.name.clone()), port.clone());
        }
        self.ports.insert(port.name.clone(), port);
    }

    fn remove(&mut self, port: &ServicePort) {
        for address in addresses(port) {
            self.fronts.remove(&(address, port.protocol, port.port, port.name.clone()));
        }
        if port.node_port != 0 {
            self.node_ports.remove(&(port.protocol, port.node_port, port.name.clone()));
        }
        if port.health_check_node_port != 0 {
            self.health_checks.remove(&(port.health_check_node_port, port.name.clone()));
        }
        self.ports.remove(&port.name);
    }
}

fn addresses(front: &Front) -> impl Iterator<Item = Ipv4Addr> {
    std::iter::once(front.cluster_ip).chain(front.external_ips.iter().copied()).chain(front.load_balancer_ips.iter().copied())
}

/// The Service whose endpoints a slice holds, if that is one for this proxy.
fn service_of(slice: &EndpointSlice) -> Option<(Str, Str)> {
    let labels = &slice.meta.labels;
    let name = labels.get(SERVICE_NAME).filter(|name| !name.is_empty())?;
    let ours = labels.get(OTHER_PROXY).is_none() && labels.get(HEADLESS).is_none();
    ours.then(|| (slice.meta.namespace.clone(), name.clone()))
}

/// Whether rules made of two lists of slices show the same endpoints.
fn same_endpoints(old: &[Arc<EndpointSlice>], new: &[Arc<EndpointSlice>]) -> bool {
    let shown = |slices: &[Arc<EndpointSlice>]| slices.iter().filter(|slice| shows(slice)).cloned().collect::<Vec<_>>();
    let (old, new) = (shown(old), shown(new));
    old.len() == new.len()
        && old.iter().zip(&new).all(|(a, b)| {
            Arc::ptr_eq(a, b)
                || a.ports == b.ports
                    && (Arc::ptr_eq(&a.endpoints, &b.endpoints) || a.endpoints == b.endpoints)
                    && ["endpoints", "ports"].iter().all(|field| a.manual.get(field) == b.manual.get(field))
        })
}

/// Whether a slice says anything: an empty one stands for a Service without endpoints.
fn shows(slice: &EndpointSlice) -> bool {
    !slice.manual.is_null() || !slice.endpoints.is_empty()
}

/// The ports of a Service that has an address of its own. `pkg/proxy/util/utils.go`, ShouldSkipService.
fn fronts(service: &Service) -> Vec<Front> {
    let spec = &service.spec;
    let skipped = service.service_type() == "ExternalName" || service.meta.labels.get(OTHER_PROXY).is_some();
    let cluster_ip = spec["clusterIP"].as_str().and_then(|ip| ip.parse().ok()).filter(|_| !skipped);
    let (Some(cluster_ip), Some(ports)) = (cluster_ip, spec["ports"].as_array()) else { return Vec::new() };
    let shared = shared_front(service, cluster_ip);
    ports.iter().filter_map(|port| port_front(&shared, port)).collect()
}

fn port_front(shared: &Front, port: &Value) -> Option<Front> {
    Some(Front {
        name: PortName { port: text(port, "name"), ..shared.name.clone() },
        protocol: Protocol::of_port(port["protocol"].as_str().unwrap_or("TCP"))?,
        port: number(&port["port"]),
        node_port: number(&port["nodePort"]),
        ..shared.clone()
    })
}

/// What all ports of a Service have in common. `pkg/api/v1/service/util.go` says what the policies apply to.
fn shared_front(service: &Service, cluster_ip: Ipv4Addr) -> Front {
    let (Meta { namespace, name, .. }, spec) = (&service.meta, &service.spec);
    let balanced = service.service_type() == "LoadBalancer";
    let external_ips = parsed(&spec["externalIPs"], |ip| ip.parse().ok());
    let accessible = balanced || service.service_type() == "NodePort" || !external_ips.is_empty();
    let external_local = accessible && spec["externalTrafficPolicy"] == "Local";
    let sticky = spec["sessionAffinity"] == "ClientIP";
    let seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"].as_u64().unwrap_or(10_800);
    Front {
        name: PortName { namespace: namespace.clone(), service: name.clone(), port: Str::EMPTY },
        protocol: Protocol::Tcp,
        cluster_ip,
        port: 0,
        node_port: 0,
        external_ips,
        load_balancer_ips: service.ingress.clone(),
        source_ranges: parsed(&spec["loadBalancerSourceRanges"], |range| Cidr::parse(range.trim())),
        affinity: sticky.then(|| SimDuration::from_secs(seconds)),
        internal_local: spec["internalTrafficPolicy"] == "Local",
        external_local,
        health_check_node_port: if balanced && external_local { number(&spec["healthCheckNodePort"]) } else { 0 },
    }
}

fn parsed<T>(list: &Value, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
    list.as_array().into_iter().flatten().filter_map(|item| parse(item.as_str()?)).collect()
}

fn number(tree: &Value) -> u16 {
    tree.as_u64().and_then(|number| u16::try_from(number).ok()).unwrap_or(0)
}

/// A slice's endpoints for one port of its Service, if the slice has that port. Ports without a number mean nothing to a proxy.
fn backends(slice: &EndpointSlice, front: &Front, found: &mut dyn FnMut(Backend)) {
    if slice.manual.is_object() {
        written_backends(&slice.manual, front, found);
        return;
    }
    let same = slice.ports.iter().filter(|port| port.name == front.name.port && port.protocol == front.protocol.in_api());
    for number in same.filter_map(|port| u16::try_from(port.port?).ok()).filter(|number| *number != 0) {
        slice.endpoints.iter().for_each(|endpoint| found(backend(endpoint, number)));
    }
}

fn backend(endpoint: &Endpoint, port: u16) -> Backend {
    let hints = |name: &Str| if name.is_empty() { Vec::new() } else { vec![name.clone()] };
    Backend {
        address: endpoint.address,
        port,
        node: endpoint.node_name.clone(),
        zone: endpoint.zone.clone(),
        ready: endpoint.ready,
        serving: endpoint.serving,
        terminating: endpoint.terminating,
        zone_hints: hints(&endpoint.hints.zone),
        node_hints: hints(&endpoint.hints.node),
        pod: endpoint.pod_uid,
    }
}

/// The same of a slice that a user wrote. Of several addresses the first counts; conditions that nobody wrote mean ready, serving, not
/// terminating.
fn written_backends(slice: &Value, front: &Front, found: &mut dyn FnMut(Backend)) {
    if slice["addressType"].as_str().is_some_and(|family| family != "IPv4") {
        return;
    }
    let ports = slice["ports"].as_array().map_or(&[][..], |ports| ports);
    let same = ports.iter().filter(|port| {
        port["name"].as_str().unwrap_or("") == front.name.port.as_str()
            && port["protocol"].as_str().unwrap_or("TCP") == front.protocol.in_api()
    });
    for port in same.map(|port| number(&port["port"])).filter(|number| *number != 0) {
        for endpoint in slice["endpoints"].as_array().into_iter().flatten() {
            let Some(address) = endpoint["addresses"][0].as_str().and_then(|ip| ip.parse().ok()) else { continue };
            let condition = |name: &str, unless: bool| endpoint["conditions"][name].as_bool().unwrap_or(unless);
            let hints = |kind: &str| -> Vec<Str> {
                endpoint["hints"][kind].as_array().into_iter().flatten().map(|hint| text(hint, "name")).collect()
            };
            found(Backend {
                address,
                port,
                node: text(endpoint, "nodeName"),
                zone: text(endpoint, "zone"),
                ready: condition("ready", true),
                serving: condition("serving", true),
                terminating: condition("terminating", false),
                zone_hints: hints("forZones"),
                node_hints: hints("forNodes"),
                pod: Uid::parse(endpoint["targetRef"]["uid"].as_str().unwrap_or("")),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::view::tests::view_of;
    use crate::kernel::queue::EventId;
    use crate::kernel::time::SimTime;
    use serde_json::json;

    /// What the API tells, and what is made of it.
    #[derive(Default)]
    struct Heard {
        view: View,
        services: Services,
        numbers: BTreeMap<(Kind, String), u32>,
        revision: u64,
    }

    impl Heard {
        /// An object is written. Whatever was learnt, a list would have told the same.
        fn put(&mut self, tree: &Value) -> bool {
            let single = view_of(std::slice::from_ref(tree));
            let kind = if tree["kind"] == "Service" { Kind::Service } else { Kind::EndpointSlice };
            let name = tree["metadata"]["name"].as_str().expect("it has a name").to_owned();
            let object = single.list(kind, None).next().expect("it is in the view").1.clone();
            let next = self.numbers.len() as u32 + 1;
            let id = ObjectId { kind, number: *self.numbers.entry((kind, name)).or_insert(next) };
            let old = self.view.get(id).cloned();
            let verb = if old.is_some() { Verb::Modified } else { Verb::Added };
            self.learn(id, verb, object, old)
        }

        fn delete(&mut self, kind: Kind, name: &str) -> bool {
            let id = ObjectId { kind, number: self.numbers.remove(&(kind, name.to_owned())).expect("it was written") };
            let object = self.view.get(id).cloned().expect("it is there");
            self.learn(id, Verb::Deleted, object.clone(), Some(object))
        }

        fn learn(&mut self, id: ObjectId, verb: Verb, object: Object, old: Option<Object>) -> bool {
            self.revision += 1;
            let change = Change { revision: self.revision, at: SimTime::ZERO, event: EventId::NONE, verb, id, object, old };
            self.view.apply(&change);
            let changed = self.services.learn(&self.view, &change);
            assert_eq!(shown(&self.services), shown(&Services::of(&self.view)));
            changed
        }

        fn behind(&self, address: &str, port: u16) -> Option<String> {
            let found = self.services.find(address.parse().expect("an address"), Protocol::Tcp, port)?;
            Some(found.endpoints().iter().map(Backend::to_string).collect::<Vec<_>>().join(" "))
        }
    }

    fn shown(services: &Services) -> Vec<(Front, Arc<Vec<Backend>>)> {
        services.iter().map(|port| (port.front.clone(), port.endpoints().clone())).collect()
    }

    fn service(spec: Value) -> Value {
        json!({"kind": "Service", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "default"}, "spec": spec})
    }

    fn web() -> Value {
        json!({"type": "NodePort", "clusterIP": "10.96.3.4", "selector": {"app": "web"}, "sessionAffinity": "ClientIP",
            "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080, "nodePort": 30080},
                {"name": "admin", "protocol": "TCP", "port": 81, "targetPort": 8081}]})
    }

    fn slice(name: &str, endpoints: Value) -> Value {
        json!({"kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "addressType": "IPv4",
            "metadata": {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": "web"}},
            "endpoints": endpoints, "ports": [{"name": "http", "protocol": "TCP", "port": 8080}]})
    }

    fn ready(address: &str) -> Value {
        let conditions = json!({"ready": true, "serving": true, "terminating": false});
        json!({"addresses": [address], "conditions": conditions, "nodeName": "node-1", "hints": {"forZones": [{"name": "a"}]}})
    }

    #[test]
    fn a_service_and_its_slices_come_and_go() {
        let mut heard = Heard::default();
        assert!(!heard.put(&slice("web-1", json!([ready("10.244.1.9")]))), "there is no Service yet");
        assert!(heard.put(&service(web())));
        assert_eq!(heard.behind("10.96.3.4", 80).as_deref(), Some("10.244.1.9:8080"));
        assert_eq!(heard.behind("10.96.3.4", 81).as_deref(), Some(""));
        assert_eq!(heard.behind("10.96.3.4", 82), None);
        let port = heard.services.find_node_port(Protocol::Tcp, 30_080).expect("it has a node port").clone();
        assert_eq!((port.affinity, port.endpoints()[0].zone_hints.clone()), (Some(SimDuration::from_secs(10_800)), vec![Str::from("a")]));
        assert!(!heard.put(&slice("web-1", json!([ready("10.244.1.9")]))), "nothing else in it");
        assert!(heard.put(&slice("web-2", json!([ready("10.244.1.10"), ready("10.244.1.9")]))));
        assert_eq!(heard.behind("10.96.3.4", 80).as_deref(), Some("10.244.1.10:8080 10.244.1.9:8080"), "in order as text, each once");
        assert!(Arc::ptr_eq(&port, &port.clone()) && port.endpoints().len() == 1, "who holds the old state sees the old state");
        assert!(heard.delete(Kind::EndpointSlice, "web-1"));
        assert_eq!(heard.behind("10.96.3.4", 80).as_deref(), Some("10.244.1.10:8080 10.244.1.9:8080"));
        assert!(heard.put(&slice("web-2", Value::Null)));
        assert!(!heard.delete(Kind::EndpointSlice, "web-2"));
        let mut other = web();
        other["ports"] = json!([{"name": "http", "protocol": "TCP", "port": 8000, "targetPort": 8080}]);
        assert!(heard.put(&service(other)));
        assert_eq!((heard.behind("10.96.3.4", 80), heard.services.len()), (None, 1));
        assert!(heard.services.find_node_port(Protocol::Tcp, 30_080).is_none());
        assert!(heard.delete(Kind::Service, "web"));
        assert!(heard.services.is_empty());
    }

    #[test]
    fn slices_that_users_write() {
        let mut heard = Heard::default();
        heard.put(&service(web()));
        let written = json!([{"addresses": ["192.0.2.1", "192.0.2.2"]}, {"addresses": ["192.0.2.3"], "conditions": {"ready": false}},
            {"addresses": ["fd00::1"]}]);
        assert!(heard.put(&slice("mine", written)));
        let endpoints = heard.services.iter().flat_map(|port| port.endpoints().to_vec()).map(|e| (e.to_string(), e.ready, e.serving));
        let expected = [("192.0.2.1:8080".to_owned(), true, true), ("192.0.2.3:8080".to_owned(), false, true)];
        assert_eq!(endpoints.collect::<Vec<_>>(), expected);
        let mut moved = slice("mine", json!([{"addresses": ["192.0.2.1"]}]));
        moved["metadata"]["labels"]["kubernetes.io/service-name"] = "other".into();
        assert!(heard.put(&moved));
        assert_eq!(heard.behind("10.96.3.4", 80).as_deref(), Some(""));
    }

    #[test]
    fn services_without_an_address_of_their_own() {
        let mut heard = Heard::default();
        let http = json!([{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}]);
        assert!(!heard.put(&service(json!({"type": "ClusterIP", "clusterIP": "None", "ports": http}))));
        assert!(!heard.put(&service(json!({"type": "ExternalName", "externalName": "example.org", "ports": http}))));
        let mut foreign = service(web());
        foreign["metadata"]["labels"] = json!({"service.kubernetes.io/service-proxy-name": "other"});
        assert!(!heard.put(&foreign));
        assert!(heard.put(&service(web())));
    }
}
