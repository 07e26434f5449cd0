//! Programs that change text: `grep`, `sed`, `awk`, `sort`, `cut` and others.

use super::Options;
use super::regex::Regex;
use crate::node::runtime::shell::machine::{Done, Machine};

/// So many numbers at most.
const SEQUENCE_MAX: i64 = 100_000;

/// `grep -ivcqnoE pattern files`
pub(super) fn grep(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "emABC");
    let mut rest = options.rest.as_slice();
    let pattern = match options.get("e") {
        Some(pattern) => pattern.to_owned(),
        None => match rest.split_first() {
            Some((pattern, names)) => {
                rest = names;
                pattern.clone()
            }
            None => {
                machine.complain("Usage: grep [OPTION]... PATTERNS [FILE]...");
                return Ok(2);
            }
        },
    };
    let fold = |text: &str| if options.on("i") { text.to_lowercase() } else { text.to_owned() };
    let literal: String = pattern.chars().flat_map(|c| if c.is_alphanumeric() { vec![c] } else { vec!['\\', c] }).collect();
    let expression = if options.on("F") { literal } else { pattern };
    let Some(regex) = Regex::new(&fold(&expression), options.on("E") || options.on("F") || options.on("P")) else {
        machine.complain("grep: invalid regular expression");
        return Ok(2);
    };
    let (texts, failed) = machine.texts("grep", rest);
    let named = texts.len() > 1 && !options.on("h");
    let mut any = false;
    for (name, text) in &texts {
        let mut count = 0;
        for (number, line) in text.lines().enumerate() {
            let found = regex.find(&fold(line));
            let whole = |(from, to): (usize, usize)| !options.on("x") || (from == 0 && to == line.len());
            let matches = found.as_ref().and_then(|groups| groups[0]).is_some_and(whole);
            if matches == options.on("v") || options.number("m").is_some_and(|most| count >= most) {
                continue;
            }
            (any, count) = (true, count + 1);
            if options.on("q") || options.on("c") || options.on("l") {
                continue;
            }
            let shown = match found.and_then(|groups| groups[0]).filter(|_| options.on("o")) {
                Some((from, to)) => line.get(from..to).unwrap_or(line),
                None => line,
            };
            let name = if named { format!("{name}:") } else { String::new() };
            let number = if options.on("n") { format!("{}:", number + 1) } else { String::new() };
            machine.say(&format!("{name}{number}{shown}\n"));
        }
        if options.on("c") {
            machine.say(&format!("{count}\n"));
        } else if options.on("l") && count > 0 {
            machine.say(&format!("{name}\n"));
        }
    }
    Ok(if failed != 0 { 2 } else { i32::from(!any) })
}

/// `sed -i 's/a/b/g; /x/d; 2p' files`
pub(super) fn sed(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let mut options = Options::of(argv, "e");
    let script = match options.get("e") {
        Some(script) => script.to_owned(),
        None if !options.rest.is_empty() => options.rest.remove(0),
        None => return Ok(1),
    };
    let extended = options.on("E") || options.on("r");
    let Some(edits) = edits(&script, extended) else {
        machine.complain(&format!("sed: this script isn't simulated: {script}"));
        return Ok(1);
    };
    let in_place = options.on("i") || options.on("in-place");
    let (texts, code) = machine.texts("sed", &options.rest);
    for (name, text) in texts {
        let mut out = String::new();
        let count = text.lines().count();
        for (number, line) in text.lines().enumerate() {
            let mut line = Some(line.to_owned());
            let mut extra = String::new();
            for edit in &edits {
                let Some(now) = line.take() else { break };
                if !edit.place.holds(number + 1, count, &now) {
                    line = Some(now);
                    continue;
                }
                match &edit.action {
                    Action::Delete => {}
                    Action::Print => {
                        extra.push_str(&format!("{now}\n"));
                        line = Some(now);
                    }
                    Action::Append(text) => {
                        line = Some(format!("{now}\n{text}"));
                    }
                    Action::Insert(text) => line = Some(format!("{text}\n{now}")),
                    Action::Substitute { regex, by, all } => line = Some(substituted(&now, regex, by, *all)),
                }
            }
            out.push_str(&extra);
            if let Some(line) = line.filter(|_| !options.on("n")) {
                out.push_str(&line);
                out.push('\n');
            }
        }
        if in_place {
            let path = machine.path(&name);
            if let Some(why) = machine.write_refused(&path) {
                machine.cant("sed", &name, why);
                return Ok(4);
            }
            let mode = machine.disk.stat(&path).map_or(0o644, |(_, mode)| mode);
            let clock = machine.clock;
            machine.disk.put(clock, &path, &out, out.len() as u64, mode);
        } else {
            machine.say(&out);
        }
    }
    Ok(code)
}

