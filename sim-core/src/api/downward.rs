//! The downward API: what a pod may be told about itself, by `fieldRef` and `resourceFieldRef`. Mirrors `pkg/fieldpath/fieldpath.go` and
//! `ExtractContainerResourceValue` of `pkg/api/v1/resource/helpers.go`, v1.36; kubectl has copies of both.
//!
//! Left out: the check of a subscript's spelling, since the API server refuses a bad one before anybody gets here.

use crate::api::meta::{Meta, Str, StrMap, text};
use crate::api::quantity::Quantity;
use crate::api::quote::quote;
use serde_json::Value;

/// What a `fieldRef` can name of an object's metadata.
#[derive(Clone, Debug)]
pub struct Subject {
    name: Str,
    namespace: Str,
    uid: String,
    labels: StrMap,
    annotations: StrMap,
}

impl Subject {
    /// An object inside the cluster.
    pub fn of(meta: &Meta) -> Self {
        Subject {
            name: meta.name.clone(),
            namespace: meta.namespace.clone(),
            uid: meta.uid.to_string(),
            labels: meta.labels.clone(),
            annotations: meta.annotations.clone(),
        }
    }

    /// An object as the API serves it.
    pub fn from_tree(tree: &Value) -> Self {
        let meta = &tree["metadata"];
        Subject {
            name: text(meta, "name"),
            namespace: text(meta, "namespace"),
            uid: text(meta, "uid").to_string(),
            labels: StrMap::from_tree(meta.get("labels")),
            annotations: StrMap::from_tree(meta.get("annotations")),
        }
    }

    /// The value of `metadata.name`, `metadata.labels['app']` and their like. All labels at once are one line each, sorted by key.
    ///
    /// # Errors
    /// `unsupported fieldPath: …`
    pub fn field(&self, path: &str) -> Result<String, String> {
        if let Some((map, key)) = subscripted(path) {
            let map = match map {
                "metadata.annotations" => &self.annotations,
                "metadata.labels" => &self.labels,
                _ => return Err(format!("fieldPath {} does not support subscript", quote(path))),
            };
            return Ok(map.get(key).map_or_else(String::new, Str::to_string));
        }
        Ok(match path {
            "metadata.annotations" => lines(&self.annotations),
            "metadata.labels" => lines(&self.labels),
            "metadata.name" => self.name.to_string(),
            "metadata.namespace" => self.namespace.to_string(),
            "metadata.uid" => self.uid.clone(),
            _ => return Err(format!("unsupported fieldPath: {path}")),
        })
    }
}

/// `metadata.labels['app']` is `app` of `metadata.labels`.
pub fn subscripted(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['").filter(|(map, _)| !map.is_empty())
}

fn lines(map: &StrMap) -> String {
    map.iter().map(|(key, value)| format!("{key}={}", quote(value))).collect::<Vec<_>>().join("\n")
}

/// The resources whose limit has a stand-in where a container sets none. Huge pages always have one.
const WITH_STAND_IN: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// The value of a `resourceFieldRef` for a container, in units of the divisor (1 unless it says), rounded up: of 250m CPU, 1, or 250 of 1m.
/// `stand_in` is what counts as the limit of a container without one.
///
/// # Errors
/// `unsupported container resource : …`
pub fn resource(selector: &Value, container: &Value, stand_in: &dyn Fn(&str) -> Option<Quantity>) -> Result<String, String> {
    let asked = selector["resource"].as_str().unwrap_or_default();
    let (list, name) = match asked.split_once('.') {
        Some((list @ ("limits" | "requests"), name)) if WITH_STAND_IN.contains(&name) || name.starts_with("hugepages-") => (list, name),
        _ => return Err(format!("unsupported container resource : {asked}")),
    };
    let written = Quantity::from_value(&container["resources"][list][name]).and_then(Result::ok).filter(|amount| !amount.is_zero());
    let amount = written.or_else(|| stand_in(name).filter(|_| list == "limits" && WITH_STAND_IN.contains(&name)));
    let unit = Quantity::from_value(&selector["divisor"]).and_then(Result::ok).filter(|unit| unit.sign() > 0);
    let whole = |amount: &Quantity| i128::from(if name == "cpu" { amount.milli_value() } else { amount.value() });
    let unit = unit.as_ref().map_or(if name == "cpu" { 1000 } else { 1 }, whole);
    Ok(((amount.as_ref().map_or(0, whole) + unit - 1) / unit).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields() {
        let pod = json!({"metadata": {"name": "web", "namespace": "shop", "uid": "u", "labels": {"b": "2", "a": "1\"x"},
            "annotations": {"team/k": "v"}}});
        let subject = Subject::from_tree(&pod);
        let check = |path: &str, expected: Result<&str, &str>| {
            assert_eq!(subject.field(path).as_deref(), expected.map_err(str::to_owned).as_deref(), "{path}");
        };
        check("metadata.name", Ok("web"));
        check("metadata.namespace", Ok("shop"));
        check("metadata.uid", Ok("u"));
        check("metadata.labels", Ok("a=\"1\\\"x\"\nb=\"2\""));
        check("metadata.annotations", Ok("team/k=\"v\""));
        check("metadata.labels['a']", Ok("1\"x"));
        check("metadata.labels['none']", Ok(""));
        check("metadata.annotations['team/k']", Ok("v"));
        check("metadata.name['x']", Err("fieldPath \"metadata.name['x']\" does not support subscript"));
        check("spec.nodeName", Err("unsupported fieldPath: spec.nodeName"));
        assert_eq!(subscripted("metadata.annotations['a['b']"), Some(("metadata.annotations", "a['b")));
        assert_eq!(subscripted("['x']"), None);
    }

    #[test]
    fn resources() {
        let container = json!({"resources": {"limits": {"cpu": "250m", "hugepages-2Mi": "4Mi"}, "requests": {"memory": "100Mi"}}});
        let node = |name: &str| Quantity::parse(if name == "cpu" { "3920m" } else { "8Gi" }).ok();
        let check = |resource_name: &str, divisor: &str, expected: &str| {
            let selector = json!({"resource": resource_name, "divisor": divisor});
            assert_eq!(resource(&selector, &container, &node).as_deref(), Ok(expected), "{resource_name} / {divisor}");
        };
        check("limits.cpu", "0", "1");
        check("limits.cpu", "1m", "250");
        check("requests.memory", "0", "104857600");
        check("requests.memory", "1Mi", "100");
        check("requests.memory", "1M", "105");
        // The node's, where no limit is set; a request has no stand-in.
        check("limits.memory", "1Gi", "8");
        check("limits.ephemeral-storage", "1Gi", "8");
        check("requests.cpu", "1m", "0");
        check("limits.hugepages-2Mi", "1Mi", "4");
        check("limits.hugepages-1Gi", "1Mi", "0");
        let wrong = resource(&json!({"resource": "limits.pods"}), &container, &node);
        assert_eq!(wrong, Err("unsupported container resource : limits.pods".to_owned()));
        let bare = resource(&json!({"resource": "limits.cpu"}), &json!({}), &|_| None);
        assert_eq!(bare.as_deref(), Ok("0"));
    }
}
