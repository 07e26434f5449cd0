//! What can be asked about the moment that is looked at, and about how it came to be.

use super::Sandbox;
use crate::draw::{check, complete, document, packet, why};
use crate::frame::code::{Completion, Diagnostic, DiffLine, Document};
use crate::frame::history::{EventRow, History, Metrics};
use crate::frame::packet::Packet;
use crate::frame::session::Problem;
use crate::frame::why::Why;
use sim_core::cluster::faults::Fault;
use sim_core::cluster::network::Shown;
use sim_core::kernel::time::SimTime;
use sim_core::shell::{self, Shell};

/// What `rules` can show.
pub fn rule_tables() -> Vec<String> {
    Shown::ALL.iter().map(|(word, _)| (*word).to_owned()).collect()
}

/// How faults are written: `kill node NAME`.
pub fn faults() -> Vec<String> {
    Fault::usages()
}

impl Sandbox {
    /// What could stand at the end of this line: whole words that begin as its last word does.
    pub fn complete(&self, line: &str) -> Vec<String> {
        shell::complete(self.cluster(), line)
    }

    /// The files that a line reads; none if it isn't well quoted.
    pub fn files_needed(&self, line: &str) -> Vec<String> {
        Shell::files_needed(line).unwrap_or_default()
    }

    /// What happened in this branch, as far as it was played.
    pub fn history(&mut self) -> History {
        self.present_mut().recorder().history()
    }

    /// Figures of this branch over time, as far as it was played.
    pub fn metrics(&mut self) -> Metrics {
        self.present_mut().recorder().metrics()
    }

    /// The latest Events of a namespace, of all if it is empty.
    pub fn events(&self, namespace: &str) -> Vec<EventRow> {
        document::events(self.cluster(), namespace)
    }

    /// The causes of an object's last change.
    ///
    /// # Errors
    /// There is no such object, and history doesn't remember one.
    pub fn why(&self, id: &str) -> Result<Why, Problem> {
        why::why(self.cluster(), id).ok_or_else(|| unknown(id))
    }

    /// The causes of an event.
    pub fn why_event(&self, event: u64) -> Why {
        why::why_event(self.cluster(), event)
    }

    /// A packet's way at this moment.
    ///
    /// # Errors
    /// One of its ends isn't there.
    pub fn packet(&self, namespace: &str, from: &str, to: &str) -> Result<Packet, Problem> {
        packet::packet(self.cluster(), namespace, from, to).map_err(problem)
    }

    /// An object as YAML, now or at another moment of this branch, with all its changes as far as the branch was played.
    ///
    /// # Errors
    /// There is no such object, and history doesn't remember one.
    pub fn document(&self, id: &str, at: Option<u64>) -> Result<Document, Problem> {
        let at = at.map_or(self.now(), SimTime::from_nanos);
        document::document(self.present().latest(), id, Some(at)).ok_or_else(|| unknown(id))
    }

    /// What differs in an object between two moments.
    ///
    /// # Errors
    /// There is no such object, and history doesn't remember one.
    pub fn diff(&self, id: &str, from: u64, to: u64) -> Result<Vec<DiffLine>, Problem> {
        let (from, to) = (SimTime::from_nanos(from), SimTime::from_nanos(to));
        document::diff(self.present().latest(), id, from, to).ok_or_else(|| unknown(id))
    }

    /// What a node's kernel goes by: one of [`rule_tables`].
    ///
    /// # Errors
    /// There is no such node or table.
    pub fn rules(&self, node: &str, what: &str) -> Result<String, Problem> {
        let shown = Shown::ALL.iter().find(|(word, _)| *word == what).map(|(_, shown)| *shown);
        let shown = shown.ok_or_else(|| problem(format!("{what:?} can't be shown; there are {}", rule_tables().join(", "))))?;
        self.cluster().kernel_of(node, shown).map_err(problem)
    }

    /// What is wrong with a manifest, for this cluster at this moment.
    pub fn check(&self, text: &str) -> Vec<Diagnostic> {
        check::check(self.cluster(), text)
    }

    /// What could stand at a place of a manifest.
    pub fn completions(&self, text: &str, line: u32, column: u32) -> Vec<Completion> {
        complete::completions(text, line, column)
    }
}

fn unknown(id: &str) -> Problem {
    problem(format!("there is no object {id:?}, and history doesn't remember one"))
}

fn problem(message: String) -> Problem {
    Problem { message, ..Problem::default() }
}
