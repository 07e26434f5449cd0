//! The variables that tell a container where Services are. Mirrors `pkg/kubelet/envvars/envvars.go` and `getServiceEnvVarMap` of
//! `pkg/kubelet/kubelet_pods.go`, v1.36.

use crate::api::service::Service;
use crate::node::kubelet::past::Known;
use serde_json::Value;

/// The namespace and the name of the Service that every container is told of: `masterServices`.
const MASTER: (&str, &str) = ("default", "kubernetes");

/// The variables for a container of a namespace: of the API server's Service always, of the namespace's own if `links` says so.
///
/// A namespace's own Service named `kubernetes` hides the API server's.
pub fn variables(known: &Known<'_>, namespace: &str, links: bool) -> Vec<(String, String)> {
    let mut services = if links { known.services(namespace) } else { Vec::new() };
    services.retain(|service| has_address(service));
    if !services.iter().any(|service| service.meta.name == MASTER.1) {
        let master = known.find(crate::api::object::Kind::Service, MASTER.0, MASTER.1).and_then(|object| object.as_service());
        services.extend(master.map(|service| &**service).filter(|service| has_address(service)));
        services.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
    }
    services.into_iter().flat_map(of_service).collect()
}

/// Whether it has a cluster IP. Headless Services and those of type ExternalName have none.
fn has_address(service: &Service) -> bool {
    !matches!(service.spec["clusterIP"].as_str(), None | Some("" | "None"))
}

/// `web` on port 80: `WEB_SERVICE_HOST`, `WEB_SERVICE_PORT`, `WEB_PORT`, `WEB_PORT_80_TCP` and its parts.
fn of_service(service: &Service) -> Vec<(String, String)> {
    let ports = service.spec["ports"].as_array().map_or(&[][..], |ports| ports);
    let Some(first) = ports.first() else { return Vec::new() };
    let (prefix, host) = (variable_name(&service.meta.name), service.spec["clusterIP"].as_str().unwrap_or_default());
    let mut variables =
        vec![(format!("{prefix}_SERVICE_HOST"), host.to_owned()), (format!("{prefix}_SERVICE_PORT"), number(first).to_string())];
    for port in ports {
        if let Some(name) = port["name"].as_str().filter(|name| !name.is_empty()) {
            variables.push((format!("{prefix}_SERVICE_PORT_{}", variable_name(name)), number(port).to_string()));
        }
    }
    variables.push((format!("{prefix}_PORT"), url(first, host)));
    for port in ports {
        let (number, protocol) = (number(port), protocol(port));
        let link = format!("{prefix}_PORT_{number}_{}", protocol.to_uppercase());
        variables.push((link.clone(), url(port, host)));
        variables.push((format!("{link}_PROTO"), protocol.to_lowercase()));
        variables.push((format!("{link}_PORT"), number.to_string()));
        variables.push((format!("{link}_ADDR"), host.to_owned()));
    }
    variables
}

fn variable_name(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

fn number(port: &Value) -> i64 {
    port["port"].as_i64().unwrap_or(0)
}

fn protocol(port: &Value) -> &str {
    port["protocol"].as_str().filter(|protocol| !protocol.is_empty()).unwrap_or("TCP")
}

/// `tcp://10.96.0.10:53`
fn url(port: &Value, host: &str) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    format!("{}://{host}:{}", protocol(port).to_lowercase(), number(port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::kubelet::tests::World;
    use serde_json::json;

    fn world() -> World {
        let mut world = World::default();
        let master = json!({"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "protocol": "TCP"}]});
        world.put(0, "Service", "default", "kubernetes", json!({"spec": master}));
        let web = json!({"clusterIP": "10.96.5.5", "ports": [{"port": 80}]});
        world.put(0, "Service", "shop", "my-web", json!({"spec": web}));
        world.put(0, "Service", "shop", "headless", json!({"spec": {"clusterIP": "None", "ports": [{"port": 80}]}}));
        world.put(0, "Service", "shop", "outside", json!({"spec": {"type": "ExternalName", "externalName": "x.org"}}));
        world
    }

    fn lines(world: &World, namespace: &str, links: bool) -> Vec<String> {
        variables(&Known::now(&world.view), namespace, links).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    const MASTER_LINES: [&str; 8] = [
        "KUBERNETES_SERVICE_HOST=10.96.0.1",
        "KUBERNETES_SERVICE_PORT=443",
        "KUBERNETES_SERVICE_PORT_HTTPS=443",
        "KUBERNETES_PORT=tcp://10.96.0.1:443",
        "KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443",
        "KUBERNETES_PORT_443_TCP_PROTO=tcp",
        "KUBERNETES_PORT_443_TCP_PORT=443",
        "KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1",
    ];

    #[test]
    fn of_a_namespace() {
        let web = [
            "MY_WEB_SERVICE_HOST=10.96.5.5",
            "MY_WEB_SERVICE_PORT=80",
            "MY_WEB_PORT=tcp://10.96.5.5:80",
            "MY_WEB_PORT_80_TCP=tcp://10.96.5.5:80",
            "MY_WEB_PORT_80_TCP_PROTO=tcp",
            "MY_WEB_PORT_80_TCP_PORT=80",
            "MY_WEB_PORT_80_TCP_ADDR=10.96.5.5",
        ];
        let world = world();
        assert_eq!(lines(&world, "shop", true), [&MASTER_LINES[..], &web].concat());
        assert_eq!(lines(&world, "shop", false), MASTER_LINES);
        assert_eq!(lines(&world, "other", true), MASTER_LINES);
        assert_eq!(lines(&world, "default", true), MASTER_LINES);
    }

    #[test]
    fn of_several_ports() {
        let mut world = World::default();
        let ports = json!([{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]);
        world.put(0, "Service", "shop", "dns", json!({"spec": {"clusterIP": "fd00::a", "ports": ports}}));
        assert_eq!(
            lines(&world, "shop", true),
            [
                "DNS_SERVICE_HOST=fd00::a",
                "DNS_SERVICE_PORT=53",
                "DNS_SERVICE_PORT_DNS=53",
                "DNS_SERVICE_PORT_DNS_TCP=53",
                "DNS_PORT=udp://[fd00::a]:53",
                "DNS_PORT_53_UDP=udp://[fd00::a]:53",
                "DNS_PORT_53_UDP_PROTO=udp",
                "DNS_PORT_53_UDP_PORT=53",
                "DNS_PORT_53_UDP_ADDR=fd00::a",
                "DNS_PORT_53_TCP=tcp://[fd00::a]:53",
                "DNS_PORT_53_TCP_PROTO=tcp",
                "DNS_PORT_53_TCP_PORT=53",
                "DNS_PORT_53_TCP_ADDR=fd00::a",
            ]
        );
    }

    #[test]
    fn a_namesake_hides_the_master() {
        let mut world = world();
        world.put(1, "Service", "shop", "kubernetes", json!({"spec": {"clusterIP": "10.96.7.7", "ports": [{"port": 1}]}}));
        assert_eq!(lines(&world, "shop", true)[0], "KUBERNETES_SERVICE_HOST=10.96.7.7");
        assert_eq!(lines(&world, "shop", false)[0], "KUBERNETES_SERVICE_HOST=10.96.0.1");
    }
}
