//! `kubectl cluster-info`: where the API server and the cluster's own services are. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/clusterinfo/clusterinfo.go`, v1.36.

use super::failure::{Answer, Failure};
use super::field::{at, entry, int, items, name, namespace, text};
use super::flags::{Flag, short, short_switch, value};
use super::target;
use super::{Call, Next};
use crate::api::selector::Selector;

/// The flags of `cluster-info dump`.
pub const DUMP_FLAGS: &[Flag] = &[
    short_switch("all-namespaces", 'A'),
    short("output", 'o'),
    value("namespaces"),
    value("output-directory"),
    value("pod-running-timeout"),
];

/// Where the API server would be.
const SERVER: &str = "https://127.0.0.1:6443";

/// Runs `kubectl cluster-info`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let ns = if call.explicit_namespace() { call.namespace() } else { "kube-system" };
    let own = Selector::parse("kubernetes.io/cluster-service=true").map_err(Failure::Plain)?;
    let services = call.api.list(target::resource("services")?, Some(ns), &own)?;
    call.out.push_str(&format!("Kubernetes control plane is running at {SERVER}\n"));
    for service in &services {
        let title = entry(service, "metadata.labels", "kubernetes.io/name").unwrap_or(name(service));
        call.out.push_str(&format!("{title} is running at {}\n", link(service)));
    }
    call.out.push_str("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n");
    Ok(Next::Done)
}

/// The address of a load balancer, or the way through the API server's proxy.
fn link(service: &serde_json::Value) -> String {
    let ports = items(service, "spec.ports");
    if let Some(ingress) = items(service, "status.loadBalancer.ingress").first() {
        let address = if text(ingress, "ip").is_empty() { text(ingress, "hostname") } else { text(ingress, "ip") };
        return ports.iter().map(|port| format!("http://{address}:{} ", int(port, "port"))).collect();
    }
    let mut place = name(service).to_owned();
    if let Some(port) = ports.first() {
        let port_name = text(port, "name");
        let secure = port_name == "https" || at(port, "port") == 443;
        // `scheme:name:port`, each part only as far as it is known.
        place = match (secure, port_name) {
            (true, port_name) => format!("https:{place}:{port_name}"),
            (false, "") => place,
            (false, port_name) => format!("{place}:{port_name}"),
        };
    }
    format!("{SERVER}/api/v1/namespaces/{}/services/{place}/proxy", namespace(service))
}

/// Runs `kubectl cluster-info dump`, which would take logs too.
pub fn dump(_: &mut Call<'_>) -> Answer<Next> {
    Err(Failure::not_simulated("kubectl cluster-info dump"))
}
