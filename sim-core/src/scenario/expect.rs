//! The language of expectations, version 0: what can be said about a cluster at a moment.
//!
//! ```text
//! deployment/web is complete            deployment/web ready == 3          deployment/web image == nginx:1.17.2
//! replicasets of web == 0, 3            pods(app=web) == 3                 pods(app=web) restarts >= 1
//! pods ready                            pods on node-2 == 0                event ScalingReplicaSet seen
//! node/node-2 is not ready              service/web exists                 deployment/web is gone
//! pvc/data .status.phase == Bound       pods(app=web) showing CrashLoopBackOff >= 1
//! pdb/web allowed == 1                  pod/client reaches svc/web:80        pod/client sees "connection refused" from svc/web:80
//! pdb/web allowed == 1                 traffic/shop lost == 0             traffic/shop success >= 99.9%
//! ```
//!
//! ` in NAMESPACE` at the end leaves the namespace `default`; `not` in front turns it round.

mod reach;

use super::error::nearest;
use super::traffic::{self, TrafficClaim};
use crate::api::meta::ConditionStatus;
use crate::api::object::{Kind, Object};
use crate::api::pod::{Phase, Pod};
use crate::api::resources;
use crate::api::selector::Selector;
use crate::api::workloads::Deployment;
use crate::cluster::Cluster;
use crate::kubectl::{self, jsonpath::Template};
use reach::Reaches;
use std::fmt;
use std::sync::Arc;

/// Something that holds in a cluster at a moment, or doesn't.
#[derive(Clone, Debug)]
pub struct Condition {
    text: String,
    negated: bool,
    namespace: String,
    claim: Claim,
}

/// Whether a condition holds, and what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Whether it holds.
    pub holds: bool,
    /// What there is instead, or what makes it hold.
    pub found: String,
}

