//! A request's way: when it is sent, who works on it, how it ends.

use super::Traffic;
use super::client::Load;
use super::dial::Missed;
use super::flight::{Connection, Due, Hold, Plan, Request, What};
use super::outcome::Cause;
use super::reach::{Reach, Way};
use super::server::News;
use super::state::names;
use super::stats::{Example, Met};
use crate::kernel::chance::{Draw, Stream, draw};
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::packet::Protocol;

/// How many connections a client can have at a time to one address: `net.ipv4.ip_local_port_range`, 32768 to 60999.
const PORTS: u32 = 28_232;
/// A user whose pod or node isn't there looks again after this, unless it thinks longer.
const ABSENT: SimDuration = SimDuration::from_secs(1);

impl Traffic {
    pub(super) fn handle(&mut self, due: Due, net: &dyn Reach) {
        match due.what {
            What::Arrival(client) => self.arrival(client, due.at, net),
            What::User(client, user) => {
                let state = &mut self.clients[client as usize];
                if due.at < state.ends {
                    state.requests += 1;
                    let number = state.requests;
                    self.send(client, Some(user), number, due.at, &mut self.bits(client, number, 0), net);
                }
            }
            What::Planned(slot, planned) => self.planned(slot, planned, due.at, net),
        }
    }

    /// What chance has to say about an attempt.
    pub(super) fn bits(&self, client: u32, number: u64, repeated: u8) -> Draw {
        draw(self.seed, Stream::Traffic, u128::from(client) << 96 | u128::from(number) << 8 | u128::from(repeated))
    }

    fn arrival(&mut self, client: u32, at: SimTime, net: &dyn Reach) {
        let state = &mut self.clients[client as usize];
        let Load::Open { rate, poisson } = state.client.load else { return };
        if at >= state.ends {
            return;
        }
        state.requests += 1;
        let (number, started, ends) = (state.requests, state.started, state.ends);
        let mut draw = self.bits(client, number, 0);
        let bits = draw.bits();
        if let Some(next) = rate.next(started, (at, number), poisson.then_some(bits)).filter(|next| *next < ends) {
            self.agenda.push(next, What::Arrival(client));
        }
        self.send(client, None, number, at, &mut draw, net);
    }

    fn send(&mut self, client: u32, user: Option<u32>, number: u64, at: SimTime, draw: &mut Draw, net: &dyn Reach) {
        let state = &mut self.clients[client as usize];
        state.look(&mut self.places, net, self.epoch, at);
        if state.view.seat.is_none() {
            state.stats().unsent += 1;
            self.next_of(client, user, at, ABSENT);
            return;
        }
        state.stats().sent += 1;
        state.in_flight += 1;
        let request = Request {
            client,
            user,
            number,
            started: at,
            repeated: 0,
            began: at,
            deadline: at + state.client.timeout,
            connection: None,
            is_first: false,
            worker: None,
            met: None,
            done: at,
            back: SimDuration::ZERO,
            plan: Plan::Again,
            is_settled: false,
            by_rules: true,
            is_behind: false,
            epoch: self.epoch,
        };
        let is_out_of_ports = state.in_flight > PORTS;
        let slot = self.flights.insert(request);
        if is_out_of_ports {
            return self.end(slot, at, Plan::Fail(Cause::NoPorts));
        }
        self.attempt(slot, at, draw, net);
    }

    /// Sends a request, for the first time or again.
    fn attempt(&mut self, slot: u32, at: SimTime, draw: &mut Draw, net: &dyn Reach) {
        let Some(request) = self.flights.get_mut(slot) else { return };
        let (client, number, repeated) = (request.client, request.number, request.repeated);
        let deadline = at + self.clients[client as usize].client.timeout;
        match self.dial(client, (number, repeated), at, draw, net) {
            Ok(carried) => {
                for hold in holds(Some(carried.connection), Some(carried.worker)) {
                    self.places.get_mut(hold.place).in_flight += 1;
                }
                let Some(request) = self.flights.get_mut(slot) else { return };
                (request.connection, request.is_first) = (Some(carried.connection), carried.is_first);
                (request.worker, request.met) = (Some(carried.worker), Some(carried.worker.place));
                (request.done, request.back) = (carried.done, carried.back);
                (request.began, request.deadline) = (at, deadline);
                (request.by_rules, request.is_behind) = (carried.is_first, carried.worker.place != carried.connection.with.place);
                (request.epoch, request.is_settled) = (self.epoch, false);
                self.decide(slot, at, net);
            }
            Err(Missed { cause, known, met, by_rules, is_behind }) => {
                let Some(request) = self.flights.get_mut(slot) else { return };
                (request.connection, request.worker, request.met) = (None, None, met);
                (request.began, request.deadline) = (at, deadline);
                (request.by_rules, request.is_behind) = (by_rules, is_behind);
                self.foresee(slot, known.min(deadline), Plan::Fail(cause));
            }
        }
    }

