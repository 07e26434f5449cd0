//! Programs about files and directories.

use super::Options;
use crate::kernel::time::SimTime;
use crate::node::runtime::shell::machine::{Done, Machine};
use crate::node::runtime::shell::overlay::parent;
use crate::node::runtime::shell::{pattern, times};

/// Programs whose effect nobody sees: owners of files aren't kept.
pub(super) fn nothing(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    for name in options.rest.iter().skip(1) {
        let path = machine.path(name);
        if machine.disk.stat(&path).is_none() && !machine.disk.is_directory(&path) {
            machine.cant(&argv[0], name, "No such file or directory");
            return Ok(1);
        }
    }
    Ok(0)
}

/// `-rw-r--r--`
fn permissions(mode: u32, directory: bool) -> String {
    let mut text = String::from(if directory { "d" } else { "-" });
    for shift in [6, 3, 0] {
        for (bit, letter) in [(4, 'r'), (2, 'w'), (1, 'x')] {
            text.push(if mode >> shift & bit != 0 { letter } else { '-' });
        }
    }
    text
}

/// `ls -la directory`
pub(super) fn ls(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let long = options.on("l");
    let names = if options.rest.is_empty() { vec![".".to_owned()] } else { options.rest.clone() };
    let mut code = 0;
    let mut first = true;
    for name in &names {
        let path = machine.path(name);
        if machine.disk.stat(&path).is_some() || (options.on("d") && machine.disk.is_directory(&path)) {
            let line = row(machine, &path, name, long);
            machine.say(&line);
        } else if machine.disk.is_directory(&path) {
            if names.len() > 1 {
                machine.say(&format!("{}{name}:\n", if first { "" } else { "\n" }));
            }
            let mut inside = machine.disk.names_in(&path);
            inside.retain(|name| options.on("a") || options.on("A") || !name.starts_with('.'));
            if long {
                machine.say(&format!("total {}\n", inside.len() * 4));
            }
            if options.on("a") {
                inside.splice(0..0, [".".to_owned(), "..".to_owned()]);
            }
            for name in inside {
                let line = row(machine, &format!("{}/{name}", path.trim_end_matches('/')), &name, long);
                machine.say(&line);
            }
        } else {
            let busybox = !matches!(machine.setting.image.kit, crate::node::runtime::images::Kit::Debian);
            machine.cant("ls", name, "No such file or directory");
            code = if busybox { 1 } else { 2 };
        }
        first = false;
    }
    Ok(code)
}

fn row(machine: &Machine<'_>, path: &str, name: &str, long: bool) -> String {
    if !long {
        return format!("{name}\n");
    }
    let (size, mode, directory) = match machine.disk.stat(path) {
        Some((size, mode)) => (size, mode, false),
        None => (4096, 0o755, true),
    };
    let written: SimTime = machine.setting.started + machine.disk.written_at(path).unwrap_or_default();
    let date = times::format(machine.setting.epoch, written, "%b %e %H:%M");
    format!("{} {:>4} root     root     {size:>9} {date} {name}\n", permissions(mode, directory), if directory { 2 } else { 1 })
}

/// Checks that something may be written; says why not.
pub(super) fn may_write(machine: &mut Machine<'_>, tool: &str, name: &str) -> bool {
    let path = machine.path(name);
    match machine.write_refused(&path).filter(|why| *why != "Is a directory") {
        Some(why) => {
            machine.cant(tool, name, why);
            false
        }
        None => true,
    }
}

/// `touch file`
pub(super) fn touch(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "tdr");
    let mut code = 0;
    for name in &options.rest {
        let path = machine.path(name);
        if !may_write(machine, "touch", name) {
            code = 1;
        } else if machine.disk.stat(&path).is_none() && !machine.disk.is_directory(&path) && !options.on("c") {
            let clock = machine.clock;
            machine.disk.put(clock, &path, "", 0, 0o644);
        }
    }
    Ok(code)
}

