//! Who owns which fields: what commands leave in `managedFields`, and what server-side apply says to it.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{Terminal, deployment};
use serde_json::Value;
use sim_core::Config;
use sim_core::kernel::time::SimDuration;

/// The owners of the Deployment `web`: name, operation and subresource of each.
fn owners(terminal: &mut Terminal) -> Vec<String> {
    let text = terminal.ok("get deploy web -o json --show-managed-fields");
    let object: Value = serde_json::from_str(&text).unwrap();
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let word = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    entries
        .iter()
        .map(|entry| ["manager", "operation", "subresource"].map(|field| word(entry, field)).join(" ").trim_end().to_owned())
        .collect()
}

fn says(terminal: &mut Terminal, line: &str, manifest: &str) -> String {
    let (stdout, stderr, _) = terminal.kubectl_with(line, manifest);
    stdout + stderr.lines().next().unwrap_or_default()
}

#[test]
fn each_command_owns_what_it_wrote() {
    let mut terminal = Terminal::new(Config::default());
    terminal.ok("create deployment web --image=nginx:1.27");
    assert_eq!(owners(&mut terminal), ["kubectl-create Update"]);
    terminal.wait(SimDuration::from_secs(30));
    terminal.ok("annotate deploy web a=b");
    terminal.ok("scale deploy web --replicas=2");
    assert_eq!(
        owners(&mut terminal),
        ["kubectl-create Update", "kube-controller-manager Update status", "kubectl Update scale", "kubectl-annotate Update"]
    );
    let manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n";
    let want = "error: Apply failed with 1 conflict: conflict with \"kubectl\" with subresource \"scale\" using apps/v1: .spec.replicas";
    assert_eq!(says(&mut terminal, "apply --server-side -f m.yaml", manifest), want);
    let forced = says(&mut terminal, "apply --server-side --force-conflicts -f m.yaml", manifest);
    assert_eq!(forced, "deployment.apps/web serverside-applied\n");
    assert_eq!(owners(&mut terminal)[0], "kubectl Apply");
    assert!(!terminal.ok("get deploy web -o yaml").contains("managedFields"));
}

#[test]
fn client_side_work_is_taken_over() {
    let mut terminal = Terminal::new(Config::default());
    let before = deployment("web", 1, "nginx:1.27", "  minReadySeconds: 5\n");
    assert_eq!(says(&mut terminal, "apply -f m.yaml", &before), "deployment.apps/web created\n");
    assert_eq!(owners(&mut terminal), ["kubectl-client-side-apply Update"]);
    let after = deployment("web", 2, "nginx:1.27", "");
    assert_eq!(says(&mut terminal, "apply --server-side -f m.yaml", &after), "deployment.apps/web serverside-applied\n");
    // The latter changed nothing, so it has no time, and comes first.
    assert_eq!(owners(&mut terminal), ["kubectl-last-applied Apply", "kubectl Apply"]);
    // What the manifest doesn't say any more has gone, and the annotation says what was applied.
    let object = terminal.ok("get deploy web -o json");
    let object: Value = serde_json::from_str(&object).unwrap();
    assert_eq!((&object["spec"]["minReadySeconds"], &object["spec"]["replicas"]), (&Value::Null, &Value::from(2)));
    let annotation = object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"].as_str().unwrap();
    assert!(annotation.contains("\"replicas\":2") && !annotation.contains("minReadySeconds"), "{annotation}");
    let again = says(&mut terminal, "apply --server-side -f m.yaml", &after);
    assert_eq!(again, "deployment.apps/web serverside-applied\n");
}

#[test]
fn flags_that_need_each_other() {
    let mut terminal = Terminal::new(Config::default());
    let manifest = deployment("web", 1, "nginx:1.27", "");
    let mut check = |flags: &str, want: &str| assert_eq!(says(&mut terminal, &format!("apply -f m.yaml {flags}"), &manifest), want);
    check("--force-conflicts", "error: --force-conflicts only works with --server-side");
    check(
        "--server-side --dry-run=client",
        "error: --dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
    );
    check("--server-side --dry-run=server", "deployment.apps/web serverside-applied (server dry run)\n");
    check("--server-side --field-manager=", "The PatchOptions \"\" is invalid: fieldManager: Required value: is required for apply patch");
    check("--server-side --field-manager=me", "deployment.apps/web serverside-applied\n");
}
