//! `kubectl debug`: pods for looking at nodes, and copies of pods that don't work. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/debug/{debug,profiles}.go`, v1.36.
//!
//! Left out: profiles other than `general` and `legacy`; `--custom`.

use serde_json::{Map, Value, json};

use super::failure::{Answer, Failure};
use super::field::{at, items, map_mut, name, namespace, text};
use super::flags::{Flag, refused, short, short_switch, switch, value};
use super::run_attached::Attached;
use super::{Call, DryRun, Next, Session, target};
use crate::api::names::SUFFIX_ALPHABET;

/// The flags of `debug`.
pub const FLAGS: &[Flag] = &[
    short("container", 'c'),
    short_switch("stdin", 'i'),
    short_switch("tty", 't'),
    short_switch("quiet", 'q'),
    switch("arguments-only"),
    switch("attach"),
    switch("keep-annotations"),
    switch("keep-init-containers"),
    switch("keep-labels"),
    switch("keep-liveness"),
    switch("keep-readiness"),
    switch("keep-startup"),
    switch("replace"),
    switch("same-node"),
    switch("share-processes"),
    value("copy-to"),
    value("env"),
    value("image"),
    value("image-pull-policy"),
    value("profile"),
    value("set-image"),
    value("target"),
    refused("custom"),
    refused("filename"),
];

/// Five letters that make a name one's own: from the store's revision, which nobody has seen before.
fn suffix(call: &Call<'_>, salt: &str) -> String {
    let alphabet = SUFFIX_ALPHABET.as_bytes();
    let seed = salt
        .bytes()
        .fold(call.api.revision().wrapping_mul(0x9e37_79b9_7f4a_7c15), |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let letter = |place: u32| alphabet[((seed >> (8 * place)) % alphabet.len() as u64) as usize] as char;
    (1..=5).map(letter).collect()
}

/// Runs `kubectl debug`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let split = call.flags.dash.unwrap_or(call.flags.args.len());
    let (targets, command) = (call.flags.args[..split].to_vec(), call.flags.args[split..].to_vec());
    validate(call, &targets, &command)?;
    let mut last = None;
    for named in &targets {
        let (kind, object_name) = named.split_once('/').unwrap_or(("pods", named));
        let resource = target::resource(kind)?;
        let ns = if resource.namespaced { call.namespace().to_owned() } else { String::new() };
        let object = call.api.get(resource, &ns, object_name)?;
        last = match resource.kind {
            "Node" => Some(node(call, &object, &command)?),
            "Pod" if call.flags.has("copy-to") => Some(copy(call, &object, &command)?),
            "Pod" => Some(beside(call, &object, &command)?),
            _ => {
                let group = if resource.group.is_empty() { String::new() } else { format!("{}/", resource.group) };
                let message = format!("\"{group}{}, Kind={}\" not supported by debug", resource.version, resource.kind);
                return Err(Failure::Plain(message));
            }
        };
    }
    let attach = if call.flags.has("attach") { call.flags.on("attach") } else { call.flags.on("stdin") };
    match last.filter(|(_, container)| attach && !container.is_empty()) {
        Some((pod, container)) => {
            let prompt = call.flags.on("stdin") && !call.flags.on("quiet");
            let attached = Attached::new(call.api.now(), (namespace(&pod), name(&pod)), &container, false, prompt);
            Ok(Next::Wait(Session::Attached(Box::new(attached))))
        }
        None => Ok(Next::Done),
    }
}

