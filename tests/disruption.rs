//! Disruption as a user meets it: budgets and evictions, drains that wait, nodes that go; and that no eviction ever breaks a budget.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{Terminal, deployment};
use proptest::prelude::*;
use sim_core::Config;
use sim_core::api::object::Kind;
use sim_core::cluster::NodeConfig;
use sim_core::cluster::faults::Fault;
use sim_core::cluster::invariants::{Checker, Invariant};
use sim_core::kernel::queue::TieBreak;
use sim_core::kernel::time::SimDuration;
use sim_core::kubectl::{self, Invocation, Outcome};
use sim_core::timeline::{Action, Timeline, Told};

fn budget(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}}}\nspec: {{selector: {{matchLabels: {{app: web}}}}, {spec}}}\n"
    )
}

/// A Deployment `web` that is ready, and a budget of the same name.
fn cluster(config: Config, replicas: u32, spec: &str) -> Terminal {
    let mut terminal = Terminal::new(config);
    terminal.kubectl_with("apply -f m.yaml", &deployment("web", replicas, "nginx:1.17.1", ""));
    terminal.kubectl_with("apply -f m.yaml", &budget("web", spec));
    terminal.ok("rollout status deploy/web");
    terminal.wait(SimDuration::from_secs(1));
    terminal
}

/// desired, current, expected, allowed, and why.
fn status(terminal: &mut Terminal, name: &str) -> String {
    let fields = ["desiredHealthy", "currentHealthy", "expectedPods", "disruptionsAllowed", "conditions[0].reason"];
    let path: Vec<String> = fields.iter().map(|field| format!("{{.status.{field}}}")).collect();
    terminal.ok(&format!("get pdb {name} -o jsonpath='{}'", path.join(" ")))
}

