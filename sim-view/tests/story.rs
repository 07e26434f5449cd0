//! What is said when a Deployment is created, and why a pod of it is there.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{cluster, deployment, kubectl, wait};
use sim_core::Cluster;
use sim_core::api::object::Kind;
use sim_view::draw::messages::Listener;
use sim_view::draw::{id, object_id, why};
use sim_view::frame::messages::{Message, MessageKind, Party, Role};
use sim_view::frame::why::{CauseKind, Did};

/// What is said after a Deployment of one pod was applied, in order.
fn said() -> (Cluster, Vec<Message>) {
    let mut cluster = cluster();
    let mut listener = Listener::from(&cluster);
    kubectl(&mut cluster, "apply -f m.yaml", &deployment("web", 1, "nginx:1.17.1"));
    let mut all = Vec::new();
    for _ in 0..400 {
        wait(&mut cluster, 25);
        let said = listener.hear(&cluster);
        assert_eq!(said.left_out, 0);
        all.extend(said.messages);
    }
    (cluster, all)
}

fn party(role: Role, name: &str) -> Party {
    Party { role, name: name.to_owned() }
}

#[test]
fn what_happens_when_a_deployment_is_created() {
    let (cluster, said) = said();
    let (_, pod) = cluster.store().list(Kind::Pod, Some("default")).next().unwrap();
    let kubelet = party(Role::Kubelet, &pod.as_pod().unwrap().node_name);
    let server = party(Role::ApiServer, "");
    let etcd = party(Role::Etcd, "");
    let of = |name: &str| party(Role::Controller, name);
    // Each of these comes after the one before.
    let expected = [
        (MessageKind::Input, party(Role::User, ""), server.clone(), ""),
        (MessageKind::Commit, server.clone(), etcd.clone(), "deployments"),
        (MessageKind::Watch, server.clone(), of(""), "deployments"),
        (MessageKind::Work, of("deployment-controller"), of("deployment-controller"), "deployments"),
        (MessageKind::Request, of("deployment-controller"), server.clone(), "replicasets"),
        (MessageKind::Commit, server.clone(), etcd.clone(), "replicasets"),
        (MessageKind::Work, of("replicaset-controller"), of("replicaset-controller"), "replicasets"),
        (MessageKind::Request, of("replicaset-controller"), server.clone(), "pods"),
        (MessageKind::Commit, server.clone(), etcd.clone(), "pods"),
        (MessageKind::Answer, server.clone(), of("replicaset-controller"), "pods"),
        (MessageKind::Watch, server.clone(), party(Role::Scheduler, ""), "pods"),
        (MessageKind::Request, party(Role::Scheduler, ""), server.clone(), "pods"),
        (MessageKind::Watch, server.clone(), kubelet.clone(), "pods"),
        (MessageKind::Work, kubelet.clone(), kubelet.clone(), ""),
        (MessageKind::Request, kubelet.clone(), server.clone(), "pods"),
        (MessageKind::Commit, server.clone(), etcd.clone(), "pods"),
    ];
    let mut rest = said.iter();
    for (kind, from, to, resource) in &expected {
        let is_it = |message: &&Message| {
            (message.kind, &message.from, &message.to) == (*kind, from, to)
                && (resource.is_empty() || message.resource.starts_with(resource))
        };
        assert!(rest.any(|message| is_it(&message)), "no {kind:?} of {resource:?} from {from:?} to {to:?} after those before");
    }
}

#[test]
fn messages_take_their_time_and_have_their_causes() {
    let (cluster, said) = said();
    assert!(said.windows(2).all(|pair| pair[0].at <= pair[1].at), "they come in the order of their arrival");
    for message in &said {
        let latency = match message.kind {
            MessageKind::Request | MessageKind::Answer => cluster.api_latency().as_nanos(),
            MessageKind::Watch => cluster.watch_latency().as_nanos(),
            _ => 0,
        };
        assert_eq!(message.at - message.sent, latency, "{message:?}");
        // What the user did has no cause, and neither has what it wrote; what proxies hear has no event of its own.
        let is_derived = message.from.role == Role::Proxy || message.to.role == Role::Proxy;
        let is_of_user = matches!(message.kind, MessageKind::Input | MessageKind::Commit);
        assert!(is_derived || message.cause < message.event && (is_of_user || message.cause != 0), "{message:?}");
    }
    // Two messages with the same event: a request, and what it wrote.
    let written = said.iter().find(|message| message.kind == MessageKind::Commit && message.verb == "create").unwrap();
    assert!(said.iter().any(|message| message.kind != MessageKind::Commit && message.event == written.event));
}

