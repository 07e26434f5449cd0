//! A simulated CSI driver's attacher: carries out what VolumeAttachments ask for, and holds them and their volumes until it has.
//! Mirrors `external-attacher`, `pkg/controller/{controller,csi_handler}.go` (v4.9).

use crate::api::meta::{Meta, Str};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::record::Record;
use crate::api::storage::{Volume, changed};
use crate::apiserver::request::Write;
use crate::client::pace::{System, Work};
use crate::client::plan::{Keys, Plan, Step};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use std::sync::Arc;

/// The controller.
pub struct CsiAttacher;

impl Controller for CsiAttacher {
    const NAME: &'static str = "csi-attacher";
    /// `--worker-threads`
    const WORKERS: usize = 10;
    const PART_OF: Option<System> = Some(System::Storage);

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        let Object::Record(record) = &change.object else { return };
        match record.kind {
            Kind::VolumeAttachment if change.verb == Verb::Deleted => keys.extend(view.find(Kind::PersistentVolume, "", volume_of(record))),
            Kind::VolumeAttachment => keys.add(change.id),
            Kind::PersistentVolume if change.verb != Verb::Deleted && record.meta.deletion.is_some() => keys.add(change.id),
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, settled: bool) -> Plan {
        let Some(record) = view.get(key).and_then(Object::as_record).filter(|_| settled) else { return Plan::nothing() };
        match record.kind {
            Kind::VolumeAttachment if record.meta.deletion.is_some() => detach(key, record),
            Kind::VolumeAttachment if record.body["status"]["attached"] != true => attach(view, key, record),
            Kind::PersistentVolume => let_go(view, key, record),
            _ => Plan::nothing(),
        }
    }
}

fn volume_of(attachment: &Record) -> &str {
    attachment.body["spec"]["source"]["persistentVolumeName"].as_str().unwrap_or_default()
}

/// `external-attacher/DRIVER`, with what a finalizer's name can't have replaced. `GetFinalizerName`.
fn finalizer(driver: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    format!("external-attacher/{}", driver.chars().map(safe).collect::<String>())
}

fn holds(meta: &Meta, finalizer: &str) -> bool {
    meta.finalizers().iter().any(|own| *own == finalizer)
}

fn hold(meta: &mut Meta, finalizer: &str) {
    let mut all = meta.finalizers().to_vec();
    all.push(Str::from(finalizer.to_owned()));
    meta.finalizers = Some(Arc::new(all));
}

/// The finalizers come first, so that nothing is lost while the driver works.
fn attach(view: &View, key: ObjectId, attachment: &Record) -> Plan {
    let mut plan = Plan::nothing();
    let driver = attachment.body["spec"]["attacher"].as_str().unwrap_or_default();
    let own = finalizer(driver);
    let volume_id = view.find(Kind::PersistentVolume, "", volume_of(attachment));
    let Some((volume_id, volume)) = volume_id.and_then(|id| Some((id, Volume::of(view.get(id)?)?))) else { return plan };
    plan.why = format!("volume {} is to be attached to {}", volume.meta().name, attachment.body["spec"]["nodeName"]).into();
    if !holds(&attachment.meta, &own) {
        plan.then(Write::Update(key, changed(attachment, |meta, _| hold(meta, &own))));
    }
    if !holds(volume.meta(), &own) {
        plan.then(Write::Update(volume_id, changed(volume.record, |meta, _| hold(meta, &own))));
    }
    plan.steps.push(Step::Work(Work::Attach, attachment.meta.uid));
    let attached = changed(attachment, |meta, body| {
        meta.resource_version = 0;
        body["status"]["attached"] = true.into();
    });
    plan.then(Write::UpdateStatus(key, attached));
    plan
}

fn detach(key: ObjectId, attachment: &Record) -> Plan {
    let mut plan = Plan::nothing();
    let own = finalizer(attachment.body["spec"]["attacher"].as_str().unwrap_or_default());
    if !holds(&attachment.meta, &own) {
        return plan;
    }
    plan.why = format!("volume {} is to be detached from {}", volume_of(attachment), attachment.body["spec"]["nodeName"]).into();
    plan.steps.push(Step::Work(Work::Detach, attachment.meta.uid));
    let detached = changed(attachment, |meta, body| {
        meta.resource_version = 0;
        body["status"]["attached"] = false.into();
    });
    plan.then(Write::UpdateStatus(key, detached));
    let released = changed(attachment, |meta, _| {
        meta.resource_version = 0;
        meta.remove_finalizer(&own);
    });
    plan.then(Write::Update(key, released));
    plan
}

/// A volume that is being deleted is let go once nothing is attached. `SyncNewOrUpdatedPersistentVolume`.
fn let_go(view: &View, key: ObjectId, volume: &Arc<Record>) -> Plan {
    let mut plan = Plan::nothing();
    let own = volume.body["spec"]["csi"]["driver"].as_str().map(finalizer).unwrap_or_default();
    let attachments = view.list(Kind::VolumeAttachment, None).filter_map(|(_, object)| object.as_record());
    let is_attached = attachments.into_iter().any(|attachment| volume_of(attachment) == volume.meta.name.as_str());
    if volume.meta.deletion.is_some() && holds(&volume.meta, &own) && !is_attached {
        plan.then(Write::Update(key, changed(volume, |meta, _| meta.remove_finalizer(&own))));
    }
    plan
}
