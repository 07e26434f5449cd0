//! The session of the kubectl corpus: the commands that were typed one after the other and change things.
//!
//! Two scores. `sessions/lines` has the rows that print only what the command line says: `--dry-run=client` of what it describes, and errors
//! of flags and arguments; they ask the API nothing. `sessions/cluster` has the others, played in order and at their times on a cluster of
//! ten nodes that was set up like the recorded one.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sim_core::api::resources::Resource;
use sim_core::api::selector::Selector;
use sim_core::api::status::ApiError;
use sim_core::cluster::{Drivers, NodeConfig};
use sim_core::kernel::time::{Epoch, SimDuration, SimTime};
use sim_core::kubectl::api::{
    Api, DeleteOptions, Eviction, Executed, Log, LogOptions, PatchKind, Unstreamed, WatchEvent, WriteOptions, Written,
};
use sim_core::kubectl::{Context, Invocation, Outcome, Output, files_needed, run, split};
use sim_core::node::runtime::image::{Images, Pattern};
use sim_core::node::runtime::program::Program;
use sim_core::{Cluster, Config};

use crate::FileScore;
use crate::kubectl::RecordedState;
use crate::mask;
use crate::recording::read_lines;

/// Between the set-up and the first command of the session, in the recording.
const SETTLED: SimDuration = SimDuration::from_secs(85);

/// How long a command may wait.
const PATIENCE: SimDuration = SimDuration::from_secs(60);

/// How long kubectl takes to start before its first request.
const KUBECTL_START: SimDuration = SimDuration::from_millis(130);

/// Kinds that no controller looks after yet: what becomes of their objects isn't compared.
const LEFT_ALONE: &[&str] = &["sts", "ds", "job", "cronjob", "rc", "hpa", "quota", "pvc", "all"];

/// One row of the corpus.
struct Row {
    command: String,
    /// When it began.
    at: SimTime,
    /// How long it took.
    took: SimDuration,
    wanted: Output,
}

/// Runs the session of `DIR/api/kubectl.jsonl.gz`.
pub fn run_sessions(dir: &Path) -> Vec<FileScore> {
    let api = dir.join("api");
    let (Ok(corpus), Ok(state)) = (read_lines(&api.join("kubectl.jsonl.gz")), read_lines(&api.join("kubectl-state-after-read.json.gz")))
    else {
        return Vec::new();
    };
    let Some(state) = state.into_iter().next() else { return Vec::new() };
    let epoch = Epoch { unix_secs: 1_700_000_000 };
    let rows: Vec<Row> = corpus.iter().filter(|row| row["phase"] == "mutate").filter_map(|row| Row::new(row, epoch)).collect();
    let mut asked = Asked { state: RecordedState::new(&state), asked: Cell::new(false) };
    let mut lines = score("sessions/lines");
    let mut session = Session::new(&api, &rows);
    let mut cluster = score("sessions/cluster");
    for row in &rows {
        asked.asked.set(false);
        let alone = invocation(&api, &row.command).map(|invocation| run(&mut asked, &invocation, &mut Context::default()));
        match alone {
            Ok(Outcome::Done(output)) if !asked.asked.get() => judge(&mut lines, row, &output, false),
            Ok(_) => {
                let output = session.play(&api, row);
                if row.depends_on_controllers_to_come() { cluster.apart += 1 } else { judge(&mut cluster, row, &output, true) }
            }
            Err(_) => cluster.apart += 1,
        }
    }
    vec![lines, cluster]
}

fn score(name: &str) -> FileScore {
    FileScore { name: name.to_owned(), ..FileScore::default() }
}

impl Row {
    fn new(row: &Value, epoch: Epoch) -> Option<Row> {
        let text = |field: &str| row[field].as_str().unwrap_or("").to_owned();
        // What a pipe leaves out of a diff are its headers; the mask does the same. The exit code is then grep's: it was 0 because there was
        // a difference to pass on, and that is diff's 1.
        let (command, code) = match text("cmd").split_once(" | grep ") {
            Some((command, _)) => (command.to_owned(), 1),
            None => (text("cmd"), row["rc"].as_i64().unwrap_or(0) as i32),
        };
        let wanted = Output { stdout: text("stdout"), stderr: text("stderr"), code, ..Output::default() };
        let took = SimDuration::from_millis((row["dur"].as_f64().unwrap_or(0.0) * 1000.0) as u64);
        Some(Row { at: epoch.parse(row["ts"].as_str()?)?, took, command, wanted })
    }
}

