//! What must hold of every network: everybody reaches everybody, addresses are nobody else's, all nodes come to the same rules, and what is told
//! in short to simulated clients is what a walk tells hop by hop.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod agreement;
#[path = "../common/mod.rs"]
mod common;
mod spread;

use common::{Terminal, deployment};
use proptest::prelude::*;
use sim_core::api::object::{Kind, Object};
use sim_core::api::pod::Pod;
use sim_core::cluster::faults::Fault;
use sim_core::cluster::network::{Shown, Truth};
use sim_core::cluster::reach::OUTSIDE;
use sim_core::cluster::{NodeConfig, TrafficChange};
use sim_core::kernel::time::SimDuration;
use sim_core::kubectl::{self, Invocation};
use sim_core::net::config::{Backend, IpvsScheduler, NetworkConfig, ProxyMode};
use sim_core::net::packet::Protocol;
use sim_core::net::traffic::client::{Client, Load, Rate, Source, Target as Whom};
use sim_core::net::traffic::reach::{Door, Reach, Verdict, Way};
use sim_core::net::walk::{self, End, Outcome, Place, Seen, Target, Walk};
use sim_core::net::world::World;
use sim_core::timeline::{Action, Timeline};
use sim_core::{Cluster, Config};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::Ipv4Addr;

const MODES: [ProxyMode; 3] = [ProxyMode::Iptables, ProxyMode::Nftables, ProxyMode::Ipvs(IpvsScheduler::RoundRobin)];

fn secs(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

fn millis(millis: u64) -> SimDuration {
    SimDuration::from_millis(millis)
}

fn config(seed: u64, nodes: usize, network: NetworkConfig) -> Config {
    let nodes = (1..=nodes).map(|number| NodeConfig::named(format!("node-{number}"))).collect();
    Config { seed, nodes, network, ..Config::default() }
}

fn with_proxy(proxy: ProxyMode) -> NetworkConfig {
    NetworkConfig { proxy, ..NetworkConfig::default() }
}

/// A Service for pods with the label `app`, with extra lines of its spec.
fn service(name: &str, app: &str, target: u16, extra: &str) -> String {
    let ports = format!("  ports:\n  - port: 80\n    targetPort: {target}\n");
    format!("apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n{extra}  selector:\n    app: {app}\n{ports}")
}

/// A pod on a node, with a label `app`.
fn pinned(name: &str, app: &str, node: &str, extra: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  labels:\n    app: {app}\nspec:\n  nodeSelector:\n    kubernetes.io/hostname: {node}\n{extra}  \
         containers:\n  - name: c\n    image: nginx\n    ports:\n    - name: http\n      containerPort: 80\n"
    )
}

fn apply(terminal: &mut Terminal, manifest: &str) {
    let (_, stderr, code) = terminal.kubectl_with("apply -f m.yaml", manifest);
    assert_eq!(code, 0, "{stderr}\n{manifest}");
}

fn fault(terminal: &mut Terminal, text: &str) {
    terminal.cluster.fault(&Fault::parse(text).unwrap()).unwrap();
}

fn pods(cluster: &Cluster) -> impl Iterator<Item = (u32, &Pod)> {
    cluster.store().list(Kind::Pod, None).filter_map(|(id, object)| Some((id.number, &**object.as_pod()?)))
}

/// The addresses of pods that have one.
fn addresses(cluster: &Cluster) -> Vec<(u32, Ipv4Addr)> {
    pods(cluster).filter(|(_, pod)| pod.is_ready()).filter_map(|(number, pod)| Some((number, pod.status.pod_ip?))).collect()
}

fn cluster_ip(cluster: &Cluster, name: &str) -> Ipv4Addr {
    let service = cluster.store().find_object(Kind::Service, "default", name).and_then(Object::as_service).unwrap();
    service.spec["clusterIP"].as_str().unwrap().parse().unwrap()
}

fn node(cluster: &Cluster, name: &str) -> u32 {
    cluster.store().find(Kind::Node, "", name).unwrap().number
}

