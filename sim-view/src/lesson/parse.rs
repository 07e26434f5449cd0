//! Reads a lesson's file. Unknown fields, missing translations and the like are refused, every message has a place.

use super::{Goal, Lesson, Typed, What};
use crate::frame::lesson::Both;
use serde::Deserialize;
use serde::de::IgnoredAny;
use sim_core::api::yaml::typed::{self, Place, Placed};
use sim_core::scenario::{Condition, Error, Scenario};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: Placed<Both>,
    summary: Placed<Both>,
    part: Placed<u32>,
    minutes: Placed<u32>,
    text: Placed<Both>,
    start: Placed<StartFields>,
    goals: Placed<Vec<Placed<GoalFields>>>,
    hints: Placed<Vec<Placed<Both>>>,
    solution: Placed<Vec<Placed<String>>>,
    #[serde(default)]
    edits: Option<Placed<BTreeMap<String, String>>>,
    par: Placed<u32>,
}

/// Which of a scenario's fields a start may have. What they say is read by the scenario's own reader.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only the names count")]
struct StartFields {
    #[serde(default)]
    seed: Option<IgnoredAny>,
    #[serde(default)]
    cluster: Option<IgnoredAny>,
    #[serde(default)]
    files: Option<IgnoredAny>,
    #[serde(default)]
    steps: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoalFields {
    that: Option<Condition>,
    once: Option<Condition>,
    typed: Option<String>,
    say: Placed<Both>,
}

/// The parts of the introduction that the lessons follow.
const PARTS: u32 = 9;
/// A lesson that takes longer is two.
const MINUTES_MAX: u32 = 30;

impl Lesson {
    /// Reads a lesson. `file` is its path, for messages; its name and place are taken from it: `04-scaling.yaml`.
    ///
    /// # Errors
    /// The text is no YAML, or says something that a lesson can't; with the place.
    pub fn parse(text: &str, file: &str) -> Result<Lesson, Error> {
        let fields: File = typed::from_str(text).map_err(|error| Error::from_yaml(file, text, &error))?;
        let reader = Reader { text, file };
        reader.within(&fields.part, 1..=PARTS, "part")?;
        reader.within(&fields.minutes, 1..=MINUTES_MAX, "minutes")?;
        reader.within(&fields.par, 0..=100, "par")?;
        reader.some(&fields.goals, "goals")?;
        reader.some(&fields.hints, "hints")?;
        reader.some(&fields.solution, "solution")?;
        let (start, start_yaml) = reader.start(&fields.start)?;
        let (edited, edits) = fields.edits.map_or_else(Default::default, |edits| (Some(edits.place), edits.value));
        if let (Some(at), Some(file)) = (edited, edits.keys().find(|file| !start.files.contains_key(*file))) {
            return Err(reader.error(at, format!("the solution edits {file:?}, which isn't among the files of `start`")));
        }
        if let Some(empty) = fields.solution.value.iter().find(|line| line.value.trim().is_empty()) {
            return Err(reader.error(empty.place, "an empty line"));
        }
        let goals = fields.goals.value.into_iter().map(|goal| reader.goal(goal)).collect::<Result<_, _>>()?;
        let hints = fields.hints.value.iter().map(|hint| reader.both(hint)).collect::<Result<_, _>>()?;
        let (order, name) = order_and_name(file);
        Ok(Lesson {
            file: file.to_owned(),
            name,
            order,
            part: fields.part.value,
            minutes: fields.minutes.value,
            title: reader.both(&fields.title)?,
            summary: reader.both(&fields.summary)?,
            text: reader.both(&fields.text).map(|text| Both { zh: super::text::joined(&text.zh), ..text })?,
            start,
            start_yaml,
            goals,
            hints,
            solution: fields.solution.value.into_iter().map(|line| line.value.trim().to_owned()).collect(),
            edits,
            par: fields.par.value,
        })
    }
}

/// The text and its name, to say where something is wrong.
struct Reader<'a> {
    text: &'a str,
    file: &'a str,
}

