//! Faults: what a user can break, and mend. One `Fault` enum for scenarios, the shell and the playground.

use super::Cluster;
use crate::api::meta::Uid;
use crate::api::node::Heartbeat;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::quantity::Quantity;
use crate::apiserver::Moment;
use crate::controllers::{self, node_lifecycle};
use crate::kernel::queue::EventId;
use crate::net::agents::Agent;
use crate::node;
use crate::node::faults::BOOT;
use crate::node::kubelet::node_status::conditions;
use crate::node::runtime::image::Registry;
use std::fmt;
use std::sync::Arc;

/// Something that breaks, or is mended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A node loses power: its containers are gone and it says nothing any more.
    KillNode(String),
    /// The node comes back, with the same disk.
    RestartNode(String),
    /// It goes off, and on again by itself.
    RebootNode(String),
    /// It is shut down in order: its pods end first.
    ShutDownNode(String),
    /// The kubelet's process ends; containers run on.
    StopKubelet(String),
    /// It starts again.
    StartKubelet(String),
    /// The container runtime doesn't answer any more.
    HangRuntime(String),
    /// It answers again.
    MendRuntime(String),
    /// Nothing goes between the node and the API server any more.
    CutNetwork(String),
    /// It goes again.
    MendNetwork(String),
    /// The node's disk is filled until so many percent are used.
    FillDisk(String, u64),
    /// What filled it goes.
    FreeDisk(String),
    /// A network agent's process on a node ends; what it wrote stays in the kernel until the node is switched off.
    StopAgent(Agent, String),
    /// It starts again.
    StartAgent(Agent, String),
    /// Whether name servers answer.
    Dns(bool),
    /// How the registries do.
    Registry(Registry),
    /// A container's memory grows, by so many bytes a second.
    LeakMemory(Target, u64),
    /// A container's process fails.
    Crash(Target),
}

/// A container of a pod.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The container's name; none: the first that runs.
    pub container: Option<String>,
}

/// The faults that are about a node and nothing else: how they are made. Their words are those of [`Fault::phrase`].
const OF_NODES: [fn(String) -> Fault; 17] = [
    Fault::KillNode,
    Fault::RestartNode,
    Fault::RebootNode,
    Fault::ShutDownNode,
    Fault::StopKubelet,
    Fault::StartKubelet,
    Fault::HangRuntime,
    Fault::MendRuntime,
    Fault::CutNetwork,
    Fault::MendNetwork,
    Fault::FreeDisk,
    |node| Fault::StopAgent(Agent::Proxy, node),
    |node| Fault::StartAgent(Agent::Proxy, node),
    |node| Fault::StopAgent(Agent::Flannel, node),
    |node| Fault::StartAgent(Agent::Flannel, node),
    |node| Fault::StopAgent(Agent::Policy, node),
    |node| Fault::StartAgent(Agent::Policy, node),
];

/// What else there is, as it is written.
const OTHERS: [&str; 8] = [
    "fill disk of NAME [to 95%]",
    "registry down",
    "registry slow [10×]",
    "registry up",
    "leak memory in pod/NAME [CONTAINER] [10Mi] [in NAMESPACE]",
    "crash pod/NAME [CONTAINER] [in NAMESPACE]",
    "dns down",
    "dns up",
];

/// How full a disk is made if nobody says: beyond the kubelet's thresholds.
const FULL_PERCENT: u64 = 95;
/// How many times as long pulls take if nobody says.
const SLOW_TIMES: u64 = 10;
/// How fast a leak is if nobody says, in bytes a second.
const LEAK: u64 = 10 << 20;

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pod/{}", self.pod)?;
        if let Some(container) = &self.container {
            write!(f, " {container}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |namespace: &str| if namespace == "default" { String::new() } else { format!(" in {namespace}") };
        match self {
            Fault::FillDisk(node, percent) => write!(f, "fill disk of {node} to {percent}%"),
            Fault::Dns(up) => f.write_str(if *up { "dns up" } else { "dns down" }),
            Fault::Registry(Registry::Up) => f.write_str("registry up"),
            Fault::Registry(Registry::Down) => f.write_str("registry down"),
            Fault::Registry(Registry::Slow(times)) => write!(f, "registry slow {times}×"),
            Fault::LeakMemory(target, rate) => {
                write!(f, "leak memory in {target} {}{}", node::kubelet::stats::bytes(*rate), within(&target.namespace))
            }
            Fault::Crash(target) => write!(f, "crash {target}{}", within(&target.namespace)),
            of_node => {
                let (phrase, node) = of_node.phrase();
                write!(f, "{phrase} {node}")
            }
        }
    }
}

