//! The namespace controller: empties a namespace that is being deleted, then lets it go.
//!
//! Mirrors `pkg/controller/namespace/namespace_controller.go` and `deletion/namespaced_resources_deleter.go`, v1.36: nothing happens for
//! five seconds, then everything is deleted, and while pods are ending it looks again. Left out: the conditions that tell what remains.

use crate::api::object::{Kind, Object, ObjectId};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::{Keys, Plan, Step};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::Change;

/// `namespaceDeletionGracePeriod`: others get time to notice.
const GRACE: SimDuration = SimDuration::from_secs(5);

/// The controller.
pub struct NamespaceController;

impl Controller for NamespaceController {
    const NAME: &'static str = "namespace-controller";
    const WORKERS: usize = 10;

    fn route(change: &Change, _view: &View, keys: &mut Keys) {
        if let Object::Namespace(namespace) = &change.object
            && namespace.terminating
        {
            keys.add_after(change.id, GRACE);
        }
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        let Some(Object::Namespace(namespace)) = view.get(key) else { return Plan::nothing() };
        let name = &namespace.meta.name;
        let kinds = Kind::ALL.iter().copied().filter(|kind| kind.is_namespaced());
        let mut left = 0;
        let mut writes = Vec::new();
        for (id, object) in kinds.flat_map(|kind| view.list(kind, Some(name))) {
            left += 1;
            if object.meta().deletion.is_none() {
                writes.push(Write::Delete(id, DeleteOptions::default()));
            }
        }
        let mut plan = Plan::nothing();
        if left == 0 {
            plan.then(Write::FinalizeNamespace(key));
            plan.why = "the namespace is empty".into();
        } else {
            plan.why = format!("{left} objects are left in the namespace").into();
            if !writes.is_empty() {
                plan.steps.push(Step::Together(writes, None));
            }
            plan.requeue_after = Some(GRACE);
        }
        plan
    }
}
