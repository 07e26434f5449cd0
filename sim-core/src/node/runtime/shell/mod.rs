//! What runs in a container, as far as its `command` and `args` say it: a small sh over virtual files and virtual time.
//!
//! Nothing here runs by itself and nothing is stored: [`trace`] plays a [`Script`] from its start to a moment and tells what came of it.
//! A run is a function of the script, of its [`Setting`] and of the answers of a [`Network`], so it can be asked again and again, in
//! any order, and costs nothing while nobody asks. Loops that only wait are not played round by round: once a round changes nothing,
//! the rounds up to the moment that is asked for are skipped (`machine/repeat`).
//!
//! Left out: job control, process substitution, arrays, `getopts`, reading from terminals. A program that isn't known says so.

pub mod arithmetic;
mod builtins;
mod commands;
pub mod expand;
pub mod machine;
pub mod network;
pub mod overlay;
pub mod parse;
pub mod pattern;
mod repeat;
pub mod syntax;
pub mod times;

use crate::kernel::time::{Epoch, SimDuration, SimTime};
use crate::node::runtime::disk::Files;
use crate::node::runtime::images::ImageFacts;
use machine::{Machine, Stop};
pub use network::{Network, NoNetwork};
use overlay::FileChange;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Where a line was written to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// What a process printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// When it was complete, counted from the process's start.
    pub at: SimDuration,
    /// Where it was written to.
    pub stream: Stream,
    /// Its text, without the line's end.
    pub text: String,
    /// Whether a line's end follows: the last line of a process may have none.
    pub whole: bool,
}

/// Where volumes are mounted, and whether they may be written to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mount {
    /// The path.
    pub path: String,
    /// Whether writing is refused.
    pub read_only: bool,
}

/// All that a process finds when it starts, and what comes to it from outside while it runs.
#[derive(Clone, Debug)]
pub struct Setting {
    /// What its image has.
    pub image: &'static ImageFacts,
    /// The image's tag: some programs differ between versions.
    pub tag: String,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// The files of its image and volumes at the start.
    pub files: Arc<Files>,
    /// Where volumes are mounted.
    pub mounts: Vec<Mount>,
    /// `securityContext.readOnlyRootFilesystem`
    pub read_only_root: bool,
    /// The pod's name, or the node's for a pod in the node's network.
    pub hostname: String,
    /// The pod's address.
    pub address: Option<Ipv4Addr>,
    /// The user's number.
    pub user: u32,
    /// The directory that it starts in.
    pub cwd: String,
    /// What the calendar says at the start of the run.
    pub epoch: Epoch,
    /// When the process starts.
    pub started: SimTime,
    /// Thousandths of a CPU of the node.
    pub milli_cpu: i64,
    /// The node's memory in bytes.
    pub memory: i64,
    /// What others do to its files, in order of time: `kubectl exec`, other containers through a volume.
    pub outside: Vec<(SimDuration, String, FileChange)>,
    /// When it gets TERM.
    pub term: Option<SimDuration>,
    /// Whether it is the first process of its namespace: then TERM does nothing unless it asked for it.
    pub pid_one: bool,
    /// Whether it runs beside the container's own process, as a probe, a hook or a user's command does: then a server's program, or one about which
    /// nothing is known, does its work and ends.
    pub beside: bool,
    /// What chance hangs on.
    pub seed: u64,
    /// What it reads from standard input.
    pub input: Option<String>,
}

impl Setting {
    /// A process of an image and nothing else: for tests, and to begin with.
    pub fn new(image: &'static ImageFacts) -> Setting {
        Setting {
            image,
            tag: String::new(),
            env: image.env.clone(),
            files: image.files.clone(),
            mounts: Vec::new(),
            read_only_root: false,
            hostname: "pod".to_owned(),
            address: None,
            user: image.user,
            cwd: image.workdir.clone(),
            epoch: Epoch::default(),
            started: SimTime::ZERO,
            milli_cpu: 4_000,
            memory: 16 << 30,
            outside: Vec::new(),
            term: None,
            pid_one: true,
            beside: false,
            seed: 1,
            input: None,
        }
    }
}

