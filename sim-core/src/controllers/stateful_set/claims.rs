//! The claims of a StatefulSet's pods: made before their pod, called `<template>-<set>-<ordinal>`, and found again by its successor.
//!
//! Mirrors the claim functions of `pkg/controller/statefulset/{stateful_pod_control,stateful_set_utils}.go`, v1.36. What becomes of a claim
//! is said by its owners, and carried out by the garbage collector: a claim that the set owns goes with the set; one whose pod is scaled
//! away is handed over to that pod, and goes with it.

use super::{Update, identity};
use crate::api::defaults;
use crate::api::event::EventType;
use crate::api::meta::{Meta, OwnerReference, Str, Uid};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::stateful_set::{ClaimTemplate, ClaimsGo, StatefulSet};
use crate::apiserver::convert;
use crate::apiserver::request::Write;
use crate::controllers::deployment::controller_reference;
use crate::kernel::time::{Epoch, SimDuration, SimTime};
use serde_json::{Value, json};

/// When a pod is tried again whose claim is being deleted. Upstream's back-off grows from 5 ms.
const RETRY: SimDuration = SimDuration::from_secs(1);

fn claim_name(set: &StatefulSet, template: &ClaimTemplate, ordinal: i32) -> Str {
    Str::from(format!("{}-{}-{ordinal}", template.name, set.meta.name))
}

/// The pod that a claim is for, by its name.
pub fn pod_of(set: &StatefulSet, claim: &str) -> Option<Str> {
    let own = |template: &ClaimTemplate| claim.strip_prefix(template.name.as_str())?.strip_prefix('-');
    let pod = set.spec.claims.iter().filter_map(own).find(|pod| identity::is_member(&set.meta.name, pod))?;
    Some(Str::from(pod.to_owned()))
}

/// Puts the claims into a pod's volumes, in place of what is called like them. `updateStorage`.
pub fn mount(set: &StatefulSet, spec: &mut Value, ordinal: i32) {
    if set.spec.claims.is_empty() {
        return;
    }
    let mut volumes: Vec<Value> = Vec::new();
    for template in &set.spec.claims {
        let claim = claim_name(set, template, ordinal);
        volumes.push(json!({"name": template.name.as_str(), "persistentVolumeClaim": {"claimName": claim.as_str()}}));
    }
    let others = spec["volumes"].as_array().into_iter().flatten();
    volumes.extend(others.filter(|volume| set.spec.claims.iter().all(|template| volume["name"] != template.name.as_str())).cloned());
    spec["volumes"] = volumes.into();
}

/// A claim as its template says, with the labels of the set's selector. `getPersistentVolumeClaims`.
fn new_claim(set: &StatefulSet, template: &ClaimTemplate, ordinal: i32, now: SimTime) -> Object {
    let kind = Kind::PersistentVolumeClaim;
    let mut tree = json!({"metadata": template.tree["metadata"], "spec": template.tree["spec"]});
    tree["metadata"]["name"] = claim_name(set, template, ordinal).as_str().into();
    tree["metadata"]["namespace"] = set.meta.namespace.as_str().into();
    for (key, value) in set.spec.tree["selector"]["matchLabels"].as_object().into_iter().flatten() {
        tree["metadata"]["labels"][key] = value.clone();
    }
    defaults::prepare_create(kind.as_str(), &mut tree);
    defaults::apply(kind.as_str(), &mut tree);
    convert::object(kind, &tree, None, Epoch::default(), now)
}

/// The claims of an ordinal that the cache knows.
fn known<'a>(update: &Update<'a>, ordinal: i32) -> Vec<(ObjectId, &'a Meta)> {
    let set = update.set;
    let find = |template: &ClaimTemplate| {
        let id = update.view.find(Kind::PersistentVolumeClaim, &set.meta.namespace, &claim_name(set, template, ordinal))?;
        update.view.get(id).map(|claim| (id, claim.meta()))
    };
    set.spec.claims.iter().filter_map(find).collect()
}