/// `rm -rf files`, `rmdir directory`
pub(super) fn rm(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let force = options.on("f") || options.on("force");
    let recursive = options.on("r") || options.on("R") || options.on("recursive") || argv[0] == "rmdir";
    let mut code = 0;
    for name in &options.rest {
        let path = machine.path(name);
        let clock = machine.clock;
        let is_directory = machine.disk.stat(&path).is_none() && machine.disk.is_directory(&path);
        let why = match () {
            () if is_directory && !recursive => Some("Is a directory"),
            () if !is_directory && machine.disk.stat(&path).is_none() => {
                if force {
                    continue;
                }
                Some("No such file or directory")
            }
            () => machine.write_refused(&path).filter(|why| *why != "Is a directory"),
        };
        if let Some(why) = why {
            machine.cant("rm", name, why);
            code = 1;
            continue;
        }
        let below: Vec<String> = if is_directory { machine.disk.paths_below(&path).map(str::to_owned).collect() } else { Vec::new() };
        for path in below {
            machine.disk.remove(clock, &path);
        }
        machine.disk.remove(clock, &path);
    }
    Ok(code)
}

/// `mkdir -p directory`
pub(super) fn mkdir(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "m");
    let mut code = 0;
    for name in &options.rest {
        let path = machine.path(name);
        let clock = machine.clock;
        if machine.disk.stat(&path).is_some() || (machine.disk.is_directory(&path) && !options.on("p")) {
            machine.cant("mkdir", name, "File exists");
            code = 1;
            continue;
        }
        let mut missing = Vec::new();
        let mut at = path.as_str();
        while !machine.disk.is_directory(at) {
            missing.push(at.to_owned());
            at = parent(at);
        }
        if missing.len() > 1 && !options.on("p") {
            machine.cant("mkdir", name, "No such file or directory");
            code = 1;
            continue;
        }
        // Only what lies in a directory that is there can be refused for other reasons than that.
        let why = missing.last().and_then(|outermost| machine.write_refused(outermost));
        if let Some(why) = why {
            machine.cant("mkdir", name, why);
            code = 1;
            continue;
        }
        for path in missing.into_iter().rev() {
            machine.disk.make_directory(clock, &path);
        }
    }
    Ok(code)
}

/// `mktemp`
pub(super) fn mktemp(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let name = format!("/tmp/tmp.{:06x}", machine.chance() & 0xff_ffff);
    let clock = machine.clock;
    if argv.iter().any(|word| word == "-d") {
        machine.disk.make_directory(clock, &name);
    } else {
        machine.disk.put(clock, &name, "", 0, 0o600);
    }
    machine.say(&format!("{name}\n"));
    Ok(0)
}

/// `chmod +x file`
pub(super) fn chmod(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    // `-R` only: `-x` is a mode.
    let words: Vec<&String> = argv[1..].iter().filter(|word| *word != "-R").collect();
    let Some((change, names)) = words.split_first() else { return Ok(1) };
    let mut code = 0;
    for name in names {
        let path = machine.path(name);
        let Some((size, mode)) = machine.disk.stat(&path) else {
            if !machine.disk.is_directory(&path) {
                machine.cant("chmod", name, "No such file or directory");
                code = 1;
            }
            continue;
        };
        if !may_write(machine, "chmod", name) {
            code = 1;
            continue;
        }
        let mode = match u32::from_str_radix(change, 8) {
            Ok(mode) => mode,
            Err(_) => {
                let bits = change.chars().filter_map(|c| match c {
                    'r' => Some(0o444),
                    'w' => Some(0o200),
                    'x' => Some(0o111),
                    _ => None,
                });
                let bits = bits.fold(0, |sum, bit| sum | bit);
                if change.contains('-') { mode & !bits } else { mode | bits }
            }
        };
        let data = machine.disk.read(&path).unwrap_or_default().to_owned();
        let clock = machine.clock;
        machine.disk.put(clock, &path, &data, size, mode);
    }
    Ok(code)
}

