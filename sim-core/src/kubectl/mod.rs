//! kubectl v1.36 as a pure client: words in, text out, everything else asked of the [`Api`] trait.
//!
//! A line goes through [`split_commands`], [`run`] reads verb and flags and calls the command's module. Commands that last (`rollout
//! status`, `get -w`, `delete`, `wait`) hand back a [`Session`], a plain value that the driver polls whenever the store has changed or
//! the session's deadline has come.
//!
//! Mirrors `staging/src/k8s.io/kubectl/pkg/cmd`. What kubectl can do and this can't is refused by name, never ignored.

pub mod age;
mod annotate;
pub mod api;
mod applied;
mod apply;
mod autoscale;
mod catalog;
mod cluster_info;
mod commands;
mod containers;
mod cordon;
mod create;
mod debug;
mod delete;
mod describe;
mod diff;
mod drain;
mod edit;
pub mod emit;
mod environment;
mod events;
mod exec;
mod explain;
mod expose;
pub mod failure;
pub mod field;
mod field_order;
mod field_selector;
mod flags;
mod forward;
mod get;
mod hints;
mod history;
pub mod jsonpath;
mod label_selector;
pub mod line_diff;
mod logs;
mod manifest;
mod output;
mod patch;
mod paths;
mod raw;
mod replace;
mod rollback;
mod rollout;
mod rollout_status;
mod run_attached;
mod run_pod;
mod scale;
mod server_side;
mod set;
mod set_env;
mod set_subject;
mod sorting;
pub mod table;
mod taint;
mod target;
pub mod told;
mod top;
mod wait;
mod words;

use std::collections::BTreeMap;

use serde_json::Value;

pub use self::api::Api;
pub use self::edit::{EDITED, TO_EDIT, is_same as is_same_text};
pub use self::get::pod_summary;
pub use self::hints::hints;
pub use self::paths::files_needed;

/// What the column STATUS of `kubectl get pods` says of a pod.
pub fn pod_status(pod: &serde_json::Value) -> String {
    get::pods::status(pod)
}

/// How the inputs of a run name a command that waited and goes on by itself.
pub const GOES_ON: &str = "kubectl goes on";

/// An object as `kubectl get -o yaml` prints it.
pub fn shown_as_yaml(object: serde_json::Value) -> String {
    emit::yaml(&output::shown(object, false))
}

/// What `rollout status` says of a Deployment as it is, and whether it is rolled out. `None` when it ends with an error: the rollout failed.
pub fn rollout_status(deployment: &serde_json::Value) -> Option<(String, bool)> {
    rollout_status::status(deployment, 0).ok()
}

pub use self::commands::{only_reads, opens_editor, verbs};
pub use self::words::{split, split_commands};

use self::age::Clock;
use self::api::{WriteOptions, Written};
use self::failure::{Answer, Failure};
use self::field::map_mut;
use self::flags::Parsed;
use self::output::Output as Format;
use crate::api::resources::Resource;
use crate::kernel::time::SimTime;

/// One command line, with the files that it reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invocation {
    /// The words after `kubectl` (a leading `kubectl` is skipped).
    pub args: Vec<String>,
    /// Path to content, for `-f`; `-` is standard input. A folder's manifests are given as `folder/file.yaml`.
    pub files: BTreeMap<String, String>,
}

/// What `kubectl config` remembers between commands.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// The namespace of commands without `-n`.
    pub namespace: String,
}

impl Default for Context {
    fn default() -> Self {
        Context { namespace: "default".to_owned() }
    }
}

/// What a command has printed, and its exit code.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code; meaningful once the command has ended.
    pub code: i32,
    /// Whether it failed because the command line or a manifest is at fault.
    pub bad_input: bool,
}

impl Output {
    /// What was printed to standard error before standard output: warnings; and what after it: errors.
    pub fn warnings_and_errors(&self) -> (String, String) {
        let is_warning = |line: &&str| ["Warning:", "Flag --", "Defaulted container "].iter().any(|start| line.starts_with(start));
        let lined = |lines: Vec<&str>| lines.iter().map(|line| format!("{line}\n")).collect();
        let (warnings, errors) = self.stderr.lines().partition(is_warning);
        (lined(warnings), lined(errors))
    }
}

