//! Whether a pod's volumes can be mounted on its node now, and what the kubelet says if not. Pure: it looks at what the kubelets' shared cache
//! holds and decides nothing. Mirrors `pkg/kubelet/volumemanager` (populator and reconciler), `pkg/volume/util/operationexecutor`, and the
//! volumes' own `SetUp` in `pkg/volume/{host_path,local,csi,…}`, v1.36.
//!
//! Volumes whose content comes from the API (configMap, secret, projected, downwardAPI) are another module's: they are [`Mount::NotMine`].
//! A node's own disk has the usual directories and nothing in them (`HOST`); the directory of a `local` volume is taken for granted, for whoever
//! made the volume would have made it. Drivers are there if a class, a CSIDriver or a volume names them.

use crate::api::node::Node;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::storage::{Claim, Class, Volume, changed, claims_of, is_claim_of};
use crate::apiserver::request::Write;
use crate::client::view::View;
use serde_json::Value;

/// The reason of the events that tell of volumes.
pub const FAILED_MOUNT: &str = "FailedMount";
/// The reason of the event about a file system that has grown.
pub const RESIZED: &str = "FileSystemResizeSuccessful";

/// How far a volume is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mount {
    /// It is mounted, or can be at once.
    Ready,
    /// It isn't attached yet. Nobody is told: that is the attach/detach controller's to do.
    Waits,
    /// Mounting failed. Tried again with backoff, and told each time as a [`FAILED_MOUNT`] event with this message.
    Fails(String),
    /// The kubelet can't tell what to mount. Told once per sync of the pod, all such volumes in one message: see [`unprocessed`].
    Unprocessed(String),
    /// Its content comes from the API.
    NotMine,
}

/// The volumes that a pod's containers use, by name, and how far they are. Others aren't mounted.
pub fn mounts<'a>(view: &View, pod: &'a Pod, node: &str) -> Vec<(&'a str, Mount)> {
    let spec = &pod.spec.tree;
    let volumes = spec["volumes"].as_array().into_iter().flatten();
    let named = volumes.map(|volume| (volume["name"].as_str().unwrap_or_default(), volume));
    named.filter_map(|(name, volume)| Some((name, mount(view, pod, node, volume, usage(spec, name)?)))).collect()
}

/// The error of a sync whose volumes can't be told: the message of its event. `None` if all can.
pub fn unprocessed(mounts: &[(&str, Mount)]) -> Option<String> {
    let why: Vec<&str> =
        mounts.iter().filter_map(|(_, mount)| if let Mount::Unprocessed(why) = mount { Some(why.as_str()) } else { None }).collect();
    (!why.is_empty()).then(|| format!("Unable to attach or mount volumes: {}: {}", listed(mounts), why.join("; ")))
}

/// The error of a sync that has waited for two minutes (`podAttachAndMountTimeout`, 2m3s). Since v1.27 it is only logged: no event tells of it.
pub fn timed_out(mounts: &[(&str, Mount)]) -> String {
    format!("{}: context deadline exceeded", listed(mounts))
}

fn listed(mounts: &[(&str, Mount)]) -> String {
    let names = |wanted: fn(&Mount) -> bool| {
        let mut names: Vec<&str> = mounts.iter().filter(|(_, mount)| wanted(mount)).map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.join(" ")
    };
    format!(
        "unmounted volumes=[{}], unattached volumes=[{}], failed to process volumes=[{}]",
        names(|mount| !matches!(mount, Mount::Ready | Mount::NotMine)),
        names(|mount| *mount == Mount::Waits),
        names(|mount| matches!(mount, Mount::Unprocessed(_))),
    )
}

/// How containers use a volume.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Usage {
    Mounted,
    Device,
}

