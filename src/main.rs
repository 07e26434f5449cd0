//! Podarium's command line: reads files, shows what the model says, and sets the exit code. It decides nothing about Kubernetes.

mod commands;
mod render;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A terrarium for Kubernetes: a whole cluster, simulated, in your terminal.
///
/// Podarium models etcd, the API server, the controllers, the scheduler and the kubelets of Kubernetes v1.36, event by event, in
/// virtual time. Nothing is installed and nothing is contacted: a rolling update that takes minutes on a cluster takes milliseconds
/// here, and the same seed gives the same run, bit for bit.
#[derive(Parser)]
#[command(name = "podarium", version, after_help = AFTER_HELP, disable_help_subcommand = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
First steps:
  podarium run scenarios/rolling-update.yaml            a rolling update, told as a story
  podarium repl                                         a cluster of three nodes to play with
  podarium why scenarios/node-failure.yaml node/node-2  what led to a change

Exit codes: 0 all expectations hold, 1 one failed, 2 the input is bad.";

#[derive(Subcommand)]
enum Command {
    /// Run scenario files and check what they expect.
    Run(commands::run::Args),
    /// Open a shell over a simulated cluster: kubectl commands, and words that move time.
    Repl(commands::repl::Args),
    /// Run a scenario and tell why an object is as it is.
    Why(commands::why::Args),
    /// Run a scenario and follow a packet, hop by hop.
    Trace(commands::trace::Args),
    /// Run a scenario and print a node's rules or routes.
    Rules(commands::rules::Args),
    /// Make a link of a scenario: it opens in the playground, in a browser.
    Link(commands::link::Args),
    /// Prove lessons: their solutions reach their goals, and nothing else does.
    Lesson(commands::lesson::Args),
    /// Measure how fast the simulator is.
    Bench(commands::bench::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => commands::run::main(&args),
        Command::Repl(args) => commands::repl::main(&args),
        Command::Why(args) => commands::why::main(&args),
        Command::Trace(args) => commands::trace::main(&args),
        Command::Rules(args) => commands::rules::main(&args),
        Command::Link(args) => commands::link::main(&args),
        Command::Lesson(args) => commands::lesson::main(&args),
        Command::Bench(args) => commands::bench::main(&args),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(problem) => {
            anstream::eprintln!("{}error{}: {problem}", render::style::FAILS.render(), render::style::FAILS.render_reset());
            ExitCode::from(2)
        }
    }
}
