//! A client while it runs: its connections, what it knows of the network, what is remembered of its requests.

use super::client::{Client, Target};
use super::flight::Connection;
use super::reach::{Choices, Path, Reach, Seat, Way};
use super::server::Places;
use super::stats::{Met, Stats};
use crate::api::meta::Str;
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::dns::kept::Cache;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A client while it runs.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) client: Arc<Client>,
    pub(super) started: SimTime,
    /// When it sends no more.
    pub(super) ends: SimTime,
    /// Requests so far.
    pub(super) requests: u64,
    /// Attempts to connect so far.
    pub(super) dialled: u64,
    pub(super) in_flight: u32,
    /// Idle connections, the one that was used last at the end: it is used first, as in Go's `http.Transport`.
    pub(super) idle: Vec<Connection>,
    /// Where its source port's datagrams go, and when the last one went: a client of UDP that keeps its port.
    pub(super) flow: Option<(u32, SimTime)>,
    /// With whom session affinity keeps it, since its last connection.
    pub(super) stuck: Option<(u32, SimTime)>,
    pub(super) view: View,
    /// What it keeps of names, if it keeps any.
    names: Cache,
    pub(super) stats: Arc<Stats>,
}

/// What a client was told of the network.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// As of which epoch.
    epoch: Option<u64>,
    pub(super) seat: Option<Seat>,
    pub(super) choices: Arc<Choices>,
    /// When an answer of a name server that it keeps is over.
    names_until: SimTime,
    /// The backends' places.
    pub(super) places: Vec<u32>,
    /// Those of the backends behind a proxy.
    pub(super) behind: Vec<u32>,
    /// By place, once asked.
    ways: Vec<Option<Path>>,
    /// From a proxy's place to one behind it, once asked.
    ways_behind: BTreeMap<(u32, u32), Path>,
}

impl State {
    pub(super) fn new(client: Client, now: SimTime) -> State {
        let ends = client.lasts.map_or(SimTime::MAX, |lasts| now + lasts);
        State {
            client: Arc::new(client),
            started: now,
            ends,
            requests: 0,
            dialled: 0,
            in_flight: 0,
            idle: Vec::new(),
            flow: None,
            stuck: None,
            view: View::default(),
            names: Cache::default(),
            stats: Arc::default(),
        }
    }

    /// What is remembered, to be added to. A checkpoint that shares it gets its own then.
    pub(super) fn stats(&mut self) -> &mut Stats {
        Arc::make_mut(&mut self.stats)
    }

    /// Makes sure that what it was told holds at a moment.
    pub(super) fn look(&mut self, places: &mut Places, net: &dyn Reach, epoch: u64, at: SimTime) {
        let view = &mut self.view;
        if view.epoch != Some(epoch) {
            view.epoch = Some(epoch);
            view.seat = net.seat(&self.client.from);
            view.ways.clear();
            view.ways_behind.clear();
        } else if at < view.choices.valid_until && (!self.client.keeps_names || at < view.names_until) {
            return;
        }
        let Some(seat) = &view.seat else { return };
        let (target, until) = aim(&self.client, &mut self.names, net, seat, at);
        view.names_until = until;
        let choices = net.choices(seat, &target, at);
        if Arc::ptr_eq(&choices, &view.choices) {
            return;
        }
        let numbers = |choices: &Choices, places: &mut Places| choices.backends.iter().map(|backend| places.number(backend)).collect();
        view.places = numbers(&choices, places);
        view.behind = choices.behind.as_ref().map_or_else(Vec::new, |behind| numbers(behind, places));
        view.choices = choices;
        if self.stats.open_examples > 0 {
            let choices = self.view.choices.clone();
            self.stats().rules_changed(choices.since, |met| names(&choices, met));
        }
    }

    /// The way to a place, and how long it takes there and back.
    pub(super) fn way(&mut self, places: &Places, net: &dyn Reach, place: u32, at: SimTime) -> (Way, SimDuration) {
        let view = &mut self.view;
        let Some(seat) = &view.seat else { return (Way::NoRoute, SimDuration::ZERO) };
        if place as usize >= view.ways.len() {
            view.ways.resize(place as usize + 1, None);
        }
        let known = &mut view.ways[place as usize];
        if known.as_ref().is_none_or(|path| at >= path.valid_until) {
            *known = Some(net.path(seat, &self.client.to, &places.get(place).backend, at));
        }
        known.as_ref().map_or((Way::NoRoute, SimDuration::ZERO), |path| (path.way, path.round_trip))
    }

    /// The way from a proxy's place to one behind it.
    pub(super) fn way_behind(&mut self, places: &Places, net: &dyn Reach, (proxy, place): (u32, u32), at: SimTime) -> (Way, SimDuration) {
        let ask = || net.path_behind(&places.get(proxy).backend, &places.get(place).backend, at);
        let path = self.view.ways_behind.entry((proxy, place)).or_insert_with(ask);
        if at >= path.valid_until {
            *path = ask();
        }
        (path.way, path.round_trip)
    }

    /// Who decided on the way to a place.
    pub(super) fn decided_by(&self, place: u32) -> Str {
        self.view.ways.get(place as usize).and_then(Option::as_ref).map(|path| path.by.clone()).unwrap_or_default()
    }
}

/// Whom a client asks: a name that it keeps stands for its first address until the answer is over, whatever has become of that.
fn aim<'c>(client: &'c Client, names: &mut Cache, net: &dyn Reach, seat: &Seat, at: SimTime) -> (Cow<'c, Target>, SimTime) {
    let as_it_is = (Cow::Borrowed(&client.to), SimTime::MAX);
    let Target::Name { host, port } = &client.to else { return as_it_is };
    if !client.keeps_names {
        return as_it_is;
    }
    if names.get(at, host).is_none()
        && let Some(answer) = net.resolve(seat, host, at)
    {
        names.keep(at, host, &answer);
    }
    match names.get(at, host) {
        Some((until, Ok(addresses))) if !addresses.is_empty() => {
            (Cow::Owned(Target::Address { address: addresses[0], port: *port }), until)
        }
        Some((until, _)) => (as_it_is.0, until),
        None => as_it_is,
    }
}

/// Whether rules name a backend.
pub(super) fn names(choices: &Choices, met: &Met) -> bool {
    let all = choices.backends.iter().chain(choices.behind.iter().flat_map(|behind| &behind.backends));
    all.into_iter().any(|backend| (backend.address, backend.port) == (met.address, met.port))
}