fn nth(address: Ipv4Addr, port: u16, attempt: u64) -> Target {
    Target { attempt, ..Target::tcp(address, port) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever carries packets and whoever writes rules: with nothing broken, each pod reaches each other, itself, each Service and the
    /// nodes, and is reached by the nodes.
    #[test]
    fn everybody_reaches_everybody(
        seed in 0u64..1000, nodes in 1usize..5, replicas in 1u32..6, mode in 0usize..3, routed in any::<bool>(), docker in any::<bool>(),
    ) {
        let backend = if routed { Backend::HostGw } else { Backend::Vxlan };
        let network = NetworkConfig { backend, bridge: if docker { "docker0" } else { "cni0" }, ..with_proxy(MODES[mode]) };
        let mut terminal = Terminal::new(config(seed, nodes, network));
        apply(&mut terminal, &deployment("web", replicas, "nginx", ""));
        apply(&mut terminal, &service("web", "web", 80, ""));
        terminal.wait(secs(40));
        let truth = terminal.cluster.truth();
        let all = addresses(&terminal.cluster);
        prop_assert_eq!(all.len(), replicas as usize);
        let machines = truth.machines();
        let senders = all.iter().map(|(pod, _)| End::Pod(*pod)).chain(machines.iter().map(|machine| End::Node(machine.number)));
        let service = cluster_ip(&terminal.cluster, "web");
        for from in senders {
            let near = all.iter().flat_map(|(_, address)| [Target::tcp(*address, 80), Target::ping(*address, 56)]);
            let hosts = machines.iter().map(|machine| Target::ping(machine.address, 56));
            let through = (0..4).map(|attempt| nth(service, 80, attempt));
            for target in near.chain(hosts).chain(through) {
                let walk = walk::walk(&truth, from, &target);
                prop_assert!(walk.outcome == Outcome::Answered, "{}", walk::story(&walk));
            }
        }
    }
}

/// No two sandboxes have the same address, each has one of its own node's, no two nodes' ranges overlap, and no two Services share one.
fn check_addresses(cluster: &Cluster) {
    let truth = cluster.truth();
    let mut seen = BTreeMap::new();
    let mut ranges = BTreeSet::new();
    for machine in truth.machines() {
        let Some(range) = machine.pod_cidr else { continue };
        assert!(ranges.insert(range.to_string()), "{range} twice");
        for pod in truth.sandboxes_on(machine.number) {
            if pod.host_network {
                assert_eq!(pod.address, machine.address);
                continue;
            }
            assert!(range.contains(pod.address), "{} of {} is not in {range}", pod.address, pod.name);
            assert!(Some(pod.address) != machine.bridge() && Some(pod.address) != machine.vtep(), "{} is {}'s", pod.address, machine.name);
            let other = seen.insert(pod.address, pod.name.clone());
            assert_eq!(other, None, "{} at {} has the address of {other:?}", pod.name, cluster.now());
        }
    }
    let mut services = BTreeSet::new();
    for (_, object) in cluster.store().list(Kind::Service, None) {
        let ip = object.as_service().and_then(|service| service.spec["clusterIP"].as_str().map(str::to_owned));
        if let Some(ip) = ip.filter(|ip| ip != "None" && !ip.is_empty()) {
            assert!(services.insert(ip.clone()), "{ip} twice");
        }
    }
}

#[test]
fn addresses_are_nobody_elses() {
    for seed in 0..3u64 {
        let mut terminal = Terminal::new(config(seed, 3, NetworkConfig::default()));
        apply(&mut terminal, &deployment("web", 6, "nginx", ""));
        for number in 0..5 {
            apply(&mut terminal, &service(&format!("s{number}"), "web", 80, ""));
        }
        let lines = [
            "scale deployment web --replicas=12",
            "! kill node node-2",
            "delete pods --all --wait=false",
            "scale deployment web --replicas=3",
            "! restart node node-2",
            "delete service s1 s3",
            "scale deployment web --replicas=14",
            "! reboot node node-1",
            "set image deployment/web c=nginx:1.25",
            "! cut network of node-3",
            "expose deployment web --port=80 --name=s9",
            "delete pods --all --wait=false --force",
            "! mend network of node-3",
        ];
        for (index, line) in lines.iter().enumerate() {
            let until = terminal.cluster.now() + secs(5 + (seed * 31 + index as u64 * 17) % 60);
            while terminal.cluster.next_at().is_some_and(|at| at <= until) {
                terminal.cluster.step();
                check_addresses(&terminal.cluster);
            }
            terminal.cluster.run_until(until);
            match line.strip_prefix("! ") {
                Some(text) => fault(&mut terminal, text),
                None => drop(terminal.kubectl_with(line, "")),
            }
            check_addresses(&terminal.cluster);
        }
        terminal.wait(secs(400));
        check_addresses(&terminal.cluster);
    }
}

/// The rules of a node, without what is its own.
fn rules_of(truth: &Truth<'_>, number: u32) -> String {
    let machine = truth.machine(number).unwrap();
    let own = [Some(machine.address), machine.bridge(), machine.vtep()];
    let text = truth.ruleset(number).map_or_else(String::new, |rules| rules.text()).replace("10.244.0.0/16", "PODS");
    let names =
        own.into_iter().flatten().flat_map(|address| [' ', ':', ',', '\n'].map(|end| (format!("{address}{end}"), format!("OWN{end}"))));
    let text = names.fold(text, |text, (address, own)| text.replace(&address, &own));
    // Only of its own pods a node notes which may meet themselves. And where a line stands among the others depends on what it says.
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("add KUBE-LOOP-BACK")).collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn all_nodes_come_to_the_same_rules() {
    for (seed, mode) in (0u64..6).map(|seed| (seed, MODES[seed as usize % 3])) {
        let mut terminal = Terminal::new(config(seed, 4, with_proxy(mode)));
        apply(&mut terminal, &deployment("web", 5, "nginx", ""));
        apply(&mut terminal, &service("web", "web", 80, "  type: NodePort\n"));
        apply(&mut terminal, &service("sticky", "web", 80, "  sessionAffinity: ClientIP\n"));
        let lines = [
            "! stop kube-proxy on node-1",
            "scale deployment web --replicas=9",
            "! cut network of node-2",
            "set image deployment/web c=nginx:1.25",
            "! kill node node-3",
            "delete service sticky",
            "! start kube-proxy on node-1",
            "expose deployment web --port=8080 --target-port=80 --name=more",
            "! mend network of node-2",
            "! restart node node-3",
        ];
        let mut differed = false;
        for (index, line) in lines.iter().enumerate() {
            for _ in 0..5 {
                terminal.wait(millis(200 + (seed * 977 + index as u64 * 613) % 2_000));
                let truth = terminal.cluster.truth();
                differed |= rules_of(&truth, node(&terminal.cluster, "node-1")) != rules_of(&truth, node(&terminal.cluster, "node-4"));
            }
            match line.strip_prefix("! ") {
                Some(text) => fault(&mut terminal, text),
                None => drop(terminal.kubectl_with(line, "")),
            }
        }
        assert!(differed, "a stopped proxy must be behind");
        // Whatever still happens to the pods, the rules follow.
        for _ in 0..4 {
            terminal.wait(secs(100));
            let settled = terminal.cluster.network().settled_at();
            terminal.cluster.run_until(settled.max(terminal.cluster.now()));
            let again = terminal.cluster.network().settled_at();
            if again > terminal.cluster.now() {
                continue;
            }
            let truth = terminal.cluster.truth();
            let all: Vec<String> = truth.machines().iter().map(|machine| rules_of(&truth, machine.number)).collect();
            assert!(!all[0].is_empty());
            for (machine, other) in truth.machines().iter().zip(&all) {
                let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
                let (first, other) = (lines(&all[0]), lines(other));
                let differing: Vec<&String> = first.symmetric_difference(&other).collect();
                assert!(differing.is_empty(), "{mode:?}, seed {seed}, {} at {}: {differing:#?}", machine.name, terminal.cluster.now());
            }
        }
    }
}

fn client(name: &str, to: &str, from: &str, per_second: u64, poisson: bool) -> Client {
    let from = Source::parse(from, "default").unwrap();
    let load = Load::Open { rate: Rate::Constant(per_second * 1_000), poisson };
    Client { load, ..Client::new(name, from, Whom::parse(to, "default").unwrap()) }
}

#[test]
fn nobody_answers_whom_no_rule_names() {
    for (seed, mode) in (0u64..6).map(|seed| (seed, MODES[seed as usize % 3])) {
        let mut terminal = Terminal::new(config(seed, 3, with_proxy(mode)));
        apply(&mut terminal, &deployment("web", 4, "nginx", ""));
        apply(&mut terminal, &service("web", "web", 80, ""));
        terminal.wait(secs(30));
        let address = cluster_ip(&terminal.cluster, "web");
        terminal.cluster.change_traffic(&TrafficChange::Start(Box::new(client("shop", "svc/web:80", "node-1", 50, true)))).unwrap();
        let (from, seat) = {
            let truth = terminal.cluster.truth();
            (node(&terminal.cluster, "node-1"), truth.seat(&Source::Node("node-1".into())).unwrap())
        };
        let whom = Whom::parse("svc/web:80", "default").unwrap();
        let lines =
            ["set image deployment/web c=nginx:1.25", "! kill node node-2", "scale deployment web --replicas=7", "! restart node node-2"];
        let mut served: BTreeSet<String> = BTreeSet::new();
        let mut attempt = 0;
        for line in lines {
            match line.strip_prefix("! ") {
                Some(text) => fault(&mut terminal, text),
                None => drop(terminal.ok(line)),
            }
            let until = terminal.cluster.now() + secs(25);
            while terminal.cluster.next_at().is_some_and(|at| at <= until) {
                terminal.cluster.step();
                let cluster = &terminal.cluster;
                let truth = cluster.truth();
                let services = cluster.network().services(from, cluster.now()).unwrap();
                let named = services.find(address, Protocol::Tcp, 80).unwrap().endpoints();
                let named: BTreeSet<Ipv4Addr> = named.iter().map(|endpoint| endpoint.address).collect();
                let choices = truth.choices(&seat, &whom, cluster.now());
                for backend in &choices.backends {
                    assert!(named.contains(&backend.address), "{} is told of, but no rule names it", backend.address);
                    served.insert(backend.name.to_string());
                }
                attempt += 1;
                let walk = walk::walk(&truth, End::Node(from), &nth(address, 80, attempt));
                if let Some(Place::Pod { .. }) = walk.reached {
                    let last = walk.hops.last().unwrap().after.destination;
                    assert!(named.contains(&last), "{last} at {}:\n{}", cluster.now(), walk::story(&walk));
                    assert!(choices.backends.iter().any(|backend| backend.address == last), "{last} isn't among the choices");
                }
            }
            terminal.cluster.run_until(until);
        }
        let report = terminal.cluster.traffic().report("shop").unwrap();
        assert!(report.ok > 4_000, "{report:?}");
        for backend in report.backends.iter().filter(|backend| backend.ok > 0) {
            assert!(served.contains(&backend.pod), "{} answered, whom no rule named", backend.pod);
        }
    }
}

/// A cluster with `web` behind a Service, on which nothing happens any more.
fn calm(seed: u64, proxy: ProxyMode, replicas: u32) -> Terminal {
    let mut terminal = Terminal::new(config(seed, 3, with_proxy(proxy)));
    apply(&mut terminal, &deployment("web", replicas, "nginx", ""));
    apply(&mut terminal, &service("web", "web", 80, ""));
    terminal.wait(secs(30));
    terminal
}

fn kubectl_of(line: &str, manifest: &str) -> Action {
    let files = [("m.yaml".to_owned(), manifest.to_owned())].into_iter().collect();
    Action::Kubectl(Invocation { args: kubectl::split(line).unwrap(), files })
}

#[test]
fn run_replay_and_seek_agree_on_every_request() {
    for (seed, mode) in (0u64..3).map(|seed| (seed, MODES[seed as usize])) {
        let start = Cluster::new(config(seed, 3, with_proxy(mode)));
        let shop = Client { lasts: Some(secs(30)), ..client("shop", "svc/web:80", "node-1", 80, true) };
        let users = Client {
            load: Load::Closed { users: 5, think: millis(300), varies: true },
            ..client("users", "svc/web:80", "node-3", 1, false)
        };
        let actions = [
            (0, kubectl_of("apply -f m.yaml", &deployment("web", 4, "nginx", ""))),
            (1, kubectl_of("apply -f m.yaml", &service("web", "web", 80, ""))),
            (20, Action::Traffic(TrafficChange::Start(Box::new(shop)))),
            (22, Action::Traffic(TrafficChange::Start(Box::new(users)))),
            (25, kubectl_of("set image deployment/web c=nginx:1.25", "")),
            (35, Action::Fault(Fault::parse("kill node node-2").unwrap())),
            (45, Action::Traffic(TrafficChange::Stop("users".to_owned()))),
        ];
        let state = |cluster: &Cluster| (cluster.fingerprint(), cluster.traffic().reports());
        let mut timeline = Timeline::new(start.clone());
        let mut seen = BTreeMap::new();
        for (at, action) in &actions {
            timeline.seek(sim_core::kernel::time::SimTime::ZERO + secs(*at));
            timeline.act(action.clone()).unwrap();
        }
        for at in [23u64, 26, 30, 36, 44, 60] {
            timeline.seek(sim_core::kernel::time::SimTime::ZERO + secs(at) + millis(217));
            seen.insert(at, state(timeline.present()));
        }
        assert!(seen[&60].1.iter().all(|report| report.sent > 100 && report.pending == 0), "{:?}", seen[&60].1);
        for at in [36u64, 26, 60, 23, 44, 30] {
            timeline.seek(sim_core::kernel::time::SimTime::ZERO + secs(at) + millis(217));
            assert!(state(timeline.present()) == seen[&at], "at {at} s, seed {seed}");
        }
        // A run without checkpoints, in one stride and in many small ones.
        for step in [60_000u64, 37] {
            let mut cluster = start.clone();
            let mut rest = actions.iter().peekable();
            let end = sim_core::kernel::time::SimTime::ZERO + secs(60) + millis(217);
            while cluster.now() < end {
                while let Some((_, action)) = rest.next_if(|(at, _)| sim_core::kernel::time::SimTime::ZERO + secs(*at) == cluster.now()) {
                    match action {
                        Action::Kubectl(invocation) => drop(cluster.kubectl(invocation)),
                        Action::Fault(fault) => cluster.fault(fault).unwrap(),
                        Action::Traffic(change) => cluster.change_traffic(change).unwrap(),
                        Action::Resume(_) => unreachable!("nobody waits"),
                    }
                }
                let next = rest.peek().map_or(end, |(at, _)| sim_core::kernel::time::SimTime::ZERO + secs(*at));
                let until = (cluster.now() + millis(step)).min(next).min(end);
                cluster.run_until(until);
            }
            assert_eq!(state(&cluster), seen[&60], "in steps of {step} ms, seed {seed}");
        }
    }
}

/// A policy in a namespace for pods with the label `app=web`.
fn policy(name: &str, rest: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {name}\nspec:\n  podSelector:\n    matchLabels:\n      app: web\n{rest}"
    )
}

