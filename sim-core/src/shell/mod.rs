//! The shell: what a person types into a terminal over a cluster, in the REPL and in the playground.
//!
//! kubectl commands, with or without the word; and words of time: `wait 10s`, `until pods ready`, `step`, `seek 30s`, `fault kill node
//! node-2`, `check …`, `why pod/x`. Time passes only when it is told to, or while a command waits.
//!
//! [`Line`] is what was typed, [`Underway`] a command that waits. [`Shell`] waits with it, one line after another; who has several terminals
//! polls each by itself.

mod ask;
mod command;
mod complete;
mod line;
mod passing;

pub use ask::answer;
pub use command::{Reading, Stage, Underway};
pub use complete::complete;
pub use line::{Ask, Line, Passing};
pub use passing::{Course, pass};

use crate::cluster::{Cluster, Config, TrafficChange};
use crate::kernel::time::{SimDuration, SimTime};
use crate::kubectl::{self, Output};
use crate::timeline::{Action, Timeline};
use std::collections::BTreeMap;

/// What a line brought forth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// What goes to standard error before anything else: warnings.
    pub warnings: String,
    /// What goes to standard output.
    pub stdout: String,
    /// What goes to standard error after it: errors, and hints that follow them.
    pub stderr: String,
    /// 0: done; 1: the command failed, or what was checked doesn't hold; 2: the line makes no sense.
    pub code: i32,
}

impl Reply {
    fn say(text: impl Into<String>) -> Self {
        Reply { stdout: text.into(), ..Reply::default() }
    }

    fn refuse(text: impl std::fmt::Display) -> Self {
        Reply { stderr: format!("{text}\n"), code: 2, ..Reply::default() }
    }

    fn add(&mut self, output: &Output) {
        let (warnings, errors) = output.warnings_and_errors();
        self.warnings.push_str(&warnings);
        self.stdout.push_str(&output.stdout);
        self.stderr.push_str(&errors);
    }
}

/// How long a command waits if nobody says.
const PATIENCE: SimDuration = SimDuration::from_secs(600);

/// A cluster with somebody at the keyboard.
#[derive(Clone, Debug)]
pub struct Shell {
    timeline: Timeline,
}

impl Shell {
    /// Boots a cluster.
    pub fn new(config: Config) -> Self {
        Shell::over(Cluster::new(config))
    }

    /// Sits down at a cluster in which something was done already.
    pub fn over(cluster: Cluster) -> Self {
        Shell { timeline: Timeline::new(cluster) }
    }

    /// The cluster at the present moment.
    pub fn cluster(&self) -> &Cluster {
        self.timeline.present()
    }

    /// The present moment.
    pub fn now(&self) -> SimTime {
        self.timeline.present().now()
    }

    /// Goes to a moment, forward or back.
    pub fn seek_to(&mut self, moment: SimTime) {
        self.timeline.seek(moment);
    }

    /// The files that a line reads, so that the driver can load them.
    ///
    /// # Errors
    /// If the line isn't well quoted.
    pub fn files_needed(line: &str) -> Result<Vec<String>, String> {
        let commands = kubectl::split_commands(line)?;
        Ok(commands.iter().flat_map(|words| kubectl::files_needed(words)).collect())
    }

    /// Does what a line says, and waits with it.
    pub fn line(&mut self, line: &str, files: &BTreeMap<String, String>) -> Reply {
        match Line::parse(line) {
            Err(reply) => reply,
            Ok(Line::Nothing) => Reply::default(),
            Ok(Line::Time(passing)) => pass(self, &passing),
            Ok(Line::Ask(ask)) => answer(self.cluster(), &ask),
            Ok(Line::Fault(fault)) => {
                let told = fault.to_string();
                self.act(Action::Fault(fault), &format!("{told}: done"))
            }
            Ok(Line::Traffic(change)) => self.change_traffic(change),
            Ok(Line::Kubectl(commands)) => {
                let mut reply = Reply::default();
                if let Some(underway) = Underway::begin(&mut self.timeline, commands, files, &mut reply) {
                    self.wait_for(underway, &mut reply);
                }
                reply
            }
        }
    }

    /// Lets time pass while a command waits.
    fn wait_for(&mut self, mut underway: Underway, reply: &mut Reply) {
        loop {
            let patience = underway.since() + PATIENCE;
            let next = [self.timeline.next_at(), underway.deadline()].into_iter().flatten().min();
            self.timeline.seek(next.map_or(patience, |next| next.min(patience)));
            if underway.is_due(self.cluster()) && !underway.poll(&mut self.timeline, reply) {
                return;
            }
            if self.now() >= underway.since() + PATIENCE {
                reply.stderr.push_str(&format!("interrupted after {PATIENCE} of virtual time\n"));
                reply.code = 130;
                return;
            }
        }
    }

    /// Simulated clients begin, or stop.
    pub fn change_traffic(&mut self, change: TrafficChange) -> Reply {
        let told = change.to_string();
        self.act(Action::Traffic(change), &told)
    }

    fn act(&mut self, action: Action, told: &str) -> Reply {
        match self.timeline.act(action) {
            Ok(_) => Reply::say(format!("{told}\n")),
            Err(message) => Reply::refuse(format!("error: {message}")),
        }
    }

    /// What could stand at the end of this line: whole words that begin as its last word does.
    pub fn complete(&self, line: &str) -> Vec<String> {
        complete(self.cluster(), line)
    }
}

impl Course for Shell {
    fn cluster(&self) -> &Cluster {
        self.timeline.present()
    }

    fn next_at(&mut self) -> Option<SimTime> {
        self.timeline.next_at()
    }

    fn go_on(&mut self, to: SimTime) {
        self.timeline.seek(to);
    }

    fn seek(&mut self, to: SimTime) {
        self.timeline.seek(to);
    }

    fn ahead(&self) -> String {
        match self.timeline.ahead().len() {
            0 => String::new(),
            waiting => format!("{waiting} commands lie ahead, and are dropped if you do something here"),
        }
    }
}
