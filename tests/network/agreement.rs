//! What simulated clients are told in short is what a walk tells hop by hop.

use super::*;

/// What a sender sees of a backend, by what is told in short.
fn seen_by(way: Way, door: &Door, cluster: &Cluster) -> Seen {
    match (way, door) {
        (Way::Open, Door::Open(listener)) if (listener.accepts_from..listener.accepts_until).contains(&cluster.now()) => Seen::Answer,
        (Way::Open, _) | (Way::Refused, _) => Seen::ConnectionRefused,
        (Way::BlackHole | Way::Denied, _) => Seen::TimedOut,
        (Way::AddressGone, _) => Seen::NoRouteToHost,
        (Way::NoRoute, _) => Seen::NetworkUnreachable,
    }
}

/// Where the walk's question was sent in the end.
fn sent_to(walk: &Walk) -> (Ipv4Addr, u16) {
    let last = &walk.hops.last().unwrap().after;
    (last.destination, last.destination_port)
}

/// Whether what is told in short is what the walk tells; else what the difference is.
fn disagreement(cluster: &Cluster, from: &str, to: &str, attempt: u64) -> Option<String> {
    let truth = cluster.truth();
    let source = Source::parse(from, "default").unwrap();
    let seat = truth.seat(&source)?;
    let end = match (&source, seat.pod, seat.node) {
        (Source::Pod { .. }, Some(pod), _) => End::Pod(pod),
        (Source::Node(_), _, Some(node)) => End::Node(node),
        _ => End::Outside(OUTSIDE),
    };
    let whom = Whom::parse(to, "default").unwrap();
    let (address, port) = address_of(cluster, &whom)?;
    let choices = truth.choices(&seat, &whom, cluster.now());
    let walk = walk::walk(&truth, end, &nth(address, port, attempt));
    let differs = |told: String| Some(format!("{from} → {to}: told {told}; the walk:\n{}", walk::story(&walk)));
    let expected = match choices.verdict {
        Verdict::Reject => Seen::ConnectionRefused,
        Verdict::Drop => Seen::TimedOut,
        Verdict::Unreachable => Seen::NetworkUnreachable,
        Verdict::Forward => {
            let Some(backend) = choices.backends.iter().find(|backend| (backend.address, backend.port) == sent_to(&walk)) else {
                let all: Vec<String> = choices.backends.iter().map(|backend| format!("{}:{}", backend.address, backend.port)).collect();
                return differs(all.join(", "));
            };
            let path = truth.path(&seat, &whom, backend, cluster.now());
            let door = truth.door(backend);
            let expected = seen_by(path.way, &door, cluster);
            if expected != walk.seen() {
                return differs(format!("{:?} and {door:?}, so {expected:?}", path.way));
            }
            return None;
        }
        other => return differs(format!("{other:?}")),
    };
    if expected == walk.seen() { None } else { differs(format!("{:?}", choices.verdict)) }
}

fn address_of(cluster: &Cluster, whom: &Whom) -> Option<(Ipv4Addr, u16)> {
    Some(match whom {
        Whom::Service { name, port, .. } => (cluster_ip(cluster, name), *port),
        Whom::LoadBalancer { namespace, name, port } => {
            let mut ports = cluster.network().newest_services().of_service(namespace, name);
            (ports.find_map(|service| service.load_balancer_ips.first().copied())?, *port)
        }
        Whom::Node { name, port } => (cluster.nodes().kubelet(node(cluster, name.as_ref()?))?.address, *port),
        Whom::Pod { name, port, .. } => {
            let (_, pod) = pods(cluster).find(|(_, pod)| pod.meta.name == *name)?;
            (pod.status.pod_ip?, *port)
        }
        Whom::Address { address, port } => (*address, *port),
        Whom::Http { .. } | Whom::Name { .. } => return None,
    })
}

/// What breaks, one after another.
const TROUBLE: [&[&str]; 9] = [
    &[],
    &["kill node node-2"],
    &["stop flanneld on node-3", "reboot node node-3"],
    &["stop kube-proxy on node-1"],
    &["stop kube-proxy on node-1", "reboot node node-1"],
    &["reboot node node-3"],
    &["cut network of node-2"],
    &["stop kubelet on node-3"],
    &["shut down node node-2"],
];

