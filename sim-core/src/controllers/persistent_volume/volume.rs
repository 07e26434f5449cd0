//! One look at a volume. Mirrors `syncVolume` in `pkg/controller/volume/persistentvolume/pv_controller.go`, v1.36.

use super::bind::{set_phase, unbind};
use super::{claim_of, reclaim};
use crate::api::meta::Uid;
use crate::api::object::ObjectId;
use crate::api::storage::Volume;
use crate::client::plan::Plan;
use crate::client::view::View;

/// What is to be done for a volume.
pub(super) fn sync(view: &View, id: ObjectId, volume: Volume<'_>) -> Plan {
    let mut plan = Plan::nothing();
    if volume.claim().is_none_or(|(_, _, uid)| uid == Uid::NONE) {
        // Nobody's, or kept for a claim that hasn't come yet: then the claim will take it.
        set_phase(&mut plan, id, volume, "Available", "");
        return plan;
    }
    let Some((_, claim)) = claim_of(view, volume) else {
        plan.why = format!("the claim of volume {} is gone", volume.meta().name).into();
        release(view, id, volume, &mut plan);
        return plan;
    };
    if claim.volume_name().is_empty() {
        // Half a binding: the claim completes it.
        return plan;
    }
    if volume.meta().name == claim.volume_name() {
        set_phase(&mut plan, id, volume, "Bound", "");
    } else if !volume.provisioned_by().is_empty() && volume.reclaim_policy() == "Delete" {
        plan.why = format!("volume {} was made for a claim that has another", volume.meta().name).into();
        release(view, id, volume, &mut plan);
    } else {
        plan.why = format!("volume {} is bound to a claim that has another", volume.meta().name).into();
        unbind(&mut plan, id, volume);
    }
    plan
}

/// The claim is gone. A volume that failed to be reclaimed stays Failed, so that people see it.
fn release(view: &View, id: ObjectId, volume: Volume<'_>, plan: &mut Plan) {
    if volume.phase() != "Released" && volume.phase() != "Failed" {
        set_phase(plan, id, volume, "Released", "");
    }
    reclaim::reclaim(view, id, volume, plan);
    if plan.is_empty() {
        plan.why = crate::api::meta::Str::EMPTY;
    }
}
