//! Programs about the process and its surroundings.

use super::{Options, span};
use crate::kernel::time::SimDuration;
use crate::node::runtime::images::Kit;
use crate::node::runtime::shell::machine::{Done, Machine, Stop};

/// Programs that do nothing that can be seen.
pub(super) fn nothing(_: &mut Machine<'_>, _: &[String]) -> Done {
    Ok(0)
}

/// `sleep 5`, `sleep 1m 30s`
pub(super) fn sleep(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    if argv.len() < 2 {
        machine.complain(&format!("{}: missing operand", argv[0]));
        return Ok(1);
    }
    let mut total = SimDuration::ZERO;
    for word in &argv[1..] {
        match span(word) {
            Some(_) if argv[0] == "usleep" => total = total + SimDuration::from_micros(word.parse().unwrap_or(0)),
            Some(span) => total = total + span,
            None => {
                let busybox = matches!(machine.setting.image.kit, Kit::Busybox | Kit::Alpine);
                let why =
                    if busybox { format!("sleep: invalid number '{word}'") } else { format!("sleep: invalid time interval '{word}'") };
                machine.complain(&why);
                return Ok(1);
            }
        }
    }
    machine.advance(total)?;
    Ok(0)
}

/// `\n`, `\t`, `\\`, `\0101` and the like. `None` after `\c`: nothing follows.
fn unescaped(text: &str) -> (String, bool) {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('e') => out.push('\u{1b}'),
            Some('\\') => out.push('\\'),
            Some('"') => out.push('"'),
            Some('c') => return (out, true),
            Some(digit @ '0'..='7') => {
                let mut code = digit as u32 - '0' as u32;
                for _ in 0..3 {
                    let Some(next) = chars.next_if(|c| ('0'..='7').contains(c)) else { break };
                    code = code * 8 + next as u32 - '0' as u32;
                }
                out.extend(char::from_u32(code & 0xff));
            }
            Some('x') => {
                let mut code = 0;
                for _ in 0..2 {
                    let Some(next) = chars.next_if(char::is_ascii_hexdigit) else { break };
                    code = code * 16 + next.to_digit(16).unwrap_or(0);
                }
                out.extend(char::from_u32(code));
            }
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    (out, false)
}

/// `echo -n -e …`; dash's reads backslashes without being asked.
pub(super) fn echo(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let dash = machine.setting.image.kit == Kit::Debian && !machine.is_bash;
    let (mut newline, mut escapes, mut at) = (true, dash, 1);
    while let Some(word) =
        argv.get(at).filter(|word| word.len() > 1 && word.starts_with('-') && word[1..].chars().all(|c| "neE".contains(c)))
    {
        if dash && word != "-n" {
            break;
        }
        for letter in word[1..].chars() {
            match letter {
                'n' => newline = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        at += 1;
    }
    let mut text = argv[at..].join(" ");
    if escapes {
        let (unescaped, ends) = unescaped(&text);
        text = unescaped;
        newline &= !ends;
    }
    if newline {
        text.push('\n');
    }
    machine.say(&text);
    Ok(0)
}

/// `printf '%s %d\n' a 1`: the format again for what is left of the arguments.
pub(super) fn printf(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let Some(format) = argv.get(1) else { return Ok(1) };
    let mut arguments = argv[2..].iter();
    let mut out = String::new();
    loop {
        let before = arguments.len();
        let mut chars = format.chars().peekable();
        let mut piece = String::new();
        while let Some(c) = chars.next() {
            if c == '\\' {
                let mut escape = String::from(c);
                escape.extend(chars.next());
                while escape.len() < 5 && escape[1..].bytes().all(|b| b.is_ascii_digit()) {
                    let Some(next) = chars.next_if(|c| ('0'..='7').contains(c)) else { break };
                    escape.push(next);
                }
                piece.push_str(&unescaped(&escape).0);
            } else if c == '%' {
                let mut spec = String::new();
                while let Some(next) = chars.next_if(|c| c.is_ascii_digit() || "-+ 0.#".contains(*c)) {
                    spec.push(next);
                }
                match chars.next() {
                    Some('%') => piece.push('%'),
                    Some(kind) => {
                        let argument = arguments.next().cloned().unwrap_or_default();
                        piece.push_str(&conversion(&spec, kind, &argument));
                    }
                    None => piece.push('%'),
                }
            } else {
                piece.push(c);
            }
        }
        out.push_str(&piece);
        if arguments.len() == 0 || arguments.len() == before {
            break;
        }
    }
    machine.say(&out);
    Ok(0)
}

/// One `%-5s` of printf.
fn conversion(spec: &str, kind: char, argument: &str) -> String {
    let left = spec.starts_with('-');
    let zero = spec.starts_with('0');
    let spec = spec.trim_start_matches(['-', '+', ' ', '#', '0']);
    let (width, precision) = spec.split_once('.').map_or((spec, None), |(w, p)| (w, p.parse::<usize>().ok()));
    let width: usize = width.parse().unwrap_or(0);
    let integer = || argument.trim().parse::<i64>().unwrap_or(0);
    let text = match kind {
        'd' | 'i' | 'u' => integer().to_string(),
        'x' => format!("{:x}", integer()),
        'X' => format!("{:X}", integer()),
        'o' => format!("{:o}", integer()),
        'c' => argument.chars().take(1).collect(),
        'b' => unescaped(argument).0,
        'f' => fixed(argument, precision.unwrap_or(6)),
        _ => match precision {
            Some(most) => argument.chars().take(most).collect(),
            None => argument.to_owned(),
        },
    };
    let text = if kind == 'q' { format!("'{text}'") } else { text };
    match (left, zero && kind != 's') {
        (true, _) => format!("{text:<width$}"),
        (false, true) => format!("{text:0>width$}"),
        (false, false) => format!("{text:>width$}"),
    }
}

/// A decimal number with so many digits after the point, cut off without rounding.
fn fixed(text: &str, digits: usize) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = if whole.is_empty() { "0" } else { whole };
    if digits == 0 { whole.to_owned() } else { format!("{whole}.{fraction:0<digits$.digits$}") }
}

/// `date`, `date -u +%s`, `date -d @0`
pub(super) fn date(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "dr");
    let default = "%a %b %e %H:%M:%S UTC %Y";
    let pattern = match options.rest.iter().find_map(|word| word.strip_prefix('+')) {
        Some(pattern) => pattern.to_owned(),
        None if options.on("R") => "%a, %d %b %Y %H:%M:%S +0000".to_owned(),
        None if options.on("I") => "%Y-%m-%d".to_owned(),
        None if options.on("iso-8601") || options.on("Iseconds") => "%Y-%m-%dT%H:%M:%S+00:00".to_owned(),
        None => default.to_owned(),
    };
    let text = machine.date(&pattern);
    machine.say(&format!("{text}\n"));
    Ok(0)
}