#[test]
fn policies_let_through_what_they_say() {
    let mut terminal = Terminal::new(config(3, 2, NetworkConfig::default()));
    terminal.ok("create namespace shop");
    terminal.ok("label namespace shop team=shop");
    apply(&mut terminal, &pinned("web", "web", "node-1", ""));
    apply(&mut terminal, &pinned("near", "client", "node-1", ""));
    apply(&mut terminal, &pinned("far", "client", "node-2", ""));
    apply(&mut terminal, &pinned("other", "other", "node-2", ""));
    apply(&mut terminal, &service("web", "web", 80, ""));
    let (_, stderr, code) = terminal.kubectl_with("apply -n shop -f m.yaml", &pinned("cart", "cart", "node-2", ""));
    assert_eq!(code, 0, "{stderr}");
    terminal.wait(secs(30));
    let ip = |terminal: &Terminal, name: &str| {
        pods(&terminal.cluster).find(|(_, pod)| pod.meta.name == *name).and_then(|(_, pod)| pod.status.pod_ip).unwrap()
    };
    let far = ip(&terminal, "far");
    let block = format!("  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.244.0.0/16\n        except: [{far}/32]\n");
    // Who gets through to web:80: near, far, other, cart, node-1 (web's own), node-2; and whether web gets through to far:80 and cart:80.
    let table: [(&str, &str, [bool; 6], [bool; 2]); 10] = [
        ("none", "", [true; 6], [true; 2]),
        ("deny", "  policyTypes: [Ingress]\n", [false, false, false, false, true, false], [true; 2]),
        ("allow all", "  ingress:\n  - {}\n", [true; 6], [true; 2]),
        (
            "namespace",
            "  ingress:\n  - from:\n    - namespaceSelector: {matchLabels: {team: shop}}\n",
            [false, false, false, true, true, false],
            [true; 2],
        ),
        (
            "pods",
            "  ingress:\n  - from:\n    - podSelector: {matchLabels: {app: client}}\n",
            [true, true, false, false, true, false],
            [true; 2],
        ),
        ("block", &block, [true, false, true, true, true, true], [true; 2]),
        (
            "named port",
            "  ingress:\n  - ports: [{port: http}]\n    from:\n    - podSelector: {}\n",
            [true, true, true, false, true, false],
            [true; 2],
        ),
        ("other port", "  ingress:\n  - ports: [{port: 81}]\n", [false, false, false, false, true, false], [true; 2]),
        ("ports", "  ingress:\n  - ports: [{port: 70, endPort: 90}]\n", [true; 6], [true; 2]),
        (
            "egress",
            "  policyTypes: [Egress]\n  egress:\n  - to:\n    - namespaceSelector: {matchLabels: {team: shop}}\n",
            [true; 6],
            [false, true],
        ),
    ];
    for (name, rest, ingress, egress) in table {
        if !rest.is_empty() {
            apply(&mut terminal, &policy("p", rest));
            terminal.wait(secs(3));
        }
        let trace = |namespace: &str, from: &str, to: &str| terminal.cluster.trace_packet(namespace, from, to).unwrap();
        let senders = ["pod/near", "pod/far", "pod/other", "pod/cart", "node/node-1", "node/node-2"];
        for (from, expected) in senders.into_iter().zip(ingress) {
            let web = ip(&terminal, "web");
            for to in [format!("{web}:80"), "svc/web.default:80".to_owned()] {
                let told = trace(if from == "pod/cart" { "shop" } else { "default" }, from, &to);
                assert_eq!(told.arrives(), expected, "{name}: {}", told.story());
                if !expected {
                    let why = told.failure().unwrap();
                    assert!(why.contains("default/p"), "{name}: {why}");
                }
            }
        }
        for (to, expected) in ["pod/far:80".to_owned(), format!("{}:80", ip(&terminal, "cart"))].into_iter().zip(egress) {
            let told = trace("default", "pod/web", &to);
            assert_eq!(told.arrives(), expected, "{name}: {}", told.story());
        }
        if !rest.is_empty() {
            terminal.ok("delete networkpolicy p");
            terminal.wait(secs(3));
        }
    }
}

