//! The module may come in two parts: what a first load calls, and the rest (docs/adr/0008-the-size-of-the-module.md). What needs the rest
//! before it is there calls the import that is declared here; `cargo xtask wasm` writes those calls when it splits the module.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Loads the rest, and returns when it is there. The loader beside the module (`load.js`) defines it.
    #[wasm_bindgen(js_namespace = globalThis, js_name = podariumRest)]
    fn podarium_rest();
}

/// Loads the second part of the module now, and returns when it is there. A module that isn't split has none, and nothing to call this for.
#[wasm_bindgen(js_name = loadRest)]
pub fn load_rest() {
    podarium_rest();
}
