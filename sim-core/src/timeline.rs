//! Time travel: checkpoints, seek, fork.
//!
//! A checkpoint is a clone of the world that is led through time. What was done is kept with its moment, so any moment can be reached again:
//! the nearest checkpoint before it, plus replay. Acting in the past makes a fork. Run = replay = seek, by fingerprint.

use crate::cluster::faults::Fault;
use crate::cluster::{Cluster, TrafficChange};
use crate::kernel::time::SimTime;
use crate::kubectl::{Invocation, Outcome, Progress, Session};
use std::fmt;

/// Something that the user does at a moment.
#[derive(Clone, Debug)]
pub enum Action {
    /// A kubectl command.
    Kubectl(Invocation),
    /// A fault.
    Fault(Fault),
    /// Simulated clients begin, or stop.
    Traffic(TrafficChange),
    /// A waiting command goes on, as it was then.
    Resume(Box<Session>),
}

/// What came of an action.
#[derive(Clone, Debug)]
pub enum Told {
    /// Nothing is to be said.
    Nothing,
    /// A command has ended, or waits.
    Command(Outcome),
    /// A waiting command went on: what it says, and the session as it is now.
    Resumed(Progress, Box<Session>),
}

impl Action {
    /// Does it to a cluster, now.
    ///
    /// # Errors
    /// If a fault names something that isn't there, or a client that is there already.
    pub fn perform(&self, cluster: &mut Cluster) -> Result<Told, String> {
        match self {
            Action::Kubectl(invocation) => Ok(Told::Command(cluster.kubectl(invocation))),
            Action::Fault(fault) => cluster.fault(fault).map(|()| Told::Nothing),
            Action::Traffic(change) => cluster.change_traffic(change).map(|()| Told::Nothing),
            Action::Resume(session) => {
                let mut session = session.clone();
                Ok(Told::Resumed(cluster.poll(&mut session), session))
            }
        }
    }
}

/// What a timeline leads through time: a cluster, alone or with those who sit before it.
pub trait World: Clone + fmt::Debug {
    /// What can be done to it.
    type Deed: Clone + fmt::Debug;
    /// What comes of that.
    type Told;

    /// Its cluster.
    fn cluster(&self) -> &Cluster;

    /// When something happens by itself next.
    fn next_at(&mut self) -> Option<SimTime>;

    /// Lets everything happen that is due by a moment, and the clock come to it.
    fn run_until(&mut self, to: SimTime);

    /// Comes to a moment at which something was done: so many events had been handled then. Others of the same nanosecond may still wait.
    fn reach(&mut self, at: SimTime, handled: u64);

    /// Does something, now.
    ///
    /// # Errors
    /// It can't be done, in words.
    fn perform(&mut self, deed: &Self::Deed) -> Result<Self::Told, String>;
}

impl World for Cluster {
    type Deed = Action;
    type Told = Told;

    fn cluster(&self) -> &Cluster {
        self
    }

    fn next_at(&mut self) -> Option<SimTime> {
        Cluster::next_at(self)
    }

    fn run_until(&mut self, to: SimTime) {
        Cluster::run_until(self, to);
    }

    fn reach(&mut self, at: SimTime, handled: u64) {
        while self.handled() < handled && self.step() {}
        self.rest_until(at);
    }

    fn perform(&mut self, action: &Action) -> Result<Told, String> {
        action.perform(self)
    }
}

/// Something that was done, and exactly when.
#[derive(Clone, Debug)]
pub struct Done<D> {
    /// When.
    pub at: SimTime,
    /// How many events had been handled before: some of the same nanosecond may have come later.
    pub handled: u64,
    /// What.
    pub deed: D,
}

/// What is kept of a run: how it began, what was done, and states on the way.
#[derive(Clone, Debug)]
pub struct Record<W: World = Cluster> {
    start: W,
    deeds: Vec<Done<W::Deed>>,
    checkpoints: Checkpoints<W>,
}

impl<W: World> Record<W> {
    /// A run that has just begun.
    pub fn new(start: W) -> Self {
        let checkpoints = Checkpoints { due: start.cluster().handled() + SPACING, spacing: SPACING, kept: Vec::new() };
        Record { start, deeds: Vec::new(), checkpoints }
    }

