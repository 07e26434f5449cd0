//! What breaks, as somebody at a terminal sees it.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{Terminal, deployment};
use serde_json::json;
use sim_core::api::object::Kind;
use sim_core::cluster::faults::Fault;
use sim_core::cluster::invariants::Checker;
use sim_core::kernel::time::SimDuration;
use sim_core::{Cluster, Config};

fn secs(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

fn fault(terminal: &mut Terminal, text: &str) {
    terminal.cluster.fault(&Fault::parse(text).unwrap()).unwrap();
}

/// A cluster with a Deployment of three that runs for a while.
fn running() -> Terminal {
    let mut terminal = Terminal::new(Config::default());
    let (_, stderr, code) = terminal.kubectl_with("apply -f m.yaml", &deployment("web", 3, "nginx", ""));
    assert_eq!(code, 0, "{stderr}");
    terminal.wait(secs(60));
    terminal
}

#[test]
fn top_shows_what_was_measured() {
    let mut terminal = Terminal::new(Config::default());
    let (_, stderr, code) = terminal.kubectl_with("top nodes", "");
    assert_eq!((stderr.as_str(), code), ("error: metrics not available yet\n", 1));
    let (_, stderr, code) = terminal.kubectl_with("top pods", "");
    assert_eq!((stderr.as_str(), code), ("No resources found in default namespace.\n", 0));
    terminal.kubectl_with("apply -f m.yaml", &deployment("web", 3, "web:1", ""));
    terminal.wait(secs(12));
    let (_, stderr, _) = terminal.kubectl_with("top pods", "");
    assert_eq!(stderr, "error: metrics not available yet\n");
    terminal.wait(secs(48));
    let nodes = terminal.ok("top nodes");
    let lines: Vec<&str> = nodes.lines().collect();
    assert_eq!(lines[0], "NAME     CPU(cores)   CPU(%)   MEMORY(bytes)   MEMORY(%)   ");
    assert_eq!(lines[1], "node-1   61m          1%       528Mi           3%          ");
    let pods = terminal.ok("top pods");
    assert!(pods.starts_with("NAME"), "{pods}");
    assert_eq!(pods.lines().filter(|line| line.ends_with("1m           16Mi            ")).count(), 3, "{pods}");
    let sum = terminal.ok("top pods -A --containers --sum --sort-by=memory");
    assert!(sum.starts_with("NAMESPACE   POD ") && sum.lines().last().unwrap().trim() == "3m           48Mi", "{sum}");
    let name = pods.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert_eq!(terminal.ok(&format!("top pod {name} --no-headers")), format!("{name}   1m    16Mi   \n"));
    let (_, stderr, _) = terminal.kubectl_with("top pod nobody", "");
    assert_eq!(stderr, "Error from server (NotFound): podmetrics.metrics.k8s.io \"default/nobody\" not found\n");
    fault(&mut terminal, "kill node node-3");
    assert!(terminal.ok("top nodes").contains("node-3   <unknown>    <unknown>   <unknown>       <unknown>   \n"));
    let mut blind = Terminal::new(Config { metrics: false, ..Config::default() });
    let (_, stderr, _) = blind.kubectl_with("top nodes", "");
    assert_eq!(stderr, "error: Metrics API not available\n");
}

#[test]
fn a_reboot_keeps_pods_and_changes_the_boot_id() {
    let mut terminal = running();
    let boot_id = |terminal: &mut Terminal| terminal.ok("get node node-2 -o jsonpath={.status.nodeInfo.bootID}");
    let uids = |terminal: &mut Terminal| terminal.ok("get pods -o jsonpath={.items[*].metadata.uid}");
    let (before, pods) = (boot_id(&mut terminal), uids(&mut terminal));
    fault(&mut terminal, "reboot node node-2");
    terminal.wait(secs(40));
    assert_ne!(boot_id(&mut terminal), before);
    assert_eq!(uids(&mut terminal), pods);
    assert_eq!(terminal.ok("get pods -o jsonpath={.items[*].status.containerStatuses[0].restartCount}").matches('1').count(), 1);
    let described = terminal.ok("describe node node-2");
    for line in [
        "Starting kubelet.",
        "has been rebooted, boot id: ",
        "Updated Node Allocatable limit across pods",
        "status is now: NodeHasSufficientPID",
    ] {
        assert!(described.contains(line), "{line}: {described}");
    }
    assert!(!described.contains("NodeNotReady"), "{described}");
}

#[test]
fn faults_say_what_is_wrong_with_them() {
    let mut terminal = running();
    let mut refused = |text: &str, part: &str| {
        let said = terminal.cluster.fault(&Fault::parse(text).unwrap()).unwrap_err();
        assert!(said.contains(part), "{text}: {said}");
    };
    refused("restart node node-1", "up already");
    refused("start kubelet on node-1", "runs already");
    refused("mend network of node-1", "isn't cut");
    refused("mend runtime on node-1", "doesn't hang");
    refused("free disk of node-1", "nothing fills");
    refused("stop kubelet on node-9", "there are node-1, node-2, node-3");
    refused("crash pod/nobody", "there is no pod");
}

#[test]
fn a_crash_is_restarted_and_a_cut_is_noticed() {
    let mut terminal = running();
    let name = terminal.ok("get pods -o jsonpath={.items[0].metadata.name}");
    fault(&mut terminal, &format!("crash pod/{name}"));
    terminal.wait(secs(5));
    assert_eq!(terminal.ok(&format!("get pod {name} -o jsonpath={{.status.containerStatuses[0].restartCount}}")), "1");
    fault(&mut terminal, "stop kubelet on node-1");
    terminal.wait(secs(70));
    assert!(terminal.ok("get nodes").lines().nth(1).unwrap().contains("NotReady"));
    fault(&mut terminal, "start kubelet on node-1");
    terminal.wait(secs(5));
    assert!(!terminal.ok("get nodes").contains("NotReady"));
    assert!(terminal.ok("describe node node-1").contains("status is now: NodeReady"));
}

#[test]
fn whatever_breaks_commitments_hold_and_no_container_strays() {
    let faults = [
        "cut network of node-1",
        "stop kubelet on node-2",
        "hang runtime on node-3",
        "registry down",
        "mend network of node-1",
        "reboot node node-1",
        "start kubelet on node-2",
        "registry up",
        "mend runtime on node-3",
        "shut down node node-3",
    ];
    for seed in 1..4 {
        let mut terminal = Terminal { cluster: Cluster::new(Config { seed, ..Config::default() }) };
        terminal.kubectl_with("apply -f m.yaml", &deployment("web", 8, "nginx", ""));
        let mut checker = Checker::default();
        for (index, text) in faults.iter().enumerate() {
            let until = terminal.cluster.now() + secs(30 + (seed * 37 + index as u64 * 53) % 100);
            while terminal.cluster.next_at().is_some_and(|at| at <= until) {
                terminal.cluster.step();
                checker.observe(&terminal.cluster);
            }
            terminal.cluster.run_until(until);
            fault(&mut terminal, text);
            terminal.kubectl_with(&format!("scale deployment web --replicas={}", 4 + (index * 5) % 9), "");
        }
        terminal.wait(secs(1000));
        checker.observe(&terminal.cluster);
        let broken: Vec<_> =
            checker.violations().iter().filter(|v| matches!(v.invariant.as_str(), "commitments" | "noStrays" | "restarts")).collect();
        assert!(broken.is_empty(), "{broken:?}");
    }
}

#[test]
fn a_mirror_is_a_picture_and_its_pod_runs_on() {
    let mut terminal = Terminal::new(Config::default());
    let manifest = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "agent", "namespace": "kube-system"},
        "spec": {"containers": [{"name": "c", "image": "agent:1"}]}});
    let missing = terminal.cluster.place_static_pod("node-9", &manifest);
    assert_eq!(missing, Err("there is no node \"node-9\"".to_owned()));
    let no_pod = terminal.cluster.place_static_pod("node-1", &json!({"kind": "Service", "metadata": {"name": "x"}}));
    assert_eq!(no_pod, Err("a static pod is a manifest of kind Pod with a name".to_owned()));
    terminal.cluster.place_static_pod("node-1", &manifest).unwrap();
    terminal.wait(secs(10));
    let id =
        |terminal: &mut Terminal| terminal.ok("get pod agent-node-1 -n kube-system -o jsonpath={.status.containerStatuses[0].containerID}");
    let uid = |terminal: &mut Terminal| terminal.ok("get pod agent-node-1 -n kube-system -o jsonpath={.metadata.uid}");
    let (container, first) = (id(&mut terminal), uid(&mut terminal));
    assert!(container.starts_with("containerd://"), "{container}");
    terminal.ok("delete pod agent-node-1 -n kube-system --wait=false");
    terminal.wait(secs(1));
    assert_eq!(id(&mut terminal), container, "the same container");
    assert_ne!(uid(&mut terminal), first, "another mirror");
    terminal.cluster.fault(&Fault::parse("crash pod/agent-node-1 in kube-system").unwrap()).unwrap();
    terminal.wait(secs(5));
    let (_, pod) = terminal.cluster.find(Kind::Pod, "kube-system", "agent-node-1").unwrap();
    let pod = pod.as_pod().unwrap();
    assert_eq!((pod.status.containers[0].restart_count, pod.is_ready()), (1, true), "its timers follow it");
    assert_eq!(pod.status.condition("PodScheduled").map(|condition| condition.status.as_str()), Some("True"));
}
