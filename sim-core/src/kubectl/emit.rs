//! Objects as text: YAML quoted, sorted and folded as `sigs.k8s.io/yaml` (goyaml v2) does, and JSON as Go's `encoding/json` does.
//!
//! Mirrors `staging/src/k8s.io/cli-runtime/pkg/printers/{yaml,json}.go`, v1.36, and the scalar rules of `goyaml.v2/{resolve,emitterc}.go`.

use std::cmp::Ordering;

use serde::Serialize;
use serde_json::Value;

/// Where goyaml begins to look for a space to fold a long line at.
const BEST_WIDTH: usize = 80;

/// An object as `-o yaml` prints it.
pub fn yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => mapping(&mut out, value, 0, false),
        Value::Array(list) if !list.is_empty() => sequence(&mut out, value, 0),
        scalar => {
            scalar_into(&mut out, scalar, 0);
            out.push('\n');
        }
    }
    out
}

/// An object as `-o json` prints it: indented by four, with a newline at the end.
pub fn json(value: &Value) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    value.serialize(&mut serializer).expect("a tree of strings always serializes");
    let text = String::from_utf8(bytes).expect("JSON is UTF-8");
    escape_html(&text) + "\n"
}

/// An object in one line, as it stands in annotations and patches.
pub fn compact_json(value: &Value) -> String {
    escape_html(&value.to_string())
}

/// An object as [`json`] prints it, with the fields of each object in another order than that of their names: `order` gets the name of the
/// field that the object stands in, and the field's own.
pub fn json_in_order(value: &Value, order: fn(&str, &str) -> usize) -> String {
    let mut out = String::new();
    ordered_into(&mut out, value, "", 0, order);
    out + "\n"
}

fn ordered_into(out: &mut String, value: &Value, within: &str, depth: usize, order: fn(&str, &str) -> usize) {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        pad(out, depth * 4);
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            let mut fields: Vec<(&String, &Value)> = map.iter().collect();
            fields.sort_by_key(|(name, _)| order(within, name));
            out.push('{');
            for (i, (name, field)) in fields.into_iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                line(out, depth + 1);
                out.push_str(&compact_json(&Value::from(name.as_str())));
                out.push_str(": ");
                ordered_into(out, field, name, depth + 1, order);
            }
            line(out, depth);
            out.push('}');
        }
        Value::Array(list) if !list.is_empty() => {
            out.push('[');
            for (i, item) in list.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                line(out, depth + 1);
                ordered_into(out, item, within, depth + 1, order);
            }
            line(out, depth);
            out.push(']');
        }
        plain => out.push_str(&compact_json(plain)),
    }
}

/// Go escapes what could end a script element. These characters occur only inside strings.
fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

/// Writes the entries of a map; the first one without indentation when it follows `- `.
fn mapping(out: &mut String, value: &Value, indent: usize, inline: bool) {
    let Some(map) = value.as_object() else { return };
    let mut keys: Vec<&String> = map.keys().collect();
    keys.sort_by(|a, b| natural(a, b));
    for (i, key) in keys.into_iter().enumerate() {
        if i > 0 || !inline {
            pad(out, indent);
        }
        string_into(out, key, indent, true);
        out.push(':');
        let entry = &map[key];
        match entry {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                mapping(out, entry, indent + 2, false);
            }
            Value::Array(inner) if !inner.is_empty() => {
                out.push('\n');
                sequence(out, entry, indent);
            }
            scalar => {
                out.push(' ');
                scalar_into(out, scalar, indent);
                end_line(out);
            }
        }
    }
}

