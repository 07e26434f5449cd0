//! Values on their way between the two sides.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sim_view::frame::session::Problem;
use wasm_bindgen::JsValue;

/// A plain JavaScript value. JSON is made here and read there: browsers read it faster than objects can be built call by call.
pub(crate) fn to_js<T: Serialize>(value: &T) -> JsValue {
    let text = serde_json::to_string(value).expect("frames have text keys only");
    js_sys::JSON::parse(&text).expect("serde_json writes JSON")
}

/// What JavaScript handed in, if it is of the shape that is expected.
pub(crate) fn from_js<T: DeserializeOwned>(value: &JsValue, what: &str) -> Result<T, JsValue> {
    let text = js_sys::JSON::stringify(value).ok().and_then(|text| text.as_string()).unwrap_or_default();
    serde_json::from_str(&text).map_err(|error| to_js(&Problem { message: format!("this is no {what}: {error}"), ..Problem::default() }))
}

/// The answer, or its `Problem` to be thrown.
pub(crate) fn thrown<T: Serialize>(answer: Result<T, Problem>) -> Result<JsValue, JsValue> {
    match answer {
        Ok(value) => Ok(to_js(&value)),
        Err(problem) => Err(to_js(&problem)),
    }
}

/// Nanoseconds as the model counts them. JavaScript's may have a fraction; less than none is none.
pub(crate) fn nanos(number: f64) -> u64 {
    number as u64
}
