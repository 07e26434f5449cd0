//! The lives of pods, the sizes of ReplicaSets, what the user did: recorded as far as a run was played, whatever moment is looked at.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{cluster, deployment, kubectl, wait};
use sim_core::Cluster;
use sim_core::cluster::faults::Fault;
use sim_view::draw::history::Recorder;
use sim_view::frame::cluster::PodState;
use sim_view::frame::history::{History, MarkKind};

/// A cluster in which a Deployment is rolled out, and its recorder.
fn rolled_out() -> (Cluster, Recorder) {
    let (mut cluster, mut recorder) = (cluster(), Recorder::default());
    recorder.follow(&cluster);
    kubectl(&mut cluster, "apply -f m.yaml", &deployment("web", 2, "nginx:1.17.1"));
    kubectl(&mut cluster, "get pods", "");
    for _ in 0..60 {
        wait(&mut cluster, 500);
        recorder.follow(&cluster);
    }
    kubectl(&mut cluster, "set image deployment/web c=nginx:1.17.2", "");
    for _ in 0..120 {
        wait(&mut cluster, 500);
        recorder.follow(&cluster);
    }
    (cluster, recorder)
}

fn sizes(history: &History, name: usize) -> Vec<Option<u32>> {
    let mut steps: Vec<Option<u32>> = history.sizes[name].steps.iter().map(|step| step.desired).collect();
    steps.dedup();
    steps
}

#[test]
fn a_rolling_update_is_recorded() {
    let (cluster, recorder) = rolled_out();
    let history = recorder.history();
    assert_eq!(history.horizon, cluster.now().as_nanos());
    let of_web: Vec<usize> = (0..history.sizes.len()).filter(|at| history.sizes[*at].owner.name.starts_with("web-")).collect();
    assert_eq!(of_web.iter().map(|at| sizes(&history, *at)).collect::<Vec<_>>(), [vec![Some(2), Some(1), Some(0)], vec![Some(1), Some(2)]]);
    let pods: Vec<_> = history.pods.iter().filter(|lane| lane.owner_name.starts_with("web-")).collect();
    assert_eq!(pods.len(), 4);
    for lane in &pods {
        let states: Vec<PodState> = lane.spans.iter().map(|span| span.state).collect();
        assert!(states.starts_with(&[PodState::Pending, PodState::Creating]), "{states:?}");
        assert!(lane.node.starts_with("node-"));
        assert!(lane.spans.windows(2).all(|pair| pair[0].from <= pair[1].from));
    }
    assert_eq!(pods.iter().filter(|lane| lane.gone.is_some()).count(), 2);
    let inputs: Vec<&str> = history.marks.iter().filter(|mark| mark.kind == MarkKind::Input).map(|mark| mark.text.as_str()).collect();
    assert_eq!(inputs, ["kubectl apply -f m.yaml", "kubectl set image deployment/web c=nginx:1.17.2"]);
    assert_eq!(history.marks.iter().filter(|mark| mark.kind == MarkKind::Rollout).count(), 2);
    let metrics = recorder.metrics();
    assert!(metrics.times.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!((metrics.ready.last(), metrics.desired.last()), (Some(&(2 + others(&cluster))), Some(&(2 + others(&cluster)))));
    assert_eq!(metrics.desired.iter().max(), Some(&(3 + others(&cluster))));
}

/// The pods of the cluster's own addons.
fn others(cluster: &Cluster) -> u32 {
    let all = cluster.store().list(sim_core::api::object::Kind::Pod, None);
    all.filter(|(_, object)| object.meta().namespace != "default").count() as u32
}

#[test]
fn going_back_changes_nothing_and_a_fork_forgets_its_future() {
    let (mut cluster, mut recorder) = (cluster(), Recorder::default());
    kubectl(&mut cluster, "apply -f m.yaml", &deployment("web", 2, "nginx:1.17.1"));
    wait(&mut cluster, 30_000);
    recorder.follow(&cluster);
    let (earlier, before, metrics) = (cluster.clone(), recorder.history(), recorder.metrics());
    cluster.fault(&Fault::parse("kill node node-2").unwrap()).unwrap();
    kubectl(&mut cluster, "scale deployment web --replicas=5", "");
    wait(&mut cluster, 60_000);
    recorder.follow(&cluster);
    let whole = recorder.history();
    assert_eq!(whole.marks.iter().filter(|mark| mark.kind == MarkKind::Fault).count(), 1);
    assert!(whole.pods.len() > before.pods.len());
    recorder.follow(&earlier);
    assert_eq!(recorder.history(), whole);
    recorder.fork(&earlier);
    assert_eq!(recorder.history(), before);
    assert_eq!((recorder.metrics().ready.last(), recorder.metrics().desired.last()), (metrics.ready.last(), metrics.desired.last()));
    // From there on, it goes another way.
    let mut other = earlier;
    kubectl(&mut other, "delete deployment web --wait=false", "");
    wait(&mut other, 60_000);
    recorder.follow(&other);
    let history = recorder.history();
    assert!(history.pods.iter().filter(|lane| lane.owner_name.starts_with("web-")).all(|lane| lane.gone.is_some()));
    assert_eq!(history.sizes.iter().find(|lane| lane.owner.name.starts_with("web-")).unwrap().steps.last().unwrap().desired, None);
}

#[test]
fn what_history_has_let_go_is_gone_on_with() {
    let (mut cluster, mut recorder) = (cluster(), Recorder::default());
    recorder.follow(&cluster);
    let mut small = Cluster::new(sim_core::Config { history_limit: 64, ..sim_core::Config::default() });
    small.run_until(cluster.now());
    recorder.fork(&small);
    kubectl(&mut small, "apply -f m.yaml", &deployment("web", 40, "nginx:1.17.1"));
    cluster = small;
    wait(&mut cluster, 120_000);
    recorder.follow(&cluster);
    let ready = recorder.metrics().ready.last().copied();
    assert_eq!(ready, Some(40 + others(&cluster)));
}