impl Row {
    /// Whether the row tells what a controller did that doesn't exist yet, or what the recorded kubelets made up: which pods are ready. `drain`
    /// meets a DaemonSet's pods, and db-0 is a StatefulSet's.
    fn depends_on_controllers_to_come(&self) -> bool {
        let words: Vec<&str> = self.command.split_whitespace().skip(1).collect();
        let kinds = words.iter().flat_map(|word| word.split('/').next().unwrap_or(word).split(','));
        let alone = kinds.into_iter().any(|kind| LEFT_ALONE.contains(&kind));
        let status = words.starts_with(&["rollout", "status"]) || words.starts_with(&["rollout", "history"]);
        match words.first() {
            Some(&"get") => alone,
            Some(&"wait") => alone || words.iter().any(|word| word.starts_with("pod/")) && words.contains(&"--for=condition=Ready"),
            Some(&"rollout") => alone && (status || words.starts_with(&["rollout", "undo"])),
            Some(&"drain") => words.contains(&"--dry-run=client"),
            _ => words.contains(&"db-0"),
        }
    }
}

fn invocation(files_in: &Path, command: &str) -> Result<Invocation, String> {
    let args = split(command)?;
    let load = |path: String| fs::read_to_string(files_in.join(&path)).ok().map(|content| (path, content));
    Ok(Invocation { files: files_needed(&args).into_iter().filter_map(load).collect(), args })
}

fn judge(score: &mut FileScore, row: &Row, seen: &Output, masked: bool) {
    if seen.stderr.contains("is not simulated") {
        score.apart += 1;
        return;
    }
    score.total += 1;
    let text = |output: &Output| {
        let text = format!("{}{}exit {}", output.stdout, output.stderr, output.code);
        let ordered = ![" get ", " --list"].iter().any(|word| row.command.contains(word));
        if masked { lines(&text, ordered) } else { text.lines().map(str::to_owned).collect() }
    };
    let (wanted, seen) = (text(&row.wanted), text(seen));
    // A race: which version of the object `rollout status` sees first is a matter of when kubectl has started. All that follows must agree.
    let looked_later = |a: &[String], b: &[String]| row.command.contains("rollout status") && b.len() > 1 && a.ends_with(b);
    if wanted == seen || looked_later(&wanted, &seen) || looked_later(&seen, &wanted) {
        score.passed += 1;
        return;
    }
    let differs = wanted.iter().zip(&seen).position(|(a, b)| a != b).unwrap_or(wanted.len().min(seen.len()));
    let line = |lines: &[String]| lines.get(differs).cloned().unwrap_or_else(|| "nothing".to_owned());
    let miss = format!("{}\n  wanted {:?}\n  seen   {:?}", row.command, line(&wanted), line(&seen));
    score.first_miss.get_or_insert(miss);
}

/// A cluster like the recorded one, with somebody typing.
struct Session {
    cluster: Cluster,
    first: SimTime,
    began: SimTime,
}

