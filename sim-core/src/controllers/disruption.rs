//! The disruption controller: works out how many pods of a budget may be evicted now, and writes it into the budget's status.
//!
//! Mirrors `pkg/controller/disruption/disruption.go`, v1.36. The eviction subresource ([`crate::apiserver::eviction`]) counts the number down
//! and notes the pod; here it is worked out anew with every change of the pods. A pod whose eviction was granted counts as gone for two
//! minutes, or until it is being deleted. Differs: pods with the same labels are counted together, and a pod that has ended isn't counted as
//! healthy, whatever its condition says. Seen in scenarios/drain-with-budget.yaml.

use crate::api::event::{EventType, ObjectReference};
use crate::api::intstr::IntOrString;
use crate::api::meta::{Condition, ConditionStatus, OwnerReference, Str, Uid};
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::policy::{Bound, PodDisruptionBudget, PodDisruptionBudgetStatus, SYNC_FAILED};
use crate::api::resources;
use crate::api::selector::Selector;
use crate::apiserver::request::Write;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::Controller;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Verb};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long a pod may take from its granted eviction to its deletion: `DeletionTimeout`. After that it counts again.
const DELETION_TIMEOUT: SimDuration = SimDuration::from_secs(120);
/// How long a pod may be a target of disruption without being deleted: `stalePodDisruptionTimeout`. After that it isn't one.
const STALE_TARGET: SimDuration = SimDuration::from_secs(120);
/// What a requeued key waits at least: `DefaultTypedControllerRateLimiter`.
const REQUEUE: SimDuration = SimDuration::from_millis(5);

/// The controller. Its keys are budgets, and pods that were to be disrupted and are still there.
pub struct DisruptionController;

impl Controller for DisruptionController {
    const NAME: &'static str = "disruption-controller";
    const SIGNS_AS: &'static str = "controllermanager";
    const WORKERS: usize = 1;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        match &change.object {
            Object::PodDisruptionBudget(_) if change.verb != Verb::Deleted => keys.add(change.id),
            Object::Pod(pod) => {
                if view.has(Kind::PodDisruptionBudget) {
                    budget_of_pod(view, pod, keys);
                }
                if change.verb != Verb::Deleted
                    && let Some(stale) = stale_at(pod)
                {
                    keys.add_after(change.id, stale.since(change.at));
                }
            }
            _ => {}
        }
    }

    fn sync(view: &View, key: ObjectId, now: SimTime, _settled: bool) -> Plan {
        match view.get(key) {
            Some(Object::PodDisruptionBudget(budget)) => sync_budget(view, key, budget, now),
            Some(Object::Pod(pod)) => sync_stale_target(key, pod, now),
            _ => Plan::nothing(),
        }
    }
}

/// The budget of a changed pod is looked at. Of several, one: they can't be satisfied together in any case.
fn budget_of_pod(view: &View, pod: &Pod, keys: &mut Keys) {
    let all = view.list(Kind::PodDisruptionBudget, Some(&pod.meta.namespace));
    let budgets = all.filter_map(|(id, object)| Some((id, object.as_pod_disruption_budget()?)));
    let mut covering = budgets.filter(|(_, budget)| budget.covers(&pod.meta.labels));
    let Some((first, budget)) = covering.next() else { return };
    keys.add(first);
    if covering.next().is_some() {
        let (namespace, name) = (&pod.meta.namespace, &pod.meta.name);
        let message = format!(
            "Pod {:?}/{:?} matches multiple PodDisruptionBudgets.  Chose {:?} arbitrarily.",
            &**namespace, &**name, &*budget.meta.name
        );
        keys.report(ObjectReference::to(Kind::Pod, &pod.meta), EventType::Warning, "MultiplePodDisruptionBudgets", message);
    }
}

/// How many pods there are to be, and how many of them ready.
struct Expected {
    pods: i32,
    healthy: i32,
    /// Whether some pods belong to nobody.
    unmanaged: bool,
}

