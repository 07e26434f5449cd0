//! The rules of the Deployment's and the ReplicaSet's arithmetic, for [`crate::vectors`].

use crate::vectors::Rule;
use serde_json::{Value, json};
use sim_core::api::intstr::IntOrString;
use sim_core::api::meta::{Condition, ConditionStatus, Meta, Str, StrMap, Uid, text};
use sim_core::api::object::{Kind, Object, ObjectId};
use sim_core::api::pod::{ContainerState, ContainerStatus, Phase, Pod, PodSpec, PodStatus};
use sim_core::api::workloads::{Deployment, DeploymentSpec, DeploymentStatus, ReplicaSet, ReplicaSetSpec, ReplicaSetStatus};
use sim_core::apiserver::request::Write;
use sim_core::client::plan::Step;
use sim_core::controllers::deployment::{Owned, Rollout, rolling, scaling};
use sim_core::controllers::replica_set::ranking::{self, Candidate};
use sim_core::kernel::time::{Epoch, SimTime};
use std::sync::Arc;

/// Recording and rule, as in [`crate::vectors`]: `deployment_*` and `pod_deletion_*`.
pub(crate) const RULES: &[(&str, Rule)] = &[
    ("deployment_fenceposts", Rule::Answer(deployment_fenceposts)),
    ("deployment_newrs_replicas", Rule::Answer(deployment_newrs_replicas)),
    ("deployment_rs_proportion", Rule::Answer(deployment_rs_proportion)),
    ("deployment_scale_proportional", Rule::Answer(deployment_scale_proportional)),
    ("deployment_rolling_step", Rule::Answer(deployment_rolling_step)),
    ("pod_deletion_rank", Rule::Answer(pod_deletion_rank)),
    ("pod_deletion_less", Rule::Answer(pod_deletion_less)),
];

/// The recordings are from before the model's usual epoch.
const EPOCH: Epoch = Epoch { unix_secs: 0 };

/// The Deployment that an input describes.
fn deployment(input: &Value) -> Deployment {
    let strategy = json!({
        "type": input["strategy"].as_str().unwrap_or("RollingUpdate"),
        "rollingUpdate": {"maxSurge": input["maxSurge"], "maxUnavailable": input["maxUnavailable"]},
    });
    let spec = json!({"replicas": input["replicas"], "strategy": strategy, "selector": {"matchLabels": {"app": "a"}}});
    let status = DeploymentStatus { replicas: number(&input["statusReplicas"]), ..DeploymentStatus::default() };
    Deployment { meta: Meta::default(), spec: Arc::new(DeploymentSpec::from_tree(&spec)), status }
}

/// A ReplicaSet that an input describes. Those that aren't the new one differ from the Deployment in their template.
fn replica_set(set: &Value, new_name: &Value, annotations: StrMap) -> ReplicaSet {
    let template = if set["name"] == *new_name { Value::Null } else { json!({"metadata": {"labels": {"revision": set["name"]}}}) };
    let created = set["created"].as_str().and_then(|at| EPOCH.parse(at)).unwrap_or_default();
    ReplicaSet {
        meta: Meta { name: text(set, "name"), created, annotations, ..Meta::default() },
        replicas: number(&set["replicas"]),
        spec: Arc::new(ReplicaSetSpec::from_tree(&json!({"template": template}))),
        status: ReplicaSetStatus { available_replicas: number(&set["available"]), ..ReplicaSetStatus::default() },
    }
}

/// A sync of the input's Deployment that knows its ReplicaSets.
fn rollout(input: &Value) -> Rollout {
    let mut rollout = Rollout::new(ObjectId { kind: Kind::Deployment, number: 0 }, &deployment(input), SimTime::ZERO);
    let sets = input["replicaSets"].as_array().map_or(&[][..], |sets| sets).iter().enumerate().map(|(i, set)| {
        let noted = [(scaling::DESIRED_REPLICAS, &set["desiredAnn"]), (scaling::MAX_REPLICAS, &set["maxAnn"])];
        let noted = noted.into_iter().filter(|(_, number)| !number.is_null());
        let annotations = noted.map(|(key, number)| (Str::from(key), Str::from(number.to_string()))).collect();
        let id = ObjectId { kind: Kind::ReplicaSet, number: i as u32 };
        Owned { id: Some(id), set: Arc::new(replica_set(set, &input["newRS"], annotations)) }
    });
    rollout.divide(sets.collect());
    rollout
}

/// The ReplicaSets that a sync writes, in order.
fn writes(rollout: &Rollout) -> impl Iterator<Item = &Arc<ReplicaSet>> {
    rollout.plan.steps.iter().filter_map(|step| match step {
        Step::One(Write::Update(_, Object::ReplicaSet(set))) => Some(set),
        _ => None,
    })
}

/// Go prints an empty list as null.
fn list(items: impl Iterator<Item = Value>) -> Value {
    let items: Vec<Value> = items.collect();
    if items.is_empty() { Value::Null } else { Value::from(items) }
}

fn number(value: &Value) -> i32 {
    value.as_i64().unwrap_or(0) as i32
}

fn deployment_fenceposts(input: &Value) -> Value {
    let spec = deployment(input).spec;
    let bound = |field: &str| IntOrString::from_value(&input[field]).unwrap_or(IntOrString::Int(0));
    let resolved = rolling::resolve_fenceposts(&bound("maxSurge"), &bound("maxUnavailable"), spec.replicas);
    let posts = resolved.clone().unwrap_or_default();
    json!({
        "MaxSurge": rolling::max_surge(&spec), "MaxUnavailable": rolling::max_unavailable(&spec), "MinAvailable": rolling::min_available(&spec),
        "surge": posts.surge, "unavailable": posts.unavailable, "err": resolved.err(),
    })
}

