//! The hash in a ReplicaSet's name: `web-` **`777dbfcf45`**, the same as the real controller computes.
//!
//! Mirrors `ComputeHash` of `pkg/controller/controller_utils.go` of Kubernetes v1.36: FNV-1a over Go's dump of the defaulted `PodTemplateSpec`
//! (`%#v` of go-spew: every field with its Go type, nil or not, maps sorted), then the collision count, then [`safe_encode`]. The dump is made
//! from one table of the Go structs, `layout`.
//!
//! The controller sees what went through etcd as protobuf. So an empty list or map is nil, a quantity is what parsing its canonical text gives
//! (`0.5` was stored as `500m`) and times are local. Differs: a time in the template is dumped as in a container that has no time zone set.

mod layout;

use crate::api::names::{fnv1a_32, safe_encode};
use crate::api::quantity::{Amount, Quantity};
use crate::kernel::time::Epoch;
use serde_json::Value;
use std::fmt::{self, Write};

/// How a Go value is dumped, and what in the tree it comes from.
enum Shape {
    /// A string, whatever its Go type is called.
    Text,
    /// An integer.
    Number,
    Bool,
    Quantity,
    IntOrString,
    /// `metav1.Time`
    Time,
    /// `metav1.FieldsV1`: the bytes of the JSON.
    FieldsV1,
    Object(&'static [Field]),
    List(&'static Shape),
    Map(&'static Shape),
    Pointer(&'static Shape),
}

/// A field of a Go struct.
struct Field {
    /// Its name in Go.
    name: &'static str,
    /// Its name in the tree; empty for a struct that is embedded, whose fields are those of the object around it.
    json: &'static str,
    /// Its type as Go's reflection prints it.
    go_type: &'static str,
    shape: Shape,
}

/// The hash that names a Deployment's ReplicaSet for this template, which must have its defaults filled in.
///
/// `collision_count` is `status.collisionCount`: `None` and zero give different hashes.
pub fn pod_template_hash(defaulted_template: &Value, collision_count: Option<i32>) -> String {
    let mut bytes = dump(defaulted_template).into_bytes();
    if let Some(count) = collision_count {
        bytes.extend(count.to_le_bytes());
        // The count is written into the first half of eight bytes.
        bytes.extend([0; 4]);
    }
    safe_encode(&fnv1a_32(&bytes).to_string())
}

/// The text that [`pod_template_hash`] hashes.
pub fn dump(defaulted_template: &Value) -> String {
    let mut text = String::with_capacity(8192);
    text.push_str("(v1.PodTemplateSpec)");
    write_object(&mut text, layout::POD_TEMPLATE_SPEC, defaulted_template).expect("a String takes all that is written");
    text
}

fn write_object(out: &mut String, fields: &[Field], tree: &Value) -> fmt::Result {
    for (i, field) in fields.iter().enumerate() {
        write!(out, "{}{}:({})", if i == 0 { '{' } else { ' ' }, field.name, field.go_type)?;
        let value = if field.json.is_empty() { tree } else { tree.get(field.json).unwrap_or(&Value::Null) };
        write_value(out, &field.shape, value)?;
    }
    out.write_char('}')
}

fn write_value(out: &mut String, shape: &Shape, value: &Value) -> fmt::Result {
    match shape {
        Shape::Text => out.write_str(value.as_str().unwrap_or("")),
        Shape::Number => write!(out, "{}", value.as_i64().unwrap_or(0)),
        Shape::Bool => write!(out, "{}", value.as_bool().unwrap_or(false)),
        Shape::Quantity => write_quantity(out, value),
        Shape::IntOrString => match value.as_str() {
            Some(text) => write!(out, "{{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string){text}}}"),
            None => write!(out, "{{Type:(intstr.Type)0 IntVal:(int32){} StrVal:(string)}}", value.as_i64().unwrap_or(0)),
        },
        Shape::Time => write_time(out, value),
        Shape::FieldsV1 => {
            out.write_str("{Raw:([]uint8)")?;
            write_list(out, value.to_string().bytes(), |out, byte| write!(out, "{byte}"))?;
            out.write_char('}')
        }
        Shape::Object(fields) => write_object(out, fields, value),
        Shape::List(item) => match value.as_array().filter(|items| !items.is_empty()) {
            Some(items) => write_list(out, items, |out, value| write_value(out, item, value)),
            None => out.write_str("<nil>"),
        },
        Shape::Map(item) => match value.as_object().filter(|items| !items.is_empty()) {
            Some(items) => {
                out.write_str("map")?;
                write_list(out, items, |out, (key, value)| {
                    write!(out, "{key}:")?;
                    write_value(out, item, value)
                })
            }
            None => out.write_str("<nil>"),
        },
        Shape::Pointer(_) if value.is_null() => out.write_str("<nil>"),
        Shape::Pointer(target) => write_value(out, target, value),
    }
}

fn write_list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut write_item: impl FnMut(&mut String, T) -> fmt::Result,
) -> fmt::Result {
    out.write_char('[')?;
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.write_char(' ')?;
        }
        write_item(out, item)?;
    }
    out.write_char(']')
}

/// A quantity that was left out was stored as `0`.
fn write_quantity(out: &mut String, value: &Value) -> fmt::Result {
    let zero = || Quantity::parse("0").expect("zero is a quantity");
    let written = Quantity::from_value(value).and_then(Result::ok).unwrap_or_else(zero);
    let stored = Quantity::parse(&written.to_string()).unwrap_or_else(|_| zero());
    let (value, scale) = match stored.amount() {
        Amount::Int { value, scale } => (*value, *scale),
        Amount::Dec(_) => (0, 0),
    };
    write!(
        out,
        "{{i:(resource.int64Amount){{value:(int64){value} scale:(resource.Scale){scale}}} d:(resource.infDecAmount){{Dec:(*inf.Dec)"
    )?;
    match stored.amount() {
        Amount::Int { .. } => out.write_str("<nil>")?,
        Amount::Dec(dec) => {
            write!(out, "{{unscaled:(big.Int){{neg:(bool){} abs:(big.nat)", dec.negative)?;
            match dec.words() {
                words if words.is_empty() => out.write_str("<nil>")?,
                words => write_list(out, words, |out, word| write!(out, "{word}"))?,
            }
            write!(out, "}} scale:(inf.Scale){}}}", dec.scale)?;
        }
    }
    write!(out, "}} s:(string){} Format:(resource.Format){}}}", stored.kept_text(), stored.format().as_str())
}

/// `time.Time`: seconds since the year 1, and where the clock hangs.
fn write_time(out: &mut String, value: &Value) -> fmt::Result {
    const YEAR_1_TO_1970: u64 = 62_135_596_800;
    match value.as_str().and_then(|text| Epoch { unix_secs: 0 }.parse(text)) {
        None => out.write_str("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"),
        Some(at) => write!(
            out,
            "{{Time:(time.Time){{wall:(uint64)0 ext:(int64){} loc:(*time.Location){{name:(string)UTC zone:([]time.zone)<nil> \
             tx:([]time.zoneTrans)<nil> extend:(string) cacheStart:(int64)0 cacheEnd:(int64)0 cacheZone:(*time.zone)<nil>}}}}}}",
            at.as_secs() + YEAR_1_TO_1970
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn nginx(image: &str) -> Value {
        json!({"metadata": {"labels": {"app": "nginx"}}, "spec": {
            "containers": [{"name": "nginx", "image": image, "ports": [{"containerPort": 80, "protocol": "TCP"}], "resources": {},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent"}],
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "securityContext": {},
            "schedulerName": "default-scheduler"}})
    }

    fn check(change: impl FnOnce(&mut Value), part: &str) {
        let mut template = nginx("nginx:1.17.1");
        change(&mut template);
        let text = dump(&template);
        assert!(text.contains(part), "{part} is not in {text}");
    }

    #[test]
    fn hashes_are_those_of_the_real_controller() {
        assert_eq!(pod_template_hash(&nginx("nginx:1.17.1"), None), "777dbfcf45");
        assert_eq!(pod_template_hash(&nginx("nginx:1.16.1"), None), "66b9cb6d4d");
        assert_ne!(pod_template_hash(&nginx("nginx:1.17.1"), Some(0)), "777dbfcf45");
    }

    #[test]
    fn every_form_of_value_is_dumped() {
        let container = |t: &mut Value, field: &str, value: Value| t["spec"]["containers"][0][field] = value;
        check(|t| container(t, "command", json!(["sh", "-c"])), "Command:([]string)[sh -c] ");
        check(|t| container(t, "command", json!([])), "Command:([]string)<nil> ");
        check(|t| t["spec"]["nodeSelector"] = json!({"b": "2", "a": "1"}), "NodeSelector:(map[string]string)map[a:1 b:2] ");
        let half = "cpu:{i:(resource.int64Amount){value:(int64)500 scale:(resource.Scale)-3} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} \
                    s:(string)500m Format:(resource.Format)DecimalSI}";
        check(|t| container(t, "resources", json!({"limits": {"cpu": "0.5"}})), half);
        let large = "{Dec:(*inf.Dec){unscaled:(big.Int){neg:(bool)false abs:(big.nat)[0 62500000]} scale:(inf.Scale)9}} \
                     s:(string) Format:(resource.Format)BinarySI}";
        check(|t| container(t, "resources", json!({"limits": {"memory": "1Ei"}})), large);
        let time = "ext:(int64)63713433600 loc:(*time.Location){name:(string)UTC ";
        check(|t| t["metadata"]["creationTimestamp"] = json!("2020-01-01T00:00:00Z"), time);
    }
}
