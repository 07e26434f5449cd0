//! A model, the kernel's network that was built from it, and what is sent through both.

use super::compare::{Compared, kernel_flow, model_flow, name, told};
use podarium_lab::Outcome;
use podarium_lab::capture::Capture;
use podarium_lab::model::{Model, OUTSIDE, PORT, node_address, pod};
use podarium_lab::place::Place;
use podarium_lab::talk::{Echo, Ending, Server, connect_times, ping};
use podarium_lab::tools::{Engine, flows};
use podarium_lab::topology::Topology;
use podarium_lab::tracing::Trace;
use podarium_lab::wire::Exchange;
use sim_core::net::config::NetworkConfig;
use sim_core::net::walk::{self, End, Hop, Target, Walk};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Mutex;

/// How many attempts of the model's are looked through for one that goes where the kernel's went.
const ATTEMPTS: u64 = 2_000;

/// A Service with three backends: two on node1, one on node2; one without any.
pub(super) const SERVICES: &str = include_str!("services.yaml");
/// The Service's address.
pub(super) const WEB: Target = Target::tcp(Ipv4Addr::new(10, 96, 0, 50), 80);
/// Its port on every node.
pub(super) const WEB_NODE_PORT: u16 = 30080;
/// The address of the one without backends.
pub(super) const EMPTY: Target = Target::tcp(Ipv4Addr::new(10, 96, 0, 51), 80);
/// Its port on every node.
pub(super) const EMPTY_NODE_PORT: u16 = 30081;
/// The address of one that keeps traffic on the node, with a backend on node2 alone.
pub(super) const NEAR: Target = Target::tcp(Ipv4Addr::new(10, 96, 0, 52), 80);
/// Its port on every node.
pub(super) const NEAR_NODE_PORT: u16 = 30082;
/// The address of one whose clients stay with their backends.
pub(super) const STICKY: Target = Target::tcp(Ipv4Addr::new(10, 96, 0, 53), 80);

/// Walks of the same packet, by where they end.
type Known = BTreeMap<Option<(Ipv4Addr, u16)>, Walk>;

/// The model, and the kernel's network.
pub(super) struct Lab {
    pub(super) model: Model,
    topology: Topology,
    /// It begins last and ends first.
    capture: Mutex<Capture>,
    _servers: Vec<Server>,
}

impl Lab {
    /// Builds both, with every pod listening, and the rules of each node in its kernel.
    pub(super) fn new(config: &NetworkConfig, engine: Engine, manifests: &str) -> Outcome<Lab> {
        let model = Model::new(config, manifests)?;
        let topology = Topology::new(&model)?;
        for (number, node) in topology.nodes() {
            let (proxy, flannel) = (model.rules_of(number).text(), model.firewall_of(number));
            match engine {
                Engine::IptablesNft | Engine::IptablesLegacy => engine.load(node, &format!("{proxy}{flannel}"))?,
                // Of chains of equal priority, the kernel asks those first that came last. Which come last is a matter of who started when.
                Engine::Nft => {
                    Engine::IptablesNft.load(node, &flannel)?;
                    engine.load(node, &proxy)?;
                }
            }
        }
        topology.acquaint(config.bridge)?;
        let listening = topology.pods().map(|(_, pod)| pod).chain([&topology.outside]);
        let servers = listening.map(|place| Server::start(place, PORT)).collect::<Outcome<_>>()?;
        let capture = Mutex::new(Capture::start(topology.places(), config.vxlan_port)?);
        Ok(Lab { model, topology, capture, _servers: servers })
    }

    /// The exchanges that a place began since the last time.
    fn exchanges(&self, sender: &Place) -> Outcome<Vec<Exchange>> {
        let mut capture = self.capture.lock().map_err(|_| "a capture's reader panicked")?;
        Ok(Exchange::all(&capture.take(self.topology.places())?, &sender.name))
    }

    fn place(&self, end: End) -> Outcome<&Place> {
        let found = match end {
            End::Pod(pod) => self.topology.pods().find(|(number, _)| *number == pod).map(|(_, place)| place),
            End::Node(node) => self.topology.nodes().find(|(number, _)| *number == node).map(|(_, place)| place),
            End::Outside(_) => Some(&self.topology.outside),
        };
        found.ok_or_else(|| format!("nobody is {end:?}").into())
    }

    /// Connects as many times as it says, and holds each connection against the model's walk to the same backend. Answers where they went.
    pub(super) fn connect(&self, from: End, target: Target, times: usize) -> Outcome<BTreeSet<String>> {
        let sender = self.place(from)?;
        self.forget()?;
        let endings = connect_times(sender, SocketAddrV4::new(target.address, target.port), times)?;
        let exchanges = self.exchanges(sender)?;
        let none = Exchange::default();
        let mut tracked = BTreeSet::new();
        let mut reached = BTreeSet::new();
        let mut known = Known::new();
        for (number, ending) in endings.iter().enumerate() {
            let exchange = exchanges.get(number).unwrap_or(&none);
            let walk = self.like(from, target, exchange, &mut known)?;
            Compared::of(walk, exchange, told(walk, ending)).check(&format!("{} to {}:{}", sender.name, target.address, target.port))?;
            tracked.extend(walk.tracked.iter().map(|(node, flow)| format!("{node} {}", model_flow(flow))));
            reached.extend(walk.reached.as_ref().map(name));
        }
        self.check_flows(tracked)?;
        Ok(reached)
    }

