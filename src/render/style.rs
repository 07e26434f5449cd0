//! Colours by meaning. The sixteen of the terminal, so that they follow its theme.

use anstyle::{AnsiColor, Style};
use sim_core::scenario::{LaneState, Tone};

const fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(anstyle::Color::Ansi(colour)))
}

pub(crate) const COMMAND: Style = Style::new().bold();
pub(crate) const HOLDS: Style = colour(AnsiColor::Green).bold();
pub(crate) const FAILS: Style = colour(AnsiColor::Red).bold();
pub(crate) const TROUBLE: Style = colour(AnsiColor::Red);
pub(crate) const QUIET: Style = colour(AnsiColor::BrightBlack);

/// The colour of a line of the story.
pub(crate) fn of(tone: Tone) -> Style {
    match tone {
        Tone::Command => COMMAND,
        Tone::Output => Style::new(),
        Tone::Trouble => TROUBLE,
        Tone::Fault => colour(AnsiColor::Magenta).bold(),
        Tone::Workload => colour(AnsiColor::Cyan),
        Tone::Pod | Tone::Event | Tone::Note => QUIET,
        Tone::Ready => colour(AnsiColor::Green),
        Tone::Leaving => colour(AnsiColor::Blue),
        Tone::Warning => colour(AnsiColor::Yellow),
        Tone::Node => colour(AnsiColor::Magenta),
        Tone::Holds => HOLDS,
        Tone::Fails => FAILS,
    }
}

/// The colour of a pod's state in the chart.
pub(crate) fn of_state(state: LaneState) -> Style {
    match state {
        LaneState::Pending | LaneState::Gone => QUIET,
        LaneState::Failing => colour(AnsiColor::Red),
        LaneState::Starting => colour(AnsiColor::Yellow),
        LaneState::Ready => colour(AnsiColor::Green),
        LaneState::Terminating => colour(AnsiColor::Blue),
        LaneState::Ended => colour(AnsiColor::Cyan),
    }
}

/// A piece of text in a style.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{}{text}{}", style.render(), style.render_reset())
}
