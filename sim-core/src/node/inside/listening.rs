//! Who holds an address of the pod network, and which process listens there: what packets meet that come to a node.

use crate::kernel::time::{SimDuration, SimTime};
use crate::node::Nodes;
use crate::node::kubelet::pod_worker::PodWorker;
use crate::node::runtime::image::Images;
use crate::node::runtime::program::Course;
use crate::node::serving::takes;
use std::net::Ipv4Addr;

/// A process that listens on a port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listening {
    /// The pod's number.
    pub pod: u32,
    /// Which of its containers.
    pub container: u8,
    /// Which run of that container.
    pub attempt: u32,
    /// How long it takes for an answer.
    pub latency: SimDuration,
    /// How many requests it works on at a time; 0: any number.
    pub capacity: u64,
    /// Since when it takes connections.
    pub accepts_from: SimTime,
    /// Until when it takes connections, as far as is known: TERM, or its end.
    pub accepts_until: SimTime,
    /// When its process is over, as far as is known.
    pub ends: SimTime,
    /// Whether it ends by KILL then.
    pub is_killed: bool,
}

impl PodWorker {
    /// Its address of the pod network, while it has one.
    pub fn pod_address(&self) -> Option<Ipv4Addr> {
        self.address.filter(|_| self.holds_address)
    }

    /// The times of a container's present run, or of its next one.
    pub fn course_of(&self, images: &Images, seed: u64, index: usize) -> Course {
        let must_end = index < self.inits() && !self.is_sidecar(index) && !self.is_scripted(images, index);
        images.program(&self.spec_of(index).image).course(seed, self.key(index), images.jitter_percent, must_end)
    }
}

impl Nodes {
    /// The pod whose sandbox holds an address of the pod network.
    pub fn holder(&self, address: Ipv4Addr) -> Option<(u32, &PodWorker)> {
        let number = *self.addresses.get(&address)?;
        self.pods.get(number).filter(|worker| worker.sandbox).map(|worker| (number, worker))
    }

    /// The process of a pod that takes connections on a port at this moment.
    pub fn listening(&self, now: SimTime, pod: u32, port: u16) -> Option<Listening> {
        self.processes(pod, port).find(|found| found.accepts_from <= now && now < found.ends)
    }

    /// The same, or failing that the process that will take connections there as far as is known, or has.
    pub fn listening_soon(&self, now: SimTime, pod: u32, port: u16) -> Option<Listening> {
        self.listening(now, pod, port).or_else(|| self.processes(pod, port).min_by_key(|found| found.accepts_from))
    }

    /// The processes of a pod that take connections on a port, or will.
    fn processes(&self, pod: u32, port: u16) -> impl Iterator<Item = Listening> {
        let worker = self.pods.get(pod).filter(|worker| worker.sandbox);
        let containers = worker.into_iter().flat_map(|worker| (0..worker.containers.len()).map(move |index| (worker, index)));
        containers.filter_map(move |(worker, index)| self.process_listening((pod, worker), index, port))
    }

    /// The process that takes connections on a port of a node: of a pod that uses its network.
    pub fn listening_on_node(&self, now: SimTime, node: u32, port: u16) -> Option<Listening> {
        let mut pods = self.workers(node).filter(|(_, worker)| worker.pod.spec.host_network);
        pods.find_map(|(number, _)| self.listening(now, number, port))
    }

    fn process_listening(&self, (pod, worker): (u32, &PodWorker), index: usize, port: u16) -> Option<Listening> {
        let container = &worker.containers[index];
        let started = container.running_since()?;
        let course = worker.course_of(&self.images, self.seed, index);
        if course.serves_after == SimDuration::MAX || !takes(worker, &self.images, index, port) {
            return None;
        }
        let scripted = worker.is_scripted(&self.images, index);
        let own_end = container.ends.map_or(SimTime::MAX, |(at, ..)| at);
        let (accepts_until, ends, is_killed) = match container.stops {
            // Who doesn't heed TERM serves on until KILL comes.
            Some(stop) if !scripted && course.stop != SimDuration::MAX => (stop.term.min(stop.at), stop.at, stop.code == 137),
            Some(stop) => (stop.at, stop.at, stop.code == 137),
            None => (own_end, own_end, false),
        };
        let program = self.images.program(&worker.spec_of(index).image);
        let capacity = program.serves.iter().flatten().find(|serves| serves.port == i32::from(port)).map_or(0, |serves| serves.capacity);
        Some(Listening {
            pod,
            container: index as u8,
            attempt: container.restarts,
            latency: program.latency(port.into()),
            capacity,
            accepts_from: started + course.serves_after,
            accepts_until,
            ends,
            is_killed,
        })
    }
}
