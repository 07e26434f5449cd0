//! What a run has to tell: a story of lines in time, and verdicts. For the terminal, and as data.

use crate::kernel::time::SimTime;
use crate::net::traffic;
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

/// What a pod is doing, as a chart shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LaneState {
    /// It has no node yet.
    Pending,
    /// On its node, not ready.
    Starting,
    /// It gets traffic.
    Ready,
    /// Something is wrong with it.
    Failing,
    /// It is being deleted.
    Terminating,
    /// Its containers have ended well.
    Ended,
    /// It doesn't exist any more.
    Gone,
}

/// From when on a pod was in a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Span {
    /// In seconds since the start.
    #[serde(serialize_with = "seconds")]
    pub from: SimTime,
    /// The state, until the next span begins.
    pub state: LaneState,
}

/// The life of a pod.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Lane {
    #[serde(skip)]
    pub(super) number: u32,
    /// The pod's name.
    pub name: String,
    /// The ReplicaSet that made it; empty if nobody did.
    pub owner: String,
    /// Its node; empty if it never had one.
    pub node: String,
    /// Its states in order.
    pub spans: Vec<Span>,
}

/// From when on a ReplicaSet wanted so many pods.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Step {
    /// In seconds since the start.
    #[serde(serialize_with = "seconds")]
    pub at: SimTime,
    /// How many; `None` once it is gone.
    pub size: Option<i32>,
}

/// The sizes that a ReplicaSet was given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sizes {
    #[serde(skip)]
    pub(super) number: u32,
    /// The ReplicaSet's name.
    pub name: String,
    /// In order.
    pub steps: Vec<Step>,
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
    /// The lives of the pods, up to a thousand, in the order of their creation.
    pub lanes: Vec<Lane>,
    /// The sizes of the ReplicaSets.
    pub sizes: Vec<Sizes>,
    /// What became of simulated requests, by client.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traffic: Vec<traffic::Report>,
}

fn seconds<S: Serializer>(at: &SimTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(at.as_nanos() as f64 / 1e9)
}

impl Report {
    /// As text without colours.
    pub fn plain(&self) -> String {
        let paint = |_: Tone, text: &str| text.to_owned();
        self.heading(&paint) + &self.told(&paint) + &self.judged(&paint)
    }

    /// The name and what it shows. `paint` may colour a piece of text.
    pub fn heading(&self, paint: Paint<'_>) -> String {
        let mut out = format!("{}\n", paint(Tone::Command, &self.name));
        for line in self.description.trim().lines() {
            let _ = writeln!(out, "{line}");
        }
        out
    }

    /// The story, line by line.
    pub fn told(&self, paint: Paint<'_>) -> String {
        let mut out = "\n".to_owned();
        for line in &self.story {
            line.render(paint, &mut out);
        }
        if self.left_out > 0 {
            let _ = writeln!(out, "{:>10}  … {} more lines are left out", "", self.left_out);
        }
        out
    }

    /// What became of simulated requests, the verdicts and the summary.
    pub fn judged(&self, paint: Paint<'_>) -> String {
        let mut out = "\n".to_owned();
        for client in &self.traffic {
            let table = client.table();
            let (heading, rest) = table.split_once('\n').unwrap_or((&table, ""));
            let _ = writeln!(out, "{}\n{rest}", paint(Tone::Command, heading));
        }
        for verdict in &self.verdicts {
            let (tone, mark) = if verdict.holds { (Tone::Holds, "holds") } else { (Tone::Fails, "FAILS") };
            let _ = writeln!(out, "{}  {}  ({})", paint(tone, mark), verdict.that, verdict.found);
            if !verdict.holds {
                let _ = writeln!(out, "       at {}, {}", verdict.at, verdict.place);
            }
        }
        let held = self.verdicts.iter().filter(|verdict| verdict.holds).count();
        let tone = if self.holds { Tone::Holds } else { Tone::Fails };
        let _ = writeln!(
            out,
            "{}; {} of virtual time, {} events, seed {}, fingerprint {}",
            paint(tone, &format!("{held} of {} expectations hold", self.verdicts.len())),
            self.end,
            self.events,
            self.seed,
            self.fingerprint
        );
        out
    }
}

/// Colours a piece of text by what it is about.
pub type Paint<'a> = &'a dyn Fn(Tone, &str) -> String;

impl Line {
    /// Appends the line, the time in front.
    pub fn render(&self, paint: Paint<'_>, out: &mut String) {
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
