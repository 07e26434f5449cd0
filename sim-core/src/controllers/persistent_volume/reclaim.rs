//! What becomes of a volume whose claim is gone: it is kept, deleted or emptied. Mirrors `reclaimVolume`, `deleteVolumeOperation` and
//! `recycleVolumeOperation` in `pkg/controller/volume/persistentvolume/pv_controller.go`, and what `pkg/volume/{host_path,nfs,local}` say, v1.36.

use super::bind::{set_phase, unbind};
use super::claim::users;
use crate::api::event::EventType;
use crate::api::object::{Kind, ObjectId};
use crate::api::storage::{Volume, reference};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::pace::Work;
use crate::client::plan::{Plan, Step};
use crate::client::view::View;

/// Reclaims a released volume as its policy says.
pub(super) fn reclaim(view: &View, id: ObjectId, volume: Volume<'_>, plan: &mut Plan) {
    match volume.reclaim_policy() {
        "Retain" => {}
        "Delete" => match deleter(volume) {
            Deleter::External => {}
            Deleter::None(why) => fail(plan, id, volume, "VolumeFailedDelete", &why),
            Deleter::HostPath => plan.then(Write::Delete(id, DeleteOptions::default())),
        },
        "Recycle" => recycle(view, id, volume, plan),
        _ => fail(plan, id, volume, "VolumeUnknownReclaimPolicy", "Volume has unrecognized PersistentVolumeReclaimPolicy"),
    }
}

fn fail(plan: &mut Plan, id: ObjectId, volume: Volume<'_>, reason: &'static str, why: &str) {
    if set_phase(plan, id, volume, "Failed", why) {
        plan.report(reference(volume.record), EventType::Warning, reason, why.to_owned());
    }
}

enum Deleter {
    /// The driver that made the volume, or that serves it, will do it.
    External,
    /// The test plugin for directories below /tmp.
    HostPath,
    /// Nobody can, for this reason.
    None(String),
}

/// Who deletes a volume. `findDeletablePlugin`; the plugins that the controller-manager has are hostPath, nfs, local and csi.
fn deleter(volume: Volume<'_>) -> Deleter {
    match volume.provisioned_by() {
        "" | "kubernetes.io/host-path" => {}
        "kubernetes.io/nfs" | "kubernetes.io/local-volume" => return Deleter::None("no deletable volume plugin matched".to_owned()),
        name if name.starts_with("kubernetes.io/") => return Deleter::None(format!("no volume plugin matched name: {name}")),
        _ => return Deleter::External,
    }
    if volume.csi().is_some() {
        return Deleter::External;
    }
    let has = |source: &str| volume.spec()[source].is_object();
    let without =
        |why: &str| Deleter::None(format!("error getting deleter volume plugin for volume {:?}: {why}", volume.meta().name.as_str()));
    if has("hostPath") {
        let path = volume.spec()["hostPath"]["path"].as_str().unwrap_or_default();
        if path.strip_prefix("/tmp/").is_some_and(|rest| !rest.is_empty()) {
            return Deleter::HostPath;
        }
        return Deleter::None(format!("host_path deleter only supports /tmp/.+ but received provided {path}"));
    }
    without(if has("nfs") || has("local") { "no deletable volume plugin matched" } else { "no volume plugin matched" })
}

/// Only directories and NFS shares can be emptied. The pod that does it isn't made: its time passes.
fn recycle(view: &View, id: ObjectId, volume: Volume<'_>, plan: &mut Plan) {
    if !matches!(volume.phase(), "Released" | "Failed") {
        // The phase is written first; that change brings the volume here again.
        return;
    }
    let Some((namespace, name, _)) = volume.claim() else { return };
    let using = users(view, namespace, name);
    // A claim of that name that is there has another volume: its pods don't matter.
    if !using.is_empty() && view.find(Kind::PersistentVolumeClaim, namespace, name).is_none() {
        let message = format!("Volume is used by pods: {}", using.join(","));
        return plan.report(reference(volume.record), EventType::Normal, "VolumeFailedRecycle", message);
    }
    if !volume.spec()["hostPath"].is_object() && !volume.spec()["nfs"].is_object() {
        return fail(plan, id, volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!");
    }
    plan.steps.push(Step::Work(Work::Recycle, volume.meta().uid));
    plan.report(reference(volume.record), EventType::Normal, "VolumeRecycled", "Volume recycled".to_owned());
    unbind(plan, id, volume);
}
