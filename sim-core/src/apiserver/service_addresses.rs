//! The addresses of Services at the users' door: what a Service asks for or needs is taken, and given back when its write is refused, was
//! only tried, or leaves it without. Mirrors `pkg/registry/core/service/storage/alloc.go`, v1.36.

use crate::api::object::{Kind, Object};
use crate::api::resources::Resource;
use crate::api::status::{ApiError, FieldError, FieldErrorType, Reason};
use crate::apiserver::addresses::Addresses;
use crate::apiserver::front::Front;
use crate::apiserver::request::{WriteOptions, Written};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// What a Service holds.
#[derive(Clone, PartialEq, Debug, Default)]
struct Held {
    ip: Option<Ipv4Addr>,
    /// Its ports on nodes, and that of its health check.
    ports: Vec<u16>,
}

impl Front<'_> {
    /// What a write of a Service that is refused, or only tried, took of the addresses is given back. Other kinds take none.
    pub(super) fn with_addresses(
        &mut self,
        resource: &Resource,
        options: &WriteOptions,
        write: impl FnOnce(&mut Self) -> Result<Written, ApiError>,
    ) -> Result<Written, ApiError> {
        if Kind::of(resource) != Some(Kind::Service) {
            return write(self);
        }
        let before = self.server.addresses.clone();
        let written = write(self);
        if written.is_err() || options.dry_run {
            self.server.addresses = before;
        }
        written
    }

    /// Gives a Service the addresses that it asks for, or that it needs.
    pub(super) fn allocate_addresses(&mut self, tree: &mut Value) -> Result<(), ApiError> {
        let name = tree["metadata"]["name"].as_str().unwrap_or("").to_owned();
        let namespace = tree["metadata"]["namespace"].as_str().unwrap_or("");
        let known = self.store.find_object(Kind::Service, namespace, &name).and_then(Object::as_service);
        let (is_new, held) = known.map_or((true, Held::default()), |service| {
            let (ip, ports) = held_addresses(&service.spec);
            (false, Held { ip, ports })
        });
        let (seed, addresses, spec) = (self.server.seed, &mut self.server.addresses, &mut tree["spec"]);
        let kind = spec["type"].as_str().unwrap_or("ClusterIP").to_owned();
        if kind != "ExternalName" && spec["clusterIP"] != "None" {
            cluster_ip(&name, spec, &held, addresses, seed)?;
        }
        match kind.as_str() {
            "NodePort" | "LoadBalancer" if is_new => new_node_ports(&name, spec, addresses, seed)?,
            "NodePort" | "LoadBalancer" => changed_node_ports(&name, spec, &held, addresses, seed)?,
            _ => {}
        }
        if kind == "LoadBalancer" && spec["externalTrafficPolicy"] == "Local" {
            health_check(spec, &held, addresses, seed)?;
        }
        Ok(())
    }
}

fn refuse(name: &str, field: &str, body: String) -> ApiError {
    let cause = FieldError { kind: FieldErrorType::Invalid, field: field.into(), body };
    ApiError::invalid("", "Service", name, vec![cause])
}

fn internal(why: &str) -> ApiError {
    ApiError::new(Reason::InternalError, format!("Internal error occurred: {why}"))
}

fn cluster_ip(name: &str, spec: &mut Value, held: &Held, addresses: &mut Addresses, seed: u64) -> Result<(), ApiError> {
    let ip = match spec["clusterIP"].as_str().filter(|ip| !ip.is_empty()) {
        None => addresses
            .take_cluster_ip(seed)
            .map(|ip| ip.to_string())
            .ok_or_else(|| internal("failed to allocate a serviceIP: range is full"))?,
        Some(text) => {
            let ip: Option<Ipv4Addr> = text.parse().ok();
            if !ip.is_some_and(|ip| held.ip == Some(ip) || addresses.claim_cluster_ip(ip)) {
                let why = match ip {
                    Some(ip) if Addresses::has_cluster_ip(ip) => "provided IP is already allocated".to_owned(),
                    Some(ip) if ip.octets()[..2] == [10, 96] => {
                        format!("the provided IP ({ip}) is not in the valid range. The range of valid IPs is 10.96.0.0/16")
                    }
                    _ => "the provided network does not match the current range".to_owned(),
                };
                return Err(refuse(name, "spec.clusterIPs", format!("Invalid value: [{text:?}]: failed to allocate IP {text}: {why}")));
            }
            text.to_owned()
        }
    };
    spec["clusterIPs"] = json!([ip]);
    spec["clusterIP"] = ip.into();
    Ok(())
}

