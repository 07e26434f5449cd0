//! Runs the recorded answers of a real API server to manifests: `api/validation.jsonl.gz` (is it taken, and in which words not) and
//! `api/defaulting.jsonl.gz` (what it looks like then). Each row goes through the same steps as in the simulated server: YAML, defaults,
//! admission, validation; a row with a setup is a change of the object that the setup made.
//!
//! Counted apart: kinds that aren't served, errors of decoding (judged with the decoder), and what depends on other objects or policies
//! (quotas, limit ranges, Pod Security, authorization, allocated ports).

use crate::FileScore;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sim_core::api::{defaults, yaml};
use sim_core::apiserver::validation;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The kinds that the simulator serves or is about to.
const KINDS: [&str; 16] = [
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "EndpointSlice",
    "Event",
    "Job",
    "Lease",
    "Namespace",
    "Node",
    "Pod",
    "PodTemplate",
    "ReplicaSet",
    "Secret",
    "Service",
    "StatefulSet",
];

const TOKEN_VOLUME: &str = "kube-api-access-";

enum Verdict {
    Pass,
    Miss(String),
    Apart,
}

/// Runs both files under `dir` (the oracle's root); one score for each kind, and one for all that isn't served.
pub fn run_api(dir: &Path) -> Vec<FileScore> {
    let mut scores = run(&dir.join("api/validation.jsonl.gz"), "api/validation", validate);
    scores.extend(run(&dir.join("api/defaulting.jsonl.gz"), "api/defaulting", default));
    scores
}

fn run(file: &Path, name: &str, judge: fn(&Value) -> Verdict) -> Vec<FileScore> {
    let mut scores: BTreeMap<String, FileScore> = BTreeMap::new();
    for row in rows(file) {
        let kind = text(&row["kind"]);
        let served = KINDS.contains(&kind);
        let name = if served { format!("{name} {kind}") } else { format!("{name} (not served)") };
        let score = scores.entry(name.clone()).or_insert_with(|| FileScore { name, passed: 0, total: 0, apart: 0, first_miss: None });
        match if served { judge(&row) } else { Verdict::Apart } {
            Verdict::Apart => score.apart += 1,
            Verdict::Pass => {
                score.total += 1;
                score.passed += 1;
            }
            Verdict::Miss(why) => {
                score.total += 1;
                score.first_miss.get_or_insert_with(|| format!("{}: {why}", text(&row["name"])));
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
    if !matches!(kind.as_str(), "Namespace" | "Node") && tree["metadata"]["namespace"].is_null() {
        tree["metadata"]["namespace"] = json!(namespace);
    }
    defaults::drop_status(&kind, &mut tree);
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

/// What stderr says: the causes, or that the object was taken with these warnings. Nothing if it is about something else.
fn expected(row: &Value) -> Option<(Vec<String>, Vec<String>)> {
    let (stderr, args) = (text(&row["stderr"]), text(&row["args"]));
    let plain = ["apply -n ", "create -n "].iter().any(|start| args.starts_with(start));
    let about_others = ["already allocated", "PodSecurity", "last-applied-configuration"].iter().any(|w| stderr.contains(w));
    let policed = ["api-valq", "api-vall", "api-valp"].iter().any(|ns| args.contains(ns));
    if !plain || about_others || policed {
        return None;
    }
    if row["rc"] == 0 {
        let warnings = stderr.lines().filter_map(|line| line.strip_prefix("Warning: ")).map(str::to_owned).collect();
        return Some((Vec::new(), warnings));
    }
    let (_, causes) = stderr.strip_prefix("The ")?.split_once("\" is invalid: ")?;
    let causes = causes.strip_suffix('\n').unwrap_or(causes);
    let causes = match causes.strip_prefix("\n* ") {
        Some(list) => list.split("\n* ").map(str::to_owned).collect(),
        None => vec![causes.to_owned()],
    };
    Some((causes, Vec::new()))
}

fn validate(row: &Value) -> Verdict {
    let Some((want, want_warnings)) = expected(row) else { return Verdict::Apart };
    let objects_of_row = objects(&row["manifest"]);
    let [manifest] = objects_of_row.as_slice() else { return Verdict::Apart };
    let kind = text(&manifest["kind"]).to_owned();
    let namespace = text(&row["args"]).split_whitespace().skip_while(|word| *word != "-n").nth(1).unwrap_or("default");
    let steps = row["setup"].as_array().cloned().unwrap_or_default();
    let before = steps.iter().flat_map(|step| objects(&step["manifest"])).find(|o| o["kind"] == manifest["kind"]);
    let (errors, warnings) = match before {
        None => {
            let tree = complete(manifest.clone(), namespace);
            (validation::create(&kind, &tree), validation::warnings(&kind, &tree))
        }
        Some(before) => {
            let mut old = stored(before.clone(), namespace);
            if kind == "Pod" && before["spec"]["nodeName"].is_null() && !manifest["spec"]["nodeName"].is_null() {
                // The recorded cluster had a scheduler: a manifest that names a node names the one that it had chosen.
                old["spec"]["nodeName"] = manifest["spec"]["nodeName"].clone();
            }
            let mut new = old.clone();
            apply(&mut new, &before, manifest);
            defaults::apply(&kind, &mut new);
            if kind == "Pod" {
                // Strategic merge keeps what admission mounted; taking lists whole doesn't.
                drop_token_volume(&mut new);
                defaults::admit_pod(&mut new, &format!("{TOKEN_VOLUME}abcde"));
            }
            (validation::update(&kind, &new, &old), validation::update_warnings(&kind, &new, &old))
        }
    };
    let got = validation::lines(&errors);
    if got == want && (!want.is_empty() || warnings == want_warnings) {
        Verdict::Pass
    } else {
        Verdict::Miss(format!("want {want:?} {want_warnings:?}, got {got:?} {warnings:?}"))
    }
}

fn drop_token_volume(pod: &mut Value) {
    if let Some(Value::Array(volumes)) = pod.pointer_mut("/spec/volumes") {
        volumes.retain(|v| !text(&v["name"]).starts_with(TOKEN_VOLUME));
    }
    for list in ["containers", "initContainers"] {
        for container in pod["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(Value::Array(mounts)) = container.get_mut("volumeMounts") {
                mounts.retain(|m| !text(&m["name"]).starts_with(TOKEN_VOLUME));
            }
        }
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