#[test]
fn rules_lag_behind_and_catch_up() {
    for (seed, mode) in (0u64..6).map(|seed| (seed, MODES[seed as usize % 3])) {
        let mut terminal = calm(seed, mode, 3);
        let (address, gone) = (cluster_ip(&terminal.cluster, "web"), addresses(&terminal.cluster)[0]);
        let name = pods(&terminal.cluster).find(|(number, _)| *number == gone.0).unwrap().1.meta.name.clone();
        // As long as another pod with this address can't come in between.
        terminal.kubectl_with(&format!("delete pod {name} --wait=false"), "");
        let naming = |cluster: &Cluster| {
            let truth = cluster.truth();
            let names = |number: u32| {
                let seat = truth.seat(&Source::Node(truth.machine(number).unwrap().name)).unwrap();
                let whom = Whom::Address { address, port: 80 };
                truth.choices(&seat, &whom, cluster.now()).backends.iter().any(|backend| backend.address == gone.1)
            };
            truth.machines().iter().filter(|machine| names(machine.number)).count()
        };
        assert_eq!(naming(&terminal.cluster), 3, "nobody has heard yet");
        let mut between = false;
        let until = terminal.cluster.now() + secs(5);
        while terminal.cluster.now() < until {
            terminal.wait(millis(5));
            between |= (1..3).contains(&naming(&terminal.cluster));
        }
        assert!(between, "not all nodes hear at once");
        let settled = terminal.cluster.network().settled_at().max(terminal.cluster.now());
        terminal.cluster.run_until(settled);
        assert_eq!(naming(&terminal.cluster), 0);
    }
}

