//! The kubectl corpus: every recorded command that only reads, run against the recorded state, must print the recorded words.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sim_core::api::resources::{self, Resource};
use sim_core::api::selector::Selector;
use sim_core::api::status::{ApiError, Reason};
use sim_core::kernel::time::{Epoch, SimDuration, SimTime};
use sim_core::kubectl::api::{
    Api, DeleteOptions, Eviction, Executed, Log, LogOptions, PatchKind, Unstreamed, WatchEvent, WriteOptions, Written,
};
use sim_core::kubectl::{Context, Invocation, Outcome, Output, files_needed, run, split};

use crate::FileScore;
use crate::recording::read_lines;

/// A recorded state as an API server that only reads.
pub struct RecordedState {
    now: SimTime,
    epoch: Epoch,
    objects: BTreeMap<(&'static str, &'static str), Vec<Value>>,
}

impl RecordedState {
    /// Reads `{"kinds": {plural: [object, …]}}`. Objects of unknown kinds are left out.
    pub fn new(state: &Value) -> RecordedState {
        let mut objects: BTreeMap<_, Vec<Value>> = BTreeMap::new();
        let kinds = state.get("kinds").and_then(Value::as_object);
        for object in kinds.into_iter().flatten().flat_map(|(_, list)| list.as_array().into_iter().flatten()) {
            let word = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or("");
            if let Some(resource) = resources::by_kind(word("apiVersion"), word("kind")) {
                objects.entry((resource.group, resource.plural)).or_default().push(object.clone());
            }
        }
        let key = |object: &Value| ["namespace", "name"].map(|k| object["metadata"][k].as_str().unwrap_or("").to_owned());
        objects.values_mut().for_each(|list| list.sort_by_cached_key(key));
        // Any moment before the recording will do.
        RecordedState { now: SimTime::ZERO, epoch: Epoch { unix_secs: 1_700_000_000 }, objects }
    }

    /// Moves the clock to a recorded moment.
    pub fn at(&mut self, timestamp: &str) {
        self.now = self.epoch.parse(timestamp).unwrap_or(self.now);
    }

    /// Moves the clock on by seconds.
    pub fn later(&mut self, secs: f64) {
        self.now += SimDuration::from_millis((secs * 1000.0) as u64);
    }

    fn of(&self, r: &Resource) -> &[Value] {
        self.objects.get(&(r.group, r.plural)).map_or(&[], Vec::as_slice)
    }
}

fn read_only<T>() -> Result<T, ApiError> {
    Err(ApiError::new(Reason::MethodNotAllowed, "the recorded state can only be read"))
}

impl Api for RecordedState {
    fn now(&self) -> SimTime {
        self.now
    }
    fn epoch(&self) -> Epoch {
        self.epoch
    }
    fn get(&self, r: &'static Resource, ns: &str, name: &str) -> Result<Value, ApiError> {
        let found = self.of(r).iter().find(|o| o["metadata"]["name"] == name && o["metadata"]["namespace"].as_str().unwrap_or("") == ns);
        found.cloned().ok_or_else(|| ApiError::not_found(r.group, r.plural, name))
    }
    fn list(&self, r: &'static Resource, ns: Option<&str>, labels: &Selector) -> Result<Vec<Value>, ApiError> {
        let chosen = |o: &&Value| ns.is_none_or(|ns| o["metadata"]["namespace"] == ns) && labels.matches(&o["metadata"]["labels"]);
        Ok(self.of(r).iter().filter(chosen).cloned().collect())
    }
    fn revision(&self) -> u64 {
        1
    }
    fn changes(&self, _: &'static Resource, _: Option<&str>, _: u64) -> Vec<WatchEvent> {
        Vec::new()
    }
    fn create(&mut self, _: &'static Resource, _: &str, _: Value, _: &WriteOptions) -> Result<Written, ApiError> {
        read_only()
    }
    fn update(&mut self, _: &'static Resource, _: &str, _: Value, _: &WriteOptions) -> Result<Written, ApiError> {
        read_only()
    }
    fn patch(&mut self, _: &'static Resource, _: &str, _: &str, _: PatchKind, _: &Value, _: &WriteOptions) -> Result<Written, ApiError> {
        read_only()
    }
    fn apply(&mut self, _: &'static Resource, _: &str, _: &str, _: &Value, _: bool, _: &WriteOptions) -> Result<Written, ApiError> {
        read_only()
    }
    fn delete(&mut self, _: &'static Resource, _: &str, _: &str, _: &DeleteOptions) -> Result<Value, ApiError> {
        read_only()
    }
    fn evict(&mut self, _: &str, _: &str, _: &Eviction) -> Result<(), ApiError> {
        read_only()
    }
    fn add_ephemeral_container(&mut self, _: &str, _: &str, _: Value) -> Result<Value, ApiError> {
        read_only()
    }
    fn scale(&mut self, _: &'static Resource, _: &str, _: &str, _: i32) -> Result<Value, ApiError> {
        read_only()
    }
    fn logs(&self, _: &str, _: &str, _: &LogOptions) -> Result<Log, ApiError> {
        read_only()
    }
    fn exec(&mut self, _: &str, _: &str, _: &str, _: &[String], _: Option<&str>) -> Result<Executed, Unstreamed> {
        read_only().map_err(Unstreamed::Server)
    }
}

