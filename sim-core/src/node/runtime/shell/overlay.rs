//! The files of a container while its process runs: those it started with, and what was written since.

use crate::kernel::time::SimDuration;
use crate::node::runtime::disk::{File, Files};
use std::collections::BTreeMap;

/// Set in a mode that belongs to a directory.
const DIRECTORY: u32 = 0o040_000;

/// Directories that every image has.
const STANDARD: &[&str] = &[
    "/",
    "/bin",
    "/dev",
    "/dev/shm",
    "/etc",
    "/home",
    "/lib",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/local",
    "/usr/local/bin",
    "/usr/share",
    "/var",
    "/var/lib",
    "/var/log",
    "/var/run",
    "/var/tmp",
];

/// More text than this is not kept of a file, only its size.
const DATA_MAX: usize = 1 << 20;

/// What happens to a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileChange {
    /// It is this from now on.
    Put(File),
    /// This is added at its end.
    Append(String),
    /// It is gone.
    Remove,
}

/// A file that was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// What it says.
    pub data: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its permissions; of a directory with the directory's bit.
    pub mode: u32,
    /// When it was written last.
    pub at: SimDuration,
}

/// Files, and what was written over them.
#[derive(Clone, Debug)]
pub struct Overlay<'a> {
    base: &'a Files,
    written: BTreeMap<String, Option<Written>>,
    /// Counts changes other than appends.
    pub version: u64,
    /// By how many bytes files grew through appends since somebody emptied this.
    pub grown: BTreeMap<String, u64>,
    /// All changes with their times, if they are asked for.
    pub journal: Option<Vec<(SimDuration, String, FileChange)>>,
}

/// A path without `.`, `..` and doubled slashes, below `cwd` if it is relative.
pub fn absolute(cwd: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let from = if path.starts_with('/') { "" } else { cwd };
    for part in from.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The directory that a path lies in.
pub fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(cut) => &path[..cut],
    }
}

impl<'a> Overlay<'a> {
    /// Nothing is written yet.
    pub fn new(base: &'a Files) -> Self {
        Overlay { base, written: BTreeMap::new(), version: 0, grown: BTreeMap::new(), journal: None }
    }

    /// The file at a path, as its text, size and mode; directories that were made too.
    fn entry(&self, path: &str) -> Option<(&str, u64, u32)> {
        match self.written.get(path) {
            Some(Some(file)) => Some((&file.data, file.size, file.mode)),
            Some(None) => None,
            None => self.base.get(path).map(|file| (file.data.as_str(), file.size, file.mode)),
        }
    }

    /// A file's text.
    pub fn read(&self, path: &str) -> Option<&str> {
        self.entry(path).filter(|(_, _, mode)| mode & DIRECTORY == 0).map(|(data, ..)| data)
    }

    /// A file's size and mode.
    pub fn stat(&self, path: &str) -> Option<(u64, u32)> {
        self.entry(path).filter(|(_, _, mode)| mode & DIRECTORY == 0).map(|(_, size, mode)| (size, mode))
    }

    /// When a file was written, if it was since the start.
    pub fn written_at(&self, path: &str) -> Option<SimDuration> {
        self.written.get(path).and_then(|file| file.as_ref().map(|file| file.at))
    }

    /// Whether there is a directory of this path.
    pub fn is_directory(&self, path: &str) -> bool {
        STANDARD.contains(&path)
            || self.entry(path).is_some_and(|(_, _, mode)| mode & DIRECTORY != 0)
            || self.paths_below(path).next().is_some()
    }