impl Session {
    /// Sets the cluster up as it was before the first command.
    fn new(files: &Path, rows: &[Row]) -> Session {
        let node = |n: usize| {
            let labels = [("topology.kubernetes.io/region", "r1"), ("topology.kubernetes.io/zone", ["zone-a", "zone-b", "zone-c"][n % 3])];
            let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
            NodeConfig { milli_cpu: 32_000, memory: 256 << 30, labels, ..NodeConfig::named(format!("node-{n}")) }
        };
        // The recorded kubelets: running and ready a second after they were told, gone 0.3 s after they were told to end.
        let program = Program { pull: SimDuration::ZERO, start: SimDuration::from_secs(1), ..Program::default() };
        let images = Images {
            rules: vec![(Pattern::parse("*bad*"), Program { missing: true, ..program.clone() }), (Pattern::parse("*"), program)],
            jitter_percent: 0,
            stand_in: true,
            ..Images::default()
        };
        let config = Config {
            nodes: (0..10).map(node).collect(),
            images,
            drivers: Drivers::None,
            network: crate::no_network(),
            ..Config::default()
        };
        let mut session = Session { cluster: Cluster::new(config), first: SimTime::ZERO, began: SimTime::ZERO };
        session.cluster.run_until(SimTime::ZERO + SimDuration::from_secs(5));
        for line in [
            "kubectl apply -f kubectl-setup.yaml",
            "kubectl rollout status deploy/web -n api-shop",
            "kubectl set image deploy/web web=nginx:1.28 -n api-shop",
            "kubectl annotate deploy/web kubernetes.io/change-cause='upgrade to 1.28' --overwrite -n api-shop",
        ] {
            session.kubectl(&invocation(files, line).expect("well quoted"));
        }
        session.began = session.cluster.now().max(SimTime::ZERO + SETTLED);
        session.first = rows.first().map_or(SimTime::ZERO, |row| row.at);
        session
    }

    /// Runs a command at its time.
    fn play(&mut self, files: &Path, row: &Row) -> Output {
        // A command that waits looks as soon as kubectl has started; others ask for what they ask for at their end.
        let lead = if row.took > KUBECTL_START * 2 { KUBECTL_START } else { row.took.saturating_sub(SimDuration::from_millis(10)) };
        let at = self.began + row.at.since(self.first) + lead;
        self.cluster.run_until(at.max(self.cluster.now()));
        let output = match invocation(files, &row.command) {
            Ok(invocation) => self.kubectl(&invocation),
            Err(why) => Output { stderr: why, code: 1, ..Output::default() },
        };
        // Whoever types waits for the end of a command: what took longer here puts off what comes after it.
        let end = self.began + row.at.since(self.first) + row.took;
        self.began += self.cluster.now().since(end.min(self.cluster.now()));
        output
    }

    /// Runs a command until it ends.
    fn kubectl(&mut self, invocation: &Invocation) -> Output {
        let (mut output, mut session) = match self.cluster.kubectl(invocation) {
            Outcome::Done(output) => return output,
            Outcome::Waiting(output, session) => (output, session),
        };
        let patience = self.cluster.now() + PATIENCE;
        let mut deadline = patience;
        loop {
            let next = self.cluster.next_at().map_or(deadline, |next| next.min(deadline));
            self.cluster.run_until(next);
            let progress = self.cluster.poll(&mut session);
            output.stdout.push_str(&progress.output.stdout);
            output.stderr.push_str(&progress.output.stderr);
            if let Some(then) = progress.then {
                let more = self.kubectl(&then);
                output.stdout.push_str(&more.stdout);
                output.stderr.push_str(&more.stderr);
                output.code = more.code;
                return output;
            }
            if progress.done || self.cluster.now() >= patience {
                output.code = progress.output.code;
                return output;
            }
            deadline = progress.deadline.filter(|deadline| *deadline > self.cluster.now()).unwrap_or(patience).min(patience);
        }
    }
}

/// Lines with what differs between runs masked. Rows of a table come in any order, since names decide it and names differ; `rollout status`
/// repeats itself with every change that it sees, and how many those are is a matter of milliseconds. That an object is kept without being
/// simulated is Podarium's own to say.
fn lines(text: &str, ordered: bool) -> Vec<String> {
    let is_header = |line: &&str| ["diff -u", "--- ", "+++ ", "Warning: podarium "].iter().any(|begin| line.starts_with(begin));
    let mut lines: Vec<String> = text.lines().filter(|line| !is_header(line)).map(masked).collect();
    if ordered {
        lines.dedup();
    } else {
        lines.sort();
    }
    lines
}

/// Fields of an object whose values differ between runs.
const FIELDS: &[&str] = &["creationTimestamp", "uid", "resourceVersion", "lastTransitionTime", "lastUpdateTime", "startTime"];

