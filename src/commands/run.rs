//! `podarium run`: plays scenarios and tells what became of them.

use super::{Problem, files};
use crate::render::{self, progress::Spinner};
use sim_core::scenario::Report;
use std::path::PathBuf;

/// A scenario describes a cluster, what is done to it, and what must hold then. With one file the whole story is told; with several,
/// a line for each, and the story of those that fail.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Scenario files, or folders of them.
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// The seed of the run: names, UIDs, choices among equals. The scenario's own if not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Print each report as one line of JSON.
    #[arg(long)]
    json: bool,
    /// Print the verdicts without the story.
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
}

pub(crate) fn main(args: &Args) -> Result<bool, Problem> {
    let files = files::scenarios(&args.files)?;
    // All are read before any is run: a slip in the last file should not cost the time of the others.
    let scenarios = files.iter().map(|file| files::scenario(file)).collect::<Result<Vec<_>, _>>()?;
    let several = scenarios.len() > 1;
    let (mut held, mut problems) = (0, Vec::new());
    for scenario in &scenarios {
        let mut spinner = Spinner::new(&scenario.name, scenario.steps.len());
        let run = scenario.run_observed(args.seed.unwrap_or(scenario.seed), None, &mut |progress| spinner.show(progress));
        spinner.clear();
        match run {
            Ok(run) => {
                held += usize::from(run.report.holds);
                show(args, several, &scenario.file, &run.report);
            }
            // The other scenarios still run: one bad file should not hide what the rest has to say.
            Err(error) => problems.push(error.to_string()),
        }
    }
    if several && !args.json {
        anstream::println!("\n{held} of {} scenarios hold", scenarios.len());
    }
    if problems.is_empty() { Ok(held == scenarios.len()) } else { Err(problems.join("\n\nerror: ")) }
}

fn show(args: &Args, several: bool, file: &str, report: &Report) {
    if args.json {
        println!("{}", serde_json::to_string(report).expect("a report is plain data"));
    } else if several && report.holds {
        anstream::println!("{}", render::story::line(file, report));
    } else {
        anstream::print!("{}", render::story::report(report, !args.quiet));
    }
}
