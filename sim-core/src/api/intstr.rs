//! `intstr.IntOrString`: a field that takes a number or a percentage, such as `maxSurge`.
//!
//! Mirrors `staging/src/k8s.io/apimachinery/pkg/util/intstr/intstr.go` of Kubernetes v1.36.

use crate::api::quote::quote;
use serde_json::Value;
use std::fmt;

/// A 32-bit number, or a text that is a percentage (`25%`) or a name (of a port).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IntOrString {
    /// A number.
    Int(i32),
    /// A percentage or a name.
    Str(String),
}

impl IntOrString {
    /// Reads one out of a tree. `None` if it is neither text nor a whole number of 32 bits.
    pub fn from_value(value: &Value) -> Option<IntOrString> {
        match value {
            Value::String(text) => Some(IntOrString::Str(text.clone())),
            Value::Number(number) => i32::try_from(number.as_i64()?).ok().map(IntOrString::Int),
            _ => None,
        }
    }

    /// The number or string of a tree.
    pub fn to_value(&self) -> Value {
        match self {
            IntOrString::Int(number) => Value::from(*number),
            IntOrString::Str(text) => Value::from(text.as_str()),
        }
    }

    /// `GetScaledValueFromIntOrPercent`: a number as it is, a percentage of `total` rounded up or down. 25% of 10 is 3 up and 2 down.
    ///
    /// # Errors
    /// Go's message, if the text is not a percentage.
    pub fn scaled(&self, total: i64, round_up: bool) -> Result<i64, String> {
        let text = match self {
            IntOrString::Int(number) => return Ok(i64::from(*number)),
            IntOrString::Str(text) => text,
        };
        let invalid = |why: String| format!("invalid value for IntOrString: {why}");
        let digits = text.strip_suffix('%').ok_or_else(|| invalid("invalid type: string is not a percentage".to_owned()))?;
        let percent = atoi(digits).map_err(|why| invalid(format!("invalid value {}: {why}", quote(text))))?;
        // As in Go, by way of floats: huge numbers lose their last digits.
        let exact = percent as f64 * total as f64 / 100.0;
        Ok(if round_up { exact.ceil() } else { exact.floor() } as i64)
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrString::Int(number) => fmt::Display::fmt(number, f),
            IntOrString::Str(text) => f.pad(text),
        }
    }
}

/// `strconv.Atoi`, with Go's message as its error.
pub(crate) fn atoi(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let why = if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) { "invalid syntax" } else { "value out of range" };
    text.parse().map_err(|_| format!("strconv.Atoi: parsing {}: {why}", quote(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value, total: i64, up: Result<i64, &str>, down: Result<i64, &str>) {
        let parsed = IntOrString::from_value(&value).expect("a number or a string");
        assert_eq!(parsed.scaled(total, true), up.map_err(str::to_owned), "{value}");
        assert_eq!(parsed.scaled(total, false), down.map_err(str::to_owned), "{value}");
        assert_eq!(parsed.to_value(), value);
    }

    #[test]
    fn percentages_round_either_way() {
        check(Value::from(3), 10, Ok(3), Ok(3));
        check(Value::from("25%"), 10, Ok(3), Ok(2));
        check(Value::from("-25%"), 10, Ok(-2), Ok(-3));
        check(Value::from("100%"), 0, Ok(0), Ok(0));
        let plain = Err("invalid value for IntOrString: invalid type: string is not a percentage");
        check(Value::from("25"), 10, plain, plain);
        let huge = "invalid value for IntOrString: invalid value \"99999999999999999999%\": \
                    strconv.Atoi: parsing \"99999999999999999999\": value out of range";
        check(Value::from("99999999999999999999%"), 10, Err(huge), Err(huge));
        assert_eq!(IntOrString::from_value(&Value::from(1i64 << 40)), None);
    }
}
