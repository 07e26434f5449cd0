//! Rules for Services: mirrors `ValidateServiceCreate` and `ValidateServiceUpdate` of `pkg/apis/core/validation/validation.go`, and what
//! `pkg/registry/core/service/storage/alloc.go` refuses before them, v1.36, on a cluster with IPv4 only.

use super::internal;
use super::meta;
use super::names;
use super::network;
use super::path::{Errors, Path, go_json};
use super::pod::Scope;
use super::rules::{Row, Rule, complain, is_empty, items, number, text, walk};
use crate::api::defaults;
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// `--service-cluster-ip-range=10.96.0.0/16`, kubeadm's default.
const SERVICE_NETWORK: [u8; 2] = [10, 96];

/// `--service-node-port-range`, its default.
const NODE_PORTS: RangeInclusive<i64> = 30000..=32767;

static SPEC: &[Row] = &[
    Row("", Rule::Check(by_type)),
    Row("ports", Rule::Check(ports)),
    Row("selector", Rule::Labels),
    Row("sessionAffinity", Rule::RequiredOneOf(&["ClientIP", "None"])),
    Row("", Rule::Check(session_affinity)),
];

static SPEC_REST: &[Row] = &[
    Row("externalIPs", Rule::Check(external_ips)),
    Row("type", Rule::RequiredOneOf(&["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"])),
    Row("", Rule::Check(port_numbers)),
    Row("", Rule::Check(source_ranges)),
    Row("", Rule::Check(load_balancer)),
    Row("", Rule::Check(external_traffic)),
    Row("", Rule::Check(internal_traffic)),
    Row("trafficDistribution", Rule::OneOf(&["PreferClose", "PreferSameZone", "PreferSameNode"])),
];

static PORT: &[Row] = &[
    Row("protocol", Rule::RequiredOneOf(&["SCTP", "TCP", "UDP"])),
    Row("targetPort", Rule::PortNumberOrName),
    Row("appProtocol", Rule::IfSet(|path, value, _, errors| complain(path, text(value), names::qualified_name(text(value)), errors))),
];

fn kind_of(spec: &Value) -> &str {
    text(&spec["type"])
}

fn is_headless(spec: &Value) -> bool {
    matches!(items(&spec["clusterIPs"]), [only] if text(only) == "None")
}

/// A new Service.
pub fn create(object: &Value, errors: &mut Errors) {
    let mut object = object.clone();
    defaults::normalize_cluster_ips(&mut object);
    families(&object["spec"], &Value::Null, errors);
    if errors.is_empty() {
        allocation(&object["spec"], &Value::Null, errors);
    }
    if !errors.is_empty() {
        return;
    }
    defaults::service_families(&mut object);
    meta::object_meta(&object["metadata"], true, names::dns_label, errors);
    service(&object, &Value::Null, errors);
}

/// A changed Service.
pub fn update(new: &Value, old: &Value, errors: &mut Errors) {
    let mut new = new.clone();
    defaults::prepare_service_update(&mut new, old);
    families(&new["spec"], &old["spec"], errors);
    if errors.is_empty() {
        allocation(&new["spec"], &old["spec"], errors);
    }
    if !errors.is_empty() {
        return;
    }
    defaults::service_families(&mut new);
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    let (after, before) = (&new["spec"], &old["spec"]);
    if kind_of(after) != "ExternalName" && kind_of(before) != "ExternalName" {
        cluster_ips_change(after, before, errors);
        ip_families_change(after, before, errors);
    }
    let class = |spec: &Value| spec["loadBalancerClass"].clone();
    if kind_of(after) == "LoadBalancer" && kind_of(before) == "LoadBalancer" && class(after) != class(before) {
        errors.push(FieldError::invalid_raw("spec.loadBalancerClass", go_json(&class(after)), "may not change once set"));
    }
    if needs_health_check(before) && needs_health_check(after) && before["healthCheckNodePort"] != after["healthCheckNodePort"] {
        errors.push(FieldError::forbidden("spec.healthCheckNodePort", "field is immutable"));
    }
    service(&new, &old["spec"], errors);
}

