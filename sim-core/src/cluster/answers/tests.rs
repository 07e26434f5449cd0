//! Containers that ask the network, in whole clusters.

use crate::cluster::{Cluster, Config};
use crate::kernel::time::SimDuration;
use crate::kubectl::{self, Invocation, Outcome};

const WEB: &str = "
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 80}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: nginx}]}
";

struct Town(Cluster);

impl Town {
    fn new() -> Town {
        Town(Cluster::new(Config::default()))
    }

    fn run(&mut self, secs: u64) {
        let until = self.0.now() + SimDuration::from_secs(secs);
        self.0.run_until(until);
    }

    /// What a command prints until it ends, or for five minutes, and its exit code.
    fn kubectl(&mut self, line: &str, file: &str) -> (String, String, i32) {
        let files = [("f.yaml".to_owned(), file.to_owned())].into_iter().collect();
        let outcome = self.0.kubectl(&Invocation { args: kubectl::split(line).expect("a line"), files });
        let (mut output, mut session) = match outcome {
            Outcome::Done(output) => return (output.stdout, output.stderr, output.code),
            Outcome::Waiting(output, session) => (output, session),
        };
        for _ in 0..300 {
            let progress = self.0.poll(&mut session);
            output.stdout.push_str(&progress.output.stdout);
            output.stderr.push_str(&progress.output.stderr);
            if progress.done {
                return (output.stdout, output.stderr, progress.output.code);
            }
            self.run(1);
        }
        (output.stdout, output.stderr, -1)
    }

    #[track_caller]
    fn apply(&mut self, text: &str) {
        let (_, stderr, code) = self.kubectl("apply -f f.yaml", text);
        let complaints: Vec<&str> = stderr.lines().filter(|line| !line.contains("doesn't simulate them yet")).collect();
        assert!(complaints.is_empty() && code == 0, "{complaints:?}");
    }

    fn phase(&mut self, pod: &str) -> String {
        self.kubectl(&format!("get pod {pod} -o jsonpath={{.status.phase}}"), "").0
    }

    #[track_caller]
    fn check(&mut self, command: &str, stdout: &str, stderr: &str, code: i32) {
        let seen = self.kubectl(&format!("exec box -- {command}"), "");
        let said: String = seen.1.lines().filter(|line| !line.starts_with("command terminated")).map(|line| format!("{line}\n")).collect();
        assert_eq!((seen.0.as_str(), said.as_str(), seen.2), (stdout, stderr, code), "{command}");
    }

    fn address_of(&mut self, service: &str) -> String {
        self.kubectl(&format!("get service {service} -o jsonpath={{.spec.clusterIP}}"), "").0
    }
}

fn pod(name: &str, image: &str, init: &str) -> String {
    let init = if init.is_empty() { "[]".to_owned() } else { format!("[{{name: wait, image: {image}, command: [sh, -c, '{init}']}}]") };
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  initContainers: {init}\n  containers: [{{name: main, image: {image}, \
         command: [sleep, '100000']}}]\n"
    )
}

#[test]
fn an_init_container_waits_for_a_service() {
    let mut town = Town::new();
    town.apply(&pod("by-name", "busybox:1.28", "until nslookup web; do echo waiting; sleep 2; done"));
    town.apply(&pod("whole", "busybox", "until nslookup web.default.svc.cluster.local; do sleep 2; done"));
    town.apply(&pod("fetching", "busybox", "until wget -q -O- http://web; do sleep 2; done"));
    town.apply(&pod("knocking", "busybox", "until nc -z web 80; do sleep 1; done"));
    // busybox since 1.29 asks for a short name below all domains, and finds two of three missing: so it never comes to an end.
    town.apply(&pod("never", "busybox:1.36", "until nslookup web; do sleep 2; done"));
    town.run(600);
    let names = ["by-name", "whole", "fetching", "knocking", "never"];
    assert!(names.iter().all(|name| town.phase(name) == "Pending"));
    let log = town.kubectl("logs by-name -c wait --tail=6", "").0;
    let said = "Server:    10.96.0.10\nAddress 1: 10.96.0.10 kube-dns.kube-system.svc.cluster.local\n\n";
    assert!(log.contains(&format!("waiting\n{said}")), "{log}");
    town.apply(WEB);
    town.run(30);
    let phases: Vec<String> = names.iter().map(|name| town.phase(name)).collect();
    assert_eq!(phases, ["Running", "Running", "Running", "Running", "Pending"]);
    let address = town.address_of("web");
    let log = town.kubectl("logs by-name -c wait --tail=3", "").0;
    assert!(log.ends_with(&format!("Name:      web\nAddress 1: {address} web.default.svc.cluster.local\n")), "{log}");
    assert!(town.kubectl("logs fetching -c wait", "").0.contains("<h1>Welcome to nginx!</h1>"));
}