    /// Notes that something is about to be done to the world as it is now.
    pub fn note(&mut self, world: &W, deed: W::Deed) {
        self.deeds.push(Done { at: world.cluster().now(), handled: world.cluster().handled(), deed });
    }

    /// Keeps the world as it is now, after all that was noted, if the last state that was kept is far behind.
    pub fn keep(&mut self, world: &W) {
        self.checkpoints.keep(world, self.deeds.len());
    }

    /// The same run of a world around this one.
    pub fn within<V: World>(self, world: impl Fn(W) -> V, deed: impl Fn(W::Deed) -> V::Deed) -> Record<V> {
        let Checkpoints { kept, due, spacing } = self.checkpoints;
        Record {
            start: world(self.start),
            deeds: self.deeds.into_iter().map(|done| Done { at: done.at, handled: done.handled, deed: deed(done.deed) }).collect(),
            checkpoints: Checkpoints { kept: kept.into_iter().map(|(done, kept)| (done, world(kept))).collect(), due, spacing },
        }
    }

    /// The latest state that is kept from before a moment.
    fn nearest(&self, to: SimTime) -> (usize, &W) {
        let before = self.checkpoints.kept.iter().rev().find(|(_, world)| world.cluster().now() <= to);
        before.map_or((0, &self.start), |(done, world)| (*done, world))
    }
}

/// How many events lie between two checkpoints at first: they are handled again in a few milliseconds, in a browser too.
const SPACING: u64 = 256;

/// Above this many checkpoints, every second one is let go, and the next come half as often.
const CHECKPOINTS: usize = 64;

/// States on the way, oldest first, each with the number of deeds that it has seen.
#[derive(Clone, Debug)]
struct Checkpoints<W> {
    kept: Vec<(usize, W)>,
    /// After how many events the next is kept.
    due: u64,
    spacing: u64,
}

impl<W: World> Checkpoints<W> {
    fn keep(&mut self, world: &W, done: usize) {
        let handled = world.cluster().handled();
        if handled < self.due {
            return;
        }
        self.kept.push((done, world.clone()));
        if self.kept.len() > CHECKPOINTS {
            let mut place = 0;
            self.kept.retain(|_| {
                place += 1;
                place % 2 == 0
            });
            self.spacing *= 2;
        }
        self.due = handled + self.spacing;
    }

    /// Lets go what comes after a moment, or after more deeds.
    fn forget_after(&mut self, now: SimTime, done: usize, start: &W) {
        self.kept.retain(|(seen, world)| *seen <= done && world.cluster().now() <= now);
        let last = self.kept.last().map_or(start, |(_, world)| world);
        self.due = last.cluster().handled() + self.spacing;
    }
}

/// Leads a world that has seen so many of the deeds to a moment, and says how many it has seen then.
fn play<W: World>(world: &mut W, mut done: usize, deeds: &[Done<W::Deed>], to: SimTime, keep: &mut dyn FnMut(&W, usize)) -> usize {
    let mut advance = |world: &mut W, done: usize, to: SimTime| {
        while let Some(next) = world.next_at().filter(|at| *at <= to) {
            world.run_until(next);
            keep(world, done);
        }
        if to > world.cluster().now() {
            world.run_until(to);
        }
    };
    while let Some(next) = deeds.get(done).filter(|next| next.at <= to) {
        // Of the deed's own nanosecond, only what happened before it may have happened.
        if let Some(before) = next.at.as_nanos().checked_sub(1) {
            advance(world, done, SimTime::from_nanos(before));
        }
        world.reach(next.at, next.handled);
        // It succeeded when it was done first, and the replay is the same run.
        let _ = world.perform(&next.deed);
        done += 1;
    }
    advance(world, done, to);
    done
}

/// A run that can be looked at from any moment.
#[derive(Clone, Debug)]
pub struct Timeline<W: World = Cluster> {
    /// The world at the moment that is looked at.
    present: W,
    record: Record<W>,
    /// How many of the deeds the present has seen.
    done: usize,
}

impl<W: World> Timeline<W> {
    /// A timeline that begins with this world.
    pub fn new(start: W) -> Self {
        Timeline::of(Record::new(start))
    }

