//! The expand controller: says of a claim that is to grow that a driver's sidecar will do it. Nothing that is built in can any more.
//! Mirrors `pkg/controller/volume/expand/expand_controller.go`, v1.36.

use crate::api::event::EventType;
use crate::api::object::ObjectId;
use crate::api::storage::{Claim, reference};
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};

/// The controller.
pub struct VolumeExpandController;

impl Controller for VolumeExpandController {
    const NAME: &'static str = "volume_expand";
    const WORKERS: usize = 10;

    fn route(change: &Change, _view: &View, keys: &mut Keys) {
        if change.verb == Verb::Modified
            && let (Some(claim), Some(old)) = (Claim::of(&change.object), change.old.as_ref().and_then(Claim::of))
            && claim.requested() > old.requested()
        {
            keys.add(change.id);
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        let growing = |claim: &Claim<'_>| claim.phase() == "Bound" && claim.requested() > claim.capacity();
        if let Some(claim) = view.get(key).and_then(Claim::of).filter(growing) {
            let message = "waiting for an external controller to expand this PVC".to_owned();
            plan.report(reference(claim.record), EventType::Normal, "ExternalExpanding", message);
        }
        plan
    }
}
