//! How a command is found, and the commands that only a shell has.

use crate::kernel::time::SimDuration;
use crate::node::runtime::images::{Kit, Server};
use crate::node::runtime::shell::commands::{self, Tool};
use crate::node::runtime::shell::machine::{Done, Machine, Patience, Stop};
use crate::node::runtime::shell::{NotStarted, parse};

/// Where programs are looked for: `$PATH` of every image.
const PATH: &[&str] = &["/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"];

/// The shells.
const SHELLS: &[&str] = &["sh", "ash", "dash", "bash"];

/// What a name stands for.
enum Program<'a> {
    Shell,
    Tool(Tool),
    Server(&'a Server),
    /// A file with commands for a shell.
    File(String),
    /// It is there, but can't be run.
    Denied,
    Missing,
}

impl<'a> Machine<'a> {
    fn find(&self, name: &str) -> Program<'a> {
        let image = self.setting.image;
        let short = PATH.iter().find_map(|folder| name.strip_prefix(folder)).unwrap_or(name);
        if let Some(server) = image.program(name) {
            return Program::Server(server);
        }
        if !short.contains('/') {
            if SHELLS.contains(&short) {
                let there = image.has_shell(short);
                return if there { Program::Shell } else { Program::Missing };
            }
            if let Some(tool) = commands::find(short, image) {
                return Program::Tool(tool);
            }
        }
        let path = self.path(name);
        if name.contains('/')
            && let Some((_, mode)) = self.disk.stat(&path)
        {
            return if mode & 0o111 != 0 { Program::File(path) } else { Program::Denied };
        }
        if !name.contains('/')
            && let Some(path) = PATH.iter().map(|folder| format!("{folder}{name}")).find(|path| self.disk.stat(path).is_some())
        {
            return Program::File(path);
        }
        match image.unknown_program() {
            Some(server) => Program::Server(server),
            None => Program::Missing,
        }
    }

    /// Whether the runtime can start a program.
    ///
    /// # Errors
    /// In runc's words.
    pub fn check(&self, program: &str) -> Result<(), NotStarted> {
        match self.find(program) {
            Program::Missing if program.contains('/') => {
                Err(NotStarted { why: format!("exec: {program:?}: stat {program}: no such file or directory"), code: 127 })
            }
            Program::Missing => Err(NotStarted { why: format!("exec: {program:?}: executable file not found in $PATH"), code: 127 }),
            Program::Denied => Err(NotStarted { why: format!("exec: {program:?}: permission denied"), code: 126 }),
            _ => Ok(()),
        }
    }

    /// Runs the process that a container or `kubectl exec` begins with.
    pub fn entry(&mut self, argv: &[String]) -> Done {
        self.patience = Patience::Command;
        self.pass(SimDuration::ZERO);
        if argv.is_empty() { Ok(0) } else { self.program(argv) }
    }

    /// Runs a command of a script: a function, the shell's own, or a program.
    pub(super) fn command(&mut self, argv: &[String]) -> Done {
        let name = argv[0].as_str();
        if let Some(body) = self.shell.functions.get(name).cloned() {
            return self.call(&body, &argv[1..]);
        }
        if let Some((_, builtin)) = BUILTINS.iter().find(|(known, _)| *known == name) {
            return builtin(self, argv);
        }
        // These are part of every shell, also where the image has no such file.
        if let Some(tool) = commands::built_into_shells(name) {
            return tool(self, argv);
        }
        if matches!(self.find(name), Program::Missing) {
            self.not_found(name);
            return Ok(127);
        }
        self.program(argv)
    }

    /// Runs a program.
    pub(super) fn program(&mut self, argv: &[String]) -> Done {
        let name = argv[0].as_str();
        match self.find(name) {
            Program::Shell => self.shell_program(argv),
            Program::Tool(tool) => {
                let prefix = argv[0].rsplit('/').next().unwrap_or(name).to_owned();
                let mut argv = argv.to_vec();
                argv[0] = prefix;
                tool(self, &argv)
            }
            Program::Server(server) => self.serve(server),
            Program::File(path) => {
                let text = self.disk.read(&path).unwrap_or_default().to_owned();
                let bash = text.lines().next().is_some_and(|line| line.contains("bash"));
                self.script(argv[0].clone(), &text, &argv[1..], bash, false)
            }
            Program::Denied => {
                self.complain_as_shell(&format!("{name}: Permission denied"));
                Ok(126)
            }
            Program::Missing => {
                self.not_found(name);
                Ok(127)
            }
        }
    }

    /// `sh -ec 'script' name arguments`, `sh file arguments`.
    fn shell_program(&mut self, argv: &[String]) -> Done {
        let short = argv[0].rsplit('/').next().unwrap_or(&argv[0]);
        let bash = short == "bash" || (self.setting.image.kit == Kit::Everything && short != "ash");
        let (mut at, mut is_command) = (1, false);
        let mut options = Vec::new();
        while let Some(word) = argv.get(at).filter(|word| word.len() > 1 && (word.starts_with('-') || word.starts_with('+'))) {
            at += 1;
            if word == "--" {
                break;
            }
            if word.starts_with("--") {
                continue;
            }
            for letter in word[1..].chars() {
                match letter {
                    'c' => is_command = true,
                    'o' => {
                        options.push(argv.get(at).cloned().unwrap_or_default());
                        at += 1;
                    }
                    letter => options.push(letter.to_string()),
                }
            }
        }
        let Some(word) = argv.get(at) else {
            // Without a terminal, a shell reads what comes in and ends with it.
            let text = self.read_all();
            return self.script(argv[0].clone(), &text, &[], bash, false);
        };
        let before = self.shell.clone();
        for option in &options {
            self.set_option(option, true);
        }
        let done = if is_command {
            let name = argv.get(at + 1).cloned().unwrap_or_else(|| argv[0].clone());
            let rest = argv.get(at + 2..).unwrap_or_default().to_vec();
            self.script(name, word, &rest, bash, true)
        } else {
            let path = self.path(word);
            match self.disk.read(&path).map(str::to_owned) {
                Some(text) => self.script(word.clone(), &text, &argv[at + 1..], bash, false),
                None => {
                    let why = if self.setting.image.kit == Kit::Debian {
                        format!("cannot open {word}: No such file")
                    } else {
                        format!("can't open '{word}': No such file or directory")
                    };
                    self.complain_as_shell(&why);
                    Ok(if bash { 127 } else { 2 })
                }
            }
        };
        self.shell = before;
        done
    }

    /// Runs a text as a shell's script in a shell of its own.
    fn script(&mut self, name: String, text: &str, arguments: &[String], bash: bool, takes_place: bool) -> Done {
        let mut shell = self.shell.clone();
        // Only what is exported is passed on.
        shell.variables.retain(|_, (_, exported)| *exported);
        shell.functions.clear();
        shell.traps.clear();
        (shell.name, shell.arguments) = (name, arguments.to_vec());
        let outer = std::mem::replace(&mut self.shell, shell);
        let was_bash = std::mem::replace(&mut self.is_bash, bash);
        let done = match parse::parse(text) {
            Ok(node) if takes_place && self.patience == Patience::Command => self.run_last(&node),
            Ok(node) => {
                let patience = std::mem::replace(&mut self.patience, Patience::Shell);
                let done = self.run(&node);
                self.patience = patience;
                done
            }
            Err(unexpected) => {
                self.complain_syntax(unexpected.as_deref());
                Ok(2)
            }
        };
        let done = match done {
            Err(Stop::Exit(code) | Stop::Return(code)) => Ok(code),
            Err(Stop::Break(_) | Stop::Continue(_)) => Ok(0),
            done => done,
        };
        let done = match (done, self.shell.traps.get("EXIT").cloned()) {
            (Ok(code), Some(action)) => {
                self.shell.last = code;
                match self.evaluate(&action) {
                    Ok(_) => Ok(code),
                    Err(Stop::Exit(code)) => Ok(code),
                    Err(stop) => Err(stop),
                }
            }
            (done, _) => done,
        };
        self.shell = outer;
        self.is_bash = was_bash;
        done
    }

    fn set_option(&mut self, option: &str, on: bool) {
        match option {
            "e" | "errexit" => self.shell.errexit = on,
            "u" | "nounset" => self.shell.nounset = on,
            "x" | "xtrace" => self.shell.xtrace = on,
            "pipefail" => self.shell.pipefail = on,
            _ => {}
        }
        self.shell.version += 1;
    }

    /// What stands before the shell's own complaints: dash and bash name the line.
    pub(super) fn complaint_prefix(&self) -> String {
        let name = &self.shell.name;
        match (self.is_bash, self.setting.image.kit) {
            (true, _) => format!("{name}: line 1: "),
            (false, Kit::Debian) => format!("{name}: 1: "),
            _ => format!("{name}: "),
        }
    }

    fn not_found(&mut self, name: &str) {
        self.met_unknown = true;
        let why = match (name.contains('/'), self.is_bash) {
            (true, true) => "No such file or directory",
            (false, true) => "command not found",
            (_, false) => "not found",
        };
        self.complain_as_shell(&format!("{name}: {why}"));
    }

    pub(super) fn complain_syntax(&mut self, unexpected: Option<&str>) {
        let text = match (unexpected, self.is_bash, self.setting.image.kit) {
            (Some(what), true, _) => format!("syntax error near unexpected token `{what}'"),
            (None, true, _) => "syntax error: unexpected end of file".to_owned(),
            (Some(what), false, Kit::Debian) => format!("Syntax error: \"{what}\" unexpected"),
            (None, false, Kit::Debian) => "Syntax error: end of file unexpected".to_owned(),
            (Some(what), false, _) => format!("syntax error: unexpected \"{what}\""),
            (None, false, _) => "syntax error: unexpected end of file".to_owned(),
        };
        self.complain_as_shell(&text);
    }

    /// A redirection's file can't be opened.
    pub(super) fn cant_open(&mut self, name: &str, writing: bool, why: &str) {
        let missing = why == "No such file or directory";
        let text = match (self.is_bash, self.setting.image.kit) {
            (true, _) => format!("{name}: {why}"),
            (false, Kit::Debian) => {
                let why = if !missing {
                    why
                } else if writing {
                    "Directory nonexistent"
                } else {
                    "No such file"
                };
                format!("cannot {} {name}: {why}", if writing { "create" } else { "open" })
            }
            _ => {
                let why = if missing && writing {
                    "nonexistent directory"
                } else if missing {
                    "no such file"
                } else {
                    why
                };
                format!("can't {} {name}: {why}", if writing { "create" } else { "open" })
            }
        };
        self.complain_as_shell(&text);
    }
}