#[test]
fn every_proxy_hears_of_a_service_and_writes_it() {
    let mut cluster = cluster();
    kubectl(&mut cluster, "apply -f m.yaml", &deployment("web", 1, "nginx:1.17.1"));
    wait(&mut cluster, 20_000);
    let mut listener = Listener::from(&cluster);
    kubectl(&mut cluster, "expose deployment web --port=80", "");
    wait(&mut cluster, 5_000);
    let said = listener.hear(&cluster).messages;
    for node in ["node-1", "node-2", "node-3"] {
        let proxy = party(Role::Proxy, node);
        let heard = said.iter().position(|message| message.to == proxy && message.resource == "services").unwrap();
        let written = said.iter().rposition(|message| message.kind == MessageKind::Work && message.from == proxy).unwrap();
        assert!(heard < written);
    }
}

#[test]
fn only_the_latest_are_told_and_the_others_counted() {
    let mut cluster = cluster();
    let mut listener = Listener::from(&cluster);
    kubectl(&mut cluster, "apply -f m.yaml", &deployment("web", 60, "nginx:1.17.1"));
    wait(&mut cluster, 60_000);
    let said = listener.hear(&cluster);
    assert_eq!(said.messages.len(), 500);
    assert!(said.left_out > 1_000, "{}", said.left_out);
    assert_eq!(listener.hear(&cluster), sim_view::draw::messages::Said::default());
}

#[test]
fn why_a_rolled_out_pod_is_there() {
    let mut cluster = cluster();
    kubectl(&mut cluster, "apply -f m.yaml", &deployment("web", 2, "nginx:1.17.1"));
    wait(&mut cluster, 30_000);
    kubectl(&mut cluster, "set image deployment/web c=nginx:1.17.2", "");
    wait(&mut cluster, 60_000);
    let image = |pod: &sim_core::api::pod::Pod| pod.spec.containers[0].image.to_string();
    let pods = || cluster.store().list(Kind::Pod, Some("default")).filter_map(|(id, object)| Some((id, object.as_pod()?)));
    assert!(pods().all(|(_, pod)| image(pod) == "nginx:1.17.2"));
    let (pod, _) = pods().next().unwrap();
    let told = why::why(&cluster, &id(pod)).unwrap();
    assert_eq!(told.did, Did::Changed);
    assert_eq!(told.object.as_ref().map(|object| object_id(&object.id)), Some(Some(pod)));
    let root = told.chain.last().unwrap();
    assert_eq!((root.kind, root.text.as_str()), (CauseKind::Input, "kubectl set image deployment/web c=nginx:1.17.2"));
    let decision = told.chain.iter().find(|cause| cause.kind == CauseKind::Decision).unwrap();
    assert_eq!((decision.who.as_str(), decision.object.as_ref().unwrap().kind.as_str()), ("replicaset-controller", "ReplicaSet"));
    assert!(
        told.chain.iter().any(|cause| cause.kind == CauseKind::Request && cause.who == "kube-scheduler" && cause.verb == "bind"
            || cause.kind == CauseKind::Heard)
    );
    // Each link can be asked about, and leads to the same root.
    for cause in &told.chain {
        let of_event = why::why_event(&cluster, cause.event);
        assert_eq!(of_event.chain.last().unwrap().event, root.event, "{}", cause.sentence);
        assert_eq!(of_event.did, Did::Happened);
    }
    assert_eq!(why::why(&cluster, "pod:4711"), None);
    assert_eq!(why::why_event(&cluster, u64::MAX).did, Did::Forgotten);
}
