//! Quotas and limit ranges as a user meets them: what is refused, in which words, what is counted, and what becomes of a rollout.

mod common;

use common::{Terminal, deployment};
use sim_core::Config;
use sim_core::kernel::time::SimDuration;

/// In the namespace `default`, one Service is there from the start: `kubernetes`.
const QUOTA: &str = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: \"3\", count/deployments.apps: \"2\", services: \"2\"}}\n";

const REFUSED: &str = "Error from server (Forbidden): error when creating \"m.yaml\": ";

fn pod(name: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  {spec}\n")
}

fn used(terminal: &mut Terminal) -> String {
    terminal.ok("get quota q -o jsonpath='{.status.used}'")
}

#[test]
fn a_quota_lets_in_what_fits_and_the_rest_later() {
    let mut terminal = Terminal::new(Config::default());
    terminal.kubectl_with("apply -f m.yaml", QUOTA);
    terminal.wait(SimDuration::from_secs(1));
    assert_eq!(used(&mut terminal), r#"{"count/deployments.apps":"0","pods":"0","services":"1"}"#);
    terminal.kubectl_with("apply -f m.yaml", &deployment("web", 5, "nginx:1.17.1", "  progressDeadlineSeconds: 15\n"));
    terminal.wait(SimDuration::from_secs(20));
    assert_eq!(used(&mut terminal), r#"{"count/deployments.apps":"1","pods":"3","services":"1"}"#);
    let conditions = terminal.ok("get deploy web -o jsonpath='{range .status.conditions[*]}{.type}={.reason} {end}'");
    assert_eq!(conditions, "Available=MinimumReplicasUnavailable ReplicaFailure=FailedCreate Progressing=ProgressDeadlineExceeded ");
    let events = terminal.ok("get events --field-selector reason=FailedCreate");
    assert!(events.contains("is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3"), "{events}");
    terminal.ok(r#"patch quota q -p '{"spec":{"hard":{"pods":"10"}}}'"#);
    terminal.wait(SimDuration::from_secs(30));
    assert_eq!(used(&mut terminal), r#"{"count/deployments.apps":"1","pods":"5","services":"1"}"#);
    assert_eq!(terminal.ok("get deploy web -o jsonpath='{.status.availableReplicas}'"), "5");
    terminal.ok("delete deployment web");
    terminal.wait(SimDuration::from_secs(60));
    assert_eq!(used(&mut terminal), r#"{"count/deployments.apps":"0","pods":"0","services":"1"}"#);
}

#[test]
fn refusals_name_the_quota_and_what_is_missing() {
    let mut terminal = Terminal::new(Config::default());
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {requests.cpu: \"1\", limits.memory: 1Gi, services: \"2\"}}\n";
    terminal.kubectl_with("apply -f m.yaml", quota);
    terminal.wait(SimDuration::from_secs(1));
    let mut check = |line: &str, expected: &str| {
        let (_, stderr, code) = terminal.kubectl_with(line, "");
        assert_eq!((stderr.as_str(), code), (expected, i32::from(!expected.is_empty())), "{line}");
    };
    check(
        "run bare --image=nginx",
        "Error from server (Forbidden): pods \"bare\" is forbidden: failed quota: q: must specify limits.memory for: bare; requests.cpu for: bare\n",
    );
    check("create service clusterip a --tcp=80", "");
    check(
        "create service clusterip b --tcp=80",
        "error: failed to create ClusterIP service: services \"b\" is forbidden: exceeded quota: q, requested: services=1, used: services=2, limited: services=2\n",
    );
}

#[test]
fn scoped_quotas_count_only_what_falls_under_them() {
    let mut terminal = Terminal::new(Config::default());
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: \"1\"}, scopes: [NotBestEffort]}\n";
    terminal.kubectl_with("apply -f m.yaml", quota);
    terminal.wait(SimDuration::from_secs(1));
    for name in ["a", "b"] {
        terminal.ok(&format!("run {name} --image=nginx"));
    }
    assert_eq!(used(&mut terminal), r#"{"pods":"0"}"#);
    terminal.kubectl_with("create -f m.yaml", &pod("c", "containers: [{name: c, image: nginx, resources: {requests: {cpu: 1}}}]"));
    assert_eq!(used(&mut terminal), r#"{"pods":"1"}"#);
    let (_, stderr, _) =
        terminal.kubectl_with("create -f m.yaml", &pod("d", "containers: [{name: c, image: nginx, resources: {requests: {cpu: 1}}}]"));
    assert!(stderr.contains("exceeded quota: q, requested: pods=1"), "{stderr}");
}

#[test]
fn limit_ranges_fill_in_and_refuse() {
    let mut terminal = Terminal::new(Config::default());
    let range = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: lr}\nspec:\n  limits:\n  - {type: Container, default: {cpu: 500m}, defaultRequest: {cpu: 100m}, max: {cpu: \"1\"}}\n";
    terminal.kubectl_with("apply -f m.yaml", range);
    terminal.kubectl_with("apply -f m.yaml", &deployment("web", 1, "nginx", ""));
    terminal.wait(SimDuration::from_secs(5));
    let resources = terminal.ok("get pod -l app=web -o jsonpath='{.items[0].spec.containers[0].resources}'");
    assert_eq!(resources, r#"{"limits":{"cpu":"500m"},"requests":{"cpu":"100m"}}"#);
    let told = terminal.ok(r"get pod -l app=web -o jsonpath='{.items[0].metadata.annotations.kubernetes\.io/limit-ranger}'");
    assert_eq!(told, "LimitRanger plugin set: cpu request for container c; cpu limit for container c");
    let big = pod("big", "containers: [{name: c, image: nginx, resources: {limits: {cpu: 2}}}]");
    let (_, stderr, code) = terminal.kubectl_with("create -f m.yaml", &big);
    let expected = format!("{REFUSED}pods \"big\" is forbidden: maximum cpu usage per Container is 1, but limit is 2\n");
    assert_eq!((stderr, code), (expected, 1));
}

#[test]
fn namespaces_have_what_every_namespace_has() {
    let mut terminal = Terminal::new(Config::default());
    terminal.ok("create namespace dev");
    terminal.wait(SimDuration::from_secs(1));
    assert_eq!(terminal.ok("get sa,cm -n dev -o name"), "serviceaccount/default\nconfigmap/kube-root-ca.crt\n");
    terminal.ok("delete serviceaccount default -n dev");
    terminal.wait(SimDuration::from_secs(1));
    assert_eq!(terminal.ok("get sa -n dev -o name"), "serviceaccount/default\n");
    assert!(terminal.ok("get svc").contains("kubernetes   ClusterIP   10.96.0.1"));
    let robot = pod("a", "serviceAccountName: robot\n  containers: [{name: c, image: nginx}]");
    let (_, stderr, _) = terminal.kubectl_with("create -f m.yaml", &robot);
    let why = "error looking up service account default/robot: serviceaccount \"robot\" not found";
    assert_eq!(stderr, format!("{REFUSED}pods \"a\" is forbidden: {why}\n"));
}

#[test]
fn a_priority_class_gives_pods_its_value() {
    let mut terminal = Terminal::new(Config::default());
    let class = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1000\n";
    terminal.kubectl_with("apply -f m.yaml", class);
    let with_class = |name: &str| pod("a", &format!("priorityClassName: {name}\n  containers: [{{name: c, image: nginx}}]"));
    let (_, stderr, _) = terminal.kubectl_with("create -f m.yaml", &with_class("low"));
    assert_eq!(stderr, format!("{REFUSED}pods \"a\" is forbidden: no PriorityClass with name low was found\n"));
    terminal.kubectl_with("create -f m.yaml", &with_class("high"));
    assert_eq!(terminal.ok("get pod a -o jsonpath='{.spec.priority} {.spec.preemptionPolicy}'"), "1000 PreemptLowerPriority");
    let (_, stderr, _) = terminal.kubectl_with("create -f m.yaml", &pod("b", "priority: 5\n  containers: [{name: c, image: nginx}]"));
    assert!(stderr.contains("the integer value of priority (5) must not be provided in pod spec"), "{stderr}");
    let (_, stderr, _) = terminal.kubectl_with("delete priorityclass system-node-critical", "");
    assert!(stderr.contains("this is a system priority class and cannot be deleted"), "{stderr}");
}

#[test]
fn what_is_only_tried_or_refused_takes_no_addresses() {
    let mut terminal = Terminal::new(Config::default());
    let service = |name: &str, port: u32| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{type: NodePort, clusterIP: 10.96.7.7, ports: [{{port: 80, nodePort: {port}}}]}}\n"
        )
    };
    let mut check = |line: &str, manifest: &str, expected: i32| {
        let (_, stderr, code) = terminal.kubectl_with(line, manifest);
        assert_eq!(code, expected, "{line}: {stderr}");
    };
    check("diff -f m.yaml", &service("a", 30080), 1);
    check("apply -f m.yaml --dry-run=server", &service("a", 30080), 0);
    check("apply -f m.yaml", &service("a", 30080), 0);
    // A port that a Service no longer has is free again.
    check("apply -f m.yaml", &service("a", 30081), 0);
    check("create service nodeport b --tcp=80 --node-port=30080", "", 0);
    check("create service nodeport c --tcp=80 --node-port=30081", "", 1);
}

#[test]
fn endpoints_follow_the_slices() {
    let mut terminal = Terminal::new(Config::default());
    terminal.ok("create deployment web --image=nginx --replicas=2");
    terminal.ok("expose deployment web --port=80");
    terminal.ok("rollout status deployment/web");
    terminal.wait(SimDuration::from_secs(1));
    let addresses = terminal.ok("get endpoints web -o jsonpath='{.subsets[*].addresses[*].targetRef.kind} {.subsets[*].ports[*].port}'");
    assert_eq!(addresses, "Pod Pod 80");
    assert_eq!(terminal.ok("get ep -o name"), "endpoints/kubernetes\nendpoints/web\n");
    terminal.ok("delete service web");
    assert_eq!(terminal.ok("get ep -o name"), "endpoints/kubernetes\n");
}