#[test]
fn a_node_whose_agents_never_ran_has_nothing() {
    let mut terminal = calm(5, ProxyMode::Iptables, 3);
    for text in ["stop flanneld on node-1", "stop kube-proxy on node-1"] {
        fault(&mut terminal, text);
    }
    terminal.wait(secs(10));
    let walk = |terminal: &Terminal| terminal.cluster.trace_packet("default", "node/node-1", "svc/web:80").unwrap();
    assert!(walk(&terminal).arrives(), "what is in the kernel stays there: {}", walk(&terminal).story());
    // kubelet starts agents anew that run as pods; these were stopped for good before, so they stay so.
    fault(&mut terminal, "kill node node-1");
    terminal.wait(secs(10));
    fault(&mut terminal, "restart node node-1");
    let early = terminal.cluster.trace_packet("default", "node/node-1", "svc/web:80").unwrap();
    assert!(!early.arrives(), "{}", early.story());
    assert!(early.failure().unwrap().contains("kube-proxy has written no rules on node-1"), "{:?}", early.failure());
    let other = addresses(&terminal.cluster).into_iter().find(|(pod, _)| {
        terminal.cluster.truth().sandbox_of(*pod).is_some_and(|pod| terminal.cluster.truth().machine(pod.node).unwrap().name != *"node-1")
    });
    let there = format!("{}:80", other.unwrap().1);
    let early = terminal.cluster.trace_packet("default", "node/node-1", &there).unwrap();
    assert!(early.failure().is_some_and(|why| why.contains("flannel")), "{}", early.story());
    let shown = |terminal: &Terminal, shown| terminal.cluster.kernel_of("node-1", shown);
    assert!(shown(&terminal, Shown::Rules).is_err_and(|why| why.contains("kube-proxy hasn't run on node-1")));
    assert!(!shown(&terminal, Shown::Routes).unwrap().contains("flannel.1"));
    for text in ["start flanneld on node-1", "start kube-proxy on node-1"] {
        fault(&mut terminal, text);
    }
    terminal.wait(secs(30));
    assert!(walk(&terminal).arrives(), "{}", walk(&terminal).story());
    assert!(shown(&terminal, Shown::Routes).unwrap().contains("flannel.1"));
}