    /// A run that was played already, looked at from its start.
    pub fn of(record: Record<W>) -> Self {
        Timeline { present: record.start.clone(), record, done: 0 }
    }

    /// The world at the moment that is looked at.
    pub fn present(&self) -> &W {
        &self.present
    }

    /// The same, for what doesn't count as done to it: to read what it wants to say.
    pub fn present_mut(&mut self) -> &mut W {
        &mut self.present
    }

    /// When the next event is due, or the next deed that was undone by going back.
    pub fn next_at(&mut self) -> Option<SimTime> {
        let deed = self.record.deeds.get(self.done).map(|done| done.at);
        [self.present.next_at(), deed].into_iter().flatten().min()
    }

    /// All that was done so far, the undone deeds of the future too.
    pub fn deeds(&self) -> &[Done<W::Deed>] {
        &self.record.deeds
    }

    /// Those of them that lie ahead.
    pub fn ahead(&self) -> &[Done<W::Deed>] {
        &self.record.deeds[self.done..]
    }

    /// Does something at the present moment. If the present lies in the past, what had been done later is dropped: a fork.
    ///
    /// # Errors
    /// It can't be done, in words.
    pub fn act(&mut self, deed: W::Deed) -> Result<W::Told, String> {
        let before = (self.present.cluster().now(), self.present.cluster().handled());
        let told = self.present.perform(&deed)?;
        self.forget_ahead(before.0);
        self.record.deeds.push(Done { at: before.0, handled: before.1, deed });
        self.done = self.record.deeds.len();
        Ok(told)
    }

    /// Drops what had been done later than a moment, the present's.
    fn forget_ahead(&mut self, now: SimTime) {
        self.record.deeds.truncate(self.done);
        self.record.checkpoints.forget_after(now, self.done, &self.record.start);
    }

    /// Goes to a moment, forward or back. What lies on the way forward is played.
    pub fn seek(&mut self, to: SimTime) {
        if to < self.present.cluster().now() {
            self.go_back(to);
        }
        self.play(to);
    }

    /// As [`Timeline::seek`], by a checkpoint that lies ahead if there is one: what happens on the way there isn't played again.
    pub fn jump(&mut self, to: SimTime) {
        let is_ahead = self.record.nearest(to).1.cluster().handled() > self.present.cluster().handled();
        if is_ahead || to < self.present.cluster().now() {
            self.go_back(to);
        }
        self.play(to);
    }

    /// Goes to the start, before anything was done or has happened.
    pub fn rewind(&mut self) {
        (self.present, self.done) = (self.record.start.clone(), 0);
    }

    fn go_back(&mut self, to: SimTime) {
        let (done, nearest) = self.record.nearest(to);
        (self.present, self.done) = (nearest.clone(), done);
    }

    fn play(&mut self, to: SimTime) {
        let Record { deeds, checkpoints, .. } = &mut self.record;
        self.done = play(&mut self.present, self.done, deeds, to, &mut |world, done| checkpoints.keep(world, done));
    }

    /// A second timeline from the present moment on; this one stays as it is.
    pub fn fork(&self) -> Timeline<W> {
        let mut fork = self.clone();
        fork.forget_ahead(self.present.cluster().now());
        fork
    }

    /// The world as it was or will be at a moment. The present stays where it is.
    pub fn glimpse(&self, at: SimTime) -> W {
        let (here, (mut done, mut nearest)) = (self.present.cluster(), self.record.nearest(at));
        if here.now() <= at && here.handled() >= nearest.cluster().handled() {
            (done, nearest) = (self.done, &self.present);
        }
        let mut world = nearest.clone();
        play(&mut world, done, &self.record.deeds, at, &mut |_, _| {});
        world
    }
}

impl Timeline {
    /// Asks a waiting command what it has to say. That is an action only when it does more than read.
    pub fn poll(&mut self, session: &mut Session) -> Progress {
        if !session.acts_at(self.present.now()) {
            return self.present.poll(session);
        }
        match self.act(Action::Resume(Box::new(session.clone()))) {
            Ok(Told::Resumed(progress, now)) => {
                *session = *now;
                progress
            }
            _ => unreachable!("a session that is resumed says how it goes on"),
        }
    }
}
