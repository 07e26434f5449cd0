//! `kubectl set image`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/set/set_image.go`, v1.36.

use serde_json::{Value, json};

use super::api::PatchKind;
use super::failure::{Answer, Failure};
use super::field::{items, map_mut, text};
use super::flags::{Flag, optional, refused, short, short_switch, switch, value};
use super::target::{self, Info, Rules, nothing_named};
use super::{Call, DryRun, Next, history};

/// The flags of `set image`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("selector", 'l'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short_switch("recursive", 'R'),
    switch("all"),
    switch("record"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("field-manager"),
    refused("local"),
];

/// Runs `kubectl set image`.
pub fn image(call: &mut Call<'_>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let (args, pairs) = resources_and_pairs(&call.flags.args)?;
    if nothing_named(call, &args) {
        return Err(Failure::plain(target::NOTHING));
    }
    let mut targets = target::find(call, &args, Rules::default())?;
    if let Some(failure) = Failure::all(std::mem::take(&mut targets.failures)) {
        return Err(failure);
    }
    if pairs.is_empty() {
        return Err(Failure::plain("at least one image update is required"));
    }
    if pairs.len() > 1 && pairs.iter().any(|(name, _)| name == "*") {
        return Err(Failure::plain(
            "all containers are already specified by *, but saw more than one container_name=container_image pairs",
        ));
    }
    let options = call.write_options(dry_run, "kubectl-set");
    let mut failures = Vec::new();
    for info in targets.infos() {
        let Some(path) = pod_spec(&info) else {
            let why =
                format!("error: {} the object is not a pod or does not have a pod template: {}\n", info.plural_title(), info.resource.kind);
            failures.push(Failure::Plain(why));
            continue;
        };
        let mut patch = images_patch(&info.object, path, &pairs, &mut failures);
        if patch.is_null() {
            continue;
        }
        if call.flags.on("record") {
            map_mut(&mut patch, "metadata.annotations").insert(history::CHANGE_CAUSE.into(), Value::from(call.flags.recorded()));
        }
        if dry_run == DryRun::Client {
            call.say(info.resource, &info.name, &info.object, "image updated", dry_run)?;
            continue;
        }
        match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Strategic, &patch, &options) {
            Ok(written) => {
                call.warn(&written);
                call.say(info.resource, &info.name, &written.object, "image updated", dry_run)?;
            }
            Err(error) => failures.push(Failure::Plain(format!("failed to patch image update to pod template: {error}"))),
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// Where the pod spec of an object is.
fn pod_spec(info: &Info) -> Option<&'static str> {
    match (info.resource.group, info.resource.plural) {
        ("", "pods") => Some("spec"),
        ("batch", "cronjobs") => Some("spec.jobTemplate.spec.template.spec"),
        ("apps", "deployments" | "replicasets" | "statefulsets" | "daemonsets") | ("batch", "jobs") | ("", "replicationcontrollers") => {
            Some("spec.template.spec")
        }
        _ => None,
    }
}

/// The patch that sets the images; null when nothing changes.
fn images_patch(object: &Value, path: &str, pairs: &[(String, String)], failures: &mut Vec<Failure>) -> Value {
    let mut patch = Value::Null;
    for (wanted, _) in pairs {
        let everywhere = ["initContainers", "containers"].map(|list| items(object, &format!("{path}.{list}")));
        if !everywhere.iter().flat_map(|list| list.iter()).any(|c| wanted == "*" || text(c, "name") == wanted) {
            failures.push(Failure::Plain(format!("error: unable to find container named {wanted:?}")));
        }
    }
    for list in ["initContainers", "containers"] {
        let mut changed = Vec::new();
        for container in items(object, &format!("{path}.{list}")) {
            let image = pairs.iter().rev().find(|(name, _)| name == "*" || name == text(container, "name")).map(|(_, image)| image);
            if let Some(image) = image.filter(|image| *image != text(container, "image")) {
                changed.push(json!({"name": text(container, "name"), "image": image}));
            }
        }
        if !changed.is_empty() {
            map_mut(&mut patch, path).insert(list.to_owned(), Value::Array(changed));
        }
    }
    patch
}

/// Container names with their images.
type Pairs = Vec<(String, String)>;

/// Splits arguments into resources and `name=image` pairs; resources come first.
fn resources_and_pairs(args: &[String]) -> Answer<(Vec<String>, Pairs)> {
    let mut resources = Vec::new();
    let mut pairs = Pairs::new();
    for arg in args {
        match arg.split_once('=') {
            None if pairs.is_empty() => resources.push(arg.clone()),
            None => return Err(Failure::Plain(format!("all resources must be specified before image changes: {arg}"))),
            Some((name, image)) if !name.is_empty() && !image.is_empty() => {
                pairs.retain(|(known, _)| known != name);
                pairs.push((name.to_owned(), image.to_owned()));
            }
            Some(_) => return Err(Failure::Plain(format!("invalid image format: {arg}"))),
        }
    }
    Ok((resources, pairs))
}
