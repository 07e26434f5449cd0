//! Reports as text: the story, the chart, the verdicts.

use super::{chart, style};
use sim_core::scenario::{Report, Tone};

/// The whole report; without the story if nobody wants it.
pub(crate) fn report(report: &Report, with_story: bool) -> String {
    let paint = |tone: Tone, text: &str| style::paint(style::of(tone), text);
    let mut text = report.heading(&paint);
    if with_story {
        text.push_str(&report.told(&paint));
        text.push_str(&chart::draw(report, chart::width()));
    }
    text.push_str(&report.judged(&paint));
    text
}

/// A report in a line.
pub(crate) fn line(file: &str, report: &Report) -> String {
    let held = report.verdicts.iter().filter(|verdict| verdict.holds).count();
    let mark = style::paint(style::of(Tone::Holds), "holds");
    format!("{mark}  {file}  {held} of {} expectations, {} of virtual time, {} events", report.verdicts.len(), report.end, report.events)
}
