//! Which flows of UDP a proxy ends: a client that keeps sending would else be led to an endpoint that is gone for ever, since every datagram
//! keeps its flow alive. Connections of TCP end by themselves. Mirrors `pkg/proxy/conntrack/cleanup.go`, v1.36.

use crate::net::packet::Protocol;
use crate::net::proxy::services::{ServicePort, Services};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Whether a proxy looks for stale flows when it goes from one state of the Services to another: when endpoints of a UDP port changed.
pub fn cleans(old: &Services, new: &Services) -> bool {
    let udp = |services: &'_ Services| -> Vec<Arc<ServicePort>> {
        services.iter().filter(|port| port.protocol == Protocol::Udp).cloned().collect()
    };
    let differs = |port: &Arc<ServicePort>, others: &Services| match others.get(&port.name) {
        Some(other) => !Arc::ptr_eq(port, other) && port.endpoints() != other.endpoints(),
        None => !port.endpoints().is_empty(),
    };
    udp(new).iter().any(|port| differs(port, old)) || udp(old).iter().any(|port| differs(port, new))
}

/// Whether a flow of UDP is ended: it was sent to a Service's address or node port, and whoever answers isn't one of the Service's endpoints that
/// serve. Flows to a Service without any are left alone.
pub fn is_stale(services: &Services, destination: Ipv4Addr, port: u16, answered_by: Ipv4Addr) -> bool {
    let stale = |found: Option<&Arc<ServicePort>>| {
        found.is_some_and(|found| {
            let mut serving = found.endpoints().iter().filter(|backend| backend.serving).peekable();
            serving.peek().is_some() && !serving.any(|backend| backend.address == answered_by)
        })
    };
    stale(services.find(destination, Protocol::Udp, port)) || stale(services.find_node_port(Protocol::Udp, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::proxy::services::{Backend, Front};
    use crate::net::proxy::testing::{backend, front, going, ip, services};

    fn dns(endpoints: Vec<Backend>) -> Services {
        services([(Front { protocol: Protocol::Udp, port: 53, node_port: 30_053, ..front() }, endpoints)])
    }

    #[test]
    fn flows_to_endpoints_that_are_gone() {
        let (five, six) = (|| backend("10.244.1.5", 53, "node-1"), || backend("10.244.1.6", 53, "node-1"));
        let (both, one, none) = (dns(vec![five(), six()]), dns(vec![six()]), dns(Vec::new()));
        assert!(cleans(&both, &one) && cleans(&one, &none) && cleans(&none, &one) && !cleans(&one, &one));
        let led_to = |services: &Services, by: &str| {
            [("10.96.3.4", 53), ("192.168.0.11", 30_053), ("10.96.3.5", 53)].map(|(to, port)| is_stale(services, ip(to), port, ip(by)))
        };
        assert_eq!(led_to(&both, "10.244.1.5"), [false; 3]);
        assert_eq!(led_to(&one, "10.244.1.5"), [true, true, false]);
        assert_eq!(led_to(&none, "10.244.1.5"), [false; 3], "nobody could take them over");
        let leaving = dns(vec![going("10.244.1.5", 53, "node-1"), six()]);
        assert_eq!(led_to(&leaving, "10.244.1.5"), [false; 3], "it still serves");
    }
}
