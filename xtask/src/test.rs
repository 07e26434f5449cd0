//! `cargo xtask test`: every test there is, with one count at the end.

use crate::command::{Outcome, cargo, output, program, root, step, target_dir};
use crate::{bench, lab, wasm, web};
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How many tests passed, failed and were skipped.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Tally {
    /// Counts one test.
    pub(crate) fn count(&mut self, passed: bool) {
        if passed { self.passed += 1 } else { self.failed += 1 }
    }

    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(f, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

/// One part of the tests.
type Part = fn() -> Outcome<Tally>;

/// Runs every test. One that fails keeps no other from running; a part that cannot be run ends it. The last line has the count.
///
/// # Errors
/// A test failed, or a part could not be run at all.
pub(crate) fn test() -> Outcome {
    let parts: [(&str, Part); 8] = [
        ("tests of the workspace", workspace),
        ("scenarios", scenarios_hold),
        ("lessons", lessons_are_proved),
        ("the same runs in WASM, under Node and in Chromium", wasm::fingerprints::agree),
        ("size of the module", wasm::size::within_budget),
        ("speed of the module", bench::within_budgets),
        ("the page's logic", web::logic),
        ("the page in a browser", web::end_to_end),
    ];
    let mut total = Tally::default();
    for (title, part) in parts {
        match step(title, part) {
            Ok(tally) => total.add(tally),
            Err(problem) => {
                // What could not be run has failed: the count must not look clean. And what comes after it would run an older build.
                eprintln!("error: {problem}");
                total.failed += 1;
                break;
            }
        }
    }
    println!("{total}");
    if total.failed == 0 { Ok(()) } else { Err("not every test passed".into()) }
}

/// `cargo test` over the workspace, its output passed through and counted.
fn workspace() -> Outcome<Tally> {
    // Without them the lab's cases are skipped, or fail in CI. Where they can't be had, it says so itself.
    if let Err(problem) = lab::install() {
        eprintln!("warning: {problem}");
    }
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast", "--", "--quiet"]);
    let mut child = tests.stdout(Stdio::piped()).spawn()?;
    let mut tally = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            tally.add(counted(&line).unwrap_or_default());
        }
    }
    let status = child.wait()?;
    if !status.success() && tally.failed == 0 {
        return Err(format!("cargo test: {status}, though no test failed").into());
    }
    Ok(tally)
}

/// What a closing line of Rust's test harness says: `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
fn counted(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| counts.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok());
    Some(Tally { passed: number("passed")?, failed: number("failed")?, skipped: number("ignored")? })
}

/// Runs each scenario: `podarium run` exits with 0 where all that the scenario expects holds.
fn scenarios_hold() -> Outcome<Tally> {
    each_succeeds("run", &scenarios(&root())?)
}

/// Proves each lesson: `podarium lesson` exits with 0 where the solution reaches the goals and nothing else does.
fn lessons_are_proved() -> Outcome<Tally> {
    each_succeeds("lesson", &yaml_files(&root(), "scenarios/lessons")?)
}

/// Gives each file to a subcommand of the command line that `cargo test` has just built.
fn each_succeeds(subcommand: &str, files: &[PathBuf]) -> Outcome<Tally> {
    let podarium = target_dir()?.join("debug").join(format!("podarium{}", std::env::consts::EXE_SUFFIX));
    let mut tally = Tally::default();
    for file in files {
        let ran = program(&podarium).arg(subcommand).arg(file).output().map_err(|error| format!("{}: {error}", podarium.display()))?;
        tally.count(ran.status.success());
        let verdict = if ran.status.success() { "holds" } else { "FAILED" };
        println!("{verdict}: {}", file.display());
        if !ran.status.success() {
            println!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        }
    }
    Ok(tally)
}

/// Every scenario below `root`, relative to it and sorted: each `.yaml` file in `scenarios/`, and the `scenario.yaml` of each folder there
/// (whose other files are the scenario's manifests). Lessons are no scenarios.
///
/// # Errors
/// The folder cannot be read, or there is no scenario at all.
pub(crate) fn scenarios(root: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = yaml_files(root, "scenarios")?;
    for entry in std::fs::read_dir(root.join("scenarios"))? {
        let of_folder = Path::new("scenarios").join(entry?.file_name()).join("scenario.yaml");
        found.extend(root.join(&of_folder).is_file().then_some(of_folder));
    }
    found.sort();
    Ok(found)
}

/// The `.yaml` files of a folder below `root`, relative to it and sorted.
///
/// # Errors
/// The folder cannot be read, or there is none in it.
fn yaml_files(root: &Path, folder: &str) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root.join(folder))? {
        let path = Path::new(folder).join(entry?.file_name());
        found.extend(path.extension().is_some_and(|extension| extension == "yaml").then_some(path));
    }
    found.sort();
    if found.is_empty() { Err(format!("no .yaml file in {folder}/").into()) } else { Ok(found) }
}

/// `node`, with `arguments`, and what it prints.
///
/// # Errors
/// It ends with another code than 0.
pub(crate) fn node(arguments: impl FnOnce(&mut Command)) -> Outcome<String> {
    let mut node = program("node");
    arguments(&mut node);
    output(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(usize, usize, usize)>) {
        assert_eq!(counted(line), expected.map(|(passed, failed, skipped)| Tally { passed, failed, skipped }), "{line}");
    }

    #[test]
    fn the_harness_closing_lines_are_counted() {
        check("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s", Some((12, 0, 1)));
        check("test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s", Some((0, 2, 0)));
        check("running 12 tests", None);
        check("test result: what is this", None);
    }

    #[test]
    fn the_last_line_reads_as_ci_reads_it() {
        assert_eq!(Tally { passed: 3, failed: 0, skipped: 0 }.to_string(), "3 passed, 0 failed");
        assert_eq!(Tally { passed: 3, failed: 1, skipped: 2 }.to_string(), "3 passed, 1 failed, 2 skipped");
    }
}
