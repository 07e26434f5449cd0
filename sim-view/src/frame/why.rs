//! The chain of causes of something.

use super::Ref;
use serde::Serialize;
use ts_rs::TS;

/// What became of what is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Did {
    /// It was created.
    Created,
    /// It changed last.
    Changed,
    /// It was deleted.
    Deleted,
    /// An event that was asked about by its number.
    Happened,
    /// History doesn't reach back so far.
    Forgotten,
}

/// Why something is as it is.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// What was asked about, if it was an object.
    pub object: Option<Ref>,
    /// What became of it.
    pub did: Did,
    /// When.
    #[ts(type = "number")]
    pub at: u64,
    /// The causes, the latest first.
    pub chain: Vec<Cause>,
    /// How many causes in the middle of a long chain are left out.
    pub left_out: u32,
    /// After how many of the causes they would stand.
    pub left_out_after: u32,
}

/// What kind of cause it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CauseKind {
    /// The user did something: `text` is the command.
    Input,
    /// `who` asked the API server to `verb` the object.
    Request,
    /// `who`, a controller, decided about the object: `text` says why.
    Decision,
    /// A kubelet heard of the object, its pod.
    Heard,
    /// A kubelet's runtime got on with its work.
    Runtime,
    /// A step on the way: an answer or a watch reached `who`, or a timer of its went off. Only told of an event that is asked about.
    Step,
}

/// A cause.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// When.
    #[ts(type = "number")]
    pub at: u64,
    /// The event's number: `why` can be asked about it.
    #[ts(type = "number")]
    pub event: u64,
    /// What kind of cause it is.
    pub kind: CauseKind,
    /// Who; may be empty.
    pub who: String,
    /// What was asked for: `create`; may be empty.
    pub verb: String,
    /// About which object, if about one.
    pub object: Option<Ref>,
    /// Whether it succeeded.
    pub ok: bool,
    /// What was typed, or why it was decided; may be empty.
    pub text: String,
    /// All of it in an English sentence.
    pub sentence: String,
}
