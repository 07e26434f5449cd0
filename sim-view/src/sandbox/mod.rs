//! What stands between a person and the model: terminals, branches of time, links.
//!
//! A run is what was opened and what was typed: `branch` keeps both, so that any moment can be looked at again, and `scene` is what it
//! leads through time. Reading never changes a run; acting in its past leaves the old future in a branch of its own. Nothing depends on the
//! slices in which time passes: who waits is asked after every moment at which something happened.

mod branch;
mod branches;
mod open;
mod questions;
mod scene;
mod terminals;
#[cfg(test)]
mod tests;

pub use open::{check_lesson, check_scenario, prove_lesson, read_lesson};
pub use questions::{faults, rule_tables};

use crate::draw::cluster::{Around, View, is_followed};
use crate::draw::messages::{Listener, Said};
use crate::frame::session::{Goal, Link, Print, Update};
use crate::lesson::{Lesson, Progress, What};
use branch::Branch;
use open::Told;
use scene::Deed;
use sim_core::Cluster;
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::timeline::Action;
use std::collections::{BTreeMap, BTreeSet};
use terminals::Reader;

/// How often a lesson's goals are looked at while time passes: what held for less than this, nobody has seen.
const LOOK: SimDuration = SimDuration::from_millis(200);
/// How many moments a step goes on without anything that can be seen.
const STEPS_MAX: u32 = 100_000;

/// A cluster in time, to look at and to act on.
#[derive(Debug)]
pub struct Sandbox {
    branches: BTreeMap<u32, Branch>,
    /// Which of them is looked at.
    branch: u32,
    link: Link,
    told: Told,
    lesson: Option<(Lesson, Progress)>,
    /// Lines that read and wait, by terminal.
    readers: BTreeMap<u32, Reader>,
    /// What was printed since the last update.
    prints: Vec<Print>,
    /// The terminals that are busy, as far as was told.
    busy: BTreeSet<u32>,
    view: View,
    listener: Listener,
}

impl Sandbox {
    fn over(branch: Branch, link: Link, lesson: Option<Lesson>, told: Told) -> Sandbox {
        let listener = Listener::from(branch.cluster());
        let lesson = lesson.map(|lesson| {
            let progress = Progress::new(&lesson);
            (lesson, progress)
        });
        Sandbox {
            branches: BTreeMap::from([(0, branch)]),
            branch: 0,
            link,
            told,
            lesson,
            readers: BTreeMap::new(),
            prints: Vec::new(),
            busy: BTreeSet::new(),
            view: View::default(),
            listener,
        }
    }

    fn present(&self) -> &Branch {
        self.branches.get(&self.branch).expect("the branch that is looked at is there")
    }

    fn present_mut(&mut self) -> &mut Branch {
        self.branches.get_mut(&self.branch).expect("the branch that is looked at is there")
    }

    /// The cluster at the moment that is looked at.
    pub fn cluster(&self) -> &Cluster {
        self.present().cluster()
    }

    fn now(&self) -> SimTime {
        self.present().now()
    }

    /// Lets time pass.
    pub fn tick(&mut self, nanos: u64) -> Update {
        self.advance(self.now() + SimDuration::from_nanos(nanos));
        self.update()
    }

    /// Goes to a moment, forward or back.
    pub fn seek(&mut self, at: u64) -> Update {
        self.lead(SimTime::from_nanos(at));
        self.update()
    }

    /// Goes to the next moment at which something happens; `visible`: at which something changes that frames show.
    pub fn step(&mut self, visible: bool) -> Update {
        for _ in 0..STEPS_MAX {
            let Some(next) = self.next_moment() else { break };
            let before = self.cluster().store().revision();
            self.advance(next);
            if !visible || self.is_new_since(before) {
                break;
            }
        }
        self.update()
    }

    /// Whether frames show anything that is newer than a revision.
    fn is_new_since(&self, revision: u64) -> bool {
        self.cluster().store().changes_since(revision).map_or(true, |mut changes| changes.any(|change| is_followed(change.id.kind)))
    }

    /// Goes to a moment; the first is before anything was done. What lies on the way forward is played if somebody waits for it; back, nobody
    /// hears of it.
    fn lead(&mut self, to: SimTime) {
        let somebody_waits = !self.readers.is_empty() || self.present().timeline.present().busy().next().is_some();
        if to > self.now() && (somebody_waits || self.looks().is_some()) {
            return self.advance(to);
        }
        if to == SimTime::ZERO {
            self.present_mut().rewind();
        } else {
            self.present_mut().go(to, true);
        }
        self.arrive_elsewhere();
    }