    /// All paths of files and made directories below a directory.
    pub fn paths_below<'s>(&'s self, directory: &str) -> impl Iterator<Item = &'s str> {
        let prefix = if directory == "/" { "/".to_owned() } else { format!("{directory}/") };
        let end = prefix.clone();
        let written = self.written.range(prefix.clone()..).map(|(path, file)| (path.as_str(), file.is_some()));
        let written = written.take_while(move |(path, _)| path.starts_with(&end)).filter(|(_, there)| *there).map(|(path, _)| path);
        let end = prefix.clone();
        let base = self.base.range::<str, _>((std::ops::Bound::Included(prefix.as_str()), std::ops::Bound::Unbounded));
        let base = base.map(|(path, _)| path.as_str()).take_while(move |path| path.starts_with(&end));
        written.chain(base.filter(|path| !self.written.contains_key(*path)))
    }

    /// The names in a directory, sorted.
    pub fn names_in(&self, directory: &str) -> Vec<String> {
        let skip = if directory == "/" { 1 } else { directory.len() + 1 };
        let below = self.paths_below(directory).chain(STANDARD.iter().copied());
        let mut names: Vec<String> = below
            .filter(|path| {
                path.len() > skip && (directory == "/" || path.starts_with(directory) && path.as_bytes()[directory.len()] == b'/')
            })
            .filter_map(|path| path[skip..].split('/').next().map(str::to_owned))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn note(&mut self, at: SimDuration, path: &str, change: impl FnOnce() -> FileChange) {
        if let Some(journal) = &mut self.journal {
            journal.push((at, path.to_owned(), change()));
        }
    }

    /// Makes or replaces a file.
    pub fn put(&mut self, at: SimDuration, path: &str, data: &str, size: u64, mode: u32) {
        if self.entry(path) != Some((data, size, mode)) {
            self.version += 1;
            self.note(at, path, || FileChange::Put(File { data: data.to_owned().into(), size, mode }));
        }
        self.written.insert(path.to_owned(), Some(Written { data: data.to_owned(), size, mode, at }));
    }

    /// Adds to a file's end, or makes it.
    pub fn append(&mut self, at: SimDuration, path: &str, text: &str) {
        if self.stat(path).is_none() {
            return self.put(at, path, text, text.len() as u64, 0o644);
        }
        self.note(at, path, || FileChange::Append(text.to_owned()));
        if !matches!(self.written.get(path), Some(Some(_)))
            && let Some((data, size, mode)) = self.entry(path)
        {
            let file = Written { data: data.to_owned(), size, mode, at };
            self.written.insert(path.to_owned(), Some(file));
        }
        if let Some(Some(file)) = self.written.get_mut(path) {
            file.at = at;
            file.size += text.len() as u64;
            if file.data.len() + text.len() <= DATA_MAX {
                file.data.push_str(text);
            }
        }
        match self.grown.get_mut(path) {
            Some(bytes) => *bytes += text.len() as u64,
            None => {
                self.grown.insert(path.to_owned(), text.len() as u64);
            }
        }
    }

    /// Lets files grow as they did in one round of a loop, `times` more; what was written then isn't kept.
    pub fn grow_again(&mut self, times: u64) {
        for (path, bytes) in &self.grown {
            if let Some(Some(file)) = self.written.get_mut(path) {
                file.size += bytes * times;
            }
        }
    }

    /// Removes a file.
    pub fn remove(&mut self, at: SimDuration, path: &str) {
        self.version += 1;
        self.note(at, path, || FileChange::Remove);
        self.written.insert(path.to_owned(), None);
    }

    /// Makes a directory.
    pub fn make_directory(&mut self, at: SimDuration, path: &str) {
        self.put(at, path, "", 0, DIRECTORY | 0o755);
    }

    /// Lets somebody else's change happen.
    pub fn apply(&mut self, at: SimDuration, path: &str, change: &FileChange) {
        let journal = self.journal.take();
        match change {
            FileChange::Put(file) => self.put(at, path, &file.data, file.size, file.mode),
            FileChange::Append(text) => self.append(at, path, text),
            FileChange::Remove => self.remove(at, path),
        }
        self.journal = journal;
    }

    /// All files as they are.
    pub fn files(&self) -> Files {
        let mut files = self.base.clone();
        for (path, file) in &self.written {
            match file {
                Some(file) => {
                    let file = File { data: file.data.clone().into(), size: file.size, mode: file.mode };
                    files.insert(path.clone().into(), file);
                }
                None => {
                    files.remove(path.as_str());
                }
            }
        }
        files
    }

    /// How many bytes were written and are still there: what the kubelet counts as the container's writable layer.
    pub fn bytes_written(&self) -> u64 {
        self.written.values().flatten().map(|file| file.size).sum()
    }
}
