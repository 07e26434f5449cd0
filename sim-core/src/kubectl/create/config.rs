//! `kubectl create configmap`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/create/create_configmap.go`, v1.36.

use serde_json::{Map, Value, json};

use super::{hash, non_empty_name, sources};
use crate::api::quote::quote;
use crate::apiserver::validation::names;
use crate::kubectl::failure::{Answer, Failure};
use crate::kubectl::flags::{Flag, switch, value};
use crate::kubectl::{Call, Next, target};

/// The flags of `create configmap`.
pub const FLAGS: &[Flag] = &[value("from-file"), value("from-literal"), value("from-env-file"), switch("append-hash")];

/// Runs `kubectl create configmap`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let name = non_empty_name(call)?;
    sources::check_alone(call)?;
    let mut data = Map::new();
    add(&mut data, &name, sources::files(call, &call.flags.list("from-file"))?)?;
    add(&mut data, &name, sources::literals(call)?)?;
    add(&mut data, &name, sources::env_files(call, "config")?)?;
    let name = if call.flags.on("append-hash") {
        let suffix = hash::suffix(&json!({"kind": "ConfigMap", "name": name, "data": data}));
        format!("{name}-{suffix}")
    } else {
        name
    };
    let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    if !data.is_empty() {
        map["data"] = Value::Object(data);
    }
    super::object(call, target::resource("configmaps")?, map, Some("failed to create configmap:"))
}

fn add(data: &mut Map<String, Value>, name: &str, entries: Vec<sources::Entry>) -> Answer<()> {
    for (key, content) in entries {
        let why = names::config_key(&key);
        if !why.is_empty() {
            return Err(Failure::Plain(format!("{} is not a valid key name for a ConfigMap: {}", quote(&key), why.join(","))));
        }
        if data.contains_key(&key) {
            let (key, name) = (quote(&key), quote(name));
            return Err(Failure::Plain(format!(
                "cannot add key {key}, another key by that name already exists in Data for ConfigMap {name}"
            )));
        }
        data.insert(key, Value::from(content));
    }
    Ok(())
}
