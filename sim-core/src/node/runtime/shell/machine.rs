//! The state of a shell at work: its clock, what it prints, what it reads, what is set. What commands do with it is in `run`.

mod ask;
mod run;

use crate::kernel::time::{SimDuration, SimTime};
use crate::node::runtime::images::Server;
use crate::node::runtime::shell::overlay::{FileChange, Overlay, absolute, parent};
use crate::node::runtime::shell::syntax::Node;
use crate::node::runtime::shell::{End, Line, Network, Setting, Stream, Trace, Window, times};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// So many commands at one moment are an endless loop that doesn't wait.
const AT_ONCE_MAX: u32 = 20_000;
/// So many commands are played at most: after them a run stands still.
const STEPS_MAX: u32 = 3_000_000;
/// So many lines are kept.
const LINES_MAX: usize = 200_000;
/// How long commands in the background are played when nobody asks for a certain moment.
const BACKGROUND_MAX: SimDuration = SimDuration::from_secs(3_600);
/// Functions that call themselves deeper end with an error.
const DEPTH_MAX: u32 = 40;

/// Why commands end before their time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The shell ends.
    Exit(i32),
    /// So many loops are left.
    Break(u32),
    /// The next round of the loop so many out.
    Continue(u32),
    /// A function is left.
    Return(i32),
    /// The moment that was asked for has come.
    Limit,
    /// An endless loop that doesn't wait.
    Busy,
    /// The network can't say yet.
    Unknown,
}

/// How a command ended: its code, or what it ends besides itself.
pub type Done = Result<i32, Stop>;

/// Where what is printed goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sink {
    /// The container's log.
    Log(Stream),
    /// Who reads it.
    Buffer(usize),
    /// A file.
    File(String),
    /// Nowhere.
    Null,
}

/// Who gets TERM while a command runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Patience {
    /// The shell, which waits for the command to end before it does anything about it.
    Shell,
    /// The shell in its `wait`, which ends then.
    Wait,
    /// The command itself.
    Command,
}

/// How long a program takes of which only its name is known.
const QUICK: SimDuration = SimDuration::from_millis(50);

/// What is set in a shell.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Variables; true: exported.
    pub variables: BTreeMap<String, (String, bool)>,
    /// The present directory.
    pub cwd: String,
    /// Functions.
    pub functions: BTreeMap<String, Arc<Node>>,
    /// `$1`, `$2`, …
    pub arguments: Vec<String>,
    /// `$0`
    pub name: String,
    /// `$?`
    pub last: i32,
    /// `set -e`
    pub errexit: bool,
    /// `set -u`
    pub nounset: bool,
    /// `set -x`
    pub xtrace: bool,
    /// `set -o pipefail`
    pub pipefail: bool,
    /// Traps by signal.
    pub traps: BTreeMap<String, String>,
    /// Counts changes of all this: rounds of a loop that begin with the same number go the same way.
    pub version: u64,
}

/// A command in the background.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number.
    pub pid: u32,
    /// When it ends, if it does.
    pub end: Option<(SimDuration, i32)>,
}

#[derive(Clone, Debug)]
enum Coming {
    Change(String, FileChange),
    Line(Line),
}

/// A shell at work.
#[derive(Clone)]
pub struct Machine<'a> {
    /// What the process was given.
    pub setting: &'a Setting,
    network: &'a dyn Network,
    /// How much time has passed.
    pub clock: SimDuration,
    /// Up to which time is played.
    pub limit: SimDuration,
    /// From which time on lines are wanted.
    pub from: SimDuration,
    /// Files.
    pub disk: Overlay<'a>,
    /// What is set.
    pub shell: Shell,
    /// Whether bash reads the script.
    pub is_bash: bool,
    /// What can be read from standard input, and how far it was.
    pub input: Option<(Arc<str>, usize)>,
    /// Standard output and standard error.
    pub sinks: [Sink; 2],
    /// Commands in the background.
    pub jobs: Vec<Job>,
    /// Who gets TERM now.
    pub patience: Patience,
    /// Whether errors don't end the shell here, as in conditions.
    pub guarded: u32,
    /// Whether something hung on the clock besides what is printed.
    pub clock_decides: bool,
    /// Whether the clock was read.
    pub asked_clock: bool,
    /// Whether the network was asked.
    pub asked_network: bool,
    /// Whether a program was asked for that isn't there.
    pub met_unknown: bool,
    /// Memory in use.
    pub memory: Vec<(SimDuration, u64)>,
    /// CPU in use.
    pub milli_cpu: Vec<(SimDuration, u64)>,
    /// Signals sent to the container's first process.
    pub signals: Vec<(SimDuration, i32)>,
    /// Whether the part of a pipeline that runs now gets its input piece by piece, and this isn't the first.
    pub continued: bool,
    buffers: Vec<Vec<(SimDuration, String)>>,
    lines: VecDeque<Line>,
    partial: [String; 2],
    coming: VecDeque<(SimDuration, u32, Coming)>,
    is_child: bool,
    term_came: bool,
    trapped: bool,
    replaces: bool,
    steps: u32,
    at_once: u32,
    depth: u32,
}

