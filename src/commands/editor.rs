//! `kubectl edit` in the shell: the editor of `$KUBE_EDITOR` or `$EDITOR`, opened on what kubectl wants to be edited, and opened again with
//! what was wrong.

use sim_core::kubectl::{EDITED, TO_EDIT, is_same_text, opens_editor, split_commands};
use sim_core::shell::{Reply, Shell};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// kubectl's editor when the environment names none.
const DEFAULT: &str = "vi";

/// Whether a line opens an editor: a single command that does.
pub(crate) fn opens(line: &str) -> bool {
    match split_commands(line).as_deref() {
        Ok([words]) => opens_editor(words),
        _ => false,
    }
}

/// Runs such a line.
pub(crate) fn edit(shell: &mut Shell, line: &str, files: &BTreeMap<String, String>) -> Reply {
    let mut total = Reply::default();
    let mut before = String::new();
    loop {
        let asked = with(&mut shell.clone(), line, files, TO_EDIT, &before);
        if asked.code != 0 {
            // There is nothing to mend: what kubectl said last stands.
            return if before.is_empty() { asked } else { total };
        }
        let (file, edited) = match fresh_file(&asked.stdout) {
            Ok(file) => (file.clone(), launch(&file)),
            Err(problem) => return failed(total, Path::new(""), &problem),
        };
        let edited = match edited {
            Ok(edited) => edited,
            Err(problem) => return failed(total, &file, &problem),
        };
        if !before.is_empty() && is_same_text(&before, &edited) {
            return failed(total, &file, "Edit cancelled, no valid changes were saved.");
        }
        let reply = with(shell, line, files, EDITED, &edited);
        total.warnings.push_str(&reply.warnings);
        total.stdout.push_str(&reply.stdout);
        total.stderr.push_str(&reply.stderr);
        total.code = reply.code;
        if reply.code == 0 {
            // A file that can't be removed from the temporary folder does no harm.
            let _ = std::fs::remove_file(&file);
            return total;
        }
        if reply.stderr.contains("could not be patched") {
            total.stderr.push_str(&format!("You can run `kubectl replace -f {}` to try this update again.\n", file.display()));
        }
        before = edited;
    }
}

/// The reply to a line that has one more file.
fn with(shell: &mut Shell, line: &str, files: &BTreeMap<String, String>, file: &str, text: &str) -> Reply {
    let mut files = files.clone();
    files.insert(file.to_owned(), text.to_owned());
    shell.line(line, &files)
}

fn failed(mut total: Reply, file: &Path, problem: &str) -> Reply {
    if file.exists() {
        total.stderr.push_str(&format!("A copy of your changes has been stored to \"{}\"\n", file.display()));
    }
    total.stderr.push_str(&format!("error: {problem}\n"));
    total.code = 1;
    total
}

/// A file with this text that nobody else had made before.
fn fresh_file(text: &str) -> Result<PathBuf, String> {
    let folder = std::env::temp_dir();
    for number in 0..1000 {
        let path = folder.join(format!("kubectl-edit-{}-{number}.yaml", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                return file.write_all(text.as_bytes()).map(|()| path.clone()).map_err(|error| format!("{}: {error}", path.display()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("{}: {error}", path.display())),
        }
    }
    Err(format!("{} is full of files that were edited", folder.display()))
}

/// Lets a file be edited, and reads it.
fn launch(file: &Path) -> Result<String, String> {
    let trouble = |error: std::io::Error| format!("{}: {error}", file.display());
    let editor = ["KUBE_EDITOR", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let editor = editor.unwrap_or_else(|| DEFAULT.to_owned());
    let problem = || format!("there was a problem with the editor {editor:?}");
    let status = if editor.contains(['"', '\'', '\\']) {
        Command::new("sh").arg("-c").arg(format!("{editor} {}", file.display())).status()
    } else {
        let mut words = editor.split_whitespace();
        Command::new(words.next().unwrap_or(DEFAULT)).args(words).arg(file).status()
    };
    match status {
        Ok(status) if status.success() => std::fs::read_to_string(file).map_err(trouble),
        Ok(_) => Err(problem()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!("unable to launch the editor {editor:?}")),
        Err(_) => Err(problem()),
    }
}
