//! What a container's environment is, by the kinds of its sources: one table each.

use super::*;
use crate::node::kubelet::tests::World;
use crate::node::runtime::disk::File;
use serde_json::json;

/// A ConfigMap, a Secret and two Services, and a pod with this container.
fn world(container: Value) -> (World, Value) {
    let mut world = World::default();
    world.put(
        0,
        "ConfigMap",
        "shop",
        "cfg",
        json!({"data": {"COLOR": "blue", "app.conf": "x=1", "1digit": "y"}, "binaryData": {"b": "AAE="}}),
    );
    world.put(0, "Secret", "shop", "login", json!({"data": {"USER": "YWRtaW4=", "PASSWORD": "czNjcjN0IQ=="}}));
    world.put(0, "Service", "shop", "db", json!({"spec": {"clusterIP": "10.96.0.9", "ports": [{"port": 5432}]}}));
    let spec = json!({
        "containers": [container, {"name": "other", "resources": {"limits": {"memory": "64Mi"}}}], "serviceAccountName": "robot",
        "initContainers": [{"name": "first"}], "volumes": [{"name": "data", "emptyDir": {}}], "enableServiceLinks": false,
    });
    world.pod(spec);
    (world, container)
}

fn run(container: &Value, change: impl FnOnce(&mut World)) -> Result<Environment, String> {
    let (mut world, container) = world(container.clone());
    change(&mut world);
    let files = Files::from([("env".into(), File::new("A='one'\nEMPTY=''\nB='two'", 0o644)), ("bad".into(), File::new("A=one", 0o644))]);
    let disk = |name: &str| (name == "data").then_some(&files);
    environment(&world.setting(&disk), &container).map_err(|error| error.to_string())
}

/// The variables of a container, one in a line.
#[track_caller]
fn check(container: Value, expected: &[&str]) {
    let found = run(&container, |_| {}).expect("nothing is missing");
    let found: Vec<String> = found.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn fails(container: Value, expected: &str) {
    assert_eq!(run(&container, |_| {}).expect_err("something is missing"), expected);
}

fn from(source: Value) -> Value {
    json!({"name": "main", "env": [{"name": "X", "valueFrom": source}]})
}

#[test]
fn values_and_their_order() {
    check(
        json!({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)-$(C)-$$(A)"}, {"name": "C", "value": "3"},
            {"name": "A", "value": "again $(A)"}, {"name": "D"}, {"name": "E", "value": ""}]}),
        &["A=again 1", "B=1-$(C)-$(A)", "C=3", "D=", "E="],
    );
    check(
        json!({"envFrom": [{"configMapRef": {"name": "cfg"}}, {"prefix": "S_", "secretRef": {"name": "login"}}],
            "env": [{"name": "COLOR", "value": "light$(COLOR)"}, {"name": "URL", "value": "$(S_USER):$(S_PASSWORD)"}]}),
        &["1digit=y", "COLOR=lightblue", "app.conf=x=1", "S_PASSWORD=s3cr3t!", "S_USER=admin", "URL=admin:s3cr3t!"],
    );
    // What comes later wins, whichever kind it is.
    check(
        json!({"envFrom": [{"prefix": "COL", "secretRef": {"name": "login"}}, {"prefix": "", "configMapRef": {"name": "cfg"}},
            {"configMapRef": {"name": "absent", "optional": true}}, {"secretRef": {"name": "absent", "optional": true}}]}),
        &["COLPASSWORD=s3cr3t!", "COLUSER=admin", "1digit=y", "COLOR=blue", "app.conf=x=1"],
    );
}

