//! Podarium for JavaScript: bindings over `sim-view`, without logic or policy of their own.
//!
//! Objects cross as plain JavaScript values, made from JSON; their types are those of `sim_view::frame`, generated. Numbers are numbers:
//! nanoseconds fit into a `number` for 104 days of virtual time. Where something can fail, what is thrown is a `Problem`.
//! The functions without objects also compile natively, so that a test can hold the two builds against each other.

mod rest;
mod sandbox;
mod values;

pub use rest::load_rest;
pub use sandbox::Sandbox;

use sim_core::scenario::Scenario;
use std::sync::Mutex;
use values::{thrown, to_js};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen(typescript_custom_section)]
const FRAMES: &str = include_str!("../../web/src/sim/frames.ts");

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(text: &str);
}

/// What a panic said. The module still answers `lastPanic` after one, though nothing else may be asked of it.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs when JavaScript loads the module: a panic is told on the console and kept, where it would else be a bare `unreachable`.
#[wasm_bindgen(start)]
pub fn on_load() {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.to_string();
        console_error(&format!("Podarium has a bug, and stops here: {text}"));
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = Some(text);
        }
    }));
}

/// What the module said when it broke down, with the place in its source; `undefined` while it hasn't.
#[wasm_bindgen(js_name = lastPanic)]
pub fn last_panic() -> Option<String> {
    LAST_PANIC.lock().ok().and_then(|last| last.clone())
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

/// What is wrong with a scenario file.
#[wasm_bindgen(js_name = checkScenario, unchecked_return_type = "Diagnostic[]")]
pub fn check_scenario(text: &str) -> JsValue {
    to_js(&sim_view::sandbox::check_scenario(text))
}

/// What is wrong with a lesson's file.
#[wasm_bindgen(js_name = checkLesson, unchecked_return_type = "Diagnostic[]")]
pub fn check_lesson(text: &str) -> JsValue {
    to_js(&sim_view::sandbox::check_lesson(text))
}

/// A lesson as the page shows it. `file` is its file's name, which gives it its own name and its place: `04-scaling.yaml`.
///
/// # Errors
/// A `Problem`: the text is no lesson.
#[wasm_bindgen(js_name = readLesson, unchecked_return_type = "Lesson")]
pub fn read_lesson(text: &str, file: &str) -> Result<JsValue, JsValue> {
    thrown(sim_view::sandbox::read_lesson(text, file))
}

/// What is wrong with a lesson when it is played; nothing if its solution reaches its goals and its start doesn't.
///
/// # Errors
/// A `Problem`: the text is no lesson.
#[wasm_bindgen(js_name = proveLesson, unchecked_return_type = "string[]")]
pub fn prove_lesson(text: &str, file: &str) -> Result<JsValue, JsValue> {
    thrown(sim_view::sandbox::prove_lesson(text, file))
}

/// How many of a line's commands change something: what a score counts.
#[wasm_bindgen]
pub fn acts(line: &str) -> u32 {
    sim_view::lesson::acts(line)
}

/// Whether a line only watches and never ends by itself: `get pods -w`.
#[wasm_bindgen]
pub fn watches(line: &str) -> bool {
    sim_view::lesson::watches(line)
}
