//! A cluster with those who sit before it: what a timeline of the sandbox leads through time.
//!
//! Lines that act belong to the run: a `drain` that waits goes on evicting, so it is part of every state that is kept, and goes on from there.
//! Lines that only read aren't here: see [`super::terminals`].

use crate::frame::session::{Print, Text};
use sim_core::Cluster;
use sim_core::kernel::time::SimTime;
use sim_core::kubectl::{self, Outcome, Output, Session};
use sim_core::shell::{Line, Reply, Underway};
use sim_core::timeline::{Action, Told, World};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The exit code of what was interrupted: 128 and SIGINT.
pub(super) const INTERRUPTED: i32 = 130;

/// Something that is done to a scene.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// The scenario does something.
    Scenario(Action),
    /// A line is typed that acts.
    Line {
        /// In which terminal.
        terminal: u32,
        /// What.
        line: String,
        /// The files that it reads.
        files: Arc<BTreeMap<String, String>>,
    },
    /// Ctrl-C in a terminal whose line acts.
    Interrupt(u32),
    /// Nothing is done, but what was to come is given up.
    Branch(String),
}

/// A cluster and its terminals, as far as they act on it.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) cluster: Cluster,
    /// Lines that act and wait, by terminal.
    underway: BTreeMap<u32, Underway>,
    /// The scenario's command that waits: shown, but led by what was noted of it.
    shown: Option<Shown>,
    /// What was printed and not fetched yet.
    printed: Vec<Print>,
}

/// A command of the scenario that waits.
#[derive(Clone, Debug)]
struct Shown {
    session: Session,
    deadline: Option<SimTime>,
    revision: u64,
}

impl Scene {
    /// A cluster before which nobody sits yet.
    pub(super) fn of(cluster: Cluster) -> Self {
        Scene { cluster, underway: BTreeMap::new(), shown: None, printed: Vec::new() }
    }

    /// What was printed since this was asked last.
    pub(super) fn take_prints(&mut self) -> Vec<Print> {
        std::mem::take(&mut self.printed)
    }

    /// Whether a line that acts waits in a terminal.
    pub(super) fn is_busy(&self, terminal: u32) -> bool {
        self.underway.contains_key(&terminal)
    }

    /// The terminals in which a line that acts waits.
    pub(super) fn busy(&self) -> impl Iterator<Item = u32> {
        self.underway.keys().copied()
    }

    /// Whether the scenario's command is shown in the first terminal while it waits. Nobody has to wait for it to type there.
    pub(super) fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// The scenario's command isn't looked at any more.
    pub(super) fn look_away(&mut self) {
        self.shown = None;
    }

    fn print(&mut self, terminal: u32, text: Vec<Text>, ended: Option<i32>) {
        if ended.is_some() || !text.is_empty() {
            self.printed.push(Print { terminal, text, done: ended.is_some(), code: ended.unwrap_or(0) });
        }
    }

    fn echo(&mut self, terminal: u32, line: &str) {
        self.print(terminal, vec![Text { error: false, text: format!("$ {line}\n") }], None);
    }

    fn scenario(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Kubectl(invocation) => {
                let words = invocation.args.strip_prefix(&["kubectl".to_owned()]).unwrap_or(&invocation.args);
                let line = kubectl::told::covered(words).unwrap_or_else(|| words.join(" "));
                self.echo(0, &format!("kubectl {line}"));
            }
            Action::Fault(fault) => self.echo(0, &format!("fault {fault}")),
            Action::Traffic(change) => self.echo(0, &change.to_string()),
            Action::Resume(_) => {}
        }
        match action.perform(&mut self.cluster)? {
            Told::Nothing => self.print(0, Vec::new(), Some(0)),
            Told::Command(Outcome::Done(output)) => {
                self.shown = None;
                self.print(0, texts_of(&output), Some(output.code));
            }
            Told::Command(Outcome::Waiting(output, session)) => {
                self.print(0, texts_of(&output), None);
                self.show(session, Some(self.cluster.now()));
            }
            Told::Resumed(progress, session) => {
                self.print(0, texts_of(&progress.output), progress.done.then_some(progress.output.code));
                self.shown = None;
                if !progress.done {
                    self.show(*session, progress.deadline);
                }
            }
        }
        Ok(())
    }

    fn show(&mut self, session: Session, deadline: Option<SimTime>) {
        self.shown = Some(Shown { session, deadline, revision: self.cluster.store().revision() });
    }

    fn poll(&mut self) {
        for terminal in self.underway.keys().copied().collect::<Vec<_>>() {
            let Some(mut underway) = self.underway.remove(&terminal) else { continue };
            if !underway.is_due(&self.cluster) {
                self.underway.insert(terminal, underway);
                continue;
            }
            let mut reply = Reply::default();
            let waits = underway.poll(&mut self.cluster, &mut reply);
            self.print(terminal, texts(&reply), (!waits).then_some(reply.code));
            if waits {
                self.underway.insert(terminal, underway);
            }
        }
        self.poll_shown();
    }

    fn poll_shown(&mut self) {
        let (now, revision) = (self.cluster.now(), self.cluster.store().revision());
        let Some(mut shown) = self.shown.take() else { return };
        let is_due = shown.revision != revision || shown.deadline.is_some_and(|deadline| deadline <= now);
        // What it does besides reading was noted when it did it first.
        if !is_due || shown.session.acts_at(now) {
            shown.deadline = shown.deadline.filter(|deadline| *deadline > now);
            self.shown = Some(shown);
            return;
        }
        let progress = self.cluster.poll(&mut shown.session);
        self.print(0, texts_of(&progress.output), progress.done.then_some(progress.output.code));
        if !progress.done {
            self.show(shown.session, progress.deadline.filter(|deadline| *deadline > now));
        }
    }
}