/// `stat file`, `stat -c %s file`
pub(super) fn stat(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "c");
    for name in &options.rest {
        let path = machine.path(name);
        let found = machine.disk.stat(&path).map(|(size, mode)| (size, mode, false));
        let found = found.or_else(|| machine.disk.is_directory(&path).then_some((4096, 0o755, true)));
        let Some((size, mode, directory)) = found else {
            machine.cant("stat", name, "No such file or directory");
            return Ok(1);
        };
        let rights = permissions(mode, directory);
        let text = match options.get("c") {
            Some(format) => {
                let octal = format!("{:o}", mode & 0o7777);
                format
                    .replace("%s", &size.to_string())
                    .replace("%a", &octal)
                    .replace("%A", &rights)
                    .replace("%n", name)
                    .replace("%U", "root")
            }
            None => format!("  File: {name}\n  Size: {size}\nAccess: (0{:o}/{rights})", mode & 0o7777),
        };
        machine.say(&format!("{text}\n"));
    }
    Ok(0)
}

/// `find directory -name '*.log' -type f`
pub(super) fn find(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let roots: Vec<String> = argv[1..].iter().take_while(|word| !word.starts_with('-')).cloned().collect();
    let value = |name: &str| argv.iter().position(|word| word == name).and_then(|at| argv.get(at + 1)).cloned();
    let (name, kind) = (value("-name"), value("-type"));
    for root in if roots.is_empty() { vec![".".to_owned()] } else { roots } {
        let path = machine.path(&root);
        if machine.disk.stat(&path).is_none() && !machine.disk.is_directory(&path) {
            machine.cant("find", &root, "No such file or directory");
            return Ok(1);
        }
        let mut found: Vec<String> = vec![path.clone()];
        for below in machine.disk.paths_below(&path) {
            found.push(below.to_owned());
            let mut up = parent(below);
            while up.len() > path.len() {
                found.push(up.to_owned());
                up = parent(up);
            }
        }
        found.sort_unstable();
        found.dedup();
        for full in found {
            let last = full.rsplit('/').next().unwrap_or_default();
            let is_file = machine.disk.stat(&full).is_some();
            let wanted = name.as_ref().is_none_or(|name| pattern::matches(name, last))
                && match kind.as_deref() {
                    Some("f") => is_file,
                    Some("d") => !is_file,
                    _ => true,
                };
            if wanted {
                let shown = full.replacen(&path, root.trim_end_matches('/'), 1);
                machine.say(&format!("{}\n", if shown.is_empty() { "/" } else { &shown }));
            }
        }
    }
    Ok(0)
}

/// `basename /a/b.txt .txt`
pub(super) fn basename(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let name = argv.get(1).map_or("", |name| name.trim_end_matches('/').rsplit('/').next().unwrap_or_default());
    let name = argv.get(2).and_then(|suffix| name.strip_suffix(suffix.as_str())).unwrap_or(name);
    machine.say(&format!("{name}\n"));
    Ok(0)
}

/// `dirname /a/b`
pub(super) fn dirname(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let name = argv.get(1).map_or("", |name| name.trim_end_matches('/'));
    let up = if name.contains('/') { parent(name) } else { "." };
    machine.say(&format!("{up}\n"));
    Ok(0)
}

/// `realpath file`, `readlink -f file`
pub(super) fn realpath(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    for name in &Options::of(argv, "").rest {
        let path = machine.path(name);
        machine.say(&format!("{path}\n"));
    }
    Ok(0)
}

/// `test`, `[`, `[[`: code 0 if the condition holds.
pub fn test_command(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let closing = match argv[0].as_str() {
        "[" => Some("]"),
        "[[" => Some("]]"),
        _ => None,
    };
    let mut words: Vec<&str> = argv[1..].iter().map(String::as_str).collect();
    if let Some(closing) = closing {
        if words.last() != Some(&closing) {
            machine.complain_as_shell(&format!("{}: missing {closing}", argv[0]));
            return Ok(2);
        }
        words.pop();
    }
    match either(machine, &words, argv[0] == "[[") {
        Ok(holds) => Ok(i32::from(!holds)),
        Err(why) => {
            machine.complain_as_shell(&format!("{}: {why}", argv[0]));
            Ok(2)
        }
    }
}

