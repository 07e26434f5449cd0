//! The persistent volume controller: binds claims to volumes, and takes back volumes whose claims are gone.
//!
//! A binding is two pointers, `spec.claimRef` of the volume and `spec.volumeName` of the claim, written in this order: whoever finds only one of
//! them completes the other. Mirrors `pkg/controller/volume/persistentvolume/{pv_controller,pv_controller_base,index}.go`, v1.36.
//!
//! Every 15 s the real controller looks at all claims and volumes again. Here that resync is derived: only what it would change, or say again,
//! waits for it. Left out: plugins that make volumes themselves (all that did have moved out), the pod that recycles.

mod bind;
mod claim;
mod reclaim;
mod volume;

use crate::api::meta::Uid;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::storage::{Claim, Volume};
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};

/// How often the real controller looks at everything: `--pvclaimbinder-sync-period`.
pub const RESYNC: SimDuration = SimDuration::from_secs(15);

/// How long it is until the next resync.
fn until_resync(now: SimTime) -> SimDuration {
    SimDuration::from_nanos(RESYNC.as_nanos() - now.as_nanos() % RESYNC.as_nanos())
}

/// The controller.
pub struct PersistentVolumeController;

impl Controller for PersistentVolumeController {
    const NAME: &'static str = "persistentvolume-controller";
    /// One that binds at a time, lest two claims get the same volume.
    const WORKERS: usize = 1;
    const READS_ITS_WRITES: bool = true;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        let deleted = change.verb == Verb::Deleted;
        if let Some(volume) = Volume::of(&change.object) {
            if deleted {
                // The claim is lost, and is told at once.
                keys.extend(volume.claim().and_then(|(namespace, name, _)| view.find(Kind::PersistentVolumeClaim, namespace, name)));
                return;
            }
            keys.add(change.id);
            route_to_claims(volume, view, change.at, keys);
        }
        if let Some(claim) = Claim::of(&change.object) {
            if !deleted {
                keys.add(change.id);
            } else if !claim.volume_name().is_empty() {
                keys.extend(view.find(Kind::PersistentVolume, "", claim.volume_name()));
            }
            route_to_volumes(claim, change, view, keys);
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, _settled: bool) -> Plan {
        let Some(object) = view.get(key) else { return Plan::nothing() };
        // After a relist every key comes by.
        match (Claim::of(object), Volume::of(object)) {
            (Some(claim), _) => claim::sync(view, key, claim, now),
            (_, Some(volume)) => volume::sync(view, key, volume),
            _ => Plan::nothing(),
        }
    }
}

/// Half a binding is completed by the claim, at once: this is how volumes of drivers come to their claims. Claims that point at a volume which
/// doesn't point back look at it with the next resync.
fn route_to_claims(volume: Volume<'_>, view: &View, now: SimTime, keys: &mut Keys) {
    match claim_of(view, volume) {
        Some((id, claim)) if claim.volume_name().is_empty() => keys.add(id),
        Some((_, claim)) if volume.meta().name == claim.volume_name() => {}
        _ => {
            for (id, object) in view.list(Kind::PersistentVolumeClaim, None) {
                if Claim::of(object).is_some_and(|claim| volume.meta().name == claim.volume_name()) {
                    keys.add_after(id, until_resync(now));
                }
            }
        }
    }
}

/// Volumes that point at a claim which got another one, or is gone, look at it with the next resync.
fn route_to_volumes(claim: Claim<'_>, change: &Change, view: &View, keys: &mut Keys) {
    let gone = change.verb == Verb::Deleted;
    let chose_now = change.old.as_ref().and_then(Claim::of).is_some_and(|old| old.volume_name() != claim.volume_name());
    if !gone && !chose_now {
        return;
    }
    for (id, object) in view.list(Kind::PersistentVolume, None) {
        let points_here = |volume: Volume<'_>| {
            volume.claim().is_some_and(|(_, _, uid)| uid != Uid::NONE && uid == claim.meta().uid)
                && volume.meta().name != claim.volume_name()
        };
        if Volume::of(object).is_some_and(points_here) {
            keys.add_after(id, until_resync(change.at));
        }
    }
}

/// The claim that a volume's reference names, if it is still the same: the claim that it names may be gone, and a namesake there.
fn claim_of<'a>(view: &'a View, volume: Volume<'_>) -> Option<(ObjectId, Claim<'a>)> {
    let (namespace, name, uid) = volume.claim()?;
    let id = view.find(Kind::PersistentVolumeClaim, namespace, name)?;
    let claim = view.get(id).and_then(Claim::of)?;
    (claim.meta().uid == uid).then_some((id, claim))
}

fn volume_named<'a>(view: &'a View, name: &str) -> Option<(ObjectId, Volume<'a>)> {
    let id = view.find(Kind::PersistentVolume, "", name)?;
    Some((id, Volume::of(view.get(id)?)?))
}

/// All volumes.
fn volumes(view: &View) -> impl Iterator<Item = Volume<'_>> {
    view.list(Kind::PersistentVolume, None).filter_map(|(_, object): (ObjectId, &Object)| Volume::of(object))
}

#[cfg(test)]
mod tests;