enum Place {
    Everywhere,
    Line(usize),
    Last,
    Lines(usize, usize),
    Matching(Regex),
}

impl Place {
    fn holds(&self, number: usize, count: usize, line: &str) -> bool {
        match self {
            Place::Everywhere => true,
            Place::Line(at) => number == *at,
            Place::Last => number == count,
            Place::Lines(from, to) => (*from..=*to).contains(&number),
            Place::Matching(regex) => regex.find(line).is_some(),
        }
    }
}

enum Action {
    Delete,
    Print,
    Append(String),
    Insert(String),
    Substitute { regex: Regex, by: String, all: bool },
}

struct Edit {
    place: Place,
    action: Action,
}

/// What a script of sed does; `None` if it is more than is understood.
fn edits(script: &str, extended: bool) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut rest = script.trim_start_matches([' ', ';', '\n']);
    while !rest.is_empty() {
        let place;
        if let Some(after) = rest.strip_prefix('/') {
            let (pattern, after) = until(after, '/')?;
            place = Place::Matching(Regex::new(&pattern, extended)?);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('$') {
            place = Place::Last;
            rest = after;
        } else {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let from = rest[..digits].parse().ok();
            rest = &rest[digits..];
            place = match (from, rest.strip_prefix(',')) {
                (None, _) => Place::Everywhere,
                (Some(from), None) => Place::Line(from),
                (Some(from), Some(after)) => {
                    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
                    let to;
                    (to, rest) = match after.strip_prefix('$') {
                        Some(after) => (usize::MAX, after),
                        None => (after[..digits].parse().ok()?, &after[digits..]),
                    };
                    Place::Lines(from, to)
                }
            };
        }
        rest = rest.trim_start();
        let command = rest.chars().next()?;
        rest = &rest[command.len_utf8()..];
        let action = match command {
            'd' => Action::Delete,
            'p' => Action::Print,
            'a' | 'i' => {
                let (text, after) = rest.split_once('\n').unwrap_or((rest, ""));
                rest = after;
                let text = text.trim_start_matches('\\').trim_start().to_owned();
                if command == 'a' { Action::Append(text) } else { Action::Insert(text) }
            }
            's' => {
                let separator = rest.chars().next()?;
                let (pattern, after) = until(&rest[separator.len_utf8()..], separator)?;
                let (by, after) = until(after, separator)?;
                let flags = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
                let all = after[..flags].contains('g');
                rest = &after[flags..];
                Action::Substitute { regex: Regex::new(&pattern, extended)?, by, all }
            }
            _ => return None,
        };
        edits.push(Edit { place, action });
        rest = rest.trim_start_matches([' ', ';', '\n']);
    }
    Some(edits)
}

/// The text up to a separator that isn't behind a backslash, and what follows it.
fn until(text: &str, separator: char) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == separator {
            return Some((out, &text[at + c.len_utf8()..]));
        }
        if c == '\\' {
            let (_, next) = chars.next()?;
            if next != separator {
                out.push('\\');
            }
            out.push(next);
        } else {
            out.push(c);
        }
    }
    None
}

fn substituted(line: &str, regex: &Regex, by: &str, all: bool) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some(groups) = regex.find_from(line, at) {
        let Some((from, to)) = groups[0] else { break };
        out.push_str(&line[at..from]);
        let mut chars = by.chars();
        while let Some(c) = chars.next() {
            match c {
                '&' => out.push_str(&line[from..to]),
                '\\' => match chars.next() {
                    Some(digit) if digit.is_ascii_digit() => {
                        let group = groups.get(digit as usize - '0' as usize).copied().flatten();
                        out.push_str(group.map_or("", |(from, to)| &line[from..to]));
                    }
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some(other) => out.push(other),
                    None => {}
                },
                c => out.push(c),
            }
        }
        at = to;
        if from == to {
            let step = line[at..].chars().next().map_or(1, char::len_utf8);
            out.push_str(line.get(at..at + step).unwrap_or(""));
            at += step;
        }
        if !all || at > line.len() {
            break;
        }
    }
    out.push_str(line.get(at..).unwrap_or(""));
    out
}