/// Runs the reading commands of `DIR/api/kubectl.jsonl.gz` against `kubectl-state.json.gz`. Commands that the simulator
/// refuses by name are counted apart.
pub fn run_kubectl(dir: &Path) -> Vec<FileScore> {
    let api = dir.join("api");
    let read = |file: &str| read_lines(&api.join(file)).ok();
    let (Some(corpus), Some(state)) = (read("kubectl.jsonl.gz"), read("kubectl-state.json.gz")) else { return Vec::new() };
    let Some(state) = state.into_iter().next() else { return Vec::new() };
    let mut state = RecordedState::new(&state);
    let mut score = FileScore { name: "kubectl".to_owned(), passed: 0, total: 0, apart: 0, first_miss: None };
    for row in corpus.into_iter().filter(|row| row["phase"] == "read") {
        state.at(row["ts"].as_str().unwrap_or(""));
        let command = row["cmd"].as_str().unwrap_or("");
        let (args, mut output) = run_row(&mut state, command, &api);
        if is_apart(&args, &output) {
            score.apart += 1;
            continue;
        }
        score.total += 1;
        let wanted = Output {
            stdout: row["stdout"].as_str().unwrap_or("").to_owned(),
            stderr: row["stderr"].as_str().unwrap_or("").to_owned(),
            code: row["rc"].as_i64().unwrap_or(0) as i32,
            ..Output::default()
        };
        if !agrees(&output, &wanted) {
            // Ages count to the moment of printing, which lies between the command's start and its end.
            state.later(row["dur"].as_f64().unwrap_or(0.0));
            output = run_row(&mut state, command, &api).1;
        }
        if agrees(&output, &wanted) {
            score.passed += 1;
        } else if score.first_miss.is_none() {
            score.first_miss = Some(format!("{command}\n{}", difference(&wanted, &output)));
        }
    }
    vec![score]
}

/// Equal, but for what went on after the state was recorded: leases were renewed, and events happened again.
fn agrees(seen: &Output, wanted: &Output) -> bool {
    seen.code == wanted.code && seen.stderr == wanted.stderr && masked(&seen.stdout) == masked(&wanted.stdout)
}

/// A text without the times of renewals, and with repeated events as words: how often one was seen also moves the columns.
fn masked(text: &str) -> Vec<String> {
    let repeats = text.contains(" (x");
    let mut among_events = false;
    let line = |line: &str| {
        among_events = !line.is_empty() && (among_events || line == "Events:");
        match line.trim_start() {
            renewal if renewal.starts_with("RenewTime:") => "RenewTime:".to_owned(),
            event if among_events && repeats => without_repeats(event),
            _ => line.to_owned(),
        }
    };
    text.lines().map(line).collect()
}

/// `Normal Pulled 12s (x5 over 63s) …` becomes `Normal Pulled (x over 63s) …`.
fn without_repeats(event: &str) -> String {
    let mut words: Vec<&str> = event.split_whitespace().collect();
    let repeats = words.windows(2).position(|pair| pair[0].starts_with("(x") && pair[1] == "over");
    if let Some(at) = repeats.filter(|at| *at > 0) {
        words[at] = "(x";
        words.remove(at - 1);
    }
    words.join(" ")
}

fn run_row(state: &mut RecordedState, command: &str, files_in: &Path) -> (Vec<String>, Output) {
    let args = match split(command) {
        Ok(args) => args,
        Err(why) => return (Vec::new(), Output { stderr: format!("{why} is not simulated"), code: 1, ..Output::default() }),
    };
    let load = |path: String| fs::read_to_string(files_in.join(&path)).ok().map(|content| (path, content));
    let files = files_needed(&args).into_iter().filter_map(load).collect();
    let invocation = Invocation { args: args.clone(), files };
    match run(state, &invocation, &mut Context::default()) {
        Outcome::Done(output) | Outcome::Waiting(output, _) => (args, output),
    }
}

/// Whether a command is outside of what Podarium simulates. The names of contexts are those of the machine.
fn is_apart(args: &[String], output: &Output) -> bool {
    output.stderr.contains("is not simulated") || args.get(1).is_some_and(|verb| verb == "config")
}

/// The first line that differs.
fn difference(wanted: &Output, seen: &Output) -> String {
    let text = |o: &Output| format!("{}{}exit {}", o.stdout, o.stderr, o.code);
    let (wanted, seen) = (text(wanted), text(seen));
    let (mut left, mut right) = (wanted.split('\n'), seen.split('\n'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return "equal".to_owned(),
            (a, b) if a == b => {}
            (a, b) => return format!("  wanted {:?}\n  seen   {:?}", a.unwrap_or("nothing"), b.unwrap_or("nothing")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_repeats_are_masked() {
        let text = |age: &str| format!("Name:  x\nEvents:\n  Type    Age\n  Normal  {age}  said\n");
        assert_eq!(masked(&text("12s (x5 over 63s)")), masked(&text("2s (x10 over 63s)")));
        assert_ne!(masked(&text("12s (x5 over 63s)")), masked(&text("12s (x5 over 64s)")));
        assert_ne!(masked(&text("12s")), masked(&text("13s")));
        assert_ne!(masked("Name:  x\n"), masked("Name: x\n"));
        assert_ne!(masked("Events:\n  Type  Age\n"), masked("Events:\n  Type Age\n"));
    }
}