/// How a command went on.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It has ended.
    Done(Output),
    /// It has printed this much and now waits for virtual time to pass.
    Waiting(Output, Session),
}

/// A command that lasts.
#[derive(Clone, Debug, PartialEq)]
pub enum Session {
    /// `rollout status`.
    RolloutStatus(Box<rollout_status::Watch>),
    /// `get -w`.
    Get(Box<get::watch::Watch>),
    /// `events -w`.
    Events(Box<events::Watch>),
    /// `replace --force`, until the objects that are to be replaced are gone.
    Replace(Box<replace::Waiting>),
    /// `delete`, until the objects are gone.
    Delete(Box<delete::Waiting>),
    /// `drain`, until the pods are gone: the one that also writes while it waits.
    Drain(Box<drain::Waiting>),
    /// `wait --for`.
    Wait(Box<wait::Waiting>),
    /// `logs -f`, `attach`.
    Logs(Box<logs::Follow>),
    /// `exec`.
    Exec(Box<exec::Running>),
    /// `run -i`, `debug -i`.
    Attached(Box<run_attached::Attached>),
}

/// What a session has to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What was printed since the last poll; the code counts when done.
    pub output: Output,
    /// Whether the command has ended.
    pub done: bool,
    /// When to poll even if nothing changes.
    pub deadline: Option<SimTime>,
    /// What the driver runs next once the command has ended.
    pub then: Option<Invocation>,
}

impl Progress {
    /// Nothing new so far.
    fn waiting(deadline: Option<SimTime>) -> Progress {
        Progress { deadline, ..Progress::default() }
    }

    /// Ends the command, with a failure or without.
    fn end(&mut self, failure: Option<Failure>) {
        self.done = true;
        if let Some(failure) = failure {
            self.output.stderr.push_str(&failure.render());
            self.output.code = 1;
        }
    }
}

impl Session {
    /// Whether a poll at this moment may write. All but `drain` only read.
    pub fn acts_at(&self, now: SimTime) -> bool {
        matches!(self, Session::Drain(waiting) if waiting.acts_at(now))
    }

    /// Looks at what has changed. To be called after the store has changed, and when the deadline has come.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        match self {
            Session::RolloutStatus(watch) => watch.poll(api),
            Session::Get(watch) => watch.poll(api),
            Session::Events(watch) => watch.poll(api),
            Session::Replace(waiting) => waiting.poll(api),
            Session::Delete(waiting) => waiting.poll(api),
            Session::Drain(waiting) => waiting.poll(api),
            Session::Wait(waiting) => waiting.poll(api),
            Session::Logs(follow) => follow.poll(api),
            Session::Exec(running) => running.poll(api),
            Session::Attached(attached) => attached.poll(api),
        }
    }
}

/// What a command's function answers.
enum Next {
    Done,
    Wait(Session),
}

/// Whether a write really happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum DryRun {
    No,
    Client,
    Server,
}

/// A command under way: what it may ask, and what it has printed.
struct Call<'a> {
    api: &'a mut dyn Api,
    context: &'a mut Context,
    files: &'a BTreeMap<String, String>,
    /// The words of the command line.
    words: &'a [String],
    flags: Parsed,
    out: String,
    err: String,
    /// The exit code if all goes well; `diff` says with 1 that there are differences.
    code: i32,
    /// The exit code if it doesn't.
    failure_code: i32,
}

