//! The page that a description is written on: lines with levels and tab stops, aligned at the end. Mirrors the prefix writer and the
//! multi-line printers of `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use crate::kubectl::field::{at, int, items, name, namespace, pairs, plain, text};
use crate::kubectl::rollback::LAST_APPLIED;
use crate::kubectl::table::elastic;

/// Longer annotations go on lines of their own.
pub const MAX_ANNOTATION: usize = 140;

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

    /// `Label:` and a value, at the left margin.
    pub fn field(&mut self, label: &str, value: impl std::fmt::Display) {
        self.line(0, format!("{label}:\t{value}"));
    }

    /// Name, labels and annotations: how most objects without a namespace begin.
    pub fn head(&mut self, object: &Value) {
        self.field("Name", name(object));
        self.labels("Labels", object, "metadata.labels");
        self.annotations("Annotations", object, "metadata.annotations");
    }

    /// Name, namespace, labels and annotations: how most objects of a namespace begin.
    pub fn head_in_namespace(&mut self, object: &Value) {
        self.field("Name", name(object));
        self.field("Namespace", namespace(object));
        self.labels("Labels", object, "metadata.labels");
        self.annotations("Annotations", object, "metadata.annotations");
    }

    /// A table under a title: its header, the rule below it, and its rows.
    pub fn table(&mut self, title: &str, header: &str, rule: &str, rows: impl Iterator<Item = String>) {
        self.line(0, format!("{title}:"));
        self.line(1, header);
        self.line(1, rule);
        rows.for_each(|row| self.line(1, row));
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

    /// As [`Page::multiline`], but below level 0. kubectl's prefix writer indents each piece of a line that is written by itself, and so
    /// a value is indented once more than its title.
    pub fn multiline_below(&mut self, level: usize, title: &str, values: &[String]) {
        let indent = "  ".repeat(level);
        match values.split_first() {
            None => self.line(level, format!("{title}:\t<none>")),
            Some((first, rest)) => {
                self.line(level, format!("{title}:\t{indent}{first}"));
                rest.iter().for_each(|value| self.line(level, format!("{indent}\t{indent}{value}")));
            }
        }
    }

    /// A title with terms below it, each a list of expressions: `Term 0:`, `Term 1:`.
    pub fn terms(&mut self, level: usize, terms: impl Iterator<Item = Vec<String>>) {
        for (i, expressions) in terms.enumerate() {
            match expressions.split_first() {
                None => self.line(level, format!("Term {i}:\t<none>")),
                Some((first, rest)) => {
                    self.line(level, format!("Term {i}:\t{first}"));
                    rest.iter().for_each(|expression| self.line(level, format!("\t{expression}")));
                }
            }
        }
    }

    /// Labels, sorted.
    pub fn labels(&mut self, title: &str, object: &Value, path: &str) {
        self.multiline(title, &equations(object, path));
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

/// The entries of a map as `key=value`, sorted by key.
pub fn equations(object: &Value, path: &str) -> Vec<String> {
    pairs(object, path).iter().map(|(k, v)| format!("{k}={v}")).collect()
}

/// A list as Go's `%v` prints it: `[a b]`.
pub fn go_list(values: &[Value]) -> String {
    format!("[{}]", values.iter().map(plain).collect::<Vec<_>>().join(" "))
}

/// Strings, joined by `, `.
pub fn joined(object: &Value, path: &str) -> String {
    items(object, path).iter().map(plain).collect::<Vec<_>>().join(", ")
}

/// A quantity, or how Go prints one that isn't there.
pub fn quantity_or_nil(object: &Value, path: &str) -> String {
    if at(object, path).is_null() { "<nil>".to_owned() } else { plain(at(object, path)) }
}

/// Cuts a text that is longer than `max` bytes.
pub fn shorten(text: &str, max: usize) -> String {
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
