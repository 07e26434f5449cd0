//! `cargo xtask tidy`: the rules of this project that no compiler knows. They also run as an ordinary test.
//!
//! A rule reads a [`Tree`] and returns what it found; none of them touches the disk, so that each can be shown to fail on a small tree.

mod rooms;
mod source;

use crate::command::{Outcome, root};
use source::{before_tests, code};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

/// A file's lines before its tests.
const LINES_BEFORE_TESTS: usize = 600;
/// A file's lines altogether.
const LINES: usize = 900;

/// Files that may be longer, each with the reason. One that has become short enough must leave the list.
const LONG: &[(&str, &str)] =
    &[("sim-core/src/api/template_hash/layout.rs", "one table: the fields of all Go structs under PodTemplateSpec, a line each")];

/// What the model may not use, and what to use there instead. Tests may.
const NOT_IN_THE_MODEL: &[(&str, &str)] = &[
    ("HashMap", "its order differs between runs; use BTreeMap or kernel::table"),
    ("HashSet", "its order differs between runs; use BTreeSet"),
    ("Instant::now", "time is passed in as SimTime"),
    ("SystemTime", "time is passed in as SimTime"),
    ("std::env", "only the outer crates see the environment"),
    ("std::fs", "only the outer crates see files"),
    ("std::thread", "the model has no threads"),
    ("TcpStream", "only the outer crates see a network"),
    ("TcpListener", "only the outer crates see a network"),
    ("UdpSocket", "only the outer crates see a network"),
    ("thread_rng", "use kernel::chance"),
    (".unwrap()", "use expect(\"the invariant\") or an error"),
    ("println!", "the model returns text"),
    ("eprintln!", "the model returns text"),
];

/// Words that mean "not finished", anywhere.
const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "dbg!"];

/// Folders that are not the project's text.
const NOT_OURS: &[&str] = &[".git", "target", "node_modules", "dist", "pkg"];
/// Files that are read as text.
const TEXT: &[&str] = &["rs", "md", "toml", "yaml", "yml", "sh", "mjs", "js", "ts", "tsx", "css", "html"];

/// The project's files: what is in them, where that is text.
#[derive(Default)]
pub(crate) struct Tree {
    text: BTreeMap<String, String>,
    all: BTreeSet<String>,
}

impl Tree {
    /// Reads the tree below `root`.
    ///
    /// # Errors
    /// A folder or file cannot be read.
    pub(crate) fn load(root: &Path) -> Outcome<Tree> {
        let mut tree = Tree::default();
        tree.load_folder(root, "")?;
        Ok(tree)
    }

    fn load_folder(&mut self, root: &Path, folder: &str) -> Outcome {
        for entry in std::fs::read_dir(root.join(folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if NOT_OURS.contains(&&*name) {
                continue;
            }
            // Not the entry's own type: a link to a folder is followed.
            if entry.path().is_dir() {
                self.load_folder(root, &path)?;
                continue;
            }
            let extension = Path::new(&name).extension().and_then(|extension| extension.to_str());
            if extension.map_or(folder == ".ci", |extension| TEXT.contains(&extension)) {
                let text = std::fs::read_to_string(entry.path()).map_err(|error| format!("{path}: {error}"))?;
                self.text.insert(path.clone(), text);
            }
            self.all.insert(path);
        }
        Ok(())
    }

    /// The text files below `folder` whose name ends with `ending`.
    fn below<'a>(&'a self, folder: &'a str, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.text.iter().filter(move |(path, _)| path.starts_with(folder) && path.ends_with(ending)).map(|(path, text)| (&**path, &**text))
    }

    /// Whether there is a file or folder at `path`.
    fn has(&self, path: &str) -> bool {
        let below = format!("{}/", path.trim_end_matches('/'));
        self.all.contains(path) || self.all.range(below.clone()..).next().is_some_and(|first| first.starts_with(&below))
    }
}

/// A rule that does not hold at a place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    /// From 1; 0 for the whole file.
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// Prints what is untidy in the project.
///
/// # Errors
/// Something is, or the project cannot be read.
pub(crate) fn run() -> Outcome {
    let findings = tidy(&Tree::load(&root())?);
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() { Ok(()) } else { Err(format!("tidy: {} found", findings.len()).into()) }
}

/// Everything that is untidy in `tree`, by path and line.
pub(crate) fn tidy(tree: &Tree) -> Vec<Finding> {
    let rules: [fn(&Tree, &mut Vec<Finding>); 7] =
        [rooms::keep_to_the_table, sizes, first_lines, words, paths_of_a_machine, decisions, links];
    let mut findings = Vec::new();
    for rule in rules {
        rule(tree, &mut findings);
    }
    findings.sort();
    findings.dedup();
    findings
}

