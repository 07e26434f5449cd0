//! `kubectl describe service`. Mirrors `describeService` of `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::{Page, events};
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, int, items, name, namespace, plain, text};
use crate::kubectl::get::labels_or_none;
use crate::kubectl::get::network::join_host_port;

/// Describes a Service with its EndpointSlices.
pub fn describe(service: &Value, slices: &[Value], events: Option<&[Value]>, clock: &Clock) -> String {
    let mut page = Page::default();
    let joined = |path: &str| items(service, path).iter().map(plain).collect::<Vec<_>>().join(",");
    let or_none = |text: String| if text.is_empty() { "<none>".to_owned() } else { text };
    page.line(0, format!("Name:\t{}", name(service)));
    page.line(0, format!("Namespace:\t{}", namespace(service)));
    page.labels("Labels", service, "metadata.labels");
    page.annotations("Annotations", service, "metadata.annotations");
    page.line(0, format!("Selector:\t{}", labels_or_none(service, "spec.selector")));
    page.line(0, format!("Type:\t{}", text(service, "spec.type")));
    let optional = |page: &mut Page, label: &str, value: String| {
        if !value.is_empty() {
            page.line(0, format!("{label}:\t{value}"));
        }
    };
    optional(&mut page, "IP Family Policy", text(service, "spec.ipFamilyPolicy").to_owned());
    page.line(0, format!("IP Families:\t{}", or_none(joined("spec.ipFamilies"))));
    page.line(0, format!("IP:\t{}", text(service, "spec.clusterIP")));
    page.line(0, format!("IPs:\t{}", or_none(joined("spec.clusterIPs"))));
    optional(&mut page, "External IPs", joined("spec.externalIPs"));
    optional(&mut page, "Desired LoadBalancer IP", text(service, "spec.loadBalancerIP").to_owned());
    optional(&mut page, "External Name", text(service, "spec.externalName").to_owned());
    optional(&mut page, "LoadBalancer Ingress", ingress(service));
    for port in items(service, "spec.ports") {
        port_lines(&mut page, port, slices);
    }
    page.line(0, format!("Session Affinity:\t{}", text(service, "spec.sessionAffinity")));
    optional(&mut page, "External Traffic Policy", text(service, "spec.externalTrafficPolicy").to_owned());
    optional(&mut page, "Internal Traffic Policy", text(service, "spec.internalTrafficPolicy").to_owned());
    if int(service, "spec.healthCheckNodePort") != 0 {
        page.line(0, format!("HealthCheck NodePort:\t{}", int(service, "spec.healthCheckNodePort")));
    }
    optional(&mut page, "LoadBalancer Source Ranges", joined("spec.loadBalancerSourceRanges"));
    optional(&mut page, "Traffic Distribution", text(service, "spec.trafficDistribution").to_owned());
    if let Some(events) = events {
        events::describe(&mut page, events, clock);
    }
    page.finish()
}

/// `10.0.0.1 (VIP), lb.example.com`.
fn ingress(service: &Value) -> String {
    let shown = items(service, "status.loadBalancer.ingress").iter().map(|entry| match text(entry, "ip") {
        "" => text(entry, "hostname").to_owned(),
        ip if text(entry, "ipMode").is_empty() => ip.to_owned(),
        ip => format!("{ip} ({})", text(entry, "ipMode")),
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn port_lines(page: &mut Page, port: &Value, slices: &[Value]) {
    let protocol = text(port, "protocol");
    let name = text(port, "name");
    let shown = if name.is_empty() { "<unset>" } else { name };
    page.line(0, format!("Port:\t{shown}\t{}/{protocol}", int(port, "port")));
    page.line(0, format!("TargetPort:\t{}/{protocol}", plain(at(port, "targetPort"))));
    if !text(port, "appProtocol").is_empty() {
        page.line(0, format!("AppProtocol:\t{}", text(port, "appProtocol")));
    }
    if int(port, "nodePort") != 0 {
        page.line(0, format!("NodePort:\t{shown}\t{}/{protocol}", int(port, "nodePort")));
    }
    page.line(0, format!("Endpoints:\t{}", endpoints(slices, name)));
}

/// How many endpoints are shown.
const ENDPOINTS_SHOWN: usize = 3;

/// The first three ready endpoints of a port, and how many more there are. As upstream, any endpoint after the third makes it tell that
/// there are more, also one that isn't ready and so isn't counted: `… + 0 more...`.
pub fn endpoints(slices: &[Value], port_name: &str) -> String {
    if slices.is_empty() {
        return "<none>".to_owned();
    }
    let (mut shown, mut ready, mut more) = (Vec::new(), 0, false);
    for slice in slices {
        let ports: Vec<Option<&Value>> = match items(slice, "ports") {
            // A headless service needs no ports.
            [] => vec![None],
            ports => ports.iter().filter(|port| text(port, "name") == port_name).map(Some).collect(),
        };
        for (port, endpoint) in ports.iter().flat_map(|port| items(slice, "endpoints").iter().map(move |endpoint| (port, endpoint))) {
            more |= shown.len() == ENDPOINTS_SHOWN;
            if at(endpoint, "conditions.ready").as_bool() == Some(false) {
                continue;
            }
            ready += 1;
            if !more {
                let address = items(endpoint, "addresses").first().map_or_else(String::new, plain);
                shown.push(port.map_or(address.clone(), |port| join_host_port(&address, &int(port, "port").to_string())));
            }
        }
    }
    let shown_text = shown.join(",");
    if more { format!("{shown_text} + {} more...", ready - ENDPOINTS_SHOWN) } else { shown_text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn endpoints_are_cut() {
        let slice = |ready: &[bool]| {
            let one = |(i, ready): (usize, &bool)| json!({"addresses": [format!("10.0.0.{i}")], "conditions": {"ready": ready}});
            json!({"ports": [{"name": "http", "port": 80}], "endpoints": ready.iter().enumerate().map(one).collect::<Vec<_>>()})
        };
        let check = |ready: &[bool], expected: &str| assert_eq!(endpoints(&[slice(ready)], "http"), expected);
        check(&[], "");
        check(&[false, true], "10.0.0.1:80");
        check(&[true; 3], "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80");
        check(&[true; 5], "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more...");
        check(&[true, true, true, false], "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 0 more...");
        assert_eq!(endpoints(&[slice(&[true])], "https"), "");
        assert_eq!(endpoints(&[], "http"), "<none>");
    }
}
