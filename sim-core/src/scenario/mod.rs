//! Scenarios: a cluster, what happens to it, and what must then hold, in a file. Version 0 of the format, described in
//! `scenarios/README.md`.
//!
//! [`Scenario::parse`] reads, [`Scenario::run`] plays, [`Report`] tells. Nothing here opens a file: whoever runs a scenario hands in
//! what [`Scenario::files_needed`] names.

mod ask;
mod error;
mod expect;
mod images;
mod model;
mod network;
mod nodes;
mod report;
mod run;
mod story;
mod traffic;
mod words;

pub use ask::Ask;
pub use error::{Error, nearest};
pub use expect::{Answer, Condition};
pub use model::{At, Check, CommandExpect, Do, Limits, Scenario, Step};
pub use report::{Lane, LaneState, Line, Paint, Report, Sizes, Span, Tone, Verdict};
pub use run::{Progress, Run};
pub use traffic::parse as parse_traffic;
