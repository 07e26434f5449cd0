//! Which pods of a DaemonSet are replaced by those of a new template, and when. Mirrors rollingUpdate of
//! `pkg/controller/daemon/update.go`, v1.36.
//!
//! Without surge, old pods are deleted, as many as keep the number of nodes without an available pod within maxUnavailable; [`super::placement`]
//! then finds their nodes empty. With surge, new pods are made beside old ones, on as many nodes as maxSurge allows, and an old one goes when
//! its successor is available. Old pods that aren't available are replaced without asking in both. Upstream takes the nodes as they come out
//! of a map, in no order; here those come first whose pods have been ready for longest.

use super::{Daemon, Sync};
use crate::api::daemon_set::Wanted;
use crate::api::meta::Str;
use crate::api::object::{Kind, ObjectId};
use crate::kernel::time::SimTime;

/// What a node has, as an update sees it.
enum Has<'a> {
    /// More pods than one of each: it is tidied up first.
    TooMany,
    /// Nothing that counts.
    Nothing,
    New(Daemon<'a>),
    Old(Daemon<'a>),
    Both {
        new: Daemon<'a>,
        old: Daemon<'a>,
    },
}

/// Replaces what may be replaced now. Returns whether there was anything to do.
pub fn update(sync: &mut Sync<'_>) -> bool {
    let nodes = i64::from(sync.roster().wanted());
    let (surge, mut unavailable) = (sync.set.spec.max_surge(nodes), sync.set.spec.max_unavailable(nodes));
    if nodes > 0 && surge == 0 && unavailable == 0 {
        unavailable = 1;
    }
    if surge == 0 { replace(sync, unavailable) } else { grow(sync, surge, nodes) }
}

/// The restless nodes that have pods or want one. `findUpdatedPodsOnNode`.
fn restless<'a>(sync: &Sync<'a>) -> Vec<(&'a Str, Wanted, Has<'a>)> {
    let mut all = Vec::new();
    for (node, seat) in sync.roster().restless() {
        if seat.pods.is_empty() {
            all.push((node, seat.wanted, Has::Nothing));
            continue;
        }
        let pods = sync.pods(seat);
        if pods.is_empty() && seat.wanted != Wanted::Yes {
            continue;
        }
        let (mut new, mut old) = (Vec::new(), Vec::new());
        for daemon in pods.into_iter().filter(|(_, pod)| pod.meta.deletion.is_none()) {
            if sync.is_updated(daemon.1) { new.push(daemon) } else { old.push(daemon) }
        }
        let has = match (&new[..], &old[..]) {
            ([], []) => Has::Nothing,
            ([new], []) => Has::New(*new),
            ([], [old]) => Has::Old(*old),
            ([new], [old]) => Has::Both { new: *new, old: *old },
            _ => Has::TooMany,
        };
        all.push((node, seat.wanted, has));
    }
    all
}

/// The nodes at rest of a hash whose pod isn't available, each with the number of its pod.
fn late<'a>(sync: &Sync<'a>, hash: &Str) -> impl Iterator<Item = (&'a Str, u32)> {
    sync.roster().starting(hash).chain(sync.young(hash).map(|(node, _, number)| (node, number)))
}

/// The hashes of the old templates that nodes at rest have pods of.
fn old_hashes(sync: &Sync<'_>) -> Vec<Str> {
    sync.roster().resting().map(|(hash, _)| hash.clone()).filter(|hash| *hash != sync.hash).collect()
}

/// Up to `limit` nodes at rest with an available old pod.
fn candidates<'a>(sync: &Sync<'a>, hashes: &[Str], limit: usize) -> Vec<(&'a Str, ObjectId)> {
    let min_ready = sync.set.spec.min_ready;
    let resting = hashes.iter().flat_map(|hash| {
        let rows = sync.roster().ready_since(hash, SimTime::ZERO);
        rows.take_while(|(_, since, _)| min_ready.is_zero() || *since + min_ready <= sync.now).take(limit)
    });
    resting.take(limit).map(|(node, _, number)| (node, ObjectId { kind: Kind::Pod, number })).collect()
}

