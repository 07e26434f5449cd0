//! `trafficDistribution` of a Service: each endpoint is for the clients in its own zone, or on its own node too.
//! Mirrors `staging/src/k8s.io/endpointslice/trafficdist/trafficdist.go`, v1.36.

use super::packing::Packed;
use crate::api::meta::Str;
use crate::api::service::{Endpoint, Hints, Service};

/// What a Service prefers.
#[derive(Clone, Copy)]
pub(super) struct Distribution {
    /// Whether nodes count besides zones.
    names_nodes: bool,
}

impl Distribution {
    /// `None` if the Service prefers nothing that is known.
    pub(super) fn of(service: &Service) -> Option<Self> {
        match service.spec["trafficDistribution"].as_str()? {
            "PreferClose" | "PreferSameZone" => Some(Distribution { names_nodes: false }),
            "PreferSameNode" => Some(Distribution { names_nodes: true }),
            _ => None,
        }
    }

    fn wanted(self, endpoint: &Endpoint) -> Hints {
        let node = if self.names_nodes { endpoint.node_name.clone() } else { Str::EMPTY };
        Hints { zone: endpoint.zone.clone(), node, is_allotted: false }
    }

    /// Hints for all ready endpoints of slices that are written anyway, or that have others.
    pub(super) fn apply(self, packed: &mut Packed) {
        let is_wrong = |endpoint: &Endpoint| endpoint.ready && endpoint.hints != self.wanted(endpoint);
        packed.touch(|slice| slice.endpoints.iter().any(is_wrong));
        for endpoint in packed.changing().filter(|endpoint| endpoint.ready) {
            endpoint.hints = self.wanted(endpoint);
        }
    }
}