type Builtin = fn(&mut Machine<'_>, &[String]) -> Done;

const BUILTINS: &[(&str, Builtin)] = &[
    (":", |_, _| Ok(0)),
    (".", source),
    ("source", source),
    ("alias", |_, _| Ok(0)),
    ("break", |_, argv| Err(Stop::Break(number(argv, 1) as u32))),
    ("cd", cd),
    (
        "command",
        |machine, argv| if argv.len() > 1 && !argv[1].starts_with('-') { machine.command(&argv[1..]) } else { which(machine, argv) },
    ),
    ("continue", |_, argv| Err(Stop::Continue(number(argv, 1) as u32))),
    ("declare", export),
    ("eval", |machine, argv| machine.evaluate(&argv[1..].join(" "))),
    ("exec", exec),
    ("exit", |machine, argv| Err(Stop::Exit(argv.get(1).map_or(Ok(machine.shell.last), |code| code.parse()).unwrap_or(2)))),
    ("export", export),
    ("hash", |_, _| Ok(0)),
    ("jobs", |_, _| Ok(0)),
    ("let", |machine, argv| {
        let value = machine.calculated(&argv[1..].join(" "))?;
        Ok(i32::from(value == 0))
    }),
    ("local", export),
    ("read", read),
    ("readonly", export),
    ("return", |machine, argv| Err(Stop::Return(argv.get(1).map_or(Ok(machine.shell.last), |code| code.parse()).unwrap_or(2)))),
    ("set", set),
    ("shift", |machine, argv| {
        let count = (number(argv, 1) as usize).min(machine.shell.arguments.len());
        machine.shell.arguments.drain(..count);
        machine.shell.version += 1;
        Ok(0)
    }),
    ("trap", trap),
    ("type", which),
    ("ulimit", |machine, _| {
        machine.say("unlimited\n");
        Ok(0)
    }),
    ("umask", |machine, argv| {
        if argv.len() < 2 {
            machine.say("0022\n");
        }
        Ok(0)
    }),
    ("unset", |machine, argv| {
        for name in &argv[1..] {
            machine.shell.variables.remove(name);
            machine.shell.functions.remove(name);
        }
        machine.shell.version += 1;
        Ok(0)
    }),
    ("wait", wait),
    ("[[", |machine, argv| commands::test_command(machine, argv)),
];

fn number(argv: &[String], otherwise: i64) -> i64 {
    argv.get(1).and_then(|word| word.parse().ok()).unwrap_or(otherwise)
}

fn source(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let Some(name) = argv.get(1) else { return Ok(2) };
    let path = machine.path(name);
    match machine.disk.read(&path).map(str::to_owned) {
        Some(text) => machine.evaluate(&text),
        None => {
            machine.cant_open(name, false, "No such file or directory");
            Ok(1)
        }
    }
}

fn cd(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let home = machine.variable("HOME").unwrap_or_else(|| "/root".to_owned());
    let name = argv.get(1).cloned().unwrap_or(home);
    let path = machine.path(&name);
    if !machine.disk.is_directory(&path) {
        let why = match (machine.is_bash, machine.setting.image.kit) {
            (true, _) => format!("cd: {name}: No such file or directory"),
            (false, Kit::Debian) => format!("cd: can't cd to {name}"),
            _ => format!("cd: can't cd to {name}: No such file or directory"),
        };
        machine.complain_as_shell(&why);
        return Ok(1);
    }
    if machine.shell.cwd != path {
        machine.shell.cwd = path;
        machine.shell.version += 1;
    }
    Ok(0)
}

fn exec(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    if argv.len() < 2 {
        return Ok(0);
    }
    machine.shell.traps.clear();
    machine.patience = Patience::Command;
    let done = machine.command(&argv[1..]);
    Err(Stop::Exit(done?))
}

fn export(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let exports = argv[0] == "export" || argv.get(1).is_some_and(|word| word == "-x");
    let names = argv[1..].iter().filter(|word| !word.starts_with('-'));
    for word in names.clone() {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        if let Some(value) = value {
            machine.set(name, value);
        } else if argv[0] == "local" {
            machine.set(name, "");
        }
        if exports && let Some((_, exported)) = machine.shell.variables.get_mut(name) {
            *exported = true;
        }
    }
    if exports && names.count() == 0 {
        let quoted = |(name, (value, exported)): (&String, &(String, bool))| exported.then(|| format!("export {name}='{value}'\n"));
        let text: String = machine.shell.variables.iter().filter_map(quoted).collect();
        machine.say(&text);
    }
    Ok(0)
}

fn read(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let names: Vec<&String> = argv[1..].iter().filter(|word| !word.starts_with('-')).collect();
    let Some(line) = machine.read_line() else { return Ok(1) };
    let mut rest = line.trim();
    for (i, name) in names.iter().enumerate() {
        let (word, after) = if i + 1 == names.len() { (rest, "") } else { rest.split_once(char::is_whitespace).unwrap_or((rest, "")) };
        machine.set(name, word);
        rest = after.trim_start();
    }
    if names.is_empty() {
        machine.set("REPLY", &line);
    }
    Ok(0)
}

fn set(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let mut at = 1;
    while let Some(word) = argv.get(at) {
        at += 1;
        match word.split_at_checked(1) {
            Some(("-", "-")) => {
                machine.shell.arguments = argv[at..].to_vec();
                machine.shell.version += 1;
                return Ok(0);
            }
            Some((sign @ ("-" | "+"), letters)) => {
                for letter in letters.chars() {
                    let option = if letter == 'o' {
                        at += 1;
                        argv.get(at - 1).cloned().unwrap_or_default()
                    } else {
                        letter.to_string()
                    };
                    machine.set_option(&option, sign == "-");
                }
            }
            _ => {
                machine.shell.arguments = argv[at - 1..].to_vec();
                machine.shell.version += 1;
                return Ok(0);
            }
        }
    }
    if argv.len() == 1 {
        let text: String = machine.shell.variables.iter().map(|(name, (value, _))| format!("{name}='{value}'\n")).collect();
        machine.say(&text);
    }
    Ok(0)
}

fn trap(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let Some((action, signals)) = argv[1..].split_first() else { return Ok(0) };
    for signal in signals {
        let signal = match signal.strip_prefix("SIG").unwrap_or(signal) {
            "15" => "TERM",
            "2" => "INT",
            "0" => "EXIT",
            other => other,
        };
        if action == "-" {
            machine.shell.traps.remove(signal);
        } else {
            machine.shell.traps.insert(signal.to_owned(), action.clone());
        }
    }
    machine.shell.version += 1;
    Ok(0)
}

fn which(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let mut code = 0;
    for name in argv[1..].iter().filter(|word| !word.starts_with('-')) {
        match machine.find(name) {
            Program::Missing => code = if argv[0] == "type" { 127 } else { 1 },
            _ if argv[0] == "type" => machine.say(&format!("{name} is /bin/{name}\n")),
            _ => machine.say(&format!("/bin/{name}\n")),
        }
    }
    Ok(code)
}

/// Waits for commands in the background; TERM with a trap ends it.
fn wait(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let wanted: Vec<u32> = argv[1..].iter().filter_map(|word| word.trim_start_matches('%').parse().ok()).collect();
    let jobs: Vec<_> = machine.jobs.iter().filter(|job| wanted.is_empty() || wanted.contains(&job.pid)).cloned().collect();
    let ends: Option<Vec<(SimDuration, i32)>> = jobs.iter().map(|job| job.end).collect();
    let until = ends.as_ref().map(|ends| ends.iter().map(|(at, _)| *at).max().unwrap_or(machine.clock));
    let span = until.map_or(SimDuration::MAX, |until| until.saturating_sub(machine.clock));
    if until.is_some() && span.is_zero() {
        return Ok(if wanted.is_empty() { 0 } else { jobs.last().and_then(|job| job.end).map_or(127, |(_, code)| code) });
    }
    machine.patience = Patience::Wait;
    machine.advance(span)?;
    if until.is_none_or(|until| machine.clock < until) {
        return Ok(143);
    }
    Ok(if wanted.is_empty() { 0 } else { ends.and_then(|ends| ends.last().map(|(_, code)| *code)).unwrap_or(127) })
}
