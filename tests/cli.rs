//! The command line as people and CI use it: exit codes, messages, output for machines.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder of its own for each test, which goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) -> &Self {
        std::fs::write(self.0.join(name), text).unwrap();
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs podarium in a folder. Answers (exit code, standard output, standard error).
fn podarium(folder: &Path, args: &[&str], stdin: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_podarium"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - name: c\n        image: nginx\n";

/// A scenario that applies `web.yaml`.
const APPLY: &str = "steps:\n- kubectl: apply -f web.yaml\n- until: deployment/web is complete\n";

/// Runs a scenario whose manifest is `web`, and expects bad input that is described with these words.
#[track_caller]
fn check_bad(name: &str, scenario: &str, web: &str, words: &[&str]) {
    let folder = Folder::new(name);
    folder.write("s.yaml", scenario).write("web.yaml", web);
    let (code, _, stderr) = podarium(&folder.0, &["run", "s.yaml"], "");
    assert_eq!(code, 2, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{word:?} is not in: {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn the_readme_s_command_tells_a_story() {
    let (code, stdout, stderr) = podarium(root(), &["run", "scenarios/rolling-update.yaml"], "");
    assert_eq!(code, 0, "{stderr}");
    for word in ["$ kubectl set image", "ReplicaSet web-", "Ready on node-", "3 → 2", "█", "9 of 9 expectations hold"] {
        assert!(stdout.contains(word), "{word:?} is not in: {stdout}");
    }
    assert!(!stdout.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn an_expectation_that_fails_is_exit_code_1() {
    let folder = Folder::new("fails");
    folder.write("s.yaml", &format!("{APPLY}expect:\n- that: pods == 3\n")).write("web.yaml", WEB);
    let (code, stdout, _) = podarium(&folder.0, &["run", "s.yaml"], "");
    assert_eq!(code, 1);
    assert!(stdout.contains("FAILS  pods == 3  (there are 2)") && stdout.contains("s.yaml:5:3"), "{stdout}");
    let link = stdout.lines().find_map(|line| line.strip_prefix("in the playground: #")).expect("a run that fails has a link");
    let link = sim_view::link::decode(link).expect("it can be read");
    assert!(link.scenario.contains("pods == 3") && link.files["web.yaml"] == WEB && link.at > Some(0), "{link:?}");
}

#[test]
fn reports_for_machines_are_lines_of_json() {
    let (code, stdout, _) = podarium(root(), &["run", "--json", "--seed", "7", "scenarios/canary.yaml", "scenarios/recreate.yaml"], "");
    assert_eq!(code, 0);
    let reports: Vec<serde_json::Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of: Vec<_> = reports
        .iter()
        .map(|report| (report["name"].as_str().unwrap(), report["seed"].as_u64().unwrap(), report["holds"] == true))
        .collect();
    assert_eq!(of, [("canary", 7, true), ("recreate", 7, true)]);
    assert!(reports[0]["lanes"][0]["spans"][0]["from"].is_number() && reports[0]["fingerprint"].as_str().unwrap().len() == 16);
    let link = reports[0]["link"].as_str().and_then(|link| sim_view::link::decode(link).ok()).expect("a link");
    assert_eq!(link.seed, Some(7));
}

#[test]
fn a_link_holds_scenario_seed_and_moment() {
    let ask = ["link", "scenarios/canary.yaml", "--at", "10s", "--seed", "7", "--playground", "https://podarium.example/play/#old"];
    let (code, stdout, stderr) = podarium(root(), &ask, "");
    assert_eq!((code, stderr.as_str()), (0, ""));
    let fragment = stdout.trim_end().strip_prefix("https://podarium.example/play/#").expect("it begins with the address");
    let link = sim_view::link::decode(fragment).expect("it can be read");
    let scenario = std::fs::read_to_string(root().join("scenarios/canary.yaml")).expect("the scenario");
    assert_eq!((link.scenario, link.seed, link.at), (scenario, Some(7), Some(10_000_000_000)));
    let (code, _, stderr) = podarium(root(), &["link", "nowhere.yaml"], "");
    assert!(code == 2 && stderr.contains("there is no file nowhere.yaml"), "{stderr}");
}

#[test]
fn a_folder_is_run_whole() {
    let (code, stdout, _) = podarium(root(), &["run", "scenarios"], "");
    assert_eq!(code, 0, "{stdout}");
    let count = std::fs::read_dir(root().join("scenarios"))
        .expect("the folder")
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "yaml")));
    let count = count.count();
    assert!(stdout.contains(&format!("{count} of {count} scenarios hold")), "{stdout}");
}

#[test]
fn lessons_are_proved_and_shown() {
    const FIRST: &str = "scenarios/lessons/01-first-pod.yaml";
    let (code, stdout, stderr) = podarium(root(), &["lesson", FIRST], "");
    assert_eq!((code, stdout.contains("1 of 1 lessons are proved")), (0, true), "{stdout}{stderr}");
    let (code, stdout, _) = podarium(root(), &["lesson", "--show", "--lang", "zh", FIRST], "");
    assert_eq!((code, stdout.contains("第一个 Pod"), stdout.contains("kubectl run web")), (0, true, true), "{stdout}");

    let text = std::fs::read_to_string(root().join(FIRST)).unwrap();
    let folder = Folder::new("lessons");
    folder.write("unsolved.yaml", &text.replace("- kubectl delete pod web\n", "- kubectl get pods\n"));
    let (code, stdout, _) = podarium(&folder.0, &["lesson", "unsolved.yaml"], "");
    assert_eq!(code, 1, "{stdout}");
    assert!(stdout.contains("the solution doesn't reach: once pods terminating == 1") && stdout.contains("par is 2"), "{stdout}");
    folder.write("slip.yaml", &text.replace("hints:", "hnits:"));
    let (code, _, stderr) = podarium(&folder.0, &["lesson", "slip.yaml"], "");
    assert_eq!((code, stderr.contains("did you mean `hints`?")), (2, true), "{stderr}");
    // Who gives a lesson to `run` learns what reads it.
    let (code, _, stderr) = podarium(root(), &["run", FIRST], "");
    assert_eq!((code, stderr.contains("podarium lesson scenarios/lessons/01-first-pod.yaml")), (2, true), "{stderr}");
}

#[test]
fn slips_in_manifests_are_bad_input() {
    check_bad(
        "typo",
        APPLY,
        &WEB.replace("replicas", "replicsa"),
        &["unknown field \"spec.replicsa\"", "web.yaml:5:3", "did you mean `replicas`?", "s.yaml:2:3"],
    );
    check_bad("wrong-type", APPLY, &WEB.replace("replicas: 2", "replicas: two"), &["replicas", "web.yaml:5"]);
    check_bad("unknown-kind", APPLY, &WEB.replace("kind: Deployment", "kind: Deploymint"), &["no matches for kind \"Deploymint\""]);
    let both_zero = WEB.replace("  selector", "  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}\n  selector");
    check_bad("both-zero", APPLY, &both_zero, &["may not be 0 when `maxSurge` is 0"]);
    let negative = WEB.replace("  selector", "  strategy: {rollingUpdate: {maxSurge: -1}}\n  selector");
    check_bad("negative", APPLY, &negative, &["spec.strategy.rollingUpdate.maxSurge: Invalid value: -1"]);
    check_bad("no-yaml", APPLY, "a: [b", &["web.yaml"]);
}

#[test]
fn slips_in_scenarios_are_bad_input() {
    check_bad("unknown-field", "step: []\n", WEB, &["unknown field `step`", "did you mean `steps`?", "s.yaml:1:1"]);
    check_bad("unknown-verb", "steps:\n- kubectl: aply -f web.yaml\n", WEB, &["unknown command \"aply\"", "apply"]);
    check_bad("unknown-resource", "steps:\n- kubectl: get deploymnts\n", WEB, &["the server doesn't have a resource type \"deploymnts\""]);
    check_bad("two-in-one", "steps:\n- {wait: 1s, until: pods ready}\n", WEB, &["both `wait` and `until`", "s.yaml:2:3"]);
    check_bad("condition", "steps:\n- check: pods redy >= 2\n", WEB, &["did you mean ready?", "s.yaml:2:10"]);
    check_bad("fault", "steps:\n- fault: kill nod node-1\n", WEB, &["kill node NAME"]);
    check_bad("no-such-node", "steps:\n- fault: kill node node-9\n", WEB, &["there is no node \"node-9\"", "node-1"]);
    check_bad("missing-file", "steps:\n- kubectl: apply -f nowhere.yaml\n", WEB, &["there is no file", "nowhere.yaml", "s.yaml"]);
}

#[test]
fn a_run_without_end_says_what_keeps_it_busy() {
    let scenario =
        "cluster: {images: {nginx: {crashAfter: 1s}}}\nlimits: {events: 3000}\nsteps:\n- kubectl: apply -f web.yaml\n- until: quiet\n";
    check_bad("busy", scenario, WEB, &["has handled 3000 events", "kubelet patch status of pods", "s.yaml:5:3"]);
}

#[test]
fn missing_files_and_unknown_options_are_bad_input() {
    let (code, _, stderr) = podarium(root(), &["run", "scenarios/nowhere.yaml"], "");
    assert_eq!((code, stderr.contains("there is no file scenarios/nowhere.yaml")), (2, true), "{stderr}");
    let (code, _, stderr) = podarium(root(), &["run", "--sed", "1", "scenarios"], "");
    assert_eq!((code, stderr.contains("--seed")), (2, true), "{stderr}");
    let (code, stdout, _) = podarium(root(), &["--help"], "");
    assert_eq!((code, stdout.contains("First steps")), (0, true), "{stdout}");
}

#[test]
fn the_shell_reads_from_a_pipe() {
    let lines = "create deployment web --image=nginx --replicas=2\nuntil deployment/web is complete\nget deploy\nwhy deployment/web\ncheck pods == 2\nexit\nbananas\n";
    let (code, stdout, stderr) = podarium(root(), &["repl"], lines);
    assert_eq!(code, 0, "{stderr}");
    for word in ["deployment.apps/web created", "web    2/2     2            2", "you: kubectl create deployment web", "holds: pods == 2"] {
        assert!(stdout.contains(word), "{word:?} is not in: {stdout}");
    }
    let (code, _, stderr) = podarium(root(), &["repl"], "bananas\n");
    assert_eq!((code, stderr.contains("unknown command \"bananas\"")), (2, true), "{stderr}");
    assert_eq!(podarium(root(), &["repl"], "check pods == 2\n").0, 1);
}

#[test]
fn the_shell_takes_a_scenario_and_manifests() {
    let folder = Folder::new("repl");
    folder.write("web.yaml", WEB);
    let scenario = root().join("scenarios/rolling-update.yaml");
    let (code, stdout, stderr) = podarium(&folder.0, &["repl", scenario.to_str().unwrap()], "get rs\n");
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("> set image deployment/web") && stdout.contains("web-686cf5c67b   3"), "{stdout}");
    let (code, stdout, _) = podarium(&folder.0, &["repl", "web.yaml"], "wait 10s\nget deploy web\n");
    assert_eq!((code, stdout.contains("web    2/2")), (0, true), "{stdout}");
}

#[test]
fn why_leads_back_to_the_command() {
    let (code, stdout, stderr) = podarium(root(), &["why", "scenarios/node-failure.yaml", "node/node-2", "--at", "2m"], "");
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("node-controller") && stdout.contains("you: kill node node-2"), "{stdout}");
    let (code, _, stderr) = podarium(root(), &["why", "scenarios/canary.yaml", "pod/nobody", "-n", "dev"], "");
    assert_eq!((code, stderr.contains("there is no pod/nobody")), (2, true), "{stderr}");
}

/// A question to `podarium trace` or `rules` that makes no sense, and words of the message.
#[track_caller]
fn check_question(args: &[&str], words: &[&str]) {
    let (code, stdout, stderr) = podarium(root(), args, "");
    assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}: {stderr}");
    for word in words {
        assert!(stderr.contains(word), "{word:?} is not in: {stderr}");
    }
}

