//! Time travel: checkpoints, seek, fork.
//!
//! A checkpoint is a clone of the cluster. Inputs are kept with their times, so any moment can be reached again: the nearest checkpoint
//! before it, plus replay. Acting in the past makes a fork. Run = replay = seek, by fingerprint.

use crate::cluster::faults::Fault;
use crate::cluster::{Cluster, TrafficChange};
use crate::kernel::time::{SimDuration, SimTime};
use crate::kubectl::{Invocation, Outcome, Progress, Session};

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

/// A run that can be looked at from any moment.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The cluster at the moment that is looked at.
    present: Cluster,
    /// Earlier states, oldest first; the first is the start.
    checkpoints: Vec<Cluster>,
    actions: Vec<(SimTime, Action)>,
    /// How many of the actions the present has seen.
    done: usize,
}

/// How much virtual time lies between two checkpoints, at least.
const CHECKPOINT_SPACING: SimDuration = SimDuration::from_secs(1);

/// Above this many checkpoints, every second one of the older half is let go.
const CHECKPOINTS: usize = 64;

impl Timeline {
    /// A timeline that begins with this cluster.
    pub fn new(start: Cluster) -> Self {
        Timeline { checkpoints: vec![start.clone()], present: start, actions: Vec::new(), done: 0 }
    }

    /// The cluster at the moment that is looked at.
    pub fn present(&self) -> &Cluster {
        &self.present
    }

    /// When the next event is due, or the next action that was undone by going back.
    pub fn next_at(&mut self) -> Option<SimTime> {
        let action = self.actions.get(self.done).map(|(at, _)| *at);
        [self.present.next_at(), action].into_iter().flatten().min()
    }

    /// Asks a waiting command what it has to say. That is an action only when it does more than read.
    pub fn poll(&mut self, session: &mut Session) -> Progress {
        let now = self.present.now();
        if !session.acts_at(now) {
            return self.present.poll(session);
        }
        self.fork_here();
        self.actions.push((now, Action::Resume(Box::new(session.clone()))));
        self.done = self.actions.len();
        self.present.poll(session)
    }

    /// Drops what had been done later than the present.
    fn fork_here(&mut self) {
        let now = self.present.now();
        self.actions.truncate(self.done);
        self.checkpoints.retain(|checkpoint| checkpoint.now() <= now);
    }

    /// All actions so far, the undone ones of the future too.
    pub fn actions(&self) -> &[(SimTime, Action)] {
        &self.actions
    }

    /// Does something at the present moment. If the present lies in the past, what had been done later is dropped: a fork.
    ///
    /// # Errors
    /// If a fault names something that isn't there.
    pub fn act(&mut self, action: Action) -> Result<Option<Outcome>, String> {
        let now = self.present.now();
        self.fork_here();
        let outcome = perform(&mut self.present, &action)?;
        self.actions.push((now, action));
        self.done = self.actions.len();
        Ok(outcome)
    }

    /// Goes to a moment, forward or back.
    pub fn seek(&mut self, to: SimTime) {
        if to < self.present.now() {
            let nearest = self.checkpoints.iter().rev().find(|checkpoint| checkpoint.now() <= to).unwrap_or(&self.checkpoints[0]);
            self.present = nearest.clone();
            // Actions at the checkpoint's own moment are already in it: it was taken after them.
            let inputs = self.present.inputs().next() - self.checkpoints[0].inputs().next();
            self.done = usize::try_from(inputs).expect("every input is an action in memory");
        }
        while let Some((at, action)) = self.actions.get(self.done).cloned().filter(|(at, _)| *at <= to) {
            self.advance(at);
            // It succeeded when it was done first, and the replay is the same run.
            let _ = perform(&mut self.present, &action);
            self.done += 1;
        }
        self.advance(to);
    }

    /// Lets time pass, and keeps a checkpoint about every second in which something happens.
    fn advance(&mut self, to: SimTime) {
        while let Some(next) = self.present.next_at().filter(|at| *at <= to) {
            let due = self.checkpoints.last().map_or(SimTime::ZERO, Cluster::now) + CHECKPOINT_SPACING;
            let target = due.max(next).min(to);
            self.present.run_until(target);
            if target >= due {
                self.checkpoints.push(self.present.clone());
                self.thin();
            }
        }
        self.present.run_until(to);
    }

    /// Old checkpoints grow sparse: the older half keeps every second one.
    fn thin(&mut self) {
        if self.checkpoints.len() > CHECKPOINTS {
            let half = self.checkpoints.len() / 2;
            let mut place = 0;
            self.checkpoints.retain(|_| {
                place += 1;
                place > half || place % 2 == 1
            });
        }
    }

    /// A second timeline from the present moment on; this one stays as it is.
    pub fn fork(&self) -> Timeline {
        let mut fork = self.clone();
        fork.actions.truncate(self.done);
        fork
    }
}

fn perform(cluster: &mut Cluster, action: &Action) -> Result<Option<Outcome>, String> {
    match action {
        Action::Kubectl(invocation) => Ok(Some(cluster.kubectl(invocation))),
        Action::Fault(fault) => cluster.fault(fault).map(|()| None),
        Action::Traffic(change) => cluster.change_traffic(change).map(|()| None),
        Action::Resume(session) => {
            cluster.poll(&mut session.clone());
            Ok(None)
        }
    }
}
