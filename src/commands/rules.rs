//! `podarium rules`: plays a scenario and prints what a node's agents have written into its kernel.

use super::{Problem, files};
use sim_core::cluster::network::Shown;
use sim_core::kernel::time::{SimDuration, SimTime};
use std::path::PathBuf;

/// The rules of a node as the tools of its kernel would print them: `iptables-save`, `nft list ruleset`, or `ipvsadm -Sn` with `ipset save`,
/// by the proxy's mode; or its routes, neighbours and interfaces.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The scenario.
    file: PathBuf,
    /// The node.
    node: String,
    /// What to print.
    #[arg(long, value_enum, default_value = "rules")]
    show: What,
    /// Stop at this moment of the run, such as 30s or 2m. The end if not given.
    #[arg(long, value_parser = SimDuration::parse)]
    at: Option<SimDuration>,
    /// The seed of the run. The scenario's own if not given.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    /// What kube-proxy wrote.
    Rules,
    /// Routes, as `ip route` prints them.
    Routes,
    /// Interfaces, as `ip address` prints them.
    Interfaces,
    /// Who is where on the overlay: `ip neigh` and `bridge fdb`.
    Neighbours,
    /// Which NetworkPolicies are enforced for the node's pods.
    Policies,
}

pub(crate) fn main(args: &Args) -> Result<bool, Problem> {
    let scenario = files::scenario(&args.file)?;
    let until = args.at.map(|at| SimTime::ZERO + at);
    let run = scenario.run_observed(args.seed.unwrap_or(scenario.seed), until, &mut |_| {}).map_err(|error| error.to_string())?;
    let shown = match args.show {
        What::Rules => Shown::Rules,
        What::Routes => Shown::Routes,
        What::Interfaces => Shown::Interfaces,
        What::Neighbours => Shown::Neighbours,
        What::Policies => Shown::Policies,
    };
    anstream::print!("{}", run.cluster.kernel_of(&args.node, shown)?);
    Ok(true)
}
