//! `kubectl describe` of the network: ingresses, policies, endpoints and addresses. Mirrors `describeIngressV1`, `describeNetworkPolicy` and
//! their siblings in `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::page::{joined, number_or, quantity_or_nil};
use super::{Page, service};
use crate::api::selector::Selector;
use crate::kubectl::age::Clock;
use crate::kubectl::api::Api;
use crate::kubectl::field::{at, flag, int, items, name, namespace, plain, text};
use crate::kubectl::get::format_selector;
use crate::kubectl::get::network::load_balancer;
use crate::kubectl::target;

/// Writes an Ingress, with the endpoints behind its backends.
pub fn ingress(page: &mut Page, object: &Value, api: &dyn Api) {
    page.field("Name", name(object));
    page.labels("Labels", object, "metadata.labels");
    page.field("Namespace", namespace(object));
    page.field("Address", load_balancer(object));
    page.field("Ingress Class", at(object, "spec.ingressClassName").as_str().unwrap_or("<none>"));
    let default = at(object, "spec.defaultBackend");
    let default = if default.is_null() { "<default>".to_owned() } else { backend(default, namespace(object), api) };
    page.field("Default backend", &default);
    let certificates = items(object, "spec.tls");
    if !certificates.is_empty() {
        page.line(0, "TLS:");
    }
    for certificate in certificates {
        let hosts = items(certificate, "hosts").iter().map(plain).collect::<Vec<_>>().join(",");
        match text(certificate, "secretName") {
            "" => page.line(1, format!("SNI routes {hosts}")),
            secret => page.line(1, format!("{secret} terminates {hosts}")),
        }
    }
    page.line(0, "Rules:\n  Host\tPath\tBackends");
    page.line(1, "----\t----\t--------");
    let rules: Vec<&Value> = items(object, "spec.rules").iter().filter(|rule| at(rule, "http").is_object()).collect();
    for rule in &rules {
        let host = text(rule, "host");
        page.line(1, format!("{}\t", if host.is_empty() { "*" } else { host }));
        for path in items(rule, "http.paths") {
            page.line(2, format!("\t{} \t{}", text(path, "path"), backend(at(path, "backend"), namespace(object), api)));
        }
    }
    if rules.is_empty() {
        page.line(1, format!("*\t*\t{default}"));
    }
    page.annotations("Annotations", object, "metadata.annotations");
}

/// `web:http (10.0.0.1:80,10.0.0.2:80)`, or what a backend that isn't a Service refers to.
fn backend(backend: &Value, ns: &str, api: &dyn Api) -> String {
    let wanted = at(backend, "service");
    if wanted.is_object() {
        let port = at(wanted, "port");
        let port = if int(port, "number") != 0 { int(port, "number").to_string() } else { text(port, "name").to_owned() };
        let endpoints = endpoints_behind(wanted, ns, api).unwrap_or_else(|why| format!("<error: {why}>"));
        return format!("{}:{port} ({endpoints})", text(wanted, "name"));
    }
    let resource = at(backend, "resource");
    if resource.is_object() {
        let group = at(resource, "apiGroup").as_str().unwrap_or("<none>");
        return format!("APIGroup: {group}, Kind: {}, Name: {}", text(resource, "kind"), text(resource, "name"));
    }
    String::new()
}

fn endpoints_behind(backend: &Value, ns: &str, api: &dyn Api) -> Result<String, String> {
    let resource = |word: &str| target::resource(word).map_err(|why| why.message());
    let of_service = Selector::from_map([("kubernetes.io/service-name", text(backend, "name"))]);
    let slices = api.list(resource("endpointslices.discovery.k8s.io")?, Some(ns), &of_service).map_err(|e| e.message)?;
    let found = api.get(resource("services")?, ns, text(backend, "name")).map_err(|e| e.message)?;
    let (number, wanted) = (int(backend, "port.number"), text(backend, "port.name"));
    let chosen = |port: &&Value| {
        let by_number = number != 0 && int(port, "port") == number;
        by_number || (!wanted.is_empty() && text(port, "name") == wanted)
    };
    let port = items(&found, "spec.ports").iter().rfind(chosen).map_or("", |port| text(port, "name"));
    Ok(service::endpoints(&slices, port))
}

/// Writes an IngressClass.
pub fn ingress_class(page: &mut Page, object: &Value, _: &Clock) {
    page.head(object);
    page.field("Controller", text(object, "spec.controller"));
    let parameters = at(object, "spec.parameters");
    if parameters.is_object() {
        page.line(0, "Parameters:");
        if !at(parameters, "apiGroup").is_null() {
            page.line(1, format!("APIGroup:\t{}", text(parameters, "apiGroup")));
        }
        page.line(1, format!("Kind:\t{}", text(parameters, "kind")));
        page.line(1, format!("Name:\t{}", text(parameters, "name")));
    }
}

