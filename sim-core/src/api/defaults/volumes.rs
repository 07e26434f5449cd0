//! Defaults of volumes, their classes and drivers: mirrors `SetDefaults_PersistentVolume` and what it leads to in
//! `pkg/apis/core/v1/defaults.go`, and `pkg/apis/storage/v1/defaults.go`, v1.36.

use super::{Field, Fill};
use serde_json::{Map, Value, json};

/// A PersistentVolume.
pub(super) static VOLUME: &[Field] =
    &[Field("spec", Fill::Make(SPEC)), Field("status", Fill::Make(&[Field("phase", Fill::Text("Pending"))]))];

static SPEC: &[Field] = &[
    Field("persistentVolumeReclaimPolicy", Fill::Text("Retain")),
    Field("volumeMode", Fill::Text("Filesystem")),
    Field("hostPath", Fill::In(&[Field("type", Fill::Text(""))])),
    Field("iscsi", Fill::In(&[Field("iscsiInterface", Fill::Text("default"))])),
    Field("rbd", Fill::In(RBD)),
    Field("azureDisk", Fill::In(AZURE_DISK)),
    Field("scaleIO", Fill::In(SCALE_IO)),
];

/// A Ceph block device, also in a pod.
pub(super) static RBD: &[Field] =
    &[Field("pool", Fill::Text("rbd")), Field("user", Fill::Text("admin")), Field("keyring", Fill::Text("/etc/ceph/keyring"))];

/// A disk of Azure's, also in a pod.
pub(super) static AZURE_DISK: &[Field] = &[
    Field("cachingMode", Fill::Text("ReadWrite")),
    Field("kind", Fill::Text("Shared")),
    Field("fsType", Fill::Text("ext4")),
    Field("readOnly", Fill::Bool(false)),
];

/// A ScaleIO volume, also in a pod.
pub(super) static SCALE_IO: &[Field] = &[Field("storageMode", Fill::Text("ThinProvisioned")), Field("fsType", Fill::Text("xfs"))];

/// A StorageClass.
pub(super) static CLASS: &[Field] = &[Field("reclaimPolicy", Fill::Text("Delete")), Field("volumeBindingMode", Fill::Text("Immediate"))];

/// A CSIDriver.
pub(super) static CSI_DRIVER: &[Field] = &[Field(
    "spec",
    Fill::Make(&[
        Field("attachRequired", Fill::Bool(true)),
        Field("podInfoOnMount", Fill::Bool(false)),
        Field("storageCapacity", Fill::Bool(false)),
        Field("fsGroupPolicy", Fill::Text("ReadWriteOnceWithFSType")),
        Field("requiresRepublish", Fill::Bool(false)),
        Field("seLinuxMount", Fill::Bool(false)),
        Field("", Fill::Code(lifecycle_modes)),
    ]),
)];

fn lifecycle_modes(spec: &mut Map<String, Value>) {
    spec.entry("volumeLifecycleModes").or_insert_with(|| json!(["Persistent"]));
}
