//! The ports that the endpoints of a slice share, and their order, which is that of a hash.
//!
//! Mirrors `staging/src/k8s.io/endpointslice/utils.go`, getEndpointPorts and FindPort, and `util/controller_utils.go`, portsInOrder, v1.36.

use crate::api::pod::Pod;
use crate::api::service::{EndpointPort, Service};

/// The ports that a pod offers of those that a Service has.
pub(super) fn of(service: &Service, pod: &Pod) -> Vec<EndpointPort> {
    let sidecars = pod.spec.init_containers.iter().filter(|container| container.is_sidecar());
    let containers = pod.spec.containers.iter().chain(sidecars);
    let resolved = service.ports.iter().filter_map(|port| {
        Some(EndpointPort {
            name: port.name.clone(),
            protocol: port.protocol.clone(),
            port: Some(port.target_in(containers.clone().flat_map(|container| &container.ports))?),
            app_protocol: port.app_protocol.clone(),
        })
    });
    sorted(resolved.collect())
}

/// The ports in the order in which upstream's slices have them.
pub(in crate::controllers) fn sorted(mut ports: Vec<EndpointPort>) -> Vec<EndpointPort> {
    if ports.len() > 1 {
        ports.sort_by_cached_key(|port| fnv1a_128(&dump(port)));
    }
    ports
}

/// A port as Go's printer for hashes writes it (`k8s.io/utils/dump`, ForHash).
fn dump(port: &EndpointPort) -> String {
    let number = port.port.map_or_else(|| "<nil>".to_owned(), |number| number.to_string());
    let app_protocol = if port.app_protocol.is_empty() { "<nil>" } else { port.app_protocol.as_str() };
    let (name, protocol) = (&port.name, &port.protocol);
    format!(
        "(v1.EndpointPort){{Name:(*string){name} Protocol:(*v1.Protocol){protocol} Port:(*int32){number} AppProtocol:(*string){app_protocol}}}"
    )
}

/// FNV-1a with 128 bits (Go's `hash/fnv`, New128a). Numbers are in the order of their hexadecimal texts.
fn fnv1a_128(text: &str) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = (1 << 88) + 0x13b;
    text.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_in_the_order_of_their_hashes() {
        assert_eq!(fnv1a_128(""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv1a_128("a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        let port = |name: &'static str, port: i32| EndpointPort {
            name: name.into(),
            protocol: "TCP".into(),
            port: Some(port),
            app_protocol: Default::default(),
        };
        let names = |ports: Vec<EndpointPort>| ports.into_iter().map(|port| port.name.to_string()).collect::<Vec<_>>();
        // As a real control plane had it.
        assert_eq!(names(sorted(vec![port("http", 80), port("https", 443)])), ["https", "http"]);
    }
}
