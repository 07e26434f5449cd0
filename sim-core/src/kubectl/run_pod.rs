//! `kubectl run`: one pod. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/run/run.go`, v1.36.

use serde_json::{Map, Value, json};

use super::apply::annotated;
use super::create::required;
use super::failure::{Answer, Failure};
use super::field::{map_mut, text};
use super::flags::{Flag, optional, short, short_switch, switch, value};
use super::run_attached::Attached;
use super::target;
use super::{Call, DryRun, Next, Session};
use crate::api::patch::{json_patch, merge, strategic};
use crate::api::yaml;

/// The flags of `run`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("labels", 'l'),
    switch("command"),
    switch("expose"),
    switch("privileged"),
    switch("record"),
    switch("save-config"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("annotations"),
    value("env"),
    value("field-manager"),
    value("image"),
    value("image-pull-policy"),
    value("port"),
    value("overrides"),
    value("override-type"),
    value("restart"),
    short_switch("quiet", 'q'),
    short_switch("stdin", 'i'),
    short_switch("tty", 't'),
    switch("attach"),
    switch("leave-stdin-open"),
    switch("rm"),
    value("pod-running-timeout"),
];

/// Runs `kubectl run`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    required(call, &["image"])?;
    let dry_run = call.dry_run()?;
    let named = call.flags.args.split_first().filter(|_| call.flags.dash != Some(0));
    let Some((name, command)) = named.map(|(name, command)| (name.clone(), command.to_vec())) else {
        return Err(call.flags.usage("NAME is required for run"));
    };
    let image = call.flags.text("image").to_owned();
    if image.is_empty() {
        return Err(Failure::plain("--image is required"));
    }
    if image.contains(char::is_whitespace) || image.chars().any(|c| c.is_ascii_uppercase() && !image.contains(':')) {
        return Err(Failure::Plain(format!("Invalid image name {image:?}: invalid reference format")));
    }
    let port = call.flags.int("port")?;
    if call.flags.on("expose") && port.is_none() {
        return Err(call.flags.usage("--port must be set when exposing a service"));
    }
    let restart = Some(call.flags.text("restart")).filter(|policy| !policy.is_empty()).unwrap_or("Always").to_owned();
    if !matches!(restart.as_str(), "Always" | "OnFailure" | "Never") {
        return Err(call.flags.usage(format!("invalid restart policy: {restart}")));
    }
    let pull = call.flags.text("image-pull-policy");
    if !matches!(pull, "" | "Always" | "IfNotPresent" | "Never") {
        return Err(call.flags.usage(format!("invalid image pull policy: {pull}")));
    }
    let attach = attaches(call, dry_run)?;
    let labels = pairs(call.flags.get("labels")).unwrap_or_else(|| Map::from_iter([("run".to_owned(), Value::from(name.as_str()))]));
    let mut pod = pod(call, &name, &image, &command, &restart, port, &labels);
    if let Some(overrides) = call.flags.get("overrides").filter(|overrides| !overrides.is_empty()) {
        pod = overridden(call, &pod, overrides)?;
    }
    // The pod is created first, the Service is told of first.
    let pod = write(call, "pods", pod, dry_run)?;
    if call.flags.on("expose") {
        let service = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"ports": [{"port": port, "protocol": "TCP", "targetPort": port}], "selector": labels},
            "status": {"loadBalancer": {}},
        });
        match write(call, "services", service, dry_run) {
            Ok(service) => call.say(target::resource("services")?, &name, &service, "created", dry_run)?,
            Err(failure) => {
                call.say(target::resource("pods")?, &name, &pod, "created", dry_run)?;
                return Err(failure);
            }
        }
    }
    if attach {
        let prompt = call.flags.on("stdin") && call.flags.on("tty") && !call.flags.on("quiet");
        let (ns, name) = (call.namespace(), text(&pod, "metadata.name"));
        let attached = Attached::new(call.api.now(), (ns, name), name, call.flags.on("rm"), prompt);
        return Ok(Next::Wait(Session::Attached(Box::new(attached))));
    }
    call.say(target::resource("pods")?, text(&pod, "metadata.name"), &pod, "created", dry_run)?;
    Ok(Next::Done)
}

/// Whether kubectl attaches to the pod; `--stdin` means so unless `--attach` says otherwise.
fn attaches(call: &Call<'_>, dry_run: DryRun) -> Answer<bool> {
    let flags = &call.flags;
    let attach = if flags.has("attach") { flags.on("attach") } else { flags.on("stdin") };
    if flags.on("rm") && !attach {
        return Err(Failure::plain("--rm should only be used for attached containers"));
    }
    if flags.on("tty") && !flags.on("stdin") {
        return Err(Failure::plain("-i/--stdin is required for containers with -t/--tty=true"));
    }
    if attach && dry_run != DryRun::No {
        return Err(flags.usage(format!(
            "--dry-run={} can't be used with attached containers options (--attach, --stdin, or --tty)",
            flags.text("dry-run")
        )));
    }
    Ok(attach)
}

/// The pod with what `--overrides` says otherwise.
fn overridden(call: &Call<'_>, pod: &Value, overrides: &str) -> Answer<Value> {
    let fragment = yaml::documents(overrides).ok().and_then(|documents| documents.into_iter().next()).map(|document| document.tree);
    let fragment = fragment.ok_or_else(|| Failure::plain("Invalid JSON Patch"))?;
    match call.flags.get("override-type").unwrap_or("merge") {
        "merge" => Ok(merge(pod, &fragment)),
        "strategic" => Ok(strategic(target::resource("pods")?, pod, &fragment)?),
        "json" => Ok(json_patch(pod, &fragment)?),
        other => Err(Failure::Plain(format!("invalid override type: {other}"))),
    }
}

/// Creates an object, or prepares it for being shown. It names its namespace only when the command line does.
fn write(call: &mut Call<'_>, resource: &str, mut object: Value, dry_run: DryRun) -> Answer<Value> {
    let ns = call.namespace().to_owned();
    if dry_run == DryRun::Client {
        if call.explicit_namespace() {
            map_mut(&mut object, "metadata").insert("namespace".into(), Value::from(ns));
        }
        return Ok(object);
    }
    if call.flags.on("save-config") {
        object = annotated(object);
    }
    let options = call.write_options(dry_run, "kubectl-run");
    let written = call.api.create(target::resource(resource)?, &ns, object, &options)?;
    call.warn(&written);
    Ok(written.object)
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
    for field in ["stdin", "tty"] {
        if call.flags.on(field) {
            container[field] = Value::from(true);
        }
    }
    if call.flags.on("stdin") && !call.flags.on("leave-stdin-open") {
        container["stdinOnce"] = Value::from(true);
    }
    if call.flags.on("privileged") {
        container["securityContext"] = json!({"privileged": true});
    }
    let env = call.flags.all("env").iter().filter_map(|e| e.split_once('=')).map(|(name, value)| json!({"name": name, "value": value}));
    let env: Vec<Value> = env.collect();
    if !env.is_empty() {
        container["env"] = Value::Array(env);
    }
    let mut metadata = json!({"labels": labels, "name": name});
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