#[test]
fn services_come_last_and_can_be_referred_to() {
    let container = json!({"env": [{"name": "DB", "value": "$(DB_SERVICE_HOST)"}, {"name": "DB_SERVICE_PORT", "value": "mine"}],
        "command": ["connect", "$(DB_PORT)"], "args": ["--to=$(DB)", "$(NOBODY)", "$$(DB)"]});
    let linked = run(&container, |world| world.change_spec(|spec| spec["enableServiceLinks"] = json!(true))).expect("complete");
    let names: Vec<&str> = linked.variables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(&names[..3], ["DB", "DB_SERVICE_PORT", "DB_SERVICE_HOST"]);
    assert_eq!(linked.variables.get("DB").map(Str::as_str), Some("10.96.0.9"));
    assert_eq!(linked.variables.get("DB_SERVICE_PORT").map(Str::as_str), Some("mine"));
    assert_eq!(linked.command, [Str::from("connect"), "tcp://10.96.0.9:5432".into()]);
    assert_eq!(linked.args, [Str::from("--to=10.96.0.9"), "$(NOBODY)".into(), "$(DB)".into()]);
    let unlinked = run(&container, |_| {}).expect("complete");
    assert_eq!(unlinked.variables.get("DB").map(Str::as_str), Some("$(DB_SERVICE_HOST)"));
}

#[test]
fn sources() {
    let field = |path: &str| from(json!({"fieldRef": {"apiVersion": "v1", "fieldPath": path}}));
    let resource = |name: &str, divisor: &str| from(json!({"resourceFieldRef": {"resource": name, "divisor": divisor}}));
    check(from(json!({"configMapKeyRef": {"name": "cfg", "key": "COLOR"}})), &["X=blue"]);
    check(from(json!({"secretKeyRef": {"name": "login", "key": "USER"}})), &["X=admin"]);
    check(field("metadata.name"), &["X=web-1"]);
    check(field("metadata.namespace"), &["X=shop"]);
    check(field("metadata.labels['app']"), &["X=web"]);
    check(field("metadata.annotations['team']"), &["X=red"]);
    check(field("spec.nodeName"), &["X=node-1"]);
    check(field("spec.serviceAccountName"), &["X=robot"]);
    check(field("status.hostIP"), &["X=192.168.0.11"]);
    check(field("status.hostIPs"), &["X=192.168.0.11"]);
    check(field("status.podIP"), &["X=10.244.1.7"]);
    check(field("status.podIPs"), &["X=10.244.1.7"]);
    check(resource("limits.cpu", "0"), &["X=4"]);
    check(resource("limits.cpu", "1m"), &["X=3900"]);
    check(resource("limits.memory", "1Gi"), &["X=8"]);
    check(resource("requests.cpu", "1m"), &["X=0"]);
    let of = |name: &str| from(json!({"resourceFieldRef": {"containerName": name, "resource": "limits.memory", "divisor": "1Mi"}}));
    check(of("other"), &["X=64"]);
    check(of("main"), &["X=8192"]);
    check(of("first"), &["X=0"]);
    check(from(json!({"fileKeyRef": {"volumeName": "data", "path": "./env", "key": "B"}})), &["X=two"]);
}