/// Writes a NetworkPolicy.
pub fn policy(page: &mut Page, object: &Value, clock: &Clock) {
    page.field("Name", name(object));
    page.field("Namespace", namespace(object));
    page.field("Created on", clock.go_time(text(object, "metadata.creationTimestamp")));
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    page.line(0, "Spec:");
    let pods = at(object, "spec.podSelector");
    let chosen = match items(pods, "matchExpressions").is_empty() && at(pods, "matchLabels").as_object().is_none_or(|m| m.is_empty()) {
        true => "<none> (Allowing the specific traffic to all pods in this namespace)".to_owned(),
        false => format_selector(pods),
    };
    // The gap comes from the prefix writer: the selector is written at level 2.
    page.line(1, format!("PodSelector:     {chosen}"));
    let types: Vec<String> = items(object, "spec.policyTypes").iter().map(plain).collect();
    for direction in [&INGRESS, &EGRESS] {
        if types.iter().any(|kind| kind == direction.policy_type) {
            page.line(1, format!("Allowing {} traffic:", direction.name));
            direction.rules(page, items(object, &format!("spec.{}", direction.name)));
        } else {
            page.line(1, format!("Not affecting {} traffic", direction.name));
        }
    }
    page.line(1, format!("Policy Types: {}", if types.is_empty() { "<none>".to_owned() } else { types.join(", ") }));
}

/// What differs between the two directions of traffic.
struct Direction {
    policy_type: &'static str,
    name: &'static str,
    peers: &'static str,
    title: &'static str,
    end: &'static str,
}

const INGRESS: Direction = Direction { policy_type: "Ingress", name: "ingress", peers: "from", title: "From", end: "source" };
const EGRESS: Direction = Direction { policy_type: "Egress", name: "egress", peers: "to", title: "To", end: "destination" };

impl Direction {
    fn rules(&self, page: &mut Page, rules: &[Value]) {
        if rules.is_empty() {
            page.line(2, format!("<none> (Selected pods are isolated for {} connectivity)", self.name));
        }
        for (i, rule) in rules.iter().enumerate() {
            if i > 0 {
                page.line(2, "----------");
            }
            policy_ports(page, items(rule, "ports"));
            let peers = items(rule, self.peers);
            if peers.is_empty() {
                page.line(2, format!("{}: <any> (traffic not restricted by {})", self.title, self.end));
            }
            for peer in peers {
                page.line(2, format!("{}:", self.title));
                policy_peer(page, peer);
            }
        }
    }
}

fn policy_ports(page: &mut Page, ports: &[Value]) {
    if ports.is_empty() {
        page.line(2, "To Port: <any> (traffic allowed to all ports)");
    }
    for port in ports {
        let protocol = at(port, "protocol").as_str().unwrap_or("TCP");
        let number = quantity_or_nil(port, "port");
        match at(port, "endPort").as_i64() {
            None => page.line(2, format!("To Port: {number}/{protocol}")),
            Some(end) => page.line(2, format!("To Port Range: {number}-{end}/{protocol}")),
        }
    }
}

fn policy_peer(page: &mut Page, peer: &Value) {
    let block = at(peer, "ipBlock");
    let selectors = [("NamespaceSelector", at(peer, "namespaceSelector")), ("PodSelector", at(peer, "podSelector"))];
    let given: Vec<_> = selectors.into_iter().filter(|(_, selector)| !selector.is_null()).collect();
    given.iter().for_each(|(title, selector)| page.line(3, format!("{title}: {}", format_selector(selector))));
    if given.is_empty() && block.is_object() {
        page.line(3, "IPBlock:");
        page.line(4, format!("CIDR: {}", text(block, "cidr")));
        page.line(4, format!("Except: {}", joined(block, "except")));
    }
}

/// Writes a ServiceCIDR.
pub fn service_cidr(page: &mut Page, object: &Value, clock: &Clock) {
    page.head(object);
    page.field("CIDRs", joined(object, "spec.cidrs"));
    let conditions = items(object, "status.conditions");
    if !conditions.is_empty() {
        page.line(0, "Status:");
        let row = |c: &Value| {
            let [kind, status, reason, message] = ["type", "status", "reason", "message"].map(|key| text(c, key));
            format!("{kind}\t{status}\t{}\t{reason}\t{message}", clock.rfc1123(text(c, "lastTransitionTime")))
        };
        let header = "Type\tStatus\tLastTransitionTime\tReason\tMessage";
        page.table("Conditions", header, "----\t------\t------------------\t------\t-------", conditions.iter().map(row));
    }
}

/// Writes an IPAddress.
pub fn ip_address(page: &mut Page, object: &Value, _: &Clock) {
    page.head(object);
    let parent = at(object, "spec.parentRef");
    if parent.is_object() {
        page.line(0, "Parent Reference:");
        for (label, key) in [("Group", "group"), ("Resource", "resource"), ("Namespace", "namespace"), ("Name", "name")] {
            page.line(1, format!("{label}:\t{}", text(parent, key)));
        }
    }
}

