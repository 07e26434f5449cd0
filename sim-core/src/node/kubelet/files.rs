//! Volumes that are made from the API: of a ConfigMap, a Secret, what the downward API tells, or several of them. Mirrors
//! `pkg/volume/{configmap,secret,downwardapi,projected}` and `pkg/volume/util/atomic_writer.go`, v1.36.
//!
//! Computed when somebody asks, from what the kubelet knew at the pod's last sync. The writer's own directory and the links that it turns
//! over in one stroke (`..data`) are kept out of sight: each key is a plain file. Contents that aren't text are shown as far as they are;
//! their size is right.
//!
//! A service account's token is an obvious stand-in. Trust bundles and certificates of pods are beyond the API of a plain v1.36 cluster
//! (`ClusterTrustBundleProjection` and `PodCertificateRequest` are off): a pod that asks for them fails as it would there.

pub mod hosts;
pub mod mounts;
pub mod resolv;

use crate::api::defaults::base64_decode;
use crate::api::downward::{self, Subject};
use crate::api::object::Kind;
use crate::api::record::Record;
use crate::node::kubelet::environment::{Setting, container_named, not_found};
use crate::node::runtime::disk::{File, Files};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Why a volume can't be mounted. The pod stays in `ContainerCreating`, and this is what the event [`MountError::EVENT`] says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MountError {
    volume: String,
    why: String,
}

impl MountError {
    /// The reason of the event.
    pub const EVENT: &'static str = "FailedMount";
}

impl fmt::Display for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MountVolume.SetUp failed for volume \"{}\" : {}", self.volume, self.why)
    }
}

/// What a volume gets: bytes and permissions by path.
type Payload = BTreeMap<String, (Vec<u8>, u32)>;

/// The mode of files that nobody gave one.
const DEFAULT_MODE: u32 = 0o644;

/// The files of a volume of the pod; none if the volume isn't made from the API.
///
/// # Errors
/// `MountVolume.SetUp failed for volume "cfg" : configmap "x" not found`, and its like.
pub fn of_volume(setting: &Setting<'_>, name: &str) -> Result<Option<Files>, MountError> {
    let volumes = list(&setting.pod.spec.tree, "volumes");
    let Some(payload) = volumes.iter().find(|volume| volume["name"] == name).and_then(|volume| payload(setting, volume)) else {
        return Ok(None);
    };
    let payload = payload.map_err(|why| MountError { volume: setting.pod.volume_name(name), why })?;
    // A volume that only reads is made readable for its group.
    let of_group = if setting.pod.spec.tree["securityContext"]["fsGroup"].is_number() { 0o440 } else { 0 };
    let file = |(path, (bytes, mode)): (String, (Vec<u8>, u32))| {
        let data = String::from_utf8_lossy(&bytes).into_owned().into();
        (path.into(), File { data, size: bytes.len() as u64, mode: mode | of_group })
    };
    Ok(Some(payload.into_iter().map(file).collect()))
}

/// What keeps the pod's volumes from being mounted, one for each that fails. A volume that no container mounts isn't set up.
pub fn failures(setting: &Setting<'_>) -> Vec<MountError> {
    let spec = &setting.pod.spec.tree;
    let containers = ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(|field| list(spec, field));
    let mounted: Vec<&Value> = containers.flat_map(|container| list(container, "volumeMounts")).map(|mount| &mount["name"]).collect();
    let volumes = list(spec, "volumes").iter().filter(|volume| mounted.contains(&&volume["name"]));
    volumes.filter_map(|volume| of_volume(setting, volume["name"].as_str()?).err()).collect()
}

fn payload(setting: &Setting<'_>, volume: &Value) -> Option<Result<Payload, String>> {
    let source = |field: &str| volume.get(field).filter(|source| source.is_object());
    if let Some(source) = source("configMap") {
        return Some(keys(setting, Kind::ConfigMap, source, "name", mode_of(source)));
    }
    if let Some(source) = source("secret") {
        return Some(keys(setting, Kind::Secret, source, "secretName", mode_of(source)));
    }
    if let Some(source) = source("downwardAPI") {
        return Some(downward_api(setting, source, mode_of(source)));
    }
    source("projected").map(|source| projected(setting, source))
}

fn list<'a>(tree: &'a Value, field: &str) -> &'a [Value] {
    tree[field].as_array().map_or(&[], Vec::as_slice)
}

fn mode_of(source: &Value) -> u32 {
    mode(&source["defaultMode"], DEFAULT_MODE)
}

fn mode(value: &Value, default: u32) -> u32 {
    value.as_u64().and_then(|mode| u32::try_from(mode).ok()).unwrap_or(default)
}

/// A path without empty steps and dots. The API server has refused those that climb.
pub fn clean(path: &str) -> String {
    path.split('/').filter(|step| !matches!(*step, "" | ".")).collect::<Vec<_>>().join("/")
}