impl<'a> Machine<'a> {
    /// A shell before its first command.
    pub fn new(setting: &'a Setting, network: &'a dyn Network, window: Window) -> Self {
        let variables = setting.env.iter().map(|(name, value)| (name.clone(), (value.clone(), true))).collect();
        let shell = Shell {
            variables,
            cwd: setting.cwd.clone(),
            functions: BTreeMap::new(),
            arguments: Vec::new(),
            name: "sh".to_owned(),
            last: 0,
            errexit: false,
            nounset: false,
            xtrace: false,
            pipefail: false,
            traps: BTreeMap::new(),
            version: 0,
        };
        Machine {
            setting,
            network,
            clock: SimDuration::ZERO,
            limit: window.until,
            from: window.from,
            disk: Overlay::new(&setting.files),
            shell,
            is_bash: false,
            input: setting.input.as_ref().map(|text| (Arc::from(text.as_str()), 0)),
            sinks: [Sink::Log(Stream::Out), Sink::Log(Stream::Err)],
            jobs: Vec::new(),
            patience: Patience::Command,
            guarded: 0,
            clock_decides: false,
            asked_clock: false,
            asked_network: false,
            met_unknown: false,
            memory: Vec::new(),
            milli_cpu: Vec::new(),
            signals: Vec::new(),
            continued: false,
            buffers: Vec::new(),
            lines: VecDeque::new(),
            partial: [String::new(), String::new()],
            coming: setting.outside.iter().map(|(at, path, change)| (*at, 0, Coming::Change(path.clone(), change.clone()))).collect(),
            is_child: false,
            term_came: false,
            trapped: false,
            replaces: false,
            steps: 0,
            at_once: 0,
            depth: 0,
        }
    }

    /// What came of it.
    pub fn into_trace(mut self, end: End) -> Trace {
        for stream in [Stream::Out, Stream::Err] {
            let text = std::mem::take(&mut self.partial[stream as usize]);
            if !text.is_empty() && matches!(end, End::Exited(..)) {
                self.lines.push_back(Line { at: self.clock, stream, text, whole: false });
            }
        }
        if matches!(end, End::Busy(_)) {
            self.milli_cpu.push((self.clock, 1_000));
        }
        Trace {
            end,
            written: self.disk.bytes_written(),
            files: self.disk.files(),
            lines: self.lines.into(),
            changes: self.disk.journal.unwrap_or_default(),
            cwd: self.shell.cwd,
            memory: self.memory,
            milli_cpu: self.milli_cpu,
            signals: self.signals,
            met_unknown: self.met_unknown,
        }
    }

    /// The calendar's moment, as `date` sees it.
    pub fn now(&mut self) -> SimTime {
        self.asked_clock = true;
        self.setting.started + self.clock
    }

    /// The present moment in a pattern of `date`.
    pub fn date(&mut self, pattern: &str) -> String {
        let now = self.now();
        times::format(self.setting.epoch, now, pattern)
    }

