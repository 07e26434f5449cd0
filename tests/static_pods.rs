//! Pods that a node runs by itself.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::Terminal;
use serde_json::json;
use sim_core::Config;
use sim_core::api::object::Kind;
use sim_core::cluster::faults::Fault;
use sim_core::kernel::time::SimDuration;

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
    terminal.wait(SimDuration::from_secs(10));
    let id =
        |terminal: &mut Terminal| terminal.ok("get pod agent-node-1 -n kube-system -o jsonpath={.status.containerStatuses[0].containerID}");
    let uid = |terminal: &mut Terminal| terminal.ok("get pod agent-node-1 -n kube-system -o jsonpath={.metadata.uid}");
    let (container, first) = (id(&mut terminal), uid(&mut terminal));
    assert!(container.starts_with("containerd://"), "{container}");
    terminal.ok("delete pod agent-node-1 -n kube-system --wait=false");
    terminal.wait(SimDuration::from_secs(1));
    assert_eq!(id(&mut terminal), container, "the same container");
    assert_ne!(uid(&mut terminal), first, "another mirror");
    terminal.cluster.fault(&Fault::parse("crash pod/agent-node-1 in kube-system").unwrap()).unwrap();
    terminal.wait(SimDuration::from_secs(5));
    let (_, pod) = terminal.cluster.find(Kind::Pod, "kube-system", "agent-node-1").unwrap();
    let pod = pod.as_pod().unwrap();
    assert_eq!((pod.status.containers[0].restart_count, pod.is_ready()), (1, true), "its timers follow it");
    assert_eq!(pod.status.condition("PodScheduled").map(|condition| condition.status.as_str()), Some("True"));
}