fn sync_budget(view: &View, key: ObjectId, budget: &Arc<PodDisruptionBudget>, now: SimTime) -> Plan {
    let mut plan = Plan::nothing();
    let about = || ObjectReference::to(Kind::PodDisruptionBudget, &budget.meta);
    let selector = match &budget.spec.selector {
        Ok(selector) => selector,
        Err(why) => {
            plan.report(about(), EventType::Warning, "NoPods", format!("Failed to get pods: {why}"));
            fail(&mut plan, key, budget, why, now);
            return plan;
        }
    };
    let counts = Counts::of(view, &budget.meta.namespace, selector);
    if counts.pods == 0 {
        plan.report(about(), EventType::Normal, "NoPods", "No matching pods found".to_owned());
    }
    let expected = match expected(view, budget, &counts) {
        Ok(expected) => expected,
        Err(why) => {
            let message = format!("Failed to calculate the number of expected pods: {why}");
            plan.report(about(), EventType::Warning, "CalculateExpectedPodCountFailed", message);
            fail(&mut plan, key, budget, &why, now);
            return plan;
        }
    };
    if expected.unmanaged {
        plan.report(about(), EventType::Warning, "UnmanagedPods", unmanaged(&budget.spec.tree["selector"]));
    }
    let (disrupted, recheck) = still_disrupted(view, budget, selector, now, &mut plan);
    let gone = disrupted.values().filter(|pod| pod.healthy && pod.at + DELETION_TIMEOUT > now).count() as i32;
    let mut status = PodDisruptionBudgetStatus {
        observed_generation: budget.meta.generation,
        disrupted_pods: disrupted.into_iter().map(|(name, pod)| (name, pod.at)).collect(),
        disruptions_allowed: 0,
        current_healthy: counts.healthy - gone,
        desired_healthy: expected.healthy,
        expected_pods: expected.pods,
        conditions: budget.status.conditions.clone(),
    };
    // Without pods nothing is allowed: the first ones may appear before this controller hears of them.
    if status.expected_pods > 0 {
        status.disruptions_allowed = (status.current_healthy - status.desired_healthy).max(0);
    }
    plan.requeue_after = recheck.map(|at| at.since(now) + REQUEUE);
    if status == budget.status && status.is_condition_up_to_date(budget.meta.generation) {
        return plan;
    }
    status.update_condition(now);
    plan.why = format!(
        "{} of {} pods are ready, {} must be: {} may be disrupted",
        status.current_healthy, status.expected_pods, status.desired_healthy, status.disruptions_allowed
    )
    .into();
    let next = PodDisruptionBudget { status, ..(**budget).clone() };
    plan.then(Write::UpdateStatus(key, next.into()));
    plan
}

/// Nothing is allowed while the budget can't be worked out: `failSafe`.
fn fail(plan: &mut Plan, key: ObjectId, budget: &PodDisruptionBudget, why: &str, now: SimTime) {
    let mut next = budget.clone();
    next.status.disruptions_allowed = 0;
    next.status.set_condition(ConditionStatus::False, SYNC_FAILED, Str::from(why.to_owned()), now);
    plan.why = format!("the budget can't be worked out: {why}").into();
    plan.then(Write::UpdateStatus(key, next.into()));
}

/// The pods of a budget, counted.
struct Counts {
    pods: i32,
    healthy: i32,
    /// One pod of each group of pods that are alike.
    samples: Vec<Arc<Pod>>,
}

impl Counts {
    fn of(view: &View, namespace: &Str, selector: &Selector) -> Counts {
        let mut counts = Counts { pods: 0, healthy: 0, samples: Vec::new() };
        for (cohort, pod) in view.cohorts_matching(namespace, |labels| selector.matches(labels)) {
            counts.pods += cohort.members as i32;
            counts.healthy += cohort.ready as i32;
            counts.samples.push(pod.clone());
        }
        counts
    }
}

/// `getExpectedPodCount`. minAvailable as a number needs no controllers: 3 of whatever pods there are. All else is a share of what the pods'
/// controllers are to have: with 10 replicas, `maxUnavailable: 25%` lets 3 go (rounded up), so 7 must stay.
fn expected(view: &View, budget: &PodDisruptionBudget, counts: &Counts) -> Result<Expected, String> {
    let scaled = |bound: &IntOrString, total: i32| bound.scaled(i64::from(total), true).map(|count| count as i32);
    match &budget.spec.bound {
        Bound::None => Ok(Expected { pods: 0, healthy: 0, unmanaged: false }),
        Bound::MinAvailable(IntOrString::Int(least)) => Ok(Expected { pods: counts.pods, healthy: *least, unmanaged: false }),
        Bound::MinAvailable(share) => {
            let (pods, unmanaged) = expected_scale(view, &counts.samples)?;
            Ok(Expected { pods, healthy: scaled(share, pods)?, unmanaged })
        }
        Bound::MaxUnavailable(most) => {
            let (pods, unmanaged) = expected_scale(view, &counts.samples)?;
            Ok(Expected { pods, healthy: pods.saturating_sub(scaled(most, pods)?).max(0), unmanaged })
        }
    }
}

/// What the controllers of these pods are to have in all; and whether there are pods without one.
fn expected_scale(view: &View, pods: &[Arc<Pod>]) -> Result<(i32, bool), String> {
    let mut scales: BTreeMap<Uid, i32> = BTreeMap::new();
    let mut looked_at: BTreeSet<Uid> = BTreeSet::new();
    let mut unmanaged = false;
    for pod in pods {
        let Some(owner) = pod.meta.controller() else {
            unmanaged = true;
            continue;
        };
        if !looked_at.insert(owner.uid) {
            continue;
        }
        let Some((uid, scale)) = scale_of(view, owner, &pod.meta.namespace)? else {
            return Err(format!("found no controllers for pod {:?}", &*pod.meta.name));
        };
        scales.insert(uid, scale);
    }
    Ok((scales.values().fold(0, |sum, scale| sum.saturating_add(*scale)), unmanaged))
}

