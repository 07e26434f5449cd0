//! Kinds without a describer of their own: every field by its name. Mirrors `genericDescriber` and `smartLabelFor` of
//! `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36, and github.com/fatih/camelcase.

use serde_json::Value;

use super::Page;
use crate::kubectl::age::Clock;
use crate::kubectl::field::plain;

/// Writes an object field by field, but for what its head has said.
pub fn describe(page: &mut Page, object: &Value, _: &Clock) {
    page.head_in_namespace(object);
    content(page, 0, object, "");
}

fn content(page: &mut Page, level: usize, object: &Value, path: &str) {
    const SKIPPED: &[&str] =
        &[".metadata.managedFields", ".metadata.name", ".metadata.namespace", ".metadata.labels", ".metadata.annotations"];
    for (field, value) in object.as_object().into_iter().flatten() {
        let here = format!("{path}.{field}");
        if SKIPPED.contains(&here.as_str()) {
            continue;
        }
        let label = label_for(field);
        match value {
            Value::Object(_) => {
                page.line(level, format!("{label}:"));
                content(page, level + 1, value, &here);
            }
            Value::Array(items) => {
                page.line(level, format!("{label}:"));
                for item in items {
                    if item.is_object() {
                        content(page, level + 1, item, &here);
                    } else {
                        page.line(level + 1, plain(item));
                    }
                }
            }
            Value::Null => page.line(level, format!("{label}:\t<nil>")),
            scalar => page.line(level, format!("{label}:\t{}", plain(scalar))),
        }
    }
}

/// `blockOwnerDeletion` becomes `Block Owner Deletion`, `podCIDRs` becomes `Pod CIDRs`.
fn label_for(field: &str) -> String {
    if field.chars().any(|c| !c.is_alphabetic() && c != '-') {
        return field.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    let mut parts = split(field).into_iter().peekable();
    while let Some(mut part) = parts.next() {
        // An abbreviation that lost its last letter to what follows: `CID` and `Rs`.
        let cut_short = part.len() >= 2 && part.chars().all(|c| !c.is_alphabetic() || c.is_uppercase());
        if let Some(rest) = parts.next_if(|next| cut_short && next.starts_with(char::is_uppercase)) {
            part.push_str(&rest);
        }
        words.push(part);
    }
    words.iter().map(|word| titled(word)).collect::<Vec<_>>().join(" ")
}

fn titled(word: &str) -> String {
    let upper = word.to_uppercase();
    if ["API", "URL", "UID", "GUID"].contains(&upper.as_str()) {
        return upper;
    }
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Splits where the class of letters changes; the last of several capitals goes with the small letters after it.
fn split(field: &str) -> Vec<String> {
    let class = |c: char| if c.is_lowercase() { 0 } else { 1 + u8::from(!c.is_uppercase()) };
    let mut runs: Vec<Vec<char>> = Vec::new();
    for c in field.chars() {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| class(*last) == class(c)) => run.push(c),
            _ => runs.push(vec![c]),
        }
    }
    for i in 1..runs.len() {
        if runs[i - 1][0].is_uppercase() && runs[i][0].is_lowercase() {
            let capital = runs[i - 1].pop().expect("a run has a letter");
            runs[i].insert(0, capital);
        }
    }
    runs.into_iter().filter(|run| !run.is_empty()).map(|run| run.into_iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        let check = |field: &str, label: &str| assert_eq!(label_for(field), label);
        check("blockOwnerDeletion", "Block Owner Deletion");
        check("apiVersion", "API Version");
        check("uid", "UID");
        check("f:x", "f:x");
        check("podCIDRs", "Pod CIDRs");
        check("podCIDR", "Pod CIDR");
        check("clusterIPs", "Cluster I Ps");
        check("dnsPolicy", "Dns Policy");
        check("last-seen", "Last - Seen");
    }
}
