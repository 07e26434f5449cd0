//! `podarium run`: plays scenarios and tells what became of them.

use super::Problem;
use super::files::{self, Source};
use super::link::Playground;
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
    /// Give a link into the playground for each run; else only for those that fail.
    #[arg(long, conflicts_with = "json")]
    link: bool,
    #[command(flatten)]
    playground: Playground,
}

pub(crate) fn main(args: &Args) -> Result<bool, Problem> {
    let files = files::scenarios(&args.files)?;
    // All are read before any is run: a slip in the last file should not cost the time of the others.
    let sources = files.iter().map(|file| files::source(file)).collect::<Result<Vec<_>, _>>()?;
    let several = sources.len() > 1;
    let (mut held, mut problems) = (0, Vec::new());
    for source in &sources {
        let scenario = &source.scenario;
        let mut spinner = Spinner::new(&scenario.name, scenario.steps.len());
        let run = scenario.run_observed(args.seed.unwrap_or(scenario.seed), None, &mut |progress| spinner.show(progress));
        spinner.clear();
        match run {
            Ok(run) => {
                held += usize::from(run.report.holds);
                show(args, several, source, &run.report);
            }
            // The other scenarios still run: one bad file should not hide what the rest has to say.
            Err(error) => problems.push(error.to_string()),
        }
    }
    if several && !args.json {
        anstream::println!("\n{held} of {} scenarios hold", sources.len());
    }
    if problems.is_empty() { Ok(held == sources.len()) } else { Err(problems.join("\n\nerror: ")) }
}

fn show(args: &Args, several: bool, source: &Source, report: &Report) {
    let link = source.link(report.seed, report.end).map(|fragment| args.playground.link(&fragment));
    if args.json {
        let mut tree = serde_json::to_value(report).expect("a report is plain data");
        tree["link"] = link.into();
        println!("{tree}");
        return;
    }
    if several && report.holds {
        anstream::println!("{}", render::story::line(&source.scenario.file, report));
    } else {
        anstream::print!("{}", render::story::report(report, !args.quiet));
    }
    if let Some(link) = link.filter(|_| args.link || !report.holds) {
        anstream::println!("in the playground: {link}");
    }
}
