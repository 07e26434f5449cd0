//! `cargo xtask check`: all that must hold before a change lands, cheapest first; the first failure ends it.

use crate::command::{Outcome, cargo, is_installed, run, step};
use crate::{test, tidy, wasm};

/// Checks everything; with `and_test`, runs every test too.
///
/// # Errors
/// The first part that does not hold.
pub(crate) fn check(and_test: bool) -> Outcome {
    step("tidy", tidy::run)?;
    step("format", || run(cargo(&["fmt", "--all", "--check"])))?;
    step("lints", || run(cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])))?;
    step("documentation", || {
        let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
        doc.env("RUSTDOCFLAGS", "-D warnings");
        run(doc)
    })?;
    // Only where it is installed: it takes longer to build than the project, and deny.toml changes rarely.
    if is_installed("cargo-deny") {
        step("licences and bans", || run(cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"])))?;
    }
    step("WASM compiles", || wasm::compile_or_skip().map(drop))?;
    if and_test { test::test() } else { Ok(()) }
}
