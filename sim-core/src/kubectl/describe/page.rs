//! The page that a description is written on: lines with levels and tab stops, aligned at the end. Mirrors the prefix writer and the
//! multi-line printers of `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use crate::kubectl::field::{at, int, items, pairs, text};
use crate::kubectl::rollback::LAST_APPLIED;
use crate::kubectl::table::elastic;

/// Longer annotations go on lines of their own.
const MAX_ANNOTATION: usize = 140;

/// A description being written.
#[derive(Default)]
pub struct Page {
    text: String,
    aligned: String,
}

impl Page {
    /// A line, indented by two spaces for each level.
    pub fn line(&mut self, level: usize, text: impl AsRef<str>) {
        self.text.extend(std::iter::repeat_n("  ", level));
        self.text.push_str(text.as_ref());
        self.text.push('\n');
    }

    /// Aligns what was written so far by itself.
    pub fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.aligned.push_str(&elastic(&text));
    }

    /// The finished page.
    pub fn finish(mut self) -> String {
        self.flush();
        self.aligned
    }

    /// The page with its tabs, as `rollout history --revision` prints it.
    pub fn raw(self) -> String {
        self.aligned + &self.text
    }

    /// A title and values, one a line; `<none>` without any. `title` may be indented.
    pub fn multiline(&mut self, title: &str, values: &[String]) {
        match values.split_first() {
            None => self.line(0, format!("{title}:\t<none>")),
            Some((first, rest)) => {
                self.line(0, format!("{title}:\t{first}"));
                rest.iter().for_each(|value| self.line(0, format!("\t{value}")));
            }
        }
    }

    /// Labels, sorted.
    pub fn labels(&mut self, title: &str, object: &Value, path: &str) {
        let values: Vec<String> = pairs(object, path).iter().map(|(k, v)| format!("{k}={v}")).collect();
        self.multiline(title, &values);
    }

    /// Annotations, sorted, without what `apply` keeps there.
    pub fn annotations(&mut self, title: &str, object: &Value, path: &str) {
        let mut first = true;
        for (key, value) in pairs(object, path).into_iter().filter(|(key, _)| *key != LAST_APPLIED) {
            let value = value.strip_suffix('\n').unwrap_or(value);
            let lead = if first { format!("{title}:\t") } else { "\t".to_owned() };
            first = false;
            if value.len() + key.len() + 2 > MAX_ANNOTATION || value.contains('\n') {
                self.line(0, format!("{lead}{key}:"));
                value.split('\n').for_each(|line| self.line(0, format!("\t  {}", shorten(line, MAX_ANNOTATION - 2))));
            } else {
                self.line(0, format!("{lead}{key}: {value}"));
            }
        }
        if first {
            self.line(0, format!("{title}:\t<none>"));
        }
    }

    /// Tolerations, sorted by key.
    pub fn tolerations(&mut self, title: &str, tolerations: &[Value]) {
        let mut sorted: Vec<&Value> = tolerations.iter().collect();
        sorted.sort_by_key(|t| text(t, "key"));
        let values: Vec<String> = sorted.into_iter().map(toleration).collect();
        self.multiline(title, &values);
    }

    /// Taints, sorted by effect and key.
    pub fn taints(&mut self, title: &str, node: &Value) {
        let mut sorted: Vec<&Value> = items(node, "spec.taints").iter().collect();
        sorted.sort_by_key(|t| format!("{},{}", text(t, "effect"), text(t, "key")));
        let values: Vec<String> = sorted.into_iter().map(taint).collect();
        self.multiline(title, &values);
    }
}

fn shorten(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = (0..=max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}...", &text[..end])
}

fn toleration(toleration: &Value) -> String {
    let (key, value, effect) = (text(toleration, "key"), text(toleration, "value"), text(toleration, "effect"));
    let mut out = key.to_owned();
    if !value.is_empty() {
        out.push_str(&format!("={value}"));
    }
    if !effect.is_empty() {
        out.push_str(&format!(":{effect}"));
    }
    if text(toleration, "operator") == "Exists" && value.is_empty() {
        out.push_str(if key.is_empty() && effect.is_empty() { "op=Exists" } else { " op=Exists" });
    }
    if let Some(seconds) = at(toleration, "tolerationSeconds").as_i64() {
        out.push_str(&format!(" for {seconds}s"));
    }
    out
}

/// `key=value:effect`.
fn taint(taint: &Value) -> String {
    let (key, value, effect) = (text(taint, "key"), text(taint, "value"), text(taint, "effect"));
    match (value.is_empty(), effect.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{key}:{effect}"),
        (false, true) => format!("{key}={value}:"),
        (false, false) => format!("{key}={value}:{effect}"),
    }
}

/// An integer, or what stands for its absence.
pub fn number_or(value: &Value, path: &str, absent: &str) -> String {
    if at(value, path).is_null() { absent.to_owned() } else { int(value, path).to_string() }
}

/// `True` or `False`.
pub fn title_case(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