#[test]
fn a_packet_is_followed() {
    const SERVICES: &str = "scenarios/services.yaml";
    let trace = |more: &[&str]| podarium(root(), &[&["trace", SERVICES], more].concat(), "");
    let (code, story, stderr) = trace(&["pod/client", "svc/web:80"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(story.contains("-j KUBE-SVC-") && story.contains("DNAT: ") && story.ends_with(" answers.\n"), "{story}");
    let (code, story, _) = trace(&["pod/client", "svc/empty:80"]);
    assert_eq!((code, story.ends_with("pod/client sees: connection refused.\n")), (1, true), "{story}");
    let (code, json, _) = trace(&["outside", "node/node-1:30080", "--json"]);
    let tree: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &tree["arrives"], tree["walks"][0]["hops"][0]["place"].as_str()), (0, &true.into(), Some("outside")));
    let (code, dot, _) = trace(&["pod/client", "svc/web:80", "--dot"]);
    assert_eq!((code, dot.starts_with("digraph"), dot.matches('{').count()), (0, true, dot.matches('}').count()), "{dot}");
}

#[test]
fn questions_about_packets_that_make_no_sense() {
    const SERVICES: &str = "scenarios/services.yaml";
    let trace = |from: &str, to: &str, words: &[&str]| check_question(&["trace", SERVICES, "--at", "4s", from, to], words);
    trace("pod/nobody", "svc/web:80", &["no pod \"nobody\"", "there are client, web-0"]);
    trace("client", "svc/web:80", &["\"client\" is nobody who could send", "expected pod/NAME"]);
    trace("svc/web", "pod/client:80", &["sends nothing by itself"]);
    trace("node/node-9", "svc/web:80", &["no node \"node-9\"", "there are node-1, node-2, node-3"]);
    trace("pod/client", "svc/wob:80", &["no service \"wob\"", "web-node"]);
    trace("pod/client", "svc/web:http", &["\"http\" is no port of service web, which has 80"]);
    trace("pod/client", "svc/old-database:postgres", &["of service old-database, which has 5432 (pg)"]);
    trace("pod/client", "lb/web:80", &["has no load balancer's address"]);
    trace("pod/client", "300.1.1.1:80", &["\"300.1.1.1\" is no IPv4 address"]);
    trace("pod/client", "", &["is no place to send something to", "expected svc/NAME:PORT"]);
    trace("pod/client", "pood/web-0:80", &["no resource type \"pood\"", "expected svc/NAME:PORT"]);
    check_question(&["trace", SERVICES, "--at", "1ms", "pod/client", "svc/web:80"], &["has no sandbox"]);
    check_question(&["trace", SERVICES, "pod/client"], &["<TO>"]);
    check_question(&["rules", SERVICES, "node-9"], &["no node \"node-9\"", "node-1"]);
    check_question(&["rules", SERVICES, "node-1", "--show", "tables"], &["rules, routes, interfaces, neighbours, policies"]);
}

