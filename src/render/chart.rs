//! The lives of pods as bars over time, below the sizes of the ReplicaSets that made them. Idle stretches are left out.

use super::style;
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::scenario::{Lane, LaneState, Report, Sizes};

/// With more pods than this only the ReplicaSets are drawn.
const PODS_MAX: usize = 40;
/// Nothing is left out that lasts no longer than this.
const IDLE_MIN: SimDuration = SimDuration::from_secs(15);
/// What stands in for a stretch that was left out.
const BREAK: char = '┊';

/// One column of the chart: a moment, or a break.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Column {
    At(SimTime),
    Break,
}

/// How wide the chart may be: the terminal's width, or a hundred columns in a pipe.
pub(crate) fn width() -> usize {
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.unwrap_or(100).clamp(60, 200)
}

/// Draws the chart; nothing if there were no pods.
pub(crate) fn draw(report: &Report, width: usize) -> String {
    if report.lanes.is_empty() {
        return String::new();
    }
    let label = report.lanes.iter().map(|lane| lane.name.len()).chain(report.sizes.iter().map(|row| row.name.len())).max().unwrap_or(0) + 2;
    let columns = columns(report, width.saturating_sub(label + 2).max(20));
    let mut text = format!("\n{}\n", heading(label, &columns));
    let orphan = [String::new()];
    let owners = report.sizes.iter().map(|row| &row.name).chain(&orphan);
    for owner in owners {
        if let Some(row) = report.sizes.iter().find(|row| row.name == *owner) {
            text.push_str(&format!("{:<label$}{}\n", row.name, sizes(row, &columns)));
        }
        if report.lanes.len() <= PODS_MAX {
            for lane in report.lanes.iter().filter(|lane| lane.owner == *owner) {
                text.push_str(&format!(
                    "{:<label$}{}\n",
                    format!("  {}", lane.name.trim_start_matches(owner.as_str()).trim_start_matches('-')),
                    bar(lane, &columns)
                ));
            }
        }
    }
    if report.lanes.len() <= PODS_MAX {
        let states = [LaneState::Pending, LaneState::Starting, LaneState::Ready, LaneState::Failing, LaneState::Terminating];
        let legend: Vec<String> =
            states.map(|state| format!("{} {}", style::paint(style::of_state(state), &mark(state).to_string()), word(state))).to_vec();
        text.push_str(&format!("{:<label$}{}\n", "", legend.join("  ")));
    }
    text
}

/// The moments that the columns show: time runs evenly, but stretches in which nothing changes are left out.
fn columns(report: &Report, width: usize) -> Vec<Column> {
    let mut times: Vec<SimTime> = report.lanes.iter().flat_map(|lane| lane.spans.iter().map(|span| span.from)).collect();
    times.extend(report.sizes.iter().flat_map(|row| row.steps.iter().map(|step| step.at)));
    times.sort_unstable();
    times.dedup();
    let margin = SimDuration::from_secs(1);
    let mut stretches: Vec<(SimTime, SimTime)> = Vec::new();
    for at in times {
        match stretches.last_mut() {
            Some((_, end)) if at.since(*end) <= IDLE_MIN => *end = at,
            _ => stretches.push((at, at)),
        }
    }
    for (_, end) in &mut stretches {
        *end += margin;
    }
    let room = width.saturating_sub(stretches.len() - 1).max(stretches.len());
    let total: u64 = stretches.iter().map(|(from, to)| to.since(*from).as_nanos()).sum();
    let mut columns = Vec::new();
    for (number, (from, to)) in stretches.iter().enumerate() {
        if number > 0 {
            columns.push(Column::Break);
        }
        let length = to.since(*from).as_nanos();
        let share = ((u128::from(length) * room as u128 / u128::from(total.max(1))) as u64).max(1);
        // A column shows the end of its slice, so that the last shows how things were left.
        columns.extend((1..=share).map(|n| Column::At(*from + SimDuration::from_nanos(length * n / share))));
    }
    columns
}

/// The times of the first columns of each stretch, where there is room for them.
fn heading(label: usize, columns: &[Column]) -> String {
    let mut line = " ".repeat(label);
    let mut begins = true;
    let mut free = label;
    for (number, column) in columns.iter().enumerate() {
        match column {
            Column::Break => begins = true,
            Column::At(at) => {
                if (begins || number % 20 == 0) && label + number >= free {
                    let tenths = at.as_nanos() / 100_000_000;
                    let text = format!("{}.{}s", tenths / 10, tenths % 10);
                    line.push_str(&" ".repeat(label + number - line.chars().count()));
                    line.push_str(&text);
                    free = line.chars().count() + 2;
                }
                begins = false;
            }
        }
    }
    style::paint(style::QUIET, &line)
}

fn bar(lane: &Lane, columns: &[Column]) -> String {
    let mut text = String::new();
    let mut run: Option<(LaneState, String)> = None;
    for column in columns {
        let (state, symbol) = match column {
            Column::Break => (run.as_ref().map_or(LaneState::Gone, |(state, _)| *state), BREAK),
            Column::At(at) => {
                let state = lane.spans.iter().rev().find(|span| span.from <= *at).map_or(LaneState::Gone, |span| span.state);
                (state, mark(state))
            }
        };
        match &mut run {
            Some((same, symbols)) if *same == state => symbols.push(symbol),
            _ => {
                if let Some((state, symbols)) = run.replace((state, symbol.to_string())) {
                    text.push_str(&style::paint(style::of_state(state), &symbols));
                }
            }
        }
    }
    if let Some((state, symbols)) = run {
        text.push_str(&style::paint(style::of_state(state), symbols.trim_end()));
    }
    text
}

/// The sizes of a ReplicaSet, written where they change.
fn sizes(row: &Sizes, columns: &[Column]) -> String {
    let mut line = String::new();
    let mut shown: Option<i32> = None;
    let mut width = 0;
    for (number, column) in columns.iter().enumerate() {
        let Column::At(at) = column else { continue };
        let size = row.steps.iter().rev().find(|step| step.at <= *at).and_then(|step| step.size);
        if size != shown && width <= number {
            line.push_str(&" ".repeat(number - width));
            let text = size.map_or_else(|| "gone".to_owned(), |size| size.to_string());
            line.push_str(&text);
            width = number + text.len() + 1;
            line.push(' ');
            shown = size;
        }
    }
    style::paint(style::COMMAND, line.trim_end())
}

const fn mark(state: LaneState) -> char {
    match state {
        LaneState::Pending => '·',
        LaneState::Starting => '▒',
        LaneState::Ready => '█',
        LaneState::Failing => '!',
        LaneState::Terminating => '░',
        LaneState::Ended => '─',
        LaneState::Gone => ' ',
    }
}

const fn word(state: LaneState) -> &'static str {
    match state {
        LaneState::Pending => "pending",
        LaneState::Starting => "starting",
        LaneState::Ready => "ready",
        LaneState::Failing => "failing",
        LaneState::Terminating => "terminating",
        LaneState::Ended => "ended",
        LaneState::Gone => "gone",
    }
}