/// How a pod's containers use a volume; `None` if none does.
fn usage(spec: &Value, name: &str) -> Option<Usage> {
    let uses = |field: &str| {
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        let containers = lists.into_iter().flat_map(|list| spec[list].as_array().into_iter().flatten());
        containers.flat_map(|container| container[field].as_array().into_iter().flatten()).any(|mount| mount["name"] == name)
    };
    if uses("volumeMounts") { Some(Usage::Mounted) } else { uses("volumeDevices").then_some(Usage::Device) }
}

fn mount(view: &View, pod: &Pod, node: &str, volume: &Value, usage: Usage) -> Mount {
    let name = volume["name"].as_str().unwrap_or_default();
    let source = volume.as_object().into_iter().flatten().find(|(field, value)| *field != "name" && value.is_object());
    match source.map(|(kind, source)| (kind.as_str(), source)) {
        // Without a source a volume is an emptyDir. An image is the runtime's to pull.
        None | Some(("emptyDir" | "image", _)) => Mount::Ready,
        Some(("configMap" | "secret" | "projected" | "downwardAPI", _)) => Mount::NotMine,
        Some(("hostPath", source)) => set_up(name, host_path(source)),
        Some(("persistentVolumeClaim" | "ephemeral", _)) => claimed(view, pod, node, name, usage),
        Some(("csi", source)) => {
            let driver = source["driver"].as_str().unwrap_or_default();
            let missing = "kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name";
            set_up(
                name,
                if has_driver(view, driver) {
                    Ok(())
                } else {
                    Err(format!("{missing} {driver} not found in the list of registered CSI drivers"))
                },
            )
        }
        Some((kind, _)) => set_up(name, unsupported(kind)),
    }
}

fn set_up(volume: &str, result: Result<(), String>) -> Mount {
    match result {
        Ok(()) => Mount::Ready,
        Err(why) => Mount::Fails(format!("MountVolume.SetUp failed for volume {volume:?} : {why}")),
    }
}

fn unsupported(kind: &str) -> Result<(), String> {
    Err(format!("podarium doesn't simulate volumes of type {kind}"))
}

fn has_driver(view: &View, driver: &str) -> bool {
    let classes = view.list(Kind::StorageClass, None).filter_map(|(_, object)| Class::of(object));
    view.find(Kind::CSIDriver, "", driver).is_some() || classes.into_iter().any(|class| class.provisioner() == driver)
}

/// A volume behind a claim.
fn claimed(view: &View, pod: &Pod, node: &str, name: &str, usage: Usage) -> Mount {
    let Some((_, claim_name, is_ephemeral)) = claims_of(pod).into_iter().find(|(volume, ..)| *volume == name) else { return Mount::Ready };
    let namespace = &pod.meta.namespace;
    let volume = match volume_of(view, pod, &claim_name, is_ephemeral) {
        Ok(volume) => volume,
        Err(why) => return Mount::Unprocessed(format!("error processing PVC {namespace}/{claim_name}: {why}")),
    };
    match (volume.mode(), usage) {
        ("Block", Usage::Mounted) => {
            return Mount::Unprocessed(format!("volume {name} has volumeMode Block, but is specified in volumeMounts"));
        }
        ("Filesystem", Usage::Device) => {
            return Mount::Unprocessed(format!("volume {name} has volumeMode Filesystem, but is specified in volumeDevices"));
        }
        _ => {}
    }
    // From here on it goes by the volume's name, not by the pod's for it.
    let own = volume.meta().name.as_str();
    let node = view.node_named(node).map(|(_, node)| node);
    if node.is_some_and(|node| !volume.suits_node(&node.meta.labels)) {
        return Mount::Fails(format!("MountVolume.NodeAffinity check failed for volume {own:?} : no matching NodeSelectorTerms"));
    }
    if let Some((driver, handle)) = volume.csi() {
        let is_attached = !needs_attaching(view, driver) || node.is_some_and(|node| has_attached(node, driver, handle));
        return if is_attached { Mount::Ready } else { Mount::Waits };
    }
    if volume.spec()["hostPath"].is_object() {
        return set_up(own, host_path(&volume.spec()["hostPath"]));
    }
    if volume.spec()["local"].is_object() {
        return Mount::Ready;
    }
    let known = ["accessModes", "capacity", "claimRef", "nodeAffinity"];
    let kind = volume.spec().as_object().into_iter().flatten().find(|(field, value)| value.is_object() && !known.contains(&field.as_str()));
    set_up(own, unsupported(kind.map_or("unknown", |(kind, _)| kind)))
}

