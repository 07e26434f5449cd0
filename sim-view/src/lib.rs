//! What a user interface shows of a run, and lets its user do.
//!
//! Everything that crosses to a user interface is a plain struct in [`frame`]: numbers, texts and lists, without behaviour. Their TypeScript
//! twins are generated ([`types`]), so that neither side can drift. [`sandbox`] is what stands between a person and the model: branches of
//! time, terminals, breakpoints in history. Nothing here decides anything about a cluster; and like `sim-core`, nothing here knows a clock,
//! a file or JavaScript.

pub mod draw;
pub mod frame;
pub mod lesson;
pub mod link;
pub mod sandbox;
pub mod types;
