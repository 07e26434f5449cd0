//! One look at a claim: find it a volume, have one made, or say what it waits for. Mirrors `syncUnboundClaim`, `syncBoundClaim` and
//! `provisionClaim` in `pkg/controller/volume/persistentvolume/pv_controller.go`, v1.36.

use super::bind::{bind, set_status};
use super::{until_resync, volume_named, volumes};
use crate::api::event::EventType;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::storage::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, Claim, Class, PROVISIONER, PROVISIONER_BETA, Volume, Wanted, changed, claims_of, default_class,
    find_matching_volume, migrated, reference,
};
use crate::apiserver::request::Write;
use crate::client::plan::Plan;
use crate::client::view::View;
use crate::kernel::time::SimTime;

/// What is to be done for a claim.
pub(super) fn sync(view: &View, id: ObjectId, claim: Claim<'_>, now: SimTime) -> Plan {
    let mut plan = Plan::nothing();
    match (claim.has(BIND_COMPLETED), claim.volume_name()) {
        (true, name) => sync_bound(view, id, claim, name, &mut plan),
        (false, "") => {
            if seek(view, id, claim, &mut plan) {
                // It says so again with every resync, until there is a volume.
                plan.requeue_after = Some(until_resync(now));
            }
        }
        (false, name) => {
            if sync_wanting(view, id, claim, name, &mut plan) {
                plan.requeue_after = Some(until_resync(now));
            }
        }
    }
    plan
}

fn tell(plan: &mut Plan, claim: Claim<'_>, event_type: EventType, reason: &'static str, message: String) {
    plan.report(reference(claim.record), event_type, reason, message);
}

fn class_of<'a>(view: &'a View, claim: Claim<'_>) -> Option<Class<'a>> {
    view.get(view.find(Kind::StorageClass, "", claim.class())?).and_then(Class::of)
}

/// A claim that takes any volume. Whether it goes on waiting.
fn seek(view: &View, id: ObjectId, claim: Claim<'_>, plan: &mut Plan) -> bool {
    let waits = class_of(view, claim).is_some_and(Class::waits_for_consumer);
    let wanted = if waits { Wanted::Later } else { Wanted::AtOnce };
    if let Some(volume) = find_matching_volume(claim, volumes(view), wanted, |_| false) {
        if let Some(found) = volume_named(view, &volume.meta().name) {
            bind(plan, found, (id, claim));
        }
        return false;
    }
    if !claim.has_class()
        && let Some(class) = default_class(view.list(Kind::StorageClass, None).map(|(_, class)| class))
    {
        plan.why = format!("class {} is the default by now", class.record.meta.name).into();
        let name = class.record.meta.name.as_str();
        plan.then(Write::Update(id, changed(claim.record, |_, body| body["spec"]["storageClassName"] = name.into())));
        return false;
    }
    if waits && claim.selected_node().is_none() {
        tell_whom_it_waits_for(view, claim, plan);
    } else if !claim.class().is_empty() {
        provision(view, id, claim, plan);
        return true;
    } else {
        let message = "no persistent volumes available for this claim and no storage class is set";
        tell(plan, claim, EventType::Normal, "FailedBinding", message.to_owned());
    }
    set_status(plan, id, claim, "Pending", None);
    true
}

fn tell_whom_it_waits_for(view: &View, claim: Claim<'_>, plan: &mut Plan) {
    let pods = view.list(Kind::Pod, Some(&claim.meta().namespace)).filter_map(|(_, object)| object.as_pod());
    let unscheduled = pods.filter(|pod| pod.node_name.is_empty() && !is_over(pod) && uses(pod, claim));
    let names: Vec<&str> = unscheduled.map(|pod| pod.meta.name.as_str()).collect();
    let (reason, message) = match names.as_slice() {
        [] => ("WaitForFirstConsumer", "waiting for first consumer to be created before binding".to_owned()),
        [one] => ("WaitForPodScheduled", format!("waiting for pod {one} to be scheduled")),
        several => ("WaitForPodScheduled", format!("waiting for pods {} to be scheduled", several.join(","))),
    };
    tell(plan, claim, EventType::Normal, reason, message);
}

fn uses(pod: &Pod, claim: Claim<'_>) -> bool {
    claims_of(pod).iter().any(|(_, name, _)| claim.meta().name == name.as_str())
}

/// Whether a pod's containers won't run again. `pkg/volume/util/util.go`, IsPodTerminated.
pub(super) fn is_over(pod: &Pod) -> bool {
    pod.status.phase.is_final()
}