#[test]
fn what_a_kernel_goes_by_is_printed() {
    let rules = |more: &[&str]| podarium(root(), &[&["rules", "scenarios/services.yaml"], more].concat(), "");
    let (code, routes, stderr) = rules(&["node/node-1", "--show", "routes"]);
    assert_eq!((code, routes.contains("10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink\n")), (0, true), "{routes}{stderr}");
    let (code, saved, _) = rules(&["node-1"]);
    assert_eq!((code, saved.starts_with("*mangle\n"), saved.ends_with("COMMIT\n")), (0, true, true), "{saved}");
}

#[test]
fn a_scenario_tells_a_packet_s_way() {
    let folder = Folder::new("way");
    folder.write("s.yaml", "steps:\n- wait: 1s\n- trace: node/node-1 -> node/node-2\n");
    let (code, stdout, stderr) = podarium(&folder.0, &["run", "s.yaml"], "");
    assert_eq!(
        (code, stdout.contains("trace node/node-1 -> node/node-2") && stdout.contains("node/node-2 answers.")),
        (0, true),
        "{stdout}{stderr}"
    );
    check_bad("way-of-one", "steps:\n- trace: node/node-1\n", WEB, &["expected `FROM -> TO`", "s.yaml:2:10"]);
    check_bad("way-to-nobody", "steps:\n- trace: node/node-1 -> pod/nobody\n", WEB, &["there is no pod \"nobody\"", "s.yaml:2:3"]);
}

#[test]
fn bench_measures() {
    let (code, stdout, _) = podarium(root(), &["bench", "--nodes", "4", "--pods", "40", "--replicas", "10", "--json"], "");
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["pods"], &report["phases"][1]["name"]), (0, &40.into(), &"rolling update".into()));
    assert!(report["phases"][0]["events"].as_u64().unwrap() > 400 && report["checkpointMs"].is_number(), "{stdout}");
    assert_eq!(podarium(root(), &["bench", "--nodes", "1", "--pods", "5000"], "").0, 2);
}
