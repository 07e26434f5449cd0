//! The sessions in `tests/transcripts/*.md`: prose, what is typed, and exactly what is printed. They are documentation too.
//!
//! A block `yaml NAME.yaml` is a file, a block `yaml cluster` is the `cluster:` of a scenario, and a block `console` is typed into a shell:
//! lines that begin with `$ ` are typed, the others are what they print. `cargo xtask bless` writes what is printed now.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use sim_core::Config;
use sim_core::scenario::Scenario;
use sim_core::shell::Shell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Plays a transcript and returns it with what is printed now.
fn play(name: &str, text: &str) -> String {
    let mut shell: Option<Shell> = None;
    let mut config = Config::default();
    let mut files = BTreeMap::new();
    let mut played = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(played, "{line}");
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let body = format!("{}\n", block.join("\n"));
        match info.split_once(' ') {
            Some(("yaml", "cluster")) => {
                let scenario = Scenario::parse(&format!("cluster:\n{body}steps: []\n"), name).unwrap_or_else(|error| panic!("{error}"));
                config = scenario.config;
                played.push_str(&body);
            }
            Some(("yaml", file)) => {
                files.insert(file.to_owned(), body.clone());
                played.push_str(&body);
            }
            None if info == "console" => {
                let shell = shell.get_or_insert_with(|| Shell::new(config.clone()));
                for typed in block.iter().filter_map(|line| line.strip_prefix("$ ")) {
                    let reply = shell.line(typed, &files);
                    let _ = writeln!(played, "$ {typed}");
                    [reply.warnings, reply.stdout, reply.stderr].iter().for_each(|text| played.push_str(text));
                }
            }
            _ => played.push_str(&body),
        }
        played.push_str("```\n");
    }
    played
}

#[track_caller]
fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(name);
    let recorded = std::fs::read_to_string(&path).unwrap();
    let played = play(name, &recorded);
    if std::env::var_os("PODARIUM_BLESS").is_some() {
        return std::fs::write(&path, played).unwrap();
    }
    let differs = recorded
        .lines()
        .zip(played.lines())
        .position(|(a, b)| a != b)
        .unwrap_or_else(|| recorded.lines().count().min(played.lines().count()));
    let from = |text: &str| text.lines().skip(differs.saturating_sub(4)).take(14).collect::<Vec<_>>().join("\n");
    assert!(
        recorded == played,
        "{name}, line {}: recorded\n{}\n\nnow\n{}\n\n`cargo xtask bless` takes what is printed now, if that is right.",
        differs + 1,
        from(&recorded),
        from(&played)
    );
}

#[test]
fn first_deployment() {
    check("first-deployment.md");
}

#[test]
fn scaling() {
    check("scaling.md");
}

#[test]
fn rolling_update() {
    check("rolling-update.md");
}

#[test]
fn history_and_rollback() {
    check("history-and-rollback.md");
}

#[test]
fn canary() {
    check("canary.md");
}

#[test]
fn recreate_and_restart() {
    check("recreate-and-restart.md");
}

#[test]
fn mistakes() {
    check("mistakes.md");
}

#[test]
fn services() {
    check("services.md");
}

#[test]
fn the_network() {
    check("network.md");
}

#[test]
fn the_network_by_routes() {
    check("network-host-gw.md");
}

#[test]
fn names_from_inside() {
    check("dns-inside.md");
}

#[test]
fn node_failure() {
    check("node-failure.md");
}

#[test]
fn maintenance() {
    check("maintenance.md");
}

#[test]
fn pods() {
    check("pods.md");
}

#[test]
fn without_manifests() {
    check("without-manifests.md");
}

#[test]
fn a_pods_life() {
    check("a-pods-life.md");
}

#[test]
fn inside() {
    check("inside.md");
}

#[test]
fn before_you_apply() {
    check("before-you-apply.md");
}

#[test]
fn every_transcript_is_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let source = include_str!("transcripts.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(source.contains(&format!("check(\"{name}\")")), "{name} has no test");
    }
}

#[test]
fn configuration() {
    check("configuration.md");
}