#[derive(Clone, Debug)]
enum Claim {
    Deployment(String, DeploymentClaim),
    ReplicaSets {
        deployment: String,
        sizes: Vec<i64>,
    },
    Pods {
        selector: Selector,
        node: Option<String>,
        claim: PodsClaim,
    },
    Event {
        reason: String,
        on: Option<(Kind, String)>,
        times: (Op, i64),
    },
    Exists {
        kind: Kind,
        name: String,
        wanted: bool,
    },
    NodeReady {
        name: String,
        wanted: bool,
    },
    Budget(String, BudgetField, Op, i64),
    Reaches(Reaches),
    Traffic(TrafficClaim),
    /// A field, named as kubectl's `-o jsonpath` names it.
    Path {
        kind: Kind,
        name: String,
        path: Template,
        op: Op,
        wanted: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum BudgetField {
    Allowed,
    Healthy,
    Desired,
    Expected,
}

const BUDGET_FIELDS: &[(&str, BudgetField)] = &[
    ("allowed", BudgetField::Allowed),
    ("healthy", BudgetField::Healthy),
    ("desired", BudgetField::Desired),
    ("expected", BudgetField::Expected),
];

#[derive(Clone, Debug)]
enum DeploymentClaim {
    Complete,
    Available,
    Stalled,
    Field(Field, Op, i64),
    Image(Op, String),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Field {
    Replicas,
    Updated,
    Ready,
    Available,
    Unavailable,
    Terminating,
}

const DEPLOYMENT_FIELDS: &[(&str, Field)] = &[
    ("replicas", Field::Replicas),
    ("updated", Field::Updated),
    ("ready", Field::Ready),
    ("available", Field::Available),
    ("unavailable", Field::Unavailable),
    ("terminating", Field::Terminating),
];

#[derive(Clone, Debug)]
enum PodsClaim {
    /// There are some, and all are ready.
    AllReady,
    Count(Which, Op, i64),
    Restarts(Op, i64),
    /// So many have this in the column STATUS of `kubectl get pods`.
    Showing(String, Op, i64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Which {
    /// Neither ended nor being deleted.
    Active,
    Ready,
    Running,
    Pending,
    Terminating,
    Failed,
    Succeeded,
}

const POD_FIELDS: &[(&str, Which)] = &[
    ("active", Which::Active),
    ("ready", Which::Ready),
    ("running", Which::Running),
    ("pending", Which::Pending),
    ("terminating", Which::Terminating),
    ("failed", Which::Failed),
    ("succeeded", Which::Succeeded),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

const OPS: &[(&str, Op)] = &[("==", Op::Eq), ("=", Op::Eq), ("!=", Op::Ne), ("<=", Op::Le), (">=", Op::Ge), ("<", Op::Lt), (">", Op::Gt)];

impl Op {
    pub(super) fn parse(text: &str) -> Option<Op> {
        OPS.iter().find(|(word, _)| *word == text).map(|(_, op)| *op)
    }

    pub(super) fn holds<T: PartialOrd + ?Sized>(self, found: &T, wanted: &T) -> bool {
        match self {
            Op::Eq => found == wanted,
            Op::Ne => found != wanted,
            Op::Lt => found < wanted,
            Op::Le => found <= wanted,
            Op::Gt => found > wanted,
            Op::Ge => found >= wanted,
        }
    }
}

const SUBJECTS: &str = "expected something like `deployment/web ready == 3`, `deployment/web is complete`, `replicasets of web == 0, 3`, \
     `pods(app=web) == 3`, `pods ready`, `event Killing seen`, `node/node-2 is ready`, `pod/client reaches svc/web:80` or `service/web exists`";

impl Condition {
    /// Parses an expectation.
    ///
    /// # Errors
    /// Says what was expected.
    pub fn parse(text: &str) -> Result<Condition, String> {
        let text = text.trim();
        let (negated, rest) = text.strip_prefix("not ").map_or((false, text), |rest| (true, rest.trim_start()));
        let (rest, namespace) = match rest.rsplit_once(" in ") {
            Some((before, namespace)) if !namespace.contains([' ', ')', ',']) => (before.trim_end(), namespace),
            _ => (rest, "default"),
        };
        let claim = if let Some(reaches) = Reaches::parse(rest) {
            reaches.map(Claim::Reaches)
        } else if let Some(rest) = rest.strip_prefix("pods").filter(|rest| rest.is_empty() || rest.starts_with([' ', '('])) {
            pods(rest)
        } else if let Some(rest) = rest.strip_prefix("replicasets ") {
            replica_sets(rest)
        } else if let Some(rest) = rest.strip_prefix("traffic/") {
            traffic::claim(rest).map(Claim::Traffic)
        } else if let Some(rest) = rest.strip_prefix("event ") {
            event(rest)
        } else {
            object(rest)
        }
        .map_err(|message| format!("{message} in {text:?}"))?;
        Ok(Condition { text: text.to_owned(), negated, namespace: namespace.to_owned(), claim })
    }

    /// Whether it may change without a change of any object: what kernels go by follows later, and clients ask on.
    pub fn moves_by_itself(&self) -> bool {
        matches!(self.claim, Claim::Traffic(_) | Claim::Reaches(_))
    }

    /// Whether it holds now.
    pub fn holds(&self, cluster: &Cluster) -> Answer {
        let Answer { holds, found } = self.claim.holds(cluster, &self.namespace);
        Answer { holds: holds != self.negated, found }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `FIELD OP N`, `OP N`: the field (empty if none), the operator, the number.
fn comparison(words: &[&str]) -> Result<(String, Op, i64), String> {
    let (field, op, number) = match words {
        [op, number] => ("", op, number),
        [field, op, number] => (*field, op, number),
        _ => return Err(format!("expected a comparison such as `ready == 3` instead of {:?}", words.join(" "))),
    };
    let op = Op::parse(op).ok_or_else(|| format!("{op:?} is no comparison; there are ==, !=, <, <=, >, >="))?;
    let number = number.parse().map_err(|_| format!("{number:?} is no number"))?;
    Ok((field.to_owned(), op, number))
}

/// The entry of a table of words, or what was probably meant.
fn word<T: Copy>(table: &[(&str, T)], typed: &str) -> Result<T, String> {
    if let Some((_, found)) = table.iter().find(|(word, _)| *word == typed) {
        return Ok(*found);
    }
    let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
    let hint = nearest(typed, &words).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Err(format!("there is no {typed:?} to compare, only {}{hint}", words.join(", ")))
}

fn pods(rest: &str) -> Result<Claim, String> {
    let (selector, rest) = match rest.strip_prefix('(') {
        None => (Selector::default(), rest),
        Some(after) => {
            let mut depth = 1;
            let end = after.char_indices().find(|(_, c)| {
                depth += i32::from(*c == '(') - i32::from(*c == ')');
                depth == 0
            });
            let (end, _) = end.ok_or("the parenthesis is not closed")?;
            (Selector::parse(&after[..end])?, &after[end + 1..])
        }
    };
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    let mut node = None;
    if words.first() == Some(&"on") && words.len() > 1 {
        node = Some(words[1].to_owned());
        words.drain(..2);
    }
    let words: &[&str] = words.strip_prefix(&["are"]).unwrap_or(&words);
    let claim = match words {
        ["ready"] => PodsClaim::AllReady,
        [] => return Err("expected `ready` or a comparison such as `== 3` after the pods".to_owned()),
        ["showing", status, comparing @ ..] => {
            let (_, op, number) = if comparing.is_empty() { (String::new(), Op::Ge, 1) } else { comparison(comparing)? };
            PodsClaim::Showing((*status).to_owned(), op, number)
        }
        words => match comparison(words)? {
            (field, op, number) if field.is_empty() => PodsClaim::Count(Which::Active, op, number),
            (field, op, number) if field == "restarts" => PodsClaim::Restarts(op, number),
            (field, op, number) => PodsClaim::Count(word(POD_FIELDS, &field).map_err(|m| format!("{m}, or restarts"))?, op, number),
        },
    };
    Ok(Claim::Pods { selector, node, claim })
}

fn replica_sets(rest: &str) -> Result<Claim, String> {
    let bad = || format!("expected `replicasets of NAME == 0, 3` (the oldest first) instead of {rest:?}");
    let rest = rest.strip_prefix("of ").ok_or_else(bad)?;
    let (name, sizes) = rest.split_once("==").ok_or_else(bad)?;
    let name = name.trim().trim_end_matches(" sizes");
    let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
    let sizes = sizes.trim().trim_start_matches('[').trim_end_matches(']');
    let sizes = sizes.split(',').map(|size| size.trim().parse::<i64>().map_err(|_| bad())).collect::<Result<_, _>>()?;
    Ok(Claim::ReplicaSets { deployment: name.to_owned(), sizes })
}

fn event(rest: &str) -> Result<Claim, String> {
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    let reason = words.first().map(|word| (*word).to_owned()).ok_or("expected an event's reason")?;
    words.remove(0);
    let mut on = None;
    if words.first() == Some(&"on") && words.len() > 1 {
        on = Some(kind_and_name(words[1])?);
        words.drain(..2);
    }
    let times = match words.as_slice() {
        ["seen"] | ["is", "seen"] => (Op::Ge, 1),
        words => match comparison(words)? {
            (field, op, number) if field.is_empty() => (op, number),
            (field, ..) => return Err(format!("expected `seen` or a comparison such as `>= 2` instead of {field:?}")),
        },
    };
    Ok(Claim::Event { reason, on, times })
}

fn kind_and_name(text: &str) -> Result<(Kind, String), String> {
    let (kind, name) = text.split_once('/').ok_or(SUBJECTS)?;
    let resource = resources::lookup(kind).ok_or_else(|| format!("there is no resource type {kind:?}"))?;
    let kind = Kind::of(resource).ok_or_else(|| format!("podarium doesn't simulate {} yet", resource.plural))?;
    Ok((kind, name.to_owned()))
}

fn object(rest: &str) -> Result<Claim, String> {
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    if words.is_empty() {
        return Err(SUBJECTS.to_owned());
    }
    let (kind, name) = kind_and_name(words.remove(0))?;
    let words: &[&str] = words.strip_prefix(&["is"]).unwrap_or(&words);
    match (kind, words) {
        (_, ["exists"]) => Ok(Claim::Exists { kind, name, wanted: true }),
        (_, ["gone"]) => Ok(Claim::Exists { kind, name, wanted: false }),
        (_, [path, op, wanted @ ..]) if path.starts_with(['.', '{']) => {
            let op = Op::parse(op).ok_or_else(|| format!("{op:?} is no comparison; there are ==, !=, <, <=, >, >="))?;
            Ok(Claim::Path { kind, name, path: Template::relaxed(path)?, op, wanted: wanted.join(" ") })
        }
        (Kind::Node, ["ready"]) => Ok(Claim::NodeReady { name, wanted: true }),
        (Kind::Node, ["not", "ready"]) => Ok(Claim::NodeReady { name, wanted: false }),
        (Kind::Deployment, ["complete"]) => Ok(Claim::Deployment(name, DeploymentClaim::Complete)),
        (Kind::Deployment, ["available"]) => Ok(Claim::Deployment(name, DeploymentClaim::Available)),
        (Kind::Deployment, ["stalled"]) => Ok(Claim::Deployment(name, DeploymentClaim::Stalled)),
        (Kind::Deployment, ["image", op, image]) => {
            let op = Op::parse(op)
                .filter(|op| matches!(op, Op::Eq | Op::Ne))
                .ok_or_else(|| format!("images are compared by == and !=, not by {op:?}"))?;
            Ok(Claim::Deployment(name, DeploymentClaim::Image(op, (*image).to_owned())))
        }
        (Kind::Deployment, words) if words.len() == 3 => {
            let (field, op, number) = comparison(words)?;
            let field = word(DEPLOYMENT_FIELDS, &field).map_err(|m| format!("{m}, or image"))?;
            Ok(Claim::Deployment(name, DeploymentClaim::Field(field, op, number)))
        }
        (Kind::Deployment, _) => Err("a Deployment is complete, available, stalled or gone, it exists, or has `ready == 3`".to_owned()),
        (Kind::PodDisruptionBudget, words) if words.len() == 3 => {
            let (field, op, number) = comparison(words)?;
            Ok(Claim::Budget(name, word(BUDGET_FIELDS, &field)?, op, number))
        }
        (Kind::Node, _) => Err("a node is ready, not ready or gone, or it exists".to_owned()),
        _ => Err(format!("a {} exists, is gone, or has a field such as `.status.phase == Bound`", kind.resource().singular)),
    }
}

impl Claim {
    fn holds(&self, cluster: &Cluster, namespace: &str) -> Answer {
        let answer = |holds, found: String| Answer { holds, found };
        match self {
            Claim::Deployment(name, claim) => {
                match cluster.store().find_object(Kind::Deployment, namespace, name).and_then(|o| o.as_deployment()) {
                    None => answer(false, format!("there is no Deployment {name:?} in namespace {namespace:?}")),
                    Some(deployment) => claim.holds(deployment),
                }
            }
            Claim::ReplicaSets { deployment, sizes } => {
                let found = replica_set_sizes(cluster, namespace, deployment);
                let listed: Vec<String> = found.iter().map(ToString::to_string).collect();
                answer(found == *sizes, format!("sizes {}", if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }))
            }
            Claim::Pods { selector, node, claim } => pods_hold(cluster, namespace, selector, node.as_deref(), claim),
            Claim::Path { kind, name, path, op, wanted } => {
                let namespace = if kind.is_namespaced() { namespace } else { "" };
                match cluster.store().find_object(*kind, namespace, name) {
                    None => answer(false, format!("there is no {} {name:?}", kind.as_str())),
                    Some(object) => {
                        let found = path.execute(&cluster.served(object));
                        // Numbers are compared as numbers, all else as text.
                        let holds = match (found.parse::<i64>(), wanted.parse::<i64>()) {
                            (Ok(found), Ok(wanted)) => op.holds(&found, &wanted),
                            _ => op.holds(found.as_str(), wanted.as_str()),
                        };
                        answer(holds, format!("it is {found:?}"))
                    }
                }
            }
            Claim::Event { reason, on, times } => {
                let events = cluster.store().list(Kind::Event, Some(namespace)).filter_map(|(_, o)| o.as_event());
                let about = |kind: Kind, name: &str, event: &crate::api::event::Event| {
                    event.about.kind == kind.as_str() && event.about.name == *name
                };
                let matching =
                    events.filter(|e| e.reason == reason.as_str() && on.as_ref().is_none_or(|(kind, name)| about(*kind, name, e)));
                let count: i64 = matching.map(|event| i64::from(event.count.max(1))).sum();
                answer(times.0.holds(&count, &times.1), format!("it was seen {count} times"))
            }
            Claim::Exists { kind, name, wanted } => {
                let namespace = if kind.is_namespaced() { namespace } else { "" };
                let exists = cluster.store().find(*kind, namespace, name).is_some();
                answer(exists == *wanted, if exists { "it exists".to_owned() } else { "there is none".to_owned() })
            }
            Claim::Reaches(reaches) => reaches.holds(cluster, namespace),
            Claim::Budget(name, field, op, wanted) => {
                let found = cluster.store().find_object(Kind::PodDisruptionBudget, namespace, name);
                let Some(status) = found.and_then(|object| object.as_pod_disruption_budget()).map(|budget| &budget.status) else {
                    return answer(false, format!("there is no PodDisruptionBudget {name:?} in namespace {namespace:?}"));
                };
                let found = i64::from(match field {
                    BudgetField::Allowed => status.disruptions_allowed,
                    BudgetField::Healthy => status.current_healthy,
                    BudgetField::Desired => status.desired_healthy,
                    BudgetField::Expected => status.expected_pods,
                });
                answer(op.holds(&found, wanted), format!("it is {found}"))
            }
            Claim::Traffic(claim) => claim.holds(cluster),
            Claim::NodeReady { name, wanted } => match cluster.store().find_object(Kind::Node, "", name).and_then(|o| o.as_node()) {
                None => answer(false, format!("there is no node {name:?}")),
                Some(node) => answer(
                    node.is_ready() == *wanted,
                    if node.is_ready() { "it is ready".to_owned() } else { "it is not ready".to_owned() },
                ),
            },
        }
    }
}

impl DeploymentClaim {
    fn holds(&self, deployment: &Deployment) -> Answer {
        let (status, replicas) = (&deployment.status, deployment.spec.replicas);
        let counts = || {
            format!(
                "{replicas} wanted, {} there, {} updated, {} ready, {} available",
                status.replicas, status.updated_replicas, status.ready_replicas, status.available_replicas
            )
        };
        match self {
            DeploymentClaim::Complete => {
                // `pkg/controller/deployment/util`, DeploymentComplete.
                let all = [status.updated_replicas, status.replicas, status.available_replicas].iter().all(|n| *n == replicas);
                Answer { holds: all && status.observed_generation >= deployment.meta.generation, found: counts() }
            }
            DeploymentClaim::Available => {
                let holds = status.condition("Available").is_some_and(|c| c.status == ConditionStatus::True);
                Answer { holds, found: counts() }
            }
            DeploymentClaim::Stalled => {
                let progress = status.condition("Progressing");
                let holds = progress.is_some_and(|c| c.reason == "ProgressDeadlineExceeded");
                Answer { holds, found: progress.map_or_else(counts, |c| format!("Progressing is {}: {}", c.status.as_str(), c.reason)) }
            }
            DeploymentClaim::Field(field, op, wanted) => {
                let found = i64::from(match field {
                    Field::Replicas => status.replicas,
                    Field::Updated => status.updated_replicas,
                    Field::Ready => status.ready_replicas,
                    Field::Available => status.available_replicas,
                    Field::Unavailable => status.unavailable_replicas,
                    Field::Terminating => status.terminating_replicas.unwrap_or(0),
                });
                Answer { holds: op.holds(&found, wanted), found: format!("it is {found}") }
            }
            DeploymentClaim::Image(op, wanted) => {
                let image = deployment.spec.template.spec.containers.first().map_or("", |container| container.image.as_str());
                Answer { holds: op.holds(image, wanted.as_str()), found: format!("it is {image}") }
            }
        }
    }
}

/// The sizes wanted of a Deployment's ReplicaSets, the oldest first.
fn replica_set_sizes(cluster: &Cluster, namespace: &str, deployment: &str) -> Vec<i64> {
    let sets = cluster.store().list(Kind::ReplicaSet, Some(namespace)).filter_map(|(id, o)| o.as_replica_set().map(|set| (id, set)));
    let owned = sets.filter(|(_, set)| set.meta.controller().is_some_and(|owner| owner.kind == "Deployment" && owner.name == *deployment));
    let mut sizes: Vec<(u32, i64)> = owned.map(|(id, set)| (id.number, i64::from(set.replicas))).collect();
    sizes.sort_unstable();
    sizes.into_iter().map(|(_, size)| size).collect()
}

fn pods_hold(cluster: &Cluster, namespace: &str, selector: &Selector, node: Option<&str>, claim: &PodsClaim) -> Answer {
    let all = cluster.store().list(Kind::Pod, Some(namespace)).filter_map(|(_, o)| o.as_pod());
    let pods = all.filter(|pod| selector.matches(&pod.meta.labels) && node.is_none_or(|node| pod.node_name == *node));
    match claim {
        PodsClaim::AllReady => {
            let (mut ready, mut active) = (0, 0);
            for pod in pods.filter(|pod| pod.is_active()) {
                active += 1;
                ready += u32::from(pod.is_ready());
            }
            Answer { holds: active > 0 && ready == active, found: format!("{ready} of {active} are ready") }
        }
        PodsClaim::Count(which, op, wanted) => {
            let found = pods.filter(|pod| is(pod, *which)).count() as i64;
            Answer { holds: op.holds(&found, wanted), found: format!("there are {found}") }
        }
        PodsClaim::Restarts(op, wanted) => {
            let found = pods.map(|pod| i64::from(pod.restarts())).max().unwrap_or(0);
            Answer { holds: op.holds(&found, wanted), found: format!("the most restarts of a pod are {found}") }
        }
        PodsClaim::Showing(status, op, wanted) => {
            let shows = |pod: &Arc<Pod>| kubectl::pod_status(&cluster.served(&Object::from((*pod).clone())));
            let found: Vec<String> = pods.map(shows).collect();
            let count = found.iter().filter(|found| *found == status).count() as i64;
            Answer { holds: op.holds(&count, wanted), found: format!("there are {count} of {}: {}", found.len(), found.join(", ")) }
        }
    }
}

fn is(pod: &Pod, which: Which) -> bool {
    match which {
        Which::Active => pod.is_active(),
        Which::Ready => pod.is_active() && pod.is_ready(),
        Which::Running => pod.is_active() && pod.status.phase == Phase::Running,
        Which::Pending => pod.is_active() && pod.status.phase == Phase::Pending,
        Which::Terminating => pod.meta.deletion.is_some(),
        Which::Failed => pod.status.phase == Phase::Failed,
        Which::Succeeded => pod.status.phase == Phase::Succeeded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, problem: &str) {
        match Condition::parse(text) {
            Ok(condition) => assert!(problem.is_empty(), "{condition:?}"),
            Err(message) => assert!(!problem.is_empty() && message.contains(problem), "{message}"),
        }
    }

    #[test]
    fn the_language() {
        check("deployment/web is complete", "");
        check("deploy/web ready == 3", "");
        check("deployment/web available in prod", "");
        check("deployment/web image == nginx:1.17.2", "");
        check("replicasets of web == 0, 3", "");
        check("pods == 3", "");
        check("pods ready", "");
        check("pods(app=web, tier in (a, b)) on node-2 ready >= 3", "");
        check("pods(app=web) restarts > 1 in prod", "");
        check("event FailedScheduling on pod/web seen", "");
        check("not event Killing seen", "");
        check("node/node-2 is not ready", "");
        check("svc/web exists", "");
        check("pvc/data .status.phase == Bound", "");
        check("pods(app=web) showing CrashLoopBackOff", "");
        check("pods showing Running == 3", "");
        check("pvc/data .status.phase ~ Bound", "is no comparison");
        check("deployment/web redy == 3", "did you mean ready?");
        check("pods(app=web == 3", "not closed");
        check("pods ~ 3", "is no comparison");
        check("pods == three", "is no number");
        check("pods", "expected `ready` or a comparison");
        check("bananas/web exists", "there is no resource type");
        check("web", "expected something like");
        check("", "expected something like");
        check("replicasets web", "expected `replicasets of");
    }
}
