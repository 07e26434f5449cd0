//! The commands, one file each. They answer whether all expectations hold, or what is wrong with the input.

pub(crate) mod bench;
pub(crate) mod editor;
pub(crate) mod files;
pub(crate) mod lesson;
pub(crate) mod link;
pub(crate) mod repl;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod trace;
pub(crate) mod why;

/// What is wrong with the input, in words for a person.
pub(crate) type Problem = String;
