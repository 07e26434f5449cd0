//! `cargo xtask bench`: the criterion benches, and those of the WASM module.

use crate::command::{Outcome, cargo, program, run, skip, target_dir};
use crate::test::Tally;
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

/// Holds the module that was built last against its budgets of time.
///
/// # Errors
/// It isn't there.
pub(crate) fn within_budgets() -> Outcome<Tally> {
    let module = target_dir()?.join("wasm-web");
    if !module.is_dir() {
        return skip("the module's budgets of time, for it was not built").map(|()| Tally { skipped: 1, ..Tally::default() });
    }
    let measure = || {
        let mut node = program("node");
        node.arg("benches/wasm.mjs").arg(&module);
        run(node).is_ok()
    };
    // A machine that is busy for a moment isn't a slow module; one that is slow three times is.
    let mut tally = Tally::default();
    tally.count((0..3).any(|_| measure()));
    Ok(tally)
}
