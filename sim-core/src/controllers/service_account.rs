//! The service accounts controller: every namespace has the ServiceAccount `default`.
//! Mirrors `pkg/controller/serviceaccount/serviceaccounts_controller.go`, v1.36.

use crate::api::meta::{Meta, Str};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::record::Record;
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use serde_json::json;
use std::sync::Arc;

/// The controller.
pub struct ServiceAccountController;

impl Controller for ServiceAccountController {
    const NAME: &'static str = "serviceaccount-controller";
    const WORKERS: usize = 1;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        route_kept(change, view, Kind::ServiceAccount, "default", keys);
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        keep(view, key, Kind::ServiceAccount, "default", |namespace| Record {
            kind: Kind::ServiceAccount,
            meta: Meta { name: "default".into(), namespace, ..Meta::default() },
            body: Arc::new(json!({})),
        })
    }
}

/// A namespace is to be looked at when it comes, and when its object is deleted.
pub(super) fn route_kept(change: &Change, view: &View, kind: Kind, name: &str, keys: &mut Keys) {
    if change.id.kind == Kind::Namespace && change.verb != Verb::Deleted {
        keys.add(change.id);
    }
    if change.id.kind == kind && change.verb == Verb::Deleted && change.object.meta().name == *name {
        view.find(Kind::Namespace, "", &change.object.meta().namespace).into_iter().for_each(|id| keys.add(id));
    }
}

/// Makes the object of this name, if the namespace lacks it and isn't on its way out.
pub(super) fn keep(view: &View, namespace: ObjectId, kind: Kind, name: &str, make: impl FnOnce(Str) -> Record) -> Plan {
    let mut plan = Plan::nothing();
    let Some(Object::Namespace(namespace)) = view.get(namespace) else { return plan };
    if !namespace.terminating && view.find(kind, &namespace.meta.name, name).is_none() {
        plan.then(Write::Create(make(namespace.meta.name.clone()).into()));
        plan.why = format!("every namespace has the {} {name}", kind.as_str()).into();
    }
    plan
}
