//! `kubectl run`: one pod. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/run/run.go`, v1.36.
//!
//! Left out: `--attach`, `--stdin`, `--tty`, `--rm` and `--overrides`.

use serde_json::{Map, Value, json};

use super::failure::{Answer, Failure};
use super::flags::{Flag, optional, refused, short, switch, value};
use super::target;
use super::{Call, DryRun, Next};

/// The flags of `run`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("labels", 'l'),
    switch("command"),
    switch("expose"),
    switch("privileged"),
    switch("record"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("annotations"),
    value("env"),
    value("field-manager"),
    value("image"),
    value("image-pull-policy"),
    value("port"),
    value("restart"),
    refused("attach"),
    refused("leave-stdin-open"),
    refused("overrides"),
    refused("override-type"),
    refused("pod-running-timeout"),
    refused("quiet"),
    refused("rm"),
    refused("save-config"),
    Flag { long: "stdin", short: 'i', takes: super::flags::Takes::Refused },
    Flag { long: "tty", short: 't', takes: super::flags::Takes::Refused },
];

/// Runs `kubectl run`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let Some(image) = call.flags.get("image").map(str::to_owned) else {
        return Err(Failure::plain("required flag(s) \"image\" not set"));
    };
    let Some((name, command)) = call.flags.args.split_first().map(|(n, c)| (n.clone(), c.to_vec())) else {
        return Err(call.flags.usage("NAME is required for run"));
    };
    if image.is_empty() || image.contains(char::is_whitespace) || image.chars().any(|c| c.is_ascii_uppercase() && !image.contains(':')) {
        return Err(Failure::Plain(format!("Invalid image name {image:?}: invalid reference format")));
    }
    let restart = call.flags.get("restart").unwrap_or("Always").to_owned();
    if !matches!(restart.as_str(), "Always" | "OnFailure" | "Never") {
        return Err(call.flags.usage(format!("invalid restart policy: {restart}")));
    }
    let port = call.flags.int("port")?;
    if call.flags.on("expose") && port.is_none() {
        return Err(call.flags.usage("--port must be set when exposing a service"));
    }
    let dry_run = call.dry_run()?;
    let labels = pairs(call.flags.get("labels")).unwrap_or_else(|| Map::from_iter([("run".to_owned(), Value::from(name.as_str()))]));
    let pod = pod(call, &name, &image, &command, &restart, port, &labels);
    if call.flags.on("expose") {
        let service = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": call.namespace()},
            "spec": {"ports": [{"port": port, "protocol": "TCP", "targetPort": port}], "selector": labels},
            "status": {"loadBalancer": {}},
        });
        write(call, "services", &name, service, dry_run)?;
    }
    write(call, "pods", &name, pod, dry_run)?;
    Ok(Next::Done)
}

fn write(call: &mut Call<'_>, resource: &str, name: &str, object: Value, dry_run: DryRun) -> Answer<()> {
    let resource = target::resource(resource)?;
    if dry_run == DryRun::Client {
        return call.say(resource, name, &object, "created", dry_run);
    }
    let options = call.write_options(dry_run, "kubectl-run");
    let ns = call.namespace().to_owned();
    let written = call.api.create(resource, &ns, object, &options)?;
    call.warn(&written);
    call.say(resource, name, &written.object, "created", dry_run)
}

fn pairs(text: Option<&str>) -> Option<Map<String, Value>> {
    let pair = |pair: &str| pair.split_once('=').map(|(k, v)| (k.to_owned(), Value::from(v)));
    text.map(|text| text.split(',').filter_map(pair).collect())
}

fn pod(
    call: &Call<'_>,
    name: &str,
    image: &str,
    command: &[String],
    restart: &str,
    port: Option<i64>,
    labels: &Map<String, Value>,
) -> Value {
    let mut container = json!({"image": image, "name": name, "resources": {}});
    if !command.is_empty() {
        container[if call.flags.on("command") { "command" } else { "args" }] = json!(command);
    }
    if let Some(port) = port {
        container["ports"] = json!([{"containerPort": port}]);
    }
    if let Some(policy) = call.flags.get("image-pull-policy") {
        container["imagePullPolicy"] = Value::from(policy);
    }
    if call.flags.on("privileged") {
        container["securityContext"] = json!({"privileged": true});
    }
    let env = call.flags.all("env").iter().filter_map(|e| e.split_once('=')).map(|(name, value)| json!({"name": name, "value": value}));
    let env: Vec<Value> = env.collect();
    if !env.is_empty() {
        container["env"] = Value::Array(env);
    }
    let mut metadata = json!({"labels": labels, "name": name, "namespace": call.namespace()});
    if let Some(annotations) = pairs(call.flags.get("annotations")) {
        metadata["annotations"] = Value::Object(annotations);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart},
        "status": {},
    })
}