/// The addresses' families, against one another and against the cluster's.
fn families(spec: &Value, old: &Value, errors: &mut Errors) {
    if kind_of(spec) == "ExternalName" {
        return;
    }
    cluster_ips(spec, old, errors);
    if !errors.is_empty() {
        return;
    }
    let path = Path::of("spec");
    let (policy_at, policy) = (path.child("ipFamilyPolicy"), &spec["ipFamilyPolicy"]);
    let shown = || if policy.is_null() { "\"SingleStack\"".to_owned() } else { go_json(policy) };
    if !matches!(text(policy), "PreferDualStack" | "RequireDualStack") {
        for (field, what) in [("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")] {
            if items(&spec[field]).len() == 2 {
                let why = format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified");
                errors.push(FieldError::invalid_raw(policy_at, shown(), &why));
            }
        }
    }
    let ip_families = items(&spec["ipFamilies"]);
    let ips = path.child("clusterIPs");
    for (i, ip) in items(&spec["clusterIPs"]).iter().enumerate().take_while(|(_, ip)| text(ip) != "None") {
        if i >= ip_families.len() && text(ip).contains(':') {
            errors.push(FieldError::invalid(ips.index(i), &spec["clusterIPs"], "IPv6 is not configured on this cluster"));
        }
    }
    // A headless service without a selector is somebody else's to fill: it may have any family.
    if !errors.is_empty() || (is_headless(spec) && is_empty(&spec["selector"])) {
        return;
    }
    if text(policy) == "RequireDualStack" {
        errors.push(FieldError::invalid_raw(policy_at, shown(), "this cluster is not configured for dual-stack services"));
    }
    let at = path.child("ipFamilies");
    for (i, family) in ip_families.iter().enumerate().filter(|(_, f)| text(f) != "IPv4") {
        errors.push(FieldError::invalid(at.index(i), family, "not configured on this cluster"));
    }
}

/// Requested addresses and ports must lie in the cluster's ranges; which are free, the store knows. At most one error, as upstream
/// allocates one after another.
fn allocation(spec: &Value, old: &Value, errors: &mut Errors) {
    let path = Path::of("spec");
    let in_range = |ip: &str| matches!(network::parse_ip(ip), Some(IpAddr::V4(v4)) if v4.octets()[..2] == SERVICE_NETWORK);
    let asked = items(&spec["clusterIPs"]).iter().filter(|ip| kind_of(spec) != "ExternalName" && !matches!(text(ip), "" | "None"));
    for ip in asked.filter(|ip| !items(&old["clusterIPs"]).contains(ip)) {
        if !in_range(text(ip)) && old["clusterIPs"].is_null() {
            let why = format!("failed to allocate IP {}: the provided network does not match the current range", text(ip));
            return errors.push(FieldError::invalid(path.child("clusterIPs"), &spec["clusterIPs"], &why));
        }
    }
    if !matches!(kind_of(spec), "NodePort" | "LoadBalancer") {
        return;
    }
    let kept: BTreeSet<i64> = items(&old["ports"]).iter().map(|p| number(&p["nodePort"])).collect();
    // One node port may serve one port in several protocols.
    let mut taken: BTreeMap<i64, i64> = BTreeMap::new();
    for (i, port) in items(&spec["ports"]).iter().enumerate() {
        let (own, asked) = (number(&port["port"]), number(&port["nodePort"]));
        if asked == 0 || kept.contains(&asked) {
            continue;
        }
        let why = if !NODE_PORTS.contains(&asked) {
            format!("provided port is not in the valid range. The range of valid ports is {}-{}", NODE_PORTS.start(), NODE_PORTS.end())
        } else if taken.insert(asked, own).is_some_and(|other| other != own) {
            "provided port is already allocated".to_owned()
        } else {
            continue;
        };
        let ports = path.child("ports");
        return errors.push(FieldError::invalid(ports.index(i).child("nodePort"), &port["nodePort"], &why));
    }
}

