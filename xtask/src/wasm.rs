//! `cargo xtask wasm`: the WASM module with its JavaScript.
//!
//! docs/adr/0003-wasm-toolchain.md says why the bindings are generated here, and what happens where rustc lacks the target; 0008 why the
//! browser's module comes in two parts.

pub(crate) mod fingerprints;
mod order;
pub(crate) mod size;
mod split;

use crate::command::{self, Outcome, cargo, is_installed, output, program, root, skip, step, target_dir};
use crate::test::node;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";
/// What loads the browser's module; beside it, so that the places of its parts are known.
const LOADER: [(&str, &str); 2] = [("load.js", include_str!("../wasm/load.js")), ("load.d.ts", include_str!("../wasm/load.d.ts"))];
/// A module with nothing in it: the second part of one that isn't split.
const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

/// How much is done for a small and quick module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quality {
    /// Compiled in a minute, large and slow: to work on the page.
    Dev,
    /// What is served.
    Release,
}

impl Quality {
    /// cargo's profile, and its folder.
    fn profile(self) -> (&'static str, &'static str) {
        match self {
            Quality::Dev => ("dev", "debug"),
            Quality::Release => ("wasm", "wasm"),
        }
    }
}

/// Builds the module and its JavaScript, for Node and for the browser.
///
/// # Errors
/// It does not compile, or no standard library for WASM can be had.
pub(crate) fn run(quality: Quality) -> Outcome {
    let module = step("compile", || compile_with(&sysroot()?, quality))?;
    step("bindings", || bindings(&module, quality))?;
    size::show()
}

/// Compiles the module; `None`, with a line that says so, where no standard library for WASM can be had.
pub(crate) fn compile_or_skip() -> Outcome<Option<PathBuf>> {
    match sysroot() {
        Ok(sysroot) => compile_with(&sysroot, Quality::Release).map(Some),
        Err(problem) => {
            skip(&format!("WASM, which needs a standard library for {TARGET} (rustup target add {TARGET}): {problem}"))?;
            Ok(None)
        }
    }
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

fn compile_with(sysroot: &str, quality: Quality) -> Outcome<PathBuf> {
    let (profile, folder) = quality.profile();
    let mut build = cargo(&["build", "--profile", profile, "--package", "sim-wasm", "--target", TARGET]);
    // These would replace the flags for the target, --sysroot with them.
    build.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    build.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", rustflags(sysroot));
    // Browsers don't read it, and it is three quarters of what a quick build writes.
    build.env("CARGO_PROFILE_DEV_DEBUG", "0");
    command::run(build)?;
    Ok(target_dir()?.join(TARGET).join(folder).join("sim_wasm.wasm"))
}

/// No path of the machine that builds it gets into the module.
fn rustflags(sysroot: &str) -> String {
    let mut flags = vec![format!("--remap-path-prefix={}=/podarium", root().display())];
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    flags.extend(home.map(|home| format!("--remap-path-prefix={}=/cargo", home.display())));
    flags.extend((!sysroot.is_empty()).then(|| format!("--sysroot={sysroot}")));
    flags.join(" ")
}

/// Writes `podarium.js`, its types and the module for Node and for the browser, for the latter in two parts. What was there before is removed.
pub(crate) fn bindings(module: &Path, quality: Quality) -> Outcome {
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
            // load.js leaves it to the module's own script to know where it lies.
            bindgen.web(true)?.omit_default_module_path(false)
        };
        bindgen.generate(&folder)?;
    }
    let web = target.join("wasm-web");
    for (name, text) in LOADER {
        std::fs::write(web.join(name), text)?;
    }
    std::fs::write(web.join("podarium_rest.wasm"), EMPTY)?;
    match quality {
        Quality::Dev => Ok(()),
        Quality::Release if is_installed("node") => split_in(&web),
        Quality::Release => skip("splitting the module, which needs Node 20 or later (node on the PATH)"),
    }
}

/// Splits the browser's module: what a first load calls, as an instrumented one tells, and the rest.
fn split_in(web: &Path) -> Outcome {
    let whole = web.join("podarium_bg.wasm");
    let wasm = std::fs::read(&whole)?;
    let instrumented = web.join("instrumented.wasm");
    std::fs::write(&instrumented, split::instrumented(&wasm)?)?;
    let called = node(|node| {
        node.arg("xtask/wasm/first-load.mjs").arg(web.join("podarium.js")).arg(&instrumented);
    })?;
    std::fs::remove_file(&instrumented)?;
    let called = called.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let parts = split::split(&wasm, &called)?;
    std::fs::write(web.join("podarium_rest.wasm"), order::by_name(&parts.rest)?)?;
    std::fs::write(whole, order::by_name(&parts.first)?)?;
    Ok(())
}
