//! The event recorder: names events and counts repeats. Mirrors `client-go/tools/record/events_cache.go`, v1.36.
//!
//! An event with the same object, reason and message as an earlier one isn't written anew: the earlier one's count rises.
//! Left out so far: the aggregation of similar messages and the spam filter.

use crate::api::event::Event;
use crate::api::meta::{Meta, Str};
use crate::client::plan::Report;
use crate::kernel::queue::mix;
use crate::kernel::table::Index;
use crate::kernel::time::{Epoch, SimTime};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many events the recorder remembers: `maxLruCacheEntries`.
const REMEMBERED: usize = 4096;

/// A component's recorder.
#[derive(Clone, Debug)]
pub struct Recorder {
    component: &'static str,
    epoch: Epoch,
    seen: Index<u64, Arc<Event>>,
    order: VecDeque<u64>,
    serial: u64,
}

impl Recorder {
    /// A recorder that signs as `component`.
    pub fn new(component: &'static str, epoch: Epoch) -> Self {
        Recorder { component, epoch, seen: Index::default(), order: VecDeque::new(), serial: 0 }
    }

    /// The event to be written for a report: a new one, or the earlier one counted up.
    pub fn record(&mut self, component: &'static str, report: &Report, now: SimTime) -> Arc<Event> {
        let key = fingerprint(report);
        if let Some(seen) = self.seen.get(&key)
            && seen.about.uid == report.about.uid
            && seen.message == report.message
        {
            let mut again = (**seen).clone();
            again.count += 1;
            again.last = now.truncated_to_secs();
            let again = Arc::new(again);
            self.seen.insert(key, again.clone());
            return again;
        }
        // Two events of one object at the same nanosecond need different names: a serial number takes the place of a few nanoseconds.
        self.serial = (self.serial + 1) % 1000;
        let nanos = self.epoch.unix_secs as u64 * 1_000_000_000 + now.as_nanos() / 1000 * 1000 + self.serial;
        let name = Str::from(format!("{}.{nanos:016x}", report.about.name));
        let namespace = if report.about.namespace.is_empty() { Str::Static("default") } else { report.about.namespace.clone() };
        let event = Arc::new(Event {
            meta: Meta { name, namespace, ..Meta::default() },
            about: report.about.clone(),
            reason: report.reason.clone(),
            message: report.message.clone(),
            event_type: report.event_type,
            component: if component.is_empty() { self.component } else { component },
            host: Str::EMPTY,
            first: now.truncated_to_secs(),
            last: now.truncated_to_secs(),
            count: 1,
            action: "",
        });
        self.remember(key, event.clone());
        event
    }

    fn remember(&mut self, key: u64, event: Arc<Event>) {
        if self.seen.insert(key, event).is_none() {
            self.order.push_back(key);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.seen.remove(&oldest);
            }
        }
    }
}

fn fingerprint(report: &Report) -> u64 {
    let mut hash = mix(report.about.uid.0 as u64 ^ (report.about.uid.0 >> 64) as u64);
    for text in [&report.reason, &report.message, &report.about.field_path] {
        hash = text.bytes().fold(mix(hash), |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    }
    hash
}
