//! A simulated CSI driver's resizer: enlarges the volume of a claim that asks for more, and leaves the file system to the kubelet.
//! Mirrors `external-resizer`, `pkg/controller/{controller,expand_and_recover}.go` (v1.13).

use crate::api::event::EventType;
use crate::api::object::{Kind, ObjectId};
use crate::api::storage::{Claim, Volume, changed, reference};
use crate::apiserver::request::Write;
use crate::client::pace::{System, Work};
use crate::client::plan::{Keys, Plan, Step};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use serde_json::{Value, json};

/// What a claim says whose volume has grown, but not the file system on it.
const NODE_PENDING: &str = "NodeResizePending";

/// The controller.
pub struct CsiResizer;

impl Controller for CsiResizer {
    const NAME: &'static str = "csi-resizer";
    const WORKERS: usize = 10;
    const PART_OF: Option<System> = Some(System::Storage);

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        if change.verb != Verb::Deleted && Claim::of(&change.object).is_some_and(|claim| growing(view, claim).is_some()) {
            keys.add(change.id);
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        let Some(claim) = view.get(key).and_then(Claim::of).filter(|_| settled) else { return plan };
        let Some((volume_id, volume)) = growing(view, claim) else { return plan };
        let size = claim.record.body["spec"]["resources"]["requests"]["storage"].clone();
        plan.why = format!("claim {}/{} asks for more than it has", claim.meta().namespace, claim.meta().name).into();
        status(&mut plan, key, claim, &size, Some("ControllerResizeInProgress"), Some(("Resizing", "")));
        let message = format!("External resizer is resizing volume {}", volume.meta().name);
        plan.report(reference(claim.record), EventType::Normal, "Resizing", message);
        plan.steps.push(Step::Work(Work::Expand, claim.meta().uid));
        if volume.capacity() < claim.requested() {
            plan.then(Write::Update(volume_id, changed(volume.record, |_, body| body["spec"]["capacity"]["storage"] = size.clone())));
        }
        if claim.mode() == "Block" {
            status(&mut plan, key, claim, &size, None, None);
            plan.report(reference(claim.record), EventType::Normal, "VolumeResizeSuccessful", "Resize volume succeeded".to_owned());
        } else {
            let message = "Waiting for user to (re-)start a pod to finish file system resize of volume on node.";
            status(&mut plan, key, claim, &size, Some(NODE_PENDING), Some(("FileSystemResizePending", message)));
            let message = "Require file system resize of volume on node".to_owned();
            plan.report(reference(claim.record), EventType::Normal, "FileSystemResizeRequired", message);
        }
        plan
    }
}

/// The volume of a claim that is to grow, if a driver made it and hasn't grown it yet.
fn growing<'a>(view: &'a View, claim: Claim<'_>) -> Option<(ObjectId, Volume<'a>)> {
    let body = &claim.record.body;
    let is_done = body["status"]["allocatedResourceStatuses"]["storage"] == NODE_PENDING
        && body["status"]["allocatedResources"]["storage"] == body["spec"]["resources"]["requests"]["storage"];
    if claim.phase() != "Bound" || claim.requested() <= claim.capacity() || is_done {
        return None;
    }
    let id = view.find(Kind::PersistentVolume, "", claim.volume_name())?;
    let volume = view.get(id).and_then(Volume::of)?;
    (volume.csi().is_some() && volume.is_bound_to(claim)).then_some((id, volume))
}

/// Says how far a claim's growth is: the state of the resource, and a condition in place of those that there were.
fn status(plan: &mut Plan, id: ObjectId, claim: Claim<'_>, size: &Value, state: Option<&str>, condition: Option<(&str, &str)>) {
    let object = changed(claim.record, |meta, body| {
        // Other writes of the same plan may come before.
        meta.resource_version = 0;
        let status = &mut body["status"];
        let told: Vec<Value> = condition
            .into_iter()
            .map(|(kind, message)| {
                let mut condition = json!({"type": kind, "status": "True", "lastProbeTime": null});
                if !message.is_empty() {
                    condition["message"] = message.into();
                }
                condition
            })
            .collect();
        match (state, status.as_object_mut()) {
            (Some(state), _) => {
                status["allocatedResources"] = json!({"storage": size});
                status["allocatedResourceStatuses"] = json!({"storage": state});
                status["conditions"] = told.into();
            }
            (None, Some(fields)) => {
                fields.remove("allocatedResourceStatuses");
                fields.remove("conditions");
                status["capacity"]["storage"] = size.clone();
            }
            (None, None) => {}
        }
    });
    plan.then(Write::UpdateStatus(id, object));
}