    /// Whoever asks a Service without endpoints is refused.
    pub(super) fn refused(&self) -> Outcome {
        let node_port = Target::tcp(node_address(1), EMPTY_NODE_PORT);
        for (from, to) in [
            (End::Pod(pod(1, 1)), EMPTY),
            (End::Node(1), EMPTY),
            (End::Pod(pod(1, 1)), node_port),
            (End::Node(2), node_port),
            (End::Outside(OUTSIDE), node_port),
        ] {
            self.connect(from, to, 1)?;
        }
        Ok(())
    }

    /// Connects again and again: how often each backend answered.
    pub(super) fn count(&self, from: End, target: Target, times: usize) -> Outcome<BTreeMap<String, usize>> {
        let mut answers = BTreeMap::new();
        for ending in connect_times(self.place(from)?, SocketAddrV4::new(target.address, target.port), times)? {
            let Ending::Answered { by, .. } = ending else { return Err(format!("{ending:?}").into()) };
            *answers.entry(by).or_insert(0) += 1;
        }
        Ok(answers)
    }

    /// Connects, and holds the rules that the packet matches on a node against those that the model says.
    pub(super) fn trace(&self, from: End, target: Target, on: u32, times: usize) -> Outcome {
        let (sender, node) = (self.place(from)?, self.place(End::Node(on))?);
        let trace = Trace::start(node)?;
        connect_times(sender, SocketAddrV4::new(target.address, target.port), times)?;
        let (mut exchanges, mut traced) = (self.exchanges(sender)?, trace.stop()?);
        // What is stopped on its way out was seen nowhere.
        exchanges.resize_with(times, Exchange::default);
        let mut known = Known::new();
        for exchange in exchanges {
            let walk = self.like(from, target, &exchange, &mut known)?;
            let here = |hop: &&Hop| name(&hop.place) == node.name;
            let model = walk.hops.iter().filter(here).flat_map(|hop| &hop.rules).map(|rule| format!("{} {}", rule.table, rule.chain));
            let id = exchange.there.first().map(|seen| seen.header.id).or_else(|| traced.keys().next().copied());
            let kernel = id.and_then(|id| traced.remove(&id)).unwrap_or_default();
            let kernel = kernel.iter().map(|rule| format!("{} {}", rule.table, rule.chain));
            Compared::new(model, kernel)
                .check(&format!("rules on {} from {} to {}:{}", node.name, sender.name, target.address, target.port))?;
        }
        Ok(())
    }

    /// Lets the nodes forget all connections.
    fn forget(&self) -> Outcome {
        self.topology.nodes().try_for_each(|(_, node)| node.run("conntrack", &["-F"], "").map(drop))
    }

    /// Pings, and holds the ping against the model's walk.
    pub(super) fn ping(&self, from: End, target: Target) -> Outcome {
        let sender = self.place(from)?;
        let echo = ping(sender, target.address, target.payload)?;
        let exchange = self.exchanges(sender)?.into_iter().next().unwrap_or_default();
        let walk = self.model.walk(from, &target);
        let ending = match echo {
            Echo::Came => walk::Seen::Answer,
            Echo::TooLong => walk::Seen::MessageTooLong,
            Echo::Nothing => walk::Seen::TimedOut,
        };
        let endings = (walk.seen().to_string(), ending.to_string());
        Compared::of(&walk, &exchange, endings)
            .check(&format!("ping of {} bytes from {} to {}", target.payload, sender.name, target.address))
    }

    /// The walk that goes where the kernel's packet went: which backend is chosen is chance, and so nothing to compare.
    fn like<'a>(&self, from: End, target: Target, exchange: &Exchange, known: &'a mut Known) -> Outcome<&'a Walk> {
        let went = exchange.there.last().map(|seen| (seen.header.destination, seen.header.ports.1));
        let walks = (0..ATTEMPTS).map(|attempt| self.model.walk(from, &Target { attempt, ..target }));
        let same = |walk: &Walk| walk.hops.last().map(|hop| (hop.seen().destination, hop.seen().destination_port)) == went;
        if let Entry::Vacant(entry) = known.entry(went) {
            let mut walks = walks.peekable();
            let first = walks.peek().cloned();
            // Where they never agree, the first shows it.
            entry.insert(walks.find(same).or(first).ok_or("the model walks nowhere")?);
        }
        known.get(&went).ok_or_else(|| "it was just put there".into())
    }

    /// Holds what connection tracking knows on each node against what the model says that it would.
    fn check_flows(&self, model: BTreeSet<String>) -> Outcome {
        let mut kernel = BTreeSet::new();
        for (_, node) in self.topology.nodes() {
            kernel.extend(flows(node)?.iter().map(|flow| format!("{} {}", node.name, kernel_flow(flow))));
        }
        Compared::new(model, kernel).check("connection tracking")
    }
}
