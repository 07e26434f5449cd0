//! The ephemeral volume controller: a pod's generic ephemeral volume is a claim that comes and goes with the pod.
//! Mirrors `pkg/controller/volume/ephemeral/controller.go`, v1.36.

use crate::api::event::EventType;
use crate::api::meta::{Meta, OwnerReference, StrMap};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::record::Record;
use crate::api::storage::{Claim, is_claim_of};
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use serde_json::{Value, json};
use std::sync::Arc;

/// The controller.
pub struct EphemeralVolumeController;

impl Controller for EphemeralVolumeController {
    const NAME: &'static str = "ephemeral_volume";
    const WORKERS: usize = 5;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match &change.object {
            Object::Pod(pod) if change.verb == Verb::Added && volumes(pod).next().is_some() => keys.add(change.id),
            // A claim that went missing is made anew.
            Object::Record(claim) if claim.kind == Kind::PersistentVolumeClaim && change.verb == Verb::Deleted => {
                keys.extend(claim.meta.controller().and_then(|owner| view.find_uid(owner.uid)).filter(|id| id.kind == Kind::Pod));
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        let Some(pod) = view.pod(key).filter(|pod| pod.meta.deletion.is_none()) else { return plan };
        for (volume, template) in volumes(pod) {
            let name = format!("{}-{volume}", pod.meta.name);
            let known = view.find(Kind::PersistentVolumeClaim, &pod.meta.namespace, &name).and_then(|id| view.get(id));
            match known.and_then(Claim::of) {
                Some(claim) if is_claim_of(claim, pod) => {}
                Some(_) => plan.report(
                    crate::controllers::pod_reference(pod),
                    EventType::Warning,
                    "EphemeralVolume",
                    format!(
                        "PVC {}/{name} was not created for pod {}/{} (pod is not owner)",
                        pod.meta.namespace, pod.meta.namespace, pod.meta.name
                    ),
                ),
                None => {
                    plan.why = format!("pod {} has an ephemeral volume {volume}", pod.meta.name).into();
                    plan.then(Write::Create(claim_of(pod, &name, template)));
                }
            }
        }
        plan
    }
}

/// The generic ephemeral volumes: name and template.
fn volumes(pod: &Pod) -> impl Iterator<Item = (&str, &Value)> {
    let all = pod.spec.tree["volumes"].as_array().into_iter().flatten();
    all.filter(|volume| volume["ephemeral"].is_object())
        .map(|volume| (volume["name"].as_str().unwrap_or_default(), &volume["ephemeral"]["volumeClaimTemplate"]))
}

fn claim_of(pod: &Pod, name: &str, template: &Value) -> Object {
    let owner = OwnerReference {
        api_version: "v1".into(),
        kind: "Pod".into(),
        name: pod.meta.name.clone(),
        uid: pod.meta.uid,
        controller: true,
        block_owner_deletion: true,
    };
    let meta = Meta {
        name: name.to_owned().into(),
        namespace: pod.meta.namespace.clone(),
        labels: StrMap::from_tree(template["metadata"].get("labels")),
        annotations: StrMap::from_tree(template["metadata"].get("annotations")),
        owners: Some(Arc::new(vec![owner])),
        ..Meta::default()
    };
    let mut spec = template["spec"].clone();
    if spec["volumeMode"].is_null() {
        spec["volumeMode"] = "Filesystem".into();
    }
    Record { kind: Kind::PersistentVolumeClaim, meta, body: Arc::new(json!({"spec": spec})) }.into()
}
