//! The rows of Services, EndpointSlices, Endpoints and Ingresses. Mirrors `pkg/printers/internalversion/printers.go`, v1.36.

use serde_json::Value;

use super::{Cell, labels_or_none, or_none};
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, int, items, name, plain, text};

/// Columns of Services.
pub const SERVICE: &str = "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE SELECTOR*";
/// Columns of EndpointSlices.
pub const ENDPOINT_SLICE: &str = "NAME ADDRESSTYPE PORTS ENDPOINTS AGE";
/// Columns of Endpoints.
pub const ENDPOINTS: &str = "NAME ENDPOINTS AGE";
/// Columns of Ingresses.
pub const INGRESS: &str = "NAME CLASS HOSTS ADDRESS PORTS AGE";

/// How much of a load balancer's addresses fits into a narrow table.
const LOAD_BALANCER_WIDTH: usize = 16;

/// The addresses of `status.loadBalancer.ingress`, sorted and joined.
pub fn load_balancer(object: &Value) -> String {
    let ingress = items(object, "status.loadBalancer.ingress").iter();
    let mut addresses: Vec<&str> = ingress.map(|i| if text(i, "ip").is_empty() { text(i, "hostname") } else { text(i, "ip") }).collect();
    addresses.retain(|a| !a.is_empty());
    addresses.sort_unstable();
    addresses.dedup();
    addresses.join(",")
}

/// Addresses cut to what a narrow table has room for.
fn narrowed(addresses: String, wide: bool) -> String {
    if wide || addresses.len() <= LOAD_BALANCER_WIDTH {
        return addresses;
    }
    addresses.chars().take(LOAD_BALANCER_WIDTH - 3).chain("...".chars()).collect()
}

fn external_ip(service: &Value, wide: bool) -> String {
    let external: Vec<String> = items(service, "spec.externalIPs").iter().map(plain).collect();
    match text(service, "spec.type") {
        "ClusterIP" | "NodePort" => or_none(&external.join(",")),
        "LoadBalancer" => {
            let addresses = narrowed(load_balancer(service), wide);
            let mut all: Vec<String> = if addresses.is_empty() { Vec::new() } else { vec![addresses] };
            all.extend(external);
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        "ExternalName" => text(service, "spec.externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

fn port(port: &Value) -> String {
    let (number, protocol) = (int(port, "port"), text(port, "protocol"));
    match int(port, "nodePort") {
        0 => format!("{number}/{protocol}"),
        node => format!("{number}:{node}/{protocol}"),
    }
}

/// The cells of a Service.
pub fn service(object: &Value, clock: &Clock, wide: bool) -> Vec<Cell> {
    let ports: Vec<String> = items(object, "spec.ports").iter().map(port).collect();
    vec![
        name(object).to_owned(),
        text(object, "spec.type").to_owned(),
        or_none(items(object, "spec.clusterIPs").first().and_then(Value::as_str).unwrap_or("")),
        external_ip(object, wide),
        or_none(&ports.join(",")),
        clock.since(text(object, "metadata.creationTimestamp")),
        labels_or_none(object, "spec.selector"),
    ]
}

/// The first three, and how many more there are.
fn some(all: &[String], empty: &str) -> String {
    match all.len() {
        0 => empty.to_owned(),
        1..=3 => all.join(","),
        n => format!("{} + {} more...", all[..3].join(","), n - 3),
    }
}

/// The cells of an EndpointSlice.
pub fn endpoint_slice(object: &Value, clock: &Clock) -> Vec<Cell> {
    let port = |port: &Value| match (at(port, "port"), at(port, "name")) {
        (Value::Null, Value::Null) => "*".to_owned(),
        (Value::Null, name) => plain(name),
        (number, _) => plain(number),
    };
    let ports: Vec<String> = items(object, "ports").iter().map(port).collect();
    let endpoints: Vec<String> = items(object, "endpoints").iter().flat_map(|e| items(e, "addresses")).map(plain).collect();
    vec![
        name(object).to_owned(),
        text(object, "addressType").to_owned(),
        some(&ports, "<unset>"),
        some(&endpoints, "<unset>"),
        clock.since(text(object, "metadata.creationTimestamp")),
    ]
}

/// The cells of an Endpoints object.
pub fn endpoints(object: &Value, clock: &Clock) -> Vec<Cell> {
    let mut all = Vec::new();
    for subset in items(object, "subsets") {
        let addresses = || items(subset, "addresses").iter().map(|a| text(a, "ip"));
        match items(subset, "ports") {
            [] => all.extend(addresses().map(str::to_owned)),
            ports => all.extend(ports.iter().flat_map(|p| addresses().map(move |ip| join_host_port(ip, &int(p, "port").to_string())))),
        }
    }
    vec![name(object).to_owned(), some(&all, "<none>"), clock.since(text(object, "metadata.creationTimestamp"))]
}

/// `host:port`, with brackets around an IPv6 address.
pub fn join_host_port(host: &str, port: &str) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The first three hosts, and how many rules more there are. As upstream, rules without a host are counted there too.
fn hosts(rules: &[Value]) -> String {
    const SHOWN: usize = 3;
    let (mut shown, mut more) = (Vec::new(), false);
    for host in rules.iter().map(|rule| text(rule, "host")) {
        more |= shown.len() == SHOWN;
        if !more && !host.is_empty() {
            shown.push(host);
        }
    }
    match (shown.is_empty(), more) {
        (true, _) => "*".to_owned(),
        (false, false) => shown.join(","),
        (false, true) => format!("{} + {} more...", shown.join(","), rules.len() - SHOWN),
    }
}

/// The cells of an Ingress.
pub fn ingress(object: &Value, clock: &Clock, wide: bool) -> Vec<Cell> {
    let address = narrowed(load_balancer(object), wide);
    let ports = if items(object, "spec.tls").is_empty() { "80" } else { "80, 443" };
    vec![
        name(object).to_owned(),
        or_none(text(object, "spec.ingressClassName")),
        hosts(items(object, "spec.rules")),
        address,
        ports.to_owned(),
        clock.since(text(object, "metadata.creationTimestamp")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hosts_are_cut() {
        let check = |names: &[&str], expected: &str| {
            let rules: Vec<Value> = names.iter().map(|name| if name.is_empty() { json!({}) } else { json!({"host": name}) }).collect();
            assert_eq!(hosts(&rules), expected);
        };
        check(&[""], "*");
        check(&["a", "", "b"], "a,b");
        check(&["a", "b", "c"], "a,b,c");
        check(&["a", "b", "c", "d"], "a,b,c + 1 more...");
        check(&["", "a", "b", "c", ""], "a,b,c + 2 more...");
    }
}