    /// Another moment is looked at, without what lay between.
    fn arrive_elsewhere(&mut self) {
        drop(self.present_mut().timeline.present_mut().take_prints());
        self.listener = Listener::from(self.cluster());
        self.restart_readers();
    }

    /// Lets time pass up to a moment. Who waits is asked after every moment at which something happened.
    fn advance(&mut self, to: SimTime) {
        while !self.readers.is_empty() || self.looks().is_some() {
            let Some(next) = self.next_moment().into_iter().chain(self.looks()).min().filter(|next| *next <= to) else { break };
            self.present_mut().go(next, false);
            self.fetch_prints();
            self.poll_readers();
            self.look();
        }
        let to = to.max(self.now());
        self.present_mut().go(to, false);
        self.fetch_prints();
    }

    /// When something happens next.
    fn next_moment(&mut self) -> Option<SimTime> {
        let now = self.now();
        let next = self.present_mut().timeline.next_at();
        let next = self.readers.values().filter_map(Reader::deadline).chain(next).min();
        next.map(|next| next.max(now))
    }

    /// When a lesson's goals are to be looked at next, if one of them may be reached only for a while.
    fn looks(&self) -> Option<SimTime> {
        let (lesson, _) = self.lesson.as_ref()?;
        let passing = lesson.goals.iter().any(|goal| matches!(goal.what, What::Once(_)));
        let ordinal = self.now().as_nanos() / LOOK.as_nanos() + 1;
        passing.then(|| SimTime::from_nanos(ordinal.saturating_mul(LOOK.as_nanos())))
    }

    fn look(&mut self) -> Vec<Goal> {
        let Some((lesson, mut progress)) = self.lesson.take() else { return Vec::new() };
        let goals = progress.look(&lesson, self.cluster());
        self.lesson = Some((lesson, progress));
        goals
    }

    fn fetch_prints(&mut self) {
        let prints = self.present_mut().timeline.present_mut().take_prints();
        self.prints.extend(prints);
    }

    /// The whole frame again.
    pub fn whole(&mut self) -> Update {
        let around = self.around();
        let mut view = std::mem::take(&mut self.view);
        let frame = view.whole(self.cluster(), around);
        self.view = view;
        self.told_with(frame)
    }

    fn update(&mut self) -> Update {
        let around = self.around();
        let mut view = std::mem::take(&mut self.view);
        let frame = view.update(self.cluster(), around);
        self.view = view;
        self.told_with(frame)
    }

    fn around(&mut self) -> Around {
        let branch = self.present_mut();
        Around { horizon: branch.horizon, next: branch.timeline.next_at() }
    }

    fn told_with(&mut self, frame: crate::frame::cluster::Frame) -> Update {
        let mut listener = self.listener;
        let Said { messages, left_out } = listener.hear(self.cluster());
        self.listener = listener;
        self.tell_who_is_busy();
        let goals = self.look();
        Update {
            frame,
            messages,
            messages_left_out: left_out,
            prints: std::mem::take(&mut self.prints),
            branches: self.branches.iter().map(|(id, branch)| branch.frame(*id)).collect(),
            branch: self.branch,
            goals,
            acted: self.present().acted(),
            ahead: u32::try_from(self.ahead_count()).unwrap_or(u32::MAX),
        }
    }

    /// Terminals learn that they wait or don't, where nothing that is printed says so: another moment is looked at.
    fn tell_who_is_busy(&mut self) {
        for print in &self.prints {
            if print.done {
                self.busy.remove(&print.terminal);
            } else {
                self.busy.insert(print.terminal);
            }
        }
        let scene = self.present().timeline.present();
        let busy: BTreeSet<u32> = scene.busy().chain(self.readers.keys().copied()).collect();
        for terminal in busy.symmetric_difference(&self.busy) {
            let done = !busy.contains(terminal);
            self.prints.push(Print { terminal: *terminal, text: Vec::new(), done, code: 0 });
        }
        self.busy = busy;
    }

    /// How many things that were done lie ahead.
    fn ahead_count(&self) -> usize {
        let ahead = self.present().timeline.ahead().iter();
        ahead.filter(|done| !matches!(done.deed, Deed::Scenario(Action::Resume(_)))).count()
    }

    /// The branch that is looked at, with all that was typed in it, and the moment.
    pub fn link(&self) -> Link {
        let lines = self.present().typed();
        let now = self.now().as_nanos();
        // `None` is the last line's moment, after it: at the very start, the number would mean the moment before it.
        let is_last = self.ahead_count() == 0 && lines.last().is_some_and(|last| last.at == now);
        Link { lines, at: (!is_last).then_some(now), ..self.link.clone() }
    }

    /// The fingerprint of the run up to this moment.
    pub fn fingerprint(&self) -> String {
        self.cluster().fingerprint().to_string()
    }
}