impl Fault {
    /// The words before the node's name, and the name; both empty if it isn't about a node alone.
    fn phrase(&self) -> (&'static str, &str) {
        match self {
            Fault::KillNode(node) => ("kill node", node),
            Fault::RestartNode(node) => ("restart node", node),
            Fault::RebootNode(node) => ("reboot node", node),
            Fault::ShutDownNode(node) => ("shut down node", node),
            Fault::StopKubelet(node) => ("stop kubelet on", node),
            Fault::StartKubelet(node) => ("start kubelet on", node),
            Fault::HangRuntime(node) => ("hang runtime on", node),
            Fault::MendRuntime(node) => ("mend runtime on", node),
            Fault::CutNetwork(node) => ("cut network of", node),
            Fault::MendNetwork(node) => ("mend network of", node),
            Fault::FillDisk(node, _) => ("fill disk of", node),
            Fault::FreeDisk(node) => ("free disk of", node),
            Fault::StopAgent(Agent::Proxy, node) => ("stop kube-proxy on", node),
            Fault::StartAgent(Agent::Proxy, node) => ("start kube-proxy on", node),
            Fault::StopAgent(Agent::Flannel, node) => ("stop flanneld on", node),
            Fault::StartAgent(Agent::Flannel, node) => ("start flanneld on", node),
            Fault::StopAgent(Agent::Policy, node) => ("stop kube-router on", node),
            Fault::StartAgent(Agent::Policy, node) => ("start kube-router on", node),
            Fault::Registry(_) | Fault::LeakMemory(..) | Fault::Crash(_) | Fault::Dns(_) => ("", ""),
        }
    }

    /// All faults as they are written.
    pub fn usages() -> Vec<String> {
        let of_nodes = OF_NODES.iter().map(|make| format!("{} NAME", make(String::new()).phrase().0));
        of_nodes.chain(OTHERS.iter().map(|usage| (*usage).to_owned())).collect()
    }

    /// Parses what [`Fault::usages`] lists.
    ///
    /// # Errors
    /// Says which faults there are.
    pub fn parse(text: &str) -> Result<Fault, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        if let Some((name, phrase)) = words.split_last() {
            let phrase = phrase.join(" ");
            if let Some(make) = OF_NODES.iter().find(|make| make(String::new()).phrase().0 == phrase) {
                return Ok(make((*name).to_owned()));
            }
        }
        match words.as_slice() {
            ["fill", "disk", "of", node] => Ok(Fault::FillDisk((*node).to_owned(), FULL_PERCENT)),
            ["fill", "disk", "of", node, "to", percent] => Ok(Fault::FillDisk((*node).to_owned(), parse_percent(percent)?)),
            ["registry", "down"] => Ok(Fault::Registry(Registry::Down)),
            ["registry", "up"] => Ok(Fault::Registry(Registry::Up)),
            ["dns", state @ ("up" | "down")] => Ok(Fault::Dns(*state == "up")),
            ["registry", "slow"] => Ok(Fault::Registry(Registry::Slow(SLOW_TIMES))),
            ["registry", "slow", times] => Ok(Fault::Registry(Registry::Slow(parse_times(times)?))),
            ["leak", "memory", "in", rest @ ..] => leak(rest),
            ["crash", rest @ ..] => match target(rest)? {
                (target, []) => Ok(Fault::Crash(target)),
                (_, rest) => Err(format!("{:?} is too much; expected `{}`", rest.join(" "), OTHERS[5])),
            },
            _ => {
                let known: Vec<String> = Fault::usages().iter().map(|usage| format!("`{usage}`")).collect();
                Err(format!("unknown fault {text:?}; expected one of {}", known.join(", ")))
            }
        }
    }

    /// The node that it is about, if it is about one.
    fn node(&self) -> Option<&str> {
        Some(self.phrase().1).filter(|_| !self.phrase().0.is_empty())
    }
}

fn parse_percent(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches('%').parse().ok().filter(|percent| *percent <= 100);
    number.ok_or_else(|| format!("{text:?} is not a percentage from 0 to 100; expected `{}`", OTHERS[0]))
}

fn parse_times(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(['×', 'x']).parse().ok().filter(|times| (1..=10_000).contains(times));
    number.ok_or_else(|| format!("{text:?} says nothing about how slow; expected `{}`", OTHERS[2]))
}