/// Deletes old pods. `restless` nodes without an available pod count against the limit, and so do new pods that aren't available yet.
///
/// Example: 10 nodes, maxUnavailable 3, one new pod is starting, one old pod isn't ready. That one goes in any case, and 3 − 2 = 1 more.
fn replace(sync: &mut Sync<'_>, max_unavailable: i64) -> bool {
    let (mut unavailable, mut doomed, mut ready) = (0_i64, Vec::new(), Vec::new());
    for (_, _, has) in restless(sync) {
        match has {
            Has::TooMany | Has::Nothing | Has::Both { .. } => unavailable += 1,
            Has::New((_, pod)) => unavailable += i64::from(!sync.is_available(pod)),
            Has::Old((id, pod)) if sync.is_available(pod) => ready.push(id),
            Has::Old((id, _)) => {
                doomed.push(id);
                unavailable += 1;
            }
        }
    }
    let hashes = old_hashes(sync);
    unavailable += late(sync, &sync.hash).count() as i64;
    for (_, number) in hashes.iter().flat_map(|hash| late(sync, hash)) {
        doomed.push(ObjectId { kind: Kind::Pod, number });
        unavailable += 1;
    }
    let room = usize::try_from(max_unavailable - unavailable).unwrap_or(0);
    ready.truncate(room);
    ready.extend(candidates(sync, &hashes, room - ready.len()).into_iter().map(|(_, id)| id));
    let count = ready.len();
    if count > 0 {
        sync.explain(|| {
            format!("room for {room}: {max_unavailable} nodes may be without an available pod, {unavailable} are; {count} old pods go")
        });
    } else if !doomed.is_empty() {
        sync.explain(|| "old pods that aren't available are replaced at once".to_owned());
    }
    doomed.extend(ready);
    sync.send(Vec::new(), doomed)
}

/// Makes new pods beside old ones, and deletes old ones whose successor is available.
///
/// Example: 10 nodes, maxSurge 30 %. Three new pods are made; as soon as one of them is available, its old one goes and a fourth is made.
fn grow(sync: &mut Sync<'_>, max_surge: i64, nodes: i64) -> bool {
    let (mut surging, mut available) = (0_i64, 0_i64);
    let (mut doomed, mut unwanted, mut needed, mut ready) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (node, wanted, has) in restless(sync) {
        let counted = match &has {
            Has::New(pod) | Has::Old(pod) | Has::Both { old: pod, .. } => sync.is_available(pod.1),
            Has::TooMany | Has::Nothing => false,
        };
        available += i64::from(counted);
        match has {
            Has::TooMany => surging += 1,
            Has::Nothing | Has::New(_) => {}
            Has::Old((id, _)) if wanted != Wanted::Yes => {
                if counted {
                    unwanted.push(id)
                } else {
                    doomed.push(id)
                }
            }
            Has::Old(_) if counted => ready.push(node.clone()),
            Has::Old(_) => needed.push(node.clone()),
            Has::Both { new, .. } if !sync.is_available(new.1) => surging += 1,
            Has::Both { old, .. } => doomed.push(old.0),
        }
    }
    let hashes = old_hashes(sync);
    let young: usize = hashes.iter().chain([&sync.hash]).map(|hash| sync.young(hash).count()).sum();
    available += sync.roster().resting().map(|(_, calm)| i64::from(calm.ready)).sum::<i64>() - young as i64;
    needed.extend(hashes.iter().flat_map(|hash| late(sync, hash)).map(|(node, _)| node.clone()));
    // Where none is wanted any longer, an old pod goes only if there are available ones enough elsewhere.
    let spare = usize::try_from(available - nodes).unwrap_or(0);
    doomed.extend(unwanted.into_iter().take(spare));
    let room = usize::try_from(max_surge - surging).unwrap_or(0);
    ready.truncate(room);
    ready.extend(candidates(sync, &hashes, room - ready.len()).into_iter().map(|(node, _)| node.clone()));
    let count = ready.len();
    if count > 0 {
        sync.explain(|| format!("room for {room}: {max_surge} nodes may have two pods, {surging} have; {count} more get a new one"));
    } else if !doomed.is_empty() {
        sync.explain(|| format!("{} old pods have an available successor", doomed.len()));
    }
    needed.extend(ready);
    sync.send(needed, doomed)
}
