//! Volumes, claims and classes as their controllers, the scheduler and the kubelets read them. The objects stay the trees that users wrote
//! ([`Record`]): these are views of them. Mirrors `k8s.io/component-helpers/storage/volume/{helpers,pv_helpers}.go`, v1.36.

mod matching;

pub use matching::{Wanted, find_matching_volume};

use crate::api::event::ObjectReference;
use crate::api::meta::{Meta, Str, StrMap, Uid};
use crate::api::node_selector::Term;
use crate::api::object::{Kind, Object};
use crate::api::pod::Pod;
use crate::api::quantity::{Format, Quantity};
use crate::api::record::Record;
use serde_json::{Value, json};
use std::sync::Arc;

/// On a claim: it has been bound once.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// On a volume or a claim: the controller, not the user, bound it.
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// On a volume: the driver that made it.
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// On a claim: the driver that is to make its volume.
pub const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
/// The same, by its older name. Both are set.
pub const PROVISIONER_BETA: &str = "volume.beta.kubernetes.io/storage-provisioner";
/// On a claim: the node that the scheduler chose for the first pod that uses it.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// The class by its older name, on claims and volumes.
const CLASS_BETA: &str = "volume.beta.kubernetes.io/storage-class";
/// On a class: claims that name none get this one.
const IS_DEFAULT: [&str; 2] = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
/// The provisioner of classes whose volumes nobody makes.
pub const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// The drivers that took over from what was built in once. `k8s.io/csi-translation-lib/plugins`, v1.36.
const MIGRATED: [(&str, &str); 7] = [
    ("kubernetes.io/aws-ebs", "ebs.csi.aws.com"),
    ("kubernetes.io/azure-disk", "disk.csi.azure.com"),
    ("kubernetes.io/azure-file", "file.csi.azure.com"),
    ("kubernetes.io/cinder", "cinder.csi.openstack.org"),
    ("kubernetes.io/gce-pd", "pd.csi.storage.gke.io"),
    ("kubernetes.io/portworx-volume", "pxd.portworx.com"),
    ("kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com"),
];

/// The driver that stands in for a provisioner that was built in once.
pub fn migrated(provisioner: &str) -> Option<&'static str> {
    MIGRATED.iter().find(|(old, _)| *old == provisioner).map(|(_, driver)| *driver)
}

fn class_of(record: &Record) -> &str {
    let old = record.meta.annotations.get(CLASS_BETA).map(Str::as_str);
    old.unwrap_or_else(|| record.body["spec"]["storageClassName"].as_str().unwrap_or_default())
}

fn strings(tree: &Value) -> impl Iterator<Item = &str> {
    tree.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn amount(tree: &Value) -> Quantity {
    Quantity::from_value(tree).and_then(Result::ok).unwrap_or(Quantity::from_i64(0, Format::BinarySi))
}

/// Whether the object is of this kind, as a record.
fn record(object: &Object, kind: Kind) -> Option<&Arc<Record>> {
    object.as_record().filter(|record| record.kind == kind)
}

/// What events about an object refer to.
pub fn reference(record: &Record) -> ObjectReference {
    ObjectReference::seen(record.kind, &record.meta)
}

/// A copy of a record with changes to its metadata and its body.
pub fn changed(record: &Record, edit: impl FnOnce(&mut Meta, &mut Value)) -> Object {
    let (mut meta, mut body) = (record.meta.clone(), (*record.body).clone());
    edit(&mut meta, &mut body);
    Record { kind: record.kind, meta, body: Arc::new(body) }.into()
}

/// A PersistentVolumeClaim.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The object.
    pub record: &'a Arc<Record>,
}

impl<'a> Claim<'a> {
    /// The claim that this object is, if it is one.
    pub fn of(object: &'a Object) -> Option<Self> {
        record(object, Kind::PersistentVolumeClaim).map(|record| Claim { record })
    }

