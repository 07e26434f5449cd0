//! Frames: what is drawn of a moment. Times are nanoseconds of virtual time since the start, as numbers.

pub mod cluster;
pub mod code;
pub mod history;
pub mod lesson;
pub mod messages;
pub mod packet;
pub mod session;
pub mod why;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An object, for as long as it exists: `pod:17`. A deleted object and its namesake differ.
pub type Id = String;

/// Which object: enough to show it, to link to it and to ask about it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Ref {
    /// Its identity.
    pub id: Id,
    /// `Pod`, `Deployment`, …
    pub kind: String,
    /// Empty for what has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}
