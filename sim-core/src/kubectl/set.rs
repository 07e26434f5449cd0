//! `kubectl set image`, `set resources` and `set serviceaccount`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/set`, v1.36.

use serde_json::{Value, json};

use super::api::PatchKind;
use super::failure::{Answer, Failure};
use super::field::{items, map_mut, text};
use super::flags::{Flag, optional, refused, short, switch, value};
use super::target::{self, Info, Rules, nothing_named};
use super::{Call, DryRun, Next};
use crate::api::patch::strategic;

/// The flags of `set image`.
pub const FLAGS: &[Flag] = &[
    switch("all"),
    switch("record"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("field-manager"),
    refused("local"),
];

/// The flags of `set resources`.
pub const RESOURCES_FLAGS: &[Flag] = &[
    switch("all"),
    switch("record"),
    switch("show-managed-fields"),
    short("containers", 'c'),
    value("limits"),
    value("requests"),
    optional("dry-run", "unchanged"),
    value("field-manager"),
    refused("local"),
];

/// Runs `kubectl set image`.
pub fn image(call: &mut Call<'_>) -> Answer<Next> {
    let (args, pairs) = resources_and_pairs(&call.flags.args)?;
    let targets = targets(call, &args)?;
    if pairs.is_empty() {
        return Err(Failure::plain("at least one image update is required"));
    }
    if pairs.len() > 1 && pairs.iter().any(|(name, _)| name == "*") {
        return Err(Failure::plain(
            "all containers are already specified by *, but saw more than one container_name=container_image pairs",
        ));
    }
    let words = Words { done: "image updated", failed: "failed to patch image update to pod template:" };
    update(call, targets, &words, |object, path, failures| images_patch(object, path, &pairs, failures))
}

/// Runs `kubectl set resources`. Mirrors `set_resources.go`.
pub fn resources(call: &mut Call<'_>) -> Answer<Next> {
    let args = call.flags.args.clone();
    let lists = [("limits", amounts(call, "limits")?), ("requests", amounts(call, "requests")?)];
    if lists.iter().all(|(_, amounts)| amounts.is_empty()) {
        return Err(Failure::plain("you must specify an update to requests or limits (in the form of --requests/--limits)"));
    }
    let wanted = containers_wanted(call);
    let targets = targets(call, &args)?;
    let words = Words { done: "resource requirements updated", failed: "failed to patch resources update to pod template" };
    update(call, targets, &words, |object, path, failures| {
        containers_patch(object, path, &wanted, failures, |container| {
            let mut changed = Value::Null;
            for (list, amounts) in &lists {
                let known = container.pointer(&format!("/resources/{list}"));
                for (name, amount) in
                    amounts.iter().filter(|(name, amount)| known.and_then(|known| known.get(name)) != Some(&json!(amount)))
                {
                    map_mut(&mut changed, &format!("resources.{list}")).insert(name.clone(), json!(amount));
                }
            }
            changed
        })
    })
}

/// Runs `kubectl set serviceaccount`. Mirrors `set_serviceaccount.go`: the patch is sent even if it changes nothing.
pub fn service_account(call: &mut Call<'_>) -> Answer<Next> {
    call.dry_run()?;
    let Some((account, resources)) = call.flags.args.split_last().map(|(account, resources)| (account.clone(), resources.to_vec())) else {
        return Err(Failure::plain("serviceaccount is required"));
    };
    let targets = targets(call, &resources)?;
    let words = Words { done: "serviceaccount updated", failed: "failed to patch ServiceAccountName" };
    update(call, targets, &words, |_, path, _| {
        let mut patch = Value::Null;
        map_mut(&mut patch, path).insert("serviceAccountName".into(), Value::from(account.as_str()));
        patch
    })
}

/// What a command says when it is done, and what failed if it isn't.
pub struct Words {
    /// `image updated`.
    pub done: &'static str,
    /// The words before the server's answer.
    pub failed: &'static str,
}

/// The objects that a command line names, or the first reason why there are none.
pub fn targets(call: &mut Call<'_>, args: &[String]) -> Answer<Vec<Info>> {
    if nothing_named(call, args) {
        return Err(Failure::plain(target::NOTHING));
    }
    let mut targets = target::find(call, args, Rules::default())?;
    match Failure::all(std::mem::take(&mut targets.failures)) {
        Some(failure) => Err(failure),
        None => Ok(targets.infos()),
    }
}

/// Patches the pod template of each object. `patch` is null where nothing changes.
pub fn update(
    call: &mut Call<'_>,
    targets: Vec<Info>,
    words: &Words,
    patch: impl Fn(&Value, &str, &mut Vec<Failure>) -> Value,
) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let options = call.write_options(dry_run, "kubectl-set");
    let mut failures = Vec::new();
    for info in targets {
        let Some(path) = pod_spec(&info) else {
            let why =
                format!("error: {} the object is not a pod or does not have a pod template: {}\n", info.plural_title(), info.resource.kind);
            failures.push(Failure::Plain(why));
            continue;
        };
        let mut patch = patch(&info.object, path, &mut failures);
        if patch.is_null() {
            continue;
        }
        call.note_cause(&mut patch);
        if dry_run == DryRun::Client {
            let object = strategic(info.resource, &info.object, &patch)?;
            call.say(info.resource, &info.name, &object, words.done, dry_run)?;
            continue;
        }
        match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Strategic, &patch, &options) {
            Ok(written) => {
                call.warn(&written);
                call.say(info.resource, &info.name, &written.object, words.done, dry_run)?;
            }
            Err(error) => failures.push(Failure::Plain(format!("{} {error}", words.failed))),
        }
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// The pattern of `--containers`: a name, with `*` at its ends.
pub fn containers_wanted(call: &Call<'_>) -> String {
    call.flags.get("containers").unwrap_or("*").to_owned()
}

/// Whether a container is meant.
pub fn is_wanted(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) if !end.contains('*') => name.ends_with(end),
        (_, Some(start)) if !start.contains('*') => name.starts_with(start),
        (Some(_), Some(_)) => name.contains(pattern.trim_matches('*')),
        _ => name == pattern,
    }
}

