//! The protection of volumes in use: a claim that is deleted stays until no pod uses it, a volume until no claim is bound to it.
//! Mirrors `pkg/controller/volume/{pvcprotection,pvprotection}`, v1.36.

use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::record::Record;
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};

const CLAIM: &str = "kubernetes.io/pvc-protection";
const VOLUME: &str = "kubernetes.io/pv-protection";

/// The controller.
pub struct VolumeProtection;

impl Controller for VolumeProtection {
    const NAME: &'static str = "persistentvolumeclaim-protection-controller";
    const WORKERS: usize = 1;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        let meta = change.object.meta();
        let leaving = change.verb != Verb::Deleted && meta.deletion.is_some();
        match &change.object {
            Object::Record(record) if matches!(record.kind, Kind::PersistentVolumeClaim | Kind::PersistentVolume) && leaving => {
                keys.add(change.id);
            }
            Object::Pod(pod) if view.has(Kind::PersistentVolumeClaim) && (change.verb == Verb::Deleted || pod.status.phase.is_final()) => {
                let claims = view.list(Kind::PersistentVolumeClaim, Some(&meta.namespace));
                let released = claims.filter(|(_, claim)| claim.meta().deletion.is_some() && uses(pod, &claim.meta().name));
                released.for_each(|(id, _)| keys.add(id));
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        let protected = |object: &&std::sync::Arc<Record>| matches!(object.kind, Kind::PersistentVolumeClaim | Kind::PersistentVolume);
        let Some(object) = view.get(key).and_then(Object::as_record).filter(protected) else { return plan };
        let meta = &object.meta;
        let (finalizer, in_use) = if key.kind == Kind::PersistentVolume {
            (VOLUME, object.body["status"]["phase"] == "Bound")
        } else {
            let pods = view.list(Kind::Pod, Some(&meta.namespace)).filter_map(|(_, object)| object.as_pod());
            (CLAIM, pods.filter(|pod| !pod.status.phase.is_final() && !pod.node_name.is_empty()).any(|pod| uses(pod, &meta.name)))
        };
        if meta.deletion.is_some() && !in_use && meta.finalizers().iter().any(|own| *own == finalizer) {
            plan.then(Write::RemoveFinalizer(key, finalizer));
            plan.why = "nothing uses it any longer".into();
        }
        plan
    }
}

/// Whether a pod mounts a claim.
fn uses(pod: &Pod, claim: &str) -> bool {
    let volumes = pod.spec.tree["volumes"].as_array().into_iter().flatten();
    volumes.into_iter().any(|volume| volume["persistentVolumeClaim"]["claimName"] == claim)
}
