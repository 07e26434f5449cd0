//! `podarium repl`: a shell over a simulated cluster, with history and completion; plain lines when it is fed from a pipe.

use super::{Problem, editor, files};
use crate::render::style;
use reedline::{
    ColumnarMenu, Completer, CompletionResult, DefaultPrompt, DefaultPromptSegment, Emacs, KeyCode, KeyModifiers, MenuBuilder, Reedline,
    ReedlineEvent, ReedlineMenu, Signal, Span, Suggestion, default_emacs_keybindings,
};
use sim_core::Config;
use sim_core::scenario::{Do, Scenario};
use sim_core::shell::{Reply, Shell};
use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Type kubectl commands, with or without the word kubectl. Time stands still until you say `wait 10s` or `until pods ready`, or a
/// command waits. `help` lists the other words, Tab completes, and the exit code is that of the worst line when input comes from a pipe.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Manifests to apply at the start, or a scenario whose cluster is used and whose steps are done first.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The seed of the run.
    #[arg(long)]
    seed: Option<u64>,
    /// How many nodes the cluster has, unless a scenario says.
    #[arg(long, default_value_t = 3)]
    nodes: u32,
}

pub(crate) fn main(args: &Args) -> Result<bool, Problem> {
    let (shell, files) = open(args)?;
    if std::io::stdin().is_terminal() { interactive(shell, &files) } else { piped(shell, &files) }
}

/// Boots the cluster and does what the files say.
fn open(args: &Args) -> Result<(Shell, BTreeMap<String, String>), Problem> {
    let mut scenario: Option<Scenario> = None;
    let mut manifests = Vec::new();
    for path in &args.files {
        if is_scenario(&files::read(path)?) {
            if scenario.is_some() {
                return Err(format!("{} is a second scenario; the shell has one cluster", path.display()));
            }
            scenario = Some(files::scenario(path)?);
        } else {
            manifests.push(path.display().to_string());
        }
    }
    let mut config = scenario.as_ref().map_or_else(
        || Config {
            nodes: (1..=args.nodes).map(|n| sim_core::cluster::NodeConfig::named(format!("node-{n}"))).collect(),
            ..Config::default()
        },
        |scenario| Config { seed: scenario.seed, ..scenario.config.clone() },
    );
    if let Some(seed) = args.seed {
        config.seed = seed;
    }
    let mut shell = Shell::new(config);
    let known = scenario.as_ref().map(|scenario| scenario.files.clone()).unwrap_or_default();
    for step in scenario.iter().flat_map(|scenario| &scenario.steps) {
        play(&mut shell, &step.what, &known)?;
    }
    for path in manifests {
        let line = format!("apply -f {path}");
        let reply = shell.line(&line, &loaded(&line, &known)?);
        if reply.code != 0 {
            return Err(reply.stderr.trim_end().trim_start_matches("error: ").to_owned());
        }
        anstream::print!("{}", reply.stdout);
    }
    Ok((shell, known))
}

/// A scenario has steps; a manifest has an apiVersion.
fn is_scenario(text: &str) -> bool {
    let begins = |word: &str| text.lines().any(|line| line.starts_with(word));
    begins("steps:") && !begins("apiVersion:")
}

fn play(shell: &mut Shell, what: &Do, known: &BTreeMap<String, String>) -> Result<(), Problem> {
    let mut files = known.clone();
    let line = match what {
        Do::Kubectl { line, stdin, .. } => {
            files.extend(stdin.iter().map(|text| ("-".to_owned(), text.clone())));
            line.clone()
        }
        Do::Wait(span) => format!("wait {span}"),
        Do::Until(condition, _) => format!("until {condition}"),
        Do::UntilQuiet(_) => "until quiet".to_owned(),
        Do::Fault(fault) => format!("fault {fault}"),
        Do::Trace(ask) => format!("trace {} {} -n {}", ask.from, ask.to, ask.namespace),
        Do::Check(condition) => format!("check {condition}"),
        Do::Traffic(change) => {
            anstream::println!("{}> {change}{}", style::COMMAND.render(), style::COMMAND.render_reset());
            let reply = shell.change_traffic(change.clone());
            return if reply.code == 0 { Ok(()) } else { Err(reply.stderr) };
        }
    };
    anstream::println!("{}> {line}{}", style::COMMAND.render(), style::COMMAND.render_reset());
    print(&shell.line(&line, &files));
    Ok(())
}

