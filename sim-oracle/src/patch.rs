//! The patch corpus (`api/patch.jsonl.gz`): strategic, merge and JSON patches, and three-way `kubectl apply`. Each row goes the whole way,
//! from kubectl's command line through a cluster's API server, and must answer in the recorded words and leave the recorded object.
//!
//! What a server makes up (UIDs, revisions, times, addresses) and the status aren't compared. Who owns which fields is, where the corpus
//! tells: in rows of server-side apply, which have several steps. Counted apart: kinds that aren't served.

use crate::FileScore;
use crate::recording::read_lines;
use serde_json::{Value, json};
use sim_core::api::resources;
use sim_core::kubectl::{Invocation, Outcome, Output, split};
use sim_core::{Cluster, Config};
use std::collections::BTreeMap;
use std::path::Path;

/// One score for each type of patch and kind that is served, and one for all others.
pub fn run_patch(dir: &Path) -> Vec<FileScore> {
    let Ok(rows) = read_lines(&dir.join("api/patch.jsonl.gz")) else { return Vec::new() };
    let mut scores: BTreeMap<String, FileScore> = BTreeMap::new();
    for row in rows {
        let (kind, how) = (text(&row["kind"]), text(&row["type"]));
        let version = row["before"]["apiVersion"].as_str().or(row["after"]["apiVersion"].as_str()).unwrap_or_default();
        let served = resources::by_kind(version, kind).is_some_and(|resource| resource.is_served());
        let name = if served { format!("api/patch {how} {kind}") } else { "api/patch (not served)".to_owned() };
        let score = scores.entry(name.clone()).or_insert_with(|| FileScore { name, ..FileScore::default() });
        if !served {
            score.apart += 1;
            continue;
        }
        score.total += 1;
        let miss = match row["steps"].as_array() {
            Some(steps) => judge_steps(&row, steps),
            None => judge(&row),
        };
        match miss {
            None => score.passed += 1,
            Some(why) if why.contains("is not simulated yet") => {
                score.total -= 1;
                score.apart += 1;
            }
            Some(why) => {
                let misses = score.first_miss.get_or_insert_default();
                misses.push_str(&format!("{}: {why}\n", text(&row["name"])));
            }
        }
    }
    scores.into_values().collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A cluster with a terminal.
pub(crate) struct Terminal(Cluster);

impl Terminal {
    /// A new cluster's.
    pub(crate) fn new() -> Terminal {
        Terminal(Cluster::new(Config { network: crate::no_network(), ..Config::default() }))
    }

    /// Types a line; whatever file it names holds the manifest.
    pub(crate) fn run(&mut self, line: &str, manifest: &str) -> Output {
        let args = split(line.trim_start_matches("kubectl ")).unwrap_or_default();
        let files = ["manifest.yaml", "before.json"].map(|name| (name.to_owned(), manifest.to_owned())).into_iter().collect();
        let (Outcome::Done(mut output) | Outcome::Waiting(mut output, _)) = self.0.kubectl(&Invocation { args, files });
        // What Podarium says of itself no real server says.
        output.stderr = output.stderr.split_inclusive('\n').filter(|line| !line.starts_with("Warning: podarium ")).collect();
        output
    }
}

/// What differs, if anything.
fn judge(row: &Value) -> Option<String> {
    let mut terminal = Terminal::new();
    terminal.run("create namespace api-patch", "");
    let before = match row["manifest_before"].as_str() {
        Some(manifest) => terminal.run("apply -n api-patch -f manifest.yaml", manifest),
        None => terminal.run("create -n api-patch -f before.json", &created(&row["before"]).to_string()),
    };
    if before.code != 0 {
        return Some(format!("the object before isn't taken: {}", before.stderr));
    }
    if let Some(change) = row["live_change"].as_str() {
        let change = terminal.run(&format!("{change} -n api-patch"), "");
        if change.code != 0 {
            return Some(format!("the change before isn't taken: {}", change.stderr));
        }
    }
    let got = terminal.run(text(&row["cmd"]), row["patch"].as_str().unwrap_or_default());
    let (want_code, want_words) = (row["rc"].as_i64().unwrap_or_default(), text(&row["stderr"]));
    if (i64::from(got.code), got.stderr.as_str()) != (want_code, want_words) {
        return Some(format!("want {want_code} {want_words:?}, got {} {:?}", got.code, got.stderr));
    }
    let (kind, name) = (text(&row["kind"]), text(&row["before"]["metadata"]["name"]));
    let after = terminal.run(&format!("get {kind} {name} -n api-patch -o json"), "");
    let after: Value = serde_json::from_str(&after.stdout).unwrap_or_default();
    let (want, got) = (made_by_user(&row["after"]), made_by_user(&after));
    crate::api::difference("", &want, &got)
}

/// What differs after the first step that goes another way, if any.
fn judge_steps(row: &Value, steps: &[Value]) -> Option<String> {
    let mut terminal = Terminal(Cluster::new(Config { network: crate::no_network(), ..Config::default() }));
    terminal.run("create namespace api-patch", "");
    let (kind, name) = (text(&row["kind"]), text(&row["after"]["metadata"]["name"]));
    steps.iter().enumerate().find_map(|(number, step)| {
        let got = terminal.run(text(&step["cmd"]), text(&step["manifest"]));
        let said = |code: i64, stdout: &str, stderr: &str| format!("{code} {stdout:?} {stderr:?}");
        let want = said(step["rc"].as_i64().unwrap_or_default(), text(&step["stdout"]), text(&step["stderr"]));
        let got = said(i64::from(got.code), &got.stdout, &got.stderr);
        if want != got {
            return Some(format!("step {number}: want {want}, got {got}"));
        }
        let after = terminal.run(&format!("get {kind} {name} -n api-patch -o json --show-managed-fields"), "");
        let after: Value = serde_json::from_str(&after.stdout).unwrap_or_default();
        let (want, got) = (&step["after"], &after);
        let differs = crate::api::difference("", &made_by_user(want), &made_by_user(got));
        let differs = differs.or_else(|| crate::api::difference("managedFields", &owners(want), &owners(got)));
        differs.map(|why| format!("step {number}: {why}"))
    })
}

/// Who owns which fields, without times and without what controllers own: when they came to write depends on the moment. So does the
/// order of entries, which goes by the second.
fn owners(object: &Value) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let by_users = entries.filter(|entry| entry["subresource"] != "status");
    let without_time = |entry: &Value| {
        let mut entry = entry.clone();
        entry.as_object_mut().map(|entry| entry.remove("time"));
        entry
    };
    let mut entries: Vec<Value> = by_users.map(without_time).collect();
    entries.sort_by_key(|entry| ["operation", "manager", "subresource"].map(|field| text(&entry[field]).to_owned()));
    entries.into()
}

/// A recorded object as somebody would create it.
fn created(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    if let Some(meta) = object["metadata"].as_object_mut() {
        ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"].iter().for_each(|field| drop(meta.remove(*field)));
    }
    object
}

/// An object without what the server makes up.
fn made_by_user(object: &Value) -> Value {
    let mut object = created(object);
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove("deployment.kubernetes.io/revision");
        if annotations.is_empty() {
            drop(object["metadata"].as_object_mut().map(|meta| meta.remove("annotations")));
        }
    }
    if object["kind"] == "Service" {
        for port in object["spec"]["ports"].as_array_mut().into_iter().flatten().filter(|port| !port["nodePort"].is_null()) {
            port["nodePort"] = json!("some");
        }
        for field in ["clusterIP", "clusterIPs"] {
            if object["spec"][field].is_string() || object["spec"][field].is_array() {
                object["spec"][field] = json!("some");
            }
        }
    }
    object
}