fn environment(machine: &Machine<'_>) -> Vec<(String, String)> {
    let exported = machine.shell.variables.iter().filter(|(_, (_, exported))| *exported);
    let mut now: Vec<(String, String)> = exported.map(|(name, (value, _))| (name.clone(), value.clone())).collect();
    // In the order in which they were given, and then those of the script.
    let rank = |name: &str| machine.setting.env.iter().position(|(given, _)| given == name).unwrap_or(usize::MAX);
    now.sort_by_key(|(name, _)| rank(name));
    now
}

/// `env`, `env A=b command`
pub(super) fn env(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let sets: Vec<&String> = argv[1..].iter().take_while(|word| word.contains('=') || word.starts_with('-')).collect();
    let command = &argv[1 + sets.len()..];
    if command.is_empty() {
        let mut all = environment(machine);
        all.extend(sets.iter().filter_map(|set| set.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())));
        let text: String = all.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        machine.say(&text);
        return Ok(0);
    }
    let before = machine.shell.clone();
    for (name, value) in sets.iter().filter_map(|set| set.split_once('=')) {
        machine.shell.variables.insert(name.to_owned(), (value.to_owned(), true));
    }
    let done = called(machine, "env", command);
    machine.shell = before;
    done
}

/// Runs another program for a program.
fn called(machine: &mut Machine<'_>, by: &str, command: &[String]) -> Done {
    if machine.check(&command[0]).is_err() {
        machine.cant(by, &format!("can't execute '{}'", command[0]), "No such file or directory");
        return Ok(127);
    }
    machine.program(command)
}

/// `printenv GREETING`
pub(super) fn printenv(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    if argv.len() < 2 {
        return env(machine, argv);
    }
    let mut code = 0;
    for name in &argv[1..] {
        match machine.shell.variables.get(name).filter(|(_, exported)| *exported).map(|(value, _)| value.clone()) {
            Some(value) => machine.say(&format!("{value}\n")),
            None => code = 1,
        }
    }
    Ok(code)
}

/// `hostname`, `hostname -i`
pub(super) fn hostname(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let text = if options.on("i") || options.on("I") {
        machine.setting.address.map_or_else(|| "127.0.0.1".to_owned(), |address| address.to_string())
    } else {
        machine.setting.hostname.clone()
    };
    machine.say(&format!("{text}\n"));
    Ok(0)
}

/// `id`, `id -u`, `whoami`
pub(super) fn id(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let user = machine.setting.user;
    let known = machine.disk.read("/etc/passwd").unwrap_or("root:x:0:0:root:/root:/bin/sh\n");
    let name = known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    });
    let options = Options::of(argv, "");
    let wants_name = argv[0] == "whoami" || options.on("n");
    let text = match (wants_name, name) {
        (true, Some(name)) => name,
        (true, None) => {
            machine.complain(&format!("{}: unknown uid {user}", argv[0]));
            return Ok(1);
        }
        (false, _) if options.on("u") || options.on("g") || options.on("G") => user.to_string(),
        (false, Some(name)) => format!("uid={user}({name}) gid={user}({name}) groups={user}({name})"),
        (false, None) => format!("uid={user} gid=0(root) groups=0(root)"),
    };
    machine.say(&format!("{text}\n"));
    Ok(0)
}