    fn spec(self) -> &'a Value {
        &self.record.body["spec"]
    }

    /// Its metadata.
    pub fn meta(self) -> &'a Meta {
        &self.record.meta
    }

    /// The name of its class; empty if it has none.
    pub fn class(self) -> &'a str {
        class_of(self.record)
    }

    /// Whether it says anything about its class, be it that it wants none.
    pub fn has_class(self) -> bool {
        self.meta().annotations.get(CLASS_BETA).is_some() || !self.spec()["storageClassName"].is_null()
    }

    /// The volume that it is bound to, or that it wants; empty if it takes any.
    pub fn volume_name(self) -> &'a str {
        self.spec()["volumeName"].as_str().unwrap_or_default()
    }

    /// How much it asks for.
    pub fn requested(self) -> Quantity {
        amount(&self.spec()["resources"]["requests"]["storage"])
    }

    /// How much it has, once it is bound.
    pub fn capacity(self) -> Quantity {
        amount(&self.record.body["status"]["capacity"]["storage"])
    }

    /// `Pending`, `Bound` or `Lost`.
    pub fn phase(self) -> &'a str {
        self.record.body["status"]["phase"].as_str().unwrap_or_default()
    }

    /// `Filesystem` or `Block`.
    pub fn mode(self) -> &'a str {
        self.spec()["volumeMode"].as_str().unwrap_or("Filesystem")
    }

    /// How it wants to be used.
    pub fn access_modes(self) -> Vec<&'a str> {
        strings(&self.spec()["accessModes"]).collect()
    }

    /// Whether it has an annotation.
    pub fn has(self, annotation: &str) -> bool {
        self.meta().annotations.get(annotation).is_some()
    }

    /// Whether the controller has bound it, or had once.
    pub fn is_fully_bound(self) -> bool {
        !self.volume_name().is_empty() && self.has(BIND_COMPLETED)
    }

    /// The node that the scheduler chose.
    pub fn selected_node(self) -> Option<&'a Str> {
        self.meta().annotations.get(SELECTED_NODE)
    }

    /// The reference by which a volume says whose it is. `k8s.io/client-go/tools/reference`.
    pub fn reference(self) -> Value {
        let meta = self.meta();
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": meta.namespace.as_str(), "name": meta.name.as_str(),
            "uid": meta.uid.to_string(), "resourceVersion": meta.resource_version.to_string(),
        })
    }
}

/// A PersistentVolume.
#[derive(Clone, Copy, Debug)]
pub struct Volume<'a> {
    /// The object.
    pub record: &'a Arc<Record>,
}

impl<'a> Volume<'a> {
    /// The volume that this object is, if it is one.
    pub fn of(object: &'a Object) -> Option<Self> {
        record(object, Kind::PersistentVolume).map(|record| Volume { record })
    }

    /// `spec`.
    pub fn spec(self) -> &'a Value {
        &self.record.body["spec"]
    }

    /// Its metadata.
    pub fn meta(self) -> &'a Meta {
        &self.record.meta
    }

    /// The name of its class; empty if it has none.
    pub fn class(self) -> &'a str {
        class_of(self.record)
    }

    /// `Pending`, `Available`, `Bound`, `Released` or `Failed`.
    pub fn phase(self) -> &'a str {
        self.record.body["status"]["phase"].as_str().unwrap_or_default()
    }

    /// How much it holds.
    pub fn capacity(self) -> Quantity {
        amount(&self.spec()["capacity"]["storage"])
    }

    /// `Retain`, `Delete` or `Recycle`.
    pub fn reclaim_policy(self) -> &'a str {
        self.spec()["persistentVolumeReclaimPolicy"].as_str().unwrap_or_default()
    }

    /// `Filesystem` or `Block`.
    pub fn mode(self) -> &'a str {
        self.spec()["volumeMode"].as_str().unwrap_or("Filesystem")
    }

    /// How it can be used.
    pub fn access_modes(self) -> Vec<&'a str> {
        strings(&self.spec()["accessModes"]).collect()
    }

    /// Whether it has an annotation.
    pub fn has(self, annotation: &str) -> bool {
        self.meta().annotations.get(annotation).is_some()
    }

    /// The driver that made it; empty if a person did.
    pub fn provisioned_by(self) -> &'a str {
        self.meta().annotations.get(PROVISIONED_BY).map_or("", Str::as_str)
    }

    /// Namespace and name of the claim that it is bound to or kept for, and the claim's UID if that is known.
    pub fn claim(self) -> Option<(&'a str, &'a str, Uid)> {
        let claim = self.spec().get("claimRef").filter(|claim| claim.is_object())?;
        let text = |field: &str| claim[field].as_str().unwrap_or_default();
        Some((text("namespace"), text("name"), Uid::parse(text("uid"))))
    }

    /// Whether it is bound to this claim, or kept for it. `IsVolumeBoundToClaim`.
    ///
    /// Asked of every volume for every claim: the UID is read only where the names are the same.
    pub fn is_bound_to(self, claim: Claim<'_>) -> bool {
        let (own, other) = (claim.meta(), &self.spec()["claimRef"]);
        let is = |field: &str, own: &str| other[field].as_str().unwrap_or_default() == own;
        let named = other.is_object() && is("name", &own.name) && is("namespace", &own.namespace);
        let uid = || Uid::parse(other["uid"].as_str().unwrap_or_default());
        named && (uid() == Uid::NONE || uid() == own.uid)
    }

    /// Whether it is bound to some claim, or kept for one.
    pub fn has_claim(self) -> bool {
        self.spec()["claimRef"].is_object()
    }

    /// Whether it can be used on a node with these labels. `CheckNodeAffinity`.
    pub fn suits_node(self, labels: &StrMap) -> bool {
        let terms = self.spec()["nodeAffinity"]["required"]["nodeSelectorTerms"].as_array();
        terms.is_none_or(|terms| terms.iter().any(|term| Term::from_tree(term).matches("", labels)))
    }

    /// The driver and its name for the volume, if a driver serves it.
    pub fn csi(self) -> Option<(&'a str, &'a str)> {
        let csi = self.spec().get("csi").filter(|csi| csi.is_object())?;
        Some((csi["driver"].as_str().unwrap_or_default(), csi["volumeHandle"].as_str().unwrap_or_default()))
    }

    /// Whether several nodes may have it at once: known only of those with access modes. `pkg/volume/util`, IsMultiAttachAllowed.
    pub fn may_be_shared(self) -> bool {
        let modes = self.access_modes();
        modes.is_empty() || modes.iter().any(|mode| matches!(*mode, "ReadWriteMany" | "ReadOnlyMany"))
    }
}

