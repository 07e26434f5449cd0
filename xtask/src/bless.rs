//! `cargo xtask bless`: rewrites recorded output to what the program prints now.

use crate::command::{Outcome, cargo, program, run};

/// Reruns the tests that hold recorded output, with `PODARIUM_BLESS=1`: there they write instead of comparing.
///
/// # Errors
/// A test fails for another reason.
pub(crate) fn bless(filter: Option<&str>) -> Outcome {
    let mut tests = cargo(&["test", "--workspace", "--tests", "--", "--quiet"]);
    tests.args(filter).env("PODARIUM_BLESS", "1");
    run(tests)?;
    println!("what is recorded now differs in:");
    run({
        let mut status = program("git");
        status.args(["status", "--short", "--", "tests"]);
        status
    })
}