#[test]
fn asking_costs_an_event_for_each_question() {
    let mut town = Town::new();
    town.apply(&pod("idle", "busybox", ""));
    town.run(120);
    let before = town.0.handled();
    town.run(1_000);
    let idle = town.0.handled() - before;
    town.apply(&pod("busy", "busybox", "until nc -z web 80; do sleep 10; done"));
    town.run(120);
    let before = town.0.handled();
    town.run(1_000);
    let asking = town.0.handled() - before;
    assert!(idle == 0 && (99..=102).contains(&asking), "{idle} {asking}");
}

#[test]
fn what_clients_say() {
    let mut town = Town::new();
    town.apply(WEB);
    town.apply(&pod("box", "busybox", ""));
    town.run(60);
    let address = town.address_of("web");
    let page = town.kubectl("exec box -- wget -qO- web", "").0;
    assert!(page.starts_with("<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>"), "{page}");
    town.check("wget -q -O- web:81", "", &format!("wget: can't connect to remote host ({address}): Connection timed out\n"), 1);
    town.check("wget -T 2 -q -O- web:81", "", "wget: download timed out\n", 1);
    town.check("wget -q -O- wbe", "", "wget: bad address 'wbe'\n", 1);
    town.check("wget -q -O- web/none.html", "", "wget: server returned error: HTTP/1.1 404 Not Found\n", 1);
    town.check("nc -zv web 80", "", &format!("web ({address}:80) open\n"), 0);
    town.check("nc -zv localhost 80", "", "nc: localhost (127.0.0.1:80): Connection refused\n", 1);
    let head = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n";
    let name = "web.default.svc.cluster.local";
    town.check(&format!("nslookup {name}"), &format!("{head}Name:\t{name}\nAddress: {address}\n\n\n"), "", 0);
    town.check("nslookup web.default", &format!("{head}{0}{0}", "** server can't find web.default: NXDOMAIN\n\n"), "", 1);
    let others = "** server can't find web.svc.cluster.local: NXDOMAIN\n\n** server can't find web.cluster.local: NXDOMAIN\n\n";
    town.check("nslookup web", &format!("{head}Name:\t{name}\nAddress: {address}\n\n{others}\n{others}"), "", 1);
    town.kubectl("delete deployment web", "");
    town.run(60);
    town.check("wget -q -O- web", "", &format!("wget: can't connect to remote host ({address}): Connection refused\n"), 1);
    let ping = format!(
        "PING web ({address}): 56 data bytes\n\n--- web ping statistics ---\n2 packets transmitted, 0 packets received, 100% packet loss\n"
    );
    town.check("ping -c 2 -W 1 web", &ping, "", 1);
}

#[test]
fn names_come_from_coredns_where_it_is_installed() {
    let mut town = Town::new();
    for tree in crate::cluster::addons::coredns() {
        town.apply(&tree.to_string());
    }
    town.apply(WEB);
    town.apply(&pod("box", "busybox", ""));
    town.run(60);
    let ready = "get deployment coredns -n kube-system -o jsonpath={.status.readyReplicas}";
    assert_eq!(town.kubectl(ready, "").0, "2");
    let address = town.address_of("web");
    town.check("wget -q --spider web", "", "", 0);
    town.kubectl("scale deployment coredns -n kube-system --replicas=0", "");
    town.run(60);
    town.check(
        "nslookup web.default.svc.cluster.local",
        ";; connection timed out; no servers could be reached\n\n",
        "nslookup: read: Connection refused\n",
        1,
    );
    town.check("wget -q -O- web", "", "wget: bad address 'web'\n", 1);
    town.check("nc -zv web 80", "", "nc: bad address 'web'\n", 1);
    town.check(&format!("nc -zv {address} 80"), "", &format!("{address} ({address}:80) open\n"), 0);
}

#[test]
fn a_loop_that_asks_for_ever_is_heard() {
    let mut town = Town::new();
    let load = "apiVersion: v1\nkind: Pod\nmetadata: {name: load}\nspec:\n  containers: [{name: main, image: busybox, command: [sh, -c, \
                'while sleep 0.01; do wget -q -O- http://web >/dev/null || echo failed; done']}]\n";
    town.apply(load);
    town.run(60);
    let before = town.0.handled();
    town.run(100);
    let asked = town.0.handled() - before;
    assert!((90..=110).contains(&asked), "one question a second: {asked}");
    let log = town.kubectl("logs load --tail=1", "").0;
    assert_eq!(log, "failed\n");
}

