//! `podarium link`: a scenario's run as a link into the playground.

use super::{Problem, files};
use sim_core::kernel::time::{SimDuration, SimTime};
use std::path::PathBuf;

/// The link holds the scenario, the files that it needs, the seed and the moment: whoever opens it in the playground can watch the run, go
/// back in it and act in its past. Nothing is uploaded; it all stands in the link.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The scenario.
    file: PathBuf,
    /// The moment to look at, such as 30s or 2m. The start if not given.
    #[arg(long, value_parser = SimDuration::parse, default_value = "0s")]
    at: SimDuration,
    /// The seed of the run. The scenario's own if not given.
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    playground: Playground,
}

/// Where the playground is.
#[derive(clap::Args)]
pub(crate) struct Playground {
    /// The address of a playground, such as `https://podarium.example/play/`. Without it, links begin with `#`: to be put behind one.
    #[arg(long, env = "PODARIUM_PLAYGROUND", value_name = "URL", default_value = "", hide_env_values = true)]
    playground: String,
}

impl Playground {
    /// The link of a run, whose fragment is given.
    pub(crate) fn link(&self, fragment: &str) -> String {
        // An address that has a fragment of its own was copied from a browser.
        let address = self.playground.split('#').next().unwrap_or_default();
        format!("{address}#{fragment}")
    }
}

pub(crate) fn main(args: &Args) -> Result<bool, Problem> {
    let source = files::source(&args.file)?;
    let fragment = source.link(args.seed.unwrap_or(source.scenario.seed), SimTime::ZERO + args.at);
    let fragment = fragment.ok_or_else(|| format!("the seed is too large for a link; the largest is {}", files::SEED_MAX))?;
    println!("{}", args.playground.link(&fragment));
    Ok(true)
}
