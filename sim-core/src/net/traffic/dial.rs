//! How a request comes to somebody who works on it: a kept connection, or a new one by the rules of the moment; behind a proxy, the proxy's
//! choice.

use super::Traffic;
use super::flight::{Connection, Hold};
use super::outcome::Cause;
use super::pick::Chooser;
use super::reach::{ARP_GIVES_UP, Choices, Path, Reach, Scheduler, Verdict, Way};
use crate::kernel::chance::{Draw, Stream, draw};
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::packet::Protocol;
use std::sync::Arc;

/// How long an ingress controller waits for a connection to a backend: ingress-nginx's `proxy-connect-timeout`, 5 s.
const PROXY_CONNECT: SimDuration = SimDuration::from_secs(5);
/// How many backends it tries: ingress-nginx's `proxy-next-upstream-tries`.
const PROXY_TRIES: usize = 3;
/// What it needs itself for a request.
const PROXY_WORK: SimDuration = SimDuration::from_micros(200);
/// How long the kernel remembers a flow of UDP that was answered: `nf_conntrack_udp_timeout_stream`, 120 s.
const UDP_STREAM: SimDuration = SimDuration::from_secs(120);

/// A request on its way.
pub(super) struct Carried {
    pub(super) connection: Connection,
    pub(super) is_first: bool,
    pub(super) worker: Hold,
    /// When the worker is done.
    pub(super) done: SimTime,
    /// How long the answer is on its way.
    pub(super) back: SimDuration,
}

/// A request that comes to nobody.
pub(super) struct Missed {
    pub(super) cause: Cause,
    /// When the client knows.
    pub(super) known: SimTime,
    pub(super) met: Option<u32>,
    pub(super) by_rules: bool,
    pub(super) is_behind: bool,
}

impl Missed {
    fn new(cause: Cause, known: SimTime, met: Option<u32>) -> Missed {
        Missed { cause, known, met, by_rules: true, is_behind: false }
    }
}

impl Traffic {
    /// Sends a request of a client that has looked at the network at this moment.
    pub(super) fn dial(
        &mut self,
        client: u32,
        request: (u64, u8),
        at: SimTime,
        draw: &mut Draw,
        net: &dyn Reach,
    ) -> Result<Carried, Missed> {
        let kept = self.kept(client, at, net);
        let (connection, lookup) = match kept {
            Some(connection) => (connection, SimDuration::ZERO),
            None => self.connect(client, at, net)?,
        };
        let state = &mut self.clients[client as usize];
        let (way, round_trip) = state.way(&self.places, net, connection.with.place, at);
        let place = connection.with.place;
        if kept.is_some() && way != Way::Open {
            let timeout = at + state.client.timeout;
            let (cause, known) = match way {
                Way::Open | Way::BlackHole => (Cause::BlackHole, timeout),
                Way::NoRoute => (Cause::NoRoute, at),
                Way::AddressGone => (Cause::AddressGone, at + ARP_GIVES_UP),
                Way::Denied => (Cause::Policy, timeout),
                Way::Refused => (Cause::Policy, at + round_trip),
            };
            self.places.get_mut(place).open -= 1;
            return Err(Missed { by_rules: false, ..Missed::new(cause, known.min(timeout), Some(place)) });
        }
        let round_trip = round_trip + SimDuration::from_nanos(round_trip.as_nanos() * draw.below(100) / 1_000);
        let handshake = if kept.is_none() && state.client.protocol == Protocol::Tcp { round_trip } else { SimDuration::ZERO };
        let half = SimDuration::from_nanos(round_trip.as_nanos() / 2);
        let arrives = at + lookup + handshake + half;
        let carried = |worker, done, back| Carried { connection, is_first: kept.is_none(), worker, done, back };
        let Some(behind) = state.view.choices.behind.clone() else {
            let done = self.places.get_mut(place).admit(arrives, draw.bits());
            return Ok(carried(connection.with, done, half));
        };
        match self.forward(client, request, (place, &behind), arrives, draw, net) {
            Ok((worker, done, way_back)) => Ok(carried(worker, done, way_back + half)),
            Err(missed) => {
                self.places.get_mut(place).open -= 1;
                Err(Missed { known: missed.known + half, ..missed })
            }
        }
    }