fn validate(call: &mut Call<'_>, targets: &[String], command: &[String]) -> Answer<()> {
    let flags = &call.flags;
    let has = |flag: &str| !flags.text(flag).is_empty();
    let plain = |message: &str| Err(Failure::plain(message));
    if flags.on("attach") && !has("image") && !has("container") {
        return plain("you must specify --container or create a new container using --image in order to attach.");
    }
    if has("copy-to") {
        if !has("image") && !has("set-image") && command.is_empty() {
            return plain("you must specify --image, --set-image or command arguments.");
        }
        if !command.is_empty() && !has("container") && !has("image") {
            return plain("you must specify an existing container or a new image when specifying args.");
        }
    } else {
        match () {
            () if flags.on("replace") => return plain("--replace may only be used with --copy-to."),
            () if flags.on("same-node") => return plain("--same-node may only be used with --copy-to."),
            () if has("set-image") => return plain("--set-image may only be used with --copy-to."),
            () if !has("image") => return plain("you must specify --image when not using --copy-to."),
            () => {}
        }
    }
    if targets.is_empty() {
        return plain("NAME or filename is required for debug");
    }
    let pull = flags.text("image-pull-policy");
    if !matches!(pull, "" | "Always" | "IfNotPresent" | "Never") {
        return Err(Failure::Plain(format!("invalid image pull policy: {pull}")));
    }
    if has("target") {
        if has("copy-to") {
            return plain("--target is incompatible with --copy-to. Use --share-processes instead.");
        }
        let container = flags.text("target");
        let text = format!(
            "Targeting container {container:?}. If you don't see processes from this container it may be because the container runtime \
             doesn't support this feature.\n"
        );
        if !flags.on("quiet") {
            call.out.push_str(&text);
        }
    }
    let flags = &call.flags;
    if flags.on("tty") && !flags.on("stdin") {
        return plain("-i/--stdin is required for containers with -t/--tty=true");
    }
    match flags.get("profile").unwrap_or("general") {
        "general" => {}
        "legacy" => call.err.push_str(
            "--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, for example \
             \"--profile=general\".\n",
        ),
        "baseline" | "netadmin" | "restricted" | "sysadmin" => {
            return Err(Failure::not_simulated(&format!("kubectl debug --profile={}", flags.text("profile"))));
        }
        other => return Err(Failure::Plain(format!("unknown profile: {other}"))),
    }
    Ok(())
}

/// The variables of `--env A=b,C=d`.
fn env(call: &Call<'_>) -> Vec<Value> {
    let pairs = call.flags.list("env");
    pairs.iter().filter_map(|pair| pair.split_once('=')).map(|(name, value)| json!({"name": name, "value": value})).collect()
}

/// What flags say of the new container.
fn fill(call: &Call<'_>, container: &mut Map<String, Value>, command: &[String]) {
    let flags = &call.flags;
    if !command.is_empty() {
        if flags.on("arguments-only") {
            container.insert("args".into(), json!(command));
        } else {
            container.insert("command".into(), json!(command));
            container.remove("args");
        }
    }
    for (field, value) in [("image", flags.text("image")), ("imagePullPolicy", flags.text("image-pull-policy"))] {
        if !value.is_empty() {
            container.insert(field.into(), value.into());
        }
    }
    let env = env(call);
    if !env.is_empty() {
        container.insert("env".into(), env.into());
    }
    for field in ["stdin", "tty"] {
        if flags.on(field) {
            container.insert(field.into(), true.into());
        } else {
            container.remove(field);
        }
    }
}

/// A container in the pod itself: its network, its volumes if they are asked for, and with `--target` the processes of another container.
fn beside(call: &mut Call<'_>, pod: &Value, command: &[String]) -> Answer<(Value, String)> {
    let container = match call.flags.text("container") {
        "" => {
            let made = format!("debugger-{}", suffix(call, name(pod)));
            if !call.flags.on("quiet") {
                call.out.push_str(&format!("Defaulting debug container name to {made}.\n"));
            }
            made
        }
        given => given.to_owned(),
    };
    let mut tree = Map::new();
    tree.insert("name".into(), container.as_str().into());
    tree.insert("terminationMessagePolicy".into(), "File".into());
    if !call.flags.text("target").is_empty() {
        tree.insert("targetContainerName".into(), call.flags.text("target").into());
    }
    fill(call, &mut tree, command);
    let object = call.api.add_ephemeral_container(namespace(pod), name(pod), Value::Object(tree))?;
    Ok((object, container))
}

fn create(call: &mut Call<'_>, ns: &str, pod: Value) -> Answer<Value> {
    let options = call.write_options(DryRun::No, "kubectl-debug");
    let written = call.api.create(target::resource("pods")?, ns, pod, &options)?;
    call.warn(&written);
    Ok(written.object)
}

