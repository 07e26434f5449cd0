//! Runs the recorded answers of a real API server to manifests: `api/validation.jsonl.gz` (is it taken, and in which words not) and
//! `api/defaulting.jsonl.gz` (what it looks like then). A manifest goes the whole way, from kubectl's command line through a cluster's API
//! server, and the answer must be the same to the last byte. Kinds that no cluster serves yet go through the same steps as in the server,
//! called one by one: decoding, defaults, admission, validation; a row with a setup is a change of the object that the setup made.
//!
//! Counted apart: what depends on policies (quotas, limit ranges, Pod Security, authorization), and server-side apply and diff.

use crate::FileScore;
use crate::patch::Terminal;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sim_core::api::{decode, defaults, resources, yaml};
use sim_core::apiserver::validation;
use sim_core::kubectl::Output;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

const TOKEN_VOLUME: &str = "kube-api-access-";

/// Services that the recorded cluster had: with a node port, and the API's own.
const SERVICES: &str = r#"
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web-np", "namespace": "api-shop"},
 "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30180}]}}
---
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kubernetes", "namespace": "default"},
 "spec": {"clusterIP": "10.96.0.1", "ports": [{"port": 443}]}}
"#;

enum Verdict {
    Pass,
    Miss(String),
    Apart,
}

/// Runs both files under `dir` (the oracle's root); one score for each kind, and one for manifests that aren't about one.
pub fn run_api(dir: &Path) -> Vec<FileScore> {
    let mut scores = run(&dir.join("api/validation.jsonl.gz"), "api/validation", validate);
    scores.extend(run(&dir.join("api/defaulting.jsonl.gz"), "api/defaulting", default));
    scores
}

fn run(file: &Path, name: &str, judge: fn(&Value) -> Verdict) -> Vec<FileScore> {
    let mut scores: BTreeMap<String, FileScore> = BTreeMap::new();
    for row in rows(file) {
        let kind = row["kind"].as_str().filter(|kind| !kind.is_empty()).unwrap_or("(any)");
        let name = format!("{name} {kind}");
        let score = scores.entry(name.clone()).or_insert_with(|| FileScore { name, ..FileScore::default() });
        match judge(&row) {
            Verdict::Apart => score.apart += 1,
            Verdict::Pass => {
                score.total += 1;
                score.passed += 1;
            }
            Verdict::Miss(why) => {
                score.total += 1;
                score.first_miss.get_or_insert_default().push_str(&format!("{}: {why}\n", text(&row["name"])));
            }
        }
    }
    scores.into_values().collect()
}

