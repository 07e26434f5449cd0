//! `kubectl expose`: a Service for what is there. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/expose/expose.go`, v1.36.

use serde_json::{Map, Value, json};

use super::failure::{Answer, Failure};
use super::field::{at, items, text};
use super::flags::{Flag, optional, refused, short, short_switch, switch, value};
use super::target::{self, Info, Rules};
use super::{Call, DryRun, Next};

/// The flags of `expose`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short("labels", 'l'),
    short_switch("recursive", 'R'),
    switch("record"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("cluster-ip"),
    value("external-ip"),
    value("field-manager"),
    value("load-balancer-ip"),
    value("name"),
    value("port"),
    value("protocol"),
    value("selector"),
    value("session-affinity"),
    value("target-port"),
    value("type"),
    refused("overrides"),
    refused("override-type"),
    refused("save-config"),
];

/// Runs `kubectl expose`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let args = call.flags.args.clone();
    if target::nothing_named(call, &args) {
        return Err(Failure::plain(target::NOTHING));
    }
    let targets = target::find_by_name(call, &args, Rules::default())?;
    if let Some(failure) = Failure::all(targets.failures.clone()) {
        return Err(failure);
    }
    for info in targets.infos() {
        let service = service(call, &info)?;
        let name = text(&service, "metadata.name").to_owned();
        let resource = target::resource("services")?;
        if dry_run == DryRun::Client {
            call.say(resource, &name, &service, "exposed", dry_run)?;
            continue;
        }
        let options = call.write_options(dry_run, "kubectl-expose");
        let written = call.api.create(resource, &info.ns, service, &options)?;
        call.warn(&written);
        call.say(resource, &name, &written.object, "exposed", dry_run)?;
    }
    Ok(Next::Done)
}

fn service(call: &Call<'_>, info: &Info) -> Answer<Value> {
    let flags = &call.flags;
    let object = &info.object;
    let selector = match flags.get("selector") {
        Some(text) => text.split(',').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), Value::from(v))).collect(),
        None => selector_of(info)?,
    };
    let ports = ports(call, info)?;
    let name = flags.get("name").unwrap_or(&info.name);
    let labels = match flags.get("labels") {
        Some(text) => text.split(',').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), Value::from(v))).collect(),
        None => at(object, "metadata.labels").as_object().cloned().unwrap_or_default(),
    };
    let mut metadata = Map::from_iter([("name".to_owned(), Value::from(name)), ("namespace".to_owned(), Value::from(info.ns.as_str()))]);
    if !labels.is_empty() {
        metadata.insert("labels".into(), Value::Object(labels));
    }
    let mut spec = Map::from_iter([("ports".to_owned(), Value::Array(ports)), ("selector".to_owned(), Value::Object(selector))]);
    let names =
        [("type", "type"), ("cluster-ip", "clusterIP"), ("session-affinity", "sessionAffinity"), ("load-balancer-ip", "loadBalancerIP")];
    for (flag, field) in names {
        if let Some(value) = flags.get(flag) {
            spec.insert(field.to_owned(), Value::from(value));
        }
    }
    if let Some(address) = flags.get("external-ip") {
        spec.insert("externalIPs".into(), json!([address]));
    }
    Ok(json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": {"loadBalancer": {}}}))
}

/// The labels that choose the object's pods.
fn selector_of(info: &Info) -> Answer<Map<String, Value>> {
    let object = &info.object;
    let path = match (info.resource.group, info.resource.plural) {
        ("", "pods") => "metadata.labels",
        ("", "services" | "replicationcontrollers") => "spec.selector",
        ("apps", "deployments" | "replicasets") => {
            if !items(object, "spec.selector.matchExpressions").is_empty() {
                return Err(Failure::plain(
                    "couldn't retrieve selectors via --selector flag or introspection: couldn't convert expressions",
                ));
            }
            "spec.selector.matchLabels"
        }
        _ => return Err(Failure::Plain(format!("cannot expose a {}", info.resource.qualified_kind()))),
    };
    match at(object, path).as_object().filter(|m| !m.is_empty()) {
        Some(labels) => Ok(labels.clone()),
        None => {
            let why = match info.resource.plural {
                "pods" => "the pod has no labels and cannot be exposed",
                _ => "invalid deployment: no selectors, therefore cannot be exposed",
            };
            Err(Failure::Plain(format!("couldn't retrieve selectors via --selector flag or introspection: {why}")))
        }
    }
}

/// The ports: as told, or those that the containers declare.
fn ports(call: &Call<'_>, info: &Info) -> Answer<Vec<Value>> {
    let declared: Vec<(i64, String)> = match info.resource.plural {
        "services" => {
            items(&info.object, "spec.ports").iter().map(|p| (super::field::int(p, "port"), text(p, "protocol").to_owned())).collect()
        }
        plural => {
            let path = if plural == "pods" { "spec.containers" } else { "spec.template.spec.containers" };
            let ports = items(&info.object, path).iter().flat_map(|c| items(c, "ports"));
            ports.map(|p| (super::field::int(p, "containerPort"), text(p, "protocol").to_owned())).collect()
        }
    };
    let chosen: Vec<(i64, String)> = match call.flags.get("port") {
        None if declared.is_empty() => return Err(Failure::plain("couldn't find port via --port flag or introspection")),
        None => declared.clone(),
        Some(text) => {
            let port =
                |word: &str| word.parse::<i64>().map_err(|_| Failure::Plain(format!("strconv.Atoi: parsing {word:?}: invalid syntax")));
            text.split(',').map(|word| port(word).map(|n| (n, String::new()))).collect::<Answer<_>>()?
        }
    };
    let several = chosen.len() > 1;
    let entry = |(i, (port, protocol)): (usize, (i64, String))| {
        let own = declared.iter().find(|(p, _)| *p == port).map(|(_, protocol)| protocol.clone());
        let protocol = call.flags.get("protocol").map(str::to_owned).or(own).unwrap_or(protocol);
        let protocol = if protocol.is_empty() { "TCP".to_owned() } else { protocol };
        let target = call.flags.text("target-port");
        let target =
            if target.is_empty() { Value::from(port) } else { target.parse::<i64>().map_or_else(|_| Value::from(target), Value::from) };
        let mut entry = json!({"port": port, "protocol": protocol, "targetPort": target});
        if several {
            entry["name"] = Value::from(format!("port-{}", i + 1));
        }
        entry
    };
    Ok(chosen.into_iter().enumerate().map(entry).collect())
}
