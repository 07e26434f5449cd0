//! The programs that scripts call: what busybox and coreutils have, as far as manifests use it.

mod copy;
mod databases;
mod files;
mod names;
mod network;
mod perl;
mod regex;
mod stream;
mod system;
mod text;
mod usage;

use crate::node::runtime::images::{ImageFacts, Kit};
use crate::node::runtime::shell::machine::{Done, Machine};
pub use files::test_command;
use std::collections::BTreeMap;

/// A program.
pub type Tool = fn(&mut Machine<'_>, &[String]) -> Done;

/// Which images have a program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    /// All that have a shell.
    All,
    /// Those with busybox.
    Busybox,
    /// Those that say so.
    Named,
}

const TOOLS: &[(&str, In, Tool)] = &[
    ("[", In::All, test_command),
    ("arch", In::All, system::uname),
    ("awk", In::All, text::awk),
    ("base64", In::All, text::base64),
    ("basename", In::All, files::basename),
    ("cat", In::All, stream::cat),
    ("chgrp", In::All, files::nothing),
    ("chmod", In::All, files::chmod),
    ("chown", In::All, files::nothing),
    ("clear", In::All, system::nothing),
    ("cp", In::All, copy::cp),
    ("curl", In::Named, network::curl),
    ("cut", In::All, text::cut),
    ("date", In::All, system::date),
    ("dd", In::All, usage::dd),
    ("df", In::All, usage::df),
    ("dig", In::Named, names::dig),
    ("dirname", In::All, files::dirname),
    ("du", In::All, usage::du),
    ("echo", In::All, system::echo),
    ("env", In::All, system::env),
    ("expr", In::All, system::expr),
    ("fallocate", In::All, usage::fallocate),
    ("false", In::All, |_, _| Ok(1)),
    ("find", In::All, files::find),
    ("free", In::Busybox, usage::free),
    ("getent", In::All, names::getent),
    ("grep", In::All, text::grep),
    ("head", In::All, stream::head),
    ("host", In::Named, names::host),
    ("hostname", In::All, system::hostname),
    ("id", In::All, system::id),
    ("kill", In::All, system::kill),
    ("ln", In::All, copy::cp),
    ("ls", In::All, files::ls),
    ("mkdir", In::All, files::mkdir),
    ("mktemp", In::All, files::mktemp),
    ("mv", In::All, copy::mv),
    ("mysqladmin", In::Named, databases::mysqladmin),
    ("nc", In::Busybox, network::nc),
    ("nohup", In::All, system::nohup),
    ("nproc", In::All, usage::nproc),
    ("nslookup", In::Busybox, names::nslookup),
    ("perl", In::Named, perl::perl),
    ("pg_isready", In::Named, databases::pg_isready),
    ("ping", In::Busybox, network::ping),
    ("printenv", In::All, system::printenv),
    ("printf", In::All, system::printf),
    ("ps", In::Busybox, system::ps),
    ("pwd", In::All, system::pwd),
    ("readlink", In::All, files::realpath),
    ("realpath", In::All, files::realpath),
    ("redis-cli", In::Named, databases::redis_cli),
    ("rm", In::All, files::rm),
    ("rmdir", In::All, files::rm),
    ("sed", In::All, text::sed),
    ("seq", In::All, text::seq),
    ("sleep", In::All, system::sleep),
    ("sort", In::All, text::sort),
    ("stat", In::All, files::stat),
    ("stress", In::Named, usage::stress),
    ("stress-ng", In::Named, usage::stress),
    ("sync", In::All, system::nothing),
    ("tail", In::All, stream::tail),
    ("tee", In::All, stream::tee),
    ("test", In::All, test_command),
    ("time", In::All, system::nohup),
    ("timeout", In::All, system::timeout),
    ("touch", In::All, files::touch),
    ("tr", In::All, text::tr),
    ("true", In::All, |_, _| Ok(0)),
    ("truncate", In::All, usage::fallocate),
    ("uname", In::All, system::uname),
    ("uniq", In::All, text::uniq),
    ("uptime", In::Busybox, usage::uptime),
    ("usleep", In::Busybox, system::sleep),
    ("wc", In::All, text::wc),
    ("wget", In::Busybox, network::wget),
    ("whoami", In::All, system::id),
    ("xargs", In::All, text::xargs),
    ("yes", In::All, stream::yes),
];

/// Programs that are part of shells too.
const BUILT_IN: &[&str] = &["[", "echo", "false", "kill", "printf", "pwd", "test", "true"];

/// The program of this name, if the image has it.
pub fn find(name: &str, image: &ImageFacts) -> Option<Tool> {
    let (_, place, tool) = TOOLS.iter().find(|(known, ..)| *known == name)?;
    let has = match (image.kit, place) {
        (Kit::None, _) => false,
        (Kit::Everything, _) | (_, In::All) => true,
        (Kit::Busybox | Kit::Alpine, In::Busybox) => true,
        _ => false,
    };
    (has || image.has.iter().any(|other| other == name)).then_some(*tool)
}