/// The volume that a pod's claim is bound to. `getPVCExtractPV` and `getPVSpec`.
fn volume_of<'a>(view: &'a View, pod: &Pod, name: &str, is_ephemeral: bool) -> Result<Volume<'a>, String> {
    let id = view.find(Kind::PersistentVolumeClaim, &pod.meta.namespace, name);
    let claim = id.and_then(|id| view.get(id)).and_then(Claim::of);
    let claim = claim.ok_or_else(|| format!("failed to fetch PVC from API server: persistentvolumeclaims {name:?} not found"))?;
    if is_ephemeral && !is_claim_of(claim, pod) {
        let (namespace, own) = (&pod.meta.namespace, &pod.meta.name);
        return Err(format!("PVC {namespace}/{name} was not created for pod {namespace}/{own} (pod is not owner)"));
    }
    if claim.meta().deletion.is_some() {
        return Err("PVC is being deleted".to_owned());
    }
    if claim.phase() != "Bound" {
        return Err("PVC is not bound".to_owned());
    }
    if claim.volume_name().is_empty() {
        return Err("PVC has empty pvc.Spec.VolumeName".to_owned());
    }
    let name = claim.volume_name();
    let volume = view.find(Kind::PersistentVolume, "", name).and_then(|id| view.get(id)).and_then(Volume::of);
    let volume = volume.ok_or_else(|| format!("failed to fetch PV {name} from API server: persistentvolumes {name:?} not found"))?;
    match volume.claim() {
        None => Err(format!("found PV object {name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim")),
        Some((_, _, uid)) if uid != claim.meta().uid => {
            let wanted = claim.meta().uid;
            Err(format!("found PV object {name} but its pv.Spec.ClaimRef.UID {uid} does not point to claim.UID {wanted}"))
        }
        Some(_) => Ok(volume),
    }
}

fn needs_attaching(view: &View, driver: &str) -> bool {
    let about = view.find(Kind::CSIDriver, "", driver).and_then(|id| view.get(id)?.as_record());
    about.is_none_or(|about| about.body["spec"]["attachRequired"] != false)
}

fn has_attached(node: &Node, driver: &str, handle: &str) -> bool {
    let name = format!("kubernetes.io/csi/{driver}^{handle}");
    node.status.volumes.iter().any(|volume| volume.name == name.as_str())
}

/// What is at a path of a node's disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Directory,
    File,
    Socket,
    CharDevice,
    BlockDevice,
}

