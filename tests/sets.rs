//! StatefulSets and DaemonSets as a user meets them, and what must hold of them after every event.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[allow(dead_code, reason = "other tests use the rest of it")]
mod common;

use common::Terminal;
use proptest::prelude::*;
use sim_core::api::object::{Kind, Object};
use sim_core::api::pod::Pod;
use sim_core::cluster::NodeConfig;
use sim_core::kernel::queue::TieBreak;
use sim_core::kernel::time::SimDuration;
use sim_core::{Cluster, Config};
use std::collections::BTreeMap;
use std::sync::Arc;

fn stateful_set(replicas: u32, extra: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: web}}\nspec:\n  serviceName: web\n  replicas: {replicas}\n{extra}  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    \
         spec: {{containers: [{{name: c, image: \"nginx:1.17.1\"}}]}}\n"
    )
}

fn daemon_set(strategy: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: agent}}\nspec:\n  selector: {{matchLabels: {{app: agent}}}}\n  \
         updateStrategy: {{rollingUpdate: {strategy}}}\n  template:\n    metadata: {{labels: {{app: agent}}}}\n    \
         spec: {{containers: [{{name: c, image: \"nginx:1.17.1\"}}]}}\n"
    )
}

fn nodes(count: usize) -> Vec<NodeConfig> {
    (1..=count).map(|number| NodeConfig::named(format!("node-{number}"))).collect()
}

fn pods(cluster: &Cluster) -> impl Iterator<Item = &Arc<Pod>> {
    cluster.store().list(Kind::Pod, None).filter_map(|(_, object)| match object {
        Object::Pod(pod) => Some(pod),
        _ => None,
    })
}

fn ordinal(pod: &Pod) -> u32 {
    pod.meta.name.rsplit_once('-').unwrap().1.parse().unwrap()
}

/// How many pods that neither ended nor are going each node has, or is to have.
fn daemons(cluster: &Cluster) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for pod in pods(cluster).filter(|pod| pod.is_active()) {
        *all.entry(if pod.node_name.is_empty() { pod.target.to_string() } else { pod.node_name.to_string() }).or_default() += 1;
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// In order: the ordinals that there are have no gap, and at most one pod isn't ready. In any case each is there once, and in the end as
    /// many as wanted, all of the newest revision.
    #[test]
    fn ordinals_are_unique_and_in_order(
        replicas in 1u32..6, start in 0u32..3, parallel in any::<bool>(), seed in 0u64..1000, shuffle in any::<bool>(),
        commands in prop::collection::vec((0usize..4, 1u64..6_000), 0..4),
    ) {
        let policy = if parallel { "Parallel" } else { "OrderedReady" };
        let extra = format!("  podManagementPolicy: {policy}\n  ordinals: {{start: {start}}}\n");
        let tie_break = if shuffle { TieBreak::Shuffled(seed) } else { TieBreak::Fifo };
        let mut terminal = Terminal::new(Config { seed, tie_break, ..Config::default() });
        let (_, stderr, code) = terminal.kubectl_with("apply -f m.yaml", &stateful_set(replicas, &extra));
        prop_assert_eq!(code, 0, "{}", stderr);
        let lines = ["scale sts/web --replicas=2", "scale sts/web --replicas=5", "set image sts/web c=nginx:1.17.2", "rollout restart sts/web"];
        for (line, wait) in commands.into_iter().map(|(line, wait)| (Some(lines[line]), wait)).chain([(None, 300_000)]) {
            if let Some(line) = line {
                // Two restarts within a second are refused.
                terminal.kubectl_with(line, "");
            }
            let end = terminal.cluster.now() + SimDuration::from_millis(wait);
            while terminal.cluster.next_at().is_some_and(|at| at <= end) {
                terminal.cluster.step();
                let mut ordinals: Vec<u32> = pods(&terminal.cluster).map(|pod| ordinal(pod)).collect();
                ordinals.sort_unstable();
                let unready = pods(&terminal.cluster).filter(|pod| pod.is_active() && !pod.is_ready()).count();
                prop_assert!(ordinals.windows(2).all(|pair| pair[0] < pair[1]) && ordinals.iter().all(|ordinal| *ordinal >= start));
                prop_assert!(parallel || unready <= 1, "{} pods aren't ready at {}", unready, terminal.cluster.now());
            }
        }
        let wanted: u32 = terminal.ok("get sts web -o jsonpath={.spec.replicas}").parse().unwrap();
        let mut ordinals: Vec<u32> = pods(&terminal.cluster).filter(|pod| pod.is_ready()).map(|pod| ordinal(pod)).collect();
        ordinals.sort_unstable();
        prop_assert_eq!(ordinals, (start..start + wanted).collect::<Vec<_>>());
        prop_assert_eq!(terminal.ok("get sts web -o jsonpath={.status.currentRevision}"), terminal.ok("get sts web -o jsonpath={.status.updateRevision}"));
        prop_assert_eq!(terminal.ok("get sts web -o jsonpath={.status.updatedReplicas}"), wanted.to_string());
    }

    /// Never two pods on a node, except while surging: then two (on how many nodes is bounded only where the old pod is available). In the end
    /// one on each that may have one.
    #[test]
    fn a_node_has_one_daemon(
        count in 1usize..7, surge in 0u32..3, seed in 0u64..1000, shuffle in any::<bool>(),
        commands in prop::collection::vec((0usize..7, 1u64..6_000), 0..5),
    ) {
        let strategy = if surge > 0 { format!("{{maxSurge: {surge}, maxUnavailable: 0}}") } else { "{maxUnavailable: 1}".to_owned() };
        let tie_break = if shuffle { TieBreak::Shuffled(seed) } else { TieBreak::Fifo };
        let mut terminal = Terminal::new(Config { seed, tie_break, nodes: nodes(count), ..Config::default() });
        let (_, stderr, code) = terminal.kubectl_with("apply -f m.yaml", &daemon_set(&strategy));
        prop_assert_eq!(code, 0, "{}", stderr);
        let lines = [
            "set image ds/agent c=nginx:1.17.2", "set image ds/agent c=nginx:1.17.3", "rollout undo ds/agent", "taint node node-1 a=b:NoSchedule --overwrite",
            "taint node node-1 a=b:NoExecute --overwrite", "taint node node-1 a-", "rollout restart ds/agent",
        ];
        for (line, wait) in commands.into_iter().chain([(5, 300_000)]) {
            // Some make no sense where they come. Their refusal is part of the game.
            terminal.kubectl_with(lines[line], "");
            let end = terminal.cluster.now() + SimDuration::from_millis(wait);
            while terminal.cluster.next_at().is_some_and(|at| at <= end) {
                terminal.cluster.step();
                let daemons = daemons(&terminal.cluster);
                let most = if surge > 0 { 2 } else { 1 };
                prop_assert!(daemons.values().all(|pods| *pods <= most), "{:?} at {}", daemons, terminal.cluster.now());
            }
        }
        prop_assert_eq!(daemons(&terminal.cluster).into_values().collect::<Vec<_>>(), vec![1; count]);
        let status = terminal.ok("get ds agent -o jsonpath='{.status.desiredNumberScheduled} {.status.numberAvailable} {.status.updatedNumberScheduled}'");
        prop_assert_eq!(status, format!("{count} {count} {count}"));
    }
}

#[test]
fn claims_stay_with_their_ordinal_and_go_as_the_policy_says() {
    let claims = "  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain}\n  podManagementPolicy: Parallel\n  volumeClaimTemplates:\n  \
                  - metadata: {name: data}\n    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";
    let mut terminal = Terminal::new(Config::default());
    let (_, stderr, code) = terminal.kubectl_with("apply -f m.yaml", &stateful_set(2, claims));
    assert_eq!(code, 0, "{stderr}");
    terminal.wait(SimDuration::from_secs(30));
    assert_eq!(terminal.ok("get pvc -l app=web -o name"), "persistentvolumeclaim/data-web-0\npersistentvolumeclaim/data-web-1\n");
    assert_eq!(terminal.ok("get pod web-1 -o jsonpath={.spec.volumes[0].persistentVolumeClaim.claimName}"), "data-web-1");
    assert_eq!(terminal.ok("get pod web-1 -o jsonpath={.spec.hostname}.{.spec.subdomain}"), "web-1.web");
    terminal.ok("scale sts/web --replicas=1");
    terminal.wait(SimDuration::from_secs(60));
    assert_eq!(terminal.ok("get pvc -o name"), "persistentvolumeclaim/data-web-0\n");
    terminal.ok("delete sts web");
    terminal.wait(SimDuration::from_secs(60));
    assert_eq!(terminal.ok("get pvc,pods,controllerrevisions -o name"), "persistentvolumeclaim/data-web-0\n");
}

#[test]
fn a_failed_daemon_is_made_anew_ever_more_slowly() {
    let mut terminal = Terminal::new(Config { nodes: nodes(1), ..Config::default() });
    terminal.kubectl_with("apply -f m.yaml", &daemon_set("{}"));
    terminal.wait(SimDuration::from_secs(30));
    let seen =
        |terminal: &mut Terminal| terminal.ok("get events --field-selector reason=FailedDaemonPod -o jsonpath='{.items[*].message}'");
    assert_eq!(seen(&mut terminal), "");
    // A node that has no room refuses the pod: here it is told so.
    let fail = |terminal: &mut Terminal| {
        let (id, pod) = {
            let (id, object) = terminal.cluster.store().list(Kind::Pod, None).next().unwrap();
            (id, object.as_pod().unwrap().clone())
        };
        let mut status = pod.status.clone();
        status.phase = sim_core::api::pod::Phase::Failed;
        terminal.cluster.act("kubelet", &sim_core::apiserver::request::Write::PodStatus(id, Box::new(status))).unwrap();
        pod.meta.name.clone()
    };
    // The first three go at once: the delays after them are 1 s, 2 s and 4 s.
    for _ in 0..3 {
        let name = fail(&mut terminal);
        terminal.wait(SimDuration::from_millis(2_500));
        assert!(seen(&mut terminal).contains(&format!("Found failed daemon pod default/{name} on node node-1, will try to kill it")));
    }
    let fourth = fail(&mut terminal);
    terminal.wait(SimDuration::from_millis(500));
    assert!(terminal.ok("get pods -o name").contains(fourth.as_str()), "it stays until 4 s after the third");
    terminal.wait(SimDuration::from_secs(6));
    assert!(!terminal.ok("get pods -o name").contains(fourth.as_str()));
}
