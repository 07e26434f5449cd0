//! `podarium trace`: plays a scenario and follows one packet, hop by hop.

use super::{Problem, files};
use sim_core::kernel::time::{SimDuration, SimTime};
use std::path::PathBuf;

/// What a packet meets on its way, and why: interfaces, routes, every rule that matched, headers before and after; then the answer's way
/// back. What can't arrive says at which hop it fails, and why.
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The scenario.
    file: PathBuf,
    /// Who sends: pod/NAME, deployment/NAME (one of its pods), node/NAME, outside, or an address outside.
    from: String,
    /// To whom: svc/NAME:PORT, pod/NAME:PORT, node/NAME:PORT, an address, a name as DNS knows it, http://HOST/PATH
    /// through the ingress controller or the Gateway that takes the host; without a port, a ping.
    to: String,
    /// The namespace of names that give none.
    #[arg(long, short, default_value = "default")]
    namespace: String,
    /// Stop at this moment of the run, such as 30s or 2m. The end if not given.
    #[arg(long, value_parser = SimDuration::parse)]
    at: Option<SimDuration>,
    /// Print the walk as JSON.
    #[arg(long, conflicts_with = "dot")]
    json: bool,
    /// Print the walk as a graph in the DOT language, for Graphviz.
    #[arg(long)]
    dot: bool,
    /// The seed of the run. The scenario's own if not given.
    #[arg(long)]
    seed: Option<u64>,
}

const AFTER_HELP: &str = "\
Examples:
  podarium trace scenarios/services.yaml pod/client svc/web:80
  podarium trace scenarios/services.yaml outside node/node-2:30080
  podarium trace scenarios/ingress.yaml outside http://shop.example/cart
  podarium trace scenarios/services.yaml node/node-1 pod/web-0:80 --dot | dot -Tsvg > walk.svg";

pub(crate) fn main(args: &Args) -> Result<bool, Problem> {
    let scenario = files::scenario(&args.file)?;
    let until = args.at.map(|at| SimTime::ZERO + at);
    let run = scenario.run_observed(args.seed.unwrap_or(scenario.seed), until, &mut |_| {}).map_err(|error| error.to_string())?;
    let trace = run.cluster.trace_packet(&args.namespace, &args.from, &args.to)?;
    let text = match (args.json, args.dot) {
        (true, _) => format!("{}\n", trace.to_json()),
        (_, true) => trace.to_dot(),
        _ => trace.story(),
    };
    anstream::print!("{text}");
    Ok(trace.arrives())
}