/// Asks the class's driver for a volume: it looks for the annotation.
fn provision(view: &View, id: ObjectId, claim: Claim<'_>, plan: &mut Plan) {
    let Some(class) = class_of(view, claim) else {
        let message = format!("storageclass.storage.k8s.io {:?} not found", claim.class());
        return tell(plan, claim, EventType::Warning, "ProvisioningFailed", message);
    };
    let provisioner = class.provisioner();
    let driver = migrated(provisioner).unwrap_or(provisioner);
    if let Some(why) = cannot_provision(driver) {
        return tell(plan, claim, EventType::Warning, "ProvisioningFailed", why);
    }
    let is_asked = claim.meta().annotations.get(PROVISIONER).is_some_and(|asked| *asked == driver);
    if !is_asked {
        plan.why = format!("claim {}/{} needs a volume of {driver}", claim.meta().namespace, claim.meta().name).into();
        let asking = changed(claim.record, |meta, _| {
            [PROVISIONER_BETA, PROVISIONER].into_iter().for_each(|annotation| meta.annotations.set(annotation, driver.to_owned()));
        });
        plan.then(Write::Update(id, asking));
    }
    let message = format!(
        "Waiting for a volume to be created either by the external provisioner '{driver}' or manually by the system administrator. If volume \
         creation is delayed, please verify that the provisioner is running and correctly registered."
    );
    tell(plan, claim, EventType::Normal, "ExternalProvisioning", message);
}

/// What is built in makes no volumes any more. `pkg/volume/plugins.go`, FindProvisionablePluginByName;
/// `cmd/kube-controller-manager/app/plugins.go` for what is there at all.
fn cannot_provision(provisioner: &str) -> Option<String> {
    match provisioner {
        "kubernetes.io/host-path" => {
            Some("Failed to create provisioner: provisioning in volume plugin \"kubernetes.io/host-path\" is disabled".to_owned())
        }
        "kubernetes.io/nfs" | "kubernetes.io/local-volume" | "kubernetes.io/csi" => {
            Some("no provisionable volume plugin matched".to_owned())
        }
        name if name.starts_with("kubernetes.io/") => Some(format!("no volume plugin matched name: {name}")),
        _ => None,
    }
}

/// A claim that wants a certain volume. Whether it says again with every resync why it hasn't got it.
fn sync_wanting(view: &View, id: ObjectId, claim: Claim<'_>, name: &str, plan: &mut Plan) -> bool {
    let Some((volume_id, volume)) = volume_named(view, name) else {
        set_status(plan, id, claim, "Pending", None);
        return false;
    };
    if volume.is_bound_to(claim) {
        bind(plan, (volume_id, volume), (id, claim));
        return false;
    }
    if volume.claim().is_some() {
        let message = format!("volume {name:?} already bound to a different claim.");
        tell(plan, claim, EventType::Warning, "FailedBinding", message);
        if !claim.has(BOUND_BY_CONTROLLER) {
            set_status(plan, id, claim, "Pending", None);
        }
        return true;
    }
    match mismatch(volume, claim) {
        None => {
            bind(plan, (volume_id, volume), (id, claim));
            false
        }
        Some(why) => {
            let message = format!("Cannot bind to requested volume {name:?}: {why}");
            tell(plan, claim, EventType::Warning, "VolumeMismatch", message);
            set_status(plan, id, claim, "Pending", None);
            true
        }
    }
}

/// Why a volume isn't what the claim that names it asks for. `checkVolumeSatisfyClaim`.
fn mismatch(volume: Volume<'_>, claim: Claim<'_>) -> Option<String> {
    let own = volume.access_modes();
    if volume.meta().deletion.is_some() {
        Some(format!("the volume is marked for deletion {:?}", volume.meta().name.as_str()))
    } else if volume.capacity().value() < claim.requested().value() {
        Some("requested PV is too small".to_owned())
    } else if volume.class() != claim.class() {
        Some("storageClassName does not match".to_owned())
    } else if volume.mode() != claim.mode() {
        Some("incompatible volumeMode".to_owned())
    } else if claim.access_modes().iter().any(|mode| !own.contains(mode)) {
        Some("incompatible accessMode".to_owned())
    } else {
        None
    }
}

/// A claim that was bound once: both pointers are kept, or it is lost.
fn sync_bound(view: &View, id: ObjectId, claim: Claim<'_>, name: &str, plan: &mut Plan) {
    let lost = |plan: &mut Plan, reason: &'static str, message: &str| {
        if claim.phase() != "Lost" {
            set_status(plan, id, claim, "Lost", None);
            tell(plan, claim, EventType::Warning, reason, message.to_owned());
        }
    };
    if name.is_empty() {
        return lost(plan, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
    }
    match volume_named(view, name) {
        None => lost(plan, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"),
        Some((volume_id, volume)) if volume.claim().is_none_or(|(_, _, uid)| uid == claim.meta().uid) => {
            bind(plan, (volume_id, volume), (id, claim));
        }
        Some(_) => lost(plan, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly"),
    }
    if plan.is_empty() {
        plan.why = crate::api::meta::Str::EMPTY;
    }
}

/// The names of the pods that use a claim and aren't over: what stands in the way of recycling its volume.
pub(super) fn users<'a>(view: &'a View, namespace: &str, claim: &str) -> Vec<String> {
    let pods = view.list(Kind::Pod, Some(namespace)).filter_map(|(_, object): (ObjectId, &'a Object)| object.as_pod());
    let using = pods.filter(|pod| !is_over(pod) && claims_of(pod).iter().any(|(_, name, _)| name == claim));
    using.map(|pod| format!("{}/{}", pod.meta.namespace, pod.meta.name)).collect()
}
