//! Simulated clients: what becomes of each of their requests, and why.
//!
//! Requests are no events of the cluster's queue. Between two of its events the world is constant, so [`Traffic::advance`] plays all that
//! clients do up to the next event, by a small queue of its own; every request meets the rules, sandboxes and listeners of its moment. A
//! million requests are a second's work, and a checkpoint holds counts and what is in flight, never a list of requests.
//!
//! - [`client`]: what a client does. `arrivals`: when its requests come.
//! - [`reach`]: what is asked of the network; `cluster/` answers.
//! - `dial`: whom a request comes to, with `pick`. `engine`: what becomes of it. `server`: the processes' end. `flight`, `state`:
//!   what is remembered meanwhile.
//! - [`outcome`]: why requests fail. `stats`, [`histogram`], [`report`]: what is told in the end.

mod arrivals;
pub mod client;
mod dial;
mod engine;
mod flight;
pub mod histogram;
pub mod outcome;
mod pick;
pub mod reach;
pub mod report;
mod server;
mod state;
mod stats;
#[cfg(test)]
mod tests;

pub use client::Client;
pub use outcome::Cause;
pub use reach::Reach;
pub use report::Report;

use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::{SimDuration, SimTime};
use client::{Load, Target};
use flight::{Agenda, Flights, What};
use server::Places;
use state::State;
use std::collections::BTreeMap;

/// The most clients: each is a process of its own, with its own connections. Many users are one client with a load of many users.
const CLIENTS: usize = 10_000;

/// All clients, and what is on its way.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    seed: u64,
    /// Up to here everything is played.
    now: SimTime,
    /// The world's, while something is played.
    epoch: u64,
    seen_epoch: bool,
    /// When the world changed last, as far as somebody looked: what is found out later came about then.
    changed: SimTime,
    agenda: Agenda,
    flights: Flights,
    clients: Vec<State>,
    places: Places,
    /// How many connections the kernel of a node has dealt out in turn, by target.
    turns: BTreeMap<(Option<u32>, Target), u64>,
}

impl Traffic {
    /// No clients yet.
    pub fn new(seed: u64) -> Self {
        Traffic { seed, ..Traffic::default() }
    }

    /// A client begins. All that came before `now` must have been played.
    ///
    /// # Errors
    /// There is one of this name, or there are too many.
    pub fn start(&mut self, client: Client, now: SimTime) -> Result<(), String> {
        if self.clients.iter().any(|state| state.client.name == client.name) {
            return Err(format!("there is already traffic named {:?}", client.name.to_string()));
        }
        if self.clients.len() >= CLIENTS {
            return Err(format!("{CLIENTS} clients are the most; let one of them have many users"));
        }
        let number = self.clients.len() as u32;
        self.now = self.now.max(now);
        match client.load {
            Load::Open { rate, .. } => {
                if let Some(first) = rate.first(now) {
                    self.agenda.push(first, What::Arrival(number));
                }
            }
            Load::Closed { users, think, .. } => {
                // They don't all come at once: each somewhere within its first pause.
                let within = think.max(SimDuration::from_millis(1));
                for user in 0..users {
                    let key = u128::from(number) << 96 | u128::from(user) << 8 | 0xfe;
                    let at = now + draw(self.seed, Stream::Traffic, key).between(SimDuration::ZERO, within);
                    self.agenda.push(at, What::User(number, user));
                }
            }
        }
        self.clients.push(State::new(client, now));
        Ok(())
    }

    /// A client sends no more; what is on its way is still answered.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn stop(&mut self, name: &str, now: SimTime) -> Result<(), String> {
        let known: Vec<String> = self.clients.iter().map(|state| state.client.name.to_string()).collect();
        let state = self.clients.iter_mut().find(|state| state.client.name == name);
        let state = state.ok_or_else(|| format!("there is no traffic named {name:?}, only {}", known.join(", ")))?;
        state.ends = state.ends.min(now);
        Ok(())
    }

    /// Whether there are no clients, so that nothing has to be played.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// When something happens next, if nothing else changes.
    pub fn next_due(&self) -> Option<SimTime> {
        self.agenda.next_at()
    }

    /// Plays everything that happens before `until`. Must be called before each change of the world, with the moment of that change: so what
    /// `net` says holds since the last call's `until`, and a difference to what it said then came about at that moment.
    pub fn advance(&mut self, until: SimTime, net: &dyn Reach) {
        if !self.clients.is_empty() {
            let epoch = net.epoch();
            if self.epoch != epoch || !self.seen_epoch {
                (self.epoch, self.seen_epoch, self.changed) = (epoch, true, self.now);
                self.sweep(net);
            }
            while let Some(due) = self.agenda.pop_before(until) {
                self.handle(due, net);
            }
        }
        self.now = self.now.max(until);
    }

    /// How many requests per second a container of a pod was asked lately.
    pub fn rate(&self, pod: u32, container: u8) -> u64 {
        self.places.rate(pod, container, self.now)
    }

    /// What there is to tell about a client.
    pub fn report(&self, name: &str) -> Option<Report> {
        self.clients.iter().find(|state| state.client.name == name).map(|state| self.report_of(state))
    }

    /// What there is to tell about all, in the order of their starts.
    pub fn reports(&self) -> Vec<Report> {
        self.clients.iter().map(|state| self.report_of(state)).collect()
    }

    fn report_of(&self, state: &State) -> Report {
        let name = |backend: &reach::Backend| match backend.name.is_empty() {
            true => format!("{}:{}", backend.address, backend.port),
            false => backend.name.to_string(),
        };
        let names = self.places.all.iter().map(|place| (name(&place.backend), place.backend.node_name.to_string()));
        let about = report::About {
            name: state.client.name.to_string(),
            from: state.client.from.to_string(),
            to: state.client.to.to_string(),
            since: state.started,
            pending: u64::from(state.in_flight),
            servers: names.collect(),
        };
        Report::new(about, &state.stats)
    }
}
