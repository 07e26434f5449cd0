//! `cargo xtask wasm`: the WASM module with its JavaScript, and the proof that it computes what the native build computes.
//!
//! docs/adr/0003-wasm-toolchain.md says why the bindings are generated here, and what happens where rustc lacks the target.

use crate::command::{self, Outcome, cargo, is_installed, output, program, root, skip, step, target_dir};
use crate::test::{Tally, node, scenarios};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";
/// Two, so that a fingerprint which ignores its seed is noticed.
const SEEDS: [u64; 2] = [1, 2];

/// Builds the module and its JavaScript, for Node and for the browser.
///
/// # Errors
/// It does not compile, or no standard library for WASM can be had.
pub(crate) fn run() -> Outcome {
    let module = step("compile", compile)?;
    step("bindings", || bindings(&module))
}

/// Compiles the module, as [`compile`]; `None`, with a line that says so, where no standard library for WASM can be had.
pub(crate) fn compile_or_skip() -> Outcome<Option<PathBuf>> {
    match sysroot() {
        Ok(sysroot) => compile_with(&sysroot).map(Some),
        Err(problem) => {
            skip(&format!("WASM, which needs a standard library for {TARGET} (rustup target add {TARGET}): {problem}"))?;
            Ok(None)
        }
    }
}

fn compile() -> Outcome<PathBuf> {
    compile_with(&sysroot()?)
}

/// The sysroot to pass to rustc; empty where rustc has the target by itself.
fn sysroot() -> Outcome<String> {
    let mut script = program("bash");
    script.arg("xtask/wasm-sysroot.sh");
    if std::env::var_os("WASM_STD_SRC_TAR").is_none()
        && let Some(tarball) = tarball_beside_the_checkout()
    {
        script.env("WASM_STD_SRC_TAR", tarball);
    }
    Ok(output(script)?.trim().to_owned())
}

/// `../shared/wasm/rust-library-VERSION.tar.xz`, where someone put it for machines that can fetch nothing.
fn tarball_beside_the_checkout() -> Option<PathBuf> {
    let verbose = output({
        let mut rustc = program("rustc");
        rustc.arg("-vV");
        rustc
    });
    let version = verbose.ok()?.lines().find_map(|line| line.strip_prefix("release: ").map(str::to_owned))?;
    let tarball = root().parent()?.join(format!("shared/wasm/rust-library-{version}.tar.xz"));
    tarball.is_file().then_some(tarball)
}

fn compile_with(sysroot: &str) -> Outcome<PathBuf> {
    let mut build = cargo(&["build", "--release", "--package", "sim-wasm", "--target", TARGET]);
    // These would replace the flags for the target, --sysroot with them.
    build.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    build.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", rustflags(sysroot));
    command::run(build)?;
    Ok(target_dir()?.join(TARGET).join("release/sim_wasm.wasm"))
}

/// No path of the machine that builds it gets into the module.
fn rustflags(sysroot: &str) -> String {
    let mut flags = vec![format!("--remap-path-prefix={}=/podarium", root().display())];
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    flags.extend(home.map(|home| format!("--remap-path-prefix={}=/cargo", home.display())));
    flags.extend((!sysroot.is_empty()).then(|| format!("--sysroot={sysroot}")));
    flags.join(" ")
}

/// Writes `podarium.js`, its types and the module for Node and for the browser. What was there before is removed.
fn bindings(module: &Path) -> Outcome {
    let target = target_dir()?;
    for kind in ["node", "web"] {
        let folder = target.join(format!("wasm-{kind}"));
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let mut bindgen = Bindgen::new();
        bindgen.input_path(module).out_name("podarium").typescript(true);
        if kind == "node" {
            bindgen.nodejs(true)?
        } else {
            bindgen.web(true)?.remove_name_section(true)
        };
        bindgen.generate(&folder)?;
        let size = std::fs::metadata(folder.join("podarium_bg.wasm"))?.len();
        println!("{}: {} kB", folder.strip_prefix(root()).unwrap_or(&folder).display(), size / 1000);
    }
    Ok(())
}

/// Runs every scenario natively and in WASM under Node, and compares what they say happened.
///
/// # Errors
/// The module cannot be built or loaded; in CI, also where something that this needs is absent.
pub(crate) fn fingerprints_agree() -> Outcome<Tally> {
    let skipped = Tally { skipped: 1, ..Tally::default() };
    if !is_installed("node") {
        return skip("the comparison of native and WASM runs, which needs Node 20 or later (node on the PATH)").map(|()| skipped);
    }
    let Some(module) = compile_or_skip()? else { return Ok(skipped) };
    bindings(&module)?;
    let folder = target_dir()?.join("wasm-node");
    let scenarios = scenarios(&root())?;
    let mut tally = Tally::default();
    for seed in SEEDS {
        let lines = node(|node| {
            node.arg("xtask/wasm-fingerprints.mjs").arg(&folder).arg(seed.to_string()).args(&scenarios);
        })?;
        let under_node: BTreeMap<&str, &str> = lines.lines().filter_map(|line| line.split_once(' ')).collect();
        for scenario in &scenarios {
            let name = scenario.to_string_lossy();
            let text = std::fs::read_to_string(root().join(scenario))?;
            // A panic is one scenario's failure, not the end of the count. Its message has been printed by then.
            let native = std::panic::catch_unwind(|| sim_wasm::fingerprint(&text, seed)).unwrap_or_else(|_| Err("it panicked".to_owned()));
            let verdict = compare(native, under_node.get(&*name).copied());
            tally.count(verdict.is_ok());
            match verdict {
                Ok(fingerprint) => println!("same: {name}, seed {seed}: {fingerprint}"),
                Err(difference) => println!("FAILED: {name}, seed {seed}: {difference}"),
            }
        }
    }
    Ok(tally)
}

fn compare(native: Result<String, String>, under_node: Option<&str>) -> Result<String, String> {
    let native = native.map_err(|error| format!("the native run: {error}"))?;
    match under_node {
        Some(same) if same == native => Ok(native),
        Some(other) => Err(format!("{native} natively, {other} in WASM")),
        None => Err("the WASM run printed nothing".to_owned()),
    }
}