/// `awk -F: '/pattern/ {print $1, "x"}'`: one pattern and one print.
pub(super) fn awk(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "Fv");
    let Some((program, names)) = options.rest.split_first() else { return Ok(2) };
    let program = program.trim();
    let (regex, action) = match program.strip_prefix('/').and_then(|rest| rest.split_once('/')) {
        Some((pattern, rest)) => (Regex::new(pattern, true), rest.trim()),
        None => (None, program),
    };
    let inner = action.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(str::trim).unwrap_or("print");
    let Some(list) = inner.trim_end_matches(';').strip_prefix("print").map(str::trim) else {
        machine.complain(&format!("awk: this program isn't simulated: {program}"));
        return Ok(2);
    };
    let (texts, code) = machine.texts("awk", names);
    for (number, line) in texts.iter().flat_map(|(_, text)| text.lines()).enumerate() {
        if regex.as_ref().is_some_and(|regex| regex.find(line).is_none()) {
            continue;
        }
        let fields: Vec<&str> = match options.get("F") {
            Some(separator) => line.split(separator).collect(),
            None => line.split_whitespace().collect(),
        };
        let value = |item: &str| match item.trim() {
            "" | "$0" => line.to_owned(),
            "NR" => (number + 1).to_string(),
            "NF" => fields.len().to_string(),
            "$NF" => fields.last().copied().unwrap_or_default().to_owned(),
            item => match item.strip_prefix('$').and_then(|n| n.parse::<usize>().ok()) {
                Some(n) => fields.get(n - 1).copied().unwrap_or_default().to_owned(),
                None => item.trim_matches('"').to_owned(),
            },
        };
        let text: Vec<String> = list.split(',').map(value).collect();
        machine.say(&format!("{}\n", text.join(" ")));
    }
    Ok(code)
}

/// `wc -l files`
pub(super) fn wc(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let (texts, code) = machine.texts("wc", &options.rest);
    let all = !["l", "w", "c", "m"].iter().any(|letter| options.on(letter));
    for (name, text) in &texts {
        let size = if name.is_empty() { text.len() as u64 } else { machine.disk.stat(&machine.path(name)).map_or(0, |(size, _)| size) };
        let counts = [("l", text.matches('\n').count() as u64), ("w", text.split_whitespace().count() as u64), ("c", size), ("m", size)];
        let chosen: Vec<String> =
            counts.iter().filter(|(letter, _)| options.on(letter) || all && *letter != "m").map(|(_, n)| n.to_string()).collect();
        let text = if all { chosen.iter().map(|n| format!("{n:>7} ")).collect::<String>().trim_end().to_owned() } else { chosen.join(" ") };
        let name = if name.is_empty() { String::new() } else { format!(" {name}") };
        machine.say(&format!("{text}{name}\n"));
    }
    Ok(code)
}

/// `seq 1 2 9`
pub(super) fn seq(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options: Vec<&String> = argv[1..].iter().filter(|word| !word.starts_with("-w") && !word.starts_with("-s")).collect();
    let numbers: Option<Vec<i64>> = options.iter().map(|word| word.parse().ok()).collect();
    let (from, step, to) = match numbers.as_deref() {
        Some([to]) => (1, 1, *to),
        Some([from, to]) => (*from, 1, *to),
        Some([from, step, to]) if *step != 0 => (*from, *step, *to),
        _ => {
            machine.complain("seq: invalid argument");
            return Ok(1);
        }
    };
    let mut out = String::new();
    let mut number = from;
    for _ in 0..SEQUENCE_MAX {
        if (step > 0 && number > to) || (step < 0 && number < to) {
            break;
        }
        out.push_str(&format!("{number}\n"));
        number += step;
    }
    machine.say(&out);
    Ok(0)
}

/// `sort -rnu -k2 files`
pub(super) fn sort(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "kt");
    let (texts, code) = machine.texts("sort", &options.rest);
    let mut lines: Vec<String> = texts.iter().flat_map(|(_, text)| text.lines().map(str::to_owned)).collect();
    let field = options.get("k").and_then(|key| key.split([',', '.', 'n']).next().and_then(|n| n.parse::<usize>().ok()));
    let key = |line: &str| -> String {
        let Some(field) = field else { return line.to_owned() };
        let fields: Vec<&str> = match options.get("t") {
            Some(separator) => line.split(separator).collect(),
            None => line.split_whitespace().collect(),
        };
        fields.get(field.saturating_sub(1)).copied().unwrap_or_default().to_owned()
    };
    let number = |text: &str| -> i64 {
        let text = text.trim_start();
        let end = text.char_indices().find(|(at, c)| !(c.is_ascii_digit() || (*at == 0 && *c == '-'))).map_or(text.len(), |(at, _)| at);
        text[..end].parse().unwrap_or(0)
    };
    if options.on("n") || options.get("k").is_some_and(|key| key.contains('n')) {
        lines.sort_by_key(|line| (number(&key(line)), line.clone()));
    } else {
        lines.sort_by_key(|line| (key(line), line.clone()));
    }
    if options.on("u") {
        lines.dedup();
    }
    if options.on("r") {
        lines.reverse();
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    machine.say(&text);
    Ok(code)
}

/// `uniq -c`
pub(super) fn uniq(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let (texts, code) = machine.texts("uniq", &options.rest);
    let mut runs: Vec<(u64, String)> = Vec::new();
    for line in texts.iter().flat_map(|(_, text)| text.lines()) {
        match runs.last_mut().filter(|(_, last)| last == line) {
            Some((count, _)) => *count += 1,
            None => runs.push((1, line.to_owned())),
        }
    }
    for (count, line) in runs.iter().filter(|(count, _)| !options.on("d") || *count > 1) {
        machine.say(&if options.on("c") { format!("{count:>7} {line}\n") } else { format!("{line}\n") });
    }
    Ok(code)
}