/// The keys of a ConfigMap or Secret: all, or those that are asked for, where they are wanted.
fn keys(setting: &Setting<'_>, kind: Kind, source: &Value, name: &str, default: u32) -> Result<Payload, String> {
    let name = source[name].as_str().unwrap_or_default();
    let optional = source["optional"] == true;
    let contents = match setting.known.record(kind, &setting.pod.meta.namespace, name) {
        Some(record) => contents(record),
        None if optional => BTreeMap::new(),
        None => return Err(not_found(kind, name)),
    };
    let items = list(source, "items");
    if items.is_empty() {
        return Ok(contents.into_iter().map(|(key, bytes)| (key.to_owned(), (bytes, default))).collect());
    }
    let mut payload = Payload::new();
    for item in items {
        let key = item["key"].as_str().unwrap_or_default();
        match contents.get(key) {
            Some(bytes) => drop(payload.insert(path_of(item), (bytes.clone(), mode(&item["mode"], default)))),
            None if optional => {}
            None if kind == Kind::ConfigMap => return Err(format!("configmap references non-existent config key: {key}")),
            None => return Err(format!("references non-existent secret key: {key}")),
        }
    }
    Ok(payload)
}

fn path_of(item: &Value) -> String {
    clean(item["path"].as_str().unwrap_or_default())
}

/// What is under each key, as bytes.
fn contents(record: &Record) -> BTreeMap<&str, Vec<u8>> {
    let entries = |field: &str| record.body[field].as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().as_bytes().to_vec();
    let decoded = |value: &Value| base64_decode(value.as_str().unwrap_or_default()).unwrap_or_default();
    let is_plain = record.kind == Kind::ConfigMap;
    let data = entries("data").map(|(key, value)| (key.as_str(), if is_plain { text(value) } else { decoded(value) }));
    data.chain(entries("binaryData").map(|(key, value)| (key.as_str(), decoded(value)))).collect()
}

fn downward_api(setting: &Setting<'_>, source: &Value, default: u32) -> Result<Payload, String> {
    let subject = Subject::of(&setting.pod.meta);
    let (mut payload, mut wrong) = (Payload::new(), Vec::new());
    for item in list(source, "items") {
        let value = match (item["fieldRef"]["fieldPath"].as_str(), &item["resourceFieldRef"]) {
            (Some(path), _) => subject.field(path),
            (None, selector) => resource(setting, selector),
        };
        match value {
            Ok(value) => drop(payload.insert(path_of(item), (value.into_bytes(), mode(&item["mode"], default)))),
            Err(why) => wrong.push(why),
        }
    }
    all_or(payload, wrong)
}

/// As for a variable, but that the node stands in for every container's limit, and the pod for none.
fn resource(setting: &Setting<'_>, selector: &Value) -> Result<String, String> {
    let (container, _) = container_named(&setting.pod.spec.tree, selector["containerName"].as_str().unwrap_or_default())?;
    downward::resource(selector, container, &|resource| setting.node.allocatable(resource))
}

/// Several sources in one volume; where two have the same path, the later wins.
fn projected(setting: &Setting<'_>, projected: &Value) -> Result<Payload, String> {
    let default = mode_of(projected);
    let (mut payload, mut wrong) = (Payload::new(), Vec::new());
    for source in list(projected, "sources") {
        let is = |field: &str| source[field].is_object();
        let part = if is("secret") {
            keys(setting, Kind::Secret, &source["secret"], "name", default)
        } else if is("configMap") {
            keys(setting, Kind::ConfigMap, &source["configMap"], "name", default)
        } else if is("downwardAPI") {
            downward_api(setting, &source["downwardAPI"], default)
        } else if is("serviceAccountToken") {
            Ok(token(setting, &source["serviceAccountToken"], default))
        } else if is("clusterTrustBundle") {
            Err("ClusterTrustBundle projection is not supported in static kubelet mode".to_owned())
        } else if is("podCertificate") {
            Err("unimplemented".to_owned())
        } else {
            Ok(Payload::new())
        };
        match part {
            Ok(part) => payload.extend(part),
            Err(why) => wrong.push(why),
        }
    }
    all_or(payload, wrong)
}

/// The payload, or all that is wrong with it, each once, as Go's `utilerrors.Aggregate` prints it.
fn all_or(payload: Payload, wrong: Vec<String>) -> Result<Payload, String> {
    let mut each: Vec<String> = Vec::new();
    for why in wrong {
        if !each.contains(&why) {
            each.push(why);
        }
    }
    match each.as_slice() {
        [] => Ok(payload),
        [why] => Err(why.clone()),
        several => Err(format!("[{}]", several.join(", "))),
    }
}

