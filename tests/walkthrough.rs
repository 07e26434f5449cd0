//! The whole way once: from `kubectl apply` to running pods, an update, a rollback, a dead node; and that a run repeats itself.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{Terminal, deployment};
use sim_core::api::object::Kind;
use sim_core::cluster::faults::Fault;
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::kubectl::Invocation;
use sim_core::timeline::{Action, Timeline};
use sim_core::{Cluster, Config, explain};

fn applied(replicas: u32, extra: &str) -> Terminal {
    let mut terminal = Terminal::new(Config::default());
    let (stdout, stderr, code) = terminal.kubectl_with("apply -f m.yaml", &deployment("web", replicas, "nginx:1.17.1", extra));
    assert_eq!((stdout.as_str(), code), ("deployment.apps/web created\n", 0), "{stderr}");
    terminal
}

fn ready(cluster: &Cluster) -> usize {
    cluster.store().list(Kind::Pod, None).filter(|(_, o)| o.as_pod().is_some_and(|p| p.is_ready() && p.is_active())).count()
}

#[test]
fn a_deployment_becomes_running_pods() {
    let mut terminal = applied(3, "");
    let status = terminal.ok("rollout status deploy/web");
    assert!(status.ends_with("deployment \"web\" successfully rolled out\n"), "{status}");
    assert_eq!(ready(&terminal.cluster), 3);
    let table = terminal.ok("get deploy web");
    assert!(table.contains("web    3/3     3            3"), "{table}");
}

#[test]
fn an_update_rolls_and_an_undo_rolls_back() {
    let mut terminal = applied(3, "");
    terminal.ok("rollout status deploy/web");
    assert_eq!(terminal.ok("set image deploy/web c=nginx:1.17.2"), "deployment.apps/web image updated\n");
    terminal.ok("rollout status deploy/web");
    let sizes = |cluster: &Cluster| -> Vec<i32> {
        cluster.store().list(Kind::ReplicaSet, None).filter_map(|(_, o)| o.as_replica_set().map(|r| r.replicas)).collect()
    };
    let mut updated = sizes(&terminal.cluster);
    updated.sort_unstable();
    assert_eq!(updated, [0, 3]);
    assert_eq!(terminal.ok("rollout undo deploy/web"), "deployment.apps/web rolled back\n");
    terminal.ok("rollout status deploy/web");
    terminal.wait(SimDuration::from_secs(40));
    let images = terminal.ok("get pods -o jsonpath={.items[*].spec.containers[0].image}");
    assert_eq!(images, "nginx:1.17.1 nginx:1.17.1 nginx:1.17.1");
    let history = terminal.ok("rollout history deploy/web");
    assert!(history.contains("\n2 ") && history.contains("\n3 ") && !history.contains("\n1 "), "{history}");
}

#[test]
fn a_deleted_deployment_takes_its_pods_along() {
    let mut terminal = applied(3, "");
    terminal.ok("rollout status deploy/web");
    terminal.ok("delete deploy web");
    terminal.wait(SimDuration::from_secs(60));
    assert_eq!(terminal.cluster.store().count(Kind::Pod) + terminal.cluster.store().count(Kind::ReplicaSet), 0);
}

#[test]
fn pods_of_a_dead_node_are_replaced_after_five_minutes() {
    let mut terminal = applied(3, "");
    terminal.ok("rollout status deploy/web");
    let node = terminal.cluster.store().list(Kind::Pod, None).find_map(|(_, o)| o.as_pod().map(|p| p.node_name.to_string())).unwrap();
    let killed = terminal.cluster.now();
    terminal.cluster.fault(&Fault::KillNode(node.clone())).unwrap();
    terminal.wait(SimDuration::from_secs(70));
    assert!(terminal.ok("get nodes").contains("NotReady"));
    terminal.wait(SimDuration::from_secs(330));
    assert_eq!(ready(&terminal.cluster), 3);
    let elsewhere = terminal
        .cluster
        .store()
        .list(Kind::Pod, None)
        .filter_map(|(_, o)| o.as_pod())
        .filter(|p| p.is_ready())
        .all(|p| p.node_name != *node.as_str());
    assert!(elsewhere && terminal.cluster.now() > killed);
}

#[test]
fn why_leads_from_a_pod_back_to_the_command() {
    let mut terminal = applied(1, "");
    terminal.ok("rollout status deploy/web");
    let (id, _) = terminal.cluster.store().list(Kind::Pod, None).next().unwrap();
    let chain = explain::why(&terminal.cluster, id);
    let told: Vec<String> = chain.iter().map(ToString::to_string).collect();
    assert!(told.last().is_some_and(|last| last.contains("you: kubectl apply")), "{told:#?}");
    assert!(told.iter().any(|line| line.contains("deployment-controller decided")), "{told:#?}");
}

/// A minute of a run with a rollout in it, from the same inputs.
fn run(config: Config) -> Cluster {
    let mut terminal = Terminal::new(config);
    terminal.kubectl_with("apply -f m.yaml", &deployment("web", 5, "nginx:1.17.1", ""));
    terminal.wait(SimDuration::from_secs(20));
    terminal.ok("set image deploy/web c=nginx:1.17.2");
    terminal.wait(SimDuration::from_secs(40));
    terminal.cluster
}

#[test]
fn equal_runs_have_equal_fingerprints_and_other_seeds_have_others() {
    let print = |seed| run(Config { seed, ..Config::default() }).fingerprint();
    assert_eq!(print(1), print(1));
    assert_ne!(print(1), print(2));
}

#[test]
fn run_replay_and_seek_agree() {
    let mut timeline = Timeline::new(Cluster::new(Config::default()));
    let files = [("m.yaml".to_owned(), deployment("web", 5, "nginx:1.17.1", ""))].into_iter().collect();
    let invoke = |line: &str, files: std::collections::BTreeMap<String, String>| {
        Action::Kubectl(Invocation { args: sim_core::kubectl::split(line).unwrap(), files })
    };
    timeline.act(invoke("apply -f m.yaml", files)).unwrap();
    timeline.seek(SimTime::from_secs(20));
    timeline.act(invoke("set image deploy/web c=nginx:1.17.2", Default::default())).unwrap();
    timeline.seek(SimTime::from_secs(60));
    let there = timeline.present().fingerprint();
    assert_eq!(there, run(Config::default()).fingerprint(), "the same inputs, the same run");
    timeline.seek(SimTime::from_secs(7));
    assert_eq!(timeline.present().now(), SimTime::from_secs(7));
    let fork = timeline.fork();
    timeline.seek(SimTime::from_secs(60));
    assert_eq!(timeline.present().fingerprint(), there, "back and forth leads to the same place");
    assert_eq!(fork.deeds().len(), 1, "a fork's future is open");
}

#[test]
fn a_node_that_dies_again_is_noticed_again() {
    let mut terminal = applied(3, "");
    terminal.ok("rollout status deploy/web");
    terminal.cluster.fault(&Fault::KillNode("node-2".to_owned())).unwrap();
    terminal.wait(SimDuration::from_secs(10));
    terminal.cluster.fault(&Fault::RestartNode("node-2".to_owned())).unwrap();
    terminal.wait(SimDuration::from_secs(10));
    terminal.cluster.fault(&Fault::KillNode("node-2".to_owned())).unwrap();
    terminal.wait(SimDuration::from_secs(40));
    assert!(!terminal.ok("get nodes").contains("NotReady"), "the last sign of life is less than 50 s old");
    terminal.wait(SimDuration::from_secs(30));
    assert!(terminal.ok("get nodes").contains("NotReady"));
}