fn evict(terminal: &mut Terminal, pod: &str, options: &str) -> (String, String, i32) {
    let body = format!(r#"{{"apiVersion":"policy/v1","kind":"Eviction","metadata":{{"name":"{pod}","namespace":"default"}}{options}}}"#);
    let args = kubectl::split(&format!("create --raw /api/v1/namespaces/default/pods/{pod}/eviction -f -")).unwrap();
    let Outcome::Done(output) = terminal.cluster.kubectl(&Invocation { args, files: [("-".to_owned(), body)].into_iter().collect() })
    else {
        panic!("it doesn't wait");
    };
    (output.stdout, output.stderr, output.code)
}

fn pods(terminal: &mut Terminal) -> Vec<String> {
    terminal.ok("get pods -o jsonpath='{.items[*].metadata.name}'").split_whitespace().map(str::to_owned).collect()
}

const NO: &str = "Error from server (TooManyRequests): Cannot evict pod as it would violate the pod's disruption budget.\n";

#[test]
fn a_budget_counts_what_its_controllers_want() {
    let mut terminal = cluster(Config::default(), 7, "maxUnavailable: 30%");
    let mut check = |spec: &str, expected: &str| {
        let patch = format!("patch pdb web --type=merge -p '{{\"spec\":{spec}}}'");
        terminal.ok(&patch);
        terminal.wait(SimDuration::from_secs(1));
        assert_eq!(status(&mut terminal, "web"), expected, "{spec}");
    };
    // 30 % of 7 are 2.1, rounded up: 3 may be missing.
    check(r#"{"maxUnavailable":"30%"}"#, "4 7 7 3 SufficientPods");
    check(r#"{"maxUnavailable":9}"#, "0 7 7 7 SufficientPods");
    check(r#"{"maxUnavailable":null,"minAvailable":"30%"}"#, "3 7 7 4 SufficientPods");
    check(r#"{"minAvailable":7}"#, "7 7 7 0 InsufficientPods");
    check(r#"{"minAvailable":9}"#, "9 7 7 0 InsufficientPods");
    check(r#"{"minAvailable":1,"selector":{}}"#, "1 7 7 6 SufficientPods");
    check(r#"{"minAvailable":0,"selector":{"matchLabels":{"app":"other"}}}"#, "0 0 0 0 InsufficientPods");
    assert!(terminal.ok("describe pdb web").contains("NoPods"), "it tells that there are none");
}

#[test]
fn pods_without_a_controller_and_controllers_without_a_scale() {
    let mut terminal = Terminal::new(Config::default());
    let pod = |name: &str, extra: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: web}}{extra}}}\nspec: {{containers: [{{name: c, image: nginx}}]}}\n"
        )
    };
    terminal.kubectl_with("apply -f m.yaml", &pod("bare", ""));
    terminal.kubectl_with("apply -f m.yaml", &budget("web", "maxUnavailable: 1"));
    terminal.wait(SimDuration::from_secs(10));
    assert_eq!(status(&mut terminal, "web"), "0 1 0 0 InsufficientPods");
    let events = terminal.ok("get events --field-selector reason=UnmanagedPods -o jsonpath='{.items[0].message}'");
    assert!(
        events.contains(
            "(selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},})"
        ),
        "{events}"
    );
    terminal.ok("create configmap owner");
    let uid = terminal.ok("get configmap owner -o jsonpath='{.metadata.uid}'");
    let owner = format!(", ownerReferences: [{{apiVersion: v1, kind: ConfigMap, name: owner, uid: {uid}, controller: true}}]");
    terminal.kubectl_with("apply -f m.yaml", &pod("owned", &owner));
    terminal.wait(SimDuration::from_secs(10));
    let conditions = terminal.ok("get pdb web -o jsonpath='{.status.conditions[0].reason}: {.status.conditions[0].message}'");
    assert_eq!(conditions, "SyncFailed: configmaps does not implement the scale subresource");
    terminal.ok("patch pdb web --type=merge -p '{\"spec\":{\"maxUnavailable\":null,\"minAvailable\":1}}'");
    terminal.wait(SimDuration::from_secs(5));
    assert_eq!(status(&mut terminal, "web"), "1 2 2 1 SufficientPods", "a number needs no controllers");
}

#[test]
fn evictions_ask_the_budget() {
    let mut terminal = cluster(Config::default(), 3, "minAvailable: 2");
    let all = pods(&mut terminal);
    let preconditions = r#","deleteOptions":{"preconditions":{"resourceVersion":"1"}}"#;
    let (_, stderr, _) = evict(&mut terminal, &all[0], preconditions);
    assert!(stderr.starts_with("Error from server (Conflict): Operation cannot be fulfilled on Pod"), "{stderr}");
    terminal.wait(SimDuration::from_secs(130));
    let (_, stderr, code) = evict(&mut terminal, &all[0], r#","deleteOptions":{"dryRun":["All"]}"#);
    assert_eq!((stderr.as_str(), code), ("", 0));
    assert_eq!(status(&mut terminal, "web"), "2 3 3 1 SufficientPods", "nothing has happened");
    let (stdout, ..) = evict(&mut terminal, &all[0], r#","deleteOptions":{"gracePeriodSeconds":3}"#);
    assert_eq!(stdout, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\",\"code\":201}\n");
    let pod = terminal.ok(&format!(
        "get pod {} -o jsonpath='{{.metadata.deletionGracePeriodSeconds}} {{.status.conditions[?(@.type==\"DisruptionTarget\")].reason}}'",
        all[0]
    ));
    assert_eq!(pod, "3 EvictionByEvictionAPI");
    assert_eq!(evict(&mut terminal, &all[1], ""), (String::new(), NO.to_owned(), 1));
    // Who is going already may be evicted once more: nobody is disrupted.
    assert_eq!(evict(&mut terminal, &all[0], "").2, 0);
    terminal.kubectl_with("apply -f m.yaml", &budget("second", "minAvailable: 1"));
    let (_, stderr, _) = evict(&mut terminal, &all[1], "");
    assert_eq!(
        stderr,
        "Error from server: This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.\n"
    );
    let (_, stderr, _) = evict(&mut terminal, "nosuch", "");
    assert_eq!(stderr, "Error from server (NotFound): pods \"nosuch\" not found\n");
}

#[test]
fn a_granted_eviction_that_comes_to_nothing_counts_again_after_two_minutes() {
    let mut terminal = cluster(Config::default(), 3, "minAvailable: 2");
    let all = pods(&mut terminal);
    // The budget is asked before the precondition fails.
    evict(&mut terminal, &all[0], r#","deleteOptions":{"preconditions":{"uid":"other"}}"#);
    terminal.wait(SimDuration::from_secs(1));
    assert_eq!(status(&mut terminal, "web"), "2 2 3 0 InsufficientPods");
    assert!(terminal.ok("get pdb web -o jsonpath='{.status.disruptedPods}'").contains(&all[0]));
    terminal.wait(SimDuration::from_secs(121));
    assert_eq!(status(&mut terminal, "web"), "2 3 3 1 SufficientPods");
    let events = terminal.ok("get events --field-selector reason=NotDeleted -o jsonpath='{.items[0].message}'");
    assert_eq!(events, "Pod was expected by PDB default/default to be deleted but it wasn't");
}

#[test]
fn a_drain_tries_again_until_the_budget_allows_it() {
    let mut terminal = cluster(Config::default(), 3, "minAvailable: 3");
    let (stdout, stderr, code) = terminal.kubectl_with("drain node-1 --timeout=12s", "");
    let pod = stdout.lines().nth(1).unwrap().trim_start_matches("evicting pod default/").to_owned();
    let line = format!("evicting pod default/{pod}\n");
    assert_eq!(stdout, format!("node/node-1 cordoned\n{}", line.repeat(4)));
    let retry = format!(
        "error when evicting pods/{pod:?} -n \"default\" (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.\n"
    );
    let late = format!("error when evicting pods/{pod:?} -n \"default\": global timeout reached: 12s");
    let end = format!(
        "There are pending pods in node \"node-1\" when an error occurred: {late}\npod/{pod}\nerror: unable to drain node \"node-1\" due to error: {late}, \
         continuing command...\nThere are pending nodes to be drained:\n node-1\n{late}\n"
    );
    assert_eq!((stderr, code), (format!("{}{end}", retry.repeat(3)), 1));
    terminal.ok("scale deploy/web --replicas=4");
    let stdout = terminal.ok("drain node-1");
    assert!(stdout.ends_with(&format!("pod/{pod} evicted\nnode/node-1 drained\n")), "{stdout}");
    let stdout = terminal.ok("drain node-2 --disable-eviction --ignore-daemonsets");
    assert!(stdout.contains(" deleted\nnode/node-2 drained\n") && !stdout.contains("evicting"), "{stdout}");
}

#[test]
fn a_drain_that_waits_can_be_replayed() {
    let invocation = |line: &str, manifest: String| {
        Action::Kubectl(Invocation { args: kubectl::split(line).unwrap(), files: [("m.yaml".to_owned(), manifest)].into_iter().collect() })
    };
    let mut timeline = Timeline::new(sim_core::Cluster::new(Config::default()));
    timeline.act(invocation("apply -f m.yaml", deployment("web", 4, "nginx:1.17.1", ""))).unwrap();
    timeline.act(invocation("apply -f m.yaml", budget("web", "minAvailable: 4"))).unwrap();
    timeline.seek(timeline.present().now() + SimDuration::from_secs(10));
    let Told::Command(Outcome::Waiting(_, mut session)) = timeline.act(invocation("drain node-1", String::new())).unwrap() else {
        panic!("it waits")
    };
    let mut retries = 0;
    for secs in 1..40 {
        timeline.seek(timeline.present().now() + SimDuration::from_secs(1));
        if secs == 12 {
            timeline.act(invocation("scale deploy/web --replicas=6", String::new())).unwrap();
        }
        let progress = timeline.poll(&mut session);
        retries += progress.output.stdout.matches("evicting").count();
        if progress.done {
            break;
        }
    }
    assert!(retries >= 3, "{retries}");
    let (end, fingerprint) = (timeline.present().now(), timeline.present().fingerprint());
    timeline.seek(sim_core::kernel::time::SimTime::from_secs(12));
    timeline.seek(end);
    assert_eq!(timeline.present().fingerprint(), fingerprint);
}

#[test]
fn a_deleted_node_takes_its_lease_and_its_pods_with_it() {
    let mut terminal = cluster(Config::default(), 3, "minAvailable: 1");
    terminal.ok("delete node node-2");
    terminal.wait(SimDuration::from_secs(1));
    assert!(terminal.cluster.find(Kind::Lease, "kube-node-lease", "node-2").is_none());
    assert!(terminal.ok("get events").contains("Removing Node node-2 from Controller"));
    terminal.wait(SimDuration::from_secs(30));
    assert!(terminal.ok("get pods -o wide").contains("node-2"), "it is in quarantine for 40 s");
    let seen = terminal.cluster.store().revision();
    terminal.wait(SimDuration::from_secs(35));
    let changes = terminal.cluster.store().changes_since(seen).unwrap();
    let told: Vec<String> = changes
        .filter_map(|change| change.object.as_pod().cloned())
        .filter(|pod| pod.node_name == "node-2")
        .map(|pod| format!("{} {:?}", pod.status.phase.as_str(), pod.status.condition("DisruptionTarget").map(|c| c.reason.to_string())))
        .collect();
    assert_eq!(told, vec![r#"Failed Some("DeletionByPodGC")"#; 3], "failed, marked for deletion, gone");
    terminal.wait(SimDuration::from_secs(10));
    assert_eq!(terminal.ok("get deploy web -o jsonpath='{.status.availableReplicas}'"), "3");
}

#[test]
fn pods_that_are_ending_on_a_node_out_of_service_are_taken_away() {
    let mut terminal = cluster(Config::default(), 3, "minAvailable: 1");
    terminal.cluster.fault(&Fault::KillNode("node-2".to_owned())).unwrap();
    terminal.wait(SimDuration::from_secs(400));
    assert!(terminal.ok("get pods").contains("Terminating"));
    terminal.ok("taint node node-2 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute");
    terminal.wait(SimDuration::from_secs(21));
    assert!(!terminal.ok("get pods").contains("Terminating"));
}

#[test]
fn a_node_of_the_users_own_never_speaks() {
    let mut terminal = Terminal::new(Config::default());
    terminal.wait(SimDuration::from_secs(3));
    terminal.kubectl_with("create -f m.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: mine, labels: {kubernetes.io/os: linux}}\n");
    assert_eq!(terminal.ok("get node mine -o jsonpath='{.spec.taints[*].key}'"), "node.kubernetes.io/not-ready");
    terminal.wait(SimDuration::from_secs(2));
    assert_eq!(terminal.ok("get node mine -o jsonpath='{.spec.taints}{.metadata.labels.beta\\.kubernetes\\.io/os}'"), "linux");
    terminal.wait(SimDuration::from_secs(70));
    let conditions =
        terminal.ok("get node mine -o jsonpath='{range .status.conditions[*]}{.type}={.reason} {end}{.spec.taints[*].effect}'");
    let never = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"].map(|kind| format!("{kind}=NodeStatusNeverUpdated "));
    assert_eq!(conditions, format!("{}NoSchedule NoExecute", never.concat()));
    assert!(terminal.ok("get events").contains("Registered Node mine in Controller"));
}

#[test]
fn a_deletion_that_was_planned_is_cancelled_when_the_node_comes_back() {
    let mut terminal = cluster(Config::default(), 3, "minAvailable: 1");
    terminal.cluster.fault(&Fault::KillNode("node-2".to_owned())).unwrap();
    terminal.wait(SimDuration::from_secs(90));
    terminal.cluster.fault(&Fault::RestartNode("node-2".to_owned())).unwrap();
    terminal.wait(SimDuration::from_secs(10));
    let events = terminal.ok("get events --field-selector reason=TaintManagerEviction -o jsonpath='{.items[*].message}'");
    assert!(events.starts_with("Cancelling deletion of Pod default/web-"), "{events}");
    assert_eq!(terminal.ok("get node node-2 -o jsonpath='{.spec.taints}'"), "");
    assert_eq!(pods(&mut terminal).len(), 3, "none was replaced");
}

#[test]
fn nodes_of_a_zone_are_tainted_one_by_one_and_none_if_all_are_down() {
    let nodes = |zones: &[&str]| {
        let node = |(n, zone): (usize, &&str)| NodeConfig {
            labels: vec![("topology.kubernetes.io/zone".to_owned(), (*zone).to_owned())],
            ..NodeConfig::named(format!("n{n}"))
        };
        Config { nodes: zones.iter().enumerate().map(node).collect(), ..Config::default() }
    };
    let tainted = |terminal: &mut Terminal| {
        let all = terminal.ok("get nodes -o jsonpath='{range .items[*]}{.metadata.name}:{.spec.taints[*].effect}{\"\\n\"}{end}'");
        all.lines().filter(|line| line.contains("NoExecute")).count()
    };
    let mut terminal = Terminal::new(nodes(&["a", "a", "a", "a", "a", "b"]));
    terminal.wait(SimDuration::from_secs(12));
    for name in ["n0", "n1"] {
        terminal.cluster.fault(&Fault::KillNode(name.to_owned())).unwrap();
    }
    let found = (0..60).find(|_| {
        terminal.wait(SimDuration::from_secs(1));
        tainted(&mut terminal) > 0
    });
    assert!(found.is_some_and(|secs| secs > 35), "{found:?}");
    terminal.wait(SimDuration::from_secs(8));
    assert_eq!(tainted(&mut terminal), 1, "the second one comes ten seconds later");
    terminal.wait(SimDuration::from_secs(4));
    assert_eq!(tainted(&mut terminal), 2);
    for name in ["n2", "n3", "n4", "n5"] {
        terminal.cluster.fault(&Fault::KillNode(name.to_owned())).unwrap();
    }
    terminal.wait(SimDuration::from_secs(80));
    assert_eq!(tainted(&mut terminal), 0, "nobody is ready: it may be the control plane that is cut off");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two drains at a time and evictions by hand, while the Deployment is scaled and updated: no eviction leaves fewer pods ready than the
    /// budget wants; and where the budget leaves room, the drains end.
    #[test]
    fn no_eviction_breaks_a_budget(
        replicas in 2u32..8, missing in 0u32..3, percent in any::<bool>(), seed in 0u64..1000, shuffle in any::<bool>(),
        commands in prop::collection::vec((0usize..8, 1u64..6_000), 1..10),
    ) {
        let least = replicas.saturating_sub(missing);
        let spec = if percent { format!("maxUnavailable: {}%", missing * 20) } else { format!("minAvailable: {least}") };
        let tie_break = if shuffle { TieBreak::Shuffled(seed) } else { TieBreak::Fifo };
        let mut terminal = cluster(Config { seed, tie_break, ..Config::default() }, replicas, &spec);
        let mut checker = Checker::default();
        checker.observe(&terminal.cluster);
        let mut sessions = Vec::new();
        for (line, wait) in commands {
            let lines = ["drain node-1", "drain node-2 --timeout=20s", "uncordon node-1 node-2", "scale deploy/web --replicas=6",
                "scale deploy/web --replicas=3", "set image deploy/web c=nginx:1.17.2", "evict", "evict"];
            if lines[line] == "evict" {
                let all = pods(&mut terminal);
                let pod = all[wait as usize % all.len()].clone();
                evict(&mut terminal, &pod, "");
            } else {
                let args = kubectl::split(lines[line]).unwrap();
                if let Outcome::Waiting(_, session) = terminal.cluster.kubectl(&Invocation { args, ..Invocation::default() }) {
                    sessions.push(session);
                }
            }
            checker.observe(&terminal.cluster);
            let end = terminal.cluster.now() + SimDuration::from_millis(wait);
            while terminal.cluster.next_at().is_some_and(|at| at <= end) {
                terminal.cluster.step();
                checker.observe(&terminal.cluster);
                let cluster = &mut terminal.cluster;
                sessions.retain_mut(|session| !cluster.poll(session).done);
                checker.observe(&terminal.cluster);
            }
        }
        let broken: Vec<_> = checker.violations().iter().filter(|violation| violation.invariant == Invariant::DisruptionBudgets).collect();
        prop_assert!(broken.is_empty(), "{:?}", broken);
    }
}
