//! Names of chains, made from what a Service's port and an endpoint are called, so that they are short, unique and always the same.
//! Mirrors portProtoHash and its like in `pkg/proxy/iptables/proxier.go`, and hashAndTruncate in `pkg/proxy/nftables/proxier.go`, v1.36.

use crate::api::meta::Str;
use crate::kernel::sha256::sha256;
use crate::net::packet::Protocol;
use crate::net::proxy::services::{Backend, PortName, ServicePort};

/// The alphabet of base32 (RFC 4648).
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// How long a name in nftables may be, without the longest prefix (`knftables`, NameLengthMax).
const NFT_NAME_MAX: usize = 256 - 16;

/// The first characters of a text's digest in base32.
fn hash(text: &str, characters: usize) -> String {
    let digest = sha256(text.as_bytes());
    let five_bits = |at: usize| {
        let (byte, shift) = (at * 5 / 8, at * 5 % 8);
        let pair = u16::from(digest[byte]) << 8 | u16::from(*digest.get(byte + 1).unwrap_or(&0));
        usize::from(pair >> (11 - shift) & 0x1f)
    };
    (0..characters).map(|at| char::from(ALPHABET[five_bits(at)])).collect()
}

/// A chain of iptables for a Service's port: `KUBE-SVC-NPX46M4PTMTKRN6Y` for `default/kubernetes:https` over TCP.
pub fn service_chain(prefix: &str, name: &PortName, protocol: Protocol) -> Str {
    Str::from(format!("{prefix}{}", hash(&format!("{name}{}", protocol.as_str()), 16)))
}

/// A chain of iptables for an endpoint of a port: `KUBE-SEP-…`.
pub fn endpoint_chain(name: &PortName, protocol: Protocol, backend: &Backend) -> Str {
    Str::from(format!("KUBE-SEP-{}", hash(&format!("{name}{}{backend}", protocol.as_str()), 16)))
}

/// What all chains of nftables for a Service's port end with: `ULMVA6XW-ns1/svc1/tcp/p80`.
pub fn nft_service(name: &PortName, protocol: Protocol) -> String {
    nft_name(&format!("{}/{}/{}/{}", name.namespace, name.service, protocol.as_str(), name.port))
}

/// The same for an endpoint: `5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80`.
pub fn nft_endpoint(name: &PortName, protocol: Protocol, backend: &Backend) -> String {
    let PortName { namespace, service, port } = name;
    nft_name(&format!("{namespace}/{service}/{}/{port}__{}/{}", protocol.as_str(), backend.address, backend.port))
}

fn nft_name(name: &str) -> String {
    let mut full = format!("{}-{name}", hash(name, 8));
    if full.len() > NFT_NAME_MAX {
        full.truncate(NFT_NAME_MAX - 3);
        full.push_str("...");
    }
    full
}

/// The chains of a port.
pub(super) struct ChainNames {
    pub(super) cluster: Str,
    pub(super) local: Str,
    pub(super) external: Str,
    pub(super) firewall: Str,
}

impl ChainNames {
    pub(super) fn in_iptables(port: &ServicePort) -> Self {
        let named = |prefix: &str| service_chain(prefix, &port.name, port.protocol);
        ChainNames { cluster: named("KUBE-SVC-"), local: named("KUBE-SVL-"), external: named("KUBE-EXT-"), firewall: named("KUBE-FW-") }
    }

    pub(super) fn in_nftables(port: &ServicePort) -> Self {
        let name = nft_service(&port.name, port.protocol);
        let named = |prefix: &str| Str::from(format!("{prefix}-{name}"));
        ChainNames { cluster: named("service"), local: named("local"), external: named("external"), firewall: named("firewall") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(namespace: &'static str, service: &'static str, port: &'static str, protocol: Protocol, chain: &str, nft: &str) {
        let name = PortName { namespace: namespace.into(), service: service.into(), port: port.into() };
        assert_eq!(service_chain("KUBE-SVC-", &name, protocol), *chain);
        assert_eq!(nft_service(&name, protocol), nft);
    }

    #[test]
    fn names_of_chains() {
        let (tcp, udp) = (Protocol::Tcp, Protocol::Udp);
        check("default", "kubernetes", "https", tcp, "KUBE-SVC-NPX46M4PTMTKRN6Y", "2QRHZV4L-default/kubernetes/tcp/https");
        check("kube-system", "kube-dns", "dns", udp, "KUBE-SVC-TCOU7JCQXEZGVUNU", "FY5PMXPG-kube-system/kube-dns/udp/dns");
        check("kube-system", "kube-dns", "dns-tcp", tcp, "KUBE-SVC-ERIFXISQEP7F7OF4", "NWBZK7IH-kube-system/kube-dns/tcp/dns-tcp");
        check("ns1", "svc1", "p80", tcp, "KUBE-SVC-XPGD46QRK7WJZT7O", "ULMVA6XW-ns1/svc1/tcp/p80");
    }

    #[test]
    fn names_of_endpoints() {
        let name = PortName { namespace: "ns1".into(), service: "svc1".into(), port: "p80".into() };
        let backend = crate::net::proxy::testing::backend("10.180.0.1", 80, "");
        assert_eq!(endpoint_chain(&name, Protocol::Tcp, &backend), "KUBE-SEP-SXIVWICOYRO3J4NJ");
        assert_eq!(nft_endpoint(&name, Protocol::Tcp, &backend), "5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80");
    }
}
