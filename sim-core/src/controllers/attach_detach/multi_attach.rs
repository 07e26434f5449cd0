//! A pod's volume is attached to another node, and can't be attached to two. Mirrors `reportMultiAttachError` in
//! `pkg/controller/volume/attachdetach/reconciler/reconciler.go`, v1.36.

use super::world::{self, Attachable};
use crate::api::event::EventType;
use crate::api::pod::Pod;
use crate::api::storage::claims_of;
use crate::client::plan::Plan;
use crate::client::view::View;
use crate::controllers::pod_reference;

/// Tells a pod that has just got its node which of its volumes are elsewhere.
pub(super) fn report_for_pod(view: &View, pod: &Pod, plan: &mut Plan) {
    for (_, claim, _) in claims_of(pod) {
        let volume = world::volume_of_claim(view, &pod.meta.namespace, &claim).and_then(|id| Attachable::of(view, id));
        if let Some(volume) = volume {
            report(view, &volume, pod, plan);
        }
    }
}

/// Tells a pod that a volume is attached elsewhere, if it is. It hears of the users in its own namespace only.
pub(super) fn report(view: &View, volume: &Attachable<'_>, pod: &Pod, plan: &mut Plan) {
    let own_node = pod.node_name.as_str();
    let is_here = volume.attachments(view).any(|(_, attachment)| world::node_of(attachment) == own_node);
    let elsewhere: Vec<&str> = volume
        .attachments(view)
        .filter(|(_, attachment)| attachment.body["status"]["attached"] == true)
        .map(|(_, attachment)| world::node_of(attachment))
        .filter(|node| *node != own_node)
        .collect();
    if volume.volume.may_be_shared() || elsewhere.is_empty() || is_here {
        return;
    }
    let users = volume.users(view);
    let others = || users.iter().filter(|(_, other)| elsewhere.contains(&other.node_name.as_str()));
    let near: Vec<&str> =
        others().filter(|(_, other)| other.meta.namespace == pod.meta.namespace).map(|(_, other)| other.meta.name.as_str()).collect();
    let far = others().count() - near.len();
    let why = match (near.is_empty(), far) {
        (true, 0) => "Volume is already exclusively attached to one node and can't be attached to another".to_owned(),
        (true, far) => format!("Volume is already used by {far} pod(s) in different namespaces"),
        (false, 0) => format!("Volume is already used by pod(s) {}", near.join(", ")),
        (false, far) => format!("Volume is already used by pod(s) {} and {far} pod(s) in different namespaces", near.join(", ")),
    };
    let message = format!("Multi-Attach error for volume {:?} {why}", volume.volume.meta().name.as_str());
    plan.report(pod_reference(pod), EventType::Warning, "FailedAttachVolume", message);
}