fn sequence(out: &mut String, value: &Value, indent: usize) {
    for item in value.as_array().into_iter().flatten() {
        pad(out, indent);
        out.push_str("- ");
        match item {
            Value::Object(inner) if !inner.is_empty() => mapping(out, item, indent + 2, true),
            Value::Array(inner) if !inner.is_empty() => {
                // A list in a list starts on the same line: "- - a".
                let mut nested = String::new();
                sequence(&mut nested, item, indent + 2);
                out.push_str(nested.trim_start_matches(' '));
            }
            scalar => {
                scalar_into(out, scalar, indent);
                end_line(out);
            }
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// A literal block ends with its own newline.
fn end_line(out: &mut String) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

fn scalar_into(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(&n.to_string()),
        Value::String(s) => string_into(out, s, indent, false),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
}

/// Writes a string in the least quoted style that reads back as the same string.
fn string_into(out: &mut String, text: &str, indent: usize, key: bool) {
    let look = Analysis::of(text);
    if reads_as_something_else(text) {
        double_quoted(out, text, indent, key);
    } else if text.contains('\n') {
        if look.block && !key { literal(out, text, indent) } else { double_quoted(out, text, indent, key) }
    } else if look.plain {
        folded(out, text, indent, key, "");
    } else if look.single {
        out.push('\'');
        folded(out, &text.replace('\'', "''"), indent, key, text);
        out.push('\'');
    } else {
        double_quoted(out, text, indent, key);
    }
}

/// What styles a scalar can be written in: `yaml_emitter_analyze_scalar`.
struct Analysis {
    plain: bool,
    single: bool,
    block: bool,
}

impl Analysis {
    fn of(text: &str) -> Analysis {
        let chars: Vec<char> = text.chars().collect();
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut special, mut space_break, mut break_space) = (false, false, false);
        for (i, &c) in chars.iter().enumerate() {
            let before = i.checked_sub(1).map(|j| chars[j]);
            let blank_follows = chars.get(i + 1).is_none_or(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            indicators |= match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' if i == 0 => true,
                '?' | ':' | '-' if i == 0 => blank_follows,
                ':' => blank_follows,
                '#' => before.is_none_or(|b| matches!(b, ' ' | '\t' | '\n')),
                _ => false,
            };
            special |= !(c == '\n' || (' '..='~').contains(&c) || (c >= '\u{a0}' && c != '\u{feff}'));
            space_break |= c == '\n' && before == Some(' ');
            break_space |= c == ' ' && before == Some('\n');
        }
        let edge = |c: Option<&char>| matches!(c, Some(' ' | '\n'));
        let edges = edge(chars.first()) || edge(chars.last());
        let trailing_space = chars.last() == Some(&' ');
        Analysis {
            plain: !(indicators || edges || special || space_break || break_space || text.contains('\n') || text.is_empty()),
            single: !(special || space_break || break_space),
            block: !(special || space_break || trailing_space),
        }
    }
}

/// Writes text that may be folded at a space once the line is longer than 80.
fn folded(out: &mut String, text: &str, indent: usize, key: bool, quoted: &str) {
    let mut column = column_of(out);
    let chars: Vec<char> = text.chars().collect();
    let mut spaces = false;
    for (i, &c) in chars.iter().enumerate() {
        let inside = quoted.is_empty() || (i > 0 && i + 1 < chars.len());
        if c == ' ' && !key && !spaces && column > BEST_WIDTH && inside && chars.get(i + 1) != Some(&' ') {
            out.push('\n');
            pad(out, indent + 2);
            column = indent + 2;
        } else {
            out.push(c);
            column += 1;
        }
        spaces = c == ' ';
    }
}

fn column_of(out: &str) -> usize {
    out.rsplit('\n').next().map_or(0, |line| line.chars().count())
}

fn double_quoted(out: &mut String, text: &str, indent: usize, key: bool) {
    out.push('"');
    let mut column = column_of(out);
    let chars: Vec<char> = text.chars().collect();
    let mut spaces = false;
    for (i, &c) in chars.iter().enumerate() {
        let before = out.len();
        match c {
            ' ' if !key && !spaces && column > BEST_WIDTH && i > 0 && i + 1 < chars.len() => {
                out.push('\n');
                pad(out, indent + 2);
                column = indent + 2;
                if chars[i + 1] == ' ' {
                    out.push('\\');
                    column += 1;
                }
                spaces = true;
                continue;
            }
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\u{1b}' => out.push_str("\\e"),
            '\u{85}' => out.push_str("\\N"),
            '\u{feff}' => out.push_str("\\uFEFF"),
            c if (c as u32) < 0x20 || (0x7f..0xa0).contains(&(c as u32)) => out.push_str(&format!("\\x{:02X}", c as u32)),
            c => out.push(c),
        }
        column += out[before..].chars().count();
        spaces = c == ' ';
    }
    out.push('"');
}

fn literal(out: &mut String, text: &str, indent: usize) {
    out.push('|');
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    if !text.ends_with('\n') {
        out.push('-');
    } else if text.ends_with("\n\n") || text == "\n" {
        out.push('+');
    }
    out.push('\n');
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if !line.is_empty() {
            pad(out, indent + 2);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Whether the bare text would read back as null, a boolean, a number or a timestamp.
fn reads_as_something_else(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "", "~", "null", "Null", "NULL", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "n", "N", "no", "No",
        "NO", "false", "False", "FALSE", "off", "Off", "OFF", ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF",
        "-.inf", "-.Inf", "-.INF", "<<",
    ];
    WORDS.contains(&text) || number(text) || timestamp(text) || base_60(text)
}

fn number(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) || text.starts_with('_') {
        return false;
    }
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let digits = |s: &str, ok: fn(char) -> bool| !s.is_empty() && s.chars().all(ok);
    if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        return digits(hex, |c| c.is_ascii_hexdigit()) && hex.len() <= 16;
    }
    if let Some(binary) = unsigned.strip_prefix("0b") {
        return digits(binary, |c| matches!(c, '0' | '1'));
    }
    if let Some(octal) = unsigned.strip_prefix("0o") {
        return digits(octal, |c| ('0'..='7').contains(&c));
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_fits = exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e), |c| c.is_ascii_digit()));
    let mantissa_fits = match mantissa.split_once('.') {
        None => digits(mantissa, |c| c.is_ascii_digit()),
        Some((whole, fraction)) => {
            (!whole.is_empty() || !fraction.is_empty()) && whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit())
        }
    };
    mantissa_fits && exponent_fits
}

