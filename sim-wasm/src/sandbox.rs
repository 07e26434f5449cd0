//! The class `Sandbox`: a run, with branches and terminals.

use crate::values::{from_js, nanos, thrown, to_js};
use sim_view::frame::session::Link;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// A cluster in time, to look at and to act on. Each function that moves or changes it answers with what is new.
#[wasm_bindgen]
pub struct Sandbox(sim_view::sandbox::Sandbox);

#[wasm_bindgen]
impl Sandbox {
    /// Boots what a link says and does what was done in it. With a lesson's YAML, its start takes the scenario's place.
    ///
    /// # Errors
    /// A `Problem`: the scenario isn't one, a line can't be done.
    pub fn open(#[wasm_bindgen(unchecked_param_type = "Link")] link: JsValue, lesson: Option<String>) -> Result<Sandbox, JsValue> {
        let link: Link = from_js(&link, "link")?;
        match sim_view::sandbox::Sandbox::open(&link, lesson.as_deref()) {
            Ok(sandbox) => Ok(Sandbox(sandbox)),
            Err(problem) => Err(to_js(&problem)),
        }
    }

    /// What was opened, with the whole frame of the moment that is looked at.
    #[wasm_bindgen(unchecked_return_type = "Opened")]
    pub fn opened(&mut self) -> JsValue {
        to_js(&self.0.opened())
    }

    /// Lets so many nanoseconds of virtual time pass.
    #[wasm_bindgen(unchecked_return_type = "Update")]
    pub fn tick(&mut self, span: f64) -> JsValue {
        to_js(&self.0.tick(nanos(span)))
    }

    /// Goes to a moment, forward or back.
    #[wasm_bindgen(unchecked_return_type = "Update")]
    pub fn seek(&mut self, at: f64) -> JsValue {
        to_js(&self.0.seek(nanos(at)))
    }

    /// Goes to the next moment at which something happens; or at which something changes that frames show.
    #[wasm_bindgen(unchecked_return_type = "Update")]
    pub fn step(&mut self, visible: bool) -> JsValue {
        to_js(&self.0.step(visible))
    }

    /// Does what was typed into a terminal.
    ///
    /// # Errors
    /// A `Problem`: the terminal is busy.
    #[wasm_bindgen(unchecked_return_type = "Update")]
    pub fn line(
        &mut self,
        terminal: u32,
        line: &str,
        #[wasm_bindgen(unchecked_param_type = "Record<string, string>")] files: JsValue,
    ) -> Result<JsValue, JsValue> {
        let files: BTreeMap<String, String> = from_js(&files, "set of files")?;
        thrown(self.0.line(terminal, line, &files))
    }

    /// Ctrl-C in a terminal.
    #[wasm_bindgen(unchecked_return_type = "Update")]
    pub fn interrupt(&mut self, terminal: u32) -> JsValue {
        to_js(&self.0.interrupt(terminal))
    }

    /// What could stand at the end of this line: whole words that begin as its last word does.
    pub fn complete(&self, line: &str) -> Vec<String> {
        self.0.complete(line)
    }

    /// The files that a line reads.
    #[wasm_bindgen(js_name = filesNeeded)]
    pub fn files_needed(&self, line: &str) -> Vec<String> {
        self.0.files_needed(line)
    }

    /// The whole frame again.
    #[wasm_bindgen(unchecked_return_type = "Update")]
    pub fn whole(&mut self) -> JsValue {
        to_js(&self.0.whole())
    }

    /// Begins a branch of this name here, and goes there.
    #[wasm_bindgen(unchecked_return_type = "Update")]
    pub fn fork(&mut self, name: &str) -> JsValue {
        to_js(&self.0.fork(name))
    }

    /// Looks at another branch, at the same moment or as far as it goes.
    ///
    /// # Errors
    /// A `Problem`: there is none of this number.
    #[wasm_bindgen(js_name = switchBranch, unchecked_return_type = "Update")]
    pub fn switch_branch(&mut self, id: u32) -> Result<JsValue, JsValue> {
        thrown(self.0.switch_branch(id))
    }

    /// Forgets a branch.
    ///
    /// # Errors
    /// A `Problem`: there is none of this number, or it is looked at.
    #[wasm_bindgen(js_name = dropBranch, unchecked_return_type = "Update")]
    pub fn drop_branch(&mut self, id: u32) -> Result<JsValue, JsValue> {
        thrown(self.0.drop_branch(id))
    }