/// `pwd`
pub(super) fn pwd(machine: &mut Machine<'_>, _: &[String]) -> Done {
    let cwd = machine.shell.cwd.clone();
    machine.say(&format!("{cwd}\n"));
    Ok(0)
}

/// `ps`: the container's first process and itself.
pub(super) fn ps(machine: &mut Machine<'_>, _: &[String]) -> Done {
    let first = machine.disk.read("/proc/1/cmdline").map_or_else(|| "sh".to_owned(), |line| line.replace('\0', " ").trim().to_owned());
    let own = machine.shell.name.clone();
    let second = if own == "sh" && machine.setting.pid_one { String::new() } else { "    7 root      0:00 ps\n".to_owned() };
    machine.say(&format!("PID   USER     TIME  COMMAND\n    1 root      0:00 {first}\n{second}"));
    Ok(0)
}

/// `uname -a`
pub(super) fn uname(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let host = machine.setting.hostname.clone();
    let fields = [
        ("s", "Linux".to_owned()),
        ("n", host),
        ("r", "6.8.0-generic".to_owned()),
        ("v", "#1 SMP PREEMPT_DYNAMIC".to_owned()),
        ("m", "x86_64".to_owned()),
        ("o", "GNU/Linux".to_owned()),
    ];
    let text = if argv[0] == "arch" {
        "x86_64".to_owned()
    } else if options.on("a") {
        fields.map(|(_, text)| text).join(" ")
    } else {
        let chosen: Vec<String> = fields.iter().filter(|(letter, _)| options.on(letter)).map(|(_, text)| text.clone()).collect();
        if chosen.is_empty() { "Linux".to_owned() } else { chosen.join(" ") }
    };
    machine.say(&format!("{text}\n"));
    Ok(0)
}

/// `kill -TERM 1`, `kill -9 %1`
pub(super) fn kill(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let (mut signal, mut code) = (15, 0);
    let mut words = argv[1..].iter();
    while let Some(word) = words.next() {
        let name = if word == "-s" { words.next().map(String::as_str) } else { word.strip_prefix('-') };
        if let Some(name) = name {
            signal = match name.strip_prefix("SIG").unwrap_or(name) {
                "HUP" => 1,
                "INT" => 2,
                "QUIT" => 3,
                "KILL" => 9,
                "USR1" => 10,
                "USR2" => 12,
                "TERM" => 15,
                "STOP" => 19,
                other => other.parse().unwrap_or(15),
            };
            continue;
        }
        match word.trim_start_matches('%').parse::<u32>() {
            Ok(1) => {
                let clock = machine.clock;
                machine.signals.push((clock, signal));
            }
            Ok(0) => {}
            Ok(pid) if machine.end_job(pid, 128 + signal) => {}
            Ok(pid) => {
                machine.complain_as_shell(&format!("can't kill pid {pid}: No such process"));
                code = 1;
            }
            Err(_) => {
                machine.complain_as_shell(&format!("invalid number '{word}'"));
                code = 1;
            }
        }
    }
    Ok(code)
}

/// `nohup command`, `time command`
pub(super) fn nohup(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    if argv.len() < 2 { Ok(125) } else { called(machine, &argv[0], &argv[1..]) }
}

/// `timeout 5 command`: code 124 (143 with busybox) if it must be ended.
pub(super) fn timeout(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options {
        given: std::collections::BTreeMap::new(),
        rest: argv[1..].iter().skip_while(|word| word.starts_with('-')).cloned().collect(),
    };
    let Some((after, command)) = options.rest.split_first().filter(|(_, command)| !command.is_empty()) else { return Ok(125) };
    let Some(after) = span(after) else { return Ok(125) };
    let (limit, end) = (machine.limit, machine.clock + after);
    if end >= limit {
        return called(machine, "timeout", command);
    }
    machine.limit = end;
    let done = called(machine, "timeout", command);
    machine.limit = limit;
    match done {
        Err(Stop::Limit | Stop::Busy) => {
            machine.pass(end);
            Ok(if matches!(machine.setting.image.kit, Kit::Busybox | Kit::Alpine) { 143 } else { 124 })
        }
        done => done,
    }
}

/// `expr 1 + 2`
pub(super) fn expr(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    if let [_, a, operator @ ("=" | "!="), b] = argv.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        let same = (a == b) == (*operator == "=");
        machine.say(if same { "1\n" } else { "0\n" });
        return Ok(i32::from(!same));
    }
    let value = machine.calculated(&argv[1..].join(" "))?;
    machine.say(&format!("{value}\n"));
    Ok(i32::from(value == 0))
}
