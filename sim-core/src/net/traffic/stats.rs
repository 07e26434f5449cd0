//! What is remembered of a client's requests: counts, not the requests.

use super::histogram::Histogram;
use super::outcome::Cause;
use crate::api::meta::Str;
use crate::kernel::table::Log;
use crate::kernel::time::{SimDuration, SimTime};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// How many failures of a cause are told in full.
pub(super) const EXAMPLES: usize = 3;

/// A failure that is told in full.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Example {
    /// When it was tried.
    pub(super) at: SimTime,
    /// When the client knew.
    pub(super) known: SimTime,
    pub(super) cause: Cause,
    /// Whom it came to, if anybody.
    pub(super) to: Option<Met>,
    /// By whose rules.
    pub(super) rules_of: Str,
    /// When the process there stopped taking connections, as far as is known.
    pub(super) stopped: Option<SimTime>,
    /// When the rules stopped naming it, once they have.
    pub(super) named_until: Option<SimTime>,
    /// Whether no process has ever listened there, as far as is known.
    pub(super) is_too_early: bool,
    /// Whether the rules named it then.
    pub(super) named: bool,
    /// What else there is to say: the policy's name.
    pub(super) note: Str,
}

/// A backend as reports name it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Met {
    pub(super) pod: Str,
    pub(super) node: Str,
    pub(super) address: Ipv4Addr,
    pub(super) port: u16,
}

/// How often something failed for one cause.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Failures {
    pub(super) count: u64,
    pub(super) first: SimTime,
    pub(super) last: SimTime,
    pub(super) examples: Vec<Example>,
}

/// A second of a client's life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Second {
    /// Which, from the start of the run.
    pub(super) second: u64,
    pub(super) ok: u64,
    pub(super) failed: u64,
    /// The sum of the latencies of those that were answered.
    pub(super) sum: u64,
    /// The longest of them.
    pub(super) most: u64,
}

/// What a backend did for a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Share {
    pub(super) connections: u64,
    pub(super) ok: u64,
    pub(super) failed: u64,
}

/// What is remembered of a client's requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Stats {
    /// Requests that were begun.
    pub(super) sent: u64,
    /// Those that were answered.
    pub(super) ok: u64,
    /// Those that weren't, by the cause of the last attempt.
    pub(super) failed: BTreeMap<Cause, Failures>,
    /// Attempts that failed and were repeated.
    pub(super) retried: u64,
    /// Connections that were made.
    pub(super) connections: u64,
    /// Requests that nobody was there to send: the client's own pod or node was gone.
    pub(super) unsent: u64,
    pub(super) latency: Histogram,
    /// Seconds that are over.
    pub(super) seconds: Log<Second>,
    /// The present one.
    pub(super) second: Second,
    /// By the number of the server's run.
    pub(super) shares: Vec<Share>,
    /// How many examples don't know yet until when rules named their backend.
    pub(super) open_examples: u32,
}

impl Stats {
    fn second(&mut self, at: SimTime) -> &mut Second {
        if self.second.second != at.as_secs() {
            let over = std::mem::replace(&mut self.second, Second { second: at.as_secs(), ..Second::default() });
            if over.ok + over.failed > 0 {
                self.seconds.push(over);
            }
        }
        &mut self.second
    }

    /// The server's row.
    pub(super) fn share(&mut self, server: usize) -> &mut Share {
        if server >= self.shares.len() {
            self.shares.resize(server + 1, Share::default());
        }
        &mut self.shares[server]
    }

    /// A request was answered.
    pub(super) fn answered(&mut self, at: SimTime, latency: SimDuration, server: usize) {
        self.ok += 1;
        self.latency.add(latency);
        self.share(server).ok += 1;
        let second = self.second(at);
        second.ok += 1;
        second.sum = second.sum.saturating_add(latency.as_nanos());
        second.most = second.most.max(latency.as_nanos());
    }

    /// A request failed for good. Returns whether an example of it is wanted.
    pub(super) fn lost(&mut self, at: SimTime, cause: Cause, server: Option<usize>) -> bool {
        if let Some(server) = server {
            self.share(server).failed += 1;
        }
        self.second(at).failed += 1;
        let failures = self.failed.entry(cause).or_default();
        if failures.count == 0 {
            failures.first = at;
        }
        failures.last = at;
        failures.count += 1;
        failures.examples.len() < EXAMPLES
    }

    /// Keeps an example.
    pub(super) fn keep(&mut self, example: Example) {
        self.open_examples += u32::from(example.named && example.named_until.is_none());
        let failures = self.failed.entry(example.cause).or_default();
        failures.examples.push(example);
    }

    /// Since `since` the rules name these only: examples learn until when theirs were named.
    pub(super) fn rules_changed(&mut self, since: SimTime, names: impl Fn(&Met) -> bool) {
        let mut open = 0;
        for example in self.failed.values_mut().flat_map(|failures| &mut failures.examples) {
            if !example.named || example.named_until.is_some() {
                continue;
            }
            match &example.to {
                Some(met) if !names(met) => example.named_until = Some(since.max(example.at)),
                _ => open += 1,
            }
        }
        self.open_examples = open;
    }

    /// How many failed.
    pub(super) fn lost_count(&self) -> u64 {
        self.failed.values().map(|failures| failures.count).sum()
    }
}
