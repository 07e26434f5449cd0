//! What containers, pods and nodes use at a moment, worked out from their programs when somebody asks. Takes the place of cAdvisor and of
//! the summary API (`pkg/kubelet/server/stats/summary.go`), v1.36. Nothing is measured and nothing ticks.
//!
//! What a process writes goes where its path leads: to a volume, or else to the container's own layer. Left out: what an earlier run left
//! in an emptyDir, and logs.

use crate::api::meta::Str;
use crate::api::quantity::{Format, Quantity};
use crate::kernel::time::SimTime;
use crate::node::kubelet::Kubelet;
use crate::node::kubelet::config::Amounts;
use crate::node::kubelet::pod_worker::PodWorker;
use crate::node::runtime::cgroup::{Claim, cpu_shares};
use crate::node::runtime::image::Images;
use crate::node::runtime::program::Program;
use serde_json::Value;

/// Requests per second that a process works on: nobody sends any yet.
const IDLE: u64 = 0;

/// What memory is counted in.
const PAGE: u64 = 4096;

/// Where a path leads that a process writes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// The container's writable layer.
    Layer,
    /// An emptyDir on the node's disk: its name.
    EmptyDir(String),
    /// An emptyDir in memory: its name.
    Memory(String),
    /// The node's own files.
    Host,
    /// Not on this node's disk.
    Elsewhere,
}

/// What one container uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ContainerUse {
    /// Working set, in bytes.
    pub memory: u64,
    /// Its writable layer, in bytes.
    pub layer: u64,
    /// emptyDirs on disk, in bytes.
    pub volumes: u64,
    /// The node's own files, in bytes.
    pub host: u64,
    /// Processes.
    pub pids: u64,
}

/// A container's program, wherever it stands in the pod.
fn program<'a>(images: &'a Images, worker: &PodWorker, index: usize) -> &'a Program {
    images.program(&worker.spec_of(index).image)
}

/// A container's own tree: mounts aren't decoded.
fn tree_of(worker: &PodWorker, index: usize) -> &Value {
    let (tree, mains) = (&worker.pod.spec.tree, worker.mains());
    match index {
        _ if index < mains.start => &tree["initContainers"][index],
        _ if index < mains.end => &tree["containers"][index - mains.start],
        _ => &tree["ephemeralContainers"][index - mains.end],
    }
}

/// Where a path of a container leads: the longest mount above it counts.
pub fn place(worker: &PodWorker, index: usize, path: &str) -> Place {
    let mounts = tree_of(worker, index)["volumeMounts"].as_array().into_iter().flatten();
    let above = |mount: &&Value| {
        let at = mount["mountPath"].as_str().unwrap_or_default().trim_end_matches('/');
        path.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let Some(mount) = mounts.filter(above).max_by_key(|mount| mount["mountPath"].as_str().map_or(0, str::len)) else {
        return Place::Layer;
    };
    let name = mount["name"].as_str().unwrap_or_default();
    let mut volumes = worker.pod.spec.tree["volumes"].as_array().into_iter().flatten();
    match volumes.find(|volume| volume["name"] == name) {
        Some(volume) if volume["emptyDir"]["medium"] == "Memory" => Place::Memory(name.to_owned()),
        Some(volume) if volume.get("emptyDir").is_some() => Place::EmptyDir(name.to_owned()),
        Some(volume) if volume.get("hostPath").is_some() => Place::Host,
        _ => Place::Elsewhere,
    }
}

/// What a container has written by `now`, file by file.
fn written<'a>(images: &'a Images, worker: &'a PodWorker, index: usize, now: SimTime) -> impl Iterator<Item = (Place, u64)> + 'a {
    let since = worker.containers[index].running_since();
    let writes = since.map_or(&[][..], |_| &program(images, worker, index).writes);
    let elapsed = now.since(since.unwrap_or(now));
    let due = writes.iter().filter(move |writes| writes.after <= elapsed);
    due.map(move |writes| (place(worker, index, &writes.path), writes.size.at(elapsed.saturating_sub(writes.after), IDLE)))
}

/// What a container uses at `now`: nothing if it isn't running.
pub fn of_container(images: &Images, worker: &PodWorker, index: usize, now: SimTime) -> ContainerUse {
    let container = &worker.containers[index];
    let Some(started) = container.running_since() else { return ContainerUse::default() };
    let mut used = ContainerUse { pids: 1, ..ContainerUse::default() };
    used.memory = program(images, worker, index).memory.at(now.since(started), IDLE) + container.leaked(now);
    for (place, size) in written(images, worker, index, now) {
        match place {
            Place::Layer => used.layer += size,
            Place::EmptyDir(_) => used.volumes += size,
            Place::Memory(_) => used.memory += size,
            Place::Host => used.host += size,
            Place::Elsewhere => {}
        }
    }
    used.memory = used.memory / PAGE * PAGE;
    used
}

/// What a pod uses at `now`, sandbox included.
pub fn of_pod(images: &Images, worker: &PodWorker, now: SimTime) -> ContainerUse {
    let mut sum = ContainerUse { pids: u64::from(worker.sandbox), ..ContainerUse::default() };
    for index in 0..worker.containers.len() {
        let used = of_container(images, worker, index, now);
        sum.memory += used.memory;
        sum.layer += used.layer;
        sum.volumes += used.volumes;
        sum.host += used.host;
        sum.pids += used.pids;
    }
    sum
}

/// How full each emptyDir is.
pub fn empty_dirs(images: &Images, worker: &PodWorker, now: SimTime) -> Vec<(String, u64)> {
    let mut dirs: Vec<(String, u64)> = Vec::new();
    for index in 0..worker.containers.len() {
        for (place, size) in written(images, worker, index, now) {
            let (Place::EmptyDir(name) | Place::Memory(name)) = place else { continue };
            match dirs.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += size,
                None => dirs.push((name, size)),
            }
        }
    }
    dirs
}

