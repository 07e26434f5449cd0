//! Frames of a cluster: updates, applied one after another, are the whole; a crowd is counted; what happens to machines is seen.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail, and reads the scenarios")]

mod common;

use common::{cluster, deployment, kubectl, wait};
use sim_core::cluster::faults::Fault;
use sim_core::kernel::time::SimTime;
use sim_core::scenario::Scenario;
use sim_core::{Cluster, Config};
use sim_view::draw::cluster::{Around, CROWD, View};
use sim_view::frame::Id;
use sim_view::frame::cluster::{Frame, IngressFrame, NodeFrame, OwnerFrame, PodFrame, PodState, ServiceFrame, Totals};
use std::collections::BTreeMap;

/// What a page knows after the frames that it got.
#[derive(Default, PartialEq, Debug)]
struct Page {
    nodes: BTreeMap<Id, NodeFrame>,
    pods: BTreeMap<Id, PodFrame>,
    owners: BTreeMap<Id, OwnerFrame>,
    services: BTreeMap<Id, ServiceFrame>,
    ingresses: BTreeMap<Id, IngressFrame>,
    totals: Totals,
    crowd: bool,
}

impl Page {
    fn apply(&mut self, frame: Frame) {
        if frame.whole {
            *self = Page::default();
        }
        for id in &frame.gone {
            let known = [self.nodes.remove(id).is_some(), self.pods.remove(id).is_some(), self.owners.remove(id).is_some()];
            let known = known.contains(&true) || self.services.remove(id).is_some() || self.ingresses.remove(id).is_some();
            assert!(known, "{id} is gone, and was never shown");
        }
        self.nodes.extend(frame.nodes.into_iter().map(|node| (node.id.clone(), node)));
        self.pods.extend(frame.pods.into_iter().map(|pod| (pod.id.clone(), pod)));
        self.owners.extend(frame.owners.into_iter().map(|owner| (owner.id.clone(), owner)));
        self.services.extend(frame.services.into_iter().map(|service| (service.id.clone(), service)));
        self.ingresses.extend(frame.ingresses.into_iter().map(|ingress| (ingress.id.clone(), ingress)));
        self.totals = frame.totals;
        self.crowd = frame.crowd;
    }

    fn of(cluster: &Cluster) -> Page {
        let mut page = Page::default();
        page.apply(View::default().whole(cluster, Around::default()));
        page
    }
}

fn update(view: &mut View, cluster: &Cluster) -> Frame {
    view.update(cluster, Around::default())
}

/// A view that follows `cluster` sees the same as one that looks at it for the first time.
#[track_caller]
fn check_followed(view: &mut View, page: &mut Page, cluster: &Cluster) {
    page.apply(update(view, cluster));
    assert_eq!(*page, Page::of(cluster), "at {}", cluster.now());
}