impl Reader<'_> {
    fn error(&self, at: Place, message: impl Into<String>) -> Error {
        Error::at(self.file, self.text, at, message)
    }

    fn within(&self, number: &Placed<u32>, range: std::ops::RangeInclusive<u32>, field: &str) -> Result<(), Error> {
        if range.contains(&number.value) {
            return Ok(());
        }
        Err(self.error(number.place, format!("`{field}` is a number from {} to {}", range.start(), range.end())))
    }

    fn some<T>(&self, list: &Placed<Vec<T>>, field: &str) -> Result<(), Error> {
        if list.value.is_empty() { Err(self.error(list.place, format!("`{field}` has at least one entry"))) } else { Ok(()) }
    }

    /// A text that is there in both languages. One that has no Chinese character wasn't translated.
    fn both(&self, both: &Placed<Both>) -> Result<Both, Error> {
        let Both { en, zh } = &both.value;
        let is_chinese = |text: &str| text.contains(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
        let problem = match () {
            () if en.trim().is_empty() => "the English text is empty",
            () if zh.trim().is_empty() => "the Chinese text is empty",
            () if !is_chinese(zh) => "the text in `zh` isn't Chinese",
            () if is_chinese(en) => "the text in `en` isn't English",
            () => return Ok(Both { en: en.trim_end().to_owned(), zh: zh.trim_end().to_owned() }),
        };
        Err(self.error(both.place, problem))
    }

    fn goal(&self, goal: Placed<GoalFields>) -> Result<Goal, Error> {
        let at = goal.place;
        let say = self.both(&goal.value.say)?;
        let what = match goal.value {
            GoalFields { that: Some(condition), once: None, typed: None, .. } => What::That(condition),
            GoalFields { that: None, once: Some(condition), typed: None, .. } => What::Once(condition),
            GoalFields { that: None, once: None, typed: Some(words), .. } => {
                What::Typed(Typed::parse(&words).map_err(|message| self.error(at, message))?)
            }
            _ => {
                let help = "`that: CONDITION` holds at the end, `once: CONDITION` held at a moment, `typed: WORDS` were typed";
                return Err(self.error(at, "a goal has one of `that`, `once` and `typed`").help(help));
            }
        };
        Ok(Goal { what, say })
    }

    /// The scenario under `start:`. Its own reader gets the lines where they stand, all others empty: so its messages point into this file.
    fn start(&self, start: &Placed<StartFields>) -> Result<(Scenario, String), Error> {
        let lines: Vec<&str> = self.text.lines().collect();
        let head = lines.iter().position(|line| line.strip_prefix("start:").is_some_and(is_blank));
        let Some(head) = head else {
            return Err(self.error(start.place, "`start` stands alone on its line, its fields below it"));
        };
        let ends = |line: &&str| !(is_blank(line) || line.starts_with(' '));
        let end = lines[head + 1..].iter().position(ends).map_or(lines.len(), |length| head + 1 + length);
        let mut block = lines[head + 1..end].join("\n");
        let indent = lines[head + 1..end].iter().find(|line| !is_blank(line)).map_or(0, |line| line.len() - line.trim_start().len());
        if start.value.steps.is_none() {
            block.push_str(&format!("\n{:indent$}steps: []", ""));
        }
        let scenario = Scenario::parse(&format!("{}{block}\n", "\n".repeat(head + 1)), self.file)?;
        if let Some(missing) = scenario.files_needed().first() {
            return Err(self.error(start.place, format!("the file {missing:?}, which a step reads, isn't among `files`")));
        }
        let own: String = block.lines().map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect();
        Ok((scenario, own))
    }
}