impl World for Scene {
    type Deed = Deed;
    type Told = ();

    fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    fn next_at(&mut self) -> Option<SimTime> {
        let shown = self.shown.as_ref().and_then(|shown| shown.deadline);
        let deadlines = self.underway.values().filter_map(Underway::deadline).chain(shown);
        let next = deadlines.chain(self.cluster.next_at()).min();
        next.map(|next| next.max(self.cluster.now()))
    }

    fn run_until(&mut self, to: SimTime) {
        // Who waits is asked after every moment at which something happened: then it makes no difference in which slices time passes.
        while (self.is_shown() || !self.underway.is_empty())
            && let Some(next) = self.next_at().filter(|next| *next <= to)
        {
            self.cluster.run_until(next);
            self.poll();
        }
        self.cluster.run_until(to);
    }

    fn reach(&mut self, at: SimTime, handled: u64) {
        if self.underway.is_empty() {
            self.cluster.reach(at, handled);
            self.poll_shown();
        } else {
            // Lines are typed when all that was due has happened, and the scenario is over when one is.
            self.run_until(at);
        }
    }

    fn perform(&mut self, deed: &Deed) -> Result<(), String> {
        match deed {
            Deed::Scenario(action) => self.scenario(action)?,
            Deed::Line { terminal, line, files } => {
                if *terminal == 0 {
                    self.shown = None;
                }
                self.echo(*terminal, line);
                let (reply, underway) = act(&mut self.cluster, line, files);
                self.print(*terminal, texts(&reply), underway.is_none().then_some(reply.code));
                self.underway.extend(underway.map(|underway| (*terminal, underway)));
            }
            Deed::Interrupt(terminal) => {
                self.underway.remove(terminal);
                self.print(*terminal, vec![Text { error: false, text: "^C\n".to_owned() }], Some(INTERRUPTED));
            }
            Deed::Branch(_) => self.shown = None,
        }
        Ok(())
    }
}

/// Does what an acting line says, until a command of it waits.
pub(super) fn act(cluster: &mut Cluster, line: &str, files: &BTreeMap<String, String>) -> (Reply, Option<Underway>) {
    let done = |told: Result<Told, String>, says: String| match told {
        Ok(_) => Reply { stdout: format!("{says}\n"), ..Reply::default() },
        Err(message) => Reply { stderr: format!("error: {message}\n"), code: 2, ..Reply::default() },
    };
    match Line::parse(line) {
        Err(reply) => (reply, None),
        Ok(Line::Kubectl(commands)) => {
            let mut reply = Reply::default();
            let underway = Underway::begin(cluster, commands, files, &mut reply);
            (reply, underway)
        }
        Ok(Line::Fault(fault)) => {
            let says = format!("{fault}: done");
            (done(Action::Fault(fault).perform(cluster), says), None)
        }
        Ok(Line::Traffic(change)) => {
            let says = change.to_string();
            (done(Action::Traffic(change).perform(cluster), says), None)
        }
        Ok(Line::Nothing | Line::Time(_) | Line::Ask(_)) => (Reply::default(), None),
    }
}

/// What a terminal prints of a reply.
pub(super) fn texts(reply: &Reply) -> Vec<Text> {
    let parts = [(true, &reply.warnings), (false, &reply.stdout), (true, &reply.stderr)];
    parts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(error, text)| Text { error, text: text.clone() }).collect()
}

fn texts_of(output: &Output) -> Vec<Text> {
    let (warnings, stderr) = output.warnings_and_errors();
    texts(&Reply { warnings, stdout: output.stdout.clone(), stderr, code: output.code })
}
