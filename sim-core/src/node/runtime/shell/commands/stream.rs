//! Programs that pass text on: `cat`, `head`, `tail`, `tee`, `yes`.

use super::{Options, bytes};
use crate::kernel::time::SimDuration;
use crate::node::runtime::shell::machine::{Done, Machine, Sink, Stop};

/// Text of this length at most is made up for a file that was only filled.
const FILLED_MAX: usize = 1 << 16;

/// `cat files`
pub(super) fn cat(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    if options.rest.is_empty() && machine.input.is_none() {
        return Ok(0);
    }
    let mut code = 0;
    let names = if options.rest.is_empty() { vec!["-".to_owned()] } else { options.rest.clone() };
    let mut number = 0;
    for name in names {
        if matches!(name.as_str(), "/dev/zero" | "/dev/urandom") {
            return Err(Stop::Busy);
        }
        let (texts, failed) = machine.texts("cat", std::slice::from_ref(&name));
        code |= failed;
        for (_, text) in texts {
            if options.on("n") {
                for line in text.lines() {
                    number += 1;
                    machine.say(&format!("{number:>6}\t{line}\n"));
                }
            } else {
                machine.say(&text);
            }
        }
    }
    Ok(code)
}

/// `head -n 5`, `head -c 100M /dev/zero`
pub(super) fn head(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "nc");
    if let Some(count) = options.get("c").and_then(bytes) {
        let source = options.rest.first().map(String::as_str);
        if matches!(source, Some("/dev/zero" | "/dev/urandom" | "/dev/random")) {
            return fill(machine, count, source != Some("/dev/zero"));
        }
        let (texts, code) = machine.texts("head", &options.rest);
        for (_, text) in texts {
            let end = (0..=text.len().min(count as usize)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            machine.say(&text[..end]);
        }
        return Ok(code);
    }
    let count = options.number("n").unwrap_or(10);
    let (texts, code) = machine.texts("head", &options.rest);
    for (name, text) in &texts {
        if texts.len() > 1 {
            machine.say(&format!("==> {name} <==\n"));
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let end = if count < 0 { lines.len().saturating_sub(count.unsigned_abs() as usize) } else { lines.len().min(count as usize) };
        machine.say(&lines[..end].concat());
    }
    Ok(code)
}

/// So many bytes of nothing, or of chance: into a file only as its size.
fn fill(machine: &mut Machine<'_>, count: u64, random: bool) -> Done {
    match machine.sink().clone() {
        Sink::File(path) => {
            let (size, mode) = machine.disk.stat(&path).unwrap_or((0, 0o644));
            let clock = machine.clock;
            machine.disk.put(clock, &path, "", size + count, mode);
        }
        Sink::Null => {}
        _ if random => {
            let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
            let mut state = machine.chance();
            let text: String = (0..count.min(FILLED_MAX as u64))
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    letters[(state >> 58) as usize] as char
                })
                .collect();
            machine.say(&text);
        }
        _ => machine.say(&"\0".repeat((count as usize).min(FILLED_MAX))),
    }
    Ok(0)
}

/// `tail -n 5 file`, `tail -f file`: what others add to it is printed when it comes.
pub(super) fn tail(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "ncs");
    let follows = options.on("f") || options.on("F") || options.on("follow");
    let count = options.get("n").or_else(|| options.get("lines")).unwrap_or("10").to_owned();
    let names: Vec<String> = options.rest.iter().filter(|name| !name.starts_with('+')).cloned().collect();
    let there = |machine: &Machine<'_>, name: &String| machine.disk.read(&machine.path(name)).is_some() || name == "/dev/null";
    let waits = options.on("F") && names.iter().any(|name| !there(machine, name));
    let (texts, code) = if waits { (Vec::new(), 0) } else { machine.texts("tail", &names) };
    for (name, text) in &texts {
        if texts.len() > 1 {
            machine.say(&format!("==> {name} <==\n"));
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let begin = match count.strip_prefix('+').map(str::parse::<usize>) {
            Some(from) => from.unwrap_or(1).saturating_sub(1),
            None => lines.len().saturating_sub(count.parse::<usize>().unwrap_or(10)),
        };
        machine.say(&lines[begin.min(lines.len())..].concat());
    }
    let Some(name) = names.first().filter(|_| follows && code == 0) else { return Ok(code) };
    let path = machine.path(name);
    let mut seen = machine.disk.read(&path).map_or(0, str::len);
    while let Some(at) = machine.next_change_of(&path) {
        machine.advance(at.saturating_sub(machine.clock))?;
        let text = machine.disk.read(&path).unwrap_or_default();
        // A file that became shorter was begun anew.
        let from = if text.len() < seen { 0 } else { seen };
        seen = text.len();
        let new = text.get(from..).unwrap_or_default().to_owned();
        machine.say(&new);
    }
    machine.advance(SimDuration::MAX)?;
    Ok(0)
}

/// `tee -a file`
pub(super) fn tee(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let text = machine.read_all();
    let mut code = 0;
    for name in &options.rest {
        let path = machine.path(name);
        if path.starts_with("/dev/") {
            continue;
        }
        if let Some(why) = machine.write_refused(&path) {
            machine.cant("tee", name, why);
            code = 1;
            continue;
        }
        let clock = machine.clock;
        if !options.on("a") && !machine.continued {
            machine.disk.put(clock, &path, "", 0, 0o644);
        }
        machine.disk.append(clock, &path, &text);
    }
    machine.say(&text);
    Ok(code)
}

/// `yes`: as much as a reader can take, or for ever.
pub(super) fn yes(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let line = if argv.len() > 1 { argv[1..].join(" ") } else { "y".to_owned() };
    match machine.sink() {
        Sink::Buffer(_) => {
            machine.say(&format!("{line}\n").repeat(10_000));
            Ok(0)
        }
        _ => Err(Stop::Busy),
    }
}