/// The program of this name, if shells have it built in.
pub fn built_into_shells(name: &str) -> Option<Tool> {
    BUILT_IN.contains(&name).then(|| TOOLS.iter().find(|(known, ..)| *known == name).map(|(_, _, tool)| *tool)).flatten()
}

/// A command's options and what is left. `valued` are the letters that take a value; long options are kept by their name, `-5` as `n`.
struct Options {
    given: BTreeMap<String, String>,
    rest: Vec<String>,
}

impl Options {
    fn of(argv: &[String], valued: &str) -> Options {
        let mut options = Options { given: BTreeMap::new(), rest: Vec::new() };
        let mut words = argv.iter().skip(1);
        while let Some(word) = words.next() {
            if word == "--" {
                options.rest.extend(words.by_ref().cloned());
            } else if let Some(long) = word.strip_prefix("--") {
                let (name, value) = long.split_once('=').unwrap_or((long, ""));
                options.given.insert(name.to_owned(), value.to_owned());
            } else if word.len() > 1 && word.starts_with('-') {
                let letters = &word[1..];
                if letters.bytes().all(|b| b.is_ascii_digit()) && valued.contains('n') {
                    options.given.insert("n".to_owned(), letters.to_owned());
                    continue;
                }
                for (at, letter) in letters.char_indices() {
                    if !valued.contains(letter) {
                        options.given.insert(letter.to_string(), String::new());
                        continue;
                    }
                    let attached = &letters[at + letter.len_utf8()..];
                    let value = if attached.is_empty() { words.next().cloned().unwrap_or_default() } else { attached.to_owned() };
                    options.given.insert(letter.to_string(), value);
                    break;
                }
            } else {
                options.rest.push(word.clone());
            }
        }
        options
    }

    fn on(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(|text| text.trim_start_matches('+').parse().ok())
    }
}

impl Machine<'_> {
    /// What a program says that goes wrong: busybox and the GNU tools differ.
    fn cant(&mut self, tool: &str, name: &str, why: &str) {
        let busybox = matches!(self.setting.image.kit, Kit::Busybox | Kit::Alpine);
        let text = match (tool, busybox) {
            ("cat" | "head" | "tail" | "grep" | "wc" | "sort", true) if why == "No such file or directory" => {
                format!("{tool}: can't open '{name}': {why}")
            }
            ("ls", false) => format!("{tool}: cannot access '{name}': {why}"),
            ("rm", true) => format!("{tool}: can't remove '{name}': {why}"),
            ("rm", false) => format!("{tool}: cannot remove '{name}': {why}"),
            ("mkdir", true) => format!("{tool}: can't create directory '{name}': {why}"),
            ("mkdir", false) => format!("{tool}: cannot create directory '{name}': {why}"),
            ("touch", false) => format!("{tool}: cannot touch '{name}': {why}"),
            ("cp" | "mv", true) => format!("{tool}: can't stat '{name}': {why}"),
            ("cp" | "mv", false) => format!("{tool}: cannot stat '{name}': {why}"),
            ("sort", false) => format!("{tool}: cannot read: {name}: {why}"),
            _ => format!("{tool}: {name}: {why}"),
        };
        self.complain(&text);
    }

    /// The texts of the files named, or of standard input; files that can't be read are said and left out.
    fn texts(&mut self, tool: &str, names: &[String]) -> (Vec<(String, String)>, i32) {
        if names.is_empty() {
            let text = self.read_all();
            return (vec![(String::new(), text)], 0);
        }
        let (mut texts, mut code) = (Vec::new(), 0);
        for name in names {
            let path = self.path(name);
            let text = match path.as_str() {
                _ if name == "-" || path == "/dev/stdin" => Some(self.read_all()),
                "/dev/null" => Some(String::new()),
                _ => self.disk.read(&path).map(str::to_owned),
            };
            match text {
                Some(text) => texts.push((name.clone(), text)),
                None => {
                    let why = if self.disk.is_directory(&path) { "Is a directory" } else { "No such file or directory" };
                    self.cant(tool, name, why);
                    code = 1;
                }
            }
        }
        (texts, code)
    }
}

/// `10K`, `250M`, `1G`, `1MB`, `4096`: bytes.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim_end_matches(['i', 'B', 'b']).to_ascii_uppercase().as_str() {
        "" | "C" => 1,
        "W" => 2,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        "T" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// `5`, `0.5`, `1m`, `infinity`, as `sleep` reads it.
fn span(text: &str) -> Option<crate::kernel::time::SimDuration> {
    use crate::kernel::time::SimDuration;
    if matches!(text, "inf" | "infinity") {
        return Some(SimDuration::MAX);
    }
    let (number, unit) = match text.char_indices().last()? {
        (at, 's') => (&text[..at], 1),
        (at, 'm') => (&text[..at], 60),
        (at, 'h') => (&text[..at], 3_600),
        (at, 'd') => (&text[..at], 86_400),
        _ => (text, 1),
    };
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    SimDuration::parse(&format!("{number}s")).ok().map(|span| span * unit)
}