/// Who decides how many pods a controller has, and how many that are: a ReplicaSet's Deployment, else the controller itself. `None` if it is
/// gone; an error if it is of a kind that has no scale. (`finders`.)
fn scale_of(view: &View, owner: &OwnerReference, namespace: &Str) -> Result<Option<(Uid, i32)>, String> {
    let resource = resources::by_kind(&owner.api_version, &owner.kind)
        .ok_or_else(|| format!("no matches for kind {:?} in version {:?}", &*owner.kind, &*owner.api_version))?;
    if !resources::subresources(resource).any(|sub| sub.kind == "Scale") {
        return Err(format!("{} does not implement the scale subresource", resource.qualified()));
    }
    let Some(kind) = Kind::of(resource) else { return Ok(None) };
    let find = |kind, reference: &OwnerReference| {
        let object = view.find(kind, namespace, &reference.name).and_then(|id| view.get(id))?;
        (object.meta().uid == reference.uid).then_some(object)
    };
    let Some(object) = find(kind, owner) else { return Ok(None) };
    let deployment = object.meta().controller().filter(|above| kind == Kind::ReplicaSet && above.kind == Kind::Deployment.as_str());
    let decides = deployment.and_then(|above| find(Kind::Deployment, above)).unwrap_or(object);
    Ok(decides.replicas().map(|replicas| (decides.meta().uid, replicas)))
}

/// A pod whose eviction was granted.
struct Disrupted {
    at: SimTime,
    /// Whether it is counted as ready so far.
    healthy: bool,
}

/// The pods whose eviction was granted and that aren't being deleted yet; and when the next of them is overdue: `buildDisruptedPodMap`.
fn still_disrupted(
    view: &View,
    budget: &PodDisruptionBudget,
    selector: &Selector,
    now: SimTime,
    plan: &mut Plan,
) -> (BTreeMap<Str, Disrupted>, Option<SimTime>) {
    let namespace = &budget.meta.namespace;
    let (mut still, mut recheck) = (BTreeMap::new(), None);
    for (name, at) in &budget.status.disrupted_pods {
        let pod = view.find(Kind::Pod, namespace, name).and_then(|id| view.pod(id));
        let Some(pod) = pod.filter(|pod| selector.matches(&pod.meta.labels) && pod.meta.deletion.is_none()) else { continue };
        let overdue = *at + DELETION_TIMEOUT;
        if overdue < now {
            // Twice the namespace, as upstream says it.
            let message = format!("Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't");
            plan.report(ObjectReference::to(Kind::Pod, &pod.meta), EventType::Warning, "NotDeleted", message);
            continue;
        }
        recheck = Some(recheck.map_or(overdue, |earlier: SimTime| earlier.min(overdue)));
        still.insert(name.clone(), Disrupted { at: *at, healthy: pod.is_active() && pod.is_ready() });
    }
    (still, recheck)
}

fn unmanaged(selector: &Value) -> String {
    format!(
        "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of the PDB cannot be \
         calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of \
         the PDB to an integer value.",
        shown_by_go(selector)
    )
}

/// A label selector as Go's generated `String` shows it.
fn shown_by_go(selector: &Value) -> String {
    if selector.is_null() {
        return "nil".to_owned();
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let labels = selector["matchLabels"].as_object().into_iter().flatten().map(|(key, value)| format!("{key}: {},", text(value)));
    let expression = |tree: &Value| {
        let values: Vec<String> = tree["values"].as_array().into_iter().flatten().map(text).collect();
        let (key, operator) = (text(&tree["key"]), text(&tree["operator"]));
        format!("LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{}],}},", values.join(" "))
    };
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten().map(expression);
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{{}}},}}",
        labels.collect::<String>(),
        expressions.collect::<String>()
    )
}

/// When a pod that is to be disrupted, and isn't being deleted, stops being a target; `None` if it isn't one. What a kubelet announced may take
/// as long as it likes, and a pod that has ended stays as it is. (`nonTerminatingPodHasStaleDisruptionCondition`.)
fn stale_at(pod: &Pod) -> Option<SimTime> {
    if pod.meta.deletion.is_some() || pod.status.phase.is_final() {
        return None;
    }
    let condition = pod.status.condition("DisruptionTarget")?;
    let counts = condition.status == ConditionStatus::True && condition.reason != "TerminationByKubelet";
    counts.then(|| condition.last_transition + STALE_TARGET)
}

fn sync_stale_target(key: ObjectId, pod: &Pod, now: SimTime) -> Plan {
    let mut plan = Plan::nothing();
    let Some(stale) = stale_at(pod) else { return plan };
    if stale > now {
        plan.requeue_after = Some(stale.since(now));
        return plan;
    }
    let at = now.truncated_to_secs();
    plan.why = format!("pod {} was to be disrupted and still isn't being deleted", pod.meta.name).into();
    plan.then(Write::PodCondition(
        key,
        Condition {
            kind: "DisruptionTarget".into(),
            status: ConditionStatus::False,
            reason: Str::EMPTY,
            message: Str::EMPTY,
            last_transition: at,
            last_update: at,
            observed_generation: pod.meta.generation,
        },
    ));
    plan
}
