//! A lesson, as the page shows it: its texts in both languages, its goals, hints and solution.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A text in both languages of the page.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Both {
    /// In English.
    pub en: String,
    /// In Simplified Chinese.
    pub zh: String,
}

/// A lesson.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Lesson {
    /// Its name in links, the file's without its number: `first-pod`.
    pub name: String,
    /// Which of the nine parts of the introduction it belongs to, from 1.
    pub part: u32,
    /// Its place among all: the number that its file's name begins with; 0 if it has none.
    pub order: u32,
    /// How long a beginner takes.
    pub minutes: u32,
    /// Its title.
    pub title: Both,
    /// What it is about, in a sentence.
    pub summary: Both,
    /// What is read beside the terminal, as Markdown. Lines of `console` blocks that begin with `$ ` can be typed.
    pub text: Both,
    /// What is to be reached, in the order in which it is done.
    pub goals: Vec<LessonGoal>,
    /// What helps, one after another; at least one.
    pub hints: Vec<Both>,
    /// The lines that reach all goals. One that only watches (`kubectl get pods -w`) goes to a terminal of its own.
    pub solution: Vec<String>,
    /// The files that the solution edits first, as it leaves them.
    pub edits: BTreeMap<String, String>,
    /// How many acting lines a good player needs: what the score is measured by.
    pub par: u32,
    /// The files that the editor opens.
    pub files: BTreeMap<String, String>,
    /// The scenario that it starts from, as YAML.
    pub start: String,
}

/// How a goal is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum GoalKind {
    /// The condition holds now.
    That,
    /// The condition held at a moment since the start.
    Once,
    /// A line with these words was typed.
    Typed,
}

/// Something to be reached.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LessonGoal {
    /// How it is reached.
    pub kind: GoalKind,
    /// The condition, or the words.
    pub that: String,
    /// How it is said.
    pub say: Both,
}
