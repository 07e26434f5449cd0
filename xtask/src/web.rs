//! `cargo xtask web`: the site, ready for static hosting: the playground, and the book below it.
//!
//! ```text
//! target/site/          the playground: index.html, its assets, the module
//! target/site/book/     the documentation, with the playground live in its pages
//! ```

use crate::command::{Outcome, is_installed, program, root, run, skip, step, target_dir};
use crate::test::Tally;
use crate::wasm::{self, Quality};
use crate::{book, debian};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds everything into `target/site`.
///
/// # Errors
/// A part cannot be built, or Node is missing.
pub(crate) fn build(quality: Quality) -> Outcome {
    if !is_installed("node") {
        return Err("the page needs Node 20.19 or later (node and npm on the PATH)".into());
    }
    wasm::run(quality)?;
    let site = assemble()?;
    println!("{}: ready to be served", site.strip_prefix(root()).unwrap_or(&site).display());
    Ok(())
}

/// Puts the site together around the module that was built last. Answers with its folder.
///
/// # Errors
/// A part cannot be built.
pub(crate) fn assemble() -> Outcome<PathBuf> {
    packages()?;
    place_module()?;
    let site = target_dir()?.join("site");
    step("page", || {
        let mut vite = npm(&["run", "build", "--", "--emptyOutDir", "--outDir"]);
        vite.arg(&site);
        run(vite)
    })?;
    step("book", || book::build(&site.join("book")))?;
    Ok(site)
}

/// Installs the page's packages, where they aren't those of the lock file.
///
/// # Errors
/// npm fails.
pub(crate) fn packages() -> Outcome {
    let modified = |path: &str| std::fs::metadata(root().join(path)).and_then(|file| file.modified());
    let fresh = match (modified("web/node_modules/.package-lock.json"), modified("web/package-lock.json")) {
        (Ok(installed), Ok(locked)) => installed >= locked,
        _ => false,
    };
    if fresh { Ok(()) } else { step("packages of the page", || run(npm(&["ci", "--no-audit", "--no-fund"]))) }
}

/// The page loads its module from `web/pkg`.
fn place_module() -> Outcome {
    let (built, place) = (target_dir()?.join("wasm-web"), root().join("web/pkg"));
    // A link, where somebody works with a module that lies elsewhere, is replaced too.
    match std::fs::symlink_metadata(&place) {
        Ok(there) if there.is_dir() => std::fs::remove_dir_all(&place)?,
        Ok(_) => std::fs::remove_file(&place)?,
        Err(_) => {}
    }
    std::fs::create_dir(&place)?;
    for entry in std::fs::read_dir(&built).map_err(|error| format!("{}: {error}; build it by `cargo xtask wasm`", built.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), place.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// The page's own tests: types, lint, logic.
///
/// # Errors
/// Node is missing, in CI; or npm fails.
pub(crate) fn logic() -> Outcome<Tally> {
    if !is_installed("node") {
        return skip("the tests of the page, which need Node 20.19 or later").map(|()| Tally { skipped: 1, ..Tally::default() });
    }
    packages()?;
    place_module()?;
    let mut tally = Tally::default();
    let checked = run(npm(&["run", "check"]));
    tally.count(checked.is_ok());
    if let Err(problem) = checked {
        println!("FAILED: {problem}");
    }
    tally.add(vitest(&[], None)?);
    Ok(tally)
}

/// The site as its users have it, in Chromium: end to end; how much of it a first visit loads is among what is tested.
///
/// # Errors
/// The site cannot be built; in CI, also where there is no Chromium.
pub(crate) fn end_to_end() -> Outcome<Tally> {
    if std::env::var_os("CI").is_some() {
        debian::install(&[("chromium", "chromium")], "the page in a browser")?;
    }
    if !is_installed("node") || !debian::has("chromium") {
        return skip("the page in a browser, which needs Node 20.19 or later and Chromium (chromium on the PATH)")
            .map(|()| Tally { skipped: 1, ..Tally::default() });
    }
    let site = assemble()?;
    vitest(&["--config", "e2e/vitest.config.ts"], Some(&site))
}

/// Runs vitest and counts what it tells.
fn vitest(arguments: &[&str], site: Option<&Path>) -> Outcome<Tally> {
    let report = target_dir()?.join("vitest.json");
    let mut tests = npm(&["exec", "--", "vitest", "run", "--reporter=default", "--reporter=json"]);
    tests.arg(format!("--outputFile={}", report.display())).args(arguments).envs(site.map(|site| ("PODARIUM_SITE", site)));
    let passed = run(tests);
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&report).map_err(|_| "vitest wrote no report")?)?;
    std::fs::remove_file(&report)?;
    let number = |key: &str| told[key].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
    let mut tally = Tally { passed: number("numPassedTests"), failed: number("numFailedTests"), skipped: number("numPendingTests") };
    // A file that cannot even be loaded has no tests that could fail.
    if passed.is_err() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

/// npm, in web/.
fn npm(arguments: &[&str]) -> Command {
    let mut npm = program("npm");
    npm.current_dir(root().join("web")).args(arguments);
    npm
}
