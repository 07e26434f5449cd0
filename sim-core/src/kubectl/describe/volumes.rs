//! The sources of volumes, of pods and of PersistentVolumes. Mirrors `describeVolumes`, the switch of `describePersistentVolume` and the
//! `print…VolumeSource` functions of `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::Page;
use super::page::{MAX_ANNOTATION, equations, go_list, joined, shorten};
use crate::api::quantity::Quantity;
use crate::kubectl::field::{at, flag, int, items, pairs, plain, text};
use crate::kubectl::get::storage::storage_class_of;

/// How a field of a source is shown.
#[derive(Clone, Copy)]
enum Show {
    /// As it is; nothing when absent.
    Plain(&'static str),
    /// As it is, or what stands for absence.
    Or(&'static str, &'static str),
    /// A number; 0 when absent.
    Number(&'static str),
    /// A boolean; false when absent.
    Flag(&'static str),
    /// A list as Go prints it: `[a b]`.
    List(&'static str),
    /// A list joined by `, `.
    Joined(&'static str),
    /// A map as Go prints it: `map[a:b]`.
    Map(&'static str),
    /// The `secretRef`, as Go prints a pointer to one.
    Secret,
    /// A positive quantity, or `<unset>`.
    Limit(&'static str),
}
use Show::{Flag, Joined, Limit, List, Map, Number, Or, Plain, Secret};

/// A key of a volume, what it is called, and the fields with their labels.
struct Source {
    key: &'static str,
    title: &'static str,
    fields: &'static [(&'static str, Show)],
}

const fn source(key: &'static str, title: &'static str, fields: &'static [(&'static str, Show)]) -> Source {
    Source { key, title, fields }
}

const FS_TYPE: (&str, Show) = ("FSType:", Plain("fsType"));
const READ_ONLY: (&str, Show) = ("ReadOnly:", Flag("readOnly"));
const SECRET_REF: (&str, Show) = ("SecretRef:", Secret);

const EBS: &str = "AWSElasticBlockStore (a Persistent Disk resource in AWS)";
const GCE: &str = "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)";
const HOST_PATH: &str = "HostPath (bare host directory volume)";
const EMPTY_DIR: &str = "EmptyDir (a temporary directory that shares a pod's lifetime)";
const NFS: &str = "NFS (an NFS mount that lasts the lifetime of a pod)";
const ISCSI: &str = "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)";
const GLUSTERFS: &str = "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)";
const CLAIM: &str = "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)";
const RBD: &str = "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)";
const AZURE_DISK: &str = "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)";
const AZURE_FILE: &str = "AzureFile (an Azure File Service mount on the host and bind mount to the pod)";
const CINDER: &str = "Cinder (a Persistent Disk resource in OpenStack)";
const SCALE_IO: &str = "ScaleIO (a persistent volume backed by a block device in ScaleIO)";
const CEPH_FS: &str = "CephFS (a CephFS mount on the host that shares a pod's lifetime)";
const STORAGE_OS: &str = "StorageOS (a StorageOS Persistent Disk resource)";
const FLEX: &str = "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)";
const QUOBYTE: &str = "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)";
const VSPHERE: &str = "vSphereVolume (a Persistent Disk resource in vSphere)";
const PHOTON: &str = "PhotonPersistentDisk (a Persistent Disk resource in photon platform)";
const PORTWORX: &str = "PortworxVolume (a Portworx Volume resource)";
const FC: &str = "FC (a Fibre Channel disk)";
const FLOCKER: &str = "Flocker (a Flocker volume mounted by the Flocker agent)";
const GIT_REPO: &str = "GitRepo (a volume that is pulled from git when the pod is created)";
const IMAGE: &str = "Image (a container image or OCI artifact)";
const LOCAL: &str = "LocalVolume (a persistent volume backed by local storage on a node)";
const CSI: &str = "CSI (a Container Storage Interface (CSI) volume source)";

/// What pods and PersistentVolumes have in common.
const SHARED: &[Source] = &[
    source("hostPath", HOST_PATH, &[("Path:", Plain("path")), ("HostPathType:", Or("type", "<none>"))]),
    source("gcePersistentDisk", GCE, &[("PDName:", Plain("pdName")), FS_TYPE, ("Partition:", Number("partition")), READ_ONLY]),
    source("awsElasticBlockStore", EBS, &[("VolumeID:", Plain("volumeID")), FS_TYPE, ("Partition:", Number("partition")), READ_ONLY]),
    source("nfs", NFS, &[("Server:", Plain("server")), ("Path:", Plain("path")), READ_ONLY]),
    source(
        "iscsi",
        ISCSI,
        &[
            ("TargetPortal:", Plain("targetPortal")),
            ("IQN:", Plain("iqn")),
            ("Lun:", Number("lun")),
            ("ISCSIInterface", Plain("iscsiInterface")),
            FS_TYPE,
            READ_ONLY,
            ("Portals:", List("portals")),
            ("DiscoveryCHAPAuth:", Flag("chapAuthDiscovery")),
            ("SessionCHAPAuth:", Flag("chapAuthSession")),
            SECRET_REF,
            ("InitiatorName:", Or("initiatorName", "<none>")),
        ],
    ),
    source(
        "rbd",
        RBD,
        &[
            ("CephMonitors:", List("monitors")),
            ("RBDImage:", Plain("image")),
            FS_TYPE,
            ("RBDPool:", Plain("pool")),
            ("RadosUser:", Plain("user")),
            ("Keyring:", Plain("keyring")),
            SECRET_REF,
            READ_ONLY,
        ],
    ),
    source("quobyte", QUOBYTE, &[("Registry:", Plain("registry")), ("Volume:", Plain("volume")), READ_ONLY]),
    source("vsphereVolume", VSPHERE, &[("VolumePath:", Plain("volumePath")), FS_TYPE, ("StoragePolicyName:", Plain("storagePolicyName"))]),
    source("cinder", CINDER, &[("VolumeID:", Plain("volumeID")), FS_TYPE, READ_ONLY, SECRET_REF]),
    source(
        "azureDisk",
        AZURE_DISK,
        &[
            ("DiskName:", Plain("diskName")),
            ("DiskURI:", Plain("diskURI")),
            ("Kind: ", Plain("kind")),
            FS_TYPE,
            ("CachingMode:", Plain("cachingMode")),
            READ_ONLY,
        ],
    ),
    source("photonPersistentDisk", PHOTON, &[("PdID:", Plain("pdID")), FS_TYPE]),
    source("portworxVolume", PORTWORX, &[("VolumeID:", Plain("volumeID"))]),
    source(
        "cephfs",
        CEPH_FS,
        &[
            ("Monitors:", List("monitors")),
            ("Path:", Plain("path")),
            ("User:", Plain("user")),
            ("SecretFile:", Plain("secretFile")),
            SECRET_REF,
            READ_ONLY,
        ],
    ),
    source(
        "storageos",
        STORAGE_OS,
        &[("VolumeName:", Plain("volumeName")), ("VolumeNamespace:", Plain("volumeNamespace")), FS_TYPE, READ_ONLY],
    ),
    source("fc", FC, &[("TargetWWNs:", Joined("targetWWNs")), ("LUN:", Or("lun", "<none>")), FS_TYPE, READ_ONLY]),
    source("flexVolume", FLEX, &[("Driver:", Plain("driver")), FS_TYPE, SECRET_REF, READ_ONLY, ("Options:", Map("options"))]),
    source("flocker", FLOCKER, &[("DatasetName:", Plain("datasetName")), ("DatasetUUID:", Plain("datasetUUID"))]),
];

/// What only pods have, or have in a form of their own.
const OF_PODS: &[Source] = &[
    source("emptyDir", EMPTY_DIR, &[("Medium:", Plain("medium")), ("SizeLimit:", Limit("sizeLimit"))]),
    source("gitRepo", GIT_REPO, &[("Repository:", Plain("repository")), ("Revision:", Plain("revision"))]),
    source("secret", "Secret (a volume populated by a Secret)", &[("SecretName:", Plain("secretName")), ("Optional:", Flag("optional"))]),
    source("configMap", "ConfigMap (a volume populated by a ConfigMap)", &[("Name:", Plain("name")), ("Optional:", Flag("optional"))]),
    source("glusterfs", GLUSTERFS, &[("EndpointsName:", Plain("endpoints")), ("Path:", Plain("path")), READ_ONLY]),
    source("persistentVolumeClaim", CLAIM, &[("ClaimName:", Plain("claimName")), READ_ONLY]),
    source(
        "scaleIO",
        SCALE_IO,
        &[
            ("Gateway:", Plain("gateway")),
            ("System:", Plain("system")),
            ("Protection Domain:", Plain("protectionDomain")),
            ("Storage Pool:", Plain("storagePool")),
            ("Storage Mode:", Plain("storageMode")),
            ("VolumeName:", Plain("volumeName")),
            FS_TYPE,
            READ_ONLY,
        ],
    ),
    source("azureFile", AZURE_FILE, &[("SecretName:", Plain("secretName")), ("ShareName:", Plain("shareName")), READ_ONLY]),
    source("csi", CSI, &[("Driver:", Plain("driver")), FS_TYPE, READ_ONLY]),
    source("image", IMAGE, &[("Reference:", Plain("reference")), ("PullPolicy:", Plain("pullPolicy"))]),
];

/// What only PersistentVolumes have, or have in a form of their own.
const OF_PERSISTENT_VOLUMES: &[Source] = &[
    source(
        "glusterfs",
        GLUSTERFS,
        &[
            ("EndpointsName:", Plain("endpoints")),
            ("EndpointsNamespace:", Or("endpointsNamespace", "<unset>")),
            ("Path:", Plain("path")),
            READ_ONLY,
        ],
    ),
    source(
        "scaleIO",
        SCALE_IO,
        &[
            ("Gateway:", Plain("gateway")),
            ("System:", Plain("system")),
            ("Protection Domain:", Plain("protectionDomain")),
            ("Storage Pool:", Plain("storagePool")),
            ("Storage Mode:", Plain("storageMode")),
            ("VolumeName:", Plain("volumeName")),
            ("SecretName:", Plain("secretRef.name")),
            ("SecretNamespace:", Plain("secretRef.namespace")),
            FS_TYPE,
            READ_ONLY,
        ],
    ),
    source("local", LOCAL, &[("Path:", Plain("path"))]),
    source(
        "azureFile",
        AZURE_FILE,
        &[
            ("SecretName:", Plain("secretName")),
            ("SecretNamespace:", Plain("secretNamespace")),
            ("ShareName:", Plain("shareName")),
            READ_ONLY,
        ],
    ),
    source("csi", CSI, &[("Driver:", Plain("driver")), FS_TYPE, ("VolumeHandle:", Plain("volumeHandle")), READ_ONLY]),
];

/// The secret that a pod's volume names is in its own namespace, so the two references are different structs.
type SecretText = fn(&Value) -> String;

fn local_secret(reference: &Value) -> String {
    format!("&LocalObjectReference{{Name:{},}}", text(reference, "name"))
}

fn secret(reference: &Value) -> String {
    format!("&SecretReference{{Name:{},Namespace:{},}}", text(reference, "name"), text(reference, "namespace"))
}

impl Show {
    fn text(self, source: &Value, secret: SecretText) -> String {
        match self {
            Plain(path) => plain(at(source, path)),
            Or(path, absent) if at(source, path).is_null() => absent.to_owned(),
            Or(path, _) => plain(at(source, path)),
            Number(path) => int(source, path).to_string(),
            Flag(path) => flag(source, path).to_string(),
            List(path) => go_list(items(source, path)),
            Joined(path) => joined(source, path),
            Map(path) => {
                let entries = pairs(source, path).into_iter().map(|(key, value)| format!("{key}:{value}"));
                format!("map[{}]", entries.collect::<Vec<_>>().join(" "))
            }
            Secret if at(source, "secretRef").is_null() => "nil".to_owned(),
            Secret => secret(at(source, "secretRef")),
            Limit(path) => match Quantity::from_value(at(source, path)) {
                Some(Ok(limit)) if limit.sign() > 0 => limit.to_string(),
                _ => "<unset>".to_owned(),
            },
        }
    }
}

/// Writes the source of one of the simple kinds; false if the volume has none.
fn simple(page: &mut Page, volume: &Value, own: &[Source], secret: SecretText) -> bool {
    let Some(kind) = SHARED.iter().chain(own).find(|kind| at(volume, kind.key).is_object()) else { return false };
    let source = at(volume, kind.key);
    page.line(2, format!("Type:\t{}", kind.title));
    kind.fields.iter().for_each(|(label, show)| page.line(2, format!("{label}\t{}", show.text(source, secret))));
    if kind.key == "csi" {
        let attributes: Vec<String> = equations(source, "volumeAttributes").iter().map(|line| shorten(line, MAX_ANNOTATION)).collect();
        page.multiline_below(2, "VolumeAttributes", &attributes);
    }
    true
}

/// Writes the volumes of a pod.
pub fn describe(page: &mut Page, volumes: &[Value], space: &str) {
    if volumes.is_empty() {
        page.line(0, format!("{space}Volumes:\t<none>"));
        return;
    }
    page.line(0, format!("{space}Volumes:"));
    let indent = if space.is_empty() { "" } else { " " };
    for volume in volumes {
        page.line(1, format!("{indent}{}:", text(volume, "name")));
        of_pod(page, volume);
    }
}

fn of_pod(page: &mut Page, volume: &Value) {
    if simple(page, volume, OF_PODS, local_secret) {
        return;
    }
    if at(volume, "ephemeral").is_object() {
        page.line(2, "Type:\tEphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)");
        ephemeral_claim(page, at(volume, "ephemeral.volumeClaimTemplate"));
    } else if at(volume, "projected").is_object() {
        page.line(2, "Type:\tProjected (a volume that contains injected data from multiple sources)");
        items(volume, "projected.sources").iter().for_each(|part| projected(page, part));
    } else if at(volume, "downwardAPI").is_object() {
        page.line(2, "Type:\tDownwardAPI (a volume populated by information about the pod)");
        page.line(2, "Items:");
        for item in items(volume, "downwardAPI.items") {
            for from in [text(item, "fieldRef.fieldPath"), text(item, "resourceFieldRef.resource")].into_iter().filter(|f| !f.is_empty()) {
                page.line(3, format!("{from} -> {}", text(item, "path")));
            }
        }
    } else {
        page.line(1, "<unknown>");
    }
}

/// The claim that a pod will make for itself: what of a claim's description makes sense before there is one.
fn ephemeral_claim(page: &mut Page, template: &Value) {
    if template.is_null() {
        return;
    }
    page.line(2, format!("StorageClass:\t{}", storage_class_of(template)));
    page.line(2, format!("Volume:\t{}", text(template, "spec.volumeName")));
    page.multiline_below(2, "Labels", &equations(template, "metadata.labels"));
    let annotations: Vec<String> = pairs(template, "metadata.annotations").iter().map(|(k, v)| format!("{k}: {v}")).collect();
    page.multiline_below(2, "Annotations", &annotations);
    // There is no status that could tell a capacity; a volume asked for by name makes it 0.
    let capacity = if text(template, "spec.volumeName").is_empty() { "" } else { "0" };
    page.line(2, format!("Capacity:\t{capacity}"));
    page.line(2, "Access Modes:\t");
    claim_end(page, template, 2);
}

/// The last lines of a claim: its mode, and what it is to be filled from.
pub fn claim_end(page: &mut Page, claim: &Value, level: usize) {
    if !at(claim, "spec.volumeMode").is_null() {
        page.line(level, format!("VolumeMode:\t{}", text(claim, "spec.volumeMode")));
    }
    let source = at(claim, "spec.dataSource");
    if source.is_object() {
        page.line(level, "DataSource:");
        for (label, key) in [("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name")] {
            if key != "apiGroup" || !at(source, key).is_null() {
                page.line(level + 1, format!("{label}:\t{}", text(source, key)));
            }
        }
    }
}

fn projected(page: &mut Page, part: &Value) {
    let mut named = |label: &str, source: &Value| {
        page.line(2, format!("{label}:\t{}", text(source, "name")));
        page.line(2, format!("Optional:\t{}", flag(source, "optional")));
    };
    if at(part, "secret").is_object() {
        named("SecretName", at(part, "secret"));
    } else if at(part, "downwardAPI").is_object() {
        page.line(2, "DownwardAPI:\ttrue");
    } else if at(part, "configMap").is_object() {
        named("ConfigMapName", at(part, "configMap"));
    } else if at(part, "serviceAccountToken").is_object() {
        page.line(2, format!("TokenExpirationSeconds:\t{}", int(part, "serviceAccountToken.expirationSeconds")));
    }
}

/// Writes the source of a PersistentVolume.
pub fn of_persistent_volume(page: &mut Page, spec: &Value) {
    if !simple(page, spec, OF_PERSISTENT_VOLUMES, secret) {
        page.line(1, "<unknown>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(volume: Value, expected: &str) {
        let mut page = Page::default();
        of_pod(&mut page, &volume);
        assert_eq!(page.raw(), expected);
    }

    #[test]
    fn of_pods() {
        check(
            json!({"emptyDir": {"sizeLimit": "0"}}),
            "    Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)\n    Medium:\t\n    SizeLimit:\t<unset>\n",
        );
        check(
            json!({"csi": {"driver": "d", "volumeAttributes": {"a": "1", "b": "2"}}}),
            "    Type:\tCSI (a Container Storage Interface (CSI) volume source)\n    Driver:\td\n    FSType:\t\n    ReadOnly:\tfalse\n    \
             VolumeAttributes:\t    a=1\n        \t    b=2\n",
        );
        check(
            json!({"cinder": {"volumeID": "v", "secretRef": {"name": "s"}}}),
            "    Type:\tCinder (a Persistent Disk resource in OpenStack)\n    VolumeID:\tv\n    FSType:\t\n    ReadOnly:\tfalse\n    \
             SecretRef:\t&LocalObjectReference{Name:s,}\n",
        );
        check(
            json!({"ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"storageClassName": "fast",
                "volumeMode": "Block"}}}}),
            "    Type:\tEphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)\n    \
             StorageClass:\tfast\n    Volume:\t\n    Labels:\t    a=b\n    Annotations:\t<none>\n    Capacity:\t\n    Access Modes:\t\n    \
             VolumeMode:\tBlock\n",
        );
        check(json!({}), "  <unknown>\n");
    }

    #[test]
    fn of_persistent_volumes() {
        let check = |spec: Value, expected: &str| {
            let mut page = Page::default();
            of_persistent_volume(&mut page, &spec);
            let text = page.raw();
            assert!(text.ends_with(expected), "{text}");
        };
        check(json!({"cinder": {"secretRef": {"name": "s", "namespace": "n"}}}), "SecretRef:\t&SecretReference{Name:s,Namespace:n,}\n");
        check(json!({"flexVolume": {"options": {"a": "1"}}}), "SecretRef:\tnil\n    ReadOnly:\tfalse\n    Options:\tmap[a:1]\n");
        check(json!({"local": {"path": "/d"}}), "    Path:\t/d\n");
        check(json!({"emptyDir": {}}), "  <unknown>\n");
    }
}