fn service(object: &Value, old: &Value, errors: &mut Errors) {
    let (spec, scope, path) = (&object["spec"], Scope::none(), Path::of("spec"));
    let annotations = &object["metadata"]["annotations"];
    let (hints, mode) = ("service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode");
    if !annotations[hints].is_null() && !annotations[mode].is_null() && annotations[hints] != annotations[mode] {
        let why = format!("must match annotations[{hints}] when both are specified");
        errors.push(FieldError::invalid(format!("metadata.annotations[{mode}]"), &annotations[mode], &why));
    }
    walk(SPEC, spec, &path, &scope, errors);
    cluster_ips(spec, old, errors);
    walk(SPEC_REST, spec, &path, &scope, errors);
}

fn by_type(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let kind = kind_of(spec);
    if items(&spec["ports"]).is_empty() && !is_headless(spec) && kind != "ExternalName" {
        errors.push(FieldError::required(path.child("ports"), ""));
    }
    match kind {
        "LoadBalancer" | "NodePort" if is_headless(spec) => {
            let why = format!("may not be set to 'None' for {kind} services");
            errors.push(FieldError::invalid_text(path.child("clusterIPs").index(0), "None", &why));
        }
        "ExternalName" => {
            for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                if !is_empty(&spec[field]) {
                    errors.push(FieldError::forbidden(path.child(field), "may not be set for ExternalName services"));
                }
            }
            let name = text(&spec["externalName"]);
            let name = name.strip_suffix('.').unwrap_or(name);
            if name.is_empty() {
                errors.push(FieldError::required(path.child("externalName"), ""));
            } else {
                complain(&path.child("externalName"), name, names::dns_subdomain(name), errors);
            }
        }
        _ => {}
    }
}

fn ports(path: &Path<'_>, list: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (i, port) in items(list).iter().enumerate() {
        let at = path.index(i);
        let name = text(&port["name"]);
        if !name.is_empty() {
            complain(&at.child("name"), name, names::dns_label(name), errors);
            if !seen.insert(name) {
                errors.push(FieldError::duplicate(at.child("name"), &port["name"]));
            }
        } else if items(list).len() > 1 {
            errors.push(FieldError::required(at.child("name"), ""));
        }
        if !(1..=65535).contains(&number(&port["port"])) {
            errors.push(FieldError::invalid(at.child("port"), &Value::from(number(&port["port"])), &names::range_error(1, 65535)));
        }
        walk(PORT, port, &at, scope, errors);
    }
}

fn session_affinity(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, config) = (path.child("sessionAffinityConfig"), &spec["sessionAffinityConfig"]);
    match text(&spec["sessionAffinity"]) {
        "ClientIP" => {
            let seconds = &config["clientIP"]["timeoutSeconds"];
            let why = "when session affinity type is ClientIP";
            if config.is_null() {
                errors.push(FieldError::required(at, why));
            } else if config["clientIP"].is_null() {
                errors.push(FieldError::required(at.child("clientIP"), why));
            } else if seconds.is_null() {
                errors.push(FieldError::required(at.child("clientIP.timeoutSeconds"), why));
            } else if !(1..=86400).contains(&number(seconds)) {
                let why = "must be greater than 0 and less than 86400";
                errors.push(FieldError::invalid(at.child("clientIP.timeoutSeconds"), seconds, why));
            }
        }
        "None" if !config.is_null() => {
            errors.push(FieldError::forbidden(at, "must not be set when session affinity is None"));
        }
        _ => {}
    }
}

