//! Objects as YAML, differences, and help for who writes them.

use super::Ref;
use serde::Serialize;
use ts_rs::TS;

/// An object as YAML, with what history has of it.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Which object.
    pub object: Ref,
    /// The moment at which it looked so.
    #[ts(type = "number")]
    pub at: u64,
    /// Whether it exists at that moment.
    pub exists: bool,
    /// As `kubectl get -o yaml` prints it; empty if it doesn't exist.
    pub yaml: String,
    /// Its changes, the earliest first.
    pub changes: Vec<Change>,
}

/// A change of an object.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The revision that it made.
    #[ts(type = "number")]
    pub revision: u64,
    /// When.
    #[ts(type = "number")]
    pub at: u64,
    /// The event that wrote it.
    #[ts(type = "number")]
    pub event: u64,
    /// `added`, `modified`, `deleted`.
    pub verb: String,
}

/// What a line is to a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum LineKind {
    /// On both sides.
    Same,
    /// Only on the right.
    Added,
    /// Only on the left.
    Removed,
}

/// A line of a difference.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DiffLine {
    /// What it is.
    pub kind: LineKind,
    /// The line, without its end.
    pub text: String,
}

/// Something that is wrong with a text, or that its writer should know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// The line, from 1; 0 if it is about the whole.
    pub line: u32,
    /// The column, from 1; 0 if it is about the whole line.
    pub column: u32,
    /// Whether it would be taken nevertheless.
    pub warning: bool,
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
}

/// What could stand at a place in a manifest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Completion {
    /// What is put in.
    pub label: String,
    /// Its type: `integer`, `[]Container`.
    pub detail: String,
    /// What it means; may be empty.
    pub info: String,
}
