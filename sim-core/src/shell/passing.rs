//! The words of time: they let it pass, or lead to another moment.

use super::Reply;
use super::line::Passing;
use crate::cluster::Cluster;
use crate::explain;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::Condition;

/// How long `until` waits.
const PATIENCE: SimDuration = SimDuration::from_secs(600);
/// How often a condition is looked at that may change although nothing happens.
const LOOK: SimDuration = SimDuration::from_millis(100);
/// After this many events a wait is given up.
const EVENTS_MAX: u64 = 5_000_000;

/// What is led through time.
pub trait Course {
    /// The cluster at the present moment.
    fn cluster(&self) -> &Cluster;

    /// When something happens next.
    fn next_at(&mut self) -> Option<SimTime>;

    /// Lets time pass up to a moment, what is due at the present one too.
    fn go_on(&mut self, to: SimTime);

    /// Goes to a moment, forward or back.
    fn seek(&mut self, to: SimTime);

    /// What is to be said to who has gone back: what lies ahead. Empty if nothing does.
    fn ahead(&self) -> String;
}

/// Lets time pass.
pub fn pass(course: &mut impl Course, passing: &Passing) -> Reply {
    match passing {
        Passing::For(span) => {
            let until = course.cluster().now() + *span;
            if until > course.cluster().now() {
                course.go_on(until);
            }
            Reply::say(format!("it is {until}\n"))
        }
        Passing::To(to) => {
            course.seek(*to);
            let ahead = course.ahead();
            Reply::say(if ahead.is_empty() { format!("it is {to}\n") } else { format!("it is {to}; {ahead}\n") })
        }
        Passing::Until(condition) => until(course, condition),
        Passing::UntilQuiet => until_quiet(course),
        Passing::Steps(count) => step(course, *count),
    }
}

fn until(course: &mut impl Course, condition: &Condition) -> Reply {
    let (start, deadline) = (course.cluster().now(), course.cluster().now() + PATIENCE);
    let budget = course.cluster().handled() + EVENTS_MAX;
    let mut revision = None;
    loop {
        let present = course.cluster();
        if condition.moves_by_itself() || revision != Some(present.store().revision()) {
            revision = Some(present.store().revision());
            let answer = condition.holds(present);
            if answer.holds {
                return Reply::say(format!(
                    "it is {}, {} later ({})\n",
                    course.cluster().now(),
                    SimTime::ZERO + course.cluster().now().since(start),
                    answer.found
                ));
            }
        }
        let soon = if condition.moves_by_itself() { course.cluster().now() + LOOK } else { SimTime::MAX };
        let event = course.next_at().unwrap_or(SimTime::MAX);
        match Some(event.min(soon)).filter(|next| *next <= deadline && course.cluster().handled() < budget) {
            Some(next) => course.go_on(next),
            None => {
                course.go_on(deadline);
                let found = condition.holds(course.cluster()).found;
                return Reply { stderr: format!("it is {deadline} and still not: {condition} ({found})\n"), code: 1, ..Reply::default() };
            }
        }
    }
}

fn until_quiet(course: &mut impl Course) -> Reply {
    let (start, budget) = (course.cluster().now(), course.cluster().handled() + EVENTS_MAX);
    let horizon = start + SimDuration::from_secs(24 * 3600);
    while let Some(next) = course.next_at() {
        if next > horizon || course.cluster().handled() > budget {
            let pending = course.cluster().pending();
            return Reply {
                stderr: format!("it is {} and the cluster isn't quiet: {pending} events wait\n", course.cluster().now()),
                code: 1,
                ..Reply::default()
            };
        }
        course.go_on(next);
    }
    Reply::say(format!("it is {}; nothing waits any more\n", course.cluster().now()))
}

fn step(course: &mut impl Course, count: u32) -> Reply {
    let mut told = String::new();
    for _ in 0..count.min(10_000) {
        let Some(next) = course.next_at() else {
            told.push_str("nothing waits\n");
            break;
        };
        let before = course.cluster().trace().noted();
        course.go_on(next);
        for sentence in explain::since(course.cluster(), before) {
            told.push_str(&format!("{sentence}\n"));
        }
    }
    Reply::say(told)
}