/// `2026-01-02`, with or without a time of day.
fn timestamp(text: &str) -> bool {
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let digits = |s: &str, min: usize, max: usize| (min..=max).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    if parts.len() != 3 || !digits(parts[0], 4, 4) || !digits(parts[1], 1, 2) || !digits(parts[2], 1, 2) {
        return false;
    }
    let Some(rest) = rest else { return true };
    let clock = rest.split(['Z', '+']).next().unwrap_or("");
    let clock = clock.split('.').next().unwrap_or("").split('-').next().unwrap_or("");
    let fields: Vec<&str> = clock.split(':').collect();
    fields.len() == 3 && fields.iter().all(|f| digits(f, 1, 2))
}

/// `1:30` was a number in YAML 1.1.
fn base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let first = parts.next().unwrap_or("");
    if !first.starts_with(|c: char| c.is_ascii_digit()) || !first.chars().all(|c| c.is_ascii_digit() || c == '_') {
        return false;
    }
    let rest: Vec<&str> = parts.collect();
    !rest.is_empty()
        && rest.iter().enumerate().all(|(i, part)| {
            let part = if i + 1 == rest.len() { part.split('.').next().unwrap_or("") } else { part };
            match part.as_bytes() {
                [d] => d.is_ascii_digit(),
                [tens, ones] => (b'0'..=b'5').contains(tens) && ones.is_ascii_digit(),
                _ => false,
            }
        })
}

/// The order of keys in goyaml: numbers inside by value, letters after everything else.
fn natural(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut digits = false;
    for i in 0..a.len().min(b.len()) {
        if a[i] == b[i] {
            digits = a[i].is_numeric();
            continue;
        }
        let less = match (a[i].is_alphabetic(), b[i].is_alphabetic()) {
            (true, true) => a[i] < b[i],
            (left, right) if left || right => {
                if digits {
                    left
                } else {
                    right
                }
            }
            _ => {
                let (an, al) = number_at(&a, i, leading_zero(&a, &b, i));
                let (bn, bl) = number_at(&b, i, leading_zero(&a, &b, i));
                if an != bn {
                    an < bn
                } else if al != bl {
                    al < bl
                } else {
                    a[i] < b[i]
                }
            }
        };
        return if less { Ordering::Less } else { Ordering::Greater };
    }
    a.len().cmp(&b.len())
}

fn leading_zero(a: &[char], b: &[char], i: usize) -> u64 {
    let inside = || a[..i].iter().rev().take_while(|c| c.is_numeric()).any(|c| *c != '0');
    u64::from((a[i] == '0' || b[i] == '0') && inside())
}

fn number_at(text: &[char], from: usize, start: u64) -> (u64, usize) {
    let run = text[from..].iter().take_while(|c| c.is_ascii_digit());
    run.fold((start, 0), |(n, len), c| (n.wrapping_mul(10).wrapping_add(u64::from(*c as u32 - '0' as u32)), len + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(text: &str, printed: &str) {
        assert_eq!(yaml(&json!({"k": text})), format!("k: {printed}\n"), "{text:?}");
    }

    #[test]
    fn strings() {
        check("nginx:1.27", "nginx:1.27");
        check("", "\"\"");
        check("3", "\"3\"");
        check("1e3", "\"1e3\"");
        check("0x1f", "\"0x1f\"");
        check("yes", "\"yes\"");
        check("y", "\"y\"");
        check("2026-01-01T00:00:00Z", "\"2026-01-01T00:00:00Z\"");
        check("22:30", "\"22:30\"");
        check("25%", "25%");
        check("*", "'*'");
        check("a: b", "'a: b'");
        check("it's", "it's");
        check("'x", "'''x'");
        check("- x", "'- x'");
        check("-x", "-x");
        check("*/5 * * * *", "'*/5 * * * *'");
        check("a #b", "'a #b'");
        check("a\tb", "\"a\\tb\"");
        check(" a", "' a'");
        check("a\nb\n", "|\n  a\n  b");
        check("a\nb", "|-\n  a\n  b");
        check("a \nb", "\"a \\nb\"");
        check("100m", "100m");
        check("0", "\"0\"");
        check("~", "\"~\"");
        check("{a}", "'{a}'");
        check("true-ish", "true-ish");
    }

    #[test]
    fn trees() {
        let tree = json!({"b": [{"x": 1, "y": []}, "s", [1, 2]], "a": {}, "a10": null, "a2": true});
        assert_eq!(yaml(&tree), "a: {}\na2: true\na10: null\nb:\n- x: 1\n  \"y\": []\n- s\n- - 1\n  - 2\n");
        assert_eq!(json(&json!({"a": "<&>"})), "{\n    \"a\": \"\\u003c\\u0026\\u003e\"\n}\n");
    }

    #[test]
    fn long_lines_fold() {
        let text = "word ".repeat(30);
        let printed = yaml(&json!({"m": {"message": text.trim_end()}}));
        assert!(printed.lines().nth(2).is_some_and(|l| l.starts_with("    word")), "{printed}");
    }
}
