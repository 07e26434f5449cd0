//! What a node answers at a Service's health check node port: load balancers send it traffic only while it has endpoints of its own.
//! Mirrors `pkg/proxy/healthcheck/service_health.go` and LocalReadyEndpoints of `endpointschangetracker.go`, v1.36.

use crate::net::proxy::services::Services;
use crate::net::proxy::topology::NodeFacts;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The answer to a health check.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// 200 or 503.
    pub status: u16,
    /// The body, as JSON.
    pub body: Value,
}

/// How many ready endpoints a Service has on a node. Several ports of one address count once, and endpoints on their way out don't count.
pub fn local_endpoints(services: &Services, namespace: &str, service: &str, node: &NodeFacts) -> usize {
    let mut addresses = BTreeSet::new();
    for port in services.of_service(namespace, service) {
        let local = port.endpoints().iter().filter(|backend| backend.ready && !node.name.is_empty() && backend.node == node.name);
        addresses.extend(local.map(|backend| backend.address));
    }
    addresses.len()
}

/// What a node whose proxy knows these Services answers at a port; `None` if it isn't any Service's. A proxy counts as healthy as long as it
/// keeps up with changes.
pub fn answer(services: &Services, port: u16, node: &NodeFacts, is_healthy: bool) -> Option<Answer> {
    let name = &services.find_health_check(port)?.name;
    let count = local_endpoints(services, &name.namespace, &name.service, node);
    Some(Answer {
        status: if count > 0 && is_healthy { 200 } else { 503 },
        body: json!({
            "service": {"namespace": name.namespace.as_str(), "name": name.service.as_str()},
            "localEndpoints": count,
            "serviceProxyHealthy": is_healthy,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::proxy::services::{Backend, Front};
    use crate::net::proxy::testing::{backend, front, going, node, services};

    #[track_caller]
    fn check(endpoints: Vec<Backend>, is_healthy: bool, status: u16, count: usize) {
        let known = services([(Front { health_check_node_port: 31_000, ..front() }, endpoints)]);
        let answer = answer(&known, 31_000, &node(), is_healthy).expect("a Service has this port");
        assert_eq!((answer.status, &answer.body["localEndpoints"]), (status, &json!(count)));
        assert_eq!(super::answer(&known, 31_001, &node(), true), None);
    }

    #[test]
    fn answers() {
        let (here, there) = (|| backend("10.244.1.5", 80, "node-1"), || backend("10.244.2.5", 80, "node-2"));
        check(vec![here(), there()], true, 200, 1);
        check(vec![here(), backend("10.244.1.5", 81, "node-1")], true, 200, 1);
        check(vec![there()], true, 503, 0);
        check(vec![going("10.244.1.5", 80, "node-1")], true, 503, 0);
        check(vec![here()], false, 503, 1);
    }
}