/// Whether ports get a node port that don't ask for one. `shouldAllocateNodePorts`.
fn allocates_node_ports(spec: &Value) -> bool {
    spec["type"] == "NodePort" || spec["allocateLoadBalancerNodePorts"] != false
}

fn node_port(port: &Value) -> Option<u16> {
    port["nodePort"].as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
}

fn claim(name: &str, index: usize, asked: u16, addresses: &mut Addresses) -> Result<(), ApiError> {
    let refused = |why| refuse(name, &format!("spec.ports[{index}].nodePort"), format!("Invalid value: {asked}: {why}"));
    try_claim(asked, addresses).map_err(refused)
}

/// `portallocator.go`, Allocate.
fn try_claim(asked: u16, addresses: &mut Addresses) -> Result<(), &'static str> {
    if !Addresses::has_node_port(asked) {
        return Err("provided port is not in the valid range. The range of valid ports is 30000-32767");
    }
    if addresses.claim_node_port(asked) { Ok(()) } else { Err("provided port is already allocated") }
}

fn take_node_port(addresses: &mut Addresses, seed: u64) -> Result<u16, ApiError> {
    addresses.take_node_port(seed).ok_or_else(|| internal("failed to allocate a nodePort: range is full"))
}

/// A new Service's ports of the same number share a node port, TCP and UDP say, unless they ask for different ones. `initNodePorts`.
fn new_node_ports(name: &str, spec: &mut Value, addresses: &mut Addresses, seed: u64) -> Result<(), ApiError> {
    let allocates = allocates_node_ports(spec);
    let all = spec["ports"].as_array().cloned().unwrap_or_default();
    // The port's number and the node port that it got first.
    let mut shared: Vec<(Value, u16)> = Vec::new();
    for (index, port) in spec["ports"].as_array_mut().into_iter().flatten().enumerate() {
        let asked = node_port(port);
        if asked.is_none() && !allocates {
            continue;
        }
        let known = shared.iter().find(|(number, _)| *number == port["port"]).map(|(_, node_port)| *node_port);
        let own = match (known, asked) {
            (None, _) => {
                let requested = all.iter().filter(|other| other["port"] == port["port"]).find_map(node_port);
                let own = match requested {
                    Some(requested) => claim(name, index, requested, addresses).map(|()| requested),
                    None => take_node_port(addresses, seed),
                }?;
                shared.push((port["port"].clone(), own));
                own
            }
            (Some(known), Some(asked)) if asked != known => {
                claim(name, index, asked, addresses)?;
                asked
            }
            (Some(known), _) => known,
        };
        port["nodePort"] = own.into();
    }
    Ok(())
}

/// A changed Service keeps the node ports that it has, and gets what is new. `updateNodePorts`.
fn changed_node_ports(name: &str, spec: &mut Value, held: &Held, addresses: &mut Addresses, seed: u64) -> Result<(), ApiError> {
    let allocates = allocates_node_ports(spec);
    let mut claimed: Vec<u16> = Vec::new();
    for (index, port) in spec["ports"].as_array_mut().into_iter().flatten().enumerate() {
        match node_port(port) {
            Some(asked) if held.ports.contains(&asked) || claimed.contains(&asked) => {}
            Some(asked) => {
                claim(name, index, asked, addresses)?;
                claimed.push(asked);
            }
            None if allocates => port["nodePort"] = take_node_port(addresses, seed)?.into(),
            None => {}
        }
    }
    Ok(())
}

