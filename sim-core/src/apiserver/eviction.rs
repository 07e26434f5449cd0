//! The eviction subresource of pods: a deletion that asks the pod's disruption budget first.
//!
//! Mirrors `pkg/registry/core/pod/storage/eviction.go`, v1.36. What can't happen here: conflicts in between, for a request is handled at one
//! moment; so there is nothing to be tried again, and no "couldn't update PodDisruptionBudget due to conflicts".

use crate::api::meta::{Condition, ConditionStatus};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::{Phase, Pod};
use crate::api::policy::{PodDisruptionBudget, SYNC_FAILED};
use crate::api::status::{ApiError, Reason};
use crate::apiserver::front::Front;
use crate::apiserver::request::{DeleteOptions, Eviction, Preconditions, Propagation, Write};
use serde_json::Value;
use std::sync::Arc;

/// So many evictions may wait for the disruption controller to notice them: `MaxDisruptedPodSize`.
const DISRUPTED_PODS_MAX: usize = 2000;
/// What a client is told to wait when the budget isn't worked out yet.
const RETRY_AFTER_SECONDS: u32 = 10;

impl Eviction {
    /// Reads the body of a request about the pod `name`.
    ///
    /// # Errors
    /// BadRequest, if it is about another pod.
    pub fn from_tree(tree: &Value, name: &str) -> Result<Eviction, ApiError> {
        if tree["metadata"]["name"].as_str().unwrap_or_default() != name {
            return Err(ApiError::new(Reason::BadRequest, "name in URL does not match name in Eviction object"));
        }
        let options = &tree["deleteOptions"];
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Eviction {
            delete: DeleteOptions {
                propagation: match options["propagationPolicy"].as_str() {
                    Some("Foreground") => Propagation::Foreground,
                    Some("Orphan") => Propagation::Orphan,
                    _ => Propagation::Background,
                },
                grace_period: options["gracePeriodSeconds"].as_i64(),
            },
            preconditions: Preconditions {
                uid: text(&options["preconditions"]["uid"]),
                resource_version: text(&options["preconditions"]["resourceVersion"]),
            },
            dry_run: options["dryRun"].as_array().is_some_and(|stages| stages.iter().any(|stage| stage == "All")),
        })
    }
}

impl Front<'_> {
    /// POST of the eviction subresource: the budget is asked, the pod learns why it goes, then it is deleted.
    ///
    /// # Errors
    /// NotFound; TooManyRequests if the budget has none to give; Conflict if a precondition doesn't hold; Forbidden in a namespace that is
    /// going; an unclassified error if several budgets are about the pod.
    pub fn evict(&mut self, namespace: &str, name: &str, eviction: &Eviction) -> Result<(), ApiError> {
        self.refuse_in_terminating_namespace(namespace, name)?;
        let id = self.find(Kind::Pod.resource(), namespace, name)?;
        let pod = self.store.get(id).and_then(Object::as_pod).expect("what was found exists").clone();
        if !can_ignore_budgets(&pod) {
            self.ask_budget(&pod, eviction.dry_run)?;
        }
        self.add_condition_and_delete(id, &pod, eviction)
    }

    fn refuse_in_terminating_namespace(&self, namespace: &str, name: &str) -> Result<(), ApiError> {
        let found = self.store.find_object(Kind::Namespace, "", namespace).and_then(Object::as_namespace);
        match found.is_some_and(|found| found.terminating) {
            true => Err(ApiError::namespace_terminating("", Kind::Pod.resource().plural, name, namespace)),
            false => Ok(()),
        }
    }

    /// Whether the pod's budget allows its eviction; if so, takes note of it.
    fn ask_budget(&mut self, pod: &Pod, dry_run: bool) -> Result<(), ApiError> {
        let all = self.store.list(Kind::PodDisruptionBudget, Some(&pod.meta.namespace));
        let all = all.filter_map(|(id, object)| Some((id, object.as_pod_disruption_budget()?)));
        let budgets: Vec<_> = all.filter(|(_, budget)| budget.covers(&pod.meta.labels)).map(|(id, budget)| (id, budget.clone())).collect();
        let (id, budget) = match budgets.as_slice() {
            [] => return Ok(()),
            [one] => one,
            _ => {
                let why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
                return Err(ApiError::new(Reason::Unknown, why));
            }
        };
        if !pod.is_ready() && may_lose_unhealthy(budget) {
            return Ok(());
        }
        let next = decremented(budget, pod, self.at.now)?;
        if !dry_run {
            self.server.write(self.store, self.at, &Write::UpdateStatus(*id, next.into()))?;
        }
        Ok(())
    }

    fn add_condition_and_delete(&mut self, id: ObjectId, pod: &Pod, eviction: &Eviction) -> Result<(), ApiError> {
        check_preconditions(pod, &eviction.preconditions)?;
        if eviction.dry_run {
            return Ok(());
        }
        let at = self.at.now.truncated_to_secs();
        let condition = Condition {
            kind: "DisruptionTarget".into(),
            status: ConditionStatus::True,
            reason: "EvictionByEvictionAPI".into(),
            message: "Eviction API: evicting".into(),
            last_transition: at,
            last_update: at,
            observed_generation: pod.meta.generation,
        };
        self.server.write(self.store, self.at, &Write::PodCondition(id, condition))?;
        self.server.delete(self.store, self.at, id, &eviction.delete)?;
        Ok(())
    }
}