/// Writes an Endpoints object.
pub fn endpoints(page: &mut Page, object: &Value, _: &Clock) {
    page.head_in_namespace(object);
    page.line(0, "Subsets:");
    for subset in items(object, "subsets") {
        for (label, key) in [("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")] {
            let addresses: Vec<&str> = items(subset, key).iter().map(|address| text(address, "ip")).collect();
            page.line(1, format!("{label}:\t{}", or(addresses.join(","), "<none>")));
        }
        let ports = items(subset, "ports");
        if !ports.is_empty() {
            page.line(1, "Ports:");
            page.line(2, "Name\tPort\tProtocol");
            page.line(2, "----\t----\t--------");
        }
        for port in ports {
            let name = or(text(port, "name").to_owned(), "<unset>");
            page.line(2, format!("{name}\t{}\t{}", int(port, "port"), text(port, "protocol")));
        }
        page.line(0, "");
    }
}

fn or(value: String, absent: &str) -> String {
    if value.is_empty() { absent.to_owned() } else { value }
}

/// Writes an EndpointSlice.
pub fn endpoint_slice(page: &mut Page, slice: &Value, _: &Clock) {
    page.head_in_namespace(slice);
    page.field("AddressType", text(slice, "addressType"));
    let ports = items(slice, "ports");
    if ports.is_empty() {
        page.line(0, "Ports: <unset>");
    } else {
        let row = |port: &Value| {
            let name = or(text(port, "name").to_owned(), "<unset>");
            format!("{name}\t{}\t{}", number_or(port, "port", "<unset>"), text(port, "protocol"))
        };
        page.table("Ports", "Name\tPort\tProtocol", "----\t----\t--------", ports.iter().map(row));
    }
    let endpoints = items(slice, "endpoints");
    page.line(0, if endpoints.is_empty() { "Endpoints: <none>" } else { "Endpoints:" });
    endpoints.iter().for_each(|endpoint| endpoint_lines(page, endpoint));
}

fn endpoint_lines(page: &mut Page, endpoint: &Value) {
    let or_unset = |path: &str| at(endpoint, path).as_str().unwrap_or("<unset>");
    page.line(1, format!("- Addresses:\t{}", or(joined(endpoint, "addresses"), "<none>")));
    page.line(2, "Conditions:");
    let ready = at(endpoint, "conditions.ready");
    page.line(
        3,
        format!("Ready:\t{}", if ready.is_null() { "<unset>".to_owned() } else { flag(endpoint, "conditions.ready").to_string() }),
    );
    page.line(2, format!("Hostname:\t{}", or_unset("hostname")));
    let target = at(endpoint, "targetRef");
    if target.is_object() {
        page.line(2, format!("TargetRef:\t{}/{}", text(target, "kind"), text(target, "name")));
    }
    page.line(2, format!("NodeName:\t{}", or_unset("nodeName")));
    page.line(2, format!("Zone:\t{}", or_unset("zone")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::{Epoch, SimTime};
    use serde_json::json;

    #[test]
    fn policies() {
        let egress = json!([
            {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 8000, "endPort": 9000}, {"protocol": "TCP"}], "to": [
                {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "dns"}}},
                {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.2.0.0/16"]}}]},
            {}]);
        let object = json!({"metadata": {"name": "p", "namespace": "n", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Egress"], "egress": egress}});
        let mut page = Page::default();
        policy(&mut page, &object, &Clock { now: SimTime::ZERO, epoch: Epoch::default() });
        let expected = "Name:\tp\nNamespace:\tn\nCreated on:\t2026-01-01 00:00:00 +0000 UTC\nLabels:\t<none>\nAnnotations:\t<none>\nSpec:\n  \
            PodSelector:     a=b\n  Not affecting ingress traffic\n  Allowing egress traffic:\n    To Port: 53/UDP\n    \
            To Port Range: 8000-9000/TCP\n    To Port: <nil>/TCP\n    To:\n      NamespaceSelector: <none>\n      PodSelector: app=dns\n    \
            To:\n      IPBlock:\n        CIDR: 10.0.0.0/8\n        Except: 10.1.0.0/16, 10.2.0.0/16\n    ----------\n    \
            To Port: <any> (traffic allowed to all ports)\n    To: <any> (traffic not restricted by destination)\n  Policy Types: Egress\n";
        assert_eq!(page.raw(), expected);
    }

    #[test]
    fn subsets_of_endpoints() {
        let subset = json!({"notReadyAddresses": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}], "ports": [{"port": 80, "protocol": "TCP"}]});
        let mut page = Page::default();
        endpoints(&mut page, &json!({"subsets": [subset]}), &Clock { now: SimTime::ZERO, epoch: Epoch::default() });
        let expected = "Subsets:\n  Addresses:\t<none>\n  NotReadyAddresses:\t10.0.0.1,10.0.0.2\n  Ports:\n    Name\tPort\tProtocol\n    \
            ----\t----\t--------\n    <unset>\t80\tTCP\n\n";
        let text = page.raw();
        assert!(text.ends_with(expected), "{text}");
    }
}
