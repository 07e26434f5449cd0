//! What could be written at a place in a manifest that isn't finished: keys and values from the schema table.
//!
//! A text that is being written is seldom YAML. So it isn't parsed: where a place stands follows from the indentation of the lines above it.

use crate::frame::code::Completion;
use sim_core::api::resources::{self, Resource};
use sim_core::api::schema::{self, Field, FieldType, Type};

/// What could stand at a place: line and column from 1, the column right behind what is typed already.
pub fn completions(text: &str, line: u32, column: u32) -> Vec<Completion> {
    let (lines, at) = document_around(text, line);
    let Some(current) = lines.get(at) else { return Vec::new() };
    let typed: String = current.chars().take(column.saturating_sub(1) as usize).collect();
    let place = Place::of(&lines, at, &typed);
    let mut found = match &place.wanted {
        Wanted::Key { siblings } => place.keys(siblings),
        Wanted::Value { key } => place.values(key),
        Wanted::Nothing => Vec::new(),
    };
    let prefix = place.prefix.to_lowercase();
    found.retain(|completion| completion.label.to_lowercase().starts_with(&prefix));
    found
}

/// The field at a path of an object, as `spec.containers[0].image`.
pub(super) fn field_at(api_version: &str, kind: &str, path: &str) -> Option<&'static Field> {
    let steps = path.split('.').map(|step| step.split('[').next().unwrap_or(step));
    let mut at = Spot::Object(schema::for_kind(api_version, kind)?);
    let mut field = None;
    for step in steps {
        field = Some(at.field(step)?);
        at = field.map_or(Spot::Unknown, |field| Spot::of(&field.field_type));
    }
    field
}

/// The lines of the document around a line, and which of them it is.
fn document_around(text: &str, line: u32) -> (Vec<&str>, usize) {
    let all: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
    let at = (line as usize).saturating_sub(1);
    let is_border = |line: &&str| line.starts_with("---");
    let start = all.iter().take(at).rposition(is_border).map_or(0, |border| border + 1);
    let end = all.iter().skip(at).position(is_border).map_or(all.len(), |border| at + border);
    (all[start..end.max(start)].to_vec(), at - start)
}

/// What a line says: how far in its key stands, whether an item of a list begins with it, its key, and its value if it has one.
struct Row<'t> {
    indent: usize,
    /// Where the dash of the list's item stands.
    dash: Option<usize>,
    key: Option<&'t str>,
    value: &'t str,
}

impl<'t> Row<'t> {
    /// `None` for empty lines and comments.
    fn of(line: &'t str) -> Option<Row<'t>> {
        let mut rest = line.trim_start_matches(' ');
        let mut indent = line.len() - rest.len();
        if rest.is_empty() || rest.starts_with('#') {
            return None;
        }
        let mut dash = None;
        while rest == "-" || rest.starts_with("- ") {
            dash = Some(indent);
            let after = rest[1..].trim_start_matches(' ');
            indent += rest.len() - after.len();
            rest = after;
        }
        let (key, value) = match rest.split_once(':') {
            Some((key, value)) if value.is_empty() || value.starts_with(' ') => (Some(key.trim_matches(['"', '\''])), value.trim()),
            _ => (None, rest),
        };
        Some(Row { indent, dash, key, value })
    }
}

/// Something in the schema that a path leads to.
#[derive(Clone, Copy)]
enum Spot {
    Object(&'static Type),
    Typed(&'static FieldType),
    Unknown,
}

impl Spot {
    fn of(field_type: &'static FieldType) -> Spot {
        match field_type {
            FieldType::Object(object) => Spot::Object(object.resolve()),
            // The path names fields; that a list or a map lies between is clear.
            FieldType::List(element) => Spot::of(element),
            other => Spot::Typed(other),
        }
    }

    fn field(self, name: &str) -> Option<&'static Field> {
        match self {
            Spot::Object(object) => object.field(name),
            _ => None,
        }
    }

    fn step(self, name: &str) -> Spot {
        match self {
            Spot::Object(object) => object.field(name).map_or(Spot::Unknown, |field| Spot::of(&field.field_type)),
            Spot::Typed(FieldType::Map(value)) => Spot::of(value),
            _ => Spot::Unknown,
        }
    }
}

/// What is to be written.
enum Wanted<'t> {
    /// A key, beside those that are there already.
    Key {
        siblings: Vec<&'t str>,
    },
    /// The value of a key.
    Value {
        key: String,
    },
    Nothing,
}

/// Where something is to be written.
struct Place<'t> {
    /// The keys that lead there.
    path: Vec<&'t str>,
    /// Whether it stands right below the last of them.
    is_direct: bool,
    /// What of it is typed already.
    prefix: &'t str,
    wanted: Wanted<'t>,
    api_version: Option<&'t str>,
    kind: Option<&'t str>,
}

