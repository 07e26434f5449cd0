//! Packets with their layers, objects as YAML at any moment, and Events.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{cluster, deployment, kubectl, wait};
use sim_core::Cluster;
use sim_core::api::object::Kind;
use sim_view::draw::document::{diff, document, events};
use sim_view::draw::{id, packet};
use sim_view::frame::code::LineKind;
use sim_view::frame::packet::PlaceKind;

fn with_service() -> Cluster {
    let mut cluster = cluster();
    kubectl(&mut cluster, "apply -f m.yaml", &deployment("web", 3, "nginx:1.17.1"));
    kubectl(&mut cluster, "expose deployment web --port=80", "");
    kubectl(&mut cluster, "run client --image=busybox -- sleep 3600", "");
    wait(&mut cluster, 40_000);
    cluster
}

#[test]
fn a_packet_is_wrapped_between_nodes() {
    let cluster = with_service();
    let node = |name: &str| cluster.find(Kind::Pod, "default", name).unwrap().1.as_pod().unwrap().node_name.to_string();
    let pods = cluster.store().list(Kind::Pod, Some("default"));
    let elsewhere = pods.map(|(_, object)| object.meta().name.to_string()).find(|name| node(name) != node("client")).unwrap();
    let packet = packet::packet(&cluster, "default", "pod/client", &format!("pod/{elsewhere}:80")).unwrap();
    assert!(packet.arrives && packet.failure.is_none());
    let walk = &packet.walks[0];
    assert_eq!((walk.from.as_str(), walk.reached.clone()), ("pod/client", Some(format!("pod/{elsewhere}"))));
    let first = &walk.hops[0];
    assert_eq!((first.place, first.name.as_str(), first.interface.as_str()), (PlaceKind::Pod, "client", "eth0"));
    let kinds = |layers: &[String]| layers.iter().map(|layer| layer.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(kinds(&first.after), ["Ethernet", "IP", "TCP"]);
    let between = walk.hops.iter().find(|hop| hop.after.iter().any(|layer| layer.starts_with("VXLAN"))).unwrap();
    assert_eq!(kinds(&between.after)[..7], ["Ethernet", "IP", "UDP", "VXLAN", "Ethernet", "IP", "TCP"]);
    assert!(!walk.answer.is_empty());
    assert!(packet::packet(&cluster, "default", "pod/nobody", "svc/web:80").unwrap_err().contains("nobody"));
}

#[test]
fn rules_of_a_service_are_met() {
    let cluster = with_service();
    let packet = packet::packet(&cluster, "default", "pod/client", "svc/web:80").unwrap();
    let rules: Vec<&str> = packet.walks[0].hops.iter().flat_map(|hop| &hop.rules).map(|rule| rule.chain.as_str()).collect();
    assert!(rules.iter().any(|chain| chain.starts_with("nat KUBE-SEP-")), "{rules:?}");
    assert!(packet.walks[0].conntrack.iter().any(|(node, entry)| node.starts_with("node-") && entry.contains("dport=80")));
}

#[test]
fn a_document_at_any_moment_and_what_changed() {
    let mut cluster = with_service();
    let before = cluster.now();
    kubectl(&mut cluster, "scale deployment web --replicas=5", "");
    wait(&mut cluster, 1_000);
    let (web, _) = cluster.find(Kind::Deployment, "default", "web").unwrap();
    let now = document(&cluster, &id(web), None).unwrap();
    assert_eq!(now.yaml, kubectl(&mut cluster, "get deployment web -o yaml", ""));
    assert_eq!(now.changes.first().unwrap().verb, "added");
    let then = document(&cluster, &id(web), Some(before)).unwrap();
    assert!(then.exists && then.yaml.contains("\n  replicas: 3\n"), "{}", then.yaml);
    let lines = diff(&cluster, &id(web), before, cluster.now()).unwrap();
    let has = |kind, text: &str| lines.iter().any(|line| line.kind == kind && line.text == text);
    assert!(has(LineKind::Removed, "  replicas: 3") && has(LineKind::Added, "  replicas: 5") && has(LineKind::Same, "  name: web"));
    kubectl(&mut cluster, "delete deployment web --wait=false", "");
    wait(&mut cluster, 60_000);
    let gone = document(&cluster, &id(web), None).unwrap();
    assert!(!gone.exists && gone.yaml.is_empty() && gone.object.name == "web");
    assert_eq!(document(&cluster, "deployment:99", None), None);
    assert_eq!(document(&cluster, "nonsense", None), None);
}

#[test]
fn events_are_listed_the_latest_last() {
    let cluster = with_service();
    let rows = events(&cluster, "default");
    assert!(rows.windows(2).all(|pair| pair[0].last <= pair[1].last));
    let scheduled = rows.iter().find(|row| row.reason == "Scheduled").unwrap();
    assert!(scheduled.about.id.starts_with("pod:") && !scheduled.warning);
    assert!(events(&cluster, "").len() >= rows.len());
    assert!(events(&cluster, "nowhere").is_empty());
}