fn cluster_ips(spec: &Value, old: &Value, errors: &mut Errors) {
    if kind_of(spec) == "ExternalName" {
        return;
    }
    let path = Path::of("spec");
    let (at, all) = (path.child("clusterIPs"), &spec["clusterIPs"]);
    let (ip, ips) = (text(&spec["clusterIP"]), items(all));
    if ip.is_empty() && !ips.is_empty() {
        errors.push(FieldError::invalid(at, all, "must be empty when `clusterIP` is not specified"));
    } else if !ip.is_empty() && ips.is_empty() {
        errors.push(FieldError::required(at, ""));
    } else if !ip.is_empty() && text(&ips[0]) != ip {
        errors.push(FieldError::invalid(at, all, "first value must match `clusterIP`"));
    }
    let families_at = path.child("ipFamilies");
    let families = items(&spec["ipFamilies"]);
    for (i, family) in families.iter().enumerate() {
        if !matches!(text(family), "IPv4" | "IPv6") {
            errors.push(FieldError::not_supported(families_at.index(i), family, &["IPv4", "IPv6"]));
        }
        if families.iter().take(i).any(|f| f == family) {
            errors.push(FieldError::duplicate(families_at.index(i), family));
        }
    }
    let policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
    if !spec["ipFamilyPolicy"].is_null() && !policies.contains(&text(&spec["ipFamilyPolicy"])) {
        errors.push(FieldError::not_supported(path.child("ipFamilyPolicy"), &spec["ipFamilyPolicy"], &policies));
    }
    let before = errors.len();
    for (i, ip) in ips.iter().enumerate() {
        if i == 0 && text(ip) == "None" {
            if ips.len() > 1 {
                errors.push(FieldError::invalid(at, all, "'None' must be the first and only value"));
            }
        } else if !items(&old["clusterIPs"]).contains(ip) {
            network::ip(&at.index(i), text(ip), errors);
        }
    }
    let all_valid = errors.len() == before;
    if ips.len() > 2 {
        errors.push(FieldError::invalid(at, all, "may only hold up to 2 values"));
    }
    if !all_valid {
        return;
    }
    let is_v6 = |ip: &Value| text(ip).contains(':');
    if ips.len() > 1 && (ips.iter().all(is_v6) || !ips.iter().any(is_v6)) {
        errors.push(FieldError::invalid(at, all, "may specify no more than one IP for each IP family"));
    }
    for (i, (ip, family)) in ips.iter().zip(families).enumerate().filter(|_| !is_headless(spec)) {
        if is_v6(ip) != (text(family) == "IPv6") && matches!(text(family), "IPv4" | "IPv6") {
            let why = format!("expected an {} value as indicated by `ipFamilies[{i}]`", text(family));
            errors.push(FieldError::invalid(at.index(i), ip, &why));
        }
    }
}

fn external_ips(path: &Path<'_>, list: &Value, _: &Scope<'_>, errors: &mut Errors) {
    for (i, ip) in items(list).iter().enumerate() {
        let before = errors.len();
        network::ip(&path.index(i), text(ip), errors);
        if errors.len() == before {
            network::endpoint_ip(&path.index(i), text(ip), errors);
        }
    }
}

fn port_numbers(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, ports) = (path.child("ports"), items(&spec["ports"]));
    for (i, _) in ports.iter().enumerate().filter(|(_, p)| kind_of(spec) == "ClusterIP" && number(&p["nodePort"]) != 0) {
        errors.push(FieldError::forbidden(at.index(i).child("nodePort"), "may not be used when `type` is 'ClusterIP'"));
    }
    let mut seen = BTreeSet::new();
    for (i, port) in ports.iter().enumerate().filter(|(_, p)| number(&p["nodePort"]) != 0) {
        if !seen.insert((text(&port["protocol"]), number(&port["nodePort"]))) {
            errors.push(FieldError::duplicate(at.index(i).child("nodePort"), &port["nodePort"]));
        }
    }
    let mut seen = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let (protocol, number) = (text(&port["protocol"]), number(&port["port"]));
        if !seen.insert((protocol, number)) {
            let key = serde_json::json!({"protocol": protocol, "port": number});
            errors.push(FieldError::duplicate_raw(at.index(i), internal::render("ServicePort", &key), ""));
        }
    }
}

fn source_ranges(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, ranges) = (path.child("LoadBalancerSourceRanges"), items(&spec["loadBalancerSourceRanges"]));
    if !ranges.is_empty() && kind_of(spec) != "LoadBalancer" {
        errors.push(FieldError::forbidden(at, "may only be used when `type` is 'LoadBalancer'"));
    }
    for (i, range) in ranges.iter().enumerate() {
        network::cidr(&at.index(i), text(range).trim(), errors);
    }
}