impl<'t> Place<'t> {
    fn of(lines: &[&'t str], at: usize, typed: &'t str) -> Place<'t> {
        let top = |name: &str| {
            let rows = lines.iter().filter_map(|line| Row::of(line));
            rows.filter(|row| row.indent == 0 && row.key == Some(name))
                .map(|row| row.value.trim_matches(['"', '\'']))
                .find(|v| !v.is_empty())
        };
        let (api_version, kind) = (top("apiVersion"), top("kind"));
        let blank = Row { indent: typed.len(), dash: None, key: None, value: "" };
        let is_comment = typed.trim_start().starts_with('#') || typed.contains(" #");
        let row = Row::of(typed).unwrap_or(blank);
        let (path, is_direct) = path_to(lines, at, &row);
        let place = Place { path, is_direct, prefix: "", wanted: Wanted::Nothing, api_version, kind };
        if is_comment {
            return place;
        }
        match row.key {
            // Right behind the colon a space is missing still.
            Some(key) => Place { prefix: row.value, wanted: Wanted::Value { key: key.to_owned() }, ..place },
            None => Place { prefix: row.value, wanted: Wanted::Key { siblings: siblings(lines, at, &row) }, ..place },
        }
    }

    fn spot(&self) -> Spot {
        let top = self.kind.and_then(|kind| schema::of_kind(self.api_version, kind).or_else(|| schema::of_kind(None, kind)));
        self.path.iter().fold(top.map_or(Spot::Unknown, Spot::Object), |spot, step| spot.step(step))
    }

    fn keys(&self, siblings: &[&str]) -> Vec<Completion> {
        let Spot::Object(object) = self.spot() else {
            let top = ["apiVersion", "kind", "metadata"].into_iter().filter(|key| self.path.is_empty() && !siblings.contains(key));
            return top.map(|key| completion(key, "", "")).collect();
        };
        let fields = object.fields().into_iter().flatten().filter(|(name, _)| !siblings.contains(name));
        // Nobody writes a status; the server does.
        let fields = fields.filter(|(name, _)| !(self.path.is_empty() && **name == "status"));
        let mut fields: Vec<_> = fields.collect();
        fields.sort_by_key(|(name, field)| (!field.required, rank(name), **name));
        // Below the key of a list, an item begins with a dash.
        let dash =
            if self.is_direct && self.last_field().is_some_and(|field| matches!(field.field_type, FieldType::List(_))) { "- " } else { "" };
        fields.into_iter().map(|(name, field)| completion(&format!("{dash}{name}"), &field.go_type(), &facts(field))).collect()
    }

    fn values(&self, key: &str) -> Vec<Completion> {
        match (self.path.is_empty(), key) {
            (true, "kind") => return self.kinds(),
            (true, "apiVersion") => return self.api_versions(),
            _ => {}
        }
        let Some(field) = self.spot().field(key) else { return Vec::new() };
        if field.field_type == FieldType::Boolean {
            return ["true", "false"].into_iter().map(|word| completion(word, "bool", "")).collect();
        }
        let default = field.default.as_ref().map(ToString::to_string).unwrap_or_default();
        let info = |value: &str| if default.trim_matches('"') == value { "the default" } else { "" };
        field.enumeration.iter().map(|value| completion(value, &field.go_type(), info(value))).collect()
    }

