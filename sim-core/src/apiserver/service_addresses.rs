//! The addresses of Services at the users' door: what a Service asks for or needs is taken, and given back when its write is refused, was
//! only tried, or leaves it without. Mirrors `pkg/registry/core/service/storage/alloc.go`, v1.36.

use crate::api::object::{Kind, Object};
use crate::api::resources::Resource;
use crate::api::status::{ApiError, FieldError, FieldErrorType, Reason};
use crate::apiserver::front::Front;
use crate::apiserver::request::{WriteOptions, Written};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

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
        let refuse = |field: &str, body: String| {
            let cause = FieldError { kind: FieldErrorType::Invalid, field: field.into(), body };
            ApiError::invalid("", "Service", &name, vec![cause])
        };
        let held =
            self.store.find_object(Kind::Service, tree["metadata"]["namespace"].as_str().unwrap_or(""), &name).and_then(Object::as_service);
        let (held_ip, held_ports) = held.map_or((None, Vec::new()), |service| held_addresses(&service.spec));
        let seed = self.server.seed;
        let spec = &mut tree["spec"];
        let kind = spec["type"].as_str().unwrap_or("ClusterIP").to_owned();
        if kind != "ExternalName" && spec["clusterIP"] != "None" {
            let asked = spec["clusterIP"].as_str().filter(|ip| !ip.is_empty()).map(str::to_owned);
            let ip = match asked {
                None => self.server.addresses.take_cluster_ip(seed).map(|ip| ip.to_string()),
                Some(text) => {
                    let ip: Option<Ipv4Addr> = text.parse().ok();
                    let free = ip.is_some_and(|ip| held_ip == Some(ip) || self.server.addresses.claim_cluster_ip(ip));
                    if !free {
                        let in_range = ip.is_some_and(|ip| ip.octets()[..2] == [10, 96]);
                        let why = if in_range {
                            "provided IP is already allocated"
                        } else {
                            "the provided network does not match the current range"
                        };
                        let body = format!("Invalid value: [{text:?}]: failed to allocate IP {text}: {why}");
                        return Err(refuse("spec.clusterIPs", body));
                    }
                    Some(text)
                }
            };
            let ip = ip.ok_or_else(|| ApiError::new(Reason::InternalError, "failed to allocate a serviceIP: range is full"))?;
            spec["clusterIPs"] = json!([ip]);
            spec["clusterIP"] = ip.into();
        }
        if !matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
            return Ok(());
        }
        let ports = spec["ports"].as_array_mut().map_or(&mut [][..], |ports| ports);
        for (index, port) in ports.iter_mut().enumerate() {
            let asked = port["nodePort"].as_u64().and_then(|p| u16::try_from(p).ok()).filter(|p| *p > 0);
            match asked {
                Some(asked) if held_ports.contains(&asked) => {}
                Some(asked) if !(30_000..=32_767).contains(&asked) => {
                    let body =
                        format!("Invalid value: {asked}: provided port is not in the valid range. The range of valid ports is 30000-32767");
                    return Err(refuse(&format!("spec.ports[{index}].nodePort"), body));
                }
                Some(asked) if !self.server.addresses.claim_node_port(asked) => {
                    return Err(refuse(
                        &format!("spec.ports[{index}].nodePort"),
                        format!("Invalid value: {asked}: provided port is already allocated"),
                    ));
                }
                Some(_) => {}
                None => {
                    let free = self.server.addresses.take_node_port(seed);
                    port["nodePort"] =
                        free.ok_or_else(|| ApiError::new(Reason::InternalError, "failed to allocate a nodePort: range is full"))?.into();
                }
            }
        }
        Ok(())
    }
}

/// The cluster IP and node ports that a Service holds.
pub(crate) fn held_addresses(spec: &Value) -> (Option<Ipv4Addr>, Vec<u16>) {
    let ip = spec["clusterIP"].as_str().and_then(|ip| ip.parse().ok());
    let ports = spec["ports"].as_array().map_or(&[][..], |ports| ports);
    (ip, ports.iter().filter_map(|p| p["nodePort"].as_u64().and_then(|p| u16::try_from(p).ok())).filter(|p| *p > 0).collect())
}