#[test]
fn limits_of_the_pod_stand_in_for_those_of_its_containers() {
    let container = from(json!({"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}));
    let limited = run(&container, |world| world.change_spec(|spec| spec["resources"] = json!({"limits": {"memory": "128Mi"}})));
    assert_eq!(limited.expect("complete").variables.get("X").map(Str::as_str), Some("128"));
}

#[test]
fn what_may_be_missing_is_not_set() {
    check(from(json!({"configMapKeyRef": {"name": "absent", "key": "k", "optional": true}})), &[]);
    check(from(json!({"configMapKeyRef": {"name": "cfg", "key": "k", "optional": true}})), &[]);
    check(from(json!({"secretKeyRef": {"name": "absent", "key": "k", "optional": true}})), &[]);
    check(from(json!({"secretKeyRef": {"name": "login", "key": "k", "optional": true}})), &[]);
    check(from(json!({"fileKeyRef": {"volumeName": "data", "path": "env", "key": "C", "optional": true}})), &[]);
}

#[test]
fn errors() {
    fails(json!({"envFrom": [{"configMapRef": {"name": "absent"}}]}), "configmap \"absent\" not found");
    fails(json!({"envFrom": [{"secretRef": {"name": "absent", "optional": false}}]}), "secret \"absent\" not found");
    fails(from(json!({"configMapKeyRef": {"name": "absent", "key": "k"}})), "configmap \"absent\" not found");
    fails(from(json!({"secretKeyRef": {"name": "absent", "key": "k"}})), "secret \"absent\" not found");
    fails(from(json!({"configMapKeyRef": {"name": "cfg", "key": "k"}})), "couldn't find key k in ConfigMap shop/cfg");
    // Only texts are looked at.
    fails(from(json!({"configMapKeyRef": {"name": "cfg", "key": "b"}})), "couldn't find key b in ConfigMap shop/cfg");
    fails(from(json!({"secretKeyRef": {"name": "login", "key": "k"}})), "couldn't find key k in Secret shop/login");
    fails(from(json!({"fieldRef": {"fieldPath": "spec.restartPolicy"}})), "unsupported fieldPath: spec.restartPolicy");
    fails(from(json!({"resourceFieldRef": {"containerName": "x", "resource": "limits.cpu"}})), "container x not found");
    fails(
        from(json!({"fileKeyRef": {"volumeName": "none", "path": "env", "key": "A"}})),
        "cannot find the volume \"none\" referenced by FileKeyRef",
    );
    fails(from(json!({"fileKeyRef": {"volumeName": "data", "path": "none", "key": "A", "optional": true}})), "couldn't parse env file");
    fails(from(json!({"fileKeyRef": {"volumeName": "data", "path": "bad", "key": "A"}})), "couldn't parse env file");
    let uid = "00000000-0000-0000-0000-000000000007";
    fails(
        from(json!({"fileKeyRef": {"volumeName": "data", "path": "env", "key": "EMPTY"}})),
        &format!(
            "environment variable key \"EMPTY\" not found in file \"/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~empty-dir/data/env\""
        ),
    );
    let error = ConfigError("secret \"x\" not found".to_owned());
    assert_eq!((ConfigError::REASON, error.event_message().as_str()), ("CreateContainerConfigError", "Error: secret \"x\" not found"));
}

#[test]
fn variables_stay_as_they_were_when_the_container_started() {
    let container = json!({"env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "COLOR"}}}],
        "envFrom": [{"secretRef": {"name": "login"}}]});
    let (mut world, container) = world(container);
    world.put(100, "ConfigMap", "shop", "cfg", json!({"data": {"COLOR": "green"}}));
    world.remove(101, "Secret", "shop", "login");
    let started = |at: u64| environment(&world.setting_at(at, &|_| None), &container).map(|found| found.variables.get("X").cloned());
    assert_eq!(started(99), Ok(Some("blue".into())));
    assert_eq!(started(100), Ok(Some("green".into())));
    assert_eq!(started(101), Err(ConfigError("secret \"login\" not found".to_owned())));
}

#[test]
fn what_the_runtime_adds() {
    let mut environment = Environment::default();
    environment.variables.set("COLOR", "blue");
    let image = [("PATH".into(), Str::from("/app/bin")), ("COLOR".into(), "red".into()), ("LANG".into(), "C".into())];
    let shown = |variables: &Variables| variables.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
    let all = environment.of_process("web-1", &image, "/root", false);
    assert_eq!(shown(&all), "PATH=/app/bin HOSTNAME=web-1 COLOR=blue LANG=C HOME=/root");
    environment.variables.set("HOME", "/srv/me");
    let all = environment.of_process("web-1", &[], "/root", true);
    assert_eq!(shown(&all), format!("PATH={DEFAULT_PATH} HOSTNAME=web-1 COLOR=blue HOME=/srv/me TERM=xterm"));
}

#[test]
fn pull_secrets() {
    let (mut world, _) = world(json!({}));
    assert_eq!(missing_pull_secrets(&world.setting(&|_| None)), None);
    world.change_spec(|spec| spec["imagePullSecrets"] = json!([{"name": "a"}, {"name": "login"}, {"name": ""}, {"name": "b"}]));
    assert_eq!(
        missing_pull_secrets(&world.setting(&|_| None)).as_deref(),
        Some("Unable to retrieve some image pull secrets (a, b); attempting to pull the image may not succeed.")
    );
}
