//! What a run has to tell: a story of lines in time, and verdicts. For the terminal, and as data.

use crate::kernel::time::SimTime;
use serde::{Serialize, Serializer};
use std::fmt::Write as _;

/// What a line is about, for colours and filters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Tone {
    /// What the user typed.
    Command,
    /// What a command printed.
    Output,
    /// What a command complained about.
    Trouble,
    /// A fault.
    Fault,
    /// A Deployment or a ReplicaSet changed its size or its state.
    Workload,
    /// A pod went on.
    Pod,
    /// A pod became ready.
    Ready,
    /// A pod is leaving.
    Leaving,
    /// An event of type Normal.
    Event,
    /// An event of type Warning.
    Warning,
    /// A node changed.
    Node,
    /// The scenario itself speaks: waits, checks.
    Note,
    /// Something that was expected holds.
    Holds,
    /// It doesn't.
    Fails,
}

/// One line of the story.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Line {
    /// When, in seconds since the start.
    #[serde(serialize_with = "seconds")]
    pub at: SimTime,
    /// What it is about.
    pub tone: Tone,
    /// What it says; outputs may have several lines.
    pub text: String,
}

/// What became of an expectation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// When it was decided.
    #[serde(serialize_with = "seconds")]
    pub at: SimTime,
    /// What was expected.
    pub that: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was found.
    pub found: String,
    /// Where it stands: `scenario.yaml:12:3`.
    pub place: String,
}

/// The report of a run.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub name: String,
    /// What it shows.
    pub description: String,
    /// The seed.
    pub seed: u64,
    /// How far virtual time came, in seconds.
    #[serde(serialize_with = "seconds")]
    pub end: SimTime,
    /// How many events were handled.
    pub events: u64,
    /// Equal for equal runs.
    pub fingerprint: String,
    /// Whether all that was expected holds.
    pub holds: bool,
    /// The story.
    pub story: Vec<Line>,
    /// How many lines of the story were left out because there were too many.
    pub left_out: u64,
    /// What was expected, and what became of it.
    pub verdicts: Vec<Verdict>,
}

fn seconds<S: Serializer>(at: &SimTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(at.as_nanos() as f64 / 1e9)
}

impl Report {
    /// As text without colours.
    pub fn plain(&self) -> String {
        self.render(&|_, text| text.to_owned())
    }

    /// As text. `paint` may colour a piece of it.
    pub fn render(&self, paint: &dyn Fn(Tone, &str) -> String) -> String {
        let mut out = format!("{}\n", paint(Tone::Command, &self.name));
        for line in self.description.trim().lines() {
            let _ = writeln!(out, "{line}");
        }
        out.push('\n');
        for line in &self.story {
            line.render(paint, &mut out);
        }
        if self.left_out > 0 {
            let _ = writeln!(out, "{:>10}  … {} more lines are left out", "", self.left_out);
        }
        if !self.verdicts.is_empty() {
            out.push('\n');
        }
        for verdict in &self.verdicts {
            let (tone, mark) = if verdict.holds { (Tone::Holds, "holds") } else { (Tone::Fails, "FAILS") };
            let _ = writeln!(out, "{}  {}  ({})", paint(tone, mark), verdict.that, verdict.found);
            if !verdict.holds {
                let _ = writeln!(out, "         at {}, {}", verdict.at, verdict.place);
            }
        }
        let held = self.verdicts.iter().filter(|verdict| verdict.holds).count();
        let tone = if self.holds { Tone::Holds } else { Tone::Fails };
        let summary = format!("{held} of {} expectations hold", self.verdicts.len());
        let _ = writeln!(
            out,
            "\n{}; {} of virtual time, {} events, seed {}, fingerprint {}",
            paint(tone, &summary),
            self.end,
            self.events,
            self.seed,
            self.fingerprint
        );
        out
    }
}

impl Line {
    /// Appends the line, the time in front.
    pub fn render(&self, paint: &dyn Fn(Tone, &str) -> String, out: &mut String) {
        match self.tone {
            Tone::Output | Tone::Trouble => {
                for line in self.text.lines() {
                    let _ = writeln!(out, "{:>10}  {}", "", paint(self.tone, line));
                }
            }
            tone => {
                let _ = writeln!(out, "{:>10}  {}", self.at.to_string(), paint(tone, &self.text));
            }
        }
    }
}