/// Makes the claims that are missing. Returns whether all are there, or will be: not if one is on its way out.
/// `createPersistentVolumeClaims`.
pub fn make(update: &mut Update<'_>, pod: &Str, ordinal: i32) -> bool {
    let set = update.set;
    let known = known(update, ordinal);
    for template in &set.spec.claims {
        let name = claim_name(set, template, ordinal);
        let there = known.iter().find(|(_, claim)| claim.name == name);
        if there.is_some_and(|(_, claim)| claim.deletion.is_some()) {
            let message = format!("Create Pod {pod} in StatefulSet {} failed error: pvc {name} is being deleted", set.meta.name);
            update.report(EventType::Warning, "FailedCreate", message);
            update.explain(|| format!("{pod} can't be made while its claim {name} is being deleted"));
            update.plan.requeue_after = Some(RETRY);
            return false;
        }
        if there.is_none() {
            update.plan.then(Write::Create(new_claim(set, template, ordinal, update.now)));
            let message = format!("Create Claim {name} Pod {pod} in StatefulSet {} success", set.meta.name);
            update.report(EventType::Normal, "SuccessfulCreate", message);
            update.explain(|| format!("{pod} needs the claim {name}"));
        }
    }
    true
}

/// Whether a claim still belongs to an earlier pod of this name: it is about to be collected, and a new pod must not take it over.
/// `PodClaimIsStale`.
pub fn are_stale(update: &Update<'_>, pod: &Str, ordinal: i32) -> bool {
    let earlier = |owner: &OwnerReference| is_named(owner, Kind::Pod, pod) && owner.uid != Uid::NONE;
    update.set.spec.claims_go.when_scaled && known(update, ordinal).iter().any(|(_, claim)| claim.owners().iter().any(earlier))
}

/// Gives an ordinal's claims the owners that the retention policy asks for. Returns whether any had others. `pod` is the pod as it exists.
/// `UpdatePodClaimForRetentionPolicy`.
pub fn settle(update: &mut Update<'_>, ordinal: i32, pod: Option<&Meta>) -> bool {
    let set = update.set;
    let new = Meta { name: Str::from(format!("{}-{ordinal}", set.meta.name)), ..Meta::default() };
    let owners = Owners { set: &set.meta, pod: pod.unwrap_or(&new), go: set.spec.claims_go, wanted: set.spec.wants(ordinal) };
    let mut changed = false;
    for (id, claim) in known(update, ordinal) {
        if owners.has_stranger(claim) {
            let message = format!(
                "PersistentVolumeClaim {} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored \
                 for this claim",
                claim.name
            );
            update.report(EventType::Warning, "ConflictingController", message);
        }
        if let Some(next) = owners.corrected(claim) {
            update.plan.then(Write::Owners(id, next));
            let reason = if owners.wanted { "the retention policy says who it goes with" } else { "its pod is scaled away" };
            update.explain(|| format!("claim {} gets other owners: {reason}", claim.name));
            changed = true;
        }
    }
    changed
}

fn is_named(owner: &OwnerReference, kind: Kind, name: &str) -> bool {
    owner.api_version == kind.api_version() && owner.kind == kind.as_str() && owner.name == name
}

/// Who may own a claim, and who should.
struct Owners<'a> {
    set: &'a Meta,
    pod: &'a Meta,
    go: ClaimsGo,
    /// Whether the pod is among those that are wanted.
    wanted: bool,
}

