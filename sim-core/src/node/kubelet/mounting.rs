//! A pod's volumes before its sandbox: they are attached and mounted first. Mirrors `pkg/kubelet/volumemanager/volume_manager.go`
//! (WaitForAttachAndMount) and `pkg/volume/util/nestedpendingoperations` (its backoff), v1.36.

use crate::api::event::EventType;
use crate::api::meta::Str;
use crate::kernel::time::SimDuration;
use crate::node::kubelet::configured::Configured;
use crate::node::kubelet::environment::Setting;
use crate::node::kubelet::past::Known;
use crate::node::kubelet::pod_worker::{POD, PodWorker, Step};
use crate::node::kubelet::volumes::{self, FAILED_MOUNT, Mount, RESIZED};
use crate::node::kubelet::{NodeFacts, Turn};

/// The wait after the first failure: `initialDurationBeforeRetry`.
const FIRST: SimDuration = SimDuration::from_millis(500);
/// The longest wait: `maxDurationBeforeRetry`.
const LONGEST: SimDuration = SimDuration::from_secs(122);

/// What a pod's volumes wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mounting {
    /// The wait after the next failure; zero before the first.
    wait: SimDuration,
    /// Whether a failure has been told of, and the next try has its time.
    failed: bool,
}

impl PodWorker {
    /// Whether all volumes are there. If not, says what fails and asks to be woken.
    pub fn mount(&mut self, turn: &mut Turn<'_>) -> bool {
        if !self.pod.spec.mounts_anything() || turn.images.stand_in {
            return true;
        }
        let facts = turn.kubelet.facts();
        let mut failures: Vec<Str> = self.unfilled(turn, &facts).into_iter().map(Str::from).collect();
        let pod = self.pod.clone();
        let mounts = volumes::mounts(turn.reading.cache, &pod, &facts.name);
        failures.extend(mounts.iter().filter_map(|(_, mount)| if let Mount::Fails(why) = mount { Some(why.clone().into()) } else { None }));
        failures.extend(volumes::unprocessed(&mounts).map(Str::from));
        let waits = mounts.iter().any(|(_, mount)| *mount == Mount::Waits);
        if failures.is_empty() && !waits {
            for grown in volumes::grow_file_systems(turn.reading.cache, &pod, &facts.name) {
                self.report_part(turn, Str::EMPTY, EventType::Normal, RESIZED, grown.message.into());
                turn.send(grown.write);
            }
            self.mounting = None;
            return true;
        }
        let mut mounting = self.mounting.unwrap_or_default();
        mounting.failed = !failures.is_empty();
        if mounting.failed {
            mounting.wait = if mounting.wait.is_zero() { FIRST } else { (mounting.wait * 2).min(LONGEST) };
            self.wake_at(turn, turn.now + mounting.wait, POD, Step::Sync);
        }
        self.mounting = Some(mounting);
        for why in failures {
            self.report_part(turn, Str::EMPTY, EventType::Warning, FAILED_MOUNT, why);
        }
        false
    }

    /// What keeps volumes that are made from the API from being filled.
    fn unfilled(&self, turn: &Turn<'_>, facts: &NodeFacts) -> Vec<String> {
        if self.pod.spec.references().is_empty() {
            return Vec::new();
        }
        Configured::now(self.known_now(turn, facts)).failures().iter().map(ToString::to_string).collect()
    }

    /// The pod as it is, and what the kubelet knows now.
    pub fn known_now<'a>(&'a self, turn: &'a Turn<'_>, facts: &'a NodeFacts) -> Setting<'a> {
        Setting { pod: &self.pod, node: facts, address: self.address, known: Known::now(turn.reading.cache), disk: &|_| None }
    }

    /// Something was attached or bound, maybe what this pod waits for. One that failed waits for its own time, as the real one does.
    pub fn attached(&mut self, turn: &mut Turn<'_>) {
        if self.mounting.is_some_and(|mounting| !mounting.failed) {
            self.sync(turn);
        }
    }
}