/// `cut -d: -f1,3 files`, `cut -c1-5`
pub(super) fn cut(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "dfc");
    let by_fields = options.get("f");
    let ranges: Vec<(usize, usize)> = by_fields
        .or_else(|| options.get("c"))
        .unwrap_or("")
        .split(',')
        .map(|range| {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            (from.parse().unwrap_or(1), to.parse().unwrap_or(usize::MAX))
        })
        .collect();
    let wanted = |n: usize| ranges.iter().any(|(from, to)| (*from..=*to).contains(&n));
    let separator = options.get("d").filter(|d| !d.is_empty()).unwrap_or("\t").to_owned();
    let (texts, code) = machine.texts("cut", &options.rest);
    for line in texts.iter().flat_map(|(_, text)| text.lines()) {
        let text = match by_fields {
            Some(_) if !line.contains(&separator) => line.to_owned(),
            Some(_) => {
                let fields = line.split(separator.as_str()).enumerate().filter(|(at, _)| wanted(at + 1)).map(|(_, field)| field);
                fields.collect::<Vec<_>>().join(&separator)
            }
            None => line.chars().enumerate().filter(|(at, _)| wanted(at + 1)).map(|(_, c)| c).collect(),
        };
        machine.say(&format!("{text}\n"));
    }
    Ok(code)
}

/// `a-z` and `[:upper:]` as their characters.
fn characters(text: &str) -> Vec<char> {
    let text = text.replace("[:upper:]", "A-Z").replace("[:lower:]", "a-z").replace("[:digit:]", "0-9").replace("[:space:]", " \t\n");
    let text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0");
    let all: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < all.len() {
        if at + 2 < all.len() && all[at + 1] == '-' {
            out.extend(all[at]..=all[at + 2]);
            at += 3;
        } else {
            out.push(all[at]);
            at += 1;
        }
    }
    out
}

/// `tr a-z A-Z`, `tr -d x`, `tr -s ' '`
pub(super) fn tr(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let (from, to) =
        (options.rest.first().map_or(Vec::new(), |t| characters(t)), options.rest.get(1).map_or(Vec::new(), |t| characters(t)));
    let text = machine.read_all();
    let complement = options.on("c") || options.on("C");
    let mut out = String::new();
    for c in text.chars() {
        let place = from.iter().position(|other| *other == c);
        let chosen = place.is_some() != complement;
        let mapped = match (chosen, to.last()) {
            (true, _) if options.on("d") => continue,
            (true, Some(last)) => *place.and_then(|at| to.get(at)).unwrap_or(last),
            _ => c,
        };
        if options.on("s") && chosen && out.ends_with(mapped) {
            continue;
        }
        out.push(mapped);
    }
    machine.say(&out);
    Ok(0)
}

/// `xargs command`: the words of standard input as arguments.
pub(super) fn xargs(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let text = machine.read_all();
    let skip = argv[1..].iter().take_while(|word| word.starts_with('-')).count();
    let command = &argv[1 + skip..];
    let mut full: Vec<String> = if command.is_empty() { vec!["echo".to_owned()] } else { command.to_vec() };
    full.extend(text.split_whitespace().map(str::to_owned));
    machine.input = None;
    machine.program(&full)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `base64`, `base64 -d`
pub(super) fn base64(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "w");
    let (texts, code) = machine.texts("base64", &options.rest);
    let text: String = texts.into_iter().map(|(_, text)| text).collect();
    if options.on("d") || options.on("decode") || options.on("D") {
        let mut bits = 0u32;
        let mut count = 0;
        let mut bytes = Vec::new();
        for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
            let Some(value) = BASE64.iter().position(|other| *other == byte) else {
                machine.complain("base64: invalid input");
                return Ok(1);
            };
            bits = bits << 6 | value as u32;
            count += 6;
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count & 0xff) as u8);
            }
        }
        machine.say(&String::from_utf8_lossy(&bytes));
        return Ok(code);
    }
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            out.push(if at <= chunk.len() { BASE64[(bits >> (18 - 6 * at) & 63) as usize] as char } else { '=' });
        }
    }
    let width = options.number("w").unwrap_or(76).max(0) as usize;
    let mut lines = String::new();
    for (at, c) in out.chars().enumerate() {
        if width > 0 && at > 0 && at % width == 0 {
            lines.push('\n');
        }
        lines.push(c);
    }
    machine.say(&format!("{lines}{}", if width > 0 { "\n" } else { "" }));
    Ok(code)
}
