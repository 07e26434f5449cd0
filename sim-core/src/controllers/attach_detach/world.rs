//! What is attached and who wants it: the original's desired and actual state of world, read off the API's objects.
//! Mirrors `pkg/controller/volume/attachdetach/{cache,util,populator}`, v1.36.

use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::record::Record;
use crate::api::storage::{Claim, Volume, claims_of};
use crate::client::view::View;
use std::sync::Arc;

/// A volume that has to be attached before it can be mounted.
pub(super) struct Attachable<'a> {
    /// The volume.
    pub(super) volume: Volume<'a>,
    /// Its driver.
    pub(super) driver: &'a str,
    /// The driver's name for it.
    pub(super) handle: &'a str,
    /// Its name in a node's status.
    pub(super) name: String,
}

impl<'a> Attachable<'a> {
    /// The volume, if it is a driver's; a CSIDriver may say that its volumes need no attaching.
    pub(super) fn of(view: &'a View, id: ObjectId) -> Option<Self> {
        let volume = Volume::of(view.get(id)?)?;
        let (driver, handle) = volume.csi()?;
        let about = view.find(Kind::CSIDriver, "", driver).and_then(|id| view.get(id)?.as_record());
        if about.is_some_and(|about| about.body["spec"]["attachRequired"] == false) {
            return None;
        }
        Some(Attachable { volume, driver, handle, name: format!("kubernetes.io/csi/{driver}^{handle}") })
    }

    /// The pods with a node that use it and aren't over, in order of their creation.
    pub(super) fn users(&self, view: &'a View) -> Vec<(ObjectId, &'a Arc<Pod>)> {
        let Some((namespace, name, uid)) = self.volume.claim() else { return Vec::new() };
        let claim = view.find(Kind::PersistentVolumeClaim, namespace, name).and_then(|id| view.get(id)).and_then(Claim::of);
        let is_bound =
            |claim: Claim<'_>| claim.meta().uid == uid && claim.phase() == "Bound" && self.volume.meta().name == claim.volume_name();
        // A claim that is gone was protected while pods used it.
        if !claim.is_some_and(is_bound) {
            return Vec::new();
        }
        let pods = view.list(Kind::Pod, Some(namespace)).filter_map(|(id, object)| Some((id, object.as_pod()?)));
        let mut users: Vec<(ObjectId, &Arc<Pod>)> = pods
            .filter(|(_, pod)| !pod.node_name.is_empty() && !pod.status.phase.is_final())
            .filter(|(_, pod)| claims_of(pod).iter().any(|(_, own, _)| own == name))
            .collect();
        users.sort_by_key(|(id, _)| *id);
        users
    }

    /// Its attachments.
    pub(super) fn attachments(&self, view: &'a View) -> impl Iterator<Item = (ObjectId, &'a Arc<Record>)> {
        let name = self.volume.meta().name.clone();
        attachments(view).filter(move |(_, attachment)| volume_name(attachment) == name.as_str())
    }
}

/// All attachments.
pub(super) fn attachments(view: &View) -> impl Iterator<Item = (ObjectId, &Arc<Record>)> {
    view.list(Kind::VolumeAttachment, None).filter_map(|(id, object)| Some((id, object.as_record()?)))
}

/// The volume that an attachment is of.
pub(super) fn volume_name(attachment: &Record) -> &str {
    attachment.body["spec"]["source"]["persistentVolumeName"].as_str().unwrap_or_default()
}

/// The node that an attachment is for.
pub(super) fn node_of(attachment: &Record) -> &str {
    attachment.body["spec"]["nodeName"].as_str().unwrap_or_default()
}

/// The volume that a claim is bound to.
pub(super) fn volume_of_claim(view: &View, namespace: &str, claim: &str) -> Option<ObjectId> {
    let claim = view.get(view.find(Kind::PersistentVolumeClaim, namespace, claim)?).and_then(Claim::of)?;
    view.find(Kind::PersistentVolume, "", claim.volume_name())
        .filter(|id| view.get(*id).is_some_and(|object: &Object| Volume::of(object).is_some()))
}
