//! Where pods of a DaemonSet are missing, and where there are too many. Mirrors podsShouldBeOnNode and manage of
//! `pkg/controller/daemon/daemon_controller.go`, v1.36.

use super::{Daemon, Sync};
use crate::api::daemon_set::Wanted;
use crate::api::event::EventType;
use crate::api::meta::Str;
use crate::api::object::ObjectId;
use crate::api::pod::{Phase, Pod};
use crate::client::roster::{Failures, Seat};
use crate::kernel::time::SimDuration;

/// How long the successor of a failed pod is left alone: `failedPodsBackoff` of `cmd/kube-controller-manager/app/apps.go`, 1 s, doubling …
const BACKOFF_FIRST: SimDuration = SimDuration::from_secs(1);
/// … to 15 minutes; forgotten after twice that.
const BACKOFF_MAX: SimDuration = SimDuration::from_secs(900);

/// What is to be done: nodes that need a pod, and pods that have to go.
#[derive(Default)]
struct Todo {
    missing: Vec<Str>,
    doomed: Vec<ObjectId>,
}

/// Makes and deletes pods until each node has as many as it should. Returns whether there was anything to do.
pub fn place(sync: &mut Sync<'_>) -> bool {
    let mut todo = Todo::default();
    for (node, seat) in sync.roster().restless() {
        if seat.wanted == Wanted::Yes && seat.pods.is_empty() {
            todo.missing.push(node.clone());
            continue;
        }
        let pods = sync.pods(seat);
        if !seat.exists {
            // The collector of pods takes those of a deleted node, but only if they were bound to it.
            todo.doomed.extend(pods.iter().filter(|(_, pod)| pod.node_name.is_empty()).map(|(id, _)| *id));
            continue;
        }
        match seat.wanted {
            Wanted::Yes if pods.is_empty() => todo.missing.push(node.clone()),
            Wanted::Yes | Wanted::Stay => tidy(sync, node, seat, &pods, &mut todo),
            Wanted::No => todo.doomed.extend(pods.iter().filter(|(_, pod)| pod.meta.deletion.is_none()).map(|(id, _)| *id)),
        }
    }
    let (missing, doomed) = (todo.missing.len(), todo.doomed.len());
    if missing > 0 {
        let wanted = sync.roster().wanted();
        sync.explain(|| format!("{wanted} nodes are to run a pod, {missing} of them have none"));
    } else if doomed > 0 {
        sync.explain(|| format!("{doomed} pods have ended, are one too many on their node, or are where none is wanted"));
    }
    sync.send(todo.missing, todo.doomed)
}

/// A node that may have a pod: those that ended go, and of several only the one goes on that should.
fn tidy(sync: &mut Sync<'_>, node: &Str, seat: &Seat, pods: &[Daemon<'_>], todo: &mut Todo) {
    let mut running: Vec<Daemon<'_>> = Vec::new();
    for (id, pod) in pods.iter().filter(|(_, pod)| pod.meta.deletion.is_none()) {
        match pod.status.phase {
            Phase::Failed => {
                if let Some(delay) = backoff(sync, seat.failures) {
                    sync.plan.requeue_after = Some(sync.plan.requeue_after.map_or(delay, |earlier| earlier.min(delay)));
                    continue;
                }
                sync.report(EventType::Warning, "FailedDaemonPod", found("failed", pod, node, "kill"));
                todo.doomed.push(*id);
            }
            Phase::Succeeded => {
                sync.report(EventType::Normal, "SucceededDaemonPod", found("succeeded", pod, node, "delete"));
                todo.doomed.push(*id);
            }
            _ => running.push((*id, pod)),
        }
    }
    sort(&mut running);
    if !sync.set.spec.allows_surge() {
        todo.doomed.extend(running.iter().skip(1).map(|(id, _)| *id));
    } else if running.is_empty() && seat.wanted == Wanted::Yes {
        todo.missing.push(node.clone());
    } else if running.len() > 1 {
        surge(sync, &running, todo);
    }
}

fn found(how: &str, pod: &Pod, node: &Str, what: &str) -> String {
    format!("Found {how} daemon pod {}/{} on node {node}, will try to {what} it", pod.meta.namespace, pod.meta.name)
}

/// While surging, a node may have an old pod that is ready beside a new one that isn't available yet. All others go.
fn surge(sync: &Sync<'_>, running: &[Daemon<'_>], todo: &mut Todo) {
    let (mut new, mut old): (Option<Daemon<'_>>, Option<Daemon<'_>>) = (None, None);
    for daemon in running {
        let place = if sync.is_updated(daemon.1) { &mut new } else { &mut old };
        match place {
            None => *place = Some(*daemon),
            Some(_) => todo.doomed.push(daemon.0),
        }
    }
    if let (Some((_, new)), Some((id, old))) = (new, old)
        && (!old.is_ready() || sync.is_available(new))
    {
        todo.doomed.push(id);
    }
}

/// Bound pods first, then by age, then by name. `podByCreationTimestampAndPhase`.
pub fn sort(pods: &mut [Daemon<'_>]) {
    pods.sort_by(|(_, a), (_, b)| {
        let place = |pod: &Pod| (pod.node_name.is_empty(), pod.meta.created);
        place(a).cmp(&place(b)).then_with(|| a.meta.name.cmp(&b.meta.name))
    });
}

/// How long a failed pod is left where it is, if it is: the kubelet that refused it would refuse the next one too.
///
/// Example: three went before it, the last one 2 s ago. The third doubled the delay to 4 s: it stays.
fn backoff(sync: &Sync<'_>, failures: Option<Failures>) -> Option<SimDuration> {
    let failures = failures.filter(|failures| failures.generation == sync.set.status.observed_generation)?;
    let delay = (BACKOFF_FIRST * (1 << failures.count.saturating_sub(1).min(20))).min(BACKOFF_MAX);
    (sync.now.since(failures.last) < delay).then_some(delay)
}
