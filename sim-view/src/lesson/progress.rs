//! How far somebody is with a lesson.

use super::{Lesson, What, acts};
use crate::frame::session;
use sim_core::Cluster;

/// What somebody who takes a lesson has reached so far.
///
/// A goal of the kind `once` or `typed` stays reached, even if its learner goes back in time: what was seen was seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    reached: Vec<bool>,
}

impl Progress {
    /// Nothing was reached yet.
    pub fn new(lesson: &Lesson) -> Self {
        Progress { reached: vec![false; lesson.goals.len()] }
    }

    /// A line was typed. What is done with the mouse counts by the line that it stands for: a click that asks why is `why pod/web`.
    pub fn typed(&mut self, lesson: &Lesson, line: &str) {
        for (goal, reached) in lesson.goals.iter().zip(&mut self.reached) {
            if let What::Typed(typed) = &goal.what {
                *reached |= typed.is_in(line);
            }
        }
    }

    /// Looks at the cluster: which goals are reached now?
    pub fn look(&mut self, lesson: &Lesson, cluster: &Cluster) -> Vec<session::Goal> {
        let look = |(goal, reached): (&super::Goal, &mut bool)| {
            let found = match &goal.what {
                What::That(condition) => {
                    let answer = condition.holds(cluster);
                    *reached = answer.holds;
                    answer.found
                }
                // What was reached once isn't looked at any more.
                What::Once(_) if *reached => String::new(),
                What::Once(condition) => {
                    let answer = condition.holds(cluster);
                    *reached = answer.holds;
                    answer.found
                }
                What::Typed(_) => String::new(),
            };
            session::Goal { that: goal.to_string(), holds: *reached, found }
        };
        lesson.goals.iter().zip(&mut self.reached).map(look).collect()
    }
}

/// How many acting commands these lines have: what a score counts.
pub fn acted<'a>(lines: impl IntoIterator<Item = &'a str>) -> u32 {
    lines.into_iter().map(acts).sum()
}