fn either(machine: &Machine<'_>, words: &[&str], patterns: bool) -> Result<bool, String> {
    for (or, operators) in [(true, ["-o", "||"]), (false, ["-a", "&&"])] {
        // Three words are a comparison, whatever stands in them.
        if let Some(at) =
            words.iter().position(|word| operators.contains(word)).filter(|at| *at > 0 && words.len() > 3 && at + 1 < words.len())
        {
            let left = either(machine, &words[..at], patterns)?;
            let right = either(machine, &words[at + 1..], patterns)?;
            return Ok(if or { left || right } else { left && right });
        }
    }
    match words {
        [] => Ok(false),
        ["!", rest @ ..] => Ok(!either(machine, rest, patterns)?),
        ["(", rest @ .., ")"] => either(machine, rest, patterns),
        [one] => Ok(!one.is_empty()),
        [operator, operand] => unary(machine, operator, operand),
        [left, operator, right] => binary(machine, left, operator, right, patterns),
        [_, unexpected, ..] => Err(format!("{unexpected}: unknown operand")),
    }
}

fn unary(machine: &Machine<'_>, operator: &str, operand: &str) -> Result<bool, String> {
    let path = machine.path(operand);
    let stat = machine.disk.stat(&path);
    Ok(match operator {
        "-n" => !operand.is_empty(),
        "-z" => operand.is_empty(),
        "-f" => stat.is_some(),
        "-e" | "-a" => stat.is_some() || machine.disk.is_directory(&path) || path == "/dev/null",
        "-d" => stat.is_none() && machine.disk.is_directory(&path),
        "-s" => stat.is_some_and(|(size, _)| size > 0),
        "-r" => stat.is_some() || machine.disk.is_directory(&path),
        "-w" => {
            (stat.is_some() || machine.disk.is_directory(&path))
                && machine.write_refused(&format!("{path}/x")).is_none_or(|why| why != "Read-only file system")
        }
        "-x" => stat.is_some_and(|(_, mode)| mode & 0o111 != 0) || machine.disk.is_directory(&path),
        "-h" | "-L" | "-p" | "-S" | "-b" | "-c" | "-t" => false,
        "-v" => machine.variable(operand).is_some(),
        _ => return Err(format!("{operand}: unknown operand")),
    })
}

fn binary(machine: &Machine<'_>, left: &str, operator: &str, right: &str, patterns: bool) -> Result<bool, String> {
    let numbers = || -> Result<(i64, i64), String> {
        let number = |text: &str| text.trim().parse::<i64>().map_err(|_| format!("{text}: bad number"));
        Ok((number(left)?, number(right)?))
    };
    Ok(match operator {
        "=" | "==" if patterns => pattern::matches(right, left),
        "!=" if patterns => !pattern::matches(right, left),
        "=~" => super::regex::Regex::new(right, true).is_some_and(|regex| regex.find(left).is_some()),
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-eq" => numbers().map(|(a, b)| a == b)?,
        "-ne" => numbers().map(|(a, b)| a != b)?,
        "-lt" => numbers().map(|(a, b)| a < b)?,
        "-le" => numbers().map(|(a, b)| a <= b)?,
        "-gt" => numbers().map(|(a, b)| a > b)?,
        "-ge" => numbers().map(|(a, b)| a >= b)?,
        "-nt" | "-ot" => {
            let at = |name: &str| machine.disk.written_at(&machine.path(name));
            if operator == "-nt" { at(left) > at(right) } else { at(left) < at(right) }
        }
        _ => return Err(format!("{operator}: unknown operand")),
    })
}