/// What a node uses at `now`: the system, the images, the pods, and what else lies on its disk.
pub fn of_node<'a>(images: &Images, kubelet: &Kubelet, workers: impl Iterator<Item = &'a PodWorker>, now: SimTime) -> Amounts {
    let mut sum = kubelet.machine.system();
    sum.disk += kubelet.images.size(images, now) + kubelet.ballast;
    for worker in workers {
        let used = of_pod(images, worker, now);
        sum = sum.plus(Amounts { memory: used.memory, disk: used.layer + used.volumes + used.host, pids: used.pids });
    }
    sum
}

/// The most that a container may come to use, as far as its program says: what a node must be prepared for.
pub fn peak(images: &Images, worker: &PodWorker, index: usize) -> Amounts {
    let program = program(images, worker, index);
    let mut peak = Amounts { memory: program.memory.peak(), disk: 0, pids: 2 };
    for writes in &program.writes {
        match place(worker, index, &writes.path) {
            Place::Memory(_) => peak.memory += writes.size.peak(),
            Place::Elsewhere => {}
            Place::Layer | Place::EmptyDir(_) | Place::Host => peak.disk += writes.size.peak(),
        }
    }
    peak
}

/// What the containers of a node get of its CPU at `now`, in thousandths: (pod, container, share).
pub fn cpu_of_node<'a>(
    images: &Images,
    kubelet: &Kubelet,
    workers: impl Iterator<Item = (u32, &'a PodWorker)>,
    now: SimTime,
) -> Vec<(u32, usize, u64)> {
    let mut places = Vec::new();
    let mut claims = Vec::new();
    for (number, worker) in workers {
        for index in 0..worker.containers.len() {
            let Some(started) = worker.containers[index].running_since() else { continue };
            let (spec, unsigned) = (worker.spec_of(index), |amount: i64| u64::try_from(amount).unwrap_or(0));
            let demand = program(images, worker, index).cpu.at(now.since(started), IDLE);
            claims.push(Claim { demand, request: unsigned(spec.requests.milli_cpu), limit: unsigned(spec.limits.milli_cpu) });
            places.push((number, index));
        }
    }
    let all = u64::try_from(kubelet.machine.capacity.resources.milli_cpu).unwrap_or(0);
    let shares = cpu_shares(&claims, all.saturating_sub(kubelet.machine.system_milli_cpu()));
    places.into_iter().zip(shares).map(|((number, index), share)| (number, index, share)).collect()
}

/// An amount of bytes as the kubelet's messages have it: `300Mi`.
pub fn bytes(amount: u64) -> Str {
    Str::from(Quantity::from_i64(i64::try_from(amount).unwrap_or(i64::MAX), Format::BinarySi).to_string())
}