impl Call<'_> {
    fn namespace(&self) -> &str {
        self.flags.get("namespace").filter(|ns| !ns.is_empty()).unwrap_or(&self.context.namespace)
    }

    fn explicit_namespace(&self) -> bool {
        self.flags.get("namespace").is_some_and(|ns| !ns.is_empty())
    }

    fn clock(&self) -> Clock {
        Clock { now: self.api.now(), epoch: self.api.epoch() }
    }

    /// When `--request-timeout` is over; 0 means never.
    fn request_deadline(&self) -> Answer<Option<SimTime>> {
        let text = self.flags.text("request-timeout");
        if let Ok(secs) = text.parse::<u64>() {
            let span = crate::kernel::time::SimDuration::from_nanos(secs.saturating_mul(1_000_000_000));
            return Ok((secs > 0).then(|| self.api.now() + span));
        }
        Ok(self.flags.duration("request-timeout")?.filter(|span| !span.is_zero()).map(|span| self.api.now() + span))
    }

    fn dry_run(&mut self) -> Answer<DryRun> {
        match self.flags.get("dry-run") {
            None | Some("none" | "false") => Ok(DryRun::No),
            Some("client") => Ok(DryRun::Client),
            Some("server") => Ok(DryRun::Server),
            Some("unchanged" | "true") => {
                self.err.push_str("Warning: --dry-run is deprecated and can be replaced with --dry-run=client.\n");
                Ok(DryRun::Client)
            }
            Some(other) => Err(Failure::Plain(format!("Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."))),
        }
    }

    fn write_options(&self, dry_run: DryRun, manager: &str) -> WriteOptions {
        let manager = self.flags.get("field-manager").unwrap_or(manager);
        WriteOptions { dry_run: dry_run == DryRun::Server, field_manager: manager.to_owned(), ..WriteOptions::default() }
    }

    /// Notes in an object what was typed, if `--record` asks for it.
    fn note_cause(&self, object: &mut Value) {
        if self.flags.on("record") {
            map_mut(object, "metadata.annotations").insert(history::CHANGE_CAUSE.into(), Value::from(self.flags.recorded()));
        }
    }

    /// Passes on the server's warnings.
    fn warn(&mut self, written: &Written) {
        for warning in &written.warnings {
            self.err.push_str(&format!("Warning: {warning}\n"));
        }
    }

    /// `pod/x created`, or the object in the format asked for.
    fn say(&mut self, resource: &Resource, name: &str, object: &Value, did: &str, dry_run: DryRun) -> Answer<()> {
        let format = Format::of(&self.flags, false)?;
        let shown = output::shown(object.clone(), self.flags.on("show-managed-fields"));
        if format == Format::Json && field_order::is_typed(&self.flags.command) {
            self.out.push_str(&field_order::json(&shown));
            return Ok(());
        }
        if let Some(text) = format.object(&shown) {
            if format == Format::Yaml && !self.out.is_empty() {
                self.out.push_str("---\n");
            }
            self.out.push_str(&text);
            return Ok(());
        }
        let suffix = match dry_run {
            DryRun::No => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        };
        self.out.push_str(&format!("{}/{name} {did}{suffix}\n", resource.qualified_singular()));
        Ok(())
    }
}

/// Runs one command line.
pub fn run(api: &mut dyn Api, invocation: &Invocation, context: &mut Context) -> Outcome {
    let words = invocation.args.strip_prefix(&["kubectl".to_owned()]).unwrap_or(&invocation.args);
    let mut call = Call {
        api,
        context,
        files: &invocation.files,
        words,
        flags: Parsed::default(),
        out: String::new(),
        err: String::new(),
        code: 0,
        failure_code: 1,
    };
    let answer = commands::dispatch(&mut call, words);
    let failure_code = call.failure_code;
    let mut output = Output { stdout: call.out, stderr: call.err, code: call.code, ..Output::default() };
    match answer {
        Ok(Next::Done) => Outcome::Done(output),
        Ok(Next::Wait(mut session)) => {
            // Whatever is already so is said at once.
            let progress = session.poll(api);
            output.stdout.push_str(&progress.output.stdout);
            output.stderr.push_str(&progress.output.stderr);
            output.code = progress.output.code;
            if progress.done { Outcome::Done(output) } else { Outcome::Waiting(output, session) }
        }
        Err(failure) => {
            output.stderr.push_str(&failure.render());
            output.code = failure_code;
            output.bad_input = failure.is_bad_input();
            Outcome::Done(output)
        }
    }
}
