//! `kubectl create service …`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/create/create_service.go`, v1.36.

use serde_json::{Map, Value, json};

use super::{one_name, required};
use crate::api::quote::quote;
use crate::apiserver::validation::names;
use crate::kubectl::failure::{Answer, Failure};
use crate::kubectl::flags::{Flag, value};
use crate::kubectl::{Call, Next, target};

/// The flags of `create service loadbalancer`.
pub const FLAGS: &[Flag] = &[value("tcp")];
/// The flags of `create service clusterip`.
pub const CLUSTER_IP_FLAGS: &[Flag] = &[value("tcp"), value("clusterip")];
/// The flags of `create service nodeport`.
pub const NODE_PORT_FLAGS: &[Flag] = &[value("tcp"), value("node-port")];
/// The flags of `create service externalname`.
pub const EXTERNAL_NAME_FLAGS: &[Flag] = &[value("tcp"), value("external-name")];

/// `kubectl create service clusterip`.
pub fn cluster_ip(call: &mut Call<'_>) -> Answer<Next> {
    let mut spec = Map::new();
    let address = call.flags.text("clusterip").to_owned();
    if !address.is_empty() {
        spec.insert("clusterIP".into(), Value::from(address.as_str()));
    }
    service(call, "ClusterIP", spec, address != "None")
}

/// `kubectl create service nodeport`.
pub fn node_port(call: &mut Call<'_>) -> Answer<Next> {
    service(call, "NodePort", Map::new(), true)
}

/// `kubectl create service loadbalancer`.
pub fn load_balancer(call: &mut Call<'_>) -> Answer<Next> {
    service(call, "LoadBalancer", Map::new(), true)
}

/// `kubectl create service externalname`.
pub fn external_name(call: &mut Call<'_>) -> Answer<Next> {
    required(call, &["external-name"])?;
    let target = call.flags.text("external-name").to_owned();
    service(call, "ExternalName", Map::from_iter([("externalName".to_owned(), Value::from(target))]), false)
}

fn service(call: &mut Call<'_>, kind: &str, mut spec: Map<String, Value>, ports_needed: bool) -> Answer<Next> {
    let node_port = call.flags.int("node-port")?.unwrap_or(0);
    let name = one_name(call)?;
    let tcp = call.flags.list("tcp");
    if tcp.is_empty() && ports_needed {
        return Err(Failure::plain("at least one tcp port specifier must be provided"));
    }
    if let Some(target) = spec.get("externalName").and_then(Value::as_str)
        && !names::dns_subdomain(target).is_empty()
    {
        return Err(Failure::Plain(format!("invalid service external name {target}")));
    }
    let mut ports = Vec::new();
    for given in &tcp {
        let (port, target) = port_pair(given)?;
        let mut entry = json!({"name": given.replace(':', "-"), "port": port, "protocol": "TCP", "targetPort": target});
        if node_port != 0 {
            entry["nodePort"] = Value::from(node_port);
        }
        ports.push(entry);
    }
    if !ports.is_empty() {
        spec.insert("ports".into(), Value::Array(ports));
    }
    spec.insert("selector".into(), json!({"app": name}));
    spec.insert("type".into(), Value::from(kind));
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": spec,
        "status": {"loadBalancer": {}},
    });
    super::object(call, target::resource("services")?, service, Some(&format!("failed to create {kind} service:")))
}

/// `80`, `80:8080` or `80:http`: the port, and the one it leads to.
fn port_pair(given: &str) -> Answer<(u16, Value)> {
    let mut parts = given.split(':');
    let port = parts.next().unwrap_or(given);
    let Ok(number) = port.parse::<u16>() else {
        let numeric = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let why = if numeric { "value out of range" } else { "invalid syntax" };
        return Err(Failure::Plain(format!("strconv.ParseUint: parsing {}: {why}", quote(port))));
    };
    let Some(target) = parts.next() else { return Ok((number, Value::from(number))) };
    let wrong = |why: Vec<String>| Err(Failure::Plain(why.join(",")));
    match target.parse::<i64>() {
        Ok(target) if (1..=65535).contains(&target) => Ok((number, Value::from(target))),
        Ok(_) => wrong(vec![names::range_error(1, 65535)]),
        Err(_) => match names::port_name(target) {
            why if why.is_empty() => Ok((number, Value::from(target))),
            why => wrong(why),
        },
    }
}
