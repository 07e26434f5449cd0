//! What a person's doings bring forth: terminals, branches of time, links.

use super::Ref;
use super::cluster::Frame;
use super::messages::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A run that fits in a link: what to boot, what was done, and the moment to look at.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Link {
    /// The version of this format: 1.
    pub version: u32,
    /// The scenario's text; empty: a cluster of three nodes, in which nothing was done yet.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scenario: String,
    /// The name of the lesson that it is part of; empty: of none. Its own scenario is its start.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lesson: String,
    /// The files beside the scenario, and those of the editor.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// The seed; `null`: the scenario's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "number | null", optional)]
    pub seed: Option<u64>,
    /// What was typed after the scenario's steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<TypedLine>,
    /// The moment to look at; `null`: the last line's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "number | null", optional)]
    pub at: Option<u64>,
}

/// A line that was typed at a moment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TypedLine {
    /// When.
    #[ts(type = "number")]
    pub at: u64,
    /// In which terminal.
    #[serde(default)]
    pub terminal: u32,
    /// What.
    pub line: String,
    /// The files that it read, as they were then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

/// Something that couldn't be done, in words for its user.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
    /// The file; may be empty.
    pub file: String,
    /// The line, from 1; 0: not about a line.
    pub line: u32,
    /// The column, from 1; 0: not about a column.
    pub column: u32,
}

/// What was opened.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    /// The scenario's name; empty if there is none.
    pub name: String,
    /// What it shows.
    pub description: String,
    /// The seed of the run.
    #[ts(type = "number")]
    pub seed: u64,
    /// What happened and what was checked while the scenario was played, in lines.
    pub story: Vec<StoryLine>,
    /// What was expected, and whether it held.
    pub verdicts: Vec<Verdict>,
    /// The whole of the cluster at the moment that is looked at.
    pub update: Update,
}

/// A line of a scenario's story.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StoryLine {
    /// When.
    #[ts(type = "number")]
    pub at: u64,
    /// What it is about: `command`, `output`, `trouble`, `fault`, `workload`, `pod`, `ready`, `leaving`, `event`, `warning`, `node`, `note`,
    /// `holds`, `fails`.
    pub tone: String,
    /// What it says; may have several lines.
    pub text: String,
}

/// What became of something that was expected.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What was expected.
    pub that: String,
    /// Whether it held.
    pub holds: bool,
    /// What was found.
    pub found: String,
}

/// What is new after time went on, or something was done.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Update {
    /// The cluster, or what of it is new.
    pub frame: Frame,
    /// What was said between its parts since, in the order of their arrival; at most some hundreds, the latest.
    pub messages: Vec<Message>,
    /// How many messages are left out.
    pub messages_left_out: u32,
    /// What terminals print.
    pub prints: Vec<Print>,
    /// The branches of time.
    pub branches: Vec<Branch>,
    /// Which of them is looked at.
    pub branch: u32,
    /// How far the lesson's goals are reached; empty without a lesson.
    pub goals: Vec<Goal>,
    /// How many acting commands were typed in this branch up to this moment: what a lesson's score counts.
    pub acted: u32,
    /// Lines that were typed, ahead of the moment that is looked at: they are done again as time goes on, and dropped by who acts before.
    pub ahead: u32,
}

/// What a terminal prints.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Print {
    /// Which terminal.
    pub terminal: u32,
    /// What goes to standard output and standard error, in their order.
    pub text: Vec<Text>,
    /// Whether its command has ended: the prompt comes back.
    pub done: bool,
    /// The exit code, if it has ended.
    pub code: i32,
}

/// A piece of a terminal's text.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Text {
    /// Whether it went to standard error.
    pub error: bool,
    /// The text, with its line ends.
    pub text: String,
}

/// A branch of time.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    /// Its number; the first is 0.
    pub id: u32,
    /// What it is called: what was done first in it. Empty for the first.
    pub name: String,
    /// The branch that it came from; its own number for the first.
    pub parent: u32,
    /// When it left that one.
    #[ts(type = "number")]
    pub since: u64,
    /// How far it was played.
    #[ts(type = "number")]
    pub horizon: u64,
}

/// A goal of a lesson, and whether it is reached.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Goal {
    /// The condition.
    pub that: String,
    /// Whether it holds now.
    pub holds: bool,
    /// What was found.
    pub found: String,
}

/// Two branches at the same moment.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The moment.
    #[ts(type = "number")]
    pub at: u64,
    /// The whole of the left one.
    pub left: Frame,
    /// The whole of the right one.
    pub right: Frame,
    /// What differs, by kind, namespace and name.
    pub differences: Vec<Difference>,
}

/// An object that isn't the same in two branches.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Which; its identity is the left one's, if it is there.
    pub object: Ref,
    /// How it is on the left: `Running 1/1 on node-2`; empty: it isn't there.
    pub left: String,
    /// How it is on the right.
    pub right: String,
}
