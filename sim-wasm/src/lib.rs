//! Podarium for JavaScript: bindings over `sim-core`, without logic or policy of their own.
//!
//! Each function takes and returns what crosses the boundary cheaply: text, numbers, bytes. A `u64` is a `BigInt` on the other side.
//! The functions also compile natively, so that a test can hold the two builds against each other.

mod rest;

use sim_core::scenario::Scenario;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(text: &str);
}

/// Runs when JavaScript loads the module: a panic is told on the console, where it would else be a bare `unreachable`.
#[wasm_bindgen(start)]
pub fn on_load() {
    std::panic::set_hook(Box::new(|panic| console_error(&format!("Podarium has a bug, and stops here: {panic}"))));
}

/// The version of Podarium that this module was built from, such as `0.1.0`.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Runs a scenario to its end and returns the fingerprint of everything that happened.
///
/// Equal text and seed give an equal fingerprint on every machine, natively and in WASM.
///
/// # Errors
/// The text is no scenario, or the run could not be finished. The message is what the command line would print.
#[wasm_bindgen]
pub fn fingerprint(scenario_yaml: &str, seed: u64) -> Result<String, String> {
    let scenario = Scenario::parse(scenario_yaml, "scenario.yaml").map_err(|error| error.to_string())?;
    let run = scenario.run(seed).map_err(|error| error.to_string())?;
    Ok(run.report.fingerprint)
}
