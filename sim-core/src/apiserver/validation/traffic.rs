//! Rules for EndpointSlices, and for the Endpoints that they replaced: mirrors `pkg/apis/discovery/validation/validation.go` and
//! `ValidateEndpoints` of `pkg/apis/core/validation/validation.go`, v1.36.

use super::meta;
use super::names;
use super::network;
use super::path::{Errors, Path};
use super::pod::Scope;
use super::rules::{Row, Rule, complain, items, number, text, walk};
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::BTreeSet;

static PORT: &[Row] = &[
    Row("protocol", Rule::RequiredOneOf(&["SCTP", "TCP", "UDP"])),
    Row("appProtocol", Rule::IfSet(|path, value, _, errors| complain(path, text(value), names::qualified_name(text(value)), errors))),
];

static ENDPOINT_REST: &[Row] = &[
    Row("nodeName", Rule::IfSet(|path, value, _, errors| complain(path, text(value), names::dns_subdomain(text(value)), errors))),
    Row("deprecatedTopology", Rule::Labels),
    Row("hostname", Rule::IfSet(|path, value, _, errors| complain(path, text(value), names::dns_label(text(value)), errors))),
    Row("hints", Rule::IfSet(hints)),
];

/// An EndpointSlice, new or changed.
pub fn endpoint_slice(object: &Value, errors: &mut Errors) {
    static ADDRESS_TYPE: &[Row] = &[Row("addressType", Rule::RequiredOneOf(&["FQDN", "IPv4", "IPv6"]))];
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    walk(ADDRESS_TYPE, object, &Path::ROOT, &Scope::none(), errors);
    ports(&Path::of("ports"), items(&object["ports"]), errors);
    endpoints(&Path::of("endpoints"), items(&object["endpoints"]), text(&object["addressType"]), errors);
}

/// A changed EndpointSlice.
pub fn endpoint_slice_update(new: &Value, old: &Value, errors: &mut Errors) {
    endpoint_slice(new, errors);
    meta::immutable(&Path::of("addressType"), &new["addressType"], &old["addressType"], errors);
}

fn ports(path: &Path<'_>, ports: &[Value], errors: &mut Errors) {
    if ports.len() > 20000 {
        return errors.push(FieldError::too_many(path, ports.len(), 20000));
    }
    let mut seen = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let (at, name) = (path.index(i), text(&port["name"]));
        if !name.is_empty() {
            complain(&at.child("name"), name, names::dns_label(name), errors);
        }
        if !seen.insert(name) {
            errors.push(FieldError::duplicate(at.child("name"), &Value::from(name)));
        }
        walk(PORT, port, &at, &Scope::none(), errors);
    }
}

fn endpoints(path: &Path<'_>, endpoints: &[Value], kind: &str, errors: &mut Errors) {
    if endpoints.len() > 1000 {
        return errors.push(FieldError::too_many(path, endpoints.len(), 1000));
    }
    for (i, endpoint) in endpoints.iter().enumerate() {
        let at = path.index(i);
        let (addresses_at, addresses) = (at.child("addresses"), items(&endpoint["addresses"]));
        match addresses.len() {
            0 => errors.push(FieldError::required(addresses_at, "must contain at least 1 address")),
            101.. => errors.push(FieldError::too_many(addresses_at, addresses.len(), 100)),
            _ => {}
        }
        for (j, address) in addresses.iter().enumerate() {
            endpoint_address(&addresses_at, j, text(address), kind, errors);
        }
        walk(ENDPOINT_REST, endpoint, &at, &Scope::none(), errors);
    }
}

fn endpoint_address(list: &Path<'_>, index: usize, address: &str, kind: &str, errors: &mut Errors) {
    if !matches!(kind, "IPv4" | "IPv6") {
        return;
    }
    let (at, before) = (list.index(index), errors.len());
    network::ip(&at, address, errors);
    if errors.len() == before {
        if address.contains(':') != (kind == "IPv6") {
            errors.push(FieldError::invalid_text(list, address, &format!("must be an {kind} address")));
        }
        network::endpoint_ip(&at, address, errors);
    }
}

fn hints(path: &Path<'_>, hints: &Value, _: &Scope<'_>, errors: &mut Errors) {
    for (field, rule) in [("forZones", names::label_value as names::TextRule), ("forNodes", names::dns_subdomain)] {
        let (at, list) = (path.child(field), items(&hints[field]));
        if list.len() > 8 {
            return errors.push(FieldError::too_many(at, list.len(), 8));
        }
        let mut seen = BTreeSet::new();
        for (i, hint) in list.iter().enumerate() {
            let (at, name) = (at.index(i), text(&hint["name"]));
            if !seen.insert(name) {
                errors.push(FieldError::duplicate(at.child("name"), &hint["name"]));
            }
            complain(&at.child("name"), name, rule(name), errors);
        }
    }
}

/// A new Endpoints object.
pub fn endpoints_object(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    subsets(&object["subsets"], errors);
}

/// A changed Endpoints object. Subsets that stay aren't judged again.
pub fn endpoints_object_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    meta::object_meta(&new["metadata"], true, names::dns_subdomain, errors);
    if !meta::same(&new["subsets"], &old["subsets"]) {
        subsets(&new["subsets"], errors);
    }
}

fn subsets(list: &Value, errors: &mut Errors) {
    static ADDRESS: &[Row] = &[
        Row("ip", Rule::Check(|path, value, _, errors| network::ip(path, text(value), errors))),
        Row("hostname", Rule::Text(names::dns_label)),
        Row("nodeName", Rule::IfSet(|path, value, _, errors| complain(path, text(value), names::dns_subdomain(text(value)), errors))),
        Row("ip", Rule::Check(|path, value, _, errors| network::endpoint_ip(path, text(value), errors))),
    ];
    let path = Path::of("subsets");
    for (i, subset) in items(list).iter().enumerate() {
        let at = path.index(i);
        let lists = ["addresses", "notReadyAddresses"];
        if lists.iter().all(|list| items(&subset[*list]).is_empty()) {
            errors.push(FieldError::required(at, "must specify `addresses` or `notReadyAddresses`"));
        }
        for list in lists {
            for (j, address) in items(&subset[list]).iter().enumerate() {
                walk(ADDRESS, address, &at.child(list).index(j), &Scope::none(), errors);
            }
        }
        let ports = items(&subset["ports"]);
        for (j, port) in ports.iter().enumerate() {
            subset_port(&at.child("ports").index(j), port, ports.len() > 1, errors);
        }
    }
}

fn subset_port(path: &Path<'_>, port: &Value, needs_name: bool, errors: &mut Errors) {
    let name = text(&port["name"]);
    if !name.is_empty() {
        complain(&path.child("name"), name, names::dns_label(name), errors);
    } else if needs_name {
        errors.push(FieldError::required(path.child("name"), ""));
    }
    let number = number(&port["port"]);
    if !(1..=65535).contains(&number) {
        errors.push(FieldError::invalid(path.child("port"), &Value::from(number), &names::range_error(1, 65535)));
    }
    walk(PORT, port, path, &Scope::none(), errors);
}
