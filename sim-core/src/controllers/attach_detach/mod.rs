//! The attach/detach controller: has volumes attached to the nodes whose pods use them, and detached when none does any longer.
//!
//! Mirrors `pkg/controller/volume/attachdetach` (reconciler, desired and actual state of world, node status updater) and the attacher of
//! `pkg/volume/csi`, v1.36. The original compares what is with what is wanted ten times a second; here each volume is looked at when something
//! about it changes. What kubelets say of volumes in use is derived: they say so at once, and take it back with the first renewal of their lease
//! after the last pod is gone. A silent node takes nothing back: its volumes are detached by force after six minutes.
//!
//! Left out: volumes that aren't served by a driver (none of them needs this controller any more); the six minutes for a node that is deleted.

mod multi_attach;
mod world;

use crate::api::event::EventType;
use crate::api::meta::{Meta, Str};
use crate::api::node::{AttachedVolume, Node};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::record::Record;
use crate::api::storage::{Claim, claims_of};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::{Controller, pod_reference};
use crate::kernel::sha256::sha256_hex;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};
use serde_json::json;
use std::sync::Arc;
use world::Attachable;

/// How long a node that isn't healthy may keep a volume that it says it uses: `maxWaitForUnmountDuration`.
pub const UNMOUNT_MAX: SimDuration = SimDuration::from_secs(360);
/// The taint by which a person says that a node is off for good.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// The controller.
pub struct AttachDetachController;

impl Controller for AttachDetachController {
    const NAME: &'static str = "attachdetach-controller";
    const WORKERS: usize = 1;
    const READS_ITS_WRITES: bool = true;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        if !view.has(Kind::PersistentVolume) && !view.has(Kind::VolumeAttachment) {
            return;
        }
        let old = change.old.as_ref();
        match &change.object {
            Object::Pod(pod) if !pod.node_name.is_empty() => {
                let was_bound = old.and_then(Object::as_pod).is_some_and(|old| !old.node_name.is_empty());
                let is_over = pod.status.phase.is_final() || change.verb == Verb::Deleted;
                if is_over || !was_bound {
                    let volumes: Vec<ObjectId> = claims_of(pod)
                        .iter()
                        .filter_map(|(_, claim, _)| world::volume_of_claim(view, &pod.meta.namespace, claim))
                        .collect();
                    if !is_over && !volumes.is_empty() {
                        keys.add(change.id);
                    }
                    keys.extend(volumes);
                }
            }
            Object::Node(node) => {
                let before = old.and_then(Object::as_node);
                let same = |old: &Arc<Node>| {
                    old.taints == node.taints && old.is_ready() == node.is_ready() && old.status.volumes == node.status.volumes
                };
                if change.verb == Verb::Deleted || before.is_some_and(|old| !same(old)) {
                    keys.extend(
                        world::attachments(view)
                            .filter(|(_, own)| world::node_of(own) == node.meta.name.as_str())
                            .filter_map(|(_, attachment)| view.find(Kind::PersistentVolume, "", world::volume_name(attachment))),
                    );
                }
            }
            Object::Record(record) if record.kind == Kind::VolumeAttachment => {
                keys.extend(view.find(Kind::PersistentVolume, "", world::volume_name(record)));
                if change.verb != Verb::Deleted && record.body["status"]["attached"] == true {
                    keys.add(change.id);
                }
            }
            object => {
                let becomes_bound =
                    |claim: &Claim<'_>| claim.phase() == "Bound" && old.and_then(Claim::of).is_none_or(|old| old.phase() != "Bound");
                if let Some(claim) = Claim::of(object).filter(becomes_bound) {
                    keys.extend(view.find(Kind::PersistentVolume, "", claim.volume_name()));
                }
            }
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, _settled: bool) -> Plan {
        match (key.kind, view.get(key)) {
            (Kind::PersistentVolume, Some(_)) => reconcile(view, key, now),
            (Kind::VolumeAttachment, Some(Object::Record(attachment))) => note_attached(view, attachment),
            (Kind::Pod, Some(Object::Pod(pod))) => {
                let mut plan = Plan::nothing();
                multi_attach::report_for_pod(view, pod, &mut plan);
                plan
            }
            _ => Plan::nothing(),
        }
    }
}

/// Brings a volume to the nodes that want it and away from those that don't: away first, so that it is free for others.
fn reconcile(view: &View, key: ObjectId, now: SimTime) -> Plan {
    let mut plan = Plan::nothing();
    let Some(volume) = Attachable::of(view, key) else { return plan };
    let users = volume.users(view);
    let attached: Vec<(ObjectId, &Arc<Record>)> = volume.attachments(view).collect();
    for (id, attachment) in &attached {
        let node = world::node_of(attachment);
        let is_wanted = users.iter().any(|(_, pod)| pod.node_name == node);
        match view.node_named(node) {
            Some((node_id, node)) if is_wanted => want_again(node_id, node, &volume, &mut plan),
            Some((node_id, node)) if attachment.meta.deletion.is_none() => {
                detach(view, *id, (node_id, node), &volume, now, &mut plan);
            }
            None if attachment.meta.deletion.is_none() => plan.then(Write::Delete(*id, DeleteOptions::default())),
            _ => {}
        }
    }
    let mut coming: Vec<&str> = Vec::new();
    for (_, pod) in &users {
        let node = pod.node_name.as_str();
        let is_there = attached.iter().any(|(_, attachment)| world::node_of(attachment) == node);
        if is_there || coming.contains(&node) || (attached.len() + coming.len() > 0 && !volume.volume.may_be_shared()) {
            continue;
        }
        plan.why = format!("pod {} on {node} needs volume {}", pod.meta.name, volume.volume.meta().name).into();
        plan.then(Write::Create(attachment_of(&volume, node)));
        coming.push(node);
    }
    plan
}