#[test]
fn an_ingress_leads_to_its_service() {
    let mut town = Town::new();
    for tree in crate::cluster::addons::ingress_nginx() {
        town.apply(&tree.to_string());
    }
    town.apply(WEB);
    town.apply(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec:\n  ingressClassName: nginx\n  rules:\n  - host: shop.example\n    \
         http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}\n",
    );
    town.apply(&pod("box", "curlimages/curl", ""));
    town.run(120);
    let url = "http://ingress-nginx-controller.ingress-nginx";
    let code = "-s -o /dev/null -w %{http_code}";
    town.check(&format!("curl {code} -H 'Host: shop.example' {url}"), "200", "", 0);
    town.check(&format!("curl {code} -H 'Host: shop.example' {url}/none"), "404", "", 0);
    town.check(&format!("curl {code} {url}"), "404", "", 0);
    town.kubectl("scale deployment web --replicas=0", "");
    town.run(60);
    town.check(&format!("curl {code} -H 'Host: shop.example' {url}"), "503", "", 0);
    town.check("curl -sS http://wbe", "", "curl: (6) Could not resolve host: wbe\n", 6);
}

#[test]
fn gateways_and_routes_are_served() {
    let mut town = Town::new();
    town.apply("apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: any}\nspec: {controllerName: example.com/gateway}\n");
    town.apply(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: web}\nspec:\n  gatewayClassName: any\n  \
         listeners: [{name: http, port: 80, protocol: HTTP}]\n",
    );
    town.apply(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web}\nspec:\n  parentRefs: [{name: web}]\n  \
         hostnames: [shop.example]\n  rules: [{backendRefs: [{name: web, port: 80, weight: 90}, {name: canary, port: 80, weight: 10}]}]\n",
    );
    let table = town.kubectl("get httproutes,gateways", "").0;
    assert_eq!(
        table,
        "NAME                                      HOSTNAMES          AGE\nhttproute.gateway.networking.k8s.io/web   [\"shop.example\"]   0s\n\n\
         NAME                                    CLASS   ADDRESS   PROGRAMMED   AGE\ngateway.gateway.networking.k8s.io/web   any               Unknown      0s\n"
    );
    let weights = town.kubectl("get httproute web -o jsonpath={.spec.rules[0].backendRefs[*].weight}", "").0;
    assert_eq!(weights, "90 10");
    let matches = town.kubectl("get httproute web -o jsonpath={.spec.rules[0].matches[0].path}", "").0;
    assert_eq!(matches, "{\"type\":\"PathPrefix\",\"value\":\"/\"}");
}

#[test]
fn pods_of_a_stateful_set_have_names() {
    let mut town = Town::new();
    town.apply(
        "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}\n---\n\
         apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: db\n  replicas: 2\n  selector: {matchLabels: {app: db}}\n  \
         template:\n    metadata: {labels: {app: db}}\n    spec: {containers: [{name: db, image: postgres, env: [{name: POSTGRES_PASSWORD, value: x}]}]}\n",
    );
    town.apply(&pod("box", "postgres", ""));
    town.run(120);
    let address = town.kubectl("get pod db-1 -o jsonpath={.status.podIP}", "").0;
    let found = format!("{address:<15} db-1.db.default.svc.cluster.local\n");
    town.check("getent hosts db-1.db", &found, "", 0);
    town.check("getent hosts db-2.db", "", "", 2);
    town.check("pg_isready -h db-1.db", "db-1.db:5432 - accepting connections\n", "", 0);
    town.check("pg_isready -h db-2.db", "db-2.db:5432 - no response\n", "", 2);
}

#[test]
fn a_process_goes_on_asking_whatever_its_kubelet_does() {
    let mut town = Town::new();
    town.apply(&pod("box", "busybox", "until nc -z web 80; do sleep 2; done"));
    town.run(60);
    let node = town.kubectl("get pod box -o jsonpath={.spec.nodeName}", "").0;
    let fault = |town: &mut Town, text: &str| town.0.fault(&crate::cluster::faults::Fault::parse(text).expect("a fault")).expect("done");
    fault(&mut town, &format!("stop kubelet on {node}"));
    town.run(20);
    fault(&mut town, &format!("start kubelet on {node}"));
    town.run(20);
    assert_eq!(town.phase("box"), "Pending");
    town.apply(WEB);
    town.run(60);
    assert_eq!(town.phase("box"), "Running");
    fault(&mut town, &format!("reboot node {node}"));
    town.run(200);
    assert_eq!(town.phase("box"), "Running");
}

#[test]
fn a_command_that_is_the_container_asks_too() {
    let mut town = Town::new();
    town.apply(WEB);
    town.run(60);
    town.kubectl("run once --image=curlimages/curl --restart=Never -- curl -sS -o /dev/null -w %{http_code} http://web", "");
    town.run(60);
    assert_eq!((town.phase("once").as_str(), town.kubectl("logs once", "").0.as_str()), ("Succeeded", "200"));
    town.kubectl("run retry --image=curlimages/curl --restart=Never -- curl -sS --retry 3 --retry-connrefused http://web:81", "");
    town.kubectl("run failing --image=curlimages/curl --restart=Never -- curl -sS --connect-timeout 3 http://web:81", "");
    town.run(60);
    assert_eq!(town.phase("failing"), "Failed");
    assert_eq!(town.kubectl("logs failing", "").0, "curl: (28) Connection timed out after 3000 milliseconds\n");
}
