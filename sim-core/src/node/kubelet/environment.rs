//! A container's environment variables, command and arguments. Mirrors `makeEnvironmentVariables` of `pkg/kubelet/kubelet_pods.go` and
//! `ExpandContainerCommandAndArgs` of `pkg/kubelet/container/helpers.go`, v1.36.
//!
//! Computed when somebody asks: for a container that starts, and again for one that runs, from what its kubelet knew at the start
//! ([`Known`]). Differs: variables are in the order in which they are declared, those of `envFrom` by key, and Services' come last; a real
//! kubelet's order is a map's, so random. Labels and annotations are those of the pod as it is, not as it was when the container started.
//!
//! Keys of an `envFrom` are no longer skipped if they aren't C identifiers, nor is there an event about them: since
//! `RelaxedEnvironmentVariableValidation` any key of a ConfigMap is a name.

pub mod env_file;
pub mod expansion;
pub mod services;

use crate::api::defaults::base64_decode;
use crate::api::downward::{self, Subject};
use crate::api::meta::Str;
use crate::api::node::Node;
use crate::api::object::Kind;
use crate::api::pod::{Pod, Resources};
use crate::api::quantity::{Format, Quantity};
use crate::api::quote::quote;
use crate::api::record::Record;
use crate::node::kubelet::files::clean;
use crate::node::kubelet::past::Known;
use crate::node::runtime::disk::Files;
use expansion::{expand, unknown};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

/// What the downward API tells of a node.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeFacts {
    /// Its name.
    pub name: Str,
    /// Its address.
    pub address: Ipv4Addr,
    /// What its pods may use: the limit of a container that has none.
    pub allocatable: Resources,
}

impl NodeFacts {
    /// Of a node as the API has it.
    pub fn of(node: &Node) -> Self {
        NodeFacts { name: node.meta.name.clone(), address: node.status.address, allocatable: node.status.allocatable.resources }
    }

    /// A resource's amount for a container without a limit.
    pub fn allocatable(&self, resource: &str) -> Option<Quantity> {
        Some(match resource {
            "cpu" => Quantity::from_millis(self.allocatable.milli_cpu, Format::DecimalSi),
            "memory" => Quantity::from_i64(self.allocatable.memory, Format::BinarySi),
            "ephemeral-storage" => Quantity::from_i64(self.allocatable.ephemeral_storage, Format::BinarySi),
            _ => return None,
        })
    }
}

/// A pod on its node, and what its kubelet knows at a moment.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// Its node.
    pub node: &'a NodeFacts,
    /// Its address, once it has one.
    pub address: Option<Ipv4Addr>,
    /// ConfigMaps, Secrets and Services.
    pub known: Known<'a>,
    /// What is in a volume that its containers can write to; none for a volume of configuration.
    pub disk: &'a dyn Fn(&str) -> Option<&'a Files>,
}

/// Why a container can't be made from what its specification names. It waits with the reason [`ConfigError::REASON`] and this as message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError(pub(crate) String);

impl ConfigError {
    /// Why the container waits.
    pub const REASON: &'static str = "CreateContainerConfigError";

