//! How things look in a terminal, and plainly in a pipe: anstream takes the colours away where nobody would see them.

pub(crate) mod chart;
pub(crate) mod progress;
pub(crate) mod story;
pub(crate) mod style;