fn deployment_newrs_replicas(input: &Value) -> Value {
    let new = number(&input["newSpecReplicas"]);
    let old: i32 = input["oldSpecReplicas"].as_array().into_iter().flatten().map(number).sum();
    let size = rolling::new_replicas(&deployment(input).spec, old + new, new);
    json!({"newReplicas": size.as_ref().unwrap_or(&0), "err": size.as_ref().err()})
}

fn deployment_rs_proportion(input: &Value) -> Value {
    let annotations = StrMap::from_tree(input.get("annotations"));
    let set = replica_set(&json!({"replicas": input["rsReplicas"]}), &Value::Null, annotations);
    let (to_add, added) = (number(&input["replicasToAdd"]), number(&input["replicasAdded"]));
    Value::from(scaling::proportion(&deployment(input), &set, to_add, added))
}

/// The whole of the scaling decision, with the annotations that it writes.
fn deployment_scale_proportional(input: &Value) -> Value {
    let mut rollout = rollout(input);
    scaling::scale(&mut rollout);
    let mut sizes: Value = rollout.all().map(|owned| (owned.set.meta.name.to_string(), Value::from(owned.set.replicas))).collect();
    for set in writes(&rollout) {
        sizes[set.meta.name.as_str()] = set.replicas.into();
    }
    let updates = writes(&rollout)
        .map(|set| json!({"rs": set.meta.name.as_str(), "replicas": set.replicas, "annotations": set.meta.annotations.to_tree()}));
    json!({"sizes": sizes, "updates": list(updates), "err": null})
}

/// One whole reconcile pass: the new ReplicaSet, or else the old ones.
fn deployment_rolling_step(input: &Value) -> Value {
    let mut rollout = rollout(input);
    let new_scaled = rolling::reconcile_new(&mut rollout);
    let old_scaled = !new_scaled && rolling::reconcile_old(&mut rollout);
    let events = rollout.plan.steps.iter().filter_map(|step| match step {
        Step::Report(report) => Some(Value::from(format!("{} {} {}", report.event_type.as_str(), report.reason, report.message))),
        _ => None,
    });
    let updates = writes(&rollout).map(|set| json!({"rs": set.meta.name.as_str(), "replicas": set.replicas}));
    json!({"newScaled": new_scaled, "oldScaled": old_scaled, "events": list(events), "updates": list(updates), "err": null})
}

/// The pod that an input describes.
fn pod(input: &Value) -> Pod {
    let time = |field: &str| input[field].as_str().and_then(|at| EPOCH.parse(at)).unwrap_or_default();
    let mut meta = Meta { name: text(input, "name"), uid: Uid::parse(&text(input, "uid")), created: time("created"), ..Meta::default() };
    if input["deletionCost"].is_string() {
        meta.annotations.set(ranking::POD_DELETION_COST, text(input, "deletionCost"));
    }
    let ready = Condition {
        kind: "Ready".into(),
        status: ConditionStatus::from_bool(input["ready"] == true),
        reason: Str::EMPTY,
        message: Str::EMPTY,
        last_transition: time("readySince"),
        last_update: time("readySince"),
        observed_generation: 0,
    };
    let container = ContainerStatus {
        name: "c".into(),
        image: Str::EMPTY,
        state: ContainerState::Waiting { reason: Str::EMPTY, message: Str::EMPTY },
        last_state: None,
        ready: false,
        started: false,
        restart_count: number(&input["restarts"]).unsigned_abs(),
        container_id: 0,
    };
    let phase = match input["phase"].as_str() {
        Some("Running") => Phase::Running,
        Some("Unknown") => Phase::Unknown,
        _ => Phase::Pending,
    };
    let status = PodStatus { phase, conditions: vec![ready], containers: vec![container], ..PodStatus::default() };
    Pod { meta, spec: Arc::new(PodSpec::from_tree(&Value::Null)), target: Str::EMPTY, node_name: text(input, "node"), status }
}

/// Pods with their ranks.
fn pods(inputs: &[Value]) -> Vec<(Pod, u32)> {
    inputs.iter().map(|input| (pod(input), number(&input["rank"]).unsigned_abs())).collect()
}

fn now(input: &Value) -> SimTime {
    input["now"].as_str().and_then(|at| EPOCH.parse(at)).unwrap_or_default()
}

/// Sorted by the plain rules, and by all of them.
fn pod_deletion_rank(input: &Value) -> Value {
    let pods = pods(input["pods"].as_array().map_or(&[][..], |pods| pods));
    let candidates: Vec<Candidate<'_>> = pods.iter().map(|(pod, rank)| Candidate::new(pod, *rank)).collect();
    let names = |places: Vec<usize>| -> Value { places.into_iter().map(|place| pods[place].0.meta.name.as_str()).collect() };
    json!({
        "activePods": names(ranking::sorted_by(&candidates, ranking::goes_before_plainly)),
        "activePodsWithRanks": names(ranking::sorted(candidates, now(input))),
    })
}

/// Pairwise, by all rules.
fn pod_deletion_less(input: &Value) -> Value {
    let pods = pods(&[input["a"].clone(), input["b"].clone()]);
    let [a, b] = [0, 1].map(|i| Candidate::new(&pods[i].0, pods[i].1));
    json!({"aBeforeB": ranking::goes_before(&a, &b, now(input)), "bBeforeA": ranking::goes_before(&b, &a, now(input))})
}