    /// An idle connection that still stands, as far as the client can see.
    fn kept(&mut self, client: u32, at: SimTime, net: &dyn Reach) -> Option<Connection> {
        let state = &mut self.clients[client as usize];
        let keeps = state.client.keep_alive.filter(|_| state.client.protocol == Protocol::Tcp)?;
        while let Some(connection) = state.idle.pop() {
            let number = connection.with.place;
            let (way, _) = state.way(&self.places, net, number, at);
            let place = self.places.get_mut(number);
            place.look(net, self.epoch, self.changed);
            // A server that got TERM has closed its idle connections, and so has the kernel of a process that ended. Of a node that is off
            // nobody hears anything.
            let is_alive = place.run == connection.with.run && place.accepts(at);
            if at.since(connection.idle_since) < keeps.idle_timeout && (is_alive || way == Way::BlackHole) {
                return Some(connection);
            }
            place.open -= 1;
        }
        None
    }

    /// Where the flow of a client of UDP goes that keeps its source port: to the same backend until the kernel has forgotten the flow, or
    /// kube-proxy has deleted its entry because the rules don't name that backend any more (`pkg/proxy/conntrack/cleanup.go`).
    fn flow(&mut self, number: u32, at: SimTime) -> Option<u32> {
        let state = &mut self.clients[number as usize];
        let (place, last) = state.flow?;
        let stands = at.since(last) < UDP_STREAM && state.view.places.contains(&place);
        state.flow = stands.then_some((place, at));
        stands.then_some(place)
    }

    /// Makes a connection by the rules of the moment. The time that the name server took comes with it.
    fn connect(&mut self, number: u32, at: SimTime, net: &dyn Reach) -> Result<(Connection, SimDuration), Missed> {
        let state = &mut self.clients[number as usize];
        let choices = state.view.choices.clone();
        let client = state.client.clone();
        let lookup = choices.lookup;
        let begins = at + lookup;
        let is_udp = client.protocol == Protocol::Udp;
        let patience = at + if is_udp { client.timeout } else { client.connect_timeout.min(client.timeout) };
        let none = |cause, known| Err(Missed::new(cause, known, None));
        match choices.verdict {
            Verdict::Forward => {}
            Verdict::Reject => return none(Cause::Rejected, begins + Path::SAME_NODE),
            Verdict::Drop => return none(Cause::Dropped, patience),
            Verdict::Unreachable => return none(Cause::NoRoute, begins),
            Verdict::UnknownName => return none(Cause::UnknownName, begins),
            Verdict::SilentNames => return none(Cause::SilentNames, begins),
            Verdict::Unavailable => return none(Cause::Unavailable, begins + Path::ACROSS * 2),
            Verdict::NotFound => return none(Cause::NotFound, begins + Path::ACROSS * 2),
            Verdict::ServerError => return none(Cause::ServerError, begins + Path::ACROSS * 2),
            Verdict::Redirected => return none(Cause::Redirected, begins + Path::ACROSS * 2),
        }
        let flow = self.flow(number, at);
        let Some(place) = flow.or_else(|| self.choose(number, &choices, at)) else {
            return none(Cause::AddressGone, patience.min(begins + ARP_GIVES_UP));
        };
        if is_udp && client.keep_alive.is_some() {
            self.clients[number as usize].flow = Some((place, at));
        }
        let missed = |cause, known| Err(Missed { by_rules: flow.is_none(), ..Missed::new(cause, known, Some(place)) });
        let (way, round_trip) = self.clients[number as usize].way(&self.places, net, place, at);
        match way {
            Way::Open => {}
            Way::BlackHole => return missed(Cause::BlackHole, patience),
            Way::NoRoute => return missed(Cause::NoRoute, begins),
            Way::AddressGone => return missed(Cause::AddressGone, patience.min(begins + ARP_GIVES_UP)),
            Way::Denied => return missed(Cause::Policy, patience),
            Way::Refused => return missed(Cause::Policy, begins + round_trip),
        }
        let door = self.places.get_mut(place);
        door.look(net, self.epoch, self.changed);
        let arrives = begins + SimDuration::from_nanos(round_trip.as_nanos() / 2);
        if !door.accepts(arrives) {
            return missed(Cause::Refused, begins + round_trip);
        }
        if door.is_full(arrives) {
            return missed(Cause::TimedOut, patience);
        }
        door.open += 1;
        let with = Hold { place, run: door.run };
        if flow.is_none() {
            let stats = self.clients[number as usize].stats();
            stats.connections += 1;
            stats.share(place as usize).connections += 1;
        }
        Ok((Connection { with, carried: 0, idle_since: at }, lookup))
    }

