//! Running other programs in the project's folder, with their output passed through and their time told.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a task ends with. The error is for a person to read.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// `program`, to be run in the project's folder, with nothing to read.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// The cargo that runs us, with `arguments`.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// Runs `work` under a heading, and says how long it took.
pub(crate) fn step<T>(title: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    println!("==> {title}");
    let start = Instant::now();
    let done = work();
    println!("    {} in {:.1} s: {title}", if done.is_ok() { "done" } else { "FAILED" }, start.elapsed().as_secs_f64());
    done
}

/// Runs `command` to its end, its output passed through.
///
/// # Errors
/// It cannot be started, or ends with another code than 0.
pub(crate) fn run(mut command: Command) -> Outcome {
    let status = command.status().map_err(|error| format!("{}: {error}", told(&command)))?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", told(&command)).into()) }
}

/// What `command` writes to its standard output; what it writes to the other passes through.
///
/// # Errors
/// It cannot be started, or ends with another code than 0.
pub(crate) fn output(mut command: Command) -> Outcome<String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("{}: {error}", told(&command)))?;
    if !output.status.success() {
        return Err(format!("{}: {}", told(&command), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether `name --version` can be run.
pub(crate) fn is_installed(name: &str) -> bool {
    program(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Says that a part was skipped, and what it needs.
///
/// # Errors
/// Always in CI (where `CI` is set): there, a part that is skipped would pass unseen.
pub(crate) fn skip(what: &str) -> Outcome {
    println!("skipped: {what}");
    if std::env::var_os("CI").is_some() { Err(format!("in CI nothing may be skipped: {what}").into()) } else { Ok(()) }
}

/// Where cargo puts what it builds.
///
/// # Errors
/// `cargo metadata` fails, or answers something else.
pub(crate) fn target_dir() -> Outcome<PathBuf> {
    let metadata: serde_json::Value = serde_json::from_str(&output(cargo(&["metadata", "--no-deps", "--format-version=1"]))?)?;
    Ok(metadata["target_directory"].as_str().ok_or("cargo metadata names no target directory")?.into())
}

fn told(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words: Vec<_> = [program].into_iter().chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}