    /// What the event `Failed` says.
    pub fn event_message(&self) -> String {
        format!("Error: {self}")
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Variables in the order in which they were set first.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Variables {
    list: Vec<(Str, Str)>,
    places: BTreeMap<Str, usize>,
}

impl Variables {
    /// Sets a variable. One that is there keeps its place.
    pub fn set(&mut self, name: impl Into<Str>, value: impl Into<Str>) {
        let (name, value) = (name.into(), value.into());
        match self.places.get(&name) {
            Some(place) => self.list[*place].1 = value,
            None => {
                self.places.insert(name.clone(), self.list.len());
                self.list.push((name, value));
            }
        }
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&Str> {
        self.places.get(name).map(|place| &self.list[*place].1)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(Str, Str)> {
        self.list.iter()
    }
}

/// What a container's process is started with, as far as its kubelet says it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Environment {
    /// Its variables, without those that come from the image and the runtime.
    pub variables: Variables,
    /// What replaces the image's entry point; empty if nothing does.
    pub command: Vec<Str>,
    /// What replaces the image's arguments; empty if nothing does.
    pub args: Vec<Str>,
}

/// Where programs are looked for, unless an image says otherwise.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Environment {
    /// The variables that a process sees. The runtime begins with `PATH` and `HOSTNAME`, takes the image's, then the kubelet's, and adds
    /// `TERM` for a process that a terminal is attached to, and `HOME` if nobody has set it. containerd's
    /// `internal/cri/server/container_create.go`, and runc.
    pub fn of_process(&self, hostname: &str, image: &[(Str, Str)], home: &str, terminal: bool) -> Variables {
        let mut all = Variables::default();
        all.set("PATH", DEFAULT_PATH);
        all.set("HOSTNAME", hostname.to_owned());
        for (name, value) in image.iter().chain(self.variables.iter()) {
            all.set(name.clone(), value.clone());
        }
        if terminal {
            all.set("TERM", "xterm");
        }
        if all.get("HOME").is_none() {
            all.set("HOME", home.to_owned());
        }
        all
    }
}

/// The environment of a container of the pod.
///
/// # Errors
/// What is missing, in the kubelet's words: `configmap "x" not found`, `couldn't find key k in ConfigMap ns/x`, …
pub fn environment(setting: &Setting<'_>, container: &Value) -> Result<Environment, ConfigError> {
    let links = setting.pod.spec.tree["enableServiceLinks"] != false;
    let services = services::variables(&setting.known, &setting.pod.meta.namespace, links);
    let of_services: BTreeMap<&str, &str> = services.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut variables = Variables::default();
    for source in list(container, "envFrom") {
        all_of(setting, source, &mut variables)?;
    }
    for variable in list(container, "env") {
        let name = variable["name"].as_str().unwrap_or_default();
        let found = match variable["value"].as_str().filter(|value| !value.is_empty()) {
            Some(value) => Some(expand(value, |name| match variables.get(name).map(Str::as_str).or(of_services.get(name).copied()) {
                Some(value) => value.to_owned(),
                None => unknown(name),
            })),
            None => from_source(setting, container, &variable["valueFrom"])?,
        };
        if let Some(value) = found {
            variables.set(name.to_owned(), value);
        }
    }
    for (name, value) in &services {
        if variables.get(name).is_none() {
            variables.set(name.clone(), value.clone());
        }
    }
    let words = |field: &str| -> Vec<Str> {
        let value = |name: &str| variables.get(name).map_or_else(|| unknown(name), Str::to_string);
        list(container, field).iter().filter_map(Value::as_str).map(|word| expand(word, value).into()).collect()
    };
    Ok(Environment { command: words("command"), args: words("args"), variables })
}

fn list<'a>(tree: &'a Value, field: &str) -> &'a [Value] {
    tree[field].as_array().map_or(&[], Vec::as_slice)
}

/// All keys of a ConfigMap or Secret, as variables.
fn all_of(setting: &Setting<'_>, source: &Value, variables: &mut Variables) -> Result<(), ConfigError> {
    let prefix = source["prefix"].as_str().unwrap_or_default();
    for (field, kind) in [("configMapRef", Kind::ConfigMap), ("secretRef", Kind::Secret)] {
        if !source[field].is_object() {
            continue;
        }
        if let Some(record) = named(setting, kind, &source[field])? {
            for key in record.body["data"].as_object().into_iter().flatten().map(|(key, _)| key) {
                variables.set(format!("{prefix}{key}"), value_of(record, key).unwrap_or_default());
            }
        }
        // One of the two, and the ConfigMap first.
        break;
    }
    Ok(())
}

/// The ConfigMap or Secret that a reference names; none if it isn't there and may be missing.
fn named<'a>(setting: &Setting<'a>, kind: Kind, reference: &Value) -> Result<Option<&'a Record>, ConfigError> {
    let name = reference["name"].as_str().unwrap_or_default();
    match setting.known.record(kind, &setting.pod.meta.namespace, name) {
        None if reference["optional"] != true => Err(ConfigError(not_found(kind, name))),
        found => Ok(found),
    }
}

/// What the kubelet's cache says of an object that isn't there.
pub fn not_found(kind: Kind, name: &str) -> String {
    format!("{} {} not found", kind.as_str().to_lowercase(), quote(name))
}

/// A text of a ConfigMap, or of a Secret, where it is base64.
fn value_of(record: &Record, key: &str) -> Option<String> {
    let value = record.body["data"][key].as_str()?;
    if record.kind != Kind::Secret {
        return Some(value.to_owned());
    }
    Some(String::from_utf8_lossy(&base64_decode(value).unwrap_or_default()).into_owned())
}

/// The value of a variable that comes from elsewhere; none if it may be missing, and is: then it isn't set at all.
fn from_source(setting: &Setting<'_>, container: &Value, source: &Value) -> Result<Option<String>, ConfigError> {
    let is = |field: &str| source[field].is_object();
    if is("fieldRef") {
        return pod_field(setting, &source["fieldRef"]).map(Some).map_err(ConfigError);
    }
    if is("resourceFieldRef") {
        return resource(setting, container, &source["resourceFieldRef"]).map(Some).map_err(ConfigError);
    }
    for (field, kind) in [("configMapKeyRef", Kind::ConfigMap), ("secretKeyRef", Kind::Secret)] {
        if is(field) {
            return key_of(setting, kind, &source[field]);
        }
    }
    if is("fileKeyRef") { key_of_file(setting, &source["fileKeyRef"]) } else { Ok(Some(String::new())) }
}