/// `pod/NAME [CONTAINER] … [in NAMESPACE]`: the target, and the words in between that aren't a container's name.
fn target<'a, 'b>(words: &'a [&'b str]) -> Result<(Target, &'a [&'b str]), String> {
    let (words, namespace) = match words {
        [words @ .., "in", namespace] => (words, *namespace),
        words => (words, "default"),
    };
    let pod = words.first().and_then(|word| word.strip_prefix("pod/")).filter(|name| !name.is_empty());
    let pod = pod.ok_or_else(|| format!("{:?} names no pod; expected pod/NAME", words.first().copied().unwrap_or_default()))?;
    let is_name = |word: &&&str| word.starts_with(|c: char| c.is_ascii_alphabetic());
    let container = words.get(1).filter(is_name).map(|word| (*word).to_owned());
    let rest = &words[1 + usize::from(container.is_some())..];
    Ok((Target { namespace: namespace.to_owned(), pod: pod.to_owned(), container }, rest))
}

fn leak(words: &[&str]) -> Result<Fault, String> {
    let (target, rest) = target(words)?;
    let rate = match rest {
        [] => Some(LEAK),
        [rate] => {
            Quantity::parse(rate.trim_end_matches("/s")).ok().and_then(|rate| u64::try_from(rate.value()).ok()).filter(|rate| *rate > 0)
        }
        _ => None,
    };
    let rate = rate.ok_or_else(|| format!("{:?} is no amount a second such as 10Mi; expected `{}`", rest.join(" "), OTHERS[4]))?;
    Ok(Fault::LeakMemory(target, rate))
}

impl Cluster {
    /// Breaks or mends something at this moment.
    ///
    /// # Errors
    /// If there is no such node or container, or it is in that state already.
    pub fn fault(&mut self, fault: &Fault) -> Result<(), String> {
        let node = fault.node().map(|name| self.node_named(name)).transpose()?;
        if let Some(node) = node {
            self.check_state(fault, node)?;
        }
        let container = match fault {
            Fault::LeakMemory(target, _) | Fault::Crash(target) => Some(self.container(target)?),
            _ => None,
        };
        let event = self.begin_input(fault.to_string());
        match (fault, node, container) {
            (Fault::Registry(registry), ..) => self.nodes.images_mut().registry = *registry,
            (Fault::Dns(up), ..) => self.network.set_dns(*up),
            (Fault::LeakMemory(_, rate), _, Some((pod, index))) => {
                self.node(event, |nodes, now, out| nodes.leak(pod, index, *rate, now, out))
            }
            (Fault::Crash(_), _, Some((pod, index))) => self.node(event, |nodes, now, out| nodes.crash(pod, index, now, out)),
            (_, Some(node), _) => self.fault_of_node(fault, node, event),
            _ => {}
        }
        self.end_input(event);
        Ok(())
    }

    fn fault_of_node(&mut self, fault: &Fault, node: ObjectId, event: EventId) {
        let number = node.number;
        match fault {
            Fault::KillNode(_) => self.kill_node(node, event),
            Fault::RestartNode(_) => self.restart_node(node, event),
            Fault::RebootNode(_) => {
                self.kill_node(node, event);
                let boots = self.nodes.boots(number);
                self.node(event, |_, now, out| out.wake_at(now + BOOT, node::Input::Power { node: number, on: true, boots }));
            }
            Fault::ShutDownNode(_) => self.node(event, |nodes, now, out| nodes.shut_down(number, now, out)),
            Fault::StopKubelet(_) => {
                self.nodes.stop_kubelet(number, self.now);
                self.fall_silent(node, event);
            }
            Fault::StartKubelet(_) => {
                let node = self.register_again(node, event);
                let number = node.number;
                let pods = self.pods_of(node);
                self.node(event, |nodes, now, out| nodes.start_kubelet(number, now, &pods, out));
                self.be_heard(node);
            }
            Fault::HangRuntime(_) => self.node(event, |nodes, now, out| nodes.hang_runtime(number, now, out)),
            Fault::MendRuntime(_) => self.node(event, |nodes, now, out| nodes.mend_runtime(number, now, out)),
            Fault::CutNetwork(_) => {
                self.nodes.cut(number, self.now);
                self.network.agents_mut().cut(number, self.now);
                self.fall_silent(node, event);
            }
            Fault::MendNetwork(_) => {
                self.network.agents_mut().mend(number, self.now);
                let pods = self.pods_of(node);
                self.node(event, |nodes, now, out| nodes.mend(number, now, &pods, out));
                self.be_heard(node);
            }
            Fault::FillDisk(_, percent) => self.node(event, |nodes, now, out| nodes.fill_disk(number, Some(*percent), now, out)),
            Fault::FreeDisk(_) => self.node(event, |nodes, now, out| nodes.fill_disk(number, None, now, out)),
            Fault::StopAgent(agent, _) => self.network.agents_mut().stop(number, *agent, self.now),
            Fault::StartAgent(agent, _) => self.network.agents_mut().start(number, *agent, self.now),
            Fault::Registry(_) | Fault::LeakMemory(..) | Fault::Crash(_) | Fault::Dns(_) => {}
        }
    }

