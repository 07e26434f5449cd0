//! Whatever is typed or fed: an answer, never a panic.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use proptest::prelude::*;
use sim_core::Config;
use sim_core::api::yaml;
use sim_core::scenario::{Condition, Scenario};
use sim_core::shell::Shell;
use std::collections::BTreeMap;

const MANIFEST: &str = include_str!("../scenarios/rolling-update.yaml");

/// The text with a few characters replaced, dropped or doubled.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    let edits = prop::collection::vec(
        (
            0..text.chars().count(),
            prop_oneof![Just(None), any::<char>().prop_map(Some), "[-:{}\\[\\]\"'#&*!|>%@0-9 \n]".prop_map(|s| s.chars().next())],
        ),
        1..8,
    );
    edits.prop_map(move |edits| {
        let mut characters: Vec<char> = text.chars().collect();
        for (at, edit) in edits {
            let at = at.min(characters.len() - 1);
            match edit {
                None => drop(characters.remove(at)),
                Some(c) => characters[at] = c,
            }
        }
        characters.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_panics_the_yaml_reader(text in "\\PC*|[-:{}\\[\\]\"'#&*!|>%@a-c0-9 \n\t]{0,60}") {
        let _ = yaml::documents(&text);
        let _ = Scenario::parse(&text, "s.yaml");
    }

    #[test]
    fn no_damaged_scenario_panics(text in damaged(MANIFEST)) {
        let _ = Scenario::parse(&text, "s.yaml").map_err(|error| error.to_string());
    }

    #[test]
    fn no_condition_panics(text in "\\PC*|(pods|event|deployment/web|node/a)[ ()=<>a-z0-9,/]{0,30}") {
        let _ = Condition::parse(&text);
    }

    #[test]
    fn no_line_and_no_manifest_panics(line in "\\PC*|(get|apply -f m.yaml|why|wait|set image|rollout|step|patch|label|create) ?[-a-z/=.,{}\\[\\]'\" 0-9]{0,30}", manifest in damaged(WEB)) {
        let mut shell = Shell::new(Config::default());
        let files = BTreeMap::from([("m.yaml".to_owned(), manifest)]);
        shell.line("apply -f m.yaml", &files);
        shell.line(&line, &files);
        shell.complete(&line);
        shell.line("wait 3s", &files);
    }
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {a: b}
spec:
  replicas: 2
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}}
  selector: {matchLabels: {app: web}, matchExpressions: [{key: app, operator: In, values: [web]}]}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: c
        image: nginx:1.17.1
        resources: {requests: {cpu: 100m, memory: 64Mi}}
        ports: [{containerPort: 80}]
";
