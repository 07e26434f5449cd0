//! What runs on a node, as its runtime lists it: pods with their sandboxes, and the containers in them. Like `crictl pods` and `crictl ps -a`.
//!
//! A sandbox is the pause container: a process that does nothing but hold the pod's network namespace, so that containers can come and go and
//! the pod keeps its address. Kubernetes' API doesn't show it.

use crate::kernel::queue::mix;
use crate::node::Nodes;
use crate::node::kubelet::pod_worker::PodWorker;
use crate::node::runtime::container::State;
use std::fmt::Write;

/// The image of the pause container: containerd's default.
const PAUSE: &str = "registry.k8s.io/pause:3.10.1";

/// Thirteen hexadecimal digits, as runtimes cut their ids.
fn short(id: u64) -> String {
    format!("{:016x}", mix(id))[..13].to_owned()
}

impl Nodes {
    /// The sandboxes and containers of a node, as a table.
    pub fn listing(&self, node: u32) -> String {
        let mut text = String::new();
        for (_, worker) in self.workers(node) {
            sandbox(worker, &mut text);
        }
        if text.is_empty() { "no containers\n".to_owned() } else { text }
    }
}

fn sandbox(worker: &PodWorker, text: &mut String) {
    let meta = &worker.pod.meta;
    let id = short(meta.uid.0 as u64);
    let address = worker.address.map_or_else(|| "no address".to_owned(), |address| address.to_string());
    let state = if worker.sandbox { "ready" } else { "not ready" };
    let _ = writeln!(text, "pod {}/{}  sandbox {id}  {state}  {address}", meta.namespace, meta.name);
    if worker.sandbox {
        let _ = writeln!(text, "  {id}  {:<10}  {:<30}  pause: holds the network of the others", "running", PAUSE);
    }
    for (index, container) in worker.containers.iter().enumerate() {
        let spec = worker.spec_of(index);
        let state = match container.state {
            State::Running { .. } => "running".to_owned(),
            State::Exited(exit) => format!("exited {}", exit.code),
            State::Waiting(_) => "not there".to_owned(),
        };
        let id = if container.id == 0 { "-".repeat(13) } else { short(container.id) };
        let _ = writeln!(text, "  {id}  {state:<10}  {:<30}  {} (attempt {})", spec.image, spec.name, container.restarts);
    }
}
