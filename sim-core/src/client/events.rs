//! The event recorder: what becomes of an event that a component wants told. Mirrors `client-go/tools/record/events_cache.go`, v1.36.
//!
//! In order, as there: from the tenth different message with the same reason on, events are combined into one ("(combined from similar
//! events): …"); one that was told before is counted up instead of written anew; and after 25 about the same object, a source gets a word
//! in every five minutes only.

use crate::api::event::{Event, ObjectReference};
use crate::api::meta::{Meta, Str, Uid};
use crate::client::plan::Report;
use crate::client::rate_limit::RateLimit;
use crate::kernel::table::Index;
use crate::kernel::time::{Epoch, SimDuration, SimTime};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many objects a recorder remembers: `maxLruCacheEntries`.
const OBJECTS: usize = 4096;
/// How many events about an object are remembered. Combining keeps them from becoming more, but for a few reasons with many parts.
const REMEMBERED: usize = 32;
/// From so many different messages on, events with the same reason are combined: `defaultAggregateMaxEvents`.
const SIMILAR: usize = 10;
/// Messages that are older than this don't count: `defaultAggregateIntervalInSeconds`.
const SIMILAR_WITHIN: SimDuration = SimDuration::from_secs(600);
/// So many events about an object get through at once: `defaultSpamBurst`.
const BURST: u64 = 25;
/// Then one in this time: `defaultSpamQPS` is 1/300.
const SPAM_INTERVAL: SimDuration = SimDuration::from_secs(300);

/// Who tells: a component, and for kubelets their node.
#[derive(Clone, Debug)]
pub struct Source {
    /// `deployment-controller`, `kubelet`, …
    pub component: &'static str,
    /// The node; else empty.
    pub host: Str,
    /// The calendar: names of events carry the time.
    pub epoch: Epoch,
}

/// An event that was told, or several that were combined.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// Of all that makes it the same event; for combined ones, the group's.
    key: u64,
    /// Of type and reason.
    group: u64,
    /// Of the message.
    message: u64,
    /// Whether the message still counts for combining.
    counts: bool,
    first: SimTime,
    last: SimTime,
    count: u32,
    serial: u32,
}

/// The events of one source about one object.
#[derive(Clone, Debug)]
pub struct Memory {
    told: Vec<Told>,
    serial: u32,
    spam: RateLimit,
}

impl Default for Memory {
    fn default() -> Self {
        Memory { told: Vec::new(), serial: 0, spam: RateLimit::every(SPAM_INTERVAL, BURST) }
    }
}

impl Memory {
    /// The event to be written: new, or an earlier one counted up. None if the source has said too much about this object.
    pub fn event(&mut self, source: &Source, report: Report, now: SimTime) -> Option<Arc<Event>> {
        let group = hash(&[report.event_type.as_str(), &report.reason]);
        let message = hash(&[&report.message]);
        let combined = self.is_one_too_many(group, message, now);
        let key =
            if combined { group } else { hash(&[report.event_type.as_str(), &report.reason, &report.about.field_path, &report.message]) };
        let told = self.remember(key, group, message, combined, now);
        if !self.spam.accept(now) {
            return None;
        }
        let about = report.about;
        // Microseconds from the clock; the nanoseconds tell events of the same object and moment apart.
        let nanos = (subject(&about).0 as u64 % 1000 + u64::from(told.serial)) % 1000;
        let stamp = (source.epoch.unix_secs as u64).wrapping_mul(1_000_000_000) + told.first.as_nanos() / 1000 * 1000 + nanos;
        let namespace = if about.namespace.is_empty() { Str::Static("default") } else { about.namespace.clone() };
        Some(Arc::new(Event {
            meta: Meta { name: Str::from(format!("{}.{stamp:016x}", about.name)), namespace, ..Meta::default() },
            about,
            reason: report.reason,
            message: if combined { Str::from(format!("(combined from similar events): {}", report.message)) } else { report.message },
            event_type: report.event_type,
            component: source.component,
            host: source.host.clone(),
            first: told.first.truncated_to_secs(),
            last: now.truncated_to_secs(),
            count: told.count,
            action: "",
        }))
    }

    /// Whether this message is the tenth different one of its group: `EventAggregate`.
    fn is_one_too_many(&mut self, group: u64, message: u64, now: SimTime) -> bool {
        let of_group = || self.told.iter().filter(|told| told.group == group);
        let latest = of_group().map(|told| told.last).max();
        if latest.is_some_and(|latest| latest + SIMILAR_WITHIN < now) {
            self.told.iter_mut().filter(|told| told.group == group).for_each(|told| told.counts = false);
            return false;
        }
        let others = of_group().filter(|told| told.counts && told.message != message);
        // The same message in two parts of an object counts once; it is rare enough to be looked for only here.
        let mut messages: Vec<u64> = others.map(|told| told.message).collect();
        messages.sort_unstable();
        messages.dedup();
        messages.len() + 1 >= SIMILAR
    }

