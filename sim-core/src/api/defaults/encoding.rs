//! How Go writes an object: what is empty is left out, quantities have one spelling, bytes are base64.

use crate::api::quantity::Quantity;
use serde_json::{Map, Value};

/// Maps and lists that aren't written when empty. (Others, such as `emptyDir: {}`, mean something.)
static DROPPED_IF_EMPTY: &[&str] = &[
    "labels",
    "annotations",
    "nodeSelector",
    "limits",
    "requests",
    "matchLabels",
    "data",
    "stringData",
    "binaryData",
    "overhead",
    "capacity",
    "hard",
];

/// Fields that are no pointers in Go, so that `""`, `0` and `false` aren't written.
static DROPPED_IF_ZERO: &[&str] = &[
    "stdin",
    "stdinOnce",
    "tty",
    "readOnly",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "unschedulable",
    "publishNotReadyAddresses",
    "minReadySeconds",
    "hostPort",
    "nodePort",
    "initialDelaySeconds",
    "healthCheckNodePort",
    "workingDir",
    "subPath",
    "subPathExpr",
    "nodeName",
    "hostname",
    "subdomain",
    "hostIP",
    "loadBalancerIP",
    "externalName",
    "generateName",
    "priorityClassName",
    "clusterIP",
];

fn holds_quantities(key: &str) -> bool {
    matches!(key, "limits" | "requests" | "capacity" | "allocatable" | "overhead" | "hard")
}

/// Brings a decoded object into the form in which it is written.
pub(super) fn canonicalize(tree: &mut Value) {
    match tree {
        Value::Object(map) => {
            map.retain(|key, value| !is_dropped(key, value));
            for (key, value) in map.iter_mut() {
                match value {
                    Value::Object(amounts) if holds_quantities(key) => canonical_amounts(amounts),
                    Value::String(_) | Value::Number(_) if matches!(key.as_str(), "sizeLimit" | "divisor") => canonical_amount(value),
                    // The contents of these are the user's.
                    Value::Object(_) if matches!(key.as_str(), "data" | "stringData" | "labels" | "annotations") => {}
                    _ => canonicalize(value),
                }
            }
            map.retain(|key, value| !is_dropped(key, value));
        }
        Value::Array(items) => items.iter_mut().for_each(canonicalize),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_dropped(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty() && DROPPED_IF_EMPTY.contains(&key),
        Value::String(text) => text.is_empty() && DROPPED_IF_ZERO.contains(&key),
        Value::Number(n) => n.as_i64() == Some(0) && DROPPED_IF_ZERO.contains(&key),
        Value::Bool(b) => !b && DROPPED_IF_ZERO.contains(&key),
    }
}

fn canonical_amounts(amounts: &mut Map<String, Value>) {
    amounts.retain(|_, value| !value.is_null());
    amounts.values_mut().for_each(canonical_amount);
}

/// Resource lists know nothing finer than a thousandth.
fn canonical_amount(value: &mut Value) {
    if let Some(Ok(amount)) = Quantity::from_value(value) {
        *value = Value::from(amount.round_up(-3).to_string());
    }
}

/// A Secret's `stringData` is `data` that the server encodes.
pub(super) fn secret(secret: &mut Map<String, Value>) {
    if let Some(Value::Object(plain)) = secret.remove("stringData")
        && let Value::Object(data) = secret.entry("data").or_insert_with(|| Value::Object(Map::new()))
    {
        for (key, value) in plain {
            data.insert(key, Value::from(base64_encode(value.as_str().unwrap_or("").as_bytes())));
        }
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64, padded.
pub fn base64_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let index = (bits >> (18 - 6 * i)) & 63;
            out.push(if i <= chunk.len() { char::from(ALPHABET[index as usize]) } else { '=' });
        }
    }
    out
}

/// Reads standard base64; nothing if it isn't.
pub fn base64_decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.iter().filter(|b| !matches!(b, b'\n' | b'\r')) {
        let index = ALPHABET.iter().position(|a| a == byte)?;
        bits = (bits << 6 | index as u32) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64() {
        for (plain, encoded) in [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("s3cr3t!", "czNjcjN0IQ==")] {
            assert_eq!(base64_encode(plain.as_bytes()), encoded);
            assert_eq!(base64_decode(encoded), Some(plain.as_bytes().to_vec()));
        }
        assert_eq!(base64_decode("*"), None);
    }
}