fn load_balancer(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (ports_at, class_at) = (path.child("allocateLoadBalancerNodePorts"), path.child("loadBalancerClass"));
    let (allocate, class) = (&spec["allocateLoadBalancerNodePorts"], &spec["loadBalancerClass"]);
    if kind_of(spec) == "LoadBalancer" {
        if allocate.is_null() {
            errors.push(FieldError::required("allocateLoadBalancerNodePorts", ""));
        }
        if !class.is_null() {
            complain(&class_at, text(class), names::qualified_name(text(class)), errors);
        }
        return;
    }
    for (at, value) in [(ports_at, allocate), (class_at, class)] {
        if !value.is_null() {
            errors.push(FieldError::forbidden(at, "may only be used when `type` is 'LoadBalancer'"));
        }
    }
}

fn needs_health_check(spec: &Value) -> bool {
    kind_of(spec) == "LoadBalancer" && text(&spec["externalTrafficPolicy"]) == "Local"
}

fn external_traffic(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, policy) = (path.child("externalTrafficPolicy"), &spec["externalTrafficPolicy"]);
    let reachable = match kind_of(spec) {
        "LoadBalancer" | "NodePort" => true,
        kind => kind == "ClusterIP" && !is_empty(&spec["externalIPs"]),
    };
    match (reachable, text(policy)) {
        (false, "") | (true, "Cluster" | "Local") => {}
        (false, _) => errors.push(FieldError::invalid(at, policy, "may only be set for externally-accessible services")),
        (true, "") => errors.push(FieldError::required(at, "")),
        (true, _) => errors.push(FieldError::not_supported(at, policy, &["Cluster", "Local"])),
    }
    let (at, port) = (path.child("healthCheckNodePort"), &spec["healthCheckNodePort"]);
    // The port of the health check is allocated before this, where upstream asks for it.
    if !needs_health_check(spec) {
        if number(port) != 0 {
            let why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            errors.push(FieldError::invalid(at, port, why));
        }
    } else if !port.is_null() && !(1..=65535).contains(&number(port)) {
        errors.push(FieldError::invalid(at, port, &names::range_error(1, 65535)));
    }
}

fn internal_traffic(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, policy) = (path.child("internalTrafficPolicy"), &spec["internalTrafficPolicy"]);
    if policy.is_null() {
        if matches!(kind_of(spec), "NodePort" | "LoadBalancer" | "ClusterIP") {
            errors.push(FieldError::required(at, ""));
        }
    } else if !matches!(text(policy), "Cluster" | "Local") {
        errors.push(FieldError::not_supported(at, policy, &["Cluster", "Local"]));
    }
}

fn cluster_ips_change(after: &Value, before: &Value, errors: &mut Errors) {
    if is_headless(after) && is_headless(before) {
        return;
    }
    let (spec, why) = (Path::of("spec"), "may not change once set");
    let at = spec.child("clusterIPs");
    let (is, was, shown) = (items(&after["clusterIPs"]), items(&before["clusterIPs"]), &after["clusterIPs"]);
    if is.len() == was.len() {
        for (i, _) in is.iter().zip(was).enumerate().filter(|(_, (is, was))| is != was) {
            errors.push(FieldError::invalid(at.index(i), shown, why));
        }
        return;
    }
    if is.is_empty() {
        errors.push(FieldError::invalid(at.index(0), shown, "primary clusterIP can not be unset"));
    }
    if let (Some(is), Some(was)) = (is.first(), was.first())
        && is != was
    {
        errors.push(FieldError::invalid(at.index(0), shown, why));
    }
    if was.len() > is.len() && is.len() == 1 && text(&after["ipFamilyPolicy"]) != "SingleStack" {
        let why = "must be set to 'SingleStack' when releasing the secondary clusterIP";
        errors.push(FieldError::invalid(spec.child("ipFamilyPolicy"), &after["ipFamilyPolicy"], why));
    }
}

fn ip_families_change(after: &Value, before: &Value, errors: &mut Errors) {
    if is_headless(after) || is_headless(before) {
        return;
    }
    let spec = Path::of("spec");
    let (is, was) = (items(&after["ipFamilies"]), items(&before["ipFamilies"]));
    if let (Some(first), Some(old)) = (is.first(), was.first())
        && first != old
    {
        let shown = if is.len() == was.len() { &after["ipFamilies"] } else { &after["clusterIPs"] };
        errors.push(FieldError::invalid(spec.child("ipFamilies").index(0), shown, "may not change once set"));
    }
}