    /// Two branches at this moment.
    ///
    /// # Errors
    /// A `Problem`: there is none of this number.
    #[wasm_bindgen(unchecked_return_type = "Comparison")]
    pub fn compare(&mut self, left: u32, right: u32) -> Result<JsValue, JsValue> {
        thrown(self.0.compare(left, right))
    }

    /// What happened over time.
    #[wasm_bindgen(unchecked_return_type = "History")]
    pub fn history(&mut self) -> JsValue {
        to_js(&self.0.history())
    }

    /// Figures over time.
    #[wasm_bindgen(unchecked_return_type = "Metrics")]
    pub fn metrics(&mut self) -> JsValue {
        to_js(&self.0.metrics())
    }

    /// The latest Events of a namespace, of all if it is empty.
    #[wasm_bindgen(unchecked_return_type = "EventRow[]")]
    pub fn events(&self, namespace: &str) -> JsValue {
        to_js(&self.0.events(namespace))
    }

    /// The causes of an object's last change.
    ///
    /// # Errors
    /// A `Problem`: there is no such object.
    #[wasm_bindgen(unchecked_return_type = "Why")]
    pub fn why(&self, id: &str) -> Result<JsValue, JsValue> {
        thrown(self.0.why(id))
    }

    /// The causes of an event.
    #[wasm_bindgen(js_name = whyEvent, unchecked_return_type = "Why")]
    pub fn why_event(&self, event: f64) -> JsValue {
        to_js(&self.0.why_event(nanos(event)))
    }

    /// A packet's way at this moment.
    ///
    /// # Errors
    /// A `Problem`: an end isn't there.
    #[wasm_bindgen(unchecked_return_type = "Packet")]
    pub fn packet(&self, namespace: &str, from: &str, to: &str) -> Result<JsValue, JsValue> {
        thrown(self.0.packet(namespace, from, to))
    }

    /// An object as YAML, now or at a moment.
    ///
    /// # Errors
    /// A `Problem`: there is no such object.
    #[wasm_bindgen(unchecked_return_type = "Document")]
    pub fn document(&self, id: &str, at: Option<f64>) -> Result<JsValue, JsValue> {
        thrown(self.0.document(id, at.map(nanos)))
    }

    /// What differs in an object between two moments.
    ///
    /// # Errors
    /// A `Problem`: there is no such object.
    #[wasm_bindgen(unchecked_return_type = "DiffLine[]")]
    pub fn diff(&self, id: &str, from: f64, to: f64) -> Result<JsValue, JsValue> {
        thrown(self.0.diff(id, nanos(from), nanos(to)))
    }

    /// What a node's kernel goes by: one of `ruleTables()`.
    ///
    /// # Errors
    /// A `Problem`: there is no such node or table.
    #[wasm_bindgen(unchecked_return_type = "string")]
    pub fn rules(&self, node: &str, what: &str) -> Result<JsValue, JsValue> {
        thrown(self.0.rules(node, what))
    }

    /// What `rules` can show.
    #[wasm_bindgen(js_name = ruleTables)]
    pub fn rule_tables(&self) -> Vec<String> {
        sim_view::sandbox::rule_tables()
    }

    /// How faults are written: `kill node NAME`.
    pub fn faults(&self) -> Vec<String> {
        sim_view::sandbox::faults()
    }

    /// What is wrong with a manifest, for this cluster at this moment.
    #[wasm_bindgen(unchecked_return_type = "Diagnostic[]")]
    pub fn check(&self, text: &str) -> JsValue {
        to_js(&self.0.check(text))
    }

    /// What could stand at a place of a manifest.
    #[wasm_bindgen(unchecked_return_type = "Completion[]")]
    pub fn completions(&self, text: &str, line: u32, column: u32) -> JsValue {
        to_js(&self.0.completions(text, line, column))
    }

    /// The branch that is looked at, and the moment, to be opened again elsewhere.
    #[wasm_bindgen(unchecked_return_type = "Link")]
    pub fn link(&self) -> JsValue {
        to_js(&self.0.link())
    }

    /// The fingerprint of the run up to this moment.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint()
    }
}