    /// Whether a node is in the state in which the fault makes sense.
    fn check_state(&self, fault: &Fault, node: ObjectId) -> Result<(), String> {
        let Some(kubelet) = self.nodes.kubelet(node.number) else { return Ok(()) };
        let name = &kubelet.name;
        let no = |wrong: bool, message: String| if wrong { Err(message) } else { Ok(()) };
        match fault {
            Fault::RestartNode(_) => no(kubelet.up, format!("node {name} is up already; kill it first")),
            Fault::KillNode(_) => no(!kubelet.up, format!("node {name} is down already")),
            // A cable can be mended whether the node is on or not.
            Fault::CutNetwork(_) => no(kubelet.cut, format!("the network of node {name} is cut already")),
            Fault::MendNetwork(_) => no(!kubelet.cut, format!("the network of node {name} isn't cut")),
            Fault::FreeDisk(_) => no(kubelet.ballast == 0, format!("nothing fills the disk of node {name}")),
            _ if !kubelet.up => Err(format!("node {name} is down; restart it first")),
            Fault::ShutDownNode(_) => no(kubelet.shutting_down, format!("node {name} is shutting down already")),
            Fault::StopKubelet(_) => no(!kubelet.attended, format!("the kubelet on {name} is stopped already")),
            Fault::StartKubelet(_) => no(kubelet.attended, format!("the kubelet on {name} runs already; stop it first")),
            Fault::HangRuntime(_) => no(kubelet.hung.is_some(), format!("the runtime on {name} hangs already")),
            Fault::MendRuntime(_) => no(kubelet.hung.is_none(), format!("the runtime on {name} doesn't hang")),
            Fault::StopAgent(agent, _) => {
                no(!self.network.agents().runs(node.number, *agent), format!("{} on {name} is stopped already", agent.as_str()))
            }
            Fault::StartAgent(agent, _) => {
                no(self.network.agents().runs(node.number, *agent), format!("{} on {name} runs already; stop it first", agent.as_str()))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn node_named(&self, name: &str) -> Result<ObjectId, String> {
        let forgotten = || self.nodes.number_of(name).map(|number| ObjectId { kind: Kind::Node, number });
        self.store
            .find(Kind::Node, "", name)
            .or_else(forgotten)
            .ok_or_else(|| format!("there is no node {name:?}{}", self.truth().known(Kind::Node, None)))
    }

    /// The pod's number and the container's place in it.
    fn container(&self, target: &Target) -> Result<(u32, usize), String> {
        let Target { namespace, pod, container } = target;
        let id = self.store.find(Kind::Pod, namespace, pod).ok_or_else(|| {
            let known: Vec<&str> = self.store.list(Kind::Pod, Some(namespace)).map(|(_, o)| o.meta().name.as_str()).take(8).collect();
            format!("there is no pod {pod:?} in namespace {namespace}; pods: {}", known.join(", "))
        })?;
        let index = self.nodes.running(id.number, container.as_deref()).map_err(|why| format!("pod {pod}: {why}"))?;
        Ok((id.number, index))
    }

    /// A node goes off or on by itself. Nothing happens if it has been switched meanwhile.
    pub(super) fn power(&mut self, number: u32, on: bool, boots: u32, event: EventId) {
        let node = ObjectId { kind: Kind::Node, number };
        if self.nodes.boots(number) != boots || self.nodes.is_up(number) == on {
            return;
        }
        if on { self.restart_node(node, event) } else { self.kill_node(node, event) }
    }

    fn set_heartbeat(&mut self, node: ObjectId, heartbeat: Heartbeat) {
        let name = self.store.get(node).map(|object| object.meta().name.clone()).unwrap_or_default();
        if let Some(lease) = self.store.find(Kind::Lease, "kube-node-lease", &name) {
            self.store.set_heartbeat(lease, heartbeat);
            self.controllers.set_heartbeat(lease, heartbeat);
        }
    }

    /// The node's lease isn't renewed any more.
    fn fall_silent(&mut self, node: ObjectId, event: EventId) {
        let name = self.store.get(node).map(|object| object.meta().name.clone()).unwrap_or_default();
        let lease = self.store.find_object(Kind::Lease, "kube-node-lease", &name).and_then(Object::as_lease);
        let Some(heartbeat) = lease.map(|lease| lease.heartbeat).filter(|heartbeat| heartbeat.stopped.is_none()) else { return };
        let stopped = Heartbeat { stopped: Some(self.now), ..heartbeat };
        self.set_heartbeat(node, stopped);
        // The controller's ticks are derived: it looks when it would find the lease too old.
        let found = node_lifecycle::found_silent(stopped.last(self.now));
        self.controllers(event, |controllers, now, out| controllers.look_at(controllers::NODE_LIFECYCLE, node, found.max(now), out));
    }

    /// It is renewed again, if its kubelet hears and is heard.
    fn be_heard(&mut self, node: ObjectId) {
        if self.nodes.hears(node.number) {
            self.set_heartbeat(node, Heartbeat { first: self.now, stopped: None });
        }
    }

    fn kill_node(&mut self, node: ObjectId, event: EventId) {
        self.nodes.kill(node.number, self.now);
        self.network.agents_mut().power_off(node.number);
        self.fall_silent(node, event);
    }

    fn restart_node(&mut self, node: ObjectId, event: EventId) {
        let node = self.register_again(node, event);
        self.network.agents_mut().power_on(node.number, self.now);
        let pods = self.pods_of(node);
        self.node(event, |nodes, now, out| nodes.restart(node.number, now, pods.iter().map(|(id, pod)| (*id, pod)), out));
        self.be_heard(node);
    }

    /// A kubelet that starts registers its node if the API has none of its name (`pkg/kubelet/kubelet_node_status.go`, registerWithAPIServer):
    /// that is another object, and gets addresses for its pods anew. One that runs doesn't notice that its node was deleted.
    fn register_again(&mut self, node: ObjectId, event: EventId) -> ObjectId {
        let kubelet = self.nodes.kubelet(node.number).filter(|kubelet| !kubelet.cut && self.store.get(node).is_none());
        let Some(registers) = kubelet.and_then(|kubelet| kubelet.registers.clone()) else { return node };
        let mut registers = (*registers).clone();
        registers.status.conditions =
            conditions([false; 3], Some("container runtime status check may not have completed yet".into()), self.now);
        let heartbeat = Heartbeat { first: self.now, stopped: Some(self.now) };
        let moment = Moment { now: self.now, event };
        let Ok(new) = self.server.register_node(&mut self.store, moment, registers, heartbeat) else { return node };
        let uid = self.store.get(new).map_or(Uid::NONE, |object| object.meta().uid);
        self.nodes.renumber(node.number, new.number, uid);
        self.network.renumber(node.number, new.number);
        new
    }

    /// The pods that the API has for a node.
    fn pods_of(&self, node: ObjectId) -> Vec<(ObjectId, Arc<Pod>)> {
        let Some(name) = self.nodes.kubelet(node.number).map(|kubelet| kubelet.name.clone()) else { return Vec::new() };
        let pods = self.store.list(Kind::Pod, None);
        pods.filter_map(|(id, object)| object.as_pod().filter(|pod| pod.node_name == name).map(|pod| (id, pod.clone()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_read_as_they_are_written() {
        for usage in Fault::usages() {
            let text =
                usage.replace("[10×]", "3×").replace("[10Mi]", "1Mi").replace("[to 95%]", "to 90%").replace("[in NAMESPACE]", "in dev");
            let text = text.replace("[CONTAINER]", "app").replace("NAME", "node-2");
            let fault = Fault::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(fault.to_string(), text);
        }
        let check = |text: &str, written: &str| assert_eq!(Fault::parse(text).map(|fault| fault.to_string()), Ok(written.to_owned()));
        check("fill disk of node-1", "fill disk of node-1 to 95%");
        check("registry slow", "registry slow 10×");
        check("leak memory in pod/web 5Mi/s", "leak memory in pod/web 5Mi");
        check("crash pod/web", "crash pod/web");
        let refused = |text: &str, part: &str| assert!(Fault::parse(text).is_err_and(|said| said.contains(part)), "{text}");
        refused("set node on fire", "expected one of `kill node NAME`");
        refused("fill disk of node-1 to 120%", "percentage");
        refused("leak memory in web", "expected pod/NAME");
        refused("leak memory in pod/web app lots", "lots");
        refused("crash pod/web app now", "too much");
    }
}
