//! Opening a link: the scenario is played through, then the lines are typed again, each at its moment.

use super::Sandbox;
use super::branch::{Branch, deed_of};
use super::scene::{Deed, Scene};
use crate::frame::code::Diagnostic;
use crate::frame::session::{Link, Opened, Problem, StoryLine, Verdict};
use crate::lesson::{Lesson, prove};
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::scenario::{self, Report, Scenario, Tone};
use sim_core::timeline::{Record, Timeline};
use sim_core::{Cluster, Config};

/// What a scenario is called in messages: it has no file.
const SCENARIO: &str = "scenario.yaml";
/// What a lesson is called in messages.
const LESSON: &str = "lesson.yaml";

/// What is told of the run that was opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    name: String,
    description: String,
    story: Vec<StoryLine>,
    verdicts: Vec<Verdict>,
}

impl Sandbox {
    /// Boots what a link says and does what was done in it. With a lesson's YAML, its start takes the scenario's place, and its goals are
    /// looked at.
    ///
    /// What is looked at then is the moment that the link gives; else the last line's; else the start, so that one sees a scenario's steps
    /// happen as time goes on; a lesson's are over.
    ///
    /// # Errors
    /// The scenario or the lesson isn't one, or it can't be played.
    pub fn open(link: &Link, lesson: Option<&str>) -> Result<Sandbox, Problem> {
        let lesson = lesson.map(|text| Lesson::parse(text, LESSON)).transpose().map_err(problem)?;
        let scenario = match &lesson {
            Some(lesson) => Some(lesson.start.clone()),
            None if link.scenario.trim().is_empty() => None,
            None => Some(Scenario::parse(&link.scenario, SCENARIO).map_err(problem)?),
        };
        let (mut branch, told) = played(scenario, link)?;
        let end = branch.horizon;
        within_reach(link, end)?;
        for typed in &link.lines {
            branch.go(SimTime::from_nanos(typed.at).max(branch.now()), true);
            branch.act(deed_of(typed)).map_err(|message| Problem { message, file: typed.line.clone(), ..Problem::default() })?;
            branch.go(branch.now(), true);
        }
        // A lesson begins when its start is played; a scenario is watched from its very start.
        let is_played = lesson.is_some() && (link.at.is_none() || end == SimTime::ZERO);
        let is_start = link.at.map_or(link.lines.is_empty(), |at| at == 0) && !is_played;
        let last = if link.lines.is_empty() { end } else { branch.now() };
        let at = link.at.map_or(last, SimTime::from_nanos);
        // What was typed stands in the terminals, if it wasn't typed later.
        let mut prints = branch.timeline.present_mut().take_prints();
        if is_start || at < branch.now() {
            prints.clear();
        }
        if is_start {
            branch.rewind();
        } else {
            branch.go(at, true);
            prints.extend(branch.timeline.present_mut().take_prints());
        }
        if link.lines.is_empty() {
            prints.clear();
        }
        let mut sandbox = Sandbox::over(branch, Link { version: crate::link::VERSION, ..link.clone() }, lesson, told);
        sandbox.prints = prints;
        Ok(sandbox)
    }

    /// What was opened.
    pub fn opened(&mut self) -> Opened {
        let Told { name, description, story, verdicts } = self.told.clone();
        Opened { name, description, seed: self.cluster().seed(), story, verdicts, update: self.whole() }
    }
}

/// Plays a scenario through, and looks at its start.
fn played(scenario: Option<Scenario>, link: &Link) -> Result<(Branch, Told), Problem> {
    let Some(mut scenario) = scenario else {
        let config = Config { seed: link.seed.unwrap_or(Config::default().seed), ..Config::default() };
        let start = Cluster::new(config);
        return Ok((Branch::played(Timeline::new(Scene::of(start.clone())), start), Told::default()));
    };
    for (path, text) in &link.files {
        scenario.files.entry(path.clone()).or_insert_with(|| text.clone());
    }
    let run = scenario.run_with_checkpoints(link.seed.unwrap_or(scenario.seed)).map_err(problem)?;
    let record: Record<Scene> = run.record.within(Scene::of, Deed::Scenario);
    Ok((Branch::played(Timeline::of(record), run.cluster), told(run.report)))
}

fn told(report: Report) -> Told {
    let story = report.story.into_iter().map(|line| StoryLine { at: line.at.as_nanos(), tone: word(line.tone), text: line.text });
    let verdicts = report.verdicts.into_iter().map(|verdict| Verdict { that: verdict.that, holds: verdict.holds, found: verdict.found });
    Told { name: report.name, description: report.description, story: story.collect(), verdicts: verdicts.collect() }
}

/// A tone's word, as reports have it.
fn word(tone: Tone) -> String {
    serde_json::to_value(tone).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A scenario's error in the page's shape. One of a run has its place in the file's name: `scenario.yaml:12:3`.
fn problem(error: scenario::Error) -> Problem {
    let number = |place: Option<&str>| place.and_then(|place| place.parse().ok());
    let mut parts = error.file.splitn(3, ':');
    let file = parts.next().unwrap_or_default().to_owned();
    let (line, column) = (number(parts.next()), number(parts.next()));
    let given = |given: usize, place: Option<u32>| if given > 0 { u32::try_from(given).unwrap_or(0) } else { place.unwrap_or(0) };
    Problem { line: given(error.line, line), column: given(error.column, column), message: error.message, help: error.help, file }
}

/// What is wrong with a scenario file; nothing if it can be played.
pub fn check_scenario(text: &str) -> Vec<Diagnostic> {
    diagnosed(Scenario::parse(text, SCENARIO).err())
}

/// What is wrong with a lesson's file.
pub fn check_lesson(text: &str) -> Vec<Diagnostic> {
    diagnosed(Lesson::parse(text, LESSON).err())
}

/// A lesson as the page shows it. `file` is its file's name, which gives it its own name and its place.
///
/// # Errors
/// The text isn't one.
pub fn read_lesson(text: &str, file: &str) -> Result<crate::frame::lesson::Lesson, Problem> {
    Lesson::parse(text, file).map(|lesson| lesson.frame()).map_err(problem)
}

/// What is wrong with a lesson when it is played: its solution must reach its goals, its start must not. Empty: it is proved.
///
/// # Errors
/// The text isn't one.
pub fn prove_lesson(text: &str, file: &str) -> Result<Vec<String>, Problem> {
    Lesson::parse(text, file).map(|lesson| prove(&lesson).problems).map_err(problem)
}

fn diagnosed(error: Option<scenario::Error>) -> Vec<Diagnostic> {
    let told =
        error.map(problem).map(|Problem { message, help, line, column, .. }| Diagnostic { line, column, warning: false, message, help });
    told.into_iter().collect()
}

/// How far behind the scenario's end, and behind each other, moments in a link may lie.
const REACH: SimDuration = SimDuration::from_secs(24 * 3600);

/// Whoever made a link by hand, or damaged it, shall not have the model play years.
fn within_reach(link: &Link, end: SimTime) -> Result<(), Problem> {
    let mut latest = end;
    for at in link.lines.iter().map(|typed| typed.at).chain(link.at).map(SimTime::from_nanos) {
        if at > latest + REACH {
            return Err(Problem {
                message: format!("this link leads to {at}, more than a day after all that it does"),
                help: "its moments are nanoseconds since the start of the run".to_owned(),
                ..Problem::default()
            });
        }
        latest = latest.max(at);
    }
    Ok(())
}
