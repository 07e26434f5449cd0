//! Lessons: a cluster to start from, a text that leads through it, goals, hints and a solution, in a file.
//!
//! [`Lesson::parse`] reads one, [`Progress`] follows who takes it, [`prove`] makes sure that its solution reaches its goals and that
//! nothing else does so by itself. `scenarios/lessons/README.md` describes the format.

mod goal;
mod lines;
mod parse;
mod progress;
mod prove;
mod text;

pub use goal::{Goal, Typed, What};
pub use lines::{acts, stars, watches};
pub use progress::{Progress, acted};
pub use prove::{Proof, prove};
pub use text::{Block, blocks, typed_lines};

use crate::frame::lesson::{self as frame, Both};
use sim_core::scenario::Scenario;
use std::collections::BTreeMap;

/// A lesson, checked.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The file it was read from, for messages.
    pub file: String,
    /// The file's name without folder, number and ending: `first-pod`.
    pub name: String,
    /// The number that the file's name begins with; 0 if it has none.
    pub order: u32,
    /// Which of the nine parts of the introduction it belongs to, from 1.
    pub part: u32,
    /// How long a beginner takes.
    pub minutes: u32,
    /// Its title.
    pub title: Both,
    /// What it is about, in a sentence.
    pub summary: Both,
    /// What is read, as Markdown.
    pub text: Both,
    /// What it starts from. Its messages point into the lesson's file.
    pub start: Scenario,
    /// The same as a scenario file of its own.
    pub start_yaml: String,
    /// What is to be reached.
    pub goals: Vec<Goal>,
    /// What helps; at least one.
    pub hints: Vec<Both>,
    /// The lines that reach all goals.
    pub solution: Vec<String>,
    /// The files that the solution edits first, as it leaves them.
    pub edits: BTreeMap<String, String>,
    /// How many acting lines a good player needs.
    pub par: u32,
}

impl Lesson {
    /// What the page shows of it.
    pub fn frame(&self) -> frame::Lesson {
        frame::Lesson {
            name: self.name.clone(),
            part: self.part,
            order: self.order,
            minutes: self.minutes,
            title: self.title.clone(),
            summary: self.summary.clone(),
            text: self.text.clone(),
            goals: self.goals.iter().map(Goal::frame).collect(),
            hints: self.hints.clone(),
            solution: self.solution.clone(),
            edits: self.edits.clone(),
            par: self.par,
            files: self.start.files.clone(),
            start: self.start_yaml.clone(),
        }
    }
}
