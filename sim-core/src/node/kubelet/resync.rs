//! When a pod is synced although nothing happened to it. Mirrors `completeWork` of `pkg/kubelet/pod_workers.go` and `syncLoopIteration` of
//! `pkg/kubelet/kubelet.go`, v1.36.
//!
//! After each sync a pod is put on the queue again, to be due after `--sync-frequency` (1 minute) with a jitter of up to half of it: 60 to
//! 90 s. A sync asks the volume manager to set up again what follows the API — ConfigMaps, Secrets, projected and downward API volumes
//! (`MarkRemountRequired`, and the reconciler's loop of 100 ms does it). The kubelet's watch has the new ConfigMap at once, so what a user
//! waits for is the next sync: at most 90 s, or less when something happens to the pod in the meantime.
//!
//! Derived, not ticked: time since the pod's last sync with a cause is divided into cells of 75 s, and the sync of each cell is drawn
//! within 7.5 s of its beginning. So syncs are 60 to 90 s apart, as there; there the distances are uniform, here those in the middle are
//! likelier, and the loop's own beat of 1 s is left out.

use crate::api::meta::Uid;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::{SimDuration, SimTime};

/// The mean time between two syncs: `--sync-frequency` and half of `workerResyncIntervalJitterFactor`.
const CELL: SimDuration = SimDuration::from_secs(75);
/// How far a sync may be from the beginning of its cell: then two are never less than 60 s apart, nor more than 90.
const SHIFT: SimDuration = SimDuration::from_millis(7_500);

/// The pod's last sync at or before `now`. `since` is the last one with a cause: its start, a container's end, a change of the pod.
pub fn last_sync(seed: u64, pod: Uid, since: SimTime, now: SimTime) -> SimTime {
    let near = cell_of(since, now);
    (near.saturating_sub(1)..=near + 1).rev().map(|cell| sync(seed, pod, since, cell)).find(|at| *at <= now).unwrap_or(since)
}

/// When a pod's volumes show what its kubelet heard of at `changed`: at the first sync from then on.
pub fn sees_change_at(seed: u64, pod: Uid, since: SimTime, changed: SimTime) -> SimTime {
    let near = cell_of(since, changed);
    let next = (near.saturating_sub(1)..=near + 2).map(|cell| sync(seed, pod, since, cell)).find(|at| *at >= changed);
    next.expect("two cells on is later than any moment of this cell")
}

fn cell_of(since: SimTime, at: SimTime) -> u64 {
    at.since(since).as_nanos() / CELL.as_nanos()
}

fn sync(seed: u64, pod: Uid, since: SimTime, cell: u64) -> SimTime {
    if cell == 0 {
        return since;
    }
    let shift = draw(seed, Stream::Jitter, pod.0.wrapping_add(u128::from(cell))).between(SimDuration::ZERO, SHIFT * 2);
    since + (CELL * cell).saturating_sub(SHIFT) + shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syncs_are_sixty_to_ninety_seconds_apart() {
        let since = SimTime::from_secs(100);
        for uid in [1, 2, 77] {
            let syncs: Vec<SimTime> = (0..200).map(|cell| sync(9, Uid(uid), since, cell)).collect();
            for pair in syncs.windows(2) {
                let apart = pair[1].since(pair[0]);
                assert!(apart >= SimDuration::from_secs(60) && apart <= SimDuration::from_secs(90), "{apart}");
            }
        }
        assert_ne!(sync(9, Uid(1), since, 3), sync(9, Uid(2), since, 3));
    }

    #[test]
    fn a_change_is_seen_at_the_next_sync() {
        let since = SimTime::from_secs(5);
        let mut previous = SimTime::ZERO;
        for secs in 5..1_000 {
            let now = SimTime::from_secs(secs);
            let seen = sees_change_at(3, Uid(4), since, now);
            assert!(seen >= now && seen.since(now) <= SimDuration::from_secs(90), "{now} {seen}");
            assert!(seen >= previous, "what changed later isn't seen earlier");
            assert_eq!(last_sync(3, Uid(4), since, seen), seen);
            assert!(last_sync(3, Uid(4), since, now) <= now);
            previous = seen;
        }
        assert_eq!(sees_change_at(3, Uid(4), since, SimTime::from_secs(1)), since, "the sync that is still to come");
        assert_eq!(last_sync(3, Uid(4), since, since), since);
    }
}