fn rows(file: &Path) -> Vec<Value> {
    let Ok(file) = File::open(file) else { return Vec::new() };
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// The objects of a manifest; none if it can't be read.
fn objects(manifest: &Value) -> Vec<Value> {
    let documents = yaml::documents(text(manifest)).unwrap_or_default();
    documents.into_iter().map(|d| d.tree).filter(Value::is_object).collect()
}

/// An object as the server would have it before validation.
fn complete(mut tree: Value, namespace: &str) -> Value {
    let kind = text(&tree["kind"]).to_owned();
    let resource = resources::by_kind(text(&tree["apiVersion"]), &kind);
    if resource.is_some_and(|resource| resource.namespaced) && tree["metadata"]["namespace"].is_null() {
        tree["metadata"]["namespace"] = json!(namespace);
    }
    defaults::prepare_create(&kind, &mut tree);
    defaults::apply(&kind, &mut tree);
    if kind == "Pod" {
        defaults::admit_pod(&mut tree, &format!("{TOKEN_VOLUME}abcde"));
    }
    tree
}

/// As [`complete`], as it would be stored.
fn stored(tree: Value, namespace: &str) -> Value {
    let mut tree = complete(tree, namespace);
    tree["metadata"]["uid"] = json!("00000000-0000-0000-0000-000000000001");
    tree["metadata"]["resourceVersion"] = json!("1");
    match text(&tree["kind"]) {
        "Job" => defaults::generate_job_selector(&mut tree),
        "Service" if text(&tree["spec"]["type"]) != "ExternalName" => {
            if tree["spec"]["clusterIP"].is_null() {
                tree["spec"]["clusterIP"] = json!("10.96.0.99");
            }
            defaults::normalize_cluster_ips(&mut tree);
            defaults::service_families(&mut tree);
        }
        _ => {}
    }
    tree
}

/// `kubectl apply` in short: what the old manifest had and the new one hasn't goes, what the new one has comes. Lists are taken whole.
fn apply(live: &mut Value, old: &Value, new: &Value) {
    let (Value::Object(live), Value::Object(new)) = (&mut *live, new) else {
        *live = new.clone();
        return;
    };
    for key in old.as_object().into_iter().flatten().map(|(key, _)| key).filter(|key| !new.contains_key(*key)) {
        live.remove(key);
    }
    for (key, value) in new {
        match live.get_mut(key) {
            Some(own) if own.is_object() && value.is_object() => apply(own, &old[key], value),
            _ => {
                live.insert(key.clone(), value.clone());
            }
        }
    }
}

fn validate(row: &Value) -> Verdict {
    let args = text(&row["args"]);
    let apart = ["--as=", "--server-side", "diff ", "api-valq", "api-vall", "api-valp"];
    if apart.iter().any(|word| args.contains(word)) {
        return Verdict::Apart;
    }
    // The recorded cluster had a scheduler: a change that names a node names the one that it had chosen.
    let is_bound = |manifest: &Value| objects(manifest).iter().any(|object| !object["spec"]["nodeName"].is_null());
    let was_bound =
        is_bound(&row["manifest"]) && row["setup"].as_array().is_some_and(|steps| !steps.iter().any(|s| is_bound(&s["manifest"])));
    if was_bound {
        return step_by_step(row);
    }
    through_kubectl(row).unwrap_or_else(|| step_by_step(row))
}

/// The same command against a cluster. `None` if it doesn't serve all that the row is about.
fn through_kubectl(row: &Value) -> Option<Verdict> {
    let mut terminal = Terminal::new();
    for namespace in ["api-val", "api-shop"] {
        terminal.run(&format!("create namespace {namespace}"), "");
    }
    terminal.run("apply -f manifest.yaml", SERVICES);
    for step in row["setup"].as_array().into_iter().flatten() {
        let done = terminal.run(&text(&step["args"]).replace("-f -", "-f manifest.yaml"), text(&step["manifest"]));
        if done.code != 0 {
            return is_served(&done).then(|| Verdict::Miss(format!("the object before isn't taken: {}", done.stderr)));
        }
    }
    let got = terminal.run(text(&row["args"]), text(&row["manifest"]));
    if !is_served(&got) {
        return None;
    }
    let want = (row["rc"].as_i64().unwrap_or_default(), text(&row["stdout"]), text(&row["stderr"]));
    let got = (i64::from(got.code), got.stdout.as_str(), got.stderr.as_str());
    Some(if want == got { Verdict::Pass } else { Verdict::Miss(format!("want {want:?}\n got {got:?}")) })
}

fn is_served(output: &Output) -> bool {
    !output.stderr.contains("podarium doesn't simulate")
}

/// What stderr says: the causes, or that the object was taken with these warnings, or that it couldn't be decoded.
fn expected(row: &Value) -> Option<(Vec<String>, Vec<String>)> {
    let stderr = text(&row["stderr"]);
    if row["rc"] == 0 {
        let warnings = stderr.lines().filter_map(|line| line.strip_prefix("Warning: ")).map(str::to_owned).collect();
        return Some((Vec::new(), warnings));
    }
    if let Some(refused) = stderr.strip_prefix("Error from server (BadRequest): error when creating \"manifest.yaml\": ") {
        return Some((vec![refused.trim_end().to_owned()], Vec::new()));
    }
    let (_, causes) = stderr.strip_prefix("The ")?.split_once("\" is invalid: ")?;
    let causes = causes.strip_suffix('\n').unwrap_or(causes);
    let causes = match causes.strip_prefix("\n* ") {
        Some(list) => list.split("\n* ").map(str::to_owned).collect(),
        None => vec![causes.to_owned()],
    };
    Some((causes, Vec::new()))
}

fn step_by_step(row: &Value) -> Verdict {
    let Some((want, want_warnings)) = expected(row) else { return Verdict::Apart };
    let by_kubectl = ["last-applied-configuration", "Conflict"].iter().any(|words| text(&row["stderr"]).contains(words));
    if by_kubectl || objects(&row["manifest"]).iter().any(|object| object["items"].is_array()) {
        return Verdict::Apart;
    }
    let objects_of_row = objects(&row["manifest"]);
    let [manifest] = objects_of_row.as_slice() else { return Verdict::Apart };
    let kind = text(&manifest["kind"]).to_owned();
    let namespace = text(&row["args"]).split_whitespace().skip_while(|word| *word != "-n").nth(1).unwrap_or("default");
    let steps = row["setup"].as_array().cloned().unwrap_or_default();
    let before = steps.iter().flat_map(|step| objects(&step["manifest"])).find(|o| o["kind"] == manifest["kind"]);
    let resource = resources::by_kind(text(&manifest["apiVersion"]), &kind);
    let undecodable = resource.and_then(|resource| decode::strict(resource, &mut manifest.clone()).err());
    let (got, warnings) = match (undecodable, before) {
        (Some(error), _) => (vec![error.to_api_error().message], Vec::new()),
        (None, None) => {
            let tree = complete(manifest.clone(), namespace);
            (validation::lines(&validation::create(&kind, &tree)), validation::warnings(&kind, &tree))
        }
        (None, Some(before)) => {
            let mut old = stored(before.clone(), namespace);
            if kind == "Pod" {
                old["spec"]["nodeName"] = manifest["spec"]["nodeName"].clone();
            }
            let mut new = old.clone();
            apply(&mut new, &before, manifest);
            defaults::apply(&kind, &mut new);
            if kind == "Pod" {
                // Strategic merge keeps what admission mounted; taking lists whole doesn't.
                if let Some(Value::Array(volumes)) = new["spec"].get_mut("volumes") {
                    volumes.retain(|volume| !text(&volume["name"]).starts_with(TOKEN_VOLUME));
                }
                defaults::admit_pod(&mut new, &format!("{TOKEN_VOLUME}abcde"));
            }
            (validation::lines(&validation::update(&kind, &new, &old)), validation::update_warnings(&kind, &new, &old))
        }
    };
    if got == want && (!want.is_empty() || warnings == want_warnings) {
        Verdict::Pass
    } else {
        Verdict::Miss(format!("want {want:?} {want_warnings:?}, got {got:?} {warnings:?}"))
    }
}

fn default(row: &Value) -> Verdict {
    let objects_of_row = objects(&row["manifest"]);
    let [manifest] = objects_of_row.as_slice() else { return Verdict::Apart };
    let namespace = text(&row["object"]["metadata"]["namespace"]);
    let mut got = complete(manifest.clone(), namespace);
    if got["kind"] == "Service" {
        defaults::normalize_cluster_ips(&mut got);
        defaults::service_families(&mut got);
    }
    if got["kind"] == "Job" {
        got["metadata"]["uid"] = row["object"]["metadata"]["uid"].clone();
        defaults::generate_job_selector(&mut got);
        defaults::apply("Job", &mut got);
    }
    let mut want = row["object"].clone();
    for tree in [&mut want, &mut got] {
        without_allocated(tree);
    }
    // Random parts of names.
    let volume = |tree: &Value| {
        let volumes = tree["spec"]["volumes"].as_array().into_iter().flatten();
        volumes.map(|v| text(&v["name"]).to_owned()).find(|n| n.starts_with(TOKEN_VOLUME))
    };
    if let (Some(theirs), Some(ours)) = (volume(&want), volume(&got)) {
        want = serde_json::from_str(&want.to_string().replace(&theirs, &ours)).unwrap_or(Value::Null);
    }
    match difference("", &want, &got) {
        None => Verdict::Pass,
        Some(why) => Verdict::Miss(why),
    }
}

/// Takes away what the server makes up or counts.
fn without_allocated(tree: &mut Value) {
    let generated = tree["metadata"]["generateName"].is_string();
    if let Some(meta) = tree["metadata"].as_object_mut() {
        for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"] {
            meta.remove(field);
        }
        if generated {
            meta.remove("name");
        }
    }
    if let Some(status) = tree["status"].as_object_mut() {
        status.remove("lastPhaseTransitionTime");
    }
    if tree["kind"] == "Service"
        && let Some(spec) = tree["spec"].as_object_mut()
    {
        for field in ["clusterIP", "clusterIPs", "healthCheckNodePort"] {
            spec.remove(field);
        }
        for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(port) = port.as_object_mut() {
                port.remove("nodePort");
            }
        }
    }
}

/// The first place where two trees differ.
pub(crate) fn difference(path: &str, want: &Value, got: &Value) -> Option<String> {
    match (want, got) {
        (Value::Object(x), Value::Object(y)) => {
            let keys = x.keys().chain(y.keys().filter(|key| !x.contains_key(*key)));
            keys.into_iter().find_map(|key| match (x.get(key), y.get(key)) {
                (Some(x), Some(y)) => difference(&format!("{path}.{key}"), x, y),
                (Some(x), None) => Some(format!("{path}.{key}: want {x}, got nothing")),
                (_, y) => Some(format!("{path}.{key}: want nothing, got {}", y.unwrap_or(&Value::Null))),
            })
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            x.iter().zip(y).enumerate().find_map(|(i, (x, y))| difference(&format!("{path}[{i}]"), x, y))
        }
        (x, y) if x == y => None,
        (x, y) => Some(format!("{path}: want {x}, got {y}")),
    }
}
