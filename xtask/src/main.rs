//! The project's own commands, as `cargo xtask COMMAND`: everything that CI does can be run with them by hand.

mod bench;
mod bless;
mod book;
mod check;
mod command;
mod debian;
mod lab;
mod oracle;
mod test;
mod tidy;
mod wasm;
mod web;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use wasm::Quality;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's own commands", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that must hold before a change lands: format, lints, WASM, docs, tidy, tests
    Check {
        /// Leave the tests out (to run `cargo xtask test` by itself)
        #[arg(long)]
        without_test: bool,
    },
    /// Every test: the workspace's, every scenario, and the same runs in WASM under Node
    Test,
    /// The rules that no compiler knows: who may use whom, file sizes, forbidden words, …
    Tidy,
    /// Build the WASM module, for Node (target/wasm-node) and for the browser (target/wasm-web)
    Wasm {
        /// Quickly: not optimized, not split
        #[arg(long)]
        dev: bool,
    },
    /// The site: the playground and the book, in one folder for static hosting (target/site)
    Web {
        /// With the module as it is served: optimized and split, which takes minutes
        #[arg(long)]
        release: bool,
    },
    /// Install what tests/lab needs to hold the model's network against this machine's kernel
    Lab,
    /// Rewrite recorded output (transcripts) to what the program prints now; read the diff before you commit it
    Bless {
        /// Only the tests whose name contains this
        filter: Option<String>,
    },
    /// The benches: criterion's, natively (arguments go to `cargo bench`), or the WASM module's under Node
    Bench {
        /// The module's: opening, rolling out, seeking, ticking
        #[arg(long)]
        wasm: bool,
        /// As for `cargo bench`, such as `--bench kernel`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// How far Podarium agrees with recordings of a real control plane: one line `NAME passed/total` per file
    Oracle {
        /// A folder with vectors/, traces/ and api/
        #[arg(default_value = "tests/oracle")]
        dir: PathBuf,
        /// Also update the score in docs/FIDELITY.md
        #[arg(long)]
        write: bool,
        /// Also print the first difference of each file
        #[arg(long)]
        misses: bool,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Check { without_test } => check::check(!without_test),
        Task::Test => test::test(),
        Task::Tidy => tidy::run(),
        Task::Wasm { dev } => wasm::run(if dev { Quality::Dev } else { Quality::Release }),
        Task::Web { release } => web::build(if release { Quality::Release } else { Quality::Dev }),
        Task::Lab => lab::install(),
        Task::Bless { filter } => bless::bless(filter.as_deref()),
        Task::Bench { wasm: true, arguments } => bench::wasm(&arguments),
        Task::Bench { wasm: false, arguments } => bench::bench(&arguments),
        Task::Oracle { dir, write, misses } => oracle::oracle(&dir, write, misses),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}