    /// When something comes from outside next.
    pub fn next_coming(&self) -> Option<SimDuration> {
        let term = self.setting.term.filter(|_| !self.term_came && !self.is_child);
        let coming = self.coming.front().map(|(at, ..)| *at);
        [term, coming].into_iter().flatten().min()
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// The limit, or the end of the process by TERM.
    pub fn advance(&mut self, span: SimDuration) -> Result<(), Stop> {
        let to = self.clock + span;
        if let Some(term) = self.setting.term.filter(|term| !self.term_came && !self.is_child && *term <= to && *term <= self.limit) {
            self.term_came = true;
            let term = term.max(self.clock);
            let has_trap = self.patience != Patience::Command && self.shell.traps.contains_key("TERM");
            match (self.patience, has_trap) {
                (Patience::Wait, true) => {
                    self.pass(term);
                    self.trapped = true;
                    return Ok(());
                }
                (_, true) => self.trapped = true,
                (_, false) if self.setting.pid_one => {}
                (_, false) => {
                    self.pass(term);
                    return Err(Stop::Exit(143));
                }
            }
        }
        if to > self.limit || span == SimDuration::MAX {
            self.pass(self.limit);
            return Err(Stop::Limit);
        }
        self.pass(to);
        Ok(())
    }

    /// Sets the clock forward; what comes until then comes.
    pub fn pass(&mut self, to: SimDuration) {
        while self.coming.front().is_some_and(|(at, ..)| *at <= to) {
            let Some((at, _, coming)) = self.coming.pop_front() else { break };
            match coming {
                Coming::Change(path, change) => self.disk.apply(at, &path, &change),
                Coming::Line(line) => self.push_line(line),
            }
        }
        if to > self.clock {
            self.at_once = 0;
        }
        self.clock = self.clock.max(to);
    }

    /// The time of the next change of a file from outside, if one comes.
    pub fn next_change_of(&self, path: &str) -> Option<SimDuration> {
        let changes = |coming: &Coming| matches!(coming, Coming::Change(changed, _) if changed == path);
        self.coming.iter().find(|(_, _, coming)| changes(coming)).map(|(at, ..)| *at)
    }

    /// A server takes over: it says what it says at its start, and runs until TERM or for ever.
    ///
    /// # Errors
    /// The limit, or its end.
    pub fn serve(&mut self, server: &'a Server) -> Done {
        if self.setting.beside {
            self.advance(QUICK)?;
            return Ok(0);
        }
        if let Some(needs) = &server.needs
            && !needs.any_env.iter().any(|name| self.variable(name).is_some_and(|value| !value.is_empty()))
        {
            self.advance(needs.after)?;
            self.print(1, &format!("{}\n", needs.says));
            return Ok(needs.code);
        }
        self.memory.push((self.clock, server.memory));
        let begin = self.clock;
        let term = self.setting.term.filter(|_| self.patience == Patience::Command && !self.is_child);
        for said in &server.log {
            let at = begin + said.after;
            if term.is_some_and(|term| term < at) {
                break;
            }
            self.advance(at.saturating_sub(self.clock))?;
            self.say_line(said.stream, &said.text);
        }
        if let Some((after, code)) = server.ends {
            self.advance((begin + after).saturating_sub(self.clock))?;
            return Ok(code);
        }
        match term {
            Some(term) if server.stops.is_some() && term <= self.limit => {
                self.term_came = true;
                self.pass(term.max(self.clock));
                let Some(stops) = &server.stops else { return Err(Stop::Limit) };
                for said in &stops.log {
                    self.advance((term + said.after).saturating_sub(self.clock))?;
                    self.say_line(said.stream, &said.text);
                }
                self.advance((term + stops.after).saturating_sub(self.clock))?;
                Err(Stop::Exit(stops.code))
            }
            _ => self.advance(SimDuration::MAX).map(|()| 0),
        }
    }

    /// Prints a line of a program's log, with the moment, the host's name and its address put in.
    fn say_line(&mut self, stream: Stream, text: &str) {
        let now = self.setting.started + self.clock;
        let text = filled(text, |name| match name {
            "hostname" => self.setting.hostname.clone(),
            "ip" => self.setting.address.map_or_else(|| "127.0.0.1".to_owned(), |address| address.to_string()),
            name if name.starts_with('%') => times::format(self.setting.epoch, now, name),
            name => self.variable(name).unwrap_or_default(),
        });
        self.print(stream as usize, &format!("{text}\n"));
    }

    /// Prints to standard output (0) or standard error (1).
    pub fn print(&mut self, fd: usize, text: &str) {
        match self.sinks[fd].clone() {
            Sink::Null => {}
            Sink::Log(stream) => self.log(stream, text),
            Sink::Buffer(at) => match self.buffers[at].last_mut() {
                Some((when, buffered)) if *when == self.clock => buffered.push_str(text),
                _ => self.buffers[at].push((self.clock, text.to_owned())),
            },
            Sink::File(path) => self.disk.append(self.clock, &path, text),
        }
    }

    fn log(&mut self, stream: Stream, text: &str) {
        let mut rest = text;
        while let Some(end) = rest.find('\n') {
            let mut line = std::mem::take(&mut self.partial[stream as usize]);
            line.push_str(&rest[..end]);
            self.push_line(Line { at: self.clock, stream, text: line, whole: true });
            rest = &rest[end + 1..];
        }
        self.partial[stream as usize].push_str(rest);
    }

    fn push_line(&mut self, line: Line) {
        if line.at < self.from {
            return;
        }
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// Prints to standard output.
    pub fn say(&mut self, text: &str) {
        self.print(0, text);
    }

    /// Prints a line to standard error.
    pub fn complain(&mut self, text: &str) {
        self.print(1, &format!("{text}\n"));
    }

    /// The shell itself complains.
    pub fn complain_as_shell(&mut self, text: &str) {
        let prefix = self.complaint_prefix();
        self.complain(&format!("{prefix}{text}"));
    }

    /// Whether standard output leads to a reader or a file rather than to the log.
    pub fn sink(&self) -> &Sink {
        &self.sinks[0]
    }

    /// Runs something with its standard output kept for a reader.
    pub fn captured<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> (T, Vec<(SimDuration, String)>) {
        self.buffers.push(Vec::new());
        let sink = Sink::Buffer(self.buffers.len() - 1);
        let before = std::mem::replace(&mut self.sinks[0], sink);
        let result = run(self);
        self.sinks[0] = before;
        (result, self.buffers.pop().unwrap_or_default())
    }

    /// All that is left of standard input.
    pub fn read_all(&mut self) -> String {
        match &mut self.input {
            Some((text, at)) => {
                let rest = text[*at..].to_owned();
                *at = text.len();
                rest
            }
            None => String::new(),
        }
    }

    /// The next line of standard input, without its end.
    pub fn read_line(&mut self) -> Option<String> {
        let (text, at) = self.input.as_mut()?;
        let rest = &text[*at..];
        if rest.is_empty() {
            return None;
        }
        let end = rest.find('\n').unwrap_or(rest.len());
        let line = rest[..end].to_owned();
        *at += (end + 1).min(rest.len());
        Some(line)
    }

    /// A variable's value.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.shell.variables.get(name).map(|(value, _)| value.clone())
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.shell.variables.get_mut(name) {
            Some((old, _)) if old == value => {}
            Some((old, _)) => {
                value.clone_into(old);
                self.shell.version += 1;
            }
            None => {
                self.shell.variables.insert(name.to_owned(), (value.to_owned(), false));
                self.shell.version += 1;
            }
        }
    }

    /// What the shell's own variables are.
    pub fn special(&self, name: &str) -> Option<String> {
        let shell = &self.shell;
        match name {
            "?" => Some(shell.last.to_string()),
            "#" => Some(shell.arguments.len().to_string()),
            "$" => Some(if self.setting.pid_one { "1" } else { "7" }.to_owned()),
            "!" => self.jobs.last().map(|job| job.pid.to_string()),
            "@" | "*" => Some(shell.arguments.join(" ")),
            "-" => Some(String::new()),
            "0" => Some(shell.name.clone()),
            "PWD" => Some(shell.cwd.clone()),
            "RANDOM" => Some((self.chance() % 32_768).to_string()),
            _ => {
                let number: usize = name.parse().ok()?;
                shell.arguments.get(number - 1).cloned()
            }
        }
    }

    /// A number that depends on the run and the moment alone.
    pub fn chance(&self) -> u64 {
        let key = u128::from(self.setting.started.as_nanos()) << 64 | u128::from(self.clock.as_nanos() + u64::from(self.steps));
        crate::kernel::chance::draw(self.setting.seed, crate::kernel::chance::Stream::Container, key).bits()
    }

    /// A path from here.
    pub fn path(&self, path: &str) -> String {
        absolute(&self.shell.cwd, path)
    }

    /// Why a path can't be written to, if it can't.
    pub fn write_refused(&self, path: &str) -> Option<&'static str> {
        let mounts = self.setting.mounts.iter().filter(|mount| path == mount.path || path.starts_with(&format!("{}/", mount.path)));
        let mount = mounts.max_by_key(|mount| mount.path.len());
        let device = path.starts_with("/dev/") || path.starts_with("/proc/");
        match mount {
            Some(mount) if mount.read_only => Some("Read-only file system"),
            Some(_) => None,
            None if self.setting.read_only_root && !device => Some("Read-only file system"),
            None if self.setting.user != 0 && !device && !["/tmp", "/var/tmp"].iter().any(|free| path.starts_with(free)) => {
                let home = self.variable("HOME").filter(|home| home.len() > 1);
                let own = home.is_some_and(|home| path.starts_with(&home));
                (!own).then_some("Permission denied")
            }
            None if self.disk.is_directory(path) => Some("Is a directory"),
            None => None,
        }
        .or_else(|| (!self.disk.is_directory(parent(path))).then_some("No such file or directory"))
    }

    fn step(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        self.at_once += 1;
        if self.at_once > AT_ONCE_MAX {
            return Err(Stop::Busy);
        }
        if self.steps > STEPS_MAX { Err(Stop::Limit) } else { Ok(()) }
    }
}

/// A text with the names in braces replaced; two braces stand for one.
pub fn filled(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            out.push('{');
            rest = after;
        } else if let Some(close) = rest.find('}') {
            out.push_str(&value(&rest[..close]));
            rest = &rest[close + 1..];
        } else {
            out.push('{');
        }
    }
    out + rest
}