/// Plays a scenario up to ever later moments, some of them close to one another.
fn check_scenario(name: &str) {
    let path = format!("{}/../scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let scenario = Scenario::parse(&std::fs::read_to_string(&path).unwrap(), &path).unwrap();
    let (mut view, mut page) = (View::default(), Page::default());
    let mut at = 0;
    for stop in 0u64..14 {
        at += [1_300_000_000, 70_000_000, 900_000_000, 4_100_000_000][stop as usize % 4];
        let run = scenario.run_observed(scenario.seed, Some(SimTime::from_nanos(at)), &mut |_| {}).unwrap();
        check_followed(&mut view, &mut page, &run.cluster);
    }
    assert!(!page.pods.is_empty());
}

#[test]
fn updates_one_after_another_are_the_whole() {
    for name in ["rolling-update", "statefulset-rolling", "drain-with-budget", "crash-loop", "ingress"] {
        check_scenario(name);
    }
}

#[test]
fn a_deployment_and_its_pods() {
    let mut cluster = cluster();
    let mut view = View::default();
    view.whole(&cluster, Around::default());
    kubectl(&mut cluster, "apply -f m.yaml", &deployment("web", 2, "nginx:1.17.1"));
    let frame = update(&mut view, &cluster);
    assert!(!frame.whole && frame.pods.is_empty() && frame.nodes.is_empty());
    assert_eq!(frame.owners.len(), 1);
    assert_eq!((frame.owners[0].strategy.as_str(), frame.owners[0].desired), ("RollingUpdate 25%/25%", 2));
    wait(&mut cluster, 30_000);
    let frame = update(&mut view, &cluster);
    assert_eq!(frame.pods.len(), 2);
    for pod in &frame.pods {
        assert_eq!((pod.status.as_str(), pod.ready.as_str(), pod.state, pod.sandbox), ("Running", "1/1", PodState::Ready, true));
        assert_eq!(pod.containers[0].image, "nginx:1.17.1");
        let set = frame.owners.iter().find(|owner| owner.id == pod.owner).unwrap();
        assert_eq!(set.kind, "ReplicaSet");
        assert!(frame.owners.iter().any(|owner| owner.id == set.owner && owner.status == "complete"));
    }
    assert_eq!(frame.totals.counts.ready, frame.totals.pods);
    // Nothing has changed since.
    let frame = update(&mut view, &cluster);
    assert!(frame.pods.is_empty() && frame.owners.is_empty() && frame.nodes.is_empty() && frame.gone.is_empty());
}

#[test]
fn words_are_those_of_kubectl() {
    let mut cluster = cluster();
    kubectl(&mut cluster, "apply -f m.yaml", &deployment("web", 3, "nginx:1.17.1"));
    kubectl(&mut cluster, "run bad --image=no/such:image", "");
    for _ in 0..12 {
        wait(&mut cluster, 900);
        let table = kubectl(&mut cluster, "get pods -A --no-headers", "");
        let frames = Page::of(&cluster).pods;
        let told = |line: &str| line.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
        let mut expected: Vec<String> = table.lines().map(told).collect();
        let mut found: Vec<String> =
            frames.values().map(|pod| format!("{} {} {} {}", pod.namespace, pod.name, pod.ready, pod.status)).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }
}

#[test]
fn what_happens_to_machines_is_seen_without_a_revision() {
    let mut cluster = cluster();
    let (mut view, mut page) = (View::default(), Page::default());
    page.apply(view.whole(&cluster, Around::default()));
    for (fault, seen) in [
        ("stop kube-proxy on node-1", (true, true, true, true, false)),
        ("cut network of node-1", (true, true, false, true, false)),
        ("stop kubelet on node-1", (true, false, false, true, false)),
        ("kill node node-1", (false, false, false, false, false)),
    ] {
        cluster.fault(&Fault::parse(fault).unwrap()).unwrap();
        check_followed(&mut view, &mut page, &cluster);
        let node = page.nodes.values().find(|node| node.name == "node-1").unwrap();
        assert_eq!((node.powered, node.kubelet, node.connected, node.runtime, node.proxy), seen, "{fault}");
    }
}

#[test]
fn another_past_is_drawn_whole() {
    let mut cluster = cluster();
    let earlier = cluster.clone();
    let mut view = View::default();
    assert!(update(&mut view, &cluster).whole);
    kubectl(&mut cluster, "run a --image=nginx", "");
    wait(&mut cluster, 3_000);
    assert!(!update(&mut view, &cluster).whole);
    assert!(update(&mut view, &earlier).whole);
}

#[test]
fn a_crowd_is_counted() {
    let nodes = (1..=40).map(|n| sim_core::cluster::NodeConfig::named(format!("node-{n}"))).collect();
    let mut cluster = Cluster::new(Config { nodes, controller_qps: 0, scheduler_qps: 0, ..Config::default() });
    wait(&mut cluster, 5_000);
    let (mut view, mut page) = (View::default(), Page::default());
    check_followed(&mut view, &mut page, &cluster);
    kubectl(&mut cluster, "apply -f m.yaml", &deployment("web", CROWD as u32 + 100, "nginx:1.17.1"));
    for _ in 0..4 {
        wait(&mut cluster, 700);
        check_followed(&mut view, &mut page, &cluster);
    }
    assert!(page.crowd && page.pods.is_empty());
    let on_nodes: u32 = page.nodes.values().map(|node| node.counts.ready + node.counts.creating + node.counts.running).sum();
    assert!(on_nodes > CROWD as u32 / 2, "{on_nodes}");
    kubectl(&mut cluster, "scale deployment web --replicas=10", "");
    wait(&mut cluster, 60_000);
    check_followed(&mut view, &mut page, &cluster);
    assert!(!page.crowd && page.pods.len() < 100);
}