/// A node's disk: what any Linux with a kubelet has.
const HOST: [(At, &[&str]); 5] = [
    (
        At::Directory,
        &[
            "/",
            "/bin",
            "/boot",
            "/dev",
            "/dev/net",
            "/dev/shm",
            "/etc",
            "/etc/cni",
            "/etc/cni/net.d",
            "/etc/kubernetes",
            "/etc/kubernetes/manifests",
            "/etc/kubernetes/pki",
            "/etc/ssl",
            "/etc/ssl/certs",
            "/home",
            "/lib",
            "/lib/modules",
            "/lib64",
            "/media",
            "/mnt",
            "/opt",
            "/opt/cni",
            "/opt/cni/bin",
            "/proc",
            "/root",
            "/run",
            "/run/containerd",
            "/run/lock",
            "/sbin",
            "/srv",
            "/sys",
            "/sys/fs",
            "/sys/fs/bpf",
            "/sys/fs/cgroup",
            "/tmp",
            "/usr",
            "/usr/bin",
            "/usr/lib",
            "/usr/local",
            "/usr/local/bin",
            "/usr/sbin",
            "/usr/share",
            "/usr/share/ca-certificates",
            "/var",
            "/var/cache",
            "/var/lib",
            "/var/lib/cni",
            "/var/lib/containerd",
            "/var/lib/kubelet",
            "/var/lib/kubelet/pods",
            "/var/log",
            "/var/log/containers",
            "/var/log/pods",
            "/var/run",
            "/var/run/containerd",
            "/var/tmp",
        ],
    ),
    (
        At::File,
        &[
            "/etc/fstab",
            "/etc/group",
            "/etc/hostname",
            "/etc/hosts",
            "/etc/localtime",
            "/etc/machine-id",
            "/etc/os-release",
            "/etc/passwd",
            "/etc/resolv.conf",
            "/run/xtables.lock",
        ],
    ),
    (At::Socket, &["/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock"]),
    (At::CharDevice, &["/dev/fuse", "/dev/kmsg", "/dev/net/tun", "/dev/null", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero"]),
    (At::BlockDevice, &["/dev/vda", "/dev/vda1"]),
];

fn at(path: &str) -> Option<At> {
    HOST.iter().find(|(_, paths)| paths.contains(&path)).map(|(at, _)| *at)
}

/// Checks what the volume says that there is. `pkg/volume/host_path/host_path.go`, checkTypeInternal.
fn host_path(source: &Value) -> Result<(), String> {
    let given = source["path"].as_str().unwrap_or_default();
    let path = if given.len() > 1 { given.trim_end_matches('/') } else { given };
    let there = at(path);
    let (wanted, what) = match source["type"].as_str().unwrap_or_default() {
        "" => return Ok(()),
        "DirectoryOrCreate" if there.is_none() => return Ok(()),
        "FileOrCreate" if there.is_none() => {
            let parent = path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent });
            return if at(parent) == Some(At::Directory) { Ok(()) } else { Err(format!("open {path}: no such file or directory")) };
        }
        "DirectoryOrCreate" | "Directory" => (At::Directory, "a directory"),
        "FileOrCreate" | "File" => (At::File, "a file"),
        "Socket" => (At::Socket, "a socket file"),
        "CharDevice" => (At::CharDevice, "a character device"),
        "BlockDevice" => (At::BlockDevice, "a block device"),
        other => return Err(format!("{other} is an invalid volume type")),
    };
    if there == Some(wanted) { Ok(()) } else { Err(format!("hostPath type check failed: {given} is not {what}")) }
}

/// A file system that grows when its volume is mounted, or while it is: the write that says so of the claim, and the message of the
/// [`RESIZED`] events about the pod and the claim.
#[derive(Clone, PartialEq, Debug)]
pub struct Grown {
    /// The claim.
    pub claim: ObjectId,
    /// Its new status.
    pub write: Write,
    /// What is told.
    pub message: String,
}

