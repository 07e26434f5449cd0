//! Branches of time: a run each, with its own record.

use super::scene::{Deed, Scene};
use crate::draw::history::Recorder;
use crate::frame::session::{self, TypedLine};
use crate::lesson;
use sim_core::Cluster;
use sim_core::kernel::time::SimTime;
use sim_core::timeline::Timeline;

/// What stands in a link for Ctrl-C: the character that a terminal sends.
pub(super) const CTRL_C: &str = "\u{3}";

/// A branch of time.
#[derive(Debug)]
pub(super) struct Branch {
    /// What it is called: what was done first in it.
    pub(super) name: String,
    /// The branch that it came from.
    pub(super) parent: u32,
    /// When it left that one.
    pub(super) since: SimTime,
    pub(super) timeline: Timeline<Scene>,
    /// How far it was played.
    pub(super) horizon: SimTime,
    /// The cluster there, while an earlier moment is looked at.
    latest: Option<Cluster>,
    recorder: Recorder,
    /// The revision up to which it was recorded.
    recorded: u64,
}

/// The recorder is brought up to date after so many changes at the latest: the store forgets the oldest of 65,536.
const RECORDED_EVERY: u64 = 10_000;

impl Branch {
    /// A branch that is looked at where it has come to.
    pub(super) fn new(name: String, parent: u32, timeline: Timeline<Scene>) -> Self {
        let now = timeline.present().cluster.now();
        Branch { name, parent, since: now, timeline, horizon: now, latest: None, recorder: Recorder::default(), recorded: 0 }
    }

    /// A branch that was played already, up to this state.
    pub(super) fn played(timeline: Timeline<Scene>, latest: Cluster) -> Self {
        let horizon = latest.now();
        Branch {
            name: String::new(),
            parent: 0,
            since: SimTime::ZERO,
            timeline,
            horizon,
            latest: Some(latest),
            recorder: Recorder::default(),
            recorded: 0,
        }
    }

    /// The cluster at the moment that is looked at.
    pub(super) fn cluster(&self) -> &Cluster {
        &self.timeline.present().cluster
    }

    /// The moment that is looked at.
    pub(super) fn now(&self) -> SimTime {
        self.cluster().now()
    }

    /// The cluster as far as the branch was played: it remembers all that happened.
    pub(super) fn latest(&self) -> &Cluster {
        self.latest.as_ref().unwrap_or(self.cluster())
    }

    /// Goes to a moment; `jumps`: what lies on the way forward need not be seen.
    pub(super) fn go(&mut self, to: SimTime, jumps: bool) {
        self.leave(to);
        if jumps {
            self.timeline.jump(to);
        } else {
            self.timeline.seek(to);
        }
        self.arrived();
    }

    /// Goes to the start, before anything was done: what was done at the first nanosecond lies ahead then.
    pub(super) fn rewind(&mut self) {
        self.leave(SimTime::ZERO);
        self.timeline.rewind();
    }

    /// Keeps the latest state, before an earlier moment is looked at.
    fn leave(&mut self, to: SimTime) {
        if to <= self.now() && self.now() >= self.horizon && self.latest.is_none() {
            self.latest = Some(self.cluster().clone());
        }
    }

    /// Does something here. What had been done or played later is forgotten.
    pub(super) fn act(&mut self, deed: Deed) -> Result<(), String> {
        if self.has_future() {
            self.recorder.fork(&self.timeline.present().cluster);
        }
        self.timeline.act(deed)?;
        self.horizon = self.now();
        self.latest = None;
        Ok(())
    }

    /// What was recorded of it, up to date.
    pub(super) fn recorder(&mut self) -> &Recorder {
        let Branch { recorder, recorded, latest, timeline, .. } = self;
        let latest = latest.as_ref().unwrap_or(&timeline.present().cluster);
        recorder.follow(latest);
        *recorded = latest.store().revision();
        recorder
    }

    fn arrived(&mut self) {
        if self.now() >= self.horizon && self.timeline.ahead().is_empty() {
            self.horizon = self.now();
            self.latest = None;
            if self.cluster().store().revision() > self.recorded + RECORDED_EVERY {
                self.recorder();
            }
        }
    }

    /// Whether there is a future that acting here would change.
    pub(super) fn has_future(&self) -> bool {
        self.now() < self.horizon || !self.timeline.ahead().is_empty()
    }

    /// A branch that leaves this one here.
    pub(super) fn fork(&self, own: u32, name: String) -> Branch {
        let mut recorder = self.recorder.clone();
        recorder.fork(self.cluster());
        Branch { recorder, ..Branch::new(name, own, self.timeline.fork()) }
    }

    /// The lines that were typed, in the order in which they were; those that lie ahead too.
    pub(super) fn typed(&self) -> Vec<TypedLine> {
        let typed = self.timeline.deeds().iter().filter_map(|done| {
            let at = done.at.as_nanos();
            match &done.deed {
                Deed::Scenario(_) => None,
                Deed::Line { terminal, line, files } => {
                    Some(TypedLine { at, terminal: *terminal, line: line.clone(), files: (**files).clone() })
                }
                Deed::Interrupt(terminal) => {
                    Some(TypedLine { at, terminal: *terminal, line: CTRL_C.to_owned(), files: Default::default() })
                }
                Deed::Branch(name) => Some(TypedLine { at, terminal: 0, line: format!("# {name}"), files: Default::default() }),
            }
        });
        typed.collect()
    }

    /// How many acting commands were typed up to the moment that is looked at.
    pub(super) fn acted(&self) -> u32 {
        let seen = self.timeline.deeds().len() - self.timeline.ahead().len();
        let lines = self.timeline.deeds()[..seen].iter().filter_map(|done| match &done.deed {
            Deed::Line { line, .. } => Some(line.as_str()),
            _ => None,
        });
        lesson::acted(lines)
    }

    /// What is shown of it.
    pub(super) fn frame(&self, id: u32) -> session::Branch {
        session::Branch { id, name: self.name.clone(), parent: self.parent, since: self.since.as_nanos(), horizon: self.horizon.as_nanos() }
    }
}

/// The deed that a line of a link stands for.
pub(super) fn deed_of(typed: &TypedLine) -> Deed {
    match typed.line.strip_prefix('#') {
        Some(name) => Deed::Branch(name.trim().to_owned()),
        None if typed.line == CTRL_C => Deed::Interrupt(typed.terminal),
        None => Deed::Line { terminal: typed.terminal, line: typed.line.clone(), files: typed.files.clone().into() },
    }
}