impl Owners<'_> {
    fn is_own(&self, owner: &OwnerReference) -> bool {
        is_named(owner, Kind::StatefulSet, &self.set.name) || is_named(owner, Kind::Pod, &self.pod.name)
    }

    /// An owner that is called like the set or the pod, but is an earlier one. `hasStaleOwnerRef`.
    fn has_stale(&self, claim: &Meta) -> bool {
        let stale = |kind: Kind, of: &Meta| claim.owners().iter().find(|o| is_named(o, kind, &of.name)).is_some_and(|o| o.uid != of.uid);
        stale(Kind::StatefulSet, self.set) || stale(Kind::Pod, self.pod)
    }

    /// Whether somebody else controls the claim. `hasUnexpectedController`.
    fn has_stranger(&self, claim: &Meta) -> bool {
        let policy = self.go.when_deleted || self.go.when_scaled;
        policy && (self.has_stale(claim) || claim.owners().iter().any(|owner| owner.controller && !self.is_own(owner)))
    }

    fn owns(&self, claim: &Meta, owner: &Meta) -> Option<bool> {
        claim.owners().iter().find(|o| o.uid == owner.uid && owner.uid != Uid::NONE).map(|owner| owner.controller)
    }

    /// Who the claim should go with: the set, or the pod, or nobody.
    ///
    /// | whenDeleted | whenScaled | while its pod is wanted | once it isn't |
    /// |---|---|---|---|
    /// | Retain | Retain | nobody | nobody |
    /// | Delete | Retain | the set | the set |
    /// | Retain | Delete | nobody | the pod |
    /// | Delete | Delete | the set | the pod |
    fn should(&self) -> (bool, bool) {
        let pod = self.go.when_scaled && !self.wanted;
        (self.go.when_deleted && !pod, pod)
    }

    /// The owners that the claim should have, if they differ. `isClaimOwnerUpToDate` and `updateClaimOwnerRefForSetAndPod`.
    fn corrected(&self, claim: &Meta) -> Option<Vec<OwnerReference>> {
        if self.has_stale(claim) {
            return None;
        }
        let (set, pod) = (self.owns(claim, self.set), self.owns(claim, self.pod));
        let stranger = self.has_stranger(claim);
        let should = if stranger { (false, false) } else { self.should() };
        let half = !stranger && (set == Some(false) || pod == Some(false));
        if (set.is_some(), pod.is_some()) == should && !half {
            return None;
        }
        let mut owners: Vec<OwnerReference> = claim.owners().iter().filter(|owner| !self.is_own(owner)).cloned().collect();
        for (_, kind, owner) in [(should.0, Kind::StatefulSet, self.set), (should.1, Kind::Pod, self.pod)].into_iter().filter(|row| row.0) {
            owners.push(controller_reference(kind, owner));
        }
        (owners != claim.owners()).then_some(owners)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn meta(name: &'static str, uid: u128) -> Meta {
        Meta { name: name.into(), uid: Uid::from_bits(uid), ..Meta::default() }
    }

    /// The owners that a claim gets which has these.
    fn check(go: (bool, bool), wanted: bool, has: &[(Kind, &Meta)], expected: Option<&[&str]>) {
        let (set, pod) = (meta("web", 1), meta("web-0", 2));
        let go = ClaimsGo { when_deleted: go.0, when_scaled: go.1 };
        let owners = has.iter().map(|(kind, owner)| controller_reference(*kind, owner)).collect();
        let claim = Meta { owners: Some(Arc::new(owners)), ..meta("data-web-0", 3) };
        let next = Owners { set: &set, pod: &pod, go, wanted }.corrected(&claim);
        let names = next.as_ref().map(|owners| owners.iter().map(|owner| owner.name.as_str()).collect::<Vec<_>>());
        assert_eq!(names.as_deref(), expected, "{go:?}, wanted {wanted}, has {has:?}");
    }

    #[test]
    fn a_claim_goes_with_whom_the_policy_says() {
        let (set, pod, earlier, other) = (meta("web", 1), meta("web-0", 2), meta("web-0", 9), meta("backup", 5));
        let (set, pod) = ((Kind::StatefulSet, &set), (Kind::Pod, &pod));
        check((false, false), true, &[], None);
        check((false, false), true, &[set], Some(&[]));
        check((true, false), true, &[], Some(&["web"]));
        check((true, false), false, &[set], None);
        check((false, true), true, &[], None);
        check((false, true), false, &[], Some(&["web-0"]));
        check((true, true), true, &[], Some(&["web"]));
        check((true, true), false, &[set], Some(&["web-0"]));
        check((true, true), true, &[pod], Some(&["web"]));
        // Owners of the same name that are gone aren't touched; with another controller, the set and its pods step back.
        check((true, true), true, &[(Kind::Pod, &earlier)], None);
        check((true, true), true, &[(Kind::Job, &other), set], Some(&["backup"]));
        check((true, true), true, &[(Kind::Job, &other)], None);
    }
}
