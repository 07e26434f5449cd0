//! What a container does: how long it takes to start, to become ready and to stop, and whether it ends by itself.
//!
//! A program stands for the image's entry point. Its times vary a little, by draws that depend on the pod, the container and the
//! restart alone, so that two forks of a run see the same.

use crate::kernel::chance::{Draw, Stream, draw};
use crate::kernel::time::SimDuration;

/// How long an init container runs whose program doesn't say: nothing that runs for ever can be meant to run first.
const INIT_RUNS_FOR: SimDuration = SimDuration::from_secs(1);

/// How an image behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Program {
    /// How long a node takes to fetch the image.
    pub pull: SimDuration,
    /// The image's size in bytes.
    pub size: u64,
    /// Whether the registry doesn't have it: pulls fail.
    pub missing: bool,
    /// From the request to create the container until its process runs.
    pub start: SimDuration,
    /// From the process's start until it serves; [`SimDuration::MAX`]: never.
    pub ready_after: SimDuration,
    /// From TERM until the process ends; what exceeds the grace period ends with KILL.
    pub stop: SimDuration,
    /// The process fails after this long, with `exit_code`, or with 1 if that is 0.
    pub crash_after: Option<SimDuration>,
    /// The process's exit code when it ends by itself.
    pub exit_code: i32,
    /// The process ends after this long, with `exit_code`.
    pub runs_for: Option<SimDuration>,
}

impl Default for Program {
    /// A server: pulled in 2 s, started in half a second, ready at once, gone 0.3 s after TERM.
    fn default() -> Self {
        Program {
            pull: SimDuration::from_secs(2),
            size: 50_000_000,
            missing: false,
            start: SimDuration::from_millis(500),
            ready_after: SimDuration::ZERO,
            stop: SimDuration::from_millis(300),
            crash_after: None,
            exit_code: 0,
            runs_for: None,
        }
    }
}

/// The times of one run of one container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Course {
    /// From the request to create the container until its process runs.
    pub start: SimDuration,
    /// From the process's start until it serves; [`SimDuration::MAX`]: never.
    pub ready_after: SimDuration,
    /// From TERM until the process ends.
    pub stop: SimDuration,
    /// When the process ends by itself, and with which code.
    pub ends: Option<(SimDuration, i32)>,
    /// The runtime's number for the container; never 0.
    pub id: u64,
}

impl Program {
    /// The times of the run that `key` stands for. `init`: it is an init container, which must end.
    pub fn course(&self, seed: u64, key: u128, jitter_percent: u64, init: bool) -> Course {
        let mut draw = draw(seed, Stream::Container, key);
        let mut vary = |base| vary(&mut draw, base, jitter_percent);
        let (start, ready_after, stop) = (vary(self.start), vary(self.ready_after), vary(self.stop));
        let crash = self.crash_after.map(|after| (after, if self.exit_code == 0 { 1 } else { self.exit_code }));
        let runs_for = self.runs_for.or((init && crash.is_none()).then_some(INIT_RUNS_FOR));
        let end = runs_for.map(|after| (after, self.exit_code));
        let ends = match (crash, end) {
            (Some(crash), Some(end)) => Some(if crash.0 <= end.0 { crash } else { end }),
            (crash, end) => crash.or(end),
        };
        let ends = ends.map(|(after, code)| (vary(after), code));
        Course { start, ready_after, stop, ends, id: draw.bits() | 1 }
    }
}

/// A duration within `percent` of `base`. Always takes one draw, so that the draws after it don't depend on `base`.
pub fn vary(draw: &mut Draw, base: SimDuration, percent: u64) -> SimDuration {
    let width = SimDuration::from_nanos(base.as_nanos() / 100 * percent.min(100));
    let varied = draw.between(base.saturating_sub(width), base + width);
    if base == SimDuration::MAX { base } else { varied }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_vary_by_key_and_stay_near() {
        let program = Program { crash_after: Some(SimDuration::from_secs(5)), ..Program::default() };
        let courses: Vec<Course> = (0..50).map(|key| program.course(7, key, 10, false)).collect();
        assert_eq!(courses[3], program.course(7, 3, 10, false));
        assert!(courses.windows(2).any(|pair| pair[0].start != pair[1].start));
        for course in courses {
            assert!((450..=550).contains(&course.start.as_millis()), "{course:?}");
            assert_eq!(course.ends.map(|(_, code)| code), Some(1));
        }
        let never = Program { ready_after: SimDuration::MAX, ..Program::default() };
        assert_eq!(never.course(7, 1, 10, false).ready_after, SimDuration::MAX);
        assert!(never.course(7, 1, 10, true).ends.is_some(), "an init container ends");
    }
}