fn masked(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    if let Some((field, _)) = line.trim_start_matches([' ', '-', '+']).split_once(": ")
        && FIELDS.contains(&field)
    {
        return format!("{}{field}: *", " ".repeat(indent));
    }
    format!("{}{}", " ".repeat(indent), line.split_whitespace().map(masked_word).collect::<Vec<_>>().join(" "))
}

fn masked_word(word: &str) -> String {
    let is_zone = word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).starts_with("topology.kubernetes.io/zone=");
    if is_zone { "topology.kubernetes.io/zone=*".to_owned() } else { mask::word(word) }
}

/// The recorded state, with a note of whether anybody asked for it.
struct Asked {
    state: RecordedState,
    asked: Cell<bool>,
}

impl Asked {
    fn noting(&self) -> &RecordedState {
        self.asked.set(true);
        &self.state
    }

    fn noting_mut(&mut self) -> &mut RecordedState {
        self.asked.set(true);
        &mut self.state
    }
}

impl Api for Asked {
    fn now(&self) -> SimTime {
        self.state.now()
    }
    fn epoch(&self) -> Epoch {
        self.state.epoch()
    }
    fn get(&self, r: &'static Resource, ns: &str, name: &str) -> Result<Value, ApiError> {
        self.noting().get(r, ns, name)
    }
    fn list(&self, r: &'static Resource, ns: Option<&str>, labels: &Selector) -> Result<Vec<Value>, ApiError> {
        self.noting().list(r, ns, labels)
    }
    fn revision(&self) -> u64 {
        self.noting().revision()
    }
    fn changes(&self, r: &'static Resource, ns: Option<&str>, since: u64) -> Vec<WatchEvent> {
        self.noting().changes(r, ns, since)
    }
    fn create(&mut self, r: &'static Resource, ns: &str, object: Value, opts: &WriteOptions) -> Result<Written, ApiError> {
        self.noting_mut().create(r, ns, object, opts)
    }
    fn update(&mut self, r: &'static Resource, ns: &str, object: Value, opts: &WriteOptions) -> Result<Written, ApiError> {
        self.noting_mut().update(r, ns, object, opts)
    }
    fn patch(
        &mut self,
        r: &'static Resource,
        ns: &str,
        name: &str,
        kind: PatchKind,
        patch: &Value,
        opts: &WriteOptions,
    ) -> Result<Written, ApiError> {
        self.noting_mut().patch(r, ns, name, kind, patch, opts)
    }
    fn apply(
        &mut self,
        r: &'static Resource,
        ns: &str,
        name: &str,
        config: &Value,
        force: bool,
        opts: &WriteOptions,
    ) -> Result<Written, ApiError> {
        self.noting_mut().apply(r, ns, name, config, force, opts)
    }
    fn delete(&mut self, r: &'static Resource, ns: &str, name: &str, opts: &DeleteOptions) -> Result<Value, ApiError> {
        self.noting_mut().delete(r, ns, name, opts)
    }
    fn evict(&mut self, ns: &str, name: &str, eviction: &Eviction) -> Result<(), ApiError> {
        self.noting_mut().evict(ns, name, eviction)
    }
    fn add_ephemeral_container(&mut self, ns: &str, pod: &str, container: Value) -> Result<Value, ApiError> {
        self.noting_mut().add_ephemeral_container(ns, pod, container)
    }
    fn scale(&mut self, r: &'static Resource, ns: &str, name: &str, replicas: i32) -> Result<Value, ApiError> {
        self.noting_mut().scale(r, ns, name, replicas)
    }
    fn logs(&self, ns: &str, pod: &str, opts: &LogOptions) -> Result<Log, ApiError> {
        self.noting().logs(ns, pod, opts)
    }
    fn exec(&mut self, ns: &str, pod: &str, container: &str, argv: &[String], input: Option<&str>) -> Result<Executed, Unstreamed> {
        self.noting_mut().exec(ns, pod, container, argv, input)
    }
}
