//! The resource quota controller: counts what a namespace uses, whenever a quota changes or something is given back.
//!
//! Mirrors `pkg/controller/resourcequota/resource_quota_controller.go` and `resource_quota_monitor.go`, v1.36. New objects are charged by
//! the API server ([`crate::apiserver::admission::quota`]). Left out: the full recount every five minutes, which would find nothing new.

use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::PodSpec;
use crate::apiserver::admission::amounts::Amounts;
use crate::apiserver::admission::quota::{concerns, in_scope, is_charged, usage};
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::SimTime;
use crate::store::{Change, Verb};
use serde_json::json;
use std::sync::Arc;

/// The controller.
pub struct ResourceQuotaController;

impl Controller for ResourceQuotaController {
    const NAME: &'static str = "resourcequota-controller";
    const WORKERS: usize = 5;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        if change.id.kind == Kind::ResourceQuota {
            let old = change.old.as_ref().and_then(Object::as_record);
            let is_same = change.object.as_record().zip(old).is_some_and(|(new, old)| new.same_spec(old));
            if change.verb != Verb::Deleted && !is_same {
                keys.add(change.id);
            }
        }
        if view.has(Kind::ResourceQuota) && gives_back(change) {
            for (id, quota) in view.list(Kind::ResourceQuota, Some(&change.object.meta().namespace)) {
                let hard = quota.as_record().map(|quota| Amounts::from_tree(&quota.body["status"]["hard"])).unwrap_or_default();
                if hard.0.keys().any(|name| concerns(change.id.kind, name)) {
                    keys.add(id);
                }
            }
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, _settled: bool) -> Plan {
        let mut plan = Plan::nothing();
        // After a relist every key comes by.
        let Some(quota) = view.get(key).and_then(Object::as_record).filter(|quota| quota.kind == Kind::ResourceQuota) else { return plan };
        let hard = Amounts::from_tree(&quota.body["spec"]["hard"]);
        let mut used = Amounts::default();
        hard.0.keys().for_each(|name| used.count(name.as_str(), 0));
        // Replicas share their specification, and use the same.
        let mut last: Option<(Arc<PodSpec>, Amounts)> = None;
        for kind in Kind::ALL.iter().copied().filter(|kind| hard.0.keys().any(|name| concerns(*kind, name))) {
            for (_, object) in view.list(kind, Some(&quota.meta.namespace)).filter(|(_, object)| in_scope(quota, object)) {
                let charged = object.as_pod().filter(|pod| is_charged(pod, now));
                if let (Some(pod), Some((spec, amounts))) = (charged, &last)
                    && Arc::ptr_eq(&pod.spec, spec)
                {
                    used.add(amounts);
                    continue;
                }
                let amounts = usage(object, now).only(|name| hard.get(name).is_some());
                used.add(&amounts);
                last = charged.map(|pod| (pod.spec.clone(), amounts));
            }
        }
        let status = json!({"hard": hard.to_tree(), "used": used.to_tree()});
        if quota.body["status"] != status {
            let mut next = (**quota).clone();
            Arc::make_mut(&mut next.body)["status"] = status;
            plan.then(Write::UpdateStatus(key, next.into()));
            plan.why = format!("the namespace uses {}", used.pretty()).into();
        }
        plan
    }
}

/// Whether a change makes room: something is gone, a pod has ended, a Service became cheaper, a claim asks for another amount.
fn gives_back(change: &Change) -> bool {
    match (change.verb, &change.object, &change.old) {
        (Verb::Deleted, ..) => true,
        (Verb::Modified, Object::Pod(pod), Some(Object::Pod(old))) => is_charged(old, change.at) && !is_charged(pod, change.at),
        (Verb::Modified, object @ (Object::Service(_) | Object::Record(_)), Some(old)) if object.kind() != Kind::ResourceQuota => {
            usage(object, change.at) != usage(old, change.at)
        }
        _ => false,
    }
}