fn sizes(tree: &Tree, findings: &mut Vec<Finding>) {
    let ours = [".rs", ".ts", ".tsx", ".css"].into_iter().flat_map(|ending| tree.below("", ending));
    // What is generated is as long as what it is generated from.
    for (path, text) in ours.filter(|(_, text)| !text.starts_with("// Generated by")) {
        let before = before_tests(path, text).lines().count();
        let all = text.lines().count();
        let too_long = before > LINES_BEFORE_TESTS || all > LINES;
        match (too_long, LONG.iter().any(|(long, _)| *long == path)) {
            (true, false) => findings.push(Finding::new(
                path,
                0,
                format!("{before} lines before its tests and {all} altogether; the limits are {LINES_BEFORE_TESTS} and {LINES}"),
            )),
            (false, true) => findings.push(Finding::new(path, 0, "is short now: take it off tidy's list of long files")),
            _ => {}
        }
    }
}

fn first_lines(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.below("", ".rs") {
        if !text.starts_with("//!") {
            findings.push(Finding::new(path, 1, "starts without a `//!` line that says what it does"));
        }
    }
}

fn words(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.below("", ".rs") {
        let in_the_model = path.starts_with("sim-core/src/");
        let untested = code(before_tests(path, text));
        for (number, line) in untested.lines().enumerate().filter(|_| in_the_model) {
            for (word, instead) in NOT_IN_THE_MODEL {
                if has_word(line, word) {
                    findings.push(Finding::new(path, number + 1, format!("`{word}` in sim-core: {instead}")));
                }
            }
        }
        for (number, line) in code(text).lines().enumerate() {
            for word in UNFINISHED.iter().filter(|word| has_word(line, word)) {
                findings.push(Finding::new(path, number + 1, format!("`{word}` is left over")));
            }
        }
    }
}

/// Whether `line` has `word`, not as the end of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let inside_a_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| !word.starts_with(char::is_alphabetic) || !line[..at].ends_with(inside_a_name))
}

/// What holds on one machine only does not belong in the project.
fn paths_of_a_machine(tree: &Tree, findings: &mut Vec<Finding>) {
    // Put together here, so that this file does not name them itself.
    let folders = ["root", "home", "work", "farm"].map(|folder| format!("/{folder}/"));
    for (path, text) in tree.below("", "") {
        for (number, line) in text.lines().enumerate() {
            for folder in &folders {
                let starts_here = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-$})/~*".contains(c));
                if line.match_indices(&**folder).any(|(at, _)| starts_here(at)) {
                    findings.push(Finding::new(path, number + 1, format!("`{folder}` is a path of one machine")));
                }
            }
        }
    }
}

/// Decisions are numbered from 0001 without a gap, and each carries its number in its heading.
fn decisions(tree: &Tree, findings: &mut Vec<Finding>) {
    let mut expected = 1;
    for (path, text) in tree.below("docs/adr/", ".md") {
        let name = &path["docs/adr/".len()..];
        let number = name.split_once('-').filter(|(number, _)| number.len() == 4).and_then(|(number, _)| number.parse::<u32>().ok());
        let Some(number) = number else {
            findings.push(Finding::new(path, 0, "a decision's file is called NNNN-what-it-is-about.md"));
            continue;
        };
        if number != expected {
            findings.push(Finding::new(path, 0, format!("the next decision's number is {expected:04}")));
        }
        if !text.starts_with(&format!("# {number:04}")) {
            findings.push(Finding::new(path, 1, format!("starts without its heading `# {number:04}: …`")));
        }
        expected = number + 1;
    }
}

/// A link from one page to a file of the project leads somewhere.
fn links(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.below("", ".md") {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut in_a_block = false;
        for (number, line) in text.lines().enumerate() {
            in_a_block ^= line.trim_start().starts_with("```");
            for (_, rest) in line.match_indices("](").map(|(at, mark)| line.split_at(at + mark.len())).filter(|_| !in_a_block) {
                let target = rest.split([')', '#', ' ']).next().unwrap_or_default();
                let elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
                if !elsewhere && !joined(folder, target).is_some_and(|target| tree.has(&target)) {
                    findings.push(Finding::new(path, number + 1, format!("the link to {target} leads nowhere")));
                }
            }
        }
    }
}

