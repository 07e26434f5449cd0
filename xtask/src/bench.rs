//! `cargo xtask bench`: the criterion benches.

use crate::command::{Outcome, cargo, run};

/// Runs `cargo bench` on the root package with `arguments`.
///
/// # Errors
/// A bench does not build or fails.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    let mut bench = cargo(&["bench", "--package", "podarium"]);
    bench.args(arguments);
    run(bench)
}