/// Stands for the token of the pod's service account: nobody signs one here.
fn token(setting: &Setting<'_>, source: &Value, default: u32) -> Payload {
    let pod = setting.pod;
    let account = pod.spec.tree["serviceAccountName"].as_str().filter(|name| !name.is_empty()).unwrap_or("default");
    let audience = source["audience"].as_str().unwrap_or_default();
    let audience = if audience.is_empty() { String::new() } else { format!(" for {audience}") };
    let seconds = source["expirationSeconds"].as_i64().unwrap_or(3600);
    let (namespace, name) = (&pod.meta.namespace, &pod.meta.name);
    let text = format!(
        "not-a-real-token: stands for a token of system:serviceaccount:{namespace}:{account}{audience}, bound to pod {name}, valid for {seconds}s"
    );
    // Nobody but its owner may read it, once it is known who that is.
    let spec = &pod.spec.tree;
    let mode = if spec["securityContext"]["fsGroup"].is_number() || runs_as_one_user(spec) { 0o600 } else { default };
    Payload::from([(path_of(source), (text.into_bytes(), mode))])
}

/// Whether all containers run as the same user: `FsUserFrom` of `pkg/volume/util/util.go`.
fn runs_as_one_user(spec: &Value) -> bool {
    let user = |container: &Value| {
        let of = |context: &Value| context["runAsUser"].as_i64();
        of(&container["securityContext"]).or_else(|| of(&spec["securityContext"]))
    };
    let mut users = ["initContainers", "containers"].into_iter().flat_map(|field| list(spec, field)).map(user);
    users.next().flatten().is_some_and(|first| users.all(|other| other == Some(first)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::kubelet::tests::World;
    use serde_json::json;

    fn world(volume: Value) -> World {
        let mut world = World::default();
        let data = json!({"data": {"b.conf": "two", "a.conf": "one"}, "binaryData": {"logo": "/wD/"}});
        world.put(0, "ConfigMap", "shop", "cfg", data);
        world.put(0, "Secret", "shop", "login", json!({"data": {"password": "czNjcjN0IQ=="}}));
        let mut volume = volume;
        volume["name"] = json!("v");
        world.pod(json!({
            "containers": [{"name": "main", "volumeMounts": [{"name": "v", "mountPath": "/v"}], "resources": {"limits": {"cpu": "250m"}}}],
            "volumes": [volume], "serviceAccountName": "robot",
        }));
        world
    }

    fn shown(world: &World) -> Result<Vec<String>, String> {
        let files = of_volume(&world.setting(&|_| None), "v").map_err(|error| error.to_string())?.expect("made from the API");
        Ok(files.iter().map(|(path, file)| format!("{path} {:o} {}", file.mode, file.data)).collect())
    }

    #[track_caller]
    fn check(volume: Value, expected: &[&str]) {
        assert_eq!(shown(&world(volume)).expect("nothing is missing"), expected);
    }

    #[track_caller]
    fn fails(volume: Value, expected: &str) {
        assert_eq!(shown(&world(volume)), Err(format!("MountVolume.SetUp failed for volume \"v\" : {expected}")));
    }

    #[test]
    fn config_maps_and_secrets() {
        check(
            json!({"configMap": {"name": "cfg", "defaultMode": 420}}),
            &["a.conf 644 one", "b.conf 644 two", "logo 644 \u{fffd}\0\u{fffd}"],
        );
        check(
            json!({"configMap": {"name": "cfg", "defaultMode": 256, "items": [{"key": "b.conf", "path": "etc//./b", "mode": 511},
                {"key": "a.conf", "path": "a"}]}}),
            &["a 400 one", "etc/b 777 two"],
        );
        check(json!({"secret": {"secretName": "login", "defaultMode": 256}}), &["password 400 s3cr3t!"]);
        check(json!({"configMap": {"name": "absent", "optional": true, "items": [{"key": "k", "path": "k"}]}}), &[]);
        check(json!({"secret": {"secretName": "login", "optional": true, "items": [{"key": "k", "path": "k"}]}}), &[]);
        fails(json!({"configMap": {"name": "absent"}}), "configmap \"absent\" not found");
        fails(json!({"secret": {"secretName": "absent", "optional": false}}), "secret \"absent\" not found");
        fails(
            json!({"configMap": {"name": "cfg", "items": [{"key": "none", "path": "x"}]}}),
            "configmap references non-existent config key: none",
        );
        fails(
            json!({"secret": {"secretName": "login", "items": [{"key": "none", "path": "x"}]}}),
            "references non-existent secret key: none",
        );
        let world = world(json!({"configMap": {"name": "cfg"}}));
        let files = of_volume(&world.setting(&|_| None), "v").expect("there").expect("made from the API");
        assert_eq!(files.get("logo").map(|file| file.size), Some(3), "the size of the bytes, not of what is shown");
    }

    #[test]
    fn of_the_downward_api() {
        let item = |path: &str, of: Value| {
            let mut item = of;
            item["path"] = json!(path);
            item
        };
        let resource = |name: &str| json!({"resourceFieldRef": {"containerName": "main", "resource": name, "divisor": "1m"}, "mode": 256});
        check(
            json!({"downwardAPI": {"defaultMode": 420, "items": [item("labels", json!({"fieldRef": {"fieldPath": "metadata.labels"}})),
                item("name", json!({"fieldRef": {"fieldPath": "metadata.name"}})), item("cpu", resource("limits.cpu")),
                item("storage", json!({"resourceFieldRef": {"containerName": "main", "resource": "limits.ephemeral-storage", "divisor": "1Gi"}}))]}}),
            &["cpu 400 250", "labels 644 app=\"web\"\ntier=\"front\"", "name 644 web-1", "storage 644 40"],
        );
        fails(
            json!({"downwardAPI": {"items": [item("a", json!({"fieldRef": {"fieldPath": "spec.nodeName"}})),
                item("b", json!({"resourceFieldRef": {"containerName": "none", "resource": "limits.cpu"}}))]}}),
            "[unsupported fieldPath: spec.nodeName, container none not found]",
        );
    }

    #[test]
    fn several_in_one() {
        let api_access = json!({"projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
            {"configMap": {"name": "cfg", "items": [{"key": "a.conf", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
            {"secret": {"name": "login", "items": [{"key": "password", "path": "namespace"}]}}]}});
        let token = "not-a-real-token: stands for a token of system:serviceaccount:shop:robot, bound to pod web-1, valid for 3607s";
        let (token_644, token_640) = (format!("token 644 {token}"), format!("token 640 {token}"));
        check(api_access.clone(), &["ca.crt 644 one", "namespace 644 s3cr3t!", &token_644]);
        let mut world = world(api_access);
        world.change_spec(|spec| spec["securityContext"] = json!({"fsGroup": 1000}));
        assert_eq!(shown(&world).expect("complete")[2], token_640);
        world.change_spec(|spec| spec["securityContext"] = json!({"runAsUser": 1000}));
        assert_eq!(shown(&world).expect("complete")[2], format!("token 600 {token}"));
        world.change_spec(|spec| spec["containers"].as_array_mut().expect("a list").push(json!({"securityContext": {"runAsUser": 0}})));
        assert_eq!(shown(&world).expect("complete")[2], token_644);
        fails(
            json!({"projected": {"sources": [{"configMap": {"name": "x"}}, {"secret": {"name": "y"}}, {"configMap": {"name": "x"}},
                {"clusterTrustBundle": {"name": "b", "path": "p"}}]}}),
            "[configmap \"x\" not found, secret \"y\" not found, ClusterTrustBundle projection is not supported in static kubelet mode]",
        );
        fails(json!({"projected": {"sources": [{"configMap": {"name": "x"}}]}}), "configmap \"x\" not found");
    }

    #[test]
    fn groups_may_read() {
        let mut world = world(json!({"secret": {"secretName": "login", "defaultMode": 256}}));
        world.change_spec(|spec| spec["securityContext"] = json!({"fsGroup": 1000}));
        assert_eq!(shown(&world).expect("complete"), ["password 440 s3cr3t!"]);
    }

    #[test]
    fn only_what_is_mounted_can_fail() {
        let mut world = world(json!({"configMap": {"name": "absent"}}));
        let failed = |world: &World| failures(&world.setting(&|_| None)).iter().map(MountError::to_string).collect::<Vec<_>>();
        assert_eq!(failed(&world), ["MountVolume.SetUp failed for volume \"v\" : configmap \"absent\" not found"]);
        world.change_spec(|spec| spec["volumes"][0]["name"] = json!("unused"));
        assert_eq!(failed(&world), Vec::<String>::new());
        // The token's volume has the name that the API shows.
        world.change_spec(|spec| {
            spec["volumes"][0]["name"] = json!("kube-api-access");
            spec["containers"][0]["volumeMounts"][0]["name"] = json!("kube-api-access");
        });
        let failed = failed(&world);
        assert!(failed[0].starts_with("MountVolume.SetUp failed for volume \"kube-api-access-"), "{failed:?}");
        assert_eq!(of_volume(&world.setting(&|_| None), "none"), Ok(None));
    }

    #[test]
    fn a_volume_shows_what_the_last_sync_found() {
        let mut world = world(json!({"configMap": {"name": "cfg", "items": [{"key": "a.conf", "path": "a"}]}}));
        world.put(50, "ConfigMap", "shop", "cfg", json!({"data": {"a.conf": "new"}}));
        let at =
            |secs: u64| of_volume(&world.setting_at(secs, &|_| None), "v").expect("there").expect("made from the API")["a"].data.clone();
        assert_eq!((at(49).as_str(), at(50).as_str()), ("one", "new"));
    }
}