    fn foresee(&mut self, slot: u32, at: SimTime, plan: Plan) {
        let planned = self.flights.plan(slot, plan);
        self.agenda.push(at, What::Planned(slot, planned));
    }

    /// Works out what becomes of a request that somebody works on, by what is known of the processes now.
    fn decide(&mut self, slot: u32, now: SimTime, net: &dyn Reach) {
        let Some(request) = self.flights.get_mut(slot) else { return };
        let (client, deadline) = (request.client, request.deadline);
        let (done, back, began) = (request.done, request.back, request.began);
        let (connection, worker) = (request.connection, request.worker);
        let (mut at, mut plan, mut is_settled) = (done + back, Plan::Answer, false);
        for hold in holds(connection, worker) {
            let is_behind = connection.is_some_and(|connection| connection.with.place != hold.place);
            let place = self.places.get(hold.place);
            let is_over = place.run != hold.run;
            // What was done by then has been sent.
            let end = if is_over { place.ended } else { place.end() };
            let Some((ends, how)) = end.filter(|(ends, _)| *ends < done) else { continue };
            let known = ends.max(began) + back;
            if !is_over && known >= at {
                continue;
            }
            at = known;
            plan = Plan::Fail(if is_behind { Cause::BadGateway } else { how });
            is_settled |= is_over;
            if is_over && !is_behind && self.clients[client as usize].way(&self.places, net, hold.place, now).0 == Way::BlackHole {
                // Nobody is left to close the connection: the client waits.
                (at, plan) = (deadline, Plan::Fail(Cause::BlackHole));
            }
        }
        if at > deadline {
            (at, plan) = (deadline, if plan == Plan::Fail(Cause::BlackHole) { plan } else { Plan::Fail(Cause::TimedOut) });
        }
        if let Some(request) = self.flights.get_mut(slot) {
            request.is_settled = is_settled;
        }
        self.foresee(slot, at.max(now), plan);
    }

    /// The world has changed at `self.changed`: requests learn what became of the processes that work on them.
    pub(super) fn sweep(&mut self, net: &dyn Reach) {
        let (epoch, now) = (self.epoch, self.changed);
        let busy = self.places.all.iter_mut().enumerate().filter(|(_, place)| place.in_flight > 0);
        let changed = busy.filter_map(|(number, place)| (place.look(net, epoch, now) != News::Same).then_some(number as u32));
        let changed: Vec<u32> = changed.collect();
        if changed.is_empty() {
            return;
        }
        let is_concerned = |request: &Request| {
            !request.is_settled && holds(request.connection, request.worker).any(|hold| changed.binary_search(&hold.place).is_ok())
        };
        let concerned: Vec<u32> = self.flights.iter().filter(|(_, request)| is_concerned(request)).map(|(slot, _)| slot).collect();
        for slot in concerned {
            let client = self.flights.get_mut(slot).map_or(0, |request| request.client);
            self.clients[client as usize].look(&mut self.places, net, epoch, now);
            self.decide(slot, now, net);
        }
    }

    fn planned(&mut self, slot: u32, planned: u32, at: SimTime, net: &dyn Reach) {
        let Some(request) = self.flights.planned(slot, planned) else { return };
        let (client, number, repeated, plan) = (request.client, request.number, request.repeated, request.plan);
        let state = &mut self.clients[client as usize];
        state.look(&mut self.places, net, self.epoch, at);
        if state.view.seat.is_none() {
            return self.withdraw(slot, at);
        }
        match plan {
            Plan::Again => {
                let mut draw = self.bits(client, number, repeated);
                self.attempt(slot, at, &mut draw, net);
            }
            Plan::Answer => {
                // The way may have closed since the request was sent: then the answer goes nowhere.
                let (epoch, deadline, connection) = (request.epoch, request.deadline, request.connection);
                if epoch != self.epoch
                    && let Some(connection) = connection
                {
                    request.epoch = self.epoch;
                    if state.way(&self.places, net, connection.with.place, at).0 == Way::BlackHole {
                        if let Some(request) = self.flights.get_mut(slot) {
                            request.is_settled = true;
                        }
                        return self.foresee(slot, deadline.max(at), Plan::Fail(Cause::BlackHole));
                    }
                }
                self.end(slot, at, Plan::Answer);
            }
            Plan::Fail(cause) => {
                let retries = self.clients[client as usize].client.retries;
                if repeated < retries.times && retries.on.covers(cause) && cause != Cause::NoPorts {
                    self.let_go(slot, None);
                    self.clients[client as usize].stats().retried += 1;
                    if let Some(request) = self.flights.get_mut(slot) {
                        request.repeated += 1;
                    }
                    return self.foresee(slot, at + retries.backoff * (1u64 << u32::from(repeated).min(16)), Plan::Again);
                }
                self.end(slot, at, plan);
            }
        }
    }

