//! Requests through an ingress controller and a Gateway, in whole clusters.

use crate::cluster::{Cluster, Config};
use crate::kernel::time::SimDuration;
use crate::kubectl::{self, Invocation, Outcome};
use crate::net::config::NetworkConfig;

const PODS: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: nginx}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: canary}
spec:
  selector: {matchLabels: {app: canary}}
  template:
    metadata: {labels: {app: canary}}
    spec: {containers: [{name: nginx, image: nginx}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: canary}
spec: {selector: {app: canary}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: empty}
spec: {selector: {app: none}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: box}
spec: {containers: [{name: box, image: busybox, command: [sleep, '100000']}]}
";

const INGRESS: &str = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
      - {path: /empty, pathType: Prefix, backend: {service: {name: empty, port: {number: 80}}}}
";

const GATEWAY: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: door}
spec: {gatewayClassName: nginx, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: door}]
  hostnames: [shop.example]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    backendRefs: [{name: web, port: 80, weight: 3}, {name: canary, port: 80, weight: 1}]
  - matches: [{path: {type: Exact, value: /empty}}]
    backendRefs: [{name: empty, port: 80}]
";

struct Town(Cluster);

impl Town {
    fn new(network: NetworkConfig, text: &str) -> Town {
        let mut town = Town(Cluster::new(Config { network, ..Config::default() }));
        town.run(60);
        town.apply(PODS);
        town.apply(text);
        town.run(60);
        town
    }

    fn run(&mut self, secs: u64) {
        self.0.run_until(self.0.now() + SimDuration::from_secs(secs));
    }

    fn kubectl(&mut self, line: &str, file: &str) -> (String, String) {
        let files = [("f.yaml".to_owned(), file.to_owned())].into_iter().collect();
        match self.0.kubectl(&Invocation { args: kubectl::split(line).expect("a line"), files }) {
            Outcome::Done(output) => (output.stdout, output.stderr),
            Outcome::Waiting(mut output, mut session) => {
                for _ in 0..60 {
                    let progress = self.0.poll(&mut session);
                    output.stdout.push_str(&progress.output.stdout);
                    output.stderr.push_str(&progress.output.stderr);
                    if progress.done {
                        break;
                    }
                    self.run(1);
                }
                (output.stdout, output.stderr)
            }
        }
    }

    #[track_caller]
    fn apply(&mut self, text: &str) {
        let said = self.kubectl("apply -f f.yaml", text).1;
        assert!(said.lines().all(|line| line.contains("doesn't simulate")), "{said}");
    }

    fn get(&mut self, what: &str, path: &str) -> String {
        self.kubectl(&format!("get {what} -o jsonpath={{{path}}}"), "").0
    }

    /// Whom a request from outside gets to, or what stops it.
    #[track_caller]
    fn check(&self, url: &str, expected: &str) {
        let trace = self.0.trace_packet("default", "outside", url).expect("it can be asked");
        let found = trace.reached().or(trace.failure()).unwrap_or_default();
        assert!(found.contains(expected), "{url}: {found}\n{}", trace.story());
        assert_eq!(trace.arrives(), trace.failure().is_none());
    }
}

