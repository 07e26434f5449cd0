//! What an editor of manifests is told: what is wrong at which place, and what could be written there.

mod common;

use common::{cluster, deployment, kubectl, wait};
use sim_core::Cluster;
use sim_view::draw::check::check;
use sim_view::draw::complete::completions;

/// `expected`: `line:column message`, the beginnings of what is found, in order.
#[track_caller]
fn check_text(cluster: &Cluster, text: &str, expected: &[&str]) {
    let found: Vec<String> = check(cluster, text)
        .into_iter()
        .map(|d| {
            let help = if d.help.is_empty() { String::new() } else { format!(" ({})", d.help) };
            format!("{}:{} {}{}{help}", d.line, d.column, if d.warning { "warning: " } else { "" }, d.message)
        })
        .collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\nshould begin with\n{expected}");
    }
}

#[test]
fn what_is_wrong_with_a_manifest() {
    let mut cluster = cluster();
    kubectl(&mut cluster, "create -f m.yaml", &deployment("old", 1, "nginx:1.17.1"));
    wait(&mut cluster, 100);
    let good = deployment("web", 1, "nginx:1.17.1");
    let check = |text: &str, expected: &[&str]| check_text(&cluster, text, expected);
    check(&good, &[]);
    check("", &[]);
    check("# nothing yet\n", &[]);
    check(&good.replace("replicas:", "replica:"), &["6:3 unknown field `replica` in DeploymentSpec (did you mean `replicas`?)"]);
    check(&good.replace("replicas: 1", "replicas: many"), &["6:3 a whole number is wanted here, not a text"]);
    check(
        &good.replace("app: web", "app: 1"),
        &["9:7 a text is wanted here, not a number (put it into quotes)", "13:9 a text is wanted here, not a number (put it into quotes)"],
    );
    check(&good.replace("        image: nginx:1.17.1\n", ""), &["16:9 spec.template.spec.containers[0].image: Required value"]);
    check(&good.replace("kind: Deployment", "kind: Deploymet"), &["2:1 there is no kind Deploymet (did you mean `Deployment`?)"]);
    check(&good.replace("apps/v1", "v1"), &["1:1 there is no Deployment in v1 (it is of apps/v1)"]);
    check(&good.replace("apiVersion: apps/v1\n", ""), &["1:1 `apiVersion` isn't set (a Deployment is of `apiVersion: apps/v1`)"]);
    check(&good.replace("name: web", "name: Web_1"), &["4:3 metadata.name: Invalid value: \"Web_1\""]);
    // What is there already can't take another selector; the rest can change.
    check(&good.replace("web", "old").replace("replicas: 1", "replicas: 7"), &[]);
    check(&good.replace("name: web", "name: old"), &["7:3 spec.selector: Invalid value"]);
    check(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\n- apiVersion: v1\n  kind: ConfigMap\n  \
         metadata:\n    nam: b\n",
        &["11:5 unknown field `nam` in ObjectMeta (did you mean `name`?)"],
    );
    check("just text\n", &["1:1 this is no object"]);
    // A document that is no YAML doesn't hide the others.
    let broken = format!("{good}---\nkind: [Pod\n---\n{}", good.replace("replicas:", "replica:"));
    check(&broken, &["19:", "26:3 unknown field"]);
    check(&good.replace("  name: web", "\tname: web"), &["4:"]);
    check(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: once\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      \
         containers:\n      - name: c\n        image: busybox\n",
        &["2:1 warning: podarium keeps jobs but doesn't simulate them yet"],
    );
    let policy = good.replace("        image:", "        imagePullPolicy: Sometimes\n        image:");
    check(&policy, &["17:9 spec.template.spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\""]);
    let nowhere = good.replace("name: web\nspec", "name: web\n  namespace: nowhere\nspec");
    // What comes before in the text is there by then.
    check(&format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: nowhere\n---\n{nowhere}"), &[]);
    check(&nowhere, &["3:1 namespaces \"nowhere\" not found"]);
}

/// `text` has a `|` where the cursor stands. `expected`: the first labels; with `!`, a label that must not be among them.
#[track_caller]
fn check_completions(text: &str, expected: &[&str]) {
    let before = &text[..text.find('|').expect("a cursor")];
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() as u32 + 1;
    let found: Vec<String> = completions(&text.replacen('|', "", 1), line, column).into_iter().map(|completion| completion.label).collect();
    let wanted: Vec<&str> = expected.iter().copied().filter(|label| !label.starts_with('!')).collect();
    assert!(found.len() >= wanted.len(), "{found:?} instead of {wanted:?}");
    assert_eq!(found[..wanted.len()], wanted, "{found:?}");
    for unwanted in expected.iter().filter_map(|label| label.strip_prefix('!')) {
        assert!(!found.iter().any(|label| label == unwanted), "{unwanted} among {found:?}");
    }
    if expected.is_empty() {
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn what_could_be_written() {
    let top = "apiVersion: apps/v1\nkind: Deployment\n";
    let containers = format!("{top}spec:\n  template:\n    spec:\n      containers:\n");
    let check = |text: String, expected: &[&str]| check_completions(&text, expected);
    check("|".to_owned(), &["apiVersion", "kind", "metadata"]);
    check("ki|".to_owned(), &["kind"]);
    check("kind: |".to_owned(), &["Deployment", "Service", "Pod", "ConfigMap"]);
    check("apiVersion: apps/v1\nkind: |".to_owned(), &["Deployment", "StatefulSet", "DaemonSet", "ControllerRevision", "ReplicaSet"]);
    check("kind: Dep|".to_owned(), &["Deployment"]);
    check("apiVersion: |\nkind: Ingress".to_owned(), &["networking.k8s.io/v1"]);
    check(format!("{top}|"), &["metadata", "spec", "!status", "!kind"]);
    check(format!("{top}metadata:\n  |"), &["name", "annotations"]);
    check(format!("{top}metadata:\n  name: web\n  l|"), &["labels"]);
    check(format!("{top}spec:\n  |"), &["selector", "template", "minReadySeconds"]);
    check(format!("{top}spec:\n  replicas: 1\n  |\n  selector: {{}}"), &["template", "!replicas", "!selector"]);
    check(format!("{top}spec:\n  strategy:\n    type: |"), &["Recreate", "RollingUpdate"]);
    check(format!("{top}spec:\n  strategy:\n    rollingUpdate:\n      max|"), &["maxSurge", "maxUnavailable"]);
    check(format!("{containers}      - |"), &["name", "args"]);
    check(format!("{containers}        |"), &["- name"]);
    check(format!("{containers}      |"), &["activeDeadlineSeconds", "!containers"]);
    check(format!("{containers}        - na|"), &["name"]);
    check(format!("{containers}      - name: c\n        image|"), &["image", "imagePullPolicy", "!name"]);
    check(format!("{containers}      - name: c\n        imagePullPolicy: |"), &["Always", "IfNotPresent", "Never"]);
    check(format!("{containers}      - name: c\n      - i|"), &["image", "imagePullPolicy"]);
    check(format!("{containers}      - name: c\n        ports:\n        - containerPort: 80\n          pro|"), &["protocol"]);
    check(format!("{containers}      - name: c\n        ports:\n        - protocol: |"), &["SCTP", "TCP", "UDP"]);
    check(format!("{containers}      - name: c\n        readinessProbe:\n          httpGet:\n            po|"), &["port"]);
    check(format!("{containers}      - name: c\n      rest|"), &["restartPolicy"]);
    check(format!("{containers}      - name: c\n      hostNetwork: |"), &["true", "false"]);
    check(format!("{containers}      - name: c\n        args:\n        - |"), &[]);
    // Another document above, and one below, with other kinds.
    check(format!("apiVersion: v1\nkind: Service\nspec:\n  type: ClusterIP\n---\n{top}spec:\n  rep|\n---\nkind: Pod"), &["replicas"]);
    check("apiVersion: v1\nkind: Service\nspec:\n  type: |".to_owned(), &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    // Whatever else is broken in the text.
    check(format!("{top}metadata: [\nspec:\n  rep|"), &["replicas"]);
    check(format!("{top}# ki|"), &[]);
    check(format!("{top}nonsense:\n  |"), &[]);
    check(format!("{top}metadata:\n  labels:\n    |"), &[]);
    check("kind: Nothing\nspec:\n  |".to_owned(), &[]);
}

#[test]
fn no_place_in_any_text_panics() {
    let text = deployment("wéb", 3, "nginx:1.17.1") + "---\n- - a: b\n  -\n\t- x\n---";
    for line in 0..25 {
        for column in 0..40 {
            let _ = completions(&text, line, column);
        }
    }
    let found = completions(&text, 5, 1);
    assert!(found.iter().all(|completion| !completion.label.is_empty()));
}