/// A pod in the node's namespaces, with the node's files.
fn node(call: &mut Call<'_>, node: &Value, command: &[String]) -> Answer<(Value, String)> {
    let node = name(node).to_owned();
    let container = if call.flags.has("container") { call.flags.text("container") } else { "debugger" }.to_owned();
    let pod = format!("node-debugger-{node}-{}", suffix(call, &node));
    if !call.flags.on("quiet") {
        call.out.push_str(&format!("Creating debugging pod {pod} with container {container} on node {node}.\n"));
    }
    let mut spec =
        json!({"name": container, "terminationMessagePolicy": "File", "volumeMounts": [{"mountPath": "/host", "name": "host-root"}]});
    if let Some(map) = spec.as_object_mut() {
        fill(call, map, command);
    }
    let tree = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": pod, "labels": {"app.kubernetes.io/managed-by": "kubectl-debug"}},
        "spec": {
            "containers": [spec], "hostIPC": true, "hostNetwork": true, "hostPID": true, "nodeName": node, "restartPolicy": "Never",
            "tolerations": [{"operator": "Exists"}], "volumes": [{"hostPath": {"path": "/"}, "name": "host-root"}],
        },
    });
    let ns = call.namespace().to_owned();
    Ok((create(call, &ns, tree)?, container))
}

/// A copy of a pod with another container, or with one of its own changed.
fn copy(call: &mut Call<'_>, pod: &Value, command: &[String]) -> Answer<(Value, String)> {
    let mut spec = at(pod, "spec").clone();
    let flags = &call.flags;
    if let Some(map) = spec.as_object_mut() {
        map.remove("ephemeralContainers");
        if flags.has("share-processes") {
            map.insert("shareProcessNamespace".into(), flags.on("share-processes").into());
        } else if flags.has("image") {
            map.insert("shareProcessNamespace".into(), true.into());
        }
        if !flags.on("same-node") {
            map.remove("nodeName");
        }
        if flags.get("keep-init-containers") == Some("false") {
            map.remove("initContainers");
        }
    }
    let images: Vec<(String, String)> = flags
        .list("set-image")
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, image)| (name.to_owned(), image.to_owned()))
        .collect();
    let token = |entry: &Value| text(entry, "name").starts_with("kube-api-access-");
    // The service account's volume is the server's: the copy gets its own.
    if let Some(volumes) = spec.get_mut("volumes").and_then(Value::as_array_mut) {
        volumes.retain(|volume| !token(volume));
    }
    let mut containers = items(&spec, "containers").to_vec();
    for container in &mut containers {
        let named = text(container, "name").to_owned();
        let image = images.iter().find(|(name, _)| *name == named).or_else(|| images.iter().find(|(name, _)| name == "*"));
        if let Some((_, image)) = image {
            container["image"] = image.as_str().into();
        }
        for (probe, keep) in [("livenessProbe", "keep-liveness"), ("readinessProbe", "keep-readiness"), ("startupProbe", "keep-startup")] {
            if let Some(map) = container.as_object_mut().filter(|_| !flags.on(keep)) {
                map.remove(probe);
            }
        }
        if let Some(mounts) = container.get_mut("volumeMounts").and_then(Value::as_array_mut) {
            mounts.retain(|mount| !token(mount));
        }
    }
    let wanted = flags.text("container").to_owned();
    let known = containers.iter().position(|container| text(container, "name") == wanted);
    let (place, name) = match known {
        Some(place) => (Some(place), wanted),
        None if !flags.has("image") && !images.is_empty() => (None, String::new()),
        None if !flags.has("image") => return Err(Failure::plain("you must specify image when creating new container")),
        None => {
            let name = if wanted.is_empty() { format!("debugger-{}", suffix(call, super::field::name(pod))) } else { wanted.clone() };
            if wanted.is_empty() && !call.flags.on("quiet") {
                call.out.push_str(&format!("Defaulting debug container name to {name}.\n"));
            }
            containers.push(json!({"name": name, "terminationMessagePolicy": "File"}));
            (Some(containers.len() - 1), name)
        }
    };
    if let Some(map) = place.and_then(|place| containers[place].as_object_mut()) {
        fill(call, map, command);
    }
    spec["containers"] = containers.into();
    let mut tree = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": call.flags.text("copy-to")}, "spec": spec});
    for (field, keep) in [("labels", "keep-labels"), ("annotations", "keep-annotations")] {
        let kept = at(pod, &format!("metadata.{field}"));
        if call.flags.on(keep) && !kept.is_null() {
            map_mut(&mut tree, "metadata").insert(field.into(), kept.clone());
        }
    }
    let ns = namespace(pod).to_owned();
    let created = create(call, &ns, tree)?;
    if call.flags.on("replace") {
        let options = super::api::DeleteOptions { grace_period: Some(0), ..Default::default() };
        call.api.delete(target::resource("pods")?, &ns, super::field::name(pod), &options)?;
    }
    Ok((created, name))
}
