//! A line on standard error that shows how far a long run has come. Short runs show nothing.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sim_core::scenario::Progress;
use std::time::{Duration, Instant};

/// Runs shorter than this need no progress.
const PATIENCE: Duration = Duration::from_millis(500);

/// Shows the progress of a run once it has lasted for a while.
pub(crate) struct Spinner {
    started: Instant,
    name: String,
    steps: usize,
    bar: Option<ProgressBar>,
}

impl Spinner {
    /// Nothing is shown yet.
    pub(crate) fn new(name: &str, steps: usize) -> Self {
        Spinner { started: Instant::now(), name: name.to_owned(), steps, bar: None }
    }

    /// Shows how far the run has come.
    pub(crate) fn show(&mut self, progress: Progress) {
        if self.bar.is_none() && self.started.elapsed() >= PATIENCE {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is well formed");
            bar.set_style(style);
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            let Progress { steps, events, at } = progress;
            bar.set_message(format!("{}: step {} of {}, {at} of virtual time, {events} events", self.name, steps + 1, self.steps));
            bar.tick();
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
