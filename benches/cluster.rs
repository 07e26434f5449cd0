//! A thousand pods from `kubectl apply` to Ready, and a checkpoint of the cluster that they make.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use sim_core::cluster::NodeConfig;
use sim_core::kernel::time::SimTime;
use sim_core::kubectl::Invocation;
use sim_core::{Cluster, Config};

const PODS: u32 = 1_000;

fn cluster() -> Cluster {
    let nodes = (0..50).map(|n| NodeConfig::named(format!("node-{n:02}"))).collect();
    Cluster::new(Config { nodes, controller_qps: 0, scheduler_qps: 0, ..Config::default() })
}

const PROBES: &str = ", readinessProbe: {httpGet: {port: 80}, periodSeconds: 5}, livenessProbe: {httpGet: {port: 80}, periodSeconds: 5}";

fn manifest(number: u32, probes: &str) -> String {
    let labels = format!("{{app: app-{number}}}");
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: app-{number}}}, spec: {{replicas: 50, selector: {{matchLabels: {labels}}}, \
         template: {{metadata: {{labels: {labels}}}, spec: {{containers: [{{name: c, image: nginx{probes}}}]}}}}}}}}"
    )
}

fn bring_up(mut cluster: Cluster, probes: &str) -> Cluster {
    for number in 0..PODS / 50 {
        let args = ["apply", "-f", "-"].map(str::to_owned).to_vec();
        let files = [("-".to_owned(), manifest(number, probes))].into_iter().collect();
        cluster.kubectl(&Invocation { args, files });
    }
    cluster.run_until(SimTime::from_secs(60));
    let ready =
        cluster.store().list(sim_core::api::object::Kind::Pod, None).filter(|(_, o)| o.as_pod().is_some_and(|pod| pod.is_ready())).count();
    assert_eq!(ready, PODS as usize, "what is measured is a whole bring-up");
    cluster
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("cluster");
    group.sample_size(10);
    group.bench_function("bring up 1k pods", |b| b.iter_batched(cluster, |new| bring_up(new, ""), BatchSize::LargeInput));
    // The probes' price: no more than half of the bring-up without them.
    group.bench_function("bring up 1k pods with probes", |b| b.iter_batched(cluster, |new| bring_up(new, PROBES), BatchSize::LargeInput));
    let full = bring_up(cluster(), "");
    group.bench_function("checkpoint of 1k pods", |b| b.iter(|| full.clone()));
    group.finish();
}

criterion_group!(cluster_benches, benches);
criterion_main!(cluster_benches);