#[test]
fn what_is_told_in_short_is_what_a_walk_tells() {
    let rounds = TROUBLE.len() as u64;
    let mut differences = Vec::new();
    for round in 0..rounds {
        let pick = |many: u64, salt: u64| ((round + 1) * 0x9E37_79B9 + salt * 0x85EB_CA6B) / 7 % many;
        let network = NetworkConfig {
            backend: if pick(3, 1) == 0 { Backend::HostGw } else { Backend::Vxlan },
            hairpin: pick(4, 2) != 0,
            bridge_netfilter: pick(4, 3) != 0,
            default_route: pick(3, 4) != 0,
            ..with_proxy(MODES[(round % 3) as usize])
        };
        let said = format!("{network:?}");
        let mut terminal = Terminal::new(config(round, 3, network));
        apply(&mut terminal, &deployment("web", 2 + pick(3, 5) as u32, "nginx", ""));
        for (name, app, target, extra) in [
            ("web", "web", 80, "  type: LoadBalancer\n"),
            ("local", "web", 80, "  type: LoadBalancer\n  externalTrafficPolicy: Local\n"),
            ("inner", "web", 80, "  internalTrafficPolicy: Local\n"),
            ("closed", "web", 81, "  type: NodePort\n"),
            ("none", "none", 80, "  type: NodePort\n"),
        ] {
            apply(&mut terminal, &service(name, app, target, extra));
        }
        for number in 1..=3 {
            apply(&mut terminal, &pinned(&format!("client-{number}"), "client", &format!("node-{number}"), ""));
        }
        terminal.wait(secs(40));
        let rule = ["", "  policyTypes: [Ingress]\n", "  ingress:\n  - from:\n    - podSelector: {matchLabels: {app: client}}\n"];
        let rule = rule[pick(3, 6) as usize];
        if !rule.is_empty() {
            apply(&mut terminal, &policy("p", rule));
            terminal.wait(secs(3));
        }
        let trouble = TROUBLE[(round % TROUBLE.len() as u64) as usize];
        for text in trouble {
            fault(&mut terminal, text);
        }
        let node_port = |terminal: &Terminal, name: &str| {
            let service = terminal.cluster.store().find_object(Kind::Service, "default", name).and_then(Object::as_service).unwrap();
            service.spec["ports"][0]["nodePort"].as_u64().unwrap()
        };
        let mut to: Vec<String> = ["web", "local", "inner", "closed", "none"].iter().map(|name| format!("svc/{name}:80")).collect();
        to.extend(["web", "local"].iter().map(|name| format!("lb/{name}:80")));
        for number in 1..=3 {
            let names: &[&str] = if number == 1 { &["web", "local", "closed", "none"] } else { &["web", "local"] };
            to.extend(names.iter().map(|name| format!("node/node-{number}:{}", node_port(&terminal, name))));
            to.extend([format!("pod/client-{number}:80"), format!("pod/client-{number}:81")]);
        }
        to.extend(["10.96.200.200:80".to_owned(), "10.244.0.200:80".to_owned(), "10.244.77.3:80".to_owned(), "node/node-1:4".to_owned()]);
        for wait in [millis(300), secs(70)] {
            let told = terminal.cluster.now();
            let web = pods(&terminal.cluster).find(|(_, pod)| pod.meta.name.starts_with("web-")).unwrap().1.meta.name.clone();
            let others = ["pod/client-1", "pod/client-2", "node-1", "node-3", "outside"].map(str::to_owned);
            let from: Vec<String> = others.into_iter().chain([format!("pod/{web}")]).collect();
            for from in &from {
                for to in &to {
                    let attempts = if to.starts_with("svc/") || to.starts_with("lb/") { 2 } else { 1 };
                    let found = (0..attempts).find_map(|attempt| disagreement(&terminal.cluster, from, to, attempt));
                    differences.extend(found.map(|found| format!("{said}\n{trouble:?} {rule:?} at {told}\n{found}")));
                }
            }
            terminal.wait(wait);
        }
    }
    let mut text = String::new();
    differences.iter().take(40).for_each(|difference| writeln!(text, "{difference}").unwrap());
    assert!(differences.is_empty(), "{} differences:\n{text}", differences.len());
}