/// A new attachment. Its name is made from the volume, the driver and the node. `pkg/volume/csi/csi_attacher.go`, getAttachmentName.
fn attachment_of(volume: &Attachable<'_>, node: &str) -> Object {
    let hash = sha256_hex(format!("{}{}{node}", volume.handle, volume.driver).as_bytes());
    let meta = Meta { name: format!("csi-{hash}").into(), ..Meta::default() };
    let source = json!({"persistentVolumeName": volume.volume.meta().name.as_str()});
    let spec = json!({"attacher": volume.driver, "nodeName": node, "source": source});
    Record { kind: Kind::VolumeAttachment, meta, body: Arc::new(json!({"spec": spec})) }.into()
}

/// The volumes of a node, with this one as `edit` leaves it.
fn with(node: &Node, name: &str, edit: impl FnOnce(Option<AttachedVolume>) -> Option<AttachedVolume>) -> Arc<Vec<AttachedVolume>> {
    let mut volumes: Vec<AttachedVolume> = node.status.volumes.to_vec();
    let at = volumes.iter().position(|volume| volume.name == name);
    let edited = edit(at.map(|at| volumes.remove(at)));
    if let Some(edited) = edited {
        volumes.insert(at.unwrap_or(volumes.len()), edited);
    }
    Arc::new(volumes)
}

fn entry<'a>(node: &'a Node, name: &str) -> Option<&'a AttachedVolume> {
    node.status.volumes.iter().find(|volume| volume.name == name)
}

/// A pod came before the volume went.
fn want_again(id: ObjectId, node: &Node, volume: &Attachable<'_>, plan: &mut Plan) {
    if entry(node, &volume.name).is_some_and(|entry| entry.unwanted_since.is_some()) {
        let wanted = |entry: Option<AttachedVolume>| entry.map(|entry| AttachedVolume { unwanted_since: None, ..entry });
        plan.then(Write::NodeVolumes(id, with(node, &volume.name, wanted)));
    }
}

/// A volume that no pod on its node wants goes once the kubelet has let go of it, or when waiting for that is pointless.
fn detach(view: &View, id: ObjectId, (node_id, node): (ObjectId, &Node), volume: &Attachable<'_>, now: SimTime, plan: &mut Plan) {
    let Some(entry) = entry(node, &volume.name) else {
        // Being attached: that ends first. What is attached and not noted yet will be.
        return;
    };
    let Some(since) = entry.unwanted_since else {
        let unwanted = |entry: Option<AttachedVolume>| entry.map(|entry| AttachedVolume { unwanted_since: Some(now), ..entry });
        plan.why = format!("no pod on {} uses volume {} any longer", node.meta.name, volume.volume.meta().name).into();
        plan.then(Write::NodeVolumes(node_id, with(node, &volume.name, unwanted)));
        return;
    };
    let lease = view.find(Kind::Lease, "kube-node-lease", &node.meta.name).and_then(|id| view.get(id)?.as_lease());
    let heartbeat = lease.map(|lease| lease.heartbeat);
    let said_so = heartbeat.is_some_and(|heartbeat| heartbeat.last(now) >= since);
    let is_off = node.taints.iter().any(|taint| taint.key == OUT_OF_SERVICE);
    let forced = !node.is_ready() && since + UNMOUNT_MAX <= now;
    if entry.in_use && !said_so && !is_off && !forced {
        let beats = heartbeat.filter(|heartbeat| heartbeat.stopped.is_none_or(|stopped| stopped > now));
        let again = match beats {
            Some(heartbeat) => heartbeat.last(now) + crate::api::node::LEASE_RENEWAL,
            None => since + UNMOUNT_MAX,
        };
        // A node that comes back is a change, and looked at then.
        plan.requeue_after = (again > now).then(|| again.since(now));
        return;
    }
    plan.why = format!("volume {} is to leave {}", volume.volume.meta().name, node.meta.name).into();
    plan.then(Write::NodeVolumes(node_id, with(node, &volume.name, |_| None)));
    plan.then(Write::Delete(id, DeleteOptions::default()));
}

/// The driver has attached a volume: the node's status says so, and its pods are told.
fn note_attached(view: &View, attachment: &Record) -> Plan {
    let mut plan = Plan::nothing();
    let volume_id = view.find(Kind::PersistentVolume, "", world::volume_name(attachment));
    let Some(volume) = volume_id.and_then(|id| Attachable::of(view, id)) else { return plan };
    let node_name = world::node_of(attachment);
    let Some((node_id, node)) = view.node_named(node_name) else { return plan };
    if attachment.meta.deletion.is_some() || entry(node, &volume.name).is_some() {
        return plan;
    }
    let users = volume.users(view);
    let name = &volume.volume.meta().name;
    for (_, pod) in users.iter().filter(|(_, pod)| pod.node_name == node_name) {
        let message = format!("AttachVolume.Attach succeeded for volume {:?} ", name.as_str());
        plan.report(pod_reference(pod), EventType::Normal, "SuccessfulAttachVolume", message);
    }
    plan.why = format!("volume {name} is attached to {node_name}").into();
    let new = AttachedVolume { name: Str::from(volume.name.clone()), in_use: true, unwanted_since: None };
    plan.then(Write::NodeVolumes(node_id, with(node, &volume.name, |_| Some(new))));
    for (_, pod) in users.iter().filter(|(_, pod)| pod.node_name != node_name) {
        multi_attach::report(view, &volume, pod, &mut plan);
    }
    plan
}
