//! Traces: what a real control plane did over time, replayed. Commands come at their times, kubelets do what the recorded ones did, and
//! six points are compared: commands' output, sizes of ReplicaSets, statuses of StatefulSets and DaemonSets, conditions, events, the order of each pod's changes.

mod compare;
mod objects;
mod recorded;
mod replay;

use crate::FileScore;
use recorded::Recorded;
use std::path::{Path, PathBuf};

/// Replays all traces in `dir/traces`, sorted by name: a score per trace and point. None if there is no such directory.
pub fn run_traces(dir: &Path) -> Vec<FileScore> {
    let entries = std::fs::read_dir(dir.join("traces")).into_iter().flatten();
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(".cmds.jsonl")).collect();
    paths.sort();
    paths.iter().flat_map(|path| run_trace(path)).collect()
}

fn run_trace(commands: &Path) -> Vec<FileScore> {
    let file = commands.file_name().unwrap_or_default().to_string_lossy();
    let name = file.trim_end_matches(".cmds.jsonl");
    let score = |point: &str| FileScore { name: format!("traces/{name} {point}"), ..FileScore::default() };
    let recorded = match Recorded::read(commands.parent().unwrap_or(Path::new(".")), name) {
        Ok(recorded) => recorded,
        Err(error) => return vec![FileScore { total: 1, first_miss: Some(error.to_string()), ..score("all") }],
    };
    if let Some(kind) = recorded.unserved_kind() {
        return vec![FileScore { apart: recorded.commands.len(), first_miss: Some(format!("it needs {kind}")), ..score("all") }];
    }
    let replayed = replay::replay(&recorded);
    let points = [
        ("commands", compare::commands(&recorded, &replayed)),
        ("sizes", compare::sizes(&recorded.changes, &replayed.changes)),
        ("statuses", compare::statuses(&recorded.changes, &replayed.changes)),
        ("conditions", compare::conditions(&recorded.changes, &replayed.changes)),
        ("events", compare::events(&recorded.changes, &replayed.changes)),
        ("pods", compare::pods(&recorded.changes, &replayed.changes)),
    ];
    points.into_iter().map(|(point, rows)| rows.into_score(score(point))).collect()
}
