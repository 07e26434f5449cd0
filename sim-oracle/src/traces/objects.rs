//! Whole objects as commands print them (`-o json`, `-o yaml`), flattened to lines `path: value`, without what the server or a kubelet
//! makes up.

use serde_json::Value;
use sim_core::api::yaml;

/// Fields that differ between any two runs.
const MADE_UP: [&str; 17] = [
    "uid",
    "resourceVersion",
    "managedFields",
    "podIP",
    "podIPs",
    "hostIP",
    "hostIPs",
    "containerID",
    "imageID",
    "clusterIP",
    "clusterIPs",
    "nodePort",
    "startedAt",
    "finishedAt",
    "ip",
    "addresses",
    "zone",
];

/// The lines of what a command printed, each masked by `mask`; `None` if it isn't an object.
pub(crate) fn lines(printed: &str, mask: impl Fn(&str) -> String) -> Option<Vec<String>> {
    let tree = match serde_json::from_str(printed) {
        Ok(tree) => tree,
        Err(_) => yaml::documents(printed).ok()?.into_iter().next()?.tree,
    };
    let tree: Value = tree;
    let mut lines = Vec::new();
    match tree["items"].as_array().filter(|_| tree["kind"] == "List") {
        None => flatten("", &tree, &mask, &mut lines),
        Some(items) => items.iter().for_each(|item| {
            // Items come in the order of their names, which differ: each line says whose it is instead.
            let name =
                mask(&format!("{}/{}", item["kind"].as_str().unwrap_or_default(), item["metadata"]["name"].as_str().unwrap_or_default()));
            flatten(&name, item, &mask, &mut lines);
        }),
    }
    lines.sort();
    tree.is_object().then_some(lines)
}

fn flatten(path: &str, value: &Value, mask: &impl Fn(&str) -> String, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let is_time = field.ends_with("Time") || field.ends_with("Timestamp") || field.contains("trigger-time");
                let made_up = is_time || MADE_UP.contains(&field.as_str()) || field.starts_with("topology.kubernetes.io/");
                if !made_up {
                    flatten(&format!("{path}.{field}"), value, mask, lines);
                }
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| flatten(&format!("{path}[{at}]"), item, mask, lines)),
        Value::String(text) => lines.push(format!("{path}: {}", mask(text))),
        scalar => lines.push(format!("{path}: {scalar}")),
    }
}