/// The words that a process was started with; a script among them is read once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    /// The command and its arguments.
    pub argv: Vec<String>,
}

/// Why a process can't even start, in the words of containerd and runc.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotStarted {
    /// `exec: "foo": executable file not found in $PATH`
    pub why: String,
    /// What the container's exit code is then: 127 if the file isn't there, 126 if it can't be run. The kubelet reports 128 (`StartError`).
    pub code: i32,
}

/// How a process ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It runs at the moment that was asked for, or for ever.
    Running,
    /// It runs for ever and uses a whole CPU since then.
    Busy(SimDuration),
    /// It asked the network something at this time that nobody can know yet.
    Unknown(SimDuration),
    /// It ended after this time with this code.
    Exited(SimDuration, i32),
}

/// What came of a process up to a moment.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Whether it has ended.
    pub end: End,
    /// What it printed, oldest first; of very much only the latest.
    pub lines: Vec<Line>,
    /// What it did to files.
    pub changes: Vec<(SimDuration, String, FileChange)>,
    /// Its files at the end.
    pub files: Files,
    /// The directory that it was in.
    pub cwd: String,
    /// How many bytes it has written that are still there.
    pub written: u64,
    /// How much memory it uses from when on, beyond its program's own.
    pub memory: Vec<(SimDuration, u64)>,
    /// How many thousandths of a CPU it uses from when on, beyond its program's own.
    pub milli_cpu: Vec<(SimDuration, u64)>,
    /// The signals that it sent to the first process of its container.
    pub signals: Vec<(SimDuration, i32)>,
    /// Whether it met something that the model doesn't know: a program that the image hasn't, or the network.
    pub met_unknown: bool,
}

impl Trace {
    /// When it ended and with which code, if it has.
    pub fn ended(&self) -> Option<(SimDuration, i32)> {
        match self.end {
            End::Exited(at, code) => Some((at, code)),
            _ => None,
        }
    }

    /// What it printed to a stream.
    pub fn text(&self, stream: Stream) -> String {
        let lines = self.lines.iter().filter(|line| line.stream == stream);
        lines.map(|line| if line.whole { format!("{}\n", line.text) } else { line.text.clone() }).collect()
    }
}

/// Which part of a run is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Lines before this may be left out.
    pub from: SimDuration,
    /// The run is played up to and with this moment.
    pub until: SimDuration,
}

impl Script {
    /// A command with its arguments.
    pub fn new(argv: Vec<String>) -> Script {
        Script { argv }
    }

    /// Whether the image has the program, as the runtime finds out before it starts it.
    ///
    /// # Errors
    /// The runtime's words.
    pub fn check(&self, setting: &Setting) -> Result<(), NotStarted> {
        let Some(program) = self.argv.first() else {
            return Err(NotStarted { why: "no command specified".to_owned(), code: 128 });
        };
        Machine::new(setting, &NoNetwork, Window { from: SimDuration::ZERO, until: SimDuration::ZERO }).check(program)
    }

    /// When the process ends by itself, if it does. Costs little also for one that runs for days.
    pub fn end(&self, setting: &Setting, network: &dyn Network) -> End {
        trace(self, setting, network, Window { from: SimDuration::MAX, until: SimDuration::MAX }).end
    }
}

/// Plays a process from its start to a moment.
pub fn trace(script: &Script, setting: &Setting, network: &dyn Network, window: Window) -> Trace {
    let mut machine = Machine::new(setting, network, window);
    machine.disk.journal = Some(Vec::new());
    let done = machine.entry(&script.argv);
    let clock = machine.clock;
    let end = match done {
        Ok(code) | Err(Stop::Exit(code) | Stop::Return(code)) => End::Exited(clock, code & 0xff),
        Err(Stop::Break(_) | Stop::Continue(_)) => End::Exited(clock, 0),
        Err(Stop::Limit) => End::Running,
        Err(Stop::Busy) => End::Busy(clock),
        Err(Stop::Unknown) => End::Unknown(clock),
    };
    machine.into_trace(end)
}

#[cfg(test)]
mod tests;
