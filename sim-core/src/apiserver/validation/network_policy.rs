//! Rules for NetworkPolicies: mirrors `ValidateNetworkPolicy` of `pkg/apis/networking/validation/validation.go`, v1.36.

use super::meta;
use super::names;
use super::network;
use super::path::{Errors, Path};
use super::pod::Scope;
use super::rules::{Row, Rule, complain, items, number, text, walk};
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::BTreeSet;

static PORT: &[Row] = &[Row("protocol", Rule::OneOf(&["TCP", "UDP", "SCTP"])), Row("", Rule::Check(port))];

static SELECTORS: &[Row] = &[Row("podSelector", Rule::LabelSelector), Row("namespaceSelector", Rule::LabelSelector)];

/// The two directions of traffic: the field, and where its peers are.
const DIRECTIONS: [(&str, &str); 2] = [("ingress", "from"), ("egress", "to")];

/// A new NetworkPolicy.
pub fn network_policy(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    spec(&object["spec"], &BTreeSet::new(), errors);
}

/// A changed NetworkPolicy. Ranges of addresses that it had are taken as they are.
pub fn network_policy_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    let rules = DIRECTIONS.iter().flat_map(|(field, peers)| items(&old["spec"][*field]).iter().flat_map(|rule| items(&rule[*peers])));
    let blocks = rules.map(|peer| &peer["ipBlock"]).filter(|block| block.is_object());
    let known = blocks.flat_map(|block| items(&block["except"]).iter().chain([&block["cidr"]])).map(text).collect();
    spec(&new["spec"], &known, errors);
}

fn spec(spec: &Value, known: &BTreeSet<&str>, errors: &mut Errors) {
    let path = Path::of("spec");
    meta::label_selector(&path.child("podSelector"), &spec["podSelector"], errors);
    for (field, peers) in DIRECTIONS {
        let at = path.child(field);
        for (i, rule) in items(&spec[field]).iter().enumerate() {
            let (at, ports) = (at.index(i), "ports");
            for (j, port) in items(&rule[ports]).iter().enumerate() {
                walk(PORT, port, &at.child(ports).index(j), &Scope::none(), errors);
            }
            for (j, value) in items(&rule[peers]).iter().enumerate() {
                peer(&at.child(peers).index(j), value, known, errors);
            }
        }
    }
    let (at, types) = (path.child("policyTypes"), items(&spec["policyTypes"]));
    if types.len() > 2 {
        return errors.push(FieldError::invalid(at, &spec["policyTypes"], "may not specify more than two policyTypes"));
    }
    for (i, kind) in types.iter().enumerate().filter(|(_, kind)| !matches!(text(kind), "Ingress" | "Egress")) {
        errors.push(FieldError::not_supported(at.index(i), kind, &["Ingress", "Egress"]));
    }
}

fn port(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, end_at) = (path.child("port"), path.child("endPort"));
    let (port, end) = (&value["port"], &value["endPort"]);
    let in_range = |at: &Path<'_>, value: &Value, errors: &mut Errors| {
        if !(1..=65535).contains(&number(value)) {
            errors.push(FieldError::invalid(at, value, &names::range_error(1, 65535)));
        }
    };
    match port {
        Value::Null if !end.is_null() => errors.push(FieldError::invalid(end_at, end, "may not be specified when `port` is not specified")),
        Value::Null => {}
        Value::String(name) => {
            if !end.is_null() {
                errors.push(FieldError::invalid(end_at, end, "may not be specified when `port` is non-numeric"));
            }
            complain(&at, name, names::port_name(name), errors);
        }
        _ => {
            in_range(&at, port, errors);
            if !end.is_null() {
                if number(end) < number(port) {
                    errors.push(FieldError::invalid(end_at, end, "must be greater than or equal to `port`"));
                }
                in_range(&end_at, end, errors);
            }
        }
    }
}

fn peer(path: &Path<'_>, peer: &Value, known: &BTreeSet<&str>, errors: &mut Errors) {
    walk(SELECTORS, peer, path, &Scope::none(), errors);
    let block = &peer["ipBlock"];
    if !block.is_null() {
        ip_block(&path.child("ipBlock"), block, known, errors);
    }
    let selects = ["podSelector", "namespaceSelector"].iter().any(|field| !peer[*field].is_null());
    if !selects && block.is_null() {
        errors.push(FieldError::required(path, "must specify a peer"));
    } else if selects && !block.is_null() {
        errors.push(FieldError::forbidden(path, "may not specify both ipBlock and another peer"));
    }
}

fn ip_block(path: &Path<'_>, block: &Value, known: &BTreeSet<&str>, errors: &mut Errors) {
    let range = |at: &Path<'_>, cidr: &str, errors: &mut Errors| {
        if !known.contains(cidr) {
            network::cidr(at, cidr, errors);
        }
        network::parse_cidr(cidr)
    };
    let (at, cidr) = (path.child("cidr"), text(&block["cidr"]));
    if cidr.is_empty() {
        return errors.push(FieldError::required(at, ""));
    }
    let Some(whole) = range(&at, cidr, errors) else { return };
    let at = path.child("except");
    for (i, value) in items(&block["except"]).iter().enumerate() {
        let (at, cidr) = (at.index(i), text(value));
        if range(&at, cidr, errors).is_some_and(|part| !network::is_strict_subset(part, whole)) {
            errors.push(FieldError::invalid_text(at, cidr, "must be a strict subset of `cidr`"));
        }
    }
}
