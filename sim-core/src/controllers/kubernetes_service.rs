//! The Service by which pods reach the API server, and its endpoints, come back when somebody deletes them. The API server itself sees to
//! that, every 10 s; its loop stands here among its like, and its ticks are derived: there is one only after a deletion.
//! Mirrors `pkg/controlplane/controller/kubernetesservice/controller.go`, v1.36. Left out: it undoes no changes.

use crate::api::object::{Kind, ObjectId};
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};

/// `EndpointInterval`
const PERIOD: SimDuration = SimDuration::from_secs(10);
/// What there is to be, all of this name in the namespace `default`.
const OWN: [Kind; 3] = [Kind::Service, Kind::Endpoints, Kind::EndpointSlice];

/// The controller. Its keys are the three objects as they were.
pub struct KubernetesService;

impl Controller for KubernetesService {
    const NAME: &'static str = "kubernetes-service";
    const WORKERS: usize = 1;

    fn route(change: &Change, _view: &View, keys: &mut Keys) {
        let meta = change.object.meta();
        if change.verb == Verb::Deleted && OWN.contains(&change.id.kind) && meta.name == "kubernetes" && meta.namespace == "default" {
            let next = (change.at.as_nanos() / PERIOD.as_nanos() + 1) * PERIOD.as_nanos();
            keys.add_after(change.id, SimTime::from_nanos(next).since(change.at));
        }
    }

    fn sync(view: &View, _key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        if OWN.iter().any(|kind| view.find(*kind, "default", "kubernetes").is_none()) {
            plan.why = "the Service kubernetes is always there".into();
            plan.then(Write::OwnService);
        }
        plan
    }
}