fn key_of(setting: &Setting<'_>, kind: Kind, reference: &Value) -> Result<Option<String>, ConfigError> {
    let Some(record) = named(setting, kind, reference)? else { return Ok(None) };
    let key = reference["key"].as_str().unwrap_or_default();
    match value_of(record, key) {
        None if reference["optional"] != true => {
            let (namespace, name) = (&setting.pod.meta.namespace, &record.meta.name);
            Err(ConfigError(format!("couldn't find key {key} in {} {namespace}/{name}", kind.as_str())))
        }
        value => Ok(value),
    }
}

/// A key of a file that an earlier container wrote into a volume.
fn key_of_file(setting: &Setting<'_>, reference: &Value) -> Result<Option<String>, ConfigError> {
    let field = |name: &str| reference[name].as_str().unwrap_or_default();
    let volumes = list(&setting.pod.spec.tree, "volumes");
    if !volumes.iter().any(|volume| volume["name"] == reference["volumeName"]) {
        return Err(ConfigError(format!("cannot find the volume {} referenced by FileKeyRef", quote(field("volumeName")))));
    }
    let path = clean(field("path"));
    let file = (setting.disk)(field("volumeName")).and_then(|files| files.get(path.as_str()));
    // The kubelet keeps what is wrong with the file to its log.
    let unreadable = || ConfigError("couldn't parse env file".to_owned());
    let value = env_file::value_of(&file.ok_or_else(unreadable)?.data, field("key")).map_err(|_| unreadable())?;
    match value.is_empty() {
        true if reference["optional"] != true => {
            let directory = format!("/var/lib/kubelet/pods/{}/volumes/kubernetes.io~empty-dir", setting.pod.meta.uid);
            let file = quote(&format!("{directory}/{}/{path}", field("volumeName")));
            Err(ConfigError(format!("environment variable key {} not found in file {file}", quote(field("key")))))
        }
        true => Ok(None),
        false => Ok(Some(value)),
    }
}

/// The value of a `fieldRef`: `podFieldSelectorRuntimeValue`.
fn pod_field(setting: &Setting<'_>, selector: &Value) -> Result<String, String> {
    let address = || setting.address.map_or_else(String::new, |address| address.to_string());
    Ok(match selector["fieldPath"].as_str().unwrap_or_default() {
        "spec.nodeName" => setting.pod.node_name.to_string(),
        "spec.serviceAccountName" => setting.pod.spec.tree["serviceAccountName"].as_str().unwrap_or_default().to_owned(),
        "status.hostIP" | "status.hostIPs" => setting.node.address.to_string(),
        "status.podIP" | "status.podIPs" => address(),
        path => return Subject::of(&setting.pod.meta).field(path),
    })
}

/// The value of a `resourceFieldRef`. A container without a limit has the pod's, or all that the node can give; another container's limit
/// is only made up so if it isn't an init container: `defaultPodLimitsForDownwardAPI`.
fn resource(setting: &Setting<'_>, container: &Value, selector: &Value) -> Result<String, String> {
    let of_pod = |resource: &str| {
        let limits = &setting.pod.spec.tree["resources"]["limits"];
        Quantity::from_value(&limits[resource])
            .and_then(Result::ok)
            .filter(|limit| matches!(resource, "cpu" | "memory") && !limit.is_zero())
    };
    let stand_in = |resource: &str| of_pod(resource).or_else(|| setting.node.allocatable(resource));
    match selector["containerName"].as_str().filter(|name| !name.is_empty()) {
        None => downward::resource(selector, container, &stand_in),
        Some(name) => match container_named(&setting.pod.spec.tree, name)? {
            (named, false) => downward::resource(selector, named, &stand_in),
            (named, true) => downward::resource(selector, named, &|_| None),
        },
    }
}

/// The container of this name, and whether it is an init container.
pub fn container_named<'a>(spec: &'a Value, name: &str) -> Result<(&'a Value, bool), String> {
    let of = |field: &str| list(spec, field).iter().find(|container| container["name"] == name);
    let found = of("containers").map(|container| (container, false)).or_else(|| of("initContainers").map(|container| (container, true)));
    found.ok_or_else(|| format!("container {name} not found"))
}

/// The Secrets that a pod names to fetch images with and that aren't there. An image may be fetched without; if that fails, the event
/// `FailedToRetrieveImagePullSecret` names them: `getPullSecretsForPod`.
pub fn missing_pull_secrets(setting: &Setting<'_>) -> Option<String> {
    let names = list(&setting.pod.spec.tree, "imagePullSecrets").iter().filter_map(|secret| secret["name"].as_str());
    let is_missing = |name: &&str| !name.is_empty() && setting.known.record(Kind::Secret, &setting.pod.meta.namespace, name).is_none();
    let missing: Vec<&str> = names.filter(is_missing).collect();
    (!missing.is_empty()).then(|| {
        format!("Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.", missing.join(", "))
    })
}

#[cfg(test)]
mod tests;