    /// Takes a request's connection and worker from it; the connection is kept if `kept` says since when it is idle, and the client wants it.
    fn let_go(&mut self, slot: u32, kept: Option<SimTime>) {
        let Some(request) = self.flights.get_mut(slot) else { return };
        let (client, connection, worker) = (request.client, request.connection.take(), request.worker.take());
        for hold in holds(connection, worker) {
            self.places.get_mut(hold.place).in_flight -= 1;
        }
        let Some(connection) = connection else { return };
        let place = self.places.get_mut(connection.with.place);
        let state = &mut self.clients[client as usize];
        if let (Some(keeps), Some(idle_since), Protocol::Tcp) = (state.client.keep_alive, kept, state.client.protocol) {
            let carried = connection.carried + 1;
            let is_worn = keeps.requests > 0 && carried >= keeps.requests;
            let is_closed = place.run != connection.with.run || !place.accepts(idle_since);
            if !is_worn && !is_closed && state.idle.len() < keeps.idle as usize {
                state.idle.push(Connection { carried, idle_since, ..connection });
                return;
            }
        }
        place.open -= 1;
    }

    /// A request is over.
    fn end(&mut self, slot: u32, at: SimTime, plan: Plan) {
        self.let_go(slot, (plan == Plan::Answer).then_some(at));
        let Some(request) = self.flights.remove(slot) else { return };
        let client = request.client;
        let state = &mut self.clients[client as usize];
        state.in_flight -= 1;
        match (plan, request.met) {
            (Plan::Fail(cause), met) => {
                if state.stats().lost(at, cause, met.map(|met| met as usize)) {
                    self.keep_example(&request, cause, at);
                }
            }
            (_, Some(met)) => state.stats().answered(at, at.since(request.started), met as usize),
            (_, None) => {}
        }
        self.next_of(client, request.user, at, SimDuration::ZERO);
    }

    fn keep_example(&mut self, request: &Request, cause: Cause, known: SimTime) {
        let state = &mut self.clients[request.client as usize];
        let place = request.met.map(|met| self.places.get(met));
        let to = place.map(|place| Met {
            pod: place.backend.name.clone(),
            node: place.backend.node_name.clone(),
            address: place.backend.address,
            port: place.backend.port,
        });
        let choices = &state.view.choices;
        let rules = choices.behind.as_ref().filter(|_| request.is_behind).unwrap_or(choices);
        let named_until = to.as_ref().filter(|met| !names(choices, met)).map(|_| choices.since.max(request.began));
        let example = Example {
            at: request.began,
            known,
            cause,
            rules_of: rules.rules_of.clone(),
            stopped: place.and_then(|place| place.closed_since(known)),
            named_until,
            named: request.by_rules && to.is_some(),
            is_too_early: place.is_some_and(|place| place.is_new(request.began)),
            note: request.met.map(|met| state.decided_by(met)).unwrap_or_default(),
            to,
        };
        state.stats().keep(example);
    }

    /// Whoever asked isn't there any more: nobody waits for the answer.
    fn withdraw(&mut self, slot: u32, at: SimTime) {
        self.let_go(slot, None);
        let Some(request) = self.flights.remove(slot) else { return };
        let state = &mut self.clients[request.client as usize];
        state.in_flight -= 1;
        let stats = state.stats();
        stats.sent -= 1;
        stats.unsent += 1;
        self.next_of(request.client, request.user, at, ABSENT);
    }

    /// When the user asks again, if it was a user.
    fn next_of(&mut self, client: u32, user: Option<u32>, at: SimTime, least: SimDuration) {
        let state = &self.clients[client as usize];
        let (Some(user), Load::Closed { think, varies, .. }) = (user, state.client.load) else { return };
        let think = if varies {
            let key = u128::from(client) << 96 | u128::from(state.requests) << 8 | 0xff;
            SimDuration::from_nanos(super::arrivals::exponential(draw(self.seed, Stream::Traffic, key).bits(), think.as_nanos()))
        } else {
            think
        };
        // A user that neither thinks nor waits would ask without end at one moment.
        let pause = think.max(least).max(SimDuration::from_micros(1));
        if at + pause < state.ends {
            self.agenda.push(at + pause, What::User(client, user));
        }
    }
}

/// The processes that a request depends on: the connection's end, and who works behind it if that is somebody else.
fn holds(connection: Option<Connection>, worker: Option<Hold>) -> impl Iterator<Item = Hold> {
    let end = connection.map(|connection| connection.with);
    end.into_iter().chain(worker.filter(|worker| end.is_none_or(|end| end.place != worker.place)))
}