/// The patch of the containers that are wanted; null when nothing changes.
fn containers_patch(object: &Value, path: &str, wanted: &str, failures: &mut Vec<Failure>, change: impl Fn(&Value) -> Value) -> Value {
    let mut patch = Value::Null;
    let mut found = false;
    for list in ["initContainers", "containers"] {
        let mut changed = Vec::new();
        for container in items(object, &format!("{path}.{list}")).iter().filter(|c| is_wanted(wanted, text(c, "name"))) {
            found = true;
            let mut change = change(container);
            if !change.is_null() {
                change["name"] = text(container, "name").into();
                changed.push(change);
            }
        }
        if !changed.is_empty() {
            map_mut(&mut patch, path).insert(list.to_owned(), Value::Array(changed));
        }
    }
    if !found {
        failures.push(Failure::Plain(format!("error: unable to find container named {wanted}")));
    }
    patch
}

/// `cpu=200m,memory=512Mi`, in order.
fn amounts(call: &Call<'_>, flag: &str) -> Answer<Vec<(String, String)>> {
    let Some(text) = call.flags.get(flag) else { return Ok(Vec::new()) };
    let pair = |part: &str| match part.split_once('=') {
        Some((name, amount)) if crate::api::quantity::Quantity::parse(amount).is_ok() => Ok((name.to_owned(), amount.to_owned())),
        Some(_) => Err(Failure::plain("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")),
        None => Err(Failure::Plain(format!("invalid argument syntax {part}, expected <resource>=<value>"))),
    };
    text.split(',').map(pair).collect()
}

/// Where the pod spec of an object is.
pub fn pod_spec(info: &Info) -> Option<&'static str> {
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