/// The port on which nodes tell a load balancer whether they have endpoints. `allocHealthCheckNodePort`.
fn health_check(spec: &mut Value, held: &Held, addresses: &mut Addresses, seed: u64) -> Result<(), ApiError> {
    let asked = spec["healthCheckNodePort"].as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
    match asked {
        None => {
            let free = addresses.take_node_port(seed);
            spec["healthCheckNodePort"] =
                free.ok_or_else(|| internal("failed to allocate a HealthCheck NodePort 0: range is full"))?.into();
        }
        Some(asked) if held.ports.contains(&asked) => {}
        Some(asked) => {
            let refused = |why| internal(&format!("failed to allocate requested HealthCheck NodePort {asked}: {why}"));
            try_claim(asked, addresses).map_err(refused)?;
        }
    }
    Ok(())
}

/// The cluster IP that a Service holds, and its node ports with that of its health check.
pub(crate) fn held_addresses(spec: &Value) -> (Option<Ipv4Addr>, Vec<u16>) {
    let ip = spec["clusterIP"].as_str().and_then(|ip| ip.parse().ok());
    let ports = spec["ports"].as_array().into_iter().flatten().filter_map(node_port);
    let health_check = spec["healthCheckNodePort"].as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
    (ip, ports.chain(health_check).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The node ports that a new Service's ports get: those that are drawn as `*`.
    #[track_caller]
    fn check(mut spec: Value, expected: Result<&[&str], &str>) {
        let mut addresses = Addresses::default();
        addresses.claim_node_port(30_001);
        let got = new_node_ports("web", &mut spec, &mut addresses, 1).map_err(|error| error.message);
        let shown = |port: &Value| match node_port(port) {
            Some(port) if port < 30_086 => port.to_string(),
            Some(_) => "*".to_owned(),
            None => "-".to_owned(),
        };
        let ports: Vec<String> = spec["ports"].as_array().into_iter().flatten().map(shown).collect();
        match (got, expected) {
            (Ok(()), Ok(expected)) => assert_eq!(ports, expected),
            (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
            (got, _) => panic!("{got:?}"),
        }
    }

    #[test]
    fn node_ports_of_a_new_service() {
        let ports = |ports: Value| json!({"type": "NodePort", "ports": ports});
        check(ports(json!([{"port": 80}, {"port": 443}])), Ok(&["*", "*"]));
        check(ports(json!([{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP", "nodePort": 30053}])), Ok(&["30053", "30053"]));
        check(ports(json!([{"port": 80, "nodePort": 30010}, {"port": 80, "nodePort": 30011}])), Ok(&["30010", "30011"]));
        check(ports(json!([{"port": 80, "nodePort": 30001}])), Err("provided port is already allocated"));
        check(ports(json!([{"port": 80, "nodePort": 80}])), Err("not in the valid range"));
        let none = json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false, "ports": [{"port": 80}, {"port": 81, "nodePort": 30081}]});
        check(none, Ok(&["-", "30081"]));
    }

    #[test]
    fn a_health_check_has_a_port_of_its_own() {
        let mut addresses = Addresses::default();
        let mut spec = json!({"healthCheckNodePort": 0});
        assert!(health_check(&mut spec, &Held::default(), &mut addresses, 1).is_ok());
        let port = spec["healthCheckNodePort"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
        assert!(Addresses::has_node_port(port));
        assert_eq!(held_addresses(&spec), (None, vec![port]));
        let refused = health_check(&mut spec, &Held::default(), &mut addresses, 1).map_err(|error| error.message);
        assert!(refused.is_err_and(|message| message.ends_with("provided port is already allocated")));
        assert!(health_check(&mut spec, &Held { ip: None, ports: vec![port] }, &mut addresses, 1).is_ok());
    }
}