/// The file systems of a pod's volumes that are smaller than their volumes, enlarged. `MarkFSResizeFinished` in `pkg/volume/util/resize_util.go`.
pub fn grow_file_systems(view: &View, pod: &Pod, node: &str) -> Vec<Grown> {
    let pending = |claim: &Claim<'_>| claim.record.body["status"]["allocatedResourceStatuses"]["storage"] == "NodeResizePending";
    let grown = |name: &str| {
        let id = view.find(Kind::PersistentVolumeClaim, &pod.meta.namespace, name)?;
        let claim = view.get(id).and_then(Claim::of).filter(pending)?;
        let volume = view
            .find(Kind::PersistentVolume, "", claim.volume_name())
            .and_then(|id| view.get(id))
            .and_then(|object: &Object| Volume::of(object))?;
        let object = changed(claim.record, |_, body| {
            body["status"]["capacity"]["storage"] = volume.spec()["capacity"]["storage"].clone();
            if let Some(status) = body["status"].as_object_mut() {
                status.remove("allocatedResourceStatuses");
                status.remove("conditions");
            }
        });
        let message = format!("MountVolume.NodeExpandVolume succeeded for volume {:?} {node}", volume.meta().name.as_str());
        Some(Grown { claim: id, write: Write::UpdateStatus(id, object), message })
    };
    claims_of(pod).iter().filter_map(|(_, name, _)| grown(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::view::tests::view_of;
    use serde_json::json;

    /// A node with a bound claim `data` of each kind of volume, and a pod that uses `volume`.
    fn cluster(volume: &Value, more: &Value) -> (View, Object) {
        let class = json!({"kind": "StorageClass", "metadata": {"name": "st"}, "provisioner": "podarium.dev/csi"});
        let node = json!({"kind": "Node", "metadata": {"name": "n", "labels": {"zone": "a"}}});
        let mut pv = json!({"kind": "PersistentVolume", "metadata": {"name": "pv"}, "status": {"phase": "Bound"}, "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
            "claimRef": {"namespace": "default", "name": "data", "uid": "00000000-0000-4000-8000-000000000002"}}});
        let mut pvc = json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default",
            "uid": "00000000-0000-4000-8000-000000000002"}, "spec": {"volumeName": "pv"}, "status": {"phase": "Bound"}});
        for (tree, field) in [(&mut pv, "volume"), (&mut pvc, "claim")] {
            if let Some(more) = more.get(field) {
                *tree = crate::api::patch::merge(tree, more);
            }
        }
        let mut named = volume.clone();
        named["name"] = "v".into();
        let container = json!({"name": "c", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]});
        let pod = json!({"kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
            "spec": {"containers": [container], "volumes": [named, {"name": "unused", "hostPath": {"path": "/nowhere", "type": "Directory"}}]}});
        let view = view_of(&[class, node, pv, pvc, pod]);
        let pod = view.find(Kind::Pod, "default", "p").and_then(|id| view.get(id)).expect("it was just made").clone();
        (view, pod)
    }

    #[track_caller]
    fn check(volume: Value, more: Value, expected: Mount) {
        let (view, pod) = cluster(&volume, &more);
        assert_eq!(mounts(&view, pod.as_pod().expect("it is a pod"), "n"), [("v", expected)]);
    }

    fn fails(why: &str) -> Mount {
        Mount::Fails(format!("MountVolume.SetUp failed for volume \"v\" : {why}"))
    }

    #[test]
    fn what_a_node_s_disk_has() {
        let at = |path: &str, kind: &str| json!({"hostPath": {"path": path, "type": kind}});
        check(at("/nowhere", ""), json!({}), Mount::Ready);
        check(at("/nowhere", "DirectoryOrCreate"), json!({}), Mount::Ready);
        check(at("/var/log/", "Directory"), json!({}), Mount::Ready);
        check(at("/nowhere", "Directory"), json!({}), fails("hostPath type check failed: /nowhere is not a directory"));
        check(at("/etc/hosts", "DirectoryOrCreate"), json!({}), fails("hostPath type check failed: /etc/hosts is not a directory"));
        check(at("/var/log", "File"), json!({}), fails("hostPath type check failed: /var/log is not a file"));
        check(at("/tmp/new", "FileOrCreate"), json!({}), Mount::Ready);
        check(at("/tmp/no/new", "FileOrCreate"), json!({}), fails("open /tmp/no/new: no such file or directory"));
        check(at("/run/containerd/containerd.sock", "Socket"), json!({}), Mount::Ready);
        check(at("/dev/null", "BlockDevice"), json!({}), fails("hostPath type check failed: /dev/null is not a block device"));
    }

    #[test]
    fn what_is_ready_what_is_another_s_and_what_isn_t_there() {
        check(json!({"emptyDir": {}}), json!({}), Mount::Ready);
        check(json!({"configMap": {"name": "x"}}), json!({}), Mount::NotMine);
        check(json!({"projected": {"sources": []}}), json!({}), Mount::NotMine);
        check(json!({"csi": {"driver": "podarium.dev/csi"}}), json!({}), Mount::Ready);
        let why =
            "kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name x.io not found in the list of registered CSI drivers";
        check(json!({"csi": {"driver": "x.io"}}), json!({}), fails(why));
        check(json!({"nfs": {"server": "s", "path": "/"}}), json!({}), fails("podarium doesn't simulate volumes of type nfs"));
    }

    #[test]
    fn what_becomes_of_claims() {
        let claim = json!({"persistentVolumeClaim": {"claimName": "data"}});
        let broken = |why: &str| Mount::Unprocessed(format!("error processing PVC default/data: {why}"));
        let csi = json!({"volume": {"spec": {"csi": {"driver": "podarium.dev/csi", "volumeHandle": "h"}}}});
        check(claim.clone(), csi, Mount::Waits);
        check(claim.clone(), json!({"volume": {"spec": {"local": {"path": "/mnt/x"}}}}), Mount::Ready);
        check(claim.clone(), json!({"claim": {"status": {"phase": "Pending"}}}), broken("PVC is not bound"));
        check(claim.clone(), json!({"claim": {"spec": {"volumeName": ""}}}), broken("PVC has empty pvc.Spec.VolumeName"));
        let missing = "failed to fetch PV other from API server: persistentvolumes \"other\" not found";
        check(claim.clone(), json!({"claim": {"spec": {"volumeName": "other"}}}), broken(missing));
        let block = json!({"volume": {"spec": {"volumeMode": "Block"}}});
        check(claim.clone(), block, Mount::Unprocessed("volume v has volumeMode Block, but is specified in volumeMounts".to_owned()));
        let elsewhere = json!({"volume": {"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["b"]}]}]}}}}});
        let why = "MountVolume.NodeAffinity check failed for volume \"pv\" : no matching NodeSelectorTerms";
        check(claim, elsewhere, Mount::Fails(why.to_owned()));
        let absent = json!({"persistentVolumeClaim": {"claimName": "absent"}});
        let why = "error processing PVC default/absent: failed to fetch PVC from API server: persistentvolumeclaims \"absent\" not found";
        check(absent, json!({}), Mount::Unprocessed(why.to_owned()));
    }

    #[test]
    fn errors_name_all_volumes() {
        let all = [("b", Mount::Waits), ("a", fails("x")), ("d", Mount::Ready), ("c", Mount::Unprocessed("why".to_owned()))];
        assert_eq!(
            timed_out(&all),
            "unmounted volumes=[a b c], unattached volumes=[b], failed to process volumes=[c]: context deadline exceeded"
        );
        let message =
            "Unable to attach or mount volumes: unmounted volumes=[a b c], unattached volumes=[b], failed to process volumes=[c]: why";
        assert_eq!(unprocessed(&all).as_deref(), Some(message));
        assert_eq!(unprocessed(&all[..3]), None);
    }

    #[test]
    fn a_file_system_grows_once() {
        let claim = json!({"persistentVolumeClaim": {"claimName": "data"}});
        let pending = json!({"volume": {"spec": {"capacity": {"storage": "2Gi"}}}, "claim": {"status": {"capacity": {"storage": "1Gi"},
            "allocatedResourceStatuses": {"storage": "NodeResizePending"}, "conditions": [{"type": "FileSystemResizePending"}]}}});
        let (view, pod) = cluster(&claim, &pending);
        let grown = grow_file_systems(&view, pod.as_pod().expect("it is a pod"), "n");
        let [Grown { write: Write::UpdateStatus(_, Object::Record(after)), message, .. }] = grown.as_slice() else { panic!("{grown:?}") };
        assert_eq!(after.body["status"], json!({"phase": "Bound", "capacity": {"storage": "2Gi"}}));
        assert_eq!(message, "MountVolume.NodeExpandVolume succeeded for volume \"pv\" n");
        let (view, pod) = cluster(&claim, &json!({}));
        assert!(grow_file_systems(&view, pod.as_pod().expect("it is a pod"), "n").is_empty());
    }
}
