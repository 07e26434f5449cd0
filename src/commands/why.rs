//! `podarium why`: plays a scenario and tells the causes of an object's last change.

use super::{Problem, files};
use sim_core::explain;
use sim_core::kernel::time::{SimDuration, SimTime};
use std::path::PathBuf;

/// Every change in the cluster has a cause, and the chain of causes ends with something that somebody did. This prints it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The scenario.
    file: PathBuf,
    /// The object, as TYPE/NAME: pod/web-777dbfcf45-x2x4z, rs/web-777dbfcf45, node/node-2. It may be gone already.
    object: String,
    /// The object's namespace.
    #[arg(long, short, default_value = "default")]
    namespace: String,
    /// Stop at this moment of the run, such as 30s or 2m. The end if not given.
    #[arg(long, value_parser = SimDuration::parse)]
    at: Option<SimDuration>,
    /// Tell the whole chain, however long.
    #[arg(long)]
    all: bool,
    /// The seed of the run. The scenario's own if not given.
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) fn main(args: &Args) -> Result<bool, Problem> {
    let scenario = files::scenario(&args.file)?;
    let until = args.at.map(|at| SimTime::ZERO + at);
    let run = scenario.run_observed(args.seed.unwrap_or(scenario.seed), until, &mut |_| {}).map_err(|error| error.to_string())?;
    let id = explain::target(&run.cluster, &args.namespace, &args.object)?;
    anstream::print!("{}", explain::told(&run.cluster, id, args.all));
    Ok(true)
}
