//! What a container does: how long it takes to start, to serve and to stop, what it uses, which probes it fails, whether it ends by itself.
//!
//! A program stands for the image's entry point. It is data: from scenarios, or by the image's name. Its times vary a little, by draws that
//! depend on the pod, the container and the restart alone, so that two forks of a run see the same.

use crate::api::meta::Str;
use crate::api::probe::ProbeKind;
use crate::kernel::chance::{Draw, Stream, draw};
use crate::kernel::time::SimDuration;
use crate::node::runtime::usage::Usage;

/// How long an init container runs whose program doesn't say: nothing that runs for ever can be meant to run first.
const INIT_RUNS_FOR: SimDuration = SimDuration::from_secs(1);

/// A port that a process listens on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Serves {
    /// The port.
    pub port: i32,
    /// How long it takes for an answer.
    pub latency: SimDuration,
    /// How many requests it works on at a time; 0: any number.
    pub capacity: u64,
}

/// A time in which a process gives probes bad answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failing {
    /// Which probe; `None`: all of them.
    pub probe: Option<ProbeKind>,
    /// Since the process's start.
    pub from: SimDuration,
    /// Since the process's start; [`SimDuration::MAX`]: for good.
    pub to: SimDuration,
}

/// A file that a process makes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Writes {
    /// Where, from the container's root.
    pub path: Str,
    /// How large it is: grows if the amount does.
    pub size: Usage,
    /// Since the process's start.
    pub after: SimDuration,
}

/// A line that a process logs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Says {
    /// The line.
    pub text: Str,
    /// When first, since the process's start.
    pub after: SimDuration,
    /// And then again and again; zero: once.
    pub every: SimDuration,
}

/// How an image behaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    /// How long a node takes to fetch the image.
    pub pull: SimDuration,
    /// The image's size in bytes.
    pub size: u64,
    /// Whether the registry doesn't have it: pulls fail.
    pub missing: bool,
    /// From the request to create the container until its process runs.
    pub start: SimDuration,
    /// What the runtime says instead of starting it; mostly unset.
    pub start_error: Option<Str>,
    /// From the process's start until it serves; [`SimDuration::MAX`]: never. A container without a readiness probe counts as ready only
    /// then, as if it had one.
    pub ready_after: SimDuration,
    /// From the process's start until it serves, where that is no matter of readiness; `None`: like `ready_after`.
    pub serves_after: Option<SimDuration>,
    /// The ports that it listens on; `None`: all that it is asked on.
    pub serves: Option<Vec<Serves>>,
    /// From TERM until the process ends; what exceeds the grace period ends with KILL. [`SimDuration::MAX`]: it doesn't heed TERM.
    pub stop: SimDuration,
    /// The exit code after TERM.
    pub stop_code: i32,
    /// The process fails after this long, with `exit_code`, or with 1 if that is 0.
    pub crash_after: Option<SimDuration>,
    /// The process's exit code when it ends by itself.
    pub exit_code: i32,
    /// The process ends after this long, with `exit_code`.
    pub runs_for: Option<SimDuration>,
    /// Thousandths of a CPU.
    pub cpu: Usage,
    /// Bytes.
    pub memory: Usage,
    /// When it fails its probes although it serves.
    pub fails: Vec<Failing>,
    /// What it writes.
    pub writes: Vec<Writes>,
    /// What it logs.
    pub says: Vec<Says>,
}

impl Default for Program {
    /// A server: pulled in 2 s, started in half a second, ready at once, gone 0.3 s after TERM. It uses 1m of CPU and 16 MiB.
    fn default() -> Self {
        Program {
            pull: SimDuration::from_secs(2),
            size: 50_000_000,
            missing: false,
            start: SimDuration::from_millis(500),
            start_error: None,
            ready_after: SimDuration::ZERO,
            serves_after: None,
            serves: None,
            stop: SimDuration::from_millis(300),
            stop_code: 0,
            crash_after: None,
            exit_code: 0,
            runs_for: None,
            cpu: Usage::Constant(1),
            memory: Usage::Constant(16 << 20),
            fails: Vec::new(),
            writes: Vec::new(),
            says: Vec::new(),
        }
    }
}

/// The times of one run of one container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Course {
    /// From the request to create the container until its process runs.
    pub start: SimDuration,
    /// From the process's start until it counts as ready without a probe; [`SimDuration::MAX`]: never.
    pub ready_after: SimDuration,
    /// From the process's start until it serves; [`SimDuration::MAX`]: never.
    pub serves_after: SimDuration,
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
        let id = draw.bits() | 1;
        Course { start, ready_after, serves_after: self.serves_after.unwrap_or(ready_after), stop, ends, id }
    }

    /// Whether it listens on a port, once it serves.
    pub fn listens_on(&self, port: i32) -> bool {
        self.serves.as_ref().is_none_or(|ports| ports.iter().any(|serves| serves.port == port))
    }

    /// How long it takes for an answer on a port.
    pub fn latency(&self, port: i32) -> SimDuration {
        self.serves.iter().flatten().find(|serves| serves.port == port).map_or(SimDuration::ZERO, |serves| serves.latency)
    }

    /// Whether it gives this probe bad answers at `elapsed`, and when that changes next, if it does.
    pub fn is_failing(&self, probe: ProbeKind, elapsed: SimDuration) -> (bool, Option<SimDuration>) {
        let mut change: Option<SimDuration> = None;
        let mut failing = false;
        for window in self.fails.iter().filter(|window| window.probe.is_none_or(|of| of == probe)) {
            failing |= window.from <= elapsed && elapsed < window.to;
            for edge in [window.from, window.to] {
                if edge > elapsed && edge != SimDuration::MAX {
                    change = Some(change.map_or(edge, |change| change.min(edge)));
                }
            }
        }
        (failing, change)
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

    #[test]
    fn bad_answers_have_their_times() {
        let secs = SimDuration::from_secs;
        let window = |probe, from, to| Failing { probe, from: secs(from), to: secs(to) };
        let fails = vec![window(Some(ProbeKind::Liveness), 10, 20), window(None, 15, 30)];
        let program = Program { fails, ..Program::default() };
        let check = |probe, at, expected: (bool, Option<u64>)| {
            let (failing, change) = program.is_failing(probe, secs(at));
            assert_eq!((failing, change.map(SimDuration::as_secs)), expected, "{probe:?} at {at}");
        };
        check(ProbeKind::Liveness, 0, (false, Some(10)));
        check(ProbeKind::Liveness, 12, (true, Some(15)));
        check(ProbeKind::Readiness, 12, (false, Some(15)));
        check(ProbeKind::Readiness, 16, (true, Some(30)));
        check(ProbeKind::Startup, 30, (false, None));
    }
}
