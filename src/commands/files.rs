//! Reading files: scenarios, and what their commands name.

use super::Problem;
use sim_core::kernel::time::SimTime;
use sim_core::scenario::Scenario;
use sim_view::frame::session::Link;
use sim_view::lesson::Lesson;
use sim_view::link;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Reads a file of text.
pub(crate) fn read(path: &Path) -> Result<String, Problem> {
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file {}", path.display()),
        _ => format!("can't read {}: {error}", path.display()),
    })?;
    String::from_utf8(bytes).map_err(|_| format!("{} is no text: it isn't UTF-8", path.display()))
}

/// The folder below the scenarios that has the lessons. They have a form of their own.
const LESSONS: &str = "lessons";

/// The scenario files among what was named: files as they are, folders with all `.yaml` and `.yml` files in them except lessons, sorted.
pub(crate) fn scenarios(named: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    found(named, |path| path.is_dir() && path.file_name().is_some_and(|name| name == LESSONS))
}

/// The lesson files among what was named: files as they are, folders with all `.yaml` and `.yml` files in them, sorted.
pub(crate) fn lessons(named: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    found(named, |_| false)
}

fn found(named: &[PathBuf], skipped: fn(&Path) -> bool) -> Result<Vec<PathBuf>, Problem> {
    let mut found = Vec::new();
    for path in named {
        if path.is_dir() {
            let before = found.len();
            walk(path, skipped, &mut found)?;
            if found.len() == before {
                return Err(format!("there are no .yaml files in {}", path.display()));
            }
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn walk(folder: &Path, skipped: fn(&Path) -> bool, found: &mut Vec<PathBuf>) -> Result<(), Problem> {
    let problem = |error: std::io::Error| format!("can't read {}: {error}", folder.display());
    let mut entries = std::fs::read_dir(folder).map_err(problem)?.collect::<Result<Vec<_>, _>>().map_err(problem)?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if skipped(&path) {
            continue;
        }
        if path.is_dir() {
            walk(&path, skipped, found)?;
        } else if is_yaml(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// The largest seed that fits into a link: `Number.MAX_SAFE_INTEGER`.
pub(crate) const SEED_MAX: u64 = (1 << 53) - 1;

/// A scenario as it stands in its files.
pub(crate) struct Source {
    /// What they say.
    pub(crate) scenario: Scenario,
    /// The scenario file's text.
    text: String,
    /// The files beside it that its commands name.
    beside: BTreeMap<String, String>,
}

impl Source {
    /// The run of this scenario as a link's fragment, without `#`: with this seed, looked at from this moment. `None`: JavaScript's numbers
    /// can't tell this seed from others.
    pub(crate) fn link(&self, seed: u64, at: SimTime) -> Option<String> {
        (seed <= SEED_MAX).then(|| self.encoded(seed, at))
    }

    fn encoded(&self, seed: u64, at: SimTime) -> String {
        link::encode(&Link {
            version: link::VERSION,
            scenario: self.text.clone(),
            files: self.beside.clone(),
            seed: Some(seed),
            at: Some(at.as_nanos()),
            ..Link::default()
        })
    }
}

/// Reads a scenario with all files that its commands name. They are looked for beside it.
pub(crate) fn scenario(path: &Path) -> Result<Scenario, Problem> {
    source(path).map(|source| source.scenario)
}

/// The same, with the texts that were read.
pub(crate) fn source(path: &Path) -> Result<Source, Problem> {
    let text = read(path)?;
    let name = path.display().to_string();
    let mut scenario = Scenario::parse(&text, &name).map_err(|error| match Lesson::parse(&text, &name) {
        Ok(_) => format!("{name} is a lesson, not a scenario\n  = help: `podarium lesson {name}` proves it, and with --show prints it"),
        Err(_) => error.to_string(),
    })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut beside = BTreeMap::new();
    for name in scenario.files_needed() {
        beside.extend(named(folder, &name, text.contains("--from-file")).map_err(|problem| {
            format!("{problem}\n  = help: {} names it; give it under `files:`, or put it beside the scenario", path.display())
        })?);
    }
    scenario.files.extend(beside.clone());
    Ok(Source { scenario, text, beside })
}

/// The file of this name, or the files in the folder of this name. kubectl's `-f` reads the manifests among them, `--from-file` all: then
/// (`whole`) a file that is no text is a problem.
pub(crate) fn named(folder: &Path, name: &str, whole: bool) -> Result<BTreeMap<String, String>, Problem> {
    let path = folder.join(name);
    if !path.is_dir() {
        return Ok(BTreeMap::from([(name.to_owned(), read(&path)?)]));
    }
    let problem = |error: std::io::Error| format!("can't read {}: {error}", path.display());
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(&path).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        let is_manifest = is_yaml(&path) || path.extension().is_some_and(|extension| extension == "json");
        if path.is_file() && (whole || is_manifest) {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(format!("{}/{file}", name.trim_end_matches('/')), read(&path)?);
        }
    }
    Ok(found)
}
