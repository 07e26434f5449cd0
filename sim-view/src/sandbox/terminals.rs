//! What is typed.
//!
//! A line that acts becomes part of the run. One that only reads doesn't: it is answered by a copy, and if it waits (`get -w`, `logs -f`), it
//! watches whatever is looked at. Words of time lead all of it through time.

use super::Sandbox;
use super::branch::deed_of;
use super::scene::{Deed, INTERRUPTED, act, texts};
use crate::frame::session::{Print, Problem, Text, TypedLine, Update};
use sim_core::Cluster;
use sim_core::kernel::time::SimTime;
use sim_core::shell::{self, Course, Line, Reading, Reply, Underway};
use std::collections::BTreeMap;

/// A line that reads and waits.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    line: String,
    files: BTreeMap<String, String>,
    underway: Underway,
}

impl Reader {
    /// When it is to be asked even if nothing happens.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        self.underway.deadline()
    }
}

impl Sandbox {
    /// Does what was typed into a terminal.
    ///
    /// # Errors
    /// A command still waits in it.
    pub fn line(&mut self, terminal: u32, line: &str, files: &BTreeMap<String, String>) -> Result<Update, Problem> {
        if self.is_busy(terminal) {
            return Err(Problem {
                message: "a command still waits in this terminal".to_owned(),
                help: "Ctrl-C interrupts it; another terminal is free".to_owned(),
                ..Problem::default()
            });
        }
        self.advance(self.now());
        if terminal == 0 {
            self.present_mut().timeline.present_mut().look_away();
        }
        if let Some((lesson, progress)) = &mut self.lesson {
            progress.typed(lesson, line);
        }
        match Line::parse(line) {
            Err(reply) => self.print(terminal, &reply, true),
            Ok(Line::Nothing) => self.print(terminal, &Reply::default(), true),
            Ok(Line::Ask(ask)) => {
                let reply = shell::answer(self.cluster(), &ask);
                self.print(terminal, &reply, true);
            }
            Ok(Line::Time(passing)) => {
                let reply = shell::pass(self, &passing);
                self.print(terminal, &reply, true);
                // It has come to where it was to come: before anything was done at that moment, if that is what was asked for.
                return Ok(self.update());
            }
            Ok(said) if said.acts(files) => self.act_line(terminal, line, files),
            Ok(Line::Kubectl(commands)) => {
                let mut reply = Reply::default();
                let underway = Underway::begin(&mut self.reading(), commands, files, &mut reply);
                self.print(terminal, &reply, underway.is_none());
                if let Some(underway) = underway {
                    self.readers.insert(terminal, Reader { line: line.to_owned(), files: files.clone(), underway });
                }
            }
            Ok(Line::Fault(_) | Line::Traffic(_)) => unreachable!("they act"),
        }
        self.advance(self.now());
        Ok(self.update())
    }

    /// Ctrl-C in a terminal.
    pub fn interrupt(&mut self, terminal: u32) -> Update {
        if self.readers.remove(&terminal).is_some() {
            self.prints.push(interrupted(terminal));
        } else if self.is_busy(terminal) {
            self.act(Deed::Interrupt(terminal), "^C");
        } else if terminal == 0 && self.present().timeline.present().is_shown() {
            self.present_mut().timeline.present_mut().look_away();
            self.prints.push(interrupted(terminal));
        }
        self.advance(self.now());
        self.update()
    }

    /// Whether a command waits in a terminal.
    pub(super) fn is_busy(&self, terminal: u32) -> bool {
        self.readers.contains_key(&terminal) || self.present().timeline.present().is_busy(terminal)
    }

    fn reading(&mut self) -> Reading<'_> {
        Reading(&mut self.present_mut().timeline.present_mut().cluster)
    }

    fn act_line(&mut self, terminal: u32, line: &str, files: &BTreeMap<String, String>) {
        let (reply, waits) = {
            let mut copy = self.cluster().clone();
            let (reply, underway) = act(&mut copy, line, files);
            let changed = copy.store().revision() != self.cluster().store().revision();
            (reply, underway.is_some() || changed)
        };
        // A slip of the tongue is no deed: it isn't worth a branch, nor a place in a link.
        if reply.code != 0 && !waits {
            return self.print(terminal, &reply, true);
        }
        let typed = TypedLine { at: 0, terminal, line: line.trim().to_owned(), files: files.clone() };
        self.act(deed_of(&typed), line.trim());
        // Its terminal shows already what was typed into it.
        self.prints.retain(|print| !is_echo(print, terminal, line.trim()));
    }

    /// Does something. If there is a future, that stays as a branch of its own.
    pub(super) fn act(&mut self, deed: Deed, name: &str) {
        if self.present().has_future() {
            self.branch_off(name.to_owned());
        }
        if let Err(message) = self.present_mut().act(deed) {
            let reply = Reply { stderr: format!("error: {message}\n"), code: 2, ..Reply::default() };
            self.print(0, &reply, true);
        }
        self.fetch_prints();
    }

    /// Asks those who read and wait whether there is something new.
    pub(super) fn poll_readers(&mut self) {
        for (terminal, mut reader) in std::mem::take(&mut self.readers) {
            if !reader.underway.is_due(self.cluster()) {
                self.readers.insert(terminal, reader);
                continue;
            }
            let mut reply = Reply::default();
            let waits = reader.underway.poll(&mut self.reading(), &mut reply);
            self.print(terminal, &reply, !waits);
            if waits {
                self.readers.insert(terminal, reader);
            }
        }
    }

    /// Another moment is looked at: those who wait begin anew there, without a word of what they would say at first.
    pub(super) fn restart_readers(&mut self) {
        for (terminal, reader) in std::mem::take(&mut self.readers) {
            let Ok(Line::Kubectl(commands)) = Line::parse(&reader.line) else { continue };
            let underway = Underway::begin(&mut self.reading(), commands, &reader.files, &mut Reply::default());
            self.readers.extend(underway.map(|underway| (terminal, Reader { underway, ..reader })));
        }
    }

    /// Lets a terminal print a reply.
    fn print(&mut self, terminal: u32, reply: &Reply, done: bool) {
        let text = texts(reply);
        if done || !text.is_empty() {
            self.prints.push(Print { terminal, text, done, code: if done { reply.code } else { 0 } });
        }
    }
}

fn interrupted(terminal: u32) -> Print {
    Print { terminal, text: vec![Text { error: false, text: "^C\n".to_owned() }], done: true, code: INTERRUPTED }
}

/// Whether a print only repeats what was typed.
fn is_echo(print: &Print, terminal: u32, line: &str) -> bool {
    print.terminal == terminal && !print.done && print.text.len() == 1 && print.text[0].text == format!("$ {line}\n")
}

impl Course for Sandbox {
    fn cluster(&self) -> &Cluster {
        Sandbox::cluster(self)
    }

    fn next_at(&mut self) -> Option<SimTime> {
        self.next_moment()
    }

    fn go_on(&mut self, to: SimTime) {
        self.advance(to);
    }

    // Time that passes is seen; a moment that one goes back to is only arrived at.
    fn seek(&mut self, to: SimTime) {
        if to > self.now() { self.advance(to) } else { self.lead(to) }
    }

    fn ahead(&self) -> String {
        match self.ahead_count() {
            0 => String::new(),
            waiting => format!("{waiting} commands lie ahead; if you do something here, they stay in a branch of their own"),
        }
    }
}
