//! The proof that the module computes what the native build computes: every scenario, natively, in Node and in Chromium.

use super::{Quality, bindings, compile_or_skip};
use crate::command::{Outcome, is_installed, program, root, run, skip, target_dir};
use crate::debian;
use crate::test::{Tally, node, scenarios};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Two, so that a fingerprint which ignores its seed is noticed.
const SEEDS: [u64; 2] = [1, 2];
const CHROMIUM: &str = "chromium";

/// What scenarios say happened, by their path and seed.
type Told = BTreeMap<(PathBuf, u64), Result<String, String>>;

/// Runs every scenario natively and in WASM, under Node and in Chromium, and compares what they say happened.
///
/// # Errors
/// The module cannot be built or loaded; in CI, also where something that this needs is absent.
pub(crate) fn agree() -> Outcome<Tally> {
    let skipped = Tally { skipped: 1, ..Tally::default() };
    if !is_installed("node") {
        return skip("the comparison of native and WASM runs, which needs Node 20 or later (node on the PATH)").map(|()| skipped);
    }
    let Some(module) = compile_or_skip()? else { return Ok(skipped) };
    bindings(&module, Quality::Release)?;
    let scenarios = scenarios(&root())?;
    let native = natively(&scenarios)?;
    let mut tally = compare("Node", &native, &under_node(&scenarios)?);
    match in_chromium(&scenarios)? {
        Some(told) => tally.add(compare("Chromium", &native, &told)),
        None => tally.skipped += 1,
    }
    Ok(tally)
}

fn natively(scenarios: &[PathBuf]) -> Outcome<Told> {
    let mut told = Told::new();
    for scenario in scenarios {
        let text = std::fs::read_to_string(root().join(scenario))?;
        for seed in SEEDS {
            // A panic is one scenario's failure, not the end of the count. Its message has been printed by then.
            let native = std::panic::catch_unwind(|| sim_wasm::fingerprint(&text, seed)).unwrap_or_else(|_| Err("it panicked".to_owned()));
            told.insert((scenario.clone(), seed), native);
        }
    }
    Ok(told)
}

fn under_node(scenarios: &[PathBuf]) -> Outcome<Told> {
    let folder = target_dir()?.join("wasm-node");
    by_script(scenarios, "xtask/wasm/fingerprints-node.mjs", &[&folder])
}

/// `None`, with a line that says so, where there is no Chromium.
fn in_chromium(scenarios: &[PathBuf]) -> Outcome<Option<Told>> {
    if std::env::var_os("CI").is_some() {
        debian::install(&[(CHROMIUM, CHROMIUM)], "runs in a browser")?;
    }
    if !debian::has(CHROMIUM) {
        skip("the comparison with runs in a browser, which needs Chromium (chromium on the PATH)")?;
        return Ok(None);
    }
    if !root().join("web/node_modules/playwright-core").is_dir() {
        let mut npm = program("npm");
        npm.args(["ci", "--prefix", "web"]);
        run(npm)?;
    }
    let folder = target_dir()?.join("wasm-web");
    by_script(scenarios, "xtask/wasm/fingerprints-chromium.mjs", &[Path::new("/usr/bin/chromium"), &folder]).map(Some)
}

/// What a script prints when it is run with `arguments`, a seed and the scenarios: `NAME FINGERPRINT` for each.
fn by_script(scenarios: &[PathBuf], script: &str, arguments: &[&Path]) -> Outcome<Told> {
    let mut told = Told::new();
    for seed in SEEDS {
        let lines = node(|node| {
            node.arg(script).args(arguments).arg(seed.to_string()).args(scenarios);
        })?;
        let lines = lines.lines().filter_map(|line| line.split_once(' '));
        told.extend(lines.map(|(name, fingerprint)| ((PathBuf::from(name), seed), Ok(fingerprint.to_owned()))));
    }
    Ok(told)
}

fn compare(place: &str, native: &Told, there: &Told) -> Tally {
    let mut tally = Tally::default();
    for ((scenario, seed), expected) in native {
        let name = scenario.display();
        let verdict = same(expected, there.get(&(scenario.clone(), *seed)));
        tally.count(verdict.is_ok());
        match verdict {
            Ok(fingerprint) => println!("same in {place}: {name}, seed {seed}: {fingerprint}"),
            Err(difference) => println!("FAILED in {place}: {name}, seed {seed}: {difference}"),
        }
    }
    tally
}

fn same(native: &Result<String, String>, there: Option<&Result<String, String>>) -> Result<String, String> {
    let native = native.as_ref().map_err(|error| format!("the native run: {error}"))?;
    match there {
        Some(Ok(same)) if same == native => Ok(native.clone()),
        Some(Ok(other)) => Err(format!("{native} natively, {other} in WASM")),
        Some(Err(error)) => Err(format!("{native} natively, {error} in WASM")),
        None => Err("the WASM run printed nothing".to_owned()),
    }
}