    /// Which of the backends that the rules name a new connection goes to.
    fn choose(&mut self, number: u32, choices: &Choices, at: SimTime) -> Option<u32> {
        let state = &mut self.clients[number as usize];
        state.dialled += 1;
        if let Some(lasts) = choices.affinity
            && let Some((place, last)) = state.stuck
            && at.since(last) < lasts
            && state.view.places.contains(&place)
        {
            state.stuck = Some((place, at));
            return Some(place);
        }
        let bits = draw(self.seed, Stream::Backend, u128::from(number) << 64 | u128::from(state.dialled)).bits();
        let turn = match (choices.scheduler, &state.view.seat) {
            (Scheduler::RoundRobin, Some(seat)) => {
                // The kernel of a node counts for all its clients.
                let turn = self.turns.entry((seat.node, state.client.to.clone())).or_default();
                *turn += 1;
                *turn - 1
            }
            _ => 0,
        };
        let (places, view) = (&self.places, &state.view);
        let open = |backend: usize| places.get(view.places[backend]).open;
        let address = choices.seen_as.unwrap_or(view.seat.as_ref()?.address);
        let picked = Chooser { scheduler: choices.scheduler, bits, turn, address, open: &open }.pick(&choices.backends)?;
        let place = view.places[picked];
        state.stuck = choices.affinity.map(|_| (place, at));
        Some(place)
    }

    /// A proxy gives a request on to one of its own backends; to another if that fails before anything was sent, as nginx does. Who works on
    /// it, when that is done, and how long the answer takes back to the proxy.
    fn forward(
        &mut self,
        client: u32,
        (number, repeated): (u64, u8),
        (proxy, behind): (u32, &Arc<Choices>),
        arrives: SimTime,
        draw_traffic: &mut Draw,
        net: &dyn Reach,
    ) -> Result<(Hold, SimTime, SimDuration), Missed> {
        let mut at = arrives + PROXY_WORK;
        let failed = |cause, known, met| Err(Missed { is_behind: true, ..Missed::new(cause, known, met) });
        match behind.verdict {
            Verdict::Forward if !behind.backends.is_empty() => {}
            Verdict::NotFound => return failed(Cause::NotFound, at, None),
            Verdict::ServerError => return failed(Cause::ServerError, at, None),
            Verdict::Redirected => return failed(Cause::Redirected, at, None),
            _ => return failed(Cause::Unavailable, at, None),
        }
        let key = u128::from(client) << 96 | u128::from(number) << 8 | u128::from(repeated);
        let mut chance = draw(self.seed, Stream::Ingress, key);
        let mut left: Vec<usize> = (0..behind.backends.len()).collect();
        let mut last = (Cause::Unavailable, None);
        for _ in 0..PROXY_TRIES {
            let backends: Vec<_> = left.iter().map(|backend| behind.backends[*backend].clone()).collect();
            let chooser = Chooser {
                scheduler: Scheduler::Random,
                bits: chance.bits(),
                turn: 0,
                address: self.places.get(proxy).backend.address,
                open: &|_| 0,
            };
            let Some(picked) = chooser.pick(&backends) else { break };
            if let Some(status) = backends[picked].answered_by_proxy() {
                let cause = if status == 500 { Cause::ServerError } else { Cause::Unavailable };
                return failed(cause, at, None);
            }
            let state = &mut self.clients[client as usize];
            let place = state.view.behind[left.swap_remove(picked)];
            let (way, round_trip) = state.way_behind(&self.places, net, (proxy, place), at);
            let door = self.places.get_mut(place);
            door.look(net, self.epoch, self.changed);
            let half = SimDuration::from_nanos(round_trip.as_nanos() / 2);
            let (cause, takes) = match way {
                Way::Open if door.accepts(at + half) => {
                    let done = door.admit(at + round_trip + half, draw_traffic.bits());
                    return Ok((Hold { place, run: door.run }, done, half));
                }
                Way::Open | Way::Refused => (Cause::BadGateway, round_trip),
                Way::NoRoute => (Cause::BadGateway, SimDuration::ZERO),
                Way::AddressGone => (Cause::BadGateway, ARP_GIVES_UP),
                Way::BlackHole | Way::Denied => (Cause::GatewayTimeout, PROXY_CONNECT),
            };
            last = (cause, Some(place));
            at += takes;
        }
        failed(last.0, at, last.1)
    }
}