/// Pods that have ended, haven't begun or are going already: nobody is disrupted by their eviction.
fn can_ignore_budgets(pod: &Pod) -> bool {
    pod.status.phase.is_final() || pod.status.phase == Phase::Pending || pod.meta.deletion.is_some()
}

/// Whether a pod that isn't ready may go without being counted: always if the budget says so, else if the others are enough.
fn may_lose_unhealthy(budget: &PodDisruptionBudget) -> bool {
    let status = &budget.status;
    budget.spec.always_allow_unhealthy || (status.current_healthy >= status.desired_healthy && status.desired_healthy > 0)
}

/// The budget with one disruption less, or why there is none to give: `checkAndDecrement`.
fn decremented(
    budget: &Arc<PodDisruptionBudget>,
    pod: &Pod,
    now: crate::kernel::time::SimTime,
) -> Result<Arc<PodDisruptionBudget>, ApiError> {
    let (name, status) = (&budget.meta.name, &budget.status);
    if status.observed_generation < budget.meta.generation {
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return Err(ApiError::too_many_evictions(why, RETRY_AFTER_SECONDS));
    }
    let forbidden = |why| Err(ApiError::forbidden("policy", "poddisruptionbudget", name, why));
    if status.disruptions_allowed < 0 {
        return forbidden("pdb disruptions allowed is negative");
    }
    if status.disrupted_pods.len() > DISRUPTED_PODS_MAX {
        return forbidden("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
    }
    if status.disruptions_allowed == 0 {
        return Err(ApiError::too_many_evictions(why_not(budget), 0));
    }
    let mut next = budget.clone();
    let status = &mut Arc::make_mut(&mut next).status;
    status.disruptions_allowed -= 1;
    if status.disruptions_allowed == 0 {
        status.update_condition(now);
    }
    status.disrupted_pods.insert(pod.meta.name.clone(), now.truncated_to_secs());
    Ok(next)
}

/// Why a budget has nothing to give. After a failed sync its numbers can't be trusted.
fn why_not(budget: &PodDisruptionBudget) -> String {
    let (name, status) = (&budget.meta.name, &budget.status);
    let said = status.condition().filter(|c| c.status == ConditionStatus::False && !c.message.is_empty());
    match said {
        Some(c) if c.reason == SYNC_FAILED => {
            format!("The disruption budget {name} does not allow evicting pods currently because it failed sync: {}", c.message)
        }
        _ if status.current_healthy <= status.desired_healthy => {
            let (needed, there) = (status.desired_healthy, status.current_healthy);
            format!("The disruption budget {name} needs {needed} healthy pods and has {there} currently")
        }
        Some(c) => format!("The disruption budget {name} does not allow evicting pods currently ({}): {}", c.reason, c.message),
        None => format!("The disruption budget {name} does not allow evicting pods currently"),
    }
}

fn check_preconditions(pod: &Pod, wanted: &Preconditions) -> Result<(), ApiError> {
    let conflict = |why: String| Err(ApiError::conflict("", "Pod", &pod.meta.name, &why));
    let (uid, revision) = (pod.meta.uid.to_string(), pod.meta.resource_version.to_string());
    match (&wanted.uid, &wanted.resource_version) {
        (Some(wanted), _) if *wanted != uid => conflict(format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). \
             The object might have been deleted and then recreated"
        )),
        (_, Some(wanted)) if *wanted != revision => conflict(format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record ({revision}). \
             The object might have been modified"
        )),
        _ => Ok(()),
    }
}