    /// The field that the path ends with.
    fn last_field(&self) -> Option<&'static Field> {
        let (last, above) = self.path.split_last()?;
        Place { path: above.to_vec(), prefix: "", wanted: Wanted::Nothing, ..*self }.spot().field(last)
    }

    fn kinds(&self) -> Vec<Completion> {
        let fits = |resource: &&Resource| self.api_version.is_none_or(|version| resource.api_version() == version);
        let mut found: Vec<&Resource> = written().filter(fits).collect();
        if found.is_empty() {
            found = written().collect();
        }
        found.sort_by_key(|resource| (rank_of_kind(resource.kind), resource.kind));
        found.dedup_by_key(|resource| resource.kind);
        found.into_iter().map(|resource| completion(resource.kind, &resource.api_version(), &known_as(resource))).collect()
    }

    fn api_versions(&self) -> Vec<Completion> {
        let fits = |resource: &&Resource| self.kind.is_none_or(|kind| resource.kind == kind);
        let mut found: Vec<String> = written().filter(fits).map(Resource::api_version).collect();
        if found.is_empty() {
            found = written().map(Resource::api_version).collect();
        }
        found.sort_by_key(|version| (!matches!(version.as_str(), "v1" | "apps/v1"), version.clone()));
        found.dedup();
        let kinds = |version: &str| {
            let mut kinds: Vec<&str> =
                written().filter(|resource| resource.api_version() == version).map(|resource| resource.kind).collect();
            kinds.sort_by_key(|kind| (rank_of_kind(kind), *kind));
            kinds.join(", ")
        };
        found.iter().map(|version| completion(version, "", &kinds(version))).collect()
    }
}

/// The keys that lead to a line, from the lines above it that it lies in; and whether the last of them is right above, with no item of a list
/// between.
fn path_to<'t>(lines: &[&'t str], at: usize, row: &Row<'_>) -> (Vec<&'t str>, bool) {
    let (mut path, mut is_direct) = (Vec::new(), false);
    // What is looked for the surroundings of: where it begins, and whether it is an item of a list.
    let (mut column, mut is_item) = (row.dash.unwrap_or(row.indent), row.dash.is_some());
    for above in lines[..at].iter().rev().filter_map(|line| Row::of(line)) {
        // An item may stand as far in as the key of its list.
        let by_key = above.key.filter(|_| above.indent < column || is_item && above.indent == column);
        if let Some(key) = by_key {
            is_direct |= path.is_empty() && !is_item;
            path.push(key);
        } else if above.dash.is_none_or(|dash| dash >= column) {
            continue;
        }
        // A line that lies in an item is looked for the surroundings of that item next.
        (column, is_item) = (above.dash.unwrap_or(above.indent), above.dash.is_some());
    }
    path.reverse();
    (path, is_direct)
}

/// The keys beside a line, in the same mapping.
fn siblings<'t>(lines: &[&'t str], at: usize, row: &Row<'_>) -> Vec<&'t str> {
    let mut found = Vec::new();
    // Above, up to where the mapping begins: at a dash, if it is a list's item.
    if row.dash.is_none() {
        for above in lines[..at].iter().rev().filter_map(|line| Row::of(line)) {
            if above.dash.unwrap_or(above.indent) < row.indent && above.indent != row.indent {
                break;
            }
            if above.indent == row.indent {
                found.extend(above.key);
                if above.dash.is_some() {
                    break;
                }
            }
        }
    }
    for below in lines.iter().skip(at + 1).filter_map(|line| Row::of(line)) {
        if below.dash.unwrap_or(below.indent) < row.indent {
            break;
        }
        if below.indent == row.indent && below.dash.is_none() {
            found.extend(below.key);
        }
    }
    found
}

/// The resources that people write manifests of.
fn written() -> impl Iterator<Item = &'static Resource> {
    resources::known().filter(|resource| resource.allows("create") && resource.is_served())
}

/// What is written most stands first.
fn rank(name: &str) -> usize {
    const FIRST: [&str; 4] = ["apiVersion", "kind", "metadata", "name"];
    FIRST.iter().position(|known| *known == name).unwrap_or(FIRST.len())
}

fn rank_of_kind(kind: &str) -> usize {
    const FIRST: [&str; 9] = ["Deployment", "Service", "Pod", "ConfigMap", "Secret", "StatefulSet", "DaemonSet", "Ingress", "Namespace"];
    FIRST.iter().position(|known| *known == kind).unwrap_or(FIRST.len())
}

fn known_as(resource: &Resource) -> String {
    if resource.short_names.is_empty() { String::new() } else { format!("kubectl knows it as {}", resource.short_names.join(", ")) }
}

/// What the schema says of a field besides its type.
fn facts(field: &Field) -> String {
    let mut facts = Vec::new();
    if field.required {
        facts.push("required".to_owned());
    }
    if let Some(default) = field.default.as_ref().filter(|default| !default.is_object()) {
        facts.push(format!("default {default}"));
    }
    if !field.enumeration.is_empty() {
        facts.push(format!("one of {}", field.enumeration.join(", ")));
    }
    facts.join("; ")
}

fn completion(label: &str, detail: &str, info: &str) -> Completion {
    Completion { label: label.to_owned(), detail: detail.to_owned(), info: info.to_owned() }
}
