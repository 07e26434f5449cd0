//! The metrics API as a metrics-server serves it (`metrics.k8s.io/v1beta1`): what it would have scraped from the kubelets last. Mirrors
//! `kubernetes-sigs/metrics-server` v0.8, `pkg/storage`, with its default resolution of 15 s.
//!
//! A rate needs two points: what is younger than the scrape before the last one has no metrics, and neither has a node that can't be asked.

use super::Nodes;
use super::kubelet::{Kubelet, stats};
use crate::api::object::Kind;
use crate::kernel::time::{Epoch, SimDuration, SimTime};
use crate::store::Store;
use serde_json::{Value, json};

/// `--metric-resolution`
const RESOLUTION: SimDuration = SimDuration::from_secs(15);

/// The last scrape and the one before it; none: there weren't two yet.
fn scrapes(now: SimTime) -> Option<(SimTime, SimTime)> {
    let last = now.as_nanos() / RESOLUTION.as_nanos();
    let at = |number: u64| SimTime::ZERO + RESOLUTION * number;
    (last > 0).then(|| (at(last - 1), at(last)))
}

impl Nodes {
    /// The nodes whose kubelets could be asked at the last scrape.
    fn scraped(&self) -> impl Iterator<Item = (u32, &Kubelet)> {
        self.kubelets.iter().filter(|(_, kubelet)| kubelet.hears() && kubelet.hung.is_none())
    }

    /// The containers' CPU on a node, over the window between two scrapes.
    fn cpu(&self, node: u32, kubelet: &Kubelet, (from, to): (SimTime, SimTime)) -> Vec<(u32, usize, u64)> {
        let at = |moment| stats::cpu_of_node(&self.images, kubelet, self.workers(node), moment);
        let before = at(from);
        let started = |pod: u32, index: usize| self.pods.get(pod).and_then(|worker| worker.containers[index].running_since());
        let old = at(to).into_iter().filter(|(pod, index, _)| started(*pod, *index).is_some_and(|since| since <= from));
        old.map(|(pod, index, share)| {
            let earlier = before.iter().find(|(p, i, _)| (*p, *i) == (pod, index)).map_or(share, |(_, _, share)| *share);
            (pod, index, (share + earlier) / 2)
        })
        .collect()
    }

    /// `PodMetrics` of all pods that have some.
    pub fn pod_metrics(&self, epoch: Epoch, now: SimTime) -> Vec<Value> {
        let Some(window) = scrapes(now) else { return Vec::new() };
        let mut pods = Vec::new();
        for (node, kubelet) in self.scraped() {
            let cpu = self.cpu(node, kubelet, window);
            for (number, worker) in self.workers(node) {
                let of_pod = cpu.iter().filter(|(pod, ..)| *pod == number);
                let containers: Vec<Value> = of_pod
                    .map(|(_, index, milli_cpu)| {
                        let memory = stats::of_container(&self.images, worker, *index, window.1).memory;
                        json!({"name": worker.spec_of(*index).name.as_str(), "usage": usage(*milli_cpu, memory)})
                    })
                    .collect();
                let running = worker.containers.iter().filter(|container| container.is_running()).count();
                // All of a pod's containers or none: half a pod would scale wrongly.
                if containers.is_empty() || containers.len() < running {
                    continue;
                }
                let meta = &worker.pod.meta;
                let mut metadata = json!({
                    "name": meta.name.as_str(), "namespace": meta.namespace.as_str(), "creationTimestamp": epoch.rfc3339(now),
                });
                metadata["labels"] = meta.labels.iter().map(|(key, value)| (key.to_string(), Value::from(value.as_str()))).collect();
                pods.push(object("PodMetrics", metadata, epoch, window, json!({"containers": containers})));
            }
        }
        pods.sort_by_key(|pod| {
            [&pod["metadata"]["namespace"], &pod["metadata"]["name"]].map(|text| text.as_str().unwrap_or_default().to_owned())
        });
        pods
    }

    /// `NodeMetrics` of all nodes that have some.
    pub fn node_metrics(&self, store: &Store, epoch: Epoch, now: SimTime) -> Vec<Value> {
        let Some(window) = scrapes(now) else { return Vec::new() };
        let mut nodes = Vec::new();
        for (node, kubelet) in self.scraped() {
            let Some(object_of) = store.find_object(Kind::Node, "", &kubelet.name) else { continue };
            let pods: u64 = self.cpu(node, kubelet, window).iter().map(|(_, _, share)| share).sum();
            let memory = stats::of_node(&self.images, kubelet, self.workers(node).map(|(_, worker)| worker), window.1).memory;
            let mut metadata = json!({"name": kubelet.name.as_str(), "creationTimestamp": epoch.rfc3339(now)});
            let labels = &object_of.meta().labels;
            metadata["labels"] = labels.iter().map(|(key, value)| (key.to_string(), Value::from(value.as_str()))).collect();
            let usage = usage(pods + kubelet.machine.system_milli_cpu(), memory);
            nodes.push(object("NodeMetrics", metadata, epoch, window, json!({"usage": usage})));
        }
        nodes.sort_by_key(|node| node["metadata"]["name"].as_str().unwrap_or_default().to_owned());
        nodes
    }
}

fn usage(milli_cpu: u64, memory: u64) -> Value {
    json!({"cpu": format!("{milli_cpu}m"), "memory": format!("{}Ki", memory / 1024)})
}

fn object(kind: &str, metadata: Value, epoch: Epoch, (from, to): (SimTime, SimTime), rest: Value) -> Value {
    let mut object = json!({
        "apiVersion": "metrics.k8s.io/v1beta1", "kind": kind, "metadata": metadata,
        "timestamp": epoch.rfc3339(to), "window": format!("{}", to.since(from)),
    });
    for (field, value) in rest.as_object().into_iter().flatten() {
        object[field] = value.clone();
    }
    object
}