#[test]
fn through_the_ingress_controller() {
    let mut town = Town::new(NetworkConfig { ingress: true, ..NetworkConfig::default() }, INGRESS);
    let address = town.get("ingress shop", ".status.loadBalancer.ingress[0].ip");
    let of_service = town.get("service ingress-nginx-controller -n ingress-nginx", ".status.loadBalancer.ingress[0].ip");
    assert!(!address.is_empty() && address == of_service, "{address:?} {of_service:?}");
    let events = town.kubectl("get events", "").0;
    assert!(events.contains("Scheduled for sync"), "{events}");
    town.check("http://shop.example/", "pod/web-");
    town.check("http://shop.example/empty", "503");
    town.check("http://other.example/", "404");
    let trace = town.0.trace_packet("default", "outside", "http://shop.example/cart").expect("it can be asked");
    assert_eq!(trace.walks.len(), 2);
    assert!(trace.story().contains("Ingress default/shop, host shop.example, path / (Prefix); asks Service default/web:80"));
    assert_eq!(trace.to_json()["routing"]["service"], "default/web:80");
    // From inside, names of the cluster's own are what they are, and so are addresses.
    for (url, walks) in [("http://shop.example/", 2), ("http://web/", 1), ("http://web.default.svc.cluster.local:80/x", 1)] {
        let trace = town.0.trace_packet("default", "pod/box", url).expect("it can be asked");
        assert_eq!((trace.walks.len(), trace.arrives()), (walks, true), "{url}\n{}", trace.story());
    }
    assert!(town.0.trace_packet("default", "outside", "http:///x").is_err());
    assert!(town.0.trace_packet("default", "outside", "http://x:http/").is_err());
    // Of a change of the rules the controller makes nothing until it has reloaded.
    town.kubectl("delete ingress shop", "");
    town.0.run_until(town.0.now() + SimDuration::from_millis(500));
    let address = format!("http://{of_service}/");
    town.check("http://shop.example/", "pod/web-");
    town.run(2);
    town.check("http://shop.example/", "404");
    town.check(&address, "404");
}

#[test]
fn through_a_gateway() {
    let mut town = Town::new(NetworkConfig { gateway: true, ..NetworkConfig::default() }, GATEWAY);
    let seen = town.kubectl("get gateway door", "").0;
    let address = town.get("gateway door", ".status.addresses[0].value");
    assert!(!address.is_empty() && seen.contains(&address) && seen.contains("True"), "{seen}");
    assert_eq!(town.get("gateway door", ".status.listeners[0].attachedRoutes"), "1");
    assert_eq!(town.get("gatewayclass nginx", ".status.conditions[0].status"), "True");
    assert_eq!(town.get("deployment door-nginx", ".status.readyReplicas"), "1");
    town.check("http://shop.example/", "pod/");
    town.check("http://shop.example/empty", "503");
    town.check("http://other.example/", "404");
    // Containers get the same; each request is drawn anew.
    let page = town.kubectl(&format!("exec box -- wget -qO- --header='Host: shop.example' http://{address}/"), "");
    assert!(page.0.contains("Welcome to nginx!"), "{page:?}");
    let none = town.kubectl(&format!("exec box -- wget -qO- --header='Host: other.example' http://{address}/"), "");
    assert!(none.1.contains("404"), "{none:?}");
    // Without a Gateway its pods go.
    town.kubectl("delete gateway door", "");
    town.run(60);
    assert_eq!(town.kubectl("get deployment,service,serviceaccount door-nginx", "").0, "");
    town.check("http://shop.example/", "");
    let failure = town.0.trace_packet("default", "outside", "http://shop.example/").expect("it can be asked").failure();
    assert!(failure.is_some(), "{failure:?}");
}

#[test]
fn nobody_is_there_without_its_pods() {
    let mut town = Town::new(NetworkConfig::default(), INGRESS);
    town.apply(GATEWAY);
    town.run(60);
    assert_eq!(town.get("ingress shop", ".status.loadBalancer"), "{}");
    assert_eq!(town.get("gateway door", ".status.listeners"), "");
    assert_eq!(town.kubectl("get deployments", "").0.lines().count(), 3);
}

#[test]
fn scenarios_hold() {
    let texts = [include_str!("../../../../scenarios/ingress.yaml"), include_str!("../../../../scenarios/canary-by-weight.yaml")];
    for text in texts {
        let scenario = crate::scenario::Scenario::parse(text, "a.yaml").expect("it is valid");
        let report = scenario.run(scenario.seed).expect("it runs").report;
        assert!(report.holds, "{}: {report:?}", scenario.name);
    }
}