    /// Counts an event up, or notes a new one: `eventObserve`.
    fn remember(&mut self, key: u64, group: u64, message: u64, combined: bool, now: SimTime) -> Told {
        if let Some(told) = self.told.iter_mut().find(|told| told.key == key) {
            (told.count, told.last, told.counts) = (told.count + 1, now, !combined);
            return *told;
        }
        if self.told.len() == REMEMBERED {
            self.told.remove(0);
        }
        let told = Told { key, group, message, counts: !combined, first: now, last: now, count: 1, serial: self.serial };
        self.serial += 1;
        self.told.push(told);
        told
    }
}

/// What tells the objects apart of which something is told: their UIDs, or their names if they are told of by name.
fn subject(about: &ObjectReference) -> Uid {
    match about.uid {
        Uid::NONE => Uid(u128::from(hash(&[about.kind, &about.namespace, &about.name]))),
        uid => uid,
    }
}

/// FNV-1a over texts, each with an end.
fn hash(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A component's recorder: what it said about each object.
#[derive(Clone, Debug)]
pub struct Recorder {
    source: Source,
    objects: Index<Uid, Memory>,
    order: VecDeque<Uid>,
}

impl Recorder {
    /// A recorder that signs as `component`.
    pub fn new(component: &'static str, epoch: Epoch) -> Self {
        Recorder { source: Source { component, host: Str::EMPTY, epoch }, objects: Index::default(), order: VecDeque::new() }
    }

    /// The event to be written for a report, if any.
    pub fn record(&mut self, report: Report, now: SimTime) -> Option<Arc<Event>> {
        let object = subject(&report.about);
        if self.objects.get(&object).is_none() {
            self.objects.insert(object, Memory::default());
            self.order.push_back(object);
            if self.order.len() > OBJECTS
                && let Some(oldest) = self.order.pop_front()
            {
                self.objects.remove(&oldest);
            }
        }
        self.objects.get_mut(&object).expect("it was just made sure of").event(&self.source, report, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::event::EventType;

    fn recorder() -> Recorder {
        Recorder::new("replicaset-controller", Epoch::default())
    }

    fn said(message: String) -> Report {
        let about = ObjectReference {
            kind: "ReplicaSet",
            api_version: "apps/v1",
            namespace: "default".into(),
            name: "web".into(),
            uid: Uid::from_bits(7),
            resource_version: 1,
            field_path: Str::EMPTY,
        };
        Report { about, event_type: EventType::Normal, reason: "SuccessfulCreate".into(), message: message.into() }
    }

    /// Tells `n` reports, one a millisecond; answers with their messages and counts.
    fn tell(recorder: &mut Recorder, from: SimTime, n: u64, message: impl Fn(u64) -> String) -> Vec<Option<(String, u32)>> {
        let one = |n| recorder.record(said(message(n)), from + SimDuration::from_millis(n)).map(|e| (e.message.to_string(), e.count));
        (0..n).map(one).collect()
    }

    #[test]
    fn the_tenth_similar_event_is_combined_and_the_twenty_sixth_is_not_heard() {
        let mut recorder = recorder();
        let told = tell(&mut recorder, SimTime::from_secs(1), 30, |n| format!("Created pod: web-{n}"));
        assert_eq!(told[8], Some(("Created pod: web-8".into(), 1)));
        assert_eq!(told[9], Some(("(combined from similar events): Created pod: web-9".into(), 1)));
        assert_eq!(told[24], Some(("(combined from similar events): Created pod: web-24".into(), 16)));
        assert!(told[25..].iter().all(Option::is_none), "{told:?}");
        // A word every five minutes; and after ten quiet minutes, messages are told apart again.
        let later = tell(&mut recorder, SimTime::from_secs(303), 2, |n| format!("Created pod: later-{n}"));
        assert!(later[0].as_ref().is_some_and(|(message, _)| message.starts_with("(combined")) && later[1].is_none(), "{later:?}");
        let fresh = tell(&mut recorder, SimTime::from_secs(1_000), 1, |_| "Created pod: fresh".into());
        assert_eq!(fresh, [Some(("Created pod: fresh".into(), 1))]);
    }

    #[test]
    fn the_same_event_is_counted_up_under_its_first_name() {
        let mut recorder = recorder();
        let first = recorder.record(said("again".into()), SimTime::from_secs(1)).expect("it is the first");
        let second = recorder.record(said("again".into()), SimTime::from_secs(9)).expect("25 get through");
        assert_eq!((first.count, second.count), (1, 2));
        assert_eq!((&first.meta.name, second.first, second.last), (&second.meta.name, first.first, SimTime::from_secs(9)));
    }
}
