//! PodDisruptionBudgets. Mirrors `k8s.io/api/policy/v1/types.go` and `k8s.io/component-helpers/apps/poddisruptionbudget/helpers.go`, v1.36.

use crate::api::intstr::IntOrString;
use crate::api::meta::{Condition, ConditionStatus, Meta, Str, StrMap};
use crate::api::selector::Selector;
use crate::kernel::time::{Epoch, SimTime};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The condition that says whether a pod may be disrupted.
pub const DISRUPTION_ALLOWED: &str = "DisruptionAllowed";
/// Its reason when the controller couldn't work the budget out.
pub const SYNC_FAILED: &str = "SyncFailed";

/// What the author asks for: how many pods must stay, or how many may be missing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Bound {
    /// `minAvailable`
    MinAvailable(IntOrString),
    /// `maxUnavailable`
    MaxUnavailable(IntOrString),
    /// Neither: nothing is asked for, and nothing allowed.
    None,
}

/// `spec` of a PodDisruptionBudget, decoded.
#[derive(PartialEq, Eq, Debug)]
pub struct PodDisruptionBudgetSpec {
    /// The external form.
    pub tree: Value,
    /// Which pods it is about; why it can't be told, if the selector makes no sense. An empty one selects all pods of the namespace.
    pub selector: Result<Selector, String>,
    /// What is asked for.
    pub bound: Bound,
    /// `unhealthyPodEvictionPolicy: AlwaysAllow`: pods that aren't ready may always be evicted.
    pub always_allow_unhealthy: bool,
}

impl PodDisruptionBudgetSpec {
    /// Decodes a `spec`.
    pub fn from_tree(tree: &Value) -> Self {
        let bound = |field: &str| IntOrString::from_value(&tree[field]);
        PodDisruptionBudgetSpec {
            selector: Selector::from_label_selector(&tree["selector"]),
            // As the controller asks: the first one counts.
            bound: match (bound("maxUnavailable"), bound("minAvailable")) {
                (Some(most), _) => Bound::MaxUnavailable(most),
                (None, Some(least)) => Bound::MinAvailable(least),
                (None, None) => Bound::None,
            },
            always_allow_unhealthy: tree["unhealthyPodEvictionPolicy"] == "AlwaysAllow",
            tree: tree.clone(),
        }
    }
}

/// `status` of a PodDisruptionBudget.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PodDisruptionBudgetStatus {
    /// The generation that the controller has seen.
    pub observed_generation: i64,
    /// Pods whose eviction was granted and that aren't being deleted yet, with the moment of the eviction; whole seconds.
    pub disrupted_pods: BTreeMap<Str, SimTime>,
    /// How many pods may be evicted now.
    pub disruptions_allowed: i32,
    /// How many are ready.
    pub current_healthy: i32,
    /// How many must be.
    pub desired_healthy: i32,
    /// How many there are to be.
    pub expected_pods: i32,
    /// `DisruptionAllowed`.
    pub conditions: Vec<Condition>,
}

impl PodDisruptionBudgetStatus {
    /// Whether a disruption is allowed, as the condition says it.
    pub fn condition(&self) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == DISRUPTION_ALLOWED)
    }

    /// Sets the condition by the number of allowed disruptions: `UpdateDisruptionAllowedCondition`.
    pub fn update_condition(&mut self, now: SimTime) {
        let (allowed, reason) = match self.disruptions_allowed > 0 {
            true => (ConditionStatus::True, "SufficientPods"),
            false => (ConditionStatus::False, "InsufficientPods"),
        };
        self.set_condition(allowed, reason, Str::EMPTY, now);
    }

    /// Sets the condition. Its time of transition moves with its status only (`meta.SetStatusCondition`).
    pub fn set_condition(&mut self, status: ConditionStatus, reason: &'static str, message: Str, now: SimTime) {
        let now = now.truncated_to_secs();
        let last_transition = self.condition().filter(|old| old.status == status).map_or(now, |old| old.last_transition);
        let kind = Str::Static(DISRUPTION_ALLOWED);
        let observed_generation = self.observed_generation;
        let condition =
            Condition { kind, status, reason: reason.into(), message, last_transition, last_update: last_transition, observed_generation };
        match self.conditions.iter_mut().find(|old| old.kind == condition.kind) {
            Some(old) => *old = condition,
            None => self.conditions.push(condition),
        }
    }

    /// Whether the condition says what the number says, of the current generation: `ConditionsAreUpToDate`.
    pub fn is_condition_up_to_date(&self, generation: i64) -> bool {
        let (status, reason) = match self.disruptions_allowed > 0 {
            true => (ConditionStatus::True, "SufficientPods"),
            false => (ConditionStatus::False, "InsufficientPods"),
        };
        self.observed_generation == generation && self.condition().is_some_and(|c| c.status == status && c.reason == reason)
    }

    fn to_tree(&self, epoch: Epoch) -> Value {
        let mut tree = Map::new();
        if self.observed_generation != 0 {
            tree.insert("observedGeneration".into(), self.observed_generation.into());
        }
        if !self.disrupted_pods.is_empty() {
            let pods = self.disrupted_pods.iter().map(|(name, at)| (name.to_string(), Value::from(epoch.rfc3339(*at))));
            tree.insert("disruptedPods".into(), Value::Object(pods.collect()));
        }
        tree.insert("disruptionsAllowed".into(), self.disruptions_allowed.into());
        tree.insert("currentHealthy".into(), self.current_healthy.into());
        tree.insert("desiredHealthy".into(), self.desired_healthy.into());
        tree.insert("expectedPods".into(), self.expected_pods.into());
        if !self.conditions.is_empty() {
            let condition = |c: &Condition| {
                let mut tree = json!({
                    "type": c.kind.as_str(), "status": c.status.as_str(), "reason": c.reason.as_str(), "message": c.message.as_str(),
                    "lastTransitionTime": epoch.rfc3339(c.last_transition),
                });
                if c.observed_generation != 0 {
                    tree["observedGeneration"] = c.observed_generation.into();
                }
                tree
            };
            tree.insert("conditions".into(), self.conditions.iter().map(condition).collect());
        }
        Value::Object(tree)
    }
}

/// A PodDisruptionBudget.
#[derive(Clone, PartialEq, Debug)]
pub struct PodDisruptionBudget {
    /// Metadata.
    pub meta: Meta,
    /// What is asked for.
    pub spec: Arc<PodDisruptionBudgetSpec>,
    /// What there is.
    pub status: PodDisruptionBudgetStatus,
}

impl PodDisruptionBudget {
    /// Whether it is about a pod of its namespace with these labels.
    pub fn covers(&self, labels: &StrMap) -> bool {
        self.spec.selector.as_ref().is_ok_and(|selector| selector.matches(labels))
    }

    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": self.meta.to_tree(epoch), "spec": self.spec.tree, "status": self.status.to_tree(epoch),
        })
    }
}
