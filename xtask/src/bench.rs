//! `cargo xtask bench`: the criterion benches, and those of the WASM module.

use crate::command::{Outcome, cargo, program, run, target_dir};
use crate::wasm::{self, Quality};

/// Runs `cargo bench` on the root package with `arguments`.
///
/// # Errors
/// A bench does not build or fails.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    let mut bench = cargo(&["bench", "--package", "podarium"]);
    bench.args(arguments);
    run(bench)
}

/// Builds the WASM module and measures it under Node; `--large` also with 150,000 pods.
///
/// # Errors
/// The module does not build, or is slower than its budgets allow.
pub(crate) fn wasm(arguments: &[String]) -> Outcome {
    wasm::run(Quality::Release)?;
    let mut node = program("node");
    node.arg("benches/wasm.mjs").arg(target_dir()?.join("wasm-web")).args(arguments);
    run(node)
}