/// The files that a line names: those of the scenario, then those on the disk.
fn loaded(line: &str, known: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Problem> {
    let mut found = BTreeMap::new();
    for name in Shell::files_needed(line).unwrap_or_default() {
        let folder = format!("{}/", name.trim_end_matches('/'));
        let inside: Vec<_> = known.iter().filter(|(path, _)| **path == name || path.starts_with(&folder)).collect();
        if inside.is_empty() && name != "-" {
            found.extend(files::named(Path::new(""), &name, line.contains("--from-file"))?);
        }
        found.extend(inside.into_iter().map(|(path, text)| (path.clone(), text.clone())));
    }
    Ok(found)
}

fn answer(shell: &mut Shell, line: &str, known: &BTreeMap<String, String>) -> Reply {
    match loaded(line, known) {
        Ok(files) => shell.line(line, &files),
        Err(problem) => Reply { stderr: format!("error: {problem}\n"), code: 2, ..Reply::default() },
    }
}

/// As [`answer`], with an editor at hand.
fn edited(shell: &mut Shell, line: &str, known: &BTreeMap<String, String>) -> Reply {
    match loaded(line, known) {
        Ok(files) => editor::edit(shell, line, &files),
        Err(problem) => Reply { stderr: format!("error: {problem}\n"), code: 2, ..Reply::default() },
    }
}

fn print(reply: &Reply) {
    let trouble = |text: &str| {
        if !text.is_empty() {
            anstream::eprint!("{}", style::paint(style::TROUBLE, text));
        }
    };
    trouble(&reply.warnings);
    anstream::print!("{}", reply.stdout);
    trouble(&reply.stderr);
}

fn leaves(line: &str) -> bool {
    matches!(line.trim(), "exit" | "quit")
}

/// Lines from a pipe or a file: what is typed is shown, so that the output reads like a session.
fn piped(mut shell: Shell, known: &BTreeMap<String, String>) -> Result<bool, Problem> {
    let mut worst = 0;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| format!("can't read the input: {error}"))?;
        if leaves(&line) {
            break;
        }
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        println!("{}> {line}", shell.now());
        let mut reply = answer(&mut shell, &line, known);
        if editor::opens(&line) && reply.code != 0 {
            reply.stderr.push_str("hint: an editor needs a terminal; here `kubectl patch` and `kubectl apply` change objects\n");
        }
        worst = worst.max(reply.code);
        print(&reply);
    }
    match worst {
        0 => Ok(true),
        2 => Err("some lines made no sense: see above".to_owned()),
        _ => Ok(false),
    }
}

/// Completes from the shell that the prompt belongs to.
struct Completion(Arc<Mutex<Shell>>);

impl Completer for Completion {
    fn complete(&mut self, line: &str, position: usize) -> CompletionResult {
        let typed = line.get(..position).unwrap_or(line);
        let start = typed.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let shell = self.0.lock().expect("nobody panics while holding the shell");
        let suggestion = |value| Suggestion { value, span: Span::new(start, position), append_whitespace: true, ..Suggestion::default() };
        CompletionResult::fresh(shell.complete(typed).into_iter().map(suggestion).collect::<Vec<_>>())
    }
}

fn interactive(shell: Shell, known: &BTreeMap<String, String>) -> Result<bool, Problem> {
    let shell = Arc::new(Mutex::new(shell));
    let mut keys = default_emacs_keybindings();
    let menu = ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu("completion".to_owned()), ReedlineEvent::MenuNext]);
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, menu);
    let mut editor = Reedline::create()
        .with_completer(Box::new(Completion(shell.clone())))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(ColumnarMenu::default().with_name("completion"))))
        .with_edit_mode(Box::new(Emacs::new(keys)));
    println!(
        "A simulated Kubernetes v1.36 cluster. Time stands still until you let it pass: try `create deployment web --image=nginx --replicas=3`,"
    );
    println!("`until pods ready`, `get pods`, then `why pod/…`. `help` lists the words, Tab completes, Ctrl-D leaves.");
    loop {
        let now = shell.lock().expect("nobody panics while holding the shell").now();
        let prompt = DefaultPrompt::new(DefaultPromptSegment::Basic(now.to_string()), DefaultPromptSegment::Empty);
        match editor.read_line(&prompt) {
            Ok(Signal::Success(line)) if leaves(&line) => return Ok(true),
            Ok(Signal::Success(line)) => {
                let mut shell = shell.lock().expect("nobody panics while holding the shell");
                print(&if editor::opens(&line) { edited(&mut shell, &line, known) } else { answer(&mut shell, &line, known) });
            }
            Ok(Signal::CtrlC) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(format!("the terminal doesn't answer: {error}")),
        }
    }
}
