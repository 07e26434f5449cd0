//! `kubectl create` from files and by name, and `kubectl replace`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/create` and
//! `pkg/cmd/replace/replace.go`, v1.36.

use serde_json::{Map, Value, json};

use super::apply::annotated;
use super::failure::{Answer, Failure};
use super::field::{map_mut, name};
use super::flags::{Flag, optional, refused, short, short_switch, switch, value};
use super::manifest;
use super::target::{self, Info};
use super::{Call, DryRun, Next, history};
use crate::api::resources::Resource;

/// The flags of `create -f`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("selector", 'l'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short_switch("recursive", 'R'),
    switch("record"),
    switch("save-config"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager"),
    refused("edit"),
    refused("raw"),
];

/// The flags of `replace`.
pub const REPLACE_FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short_switch("recursive", 'R'),
    switch("save-config"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager"),
    refused("force"),
    refused("cascade"),
    refused("grace-period"),
    refused("raw"),
    refused("subresource"),
    refused("timeout"),
    refused("wait"),
];

/// The flags of `create namespace`.
pub const OBJECT_FLAGS: &[Flag] = &[
    short("output", 'o'),
    switch("save-config"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager"),
];

/// The flags of `create deployment`.
pub const DEPLOYMENT_FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("replicas", 'r'),
    switch("save-config"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager"),
    value("image"),
    value("port"),
];

/// The flags of `create service …`.
pub const SERVICE_FLAGS: &[Flag] = &[
    short("output", 'o'),
    switch("save-config"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager"),
    value("tcp"),
    value("clusterip"),
    value("node-port"),
    value("external-name"),
];

/// `--validate`.
pub fn field_validation(call: &Call<'_>) -> Answer<super::api::FieldValidation> {
    use super::api::FieldValidation;
    match call.flags.get("validate") {
        None | Some("true" | "strict") => Ok(FieldValidation::Strict),
        Some("warn") => Ok(FieldValidation::Warn),
        Some("false" | "ignore") => Ok(FieldValidation::Ignore),
        Some(other) => {
            Err(Failure::Plain(format!("invalid - validate option {other:?}; must be one of: strict (or true), warn, ignore (or false)")))
        }
    }
}

/// Runs `kubectl create -f`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    if !call.flags.has("filename") && !call.flags.has("kustomize") {
        if call.flags.args.is_empty() {
            return Err(Failure::plain("must specify one of -f and -k"));
        }
        return Err(call.flags.usage(format!("Unexpected args: [{}]", call.flags.args.join(" "))));
    }
    if !call.flags.args.is_empty() {
        return Err(call.flags.usage(format!("Unexpected args: [{}]", call.flags.args.join(" "))));
    }
    let dry_run = call.dry_run()?;
    let mut options = call.write_options(dry_run, "kubectl-create");
    options.field_validation = field_validation(call)?;
    let (infos, mut failures) = manifest::read(call)?;
    if infos.is_empty() && failures.is_empty() {
        return Err(Failure::plain("no objects passed to create"));
    }
    let selector = super::target::selector(call, target::resource("pods")?)?;
    for info in infos {
        if !selector.matches(super::field::at(&info.object, "metadata.labels")) {
            continue;
        }
        let mut object = info.object.clone();
        if call.flags.on("save-config") {
            object = annotated(object);
        }
        if call.flags.on("record") {
            map_mut(&mut object, "metadata.annotations").insert(history::CHANGE_CAUSE.into(), Value::from(call.flags.recorded()));
        }
        if let Err(failure) = write(call, &info, object, dry_run, &options) {
            failures.push(failure);
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

fn write(call: &mut Call<'_>, info: &Info, object: Value, dry_run: DryRun, options: &super::api::WriteOptions) -> Answer<()> {
    if dry_run == DryRun::Client {
        return call.say(info.resource, &info.name, &object, "created", dry_run);
    }
    match call.api.create(info.resource, &info.ns, object, options) {
        Ok(written) => {
            call.warn(&written);
            call.say(info.resource, name(&written.object), &written.object, "created", dry_run)
        }
        Err(error) => Err(Failure::from(error).about("creating", info.source.as_deref())),
    }
}

/// Runs `kubectl replace -f`.
pub fn replace(call: &mut Call<'_>) -> Answer<Next> {
    if !call.flags.has("filename") && !call.flags.has("kustomize") {
        return Err(Failure::plain("must specify one of -f and -k"));
    }
    let dry_run = call.dry_run()?;
    let mut options = call.write_options(dry_run, "kubectl-replace");
    options.field_validation = field_validation(call)?;
    let (infos, mut failures) = manifest::read(call)?;
    if infos.is_empty() && failures.is_empty() {
        return Err(Failure::plain("no objects passed to replace"));
    }
    for info in infos {
        let mut object = info.object.clone();
        let applied = super::field::entry(&object, "metadata.annotations", super::rollback::LAST_APPLIED).is_some();
        if call.flags.on("save-config") || applied {
            object = annotated(object);
        }
        if dry_run == DryRun::Client {
            call.say(info.resource, &info.name, &object, "replaced", dry_run)?;
            continue;
        }
        match call.api.update(info.resource, &info.ns, object, &options) {
            Ok(written) => {
                call.warn(&written);
                call.say(info.resource, &info.name, &written.object, "replaced", dry_run)?;
            }
            Err(error) => failures.push(Failure::from(error).about("replacing", info.source.as_deref())),
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// Creates an object that the command line describes. `what` names it when the server says no.
pub fn object(call: &mut Call<'_>, resource: &'static Resource, object: Value, what: Option<&str>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let mut options = call.write_options(dry_run, "kubectl-create");
    options.field_validation = field_validation(call)?;
    let mut object = object;
    let ns = if resource.namespaced { call.namespace().to_owned() } else { String::new() };
    if resource.namespaced {
        map_mut(&mut object, "metadata").insert("namespace".into(), Value::from(ns.as_str()));
    }
    if call.flags.on("save-config") {
        object = annotated(object);
    }
    if dry_run == DryRun::Client {
        let title = name(&object).to_owned();
        call.say(resource, &title, &object, "created", dry_run)?;
        return Ok(Next::Done);
    }
    match (call.api.create(resource, &ns, object, &options), what) {
        (Ok(written), _) => {
            call.warn(&written);
            call.say(resource, name(&written.object), &written.object, "created", dry_run)?;
            Ok(Next::Done)
        }
        (Err(error), Some(what)) => Err(Failure::Plain(format!("failed to create {what}: {error}"))),
        (Err(error), None) => Err(error.into()),
    }
}

/// The one NAME of a command line.
pub fn one_name(call: &Call<'_>) -> Answer<String> {
    let args = &call.flags.args[..call.flags.dash.unwrap_or(call.flags.args.len())];
    match args {
        [one] => Ok(one.clone()),
        args => Err(call.flags.usage(format!("exactly one NAME is required, got {}", args.len()))),
    }
}

/// `kubectl create namespace`.
pub fn namespace(call: &mut Call<'_>) -> Answer<Next> {
    let name = one_name(call)?;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {}, "status": {}});
    object(call, target::resource("namespaces")?, namespace, None)
}

/// `kubectl create deployment`.
pub fn deployment(call: &mut Call<'_>) -> Answer<Next> {
    let images = call.flags.list("image");
    if images.is_empty() {
        return Err(Failure::plain("required flag(s) \"image\" not set"));
    }
    let name = one_name(call)?;
    let command: Vec<&String> = call.flags.dash.map_or_else(Vec::new, |dash| call.flags.args[dash..].iter().collect());
    if images.len() > 1 && !command.is_empty() {
        return Err(Failure::plain("cannot specify multiple --image options and command"));
    }
    let port = call.flags.int("port")?.filter(|port| *port >= 0);
    let containers: Vec<Value> = images
        .iter()
        .map(|image| {
            let mut container = json!({"name": container_name(image), "image": image, "resources": {}});
            if !command.is_empty() {
                container["command"] = json!(command);
            }
            if let Some(port) = port {
                container["ports"] = json!([{"containerPort": port}]);
            }
            container
        })
        .collect();
    let replicas = call.flags.int("replicas")?.unwrap_or(1);
    if replicas < 0 {
        return Err(Failure::plain("--replicas must be non-negative"));
    }
    let labels = json!({"app": name});
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
        "status": {},
    });
    object(call, target::resource("deployments.apps")?, deployment, Some("deployment"))
}

/// The last part of an image's name, made fit for a container's name.
fn container_name(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let bare = last.split(['@', ':']).next().unwrap_or(last);
    bare.to_lowercase().chars().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' { c } else { '-' }).collect()
}

/// `kubectl create service clusterip`.
pub fn service_cluster_ip(call: &mut Call<'_>) -> Answer<Next> {
    let mut spec = Map::new();
    let address = call.flags.text("clusterip").to_owned();
    if !address.is_empty() {
        spec.insert("clusterIP".into(), Value::from(address.as_str()));
    }
    service(call, "ClusterIP", spec, address != "None")
}

/// `kubectl create service nodeport`.
pub fn service_node_port(call: &mut Call<'_>) -> Answer<Next> {
    service(call, "NodePort", Map::new(), true)
}

/// `kubectl create service loadbalancer`.
pub fn service_load_balancer(call: &mut Call<'_>) -> Answer<Next> {
    service(call, "LoadBalancer", Map::new(), true)
}

/// `kubectl create service externalname`.
pub fn service_external_name(call: &mut Call<'_>) -> Answer<Next> {
    let target = call.flags.text("external-name").to_owned();
    if target.is_empty() {
        return Err(Failure::plain("required flag(s) \"external-name\" not set"));
    }
    service(call, "ExternalName", Map::from_iter([("externalName".to_owned(), Value::from(target))]), false)
}

fn service(call: &mut Call<'_>, kind: &str, mut spec: Map<String, Value>, ports_needed: bool) -> Answer<Next> {
    let name = one_name(call)?;
    let tcp = call.flags.list("tcp");
    if tcp.is_empty() && ports_needed {
        return Err(Failure::plain("at least one tcp port specifier must be provided"));
    }
    let node_port = call.flags.int("node-port")?.unwrap_or(0);
    let mut ports = Vec::new();
    for given in &tcp {
        let (port, target) = given.split_once(':').unwrap_or((given, given));
        let Ok(number) = port.parse::<u16>() else {
            return Err(Failure::Plain(format!("strconv.ParseInt: parsing {port:?}: invalid syntax")));
        };
        let target = target.parse::<u16>().map_or_else(|_| Value::from(target), Value::from);
        let mut entry = json!({"name": given.replace(':', "-"), "port": number, "protocol": "TCP", "targetPort": target});
        if node_port != 0 {
            entry["nodePort"] = Value::from(node_port);
        }
        ports.push(entry);
    }
    if !ports.is_empty() {
        spec.insert("ports".into(), Value::Array(ports));
    }
    spec.insert("selector".into(), json!({"app": name}));
    spec.insert("type".into(), Value::from(kind));
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": spec,
        "status": {"loadBalancer": {}},
    });
    object(call, target::resource("services")?, service, Some(&format!("{kind} service")))
}