/// `relative`, seen from `folder`; `None` where it leaves the project.
fn joined(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A tree in memory.
    pub(crate) fn tree(files: &[(&str, &str)]) -> Tree {
        let text: BTreeMap<_, _> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Tree { all: text.keys().cloned().collect(), text }
    }

    /// Holds what `rule` finds in `files` against `expected`, one `path:line: part of what it says` each.
    #[track_caller]
    pub(crate) fn check(rule: fn(&Tree, &mut Vec<Finding>), files: &[(&str, &str)], expected: &[&str]) {
        let mut findings = Vec::new();
        rule(&tree(files), &mut findings);
        findings.sort();
        findings.dedup();
        let found: Vec<_> = findings.iter().map(Finding::to_string).collect();
        let same = found.len() == expected.len() && found.iter().zip(expected).all(|(found, expected)| found.starts_with(expected));
        assert!(same, "found {found:#?}\nexpected {expected:#?}");
    }

    #[test]
    fn the_project_is_tidy() {
        let findings = tidy(&Tree::load(&root()).expect("the project can be read"));
        let found: Vec<_> = findings.iter().map(Finding::to_string).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_count_less() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    // case\n".repeat(200));
        check(sizes, &[("src/a.rs", &("//!\n".repeat(600) + &tests))], &[]);
        check(sizes, &[("src/a.rs", &("//!\n".repeat(601) + &tests))], &["src/a.rs: 601 lines before its tests and 804 altogether"]);
        check(sizes, &[("src/a.rs", &("//!\n".repeat(500) + &tests.repeat(2)))], &["src/a.rs: 500 lines before its tests and 906"]);
        check(sizes, &[("a.md", &"text\n".repeat(5000))], &[]);
    }

    #[test]
    fn a_file_says_what_it_is() {
        check(first_lines, &[("a.rs", "//! A.\n"), ("b.rs", "use c;\n//! Late.\n")], &["b.rs:1: starts without"]);
    }

    #[test]
    fn words_of_the_outside_are_found_in_the_model_only() {
        let text = "//! HashMap\nuse std::collections::HashMap; // SystemTime\nlet a = \"std::fs\";\nlet b = a.unwrap();\n";
        check(words, &[("sim-core/src/a.rs", text)], &["sim-core/src/a.rs:2: `HashMap`", "sim-core/src/a.rs:4: `.unwrap()`"]);
        check(words, &[("src/main.rs", text)], &[]);
        check(words, &[("sim-core/src/a.rs", "//! A.\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n")], &[]);
        check(words, &[("src/a.rs", "fn a() {\n    todo!()\n}\n")], &["src/a.rs:2: `todo!`"]);
        check(words, &[("sim-core/src/a.rs", "struct MyHashMap;\n")], &[]);
    }

    #[test]
    fn paths_of_a_machine_are_found() {
        let [root, work] = ["root", "work"].map(|folder| format!("/{folder}/"));
        check(paths_of_a_machine, &[("a.md", &format!("see {root}x\n"))], &[&format!("a.md:1: `{root}`")]);
        check(paths_of_a_machine, &[(".ci/run", &format!("#!\ncd '{work}main'\n"))], &[&format!(".ci/run:2: `{work}`")]);
        check(paths_of_a_machine, &[("a.md", &format!("https://example.com{work}x and .{root}\n"))], &[]);
    }

    #[test]
    fn decisions_are_numbered() {
        let first = ("docs/adr/0001-a.md", "# 0001: A\n");
        check(decisions, &[first, ("docs/adr/0002-b.md", "# 0002: B\n")], &[]);
        check(decisions, &[first, ("docs/adr/0003-c.md", "# 0003: C\n")], &["docs/adr/0003-c.md: the next decision's number is 0002"]);
        check(decisions, &[first, ("docs/adr/0001-b.md", "# 0001: B\n")], &["docs/adr/0001-b.md: the next decision's number is 0002"]);
        check(
            decisions,
            &[("docs/adr/0001-a.md", "# A\n"), ("docs/adr/b.md", "")],
            &["docs/adr/0001-a.md:1: starts", "docs/adr/b.md: a decision's"],
        );
    }

    #[test]
    fn links_lead_somewhere() {
        let page = "[a](../b.md#c) [b](https://example.com) [c](#d) [d](missing.md)\n```\n[e](missing.md)\n```\n[f](../src) [g](../../x)\n";
        let found = ["docs/a.md:1: the link to missing.md", "docs/a.md:5: the link to ../../x"];
        check(links, &[("docs/a.md", page), ("b.md", ""), ("src/main.rs", "")], &found);
    }
}
