//! Which ConfigMaps and Secrets a pod's specification names, and how. Mirrors `VisitPodSecretNames` and `VisitPodConfigmapNames` of
//! `pkg/api/v1/pod/util.go`, v1.36, which say what a kubelet watches.

use crate::api::meta::{Str, text};
use crate::api::object::Kind;
use serde_json::Value;

/// How a container gets what is in an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Use {
    /// As variables: read when a container starts, and never again.
    Environment,
    /// As files of a volume: a change reaches them with one of the pod's next syncs.
    Volume,
    /// As a part of a volume that is mounted alone: what was there when the container started stays.
    SubPath,
    /// To fetch images, by a storage driver, or in a volume that nobody mounts: no container sees it, and its absence keeps none back.
    Node,
}

/// That a pod names an object of its namespace.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Reference {
    /// [`Kind::ConfigMap`] or [`Kind::Secret`].
    pub kind: Kind,
    /// Its name.
    pub name: Str,
    /// How it is used.
    pub how: Use,
    /// Whether the pod does without.
    pub optional: bool,
}

/// The volumes whose driver needs a Secret, and where they name it.
const DRIVER_SECRETS: [(&str, &str); 9] = [
    ("azureFile", "/secretName"),
    ("cephfs", "/secretRef/name"),
    ("cinder", "/secretRef/name"),
    ("flexVolume", "/secretRef/name"),
    ("rbd", "/secretRef/name"),
    ("scaleIO", "/secretRef/name"),
    ("iscsi", "/secretRef/name"),
    ("storageos", "/secretRef/name"),
    ("csi", "/nodePublishSecretRef/name"),
];

/// All references of a `spec`, sorted, each once.
pub fn of_spec(spec: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    for container in containers(spec) {
        of_environment(container, &mut found);
    }
    for volume in list(spec, "volumes") {
        for how in uses(spec, volume) {
            of_volume(volume, how, &mut found);
        }
        for (driver, place) in DRIVER_SECRETS {
            found.extend(volume[driver].pointer(place).and_then(Value::as_str).map(|name| of_node(name.to_owned())));
        }
    }
    found.extend(list(spec, "imagePullSecrets").iter().map(|secret| of_node(text(secret, "name").to_string())));
    found.retain(|reference| !reference.name.is_empty());
    found.sort();
    found.dedup();
    found
}

/// All containers, of whatever list.
fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(|field| list(spec, field))
}

fn list<'a>(tree: &'a Value, field: &str) -> &'a [Value] {
    tree[field].as_array().map_or(&[], Vec::as_slice)
}

fn of_node(name: String) -> Reference {
    Reference { kind: Kind::Secret, name: name.into(), how: Use::Node, optional: true }
}

fn reference(kind: Kind, name: Str, how: Use, source: &Value) -> Reference {
    Reference { kind, name, how, optional: source["optional"] == true }
}

fn of_environment(container: &Value, found: &mut Vec<Reference>) {
    let all = list(container, "envFrom").iter().map(|source| (source, "configMapRef", "secretRef"));
    let single = list(container, "env").iter().map(|variable| (&variable["valueFrom"], "configMapKeyRef", "secretKeyRef"));
    for (source, config_map, secret) in all.chain(single) {
        for (kind, field) in [(Kind::ConfigMap, config_map), (Kind::Secret, secret)] {
            if source[field].is_object() {
                found.push(reference(kind, text(&source[field], "name"), Use::Environment, &source[field]));
            }
        }
    }
}

/// How a volume is mounted. One that no container mounts isn't filled: `GetPodVolumeNames` of `pkg/volume/util/util.go`.
fn uses(spec: &Value, volume: &Value) -> Vec<Use> {
    let mounts = containers(spec).flat_map(|container| list(container, "volumeMounts")).filter(|mount| mount["name"] == volume["name"]);
    let mut uses: Vec<Use> = mounts.map(|mount| if is_part(mount) { Use::SubPath } else { Use::Volume }).collect();
    uses.sort();
    uses.dedup();
    if uses.is_empty() {
        uses.push(Use::Node);
    }
    uses
}

/// Whether a mount shows only a part of its volume.
pub fn is_part(mount: &Value) -> bool {
    ["subPath", "subPathExpr"].iter().any(|field| mount[*field].as_str().is_some_and(|path| !path.is_empty()))
}

fn of_volume(volume: &Value, how: Use, found: &mut Vec<Reference>) {
    let projected = list(&volume["projected"], "sources").iter().map(|source| (source, "name"));
    for (source, secret_name) in std::iter::once((volume, "secretName")).chain(projected) {
        for (kind, field, name) in [(Kind::ConfigMap, "configMap", "name"), (Kind::Secret, "secret", secret_name)] {
            if source[field].is_object() {
                found.push(reference(kind, text(&source[field], name), how, &source[field]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(spec: Value, expected: &[(Kind, &str, Use, bool)]) {
        let found = of_spec(&spec);
        let found: Vec<_> = found.iter().map(|r| (r.kind, r.name.as_str(), r.how, r.optional)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn of_everything() {
        use Kind::{ConfigMap, Secret};
        check(json!({"containers": [{"env": [{"name": "A", "value": "1"}]}], "volumes": [{"name": "d", "emptyDir": {}}]}), &[]);
        check(
            json!({"initContainers": [{"envFrom": [{"configMapRef": {"name": "a", "optional": true}}, {"secretRef": {"name": "s"}}]}],
                "containers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "a", "key": "k"}}}, {"valueFrom": {"secretKeyRef": {"name": "s"}}}]}],
                "ephemeralContainers": [{"envFrom": [{"configMapRef": {"name": "debug"}}]}]}),
            &[
                (ConfigMap, "a", Use::Environment, false),
                (ConfigMap, "a", Use::Environment, true),
                (ConfigMap, "debug", Use::Environment, false),
                (Secret, "s", Use::Environment, false),
            ],
        );
        check(
            json!({"containers": [{"volumeMounts": [{"name": "c"}, {"name": "c", "subPath": "x"}, {"name": "p", "subPathExpr": "$(X)"}]}],
                "volumes": [{"name": "c", "configMap": {"name": "a"}}, {"name": "unused", "secret": {"secretName": "s", "optional": true}},
                    {"name": "p", "projected": {"sources": [{"configMap": {"name": "b"}}, {"secret": {"name": "t"}}, {"downwardAPI": {}}]}}]}),
            &[
                (ConfigMap, "a", Use::Volume, false),
                (ConfigMap, "a", Use::SubPath, false),
                (ConfigMap, "b", Use::SubPath, false),
                (Secret, "s", Use::Node, true),
                (Secret, "t", Use::SubPath, false),
            ],
        );
        check(
            json!({"imagePullSecrets": [{"name": "registry"}, {"name": ""}],
                "volumes": [{"name": "d", "csi": {"nodePublishSecretRef": {"name": "driver"}}}]}),
            &[(Secret, "driver", Use::Node, true), (Secret, "registry", Use::Node, true)],
        );
    }
}