/// Whether a line says nothing to a reader of YAML.
fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// `scenarios/lessons/04-scaling.yaml` is the fourth, named `scaling`.
fn order_and_name(file: &str) -> (u32, String) {
    let stem = file.rsplit(['/', '\\']).next().unwrap_or(file).trim_end_matches(".yaml").trim_end_matches(".yml");
    match stem.split_once('-').and_then(|(number, name)| Some((number.parse().ok()?, name))) {
        Some((order, name)) => (order, name.to_owned()),
        None => (0, stem.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LESSON: &str = "\
title: {en: One, zh: 一}
summary: {en: One., zh: 一。}
part: 3
minutes: 5
text:
  en: |
    Look.
  zh: |
    看。
start:
  # Small.
  cluster: {nodes: 1}
  files:
    web.yaml: |
      a: 1

  steps:
  - wait: 1s
goals:
- that: pods ready
  say: {en: Ready, zh: 就绪}
hints:
- {en: Try., zh: 试试。}
solution:
- kubectl run web --image=nginx
par: 1
";

    #[track_caller]
    fn check(from: &str, to: &str, message: &str, place: &str) {
        assert!(LESSON.contains(from), "{from:?} isn't in the text");
        let error = Lesson::parse(&LESSON.replacen(from, to, 1), "04-one.yaml").expect_err(message);
        let told = error.to_string();
        assert!(told.contains(message), "{told}");
        assert!(told.contains(&format!("04-one.yaml:{place}")), "{told}");
    }

    #[test]
    fn a_lesson_is_read() {
        let lesson = Lesson::parse(LESSON, "scenarios/lessons/04-one.yaml").expect("it is well written");
        assert_eq!((lesson.order, lesson.name.as_str(), lesson.part), (4, "one", 3));
        assert_eq!(lesson.start.config.nodes.len(), 1);
        assert_eq!(lesson.start.steps[0].place, "scenarios/lessons/04-one.yaml:18:5");
        assert_eq!(lesson.start_yaml, "# Small.\ncluster: {nodes: 1}\nfiles:\n  web.yaml: |\n    a: 1\n\nsteps:\n- wait: 1s\n");
        assert_eq!(lesson.frame().goals[0].that, "pods ready");
    }

    #[test]
    fn a_start_may_have_no_steps() {
        let lesson = Lesson::parse(&LESSON.replace("  steps:\n  - wait: 1s\n", ""), "one.yaml").expect("it is well written");
        assert!(lesson.start.steps.is_empty());
        assert_eq!((lesson.order, lesson.name.as_str()), (0, "one"));
        assert!(Scenario::parse(&lesson.start_yaml, "one.yaml").is_ok(), "{}", lesson.start_yaml);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        check("minutes: 5", "minuets: 5", "did you mean `minutes`?", "4:1");
        check(", zh: 一}", "}", "the field `zh` is missing", "1:");
        check("zh: 一。", "zh: One.", "isn't Chinese", "2:10");
        check("zh: 一。", "zh: ''", "the Chinese text is empty", "2:10");
        check("part: 3", "part: 10", "from 1 to 9", "3:7");
        check("par: 1", "par: 101", "from 0 to 100", "26:6");
        check("- that: pods ready", "- that: pods redy", "expected a comparison", "20:");
        check("- that: pods ready", "- that: pods ready\n  once: pods ready", "one of `that`, `once` and `typed`", "20:");
        check("- that: pods ready\n", "- typed: kubectl\n", "the words of a command", "20:");
        check("hints:\n- {en: Try., zh: 试试。}", "hints: []", "at least one", "22:8");
        check("par: 1", "edits: {wbe.yaml: 'a: 2'}\npar: 1", "isn't among the files", "26:8");
        check("  - wait: 1s", "  - wiat: 1s", "did you mean `wait`?", "18:5");
        check("{nodes: 1}", "{nodes: -1}", "there can't be -1 nodes", "12:");
        check("  steps:", "  expect: []\n  steps:", "unknown field `expect`", "17:3");
        check("  - wait: 1s", "  - kubectl: apply -f wbe.yaml", "the file \"wbe.yaml\"", "12:3");
        check("start:\n", "start: &start\n", "stands alone on its line", "12:");
    }
}
