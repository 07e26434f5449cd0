//! kubectl lines, begun at a moment and polled while they wait: the same for who waits with them and for who has other things to do.

use super::Reply;
use super::line::unknown;
use crate::cluster::Cluster;
use crate::kernel::time::SimTime;
use crate::kubectl::{self, Invocation, Outcome, Progress, Session};
use crate::timeline::{Action, Timeline, Told};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What commands act on: a cluster, or a timeline that remembers what is done.
pub trait Stage {
    /// The cluster at the present moment.
    fn cluster(&self) -> &Cluster;

    /// Does something to it.
    ///
    /// # Errors
    /// It can't be done, in words.
    fn act(&mut self, action: Action) -> Result<Told, String>;

    /// Asks a waiting command what it has to say.
    fn poll(&mut self, session: &mut Session) -> Progress;
}

impl Stage for Cluster {
    fn cluster(&self) -> &Cluster {
        self
    }

    fn act(&mut self, action: Action) -> Result<Told, String> {
        action.perform(self)
    }

    fn poll(&mut self, session: &mut Session) -> Progress {
        Cluster::poll(self, session)
    }
}

impl Stage for Timeline {
    fn cluster(&self) -> &Cluster {
        self.present()
    }

    fn act(&mut self, action: Action) -> Result<Told, String> {
        Timeline::act(self, action)
    }

    fn poll(&mut self, session: &mut Session) -> Progress {
        Timeline::poll(self, session)
    }
}

/// A cluster that is only read: what a command leaves behind in it, such as the note that it was run, is thrown away.
#[derive(Debug)]
pub struct Reading<'a>(pub &'a mut Cluster);

impl Stage for Reading<'_> {
    fn cluster(&self) -> &Cluster {
        self.0
    }

    fn act(&mut self, action: Action) -> Result<Told, String> {
        action.perform(&mut self.0.clone())
    }

    fn poll(&mut self, session: &mut Session) -> Progress {
        self.0.poll(session)
    }
}

/// A line whose command waits, and the commands that come after it.
#[derive(Clone, Debug)]
pub struct Underway {
    session: Session,
    /// Since when this command waits.
    since: SimTime,
    /// When it is to be asked even if nothing has changed.
    deadline: Option<SimTime>,
    /// The store's revision when it was asked last.
    revision: u64,
    rest: VecDeque<Vec<String>>,
    files: Arc<BTreeMap<String, String>>,
}

impl Underway {
    /// Begins a line, and runs its commands until one waits or fails.
    pub fn begin(
        stage: &mut impl Stage,
        commands: Vec<Vec<String>>,
        files: &BTreeMap<String, String>,
        reply: &mut Reply,
    ) -> Option<Underway> {
        run(stage, None, commands.into(), Arc::new(files.clone()), reply)
    }

    /// Since when its command waits.
    pub fn since(&self) -> SimTime {
        self.since
    }

    /// When to poll even if nothing changes.
    pub fn deadline(&self) -> Option<SimTime> {
        self.deadline
    }

    /// Whether there is a reason to poll.
    pub fn is_due(&self, cluster: &Cluster) -> bool {
        self.revision != cluster.store().revision() || self.deadline.is_some_and(|deadline| deadline <= cluster.now())
    }

    /// Asks its command what it has to say, and goes on to the next if it has ended. Returns whether the line still waits.
    pub fn poll(&mut self, stage: &mut impl Stage, reply: &mut Reply) -> bool {
        let progress = stage.poll(&mut self.session);
        reply.add(&progress.output);
        self.revision = stage.cluster().store().revision();
        if !progress.done {
            let now = stage.cluster().now();
            self.deadline = progress.deadline.filter(|deadline| *deadline > now);
            return true;
        }
        reply.code = progress.output.code;
        if reply.code != 0 && progress.then.is_none() {
            return false;
        }
        let next = run(stage, progress.then, std::mem::take(&mut self.rest), self.files.clone(), reply);
        next.map(|next| *self = next).is_some()
    }
}

/// Runs commands until one waits or fails.
fn run(
    stage: &mut impl Stage,
    mut first: Option<Invocation>,
    mut rest: VecDeque<Vec<String>>,
    files: Arc<BTreeMap<String, String>>,
    reply: &mut Reply,
) -> Option<Underway> {
    loop {
        let invocation = match first.take() {
            Some(first) => first,
            None => {
                let args = rest.pop_front()?;
                if let Some(refusal) = unknown(&args) {
                    reply.stderr.push_str(&refusal.stderr);
                    reply.code = refusal.code;
                    return None;
                }
                Invocation { args, files: (*files).clone() }
            }
        };
        match stage.act(Action::Kubectl(invocation)) {
            Ok(Told::Command(Outcome::Done(output))) => {
                reply.add(&output);
                reply.code = if output.bad_input { 2 } else { output.code };
                if output.bad_input {
                    reply.stderr.push_str(&kubectl::hints(&files));
                }
                if reply.code != 0 {
                    return None;
                }
            }
            Ok(Told::Command(Outcome::Waiting(output, session))) => {
                reply.add(&output);
                let (now, revision) = (stage.cluster().now(), stage.cluster().store().revision());
                // It is asked again at once, for it may wait for a moment rather than for a change.
                return Some(Underway { session, since: now, deadline: Some(now), revision, rest, files });
            }
            Ok(_) => unreachable!("a command ends or waits"),
            Err(message) => {
                reply.stderr.push_str(&format!("error: {message}\n"));
                reply.code = 2;
                return None;
            }
        }
    }
}
