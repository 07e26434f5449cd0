//! The shell: what a person types into a terminal over a cluster, in the REPL and in the playground.
//!
//! kubectl commands, with or without the word; and words of time: `wait 10s`, `until pods ready`, `step`, `seek 30s`, `fault kill node
//! node-2`, `check …`, `why pod/x`. Time passes only when it is told to, or while a command waits.

use crate::api::object::Kind;
use crate::api::resources;
use crate::cluster::faults::Fault;
use crate::cluster::network::Shown;
use crate::cluster::{Cluster, Config, TrafficChange};
use crate::explain;
use crate::kernel::time::{SimDuration, SimTime};
use crate::kubectl::{self, Invocation, Outcome, Output, Session};
use crate::net::traffic::Report;
use crate::scenario::{self, Condition, parse_traffic};
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

/// How long a command or `until` waits if nobody says.
const PATIENCE: SimDuration = SimDuration::from_secs(600);
/// How often a condition is looked at that may change although nothing happens.
const LOOK: SimDuration = SimDuration::from_millis(100);
/// After this many events a wait is given up.
const EVENTS_MAX: u64 = 5_000_000;

/// The shell's own words, with what they take and what they do.
const WORDS: &[(&str, &str, &str)] = &[
    ("kubectl", "…", "any kubectl command; the word may be left out: `get pods`"),
    ("wait", "SPAN", "lets time pass: `wait 10s`"),
    (
        "until",
        "CONDITION",
        "lets time pass until it holds, ten minutes at most: `until pods ready`, `until deployment/web is complete`, `until quiet`",
    ),
    ("step", "[N]", "handles the next event, or the next N, and says what it was"),
    ("seek", "TIME", "goes to a moment, back or forward: `seek 30s`; acting there begins another story"),
    (
        "fault",
        "FAULT",
        "breaks or mends something: `fault kill node node-2`, `fault cut network of node-2`, `fault registry down`; alone, it lists what there is",
    ),
    (
        "traffic",
        "CLIENT",
        "sends requests: `traffic name: shop, to: svc/web:80, from: node-1, rate: 200/s`; `traffic stop shop` ends it; alone, it tells how they fared",
    ),
    ("check", "CONDITION", "says whether it holds now"),
    (
        "why",
        "OBJECT",
        "tells the causes of an object's last change: `why pod/web-…`; `-n` gives the namespace, `--all` tells the whole chain",
    ),
    ("containers", "NODE", "lists what its runtime runs: sandboxes with their pause containers, and the containers in them"),
    (
        "trace",
        "FROM TO",
        "follows a packet: `trace pod/client svc/web:80`, `trace outside node/node-1:30080`, `trace outside http://shop.example/cart`; without a port it pings; `-n` gives the namespace",
    ),
    ("rules", "NODE [WHAT]", "shows what a node's kernel goes by: its proxy's rules, or its routes, interfaces, neighbours, policies"),
    ("help", "", "this"),
    ("exit", "", "leaves"),
];

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

    /// Does what a line says.
    pub fn line(&mut self, line: &str, files: &BTreeMap<String, String>) -> Reply {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "" => Reply::default(),
            "help" | "?" => Reply::say(help()),
            // kubectl has a command `wait` too; that one names an object and a condition.
            "wait" if !rest.contains('-') && !rest.contains('/') => match SimDuration::parse(rest) {
                Ok(span) => self.wait(self.now() + span),
                Err(message) => Reply::refuse(format!("error: {message}; try `wait 10s`")),
            },
            "seek" => match SimDuration::parse(rest) {
                Ok(span) => self.seek(SimTime::ZERO + span),
                Err(message) => Reply::refuse(format!("error: {message}; try `seek 30s`, counted from the start")),
            },
            "until" if rest == "quiet" => self.until_quiet(),
            "until" | "check" => match Condition::parse(rest) {
                Ok(condition) if word == "until" => self.until(&condition),
                Ok(condition) => {
                    let answer = condition.holds(self.cluster());
                    let holds = if answer.holds { "holds" } else { "does not hold" };
                    Reply {
                        stdout: format!("{holds}: {condition} ({})\n", answer.found),
                        code: i32::from(!answer.holds),
                        ..Reply::default()
                    }
                }
                Err(message) => Reply::refuse(format!("error: {message}")),
            },
            "step" => match if rest.is_empty() { Ok(1) } else { rest.parse::<u32>() } {
                Ok(count) => self.step(count),
                Err(_) => Reply::refuse(format!("error: {rest:?} is no number of events; try `step` or `step 10`")),
            },
            "fault" if rest.is_empty() => Reply::say(Fault::usages().iter().map(|usage| format!("fault {usage}\n")).collect::<String>()),
            "fault" => self.fault(rest),
            "traffic" if rest.is_empty() => match self.cluster().traffic().reports() {
                reports if reports.is_empty() => Reply::say("no traffic\n"),
                reports => Reply::say(reports.iter().map(Report::table).collect::<String>()),
            },
            "traffic" => match parse_traffic(rest) {
                Ok(change) => self.change_traffic(change),
                Err(message) => Reply::refuse(format!("error: {message}")),
            },
            "containers" => match self.cluster().find(Kind::Node, "", rest) {
                Some((node, _)) => Reply::say(self.cluster().nodes().listing(node.number)),
                None => Reply::refuse(format!("error: there is no node {rest:?}; try `containers node-1`")),
            },
            "why" => self.why(rest),
            "trace" => self.trace(rest),
            "rules" => self.rules(rest),
            _ => self.kubectl(line, files),
        }
    }

    fn kubectl(&mut self, line: &str, files: &BTreeMap<String, String>) -> Reply {
        let commands = match kubectl::split_commands(line) {
            Ok(commands) => commands,
            Err(message) => return Reply::refuse(format!("error: {message}")),
        };
        let mut reply = Reply::default();
        for args in commands {
            let verb = args.iter().find(|word| *word != "kubectl").map_or("", String::as_str);
            if !verb.starts_with('-') && !kubectl::verbs().any(|known| known == verb) {
                let own = WORDS.iter().map(|(word, ..)| *word);
                let near = scenario::nearest(verb, &own.chain(kubectl::verbs()).collect::<Vec<_>>());
                let hint = near.map_or_else(|| "`help` lists what there is".to_owned(), |near| format!("did you mean `{near}`?"));
                return Reply::refuse(format!("error: unknown command {verb:?}; {hint}"));
            }
            let mut next = Some(Invocation { args, files: files.clone() });
            while let Some(invocation) = next.take() {
                match self.timeline.act(Action::Kubectl(invocation)) {
                    Ok(Some(Outcome::Done(output))) => {
                        reply.add(&output);
                        reply.code = if output.bad_input { 2 } else { output.code };
                        if output.bad_input {
                            reply.stderr.push_str(&kubectl::hints(files));
                        }
                    }
                    Ok(Some(Outcome::Waiting(output, session))) => {
                        reply.add(&output);
                        next = self.wait_for(session, &mut reply);
                    }
                    Ok(None) => {}
                    Err(message) => return Reply::refuse(format!("error: {message}")),
                }
            }
            if reply.code != 0 {
                break;
            }
        }
        reply
    }

    /// Lets time pass while a command waits. Answers with what it wants to be run next.
    fn wait_for(&mut self, mut session: Session, reply: &mut Reply) -> Option<Invocation> {
        let patience = self.now() + PATIENCE;
        // It is asked at once, for it may wait for a moment rather than for a change.
        let mut deadline = self.now();
        loop {
            let next = self.timeline.next_at().map_or(deadline, |next| next.min(deadline));
            self.timeline.seek(next);
            let progress = self.timeline.poll(&mut session);
            reply.add(&progress.output);
            if progress.done {
                reply.code = progress.output.code;
                return progress.then;
            }
            if self.now() >= patience {
                reply.stderr.push_str(&format!("interrupted after {PATIENCE} of virtual time\n"));
                reply.code = 130;
                return None;
            }
            deadline = progress.deadline.filter(|deadline| *deadline > self.now()).unwrap_or(patience).min(patience);
        }
    }

    fn wait(&mut self, until: SimTime) -> Reply {
        self.timeline.seek(until);
        Reply::say(format!("it is {until}\n"))
    }

    fn seek(&mut self, to: SimTime) -> Reply {
        self.timeline.seek(to);
        let waiting = self.timeline.actions().iter().filter(|(at, _)| *at > to).count();
        let note =
            if waiting > 0 { format!("; {waiting} commands lie ahead, and are dropped if you do something here") } else { String::new() };
        Reply::say(format!("it is {to}{note}\n"))
    }

    fn until(&mut self, condition: &Condition) -> Reply {
        let (start, deadline) = (self.now(), self.now() + PATIENCE);
        let budget = self.cluster().handled() + EVENTS_MAX;
        let mut revision = None;
        loop {
            let present = self.cluster();
            if condition.moves_by_itself() || revision != Some(present.store().revision()) {
                revision = Some(present.store().revision());
                let answer = condition.holds(present);
                if answer.holds {
                    return Reply::say(format!(
                        "it is {}, {} later ({})\n",
                        self.now(),
                        SimTime::ZERO + self.now().since(start),
                        answer.found
                    ));
                }
            }
            let soon = if condition.moves_by_itself() { self.now() + LOOK } else { SimTime::MAX };
            let event = self.timeline.next_at().unwrap_or(SimTime::MAX);
            match Some(event.min(soon)).filter(|next| *next <= deadline && self.timeline.present().handled() < budget) {
                Some(next) => self.timeline.seek(next),
                None => {
                    self.timeline.seek(deadline);
                    let found = condition.holds(self.cluster()).found;
                    return Reply {
                        stderr: format!("it is {deadline} and still not: {condition} ({found})\n"),
                        code: 1,
                        ..Reply::default()
                    };
                }
            }
        }
    }

    fn until_quiet(&mut self) -> Reply {
        let (start, budget) = (self.now(), self.cluster().handled() + EVENTS_MAX);
        let horizon = start + SimDuration::from_secs(24 * 3600);
        while let Some(next) = self.timeline.next_at() {
            if next > horizon || self.cluster().handled() > budget {
                let pending = self.cluster().pending();
                return Reply {
                    stderr: format!("it is {} and the cluster isn't quiet: {pending} events wait\n", self.now()),
                    code: 1,
                    ..Reply::default()
                };
            }
            self.timeline.seek(next);
        }
        Reply::say(format!("it is {}; nothing waits any more\n", self.now()))
    }

    fn step(&mut self, count: u32) -> Reply {
        let mut told = String::new();
        for _ in 0..count.min(10_000) {
            let Some(next) = self.timeline.next_at() else {
                told.push_str("nothing waits\n");
                break;
            };
            let before = self.cluster().trace().noted();
            self.timeline.seek(next);
            for sentence in explain::since(self.cluster(), before) {
                told.push_str(&format!("{sentence}\n"));
            }
        }
        Reply::say(told)
    }

    fn fault(&mut self, text: &str) -> Reply {
        match Fault::parse(text).and_then(|fault| self.timeline.act(Action::Fault(fault))) {
            Ok(_) => Reply::say(format!("{text}: done\n")),
            Err(message) => Reply::refuse(format!("error: {message}")),
        }
    }

    /// Simulated clients begin, or stop.
    pub fn change_traffic(&mut self, change: TrafficChange) -> Reply {
        let told = change.to_string();
        match self.timeline.act(Action::Traffic(change)) {
            Ok(_) => Reply::say(format!("{told}\n")),
            Err(message) => Reply::refuse(format!("error: {message}")),
        }
    }

    fn why(&mut self, rest: &str) -> Reply {
        let mut namespace = "default".to_owned();
        let (mut object, mut all) = (None, false);
        let mut words = rest.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "--all" => all = true,
                "-n" | "--namespace" => namespace = words.next().unwrap_or("default").to_owned(),
                word => object = Some(word),
            }
        }
        let Some(object) = object else { return Reply::refuse("error: why what? Try `why pod/NAME` or `why deployment/NAME`") };
        match explain::target(self.cluster(), &namespace, object) {
            Ok(id) => Reply::say(explain::told(self.cluster(), id, all)),
            Err(message) => Reply::refuse(format!("error: {message}")),
        }
    }

    fn trace(&mut self, rest: &str) -> Reply {
        let mut namespace = "default";
        let mut ends = Vec::new();
        let mut words = rest.split_whitespace().filter(|word| !matches!(*word, "->" | "→" | "to"));
        while let Some(word) = words.next() {
            match word {
                "-n" | "--namespace" => namespace = words.next().unwrap_or("default"),
                word => ends.push(word),
            }
        }
        let [from, to] = ends[..] else {
            return Reply::refuse("error: trace from whom to whom? Try `trace pod/NAME svc/NAME:80` or `trace node/node-1 pod/NAME`");
        };
        match self.cluster().trace_packet(namespace, from, to) {
            Ok(trace) => Reply { stdout: trace.story(), code: i32::from(!trace.arrives()), ..Reply::default() },
            Err(message) => Reply::refuse(format!("error: {message}")),
        }
    }

    fn rules(&mut self, rest: &str) -> Reply {
        let mut words = rest.split_whitespace();
        let Some(node) = words.next() else { return Reply::refuse("error: of which node? Try `rules node-1` or `rules node-1 routes`") };
        let what = words.next().unwrap_or("rules");
        let Some((_, shown)) = Shown::ALL.iter().find(|(word, _)| *word == what) else {
            let known: Vec<&str> = Shown::ALL.iter().map(|(word, _)| *word).collect();
            return Reply::refuse(format!("error: {what:?} can't be shown; there are {}", known.join(", ")));
        };
        match self.cluster().kernel_of(node, *shown) {
            Ok(text) => Reply::say(text),
            Err(message) => Reply::refuse(format!("error: {message}")),
        }
    }

    /// What could stand at the end of this line: whole words that begin as its last word does.
    pub fn complete(&self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let typed = if line.ends_with(char::is_whitespace) { "" } else { words.last().copied().unwrap_or("") };
        let before = words.len() - usize::from(!typed.is_empty());
        let mut found: Vec<String> = match words[..before].iter().copied().filter(|word| *word != "kubectl").collect::<Vec<_>>().as_slice()
        {
            [] => WORDS.iter().map(|(word, ..)| (*word).to_owned()).chain(kubectl::verbs().map(str::to_owned)).collect(),
            ["rollout"] => ["status", "history", "undo", "pause", "resume", "restart"].map(str::to_owned).to_vec(),
            ["containers" | "rules"] => self.names(Kind::Node, ""),
            ["rules", _] => Shown::ALL.iter().map(|(word, _)| (*word).to_owned()).collect(),
            ["trace"] => self.ends(&[Kind::Pod, Kind::Node, Kind::Deployment]),
            ["trace", _] => self.ends(&[Kind::Service, Kind::Pod, Kind::Node]),
            ["fault", so_far @ ..] => self.complete_fault(so_far),
            words => match (typed.split_once('/'), words.last().and_then(|word| kind_named(word))) {
                (Some((kind, _)), _) => kind_named(kind).map_or_else(Vec::new, |known| self.names(known, &format!("{kind}/"))),
                (None, Some(kind)) => self.names(kind, ""),
                (None, None) => Kind::ALL.iter().map(|kind| kind.resource().plural.to_owned()).collect(),
            },
        };
        found.retain(|word| word.starts_with(typed));
        found.sort();
        found.dedup();
        found
    }

    /// The words that may follow the beginning of a fault: of how it is written, with names in their places.
    fn complete_fault(&self, so_far: &[&str]) -> Vec<String> {
        let mut words = Vec::new();
        for usage in Fault::usages() {
            let form: Vec<&str> = usage.split_whitespace().collect();
            let fits = form.iter().zip(so_far).all(|(form, word)| form == word || form.contains("NAME"));
            match form.get(so_far.len()).filter(|_| fits) {
                Some(&"NAME") => words.extend(self.names(Kind::Node, "")),
                Some(&"pod/NAME") => words.extend(self.names(Kind::Pod, "pod/")),
                Some(word) if !word.contains('[') && !word.contains(']') => words.push((*word).to_owned()),
                _ => {}
            }
        }
        words
    }

    /// Objects that something can be sent from or to.
    fn ends(&self, kinds: &[Kind]) -> Vec<String> {
        let short = |kind: Kind| if kind == Kind::Service { "svc/".to_owned() } else { format!("{}/", kind.resource().singular) };
        kinds.iter().flat_map(|kind| self.names(*kind, &short(*kind))).chain(["outside".to_owned()]).collect()
    }

    fn names(&self, kind: Kind, prefix: &str) -> Vec<String> {
        self.cluster().store().list(kind, None).map(|(_, object)| format!("{prefix}{}", object.meta().name)).take(200).collect()
    }
}

fn kind_named(word: &str) -> Option<Kind> {
    resources::lookup(word).and_then(Kind::of)
}

fn help() -> String {
    let rows = WORDS.iter().map(|(word, takes, does)| format!("  {:<18} {does}\n", format!("{word} {takes}")));
    format!("Time stands still until you let it pass.\n{}", rows.collect::<String>())
}
