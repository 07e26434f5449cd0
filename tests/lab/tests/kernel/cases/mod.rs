//! All cases, and how they are run.

mod compare;
mod lab;
mod loads;
mod ways;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use podarium_lab::Outcome;
use podarium_lab::kernel::{Lack, Need, lack};
use podarium_lab::place::isolate;
use std::process::ExitCode;
use std::sync::Mutex;

/// One case.
struct Case {
    name: String,
    needs: Vec<Need>,
    check: Box<dyn FnOnce() -> Outcome + Send>,
}

impl Case {
    fn new(name: impl Into<String>, needs: &[Need], check: impl FnOnce() -> Outcome + Send + 'static) -> Case {
        Case { name: name.into(), needs: needs.to_vec(), check: Box::new(check) }
    }
}

/// What was skipped and why. The harness doesn't print that where it is to be quiet.
static SKIPPED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Most of a case's time is waiting.
const AT_ONCE: usize = 4;

/// Runs the cases that the command line asks for.
pub(crate) fn run() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let forbidden = if arguments.list { None } else { isolate().err().map(|error| error.to_string()) };
    let all = loads::cases().into_iter().chain(ways::cases());
    let trials = all.map(|case| {
        let forbidden = forbidden.clone();
        Trial::ignorable_test(case.name.clone(), move || attempt(case, forbidden))
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    let mut skipped = std::mem::take(&mut *SKIPPED.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    skipped.sort();
    for line in skipped {
        println!("skipped: {line}");
    }
    conclusion.exit_code()
}

fn attempt(case: Case, forbidden: Option<String>) -> Result<Completion, Failed> {
    if let Some(why) = forbidden {
        return Ok(skip(&case.name, &format!("no network namespaces can be made here: {why}")));
    }
    let in_ci = std::env::var_os("CI").is_some();
    match case.needs.iter().find_map(|need| lack(*need)) {
        Some(Lack::Tool(program)) if in_ci => Err(format!("in CI nothing is skipped that can be installed: {program} is missing").into()),
        Some(Lack::Tool(program)) => Ok(skip(&case.name, &format!("{program} is not installed (cargo xtask lab)"))),
        Some(Lack::Kernel(what)) => Ok(skip(&case.name, &format!("the kernel has no {what}"))),
        None => (case.check)().map(|()| Completion::Completed).map_err(|error| error.to_string().into()),
    }
}

fn skip(name: &str, why: &str) -> Completion {
    let why = why.replace('\n', " ");
    SKIPPED.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(format!("{name}: {why}"));
    Completion::ignored_with(why)
}