/// A StorageClass.
#[derive(Clone, Copy, Debug)]
pub struct Class<'a> {
    /// The object.
    pub record: &'a Arc<Record>,
}

impl<'a> Class<'a> {
    /// The class that this object is, if it is one.
    pub fn of(object: &'a Object) -> Option<Self> {
        record(object, Kind::StorageClass).map(|record| Class { record })
    }

    /// Who makes its volumes.
    pub fn provisioner(self) -> &'a str {
        self.record.body["provisioner"].as_str().unwrap_or_default()
    }

    /// Whether a volume is bound only when a pod that uses it has a node.
    pub fn waits_for_consumer(self) -> bool {
        self.record.body["volumeBindingMode"] == "WaitForFirstConsumer"
    }

    /// `allowedTopologies`
    pub fn allowed_topologies(self) -> &'a Value {
        &self.record.body["allowedTopologies"]
    }

    /// Whether its volumes can grow.
    pub fn allows_expansion(self) -> bool {
        self.record.body["allowVolumeExpansion"] == true
    }

    fn is_default(self) -> bool {
        IS_DEFAULT.iter().any(|annotation| self.record.meta.annotations.get(annotation).is_some_and(|is| *is == "true"))
    }
}

/// The class that claims get which name none: of several defaults the newest, of equally old ones the first by name.
/// `pkg/volume/util/storageclass.go`, GetDefaultClass.
pub fn default_class<'a>(classes: impl Iterator<Item = &'a Object>) -> Option<Class<'a>> {
    let defaults = classes.filter_map(Class::of).filter(|class| class.is_default());
    defaults.min_by(|a, b| {
        let (a, b) = (&a.record.meta, &b.record.meta);
        b.created.cmp(&a.created).then_with(|| a.name.cmp(&b.name))
    })
}

/// The claims that a pod's volumes use: the volume's name, the claim's, and whether it comes and goes with the pod.
/// `k8s.io/component-helpers/storage/ephemeral`, VolumeClaimName.
pub fn claims_of(pod: &Pod) -> Vec<(&str, String, bool)> {
    let volumes = pod.spec.tree["volumes"].as_array().into_iter().flatten();
    let claim = |volume: &'_ Value| -> Option<(String, bool)> {
        if let Some(name) = volume["persistentVolumeClaim"]["claimName"].as_str() {
            return Some((name.to_owned(), false));
        }
        volume["ephemeral"].is_object().then(|| (format!("{}-{}", pod.meta.name, volume["name"].as_str().unwrap_or_default()), true))
    };
    volumes.filter_map(|volume| claim(volume).map(|(name, own)| (volume["name"].as_str().unwrap_or_default(), name, own))).collect()
}

/// Whether an ephemeral volume's claim is this pod's own, and not a namesake that somebody else made.
pub fn is_claim_of(claim: Claim<'_>, pod: &Pod) -> bool {
    claim.meta().controller().is_some_and(|owner| owner.uid == pod.meta.uid)
}
