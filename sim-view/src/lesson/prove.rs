//! Proves a lesson: its start reaches no end by itself, its solution reaches every goal.

use super::progress::acted;
use super::{Lesson, Progress, What, typed_lines, watches};
use crate::frame::session;
use sim_core::Cluster;
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::kubectl::{Invocation, Outcome};
use sim_core::shell::{Line, Shell};
use std::collections::{BTreeMap, BTreeSet};

/// How often the goals are looked at. What holds for less than this, a learner would miss too.
const LOOK: SimDuration = SimDuration::from_millis(200);
/// How long nothing is done, to see that nothing is reached by itself, and how often that is looked at.
const IDLE: (SimDuration, SimDuration) = (SimDuration::from_secs(60), SimDuration::from_secs(1));

/// What came of a proof.
#[derive(Clone, PartialEq, Debug)]
pub struct Proof {
    /// What is wrong with the lesson; empty: it is proved.
    pub problems: Vec<String>,
    /// How many acting commands the solution has.
    pub acted: u32,
    /// How much virtual time the solution takes.
    pub took: SimDuration,
}

/// Plays a lesson's start and its solution.
pub fn prove(lesson: &Lesson) -> Proof {
    let mut problems = Vec::new();
    let acted = acted(lesson.solution.iter().map(String::as_str));
    let start = match lesson.start.run(lesson.start.seed) {
        Ok(run) => {
            let broken = run.report.verdicts.iter().filter(|verdict| !verdict.holds);
            problems.extend(broken.map(|verdict| format!("the start: {}: {}", verdict.that, verdict.found)));
            run.cluster
        }
        Err(error) => {
            let problems = vec![format!("the start can't be played: {error}")];
            return Proof { problems, acted, took: SimDuration::ZERO };
        }
    };
    if lesson.par > acted {
        problems.push(format!("par is {}, but the solution needs only {acted} acting lines", lesson.par));
    }
    let at_first = Progress::new(lesson).look(lesson, &start);
    let early = lesson.goals.iter().zip(&at_first).filter(|(goal, now)| now.holds && matches!(goal.what, What::Once(_)));
    problems.extend(early.map(|(goal, _)| format!("reached before anything is done: {goal}")));
    let mut idle = Shell::over(start.clone());
    // What is to be typed is never reached by itself: it proves nothing of the other goals.
    let by_itself = walk(lesson, &mut Progress::new(lesson), &mut idle, (start.now() + IDLE.0, IDLE.1));
    let of_cluster = lesson.goals.iter().zip(&by_itself).filter(|(goal, _)| !matches!(goal.what, What::Typed(_)));
    let mut of_cluster = of_cluster.map(|(_, now)| now.holds).peekable();
    if of_cluster.peek().is_some() && of_cluster.all(|holds| holds) {
        problems.push(format!("all goals about the cluster are reached without doing anything for {}", IDLE.0));
    }
    let mut files = lesson.start.files.clone();
    files.extend(lesson.edits.clone());
    let mut progress = Progress::new(lesson);
    let mut shell = Shell::over(start.clone());
    let mut moments = vec![start.clone()];
    for line in &lesson.solution {
        progress.typed(lesson, line);
        if watches(line) {
            problems.extend(refused(shell.cluster(), line, &files).map(|why| format!("the solution: {line}: {why}")));
            continue;
        }
        let reply = shell.line(line, &files);
        if reply.code != 0 {
            problems.push(format!("the solution: {line}: {}", reply.stderr.trim_end()));
        }
        // Time stands still between two lines, so that what holds there is seen.
        progress.look(lesson, shell.cluster());
        moments.push(shell.cluster().clone());
    }
    let end = shell.now();
    let mut goals = progress.look(lesson, shell.cluster());
    if goals.iter().any(|goal| !goal.holds) {
        // Something may have held between two lines, while one of them waited: the run is watched once more.
        shell.seek_to(start.now());
        goals = walk(lesson, &mut progress, &mut shell, (end, LOOK));
    }
    let unmet = goals.iter().filter(|goal| !goal.holds);
    problems.extend(unmet.map(|goal| match goal.found.as_str() {
        "" => format!("the solution doesn't reach: {}", goal.that),
        found => format!("the solution doesn't reach: {} ({found})", goal.that),
    }));
    // A line of the text may make sense at one moment only: `kubectl rollout resume` while it is paused.
    let offered: BTreeSet<&str> = [&lesson.text.en, &lesson.text.zh].into_iter().flat_map(|text| typed_lines(text)).collect();
    let bad = offered.into_iter().filter_map(|line| {
        let answers: Option<Vec<String>> = moments.iter().map(|moment| refused(moment, line, &files)).collect();
        answers.and_then(|answers| Some(format!("the text's line `{line}` makes no sense: {}", answers.first()?)))
    });
    problems.extend(bad);
    Proof { problems, acted, took: end.since(start.now()) }
}

/// Lets time go by to a moment, and looks at the goals now and then.
fn walk(lesson: &Lesson, progress: &mut Progress, shell: &mut Shell, (to, every): (SimTime, SimDuration)) -> Vec<session::Goal> {
    while shell.now() < to {
        progress.look(lesson, shell.cluster());
        shell.seek_to((shell.now() + every).min(to));
    }
    progress.look(lesson, shell.cluster())
}

/// Why a line makes no sense here; `None`: it does, whatever comes of it. No time passes.
fn refused(cluster: &Cluster, line: &str, files: &BTreeMap<String, String>) -> Option<String> {
    match Line::parse(line) {
        Err(reply) => Some(reply.stderr.trim_end().to_owned()),
        Ok(Line::Nothing | Line::Time(_)) => None,
        Ok(Line::Kubectl(commands)) => {
            let mut cluster = cluster.clone();
            commands.into_iter().find_map(|args| match cluster.kubectl(&Invocation { args, files: files.clone() }) {
                Outcome::Done(output) if output.bad_input => Some(output.stderr.trim_end().to_owned()),
                _ => None,
            })
        }
        Ok(Line::Fault(_) | Line::Traffic(_) | Line::Ask(_)) => {
            let reply = Shell::over(cluster.clone()).line(line, files);
            (reply.code == 2).then(|| reply.stderr.trim_end().to_owned())
        }
    }
}
