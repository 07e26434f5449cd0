//! How Go writes an object: what is empty is left out or written, as each field's tag says; quantities have one spelling; bytes are base64.

use crate::api::quantity::Quantity;
use crate::api::schema::{FieldType, Omit, Type};
use serde_json::{Map, Value};

/// Brings a decoded object into the form in which its type is written.
pub(super) fn canonicalize(object: &'static Type, tree: &mut Value) {
    if let (Some(fields), Value::Object(map)) = (object.fields(), tree) {
        for (name, field) in fields {
            match map.get_mut(*name) {
                Some(value) if !value.is_null() => canonical_value(&field.field_type, value),
                _ => {}
            }
            let value = map.get(*name).unwrap_or(&Value::Null);
            match field.omit() {
                Omit::Never if value.is_null() => drop(map.insert((*name).into(), zero(&field.field_type))),
                // Bytes that were stored come back without empty lists.
                Omit::Never if value.as_array().is_some_and(Vec::is_empty) => drop(map.insert((*name).into(), Value::Null)),
                Omit::Null if value.is_null() => drop(map.insert((*name).into(), Value::Null)),
                Omit::Zero if is_zero(value) => drop(map.remove(*name)),
                Omit::Absent if value.is_null() => drop(map.remove(*name)),
                _ => {}
            }
        }
    }
}

/// What Go writes for a value that nobody set.
fn zero(field_type: &FieldType) -> Value {
    match field_type {
        FieldType::String => Value::from(""),
        FieldType::Int32 | FieldType::Int64 | FieldType::Double | FieldType::IntOrString => Value::from(0),
        FieldType::Boolean => Value::Bool(false),
        FieldType::Quantity => Value::from("0"),
        FieldType::Object(object) => {
            let mut value = Value::Object(Map::new());
            canonicalize(object.resolve(), &mut value);
            value
        }
        FieldType::Bytes
        | FieldType::Time
        | FieldType::MicroTime
        | FieldType::FreeObject
        | FieldType::Any
        | FieldType::List(_)
        | FieldType::Map(_) => Value::Null,
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

fn canonical_value(field_type: &FieldType, value: &mut Value) {
    match (field_type, value) {
        (FieldType::Quantity, value) => canonical_amount(value, None),
        (FieldType::Object(object), value) => canonicalize(object.resolve(), value),
        (FieldType::List(item), Value::Array(items)) => items.iter_mut().for_each(|value| canonical_value(item, value)),
        (FieldType::Map(entry), Value::Object(map)) => {
            map.retain(|_, value| !value.is_null());
            for value in map.values_mut() {
                match **entry {
                    // Resource lists know nothing finer than a thousandth.
                    FieldType::Quantity => canonical_amount(value, Some(-3)),
                    _ => canonical_value(entry, value),
                }
            }
        }
        _ => {}
    }
}

fn canonical_amount(value: &mut Value, finest: Option<i32>) {
    if let Some(Ok(amount)) = Quantity::from_value(value) {
        let amount = finest.map_or(amount.clone(), |finest| amount.round_up(finest));
        *value = Value::from(amount.to_string());
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
